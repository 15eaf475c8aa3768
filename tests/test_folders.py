"""Folders of any depth: made, listed and removed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_xsa.git.folders import files_below, make_folders, remove

#: Deeper than Python recurses.
DEEP = 1050


def test_a_folder_deeper_than_a_path_may_be_long(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    assert DEEP * len("name/") > os.pathconf(top, "PC_PATH_MAX")
    script = f"import os\nfor _ in range({DEEP}):\n os.mkdir('name'); open('f', 'w').close(); os.chdir('name')"
    subprocess.run(["python3", "-c", script], cwd=top, check=True)
    remove(top)
    assert os.listdir(tmp_path) == []


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "link").symlink_to(outside)
    (tmp_path / "link").symlink_to(outside)
    remove(top)
    remove(tmp_path / "link")
    assert os.listdir(tmp_path) == ["outside"]
    assert os.listdir(outside) == ["kept"]


def test_modes_are_not_in_the_way(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for name in ("a/b/c", "a/d", "e"):
        (top / name).mkdir(parents=True)
        (top / name / "file").touch(0)
    for name in ("a/b", "a", "e", "."):
        (top / name).chmod(0)
    remove(os.fsencode(top))
    assert not top.exists()


@pytest.mark.parametrize("made", ["nothing", "file"])
def test_what_is_no_folder(tmp_path: Path, made: str) -> None:
    place = tmp_path / "place"
    if made == "file":
        place.touch()
    remove(place)
    assert not place.exists()


def test_files_are_found_at_any_depth(tmp_path: Path) -> None:
    deep = Path("d/" * DEEP)
    make_folders(tmp_path, deep)
    make_folders(tmp_path, deep)  # they may be there
    names = [Path("a"), deep / "b", Path("d/link")]
    (tmp_path / names[0]).touch()
    (tmp_path / names[1]).touch()
    (tmp_path / names[2]).symlink_to(tmp_path)
    assert sorted(files_below(tmp_path)) == sorted(names)
    remove(tmp_path / "d")
    assert list(files_below(tmp_path)) == [Path("a")]
