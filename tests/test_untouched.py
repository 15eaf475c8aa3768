"""The repository is as it was after every command: objects, references, index, working tree, settings, reflogs.

Embargoed text must never end up in a repository that is pushed or served, nor in a file that somebody else can read.
So nothing in the repository may change, no temporary file may stay, and no process.
"""

from __future__ import annotations

import gc
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from repositories import (
    ALONE,
    NEXT,
    PROGRAM,
    USE,
    Answer,
    Place,
    git,
    processes,
    run,
    snapshot,
    start,
    story,
    unprivileged,
    varied,
)

from git_xsa.ask.marked import ask_marked
from git_xsa.ask.session import Session
from git_xsa.demo import write

RELEASE = "RELEASE-1.0.1"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    gc.enable()  # a session goes without


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository in use: with reflogs, changes in index and working tree, a stash, a note and a hook."""
    made = story().write(tmp_path / "story")
    (made.folder / ".git" / "hooks").mkdir(exist_ok=True)
    made.git("config", "core.logAllRefUpdates", "true")
    made.git("checkout", "--quiet", "-b", "work", RELEASE)
    (made.folder / "a.c").write_bytes(b"changed\n")
    made.git("commit", "--quiet", "--all", "-m", "work")
    made.git("notes", "add", "-m", "a note")
    (made.folder / "a.c").write_bytes(b"stashed\n")
    made.git("stash", "--quiet")
    (made.folder / "a.c").write_bytes(b"in the index\n")
    made.git("add", "a.c")
    (made.folder / "a.c").write_bytes(b"in the working tree\n")
    (made.folder / "b.c").write_bytes(b"changed, and not in the index\n")
    (made.folder / "untracked").write_bytes(b"words\n")
    made.git("remote", "add", "origin", "../nowhere")
    return made


def asked(place: Place, folder: Path) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return every kind of request: its name -> the command line, and the status that it ends with.

    ``folder`` is where patch files are written.
    """
    patches = {number: folder / f"{number}.patch" for number in (USE, NEXT, ALONE)}
    for number, path in patches.items():
        path.write_bytes(place.patch(number))
    (folder / "bad.patch").write_bytes(b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n")
    misfit = folder / "misfit.patch"
    misfit.write_bytes(place.patch(NEXT).replace(b"line 9", b"lime 9"))
    onto = ("prereqs", "--onto", RELEASE)
    out = ("export", "--onto", RELEASE, "-o", str(folder / "out"))
    return {
        "check": (("check",), 1),
        "check each": (("check", "--each", "--all"), 1),
        "check json": (("check", "--json"), 1),
        "check several": (("check", "--onto", RELEASE, "--onto", "own", "--onto", "work"), 2),
        "check conflicts": (("check", "--onto", "own", "--xsa", "2"), 2),
        "prereqs": ((*onto, "--xsa", "2,3", "--why"), 0),
        "prereqs graph": ((*onto, "--xsa", "2,3", "--graph"), 0),
        "prereqs commits": ((*onto, place[USE], place[NEXT], "--json"), 0),
        "prereqs patches": ((*onto, str(patches[NEXT]), str(patches[ALONE])), 0),
        "prereqs stdin": (("prereqs", "--stdin"), 128),
        "prereqs no place": ((*onto, str(misfit)), 2),
        "export": (out, 0),
        "export refreshed": ((*out, "--xsa", "3", "--refresh", "--policy", "am"), 0),
        "export patches": ((*out, "--format", "quilt", str(patches[NEXT]), str(patches[ALONE])), 0),
        "export conflicts": (("export", "--onto", "own", "--xsa", "2", "-o", str(folder / "conflicts")), 2),
        "export nothing": (("export", "--onto", "stable-1.0", "-o", str(folder / "nothing")), 1),
        "stats": (("stats",), 0),
        "stats json": (("stats", "--json", "--quick"), 0),
        "status": (("status",), 1),
        "status json": (("status", "--all", "--json"), 1),
        "unknown base": (("check", "--onto", "nothing"), 128),
        "unknown branch": (("check", "--branch", "nothing"), 129),
        "bad patch": ((*onto, str(folder / "bad.patch")), 128),
        "wrong usage": (("check", "--nonsense"), 129),
        "help": (("check", "-h"), 129),
    }


NAMES = (
    "check", "check each", "check json", "check several", "check conflicts", "prereqs", "prereqs graph",
    "prereqs commits", "prereqs patches", "prereqs stdin", "prereqs no place", "export", "export refreshed",
    "export patches", "export conflicts", "export nothing", "stats", "stats json", "status", "status json",
    "unknown base", "unknown branch", "bad patch", "wrong usage", "help",
)  # fmt: skip


def ask(place: Place, folder: Path, words: Sequence[str]) -> Answer:
    requests = f"{RELEASE} {place[USE]}\n{RELEASE} nothing\nown {place[USE]}\n"
    return run(folder, *words, given=requests if "--stdin" in words else "")


def test_every_request_has_its_test(place: Place, tmp_path: Path) -> None:
    assert tuple(asked(place, tmp_path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_nothing_changes(name: str, place: Place, tmp_path: Path, temporary: Path, sealed: Path) -> None:
    words, status = asked(place, tmp_path)[name]
    before, home = snapshot(place.folder), snapshot(sealed)
    assert ask(place, place.folder, words).status == status

    assert snapshot(place.folder) == before
    assert snapshot(sealed) == home
    assert list(temporary.iterdir()) == []


def test_a_change_would_be_seen(place: Place) -> None:
    """The judge of all this can say no."""
    before = snapshot(place.folder)
    assert snapshot(place.folder) == before
    for words in (
        ["hash-object", "-w", "--stdin"], ["config", "x.y", "z"], ["update-ref", "refs/x", "HEAD"], ["reset", "--hard"],
        ["update-index", "--refresh"], ["pack-refs", "--all"],
    ):  # fmt: skip
        place.git(*words, given=b"words\n", accept=(0, 1))
        after = snapshot(place.folder)
        assert after != before, words
        before = after


@pytest.mark.parametrize("kind", ["bare", "packed", "worktree", "submodule"])
def test_nothing_changes_in_other_repositories(kind: str, place: Place, tmp_path: Path, temporary: Path) -> None:
    folder = root = tmp_path / "other"
    if kind == "bare":
        git(tmp_path, "clone", "--quiet", "--mirror", str(place.folder), "other")
    elif kind == "packed":
        git(tmp_path, "clone", "--quiet", "--mirror", str(place.folder), "other")
        git(folder, "gc", "--quiet", "--prune=now")
        git(folder, "commit-graph", "write", "--reachable")
        git(folder, "multi-pack-index", "write")
    elif kind == "worktree":
        place.git("worktree", "add", "--quiet", str(folder), "own")
        root = tmp_path
    else:
        git(tmp_path, "init", "--quiet", "outer")
        allow = ("-c", "protocol.file.allow=always")
        git(tmp_path / "outer", *allow, "submodule", "--quiet", "add", "-b", "stable-1.0", str(place.folder), "inner")
        root, folder = tmp_path / "outer", tmp_path / "outer" / "inner"
    requests = asked(place, tmp_path)
    before = snapshot(root)

    for name in ("check", "prereqs patches", "prereqs no place", "stats", "status", "unknown base"):
        words, status = requests[name]
        assert ask(place, folder, words).status == status, name
    assert list(temporary.iterdir()) == []
    assert {path: facts for path, facts in snapshot(root).items() if not path.startswith("temporary")} == {
        path: facts for path, facts in before.items() if not path.startswith("temporary")
    }


def test_nothing_changes_whatever_the_change_is(tmp_path: Path, temporary: Path) -> None:
    place = varied().write(tmp_path / "varied")
    before = snapshot(place.folder)

    assert place.run("check").status == 1
    assert place.run("check", "--each").status == 1
    assert snapshot(place.folder) == before
    assert list(temporary.iterdir()) == []


def test_nothing_changes_when_git_misplaces_a_hunk(tmp_path: Path, temporary: Path) -> None:
    write(tmp_path / "demo")
    before = snapshot(tmp_path / "demo")

    assert run(tmp_path / "demo", "check", "--each").status == 1
    assert snapshot(tmp_path / "demo") == before
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"core.splitIndex": "true", "splitIndex.maxPercentChange": "0"},
        {"core.untrackedCache": "true", "index.threads": "true"},
        {"gc.auto": "1", "gc.autoDetach": "false"},
        {"core.sharedRepository": "world", "core.logAllRefUpdates": "always"},
    ],
)
def test_no_setting_makes_a_trial_leave_something(settings: dict[str, str], place: Place, tmp_path: Path) -> None:
    """With ``core.splitIndex`` git puts half of a temporary index into the repository."""
    for key, value in settings.items():
        place.git("config", key, value)
    before = snapshot(place.folder)

    assert place.run("check").status == 1
    assert snapshot(place.folder) == before


def test_no_hook_runs(place: Place, tmp_path: Path) -> None:
    """A temporary index is reason enough for git to run ``post-index-change``."""
    names = ("post-index-change", "reference-transaction", "applypatch-msg", "pre-auto-gc", "fsmonitor-watchman")
    for name in names:
        hook = place.folder / ".git" / "hooks" / name
        hook.write_text(f'#!/bin/sh\n: >"{tmp_path}/ran-{name}"\n', encoding="utf-8")
        hook.chmod(0o755)
    place.git("config", "core.fsmonitor", ".git/hooks/fsmonitor-watchman")
    for path in tmp_path.glob("ran-*"):
        path.unlink()

    assert place.run("check").status == 1
    assert list(tmp_path.glob("ran-*")) == []
    place.git("update-index", "--refresh", accept=(0, 1))
    assert list(tmp_path.glob("ran-*")) != []  # they would have


@pytest.fixture
def without_rights() -> list[str]:
    """Return what a command line begins with so that the modes of files count for it, even if we are root."""
    found = unprivileged()
    if found is None:
        pytest.skip("root may write everything, and there is no setpriv to give that up")
    return found


@pytest.mark.parametrize("bare", [False, True])
def test_read_only_repository(
    bare: bool, place: Place, tmp_path: Path, temporary: Path, without_rights: list[str]
) -> None:
    folder = place.folder
    if bare:
        git(tmp_path, "clone", "--quiet", "--bare", str(folder), "bare")
        folder = tmp_path / "bare"
    requests = asked(place, tmp_path)
    wanted = {name: ask(place, folder, requests[name][0]) for name in ("check", "prereqs patches", "stats")}
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    try:
        probe = subprocess.run([*without_rights, "touch", str(folder / "probe")], capture_output=True, check=False)
        assert probe.returncode != 0, "the folder is not read-only for this user"
        before = snapshot(folder)
        for name, answer in wanted.items():
            words = [*without_rights, *PROGRAM, *requests[name][0]]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            assert Answer(done.returncode, done.stdout, done.stderr) == answer, name
        assert snapshot(folder) == before
    finally:
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o200)
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("name", ["check", "prereqs stdin", "unknown base", "bad patch"])
def test_no_process_stays(name: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_XSA_TEST", str(tmp_path))
    words, status = asked(place, tmp_path)[name]
    process = start(place.folder, *words)
    process.communicate(f"{RELEASE} {place[USE]}\n{RELEASE} nothing\n", timeout=60)

    assert process.returncode == status
    assert processes(f"GIT_XSA_TEST={tmp_path}") == []


def test_only_the_user_can_read_the_quarantine(place: Place, temporary: Path) -> None:
    with Session(place.folder) as session:
        base, tip = session.commit(RELEASE), session.commit("stable-1.0")
        assert ask_marked(session, base, tip, [4]).answer(session.quarantine).selection.wanted
        (folder,) = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list((folder / "objects").rglob("*")) != []
    assert list(temporary.iterdir()) == []


def test_where_the_quarantine_is(
    place: Place, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the login session is in memory and private; where there is none, any temporary folder does."""
    runtime = tmp_path / "runtime"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    done = place.run("check", "--json")
    assert done.status == 1
    runtime.mkdir()
    with Session(place.folder):
        assert len(list(runtime.iterdir())) == 1
        assert list(temporary.iterdir()) == []
    assert list(runtime.iterdir()) == []
