"""The ledger of embargoes: what it keeps, what it refuses to read, and what is left when its writer is killed."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from git_xsa.advisory.store import Store
from git_xsa.embargo.ledger import JOURNAL, LEDGER, Decision, EmbargoLedger, LedgerEntry
from git_xsa.embargo.problems import LedgerError
from git_xsa.embargo.rule import Embargo
from git_xsa.model.instant import FORM

DECISION = Decision(1_800_000_000, "Jane Doe <jane@example.org>", "add", "predisclosed")


def entry(number: int, note: str = "") -> LedgerEntry:
    return LedgerEntry(Embargo(number, 1_800_000_000, 1_800_003_600, tips={"staging-1.0": frozenset({"b", "a"})}), note)


def add(store: Store, *numbers: int) -> None:
    ledger = EmbargoLedger(store)
    with ledger.changing():
        ledger.put(DECISION, map(entry, numbers))


def journal(store: Store) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (store.read(JOURNAL) or b"").splitlines()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_nothing_is_an_empty_ledger(store: Store) -> None:
    ledger = EmbargoLedger(store)
    assert (ledger.entries, ledger.ledger.embargoes, ledger.ledger.newest) == ({}, (), None)
    assert not store.exists


def test_what_is_in_the_files(store: Store) -> None:
    add(store, 501, 500)
    assert (
        (store.read(LEDGER) or b"")
        .decode()
        .startswith(
            """\
{
  "format": 1,
  "embargoes": [
    {
      "xsa": 500,
      "since": "2027-01-15T08:00:00Z",
      "until": "2027-01-15T09:00:00Z",
      "lifted": null,
      "note": "",
      "tips": {
        "staging-1.0": ["""
        )
    )
    (line,) = journal(store)
    assert [embargo["xsa"] for embargo in line.pop("embargoes")] == [501, 500]
    assert line == {
        "time": "2027-01-15T08:00:00Z",
        "user": "Jane Doe <jane@example.org>",
        "action": "add",
        "reason": "predisclosed",
    }
    ledger = EmbargoLedger(store)
    assert ledger.entries == {500: entry(500), 501: entry(501)}
    assert ledger.ledger.newest == DECISION.time
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in store.folder.iterdir()}
    assert modes == {0o600}


def test_what_is_dropped_stays_in_the_journal(store: Store) -> None:
    add(store, 500, 501)
    ledger = EmbargoLedger(store)
    with ledger.changing():
        ledger.drop(DECISION, [500])
    assert list(EmbargoLedger(store).entries) == [501]
    assert journal(store)[-1]["embargoes"] == [entry(500).document]


def test_a_change_starts_from_what_others_have_written(store: Store) -> None:
    early = EmbargoLedger(store)
    add(store, 500)
    with early.changing():
        early.put(DECISION, [entry(501)])
    assert list(EmbargoLedger(store).entries) == [500, 501]


def test_unknown_keys_are_kept(store: Store) -> None:
    add(store, 500)
    document = json.loads(store.read(LEDGER) or b"")
    document["embargoes"][0]["team"] = {"lead": ["x"]}
    document["signature"] = "s"
    store.write(json.dumps(document).encode(), LEDGER)
    ledger = EmbargoLedger(store)
    with ledger.changing():
        ledger.put(DECISION, [LedgerEntry(ledger.entries[500].embargo, "new", ledger.entries[500].rest), entry(501)])
    document["embargoes"][0]["note"] = "new"
    document["embargoes"].append(entry(501).document)
    assert json.loads(store.read(LEDGER) or b"") == document


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "it is not JSON: it ends too early"),
        ('{"format": 1,,}', "it is not JSON: line 1, column 14"),
        ("[]", "it must be an object"),
        ('{"format": 1}', "embargoes is missing"),
        ('{"format": 2, "embargoes": []}', "its format is 2, not 1"),
        ('{"embargoes": []}', "its format is None, not 1"),
        ('{"format": 1, "embargoes": [{"xsa": "500"}]}', "embargoes[0].xsa must be a whole number"),
        (
            '{"format": 1, "embargoes": [{"xsa": 1, "since": "2027-01-01", "until": "soon"}]}',
            f"XSA-1 has an invalid time: it must be {FORM}",
        ),
        (
            '{"format": 1, "embargoes": [%s, %s]}' % ((json.dumps(entry(1).document),) * 2),
            "it has two embargoes of one advisory",
        ),
    ],
)
def test_ledger_that_can_not_be_read(content: str, why: str, store: Store) -> None:
    store.write(content.encode(), LEDGER)
    with pytest.raises(LedgerError) as error:
        EmbargoLedger(store)
    assert error.value.what == f"the ledger of embargoes {store.folder}/embargoes.json can't be read: {why}"
    assert error.value.hint


def test_ledger_that_is_gone(store: Store) -> None:
    add(store, 500)
    store.remove(LEDGER)
    with pytest.raises(LedgerError) as error:
        EmbargoLedger(store)
    assert error.value.what.endswith("can't be read: it is missing, but its journal exists")
    assert error.value.hint == f"{store.folder}/embargoes.journal shows what it held"


def test_half_an_entry_of_the_journal_tells_nothing(store: Store) -> None:
    add(store, 500)
    path = store.folder / JOURNAL
    path.write_bytes(path.read_bytes() + b'{"time": "2099-01-01')
    add(store, 501)
    assert EmbargoLedger(store).ledger.newest == DECISION.time
    assert len(path.read_bytes().splitlines()) == 3


def killed_at(store: Store, number: int, step: int) -> bool:
    """Add an embargo in a process that is killed at the given line of ledger and store; returns whether it was."""
    child = os.fork()
    if child == 0:
        left = step

        def trace(frame: FrameType, what: str, _: object) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.endswith(("embargo/ledger.py", "advisory/store.py")):
                return None
            left -= what == "line"
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        status = 1
        try:
            sys.settrace(trace)
            add(store, number)
            sys.settrace(None)
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert ended in (0, signal.SIGKILL)
    return ended != 0


@pytest.mark.parametrize(("before", "stride"), [(set(), 1), ({1}, 4)])
def test_killed_at_any_moment_it_is_old_or_new_and_the_journal_never_behind(
    before: set[int], stride: int, tmp_path: Path
) -> None:
    outcomes = []
    for step in range(0, 1000, stride):
        store = Store(tmp_path / str(step))
        if before:
            add(store, *before)
        killed = killed_at(store, 2, step)
        found = set(EmbargoLedger(store).entries)
        told = {embargo["xsa"] for line in journal(store) for embargo in line["embargoes"]}
        assert before <= found <= told <= {1, 2}
        outcomes.append((2 in told, 2 in found))
        if not killed:
            break
    assert 100 < step < 990
    assert list(dict.fromkeys(outcomes)) == [(False, False), (True, False), (True, True)]
