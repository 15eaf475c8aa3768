"""What the store has of each advisory of an answer: which version and files, which of them the base has already."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.ask.unmarked import doubt_about
from git_xsa.ask.verdict import FoundSeries, State, Verdict
from git_xsa.model.words import DIGITS, count, short_names, some_of
from git_xsa.report.style import Lines
from git_xsa.wording import Remark

#: How many names of files are shown.
SHOWN = 6
#: So many things of one sort are named one by one where an answer is to be brief.
FEW = 4


def print_found(lines: Lines, verdict: Verdict, brief: bool = False) -> None:
    """Print where the patches of the answer came from, what the base has of them, who does not vouch for them, and
    which commits without a mark may belong to them.

    ``brief``: where there are many of which nothing more is to be said, they share a line.
    """
    trees: dict[str, list[str]] = {}
    for one in verdict.not_judged:
        trees.setdefault(one.tree, []).append(f"{one.file} (XSA-{one.xsa})" if one.xsa else one.file)
    for tree, files in trees.items():
        lines.line("  ", (f"{tree}: not judged: {some_of(files, SHOWN)}", "dim"))
    plain = [series for series in verdict.found if not needs_words(verdict, series)]
    folded = plain if brief and len(plain) > FEW else []
    for series in verdict.found:
        if series not in folded:
            _print_series(lines, verdict, series)
    for commit in verdict.unmarked:
        if not commit.patch:
            lines.line("  ", (f"warning: {doubt_about(commit, verdict.range)}", "yellow"))
    if brief and len(verdict.on_branch) > FEW:
        lines.line(f"  {verdict.tip.name} has {count(len(verdict.on_branch), 'patch')} as other commits")
    else:
        for position, known in sorted(verdict.on_branch.items()):
            name = verdict.range.commits[position - 1].id
            lines.line(f"  {verdict.tip.name} has {name} as {known.id[:DIGITS]} {known.subject}")
    _print_folded(lines, folded)


def needs_words(verdict: Verdict, series: FoundSeries) -> bool:
    """Whether there is more to be said of ``series`` than where its patches are, or that there are none."""
    if series.doubts or _undeclared(verdict, series):
        return True
    if not series.patches:
        return series.number in verdict.unresolved
    some = len({patch.present for patch in series.patches}) > 1
    return bool(some or series.remark or verdict.state is State.CONFLICTS)


def _print_folded(lines: Lines, folded: Sequence[FoundSeries]) -> None:
    """Print those of which nothing more is to be said, a line for all of which the same holds."""
    reasons: dict[str, list[int]] = {}
    for series in folded:
        reasons.setdefault("" if series.patches else f"{series.reason}: ", []).append(series.number)
    for why, numbers in sorted(reasons.items(), reverse=True):
        lines.line(f"  from the store: {why}{short_names(numbers)}")


def _print_series(lines: Lines, verdict: Verdict, series: FoundSeries) -> None:
    lines.line(f"  from the store: {series.title}, {_what(verdict, series)}")
    present = [patch for patch in series.patches if patch.present]
    missing = [patch for patch in series.patches if not patch.present]
    if present and missing:
        lines.line(f"    in {verdict.base.name}: {some_of([patch.name for patch in present], SHOWN)}")
        lines.line("    ", (f"missing: {some_of([patch.name for patch in missing], SHOWN)}", "yellow"))
    if series.remark and series.patches:
        lines.line("    ", (series.remark, "yellow"))
    if verdict.state is State.CONFLICTS and series.patches:
        lines.line(f"    {_next(verdict)}")
    for doubt in series.doubts:
        lines.line("    ", (doubt, "red"))
    for words in _undeclared(verdict, series):
        lines.line("    ", (words, "yellow"))


def _next(verdict: Verdict) -> str:
    """Return what to do about patches that fit nowhere."""
    if verdict.range.base is None:
        return "if they were made for your package, commit its earlier patches and use --onto <commit>"
    return f"no commit of {verdict.tip.name} helps: adapt them to {verdict.base.name} by hand"


def doubts(verdict: Verdict) -> list[Remark]:
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
