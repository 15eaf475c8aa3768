"""Which releases a report is about, and what came to their branches between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from git_xsa.ask.session import Session
from git_xsa.git.branches import Branch
from git_xsa.git.log import LoggedCommit
from git_xsa.git.repository import Commit
from git_xsa.model.instant import Instant


def releases_since(
    session: Session, pairs: Sequence[tuple[Commit, Commit]], since: Instant
) -> list[tuple[Commit, Commit]]:
    """Return ``pairs``, newest releases with the tips of their branches, with the older releases of these branches that
    were made from ``since`` on: the newest branch first, and of each the newest release.

    In a shallow clone there is no telling what lies between older releases, so there are only ``pairs``.
    """
    branches = {branch.releases[0].id: branch for branch in session.branches.stable if branch.releases}
    made = session.branches.made(release for branch in branches.values() for release in branch.releases)
    found: list[tuple[Commit, Commit]] = []
    for base, tip in reversed(pairs):
        found.append((base, tip))
        branch = branches.get(base.id)
        if branch is not None and not session.repository.shallow:
            found += [(one, tip) for one in branch.releases[1:] if made.get(one.name, 0) >= since]
    return found


def short_name(release: str) -> str:
    """Return the name of a release without what all releases of Xen have before their version."""
    return release.removeprefix("RELEASE-")


@dataclass(frozen=True)
class BetweenReleases:
    """What came to a branch before the release ``name``, since the one before: ``commits``, of which ``fixes`` are
    marked as security fixes."""

    name: str
    released: Instant
    commits: int
    fixes: int


@dataclass(frozen=True)
class BranchPast:
    """A branch: what came between its releases, the oldest first, and the commits since the newest one (the newest
    first) with the advisories that each says it fixes."""

    branch: Branch
    between: tuple[BetweenReleases, ...]
    since: tuple[tuple[LoggedCommit, tuple[int, ...]], ...]


def branch_past(session: Session, branch: Branch) -> BranchPast:
    """Return what came to ``branch``, which has a release, up to its tip; in a shallow clone, since the newest one."""
    oldest = branch.releases[0 if session.repository.shallow else -1]
    history = session.ranges.between(oldest, branch.end)
    made = session.branches.made(branch.releases)
    places = sorted((history.position[one.id], one.name) for one in branch.releases if one.id in history.position)
    between = []
    for (before, _), (place, name) in pairwise(places):
        fixes = sum(bool(history.marks(position)) for position in range(before + 1, place + 1))
        between.append(BetweenReleases(name, made.get(name, 0), place - before, fixes))
    last = places[-1][0] if places else history.size
    since = [(history.commits[p - 1], history.marks(p)) for p in range(history.size, last, -1)]
    return BranchPast(branch, tuple(between), tuple(since))
