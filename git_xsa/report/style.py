"""Whether and how output is coloured, by git's rules: ``color.ui``, ``NO_COLOR``, and whether a person reads it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from git_xsa.report.pager import on_terminal

if TYPE_CHECKING:
    from rich.console import Console

    from git_xsa.git.run import Git

#: Width of output that no terminal limits: wide enough for any subject line, so that nothing is cut in a log.
UNLIMITED = 1_000


def wants_colour(git: Git, terminal: bool) -> bool:
    """Return whether output is to be coloured when it goes to a ``terminal``, or not."""
    if os.environ.get("NO_COLOR"):
        return False
    answer = git.text("config", "--get-colorbool", "color.ui", "true" if terminal else "false", accept=(0, 1))
    return answer == "true"


def console(git: Git, terminal: bool | None = None) -> Console:
    """Return a console on standard output; it cuts lines only at the width of a terminal, and only tables."""
    from rich.console import Console  # noqa: PLC0415 - a fifth of a second, and JSON does not need it

    person = on_terminal() if terminal is None else terminal
    colour = wants_colour(git, person)
    return Console(
        file=sys.stdout,
        width=None if person else UNLIMITED,
        color_system="standard" if colour else None,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )
