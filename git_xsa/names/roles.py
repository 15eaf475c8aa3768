"""What a word in a file is: used or defined, as what, and inside which function.

Which library reads which language: tree-sitter C (``c_language``); Pygments tells code from comments and strings in
the others (``lexed``).  Files in other languages have no names.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import NamedTuple, Protocol

WORD = re.compile(rb"[A-Za-z_]\w*")
#: Words of the language C (C11, with GNU's spellings); where the tree has an error they pass for names.
KEYWORDS = frozenset(
    b"asm auto bool break case char const continue default do double else enum extern false float for goto if inline "
    b"int long register restrict return short signed sizeof static struct switch true typedef typeof union unsigned "
    b"void volatile while __asm__ __attribute__ __extension__ __inline__ __typeof__ __volatile__ defined".split()
)


class Space(str, Enum):
    """Where a name is looked up: names of different spaces have nothing to do with each other, but a macro stands for
    a name of any."""

    ORDINARY = "name"
    TAG = "tag"
    MEMBER = "member"
    LABEL = "label"
    MACRO = "macro"


class Role(NamedTuple):
    """What a word is at one place.

    ``function`` is the name of the function that it stands in, ``None`` outside of any, and ``span`` where that starts
    and ends; ``local`` marks a definition that no other file can see, because it is in a function, a prototype or a
    macro.  ``scope`` is where a definition is seen, ``None``: everywhere.  A use is ``floating`` in the text of a
    macro: what it sees depends on where that is used.
    """

    space: Space
    defines: bool
    function: bytes | None = None
    local: bool = False
    span: tuple[int, int] | None = None
    scope: tuple[int, int] | None = None
    floating: bool = False

    def is_for(self, other: Role) -> bool:
        """Return whether what is defined here may be what ``other`` uses."""
        return self.space in (other.space, Space.MACRO)

    def seen_by(self, use: Role, at: int) -> bool:
        """Return whether this is a definition that a ``use`` of the same word at the offset ``at`` sees."""
        if not self.defines or not self.is_for(use):
            return False
        return self.scope is None or use.floating or self.scope[0] <= at < self.scope[1]


class Source(Protocol):
    """A file that has been read."""

    def role(self, start: int, end: int) -> Role | None:
        """Return the role of the word from ``start`` to ``end`` (bytes); ``None``: comment, string, keyword."""

    def in_string(self, start: int, end: int) -> bool:
        """Return whether the word from ``start`` to ``end`` stands in a string."""

    def block(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a variable that the word from ``start`` to ``end`` declared would be seen; ``None``: it would be
        no local one."""


class Language(str, Enum):
    """The languages that are read."""

    C = "C"
    ASSEMBLER = "assembler"
    PYTHON = "Python"
    OCAML = "OCaml"
    MAKE = "make"
    KCONFIG = "Kconfig"


_ENDINGS = {
    b".c": Language.C,
    b".h": Language.C,
    b".S": Language.ASSEMBLER,
    b".s": Language.ASSEMBLER,
    b".py": Language.PYTHON,
    b".ml": Language.OCAML,
    b".mli": Language.OCAML,
    b".mk": Language.MAKE,
}
_NAMES = {b"Makefile": Language.MAKE, b"Kbuild": Language.MAKE, b"Kconfig": Language.KCONFIG}
#: Tables that a program makes headers from; they are read as assembler, whose words are loose.
_TABLES = (b".lst",)
_ARCHITECTURE = re.compile(rb"(?:^|/)(?:arch/|asm-)(\w+)(?:/|$)")


@cache
def language_of(path: bytes) -> Language | None:
    """Return the language of the file at ``path`` by its name; ``None`` when its names are not read."""
    name = path.rpartition(b"/")[2]
    if name in _NAMES or name.partition(b".")[0] in _NAMES:
        return _NAMES[name.partition(b".")[0]]
    stem, dot, ending = name.rpartition(b".")
    if dot + ending in _TABLES:
        return Language.ASSEMBLER
    return _ENDINGS.get(dot + ending) if stem else None


@cache
def shared(path: bytes) -> bool:
    """Return whether the file at ``path`` may define names for other files: headers, tables, Kconfig, modules.

    The only such C file is ``asm-offsets.c``, from which a build makes the assembler's constants.
    """
    language = language_of(path)
    return language is not None and (not path.endswith(b".c") or path.endswith(b"asm-offsets.c"))


#: What the names of a language may come from, besides files of its own.
_SOURCES = {
    Language.C: (Language.C, Language.ASSEMBLER, Language.KCONFIG),
    Language.ASSEMBLER: (Language.C, Language.ASSEMBLER, Language.KCONFIG),
    Language.MAKE: (Language.MAKE, Language.KCONFIG),
}


class Standpoint(NamedTuple):
    """What decides which files a file sees: its language, its part of the tree, and its architecture if it has one."""

    language: Language | None
    part: bytes
    architecture: bytes | None

    @cache  # noqa: B019 - there are few standpoints, and they stay the same
    def sees(self, supplier: bytes) -> bool:
        """Return whether code here can see what the file ``supplier`` defines for all; see ``visible``."""
        language = language_of(supplier)
        if self.language is None or language not in _SOURCES.get(self.language, (self.language,)):
            return False
        if self.language is Language.C and supplier.endswith(b".c"):
            return False
        part, below, _ = supplier.partition(b"/")
        if below and part != self.part and b"/include/" not in b"/" + supplier:
            return False
        theirs = _ARCHITECTURE.search(supplier)
        return theirs is None or self.architecture in (None, theirs[1]) or theirs[1] == b"generic"


@cache
def standpoint(path: bytes) -> Standpoint:
    """Return the standpoint of the file at ``path``."""
    architecture = _ARCHITECTURE.search(path)
    return Standpoint(language_of(path), path.partition(b"/")[0], architecture[1] if architecture else None)


def visible(user: bytes, supplier: bytes) -> bool:
    """Return whether code in the file ``user`` can see what the file ``supplier`` defines for all.

    They must be of languages that share names, of the same part of the tree (its first folder; a file at the top or
    in a folder ``include`` serves all) and not of two architectures.  C sees what headers and tables define, the
    assembler also what C does.
    """
    return user == supplier or standpoint(user).sees(supplier)
