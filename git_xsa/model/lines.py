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

A hunk's old lines stand together in the file just before its change.  In the weave they span a stretch, which
``LineHistory.apply`` returns; ``git_xsa.model.stretch`` reads off it what the hunk needs.

A change that puts back what an earlier one took away at the same place (a revert) revives the lines instead of
adding equal ones: a line then has several lives, and a patch next to it needs neither the change nor its revert.

A base that is no position of the branch stands in the weave, too: ``align`` finds which of the lines it has, and puts
its own ones between them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher

from git_xsa.model.align import Fit, align
from git_xsa.model.anchor import anchored
from git_xsa.model.change import ADDED, CONTEXT, REMOVED, Hunk
from git_xsa.model.line import Line
from git_xsa.model.rules import NEVER, OWN, ROOT, Chosen, there
from git_xsa.model.slide import slide
from git_xsa.model.standing import GONE, HERE, Standing
from git_xsa.model.stretch import Emptied, Stretch

#: Blocks with more pairs of dead and added lines than this are not searched for revived lines: the search takes that
#: many steps.  Larger ones are rewrites, where nothing is put back.
REVIVE_LIMIT = 250_000
#: Each of so few hunks moves the rest of the file; for more of them the file is reassembled.
FEW_PIECES = 8


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

    def apply(self, hunks: Sequence[Hunk], position: int) -> list[Stretch]:
        """Enter what the change at ``position`` does to this file; return the stretches of its hunks.

        Raises ``Mismatch`` when an old line is not the one that the file holds; the history is then unusable.
        """
        end, last = 0, self._head
        found = []
        pieces: list[tuple[int, int, list[Line]]] = []
        for number, hunk in enumerate(hunks, 1):
            at = hunk.old_index
            if not end <= at <= len(self._current):
                raise Mismatch(number, (*hunk.old_lines, b"")[0], None)
            before = last if at == end else self._current[at - 1]
            entry = _Entry(self, number, hunk, position)
            fresh = entry.enter(at, before)
            end, last = at + len(entry.stretch.old), fresh[-1] if fresh else before
            pieces.append((at, end, fresh))
            found.append(entry.stretch)
        self._splice(pieces)
        return found

    def _splice(self, pieces: Sequence[tuple[int, int, list[Line]]]) -> None:
        """Put ``pieces`` of other lines in the place of those from one index of the file to another, in order."""
        if len(pieces) <= FEW_PIECES:
            for at, end, fresh in reversed(pieces):
                self._current[at:end] = fresh
            return
        current: list[Line] = []
        done = 0
        for at, end, fresh in pieces:
            current += self._current[done:at]
            current += fresh
            done = end
        self._current[:] = [*current, *self._current[done:]]

    def replace_all(self, content: Sequence[bytes], position: int) -> list[Stretch]:
        """Enter a change that needs all that the file holds and leaves ``content``: a binary change, or its end."""
        old = [line.text for line in self._current]
        marks = bytes([REMOVED]) * len(old) + bytes([ADDED]) * len(content)
        hunk = Hunk(1 if old else 0, 1 if content else 0, marks, (*old, *content))
        return self.apply((hunk,), position) if marks else []

    def emptied(self) -> Emptied:
        """Return what a change needs that leaves the file empty, as it is now; ``Mismatch`` if it is not."""
        if self._current:
            raise Mismatch(0, b"", self._current[0].text)
        return Emptied(self)

    def align(self, texts: Sequence[bytes], likely: int) -> Fit:
        """Have a base with the lines ``texts`` stand in the weave; it is most like the branch at the position
        ``likely``."""
        weave = list(self)
        found = align(weave, texts, likely)
        self._stand(weave, found)
        return found

    def anchor(self, texts: Sequence[bytes], known: Fit, stretches: Sequence[Stretch]) -> bool:
        """Have the base with the lines ``texts``, aligned as is ``known``, stand so that more of ``stretches`` find
        their lines, if they can; return whether that is elsewhere."""
        weave = [line for line in self if line.born != OWN]
        found = anchored(weave, texts, known, stretches)
        if found is not known:
            self._stand(weave, found)
        return found is not known

    def _stand(self, weave: Sequence[Line], found: Fit) -> None:
        last = self._head
        own = dict[int, list[bytes]]()
        for index, run in found.alignment.own:
            own.setdefault(index, []).extend(run)
        for index in range(len(weave) + 1):
            for text in own.get(index, ()):
                last.next = Line(text, OWN)
                last = last.next
                last.standing = HERE
            if index < len(weave):
                last.next = weave[index]
                last = last.next
                last.standing = HERE if found.alignment.here[index] else GONE
        last.next = None

    def settle(self, stretches: Sequence[Stretch], taken: Collection[int]) -> bool:
        """Put what the base that stands in the weave has or lacks for itself where it is least in the way of
        ``stretches``, those of changes that are not ``taken``; return whether it lacks other lines then."""
        order, moved = slide(list(self), stretches, taken)
        last = self._head
        for line in order:
            last.next = line
            last = line
        last.next = None
        return moved

    def stand_at(self, position: int) -> None:
        """Have a base stand in the weave that has this file as the branch has it at ``position``."""
        chosen = Chosen(position, frozenset())
        for line in self:
            line.standing = HERE if there(line.lives, chosen) else GONE

    def take(self, taken: Collection[int]) -> None:
        """Say which changes the base that stands in the weave has in this file."""
        here, gone = Standing(here=True, taken=taken), Standing(here=False, taken=taken)
        for line in self:
            assert line.standing is not None, "the base stands in the weave"
            line.standing = here if line.standing.here else gone

    def texts(self, chosen: Chosen) -> list[bytes]:
        """Return the file's lines after the changes that are ``chosen``."""
        base, queue = chosen.base, chosen.queue
        texts = []
        line = self._head.next
        while line is not None:  # the one loop over every line of every file: hardly any calls in it
            if line.standing is not None:
                moved = line.earlier or line.born in queue or line.died in queue
                if line.there(chosen) if moved else line.standing.here:
                    texts.append(line.text)
            elif line.earlier:
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
        line = self._head.next
        while line is not None:  # as in ``texts``: nearly all lines have one life
            if line.earlier or line.standing is not None:
                origin = line.origin(chosen)
                if origin is not None:
                    found.append((line.text, origin))
            elif line.died > base and line.died not in queue:
                if line.born <= base:
                    found.append((line.text, ROOT))
                elif line.born in queue:
                    found.append((line.text, line.born))
            line = line.next
        return found

    def fates(self, chosen: Chosen, until: int) -> list[tuple[bytes, int]]:
        """Return the file's lines after the changes that are ``chosen``, each with what the branch has made of it.

        That is the position, up to ``until``, of the change that took the line; ``ROOT`` when the branch still has it
        after the change at ``until``; ``NEVER`` for a line that came later, or that only the base has.
        """
        base, queue = chosen.base, chosen.queue
        found = []
        for line in self:
            if line.earlier or line.standing is not None:
                here = line.there(chosen)
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
            if not line.there(chosen):
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

    def __init__(self, history: LineHistory, number: int, hunk: Hunk, position: int) -> None:
        self._current = history._current
        self._revive = history.revive
        self._number = number
        self._hunk = hunk
        self._position = position
        self.stretch: Stretch
        #: By the index of a block's first old line: the lines of the weave that it brings back (see ``_revivals``).
        self._revived: dict[int, dict[int, Line]] = {}

    def enter(self, at: int, start: Line) -> list[Line]:
        """Enter the hunk at index ``at`` of the current file, behind the line ``start``; return the lines that are to
        stand in the place of its old ones there."""
        old = self._old_lines(at)
        if self._revive:
            self._find_revived(at, start)
        end = at + len(old)
        self.stretch = Stretch(self._number, self._hunk, start, old, self._line_at(end), at == 0, self._ends_file(end))
        fresh: list[Line] = []
        taken = 0
        for first, last, added in self._blocks():
            fresh += old[taken:first]
            before, after = old[first - 1] if first else start, self._line_at(at + last)
            fresh += self._replace(before, old[first:last], after, added, self._revived.get(first, {}))
            taken = last
        fresh += old[taken:]
        return fresh

    def _find_revived(self, at: int, start: Line) -> None:
        """Find which dead lines the hunk brings back."""
        for first, last, added in self._blocks():
            before = self._current[at + first - 1] if first else start
            region = self._between(before, self._line_at(at + last))
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

    def _ends_file(self, end: int) -> bool:
        """Whether the hunk, which ends before index ``end``, can only be put at the end of the file.

        git demands it of a hunk that ends with a changed line (``match_end`` in its apply.c).  GNU patch also of one
        with less context after than before, but what only that program refuses is no need of the change: an export
        for it refreshes such a patch.
        """
        return end == len(self._current) and self._hunk.trailing == 0

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
        position = self._position
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
