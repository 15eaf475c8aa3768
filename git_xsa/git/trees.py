"""Trees that are bases without being a position of the branch: what files they have, and what these hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from git_xsa.git.repository import Repository

#: What a listing has before the object name of a file.
_FILE = "100644 blob "
#: What a tree has: name -> mode and object name.
Entries = Mapping[bytes, tuple[str, str]]


def entries_of(repository: Repository, commit: str) -> Entries:
    """Return everything that the tree of ``commit`` has; by its object name it is read once."""
    known = repository.trees.get(commit)
    if known is None:
        known = _read(repository, commit)
        if len(commit) == repository.hash_length:  # a reference may move
            repository.trees[commit] = known
    return known


def files_of(repository: Repository, commit: str) -> list[bytes]:
    """Return the files that the tree of ``commit`` has, each as its object name, a tab, and its path."""
    return [line[len(_FILE) :] for line in _listing(repository, commit) if line[7:12] == b"blob "]


def _read(repository: Repository, commit: str) -> Entries:
    found = {}
    for line in _listing(repository, commit):
        words, _, path = line.partition(b"\t")
        mode, _, name = words.decode().split()
        found[path] = (mode, name)
    return found


def _listing(repository: Repository, commit: str) -> list[bytes]:
    # The whole tree: names of files that matter may be under embargo, and must not be seen in a process list.
    return repository.git.start("ls-tree", "-r", "-z", "--full-tree", commit).finish().out.split(b"\0")[:-1]


class CommitTree:
    """The tree of a commit that left the branch, or never was on it; ``likely`` is, by what it has, at which
    position the branch is most like it."""

    def __init__(self, repository: Repository, commit: str, likely: Callable[[Entries], int]) -> None:
        self._repository = repository
        self._commit = commit
        self._find_likely = likely

    @cached_property
    def all(self) -> Entries:
        """Everything that the tree has."""
        return entries_of(self._repository, self._commit)

    @cached_property
    def likely(self) -> int:
        """The position of the branch that the tree is most like."""
        return self._find_likely(self.all)

    def entries(self, paths: Collection[bytes]) -> Entries:
        """Return mode and object name of those files at ``paths`` that the tree has."""
        return {path: self.all[path] for path in paths if path in self.all}

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents of the files with the object names ``ids``."""
        return self._repository.contents(ids)
