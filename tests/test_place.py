"""Where the hunks of a patch fit that is no commit: approximation 5 of the design.

Such a patch gets its place at the baseline by git's own rule, and the place must be the one it names or the only one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from histories import Story, checkout, content, diff, hunk, show
from hypothesis import given, settings
from hypothesis import strategies as st

from git_xsa.git.diffs import parse_hunks
from git_xsa.model.change import Hunk
from git_xsa.model.history import split_lines
from git_xsa.model.place import NotPlaced, place_hunks, places

BLOCKS = "{ab}{ab}{ab}{ab}"


def lines(text: str) -> list[bytes]:
    return split_lines(content(text))


def placed(text: str, *hunks: Hunk) -> tuple[list[int], str | bytes]:
    """Return the line at which each hunk begins, and the file that they make."""
    found, made = place_hunks(lines(text), hunks)
    return [one.old_start for one in found], show(b"".join(made))


def test_a_hunk_goes_where_its_lines_stand() -> None:
    assert placed("abcdefg", hunk(3, " c-d+X e")) == ([3], "abcXefg")


def test_a_hunk_goes_to_the_only_other_place_when_lines_came_before_it() -> None:
    assert placed("xyzabcdefg", hunk(3, " c-d+X e")) == ([6], "xyzabcXefg")


def test_line_numbers_of_later_hunks_follow() -> None:
    found, made = place_hunks(lines("xabcdefghijk"), [hunk(2, " b+X c"), hunk(8, " h-i j", 9)])
    assert [(one.old_start, one.new_start) for one in found] == [(3, 3), (9, 10)]
    assert b"".join(made) == content("xabXcdefghjk")


def test_approximation_5_the_named_place_is_taken_among_several() -> None:
    for start, made in ((4, "{ab}{aXb}{ab}{ab}"), (8, "{ab}{ab}{aXb}{ab}")):
        assert placed(BLOCKS, hunk(start, " } { a+X b } {")) == ([start], made)


def test_approximation_5_several_places_and_none_is_named_is_no_place() -> None:
    with pytest.raises(NotPlaced) as caught:
        placed(BLOCKS, hunk(6, " } { a+X b } {"))
    assert (caught.value.number, caught.value.places) == (1, 2)
    assert str(caught.value) == "hunk 1 fits at 2 places (lines 4, 8)"


def test_approximation_5_git_takes_the_nearest_of_several(tmp_path: Path) -> None:
    story = Story(BLOCKS, "{ab}{ab}{aXb}{ab}")
    with checkout(tmp_path / "r", story) as place:
        assert place.apply(0, 1) == place.ids(1)
    shifted = Story("YYYYYY" + BLOCKS, BLOCKS, "{ab}{ab}{aXb}{ab}")
    with checkout(tmp_path / "shifted", shifted) as place:
        made = place.apply(0, 2)
        assert made is not None
        assert made != place.ids(0, 2)
    (named,) = diff(content(BLOCKS), content("{ab}{ab}{aXb}{ab}"))
    with pytest.raises(NotPlaced):
        place_hunks(lines("YYYYYY" + BLOCKS), [named])


def test_a_hunk_that_fits_nowhere_is_not_placed() -> None:
    with pytest.raises(NotPlaced) as caught:
        placed("abcdefg", hunk(2, " b-X"))
    assert (caught.value.number, caught.value.places) == (1, 0)
    assert str(caught.value) == "hunk 1 does not fit"


def test_the_second_hunk_is_named_when_it_fails() -> None:
    with pytest.raises(NotPlaced) as caught:
        placed("abcdefg", hunk(1, "-a b"), hunk(5, " e-X"))
    assert caught.value.number == 2


def test_hunks_keep_their_order() -> None:
    assert placed("abXcdabYcd", hunk(2, "-X c"), hunk(6, " d+Z a")) == ([3, 5], "abcdZabYcd")
    with pytest.raises(NotPlaced):
        placed("abcd", hunk(3, "-c d"), hunk(4, "+Z a"))
    with pytest.raises(NotPlaced, match=r"^hunk 2 does not fit after hunk 1 \(but at line 2\)$"):
        placed("abcdef", hunk(3, " b-c d"), hunk(8, " b c-d e"))


def test_the_order_of_the_hunks_tells_which_of_several_places_is_meant() -> None:
    # Lines for which there is a place before and after: the ones of a hunk that comes later, or earlier, decide.
    assert placed("vwxab1ab2ab", hunk(2, " a+X b"), hunk(4, "-1 a")) == ([4, 6], "vwxaXbab2ab")
    assert placed("vwxab1ab2cab", hunk(2, "-2 c"), hunk(4, " a+X b")) == ([9, 11], "vwxab1abcaXb")
    assert placed("vwxab1ab2ab", hunk(2, "-1 a"), hunk(4, " b+X 2")) == ([6, 8], "vwxababX2ab")
    # Twice the same lines at two places: each has one of its own.
    assert placed("vwxab1ab2", hunk(2, " a+X b"), hunk(4, " a+Y b")) == ([4, 7], "vwxaXb1aYb2")
    with pytest.raises(NotPlaced) as caught:
        placed("vwxab1ab2ab", hunk(2, " a+X b"), hunk(4, " a+Y b"))
    assert (caught.value.number, caught.value.places) == (1, 2)


def test_a_named_place_rules_out_those_before_it() -> None:
    assert placed("abcabdab", hunk(4, " a+X b"), hunk(6, " a+Y b")) == ([4, 7], "abcaXbdaYb")


FUNCTIONS = b"int one(void)\n{\n  a\n  b\n}\nint two(void)\n{\n  a\n  b\n}\nint three(void)\n{\n  a\n  b\n}\n"


@pytest.mark.parametrize(
    ("heading", "line"), [(b" int two(void)", 8), (b"int three", 13), (b"int o", 3), (b"int", 0), (b"", 0), (b"two", 0)]
)
def test_the_heading_of_a_hunk_tells_which_of_several_places_is_meant(heading: bytes, line: int) -> None:
    (parsed,) = parse_hunks(b"@@ -90,2 +90,3 @@" + heading.rjust(len(heading) + 1) + b"\n   a\n+  new\n   b\n")
    if line:
        assert place_hunks(split_lines(FUNCTIONS), [parsed])[0][0].old_start == line
        return
    with pytest.raises(NotPlaced) as caught:
        place_hunks(split_lines(FUNCTIONS), [parsed])
    assert caught.value.places == 3


def test_a_hunk_that_says_line_1_stays_there() -> None:
    assert placed("abcabc", hunk(1, "-a b c")) == ([1], "bcabc")
    assert places(lines("xabc"), hunk(1, "-a b c")) == []
    assert places(lines("abcabc"), hunk(2, "-a b c")) == [0, 3]


def test_a_hunk_that_ends_with_a_change_stays_at_the_end() -> None:
    assert placed("abcabc", hunk(3, " b-c")) == ([5], "abcab")
    assert places(lines("abcx"), hunk(2, " b+y")) == []


def test_a_new_file_is_placed_in_an_empty_one() -> None:
    new = Hunk(0, 1, b"+", (b"a\n",))
    assert placed("", new) == ([0], "a")
    with pytest.raises(NotPlaced):
        placed("b", new)


def test_no_hunk_changes_nothing() -> None:
    assert placed("abc") == ([], "abc")


def test_a_missing_newline_counts() -> None:
    (last,) = diff(content("abc~"), content("abd~"))
    assert placed("abc~", last) == ([1], "abd~")
    with pytest.raises(NotPlaced):
        placed("abc", last)


@settings(max_examples=300)
@given(
    st.text("abc", max_size=14),
    st.lists(st.tuples(st.integers(2, 12), st.text("abc", min_size=1, max_size=2)), max_size=4),
)
def test_a_patch_is_placed_exactly_where_the_order_leaves_one_way(text: str, wanted: list[tuple[int, str]]) -> None:
    # The hunks take nothing out and end with context, so that they may stand anywhere; none names its place.
    hunks = [Hunk(90 + n, 90 + n, b" " * len(old) + b"+ ", (*lines(old), b"Z\n", *lines("a"))) for n, old in wanted]
    ways = [
        ways
        for ways in itertools.product(*(places(lines(text), one) for one in hunks))
        if all(a + len(one.old_lines) <= b for a, b, one in zip(ways, ways[1:], hunks, strict=False))
    ]
    if len(ways) == 1:
        assert [one.old_start - 1 for one in place_hunks(lines(text), hunks)[0]] == list(ways[0])
        return
    with pytest.raises(NotPlaced) as caught:
        place_hunks(lines(text), hunks)
    assert (caught.value.places == 0) == (not ways)


@settings(max_examples=500)
@given(st.text("ab", max_size=12), st.text("ab", max_size=12), st.text("ab", max_size=5))
def test_a_placed_hunk_makes_of_a_longer_file_what_it_made_of_its_own(old: str, new: str, before: str) -> None:
    hunks = diff(content(old), content(new))
    assert placed(old, *hunks)[1] == show(content(new))
    try:
        found, made = placed(before + old, *hunks)
    except NotPlaced:
        return
    assert len(found) == len(hunks)
    assert show_numbers(before + old, hunks, found) == made


def show_numbers(text: str, hunks: Sequence[Hunk], starts: Sequence[int]) -> str | bytes:
    """Apply hunks at the lines where they were placed, the last one first."""
    result = lines(text)
    for one, start in reversed(list(zip(hunks, starts, strict=True))):
        at = start - 1 if one.old_lines else start
        assert result[at : at + len(one.old_lines)] == one.old_lines
        result[at : at + len(one.old_lines)] = one.new_lines
    return show(b"".join(result))
