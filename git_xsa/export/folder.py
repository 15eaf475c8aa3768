"""Write the folder of an export: all of it or nothing, and never over what somebody else made.

The files are written into a temporary folder beside the target, which only the user can enter, and synced; then one
call of the system puts it in place.  Where something is there already the two change places in that one call, so that
whatever happens, the target is the old folder or the new one.  Rules:

1. What is there is replaced if it is an empty folder, or an export of ours as it was written: every file has the
   checksum of its manifest, and no other file is there.
2. An export of ours that was changed, or to which files were added, is replaced when that is asked for (``force``);
   then it stays beside the new one under another name.
3. Anything else stays.

A temporary folder that a killed run left is removed by the next run for the same target.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from git_xsa.documents import DocumentError, read_back, write_json
from git_xsa.export import problems, remarks
from git_xsa.export.problems import Blocked
from git_xsa.git.folders import files_below, remove
from git_xsa.git.whole import naming, umask
from git_xsa.wording import Remark

#: The file that describes an export.
MANIFEST = "xsa-queue.json"
FORMAT = 1
SYNCED_AT_ONCE = 8
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
_HERE = -100  # AT_FDCWD of fcntl.h
#: The number of the call renameat2 where the C library has no function for it.
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347}


def manifest(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """Return the manifest of ``files`` with what else is to be known of them: ``facts``."""
    sums = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    return write_json({"format": FORMAT, **facts, "files": sums}, 2)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of the export in ``folder``, ``None`` when it has none of ours."""
    try:
        found = read_back((folder / MANIFEST).read_bytes())
    except (OSError, DocumentError):
        return None
    good = isinstance(found, dict) and found.get("format") == FORMAT and isinstance(found.get("files"), dict)
    return found if good else None


def is_export(folder: Path) -> bool:
    """Return whether ``folder`` has a manifest, be it one that can't be read."""
    return os.path.lexists(folder / MANIFEST)


def differences(folder: Path, known: Mapping[str, Any]) -> list[Remark]:
    """Return what is not in ``folder`` as its manifest says, a sentence each; none for an export as it was written."""
    found = {os.fspath(path): folder / path for path in files_below(folder)}
    found.pop(MANIFEST, None)
    told: Mapping[str, str] = known["files"]
    wrong = [remarks.missing(name) for name in sorted(told.keys() - found.keys())]
    wrong += [remarks.was_added(name) for name in sorted(found.keys() - told.keys())]
    for name in sorted(told.keys() & found.keys()):
        path = found[name]
        if path.is_symlink() or not path.is_file() or sha256(path.read_bytes()).hexdigest() != told[name]:
            wrong.append(remarks.was_changed(name))
    return wrong


def write_folder(target: Path, files: Mapping[str, bytes], private: bool, force: bool) -> Path | None:
    """Write ``files`` as the folder ``target``; return where what was there before is kept, if it is.

    With ``private`` only the user can read it, else the usual permissions of new files hold.  Raises ``Blocked`` when
    the target must not be replaced (see the module's rules).
    """
    target = Path(os.path.realpath(target))
    must_keep(target, force)  # before anything is written; and again after, for what happens meanwhile
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise problems.unusable_place(target.parent, error.strerror) from None
    with _temporary(target) as fresh:
        for name, content in files.items():
            with naming(target / name):
                _write(fresh / name, content)
        _finish(fresh, private)
        return _put(fresh, target, must_keep(target, force))


def must_keep(target: Path, force: bool) -> bool:
    """Return whether what stands at ``target`` has to be kept under another name; ``Blocked`` if it has to stay."""
    if not os.path.lexists(target):
        return False
    if not target.is_dir():
        raise problems.not_a_folder(target)
    if not any(target.iterdir()):
        return False
    known = read_manifest(target)
    if known is None:
        raise problems.not_our_folder(target)
    changed = differences(target, known)
    if changed and not force:
        raise problems.changed_folder(target, changed[0])
    return bool(changed)


def _prefix(target: Path) -> str:
    return f".{target.name}.git-xsa-"


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """Make a folder beside ``target`` that only the user can enter; removed at the end if it is still there.

    As long as it is locked it is in use.  Nobody looks for leftovers between the making and the locking.
    """
    try:
        with locked(target.parent):
            _remove_leftovers(target)
            fresh = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
            lock = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise problems.unusable_place(target.parent, error.strerror) from None
    try:
        yield fresh
    finally:
        os.close(lock)
        remove(fresh)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``; waits for whoever has it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _remove_leftovers(target: Path) -> None:
    """Remove the temporary folders of runs for the same target that are no more."""
    for place in target.parent.glob(f"{_prefix(target)}*"):
        with contextlib.suppress(OSError):
            lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if place.stat().st_uid == os.geteuid():
                    remove(place)
            finally:
                os.close(lock)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def inside(folder: Path, name: str) -> Path:
    """Return the file that a manifest in ``folder`` calls ``name``; ``ValueError`` when that leads out of it."""
    if name.startswith("/") or ".." in name.split("/"):
        raise problems.name_outside(name)
    return folder / name


def _finish(folder: Path, private: bool) -> None:
    """Give all files of ``folder`` their permissions, and have all of it on disk.

    Several are synced at a time, which the disk takes together: one after the other took ten times as long.
    """
    mask = umask()
    paths = []
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place, name)
            path.chmod(0o600 if private else 0o666 & ~mask)
            paths.append(path)
        os.chmod(place, 0o700 if private else 0o777 & ~mask)
        paths.append(Path(place))
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        list(pool.map(sync, paths))


def sync(path: Path) -> None:
    """Have what is at ``path``, a file or a folder, on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put(fresh: Path, target: Path, keep: bool) -> Path | None:
    """Put ``fresh`` in the place of ``target``; return where what was there is kept, if it is."""
    if not target.is_dir() or not any(target.iterdir()):
        os.rename(fresh, target)
        sync(target.parent)
        return None
    if not keep:
        exchange(fresh, target)
        sync(target.parent)
        return None
    kept = _free_name(target)  # the name that the old one gets in the same step
    os.rename(fresh, kept)
    try:
        exchange(kept, target)
    except Blocked:
        os.rename(kept, fresh)
        raise
    sync(target.parent)
    return kept


def _free_name(target: Path) -> Path:
    number = 1
    while os.path.lexists(target.with_name(f"{target.name}.old-{number}")):
        number += 1
    return target.with_name(f"{target.name}.old-{number}")


def exchange(one: Path, other: Path) -> None:
    """Have two folders change places, in one step; ``Blocked`` where the system can't."""
    library = ctypes.CDLL(None, use_errno=True)
    words = (_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(*words)
    elif platform.system() == "Linux" and platform.machine() in _RENAMEAT2:
        failed = library.syscall(_RENAMEAT2[platform.machine()], *words)
    else:
        failed = -1
    if failed:
        code = ctypes.get_errno()
        why = f" ({os.strerror(code)})" if code else ""
        raise problems.not_replaced(other, why)
