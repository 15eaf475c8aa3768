"""Nothing of an embargo in a list of processes, a log or a file that others can read: real commands, watched while they
run.

Two look at once: a program that reads every process in /proc again and again, and a git on PATH that writes down what
each start of git is given.  The first sees what anybody on the machine sees, the second misses nothing that is short.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import git

HOOKS = Path(__file__).resolve().parent.parent / "hooks"
#: Reads command line and environment of every process that has the token, until the file ``stop`` is there.
WATCHER = """
import json, os, sys
token, stop, target = os.fsencode(sys.argv[1]), sys.argv[2], sys.argv[3]
seen, rounds = set(), 0
open(target, "w").close()
while not os.path.exists(stop):
    rounds += 1
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environ = file.read()
            if token not in environ:
                continue
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                seen.add((file.read(), environ))
        except OSError:
            continue
told = [[one.decode("utf-8", "replace").replace("\\0", "\\n") for one in pair] for pair in seen]
with open(target, "w") as file:
    json.dump({"rounds": rounds, "seen": told}, file)
"""
GIT = """\
#!/bin/sh
{{ tr '\\0' '\\n' <"/proc/$$/cmdline"; tr '\\0' '\\n' <"/proc/$$/environ"; }} >>"{noted}"
exec "{real}" "$@"
"""
PROGRAM = '#!/bin/sh\nexec "{python}" -m git_xsa {command} "$@"\n'
#: Words of the patch, its files, its message, and the advisory.  None is said on a command line by the user.
SECRETS = (
    "take.c",
    "QUEUE_LIMIT",
    "secret_file",
    "ring indices",
    "RingTitle",
    "RingImpact",
    "CVE-2026-77123",
    "SecretNote",
)
BEFORE = "int take(int len)\n{\n    if ( len > max )\n        return -1;\n    copy(len);\n    return 0;\n}\n"
AFTER = BEFORE.replace("len > max", "len > QUEUE_LIMIT || used(queue) > QUEUE_LIMIT")


@contextmanager
def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Watch all processes that this test starts; yields a file that has what they were given when it is over."""
    token = f"XSA_TEST_TOKEN={os.urandom(8).hex()}"
    stop, found = folder / "stop", folder / "processes"
    watcher = subprocess.Popen((sys.executable, "-c", WATCHER, token, str(stop), str(found)))
    while not found.exists():
        time.sleep(0.01)
    monkeypatch.setenv(*token.split("="))
    try:
        yield found
    finally:
        stop.touch()
        watcher.wait(60)


class Maker:
    """A clone with an advisory under embargo, and its commands as programs on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted = folder / "noted"
        programs = folder / "bin"
        programs.mkdir()
        # git looks for its own programs there first, and for itself.
        own = folder / "exec-path"
        own.mkdir()
        there = Path(git(folder, "--exec-path"))
        for path in there.iterdir():
            (own / path.name).symlink_to(path)
        (own / "git").unlink(missing_ok=True)
        (own / "git").write_text(GIT.format(noted=self.noted, real=shutil.which("git")), encoding="utf-8")
        (own / "git").chmod(0o755)
        scripts = {"git": GIT.format(noted=self.noted, real=shutil.which("git"))}
        for name in ("import", "check", "prereqs", "export", "embargo", "hook"):
            scripts[f"git-xsa-{name}"] = PROGRAM.format(python=sys.executable, command=name)
        self.folder = folder / "clone"
        git(folder, "init", "--quiet", "--bare", "server")
        git(folder, "init", "--quiet", "-b", "stable-4.17", str(self.folder))
        git(self.folder, "remote", "add", "origin", str(folder / "server"))
        self.commit("take.c", BEFORE, "one")
        git(self.folder, "tag", "RELEASE-4.17.1")
        self.commit("take.c", BEFORE.replace("copy(len)", "copy(queue, len)"), "two")
        git(self.folder, "push", "--quiet", "origin", "stable-4.17")
        git(self.folder, "checkout", "--quiet", "-b", "work")
        message = "take: RingTitle says that the guest writes the ring indices\n\nThis is XSA-500.\n"
        (self.folder / "secret_file.h").write_text("extern int used(struct queue *queue);\n", encoding="utf-8")
        self.commit("take.c", AFTER.replace("copy(len)", "copy(queue, len)"), message)
        patch = (git(self.folder, "format-patch", "--stdout", "-1") + "\n").encode()
        self.incoming = folder / "in"
        self.incoming.mkdir(mode=0o700)
        rows = [("xsa500.patch", "Xen 4.17.x")]
        text = advisory(500, 1, rows, {"xsa500.patch": patch}, cves="CVE-2026-77123", title="RingTitle")
        (self.incoming / "advisory-500.txt").write_bytes(text.replace(b"Things go wrong", b"RingImpact goes wrong"))
        (self.incoming / "xsa500.patch").write_bytes(patch)
        for name in ("pre-push", "post-tag"):
            shutil.copy(HOOKS / name, self.folder / ".git" / "hooks")
        for name, script in scripts.items():
            (programs / name).write_text(script, encoding="utf-8")
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        monkeypatch.setenv("GIT_EXEC_PATH", str(own))

    def commit(self, name: str, content: str, message: str) -> None:
        (self.folder / name).write_text(content, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "-F", "-", given=message.encode())

    def run(self, *words: str, status: int = 0, given: str = "") -> str:
        """Run git; return what it says on both outputs."""
        done = subprocess.run(
            ("git", *words), cwd=self.folder, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, (words, done)
        return done.stdout + done.stderr


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    """Return what sets the umask until the end of the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_no_list_of_processes_and_no_file_of_others_has_a_word_of_it(
    tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch, umask: Callable[[int], int]
) -> None:
    if not Path("/proc/self/environ").exists():
        pytest.skip("there is no /proc here")
    umask(0o022)
    maker = Maker(tmp_path, monkeypatch)
    with watched(tmp_path, monkeypatch) as found:
        maker.run("xsa-import", str(maker.incoming))
        maker.run("xsa-embargo", "add", "500", "--until", "2100-01-01", "--note", "-", given="SecretNote\n")
        assert "XSA-500" in maker.run("xsa-check", "--xsa", "500", status=1)
        maker.run("xsa-check", "--xsa", "500", "--json", status=1)
        maker.run("xsa-prereqs", "--onto", "RELEASE-4.17.1", "--tip", "stable-4.17", "--xsa", "500", "--why")
        words = ("--onto", "RELEASE-4.17.1", "--tip", "stable-4.17", "--xsa", "500", "-o", str(tmp_path / "made"))
        maker.run("xsa-export", *words, "--format", "series")
        said = maker.run("push", "origin", "work", status=1)
        assert "has the change of a patch of XSA-500" in said
        assert not [word for word in SECRETS if word in said]
        maker.run("push", "--quiet", "origin", "stable-4.17:topic")
    told = json.loads(found.read_text(encoding="utf-8"))
    programs = {lines.split("\n")[0] for lines, _ in told["seen"]}
    assert told["rounds"] > 50
    assert len(told["seen"]) > 10, programs
    assert any("git_xsa" in lines for lines, _ in told["seen"])
    assert any("cat-file" in lines for lines, _ in told["seen"])
    everything = "\n".join(f"{lines}\n{environ}" for lines, environ in told["seen"])
    assert not [word for word in SECRETS if word in everything]
    noted = maker.noted.read_text(encoding="utf-8", errors="replace")
    assert noted.count("XSA_TEST_TOKEN=") > 30
    assert not [word for word in SECRETS if word in noted]
    open_to_others = [path for path in readable(sealed) if path.name != ".gitconfig"]
    assert open_to_others == []
    mine = {maker.folder, maker.incoming}  # what the user has made
    others = [path for path in readable(tmp_path) if not mine & set(path.parents)]
    assert others
    assert not [
        (path, word) for path in others for word in SECRETS if word.encode() in path.read_bytes() and path != found
    ]


def test_each_file_of_a_store_is_the_users_alone_whatever_the_umask(
    tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch, umask: Callable[[int], int]
) -> None:
    umask(0o000)
    maker = Maker(tmp_path, monkeypatch)
    maker.run("xsa-import", str(maker.incoming))
    maker.run("xsa-embargo", "add", "500", "--until", "2100-01-01", "--note", "-", given="SecretNote\n")
    git(maker.folder, "tag", "RELEASE-4.17.2", "stable-4.17")
    maker.run("-c", "xsa.override=why", "push", "--quiet", "origin", "RELEASE-4.17.2")
    store = sealed / "data" / "git-xsa"
    log = store / "post-tag.log"
    for _ in range(600):
        if ": done" in log.read_text(encoding="utf-8"):
            break
        time.sleep(0.1)
    assert {path.name for path in store.iterdir()} >= {"embargoes.json", "embargoes.journal", "post-tag.log", "lists"}
    found = {stat.S_IMODE(path.lstat().st_mode) for path in [store, *store.rglob("*")]}
    assert found == {0o700, 0o600}
    assert not [word for word in SECRETS if word in log.read_text(encoding="utf-8")]


def readable(folder: Path) -> list[Path]:
    """Return the files below ``folder`` that everybody can read, who can get there."""
    found, pending = [], [folder]
    while pending:
        for path in pending.pop().iterdir():
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_IXOTH:
                pending.append(path)
            elif stat.S_ISREG(mode) and mode & stat.S_IROTH:
                found.append(path)
    return sorted(found)
