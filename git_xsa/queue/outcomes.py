"""What builds have come to, kept between commands in the user's cache folder.

An outcome is found by the files that were built, the command and the version of this format, all in one digest: no
name of an advisory, no path and no line stands there.  Beside it is the log of that build, which does hold what
compilers print, lines of patches among it; so the folder is readable by the user alone.  All of it can be deleted at
any time: then builds run again.

Only ``built`` and ``failed`` are kept; that a time limit was reached says something about the machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from git_xsa.errors import XsaError
from git_xsa.git.build_command import Outcome
from git_xsa.git.trial import Entry

#: Counted up when the same files and command could come to something else than before.
VERSION = 1
FOLDER = "builds"
#: So many outcomes and logs are kept; a build of Xen's hypervisor prints 2 MB.
KEPT = 300
_KINDS = (Outcome.BUILT, Outcome.FAILED)


def cache_folder() -> Path:
    """Return the folder of outcomes and logs, made for the user alone; ``XsaError`` when that can't be."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - only who builds needs it

    folder = user_cache_path("git-xsa", appauthor=False) / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        hint = "it holds the logs of builds; XDG_CACHE_HOME says where it may be"
        raise XsaError(f"{folder}: {error.strerror}", hint) from None
    return folder


def digest(entries: Mapping[bytes, Entry], command: str) -> str:
    """Return the name under which the outcome of ``command`` on the tree ``entries`` is kept."""
    hasher = sha256(f"{VERSION}\0".encode() + os.fsencode(command) + b"\0")
    for path, (mode, name) in sorted(entries.items()):
        hasher.update(f"{mode} {name} ".encode() + path + b"\0")
    return hasher.hexdigest()


class Outcomes:
    """The outcomes kept in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prune()

    def log(self, name: str) -> Path:
        """Return where the log of the build ``name`` is."""
        return self._folder / f"{name}.log"

    def get(self, name: str) -> Outcome | None:
        """Return the outcome of the build ``name``, ``None`` when it is not known, or failed and its log is gone."""
        try:
            outcome = Outcome((self._folder / name).read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None
        if outcome not in _KINDS or (outcome is Outcome.FAILED and not self.log(name).is_file()):
            return None
        return outcome

    def put(self, name: str, outcome: Outcome) -> None:
        """Keep ``outcome``, in one step, so that who reads at the same time sees all or nothing."""
        if outcome not in _KINDS:
            return
        fresh = self._folder / f"{name}.{secrets.token_hex(4)}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{outcome.value}\n")
        fresh.replace(self._folder / name)

    def forget(self, name: str) -> None:
        """Remove the outcome of the build ``name``, but not its log."""
        (self._folder / name).unlink(missing_ok=True)

    def _prune(self) -> None:
        """Remove the oldest files, and what an interrupted command may have left."""
        dated = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                dated.append((path.stat().st_mtime, path))
        for _, path in sorted(dated, reverse=True)[2 * KEPT :]:
            with contextlib.suppress(OSError):
                path.unlink()
