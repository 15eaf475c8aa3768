"""The ranges that a command asks about: from a base to a tip, read as rarely as can be."""

from __future__ import annotations

from git_xsa.ask import problems
from git_xsa.git.branches import Branches
from git_xsa.git.log import Range
from git_xsa.git.problems import NotOnBranch
from git_xsa.git.repository import Commit, Repository


class Ranges:
    """Reads the ranges of a repository's branches, and keeps the one that was read last."""

    def __init__(self, repository: Repository, branches: Branches) -> None:
        self._repository = repository
        self._branches = branches
        self._range: Range | None = None

    def between(self, base: Commit, tip: Commit) -> Range:
        """Return the range to ``tip`` in which ``base`` has a position.

        It is read from the base on.  When another base of the same branch is asked for, it is read from the oldest
        release on, and serves all.  A base that is not on the branch is one with changes of its own.
        """
        known = self._range
        if known is not None and known.tip == tip.id and base.id in known.position and known.base in (None, base.id):
            return known
        self._range = None
        root = self._first_release(base) if known is not None and known.tip == tip.id else None
        found = self._read_range(root, tip) if root is not None else None
        if found is None or base.id not in found.position:
            on_branch = self._branches.of_base(base) is not None or self._merge_base(base, tip) == base.id
            found = self._read_range(base, tip) if on_branch else None
        if found is None:
            found = Range(self._repository, self._merge_base(base, tip), tip.id, base=base.id)
        self._range = found
        return found

    def _read_range(self, root: Commit, tip: Commit) -> Range | None:
        """Return the range from ``root`` to ``tip``, ``None`` when the root is not on the branch."""
        try:
            return Range(self._repository, root.id, tip.id)
        except NotOnBranch:
            return None

    def _merge_base(self, base: Commit, tip: Commit) -> str:
        """Return where ``base`` left the branch, or the release that a base without the branch's history is taken to be
        made from; ``XsaError`` when they have nothing in common."""
        start = base.fit.release if base.fit is not None and base.release is None else base
        found = self._repository.git.text("merge-base", start.id, tip.id, accept=(0, 1))
        if not found:
            raise problems.nothing_in_common(base.name, tip.spelled, self._repository.shallow)
        return found

    def _first_release(self, base: Commit) -> Commit | None:
        """Return the oldest release of the branch that ``base`` is a release of: a root for all requests to come."""
        branch = self._branches.of_base(base)
        return branch.releases[-1] if branch is not None else None
