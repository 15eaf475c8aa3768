"""Read C without the bodies of functions that nobody asks about, since a parser spends most of its time on them.

A body is what stands between a line that begins with ``{`` and the next that begins with ``}``, as nearly all C is laid
out.  Without it the rest is parsed as with it: a body that may hold something open (a comment, a brace, a condition of
the preprocessor) or has other directives stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

from git_xsa.names.roles import Role, Source

#: Whether a body, from its start to its end, is to be read.
Wanted = Callable[[int, int], bool]
_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(\w+)", re.MULTILINE)
_OPENING, _CLOSING, _BETWEEN = {b"if", b"ifdef", b"ifndef"}, {b"endif"}, {b"else", b"elif", b"error"}


class Excerpt:
    """A source that was read without some bodies: words in these have no role, and all offsets are those of the whole
    text."""

    def __init__(self, text: bytes, wanted: Wanted, read: Callable[[bytes], Source]) -> None:
        starts, ends = [0], []
        for start, end in _bodies(text):
            if not wanted(start, end) and _stands_alone(text, start, end):
                ends.append(start)
                starts.append(end)
        ends.append(len(text))
        self._starts, self._ends = starts, ends
        #: Where each piece starts in what is read.
        self._places = [0, *accumulate(end - start for start, end in zip(starts, ends, strict=True))][:-1]
        self._source = read(b"".join(text[start:end] for start, end in zip(starts, ends, strict=True)))

    def role(self, start: int, end: int) -> Role | None:
        """See ``Source``."""
        at = self._place(start)
        role = self._source.role(at, at + end - start) if at is not None else None
        if role is None:
            return None
        return role._replace(span=self._whole(role.span), scope=self._whole(role.scope))

    def in_string(self, start: int, end: int) -> bool:
        """See ``Source``."""
        at = self._place(start)
        return at is not None and self._source.in_string(at, at + end - start)

    def block(self, start: int, end: int) -> tuple[int, int] | None:
        """See ``Source``."""
        at = self._place(start)
        return self._whole(self._source.block(at, at + end - start)) if at is not None else None

    def _place(self, offset: int) -> int | None:
        """Return where what is at ``offset`` of the text stands in what is read, ``None``: nowhere."""
        piece = bisect_right(self._starts, offset) - 1
        return self._places[piece] + offset - self._starts[piece] if offset < self._ends[piece] else None

    def _whole(self, span: tuple[int, int] | None) -> tuple[int, int] | None:
        return (self._offset(span[0]), self._offset(span[1])) if span is not None else None

    def _offset(self, place: int) -> int:
        piece = bisect_right(self._places, place) - 1
        return self._starts[piece] + place - self._places[piece]


def _bodies(text: bytes) -> Iterator[tuple[int, int]]:
    start = text.find(b"\n{")
    while start >= 0:
        end = text.find(b"\n}", start)
        if end < 0:
            return
        first = text.find(b"\n", start + 1, end)
        if first >= 0:
            yield first, end
        start = text.find(b"\n{", end)


def _stands_alone(text: bytes, start: int, end: int) -> bool:
    """Whether nothing between ``start`` and ``end`` reaches beyond."""
    if text.count(b"{", start, end) != text.count(b"}", start, end):
        return False
    if text.count(b"/*", start, end) != text.count(b"*/", start, end):
        return False
    return text.find(b"#", start, end) < 0 or _is_balanced(_DIRECTIVE.findall(text, start, end))


def _is_balanced(directives: list[bytes]) -> bool:
    """Whether ``directives`` are whole conditions and nothing else."""
    opening = sum(word in _OPENING for word in directives)
    closing = sum(word in _CLOSING for word in directives)
    return opening == closing and opening + closing + sum(word in _BETWEEN for word in directives) == len(directives)
