"""By what a journal in a package is known as this user's own: a seal that only who has the user's key can make.

A package can come with a hidden folder and a journal in it.  The key is a file of random bytes in the user's state
folder, for the user alone.  The seal goes over the journal and over the folder that holds it, so that a copy in another
folder, or on another machine, counts for nothing.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from git_xsa.export.into import problems

_KEY = "into.key"
_LENGTH = 32


def seal(work: Path, content: bytes) -> str:
    """Return the seal of the journal ``content`` in the folder ``work``; ``XsaError`` when no key can be kept."""
    key = _key(_place()) or _made(_place())
    return _sealed(key, work, content)


def is_sealed(work: Path, content: bytes, found: str) -> bool:
    """Whether ``found`` is the seal that this user gave the journal ``content`` in the folder ``work``."""
    key = _key(_place())
    return key is not None and hmac.compare_digest(_sealed(key, work, content).encode(), found.encode())


def _place() -> Path:
    from platformdirs import user_state_path  # noqa: PLC0415 - only who edits a package needs it

    return user_state_path("git-xsa", appauthor=False) / _KEY


def _sealed(key: bytes, work: Path, content: bytes) -> str:
    here = os.lstat(work)
    return hmac.digest(key, b"%d %d\n" % (here.st_dev, here.st_ino) + content, "sha256").hex()


def _key(place: Path) -> bytes | None:
    """Return the key at ``place``, ``None`` when there is none that is this user's alone."""
    try:
        found = os.lstat(place)
        mine = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        content = place.read_bytes() if mine else b""
    except OSError:
        return None
    return content if len(content) == _LENGTH else None


def _made(place: Path) -> bytes:
    """Return the key at ``place``, which is made; when several make it, the first one's counts."""
    fresh = place.with_name(f"{_KEY}.{secrets.token_hex(8)}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(fresh, place, follow_symlinks=False)
        os.unlink(fresh)
    except OSError as error:
        raise problems.unusable_key(place, error.strerror) from None
    found = _key(place)
    if found is None:
        raise problems.foreign_key(place)
    return found
