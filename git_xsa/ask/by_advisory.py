"""What an answer about several advisories says of each of them: what it needs, and what must come before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from git_xsa.ask.fitting import blocked
from git_xsa.ask.verdict import State, Verdict


@dataclass(frozen=True)
class AdvisoryStanding:
    """One advisory in the queue with the others.

    ``own`` are the positions of its changes.  ``after`` are the advisories that must come before it, ``needed`` its
    prerequisites: what it needs itself, or through another prerequisite.  ``conflicts``: it can't be applied;
    ``misplaced``: git gets it, or a file that it touches, wrong.  ``partly``: the base has others of its changes.
    ``adapted`` are its changes, and those that it needs,
    which a person has adapted.
    """

    number: int
    own: tuple[int, ...]
    after: tuple[int, ...]
    needed: tuple[int, ...]
    conflicts: bool
    misplaced: bool
    adapted: tuple[int, ...] = ()
    partly: bool = False

    @property
    def state(self) -> State:
        """The state that it alone would have, once the others are in."""
        if self.conflicts:
            return State.CONFLICTS
        if self.misplaced:
            return State.MISPLACED
        return State.NEEDS_PREREQUISITES if self.needed else State.APPLIES


def standings(verdict: Verdict, numbers: Sequence[int]) -> list[AdvisoryStanding]:
    """Return how each of ``numbers``, advisories that have a change in the answer's queue, stands there.

    Where some are in conflict, what the others need is that without them.
    """
    if verdict.rest is not None:
        apart = _standings(verdict, numbers)
        fitting = [one.number for one in apart if not one.conflicts]
        rest = {one.number: one for one in _standings(verdict.rest, fitting)}
        return [rest.get(one.number, one) for one in apart]
    return _standings(verdict, numbers)


def _standings(verdict: Verdict, numbers: Sequence[int]) -> list[AdvisoryStanding]:
    selection = verdict.selection
    wanted, partly = set(selection.wanted), set(verdict.partly)
    stuck = blocked(selection)
    doubted = _in_doubt(verdict)
    found = []
    for number in numbers:
        own = [p for p in selection.wanted if number in verdict.xsa_of[p]]
        reached: set[int] = set()
        pending = list(own)
        while pending:
            for need in selection.needs.get(pending.pop(), set()) - reached:
                reached.add(need)
                if need not in wanted:
                    pending.append(need)
        others = {x for p in reached & wanted - set(own) for x in verdict.xsa_of[p]} - {number}
        prerequisites = reached - wanted
        adapted = tuple(sorted({*own, *prerequisites} & verdict.adapted.keys()))
        found.append(
            AdvisoryStanding(
                number,
                tuple(own),
                tuple(sorted(others)),
                tuple(sorted(prerequisites)),
                not stuck.isdisjoint(own),
                not doubted.isdisjoint(own),
                adapted,
                number in partly,
            )
        )
    return found


def _in_doubt(verdict: Verdict) -> set[int]:
    """Return the changes that git may have misplaced: the one it refuses, or all that touch the files it got wrong."""
    doubt = verdict.doubt
    if doubt is None:
        return set()
    if doubt.position is not None:
        return {doubt.position}
    touches = verdict.range.index.at(verdict.selection.queue)
    return {touch.position for touch in touches if not touch.paths.isdisjoint(doubt.paths)}
