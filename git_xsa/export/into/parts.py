"""The values that go between the modules of this folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from git_xsa.advisory.package import Listed
from git_xsa.export.into import problems
from git_xsa.export.prepared import Item, Queue
from git_xsa.wording import Remark

#: Which patches a list has: those before the queue are on its base, those behind it are put on top.
Cut = tuple[Sequence[Path], Sequence[Path]]


@dataclass(frozen=True)
class Package:
    """A package that is to be edited.

    ``top`` is its folder; ``listing``, the list of patches, and ``folder``, where their files go, are below it.
    ``format`` is the export format of the same kind.  ``version`` is that of the Xen that it builds, a release
    (``4.17.6``) or a commit's name, empty when it does not say.  ``texts`` holds the files that may be edited, by
    their paths below ``top``.  ``numbers`` are those that its patches have already.
    """

    top: Path
    listing: str
    folder: str
    format: str
    listed: Listed
    version: str
    texts: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        """The text of the list."""
        return self.texts[self.listing]

    @property
    def place(self) -> Path:
        """The list of patches."""
        return self.top / self.listing


@dataclass(frozen=True)
class Addition:
    """What a package is to get: the patches of a queue, in order, and an entry for its changelog.

    ``dropped`` are the names of files that its list is to lose.  ``who`` writes the entry (``Name <address>``) at the
    instant ``now``; ``version`` is the package's new one, empty: the next after the newest entry's.
    """

    queue: Queue
    items: Sequence[Item]
    who: str
    now: int
    version: str = ""
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Edited:
    """New contents of a package's files, by their paths below its top, and what there is to say of them."""

    texts: Mapping[str, str]
    notes: Sequence[Remark] = ()


@dataclass(frozen=True)
class Insertion:
    """A text that is put in at a position of another one, or (``end``) takes the place of what stands up to there."""

    at: int
    text: str = ""
    end: int = -1


def must_apply(package: Package, function: str, applies: re.Pattern[str], call: str) -> bool:
    """Return whether the package has a shell function of that name, which its tools run in place of their own;
    ``PackageRefused`` when that does not apply every patch, as ``call`` would."""
    own = re.search(rf"^{function}[ \t]*\(\)(.*?)(?:^\}}|\Z)", package.text, re.MULTILINE | re.DOTALL)
    if own is not None and not applies.search(own[1]):
        raise problems.function_without_call(function, package.place, call)
    return own is not None


def without(text: str, opened: int, start: int, end: int) -> Insertion:
    """Return that what stands from ``start`` to ``end`` goes, with the blanks before it in the list."""
    while start > opened and text[start - 1] in " \t\n":
        start -= 1
    return Insertion(start, "", end)


def before_bracket(text: str, opened: int, closed: int, lines: str, indent: str = "") -> Insertion:
    """Return that ``lines`` come before the bracket at ``closed``, which then stands on a line of its own."""
    start = text.rfind("\n", 0, closed) + 1
    if start > opened and not text[start:closed].strip():
        return Insertion(start, lines)
    return Insertion(closed, f"\n{lines}{indent}")


def applied(text: str, changes: Sequence[Insertion]) -> str:
    """Return ``text`` with ``changes``, which do not overlap; those at one position come in their order."""
    pieces, done = [], 0
    for change in sorted(changes, key=lambda one: one.at):
        pieces += [text[done : change.at], change.text]
        done = max(change.at, change.end)
    return "".join([*pieces, text[done:]])
