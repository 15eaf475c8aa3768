"""A plan as a child pipeline of GitLab CI: YAML whose bytes depend on the plan alone.

The keywords are those of https://docs.gitlab.com/ci/yaml/; their limits are GitLab's: a matrix has at most 200 jobs (50
in old versions, which is what is kept here), and a job needs at most 50 others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from git_xsa.ci import commands, remarks
from git_xsa.ci.plan import (
    BUILD,
    CHECK,
    COLLECT,
    EXPLOIT,
    FULL,
    KEPT,
    KEPT_PRIVATE,
    QUEUES,
    RESULTS,
    STAGES,
    PipelinePlan,
    PlannedCell,
    PlannedTarget,
    branch_name,
    folder_name,
)

#: The most jobs of one matrix, and the longest name of a job.
MATRIX, NAME = 50, 255
#: Why a job failed that ran on a broken runner; nothing of these is the job's own fault.
_RUNNER_FAULTS = ["runner_system_failure", "scheduler_failure", "data_integrity_failure"]
#: Stage -> how long a job may take; a build of the tools takes minutes, that of a random configuration may take more.
_TIMEOUTS = {CHECK: "1 hour", BUILD: "4 hours", "boot": "1 hour", EXPLOIT: "3 hours", COLLECT: "30 minutes"}
#: Exit statuses of a check (no) and of a proof (nothing judged) with which a job does not fail: the last job does.
_A_NO, _NOT_JUDGED = 1, 3
HEAD = """\
# Made by git xsa-ci: do not edit it, make it again.
# Jobs call git xsa-check and git xsa-test; the last one folds their results into one answer.
"""


def gitlab(plan: PipelinePlan) -> str:
    """Return the pipeline."""
    document: dict[str, Any] = {
        "stages": [CHECK, *plan.stages, *([FULL] if plan.full else []), COLLECT],
        "workflow": {"rules": [{"when": "always"}]},
        "default": {
            "interruptible": True,
            "retry": {"max": 2, "when": _RUNNER_FAULTS},
            "before_script": commands.before(plan),
        },
        "variables": _variables(plan),
    }
    for target in plan.targets:
        document |= _jobs(plan, target)
    document |= {"collect": _collect(plan)} if plan.targets else {"nothing to prove": _nothing(plan)}
    return HEAD + dumped(document)


def dumped(document: dict[str, Any]) -> str:
    """Return ``document`` as YAML: keys in their order, and texts of several lines as such."""
    import yaml  # noqa: PLC0415 - only for who wants a pipeline

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Writes each list and text by itself: an alias in place of a second one is hard to read."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    written: str = yaml.dump(document, Dumper=Dumper, sort_keys=False, width=4096, allow_unicode=False)
    return written


def _variables(plan: PipelinePlan) -> dict[str, str]:
    found = {
        # Tags and stable branches are needed: a shallow clone has neither.
        "GIT_DEPTH": "0",
        "GIT_STRATEGY": "fetch",
        "CCACHE_MAXSIZE": "2G",
    }
    if plan.package:
        found["XSA_HISTORY"] = _literal(plan.history)
    if plan.until in STAGES[2:] and any(cell.framework for cell in plan.cells):
        found["XSA_XTF"] = _literal(plan.framework)
    if plan.full:  # a job's token may push if the project allows that; another address can be set in the project
        found["XSA_PUSH_URL"] = "https://gitlab-ci-token:$CI_JOB_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git"
    return found


def _literal(value: str) -> str:
    """Return a variable's value in which GitLab replaces nothing."""
    return value.replace("$", "$$")


def _jobs(plan: PipelinePlan, target: PlannedTarget) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not target.exported:
        found[_name(CHECK, target)] = _check(plan, target)
    if not target.builds:
        return found
    single = [cell for cell in plan.cells if cell.boots]
    for cell in single:
        for stage in plan.stages_of(cell):
            found[_name(stage, target, cell.name)] = _proof(plan, target, cell, stage)
    if plan.full:
        found |= _full(plan, target)
    alike = [cell for cell in plan.cells if not cell.boots]
    for number, cells in enumerate(_chunks(alike), 1):
        found[_name(BUILD, target, f"others {number}" if number > 1 else "others")] = _builds(plan, target, cells)
    return found


def _name(stage: str, target: PlannedTarget, cell: str = "") -> str:
    name = f"{stage} {target.name}" + (f" {cell}" if cell else "")
    # GitLab reads "name 1/2" and "name: [a]" as the jobs of a group, and takes no more characters.
    return name.replace("/", "-").replace(":", "-")[:NAME]


def _chunks(cells: Sequence[PlannedCell]) -> Iterator[list[PlannedCell]]:
    """Yield the cells that share an image and tags, as many as a matrix takes."""

    def runner(cell: PlannedCell) -> tuple[str, tuple[str, ...]]:
        return cell.image, cell.tags

    for _, alike in groupby(sorted(cells, key=runner), key=runner):
        group = list(alike)
        yield from (group[at : at + MATRIX] for at in range(0, len(group), MATRIX))


def _place(cell: PlannedCell) -> dict[str, Any]:
    """Return where a job of ``cell`` runs."""
    return {"image": cell.image, **({"tags": list(cell.tags)} if cell.tags else {})}


def _artifacts(plan: PipelinePlan, paths: Sequence[str], junit: str = "") -> dict[str, Any]:
    """Return what is kept of a job.  Under embargo it goes earlier, only developers see it, and no report shows names
    of test cases."""
    kept = KEPT_PRIVATE if plan.private else KEPT
    found: dict[str, Any] = {"when": "always", "expire_in": kept, "paths": list(paths)}
    if plan.private:
        found["access"] = "developer"
    elif junit:
        found["reports"] = {"junit": junit}
    return found


def _check(plan: PipelinePlan, target: PlannedTarget) -> dict[str, Any]:
    result = f"{RESULTS}/{target.name}"
    job: dict[str, Any] = {
        "stage": CHECK,
        **_place(plan.cells[0]),
        "timeout": _TIMEOUTS[CHECK],
        "needs": [],
        "script": commands.check(plan, target),
        "artifacts": _artifacts(plan, [f"{result}/", f"{QUEUES}/{target.name}/"], f"{result}/{CHECK}.xml"),
    }
    if target.builds:  # there is a queue, whatever else is to be said
        job["allow_failure"] = {"exit_codes": [_A_NO]}
    return _cached(plan, job, [])


def _cached(plan: PipelinePlan, job: dict[str, Any], caches: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``job`` with ``caches``, and that of the history where jobs clone it; nothing is cached under embargo."""
    if plan.package:
        caches = [{"key": "xsa-history", "paths": [".xsa/history.git/"]}, *caches]
    return job | ({"cache": caches} if caches and not plan.private else {})


def _needs(target: PlannedTarget, cell: PlannedCell | None = None) -> list[dict[str, Any]]:
    found = [] if target.exported else [{"job": _name(CHECK, target), "artifacts": True}]
    return found + ([{"job": _name(BUILD, target, cell.name), "artifacts": True}] if cell is not None else [])


def _proof(plan: PipelinePlan, target: PlannedTarget, cell: PlannedCell, stage: str) -> dict[str, Any]:
    folder = f"{RESULTS}/{target.name}/{folder_name(cell.name)}"
    proofs = [f"{commands.CACHE}/git-xsa/proofs/"] if stage == BUILD and not plan.private else []
    job = {
        "stage": stage,
        **_place(cell),
        "timeout": _TIMEOUTS[stage],
        "needs": _needs(target, cell if stage != BUILD else None),
        "variables": {"XSA_CELL": _literal(cell.name)},
        "script": commands.proof(plan, target, cell, stage),
        "allow_failure": {"exit_codes": [_NOT_JUDGED]},
        "artifacts": _artifacts(plan, [f"{folder}/", *proofs], f"{folder}/{stage}.xml"),
    }
    return _cached(plan, job, [_ccache(cell.name)] if stage == BUILD else [])


def _ccache(name: str) -> dict[str, Any]:
    return {"key": f"xsa-ccache-{name}", "paths": [f"{commands.CCACHE}/"], "when": "always"}


def _builds(plan: PipelinePlan, target: PlannedTarget, cells: Sequence[PlannedCell]) -> dict[str, Any]:
    """Return the job that builds in each of ``cells``, which share a runner and can't be booted."""
    result = f"{RESULTS}/{target.name}"
    job = {
        "stage": BUILD,
        **_place(cells[0]),
        "timeout": _TIMEOUTS[BUILD],
        "needs": _needs(target),
        "parallel": {"matrix": [{"XSA_CELL": cell.name, "XSA_NAME": folder_name(cell.name)} for cell in cells]},
        "script": commands.proof_of_many(plan, target, cells),
        "allow_failure": {"exit_codes": [_NOT_JUDGED]},
        "artifacts": _artifacts(plan, [f"{result}/$XSA_NAME/"], f"{result}/*/{BUILD}.xml"),
    }
    return _cached(plan, job, [_ccache("$XSA_NAME")])


def _full(plan: PipelinePlan, target: PlannedTarget) -> dict[str, Any]:
    """Return the jobs that push the queue, and have the tree's own pipeline run on it."""
    pushing = _name("push", target)
    push = {
        "stage": FULL,
        **_place(plan.cells[0]),
        "timeout": _TIMEOUTS[CHECK],
        "needs": _needs(target),
        "script": commands.push(plan, target),
    }
    run = {
        "stage": FULL,
        "needs": [pushing],
        "inherit": {"variables": False},
        "trigger": {
            "project": "$CI_PROJECT_PATH",
            "branch": branch_name(target),
            "strategy": "depend",
            "forward": {"yaml_variables": False},
        },
    }
    return {pushing: push, _name(FULL, target): run}


def _nothing(plan: PipelinePlan) -> dict[str, Any]:
    """Return the job of a pipeline without a queue: GitLab refuses one without a job."""
    script = [f"echo '{remarks.nothing_outstanding()}'"]
    return {"stage": CHECK, **_place(plan.cells[0]), "before_script": [], "script": script}


def _collect(plan: PipelinePlan) -> dict[str, Any]:
    """Return the last job.  It names no job that it needs, so it gets the artifacts of all stages before it."""
    return {
        "stage": COLLECT,
        **_place(plan.cells[0]),
        "timeout": _TIMEOUTS[COLLECT],
        "when": "always",
        "before_script": commands.ready(plan),
        "script": commands.collect(plan),
        "artifacts": _artifacts(plan, ["xsa-results.json", "xsa-junit.xml"], "xsa-junit.xml"),
    }
