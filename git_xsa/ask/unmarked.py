"""Find the commits without a mark that belong to the fixes that are asked about, by the branch's log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from git_xsa.ask import remarks
from git_xsa.git.log import LoggedCommit, Range, before_root
from git_xsa.git.repository import Repository
from git_xsa.model.marks import marked_advisories
from git_xsa.model.unmarked import Between, standing_between, touches_the_same
from git_xsa.model.words import DIGITS
from git_xsa.wording import Remark


class Unmarked(NamedTuple):
    """A commit without a mark among those of the advisory ``number``, ``between`` two of these, by their names.

    ``patch``: it is in the answer as a patch of the advisory.  Else it is not in the queue, and a person has to see
    whether it belongs there.
    """

    position: int
    number: int
    between: tuple[str, str]
    patch: bool


def note_on(one: Unmarked) -> Remark:
    """Return what to say of a commit that is in the answer as a patch."""
    return remarks.not_marked(one.number)


def doubt_about(one: Unmarked, history: Range) -> Remark:
    """Return what to say of a commit that is not in the queue."""
    commit = history.commits[one.position - 1]
    return remarks.perhaps_of_the_fix(commit.id[:DIGITS], commit.subject, one.number)


def unmarked_among(
    repository: Repository,
    history: Range,
    start: int,
    xsa_of: Mapping[int, Collection[int]],
    settled: Collection[int],
) -> list[Unmarked]:
    """Return the commits after ``start``, the base, without a mark that stand among the commits ``xsa_of`` of each
    advisory, or those of them that the base has, and that the base lacks.

    Patches of it are those of one push and one author with the marked commits before and after them, that touch what a
    later one touches.  ``settled`` are the advisories whose patches a text names: nothing else belongs to them.
    """
    numbers = {number for asked in xsa_of.values() for number in asked}
    fixed = sorted((numbers - set(settled)) & history.advisories.keys(), reverse=True)
    before = before_root(repository, history) if fixed else ()
    every = [one for number in fixed for one in _of(history, number, before)]
    found = {one.position: one for one in sorted(every, key=lambda one: one.joined) if one.position > start}
    places = {place for one in every for place in (one.before, one.after)}
    wanted = xsa_of.keys() | history.taken(places) | {place for place in places if place <= start}
    present = history.taken(found)
    name = {place: (history.commits if place > 0 else before)[place - 1].id for place in places}
    return [
        Unmarked(
            position,
            one.number,
            (name[one.before], name[one.after]),
            one.joined and _touches(history, one),
        )
        for position, one in sorted(found.items())
        if position not in present
        and position not in xsa_of
        and {one.before, one.after} <= wanted
        and xsa_of.keys() & {one.before, one.after}
    ]


def _of(history: Range, number: int, before: Sequence[LoggedCommit]) -> Iterator[Between]:
    """Yield the commits that stand among those of the advisory ``number``; the first of these may be one of those
    ``before`` the line, the last of which is at 0."""
    fixes = history.advisories[number]
    yield from standing_between(history.commits, number, fixes, history.marked)
    marks = [marked_advisories(commit.message) for commit in before]
    last = next((place for place, found in reversed(list(enumerate(marks, 1))) if number in found), None)
    if last is not None:
        size = len(before)
        line = [*before, *history.commits[: fixes[0]]]
        marked = {place for place, found in enumerate(marks, 1) if found} | {size + place for place in history.marked}
        for one in standing_between(line, number, (last, size + fixes[0]), marked):
            yield one._replace(position=one.position - size, before=last - size, after=fixes[0])


def _touches(history: Range, one: Between) -> bool:
    """Whether a commit touches what a later one of the advisory does."""
    text = history.text(one.position)
    later = (position for position in history.advisories[one.number] if position > one.position)
    return any(touches_the_same(text, history.text(position)) for position in later)
