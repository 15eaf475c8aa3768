"""Releases and advisories: what each advisory is on each release, as one value that every page and table is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from git_xsa.ask.by_advisory import AdvisoryStanding, standings
from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.in_tree import never_affected
from git_xsa.ask.marked import fixed_by_own
from git_xsa.ask.own_store import secret
from git_xsa.ask.question import Question, answers
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import FoundSeries, State, Verdict
from git_xsa.git.branches import Branch
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Commit
from git_xsa.model.instant import Instant
from git_xsa.publish import problems, remarks
from git_xsa.publish.known import AdvisoryNames, names_of
from git_xsa.report.status import DAY, day
from git_xsa.wording import Remark


class CellWord(str, Enum):
    """What an advisory is on a release, in a word."""

    CONFLICT = "conflict"
    MISPLACED = "misplaced"
    NEEDS = "needs"
    ADAPTED = "adapted"
    APPLIES = "applies"
    #: No commit of the branch says that it fixes it, and the store knows no patch for the branch.
    NO_FIX = "no fix"
    #: The advisory has no patch for this branch, or the release lacks the files that the fix changes.
    NOT_AFFECTED = "not affected"
    FIXED = "fixed"

    @property
    def outstanding(self) -> bool:
        """Whether there are patches to apply."""
        return self not in (CellWord.NO_FIX, CellWord.NOT_AFFECTED, CellWord.FIXED)


@dataclass(frozen=True)
class StandingCell:
    """What the advisory ``number`` is on a release.

    ``standing`` is how it stands in the queue of ``verdict``; without one it is in no queue.  ``note`` says more.
    """

    number: int
    word: CellWord
    standing: AdvisoryStanding | None = None
    verdict: Verdict | None = None
    note: str = ""

    @property
    def needs(self) -> int:
        """How many prerequisites it has."""
        return len(self.standing.needed) if self.standing is not None else 0

    @property
    def after(self) -> tuple[int, ...]:
        """The outstanding advisories that come before it."""
        return self.standing.after if self.standing is not None else ()

    @property
    def words(self) -> str:
        """The word, with its number: ``+3`` for an advisory that needs three prerequisites."""
        more = f"+{self.needs}" if self.needs else ""
        if self.word is CellWord.NEEDS:
            return more
        return f"{self.word.value} {more}".rstrip() if self.word is CellWord.ADAPTED else self.word.value


@dataclass(frozen=True)
class ReleaseColumn:
    """A release: its branch if it is one of a stable branch, when it was made, and the answers about it."""

    base: Commit
    tip: Commit
    branch: Branch | None
    released: Instant | None
    verdicts: tuple[Verdict, ...]
    cells: Mapping[int, StandingCell]

    @property
    def series(self) -> dict[int, FoundSeries]:
        """What the store has of each advisory for this branch, by number."""
        return {one.number: one for verdict in self.verdicts for one in verdict.found}

    @property
    def outstanding(self) -> list[StandingCell]:
        """The cells of the advisories that there are patches to apply of."""
        return [cell for cell in self.cells.values() if cell.word.outstanding]

    @property
    def states(self) -> dict[str, int]:
        """How many of these have which word."""
        words = [cell.word for cell in self.outstanding]
        return {word.value: words.count(word) for word in CellWord if word in words}

    @property
    def prerequisites(self) -> int:
        """How many commits its queue needs that fix no outstanding advisory."""
        answers = (verdict.rest or verdict for verdict in self.verdicts)
        return len({position for answer in answers for position in answer.selection.prerequisites})


@dataclass(frozen=True)
class AdvisoryRow:
    """An advisory.

    ``title`` and ``cves`` are those of its text, or else of the commit that fixes it; ``batch`` is when the first such
    commit that one of the releases lacks came to a branch (``None``: none has).  ``secret``: it is treated as being
    under embargo.
    """

    number: int
    title: str = ""
    cves: tuple[str, ...] = ()
    batch: Instant | None = None
    secret: bool = False

    @property
    def name(self) -> str:
        """``XSA-499``."""
        return f"XSA-{self.number}"


@dataclass(frozen=True)
class Standings:
    """The releases and the advisories (newest batch first); ``left_out`` counts those that are under embargo."""

    columns: tuple[ReleaseColumn, ...]
    rows: tuple[AdvisoryRow, ...]
    now: Instant
    left_out: int = 0

    def of_branch(self, name: str) -> list[ReleaseColumn]:
        """Return the releases of a stable branch."""
        return [column for column in self.columns if column.branch is not None and column.branch.name == name]

    @property
    def private(self) -> bool:
        """Whether something in it may be under embargo."""
        return any(row.secret for row in self.rows) or any(
            v.private for column in self.columns for v in column.verdicts
        )

    @property
    def notes(self) -> Sequence[Remark]:
        """What is to be said beside it."""
        return [remarks.hidden(self.left_out)] if self.left_out else []

    @property
    def missing(self) -> Sequence[Remark]:
        """That no release has a fix of some advisories, nor its branch, as far as anything is known of them."""
        unknown = [
            row.number
            for row in self.rows
            if all(column.cells[row.number].word is CellWord.NO_FIX for column in self.columns)
        ]
        return [remarks.not_fixed_anywhere(unknown)] if unknown else []

    def of_batch(self, wanted: str) -> Standings:
        """Return it with the advisories alone whose batch is of the day ``wanted``; empty: of the newest one.

        ``XsaError`` if there are none.
        """
        days = [day(row.batch) for row in self.rows if row.batch is not None]
        chosen = wanted or max(days, default="")
        rows = tuple(row for row in self.rows if row.batch is not None and day(row.batch) == chosen)
        if not rows:
            raise problems.no_such_batch(chosen, sorted(set(days), reverse=True))
        numbers = {row.number for row in rows}
        columns = (
            replace(column, cells={number: cell for number, cell in column.cells.items() if number in numbers})
            for column in self.columns
        )
        return replace(self, columns=tuple(columns), rows=rows)


@dataclass
class _AskedRelease:
    """What is known of a release on the way to its column: the advisories that were asked about, those that it has
    the fix of and those whose files it lacks, and the marked commits of the branch that come after it."""

    base: Commit
    tip: Commit
    numbers: tuple[int, ...] = ()
    own: Collection[int] = ()
    absent: Collection[int] = ()
    later: frozenset[str] = frozenset()
    verdicts: list[Verdict] = field(default_factory=list)


class _First(NamedTuple):
    """The first commit that fixes an advisory, of those that one of the releases lacks, or else (``there``) of all."""

    there: bool
    commit: LoggedCommit

    @property
    def order(self) -> tuple[bool, int]:
        """What is less for the one that counts."""
        return self.there, self.commit.date


class StandingsReader:
    """Asks about releases in ``session``, each once; ``on_base`` is called with each one, its place and their number.

    Without ``embargoed``, nothing that is treated as being under embargo is asked about.
    """

    def __init__(
        self, session: Session, embargoed: bool, on_base: Callable[[str, int, int], None] = lambda *_: None
    ) -> None:
        self._session = session
        self._embargoed = embargoed
        self._on_base = on_base
        self._hidden: set[int] = set()
        self._first: dict[int, _First] = {}

    def read(self, pairs: Sequence[tuple[Commit, Commit]], numbers: Collection[int]) -> Standings:
        """Return what the advisories ``numbers`` (none: all that are outstanding on one of the releases) are on the
        bases of ``pairs``, each with the tip of its branch.

        ``XsaError`` if one of ``numbers`` is under embargo, or an answer has something that is.
        """
        if numbers and not self._embargoed and (hidden := tuple(secret(self._session, numbers))):
            raise problems.under_embargo(hidden)
        asked = {pair[0].id: _AskedRelease(*pair) for pair in pairs}
        for verdict in answers(self._questions(list(asked.values()), numbers), self._session.quarantine):
            self._guard(verdict)
            asked[verdict.base.id].verdicts.append(verdict)
        known = {number for one in asked.values() for number in one.numbers} | set(numbers)
        found = [(one, _cells(one.verdicts)) for one in asked.values()]
        found = self._with_others(found, known)
        releases = self._session.branches.releases
        made = self._session.branches.made(one.base for one in asked.values() if one.base.name in releases)
        columns = tuple(
            ReleaseColumn(
                one.base,
                one.tip,
                self._session.branches.of_base(one.base),
                made.get(one.base.name),
                tuple(one.verdicts),
                cells,
            )
            for one, cells in found
        )
        return Standings(columns, self._rows(columns, known), self._session.now, len(self._hidden))

    def _questions(self, asked: Sequence[_AskedRelease], numbers: Collection[int]) -> Iterator[Question]:
        for place, one in enumerate(asked, 1):
            self._on_base(one.base.name, place, len(asked))
            wanted = sorted(set(numbers)) or self._shown(outstanding(self._session, one.base, one.tip))
            one.numbers = tuple(wanted)
            self._note(one, self._session.ranges.between(one.base, one.tip))
            if wanted:
                yield from ask(self._session, one.base, one.tip, wanted, named=False)

    def _note(self, one: _AskedRelease, history: Range) -> None:
        """Keep what the range shows of advisories that are in no queue: it is read once for all."""
        start = history.position[one.base.id]
        one.later = frozenset(history.commits[p - 1].id for p in history.marked if p > start)
        if history.base is not None:
            one.own = fixed_by_own(history)
            one.absent = never_affected(history, history.advisories.keys())
        for number, positions in history.advisories.items():
            lacking = [position for position in positions if position > start]
            found = _First(not lacking, history.commits[(lacking or positions)[0] - 1])
            if number not in self._first or found.order < self._first[number].order:
                self._first[number] = found

    def _shown(self, numbers: Sequence[int]) -> list[int]:
        if self._embargoed:
            return list(numbers)
        hidden = set(secret(self._session, numbers))
        self._hidden |= hidden
        return [number for number in numbers if number not in hidden]

    def _guard(self, verdict: Verdict) -> None:
        """Raise ``XsaError`` for an answer that has something under embargo, unless that is asked for."""
        if self._embargoed:
            return
        beside = [*(one.position for one in verdict.later), *(one.position for one in verdict.unmarked)]
        shown = {*verdict.selection.queue, *beside}
        named = {number for position in shown for number in verdict.range.marks(position)}
        if verdict.private or secret(self._session, named):
            raise problems.leads_to_embargo(verdict.base.name)

    def _with_others(
        self, found: Sequence[tuple[_AskedRelease, dict[int, StandingCell]]], known: Collection[int]
    ) -> list[tuple[_AskedRelease, dict[int, StandingCell]]]:
        """Return ``found`` with a cell for each advisory in ``known``: those that are in no queue there are fixed in
        the base, or have no fix on the branch."""
        missing: dict[str, set[int]] = {}
        for one, cells in found:
            missing.setdefault(one.tip.id, set()).update(set(known) - cells.keys())
        git = self._session.repository.git
        logs = {tip: MarkLog(git, tip, numbers) for tip, numbers in missing.items()}  # all at a time
        commits = {tip: log.commits() for tip, log in logs.items()}
        for one, cells in found:
            for number in sorted(set(known) - cells.keys()):
                there = number in one.own or any(c not in one.later for c in commits[one.tip.id].get(number, ()))
                absent = CellWord.NOT_AFFECTED if number in one.absent else CellWord.NO_FIX
                cells[number] = StandingCell(number, CellWord.FIXED if there else absent)
        return list(found)

    def _rows(self, columns: Sequence[ReleaseColumn], known: Collection[int]) -> tuple[AdvisoryRow, ...]:
        hidden = set(secret(self._session, known))
        series: dict[int, FoundSeries] = {}
        for column in columns:
            series |= {number: one for number, one in column.series.items() if number not in series}
        rows = []
        for number in sorted(known):
            text, first = series.get(number), self._first[number].commit if number in self._first else None
            own = AdvisoryNames(text.cves, text.headline) if text is not None else AdvisoryNames()
            cves, title = names_of(own, [first.message] if first is not None else [])
            rows.append(AdvisoryRow(number, title, cves, first.date if first is not None else None, number in hidden))
        return tuple(sorted(rows, key=_age, reverse=True))


def _age(row: AdvisoryRow) -> tuple[bool, int, int]:
    """Return what rows are sorted by: no batch counts as the newest one, and a batch is a day."""
    return (row.batch is None, (row.batch or 0) // DAY, row.number)


def _cells(verdicts: Sequence[Verdict]) -> dict[int, StandingCell]:
    """Return the cell of each advisory that the answers about a release say something of, by number."""
    cells: dict[int, StandingCell] = {}
    for verdict in verdicts:
        changed = {n for position in verdict.selection.wanted for n in verdict.xsa_of.get(position, ())}
        for standing in standings(verdict, sorted(changed)):
            cells[standing.number] = StandingCell(standing.number, _word(standing), standing, verdict)
        for series in verdict.found:
            if series.number not in cells:
                cells[series.number] = _apart(verdict, series)
    return cells


def _word(standing: AdvisoryStanding) -> CellWord:
    if standing.conflicts:
        return CellWord.CONFLICT
    if standing.adapted:
        return CellWord.ADAPTED
    if standing.misplaced:
        return CellWord.MISPLACED
    return CellWord.NEEDS if standing.needed else CellWord.APPLIES


def _apart(verdict: Verdict, series: FoundSeries) -> StandingCell:
    """Return what an advisory of the store is of which no change is in the queue."""
    if series.number in verdict.present:
        return StandingCell(series.number, CellWord.FIXED, verdict=verdict)
    if series.patches and verdict.state is State.CONFLICTS:
        return StandingCell(series.number, CellWord.CONFLICT, verdict=verdict, note=series.remark)
    if series.number in verdict.unresolved:
        return StandingCell(series.number, CellWord.NO_FIX, verdict=verdict, note=series.reason)
    return StandingCell(series.number, CellWord.NOT_AFFECTED, verdict=verdict, note=series.reason)
