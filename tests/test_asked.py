"""What was asked for is in the answer, or the answer says why it is not: numbers, and branches that a clone lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import BASE, NOT_KNOWN, Draft, Place, git, lines, run, story

RELEASE = "RELEASE-1.0.1"
HINT = f"hint: {NOT_KNOWN}\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


def texts_of(folder: Path) -> dict[str, str]:
    """Return the text files of an export by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


def exported(place: Place, folder: Path, *words: str) -> tuple[int, str, str, dict[str, str]]:
    """Export and return exit status, output, complaints and the text files of the folder by name."""
    done = place.run("export", "--onto", RELEASE, "-o", str(folder), *words)
    return (*done, texts_of(folder))


@pytest.mark.parametrize("numbers", ["4,77,78", "78,4,77,4", "77", "XSA-77,4"])
def test_an_unknown_number_makes_every_command_say_no(numbers: str, place: Place, tmp_path: Path) -> None:
    """Check said 1, prereqs and export 0, and their JSON claimed that the patches fix it."""
    unknown = sorted({int(word.removeprefix("XSA-")) for word in numbers.split(",")} - {4})
    names = ", ".join(f"XSA-{number}" for number in unknown)
    ask = ("--onto", RELEASE, "--xsa", numbers)

    for command in ("check", "prereqs"):
        done = place.run(command, *ask, "--json")
        answer = json.loads(done.out)
        answer = answer["results"][0] if command == "check" else answer
        assert (done.status, done.err.count("hint: "), done.err.endswith(HINT)) == (1, 1, True)
        assert (answer["xsa"], answer["unknown"]) == ([4] if "4" in numbers.split(",") else [], unknown)
        words = place.run(command, *ask)
        assert (words.status, all(name in words.out for name in names.split(", "))) == (1, True)
    for form in ("tree", "dot"):
        done = place.run("prereqs", *ask, f"--graph={form}")
        assert (done.status, names in done.err + done.out, done.err.count("hint: ")) == (1, True, 1)
    done = place.run("export", *ask, "-o", str(tmp_path / "made"))
    assert (done.status, names in done.out + done.err, done.err.endswith(HINT)) == (1, True, True)
    assert (tmp_path / "made").is_dir() == ("4" in numbers.split(","))


def test_an_export_names_what_is_not_in_it(place: Place, tmp_path: Path) -> None:
    why = f"no commit of {RELEASE}..stable-1.0 says that it fixes it"
    status, out, err, texts = exported(place, tmp_path / "series", "--xsa", "4,77")

    assert (status, err) == (1, HINT)
    assert f"  XSA-77: {why}\n" in out
    assert f"\nFixes:     XSA-4\nNot in it: XSA-77: {why}\n" in texts["README"]
    manifest = json.loads(texts["xsa-queue.json"])
    assert (manifest["xsa"], manifest["unknown"], manifest["left_out"]) == ([4], [77], {"77": why})
    stanza = exported(place, tmp_path / "debian", "--xsa", "4,77", "--format", "debian")[3]["changelog.xsa"]
    assert "XSA-77" in stanza.partition("not listed, because")[2]
    assert f"    - {why}: XSA-77\n" in stanza
    found = json.loads(exported(place, tmp_path / "json", "--xsa", "4,77", "--json")[1])
    assert (found["xsa"], found["unknown"]) == ([4], [77])


def test_an_advisory_that_the_base_has_is_named(place: Place, tmp_path: Path) -> None:
    ask = ("--onto", "stable-1.0~1", "--xsa", "4,5")

    for command, status in (("check", 0), ("prereqs", 0), ("export", 0)):
        more = ("-o", str(tmp_path / "made")) if command == "export" else ()
        done = place.run(command, *ask, *more)
        assert (done.status, "  XSA-4: stable-1.0~1 has all of it\n" in done.out) == (status, True)
        done = place.run(command, *ask, *more, "--json")
        answer = json.loads(done.out)
        answer = answer["results"][0] if command == "check" else answer
        assert (answer["xsa"], answer["present"], answer["unknown"]) == ([5], [4], [])
    assert "Not in it: XSA-4: stable-1.0~1 has all of it\n" in texts_of(tmp_path / "made")["README"]
    done = place.run("export", "--onto", "stable-1.0", "--xsa", "4,77", "-o", str(tmp_path / "none"))
    assert (done.status, done.err.splitlines()[0]) == (1, "nothing is written: stable-1.0 has all of XSA-4")
    assert "XSA-77" in done.err


def test_an_advisory_without_a_patch_for_the_tree_is_named(place: Place, tmp_path: Path) -> None:
    text = advisory(30, 1, [("xsa30-linux.patch", "Linux")], {"xsa30-linux.patch": b"x"}, public=True)
    (tmp_path / "advisory-30.txt").write_bytes(text)
    assert place.run("import", str(tmp_path / "advisory-30.txt")).status in (0, 1)
    ask = ("--onto", RELEASE, "--xsa", "4,30")

    for command in ("check", "prereqs", "export"):
        more = ("-o", str(tmp_path / "made")) if command == "export" else ()
        done = place.run(command, *ask, *more)
        assert (done.status, "XSA-30" in done.out, "its patches are for linux" in done.out) == (0, True, True)
        answer = json.loads(place.run(command, *ask, *more, "--json").out)
        answer = answer["results"][0] if command == "check" else answer
        assert (answer["xsa"], answer["without_patch"], answer["unknown"]) == ([4], [30], [])
    assert "Not in it: XSA-30: its patches are for linux\n" in texts_of(tmp_path / "made")["README"]


@pytest.mark.parametrize("numbers", ["0", "1-5", "4,,5", "", "4,0"])
def test_numbers_that_are_none_are_refused(numbers: str, place: Place) -> None:
    for command in ("check", "prereqs", "export"):
        done = place.run(command, "--onto", RELEASE, "--xsa", numbers)
        assert (done.status, done.out) == (129, "")


# Branches that a clone lacks

SUPPORT = b"    Security-Support-Until: %s\n"


@pytest.fixture
def origin(tmp_path: Path) -> Place:
    """Return a repository with three branches: 4.1 has no support any more, 4.2 and 4.3 have, with an advisory each."""
    draft = Draft()
    root = draft.commit("root", {"x": lines("abc")}, on="master")
    for version, day in (("4.1", b"2020-01-01"), ("4.2", b"2999-01-01"), ("4.3", b"2999-01-01")):
        branch = f"stable-{version}"
        draft.commit("branch", {"SUPPORT.md": SUPPORT % day}, on=branch, after=root)
        draft.release(f"{version}.0", {"v": version.encode()}, on=branch)
        if version != "4.3":
            draft.commit("fix\n\nThis is XSA-1.", {"x": lines("abC")}, on=branch)
        draft.commit("later", {"y": lines("y")}, on=branch)
    return draft.write(tmp_path / "origin")


def clone(origin: Place, folder: Path, *words: str) -> Path:
    folder.mkdir(exist_ok=True)
    git(folder, "clone", "--quiet", *words, f"file://{origin.folder}", "clone")
    return folder / "clone"


def missing(done: Any) -> list[str]:
    """Return what a check says that it could not look at."""
    return [line.removeprefix("error: ") for line in done.err.splitlines() if line.startswith("error: ")]


def test_a_whole_clone_lacks_nothing(origin: Place, tmp_path: Path) -> None:
    folder = clone(origin, tmp_path)
    done = run(folder, "check", "--branch", "4.3")
    assert (done.status, missing(done)) == (0, [])
    assert missing(run(folder, "check")) == []
    assert missing(run(origin.folder, "check")) == []


@pytest.mark.parametrize("depth", [(), ("--depth=3",)])
def test_a_single_branch_clone_does_not_speak_for_the_others(
    depth: tuple[str, ...], origin: Place, tmp_path: Path
) -> None:
    """It said that no advisory is outstanding, with status 0."""
    folder = clone(origin, tmp_path, "--single-branch", "--branch=stable-4.3", *depth)
    done = run(folder, "check")
    assert done.status == 1
    assert done.out == "RELEASE-4.3.0, 1 commit behind stable-4.3\n  no advisory is outstanding\n"
    only = "only stable-4.3 is fetched from origin: there may be other supported branches"
    assert missing(done) == [only]
    assert json.loads(run(folder, "check", "--json").out)["lacking"] == [only]
    assert run(folder, "check", "--branch", "4.3").status == 0
    assert missing(run(folder, "check", "--branch", "4.[23]")) == [only]
    assert run(folder, "check", "--onto", "RELEASE-4.3.0") == (0, done.out, "")

    git(folder, "fetch", "--quiet", "--tags")
    lacks = "stable-4.2, the branch of RELEASE-4.2.0, is not in this clone"
    assert missing(run(folder, "check")) == [lacks, only]
    git(folder, "remote", "set-branches", "origin", "*")
    git(folder, "fetch", "--quiet", *(["--unshallow"] if depth else []), "--tags")
    whole = run(clone(origin, tmp_path / "whole"), "check")
    assert run(folder, "check").out.replace("origin/", "") == whole.out.replace("origin/", "")
    assert missing(run(folder, "check")) == []


@pytest.mark.parametrize("words", [("--bare", "--single-branch", "--branch=stable-4.3"), ("--mirror",)])
def test_branches_that_are_known_by_their_tags(words: tuple[str, ...], origin: Place, tmp_path: Path) -> None:
    folder = clone(origin, tmp_path, *words)
    git(folder, "fetch", "--quiet", "origin", "refs/tags/*:refs/tags/*")
    expected = [] if words == ("--mirror",) else ["stable-4.2, the branch of RELEASE-4.2.0, is not in this clone"]
    done = run(folder, "check")
    assert (done.status, missing(done)) == (int(bool(expected)), expected)


def test_a_branch_that_a_shallow_clone_has_only_the_end_of(origin: Place, tmp_path: Path) -> None:
    folder = clone(origin, tmp_path, "--depth=2", "--no-single-branch")
    git(folder, "fetch", "--quiet", "--depth=1", "origin", "tag", "RELEASE-4.2.0", "tag", "RELEASE-4.3.0")
    done = run(folder, "check")
    assert (done.status, done.out.count("no advisory is outstanding")) == (1, 1)
    assert missing(done) == ["RELEASE-4.2.0 and origin/stable-4.2 have no commit in common"]
    git(folder, "tag", "-d", "RELEASE-4.2.0")
    done = run(folder, "check")
    assert (done.status, missing(done)) == (1, ["stable-4.2 has no release tag: git fetch --tags"])


def test_grafts_and_replacements_hide_nothing(origin: Place) -> None:
    expected = run(origin.folder, "check")
    tip, release = (origin.git("rev-parse", name) for name in ("stable-4.2", "RELEASE-4.2.0"))
    (origin.folder / ".git" / "info").mkdir(exist_ok=True)
    (origin.folder / ".git" / "info" / "grafts").write_text(f"{tip} {release}\n", encoding="ascii")
    assert run(origin.folder, "check") == expected
    assert "XSA-1" in expected.out


def test_an_unknown_number_in_a_shallow_clone(place: Place, tmp_path: Path) -> None:
    """What fixes it may be in the part of the history that is cut off."""
    git(tmp_path, "clone", "--quiet", "--depth=7", f"file://{place.folder}", "shallow")
    done = run(tmp_path / "shallow", "prereqs", "--onto", place[BASE], "--xsa", "77")
    assert done.err == f"{HINT}hint: the clone is shallow: run git fetch --unshallow --tags\n"
