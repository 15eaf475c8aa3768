"""The freeze file: what a server that is pushed to may know of embargoes, as ``git xsa-embargo freeze-file`` writes it.

It has instants and patterns of references, and a checksum of all before it, which only the hooks' shell looks at::

    {"format": 1, "frozen": ["refs/heads/stable-*", "refs/heads/staging-*"],
     "freezes": [{"begins": "2026-11-24T12:00:00Z", "ends": "2026-12-08T12:00:00Z"}],
     "cksum": "3120948570 214"}

Where fixes come first after a freeze (``xsa.fixesFirst``), a file that is written after one has the fixes, too, and
what had been waiting in staging: the advisories are public then::

     "over": [{"began": "2026-11-24T12:00:00Z", "ended": "2026-12-08T12:00:00Z",
               "tips": {"staging-4.17": ["<hex>"]}, "fixes": {"stable-4.17": ["<patch id>"]}}]

Promises: a file that can't be read, that is no freeze file or that says less than it must is an error, never a file
without a freeze.  Keys that a newer version added are passed over.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from git_xsa.documents import keys_once, read_json, shaped
from git_xsa.embargo import problems
from git_xsa.embargo.rule import HEADS, Embargo, Ledger
from git_xsa.model.instant import Instant, parse_instant

#: Where it is, in the repository's folder, unless ``xsa.freezeFile`` names another place.
NAME = "xsa-freeze.json"
FORMAT = 1
#: Stands for the number of an advisory, which a server does not know.
UNKNOWN = 0
_LONGEST = 1 << 20


class _Freeze(msgspec.Struct):
    begins: str
    ends: str


class _Over(msgspec.Struct):
    began: str
    ended: str
    tips: dict[str, list[str]]
    fixes: dict[str, list[str]]


class _FreezeDocument(msgspec.Struct):
    format: int
    frozen: list[str]
    freezes: list[_Freeze]
    over: list[_Over] = []


@dataclass(frozen=True)
class FreezeFile:
    """When which references are frozen: ``frozen`` are patterns as in ``xsa.frozenRefs``, ``freezes`` begins and ends.

    ``written`` is when the file was changed last.  ``over`` are freezes that were over by then, each as one embargo,
    with the fixes that come first after it.
    """

    frozen: tuple[str, ...]
    freezes: tuple[tuple[Instant, Instant], ...]
    written: Instant
    over: tuple[Embargo, ...] = ()

    def waits(self, now: Instant) -> bool:
        """Whether a freeze of the file is over at ``now``, and the file does not say yet which fixes come first."""
        told = max((one.until for one in self.over), default=0)
        return any(told < ends <= now for _, ends in self.freezes)

    def ledger(self, tips: Mapping[str, frozenset[str]]) -> Ledger:
        """Return what the freeze rule is to go by; ``tips`` is what was in the staging branches when a freeze began.

        A clock that is before the file's own time can't be right, as with the journal of a ledger.
        """
        embargoes = tuple(Embargo(UNKNOWN, begins, ends, tips=tips) for begins, ends in self.freezes)
        return Ledger((*embargoes, *self.over), self.written)


def read_freeze_file(path: Path) -> FreezeFile:
    """Return what the file at ``path`` says; ``FreezeFileError`` when there is none or it is none."""
    try:
        # Without waiting: it may be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            os.close(descriptor)
            raise problems.freeze_file_is_no_file(path)
        with open(descriptor, "rb") as file:
            content, written = file.read(_LONGEST), int(facts.st_mtime)
    except OSError as error:
        raise problems.unreadable_freeze_file(path, f"{error.strerror}") from None
    try:
        told = shaped(read_json(content), _FreezeDocument)
        keys_once(content)
        if told.format != FORMAT:
            raise problems.unknown_freeze_format(path, told.format, FORMAT)
        freezes = tuple((parse_instant(one.begins), parse_instant(one.ends)) for one in told.freezes)
        over = tuple(map(_embargo, told.over))
    except ValueError as error:
        raise problems.unreadable_freeze_file(path, f"{error}") from None
    if not told.frozen or not all(name.startswith("refs/") for name in told.frozen):
        raise problems.freeze_file_without_references(path)
    if any(ends <= begins for begins, ends in [*freezes, *((one.since, one.until) for one in over)]):
        raise problems.freeze_ends_early(path)
    return FreezeFile(tuple(name.removeprefix(HEADS) for name in told.frozen), freezes, written, over)


def _embargo(over: _Over) -> Embargo:
    fixes = {branch: frozenset(patches) for branch, patches in over.fixes.items()}
    tips = {branch: frozenset(commits) for branch, commits in over.tips.items()}
    return Embargo(UNKNOWN, parse_instant(over.began), parse_instant(over.ended), None, tips, fixes)
