"""What is known of an advisory over the whole history: values that records are made of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from git_xsa.model.release import Version, spelled
from git_xsa.publish.known import AdvisoryNames


class ReleaseStanding(str, Enum):
    """What a release is as to an advisory, as far as commits say it."""

    #: A later commit of its branch fixes it; or it has the introduction, and its branch ended before the first fix.
    AFFECTED = "affected"
    #: It has the last fix of some branch.
    FIXED = "fixed"
    #: The introduction is known, and it has none of it.
    UNAFFECTED = "unaffected"
    #: Its branch has no fix, and either the introduction is unknown, or the branch went on without a fix.
    UNKNOWN = "unknown"


class Release(NamedTuple):
    """A release: its tag, version and commit, and what it is as to an advisory."""

    tag: str
    version: Version
    commit: str
    standing: ReleaseStanding = ReleaseStanding.UNKNOWN

    @property
    def spelled(self) -> str:
        """Its version as people write it."""
        return spelled(self.version)

    @property
    def in_range(self) -> bool:
        """Whether it lies between introduction and fix; an unknown introduction is before everything."""
        return self.standing in (ReleaseStanding.AFFECTED, ReleaseStanding.UNKNOWN)


class LineFixes(NamedTuple):
    """The commits of a branch that say they fix an advisory, in its order; the last one ends the fix."""

    branch: str
    commits: tuple[str, ...]


class Introduction(NamedTuple):
    """The commits that brought what an advisory is about, the picks of stable branches among them; none: that is not
    known, and ``unknown`` says why, in a sentence."""

    commits: tuple[str, ...] = ()
    unknown: str = ""


class AdvisoryRange(NamedTuple):
    """An advisory over all branches.

    ``pairs`` are introduction and last fix where the one is in the history of the other, an empty name for an unknown
    introduction.  ``files`` are those that the
    fixes change, documentation left out.  ``releases`` are all releases of the repository, by version.
    """

    number: int
    known: AdvisoryNames
    introduction: Introduction
    fixes: tuple[LineFixes, ...]
    pairs: tuple[tuple[str, str], ...]
    files: tuple[bytes, ...]
    releases: tuple[Release, ...]

    @property
    def last_fixes(self) -> tuple[str, ...]:
        """The commit of each branch that ends the fix, each once."""
        return tuple(dict.fromkeys(line.commits[-1] for line in self.fixes))


def by_cve(ranges: Iterable[AdvisoryRange]) -> dict[str, list[AdvisoryRange]]:
    """Return the advisories of each CVE number; a number can have several, and an advisory several numbers."""
    found: dict[str, list[AdvisoryRange]] = {}
    for one in ranges:
        for cve in one.known.cves:
            found.setdefault(cve, []).append(one)
    return found
