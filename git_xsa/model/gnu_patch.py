"""Put hunks on a file as GNU patch does.

Packages have hundreds of patches; to start GNU patch for each takes longer than all that is asked of the result.  The
rules are those of its source (``locate_hunk`` and ``apply_hunk`` in patch.c).  A hunk goes to the line that it names,
as far from there as the hunk before went, or else to the nearest place, of two as near the later one.  With fuzz, outer
lines of its context don't count.  A hunk with less context before its changes than behind them belongs to the start of
the file if it names that, and one with less behind them to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_xsa.model.change import Hunk

#: How many hunks of a file are looked for elsewhere than where the one before them went; that takes a walk through the
#: file each time.
MOST_MOVES = 500


class Put(NamedTuple):
    """The lines of a file that hunks were put on, and whether one needed fuzz."""

    lines: list[bytes]
    fuzzy: bool


def put_hunks(lines: list[bytes], hunks: Sequence[Hunk], fuzz: int) -> Put | None:
    """Return what ``hunks`` make of a file's ``lines``, each with the least fuzz up to ``fuzz`` with which it goes on;
    ``None`` where GNU patch itself has to say whether they fit."""
    result: list[bytes] = []
    done = moved = moves = 0
    fuzzy = False
    for hunk in hunks:
        used, at = _fitting(lines, hunk, done, moved, fuzz)
        if at is None or moves == MOST_MOVES:
            return None
        moves += at - hunk.old_index != moved
        fuzzy = fuzzy or used > 0
        result += lines[done : at + hunk.leading]
        new = hunk.new_lines
        result += new[hunk.leading : len(new) - hunk.trailing]
        # Context behind the changes stays free: the next hunk may begin in it.
        done, moved = at + len(hunk.old_lines) - hunk.trailing, at - hunk.old_index
    return Put([*result, *lines[done:]], fuzzy)


def _fitting(lines: list[bytes], hunk: Hunk, done: int, moved: int, fuzz: int) -> tuple[int, int | None]:
    """Return the least fuzz up to ``fuzz`` with which the hunk goes into ``lines``, and the index, from ``done`` on, at
    which it does; ``None`` for none."""
    if hunk.leading < len(hunk.marks) and hunk.old_lines:
        for used in range(min(fuzz, max(hunk.leading, hunk.trailing)) + 1):
            at = _place(lines, hunk, done, moved, used)
            if at is not None:
                return used, at
    return 0, None


def _place(lines: list[bytes], hunk: Hunk, done: int, moved: int, fuzz: int) -> int | None:
    """Return the index of ``lines``, from ``done`` on, at which the hunk goes with this ``fuzz``, ``None`` for none."""
    old = hunk.old_lines
    context = max(hunk.leading, hunk.trailing)
    before, behind = fuzz + hunk.leading - context, fuzz + hunk.trailing - context
    first, last, named = done, len(lines) - len(old) + max(behind, 0), hunk.old_index + moved
    if before < 0 and hunk.old_start <= 1:
        first, last, named = 0, 0 if done <= hunk.leading else -1, 0
    elif behind < 0:
        first = named = max(last, done)
    core = old[max(before, 0) : len(old) - max(behind, 0)]
    return _nearest(lines, core, max(before, 0), range(first, last + 1), named)


def _nearest(lines: list[bytes], core: list[bytes], before: int, places: range, named: int) -> int | None:
    """Return the one of ``places`` nearest to ``named``, of two as near the later one, behind which by ``before`` lines
    ``core`` stands; ``None`` for none."""

    def fits(at: int) -> bool:
        return at in places and lines[at + before : at + before + len(core)] == core

    if fits(named):
        return named
    rare = max(range(len(core)), key=lambda index: len(core[index]), default=None)
    if rare is None:  # nothing but fuzz
        return min(max(named, places.start), places.stop - 1) if places else None
    found = (index - rare - before for index, line in enumerate(lines) if line == core[rare])
    return min(filter(fits, found), key=lambda at: (abs(at - named), -at), default=None)
