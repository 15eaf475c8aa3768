"""Make, list and remove folders of any depth, without recursion.

What a patch or a build has made may be nested deeper than Python recurses, as ``shutil.rmtree``, ``Path.rglob`` and
``Path.mkdir(parents=True)`` do.  ``remove`` also copes with paths that are longer than the system
allows (``PATH_MAX``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


def remove(place: Path | bytes | str) -> None:
    """Remove what is at ``place``: nothing, a file, a link, or a folder with all it holds, whatever their modes.

    What the system does not let go of inside a folder stays, without a word; ``OSError`` for a file.
    """
    try:
        kind = os.lstat(place).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(kind):
        os.unlink(place)
        return
    with suppress(OSError):
        _empty(_entered(place))
        os.rmdir(place)


def files_below(top: Path) -> Iterator[Path]:
    """Yield the path of everything below ``top`` that is no folder, relative to it; links are not followed."""
    folders = [Path()]
    while folders:  # each folder is put in once, by the only one that holds it
        here = folders.pop()
        with os.scandir(top / here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(here / entry.name)
                else:
                    yield here / entry.name


def make_folders(top: Path, folder: Path) -> None:
    """Make ``folder``, relative to ``top``, and those around it, as far as they are not there."""
    here = top
    for part in folder.parts:
        here = here / part
        here.mkdir(exist_ok=True)


@dataclass
class _Frame:
    """A folder on the way down: its ``name`` in the one around it, that one's ``outer`` identity, and the ``folders``
    in it that are still to be removed."""

    name: str
    outer: tuple[int, int]
    folders: list[str]


def _empty(here: int) -> None:
    """Remove all that is in the folder ``here``, a descriptor, and close it; two are open at most."""
    frames = [_Frame("", _identity(here), _without_files(here))]
    try:
        while frames:  # every turn takes a folder from a list, or a list away; no folder gets into a list twice
            if frames[-1].folders:
                name = frames[-1].folders.pop()
                with suppress(OSError):
                    inner = _entered(name, here)
                    frames.append(_Frame(name, _identity(here), []))
                    os.close(here)
                    here = inner
                    frames[-1].folders = _without_files(here)
                continue
            left = frames.pop()
            if frames:
                outer = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
                os.close(here)
                here = outer
                if _identity(here) != left.outer:
                    return  # somebody has moved it: what is around it now is not ours to remove
                with suppress(OSError):
                    os.rmdir(left.name, dir_fd=here)
    finally:
        os.close(here)


def _entered(name: Path | bytes | str, around: int | None = None) -> int:
    """Open the folder ``name`` in the one ``around`` it, with the modes that emptying it takes."""
    if stat.S_ISDIR(os.stat(name, dir_fd=around, follow_symlinks=False).st_mode):
        with suppress(PermissionError):  # another user's, whose modes may do
            os.chmod(name, stat.S_IRWXU, dir_fd=around)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=around)


def _identity(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_dev, found.st_ino


def _without_files(folder: int) -> list[str]:
    """Remove what is no folder from ``folder``; return the names of the folders in it."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders
