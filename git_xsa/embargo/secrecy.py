"""Which advisories are under embargo, and until when, as far as the ledger, their texts or the user say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from git_xsa.advisory.editions import Edition, Library
from git_xsa.advisory.text import Advisory
from git_xsa.embargo.rule import Ledger
from git_xsa.model.instant import Instant, parse_instant

#: A line of its own that says until when: ``*** EMBARGOED UNTIL 2026-12-08 12:00 UTC ***`` and the like.
#:
#: This is a convention of this program.  How the mails to the predisclosure list say it is not known in public: looked
#: for in vain in the security policy, in advisories as published, in the history of xen.git and of three packagers, and
#: on public pages and lists (November 2026).  So several forms are taken, what was found is shown before anything comes
#: of it, and ``--embargoed-until`` counts more.
_UNTIL = re.compile(
    r"^[ \t*]*(?:EMBARGOED UNTIL|(?:UNDER )?EMBARGO (?:UNTIL|ENDS|LIFTS|EXPIRES)(?: ON| AT)?):?[ \t]+"
    r"(?P<until>[^*\n]{10,40}?)[ \t.*]*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Secret:
    """An advisory that is not public yet; ``until`` is ``None`` when nothing says how long."""

    xsa: int
    until: Instant | None


def told_until(advisory: Advisory) -> Instant | None:
    """Return until when the text says that it is under embargo, ``None`` when it does not or nobody can read it."""
    told = (_instant(found["until"]) for found in _UNTIL.finditer(advisory.body))
    return next((until for until in told if until is not None), None)


def _instant(words: str) -> Instant | None:
    try:
        return parse_instant(words)
    except ValueError:
        return None


class Secrecy:
    """Which advisories are public at ``now``, by the ``ledger`` and by what ``library`` has of them: the one rule that
    everything asks which lets something leave the machine, or reports it.

    What the ledger says counts.  An advisory that it doesn't have is public when one of its versions came from the
    public site, or says of itself that it is, or until when it is not, and that is over.  Anything else, such as
    patches without a text, is treated as being under embargo: that is never a reason not to answer, but not to push.

    Without ``library`` nothing is in the store; ``None`` for ``ledger`` is one that can't be read, by which no embargo
    ends.
    """

    def __init__(self, library: Library | None, ledger: Ledger | None, now: Instant) -> None:
        self._library = library
        self._now = now
        self._readable = ledger is not None
        self._ends = {embargo.xsa: embargo.ends for embargo in (ledger.embargoes if ledger is not None else ())}

    def public(self, number: int) -> bool:
        """Whether something says that the advisory ``number`` is public."""
        if number in self._ends:
            return self._ends[number] <= self._now
        return self._library is not None and any(map(self._open, self._library.editions(number)))

    def under_embargo(self, number: int) -> bool:
        """Whether the ledger has the advisory under embargo: then so is what its fix needs, wherever that comes from.

        By a ledger that can't be read, all are that nothing says to be public.
        """
        return self._ends.get(number, self._now) > self._now or not (self._readable or self.public(number))

    def _open(self, edition: Edition) -> bool:
        until = told_until(edition.advisory) if edition.advisory is not None else None
        return edition.public or (until is not None and until <= self._now)

    def embargoed(self) -> list[int]:
        """Return the advisories of the ledger and the store that are treated as being under embargo, in order."""
        stored = self._library.numbers() if self._library is not None else ()
        return sorted(number for number in {*self._ends, *stored} if not self.public(number))

    def unlisted(self, editions: Iterable[Edition], until: Instant | None) -> list[Secret]:
        """Return the advisories of ``editions`` that are under embargo, but not in the ledger, in order.

        ``until`` is what the user says of all of them, ``None`` for nothing.
        """
        found = {}
        for edition in editions:
            if edition.number in self._ends or self.public(edition.number):
                continue
            told = told_until(edition.advisory) if edition.advisory is not None else None
            found[edition.number] = Secret(edition.number, until if until is not None else told)
        return [secret for _, secret in sorted(found.items()) if secret.until is None or secret.until > self._now]
