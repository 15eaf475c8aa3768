"""What is said beside the results, on standard error: errors and warnings, and the notes and hints that --quiet drops.

Each line begins with what it is, as git's do.  What comes from a repository is printed without its control characters.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from git_xsa.errors import XsaError
from git_xsa.report import remarks
from git_xsa.report.plain import printable
from git_xsa.wording import Remark

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


def error(said: Remark) -> None:
    """Say why the answer is no, or what can't be done."""
    _say("error", said)


def warning(said: Remark) -> None:
    """Say what may be wrong."""
    _say("warning", said)


def note(said: Remark) -> None:
    """Say what is good to know."""
    if not _quiet:
        _say("note", said)


def hint(said: Remark) -> None:
    """Say what to do next: one line, or several; each is said once, however many things it holds for."""
    for line in () if _quiet else said.splitlines():
        if line not in _hinted:
            _hinted.add(line)
            _say("hint", line)


def problem(found: XsaError) -> None:
    """Say what is wrong and what to do about it, without an end."""
    error(found.what)
    hint(found.hint)


def plain(said: Remark) -> None:
    """Say what happens, with nothing in front of it."""
    _print(said)


class Complaint(NamedTuple):
    """Why something is refused: sentences, those to be said before them, and what to do; nothing where it is not."""

    errors: Sequence[Remark] = ()
    hints: Sequence[Remark] = ()
    warnings: Sequence[Remark] = ()

    def say(self) -> None:
        """Say all of it."""
        for tell, told in ((warning, self.warnings), (error, self.errors), (hint, self.hints)):
            for said in told:
                tell(said)


def hook_missed(problem: Remark) -> None:
    """Warn that no push is held back here, with the ``problem`` of the hook; nothing without one."""
    if problem:
        warning(remarks.hook_is_missed(problem))
        hint(remarks.how_to_hold_back())


def _say(kind: str, text: str) -> None:
    _print(f"{kind}: {text}")


def _print(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.flush()  # in one file, too, this comes after the results that it is about
    print(printable(text, one_line=True), file=sys.stderr, flush=True)
