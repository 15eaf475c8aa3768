"""Which patches are for the tree that is asked about."""

from __future__ import annotations

from git_xsa.advisory.other_trees import Trees
from git_xsa.ask.session import Session
from git_xsa.git.repository import Commit


def trees(session: Session, base: Commit, tip: Commit) -> Trees:
    """Return what decides which patches are for the tree of ``base`` and ``tip``."""
    return session.once(_trees, base.id, tip.id)


def _trees(session: Session, *commits: str) -> Trees:
    return Trees(session.repository, commits)
