"""Whether what was exported is still what a base needs: the same is asked again, and the two queues are compared.

A later answer differs when the branch or the base has moved, an advisory came up, its patch was reissued, or a number
became known that nothing was known of before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256
from typing import Any

from git_xsa.ask.request import Request
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import Verdict
from git_xsa.errors import XsaError
from git_xsa.export import remarks
from git_xsa.export.exporter import Ready, Wish, prepare
from git_xsa.export.readme import one_line
from git_xsa.git.repository import Commit
from git_xsa.model.words import DIGITS, advisory_names, short_id

#: The status of an error that says something of the patches, and not of the repository.
_CONFLICT = 2


@dataclass(frozen=True)
class QueueEntry:
    """A patch of a queue, as far as it makes a difference: ``sum`` is the SHA-256 of what is applied."""

    role: str
    id: str
    sum: str
    subject: str
    xsa: tuple[int, ...]

    def line(self, other: Sequence[QueueEntry]) -> str:
        """Return it as a line, with its sum where ``other`` has the same patch with another one."""
        names = advisory_names(self.xsa)
        words = [f"{self.role:12}", short_id(self.id), names, one_line(self.subject)]
        differs = any(one.id == self.id and one.sum != self.sum for one in other)
        return "  ".join(word for word in (*words, f"(SHA-256 {self.sum[:DIGITS]})" if differs else "") if word)


def entries(known: Mapping[str, Any]) -> list[QueueEntry]:
    """Return the queue of a manifest; ``LookupError``, ``TypeError`` or ``ValueError`` when it has none."""
    return [
        QueueEntry(
            str(one["role"]), str(one["id"]), str(one["sum"]), str(one["subject"]), tuple(int(n) for n in one["xsa"])
        )
        for one in known["queue"]
    ]


def differs(session: Session, base: Commit, request: Request, wish: Wish, old: Sequence[QueueEntry]) -> list[str]:
    """Return the queue that ``base`` needs now as a diff to ``old``; nothing when it is the same one."""
    session.symbols = request.symbols
    lost = next((path for path in request.files if not path.is_file()), None)
    if lost is not None:
        return [remarks.patch_file_is_missing(lost)]
    try:
        ready: Ready | Verdict = prepare(session, request.question(session, base), wish)
    except XsaError as error:
        if error.status != _CONFLICT:
            raise
        return [remarks.can_no_longer_be_made(error.what)]
    patches = ready.queue.patches if isinstance(ready, Ready) else ()
    new = [QueueEntry(one.role, one.id, sha256(one.content).hexdigest(), one.subject, one.xsa) for one in patches]
    if request.built:  # what only a build asked for is not asked for again
        now = {one.id for one in new}
        old = [one for one in old if one.role != "prerequisite" or one.id in now]
    if [(one.role, one.id, one.sum) for one in old] == [(one.role, one.id, one.sum) for one in new]:
        return []
    lines = ([one.line(new) for one in old], [one.line(old) for one in new])
    return list(unified_diff(*lines, fromfile="exported", tofile="needed now", lineterm=""))
