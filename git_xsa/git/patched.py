"""The files of a commit with patches put on as packagers' tools do it: by GNU patch's rules."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from git_xsa.git.folders import make_folders, remove
from git_xsa.git.programs import failing_hunks, run_patch, run_patches
from git_xsa.git.repository import Repository
from git_xsa.git.scratch import Scratch
from git_xsa.git.source_tree import SourceFile
from git_xsa.git.trees import entries_of
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE, FileChange
from git_xsa.model.gnu_patch import put_hunks

_PLAIN, _EXECUTABLE = "100644", "100755"
#: Where GNU patch reads more out of a diff than its names and hunks: ends of lines, a last line without one.
_MORE = (b"\r", b"\n\\")
#: Behind a name, a time that says that the file is not there; it is in one of these years, by the zone.
_NO_TIME = re.compile(rb"^(?:---|\+\+\+) .*(?:1970|1969)", re.MULTILINE)
_YEARS = (b"1970", b"1969")
#: Names that it takes as they are.
_SIMPLE_PATH = re.compile(rb"[\w./+@,~-]+")


class Diff(Protocol):
    """A patch: its text, and what it does to which files."""

    @property
    def text(self) -> bytes:
        """The diff for ``patch -p1``."""

    @property
    def changes(self) -> Sequence[FileChange]:
        """What it does; of a patch that only GNU patch takes, the names alone."""


class _Held(NamedTuple):
    """A file: its mode, and what it holds."""

    mode: str
    content: bytes


class _Made(NamedTuple):
    """The files that a patch makes, ``None`` for one that it removes, and whether it needed fuzz."""

    files: dict[bytes, _Held | None]
    fuzzy: bool


class Patched:
    """The files at ``paths`` of ``commit``, for patches to be put on.  Use it as a context manager.

    What is certain is done here; for the rest the files are written into a folder in scratch, for GNU patch.
    """

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
        self._files = {path: _Held(mode, contents[name]) for path, (mode, name) in plain.items()}
        #: The files in the folder.
        self._written: dict[bytes, _Held] = {}

    def __enter__(self) -> Patched:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def put_on(self, patches: Sequence[Diff], fuzz: int) -> tuple[int | None, list[int]]:
        """Put on ``patches`` with this ``fuzz``; return which one GNU patch refuses (``None``: it takes all), and which
        ones needed fuzz, counted from 0.

        After a refusal the files are of no use: some of what comes behind may be there.
        """
        left: list[int] = []
        touched: set[bytes] = set()
        fuzzy: list[int] = []
        for number, patch in enumerate(patches):
            paths = {path for change in patch.changes for path in (change.old_path, change.new_path) if path}
            made = self._made(patch, fuzz) if touched.isdisjoint(paths) else None
            if made is None:
                left.append(number)
                touched |= paths
                continue
            self._keep(made.files)
            if made.fuzzy:
                fuzzy.append(number)
        refused, more = self._run([patches[number].text for number in left], touched, fuzz)
        return left[refused] if refused is not None else None, sorted([*fuzzy, *(left[number] for number in more)])

    def takes(self, text: bytes, fuzz: int, back: bool = False) -> bool:
        """Whether GNU patch would put on ``text`` (``back``: take it back); the files stay as they are."""
        self._write(self._paths)
        return run_patch(self._top, text, fuzz, trial=True, back=back)

    def refusals(self, text: bytes, fuzz: int) -> list[tuple[bytes, int]]:
        """Return where GNU patch would not put on ``text``: each file with the number of the hunk, 0 for the file."""
        self._write(self._paths)
        return failing_hunks(self._top, text, fuzz)

    def files(self) -> dict[bytes, SourceFile | None]:
        """Return the files as they are now, ``None``: not there."""
        found = {path: self._files.get(path) for path in self._paths}
        return {
            path: SourceFile(path, file.mode, file.content) if file is not None else None
            for path, file in found.items()
        }

    def _made(self, patch: Diff, fuzz: int) -> _Made | None:
        """Return what ``patch`` makes, ``None`` where GNU patch has to put it on."""
        if not patch.changes or _says_more(patch.text):
            return None
        made = _Made({}, False)
        for change in patch.changes:
            if change.path in made.files or not _SIMPLE_PATH.fullmatch(change.path):
                return None
            changed = self._new(change) if change.old_path is None else self._changed(change, fuzz)
            if changed is None:
                return None
            made = _Made(made.files | changed.files, made.fuzzy or changed.fuzzy)
        return made

    def _new(self, change: FileChange) -> _Made | None:
        """Return the new file of ``change``, ``None`` where GNU patch has to make it."""
        mode = change.new_mode or _PLAIN
        if len(change.hunks) != 1 or change.hunks[0].old_lines or mode not in (_PLAIN, _EXECUTABLE):
            return None
        if not self._is_free(change.path):
            return None
        return _Made({change.path: _Held(mode, b"".join(change.hunks[0].texts))}, False)

    def _changed(self, change: FileChange, fuzz: int) -> _Made | None:
        """Return what ``change`` makes of a file, ``None`` where GNU patch has to change it."""
        file = self._files.get(change.path)
        gone = change.new_path is None
        if not gone and (change.old_path != change.new_path or change.old_mode != change.new_mode):
            return None
        if file is None or not file.content.endswith(b"\n") or not change.hunks:
            return None
        put = put_hunks(file.content, change.hunks, fuzz)
        if put is None or (not put.content) != gone:
            return None
        return _Made({change.path: None if gone else _Held(file.mode, put.content)}, put.fuzzy)

    def _is_free(self, path: bytes) -> bool:
        """Whether neither the file at ``path`` is there nor one in the place of a folder around it."""
        while path:
            if path in self._files:
                return False
            path = path.rpartition(b"/")[0]
        return True

    def _keep(self, made: Mapping[bytes, _Held | None]) -> None:
        for path, file in made.items():
            if file is not None:
                self._files[path] = file
            else:
                self._files.pop(path, None)

    def _run(self, texts: Sequence[bytes], paths: set[bytes], fuzz: int) -> tuple[int | None, list[int]]:
        """Have GNU patch put ``texts`` on the files at ``paths``; return as ``put_on`` does."""
        if not texts:
            return None, []
        self._write(paths)
        folder = self._scratch.path / "patches"
        folder.mkdir()
        for number, text in enumerate(texts, 1):
            (folder / str(number)).write_bytes(text)
        refused, fuzzy = run_patches(self._top, folder, len(texts), fuzz)
        remove(folder)
        for path in paths:
            file = self._read(path)
            self._keep({path: file})
            if file is not None:
                self._written[path] = file
            else:
                self._written.pop(path, None)
        return refused - 1 if refused is not None else None, [number - 1 for number in fuzzy]

    def _write(self, paths: Iterable[bytes]) -> None:
        """Have the folder hold the files at ``paths`` as they are now."""
        for path in paths:
            file, place = self._files.get(path), self._place(path)
            if file is None:
                if self._written.pop(path, None) is not None:
                    place.unlink()
            elif self._written.get(path) is not file:
                make_folders(self._top, place.parent.relative_to(self._top))
                place.write_bytes(file.content)
                place.chmod(0o755 if file.mode == _EXECUTABLE else 0o644)
                self._written[path] = file

    def _read(self, path: bytes) -> _Held | None:
        place = self._place(path)
        if not place.is_file() or place.is_symlink():
            return None
        mode = _EXECUTABLE if place.stat().st_mode & stat.S_IXUSR else _PLAIN
        return _Held(mode, place.read_bytes())

    def _place(self, path: bytes) -> Path:
        return self._top / os.fsdecode(path)


def _says_more(text: bytes) -> bool:
    """Whether GNU patch reads more out of a diff than names and hunks."""
    return any(more in text for more in _MORE) or (any(year in text for year in _YEARS) and bool(_NO_TIME.search(text)))
