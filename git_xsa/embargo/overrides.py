"""Overrides of a freeze on a server: who pushes, who may, and the log of those that were granted.

``xsa-override.<account>.log`` in the repository's folder has a JSON object a line, and only that account can read it::

    {"time": "2026-11-25T09:00:00Z", "user": "jane", "account": "git", "reason": "...",
     "updates": [{"ref": "refs/heads/staging-4.17", "old": "<hex>", "new": "<hex>"}]}

There is a log for each account of the machine, because several may push to one repository and none of them may read
what others have written.  ``xsa-moved`` shows everybody where a staging branch was before the first override moved it
during a freeze: what the gate may let through is what was there then.

Promises: what can't be logged is not granted; an entry is whole, also when many are written at once (an empty line may
then stand between two).
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from git_xsa.advisory.store import append_line
from git_xsa.documents import dumps, read_back
from git_xsa.embargo import problems
from git_xsa.embargo.updates import Move
from git_xsa.model.instant import Instant, parse_instant, rfc3339

#: A push option that asks for one: ``git push -o xsa-override=<reason>``.
OPTION = "xsa-override="
MOVED = "xsa-moved"


@dataclass(frozen=True)
class Pusher:
    """Who pushes: the user, ``None`` when unknown, and the account of this machine that the hook runs as."""

    user: str | None
    account: str


def pusher(environment: Mapping[str, str], variable: str) -> Pusher:
    """Return who pushes.

    ``variable`` names the environment variable with the user (``xsa.userVariable``).  If it is empty, that is
    ``REMOTE_USER`` when a web server has called git, and the account otherwise, which is the login of ssh.
    """
    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = str(os.geteuid())
    if variable:
        return Pusher(environment.get(variable) or None, account)
    if "GATEWAY_INTERFACE" in environment:
        return Pusher(environment.get("REMOTE_USER") or None, account)
    return Pusher(account, account)


def reasons(environment: Mapping[str, str]) -> list[str]:
    """Return the reasons that push options give for an override, in their order; most pushes have none."""
    count = environment.get("GIT_PUSH_OPTION_COUNT", "")
    options = [environment.get(f"GIT_PUSH_OPTION_{number}", "") for number in range(int(count or 0))]
    return [option.removeprefix(OPTION).strip() for option in options if option.startswith(OPTION)]


class Overrides:
    """The overrides that were granted in the repository in ``folder``, as ``account`` knows them."""

    def __init__(self, folder: Path, account: str) -> None:
        self._folder = folder
        self._log = folder / f"xsa-override.{account.replace('/', '_')}.log"

    def grant(self, who: Pusher, reason: str, now: Instant, moves: Iterable[Move], staging: Iterable[Move]) -> None:
        """Log an override of ``moves``, of which ``staging`` are of staging branches; ``XsaError`` when it can't be."""
        told = [{"ref": move.ref, "old": move.old, "new": move.new} for move in moves]
        entry = {"time": rfc3339(now), "user": who.user, "account": who.account, "reason": reason, "updates": told}
        try:
            for move in staging:
                moved = {"time": rfc3339(now), "ref": move.ref, "old": move.old}
                append_line(self._folder / MOVED, dumps(moved), self._shared())
            append_line(self._log, dumps(entry))
        except OSError as error:
            raise problems.unlogged_override(error.strerror) from None

    def _shared(self) -> int:
        """Return the mode of a file that everybody may read who may read the repository."""
        return stat.S_IMODE((self._folder / "HEAD").stat().st_mode) & 0o666

    def granted(self, move: Move) -> bool:
        """Whether ``move`` was granted by an override."""
        wanted = {"ref": move.ref, "old": move.old, "new": move.new}
        return any(wanted in entry.get("updates", ()) for entry in self._entries(self._log))

    def before(self, ref: str, since: Instant) -> tuple[str | None] | None:
        """Return where ``ref`` was before the first override since ``since`` moved it; ``None`` when none has."""
        for entry in self._entries(self._folder / MOVED):
            if entry.get("ref") == ref and parse_instant(str(entry.get("time"))) >= since:
                return (entry.get("old"),)
        return None

    def _entries(self, path: Path) -> list[dict[str, Any]]:
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise problems.unreadable_log(path, error.strerror) from None
        return [read_back(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]
