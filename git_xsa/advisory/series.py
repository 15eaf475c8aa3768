"""Give a series of patch files its place on a branch: the baseline, and the lines of each hunk there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from git_xsa.advisory.commit_files import CommitFiles, PlacedFile, folders_of
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.problems import Misfit, Unplaced
from git_xsa.advisory.problems import patches as problems
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.repository import Repository
from git_xsa.model.change import ADDED, CONTEXT, REMOVED, FileChange, Hunk, Touch
from git_xsa.model.place import NotPlaced, place_hunks

#: How much of a file git reads to decide whether it is binary.
_BINARY_TEST = 8000
#: How many places are tried for files of which some may be alternatives of others, and how many such files.
PLACES = 8
GROUPS = 32
#: How many digits an object name in a patch must have to count.
_SHORTEST_NAME = 7


@dataclass(frozen=True)
class PlacedPatch:
    """A patch with its place: as a commit after the baseline, what it touches, and its changes with the lines there."""

    commit: LoggedCommit
    text: bytes
    touches: tuple[Touch, ...]
    changes: tuple[FileChange, ...]


@dataclass(frozen=True)
class Group:
    """Patches that go together, in order: what one advisory has for a branch.

    ``number`` is the advisory's (0: none).  ``baseline`` names the commit for which they were made, where somebody
    said so; ``after`` are the advisories whose patches come first.
    """

    number: int
    patches: tuple[PatchFile, ...]
    baseline: str = ""
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """Where some groups have their place: a range that ends with their patches, after the commit ``commit``.

    ``order`` are the groups as they were applied.
    """

    range: Range
    commit: str
    order: tuple[Group, ...]


def find_baseline(repository: Repository, history: Range, base: int, series: Sequence[PatchFile]) -> Range:
    """Return the range up to the newest commit after which every patch of ``series`` has one place, with the series
    at its end.

    Raises ``Unplaced`` as ``place_groups`` does.
    """
    return place_groups(repository, history, base, [Group(0, tuple(series))]).range


def place_groups(repository: Repository, history: Range, base: int, groups: Sequence[Group]) -> Baseline:
    """Return the place of ``groups`` on the branch, all after the same commit and in an order in which they fit.

    The commits that are tried, from position ``base`` on: those that the groups name, those whose files are the ones
    that the patches were made from (the object names in their ``index`` lines), the tip, and then each older one that
    changes a file in question.  Last comes a base that is not on the branch, when nothing has to come before: patches
    that were made for the user's own tree, and for a branch that gets no fixes any more, fit nowhere else; the range is
    then that of the patches alone.  Raises ``Unplaced`` with the reason at the tip when none will do, and with that at
    such a base, too.
    """
    patches = [patch for group in groups for patch in group.patches]
    paths = {path for patch in patches for c in patch.changes for path in (c.old_path, c.new_path) if path is not None}
    touches = history.index.of(paths)
    size = len(history.commits)
    first: Unplaced | None = None
    objects = CommitFiles(repository)
    for position in _candidates(history, base, groups, touches):
        commit = history.commits[position - 1].id if position else history.root
        try:
            order, placed = _place_at(objects, commit, position, paths, groups)
        except Unplaced as error:
            if first is None or position == size:
                first = error
            continue
        return Baseline(history.shortened(position, placed), commit, tuple(order))
    reason = first or problems.no_place()
    if history.base is None or base:
        raise reason
    try:
        return place_on_base(repository, history.base, groups)
    except Unplaced as error:
        raise problems.no_place_on_base(reason.what, error.what, reason.hint) from None


def standing_together(repository: Repository, history: Range, base: int, groups: Sequence[Group]) -> list[Group]:
    """Return the most of ``groups`` that fit one after the other at one of the likeliest places, in such an order.

    The places are those of ``place_groups``, but ``PLACES`` of them at most, and no more than ``GROUPS`` groups are
    tried in other orders than their own: the cost is the square of their number.
    """
    changes = [change for group in groups for patch in group.patches for change in patch.changes]
    paths = {path for change in changes for path in (change.old_path, change.new_path) if path is not None}
    touches = history.index.of(paths)
    objects = CommitFiles(repository)
    best: list[Group] = []
    for position in _candidates(history, base, groups, touches)[:PLACES] if len(groups) <= GROUPS else ():
        commit = history.commits[position - 1].id if position else history.root
        found = _place_at(objects, commit, position, paths, groups, partly=True)[0]
        if len(found) > len(best):
            best = found
        if len(best) == len(groups):
            break
    return best


def place_on_base(repository: Repository, base: str, groups: Sequence[Group]) -> Baseline:
    """Return the place of ``groups`` right after the commit ``base``, in a range of their own.

    Raises ``Unplaced`` with the reason when they have none.
    """
    changes = [change for group in groups for patch in group.patches for change in patch.changes]
    paths = {path for change in changes for path in (change.old_path, change.new_path) if path is not None}
    order, placed = _place_at(CommitFiles(repository), base, 0, paths, groups)
    return Baseline(Range(repository, base, base, placed, base), base, tuple(order))


def _candidates(history: Range, base: int, groups: Sequence[Group], touches: Sequence[Touch]) -> list[int]:
    """Return the positions to try, the likeliest first."""
    size = len(history.commits)
    named = [history.position.get(group.baseline, -1) for group in groups if group.baseline]
    # One that is named by all, or lies after every other one that is named.
    likely = [max(named)] if named and len(named) == len(groups) else []
    made_from = _made_from([patch for group in groups for patch in group.patches], touches, size)
    older = [touch.position - 1 for touch in sorted(touches, key=lambda touch: -touch.position)]
    tried = [*likely, *([made_from] if made_from is not None else []), size, *older]
    return list(dict.fromkeys(position for position in tried if base <= position <= size))


def _made_from(patches: Sequence[PatchFile], touches: Sequence[Touch], size: int) -> int | None:
    """Return the newest position at which the files are those that the patches were made from, ``None`` for none.

    A file that a second patch changes again is looked at as the first one has it.
    """
    wanted: dict[bytes, bytes] = {}
    for patch in patches:
        for path, name in patch.sources.items():
            wanted.setdefault(path, name)
    if not wanted or any(len(name) < _SHORTEST_NAME for name in wanted.values()):
        return None
    first, last = 0, size
    for path, name in wanted.items():
        events = [touch for touch in touches if path in (touch.new_path, touch.old_path) and touch.position > 0]
        spans = [
            (touch.position, events[number + 1].position - 1 if number + 1 < len(events) else size)
            for number, touch in enumerate(events)
            if touch.new_path == path and (touch.new_id or "").encode().startswith(name)
        ]
        if events and (events[0].old_id or "").encode().startswith(name):
            spans.insert(0, (0, events[0].position - 1))
        if not events:
            continue  # nobody changed it; the trial shows whether it is the same
        if not spans:
            return None
        first, last = max(first, spans[-1][0]), min(last, spans[-1][1])
    return last if first <= last else None


def is_there(repository: Repository, commit: str, series: Sequence[PatchFile]) -> bool:
    """Return whether ``commit`` has what ``series`` does: taken back from the last patch to the first it fits there.

    Text decides that, as ``git apply --check --reverse`` does, and more strictly: every hunk must have one place.
    """
    if any(change.copied for patch in series for change in patch.changes):
        return False  # the way back of a copy is none
    back = [replace(patch, changes=tuple(map(_taken_back, reversed(patch.changes)))) for patch in reversed(series)]
    paths = {path for patch in back for c in patch.changes for path in (c.old_path, c.new_path) if path is not None}
    try:
        place_series(repository, commit, 0, paths, back)
    except Unplaced:
        return False
    return True


def _taken_back(change: FileChange) -> FileChange:
    """Return the change that undoes ``change``."""
    other = bytes.maketrans(bytes([ADDED, REMOVED]), bytes([REMOVED, ADDED]))
    hunks = tuple(Hunk(h.new_start, h.old_start, h.marks.translate(other), h.texts) for h in change.hunks)
    return FileChange(
        change.new_path,
        change.old_path,
        change.new_mode,
        change.old_mode,
        hunks,
        change.binary,
        change.new_content,
        change.old_content,
    )


def place_series(
    repository: Repository, commit: str, position: int, paths: set[bytes], series: Sequence[PatchFile]
) -> list[PlacedPatch]:
    """Return each patch of ``series`` with its place after ``commit``, which has ``position``; ``Unplaced`` if one
    has none."""
    return _place_at(CommitFiles(repository), commit, position, paths, [Group(0, tuple(series))])[1]


def _place_at(
    objects: CommitFiles,
    commit: str,
    position: int,
    paths: set[bytes],
    groups: Sequence[Group],
    partly: bool = False,
) -> tuple[list[Group], list[PlacedPatch]]:
    """Return ``groups`` in an order in which they fit after ``commit``, and each patch with its place.

    A group waits for those that it names; of the others the first one that fits goes first.  Those that fit nowhere
    are left out with ``partly``; else one is ``Unplaced``.
    """
    files = objects.at(commit, paths)
    order: list[Group] = []
    placed: list[PlacedPatch] = []
    waiting = sorted(groups, key=lambda group: group.number)
    while waiting:  # ends: each round takes one of them, or raises
        first: Unplaced | None = None
        numbers = {group.number for group in waiting}
        # Where the names go round in a circle, nobody can wait.
        free = [group for group in waiting if numbers.isdisjoint(set(group.after) - {group.number})] or waiting
        for group in free:
            trial = dict(files)
            try:
                found = _place_group(trial, group, commit, position + len(placed))
            except Unplaced as error:
                first = first or error
                continue
            files = trial
            placed += found
            order.append(group)
            waiting.remove(group)
            break
        else:
            if partly:
                break
            raise first or problems.no_place()
    return order, placed


def _place_group(files: dict[bytes, PlacedFile], group: Group, commit: str, position: int) -> list[PlacedPatch]:
    """Return the patches of ``group`` with their places in ``files``, which are changed by them."""
    placed = []
    for number, patch in enumerate(group.patches, 1):
        trial = _Trial(files, patch, position + number)
        try:
            trial.run()
        except Misfit as error:
            raise problems.misfit(patch.name, error, commit[:12]) from None
        logged = LoggedCommit(patch.name, "", 0, f"{patch.subject}\n\n{patch.message}")
        placed.append(PlacedPatch(logged, patch.text, tuple(trial.touches), tuple(trial.changes)))
    return placed


class _Trial:
    """One patch on its way onto ``files``, which ``run`` changes; its touches and changes, with the lines where the
    hunks fit, are the result.

    Renames and copies start from what a file was before the patch, whatever the patch does to it (git's own rule).
    """

    def __init__(self, files: dict[bytes, PlacedFile], patch: PatchFile, position: int) -> None:
        self.touches: list[Touch] = []
        #: Which of ``touches`` left a file at a name (``True``), or took away the one there and left none.
        self._left: dict[tuple[bool, bytes | None], list[int]] = {}
        self.changes: list[FileChange] = []
        self._files = files
        self._before = dict(files)
        self._patch = patch
        self._position = position
        self._leaving = {c.old_path for c in patch.changes if c.old_path != c.new_path and not c.copied}

    def run(self) -> None:
        """Apply the patch; raises ``Misfit`` when it doesn't fit."""
        for change in self._patch.changes:
            old = self._old_file(change)
            if change.new_path is not None and (change.copied or change.new_path != change.old_path):
                self._require_free(change.new_path)
            new, moved = _changed(old, change)
            if old is not None and change.copied:
                self._copy(old, new, moved)
                continue
            if change.old_path is not None and self._files.get(change.old_path) is old:
                del self._files[change.old_path]
            self._enter(old, new, moved)

    def _old_file(self, change: FileChange) -> PlacedFile | None:
        path = change.old_path
        if path is None:
            return None
        moves = change.new_path not in (None, path)
        old = (self._before if moves else self._files).get(path)
        if old is None or old.lines is None:
            raise problems.no_such_file(_shown(path))
        if moves and not change.copied and self._files.get(path) is not old:
            raise problems.changed_twice(_shown(path))
        if change.old_mode is not None and change.old_mode[:2] != old.mode[:2]:
            raise problems.another_type(_shown(path))
        return old

    def _require_free(self, path: bytes) -> None:
        found = self._files.get(path)
        if found is not None and not (path in self._leaving and self._before.get(path) is found):
            raise problems.in_the_way(_shown(path), found.lines is None)
        for folder in folders_of(path):
            above = self._files.get(folder)
            if above is not None and above.lines is not None:
                raise problems.not_a_folder(_shown(folder))

    def _enter(self, old: PlacedFile | None, new: PlacedFile, change: FileChange) -> None:
        if change.new_path is not None:
            self._files[change.new_path] = new
        touch = Touch(
            self._position,
            change.old_path,
            change.new_path,
            old.mode if old else None,
            new.mode if change.new_path is not None else None,
            old.id if old else None,
            new.id if change.binary and change.new_path is not None else None,
        )
        self._join(touch)
        self.changes.append(change)

    def _join(self, touch: Touch) -> None:
        """Add ``touch``, to an earlier one of the same file if there is one (a change of type has two diffs)."""
        follows = touch.old_path is not None
        earlier = self._left.get((follows, touch.old_path if follows else touch.new_path))
        if earlier:
            index = min(earlier)
            earlier.remove(index)
            known = self.touches[index]
            touch = touch._replace(old_path=known.old_path, old_mode=known.old_mode, old_id=known.old_id)
            self.touches[index] = touch
        else:
            index = len(self.touches)
            self.touches.append(touch)
        key = (True, touch.new_path) if touch.new_path is not None else (False, touch.old_path)
        self._left.setdefault(key, []).append(index)

    def _copy(self, old: PlacedFile, new: PlacedFile, change: FileChange) -> None:
        """Enter a copy: a new file, and that the old one has the lines which the hunks name."""
        source = change.old_path
        added = tuple(new.lines or ())
        hunks = (Hunk(0, 1, bytes([ADDED]) * len(added), added),) if added else ()
        fresh = change._replace(old_path=None, old_mode=None, old_content=None, hunks=hunks, copied=False)
        self._enter(None, new, fresh)
        context = tuple(
            Hunk(hunk.old_start, hunk.old_start, bytes([CONTEXT]) * len(lines), tuple(lines))
            for hunk in change.hunks
            if (lines := hunk.old_lines)
        )
        # Before what the patch itself does to the old file.
        self.changes.insert(0, FileChange(source, source, old.mode, old.mode, context))
        if not any(other.old_path == source and not other.copied for other in self._patch.changes):
            self._join(Touch(self._position, source, source, old.mode, old.mode, old.id, None))


def _changed(old: PlacedFile | None, change: FileChange) -> tuple[PlacedFile, FileChange]:
    """Return the file that ``change`` makes of ``old``, and the change with the lines where its hunks fit."""
    mode, path = _mode(old, change), _shown(change.path)
    lines = (old.lines if old is not None else None) or []
    if change.binary:
        found = old.id.encode() if old is not None and old.id is not None else None
        if found != change.old_content:
            raise problems.another_version(path)
        return PlacedFile(mode, change.new_content.decode() if change.new_content is not None else None, []), change
    if change.hunks and b"\0" in b"".join(lines)[:_BINARY_TEST]:
        raise problems.binary_file(path)
    try:
        hunks, made = place_hunks(lines, change.hunks)
    except NotPlaced as error:
        raise problems.mismatch(path, error) from None
    if made and change.new_path is None:
        raise problems.not_empty(path)
    return PlacedFile(mode, old.id if old is not None and not hunks else None, made), change._replace(hunks=hunks)


def _mode(old: PlacedFile | None, change: FileChange) -> str:
    """Return the mode that the file has afterwards: a new one only where the patch says so (git's own rule)."""
    mode = change.new_mode if old is None or change.new_mode != change.old_mode else None
    if mode is None:
        return old.mode if old is not None else "100644"
    if mode.startswith("100"):
        return "100755" if int(mode, 8) & 0o100 else "100644"
    return mode


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
