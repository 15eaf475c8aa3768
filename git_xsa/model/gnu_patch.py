"""Put hunks on a file as GNU patch does.

Packages have hundreds of patches; to start GNU patch for each takes longer than all that is asked of the result.  The
rules are those of its source (``locate_hunk`` and ``apply_hunk`` in patch.c).  A hunk goes to the line that it names,
as far from there as the hunk before went, or else to the nearest place, of two as near the later one.  With fuzz, outer
lines of its context don't count.  A hunk with less context before its changes than behind them belongs to the start of
the file if it names that, and one with less behind them to the end.

Most hunks go on without fuzz, to where their text is found without taking the file apart into lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_xsa.model.change import Hunk
from git_xsa.model.history import split_lines

#: How many hunks of a file are looked for elsewhere than where the one before them went; that takes a walk through the
#: file each time.
MOST_MOVES = 500


#: In how many places of a file a hunk's text is looked at before the file is taken apart into lines.
MOST_COPIES = 8


class Put(NamedTuple):
    """What a file holds that hunks were put on, and whether one needed fuzz."""

    content: bytes
    fuzzy: bool


def put_hunks(content: bytes, hunks: Sequence[Hunk], fuzz: int) -> Put | None:
    """Return what ``hunks`` make of a file with this ``content``, each with the least fuzz up to ``fuzz`` with which it
    goes on; ``None`` where GNU patch itself has to say whether they fit."""
    made = _put_without_fuzz(content, hunks)
    return Put(made, False) if made is not None else _put_by_lines(split_lines(content), hunks, fuzz)


class _Spot(NamedTuple):
    """The beginning of a line: how many bytes and how many lines of a file come before it."""

    offset: int
    line: int


def _put_without_fuzz(content: bytes, hunks: Sequence[Hunk]) -> bytes | None:
    """Return what ``hunks`` make of ``content`` if each goes on without fuzz; else, or where a text stands in many
    places, ``None``."""
    pieces: list[bytes] = []
    done = _Spot(0, 0)
    moved = moves = 0
    for hunk in hunks:
        old_lines = hunk.old_lines
        old, new = b"".join(old_lines), b"".join(hunk.new_lines)
        at = _spot(content, old, hunk, done, moved) if hunk.leading < len(hunk.marks) else None
        if at is None or moves == MOST_MOVES:
            return None
        moves += at.line - hunk.old_index != moved
        moved = at.line - hunk.old_index
        trailing = hunk.trailing
        free = sum(map(len, hunk.texts[len(hunk.texts) - trailing :]))
        pieces += (content[done.offset : at.offset], new[: len(new) - free])
        done = _Spot(at.offset + len(old) - free, at.line + len(old_lines) - trailing)
    return b"".join([*pieces, content[done.offset :]])


def _spot(content: bytes, old: bytes, hunk: Hunk, done: _Spot, moved: int) -> _Spot | None:
    """Return where the hunk with the text ``old`` goes into ``content``, from ``done`` on."""
    if not old.endswith(b"\n"):
        return None
    if hunk.leading < hunk.trailing and hunk.old_start <= 1:
        return done if not done.offset and content.startswith(old) else None
    if hunk.trailing < hunk.leading:
        if not content.endswith(old, done.offset):
            return None
        start = len(content) - len(old)
        done = _Spot(start, done.line + content.count(b"\n", done.offset, start))
    return _nearest_spot(content, old, done, hunk.old_index + moved)


def _nearest_spot(content: bytes, text: bytes, start: _Spot, named: int) -> _Spot | None:
    """Return where ``text`` stands in ``content``, from ``start`` on: nearest to the line ``named``, of two places as
    near at the later one.  ``None`` if it does not, or if it has many copies before that."""
    best: _Spot | None = None
    line, counted = start.line, start.offset
    found = content.find(text, counted)
    for _ in range(MOST_COPIES):
        if found < 0:
            return best
        line += content.count(b"\n", counted, found)
        if not found or content[found - 1 : found] == b"\n":
            best = _Spot(found, line) if best is None or abs(line - named) <= abs(best.line - named) else best
            if line >= named:
                return best
        counted, found = found, content.find(text, found + 1)
    return None


def _put_by_lines(lines: list[bytes], hunks: Sequence[Hunk], fuzz: int) -> Put | None:
    """Return what ``hunks`` make of the file with these ``lines``, as ``put_hunks`` does."""
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
    return Put(b"".join([*result, *lines[done:]]), fuzzy)


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
