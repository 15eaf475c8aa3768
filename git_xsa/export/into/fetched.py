"""Patches that a package of nixpkgs fetches: what they are is found without fetching anything.

An address that names a commit is that commit; the file of an advisory is the one in the store, or else the branch's
commit that fixes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from git_xsa.advisory.file_names import read_name
from git_xsa.advisory.patchfile import PatchFile, parse_patches
from git_xsa.ask.own_store import own_store
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.export.into import problems
from git_xsa.git.repository import Commit

_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


def name_of(address: str) -> str:
    """Return the name of the file at ``address``."""
    return address.partition("?")[0].rpartition("/")[2]


def fetched(session: Session, release: Commit, address: str, others: Sequence[str]) -> tuple[PatchFile, ...]:
    """Return the patches at ``address``, which a package that builds ``release`` applies with those at ``others``.

    Raises ``XsaError`` when it is unknown here what they are.
    """
    named = _COMMIT.search(address)
    commit = session.repository.resolve(named[0]) if named is not None else None
    if commit is not None:
        return _patch(session, commit.id, f"{commit.id[:12]}.patch")
    number = read_name(name_of(address)).number
    found = _from_store(session, number, address) if number is not None else ()
    if not found and number is not None:
        found = _from_branch(session, release, number, address, others)
    if not found:
        raise problems.unknown_fetched_patch(address)
    return found


def _patch(session: Session, commit: str, name: str) -> tuple[PatchFile, ...]:
    words = ("format-patch", "--stdout", "-1", "--no-signature", "--full-index", "--no-renames", commit)
    return parse_patches(Path(name), session.repository.git.call(*words).out)


def _from_store(session: Session, number: int, address: str) -> tuple[PatchFile, ...]:
    kept = session.once(own_store)
    edition = kept.library.newest(number) if kept is not None else None
    paths = [path for path in edition.patches if address.endswith(f"/{path}")] if edition is not None else []
    return edition.patches_at(paths[:1]) if edition is not None and paths else ()


def _from_branch(
    session: Session, release: Commit, number: int, address: str, others: Sequence[str]
) -> tuple[PatchFile, ...]:
    """Return the commits of the branch that fix the advisory: all of them if one file is of it, else each is a file."""
    history = session.ranges.between(release, tip_for(session, release))
    start = history.position[release.id]
    commits = [history.commits[p - 1].id for p in history.advisories.get(number, ()) if p > start]
    files = [other for other in others if read_name(name_of(other)).number == number]
    if len(files) > 1:
        commits = [commits[files.index(address)]] if len(files) == len(commits) else []
    return tuple(patch for commit in commits for patch in _patch(session, commit, name_of(address)))
