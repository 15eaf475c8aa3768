"""The largest part of a question that can be answered with a queue: each advisory as a whole, or not at all.

There is one such part.  What stands in the way of a patch are lines of the base, which no other advisory changes; so an
advisory is out if a patch of it does not fit, or comes after one that is out, and all others go in together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from git_xsa.ask import remarks
from git_xsa.ask.compose import without_conflicts
from git_xsa.ask.obstacle import obstacle
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import State
from git_xsa.model.selection import Selection
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.model.relax import Relaxed


def one_queue(questions: Sequence[Question]) -> Question:
    """Return the first of ``questions``, which is about one queue, with what the others are about as left out."""
    first, *apart = questions
    out: dict[int, Remark] = {}
    for question in apart:
        known = [series.remark for series in question.found if series.remark]
        why = known[0] if known else remarks.cannot_join()
        out |= dict.fromkeys(question.asked, why)
    return replace(first, out=out)


def going_in(session: Session, question: Question, relaxed: Callable[[Question], Relaxed] | None = None) -> Question:
    """Return ``question`` without the advisories that can't be applied, and why each is left out.

    ``relaxed`` gives the selection for a question when context may be refreshed.  Where nothing goes in, the question
    is returned as it is, in conflict.
    """
    if question.rest is not None and question.rest.adapted:  # what goes in has been asked about, step by step
        rest = question.rest
        selection, known = question.proposal.selection, set(rest.asked)
        why = {number: _why(question, selection, number) for number in question.asked if number not in known}
        return replace(rest, out={**question.out, **why})
    while question.proposal.selection.impossible:  # ends: each round leaves out an advisory or is the last
        selection = relaxed(question).selection if relaxed is not None else question.proposal.selection
        smaller = without_conflicts(session, question, selection) if selection.impossible else None
        if smaller is None:
            break
        kept = {number for numbers in smaller.xsa_of.values() for number in numbers}
        lost = {number for numbers in question.xsa_of.values() for number in numbers} - kept
        out = {**question.out, **{number: _why(question, selection, number) for number in sorted(lost)}}
        question = replace(
            smaller,
            asked=tuple(number for number in question.asked if number not in lost),
            found=tuple(series for series in question.found if series.number not in lost),
            published=question.published,
            not_judged=question.not_judged,
            on_branch={p: commit for p, commit in question.on_branch.items() if p in smaller.xsa_of},
            out=out,
        )
    return question


def _why(question: Question, selection: Selection, number: int) -> Remark:
    """Return why the advisory ``number`` can't be applied as ``selection`` has it."""
    verdict = question.verdict(State.CONFLICTS, selection)
    own = [position for position in selection.wanted if number in question.xsa_of.get(position, ())]
    return remarks.cannot_be_applied(obstacle(verdict, own))
