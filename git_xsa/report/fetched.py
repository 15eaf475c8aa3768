"""What a run of ``git xsa-fetch`` did, for a person."""

from __future__ import annotations

from git_xsa.advisory.fetch import Summary, shown_numbers
from git_xsa.model.words import count
from git_xsa.report.style import Lines
from git_xsa.report.taken import changes


def print_fetched(lines: Lines, summary: Summary, received: int, keys: bool) -> None:
    """Print what came, advisory by advisory where it is new; ``keys``: the user trusts some keys."""
    lines.line(
        f"{count(summary.listed, 'advisory')} listed: {len(summary.new)} new, {len(summary.reissued)} reissued, "
        f"{summary.unchanged} unchanged, {len(summary.missing)} without a text"
    )
    lines.line(f"{count(summary.files, 'file')} fetched, {received / 1e6:.1f} MB in all")
    for label, numbers in (("new", summary.new), ("reissued", summary.reissued), ("without a text", summary.missing)):
        if numbers:
            lines.line(f"  {label}: {shown_numbers(numbers)}")
    for number, (before, since) in sorted(summary.since.items()):
        lines.line(f"  XSA-{number} since {before}: {changes(since)}")
    if summary.unsigned:
        why = "not signed by a key of xsa.trustedKeys" if keys else "signatures not checked: xsa.trustedKeys is not set"
        lines.line("  ", (f"{why}: {shown_numbers(summary.unsigned)}", "yellow"))
    if summary.problems:
        lines.line("  ", (f"{count(len(summary.problems), 'problem')}: run the command again", "red"))
