"""Run an image in a machine that QEMU plays: no KVM, no network, no disk, its console on the serial line.

What runs in there is code under test, and may be an exploit.  It reaches nothing of the host: QEMU gets the image and
what is loaded with it and no other file, its own sandbox forbids it to start programs, and the same walls stand around
it as around a build, behind which the user's folders are empty.  Time and output are limited.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from shutil import which

from git_xsa.proof import remarks
from git_xsa.proof.build_command import MARK, Walls, end_processes, find_walls

#: Bytes of a console after which it is a flood; Xen with all log levels prints less than 100 kB.
MOST = 4 << 20
#: How long, in seconds, the console is read on after a panic: the lines that say where.
AFTERMATH = 0.5
#: Of a machine that is a child of this process, all that a program needs of its environment.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
_SANDBOX = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
_ALWAYS = (
    "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none", "-nic", "none",
    "-serial", "stdio",
)  # fmt: skip
#: What is said at the end of a test of XTF (``common/report.c``), and of our own guest.
_RESULT = re.compile(rb"Test result: (SUCCESS|FAILURE|SKIP|ERROR)[\r\n]")
_PANIC = re.compile(rb"Panic on CPU[^\n]*\n")
_LOST = re.compile(rb"Hardware Dom0 (?:crashed|halted|shutdown)[^\n]*\n")
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")


class End(str, Enum):
    """How a run ended: by what the payload says of itself, or otherwise."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIP = "skip"
    ERROR = "error"
    #: The hypervisor gave up, and said so.
    PANIC = "panic"
    #: The hypervisor ended the first domain, or that ended itself, without a result.
    LOST = "lost"
    #: The machine stopped, or wanted to start again, without a word: a triple fault, or a halt.
    STOPPED = "stopped"
    #: Nothing more came until the time was over.
    HANG = "hang"
    #: More output than any boot has.
    FLOOD = "flood"
    #: QEMU itself refuses to run, or was killed.
    BROKEN = "broken"


@dataclass(frozen=True)
class Console:
    """What came of a run: the end, a line that explains it (empty: nothing does), the output, and seconds."""

    end: End
    line: str
    output: bytes
    seconds: float


class Machine:
    """Runs images; ``hidden`` are folders that are empty for QEMU where the system allows that.

    ``stopped`` is asked now and then whether to give up.
    """

    def __init__(self, hidden: Sequence[Path], stopped: Callable[[], bool]) -> None:
        self._hidden, self._stopped = hidden, stopped
        self._walls: dict[tuple[Path, ...], Walls] = {}

    def walls(self, folder: Path) -> Walls:
        """Return the walls around a machine whose files are in ``folder``."""
        spared = (folder.resolve(), Path(tempfile.gettempdir()).resolve())
        hidden = tuple(h for h in self._hidden if not any(place.is_relative_to(h) for place in spared))
        if hidden not in self._walls:
            self._walls[hidden] = find_walls([], hidden)
        return self._walls[hidden]

    def run(self, words: Sequence[str], folder: Path, limit: float) -> Console:
        """Run QEMU with ``words`` (see ``command``) in the private ``folder`` for at most ``limit`` seconds; nothing of
        it is left afterwards."""
        began = time.monotonic()
        output = bytearray()
        process = subprocess.Popen(
            (*self.walls(folder).words, *words),
            cwd=folder,
            env=_ENVIRONMENT | {MARK: str(folder), "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            end = self._read(process, output, began + limit)
        finally:
            end_processes(process, folder)
            assert process.stdout is not None, "it is a pipe"
            process.stdout.close()
        text = _CONTROL.sub(b"", bytes(output))
        return Console(end, explain(end, text), text, time.monotonic() - began)

    def _read(self, process: subprocess.Popen[bytes], output: bytearray, until: float) -> End:
        assert process.stdout is not None, "it is a pipe"
        handle = process.stdout.fileno()
        while True:  # ends: at the limit of time at the latest
            if self._stopped() or time.monotonic() > until:
                return End.HANG
            ready, _, _ = select.select([handle], [], [], 0.2)
            chunk = os.read(handle, 1 << 16) if ready else None
            if chunk == b"":
                return End.BROKEN if process.wait() else End.STOPPED  # a guest can't choose QEMU's status
            output += chunk or b""
            found = _RESULT.search(output)
            if found is not None:
                return End(found[1].decode().lower())
            if _PANIC.search(output) or _LOST.search(output):
                _drain(handle, output)
                return End.PANIC if _PANIC.search(output) else End.LOST
            if len(output) > MOST:
                return End.FLOOD


def _drain(handle: int, output: bytearray) -> None:
    """Read what still comes shortly after a panic."""
    until = time.monotonic() + AFTERMATH
    while (left := until - time.monotonic()) > 0 and len(output) <= MOST:
        ready, _, _ = select.select([handle], [], [], left)
        chunk = os.read(handle, 1 << 16) if ready else b""
        if not chunk:
            return
        output += chunk


def identity(program: str) -> str:
    """Return what stands for the ``program`` of QEMU: another version may run an image to another end."""
    place = which(program, path=_ENVIRONMENT["PATH"])
    state = os.stat(place) if place is not None else None
    return f"{state.st_size} {state.st_mtime_ns}" if state is not None else ""


def explain(end: End, text: bytes) -> str:
    """Return the line of a console that says most about ``end``; empty for a success."""
    lines = [line.strip() for line in text.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
    if end in (End.FAILURE, End.SKIP, End.ERROR):
        return _before_result(lines)
    if end is End.BROKEN:
        return next((line for line in lines if line.startswith("qemu-system")), remarks.qemu_ended())
    plain = [line.removeprefix("(XEN) ").strip() for line in lines]
    if end is End.PANIC:
        at = next((n for n, line in enumerate(plain) if line.startswith("Panic on CPU")), 0)
        reason = next((line for line in plain[at + 1 :] if line.strip("*")), "")
        return f"{plain[at]} {reason}".strip()
    if end is End.LOST:
        told = [line for line in plain if re.match(r"PANIC: |Vec \d+ ", line)]
        return told[-1] if told else plain[-1]
    return plain[-1] if plain and end is not End.SUCCESS else ""


def _before_result(lines: Sequence[str]) -> str:
    """Return what a test says just before its result."""
    told: list[str] = []
    at = next((n for n, line in enumerate(lines) if line.startswith("Test result: ")), 0)
    for line in reversed(lines[max(at - 3, 0) : at]):
        if line.startswith(("---", "Environment: ", "(XEN)", "***")) or line.endswith(" PoC"):
            break
        told.insert(0, line)
        if re.match(r"(?:Skip|Error|Fail\w*): ", line):
            break
    return " ".join(told)


def command(program: str, options: Sequence[str], image: Path, payload: Path | None, arguments: str) -> list[str]:
    """Return the words that start ``program`` of QEMU with the ``options`` of a board, an ``image`` and its
    ``arguments``, and a ``payload`` that is loaded as its first module."""
    words = [program, *options, *_ALWAYS, *_SANDBOX, "-kernel", str(image)]
    if payload is not None:
        words += ["-initrd", str(payload)]
    return [*words, "-append", arguments]
