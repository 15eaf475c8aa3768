"""What commits have at some paths, as the placing of patches compares it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from git_xsa.git import problems
from git_xsa.git.repository import Repository
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import split_lines

TREE_MODE = "040000"


@dataclass(frozen=True)
class PlacedFile:
    """A file at one place of the branch, as the patches so far have left it.

    ``id`` is its object name, ``None`` when a patch made it; ``lines`` are ``None`` for a folder.
    """

    mode: str
    id: str | None
    lines: list[bytes] | None


class CommitFiles:
    """Reads what commits have at some paths, each tree and file once.

    The long-lived reader is asked: no path may be seen in the words of a process, since the patches may be under
    embargo, and listing a whole tree for every place that is tried took most of the time.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._trees: dict[str, dict[bytes, tuple[str, str]]] = {}
        self._files: dict[tuple[str, str], PlacedFile] = {}

    def at(self, commit: str, paths: set[bytes]) -> dict[bytes, PlacedFile]:
        """Return what ``commit`` has at each of ``paths`` and at the folders above them."""
        files: dict[bytes, PlacedFile] = {}
        listings = {b"": self._tree(f"{commit}^{{tree}}")}
        for path in sorted(paths.union(*map(folders_of, paths))):  # a folder comes before what is in it
            folder, _, name = path.rpartition(b"/")
            mode, found = listings.get(folder, {}).get(name, ("", ""))
            if mode == TREE_MODE:
                listings[path] = self._tree(found)
            if mode:
                files[path] = self._file(mode, found)
        return files

    def _tree(self, name: str) -> dict[bytes, tuple[str, str]]:
        """Return the entries of a tree: the name of each -> its mode and object name."""
        if name not in self._trees:
            found = self._repository.read(name)
            if found is None:
                raise problems.missing_object(name, self._repository.folder, self._repository.missing_hint())
            self._trees[name] = dict(_entries(found[2], self._repository.hash_length // 2))
        return self._trees[name]

    def _file(self, mode: str, name: str) -> PlacedFile:
        if (mode, name) not in self._files:
            self._files[mode, name] = PlacedFile(mode, name, self._lines(mode, name))
        return self._files[mode, name]

    def _lines(self, mode: str, name: str) -> list[bytes] | None:
        """Return the lines of the object as a diff shows it: of a submodule just the commit, of a folder ``None``."""
        if mode == TREE_MODE:
            return None
        if mode == SUBMODULE_MODE:
            return [f"Subproject commit {name}\n".encode()]
        return split_lines(self._repository.contents([name])[name])


def _entries(content: bytes, length: int) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """Yield the name, the mode and the object name of each entry of a tree; these have ``length`` bytes."""
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + length
        yield name, (mode.decode().zfill(6), content[end + 1 : at].hex())


def folders_of(path: bytes) -> list[bytes]:
    """Return the folders that ``path`` is in."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
