"""The development branch is a branch like the others: its commits, release candidates, and what left it are bases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import Answer, Draft, Place, git, numbered, run


def changed(**lines: str) -> dict[str, bytes]:
    return {"a.c": numbered(40, {int(name.removeprefix("l")): text for name, text in lines.items()})}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with two stable branches that left master, and master and staging after them.

    By number: 1 root, 2 a release candidate on master, 3 XSA-1 on master, 4 and 5 two of master, 6 XSA-2 on master,
    7 one that is in staging only.  stable-1.0 left at 2, stable-2.0 at 4.
    """
    draft = Draft()
    draft.commit("root", {"a.c": numbered(40), "b.c": numbered(40)}, on="master")
    candidate = draft.commit("to be 1.0", {"v": b"1.0-rc\n"}, on="master")
    draft.tag("1.0.0-rc1", candidate)
    fix = draft.commit("one\n\nThis is XSA-1.", changed(l10="one"), on="master")
    left = draft.commit("on", {"b.c": numbered(40, {5: "five"})}, on="master")
    later = draft.commit("later", {"b.c": numbered(40, {5: "five", 20: "twenty"})}, on="master")
    draft.commit("two\n\nThis is XSA-2.", changed(l10="one", l30="two"), on="master")
    draft.commit("untested", {"c.c": b"c\n"}, on="staging", after=6)
    draft.release("1.0.0", {"v": b"1.0\n"}, on="stable-1.0", after=candidate)
    draft.commit("one\n\nThis is XSA-1.", changed(l10="one"), on="stable-1.0")
    draft.release("2.0.0", {"v": b"2.0\n"}, on="stable-2.0", after=left)
    draft.commit("two\n\nThis is XSA-2.", changed(l10="one", l30="two"), on="stable-2.0")
    draft.commit("ours", {"ours": b"x\n"}, on="package", after=later)
    assert (fix, later) == (3, 5)
    return draft.write(tmp_path / "place")


def first(done: Answer) -> str:
    return done.out.partition("\n")[0]


@pytest.mark.parametrize(
    ("base", "line", "status", "queue"),
    [
        ("master", "master, 0 commits behind master", 0, []),
        ("staging", "staging, 0 commits behind staging", 0, []),
        ("master~1", "master~1, 1 commit behind master", 0, [6]),
        ("master~4", None, 0, [3, 6]),  # before both stable branches left
        ("package", "package, which left master 1 commit ago", 0, [6]),
        ("stable-2.0", "stable-2.0, 0 commits behind stable-2.0", 0, []),
    ],
)
def test_bases_on_the_development_branch(
    base: str, line: str | None, status: int, queue: list[int], place: Place
) -> None:
    """It was an error that sent the user from --onto to --branch and back."""
    done = place.run("check", "--onto", base)
    assert (done.status, done.err) == (status, "")
    assert first(done) == (line or f"{base}, 4 commits behind master")
    (found,) = json.loads(place.run("check", "--onto", base, "--json").out)["results"]
    assert [entry["id"] for entry in found["queue"]] == [place[number] for number in queue]


def test_a_release_candidate_leads_to_its_stable_branch_if_there_is_one(place: Place) -> None:
    assert first(place.run("check", "--onto", "1.0.0-rc1")) == "1.0.0-rc1, 2 commits behind stable-1.0"
    place.git("tag", "3.0.0-rc1", place[5])
    assert first(place.run("check", "--onto", "3.0.0-rc1")) == "3.0.0-rc1, 1 commit behind master"


def test_a_clone_and_other_ways_to_name_it(place: Place, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--branch=stable-1.0", f"file://{place.folder}", "clone")
    folder = tmp_path / "clone"
    assert first(run(folder, "check", "--onto", "origin/master")) == "origin/master, 0 commits behind origin/master"
    assert first(run(folder, "check", "--onto", place[5])) == f"{place[5]}, 1 commit behind origin/master"
    assert first(place.run("check", "--branch", "staging")) == "staging, 0 commits behind staging"
    assert first(place.run("check", "--onto", place[5], "--branch", "staging")).endswith(", 2 commits behind staging")
    git(folder, "branch", "master", "origin/stable-1.0")  # a master that went another way
    assert first(run(folder, "check", "--onto", "origin/master")) == "origin/master, 0 commits behind origin/master"


def test_prereqs_and_export(place: Place, tmp_path: Path) -> None:
    done = place.run("prereqs", "--onto", "master~1", "--xsa", "2")
    assert first(done) == "XSA-2 applies to master~1 as it is"
    done = place.run("prereqs", "--onto", "master~4", place[6])
    assert (done.status, first(done)) == (0, "XSA-2 applies to master~4 as it is")
    done = place.run("prereqs", "--onto", place[1], place.git("rev-parse", "stable-1.0"))
    assert first(done) == f"XSA-1 applies to {place[1]} as it is"
    done = place.run("export", "--onto", "master~4", "-o", str(tmp_path / "made"))
    assert (done.status, len(list((tmp_path / "made").glob("*.patch")))) == (0, 2)


def test_names_are_a_setting(place: Place) -> None:
    place.git("branch", "-m", "master", "trunk")
    place.git("branch", "-D", "staging", "package")
    assert place.run("check", "--onto", "trunk").status == 129
    place.git("config", "xsa.developmentBranch", "other, trunk")
    assert first(place.run("check", "--onto", "trunk~1")) == "trunk~1, 1 commit behind trunk"
    place.git("config", "xsa.developmentBranch", "")
    assert place.run("check", "--onto", "trunk").status == 129


def mail(line: str, number: int) -> bytes:
    before = [f" line {n}\n" for n in range(number - 3, number)]
    after = [f" line {n}\n" for n in range(number + 1, number + 4)]
    hunk = f"@@ -{number - 3},7 +{number - 3},7 @@\n{''.join(before)}-line {number}\n+{line}\n{''.join(after)}"
    return f"Subject: fix\n\n--- a/b.c\n+++ b/b.c\n{hunk}".encode()


@pytest.mark.parametrize("base", ["master", "staging", "package"])
def test_the_row_of_an_advisory_for_the_development_branch(base: str, place: Place, tmp_path: Path) -> None:
    files = {"xsa9.patch": mail("nine", 30), "xsa9-2.0.patch": mail("nine of 2.0", 30)}
    rows = [("xsa9.patch", "xen-unstable"), ("xsa9-2.0.patch", "Xen 2.0.x - 1.0.x")]
    older = {"xsa8-2.0.patch": mail("eight", 12)}
    for name, content in (files | older).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "advisory-9.txt").write_bytes(advisory(9, 1, rows, files, public=True))
    text = advisory(8, 1, [("xsa8-2.0.patch", "Xen 2.0.x - 1.0.x")], older, public=True)
    (tmp_path / "advisory-8.txt").write_bytes(text)
    names = [str(tmp_path / name) for name in (*files, *older, "advisory-9.txt", "advisory-8.txt")]
    assert run(tmp_path, "import", *names).status == 0

    def used(onto: str) -> list[Any]:
        (found,) = json.loads(place.run("check", "--onto", onto, "--json").out)["results"]
        return [entry["id"] for entry in found["queue"] if entry["id"].endswith(".patch")]

    assert used(base) == ["xsa9.patch"]
    assert used("RELEASE-2.0.0") == ["xsa8-2.0.patch", "xsa9-2.0.patch"]
