"""What is proved: a base, and the same after each patch of a queue, as trees that can be written out.

The queue is that of an answer, whose files the line history knows after any number of patches, or one that was
exported before, whose files git makes (``git_xsa.export.exported``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from git_xsa.ask.session import Session
from git_xsa.ask.verdict import Verdict
from git_xsa.errors import XsaError
from git_xsa.git.repository import Commit, Repository
from git_xsa.git.trees import entries_of
from git_xsa.git.trial import Entry
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import FileState, Opaque, blob_name
from git_xsa.model.rules import Chosen

#: A file that a queue makes: its mode and contents; ``None``: it is gone.
Made = Mapping[bytes, tuple[str, bytes] | None]


@dataclass(frozen=True)
class QueuedPatch:
    """A patch of a queue: its id, subject, role, the advisories it fixes, and its text."""

    id: str
    subject: str
    role: str
    xsa: tuple[int, ...]
    text: bytes = field(repr=False)


@dataclass(frozen=True)
class TreeFiles:
    """Files by path, with mode and object name, and what gives the contents of one."""

    entries: Mapping[bytes, Entry]
    content: Callable[[bytes], bytes]


class Stack:
    """A base and a queue on it; ``made(n)`` gives the files that the first ``n`` patches touch.

    ``xsa`` are the advisories that the queue fixes; ``private`` says that it may be under embargo.
    """

    def __init__(
        self,
        repository: Repository,
        base: Commit,
        patches: Sequence[QueuedPatch],
        xsa: Sequence[int],
        private: bool,
        made: Callable[[int], Made],
    ) -> None:
        self.base, self.patches, self.xsa, self.private = base, tuple(patches), tuple(xsa), private
        self._repository, self._made = repository, made
        self._base = entries_of(repository, base.id)
        self._known: dict[int, Made] = {0: {}}
        self._lock = Lock()  # several cells are built at a time, and git answers one after the other

    @property
    def changed(self) -> list[bytes]:
        """The paths that the queue changes, of files that are there after it."""
        return sorted(path for path, file in self._files(len(self.patches)).items() if file is not None)

    def tree(self, size: int) -> TreeFiles:
        """Return the base with the first ``size`` patches on it."""
        made = self._files(size)
        entries = {path: entry for path, entry in self._base.items() if path not in made}
        for path, file in made.items():
            if file is not None:
                mode, content = file
                name = content.decode() if mode == SUBMODULE_MODE else self._blob(content)
                entries[path] = (mode, name)

        def content_of(path: bytes) -> bytes:
            file = made.get(path)
            return file[1] if file is not None else self._object(entries[path][1], path)

        return TreeFiles(entries, content_of)

    def _blob(self, content: bytes) -> str:
        return blob_name(content, self._repository.hash_length)

    def _files(self, size: int) -> Made:
        with self._lock:
            if size not in self._known:
                self._known[size] = self._made(size)
            return self._known[size]

    def _object(self, name: str, path: bytes) -> bytes:
        with self._lock:
            return blob_of(self._repository, name, path)


def blob_of(repository: Repository, name: str, path: bytes) -> bytes:
    """Return the contents of the blob ``name``, the file at ``path``; ``XsaError`` when no commit has them."""
    found = repository.read(name)
    if found is None:
        where = path.decode("utf-8", "backslashreplace")
        raise XsaError(f"the contents of {where} are in no commit: a binary patch can't be built", "leave it out")
    return found[2]


def of_verdict(session: Session, verdict: Verdict) -> Stack:
    """Return the queue of ``verdict`` on its base."""
    history, selection, queue = verdict.range, verdict.selection, verdict.queue

    def made(size: int) -> Made:
        states = history.history.states(queue[:size], Chosen(selection.base, frozenset(queue[:size])))
        return {path: _made(session.repository, state) for path, state in states.items()}

    patches = []
    for position in queue:
        commit = history.commits[position - 1]
        marks = tuple(verdict.xsa_of.get(position) or history.marks(position))
        patches.append(QueuedPatch(commit.id, commit.subject, verdict.role(position), marks, history.text(position)))
    found = {number for patch in patches for number in patch.xsa}
    return Stack(session.repository, verdict.base, patches, sorted(found), verdict.private, made)


def _made(repository: Repository, state: FileState | None) -> tuple[str, bytes] | None:
    if state is None:
        return None
    if state.mode == SUBMODULE_MODE:
        return state.mode, state.object_name(repository.hash_length).encode()
    if len(state.lines) == 1 and isinstance(state.lines[0], Opaque):
        return state.mode, blob_of(repository, state.lines[0].decode(), state.path)
    return state.mode, b"".join(state.lines)
