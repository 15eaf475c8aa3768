"""The files of a commit with patches put on by GNU patch, as packagers' tools do it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from git_xsa.git.folders import make_folders, remove
from git_xsa.git.programs import failing_hunks, run_patch, run_patches
from git_xsa.git.repository import Repository
from git_xsa.git.scratch import Scratch
from git_xsa.git.source_tree import SourceFile
from git_xsa.git.trees import entries_of
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE


class Patched:
    """The files at ``paths`` of ``commit``, in a folder in scratch.  Use it as a context manager."""

    def __init__(self, repository: Repository, commit: str, paths: Iterable[bytes]) -> None:
        self._scratch = Scratch()
        self._paths = frozenset(paths)
        self._top = self._scratch.path / "tree"
        self._top.mkdir()
        entries = entries_of(repository, commit)
        # A link would lead GNU patch out of the folder.
        found = {path: entries[path] for path in self._paths if path in entries}
        plain = {path: entry for path, entry in found.items() if entry[0] not in (SYMLINK_MODE, SUBMODULE_MODE)}
        contents = repository.contents(sorted({name for _, name in plain.values()}))
        for path, (mode, name) in plain.items():
            place = self._place(path)
            make_folders(self._top, place.parent.relative_to(self._top))
            place.write_bytes(contents[name])
            place.chmod(0o755 if mode == "100755" else 0o644)

    def __enter__(self) -> Patched:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def put_on(self, texts: Sequence[bytes], fuzz: int) -> tuple[int | None, list[int]]:
        """Put on the patches ``texts`` with this ``fuzz``; return which one GNU patch refuses (``None``: it takes all),
        and which ones needed fuzz, counted from 0."""
        folder = self._scratch.path / "patches"
        folder.mkdir()
        for number, text in enumerate(texts, 1):
            (folder / str(number)).write_bytes(text)
        refused, fuzzy = run_patches(self._top, folder, len(texts), fuzz)
        remove(folder)
        return refused - 1 if refused is not None else None, [number - 1 for number in fuzzy]

    def takes(self, text: bytes, fuzz: int, back: bool = False) -> bool:
        """Whether GNU patch would put on ``text`` (``back``: take it back); the files stay as they are."""
        return run_patch(self._top, text, fuzz, trial=True, back=back)

    def refusals(self, text: bytes, fuzz: int) -> list[tuple[bytes, int]]:
        """Return where GNU patch would not put on ``text``: each file with the number of the hunk, 0 for the file."""
        return failing_hunks(self._top, text, fuzz)

    def files(self) -> dict[bytes, SourceFile | None]:
        """Return the files as they are now, ``None``: not there."""
        return {path: self._read(path) for path in self._paths}

    def _read(self, path: bytes) -> SourceFile | None:
        place = self._place(path)
        if not place.is_file() or place.is_symlink():
            return None
        mode = "100755" if place.stat().st_mode & stat.S_IXUSR else "100644"
        return SourceFile(path, mode, place.read_bytes())

    def _place(self, path: bytes) -> Path:
        return self._top / os.fsdecode(path)
