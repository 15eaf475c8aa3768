"""What an object that is pushed says, in parts: what it does to each file, and each text that it has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from git_xsa.embargo.fingerprint import BLANK, base_name, squeezed, trailing_comments, without_comments

_FILE = re.compile(rb"^diff --(?:git|cc|combined) ", re.MULTILINE)
#: These begin with the end of a line, which makes the search fast; none of them can be the first line.
_NAMES = re.compile(rb'\n(?:---|\+\+\+|(?:rename|copy) (?:from|to)) "?(?:[ab]/)?([^\n\t]*)')
_MERGE = re.compile(rb"^diff --c(?:c|ombined) .*?(?=^diff --|\Z)", re.MULTILINE | re.DOTALL)
_COLUMNS = re.compile(rb"^(@@@+) ", re.MULTILINE)
#: How people mark the lines that they quote.
_QUOTE = rb"(?:[ \t>|:%;]|#[ \t])*"
_QUOTED = re.compile(rb"^" + _QUOTE, re.MULTILINE)
#: A line of a patch that a file has, or a text, quoted or not.
_PATCH_IN_FILE = re.compile(rb"\n\+(?!\+\+ )" + _QUOTE + rb"([-+][^\n]*)")


def plain_merges(diff: bytes) -> bytes:
    """Return a diff in which that of a merge is one of two sides: changed is what none of its parents has.

    A combined diff has a column of marks for each parent; its hunks begin with one more ``@`` than there are parents.
    """
    return _MERGE.sub(_plain_merge, diff) if b"diff --c" in diff else diff


def _plain_merge(match: re.Match[bytes]) -> bytes:
    columns = _COLUMNS.search(match[0])
    if columns is None:
        return match[0]
    count = len(columns[1]) - 1
    head, body = match[0][: columns.start()], match[0][columns.start() :]
    return head + b"\n".join(_of_merge(row, count) for row in body.split(b"\n"))


def _of_merge(row: bytes, count: int) -> bytes:
    marks = row[:count]
    if row.startswith(b"@@@"):
        return b"@@ @@"
    if marks in (b"+" * count, b"-" * count):
        return marks[:1] + row[count:]
    return b" " + row[count:]


class PushedPart:
    """What is done to one file, or a text: then ``paths`` is empty, and it may hold a patch or its lines alone."""

    def __init__(
        self,
        rows: list[tuple[bytes, bytes]],
        paths: frozenset[bytes],
        comments: Iterable[bytes] = (),
        deleted: bool = False,
        body: bytes = b"",
    ) -> None:
        self.rows = rows
        self._comments = comments
        self._body = body
        self.paths = paths
        self.names = frozenset(map(base_name, paths))
        self.deleted = deleted

    def has_name(self, name: bytes) -> bool:
        """Whether it is about a file of that name, or a text."""
        return not self.names or name in self.names

    @cached_property
    def counts(self) -> Counter[bytes]:
        """How often it has each changed line, marked and squeezed."""
        found = Counter(mark + line for mark, line in self.rows if mark in (b"+", b"-"))
        found.update(self._comments)
        return found

    @cached_property
    def hunks(self) -> list[list[tuple[bytes, bytes, bytes]]]:
        """The lines of each hunk of a file: mark, squeezed, and as they are written but for the comments behind."""
        found: list[list[tuple[bytes, bytes, bytes]]] = [[]]
        for row in without_comments(self._body).split(b"\n"):
            if row.startswith(b"@@"):
                found.append([])
            elif row[:1] in (b" ", b"+", b"-") and row[1:].strip():
                found[-1].append((row[:1], b"".join(row[1:].split()), row[1:]))
        return found

    @cached_property
    def views(self) -> list[tuple[bytes, list[bytes]]]:
        """Its lines with their marks, one after the other with newlines around them, and without marks: as they are,
        and as they are when a line that goes and comes again with other white space counts as unchanged."""
        rows = [(mark.strip(), line) for mark, line in self.rows]
        again = list(_without_moves(rows))
        views = [rows] if again == rows else [rows, again]
        return [
            (b"\n" + b"\n".join(mark + line for mark, line in view) + b"\n", [line for _, line in view])
            for view in views
        ]


def _without_moves(rows: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield ``rows`` with each line that is removed and added again as a line that stays, where it is added."""
    both = Counter(line for mark, line in rows if mark == b"-") & Counter(line for mark, line in rows if mark == b"+")
    left = {b"-": both.copy(), b"+": both}
    removed: list[tuple[bytes, bool]] = []
    added: list[tuple[bytes, bool]] = []
    for mark, line in rows:
        if not mark:
            yield from _merged(removed, added)
            removed, added = [], []
            yield mark, line
            continue
        moved = left[mark][line] > 0
        left[mark][line] -= moved
        (removed if mark == b"-" else added).append((line, moved))
    yield from _merged(removed, added)


def _merged(removed: list[tuple[bytes, bool]], added: list[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the lines of a block in the order in which they would stand if those that moved had not: each line with
    whether it moved.  It takes a step through one of the lists at least each time."""
    i = j = 0
    while i < len(removed) or j < len(added):
        if i < len(removed) and not removed[i][1]:
            yield b"-", removed[i][0]
            i += 1
        elif j < len(added) and not added[j][1]:
            yield b"+", added[j][0]
            j += 1
        elif j < len(added):
            yield b"", added[j][0]
            i += i < len(removed) and removed[i][0] == added[j][0]
            j += 1
        else:
            i += 1


def quoted_lines(diff: bytes) -> set[bytes]:
    """Return the changed lines of patches that a diff (without comments) may add as text, marked and squeezed."""
    return {b"".join(line.split()) for line in _PATCH_IN_FILE.findall(diff)}


def message_lines(text: bytes) -> set[bytes]:
    """Return the lines of a text that may be those of a patch, with marks or as added ones, squeezed."""
    plain = without_comments(text)
    lines = {line for one in (plain, _QUOTED.sub(b"", plain)) for line in one.translate(None, BLANK).split(b"\n")}
    return lines | {b"+" + line for line in lines} | {b"+" + comment for comment in trailing_comments(text)}


def parts_of(diff: bytes) -> Iterator[PushedPart]:
    """Yield what a diff (with plain merges) does to each file, and the texts that it adds which may hold a patch."""
    starts = [*(found.start() for found in _FILE.finditer(diff)), len(diff)]
    if starts[0]:
        starts.insert(0, 0)
    for begin, end in pairwise(starts):
        piece = diff[begin:end]
        start = piece.find(b"\n@@") if _FILE.match(piece) else 0
        head, body = (piece[:start], piece[start:]) if start >= 0 else (piece, b"")
        paths = {name.strip(b'"') for name in _NAMES.findall(head)} - {b"/dev/null", b""}
        yield PushedPart(_rows(body), frozenset(paths), _comments(body), b"\ndeleted file mode " in head, body)
        if _PATCH_IN_FILE.search(body):
            added = b"\n".join(row[1:] for row in body.split(b"\n") if row[:1] == b"+")
            yield text_part(added)


def _rows(body: bytes) -> list[tuple[bytes, bytes]]:
    rows = ((row[:1], b"".join(row[1:].split())) for row in without_comments(body).split(b"\n"))
    return [(mark, line) for mark, line in rows if line and mark in (b" ", b"+", b"-")]


def _comments(body: bytes) -> list[bytes]:
    """Return the comments behind code in changed lines, marked."""
    if b"/*" not in body and b"//" not in body:
        return []
    rows = (row for row in body.split(b"\n") if row[:1] in (b"+", b"-") and (b"/*" in row or b"//" in row))
    return [row[:1] + comment for row in rows for comment in trailing_comments(row)]


def text_part(text: bytes) -> PushedPart:
    """Return a text as the patch that it may hold, quoted or not: what has no mark is context there."""
    rows, comments = [], []
    for line in _QUOTED.sub(b"", text).split(b"\n"):
        mark = line[:1] if line[:1] in (b"+", b"-") else b" "
        plain = squeezed(line[1:] if mark != b" " else line)
        if plain:
            rows.append((mark, plain))
            comments += [mark + comment for comment in trailing_comments(line)]
    return PushedPart(rows, frozenset(), comments)


def lines_part(text: bytes) -> PushedPart:
    """Return a text as lines that are added, as they are and without quotes."""
    lines = [*map(squeezed, text.split(b"\n")), *map(squeezed, _QUOTED.sub(b"", text).split(b"\n"))]
    comments = [b"+" + comment for comment in trailing_comments(text)]
    return PushedPart([(b"+", line) for line in lines if line], frozenset(), comments)


def names_in(diff: bytes) -> set[bytes]:
    """Return the names of the files that a diff names, without their folders."""
    return {base_name(name) for name in _NAMES.findall(diff)}
