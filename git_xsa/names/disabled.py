"""Blank out what the preprocessor never lets through: ``#if 0``, and what stands beside ``#if 1``.

Which other conditions hold depends on the configuration; what they hold counts as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: A condition that nothing can change; looking for one is what most files cost.
_CONSTANT = re.compile(rb"^[ \t]*#[ \t]*(?:el)?if[ \t]+\(?[ \t]*[01]\b", re.MULTILINE)
#: Comments (also in text that is skipped), strings and characters, and the lines that matter.
_TOKEN = re.compile(
    rb"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    rb"|^[ \t]*#[ \t]*(?P<word>if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b(?P<condition>(?:\\\n|[^\n])*)",
    re.MULTILINE | re.DOTALL,
)
_FALSE = re.compile(rb"[ \t]*\(?[ \t]*0[ \t]*\)?[ \t]*(?:&&[^|]*)?(?:/[/*].*)?$", re.DOTALL)
_TRUE = re.compile(rb"[ \t]*\(?[ \t]*1[ \t]*\)?[ \t]*(?:\|\|.*)?(?:/[/*].*)?$", re.DOTALL)
_NOT_A_LINE_END = re.compile(rb"[^\n]")


@dataclass
class _Group:
    """An ``#if`` up to its ``#endif``: where what is disabled began (``None``: it is not), whether a branch was surely
    ``taken``, and whether the group as a whole stands in one that is ``off``."""

    begin: int | None
    taken: bool
    off: bool


def without_disabled(text: bytes) -> bytes:
    """Return ``text``, C or assembler, with blanks for all code that is disabled; every offset stays."""
    if _CONSTANT.search(text) is None:
        return text
    pieces, at = [], 0
    for begin, end in _disabled(text):
        pieces += [text[at:begin], _NOT_A_LINE_END.sub(b" ", text[begin:end])]
        at = end
    return b"".join([*pieces, text[at:]])


def _disabled(text: bytes) -> list[tuple[int, int]]:
    """Return the spans between directives that are disabled, in order; none within another."""
    found: list[tuple[int, int]] = []
    groups: list[_Group] = []
    for token in _TOKEN.finditer(text):
        word, condition = token["word"], token["condition"]
        if word is None:
            continue
        if word in (b"if", b"ifdef", b"ifndef"):
            off = bool(groups) and (groups[-1].off or groups[-1].begin is not None)
            groups.append(_Group(None, False, off))
        elif not groups:
            continue
        group = groups[-1]
        if group.begin is not None:
            found.append((group.begin, token.start()))
            group.begin = None
        if word == b"endif":
            groups.pop()
        elif not group.off:
            if group.taken or (word in (b"if", b"elif") and _FALSE.match(condition)):
                group.begin = token.end()
            group.taken = group.taken or (word in (b"if", b"elif") and _TRUE.match(condition) is not None)
    return found
