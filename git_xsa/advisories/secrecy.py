"""Which advisories that were taken in are under embargo, and until when, as far as their text or the user says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from git_xsa.advisories.taking import Taken
from git_xsa.advisories.text import Advisory
from git_xsa.model.freeze import Instant
from git_xsa.model.instant import parse_instant

#: A line of its own, as it stands under the title: ``*** EMBARGOED UNTIL 2026-12-08 12:00 UTC ***``.
_UNTIL = re.compile(r"^[ \t*]*EMBARGOED UNTIL:?[ \t]+(?P<until>[^*\n]{10,40}?)[ \t.*]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Secret:
    """An advisory that is not public yet; ``until`` is ``None`` when nothing says how long."""

    xsa: int
    until: Instant | None


def told_until(advisory: Advisory) -> Instant | None:
    """Return until when the text says that it is under embargo, ``None`` when it does not or nobody can read it."""
    found = _UNTIL.search(advisory.body)
    if found is None:
        return None
    try:
        return parse_instant(found["until"])
    except ValueError:
        return None


def secrets(taken: Iterable[Taken], until: Instant | None, known: Iterable[int], now: Instant) -> list[Secret]:
    """Return the advisories of ``taken`` that are under embargo at ``now`` and that no ledger has (``known``).

    ``until`` is what the user says of all of them, ``None`` for nothing.  A patch without the text of its advisory is
    only under embargo when the user says so.
    """
    found = {}
    for one in taken:
        advisory = one.edition.advisory
        if advisory is not None and advisory.public:
            continue
        end = until if until is not None else told_until(advisory) if advisory is not None else None
        if (advisory is None and end is None) or (end is not None and end <= now):
            continue
        found[one.edition.number] = Secret(one.edition.number, end)
    return [secret for xsa, secret in sorted(found.items()) if xsa not in set(known)]
