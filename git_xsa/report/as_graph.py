"""The queue as a graph: what needs what, as a tree on a terminal or as DOT for Graphviz."""

from __future__ import annotations

from collections import Counter
from itertools import repeat
from typing import NamedTuple

from git_xsa.ask.obstacle import short
from git_xsa.ask.verdict import State, Verdict
from git_xsa.report.as_text import KIND_STYLES, STYLES, headline, label, subject_of
from git_xsa.report.plain import printable
from git_xsa.report.style import Lines

#: States in which a graph alone would mislead, or is empty: it comes with the answer in words.
UNFIT = (State.MISPLACED, State.CONFLICTS, State.ALREADY_APPLIED, State.NO_PATCHES)


def edges(verdict: Verdict) -> dict[int, list[int]]:
    """Return for each change of the queue the changes that it needs directly, in order."""
    selection = verdict.selection
    return {position: sorted(selection.needs.get(position, ())) for position in selection.queue}


def reduced(needs: dict[int, list[int]]) -> dict[int, list[int]]:
    """Return ``needs`` without what follows from the rest: a need of something that is needed anyway.

    Two changes that need each other, which only a build can make them, keep their arrows.
    """
    reach = {position: _reached(needs, position) for position in needs}
    return {
        position: [need for need in found if not any(need in reach[o] and o not in reach[need] for o in found)]
        for position, found in needs.items()
    }


def _reached(needs: dict[int, list[int]], start: int) -> set[int]:
    """Return all that the change at ``start`` needs, directly or through others."""
    found: set[int] = set()
    pending = [start]
    while pending:
        fresh = set(needs[pending.pop()]) - found
        found |= fresh
        pending += fresh
    return found


class _Row(NamedTuple):
    """A change in the tree, with what stands before it: the branches above it, and its own."""

    position: int
    lead: str
    branch: str


def print_tree(lines: Lines, verdict: Verdict) -> None:
    """Print each wanted change with what it needs below it; what was shown before is not opened again."""
    if verdict.state in UNFIT:
        lines.line((headline(verdict), STYLES[verdict.state]))
    needs = reduced(edges(verdict))
    seen: set[int] = set()
    inner = {need for found in needs.values() for need in found}
    first = [position for position in verdict.selection.wanted if position not in inner]
    # What is still to be shown, the next one last: a chain of needs may be longer than Python lets functions nest.
    pending = [_Row(position, "", "") for position in reversed((*first, *verdict.selection.wanted))]
    while pending:  # ends: what a change needs is added once, when the change is first shown
        row = pending.pop()
        again = row.position in seen
        if again and not row.branch:
            continue
        _print_row(lines, verdict, row, again and bool(needs[row.position]))
        if not again:
            below = row.lead + {"": "", "├── ": "│   ", "└── ": "    "}[row.branch]
            branches = [*["├── "] * (len(needs[row.position]) - 1), "└── "]
            pending += [_Row(*one) for one in zip(needs[row.position], repeat(below), branches, strict=False)][::-1]
        seen.add(row.position)


def _print_row(lines: Lines, verdict: Verdict, row: _Row, again: bool) -> None:
    position = row.position
    style = "bold" if position in verdict.selection.wanted else KIND_STYLES[verdict.selection.kind(position)]
    name = (label(verdict, position), style)
    commit = (short(verdict, position), "cyan")
    remark = " (see above)" if again else ""
    lines.line(row.lead + row.branch, name, " ", commit, f" {subject_of(verdict, position)}", remark)


def dot(verdict: Verdict) -> str:
    """Return the graph in Graphviz's language; an arrow leads from a change to what it needs."""
    rows = ["digraph prerequisites {", "  rankdir=RL;", '  node [shape=box, fontname="sans-serif"];']
    if verdict.state in UNFIT:
        rows.append(f"  label={_quoted(headline(verdict))};")
    nodes = _nodes(verdict)
    for position in verdict.selection.queue:
        words = f"{label(verdict, position)} {short(verdict, position)}\n{subject_of(verdict, position)}"
        bold = ", style=bold" if position in verdict.selection.wanted else ""
        rows.append(f"  {nodes[position]} [label={_quoted(words)}{bold}];")
    for position, found in reduced(edges(verdict)).items():
        rows += [f"  {nodes[position]} -> {nodes[need]};" for need in found]
    return "\n".join([*rows, "}"])


def _nodes(verdict: Verdict) -> dict[int, str]:
    """Return the name of each change's node: two patch files in different folders may be called the same."""
    names = {position: short(verdict, position) for position in verdict.selection.queue}
    count = Counter(names.values())
    return {p: _quoted(name if count[name] == 1 else f"{name} ({p})") for p, name in names.items()}


def _quoted(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
