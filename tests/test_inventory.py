"""git xsa-prereqs --picks: what a base has of the branch, and what it has of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a base with one of three commits as a squash, half of another, and lines of its own."""
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(30), "b.c": numbered(9), "c.c": numbered(9), "d.c": numbered(9)})
    draft.commit("picked\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "picked"})})
    draft.commit("both files", {"b.c": numbered(9, {5: "half"}), "c.c": numbered(9, {5: "other half"})})
    draft.commit("not there", {"c.c": numbered(9, {5: "other half", 8: "more"})})
    ours = {
        "a.c": numbered(30, {10: "picked", 25: "ours\nand this"}),
        "b.c": numbered(9, {5: "half"}),
        "d.c": b"ours\n",
    }
    draft.commit("ours", ours, on="ours", after=first)
    return draft.write(tmp_path / "clone")


def test_what_a_base_has(place: Place) -> None:
    done = place.run("prereqs", "--onto", "ours", "--picks")
    assert done.status == 0
    assert done.out.splitlines() == [
        "ours has 1 commit of stable-1.0",
        f"  {place[2][:12]} picked (XSA-3)",
        "It has 1 commit in part",
        f"  {place[3][:12]} both files",
        "    b.c",
        "It has 2 files with its own lines",
        "  a.c: 2 lines of its own, 1 line missing",
        "  d.c: no commit of the branch touches it",
    ]


def test_what_a_base_has_as_json(place: Place) -> None:
    found = json.loads(place.run("prereqs", "--onto", "ours", "--picks", "--json").out)
    assert found["picks"] == [{"commit": place[2], "subject": "picked", "xsa": [3]}]
    assert [(one["commit"], one["files"]) for one in found["partly"]] == [(place[3], ["b.c"])]
    assert found["own"] == [
        {"path": "a.c", "added": 2, "removed": 1},
        {"path": "d.c", "added": None, "removed": None},
    ]
    assert (found["format"], found["base"]["name"], found["tip"]["name"]) == (1, "ours", "stable-1.0")


def test_a_base_on_the_branch_has_all_up_to_it(place: Place) -> None:
    found = json.loads(place.run("prereqs", "--onto", place[3], "--tip", "stable-1.0", "--picks", "--json").out)
    assert (found["partly"], found["own"]) == ([], [])
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "--picks")
    assert done.out == "RELEASE-1.0.0 is on stable-1.0: it has every commit up to it, and nothing else\n"


def test_a_folder(place: Place, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for name, content in (("a.c", numbered(30, {10: "picked"})), ("b.c", numbered(9)), ("c.c", numbered(9))):
        (tmp_path / "tree" / name).write_bytes(content)
    done = place.run("prereqs", "--onto", str(tmp_path / "tree"), "--picks")
    assert (done.status, f"  {place[2][:12]} picked (XSA-3)\n" in done.out) == (0, True)


def test_picks_answers_nothing_else(place: Place) -> None:
    done = place.run("prereqs", "--onto", "ours", "--picks", "--xsa", "3")
    assert (done.status, "--picks cannot be combined" in done.err, "hint: " in done.err) == (129, True, True)
