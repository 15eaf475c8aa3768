"""git xsa-export --verify <package>: what a package carries, what is outdated, missing, or in its release by now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import Answer, Draft, Place, fixed_before, numbered, run

RELEASE = "RELEASE-1.0.0"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch with three fixes after the release, of which a later commit fixes the first."""
    draft = fixed_before(40)
    lines = {5: "three"}
    fix = draft.commit("three\n\nThis is XSA-3.", {"a.c": numbered(40, lines)})
    draft.commit("four, first\n\nThis is part of XSA-4.", {"a.c": numbered(40, lines := {**lines, 15: "four"})})
    draft.commit("four, then\n\nThis is part of XSA-4.", {"b.c": numbered(9, {5: "four"})})
    draft.commit("five\n\nThis is XSA-5.", {"a.c": numbered(40, lines := {**lines, 35: "five"})})
    place = draft.write(tmp_path / "clone")
    (place.folder / "package").mkdir()
    place.git("checkout", "-q", "stable-1.0")
    (place.folder / "a.c").write_bytes(numbered(40, {**lines, 5: "three, right"}))
    place.git("commit", "-qam", f'mend it\n\nFixes: {place[fix][:12]} ("three")')
    return place


def package(place: Place, top: Path, *numbers: int) -> Path:
    """Make a package that applies the commits with these numbers in the draft."""
    top.mkdir(exist_ok=True)
    for number in numbers:
        (top / f"{number}.patch").write_bytes(place.patch(number))
    (top / "series").write_text("".join(f"{number}.patch\n" for number in numbers))
    return top


def verify(place: Place, top: Path, *words: str) -> Answer:
    return run(place.folder, "export", "--verify", str(top), "--onto", RELEASE, *words)


def state(place: Place, top: Path) -> dict[str, Any]:
    done = verify(place, top, "--json")
    found: dict[str, Any] = json.loads(done.out)
    assert found["right"] == (done.status == 0)
    return found


def test_what_is_carried_and_what_is_missing(place: Place, tmp_path: Path) -> None:
    found = state(place, package(place, tmp_path / "package", 5, 6))
    assert found["carried"] == [{"xsa": 4, "files": ["5.patch", "6.patch"], "adapted": False}]
    assert (found["missing"], found["outdated"], found["merged"]) == ([3, 5], [], [])
    assert found["base"] == {"name": RELEASE, "commit": None, "patches": 2}
    done = verify(place, tmp_path / "package")
    assert done.out == (f"{tmp_path}/package/series: 2 missing\n  missing   XSA-3, XSA-5\n  carried   XSA-4\n")
    assert f"hint: git xsa-export --into {tmp_path}/package --dry-run shows" in done.err


def test_all_is_right(place: Place, tmp_path: Path) -> None:
    """Also of a package with the later fix."""
    top = package(place, tmp_path / "package", 4, 5, 6, 7)
    last = place.git("format-patch", "--stdout", "-1", "stable-1.0") + "\n"
    (top / "last.patch").write_text(last)
    (top / "series").write_text((top / "series").read_text() + "last.patch\n")
    done = verify(place, top)
    assert (done.status, done.out.splitlines()[0]) == (
        0, f"{top}/series: all fixes are included, 3 advisories carried",
    )  # fmt: skip
    assert done.err == ""


def test_a_later_fix_of_what_is_carried(place: Place, tmp_path: Path) -> None:
    found = state(place, package(place, tmp_path / "package", 4, 5, 6, 7))
    (later,) = found["follow_ups"]
    assert (later["subject"], later["fixes"], later["needed"]) == ("mend it", [place[4]], True)
    place.git("config", "xsa.followUps", "ignore")
    assert verify(place, tmp_path / "package").status == 0


def test_a_fix_that_is_not_whole(place: Place, tmp_path: Path) -> None:
    found = state(place, package(place, tmp_path / "package", 5))
    assert found["outdated"] == [
        {"xsa": 4, "files": ["5.patch"], "why": f"stable-1.0 has more of the fix: {place[6][:12]}"}
    ]
    assert found["missing"] == [3, 5]


def test_a_fix_that_the_release_has(place: Place, tmp_path: Path) -> None:
    top = package(place, tmp_path / "package", 2, 5, 6)
    found = state(place, top)
    assert found["merged"] == [{"file": "2.patch", "xsa": [2]}]
    assert f"  merged    2.patch (XSA-2): {RELEASE} has it\n" in verify(place, top).out


def test_an_adapted_fix_is_carried(place: Place, tmp_path: Path) -> None:
    top = package(place, tmp_path / "package", 7)
    (top / "7.patch").write_bytes(place.patch(7).replace(b"+five", b"+five, ours"))
    found = state(place, top)
    assert found["carried"] == [{"xsa": 5, "files": ["7.patch"], "adapted": True}]
    assert "  adapted   XSA-5: 7.patch differs from the published patch\n" in verify(place, top).out


def test_a_patch_of_a_version_that_was_reissued(place: Place, tmp_path: Path) -> None:
    """The package has what version 1 of the advisory came with."""
    old = place.patch(7).replace(b"+five", b"+five, first")
    top = package(place, tmp_path / "package", 7)
    (top / "7.patch").rename(top / "xsa5.patch")
    (top / "series").write_text("xsa5.patch\n")
    (top / "xsa5.patch").write_bytes(old)
    for version, patch in ((1, old), (2, place.patch(7))):
        folder = tmp_path / f"v{version}"
        folder.mkdir()
        (folder / "xsa5.patch").write_bytes(patch)
        rows = [("xsa5.patch", "Xen 1.0.x")]
        text = advisory(5, version, rows, {"xsa5.patch": patch}, public=True)
        (folder / "advisory-5.txt").write_bytes(text)
        assert run(place.folder, "import", str(folder / "advisory-5.txt"), str(folder / "xsa5.patch")).status == 0
    found = state(place, top)
    assert found["outdated"] == [
        {"xsa": 5, "files": ["xsa5.patch"], "why": "xsa5.patch is of version 1 of the advisory, since reissued"}
    ]
    assert "hint: remove outdated patches from the package first" in verify(place, top).err
    (top / "xsa5.patch").unlink()
    (top / "series").write_text("")
    assert run(place.folder, "export", "--onto", RELEASE, "--xsa", "5", "--into", str(top)).status == 0
    assert state(place, top)["carried"] == [{"xsa": 5, "files": ["0001-xsa5-five.patch"], "adapted": False}]
    (top / "series").write_text("xsa5.patch\n")
    (top / "xsa5.patch").write_bytes(place.patch(7))
    assert state(place, top)["carried"] == [{"xsa": 5, "files": ["xsa5.patch"], "adapted": False}]


def test_a_backport_that_names_no_advisory_is_carried(place: Place, tmp_path: Path) -> None:
    top = package(place, tmp_path / "package", 7)
    (top / "7.patch").write_bytes(place.patch(7).replace(b"This is XSA-5.\n", b""))
    assert {"xsa": 5, "files": [], "adapted": False} in state(place, top)["carried"]


def test_what_an_ebuild_applies_by_itself_is_said(place: Place, tmp_path: Path) -> None:
    top = tmp_path / "package"
    top.mkdir()
    (top / "xen-1.0.0.ebuild").write_text('PATCHES=()\nsrc_prepare() {\n\teapply "${WORKDIR}"/patches\n\tdefault\n}\n')
    done = run(place.folder, "export", "--verify", str(top))
    assert done.status == 1
    assert 'note: the ebuild also applies patches with eapply "${WORKDIR}"/patches, which the base lacks' in done.err


def test_what_is_no_package(place: Place, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = verify(place, tmp_path / "nothing")
    assert (done.status, "is not a package" in done.err) == (128, True)
    bad = package(place, tmp_path / "package", 7)
    (bad / "7.patch").write_bytes(place.patch(7).replace(b" line 34", b" line x"))
    found = state(place, bad)
    assert (found["refused"], found["missing"]) == ([{"file": "7.patch", "xsa": [5]}], [3, 4, 5])
    assert "  refused   7.patch does not apply to RELEASE-1.0.0\n" in verify(place, bad).out
    refused = run(place.folder, "export", "--into", str(bad), "--onto", RELEASE)
    assert (refused.status, "7.patch does not apply to RELEASE-1.0.0" in refused.err) == (128, True)


def test_a_backport_that_the_release_has_in_another_form(tmp_path: Path) -> None:
    """It names the commit of the main branch that one of the release's came from; its lines have changed since."""
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(30), "version": b"1.0.0\n"})
    origin = draft.commit("better", {"a.c": numbered(30, {10: "better"})}, on="master", after=1)
    place = draft.write(tmp_path / "clone")
    upstream = place[origin]
    place.git("checkout", "-q", "stable-1.0")
    (place.folder / "a.c").write_bytes(numbered(30, {10: "better, here", 12: "other"}))
    place.git("commit", "-qam", f"better\n\n(cherry picked from commit {upstream})")
    (place.folder / "version").write_text("1.0.1\n")
    place.git("commit", "-qam", "update version to 1.0.1")
    place.git("tag", "RELEASE-1.0.1")
    top = package(place, tmp_path / "package")
    (top / "backport.patch").write_bytes(place.patch(origin))
    (top / "series").write_text("backport.patch\n")
    kept = run(place.folder, "export", "--verify", str(top), "--onto", "RELEASE-1.0.0", "--json")
    assert json.loads(kept.out)["merged"] == []
    found = run(place.folder, "export", "--verify", str(top), "--onto", "RELEASE-1.0.1", "--json")
    assert json.loads(found.out)["merged"] == [{"file": "backport.patch", "xsa": []}]
