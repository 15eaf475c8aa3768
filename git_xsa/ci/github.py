"""A plan as the matrix of a GitHub Actions workflow: one line of JSON, an entry for each job.

A job of a matrix can't need another one of it, so each proves a queue in one cell through all stages.  The recipe in
``docs/ci`` has the workflow around it.
"""

from __future__ import annotations

from shlex import join
from typing import Any

from git_xsa.ci import problems
from git_xsa.ci.plan import BUILD, CHECK, PipelinePlan, PlannedCell, PlannedTarget, folder_name

#: The most jobs of one matrix, see https://docs.github.com/en/actions/reference/limits.
MATRIX = 256
#: Architecture in a tag of Xen's runners -> GitHub's runner.
_RUNNERS = {"arm64": "ubuntu-24.04-arm"}
_RUNNER = "ubuntu-24.04"


def github(plan: PipelinePlan) -> dict[str, Any]:
    """Return the matrix, empty where there is nothing to prove; ``XsaError`` when GitHub takes fewer jobs."""
    entries = [
        _entry(plan, target, cell) for target in plan.targets for cell in (plan.cells if target.builds else (None,))
    ]
    if len(entries) > MATRIX:
        raise problems.too_many_jobs(MATRIX, len(entries))
    return {"include": entries}


def _entry(plan: PipelinePlan, target: PlannedTarget, cell: PlannedCell | None) -> dict[str, Any]:
    """Return the entry of a job: ``check`` and ``test`` are the commands that it runs, without their output files.

    ``target`` and ``folder`` are where its results belong.  Without ``cell`` there is no queue to prove, and the job
    says why.
    """
    about = [*target.words, "--xsa", ",".join(map(str, target.xsa))]
    name = f"{target.name} {cell.name if cell is not None else CHECK}"
    stages = plan.stages_of(cell) if cell is not None and cell.boots else plan.stages
    flags = [f"--{stage}" for stage in stages if stage != BUILD]
    test = ["git", "xsa-test", *about, "--cell", cell.name, *flags] if cell is not None else ["true"]
    return {
        "name": name,
        "target": target.name,
        "folder": f"{target.name}/{folder_name(cell.name)}" if cell is not None else target.name,
        "base": target.base,
        "xsa": list(target.xsa),
        "cell": cell.name if cell is not None else "",
        "runner": next((_RUNNERS[tag] for tag in (cell.tags if cell is not None else ()) if tag in _RUNNERS), _RUNNER),
        "image": (cell or plan.cells[0]).image,
        "check": join(["git", "xsa-check", *about, *plan.options, "--no-build", "--accept", "prerequisites"]),
        "test": join(test),
    }
