"""What is said beside the results, on standard error: errors and warnings, and the notes and hints that --quiet drops.

Each line begins with what it is, as git's do.  What comes from a repository is printed without its control characters.
"""

from __future__ import annotations

import sys

from git_xsa.report import remarks
from git_xsa.report.plain import printable

_quiet = False
_hinted: set[str] = set()


def be_quiet(wanted: bool) -> None:
    """Say from now on what goes wrong and nothing else, or say everything again."""
    global _quiet  # noqa: PLW0603 - one command a process, and its option holds for all that it prints
    _quiet = wanted
    _hinted.clear()


def is_quiet() -> bool:
    """Whether only what goes wrong is said."""
    return _quiet


def error(said: str) -> None:
    """Say why the answer is no, or what can't be done."""
    _say("error", said)


def warning(said: str) -> None:
    """Say what may be wrong."""
    _say("warning", said)


def note(said: str) -> None:
    """Say what is good to know."""
    if not _quiet:
        _say("note", said)


def hint(said: str) -> None:
    """Say what to do next: one line, or several; each is said once, however many things it holds for."""
    for line in () if _quiet else said.splitlines():
        if line not in _hinted:
            _hinted.add(line)
            _say("hint", line)


def hook_missed(problem: str) -> None:
    """Warn that no push is held back here, with the ``problem`` of the hook; nothing without one."""
    if problem:
        warning(remarks.hook_is_missed(problem))
        hint(remarks.how_to_hold_back())


def _say(kind: str, text: str) -> None:
    print(printable(f"{kind}: {text}", one_line=True), file=sys.stderr, flush=True)
