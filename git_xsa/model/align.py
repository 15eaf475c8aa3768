"""Where a tree stands in a line history: which of the lines that a file ever had does the tree's file have?

The tree's file is compared with the state of the branch that is most like it: first the best position, by counting
lines, then single changes are put in or left out as far as that brings the state nearer.  What still differs is looked
for among the other lines that the history has at that place; the rest is the tree's own.  Where something differs,
counting may have led to the wrong state: the root and the position that the whole tree is most like are tried, too, and
changes near what differs are put in or left out, as long as that leaves less to explain.  Equal lines can be aligned in
more than one way (git-xsa-ideas(7), what is approximate); comparing with the nearest state keeps that to lines which no
change of the branch explains.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise
from typing import NamedTuple

from git_xsa.model.line import Line
from git_xsa.model.rules import NEVER, ROOT, Chosen, there

#: Blocks with more pairs of lines than this are not compared line by line: they are rewrites, with nothing in common
#: that can be distinguished from chance.
COMPARE_LIMIT = 250_000
#: How often all changes are looked at again; each time but the last brings the state nearer.
ROUNDS = 4
#: How many more states, from each of the best, are compared line by line where something stays unexplained; and how
#: near to that, in lines of the weave, a change must bring or take one for it.
TRIES = 12
#: Where the lines of the weave times the number of all states are no more than this, all of them are compared.
WORK = 20_000
#: From how many states that is done.
STARTS = 2
NEAR = 8


class Alignment(NamedTuple):
    """For each line of the weave whether the tree has it, and the tree's own lines: after how many lines of the weave
    each run of them stands."""

    here: Sequence[bool]
    own: Sequence[tuple[int, Sequence[bytes]]]


#: Lines of the weave, from one index to another, that are known to be the tree's lines from an index on.
Anchor = tuple[int, int, int]


class Fit(NamedTuple):
    """An alignment, with the state of the branch after the changes ``selected``: where in the weave, by index, that
    leaves something to explain, a line that only one of them has or lines of the tree's own, and how many lines."""

    alignment: Alignment
    selected: frozenset[int]
    differing: Sequence[int]
    unexplained: int
    #: The changes of which another alignment, which leaves as much to explain, says the contrary.
    rivals: frozenset[int] = frozenset()


def align(weave: Sequence[Line], texts: Sequence[bytes], likely: int) -> Fit:
    """Return where a file with the lines ``texts`` stands in ``weave``; of equally good positions the one nearest to
    ``likely``."""
    events = _events(weave)
    goal = Counter(texts)
    prefix = frozenset(_best_prefix(weave, events, goal, likely))
    best = fit(weave, texts, _nearest(weave, events, goal, prefix))
    if not best.unexplained or not _near(events, best):
        return best
    others = (prefix, frozenset(position for position in events if position <= likely), frozenset[int]())
    found = [best, *(fit(weave, texts, one) for one in dict.fromkeys(others) if one != best.selected)]
    if (1 << len(events)) * len(weave) <= WORK:
        best = _best_of_all(weave, texts, sorted(events), min(found, key=_unexplained))
        return _with_rivals([best, *found])
    starts = sorted(found, key=_unexplained)[:STARTS]
    return _with_rivals([*(_turned(weave, texts, events, start) for start in starts), *found])


def _with_rivals(found: Sequence[Fit]) -> Fit:
    """Return the first of ``found`` that leaves least to explain, with what others that leave as much say otherwise."""
    best = min(found, key=_unexplained)
    rivals = (one for one in found if one.unexplained == best.unexplained and one.alignment.here != best.alignment.here)
    return best._replace(rivals=frozenset[int]().union(*(one.selected ^ best.selected for one in rivals)))


def _unexplained(one: Fit) -> int:
    return one.unexplained


def _best_of_all(weave: Sequence[Line], texts: Sequence[bytes], positions: Sequence[int], best: Fit) -> Fit:
    """Return the alignment with least to explain of those with any selection of ``positions``; of equally good ones
    that with the state most like that of ``best``."""
    start = best.selected
    for turned in (
        frozenset(some) for count in range(1, len(positions) + 1) for some in combinations(positions, count)
    ):
        if not best.unexplained:
            break
        best = min(best, fit(weave, texts, start ^ turned), key=_unexplained)
    return best


def _turned(weave: Sequence[Line], texts: Sequence[bytes], events: Mapping[int, Sequence[int]], best: Fit) -> Fit:
    """Return the alignment with less to explain that single changes, put in or left out, lead to from ``best``."""
    tried = {best.selected}
    while best.unexplained and len(tried) <= TRIES:
        fresh = (best.selected ^ {position} for position in _near(events, best))
        turned = next((one for one in fresh if one not in tried), None)
        if turned is None:
            break
        tried.add(turned)
        best = min(best, fit(weave, texts, turned), key=_unexplained)
    return best


def fit(weave: Sequence[Line], texts: Sequence[bytes], selected: frozenset[int], anchors: Sequence[Anchor] = ()) -> Fit:
    """Return the alignment of ``texts`` with the state after the changes ``selected`` that keeps to ``anchors``."""
    state = _state(weave, selected)
    filled = _Filling(weave, state)
    start = at = 0
    for first, last, there_at in (*anchors, (len(weave), len(weave), len(texts))):
        _fill(filled, range(start, first), texts[at:there_at])
        old = [index for index in range(first, last) if state[index]]
        filled.match(old)
        start, at = last, there_at + len(old)
    differing = [index for index, both in enumerate(zip(filled.here, state, strict=True)) if both[0] != both[1]]
    own = sum(len(run) for _, run in filled.own)
    places = [*differing, *(index for index, _ in filled.own)]
    return Fit(Alignment(filled.here, filled.own), selected, places, len(differing) + own)


def _fill(filled: _Filling, region: range, texts: Sequence[bytes]) -> None:
    """Align ``texts`` with the lines of ``region`` that the state has; what is between, with its other lines."""
    shown = [index for index in region if filled.state[index]]
    spot, at = region.start, 0
    for first, second, size in _matches([filled.weave[index].text for index in shown], texts):
        end = shown[first] if first < len(shown) else region.stop
        filled.fill(range(spot, end), texts[at:second])
        filled.match(shown[first : first + size])
        spot, at = shown[first + size - 1] + 1 if size else spot, second + size


def _near(events: Mapping[int, Sequence[int]], fit: Fit) -> list[int]:
    """Return the changes that bring or take a line near one of those that ``fit`` does not explain."""
    places = sorted(fit.differing)

    def is_near(index: int) -> bool:
        at = bisect_left(places, index - NEAR)
        return at < len(places) and places[at] <= index + NEAR

    return [position for position in sorted(events) if any(map(is_near, events[position]))]


class _Filling:
    """An alignment that is being made."""

    def __init__(self, weave: Sequence[Line], state: Sequence[bool]) -> None:
        self.weave = weave
        self.state = state
        self.here = [False] * len(weave)
        self.own: list[tuple[int, Sequence[bytes]]] = []

    def match(self, indexes: Sequence[int]) -> None:
        """Note that the tree has the lines at ``indexes``."""
        for index in indexes:
            self.here[index] = True

    def fill(self, region: range, texts: Sequence[bytes]) -> None:
        """Find ``texts`` among the lines of ``region``; what is not there is the tree's own, and stands behind the
        lines that it replaces."""
        spot, at = region.start, 0
        for first, second, size in _matches([self.weave[index].text for index in region], texts) if texts else ():
            if second > at:
                replaced = [index for index in range(spot, region.start + first) if self.state[index]]
                self.own.append((replaced[-1] + 1 if replaced else spot, texts[at:second]))
            self.match(region[first : first + size])
            spot, at = region.start + first + size if size else spot, second + size


def _nearest(
    weave: Sequence[Line], events: Mapping[int, Sequence[int]], goal: Counter[bytes], prefix: frozenset[int]
) -> frozenset[int]:
    """Return the changes after which the branch has most of the lines of ``goal``: those of ``prefix``, with single
    ones put in or left out."""
    state = _State(weave, set(prefix), goal)
    for _ in range(ROUNDS):
        moved = [
            state.turn(position, events[position]) for position in (*sorted(events), *sorted(events, reverse=True))
        ]
        if not any(moved):
            break
    return frozenset(state.selected)


def _state(weave: Sequence[Line], selected: Collection[int]) -> list[bool]:
    """Return which lines of ``weave`` a file has after the changes ``selected``."""
    chosen = Chosen(ROOT, frozenset(selected))
    return [
        there(line.lives, chosen)
        if line.earlier
        else (line.born <= ROOT or line.born in selected) and line.died not in selected
        for line in weave
    ]


class _State:
    """The lines that a file has after the changes ``selected``, and how far that is from the lines of ``goal``."""

    def __init__(self, weave: Sequence[Line], selected: set[int], goal: Counter[bytes]) -> None:
        self._weave = weave
        self.selected = selected
        self.here = _state(weave, selected)
        #: How many more lines with a text the goal has.
        self._lacking = goal.copy()
        self._lacking.subtract(line.text for line, here in zip(weave, self.here, strict=True) if here)

    def turn(self, position: int, indexes: Sequence[int]) -> bool:
        """Put the change at ``position``, which touches the lines at ``indexes``, in or leave it out if that brings the
        state nearer to the goal; return whether it does."""
        self.selected ^= {position}
        turned = [index for index in indexes if self._there(index) != self.here[index]]
        nearer = 0
        for index in turned:
            step = -1 if self.here[index] else 1
            text = self._weave[index].text
            nearer += 1 if self._lacking[text] * step > 0 else -1
            self._lacking[text] -= step
        if nearer > 0:
            for index in turned:
                self.here[index] = not self.here[index]
            return True
        self.selected ^= {position}
        for index in turned:
            self._lacking[self._weave[index].text] += -1 if self.here[index] else 1
        return False

    def _there(self, index: int) -> bool:
        state = False
        for life in self._weave[index].lives:
            state = state or life.born <= ROOT or life.born in self.selected
            state = state and life.died not in self.selected
        return state


def _events(weave: Sequence[Line]) -> dict[int, list[int]]:
    """Return the lines, by index, that each change brought or took."""
    events: dict[int, list[int]] = {}
    for index, line in enumerate(weave):
        if line.born == ROOT and line.died == NEVER and not line.earlier:
            continue
        for life in line.lives:
            for position in (life.born, life.died):
                if ROOT < position < NEVER:
                    events.setdefault(position, []).append(index)
    return events


def _best_prefix(
    weave: Sequence[Line], events: Mapping[int, Sequence[int]], goal: Counter[bytes], likely: int
) -> Iterator[int]:
    """Yield the changes up to the position whose lines differ least from ``goal``."""
    counts = Counter(line.text for line in weave if (line.earlier[0].born if line.earlier else line.born) <= ROOT)
    distance = sum(abs(goal[text] - counts[text]) for text in goal.keys() | counts.keys())
    best, best_at = (distance, abs(likely)), ROOT
    ordered = sorted(events)
    for number, position in enumerate(ordered):
        for index in events[position]:
            line = weave[index]
            step = 1 if line.comes(position) else -1
            nearer = (goal[line.text] - counts[line.text]) * step > 0
            counts[line.text] += step
            distance += -1 if nearer else 1
        until = ordered[number + 1] - 1 if number + 1 < len(ordered) else NEVER
        away = 0 if position <= likely <= until else min(abs(likely - position), abs(likely - until))
        if (distance, away) < best:
            best, best_at = (distance, away), position
    return (position for position in ordered if position <= best_at)


def _matches(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of equal lines, in order: where they are in ``old`` and in ``new``, and how many; an empty one at the
    end of both closes the list.

    Lines that both have once are anchors; between them, what is small enough is compared line by line.
    """
    yield from _between(old, new, 0, len(old), 0, len(new))
    yield len(old), len(new), 0


def _between(
    old: Sequence[bytes], new: Sequence[bytes], first: int, last: int, start: int, end: int
) -> Iterator[tuple[int, int, int]]:
    size = 0
    while first + size < last and start + size < end and old[first + size] == new[start + size]:
        size += 1
    if size:
        yield first, start, size
    first, start, size = first + size, start + size, 0
    while first < last - size and start < end - size and old[last - size - 1] == new[end - size - 1]:
        size += 1
    last, end = last - size, end - size
    if first < last and start < end:
        anchors = _anchors(old, new, first, last, start, end)
        if anchors:
            for one, other in pairwise([(first, start), *anchors, (last, end)]):
                yield from _between(old, new, one[0], other[0], one[1], other[1])
        elif (last - first) * (end - start) <= COMPARE_LIMIT:
            matcher = SequenceMatcher(None, old[first:last], new[start:end], autojunk=False)
            for block in matcher.get_matching_blocks()[:-1]:
                yield first + block.a, start + block.b, block.size
    if size:
        yield last, end, size


def _anchors(
    old: Sequence[bytes], new: Sequence[bytes], first: int, last: int, start: int, end: int
) -> list[tuple[int, int]]:
    """Return the longest list of lines that both parts have once and in the same order."""
    ours, theirs = Counter(old[first:last]), Counter(new[start:end])
    places = {new[index]: index for index in range(start, end) if theirs[new[index]] == 1}
    pairs = [
        (index, places[old[index]]) for index in range(first, last) if ours[old[index]] == 1 and old[index] in places
    ]
    tails: list[int] = []
    ends: list[int] = []
    links: list[int] = []
    for number, (_, place) in enumerate(pairs):
        at = bisect_left(tails, place)
        links.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [place]
        ends[at : at + 1] = [number]
    chain = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = links[number]
    return chain[::-1]
