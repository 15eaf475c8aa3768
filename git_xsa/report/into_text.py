"""What git xsa-export --into says: what the package has got, and what it has lost."""

from __future__ import annotations

from typing import Any

from git_xsa.ask.verdict import Verdict
from git_xsa.export.into.plan import Planned
from git_xsa.git.run import Git
from git_xsa.model.words import count
from git_xsa.report.as_json import text, verdict_document
from git_xsa.report.as_text import headline, print_left_out
from git_xsa.report.export_text import document as export_document
from git_xsa.report.export_text import label, print_remarks
from git_xsa.report.found import print_found
from git_xsa.report.pager import on_terminal
from git_xsa.report.style import lines


def print_into(git: Git, planned: Planned) -> None:
    """Print what has been written: the queue in order, and what else there is to know of it."""
    output = lines(git, on_terminal())
    ready = planned.ready
    verdict = ready if isinstance(ready, Verdict) else ready.verdict
    output.line((headline(verdict), "bold"))
    print_left_out(output, verdict)
    print_found(output, verdict)
    dropped = f", took out {count(len(planned.dropped), 'patch')}" if planned.dropped else ""
    if isinstance(ready, Verdict):
        output.line(f"Nothing to add to {planned.package.place}{dropped}")
        return
    output.line(f"Put {count(len(planned.items), 'patch')} into {planned.package.place}{dropped}")
    output.line()
    labels = [label(item) for item in planned.items]
    width = max(map(len, labels))
    for item, words in zip(planned.items, labels, strict=True):
        output.line("  ", (f"{words:{width}}", "bold"), f"  {item.name}")
    print_remarks(output, ready, list(planned.items))


def document(planned: Planned, diff: bytes | None) -> dict[str, Any]:
    """Return the answer as JSON, with what becomes of the package under ``into``; with the ``diff`` of a dry run."""
    ready, package, change = planned.ready, planned.package, planned.change
    found = (
        verdict_document(ready)
        if isinstance(ready, Verdict)
        else export_document(ready, package.format, str(package.place))
    )
    into: dict[str, Any] = {
        "package": str(package.top),
        "list": package.listing,
        "changed": change.edits,
        "added": change.adds,
        "removed": change.drops,
        "merged": [
            {"file": one.file.name, "xsa": sorted(one.advisories), "dropped": one.file.name in planned.dropped}
            for one in planned.standing.merged
        ],
        "notes": list(planned.notes),
    }
    if diff is not None:
        into["diff"] = text(diff)
    return {**found, "into": into}
