"""How wide text is on a terminal, and where a line breaks that is too long for it.

A terminal gives a character one cell, two (most of what is written in East Asia), or none (accents that combine with
the letter before).  A line breaks at spaces only: names of commits, paths and options stay whole, so that they can be
copied, even where one of them alone is wider than the terminal.  Wide characters are the exception, since their
scripts have no spaces: a run of them that is wider than a line breaks between any two (Unicode, UAX #14).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator

#: What git takes where nothing is known, and less than which no terminal is believed to have.
USUAL = 80
LEAST = 20
#: So many cells of a line are to be left beside an indent.
LEFT = 24


def told_width() -> int | None:
    """Return the columns that ``COLUMNS`` says, ``None`` when it says nothing."""
    told = os.environ.get("COLUMNS", "")
    return max(int(told), LEAST) if re.fullmatch("[1-9][0-9]{0,4}", told) else None


def terminal_width() -> int:
    """Return the columns that output may have: what ``COLUMNS`` says, else those of the terminal, else 80."""
    told = told_width()
    if told is not None:
        return told
    for stream in (1, 2, 0):  # the first is a pipe when a pager reads it
        try:
            columns = os.get_terminal_size(stream).columns
        except OSError:
            continue
        if columns:
            return max(columns, LEAST)
    return USUAL


def cells(text: str) -> int:
    """Return how many cells of a terminal ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return int(unicodedata.category(character) not in ("Mn", "Me", "Cf"))


def broken(text: str, width: int, hang: int) -> list[tuple[int, int]]:
    """Return the lines that ``text`` takes, each by its first character and the one after its last.

    No line is wider than ``width`` unless a single word is; all but the first one leave room for ``hang`` cells.
    """
    if cells(text) <= width:
        return [(0, len(text))]
    lines: list[tuple[int, int]] = []
    start = end = 0
    for first, last in _words(text, width - hang):
        room = width - (hang if lines else 0)
        if end and cells(text[start:last]) > room:
            lines.append((start, end))
            start = first
        end = last
    return [*lines, (start, end)] if end else [(0, len(text))]


def _words(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield the words of ``text`` by where they begin and end, the pieces of one that breaks without spaces."""
    for word in re.finditer(r"[^ ]+", text):
        start, end = word.span()
        if cells(word[0]) <= room or word[0].isascii():
            yield start, end
            continue
        for place in range(start + 1, end):
            if _cells_of(text[place - 1]) == _cells_of(text[place]) == 2:
                yield start, place
                start = place
        yield start, end
