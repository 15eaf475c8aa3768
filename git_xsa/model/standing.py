"""What a base that is no position of the branch has of a thing with lives: a line, a name or a mode of a file.

A base on the branch has what the changes up to its position made.  Any other tree (a release with picks, a squashed
patch, a tarball) has some of the branch's lines and lacks others, whoever brought them there under what name.  So it
is asked of each thing whether the base has it, and of each change whether the base has all that it does to the file
(it is ``taken``): what is there needs nobody, what is gone needs nobody to remove it, and a change that is taken can't
be applied a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from git_xsa.model.rules import NEVER, ROOT, Chosen, Condition, Life


class Standing(NamedTuple):
    """Whether the base has a thing (``here``), and the changes that are ``taken`` in its file."""

    here: bool
    taken: Collection[int]

    def there(self, lives: Iterable[Life], chosen: Chosen) -> bool:
        """Return whether the thing is there after the queue of ``chosen`` on the base."""
        state = self.here
        for life in lives:
            state = (state or life.born in chosen.queue) and life.died not in chosen.queue
        return state

    def present(self, lives: Sequence[Life]) -> list[Condition]:
        """Return the conditions under which the thing is there for a change before which it had these lives, the last
        one running then."""
        if not self.here:
            return [Condition(ROOT, self._needed(lives[-1].born))]
        removals = pairwise(lives)
        return [Condition(gone.died, self._needed(back.born)) for gone, back in removals if gone.died not in self.taken]

    def absent(self, lives: Sequence[Life]) -> list[Condition]:
        """Return the conditions under which the thing is gone for a change before which it had these lives, all over
        then; none: it came later, or only the base has it."""
        conditions = []
        if self.here:
            removals = [life.died for life in lives if life.died not in self.taken]
            conditions.append(Condition(ROOT, removals[0] if removals else NEVER))
        return conditions + [
            Condition(life.born, self._needed(life.died))
            for life in lives
            if life.born != ROOT and life.born not in self.taken
        ]

    def _needed(self, position: int) -> int:
        """Return ``position``, or ``NEVER`` for a change that can't be had a second time."""
        return NEVER if position == ROOT or position in self.taken else position


#: What is there, and what is not, before it is known what else the base has.
HERE, GONE = Standing(here=True, taken=frozenset()), Standing(here=False, taken=frozenset())


class Have(NamedTuple):
    """Which changes a base has of one file.

    ``taken``: all that they do to it is there.  ``idle``: nothing of them is missing, but nothing shows that the base
    ever had them: they take out what it never had, or were taken back.  ``partly``: something shows that the base has
    them, and something is missing.  ``undone`` has the later changes without which something of a change would be
    missing: they took it, or brought back what it took.
    """

    taken: frozenset[int]
    idle: frozenset[int]
    partly: frozenset[int] = frozenset()
    undone: Mapping[int, frozenset[int]] = MappingProxyType({})


class _Events:
    """What each change did to the things of a file: it brought some, it took some."""

    def __init__(self, things: Iterable[tuple[Sequence[Life], bool]]) -> None:
        #: Position -> of each thing that it brought: whether the base has it, who took it, who had taken it before.
        self.brought: dict[int, list[tuple[bool, int, int]]] = {}
        #: Position -> of each thing that it took: whether the base has it, who had brought it, who brought it back.
        self.took: dict[int, list[tuple[bool, int, int]]] = {}
        for lives, here in things:
            for number, life in enumerate(lives):
                gone = lives[number - 1].died if number else ROOT
                self.brought.setdefault(life.born, []).append((here, life.died, gone))
                if life.died != NEVER:
                    back = lives[number + 1].born if number + 1 < len(lives) else NEVER
                    self.took.setdefault(life.died, []).append((here, life.born, back))

    def whole(self, position: int, later: Collection[int]) -> bool:
        """Whether nothing of a change is missing, when the base has the changes ``later``."""
        came = all(here or died in later for here, died, _ in self.brought.get(position, ()))
        return came and all(not here or back in later for here, _, back in self.took.get(position, ()))

    def undone(self, position: int) -> frozenset[int]:
        """Return the changes that took what a change brought and the base lacks, and those that brought back what it
        took and the base has."""
        came = {died for here, died, _ in self.brought.get(position, ()) if not here}
        return frozenset(came.union(back for here, _, back in self.took.get(position, ()) if here))

    def shown(self, position: int, had: Collection[int]) -> bool:
        """Whether a thing shows that the base has a change, when it has the changes ``had``.

        A thing that came back shows that only if it had gone.
        """
        brought = self.brought.get(position, ())
        came = any(died in had or (here and (gone == ROOT or gone in had)) for here, died, gone in brought)
        return came or any(not here and (born == ROOT or born in had) for here, born, _ in self.took.get(position, ()))


def have(things: Iterable[tuple[Sequence[Life], bool]], positions: Collection[int]) -> Have:
    """Return which of the changes at ``positions`` a base has of a file whose things have these lives, each with
    whether the base has it.

    A change is there when each thing that it brought is there, and each one that it took is gone, or when a later
    change that is there has taken it or brought it back.
    """
    events = _Events(things)
    whole: list[int] = []
    for position in sorted(positions, reverse=True):
        if events.whole(position, whole):
            whole.append(position)
    taken: set[int] = set()
    fresh = True
    while fresh:  # ends: each round but the last adds one of ``whole``
        fresh = False
        for position in (*whole, *reversed(whole)):
            if position not in taken and events.shown(position, taken):
                taken.add(position)
                fresh = True
    partly = {position for position in positions if position not in whole and events.shown(position, taken)}
    undone = {position: later for position in whole if (later := events.undone(position))}
    return Have(frozenset(taken), frozenset(whole) - taken, frozenset(partly), undone)
