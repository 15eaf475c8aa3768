"""Instants as people write and read them: RFC 3339, and shorter.

An instant is a number of seconds since 1970-01-01 00:00 UTC.  Only UTC and distances from it are understood, never the
name of a time zone and never the machine's own: two people who read the same ledger read the same instant.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from git_xsa.model import problems

#: Seconds since 1970-01-01 00:00 UTC.
Instant = int

#: When an embargo ends on a day of which nothing more is said; practice, and no more than that.
NOON = 12
FORM = "YYYY-MM-DD, YYYY-MM-DD HH:MM, or with Z or +hh:mm at its end"

_WRITTEN = re.compile(
    r"(?P<day>(?:19[7-9]|2\d\d)\d-\d\d-\d\d)"
    r"(?:[ Tt](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r" ?(?:(?P<utc>[Zz]|UTC)|(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>[0-5]\d))?)?",
    re.ASCII,
)


def parse_instant(text: str) -> int:
    """Return the instant that ``text`` means: UTC when it doesn't say otherwise, 12:00 UTC when it is only a day.

    Fractions of a second are dropped, and a leap second (``23:59:60``) is the second after it, as in Unix time.  Raises
    ``ValueError`` when it is no instant, with the reason as its text.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise problems.not_an_instant(FORM)
    second = int(found["second"] or 0)
    leap = second == 60
    try:
        day = datetime.strptime(found["day"], "%Y-%m-%d").replace(tzinfo=timezone.utc)
        hour = int(found["hour"]) if found["hour"] else NOON
        told = day.replace(hour=hour, minute=int(found["minute"] or 0), second=59 if leap else second)
        distance = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
        if distance >= timedelta(days=1):
            raise ValueError
        instant = told + distance if found["sign"] == "-" else told - distance
    except (ValueError, OverflowError):
        raise problems.no_such_instant() from None
    return int(instant.timestamp()) + leap


def rfc3339(instant: int) -> str:
    """Return ``instant`` for programs: ``2026-12-08T12:00:00Z``."""
    return _time(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def spelled(instant: int) -> str:
    """Return ``instant`` for people: ``2026-12-08 12:00 UTC``, with seconds when it is not on a full minute."""
    return _time(instant).strftime("%Y-%m-%d %H:%M:%S UTC" if instant % 60 else "%Y-%m-%d %H:%M UTC")


def compact(instant: int) -> str:
    """Return ``instant`` for a shell: ``20261208 120000``, two numbers that are small enough for each to compare."""
    return _time(instant).strftime("%Y%m%d %H%M%S")


def _time(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, timezone.utc)
