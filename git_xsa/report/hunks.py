"""Hunks and their lines as answers show them, and where patches do not fit though every commit may be taken."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.ask.obstacle import in_the_way, in_their_order, place_of, short
from git_xsa.ask.verdict import Verdict
from git_xsa.model.partial import parts
from git_xsa.model.rules import Kind
from git_xsa.model.selection import Reason
from git_xsa.model.words import count
from git_xsa.report.style import Lines

#: How many places of the patches themselves are shown, how many of what they need, and how many lines of each.
SHOWN_OWN = 12
SHOWN_FAR = 4
SHOWN_LINES = 8


def print_lines(lines: Lines, reason: Reason, mark: str) -> None:
    """Print the lines behind ``reason`` as the diff that has to do with them has them: added, or removed."""
    style = {"-": "red", "+": "green"}.get(mark, "")
    for text in reason.rule.lines[:SHOWN_LINES]:
        words = text.decode("utf-8", "surrogateescape").rstrip("\r\n").expandtabs()
        lines.line("      ", (f"{mark}{words}", style))
    more = len(reason.rule.lines) - SHOWN_LINES
    if more > 0:
        lines.line(f"      ... and {count(more, 'more line')}")


def print_refused(lines: Lines, verdict: Verdict) -> None:
    """Print what stands against applying the patches, if anything does: first where they themselves do not fit, then
    where what they need does not."""
    selection = verdict.selection
    if not selection.impossible:
        return
    wanted = set(selection.wanted)
    own = [reason for reason in selection.impossible if reason.needed_by in wanted]
    far = [reason for reason in selection.impossible if reason.needed_by not in wanted]
    above = _above(verdict, {reason.needed_by for reason in far})
    lacking = [
        (reason, needed)
        for needed, reasons in sorted(selection.reasons.items())
        for reason in reasons
        if reason.needed_by in wanted and reason.rule.lines and needed in above
    ]
    for change in sorted({reason.needed_by for reason in selection.impossible}):
        print_parts(lines, verdict, change)
    _print(lines, verdict, own, SHOWN_OWN, "places")
    _print_lacking(lines, verdict, lacking, SHOWN_OWN - min(len(own), SHOWN_OWN))
    _print(lines, verdict, far, SHOWN_FAR, "places in its prerequisites")


def print_parts(lines: Lines, verdict: Verdict, position: int) -> None:
    """Print which hunks of the change at ``position`` the base has, if it has some and lacks others."""
    found = parts(verdict.range.history, position)
    if not found:
        return
    lines.line("  ", (short(verdict, position), "cyan"), f" is in {verdict.base.name} in part:")
    for one in found:
        there, missing = (" ".join(map(str, numbers)) for numbers in (one.there, one.missing))
        said = [f"there: hunk {there}"] * bool(there) + [f"not there: hunk {missing}"] * bool(missing)
        lines.line(f"    {one.path.decode('utf-8', 'surrogateescape')}: {', '.join(said)}")


def _above(verdict: Verdict, changes: set[int]) -> set[int]:
    """Return ``changes`` and those that need one of them, themselves or through others."""
    found = set(changes)
    pending = set(changes)
    while pending:
        users = {reason.needed_by for reason in verdict.selection.reasons.get(pending.pop(), ())}
        pending |= users - found
        found |= users
    return found


def _print(lines: Lines, verdict: Verdict, reasons: Sequence[Reason], limit: int, what: str) -> None:
    """Print the hunks that lines of the base's own are in the way of."""
    for reason in in_their_order(reasons)[:limit]:
        _place(lines, verdict, reason, in_the_way(verdict, reason))
        print_lines(lines, reason, "+" if reason.rule.gone else "-")
    if len(reasons) > limit:
        lines.line(f"  ... and {len(reasons) - limit} more {what}")


def _print_lacking(lines: Lines, verdict: Verdict, lacking: Sequence[tuple[Reason, int]], limit: int) -> None:
    """Print the hunks of the patches that expect what only commits bring that can't be applied, either."""
    name = verdict.base.name
    for reason, needed in sorted(lacking, key=lambda pair: place_of(pair[0]))[:limit]:
        if reason.rule.symbol is not None:
            words, mark = f"{claim(reason)}, for which it needs {short(verdict, needed)}", " "
        elif reason.rule.gone:
            words, mark = f"lines that {name} has there instead", "+"
        else:
            words, mark = f"lines that {name} lacks", "-"
        _place(lines, verdict, reason, words)
        print_lines(lines, reason, mark)
    if len(lacking) > limit:
        lines.line(f"  ... and {count(len(lacking) - limit, 'more place')}")


def _place(lines: Lines, verdict: Verdict, reason: Reason, words: str) -> None:
    path = reason.rule.path.decode("utf-8", "surrogateescape")
    lines.line("  ", (short(verdict, reason.needed_by), "cyan"), f", hunk {reason.rule.hunk} of {path}: {words}")


def claim(reason: Reason) -> str:
    """Return what the needing change does with the lines or the name of ``reason``."""
    rule = reason.rule
    if rule.symbol is not None:
        name, count = rule.symbol.name.decode("utf-8", "surrogateescape"), rule.symbol.arguments
        if rule.symbol.removed:
            return f"removes the name {name}" if count is None else f"changes the arguments of {name}"
        if count is not None:
            return f"calls {name} with {count} argument{'s' * (count != 1)}"
        used = any(rule.symbol.name in line for line in rule.lines)
        return f"uses the name {name}" if used else f"has a line that is understood only with the name {name}"
    if not rule.lines:
        return f"expects that {rule.note}"
    lines = "a line" if len(rule.lines) == 1 else "lines"
    if rule.gone:
        verb = "changes the place of" if rule.kind is Kind.CHANGE else "has as its context the place of"
        return f"{verb} {lines} that this commit removes"
    verb = "removes" if rule.kind is Kind.CHANGE else "has as its context"
    return f"{verb} {lines} that this commit adds"
