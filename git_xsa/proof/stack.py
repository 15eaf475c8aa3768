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
from git_xsa.git.repository import Commit, Repository
from git_xsa.git.trees import Entries, entries_of
from git_xsa.git.trial import Entry
from git_xsa.model.history import FileState, Opaque
from git_xsa.model.rules import Chosen
from git_xsa.proof import problems

#: The files that some changes touch, as they are after them; ``None``: gone.
States = Mapping[bytes, FileState | None]


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


def tree_of(repository: Repository, base: Entries, states: States) -> TreeFiles:
    """Return the files of ``base`` with those of ``states`` in their places."""
    entries = {path: entry for path, entry in base.items() if path not in states}
    for path, state in states.items():
        if state is not None:
            entries[path] = (state.mode, state.object_name(repository.hash_length))

    def content(path: bytes) -> bytes:
        state = states.get(path)
        if state is None:
            return _object(repository, entries[path][1], path)
        if len(state.lines) == 1 and isinstance(state.lines[0], Opaque):
            return _object(repository, state.lines[0].decode(), path)
        return b"".join(state.lines)

    return TreeFiles(entries, content)


def _object(repository: Repository, name: str, path: bytes) -> bytes:
    found = repository.read(name)
    if found is None:
        where = path.decode("utf-8", "backslashreplace")
        raise problems.no_binary_contents(where)
    return found[2]


class Stack:
    """A base and a queue on it; ``states(n)`` gives the files that the first ``n`` patches touch.

    ``xsa`` are the advisories that the queue fixes; ``private`` says that it may be under embargo.
    """

    def __init__(
        self,
        repository: Repository,
        base: Commit,
        patches: Sequence[QueuedPatch],
        xsa: Sequence[int],
        private: bool,
        states: Callable[[int], States],
    ) -> None:
        self.base, self.patches, self.xsa, self.private = base, tuple(patches), tuple(xsa), private
        self._repository, self._states = repository, states
        self._base = entries_of(repository, base.id)
        self._known: dict[int, States] = {0: {}}
        self._lock = Lock()  # several cells are built at a time, and git answers one after the other

    @property
    def changed(self) -> list[bytes]:
        """The paths that the queue changes, of files that are there after it."""
        return sorted(path for path, state in self._after(len(self.patches)).items() if state is not None)

    def tree(self, size: int) -> TreeFiles:
        """Return the base with the first ``size`` patches on it."""
        tree = tree_of(self._repository, self._base, self._after(size))

        def content(path: bytes) -> bytes:
            with self._lock:
                return tree.content(path)

        return TreeFiles(tree.entries, content)

    def _after(self, size: int) -> States:
        with self._lock:
            if size not in self._known:
                self._known[size] = self._states(size)
            return self._known[size]


def of_verdict(session: Session, verdict: Verdict) -> Stack:
    """Return the queue of ``verdict`` on its base."""
    history, selection, queue = verdict.range, verdict.selection, verdict.queue

    def states(size: int) -> States:
        return history.history.states(queue[:size], Chosen(selection.base, frozenset(queue[:size])))

    patches = []
    for position in queue:
        commit = history.commits[position - 1]
        marks = tuple(verdict.xsa_of.get(position) or history.marks(position))
        text = history.text(position)
        patches.append(QueuedPatch(commit.id, commit.subject, verdict.role(position), marks, text))
    found = {number for patch in patches for number in patch.xsa}
    return Stack(session.repository, verdict.base, patches, sorted(found), verdict.private, states)
