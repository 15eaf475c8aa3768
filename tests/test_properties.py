"""Laws that hold for every history: the line history against a slow referee, against changes by hand, against git.

Histories, bases and wanted changes are random (``random_histories``).  The run is fixed by a seed, which is printed at
its start and can be given::

    GIT_XSA_SEED=7 tests/run tests/test_properties.py
    GIT_XSA_EXAMPLES=40 tests/run tests/test_properties.py     40 times as many histories

What the checks with git counted is printed at their end, and recorded as properties of the tests: above all how often a
smaller set than the line history's applies, because one line stands in for an equal one (approximation 1).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
from histories import File, Story, beside, content, create, diff, judge, stack, write
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st
from laws import (
    by_hand_of,
    entries,
    every_file_of_every_commit,
    one_smallest,
    same_files,
    what_disobeys_is_refused,
    what_obeys_applies,
)
from random_histories import Detour, Request, detours, made_of, requests, stories
from referee import ByHand, Outcome, selections
from swaps import apply, edits, exchange, slides

from git_xsa.ask.verdict import State
from git_xsa.git import log
from git_xsa.git.diffs import split_diff
from git_xsa.git.log import Range
from git_xsa.git.repository import Repository
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.change import FileChange
from git_xsa.model.history import split_lines
from git_xsa.model.selection import select

Test = TypeVar("Test", bound=Callable[..., None])

SCALE = int(os.environ.get("GIT_XSA_EXAMPLES", "1"))
#: Processes of one run share the seed.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.urandom(4).hex()
SEED = int(os.environ.get("GIT_XSA_SEED") or int(RUN[:8], 16))
#: Histories that real git is asked about: in this many tests, in batches that share a repository.
WITH_GIT, SHARDS, BATCH = 500, 4, 5
#: Batches that one repository takes before a new one is made.
REPOSITORY_LIFE = 40
#: So many prerequisites at most: then all smaller sets are tried, else each set that lacks one.
ALL_SUBSETS = 4


def examples(count: int, shard: int = 0) -> Callable[[Test], Test]:
    """Run a test with ``count`` examples, times GIT_XSA_EXAMPLES, from the seed of this run."""
    chosen = settings(
        max_examples=count * SCALE,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    return lambda test: hypothesis.seed(SEED + shard)(chosen(test))


@pytest.fixture(autouse=True, scope="module")
def told(request: pytest.FixtureRequest) -> None:
    """Print the seed, once in every process that runs some of these tests."""
    tell(request, f"GIT_XSA_SEED={SEED} GIT_XSA_EXAMPLES={SCALE}")


def tell(request: pytest.FixtureRequest, what: str) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled(), open(2, "w", closefd=False) as terminal:
        terminal.write(f"\n{what}\n")


# -- the line history, and its rules


@examples(1000)
@given(stories())
def test_the_line_history_has_every_file_of_every_commit(story: Story) -> None:
    every_file_of_every_commit(story)


@examples(500)
@given(requests(most=8))
def test_the_selection_is_the_one_smallest_that_obeys_the_rules(request: Request) -> None:
    one_smallest(request)


@pytest.mark.parametrize("revive", [True, False])
def test_what_obeys_the_rules_applies_by_hand(revive: bool) -> None:
    @examples(1500)
    @given(requests(most=7))
    def check(request: Request) -> None:
        what_obeys_applies(request, revive)

    check()


@examples(1500)
@given(requests(most=7))
def test_what_disobeys_the_rules_does_not_find_its_own_lines(request: Request) -> None:
    assume(what_disobeys_is_refused(request))


# -- what the answer must not depend on


def _three_equal(content: bytes) -> bool:
    """Whether three lines in a row are the same."""
    lines = content.split(b"\n")
    return any(first == second == third for first, second, third in zip(lines, lines[1:], lines[2:], strict=False))


@examples(1000)
@given(requests())
def test_the_root_of_the_range_does_not_matter(request: Request) -> None:
    def queue(root: int, revive: bool) -> list[int]:
        history = request.story.history(root, revive)
        found = select(history, request.base - root, [position - root for position in request.wanted])
        return [position + root for position in found.queue]

    # Which of three equal lines in a row a deletion took can't be told, and whether it may slide past another one
    # depends on those before the base.
    equal = any(_three_equal(file.content) for tree in request.story.trees for file in tree.values())
    if queue(0, revive=False) != queue(request.base, revive=False):
        event("deletions among equal lines slide otherwise")
        assert equal
    if queue(0, revive=True) != queue(request.base, revive=True):
        # Of several equal lines that are gone, some from before the base, any may be the one that comes back.
        event("another of several equal lines came back")
        assert equal or set(queue(0, revive=True)) >= set(queue(request.base, revive=True))


@examples(200)
@given(st.lists(requests(most=6, early=(False,)), min_size=3, max_size=3))
def test_other_files_do_not_matter(batch: list[Request]) -> None:
    story, starts = stack([request.story for request in batch])
    history = story.history()
    for start, request in zip(starts, batch, strict=True):
        alone = select(request.story.history(), request.base, request.wanted)
        among = select(history, start + request.base, [start + position for position in request.wanted])
        assert [position - start for position in among.queue] == list(alone.queue)
        assert bool(among.impossible) == bool(alone.impossible)


# -- swapping two changes


@examples(500)
@given(stories())
def test_changes_that_do_not_need_each_other_can_be_swapped(story: Story) -> None:
    by_hand = by_hand_of(story)
    for first in (position for position in range(1, story.size) if independent(story, position)):
        one, other = ([touch for touch in story.touches() if touch.position == first + number] for number in range(2))
        # A file can be deleted whatever its mode, and renamed whatever its type: then there is nothing left to change.
        gone = {touch.new_path for touch in one} & {touch.old_path for touch in other if touch.new_path is None}
        if gone or any(len({mode[:2] for mode in (touch.old_mode, touch.new_mode) if mode}) > 1 for touch in one):
            event("no question of a swap")
            continue
        in_order = by_hand.apply(first - 1, [first, first + 1])
        assert by_hand.apply(first - 1, [first + 1, first], anchored=False).entries == in_order.entries
        tree = {name.encode(): (file.mode, file.id) for name, file in story.trees[first + 1].items()}
        assert in_order.entries == {path: tree[path] for path in in_order.files}


@examples(500)
@given(stories())
def test_swapping_twice_restores_both_changes(story: Story) -> None:
    for first in range(1, story.size):
        trees = story.trees[first - 1 : first + 2]
        for name in set.intersection(*(set(tree) for tree in trees)):
            before, between, after = contents = [tree[name].content for tree in trees]
            one, other = (edits(diff(*pair, early=story.early)) for pair in pairwise(contents))
            swapped = exchange(one, other)
            if swapped is None:
                event("they overlap or touch")
                sliding = [edit for edit in one if slides(edit, split_lines(before))]
                assert sliding or not independent(Story(*contents, early=story.early), 1)
                continue
            assert apply(one, split_lines(before)) == split_lines(between)
            assert apply(other, split_lines(between)) == split_lines(after)
            assert apply(swapped[1], apply(swapped[0], split_lines(before))) == split_lines(after)
            assert exchange(*swapped) == (one, other)


def independent(story: Story, first: int) -> bool:
    """Whether the change after the one at ``first`` does not need it."""
    return select(story.history(first - 1), 0, [2]).queue == (2,)


# -- against git


class Workshop:
    """A repository that batches of stories are written to, with what is needed to judge requests in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self._repository: Repository | None = None
        self._quarantine: Quarantine | None = None
        self.tally: Counter[str] = Counter()

    def close(self) -> None:
        if self._repository is not None and self._quarantine is not None:
            self._quarantine.close()
            self._repository.close()

    def bench(self, batch: Sequence[Request]) -> Bench:
        """Write the stories of ``batch``, one after the other, as one branch."""
        repository, quarantine = self.open()
        story, starts = stack([request.story for request in batch])
        name = f"batch{self._made}"
        commits = write(repository.folder.parent, {name: story})[name]
        return Bench(repository, quarantine, story, starts, commits, self.tally)

    def open(self) -> tuple[Repository, Quarantine]:
        """Return a repository for the next branch: a new one, when the last one holds enough of them."""
        if self._made % REPOSITORY_LIFE == 0:
            self.close()
            self._repository = Repository(create(self._folder / f"{self._made}"))
            self._quarantine = Quarantine(self._repository)
        assert self._repository is not None
        assert self._quarantine is not None
        self._made += 1
        return self._repository, self._quarantine

    def check_detour(self, detour: Detour) -> None:
        """Compare the answer with all that git takes: there are no equal lines, so it is a referee here."""
        repository, quarantine = self.open()
        name, side = f"detour{self._made}", detour.story.size + 1
        commits = write(repository.folder.parent, {name: beside(detour.story, detour.own)})[name]
        base = repository.resolve(f"{name}.side{side}")
        assert base is not None
        found = Range(repository, commits[0], commits[side - 1], base=base.id)
        if not detour.edited:
            self._check_picks(found, detour)
        if found.taken([detour.wanted]):
            self.tally["in the base"] += 1
            return
        state, selection, _ = judge(found, 0, [detour.wanted], quarantine)
        self.tally[state.value] += 1
        files = {path.encode(): (file.mode, file.id) for path, file in detour.own.items()}
        taken = [
            (queue, trial.files)
            for queue in selections(0, detour.story.size, [detour.wanted])
            if (trial := quarantine.apply(files, [found.text(p) for p in sorted(queue)])).refused is None
        ]
        assert state is not State.MISPLACED
        if state is State.CONFLICTS:
            assert not taken
            return
        (smallest, made), *_ = taken
        assert smallest == selection.chosen.queue
        states = entries(found.history.states(selection.queue, selection.chosen))
        assert states.items() <= made.items()

    @staticmethod
    def _check_picks(found: Range, detour: Detour) -> None:
        """See that a base which is made of changes of the story alone is said to have them, and no others but such as
        undo each other.

        Of a change that only takes out what others brought nothing shows whether the base ever had it.
        """
        everything = range(1, detour.story.size + 1)
        taken = found.taken(everything)
        with_others = made_of(detour.story, sorted(taken.union(detour.picks)))
        assert {name: file.content for name, file in with_others.items()} == {
            name: file.content for name, file in detour.own.items()
        }
        left = set(detour.picks) - taken
        assert not any(found.history.partly(position) for position in left)


class Supplied:
    """Gives the referee git's own diffs of a range."""

    def __init__(self, source: Range) -> None:
        self._source = source

    def begin(self, positions: Sequence[int]) -> None:
        """Nothing takes so long that it would have to begin early."""

    def changes(self, positions: Sequence[int], _: frozenset[bytes]) -> Mapping[int, Sequence[FileChange]]:
        return {position: [d.change() for d in split_diff(self._source.text(position))] for position in positions}

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return self._source.contents(ids)


class Bench:
    """One batch of stories in a repository: judges requests with git, and checks the verdicts by hand."""

    def __init__(
        self,
        repository: Repository,
        quarantine: Quarantine,
        story: Story,
        starts: Sequence[int],
        commits: Sequence[str],
        tally: Counter[str],
    ) -> None:
        self._repository = repository
        self._quarantine = quarantine
        self._starts = starts
        self._commits = commits
        self._tally = tally
        self._range = Range(repository, commits[0], commits[-1])
        names = {name.encode() for tree in story.trees for name in tree}
        self._by_hand = ByHand(self._range.index.of(names), Supplied(self._range))

    def check(self, number: int, request: Request) -> None:
        """Check the answer to the request, which is the one with this number in the batch."""
        start = self._starts[number]
        base, wanted = start + request.base, [start + position for position in request.wanted]
        history = self._range.history
        state, found, doubt = judge(self._range, base, wanted, self._quarantine)
        self._tally["requests"] += 1
        self._tally[state.value] += 1
        assert state in (State.APPLIES, State.NEEDS_PREREQUISITES, State.MISPLACED)
        assert (state is State.APPLIES) <= (not found.prerequisites)
        made = self._by_hand.apply(base, found.queue)
        same_files(history, made, base, found.chosen.queue)
        files = {path: entry for path in self._paths(found.queue) if (entry := history.entry(path, base)) is not None}
        right = {path: entry for path, entry in made.entries.items() if path in self._paths(found.queue)}
        self._check_with_git(files, right, found.queue, state, made)
        if state is State.MISPLACED:
            assert doubt is not None
            self._tally["misplaced: " + ("git puts a hunk elsewhere" if doubt.position is None else "git refuses")] += 1
        self._look_for_less(files, found.wanted, found.prerequisites)
        self._read_from_base(base, start + request.story.size, wanted, found.queue)

    def _paths(self, queue: Sequence[int]) -> set[bytes]:
        return {path for touch in self._range.index.at(queue) for path in touch.paths}

    def _check_with_git(
        self,
        base: Mapping[bytes, Entry],
        right: Mapping[bytes, Entry],
        queue: Sequence[int],
        state: State,
        made: Outcome,
    ) -> None:
        """Compare what git makes of the queue with the verdict, which must have a reason to say ``misplaced``."""
        trial = self._quarantine.apply(base, [self._range.text(position) for position in queue])
        if state is State.MISPLACED:
            assert trial.refused is not None or trial.files != right
            assert made.ambiguous, "git could put every hunk in one place only, and did not"
        else:
            assert trial.refused is None
            assert trial.files == right
        self._tally["ambiguous, but git puts every hunk where it belongs"] += (
            bool(made.ambiguous) and state is not State.MISPLACED
        )

    def _look_for_less(self, base: Mapping[bytes, Entry], wanted: Sequence[int], others: Sequence[int]) -> None:
        """Count what git makes of smaller sets: it takes some of them, since it knows texts and no lines."""
        if not others:
            return
        few = len(others) <= ALL_SUBSETS
        counts = range(len(others)) if few else [len(others) - 1]
        taken = False
        for subset in (subset for count in counts for subset in combinations(others, count)):
            queue = sorted({*wanted, *subset})
            taken = taken or self._quarantine.apply(base, [self._range.text(p) for p in queue]).refused is None
        self._tally["needs-prerequisites, and git also takes a smaller set (by coincidence of texts)"] += taken

    def _read_from_base(self, base: int, tip: int, wanted: Sequence[int], queue: Sequence[int]) -> None:
        """Compare the queue with the one that comes of reading just the commits after the base."""
        own = Range(self._repository, self._commits[base], self._commits[tip])
        found = select(own.history, 0, [position - base for position in wanted])
        if [position + base for position in found.queue] != list(queue):
            self._tally["another queue from another root"] += 1
            assert set(queue) >= {position + base for position in found.queue}


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    opened = Workshop(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_git_agrees(
    shard: int, workshop: Workshop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, Any], None],
) -> None:  # fmt: skip
    if shard % 2:
        monkeypatch.setattr(log, "WHOLE_RANGE", 0)  # read the changes of single files, as in long ranges

    # Found at random: a file that is binary for a while, and has lines again that equal those of its binary contents.
    odd = Story("ababababab", "abbababab", "ababab", b"\x00a\nb\n", "ababab", "ababaaab")

    @examples(WITH_GIT // SHARDS // BATCH, shard)
    @given(st.lists(requests(), min_size=BATCH, max_size=BATCH))
    @example([Request(odd, 0, (odd.size,))])
    def check(batch: list[Request]) -> None:
        bench = workshop.bench(batch)
        for number, one in enumerate(batch):
            bench.check(number, one)

    check()
    counts = dict(sorted(workshop.tally.items()))
    for name, count in counts.items():
        record_property(name, count)
    tell(request, f"with git, part {shard}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    assert counts["requests"] >= WITH_GIT // SHARDS * SCALE * 0.9
    assert counts[State.APPLIES.value] > 0
    assert counts[State.NEEDS_PREREQUISITES.value] > 0


def test_git_agrees_on_a_base_that_left_the_line(workshop: Workshop, request: pytest.FixtureRequest) -> None:
    # Found at random: the base's own line stands behind the last line of a hunk with less context after than before.
    less_after = Story("abcde", "fabcde", "fabcgde", "hfabcgde", "ihfabcgde")

    @examples(100)
    @given(detours())
    @example(Detour(less_after, {"f": File(content("kabcdej"))}, wanted=2))
    def check(detour: Detour) -> None:
        workshop.check_detour(detour)

    check()
    tell(request, f"with git, bases beside the line: {dict(sorted(workshop.tally.items()))}")
    assert workshop.tally["conflicts"] > 0
    assert workshop.tally["conflicts"] < 100 * SCALE
