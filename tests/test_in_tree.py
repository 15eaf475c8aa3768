"""What is in a tree: of each advisory whether it is fixed, lacking, there in part, or never affected the tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered

FILES = {"a.c": numbered(60), "b.c": numbered(9), "tool.c": numbered(9)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a base with all of XSA-3, the first of two commits of XSA-4, one hunk of XSA-5, its own fix of XSA-7, and
    without the file of XSA-6."""
    draft = Draft()
    first = draft.release("1.0.0", FILES)
    lines = {10: "three"}
    draft.commit("three\n\nThis is XSA-3.", {"a.c": numbered(60, lines)})
    lines |= {20: "four"}
    draft.commit("four\n\nThis is part of XSA-4.", {"a.c": numbered(60, lines)})
    draft.commit("four, too\n\nThis is part of XSA-4.", {"b.c": numbered(9, {5: "four"})})
    lines |= {40: "five", 50: "five, too"}
    draft.commit("five\n\nThis is XSA-5.", {"a.c": numbered(60, lines)})
    draft.commit("six\n\nThis is XSA-6.", {"tool.c": numbered(9, {5: "six"})})
    draft.commit("seven\n\nThis is XSA-7.", {"a.c": numbered(60, {**lines, 58: "seven"})})
    draft.commit("eight\n\nThis is XSA-8.", {"b.c": numbered(9, {5: "four", 8: "eight"})})
    squashed = {"a.c": numbered(60, {10: "three", 20: "four", 40: "five"}), "tool.c": None}
    draft.commit("squashed", squashed, on="ours", after=first)
    draft.commit("my seven\n\nThis is XSA-7.", {"a.c": numbered(60, {10: "three", 20: "four", 40: "five", 57: "own"})},
                 on="ours")  # fmt: skip
    return draft.write(tmp_path / "clone")


def test_each_advisory_has_its_standing_and_the_evidence(place: Place) -> None:
    done = place.run("check", "--onto", "ours", "--json")
    [tree] = json.loads(done.out)["trees"]
    standings = {one["xsa"]: one["standing"] for one in tree["advisories"]}
    assert standings == {
        3: "fixed", 4: "partly", 5: "partly", 6: "never-affected", 7: "fixed", 8: "lacking",
    }  # fmt: skip
    by_number = {one["xsa"]: one for one in tree["advisories"]}
    assert [fix["presence"] for fix in by_number[4]["commits"]] == ["whole", "none"]
    [five] = by_number[5]["commits"]
    assert (five["presence"], five["files"]) == ("part", [{"path": "a.c", "there": [1], "missing": [2]}])
    assert by_number[7]["said_by"] == [place.git("rev-parse", "ours")]
    assert by_number[6]["commits"][0]["presence"] == "no-files"


def test_people_get_it_too(place: Place) -> None:
    done = place.run("check", "--onto", "ours")
    said = done.out.partition("What is in ours\n")[2].splitlines()
    assert said[:3] == [
        "  2 fixed: XSA-3, 7",
        "  1 lacking: XSA-8",
        "  1 never affected, as it lacks their files: XSA-6",
    ]
    assert f"    {place[5][:12]} five: a.c: has hunk 1, lacks hunk 2" in said
    each = place.run("check", "--onto", "ours", "--each").out
    assert f"  XSA-3    fixed\n    {place[2][:12]} three: there\n" in each


def test_what_never_affected_a_tree_is_not_outstanding(place: Place) -> None:
    found = json.loads(place.run("check", "--onto", "ours", "--each", "--json").out)["results"]
    assert [one["xsa"] for one in found] == [[4], [5], [8]]
    assert place.run("check", "--onto", "ours", "--xsa", "6").status == 2  # asked for by name, it has no place


def test_a_release_has_no_such_part(place: Place) -> None:
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--json")
    assert (done.status, "trees" in json.loads(done.out)) == (0, False)


def test_equal_lines_that_can_be_read_in_two_ways_are_said_to_be(tmp_path: Path) -> None:
    def lines(text: str) -> bytes:
        return "".join(f"{letter}\n" for letter in text).encode()

    draft = Draft()
    first = draft.release("1.0.0", {"a.c": lines("dbcabacabc")})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": lines("dbcaadbacabc")})
    draft.commit("ours", {"a.c": lines("dbccaabdacabc")}, on="ours", after=first)
    draft.commit("plain", {"a.c": lines("dbcaadbacabcx")}, on="plain", after=first)
    place = draft.write(tmp_path / "clone")
    for base, uncertain in (("ours", True), ("plain", False)):
        done = place.run("check", "--onto", base, "--json")
        assert json.loads(done.out)["trees"][0]["advisories"][0]["commits"][0]["uncertain"] is uncertain
    assert "or the contrary: equal lines can be read in two ways" in place.run("check", "--onto", "ours").out
