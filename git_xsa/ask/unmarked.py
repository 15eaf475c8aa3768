"""Find the commits without a mark that belong to the fixes that are asked about, by the branch's log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from git_xsa.ask import remarks
from git_xsa.git.log import Range
from git_xsa.model.unmarked import Between, standing_between, touches_the_same
from git_xsa.model.words import DIGITS
from git_xsa.wording import Remark


class Unmarked(NamedTuple):
    """A commit without a mark among those of the advisory ``number``, between the commits ``before`` and ``after``.

    ``patch``: it is in the answer as a patch of the advisory.  Else it is not in the queue, and a person has to see
    whether it belongs there.
    """

    position: int
    number: int
    before: int
    after: int
    patch: bool


def note_on(one: Unmarked) -> Remark:
    """Return what to say of a commit that is in the answer as a patch."""
    return remarks.not_marked(one.number)


def doubt_about(one: Unmarked, history: Range) -> Remark:
    """Return what to say of a commit that is not in the queue."""
    commit = history.commits[one.position - 1]
    return remarks.perhaps_of_the_fix(commit.id[:DIGITS], commit.subject, one.number)


def unmarked_among(
    history: Range, start: int, xsa_of: Mapping[int, Collection[int]], settled: Collection[int]
) -> list[Unmarked]:
    """Return the commits after ``start`` without a mark that stand among the commits ``xsa_of`` of each advisory, or
    those of them that a base beside the branch has, and that the base lacks.

    Patches of it are those of one push and one author with the marked commits before and after them, that touch what a
    later one touches.  ``settled`` are the advisories whose patches a text names: nothing else belongs to them.
    """
    numbers = {number for asked in xsa_of.values() for number in asked}
    every = [one for number in sorted(numbers.difference(settled), reverse=True) for one in _of(history, number)]
    found = {one.position: one for one in sorted(every, key=lambda one: one.joined)}
    wanted = xsa_of.keys() | history.taken({place for one in every for place in (one.before, one.after)})
    present = history.taken(found)
    return [
        Unmarked(position, one.number, one.before, one.after, one.joined and _touches(history, one))
        for position, one in sorted(found.items())
        if one.before > start  # what came before must not decide: it is known or not by what else was asked about
        and position not in present
        and position not in xsa_of
        and {one.before, one.after} <= wanted
        and xsa_of.keys() & {one.before, one.after}
    ]


def _of(history: Range, number: int) -> Iterator[Between]:
    """Yield the commits that stand among those of the advisory ``number``."""
    fixes = history.advisories.get(number, ())
    yield from standing_between(history.commits, number, fixes, history.marked) if len(fixes) > 1 else ()


def _touches(history: Range, one: Between) -> bool:
    """Whether a commit touches what a later one of the advisory does."""
    text = history.text(one.position)
    later = (position for position in history.advisories[one.number] if position > one.position)
    return any(touches_the_same(text, history.text(position)) for position in later)
