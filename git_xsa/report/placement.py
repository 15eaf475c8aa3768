"""What was seen of the place of a queue among a package's patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from git_xsa.ask.verdict import Verdict
from git_xsa.model.words import count
from git_xsa.report import aside

if TYPE_CHECKING:
    from git_xsa.ask.on_top import Proved, Refusal

#: The exit status when a patch behind the queue does not apply on top of it.
REFUSED = 2
HINT = "choose another place (--place), or refresh that patch on top of the queue"


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
            aside.error(refused_words(found.refused, verdict.base.name))
            aside.hint(HINT)
        elif found is not None:
            they = "applies" if found.behind == 1 else "apply"
            aside.note(f"the {count(found.behind, 'patch')} behind the queue {they} on top of it")


def refused_words(refused: Refusal, base: str) -> str:
    """Return a sentence on the patch that does not apply on top of the queue."""
    shown = [f"hunk {hunk} of {path}" if hunk else path for path, hunk in refused.places]
    where = f": {', '.join(shown[:4])}{', ...' if len(shown) > 4 else ''}" if shown else ""
    return f"{refused.name} does not apply on top of the queue for {base}{where}"
