"""What follows a release's tag: lists of prerequisites in the store, what changed, and a log that tells no secret."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import BASE, Place, git, run, story

from git_xsa.advisory.store import Store
from git_xsa.ask.session import Session
from git_xsa.release.lists import make_lists
from git_xsa.report.as_json import verdict_document

HOOKS = Path(__file__).resolve().parent.parent / "hooks"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository of four advisories, whose release 1.0.1 lacks half of one and three others."""
    return story().write(tmp_path / "story")


def test_lists_of_a_release_and_what_changed(place: Place, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with Session(place.folder) as session:
        assert make_lists(session, store, "RELEASE-1.0.0", verdict_document) == []
        assert make_lists(session, store, "RELEASE-1.0.1", verdict_document) == []  # both need the same
        kept = b'{"results": [{"state": "applies", "prerequisites": []}]}'  # as if it had been so then
        store.write(kept, "lists", "RELEASE-1.0.0", "XSA-2.json")
        store.remove("lists", "RELEASE-1.0.0", "XSA-5.json")
        changes = make_lists(session, store, "RELEASE-1.0.1", verdict_document)
    assert store.names("lists", "RELEASE-1.0.1") == [*(f"XSA-{n}.json" for n in (2, 3, 4, 5)), "base", "changes"]
    (answer,) = json.loads(store.read("lists", "RELEASE-1.0.1", "XSA-2.json") or b"")["results"]
    (asked,) = json.loads(place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--each", "--json").out)[
        "results"
    ]
    assert answer == asked
    assert changes == [
        "XSA-2: needs-prerequisites with 1 prerequisite; applies with 0 on RELEASE-1.0.0",
        "XSA-5: applies; no list for RELEASE-1.0.0",
    ]
    assert (store.read("lists", "RELEASE-1.0.1", "changes") or b"").decode().splitlines() == changes
    assert store.read("lists", "RELEASE-1.0.0", "XSA-2.json") == kept


def wait_for(log: Path, words: str) -> None:
    for _ in range(600):
        if log.exists() and words in log.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    raise AssertionError(words)


def put_hook(name: str, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the hook ``name`` and post-tag into the repository, and the program that they call, whose path is returned,
    on PATH."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "git-xsa-hook"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m git_xsa hook "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    hooks = Path(place.git("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    hooks.mkdir(exist_ok=True)
    for one in (name, "post-tag"):
        shutil.copy(HOOKS / one, hooks)
    return program


def test_a_tag_has_them_made_in_the_background(
    place: Place, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_hook("reference-transaction", place, tmp_path, monkeypatch)
    store = sealed / "data" / "git-xsa"
    place.git("tag", "RELEASE-1.0.2", place[BASE])
    assert not store.exists()  # nobody asked for anything
    place.git("tag", "-d", "RELEASE-1.0.2")
    assert run(place.folder, "embargo", "add", "2", "--until", "2100-01-01", "--note", "secret").status == 0
    place.git("tag", "other", place[BASE])
    assert not (store / "post-tag.log").exists()
    place.git("tag", "RELEASE-1.0.2", place[BASE])
    log = store / "post-tag.log"
    wait_for(log, "RELEASE-1.0.2: done")
    assert (store / "lists" / "RELEASE-1.0.2" / "XSA-2.json").is_file()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    for word in ("use it", "prepare", "secret", "a.c"):
        assert word not in log.read_text(encoding="utf-8")


def test_a_push_of_a_tag_has_them_made_where_nothing_has_before(
    place: Place, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = put_hook("pre-push", place, tmp_path, monkeypatch)
    server = tmp_path / "server"
    place.git("init", "--quiet", "--bare", str(server))
    log = sealed / "data" / "git-xsa" / "post-tag.log"

    def push(*names: str) -> str:
        words = ("git", "push", "--quiet", str(server), *names)
        return subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=True).stderr

    place.git("tag", "RELEASE-1.0.2", place[BASE])
    assert push("RELEASE-1.0.2") == ""  # there is no store
    run(place.folder, "embargo", "add", "2", "--until", "2100-01-01")
    run(place.folder, "embargo", "lift", "2")
    assert push("RELEASE-1.0.2", "HEAD:topic") == ""  # it is there already
    push(":RELEASE-1.0.2")
    note = f"RELEASE-1.0.2: prerequisite lists are being made in the background; {log} shows what changed\n"
    assert push("RELEASE-1.0.2", "RELEASE-1.0.1") == note
    assert push("RELEASE-1.0.2:refs/tags/RELEASE-1.0.2-again", "HEAD:topic-2") == ""
    push(":RELEASE-1.0.2")
    assert push("RELEASE-1.0.2") == ""  # it was begun
    wait_for(log, "RELEASE-1.0.2: done")
    log.unlink()
    push(":RELEASE-1.0.2")
    assert push("RELEASE-1.0.2") == ""  # and is done
    program.unlink()
    push(":RELEASE-1.0.2")
    assert push("RELEASE-1.0.2").splitlines()[0] == (
        "warning: git-xsa-hook is not on PATH, so the steps after this tag are not started"
    )


def test_what_goes_wrong_does_not_hold_a_tag_back(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = Path(place.git("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-tag"):
        shutil.copy(HOOKS / name, hooks)
    run(place.folder, "embargo", "add", "2", "--until", "2100-01-01")
    words = ("git", "tag", "RELEASE-1.0.3", place[BASE])  # there is no git-xsa-hook
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=True)
    assert done.stderr == (
        "warning: git-xsa-hook is not on PATH, so the steps after this tag are not started\n"
        "hint: to make tarballs and announcement: git xsa-release --from-tag RELEASE-1.0.3\n"
    )
    assert place.git("rev-parse", "RELEASE-1.0.3^{}") == place[BASE]


def test_a_script_that_makes_tags_starts_it_and_may_wait(
    place: Place, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = put_hook("pre-push", place, tmp_path, monkeypatch)
    script = place.git("rev-parse", "--path-format=absolute", "--git-path", "hooks/post-tag")
    lists = sealed / "data" / "git-xsa" / "lists"

    def start(*words: str) -> tuple[int, str]:
        done = subprocess.run([script, *words], cwd=place.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    place.git("tag", "RELEASE-1.0.2", place[BASE])
    assert start("--wait", "RELEASE-1.0.2") == (0, "")  # there is no store
    assert not lists.exists()
    run(place.folder, "embargo", "add", "2", "--until", "2100-01-01")
    assert start("--wait", "other", "refs/tags/RELEASE-1.0.2", "RELEASE-1.0.1") == (0, "")
    assert sorted(path.name for path in lists.iterdir()) == ["RELEASE-1.0.1", "RELEASE-1.0.2"]
    assert start("RELEASE-1.0.2") == (0, "")  # it is there
    place.git("tag", "-f", "RELEASE-1.0.2", place[BASE + 1])  # made anew: the lists are of another commit
    status, said = start("RELEASE-1.0.2")
    assert (status, said.partition(":")[0]) == (0, "RELEASE-1.0.2")
    wait_for(lists / "RELEASE-1.0.2" / "base", place[BASE + 1])
    assert start("--wait", "RELEASE-9.9.9")[0] == 1
    program.unlink()
    assert [start("RELEASE-1.0.2")[0], start("--wait", "RELEASE-1.0.2")[0]] == [0, 1]


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in (folder, *folder.rglob("*"))}


def test_lists_are_under_embargo_like_the_patches(place: Place, tmp_path: Path, sealed: Path) -> None:
    """Only the user can read them, and what is sent of a store that is shared has none of them."""
    git(tmp_path, "init", "--quiet", "--bare", "-b", "master", "shared")
    git(tmp_path, "clone", "--quiet", "shared", "store")
    store = tmp_path / "store"
    store.chmod(0o700)
    git(tmp_path, "config", "--global", "xsa.store", str(store))
    before = os.umask(0)
    try:
        assert run(place.folder, "embargo", "add", "2", "--until", "2100-01-01").status == 0
        assert run(place.folder, "hook", "post-tag", "--wait", "RELEASE-1.0.1").status == 0
        assert run(place.folder, "embargo", "sync").status == 0
    finally:
        os.umask(before)
    assert json.loads((store / "lists" / "RELEASE-1.0.1" / "XSA-2.json").read_bytes())["results"][0]["private"] is True
    assert "private" not in (store / "lists" / "RELEASE-1.0.1" / "XSA-3.json").read_text(encoding="utf-8")
    assert modes(store / "lists") == modes(store / "post-tag.log") == {0}
    assert git(tmp_path / "shared", "ls-tree", "-r", "--name-only", "master").split() == [
        "embargoes.journal",
        "embargoes.json",
    ]
    git(store, "add", "--all")
    assert git(store, "status", "--porcelain") == ""
    assert "prepare" not in place.git("status", "--porcelain")


def test_what_an_embargoed_fix_needs_is_exported_as_its_patches_are(place: Place, tmp_path: Path, sealed: Path) -> None:
    """Also where they are commits of a branch, which says so."""
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "2")
    assert "private" not in json.loads(place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--json").out)
    before = os.umask(0o022)
    try:
        assert place.run(*words, "-o", str(tmp_path / "public")).status == 0
        assert place.run("embargo", "add", "2", "--until", "2100-01-01").status == 0
        assert place.run(*words, "-o", str(tmp_path / "private")).status == 0
    finally:
        os.umask(before)
    assert (modes(tmp_path / "public"), modes(tmp_path / "private")) == ({0o044, 0o055}, {0})
    refused = place.run(*words, "--format", "branch")
    assert (refused.status, refused.err) == (
        129,
        (
            "error: the advisories may be under embargo, and a branch is easily pushed\n"
            "hint: give --embargoed twice to put them into a branch anyway\n"
        ),
    )
    assert place.git("branch", "--list", "xsa/*") == ""
    inside = place.run(*words, "-o", str(place.folder / "out"))
    assert "do not commit it" in inside.err
    [found] = json.loads(place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--json").out)["results"]
    assert found["private"] is True
    assert place.run("embargo", "lift", "2", "--reason", "public").status == 0
    assert place.run(*words, "--format", "branch").status == 0


def test_an_unreadable_ledger_ends_no_embargo(place: Place, sealed: Path) -> None:
    assert place.run("embargo", "add", "2", "--until", "2100-01-01").status == 0
    (sealed / "data" / "git-xsa" / "embargoes.json").write_text("{")
    [found] = json.loads(place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "3", "--json").out)["results"]
    assert found["private"] is True
