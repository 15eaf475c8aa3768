"""Real repositories for the tests, each written by one ``git fast-import``, and commands run in them.

A ``Draft`` collects commits, tags and branches and writes them into a folder; the ``Place`` that comes of it knows
where it is and what git called each commit.  ``run`` calls a command in this process (a tenth of a second), ``start``
in one of its own.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from git_xsa import __main__ as program

#: The program as its own process.
PROGRAM = (sys.executable, "-m", "git_xsa")
MARKS = "marks"
JANE = "Jane Doe <jane@example.org>"
#: Commits are a minute apart, so that no two look alike to ``git log``.
FIRST_DATE = 1_700_000_000


class File(NamedTuple):
    """What stands under a name in a commit: contents (of a submodule: the commit's name) and mode."""

    content: bytes
    mode: str = "100644"


#: Under each name: contents, or ``None`` for none any more.
Files = Mapping[Any, bytes | File | None]


def lines(letters: str) -> bytes:
    """Return a file with a line for each of ``letters``."""
    return "".join(f"{letter}\n" for letter in letters).encode()


def numbered(count: int, changed: Mapping[int, str] | None = None) -> bytes:
    """Return a file of the lines ``line 1`` to ``line <count>``, those in ``changed`` (by number) replaced."""
    texts = {number: f"line {number}" for number in range(1, count + 1)} | dict(changed or {})
    return "".join(f"{text}\n" for text in texts.values()).encode()


class Answer(NamedTuple):
    """What a command gave: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A repository: its folder, and the object name of each commit by its number in the draft, from 1."""

    folder: Path
    ids: Mapping[int, str]

    def __getitem__(self, number: int) -> str:
        return self.ids[number]

    def short(self, number: int) -> str:
        """Return the name of the commit as the reports show it."""
        return self.ids[number][:12]

    def git(self, *words: str, given: bytes = b"", accept: Iterable[int] = (0,), **environment: str) -> str:
        """Run git here and return what it prints, without the final newline."""
        return git(self.folder, *words, given=given, accept=accept, **environment)

    def run(self, *words: str, given: str = "") -> Answer:
        """Run a command of git-xsa here."""
        return run(self.folder, *words, given=given)

    def patch(self, number: int, *options: str) -> bytes:
        """Return the commit as a mail, as ``git format-patch`` writes it."""
        words = ("git", "format-patch", "--stdout", "-1", *options, self.ids[number])
        return subprocess.run(words, cwd=self.folder, capture_output=True, check=True).stdout


def git(folder: Path, *words: str, given: bytes = b"", accept: Iterable[int] = (0,), **environment: str) -> str:
    """Run git in ``folder`` and return what it prints, without the final newline."""
    done = subprocess.run(
        ("git", *words), cwd=folder, input=given, capture_output=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode in accept, f"git {' '.join(words)}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def run(folder: Path, *words: str, given: str | bytes = "") -> Answer:
    """Run ``git xsa-<first word>`` in ``folder``, with ``given`` as its standard input, in this process."""
    content = given.encode() if isinstance(given, str) else given
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    source = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="surrogateescape")
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.object(sys, "stdin", source), redirect_stdout(out), redirect_stderr(err):
            status = program.main(words)
    finally:
        os.chdir(before)
    texts = (stream.buffer.getvalue().decode() for stream in (out, err) if isinstance(stream.buffer, io.BytesIO))
    return Answer(status, *texts)


def start(folder: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start ``git xsa-<first word>`` in ``folder`` as a process with pipes all round."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen((*PROGRAM, *words), cwd=folder, text=True, **{**pipes, **options})


class Draft:
    """A repository in the making: what ``git fast-import`` is to be told."""

    def __init__(self) -> None:
        self._stream: list[bytes] = []
        self._count = 0
        self._tips: dict[str, int] = {}

    def commit(
        self,
        message: str | bytes,
        files: Files,
        *,
        on: str = "stable-1.0",
        after: int | None = None,
        merge: Sequence[int] = (),
        encoding: str = "",
    ) -> int:
        """Put a commit on the branch ``on`` and return its number; ``after`` is its parent if not the branch's tip."""
        self._count += 1
        parent = after if after is not None else self._tips.get(on)
        subject = message.encode() if isinstance(message, str) else message
        who = f"{JANE} {FIRST_DATE + 60 * self._count} +0000"
        head = [f"commit {_full(on)}", f"mark :{self._count}", f"author {who}", f"committer {who}"]
        if encoding:
            head.append(f"encoding {encoding}")
        self._stream += ["\n".join(head).encode(), b"\n", _data(subject + b"\n")]
        if parent is not None:
            self._stream.append(b"from :%d\n" % parent)
        self._stream += [b"merge :%d\n" % other for other in merge]
        self._stream += [_change(name, content) for name, content in files.items()]
        self._tips[on] = self._count
        return self._count

    def tag(self, name: str, number: int, *, light: bool = False) -> None:
        """Put the tag ``name`` on the commit ``number``."""
        if light:
            self._stream.append(f"reset refs/tags/{name}\nfrom :{number}\n\n".encode())
        else:
            self._stream.append(f"tag {name}\nfrom :{number}\ntagger {JANE} {FIRST_DATE} +0000\n".encode())
            self._stream.append(_data(name.encode()))

    def release(self, version: str, files: Files, *, on: str = "stable-1.0", after: int | None = None) -> int:
        """Put a commit with ``files`` on the branch ``on`` and the tag ``RELEASE-<version>`` on that."""
        number = self.commit(f"update version to {version}", files, on=on, after=after)
        self.tag(f"RELEASE-{version}", number)
        return number

    def branch(self, name: str, number: int) -> None:
        """Make ``name`` (a branch, or a full reference) stand for the commit ``number``."""
        self._stream.append(f"reset {_full(name)}\nfrom :{number}\n\n".encode())
        self._tips[name] = number

    def write(self, folder: Path, *options: str) -> Place:
        """Write the repository into ``folder`` with ``git init <options>``."""
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--template=", "--initial-branch=stable-1.0", *options)
        marks = Path(git(folder, "rev-parse", "--absolute-git-dir")) / MARKS
        given = b"".join(self._stream) + b"done\n"
        git(folder, "fast-import", "--quiet", "--done", f"--export-marks={marks}", given=given)
        words = [line.split() for line in marks.read_text(encoding="ascii").splitlines()]
        marks.unlink()
        if "--bare" not in options:
            git(folder, "read-tree", "--reset", "-u", "HEAD", accept=(0, 128))
        return Place(folder, {int(mark[1:]): name for mark, name in words})


def _full(name: str) -> str:
    return name if name.startswith("refs/") else f"refs/heads/{name}"


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _change(name: str | bytes, content: bytes | File | None) -> bytes:
    path = name.encode() if isinstance(name, str) else name
    quoted = b'"' + b"".join(_escaped(byte) for byte in path) + b'"'
    if content is None:
        return b"D %s\n" % quoted
    file = content if isinstance(content, File) else File(content)
    if file.mode == "160000":
        return b"M 160000 %s %s\n" % (file.content, quoted)
    return b"M %s inline %s\n" % (file.mode.encode(), quoted) + _data(file.content)


def _escaped(byte: int) -> bytes:
    plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
    return bytes([byte]) if plain else b"\\%03o" % byte
