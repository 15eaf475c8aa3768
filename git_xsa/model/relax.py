"""A smaller selection: what is needed when only changed lines count, and context may be refreshed.

Rules that concern context lines alone are left out where the place of the changed lines stays certain: who added
those lines, and who took out others that would stand between them or next to the changed ones, and then are context
on this base.  The patches are to be written with the context that the base has (``git_xsa.model.rewrite``).  All other
rules stay: who added the lines that are taken out, files, and names that code uses.

A hunk's place is certain when, for each run of changed lines in it, against the file for which it was made:

1. the nearest line that is not blank is the same one on one side at least;
2. on the other side, the lines that differ between the run and the first line in common are whole statements without
   ``return`` and the like, so that the run neither lands inside one nor behind the end of a block;
3. on each side, the lines that differ open as many brackets and ``#if`` as they close, or the missing ones as many as
   the others, and none is a ``case``, an ``else`` or a label: the run stays where it was nested;
4. no line stands among the changed ones that was not there.

What follows a run that consists of whole statements need obey neither 2 nor 3 when the nearest line before it is the
same one and 2 and 3 hold there: the run stands in the same block, behind the same statement.  But what follows at
once must not leave the block, nor be a label or the like, on either side: a value that the run sets may be for that.

Lines count up to the first one in common after three lines of the file for which the change was made.

Of a change that a base beside the branch has in part, the hunks that are there need nothing: the patch is made of the
others.

Where one fails, the hunk keeps all its rules.  This looks at text as C code is written; text that looks different
(no ``;``) fails rule 2 rather than pass it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from git_xsa.model.change import CONTEXT
from git_xsa.model.history import History
from git_xsa.model.line import Line
from git_xsa.model.lines import LineHistory
from git_xsa.model.partial import Partial, parts
from git_xsa.model.rules import NEVER, OWN, Chosen, Kind, Rule, there
from git_xsa.model.selection import RuleSource, Selection, select

#: A hunk of a change: its position, file and number.
Place = tuple[int, bytes, int]
#: Adds to a selection, by some rules, what the text alone does not ask for.
Grow = Callable[[RuleSource, Selection], Selection]

_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|/\*.*?\*/|//.*')
_OPENS = re.compile(rb"[({\[]|^[ \t]*#[ \t]*if", re.MULTILINE)
_CLOSES = re.compile(rb"[)}\]]|^[ \t]*#[ \t]*endif", re.MULTILINE)
_ENDS = re.compile(rb".*(?:[;}]|\*/)\s*|[ \t]*#.*[^\\\s]\s*", re.DOTALL)
_LEAVES = re.compile(rb"\b(?:return|goto|break|continue)\b")
_BELONGS = re.compile(rb"[ \t]*(?:\}?[ \t]*else\b|case\b|default\b|\w+:\s*$|#[ \t]*(?:else|elif)\b)")
_FUNCTION = re.compile(rb"^\{.*^\}", re.MULTILINE | re.DOTALL)
#: How many lines of context count at least, as in the hunks of a diff.
_CONTEXT_LINES = 3


@dataclass(frozen=True)
class Relaxed:
    """A smaller selection: ``places`` are the hunks that it gives another context, for a person to look at, and
    ``avoided`` the prerequisites of the full selection that are not needed any more.  ``halves`` has by position the
    changes of it that the base has in part."""

    selection: Selection
    places: tuple[Place, ...]
    avoided: tuple[int, ...]
    halves: Mapping[int, Sequence[Partial]] = field(default_factory=dict)


class Halves:
    """The hunks of changes that a base beside the branch has in part, found out when somebody asks."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: dict[int, Sequence[Partial]] = {}

    def of(self, position: int) -> Sequence[Partial]:
        """Return which hunks of a change are there and which are not, if it is there in part."""
        if position not in self._known:
            self._known[position] = parts(self._history, position)
        return self._known[position]

    def has(self, position: int, rule: Rule) -> bool:
        """Whether ``rule`` is about a hunk that is there."""
        return rule.hunk > 0 and any(one.path == rule.path and rule.hunk in one.there for one in self.of(position))


class _Without:
    """The rules of a source without those about context lines, except for the hunks that are to ``keep`` theirs: all
    of them, or (``False``) only those by which none of the changes to ``avoid`` comes in."""

    def __init__(
        self, source: RuleSource, keep: Mapping[Place, bool], avoid: Callable[[int], bool], halves: Halves
    ) -> None:
        self._source = source
        self._keep = keep
        self._avoid = avoid
        self._halves = halves

    def prepare(self, positions: Collection[int]) -> None:
        self._source.prepare(positions)

    def rules(self, position: int) -> Iterator[Rule]:
        for rule in self._source.rules(position):
            if self._halves.has(position, rule):
                continue
            if _about_context(rule):
                kept = self._keep.get((position, rule.path, rule.hunk))
                if kept is None or (not kept and self._avoid(rule.condition.need)):
                    continue
            yield rule


def _about_context(rule: Rule) -> bool:
    return rule.hunk > 0 and (rule.kind is Kind.CONTEXT or (rule.kind is Kind.CHANGE and rule.gone))


def relax(
    source: RuleSource,
    history: History,
    full: Selection,
    grow: Grow | None = None,
    weight: Callable[[int], int] = lambda _: 1,
) -> Relaxed:
    """Return the smallest selection that obeys the rules of ``source`` except for context that can be refreshed.

    ``full`` is the selection that obeys them all.  ``grow`` adds to a selection what names need, by the rules given.
    The selection is ``impossible`` where no commit supplies a line that must be there, or takes out one that must not,
    such as one of the base's own.

    ``weight`` returns how many commits a change brings: a merge brings more than one.  Where one would come in, hunks
    whose place is uncertain keep only context without it first, and the selection with fewer commits is returned.
    """

    def commits(found: Relaxed) -> tuple[bool, int]:
        return bool(found.selection.impossible), sum(map(weight, found.selection.prerequisites))

    halves = Halves(history)
    found = _relaxed(source, history, full, grow, lambda _: False, halves)
    if all(weight(position) == 1 for position in found.selection.prerequisites):
        return found
    heavy = _Heavy(source, full.base, weight, halves)
    return min(found, _relaxed(source, history, full, grow, heavy, halves), key=commits)


class _Heavy:
    """Tells whether a change is a merge, or needs one whatever its context."""

    def __init__(self, source: RuleSource, base: int, weight: Callable[[int], int], halves: Halves) -> None:
        self._rules = _Without(source, {}, lambda _: True, halves)
        self._base = base
        self._weight = weight
        self._known: dict[int, bool] = {NEVER: False}

    def __call__(self, position: int) -> bool:
        if position not in self._known:
            brought = select(self._rules, self._base, [position]).queue
            self._known[position] = any(self._weight(one) > 1 for one in brought)
        return self._known[position]


def _relaxed(
    source: RuleSource,
    history: History,
    full: Selection,
    grow: Grow | None,
    avoid: Callable[[int], bool],
    halves: Halves,
) -> Relaxed:
    keep: dict[Place, bool] = {}
    # Ends: a selection that is possible obeys all rules of a hunk that keeps them, so a doubtful place is none of
    # these, and each round one hunk of the range keeps more.  More rules can't make an impossible selection possible.
    while True:
        rules = _Without(source, keep, avoid, halves)
        selection = select(rules, full.base, full.wanted)
        if grow is not None and not selection.impossible:
            selection = grow(rules, selection)
        found = compared(source, full, selection, halves)
        doubtful = set() if selection.impossible else _doubtful(history, found)
        if not doubtful:
            return found
        keep |= {place: place in keep for place in doubtful}


def compared(source: RuleSource, full: Selection, selection: Selection, halves: Halves) -> Relaxed:
    """Return a smaller ``selection`` than ``full`` with what it does otherwise.

    Its places are the hunks with a rule about context that it does not obey.
    """
    chosen = selection.chosen
    places = set()
    for position in selection.queue:
        for rule in source.rules(position):
            condition = rule.condition
            applies = condition.since <= selection.base < condition.until and chosen.holds(condition.given)
            here = halves.has(position, rule)
            if _about_context(rule) and applies and not here and not chosen.holds(condition.need):
                places.add((position, rule.path, rule.hunk))
    avoided = sorted(set(full.queue) - set(selection.queue))
    partly = {position: found for position in selection.queue if (found := halves.of(position))}
    return Relaxed(selection, tuple(sorted(places)), tuple(avoided), partly)


def _doubtful(history: History, found: Relaxed) -> set[Place]:
    """Return the places of ``found`` where the changed lines have no certain place under its selection."""
    hunks: dict[tuple[int, bytes], set[int]] = {}
    for position, path, number in found.places:
        hunks.setdefault((position, path), set()).add(number)
    return {
        (position, path, number)
        for (position, path), numbers in hunks.items()
        for number in numbers - _certain(history, found.selection, (position, path), numbers)
    }


def _certain(history: History, selection: Selection, change: tuple[int, bytes], numbers: set[int]) -> set[int]:
    """Return which of the hunks ``numbers`` of a ``change`` (a position and a file of it) have a certain place."""
    position, path = change
    made_for = Chosen(position - 1, frozenset())
    now = Chosen(selection.base, frozenset(other for other in selection.queue if other < position))
    found = [lines for touch, lines in history.lines_of(position) if path in touch.paths]
    if len(found) != 1:
        return set()
    weave = _Weave(found[0], position, made_for, now)
    runs = weave.runs()
    counts = [_runs(hunk.marks) for hunk in history.hunks(position, path)]
    if len(runs) != sum(counts):
        return set()
    certain, rest = set(), iter(runs)
    for number, count in enumerate(counts, 1):
        own = list(islice(rest, count))
        if number in numbers and all(weave.certain(*run) for run in own):
            certain.add(number)
    return certain


def _runs(marks: bytes) -> int:
    """Return how many runs of changed lines a hunk with these ``marks`` has."""
    return len([run for run in marks.split(bytes([CONTEXT])) if run])


class _Weave:
    """The lines of a file around a change, under the selection that it was made for and under another one."""

    def __init__(self, lines: LineHistory, position: int, made_for: Chosen, now: Chosen) -> None:
        after = Chosen(position, frozenset())
        self._lines: list[Line] = []
        self._old: list[bool] = []
        self._now: list[bool] = []
        self._changed: list[bool] = []
        for line in lines:
            lives = line.lives if line.born != OWN else ()
            old, here = there(lives, made_for), line.there(now)
            changed = old != there(lives, after)
            if old or here or changed:
                self._lines.append(line)
                self._old.append(old)
                self._now.append(here)
                self._changed.append(changed)

    def runs(self) -> list[tuple[int, int]]:
        """Return the runs of changed lines: first and last index of each; only unchanged old lines end a run."""
        runs: list[tuple[int, int]] = []
        broken = True
        for index, changed in enumerate(self._changed):
            if changed and broken:
                runs.append((index, index))
            elif changed:
                runs[-1] = (runs[-1][0], index)
            broken = not changed and (broken or self._old[index])
        return runs

    def certain(self, first: int, last: int) -> bool:
        """Return whether the run from index ``first`` to ``last`` has a certain place."""
        if any(self._now[index] and not self._old[index] for index in range(first, last + 1)):
            return False
        before = self._side(range(first - 1, -1, -1))
        follows = before is True and self._is_whole(first, last)
        after = self._side(range(last + 1, len(self._lines)), follows)
        return before is not None and after is not None and (before or after)

    def _is_whole(self, first: int, last: int) -> bool:
        """Return whether a run takes out and brings in whole statements that open no block for what follows."""
        run = [index for index in range(first, last + 1) if self._changed[index]]
        sides = [[self._lines[i].text for i in run if self._old[i] is old] for old in (True, False)]
        return all(not any(map(bytes.strip, texts)) or _complete(texts) for texts in sides)

    def _side(self, indexes: range, follows: bool = False) -> bool | None:
        """Return for one side of a run whether its nearest line is the same, ``None`` when the place is uncertain.

        ``follows``: this is what follows whole statements that stand right behind the line they stood behind.
        """
        missing: list[bytes] = []
        extra: list[bytes] = []
        near_missing: list[bytes] = []
        near_extra: list[bytes] = []
        seen, met = 0, False
        for index in indexes:
            text, old, here = self._lines[index].text, self._old[index], self._now[index]
            if self._changed[index] or (seen >= _CONTEXT_LINES and old and here):
                break
            seen += old
            if old != here:
                (missing if old else extra).append(text)
                if not met:
                    (near_missing if old else near_extra).append(text)
            elif text.strip():
                met = True
        if follows:
            nearest = (*near_missing, *near_extra)
            harmless = not any(_LEAVES.search(text) or _BELONGS.match(text) for text in nearest)
            return not b"".join(nearest).strip() if harmless else None
        if _depth(missing) != _depth(extra) or any(map(_BELONGS.match, (*missing, *extra))):
            return None
        near = [lines[:: indexes.step] for lines in (near_missing, near_extra)]
        if not b"".join(near_missing + near_extra).strip():
            return True
        return False if all(map(_whole, near)) else None


def _whole(texts: Sequence[bytes]) -> bool:
    """Return whether ``texts``, in the order of the file, are whole statements that don't leave their block."""
    lines = [text for text in texts if text.strip()]
    if not lines:
        return True
    joined = b"".join(lines)
    leaves = _LEAVES.search(joined) is not None and not _FUNCTION.search(joined)
    return not leaves and _complete(lines)


def _complete(texts: Sequence[bytes]) -> bool:
    """Return whether ``texts`` end with the end of a statement and close what they open."""
    lines = [text for text in texts if text.strip()]
    return _depth(lines) == 0 and _ENDS.fullmatch(lines[-1]) is not None


def _depth(texts: Sequence[bytes]) -> int:
    """Return how many more brackets and ``#if`` the lines open than they close."""
    plain = b"".join(_QUOTED.sub(b"", text) for text in texts)
    return len(_OPENS.findall(plain)) - len(_CLOSES.findall(plain))
