"""What is in a base, for people and as JSON: the branch's commits that it has, and what it has of its own."""

from __future__ import annotations

from typing import Any

from git_xsa.ask.inventory import Inventory, OwnFile
from git_xsa.model.words import DIGITS, advisory_names, count
from git_xsa.report.as_json import FORMAT, base_document, text
from git_xsa.report.style import Lines


def inventory_document(found: Inventory) -> dict[str, Any]:
    """Return the inventory as JSON has it."""
    partly = [{**_commit(found, one), "files": [text(path) for path in files]} for one, files in found.partly]
    return {
        "format": FORMAT,
        "base": base_document(found.base),
        "tip": {"name": found.tip.name, "commit": found.tip.id},
        "picks": [_commit(found, position) for position in found.picks],
        "partly": partly,
        "own": [{"path": text(one.path), "added": one.added, "removed": one.removed} for one in found.own],
    }


def _commit(found: Inventory, position: int) -> dict[str, Any]:
    commit = found.range.commits[position - 1]
    return {"commit": commit.id, "subject": commit.subject, "xsa": list(found.range.marks(position))}


def print_inventory(output: Lines, found: Inventory) -> None:
    """Print the inventory: the commits that are there, those that are there in part, and what is the base's own."""
    if found.range.base is None:
        words = f"{found.base.name} is on {found.tip.spelled}: it has every commit up to it, and nothing else"
        output.line((words, "bold"))
        return
    commits = count(len(found.picks), "commit")
    added = f" with {count(found.base.patches, 'patch')} on top" if found.base.patches else ""
    output.line((f"{found.base.name}{added} has {commits} of {found.tip.spelled}", "bold"))
    for position in found.picks:
        output.line(f"  {_line(found, position)}")
    if found.partly:
        output.line((f"It has {count(len(found.partly), 'commit')} in part", "bold"))
    for position, files in found.partly:
        output.line(f"  {_line(found, position)}")
        for path in files:
            output.line(f"    {text(path)}")
    if found.own:
        output.line((f"It has {count(len(found.own), 'file')} with its own lines", "bold"))
    for one in found.own:
        output.line(f"  {text(one.path)}{_counts(one)}")


def _line(found: Inventory, position: int) -> str:
    commit = found.range.commits[position - 1]
    marks = found.range.marks(position)
    return f"{commit.id[:DIGITS]} {commit.subject}{f' ({advisory_names(marks)})' if marks else ''}"


def _counts(one: OwnFile) -> str:
    if one.added is None or one.removed is None:
        return ": no commit of the branch touches it"
    return f": {count(one.added, 'line')} of its own, {count(one.removed, 'line')} missing"
