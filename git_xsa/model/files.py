"""Which file is which: names, modes and existence over a range of commits.

A file keeps its history through renames: a rename is one file with another name, not a deletion and a creation.  A
file that is deleted and later created again under the same name is the same file, so that a revert of the deletion
revives its lines.  Names and modes have lives as lines do (``git_xsa.model.rules.Life``), and give rules of the same
form: who created the file, who renamed it, who gave it its mode, who freed a name for a new file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from git_xsa.model.change import Touch
from git_xsa.model.rules import NEVER, ROOT, Chosen, Condition, Kind, Life, RuleBook, absent, present, there
from git_xsa.model.standing import Standing

State = TypeVar("State", bytes, str)


class Entry(NamedTuple):
    """What a tree has of a file: its name and mode, both ``None`` when it has no such file."""

    path: bytes | None
    mode: str | None


@dataclass(eq=False)
class Trail:
    """One file through its names.

    ``touches`` are all changes of it, in order; the first one shows whether the root has the file.  ``names`` and
    ``modes`` map each name and mode that it had to its lives, the last one running when it has it still.  ``base`` is
    what a base has of it that is no position of the branch, ``taken`` are the changes that this base has.
    """

    touches: list[Touch] = field(default_factory=list)
    names: dict[bytes, list[Life]] = field(default_factory=dict)
    modes: dict[str, list[Life]] = field(default_factory=dict)
    base: Entry | None = None
    taken: Collection[int] = ()

    def standing(self, state: bytes | str) -> Standing | None:
        """Return whether the base has the name or mode ``state``; ``None`` when it is a position of the branch."""
        if self.base is None:
            return None
        return Standing(state in (self.base.path, self.base.mode), self.taken)

    def after(self, chosen: Chosen) -> Entry:
        """Return name and mode of the file after the changes that are ``chosen``."""
        names = [path for path, lives in self.names.items() if self._there(path, lives, chosen)]
        if not names:
            return Entry(None, None)
        given = [(life.born, mode) for mode, lives in self.modes.items() for life in lives]
        if self.base is not None:
            given = [(born, mode) for born, mode in given if born in chosen.queue]
            modes = [self.base.mode, *(mode for _, mode in sorted(given))]
        else:
            modes = [mode for born, mode in sorted(given) if chosen.holds(born)]
        return Entry(names[-1], modes[-1])  # the last one given counts

    def on_branch(self, path: bytes, chosen: Chosen) -> bool:
        """Return whether the branch has the file under the name ``path`` after ``chosen``."""
        return there(self.names.get(path, ()), chosen)

    def _there(self, path: bytes, lives: Sequence[Life], chosen: Chosen) -> bool:
        standing = self.standing(path)
        return there(lives, chosen) if standing is None else standing.there(lives, chosen)

    def spans(self, path: bytes | None, content: str | None) -> list[tuple[int, int]]:
        """Return from which to which position the branch has the file with this name and content (``None``: has no
        such file)."""
        first = self.touches[0]
        states = [(ROOT, first.old_path, first.old_id)]
        states += [(touch.position, touch.new_path, touch.new_id) for touch in self.touches]
        ends = [position - 1 for position, _, _ in states[1:]] + [NEVER]
        return [(at, end) for (at, *state), end in zip(states, ends, strict=True) if state == [path, content]]


def _begin(lives: list[Life], position: int) -> None:
    if not lives or lives[-1].died != NEVER:
        lives.append(Life(position))


def _end(lives: list[Life], position: int) -> None:
    lives[-1] = Life(lives[-1].born, position)


def _before(lives: Iterable[Life], position: int) -> list[Life]:
    """Return the lives that had begun before ``position``, as they were then."""
    known = [life for life in lives if life.born < position]
    return [life if life.died < position else Life(life.born) for life in known]


class Trails:
    """All files that the changes of a range touch, by following their names from the root to the tip.

    ``by_change`` maps a position to the trails that the change touches.  ``strange`` are the names under which a base
    has files of its own where the branch has another one.
    """

    def __init__(self, touches: Iterable[Touch]) -> None:
        self.by_change: dict[int, list[tuple[Touch, Trail]]] = {}
        self.strange: Collection[bytes] = ()
        self._living: dict[bytes, Trail] = {}
        self._buried: dict[bytes, Trail] = {}
        self._occupants: dict[bytes, list[Trail]] = {}
        group: list[Touch] = []
        for touch in touches:
            if group and group[0].position != touch.position:
                self._enter(group)
                group = []
            group.append(touch)
        if group:
            self._enter(group)

    def _root_trail(self, path: bytes, mode: str | None) -> Trail:
        """Return the trail of the file that the root has at ``path``."""
        trail = self._living.get(path)
        if trail is None:
            trail = self._living[path] = Trail()
            self._occupy(path, trail, ROOT)
            _begin(trail.modes.setdefault(mode or "", []), ROOT)
        return trail

    def _enter(self, group: list[Touch]) -> None:
        """Enter the touches of one change: first what frees a name, then what takes one."""
        found = [self._leave(touch) for touch in group]
        for touch, trail in zip(group, found, strict=True):
            arrived = self._arrive(touch, trail)
            arrived.touches.append(touch)
            self.by_change.setdefault(touch.position, []).append((touch, arrived))

    def _leave(self, touch: Touch) -> Trail | None:
        """Return the trail that the old path of ``touch`` belongs to, and end what the change ends."""
        path = touch.old_path
        if path is None:
            return None
        trail = self._root_trail(path, touch.old_mode)
        if touch.new_path != path:
            del self._living[path]
            _end(trail.names[path], touch.position)
        if touch.new_mode != touch.old_mode and touch.old_mode in trail.modes:
            _end(trail.modes[touch.old_mode], touch.position)
        if touch.new_path is None:
            self._buried[path] = trail
        return trail

    def _arrive(self, touch: Touch, trail: Trail | None) -> Trail:
        """Return the trail of ``touch`` after giving it the name and mode that the change gives it."""
        path = touch.new_path
        if path is None:
            assert trail is not None, "a touch has an old or a new path"
            return trail
        if trail is None:
            trail = self._buried.pop(path, None) or Trail()
        if touch.old_path != path:
            self._buried.pop(path, None)
            self._living[path] = trail
            self._occupy(path, trail, touch.position)
        if touch.new_mode is not None:
            _begin(trail.modes.setdefault(touch.new_mode, []), touch.position)
        return trail

    def all(self) -> list[Trail]:
        """Return every trail that a change touches, in the order of their first touches."""
        return list({id(trail): trail for touched in self.by_change.values() for _, trail in touched}.values())

    def _occupy(self, path: bytes, trail: Trail, position: int) -> None:
        _begin(trail.names.setdefault(path, []), position)
        occupants = self._occupants.setdefault(path, [])
        if trail not in occupants:
            occupants.append(trail)

    def require(self, touch: Touch, trail: Trail, book: RuleBook) -> None:
        """Put the rules in ``book`` that follow from the names and modes which ``touch`` expects."""
        position, path = touch.position, touch.old_path
        if path is not None:
            _require_state(trail, trail.names, path, book, path, "the file has this name")
            if touch.old_mode is not None and _mode_matters(touch, trail):
                _require_state(trail, trail.modes, touch.old_mode, book, path, f"its mode is {touch.old_mode}")
        if touch.new_path is not None and touch.new_path != path:
            for occupant in self._occupants.get(touch.new_path, ()):
                lives = _before(occupant.names[touch.new_path], position + 1)  # the change may free the name itself
                conditions = _absent(occupant, touch.new_path, lives)
                book.note(conditions, Kind.CHANGE, touch.new_path, "no file has this name")
            if touch.new_path in self.strange:
                book.note([Condition(ROOT, NEVER)], Kind.CHANGE, touch.new_path, "no file has this name")
        if path is None:
            for name, lives in trail.names.items():
                if name != touch.new_path:
                    conditions = _absent(trail, name, _before(lives, position))
                    book.note(conditions, Kind.CHANGE, name, "the file is not there already")


def _mode_matters(touch: Touch, trail: Trail) -> bool:
    """Whether ``touch`` takes a file only with the mode that it had: git warns of another one, but refuses to change
    the contents of another type of file (symbolic link, submodule)."""
    if touch.new_mode not in (None, touch.old_mode):
        return True
    modes = {*trail.modes, *([trail.base.mode] if trail.base is not None and trail.base.mode is not None else ())}
    return touch.new_id != touch.old_id and len({mode[:2] for mode in modes}) > 1


def _absent(trail: Trail, state: bytes | str, lives: Sequence[Life]) -> list[Condition]:
    """Return the conditions under which a file has not the name or mode ``state``, which had these lives."""
    standing = trail.standing(state)
    return absent(lives) if standing is None else standing.absent([life for life in lives if life.died != NEVER])


def _require_state(
    trail: Trail, states: dict[State, list[Life]], value: State, book: RuleBook, path: bytes, note: str
) -> None:
    """Put the rules in ``book`` by which of all ``states`` just ``value`` holds before the book's change."""
    for state, lives in states.items():
        known = _before(lives, book.position)
        standing = trail.standing(state)
        if not known and standing is None:
            continue
        if state != value:
            conditions = _absent(trail, state, known)
        else:
            conditions = present(known) if standing is None else standing.present(known)
        book.note(conditions, Kind.CONTEXT, path, note)


def assigned(trails: Sequence[Trail], entries: Mapping[bytes, tuple[str, str]], likely: int) -> dict[bytes, Trail]:
    """Return which file of the branch each of a tree's ``entries`` is.

    A name may be that of several files, one after the other, and a file may have had several names: the content
    decides, then that a name can be no other file, then what the branch has at the position ``likely``.
    """
    pairs = [(path, trail) for trail in trails for path in trail.names if path in entries]
    files = Counter(path for path, _ in pairs)
    only = {id(trail): path for path, trail in pairs if files[path] == 1}
    now = Chosen(likely, frozenset())

    def rank(pair: tuple[bytes, Trail]) -> tuple[bool, bool, int, bool]:
        path, trail = pair
        exact, on_branch = trail.spans(path, entries[path][1]), trail.on_branch(path, now)
        return not exact, only.get(id(trail), path) != path, files[path], not on_branch

    found: dict[bytes, Trail] = {}
    used: set[int] = set()
    for path, trail in sorted(pairs, key=rank):
        if path not in found and id(trail) not in used:
            found[path] = trail
            used.add(id(trail))
    return found
