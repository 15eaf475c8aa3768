"""A queue as a range of its own: its changes right after the base, each with the lines that it has there.

The queue of a base on which some patches were adapted by hand comes from several ranges: that of the base, that of the
base with the first adapted patch, and so on.  Here they stand one after the other, so that everything which works on a
range works on them: each change keeps its commit, its message and its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from git_xsa.advisory.series import PlacedPatch
from git_xsa.git.diffs import as_change
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.repository import Repository
from git_xsa.model.change import Touch
from git_xsa.model.history import FileState
from git_xsa.model.rules import Chosen


@dataclass(frozen=True)
class Spot:
    """A change of a queue: at ``position`` of ``range``, after the changes ``before``."""

    range: Range
    position: int
    before: Chosen

    def placed(self, number: int) -> PlacedPatch:
        """Return it as the change at the position ``number`` of a range of the queue alone."""
        after = Chosen(self.before.base, self.before.queue | {self.position})
        history = self.range.history
        history.prepare([self.position])
        changes = history.rewritten(self.position, self.before, after)
        states = [history.states([self.position], chosen) for chosen in (self.before, after)]
        touches = tuple(
            _touch(number, (change.old_path, change.new_path), states, self.range.hash_length) for change in changes
        )
        commit = self.range.commits[self.position - 1]
        return PlacedPatch(commit, self.range.text(self.position), touches, tuple(changes))


def _touch(
    number: int,
    paths: tuple[bytes | None, bytes | None],
    states: Sequence[Mapping[bytes, FileState | None]],
    length: int,
) -> Touch:
    found = [state[path] if path is not None else None for path, state in zip(paths, states, strict=True)]
    modes = [file.mode if file is not None else None for file in found]
    names = [file.object_name(length) if file is not None else None for file in found]
    return Touch(number, *paths, *modes, *names)


def named(commit: LoggedCommit) -> PlacedPatch:
    """Return a change that is known by its name alone, and does nothing."""
    return PlacedPatch(commit, b"", (), ())


def flat_range(repository: Repository, base: str, changes: Sequence[PlacedPatch]) -> Range:
    """Return the range in which ``changes`` stand right after the commit ``base``."""
    return Range(repository, base, base, changes, base)


def under(repository: Repository, history: Range, start: int, base: str) -> Range:
    """Return the part of ``history`` after the position ``start``, for ``base``: a commit that was made on what stands
    there, and that is beside the line from there on."""
    root = history.commits[start - 1].id if start else history.root
    patches = [
        PlacedPatch(
            history.commits[position - 1],
            history.text(position),
            tuple(touch._replace(position=position - start) for touch in history.index.at([position])),
            tuple(map(as_change, history.diffs([position])[position])),
        )
        for position in range(history.size + 1, len(history.commits) + 1)
    ]
    return Range(repository, root, history.tip, patches, base)
