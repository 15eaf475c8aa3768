"""The ledger of embargoes, for people and for programs, and what of it a public server may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from git_xsa.documents import dumps
from git_xsa.embargo.cksum import cksum
from git_xsa.embargo.ledger import EmbargoLedger, LedgerEntry
from git_xsa.embargo.rule import (
    Freeze,
    Ledger,
    Rules,
    clock_is_wrong,
    freeze_at,
    past_freezes,
    windows,
)
from git_xsa.model.instant import Instant, rfc3339, spelled
from git_xsa.report import aside, remarks
from git_xsa.report.plain import printable

if TYPE_CHECKING:
    from git_xsa.embargo.problems import Conflict

FORMAT = 1
#: Keys of an embargo that are not listed one by one where people disagree.
_KNOWN = {"xsa", "since", "until", "lifted", "tips", "fixes"}


def state(entry: LedgerEntry, now: Instant) -> str:
    """Return in a word or two what holds of an embargo at ``now``."""
    embargo = entry.embargo
    if embargo.lifted is not None and embargo.lifted <= min(now, embargo.until):
        return "lifted"
    if embargo.ends <= now:
        return "over"
    return "in force" if embargo.since <= now else "planned"


def freeze_lines(ledger: Ledger, rules: Rules, now: Instant) -> list[str]:
    """Return what is frozen at ``now``, or from when on it will be."""
    frozen = ", ".join(rules.frozen_refs) or "nothing (xsa.frozenRefs)"
    freeze = freeze_at(ledger, now)
    if freeze is None:
        coming = [f"from {spelled(begin)} until {spelled(end)}: {frozen}" for begin, end in windows(ledger, now)]
        return ["Nothing is frozen now.", *(f"Frozen {words}" for words in coming)]
    lines = [f"Frozen until {spelled(freeze.ends)}: {frozen}"]
    if rules.gate:
        lines.append("Stable branches may still be updated to what was in staging when the freeze began.")
    if rules.fixes_first:
        lines.append("After it, a branch accepts nothing else until the fixes in the ledger are in.")
    return lines


def entry_lines(entries: list[LedgerEntry], now: Instant) -> list[str]:
    """Return a line for each embargo."""
    rows = []
    for entry in entries:
        since, until = spelled(entry.embargo.since), spelled(entry.embargo.ends)
        rows.append((f"XSA-{entry.embargo.xsa}", state(entry, now), since, until, entry.note))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = ["  ".join([*(row[i].ljust(widths[i]) for i in range(4)), row[4]]) for row in rows]
    return [printable(line.rstrip(), one_line=True) for line in lines]


def warn_of_clock(ledger: Ledger, now: Instant) -> None:
    """Print a warning when the clock can't be right."""
    if clock_is_wrong(ledger, now) and ledger.newest is not None:
        aside.warning(remarks.clock_is_wrong(spelled(now), spelled(ledger.newest)))
        aside.hint(remarks.set_the_clock())


def note_fixes(numbers: Sequence[int], shared: bool) -> None:
    """Print that the ledger has the fixes of the advisories ``numbers`` now; nothing for none.

    ``shared``: with others, who don't have it yet.
    """
    if numbers:
        aside.note(remarks.fixes_are_known(numbers))
        if shared:
            aside.note(remarks.how_to_share())


def conflict_lines(conflicts: Sequence[Conflict]) -> list[str]:
    """Return what two people have decided about the same embargoes, each in his own way."""
    lines = []
    for conflict in conflicts:
        lines += [
            f"XSA-{conflict.xsa}",
            f"  mine    {_decided(conflict.mine)}",
            f"  theirs  {_decided(conflict.theirs)}",
        ]
    return [printable(line, one_line=True) for line in lines]


def _decided(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return "removed"
    parts = []
    if "until" in values:
        parts.append(f"from {values['since']} until {values['until']}")
        if values["lifted"] is not None:
            parts.append(f"lifted at {values['lifted']}")
    parts += [f"{key} {value!r}" for key, value in values.items() if key in ("note", *set(values) - _KNOWN)]
    return ", ".join(parts)


def document(ledger: EmbargoLedger, rules: Rules, now: Instant, hook_problem: str = "") -> str:
    """Return the ledger as JSON; ``hook_problem`` is why no push is held back here, if that is so."""
    freeze = freeze_at(ledger.ledger, now)
    entries = [
        entry.document | {"state": state(entry, now).replace(" ", "-"), "ends": rfc3339(entry.embargo.ends)}
        for _, entry in sorted(ledger.entries.items())
    ]
    return dumps(
        {
            "format": FORMAT,
            "now": rfc3339(now),
            "clock_is_wrong": clock_is_wrong(ledger.ledger, now),
            "frozen_until": rfc3339(freeze.ends) if freeze is not None else None,
            "frozen": list(rules.patterns),
            "gate_during_freeze": rules.gate,
            "fixes_first": rules.fixes_first,
            "freezes": _freezes(ledger.ledger, now),
            "hook_problem": hook_problem or None,
            "embargoes": entries,
        }
    )


def freeze_file(ledger: Ledger, rules: Rules, now: Instant) -> str:
    """Return the freeze file: when which references are frozen, and no number and no note.

    With ``fixes_first`` it has, of each freeze that is over, so that its advisories are public, the patch ids of the
    fixes and what had been waiting for the gate.  Its last line has the checksum of all before it, by which the hooks
    know that it is whole and as it was written.
    """
    told = {"format": FORMAT, "frozen": list(rules.patterns), "freezes": _freezes(ledger, now)}
    over = past_freezes(ledger, now) if rules.fixes_first and not clock_is_wrong(ledger, now) else []
    if over:
        told["over"] = [_over(freeze) for freeze in over]
    before = dumps(told, indent=2).removesuffix("\n}") + ",\n"
    return f'{before}  "cksum": "{cksum(before.encode())}"\n}}'


def _over(freeze: Freeze) -> dict[str, Any]:
    told: dict[str, Any] = {"began": rfc3339(freeze.began), "ended": rfc3339(freeze.ends)}
    for key in ("tips", "fixes"):
        found: dict[str, set[str]] = {}
        for embargo in freeze.embargoes:
            for branch, values in getattr(embargo, key).items():
                found.setdefault(branch, set()).update(values)
        told[key] = {branch: sorted(values) for branch, values in sorted(found.items())}
    return told


def _freezes(ledger: Ledger, now: Instant) -> list[dict[str, Any]]:
    return [{"begins": rfc3339(begin), "ends": rfc3339(end)} for begin, end in windows(ledger, now)]
