"""Show long output through the pager that git would use.

Which one is git's rule: ``GIT_PAGER``, ``core.pager``, ``PAGER``, and the system's own.  ``git --no-pager`` and
``pager.xsa-check=false`` need no attention, since git hands them down as ``GIT_PAGER=cat``; ``git -p`` has started the
pager itself, so that standard output is not a terminal when we look.

The pager is started here and not by ``sh``, because it must have the user's terminal to itself.

Promises: nothing happens unless standard output is a terminal.  Leaving the context waits for the pager and puts
standard output back.  A pager that is closed early, or that can't be started, changes no exit status.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from git_xsa.report.width import terminal_width

if TYPE_CHECKING:
    import subprocess

    from git_xsa.git.run import Git

#: What git gives its pager unless the user has said otherwise: leave short output on the screen (F), pass colours (R),
#: don't clear (X); ``LV`` is the same for the pager lv.
DEFAULTS = {"LESS": "FRX", "LV": "-c"}
#: Only a shell knows what a word with one of these stands for.
SHELL_MARKS = frozenset("|&;<>()$`\\\"'*?[#~=%")
STANDARD_OUTPUT = 1


def on_terminal() -> bool:
    """Tell whether a person reads standard output, directly or through a pager (git's own included)."""
    if sys.stdout is not None and sys.stdout.isatty():
        return True
    return os.environ.get("GIT_PAGER_IN_USE", "") in ("1", "true")


@contextmanager
def paged(git: Git) -> Iterator[bool]:
    """Send what the block prints through the pager; yields whether there is one.

    Inside the block standard output is a pipe, so ask ``on_terminal`` about colour.
    """
    command = _command(git) if sys.stdout is not None and sys.stdout.isatty() else ""
    if command in ("", "cat"):
        yield False
        return
    sys.stdout.flush()
    terminal = os.dup(STANDARD_OUTPUT)
    try:
        pager = _start(command)
        try:
            with suppress(BrokenPipeError):  # the reader has seen enough
                yield True
        finally:
            _finish(pager, terminal)
    finally:
        os.close(terminal)


def _command(git: Git) -> str:
    """Return the shell command of the pager; ``""`` when none is wanted.

    ``git var GIT_PAGER`` would say it, but ``Git`` gives every child a ``GIT_PAGER`` of its own.
    """
    chosen = os.environ.get("GIT_PAGER")
    if chosen is None:
        answer = git.call("config", "--get", "core.pager", accept=(0, 1))
        chosen = answer.out.decode("utf-8", "surrogateescape").rstrip("\n") if answer.status == 0 else None
    if chosen is None:
        chosen = os.environ.get("PAGER")
    if chosen is None:
        chosen = next(filter(shutil.which, ("pager", "less", "more")), "")
    return chosen if _runs(chosen) else ""


def _runs(command: str) -> bool:
    """Check whether ``command`` can be started, as far as that is possible without a shell; if not, go without."""
    program = command.split(maxsplit=1)[0] if command.strip() else ""
    return bool(SHELL_MARKS & set(program)) or shutil.which(program) is not None


def _start(command: str) -> subprocess.Popen[bytes]:
    """Start ``command`` and put the pipe to it in the place of standard output."""
    import subprocess  # noqa: PLC0415 - only on a terminal

    os.environ.setdefault("COLUMNS", str(terminal_width()))  # as git does: nobody can ask the pipe for its width
    environment = DEFAULTS | os.environ
    # The command is the user's own configuration; git runs it by the shell as well.
    pager = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)  # noqa: S602
    assert pager.stdin is not None, "it was started with a pipe"
    os.dup2(pager.stdin.fileno(), STANDARD_OUTPUT)
    pager.stdin.close()
    os.environ["GIT_PAGER_IN_USE"] = "true"
    return pager


def _finish(pager: subprocess.Popen[bytes], terminal: int) -> None:
    """Write what is left, close the pipe, and wait until the reader is done; Ctrl-C is the pager's meanwhile."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads the rest, and it must not appear on the terminal either.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STANDARD_OUTPUT)
        os.close(nowhere)
        sys.stdout.flush()
    finally:
        os.dup2(terminal, STANDARD_OUTPUT)
        os.environ.pop("GIT_PAGER_IN_USE", None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, before)
