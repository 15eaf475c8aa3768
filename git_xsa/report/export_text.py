"""What git xsa-export says: what was written, what was refreshed, and what a folder's check found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from git_xsa.documents import dumps
from git_xsa.export.exporter import Ready, Wish
from git_xsa.export.formats import FORMATS
from git_xsa.export.policy import POLICIES
from git_xsa.export.prepared import Item, items
from git_xsa.export.verify import Check
from git_xsa.git.repository import Commit
from git_xsa.git.run import Git
from git_xsa.model.rules import Kind
from git_xsa.model.words import advisory_names, count
from git_xsa.report.as_json import FORMAT, verdict_document
from git_xsa.report.as_text import KIND_STYLES, headline, print_left_out
from git_xsa.report.build import print_build
from git_xsa.report.found import print_found
from git_xsa.report.pager import on_terminal
from git_xsa.report.style import Lines, lines


def print_export(git: Git, ready: Ready, wish: Wish, where: str) -> None:
    """Print what was written: the queue in order, then what was refreshed and left out."""
    output = lines(git, on_terminal())
    found = items(ready.queue, wish.style, FORMATS[wish.format].digits)
    output.line((headline(ready.verdict), "bold"))
    print_left_out(output, ready.verdict)
    print_found(output, ready.verdict)
    checked = ", ".join(POLICIES[name] for name in ready.judges)
    output.line(f"Wrote {count(len(found), 'patch')} to {where}", f" ({checked})" if checked else "")
    output.line()
    width = max(len(label(item)) for item in found)
    for item in found:
        kind = item.patch.kind
        style = KIND_STYLES[Kind(kind)] if kind is not None and item.patch.role == "prerequisite" else "bold"
        name = item.name if wish.format not in ("branch", "mbox") else item.patch.subject
        output.line("  ", (f"{label(item):{width}}", style), f"  {name}")
        if item.patch.merge:
            output.line(" " * (width + 4), (item.patch.merge, "dim"))
    if ready.verdict.build is not None:
        output.line()
        print_build(output, ready.verdict)
    print_remarks(output, ready, found)


def label(item: Item) -> str:
    """Return in a word or two what ``item`` is in the queue."""
    names = advisory_names(item.patch.xsa)
    if item.patch.adapted:
        names += ", adapted" if names else "adapted"
    if item.patch.kind is None:
        return names or "patch"
    return f"{item.patch.kind} ({names})" if names else item.patch.kind


def print_remarks(output: Lines, ready: Ready, found: list[Item]) -> None:
    """Print what was adapted and refreshed, what fixes the queue lacks, and what was left out of it."""
    adapted = [item for item in found if item.patch.adapted]
    if adapted:
        output.line()
        output.line(("Not as published:", "yellow"))
        for item in adapted:
            output.line("  ", item.patch.subject)
            output.line("    ", item.patch.adapted)
    fresh = [item for item in found if item.patch.remarks]
    if fresh:
        output.line()
        output.line(("Refreshed, the rest is unchanged:", "yellow"))
        for item in fresh:
            output.line("  ", item.patch.subject)
            for remark in item.patch.remarks:
                output.line("    ", remark)
    if ready.queue.later:
        output.line()
        output.line(("Later fixes that are missing (--follow-ups adds them):", "yellow"))
        for sentence in ready.queue.later:
            output.line("  ", sentence)
    if ready.queue.avoided:
        output.line()
        output.line(f"Left out {count(len(ready.queue.avoided), 'prerequisite')} that only context needs:")
        for commit in ready.queue.avoided:
            output.line("  ", commit)


def document(ready: Ready, name: str, where: str) -> dict[str, Any]:
    """Return the answer as JSON, with what was written under ``export``."""
    return verdict_document(ready.verdict) | {
        "policy": ready.queue.policy,
        "export": {
            "format": name,
            "path": where,
            "checked": list(ready.judges),
            "refreshed": [
                {"id": patch.id, "remarks": list(patch.remarks)} for patch in ready.queue.patches if patch.remarks
            ],
            "avoided": [sentence.partition(" ")[0] for sentence in ready.queue.avoided],
        },
    }


def print_check(git: Git, found: Check, folder: Path, base: Commit, as_json: bool) -> None:
    """Print what the check of an exported folder found."""
    if as_json:
        answer = {"format": FORMAT, "folder": str(folder), "base": {"name": base.name, "commit": base.id}}
        print(
            dumps({**answer, "checked": list(found.judges), "problems": list(found.problems), "diff": list(found.diff)})
        )
        return
    output = lines(git, on_terminal())
    what = advisory_names(found.xsa) or count(found.patches, "patch")
    if found.problems or found.diff:
        output.line((f"{folder}: {what} for {found.base}: problems on {base.name}", "red"))
        for problem in found.problems:
            output.line("  ", problem)
        for line in found.diff:
            style = {"-": "red", "+": "green"}.get(line[:1], "") if not line.startswith(("---", "+++")) else "bold"
            output.line("  ", (line, style))
        return
    checked = ", ".join(POLICIES[name] for name in found.judges)
    output.line((f"{folder}: {count(found.patches, 'patch')} for {what} apply as exported on {base.name}", "green"))
    output.line(f"  checked with {checked}")
