"""A base that has some hunks of a commit and lacks others: the answer says which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(40), "b.c": numbered(9)})
    changed = {10: "first", 20: "second", 30: "third"}
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(40, changed), "b.c": numbered(9, {5: "fixed"})})
    ours = {"a.c": numbered(40, {10: "first", 30: "third"})}
    draft.commit("ours", ours, on="ours", after=first)
    return draft.write(tmp_path / "clone")


def test_what_is_there_in_part_is_said_by_hunk(place: Place) -> None:
    done = place.run("prereqs", "--onto", "ours", "--xsa", "3")
    assert done.status == 2
    name = place[2][:12]
    said = f"  {name} is in ours in part:\n    a.c: there: hunk 1 3, not there: hunk 2\n    b.c: not there: hunk 1\n"
    assert said in done.out
    (found,) = json.loads(place.run("check", "--onto", "ours", "--json").out)["results"]
    files = [{"path": "a.c", "there": [1, 3], "missing": [2]}, {"path": "b.c", "there": [], "missing": [1]}]
    assert found["partly"] == [{"commit": place[2], "files": files}]


def test_a_refresh_writes_the_missing_half(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = place.run("export", "--onto", "ours", "--xsa", "3", "--refresh", "-o", str(out))
    assert (done.status, "only the rest of it: ours has hunks 1, 3 of a.c already" in done.out) == (0, True)
    [patch] = out.glob("*.refreshed.patch")
    place.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), "ours")
    place.git("-C", str(tmp_path / "tree"), "apply", str(patch))
    for name in ("a.c", "b.c"):
        assert (tmp_path / "tree" / name).read_text() == place.git("show", f"{place[2]}:{name}") + "\n"
    manifest = json.loads((out / "xsa-queue.json").read_text())
    assert manifest["queue"][0]["in_base"] == {"a.c": [1, 3]}
    assert place.run("export", "--verify", str(out), "--onto", "ours").status == 0


def test_what_needs_the_missing_half_gets_it_with_a_refresh(tmp_path: Path) -> None:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(40)})
    draft.commit("prepare", {"a.c": numbered(40, {10: "first", 20: "second"})})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(40, {10: "first", 20: "fixed"})})
    draft.commit("ours", {"a.c": numbered(40, {10: "first"})}, on="ours", after=first)
    place = draft.write(tmp_path / "clone")
    assert place.run("prereqs", "--onto", "ours", "--xsa", "3").status == 2
    done = place.run("export", "--onto", "ours", "--refresh", "-o", str(tmp_path / "out"), "--json")
    assert (done.status, [one["role"] for one in json.loads(done.out)["queue"]]) == (0, ["prerequisite", "patch"])


def test_a_file_that_the_base_took_out_is_no_part(tmp_path: Path) -> None:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(40), "b.c": numbered(9)})
    fixed = numbered(40, {30: "fixed"}).replace(b"line 9\nline 10\n", b"")
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": fixed, "b.c": numbered(9, {5: "fixed"})})
    draft.commit("ours", {"a.c": None}, on="ours", after=first)
    place = draft.write(tmp_path / "clone")
    done = place.run("prereqs", "--onto", "ours", "--xsa", "3")
    assert (done.status, "in part" in done.out) == (2, False)


def test_own_lines_in_the_way_are_no_part(place: Place, tmp_path: Path) -> None:
    patch = place.patch(2).decode().replace("+first", "+ours").replace("+second", "+ours").replace("+third", "+ours")
    (tmp_path / "own.patch").write_text(patch.replace("+fixed", "+ours").replace("This is XSA-3", "Ours"))
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "--base-patches", str(tmp_path / "own.patch"), "--xsa", "3")
    assert (done.status, "in part" in done.out, "itself added in its place" in done.out) == (2, False, True)


def test_check_says_that_a_part_of_an_advisory_is_in_the_base(tmp_path: Path) -> None:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(30), "b.c": numbered(30), "c.c": numbered(9)})
    draft.commit("one\n\nThis is part of XSA-3.", {"a.c": numbered(30, {10: "one"})})
    two = {"b.c": numbered(30, {5: "two"}), "c.c": numbered(9, {5: "two"})}
    draft.commit("two\n\nThis is part of XSA-3.", two)
    draft.commit("apart", {"a.c": numbered(30, {10: "one", 25: "ours"})}, on="apart", after=first)
    half = {"a.c": numbered(30, {10: "one"}), "b.c": numbered(30, {5: "two"})}
    draft.commit("half", half, on="half", after=first)
    place = draft.write(tmp_path / "clone")
    done = place.run("check", "--onto", "apart")
    assert "XSA-3    a part is in the base, applies  two" in done.out
    assert "XSA-3     partly-applied  two" in place.run("check", "--onto", "apart", "--each").out
    (found,) = json.loads(place.run("check", "--onto", "apart", "--json").out)["results"]
    assert (found["in_part"], found["xsa"]) == ([3], [3])
    assert (
        f"{place[3][:12]}: half has hunk 1 of b.c already, and lacks the rest"
        in place.run("check", "--onto", "half").out
    )
    (found,) = json.loads(place.run("check", "--onto", "RELEASE-1.0.0", "--json").out)["results"]
    assert "in_part" not in found
