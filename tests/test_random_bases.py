"""Random bases beside the branch: picks, squashes, halves and edits of their own, against referees.

One referee is git: it is asked about every set of changes.  The other one does in memory what git does
(``text_git``), and is compared with git here; it judges many more.  Both know texts alone; where equal lines make a
text ambiguous, changes put in by hand, line by line, say what fits.

The run is fixed by a seed, which is printed, and can be given; ``GIT_XSA_EXAMPLES=40`` makes it 40 times as long::

    GIT_XSA_SEED=7 tests/run tests/test_random_bases.py
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from histories import File, Story, Supply, beside, content, create, judge, renamed, write
from random_bases import RandomBase, random_base
from random_histories import made_of
from referee import Refused, Step, obeys
from text_git import Tree, accepted, apply

from git_xsa.ask.verdict import State
from git_xsa.git.diffs import split_diff
from git_xsa.git.log import Range, _likely
from git_xsa.git.repository import Repository
from git_xsa.git.trial import Quarantine
from git_xsa.model.change import FileChange
from git_xsa.model.history import FileState, History, TouchList, blob_name
from git_xsa.model.line import Line
from git_xsa.model.lines import LineHistory
from git_xsa.model.rules import OWN, ROOT, Chosen, there
from git_xsa.model.selection import Selection, select

SCALE = int(os.environ.get("GIT_XSA_EXAMPLES", "1"))
SEED = os.environ.get("GIT_XSA_SEED") or os.urandom(4).hex()
WITH_GIT, IN_MEMORY, SHARDS = 500, 2500, 5
#: What fits by hand, where equal lines let the base be read otherwise: with as little of its own, or with more.
AS_MUCH, OVERLOOKED = "fits in another alignment that explains as much", "fits in an alignment that explains more"
#: Branches that one repository takes before a new one is made.
REPOSITORY_LIFE = 100


class MemoryTree:
    """A base in memory, for the history of a story."""

    def __init__(self, story: Story, own: Mapping[str, File]) -> None:
        self._content = {file.id: file.content for file in own.values()}
        self._entries = {path.encode(): (file.mode, file.id) for path, file in own.items()}
        self.likely = _likely(TouchList(story.touches()), story.size, self._entries)

    def entries(self, paths: Collection[bytes]) -> Mapping[bytes, tuple[str, str]]:
        return {path: self._entries[path] for path in paths if path in self._entries}

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return {name: self._content[name] for name in ids}


class Judge:
    """Judges answers about random bases; counts what came of them."""

    def __init__(self) -> None:
        self.tally: Counter[str] = Counter()

    def picks(self, base: RandomBase, taken: frozenset[int]) -> None:
        """See that a base which is made of changes alone has those that it is said to have, and no others but such as
        undo each other, and that any other one has at least the lines of what it is said to have."""
        if not base.edits and not base.half:
            ways = [way for way in (taken.union(base.picks), taken) if obeys(base.story.history(), 0, way)]
            found = [_texts(made_of(base.story, sorted(way))) for way in ways]
            own = _texts(base.own).items()
            # None obeys where a change only undoes what the base never had: its lines are as after it all the same.  A
            # file that they don't make may be what a rename left here: it counts as the base's own.
            assert not found or any(one.items() <= own for one in found), f"{set(taken)} taken: {base}"
        for position in taken - set(base.picks):
            self.tally["picks by their lines alone"] += 1
            assert self._may_have(base, position, taken), f"{position} is no pick: {base}"

    @staticmethod
    def _may_have(base: RandomBase, position: int, taken: frozenset[int]) -> bool:
        """Whether the base has each text that the change brings as often as it brings it, but for those that later
        changes, which it has, too, take out again."""
        later = {line for p in taken if p > position for step in base.by_hand.steps(p) for line in _removed(step)}
        brought = Counter(
            line.text
            for step in base.by_hand.steps(position)
            for line in step.after
            if not any(line is old for old in step.before) and id(line) not in later
        )
        return brought <= Counter(text for lines in base.tree.values() for text in lines)

    def answer(
        self,
        base: RandomBase,
        state: State,
        found: Selection,
        states: Mapping[bytes, FileState | None],
        changes: Mapping[int, Sequence[FileChange]],
        unexplained: Callable[[], int],
    ) -> None:
        """Compare the answer ``found`` with every set of changes that fits as text, and where texts are ambiguous by
        hand, too.

        What fits by hand may be overlooked if the base was read otherwise with as little to explain.
        """
        self.tally[state.value] += 1
        best = len(found.queue) if state is not State.CONFLICTS else base.story.size
        less = best - 1 if state is not State.CONFLICTS else best
        for queue, made in accepted(base.tree, changes, base.wanted, lambda: less):
            if not queue.isdisjoint(base.picks):
                continue  # it puts on again what the base has, or had before its own edits
            if base.unique or self._fits_by_hand(base, queue, made):
                assert not base.unique, f"{state.value} {found.queue}, but {sorted(queue)} fits: {base}"
                self.tally[AS_MUCH if unexplained() <= base.apart else OVERLOOKED] += 1
                break
            self.tally["smaller sets that fit by coincidence of texts"] += 1
        if state is State.CONFLICTS:
            return
        if state is State.MISPLACED:
            assert not base.unique, f"misplaced: {base}"
            return
        now: Tree | None = base.tree
        for position in found.queue:
            now = apply(now, changes[position]) if now is not None else None
        assert now is not None, f"{found.queue} does not apply: {base}"
        right = {path: tuple(state.lines) if state is not None else None for path, state in states.items()}
        assert {path: now.get(path) for path in right} == right, f"{found.queue} makes other files: {base}"

    @staticmethod
    def _fits_by_hand(base: RandomBase, queue: frozenset[int], made: Tree) -> bool:
        """Whether ``queue`` finds its very own lines in the base, and makes the same files."""
        try:
            outcome = base.by_hand.apply_to(base.files, sorted(queue), exact=True)
        except Refused:
            return False
        return {path: tuple(line.text for line in file.lines) for path, file in outcome.files.items()} == made


def unexplained(history: History, story: Story) -> int:
    """Return how many lines of a base, as it was read, the branch does not explain: its own ones, and those that it has
    or lacks against the state of the file, after any of its changes, that it is most like."""
    files: dict[int, tuple[LineHistory, list[int]]] = {}
    for position in range(1, story.size + 1):
        for _, lines in history.lines_of(position):
            files.setdefault(id(lines), (lines, []))[1].append(position)
    return sum(_apart(list(lines), positions) for lines, positions in files.values())


def _apart(lines: Sequence[Line], positions: Sequence[int]) -> int:
    own = sum(line.here for line in lines if line.born == OWN)
    known = [line for line in lines if line.born != OWN]
    states = (
        Chosen(ROOT, frozenset(some)) for count in range(len(positions) + 1) for some in combinations(positions, count)
    )
    return own + min(sum(line.here != there(line.lives, state) for line in known) for state in states)


def _texts(files: Mapping[str, File]) -> dict[str, bytes]:
    return {name: file.content for name, file in files.items()}


def _removed(step: Step) -> list[int]:
    after = {id(line) for line in step.after}
    return [id(line) for line in step.before if id(line) not in after]


def in_memory(base: RandomBase, referee: Judge) -> None:
    """Judge the answer that the model alone gives about ``base``."""
    story = base.story
    history = History(TouchList(story.touches()), Supply(story), MemoryTree(story, base.own))
    everything = range(1, story.size + 1)
    history.prepare(everything)
    taken = frozenset(position for position in everything if history.taken(position))
    referee.picks(base, taken)
    if base.wanted in taken:
        referee.tally["in the base"] += 1
        return
    found = select(history, 0, [base.wanted])
    changes = {position: story.changes(position) for position in everything}
    states = {} if found.impossible else history.states(found.queue, found.chosen)
    state = State.CONFLICTS if found.impossible else _state(base, found, states, changes)
    referee.answer(base, state, found, states, changes, lambda: unexplained(history, story))


def _state(
    base: RandomBase,
    found: Selection,
    states: Mapping[bytes, FileState | None],
    changes: Mapping[int, Sequence[FileChange]],
) -> State:
    """Return what git's part of an answer is: does it make the right files of the queue?"""
    now: Tree | None = base.tree
    for position in found.queue:
        now = apply(now, changes[position]) if now is not None else None
    right = {path: tuple(state.lines) if state is not None else None for path, state in states.items()}
    if now is None or {path: now.get(path) for path in right} != right:
        return State.MISPLACED
    return State.NEEDS_PREREQUISITES if found.prerequisites else State.APPLIES


def history_of(story: Story, **own: str) -> History:
    """Return the history of ``story`` with a base beside it that has the files ``own``."""
    files = {name: File(content(text)) for name, text in own.items()}
    history = History(TouchList(story.touches()), Supply(story), MemoryTree(story, files))
    history.prepare(range(1, story.size + 1))
    return history


def taken(story: Story, **own: str) -> list[int]:
    """Return the changes of ``story`` that a base with the files ``own`` is said to have."""
    history = history_of(story, **own)
    return [position for position in range(1, story.size + 1) if history.taken(position)]


def test_a_line_that_a_later_change_takes_is_missing_without_that_change() -> None:
    story = Story({"f": "abcdef", "g": "ghijkl"}, {"f": "abcdefv", "g": "ghXijkl"}, {"f": "abcdef", "g": "ghXijWkl"})
    assert taken(story, f="abQcdef", g="ghXijWkl") == [1, 2]
    assert taken(story, f="abQcdef", g="ghXijkl") == []


def test_what_was_never_there_shows_no_removal() -> None:
    story = Story({"f": "abcdefghi", "g": "jkl"}, {"f": "abcdefghirst", "g": "jKl"}, {"f": "abcdefghi", "g": "jKl"})
    assert taken(story, f="abcdxyfghi", g="jKl") == []
    assert taken(story, f="abcdefghi", g="jKl") == [1, 2]


def test_a_revert_that_is_not_there_as_a_whole_shows_nothing_of_what_it_undid() -> None:
    story = Story(
        {"f": "abcd", "g": "xyz"}, {"f": "abXcd", "g": "xyz"}, {"f": "abcd", "g": "xYz"}, {"f": "aQbcd", "g": "xYz"}
    )
    assert taken(story, f="aQbcd", g="xYz") == [1, 2, 3]
    assert taken(story, f="aQbcd", g="xyz") == [3]


def test_a_name_that_only_one_file_ever_had_is_that_file() -> None:
    story = Story({"g": "abcdefghi"}, {"h": renamed("g", "abcdefghi")}, {"h": "abcdefghi", "g": "uvwxyz"},
                  {"h": "abcdZfghi", "g": "uvwxyz"})  # fmt: skip
    assert taken(story, h="Qabcdefghi", g="uvwxyzQ") == [1, 2]
    assert select(history_of(story, h="Qabcdefghi", g="uvwxyzQ"), 0, [3]).queue == (3,)


def test_of_equal_lines_those_are_the_own_ones_that_leave_least_to_explain() -> None:
    found = select(history_of(Story("gfbbeg", "gfbbgbg"), f="ebcgfbbeggf"), 0, [1])
    assert (found.queue, found.impossible) == ((1,), ())


def test_what_the_nearest_state_explains_is_not_moved_for_the_hunks_that_made_it() -> None:
    """Of a change that is there but for an edit, the lines that it took stay those that are missing."""
    base = random_base("a9d4e090-memory-2-0")
    history = History(TouchList(base.story.touches()), Supply(base.story), MemoryTree(base.story, base.own))
    history.prepare(range(1, base.story.size + 1))
    assert unexplained(history, base.story) <= base.apart


def tell(request: pytest.FixtureRequest, what: str) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled(), open(2, "w", closefd=False) as terminal:
        terminal.write(f"\n{what}\n")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_bases_in_memory(shard: int, request: pytest.FixtureRequest) -> None:
    referee = Judge()
    count = IN_MEMORY // SHARDS * SCALE
    for number in range(count):
        in_memory(random_base(f"{SEED}-memory-{shard}-{number}"), referee)
    tell(request, f"bases in memory, GIT_XSA_SEED={SEED} part {shard}, {count}: {dict(sorted(referee.tally.items()))}")
    assert referee.tally[OVERLOOKED] <= 2 + count / 5000  # one in 25,000 was, and is not any more
    assert min(referee.tally[state.value] for state in (State.APPLIES, State.NEEDS_PREREQUISITES, State.CONFLICTS)) > 0


@pytest.mark.parametrize("shard", range(SHARDS))
def test_bases_with_git(shard: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    referee = Judge()
    count = WITH_GIT // SHARDS * SCALE
    for start in range(0, count, REPOSITORY_LIFE):
        repository = Repository(create(tmp_path / f"{start}"))
        with Quarantine(repository) as quarantine:
            for number in range(start, min(count, start + REPOSITORY_LIFE)):
                base = random_base(f"{SEED}-git-{shard}-{number}")
                _with_git(base, repository, quarantine, f"base{number}", referee)
        repository.close()
    tell(request, f"bases with git, GIT_XSA_SEED={SEED} part {shard}, {count}: {dict(sorted(referee.tally.items()))}")


def test_a_rename_that_git_does_not_see_makes_another_base(tmp_path: Path) -> None:
    repository, referee = Repository(create(tmp_path / "clone")), Judge()
    with Quarantine(repository) as quarantine:
        _with_git(random_base("20261306-git-1-6"), repository, quarantine, "base", referee)
    repository.close()
    assert referee.tally == {"renames that git does not see": 1}


def _with_git(base: RandomBase, repository: Repository, quarantine: Quarantine, name: str, referee: Judge) -> None:
    """Judge the answer about ``base`` in a repository, with git; compare git with the referee in memory."""
    side = base.story.size + 1
    commits = write(repository.folder.parent, {name: beside(base.story, base.own)})[name]
    at = repository.resolve(f"{name}.side{side}")
    assert at is not None
    found = Range(repository, commits[0], commits[side - 1], base=at.id)
    everything = range(1, side)
    changes = {p: [diff.change() for diff in split_diff(found.text(p))] for p in everything}
    if any(_names(changes[p]) != _names(base.story.changes(p)) for p in everything):
        # To git a rename with little in common is a new file, and the base is then made of other changes than these.
        referee.tally["renames that git does not see"] += 1
        return
    taken = frozenset(found.taken(everything))
    referee.picks(base, taken)
    files = {path.encode(): (file.mode, file.id) for path, file in base.own.items()}
    _compare(base, quarantine, found, files, changes, referee)
    if base.wanted in taken:
        referee.tally["in the base"] += 1
        return
    state, selection, _ = judge(found, 0, [base.wanted], quarantine)
    possible = state not in (State.CONFLICTS, State.ALREADY_APPLIED)
    states = found.history.states(selection.queue, selection.chosen) if possible else {}
    referee.answer(base, state, selection, states, changes, lambda: unexplained(found.history, base.story))


def _names(changes: Sequence[FileChange]) -> set[tuple[bytes | None, bytes | None]]:
    return {(change.old_path, change.new_path) for change in changes}


def _compare(
    base: RandomBase,
    quarantine: Quarantine,
    found: Range,
    files: Mapping[bytes, tuple[str, str]],
    changes: Mapping[int, Sequence[FileChange]],
    referee: Judge,
) -> None:
    """See that git and the referee in memory make the same of the base with some sets of changes."""
    size = base.story.size
    for queue in {(base.wanted,), tuple(range(1, base.wanted + 1)), tuple(sorted({*base.picks, base.wanted})),
                  tuple(p for p in range(1, size + 1) if p not in base.picks)}:  # fmt: skip
        trial = quarantine.apply(files, [found.text(position) for position in queue])
        now: Tree = base.tree
        refused = None
        for number, position in enumerate(queue):
            after = apply(now, changes[position])
            if after is None:
                refused = number
                break
            now = after
        referee.tally["trials"] += 1
        assert trial.refused == refused, f"{queue}: {trial.message}: {base}"
        if refused is None:
            made = {path: blob_name(b"".join(lines), 40) for path, lines in now.items()}
            assert {path: name for path, (_, name) in trial.files.items()} == made, f"{queue}: {base}"
