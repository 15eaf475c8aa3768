"""The ways out and around that git-xsa-hooks(1) lists, what tests say of each, and the ground on which they are tried.

A test says with ``way`` which row of the manual it is the evidence for.  ``test_ways.py`` compares the two in all
modules ``test_ways*.py``, so that there is no row without a test and no test without a row.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from repositories import git, run

MAN = Path(__file__).resolve().parent.parent / "man" / "git-xsa-hooks.1"
_TABLE = re.compile(r"^\.Ss Ways out and around\n.*?^\.Bl -column [^\n]*\n(.*?)^\.El$", re.MULTILINE | re.DOTALL)
_Test = TypeVar("_Test", bound=Callable[..., None])


class Fate(Enum):
    """What becomes of a push that goes such a way, as the manual says it."""

    REFUSED = "refused"
    JOURNALED = "journaled"
    UNSEEN = "not detected"


class Row(NamedTuple):
    """A row of the manual's table."""

    way: str
    fate: Fate


def rows() -> list[Row]:
    """Return the rows of the table in the manual, in their order."""
    table = _TABLE.search(MAN.read_text(encoding="utf-8"))
    assert table is not None, f"{MAN} has no table of ways"
    found = []
    for line in table[1].splitlines():
        fate, _, way_out = line.removeprefix(".It ").partition(" Ta ")
        if not fate.startswith("Sy "):
            found.append(Row(way_out, Fate(fate)))
    return found


def way(name: str, fate: Fate) -> Callable[[_Test], _Test]:
    """Say that a test is the evidence for this row."""

    def marked(test: _Test) -> _Test:
        test.__dict__.setdefault("ways", []).append(Row(name, fate))
        return test

    return marked


class Push(NamedTuple):
    """How a push ended: git's exit status, and what stands on standard error."""

    status: int
    said: str

    @property
    def passed(self) -> bool:
        """Whether git sent what was asked for."""
        return self.status == 0


SOURCE = """\
int take(struct queue *q, unsigned int len)
{
    unsigned int max = q->size - q->used;

    if ( len > max )
        return -ENOSPC;

    copy_in(q->ring + q->used, q->input, len);
    q->used += len;
    return 0;
}
"""
FIXED = SOURCE.replace(
    """\
    if ( len > max )
        return -ENOSPC;
""",
    """\
    /* The guest can change the indices while they are looked at, so read them once. */
    if ( q->used > QUEUE_LIMIT || ACCESS_ONCE(q->producer) - q->consumer > max )
        return queue_broken(q, "indices out of range");

    smp_rmb(); /* Pairs with the barrier that the guest has before it moves its producer index. */
""",
)
MESSAGE = "queue: don't trust the indices that the guest writes\n\nThey may change between check and use.\n"


class Ground:
    """A clone with the hooks as ``git xsa-hooks install`` leaves them, and the server that it pushes to.

    The server has ``master``, ``stable-4.17`` and ``staging-4.17``; on ``new`` is a commit that may be public, on
    ``fix`` one that may not.  XSA-500 is under embargo until 2090, and its patch is in the store in ``~``.
    """

    def __init__(self, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._outside = folder
        self.home = home
        monkeypatch.delenv("XDG_DATA_HOME")
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "git-xsa-hook"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m git_xsa hook "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        self.server, self.folder = folder / "server.git", folder / "client"
        git(folder, "init", "--quiet", "--bare", "--template=", "-b", "master", str(self.server))
        git(folder, "init", "--quiet", "--template=", "-b", "master", str(self.folder))
        self.git("remote", "add", "origin", str(self.server))
        self.commit("root", SOURCE)
        for branch in ("stable-4.17", "staging-4.17"):
            self.git("branch", branch)
        self.git("push", "--quiet", "origin", "--all")
        self.run("hooks", "install")
        self.git("checkout", "--quiet", "-b", "new")
        self.commit("public", SOURCE.replace("return 0", "return len"))
        self.git("checkout", "--quiet", "-b", "fix", "master")
        self.commit(MESSAGE, FIXED)

    @property
    def store(self) -> Path:
        """The store that the commands make where nothing says otherwise."""
        return self.home / ".local" / "share" / "git-xsa"

    @property
    def journal(self) -> list[str]:
        """The lines of the journal."""
        return (self.store / "embargoes.journal").read_text(encoding="utf-8").splitlines()

    def git(self, *words: str) -> str:
        """Run git in the clone."""
        return git(self.folder, *words)

    def run(self, *words: str) -> str:
        """Run a command of git-xsa in the clone, and return what it prints."""
        answer = run(self.folder, *words)
        assert answer.status == 0, answer.err
        return answer.out

    def commit(self, message: str, source: str) -> None:
        """Commit ``source``, with ``message``."""
        (self.folder / "queue.c").write_text(source, encoding="utf-8")
        self.git("add", "queue.c")
        self.git("commit", "--quiet", "-m", message)

    def keep_secret(self, number: int = 500) -> None:
        """Take the fix in as the patch of XSA-``number``, which is under embargo."""
        patch = self._outside / f"xsa{number}.patch"
        patch.write_text(self.git("format-patch", "--stdout", "-1", "fix") + "\n", encoding="utf-8")
        self.run("import", str(patch))
        self.run("embargo", "add", f"{number}", "--until", "2090-01-01")

    def push(self, *words: str, options: tuple[str, ...] = (), change: Mapping[str, str | None] | None = None) -> Push:
        """Push ``words`` to origin, with ``options`` of git itself and the environment changed (``None``: unset)."""
        environment = {name: value for name, value in (os.environ | (change or {})).items() if value is not None}
        command = ("git", *options, "push", "--quiet", *words)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout == ""
        return Push(done.returncode, "".join(f"{line.rstrip()}\n" for line in done.stderr.splitlines()))

    def freeze_and_leak(self, *options: str, change: Mapping[str, str | None] | None = None) -> tuple[Push, Push]:
        """Push what the freeze forbids, and what is under embargo."""
        return (
            self.push("origin", "new:staging-4.17", options=options, change=change),
            self.push("origin", "fix:topic", options=options, change=change),
        )

    def there(self, branch: str) -> str:
        """Return what ``branch`` is on the server, empty when there is none."""
        return git(self.server, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", accept=(0, 1))

    def have_it_back(self) -> None:
        """Have the server as it was, so that the next push has something to do."""
        git(self.server, "update-ref", "refs/heads/staging-4.17", self.git("rev-parse", "staging-4.17"))
        git(self.server, "update-ref", "-d", "refs/heads/topic")

    def put_hooks_on_the_server(self) -> None:
        """Install the server's hooks, with a freeze file of what is under embargo."""
        assert run(self.server, "hooks", "install", "--server").status == 0
        (self.server / "xsa-freeze.json").write_text(self.run("embargo", "freeze-file"), encoding="utf-8")

    def without_hooks(self) -> None:
        """Have a clone that has no hooks, as anybody can."""
        shutil.rmtree(self.folder / ".git" / "hooks")
