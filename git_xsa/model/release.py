"""Releases and branches by name, and how long a branch is supported.

A name pattern has one ``*``, which stands for the version: ``RELEASE-*`` and ``stable-*`` in Xen.  A release belongs
to the branch whose version it begins with: ``RELEASE-4.17.3`` to ``stable-4.17``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

Version = tuple[int, ...]

#: What stands before ``VERSION`` in the names of the variables that hold Xen's version.
_PARTS = (b"", b"SUB", b"EXTRA")
#: A line of Xen's ``SUPPORT.md`` that names a day.
_FIELD = r"^[ \t]*{}:[ \t]*(\d{{4}})-(\d\d)-(\d\d)[ \t\r]*$"


def version_of(name: str, pattern: str) -> Version | None:
    """Return the version that ``name`` has under ``pattern``; ``None`` when it does not match or has no plain one
    (a release candidate has none)."""
    before, _, after = pattern.partition("*")
    if len(name) < len(before) + len(after) or not name.startswith(before) or not name.endswith(after):
        return None
    words = name[len(before) : len(name) - len(after)].split(".")
    return tuple(int(word) for word in words) if all(word.isascii() and word.isdigit() for word in words) else None


def version_in(makefile: bytes) -> tuple[Version, bool] | None:
    """Return the version that Xen's ``xen/Makefile`` states, and whether it is that of a release and not of a tree on
    its way to one (``4.17.3-pre``); ``None`` when it states none."""
    found = [
        re.search(rb"^\s*(?:export )?XEN_%sVERSION\s*[:?]?=\s*\.?(\d+)(-?)" % part, makefile, re.MULTILINE)
        for part in _PARTS
    ]
    words = [match for match in found if match is not None]
    if len(words) < len(_PARTS):
        return None
    return tuple(int(match[1]) for match in words), not words[-1][2]


def belongs(release: Version, branch: Version) -> bool:
    """Return whether the release is one of the branch."""
    return len(release) > len(branch) and release[: len(branch)] == branch


def newest(releases: Iterable[tuple[Version, str]], branch: Version) -> list[str]:
    """Return the names of the releases of ``branch``, the newest first."""
    return [name for _, name in sorted((entry for entry in releases if belongs(entry[0], branch)), reverse=True)]


def spelled(version: Version) -> str:
    """Return ``version`` as people write it: ``4.21.2``."""
    return ".".join(map(str, version))


def next_release(branch: Version, last: Version | None) -> Version | None:
    """Return the point release of ``branch`` that comes after ``last``; ``None`` when no release of it was made.

    The first release of a branch (4.21.0) is no point release: it is made in another way.
    """
    if last is None or not belongs(last, branch):
        return None
    patch = last[len(branch)] if len(last) == len(branch) + 1 else -1
    return (*branch, patch + 1) if patch >= 0 else None


def security_supported(statement: str, today: date) -> bool | None:
    """Return whether a branch with this support statement (Xen's ``SUPPORT.md``) gets security fixes ``today``.

    ``None`` when the statement does not name a day: an unreleased branch, or another project's tree.
    """
    last = security_support_ends(statement)
    return today <= last if last is not None else None


def security_support_ends(statement: str) -> date | None:
    """Return the last day of a branch's security support by its support statement, ``None`` when that names none."""
    return _day(statement, "Security-Support-Until")


def fully_supported(statement: str, today: date) -> bool | None:
    """Return whether a branch with this support statement takes other fixes than those of security, too, ``today``.

    ``None`` when the statement does not name a day.
    """
    last = _day(statement, "Supported-Until")
    return today <= last if last is not None else None


def _day(statement: str, field: str) -> date | None:
    found = re.search(_FIELD.format(field), statement, re.MULTILINE)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
