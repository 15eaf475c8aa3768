"""git xsa-check for CI servers: --junit says what the exit status says, and --accept takes prerequisites for a yes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from junitparser import JUnitXml
from repositories import Draft, Place, lines, numbered, run, story

from git_xsa.demo import write

#: What a case can be besides passed.
BAD = {"Failure", "Error"}


def cases(file: Path) -> dict[tuple[str, str], list[str]]:
    """Return what became of each case of a document, by its place and name."""
    document = JUnitXml.fromfile(str(file))
    found = {(case.classname, case.name): [type(one).__name__ for one in case.result] for s in document for case in s}
    assert len(found) == sum(1 for suite in document for _ in suite), "two cases have one name"
    return found


def checked(folder: Path, *words: str) -> tuple[int, dict[tuple[str, str], list[str]]]:
    """Return the exit status of a check with ``words``, and its cases, which must agree."""
    file = folder.parent / "check.xml"
    file.unlink(missing_ok=True)
    answer = run(folder, "check", *words, "--junit", str(file))
    assert file.is_file(), answer
    found = cases(file)
    assert bool(answer.status) == any(BAD.intersection(results) for results in found.values()), (answer, found)
    return answer.status, found


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    write(tmp_path / "demo")
    return tmp_path / "demo"


def test_a_case_for_each_advisory_of_each_base(tmp_path: Path) -> None:
    place = story().write(tmp_path / "story")
    status, found = checked(place.folder, "--onto", "RELEASE-1.0.1", "--onto", "RELEASE-1.0.0")
    assert status == 1
    assert {name: results for (base, name), results in found.items() if base == "RELEASE-1.0.1"} == {
        "XSA-2: apply": ["Failure"],
        "XSA-3: apply": ["Failure"],
        "XSA-4: apply": [],
        "XSA-5: apply": [],
        "queue: order": [],
    }
    assert {base for base, _ in found} == {"RELEASE-1.0.1", "RELEASE-1.0.0"}


def test_prerequisites_can_be_accepted(tmp_path: Path) -> None:
    place = story().write(tmp_path / "story")
    status, found = checked(place.folder, "--accept", "prerequisites")
    assert (status, [results for results in found.values() if results]) == (0, [])
    text = (tmp_path / "check.xml").read_text()
    assert "prepare" in text  # which is listed all the same
    assert checked(place.folder, "--accept", "prerequisites", "--each")[0] == 0


def test_only_prerequisites_are_accepted(demo: Path, tmp_path: Path) -> None:
    """A hunk in the wrong place, and an advisory that nobody knows, stay a no; a conflict stays 2."""
    for words in (("--xsa", "9003"), ("--each",), ("--xsa", "9001,77"), ("--each", "--xsa", "9001,77")):
        assert checked(demo, "--onto", "RELEASE-4.20.1", "--accept", "prerequisites", *words)[0] == 1, words
    assert checked(demo, "--onto", "RELEASE-4.20.1", "--accept", "prerequisites", "--xsa", "9002,9004")[0] == 0
    assert checked(demo, "--onto", "RELEASE-4.20.1", "--xsa", "9002,9004")[0] == 1
    draft = Draft()
    draft.release("1.0.0", {"a": lines("abcde")})
    draft.commit("own", {"a": lines("axcde")}, on="own", after=1)
    draft.commit("fix\n\nThis is XSA-1.", {"a": lines("aBcde")})
    draft.commit("fix\n\nThis is XSA-2.", {"b": b"new\n"})
    place = draft.write(tmp_path / "conflict")
    status, found = checked(place.folder, "--onto", "own", "--accept", "prerequisites")
    assert (status, found["own", "XSA-1: apply"], found["own", "XSA-2: apply"]) == (2, ["Failure"], [])


def test_an_advisory_that_another_base_settles_is_no_failure(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(9)})
    draft.release("1.1.0", {"a": numbered(9)}, on="stable-1.1")
    draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(9, {5: "five"})}, on="stable-1.1")
    place = draft.write(tmp_path / "place")
    status, found = checked(place.folder, "--xsa", "1")
    assert status == 0
    assert (found["RELEASE-1.0.0", "XSA-1: apply"], found["RELEASE-1.1.0", "XSA-1: apply"]) == (["Skipped"], [])


def test_follow_ups_that_are_left_out_fail(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(20)})
    fix = draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(20, {5: "five"})})
    place = draft.write(tmp_path / "first")
    draft.commit(f'mend\n\nFixes: {place[fix][:12]} ("fix")', {"a": numbered(20, {5: "5", 15: "x"})})
    place = draft.write(tmp_path / "place")
    for accept in ((), ("--accept", "prerequisites")):
        status, found = checked(place.folder, *accept)
        assert (status, found["RELEASE-1.0.0", "XSA-1: follow-ups"]) == (1, ["Failure"])
        assert checked(place.folder, "--follow-ups", *accept)[0] == 0


def test_builds_and_lacking_branches_have_cases(tmp_path: Path) -> None:
    place = story().write(tmp_path / "story")
    words = ("--onto", "RELEASE-1.0.1", "--accept", "prerequisites", "--build")
    assert checked(place.folder, *words, "true")[1]["RELEASE-1.0.1", "queue: build"] == []
    status, found = checked(place.folder, *words, "false")
    assert (status, found["RELEASE-1.0.1", "queue: build"]) == (128, ["Error"])
    place.git("tag", "RELEASE-1.1.0", "RELEASE-1.0.1")
    place.git("remote", "add", "origin", str(tmp_path / "none"))
    place.git("config", "--replace-all", "remote.origin.fetch", "+refs/heads/stable-1.0:refs/remotes/origin/stable-1.0")
    status, found = checked(place.folder, "--accept", "prerequisites")
    assert status == 1
    assert [results for (base, _), results in found.items() if base == "branches"] == [["Error"]]


def test_nothing_outstanding_is_a_case_that_passes(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(9)})
    place = draft.write(tmp_path / "place")
    assert checked(place.folder) == (0, {("RELEASE-1.0.0", "no advisory is outstanding"): []})


def test_the_file_has_a_place_before_anything_is_done(tmp_path: Path) -> None:
    place = story().write(tmp_path / "story")
    for target, what in ((tmp_path / "none/x.xml", "is no folder"), (tmp_path, "is a folder")):
        answer = place.run("check", "--junit", str(target))
        assert (answer.status, answer.out, what in answer.err) == (128, "", True), answer
    inside = place.run("check", "--junit", str(place.folder / ".git/x.xml"))
    assert (inside.status, "is inside the repository" in inside.err) == (128, True)
    assert place.run("check", "--accept", "anything").status == 129


def test_what_may_be_under_embargo_is_for_the_user_alone(tmp_path: Path, sealed: Path) -> None:
    place: Place = story().write(tmp_path / "story")
    assert place.run("embargo", "add", "4", "--until", "2099-01-01T12:00:00Z").status == 0
    file = tmp_path / "check.xml"
    file.write_text("old")
    file.chmod(0o644)
    assert place.run("check", "--xsa", "4", "--junit", str(file)).status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
