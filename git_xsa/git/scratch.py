"""A folder for what must not last: text under embargo, and what git makes of it.

It lies in memory where the system has a file system for that, so that nothing of it ever reaches a disk, only its
owner can read it, and it is gone when it is closed.  A process that is killed can't close it; the next one sweeps.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from git_xsa.git.folders import remove

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a name that can't be guessed, and is private
_MOUNTS = Path("/proc/self/mounts")
#: Process that made the folder, then what makes its name unique.
_NAME = re.compile(r"git-xsa-(\d+)-\w+")


def place() -> Path:
    """Return where scratch folders are made: the user's runtime folder, else the system's shared memory if that is
    one, else the folder for temporary files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        return Path(runtime)
    if os.access(SHARED_MEMORY, os.W_OK) and _in_memory(SHARED_MEMORY):
        return SHARED_MEMORY
    from tempfile import gettempdir  # noqa: PLC0415 - most systems have one of the others

    return Path(gettempdir())


def _in_memory(folder: Path) -> bool:
    try:
        mounts = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    return any(mount.split()[1:3] == [str(folder), "tmpfs"] for mount in mounts)


class Scratch:
    """A private folder at ``path``, until ``close``: in memory if it can be, or else in the folder ``where``.

    As a context it gives that path, and is closed at the end.
    """

    def __init__(self, where: Path | None = None) -> None:
        where = where or place()
        _sweep(where)
        self.path = where / f"git-xsa-{os.getpid()}-{os.urandom(8).hex()}"
        self.path.mkdir(0o700)
        # Held as long as the process lives, however it ends; its number alone would say nothing in another container.
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        remove(self.path)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()


def is_held(path: str, root: int | None = None) -> bool:
    """Return whether a process that is alive holds the scratch folder at ``path``; also where nobody may look.

    With ``root``, a descriptor, the path begins there.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def _sweep(where: Path) -> None:
    """Remove the folders that processes of this user have left behind in ``where``; those in use stay."""
    with suppress(OSError), os.scandir(where) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name is not None and not _alive(int(name[1])) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):  # somebody else's, or swept by another process just now
                    _remove_unused(entry.path)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _remove_unused(path: str) -> None:
    """Remove the folder at ``path`` if it is this user's and nobody holds it; ``OSError`` otherwise."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(folder).st_uid == os.getuid():
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)
    finally:
        os.close(folder)
