"""The history of a range of commits: rules of each change, and files under any selection of changes.

The range is a line of changes, 1 to n, after a root.  Files come into it as they are asked for: the rules of a change
need the line histories of the files it touches, and those need every change of these files, but nothing else of the
range is read.  Where the contents come from is the ``Supplier``'s business.

Each line history is checked against the contents that the last touch names: a history that does not reproduce the
file it tells of raises ``HistoryError`` instead of giving an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Protocol

from git_xsa.model.change import SUBMODULE_MODE, FileChange, Hunk, Touch
from git_xsa.model.files import Trail, Trails
from git_xsa.model.lines import LineHistory, Mismatch
from git_xsa.model.rewrite import rewritten_hunks
from git_xsa.model.rules import OWN, Chosen, Rule, RuleBook, there


class HistoryError(Exception):
    """The changes of a file do not add up: at ``position``, in the file at ``path``, because of ``why``."""

    def __init__(self, position: int, path: bytes, why: str) -> None:
        super().__init__(f"change {position} of {path!r}: {why}")
        self.position = position
        self.path = path
        self.why = why


class Supplier(Protocol):
    """Where a history gets contents from."""

    def begin(self, positions: Sequence[int]) -> None:
        """Be told that ``changes`` is asked about ``positions`` after something else."""

    def changes(self, positions: Sequence[int], paths: frozenset[bytes]) -> Mapping[int, Sequence[FileChange]]:
        """Return what each of the changes at ``positions`` does, to the files at ``paths`` at least."""

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents that each of the object names ``ids`` stands for."""


class TouchIndex(Protocol):
    """Which changes touch which files."""

    def at(self, positions: Collection[int]) -> Sequence[Touch]:
        """Return which files the changes at ``positions`` touch."""

    def of(self, paths: Collection[bytes]) -> Sequence[Touch]:
        """Return every touch of the files that have one of ``paths`` as their name at any time, in the order of the
        changes: renames are followed both ways.
        """


class TouchList:
    """A touch index over a list of touches, which must be in the order of the changes."""

    def __init__(self, touches: Iterable[Touch]) -> None:
        self._by_position: dict[int, list[Touch]] = {}
        self._by_path: dict[bytes, list[Touch]] = {}
        for touch in touches:
            self._by_position.setdefault(touch.position, []).append(touch)
            for path in touch.paths:
                self._by_path.setdefault(path, []).append(touch)

    def at(self, positions: Collection[int]) -> Sequence[Touch]:
        """Return which files the changes at ``positions`` touch."""
        return [touch for position in positions for touch in self._by_position.get(position, ())]

    def of(self, paths: Collection[bytes]) -> Sequence[Touch]:
        """Return every touch of the files that ever have one of ``paths`` as their name, in order."""
        known = set(paths)
        pending = list(paths)
        found: dict[int, Touch] = {}
        while pending:  # ends: a name is added once, when it is not known yet
            for touch in self._by_path.get(pending.pop(), ()):
                found[id(touch)] = touch
                fresh = touch.paths - known
                known |= fresh
                pending += fresh
        return sorted(found.values(), key=lambda touch: touch.position)


class Opaque(bytes):
    """Stands as the only line of a file of which just the object name is known (the text): a binary file."""


@dataclass(frozen=True)
class FileState:
    """A file as it is under a selection: its name, mode and lines (one ``Opaque`` for a binary file)."""

    path: bytes
    mode: str
    lines: Sequence[bytes]

    def object_name(self, length: int) -> str:
        """Return the name that git gives these contents, ``length`` (40 or 64) hexadecimal digits long."""
        if len(self.lines) == 1 and isinstance(self.lines[0], Opaque):
            return self.lines[0].decode()
        if self.mode == SUBMODULE_MODE:
            return b"".join(self.lines).decode().split()[-1]
        content = b"".join(self.lines)
        hasher = sha1 if length == 40 else sha256
        return hasher(b"blob %d\0" % len(content) + content).hexdigest()


def split_lines(content: bytes) -> list[bytes]:
    """Return the lines of ``content``, each with its newline; only LF ends a line, as in git."""
    lines = content.split(b"\n")
    last = lines.pop()
    result = [line + b"\n" for line in lines]
    return [*result, last] if last else result


class _File:
    """The line history of one trail, and the rules that each of its changes has because of this file."""

    def __init__(self, trail: Trail, root: Sequence[bytes], revive: bool) -> None:
        self.trail = trail
        self.lines = LineHistory(root, revive)
        self.rules: dict[int, tuple[Rule, ...]] = {}


class History:
    """What the changes after a root need of each other, and what they make of the files.

    ``index`` tells which change touches which file.  ``own`` tells what a base
    that is not on the line itself did since the root, where it left the line; that base's position is 0.  Without
    ``revive`` lines that come back are new ones (``git_xsa.model.lines``), so that files make sense under selections
    that don't obey the rules, too.
    """

    def __init__(self, index: TouchIndex, supplier: Supplier, own: Sequence[Touch] = (), revive: bool = True) -> None:
        self._index = index
        self._supplier = supplier
        self._own = TouchList(own)
        self._revive = revive
        self._by_path: dict[bytes, list[Touch]] = {}
        self._by_change: dict[int, list[tuple[Touch, _File]]] = {}

    def prepare(self, positions: Collection[int]) -> None:
        """Read the histories of all files that the changes at ``positions`` touch, in one go."""
        self._prepare({path for touch in self._index.at(positions) for path in touch.paths})

    def _prepare(self, paths: set[bytes]) -> None:
        """Read the histories of the files at ``paths``."""
        fresh = paths - self._by_path.keys()
        if not fresh:
            return
        touches, own = self._touches_of(fresh)
        for path in fresh.union(*(touch.paths for touch in (*touches, *own))):
            self._by_path[path] = []
        for touch in touches:
            for path in touch.paths:
                self._by_path[path].append(touch)
        self._read(Trails(touches, own))

    def _touches_of(self, paths: set[bytes]) -> tuple[Sequence[Touch], Sequence[Touch]]:
        """Return what the changes, and what the base itself, did to the files that ever have one of ``paths``."""
        known = paths
        while True:  # ends: each round knows more names, and the range has only so many
            touches = self._index.of(known)
            names = known.union(*(touch.paths for touch in touches))
            own = self._own.of(names)
            known = names.union(*(touch.paths for touch in own))
            if known == names:
                return touches, own

    def _read(self, trails: Trails) -> None:
        """Read the line histories of ``trails``."""
        found = trails.all()
        roots = {}
        paths: set[bytes] = set()
        wanted: set[int] = set()
        for trail in found:
            first = trail.touches[0]
            if first.old_id is not None and first.old_mode != SUBMODULE_MODE:
                roots[id(trail)] = first.old_id
            wanted.update(touch.position for touch in (trail.own, *trail.touches) if touch is not None)
            paths.update(trail.names)
        self._supplier.begin(sorted(wanted))
        contents = self._supplier.contents(sorted(set(roots.values())))
        files = []
        for trail in found:
            key = id(trail)
            content = contents[roots[key]] if key in roots else _submodule(trail.touches[0])
            files.append(_File(trail, split_lines(content), self._revive))
        changes = self._supplier.changes(sorted(wanted), frozenset(paths))
        for file in files:
            self._enter_all(trails, file, changes)
            for touch in file.trail.touches:
                self._by_change.setdefault(touch.position, []).append((touch, file))

    def _enter_all(self, trails: Trails, file: _File, changes: Mapping[int, Sequence[FileChange]]) -> None:
        """Enter what ``changes`` do to ``file``, and check what comes out."""
        trail = file.trail
        if trail.own is not None:
            file.lines.enter_own(self._own_hunks(trail.own, file.lines.now(), changes[OWN]))
        for touch in trail.touches:
            book = RuleBook(touch.position)
            trails.require(touch, trail, book)
            for change in changes[touch.position]:
                if _belongs(change, touch):
                    self._enter(file.lines, touch, change, book)
            file.rules[touch.position] = book.rules()
        self._check(file)

    @staticmethod
    def _own_hunks(touch: Touch, root: list[bytes], changes: Sequence[FileChange]) -> list[Hunk]:
        """Return what the base itself did to the lines of a file; a binary change replaces them all."""
        hunks: list[Hunk] = []
        for change in changes:
            if _belongs(change, touch) and change.binary:
                new = [Opaque(touch.new_id.encode())] if touch.new_id is not None else []
                hunks.append(Hunk(int(bool(root)), int(bool(new)), b"-" * len(root) + b"+" * len(new), (*root, *new)))
            elif _belongs(change, touch):
                hunks += change.hunks
        return hunks

    def _enter(self, lines: LineHistory, touch: Touch, change: FileChange, book: RuleBook) -> None:
        path = change.path
        try:
            if change.binary:
                new = touch.new_id if change.new_path is not None else None
                lines.replace_all(path, self._whole(new), book)
            else:
                lines.apply(path, change.hunks, book)
                if change.new_path is None:
                    lines.require_empty(path, book)
        except Mismatch as error:
            raise HistoryError(touch.position, path, str(error)) from None

    def _whole(self, name: str | None) -> list[bytes]:
        """Return the lines that a binary change leaves, ``None``: no file.  It may leave text, whose lines later
        changes then find; of anything else the object name is enough."""
        if name is None:
            return []
        content = self._supplier.contents([name])[name]
        return [Opaque(name.encode())] if b"\0" in content else split_lines(content)

    @staticmethod
    def _check(file: _File) -> None:
        last = file.trail.touches[-1]
        if last.new_path is None or last.new_id is None or last.new_mode is None:
            return
        made = FileState(last.new_path, last.new_mode, file.lines.now()).object_name(len(last.new_id))
        if made != last.new_id:
            raise HistoryError(last.position, last.new_path, f"its lines make {made}, not {last.new_id}")

    def rules(self, position: int) -> Iterable[Rule]:
        """Return what the change at ``position`` needs; ``prepare`` must have been told of it."""
        for _, file in self._by_change.get(position, ()):
            yield from file.rules[position]

    def entry(self, path: bytes, base: int) -> tuple[str, str] | None:
        """Return mode and object name of the file at ``path`` in the base at position ``base``; ``None``: no file.

        Only for paths that a change of the range touches: nothing is known of others.
        """
        for changed in self._own.of([path]):
            mode, name = (changed.new_mode, changed.new_id) if changed.new_path == path else (None, None)
            return (mode, name) if mode is not None and name is not None else None
        touches = self._by_path.get(path, ())
        last = max((touch.position for touch in touches if touch.position <= base), default=None)
        if last is not None:  # one change may both free the name and give it
            found = [(t.new_mode, t.new_id) for t in touches if t.position == last and t.new_path == path]
        else:
            first = min((touch.position for touch in touches), default=None)
            found = [(t.old_mode, t.old_id) for t in touches if t.position == first and t.old_path == path]
        mode, name = found[0] if found else (None, None)
        return (mode, name) if mode is not None and name is not None else None

    def origins(
        self, positions: Iterable[int], chosen: Chosen, paths: Collection[bytes]
    ) -> dict[bytes, list[tuple[bytes, int]]]:
        """Return the lines of those files that ever have one of the names ``paths`` and that the changes at
        ``positions`` touch, as they are after ``chosen``, each with the position that brought it (0: the base has it).

        A name that no file has then has no lines.
        """
        files = {id(file): file for p in positions for _, file in self._by_change.get(p, ())}
        wanted = set(paths)
        found: dict[bytes, list[tuple[bytes, int]]] = {}
        for file in files.values():
            names = file.trail.names
            if wanted.isdisjoint(names):
                continue
            for path in wanted.intersection(names):
                found.setdefault(path, [])
            now, _ = self._place(file, chosen)
            if now in wanted:
                found[now] = file.lines.origins(chosen)
        return found

    def fates(self, paths: Collection[bytes], chosen: Chosen, until: int) -> dict[bytes, list[tuple[bytes, int]]]:
        """Return the lines of those files at ``paths`` that the range touches, as they are after ``chosen``, each with
        what the branch has made of it up to the change at ``until`` (``LineHistory.fates``)."""
        self._prepare(set(paths))
        touches = [touch for path in paths for touch in self._by_path[path]]
        files = {id(file): file for touch in touches for _, file in self._by_change[touch.position]}
        places = ((self._place(file, chosen)[0], file) for file in files.values())
        return {path: file.lines.fates(chosen, until) for path, file in places if path is not None and path in paths}

    def states(self, positions: Iterable[int], chosen: Chosen, late: bool = False) -> dict[bytes, FileState | None]:
        """Return the files that the changes at ``positions`` touch, as they are after ``chosen``.

        Every name that these changes mention is a key; ``None``: no file has it.  A selection that does not obey the
        rules gives files that no sequence of patches makes; with ``late`` new lines stand behind lines of such files
        that they have no certain order with, and not before them.
        """
        files = {}
        answer: dict[bytes, FileState | None] = {}
        for position in positions:
            for touch, file in self._by_change.get(position, ()):
                files[id(file)] = file
                answer |= dict.fromkeys(touch.paths)
        for file in files.values():
            path, mode = self._place(file, chosen)
            if path is not None and mode is not None:
                lines = file.lines.late_texts(chosen) if late else file.lines.texts(chosen)
                answer[path] = FileState(path, mode, lines)
        return answer

    def rewritten(self, position: int, before: Chosen, after: Chosen) -> list[FileChange]:
        """Return what leads from the files after ``before`` to those after ``after``, of those that the change at
        ``position`` touches, with the line numbers and the context that they have there.

        Of a binary file the contents are ``Opaque`` lines, for which there are no hunks.
        """
        changes = []
        for file in {id(file): file for _, file in self._by_change.get(position, ())}.values():
            old, new = self._place(file, before), self._place(file, after)
            hunks = rewritten_hunks(file.lines, before, after)
            if old != new or hunks:
                opaque = any(isinstance(text, Opaque) for hunk in hunks for text in hunk.texts)
                changes.append(FileChange(old[0], new[0], old[1], new[1], hunks, opaque))
        return sorted(changes, key=lambda change: change.path)

    def lines_of(self, position: int) -> list[tuple[Touch, LineHistory]]:
        """Return the line histories of the files that the change at ``position`` touches."""
        return [(touch, file.lines) for touch, file in self._by_change.get(position, ())]

    def hunks(self, position: int, path: bytes) -> list[Hunk]:
        """Return the hunks of the change at ``position`` in the file at ``path``."""
        changes = self._supplier.changes([position], frozenset([path]))[position]
        return [hunk for change in changes if change.path == path for hunk in change.hunks]

    @staticmethod
    def _place(file: _File, chosen: Chosen) -> tuple[bytes | None, str | None]:
        """Return name and mode of the file after ``chosen``, ``None`` for both when it is not there."""
        names = [path for path, lives in file.trail.names.items() if there(lives, chosen)]
        if not names:
            return None, None
        given = [(life.born, mode) for mode, lives in file.trail.modes.items() for life in lives]
        modes = [mode for born, mode in sorted(given) if chosen.holds(born)]  # the last one given counts
        return names[-1], modes[-1]


def _belongs(change: FileChange, touch: Touch) -> bool:
    """Whether ``change`` tells of the file that ``touch`` names (both parts of a change of type do)."""
    return (change.old_path is not None and change.old_path == touch.old_path) or (
        change.new_path is not None and change.new_path == touch.new_path
    )


def _submodule(touch: Touch) -> bytes:
    """Return what a diff shows of a submodule before ``touch``, nothing for a file that was not there."""
    return b"Subproject commit %s\n" % touch.old_id.encode() if touch.old_id is not None else b""
