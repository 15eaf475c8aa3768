"""Whether and how output is coloured, by git's rules: ``color.ui``, ``NO_COLOR``, and whether a person reads it.

Lines of text are coloured here and not by rich, whose loading a command would be seen to wait for; tables are rich's
(``console``).  On a terminal long lines break between words (``width``); in a pipe they stay whole, as git's do, for
whatever looks through them line by line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from git_xsa.report.pager import on_terminal
from git_xsa.report.plain import printable
from git_xsa.report.width import LEFT, broken, terminal_width

if TYPE_CHECKING:
    from rich.console import Console

    from git_xsa.git.run import Git

#: Width of a table that no terminal limits: wide enough for any, so that nothing is cut in a log.
UNLIMITED = 1_000
#: Words that a style is made of -> their codes (ECMA-48, "select graphic rendition").
CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}

Part = str | tuple[str, str]


def wants_colour(git: Git, terminal: bool) -> bool:
    """Return whether output is to be coloured when it goes to a ``terminal``, or not."""
    if os.environ.get("NO_COLOR") or not (terminal or git.colour_is_set):
        return False
    answer = git.text("config", "--get-colorbool", "color.ui", "true" if terminal else "false", accept=(0, 1))
    return answer == "true"


class Lines:
    """Prints to standard output line by line, each in parts with a style, broken where ``width`` columns end."""

    def __init__(self, colour: bool, width: int | None = None) -> None:
        self._colour = colour
        self._width = width

    def line(self, *parts: Part, hang: int | None = None) -> None:
        """Print one line; a part is text, or text and its style.  What could harm a terminal is made visible.

        Where it is too long it goes on in the column ``hang``, which is two more than where it begins unless given.
        """
        safe = [(printable(words, one_line=True), style) for words, style in map(_styled, parts)]
        text = "".join(words for words, _ in safe)
        if self._width is None:
            print("".join(self._coloured(*part) for part in safe))
            return
        least = len(text) - len(text.lstrip(" ")) + 2
        hang = least if hang is None or self._width - hang < LEFT else hang
        for number, span in enumerate(broken(text, self._width, hang)):
            print((" " * hang if number else "") + "".join(self._cut(safe, *span)))

    def _cut(self, parts: Iterable[tuple[str, str]], start: int, end: int) -> Iterator[str]:
        """Yield what of ``parts`` is from the character ``start`` on, up to ``end``."""
        for words, style in parts:
            yield self._coloured(words[max(start, 0) : max(end, 0)], style)
            start, end = start - len(words), end - len(words)

    def _coloured(self, words: str, style: str) -> str:
        if not (self._colour and style and words):
            return words
        codes = ";".join(str(CODES[word]) for word in style.split())
        return f"\033[{codes}m{words}\033[0m"


def _styled(part: Part) -> tuple[str, str]:
    return (part, "") if isinstance(part, str) else part


def lines(git: Git, terminal: bool) -> Lines:
    """Return what prints lines, coloured if that is wanted; ``terminal`` says whether a person reads them."""
    return Lines(wants_colour(git, terminal), terminal_width() if terminal else None)


def console(git: Git, terminal: bool | None = None, piped: int = UNLIMITED) -> Console:
    """Return a console for tables on standard output, as wide as the terminal if there is one, else ``piped``."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed for JSON

    person = on_terminal() if terminal is None else terminal
    colour = wants_colour(git, person)
    return Console(
        file=sys.stdout,
        width=None if person else piped,
        height=None if person else UNLIMITED,  # without it rich asks TERM, and may take 80 columns
        color_system="standard" if colour else None,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )
