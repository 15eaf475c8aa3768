"""What git xsa-resolve says: the conflict at hand, what to do about it, and which adapted patches there are."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from git_xsa.advisory.adaptations import FOLDER, PATCH, Adaptation
from git_xsa.errors import XsaError
from git_xsa.export.resolve import TaskState
from git_xsa.export.task import OpenConflict
from git_xsa.git.run import Git
from git_xsa.model.words import advisory_names, count, short_id
from git_xsa.report import aside, remarks
from git_xsa.report.as_json import FORMAT
from git_xsa.report.pager import on_terminal
from git_xsa.report.style import Lines, lines


def print_standing(standing: TaskState) -> None:
    """Print the conflict at hand, or that there is none any more."""
    output = _output()
    for made in standing.adapted:
        output.line((f"{advisory_names(made.xsa)}: {short_id(made.id)} is {made.words} ({made.name})", "green"))
    for number, why in standing.out:
        output.line((f"XSA-{number}: {why}", "red"))
    if standing.skipped:
        output.line((f"left out: {advisory_names(standing.skipped)}", "yellow"))
    task = standing.task
    if task is None:
        output.line(f"no patch conflicts with {standing.base}, so there is no work tree")
        if standing.adapted:
            aside.hint(remarks.how_to_export(standing.onto))
        return
    if task.conflict is None or not task.by_hand:
        output.line(f"the work tree for {task.title} was not finished")
        aside.hint(remarks.how_to_set_up_again())
        return
    _print_conflict(output, standing, task.conflict)


def _print_conflict(output: Lines, standing: TaskState, conflict: OpenConflict) -> None:
    what = f"{advisory_names(conflict.xsa)}: " if conflict.xsa else ""
    what += "its prerequisite " if conflict.prerequisite else ""
    after = f" after {count(conflict.applied, 'patch')} of the queue" if conflict.applied else ""
    subject = f"{short_id(conflict.id)} {conflict.subject}"
    output.line((f"{what}{subject} does not apply to {standing.base}{after}", "red"))
    if conflict.begun:
        output.line(f"  it was reissued: the work tree begins with {conflict.begun}, and brings what is new")
    if conflict.adapted:
        output.line(f"  it was adapted for another base: the work tree has {conflict.adapted}, merged")
    output.line("  work tree: ", (str(standing.tree), "bold"))
    for words, name in standing.files:
        output.line(f"  {words:20}  ", (name, "bold"))
    if standing.merged:
        output.line("  no file conflicts; review the result: git diff HEAD")
    sys.stdout.flush()  # the hint is to stand below
    aside.hint(remarks.how_to_go_on())


def standing_document(standing: TaskState) -> dict[str, Any]:
    """Return where a task stands, as JSON has it."""
    task = standing.task
    conflict = task.conflict if task is not None and task.by_hand else None
    return {
        "format": FORMAT,
        "base": standing.base,
        "done": task is None,
        "worktree": str(standing.tree) if task is not None else None,
        "conflict": {
            "id": conflict.id,
            "subject": conflict.subject,
            "xsa": list(conflict.xsa),
            "leaves_out": list(conflict.lost),
            "role": "prerequisite" if conflict.prerequisite else "patch",
            "applied": conflict.applied,
            "begun_with": conflict.begun or conflict.adapted or None,
            "files": [{"path": name, "state": words} for words, name in standing.files],
        }
        if conflict is not None
        else None,
        "adapted": [one.document() for one in standing.adapted],
        "skipped": list(standing.skipped),
        "left_out": [{"xsa": number, "why": why} for number, why in standing.out],
    }


def print_kept(kept: Sequence[Adaptation]) -> None:
    """Print the adapted patches in the store."""
    output = _output()
    width = max((len(one.name) for one in kept), default=0)
    for one in kept:
        what = f"{advisory_names(one.xsa)}  {short_id(one.id)} {one.subject}"
        output.line((f"{one.name:{width}}", "bold"), f"  {what}, {one.words}, {one.made}", hang=width + 2)


def kept_document(kept: Sequence[Adaptation], damaged: Mapping[str, XsaError], store: Path) -> dict[str, Any]:
    """Return the adapted patches in the folder ``store``, and those that are ``damaged``, as JSON has them."""
    listed = [one.document() | {"subject": one.subject, "file": str(store / FOLDER / one.name / PATCH)} for one in kept]
    broken = [{"name": name, "why": error.what} for name, error in damaged.items()]
    return {"format": FORMAT, "adapted": listed, **({"damaged": broken} if broken else {})}


def _output() -> Lines:
    with Git(Path("/")) as git:  # the user may stand in a work tree that is gone by now
        return lines(git, on_terminal())
