"""git xsa-export --keep-going: what goes in is written, and what is left out is said everywhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered, run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository whose branch ``own`` has a line of its own where XSA-1 changes one, and one in the context
    of XSA-6.

    XSA-2 needs a prerequisite.  XSA-3 is two commits, of which the second one comes after XSA-1.  XSA-4 and XSA-5 need
    nothing.
    """
    draft = Draft()
    base = draft.release("1.0.0", {"a.c": numbered(60), "b.c": numbered(40), "c.c": numbered(40)})
    draft.commit("one\n\nThis is XSA-1.", {"a.c": numbered(60, {10: "one"})})
    draft.commit("prepare", {"b.c": numbered(40, {20: "ready"})})
    draft.commit("two\n\nThis is XSA-2.", {"b.c": numbered(40, {20: "two"})})
    draft.commit("three\n\nThis is part of XSA-3.", {"c.c": numbered(40, {10: "three"})})
    draft.commit("three, too\n\nThis is part of XSA-3.", {"a.c": numbered(60, {10: "one", 11: "three"})})
    draft.commit("four\n\nThis is XSA-4.", {"c.c": numbered(40, {10: "three", 30: "four"})})
    draft.commit("six\n\nThis is XSA-6.", {"a.c": numbered(60, {10: "one", 11: "three", 50: "six"})})
    draft.commit("ours", {"a.c": numbered(60, {10: "ours", 48: "mine"})}, on="own", after=base)
    return draft.write(tmp_path / "clone")


def applied(place: Place, folder: Path) -> str:
    """Put the exported series on ``own``; return the subjects, oldest first."""
    place.git("checkout", "--quiet", "own")
    names = (folder / "series").read_text(encoding="utf-8").split()
    for name in names:
        subprocess.run(("git", "apply", "--index", str(folder / name)), cwd=place.folder, check=True)
    return " ".join(names)


def test_what_goes_in_is_written_and_the_rest_named(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = place.run("export", "--onto", "own", "-o", str(folder))
    assert (done.status, folder.exists()) == (2, False)
    assert "hint: use --keep-going to leave out the advisories that cannot be applied\n" in done.err

    done = place.run("export", "--onto", "own", "--keep-going", "-o", str(folder))

    assert done.status == 1
    assert "XSA-2, XSA-4 need 1 prerequisite on own" in done.out
    commit = place.short(2)
    why = f"it can't be applied: {commit}: hunk 1 of a.c: lines that own itself removed"
    for said in (done.out, (folder / "README").read_text(encoding="utf-8")):
        assert f"XSA-1: {why}" in said
        assert f"XSA-3: it can't be applied: {place.short(6)}: hunk 1 of a.c: lines" in said
    assert applied(place, folder).count(".patch") == 3
    facts = json.loads((folder / "xsa-queue.json").read_text(encoding="utf-8"))
    assert facts["xsa"] == [2, 4]
    assert sorted(facts["left_out"]) == ["1", "3", "6"]
    found = place.run("export", "--verify", str(folder), "--onto", place.git("rev-parse", "own"))
    assert (found.status, found.err) == (0, "")


def test_json_has_who_is_left_out(place: Place, tmp_path: Path) -> None:
    done = place.run(
        "export", "--onto", "own", "--keep-going", "--json", "--xsa", "2,3,99", "-o", str(tmp_path / "out")
    )
    found = json.loads(done.out)
    assert (done.status, found["xsa"], found["unknown"]) == (1, [2], [99])
    assert [one["xsa"] for one in found["left_out"]] == [3]


def test_context_made_anew_brings_more_in(place: Place, tmp_path: Path) -> None:
    done = place.run("export", "--onto", "own", "--keep-going", "--refresh", "--json", "-o", str(tmp_path / "out"))
    found = json.loads(done.out)
    assert (done.status, found["xsa"], [one["xsa"] for one in found["left_out"]]) == (1, [2, 4, 6], [1, 3])
    applied(place, tmp_path / "out")


def test_without_a_conflict_it_changes_nothing(place: Place, tmp_path: Path) -> None:
    for name, words in (("plain", []), ("going", ["--keep-going"])):
        assert place.run("export", "--onto", "RELEASE-1.0.0", *words, "-o", str(tmp_path / name)).status == 0
    plain, going = (
        {path.name: path.read_bytes() for path in (tmp_path / n).glob("*.patch")} for n in ("plain", "going")
    )
    assert plain == going


def test_when_nothing_goes_in_nothing_is_written(place: Place, tmp_path: Path) -> None:
    done = place.run("export", "--onto", "own", "--keep-going", "--xsa", "1,3", "-o", str(tmp_path / "out"))
    assert (done.status, (tmp_path / "out").exists()) == (2, False)
    assert "--keep-going" not in done.err


def test_an_advisory_whose_patch_fits_nowhere(place: Place, tmp_path: Path) -> None:
    """A patch file that has no place on the branch leaves its advisory out, and no other one."""
    path = tmp_path / "xsa9.patch"
    path.write_bytes(
        b"Subject: nine\n\n--- a/b.c\n+++ b/b.c\n@@ -3,3 +3,3 @@\n no such line\n-nor this one\n+nine\n nor that\n"
    )
    assert run(tmp_path, "import", str(path)).status == 0
    done = place.run("export", "--onto", "own", "--keep-going", "--json", "-o", str(tmp_path / "out"))
    found = json.loads(done.out)
    assert (done.status, found["xsa"]) == (1, [2, 4])
    assert [one["xsa"] for one in found["left_out"]] == [1, 3, 6, 9]


@pytest.mark.parametrize("words", [["HEAD"], ["--verify", "folder"]])
def test_it_chooses_among_advisories_alone(place: Place, words: list[str]) -> None:
    done = place.run("export", "--onto", "own", "--keep-going", *words)
    assert (done.status, done.err.splitlines()[0]) == (129, "error: --keep-going leaves out advisories")
