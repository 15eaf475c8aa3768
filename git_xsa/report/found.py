"""What the store has of each advisory of an answer: which version and files, which of them the base has already."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.words import count
from git_xsa.queue.answer import FoundSeries, State, Verdict
from git_xsa.queue.unmarked import doubt_about
from git_xsa.report.style import Lines

#: How many digits of a commit and how many names of files are shown.
DIGITS = 12
SHOWN = 6


def print_found(lines: Lines, verdict: Verdict) -> None:
    """Print where the patches of the answer came from, what the base has of them, who does not vouch for them, and
    which commits without a mark may belong to them."""
    for position, known in sorted(verdict.on_branch.items()):
        name = verdict.range.commits[position - 1].id
        lines.line(f"  {verdict.tip.name} has {name} as {known.id[:DIGITS]} {known.subject}")
    trees: dict[str, list[str]] = {}
    for one in verdict.not_judged:
        trees.setdefault(one.tree, []).append(f"{one.file} (XSA-{one.xsa})" if one.xsa else one.file)
    for tree, files in trees.items():
        lines.line("  ", (f"{tree}: not judged: {_names(files)}", "dim"))
    for series in verdict.found:
        lines.line(f"  from the store: {series.title}, {_what(verdict, series)}")
        present = [patch for patch in series.patches if patch.present]
        missing = [patch for patch in series.patches if not patch.present]
        if present and missing:
            lines.line(f"    in {verdict.base.name}: {_names([patch.name for patch in present])}")
            lines.line("    ", (f"missing: {_names([patch.name for patch in missing])}", "yellow"))
        if series.remark and series.patches:
            lines.line("    ", (series.remark, "yellow"))
        if verdict.state is State.CONFLICTS and series.patches:
            lines.line(f"    {_next(verdict)}")
        for doubt in series.doubts:
            lines.line("    ", (doubt, "red"))
        for words in _undeclared(verdict, series):
            lines.line("    ", (words, "yellow"))
    for commit in verdict.unmarked:
        if not commit.patch:
            lines.line("  ", (f"warning: {doubt_about(commit, verdict.range)}", "yellow"))


def _next(verdict: Verdict) -> str:
    """Return what to do about patches that fit nowhere."""
    if verdict.range.base is None:
        return "if they were made for your package, commit what it has before them and ask about that: --onto <commit>"
    return f"no commit of {verdict.tip.name} helps: make them fit on {verdict.base.name} by hand"


def doubts(verdict: Verdict) -> list[str]:
    """Return who does not vouch for the patches of the answer, a sentence each."""
    return [doubt for series in verdict.found for doubt in series.doubts]


def _what(verdict: Verdict, series: FoundSeries) -> str:
    """Return what was chosen and where its patches are."""
    if not series.patches:
        return series.reason
    placed = [patch for patch in series.patches if patch.how == "placed"]
    known = [
        patch for patch in series.patches if patch.position is not None and not patch.present and patch not in placed
    ]
    parts = [f"{series.label} ({count(len(series.patches), 'patch')})"]
    if all(patch.present for patch in series.patches):
        parts.append(f"all in {verdict.base.name}")
    if known:
        parts.append(f"{len(known)} as {'a commit' if len(known) == 1 else 'commits'} of {verdict.tip.name}")
    if placed:
        parts.append(f"{len(placed)} placed after {series.baseline[:DIGITS]}")
    return ", ".join(parts)


def _undeclared(verdict: Verdict, series: FoundSeries) -> list[str]:
    """Return what the recipe does not say though it should: which other advisories the patches need."""
    if series.basis != "recipe":
        return []
    needed = sorted(verdict.needed_advisories(series.number) - {series.number, *series.prereqs})
    return [f"needs XSA-{number}, which its recipe does not declare" for number in needed]


def _names(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
