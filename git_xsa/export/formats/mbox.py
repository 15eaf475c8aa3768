"""One mailbox for ``git am``.

Every mail has an author and a date of its own, so that the commits are the same wherever they are made.
"""

from __future__ import annotations

from git_xsa.export.mail import transferable
from git_xsa.export.prepared import Item, Queue, Style

FOLDER = ""
SINGLE = "xsa.mbox"


def files(_queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the mailbox."""
    return {SINGLE: b"".join(transferable(item.patch.mail) for item in found)}
