"""Real repositories for the tests, each written by one ``git fast-import``, and commands run in them.

A ``Draft`` collects commits, tags and branches and writes them into a folder; the ``Place`` that comes of it knows
where it is and what git called each commit.  ``run`` calls a command in this process (a tenth of a second), ``start``
in one of its own.
"""

from __future__ import annotations

import gc
import io
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from programs import lacking

from git_xsa import __main__ as program

#: What is said of an advisory that nothing is known of.
NOT_KNOWN = "it may concern other versions or other software; use git xsa-import for fixes that are not on a branch yet"
#: The program as its own process.
PROGRAM = (sys.executable, "-m", "git_xsa")
MARKS = "marks"
JANE = "Jane Doe <jane@example.org>"
#: The first commit is made a ``step`` after this, 2023-11-14 22:13:20 UTC.
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

    def git(self, *words: str, given: bytes = b"", accept: Iterable[int] = (0,)) -> str:
        """Run git here and return what it prints, without the final newline."""
        return git(self.folder, *words, given=given, accept=accept)

    def run(self, *words: str, given: str = "") -> Answer:
        """Run a command of git-xsa here."""
        return run(self.folder, *words, given=given)

    def patch(self, number: int, *options: str) -> bytes:
        """Return the commit as a mail, as ``git format-patch`` writes it."""
        words = ("git", "format-patch", "--stdout", "-1", *options, self.ids[number])
        return subprocess.run(words, cwd=self.folder, capture_output=True, check=True).stdout


def git(
    folder: Path,
    *words: str,
    given: bytes = b"",
    accept: Iterable[int] = (0,),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run git in ``folder`` and return what it prints, without the final newline."""
    surroundings = {**os.environ, **(environment or {})}
    done = subprocess.run(("git", *words), cwd=folder, input=given, capture_output=True, check=False, env=surroundings)
    assert done.returncode in accept, f"git {' '.join(words)}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def unpack(repository: Path, revision: str, target: Path, *paths: str) -> Path:
    """Write the files of ``revision`` (or only ``paths``) to ``target``, made if it isn't there; return ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    words = ["git", "archive", revision, *(("--", *paths) if paths else ())]
    archive = subprocess.run(words, cwd=repository, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-xf", "-"], cwd=target, input=archive, check=True)
    return target


def run(folder: Path, *words: str, given: str | bytes = "") -> Answer:
    """Run ``git xsa-<first word>`` in ``folder``, with ``given`` as its standard input, in this process."""
    content = given.encode() if isinstance(given, str) else given
    printed, complained = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (printed, complained))
    source = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    before = Path.cwd()
    umask = os.umask(0o022)
    os.umask(umask)
    os.chdir(folder)
    try:
        with mock.patch.object(sys, "stdin", source), redirect_stdout(out), redirect_stderr(err):
            status = program.main(words)
    finally:
        os.chdir(before)
        # A command is a process of its own otherwise: it goes without a collector, and may keep what it writes private.
        gc.enable()
        os.umask(umask)
    answer = Answer(status, printed.getvalue().decode(), complained.getvalue().decode())
    if absent := lacking(answer.err):
        pytest.skip(f"{absent} is not installed")
    return answer


def prerequisites(place: Place, fixes: Iterable[int]) -> Iterator[list[str]]:
    """Yield for each of the commits ``fixes`` of the draft which commits the release 1.0.0 needs before it."""
    asked = "".join(f"RELEASE-1.0.0 {place[fix]}\n" for fix in fixes)
    for line in place.run("prereqs", "--stdin", "--json", given=asked).out.splitlines():
        yield [item["commit"] for item in json.loads(line)["prerequisites"]]


def start(folder: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start ``git xsa-<first word>`` in ``folder`` as a process with pipes all round."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen((*PROGRAM, *words), cwd=folder, text=True, **{**pipes, **options})


class Draft:
    """A repository in the making: what ``git fast-import`` is to be told.

    Each commit is made by ``author``, and ``step`` seconds after the one before: no two are of one push.
    """

    def __init__(self) -> None:
        self.author = JANE
        self.step = 20 * 60
        self._date = FIRST_DATE
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
        self._date += self.step
        people = [f"{role} {who} {self._date} +0000" for role, who in (("author", self.author), ("committer", JANE))]
        head = [f"commit {_full(on)}", f"mark :{self._count}", *people]
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


#: Commits of ``story``, by number.
(ROOT, FIRST, HALF, BASE, PREPARE, USE, TIDY, NEXT, ALONE, REST, OWN) = range(1, 12)


def story() -> Draft:
    """Return a branch with two releases and four advisories that each have another relation to the second one.

    XSA-2 needs a commit, by a line that it takes out; XSA-3 needs one, by a line next to it; XSA-4 needs nothing; of
    XSA-5 the release has one half.  The branch ``own`` left it at the release, and changed the line that XSA-2 does.
    """
    draft = Draft()
    draft.commit("root", {"a.c": numbered(20), "b.c": numbered(20)})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("first half\n\nThis is part of XSA-5.", {"a.c": numbered(20, {2: "five"})})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit("prepare", {"a.c": numbered(20, {2: "five", 10: "prepared"})})
    draft.commit("use it\n\nThis is XSA-2.", {"a.c": numbered(20, {2: "five", 10: "used"})})
    draft.commit("tidy", {"b.c": numbered(20, {5: "tidied"})})
    draft.commit("next to it\n\nThis is CVE-2020-1234 / XSA-3.", {"b.c": numbered(20, {5: "tidied", 7: "fixed"})})
    draft.commit("alone\n\nThis is XSA-4.", {"b.c": numbered(20, {5: "tidied", 7: "fixed", 19: "alone"})})
    draft.commit("second half\n\nThis is part of XSA-5.", {"a.c": numbered(20, {2: "five", 10: "used", 18: "five"})})
    draft.commit("our own way", {"a.c": numbered(20, {2: "five", 10: "ours"})}, on="own", after=BASE)
    return draft


#: The advisories of ``varied``: number -> what its commit does.
VARIETY = {
    1: "use",
    2: "submodule",
    3: "binary",
    4: "links and modes",
    5: "odd names",
    6: "ends of lines",
    7: "rename",
    8: "after the rename",
    9: "blanks",
    10: "deletion",
    11: "change of type",
    12: "empty files",
}


def varied(digits: int = 40) -> Draft:
    """Return a branch whose commits do to files whatever can be done to them; object names have ``digits``.

    The commit of XSA-N is the one with number N + 3, after the root, the release and a commit that XSA-1 and XSA-6
    need.  XSA-8 needs that of XSA-7 and XSA-10 that of XSA-6, too.
    """
    names: tuple[str | bytes, ...] = (
        "sp ace/t\tb",
        b"\xff\xfe.c",
        "x b/y b/z",
        'q"uo\\te',
        "new\nline",
        "-dash",
        "\x1b[2J",
    )
    draft = Draft()
    root: dict[str | bytes, bytes | File | None] = {
        "a.c": numbered(40), "b.c": numbered(20), "sub": File(b"1" * digits, "160000"), "bin": b"\0\1\2" * 50,
        "ln": File(b"a.c", "120000"), "run.sh": b"#!/bin/sh\n", "no": b"a\nb\nc", "crlf": b"a\r\nb\r\nc\r\n",
        "old.c": numbered(30), "ws": b"a  \n b\t\nc\n", "type": File(b"a.c", "120000"), "nothing": b"",
        "\f": b"a\fb\n\f\nc\rd\n\x85\n", **dict.fromkeys(names, numbered(9)),
    }  # fmt: skip
    draft.commit("root", root)
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("prepare", {"a.c": numbered(40, {10: "prepared"}), "no": b"a\nb\nC"})
    changes: list[Files] = [
        {"a.c": numbered(40, {10: "used"})},
        {"sub": File(b"2" * digits, "160000")},
        {"bin": b"\0\1\3" * 50},
        {"ln": File(b"b.c", "120000"), "run.sh": File(b"#!/bin/sh\n", "100755")},
        dict.fromkeys(names, numbered(9, {3: "odd"})),
        {"no": b"a\nb\nC\n", "crlf": b"a\r\nB\r\nc\r\n", "\f": b"a\fB\n\f\nc\rd\n\x85\n"},
        {"old.c": None, "new.c": numbered(30, {3: "renamed"})},
        {"new.c": numbered(30, {3: "renamed", 20: "fixed"})},
        {"ws": b"a  \n b\t\nc \n\n"},
        {"crlf": None, "b.c": File(numbered(20, {2: "gone"}), "100755")},
        {"type": b"words\n"},
        {"nothing": None, "fresh": b""},
    ]
    for number, files in enumerate(changes, 1):
        draft.commit(f"{VARIETY[number]}\n\nThis is XSA-{number}.", files)
    return draft


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what ``folder`` holds: of each file and folder its kind, mode, contents and time of change.

    But for the time of objects: git sets that anew when it would have written an object that is there already, and
    nothing can keep ``git apply`` from it (a read-only repository does).
    """
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *folder.rglob("*")):
        facts = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = sha256(path.read_bytes()).digest()
        is_object = path.is_file() and "objects" in path.parts
        time = None if is_object else (facts.st_mtime_ns, facts.st_ctime_ns)
        found[str(path.relative_to(folder))] = (facts.st_mode, facts.st_ino, content, time)
    return found


def refused(folder: Path, words: Sequence[str], status: int, what: str, hint: str = "") -> None:
    """Check that a command ends with this message and status, prints nothing else and changes nothing."""
    before = snapshot(folder)
    done = run(folder, *words)

    prefix = "fatal" if status == 128 else "error"
    assert done == (status, "", f"{prefix}: {what}\n" + (f"hint: {hint}\n" if hint else ""))
    assert snapshot(folder) == before
    assert list(Path(os.environ["XDG_RUNTIME_DIR"]).iterdir()) == []


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of the process' output, without waiting for it for ever."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "no answer came"
    return process.stdout.readline()


def processes(mark: str) -> list[str]:
    """Return the command lines of all processes that have ``mark`` in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def unprivileged() -> list[str] | None:
    """Return what a command line begins with so that the modes of files count for it even if we are root.

    ``None`` where that can't be had.
    """
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if shutil.which("setpriv") else None


def encoded(files: Mapping[str, str | None]) -> dict[str, bytes | None]:
    """Return ``files`` with their texts as bytes."""
    return {name: text.encode() if text is not None else None for name, text in files.items()}


def branch_with_fix(folder: Path, root: Mapping[str, str | None], *changes: Mapping[str, str | None]) -> Place:
    """Write a branch: ``root`` with the tag RELEASE-1.0.0, then ``changes``, the last of which is XSA-1."""
    draft = Draft()
    draft.release("1.0.0", encoded(root))
    for number, change in enumerate(changes, 1):
        last = number == len(changes)
        draft.commit("the fix\n\nThis is XSA-1." if last else f"change {number}", encoded(change))
    return draft.write(folder)


def fixed_before(count: int = 30) -> Draft:
    """Return a branch on which XSA-2 was fixed before the release 1.0.0: ``a.c`` has ``count`` lines, ``b.c`` nine."""
    draft = Draft()
    draft.commit("root", {"a.c": numbered(count, {20: "old"}), "b.c": numbered(9)})
    draft.commit("earlier\n\nThis is XSA-2.", {"a.c": numbered(count)})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    return draft


def below(folder: Path) -> dict[str, bytes]:
    """Return the files below ``folder``, by their paths there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
