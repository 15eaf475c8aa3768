"""A Debian source package: ``debian/patches`` with its series, and ``debian/changelog``.

The changelog is read by python-debian; the new stanza is put before it, and both together must be a changelog by its
strict rules (deb-changelog(5)).
"""

from __future__ import annotations

import re
from email.utils import formatdate
from pathlib import Path

from git_xsa.export.formats.debian import stanza_head
from git_xsa.export.into import problems
from git_xsa.export.into.parts import Addition, Edited, Package, applied
from git_xsa.export.into.series import addition, dropped, names
from git_xsa.export.package_version import CHANGELOG, next_in_changelog
from git_xsa.export.prepared import Style

SERIES = "debian/patches/series"
#: A snapshot of a branch between two releases, as git describe names it: ``4.17.5+72-g01140da4e8``.
_SNAPSHOT = re.compile(r"\+\d+-g([0-9a-f]{7,40})\b")
_RELEASE = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)+)")
#: A newest entry that is longer than this is none.
_HEAD = 1 << 18


def xen_of(changelog: Path) -> str:
    """Return the Xen that the newest entry of ``changelog`` is for: a commit's name, a release, or nothing."""
    if not changelog.is_file():
        return ""
    with changelog.open("rb") as file:
        newest = _newest(file.read(_HEAD).decode("utf-8", "surrogateescape"))
    snapshot = _SNAPSHOT.search(newest)
    release = _RELEASE.match(newest)
    return snapshot[1] if snapshot is not None else release[1] if release is not None else ""


def _newest(text: str) -> str:
    """Return the version of the first entry in ``text``, empty when it begins with none."""
    from debian.changelog import Changelog, ChangelogParseError  # noqa: PLC0415 - for this kind of package alone

    try:
        versions = Changelog(text, max_blocks=1, allow_empty_author=True, strict=True).versions
    except (ChangelogParseError, ValueError):
        return ""
    return str(versions[0]) if versions else ""


def edited(package: Package, added: Addition) -> Edited:
    """Return series and changelog with the patches; ``PackageRefused`` when the changelog is none of Xen's."""
    text = package.text
    changes = [*dropped(text, added.dropped), addition(text, names(package, added))]
    return Edited({SERIES: applied(text, changes), str(CHANGELOG): _changelog(package, added)})


def _changelog(package: Package, added: Addition) -> str:
    old = package.texts[str(CHANGELOG)]
    version = added.version or next_in_changelog(package.top / CHANGELOG)
    if not version:
        raise problems.no_entry(package.top / CHANGELOG)
    head = stanza_head(added.queue, Style(package_version=version))
    if not added.items:
        head = head[:2]
    head += [f"  * Drop {name}, which the release has." for name in sorted(added.dropped)]
    trailer = f" -- {added.who}  {formatdate(added.now, localtime=True)}"
    made = "\n".join([*head, "", trailer, "", ""]) + old
    _check(made, version, package.top / CHANGELOG)
    return made


def _check(text: str, version: str, place: Path) -> None:
    """Raise ``PackageRefused`` unless ``text`` is a changelog that begins with a later ``version``."""
    from debian.changelog import Changelog, ChangelogParseError, VersionError  # noqa: PLC0415 - 35 ms, and only for such a package

    try:
        found = Changelog(text, max_blocks=2, strict=True)
        versions = found.versions
        is_later = len(versions) < 2 or versions[0] > versions[1]
    except (ChangelogParseError, VersionError, ValueError):
        raise problems.bad_changelog(place) from None
    if str(versions[0]) != version or not is_later:
        raise problems.not_later(version, versions[-1])


def check_source(top: Path) -> None:
    """Raise ``XsaError`` unless the patches of the source package at ``top`` are applied by dpkg-source."""
    form = top / "debian/source/format"
    stated = form.read_text("utf-8", "replace").strip() if form.is_file() else "1.0"
    if "native" in stated or (stated != "3.0 (quilt)" and not (top / SERIES).is_file()):
        raise problems.other_source_format(top, stated)
