"""Commits that stand among those of an advisory without saying so.

A fix of several patches goes onto a branch in one push, and not every one of them says which advisory it is for:
the 8th of XSA-299's 11 patches has no mark on any branch, no line of the others asks for it, all builds without it,
and references are then dropped wrongly.  A person who reads the log sees what it is: it stands between the patches,
its author is theirs, and it changes what the later ones change, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

#: At most so many seconds lie between two commits of one push (measured on stable-4.6 to 4.22: 352).
PUSH = 15 * 60
#: How many commits may stand between two marked ones of a push.
WIDEST = 16
#: How many commits of the same author behind a marked one are named where its push ends before the next marked one.
BEHIND = 2

_FILE = re.compile(rb"^diff --git [^\n]*\n", re.MULTILINE)
_HUNK = re.compile(rb"@@ -[0-9,]+ \+[0-9,]+ @@ ?(.*)")
_OPENS = re.compile(rb"[A-Za-z_$]")
_CALLED = re.compile(rb"([A-Za-z_$][\w$]*)\s*\(")
_NAME = re.compile(rb"[A-Za-z_]\w{2,}")
#: A name that is no word of a comment: it has a low line, a digit or two capitals.
_SPECIFIC = re.compile(rb".*(?:_|\d|[A-Z].*[A-Z])", re.DOTALL)


class Logged(Protocol):
    """What a log says of a commit."""

    @property
    def author(self) -> str:
        """Name and address, empty where nothing is known."""

    @property
    def date(self) -> int:
        """When it was committed, in seconds since 1970."""

    @property
    def merge(self) -> bool:
        """Whether it has several parents."""


class Between(NamedTuple):
    """That the commit at ``position`` stands, without any mark, between two that say they fix the advisory ``number``.

    These are ``before`` and ``after``; ``joined``: all three are of one push and one author.
    """

    position: int
    number: int
    before: int
    after: int
    joined: bool


def standing_between(
    commits: Sequence[Logged], number: int, fixes: Sequence[int], marked: Collection[int]
) -> Iterator[Between]:
    """Yield the commits without a mark that stand between ``fixes``, those of the advisory ``number`` in their order.

    ``commits[p - 1]`` is the one at position p; ``marked`` are the positions of all that have a mark.  Named are those
    whose push has marked commits before and after them, and those right behind a marked one that are of the same push
    and author.
    """
    for before, after in pairwise(fixes):
        pushed = _pushed(commits, before, after)
        whole = pushed[-1] == after and after - before <= WIDEST + 1
        author = commits[before - 1].author
        for place, position in enumerate(pushed[1:] if not whole else pushed[1:-1], 1):
            same = _is_same(commits[position - 1].author, author)
            if position in marked or commits[position - 1].merge or not (whole or (same and place <= BEHIND)):
                continue
            joined = whole and same and _is_same(commits[after - 1].author, author)
            yield Between(position, number, before, after, joined)


def _pushed(commits: Sequence[Logged], before: int, after: int) -> list[int]:
    """Return the positions from ``before`` to ``after``, as far as they are of one push with the first."""
    found = [before]
    for position in range(before + 1, min(after, before + WIDEST + 1) + 1):
        if abs(commits[position - 1].date - commits[position - 2].date) > PUSH:
            break
        found.append(position)
    return found


def _is_same(author: str, other: str) -> bool:
    """Whether two authors are one: by the name, or by the address."""
    if not author or not other:
        return False
    parts = [text.lower().rstrip(">").partition(" <")[::2] for text in (author, other)]
    return any(one and one == two for one, two in zip(*parts, strict=True))


def touches_the_same(diff: bytes, later: bytes) -> bool:
    """Return whether the commit with the text ``diff`` touches what one with the text ``later`` does.

    So it is when both change the same function of a file, or when ``diff`` adds or takes away occurrences of a name
    that stands in a line which ``later`` changes.
    """
    return not (_functions(diff).isdisjoint(_functions(later)) and _moved(diff).isdisjoint(_names(later)))


def _hunks(diff: bytes) -> Iterator[tuple[bytes, bytes, list[bytes]]]:
    """Yield the hunks of a diff: the line that names the file, what git wrote behind the line numbers, the lines."""
    starts = [*((match.start(), match.end()) for match in _FILE.finditer(diff)), (len(diff), len(diff))]
    for (start, end), (stop, _) in pairwise(starts):
        heading: bytes | None = None
        lines: list[bytes] = []
        for line in diff[end:stop].split(b"\n"):
            match = _HUNK.match(line)
            if match is None:
                lines.append(line)
                continue
            if heading is not None:
                yield diff[start:end], heading, lines
            heading, lines = match[1], []
        if heading is not None:
            yield diff[start:end], heading, lines


def _functions(diff: bytes) -> set[tuple[bytes, bytes]]:
    """Return the files and functions that a diff changes; git defines a function in the same way.

    It begins with a line that starts with a letter (``diff.<driver>.xfuncname`` in gitattributes(5)).
    """
    found = set()
    for file, heading, lines in _hunks(diff):
        here = _function(heading)
        for line in lines:
            if _OPENS.match(line, 1) and not line.rstrip().endswith(b":"):
                here = _function(line[1:])
            if line[:1] in (b"+", b"-") and here:
                found.add((file, here))
    return found


def _function(line: bytes) -> bytes:
    called = _CALLED.search(line)
    return called[1] if called else b""


def _changed(diff: bytes) -> Iterator[bytes]:
    return (line for _, _, lines in _hunks(diff) for line in lines if line[:1] in (b"+", b"-"))


def _names(diff: bytes) -> set[bytes]:
    """Return the names in the lines that a diff changes."""
    return {name for line in _changed(diff) for name in _NAME.findall(line) if _SPECIFIC.match(name)}


def _moved(diff: bytes) -> set[bytes]:
    """Return the names of which a diff takes away more than it adds, or the other way round."""
    balance: Counter[bytes] = Counter()
    for line in _changed(diff):
        for name in _NAME.findall(line):
            balance[name] += 1 if line[:1] == b"+" else -1
    return {name for name, number in balance.items() if number and _SPECIFIC.match(name)}
