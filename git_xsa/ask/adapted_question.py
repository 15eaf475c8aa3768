"""The question about a queue with adapted patches: everything that is known of it, in a range of the queue alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from git_xsa.advisory.adaptations import Adaptation
from git_xsa.advisory.series import PlacedPatch
from git_xsa.ask.flat import flat_range, named
from git_xsa.ask.follow_ups import Later
from git_xsa.ask.question import Proposal, Question, proposed
from git_xsa.ask.verdict import FoundSeries, State
from git_xsa.git.log import Range
from git_xsa.git.repository import Repository
from git_xsa.model.rules import Rule
from git_xsa.model.selection import Reason, Selection, select


class AdaptedStep(NamedTuple):
    """One change of the queue: what it is called, its place, and the adapted patch if it is one."""

    id: str
    change: PlacedPatch
    adapted: Adaptation | None = None


@dataclass(kw_only=True)
class FollowedQueue:
    """A queue that was followed step by step: its changes in order, and what is known of them.

    ``reasons`` maps each needed change to the changes that need it, and why, ``named`` are those that only names ask
    for, and ``present`` those that the base has as a person adapted them; all by their names.
    """

    steps: list[AdaptedStep] = field(default_factory=list)
    reasons: dict[str, dict[tuple[str, Rule], None]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)


def adapted_question(
    repository: Repository, question: Question, queue: FollowedQueue, later: Sequence[Later], out: Collection[int]
) -> Question:
    """Return ``question`` about the changes of ``queue``, with the follow-ups ``later`` and without the advisories
    ``out``.

    Positions are those of a range of the queue alone; commits that something else names stand behind it.
    """
    commits = question.range.commits
    positions = [question.range.position[step.id] for step in queue.steps]
    unmarked = [one for one in question.unmarked if one.position in positions or not one.patch]
    elsewhere = [one for one in question.elsewhere if not set(positions).isdisjoint(one.of)]
    others = {p for one in later for p in (one.position, *one.of)} | {p for one in elsewhere for p in one.of}
    others |= {one.position for one in unmarked}
    more = sorted(others - {*positions, 0})
    base = question.base.id
    changes = [*(step.change for step in queue.steps), *(named(commits[p - 1]) for p in more)]
    flat = flat_range(repository, base, changes)
    place = {p: flat.position[commits[p - 1].id] for p in (*positions, *more)}
    xsa_of = _advisories(question, queue, place, [one.position for one in later if one.added])
    selection = _selected(queue, flat, [position for position in xsa_of if position])
    nothing = Proposal(selection, State.ALREADY_APPLIED)
    return replace(
        question,
        range=flat,
        xsa_of=xsa_of,
        asked=tuple(number for number in question.asked if number not in out),
        found=tuple(_found(series, place) for series in question.found if series.number not in out),
        proposal=proposed(flat, selection, 0 in xsa_of) if selection.wanted else nothing,
        published={place[p]: one for p, one in question.published.items() if p in place},
        on_branch={place[p]: commit for p, commit in question.on_branch.items() if p in place},
        unmarked=tuple(one._replace(position=place[one.position]) for one in unmarked),
        later=tuple(one._replace(position=place[one.position], of=tuple(place[p] for p in one.of)) for one in later),
        elsewhere=tuple(one._replace(of=tuple(place[p] for p in one.of)) for one in elsewhere),
        rest=None,
        adapted={flat.position[step.id]: step.adapted for step in queue.steps if step.adapted is not None},
        whole=question.range,
    )


def _advisories(
    question: Question, queue: FollowedQueue, place: dict[int, int], added: Sequence[int]
) -> dict[int, tuple[int, ...]]:
    """Return the advisories of the queue's changes by their positions there; under 0 those that the base has."""
    history = question.range
    start = history.position[question.base.id]
    had = {p for p in question.xsa_of if p <= start or history.commits[p - 1].id in queue.present}
    present = sorted({number for p in had for number in question.xsa_of[p]})
    wanted = {**dict.fromkeys(sorted(added), ()), **question.xsa_of}
    found = {place[p]: numbers for p, numbers in wanted.items() if p in place and p not in had}
    length = len(queue.steps)
    found = {position: numbers for position, numbers in found.items() if position <= length}
    return found | ({0: tuple(present)} if present else {})


def _found(series: FoundSeries, place: dict[int, int]) -> FoundSeries:
    """Return what is known of an advisory, with the positions of ``place``; what is in none of these the base has."""
    patches = tuple(
        one._replace(position=place.get(one.position, 0) if one.position else one.position) for one in series.patches
    )
    return series._replace(patches=patches, lacking=tuple(place[p] for p in series.lacking if p in place))


def _selected(queue: FollowedQueue, flat: Range, wanted: Sequence[int]) -> Selection:
    """Return the selection of the whole queue in its own range, with every reason that is known."""
    every = range(1, len(queue.steps) + 1)
    found = select(flat.history, 0, every)
    reasons = {position: list(several) for position, several in found.reasons.items()}
    for name, several in queue.reasons.items():
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
    names = frozenset(flat.position[name] for name in queue.named if flat.position.get(name) in others)
    return Selection(0, tuple(sorted(wanted)), others, reasons, (), names)


def plain(rule: Rule) -> Rule:
    """Return ``rule`` without the positions of other changes that it names: they are those of another range."""
    return rule._replace(symbol=rule.symbol._replace(others=())) if rule.symbol is not None else rule
