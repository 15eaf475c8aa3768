"""Take a file apart into the patches that it holds: for each, what stands before it, and the diff of each file.

Packagers ship several patches in one file: ``git format-patch --stdout``, published patches one after another, a diff
below the last hunk of which the next message begins.  git and GNU patch read on after the last line of a hunk until the
next file is named, and so does this.  Where a hunk ends, its own counts of lines say: no line of it is taken for text.

A patch begins where a header does (of a mail, of Mercurial, SUSE, ``git show`` or DEP-3), and where text stands between
two diffs of one file: the second one is made for what the first one leaves.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from git_xsa.advisory.problems import patches as problems

_HUNK = re.compile(rb"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")
#: What git writes between the first line of a file's diff and its hunks.
_EXTENDED = re.compile(
    rb"(?:old mode|new mode|deleted file mode|new file mode|rename from|rename to|copy from|copy to"
    rb"|similarity index|dissimilarity index|index|---|\+\+\+) "
)
_LITERAL = re.compile(rb"(?:literal|delta) \d+\r?$")
_BINARY = re.compile(rb"Binary files (?P<names>.+) differ\r?$")
#: What begins the header of another patch.
_OPENING = re.compile(
    rb"^(?:From [0-9a-f]{40,64} |(?:From|Subject|Author|Description|Origin|References): "
    rb"|# (?:HG changeset patch|Commit [0-9a-f]{12}|User )|commit [0-9a-f]{40,64}\b|\$NetBSD)",
    re.MULTILINE,
)
#: What programs write around the diff of a file, and mail programs below a patch.
_NAMING = re.compile(rb"(?:Index: .*|={3,}|diff .*|RCS file: .*|retrieving revision .*|)\s*")
_ROUTINE = re.compile(_NAMING.pattern + rb"|(?:Only in .*|base-commit: .*|--)\s*")
_INDEX = re.compile(rb"^Index: ([^\t\r\n]+)", re.MULTILINE)
#: How lines begin that say something of a diff where no file's diff begins.
_TELLING = (b"@@ -", b"Binary files ", b"Index: ")
_SIGNATURE = re.compile(rb"\A-- ?\r?\n[^\n]*\n*")
_AFTER_HUNK = (b"-", b"+", b" ", b"\t", b"\\", b"@")
_CONTEXT_DIFF = re.compile(rb"^\*\*\* [^\n]+\n--- [^\n]+\n\*{10,}", re.MULTILINE)
_NORMAL_DIFF = re.compile(rb"^\d+(?:,\d+)?[acd]\d+(?:,\d+)?\r?\n(?:[<>] |---)", re.MULTILINE)
_SCRIPT = re.compile(rb"\s*(?:\d+(?:,\d+)?[acd]|[ad]\d+ \d+)\r?\n")


@dataclass(frozen=True)
class Part:
    """One patch of a file: what stands before its diff, and the diff of each file.

    ``ended``: the last line of its hunks has an end, without which git refuses a patch and GNU patch warns.
    """

    head: bytes
    diffs: tuple[bytes, ...]
    ended: bool = True

    @property
    def message(self) -> bytes:
        """The head without the lines at its end that name the first file."""
        lines = self.head.split(b"\n")
        while lines and _NAMING.fullmatch(lines[-1]):
            lines.pop()
        return b"\n".join(lines) + b"\n" if lines else b""


@dataclass
class _Piece:
    """The diff of one file, the words before it, and the names that stand in it."""

    words: bytes
    lines: list[bytes] = field(default_factory=list)
    whole: bool = True
    ended: bool = True

    @property
    def names(self) -> set[bytes]:
        """The lines that name the file after the change."""
        found = {line.split(b"\t")[0].rstrip() for line in self.lines[:8] if line.startswith(b"+++ ")}
        return found - {b"+++ /dev/null"}


def split_parts(content: bytes) -> list[Part]:
    """Return the patches in ``content``, whose lines end with LF; none where there is no diff.

    Raises ``DiffError`` where a hunk names no file: there git refuses a patch, but GNU patch leaves out the rest of the
    file's hunks without a word (8 of 38 in a patch for XSA-400 that a packager has shipped).  Raises ``FormError`` for
    what is a diff, but no unified one.
    """
    reader = _PartReader(content.splitlines(keepends=True) if b"\r" not in content else _lines(content))
    pieces = list(reader.pieces())
    _refuse_forms(b"".join([piece.words for piece in pieces] + [reader.rest]), bool(pieces))
    parts: list[tuple[bytes, list[_Piece]]] = []
    names: set[bytes] = set()
    for piece in pieces:
        words = _SIGNATURE.sub(b"", piece.words) if parts else piece.words
        own = piece.names
        if not parts or _OPENING.search(words) or (not names.isdisjoint(own) and not _is_routine(words)):
            parts.append((words, []))
            names = set()
        parts[-1][1].append(piece)
        names |= own
    return [Part(head, tuple(map(_body, own)), all(one.ended for one in own)) for head, own in parts]


def _refuse_lost(line: bytes) -> None:
    """Raise ``DiffError`` where ``line``, behind the diff of a file, belongs to one that is not named."""
    if _HUNK.match(line):
        raise problems.lost_hunk(line.decode("utf-8", "backslashreplace").rstrip())
    if binary := _BINARY.match(line):
        raise problems.no_binary_contents(binary["names"].decode("utf-8", "backslashreplace"))


def _plain_end(line: bytes) -> bytes:
    return line[:-2] + b"\n" if line.endswith(b"\r\n") else line


def _lines(content: bytes) -> list[bytes]:
    """Return the lines, which end at LF alone."""
    lines = content.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


class _PartReader:
    """Reads the lines of a file: the pieces in it, and afterwards the ``rest`` behind the last one."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self._at = 0
        #: Whether the names of the file in hand end with CR LF: then so does what the diff is of only by accident.
        self._changed_ends = False
        self.rest = b""

    def pieces(self) -> Iterator[_Piece]:
        """Yield the diff of each file."""
        found = 0
        while True:  # ends: a piece has lines, and each turn reads one or finds none left
            words = self._words(found > 0)
            if self._at == len(self._lines):
                self.rest = words
                return
            piece = self._piece(words)
            yield piece
            found += 1

    def _line(self, ahead: int = 0) -> bytes:
        line = self._lines[self._at + ahead] if self._at + ahead < len(self._lines) else b""
        return _plain_end(line) if self._changed_ends else line

    def _words(self, hunk_is_lost: bool) -> bytes:
        """Return what stands before the next file's diff."""
        found: list[bytes] = []
        indexed = False
        self._changed_ends = False
        while self._at < len(self._lines) and not self._starts_file():
            line = _plain_end(self._line().removeprefix(BOM_UTF8))
            if line.startswith(_TELLING):
                if indexed and _HUNK.match(line):  # which is all that names the file; GNU patch takes that, too
                    break
                if hunk_is_lost:
                    _refuse_lost(line)
                indexed = indexed or _INDEX.match(line) is not None
            found.append(line)
            self._at += 1
        return b"".join(found)

    def _starts_file(self) -> bool:
        line = self._line().removeprefix(BOM_UTF8)
        return line.startswith(b"diff --git ") or (line.startswith(b"--- ") and self._line(1).startswith(b"+++ "))

    def _piece(self, words: bytes) -> _Piece:
        """Return the diff of the file that begins here."""
        piece = _Piece(words)
        self._changed_ends = self._line().endswith(b"\r\n")
        if self._line().removeprefix(BOM_UTF8).startswith(b"diff --git "):
            self._take(piece)
            while _EXTENDED.match(self._line()):
                self._take(piece)
            if self._line().startswith((b"GIT binary patch", b"Binary files ")):
                self._binary(piece)
                return piece
        elif not _HUNK.match(self._line()):
            self._take(piece)
            self._take(piece)
            _name_by_index(piece)
        else:
            name = _INDEX.findall(words)[-1].rstrip()
            piece.lines += [b"--- " + name + b"\n", b"+++ " + name + b"\n"]
        self._hunks(piece)
        return piece

    def _take(self, piece: _Piece) -> None:
        line = self._line()
        piece.lines.append(line if piece.lines else line.removeprefix(BOM_UTF8))
        self._at += 1

    def _binary(self, piece: _Piece) -> None:
        """Take a binary diff: blocks of data that end with a blank line each."""
        self._take(piece)
        while _LITERAL.match(self._line()):
            while self._line().strip():
                self._take(piece)
            if self._line():
                self._take(piece)

    def _hunks(self, piece: _Piece) -> None:
        """Take the hunks of a file, and what follows the last one where that shows that it is damaged."""
        while found := _HUNK.match(self._line()):
            old, new = (int(number) if number is not None else 1 for number in found.groups())
            self._take(piece)
            if not self._body_of_hunk(piece, old, new):
                piece.whole = False
                self._to_next_file(piece)
                return
            while self._line().startswith(b"\\"):
                self._take(piece)
        line = self._line()
        if line.startswith(_AFTER_HUNK) and line.rstrip() != b"--" and not self._starts_file():
            piece.whole = False
            self._to_next_file(piece)

    def _body_of_hunk(self, piece: _Piece, old: int, new: int) -> bool:
        """Take the lines of a hunk with so many ``old`` and ``new`` ones, as far as they go; return whether all are
        there."""
        at, old, new = _most_of_hunk(self._lines, self._at, old, new)
        while (old > 0 or new > 0) and at < len(self._lines):  # a loop over each line: no calls in it
            kind = self._lines[at][:1]
            if kind in (b" ", b"\n") or (kind == b"\r" and self._changed_ends and self._lines[at] == b"\r\n"):
                old -= 1
                new -= 1
            elif kind == b"+":
                new -= 1
            elif kind == b"-":
                old -= 1
            elif kind != b"\\":
                break
            at += 1
        taken = self._lines[self._at : at]
        piece.lines += map(_plain_end, taken) if self._changed_ends else taken
        piece.ended = taken[-1].endswith(b"\n") if taken else piece.ended
        self._at = at
        return old <= 0 and new <= 0

    def _to_next_file(self, piece: _Piece) -> None:
        while self._at < len(self._lines) and not self._starts_file():
            self._take(piece)


def _most_of_hunk(lines: Sequence[bytes], at: int, old: int, new: int) -> tuple[int, int, int]:
    """Return where to go on in a hunk that begins at ``at`` and has so many ``old`` and ``new`` lines, and how many are
    left: plain ones are counted as many at a time as the hunk has at least."""
    while (least := max(old, new)) > 0:
        kinds = bytes([line[0] for line in lines[at : at + least]])
        if len(kinds) < least or kinds.translate(None, b" +-\n"):
            break
        old, new, at = old - least + kinds.count(b"+"), new - least + kinds.count(b"-"), at + least
    return at, old, new


def _name_by_index(piece: _Piece) -> None:
    """Take the folders of a file's name from the line ``Index:`` before it, where CVS left them out of the others."""
    index = _INDEX.findall(piece.words)
    name = piece.lines[1][4:].partition(b"\t")[0].rstrip()
    if index and b"/" not in name and index[-1].rstrip().endswith(b"/" + name):
        piece.lines = [mark + index[-1].rstrip() + b"\n" for mark in (b"--- ", b"+++ ")]


def _body(piece: _Piece) -> bytes:
    """Return the diff of a file; of one that is not whole, what stands before a mail's signature."""
    text = b"".join(piece.lines)
    if not piece.whole:
        found = re.search(rb"^-- \n[^\n]*\n*\Z", text, re.MULTILINE)
        text = text[: found.start()] if found else text
    text = text if text.endswith(b"\n") else text + b"\n"
    # Without the blank line at its end git finds a binary diff corrupt.
    return text + b"\n" if b"\nGIT binary patch\n" in text and not text.endswith(b"\n\n") else text


def _is_routine(words: bytes) -> bool:
    """Whether nothing was written by a person."""
    return all(_ROUTINE.fullmatch(line) for line in words.split(b"\n"))


def _refuse_forms(words: bytes, is_patch: bool) -> None:
    """Raise ``FormError`` for a diff in another form; what only looks like one is text where there is a diff."""
    if _CONTEXT_DIFF.search(words):
        raise problems.context_diff()
    if re.search(rb"^diff --(?:cc|combined) ", words, re.MULTILINE):
        raise problems.merge_diff()
    if not is_patch and _NORMAL_DIFF.search(words):
        raise problems.normal_diff()
    if not is_patch and _SCRIPT.search(words):
        raise problems.ed_script()
