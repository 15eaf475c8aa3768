"""Which branch a base belongs to, where nobody says it."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.advisory.version_rows import UNSTABLE
from git_xsa.ask import problems
from git_xsa.ask.session import Session
from git_xsa.git.branches import Branch, Branches
from git_xsa.git.repository import Commit
from git_xsa.model.release import Version


def tip_for(session: Session, base: Commit, commits: Sequence[Commit] = ()) -> Commit:
    """Return the tip of the branch that ``base`` belongs to and that has ``commits``.

    That is the branch which a base without its history fits, the stable branch of the release or release candidate,
    else the development branch if it has the base and the commits, else the one stable branch that has them, else the
    branch that the base left: that of the newest release in its history, or the development branch; else, when commits
    are given, the newest of them.
    ``UsageError`` when that leaves several branches or none, ``XsaError`` when the commits are on no branch together.
    """
    branches = session.branches
    if base.fit is not None and base.under is None:
        return next(branch.end for branch in branches.stable if branch.name == base.fit.branch)
    if base.under is not None and not commits:
        base = Commit(base.name, base.under)
    branch = branches.of_base(base)
    if branch is not None and (not commits or _has(session, base, branch, commits)):
        return branch.end
    wanted = [base.id, *(commit.id for commit in commits)]
    holding = branches.holding(wanted)
    if branch is None:
        known = branches.series_of(base.name, holding) or branches.developing(wanted)
        if known is not None:
            return known.end
    if branch is not None and branch in holding:
        holding = [branch]
    if len(holding) == 1 or (holding and commits):
        return holding[0].end
    left = None if holding else _left(branches, base, commits)
    if left is not None:
        return left.end
    if commits:
        return branches.newest_of(commits)
    raise problems.which_branch(base.name, [branch.name for branch in holding])


def _has(session: Session, base: Commit, branch: Branch, commits: Sequence[Commit]) -> bool:
    """Return whether the range from ``base`` to the end of ``branch``, which is read for it in any case, has them."""
    positions = session.ranges.between(base, branch.end).position
    return all(commit.id in positions for commit in commits)


def _left(branches: Branches, base: Commit, commits: Sequence[Commit]) -> Branch | None:
    """Return the branch that ``base`` left, if that has ``commits``."""
    below = branches.below(base)
    left = branches.left_development(base, below)
    if left is not None and (not commits or left is branches.developing(commit.id for commit in commits)):
        return left
    if below is not None and (not commits or below in branches.holding(commit.id for commit in commits)):
        return below
    return None


def version_of(branches: Branches, base: Commit, tip: Commit) -> Version | None:
    """Return the version of the stable branch that ``tip`` is the end of, or that ``base`` is a release of; that
    of the branch which is not released yet for the end of a development branch, and for a commit that it alone has.
    """
    if any(branch.name == tip.name for branch in branches.development):
        return UNSTABLE
    for branch in branches.stable:
        if branch.name == tip.name or branch.tip == tip.id:
            return branch.version
    of_base = branches.of_base(base)
    if of_base is not None:
        return of_base.version
    developing = None if branches.holding([tip.id]) else branches.developing([tip.id])
    return UNSTABLE if developing is not None else None
