"""git xsa-report --format osv and cve: what introduced and fixed an advisory, and which releases are affected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import validators
from repositories import Draft, Place, numbered

from git_xsa.export.folder import MANIFEST

STAMP = ("--timestamp", "2026-12-01T00:00:00Z")
FILES = {"a.c": numbered(60), "b.c": numbered(60)}


def draft(cause: str, late: str) -> Draft:
    """Return a main branch with two stable branches; ``cause`` and ``late`` are the names of commits of it.

    XSA-1 was brought after 1.0 left it, and picked there after RELEASE-1.0.1.  XSA-2 is older than all, and of two
    commits.  XSA-3 came after both branches.  XSA-4 says nothing of its cause.  XSA-5 names a commit that nobody has.
    """
    made = Draft()
    root = made.commit("root", {**FILES, "docs/d.md": b"d\n"}, on="master")
    made.release("1.0.0", {"v": b"1.0.0\n"}, after=root)
    made.release("1.0.1", {"v": b"1.0.1\n"})
    mine: dict[int, str] = {10: "cause"}
    made.commit("bring it", {"a.c": numbered(60, mine)}, on="master")
    pick = f"bring it\n\nmaster commit: {cause}\nmaster date: 2026-01-01 00:00:00 +0000"
    made.commit(pick, {"a.c": numbered(60, {10: "cause"})})
    made.release("1.0.2", {"v": b"1.0.2\n"})
    made.release("1.1.0", {"v": b"1.1.0\n"}, on="stable-1.1", after=made.commit("more", {"m": b"m\n"}, on="master"))
    made.commit("bring three", {"b.c": numbered(60, {50: "three"})}, on="master")
    fix = f'fix one\n\nThis is XSA-1 / CVE-2020-1111.\n\nFixes: {cause[:12]} ("bring it")'
    two = {5: "two"}
    for branch, lines in (("master", {50: "three"}), ("stable-1.0", {}), ("stable-1.1", {})):
        made.commit(fix, {"a.c": numbered(60, {10: "fixed"})}, on=branch)
        made.commit("two\n\nThis is part of XSA-2.", {"b.c": numbered(60, {**lines, **two})}, on=branch)
        made.commit("two, too\n\nThis is part of XSA-2.", {"b.c": numbered(60, {**lines, **two, 6: "2"})}, on=branch)
        if branch != "master":
            made.commit("four\n\nThis is XSA-4.", {"a.c": numbered(60, {10: "fixed", 20: "four"})}, on=branch)
    made.commit(f"three\n\nThis is XSA-3 / CVE-2020-3333.\n\nFixes: {late[:12]}", {"b.c": numbered(60)}, on="master")
    made.commit("five\n\nThis is XSA-5.\n\nFixes: 0123456789ab", {"a.c": numbered(60, {30: "five"})}, on="master")
    made.release("1.0.3", {"v": b"1.0.3\n"})
    made.release("1.1.1", {"v": b"1.1.1\n"}, on="stable-1.1")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    known = draft("0" * 40, "1" * 40).write(tmp_path / "names")
    cause = known.git("log", "--format=%H", "--grep=^bring it", "master")
    again = draft(cause, "1" * 40).write(tmp_path / "again")
    late = again.git("log", "--format=%H", "--grep=^bring three", "master")
    found = draft(cause, late).write(tmp_path / "clone")
    assert found.git("log", "--format=%H", "--grep=^bring three", "master") == late
    return found


def records(place: Place, form: str, *words: str, status: int = 0) -> dict[str, dict[str, Any]]:
    out = place.folder.parent / f"records-{form}"
    answer = place.run("report", "--format", form, *STAMP, "-o", str(out), *words)
    assert answer.status == status, answer
    return {file.name: json.loads(file.read_text()) for file in out.glob("*.json") if file.name != MANIFEST}


def commits(place: Place, subject: str, branch: str) -> list[str]:
    return place.git("log", "--reverse", "--format=%H", f"--grep=^{subject}$", branch).split()


def events(record: dict[str, Any], kind: str) -> set[str]:
    [affected] = record["affected"]
    [span] = affected["ranges"]
    return {event[kind] for event in span["events"] if kind in event}


def test_osv_has_the_cause_with_its_picks_and_the_last_fix_of_each_branch(place: Place) -> None:
    found = records(place, "osv")
    one = found["CVE-2020-1111.json"]
    branches = ("master", "stable-1.0", "stable-1.1")
    assert events(one, "introduced") == {commits(place, "bring it", b)[0] for b in ("master", "stable-1.0")}
    assert events(one, "fixed") == {commits(place, "fix one", branch)[0] for branch in branches}
    assert one["affected"][0]["versions"] == ["RELEASE-1.0.2", "RELEASE-1.1.0"]
    assert (one["id"], one["aliases"], one["modified"]) == ("CVE-2020-1111", ["XSA-1"], "2026-12-01T00:00:00Z")
    two = found["x_XSA-2.json"]  # of a series the last commit fixes
    assert events(two, "fixed") == {commits(place, "two, too", branch)[-1] for branch in branches}
    assert found["CVE-2020-3333.json"]["affected"][0]["versions"] == []


def test_an_unknown_cause_is_said_and_claims_all_before_the_fix(place: Place) -> None:
    found = records(place, "osv")
    four = found["x_XSA-4.json"]
    assert events(four, "introduced") == {"0"}
    assert four["affected"][0]["versions"] == ["RELEASE-1.0.0", "RELEASE-1.0.1", "RELEASE-1.0.2", "RELEASE-1.1.0"]
    said = four["affected"][0]["database_specific"]
    assert (said["introduction"], "does not say what it fixes" in said["unknown_because"]) == ("unknown", True)
    assert "not known" in four["details"]
    five = found["x_XSA-5.json"]["affected"][0]["database_specific"]
    assert "fixes 0123456789ab, which is not in this repository" in five["unknown_because"]


def test_a_cause_that_a_fixed_branch_lacks_is_not_believed(tmp_path: Path) -> None:
    """The branch had the fault, so that commit alone did not bring it."""

    def tell(cause: str) -> Draft:
        made = Draft()
        root = made.commit("root", FILES, on="master")
        made.release("1.0.0", {"v": b"1\n"}, after=root)
        made.commit("worse", {"a.c": numbered(60, {10: "worse"})}, on="master")
        fix = f"fix\n\nThis is XSA-1.\n\nFixes: {cause}"
        made.commit(fix, {"a.c": numbered(60, {11: "fix"})}, on="master")
        made.commit(fix, {"a.c": numbered(60, {11: "fix"})})
        return made

    cause = tell("0" * 40).write(tmp_path / "names")[3]
    place = tell(cause).write(tmp_path / "clone")
    assert place[3] == cause
    [one] = records(place, "osv").values()
    assert events(one, "introduced") == {"0"}
    assert one["affected"][0]["versions"] == ["RELEASE-1.0.0"]


def test_osv_says_what_the_check_says(place: Place) -> None:
    found = records(place, "osv")
    for tag in ("1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.1.0", "1.1.1"):
        answer = place.run("check", "--onto", f"RELEASE-{tag}", "--json", "--no-symbols")
        [one] = json.loads(answer.out)["results"]
        affected = {r["affected"][0]["database_specific"]["xsa"] for r in found.values()
                    if f"RELEASE-{tag}" in r["affected"][0]["versions"]}  # fmt: skip
        # XSA-1 came to stable-1.0 after 1.0.1, with its fix after that; of XSA-3 and 5 no stable branch has a fix
        never = {1} if tag in ("1.0.0", "1.0.1") else set()
        assert affected - {3, 5} == set(one["xsa"]) - never, tag


def test_cve_has_commits_releases_and_files(place: Place) -> None:
    found = records(place, "cve")
    assert set(found) == {"CVE-2020-1111.json", "CVE-2020-3333.json"}
    by_commit, by_release = found["CVE-2020-1111.json"]["containers"]["cna"]["affected"]
    assert by_commit["programFiles"] == ["a.c"]
    cause, pick = (commits(place, "bring it", branch)[0] for branch in ("master", "stable-1.0"))
    pairs = {(one["version"], one["lessThan"]) for one in by_commit["versions"]}
    fix = {branch: commits(place, "fix one", branch)[0] for branch in ("master", "stable-1.0", "stable-1.1")}
    assert pairs == {(cause, fix["master"]), (pick, fix["stable-1.0"]), (cause, fix["stable-1.1"])}
    assert by_release["defaultStatus"] == "unknown"
    runs = [(one["version"], one["lessThanOrEqual"], one["status"]) for one in by_release["versions"]]
    assert runs == [
        ("1.0.0", "1.0.1", "unaffected"),
        ("1.0.2", "1.0.2", "affected"),
        ("1.0.3", "1.0.*", "unaffected"),
        ("1.1.0", "1.1.0", "affected"),
        ("1.1.1", "*", "unaffected"),
    ]
    assert {one["versionType"] for one in by_release["versions"]} == {"semver"}


def test_what_has_no_cve_number_is_said_to_be_left_out(place: Place) -> None:
    answer = place.run("report", "--format", "cve", "--xsa", "1,2", *STAMP)
    assert answer.status == 1
    assert "XSA-2 has no known CVE number" in answer.err
    assert json.loads(answer.out)["cveMetadata"]["cveId"] == "CVE-2020-1111"
    answer = place.run("report", "--format", "osv", "--xsa", "77", *STAMP)
    assert (answer.status, answer.out) == (1, "")
    assert "no commit of a branch says that it fixes XSA-77" in answer.err


def test_several_files_need_a_folder_and_are_the_same_twice(place: Place) -> None:
    answer = place.run("report", "--format", "osv", *STAMP)
    assert (answer.status, "name a folder" in answer.err) == (129, True)
    first = {name: json.dumps(one) for name, one in records(place, "osv").items()}
    assert first == {name: json.dumps(one) for name, one in records(place, "osv").items()}


@pytest.mark.parametrize("form", ["osv", "cve"])
def test_what_has_no_meaning_is_refused(place: Place, form: str) -> None:
    for words in (
        ("--onto", "RELEASE-1.0.0"),
        ("--queue", "x"),
        ("--product", "pkg:deb/debian/xen"),
        ("--no-symbols",),
    ):
        answer = place.run("report", "--format", form, *words)
        assert answer.status == 129, words
        assert f"{words[0]} has no meaning for --format {form}" in answer.err


def test_a_shallow_clone_knows_too_little(place: Place, tmp_path: Path) -> None:
    place.git("clone", "--quiet", "--depth", "3", f"file://{place.folder}", str(tmp_path / "shallow"))
    answer = Place(tmp_path / "shallow", {}).run("report", "--format", "osv")
    assert answer.status == 128
    assert answer.out == ""


def test_the_schemas_take_the_records_and_refuse_broken_ones(place: Place, tmp_path: Path) -> None:
    words = ("--xsa", "1", *STAMP)
    osv = place.run("report", "--format", "osv", *words).out.encode()
    assert validators.osv(osv, tmp_path) == ""
    assert validators.osv(validators.changed(osv, "XSA-1", "id"), tmp_path)
    assert validators.osv(validators.broken(osv, "affected", 0, "ranges", 0, "events", 0, "introduced"), tmp_path)
    unknown = place.run("report", "--format", "osv", "--xsa", "4", *STAMP).out.encode()
    assert validators.osv(unknown, tmp_path) == ""
    cve = place.run("report", "--format", "cve", *words).out.encode()
    assert validators.cve(cve, tmp_path) == ""
    assert validators.cve(validators.broken(cve, "containers", "cna", "affected", 0, "vendor"), tmp_path)
    assert validators.cve(
        validators.changed(cve, "perhaps", "containers", "cna", "affected", 1, "defaultStatus"), tmp_path
    )


def test_a_shared_cve_number_has_one_record(tmp_path: Path) -> None:
    made = Draft()
    made.release("1.0.0", FILES)
    made.commit("one\n\nThis is XSA-1 / CVE-2020-1.", {"a.c": numbered(60, {3: "one"})})
    made.commit("one\n\nThis is XSA-1 / CVE-2020-1111.", {"a.c": numbered(60, {3: "1"})})
    made.commit("two\n\nThis is XSA-2 / CVE-2020-1111.", {"b.c": numbered(60, {3: "two"})})
    place = made.write(tmp_path / "clone")
    found = records(place, "osv")
    assert set(found) == {"CVE-2020-1111.json"}
    [one] = found.values()
    assert (one["upstream"], len(one["affected"])) == (["XSA-1", "XSA-2"], 2)
    [record] = records(place, "cve").values()
    assert len(record["containers"]["cna"]["affected"]) == 4
