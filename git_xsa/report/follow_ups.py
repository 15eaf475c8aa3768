"""Print the follow-ups of a queue: those that it lacks above it, the others below."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.ask.follow_ups import Later, shortly
from git_xsa.ask.verdict import Verdict
from git_xsa.model.words import DIGITS, count
from git_xsa.report.style import Lines


def later_line(verdict: Verdict, later: Later) -> str:
    """Return a follow-up in a line: its commit, its subject, and which commits of the queue it fixes."""
    commit = verdict.range.commits[later.position - 1]
    return f"{commit.id[:DIGITS]}  {commit.subject} (fixes {shortly(verdict.range, later.of)})"


def print_missing_later(lines: Lines, verdict: Verdict) -> None:
    """Print the follow-ups that the queue needs and lacks."""
    missing = verdict.missing_later
    if missing:
        head = f"  {count(len(missing), 'later commit')} of {verdict.tip.spelled} {_says(len(missing))}"
        lines.line((head, "yellow"), " (--follow-ups adds them):" if len(missing) > 1 else " (--follow-ups adds it):")
        _print(lines, verdict, missing)


def print_other_later(lines: Lines, verdict: Verdict) -> None:
    """Print the follow-ups that change comments, white space or documentation only."""
    others = [later for later in verdict.later if not later.needed and not later.added]
    if others:
        head = f"{count(len(others), 'later commit')} of {verdict.tip.spelled} for comments or documentation of it:"
        lines.line("  ", (head, "dim"))
        _print(lines, verdict, others)


def print_elsewhere(lines: Lines, verdict: Verdict) -> None:
    """Print what newer branches have that fixes a commit of the queue."""
    if verdict.elsewhere:
        number = len(verdict.elsewhere)
        head = f"{count(number, 'commit')} that {verdict.tip.spelled} lacks {_says(number)}:"
        lines.line("  ", (head, "dim"))
        for one in verdict.elsewhere:
            fixed = shortly(verdict.range, one.of)
            lines.line(f"      {one.commit[:DIGITS]}  {one.subject} (of {one.branch}, fixes {fixed})")


def _says(number: int) -> str:
    return f"{'says that it fixes' if number == 1 else 'say that they fix'} what is in the queue"


def _print(lines: Lines, verdict: Verdict, later: Sequence[Later]) -> None:
    for one in later:
        lines.line(f"      {later_line(verdict, one)}")
