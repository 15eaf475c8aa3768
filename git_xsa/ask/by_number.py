"""Ask about advisories by number: by their patches in the store, or else by the branch's commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from git_xsa.ask import problems
from git_xsa.ask.marked import ask_marked, ask_named, fixed_later
from git_xsa.ask.own_store import own_store
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import Verdict
from git_xsa.git.repository import Commit
from git_xsa.model.words import advisory_names

if TYPE_CHECKING:
    from git_xsa.ask.stored_advisories import StoredAdvisories


def stored_advisories(session: Session) -> StoredAdvisories | None:
    """Return the advisories in the store, ``None`` when there are none."""
    return session.once(_stored_advisories)


def _stored_advisories(session: Session) -> StoredAdvisories | None:
    kept = session.once(own_store)
    if kept is None:
        return None
    from git_xsa.ask.stored_advisories import StoredAdvisories  # noqa: PLC0415 - loads the readers of patches: 60 ms

    found = StoredAdvisories(session, kept)
    return found if found.numbers else None


def ask(session: Session, base: Commit, tip: Commit, numbers: Sequence[int], named: bool) -> list[Question]:
    """Ask about the advisories ``numbers``, by their patches in the store or else by the branch's commits; patches that
    a person has adapted stand for those that are in conflict.

    ``named``: a person asked for just these, so those in the base count, too.  There are several questions when
    some patches don't fit with the others.
    """
    return [_adapted(session, question) for question in ask_as_published(session, base, tip, numbers, named)]


def _adapted(session: Session, question: Question) -> Question:
    if not question.proposal.selection.impossible:
        return question
    from git_xsa.ask.adapting import adaptations, with_adaptations  # noqa: PLC0415 - only for what is in conflict

    known = session.once(adaptations)
    return with_adaptations(session, question, known) if known is not None else question


def ask_as_published(
    session: Session, base: Commit, tip: Commit, numbers: Sequence[int], named: bool
) -> list[Question]:
    """Ask as ``ask`` does, about published patches alone."""
    advisories = stored_advisories(session)
    if advisories is not None and advisories.numbers.intersection(numbers):
        return advisories.ask(base, tip, numbers, named)
    return [(ask_named if named else ask_marked)(session, base, tip, numbers)]


def ask_one(session: Session, base: Commit, tip: Commit, numbers: Sequence[int], named: bool) -> Question:
    """Ask as ``ask`` does, for one queue; ``XsaError`` (status 2) when some patches don't fit with the others."""
    first, *apart = ask(session, base, tip, numbers, named)
    if apart:
        names = ", ".join(advisory_names(question.asked) for question in apart)
        reasons = [series.remark for question in apart for series in question.found if series.remark]
        raise problems.no_joint_queue(names, reasons)
    return first


def outstanding(session: Session, base: Commit, tip: Commit) -> list[int]:
    """Return the advisories that commits after ``base`` fix, and those that the store has patches of, by number.

    What a package's patches behind the queue fix is not outstanding, either."""
    place = session.placements.get(base.id)
    base = place.whole if place is not None else base
    known = fixed_later(session, base, tip)
    advisories = stored_advisories(session)
    return sorted({*known, *(advisories.outstanding(base, tip, known) if advisories is not None else ())})


def each_outstanding(session: Session, base: Commit, tip: Commit) -> Iterator[tuple[int, Verdict]]:
    """Yield the number of each advisory that is outstanding on ``base``, with an answer for it by itself."""
    for number in outstanding(session, base, tip):
        for question in ask(session, base, tip, [number], named=False):
            yield number, question.answer(session.quarantine)
