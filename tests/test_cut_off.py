"""Patch files that were cut off on their way: every reader refuses them or names them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, below, numbered, run

from git_xsa.advisory.package import read_file
from git_xsa.advisory.patchfile import parse_patches
from git_xsa.advisory.problems import DamagedPatch, PatchError

RELEASE = "RELEASE-1.0.0"
LONG = numbered(60, {10: "ten", 40: "forty"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch whose XSA-2 changes a file at two places and another one, makes, deletes, renames and empties
    files."""
    draft = Draft()
    old = {"a.c": numbered(60), "b.c": numbered(9), "gone.c": b"gone\n", "old.c": numbered(30), "all.c": b"all\n"}
    draft.release("1.0.0", old)
    moved = {"gone.c": None, "old.c": None, "moved.c": numbered(30, {9: "moved"}), "all.c": b"", "new.c": b"new\n"}
    draft.commit("fix\n\nThis is XSA-2.", {"a.c": LONG, "b.c": numbered(9, {5: "other", 9: "last"}), **moved})
    return draft.write(tmp_path / "clone")


def mail(place: Place) -> bytes:
    """Return the fix as git format-patch writes it, with its diffstat."""
    return place.git("format-patch", "--stdout", "-1", "-M", place[2]).encode() + b"\n"


def test_no_cut_off_patch_is_taken_for_a_whole_one(place: Place, tmp_path: Path) -> None:
    """Wherever it is cut: in a line, a hunk, between two hunks or files, or behind the header of a file."""
    whole = mail(place)
    end = whole.rindex(b"\n-- \n")
    path = tmp_path / "cut.patch"
    for cut in range(1, end):
        try:
            found = parse_patches(path, whole[:cut])
        except PatchError:
            continue
        assert [one.doubt for one in found if one.doubt.startswith("cut.patch may be cut off")], whole[:cut][-80:]
    for cut in (end + 1, end + 3, end + 4, end + 5, len(whole)):
        assert [one.doubt for one in parse_patches(path, whole[:cut])] == [""]


def test_gnu_patch_makes_up_for_no_more_than_three_lines(place: Place, tmp_path: Path) -> None:
    """It takes lines that lack at the end for blank ones of context."""
    path = tmp_path / "cut.patch"
    diff = mail(place)
    start = diff.index(b"diff --git a/a.c")
    lines = diff[start : diff.index(b"diff --git a/all.c")].splitlines(keepends=True)
    for lost in range(1, 8):
        path.write_bytes(b"".join(lines[:-lost]))
        if lost < 4:
            (found,) = read_file(path)
            assert found.damage == "not a diff: hunk 2 has fewer lines than its header says"
        else:
            with pytest.raises(DamagedPatch, match="hunk 2 has fewer lines"):
                read_file(path)


def cut(place: Place, path: Path, where: str) -> Path:
    """Write the fix, cut off: ``in`` a hunk, or ``behind`` one; return the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = mail(place)
    path.write_bytes(whole[: whole.index(b"+forty")] if where == "in" else whole[: whole.index(b"diff --git a/all.c")])
    return path


@pytest.mark.parametrize("where", ["in", "behind"])
def test_a_shipped_patch(where: str, place: Place, tmp_path: Path) -> None:
    """The others are compared all the same."""
    cut(place, tmp_path / "shipped/xsa2.patch", where)
    (tmp_path / "shipped/whole.patch").write_bytes(mail(place))
    done = place.run("prereqs", "--compare", str(tmp_path / "shipped"), "--json")
    whole, found = json.loads(done.out)["compared"]
    assert (done.status, whole["is"], "doubt" in whole) == (1, "same", False)
    assert found["is"] == ("unknown" if where == "in" else "adapted")
    assert found["doubt"].startswith("xsa2.patch may be cut off, or edited by hand: ")
    assert found["doubt"].replace(" ", "") in (
        place.run("prereqs", "--compare", str(tmp_path / "shipped")).out.replace("\n", "").replace(" ", "")
    )


def test_a_patch_that_only_gnu_patch_reads_is_not_shown_as_empty(place: Place, tmp_path: Path) -> None:
    """What it lacks is not known, so no difference is shown."""
    path = tmp_path / "edited.patch"
    path.write_bytes(mail(place).replace(b"\n-- \n", b"\n line 60\n-- \n"))
    done = place.run("prereqs", "--compare", str(path), "--json")
    (found,) = json.loads(done.out)["compared"]
    assert (done.status, found["is"], found["diff"]) == (1, "adapted", [])
    assert "lines are left over after the last hunk" in found["doubt"]


@pytest.mark.parametrize("where", ["in", "behind"])
@pytest.mark.parametrize("option", ["--base-patches", "--into", "--verify"])
def test_a_patch_of_a_package(option: str, where: str, place: Place, tmp_path: Path) -> None:
    top = tmp_path / "package"
    cut(place, top / "xsa2.patch", where)
    (top / "series").write_text("xsa2.patch\n")
    before = below(top)
    done = run(place.folder, "check" if "base" in option else "export", "--onto", RELEASE, option, str(top))
    assert "xsa2.patch" in done.err
    assert ("damaged: not a diff: hunk 2" if where == "in" else "may be cut off, or edited by hand: its diffstat") in (
        done.err
    )
    assert done.status == 128 if where == "in" else done.status in (0, 1, 2)
    assert where == "behind" or below(top) == before


@pytest.mark.parametrize("where", ["in", "behind"])
def test_a_patch_file_that_is_asked_about(where: str, place: Place, tmp_path: Path) -> None:
    done = place.run("prereqs", "--onto", RELEASE, str(cut(place, tmp_path / "xsa2.patch", where)))
    assert "xsa2.patch" in done.err
    assert ("is damaged" if where == "in" else "may be cut off") in done.err


@pytest.mark.parametrize("where", ["in", "behind"])
def test_a_patch_that_is_imported(where: str, place: Place, tmp_path: Path, sealed: Path) -> None:
    done = place.run("import", str(cut(place, tmp_path / "xsa2.patch", where)))
    assert "xsa2.patch" in done.err
    assert ("is damaged" if where == "in" else "may be cut off") in done.err


def test_no_script_of_ed_is_run(place: Place, tmp_path: Path) -> None:
    """GNU patch runs ed on a diff in its form, such as one behind a unified diff that it alone reads."""
    path = tmp_path / "own.patch"
    diff = place.patch(2).replace(b"\n-- \n", b"\n line 60\n")
    path.write_bytes(diff)
    assert read_file(path)[0].text.startswith(b"diff --git a/")
    path.write_bytes(diff + b"\n--- a/b.c\n+++ b/b.c\n1d\n")
    with pytest.raises(DamagedPatch):
        read_file(path)
