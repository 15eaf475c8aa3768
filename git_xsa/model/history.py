"""The history of a range of commits: rules of each change, and files under any selection of changes.

The range is a line of changes, 1 to n, after a root.  Files come into it as they are asked for: the rules of a change
need the line histories of the files it touches, and those need every change of these files, but nothing else of the
range is read.  Where the contents come from is the ``Supplier``'s business.

Each line history is checked against the contents that the last touch names: a history that does not reproduce the
file that it names raises ``HistoryError`` instead of giving an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha1, sha256
from typing import NamedTuple, Protocol

from git_xsa.model import problems
from git_xsa.model.change import SUBMODULE_MODE, FileChange, Hunk, NamedChanges, Touch
from git_xsa.model.files import Entry, Trail, Trails, assigned
from git_xsa.model.lines import LineHistory, Mismatch
from git_xsa.model.rewrite import rewritten_hunks
from git_xsa.model.rules import NEVER, ROOT, Chosen, Life, Rule, RuleBook
from git_xsa.model.standing import Have, have
from git_xsa.model.stretch import Emptied, Stretch


class Supplier(Protocol):
    """Where a history gets contents from."""

    def begin(self, positions: Sequence[int]) -> None:
        """Note that ``changes`` will be asked about ``positions`` next."""

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

    def by_path(self) -> Mapping[bytes, Sequence[Touch]]:
        """Return the touches of each name, in order."""
        return self._by_path

    def at(self, positions: Collection[int]) -> Sequence[Touch]:
        """Return which files the changes at ``positions`` touch."""
        return [touch for position in positions for touch in self._by_position.get(position, ())]

    def of(self, paths: Collection[bytes]) -> Sequence[Touch]:
        """Return every touch of the files that ever have one of ``paths`` as their name, in order."""
        known = set(paths)
        pending = sorted(paths)  # the order of files is that of the reasons that people read
        found: dict[int, Touch] = {}
        while pending:  # ends: a name is added once, when it is not known yet
            for touch in self._by_path.get(pending.pop(), ()):
                found[id(touch)] = touch
                fresh = touch.paths - known
                known |= fresh
                pending += sorted(fresh)
        return sorted(found.values(), key=lambda touch: touch.position)


class BaseTree(Protocol):
    """A base that is no position of the branch: its files, whatever made them."""

    @property
    def likely(self) -> int:
        """The position of the branch that it is most like."""

    def entries(self, paths: Collection[bytes]) -> Mapping[bytes, tuple[str, str]]:
        """Return mode and object name of those files at ``paths`` that it has."""

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents of its files with the object names ``ids``."""


def blob_name(content: bytes, length: int) -> str:
    """Return the name that git gives ``content``, ``length`` (40 or 64) hexadecimal digits long."""
    hasher = sha1 if length == 40 else sha256
    return hasher(b"blob %d\0" % len(content) + content).hexdigest()


class Opaque(bytes):
    """Stands as the only line of a file of which just the object name is known (the text): a binary file."""


class FileState(NamedTuple):
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
        return blob_name(b"".join(self.lines), length)


def split_lines(content: bytes) -> list[bytes]:
    """Return the lines of ``content``, each with its newline; only LF ends a line, as in git."""
    lines = content.split(b"\n")
    last = lines.pop()
    result = [line + b"\n" for line in lines]
    return [*result, last] if last else result


class _File:
    """The line history of one of ``trails``, what each of its changes needs of this file, and what the base has."""

    def __init__(self, trails: Trails, trail: Trail, root: Sequence[bytes], revive: bool) -> None:
        self.trail = trail
        self.lines = LineHistory(root, revive)
        self.needs: dict[int, list[tuple[bytes, Stretch | Emptied]]] = {}
        self.have = Have(frozenset(), frozenset())
        self.rivals: frozenset[int] = frozenset()  #: what another alignment, as good, says the contrary of
        self.at = ROOT  #: where the branch has the file as the base has it
        self._trails = trails
        self._rules: dict[int, tuple[Rule, ...]] = {}

    def rules(self, touch: Touch) -> tuple[Rule, ...]:
        """Return the rules that the change of ``touch`` has because of this file."""
        found = self._rules.get(touch.position)
        if found is None:
            book = RuleBook(touch.position)
            self._trails.require(touch, self.trail, book)
            for path, need in self.needs.get(touch.position, ()):
                need.note(path, book)
            found = self._rules[touch.position] = book.rules()
        return found

    def stand(self, base: Entry, content: Sequence[bytes] | None, name: str | None, likely: int) -> None:
        """Have a base stand in the history whose file is ``base``, called ``name``; else its ``content`` counts."""
        self.trail.base = base
        spans = self.trail.spans(base.path, name)
        # What the base took out as a whole has nothing of a change, though no line of it stands against one.
        positions = [] if base.path is None and not spans else [touch.position for touch in self.trail.touches]
        if spans:
            first, _ = min(spans, key=lambda span: (max(span[0] - likely, likely - span[1], 0), span))
            self.lines.stand_at(first)
            self.at = first
            if first > ROOT:  # changes that undo each other need not be there
                self.have = have(self._things(), positions)
        else:
            known = self.lines.align(content or (), likely)
            self.rivals = known.rivals
            self.have = have(self._things(), positions)
            if known.unexplained and self.lines.anchor(content or (), known, self._coming()):
                self.have = have(self._things(), positions)
            if self.lines.settle(self._coming(known.selected), self.have.taken):
                self.have = have(self._things(), positions)
        self.trail.taken = self.have.taken
        self.lines.take(self.have.taken)

    def _coming(self, nearest: Collection[int] = frozenset()) -> list[Stretch]:
        """Return the stretches of the changes that the base lacks, and that the ``nearest`` state is without."""
        had = self.have.taken.union(nearest)
        coming = (need for p, needs in self.needs.items() if p not in had for _, need in needs)
        return [need for need in coming if isinstance(need, Stretch)]

    def _things(self) -> Iterator[tuple[Sequence[Life], bool]]:
        """Yield the lives of each line, name and mode, with whether the base has it."""
        base = self.trail.base
        assert base is not None, "the base was given"
        for line in self.lines:
            if line.born > ROOT or (line.born == ROOT and (line.died != NEVER or line.earlier)):  # others add nothing
                yield line.lives, line.standing is not None and line.standing.here
        for path, lives in self.trail.names.items():
            yield lives, path == base.path
        for mode, lives in self.trail.modes.items():
            yield lives, mode == base.mode


class History:
    """What the changes after a root need of each other, and what they make of the files.

    ``index`` says which change touches which file.  ``base`` is a base that is no position of the line; it is asked
    about by the position 0.  Without
    ``revive`` lines that come back are new ones (``git_xsa.model.lines``), so that files make sense under selections
    that don't obey the rules, too.
    """

    def __init__(
        self, index: TouchIndex, supplier: Supplier, base: BaseTree | None = None, revive: bool = True
    ) -> None:
        self._index = index
        self._supplier = supplier
        self._base = base
        self._revive = revive
        self._by_path: dict[bytes, list[Touch]] = {}
        self._by_change: dict[int, list[tuple[Touch, _File]]] = {}
        self._complete: dict[int, bool] = {}  #: what the base lacks nothing of, as far as that was asked

    def prepare(self, positions: Collection[int]) -> None:
        """Read the histories of all files that the changes at ``positions`` touch, in one go."""
        self._prepare({path for touch in self._index.at(positions) for path in touch.paths})

    def _prepare(self, paths: set[bytes]) -> None:
        """Read the histories of the files at ``paths``."""
        fresh = paths - self._by_path.keys()
        if not fresh:
            return
        touches = self._index.of(fresh)
        for path in fresh.union(*(touch.paths for touch in touches)):
            self._by_path[path] = []
        for touch in touches:
            for path in touch.paths:
                self._by_path[path].append(touch)
        self._read(Trails(touches))

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
            wanted.update(touch.position for touch in trail.touches)
            paths.update(trail.names)
        self._supplier.begin(sorted(wanted))
        contents = self._supplier.contents(sorted(set(roots.values())))
        files = []
        for trail in found:
            key = id(trail)
            content = contents[roots[key]] if key in roots else _submodule(trail.touches[0])
            files.append(_File(trails, trail, split_lines(content), self._revive))
        supplied = self._supplier.changes(sorted(wanted), frozenset(paths))
        changes = {position: NamedChanges(found) for position, found in supplied.items()}
        for file in files:
            self._enter_all(file, changes)
            for touch in file.trail.touches:
                self._by_change.setdefault(touch.position, []).append((touch, file))
        if self._base is not None:
            trails.strange = self._stand(self._base, files)

    @staticmethod
    def _stand(base: BaseTree, files: Sequence[_File]) -> set[bytes]:
        """Have the base stand in the histories of ``files``; return the names of its files that are none of these."""
        entries = base.entries({path for file in files for path in file.trail.names})
        found = assigned([file.trail for file in files], entries, base.likely)
        strange = {
            entries[path][1]
            for path, trail in found.items()
            if entries[path][0] != SUBMODULE_MODE and not trail.spans(path, entries[path][1])
        }
        contents = base.contents(sorted(strange))
        names = {id(trail): path for path, trail in found.items()}
        for file in files:
            path = names.get(id(file.trail))
            mode, name = entries[path] if path is not None else (None, None)
            lines = _shown(mode, name, contents)
            file.stand(Entry(path, mode), lines, name, base.likely)
        return entries.keys() - found.keys()

    def _enter_all(self, file: _File, changes: Mapping[int, NamedChanges]) -> None:
        """Enter what ``changes`` do to ``file``, and check what comes out."""
        for touch in file.trail.touches:
            needs: list[tuple[bytes, Stretch | Emptied]] = []
            for change in changes[touch.position].of(touch):
                needs += ((change.path, need) for need in self._enter(file.lines, touch, change))
            file.needs[touch.position] = needs
        self._check(file)

    def _enter(self, lines: LineHistory, touch: Touch, change: FileChange) -> list[Stretch | Emptied]:
        path = change.path
        try:
            if change.binary:
                new = touch.new_id if change.new_path is not None else None
                return [*lines.replace_all(self._whole(new), touch.position)]
            stretches = lines.apply(change.hunks, touch.position)
            return [*stretches, *([lines.emptied()] if change.new_path is None else [])]
        except Mismatch as error:
            raise problems.change_does_not_fit(touch.position, path, error) from None

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
            raise problems.other_contents(last.position, last.new_path, made, last.new_id)

    def rules(self, position: int) -> Iterable[Rule]:
        """Return what the change at ``position`` needs; ``prepare`` must have been called with it."""
        for touch, file in self._by_change.get(position, ()):
            yield from file.rules(touch)

    def taken(self, position: int) -> bool:
        """Return whether the base, one that is no position of the branch, has all of the change at ``position``."""
        self.prepare([position])
        if not self._is_whole(position):
            return False
        files = [file for _, file in self._by_change.get(position, ())]
        # Nothing shows a change that later ones undid: the base is past it if its files are the branch's after it.
        passed = bool(files) and all(position <= file.at for file in files)
        return passed or any(position in file.have.taken for file in files)

    def _is_whole(self, position: int) -> bool:
        """Return whether the base lacks nothing of a change in any file, but for what later changes took or brought
        back; these must be there as a whole, too."""
        known = self._complete.get(position)
        if known is None:
            self.prepare([position])
            found = [file.have for _, file in self._by_change.get(position, ())]
            known = all(position in have.taken or position in have.idle for have in found)
            later = frozenset[int]().union(*(have.undone.get(position, ()) for have in found)) if known else ()
            known = known and all(map(self.taken, later))
            self._complete[position] = known
        return known

    def uncertain(self, position: int) -> bool:
        """Return whether equal lines of the base can be read so that the contrary holds of the change."""
        return any(position in file.rivals for _, file in self._by_change.get(position, ()))

    def partly(self, position: int) -> list[bytes]:
        """Return the files in which the base has something of a change that it has not as a whole; none: it has nothing
        of it, or all."""
        if self.taken(position):
            return []
        found = self._by_change.get(position, ())
        return [
            touch.new_path or touch.old_path or b""
            for touch, file in found
            if position in file.have.partly or position in file.have.taken
        ]

    def entry(self, path: bytes, base: int) -> tuple[str, str] | None:
        """Return mode and object name of the file at ``path`` in the base at position ``base``; ``None``: no file.

        Only for paths that a change of the range touches: nothing is known of others.
        """
        if self._base is not None:
            return self._base.entries([path]).get(path)
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
            for path in sorted(wanted.intersection(names)):
                found.setdefault(path, [])
            now = file.trail.after(chosen).path
            if now is not None and now in wanted:
                found[now] = file.lines.origins(chosen)
        return found

    def fates(self, paths: Collection[bytes], chosen: Chosen, until: int) -> dict[bytes, list[tuple[bytes, int]]]:
        """Return the lines of those files at ``paths`` that the range touches, as they are after ``chosen``, each with
        what the branch has made of it up to the change at ``until`` (``LineHistory.fates``)."""
        self._prepare(set(paths))
        touches = [touch for path in paths for touch in self._by_path[path]]
        files = {id(file): file for touch in touches for _, file in self._by_change[touch.position]}
        places = ((file.trail.after(chosen).path, file) for file in files.values())
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
            now = file.trail.after(chosen)
            if now.path is not None and now.mode is not None:
                lines = file.lines.late_texts(chosen) if late else file.lines.texts(chosen)
                answer[now.path] = FileState(now.path, now.mode, lines)
        return answer

    def rewritten(self, position: int, before: Chosen, after: Chosen) -> list[FileChange]:
        """Return what leads from the files after ``before`` to those after ``after``, of those that the change at
        ``position`` touches, with the line numbers and the context that they have there.

        Of a binary file the contents are ``Opaque`` lines, for which there are no hunks.
        """
        changes = []
        for file in {id(file): file for _, file in self._by_change.get(position, ())}.values():
            old, new = file.trail.after(before), file.trail.after(after)
            hunks = rewritten_hunks(file.lines, before, after)
            if old != new or hunks:
                opaque = any(isinstance(text, Opaque) for hunk in hunks for text in hunk.texts)
                changes.append(FileChange(old.path, new.path, old.mode, new.mode, hunks, opaque))
        return sorted(changes, key=lambda change: change.path)

    def lines_of(self, position: int) -> list[tuple[Touch, LineHistory]]:
        """Return the line histories of the files that the change at ``position`` touches."""
        return [(touch, file.lines) for touch, file in self._by_change.get(position, ())]

    def needs_of(self, position: int) -> list[tuple[bytes, Stretch | Emptied]]:
        """Return what each hunk of the change at ``position`` needs, with the path of its file."""
        return [need for _, file in self._by_change.get(position, ()) for need in file.needs.get(position, ())]

    def hunks(self, position: int, path: bytes) -> list[Hunk]:
        """Return the hunks of the change at ``position`` in the file at ``path``."""
        changes = self._supplier.changes([position], frozenset([path]))[position]
        return [hunk for change in changes if change.path == path for hunk in change.hunks]


def _shown(mode: str | None, name: str | None, contents: Mapping[str, bytes]) -> list[bytes] | None:
    """Return the lines of a base's file, ``None`` where they don't matter."""
    if mode == SUBMODULE_MODE and name is not None:
        return [b"Subproject commit %s\n" % name.encode()]
    if name is None or name not in contents:
        return None
    content = contents[name]
    return [Opaque(name.encode())] if b"\0" in content else split_lines(content)


def _submodule(touch: Touch) -> bytes:
    """Return what a diff shows of a submodule before ``touch``, nothing for a file that was not there."""
    return b"Subproject commit %s\n" % touch.old_id.encode() if touch.old_id is not None else b""
