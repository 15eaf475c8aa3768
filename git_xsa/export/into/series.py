"""A quilt or guilt ``series``: names, one a line, in the order in which they are applied."""

from __future__ import annotations

import re

from git_xsa.export.formats.guilt import lines_of
from git_xsa.export.into.parts import Addition, Edited, Insertion, Package, applied

#: A line of guilt's: a name with a guard behind it.
_GUARD = re.compile(r"^[^\s#]+[ \t]+#[ \t]*[+-]\S", re.MULTILINE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def is_guilts(text: str) -> bool:
    """Whether ``series`` is guilt's: a line has a guard."""
    return _GUARD.search(text) is not None


def edited(package: Package, added: Addition) -> Edited:
    """Return the series with the patches at its end."""
    changes = [*dropped(package.text, added.dropped), addition(package.text, names(package, added))]
    return Edited({package.listing: applied(package.text, changes)})


def names(package: Package, added: Addition) -> list[str]:
    """Return the lines for the patches."""
    if package.format == "guilt":
        return [line for item in added.items for line in lines_of(item, added.queue)]
    return [item.name for item in added.items]


def addition(text: str, lines: list[str]) -> Insertion:
    """Return that ``lines`` come at the end of ``text``."""
    before = "\n" if text and not text.endswith("\n") and lines else ""
    return Insertion(len(text), before + "".join(f"{line}\n" for line in lines))


def dropped(text: str, unwanted: frozenset[str]) -> list[Insertion]:
    """Return that the lines of the patches ``unwanted`` go."""
    changes = []
    for line in _LINE.finditer(text):
        words = [word for word in line[0].partition("#")[0].split() if not word.startswith("+")]
        if words and words[0] in unwanted:
            changes.append(Insertion(line.start(), "", line.end()))
    return changes
