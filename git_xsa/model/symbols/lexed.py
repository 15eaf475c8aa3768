"""Read the languages that Pygments knows: assembler, Python, OCaml, make and Kconfig.

Pygments tells names from comments and strings; what is defined is told by the word before it (``def``, ``config``) or
the sign behind it (``:`` of a label, ``=`` of a variable), from one small table.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, String

from git_xsa.model.symbols.roles import Language, Role, Space


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


class LexedSource:
    """A file in one of the languages that Pygments reads."""

    def __init__(self, language: Language, text: bytes) -> None:
        self._grammar = _GRAMMARS[language]
        self._text = text

    @cached_property
    def _spans(self) -> tuple[list[int], list[int]]:
        """Starts and ends of all that is no code; latin-1 makes characters of bytes, one each."""
        lexer: Lexer = get_lexer_by_name(self._grammar.lexer)
        starts, ends = [], []
        for start, kind, value in lexer.get_tokens_unprocessed(self._text.decode("latin-1")):
            preprocessor = kind in Comment.Preproc or kind in Comment.PreprocFile
            if (kind in Comment and not preprocessor) or kind in String or kind in Keyword.Reserved:
                starts.append(start)
                ends.append(start + len(value))
        return starts, ends

    def role(self, start: int, end: int) -> Role | None:
        """Return the role of the word from ``start`` to ``end``; ``None``: comment, string, keyword."""
        starts, ends = self._spans
        at = bisect_right(starts, start) - 1
        if at >= 0 and start < ends[at]:
            return None
        line = self._text[self._text.rfind(b"\n", 0, start) + 1 : start]
        words = line.split()
        rest = self._text[end : end + 20].lstrip(b" \t")
        first = not line.strip()
        defines = bool(words) and words[-1].lstrip(b"#") in self._grammar.before
        followed = rest.startswith(self._grammar.after) if self._grammar.after else False
        return Role(Space.ORDINARY, defines or (followed and (first or not self._grammar.first)))
