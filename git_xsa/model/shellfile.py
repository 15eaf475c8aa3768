"""Read lists in a shell script as text: ``source="..."`` of an APKBUILD, ``PATCHES=(...)`` of an ebuild.

Nothing is run and nothing is expanded.  Quotes and comments are those of the shell, as far as such lists have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANKS = " \t\r\n"
_WORD = re.compile(r"\S+")
_BRACKET = re.compile(r"[()]")


@dataclass(frozen=True)
class ShellWord:
    """A word of a list without its quotes, and where it stands in the text with them."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Assignment:
    """A list that is given to a variable: its words, where its contents begin, and where what closes it stands."""

    start: int
    opened: int
    closed: int
    words: tuple[ShellWord, ...]


def strings(text: str, name: str) -> Iterator[Assignment]:
    """Yield the assignments ``name="..."`` in ``text``, in either kind of quotes, that begin a line."""
    pattern = re.compile(rf"^[ \t]*{name}=([\"'])", re.MULTILINE)
    position = 0
    while (match := pattern.search(text, position)) is not None:  # ends: each turn goes on behind the last
        closed = text.find(match[1], match.end())
        if closed < 0:
            return
        found = _WORD.finditer(text, match.end(), closed)
        words = tuple(ShellWord(word[0], word.start(), word.end()) for word in found)
        yield Assignment(match.start(), match.end(), closed, words)
        position = closed + 1


def arrays(text: str, names: str) -> Iterator[Assignment]:
    """Yield the assignments ``name=(...)`` and ``name+=(...)`` that begin a line; ``names`` is a pattern."""
    pattern = re.compile(rf"^[ \t]*(?:{names})\+?=\(", re.MULTILINE)
    position = 0
    while (match := pattern.search(text, position)) is not None:  # ends: each turn goes on behind the last
        words: list[ShellWord] = []
        closed = _read_words(text, match.end(), words)
        if closed is None:
            return
        yield Assignment(match.start(), match.end(), closed, tuple(words))
        position = closed + 1


def _read_words(text: str, position: int, words: list[ShellWord]) -> int | None:
    """Put the words from ``position`` on into ``words``; return where the bracket that ends them stands."""
    length = len(text)
    while position < length:  # ends: each turn goes on by at least a character
        letter = text[position]
        if letter == ")":
            return position
        if letter in _BLANKS:
            position += 1
        elif letter == "#":
            end = text.find("\n", position)
            position = length if end < 0 else end
        else:
            start = position
            pieces: list[str] = []
            position = _read_word(text, position, pieces)
            words.append(ShellWord("".join(pieces), start, position))
    return None


def _read_word(text: str, position: int, pieces: list[str]) -> int:
    """Put the pieces of the word at ``position`` into ``pieces``; return where it ends."""
    length = len(text)
    while position < length and text[position] not in _BLANKS and text[position] != ")":
        letter = text[position]
        if letter in "\"'":
            end = text.find(letter, position + 1)
            end = length if end < 0 else end
            pieces.append(text[position + 1 : end])
            position = end + 1
        elif letter == "\\":
            pieces.append(text[position + 1 : position + 2].strip("\n"))
            position += 2
        elif letter == "`" or text.startswith("$(", position):
            end = _end_of_command(text, position)
            pieces.append(text[position:end])
            position = end
        else:
            pieces.append(letter)
            position += 1
    return min(position, length)


def _end_of_command(text: str, position: int) -> int:
    """Return where the command substitution at ``position`` ends."""
    if text[position] == "`":
        end = text.find("`", position + 1)
        return len(text) if end < 0 else end + 1
    depth = 0
    for match in _BRACKET.finditer(text, position):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.end()
    return len(text)
