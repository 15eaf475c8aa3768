"""Repositories that are pushed to, over file, ssh and http, with the hooks as they are installed, and a clock for them.

Everything listens on 127.0.0.1 alone, with keys and passwords that are made for one test.
"""

from __future__ import annotations

import base64
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from repositories import git
from site_of_tests import QuietServer

from git_xsa.embargo.rule import Embargo, Ledger, Rules
from git_xsa.model.instant import parse_instant
from git_xsa.report.embargoes import freeze_file

ROOT = Path(__file__).resolve().parent.parent
SSHD = "/usr/sbin/sshd"
#: A program git-xsa-hook whose clock says what the file ``now`` does, if there is one.
PROGRAM = """\
#!{python}
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from git_xsa import __main__
from git_xsa.cli import clock
from git_xsa.model.instant import parse_instant
now = Path({now!r})
if now.exists():
    clock.now = lambda: parse_instant(now.read_text())
__main__.entry()
"""
ZERO = "0" * 40


class Server:
    """A bare repository with the server hooks, and a clone of it that has none."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._now = folder / "now"
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "git-xsa-hook"
        program.write_text(PROGRAM.format(python=sys.executable, root=str(ROOT), now=str(self._now)), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        self.folder = folder / "server.git"
        self.file = self.folder / "xsa-freeze.json"
        git(folder, "init", "--quiet", "--bare", "--template=", "-b", "master", str(self.folder))
        self.clone = folder / "clone"
        git(folder, "init", "--quiet", "--template=", "-b", "master", str(self.clone))
        git(self.clone, "remote", "add", "origin", str(self.folder))
        self.tips: dict[str, str] = {}
        for branch, subject in (("master", "root"), ("stable-4.17", "released"), ("staging-4.17", "waiting")):
            git(self.clone, "checkout", "--quiet", "-B", branch)
            git(self.clone, "commit", "--quiet", "--allow-empty", "-m", subject)
            self.tips[branch] = git(self.clone, "rev-parse", "HEAD")
        git(self.clone, "push", "--quiet", "origin", "--all")
        self.address = str(self.folder)
        self.environment: dict[str, str] = {}
        self.install()

    def install(self) -> None:
        """Install the server hooks."""
        words = (sys.executable, "-m", "git_xsa", "hooks", "install", "--server")
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)

    def at(self, when: str) -> None:
        """Set the server's clock."""
        self._now.write_text(when, encoding="utf-8")

    def freeze(self, *freezes: tuple[str, str], frozen: tuple[str, ...] = ("stable-*", "staging-*")) -> None:
        """Put a freeze file there, as git xsa-embargo freeze-file prints it."""
        embargoes = [Embargo(1, parse_instant(begins), parse_instant(ends)) for begins, ends in freezes]
        self.write(freeze_file(Ledger(tuple(embargoes)), Rules(frozen), 0) + "\n")

    def write(self, text: str) -> None:
        """Put ``text`` there as the freeze file, written in November, in one step."""
        new = self.file.with_name("new")
        new.write_text(text, encoding="utf-8")
        new.replace(self.file)
        written = parse_instant("2026-11-24 12:00")
        os.utime(self.file, (written, written))

    def commit(self, subject: str, on: str) -> str:
        """Make an empty commit on the branch ``on`` of the clone; return its name."""
        git(self.clone, "checkout", "--quiet", on)
        git(self.clone, "commit", "--quiet", "--allow-empty", "-m", subject)
        return git(self.clone, "rev-parse", "HEAD")

    def push(self, *words: str, **environment: str) -> tuple[int, str]:
        """Push to the server; return the exit status and what git prints, the server's address as SERVER."""
        surroundings = os.environ | self.environment | environment
        push = ("git", "push", self.address, *words)
        done = subprocess.run(push, cwd=self.clone, env=surroundings, capture_output=True, text=True, check=False)
        assert done.stdout == ""
        shown = re.sub("//[^@/]*@", "//", self.address)  # git shows no name and no password
        lines = [line.rstrip() for line in done.stderr.replace(shown, "SERVER").splitlines()]
        return done.returncode, "".join(f"{line}\n" for line in lines)

    def there(self, ref: str) -> str:
        """Return what ``ref`` is on the server, empty when there is none."""
        return git(self.folder, "rev-parse", "--verify", "--quiet", ref, accept=(0, 1))

    def refs(self) -> str:
        """Return everything that the server has."""
        return git(self.folder, "for-each-ref")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def over_ssh(server: Server, folder: Path) -> Iterator[None]:
    """Have ``server`` pushed to over ssh; the test is skipped where there is no sshd."""
    if not os.access(SSHD, os.X_OK) or shutil.which("ssh") is None:
        pytest.skip("openssh-server or openssh-client is not installed")
    folder.mkdir()
    for name in ("host", "user"):
        words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
        subprocess.run(words, check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    user, port = pwd.getpwuid(os.geteuid()).pw_name, _free_port()
    known = " ".join(f'{name}="{os.environ[name]}"' for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"))
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nPidFile none\nAuthorizedKeysFile {folder}/user.pub\n"
        f"StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSetEnv {known}\n",
        encoding="utf-8",
    )
    with (
        open(folder / "log", "wb") as log,
        subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log) as it,
    ):
        try:
            _wait_for(port, it, folder / "log")
            server.address = f"ssh://{user}@127.0.0.1:{port}{server.folder}"
            options = f"-F /dev/null -i {folder}/user -o IdentitiesOnly=yes -o StrictHostKeyChecking=no"
            server.environment = {
                "GIT_ALLOW_PROTOCOL": "ssh",
                "GIT_SSH_COMMAND": f"ssh {options} -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
            }
            yield
        finally:
            it.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            pytest.skip(f"sshd can't be started here: {log.read_text(encoding='utf-8').strip().splitlines()[-1:]}")
        time.sleep(0.05)
    pytest.fail("sshd does not listen")


class _Bridge(BaseHTTPRequestHandler):
    """Calls git http-backend as a web server does; whoever gives a password is who he says he is."""

    root: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as the library has it
        pass

    def _answer(self) -> None:
        asked = urlsplit(self.path)
        body = self._body()
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environment = os.environ | {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": base64.b64decode(given).decode().partition(":")[0],
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().splitlines()]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name not in ("Status", "Content-Length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    do_GET = do_POST = _answer  # noqa: N815 - as the library has it


@contextmanager
def over_http(server: Server, folder: Path) -> Iterator[None]:
    """Have ``server`` pushed to over http, as jane unless the address names another user."""
    bridge = type("Bridge", (_Bridge,), {"root": folder})
    with QuietServer(("127.0.0.1", 0), bridge) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        server.address = f"http://jane:secret@127.0.0.1:{listening.server_port}/{server.folder.name}"
        server.environment = {"GIT_ALLOW_PROTOCOL": "http"}
        yield
        listening.shutdown()
