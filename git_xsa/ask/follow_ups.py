"""Follow-ups of a queue: later commits of the branch that say they fix one of it, and that it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from git_xsa.git.diffs import as_change
from git_xsa.git.log import Range
from git_xsa.model.follow_ups import changes_code, follow_ups
from git_xsa.model.words import DIGITS


class Later(NamedTuple):
    """A later commit of the branch at ``position`` that says it fixes the changes at ``of``.

    ``needed``: it changes more than comments, white space and documentation.  ``added``: it is part of the queue.
    """

    position: int
    of: tuple[int, ...]
    needed: bool
    added: bool = False


def shortly(history: Range, positions: Iterable[int]) -> str:
    """Return the commits at ``positions`` as a sentence has them: shortened, with commas."""
    return ", ".join(history.commits[position - 1].id[:DIGITS] for position in positions)


def later_fixes(history: Range, base: int, queue: Collection[int], added: Collection[int] = ()) -> tuple[Later, ...]:
    """Return the follow-ups of ``queue`` on the base at the position ``base`` that neither of them has, in the order of
    the branch, and those of the queue that were ``added`` to it."""
    of: dict[int, list[int]] = {}
    for found in follow_ups(history.names, history.fixing, queue):
        if found.position > base and (found.position not in queue or found.position in added):
            of.setdefault(found.position, []).append(found.of)
    lacking = sorted(of.keys() - history.taken(of.keys()))
    diffs = history.diffs(lacking)
    return tuple(
        Later(
            position,
            tuple(of[position]),
            changes_code(map(as_change, diffs[position])),
            position in added,
        )
        for position in lacking
    )
