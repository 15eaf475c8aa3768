"""What ``git xsa-prereqs --compare`` says: which commit or published patch each shipped patch is, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from git_xsa.ask.compare import Compared, Original
from git_xsa.model.patch_difference import Sameness
from git_xsa.model.words import DIGITS, advisory_names, count
from git_xsa.report.as_json import FORMAT
from git_xsa.report.style import Lines

STYLES = {
    Sameness.SAME: "green",
    Sameness.REFRESHED: "yellow",
    Sameness.ADAPTED: "bold yellow",
    Sameness.UNKNOWN: "red",
}
#: What needs attention comes first.
ORDER = (Sameness.ADAPTED, Sameness.UNKNOWN, Sameness.REFRESHED, Sameness.SAME)
#: How the first character of a line of a diff of diffs is shown.
_CHANGED = {"-": "red", "+": "green", "@": "cyan"}


def print_compared(lines: Lines, found: Sequence[Compared]) -> None:
    """Print what each patch is, those first that need attention, then what differs in the adapted ones."""
    counted = Counter(one.sameness for one in found)
    sums = [f"{counted[how]} {how.value}" for how in ORDER if counted[how]]
    lines.line((f"{count(len(found), 'patch')}: {', '.join(sums)}", "bold"))
    width = max((len(one.patch.name) for one in found), default=0)
    for how in ORDER:
        for one in found:
            if one.sameness is how:
                _print_one(lines, one, width)
    numbered = {id(one): number for number, one in enumerate(found, 1)}
    for one in found:
        if one.original is not None and one.diff:
            lines.line()
            _print_diff(lines, one, numbered[id(one)])


def _print_one(lines: Lines, one: Compared, width: int) -> None:
    own = one.patch.subject if one.patch.subject != one.patch.name else ""
    name = f"  {one.patch.name:{width}}  {_what(one.original) if one.original is not None else own}"
    lines.line("  ", (f"{one.sameness.value:9}", STYLES[one.sameness]), name.rstrip(), hang=width + 15)
    if one.doubt:
        lines.line("             ", (one.doubt, STYLES[Sameness.UNKNOWN]), hang=15)
    if one.adapted is not None:
        words = f"as git xsa-resolve has it: {one.adapted.name}, {one.adapted.words}"
        lines.line(" " * (width + 15), (words, "dim"))


def _what(original: Original) -> str:
    """Return what an original is called."""
    names = f" ({advisory_names(original.xsa)})" if original.xsa else ""
    if original.edition:
        return f"{original.id} of {original.edition}"
    return f"{original.id[:DIGITS]} {original.subject}{names if names.strip(' ()') not in original.subject else ''}"


def _print_diff(lines: Lines, one: Compared, number: int) -> None:
    """Print how a patch differs from what it is, as ``git range-diff`` does."""
    assert one.original is not None, "it is known"
    name = one.original.id if one.original.edition else one.original.id[:DIGITS]
    lines.line((f"{number}:  {name} ! {number}:  {one.patch.name} {one.patch.subject}", "bold"))
    for line in one.diff:
        lines.line("    ", (line, _CHANGED.get(line[:1], "")))


def compared_document(found: Sequence[Compared]) -> dict[str, Any]:
    """Return what each patch is, as JSON has it."""
    return {"format": FORMAT, "compared": [_document(one) for one in found]}


def _document(one: Compared) -> dict[str, Any]:
    original = one.original
    return {
        "file": one.patch.name,
        "subject": one.patch.subject,
        "is": one.sameness.value,
        "of": None
        if original is None
        else {
            "id": original.id,
            "subject": original.subject,
            "xsa": list(original.xsa),
            "edition": original.edition or None,
        },
        "diff": list(one.diff),
        **({"doubt": one.doubt} if one.doubt else {}),
        **({"adapted": one.adapted.document()} if one.adapted is not None else {}),
    }
