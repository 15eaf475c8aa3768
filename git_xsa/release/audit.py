"""Whether a branch has every fix that concerns it: what a release manager had to compare by hand.

What the store has of advisories is compared with the branch, patch by patch (``git_xsa.queue.imported``).  A branch
that has some patches of an advisory and lacks others is the worst case, since its history looks as if it had the fix:
RELEASE-4.6.3 was made with one of the three patches of XSA-155.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from git_xsa.git.repository import Commit
from git_xsa.model.words import count
from git_xsa.queue.answer import FoundSeries
from git_xsa.queue.session import Session


@dataclass(frozen=True)
class Audit:
    """What came out: sentences on what is missing, remarks that stop nothing, and how many advisories were judged."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    judged: int

    @property
    def summary(self) -> str:
        """The answer in one sentence, when there is no problem."""
        if not self.judged:
            return "the store has no advisory that concerns the branch, so only its own history tells of fixes"
        return f"the branch has all of {count(self.judged, 'advisory')} in the store that concern it"


def audit(session: Session, last: Commit, tip: Commit, skipped: Collection[int]) -> Audit:
    """Return what of the store's advisories the branch lacks at ``tip``; ``last`` is its last release.

    The advisories ``skipped`` are left out: a person says that the branch needs no patch of them.
    """
    if session.imported is None:
        return Audit((), (), 0)
    numbers = sorted(session.imported.numbers.difference(skipped))
    session.range(last, tip)  # so that what was applied since then is recognised as commits
    found = [series for question in session.ask(tip, tip, numbers, named=True) for series in question.found]
    problems, remarks, judged = [], [], 0
    for series in sorted(found, key=lambda one: one.number):
        problem = _problem(series)
        marked = bool(problem) and not series.patches and _marked(session, tip, series.number)
        if problem and not marked:
            problems.append(problem)
        judged += bool(series.patches) or bool(problem)
        remarks += [] if problem and not marked else _remarks(series, marked)
    remarks += [f"XSA-{number} is left out, as asked" for number in sorted(session.imported.numbers & set(skipped))]
    return Audit(tuple(problems), tuple(remarks), judged)


def _problem(series: FoundSeries) -> str:
    """Return what is wrong about one advisory, empty for nothing."""
    name = f"XSA-{series.number}"
    if not series.patches:
        if series.basis == "missing":
            return f"{name}: the store has no file of the patches that {series.title} lists for the branch"
        return f"{name}: {series.remark}" if series.remark and series.basis not in _NONE else ""
    missing = [f"{patch.name} ({patch.subject})" for patch in series.patches if not patch.present]
    if not missing:
        return ""
    present = [patch.name for patch in series.patches if patch.present]
    if present:
        return f"{name} is only partly applied: {_names(present)} is in, {_names(missing)} is missing"
    return f"{name} is not applied: {_names(missing)} is missing"


#: Why an advisory may have nothing for a branch.
_NONE = ("not-named", "other-trees", "no-patches")


def _remarks(series: FoundSeries, marked: bool) -> list[str]:
    if marked:
        return [f"XSA-{series.number}: the store lacks its patches, but a commit says that it is the fix"]
    return []


def _marked(session: Session, tip: Commit, number: int) -> bool:
    return bool(session.marked_in(tip.id, [number]))


def _names(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
