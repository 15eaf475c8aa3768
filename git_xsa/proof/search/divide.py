"""Find what a queue needs to build, with the build itself as the judge.

A set of additional changes is judged by building the base with the queue that follows from it.  Building takes
minutes, so what is counted is builds.  Three stages, each used only when the one before was not enough:

1. **Names.** What failed says what is missing; the best supplier of each missing name is added, and all is tried
   again.  A supplier after which the same name is still missing is taken back, and the next one has its turn.
2. **Divide and conquer.** All changes before the patches that touch the files which the build fails in are added, then
   all changes before the patches, then the whole range.  If not even that builds there is no answer.  If one does, its
   changes in their order on the branch are cut where the build goes from failing to working: the change there is
   needed.  With it added, those before it are cut again, until what was found is enough.  In the order of the branch,
   because each state of the branch was built by somebody.
3. **Without.** Each added change is left out once; where it still builds it was not needed.

Where more changes never break a build (a monotone judge), nothing can be dropped from the answer; stage 2 takes about
``k * log2(n)`` builds for k changes out of n.  Under any judge the search ends, and what it gives has been seen to
build.  This module starts nothing: ``Judge`` is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from git_xsa.proof.search.suppliers import Clue

#: How often the names of a failed build are followed before the search divides: a chain of so many commits that each
#: lack the next one's names is rarer than names that lead nowhere.
NAME_ROUNDS = 6


class Stage(Enum):
    """Why a set is tried."""

    QUEUE = auto()  #: the queue alone
    NAMES = auto()  #: with what the names in the diagnostics lead to
    NEAR = auto()  #: with every change to the files it fails in
    BEFORE = auto()  #: with every commit before the patches
    WHOLE = auto()  #: with every commit of the branch
    DIVIDE = auto()  #: with a part of the branch
    WITHOUT = auto()  #: without one of them


@dataclass(frozen=True)
class Attempt:
    """A set to try: the additional changes, why, and what for: the changes just added, or the one left out."""

    extra: frozenset[int]
    stage: Stage
    about: tuple[int, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A build that failed: what it says, with suppliers among the changes that were left out, and those of them that
    are ``near``: that change files it fails in."""

    clues: tuple[Clue, ...] = ()
    near: tuple[int, ...] = ()


#: Builds an attempt; ``None``: it builds.
Judge = Callable[[Attempt], Failure | None]
#: Returns all changes that follow from additional ones, by the rules; ``None`` when they can't be applied.
Closure = Callable[[frozenset[int]], frozenset[int] | None]


@dataclass(frozen=True)
class BuildFound:
    """The answer: ``extra`` maps each additional change to the failure that it cures, ``None``: no such set.

    The failure is that of the build without it, where that was tried.  ``minimal`` says whether each was left out
    once, and the build failed.
    """

    extra: dict[int, Failure] | None
    minimal: bool = True


@dataclass
class _BuildSearch:
    """The state of one search: what has been judged, by the changes that follow from a set."""

    judge: Judge
    closure: Closure
    #: Changes that follow from a set -> how its build failed, ``None``: it did not.
    known: dict[frozenset[int], Failure | None] = field(default_factory=dict)

    def fails(self, attempt: Attempt) -> Failure | None:
        """Return how the attempt's build fails; sets that come to the same by the rules are judged once."""
        follows = self.closure(attempt.extra)
        if follows is None:
            return Failure()
        if follows not in self.known:
            self.known[follows] = self.judge(attempt)
        return self.known[follows]

    def follows(self, extra: Iterable[int]) -> frozenset[int]:
        """Return all that follows from ``extra``, nothing when it can't be applied."""
        return self.closure(frozenset(extra)) or frozenset()

    def joinable(self, added: Iterable[int], more: Iterable[int]) -> list[int]:
        """Return those of ``more``, in order, that can be applied together with ``added`` and each other."""
        present = frozenset(added)
        order = sorted(set(more) - present)
        if self.closure(present.union(order)) is not None:
            return order
        taken: list[int] = []
        for position in order:
            if self.closure(present.union(taken, (position,))) is not None:
                taken.append(position)
        return taken


def search(judge: Judge, closure: Closure, candidates: Iterable[int], last: int, quick: bool = False) -> BuildFound:
    """Return additional changes out of ``candidates`` with which the queue builds; see the head of this module.

    ``last`` is the position of the last patch.  With ``quick`` the last stage is left out.  Candidates that can't be
    applied together with the queue, or with the others, are passed over.
    """
    state = _BuildSearch(judge, closure)
    failure = state.fails(Attempt(frozenset(), Stage.QUEUE))
    if failure is None:
        return BuildFound({})
    usable = frozenset(candidates)
    if closure(usable) is None:
        usable = frozenset(position for position in usable if closure(frozenset([position])) is not None)
    added, failure = _follow_names(state, failure, usable)
    if failure is not None:
        found = _divide(state, failure, added, usable, last)
        if found is None:
            return BuildFound(None)
        added = found
    return BuildFound(added, minimal=False) if quick else BuildFound(_without(state, added))


def _follow_names(
    state: _BuildSearch, failure: Failure, usable: frozenset[int]
) -> tuple[dict[int, Failure], Failure | None]:
    """Add what the clues of failed builds lead to; return it, each with the failure it is for, and how the build of
    that fails (``None``: it does not)."""
    added: dict[int, Failure] = {}
    tried: set[int] = set()
    for _ in range(NAME_ROUNDS):
        best = _best_suppliers(failure, usable - tried - state.follows(added))
        if not best:
            break
        tried |= best.keys()
        trial = added | dict.fromkeys(best, failure)
        after = state.fails(Attempt(frozenset(trial), Stage.NAMES, tuple(sorted(best))))
        if after is None:
            return trial, None
        still = {_subject(clue) for clue in after.clues}
        if any(subject not in still for subject in best.values()):
            added, failure = trial, after
    return added, failure


def _subject(clue: Clue) -> str:
    """Return what a clue is about: the name, or else the file."""
    return clue.diagnostic.name or clue.diagnostic.file


def _best_suppliers(failure: Failure, allowed: frozenset[int] | set[int]) -> dict[int, str]:
    """Return the best supplier of each thing that the failure misses, with what it supplies."""
    best: dict[int, str] = {}
    for clue in failure.clues:
        if not set(clue.suppliers).isdisjoint(best):
            continue  # one is being tried for another name already
        supplier = next((position for position in clue.suppliers if position in allowed), None)
        if supplier is not None:
            best[supplier] = _subject(clue)
    return best


def _divide(
    state: _BuildSearch, failure: Failure, added: dict[int, Failure], usable: frozenset[int], last: int
) -> dict[int, Failure] | None:
    """Return ``added``, whose build fails, with what it needs besides; ``None`` when not even all of it builds."""
    found = dict(added)
    before = {position for position in usable if position < last}
    groups = ((Stage.NEAR, before.intersection(failure.near)), (Stage.BEFORE, before), (Stage.WHOLE, usable))
    for stage, group in groups:
        order = state.joinable(found, group)
        if order and state.fails(Attempt(frozenset([*found, *order]), stage)) is None:
            break
    else:
        return None
    failing: Failure | None = failure
    while failing is not None:  # with all of `order` it builds
        low, high = 0, len(order)  # with the first `low` it fails, with the first `high` it builds
        while high - low > 1:
            middle = (low + high) // 2
            after = state.fails(Attempt(frozenset([*found, *order[:middle]]), Stage.DIVIDE))
            if after is None:
                high = middle
            else:
                low, failing = middle, after
        found[order[high - 1]] = failing
        order = order[: high - 1]
        failing = state.fails(Attempt(frozenset(found), Stage.DIVIDE))
    return found


def _without(state: _BuildSearch, added: dict[int, Failure]) -> dict[int, Failure]:
    """Leave out each of ``added`` once, the last one first; return those without which the build fails."""
    kept = dict(added)
    for position in sorted(added, reverse=True):
        rest = frozenset(kept) - {position}
        if state.closure(rest) == state.closure(frozenset(kept)):  # the rest needs it anyway
            del kept[position]
            continue
        failure = state.fails(Attempt(rest, Stage.WITHOUT, (position,)))
        if failure is None:
            del kept[position]
        else:
            kept[position] = failure
    return kept
