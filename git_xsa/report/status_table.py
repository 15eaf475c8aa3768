"""``git xsa-status`` for a person: a table of the branches, and below it what the table has no room for.

In a wide terminal the reasons stand in the table; in a narrow one below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from git_xsa.ask.verdict import State
from git_xsa.model.instant import Instant
from git_xsa.release.status import BranchStatus, Status
from git_xsa.report.plain import printable
from git_xsa.report.status import (
    DAY,
    QUIET,
    due_style,
    due_words,
    head_lines,
    reason,
    staging_words,
    told,
)
from git_xsa.report.style import UNLIMITED, Part

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: The blanks at the end of a line, before or between what sets its colours.
_FILLED = re.compile(r" *((?:\x1b\[[0-9;]*m)*) *$")
#: Columns from which on the table has a reason for each branch.
WIDE = 160
NARROW_HEADS = ("branch", "release", "days", "new", "fixes", "ahead", "XSAs", "apply", "due")
WIDE_HEADS = (
    "branch", "last release", "days ago", "commits since", "fixes", "staging ahead", "XSAs", "apply", "due", "why",
)  # fmt: skip


def print_table(console: Console, status: Status, frozen_refs: Iterable[str]) -> None:
    """Print the page, without the blanks that rich fills lines up with; ``BrokenPipeError`` when nobody reads it."""
    with console.capture() as page:  # rich itself would end the program where the reader is gone
        _show_page(console, status, frozen_refs)
    print(*(_FILLED.sub(r"\1", line) for line in page.get().splitlines()), sep="\n")


def _show_page(console: Console, status: Status, frozen_refs: Iterable[str]) -> None:
    from rich.measure import Measurement  # noqa: PLC0415 - not needed for JSON

    wide = console.width >= WIDE
    for parts in head_lines(status, frozen_refs):
        _show(console, parts, 0)
    console.print()
    table = _table(status, wide)
    if not wide:  # too wide for the terminal is better than with digits cut off
        table.width = Measurement.get(console, console.options.update(width=UNLIMITED), table).maximum
    console.print(table, crop=False, soft_wrap=False)
    for one in status.branches:
        if one.advisories or (one.due.kind not in QUIET and not wide) or (one.staging and one.staging.behind):
            _print_details(console, one, status.now, wide)


def _table(status: Status, wide: bool) -> Table:
    from rich.table import Table  # noqa: PLC0415 - 40 ms with the next, and JSON needs none
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in WIDE_HEADS if wide else NARROW_HEADS:
        words = head in ("branch", "release", "last release", "due", "why")
        table.add_column(head, justify="left" if words else "right", no_wrap=head != "why", overflow="fold")
    for one in status.branches:
        row = [Text(printable(words, one_line=True)) for words in _row(one, status.now, wide)]
        if any(advisory.state is not State.APPLIES for advisory in one.advisories):
            row[-1].stylize("yellow")
        row.append(Text(due_words(one.due, status.now), due_style(one.due, status.now)))
        if wide:
            row.append(Text(printable(reason(one, status.now), one_line=True)))
        table.add_row(*row)
    return table


def _row(one: BranchStatus, now: Instant, wide: bool) -> list[str]:
    """Return the cells of a branch, all but what is due."""
    name = one.release.name if one.release is not None else "none"
    if not wide and one.release is not None:
        name = one.version
    days = str(max(now - one.released, 0) // DAY) if one.released is not None else "-"
    number = len(one.advisories)
    applying = sum(advisory.state is State.APPLIES for advisory in one.advisories)
    counted = (str(one.commits), str(one.fixes)) if one.release is not None else ("-", "-")
    ahead = str(one.staging.ahead) if one.staging is not None else "-"
    return [one.branch.name, name, days, *counted, ahead, str(number), str(applying) if number else "-"]


def _print_details(console: Console, one: BranchStatus, now: Instant, wide: bool) -> None:
    """Print what is due on a branch and why, then its advisories."""
    console.print()
    why = reason(one, now)
    head: list[Part] = [(f"{one.branch.name}: ", "bold"), (due_words(one.due, now), due_style(one.due, now))]
    _show(console, head if wide or not why else [*head, f" - {why}"], 0)
    if one.staging is not None and (one.staging.fixes or one.staging.behind):
        _show(console, [staging_words(one)], 2)
    for words, style in told(one, now):
        _show(console, [(words, style)], 2)


def _show(console: Console, parts: Iterable[Part], indent: int) -> None:
    """Print one line, or as many as the terminal needs for it."""
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(printable(words, one_line=True), style)
    for number, line in enumerate(text.wrap(console, console.width - indent - 2)):
        line.rstrip()
        console.print(Text(" " * (indent if number == 0 else indent + 2)).append_text(line))
