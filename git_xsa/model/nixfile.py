"""Read ``patches = [ ... ];`` in a Nix expression as text: where it stands, and its elements.

Nothing is evaluated.  Comments, strings and brackets are those of Nix, as far as such lists have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"^[ \t]*patches[ \t]*=[ \t\n]*\[", re.MULTILINE)
_TOKEN = re.compile(r"#[^\n]*|/\*|''|\"|[(\[{)\]}]|[^\s\"'#()\[\]{}/]+|\S")
#: What ends a comment or a string that begins so; of what it finds, a second character says that it goes on.
_ENDS = {"/*": re.compile(r"\*/"), "''": re.compile(r"''['$\\]?"), '"': re.compile(r"\\[\s\S]|\"")}
_LOCAL = re.compile(r"(?<![\w./])\./([A-Za-z0-9._+/-]+)")
_ADDRESS = re.compile(r"\burl[ \t]*=[ \t\n]*\"([^\"\n]*)\"")


@dataclass(frozen=True)
class Element:
    """An element of the list: its text, and where that stands.

    ``file`` is the local file that it names, ``address`` what it is fetched from; empty where it has none.
    """

    text: str
    start: int
    end: int

    @property
    def file(self) -> str:
        """The path of the local file, without ``./``."""
        found = _LOCAL.search(self.text)
        return found[1] if found is not None else ""

    @property
    def address(self) -> str:
        """The address that it is fetched from."""
        found = _ADDRESS.search(self.text)
        return found[1] if found is not None else ""


@dataclass(frozen=True)
class PatchList:
    """The list: where its contents begin, where the bracket that closes it stands, and its elements.

    ``more`` is what else the patches are made of, as ``++ other``.
    """

    opened: int
    closed: int
    elements: tuple[Element, ...]
    more: str = ""


def patch_list(text: str) -> PatchList | None:
    """Return the first list of patches in ``text``, ``None`` when there is none that ends."""
    opening = _OPENING.search(text)
    if opening is None:
        return None
    spans: list[tuple[int, int]] = []
    depth, start = 0, 0
    for word, begin, end in _tokens(text, opening.end()):
        if word in ("(", "[", "{"):
            start = begin if depth == 0 else start
            depth += 1
        elif word in (")", "]", "}"):
            if depth == 0:
                elements = tuple(Element(text[a:b], a, b) for a, b in spans)
                return PatchList(opening.end(), begin, elements, _more(text, end))
            depth -= 1
            if depth == 0:
                spans.append((start, end))
        elif depth == 0:
            joined = spans and spans[-1][1] == begin and text[spans[-1][0]] not in "([{"
            spans.append((spans.pop()[0] if joined else begin, end))
    return None


def _more(text: str, position: int) -> str:
    """Return the line that goes on after a list that ends at ``position``, nothing where ``;`` ends it."""
    following = next(_tokens(text, position), (";", position, position))
    return "" if following[0].startswith((";", ")", "}")) else text[following[1] :].partition("\n")[0].strip()


def _tokens(text: str, position: int) -> Iterator[tuple[str, int, int]]:
    """Yield brackets, words and strings from ``position`` on, and where they begin and end; no comments.

    It ends at a string or comment that does not.
    """
    while (token := _TOKEN.search(text, position)) is not None:  # ends: each turn goes on behind the last
        word, position = token[0], token.end()
        ending = _ENDS.get(word)
        if ending is not None:
            last = next((match for match in ending.finditer(text, position) if _is_end(word, match[0])), None)
            if last is None:
                return
            position = last.end()
        if not word.startswith(("#", "/*")):
            yield ("" if ending is not None else word), token.start(), position


def _is_end(opening: str, found: str) -> bool:
    return len(found) == len(opening)
