"""Releases and advisories: what each advisory is on each release, as one value that every page and table is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from git_xsa.ask.by_advisory import AdvisoryStanding, standings
from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.marked import fixed
from git_xsa.ask.question import Question, answers
from git_xsa.ask.session import Session
from git_xsa.ask.stored import secret
from git_xsa.ask.verdict import FoundSeries, State, Verdict
from git_xsa.embargo.rule import Instant
from git_xsa.git.branches import Branch
from git_xsa.git.repository import Commit
from git_xsa.publish import problems


class CellWord(str, Enum):
    """What an advisory is on a release, in a word."""

    APPLIES = "applies"
    NEEDS = "needs"
    ADAPTED = "adapted"
    MISPLACED = "misplaced"
    CONFLICT = "conflict"
    FIXED = "fixed"
    #: The advisory has no patch for this branch.
    NOT_AFFECTED = "not affected"
    #: No commit of the branch says that it fixes it, and the store does not know it.
    NO_FIX = "no fix"
    EMBARGOED = "embargoed"


@dataclass(frozen=True)
class StandingCell:
    """What the advisory ``number`` is on a release.

    ``needs`` are its prerequisites, and ``after`` the outstanding advisories that come before it, in the queue of
    ``verdict``; without a verdict it is in no queue.
    """

    number: int
    word: CellWord
    needs: int = 0
    after: tuple[int, ...] = ()
    standing: AdvisoryStanding | None = None
    verdict: Verdict | None = None

    @property
    def words(self) -> str:
        """The word and its number: ``+3`` for an advisory that needs three prerequisites."""
        return f"+{self.needs}" if self.word is CellWord.NEEDS else self.word.value


@dataclass(frozen=True)
class ReleaseColumn:
    """A release: its branch if it is one of a stable branch, when it was made, and the answers about it."""

    base: Commit
    tip: Commit
    branch: Branch | None
    released: Instant | None
    verdicts: tuple[Verdict, ...]
    cells: dict[int, StandingCell]

    @property
    def series(self) -> dict[int, FoundSeries]:
        """What the store has of each advisory for this branch, by number."""
        return {one.number: one for verdict in self.verdicts for one in verdict.found}


@dataclass(frozen=True)
class AdvisoryRow:
    """An advisory: its title and CVE numbers as far as its text is in the store, the instant of its batch (when the
    first of its commits came to a branch; ``None``: none has), and whether it is treated as being under embargo."""

    number: int
    title: str = ""
    cves: tuple[str, ...] = ()
    batch: Instant | None = None
    secret: bool = False


@dataclass(frozen=True)
class Standings:
    """The releases, the advisories (newest batch first), and how many were left out as they are under embargo."""

    columns: tuple[ReleaseColumn, ...]
    rows: tuple[AdvisoryRow, ...]
    now: Instant
    left_out: int = 0

    @property
    def private(self) -> bool:
        """Whether something in it may be under embargo."""
        return any(row.secret for row in self.rows) or any(
            v.private for column in self.columns for v in column.verdicts
        )


@dataclass
class _AskedRelease:
    """What is known of a release on the way to its column."""

    base: Commit
    tip: Commit
    numbers: tuple[int, ...] = ()


class StandingsReader:
    """Asks about releases in ``session``, each once.

    Without ``embargoed`` nothing that is treated as being under embargo is asked about.
    """

    def __init__(
        self, session: Session, embargoed: bool, on_base: Callable[[str, int, int], None] = lambda *_: None
    ) -> None:
        self._session = session
        self._embargoed = embargoed
        self._on_base = on_base
        self._hidden: set[int] = set()

    def read(self, pairs: Sequence[tuple[Commit, Commit]], numbers: Collection[int]) -> Standings:
        """Return what the advisories ``numbers`` (none: all that are outstanding on one of the releases) are on the
        bases of ``pairs``, each with the tip of its branch.

        ``XsaError`` if one of ``numbers`` is under embargo, or an answer has something that is.
        """
        if numbers and not self._embargoed and (hidden := tuple(secret(self._session, numbers))):
            raise problems.under_embargo(hidden)
        asked = [_AskedRelease(*pair) for pair in pairs]
        found: list[list[Verdict]] = [[] for _ in asked]
        places = {one.base.id: place for place, one in enumerate(asked)}
        for verdict in answers(self._questions(asked, numbers), self._session.quarantine):
            self._guard(verdict)
            found[places[verdict.base.id]].append(verdict)
        known = {number for one in asked for number in one.numbers} | set(numbers)
        made = self._session.branches.made(one.base for one in asked if self._is_release(one.base))
        columns = [
            self._column(one, tuple(verdicts), made.get(one.base.name))
            for one, verdicts in zip(asked, found, strict=True)
        ]
        columns = self._with_others(columns, known)
        return Standings(tuple(columns), self._rows(columns, known), self._session.now, len(self._hidden))

    def _is_release(self, base: Commit) -> bool:
        return base.name in self._session.branches.releases

    def _questions(self, asked: Sequence[_AskedRelease], numbers: Collection[int]) -> Iterator[Question]:
        for place, one in enumerate(asked, 1):
            self._on_base(one.base.name, place, len(asked))
            wanted = sorted(set(numbers)) or self._shown(outstanding(self._session, one.base, one.tip))
            one.numbers = tuple(wanted)
            if wanted:
                yield from ask(self._session, one.base, one.tip, wanted, named=False)

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
        named = {number for position in verdict.selection.queue for number in verdict.range.marks(position)}
        if verdict.private or secret(self._session, named):
            raise problems.leads_to_embargo(verdict.base.name)

    # What is in no queue

    def _column(self, one: _AskedRelease, verdicts: tuple[Verdict, ...], released: Instant | None) -> ReleaseColumn:
        cells: dict[int, StandingCell] = {}
        for verdict in verdicts:
            changed = {n for position in verdict.selection.wanted for n in verdict.xsa_of.get(position, ())}
            for standing in standings(verdict, sorted(changed)):
                cells[standing.number] = _cell(verdict, standing)
            for series in verdict.found:
                if series.number not in changed:
                    cells[series.number] = _apart(verdict, series)
        return ReleaseColumn(one.base, one.tip, self._session.branches.of_base(one.base), released, verdicts, cells)

    def _with_others(self, columns: Sequence[ReleaseColumn], known: Collection[int]) -> list[ReleaseColumn]:
        """Return ``columns`` with a cell for each advisory in ``known``: those that are in no queue there are fixed in
        the base, or have no fix on the branch."""
        made = []
        for column in columns:
            missing = set(known) - column.cells.keys()
            there = fixed(self._session, column.base, missing) if missing else set()
            others = {n: StandingCell(n, CellWord.FIXED if n in there else CellWord.NO_FIX) for n in sorted(missing)}
            made.append(replace(column, cells=column.cells | others))
        return made

    def _rows(self, columns: Sequence[ReleaseColumn], known: Collection[int]) -> tuple[AdvisoryRow, ...]:
        hidden = set(secret(self._session, known))
        rows = [_row(columns, number, number in hidden) for number in sorted(known)]
        return tuple(sorted(rows, key=lambda row: (row.batch is None, row.batch or 0, row.number), reverse=True))


def _cell(verdict: Verdict, standing: AdvisoryStanding) -> StandingCell:
    if standing.adapted:
        word = CellWord.ADAPTED
    elif standing.conflicts:
        word = CellWord.CONFLICT
    elif standing.misplaced:
        word = CellWord.MISPLACED
    else:
        word = CellWord.NEEDS if standing.needed else CellWord.APPLIES
    return StandingCell(standing.number, word, len(standing.needed), standing.after, standing, verdict)


def _apart(verdict: Verdict, series: FoundSeries) -> StandingCell:
    """Return what an advisory of the store is of which no change is in the queue."""
    if series.number in verdict.present:
        return StandingCell(series.number, CellWord.FIXED, verdict=verdict)
    if series.patches and verdict.state is State.CONFLICTS:
        return StandingCell(series.number, CellWord.CONFLICT, verdict=verdict)
    return StandingCell(series.number, CellWord.NOT_AFFECTED if not series.remark else CellWord.NO_FIX, verdict=verdict)


def _row(columns: Sequence[ReleaseColumn], number: int, is_secret: bool) -> AdvisoryRow:
    series = next((found for column in columns if (found := column.series.get(number)) is not None), None)
    dates = [
        verdict.range.commits[position - 1].date
        for column in columns
        if (cell := column.cells[number]).standing is not None and (verdict := cell.verdict) is not None
        for position in cell.standing.own
        if position <= verdict.range.size
    ]
    title, cves = (series.headline, series.cves) if series is not None else ("", ())
    return AdvisoryRow(number, title, cves, min(dates, default=None), is_secret)
