"""Files as the search for names reads them: lines with where they come from, parsed when that must be."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property, lru_cache, partial
from itertools import accumulate
from typing import TYPE_CHECKING

from git_xsa.names.excerpt import Excerpt, Wanted
from git_xsa.names.roles import Language, Role, Source, language_of

if TYPE_CHECKING:
    from git_xsa.names.forms import Forms

#: Longer lines are no code that a person wrote, and no names are looked for on them.  The longest line of code that
#: xen.git had in 2026 has less than 1,200 bytes.
LONGEST_LINE = 5_000
#: How many files that were read are kept: the searches of a question, and the questions after it, read the same ones.
KEPT = 32
#: The bytes that words are made of.
_IN_WORDS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
#: Makes blanks of all that words are not made of: splitting that takes a third of the time that an expression takes.
_WORDS_ONLY = bytes(sign if sign in _IN_WORDS else 32 for sign in range(256))
#: More words than this are looked for by taking every word of a text.
_MANY_WORDS = 12
#: The lines of a file, each with a position: that of the change that brought it (0: the base has it), or another one.
Lines = Sequence[tuple[bytes, int]]


def read(path: bytes, text: bytes) -> Source:
    """Return the file at ``path``, whose language must be known, as a source."""
    language = language_of(path)
    assert language is not None, path
    return _read(Language.ASSEMBLER if language is Language.C and b"\n.macro " in text else language, text)


@lru_cache(KEPT)
def _read(language: Language, text: bytes) -> Source:
    if language is Language.C:
        from git_xsa.names.c_language import CSource  # noqa: PLC0415 - loads a parser

        return CSource(text)
    from git_xsa.names.lexed import LexedSource  # noqa: PLC0415 - loads Pygments

    return LexedSource(language, text)


def code(text: bytes) -> bytes:
    """Return ``text`` with blanks in the place of each line that is longer than ``LONGEST_LINE``."""
    if len(text) <= LONGEST_LINE:
        return text
    lines = text.split(b"\n")
    if max(map(len, lines)) <= LONGEST_LINE:
        return text
    return b"\n".join(line if len(line) <= LONGEST_LINE else b" " * len(line) for line in lines)


def places(text: bytes, word: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the start and end of every ``word`` in ``text``, or between ``start`` and ``end`` of it."""
    assert word, "an empty word would be found at one place for ever"
    size, limit = len(word), len(text) if end is None else end
    at = text.find(word, start, limit)
    while at >= 0:
        if (at == 0 or text[at - 1] not in _IN_WORDS) and (at + size == len(text) or text[at + size] not in _IN_WORDS):
            yield at, at + size
        at = text.find(word, at + size, limit)


def words_of(text: bytes) -> Iterable[bytes]:
    """Return every word of ``text``, numbers too; one may come twice."""
    return text.translate(_WORDS_ONLY).split()


def words_in(text: bytes, words: Collection[bytes]) -> Iterable[bytes]:
    """Return those of ``words`` that stand in ``text``."""
    if len(words) > _MANY_WORDS:
        return set(words).intersection(words_of(text))
    return [word for word in words if next(places(text, word), None)]


class Text:
    """A file as lines that each have a position with them, read when it must be."""

    def __init__(self, path: bytes, lines: Lines) -> None:
        self.path = path
        texts = [text for text, _ in lines]
        self.lines = lines
        if texts and len(max(texts, key=len)) > LONGEST_LINE:
            texts = [code(text) for text in texts]
            self.lines = list(zip(texts, (position for _, position in lines), strict=True))
        self.text = b"".join(texts)
        self._roles: dict[tuple[bytes, tuple[int, int] | None], list[tuple[int, Role]]] = {}

    @cached_property
    def source(self) -> Source:
        """The text, read."""
        return read(self.path, self.text)

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line, and that of the end."""
        return [0, *accumulate([len(text) for text, _ in self.lines])]

    def roles(self, word: bytes, forms: Forms, within: tuple[int, int] | None = None) -> list[tuple[int, Role]]:
        """Return the start and role of every ``word`` of code, or of those ``within`` a span; one that a macro of
        ``forms`` declares is a definition."""
        key = word, within
        if key not in self._roles:
            found = []
            for start, end in places(self.text, word, *(within or ())):
                role = self.source.role(start, end)
                if role is not None and not role.defines and forms.declares(self._head(start)):
                    block = self.source.block(start, end)
                    role = role._replace(defines=True, local=block is not None, scope=block)
                if role is not None:
                    found.append((start, role))
            self._roles[key] = found
        return self._roles[key]

    def excerpt(self, wanted: Wanted) -> Text:
        """Return the same file, read without those bodies of functions that are not ``wanted``."""
        found = copy(self)
        found._roles = {}
        if language_of(self.path) is Language.C:
            found.source = Excerpt(self.text, wanted, partial(read, self.path))
        return found

    def with_words(self, words: Collection[bytes]) -> Text:
        """Return the file as an excerpt that has every one of ``words`` with its role."""
        return self.excerpt(lambda start, end: any(self.text.find(word, start, end) >= 0 for word in words))

    def _head(self, start: int) -> bytes:
        return self.text[self.text.rfind(b"\n", 0, start) + 1 : start]

    def line(self, start: int) -> tuple[bytes, int]:
        """Return the line at the offset ``start``, with its position."""
        return self.lines[bisect_right(self.starts, start) - 1]
