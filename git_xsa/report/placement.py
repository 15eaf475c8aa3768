"""What was seen of the place of a queue among a package's patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from git_xsa.ask.verdict import Verdict
from git_xsa.report import aside, remarks

if TYPE_CHECKING:
    from git_xsa.ask.on_top import Proved

#: The exit status when a patch behind the queue does not apply on top of it.
REFUSED = 2


def placement_document(found: Proved | None) -> dict[str, Any]:
    """Return the keys that an answer has in JSON when a place was chosen."""
    if found is None:
        return {}
    refused = found.refused
    places = [{"path": path, "hunk": hunk or None} for path, hunk in refused.places] if refused is not None else []
    stuck = {"patch": refused.name, "places": places} if refused is not None else None
    return {"placement": {"place": found.words, "behind": found.behind, "refused": stuck}}


def status_of(found: Proved | None) -> int:
    """Return the exit status that a placement leads to."""
    return REFUSED if found is not None and found.refused is not None else 0


def print_placements(verdicts: Sequence[Verdict], placed: Sequence[Proved | None]) -> None:
    """Print whether the patches behind each queue apply on top of it."""
    for verdict, found in zip(verdicts, placed, strict=False):
        if found is not None and found.refused is not None:
            aside.error(remarks.behind_is_refused(found.refused.name, verdict.base.name, found.refused.places))
            aside.hint(remarks.choose_another_place())
        elif found is not None:
            aside.note(remarks.applies_behind(found.behind))
