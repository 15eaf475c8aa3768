"""Choose what a check is about: the newest release of each supported branch, or the bases that were named; and say
which supported branches the clone lacks.

"No advisory is outstanding" holds only for branches that the clone has whole.  A clone lacks a branch when no remote
fetches it (``git clone --single-branch``, and ``--depth``, which implies that), when it has the release tags of a
supported version but no such branch, when it lacks a supported branch's release tags, and when it is too shallow to
reach from a branch to its release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from git_xsa.ask import problems, remarks
from git_xsa.ask.base import find_base
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.errors import XsaError
from git_xsa.git.branches import Branch
from git_xsa.git.repository import Commit
from git_xsa.wording import Remark


@dataclass(frozen=True)
class Targets:
    """The pairs of base and tip that a check is about, remarks on what was left out on purpose, and, a sentence each,
    which supported branches could not be looked at."""

    pairs: tuple[tuple[Commit, Commit], ...]
    remarks: tuple[Remark, ...] = ()
    lacking: tuple[Remark, ...] = ()


def targets(
    session: Session,
    bases: Sequence[str],
    pattern: str | None,
    everything: bool,
    today: date,
    lists: Sequence[str] = (),
    place: str = "",
) -> Targets:
    """Return what a check is about; ``lists`` are packages whose patches are on each of ``bases``, as far as they come
    before ``place``.

    Without ``bases``: the newest release of each branch that gets security fixes (of each one with
    ``everything``), limited to branches that match ``pattern``.  Raises ``XsaError`` when that leaves nothing.
    """
    if bases:
        return Targets(
            tuple(
                (base, _tip_of(session, base, pattern))
                for base in (find_base(session, name, lists, place, pattern or "") for name in bases)
            )
        )
    development = next((branch for branch in session.branches.development if branch.name == pattern), None)
    if development is not None:  # which no release is made of
        return Targets(((development.end, development.end),))
    chosen_branches, left = chosen(session, pattern, everything, today)
    lacking = session.branches.lacking(pattern, today)
    left_alone: list[Remark] = []
    for branch in chosen_branches:
        if not branch.releases:
            stated = session.branches.security_support_ends(branch) is not None
            (lacking if stated or session.repository.shallow else left_alone).append(
                remarks.no_release_tag(branch.name)
            )
    pairs = [(branch.releases[0], branch.end) for branch in chosen_branches if branch.releases]
    if not pairs:  # nothing would be checked, and that is no "yes"
        raise no_release(session)
    if session.repository.shallow:
        pairs, cut = _deep_enough(session, pairs)
        lacking += cut
    if left:
        left_alone.append(remarks.without_support(len(left)))
    return Targets(tuple(pairs), tuple(left_alone), tuple(lacking))


def _deep_enough(
    session: Session, pairs: Sequence[tuple[Commit, Commit]]
) -> tuple[list[tuple[Commit, Commit]], list[Remark]]:
    """Return the pairs of a shallow clone that it has everything between, and why each of the others can't be judged.

    Raises the first reason where none can.
    """
    reasons = [_trouble(session, *pair) for pair in pairs]
    found = [error for error in reasons if error is not None]
    if len(found) == len(pairs):
        raise found[0]
    return [pair for pair, error in zip(pairs, reasons, strict=True) if error is None], [error.what for error in found]


def _trouble(session: Session, base: Commit, tip: Commit) -> XsaError | None:
    """Return why the range from ``base`` to ``tip`` can't be read, ``None`` when it can."""
    try:
        session.ranges.between(base, tip)
    except XsaError as error:
        return error
    return None


def chosen(session: Session, pattern: str | None, everything: bool, today: date) -> tuple[list[Branch], list[Branch]]:
    """Return the branches that get security fixes (all of them with ``everything``) and match ``pattern``, and
    those that were left out for want of support.

    Raises ``UsageError`` when the pattern leaves none, ``XsaError`` when there is none at all.
    """
    taken, left = session.branches.supported(today)
    if everything:
        taken, left = session.branches.stable, []
    if pattern is not None:
        matching = session.branches.matching(pattern)
        if not matching:
            raise problems.no_such_branch(pattern)
        if not [branch for branch in taken if branch in matching]:
            names = ", ".join(branch.name for branch in matching)
            raise problems.unsupported_branches(names)
        taken, left = [branch for branch in taken if branch in matching], []
    if not taken:
        raise no_branch(session, everything)
    return taken, left


def no_branch(session: Session, everything: bool) -> XsaError:
    """Return the error that there is nothing to check; ``everything``: nor any branch without support."""
    folder, pattern = session.repository.folder, session.settings.stable_branch
    if session.repository.shallow:
        return problems.no_branch_here(folder, everything)
    if not everything and session.branches.stable:
        return problems.no_supported_branch(folder, pattern)
    if session.branches.unfetched():
        return problems.no_branch_fetched(folder, everything, session.repository.missing_branches_hint())
    return problems.no_branch(folder, everything, pattern)


def no_release(session: Session) -> XsaError:
    """Return the error that no stable branch has a release, so that there is nothing to say of any."""
    return problems.no_release_tags(session.repository.folder, session.repository.shallow)


def _tip_of(session: Session, base: Commit, pattern: str | None) -> Commit:
    if pattern is None:
        return tip_for(session, base)
    matching = session.branches.matching(pattern)
    matching = matching or [branch for branch in session.branches.development if branch.name == pattern][:1]
    if len(matching) != 1:
        raise problems.not_one_branch(pattern, several=bool(matching))
    return matching[0].end
