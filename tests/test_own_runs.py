"""A base that has a copy of a block, or lacks one of two equal ones: which of them is its own can't be told by text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, lines

#: The file of the release, of the base, and of the branch after the fix; a line for each letter.
CASES = {
    "a copy behind the block of the hunk": ("abcdefgXYZvwxyz", "1abcdefgXYZhiefgXYZvwxyz", "abcdefgNXYZvwxyz"),
    "a copy before the block of the hunk": ("abcdXYZefgvwxyz", "abcdXYZefhiXYZefgvwxyz", "abcdXYZNefgvwxyz"),
    "one of two blocks is gone, the fix is behind them": ("abXYZQXYZQopq", "abXYZQopq", "abXYZQXYZQNopq"),
    "one of two blocks is gone, the fix is before them": ("abcXYZQXYZQop", "abcXYZQop", "abcNXYZQXYZQop"),
}


def place_of(folder: Path, release: str, base: str, fixed: str) -> Place:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": lines(release)})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": lines(fixed)})
    draft.commit("ours", {"a.c": lines(base)}, on="ours", after=first)
    return draft.write(folder)


@pytest.mark.parametrize("files", CASES.values(), ids=CASES.keys())
def test_what_git_applies_is_not_refused(files: tuple[str, str, str], tmp_path: Path) -> None:
    place = place_of(tmp_path / "clone", *files)
    (found,) = json.loads(place.run("check", "--onto", "ours", "--json").out)["results"]
    assert found["state"] == "applies"
    place.git("read-tree", "ours")
    place.git("apply", "--cached", given=place.patch(2))


def test_a_copy_that_git_refuses_is_in_the_way(tmp_path: Path) -> None:
    place = place_of(tmp_path / "clone", "abcdefghij", "abcdhidefghij", "abcdNefghij")
    done = place.run("check", "--onto", "ours")
    assert (done.status, "lines that ours itself added in its place" in done.out) == (2, True)
    place.git("read-tree", "ours")
    place.git("apply", "--cached", given=place.patch(2), accept=[1])
