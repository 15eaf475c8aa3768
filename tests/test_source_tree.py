"""Bases without history: an unpacked source tree, and its tarball.

What is asked about a release must be answered alike for the tree that it is, and for one to which lines of the branch
were added by hand.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered, unpack

from git_xsa.git import source_tree

MAKEFILE = (
    b"export XEN_VERSION       = 1\nexport XEN_SUBVERSION    = 0\nexport XEN_EXTRAVERSION ?= .%s$(XEN_VENDORVERSION)\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch with two releases; after the second one an advisory needs the commit before it."""
    draft = Draft()
    draft.release("1.0.0", {"xen/Makefile": MAKEFILE % b"0", "xen/a.c": numbered(20), "xen/b.c": numbered(9)})
    draft.release("1.0.1", {"xen/Makefile": MAKEFILE % b"1", "xen/b.c": numbered(9, {5: "early"})})
    draft.commit("prepare", {"xen/a.c": numbered(20, {10: "prepared"})})
    draft.commit("fix\n\nThis is XSA-3.", {"xen/a.c": numbered(20, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"xen/b.c": numbered(9, {5: "early", 8: "other"})})
    return draft.write(tmp_path / "clone")


def answers(place: Place, base: str) -> list[dict[str, object]]:
    """Return what a check says of each advisory on ``base``, without the base's name."""
    results = json.loads(place.run("check", "--onto", base, "--each", "--json").out)["results"]
    return [{key: value for key, value in result.items() if key != "base"} for result in results]


def as_folder(tree: Path) -> Path:
    return tree


def as_tarball(tree: Path) -> Path:
    packed = tree.parent / "xen-1.0.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tree, "xen-1.0")
    return packed


def test_a_name_that_a_fix_takes_away_goes_from_a_tree_as_from_its_tag(tmp_path: Path) -> None:
    """The use of a macro has to go first; the branch's own files tell that its definition does."""
    draft = Draft()
    header = "/* one */\n#define OLD(x) (x)\n/* two */\n"
    user = '#include "a.h"\n\nint f(int v)\n{\n    return OLD(v);\n}\n'
    draft.release(
        "1.0.0", {"xen/Makefile": MAKEFILE % b"0", "xen/include/a.h": header.encode(), "xen/a.c": user.encode()}
    )
    draft.commit("a.c: do without OLD", {"xen/a.c": user.replace("OLD(v)", "v").encode()})
    draft.commit("fix\n\nThis is XSA-3.", {"xen/include/a.h": header.replace("#define OLD(x) (x)\n", "").encode()})
    place = draft.write(tmp_path / "clone")
    base = str(unpack(place.folder, "RELEASE-1.0.0", tmp_path / "tree"))
    found = answers(place, base)
    assert found == answers(place, "RELEASE-1.0.0")
    assert [one["subject"] for one in found[0]["prerequisites"]] == ["a.c: do without OLD"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("pack", [as_folder, as_tarball])
@pytest.mark.parametrize("release", ["RELEASE-1.0.0", "RELEASE-1.0.1"])
def test_a_release_without_history_gets_the_answers_of_its_tag(
    place: Place, tmp_path: Path, release: str, pack: Callable[[Path], Path]
) -> None:
    base = str(pack(unpack(place.folder, release, tmp_path / "tree")))
    assert answers(place, base) == answers(place, release) != []
    done = place.run("check", "--onto", base)
    assert done.out.startswith(f"{base}, a source tree made from {release} of stable-1.0\n")
    result = json.loads(place.run("check", "--onto", base, "--json").out)["results"][0]
    assert result["base"] == {"name": base, "commit": None, "release": release}


def test_what_a_tree_has_of_the_branch_is_found_by_its_lines(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    (tree / "xen/a.c").write_bytes(numbered(20, {10: "prepared", 18: "of our own"}))
    (tree / "xen/b.c").write_bytes(numbered(9, {1: "of our own", 5: "early", 8: "other"}))
    done = place.run("check", "--onto", str(tree), "--each", "--json")
    (found,) = json.loads(done.out)["results"]
    assert (found["xsa"], found["state"], found["prerequisites"]) == ([3], "applies", [])


def test_the_export_applies_to_the_tree(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    done = place.run("export", "--onto", str(tree), "--format", "series", "-o", str(tmp_path / "out"))
    assert done.status == 0, done.err
    for name in (tmp_path / "out/series").read_text().split():
        words = ("patch", "-p1", "--fuzz=0", "-i", str(tmp_path / "out" / name))
        subprocess.run(words, cwd=tree, check=True, capture_output=True)
    assert (tree / "xen/a.c").read_bytes() == numbered(20, {10: "fixed"})
    assert place.run("export", "--verify", str(tmp_path / "out"), "--onto", str(tree)).status == 1  # it has them now


def test_the_nearest_release_where_no_makefile_states_a_version(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    (tree / "xen/Makefile").unlink()
    assert "made from RELEASE-1.0.1 of stable-1.0" in place.run("check", "--onto", str(tree)).out


def test_a_tree_on_its_way_to_a_release_was_made_from_the_one_before(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    (tree / "xen/Makefile").write_bytes(MAKEFILE.replace(b"$(", b"-pre$(") % b"1")
    assert "made from RELEASE-1.0.0 of stable-1.0" in place.run("check", "--onto", str(tree)).out


def test_nothing_of_a_tree_is_obeyed_or_kept(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    mark = tmp_path / "was run"
    place.git("config", "filter.evil.clean", f"touch '{mark}'; cat")
    (tree / ".gitattributes").write_text("* filter=evil text eol=crlf\n")
    (tree / ".gitignore").write_text("*\n")
    (tree / "secret").symlink_to("/etc/passwd")
    os.mkfifo(tree / "fifo")
    before = place.git("count-objects", "-v"), place.git("for-each-ref")
    assert answers(place, str(tree)) == answers(place, "RELEASE-1.0.1")
    assert (place.git("count-objects", "-v"), place.git("for-each-ref")) == before
    assert not mark.exists()


def test_a_name_that_is_a_commit_and_a_folder(place: Place, tmp_path: Path) -> None:
    (place.folder / "RELEASE-1.0.1").mkdir()
    done = place.run("check", "--onto", "RELEASE-1.0.1")
    assert done.status == 129
    assert "hint: give ./RELEASE-1.0.1 for the file or folder" in done.err


def bomb(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("xen/a.c")
        member.size = 1000
        archive.addfile(member, io.BytesIO(b"\0" * 1000))


def outside(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("xen/../../a.c"), io.BytesIO())


def cut_off(path: Path) -> None:
    bomb(path)
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize(
    ("write", "words"),
    [(bomb, "is larger than"), (outside, "names a path outside"), (cut_off, "is not a complete tarball")],
)
def test_a_tarball_that_is_refused(
    place: Place, tmp_path: Path, write: Callable[[Path], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_tree, "LARGEST_FILE", 999)
    write(tmp_path / "xen.tar.gz")
    done = place.run("check", "--onto", str(tmp_path / "xen.tar.gz"))
    assert done.status == 128
    assert words in done.err
    assert "hint: " in done.err


def test_a_folder_that_is_no_source_tree(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no files" in place.run("check", "--onto", str(tmp_path / "empty")).err
    (tmp_path / "empty/readme").write_text("nothing\n")
    done = place.run("check", "--onto", str(tmp_path / "empty"))
    assert (done.status, "it is unknown from which one it was made" in done.err) == (128, True)


def test_no_branch_is_made_on_a_tree(place: Place, tmp_path: Path) -> None:
    tree = unpack(place.folder, "RELEASE-1.0.1", tmp_path / "tree")
    done = place.run("export", "--onto", str(tree), "--format", "branch")
    assert done.status == 129
    assert "commit it on RELEASE-1.0.1 first" in done.err
