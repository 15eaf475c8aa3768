"""Where the queue goes among a package's own patches: before them, after them, or at a name; proved for that place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered

BASE = ("--onto", "RELEASE-1.0.0")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = Draft()
    first = draft.release("1.0.0", {"a.c": numbered(40), "b.c": numbered(20)})
    draft.commit("prepare", {"a.c": numbered(40, {12: "prepared"})})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(40, {12: "prepared", 10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(20, {5: "fixed"})})
    draft.commit("far", {"a.c": numbered(40, {35: "ours"})}, on="ours", after=first)
    draft.commit("near", {"a.c": numbered(40, {35: "ours", 9: "ours, too"})}, on="ours")
    return draft.write(tmp_path / "clone")


@pytest.fixture
def package(place: Place) -> Path:
    """Return a series of three patches: far from the fix, in its way, and the fix of another advisory."""
    folder = place.folder.parent / "patches"
    folder.mkdir()
    for number, name in ((4, "xsa4"), (5, "far"), (6, "near")):
        (folder / f"{name}.patch").write_bytes(place.patch(number))
    (folder / "series").write_text("far.patch\nnear.patch\nxsa4.patch\n")
    return folder


def options(package: Path, where: str) -> tuple[str, ...]:
    return (*BASE, "--base-patches", str(package / "series"), "--place", where)


def test_a_patch_that_the_queue_would_break_is_named_with_its_hunk(place: Place, package: Path) -> None:
    done = place.run("check", *options(package, "before"))
    assert done.status == 2
    assert "error: near.patch does not apply on top of the queue for RELEASE-1.0.0: hunk 1 of a.c\nhint: " in done.err
    [found] = json.loads(place.run("check", *options(package, "near.patch"), "--json").out)["results"]
    stuck = {"patch": "near.patch", "places": [{"path": "a.c", "hunk": 1}]}
    assert found["placement"] == {"place": "near.patch", "behind": 2, "refused": stuck}
    assert (found["state"], found["base"]["patches"]) == ("needs-prerequisites", 1)


def test_what_a_patch_behind_the_queue_fixes_is_not_outstanding(place: Place, package: Path) -> None:
    (package / "series").write_text("far.patch\nxsa4.patch\n")
    done = place.run("check", *options(package, "before"), "--json")
    [found] = json.loads(done.out)["results"]
    assert (done.status, found["xsa"], found["placement"]["refused"]) == (1, [3], None)
    assert (
        "note: the 2 patches behind the queue apply on top of it"
        in place.run("prereqs", *options(package, "before")).err
    )


def test_after_all_is_as_without_a_place(place: Place, package: Path) -> None:
    done = place.run("check", *options(package, "after"), "--json")
    plain = place.run("check", *options(package, "after")[:-2], "--json")
    assert (
        (done.out, done.status) == (plain.out, plain.status) == (plain.out, 2)
    )  # the package's own line is in the way


def test_export_writes_nothing_that_breaks_the_package(place: Place, package: Path, tmp_path: Path) -> None:
    done = place.run("export", *options(package, "near.patch"), "-o", str(tmp_path / "out"))
    assert (done.status, (tmp_path / "out").exists()) == (2, False)
    assert "nothing is written: near.patch does not apply on top of the queue" in done.err
    (package / "series").write_text("far.patch\nxsa4.patch\n")
    done = place.run("export", *options(package, "xsa4.patch"), "-o", str(tmp_path / "out"))
    assert (done.status, len(list((tmp_path / "out").glob("*.patch")))) == (0, 2)


def test_prereqs_at_a_name_counts_only_what_comes_before_it(place: Place, package: Path) -> None:
    found = json.loads(place.run("prereqs", *options(package, "xsa4.patch"), "--xsa", "4", "--json").out)
    assert (found["state"], found["placement"]["refused"]["patch"]) == ("applies", "xsa4.patch")  # it would come twice
    assert place.run("prereqs", *options(package, "near.patch"), "--xsa", "3", "--json").status == 2


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((*BASE, "--place", "before"), "--place is a place among a package's patches"),
        (
            (*BASE, "--base-patches", "{}", "--place", "none.patch"),
            "none of the package's patches is called 'none.patch'",
        ),
    ],
)
def test_a_place_that_is_none(words: tuple[str, ...], what: str, place: Place, package: Path) -> None:
    for command in ("check", "prereqs", "export"):
        done = place.run(command, *(word.format(package) for word in words))
        assert (done.status, what in done.err, "hint: " in done.err) == (129, True, True), done.err
