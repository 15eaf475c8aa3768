"""The stretch of a hunk: what must stand between the first and the last old line, and what must not.

A hunk's old lines stand together in the file just before its change, and in the weave (``git_xsa.model.lines``) they
span a stretch.  The hunk fits under another selection exactly when each old line is there and every other line of the
stretch is not.  A stretch is noted when its hunk is entered; its rules are read off when somebody asks for them, as
the lives of its lines show what was there before the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, Hunk
from git_xsa.model.line import Line
from git_xsa.model.rules import NEVER, ROOT, Condition, Kind, Life, RuleBook


class _Dead(NamedTuple):
    """A line of a gap that must be gone: its lives before the change, all over (none: it was never there)."""

    line: Line
    lives: Sequence[Life]

    @property
    def died(self) -> int:
        return self.lives[-1].died if self.lives else NEVER


#: Tells of the lines of a gap which changes deleted those that may slide, and the lines that must be there for that.
_Slide = Callable[[Sequence[_Dead]], dict[int, list[Line]]]


class Stretch(NamedTuple):
    """The old lines of the hunk with this ``number`` of a file change, and the lines next to them in the file then.

    ``before`` is the head of the weave at the start of the file, ``after`` is ``None`` at its end.  ``starts`` and
    ``ends``: the hunk can only be put at the start or the end of the file.
    """

    number: int
    hunk: Hunk
    before: Line
    old: Sequence[Line]
    after: Line | None
    starts: bool
    ends: bool

    def note(self, path: bytes, book: RuleBook) -> None:
        """Put the rules of the stretch in the ``book`` of its change."""
        marks = self.hunk.marks
        previous = self.before if self.starts or marks[0] == ADDED else None
        changed = marks[0] != CONTEXT
        index = 0
        for mark in marks:
            changed = changed or mark != CONTEXT
            if mark == ADDED:
                continue
            line = self.old[index]
            if previous is not None:
                self._note_gone(path, book, self._gap(previous, line, book.position), changed, index)
            if not line.always:
                kind = Kind.CHANGE if mark == REMOVED else Kind.CONTEXT
                lives = line.before(book.position)
                if lives:
                    book.lines(line.present(lives), kind, path, self.number, line.text)
            previous = line
            changed = mark == REMOVED
            index += 1
        if marks[-1] == ADDED or self.ends:
            gap = self._gap(previous or self.before, self.after, book.position)
            self._note_gone(path, book, gap, changed)

    @staticmethod
    def _gap(before: Line, after: Line | None, position: int) -> list[_Dead]:
        """Return the lines between two others that no old line is and that may be there under another selection."""
        gap = []
        line = before.next
        while line is not after:
            assert line is not None, "the file's lines stand in the weave in their order"
            lives = line.before(position)
            if lives and lives[-1].died < position:
                gap.append(_Dead(line, lives))
            elif line.standing is not None and line.standing.here and (not lives or lives[0].born < ROOT):
                gap.append(_Dead(line, ()))  # the base has it early, or for itself
            line = line.next
        return gap

    def _note_gone(
        self, path: bytes, book: RuleBook, gap: Sequence[_Dead], changed: bool, index: int | None = None
    ) -> None:
        """Put rules in the book by which no line of ``gap``, before the old line at ``index``, is there."""
        if not gap:
            return
        kind = Kind.CHANGE if changed else Kind.CONTEXT
        slide = self._slide(index) if index is not None else None
        slid = slide(gap) if slide is not None else {}
        for line, lives in gap:
            died = lives[-1].died if lives else NEVER
            conditions = line.absent(lives)
            if died in slid and len(lives) == 1 and not line.comes(book.position):
                conditions = _unless_there(conditions, slid[died])
            book.lines(conditions, kind, path, self.number, line.text, gone=True)

    def _slide(self, index: int) -> _Slide | None:
        """Return how the gap before the old line at ``index`` may slide out of the hunk, ``None`` if it can't.

        Where a run of lines was deleted between two equal lines, a diff can't tell which of the two it took: with
        ``x [B x] y`` deleting ``B x`` and deleting ``x B`` give the same.  A hunk that begins with that ``x`` fits
        as well when the run is still there: the ``x`` at its end stands where the hunk's did.  So the run need not
        be gone, if the base has its last lines.  The same holds, mirrored, at a hunk's end.

        Not so where the hunk adds lines right behind that ``x``: they stand before the run in the weave, and would
        have to stand behind it.  Nor where it revives a line of the run: that must have gone before.
        """
        hunk = self.hunk
        inserts = hunk.marks.find(ADDED) == hunk.leading
        if not self.starts and 0 < index <= hunk.leading - inserts:
            texts = [line.text for line in self.old[:index]]
            return lambda gap: _slid(gap, texts, slice(-index, None))
        count = len(self.old) - index
        if count <= hunk.trailing and not self.ends:
            texts = [line.text for line in self.old[index:]]
            return lambda gap: _slid(gap, texts, slice(count))
        return None


class Emptied(NamedTuple):
    """That a change found a file empty but for what it took out itself: no line of the ``weave`` was there."""

    weave: Iterable[Line]

    def note(self, path: bytes, book: RuleBook) -> None:
        """Put the rules by which the file is empty in the ``book`` of the change."""
        for line in self.weave:
            lives = line.before(book.position)
            own = line.standing is not None and line.standing.here and (not lives or lives[0].born < ROOT)
            if own or (lives and lives[-1].died <= book.position):
                book.lines(line.absent(() if own else lives), Kind.CHANGE, path, 0, line.text, gone=True)


def _unless_there(conditions: list[Condition], twins: Sequence[Line]) -> list[Condition]:
    """Return ``conditions`` as they are said of bases without the lines ``twins``."""
    if twins[0].standing is not None:
        return [] if all(line.standing is not None and line.standing.here for line in twins) else conditions
    since = max(line.lives[0].born for line in twins)
    return [condition._replace(until=since) for condition in conditions]


def _slid(gap: Sequence[_Dead], texts: list[bytes], end: slice) -> dict[int, list[Line]]:
    """Return which changes deleted a run of lines from ``gap`` that may slide out of the hunk, and for each the run's
    lines at the ``end`` of the gap, which equal the hunk's own ``texts`` there."""
    slid = {}
    for died in {dead.died for dead in gap} - {NEVER}:
        twins = [dead.line for dead in gap if dead.died == died and len(dead.lives) == 1][end]
        if [line.text for line in twins] == texts:
            slid[died] = twins
    return slid if len(texts) == 1 or len(slid) == 1 else {}
