"""What is in a base beside the branch: which commits of the branch it has, and what it has of its own, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from git_xsa.ask.session import Session
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.git.trees import entries_of
from git_xsa.model.lines import LineHistory
from git_xsa.model.rules import OWN, ROOT, Chosen, there


@dataclass(frozen=True)
class OwnFile:
    """A file that a base has in its own way: how many lines are its own, and how many that the branch has it lacks.

    No lines are counted (``None``) where no commit of the branch touches the file.
    """

    path: bytes
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class Inventory:
    """What a base has: ``picks`` are the positions of the commits that are there, ``partly`` those of which something
    is missing, with the files where something of them is."""

    base: Commit
    tip: Commit
    range: Range
    picks: tuple[int, ...]
    partly: tuple[tuple[int, tuple[bytes, ...]], ...]
    own: tuple[OwnFile, ...]


def take_stock(session: Session, base: Commit, tip: Commit) -> Inventory:
    """Return what ``base`` has of the branch up to ``tip``; of a base on the branch every commit up to it."""
    history = session.ranges.between(base, tip)
    if history.base is None:
        return Inventory(base, tip, history, tuple(range(1, history.position[base.id] + 1)), (), ())
    root, here = entries_of(session.repository, history.root), entries_of(session.repository, base.id)
    paths = sorted(path for path in root.keys() | here.keys() if root.get(path) != here.get(path))
    touches = history.index.of(paths)
    positions = sorted({touch.position for touch in touches})
    picks = sorted(history.taken(positions))
    parts = ((position, tuple(history.history.partly(position))) for position in positions)
    partly = tuple((position, files) for position, files in parts if files)
    own = _own_files(history, paths)
    return Inventory(base, tip, history, tuple(picks), partly, tuple(own))


def _own_files(history: Range, paths: Sequence[bytes]) -> list[OwnFile]:
    """Return those of the files at ``paths``, in which the base is not its root, that the branch does not explain."""
    found = []
    for path in paths:
        touches = history.index.of([path])
        if not touches:
            found.append(OwnFile(path, None, None))
            continue
        files = (lines for touch, lines in history.history.lines_of(touches[0].position) if path in touch.paths)
        counts = [_own_lines(lines) for lines in files]
        added, removed = (sum(one) for one in zip(*counts, strict=True)) if counts else (0, 0)
        if added or removed:
            found.append(OwnFile(path, added, removed))
    return found


def _own_lines(lines: LineHistory) -> tuple[int, int]:
    """Return how many lines the base has of its own in a file, and how many it lacks of those that it would have with
    the branch's changes that are in that file."""
    added = removed = 0
    for line in lines:
        standing = line.standing
        if standing is not None and standing.here:
            added += line.born == OWN
        elif standing is not None and there(line.lives, Chosen(ROOT, frozenset(standing.taken))):
            removed += 1
    return added, removed
