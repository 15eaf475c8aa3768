"""hooks/pre-receive and hooks/update in real pushes over file, ssh and http: what git prints, and what arrives."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import git
from servers import ZERO, Server, over_http, over_ssh

from git_xsa.embargo.freeze_file import read_freeze_file
from git_xsa.embargo.overrides import Overrides, Pusher, pusher, reasons
from git_xsa.embargo.problems import FreezeFileError
from git_xsa.embargo.rule import Rules
from git_xsa.embargo.updates import Move

FREEZE = ("2026-11-24T12:00:00Z", "2026-12-08T12:00:00Z")
FROZEN = "stable-*, staging-* and their release tags are frozen from 2026-11-24 12:00 UTC until 2026-12-08 12:00 UTC"
WAIT = "nothing was pushed: push it again after 2026-12-08 12:00 UTC, or leave it out and push the rest"
NO_OVERRIDE = ("if it cannot wait, ask the security team; this server accepts no override",)
OVERRIDE = (
    NO_OVERRIDE[0].split(";")[0]
    + "; users in xsa.overrideUsers of the server can override it with a reason, which is logged:",
    "git push -o xsa-override='<reason>' ...",
)
ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name


def refused(*deeds: str, problem: str = "", how: tuple[str, ...] = NO_OVERRIDE) -> str:
    """Return what the hook says."""
    lines = [f"error: {problem}"] if problem else []
    lines += [f"error: {FROZEN}", *(f"error: refused: {deed}" for deed in deeds), f"hint: {WAIT}"]
    return "".join(f"remote: {line}\n" for line in [*lines, *(f"hint: {line}" for line in how)])


def declined(*what: str) -> str:
    """Return what git says of references that the hook pre-receive refused."""
    lines = "".join(f" ! [remote rejected] {each} (pre-receive hook declined)\n" for each in what)
    return f"To SERVER\n{lines}error: failed to push some refs to 'SERVER'\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return a server that is frozen."""
    made = Server(tmp_path, monkeypatch)
    made.at("2026-11-25 09:00")
    made.freeze(FREEZE)
    return made


def over(how: str, server: Server, folder: Path) -> AbstractContextManager[None]:
    if how == "ssh":
        return over_ssh(server, folder / "ssh")
    return over_http(server, folder) if how == "http" else nullcontext()


STAGING = "staging-4.17 -> staging-4.17"
NOT_WAITING = "updating stable-4.17: not all commits were in staging-4.17 when the freeze began"


@pytest.mark.parametrize("how", ["file", "ssh", "http"])
def test_transcript(how: str, server: Server, tmp_path: Path) -> None:
    new = server.commit("backport", "staging-4.17")
    server.commit("other", "master")
    with over(how, server, tmp_path):
        before = server.refs()
        branches_are_frozen(server, new)
        tags_are_frozen(server)
        assert server.refs() == before
        stable_may_follow(server)
        may_be_overridden(server, new, "jane" if how == "http" else ACCOUNT)
        for_a_new_clone_too_until_it_is_over(server, tmp_path)


def branches_are_frozen(server: Server, new: str) -> None:
    # --no-verify passes a hook of the client by, and does not help
    hook = server.clone / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    assert server.push("staging-4.17") == (1, "error: failed to push some refs to 'SERVER'\n")
    answer = (1, refused("updating staging-4.17") + declined(STAGING))
    assert server.push("--no-verify", "staging-4.17") == answer
    hook.unlink()
    # several references, one of which is not frozen
    both = (1, refused("updating staging-4.17") + declined("master -> master", STAGING))
    assert server.push("master", "staging-4.17") == both
    assert server.push("--atomic", "master", "staging-4.17") == both
    # to go on with something new, to be moved by force, to go, to be made
    answer = (1, refused(NOT_WAITING) + declined(f"{new} -> stable-4.17"))
    assert server.push(f"{new}:refs/heads/stable-4.17") == answer
    root = server.tips["master"]
    answer = (1, refused("updating stable-4.17") + declined(f"{root} -> stable-4.17"))
    assert server.push(f"+{root}:refs/heads/stable-4.17") == answer
    assert server.push(":stable-4.17") == (1, refused("deleting stable-4.17") + declined("stable-4.17"))
    answer = (1, refused("creating stable-4.18") + declined(f"{root} -> stable-4.18"))
    assert server.push(f"{root}:refs/heads/stable-4.18") == answer


def tags_are_frozen(server: Server) -> None:
    git(server.clone, "tag", "RELEASE-4.17.1", "stable-4.17")
    tag = "RELEASE-4.17.1 -> RELEASE-4.17.1"
    assert server.push("RELEASE-4.17.1") == (1, refused(f"creating tags/{tag[:14]}") + declined(tag))


def stable_may_follow(server: Server) -> None:
    waiting, stable = server.tips["staging-4.17"], server.tips["stable-4.17"]
    answer = (0, f"To SERVER\n   {stable[:7]}..{waiting[:7]}  {waiting} -> stable-4.17\n")
    assert server.push(f"{waiting}:refs/heads/stable-4.17") == answer
    git(server.clone, "tag", "other", "stable-4.17")
    assert server.push("other") == (0, "To SERVER\n * [new tag]         other -> other\n")


def may_be_overridden(server: Server, new: str, user: str) -> None:
    waiting = server.tips["staging-4.17"]
    status, said = server.push("-o", "xsa-override=urgent", "staging-4.17")
    assert status
    assert said.startswith("fatal: the receiving end does not support push options\n")
    git(server.folder, "config", "receive.advertisePushOptions", "true")
    git(server.folder, "config", "xsa.overrideUsers", "somebody")
    answer = (1, refused("updating staging-4.17", how=OVERRIDE) + declined(STAGING))
    assert server.push("staging-4.17") == answer
    problem = f"{user} may not override the freeze"
    answer = (1, refused("updating staging-4.17", problem=problem, how=OVERRIDE) + declined(STAGING))
    assert server.push("-o", "xsa-override=urgent", "staging-4.17") == answer
    assert server.there("staging-4.17") == waiting
    git(server.folder, "config", "--add", "xsa.overrideUsers", user)
    note = f"remote: note: the freeze is overridden by {user}; the reason is in the server's log\n"
    answer = (0, f"{note}To SERVER\n   {waiting[:7]}..{new[:7]}  {STAGING}\n")
    assert server.push("-o", "xsa-override=urgent", "staging-4.17") == answer


def for_a_new_clone_too_until_it_is_over(server: Server, folder: Path) -> None:
    git(folder, "clone", "--quiet", "-b", "stable-4.17", str(server.folder), "new")
    server.clone = folder / "new"
    later = server.commit("later", "stable-4.17")
    answer = (1, refused(NOT_WAITING, how=OVERRIDE) + declined("stable-4.17 -> stable-4.17"))
    assert server.push("stable-4.17") == answer
    server.at("2026-12-08 12:00")
    before = server.tips["staging-4.17"][:7]
    assert server.push("stable-4.17") == (0, f"To SERVER\n   {before}..{later[:7]}  stable-4.17 -> stable-4.17\n")


# What the freeze file is


BAD = [
    ("", "it is not JSON: it ends too early"),
    ("<<<<<<< HEAD", "it is not JSON: line 1, column 1"),
    ('{"format": 1, "frozen": ["refs/heads/x"]}', "freezes is missing"),
    ('{"format": 2, "frozen": ["refs/heads/x"], "freezes": []}', "its format is 2, not 1"),
    ('{"format": 1, "frozen": [], "freezes": []}', "it names no references, or names that do not begin with refs/"),
    (
        '{"format": 1, "frozen": ["x"], "freezes": []}',
        "it names no references, or names that do not begin with refs/",
    ),
    (
        '{"format": 1, "frozen": ["refs/x"], "freezes": [{"begins": "2026-01-02", "ends": "2026-01-02"}]}',
        "a freeze in it ends before it begins",
    ),
]


@pytest.mark.parametrize(("content", "why"), BAD)
def test_a_freeze_file_that_is_none(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FreezeFileError) as error:
        read_freeze_file(path)
    assert error.value.what == f"the freeze file {path} can't be read: {why}"


def test_what_cannot_be_read_freezes_what_the_settings_say_and_nothing_else(server: Server) -> None:
    git(server.folder, "config", "xsa.frozenRefs", "staging-*")
    server.write("{")
    new = server.commit("backport", "staging-4.17")
    answer = (
        f"remote: warning: the freeze file {server.file} can't be read: it is not JSON: it ends too early\n"
        "remote: error: staging-* and their release tags count as frozen, "
        "since the server's freeze file can't be read\n"
        "remote: error: refused: updating staging-4.17\n"
        "remote: hint: nothing was pushed: have the server's freeze file repaired, then push again\n"
        f"remote: hint: {NO_OVERRIDE[0]}\n"
    )
    assert server.push("staging-4.17") == (1, (answer + declined("staging-4.17 -> staging-4.17")).replace(
        str(server.folder), "SERVER"))  # fmt: skip
    assert server.push(f"{new}:refs/heads/stable-4.17")[0] == 0


def test_a_file_that_must_be_there_and_one_that_need_not(server: Server, tmp_path: Path) -> None:
    server.file.unlink()
    server.commit("backport", "staging-4.17")
    git(server.folder, "config", "xsa.freezeFile", str(tmp_path / "none"))
    assert "count as frozen, since the server's freeze file can't be read" in server.push("staging-4.17")[1]
    git(server.folder, "config", "xsa.freezeFile", "relative/path")
    status, said = server.push("staging-4.17")
    assert (status, "it must be an absolute path" in said) == (1, True)
    git(server.folder, "config", "--unset", "xsa.freezeFile")
    assert server.push("staging-4.17")[0] == 0


# When nothing needs to be asked


@pytest.fixture
def marked(server: Server, tmp_path: Path) -> Path:
    """Have the hook call a program that only notes what it was called with; returns that file."""
    noted = tmp_path / "noted"
    program = tmp_path / "bin" / "git-xsa-hook"
    program.write_text(f'#!/bin/sh\necho "$*" >>{noted}\n', encoding="utf-8")
    return noted


def asked(server: Server, marked: Path, ref: str, hook: str = "pre-receive") -> bool:
    """Whether the hook calls git-xsa when ``ref`` is created."""
    words, text = ([ref, ZERO, "1" * 40], "") if hook == "update" else ([], f"{ZERO} {'1' * 40} {ref}\n")
    done = subprocess.run(
        [server.folder / "hooks" / hook, *words], input=text, cwd=server.folder, env=os.environ | {"GIT_DIR": "."},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    called = marked.exists()
    marked.unlink(missing_ok=True)
    return called


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_what_concerns_nothing_starts_nothing(hook: str, server: Server, marked: Path) -> None:
    (server.folder / "refs" / "heads" / "alias").write_text("ref: refs/heads/stable-4.17\n", encoding="utf-8")
    frozen = {"heads/stable-4.17", "heads/staging-4.17", "heads/stable-4.17/x", "tags/x", "heads/alias"}
    for ref in sorted(frozen | {"heads/master", "heads/x/stable-4.17", "notes/x"}):
        assert asked(server, marked, f"refs/{ref}", hook) == (ref in frozen), ref
    server.freeze()
    assert not asked(server, marked, "refs/heads/stable-4.17", hook)
    for text in ("", "{}", server.file.read_text(encoding="utf-8").replace("\n", ""), "{\n"):
        server.write(text)
        assert asked(server, marked, "refs/heads/master", hook), text
    server.file.unlink()
    assert not asked(server, marked, "refs/heads/stable-4.17", hook)
    server.file.symlink_to("nowhere")
    assert asked(server, marked, "refs/heads/master", hook)


NAMES = st.text("ab-*/", min_size=1, max_size=6).filter(lambda name: "//" not in name and name.strip("/") == name)
PATTERNS = st.lists(
    st.one_of(NAMES, st.sampled_from(["a[b]", "a?", "\\a", "é", '"', "refs/heads/a*", "[!a]*"])), min_size=1
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frozen=PATTERNS, ref=NAMES.map(lambda name: name.replace("*", "b")), windows=st.booleans())
def test_the_shell_never_passes_by_what_is_frozen(
    frozen: list[str], ref: str, windows: bool, server: Server, marked: Path
) -> None:
    names = [name.removeprefix("refs/heads/") for name in frozen]
    server.freeze(*([FREEZE] if windows else []), frozen=tuple(names))
    concerned = windows and Rules(tuple(frozen)).frozen(f"refs/heads/{ref}")
    assert asked(server, marked, f"refs/heads/{ref}") or not concerned


def test_without_its_program_the_hook_refuses_what_may_be_frozen_and_lets_the_rest_pass(server: Server) -> None:
    (server._folder / "bin" / "git-xsa-hook").unlink()
    server.commit("backport", "staging-4.17")
    server.commit("other", "master")
    said = (
        "remote: error: git-xsa-hook is missing, so it is unknown what is frozen\n"
        "remote: hint: contact the repository administrator: git xsa-hooks install --server\n"
    )
    assert server.push("staging-4.17") == (1, said + declined("staging-4.17 -> staging-4.17"))
    assert server.push("master")[0] == 0


# The gate, aliases and the clock


def test_the_gate_moves_to_what_is_frozen_with_it_only(server: Server) -> None:
    git(server.folder, "config", "xsa.gateDuringFreeze", "false")
    move = f"{server.tips['staging-4.17']}:refs/heads/stable-4.17"
    assert "refused: updating stable-4.17: the gate is closed, too (xsa.gateDuringFreeze)" in server.push(move)[1]
    git(server.folder, "config", "xsa.gateDuringFreeze", "true")
    server.freeze(FREEZE, frozen=("stable-*",))
    words = "refused: updating stable-4.17: it is unknown what was in staging-4.17 when the freeze began"
    assert words in server.push(move)[1]
    assert server.there("stable-4.17") == server.tips["stable-4.17"]


def test_an_override_of_staging_does_not_open_stable(server: Server) -> None:
    git(server.folder, "config", "receive.advertisePushOptions", "true")
    git(server.folder, "config", "xsa.overrideUsers", ACCOUNT)
    new = server.commit("backport", "staging-4.17")
    assert server.push("-o", "xsa-override=build is broken", "staging-4.17")[0] == 0
    words = "refused: updating stable-4.17: not all commits were in staging-4.17 when the freeze began"
    assert words in server.push(f"{new}:refs/heads/stable-4.17")[1]
    assert server.push(f"{server.tips['staging-4.17']}:refs/heads/stable-4.17")[0] == 0
    # what is made by an override was not there, and in the next freeze it was
    assert (
        server.push("-o", "xsa-override=new", f"{new}:refs/heads/staging-4.18", f"{new}~:refs/heads/stable-4.18")[0]
        == 0
    )
    words = "refused: updating stable-4.18: it is unknown what was in staging-4.18 when the freeze began"
    assert words in server.push(f"{new}:refs/heads/stable-4.18")[1]
    server.freeze(("2027-01-01T12:00:00Z", "2027-01-08T12:00:00Z"))
    server.at("2027-01-02")
    assert server.push(f"{new}:refs/heads/stable-4.18", f"{new}:refs/heads/stable-4.17")[0] == 0


def test_another_name_of_a_frozen_branch(server: Server) -> None:
    git(server.folder, "symbolic-ref", "refs/heads/current", "refs/heads/staging-4.17")
    git(server.folder, "symbolic-ref", "refs/heads/next", "refs/heads/staging-4.99")
    new = server.commit("backport", "staging-4.17")
    for name, deed in (("current", "updating staging-4.17"), ("next", "creating staging-4.99")):
        answer = (1, refused(deed) + declined(f"{new} -> {name}"))
        assert server.push(f"{new}:refs/heads/{name}") == answer


@pytest.mark.parametrize(
    ("when", "frozen"),
    [
        ("2026-11-24 11:59:54", False),
        ("2026-11-24 11:59:55", True),  # it would land when the freeze has begun
        ("2026-12-08 11:59:59", True),
        ("2026-12-08 12:00", False),
    ],
)
def test_begin_and_end(when: str, frozen: bool, server: Server) -> None:
    server.at(when)
    os.utime(server.file, (0, 0))
    server.commit("backport", "staging-4.17")
    assert (server.push("staging-4.17")[0] == 1) == frozen


def test_a_clock_that_is_behind_the_file_opens_nothing(server: Server) -> None:
    server.at("2026-11-01 12:00")
    server.commit("backport", "staging-4.17")
    status, said = server.push("staging-4.17")
    assert (status, said.splitlines()[0]) == (
        1,
        (
            "remote: warning: the server's clock says 2026-11-01 12:00 UTC, but the freeze file is of"
            " 2026-11-24 12:00 UTC"
        ),
    )


def chained(server: Server, text: str) -> None:
    """Have another hook pre-receive run after ours, as one that was there before does."""
    server_hooks = server.folder / "hooks"
    words = (sys.executable, "-m", "git_xsa", "hooks")
    subprocess.run((*words, "uninstall", "--server"), cwd=server.folder, check=True, capture_output=True)
    server_hooks.mkdir(exist_ok=True)
    (server_hooks / "pre-receive").write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (server_hooks / "pre-receive").chmod(0o755)
    server.install()


@pytest.mark.parametrize("atomic", [False, True])
def test_a_freeze_that_begins_while_a_push_is_taken_in(atomic: bool, server: Server) -> None:
    chained(server, f"echo '2026-11-24 12:00' >{server._now}")
    server.at("2026-11-24 11:00")
    os.utime(server.file, (0, 0))
    before = server.tips["staging-4.17"]
    server.commit("backport", "staging-4.17")
    server.commit("other", "master")
    status, said = server.push(*(["--atomic"] if atomic else []), "staging-4.17", "master")
    assert (status, server.there("staging-4.17")) == (1, before)
    assert f"remote: error: {FROZEN}\n" in said
    assert " ! [remote rejected] staging-4.17 -> staging-4.17 (hook declined)\n" in said
    # update is asked for each reference by itself: the others land unless the push is to land as one
    assert (server.there("master") == server.tips["master"]) == atomic


# Overrides


def log_of(server: Server) -> Path:
    return server.folder / f"xsa-override.{ACCOUNT}.log"


@pytest.fixture
def open_server(server: Server) -> Server:
    """Return a frozen server that takes overrides."""
    git(server.folder, "config", "receive.advertisePushOptions", "true")
    git(server.folder, "config", "xsa.overrideUsers", ACCOUNT)
    server.commit("backport", "staging-4.17")
    return server


def test_an_override_is_logged_for_nobody_else_to_read(open_server: Server) -> None:
    server = open_server
    new, old = git(server.clone, "rev-parse", "staging-4.17"), server.tips["staging-4.17"]
    git(server.clone, "branch", "aside", "staging-4.17")
    assert server.push("-o", "other", "-o", "xsa-override=build is broken", "staging-4.17", "aside")[0] == 0
    (line,) = log_of(server).read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "time": "2026-11-25T09:00:00Z",
        "user": ACCOUNT,
        "account": ACCOUNT,
        "reason": "build is broken",
        "updates": [{"ref": "refs/heads/staging-4.17", "old": old, "new": new}],
    }
    assert stat.S_IMODE(log_of(server).stat().st_mode) == 0o600


def test_an_override_that_is_not_needed_is_not_logged(open_server: Server) -> None:
    git(open_server.clone, "branch", "aside")
    assert open_server.push("-o", "xsa-override=x", "aside")[0] == 0
    assert not log_of(open_server).exists()


@pytest.mark.parametrize(
    ("settings_of_server", "option", "environment", "problem"),
    [
        ({}, "xsa-override=", {}, "an override needs a reason: -o xsa-override='<reason>'"),
        ({"xsa.overrideUsers": f"not-{ACCOUNT}"}, "xsa-override=x", {}, f"{ACCOUNT} may not override the freeze"),
        ({"xsa.userVariable": "GL_USER"}, "xsa-override=x", {"GL_USER": "joe"}, "joe may not override the freeze"),
        (
            {"xsa.userVariable": "GL_USER"},
            "xsa-override=x",
            {"USER": ACCOUNT, "REMOTE_USER": ACCOUNT},
            "this server does not know who pushes, so nobody can override the freeze",
        ),
        (
            {},
            "xsa-override=x",
            {"GATEWAY_INTERFACE": "CGI/1.1", "USER": ACCOUNT},
            "this server does not know who pushes, so nobody can override the freeze",
        ),
    ],
)
def test_an_override_that_is_not_granted(
    settings_of_server: dict[str, str], option: str, environment: dict[str, str], problem: str, open_server: Server
) -> None:
    for key, value in settings_of_server.items():
        git(open_server.folder, "config", key, value)
    status, said = open_server.push("-o", option, "staging-4.17", **environment)
    assert (status, said.splitlines()[0]) == (1, f"remote: error: {problem}")
    assert not log_of(open_server).exists()
    assert open_server.there("staging-4.17") == open_server.tips["staging-4.17"]


def test_words_in_a_message_override_nothing(open_server: Server) -> None:
    open_server.commit("xsa-override=urgent\n\nxsa-override: urgent", "staging-4.17")
    assert open_server.push("staging-4.17")[0] == 1


def test_what_cannot_be_logged_is_not_granted(open_server: Server) -> None:
    log_of(open_server).mkdir()
    status, said = open_server.push("-o", "xsa-override=x", "staging-4.17")
    assert (status, said.splitlines()[0]) == (1, "remote: fatal: the override cannot be logged: Is a directory")
    assert open_server.there("staging-4.17") == open_server.tips["staging-4.17"]


def test_who_pushes() -> None:
    here = Pusher(ACCOUNT, ACCOUNT)
    assert pusher({"USER": "x", "REMOTE_USER": "x"}, "") == here
    assert pusher({"GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_USER": "x"}, "") == Pusher("x", ACCOUNT)
    assert pusher({"GL_USER": "y"}, "GL_USER") == Pusher("y", ACCOUNT)
    assert pusher({"GL_USER": ""}, "GL_USER") == Pusher(None, ACCOUNT)
    assert reasons(
        {"GIT_PUSH_OPTION_COUNT": "2", "GIT_PUSH_OPTION_0": "a", "GIT_PUSH_OPTION_1": "xsa-override= b "}
    ) == ["b"]
    assert reasons({}) == []


def test_many_entries_at_once_are_all_whole(tmp_path: Path) -> None:
    (tmp_path / "HEAD").touch()
    who, each, processes = Pusher("jane", "git"), 20, 8
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            for step in range(each):
                move = Move(f"refs/heads/staging-{number}.{step}", "1" * 40, "2" * 40)
                Overrides(tmp_path, "git").grant(who, "x" * 3_000, step, [move], [move])
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * processes
    lines = (tmp_path / "xsa-override.git.log").read_text(encoding="utf-8").splitlines()
    wanted = {f"refs/heads/staging-{n}.{step}" for n in range(processes) for step in range(each)}
    assert sorted(json.loads(line)["updates"][0]["ref"] for line in lines if line) == sorted(wanted)
    granted = Overrides(tmp_path, "git")
    assert all(granted.granted(Move(ref, "1" * 40, "2" * 40)) and granted.before(ref, 0) for ref in wanted)
    assert not granted.granted(Move("refs/heads/staging-0.0", "1" * 40, "3" * 40))


# No trace


def watched(folder: Path) -> Path:
    """Have every git and git-xsa-hook that is started noted with its arguments; returns the file."""
    noted, aside = folder / "arguments", folder / "aside"
    aside.mkdir()
    for name in ("git", "git-xsa-hook"):
        path = folder / "bin" / name
        real = shutil.which("git") if name == "git" else path.rename(aside / name)
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>{noted}\nexec {real} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return noted


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def test_no_trace_of_a_reason_but_in_the_log(open_server: Server, tmp_path: Path) -> None:
    server = open_server
    noted = watched(tmp_path)
    work = tmp_path / "tmp"
    work.mkdir()
    words = ("-o", "xsa-override=SECRETREASON")
    assert server.push(*words, "staging-4.17", TMPDIR=str(work))[0] == 0
    git(server.folder, "config", "xsa.overrideUsers", "")
    server.commit("more", "staging-4.17")
    assert server.push(*words, "staging-4.17", TMPDIR=str(work))[0] == 1
    arguments = noted.read_text(encoding="utf-8").splitlines()
    assert [line for line in arguments if "git-xsa-hook update refs/heads/staging-4.17" in line]
    called = [line for line in arguments if "SECRETREASON" in line and " push " not in line]
    assert called == []  # the push itself was told it by whoever pushes
    found = [path for path, content in files(server.folder) if b"SECRETREASON" in content]
    assert found == [log_of(server)]
    assert list(work.iterdir()) == []
    # Neither what others can read nor what may be fetched has it, or says more of a freeze than the freeze file.
    readable = [path for path, _ in files(server.folder) if path.stat().st_mode & stat.S_IROTH]
    assert log_of(server) not in readable
    assert [path.name for path in readable if b"freeze" in path.read_bytes() and path.parent == server.folder] == [
        "xsa-freeze.json"
    ]
    assert json.loads((server.folder / "xsa-moved").read_text(encoding="utf-8")).keys() == {"time", "ref", "old"}
