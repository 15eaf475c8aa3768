"""The stable branches of a report: what came to each, what its newest release lacks, and when a release is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from git_xsa.ask.own_store import secret
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import Verdict
from git_xsa.git.branches import Branch
from git_xsa.git.log import LoggedCommit
from git_xsa.model.instant import Instant, rfc3339
from git_xsa.publish import problems
from git_xsa.publish.picture import Bar, bars_picture
from git_xsa.publish.releases import BetweenReleases, BranchPast, branch_past, short_name
from git_xsa.publish.standings import ReleaseColumn, Standings
from git_xsa.release.status import BranchStatus, StatusReader
from git_xsa.report.status import due_words, reason


@dataclass(frozen=True)
class BranchReport:
    """A branch: its status at ``now``, what came to it, and the column of its newest release if that is shown."""

    status: BranchStatus
    past: BranchPast
    newest: ReleaseColumn | None
    now: Instant

    @property
    def name(self) -> str:
        """The branch's name."""
        return self.past.branch.name

    def document(self) -> dict[str, Any]:
        """Return what the first page says of the branch."""
        status, due = self.status, self.status.due
        return {
            "branch": self.name,
            "tip": self.past.branch.tip,
            "release": status.release.name if status.release is not None else None,
            "released": rfc3339(status.released) if status.released is not None else None,
            "released_at": status.released,
            "security_until": status.security_until.isoformat() if status.security_until is not None else None,
            "commits": status.commits,
            "fixes": status.fixes,
            "due": due.kind.value,
            "due_words": due_words(due, self.now),
            "due_acts": due.acts(self.now),
            "reason": reason(status, self.now),
            "frozen_until": rfc3339(due.not_before) if due.not_before is not None else None,
            "outstanding": len(self.newest.outstanding) if self.newest is not None else 0,
            "states": self.newest.states if self.newest is not None else {},
        }

    def more(self, shown: Standings) -> dict[str, Any]:
        """Return what the branch's own page says besides."""
        columns = shown.of_branch(self.name)[::-1]
        return {
            "since": [_commit(commit, numbers) for commit, numbers in self.past.since],
            "between": [_between(one) for one in self.past.between],
            "pictures": {
                "share": bars_picture([_share(one) for one in self.past.between], "Commits of each release"),
                "needs": bars_picture([_needs(column) for column in columns], "What each release lacks"),
            },
        }


def _commit(commit: LoggedCommit, numbers: Iterable[int]) -> dict[str, Any]:
    return {"commit": commit.id, "subject": commit.subject, "date": rfc3339(commit.date), "xsa": list(numbers)}


def _percent(one: BetweenReleases) -> int:
    return round(100 * one.fixes / one.commits) if one.commits else 0


def _between(one: BetweenReleases) -> dict[str, Any]:
    share = {"commits": one.commits, "fixes": one.fixes, "percent": _percent(one)}
    return {"release": one.name, "released": rfc3339(one.released), **share}


def _share(one: BetweenReleases) -> Bar:
    words = f"{one.name}: {one.commits} commits, {one.fixes} of them security fixes ({_percent(one)} %)"
    return Bar(short_name(one.name), f"{_percent(one)} %", one.fixes, one.commits - one.fixes, words)


def _needs(column: ReleaseColumn) -> Bar:
    number, needs = len(column.outstanding), column.prerequisites
    words = f"{column.base.name}: {number} outstanding advisories, {needs} prerequisites"
    return Bar(short_name(column.base.name), f"{number} + {needs}", number, needs, words)


def branch_reports(session: Session, shown: Standings, embargoed: bool, now: Instant) -> tuple[BranchReport, ...]:
    """Return what there is to say of each branch that a release in ``shown`` is of, in their order there.

    Only with ``embargoed`` do embargoes and freezes count.  The answers are those of ``shown``: nothing is asked again.
    """
    today = datetime.fromtimestamp(now, timezone.utc).date()
    supported = {branch.name for branch in session.branches.supported(today)[0]}
    reader = StatusReader(session, now, public=not embargoed)
    branches: dict[str, Branch] = {c.branch.name: c.branch for c in shown.columns if c.branch is not None}
    columns = {column.base.id: column for column in shown.columns}
    found = []
    for branch in branches.values():
        past = branch_past(session, branch)
        if not embargoed and secret(session, {number for _, numbers in past.since for number in numbers}):
            raise problems.leads_to_embargo(branch.name)
        newest = columns.get(branch.releases[0].id)
        answered: Mapping[str, tuple[Verdict, ...]] = {branch.releases[0].name: newest.verdicts if newest else ()}
        status = reader.read([branch], 0, supported, answered)
        found.append(BranchReport(status.branches[0], past, newest, now))
    return tuple(found)
