"""git xsa-export --format debian: the version of its stanza, and what dpkg makes of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from unittest import mock

import pytest
from repositories import Draft, Place, run

ENTRY = "xen ({}) unstable; urgency=medium\n\n  * A change.\n\n -- A B <a@b.example>  Tue, 14 Nov 2023 22:16:20 +0000\n"
OLDER = "\n" + ENTRY.format("4.16.0-7")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a branch with two commits after RELEASE-1.0.0, the second of which fixes XSA-2."""
    draft = Draft()
    draft.release("1.0.0", {"a": b"one\ntwo\n"})
    draft.commit("a: prepare", {"b": b"new\n"})
    draft.commit("a: bound it\n\nThis is XSA-2.", {"a": b"one\nbound\n"})
    return draft.write(tmp_path_factory.mktemp("version") / "clone")


def stanza(place: Place, tmp_path: Path, *words: str, onto: str = "RELEASE-1.0.0") -> str:
    """Return the stanza that is written by a call in a package's folder."""
    package, out = tmp_path / "package", tmp_path / "out"
    package.mkdir(exist_ok=True)
    with mock.patch.dict(os.environ, {"GIT_DIR": str(place.folder / ".git")}):
        done = run(package, "export", "--onto", onto, "--format", "debian", "-o", str(out), *words)
    assert done.status == 0, done.err
    return (out / "debian/changelog.xsa").read_text(encoding="utf-8")


def version(text: str) -> str:
    return text.partition("(")[2].partition(")")[0]


def write(folder: Path, content: str) -> None:
    (folder / "debian").mkdir(parents=True)
    (folder / "debian/changelog").write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        ("4.17.5-1", "4.17.5-2"),
        ("4.17.5-9", "4.17.5-10"),
        ("4.17.5-1+deb12u1", "4.17.5-1+deb12u2"),
        ("4.17.5+72-g01140da4e8-1", "4.17.5+72-g01140da4e8-2"),
        ("1:4.17.5-0ubuntu0.24.04.9", "1:4.17.5-0ubuntu0.24.04.10"),
        ("4.17.5-1~bpo12+1", "4.17.5-1~bpo12+2"),
        ("4.17.5-1.1", "4.17.5-1.2"),
        ("4.17.5-1~", "4.17.5-1~1"),
        ("4.17.5-1a", "4.17.5-1a1"),
        ("4.20.0~rc3-1~exp1", "4.20.0~rc3-1~exp2"),
        ("4.17.5", "4.17.5-1"),
    ],
)
def test_the_next_revision_is_later_for_dpkg(newest: str, expected: str, place: Place, tmp_path: Path) -> None:
    write(tmp_path / "package", ENTRY.format(newest) + OLDER)
    text = stanza(place, tmp_path)
    assert version(text) == expected
    assert subprocess.run(["dpkg", "--compare-versions", expected, "gt", newest], check=False).returncode == 0

    changelog = tmp_path / "package/debian/changelog"
    changelog.write_text(f"{text}\n{changelog.read_text(encoding='utf-8')}", encoding="utf-8")
    words = ["dpkg-parsechangelog", "-l", str(changelog)]
    parsed = subprocess.run(words, capture_output=True, text=True, check=True)
    assert parsed.stderr == ""
    assert f"\nVersion: {expected}\n" in parsed.stdout
    assert "Changes:" in parsed.stdout


def test_the_version_that_is_given_counts_first(place: Place, tmp_path: Path) -> None:
    write(tmp_path / "package", ENTRY.format("1.0.0-1"))
    assert version(stanza(place, tmp_path, "--package-version", "1.0.0-7")) == "1.0.0-7"


def test_the_changelog_is_that_of_the_package_whose_patches_are_put_on(place: Place, tmp_path: Path) -> None:
    write(tmp_path / "package", ENTRY.format("1.0.0-1"))
    write(tmp_path / "other", ENTRY.format("1.0.0-5"))
    patches = tmp_path / "other/debian/patches"
    patches.mkdir()
    (patches / "series").write_text("c.patch\n")
    (patches / "c.patch").write_text("--- /dev/null\n+++ b/c\n@@ -0,0 +1 @@\n+c\n")
    assert version(stanza(place, tmp_path, "--base-patches", str(tmp_path / "other"))) == "1.0.0-6"
    again = stanza(place, tmp_path, "--base-patches", str(patches / "series"), "--force")
    assert version(again) == "1.0.0-6"


@pytest.mark.parametrize(
    "content", [None, "", "other (3-1) unstable; urgency=low\n" + OLDER, "no changelog\n", "\0\xff"]
)
def test_without_a_changelog_of_xen_the_base_gives_it(content: str | None, place: Place, tmp_path: Path) -> None:
    if content is not None:
        write(tmp_path / "package", content)
    assert version(stanza(place, tmp_path)) == "1.0.0-0xsa2"


def test_a_commit_after_a_release_is_described(place: Place, tmp_path: Path) -> None:
    after = place.ids[2]
    expected = f"1.0.0+1-g{after[:10]}-0xsa2"
    text = stanza(place, tmp_path, onto=after)
    assert version(text) == expected
    assert subprocess.run(["dpkg", "--validate-version", expected], check=False).returncode == 0


def test_a_release_is_known_by_its_commit_too(place: Place, tmp_path: Path) -> None:
    commit = place.git("rev-parse", "RELEASE-1.0.0^{commit}")
    assert version(stanza(place, tmp_path, onto=commit)) == "1.0.0-0xsa2"
