"""Commits that exist only as long as a command: source trees without history, and patches put on a base.

They are made in a repository of their own in scratch (private, and in memory where that can be), which borrows the
objects of the user's repository; git then reads both.  Nothing of it becomes an object of the user's repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from os import pathsep
from zlib import compress

from git_xsa.git.repository import Repository, date_of
from git_xsa.git.run import Git
from git_xsa.git.scratch import Scratch
from git_xsa.git.source_tree import SourceFile
from git_xsa.git.trees import Entries, entries_of
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import blob_name

_REFERENCE = "refs/heads/base"
_WHO = "git-xsa <git-xsa@localhost>"


class Borrowed:
    """A scratch repository beside ``repository``, whose commits ``repository`` can read from now on."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._scratch = Scratch()
        folder = self._scratch.path / "repository"
        environment = {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": str(folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": pathsep.join(repository.alternates_with_own),
        }
        self._git = Git(self._scratch.path, environment)
        self._git.text(
            "init", "--quiet", "--bare", f"--object-format={repository.object_format}", "--template=", str(folder)
        )
        self._objects = folder / "objects"
        repository.borrow(self._objects)

    def close(self) -> None:
        """Remove the scratch repository with all its commits."""
        self._git.close()
        self._scratch.close()

    def commit_tree(self, files: Iterable[SourceFile], parent: str, message: str) -> str:
        """Return a new commit on ``parent`` whose tree is ``files``."""
        known = entries_of(self._repository, parent)
        changes = [b"deleteall\n", *(self._entry(file, known) for file in files)]
        return self._commit(changes, parent, [message])

    def commit_changes(self, files: Mapping[bytes, SourceFile | None], parent: str, messages: Sequence[str]) -> str:
        """Return a new commit on ``parent`` in which each of ``files`` is as given, ``None``: not there.

        Each of ``messages`` is a commit's; all of it is changed in the last.
        """
        removed = [b"D %s\n" % _quoted(path) for path, file in files.items() if file is None]
        written = [self._entry(file, {}) for file in files.values() if file is not None]
        return self._commit([*removed, *written], parent, messages)

    def _entry(self, file: SourceFile, known: Entries) -> bytes:
        """Return the line that puts ``file`` into a tree, with its contents where no object has them yet."""
        name = blob_name(file.content, self._repository.hash_length)
        if known.get(file.path, ("", ""))[1] == name:
            return b"M %s %s %s\n" % (file.mode.encode(), name.encode(), _quoted(file.path))
        if file.mode == SUBMODULE_MODE:  # of which the content is the commit, or the line that a diff has for it
            return b"M %s %s %s\n" % (file.mode.encode(), file.content.split()[-1], _quoted(file.path))
        self._store(name, file.content)
        return b"M %s %s %s\n" % (file.mode.encode(), name.encode(), _quoted(file.path))

    def _store(self, name: str, content: bytes) -> None:
        """Write the blob ``name`` as a loose object, not compressed (gitformat-loose).

        ``git fast-import`` hashes what it is given three times, slowly enough to be safe from collisions: for the 400
        files of a package 0.2 s.
        """
        folder = f"{self._objects}/{name[:2]}"
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        with open(f"{folder}/{name[2:]}", "wb", buffering=0) as file:
            file.write(compress(b"blob %d\0" % len(content) + content, level=0))

    def _commit(self, changes: Iterable[bytes], parent: str, messages: Sequence[str]) -> str:
        """Return the last of new commits with ``messages`` on ``parent``, which makes the ``changes``."""
        # git walks by date: from commits that are older than their parents it would go on through the whole history.
        date = date_of(self._repository, parent)
        heads = []
        for message in messages:
            text = message.encode("utf-8", "replace")
            head = f"commit {_REFERENCE}\nmark :1\ncommitter {_WHO} {date} +0000\ndata {len(text)}\n"
            heads.append(head.encode() + text + b"\n")
        first, *others = heads
        stream = b"".join([first, f"from {parent}\n".encode(), *others, *changes, b"get-mark :1\n", b"done\n"])
        words = ("fast-import", "--quiet", "--done", "--force", "--depth=0")  # no deltas: it is read once or twice
        made = self._git.start("-c", "core.compression=0", *words, given=stream).finish().out
        return made.decode().strip()


def _quoted(path: bytes) -> bytes:
    """Return a path as ``git fast-import`` reads it, whatever is in it."""
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
