"""Start git: one-shot calls, and processes that live as long as the command.

Every git process of git-xsa starts here, so that what holds for all of them is written once: no pager, no prompt, no
optional locks, untranslated messages, nothing that the user's configuration could change in the format of an answer.
Input and output of a call go through anonymous memory files: text under embargo has no name in a file system, and no
thread has to read along.

A call that we wait for goes through the library ``sh``, as programs that are not git do (``git_xsa.git.programs``).
What runs beside us (a service, a stream, a call that was begun) is started by ``posix_spawn``; ``git_xsa.git.process``
has the reasons.

Promises: bytes in, bytes out; the exit status is the caller's to judge when it asks for that, and a ``GitError``
otherwise; no process outlives the ``Git`` object's ``close``.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from git_xsa.git import problems
from git_xsa.git.here import clone
from git_xsa.git.problems import GitError
from git_xsa.git.process import Answer, Process, let_signal_come, memory, read_all, run, spawn, undisturbed

#: Settings that would change what plumbing prints or how ``git apply`` compares, whatever the user has configured; and
#: those by which a temporary index would leave traces in the repository (``sharedindex.*``, the hook
#: ``post-index-change``, a file system monitor).
FIXED_SETTINGS = (
    "core.quotePath=true",
    "core.commitGraph=true",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.splitIndex=false",
    "diff.ignoreSubmodules=none",
    "diff.suppressBlankEmpty=false",
    "diff.renameLimit=1000",
    "apply.whitespace=nowarn",
    "apply.ignoreWhitespace=no",
    "core.autocrlf=false",
)
#: Environment of every child: no questions, no side effects, messages as git wrote them.
FIXED_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # before git 2.45 nothing else keeps it from fetching what a partial clone lacks
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null/none",  # grafts hide or invent history; a file that can't be there goes without advice
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
}
#: Variables that change the form of git's answers; they are taken out of the environment of every child.
UNWANTED = ("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_PAGER_IN_USE")
#: Variables by which configuration is given for one command, or other files than the usual ones are read for it.
ONE_COMMAND = (
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
)
#: What the names of those begin with by which git logs what it does, with paths and arguments; they are taken out, too.
TRACES = "GIT_TRACE"


class Service:
    """A git process that answers for as long as the command runs.

    ``ask`` writes a request and returns the file to read the answer from.  The caller knows the protocol; it must
    write no more at a time than a pipe takes (``PIPE``), since git may be waiting for us to read.
    """

    PIPE = 32_768

    def __init__(
        self, words: tuple[str, ...], process: Process, requests: IO[bytes], answers: io.BufferedReader[io.FileIO]
    ) -> None:
        self.words = words
        self._process = process
        self._requests = requests
        self.answers = answers

    def ask(self, request: bytes) -> io.BufferedReader[io.FileIO]:
        """Send ``request``; return the stream that the answer comes from."""
        left = memoryview(request)
        try:
            while left:  # a signal may cut a write short
                left = left[self._requests.write(left) :]
        except BrokenPipeError:
            raise self._cut(problems.git_ended) from None
        return self.answers

    def read_line(self) -> bytes:
        """Return one line of the answer, with its newline."""
        line = self.answers.readline()
        if not line.endswith(b"\n"):
            raise self._cut()
        return line

    def read_exactly(self, size: int) -> bytes:
        """Return ``size`` bytes of the answer."""
        content = self.answers.read(size)
        if len(content) < size:
            raise self._cut()
        return content

    def read_until(self, end: bytes) -> bytes:
        """Return the answer up to the line ``end`` (which ends with a newline), without that line."""
        answer = bytearray()
        while not (answer.endswith(b"\n" + end) or answer == end):
            chunk = self.answers.read1(1 << 16)
            if not chunk:
                raise self._cut()
            answer += chunk
        return bytes(answer[: -len(end)])

    def _cut(self, word: Callable[[tuple[str, ...]], GitError] = problems.git_answered_half) -> GitError:
        """Return the error for a process that answers no more."""
        self._requests.close()  # it ends, if it has not
        let_signal_come(self._process.wait())
        return word(self.words)

    def close(self) -> None:
        """End the process and wait for it; harmless when it has ended already."""
        self._requests.close()
        self.answers.close()
        self._process.wait()


class Stream:
    """A git call whose output is read while it runs; one that is not read to its end ends with its ``Git``."""

    def __init__(self, words: tuple[str, ...], process: Process, output: IO[bytes], errors: IO[bytes]) -> None:
        self._words = words
        self._process = process
        self._output = output
        self._errors = errors

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end; ``GitError`` when git failed."""
        block = self._output.read(size)
        if not block:
            answer = Answer(self._process.wait(), b"", read_all(self._errors))
            _accepted(answer, self._words, (0,))
        return block

    def close(self) -> None:
        """End the process; harmless when it has ended."""
        self._output.close()
        self._process.end()
        self._errors.close()


def _accepted(answer: Answer, words: tuple[str, ...], accept: tuple[int, ...]) -> Answer:
    """Return ``answer``; ``GitError`` when its exit status is not one of ``accept``."""
    if answer.status not in accept:
        let_signal_come(answer.status)
        raise problems.git_failed(words, answer.status, answer.err.decode("utf-8", "replace"))
    return answer


class Call:
    """A git call that runs while we do something else.  One that nobody finishes ends with its ``Git``."""

    def __init__(
        self,
        words: tuple[str, ...],
        process: Process,
        files: tuple[IO[bytes], IO[bytes]],
        accept: tuple[int, ...],
        running: set[Call],
    ) -> None:
        self._words = words
        self._process = process
        self._files = files
        self._accept = accept
        self._running = running

    def finish(self) -> Answer:
        """Wait for the end and return what git gave, once; ``GitError`` as from ``Git.call``."""
        out, err = self._files
        with out, err:
            status = self._process.wait()
            self._running.discard(self)
            answer = Answer(status, read_all(out), read_all(err))
        return _accepted(answer, self._words, self._accept)

    def abandon(self) -> None:
        """End the process without an answer; harmless when it has ended."""
        self._process.end()
        self._running.discard(self)
        for file in self._files:
            file.close()


class Git:
    """git, run for one repository.

    ``folder`` is where git starts (and so which repository it finds); ``None`` is the current folder, or the clone that
    the command works in.  ``environment`` is set for every child.  With ``lasting`` only configuration counts that
    holds for other commands, too.  Use it as a context manager: leaving it ends its long-lived processes.
    """

    def __init__(
        self, folder: Path | None = None, environment: Mapping[str, str] | None = None, *, lasting: bool = False
    ) -> None:
        unwanted = (*UNWANTED, *(ONE_COMMAND if lasting else ()))
        inherited = {
            name: value for name, value in os.environ.items() if name not in unwanted and not name.startswith(TRACES)
        }
        self._environment = inherited | FIXED_ENVIRONMENT | dict(environment or {})
        folder = folder if folder is not None else clone()
        self._folder = str(folder) if folder is not None else os.getcwd()
        program = shutil.which("git")
        if program is None:
            raise problems.not_installed("git")
        settings = [word for setting in FIXED_SETTINGS for word in ("-c", setting)]
        self._git = (program, *settings)
        self._here = (program, "-C", self._folder, *settings)
        #: Whether the configuration may say something about colour; set by who has read it.
        self.colour_is_set = True
        self._services: list[Service | Stream] = []
        self._calls: set[Call] = set()

    def contains(self, tip: str, commit: str, lenient: bool = False) -> bool:
        """Whether ``commit`` is ``tip``, or in its history.

        ``GitError`` when the repository lacks one of them; if ``lenient``, it is not in the history then.
        """
        accept = (0, 1, 128) if lenient else (0, 1)
        return not self.call("merge-base", "--is-ancestor", commit, tip, accept=accept).status

    def in_repository(self) -> bool:
        """Whether there is a repository where git starts."""
        return not self.start("rev-parse", "--git-dir", accept=(0, 128)).finish().status

    def set(self, name: str, value: str) -> None:
        """Set a variable for every child that is started from now on."""
        self._environment = {**self._environment, name: value}

    def start(
        self,
        *words: str,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (0,),
    ) -> Call:
        """Begin ``git WORDS``, beside us, with ``given`` as its standard input; its ``finish`` returns what it gave."""
        out, err = memory(), memory()
        settings = self._environment | dict(environment or {})
        with memory(given) as source, undisturbed() as mask:
            process = spawn((*self._here, *words), settings, (source, out, err), mask)
            call = Call(words, process, (out, err), accept, self._calls)
            self._calls.add(call)
        return call

    def call(
        self,
        *words: str,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (0,),
    ) -> Answer:
        """Run ``git WORDS`` with ``given`` as its standard input and return what it gave.

        Raises ``GitError`` when the exit status is not one of ``accept``.
        """
        settings = self._environment | dict(environment or {})
        return _accepted(run((*self._here, *words), settings, given), words, accept)

    def text(self, *words: str, accept: tuple[int, ...] = (0,)) -> str:
        """Run ``git WORDS`` and return its output as text without the final newline."""
        return self.start(*words, accept=accept).finish().out.decode("utf-8", "surrogateescape").rstrip("\n")

    def service(self, *words: str) -> Service:
        """Start ``git WORDS`` as a process that answers requests until this object is closed."""
        return self._service(words, (*self._here, *words), self._environment)

    def stream(self, *words: str, given: bytes = b"") -> Stream:
        """Start ``git WORDS`` with ``given`` as its standard input; its output is read from what is returned."""
        read_end, write_end = os.pipe()
        output, errors = open(read_end, "rb"), memory()  # noqa: SIM115 - closed by the stream
        with memory(given) as source, open(write_end, "wb", 0) as sink, undisturbed() as mask:
            process = spawn((*self._here, *words), self._environment, (source, sink, errors), mask)
            stream = Stream(words, process, output, errors)
            self._services.append(stream)
        return stream

    def shell(self, script: str, folder: Path, environment: Mapping[str, str]) -> Service:
        """Start a POSIX shell that runs ``script`` in ``folder``; its arguments are how to call git."""
        words = ("/bin/sh", "-c", f'cd -- "$1" && shift\n{script}', "git-xsa", str(folder), *self._git)
        return self._service(("apply",), words, self._environment | dict(environment))

    def _service(self, name: tuple[str, ...], words: tuple[str, ...], environment: Mapping[str, str]) -> Service:
        read_request, write_request = os.pipe()
        read_answer, write_answer = os.pipe()
        with open(read_request, "rb", 0) as source, open(write_answer, "wb", 0) as sink, open(os.devnull, "wb") as err:
            answers = io.BufferedReader(io.FileIO(read_answer), 1 << 16)
            requests = open(write_request, "wb", 0)  # noqa: SIM115 - closed by the service
            with undisturbed() as mask:
                service = Service(name, spawn(words, environment, (source, sink, err), mask), requests, answers)
                self._services.append(service)
        return service

    def close(self) -> None:
        """End every process that is still running."""
        for call in tuple(self._calls):
            call.abandon()
        while self._services:
            self._services.pop().close()

    def __enter__(self) -> Git:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
