"""Put together what two people have decided about embargoes since they last knew the same.

An embargo is merged value by value: what only one of them has changed is taken.  When it begins and ends is one value,
since "lifted" by one and "extended" by the other do not go together.  Commits of staging branches and fixes add up, but
for those that one of them has taken out.

Promises: nothing of a journal is lost, and where both have changed one value there is a ``Conflict`` and no guess, but
for two who have lifted the same embargo: it ends with the later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from git_xsa.embargo.ledger import LedgerEntry, entry_time, read_entry
from git_xsa.embargo.problems import Conflict
from git_xsa.model.instant import Instant

#: Keys that say when it is under embargo.
_WHEN = ("since", "until", "lifted")
#: Keys whose values are lists by branch, which add up.
_SETS = ("tips", "fixes")
_NONE: Mapping[str, Any] = {}


class Take(Enum):
    """Whose value is taken where both have changed it."""

    MINE = "mine"
    THEIRS = "theirs"


def merge_entries(
    base: Mapping[int, LedgerEntry],
    mine: Mapping[int, LedgerEntry],
    theirs: Mapping[int, LedgerEntry],
    take: Take | None,
) -> tuple[dict[int, LedgerEntry], list[Conflict]]:
    """Return the embargoes that both have after the merge, and what they do not agree on.

    Where they do not agree ``take`` says whose word counts; without it such an embargo is as it is in ``mine``.
    """
    merged, conflicts = {}, []
    for xsa in sorted({*mine, *theirs}):
        before, ours, other = (entries.get(xsa) for entries in (base, mine, theirs))
        if other in (ours, before):
            found = ours
        elif ours == before:
            found = other
        elif ours is None or other is None:
            told = (one.document if one is not None else None for one in (ours, other))
            conflicts.append(Conflict(xsa, *told))
            found = other if take is Take.THEIRS else ours
        else:
            document, left = _merged(
                before.document if before is not None else _NONE, ours.document, other.document, take
            )
            if left:
                conflicts.append(
                    Conflict(xsa, *({key: one.document.get(key) for key in left} for one in (ours, other)))
                )
            found = read_entry(document)
        if found is not None:
            merged[xsa] = found
    return merged, conflicts


def _merged(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any], take: Take | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the merged JSON object of one embargo, and the keys that both have changed."""
    document, left = dict(mine), list[str]()
    groups = [_WHEN, *((key,) for key in dict.fromkeys([*mine, *theirs]) if key not in _WHEN)]
    for group in groups:
        before, ours, other = ([one.get(key) for key in group] for one in (base, mine, theirs))
        if other in (ours, before):
            continue
        chosen = other
        if ours != before:
            if group[0] in _SETS:
                chosen = [_added_up(before[0] or {}, ours[0] or {}, other[0] or {})]
            elif group is _WHEN and ours[:2] == other[:2] and ours[2] and other[2]:
                chosen = max(ours, other)  # instants in RFC 3339 and UTC: the later one is the greater
            else:
                left += group
                chosen = other if take is Take.THEIRS else ours
        document |= zip(group, chosen, strict=True)
    return document, left


def _added_up(
    base: Mapping[str, list[str]], mine: Mapping[str, list[str]], theirs: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    found = {}
    for branch in sorted({*mine, *theirs}):
        before, ours, other = (set(one.get(branch, ())) for one in (base, mine, theirs))
        found[branch] = sorted((ours | other) - (before - ours) - (before - other))
    return {branch: values for branch, values in found.items() if values}


def merge_journals(mine: bytes, theirs: bytes) -> bytes:
    """Return every line that one of the journals has, by time; those without a time stay after the one before them."""
    ours = mine.splitlines()
    known = set(ours)
    lines: list[tuple[Instant, bytes]] = []
    for part in (ours, [line for line in theirs.splitlines() if line not in known]):
        time = 0
        for line in part:
            time = entry_time(line) or time
            lines.append((time, line))
    return b"".join(line + b"\n" for _, line in sorted(lines, key=lambda pair: pair[0]))
