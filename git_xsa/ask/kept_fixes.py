"""Which commits of newer branches say that they fix others, kept between commands in the user's cache folder.

A search reads the messages of all commits of the development branch since a release's branch left it, which takes as
long as half an answer.  It depends only on commits, so its result is kept under a digest of their names.  A file holds
names of commits and branches, no line of a message; it is readable by the user alone, and can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from git_xsa.documents import read_back, write_json
from git_xsa.git.whole import replace_file

#: Counted up when the same commits could give another result than before.
VERSION = 2
#: So many results are kept.
KEPT = 50


class LaterFix(NamedTuple):
    """A commit of ``branch``, its origin (or itself), and the names of the commits that it says it fixes."""

    commit: str
    branch: str
    origin: str
    fixed: tuple[str, ...]


class LaterFixes(NamedTuple):
    """The ``fixes`` of newer branches, the oldest first, and what our branch has ``picked``, as messages name it."""

    fixes: tuple[LaterFix, ...]
    picked: tuple[str, ...]


def kept(key: tuple[str, ...]) -> LaterFixes | None:
    """Return what is kept under ``key``, ``None`` when nothing is, or nothing that can be read."""
    try:
        fixes, picked = read_back(_path(key).read_bytes())
        return LaterFixes(tuple(_fix(*one) for one in fixes), _words(picked))
    except (OSError, ValueError, TypeError):
        return None


def keep(key: tuple[str, ...], fixes: LaterFixes) -> None:
    """Keep ``fixes`` under ``key``; where that can't be (no space, say), the next command searches again."""
    path = _path(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        replace_file(path, f".{os.urandom(8).hex()}", write_json(fixes), 0o600)
        dated = sorted((one.stat().st_mtime, one) for one in path.parent.iterdir())
        for _, one in dated[:-KEPT]:
            one.unlink()


def _fix(commit: str, branch: str, origin: str, fixed: object) -> LaterFix:
    _words([commit, branch, origin])
    return LaterFix(commit, branch, origin, _words(fixed))


def _words(found: object) -> tuple[str, ...]:
    """Return a list of words as it is kept; ``ValueError`` when it is none.  By hand: a library for it takes as long to
    load as the rest of this file's work."""
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError(found)
    return tuple(found)


def _path(key: tuple[str, ...]) -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - 8 ms

    name = sha256("\0".join((str(VERSION), *key)).encode("utf-8", "surrogateescape")).hexdigest()
    return user_cache_path("git-xsa", appauthor=False) / "fixes" / name
