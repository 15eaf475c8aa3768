"""Put patches that were adapted by hand into a queue, in the place of those that don't go on its base.

The queue is followed in its order.  At the first change that is in conflict an adapted patch is looked for that was
made of the same change, and whose lines have one place in the files as they are then.  With it, these files are a base
of their own, and the rest of the queue is computed again on that.  What has no adapted patch is left out, the whole
advisory, and with it what must come after it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from git_xsa.advisory.adaptations import FOLDER, Adaptation, Adaptations
from git_xsa.advisory.problems import Unplaced
from git_xsa.advisory.series import is_there
from git_xsa.ask.adapted_question import AdaptedStep, FollowedQueue, adapted_question, plain
from git_xsa.ask.compose import proposal_of
from git_xsa.ask.fitting import needing
from git_xsa.ask.flat import Spot, under
from git_xsa.ask.follow_ups import Later, later_fixes
from git_xsa.ask.own_store import own_store
from git_xsa.ask.passing_commits import PassingCommits
from git_xsa.ask.question import Proposal, Question
from git_xsa.ask.verdict import State
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import Reason, Selection, joined

if TYPE_CHECKING:
    from git_xsa.ask.session import Session


@dataclass(frozen=True)
class Conflicting:
    """A conflict that no adapted patch resolves: the change at ``position`` of ``range`` does not go on the commit
    ``onto``, the base with the ``steps`` before it.

    ``own`` are the advisories that it is a patch of, or, if it is a prerequisite, that need it; ``xsa`` all that can't
    go in without it, and ``lost`` the wanted changes that can't, by their positions in the question's range.
    ``reasons`` are what is in the way.  ``prerequisite``: nobody asked for it but a patch that needs it.
    """

    range: Range
    position: int
    onto: str
    steps: tuple[AdaptedStep, ...]
    own: tuple[int, ...]
    xsa: tuple[int, ...]
    lost: frozenset[int]
    reasons: tuple[Reason, ...]
    prerequisite: bool

    @property
    def id(self) -> str:
        """What the change is called: a commit, or the name of a patch file."""
        return self.range.commits[self.position - 1].id


@dataclass(kw_only=True)
class _Progress(FollowedQueue):
    """How far the queue has been followed: on ``base``, whose place is in ``range``."""

    base: Commit
    range: Range
    wanted: frozenset[int]
    #: How many changes of the queue are in which commit, the one that was made last.
    made: tuple[int, str] = (0, "")

    @property
    def settled(self) -> set[int]:
        """The changes that are in the queue or in the base already, by their positions here."""
        names = {*self.present, *(step.id for step in self.steps)}
        return {position for name in names if (position := self.range.position.get(name)) is not None}


class Walk:
    """Follows the queue of ``question``, which is in conflict, with the adapted patches of ``adaptations``.

    ``out`` are advisories that are left out from the start.
    """

    def __init__(
        self, session: Session, question: Question, adaptations: Adaptations, out: Collection[int] = ()
    ) -> None:
        self._session = session
        self._question = question
        self._adaptations = adaptations
        self.commits = PassingCommits(session)
        self.out: set[int] = set(out)
        self._lost: set[int] = set()
        #: The follow-ups that are in the queue, too, by their positions in the question's range.
        self.added: frozenset[int] = frozenset()
        #: Where each of the advisories that are left out is in conflict.
        self.stops: list[Conflicting] = []

    # The way

    def run(self) -> _Progress:
        """Follow the queue to its end; what has no adapted patch is in ``stops``, and left out."""
        while True:  # ends: each round but the last leaves out a wanted change more
            state, stop = self._follow()
            if stop is None:
                return state
            self.stops.append(stop)
            self.out |= set(stop.xsa)
            self._lost |= stop.lost

    def first_stop(self) -> tuple[list[AdaptedStep], Conflicting | None]:
        """Follow the queue to the first conflict that has no adapted patch, ``None``: there is none; return what comes
        before, too."""
        state, stop = self._follow()
        return state.steps, stop

    def _follow(self) -> tuple[_Progress, Conflicting | None]:
        question = self._question
        state = _Progress(base=question.base, range=question.range, wanted=self._wanted())
        while True:  # ends: each round but the last settles a change
            selection = self._selection(state)
            settled = state.settled
            stuck = _reached(selection, settled)
            position = min(stuck - settled, default=None)
            left = [p for p in selection.queue if p not in settled and p not in stuck]
            done = [p for p in left if position is None or p < position]
            self._enter(state, selection, done)
            if position is None:
                return state, None
            onto = self._commit(state)
            made = self._adaptations.made_of(state.range.text(position))
            if self._is_present(made, onto):
                state.present.add(state.range.commits[position - 1].id)
                if state.steps:
                    self._move(state)
                continue
            adapted = self._adapted(state, position, onto, made)
            if adapted is None:
                return state, self._stop(state, selection, position, onto)
            state.steps.append(adapted)
            self._move(state)

    def _wanted(self) -> frozenset[int]:
        """Return the changes that are wanted: those of no advisory that is left out, whole."""
        question = self._question
        lost = {p for p, numbers in question.xsa_of.items() if numbers and self.out.issuperset(numbers)}
        return frozenset(question.proposal.selection.wanted) - lost - self._lost | self.added

    def _selection(self, state: _Progress) -> Selection:
        """Return what the wanted changes need that are not in the queue yet, with the names of those that go in.

        Names count only in a set without a conflict, and some are put into the queue before the conflict is resolved.
        """
        selection = self._question.proposal.selection
        if state.steps or state.present or self.out or self._lost or self.added:
            selection = proposal_of(self._session, state.base, state.range, state.wanted - state.settled).selection
        if not selection.impossible:
            return selection
        clear = set(selection.wanted) - _reached(selection, state.settled)
        return joined(selection, proposal_of(self._session, state.base, state.range, clear).selection)

    def _enter(self, state: _Progress, selection: Selection, positions: Sequence[int]) -> None:
        """Put the changes at ``positions`` into the queue, as ``selection`` has them."""
        history = state.range
        before = Chosen(selection.base, frozenset())
        for position in positions:
            change = Spot(history, position, before).placed(len(state.steps) + 1)
            state.steps.append(AdaptedStep(change.commit.id, change))
            before = Chosen(before.base, before.queue | {position})
        for needed, reasons in selection.reasons.items():
            known = state.reasons.setdefault(history.commits[needed - 1].id, {})
            for reason in reasons:
                known[history.commits[reason.needed_by - 1].id, plain(reason.rule)] = None
        state.named |= {history.commits[position - 1].id for position in selection.named}

    def _move(self, state: _Progress) -> None:
        """Have ``state`` stand on the base with the queue so far."""
        start = state.range.position[state.base.id]
        wanted = {p - start for p in state.wanted if p > start}
        commit = self._commit(state)
        state.range = under(self._session.repository, state.range, start, commit)
        state.base = self._question.base._replace(id=commit)
        state.wanted = frozenset(wanted)

    def _commit(self, state: _Progress) -> str:
        """Return a commit of the base with the queue so far."""
        base = self._question.base.id
        if not state.steps:
            return base
        if state.made[0] == len(state.steps):
            return state.made[1]
        commit = self.commits.with_changes(base, [step.change for step in state.steps])
        state.made = (len(state.steps), commit)
        return commit

    # Conflicts

    def _is_present(self, made: Sequence[Adaptation], onto: str) -> bool:
        """Whether the commit ``onto`` has one of the adapted patches ``made`` of a change."""
        return any(is_there(self._session.repository, onto, [one.file]) for one in made)

    def _adapted(self, state: _Progress, position: int, onto: str, made: Sequence[Adaptation]) -> AdaptedStep | None:
        """Return the one of ``made`` that stands for the change at ``position`` on the commit ``onto``."""
        for one in made:
            try:
                placed = self.commits.placed(onto, one.file, len(state.steps))
            except Unplaced:
                continue
            commit = state.range.commits[position - 1]
            return AdaptedStep(commit.id, replace(placed, commit=commit), one)
        return None

    def _stop(self, state: _Progress, selection: Selection, position: int, onto: str) -> Conflicting:
        stuck = needing(selection, [position])
        ids = {state.range.commits[p - 1].id for p in stuck}
        question = self._question
        lost = {question.range.position[name] for name in ids if name in question.range.position}
        numbers = {n for p in lost for n in question.xsa_of.get(p, ())} - self.out
        own = [reason for reason in selection.impossible if reason.needed_by == position]
        own = own or [
            reason
            for settled in sorted(state.settled & selection.reasons.keys())
            for reason in selection.reasons[settled]
            if reason.needed_by == position
        ]
        xsa = tuple(sorted(numbers))
        mine = question.xsa_of.get(question.range.position[state.range.commits[position - 1].id]) or xsa
        return Conflicting(
            state.range, position, onto, tuple(state.steps), mine, xsa, frozenset(lost), tuple(own),
            position not in state.wanted,
        )  # fmt: skip

    def with_follow_ups(self, state: _Progress) -> _Progress:
        """Return ``state``, the whole queue, with the follow-ups that go in; one that is in conflict is left out."""
        refused: set[int] = set()
        while True:  # ends: each round takes a follow-up in or refuses it
            fresh = [one.position for one in self.later(state) if not one.added and one.position not in refused]
            if not fresh:
                return state
            known = self.added
            self.added |= {fresh[0]}
            larger, stop = self._follow()
            if stop is None:
                state = larger
            else:
                self.added = known
                refused.add(fresh[0])

    def later(self, state: _Progress) -> tuple[Later, ...]:
        """Return the follow-ups of the queue."""
        history = self._question.range
        queue = [history.position[step.id] for step in state.steps]
        return later_fixes(history, history.position[self._question.base.id], queue, self.added)

    # What comes of it

    def conflict(self, rest: Question) -> Question:
        """Return the question about everything, in conflict where ``stops`` are, with ``rest`` as what goes in."""
        position = self._question.range.position
        reasons = {
            Reason(position[stop.id], plain(reason.rule)): None for stop in self.stops for reason in stop.reasons
        }
        selection = replace(self._question.proposal.selection, impossible=tuple(reasons))
        left = rest if rest.proposal.selection.wanted else None
        return replace(self._question, proposal=Proposal(selection, State.CONFLICTS), rest=left)


def adaptations(session: Session) -> Adaptations | None:
    """Return the adapted patches in the store, ``None`` when there are none; asked for by ``session.once``."""
    kept = session.once(own_store)
    return Adaptations(kept.library.store) if kept is not None and kept.library.store.names(FOLDER) else None


def with_adaptations(session: Session, question: Question, adaptations: Adaptations) -> Question:
    """Return ``question``, which is in conflict, with the adapted patches that fit; as it is where none does.

    What the base has as a person adapted it counts as being there.  Where conflicts remain, the adapted patches are in
    its ``rest``.
    """
    walk = Walk(session, question, adaptations)
    state = walk.run()
    if not state.present and all(step.adapted is None for step in state.steps):
        return question
    if session.follow_ups == "add":
        state = walk.with_follow_ups(state)
    later = walk.later(state) if session.follow_ups != "ignore" else ()
    made = adapted_question(session.repository, question, state, later, walk.out)
    return walk.conflict(made) if walk.stops else made


def _reached(selection: Selection, settled: Collection[int]) -> set[int]:
    """Return the changes that can't be applied: those in conflict, those that need something which a settled change
    should have brought and its adapted patch has not, and all that need one of them."""
    seeds = {reason.needed_by for reason in selection.impossible} | (set(settled) & set(selection.queue))
    return needing(selection, seeds)
