"""Where a patch does not fit, its own place comes first, and that of what it needs far off is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Draft, Place, numbered

FAR = 30


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch whose fix needs a chain of commits, of which the first ones do not fit on ``distant``."""
    draft = Draft()
    files = {f"f{number}.c": numbered(20) for number in range(FAR)} | {"a.c": numbered(60)}
    base = draft.release("1.0.0", files)
    draft.commit("wide", {**{name: numbered(20, {10: "wide"}) for name in files}, "a.c": numbered(60, {20: "near"})})
    draft.commit("fix\n\nThis is XSA-1.", {"a.c": numbered(60, {20: "fixed"})})
    draft.commit(
        "ours", {name: numbered(20, {10: "ours"}) for name in files if name != "a.c"}, on="distant", after=base
    )
    return draft.write(tmp_path)


def test_the_patch_itself_comes_first(place: Place) -> None:
    """Only refused lines of far prerequisites were shown, the first eight of them."""
    done = place.run("prereqs", "--onto", "distant", "--xsa", "1")
    lines = done.out.splitlines()

    assert done.status == 2
    assert lines[1:5] == [
        f"  {place.short(3)}, hunk 1 of a.c: lines that distant has there instead",
        "      +line 20",
        f"  {place.short(3)}, hunk 1 of a.c: lines that distant lacks",
        "      -near",
    ]
    assert lines[5].startswith(f"  {place.short(2)}, hunk 1 of f0.c: lines that distant itself ")
    assert sum(line.startswith(f"  {place.short(2)}, ") for line in lines) == 4
    assert "  ... and 56 more places in its prerequisites" in lines
    assert len(lines) < 20
    verbose = place.run("check", "--onto", "distant", "--verbose").out
    assert "\n".join(lines[1:5]) in verbose


def test_a_patch_that_does_not_fit_itself(place: Place) -> None:
    place.git("checkout", "--quiet", "distant")
    text = (place.folder / "a.c").read_text(encoding="ascii").replace("line 20\n", "own 20\n")
    (place.folder / "a.c").write_text(text, encoding="ascii")
    place.git("commit", "--quiet", "--all", "--message=more")
    lines = place.run("prereqs", "--onto", "distant", "--xsa", "1").out.splitlines()

    assert lines[1:3] == [
        f"  {place.short(3)}, hunk 1 of a.c: lines that distant itself added in its place",
        "      +own 20",
    ]
    assert lines.index(f"  {place.short(3)}, hunk 1 of a.c: lines that distant lacks") == 3


def test_a_name_is_told_with_the_commit_that_brings_it(tmp_path: Path) -> None:
    """The line that the patch itself adds was shown as one that the base lacks."""
    text = b'#include "a.h"\n\nint f(void)\n{\n    return %s;\n}\n'
    draft = Draft()
    base = draft.release("1.0.0", {"a.h": b"int a(void);\n", "a.c": text % b"1", "b.c": b"int b;\n"})
    helper = {"a.h": b"int a(void);\nint helper(void);\n", "b.c": b"int helper(void)\n{\n    return 2;\n}\n"}
    draft.commit("helper", helper)
    draft.commit("fix\n\nThis is XSA-1.", {"a.c": text % b"helper()"})
    draft.commit("ours", {"a.h": b"long a(void);\n", "b.c": b"long b;\n"}, on="ours", after=base)
    place = draft.write(tmp_path)
    lines = place.run("prereqs", "--onto", "ours", "--xsa", "1").out.splitlines()

    assert lines[1:3] == [
        f"  {place.short(3)}, hunk 1 of a.c: uses the name helper, for which it needs {place.short(2)}",
        "           return helper();",
    ]
