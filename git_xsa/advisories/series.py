"""Give a series of patch files its place on a branch: the baseline, and the lines of each hunk there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from git_xsa.advisories.patchfile import PatchFile
from git_xsa.errors import XsaError
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.repository import Repository
from git_xsa.model.change import FileChange, Touch
from git_xsa.model.history import split_lines
from git_xsa.model.place import NotPlaced, place_hunks


class Unplaced(XsaError):
    """A patch has no certain place on the branch, with every commit of it (exit status 2)."""

    status = 2


@dataclass(frozen=True)
class PlacedPatch:
    """A patch with its place: as a commit after the baseline, what it touches, and its changes with the lines there."""

    commit: LoggedCommit
    text: bytes
    touches: tuple[Touch, ...]
    changes: tuple[FileChange, ...]


@dataclass
class _File:
    mode: str
    id: str | None
    lines: list[bytes]


def find_baseline(repository: Repository, history: Range, base: int, series: Sequence[PatchFile]) -> Range:
    """Return the range up to the newest commit after which every patch of ``series`` has one place, with the series
    at its end.

    The newest commit is the tip; older ones are tried back to position ``base``.  Raises ``Unplaced`` with the reason
    at the tip when there is none.
    """
    paths = {path for patch in series for c in patch.changes for path in (c.old_path, c.new_path) if path is not None}
    touched = {t.position for t in history.touches if t.old_path in paths or t.new_path in paths}
    size = len(history.commits)
    first: Unplaced | None = None
    for position in [size, *(p - 1 for p in sorted(touched, reverse=True) if base < p <= size)]:
        commit = history.commits[position - 1].id if position else history.root
        try:
            placed = place_series(repository, commit, position, paths, series)
        except Unplaced as error:
            first = first or error
            continue
        return history.shortened(position, placed)
    raise first or Unplaced("the series has no place")


def place_series(
    repository: Repository, commit: str, position: int, paths: set[bytes], series: Sequence[PatchFile]
) -> list[PlacedPatch]:
    """Return each patch of ``series`` with its place after ``commit``, which has ``position``; ``Unplaced`` if one
    has none."""
    files = _read(repository, commit, paths)
    placed = []
    for number, patch in enumerate(series, 1):
        touches, changes = [], []
        for change in patch.changes:
            try:
                touch, moved = _apply(files, change, position + number)
            except NotPlaced as error:
                path = change.path.decode("utf-8", "replace")
                what = f"{patch.name}: {error} in {path} at {commit[:12]}"
                raise Unplaced(what, "give the branch that the patch was made for: --tip <ref>") from None
            touches.append(touch)
            changes.append(moved)
        logged = LoggedCommit(patch.name, "", 0, f"{patch.subject}\n\n{patch.message}")
        placed.append(PlacedPatch(logged, patch.text, tuple(touches), tuple(changes)))
    return placed


def _read(repository: Repository, commit: str, paths: set[bytes]) -> dict[bytes, _File]:
    """Return mode, object name and lines of each of ``paths`` that ``commit`` has."""
    files = {}
    names = [path.decode("utf-8", "surrogateescape") for path in sorted(paths)]
    for line in repository.git.call("ls-tree", "-z", "--full-tree", commit, "--", *names).out.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, kind, name = words.decode().split()
        if kind == "blob":
            files[path] = _File(mode, name, split_lines(repository.contents([name])[name]))
    return files


def _apply(files: dict[bytes, _File], change: FileChange, position: int) -> tuple[Touch, FileChange]:
    """Apply ``change`` to ``files``; return its touch and the change with the lines where its hunks fit."""
    old = files.get(change.old_path) if change.old_path is not None else None
    if (old is None) != (change.old_path is None) or (old is None and change.new_path in files):
        raise NotPlaced(0, 0)
    hunks, lines = place_hunks(old.lines if old else [], change.hunks)
    mode = change.new_mode or (old.mode if old else "100644")
    if change.old_path is not None and not change.copied:
        del files[change.old_path]
    if change.new_path is not None:
        files[change.new_path] = _File(mode, None, lines)
    source = None if change.copied else change.old_path
    touch = Touch(
        position, source, change.new_path, old.mode if old and source else None,
        mode if change.new_path is not None else None, old.id if old and source else None, None,
    )  # fmt: skip
    return touch, replace(change, hunks=hunks)
