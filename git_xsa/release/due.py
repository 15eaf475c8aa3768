"""The release-due rule: whether a stable branch is to have a point release, when, and why.

What was asked for in 2018: a point release as soon as an embargo lifts, with the fixes; one when an advisory does not
apply to the last release by itself; and one without a security reason only when none has been made for four months::

    released          fix lands      lift                     four months over
    |-----------------------|~~~~~~~~~|--------------------------------|
    nothing due, or due by  at lift   now, or conflicts                due

Promises: the answer depends on what is given alone.  Everything is a value, instants too: seconds since 1970-01-01
00:00 UTC.  Nothing is to be done during a freeze: what is due then has the instant before which it waits, and
a freeze of which nothing is known counts as one without an end.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from git_xsa.model.instant import Instant
from git_xsa.release import problems

LONGEST = 9_999
_INTERVAL = re.compile(r"([1-9]\d{0,3}) *(day|week|month|year)s?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Interval:
    """How long a branch may go without a release: calendar months, then days."""

    months: int = 0
    days: int = 0

    def after(self, instant: Instant) -> Instant:
        """Return the instant that comes so much later, at the same time of the day in UTC.

        Where the month has no such day it is that month's last: four months after October 31 is February 28 or 29.
        What would come after the year 9999 is that year's end.
        """
        begin = datetime.fromtimestamp(instant, timezone.utc)
        year, month = divmod(begin.year * 12 + begin.month - 1 + self.months, 12)
        try:
            day = min(begin.day, monthrange(year, month + 1)[1])
            end = begin.replace(year=year, month=month + 1, day=day) + timedelta(days=self.days)
        except (ValueError, OverflowError):
            end = datetime(LONGEST, 12, 31, tzinfo=timezone.utc)
        return int(end.timestamp())


def parse_interval(text: str) -> Interval | None:
    """Return what ``4 months``, ``120 days``, ``17 weeks`` or ``1 year`` mean, ``None`` for ``never``.

    Raises ``ValueError`` for anything else.
    """
    if text.strip().lower() == "never":
        return None
    found = _INTERVAL.fullmatch(text.strip())
    if found is None:
        raise problems.not_an_interval()
    number = int(found[1])
    unit = found[2].lower()
    return Interval(
        months=number * {"month": 1, "year": 12}.get(unit, 0), days=number * {"day": 1, "week": 7}.get(unit, 0)
    )


class Landing(str, Enum):
    """How much of an advisory's fix a branch has."""

    LANDED = "landed"
    PARTLY = "partly"  #: some of its patches
    STAGING = "staging"  #: none, but it waits for the gate
    MISSING = "missing"  #: none
    UNKNOWN = "unknown"  #: no patch is known, nor whether it concerns the branch

    @property
    def complete(self) -> bool:
        """Whether nothing of the fix has to come."""
        return self is Landing.LANDED


@dataclass(frozen=True)
class DueAdvisory:
    """An advisory whose fix the last release lacks.

    ``secret``: it is under embargo, ``until`` an instant if that is known.  ``fits``: the fix applies to the last
    release, after those of the other advisories and without any other commit; ``None``: not known.
    """

    xsa: int
    landing: Landing
    secret: bool = False
    until: Instant | None = None
    fits: bool | None = None

    def hidden(self, now: Instant) -> bool:
        """Whether it is under embargo at ``now``."""
        return self.secret and (self.until is None or now < self.until)


@dataclass(frozen=True)
class Facts:
    """What the rule knows of a branch.

    ``released`` is when its last release was made, ``None`` when it has none.  ``commits`` counts what has come to it
    since, ``waiting`` what waits in staging.  ``frozen_until`` is when the freeze that is in force ends, ``None`` when
    none is; ``freeze_known``: whether that is known at all.  ``interval`` ``None``: no release without a reason.
    """

    supported: bool
    released: Instant | None
    interval: Interval | None
    commits: int = 0
    waiting: int = 0
    advisories: tuple[DueAdvisory, ...] = ()
    frozen_until: Instant | None = None
    freeze_known: bool = True


class DueKind(str, Enum):
    """What is due."""

    #: An advisory does not go on the last release without other commits: whoever ships it has to search for them.
    CONFLICTS = "release-conflicts"
    #: Fixes are public that the last release lacks.
    NOW = "release-now"
    #: Fixes become public, and then a release is due.
    AT_LIFT = "release-at-lift"
    #: There is something to release, but no hurry until the interval is over.
    DUE_BY = "due-by"
    NOTHING = "nothing-due"
    #: A first release is no point release: nobody waits for it by this rule.
    NO_RELEASE = "no-release"
    NOT_SUPPORTED = "not-supported"


@dataclass(frozen=True)
class Due:
    """What is due, and why.

    ``at`` is when: the end of the interval (``DUE_BY``), or of the embargo (``AT_LIFT``; ``None``: not known).
    ``advisories`` are the reason, ``first`` those of them that are public and whose fix has to come to the branch
    before the release.  ``not_before`` is when the freeze ends, if one is in force; ``held`` whether there is one, or
    may be.
    """

    kind: DueKind
    at: Instant | None = None
    advisories: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    not_before: Instant | None = None
    held: bool = False

    def late(self, now: Instant) -> bool:
        """Whether it would be time for it at ``now``, were it not for a freeze."""
        return self.kind in (DueKind.CONFLICTS, DueKind.NOW) or (
            self.kind is DueKind.DUE_BY and self.at is not None and self.at <= now
        )

    def acts(self, now: Instant) -> bool:
        """Whether somebody has to do something now."""
        return self.late(now) and not self.held


def due(facts: Facts, now: Instant) -> Due:
    """Return what is due on a branch at ``now``: of several reasons the one that comes first in ``Kind``.

    But the end of the interval comes before that of an embargo if it is earlier.
    """
    if not facts.supported:
        return Due(DueKind.NOT_SUPPORTED)
    if facts.released is None:
        return Due(DueKind.NO_RELEASE)
    public = [advisory for advisory in facts.advisories if not advisory.hidden(now)]
    first = _numbers(a for a in public if not a.landing.complete and a.landing is not Landing.UNKNOWN)
    conflicts = _numbers(advisory for advisory in facts.advisories if advisory.fits is False)
    known = _numbers(advisory for advisory in public if advisory.landing is not Landing.UNKNOWN)
    if conflicts:
        return _held(facts, now, Due(DueKind.CONFLICTS, None, conflicts, first))
    if known:
        return _held(facts, now, Due(DueKind.NOW, None, known, first))
    planned = _planned(facts, now)
    lifting = _lifting(facts, now)
    if lifting is not None and (planned is None or _comes_first(lifting, planned, now)):
        return lifting
    return planned or _held(facts, now, Due(DueKind.NOTHING))


def _numbers(advisories: Iterable[DueAdvisory]) -> tuple[int, ...]:
    return tuple(sorted({advisory.xsa for advisory in advisories}))


def _held(facts: Facts, now: Instant, found: Due) -> Due:
    """Return ``found`` with what is known of a freeze."""
    until = facts.frozen_until if facts.frozen_until is not None and now < facts.frozen_until else None
    return Due(
        found.kind, found.at, found.advisories, found.first, until, held=until is not None or not facts.freeze_known
    )


def _planned(facts: Facts, now: Instant) -> Due | None:
    """Return the release that is due without a security reason, ``None`` when there is nothing to release."""
    if facts.interval is None or facts.released is None or not (facts.commits or facts.waiting):
        return None
    return _held(facts, now, Due(DueKind.DUE_BY, facts.interval.after(facts.released)))


def _lifting(facts: Facts, now: Instant) -> Due | None:
    """Return the release that is due when an embargo lifts: the last one of its batch, if that is frozen."""
    secret = [advisory for advisory in facts.advisories if advisory.hidden(now)]
    if not secret:
        return None
    ends = [advisory.until for advisory in secret if advisory.until is not None]
    at = min(ends) if ends else None
    if facts.frozen_until is not None and now < facts.frozen_until:
        at = max(at, facts.frozen_until) if at is not None else facts.frozen_until
    lifted = _numbers(a for a in secret if at is None or a.until is None or a.until <= at)
    return _held(facts, now, Due(DueKind.AT_LIFT, at, lifted))


def _comes_first(lifting: Due, planned: Due, now: Instant) -> bool:
    """Whether the release at the end of an embargo is the next one, and not the planned one."""
    assert planned.at is not None, "it ends an interval"
    begin = max(planned.at, planned.not_before) if planned.not_before is not None else planned.at
    return lifting.at <= begin if lifting.at is not None else now < begin
