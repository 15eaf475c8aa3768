"""The state of the stable branches for who releases them: what each one has, lacks, waits for, and what is due.

Of an advisory there are its number, dates and counts in here, and never a word of its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from git_xsa.advisory.problems import StoreError
from git_xsa.advisory.store_place import open_store
from git_xsa.ask.by_advisory import AdvisoryStanding, standings
from git_xsa.ask.by_number import ask, outstanding, stored_advisories
from git_xsa.ask.own_store import secret
from git_xsa.ask.question import Question, answers
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import FoundSeries, State, Verdict
from git_xsa.embargo.ledger import EmbargoLedger
from git_xsa.embargo.rule import HEADS, Embargo, Freeze, Ledger, freeze_at, windows
from git_xsa.embargo.secrecy import Secrecy
from git_xsa.embargo.settings import freeze_rules
from git_xsa.embargo.staging import Waiting, staging_tips, waiting
from git_xsa.errors import XsaError
from git_xsa.git.branches import Branch
from git_xsa.git.repository import Commit
from git_xsa.model.instant import Instant
from git_xsa.model.marks import marked_advisories
from git_xsa.model.release import next_release, spelled
from git_xsa.release import problems
from git_xsa.release.due import Due, DueAdvisory, Facts, Landing, due
from git_xsa.release.edits import fits_template
from git_xsa.release.settings import ReleaseSettings

#: How a patch of the store is in a branch's queue when the branch has no such commit.
NOT_IN_BRANCH = ("placed", "nowhere")


@dataclass(frozen=True)
class AdvisoryStatus:
    """An advisory whose fix the last release lacks.

    ``state`` is what the check says of it on that release, together with the other ones (``None``: it could not be
    asked), ``needs`` how many prerequisites it has and ``after`` which advisories come before it.  ``landed_at`` is
    when its last commit came to the branch.
    """

    rule: DueAdvisory
    state: State | None = None
    needs: int = 0
    after: tuple[int, ...] = ()
    landed_at: Instant | None = None


@dataclass(frozen=True)
class Staging:
    """The staging branch: its name, how many commits wait in it, how many of them are security fixes, and how many the
    stable branch has that it lacks."""

    name: str
    ahead: int
    fixes: int
    behind: int


@dataclass(frozen=True)
class BranchStatus:
    """One stable branch.

    ``release`` is its last one, made at ``released``; both are ``None`` when it has none, and then ``commits`` (since
    then, those that only set the version left out) and ``fixes`` (how many of them are security fixes) are 0.
    ``version`` is that of the last release, ``following`` that of the next one, both empty if there is none.
    ``frozen`` is whether a freeze would concern it.
    ``security_until`` is the last day of its security support, if it names one.
    """

    branch: Branch
    supported: bool
    security_until: date | None
    release: Commit | None
    version: str
    following: str
    released: Instant | None
    commits: int
    fixes: int
    staging: Staging | None
    advisories: tuple[AdvisoryStatus, ...]
    frozen: bool
    due: Due
    verdicts: tuple[State, ...] = ()


@dataclass(frozen=True)
class Status:
    """Everything at ``now``.

    ``fetched`` is when git fetched last, ``newest`` when the newest commit of a branch was made (both ``None``: not
    known).  ``freeze`` is the one in force and ``coming`` the next ones; ``ledger`` is ``None`` when it can't be read,
    for the reason ``trouble``.  ``left_out`` counts the branches without security support that were not looked at.
    """

    now: Instant
    fetched: Instant | None
    newest: Instant | None
    branches: tuple[BranchStatus, ...]
    left_out: int
    ledger: Ledger | None
    trouble: XsaError | None
    freeze: Freeze | None
    coming: tuple[tuple[Instant, Instant], ...]

    @property
    def exit_status(self) -> int:
        """0 nothing is to be done now, 1 a release is, 2 an advisory can't be applied even with the whole branch, 128
        what is frozen is not known."""
        if self.trouble is not None:
            return self.trouble.status
        if any(State.CONFLICTS in status.verdicts for status in self.branches):
            return 2
        return int(any(status.due.acts(self.now) for status in self.branches))


@dataclass
class _Read:
    """What has been read of a branch on the way to its status."""

    branch: Branch
    commits: int = 0
    fixes: int = 0
    advisories: dict[int, AdvisoryStatus] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)


class StatusReader:
    """Reads the status in ``session`` as of ``now``; ``on_branch`` is called with each branch before it is read.

    With ``public``, embargoes and freezes that last are left out, as if there were none.
    """

    def __init__(
        self, session: Session, now: Instant, on_branch: Callable[[str], None] = lambda _: None, public: bool = False
    ) -> None:
        self._session = session
        self._now = now
        self._on_branch = on_branch
        ledger, self._trouble = self._read_ledger()
        self._public = public
        self._ledger = ledger if not public else Ledger(tuple(_over(ledger, now)))
        self._settings = session.settings.of(ReleaseSettings)
        self._rules = freeze_rules(session.settings)
        self._freeze = freeze_at(self._ledger, now) if self._ledger is not None else None
        self._sets_version = fits_template(self._settings.message)
        self._embargoes = {embargo.xsa: embargo for embargo in self._ledger.embargoes} if self._ledger else {}
        kept = stored_advisories(session)
        self._secrecy = Secrecy(kept.library if kept is not None else None, ledger, now)

    def _read_ledger(self) -> tuple[Ledger | None, XsaError | None]:
        try:
            return EmbargoLedger(open_store(self._session.settings)).ledger, None
        except StoreError as error:
            return None, error

    def read(
        self,
        chosen: Sequence[Branch],
        left_out: int,
        supported: set[str],
        answered: Mapping[str, Sequence[Verdict]] | None = None,
    ) -> Status:
        """Return the status of the branches ``chosen``; ``supported`` are the names of those with security support.

        ``answered`` are the answers about all that is outstanding on the last releases, by the releases' names, where
        they are known already."""
        repository = self._session.repository
        if repository.shallow:
            self._refuse_without_release(chosen)
        made = self._session.branches.made(branch.releases[0] for branch in chosen if branch.releases)
        tips = staging_tips(repository, self._session.settings)
        read = {branch.name: _Read(branch) for branch in chosen}
        of_base = {branch.releases[0].name: read[branch.name] for branch in chosen if branch.releases}
        if answered is not None:
            for name, found in of_base.items():
                self._count(found)
                for verdict in answered[name]:
                    self._take(found, verdict)
        else:
            for verdict in answers(self._questions(read.values()), self._session.quarantine):
                self._take(of_base[verdict.base.name], verdict)
        statuses = [self._status(found, made, tips, found.branch.name in supported) for found in read.values()]
        coming = windows(self._ledger, self._now) if self._ledger is not None else ()
        return Status(
            self._now,
            repository.fetched(),
            repository.newest(),
            tuple(statuses),
            left_out,
            self._ledger,
            self._trouble,
            self._freeze,
            tuple(window for window in coming if window[0] > self._now),
        )

    def _refuse_without_release(self, chosen: Sequence[Branch]) -> None:
        """Raise ``XsaError`` for a branch that has no release in a shallow clone: it may have one elsewhere."""
        for branch in chosen:
            if not branch.releases:
                repository = self._session.repository
                raise problems.no_release_tag_in(branch.name, repository.folder, repository.missing_hint())

    # What waits for a release

    def _questions(self, branches: Iterable[_Read]) -> Iterator[Question]:
        """Yield what is to be asked about the last release of each branch."""
        count = len(list(branches))
        for number, found in enumerate(branches, 1):
            branch = found.branch
            if not branch.releases:
                continue
            self._on_branch(f"{branch.name} ({number} of {count})")
            base, tip = branch.releases[0], branch.end
            self._count(found)
            if numbers := outstanding(self._session, base, tip):
                yield from ask(self._session, base, tip, numbers, named=False)

    def _count(self, found: _Read) -> None:
        """Count the commits since the last release of a branch."""
        base = found.branch.releases[0]
        history = self._session.ranges.between(base, found.branch.end)
        since = range(history.position[base.id] + 1, history.size + 1)
        own = [p for p in since if not self._sets_version.fullmatch(history.commits[p - 1].subject)]
        found.commits = len(own)
        found.fixes = sum(bool(history.marks(position)) for position in own)

    def _take(self, found: _Read, verdict: Verdict) -> None:
        """Put what a verdict says of each of its advisories into ``found``."""
        found.states.append(verdict.state)
        changed = {number for position in verdict.selection.wanted for number in verdict.xsa_of.get(position, ())}
        series = {one.number: one for one in verdict.found}
        standing = {one.number: one for one in standings(verdict, sorted(changed))}
        for number in sorted(changed | series.keys()):
            landing = _landing(series[number]) if number in series else Landing.LANDED
            own = standing.get(number)
            rule = self._rule(number, landing, own.state is State.APPLIES if own is not None else None)
            found.advisories[number] = _advisory(verdict, rule, own)

    def _rule(self, number: int, landing: Landing, fits: bool | None) -> DueAdvisory:
        """Return what the rule knows of an advisory: the ledger says whether it is under embargo, or else the
        branch, or else what is known of it."""
        embargo = self._embargoes.get(number)
        if embargo is None and landing in (Landing.LANDED, Landing.PARTLY, Landing.STAGING):
            return DueAdvisory(number, landing, fits=fits)
        until = embargo.ends if embargo is not None else None
        return DueAdvisory(number, landing, not self._secrecy.public(number), until, fits)

    def _in_staging(self, found: _Read, wait: Waiting | None) -> None:
        """Add what waits for the gate: advisories that staging has the fixes of, and the branch none."""
        marked = {number for message in wait.messages for number in marked_advisories(message)} if wait else set()
        for number in sorted(marked):
            if self._public and secret(self._session, [number]):
                continue
            known = found.advisories.get(number)
            if known is None:
                found.advisories[number] = AdvisoryStatus(self._rule(number, Landing.STAGING, None))
            elif known.rule.landing in (Landing.MISSING, Landing.UNKNOWN):
                rule = self._rule(number, Landing.STAGING, known.rule.fits)
                found.advisories[number] = replace(known, rule=rule)

    def _in_ledger(self, found: _Read, released: Instant | None) -> None:
        """Add what nothing but the ledger knows of: embargoes that last, and those that ended after the release."""
        kept = stored_advisories(self._session)
        known = kept.numbers if kept is not None else frozenset()
        for number, embargo in sorted(self._embargoes.items()):
            if number in found.advisories or number in known or embargo.since >= embargo.ends:
                continue
            if self._now < embargo.ends or (released is not None and released < embargo.ends):
                found.advisories[number] = AdvisoryStatus(self._rule(number, Landing.UNKNOWN, None))

    # The whole

    def _versions(self, branch: Branch) -> tuple[str, str]:
        """Return the versions of the last release and of the next one; empty where there is none."""
        if not branch.releases:
            return "", ""
        last, _ = self._session.branches.releases[branch.releases[0].name]
        following = next_release(branch.version, last)
        return spelled(last), spelled(following) if following is not None else ""

    def _status(
        self, found: _Read, made: dict[str, Instant], tips: dict[str, frozenset[str]], supported: bool
    ) -> BranchStatus:
        branch = found.branch
        reference = HEADS + branch.name
        name = self._rules.staging_of(reference) or ""
        wait = waiting(self._session.repository, branch.tip, tips[name]) if name in tips else None
        release = branch.releases[0] if branch.releases else None
        released = made.get(release.name) if release is not None else None
        if release is not None:
            self._in_staging(found, wait)
            self._in_ledger(found, released)
        advisories = tuple(advisory for _, advisory in sorted(found.advisories.items()))
        frozen = self._rules.frozen(reference)
        staging = _staging(name, wait) if wait is not None else None
        facts = Facts(
            supported,
            released,
            self._settings.interval,
            found.commits,
            sum(not self._sets_version.fullmatch(subject_of(message)) for message in wait.messages) if wait else 0,
            tuple(advisory.rule for advisory in advisories),
            self._freeze.ends if frozen and self._freeze is not None else None,
            self._ledger is not None or not frozen,
        )
        return BranchStatus(
            branch, supported, self._session.branches.security_support_ends(branch), release, *self._versions(branch),
            released, found.commits, found.fixes, staging, advisories, frozen, due(facts, self._now),
            tuple(found.states),
        )  # fmt: skip


def _advisory(verdict: Verdict, rule: DueAdvisory, own: AdvisoryStanding | None) -> AdvisoryStatus:
    """Return the status of an advisory; ``own`` is how it stands in the answer's queue, if it is there.

    A patch that fits nowhere on the branch is in no queue.  A release would not help it, so the rule doesn't know it.
    """
    if own is None:
        return AdvisoryStatus(rule, State.CONFLICTS if verdict.state is State.CONFLICTS else None)
    landed = [position for position in own.own if position <= verdict.range.size]
    when = verdict.range.commits[max(landed) - 1].date if landed else None
    return AdvisoryStatus(rule, own.state, len(own.needed), own.after, when)


def _over(ledger: Ledger | None, now: Instant) -> Iterator[Embargo]:
    """Yield the embargoes that are over at ``now``."""
    if ledger is not None:
        yield from (embargo for embargo in ledger.embargoes if embargo.ends <= now)


def subject_of(message: str) -> str:
    """Return the first line of a commit's message."""
    return message.partition("\n")[0]


def _staging(name: str, wait: Waiting) -> Staging:
    fixes = sum(bool(marked_advisories(message)) for message in wait.messages)
    return Staging(name, len(wait.messages), fixes, wait.behind)


def _landing(series: FoundSeries) -> Landing:
    """Return how much of what the store has of an advisory is in the branch."""
    pending = [patch for patch in series.patches if not patch.present and patch.how in NOT_IN_BRANCH]
    if not series.patches:
        return Landing.UNKNOWN
    if not pending:
        return Landing.LANDED
    return Landing.MISSING if len(pending) == len(series.patches) else Landing.PARTLY
