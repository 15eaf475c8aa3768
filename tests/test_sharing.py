"""git xsa-embargo sync between real clones of a private repository: what is merged, what is said, nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Answer, git, run

from git_xsa.advisory.store import Store
from git_xsa.cli import clock
from git_xsa.embargo.ledger import JOURNAL, LEDGER, EmbargoLedger, LedgerEntry
from git_xsa.embargo.merging import Take, merge_entries, merge_journals
from git_xsa.embargo.rule import Embargo
from git_xsa.embargo.sharing import Sharing
from git_xsa.model.instant import parse_instant

NOTE = "note: run git xsa-embargo sync to share this\n"


class Team:
    """A private repository and the clones of some people, each of whom has a store of his own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        git(folder, "init", "--quiet", "--bare", "-b", "master", "private")
        seconds = count()
        monkeypatch.setattr(clock, "now", lambda: parse_instant("2026-11-25 09:00") + next(seconds))
        for name in ("jane", "joe"):
            self.clone(name)

    def clone(self, name: str) -> Path:
        """Clone the repository as the store of ``name``."""
        folder = self.store(name)
        git(self._folder, "clone", "--quiet", "private", name, accept=(0,))
        folder.chmod(0o700)
        return folder

    def store(self, name: str) -> Path:
        """Return the folder of the store of ``name``."""
        return self._folder / name

    def __call__(self, name: str, *words: str) -> Answer:
        """Run git xsa-embargo as ``name``."""
        git(self._folder, "config", "--global", "xsa.store", str(self.store(name)))
        return run(self._folder, "embargo", *words)

    def numbers(self, name: str) -> list[int]:
        """Return the advisories in the ledger of ``name``."""
        return list(EmbargoLedger(Store(self.store(name))).entries)

    def decisions(self, name: str) -> list[tuple[str, list[int]]]:
        """Return the journal of ``name``: actions and advisories."""
        lines = map(json.loads, (self.store(name) / JOURNAL).read_bytes().splitlines())
        return [(line["action"], [one["xsa"] for one in line["embargoes"]]) for line in lines]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    return Team(tmp_path, monkeypatch)


UNTIL = ("--until", "2026-12-08")
FROZEN = "Frozen until 2026-12-08 12:00 UTC: stable-*, staging-*\n"
GATE = "Stable branches may still be updated to what was in staging when the freeze began.\n"


def test_what_two_people_have_decided_is_in_both_ledgers(team: Team) -> None:
    assert team("jane", "add", "500", *UNTIL, "--note", "a").err.endswith(NOTE)
    assert team("jane", "sync") == (0, f"origin: 0 decisions received, 1 decision sent\n{FROZEN}{GATE}", "")
    assert team("joe", "sync").out.startswith("origin: 1 decision received, 0 decisions sent\n" + FROZEN)
    team("jane", "add", "501", *UNTIL)
    team("jane", "extend", "500", "--until", "2026-12-09")
    team("joe", "add", "502", "503", *UNTIL)
    team("joe", "lift", "502")
    assert team("joe", "sync").out.startswith("origin: 0 decisions received, 2 decisions sent\n")
    assert team("jane", "sync").out.startswith("origin: 2 decisions received, 2 decisions sent\n")
    assert team("joe", "sync").out.startswith("origin: 2 decisions received, 0 decisions sent\n")
    assert team.numbers("jane") == team.numbers("joe") == [500, 501, 502, 503]
    assert (team.store("jane") / LEDGER).read_bytes() == (team.store("joe") / LEDGER).read_bytes()
    wanted = [("add", [500]), ("add", [501]), ("extend", [500]), ("add", [502, 503]), ("lift", [502])]
    assert team.decisions("jane") == team.decisions("joe") == wanted
    for name in ("jane", "joe"):
        assert git(team.store(name), "status", "--porcelain") == ""
        for file in (LEDGER, JOURNAL):
            assert stat.S_IMODE((team.store(name) / file).stat().st_mode) == 0o600
        assert team(name, "sync").out.startswith("origin: 0 decisions received, 0 decisions sent\n")


def test_where_they_do_not_agree_it_is_said_and_nothing_is_lost(team: Team) -> None:
    team("jane", "add", "500", "501", *UNTIL)
    team("jane", "sync")
    team("joe", "sync")
    team("jane", "extend", "500", "--until", "2026-12-09")
    team("jane", "remove", "501")
    team("jane", "add", "502", *UNTIL)
    team("jane", "sync")
    team("joe", "lift", "500")
    team("joe", "extend", "501", "--until", "2026-12-10")
    before = {file: (team.store("joe") / file).read_bytes() for file in (LEDGER, JOURNAL)}
    told = git(team.store("jane"), "rev-parse", "origin/master")
    since, lifted = "2026-11-25T09:00:0", json.loads(before[LEDGER])["embargoes"][0]["lifted"]
    answer = team("joe", "sync")
    assert answer.status == 1
    assert [line.rstrip() for line in answer.out.splitlines()] == [
        "XSA-500",
        f"  mine    from {since}0Z until 2026-12-08T12:00:00Z, lifted at {lifted}",
        f"  theirs  from {since}0Z until 2026-12-09T12:00:00Z",
        "XSA-501",
        f"  mine    from {since}0Z until 2026-12-10T12:00:00Z, note ''",
        "  theirs  removed",
    ]
    assert answer.err == (
        "error: you and others decided differently about XSA-500, XSA-501\n"
        "hint: nothing was changed; agree on a value, then run git xsa-embargo sync --take mine, or --take theirs\n"
    )
    assert {file: (team.store("joe") / file).read_bytes() for file in (LEDGER, JOURNAL)} == before
    assert git(team.store("joe"), "ls-remote", "origin", "refs/heads/master").split()[0] == told
    assert team("joe", "sync", "--take", "theirs").status == 0
    assert team.numbers("joe") == [500, 502]
    assert EmbargoLedger(Store(team.store("joe"))).entries[500].embargo.until == parse_instant("2026-12-09")
    assert team("jane", "sync").out.startswith("origin: 2 decisions received")
    wanted = [
        ("add", [500, 501]),
        ("extend", [500]),
        ("remove", [501]),
        ("add", [502]),
        ("lift", [500]),
        ("extend", [501]),
    ]
    assert team.decisions("jane") == team.decisions("joe") == wanted
    assert team.numbers("jane") == [500, 502]


def test_a_merge_that_git_could_not_do_freezes_everything_until_it_is_undone(team: Team) -> None:
    team("jane", "add", "500", *UNTIL)
    team("jane", "sync")
    team("joe", "sync")
    for name, number in (("jane", "501"), ("joe", "502")):
        team(name, "add", number, *UNTIL)
        store = team.store(name)
        git(store, "commit", "--quiet", "-am", "by hand")
    git(team.store("jane"), "push", "--quiet")
    git(team.store("joe"), "pull", "--quiet", "--no-rebase", accept=(1,))
    answer = team("joe", "list")
    ledger = team.store("joe") / LEDGER
    assert answer.status == 128
    assert answer.err.startswith(f"fatal: the ledger of embargoes {ledger} can't be read: it is not JSON")
    assert answer.err.splitlines()[1] == (
        f"hint: git merged it: git -C {team.store('joe')} merge --abort, then git xsa-embargo sync"
    )
    git(team.store("joe"), "merge", "--abort")
    assert team("joe", "sync").status == 0
    assert team.numbers("joe") == [500, 501, 502]


def test_others_may_be_faster_and_other_files_are_merged_too(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team("jane", "add", "500", *UNTIL)
    (team.store("jane") / "README").write_text("old\n", encoding="utf-8")
    git(team.store("jane"), "add", "-f", "README")
    git(team.store("jane"), "commit", "--quiet", "-m", "README", "README")
    team("jane", "sync")
    team("joe", "sync")
    assert (team.store("joe") / "README").read_text(encoding="utf-8") == "old\n"
    (team.store("jane") / "README").write_text("new\n", encoding="utf-8")
    git(team.store("jane"), "commit", "--quiet", "-am", "README")
    team("joe", "add", "501", *UNTIL)
    real, faster = Sharing._sent, list[int]()

    def slow(self: Sharing) -> bool:
        if not faster:
            faster.append(1)
            monkeypatch.setattr(Sharing, "_sent", real)
            team("jane", "add", "502", *UNTIL)
            assert team("jane", "sync").status == 0
        return real(self)

    monkeypatch.setattr(Sharing, "_sent", slow)
    assert team("joe", "sync").out.startswith("origin: 1 decision received, 1 decision sent\n")
    assert team.numbers("joe") == [500, 501, 502]
    assert (team.store("joe") / "README").read_text(encoding="utf-8") == "new\n"
    git(team.store("joe"), "fsck", "--strict")


def test_both_begin_by_themselves(team: Team) -> None:
    team("jane", "add", "500", *UNTIL)
    team("joe", "add", "501", *UNTIL)
    team("jane", "sync")
    assert team("joe", "sync").status == 0
    assert team("jane", "sync").status == 0
    assert team.numbers("jane") == team.numbers("joe") == [500, 501]


def test_no_hook_runs_and_no_number_is_in_a_command_line(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = team.store("jane") / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "pre-push", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    noted = tmp_path / "noted"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = next(path for path in os.get_exec_path() if os.access(f"{path}/git", os.X_OK))
    program.write_text(f'#!/bin/sh\necho "$*" >>{noted}\nexec {real}/git "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    team("jane", "add", "777123", *UNTIL, "--note", "SECRET")
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    assert team("jane", "sync").status == 0
    text = noted.read_text(encoding="utf-8")
    assert "commit" in text
    assert not [word for word in ("777123", "SECRET", "2026") if word in text]
    assert not (tmp_path / "ran").exists()
    messages = git(team.store("jane"), "log", "--format=%B%an", accept=(0,))
    assert "777123" not in messages


# Which repositories a store may be in


def test_a_clone_of_anything_else_is_no_store(team: Team, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "project")
    git(tmp_path / "project", "commit", "--quiet", "--allow-empty", "-m", "x")
    (tmp_path / "project").chmod(0o700)
    assert team("project", "list").err.startswith(f"fatal: the store {tmp_path}/project would be in the git repository")
    git(tmp_path, "init", "--quiet", "outer")
    git(tmp_path, "clone", "--quiet", "private", "outer/inner")
    (tmp_path / "outer" / "inner").chmod(0o700)
    assert "would be in the git repository" in team("outer/inner", "list").err
    (tmp_path / "joe").chmod(0o755)
    assert "can be read by others (mode 0755)" in team("joe", "list").err
    (tmp_path / "plain").mkdir(mode=0o700)
    assert team("plain", "sync").err.startswith(f"fatal: the store {tmp_path}/plain is not a clone")


def test_nothing_is_sent_to_a_repository_without_a_ledger(team: Team, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "master", "public")
    git(tmp_path, "clone", "--quiet", "public", "other")
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "-m", "x")
    git(tmp_path / "other", "push", "--quiet", "origin", "HEAD:master")
    git(team.store("jane"), "remote", "set-url", "origin", str(tmp_path / "public"))
    team("jane", "add", "500", *UNTIL)
    before = git(tmp_path / "public", "for-each-ref")
    assert team("jane", "sync") == (
        128,
        "",
        (
            f"fatal: refs/heads/master of origin has no {LEDGER}, so it is not the repository of a ledger\n"
            "hint: nothing was sent; share the ledger through a separate private repository\n"
        ),
    )
    assert git(tmp_path / "public", "for-each-ref") == before
    git(team.store("jane"), "remote", "remove", "origin")
    assert "has no remote to share with" in team("jane", "sync").err


# The merge as a function


def entry(xsa: int, until: int, lifted: int | None, note: str, tips: set[str]) -> LedgerEntry:
    return LedgerEntry(Embargo(xsa, 0, 1000 + until, lifted, {"staging-1.0": frozenset(tips)} if tips else {}), note)


ENTRIES = st.dictionaries(
    st.integers(1, 3),
    st.tuples(st.integers(0, 2), st.none() | st.integers(5, 6), st.sampled_from("ab"), st.sets(st.sampled_from("xy"))),
).map(lambda found: {xsa: entry(xsa, *values) for xsa, values in found.items()})


@given(ENTRIES, ENTRIES, ENTRIES)
def test_laws_of_the_merge(
    base: dict[int, LedgerEntry], mine: dict[int, LedgerEntry], theirs: dict[int, LedgerEntry]
) -> None:
    assert merge_entries(base, mine, mine, None) == (mine, [])
    assert merge_entries(base, base, theirs, None) == (theirs, [])
    assert merge_entries(base, mine, base, None) == (mine, [])
    merged, conflicts = merge_entries(base, mine, theirs, Take.MINE)
    other, same = merge_entries(base, theirs, mine, Take.THEIRS)
    assert (merged, [one.xsa for one in conflicts]) == (other, [one.xsa for one in same])
    disputed = {one.xsa for one in conflicts}
    for xsa in {*base, *mine, *theirs} - disputed:
        before, ours, others, found = (part.get(xsa) for part in (base, mine, theirs, merged))
        # each value is one that somebody has given it, and the last one of those who have changed it
        if found is None:
            assert None in (ours, others)
            continue
        for key, value in found.document.items():
            values = [part.document.get(key) if part else None for part in (before, ours, others)]
            if key not in ("tips", "fixes"):
                assert value in values[1:]
                assert values[1] == values[2] or value != values[0] or key in ("since", "until", "lifted")


def test_both_lifted_is_no_conflict_and_lasts_longer() -> None:
    base, mine, theirs = ({1: entry(1, 0, lifted, "", set())} for lifted in (None, 5, 7))
    assert merge_entries(base, mine, theirs, None) == (theirs, [])
    assert merge_entries(base, theirs, mine, None) == (theirs, [])


LINES = st.lists(st.integers(0, 9).map(lambda n: b'{"time": "2026-01-01T00:00:%02dZ", "n": %d}' % (n, n)), unique=True)


@given(LINES, LINES)
def test_nothing_of_a_journal_is_lost(mine: list[bytes], theirs: list[bytes]) -> None:
    merged = merge_journals(b"\n".join(mine), b"\n".join(theirs)).splitlines()
    assert sorted(merged) == sorted({*mine, *theirs})
    assert merged == sorted(merged)


def test_half_a_line_stays_where_it_is() -> None:
    first, last = (b'{"time": "2026-01-01T00:00:0%dZ"}' % n for n in (1, 9))
    middle = b'{"time": "2026-01-01T00:00:05Z"}'
    assert merge_journals(b"\n".join([first, b'{"ti', last]), middle).splitlines() == [first, b'{"ti', middle, last]


# kill -9


NAMES = ("embargo/sharing.py", "embargo/ledger.py", "advisory/store.py")


def killed(do: Callable[[], None], step: int) -> int | None:
    """Run ``do`` in a process that is killed at the given line of sharing, ledger or store.

    Returns ``None`` when it was, and otherwise how many lines there were.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        lines = 0

        def trace(frame: FrameType, what: str, _: object) -> Any:
            nonlocal lines
            if not frame.f_code.co_filename.endswith(NAMES):
                return None
            lines += what == "line"
            if lines > step:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            do()
            sys.settrace(None)
            os.write(writing, str(lines).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as told:
        found = told.read()
    assert os.waitpid(child, 0)[1] in (0, signal.SIGKILL)
    return int(found) if found else None


def synced(folder: Path) -> None:
    with Sharing(Store(folder)) as sharing:
        sharing.sync(None)


def wait_for_children(folder: Path) -> None:
    """Wait until every git that works in ``folder`` has ended; they outlive whoever started them."""
    mark = f"GIT_WORK_TREE={folder}\0".encode()

    def works_there(process: Path) -> bool:
        try:
            return mark in (process / "environ").read_bytes()
        except OSError:  # it has ended
            return False

    while any(map(works_there, Path("/proc").glob("[0-9]*"))):
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_at_any_moment_the_ledger_is_old_or_merged_and_can_be_merged_again(team: Team, tmp_path: Path) -> None:
    team("jane", "add", "500", *UNTIL)
    team("jane", "sync")
    team("joe", "sync")
    team("jane", "add", "501", *UNTIL)
    team("jane", "sync")
    team("joe", "add", "502", *UNTIL)

    def attempt(step: int) -> tuple[int | None, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Return how many lines there were if it was not killed, and what journal and ledger had then."""
        folder = tmp_path / "again"
        shutil.copytree(tmp_path / "private", folder / "private")
        shutil.copytree(team.store("joe"), folder / "joe")
        git(folder / "joe", "remote", "set-url", "origin", str(folder / "private"))
        sync = partial(synced, folder / "joe")
        lines = killed(sync, step)
        wait_for_children(folder / "joe")
        found = tuple(EmbargoLedger(Store(folder / "joe")).entries)
        journal = map(json.loads, (folder / "joe" / JOURNAL).read_bytes().splitlines())
        told = {one["xsa"] for line in journal for one in line["embargoes"]}
        assert set(found) <= told
        for lock in (folder / "joe" / ".git").rglob("*.lock"):
            lock.unlink()
        sync()
        text = (folder / "joe" / LEDGER).read_text(encoding="utf-8")
        assert list(EmbargoLedger(Store(folder / "joe")).entries) == [500, 501, 502]
        assert git(folder / "private", "show", f"master:{LEDGER}") == text.strip()
        shutil.rmtree(folder)
        return lines, (tuple(sorted(told)), found)

    lines, last = attempt(sys.maxsize)
    assert lines is not None
    given = os.environ.get("GIT_XSA_KILLS", "12")
    steps = lines if given == "all" else int(given)
    outcomes = [attempt(lines * step // steps)[1] for step in range(steps)]
    old, new = (500, 502), (500, 501, 502)
    assert [*dict.fromkeys([*outcomes, last])] in ([(old, old), (new, new)], [(old, old), (new, old), (new, new)])
