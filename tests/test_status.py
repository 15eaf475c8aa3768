"""git xsa-status on made histories: what it says is due, in which words, with which status, on which terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import FIRST_DATE, PROGRAM, Draft, Place, git, numbered, run, snapshot, story

from git_xsa.cli import clock
from git_xsa.model.instant import parse_instant, rfc3339

#: Every release of a draft is tagged at this instant, 2023-11-14 22:13:20 UTC; its commits are a minute apart.
RELEASED = FIRST_DATE
NOW = "2023-12-05 11:03"
LIFT = "2023-12-05 12:00"
#: Four months after the release.
OVER = "2024-03-14 22:13:20"
STATEMENT = b"    Security-Support-Until: %s\n"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what sets the clock; it says ``NOW``."""
    told = {"now": NOW}
    monkeypatch.setattr(clock, "now", lambda: parse_instant(told["now"]))
    return lambda now: told.update(now=now)


def branch(version: str, *fixes: str, on: Draft, until: bytes = b"2030-01-01", release: bool = True) -> int:
    """Put a branch with a release and a commit with each of the messages ``fixes`` on it; return its last commit."""
    name = f"stable-{version}"
    number = on.commit("root", {"a.c": numbered(40), "SUPPORT.md": STATEMENT % until}, on=name)
    if release:
        number = on.release(f"{version}.0", {"version": version.encode()}, on=name)
    for line, message in enumerate(fixes, 1):
        number = on.commit(message, {"a.c": numbered(40, {3 * k: f"fix {k}" for k in range(1, line + 1)})}, on=name)
    on.branch(f"staging-{version}", number)
    return number


def asked(place: Place, *words: str) -> tuple[int, dict[str, Any]]:
    """Return exit status and what it says of each branch, by name; nothing must be on standard error but notes."""
    answer = place.run("status", "--json", *words)
    assert all(line.startswith("note: ") for line in answer.err.splitlines()), answer.err
    return answer.status, {one["branch"]: one for one in json.loads(answer.out)["branches"]}


def due(place: Place, *words: str) -> tuple[int, dict[str, tuple[str, list[int], list[int]]]]:
    """Return exit status and, for each branch, what is due, for which advisories, and what comes first."""
    code, found = asked(place, *words)
    return code, {name: (o["due"]["kind"], o["due"]["xsa"], o["due"]["first"]) for name, o in found.items()}


def told_of(place: Place, name: str) -> str:
    """Return what stands below the table of a branch, as one line."""
    blocks = [" ".join(block.split()) for block in place.run("status").out.split("\n\n")]
    (block,) = [block for block in blocks if block.startswith(f"{name}: ")]
    return block.removeprefix(f"{name}: ")


# What is due


#: What a pipe gets: a table of 80 columns at most.
ONE_OF_EACH = """\
A release of stable-1.1 is due now.
Next: git xsa-release 1.1.1
Not frozen.

branch      release  days  new  fixes  ahead  XSAs  apply  due
stable-1.1  1.1.0      20    1      1      0     1      1  release now
stable-1.2  1.2.0      20    1      0      0     0      -  due by 2024-03-14
stable-1.3  1.3.0      20    0      0      0     0      -  nothing due
stable-1.4  1.4.0      20    0      0      0     0      -  nothing due
stable-1.5  none        -    -      -      0     0      -  no release yet

stable-1.1: release now - XSA-1 is fixed on the branch since 2023-11-15
  1 applies: XSA-1

stable-1.2: due by 2024-03-14 - RELEASE-1.2.0 is from 2023-11-14
"""


def test_one_of_each(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", until=b"2023-12-04", on=draft)  # its last day was yesterday
    branch("1.1", "fix\n\nThis is XSA-1.", until=b"2023-12-05", on=draft)  # and this one's is today
    branch("1.2", "tidy", on=draft)
    branch("1.3", on=draft)
    branch("1.4", "update Xen version to 1.4.1-pre", on=draft)
    branch("1.5", "fix\n\nThis is XSA-1.", release=False, on=draft)
    place = draft.write(tmp_path / "clone")

    wanted: dict[str, tuple[str, list[int], list[int]]] = {
        "stable-1.1": ("release-now", [1], []),
        "stable-1.2": ("due-by", [], []),
        "stable-1.3": ("nothing-due", [], []),
        "stable-1.4": ("nothing-due", [], []),
        "stable-1.5": ("no-release", [], []),
    }
    assert due(place) == (1, wanted)
    assert due(place, "--all") == (1, {"stable-1.0": ("not-supported", [], []), **wanted})
    assert due(place, "--branch", "1.[2-5]")[0] == 0
    answer = place.run("status")
    assert answer.err == (
        "note: stable-1.5 has no release tag: git fetch --tags\n"
        "note: 1 branch without security support left out (--all shows it, too)\n"
    )
    assert answer.out == ONE_OF_EACH


def test_four_months(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    branch("1.0", "tidy", on=draft)
    place = draft.write(tmp_path / "clone")
    at("2024-03-14 22:13:19")
    code, found = asked(place)
    assert (code, found["stable-1.0"]["due"]) == (
        0,
        {
            "kind": "due-by", "now": False, "at": rfc3339(parse_instant(OVER)), "not_before": None, "held": False,
            "xsa": [], "first": [], "why": "RELEASE-1.0.0 is from 2023-11-14",
        },
    )  # fmt: skip
    at(OVER)
    assert asked(place)[0] == 1
    assert told_of(place, "stable-1.0").startswith("overdue - since 2024-03-14")
    for value, code in (("6 months", 0), ("never", 0), ("120 days", 1), ("17 WEEKS", 1)):
        place.git("config", "xsa.releaseInterval", value)
        assert asked(place)[0] == code, value
    place.git("config", "xsa.releaseInterval", "soon")
    assert place.run("status") == (
        128,
        "",
        (
            "fatal: the setting xsa.releaseInterval is 'soon': it must be a number of days, weeks, months or years, or"
            " never\nhint: git config xsa.releaseInterval '4 months'\n"
        ),
    )


def test_an_advisory_that_does_not_apply_to_the_release(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    code, found = asked(place)
    assert code == 1
    one = found["stable-1.0"]
    assert (one["due"]["kind"], one["due"]["xsa"], one["due"]["why"]) == (
        "release-conflicts", [2, 3], "XSA-2, XSA-3 do not apply to RELEASE-1.0.1 alone",
    )  # fmt: skip
    assert [(a["xsa"], a["state"], a["prerequisites"], a["landing"]) for a in one["outstanding"]] == [
        (2, "needs-prerequisites", 1, "landed"),
        (3, "needs-prerequisites", 1, "landed"),
        (4, "applies", 0, "landed"),
        (5, "applies", 0, "landed"),
    ]
    assert (one["commits"], one["security_commits"]) == (6, 4)


# Staging


def test_fixes_wait_in_staging(tmp_path: Path) -> None:
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", on=draft)
    draft.commit("fix\n\nThis is XSA-2.", {"b.c": b"2\n"}, on="staging-1.0")
    draft.commit("tidy", {"b.c": b"3\n"}, on="staging-1.0")
    place = draft.write(tmp_path / "clone")

    code, found = asked(place)
    assert (code, found["stable-1.0"]["staging"]) == (
        1, {"branch": "staging-1.0", "ahead": 2, "security_commits": 1, "behind": 0},
    )  # fmt: skip
    assert due(place)[1]["stable-1.0"] == ("release-now", [1, 2], [2])
    assert place.run("status").out.startswith("A release of stable-1.0 is due once the fixes are in.\n")
    assert "XSA-2 still waits in staging-1.0" in told_of(place, "stable-1.0")


def test_staging_of_a_remote_and_none(tmp_path: Path) -> None:
    draft = Draft()
    tip = branch("1.0", "tidy", on=draft)
    draft.commit("more", {"b.c": b"2\n"}, on="staging-1.0")
    place = draft.write(tmp_path / "there")
    git(tmp_path, "clone", "--quiet", "there", "here")
    place.git("update-ref", "-d", "refs/heads/staging-1.0")
    here = Place(tmp_path / "here", place.ids)
    assert asked(here)[1]["stable-1.0"]["staging"]["ahead"] == 1
    here.git("branch", "staging-1.0", here[tip])  # older: the remote's is what the gate has
    assert asked(here)[1]["stable-1.0"]["staging"]["ahead"] == 1
    assert asked(place)[1]["stable-1.0"]["staging"] is None
    assert "staging" not in told_of(place, "stable-1.0")
    place.git("branch", "staging-1.0", f"{place[tip]}^")
    assert asked(place)[1]["stable-1.0"]["staging"] == {
        "branch": "staging-1.0", "ahead": 0, "security_commits": 0, "behind": 1,
    }  # fmt: skip
    assert "staging-1.0 is not ahead, and lacks 1 commit of the branch" in told_of(place, "stable-1.0")


def test_a_release_whose_version_commits_wait_in_staging(tmp_path: Path) -> None:
    """That is what git xsa-release leaves: the tag is on a commit that the gate has not passed yet."""
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", on=draft)
    draft.release("1.0.1", {"version": b"1.0.1"}, on="staging-1.0")
    draft.commit("update Xen version to 1.0.2-pre", {"version": b"1.0.2-pre"}, on="staging-1.0")
    place = draft.write(tmp_path / "clone")
    place.git("config", "xsa.release.message", "update version to {version}")
    assert due(place) == (0, {"stable-1.0": ("due-by", [], [])})  # the second one is not called so here
    place.git("config", "--unset", "xsa.release.message")
    assert due(place)[1]["stable-1.0"][0] == "due-by"  # nor the first one by Xen's name
    place.git("config", "xsa.release.message", "update {version}")
    assert due(place) == (0, {"stable-1.0": ("nothing-due", [], [])})
    (one,) = asked(place)[1].values()
    assert (one["release"]["version"], one["next_release"], one["commits"], one["staging"]["ahead"]) == (
        "1.0.1", "1.0.2", 0, 2,
    )  # fmt: skip


# Embargoes


def secret(place: Place, number: int, xsa: int, folder: Path) -> None:
    """Take the commit ``number`` into the store as the patch of an advisory, under embargo until ``LIFT``."""
    path = folder / f"xsa{xsa}.patch"
    path.write_bytes(place.patch(number))
    assert run(folder, "import", str(path)).status == 0
    assert place.run("embargo", "add", str(xsa), "--since", "2023-11-21", "--until", LIFT).status == 0


def test_an_embargo_before_it_lifts_and_afterwards(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    tip = branch("1.0", "tidy", on=draft)
    hidden = draft.commit("words that are secret", {"b.c": b"2\n"}, on="hidden", after=tip)
    place = draft.write(tmp_path / "clone")
    secret(place, hidden, 501, tmp_path)
    code, found = asked(place)
    one = found["stable-1.0"]
    assert (code, one["frozen"], one["frozen_until"]) == (0, True, rfc3339(parse_instant(LIFT)))
    assert one["outstanding"] == [
        {
            "xsa": 501, "state": "applies", "prerequisites": 0, "after": [], "landing": "missing", "landed": None,
            "embargoed": True, "until": rfc3339(parse_instant(LIFT)),
        }
    ]  # fmt: skip
    assert (one["due"]["kind"], one["due"]["at"]) == ("release-at-lift", rfc3339(parse_instant(LIFT)))
    for words in ([], ["--json"]):
        answer = place.run("status", *words)
        assert "secret" not in answer.out + answer.err
    then = "then the fix of XSA-501, and a release of stable-1.0."
    assert place.run("status").out.replace("\n  ", " ").splitlines()[:2] == [
        f"Nothing is due before 2023-12-05 12:00 UTC, in 57 minutes; {then}",
        "Frozen until 2023-12-05 12:00 UTC, in 57 minutes: stable-*, staging-*",
    ]
    assert told_of(place, "stable-1.0").endswith(
        "XSA-501 applies, fix is missing, embargoed until 2023-12-05 12:00 UTC"
    )

    at(LIFT)
    assert due(place) == (1, {"stable-1.0": ("release-now", [501], [501])})
    assert "XSA-501 has no fix on the branch yet" in told_of(place, "stable-1.0")
    place.git("update-ref", "refs/heads/staging-1.0", place[hidden])
    assert asked(place)[1]["stable-1.0"]["due"]["why"] == "XSA-501 has no fix on the branch yet"  # nothing marks it
    place.git("update-ref", "refs/heads/stable-1.0", place[hidden])
    assert due(place) == (1, {"stable-1.0": ("release-now", [501], [])})
    place.git("tag", "RELEASE-1.0.1", place[hidden])
    assert due(place) == (0, {"stable-1.0": ("nothing-due", [], [])})


def test_an_embargoed_advisory_that_does_not_apply_to_the_release(tmp_path: Path) -> None:
    """Before the freeze that is a reason to release at once, in the freeze when it ends."""
    draft = Draft()
    branch("1.0", "prepare", on=draft)
    hidden = draft.commit("fix", {"a.c": numbered(40, {3: "fixed"})}, on="hidden", after=3)
    place = draft.write(tmp_path / "clone")
    path = tmp_path / "xsa501.patch"
    path.write_bytes(place.patch(hidden))
    assert run(tmp_path, "import", str(path)).status == 0
    assert due(place) == (1, {"stable-1.0": ("release-conflicts", [501], [])})
    assert place.run("embargo", "add", "501", "--since", "2023-11-21", "--until", LIFT).status == 0
    assert due(place) == (0, {"stable-1.0": ("release-conflicts", [501], [])})
    said = told_of(place, "stable-1.0")
    assert said.startswith("release: conflicts - XSA-501 does not apply to RELEASE-1.0.0 alone")


def test_a_release_that_a_freeze_holds_back(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", on=draft)
    place = draft.write(tmp_path / "clone")
    assert place.run("embargo", "add", "600", "--since", "2023-12-06", "--until", "2023-12-20").status == 0
    answer = place.run("status")
    assert (answer.status, answer.out.splitlines()[2]) == (
        1, "Not frozen; from 2023-12-06 12:00 UTC until 2023-12-20 12:00 UTC: stable-*, staging-*",
    )  # fmt: skip
    at("2023-12-06 12:00")
    assert asked(place)[0] == 0
    line = told_of(place, "stable-1.0")
    assert line.startswith("after the freeze - XSA-1 is fixed on the branch since 2023-11-14")
    assert line.endswith(
        " XSA-600 may or may not apply, no patch is known, embargoed until 2023-12-20 12:00 UTC 1 more applies: XSA-1"
    )
    at("2023-12-20 12:00")  # over, and nobody knows more of it: that alone is no reason for a release
    assert due(place) == (1, {"stable-1.0": ("release-now", [1], [])})
    assert "XSA-600 may or may not apply, no patch is known, public since" in told_of(place, "stable-1.0")
    place.git("config", "xsa.frozenRefs", "other-*")
    at("2023-12-10")
    assert asked(place)[0] == 1


def test_an_embargo_of_which_only_the_number_is_known(tmp_path: Path) -> None:
    draft = Draft()
    branch("1.0", on=draft)
    place = draft.write(tmp_path / "clone")
    assert place.run("embargo", "add", "600", "--since", "2023-11-21", "--until", LIFT).status == 0
    assert due(place) == (0, {"stable-1.0": ("release-at-lift", [600], [])})
    first = place.run("status").out.replace("\n  ", " ").splitlines()[0]
    assert first == "Nothing is due before 2023-12-05 12:00 UTC, in 57 minutes; then perhaps a release of stable-1.0."
    line = told_of(place, "stable-1.0")
    assert line.startswith(
        "release at lift - XSA-600, which may or may not concern it, is public at 2023-12-05 12:00 UTC, in 57"
    )


def test_a_patch_that_fits_nowhere(tmp_path: Path) -> None:
    draft = Draft()
    tip = branch("1.0", "tidy", on=draft)
    odd = draft.commit("other", {"a.c": numbered(40, {3 * k: f"other {k}" for k in range(1, 9)})}, on="odd", after=tip)
    hidden = draft.commit("fix", {"a.c": numbered(40, {3 * k: f"fixed {k}" for k in range(1, 9)})}, on="odd", after=odd)
    place = draft.write(tmp_path / "clone")
    secret(place, hidden, 501, tmp_path)
    code, found = asked(place)
    assert (code, found["stable-1.0"]["outstanding"][0]["state"]) == (2, "conflicts")
    assert found["stable-1.0"]["due"]["kind"] == "release-at-lift"  # a release would not make it fit


# What can't be known


def test_a_ledger_that_can_not_be_read(tmp_path: Path, sealed: Path) -> None:
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", on=draft)
    place = draft.write(tmp_path / "clone")
    assert place.run("embargo", "add", "600", "--until", LIFT).status == 0
    ledger = sealed / "data" / "git-xsa" / "embargoes.json"
    ledger.write_text("{", encoding="utf-8")
    before = snapshot(sealed)
    error = (
        f"error: the ledger of embargoes {ledger} can't be read: it is not JSON: it ends too early\n"
        f"hint: repair it by hand; {ledger.parent}/embargoes.journal shows what it held\n"
    )
    code, out, err = place.run("status")
    assert (code, err) == (128, error)
    assert out.splitlines()[1] == (
        "It is not known whether branches are frozen: the ledger of embargoes can't be read."
    )
    assert "\nstable-1.0: release now? - XSA-1 is fixed on the branch since 2023-11-14\n" in out
    code, out, err = place.run("status", "--json")
    (one,) = json.loads(out)["branches"]
    assert (code, err, json.loads(out)["freeze_known"], one["frozen"], one["due"]["held"]) == (
        128, error, False, None, True,
    )  # fmt: skip
    assert snapshot(sealed) == before


def test_a_clock_before_the_journal(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    branch("1.0", "fix\n\nThis is XSA-1.", on=draft)
    place = draft.write(tmp_path / "clone")
    assert place.run("embargo", "add", "600", "--until", "2023-12-20").status == 0
    at("2023-11-14")
    answer = place.run("status")
    assert answer.err.startswith("warning: the clock says 2023-11-14 12:00 UTC, but the journal has an entry of")
    assert answer.out.splitlines()[1].startswith("Frozen until 2023-12-20 12:00 UTC")
    assert re.search(r"^stable-1\.0  1\.0\.0 +0 +1 ", answer.out, re.MULTILINE)  # days that have not been yet


def test_what_was_fetched_long_ago(tmp_path: Path, at: Callable[[str], None]) -> None:
    draft = Draft()
    branch("1.0", "tidy", on=draft)
    place = draft.write(tmp_path / "clone")
    at("2023-12-15")
    old = "The newest commit here is 30 days old: run git fetch to get newer ones."
    assert place.run("status").out.splitlines()[2] == old
    fetched = place.folder / ".git" / "FETCH_HEAD"
    fetched.touch()
    for hours, words in ((72, "The last git fetch was 3 days ago"), (23, "")):
        instant = parse_instant("2023-12-15") - hours * 3_600
        os.utime(fetched, (instant, instant))
        assert place.run("status").out.splitlines()[2].startswith(words)


# Repositories


def test_bare_shallow_and_empty(tmp_path: Path) -> None:
    draft = Draft()
    branch("1.0", "one", "fix\n\nThis is XSA-1.", on=draft)
    place = draft.write(tmp_path / "clone")
    wanted = place.run("status")
    git(tmp_path, "clone", "--quiet", "--bare", "clone", "bare")
    assert run(tmp_path / "bare", "status") == wanted
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{place.folder}", "shallow")
    hint = "hint: the clone is shallow: run git fetch --unshallow --tags\n"
    what = "fatal: RELEASE-1.0.0 and stable-1.0 have no commit in common\n"
    assert run(tmp_path / "shallow", "status") == (128, "", what + hint)
    git(tmp_path / "shallow", "tag", "-d", "RELEASE-1.0.0")
    where = f"{tmp_path}/shallow/.git"
    assert run(tmp_path / "shallow", "status") == (
        128, "", f"fatal: stable-1.0 has no release tag in {where}\n{hint}",
    )  # fmt: skip
    git(tmp_path, "init", "--quiet", "empty")
    answer = run(tmp_path / "empty", "status")
    assert (answer.status, answer.out) == (128, "")
    assert answer.err.startswith(
        f"fatal: there is no stable branch in {tmp_path}/empty/.git that gets security fixes\n"
    )
    (tmp_path / "none").mkdir()
    assert run(tmp_path / "none", "status").err.startswith(f"fatal: {tmp_path}/none is not in a git repository\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--branch", "9.9"], "error: no stable branch matches '9.9'\nhint: git branch -a lists the branches\n"),
        (
            ["--branch", "1.0"],
            "error: stable-1.0 is no longer security-supported\nhint: add --all to check it anyway\n",
        ),
    ],
)
def test_branches_that_are_not_there(words: list[str], message: str, tmp_path: Path) -> None:
    draft = Draft()
    branch("1.0", until=b"2023-12-04", on=draft)
    branch("1.1", on=draft)
    assert draft.write(tmp_path / "clone").run("status", *words) == (129, "", message)


# For people and for programs

PAGE = (
    "import sys; from git_xsa.cli import clock; from git_xsa.__main__ import main\n"
    "clock.now = lambda: int(sys.argv[1]); sys.exit(main(sys.argv[2:]))"
)


def shown(place: Place, columns: int, monkeypatch: pytest.MonkeyPatch, colour: bool = False) -> list[str]:
    """Return the lines that a terminal of so many columns shows, without blanks at their ends."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("GIT_PAGER", "cat")
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = pty.openpty()
    words = [PROGRAM[0], "-c", PAGE, str(parse_instant(NOW)), "status"]
    process = subprocess.Popen(words, cwd=place.folder, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65_536):
            seen += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=60) == 1
    return [line.rstrip() for line in seen.decode().replace("\r\n", "\n").splitlines()]


@pytest.fixture
def page(tmp_path: Path) -> Place:
    """Return a repository with a branch of each kind that has something to say."""
    draft = Draft()
    branch("1.0", "prepare", "fix\n\nThis is XSA-2.", "fix\n\nThis is XSA-3.", "tidy", on=draft)
    draft.commit("fix\n\nThis is XSA-4.", {"b.c": b"4\n"})
    draft.branch("staging-1.0", draft.commit("fix\n\nThis is XSA-5.", {"c.c": b"5\n"}))
    branch("1.1", "fix\n\nThis is XSA-6.", "tidy", on=draft)
    branch("1.2", "tidy", on=draft)
    branch("1.10", release=False, on=draft)
    draft.commit("fix\n\nThis is XSA-7.", {"b.c": b"7\n"}, on="staging-1.1")
    return draft.write(tmp_path / "page")


TABLE_80 = """\
A release of stable-1.0 is due now; a release of stable-1.1 is due once the
  fixes are in.
Next: git xsa-release 1.0.1
Not frozen.

branch       release  days  new  fixes  ahead  XSAs  apply  due
stable-1.0   1.0.0      20    6      4      0     4      3  release: conflicts
stable-1.1   1.1.0      20    2      1      1     2      1  fixes, then release
stable-1.2   1.2.0      20    1      0      0     0      -  due by 2024-03-14
stable-1.10  none        -    -      -      0     0      -  no release yet

stable-1.0: release: conflicts - XSA-2 does not apply to RELEASE-1.0.0 alone
  XSA-2 needs 1 prerequisite
  3 more apply: XSA-3, XSA-4, XSA-5

stable-1.1: fixes, then release - XSA-6 is fixed on the branch since
  2023-11-15; XSA-7 still waits in staging-1.1
  staging-1.1 is 1 commit ahead, 1 security fix among them
  XSA-7 may or may not apply, fix waits in staging
  1 more applies: XSA-6

stable-1.2: due by 2024-03-14 - RELEASE-1.2.0 is from 2023-11-14
"""
HEAD_200 = (
    "branch       last release   days ago  commits since  fixes  staging ahead  XSAs  apply  due                  why"
)
WHY_200 = "XSA-6 is fixed on the branch since 2023-11-15; XSA-7 still waits in staging-1.1"
TABLE_200 = f"""\
A release of stable-1.0 is due now; a release of stable-1.1 is due once the fixes are in.
Next: git xsa-release 1.0.1
Not frozen.

{HEAD_200}
stable-1.0   RELEASE-1.0.0        20              6      4              0     4      3  release: conflicts   XSA-2 \
does not apply to RELEASE-1.0.0 alone
stable-1.1   RELEASE-1.1.0        20              2      1              1     2      1  fixes, then release  {WHY_200}
stable-1.2   RELEASE-1.2.0        20              1      0              0     0      -  due by 2024-03-14    \
RELEASE-1.2.0 is from 2023-11-14
stable-1.10  none                  -              -      -              0     0      -  no release yet

stable-1.0: release: conflicts
  XSA-2 needs 1 prerequisite
  3 more apply: XSA-3, XSA-4, XSA-5

stable-1.1: fixes, then release
  staging-1.1 is 1 commit ahead, 1 security fix among them
  XSA-7 may or may not apply, fix waits in staging
  1 more applies: XSA-6
"""


def test_the_page_in_80_columns(page: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(page, 80, monkeypatch)
    assert lines == TABLE_80.splitlines()
    assert max(map(len, lines)) <= 80


def test_the_page_in_200_columns(page: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(page, 200, monkeypatch) == TABLE_200.splitlines()


def test_a_narrow_terminal_cuts_no_digit(page: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = TABLE_80.splitlines()
    table = wide[wide.index("") + 1 :][:5]
    lines = shown(page, 40, monkeypatch)
    assert [line for line in lines if line in table] == table
    assert max(len(line) for line in lines if line not in table) <= 40


def test_colour_changes_no_word(page: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = shown(page, 80, monkeypatch, colour=True)
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured]
    assert plain == TABLE_80.splitlines()
    assert sum("\x1b[" in line for line in coloured) > 5


def test_a_name_that_could_harm_a_terminal(tmp_path: Path) -> None:
    draft = Draft()
    branch("1.0", "fix \x1b[2J\n\nThis is XSA-1.", on=draft)
    place = draft.write(tmp_path / "clone")
    assert "\x1b" not in place.run("status").out


def test_the_document_has_its_keys(page: Place) -> None:
    """A contract: keys are only added."""
    document = json.loads(page.run("status", "--json").out)
    assert document["format"] == 1
    assert document.keys() >= {
        "format", "now", "fetched", "newest_commit", "freeze_known", "frozen_until", "coming_freezes", "left_out",
        "branches",
    }  # fmt: skip
    for one in document["branches"]:
        assert one.keys() >= {
            "branch", "tip", "supported", "security_support_until", "release", "commits", "security_commits", "staging",
            "frozen", "frozen_until", "outstanding", "due",
        }  # fmt: skip
        assert one["due"].keys() >= {"kind", "now", "at", "not_before", "held", "xsa", "first", "why"}
    first = document["branches"][0]
    assert (first["tip"], first["release"]) == (
        {"name": "stable-1.0", "commit": page.git("rev-parse", "stable-1.0")},
        {"name": "RELEASE-1.0.0", "commit": page[2], "version": "1.0.0", "made": rfc3339(RELEASED)},
    )
    assert document["newest_commit"] is not None
    assert (document["now"], document["fetched"]) == (rfc3339(parse_instant(NOW)), None)
