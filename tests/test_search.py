"""What is built next, and what comes of it: the search for build prerequisites, with judges made up for the purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from git_xsa.proof.diagnostics import Diagnostic, Sign
from git_xsa.proof.search.divide import Attempt, BuildFound, Failure, Stage, search
from git_xsa.proof.search.suppliers import Clue

PATCH = 100


class Bench:
    """A made-up build: it works when ``enough`` says so of the changes it gets; ``needs`` are the textual rules.

    ``said`` gives the clues of a failure: names with their suppliers.
    """

    def __init__(
        self,
        enough: Callable[[frozenset[int]], bool],
        needs: Mapping[int, Iterable[int]] | None = None,
        said: Callable[[frozenset[int]], Mapping[str, Iterable[int]]] = lambda _: {},
        near: Iterable[int] = (),
        impossible: Iterable[int] = (),
    ) -> None:
        self.enough, self.needs, self.said = enough, needs or {}, said
        self.near, self.impossible = tuple(near), frozenset(impossible)
        self.attempts: list[Attempt] = []

    def closure(self, extra: frozenset[int]) -> frozenset[int] | None:
        found = {PATCH, *extra}
        while not found >= (more := {need for p in found for need in self.needs.get(p, ())}):
            found |= more
        return None if found & self.impossible else frozenset(found)

    def judge(self, attempt: Attempt) -> Failure | None:
        self.attempts.append(attempt)
        selected = self.closure(attempt.extra)
        assert selected is not None, "what can't be applied is not built"
        if self.enough(selected):
            return None
        clues = [
            Clue(Diagnostic(f"'{name}' undeclared", Sign.MISSING, name), tuple(p for p in found if p not in selected))
            for name, found in self.said(selected).items()
        ]
        return Failure(tuple(clues), self.near)

    def search(self, candidates: Iterable[int] = range(1, 31), quick: bool = False, last: int = PATCH) -> BuildFound:
        return search(self.judge, self.closure, candidates, last, quick)

    @property
    def stages(self) -> list[Stage]:
        return [attempt.stage for attempt in self.attempts]


def needing(*positions: int) -> Callable[[frozenset[int]], bool]:
    return lambda selected: selected.issuperset(positions)


def test_a_queue_that_builds_takes_one_build() -> None:
    bench = Bench(needing())
    assert bench.search() == BuildFound({})
    assert bench.stages == [Stage.QUEUE]


def test_a_missing_name_is_followed_to_its_supplier() -> None:
    bench = Bench(needing(7), said=lambda _: {"seven": [7, 3]})
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {7}
    assert found.extra[7].clues[0].diagnostic.name == "seven"
    assert bench.stages == [Stage.QUEUE, Stage.NAMES]  # "without it" is the queue alone, which is known


def test_all_missing_names_are_supplied_at_once() -> None:
    bench = Bench(needing(4, 9), said=lambda _: {"four": [4], "nine": [9]})
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {4, 9}
    assert bench.stages == [Stage.QUEUE, Stage.NAMES, Stage.WITHOUT, Stage.WITHOUT]


def test_the_next_supplier_has_its_turn_when_the_first_did_not_help() -> None:
    bench = Bench(needing(9), said=lambda _: {"nine": [4, 5, 9]})
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {9}
    assert [sorted(attempt.extra) for attempt in bench.attempts] == [[], [4], [5], [9]]


def test_names_that_appear_one_after_another() -> None:
    chain = {2: "two", 11: "eleven", 23: "twentythree"}
    bench = Bench(needing(*chain), said=lambda s: next(({name: [p]} for p, name in chain.items() if p not in s), {}))
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == set(chain)
    assert bench.stages == [Stage.QUEUE] + [Stage.NAMES] * 3 + [Stage.WITHOUT] * 2


def test_what_a_supplier_needs_comes_with_it() -> None:
    bench = Bench(needing(7, 3), needs={7: [3]}, said=lambda _: {"seven": [7]})
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {7}


def test_one_that_another_needs_anyway_is_no_build_prerequisite_of_its_own() -> None:
    bench = Bench(needing(7, 3), needs={7: [3]}, said=lambda _: {"three": [3], "seven": [7]})
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {7}


def test_without_names_changes_to_the_failing_files_are_divided() -> None:
    bench = Bench(needing(12), near=[5, 12, 20])
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {12}
    assert bench.stages[:2] == [Stage.QUEUE, Stage.NEAR]
    assert not {Stage.BEFORE, Stage.WHOLE} & set(bench.stages)
    assert len(bench.attempts) <= 5


def test_without_any_hint_what_is_before_the_patches_is_divided() -> None:
    bench = Bench(needing(3, 12), near=[25])
    found = bench.search(last=20)
    assert found.extra is not None
    assert set(found.extra) == {3, 12}
    assert bench.stages[:2] == [Stage.QUEUE, Stage.BEFORE]
    assert all(position < 20 for attempt in bench.attempts for position in attempt.extra)


def test_what_comes_after_the_patches_is_divided_last() -> None:
    bench = Bench(needing(3, 12, 29))
    found = bench.search(last=20)
    assert found.extra is not None
    assert set(found.extra) == {3, 12, 29}
    assert bench.stages[:3] == [Stage.QUEUE, Stage.BEFORE, Stage.WHOLE]
    assert len(bench.attempts) <= 3 + 3 * 6 + 3


def test_a_range_that_does_not_build_has_no_answer() -> None:
    bench = Bench(lambda _: False, said=lambda _: {"x": [1]}, near=[2])
    assert bench.search().extra is None
    assert bench.stages == [Stage.QUEUE, Stage.NAMES, Stage.NEAR, Stage.BEFORE]
    bench.attempts.clear()
    assert bench.search(last=20).extra is None
    assert bench.stages == [Stage.QUEUE, Stage.NAMES, Stage.NEAR, Stage.BEFORE, Stage.WHOLE]


def test_what_can_not_be_applied_is_passed_over() -> None:
    bench = Bench(needing(12), needs={4: [5]}, said=lambda _: {"x": [4]}, impossible=[5])
    found = bench.search()
    assert found.extra is not None
    assert set(found.extra) == {12}


def test_quick_leaves_out_the_last_stage() -> None:
    bench = Bench(needing(4), said=lambda _: {"four": [4], "five": [5]})
    found = bench.search(quick=True)
    assert found.extra is not None
    assert set(found.extra) == {4, 5}
    assert not found.minimal
    assert Stage.WITHOUT not in bench.stages


@st.composite
def monotone(draw: st.DrawFn) -> Bench:
    """Return a build that works once one of several sets is there; rules lead to earlier changes."""
    positions = st.integers(1, 20)
    enough = draw(st.lists(st.frozensets(positions, max_size=4), min_size=1, max_size=3))
    needs = {
        p: draw(st.frozensets(st.integers(1, p - 1), max_size=2)) if p > 1 else frozenset()
        for p in draw(st.lists(positions, max_size=6))
    }
    needs[PATCH] = draw(st.frozensets(positions, max_size=2))
    names = draw(st.dictionaries(st.sampled_from("abc"), st.lists(positions, max_size=4, unique=True)))
    near = draw(st.lists(positions, max_size=6, unique=True))
    return Bench(lambda s: any(s >= one for one in enough), needs, lambda _: names, sorted(near))


@given(monotone(), st.sampled_from([10, PATCH]))
def test_under_a_monotone_judge_the_answer_builds_and_nothing_can_be_dropped(bench: Bench, last: int) -> None:
    found = bench.search(range(1, 21), last=last)
    assert found.extra is not None
    extra = frozenset(found.extra)
    event(f"{len(extra)} build prerequisites")
    full = bench.closure(extra)
    assert full is not None
    assert bench.enough(full)
    for position in extra:
        rest = bench.closure(extra - {position})
        assert rest is not None
        assert not bench.enough(rest)
    built = [bench.closure(attempt.extra) for attempt in bench.attempts]
    assert len(built) == len(set(built)), "nothing is built twice"
    names = {p for clue in (bench.said(frozenset()) or {}).values() for p in clue}
    assert len(built) <= 5 + 6 + len(names) + (len(extra) + 1) * 7


@given(st.data())
def test_under_any_judge_the_search_ends_with_what_was_seen_to_build(data: st.DataObject) -> None:
    outcomes: dict[frozenset[int], bool] = {}

    def enough(selected: frozenset[int]) -> bool:
        if selected not in outcomes:
            outcomes[selected] = data.draw(st.booleans())
        return outcomes[selected]

    bench = Bench(enough, said=lambda _: {"a": [2, 4], "b": [6]}, near=[1, 3])
    found = bench.search(range(1, 9), quick=data.draw(st.booleans()), last=5)
    assert len(bench.attempts) <= 2**8
    if found.extra is not None:
        full = bench.closure(frozenset(found.extra))
        assert full is not None
        assert outcomes[full]


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_the_number_of_builds_grows_with_the_logarithm(size: int) -> None:
    bench = Bench(needing(size // 2))
    found = search(bench.judge, bench.closure, range(1, size + 1), PATCH * size)
    assert found.extra is not None
    assert set(found.extra) == {size // 2}
    assert len(bench.attempts) <= 3 + size.bit_length()
