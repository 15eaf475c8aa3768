"""A slow, obvious referee for the line history: what rules say, what changes by hand, every selection in turn.

Nothing here uses ``git_xsa.model.selection`` or the lives of lines.  ``ByHand`` applies changes to files one by one.
All it takes from the line history is where things stand: the order of a file's lines, and which line each change
removed or added.  A hunk is put where its first changed line belongs in that order, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, SUBMODULE_MODE, FileChange, Hunk, Touch
from git_xsa.model.files import Trail, Trails
from git_xsa.model.history import FileState, Opaque, Supplier, split_lines
from git_xsa.model.line import Line
from git_xsa.model.lines import LineHistory
from git_xsa.model.rules import NEVER, Condition
from git_xsa.model.selection import RuleSource


def selections(base: int, size: int, wanted: Iterable[int]) -> Iterator[frozenset[int]]:
    """Yield every set of changes after ``base`` that holds ``wanted``, the smallest first."""
    asked = frozenset(position for position in wanted if position > base)
    others = [position for position in range(base + 1, size + 1) if position not in asked]
    for count in range(len(others) + 1):
        for more in combinations(others, count):
            yield asked | frozenset(more)


def obeys(source: RuleSource, base: int, selection: frozenset[int]) -> bool:
    """Whether every rule of every selected change is fulfilled."""
    source.prepare(selection)
    return all(fulfilled(rule.condition, base, selection) for position in selection for rule in source.rules(position))


def fulfilled(condition: Condition, base: int, selection: frozenset[int]) -> bool:
    """Whether "if given, then needed" holds, if the condition speaks of this base at all."""
    applied = set(range(base + 1)) | selection
    speaks = condition.since <= base < condition.until
    return not speaks or condition.given not in applied or condition.need in applied


class Refused(Exception):
    """The change at ``position`` can't be applied by hand."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"change {position}: {why}")
        self.position = position


@dataclass(frozen=True)
class Step:
    """What one diff of one file did: to which file, and its lines before and after, as lines of the line history."""

    touch: Touch
    trail: Trail
    change: FileChange
    before: list[Line]
    after: list[Line]

    @property
    def hunks(self) -> Sequence[Hunk]:
        """The hunks; for a binary change the one that takes all and leaves all."""
        if not self.change.binary:
            return self.change.hunks
        marks = bytes([REMOVED]) * len(self.before) + bytes([ADDED]) * len(self.after)
        texts = tuple(line.text for line in (*self.before, *self.after))
        return [Hunk(bool(self.before), bool(self.after), marks, texts)]


@dataclass(frozen=True)
class HandFile:
    """A file while changes are applied to it by hand."""

    path: bytes
    mode: str
    lines: list[Line]
    trail: Trail | None = None

    @property
    def entry(self) -> tuple[str, str]:
        """Mode and object name, as git would give them."""
        texts = [line.text for line in self.lines]
        return self.mode, FileState(self.path, self.mode, texts).object_name(40)


@dataclass(frozen=True)
class Outcome:
    """Files by name after some changes; ``ambiguous`` holds those that had a hunk with more than one place."""

    files: Mapping[bytes, HandFile]
    ambiguous: frozenset[int]

    @property
    def entries(self) -> dict[bytes, tuple[str, str]]:
        return {path: file.entry for path, file in self.files.items()}


class ByHand:
    """All changes of a range, to be applied to any base in any selection, in their order.

    The hunks of a change must find their old lines, as texts, just where they belong.  ``exact``: the lines must be
    the very ones that were there, not just equal ones, and a change of mode must find the mode that it changes.
    """

    def __init__(self, touches: Sequence[Touch], supplier: Supplier, revive: bool = True) -> None:
        self._revive = revive
        self._roots: dict[bytes, HandFile] = {}
        self._order: dict[int, float] = {}
        self._own: list[Line] = []
        self._steps: dict[int, list[Step]] = {}
        trails = Trails(touches)
        every = {id(trail): trail for group in trails.by_change.values() for _, trail in group}
        #: Whether a file gets a name or a mode back.
        self.returns = any(
            len(lives) > 1
            for trail in every.values()
            for states in (trail.names.values(), trail.modes.values())
            for lives in states
        )
        paths = frozenset(path for trail in every.values() for path in trail.names)
        changes = supplier.changes(sorted(trails.by_change), paths)
        histories = {key: self._root(trail, supplier) for key, trail in every.items()}
        for position, group in trails.by_change.items():
            self._steps[position] = []
            for change in changes[position]:
                touch, trail = next((touch, trail) for touch, trail in group if _same_file(change, touch))
                step = _replay(histories[id(trail)], touch, trail, change, supplier)
                self._steps[position].append(step)
        for history in histories.values():
            self._order |= {id(line): spot for spot, line in enumerate(history)}

    def _root(self, trail: Trail, supplier: Supplier) -> LineHistory:
        first = trail.touches[0]
        history = LineHistory(_contents(first.old_mode, first.old_id, supplier), self._revive)
        if first.old_path is not None:
            self._roots[first.old_path] = HandFile(first.old_path, first.old_mode or "", list(history), trail)
        return history

    def base(self, base: int) -> dict[bytes, HandFile]:
        """Return the files of the base."""
        files = dict(self._roots)
        for position in range(1, base + 1):
            steps = self._steps.get(position, ())
            for step in steps:
                if step.change.old_path is not None:
                    del files[step.change.old_path]
            for step in steps:
                path = step.change.new_path
                if path is not None:
                    mode = step.change.new_mode or step.touch.new_mode or ""
                    files[path] = HandFile(path, mode, step.after, step.trail)
        return files

    def steps(self, position: int) -> Sequence[Step]:
        """Return what the change at ``position`` does, file by file."""
        return self._steps.get(position, ())

    def lines(self) -> Iterator[Line]:
        """Yield all lines that the changes have ever seen."""
        for steps in self._steps.values():
            for step in steps:
                yield from (*step.before, *step.after)

    def put(self, files: Mapping[bytes, HandFile], position: int, steps: Sequence[Step]) -> dict[bytes, HandFile]:
        """Return what ``steps``, some of those of the change at ``position``, make of ``files``; raises ``Refused``."""
        kept = self._steps[position]
        self._steps[position] = list(steps)
        try:
            return dict(self.apply_to(files, [position]).files)
        finally:
            self._steps[position] = kept

    def knows(self, line: Line) -> bool:
        """Return whether it is known where ``line`` stands."""
        return id(line) in self._order

    def order_behind(self, line: Line | None, own: Sequence[Line]) -> None:
        """Have the lines ``own``, which no change brought, stand right behind ``line``, ``None``: at the start."""
        start = self._order[id(line)] if line is not None else -1
        self._own += own  # so that their identities stay theirs
        for number, one in enumerate(own, 1):
            self._order[id(one)] = start + number / (1000.0 * len(own))

    def apply(self, base: int, queue: Iterable[int], exact: bool = False, anchored: bool = True) -> Outcome:
        """Return what the changes make of the base, in the order in which they are given; raises ``Refused``.

        Without ``anchored`` only the changed lines of a hunk need to fit, and a file need not have its old name.
        """
        return self.apply_to(self.base(base), queue, exact, anchored)

    def apply_to(
        self, base: Mapping[bytes, HandFile], queue: Iterable[int], exact: bool = False, anchored: bool = True
    ) -> Outcome:
        """Return what the changes make of the files ``base``, which may have lines of their own."""
        files = dict(base)
        ambiguous: set[int] = set()
        for position in queue:
            arriving: list[HandFile] = []
            for step in self._steps.get(position, ()):
                old = _leave(files, step, anchored)
                _demand_mode(step, old, exact)
                lines = old.lines
                for hunk in step.hunks if anchored else [piece for whole in step.hunks for piece in bare(whole)]:
                    start = self._place(step, hunk, lines, anchored)
                    if exact:
                        _demand_own_lines(step, hunk, lines, start)
                    if len(places_for_git([line.text for line in lines], hunk)) > 1:
                        ambiguous.add(position)
                    lines = _replaced(step, hunk, lines, start)
                path = step.change.new_path
                if path is None:
                    _demand(not lines, position, "lines are left in a deleted file")
                else:
                    path = path if path != step.change.old_path else old.path
                    arriving.append(HandFile(path, _mode(old, step), lines, step.trail))
            for file in arriving:
                _demand(file.path not in files, position, f"{file.path!r} is there")
                files[file.path] = file
        return Outcome(files, frozenset(ambiguous))

    def _place(self, step: Step, hunk: Hunk, lines: list[Line], anchored: bool) -> int:
        """Return where the hunk's old lines begin: its first changed line goes where the line history has it."""
        if hunk.marks[hunk.leading] == REMOVED:
            changed = step.before[hunk.old_index + hunk.leading]
        else:
            changed = step.after[_new_index(hunk) + hunk.leading]
        start = sum(self._order[id(line)] < self._order[id(changed)] for line in lines) - hunk.leading
        end = start + len(hunk.old_lines)
        fits = start >= 0 and [line.text for line in lines[start:end]] == hunk.old_lines
        if anchored:
            fits = fits and (hunk.old_start > 1 or start == 0) and (hunk.trailing > 0 or end == len(lines))
        _demand(fits, step.touch.position, f"{hunk} does not fit at line {start + 1}")
        return start


def bare(hunk: Hunk) -> list[Hunk]:
    """Return each run of changed lines in ``hunk`` as a hunk without context."""
    found: list[Hunk] = []
    old, new = hunk.old_index, _new_index(hunk)
    run: list[tuple[int, bytes]] = []
    for mark, text in (*zip(hunk.marks, hunk.texts, strict=True), (CONTEXT, b"")):
        if mark != CONTEXT:
            run.append((mark, text))
            continue
        if run:
            marks = bytes(mark for mark, _ in run)
            removed, added = marks.count(REMOVED), marks.count(ADDED)
            found.append(Hunk(old + bool(removed), new + bool(added), marks, tuple(text for _, text in run)))
            old, new, run = old + removed, new + added, []
        old, new = old + 1, new + 1
    return found


def _leave(files: dict[bytes, HandFile], step: Step, anchored: bool) -> HandFile:
    """Take the file that ``step`` changes out of ``files`` and return it: nothing yet, if the change creates it."""
    path = step.change.old_path
    if path is None:
        return HandFile(b"", "", [])
    if not anchored:
        path = next((name for name, file in files.items() if file.trail is step.trail), path)
    found = files.pop(path, None)
    _demand(found is not None and found.trail is step.trail, step.touch.position, f"no file {path!r}")
    assert found is not None
    return found


def _demand_mode(step: Step, file: HandFile, exact: bool) -> None:
    """Raise ``Refused`` for a file of another type than the change was made for (a bare rename takes any); when
    ``exact``, also for another mode if the change gives it a new one, or the file ever has another type."""
    change = step.change
    bare_rename = not step.hunks and change.old_path != change.new_path and change.new_path is not None
    if change.old_mode is None or change.old_path is None or (bare_rename and change.old_mode == change.new_mode):
        return
    typed = len({mode[:2] for mode in step.trail.modes}) > 1
    _demand(file.mode[:2] == change.old_mode[:2], step.touch.position, f"it has mode {file.mode}")
    if exact and (typed or change.new_mode not in (None, change.old_mode)):
        _demand(file.mode == change.old_mode, step.touch.position, f"it has mode {file.mode}")


def _demand_own_lines(step: Step, hunk: Hunk, lines: list[Line], start: int) -> None:
    """Raise ``Refused`` unless the lines there are the very ones that the hunk was made for."""
    end = start + len(hunk.old_lines)
    old_end = hunk.old_index + len(hunk.old_lines)
    expected = step.before[hunk.old_index : old_end]
    position = step.touch.position
    _demand([id(line) for line in lines[start:end]] == [id(line) for line in expected], position, "other lines")
    at_end = old_end == len(step.before) and hunk.trailing == 0
    _demand(not at_end or end == len(lines), position, "not at the end of the file")


def _replaced(step: Step, hunk: Hunk, lines: list[Line], start: int) -> list[Line]:
    """Return the lines after the hunk was applied at index ``start``."""
    made: list[Line] = []
    index, fresh = start, iter(step.after[_new_index(hunk) :])
    for mark in hunk.marks:
        new = next(fresh) if mark != REMOVED else None
        if new is not None:
            made.append(lines[index] if mark == CONTEXT else new)
        index += mark != ADDED
    return [*lines[:start], *made, *lines[index:]]


def _new_index(hunk: Hunk) -> int:
    """Return where the hunk's new lines begin in the file after it, counted from 0."""
    return hunk.new_start - 1 if hunk.new_lines else hunk.new_start


def _demand(truth: bool, position: int, why: str) -> None:
    if not truth:
        raise Refused(position, why)


def _mode(old: HandFile, step: Step) -> str:
    """Return the mode after ``step``: the one it gives, or the one that the file has already."""
    change = step.change
    if change.old_path is not None and change.new_mode == change.old_mode:
        return old.mode
    return change.new_mode or old.mode or step.touch.new_mode or ""


def places_for_git(texts: Sequence[bytes], hunk: Hunk) -> list[int]:
    """Return every index at which ``git apply`` takes the hunk (``match_fragment`` in its apply.c): at the start of
    the file if it says line 1, at the end if it ends with a change.  An old line without a newline also matches one
    with it: git compares bytes up to the end of the hunk."""
    old = hunk.old_lines
    found = []
    for at in range(len(texts) - len(old) + 1):
        there = list(texts[at : at + len(old)])
        same = there[:-1] == old[:-1] and (not old or there[-1] in (old[-1], old[-1].rstrip(b"\n") + b"\n"))
        if same and (hunk.old_start > 1 or at == 0) and (hunk.trailing > 0 or at + len(old) == len(texts)):
            found.append(at)
    return found


def _same_file(change: FileChange, touch: Touch) -> bool:
    names = [(change.old_path, touch.old_path), (change.new_path, touch.new_path)]
    return any(mine is not None and mine == other for mine, other in names)


def _replay(history: LineHistory, touch: Touch, trail: Trail, change: FileChange, supplier: Supplier) -> Step:
    before = _now(history)
    if change.binary:
        mode, name = (touch.new_mode, touch.new_id) if change.new_path is not None else (None, None)
        content = _contents(mode, name, supplier)
        if name is not None and any(b"\0" in line for line in content):
            content = [Opaque(name.encode())]  # its lines have no place among those of a text
        history.replace_all(content, touch.position)
    else:
        history.apply(change.hunks, touch.position)
    return Step(touch, trail, change, before, _now(history))


def _now(history: LineHistory) -> list[Line]:
    return [line for line in history if line.died == NEVER]


def _contents(mode: str | None, name: str | None, supplier: Supplier) -> list[bytes]:
    if name is None:
        return []
    if mode == SUBMODULE_MODE:
        return [b"Subproject commit %s\n" % name.encode()]
    return split_lines(supplier.contents([name])[name])
