"""Find the place of a patch's hunks in files, by git's own rule.

A patch that is no commit of the branch says just line numbers and context.  It gets its place where its old lines
stand: at the lines it names, or else at the only other place where they do.  The order of a file's hunks rules places
out: XSA-345's fix of modify_xen_mappings() has the lines of one hunk twice in mm.c of 4.8, but one of these places is
after that of the hunk which comes next.  Then the line in the hunk's header that says which function it is in may
tell.  When there are several all the same, it is not known which one is meant, and the patch is not placed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from git_xsa.model.change import Hunk

#: What git takes for a heading, where nothing is configured.
_HEADING = re.compile(rb"[A-Za-z_$]")
#: How many places a message names.
_SHOWN = 4
#: Where the rarest of a hunk's lines stands more often than this, its places are found by what all its lines come to.
_FEW = 16
#: For that: a prime, and what a line counts more than the next one.
_PRIME, _BASE = (1 << 61) - 1, 1_000_003


class NotPlaced(Exception):
    """Hunk ``number`` (from 1) fits at ``places`` places, not one.

    ``lines`` are the lines at which it fits; where ``places`` is 0 all of them are before the end of the hunk before.
    """

    def __init__(self, number: int, places: int, lines: Sequence[int] = ()) -> None:
        shown = f"{', '.join(map(str, lines[:_SHOWN]))}{', ...' * (len(lines) > _SHOWN)}"
        words = f"hunk {number} fits at {places} places (lines {shown})"
        if not places:
            words = f"hunk {number} does not fit"
            words += f" after hunk {number - 1} (but at line {shown})" if lines else ""
        super().__init__(words)
        self.number = number
        self.places = places


@dataclass(frozen=True, slots=True)
class _Places:
    """Some places of a hunk, in order: those of ``all`` from index ``low`` to before ``high``.

    Equal hunks share the list, which in a file of repeated lines may be as long as the file.
    """

    all: Sequence[int]
    low: int
    high: int

    @classmethod
    def of(cls, places: Sequence[int]) -> _Places:
        return cls(places, 0, len(places))

    def __len__(self) -> int:
        return max(0, self.high - self.low)

    @property
    def first(self) -> int:
        return self.all[self.low]

    @property
    def last(self) -> int:
        return self.all[self.high - 1]

    def lines(self) -> list[int]:
        """Return the numbers of the lines at these places."""
        return [at + 1 for at in self.all[self.low : self.high]]

    def between(self, least: int, most: int) -> _Places:
        """Return the places from ``least`` to ``most``."""
        low = bisect_left(self.all, least, self.low, self.high)
        return _Places(self.all, low, bisect_right(self.all, most, low, self.high))


def places(lines: Sequence[bytes], hunk: Hunk) -> list[int]:
    """Return every index of ``lines`` at which ``git apply`` may put the hunk."""
    (found,) = _PatchedFile(lines).places([hunk], [hunk.old_lines])
    return list(found.all[found.low : found.high])


def place_hunks(lines: Sequence[bytes], hunks: Sequence[Hunk]) -> tuple[tuple[Hunk, ...], list[bytes]]:
    """Return ``hunks`` with the line numbers at which they fit in ``lines``, and the lines that they make of them.

    Raises ``NotPlaced`` for the first one that fits nowhere after those before it, or that, with the order of all of
    them kept, fits at several places of which none is the one it names.
    """
    olds = [hunk.old_lines for hunk in hunks]
    if _all_named(lines, hunks, olds):
        found = [hunk.old_index for hunk in hunks]
    else:
        found = _found(lines, hunks, olds)
    placed: list[Hunk] = []
    result: list[bytes] = []
    done = 0
    for hunk, old, at in zip(hunks, olds, found, strict=True):
        result += lines[done:at]
        new = hunk.new_lines
        placed.append(replace(hunk, old_start=at + bool(old), new_start=len(result) + bool(new)))
        result += new
        done = at + len(old)
    return tuple(placed), [*result, *lines[done:]]


def _all_named(lines: Sequence[bytes], hunks: Sequence[Hunk], olds: Sequence[Sequence[bytes]]) -> bool:
    """Whether every hunk fits where it says: then it goes there, and nothing need be looked for."""
    done = 0
    for hunk, old in zip(hunks, olds, strict=True):
        at = hunk.old_index
        if at < done or at not in _allowed(lines, hunk, len(old)) or lines[at : at + len(old)] != old:
            return False
        done = at + len(old)
    return True


def _found(lines: Sequence[bytes], hunks: Sequence[Hunk], olds: Sequence[Sequence[bytes]]) -> list[int]:
    """Return the place of each hunk; ``NotPlaced`` as ``place_hunks`` raises it."""
    file, sizes = _PatchedFile(lines), [len(old) for old in olds]
    fitting = _in_order(file.places(hunks, olds), sizes)
    # The named ones rule out more: what stays are the places of the others between them.
    fitting = _in_order([_named(hunk, found) for hunk, found in zip(hunks, fitting, strict=True)], sizes)
    if any(len(found) > 1 for found in fitting):
        below = [file.below_heading(hunk, found) for hunk, found in zip(hunks, fitting, strict=True)]
        fitting = _in_order(below, sizes)
    for number, found in enumerate(fitting, 1):
        if len(found) > 1:
            raise NotPlaced(number, len(found), found.lines())
    return [found.first for found in fitting]


def _allowed(lines: Sequence[bytes], hunk: Hunk, size: int) -> range:
    """Return the places at which git looks for a hunk with ``size`` old lines.

    One whose old lines begin at line 1 fits only at the start of the file, one without context at its end only at
    the end of the file (``match_beginning`` and ``match_end`` in git's apply.c).
    """
    last = len(lines) - size
    candidates = range(min(1, last + 1) if hunk.old_start <= 1 else last + 1)
    return range(max(last, 0), candidates.stop) if hunk.trailing == 0 else candidates


class _PatchedFile:
    """The lines of a file, to be searched for many hunks at once."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    @cached_property
    def _at(self) -> dict[bytes, list[int]]:
        """The places of each line."""
        found: dict[bytes, list[int]] = {}
        for at, line in enumerate(self._lines):
            found.setdefault(line, []).append(at)
        return found

    def places(self, hunks: Sequence[Hunk], olds: Sequence[Sequence[bytes]]) -> list[_Places]:
        """Return where each of ``hunks``, whose old lines are ``olds``, fits."""
        blocks = [tuple(old) for old in olds]
        everywhere = self._everywhere(set(blocks))
        found = []
        for hunk, block in zip(hunks, blocks, strict=True):
            allowed = _allowed(self._lines, hunk, len(block))
            at = everywhere[block] if block else allowed
            found.append(_Places.of(at).between(allowed.start, allowed.stop - 1))
        return found

    def _everywhere(self, blocks: set[tuple[bytes, ...]]) -> dict[tuple[bytes, ...], Sequence[int]]:
        """Return the places of each of ``blocks`` of lines, in order."""
        found: dict[tuple[bytes, ...], Sequence[int]] = {}
        frequent: dict[int, set[tuple[bytes, ...]]] = {}
        for block in blocks:
            rarest = min(range(len(block)), key=lambda index: len(self._at.get(block[index], ())), default=0)
            at = self._at.get(block[rarest], ()) if block else ()
            if len(at) > _FEW:
                frequent.setdefault(len(block), set()).add(block)
            else:
                found[block] = self._those([place - rarest for place in at], block)
        for size, some in frequent.items():
            found |= self._everywhere_of(size, some)
        return found

    def _those(self, candidates: Iterable[int], block: tuple[bytes, ...]) -> list[int]:
        size, old = len(block), list(block)
        return [at for at in candidates if at >= 0 and self._lines[at : at + size] == old]

    def _everywhere_of(self, size: int, blocks: set[tuple[bytes, ...]]) -> dict[tuple[bytes, ...], Sequence[int]]:
        """Return the places of blocks that all have ``size`` lines: one walk over the file finds them all, by a number
        that all lines in a window of that size come to (Karp and Rabin)."""
        numbers = {line: number for number, line in enumerate(self._at, 1)}
        wanted = {block: next(_windows([numbers[line] for line in block], size)) for block in blocks}
        candidates: dict[int, list[int]] = {number: [] for number in wanted.values()}
        for at, number in enumerate(_windows([numbers[line] for line in self._lines], size)):
            if number in candidates:
                candidates[number].append(at)
        return {block: self._those(candidates[number], block) for block, number in wanted.items()}

    @cached_property
    def _headings(self) -> list[tuple[bytes, int, int]]:
        """The lines that git takes for headings, sorted, each with the first and the last place below it."""
        rows = [at for at, line in enumerate(self._lines) if _HEADING.match(line)]
        ends = [*rows, len(self._lines)][1:]
        return sorted((self._lines[row], row + 1, end) for row, end in zip(rows, ends, strict=True))

    def below_heading(self, hunk: Hunk, found: _Places) -> _Places:
        """Return the one of ``found`` that is below the line in the hunk's heading, as git finds such a line; all of
        them when there is no heading, or not one such place.

        XSA-402's fifth patch fits in two functions of Qubes' 4.8, and names cleanup_page_mappings().
        """
        heading = hunk.heading.strip()
        if len(found) == 1 or not heading:
            return found
        below: list[int] = []
        for index in range(bisect_left(self._headings, (heading,)), len(self._headings)):
            text, first, last = self._headings[index]
            if not text.startswith(heading) or len(below) > 1:
                break
            part = found.between(first, last)
            below += part.all[part.low : min(part.high, part.low + 2)]
        return _Places.of(below) if len(below) == 1 else found


def _windows(numbers: Sequence[int], size: int) -> Iterator[int]:
    """Yield a number for each ``size`` of ``numbers`` that follow each other, the same for the same ones."""
    leaving = pow(_BASE, size, _PRIME)
    total = 0
    for index, number in enumerate(numbers):
        total = total * _BASE + number
        if index >= size:
            total -= numbers[index - size] * leaving
        total %= _PRIME
        if index >= size - 1:
            yield total


def _named(hunk: Hunk, found: _Places) -> _Places:
    named = found.between(hunk.old_index, hunk.old_index)
    return named if len(named) else found


def _in_order(fitting: Sequence[_Places], sizes: Sequence[int]) -> list[_Places]:
    """Return of the places ``fitting`` of each hunk, whose old lines are ``sizes`` many, those at which all the others
    can still be before and after it.

    Raises ``NotPlaced`` for the first hunk that has none after the hunks before it.
    """
    left: list[_Places] = []
    least = 0
    for number, (found, size) in enumerate(zip(fitting, sizes, strict=True), 1):
        rest = found.between(least, found.last) if len(found) else found
        if not len(rest):
            raise NotPlaced(number, 0, found.lines())
        left.append(rest)
        least = rest.first + size
    for number in range(len(left) - 1, 0, -1):
        found = left[number - 1]
        left[number - 1] = found.between(found.first, left[number].last - sizes[number - 1])
    return left
