"""What a patch under embargo is recognised by: its changed lines, their weights and forms, and the blocks they make.

Lines are compared without white space and without the comments behind their code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, FileChange

#: White space within a line.
BLANK = b" \t\r\v\f"
#: Lines around a block that are compared, on each side.
AROUND = 3
#: The weight below which a patch is small: it is also looked for by its blocks and what stands around them.
SMALL = 40

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,}|[0-9][0-9A-Fa-fxX]+")
#: Words of C and of make that say nothing.
_KEYWORDS = frozenset(
    b"if else elif endif ifdef ifndef define include return goto for while struct union enum unsigned signed int long "
    b"short char void static inline const case break continue sizeof NULL bool default switch true false out err ret"
    b"".split()
)
#: A comment that ends on its line.  Few lines have the letter that it begins with, so that the search is fast.
_BEHIND = re.compile(rb"/(?:\*[^\n]*?\*/|/[^\n]*)")
#: What ends code, and not a line of something else.
_CODE = frozenset(b";{}(),:\\_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
#: A line that is nothing but a comment, in C, in a shell or Python, in OCaml.
_COMMENT = re.compile(rb"[ \t]*(?:/\*|\*[A-Za-z \t/\n]|\*$|//|#[ \t]|\(\*)")
_WORD = re.compile(rb"\w+")
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")


def without_comments(text: bytes) -> bytes:
    """Return ``text`` without the comments that stand behind code on the same line."""
    if b"/*" not in text and b"//" not in text:
        return text
    return _BEHIND.sub(lambda found: b"" if _is_behind_code(found) else found[0], text)


def trailing_comments(text: bytes) -> list[bytes]:
    """Return the comments that stand behind code, squeezed."""
    if b"/*" not in text and b"//" not in text:
        return []
    return [b"".join(found[0].split()) for found in _BEHIND.finditer(text) if _is_behind_code(found)]


def _is_behind_code(found: re.Match[bytes]) -> bool:
    place = found.start() - 1
    while place >= 0 and found.string[place] in b" \t":
        place -= 1
    return place >= 0 and found.string[place] in _CODE


def squeezed(line: bytes) -> bytes:
    """Return ``line`` without any white space and without a comment behind it."""
    return b"".join(without_comments(line).split())


def squeezed_lines(text: bytes) -> list[bytes]:
    """Return the lines of ``text``, each as ``squeezed`` does."""
    return without_comments(text).translate(None, BLANK).split(b"\n")


def weight(line: bytes) -> int:
    """Return how many different names and numbers ``line`` has that say something."""
    return len(set(_NAME.findall(line)) - _KEYWORDS)


def base_name(path: bytes) -> bytes:
    """Return the name of the file at ``path`` without its folders and quotes."""
    return path.rpartition(b"/")[2].strip(b'"')


def opposite(line: bytes) -> bytes:
    """Return a marked line with the other mark."""
    return (b"-" if line[0] == ADDED else b"+") + line[1:]


def shape(line: bytes) -> tuple[bytes, list[bytes]]:
    """Return a line with ``n`` for each name or word in it and without white space, and these names."""
    return b"".join(_IDENTIFIER.sub(b"n", line).split()), _IDENTIFIER.findall(line)


def same_but(new: Collection[bytes], mine: Sequence[bytes], others: Sequence[bytes]) -> set[bytes] | None:
    """Return the names which ``mine`` and ``others`` have in the same places and which say something, when all that
    differ are ``new`` in ``mine``; ``None`` when one is not, or when they are fewer than those that differ."""
    pairs = list(zip(mine, others, strict=True)) if len(mine) == len(others) else []
    different = {name for name, other in pairs if name != other}
    same = {name for name, other in pairs if name == other and weight(name)}
    return same if pairs and different <= {*new} and len(same) >= len(different) else None


@dataclass(frozen=True)
class Block:
    """Changed lines that stand together, with their marks, and what stands before and after them, squeezed; and
    ``written``, the same lines without marks as they are written."""

    name: bytes
    lines: tuple[bytes, ...]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]
    written: tuple[bytes, ...]

    @cached_property
    def text(self) -> bytes:
        """Its lines, one after the other, each with a newline around it."""
        return b"\n" + b"\n".join(self.lines) + b"\n"

    @cached_property
    def heaviest(self) -> bytes:
        """The line with the most weight."""
        return max(self.lines, key=lambda line: (weight(line[1:]), len(line)))

    @cached_property
    def code(self) -> tuple[bytes, ...]:
        """Its lines without those that are nothing but a comment, as far as a line shows that."""
        return tuple(line for line in self.lines if not _COMMENT.match(line[1:]))

    @cached_property
    def text_of_code(self) -> bytes:
        """The lines of ``code`` as they are written."""
        pairs = zip(self.lines, self.written, strict=True)
        return b"\n".join(text for line, text in pairs if not _COMMENT.match(line[1:]))

    @cached_property
    def removed(self) -> tuple[bytes, ...]:
        """The lines that it takes out."""
        return tuple(line for line in self.lines if line[0] == REMOVED)

    @cached_property
    def brought(self) -> Counter[bytes]:
        """The words that it adds and does not take out."""
        words: Counter[bytes] = Counter()
        for line, text in zip(self.lines, self.written, strict=True):
            (words.update if line[0] == ADDED else words.subtract)(_WORD.findall(text))
        return +words

    @property
    def around(self) -> int:
        """The weight of the lines around it."""
        return sum(map(weight, {*self.before, *self.after}))


@dataclass(frozen=True)
class Print:
    """What a patch is found by.

    ``weights`` are its changed lines, marked and squeezed, but for those that its file had already; ``comments`` those
    of them that are comments; ``new`` the names that it brings; ``written`` the added lines as they are written, but
    for white space around them and comments behind them.
    """

    xsa: int
    weights: Mapping[bytes, int]
    comments: frozenset[bytes]
    paths: frozenset[bytes]
    blocks: tuple[Block, ...]
    new: frozenset[bytes] = field(default=frozenset())
    written: Mapping[bytes, bytes] = field(default_factory=dict)

    @cached_property
    def whole(self) -> int:
        """The weight of all lines."""
        return sum(self.weights.values())

    @cached_property
    def lightest(self) -> int:
        """The least weight that one of its blocks has with what is around it."""
        return min(sum(self.weights.get(line, 0) for line in {*block.lines}) + block.around for block in self.blocks)

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The names of its files without their folders."""
        return frozenset(map(base_name, self.paths))

    @cached_property
    def replaces(self) -> bool:
        """Whether each of its blocks takes lines out and brings others."""
        return all(block.removed and len(block.removed) < len(block.lines) for block in self.blocks)

    @property
    def small(self) -> bool:
        """Whether its lines alone might not identify it."""
        return self.whole < SMALL

    @cached_property
    def trigger(self) -> bytes:
        """The line without which a small patch is not there."""
        lines = [line for block in self.blocks for line in block.lines]
        return max(lines, key=lambda line: (self.weights.get(line, 0), len(line)))


def print_of(xsa: int, changes: Iterable[FileChange], known: Mapping[bytes, frozenset[bytes]]) -> Print | None:
    """Return what the patch ``changes`` is found by; ``None`` when it changes no line."""
    counts: Counter[bytes] = Counter()
    weights: dict[bytes, int] = {}
    comments: set[bytes] = set()
    paths: set[bytes] = set()
    blocks: list[Block] = []
    old: set[bytes] = set()
    written: dict[bytes, bytes] = {}
    for change in changes:
        paths |= {path for path in (change.old_path, change.new_path) if path is not None}
        there = known.get(change.old_path or b"", frozenset())
        for hunk in change.hunks:
            blocks += _blocks(base_name(change.path), hunk.marks, hunk.texts)
            old.update(*(_IDENTIFIER.findall(text) for text in hunk.old_lines))
            for mark, text, comment in zip(hunk.marks, hunk.texts, _commented(hunk.texts), strict=True):
                line = squeezed(text)
                if mark == CONTEXT or not line:
                    continue
                marked = bytes([mark]) + line
                counts[marked] += 1
                if mark == REMOVED or line not in there:
                    weights[marked] = weight(without_comments(text))
                    written[marked] = without_comments(text).strip()
                    if comment:
                        comments.add(marked)
                    for extra in trailing_comments(text):
                        weights[bytes([mark]) + extra] = weight(text) - weight(without_comments(text))
                        comments.add(bytes([mark]) + extra)
    for line in [line for line in weights if counts[opposite(line)]]:
        del weights[line]  # it is moved
    weights = {line: found for line, found in weights.items() if found}
    words = {word for line in weights if line[0] == ADDED for word in _IDENTIFIER.findall(written.get(line, b""))}
    if not blocks:
        return None
    new = frozenset(words - old)
    return Print(xsa, weights, frozenset(comments), frozenset(paths), tuple(blocks), new, written)


def _commented(texts: Sequence[bytes]) -> Iterator[bool]:
    """Yield for each line of a hunk whether it is nothing but a comment, as far as the hunk shows."""
    inside = False
    for text in texts:
        starts = _COMMENT.match(text) is not None
        yield inside or starts
        if b"/*" in text or inside:
            inside = b"*/" not in text[text.rfind(b"/*") + 2 if b"/*" in text else 0 :]


def _blocks(name: bytes, marks: bytes, texts: Sequence[bytes]) -> list[Block]:
    """Return the blocks of changed lines; blank lines do not count."""
    plain = [(bytes([mark]), without_comments(text)) for mark, text in zip(marks, texts, strict=True)]
    rows = [(mark, b"".join(text.split()), text) for mark, text in plain]
    return blocks_of(name, [row for row in rows if row[1]])


def blocks_of(name: bytes, rows: Sequence[tuple[bytes, bytes, bytes]]) -> list[Block]:
    """Return the blocks of changed lines among ``rows`` (mark, squeezed line, the line as it is written), none of them
    blank."""
    found = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end][0] in (b"+", b"-"):
            end += 1
        if end > start:
            lines = tuple(mark + line for mark, line, _ in rows[start:end])
            before = tuple(line for _, line, _ in rows[max(0, start - AROUND) : start])
            after = tuple(line for _, line, _ in rows[end : end + AROUND])
            found.append(Block(name, lines, before, after, tuple(text for _, _, text in rows[start:end])))
        start = end + 1
    return found
