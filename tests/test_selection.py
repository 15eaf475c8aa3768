"""The smallest selection: following rules, bases, reasons and kinds; and where the answer is approximate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from histories import Story, after, checkout, judge, needs, selection

from git_xsa.ask.verdict import State
from git_xsa.git.log import Range
from git_xsa.model.rules import NEVER, ROOT, Chosen, Condition, Kind, Life, Rule, RuleBook, absent, present, there
from git_xsa.model.selection import select

LONG = "abcdefghijklmnopq"


class Book:
    """Rules given by hand: position -> (if given, then needed) or (given, needed, since, until)."""

    def __init__(self, rules: Mapping[int, Sequence[tuple[int, ...]]]) -> None:
        self._rules = rules
        self.asked: list[list[int]] = []

    def prepare(self, positions: Iterable[int]) -> None:
        self.asked.append(list(positions))

    def rules(self, position: int) -> Iterable[Rule]:
        return [Rule(Condition(*numbers), Kind.CHANGE, b"f", 1) for numbers in self._rules.get(position, ())]


# -- following rules


def test_nothing_wanted_needs_nothing() -> None:
    found = select(Book({}), 0, [])
    assert (found.queue, found.impossible, found.reasons) == ((), (), {})


def test_rules_are_followed_until_nothing_is_added() -> None:
    found = select(Book({5: [(ROOT, 4)], 4: [(ROOT, 2)], 3: [(ROOT, 1)]}), 0, [5])
    assert (found.wanted, found.prerequisites, found.queue) == ((5,), (2, 4), (2, 4, 5))


def test_a_rule_waits_until_what_it_is_about_is_selected() -> None:
    rules = {6: [(3, 5), (2, 4)], 4: [(ROOT, 3)]}
    assert select(Book(rules), 0, [6]).prerequisites == ()
    assert select(Book(rules), 0, [2, 6]).prerequisites == (3, 4, 5)
    assert select(Book(rules), 0, [3, 6]).prerequisites == (5,)


def test_changes_in_the_base_count_as_selected() -> None:
    rules = {6: [(3, 5), (ROOT, 2)]}
    assert select(Book(rules), 2, [6]).prerequisites == ()
    assert select(Book(rules), 3, [6]).prerequisites == (5,)
    assert select(Book(rules), 5, [6]).prerequisites == ()


def test_wanted_changes_in_the_base_count_for_nothing() -> None:
    found = select(Book({2: [(ROOT, 1)], 4: [(ROOT, 3)]}), 2, [1, 2, 4])
    assert (found.wanted, found.prerequisites) == ((4,), (3,))


def test_a_rule_speaks_only_of_some_bases() -> None:
    rules = {6: [(ROOT, 5, 2, 4)]}
    assert [select(Book(rules), base, [6]).prerequisites for base in range(6)] == [(), (), (5,), (5,), (), ()]


def test_what_nothing_can_supply_makes_it_impossible_and_keeps_the_reason() -> None:
    found = select(Book({3: [(ROOT, 2)], 2: [(1, NEVER)]}), 0, [3])
    assert (found.impossible, found.prerequisites) == ((), (2,))
    found = select(Book({3: [(ROOT, 2)], 2: [(1, NEVER)]}), 0, [1, 3])
    assert [reason.needed_by for reason in found.impossible] == [2]
    assert found.prerequisites == (2,)


def test_all_that_is_new_is_prepared_at_once_and_only_once() -> None:
    book = Book({6: [(ROOT, 4), (ROOT, 5)], 5: [(ROOT, 3)], 4: [(ROOT, 3)]})
    select(book, 0, [6])
    assert book.asked == [[6], [4, 5], [3]]


def test_the_chosen_are_base_and_queue() -> None:
    chosen = select(Book({5: [(ROOT, 3)]}), 1, [5]).chosen
    assert chosen == Chosen(1, frozenset({3, 5}))
    assert [chosen.holds(position) for position in range(6)] == [True, True, False, True, False, True]


# -- reasons


def test_every_selected_change_that_needs_another_gives_a_reason() -> None:
    found = select(Book({5: [(ROOT, 2), (ROOT, 4)], 4: [(ROOT, 2)]}), 0, [5])
    assert {needed: [reason.needed_by for reason in reasons] for needed, reasons in found.reasons.items()} == {
        2: [4, 5],
        4: [5],
    }


def test_a_wanted_change_that_another_one_needs_has_a_reason_too() -> None:
    found = select(Book({5: [(ROOT, 4)]}), 0, [4, 5])
    assert found.prerequisites == ()
    assert list(found.reasons) == [4]


def test_the_strongest_kind_counts() -> None:
    story = Story(LONG, LONG.replace("h", "H"), LONG.replace("h", "HX"))
    found = selection(story, 0, 2)
    assert {reason.rule.kind for reason in found.reasons[1]} == {Kind.CONTEXT}
    story = Story(LONG, LONG.replace("h", "HI"), LONG.replace("h", "HJ"))
    found = selection(story, 0, 2)
    assert {reason.rule.kind for reason in found.reasons[1]} == {Kind.CHANGE, Kind.CONTEXT}
    assert found.kind(1) is Kind.CHANGE
    assert [kind.rank for kind in Kind] == [0, 1, 2, 3]


def test_a_reason_names_file_hunk_and_lines() -> None:
    story = Story({"d/f": LONG}, {"d/f": LONG.replace("ab", "ABX")}, {"d/f": LONG.replace("ab", "ABXY")})
    rules = [reason.rule for reason in selection(story, 0, 2).reasons[1]]
    assert [(rule.path, rule.hunk, rule.lines, rule.gone) for rule in rules] == [
        (b"d/f", 1, (b"a\n", b"b\n"), True),
        (b"d/f", 1, (b"A\n", b"B\n", b"X\n"), False),
    ]


# -- rules


def test_a_thing_that_came_once_needs_its_bringer() -> None:
    assert present([Life(3)]) == [Condition(ROOT, 3)]


def test_a_thing_that_went_needs_its_remover_if_it_came() -> None:
    assert absent([Life(0, 2), Life(3, 5)]) == [Condition(0, 2), Condition(3, 5)]


def test_the_rules_of_a_thing_with_several_lives_hold_for_every_base_and_selection() -> None:
    lives = [Life(1, 2), Life(3, 4), Life(5)]
    for base in range(6):
        for number in range(64):
            queue = frozenset(position for position in range(base + 1, 6) if number >> position & 1)
            applied = Chosen(base, queue)
            fulfilled = all(
                not (rule.since <= base < rule.until and applied.holds(rule.given)) or applied.holds(rule.need)
                for rule in present(lives)
            )
            assert not fulfilled or there(lives, applied), (base, queue)
            enough = {5} <= queue and not queue & {1, 2, 3, 4}
            if there(lives, Chosen(base, frozenset())):
                enough = not queue & {2, 4}
            assert fulfilled or not enough, (base, queue)


def test_a_change_asks_nothing_of_itself_nor_of_the_root() -> None:
    book = RuleBook(4)
    conditions = [Condition(ROOT, 4), Condition(4, 5), Condition(3, ROOT), Condition(ROOT, 3)]
    book.lines(conditions, Kind.CHANGE, b"f", 1, b"x\n")
    book.lines([Condition(ROOT, 3)], Kind.CHANGE, b"f", 1, b"y\n")
    assert book.rules() == (Rule(Condition(ROOT, 3), Kind.CHANGE, b"f", 1, (b"x\n", b"y\n")),)


# -- bases


def test_bases_of_one_range_get_their_own_answers() -> None:
    letters = ["", "b", "bd", "bdf", "bdfh", "bdfhj"]
    story = Story(*("".join(c.upper() if c in changed else c for c in LONG) for changed in letters))
    history = story.history()
    assert [select(history, base, [5]).prerequisites for base in range(5)] == [
        (1, 2, 3, 4), (2, 3, 4), (3, 4), (4,), (),
    ]  # fmt: skip
    assert [select(history, base, [3]).prerequisites for base in range(4)] == [(1, 2), (2,), (), ()]


def test_a_base_further_on_answers_as_if_it_were_the_root(tmp_path: Path) -> None:
    story = Story("abc", "abcd", "abcde", "Xabcde", "Xabcdef", "XYabcdef")
    with checkout(tmp_path / "r", story) as place:
        for base in range(5):
            own = Range(place.repository, place.commits[base], place.commits[-1])
            for wanted in range(base + 1, 6):
                state, prerequisites = place.judge(base, wanted)
                alone, found, _ = judge(own, 0, [wanted - base], place.quarantine)
                assert (alone, [position + base for position in found.prerequisites]) == (state, prerequisites)
                assert prerequisites == needs(story, base, wanted)


# -- approximations (the numbers are those of the design)


def test_approximation_1_an_equal_line_can_stand_in_for_another(tmp_path: Path) -> None:
    # Change 1 declares the variable (v) that change 2 uses in a function (F, of lines a to e) further down; there is
    # another such function above, so that git finds text to put the hunk at.
    story = Story("FabcdeFxbcde", "FabcdeFabcde", "FabcdeFabVcde")
    assert needs(story, 0, 2) == [1]
    with checkout(tmp_path / "r", story) as place:
        assert place.judge(0, 2) == (State.NEEDS_PREREQUISITES, [1])
        without = place.apply(0, 2)
        assert without is not None, "git takes the smaller set"
        assert without != place.ids(0, 1, 2)
        assert place.apply(0, 1, 2) == place.ids(0, 1, 2)


def test_approximation_1_another_place_with_equal_lines_is_misplaced(tmp_path: Path) -> None:
    # The hunk says where its function is; with the lines at the start, which change 1 removes, that is another one.
    story = Story("XYZ" * 4 + "{ab}" * 4, "{ab}" * 4, "{ab}{ab}{aNb}{ab}")
    with checkout(tmp_path / "r", story) as place:
        state, selected, doubt = judge(place.range, 0, [2], place.quarantine)
        assert (state, selected.queue) == (State.MISPLACED, (2,))
        assert doubt is not None
        assert (doubt.position, doubt.paths) == (None, (b"f",))
        assert place.apply(0, 2) != place.ids(0, 2)


def test_approximation_3_a_merge_is_one_change_against_its_first_parent(tmp_path: Path) -> None:
    story = Story(LONG, LONG + "r", LONG + "rs", LONG + "rst", merges={2})
    assert needs(story, 0, 3) == [1, 2]
    with checkout(tmp_path / "r", story) as place:
        assert len(place.range.commits) == 3, "the side branch of the merge is not on the line"
        assert place.judge(0, 3) == (State.NEEDS_PREREQUISITES, [1, 2])
        assert place.judge(1, 2) == (State.APPLIES, [])
        assert place.apply(0, 1, 2, 3) == place.ids(3)


def test_approximation_4_the_line_history_knows_no_names() -> None:
    # Change 1 declares n in a header; change 2 uses it in another file, and far from it in the same one.
    story = Story({"h": LONG, "f": LONG}, {"h": "n" + LONG, "f": LONG}, {"h": f"n{LONG}n", "f": f"{LONG}n"})
    assert needs(story, 0, 2) == []
    assert after(story, 0, 2) == {"h": f"{LONG}n", "f": f"{LONG}n"}
