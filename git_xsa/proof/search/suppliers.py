"""Which of the changes that were left out could cure a failed build: those that add what it misses come first.

A change supplies a name when lines that it adds define it, or else mention it; the first to do so is the one that
introduced it.  Where no name is known, changes to the files that the build fails in are the next best guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from git_xsa.proof.diagnostics import Diagnostic, Sign, same_file

#: What added lines that define NAME look like, in the languages of Xen's tree.
DEFINITIONS = (
    r"^\s*#\s*define\s+NAME\b",  # C and assembler: a macro
    r"^(?!return\b)[A-Za-z_].*\bNAME\s*\(",  # C: a function, or its declaration
    r"^NAME\s*\(",  # C: a function whose type stands on the line before
    r"\b(?:struct|union|enum)\s+NAME\s*(?:\{|$)",  # C: a type
    r"\btypedef\b.*\bNAME\s*;",
    r"^[A-Za-z_][\w\s*]*[\s*]NAME(?:\[.*\])?\s*(?:;|=[^=]|__\w+)",  # C: a variable
    r"^\s+(?!return\b)[A-Za-z_][\w\s*,]*[\s*]NAME(?:\[.*\])?\s*(?::\s*\d+\s*)?[;,]",  # C: a member, or a local variable
    r"^\s*NAME\s*(?:=[^=].*)?,?\s*(?:/\*.*)?$",  # C: a constant of an enumeration
    r"^\s*[A-Z_]\w*\(\s*NAME\s*[,)]",  # a row of a table, such as XEN_CPUFEATURE(NAME, ...)
    r"^\.?(?:globl\s+)?NAME:?$",  # assembler: a label
    r"^\s*(?:menu)?config\s+NAME$",  # Kconfig
    r"^\s*(?:def|class)\s+NAME\b",  # Python
    r"^\s*(?:let|and|val|external|type|module)\s+(?:rec\s+)?NAME\b",  # OCaml
    r"^\s*(?:export\s+)?NAME\s*[:?+]?=[^=]",  # make and Python: a variable
)
#: Beginnings of names that generated code puts before what stands in the source.
GENERATED = ("X86_FEATURE_", "X86_BUG_", "X86_SYNTH_", "CONFIG_", "__HYPERVISOR_", "XEN_X86_FEATURE_")

_DEFINES, _ADDS, _REMOVES = 3, 2, 1


@dataclass(frozen=True)
class Content:
    """What a change does, as text: the lines it adds, those it removes, and the paths of the files it touches."""

    added: str
    removed: str
    paths: tuple[str, ...]


def content_of(diff: bytes, paths: Iterable[bytes]) -> Content:
    """Return the content of a change, given as git's diff."""
    added, removed = [], []
    inside = False  # of a hunk, where a line "--- x" is a removed one
    for line in diff.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("diff --git "):
            inside = False
        elif line.startswith("@@ "):
            inside = True
        elif inside and line.startswith("+"):
            added.append(line[1:])
        elif inside and line.startswith("-"):
            removed.append(line[1:])
    names = tuple(path.decode("utf-8", "surrogateescape") for path in paths)
    return Content("\n".join(added), "\n".join(removed), names)


@dataclass(frozen=True)
class Clue:
    """A diagnostic with the changes that may cure it, the best guess first.

    There may be none.  ``path`` is the file of the tree that the diagnostic is about, empty where it names none.
    """

    diagnostic: Diagnostic
    suppliers: tuple[int, ...] = ()
    path: str = ""


class Suppliers:
    """Ranks changes; ``contents`` maps the position of each one that may be added to what it does."""

    def __init__(self, contents: Mapping[int, Content]) -> None:
        self._contents = contents
        self._paths = sorted({path for content in contents.values() for path in content.paths})

    def clues(self, diagnostics: Sequence[Diagnostic], paths: Iterable[str] = ()) -> list[Clue]:
        """Return each of ``diagnostics`` with the changes that supply its name, or the file that it lacks.

        ``paths`` are the files of the tree that a diagnostic may be about, besides those that changes touch.
        """
        known = sorted({*paths, *self._paths})
        return [Clue(found, tuple(self._supplying(found)), _path_of(found.file, known)) for found in diagnostics]

    def near(self, clues: Iterable[Clue]) -> list[int]:
        """Return the changes, in order, to files that ``clues`` are about."""
        files = {clue.diagnostic.file for clue in clues if clue.diagnostic.file}
        paths = {path for path in self._paths if any(same_file(file, path) for file in files)}
        return [position for position, content in sorted(self._contents.items()) if not paths.isdisjoint(content.paths)]

    def _supplying(self, diagnostic: Diagnostic) -> list[int]:
        if diagnostic.sign is Sign.NO_FILE:
            return [p for p, c in sorted(self._contents.items()) if any(same_file(diagnostic.file, x) for x in c.paths)]
        if not diagnostic.name:
            return []
        least = _ADDS if diagnostic.sign is Sign.MISSING else _REMOVES
        scores = {position: score(content, diagnostic.name) for position, content in self._contents.items()}
        useful = [position for position, points in scores.items() if points >= least]
        return sorted(useful, key=lambda position: (-scores[position], position))


def score(content: Content, name: str) -> int:
    """Return how likely a change supplies ``name``: 3 defines it, 2 adds a line with it, 1 removes one, 0 neither."""
    defines, mentions = _patterns(name)
    if mentions.search(content.added):
        return _DEFINES if defines.search(content.added) else _ADDS
    return _REMOVES if mentions.search(content.removed) else 0


@lru_cache(maxsize=1024)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds definitions of ``name``, or of what it is generated from, and what finds any mention."""
    prefix = next((prefix for prefix in GENERATED if name.startswith(prefix) and name != prefix), "")
    names = "(?:" + "|".join(re.escape(word) for word in dict.fromkeys((name, name.removeprefix(prefix)))) + ")"
    defines = "|".join(f"(?:{form.replace('NAME', names)})" for form in DEFINITIONS)
    return re.compile(defines, re.MULTILINE), re.compile(rf"(?<![\w.]){names}(?!\w)")


def _path_of(file: str, known: Sequence[str]) -> str:
    """Return the one of ``known`` that ``file``, as a tool printed it, stands for; the longest match; empty: none."""
    if not file:
        return ""
    matching = [path for path in known if same_file(file, path)]
    return max(matching, key=lambda path: (path == file, -abs(path.count("/") - file.count("/"))), default="")
