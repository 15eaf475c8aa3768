"""A question is a request with its proposal: what a base needs for some changes of its branch, still to be checked.

The line history gives the smallest selection; the answer is not believed before the queue has been applied with
system git and the files that come out equal those of the line history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from git_xsa.ask.follow_ups import Later
from git_xsa.ask.unmarked import Unmarked
from git_xsa.ask.verdict import Doubt, FoundSeries, State, Verdict
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.repository import Commit
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.selection import Selection, select
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from concurrent.futures import Future

    from git_xsa.advisory.adaptations import Adaptation
    from git_xsa.advisory.other_trees import NotJudged
    from git_xsa.ask.newer_branches import Elsewhere

#: How many questions may wait for their check; each holds its patches in memory.
LOOK_AHEAD = 8


@dataclass(frozen=True)
class Published:
    """A patch that is no commit of the branch: its file, byte for byte, and whether it may be under embargo."""

    content: bytes = field(repr=False)
    private: bool


@dataclass(frozen=True)
class Proposal:
    """What the line history says of a request, and what is needed to check that with git.

    ``base`` are the files that the queue touches as the base has them, ``expected`` the same files after the queue
    and ``patches`` the queue's diffs in order.  ``state`` is known already when there is nothing to check.
    """

    selection: Selection
    state: State | None
    partly: bool = False
    base: Mapping[bytes, Entry] = field(default_factory=dict)
    expected: Mapping[bytes, Entry] = field(default_factory=dict)
    patches: Sequence[bytes] = ()


def propose(
    history: Range, base: int, wanted: Sequence[int], grow: Callable[[Selection], Selection] | None = None
) -> Proposal:
    """Return what the line history says of the changes at ``wanted`` on the base at position ``base``.

    ``grow`` adds to a selection what the text alone does not ask for.
    """
    selection = select(history.history, base, wanted)
    if grow is not None and selection.wanted and not selection.impossible:
        selection = grow(selection)
    if not wanted:
        return Proposal(selection, State.NO_PATCHES)
    if not selection.wanted:
        return Proposal(selection, State.ALREADY_APPLIED)
    if selection.impossible:
        return Proposal(selection, State.CONFLICTS)
    return proposed(history, selection, len(selection.wanted) < len(set(wanted)))


def proposed(history: Range, selection: Selection, partly: bool) -> Proposal:
    """Return ``selection``, which can be applied, with what is needed to check it; ``partly``: its base has some of
    what is wanted."""
    base = selection.base
    states = history.history.states(selection.queue, selection.chosen)
    entries = {path: history.history.entry(path, base) for path in states}
    return Proposal(
        selection,
        None,
        partly,
        {path: entry for path, entry in entries.items() if entry is not None},
        {path: (s.mode, s.object_name(history.hash_length)) for path, s in states.items() if s is not None},
        [history.text(position) for position in selection.queue],
    )


def conclude(proposal: Proposal, quarantine: Quarantine) -> tuple[State, Doubt | None]:
    """Check ``proposal`` with git; return the state, and the doubt when git's result is another one.

    The state is ``partly-applied`` whenever the base holds some of the wanted changes, whatever the rest needs.
    """
    if proposal.state is not None:
        return proposal.state, None
    doubt = _check(proposal, quarantine)
    if doubt is not None:
        return State.MISPLACED, doubt
    if proposal.partly:
        return State.PARTLY_APPLIED, None
    return (State.NEEDS_PREREQUISITES if proposal.selection.prerequisites else State.APPLIES), None


def _check(proposal: Proposal, quarantine: Quarantine) -> Doubt | None:
    """Apply the queue with git; return what differs from the line history, ``None`` for nothing."""
    expected = proposal.expected
    if quarantine.apply_at_once(proposal.base, proposal.patches) == expected:
        return None
    trial = quarantine.apply(proposal.base, proposal.patches)
    if trial.refused is not None:
        return Doubt(proposal.selection.queue[trial.refused], trial.message)
    paths = expected.keys() | trial.files.keys()
    differ = sorted(path for path in paths if expected.get(path) != trial.files.get(path))
    return Doubt(None, "", tuple(differ)) if differ else None


@dataclass(frozen=True)
class Question:
    """A request with its proposal: what is left is to check it (``answer``), which needs nothing of the range."""

    base: Commit
    tip: Commit
    range: Range
    xsa_of: dict[int, tuple[int, ...]]
    asked: tuple[int, ...]
    proposal: Proposal
    found: tuple[FoundSeries, ...] = ()
    unmarked: tuple[Unmarked, ...] = ()
    #: Position -> the patch that was placed there.
    published: Mapping[int, Published] = field(default_factory=dict)
    #: The question about what goes in, where some advisories are in conflict and others not.
    rest: Question | None = None
    #: The patch files that are for other trees.
    not_judged: tuple[NotJudged, ...] = ()
    #: Position of a placed patch -> the commit of the branch that its header names, or that names what that does.
    on_branch: Mapping[int, LoggedCommit] = field(default_factory=dict)
    later: tuple[Later, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    #: Whether the ledger has an advisory of it under embargo.
    secret: bool = False
    #: The advisories whose patches are known from a text.
    settled: frozenset[int] = frozenset()
    #: The advisories that were asked for and left out, as they can't be applied, and why.
    out: Mapping[int, Remark] = field(default_factory=dict)
    #: Position of a patch that was adapted by hand -> what it is.  ``range`` is that of the queue alone in this case,
    #: and ``whole`` that of the branch.
    adapted: Mapping[int, Adaptation] = field(default_factory=dict)
    whole: Range | None = None

    @property
    def private(self) -> bool:
        """Whether a patch may be under embargo, and with it the answer: what a fix needs shows where it is."""
        return self.secret or any(patch.private for patch in self.published.values())

    def answer(self, quarantine: Quarantine) -> Verdict:
        """Check the proposal with git and return the answer."""
        state, doubt = conclude(self.proposal, quarantine)
        rest = self.rest.answer(quarantine) if self.rest is not None else None
        return replace(self.verdict(state, self.proposal.selection), doubt=doubt, rest=rest, private=self.private)

    def verdict(self, state: State, selection: Selection) -> Verdict:
        """Return the answer ``state`` with ``selection``, and all that is known of what was asked."""
        return Verdict(
            self.base,
            self.tip,
            self.range,
            state,
            selection,
            asked=self.asked,
            xsa_of=self.xsa_of,
            found=self.found,
            not_judged=self.not_judged,
            unmarked=self.unmarked,
            later=self.later,
            elsewhere=self.elsewhere,
            on_branch=self.on_branch,
            out=self.out,
            adapted=self.adapted,
            whole=self.whole,
        )


def answers(questions: Iterable[Question], quarantine: Quarantine) -> Iterator[Verdict]:
    """Yield the answers to ``questions``, in order; while git checks one the next one is worked out."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not for one question

    with ThreadPoolExecutor(1) as checker:
        waiting: deque[Future[Verdict]] = deque()
        try:
            for question in questions:
                waiting.append(checker.submit(question.answer, quarantine))
                if len(waiting) > LOOK_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            checker.shutdown(cancel_futures=True)
            raise
