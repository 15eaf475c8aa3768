"""The numbers of ``git xsa-stats``, as a table for a person and as JSON with every pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from git_xsa.ask.replay import Pair, ReleaseInterval
from git_xsa.report.as_json import FORMAT

if TYPE_CHECKING:
    from rich.console import Console

#: Upper bounds of the sizes that sets of prerequisites are counted by; the last class has no bound.
SIZES = (0, 1, 2, 3, 10)


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "-"


def size_class(size: int) -> str:
    """Return the class that a set of ``size`` prerequisites is counted in."""
    lowest = 0
    for bound in SIZES:
        if size <= bound:
            return str(bound) if bound == lowest else f"{lowest}-{bound}"
        lowest = bound + 1
    return f">{SIZES[-1]}"


def size_classes() -> list[str]:
    """Return all classes, in order."""
    return list(dict.fromkeys(size_class(size) for size in range(SIZES[-1] + 2)))


def totals(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the counts over ``pairs``.

    ``policies`` maps each way of applying to how many pairs it takes, and how many of those it puts where they don't
    belong; ``needs`` maps each size of prerequisite sets to how many pairs need that many on the bare release,
    ``needs_after_earlier`` on the release with the advisories before.
    """
    names = dict.fromkeys(name for pair in pairs for name in pair.policies)
    policies = {
        name: {
            "applies": sum(pair.policies[name].applies for pair in pairs),
            "misplaced": sum(pair.policies[name].applies and not pair.policies[name].right for pair in pairs),
        }
        for name in names
    }
    return {
        "pairs": len(pairs),
        "states": _count(pair.state.value for pair in pairs),
        "policies": policies,
        "needs": _count((size_class(len(pair.prerequisites)) for pair in pairs), size_classes()),
        "needs_after_earlier": _count((size_class(len(pair.further)) for pair in pairs), size_classes()),
    }


def _count(values: Iterable[str], order: Iterable[str] = ()) -> dict[str, int]:
    counts = dict.fromkeys(order, 0)
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def document(found: Sequence[ReleaseInterval]) -> dict[str, Any]:
    """Return everything that was counted, each release and each pair."""
    pairs = [pair for interval in found for pair in interval.pairs]
    return {
        "format": FORMAT,
        "totals": totals(pairs),
        "releases": [
            {
                "branch": interval.branch,
                "base": interval.base,
                "until": interval.until,
                "commits": interval.commits,
                "security_commits": interval.fixes,
                "pairs": len(interval.pairs),
            }
            for interval in found
        ],
        "pairs": [_pair(pair) for pair in pairs],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "branch": pair.branch,
        "base": pair.base,
        "xsa": pair.xsa,
        "state": pair.state.value,
        "patches": pair.patches,
        "prerequisites": pair.prerequisites,
        "policies": {n: {"applies": o.applies, "right": o.right} for n, o in pair.policies.items()},
        "after_earlier": {"prerequisites": pair.further},
        "stored": pair.stored,
    }


def print_stats(console: Console, found: Sequence[ReleaseInterval]) -> None:
    """Print a line for each branch, then the sums."""
    from rich.table import Table  # noqa: PLC0415 - not needed for JSON

    table = Table(box=None, pad_edge=False)
    heads = ("branch", "releases", "commits", "security", "XSAs", "apply", "in order", "most")
    for head in heads:
        table.add_column(head, justify="left" if head == "branch" else "right")
    for branch, group in groupby(found, key=lambda interval: interval.branch):
        table.add_row(*_row(branch, list(group)))
    table.add_row(*_row("all", found), style="bold")
    console.print(table)
    console.print(
        "\nXSAs: fixes, each with the release before it.  apply: the bare release takes them as they are.\n"
        "in order: it takes them after the earlier XSAs.  most: prerequisites of the XSA that needs most."
    )
    pairs = [pair for interval in found for pair in interval.pairs]
    if pairs:
        _print_totals(console, totals(pairs))


def _row(name: str, group: Sequence[ReleaseInterval]) -> list[str]:
    pairs = [pair for interval in group for pair in interval.pairs]
    commits, fixes = sum(interval.commits for interval in group), sum(interval.fixes for interval in group)
    applies = sum(pair.policies["strict"].right for pair in pairs)
    after = sum(not pair.further for pair in pairs)
    most = max((len(pair.prerequisites) for pair in pairs), default=0)
    numbers = [str(len(group)), str(commits), _share(fixes, commits), str(len(pairs))]
    return [name, *numbers, _share(applies, len(pairs)), _share(after, len(pairs)), str(most)]


def _print_totals(console: Console, counts: dict[str, Any]) -> None:
    whole = counts["pairs"]
    names = {"strict": "git apply", "3way": "git apply --3way", "patch-f2": "GNU patch, fuzz 2"}
    console.print("\nPatches alone on the bare release, taken by:")
    for name, numbers in counts["policies"].items():
        wrong = f", {numbers['misplaced']} in the wrong place" if numbers["misplaced"] else ""
        console.print(f"  {names[name]:18} {_share(numbers['applies'], whole)}{wrong}")
    console.print("\nPrerequisites needed:     on the bare release   after the XSAs before")
    for size in counts["needs"]:
        on_bare, after = _share(counts["needs"][size], whole), _share(counts["needs_after_earlier"][size], whole)
        console.print(f"  {size:22} {on_bare:>20} {after:>23}")
