"""Refresh a change: its hunks with the context and the line numbers that a selection of changes gives them.

The line history knows for each line who added and who removed it, so nothing is compared and nothing guessed: what a
change takes out and brings in is marked line by line, and what stands around it is the context.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, Hunk
from git_xsa.model.lines import LineHistory
from git_xsa.model.rules import Chosen

#: How many lines of context a hunk has, as in git's own diffs.
CONTEXT_LINES = 3


def rewritten_hunks(lines: LineHistory, before: Chosen, after: Chosen) -> tuple[Hunk, ...]:
    """Return the hunks that lead from the file after ``before`` to the file after ``after``; none if they are equal."""
    marks = bytearray()
    texts = []
    for line in lines:
        old, new = line.there(before), line.there(after)
        if old or new:
            marks.append(CONTEXT if old and new else REMOVED if old else ADDED)
            texts.append(line.text)
    return hunks_of(bytes(marks), texts)


def hunks_of(marks: bytes, texts: Sequence[bytes]) -> tuple[Hunk, ...]:
    """Return the hunks of a whole file whose lines are marked, with ``CONTEXT_LINES`` around each change."""
    hunks = []
    old = new = at = 0
    for first, last in _spans(marks):
        kept = first - at
        old, new = old + kept, new + kept
        inside = marks[first:last]
        takes, brings = len(inside) - inside.count(ADDED), len(inside) - inside.count(REMOVED)
        hunks.append(Hunk(old + bool(takes), new + bool(brings), bytes(inside), tuple(texts[first:last])))
        old, new, at = old + takes, new + brings, last
    return tuple(hunks)


def _spans(marks: bytes) -> list[tuple[int, int]]:
    """Return where hunks begin and end: changed lines and the lines around them, joined where they meet."""
    spans: list[tuple[int, int]] = []
    for index, mark in enumerate(marks):
        if mark == CONTEXT:
            continue
        first, last = max(index - CONTEXT_LINES, 0), min(index + CONTEXT_LINES + 1, len(marks))
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans
