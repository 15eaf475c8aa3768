"""The ledger of embargoes, and the journal of every decision about them, in the store.

``embargoes.json`` is what holds now, ``embargoes.journal`` how it came about, one JSON object a line::

    {"format": 1, "embargoes": [
      {"xsa": 500, "since": "2026-11-24T12:00:00Z", "until": "2026-12-08T12:00:00Z",
       "lifted": null, "note": "", "tips": {"staging-4.17": ["<hex>"]}, "fixes": {"stable-4.17": ["<patch id>"]}}]}

    {"time": "2026-11-24T12:00:03Z", "user": "Jane Doe <jane@example.org>", "action": "add", "reason": "",
     "embargoes": [<as they were decided on>]}

Promises: a decision is in the journal before it is in the ledger, so that whenever a process ends, the ledger is the
old one or the new one and the journal knows of both.  A ledger that can't be read, or that is gone although the journal
isn't, is an error and never an empty ledger.  Keys that a newer version added are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from git_xsa.advisory.store import SHARED, Store
from git_xsa.documents import DocumentError, dumps, keys_once, read_object, shaped
from git_xsa.embargo import problems
from git_xsa.embargo.problems import LedgerError
from git_xsa.embargo.rule import Embargo, Ledger
from git_xsa.model.instant import Instant, parse_instant, rfc3339

LEDGER = SHARED
JOURNAL = "embargoes.journal"
#: The lock of whoever changes it.
LOCK = "embargoes"
FORMAT = 1


class _Written(msgspec.Struct):
    """An embargo as it stands in the file, checked; other keys are kept beside it."""

    xsa: int
    since: str
    until: str
    lifted: str | None = None
    note: str = ""
    tips: dict[str, list[str]] = {}
    fixes: dict[str, list[str]] = {}


class _LedgerFile(msgspec.Struct):
    format: int
    embargoes: list[_Written]


@dataclass(frozen=True)
class LedgerEntry:
    """An embargo in the ledger with what the freeze rule does not ask about.

    ``rest`` holds the keys that this version doesn't know, with their values.
    """

    embargo: Embargo
    note: str = ""
    rest: dict[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object."""
        embargo = self.embargo
        return {
            "xsa": embargo.xsa,
            "since": rfc3339(embargo.since),
            "until": rfc3339(embargo.until),
            "lifted": rfc3339(embargo.lifted) if embargo.lifted is not None else None,
            "note": self.note,
            "tips": {branch: sorted(commits) for branch, commits in sorted(embargo.tips.items())},
            "fixes": {branch: sorted(patches) for branch, patches in sorted(embargo.fixes.items())},
        } | self.rest


@dataclass(frozen=True)
class Decision:
    """The journal's entry for a change: when, who, what was done, and why."""

    time: Instant
    user: str
    action: str
    reason: str


class EmbargoLedger:
    """The ledger in ``store``, as it was when it was read.

    Raises ``LedgerError`` when it can't be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.entries: dict[int, LedgerEntry] = {}
        self._rest: dict[str, Any] = {}
        self._read()
        self._newest = newest_entry(store.read(JOURNAL) or b"")

    @property
    def ledger(self) -> Ledger:
        """What the freeze rule is given."""
        return Ledger(tuple(entry.embargo for entry in self.entries.values()), self._newest)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the ledger's lock, and have what it holds now; ``Locked`` when somebody else has it."""
        with self._store.lock(LOCK):
            self._read()
            self._newest = newest_entry(self._store.read(JOURNAL) or b"")
            yield

    def put(self, decision: Decision, entries: Iterable[LedgerEntry]) -> None:
        """Add ``entries``, each in the place of one of the same advisory; only in ``changing``."""
        changed = list(entries)
        self._write(decision, changed, self.entries | {entry.embargo.xsa: entry for entry in changed})

    def drop(self, decision: Decision, numbers: Iterable[int]) -> None:
        """Take the advisories ``numbers`` out, which are in it; the journal keeps them.  Only in ``changing``."""
        dropped = list(numbers)
        left = {xsa: entry for xsa, entry in self.entries.items() if xsa not in dropped}
        self._write(decision, [self.entries[xsa] for xsa in dropped], left)

    def _write(self, decision: Decision, changed: list[LedgerEntry], entries: dict[int, LedgerEntry]) -> None:
        if self._store.read(LEDGER) is None:
            # Else a first decision that is cut short would look like a ledger that somebody has removed.
            self._store.write(write_entries({}, self._rest), LEDGER)
        line = {
            "time": rfc3339(decision.time),
            "user": decision.user,
            "action": decision.action,
            "reason": decision.reason,
            "embargoes": [entry.document for entry in changed],
        }
        self._store.append(dumps(line, ascii_only=False, compact=True), JOURNAL)
        self._newest = max(decision.time, self._newest or decision.time)
        self._store.write(write_entries(entries, self._rest), LEDGER)
        self.entries = entries

    def _read(self) -> None:
        content = self._store.read(LEDGER)
        if content is None:
            if self._store.read(JOURNAL):
                raise problems.missing_ledger(*self._places())
            return
        try:
            self.entries, self._rest = read_entries(content)
        except DocumentError as error:
            raise self._error(content, f"{error}") from None

    def _error(self, content: bytes, why: str) -> LedgerError:
        """Return what is wrong with a file that is not a ledger, ``why`` from its reader."""
        if re.search(rb"^(<<<<<<< |>>>>>>> )", content, re.MULTILINE):
            return problems.merged_ledger(self._store.path(LEDGER), why, self._store.folder)
        newer = why.startswith("its format is")
        return (
            problems.newer_ledger(self._store.path(LEDGER), why)
            if newer
            else problems.unreadable_ledger(*self._places(), why)
        )

    def _places(self) -> tuple[Path, Path]:
        return self._store.path(LEDGER), self._store.path(JOURNAL)


def read_entries(content: bytes) -> tuple[dict[int, LedgerEntry], dict[str, Any]]:
    """Return the embargoes that a ledger's file has, by advisory, and its keys that this version doesn't know.

    Raises ``DocumentError`` when it is none, with the reason as its text.
    """
    document = read_object(content)
    keys_once(content)
    if document.get("format") != FORMAT:
        raise problems.unknown_ledger_format(document.get("format"), FORMAT)
    written = shaped(document, _LedgerFile).embargoes
    found = [_entry(here, raw) for here, raw in zip(written, document["embargoes"], strict=True)]
    entries = {entry.embargo.xsa: entry for entry in found}
    if len(entries) < len(found):
        raise problems.listed_twice()
    return entries, {key: value for key, value in document.items() if key not in _LedgerFile.__struct_fields__}


def write_entries(entries: Mapping[int, LedgerEntry], rest: Mapping[str, Any]) -> bytes:
    """Return the file of a ledger with ``entries`` and with the other keys ``rest``."""
    document = {"format": FORMAT, "embargoes": [entry.document for _, entry in sorted(entries.items())]}
    return f"{dumps(document | dict(rest), 2, ascii_only=False)}\n".encode()


def read_entry(raw: dict[str, Any]) -> LedgerEntry:
    """Return the embargo that the JSON object ``raw`` stands for; ``DocumentError`` when it stands for none."""
    return _entry(shaped(raw, _Written), raw)


def _entry(written: _Written, raw: dict[str, Any]) -> LedgerEntry:
    try:
        since, until = parse_instant(written.since), parse_instant(written.until)
        lifted = parse_instant(written.lifted) if written.lifted is not None else None
    except ValueError as error:
        raise problems.invalid_time(written.xsa, error) from None
    if until <= since:
        raise problems.ends_early(written.xsa)
    tips = {branch: frozenset(commits) for branch, commits in written.tips.items()}
    fixes = {branch: frozenset(patches) for branch, patches in written.fixes.items()}
    rest = {key: value for key, value in raw.items() if key not in _Written.__struct_fields__}
    return LedgerEntry(Embargo(written.xsa, since, until, lifted, tips, fixes), written.note, rest)


def newest_entry(journal: bytes) -> Instant | None:
    """Return when the newest entry was made, ``None`` when there is none."""
    return max((time for time in map(entry_time, journal.splitlines()) if time is not None), default=None)


def entry_time(line: bytes) -> Instant | None:
    """Return the time of an entry; half of one, which a power cut left, has none."""
    try:
        return parse_instant(str(read_object(line).get("time", "")))
    except ValueError:
        return None
