"""kill -9 at a change that a command, or a program that it starts, makes to a file, by strace.

strace stops each process behind every such system call; whoever reads its log counts the calls of all processes
together and has them go on, up to the one at which one process or all of them are killed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

#: What strace stops at; of these an ``openat`` counts only if it may make or empty a file.  Without sendfile: strace
#: that injects a signal there loops and never lets the process go on.
CALLS = (
    "openat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,chmod,fchmod,"
    "fchmodat,truncate,ftruncate,write,pwrite64,copy_file_range"
)
STOPPED = "--- stopped by SIGSTOP ---"
#: A command that takes longer than so many seconds is killed, which its judge sees as a status.
PATIENCE = 300
_WRITES = re.compile(r"(?:write|pwrite64|fchmod|ftruncate)\(\d+<([^>]*)")


def changes(call: str, top: Path) -> bool:
    """Whether a line of strace's log is of a call that has changed something below ``top``."""
    if " = -1 " in call or " = ?" in call:
        return False
    if call.startswith("openat(") and "O_CREAT" not in call and "O_TRUNC" not in call:
        return False
    if written := _WRITES.match(call):
        return written[1].startswith(f"{top}/")
    # Without a folder's descriptor, a relative path is below the folder where the command runs.
    return str(top) in call or '"/' not in call


def calls(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield the process and the text of each call, of each stop, and of each end in strace's log."""
    begun: dict[int, str] = {}
    for line in lines:
        word, _, rest = line.rstrip("\n").partition(" ")
        process, text = int(word), rest.lstrip()
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix("<unfinished ...>")
            continue
        if text.startswith("<... "):
            text = begun.pop(process, "") + text.partition("resumed>")[2]
        yield process, text


def killed(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], top: Path, last: int = sys.maxsize,
    *, alone: bool = False,
) -> tuple[int, int]:  # fmt: skip
    """Run a command; kill it when it, or what it starts, has made ``last`` changes below ``top``.

    ``alone``: only the process that made the change, else all.  Returns the status, and how many changes were made.
    """
    log = top.with_name(f"{top.name}.strace")
    os.mkfifo(log)
    trace = ("strace", "-f", "-y", "-q", "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=SIGSTOP", "-o", str(log))
    process = subprocess.Popen(
        (*trace, *words), cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    alive: set[int] = set()

    def end() -> None:
        for number in (*alive, process.pid):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    timer = threading.Timer(PATIENCE, end)
    timer.start()
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            count = _follow(lines, alive, top, last, alone)
        return process.wait(), count
    finally:
        timer.cancel()
        end()  # strace may give up over a process that was killed, and leave others stopped
        log.unlink()


def _follow(lines: Iterator[str], alive: set[int], top: Path, last: int, alone: bool) -> int:
    """Have every stopped process go on until ``last`` changes are made; then kill, and follow what is left."""
    count, changed, over = 0, dict[int, bool](), False
    for process, text in calls(lines):
        alive.add(process)
        if text.startswith("+++"):
            alive.discard(process)
        elif text == STOPPED:
            count += changed.pop(process, False)
            with suppress(ProcessLookupError):
                if count >= last and not over:
                    over = True
                    for number in (process,) if alone else tuple(alive):
                        with suppress(ProcessLookupError):
                            os.kill(number, signal.SIGKILL)
                elif over and not alone:
                    os.kill(process, signal.SIGKILL)  # it was just started
                else:
                    os.kill(process, signal.SIGCONT)
        elif not text.startswith("---"):
            changed[process] = changes(text, top)
    return count
