"""How the work grows with the size of a patch and of the files: at most as n log n, counted and not timed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from counting import Counted, linear, steps
from ending import ends
from histories import hunk
from repositories import Draft, Place, run

from git_xsa.model.change import Hunk
from git_xsa.model.lines import LineHistory
from git_xsa.model.place import NotPlaced, place_hunks

RELEASE = "RELEASE-1.0.0"
#: How far apart changes are.
GAP = 12
SIZES = (20, 40, 80)
#: How long what takes well under a second may take before it is taken for endless.
LIMIT = 120


def files(count: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return a tree, and one with so many files more."""
    made = {f"d{n % 7}/f{n}.c": b"int f%d(void)\n{\n    return g(%d);\n}\n" % (n, n) for n in range(count)}
    return {"d0/old.c": b"int old;\n"}, {"d0/old.c": b"int young;\n", **made}


def edited(count: int, text: Callable[[int], bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return a tree with a file whose lines are ``text`` of their numbers, and one with so many of them changed."""
    old = [text(n) for n in range(count * GAP)]
    new = list(old)
    for n in range(count):
        new[n * GAP + GAP // 2] = b"    changed(%d);\n" % n
    return {"d0/old.c": b"".join(old)}, {"d0/old.c": b"".join(new)}


def hunks(count: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return edited(count, lambda n: b"    line(%d);\n" % n)


def repeated(count: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return edited(count, lambda _: b"    again();\n")


SHAPES = {"files": files, "hunks": hunks, "repeated lines": repeated}


def written(shape: str, count: int, folder: Path) -> Place:
    before, after = SHAPES[shape](count)
    draft = Draft()
    draft.release("1.0.0", before)
    draft.commit("the fix\n\nThis is XSA-1.", {name: text for name, text in after.items() if before.get(name) != text})
    return draft.write(folder / f"story{count}")


@pytest.mark.parametrize("names", [("--no-symbols",), ()], ids=["text", "names"])
@pytest.mark.parametrize("what", ["commit", "file", "file beside its place"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_steps_of_an_answer_grow_with_the_patch(
    shape: str, what: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    counts = []
    for count in SIZES:
        place = written(shape, count, tmp_path)
        asked = "stable-1.0"
        if what != "commit":
            asked = str(tmp_path / f"fix{count}.patch")
            text = place.patch(2)
            if what == "file beside its place":
                text = re.sub(rb"(?m)^(@@ -)(\d+)(,\d+ \+)(\d+)", beside, text)
            Path(asked).write_bytes(text)
        words = ("prereqs", "--onto", RELEASE, *names, asked)
        status = 2 if shape == "repeated lines" and what == "file beside its place" else 0
        counts.append(steps(partial(answered, place, words, status)))
    assert linear(counts), counts


def answered(place: Place, words: tuple[str, ...], status: int) -> None:
    answer = run(place.folder, *words)
    assert answer.status == status, answer.err


def beside(match: re.Match[bytes]) -> bytes:
    """Return the begin of a hunk's header with lines that are 5 too high, but for those of new files."""
    old, new = int(match[2]), int(match[4])
    return b"%s%d%s%d" % (match[1], old and old + 5, match[3], (old and new + 5) or new)


def test_the_steps_of_a_refreshed_export_grow_with_the_patch(tmp_path: Path) -> None:
    counts = []
    for count in SIZES:
        place = written("hunks", count, tmp_path)
        words = ("export", "--onto", RELEASE, "--xsa", "1", "--refresh", "-o", str(tmp_path / f"made{count}"))
        counts.append(steps(partial(answered, place, words, 0)))
    assert linear(counts), counts


LINES: dict[str, Callable[[int], bytes]] = {
    "different": lambda n: b"line %d\n" % n,
    "a few": lambda n: b"line %d\n" % (n * n % 7919 % 5),
    "equal": lambda _: b"line\n",
}


@pytest.mark.parametrize("off", [0, 7])
@pytest.mark.parametrize("kind", LINES)
def test_the_lines_that_are_read_to_place_hunks_grow_with_the_file(kind: str, off: int) -> None:
    count = 200
    lines = Counted(LINES[kind](n) for n in range(count * GAP))
    wanted = []
    for n in range(count):
        at = n * GAP + 3
        old = lines[at : at + 3]
        wanted.append(Hunk(at + 1 + off, at + 1 + off, b" - ", tuple(old)))
    lines.touched = 0
    if off and kind != "different":
        with pytest.raises(NotPlaced):
            place_hunks(lines, wanted)
    else:
        placed, _ = place_hunks(lines, wanted)
        assert [one.old_index for one in placed] == [n * GAP + 3 for n in range(count)]
    # Once for an index, once for what comes out, and the old lines at each place of one of the different hunks.
    places = {"equal": 3 * len(lines)}.get(kind, 20 * len(lines))
    assert lines.touched <= 4 * len(lines) + places


def test_the_lines_that_hunks_move_in_a_history_grow_with_the_file() -> None:
    count = 500
    history = LineHistory([b"line %d\n" % n for n in range(count * GAP)])
    moved = history._current = Counted(history._current)
    made = [
        Hunk(
            n * GAP + 3, n * GAP + 3 + n, b" + ", (b"line %d\n" % (n * GAP + 2), b"new\n", b"line %d\n" % (n * GAP + 3))
        )
        for n in range(count)
    ]
    history.apply(made, 1)
    assert len(history.now()) == count * GAP + count
    assert moved.touched <= 6 * len(moved)


def test_hunks_that_touch_are_entered_one_after_the_other() -> None:
    # No line of context between them: what stands before the second one is what the first one left there.
    history = LineHistory([b"a\n", b"b\n", b"c\n"])
    history.apply([hunk(1, "-a+x"), hunk(2, "-b+y"), hunk(2, "+z", 3), hunk(3, "-c")], 1)
    assert history.now() == [b"x\n", b"y\n", b"z\n"]
    assert [line.text for line in history] == [b"a\n", b"x\n", b"b\n", b"y\n", b"z\n", b"c\n"]


#: What a line that is long may be made of: with each of these something took time that grew with the square.
UNITS = (b"a", b"a,", b"f(", b"a=", b"a;", b"ab ", b"{", b"(", b")", b" ", b"/*", b'"', b"-- ")


@pytest.mark.parametrize("unit", UNITS)
def test_a_line_of_any_length_is_read(unit: bytes, tmp_path: Path) -> None:
    line = unit * (2_000_000 // len(unit)) + b"\n"
    draft = Draft()
    draft.release("1.0.0", {"f.c": b"int a;\n" + unit + b"\nint b;\n", "f.h": b"int c;\n"})
    draft.commit("a header", {"f.h": b"int c;\n" + line})
    draft.commit("the fix\n\nThis is XSA-1.", {"f.c": b"int a;\n" + line + b"int b;\n"})
    place = draft.write(tmp_path / "story")
    (tmp_path / "fix.patch").write_bytes(place.patch(3))
    with ends(LIMIT):
        assert place.run("prereqs", "--onto", RELEASE, "--xsa", "1", "--json").status == 0
        assert place.run("prereqs", "--onto", RELEASE, str(tmp_path / "fix.patch"), "--json").status == 0
