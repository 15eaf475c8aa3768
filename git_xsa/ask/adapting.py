"""Put patches that were adapted by hand into a queue, in the place of those that don't go on its base.

The queue is followed in its order.  At the first change that is in conflict an adapted patch is looked for that was
made of the same change, and whose lines have one place in the files as they are then.  With it, these files are a base
of their own, and the rest of the queue is asked about anew on that.  What has no adapted patch is left out, the whole
advisory, and with it what must come after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from git_xsa.advisory.adaptations import FOLDER, Adaptation, Adaptations
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.series import PlacedPatch, Unplaced, is_there, place_series
from git_xsa.advisory.store_place import open_store
from git_xsa.ask.compose import proposal_of
from git_xsa.ask.flat import Spot, at, flat_range, named, under
from git_xsa.ask.follow_ups import later_fixes
from git_xsa.ask.question import Proposal, Question, proposed
from git_xsa.ask.verdict import State
from git_xsa.git.borrowed import Borrowed
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.git.source_tree import SourceFile
from git_xsa.git.trees import entries_of
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import FileState, Opaque
from git_xsa.model.rules import Chosen, Rule
from git_xsa.model.selection import Reason, Selection, select

if TYPE_CHECKING:
    from git_xsa.ask.session import Session


@dataclass(frozen=True)
class AdaptedStep:
    """One change of the queue: what it is called, its place, and the adapted patch if it is one."""

    id: str
    change: PlacedPatch
    adapted: Adaptation | None = None


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


@dataclass
class _Progress:
    """How far the queue has been followed: on ``base``, whose place is in ``range``."""

    base: Commit
    range: Range
    wanted: frozenset[int]
    steps: list[AdaptedStep] = field(default_factory=list)
    #: Needed change -> which changes need it, and why, by their names; as all selections so far say.
    reasons: dict[str, dict[tuple[str, Rule], None]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    #: The changes that the base has as a person adapted them.
    present: set[str] = field(default_factory=set)

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
        self._borrowed: Borrowed | None = None
        self.out: set[int] = set(out)
        self._lost: set[int] = set()
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
        state = _Progress(question.base, question.range, self._wanted())
        while True:  # ends: each round but the last settles a change
            selection = self._selection(state)
            position = _first_conflict(selection, state.settled)
            done = [p for p in selection.queue if p not in state.settled and (position is None or p < position)]
            if position is not None:
                stuck = _reached(selection, state.settled)
                done = [p for p in done if p not in stuck]
            self._enter(state, selection, done)
            if position is None:
                return state, None
            onto = self._commit(state)
            if self._is_present(state, position, onto):
                state.present.add(state.range.commits[position - 1].id)
                continue
            adapted = self._adapted(state, position, onto)
            if adapted is None:
                return state, self._stop(state, selection, position, onto)
            state.steps.append(adapted)
            self._move(state)

    def _wanted(self) -> frozenset[int]:
        """Return the changes that are wanted: those of no advisory that is left out, whole."""
        question = self._question
        lost = {p for p, numbers in question.xsa_of.items() if numbers and self.out.issuperset(numbers)}
        return frozenset(question.proposal.selection.wanted) - lost - self._lost

    def _selection(self, state: _Progress) -> Selection:
        """Return what the wanted changes need that are not in the queue yet."""
        question = self._question
        if not (state.steps or state.present or self.out or self._lost):
            return question.proposal.selection
        return proposal_of(self._session, state.base, state.range, state.wanted - state.settled).selection

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
                known[history.commits[reason.needed_by - 1].id, _plain(reason.rule)] = None
        state.named |= {history.commits[position - 1].id for position in selection.named}

    def _move(self, state: _Progress) -> None:
        """Have ``state`` stand on the base with the queue so far."""
        start = state.range.position[state.base.id]
        wanted = {p - start for p in state.wanted if p > start}
        commit = self._commit(state)
        state.range = under(self._session.repository, state.range, start, commit)
        state.base = replace(self._question.base, id=commit)
        state.wanted = frozenset(wanted)

    def _commit(self, state: _Progress) -> str:
        """Return a commit of the base with the queue so far."""
        base = self._question.base.id
        if not state.steps:
            return base
        history = self._flat(state.steps)
        every = range(1, len(state.steps) + 1)
        history.history.prepare(every)
        states = history.history.states(every, Chosen(0, frozenset(every)))
        return self.borrowed.commit_changes(self.files(states), base, ["The queue so far"])

    def files(self, states: Mapping[bytes, FileState | None]) -> dict[bytes, SourceFile | None]:
        """Return the files that ``states`` describes, as commits are made of them."""
        return {path: self._file(path, found) for path, found in states.items()}

    def files_of(self, commit: str, paths: Collection[bytes]) -> dict[bytes, SourceFile | None]:
        """Return the files at ``paths`` as ``commit`` has them."""
        repository = self._session.repository
        entries = entries_of(repository, commit)
        found = {path: entries[path] for path in paths if path in entries}
        contents = repository.contents(sorted({name for mode, name in found.values() if mode != SUBMODULE_MODE}))
        made: dict[bytes, SourceFile | None] = dict.fromkeys(paths)
        for path, (mode, name) in found.items():
            made[path] = SourceFile(path, mode, contents.get(name, name.encode()))
        return made

    def with_patch(self, commit: str, patch: PatchFile) -> str:
        """Return a commit of the files of ``commit`` with ``patch``; ``Unplaced`` when it has no place there."""
        placed = self._placed(commit, patch)
        history = flat_range(self._session.repository, commit, [at(placed, 1)])
        history.history.prepare([1])
        states = history.history.states([1], Chosen(0, frozenset([1])))
        return self.borrowed.commit_changes(self.files(states), commit, [patch.subject])

    def _placed(self, commit: str, patch: PatchFile) -> PlacedPatch:
        paths = {path for c in patch.changes for path in (c.old_path, c.new_path) if path is not None}
        [placed] = place_series(self._session.repository, commit, 0, paths, [patch])
        return placed

    @property
    def borrowed(self) -> Borrowed:
        """The scratch repository in which the commits are."""
        if self._borrowed is None:
            self._borrowed = self._session.keep(Borrowed(self._session.repository))
        return self._borrowed

    def _file(self, path: bytes, state: FileState | None) -> SourceFile | None:
        if state is None:
            return None
        if len(state.lines) == 1 and isinstance(state.lines[0], Opaque):
            name = state.lines[0].decode()
            return SourceFile(path, state.mode, self._session.repository.contents([name])[name])
        return SourceFile(path, state.mode, b"".join(state.lines))

    def _flat(self, steps: Sequence[AdaptedStep], more: Iterable[PlacedPatch] = ()) -> Range:
        base = self._question.base.id
        return flat_range(self._session.repository, base, [*(step.change for step in steps), *more])

    # Conflicts

    def _is_present(self, state: _Progress, position: int, onto: str) -> bool:
        """Whether the commit ``onto`` has the change at ``position`` as a person has adapted it."""
        text = state.range.text(position)
        known = (one.file for one in self._adaptations.all if one.stands_for(text))
        return any(is_there(self._session.repository, onto, [patch]) for patch in known)

    def _adapted(self, state: _Progress, position: int, onto: str) -> AdaptedStep | None:
        """Return the adapted patch that stands for the change at ``position`` on the commit ``onto``."""
        history = state.range
        text = history.text(position)
        for one in self._adaptations.all:
            if not one.stands_for(text):
                continue
            try:
                placed = self._placed(onto, one.file)
            except Unplaced:
                continue
            commit = history.commits[position - 1]
            change = at(replace(placed, commit=commit), len(state.steps) + 1)
            return AdaptedStep(commit.id, change, one)
        return None

    def _stop(self, state: _Progress, selection: Selection, position: int, onto: str) -> Conflicting:
        stuck = _needing(selection, position)
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

    # What comes of it

    def question(self, state: _Progress) -> Question:
        """Return the question about the queue of ``state``, in a range of its own."""
        question = self._question
        start = question.range.position[question.base.id]
        queue = [question.range.position[step.id] for step in state.steps]
        later = later_fixes(question.range, start, queue) if self._session.follow_ups != "ignore" else ()
        unmarked = [one for one in question.unmarked if one.position in queue or not one.patch]
        others = {p for one in later for p in (one.position, *one.of)}
        others |= {p for one in unmarked for p in (one.position, one.before, one.after)}
        others |= {p for one in question.elsewhere for p in one.of}
        more = sorted(others - set(queue) - {0})
        commits = question.range.commits
        flat = self._flat(state.steps, [named(commits[p - 1]) for p in more])
        place = {p: flat.position[commits[p - 1].id] for p in (*queue, *more)}
        had = {p for p in question.xsa_of if p <= start or question.range.commits[p - 1].id in state.present}
        kept = {p: numbers for p, numbers in question.xsa_of.items() if p in had or p in queue}
        xsa_of = {place[p]: numbers for p, numbers in kept.items() if p not in had}
        present = sorted({n for p in had for n in kept[p]})
        xsa_of |= {0: tuple(present)} if present else {}
        selection = _selected(state, flat, [place[p] for p in kept if p not in had])
        found = [
            replace(
                series,
                patches=tuple(
                    replace(one, position=place.get(one.position, 0) if one.position else one.position)
                    for one in series.patches
                ),
                lacking=tuple(place[p] for p in series.lacking if p in place),
            )
            for series in question.found
        ]
        return replace(
            question,
            range=flat,
            xsa_of=xsa_of,
            asked=tuple(number for number in question.asked if number not in self.out),
            found=tuple(series for series in found if series.number not in self.out),
            proposal=proposed(flat, selection, bool(present))
            if selection.wanted
            else Proposal(selection, State.ALREADY_APPLIED),
            published={place[p]: one for p, one in question.published.items() if p in place},
            on_branch={place[p]: commit for p, commit in question.on_branch.items() if p in place},
            unmarked=tuple(
                replace(one, position=place[one.position], before=place[one.before], after=place[one.after])
                for one in unmarked
            ),
            later=tuple(
                replace(one, position=place[one.position], of=tuple(place[p] for p in one.of)) for one in later
            ),
            elsewhere=tuple(
                replace(one, of=tuple(place[p] for p in one.of))
                for one in question.elsewhere
                if set(queue).intersection(one.of)
            ),
            rest=None,
            adapted={flat.position[step.id]: step.adapted for step in state.steps if step.adapted is not None},
            whole=question.range,
        )

    def conflict(self, rest: Question) -> Question:
        """Return the question about everything, in conflict where ``stops`` are, with ``rest`` as what goes in."""
        position = self._question.range.position
        reasons = {
            Reason(position[stop.id], _plain(reason.rule)): None for stop in self.stops for reason in stop.reasons
        }
        selection = replace(self._question.proposal.selection, impossible=tuple(reasons))
        left = rest if rest.proposal.selection.wanted else None
        return replace(self._question, proposal=Proposal(selection, State.CONFLICTS), rest=left)


def adaptations(session: Session) -> Adaptations | None:
    """Return the adapted patches in the store, ``None`` when there are none; asked for by ``session.once``."""
    store = open_store(session.settings)
    return Adaptations(store) if store.exists and store.names(FOLDER) else None


def with_adaptations(session: Session, question: Question, adaptations: Adaptations) -> Question:
    """Return ``question``, which is in conflict, with the adapted patches that fit; as it is where none does.

    What the base has as a person adapted it counts as being there.  Where conflicts remain, the adapted patches are in
    its ``rest``.
    """
    walk = Walk(session, question, adaptations)
    state = walk.run()
    if not state.present and all(step.adapted is None for step in state.steps):
        return question
    made = walk.question(state)
    return walk.conflict(made) if walk.stops else made


def _selected(state: _Progress, flat: Range, wanted: Sequence[int]) -> Selection:
    """Return the selection of the whole queue in its own range, with every reason that is known."""
    every = range(1, len(state.steps) + 1)
    found = select(flat.history, 0, every)
    reasons = {position: list(several) for position, several in found.reasons.items()}
    for name, several in state.reasons.items():
        needed = flat.position.get(name, 0)
        for by, rule in several:
            user = flat.position.get(by, 0)
            if needed in every and user in every:
                known = reasons.setdefault(needed, [])
                if not any(
                    (one.needed_by, one.rule.path, one.rule.kind) == (user, rule.path, rule.kind) for one in known
                ):
                    known.append(Reason(user, rule))
    others = tuple(position for position in every if position not in wanted)
    names = frozenset(flat.position[name] for name in state.named if flat.position.get(name) in others)
    return Selection(0, tuple(sorted(wanted)), others, reasons, (), names)


def _plain(rule: Rule) -> Rule:
    """Return ``rule`` without the positions of other changes that it names: they are those of another range."""
    return replace(rule, symbol=replace(rule.symbol, others=())) if rule.symbol is not None else rule


def _direct(selection: Selection) -> dict[int, set[int]]:
    """Return which changes need each change."""
    return {needed: {reason.needed_by for reason in reasons} for needed, reasons in selection.reasons.items()}


def _needing(selection: Selection, position: int) -> set[int]:
    """Return ``position`` and all changes that need the change there."""
    direct = _direct(selection)
    found: set[int] = set()
    pending = {position}
    while pending:
        one = pending.pop()
        found.add(one)
        pending |= direct.get(one, set()) - found
    return found


def _reached(selection: Selection, settled: Collection[int]) -> set[int]:
    """Return the changes that can't be applied: those in conflict, those that need something which a settled change
    should have brought and its adapted patch has not, and all that need one of them."""
    seeds = {reason.needed_by for reason in selection.impossible} | (set(settled) & set(selection.queue))
    return set().union(*(_needing(selection, seed) for seed in seeds))


def _first_conflict(selection: Selection, settled: Collection[int]) -> int | None:
    return min(_reached(selection, settled) - set(settled), default=None)
