"""Replace files whole, and sweep what writers that were killed have left behind.

The new contents are written under a hidden name beside the file, which they then take.  As long as its writer lives,
that file is locked (``flock``): whoever can lock it has found the remains of a process that is no more.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, temporary: str, content: bytes, mode: int) -> None:
    """Make ``content`` the file at ``path``, which is the old one until it is the new one, with the mode ``mode``.

    Until then the contents are in a file beside it that is called ``temporary``, which must be a name that no other
    process gives.
    """
    fresh = path.with_name(temporary)
    try:
        descriptor = _locked(fresh)
        with naming(path), open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            os.replace(fresh, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an error of the system that names no file, as those of writing do, name ``path``."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def umask() -> int:
    """Return the user's mask for new files."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def _locked(fresh: Path) -> int:
    """Make the file ``fresh``, for the user alone, and return its descriptor, which is locked."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:  # ends: another turn takes somebody who sweeps between two calls
        descriptor = os.open(fresh, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: there nobody can sweep, either
            return descriptor
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def sweep(folder: Path, names: re.Pattern[str]) -> None:
    """Remove the files in ``folder`` that are called as ``names`` says and that no living process has locked."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if names.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):  # it is in use, somebody else's, or gone by now
                    _remove_unused(entry.path)


def _remove_unused(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
    finally:
        os.close(descriptor)
