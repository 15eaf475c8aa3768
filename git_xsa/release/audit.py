"""Whether a branch has every fix that concerns it: what a release manager had to compare by hand.

What the store has of advisories is compared with the branch, patch by patch (``git_xsa.queue.imported``).  A branch
that has some patches of an advisory and lacks others is the worst case, since its history looks as if it had the fix:
RELEASE-4.6.3 was made with one of the three patches of XSA-155.

What does not concern the branch stops nothing.  Which that is, is told by the advisory's table or recipe.  Where there
is none, because only patch files were taken in, it is approximate:

1. A file whose name ends with an older version than the branch's is not for it.
2. An advisory is older than the branch when commits before the branch's first release say that they fix it and none
   after does, or when its number is well below the highest one that had been fixed by then (``NEAR``): what was fixed
   later than that, on the branches 4.6 to 4.21, is marked on the branch, too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from git_xsa.advisories.names import read_name
from git_xsa.git.repository import Commit
from git_xsa.model.release import Version
from git_xsa.model.words import count
from git_xsa.queue.answer import FoundSeries
from git_xsa.queue.session import Session

#: So far apart two advisories may be that are worked on at the same time.
NEAR = 10
#: So many patches that are there are named.
SHOWN = 3
#: Why an advisory may have nothing for a branch.
_NONE = ("not-named", "other-trees", "no-patches")


@dataclass(frozen=True)
class Audit:
    """What came out: lines on what is missing, remarks that stop nothing, and how many advisories were judged."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    judged: int

    @property
    def summary(self) -> str:
        """The answer in one sentence, when there is no problem."""
        if not self.judged:
            return "the store has no advisory that concerns the branch, so only its own history tells of fixes"
        verb = "concerns" if self.judged == 1 else "concern"
        return f"the branch has all of {count(self.judged, 'advisory')} in the store that {verb} it"


class _Marks:
    """Which advisories commits say they fix: before the branch's first release, and by its tip."""

    def __init__(self, session: Session, first: Commit, tip: Commit, numbers: Collection[int]) -> None:
        before = session.marked_in(first.id, numbers)
        self.before = frozenset(before)
        self.later = frozenset(n for n, found in session.marked_in(tip.id, numbers).items() if found != before.get(n))
        self._highest = max(before, default=0)

    def older(self, number: int) -> bool:
        """Whether the branch was made from what had the fix already."""
        return number not in self.later and (number in self.before or number < self._highest - NEAR)


def audit(session: Session, first: Commit, tip: Commit, skipped: Collection[int]) -> Audit:
    """Return what of the store's advisories the branch lacks at ``tip``; ``first`` is its oldest release.

    The advisories ``skipped`` are left out: a person says that the branch needs no patch of them.
    """
    if session.imported is None:
        return Audit((), (), 0)
    numbers = sorted(session.imported.numbers.difference(skipped))
    session.range(first, tip)  # so that what came since then is recognised as commits, and not by contents alone
    found = [series for question in session.ask(tip, tip, numbers, named=True) for series in question.found]
    marks, version = _Marks(session, first, tip, numbers), session.version_of(tip, tip)
    problems, remarks, judged = [], [], 0
    for series in sorted(found, key=lambda one: one.number):
        problem = _problem(series)
        excuse = _excuse(series, marks, version) if problem else ""
        if not problem:
            judged += bool(series.patches)
        elif excuse is None:
            judged += 1
            problems += problem
        elif excuse:
            remarks.append(f"XSA-{series.number}: {excuse}")
    remarks += [f"XSA-{number} is left out, as asked" for number in sorted(session.imported.numbers & set(skipped))]
    return Audit(tuple(problems), tuple(remarks), judged)


def _problem(series: FoundSeries) -> list[str]:
    """Return what is wrong about one advisory, a line each; none for nothing."""
    name = f"XSA-{series.number}"
    if not series.patches:
        if series.basis == "missing":
            return [f"{name}: the store has no file of the patches that {series.title} lists for the branch"]
        return [f"{name}: {series.remark}"] if series.remark and series.basis not in _NONE else []
    missing = [f"  missing  {patch.name}: {patch.subject}" for patch in series.patches if not patch.present]
    present = [f"  there    {patch.name}: {patch.subject}" for patch in series.patches if patch.present]
    if not missing:
        return []
    if len(present) > SHOWN:
        present = [f"  there    {len(present)} of its {len(series.patches)} patches"]
    return [f"{name} is {'only partly' if present else 'not'} applied:", *present, *missing]


def _excuse(series: FoundSeries, marks: _Marks, version: Version | None) -> str | None:
    """Return why what is wrong about an advisory stops nothing (empty: not even worth a word), else ``None``."""
    later = series.number in marks.later
    if not series.patches:
        known = later or series.number in marks.before
        return "the store lacks its patches, but a commit says that it is the fix" if known else None
    if series.basis == "name":
        if marks.older(series.number):
            return ""
        own = [read_name(patch.name).version for patch in series.patches]
        if version is not None and all(one is not None and one < version for one in own):
            return f"the store has patches for older branches only: {series.label}"
        return None
    if series.basis == "near" and not later and not any(patch.present for patch in series.patches):
        return f"its table does not name the branch, and the branch has none of {series.label}"
    return None
