"""What a row of an advisory's table of patches says about versions: ``xen-unstable - Xen 4.20.x``.

The table names files on the left and, in words for people, the trees and versions they are for on the right.  The
forms were collected from advisories from 2012 to 2026::

    xen-unstable, Xen 4.13.x ... 4.8.x      a list, with a range in it
    xen-unstable - Xen 4.17                 a range, from the newest to the oldest
    Xen 4.20.x - Xen 4.18.x                 the same with the name repeated
    Linux 5.9 - 5.19-rc                     another tree
    qemu-xen master,4.8                     another tree, with Xen's versions
    Xen unstable (SUPPORT.md update only)   a remark

Versions are those of branches (4.17); what follows the second number, ``.x`` or ``.0``, has no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

#: The version of a branch, two numbers; the branch that is not released yet is newer than all others.
Version = tuple[int, ...]
UNSTABLE: Version = (1_000_000,)
XEN = "xen"

#: A scope is a few words; what is longer is prose that got into the table.
_LONGEST = 400
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_TOKEN = re.compile(
    r"(?P<version>\d{1,3}\.\d{1,3})(?:\.(?:\d+|x))*(?:-?rc\d*)?(?:\.x|[+*])?"
    r"|(?P<unstable>\b(?:xen-)?(?:unstable|master|mainline|staging|upstream)\b)"
    r"|(?P<range>\.{2,}|\u2026|\u2013|\u2014|(?<=\s)-+(?=\s)|(?<=[\dx])-(?=\d)|\b(?:to|through|until)\b)"
    r"|(?P<older>\band\s+(?:earlier|older|below)\b)"
    r"|(?P<newer>\band\s+(?:later|newer|above|onwards?)\b|\bonwards?\b)"
    r"|(?P<name>[a-z][a-z0-9_+.-]*)"
    r"|(?P<other>\S)"
)
#: Words of the table that name no tree.
_FILLERS = frozenset(
    ("and", "or", "for", "all", "the", "version", "versions", "only", "branch", "branches", "git", "x", "from", "in")
)


class Scope(NamedTuple):
    """The trees and branches that a file is for.

    ``tree`` is the first tree that is named, in lower case (``""``: none is).  ``spans`` are pairs of the oldest and
    the newest branch; none are given where just a tree is named.  ``text`` is what it was read from.
    """

    tree: str
    spans: tuple[tuple[Version, Version], ...]
    text: str

    def covers(self, version: Version) -> bool:
        """Whether the branch ``version`` is named, by itself or in a range."""
        return any(oldest <= version <= newest for oldest, newest in self.spans)

    @property
    def unstable(self) -> bool:
        """Whether the branch that was not released yet is named."""
        return self.covers(UNSTABLE)

    @property
    def oldest(self) -> Version | None:
        """The oldest branch that is named, ``None`` when none is."""
        return min((oldest for oldest, _ in self.spans), default=None)

    @property
    def newest(self) -> Version | None:
        """The newest branch that is named, ``None`` when none is."""
        return max((newest for _, newest in self.spans), default=None)


def read_scope(text: str) -> Scope:
    """Return the scope that ``text`` describes; never fails: words without a meaning are passed over."""
    tree = ""
    spans: list[tuple[Version, Version]] = []
    joining = False
    for token in _TOKEN.finditer(_REMARK.sub(" ", text[:_LONGEST]).lower()):
        kind = token.lastgroup
        if kind in ("version", "unstable"):
            found = version_of(token["version"]) if token["version"] else UNSTABLE
            if not tree and token.group().startswith("xen-"):
                tree = XEN
            if joining and spans:
                spans[-1] = (min(*spans[-1], found), max(*spans[-1], found))
            else:
                spans.append((found, found))
        elif kind in ("older", "newer") and spans:
            spans[-1] = ((0,), spans[-1][1]) if kind == "older" else (spans[-1][0], UNSTABLE)
        elif kind == "name" and token["name"] not in _FILLERS:
            tree = tree or token["name"]
        joining = kind == "range" or (joining and kind == "name")
    return Scope(tree, tuple(spans), " ".join(text.split()))


def version_of(text: str) -> Version:
    """Return the branch of a version: its first two numbers."""
    return tuple(int(number) for number in text.split(".")[:2])


def shown(version: Sequence[int]) -> str:
    """Return a branch's version as people write it."""
    return "unstable" if tuple(version) == UNSTABLE else ".".join(map(str, version))
