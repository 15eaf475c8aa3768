"""Which hunks of a change a base beside the branch has, where it has some and lacks others.

A hunk is there when the base has each line that it adds and none that it takes out, and a line shows it: one that it
adds, or one that it takes out and that the base would have otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from git_xsa.model.change import ADDED, REMOVED
from git_xsa.model.history import History
from git_xsa.model.line import Line
from git_xsa.model.rules import ROOT
from git_xsa.model.stretch import Stretch


class Partial(NamedTuple):
    """The hunks of a change in the file at ``path`` that a base has, and those that it lacks, by number."""

    path: bytes
    there: tuple[int, ...]
    missing: tuple[int, ...]


def parts(history: History, position: int) -> list[Partial]:
    """Return which hunks of the change at ``position`` the base has, file by file; nothing where it has all of them, or
    none."""
    if not history.partly(position):
        return []
    found: dict[bytes, dict[int, bool]] = {}
    for path, need in history.needs_of(position):
        if isinstance(need, Stretch):
            found.setdefault(path, {})[need.number] = _is_there(need, position)
    if not any(there for hunks in found.values() for there in hunks.values()):
        return []
    return [
        Partial(
            path,
            tuple(number for number, there in sorted(hunks.items()) if there),
            tuple(number for number, there in sorted(hunks.items()) if not there),
        )
        for path, hunks in sorted(found.items())
    ]


def _is_there(stretch: Stretch, position: int) -> bool:
    kept = [mark for mark in stretch.hunk.marks if mark != ADDED]
    removed = [line for mark, line in zip(kept, stretch.old, strict=True) if mark == REMOVED]
    added = list(_added(stretch, position))
    whole = all(line.here for line in added) and not any(line.here for line in removed)
    return whole and (bool(added) or any(_was_there(line, position) for line in removed))


def _was_there(line: Line, position: int) -> bool:
    """Whether the base would have ``line`` without the change at ``position``."""
    born = line.before(position)[-1].born
    return line.standing is not None and (born == ROOT or born in line.standing.taken)


def _added(stretch: Stretch, position: int) -> Iterator[Line]:
    line = stretch.before.next
    while line is not None and line is not stretch.after:
        if line.comes(position):
            yield line
        line = line.next
