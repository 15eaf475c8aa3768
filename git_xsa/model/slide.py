"""Where a base's own lines can be aligned in more than one way: out of the hunks that are still to come, if they can.

When a base has a copy of a block right behind it, or lacks one of two equal blocks, a comparison cannot tell which of
the two it added or took out: ``x B [x B] y`` and ``x [B x] B y`` are one file.  ``git apply`` compares texts and has no
such question, so a run that can slide is put where the fewest hunks of changes that the base lacks have it between
their lines, or lack a line because of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from git_xsa.model.change import ADDED
from git_xsa.model.line import Line
from git_xsa.model.rules import OWN, ROOT
from git_xsa.model.stretch import Stretch

#: How many lines a run slides at most, each way.
FARTHEST = 200


def slide(weave: Sequence[Line], stretches: Sequence[Stretch], taken: Collection[int]) -> tuple[list[Line], bool]:
    """Return ``weave``, in which a base with the changes ``taken`` stands, with the base's own runs of lines moved, and
    with other ones of equal lines missing, where fewer of ``stretches`` are broken then; and whether any others are."""
    moved = _move_missing([line for line in weave if line.here or _missing(line, taken)], stretches)
    return _move_own(weave, stretches), moved


def _missing(line: Line, taken: Collection[int] = ()) -> bool:
    """Whether the root had the line, and the base took it out by itself, without one of the changes ``taken``."""
    return line.born == ROOT and not line.earlier and not line.here and line.died not in taken


def _broken(order: Sequence[Line], stretches: Iterable[Stretch]) -> list[int]:
    """Return for each line how many stretches hold the place behind it."""
    index = {id(line): number for number, line in enumerate(order)}
    steps = [0] * (len(order) + 2)
    for stretch in stretches:
        marks = stretch.hunk.marks
        first = stretch.old[0] if stretch.old and marks[0] != ADDED and not stretch.starts else stretch.before
        last = stretch.old[-1] if stretch.old and marks[-1] != ADDED and not stretch.ends else stretch.after
        steps[index.get(id(first), -1) + 1] += 1
        steps[index[id(last)] + 1 if last is not None else len(order) + 1] -= 1
    return list(accumulate(steps))[1:-1]


def _move_own(order: Sequence[Line], stretches: Sequence[Stretch]) -> list[Line]:
    """Return ``order`` with each run of own lines where the fewest of ``stretches`` hold it, the last such place: of
    two equal blocks git takes the one at the line number that the branch has, the first."""
    broken = _broken(order, stretches)
    moved: dict[int, list[Line]] = {}  # behind which line, by number -> the run; -1: before all
    gone: set[int] = set()
    for start, end in _runs([line.born == OWN for line in order]):
        number, by = min(_places(order, start, end), key=lambda place: (broken[place[0]], -place[1]))
        if by:
            moved[number] = _rotated(order, start, end, by)
            gone.update(range(start, end))
    result: list[Line] = []
    for number, line in enumerate(order):
        if number not in gone:
            result.append(line)
        result += moved.get(number, ())
    return result


def _places(order: Sequence[Line], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the places to which the own run from ``start`` to ``end`` can slide: the line behind which it then stands,
    and by how many lines, a negative number: up."""
    yield end - 1, 0
    run = [line.text for line in order[start:end]]
    steps = 0
    for number in range(end, len(order)):
        line = order[number]
        if not line.here:
            continue
        if line.born == OWN or line.text != run[steps % len(run)] or steps == FARTHEST:
            break
        steps += 1
        yield number, steps
    steps = 0
    number = start - 1
    while number >= 0 and steps < FARTHEST:
        line = order[number]
        if line.here:
            if line.born == OWN or line.text != run[-1 - steps % len(run)]:
                break
            steps += 1
            above = number - 1
            if above >= 0 and order[above].born != OWN:
                yield above, -steps
        number -= 1


def _rotated(order: Sequence[Line], start: int, end: int, by: int) -> list[Line]:
    """Return own lines as they are once the run from ``start`` to ``end`` has slid ``by`` lines."""
    size = end - start
    texts = [line.text for line in order[start:end]]
    lines = list(order[start:end])
    for number, line in enumerate(lines):
        line.text = texts[(number + by) % size]
    return lines


def _move_missing(order: Sequence[Line], stretches: Iterable[Stretch]) -> bool:
    """Have the base lack other lines of ``order``, those that it has or took out by itself, where they equal the ones
    that it lacks next to them and fewer of ``stretches`` need them; return whether there are such."""
    moved = False
    needed = Counter(id(line) for stretch in stretches for line in stretch.old)
    for start, end in _runs([not line.here for line in order]):
        by = min(_shifts(order, start, end, needed))[2]
        if by:
            moved = True
            gone, there = order[start].standing, order[start - 1 if by < 0 else end].standing
            for number in range(min(start, start + by), max(end, end + by)):
                order[number].standing = gone if start + by <= number < end + by else there
    return moved


def _shifts(order: Sequence[Line], start: int, end: int, needed: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield the ways in which the run that is missing from ``start`` to ``end`` can slide: how often its lines are
    needed then, compared with now, how far it is, and by how many lines it slides, a negative number: up."""
    yield 0, 0, 0
    size = end - start
    for way in (1, -1):
        change = 0
        for step in range(FARTHEST):
            leaves = start + step if way > 0 else end - 1 - step
            joins = leaves + way * size
            if not 0 <= joins < len(order) or not _may_go(order[joins]) or order[joins].text != order[leaves].text:
                break
            change += needed.get(id(order[joins]), 0) - needed.get(id(order[leaves]), 0)
            yield change, step + 1, way * (step + 1)


def _may_go(line: Line) -> bool:
    return line.born == ROOT and not line.earlier and line.here


def _runs(marks: Sequence[bool]) -> list[tuple[int, int]]:
    """Return where each run of marked ones starts and ends."""
    found: list[tuple[int, int]] = []
    for number, mark in enumerate(marks):
        if mark and found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        elif mark:
            found.append((number, number + 1))
    return found
