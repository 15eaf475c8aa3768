"""What a base beside the branch has of the fixes of each advisory, and by what that is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import NamedTuple

from git_xsa.ask.own_fixes import OwnFixes
from git_xsa.ask.session import Session
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.partial import Partial, parts


class InTree(str, Enum):
    """What a base is as to an advisory."""

    FIXED = "fixed"
    LACKING = "lacking"
    PARTLY = "partly"
    #: It lacks every file that the fix changes, and the release that it was made from has one.
    NEVER_AFFECTED = "never-affected"


class Presence(str, Enum):
    """What a base has of a commit."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"
    NO_FILES = "no-files"


class FixInTree(NamedTuple):
    """What a base has of the commit at ``position``, by hunk where it has a part."""

    position: int
    presence: Presence
    parts: Sequence[Partial] = ()
    #: Whether equal lines can be read so that the contrary holds.
    uncertain: bool = False


class AdvisoryInTree(NamedTuple):
    """What a base is as to the advisory ``number``, by the branch's commits that fix it; ``said_by`` are commits of the
    base that say they do."""

    number: int
    standing: InTree
    fixes: tuple[FixInTree, ...]
    said_by: tuple[str, ...] = ()


class TreeContents(NamedTuple):
    """What ``base`` has, by advisory; ``range`` is that of the commits."""

    base: Commit
    range: Range
    advisories: tuple[AdvisoryInTree, ...]


def contents_of(session: Session, base: Commit, tip: Commit, numbers: Collection[int] = ()) -> TreeContents | None:
    """Return what ``base`` has of the fixes of ``numbers`` (none: all that the branch has since the base left it);
    ``None`` for a base on the branch."""
    history = session.ranges.between(base, tip)
    if history.base is None:
        return None
    wanted = [n for n, fixes in sorted(history.advisories.items()) if fixes[-1] > 0 and (not numbers or n in numbers)]
    own = OwnFixes(history, wanted)
    return TreeContents(base, history, tuple(_advisory(history, own, number) for number in wanted))


def never_affected(history: Range, numbers: Collection[int]) -> set[int]:
    """Return those of ``numbers`` whose fixes only change files that a base beside the branch lacks as a whole."""
    if history.tree is None:
        return set()
    return {number for number in numbers if all(_has_no_files(history, fix) for fix in history.advisories[number])}


def _advisory(history: Range, own: OwnFixes, number: int) -> AdvisoryInTree:
    fixes = tuple(_fix(history, own, position) for position in history.advisories[number])
    found = {fix.presence for fix in fixes}
    if number in own.advisories:
        standing = InTree.FIXED
    elif found == {Presence.NO_FILES}:
        standing = InTree.NEVER_AFFECTED
    else:
        standing = InTree.LACKING if found.isdisjoint((Presence.WHOLE, Presence.PART)) else InTree.PARTLY
    return AdvisoryInTree(number, standing, fixes, tuple(own.said.get(number, ())))


def _fix(history: Range, own: OwnFixes, position: int) -> FixInTree:
    return _presence(history, own, position)._replace(uncertain=history.history.uncertain(position))


def _presence(history: Range, own: OwnFixes, position: int) -> FixInTree:
    if position in own.commits:
        return FixInTree(position, Presence.WHOLE)
    if _has_no_files(history, position):
        return FixInTree(position, Presence.NO_FILES)
    found = parts(history.history, position)
    return FixInTree(position, Presence.PART if found else Presence.NONE, found)


def _has_no_files(history: Range, position: int) -> bool:
    """Whether a change is only to files that the root has, and the base under no name."""
    assert history.tree is not None
    changed = [touch.old_path for touch in history.index.at([position]) if touch.old_path is not None]
    for path in changed:
        touches = history.index.of([path])
        names = {name for touch in touches for name in touch.paths}
        if touches[0].old_path is None or history.tree.entries(names):
            return False
    return bool(changed)
