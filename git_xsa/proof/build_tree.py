"""A throwaway work tree for builds, outside the repository.

It is written file by file from object contents, not by ``git worktree`` or ``git checkout``: the repository gets no
metadata, no filter or attribute changes a byte, and a file that stays as it is keeps its time of change, so that make
compiles only what changed.  The folder is readable by the user alone and gone when the tree is closed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from git_xsa.git.folders import remove
from git_xsa.git.scratch import Scratch
from git_xsa.git.trial import Entry
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE
from git_xsa.proof import problems, remarks

#: The tree itself is this folder in the throwaway folder.
TREE = "tree"
EXECUTABLE = "100755"
#: So many characters of a long path's start and end are shown in a message.
_SHOWN = 60
#: With less space than this, in bytes, a build that fails is not believed.
_LEAST = 64 << 10


class BuildTree:
    """The work tree; use it as a context manager.

    ``folder`` holds it and what the build writes to its temporary folder, ``tree`` is where the build runs.
    ``used`` says whether anything was shown, and so built, there before what is shown now, since the tree was new.
    """

    def __init__(self) -> None:
        self._scratch = Scratch(Path(tempfile.gettempdir()).resolve())  # a build is too large for memory
        self.folder = self._scratch.path
        self.tree = self.folder / TREE
        self.temporary = self.folder / "tmp"
        self._shown: dict[bytes, Entry] = {}
        self.used = False
        self.clear()

    def __enter__(self) -> BuildTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def crowded(self) -> str:
        """Where there is no space left, in words; empty: there is some everywhere."""
        for place in (self.tree, self.temporary):
            with contextlib.suppress(OSError):
                state = os.statvfs(place)
                blocks = state.f_bavail if os.geteuid() else state.f_bfree  # root has the reserved ones, too
                if blocks * state.f_frsize < _LEAST or (state.f_files and not state.f_favail):
                    return remarks.no_space(Path(tempfile.gettempdir()))
        return ""

    def close(self) -> None:
        """Remove the work tree, whatever modes a build gave its folders."""
        remove(self.tree)
        remove(self.temporary)
        self._scratch.close()

    def clear(self) -> None:
        """Start again, with an empty tree."""
        self._shown = {}
        self.used = False
        for folder in (self.tree, self.temporary):
            remove(folder)
            folder.mkdir()

    def show(self, entries: Mapping[bytes, Entry], content: Callable[[bytes], bytes]) -> None:
        """Make the tree hold ``entries``; ``content`` gives the file at a path.

        Only files that differ from what was shown last are written.  ``XsaError`` for one that can't be.
        """
        self.used = self.used or bool(self._shown)
        gone = self._shown.keys() - entries.keys()
        changed = sorted(path for path, entry in entries.items() if self._shown.get(path) != entry)
        self.temporary.mkdir(exist_ok=True)  # a build may have removed it
        for path in sorted(gone):
            self._drop(path)
            del self._shown[path]
        for path in changed:
            self._shown.pop(path, None)  # until it is written
            try:
                self._write(path, entries[path][0], content)
            except OSError as error:
                raise problems.unwritable(_short(path), error.strerror) from None
            self._shown[path] = entries[path]

    def _place(self, path: bytes) -> bytes:
        """Return where the file at ``path`` is written; ``XsaError`` for a path that leads out of the tree."""
        parts = path.split(b"/")
        if any(part in (b"", b".", b"..") or part.lower() == b".git" for part in parts):
            name = path.decode("utf-8", "backslashreplace")
            raise problems.never_written(name)
        return os.path.join(os.fsencode(self.tree), path)

    def _drop(self, path: bytes) -> None:
        place = self._place(path)
        if self._is_reached(path):
            remove(place)

    def _is_reached(self, path: bytes) -> bool:
        """Whether all folders on the way to ``path`` are folders, and no links to elsewhere."""
        place = os.fsencode(self.tree)
        for part in path.split(b"/")[:-1]:
            place = os.path.join(place, part)
            if os.path.islink(place) or not os.path.isdir(place):
                return False
        return True

    def _write(self, path: bytes, mode: str, content: Callable[[bytes], bytes]) -> None:
        place = self._place(path)
        folder = os.fsencode(self.tree)
        for part in path.split(b"/")[:-1]:
            folder = os.path.join(folder, part)
            if os.path.islink(folder) or not os.path.isdir(folder):
                remove(folder)
                os.mkdir(folder)
        remove(place)
        if mode == SUBMODULE_MODE:
            os.mkdir(place)
        elif mode == SYMLINK_MODE:
            os.symlink(content(path), place)
        else:
            bits = 0o755 if mode == EXECUTABLE else 0o644
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, bits), "wb") as file:
                file.write(content(path))


def _short(path: bytes) -> str:
    """Return ``path`` for a message: of a long one its start and its end."""
    name = path.decode("utf-8", "backslashreplace")
    return name if len(name) <= 2 * _SHOWN else f"{name[:_SHOWN]}...{name[-_SHOWN:]}"
