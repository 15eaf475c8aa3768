"""Which version a Debian package with the queue gets if ``--package-version`` does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from git_xsa.export import problems
from git_xsa.git.repository import Commit, Repository

CHANGELOG = Path("debian/changelog")
#: The first line of an entry of the package that the stanza is for (deb-changelog(5)).
_ENTRY = re.compile(r"^xen \(([0-9][A-Za-z0-9.+:~-]*)\) ", re.MULTILINE)
_FIRST_LINE = re.compile(r"^\S.*", re.MULTILINE)
#: What git describe prints of a release, a release candidate, or a commit after one.
_DESCRIBED = re.compile(r"(\d+(?:\.\d+)+)(?:-(rc\d+))?(?:-(\d+)-g([0-9a-f]+))?")
#: A newest entry that begins later than this is none.
_HEAD = 1 << 16
#: No revision has more digits than this; Python reads no more than 4,300.
_DIGITS = 18


def changelog_of(places: Iterable[str]) -> Path | None:
    """Return the ``debian/changelog`` of the first of ``places`` that is in a Debian package, or None."""
    for place in map(Path, places):
        for folder in (place, *place.parents):
            if (folder / CHANGELOG).is_file():
                return folder / CHANGELOG
    return None


def next_in_changelog(changelog: Path) -> str:
    """Return the version after that of the newest entry; empty if that is not an entry of ``xen``, ``XsaError`` if it
    has a number that is none.

    The next Debian revision, as ``dch --increment`` has it: the last number goes up, ``4.17.5-1`` becomes ``4.17.5-2``
    and ``4.17.5-1+deb12u1`` becomes ``4.17.5-1+deb12u2``.  A revision that ends with no number gets one.  A version
    without a revision gets ``-1``, since its last number is that of the release.  What comes out is later by the rules
    of deb-version(7).
    """
    with changelog.open("rb") as file:
        newest = _FIRST_LINE.search(file.read(_HEAD).decode("utf-8", "replace"))
    found = _ENTRY.match(newest[0]) if newest is not None else None
    if found is None:
        return ""
    upstream, dash, revision = found[1].rpartition("-")
    if not dash:
        return f"{revision}-1"
    before = revision.rstrip("0123456789")
    number = revision[len(before) :] or "0"
    if len(number) > _DIGITS:
        raise problems.too_many_digits(changelog, len(number))
    return f"{upstream}-{before}{int(number) + 1}"


def described(repository: Repository, base: Commit, release_tag: str) -> str:
    """Return the upstream version of ``base`` in Debian's spelling: ``4.17.5``, ``4.19.0~rc3``, and for a commit after
    one ``4.17.5+72-g01140da4e8``; empty for a commit after none.

    Ten digits, as Debian's versions of Xen have: git's own default grows with the repository.
    """
    words = ["describe", "--tags", "--abbrev=10", "--match", release_tag, base.lasting]
    answer = repository.git.call(*words, accept=(0, 128))
    found = _DESCRIBED.search(answer.out.decode("utf-8", "replace")) if not answer.status else None
    if found is None:
        return ""
    version, candidate, count, commit = found.groups()
    return version + (f"~{candidate}" if candidate else "") + (f"+{count}-g{commit}" if count else "")
