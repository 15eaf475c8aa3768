"""Commits as mails: the header and the message as ``git format-patch`` writes them, without the diff.

git encodes names and subjects for a mail's header.  ``git diff-tree`` is asked because it heeds no setting of the
user's that would change the text (``format.*``, ``log.mailmap``).
"""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.git.repository import Repository
from git_xsa.git.run import Service

_END = b"end of answer\n"
_FORM = ("diff-tree", "--stdin", "--root", "-s", "--pretty=email", "--encoding=UTF-8", "--no-notes", "--always")


def read_mails(repository: Repository, commits: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """Return header and message of each of ``commits``; the subject is not marked as that of a patch.

    Each is given with its first parent (empty: none), without which git passes over merges.
    """
    found = {}
    step = Service.PIPE // (2 * repository.hash_length + 2)
    for start in range(0, len(commits), step):
        asked = commits[start : start + step]
        service = repository.service(*_FORM)
        service.ask(b"".join(f"{name} {parent}".rstrip().encode() + b"\n" for name, parent in asked) + _END)
        text = service.read_until(_END)
        # Each begins with a line that no message can fake, since the names to come are known.
        names = [name for name, _ in asked]
        marks = [f"From {name} Mon Sep 17 00:00:00 2001\n".encode() for name in names]
        at = 0
        for name, following in zip(names, [*marks[1:], None], strict=True):
            end = text.index(b"\n" + following, at) + 1 if following is not None else len(text)
            found[name] = text[at:end]
            at = end
    return found
