"""Pictures of git xsa-report: well-formed, nothing on top of anything, what is needed on the left."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from git_xsa.publish.picture import BOX_HEIGHT, BOX_WIDTH, Bar, PictureNode, bars_picture, needs_picture

NEEDS = st.integers(1, 12).flatmap(
    lambda size: st.fixed_dictionaries({n: st.sets(st.integers(1, max(n - 1, 1))) for n in range(1, size + 1)})
)


def node(words: str) -> PictureNode:
    return PictureNode("needed", words, words, words)


@given(NEEDS, st.text(max_size=40))
def test_what_a_change_needs_is_on_its_left(needs: dict[int, set[int]], words: str) -> None:
    known = {one: sorted(found - {one}) for one, found in needs.items()}
    picture = fromstring(needs_picture({one: node(words) for one in known}, known, words))
    boxes = [(int(box.attrib["x"]), int(box.attrib["y"])) for box in picture.iter("rect")]
    assert len(boxes) == len(set(boxes)) == len(known)
    for x, y in boxes:
        assert x + BOX_WIDTH <= int(picture.attrib["width"])
        assert y + BOX_HEIGHT <= int(picture.attrib["height"])
    starts = {(x + BOX_WIDTH, y + BOX_HEIGHT // 2) for x, y in boxes}
    ends = {(x, y + BOX_HEIGHT // 2) for x, y in boxes}
    lines = [path.attrib["d"].replace("M", "").replace("C", " ").split() for path in picture.iter("path")]
    for line in lines:
        start, end = tuple(map(int, line[:2])), tuple(map(int, line[-2:]))
        assert start in starts
        assert end in ends
        assert start[0] < end[0]
    assert bool(lines) == any(known.values())


def test_two_changes_that_need_each_other() -> None:
    picture = fromstring(needs_picture({1: node("a"), 2: node("b")}, {1: [2], 2: [1]}, "both"))
    assert len(list(picture.iter("path"))) == 2


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=30))
def test_bars_stand_on_the_axis_and_fit(values: list[tuple[int, int]]) -> None:
    bars = [Bar("4.21.0", f"{a} + {b}", a, b, "words <&>") for a, b in values]
    picture = fromstring(bars_picture(bars, "label"))
    parts = list(picture.iter("rect"))
    assert len(parts) == 2 * len(bars)
    for upper, lower in zip(parts[::2], parts[1::2], strict=True):
        top, middle = float(upper.attrib["y"]), float(lower.attrib["y"])
        assert top >= 14  # there is room for the number above it
        assert top + float(upper.attrib["height"]) == middle
        assert float(lower.attrib["y"]) + float(lower.attrib["height"]) == 168
