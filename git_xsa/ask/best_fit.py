"""Which branch a tree is of, where nothing names it: the one that has most of its files as they are there.

A source tree may have no version, or that of a vendor; a fork may begin with a commit that has no history.  Each branch
is compared as it is at its first release and at its end.  Neighbours share most of their files, so what counts are
those that tell two branches apart: if the second best branch has half as many of them as the best one, or more, nothing
is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from git_xsa.ask import problems, remarks
from git_xsa.ask.session import Session
from git_xsa.git.branches import Branch
from git_xsa.git.repository import BranchFit, Commit
from git_xsa.git.trees import files_of

#: A file of a tree: its object name, a tab, and its path.
_File = bytes


class _Shared(NamedTuple):
    """What a tree shares with ``branch`` at the commit ``at``."""

    branch: Branch
    at: Commit
    same: frozenset[_File]


def best_fit(session: Session, name: str, files: Mapping[bytes, str], tip: str = "") -> BranchFit:
    """Return how the tree ``name``, with the object names of its ``files`` by path, fits the branch that it fits best;
    with ``tip``, which names one, how it fits that.  It is noted for people.

    ``XsaError`` when it shares no file with any branch, or two fit alike.
    """
    mine = frozenset(_file(path, object_name) for path, object_name in files.items())
    branches = [branch for branch in _named(session, tip) if branch.releases]
    states = [state for branch in branches if (state := _best(session, branch, mine)).same]
    if not states:
        raise problems.unknown_release(name)
    best, *others = sorted(states, key=lambda state: len(state.same), reverse=True)
    for other in others[:1]:
        ours, theirs = len(best.same - other.same), len(other.same - best.same)
        if 2 * theirs >= ours:
            raise problems.two_branches_fit(
                name, best.branch.name, len(best.same), other.branch.name, len(other.same), len(mine)
            )
    release = _last_before(session, best.branch, mine)
    nearest = max((best.at, release), key=lambda at: len(_same(session, at, mine)))
    same, common = len(_same(session, nearest, mine)), _paths(files, session, nearest)
    fit = BranchFit(best.branch.name, release, same, common)
    second = {other.branch.name: (len(other.same), _paths(files, session, other.at)) for other in others[:1]}
    session.notes.append(remarks.taken_as(name, fit.branch, release.name, (fit.same, fit.files), second))
    return fit


def _named(session: Session, tip: str) -> Sequence[Branch]:
    """Return the stable branches that ``tip`` may mean, a pattern of names or a commit; all where it means none."""
    branches = session.branches
    matching = branches.matching(tip) if tip else []
    commit = session.repository.resolve(tip) if tip and not matching else None
    if commit is not None:
        ends = [branch for branch in branches.stable if branch.tip == commit.id]
        matching = ends or branches.holding([commit.id])
    return matching or branches.stable


def _best(session: Session, branch: Branch, mine: frozenset[_File]) -> _Shared:
    """Return what a tree with the files ``mine`` shares with ``branch`` where that is most."""
    states = [_Shared(branch, at, _same(session, at, mine)) for at in (branch.releases[-1], branch.end)]
    return max(states, key=lambda state: len(state.same))


def _last_before(session: Session, branch: Branch, mine: frozenset[_File]) -> Commit:
    """Return the last release that a tree with the files ``mine`` may be made from: the tree has no file as the release
    before had it and that one no longer has it.

    From a later one on, fixes that the tree lacks would not be looked for.
    """
    first, *later = reversed(branch.releases)
    found = first
    for release in later:
        if not _same(session, found, mine) <= _same(session, release, mine):
            break
        found = release
    return found


def _same(session: Session, commit: Commit, mine: frozenset[_File]) -> frozenset[_File]:
    return mine.intersection(session.once(_files_of, commit.id))


def _files_of(session: Session, commit: str) -> frozenset[_File]:
    return frozenset(files_of(session.repository, commit))


def _paths(files: Iterable[bytes], session: Session, at: Commit) -> int:
    """Return how many of ``files`` are there at the commit ``at``, whatever they hold."""
    there = {file.partition(b"\t")[2] for file in session.once(_files_of, at.id)}
    return sum(path in there for path in files)


def _file(path: bytes, name: str) -> _File:
    return name.encode() + b"\t" + path


def is_orphan(session: Session, base: Commit) -> bool:
    """Return whether ``base`` has no commit in common with the stable branches, which all have the same first one."""
    branches = session.branches
    if not branches.stable or session.repository.shallow:
        return False
    if branches.of_base(base) or branches.holding([base.id]) or branches.below(base) or branches.developing([base.id]):
        return False  # what ``tip_for`` asks as well, and is known then
    newest = branches.stable[-1].tip
    return not session.repository.git.text("merge-base", base.id, newest, accept=(0, 1))
