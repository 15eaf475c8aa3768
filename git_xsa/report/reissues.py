"""How often advisories were reissued, as a table for a person and as JSON with every reissue."""

from __future__ import annotations

from typing import Any

from git_xsa.advisory.reissues import OTHER, REASONS, UNTOLD, Count, DisclosureStage, Reissue
from git_xsa.model.words import count
from git_xsa.report.as_json import FORMAT
from git_xsa.report.style import Lines

#: Stage and reason -> how they are called in the table.
_STAGES = {
    DisclosureStage.BEFORE: "before",
    DisclosureStage.RELEASE: "to publish",
    DisclosureStage.AFTER: "after",
    DisclosureStage.UNKNOWN: "unknown",
}
_REASONS = {
    "public-release": "public release",
    "patches": "patches, backports",
    "versions": "versions affected",
    "cve": "CVE numbers",
    OTHER: "something else",
    UNTOLD: "the text does not say",
}


def document(found: Count) -> dict[str, Any]:
    """Return everything that was counted, and each reissue."""
    number, times = found.most
    return {
        "format": FORMAT,
        "advisories": found.advisories,
        "texts": found.texts,
        "reissued": found.reissued,
        "reissues": len(found.reissues),
        "most": {"xsa": number, "reissues": times} if times else None,
        "stages": found.stages(),
        "reasons": found.reasons(),
        "patches": found.patches(),
        "by_stage": {
            stage.value: {"reasons": found.reasons(stage), "patches": found.patches(stage)} for stage in DisclosureStage
        },
        "each": [_one(reissue) for reissue in found.reissues],
    }


def _one(reissue: Reissue) -> dict[str, Any]:
    patches = reissue.patches
    return {
        "xsa": reissue.number,
        "version": reissue.version,
        "stage": reissue.stage.value,
        "reasons": list(reissue.reasons),
        "words": reissue.words,
        "patches": None
        if patches is None
        else {"added": list(patches.added), "dropped": list(patches.dropped), "changed": list(patches.changed)},
    }


def print_reissues(lines: Lines, found: Count) -> None:
    """Print the sums, and a table of reasons and patches with a column for each stage."""
    number, times = found.most
    lines.line(f"{count(found.advisories, 'advisory')}, {found.reissued} of them reissued, {len(found.reissues)} times")
    if not times:
        return
    lines.line(f"  most often XSA-{number}, {times} times")
    lines.line()
    _row(lines, "Reissues", [_STAGES[stage] for stage in DisclosureStage] + ["all"], "bold")
    _row(lines, "  all", [*found.stages().values(), len(found.reissues)])
    reasons = {stage: found.reasons(stage) for stage in DisclosureStage}
    lines.line("why, as far as the text says (one can have several reasons):")
    for reason in (*REASONS, OTHER, UNTOLD):
        numbers = [reasons[stage][reason] for stage in DisclosureStage]
        if any(numbers):
            _row(lines, f"  {_REASONS.get(reason, reason)}", [*numbers, sum(numbers)])
    lines.line("patches, where both texts are there to be compared:")
    patches = [found.patches(stage) for stage in DisclosureStage]
    for key, label in (
        ("compared", "reissues compared"),
        ("with_changes", "  with other patches"),
        ("changed", "patches changed"),
        ("added", "patches added"),
        ("dropped", "patches dropped"),
    ):
        numbers = [one[key] for one in patches]
        _row(lines, f"  {label}", [*numbers, sum(numbers)])


def _row(lines: Lines, label: str, cells: list[Any], style: str = "") -> None:
    lines.line((f"{label:26}" + "".join(f"{cell:>12}" for cell in cells), style))
