"""The hook reference-transaction, after references have been changed: what follows the tag of a release.

Where there is a store, the lists of prerequisites for a new release are made in the background (``hook_post_tag``).

With ``xsa.release.onTag``, tarballs and announcement are made in the background for a release's tag that was made here:
its tagger is who commits here, and it is not a day old.  A tag that was fetched from somebody else is no work for us.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import IO

from git_xsa.cli import clock
from git_xsa.cli.hook_post_tag import make_lists
from git_xsa.git.config import Settings, read_settings
from git_xsa.git.repository import Repository
from git_xsa.model.release import Version, version_of
from git_xsa.release.settings import ReleaseSettings
from git_xsa.report.plain import printable

DAY = 86_400
_TAGGER = re.compile(rb"^tagger .*<(?P<mail>[^<>\n]*)> (?P<time>\d{1,12}) [+-]\d{4}$", re.MULTILINE)


def run(words: Sequence[str], lines: IO[bytes]) -> int:
    """Start what follows the tags in ``lines`` (``old new ref``), and return 0."""
    if list(words) != ["committed"]:
        return 0
    given = lines.read().decode("utf-8", "surrogateescape")
    with Repository() as repository:
        settings = read_settings(repository.git)
        tags = [line.rpartition(" ")[2].removeprefix("refs/tags/") for line in given.splitlines()]
        make_lists(repository, settings, tags, clock.now())
        if settings.of(ReleaseSettings).on_tag:
            for tag, version in _made_here(repository, settings, given):
                _follow(repository, settings, tag, version)
    return 0


def _made_here(repository: Repository, settings: Settings, given: str) -> Iterator[tuple[str, Version]]:
    """Yield the release tags that somebody has made in this repository just now."""
    ident = repository.git.call("var", "GIT_COMMITTER_IDENT", accept=(0, 128)).out
    own = re.search(rb"<([^<>\n]*)>", ident)
    for line in given.splitlines():
        tag = line.rpartition(" ")[2].removeprefix("refs/tags/")
        version = version_of(tag, settings.release_tag)
        found = repository.read(f"refs/tags/{tag}") if version is not None else None
        tagger = _TAGGER.search(found[2].partition(b"\n\n")[0]) if found is not None and found[1] == "tag" else None
        if tagger is None or own is None or version is None:
            continue
        if tagger["mail"] == own[1] and abs(clock.now() - int(tagger["time"])) < DAY:
            yield tag, version


def _follow(repository: Repository, settings: Settings, tag: str, version: Version) -> None:
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - only for such a tag
    from git_xsa.cli.release_tag import start  # noqa: PLC0415
    from git_xsa.release.record import Records  # noqa: PLC0415

    log = start(Records(open_store(settings)), repository.folder, tag, version)
    print(
        printable(f"{tag}: tarballs and announcement are being made in the background; {log} shows the progress"),
        file=sys.stderr,
    )
