"""Compose a question: what is wanted, with what belongs to it and what fixes it later, on what base."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial

from git_xsa.ask import problems
from git_xsa.ask.fitting import fitting_changes
from git_xsa.ask.follow_ups import Later, later_fixes
from git_xsa.ask.newer_branches import NewerBranches
from git_xsa.ask.own_store import under_embargo
from git_xsa.ask.question import Proposal, Question, propose
from git_xsa.ask.session import Session
from git_xsa.ask.supply import supplier
from git_xsa.ask.tip import version_of
from git_xsa.ask.unmarked import unmarked_among
from git_xsa.ask.verdict import State
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.problems import HistoryError
from git_xsa.model.selection import Selection


def compose(
    session: Session,
    base: Commit,
    tip: Commit,
    history: Range,
    xsa_of: dict[int, tuple[int, ...]],
    asked: tuple[int, ...] = (),
    settled: Collection[int] = (),
) -> Question:
    """Return the question about the changes that ``xsa_of`` has as keys, and about those that belong to them.

    ``settled`` are the advisories whose patches are known from a text.
    """
    start = history.position[base.id]
    lacking = session.follow_ups != "ignore" and any(position > start for position in xsa_of)
    newer = _newer(session, base, tip, history) if lacking else None  # git looks meanwhile
    unmarked = unmarked_among(session.repository, history, start, xsa_of, settled)
    whole = xsa_of | {one.position: (one.number,) for one in unmarked if one.patch}
    proposal = proposal_of(session, base, history, whole)
    if len(whole) > len(xsa_of) and proposal.state is State.CONFLICTS and history.base is not None:
        alone = proposal_of(session, base, history, xsa_of)
        if alone.state is not State.CONFLICTS:  # the base has its own way of what belongs to the patches
            unmarked = [one._replace(patch=False) for one in unmarked]
            whole, proposal = xsa_of, alone
    whole, proposal, later = _with_later(session, base, history, whole, proposal)
    queue = proposal.selection.queue
    told = tuple(one for one in unmarked if one.patch or one.position not in queue)
    secret = under_embargo(session, {*asked, *(number for numbers in whole.values() for number in numbers)})
    chain = {*queue, *(one.position for one in later)}
    elsewhere = newer.fixes_of({one: history.names(one) for one in chain}) if newer is not None and queue else ()
    question = Question(
        base, tip, history, whole, asked, proposal,
        unmarked=told, later=later, elsewhere=elsewhere, secret=secret, settled=frozenset(settled),
    )  # fmt: skip
    conflicts = proposal.state is State.CONFLICTS
    return replace(question, rest=without_conflicts(session, question, proposal.selection)) if conflicts else question


def _newer(session: Session, base: Commit, tip: Commit, history: Range) -> NewerBranches:
    """Return what the development branch fixes, or where it is not here the stable branches after that of ``tip``,
    and this branch lacks."""
    having = (tip.id,) if history.base is None else (tip.id, history.base)
    version = version_of(session.branches, base, tip)
    after = (branch for branch in session.branches.stable if version and branch.version > version)
    return session.once(_newer_than, having, tuple(branch.end for branch in session.branches.development or after))


def _newer_than(session: Session, having: tuple[str, ...], ends: tuple[Commit, ...]) -> NewerBranches:
    return NewerBranches(session.repository, having, ends)


def _with_later(
    session: Session, base: Commit, history: Range, wanted: dict[int, tuple[int, ...]], proposal: Proposal
) -> tuple[dict[int, tuple[int, ...]], Proposal, tuple[Later, ...]]:
    """Return what is wanted and proposed with the follow-ups that are to be added, and the follow-ups."""
    if session.follow_ups == "ignore" or proposal.selection.impossible:
        return wanted, proposal, ()
    start = history.position[base.id]
    added: set[int] = set()
    refused: set[int] = set()
    later = later_fixes(history, start, proposal.selection.queue)
    while session.follow_ups == "add":
        fresh = [one.position for one in later if not one.added and one.position not in refused]
        if not fresh:  # ends: each round takes the first follow-up in or refuses it
            break
        larger = proposal_of(session, base, history, {*wanted, *added, fresh[0]})
        if larger.selection.impossible:
            refused.add(fresh[0])
            continue
        added.add(fresh[0])
        proposal = larger
        later = later_fixes(history, start, proposal.selection.queue, added)
    return {**dict.fromkeys(sorted(added), ()), **wanted}, proposal, later


def without_conflicts(session: Session, question: Question, selection: Selection) -> Question | None:
    """Return the question about the advisories that go in as ``selection`` says, which has conflicts; each as a
    whole, ``None`` when there is none."""
    patches = {one.position for one in question.unmarked if one.patch}
    fitting = fitting_changes(question.xsa_of, selection)
    fitting = {position: found for position, found in fitting.items() if position not in patches}
    base, history = question.base, question.range
    if all(position <= history.position[base.id] for position in fitting):
        return None
    numbers = {number for found in fitting.values() for number in found}
    asked = tuple(number for number in question.asked if number in numbers)
    return compose(session, base, question.tip, history, fitting, asked, question.settled)


def proposal_of(session: Session, base: Commit, history: Range, wanted: Iterable[int]) -> Proposal:
    """Return what the line history says of the changes at ``wanted``."""
    try:
        supply = supplier(session, base, history)
        grow = partial(supply, history.history) if supply is not None else None
        return propose(history, history.position[base.id], sorted(wanted), grow)
    except HistoryError as error:
        commit = history.commits[error.position - 1].id[:12] if error.position > 0 else base.name
        path = error.path.decode("utf-8", "backslashreplace")
        raise problems.inconsistent_history(path, commit, error.why) from None
