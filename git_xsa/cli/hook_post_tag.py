"""What follows a release's tag: the lists of prerequisites of all advisories that the release lacks.

``git-xsa-hook post-tag <tag>...`` runs in the background, started by the hook for tags, where that is installed, or
by the one of the push that brings the tag; ``regenerate`` is for whoever wants the lists of a base made.
In the store::

    lists/RELEASE-4.17.3/XSA-500.json       the answer as git xsa-check --json gives it, for one advisory by itself
    lists/RELEASE-4.17.3/changes            what is different from the release before it, a line each
    post-tag.log                            when it ran and how that ended: tags, numbers and states alone

The lists of earlier releases stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from git_xsa.ask.by_number import each_outstanding
from git_xsa.ask.tip import tip_for
from git_xsa.cli import clock
from git_xsa.errors import XsaError
from git_xsa.model.instant import rfc3339
from git_xsa.model.release import version_of
from git_xsa.report.plain import printable

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.ask.session import Session
    from git_xsa.git.config import Settings
    from git_xsa.git.repository import Repository
    from git_xsa.model.release import Version

LISTS = "lists"
LOG = "post-tag.log"
CHANGES = "changes"
BEGUN = ": begun"
#: Seconds within which nothing is begun twice.
SHORT = 3_600


def run(words: Sequence[str], _given: IO[bytes]) -> int:
    """Make the lists for the tags ``words``, those of an old branch left out; returns 0 when that went well."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.ask.session import Session  # noqa: PLC0415

    status = 0
    with Session(now=clock.now()) as session:
        store = open_store(session.settings)
        for tag in words:
            try:
                changes = regenerate(session, store, tag)
                told = [f"{tag}: done", *(f"{tag}: {change}" for change in changes)]
            except XsaError as error:
                # Without its words, which may be those of a patch.
                told, status = [f"{tag}: failed ({type(error).__name__}); git xsa-check --onto {tag} says why"], 1
            for line in told:
                store.append(f"{rfc3339(clock.now())} {line}", LOG)
    return status


def regenerate(session: Session, store: Store, tag: str) -> list[str]:
    """Make the lists for the release ``tag`` and return what is different from those of the release before it.

    What an advisory needs that both releases lack is different when its state or a prerequisite is; one that only one
    of them lacks is named, too, unless the newer release has it, as it should.  Raises ``XsaError`` when the release
    has no branch here, or a list can't be made.
    """
    base = session.branches.base(tag)
    branch = session.branches.of_base(base)
    if branch is None:
        raise XsaError(f"{tag} is on no stable branch of this repository", "git fetch brings the branch")
    names = [release.name for release in branch.releases]
    before = next(iter(names[names.index(tag) + 1 :]), None) if tag in names else None
    old = dict(_kept(store, before)) if before is not None else {}
    new = dict(_made(session, tag))
    for name, (_, content) in new.items():
        store.write(content.encode(), LISTS, _folder(tag), name)
    for name in store.names(LISTS, _folder(tag)):
        if name not in new and name != CHANGES:
            store.remove(LISTS, _folder(tag), name)
    changes = [line for name in sorted(new) for line in _difference(name, before, old.get(name), new[name][0])]
    store.write("".join(f"{line}\n" for line in changes).encode(), LISTS, _folder(tag), CHANGES)
    return changes


def _made(session: Session, tag: str) -> Iterator[tuple[str, tuple[dict[str, Any], str]]]:
    """Yield name, answer and its text for each advisory that the release lacks."""
    from git_xsa.report.as_json import dumps, verdict_document  # noqa: PLC0415

    base = session.branches.base(tag)
    documents: dict[int, list[dict[str, Any]]] = {}
    for number, verdict in each_outstanding(session, base, tip_for(session, base)):
        documents.setdefault(number, []).append(verdict_document(verdict))
    for number, results in documents.items():
        yield f"XSA-{number}.json", (results[0], dumps({"format": 1, "results": results}) + "\n")


def _kept(store: Store, tag: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import json  # noqa: PLC0415

    for name in store.names(LISTS, _folder(tag)):
        content = store.read(LISTS, _folder(tag), name) if name.endswith(".json") else None
        try:
            results = json.loads(content)["results"] if content else []
        except (ValueError, KeyError, TypeError):
            continue
        yield from ((name, found) for found in results[:1] if isinstance(found, dict))


def _difference(name: str, before: str | None, old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    xsa = name.removesuffix(".json")
    if before is None:
        return []
    if old is None:
        return [f"{xsa}: {new['state']}; no list for {before}"]
    count = len(new.get("prerequisites", []))
    commits = [{one["commit"] for one in document.get("prerequisites", [])} for document in (old, new)]
    if old.get("state") == new["state"] and commits[0] == commits[1]:
        return []
    return [f"{xsa}: {new['state']} with {count} prerequisites; {old.get('state')} with {len(commits[0])} on {before}"]


def _folder(tag: str) -> str:
    return tag.replace("/", "-")


def make_lists(repository: Repository, settings: Settings, tags: Iterable[str], now: int) -> None:
    """Have the lists made in the background for the newest release of each branch among the new ``tags``, if there is a
    store, and say so.

    Those that are there, or were begun a short while ago, are left alone: the hook for tags comes first, and the one
    of the push after it.
    """
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415

    store = open_store(settings)
    if not store.exists:
        return
    newest: dict[Version, tuple[Version, str]] = {}
    for tag in tags:
        version = version_of(tag, settings.release_tag)
        if version is not None:
            newest[version[:-1]] = max((version, tag), newest.get(version[:-1], (version, tag)))
    begun = _begun(store, now)
    found = [tag for _, tag in sorted(newest.values()) if tag not in begun and not store.names(LISTS, _folder(tag))]
    if found:
        log = start(str(repository.folder), store, found)
        note = f"{', '.join(found)}: prerequisite lists are being made in the background; {log} shows what changed"
        print(printable(note, one_line=True), file=sys.stderr)


def _begun(store: Store, now: int) -> set[str]:
    """Return the tags whose lists were begun a short while ago."""
    found = set()
    for line in (store.read(LOG) or b"").decode("utf-8", "replace").splitlines():
        time, _, words = line.partition(" ")
        if words.endswith(BEGUN) and time >= rfc3339(now - SHORT):
            found |= set(words.removesuffix(BEGUN).split(", "))
    return found


def start(repository_folder: str, store: Store, tags: Sequence[str]) -> str:
    """Have the lists for ``tags`` made in the background; returns the path of the log."""
    from pathlib import Path  # noqa: PLC0415

    from git_xsa.git.programs import start_apart  # noqa: PLC0415

    # Only so that the log is there, with its mode, before another program writes to it.
    store.append(f"{rfc3339(clock.now())} {', '.join(tags)}{BEGUN}", LOG)
    log = store.path(LOG)
    start_apart([sys.executable, "-m", "git_xsa", "hook", "post-tag", *tags], Path(repository_folder), log)
    return str(log)
