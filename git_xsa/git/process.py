"""Start a process and know when it ends: by ``sh`` when we wait for it, by ``posix_spawn`` when it runs beside us.

``sh`` takes 70 ms to load and 6 ms a process, between fork and exec, in which we could do nothing else.  Input and
output go through anonymous memory files: text under embargo has no name in a file system, and no thread has to read
along.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, NamedTuple

#: Options of ``sh`` for every process: no terminal, and any exit status is an answer.
PLAIN: dict[str, Any] = {
    "_tty_in": False,
    "_tty_out": False,
    "_return_cmd": True,
    "_ok_code": range(-signal.NSIG, 256),
}

#: Signals that end a command; each may come at any time.
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Answer(NamedTuple):
    """What one git call gave: exit status, standard output and standard error."""

    status: int
    out: bytes
    err: bytes


class Word(str):
    """A word of a command line.  ``sh`` would encode it strictly, but a name of a file need not be valid text."""

    __slots__ = ()

    def __str__(self) -> str:
        return self

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002 - as str has it
        """Return the bytes that the name has in the file system."""
        return super().encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def memory(content: bytes = b"") -> IO[bytes]:
    """Return an anonymous file that holds ``content`` and stands at its start."""
    file: IO[bytes]
    if hasattr(os, "memfd_create"):
        file = open(os.memfd_create("git-xsa"), "w+b", buffering=0)  # noqa: SIM115 - the caller closes it
    else:
        from tempfile import TemporaryFile  # noqa: PLC0415 - not on Linux

        file = TemporaryFile(buffering=0)  # noqa: SIM115
    if content:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]
        file.seek(0)
    return file


def read_all(file: IO[bytes]) -> bytes:
    """Return all that ``file`` holds."""
    file.seek(0)
    chunks = []
    while chunk := file.read(1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


@contextmanager
def undisturbed() -> Iterator[set[int]]:
    """Keep signals that end the command waiting while a process is started and noted; yield those that waited before.

    What they raise is lost in Python's own work around a fork, or shown by the child, which runs our handlers, too.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield {int(number) for number in before}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Process:
    """A process that runs beside us; somebody must ``wait`` for it."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._status: int | None = None

    def wait(self) -> int:
        """Wait for the end; return the exit status, or the number of the signal that ended it with a minus.

        A signal that ended it and interrupted us in waiting for it may have left nothing to wait for: that counts as
        killed.
        """
        if self._status is None:
            try:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])
            except ChildProcessError:
                self._status = -signal.SIGKILL
        return self._status

    def end(self) -> None:
        """End it and wait; harmless when it has ended."""
        if self._status is None:
            with suppress(ProcessLookupError):
                os.kill(self._number, signal.SIGTERM)
            self.wait()


def spawn(
    words: tuple[str, ...],
    environment: Mapping[str, str],
    streams: tuple[IO[bytes], IO[bytes], IO[bytes]],
    mask: set[int],
) -> Process:
    """Start ``words``, the program's path first, with these standard streams; only the signals in ``mask`` wait."""
    # Where one of our own standard streams is closed, a file of ours may have its number.
    copies = [fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, 3) for stream in streams]
    try:
        actions = [(os.POSIX_SPAWN_DUP2, copy, target) for target, copy in enumerate(copies)]
        restored = [signal.SIGPIPE]  # Python ignores it, and a child would go on ignoring it
        return Process(
            os.posix_spawn(words[0], words, environment, file_actions=actions, setsigmask=mask, setsigdef=restored)
        )
    finally:
        for copy in copies:
            os.close(copy)


def _expose() -> None:
    """Undo ``undisturbed`` in the child of ``sh``, just before it becomes git: a signal that waits ends it.

    Python ignores SIGPIPE, and a child would go on ignoring it.
    """
    for number in ENDING:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def run(words: tuple[str, ...], environment: Mapping[str, str], given: bytes) -> Answer:
    """Run ``words``, the program's path first, to the end by ``sh``; return what it gave, whatever its status.

    A signal that comes meanwhile ends it before what the signal raises goes on.
    """
    import sh  # noqa: PLC0415 - takes longer to load than all of ours: only where something is called

    options: dict[str, Any] = {
        "_env": dict(environment),
        "_bg": True,
        "_bg_exc": False,
        "_preexec_fn": _expose,
        **PLAIN,
    }
    with memory(given) as source, memory() as out, memory() as err:
        with undisturbed():
            process = sh.Command(words[0])(*map(Word, words[1:]), _in=source, _out=out, _err=err, **options)
        try:
            process.wait()
        except ChildProcessError:  # see Process.wait
            return Answer(-signal.SIGKILL, read_all(out), read_all(err))
        except BaseException:
            with suppress(ProcessLookupError):
                process.terminate()
            process.wait()
            raise
        return Answer(int(process.exit_code), read_all(out), read_all(err))


def let_signal_come(status: int) -> None:
    """After a process that a signal ended: let that signal, if it is for all of us, come here before we complain."""
    if -status in ENDING:
        time.sleep(0.1)
