"""What is said of advisories while others are in conflict holds for the set that goes in, not for one with those."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, lines, numbered


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository whose branch ``own`` changed the line that XSA-1 does.

    XSA-2 uses a name that a commit introduces which no text asks for; XSA-3 uses one that XSA-1's second part brings,
    and another commit later on; XSA-4 is next to a line of XSA-1; XSA-5 needs nothing.  XSA-6 has a part that needs
    XSA-4, and one that needs nothing.
    """
    draft = Draft()
    files = {"a.c": numbered(40), "b.c": numbered(40), "c.c": numbered(40), "h.h": b"\n"}
    base = draft.release("1.0.0", files)
    header = b"int helper(void);\n"
    draft.commit("introduce a helper", {"h.h": header})
    draft.commit("one\n\nThis is part of XSA-1.", {"a.c": numbered(40, {10: "one"})})
    more = b"int helper(void);\nint other(void);\n"
    draft.commit("one, second part\n\nThis is part of XSA-1.", {"h.h": more})
    draft.commit("four\n\nThis is XSA-4.", {"a.c": numbered(40, {10: "one", 12: "four"})})
    use = '#include "h.h"'
    draft.commit("two\n\nThis is XSA-2.", {"b.c": numbered(40, {1: use, 20: "x = helper();"})})
    draft.commit("three\n\nThis is XSA-3.", {"b.c": numbered(40, {1: use, 20: "x = helper();", 30: "x = other();"})})
    draft.commit("five\n\nThis is XSA-5.", {"c.c": numbered(40, {5: "five"})})
    last = numbered(40, {10: "one", 12: "four", 14: "six"})
    draft.commit("six\n\nThis is part of XSA-6.", {"a.c": last})
    draft.commit("six, too\n\nThis is part of XSA-6.", {"c.c": numbered(40, {5: "five", 30: "six"})})
    draft.commit("ours", {"a.c": numbered(40, {10: "ours"})}, on="own", after=base)
    return draft.write(tmp_path)


def said(place: Place, *words: str) -> dict[str, str]:
    """Return what a check says of each advisory, by its name."""
    found = [line[2:] for line in place.run("check", "--verbose", *words).out.splitlines() if line.startswith("  XSA-")]
    return {line[:8].strip(): line[8:].strip().rpartition("  ")[0] for line in found}


def test_lines_are_true_of_the_set_that_goes_in(place: Place) -> None:
    """XSA-2 "applies", and what the part of XSA-1 without a conflict supplies was there for XSA-3."""
    found = said(place, "--onto", "own")

    assert found == {
        "XSA-1": "conflicts, needs 1 prerequisite",
        "XSA-2": "needs 1 prerequisite",
        "XSA-3": "needs 2 prerequisites",
        "XSA-4": "conflicts, after XSA-1",
        "XSA-5": "applies",
        "XSA-6": "conflicts, after XSA-4",
    }
    assert {name: found[name] for name in ("XSA-2", "XSA-3", "XSA-5")} == said(place, "--onto", "own", "--xsa", "2,3,5")


def test_json_has_what_goes_in(place: Place) -> None:
    done = place.run("check", "--onto", "own", "--json")
    (found,) = json.loads(done.out)["results"]
    (alone,) = json.loads(place.run("check", "--onto", "own", "--xsa", "2,3,5", "--json").out)["results"]

    assert (done.status, found["state"], found["queue"]) == (2, "conflicts", [])
    assert found["fitting"] == alone
    assert [entry["role"] for entry in alone["queue"]] == ["prerequisite", "prerequisite", "patch", "patch", "patch"]


def test_nothing_goes_in(place: Place) -> None:
    (found,) = json.loads(place.run("check", "--onto", "own", "--xsa", "1,4", "--json").out)["results"]
    assert (found["state"], "fitting" in found) == ("conflicts", False)
    assert said(place, "--onto", "own", "--xsa", "1,4") == {
        "XSA-1": "conflicts, needs 1 prerequisite",
        "XSA-4": "conflicts, after XSA-1",
    }


def test_without_a_conflict_nothing_changes(place: Place) -> None:
    found = said(place)
    assert found["XSA-1"] == "needs 1 prerequisite"
    assert found["XSA-4"] == "after XSA-1"


def test_a_file_that_does_not_exist_any_more(tmp_path: Path) -> None:
    """The same where a whole file is in the way."""
    draft = Draft()
    base = draft.release("1.0.0", {"a.c": lines("abcdef"), "b.c": lines("ghijkl"), "c.c": b"c\n", "h.h": b"\n"})
    draft.commit("helper", {"h.h": b"int helper(void);\n"})
    draft.commit("one\n\nThis is XSA-1.", {"a.c": lines("abCdef"), "c.c": b"C\n"})
    draft.commit("two\n\nThis is XSA-2.", {"b.c": b'#include "h.h"\n' + lines("hijkl") + b"x = helper();\n"})
    draft.commit("ours", {"a.c": None}, on="own", after=base)
    place = draft.write(tmp_path)

    assert said(place, "--onto", "own") == {"XSA-1": "conflicts", "XSA-2": "needs 1 prerequisite"}
