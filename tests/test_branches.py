"""Which branches git xsa-check and git xsa-prereqs look at, and what they call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import (
    ALONE,
    BASE,
    NEXT,
    REST,
    TIDY,
    Draft,
    Place,
    lines,
    story,
)

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


def test_branches_that_only_remotes_have(place: Place, tmp_path: Path) -> None:
    local = place.run("check", "--json").out.replace("refs/heads/", "refs/remotes/origin/")
    clone = Draft().write(tmp_path / "clone")
    clone.git("fetch", "--quiet", "--tags", str(place.folder), "+refs/heads/*:refs/remotes/origin/*")

    assert clone.run("check", "--json") == (1, local, "")
    clone.git("update-ref", "refs/remotes/other/stable-1.0", f"{RELEASE}~1")
    assert clone.run("check", "--json") == (1, local, "")
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/stable-1.0")
    assert clone.run("check", "--json") == (1, local, "")


def test_a_branch_is_called_by_the_name_that_git_knows(place: Place, tmp_path: Path) -> None:
    """In a plain clone git finds no stable-1.0; a command to copy once named it all the same."""
    clone = Draft().write(tmp_path / "clone")
    clone.git("fetch", "--quiet", "--tags", str(place.folder), "+refs/heads/*:refs/remotes/origin/*")
    done = clone.run("check", "--xsa", "2")

    assert done.out.splitlines()[0] == "RELEASE-1.0.1, 6 commits behind origin/stable-1.0"
    command = done.out.splitlines()[-1].partition(": ")[2]
    assert command == "git xsa-prereqs --onto RELEASE-1.0.1 --xsa 2 --why"
    assert clone.run(*command.replace("git xsa-", "").split()).status == 0


def test_a_remote_with_a_slash_in_its_name(place: Place, tmp_path: Path) -> None:
    clone = Draft().write(tmp_path / "clone")
    clone.git("config", "remote.people/jane.url", str(place.folder))
    clone.git("config", "remote.people/jane.fetch", "+refs/heads/*:refs/remotes/people/jane/*")
    clone.git("fetch", "--quiet", "--tags", "people/jane")
    clone.git("update-ref", "refs/remotes/people/topic/stable-1.0", place[11])  # no branch of that remote

    assert clone.run("check").out.splitlines()[0] == "RELEASE-1.0.1, 6 commits behind people/jane/stable-1.0"


@pytest.mark.parametrize(
    ("refs", "behind"),
    [
        ({"heads/stable-1.0": BASE, "remotes/origin/stable-1.0": REST}, "6 commits behind origin/stable-1.0"),
        ({"heads/stable-1.0": REST, "remotes/origin/stable-1.0": BASE}, "6 commits behind stable-1.0"),
        (
            {"heads/stable-1.0": TIDY, "remotes/a/stable-1.0": BASE, "remotes/b/stable-1.0": NEXT},
            "4 commits behind b/stable-1.0",
        ),
        ({"remotes/a/stable-1.0": ALONE, "remotes/b/stable-1.0": NEXT}, "5 commits behind a/stable-1.0"),
        ({"remotes/a/stable-1.0": REST, "remotes/b/stable-1.0": REST}, "6 commits behind a/stable-1.0"),
    ],
)
def test_of_several_branches_of_one_name_the_newest_counts(
    refs: dict[str, int], behind: str, place: Place, tmp_path: Path
) -> None:
    place.git("checkout", "--quiet", "--detach")
    place.git("update-ref", "-d", "refs/heads/stable-1.0")
    for name, number in refs.items():
        place.git("update-ref", f"refs/{name}", place[number])

    assert place.run("check").out.splitlines()[0] == f"RELEASE-1.0.1, {behind}"


def test_a_local_branch_that_went_another_way_wins(place: Place) -> None:
    place.git("update-ref", "refs/remotes/origin/stable-1.0", "stable-1.0")
    place.git("update-ref", "refs/heads/stable-1.0", place[11])

    assert place.run("check").out == "RELEASE-1.0.1, 1 commit behind stable-1.0\n  no advisory is outstanding\n"


SUPPORT = b"# Support\n\n    Security-Support-Until: %s\n"


def supported(folder: Path, **until: str) -> Place:
    """Return a repository with a stable branch for each of ``until``: version -> the last day of support."""
    draft = Draft()
    draft.commit("root", {"x": lines("abc")}, on="master")
    for version, day in until.items():
        branch = f"stable-{version.replace('_', '.').lstrip('v')}"
        number = branch.removeprefix("stable-")
        draft.commit("branch", {"SUPPORT.md": SUPPORT % day.encode()}, on=branch, after=1)
        draft.release(f"{number}.0", {"version": number.encode()}, on=branch)
        draft.commit("fix\n\nThis is XSA-1.", {"x": lines("abC")}, on=branch)
    return draft.write(folder)


def test_branches_without_support_are_left_out(tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2001-01-01", v4_2="2999-01-01", v4_10="2999-01-01", v4_3="Unreleased")
    done = place.run("check", "--each")

    assert done.status == 0
    assert [line.split(",")[0] for line in done.out.splitlines() if line.startswith("RELEASE")] == [
        "RELEASE-4.2.0", "RELEASE-4.10.0",
    ]  # fmt: skip
    assert done.err == "note: 2 branches without security support left out (--all checks them, too)\n"

    done = place.run("check", "--all", "--json")
    assert (done.status, done.err) == (0, "")
    names = [result["base"]["name"] for result in json.loads(done.out)["results"]]
    assert names == ["RELEASE-4.1.0", "RELEASE-4.2.0", "RELEASE-4.3.0", "RELEASE-4.10.0"]


def test_the_statement_of_the_branch_counts_and_not_that_of_the_release(tmp_path: Path) -> None:
    """4.17 had ended and was revived; what its release says is wrong (field report C)."""
    draft = Draft()
    draft.release("4.17.0", {"SUPPORT.md": SUPPORT % b"2001-01-01"}, on="stable-4.17")
    draft.commit("revive", {"SUPPORT.md": SUPPORT % b"2999-01-01"}, on="stable-4.17")
    draft.release("4.18.0", {"SUPPORT.md": SUPPORT % b"2999-01-01"}, on="stable-4.18")
    draft.commit("end", {"SUPPORT.md": SUPPORT % b"2001-01-01"}, on="stable-4.18")
    done = draft.write(tmp_path).run("check")

    assert done.out.splitlines()[0] == "RELEASE-4.17.0, 1 commit behind stable-4.17"
    assert done.err == "note: 1 branch without security support left out (--all checks it, too)\n"


def test_no_branch_has_support(tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2001-01-01")
    what = f"fatal: there is no stable branch in {tmp_path}/.git that gets security fixes\n"
    hint = "hint: stable branches are named 'stable-*' (git config xsa.stableBranch); "

    assert place.run("check") == (128, "", f"{what}{hint}--all includes those without security support\n")


@pytest.mark.parametrize("pattern", ["stable-4.1", "4.1", "*.1"])
def test_a_branch_without_support_by_name(pattern: str, tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2001-01-01", v4_2="2999-01-01")

    assert place.run("check", "--branch", pattern) == (
        129,
        "",
        "error: stable-4.1 is no longer security-supported\nhint: add --all to check it anyway\n",
    )
    done = place.run("check", "--branch", pattern, "--all")
    assert (done.status, done.out.splitlines()[0]) == (0, "RELEASE-4.1.0, 1 commit behind stable-4.1")


@pytest.mark.parametrize(
    ("pattern", "releases"),
    [
        ("4.*", ["4.1.0", "4.2.0", "4.10.0"]), ("stable-4.1*", ["4.1.0", "4.10.0"]), ("4.1", ["4.1.0"]),
        ("4.[12]", ["4.1.0", "4.2.0"]), ("*", ["4.1.0", "4.2.0", "4.10.0"]),
    ],
)  # fmt: skip
def test_branch_patterns(pattern: str, releases: list[str], tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2999-01-01", v4_2="2999-01-01", v4_10="2999-01-01")
    done = place.run("check", "--branch", pattern, "--json")

    names = [result["base"]["name"] for result in json.loads(done.out)["results"]]
    assert names == [f"RELEASE-{version}" for version in releases]


def test_branch_tells_where_a_base_of_several_branches_belongs(tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2999-01-01", v4_2="2999-01-01")

    what = "error: master is on several stable branches: stable-4.1, stable-4.2\n"
    hint = "hint: select a branch: --tip <ref> for xsa-prereqs, --branch for xsa-check\n"
    place.git("config", "xsa.developmentBranch", "trunk")
    assert place.run("check", "--onto", "master") == (129, "", what + hint)
    done = place.run("check", "--onto", "master", "--branch", "4.2")
    assert done.out.splitlines()[0] == "master, 3 commits behind stable-4.2"
    done = place.run("check", "--onto", "master", "--branch", "4.*")
    hint = "hint: with --onto, --branch must match exactly one branch, that of the base\n"
    assert done == (129, "", "error: several stable branches match '4.*'\n" + hint)
    done = place.run("prereqs", "--onto", "master", "--tip", "stable-4.2", "--xsa", "1")
    assert done.out.startswith("XSA-1 applies to master as it is\n")


def test_names_of_another_project(tmp_path: Path) -> None:
    draft = Draft()
    draft.tag("v1.0-final", draft.commit("1.0", {"x": lines("abc")}, on="maint/1/lts"), light=True)
    draft.commit("fix\n\nThis is XSA-1.", {"x": lines("abC")}, on="maint/1/lts")
    place = draft.write(tmp_path)
    place.git("config", "xsa.stableBranch", "maint/*/lts")
    place.git("config", "xsa.releaseTag", "v*-final")

    assert place.run("check", "--each") == (
        0,
        "v1.0-final, 1 commit behind maint/1/lts\n  XSA-1     applies         fix\n",
        "",
    )
