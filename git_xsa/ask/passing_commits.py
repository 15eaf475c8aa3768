"""Commits that exist as long as a session: a base with a part of its queue, and what is picked onto it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from git_xsa.advisory.commit_files import CommitFiles
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.series import PlacedPatch, place_series
from git_xsa.ask.flat import flat_range
from git_xsa.git.source_tree import SourceFile
from git_xsa.model.history import FileState, Opaque
from git_xsa.model.rules import Chosen

if TYPE_CHECKING:
    from git_xsa.ask.session import Session


class PassingCommits:
    """Makes such commits for ``session``, in a scratch repository: the user's gets no object."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._repository = session.repository

    def make(self, files: Mapping[bytes, SourceFile | None], parent: str, message: str) -> str:
        """Return a new commit on ``parent`` in which each of ``files`` is as given, ``None``: not there."""
        return self._session.borrowed.commit_changes(files, parent, [message])

    def with_changes(self, commit: str, changes: Sequence[PlacedPatch]) -> str:
        """Return a new commit of the files of ``commit`` with ``changes``, whose places there are certain."""
        history = flat_range(self._repository, commit, changes).history
        every = range(1, len(changes) + 1)
        history.prepare(every)
        return self.make(self.files(history.states(every, Chosen(0, frozenset(every)))), commit, "Patches")

    def with_patch(self, commit: str, patch: PatchFile) -> str:
        """Return a new commit of the files of ``commit`` with ``patch``; ``Unplaced`` when it has no place there."""
        return self.with_changes(commit, [self.placed(commit, patch)])

    def as_made(self, commit: str, patch: PatchFile, names: Mapping[str, str]) -> str | None:
        """Return a commit that is ``patch``, after ``commit`` with the files that it was made from, whose object names
        are ``names``; ``None`` where the repository lacks one of them."""
        files: dict[bytes, SourceFile | None] = {}
        for change in patch.changes:
            path = change.old_path
            if path is None:
                continue
            found = self._repository.read(names.get(path.decode("utf-8", "backslashreplace"), ""))
            if found is None or found[1] != "blob" or change.binary:
                return None
            files[path] = SourceFile(path, change.old_mode or "100644", found[2])
        before = self.make(files, commit, "The files that it was made from")
        return self.with_patch(before, patch)

    def placed(self, commit: str, patch: PatchFile, position: int = 0) -> PlacedPatch:
        """Return ``patch`` with its place in the files of ``commit``, which has ``position`` in the range that it is
        for; ``Unplaced`` when it has none."""
        [placed] = place_series(self._repository, commit, position, patch.paths, [patch])
        return placed

    def files(self, states: Mapping[bytes, FileState | None]) -> dict[bytes, SourceFile | None]:
        """Return the files that ``states`` describes."""
        return {path: self._file(path, found) for path, found in states.items()}

    def files_of(self, commit: str, paths: Collection[bytes]) -> dict[bytes, SourceFile | None]:
        """Return the files at ``paths`` as ``commit`` has them."""
        found = CommitFiles(self._repository).at(commit, set(paths))
        made: dict[bytes, SourceFile | None] = dict.fromkeys(paths)
        for path in made:
            file = found.get(path)
            if file is not None and file.lines is not None:
                made[path] = SourceFile(path, file.mode, b"".join(file.lines))
        return made

    def _file(self, path: bytes, state: FileState | None) -> SourceFile | None:
        if state is None:
            return None
        if len(state.lines) == 1 and isinstance(state.lines[0], Opaque):
            name = state.lines[0].decode()
            return SourceFile(path, state.mode, self._repository.contents([name])[name])
        return SourceFile(path, state.mode, b"".join(state.lines))
