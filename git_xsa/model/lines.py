"""Line history: every line that one file had between two commits, with who added and who removed it.

The structure is a weave: all lines that were ever there stand in one order, and each knows the positions of the
changes that brought it and took it.  The file after a selection of changes is read off by leaving out the lines that
are not there under it.  For a file that starts as ``a b c``, whose ``b`` change 1 replaces by ``x``, and to which
change 2 adds ``y`` after ``x``::

    line   born  died       base only:   a b c
    a      0     -          with 1:      a x c
    b      0     1          with 1, 2:   a x y c
    x      1     -
    y      2     -
    c      0     -

A hunk's old lines stand together in the file just before its change.  In the weave they span a stretch; the hunk
fits under another selection exactly when each old line is there and every other line of the stretch that came before
is not.  ``LineHistory.apply`` returns these conditions as rules while it enters the hunk.

A change that puts back what an earlier one took away at the same place (a revert) revives the lines instead of
adding equal ones: a line then has several lives, and a patch next to it needs neither the change nor its revert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, Hunk
from git_xsa.model.rules import NEVER, OWN, ROOT, Chosen, Condition, Kind, Life, RuleBook, absent, present, there

#: Blocks with more pairs of dead and added lines than this are not searched for revived lines: the search takes that
#: many steps.  Larger ones are rewrites, where nothing is put back.
REVIVE_LIMIT = 250_000


#: Tells of the lines of a gap in the weave which changes deleted those that may slide, and from which base on.
_Slide = Callable[[list["Line"]], dict[int, int]]


class Mismatch(Exception):
    """A hunk's old lines are not what the file holds at that place.

    ``hunk`` is its number in the file change, from 1; ``expected`` and ``found`` are the first line that differs
    (``found`` is ``None`` past the end of the file).
    """

    def __init__(self, hunk: int, expected: bytes, found: bytes | None) -> None:
        super().__init__(f"hunk {hunk} expects {expected!r} where the file holds {found!r}")
        self.hunk = hunk
        self.expected = expected
        self.found = found


class Line:
    """A line of the weave: its text, its running or last life, the lives before that, and the line after it."""

    __slots__ = ("born", "died", "earlier", "next", "text")

    def __init__(self, text: bytes, born: int) -> None:
        self.text = text
        self.born = born
        self.died = NEVER
        self.earlier: tuple[Life, ...] = ()
        self.next: Line | None = None

    @property
    def lives(self) -> tuple[Life, ...]:
        """All lives, the oldest first."""
        return (*self.earlier, Life(self.born, self.died))

    def revive(self, position: int) -> None:
        """Start another life at ``position``; the last one must be over."""
        self.earlier = self.lives
        self.born, self.died = position, NEVER


def _fate(line: Line, until: int) -> int:
    """Return what the branch has made of ``line``, as ``LineHistory.fates`` does."""
    lives = [life for life in (line.lives if line.earlier else (line,)) if ROOT <= life.born <= until]
    if not lives:
        return NEVER
    return lives[-1].died if lives[-1].died <= until else ROOT


class LineHistory:
    """The lines of one file, from the root of the history on.

    Changes are entered in the order of the branch, each file change once.  Without ``revive`` a line that comes back
    is a new one.  Invariants: ``_current`` is the file after
    the last change entered, its lines stand in the weave in that order, and exactly they have a running life.
    """

    def __init__(self, root: Sequence[bytes], revive: bool = True) -> None:
        self.revive = revive
        self._head = Line(b"", NEVER)
        self._current: list[Line] = []
        last = self._head
        for text in root:
            last.next = Line(text, ROOT)
            last = last.next
            self._current.append(last)

    def enter_own(self, hunks: Sequence[Hunk]) -> None:
        """Enter what the base itself changed in the root's file, before any change of the branch.

        The branch goes on from the root: its changes still find a line that the base removed, but need what can't be
        had (``NEVER``), and lines that the base added are in their way.
        """
        for number, hunk in enumerate(hunks, 1):
            at = hunk.old_index
            tail = self._current[at - 1] if at else self._head
            for mark, text in zip(hunk.marks, hunk.texts, strict=True):
                if mark == ADDED:
                    line = Line(text, OWN)
                    line.next, tail.next = tail.next, line
                else:
                    line = self._current[at]
                    if line.text != text:
                        raise Mismatch(number, text, line.text)
                    line.born = NEVER if mark == REMOVED else line.born
                    at += 1
                tail = line

    def apply(self, path: bytes, hunks: Sequence[Hunk], book: RuleBook) -> None:
        """Enter what a change does to this file and put the rules that follow in its ``book``.

        Raises ``Mismatch`` when an old line is not the one that the file holds; the history is then unusable.
        """
        shift = 0
        for number, hunk in enumerate(hunks, 1):
            shift += _Entry(self, path, number, hunk, book).enter(hunk.old_index + shift)

    def replace_all(self, path: bytes, content: Sequence[bytes], book: RuleBook) -> None:
        """Enter a change that needs all that the file holds and leaves ``content``: a binary change, or its end."""
        old = [line.text for line in self._current]
        marks = bytes([REMOVED]) * len(old) + bytes([ADDED]) * len(content)
        if marks:
            hunk = Hunk(1 if old else 0, 1 if content else 0, marks, (*old, *content))
            self.apply(path, (hunk,), book)

    def require_empty(self, path: bytes, book: RuleBook) -> None:
        """Put the rules in ``book`` by which the file, which is empty now, is empty."""
        if self._current:
            raise Mismatch(0, b"", self._current[0].text)
        for line in self:
            book.lines(absent(line.lives), Kind.CHANGE, path, 0, line.text, gone=True)

    def texts(self, chosen: Chosen) -> list[bytes]:
        """Return the file's lines after the changes that are ``chosen``."""
        base, queue = chosen.base, chosen.queue
        texts = []
        line = self._head.next
        while line is not None:  # the one loop over every line of every file: no calls in it
            if line.earlier:
                if there(line.lives, chosen):
                    texts.append(line.text)
            elif (line.born <= base or line.born in queue) and line.died > base and line.died not in queue:
                texts.append(line.text)
            line = line.next
        return texts

    def origins(self, chosen: Chosen) -> list[tuple[bytes, int]]:
        """Return the file's lines after the changes that are ``chosen``, each with the position that brought it; a
        line that the base has counts as the root's."""
        base, queue = chosen.base, chosen.queue
        found = []
        for line in self:
            origin = None
            for life in line.lives if line.earlier else (line,):
                if origin is None and (life.born <= base or life.born in queue):
                    origin = life.born if life.born > base else ROOT
                if life.died <= base or life.died in queue:
                    origin = None
            if origin is not None:
                found.append((line.text, origin))
        return found

    def fates(self, chosen: Chosen, until: int) -> list[tuple[bytes, int]]:
        """Return the file's lines after the changes that are ``chosen``, each with what the branch has made of it.

        That is the position, up to ``until``, of the change that took the line; ``ROOT`` when the branch still has it
        after the change at ``until``; ``NEVER`` for a line that came later, or that only the base has.
        """
        base, queue = chosen.base, chosen.queue
        found = []
        for line in self:
            if line.earlier:
                here = there(line.lives, chosen)
            else:
                here = (line.born <= base or line.born in queue) and line.died > base and line.died not in queue
            if here:
                found.append((line.text, _fate(line, until)))
        return found

    def late_texts(self, chosen: Chosen) -> list[bytes]:
        """Return the file's lines after the changes that are ``chosen``, with lines as late as they may come.

        A change knows no place among lines that were gone when it came; where the selection has such lines, what it
        adds may stand before them (``texts``) or behind them (here).
        """
        texts: list[bytes] = []
        floating: list[bytes] = []
        born = NEVER
        for line in self:
            if not there(line.lives, chosen):
                continue
            if line.born != born and (born == NEVER or line.died > born):
                texts += floating
                floating = []
                born = line.born if line.born in chosen.queue else NEVER
            if line.born == born:
                floating.append(line.text)
            else:
                texts.append(line.text)
        return texts + floating

    def now(self) -> list[bytes]:
        """Return the file's lines after the last change entered."""
        return [line.text for line in self._current]

    def __iter__(self) -> Iterator[Line]:
        line = self._head.next
        while line is not None:
            yield line
            line = line.next


class _Entry:
    """One hunk on its way into a line history."""

    def __init__(self, history: LineHistory, path: bytes, number: int, hunk: Hunk, book: RuleBook) -> None:
        self._head = history._head
        self._current = history._current
        self._revive = history.revive
        self._path = path
        self._number = number
        self._hunk = hunk
        self._book = book
        #: By the index of a block's first old line: the lines of the weave that it brings back (see ``_revivals``).
        self._revived: dict[int, dict[int, Line]] = {}

    def enter(self, at: int) -> int:
        """Enter the hunk at index ``at`` of the current file; return by how many lines the file grew."""
        old = self._old_lines(at)
        if self._revive:
            self._find_revived(at)
        self._require(at, old)
        fresh: list[Line] = []
        taken = 0
        for first, last, added in self._blocks():
            fresh += old[taken:first]
            before, after = self._line_before(at + first), self._line_at(at + last)
            fresh += self._replace(before, old[first:last], after, added, self._revived.get(first, {}))
            taken = last
        fresh += old[taken:]
        self._current[at : at + len(old)] = fresh
        return len(fresh) - len(old)

    def _find_revived(self, at: int) -> None:
        """Find which dead lines the hunk brings back."""
        for first, last, added in self._blocks():
            region = self._between(self._line_before(at + first), self._line_at(at + last))
            self._revived[first] = _revivals([line for line in region if line.died != NEVER], added)

    def _old_lines(self, at: int) -> list[Line]:
        """Return the lines of the current file that are the hunk's old ones; ``Mismatch`` when they differ."""
        expected = self._hunk.old_lines
        found = self._current[at : at + len(expected)] if at >= 0 else []
        for index, text in enumerate(expected):
            if index >= len(found) or found[index].text != text:
                raise Mismatch(self._number, text, found[index].text if index < len(found) else None)
        return found

    def _line_at(self, index: int) -> Line | None:
        return self._current[index] if index < len(self._current) else None

    def _line_before(self, index: int) -> Line:
        return self._current[index - 1] if index else self._head

    def _require(self, at: int, old: list[Line]) -> None:
        """Put the rules of the hunk's stretch in the book."""
        marks = self._hunk.marks
        previous: Line | None = self._line_before(at) if at == 0 or marks[0] == ADDED else None
        changed = marks[0] != CONTEXT
        index = 0
        for mark in marks:
            changed = changed or mark != CONTEXT
            if mark == ADDED:
                continue
            line = old[index]
            if previous is not None:
                self._require_gone(previous, line, changed, self._slide(at, old, index))
            if line.born != ROOT or line.earlier:
                kind = Kind.CHANGE if mark == REMOVED else Kind.CONTEXT
                self._book.lines(present(line.lives), kind, self._path, self._number, line.text)
            previous = line
            changed = mark == REMOVED
            index += 1
        if marks[-1] == ADDED or self._ends_file(at + len(old)):
            self._require_gone(previous or self._head, self._line_at(at + len(old)), changed, None)

    def _ends_file(self, end: int) -> bool:
        """Whether the hunk, which ends before index ``end``, can only be put at the end of the file.

        git demands it of a hunk that ends with a changed line (``match_end`` in its apply.c).  GNU patch also of one
        with less context after than before, but what only that program refuses is no need of the change: an export
        for it makes such a patch anew.
        """
        return end == len(self._current) and self._hunk.trailing == 0

    def _require_gone(self, before: Line, after: Line | None, changed: bool, slide: _Slide | None) -> None:
        """Put rules in the book by which no line between ``before`` and ``after`` is there."""
        kind = Kind.CHANGE if changed else Kind.CONTEXT
        gap = self._between(before, after)
        slid = slide(gap) if slide is not None and gap else {}
        revived = {id(line) for lines in self._revived.values() for line in lines.values()}
        for line in gap:
            conditions = absent(line.lives)
            if line.died in slid and not line.earlier and id(line) not in revived:
                conditions = [Condition(line.born, line.died, until=slid[line.died])]
            self._book.lines(conditions, kind, self._path, self._number, line.text, gone=True)

    def _slide(self, at: int, old: list[Line], index: int) -> _Slide | None:
        """Return how the gap before the old line at ``index`` may slide out of the hunk, ``None`` if it can't.

        Where a run of lines was deleted between two equal lines, a diff can't tell which of the two it took: with
        ``x [B x] y`` deleting ``B x`` and deleting ``x B`` give the same.  A hunk that begins with that ``x`` fits
        as well when the run is still there: the ``x`` at its end stands where the hunk's did.  So the run need not
        be gone, if the base has its last lines.  The same holds, mirrored, at a hunk's end.

        Not so where the hunk adds lines right behind that ``x``: they stand before the run in the weave, and would
        have to stand behind it.  Nor where it revives a line of the run: that must have gone before.
        """
        hunk = self._hunk
        inserts = hunk.marks.find(ADDED) == hunk.leading
        if at > 0 and 0 < index <= hunk.leading - inserts:
            texts = [line.text for line in old[:index]]
            return lambda gap: _slid(gap, texts, slice(-index, None))
        count = len(old) - index
        if count <= hunk.trailing and not self._ends_file(at + len(old)):
            texts = [line.text for line in old[index:]]
            return lambda gap: _slid(gap, texts, slice(count))
        return None

    def _blocks(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Yield each run of changed lines: its first and end index among the old lines, and the lines it adds."""
        index = first = 0
        added: list[bytes] = []
        for mark, text in zip(self._hunk.marks, self._hunk.texts, strict=True):
            if mark == CONTEXT:
                if added or index > first:
                    yield first, index, added
                    added = []
                first = index + 1
            elif mark == ADDED:
                added.append(text)
            index += mark != ADDED
        if added or index > first:
            yield first, index, added

    def _replace(
        self, before: Line, removed: list[Line], after: Line | None, added: list[bytes], revived: dict[int, Line]
    ) -> list[Line]:
        """End the lives of ``removed`` and put ``added`` in their place; return the lines that are now there.

        New lines go after the lines they replace, unless that would put them before a revived one.
        """
        position = self._book.position
        region = self._between(before, after)
        for line in removed:
            line.died = position
        spots = {id(line): spot for spot, line in enumerate(region)}
        floor = spots[id(removed[-1])] if removed else -1
        last_revived = max(revived, default=-1)
        spot, tail, fresh = -1, before, []
        for index, text in enumerate(added):
            if index in revived:
                line = revived[index]
                line.revive(position)
                spot = spots[id(line)]
            else:
                if index > last_revived and spot < floor:
                    spot, tail = floor, region[floor]
                line = Line(text, position)
                line.next, tail.next = tail.next, line
            tail = line
            fresh.append(line)
        return fresh

    def _between(self, before: Line, after: Line | None) -> list[Line]:
        region = []
        line = before.next
        while line is not after:
            assert line is not None, "the current file's lines stand in the weave in their order"
            region.append(line)
            line = line.next
        return region


def _slid(gap: list[Line], texts: list[bytes], end: slice) -> dict[int, int]:
    """Return which changes deleted a run of lines from ``gap`` that may slide out of the hunk, and for each the first
    base that has the run's lines at the ``end`` of the gap, which equal the hunk's own ``texts`` there."""
    slid = {}
    for died in {line.died for line in gap}:
        twins = [line for line in gap if line.died == died and not line.earlier][end]
        if [line.text for line in twins] == texts:
            slid[died] = max(line.born for line in twins)
    return slid if len(texts) == 1 or len(slid) == 1 else {}


def _revivals(dead: list[Line], added: list[bytes]) -> dict[int, Line]:
    """Return which of ``added`` (by index) are lines of ``dead`` come back, in the same order on both sides."""
    if not dead or len(dead) * len(added) > REVIVE_LIMIT:
        return {}
    matcher = SequenceMatcher(None, [line.text for line in dead], added, autojunk=False)
    return {
        block.b + offset: dead[block.a + offset]
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    }
