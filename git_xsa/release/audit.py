"""Whether a branch has every fix that concerns it: what a release manager had to compare by hand.

What the store has of advisories is compared with the branch, patch by patch (``ask.stored_advisories``).  A branch that
has some patches of an advisory and lacks others is the worst case, since its history looks as if it had the fix:
RELEASE-4.6.3 was made with one of the three patches of XSA-155.

What is not public stops nothing either: it is not to be on the branch yet, and releases are made before advisories are
predisclosed.  The ledger says what is public, else patches that the branch has, else the advisory's own text, as in
``git_xsa.release.status``.  Of what is not known to be public, only numbers are shown.

What does not concern the branch stops nothing.  The advisory's table or recipe says which that is.  Where there
is none, because only patch files were taken in, it is approximate:

1. A file whose name ends with an older version than the branch's is not for it.
2. An advisory is older than the branch when commits before the branch's first release say that they fix it and none
   after does, or when its number is well below the highest one that had been fixed by then (``NEAR``): what was fixed
   later than that, on the branches 4.6 to 4.21, is marked on the branch, too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from git_xsa.advisory.file_names import read_name
from git_xsa.ask.by_number import ask, stored_advisories
from git_xsa.ask.session import Session
from git_xsa.ask.tip import version_of
from git_xsa.ask.verdict import FoundSeries
from git_xsa.embargo.rule import Ledger
from git_xsa.embargo.secrecy import Secrecy
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Commit
from git_xsa.model.instant import Instant
from git_xsa.model.release import Version
from git_xsa.release import remarks
from git_xsa.wording import NOTHING, Remark

#: So far apart two advisories may be that are worked on at the same time.
NEAR = 10
#: Why an advisory may have nothing for a branch.
_NONE = ("not-named", "other-trees", "no-patches")


@dataclass(frozen=True)
class Audit:
    """What came out: what is missing, remarks that stop nothing, and how many advisories were judged."""

    problems: tuple[Remark, ...]
    remarks: tuple[Remark, ...]
    judged: int

    @property
    def summary(self) -> Remark:
        """The answer in one sentence, when there is no problem."""
        return remarks.has_all(self.judged) if self.judged else remarks.nothing_to_audit()


class _Marks:
    """Which advisories commits say they fix: before the branch's first release, and by its tip."""

    def __init__(self, session: Session, first: Commit, tip: Commit, numbers: Collection[int]) -> None:
        git = session.repository.git
        by_tip = MarkLog(git, tip.id, numbers)
        before = MarkLog(git, first.id, numbers).commits()
        self.before = frozenset(before)
        self.later = frozenset(n for n, found in by_tip.commits().items() if found != before.get(n))
        self._highest = max(before, default=0)

    def older(self, number: int) -> bool:
        """Whether the branch was made from what had the fix already."""
        return number not in self.later and (number in self.before or number < self._highest - NEAR)


class _Openness:
    """Which advisories are public at an instant."""

    def __init__(self, session: Session, ledger: Ledger, now: Instant) -> None:
        kept = stored_advisories(session)
        self._secrecy = Secrecy(kept.library if kept is not None else None, ledger, now)
        self._listed = {embargo.xsa for embargo in ledger.embargoes}

    def known(self, number: int) -> bool:
        """Whether an advisory is known to be public, so that everything about it may be shown."""
        return self._secrecy.public(number)

    def secret(self, series: FoundSeries) -> bool:
        """Whether an advisory is not to be on the branch yet, as far as is known."""
        listed = series.number in self._listed
        return not self.known(series.number) and (listed or not any(patch.present for patch in series.patches))


def audit(
    session: Session, first: Commit, tip: Commit, skipped: Collection[int], ledger: Ledger, now: Instant
) -> Audit:
    """Return what of the store's advisories the branch lacks at ``tip``; ``first`` is its oldest release.

    The advisories ``skipped`` are left out: a person says that the branch needs no patch of them.  Those that are not
    public at ``now``, by ``ledger`` or the store, are remarks.
    """
    kept = stored_advisories(session)
    if kept is None:
        return Audit((), (), 0)
    numbers = sorted(kept.numbers.difference(skipped))
    session.ranges.between(
        first, tip
    )  # so that what came since then is recognised as commits, and not by contents alone
    found = [series for question in ask(session, tip, tip, numbers, named=True) for series in question.found]
    openness = _Openness(session, ledger, now)
    marks, version = _Marks(session, first, tip, numbers), version_of(session.branches, tip, tip)
    wrong: list[Remark] = []
    said: list[Remark] = []
    judged = 0
    for series in sorted(found, key=lambda one: one.number):
        known = openness.known(series.number)
        problem = _problem(series, known)
        excuse = _excuse(series, marks, version, series.label if known else "") if problem else NOTHING
        if not problem:
            judged += bool(series.patches)
        elif excuse != NOTHING and openness.secret(series):
            said.append(remarks.not_public_yet(series.number))
        elif excuse is None:
            judged += 1
            wrong.append(problem)
        elif excuse:
            said.append(remarks.excused(series.number, excuse))
    said += [remarks.left_out_as_requested(number) for number in sorted(kept.numbers & set(skipped))]
    return Audit(tuple(wrong), tuple(said), judged)


def _problem(series: FoundSeries, known: bool) -> Remark:
    """Return what is wrong about one advisory, in lines; empty for nothing.

    Names and subjects of its patches are shown only when it is known to be public.
    """
    if not series.patches:
        if series.basis == "missing":
            return remarks.no_listed_file(series.number, series.title if known else "")
        if not series.remark or series.basis in _NONE:
            return NOTHING
        if not known:
            return remarks.cannot_be_determined(series.number)
        return remarks.no_certain_patches(series.number, series.remark)
    patches = [
        (patch.present, f"{patch.name}: {patch.subject}" if known else f"patch {place} of {len(series.patches)}")
        for place, patch in enumerate(series.patches, 1)
    ]
    missing = [told for there, told in patches if not there]
    present = [told for there, told in patches if there]
    return remarks.not_all_applied(series.number, present, missing) if missing else NOTHING


def _excuse(series: FoundSeries, marks: _Marks, version: Version | None, label: str) -> Remark | None:
    """Return why what is wrong about an advisory stops nothing (empty: not even worth a word), else ``None``.

    ``label`` is what its patches are called, empty when that must not be shown.
    """
    later = series.number in marks.later
    if not series.patches:
        known = later or series.number in marks.before
        return remarks.only_said_by_a_commit() if known else None
    if series.basis == "name":
        if marks.older(series.number):
            return NOTHING
        own = [read_name(patch.name).version for patch in series.patches]
        if version is not None and all(one is not None and one < version for one in own):
            return remarks.for_older_branches(label)
        return None
    if series.basis == "near" and not later and not any(patch.present for patch in series.patches):
        return remarks.not_in_its_table(label)
    return None
