"""Bases that name no branch: source trees without a version, and commits without the history of any branch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from repositories import Draft, Place, numbered, unpack

#: Files that are alike on all branches, by which nothing can be told.
COMMON = {f"xen/common{number}.c": numbered(5, {1: f"of {number}"}) for number in range(9)}


def files(version: str) -> dict[str, bytes]:
    """Return three files as only the branch ``version`` has them."""
    return {f"xen/{letter}.c": numbered(30, {3: version, 7: letter}) for letter in "abc"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return two branches from one trunk, each with two releases and a fix before and behind the second one."""
    draft = Draft()
    draft.commit("trunk", COMMON)
    for version in ("1.0", "1.1"):
        branch = f"stable-{version}"
        mine = files(version)
        draft.release(f"{version}.0", mine, on=branch, after=1)
        mine |= {"xen/a.c": numbered(30, {3: version, 7: "a", 20: "fixed"})}
        draft.commit("fix\n\nThis is XSA-3.", mine, on=branch)
        draft.release(f"{version}.1", {"xen/c.c": numbered(30, {3: version, 9: "c"})}, on=branch)
        draft.commit("other\n\nThis is XSA-4.", {"xen/b.c": numbered(30, {3: version, 7: "b", 20: "fixed"})}, on=branch)
    return draft.write(tmp_path / "clone")


def checked(place: Place, base: str, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(place.run("check", "--onto", base, "--each", "--json", *words).out)[
        "results"
    ]
    return found


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("point", ["0", "1"])
def test_a_tree_is_of_the_branch_that_has_most_of_its_files(
    place: Place, tmp_path: Path, version: str, point: str
) -> None:
    release = f"RELEASE-{version}.{point}"
    tree = unpack(place.folder, release, tmp_path / "tree")
    (tree / "xen/own.c").write_bytes(b"of our own\n")
    (tree / "xen/common0.c").write_bytes(b"of our own\n")
    found = checked(place, str(tree))
    assert [(one["xsa"], one["tip"]["name"]) for one in found] == [
        (one["xsa"], f"stable-{version}") for one in checked(place, release)
    ]
    assert found[0]["base"]["release"] == release
    assert found[0]["base"]["fit"] == {"branch": f"stable-{version}", "release": release, "same": 11, "files": 12}
    other = "1.1" if version == "1.0" else "1.0"
    told = f"{tree} is taken as stable-{version}, made from {release}: 91 % of the files that both have are the same"
    assert f"note: {told} (stable-{other}: 66 %)\n" in place.run("check", "--onto", str(tree)).err


def test_a_tree_between_two_releases_is_made_from_the_earlier_one(place: Place, tmp_path: Path) -> None:
    """It is more like the later one; but the fix that it lacks is one that the later one has."""
    tree = unpack(place.folder, "RELEASE-1.1.1", tmp_path / "tree")
    (tree / "xen/a.c").write_bytes(files("1.1")["xen/a.c"])
    found = checked(place, str(tree))
    assert [one["xsa"] for one in found] == [[3], [4]]
    assert found[0]["base"]["release"] == "RELEASE-1.1.0"


def test_two_branches_that_fit_alike_are_not_chosen_from(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.0", tmp_path / "tree")
    (tree / "xen/b.c").write_bytes(files("1.1")["xen/b.c"])
    done = place.run("check", "--onto", str(tree))
    assert done.status == 128
    assert "fits two branches alike: of its 12 files, stable-1.0 has 11 and stable-1.1 10 as they are\n" in done.err
    assert "hint: name its branch: --tip <ref> for xsa-prereqs, --branch for xsa-check\n" in done.err
    for version, release in (("1.0", "RELEASE-1.0.0"), ("1.1", "RELEASE-1.1.1")):
        found = checked(place, str(tree), "--branch", version)
        assert found[0]["base"]["release"] == release
        for tip in (f"stable-{version}", place.git("rev-parse", f"stable-{version}~1")):
            words = ("prereqs", "--onto", str(tree), "--tip", tip, "--xsa", "3", "--json")
            assert json.loads(place.run(*words).out)["base"]["release"] == release


def test_a_tree_with_no_file_of_any_branch_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "tree/xen").mkdir(parents=True)
    (tmp_path / "tree/xen/a.c").write_bytes(b"of our own\n")
    done = place.run("check", "--onto", str(tmp_path / "tree"))
    assert done.status == 128
    assert "it is unknown from which one it was made" in done.err


def test_a_commit_without_history_is_judged_as_one_with_it(place: Place) -> None:
    """A vendor's repository that begins with an import."""
    tree = place.git("rev-parse", "RELEASE-1.1.0^{tree}")
    place.git("config", "user.name", "x")
    place.git("config", "user.email", "x@example.org")
    orphan = place.git("commit-tree", tree, given=b"Import the sources\n")
    place.git("branch", "acme", orphan)
    twin = place.git("commit-tree", tree, "-p", place.git("rev-parse", "RELEASE-1.1.0^{commit}"), given=b"Nothing\n")
    found, right = checked(place, "acme"), checked(place, twin)
    assert [one["queue"] for one in found] == [one["queue"] for one in right] != []
    assert found[0]["base"] == {
        "name": "acme",
        "commit": orphan,
        "fit": {"branch": "stable-1.1", "release": "RELEASE-1.1.0", "same": 12, "files": 12},
    }
    done = place.run("check", "--onto", "acme")
    assert done.out.startswith("acme, without the history of stable-1.1, nearest to RELEASE-1.1.0\n")
    assert "note: acme is taken as stable-1.1, made from RELEASE-1.1.0: 100 % of the files" in done.err
    exported = place.run("export", "--onto", "acme", "--format", "branch", "-o", "fixed", "--xsa", "3")
    assert exported.status == 0, exported.err
    assert b"fixed\n" in place.git("show", "fixed:xen/a.c").encode()


def test_a_commit_says_which_advisories_it_fixes_also_without_history(place: Place) -> None:
    tree = place.git("rev-parse", "RELEASE-1.1.0^{tree}")
    place.git("config", "user.name", "x")
    place.git("config", "user.email", "x@example.org")
    first = place.git("commit-tree", tree, given=b"Import the sources\n")
    second = place.git("commit-tree", tree, "-p", first, given=b"Do it in another way\n\nThis is XSA-3.\n")
    assert [one["xsa"] for one in checked(place, second)] == [[4]]


def test_a_fork_of_a_branch_is_of_the_branch_that_it_left(place: Place) -> None:
    place.git("config", "user.name", "x")
    place.git("config", "user.email", "x@example.org")
    tree = place.git("rev-parse", "RELEASE-1.0.0^{tree}")
    fork = place.git("commit-tree", tree, "-p", place.git("rev-parse", "RELEASE-1.0.0^{commit}"), given=b"ours\n")
    place.git("branch", "acme", fork)
    done = place.run("check", "--onto", "acme")
    assert done.out.startswith("acme, which left stable-1.0 3 commits ago\n")
    assert "note:" not in done.err
