"""Later commits of a branch that say they fix one of a queue, and whether the queue should have them.

``Fixes: <hex>`` names a commit of the main branch.  A stable branch has a pick of that, whose message names the
original (``master commit: <hex>``, ``(cherry picked from commit <hex>)``).  ``Fixes:`` may name the pick itself, too.
A revert counts, and so does what fixes a follow-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from git_xsa.model.change import CONTEXT, FileChange, Hunk

#: What may happen to later fixes of a queue.
FOLLOW_UPS = ("list", "add", "ignore")
#: In small letters, and without an anchor before the first word: so a pattern is looked for ten times as fast.
_FIXES = re.compile(r"fixes:?[ \t]+(?:commit[ \t]+)?([0-9a-f]{7,64})\b")
_REVERTS = re.compile(r"reverts?\s+(?:part\s+of\s+|parts\s+of\s+)?commit\s+([0-9a-f]{7,64})\b")
#: The shortest name of a commit that counts.
_SHORTEST = 7
_DOCUMENTS = re.compile(
    rb"(?:^|/)(?:docs/.*|(?:MAINTAINERS|COPYING|CREDITS|README)[^/]*|[^/]*\.(?:md|pod|rst|txt|adoc))$"
)
_C_LIKE = re.compile(rb"\.(?:c|h|S|s|lds|inc)$")
_HASHED = re.compile(rb"(?:^|/)(?:Makefile|Kconfig|Rules|Config)[^/]*$|\.(?:mk|py|sh|am|in)$")
_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_HASH_COMMENT = re.compile(rb"^[ \t]*#[^\n]*|[ \t]#[ \t][^\n]*", re.MULTILINE)
_STAR = re.compile(rb"[ \t]*\*(?:[ \t]|$|/)")


class FollowUp(NamedTuple):
    """That the change at ``position`` says it fixes, or reverts, the one at ``of``."""

    position: int
    of: int


def fixed_commits(message: str) -> set[str]:
    """Return the commits that a message says it fixes or reverts, in the length in which they are named."""
    words = message.lower()
    fixed = {match[1] for match in _FIXES.finditer(words) if not _line_before(words, match.start()).strip()}
    return fixed | {
        match[1] for match in _REVERTS.finditer(words) if not words[max(match.start() - 1, 0) : match.start()].isalnum()
    }


def _line_before(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 : place]


class Fixing:
    """The changes that say they fix or revert commits, by the names of these."""

    def __init__(self, fixing: Mapping[int, Collection[str]]) -> None:
        """Take the position of each such change with the names that it gives, in the length in which it gives them."""
        self._by_start: dict[str, list[tuple[str, int]]] = {}
        for position, names in fixing.items():
            for name in names:
                self._by_start.setdefault(name[:_SHORTEST], []).append((name, position))

    def of(self, names: Iterable[str]) -> set[int]:
        """Return the positions of those that may mean a commit with one of ``names``: one name begins with the
        other."""
        return {
            position
            for own in names
            for name, position in self._by_start.get(own[:_SHORTEST], ())
            if own.startswith(name) or name.startswith(own)
        }


def follow_ups(names: Callable[[int], Collection[str]], fixing: Fixing, queue: Collection[int]) -> list[FollowUp]:
    """Return the follow-ups of the changes at the positions ``queue`` and of each other, in the order of the branch.

    ``names`` returns the names of a change: its own and that of its original.
    """
    found = []
    waiting, known = sorted(queue), set(queue)
    while waiting:  # ends: each position waits once
        of = waiting.pop()
        later = {position for position in fixing.of(names(of)) if position > of}
        found += [FollowUp(position, of) for position in later]
        waiting += later - known
        known |= later
    return sorted(found)


def changes_code(changes: Iterable[FileChange]) -> bool:
    """Return whether a change does more than to documentation, comments and white space.

    Files of languages whose comments are not known here count as code, and so do new names, modes and binary files.
    """
    return any(not is_document(change.path) and _changes_file(change) for change in changes)


def is_document(path: bytes) -> bool:
    """Return whether the file at ``path`` is documentation."""
    return _DOCUMENTS.search(path) is not None


def _changes_file(change: FileChange) -> bool:
    if change.binary or change.old_path != change.new_path or change.old_mode != change.new_mode:
        return True
    return any(_plain(change.path, hunk, old=True) != _plain(change.path, hunk, old=False) for hunk in change.hunks)


def _plain(path: bytes, hunk: Hunk, old: bool) -> bytes:
    """Return one side of a hunk without comments and white space."""
    lines = hunk.old_lines if old else hunk.new_lines
    text = b"".join(lines)
    if _C_LIKE.search(path):
        opened, closed = text.find(b"/*"), text.find(b"*/")
        if closed >= 0 and (opened < 0 or closed < opened):
            text = text[closed + 2 :]
        elif opened < 0 and _inside_comment(hunk):
            return b""
        text = _COMMENT.sub(b" ", text)
        opened = text.find(b"/*")
        text = text[:opened] if opened >= 0 else text
    elif _HASHED.search(path):
        text = _HASH_COMMENT.sub(b" ", text)
    return b"".join(text.split())


def _inside_comment(hunk: Hunk) -> bool:
    """Whether a hunk stands in the middle of a comment: all of its lines begin with a star."""
    return CONTEXT in hunk.marks and all(_STAR.match(text) for text in hunk.texts if text.strip())
