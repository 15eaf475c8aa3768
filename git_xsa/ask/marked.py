"""Ask about advisories by the branch's own commits: those whose messages say that they fix one."""

from __future__ import annotations

from collections.abc import Iterable

from git_xsa.ask.compose import compose
from git_xsa.ask.in_tree import never_affected
from git_xsa.ask.own_fixes import OwnFixes
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.git.log import Range
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Commit


def ask_marked(session: Session, base: Commit, tip: Commit, numbers: Iterable[int]) -> Question:
    """Ask about the commits that fix the advisories ``numbers`` between ``base`` and ``tip``, all together."""
    asked = tuple(sorted(set(numbers)))
    history = session.ranges.between(base, tip)
    start = history.position[base.id]
    xsa_of: dict[int, list[int]] = {}
    own = OwnFixes(history, asked)
    for number in sorted(set(asked) - own.advisories):
        for position in history.advisories.get(number, ()):
            if position > start:
                xsa_of.setdefault(0 if position in own.commits else position, []).append(number)
    return compose(session, base, tip, history, {p: tuple(n) for p, n in xsa_of.items()}, asked)


def ask_named(session: Session, base: Commit, tip: Commit, numbers: Iterable[int]) -> Question:
    """Ask as ``ask_marked`` does, but about advisories that a person named: those in the base count, too.

    An advisory that is not fixed after the base is looked for in the base's whole history, the others only since
    the branch's first release (an early part of a fix).
    """
    asked = set(numbers)
    branch = session.branches.of_base(base._replace(id=base.lasting))
    since = (branch.releases[-1].id,) if branch is not None else ()
    fixes = MarkLog(session.repository.git, base.id, asked, since)  # while the range is read
    question = ask_marked(session, base, tip, asked)
    later = {number for found in question.xsa_of.values() for number in found}
    present = fixes.commits().keys() | OwnFixes(question.range, asked).advisories
    present |= fixed(session, base, asked - later - present)  # the whole history takes longer than all the rest
    if not present:
        return question
    patches = {one.position for one in question.unmarked if one.patch}
    xsa_of = {p: numbers for p, numbers in question.xsa_of.items() if p not in patches}
    xsa_of = {0: tuple(sorted(present)), **xsa_of}
    return compose(session, base, tip, question.range, xsa_of, question.asked)


def fixed(session: Session, base: Commit, numbers: Iterable[int]) -> set[int]:
    """Return those of the advisories ``numbers`` that commits in the base's history say they fix."""
    return set(MarkLog(session.repository.git, base.id, set(numbers)).commits())


def fixed_by_own(history: Range) -> set[int]:
    """Return the advisories that the base's own commits, since it left the branch, fix (``OwnFixes``)."""
    return OwnFixes(history, history.advisories.keys()).advisories


def fixed_later(session: Session, base: Commit, tip: Commit) -> list[int]:
    """Return the advisories that commits after ``base`` fix, by number, but for those of which it lacks the files."""
    history = session.ranges.between(base, tip)
    position = history.position[base.id]
    own = fixed_by_own(history)
    lacking = {n for n, fixes in history.advisories.items() if fixes[-1] > position and n not in own}
    return sorted(lacking - never_affected(history, lacking))
