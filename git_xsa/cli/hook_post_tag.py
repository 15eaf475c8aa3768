"""The hook post-tag: what follows a release's tag.

``git-xsa-hook post-tag [--wait] [--] <tag>...`` has the lists of prerequisites (``git_xsa.release.lists``) made in the
background for the newest release of each branch, if there is a store; with ``--wait`` it makes those of each tag and
waits.  Those that are there, or were begun a short while ago, are left alone: git's hook for tags comes first, and the
one of the push after it.

With ``xsa.release.onTag``, tarballs and announcement are made in the background for a release's tag that was made here:
its tagger is who commits here, and it is not a day old.  A tag that was fetched from somebody else is no work for us.

``post-tag.log`` in the store tells when the lists were made and how that ended: tags, numbers and states alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from git_xsa.advisory.store_place import open_store
from git_xsa.cli import clock, remarks
from git_xsa.errors import XsaError
from git_xsa.git.config import read_settings
from git_xsa.git.programs import start_apart
from git_xsa.git.repository import Repository
from git_xsa.model.instant import rfc3339
from git_xsa.model.release import version_of
from git_xsa.release.settings import ReleaseSettings
from git_xsa.report import aside

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.git.config import Settings
    from git_xsa.model.release import Version

LOG = "post-tag.log"
BEGUN = ": begun"
#: Seconds within which nothing is begun twice.
SHORT = 3_600
DAY = 86_400
#: How this is started in the background: the lists, and nothing else.
LISTS = "--lists"
_TAGGER = re.compile(rb"^tagger .*<(?P<mail>[^<>\n]*)> (?P<time>\d{1,12}) [+-]\d{4}$", re.MULTILINE)


def run(words: Sequence[str], _given: IO[bytes]) -> int:
    """Do what follows the tags in ``words``; returns 1 when lists were to be waited for and can't be made, else 0."""
    options = {word for word in words[:1] if word in ("--wait", LISTS)}
    tags = [tag for tag in words[len(options) :] if tag != "--"]
    status = _make_lists(tags) if options else 0
    if LISTS in options:
        return status
    with Repository() as repository:
        settings = read_settings(repository.git)
        try:
            if not options:
                _begin_lists(repository, settings, tags)
            if settings.of(ReleaseSettings).on_tag:
                for tag, version, name in _made_here(repository, settings, tags):
                    _follow(repository, settings, tag, version, name)
        except (XsaError, OSError) as error:  # no hook of tags holds anything up
            aside.plain(remarks.steps_not_started(type(error).__name__))
    return status


def _make_lists(tags: Iterable[str]) -> int:
    """Make the lists for ``tags`` and write into the log what is different; returns 0 when that went well."""
    from git_xsa.ask.session import Session  # noqa: PLC0415 - in the background, mostly
    from git_xsa.release.lists import make_lists  # noqa: PLC0415
    from git_xsa.report.as_json import verdict_document  # noqa: PLC0415

    status = 0
    with Session(now=clock.now()) as session:
        store = open_store(session.settings)
        for tag in tags:
            try:
                changes = make_lists(session, store, tag, verdict_document)
                told = [remarks.lists_done(tag), *(remarks.lists_changed(tag, change) for change in changes)]
            except XsaError as error:
                # Without its words, which may be those of a patch.
                told, status = [remarks.lists_failed(tag, type(error).__name__)], 1
            for line in told:
                store.append(f"{rfc3339(clock.now())} {line}", LOG)
    return status


def _begin_lists(repository: Repository, settings: Settings, tags: Iterable[str]) -> None:
    """Have the lists made in the background for the newest release of each branch among ``tags``, and say so."""
    from git_xsa.release.lists import are_made  # noqa: PLC0415 - loads what asks

    store = open_store(settings)
    if not store.exists:
        return
    known = ((version_of(tag, settings.release_tag), tag) for tag in tags)
    newest = {version[:-1]: tag for version, tag in sorted((v, tag) for v, tag in known if v is not None)}
    commits = {tag: repository.resolve(tag) for tag in newest.values() if tag not in _begun(store)}
    found = [tag for tag, commit in commits.items() if commit is None or not are_made(store, tag, commit.id)]
    if found:
        # Only so that the log is there, with its mode, before another program writes to it.
        store.append(f"{rfc3339(clock.now())} {', '.join(found)}{BEGUN}", LOG)
        log = store.path(LOG)
        start_apart([sys.executable, "-m", "git_xsa", "hook", "post-tag", LISTS, *found], repository.folder, log)
        aside.plain(remarks.being_listed(found, log))


def _begun(store: Store) -> set[str]:
    """Return the tags whose lists were begun a short while ago."""
    found = set()
    for line in (store.read(LOG) or b"").decode("utf-8", "replace").splitlines():
        time, _, words = line.partition(" ")
        if words.endswith(BEGUN) and time >= rfc3339(clock.now() - SHORT):
            found |= set(words.removesuffix(BEGUN).split(", "))
    return found


def _made_here(repository: Repository, settings: Settings, tags: Iterable[str]) -> Iterator[tuple[str, Version, str]]:
    """Yield those of ``tags`` that are a release's and that somebody has made in this repository just now, each with
    its object."""
    ident = repository.git.call("var", "GIT_COMMITTER_IDENT", accept=(0, 128)).out
    own = re.search(rb"<([^<>\n]*)>", ident)
    for tag in tags:
        version = version_of(tag, settings.release_tag)
        found = repository.read(f"refs/tags/{tag}") if version is not None else None
        if found is None or found[1] != "tag" or version is None or own is None:
            continue
        tagger = _TAGGER.search(found[2].partition(b"\n\n")[0])
        if tagger is not None and tagger["mail"] == own[1] and abs(clock.now() - int(tagger["time"])) < DAY:
            yield tag, version, found[0]


def _follow(repository: Repository, settings: Settings, tag: str, version: Version, name: str) -> None:
    """Have tarballs and announcement of ``tag``, the object ``name``, made in the background, unless they are made."""
    from git_xsa.model.release import spelled  # noqa: PLC0415 - only for such a tag
    from git_xsa.release.record import Records  # noqa: PLC0415
    from git_xsa.release.tagged import start  # noqa: PLC0415

    records = Records(open_store(settings))
    known = records.read(spelled(version))
    if known is not None and (known.kind == "release" or (known.finished and known.tag_object == name)):
        return
    log = start(records, repository.folder, tag, version)
    aside.plain(remarks.being_packaged(tag, log))
