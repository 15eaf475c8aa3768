"""Ways around the guards by settings, the environment, the store and the server: rows of git-xsa-hooks(1)."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from repositories import git, run
from ways import Fate, Ground, Push, way

REFUSED, JOURNALED, UNSEEN = Fate.REFUSED, Fate.JOURNALED, Fate.UNSEEN
NOT_COUNTED = "warning: settings for a single command are ignored during an embargo: "
AGAIN = "run git xsa-hooks install again"
#: A program whose clock says that it is a day of 2095.
LATER = """\
#!{python}
import sys
from git_xsa import __main__
from git_xsa.cli import clock
clock.now = lambda: 3_960_000_000
__main__.entry()
"""


def refuses(*pushes: Push) -> bool:
    """Whether each was refused, with an error and a hint or a freeze's words, and nothing was made of it."""
    return all(not push.passed and push.said.startswith(("error: ", "fatal: ", "warning: ")) for push in pushes)


def untouched(ground: Ground) -> bool:
    return ground.there("staging-4.17") == ground.git("rev-parse", "staging-4.17") and not ground.there("topic")


# Settings


@pytest.mark.parametrize("key", ["frozenRefs=none", "FROZENREFS=none", "stagingBranch=x-*", "fixesFirst=true"])
@way("settings given with git -c that would let it pass", REFUSED)
def test_a_setting_on_the_command_line_opens_no_freeze(key: str, ground: Ground) -> None:
    freeze, leak = ground.freeze_and_leak("-c", f"xsa.{key}")
    assert refuses(freeze, leak)
    assert untouched(ground)
    assert freeze.said.startswith(f"{NOT_COUNTED}xsa.{key.partition('=')[0]}".replace("FROZENREFS", "frozenRefs"))
    assert "error: refused: updating staging-4.17" in freeze.said


@way("settings given with git -c that would let it pass", REFUSED)
def test_no_remote_is_private_by_a_command_line(ground: Ground, tmp_path: Path) -> None:
    for setting in ("xsa.privateRemote=origin", f"xsa.privateRemote={ground.server}"):
        assert refuses(*ground.freeze_and_leak("-c", setting)), setting
    # A private remote has another address for this one command.
    ground.git("remote", "add", "private", str(tmp_path / "private"))
    ground.git("config", "xsa.privateRemote", "private")
    told = ground.push("private", "fix:topic", options=("-c", f"remote.private.url={ground.server}"))
    assert refuses(told)
    assert untouched(ground)


@way("settings given with git -c that would let it pass", REFUSED)
def test_no_other_store_counts_for_a_command_line(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    for setting in (
        f"xsa.store={tmp_path / 'empty'}",
        f"xsa.store={tmp_path / 'none'}",
        "xsa.store=",
        "xsa.hooks.seen=0",
    ):
        assert refuses(*ground.freeze_and_leak("-c", setting)), setting
    (tmp_path / "more").write_text(f"[xsa]\n\tstore = {tmp_path / 'empty'}\n", encoding="utf-8")
    assert refuses(*ground.freeze_and_leak("-c", f"include.path={tmp_path / 'more'}"))
    assert untouched(ground)


@way("the same in GIT_CONFIG_COUNT, _PARAMETERS, _GLOBAL, _SYSTEM", REFUSED)
def test_settings_in_the_environment_open_nothing(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    for key, value in (("frozenRefs", "none"), ("privateRemote", "origin"), ("store", f"{tmp_path / 'empty'}")):
        file = tmp_path / f"config-{key}"
        file.write_text(f"[xsa]\n\t{key} = {value}\n", encoding="utf-8")
        changes: list[dict[str, str | None]] = [
            {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"xsa.{key}", "GIT_CONFIG_VALUE_0": value},
            {"GIT_CONFIG_PARAMETERS": f"'xsa.{key}={value}'"},
            {"GIT_CONFIG_GLOBAL": str(file)},
            {"GIT_CONFIG_SYSTEM": str(file), "GIT_CONFIG_NOSYSTEM": None},
        ]
        for change in changes:
            assert refuses(*ground.freeze_and_leak(change=change)), change
    assert untouched(ground)


@way("the same in the files of another HOME or XDG_CONFIG_HOME", REFUSED)
def test_settings_of_another_home_open_nothing(ground: Ground, tmp_path: Path) -> None:
    for key, value in (("frozenRefs", "none"), ("privateRemote", str(ground.server)), ("fixesFirst", "false")):
        home = tmp_path / f"home-{key}"
        (home / "git").mkdir(parents=True)
        for file in (home / ".gitconfig", home / "git" / "config"):
            file.write_text(f"[xsa]\n\t{key} = {value}\n\tstore = {ground.store}\n", encoding="utf-8")
        for name in ("HOME", "XDG_CONFIG_HOME"):
            change = {name: str(home), "GIT_CONFIG_GLOBAL": None}
            assert refuses(*ground.freeze_and_leak(change=change)), (key, name)
    assert untouched(ground)


def test_the_script_itself_lets_nothing_pass_in_another_home(ground: Ground, tmp_path: Path) -> None:
    ground.run("embargo", "lift", "500")
    Path(shutil.which("git-xsa-hook") or "").unlink()
    assert ground.push("origin", "new:staging-4.17").passed  # the script is certain that everything is over
    ground.have_it_back()
    (tmp_path / "home").mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME"):
        change = {name: str(tmp_path / "home"), "XDG_DATA_HOME": str(ground.store.parent)}
        assert "git-xsa-hook is not on PATH" in ground.push("origin", "new:staging-4.17", change=change).said


@way("settings in the files of the repository or of the user", UNSEEN)
def test_settings_in_files_count(ground: Ground) -> None:
    ground.git("config", "xsa.frozenRefs", "none")
    assert ground.push("origin", "new:staging-4.17").passed
    ground.git("config", "xsa.privateRemote", str(ground.server))
    assert ground.push("origin", "fix:topic").passed


# What unhooks us


def break_hook(ground: Ground, how: str) -> str:
    """Have git not run the hook any more, and return what is said of it."""
    hook = ground.folder / ".git" / "hooks" / "pre-push"
    if how == "global":
        git(ground.folder, "config", "--global", "core.hooksPath", str(ground.home / "others"))
        return f"{ground.home}/others/pre-push: not installed (core.hooksPath (global) names that folder)"
    if how == "empty":
        ground.git("config", "core.hooksPath", "")
        return "core.hooksPath is empty, so git runs no hooks here"
    if how == "removed":
        hook.unlink()
        return f"{hook}: not installed completely"
    if how == "gone":
        shutil.rmtree(hook.parent)
        return f"{hook}: not installed"
    if how == "mode":
        hook.chmod(0o644)
        return f"{hook}: installed, but not executable, so git does not run it"
    hook.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    return f"{hook}: changed since it was installed"


@pytest.mark.parametrize("how", ["global", "empty", "removed", "gone", "mode", "changed"])
@way("core.hooksPath in a file, a hook removed, not executable or changed", UNSEEN)
def test_what_unhooks_us_is_said_while_something_is_under_embargo(how: str, ground: Ground) -> None:
    why = break_hook(ground, how)
    assert ground.push("origin", "fix:topic").passed
    said = f"warning: git does not run the hook of git-xsa before a push: {why}\nhint: run git xsa-hooks install"
    ground.git("tag", "RELEASE-4.17.0", "stable-4.17")
    others = [("status",), ("check",)] if how == "global" else []
    for words in [("embargo", "list"), *others]:
        assert said in run(ground.folder, *words).err, words
    for words in [("embargo", "list", "--json"), *([("status", "--json")] if others else [])]:
        assert json.loads(run(ground.folder, *words).out)["hook_problem"] == why
    ground.run("embargo", "lift", "500")
    assert said not in run(ground.folder, "embargo", "list").err


def test_a_hook_that_runs_is_no_problem(ground: Ground) -> None:
    assert json.loads(ground.run("embargo", "list", "--json"))["hook_problem"] is None
    ground.run("hooks", "uninstall")
    assert run(ground.folder, "embargo", "list").err == ""  # nobody wanted it there


def test_a_chain_without_our_hook_lets_nothing_pass(ground: Ground) -> None:
    ground.run("hooks", "uninstall")
    other = ground.folder / ".git" / "hooks" / "pre-push"
    other.parent.mkdir(exist_ok=True)
    other.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    other.chmod(0o755)
    ground.run("hooks", "install")
    ours = other.with_name("pre-push.git-xsa")
    assert refuses(*ground.freeze_and_leak())
    ours.chmod(0o644)
    assert "pre-push.git-xsa cannot be run" in ground.push("origin", "fix:topic").said
    ground.run("hooks", "install")
    assert os.access(ours, os.X_OK)
    ours.unlink()
    assert refuses(*ground.freeze_and_leak())
    assert untouched(ground)


# Where the store is


SETTINGS: dict[str, dict[str, str | None]] = {
    "no HOME": {"HOME": None},
    "an empty HOME": {"HOME": ""},
    "a relative HOME": {"HOME": "here"},
    "another HOME": {"HOME": "/nonexistent"},
    "another data folder": {"XDG_DATA_HOME": "/nonexistent"},
    "another data folder that is there": {"XDG_DATA_HOME": "/usr/share"},
    "a relative data folder": {"XDG_DATA_HOME": "data"},
    "neither": {"HOME": None, "XDG_DATA_HOME": "/nonexistent"},
}


@way("no HOME, another HOME or XDG_DATA_HOME, or a relative one", REFUSED)
def test_another_environment_is_no_other_store(ground: Ground) -> None:
    for what, change in SETTINGS.items():
        assert refuses(*ground.freeze_and_leak(change=change)), what
        # The commands say the same as the hook.
        with pytest.MonkeyPatch.context() as patch:
            for name, value in change.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            listed = run(ground.folder, "embargo", "list")
            assert listed.status == 128 or "XSA-500  in force" in listed.out, what
    assert untouched(ground)


@pytest.mark.parametrize("named", [False, True])
@way("a store that was moved, is not mounted or not readable, or a dangling link", REFUSED)
def test_a_store_that_was_there_and_is_not_any_more(named: bool, ground: Ground, tmp_path: Path) -> None:
    store, aside = ground.store, tmp_path / "aside"
    if named:
        store = ground.home / "deep" / "vault"
        store.parent.mkdir()
        ground.store.rename(store)
        ground.git("config", "--global", "xsa.store", "~/deep/vault")
        ground.run("hooks", "install")
    kinds: dict[str, Callable[[], object]] = {
        "moved": lambda: None,
        "a link to nowhere": lambda: store.symlink_to(tmp_path / "nowhere"),
        "an empty folder": lambda: store.mkdir(mode=0o700),
        "not mounted": lambda: store.mkdir(mode=0o755),
        "a file": lambda: store.touch(mode=0o600),
        "a pipe": lambda: os.mkfifo(store, 0o600),
    }
    for what, make in kinds.items():
        store.rename(aside)
        make()
        freeze, leak = ground.freeze_and_leak()
        assert refuses(freeze, leak), what
        assert "\nhint: " in freeze.said, what
        if what != "moved" or not named:  # then embargo add makes one
            assert run(ground.folder, "embargo", "list").status == 128, what
            assert run(ground.folder, "embargo", "add", "501", "--until", "2091-01-01").status == 128, what
        if store.is_dir():
            shutil.rmtree(store)
        store.unlink(missing_ok=True)
        aside.rename(store)
    store.parent.rename(aside)
    store.parent.symlink_to("nowhere")
    assert refuses(*ground.freeze_and_leak())
    assert untouched(ground)


def test_a_store_that_somebody_wants_elsewhere(ground: Ground) -> None:
    ground.store.rename(ground.home / "vault")
    ground.git("config", "--global", "xsa.store", "~/vault")
    told = ground.push("origin", "new:other")
    assert told.said.splitlines()[:2] == [
        f"fatal: the store is expected in {ground.home}/vault, but the hooks of this repository use {ground.store}",
        f"hint: xsa.store, HOME and XDG_DATA_HOME define its place; if it was moved: {AGAIN}",
    ]
    answer = run(ground.folder, "hooks", "install")
    assert (
        answer.err
        == f"note: the hooks now expect the store in {ground.home}/vault; before, they expected it in {ground.store}\n"
    )
    assert ground.push("origin", "new:other").passed
    assert refuses(*ground.freeze_and_leak())


def test_who_never_had_a_store_is_not_asked_for_one(
    tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(tmp_path, sealed, monkeypatch)
    for number, change in enumerate(SETTINGS.values()):
        if not (change.get("HOME", "/") or "").startswith("/"):
            continue  # then it is the account's own home folder
        assert ground.push("origin", f"new:refs/heads/topic-{number}", change=change) == (0, "")
    (ground.store / "venv").mkdir(parents=True)  # as install.sh does
    assert ground.push("origin", "new:staging-4.17") == (0, "")
    ground.git("config", "xsa.store", str(tmp_path / "store"))
    (tmp_path / "store").mkdir(mode=0o700)
    assert ground.push("origin", "fix:topic") == (0, "")
    # The first store is noticed wherever it comes to be.
    ground.keep_secret()
    assert ground.git("config", "xsa.hooks.store") == str(tmp_path / "store")
    ground.have_it_back()
    shutil.rmtree(tmp_path / "store")
    assert refuses(*ground.freeze_and_leak())


def test_a_store_that_others_made_is_noticed_by_the_first_push(ground: Ground) -> None:
    ground.run("hooks", "uninstall")
    ground.store.rename(ground.home / "kept")
    ground.run("hooks", "install")
    (ground.home / "kept").rename(ground.store)
    assert ground.git("config", "xsa.hooks.seen") == "false"
    assert ground.push("origin", "new:other").passed
    assert ground.git("config", "xsa.hooks.seen") == "true"


# The ledger


def one_line(text: str) -> str:
    return json.dumps(json.loads(text))


LEDGERS: dict[str, Callable[[str], str]] = {
    "one line": one_line,
    "tabs": lambda text: json.dumps(json.loads(text), indent="\t"),
    "order": lambda text: json.dumps(json.loads(text), indent=2, sort_keys=True),
    "escaped": lambda text: text.replace('"until"', '"\\u0075ntil"').replace('"xsa"', '"x\\u0073a"'),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "NUL": lambda text: text + "\0",
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "a key twice": lambda text: text.replace('"until":', '"until": "2026-01-01T12:00:00Z",\n      "until":'),
    "a key twice, the other way": lambda text: text.replace('"lifted":', '"until": "2026-01-01T12:00:00Z", "lifted":'),
    "time zone": lambda text: text.replace("2090-01-01T12:00:00Z", "2090-01-02t02:00+14:00"),
    "upside down": lambda text: text.replace("2090-01-01T12:00:00Z", "1990-01-01T12:00:00Z"),
    "no time": lambda text: text.replace("2090-01-01T12:00:00Z", "soon"),
}  # fmt: skip


@way("a ledger in another layout, truncated, damaged or missing", REFUSED)
def test_a_ledger_that_is_not_as_git_xsa_wrote_it(ground: Ground) -> None:
    ledger, aside = ground.store / "embargoes.json", ground.store / "aside"
    shutil.rmtree(ground.store / "advisories")  # so that the ledger alone can hold it back
    text = ledger.read_text(encoding="utf-8")
    ledger.rename(aside)
    kinds: dict[str, Callable[[], object]] = {
        "gone": lambda: None,
        "a folder": ledger.mkdir,
        "a link": lambda: ledger.symlink_to("aside"),
        "a pipe": lambda: os.mkfifo(ledger),
    }
    for layout, change in LEDGERS.items():
        assert change(text) != text
        kinds[layout] = partial(ledger.write_bytes, change(text).encode())
    for what, make in kinds.items():
        make()
        told = ground.push("origin", "new:staging-4.17")
        assert refuses(told), what
        assert "error: refused: updating staging-4.17" in told.said, what
        if ledger.is_dir():
            ledger.rmdir()
        ledger.unlink(missing_ok=True)
    assert untouched(ground)


@way("a ledger that somebody edits so that an embargo is over", UNSEEN)
def test_a_ledger_that_says_something_else(ground: Ground) -> None:
    ledger = ground.store / "embargoes.json"
    lifted = '"lifted": "2026-01-02T12:00:00Z"'
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"lifted": null', lifted), encoding="utf-8")
    assert all(push.passed for push in ground.freeze_and_leak())


@way("git xsa-embargo lift, extend and remove", JOURNALED)
def test_decisions_are_in_the_journal(ground: Ground) -> None:
    ground.run("embargo", "extend", "500", "--until", "2091-01-01", "--reason", "later")
    ground.run("embargo", "lift", "500", "--reason", "out")
    assert all(push.passed for push in ground.freeze_and_leak())
    ground.run("embargo", "remove", "500", "--reason", "mistake")
    actions = [(told["action"], told["reason"]) for told in map(json.loads, ground.journal)]
    assert actions == [("add", ""), ("extend", "later"), ("lift", "out"), ("remove", "mistake")]


@way("a clock set back before the newest entry of the journal", REFUSED)
def test_a_clock_that_is_set_back(ground: Ground) -> None:
    journal = ground.store / "embargoes.journal"
    ledger = ground.store / "embargoes.json"
    entry = json.loads(ground.journal[-1]) | {"time": "2085-01-01T12:00:00Z"}
    journal.write_text(f"{json.dumps(entry)}\n", encoding="utf-8")
    document = json.loads(ledger.read_text(encoding="utf-8"))
    document["embargoes"][0]["since"] = "2080-01-01T12:00:00Z"
    ledger.write_text(json.dumps(document, indent=2), encoding="utf-8")
    told = ground.push("origin", "new:staging-4.17")
    assert refuses(told)
    assert told.said.startswith("warning: the clock says ")


@way("a clock set forward past the end of an embargo", UNSEEN)
def test_a_clock_that_is_set_forward(ground: Ground, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git-xsa-hook"
    program.write_text(LATER.format(python=sys.executable), encoding="utf-8")
    assert all(push.passed for push in ground.freeze_and_leak())


# The server, which is asked by a clone without hooks


@pytest.fixture
def guarded(ground: Ground) -> Ground:
    """Return the ground with a server that has the hooks and the freeze file, and a client that has none."""
    ground.put_hooks_on_the_server()
    ground.without_hooks()
    return ground


@way("a symbolic reference on a server to what is frozen", REFUSED)
def test_another_name_of_what_is_frozen(guarded: Ground) -> None:
    for name, target in (("a", "refs/heads/staging-4.17"), ("b", "refs/heads/a"), ("c", "refs/heads/staging-9.9")):
        git(guarded.server, "symbolic-ref", f"refs/heads/{name}", target)
        assert not guarded.push("origin", f"new:{name}").passed
        assert not guarded.push("origin", "--delete", name).passed or name == "c"
    git(guarded.server, "pack-refs", "--all")
    git(guarded.server, "symbolic-ref", "HEAD", "refs/heads/staging-4.17")
    assert not guarded.push("origin", "new:b").passed
    assert guarded.push("origin", "new:HEAD").passed  # which is refs/heads/HEAD
    assert untouched(guarded)


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have repositories keep their references in tables; the test is skipped where git is older than 2.45."""
    monkeypatch.setenv("GIT_DEFAULT_REF_FORMAT", "reftable")
    git(tmp_path, "init", "--quiet", "--bare", "--template=", "tables")
    if not (tmp_path / "tables" / "reftable").is_dir():
        pytest.skip("this git knows no reftables")


@pytest.mark.usefixtures("tables")
def test_references_in_tables(ground: Ground, tmp_path: Path) -> None:
    assert refuses(*ground.freeze_and_leak())
    ground.put_hooks_on_the_server()
    ground.without_hooks()
    git(ground.server, "symbolic-ref", "refs/heads/a", "refs/heads/staging-4.17")
    git(ground.server, "worktree", "add", "--quiet", str(tmp_path / "to"), "master")
    for target in (ground.server, tmp_path / "to"):
        for name in ("staging-4.17", "a", "staging-9.9"):
            told = ground.push(str(target), f"new:refs/heads/{name}")
            assert (told.status, "remote: error: refused: " in told.said) == (1, True), (target, name)
    assert untouched(ground)
    assert ground.push("origin", "new:other").passed


@way("a linked work tree as the source or the target of a push", REFUSED)
def test_a_linked_work_tree(ground: Ground, tmp_path: Path) -> None:
    # From one: its hooks are those of the repository.
    ground.git("worktree", "add", "--quiet", str(tmp_path / "from"), "new")
    for words in (("new:staging-4.17",), ("fix:topic",)):
        command = ("push", "--quiet", "origin", *words)
        git(tmp_path / "from", *command, accept=(1,))
    # To one: its freeze file is where the repository is.
    git(ground.server, "worktree", "add", "--quiet", str(tmp_path / "to"), "master")
    ground.put_hooks_on_the_server()
    ground.without_hooks()
    for target in (tmp_path / "to", tmp_path / "to" / ".git", ground.server):
        told = ground.push(str(target), "new:staging-4.17")
        assert (told.status, "refused: updating staging-4.17" in told.said) == (1, True), target
        assert ground.push(str(target), "new:refs/heads/other").passed
        git(ground.server, "update-ref", "-d", "refs/heads/other")
    own = ground.server / "worktrees" / "to" / "xsa-freeze.json"
    (ground.server / "xsa-freeze.json").rename(own)
    told = ground.push(str(tmp_path / "to"), "new:staging-4.17")
    assert (
        told.status,
        f"move it into {ground.server}" in told.said or "is in the folder of a work tree" in told.said,
    ) == (
        1,
        True,
    )
    assert untouched(ground)


FREEZE_FILES: dict[str, Callable[[str], str]] = {
    "two on a line": lambda text: text.replace('-*",\n    "refs', '-*", "refs'),
    "a key twice": lambda text: text.replace('"frozen": [', '"frozen": ["refs/x"],\n  "frozen": ['),
    "a key twice, the other way": lambda text: text.replace('"freezes"', '"frozen": ["refs/x"],\n  "freezes"'),
    "tabs": lambda text: text.replace("    ", "\t"),
    "escaped": lambda text: text.replace("staging", "stagin\\u0067"),
    "quotes": lambda text: text.replace('"refs/heads/staging-*"', "'refs/heads/staging-*'"),
    "a comment": lambda text: f"// by hand\n{text}",
    "case": lambda text: text.replace("frozen", "Frozen"),
    "cut off": lambda text: text[: text.index('"freezes"')],
    "NUL": lambda text: text.replace("staging", "stag\0ing"),
    "NUL at the end": lambda text: text + "\0",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "one line": one_line,
    "upside down": lambda text: text.replace("2090", "1990"),
    "another checksum": lambda text: text.replace('cksum": "', 'cksum": "1'),
    "another pattern": lambda text: text.replace("refs/heads/staging-*", "refs/heads/stag*"),
}  # fmt: skip


@way("a freeze file in another layout, truncated or damaged", REFUSED)
def test_a_freeze_file_that_is_not_as_git_xsa_wrote_it(guarded: Ground) -> None:
    file = guarded.server / "xsa-freeze.json"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    kinds: dict[str, Callable[[], object]] = {
        "a folder": file.mkdir,
        "a link to nowhere": lambda: file.symlink_to("nowhere"),
        "a pipe": lambda: os.mkfifo(file),
    }
    for layout, change in FREEZE_FILES.items():
        assert change(text) != text
        kinds[layout] = partial(file.write_bytes, change(text).encode())
    for what, make in kinds.items():
        make()
        told = guarded.push("origin", "new:staging-4.17")
        assert (told.status, "remote: error: refused: updating staging-4.17\n" in told.said) == (1, True), what
        if file.is_dir():
            file.rmdir()
        file.unlink(missing_ok=True)
    assert untouched(guarded)


@way("objects that the server borrows, and a server with a work tree", REFUSED)
def test_servers_of_other_kinds(ground: Ground, tmp_path: Path) -> None:
    ground.put_hooks_on_the_server()
    freeze_file = (ground.server / "xsa-freeze.json").read_text(encoding="utf-8")
    borrows = ("--bare", "--reference", str(ground.folder), str(ground.server))
    for name, words in (("borrows", borrows), ("work", ("-b", "staging-4.17", str(ground.server)))):
        git(tmp_path, "clone", "--quiet", *words, name)
        target = tmp_path / name
        git(target, "config", "receive.denyCurrentBranch", "updateInstead")
        git(target, "branch", "--force", "other", "HEAD")
        assert run(target, "hooks", "install", "--server").status == 0
        folder = Path(git(target, "rev-parse", "--absolute-git-dir"))
        (folder / "xsa-freeze.json").write_text(freeze_file, encoding="utf-8")
        told = ground.push("--no-verify", str(target), "new:staging-4.17")
        assert (told.status, "refused: updating staging-4.17" in told.said) == (1, True), name
        assert git(target, "rev-parse", "staging-4.17") == ground.git("rev-parse", "staging-4.17")
        assert ground.push("--no-verify", str(target), "new:other").passed
