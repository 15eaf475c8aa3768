"""git xsa-embargo: what it prints, where, with which exit status, and what it leaves where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from repositories import git, run

from git_xsa.cli import clock
from git_xsa.git.run import Call, Git
from git_xsa.model.instant import parse_instant

GATE = "Stable branches may still be updated to what was in staging when the freeze began.\n"
FROZEN = "Frozen until 2026-12-08 12:00 UTC: stable-*, staging-*\n" + GATE
NOTE = (
    "note: no staging branch is known here, so the gate cannot update stable branches during the freeze\n"
    "hint: add embargoes in a clone that fetches the staging branches\n"
)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what the clock is told by."""
    told = {"now": "2026-11-25 09:00"}
    monkeypatch.setattr(clock, "now", lambda: parse_instant(told["now"]))
    return told


def test_one_embargo_from_begin_to_end(tmp_path: Path, at: dict[str, str], sealed: Path) -> None:
    line = "XSA-500: in force, from 2026-11-24 12:00 UTC until {} UTC\n"
    words = ("embargo", "add", "XSA-500", "--since", "2026-11-24", "--until", "2026-12-08", "--note", "-")
    assert run(tmp_path, *words, given="a hole\n") == (0, line.format("2026-12-08 12:00") + FROZEN, NOTE)
    listed = "XSA-500  in force  2026-11-24 12:00 UTC  2026-12-08 12:00 UTC  a hole\n" + FROZEN
    assert run(tmp_path, "embargo", "list") == (0, listed, "")
    answer = run(tmp_path, "embargo", "freeze-file")
    assert json.loads(answer.out) == {
        "format": 1,
        "frozen": ["refs/heads/stable-*", "refs/heads/staging-*"],
        "freezes": [{"begins": "2026-11-24T12:00:00Z", "ends": "2026-12-08T12:00:00Z"}],
        "cksum": "1647365 199",
    }
    answer = run(tmp_path, "embargo", "extend", "500", "--until", "2026-12-09 14:00+02:00", "--reason", "later")
    assert answer.out == line.format("2026-12-09 12:00") + FROZEN.replace("12-08", "12-09")
    at["now"] = "2026-12-01"
    lifted = "XSA-500: lifted, from 2026-11-24 12:00 UTC until 2026-12-01 12:00 UTC\nNothing is frozen now.\n"
    assert run(tmp_path, "embargo", "lift", "500") == (0, lifted, "")
    removed = "XSA-500: removed; the journal keeps it\nNothing is frozen now.\n"
    assert run(tmp_path, "embargo", "remove", "500") == (0, removed, "")
    journal = (sealed / "data" / "git-xsa" / "embargoes.journal").read_text(encoding="utf-8").splitlines()
    told = [(entry["action"], entry["user"], entry["reason"]) for entry in map(json.loads, journal)]
    user = "Jane Doe <jane@example.org>"
    assert told == [("add", user, ""), ("extend", user, "later"), ("lift", user, ""), ("remove", user, "")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lift 501", "error: XSA-501 is not in the ledger\nhint: git xsa-embargo list shows the ledger\n"),
        (
            "lift 500 501",
            "error: XSA-501 is not in the ledger\nhint: git xsa-embargo list shows the ledger\n",
        ),
        (
            "add 500 --until 2026-12-09",
            (
                "error: XSA-500 is in the ledger already\n"
                "hint: use git xsa-embargo extend, lift or remove to change it\n"
            ),
        ),
        (
            "extend 500 --until 2026-12-08",
            (
                "error: the embargo of XSA-500 lasts until 2026-12-08 12:00 UTC already\n"
                "hint: use git xsa-embargo lift to end it earlier\n"
            ),
        ),
        (
            "add 501 --until 2026-12-08 --since 2026-12-09",
            (
                "error: an embargo from 2026-12-09 12:00 UTC until 2026-12-08 12:00 UTC would have no duration\n"
                "hint: --until must be after --since\n"
            ),
        ),
    ],
)
def test_what_has_no_meaning_changes_nothing(words: str, message: str, tmp_path: Path) -> None:
    run(tmp_path, "embargo", "add", "500", "--until", "2026-12-08")
    before = run(tmp_path, "embargo", "list", "--json")
    assert run(tmp_path, "embargo", *words.split()) == (129, "", message)
    assert run(tmp_path, "embargo", "list", "--json") == before


def test_ledger_that_can_not_be_read(tmp_path: Path, sealed: Path) -> None:
    run(tmp_path, "embargo", "add", "500", "--until", "2026-12-08")
    ledger = sealed / "data" / "git-xsa" / "embargoes.json"
    ledger.write_text("{", encoding="utf-8")
    for words in (["list"], ["freeze-file"], ["lift", "500"]):
        assert run(tmp_path, "embargo", *words) == (
            128,
            "",
            (
                f"fatal: the ledger of embargoes {ledger} can't be read: it is not JSON: it ends too early\n"
                f"hint: repair it by hand; {ledger.parent}/embargoes.journal shows what it held\n"
            ),
        )
    assert ledger.read_text(encoding="utf-8") == "{"


def test_nothing_in_the_ledger(tmp_path: Path) -> None:
    assert run(tmp_path, "embargo", "list") == (0, "Nothing is frozen now.\n", "")


def test_no_process_is_told_and_a_trace_of_git_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet", "clone")
    calls: list[tuple[str, ...]] = []
    start = Git.start

    def note(self: Git, *words: str, **options: Any) -> Call:
        calls.append(words)
        assert not options.get("environment")
        return start(self, *words, **options)

    monkeypatch.setattr(Git, "start", note)
    words = ("add", "777123", "--until", "2026-12-08", "--note", "secret", "--reason", "secret")
    assert run(tmp_path / "clone", "embargo", *words).status == 0
    assert calls
    assert not [call for call in calls for word in call if "secret" in word or "777123" in word or "2026" in word]


def test_settings(tmp_path: Path) -> None:
    for key, value in (("frozenRefs", "old-*, refs/x/*"), ("gateDuringFreeze", "no"), ("fixesFirst", "yes")):
        git(tmp_path, "config", "--global", f"xsa.{key}", value)
    run(tmp_path, "embargo", "add", "500", "--until", "2026-12-08")
    answer = run(tmp_path, "embargo", "list")
    assert answer.out.splitlines()[1:] == [
        "Frozen until 2026-12-08 12:00 UTC: old-*, refs/x/*",
        "After it, a branch accepts nothing else until the fixes in the ledger are in.",
    ]
    assert json.loads(run(tmp_path, "embargo", "freeze-file").out)["frozen"] == ["refs/heads/old-*", "refs/x/*"]


def test_clock_before_the_journal(tmp_path: Path, at: dict[str, str]) -> None:
    run(tmp_path, "embargo", "add", "500", "--until", "2026-12-08")
    at["now"] = "2026-11-01"
    status, out, err = run(tmp_path, "embargo", "list")
    assert (status, out.splitlines()[1]) == (0, "Frozen until 2026-12-08 12:00 UTC: stable-*, staging-*")
    assert err == (
        "warning: the clock says 2026-11-01 12:00 UTC, but the journal has an entry of 2026-11-25 09:00 UTC\n"
        "hint: set the clock; until then, everything that had begun by that entry stays frozen\n"
    )


def test_tips_of_staging_are_written_down_and_the_repository_stays_as_it_is(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "-b", "staging-1.0", "clone")
    clone = tmp_path / "clone"
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "one")
    tip = git(clone, "rev-parse", "HEAD")
    before = sorted(path.relative_to(clone) for path in clone.rglob("*"))
    assert run(clone, "embargo", "add", "500", "--until", "2026-12-08").err == ""
    (entry,) = json.loads(run(clone, "embargo", "list", "--json").out)["embargoes"]
    assert (entry["tips"], entry["state"]) == ({"staging-1.0": [tip]}, "in-force")
    assert sorted(path.relative_to(clone) for path in clone.rglob("*")) == before
