"""Swapping two changes of one file by counting lines: what "they do not need each other" means, without a weave.

The rule is the one of darcs: two edits can be swapped when they are apart, or touch and none of them is a bare
insertion or deletion (of two of those at one place nobody knows the order any more).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from git_xsa.model.change import ADDED, CONTEXT, Hunk


@dataclass(frozen=True)
class Edit:
    """Lines that a change takes out at an index (from 0, in the file before the change), and those that it puts in."""

    at: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]

    @property
    def growth(self) -> int:
        return len(self.new) - len(self.old)


def edits(hunks: Iterable[Hunk]) -> list[Edit]:
    """Return the runs of changed lines in ``hunks``."""
    found: list[Edit] = []
    for hunk in hunks:
        index = hunk.old_index
        together = False
        for mark, text in zip(hunk.marks, hunk.texts, strict=True):
            if mark != CONTEXT:
                edit = found.pop() if together else Edit(index, (), ())
                old, new = ((), (text,)) if mark == ADDED else ((text,), ())
                found.append(Edit(edit.at, edit.old + old, edit.new + new))
            together = mark != CONTEXT
            index += mark != ADDED
    return found


def apply(change: Sequence[Edit], lines: Sequence[bytes]) -> list[bytes]:
    """Return the lines after ``change``; every old line must be there."""
    result = list(lines)
    for edit in reversed(change):
        assert tuple(result[edit.at : edit.at + len(edit.old)]) == edit.old
        result[edit.at : edit.at + len(edit.old)] = edit.new
    return result


def exchange(first: Sequence[Edit], second: Sequence[Edit]) -> tuple[list[Edit], list[Edit]] | None:
    """Return ``second`` as it is without ``first``, and ``first`` as it is after that; ``None``: they overlap."""
    moved_first = list(first)
    moved_second = list(second)
    for number, later in enumerate(second):
        growth = 0
        for index, earlier in enumerate(first):
            start = earlier.at + growth  # where its new lines are
            growth += earlier.growth
            if _apart(start + len(earlier.new), later.at, earlier, later):
                moved_second[number] = replace(moved_second[number], at=moved_second[number].at - earlier.growth)
            elif _apart(later.at + len(later.old), start, earlier, later):
                moved_first[index] = replace(moved_first[index], at=moved_first[index].at + later.growth)
            else:
                return None
    return moved_second, moved_first


def _apart(end: int, start: int, *both: Edit) -> bool:
    return end < start or (end == start and all(edit.old and edit.new for edit in both))


def slides(edit: Edit, before: Sequence[bytes]) -> bool:
    """Whether the lines that a bare deletion takes out of ``before`` could be others: equal lines stand around."""
    end = edit.at + len(edit.old)
    if edit.new or not edit.old:
        return False
    return (end < len(before) and before[end] == edit.old[0]) or (edit.at > 0 and before[edit.at - 1] == edit.old[-1])
