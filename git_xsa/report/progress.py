"""What is being done, for a person who waits: one line on the terminal, overwritten by the next and gone at the end.

Nothing is shown with ``--quiet``, nor unless standard error is a terminal, nor before ``DELAY``, since most commands
are done by then.
"""

from __future__ import annotations

import shutil
import sys
from time import monotonic

from git_xsa.report.aside import is_quiet
from git_xsa.report.plain import printable

#: Seconds after which a person begins to wonder.
DELAY = 1.0


class Progress:
    """Use it as a context manager around the work, before anything is printed: leaving it clears the line."""

    def __init__(self) -> None:
        self._shown = 0
        self._task = ""
        self._start = monotonic()
        self._terminal = sys.stderr is not None and sys.stderr.isatty() and not is_quiet()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._terminal = False  # what is read later is part of other work
        if self._shown:
            print(f"\r{'':{self._shown}}\r", end="", file=sys.stderr, flush=True)

    def task(self, words: str) -> None:
        """Say what is being done from now on."""
        self._task = words
        self.detail("")

    def detail(self, words: str) -> None:
        """Say how far that is."""
        if self._terminal and monotonic() - self._start >= DELAY:
            self._print(f"{self._task}{': ' if self._task and words else ''}{words}")

    def _print(self, words: str) -> None:
        line = printable(words, one_line=True)[: shutil.get_terminal_size().columns - 1]
        print(f"\r{line:{self._shown}}", end="", file=sys.stderr, flush=True)
        self._shown = len(line)
