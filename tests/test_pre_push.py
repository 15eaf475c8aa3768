"""hooks/pre-push in real pushes to a remote: what git and the hook print, what arrives, and what the hook costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import git

HOOKS = Path(__file__).resolve().parent.parent / "hooks"
#: A program git-xsa-<name> whose clock says what the file ``now`` does.
AT = """\
#!{python}
import sys
from pathlib import Path
from git_xsa import __main__
from git_xsa.commands import clock, embargo
from git_xsa.model.instant import parse_instant
clock.now = embargo.clock = lambda: parse_instant(Path({now!r}).read_text())
sys.exit(__main__.entry())
"""
DATE = '#!/bin/sh\n[ $# -gt 0 ] || exit 1\nexec date.real -d "$(cat \'{now}\')" "$@"\n'
FROZEN = """\
error: stable-*, staging-* and their release tags are frozen from 2026-11-24 12:00 UTC until 2026-12-08 12:00 UTC \
for XSA-500
"""
HINTS = """\
hint: nothing was pushed: push it again after 2026-12-08 12:00 UTC, or leave it out and push the rest
hint: if it can't wait, ask the security team; who may override it says why, and it goes into the journal:
hint: git -c xsa.override='<reason>' push ...; a server that refuses it too wants -o xsa-override='<reason>' as well
"""


class Client:
    """A clone with the hook, its remote ``server``, and a clock for both."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = folder / "now"
        self.at("2026-11-24 12:00")
        programs = folder / "bin"
        programs.mkdir()
        for name in ("git-xsa-hook", "git-xsa-embargo"):
            program = programs / name
            program.write_text(AT.format(python=sys.executable, now=str(self.now)), encoding="utf-8")
            program.chmod(0o755)
        (programs / "date.real").symlink_to(shutil.which("date") or "/bin/date")
        (programs / "date").write_text(DATE.format(now=self.now), encoding="utf-8")
        (programs / "date").chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        self.server = folder / "server"
        git(folder, "init", "--quiet", "--bare", "-b", "master", str(self.server))
        self.folder = folder / "client"
        git(folder, "init", "--quiet", "-b", "staging-4.17", str(self.folder))
        git(self.folder, "remote", "add", "origin", str(self.server))
        self.commit("root")
        git(self.folder, "branch", "stable-4.17")
        self.commit("waiting")
        git(self.folder, "push", "--quiet", "origin", "staging-4.17", "stable-4.17")
        shutil.copy(HOOKS / "pre-push", self.folder / ".git" / "hooks" / "pre-push")

    def at(self, when: str) -> None:
        """Set the clock; a time without one is UTC."""
        self.now.write_text(when + "Z" * (" " in when), encoding="utf-8")

    def commit(self, subject: str, branch: str = "staging-4.17") -> str:
        """Make an empty commit on ``branch``; return its name."""
        git(self.folder, "checkout", "--quiet", "-B", branch)
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", subject)
        return git(self.folder, "rev-parse", "HEAD")

    def embargo(self, *words: str) -> None:
        """Run git xsa-embargo."""
        git(self.folder, "xsa-embargo", *words)

    def push(self, *words: str) -> tuple[int, str]:
        """Push; return the exit status and what stands on standard error, the server's folder as SERVER."""
        done = subprocess.run(
            ("git", *words), cwd=self.folder, capture_output=True, text=True, check=False, encoding="utf-8"
        )
        assert done.stdout == ""
        return done.returncode, done.stderr.replace(str(self.server), "SERVER")

    def there(self, ref: str) -> str:
        """Return what ``ref`` is on the server, empty when there is none."""
        return git(self.server, "rev-parse", "--verify", "--quiet", ref, accept=(0, 1))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client whose staging branch is a commit ahead of the stable one, as is the server's."""
    return Client(tmp_path, monkeypatch)


def test_frozen(client: Client) -> None:
    client.embargo("add", "500", "--until", "2026-12-08")
    before = client.there("staging-4.17")
    client.commit("backport")
    assert client.push("push", "origin", "staging-4.17") == (
        1,
        f"{FROZEN}error: refused: updating staging-4.17\n{HINTS}error: failed to push some refs to 'SERVER'\n",
    )
    assert client.there("staging-4.17") == before
