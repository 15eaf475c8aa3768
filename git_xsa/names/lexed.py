"""Read the languages that Pygments knows: assembler, Python, OCaml, make and Kconfig.

Pygments tells names from comments and strings; the word before a name shows that it is defined (``def``, ``config``) or
the sign behind it (``:`` of a label, ``=`` of a variable), from one small table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, String, Token, _TokenType

from git_xsa.names.roles import Language, Role, Space


@dataclass(frozen=True)
class _Grammar:
    """The name of Pygments' lexer, words after which a name is defined, and signs before which it is.

    With ``first`` such a sign counts only for the first word of a line.
    """

    lexer: str
    before: frozenset[bytes]
    after: tuple[bytes, ...]
    first: bool = True


_GRAMMARS = {
    Language.ASSEMBLER: _Grammar(
        "gas", frozenset((b".macro", b".set", b".equ", b".globl", b".global", b"define")), (b":",)
    ),
    Language.PYTHON: _Grammar("python", frozenset((b"def", b"class", b"import", b"as", b"for")), (b"=", b":"), False),
    Language.OCAML: _Grammar(
        "ocaml",
        frozenset(
            (b"let", b"rec", b"and", b"type", b"external", b"module", b"val", b"exception", b"|", b"mutable", b"fun")
        ),
        (b":",),
        False,
    ),
    Language.MAKE: _Grammar("make", frozenset((b"define",)), (b":=", b"=", b"?=", b"+=", b"::=")),
    Language.KCONFIG: _Grammar("kconfig", frozenset((b"config", b"menuconfig")), ()),
}


_END = Token


@cache
def _is_no_code(kind: _TokenType) -> bool:
    """Whether a token of this kind is a comment, a string or a keyword; what the preprocessor reads is code."""
    preprocessor = kind in Comment.Preproc or kind in Comment.PreprocFile
    return (kind in Comment and not preprocessor) or kind in String or kind in Keyword.Reserved


class LexedSource:
    """A file in one of the languages that Pygments reads."""

    def __init__(self, language: Language, text: bytes) -> None:
        self._grammar = _GRAMMARS[language]
        self._text = text

        #: Starts and ends of what is no code, and how far the text has been read for them.
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._read_to = 0

    @cached_property
    def _tokens(self) -> Iterator[tuple[int, _TokenType, str]]:
        """What is left of the text to read; latin-1 makes characters of bytes, one each."""
        lexer: Lexer = get_lexer_by_name(self._grammar.lexer)
        return iter(lexer.get_tokens_unprocessed(self._text.decode("latin-1")))

    def _read_past(self, place: int) -> None:
        """Read until the token at ``place`` is known: half of a file, mostly, and lexing is what costs."""
        while self._read_to <= place:
            start, kind, value = next(self._tokens, (len(self._text), _END, " "))
            self._read_to = start + len(value)
            if _is_no_code(kind):
                self._starts.append(start)
                self._ends.append(self._read_to)

    def role(self, start: int, end: int) -> Role | None:
        """Return the role of the word from ``start`` to ``end``; ``None``: comment, string, keyword."""
        self._read_past(start)
        at = bisect_right(self._starts, start) - 1
        if at >= 0 and start < self._ends[at]:
            return None
        line = self._text[self._text.rfind(b"\n", 0, start) + 1 : start]
        words = line.split()
        rest = self._text[end : end + 20].lstrip(b" \t")
        first = not line.strip()
        defines = bool(words) and words[-1].lstrip(b"#") in self._grammar.before
        followed = rest.startswith(self._grammar.after) if self._grammar.after else False
        return Role(Space.ORDINARY, defines or (followed and (first or not self._grammar.first)))

    def in_string(self, start: int, end: int) -> bool:  # noqa: ARG002 - as the other readers have it
        """Return ``False``: no language here has code in strings."""
        return False

    def block(self, start: int, end: int) -> None:
        """Return ``None``: no scopes are read here."""
