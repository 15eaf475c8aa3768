"""Commits that exist only as long as a command: source trees without history, and patches put on a base.

They are made in a repository of their own in scratch (private, and in memory where that can be), which borrows the
objects of the user's repository; git then reads both.  Nothing of it becomes an object of the user's repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import pathsep

from git_xsa.git.repository import Repository
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
        repository.borrow(folder / "objects")

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
        head = b"M %s inline %s\n" % (file.mode.encode(), _quoted(file.path))
        return b"%sdata %d\n%s\n" % (head, len(file.content), file.content)

    def _commit(self, changes: Iterable[bytes], parent: str, messages: Sequence[str]) -> str:
        """Return the last of new commits with ``messages`` on ``parent``, which makes the ``changes``."""
        # git walks by date: from commits that are older than their parents it would go on through the whole history.
        date = int(self._git.text("log", "-1", "--no-show-signature", "--format=%ct", parent, "--"))
        heads = []
        for message in messages:
            text = message.encode("utf-8", "replace")
            heads.append(
                f"commit {_REFERENCE}\ncommitter {_WHO} {date} +0000\ndata {len(text)}\n".encode() + text + b"\n"
            )
        first, *others = heads
        stream = b"".join([first, f"from {parent}\n".encode(), *others, *changes, b"done\n"])
        words = ("fast-import", "--quiet", "--done", "--force", "--depth=0")  # no deltas: it is read once or twice
        self._git.start("-c", "core.compression=0", *words, given=stream).finish()
        return self._git.text("rev-parse", _REFERENCE)


def _quoted(path: bytes) -> bytes:
    """Return a path as ``git fast-import`` reads it, whatever is in it."""
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
