"""Transcripts of git xsa-check and git xsa-prereqs: what they print, where, and with which exit status."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from repositories import (
    ALONE,
    BASE,
    HALF,
    NEXT,
    PREPARE,
    PROGRAM,
    REST,
    TIDY,
    USE,
    Answer,
    Draft,
    Place,
    lines,
    numbered,
    processes,
    run,
    start,
    story,
)

from git_xsa.demo import write

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return the demonstration repository, in which XSA-9003 is misplaced."""
    write(tmp_path / "demo")
    return tmp_path / "demo"


# git xsa-check


def test_check_all_together(place: Place) -> None:
    c = place.short
    assert place.run("check") == (
        1,
        f"""\
RELEASE-1.0.1, 6 commits behind stable-1.0
  4 outstanding XSAs in 4 commits: they need 2 prerequisites
  XSA-2    needs 1 prerequisite  use it
  XSA-3    needs 1 prerequisite  next to it
  XSA-4    applies  alone
  XSA-5    applies  second half
  Apply in this order (strict git apply, no fuzz):
  1  change   {c(PREPARE)}  prepare
  2  XSA-2    {c(USE)}  use it
  3  context  {c(TIDY)}  tidy
  4  XSA-3    {c(NEXT)}  next to it
  5  XSA-4    {c(ALONE)}  alone
  6  XSA-5    {c(REST)}  second half
  Why these prerequisites: git xsa-prereqs --onto RELEASE-1.0.1 --tip stable-1.0 --xsa 2,3,4,5 --why
""",
        "",
    )


def test_the_command_that_check_names_is_valid(place: Place) -> None:
    words = place.run("check").out.rpartition("Why these prerequisites: git xsa-")[2].split()
    done = place.run(*words)

    assert (done.status, done.err) == (0, "")
    first = "RELEASE-1.0.1 has a part of XSA-2, XSA-3, XSA-4, XSA-5; the rest needs 2 prerequisites\n"
    assert done.out.startswith(first)


def test_check_each(place: Place) -> None:
    assert place.run("check", "--each") == (
        1,
        """\
RELEASE-1.0.1, 6 commits behind stable-1.0
  XSA-2     needs 1         use it
  XSA-3     needs 1         next to it
  XSA-4     applies         alone
  XSA-5     applies         second half
""",
        "",
    )


def test_check_of_one_advisory_that_applies(place: Place) -> None:
    assert place.run("check", "--xsa", "4") == (
        0,
        f"""\
RELEASE-1.0.1, 6 commits behind stable-1.0
  1 outstanding XSA in 1 commit: applies
  XSA-4    applies  alone
  Apply in this order (strict git apply, no fuzz):
  1  XSA-4  {place.short(ALONE)}  alone
""",
        "",
    )


def test_check_onto_several_bases(place: Place) -> None:
    done = place.run(
        "check", "--onto", "RELEASE-1.0.0", "--onto", RELEASE, "--xsa", "4,XSA-5", "--xsa", "xsa-4", "--each"
    )

    assert done == (
        0,
        """\
RELEASE-1.0.0, 8 commits behind stable-1.0
  XSA-4     applies         alone
  XSA-5     applies         second half

RELEASE-1.0.1, 6 commits behind stable-1.0
  XSA-4     applies         alone
  XSA-5     partly-applied  second half
""",
        "",
    )


def test_check_onto_several_bases_together(place: Place) -> None:
    done = place.run("check", "--onto", RELEASE, "--onto", "stable-1.0~1", "--onto", "stable-1.0")

    assert done.status == 1
    assert done.out.split("\n\n")[1:] == [
        f"""\
stable-1.0~1, 1 commit behind stable-1.0
  1 outstanding XSA in 1 commit: applies
  XSA-5    applies  second half
  Apply in this order (strict git apply, no fuzz):
  1  XSA-5  {place.short(REST)}  second half""",
        """\
stable-1.0, 0 commits behind stable-1.0
  no advisory is outstanding
""",
    ]


def test_an_answer_does_not_depend_on_the_one_before(place: Place) -> None:
    """A half that is in the base once counted or not by which base had been asked about before."""
    bases = ["RELEASE-1.0.0", RELEASE, "stable-1.0", "own"]
    alone = {base: place.run("check", "--onto", base, "--xsa", "5", "--json").out for base in bases}
    results = {base: json.loads(out)["results"] for base, out in alone.items()}

    for order in (bases, bases[::-1]):
        words = [word for base in order for word in ("--onto", base)]
        together = json.loads(place.run("check", *words, "--xsa", "5", "--json").out)["results"]
        assert together == [result for base in order for result in results[base]]


def test_check_knows_what_it_does_not_know(place: Place) -> None:
    """A number that is a slip must not pass for an advisory that applies."""
    complaint = "error: no commit of these branches says that it fixes XSA-77\n"
    nothing = "  no commit of RELEASE-1.0.1..stable-1.0 says that it fixes XSA-77\n"
    headline = "RELEASE-1.0.1, 6 commits behind stable-1.0\n"

    assert place.run("check", "--xsa", "77") == (1, headline + nothing, complaint)
    assert place.run("check", "--xsa", "77", "--each") == (1, headline + nothing, complaint)
    each = headline + "  XSA-4     applies         alone\n"
    assert place.run("check", "--xsa", "77,4", "--each") == (1, each + nothing, complaint)
    assert place.run("check", "--xsa", "77,4") == (
        1,
        f"""\
{headline}\
  1 outstanding XSA in 1 commit: applies
  XSA-77: no commit of RELEASE-1.0.1..stable-1.0 says that it fixes it
  XSA-4    applies  alone
  Apply in this order (strict git apply, no fuzz):
  1  XSA-4  {place.short(ALONE)}  alone
""",
        complaint,
    )
    done = place.run("check", "--xsa", "77", "--json")
    assert (done.status, done.err) == (1, complaint)
    assert [result["state"] for result in json.loads(done.out)["results"]] == ["no-patches"]


def test_an_advisory_that_one_branch_lacks_is_no_mistake(tmp_path: Path) -> None:
    draft = Draft()
    for version, number in (("1.0", 1), ("2.0", 2)):
        draft.release(f"{version}.0", {"x": lines("abc")}, on=f"stable-{version}")
        draft.commit(f"fix\n\nThis is XSA-{number}.", {"x": lines("abC")}, on=f"stable-{version}")
    place = draft.write(tmp_path)

    for words in (["--each"], []):
        done = place.run("check", "--xsa", "1,2", *words)
        assert (done.status, done.err) == (0, "")
    assert place.run("check", "--xsa", "1,3").err == "error: no commit of these branches says that it fixes XSA-3\n"


def test_check_each_of_nothing(place: Place) -> None:
    """It once printed nothing at all."""
    nothing = "stable-1.0, 0 commits behind stable-1.0\n  no advisory is outstanding\n"
    assert place.run("check", "--onto", "stable-1.0", "--each") == (0, nothing, "")


def test_check_of_a_base_with_conflicting_changes_of_its_own(place: Place) -> None:
    c = place.short
    done = place.run("check", "--onto", "own", "--xsa", "2,3")

    assert done == (
        2,
        f"""\
own, which left stable-1.0 6 commits ago
  2 outstanding XSAs in 2 commits: they can't be applied, not even with every commit of the branch
  {c(PREPARE)}, hunk 1 of a.c: lines that own itself removed
      -line 10
  {c(PREPARE)}, hunk 1 of a.c: lines that own itself added in its place
      +ours
  {c(USE)}, hunk 1 of a.c: lines that own itself added in its place
      +ours
  XSA-2    conflicts, needs 1 prerequisite  use it
  XSA-3    needs 1 prerequisite  next to it
  Why these prerequisites: git xsa-prereqs --onto own --tip stable-1.0 --xsa 2,3 --why
""",
        "",
    )


def test_check_names_the_advisory_that_git_misplaces(demo: Path) -> None:
    done = run(demo, "check", "--branch", "4.20")

    assert (done.status, done.err) == (1, "")
    words = [line.split("  ")[1] for line in done.out.splitlines() if line.startswith("  XSA-")]
    assert words == [
        "XSA-9001 applies",
        "XSA-9002 needs 2 prerequisites",
        "XSA-9003 misplaced",
        "XSA-9004 needs 1 prerequisite",
    ]
    assert "Apply in this order" not in done.out


def test_an_advisory_that_comes_after_another_one(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abcdefgh")})
    first = draft.commit("one\n\nThis is XSA-1.", {"x": lines("abcDefgh")})
    second = draft.commit("two\n\nThis is XSA-2.", {"x": lines("abcdefgh")})
    place = draft.write(tmp_path)

    assert place.run("check") == (
        0,
        f"""\
RELEASE-1.0.0, 2 commits behind stable-1.0
  2 outstanding XSAs in 2 commits: all apply, in the order of the branch
  XSA-1    applies  one
  XSA-2    after XSA-1  two
  Apply in this order (strict git apply, no fuzz):
  1  XSA-1  {place.short(first)}  one
  2  XSA-2  {place.short(second)}  two
""",
        "",
    )
    assert place.run("check", "--each").out.splitlines()[1:] == [
        "  XSA-1     applies         one",
        "  XSA-2     needs 1         two",
    ]


# git xsa-prereqs


def test_prereqs(place: Place) -> None:
    assert place.run("prereqs", "--onto", RELEASE, "--xsa", "2") == (
        0,
        f"""\
XSA-2 needs 1 prerequisite on RELEASE-1.0.1

Apply in this order (strict git apply, no fuzz):

  1  change  {place.short(PREPARE)}  prepare
  2  XSA-2   {place.short(USE)}  use it
""",
        "",
    )


def test_prereqs_why(place: Place) -> None:
    c = place.short
    done = place.run("prereqs", "--onto", RELEASE, "--xsa", "2,3", "--why")

    assert (done.status, done.err) == (0, "")
    assert (
        done.out.split("\n\n", 3)[3]
        == f"""\
{c(PREPARE)} prepare
  change prerequisite
  needed by XSA-2 {c(USE)} use it
    a.c, hunk 1: changes the place of a line that this commit removes
      -line 10
    a.c, hunk 1: removes a line that this commit adds
      +prepared

{c(TIDY)} tidy
  context prerequisite
  needed by XSA-3 {c(NEXT)} next to it
    b.c, hunk 1: has as its context the place of a line that this commit removes
      -line 5
    b.c, hunk 1: has as its context a line that this commit adds
      +tidied
"""
    )


def test_why_shows_a_few_lines_and_counts_the_rest(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abcz")})
    draft.commit("many", {"x": lines("abc0123456789z")})
    draft.commit("fewer", {"x": lines("abcz")})
    place = draft.write(tmp_path)
    out = place.run("prereqs", "--onto", "RELEASE-1.0.0", "stable-1.0", "--why").out

    assert out.endswith(
        "removes lines that this commit adds\n"
        + "".join(f"      +{n}\n" for n in range(8))
        + "      ... and 2 more lines\n"
    )


def test_why_of_a_rename(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"old.c": numbered(20)})
    moved = draft.commit("move", {"old.c": None, "new.c": numbered(20)})
    draft.commit("fix\n\nThis is XSA-1.", {"new.c": numbered(20, {3: "fixed"})})
    place = draft.write(tmp_path)
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")

    assert done.status == 0
    assert (
        done.out.split("\n\n", 3)[3]
        == f"""\
{place.short(moved)} move
  context prerequisite
  needed by XSA-1 {place[3][:12]} fix
    new.c, the file as a whole: expects that the file has this name
"""
    )


def test_prereqs_graph(place: Place) -> None:
    c = place.short
    assert place.run("prereqs", "--onto", RELEASE, "--xsa", "2,3,4", "--graph") == (
        0,
        f"""\
XSA-2 {c(USE)} use it
└── change {c(PREPARE)} prepare
XSA-3 {c(NEXT)} next to it
└── context {c(TIDY)} tidy
XSA-4 {c(ALONE)} alone
""",
        "",
    )


def _deep(folder: Path) -> Place:
    """Return a repository in which the last commit needs all before it: two sides that meet, and an odd subject."""
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abcdefghijklmnop")})
    draft.commit("ground", {"x": lines("abcdefgHijklmnop")})
    draft.commit("left", {"x": lines("abcdEfgHijklmnop")})
    draft.commit('right "\\n', {"x": lines("abcdEfgHijKlmnop")})
    draft.commit("top", {"x": lines("abcdFfgXijMlmnop")})
    return draft.write(folder)


def test_prereqs_graph_shows_a_commit_once(tmp_path: Path) -> None:
    place = _deep(tmp_path)
    c = place.short
    assert (
        place.run("prereqs", "--onto", "RELEASE-1.0.0", "stable-1.0", "--graph").out
        == f"""\
patch {c(5)} top
├── change {c(3)} left
│   └── change {c(2)} ground
└── change {c(4)} right "\\n
    └── change {c(2)} ground
"""
    )


def test_prereqs_graph_as_dot(tmp_path: Path) -> None:
    place = _deep(tmp_path)
    c = place.short
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "stable-1.0", "--graph=dot")

    assert done == (
        0,
        f"""\
digraph prerequisites {{
  rankdir=RL;
  node [shape=box, fontname="sans-serif"];
  "{c(2)}" [label="change {c(2)}\\nground"];
  "{c(3)}" [label="change {c(3)}\\nleft"];
  "{c(4)}" [label="change {c(4)}\\nright \\"\\\\n"];
  "{c(5)}" [label="patch {c(5)}\\ntop", style=bold];
  "{c(3)}" -> "{c(2)}";
  "{c(4)}" -> "{c(2)}";
  "{c(5)}" -> "{c(3)}";
  "{c(5)}" -> "{c(4)}";
}}
""",
        "",
    )


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_the_graph(tmp_path: Path) -> None:
    done = _deep(tmp_path).run("prereqs", "--onto", "RELEASE-1.0.0", "stable-1.0", "--graph=dot")
    drawn = subprocess.run(["dot", "-Tplain"], input=done.out, capture_output=True, text=True, check=True)

    assert drawn.stderr == ""
    assert [line.split()[0] for line in drawn.stdout.splitlines()].count("node") == 4
    assert [line.split()[0] for line in drawn.stdout.splitlines()].count("edge") == 4


def test_a_graph_that_would_mislead_comes_with_the_answer_in_words(place: Place, demo: Path) -> None:
    words = "XSA-2 can't be applied to own, not even with every commit of stable-1.0"
    ask = ("prereqs", "--onto", "own", "--xsa", "2")
    assert place.run(*ask, "--graph").out.splitlines()[0] == words
    assert f'  label="{words}";' in place.run(*ask, "--graph=dot").out.splitlines()

    done = place.run("prereqs", "--onto", RELEASE, place[HALF], "--graph")
    assert done == (0, "RELEASE-1.0.1 has all of XSA-5\n", "")
    out = run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003", "--graph").out
    assert out.startswith("XSA-9003 needs no prerequisite on RELEASE-4.20.1, but plain git apply misplaces a hunk\n")


def test_prereqs_of_commits_in_any_order(place: Place) -> None:
    c = place.short
    assert place.run("prereqs", "--onto", RELEASE, place[REST], c(NEXT), "stable-1.0~4") == (
        0,
        f"""\
XSA-2, XSA-3, XSA-5 need 2 prerequisites on RELEASE-1.0.1

Apply in this order (strict git apply, no fuzz):

  1  change   {c(PREPARE)}  prepare
  2  XSA-2    {c(USE)}  use it
  3  context  {c(TIDY)}  tidy
  4  XSA-3    {c(NEXT)}  next to it
  5  XSA-5    {c(REST)}  second half
""",
        "",
    )


def test_prereqs_of_patch_files(place: Place, tmp_path: Path) -> None:
    names = ["xsa3-4.17.patch", "xsa4.patch"]
    for name, number in zip(names, (NEXT, ALONE), strict=True):
        (tmp_path / name).write_bytes(place.patch(number))
    done = place.run("prereqs", "--onto", RELEASE, *(str(tmp_path / name) for name in names))

    assert done == (
        0,
        f"""\
XSA-3, XSA-4 need 1 prerequisite on RELEASE-1.0.1

Apply in this order (strict git apply, no fuzz):

  1  context  {place.short(TIDY)}  tidy
  2  XSA-3    xsa3-4.17.patch  next to it
  3  XSA-4    xsa4.patch  alone
""",
        "",
    )


def test_patch_files_by_a_path_from_where_the_user_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sub = place.folder / "sub"
    sub.mkdir()
    (sub / "fix").write_bytes(place.patch(ALONE))

    done = run(sub, "prereqs", "--onto", RELEASE, "fix")
    assert done.out.startswith("XSA-4 applies to RELEASE-1.0.1 as it is\n")


def test_a_patch_file_that_the_base_has_already(place: Place, tmp_path: Path) -> None:
    """It once "did not fit"."""
    for number in (NEXT, ALONE):
        (tmp_path / f"{number}.patch").write_bytes(place.patch(number))
    files = [str(tmp_path / f"{number}.patch") for number in (NEXT, ALONE)]

    assert place.run("prereqs", "--onto", "stable-1.0", *files) == (0, "stable-1.0 has all of XSA-3, XSA-4\n", "")
    answer = document(place.run("prereqs", "--onto", place[ALONE], files[1], "--json"))
    assert (answer["state"], answer["xsa"], answer["queue"]) == ("already-applied", [4], [])
    assert place.run("prereqs", "--onto", place[NEXT], files[1]).out.startswith("XSA-4 applies to ")


def test_two_patch_files_of_one_name(place: Place, tmp_path: Path) -> None:
    files = []
    for number in (NEXT, ALONE):
        path = tmp_path / str(number) / "0001.patch"
        path.parent.mkdir()
        path.write_bytes(place.patch(number))
        files.append(str(path))
    out = place.run("prereqs", "--onto", RELEASE, *files, "--graph=dot").out

    nodes = re.findall(r'^  ("[^"]*") \[label', out, re.MULTILINE)
    assert nodes == [f'"{place.short(TIDY)}"', '"0001.patch (4)"', '"0001.patch (5)"']
    assert f"  {nodes[1]} -> {nodes[0]};\n}}\n" in out


def test_a_patch_file_may_need_an_earlier_file_of_the_series(place: Place, tmp_path: Path) -> None:
    for number in (TIDY, NEXT):
        (tmp_path / f"{number}.patch").write_bytes(place.patch(number))
    files = [str(tmp_path / f"{number}.patch") for number in (TIDY, NEXT)]

    assert place.run("prereqs", "--onto", RELEASE, *files).out.splitlines()[-2:] == [
        f"  1  patch  {TIDY}.patch  tidy",
        f"  2  XSA-3  {NEXT}.patch  next to it",
    ]


def test_prereqs_up_to_a_tip(place: Place) -> None:
    c = place.short
    done = place.run("prereqs", "--onto", "own~1", "--tip", c(TIDY), "stable-1.0~4")
    assert (done.status, done.out.splitlines()[-1]) == (0, f"  2  XSA-2   {c(USE)}  use it")

    assert place.run("prereqs", "--onto", RELEASE, "--tip", c(TIDY), "--xsa", "3") == (
        1,
        f"no commit of RELEASE-1.0.1..{c(TIDY)} says that it fixes XSA-3\n",
        "",
    )


def test_the_graph_option_does_not_swallow_a_commit(place: Place) -> None:
    done = place.run("prereqs", "--onto", RELEASE, "--graph", place[USE])
    assert done == (0, f"XSA-2 {place.short(USE)} use it\n└── change {place.short(PREPARE)} prepare\n", "")


# Wrong usage


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (["prereqs"], "no base is given", "say what the patches are to be put on: --onto RELEASE-4.17.3"),
        (["prereqs", "x"], "no base is given", "say what the patches are to be put on: --onto RELEASE-4.17.3"),
        (["prereqs", "--onto", RELEASE],
         "give either advisories (--xsa), or commits, or patch files", "see git help xsa-prereqs"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "x"],
         "give either advisories (--xsa), or commits, or patch files", "see git help xsa-prereqs"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "--json", "--why"], "--json holds the reasons already",
         "leave out --why and --graph"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "--json", "--graph"], "--json holds the reasons already",
         "leave out --why and --graph"),
        (["prereqs", "--stdin", "--onto", RELEASE], "--stdin takes the base and the commits from its input",
         "see git help xsa-prereqs"),
        (["prereqs", "--stdin", "HEAD"], "--stdin takes the base and the commits from its input",
         "see git help xsa-prereqs"),
        (["check", "--branch", "2.*"], "no stable branch matches '2.*'", "git branch -a lists the branches"),
        (["check", "--onto", RELEASE, "--branch", "2.*"], "no stable branch matches '2.*'",
         "with --onto, --branch must name the one that the base is on"),
    ],
)  # fmt: skip
def test_wrong_usage(words: list[str], what: str, hint: str, place: Place) -> None:
    assert place.run(*words) == (129, "", f"error: {what}\nhint: {hint}\n")


@pytest.mark.parametrize("command", ["check", "prereqs"])
@pytest.mark.parametrize("text", ["", "x", "4,", "4.5", "-4", "XSA", "1234567890", "9" * 5_000, "\u0664"])
def test_what_is_no_number_of_an_advisory(command: str, text: str, place: Place) -> None:
    done = place.run(command, f"--xsa={text}")

    assert (done.status, done.out) == (129, "")
    word = "" if text == "4," else text
    assert done.err.splitlines()[0] == (
        f"error: argument --xsa: {word!r} is not the number of an advisory (499 or XSA-499)"
    )


def test_a_file_and_a_commit(place: Place, tmp_path: Path) -> None:
    (tmp_path / "x.patch").write_bytes(place.patch(USE))
    done = place.run("prereqs", "--onto", RELEASE, str(tmp_path / "x.patch"), "HEAD")

    what = f"error: {tmp_path}/x.patch is a file and HEAD a commit\n"
    assert done == (129, "", what + "hint: ask about one kind at a time\n")


def test_wrong_usage_of_a_process_is_no_signal(place: Place) -> None:
    """Status 129 was once taken for the end by SIGHUP, and the shell said "Hangup"."""
    for words in (["--nonsense"], ["--branch", "nothing"], ["-h"]):
        process = start(place.folder, "check", *words)
        process.communicate(timeout=60)
        assert process.returncode == 129


# JSON


def document(done: Answer, complaint: str = "") -> dict[str, Any]:
    """Return the object that was printed, as one line of ASCII."""
    assert done.err == complaint
    assert done.out.isascii()
    assert done.out.count("\n") == 1
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_json_of_prereqs(place: Place) -> None:
    done = place.run("prereqs", "--onto", RELEASE, "--xsa", "3", "--json")

    assert done.status == 0
    reason = {"needed_by": place[NEXT], "path": "b.c", "hunk": 1, "symbol": None, "kind": "context", "note": None}
    assert document(done) == {
        "format": 1,
        "base": {"name": RELEASE, "commit": place[BASE]},
        "tip": {"name": "stable-1.0", "commit": place[REST], "ref": "refs/heads/stable-1.0"},
        "xsa": [3],
        "state": "needs-prerequisites",
        "policy": "strict",
        "patches": [{"id": place[NEXT], "xsa": 3, "subject": "next to it"}],
        "prerequisites": [
            {
                "commit": place[TIDY],
                "subject": "tidy",
                "kind": "context",
                "xsa": None,
                "reasons": [reason | {"line": "line 5", "gone": True}, reason | {"line": "tidied", "gone": False}],
            }
        ],
        "queue": [{"id": place[TIDY], "role": "prerequisite"}, {"id": place[NEXT], "role": "patch"}],
    }


def test_json_of_check(place: Place) -> None:
    done = place.run("check", "--json")
    assert done.status == 1
    answer = document(done)
    assert answer.keys() == {"format", "results"}
    assert answer["format"] == 1
    (result,) = answer["results"]
    assert (result["state"], result["xsa"]) == ("needs-prerequisites", [2, 3, 4, 5])
    assert [entry["id"] for entry in result["queue"]] == [place[n] for n in (PREPARE, USE, TIDY, NEXT, ALONE, REST)]
    assert [entry["role"] for entry in result["queue"]] == ["prerequisite", "patch"] * 2 + ["patch"] * 2

    each = document(place.run("check", "--each", "--json"))["results"]
    assert [(one["xsa"], one["state"]) for one in each] == [
        ([2], "needs-prerequisites"), ([3], "needs-prerequisites"), ([4], "applies"), ([5], "applies"),
    ]  # fmt: skip


#: The contract: every key, and what its value is.
COMMIT = {"name": str, "commit": str}
REASON = {"needed_by": str, "path": str, "hunk": int, "line": (str, None), "symbol": None}
CONTRACT = {
    "format": int, "base": COMMIT, "tip": COMMIT, "xsa": [int], "state": str,
    "patches": [{"id": str, "xsa": (int, None), "subject": str}],
    "prerequisites": [{"commit": str, "subject": str, "kind": str, "xsa": (int, None), "reasons": [REASON]}],
    "queue": [{"id": str, "role": str}],
}  # fmt: skip
LINE_CONTRACT = {
    "format": int, "base": COMMIT, "tip": COMMIT, "xsa": [int], "state": str, "patches": CONTRACT["patches"],
    "prerequisites": [{"commit": str, "kind": str}], "queue": [str],
}  # fmt: skip


def conforms(value: object, form: object) -> bool:
    """Return whether ``value`` has the ``form``; objects may have more keys."""
    if isinstance(form, tuple):
        return any(conforms(value, one) for one in form)
    if isinstance(form, dict):
        return isinstance(value, dict) and all(key in value and conforms(value[key], one) for key, one in form.items())
    if isinstance(form, list):
        return isinstance(value, list) and all(conforms(item, form[0]) for item in value)
    return value is None if form is None else type(value) is form


def test_the_judge_of_the_contract_can_say_no() -> None:
    good = {
        "format": 1,
        "base": {"name": "a", "commit": "b"},
        "xsa": [1],
        "state": "x",
        "prerequisites": [],
        "queue": ["a"],
    }
    good |= {"tip": good["base"], "patches": []}
    assert conforms(good, LINE_CONTRACT)
    changes: list[dict[str, object]] = [
        {"xsa": ["1"]},
        {"state": None},
        {"base": {"name": "a"}},
        {"queue": [{}]},
        {"format": True},
    ]
    for bad in changes:
        assert not conforms(good | bad, LINE_CONTRACT)
    assert not conforms({}, LINE_CONTRACT)


def _states(place: Place, demo: Path) -> Iterator[tuple[str, int, int, Answer, Answer]]:
    """Yield each state with the exit statuses of check and prereqs that it leads to, and their answers."""
    asked = [
        ("applies", 0, 0, place.folder, RELEASE, "4"),
        ("needs-prerequisites", 1, 0, place.folder, RELEASE, "2"),
        ("misplaced", 1, 0, demo, "RELEASE-4.20.1", "9003"),
        ("conflicts", 2, 2, place.folder, "own", "2"),
        ("already-applied", 0, 0, place.folder, "stable-1.0", "2"),
        ("partly-applied", 0, 0, place.folder, RELEASE, "5"),
        ("no-patches", 1, 1, place.folder, RELEASE, "77"),
    ]
    for state, check, prereqs, folder, base, number in asked:
        words = ("--onto", base, "--xsa", number, "--json")
        yield state, check, prereqs, run(folder, "check", *words), run(folder, "prereqs", *words)


def test_every_state_and_its_exit_status(place: Place, demo: Path) -> None:
    for state, check_status, prereqs_status, check, prereqs in _states(place, demo):
        assert (check.status, prereqs.status) == (check_status, prereqs_status), state
        complaint = "error: no commit of these branches says that it fixes XSA-77\n" if state == "no-patches" else ""
        (result,) = document(check, complaint)["results"]
        answer = document(prereqs)
        assert answer == result
        assert answer["state"] == state
        assert conforms(answer, CONTRACT), state
        assert len(answer["xsa"]) == 1
        assert all(re.fullmatch("[0-9a-f]{40}", answer[end]["commit"]) for end in ("base", "tip"))
        assert {prerequisite["kind"] for prerequisite in answer["prerequisites"]} <= {"change", "context"}
        assert {entry["role"] for entry in answer["queue"]} <= {"prerequisite", "patch"}
        queue = [] if state == "conflicts" else [*answer["patches"], *answer["prerequisites"]]
        assert len(answer["queue"]) == len(queue)
        assert ("conflicts" in answer) == (state == "conflicts")
        assert ("misplaced" in answer) == (state == "misplaced")
        assert ("conflicts" in answer) == (state == "conflicts")


def test_states_in_words(place: Place, demo: Path) -> None:
    words = {
        (RELEASE, "4"): "XSA-4 applies to RELEASE-1.0.1 as it is",
        (RELEASE, "2"): "XSA-2 needs 1 prerequisite on RELEASE-1.0.1",
        ("own", "2"): "XSA-2 can't be applied to own, not even with every commit of stable-1.0",
        ("stable-1.0", "2"): "stable-1.0 has all of XSA-2",
        (RELEASE, "5"): "RELEASE-1.0.1 has a part of XSA-5; the rest needs no prerequisite",
        (RELEASE, "77"): "no commit of RELEASE-1.0.1..stable-1.0 says that it fixes XSA-77",
        (RELEASE, "4,77"): "XSA-4 applies to RELEASE-1.0.1 as it is",
    }
    for (base, numbers), line in words.items():
        assert place.run("prereqs", "--onto", base, "--xsa", numbers).out.splitlines()[0] == line


def test_prereqs_of_a_misplaced_patch(demo: Path) -> None:
    done = run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003")

    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:5] == [
        "XSA-9003 needs no prerequisite on RELEASE-4.20.1, but plain git apply misplaces a hunk",
        "  git apply puts a hunk in the wrong place in xen/drivers/passthrough/iommu.c",
        "  do not apply it with git apply or patch: it needs line numbers and context made for this base",
        "",
        "Order of the commits (as they are, git apply misplaces a hunk):",
    ]
    answer = document(run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003", "--json"))
    assert answer["misplaced"] == {"id": None, "message": "", "paths": ["xen/drivers/passthrough/iommu.c"]}


def test_json_of_patch_files(place: Place, tmp_path: Path) -> None:
    (tmp_path / "xsa3.patch").write_bytes(place.patch(NEXT))
    answer = document(place.run("prereqs", "--onto", RELEASE, str(tmp_path / "xsa3.patch"), "--json"))

    assert conforms(answer, CONTRACT)
    assert answer["patches"] == [{"id": "xsa3.patch", "xsa": 3, "subject": "next to it"}]
    assert answer["queue"] == [{"id": place[TIDY], "role": "prerequisite"}, {"id": "xsa3.patch", "role": "patch"}]
    assert {reason["needed_by"] for reason in answer["prerequisites"][0]["reasons"]} == {"xsa3.patch"}


# Requests on standard input


def test_stdin(place: Place) -> None:
    requests = [
        f"{RELEASE} {place[USE]}", "", "  ", f"RELEASE-1.0.0 {place[HALF]} {place[NEXT]}", f"stable-1.0 {place[USE]}",
        f"{RELEASE} {place[ALONE]}",
    ]  # fmt: skip
    answers = [
        f"needs-prerequisites +{place[PREPARE]} {place[USE]}",
        f"needs-prerequisites {place[HALF]} +{place[TIDY]} {place[NEXT]}",
        "already-applied",
        f"applies {place[ALONE]}",
    ]

    assert place.run("prereqs", "--stdin", given="\n".join(requests)) == (0, "\n".join([*answers, ""]), "")


def test_stdin_json(place: Place) -> None:
    done = place.run("prereqs", "--stdin", "--json", given=f"{RELEASE} {place[USE]}\nown {place[USE]}\n")

    assert (done.status, done.err) == (2, "")
    first, second = map(json.loads, done.out.splitlines())
    assert first == {
        "format": 1,
        "base": {"name": RELEASE, "commit": place[BASE]},
        "tip": {"name": "stable-1.0", "commit": place[REST], "ref": "refs/heads/stable-1.0"},
        "xsa": [2],
        "state": "needs-prerequisites",
        "policy": "strict",
        "patches": [{"id": place[USE], "xsa": 2, "subject": "use it"}],
        "prerequisites": [{"commit": place[PREPARE], "kind": "change"}],
        "queue": [place[PREPARE], place[USE]],
    }
    assert (second["state"], second["queue"]) == ("conflicts", [])
    assert conforms(first, LINE_CONTRACT)
    assert conforms(second, LINE_CONTRACT)


def test_stdin_without_a_request(place: Place) -> None:
    assert place.run("prereqs", "--stdin", given="") == (0, "", "")
    assert place.run("prereqs", "--stdin", "--json", given="\n \n") == (0, "", "")


def test_an_error_keeps_answers_in_step(place: Place) -> None:
    where = place.folder / ".git"
    errors = [
        (f"nothing {place[USE]}", f"there is no commit 'nothing' in {where}"),
        (RELEASE, f"{RELEASE} is not followed by a commit"),
        (f"{RELEASE} nothing", f"there is no commit 'nothing' in {where}"),
        (f"{RELEASE} own", f"own is not between {RELEASE} and stable-1.0"),
    ]
    request, good = f"{RELEASE} {place[ALONE]}", f"applies {place[ALONE]}"
    given = "\n".join([request, *(wrong for wrong, _ in errors), request])
    complaints = "".join(f"error: {request}: {what}\n" for request, what in errors)

    assert place.run("prereqs", "--stdin", given=given) == (
        129,
        "\n".join([good, *["error"] * 4, good, ""]),
        complaints,
    )
    done = place.run("prereqs", "--stdin", "--json", given=given)
    assert (done.status, done.err) == (129, complaints)
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert answers[1:5] == [
        {"format": 1, "request": request, "error": what, "state": None, "prerequisites": [], "queue": []}
        for request, what in errors
    ]
    assert [answer["state"] for answer in (answers[0], answers[5])] == ["applies"] * 2


def test_a_request_that_is_no_valid_text(place: Place) -> None:
    where = place.folder / ".git"
    given = b"\xff\x1b[2J x\n" + f"{RELEASE} {place[ALONE]}\r\n".encode()

    assert run(place.folder, "prereqs", "--stdin", given=given) == (
        128,
        f"error\napplies {place[ALONE]}\n",
        f"error: \\xff\\x1b[2J x: there is no commit '\\udcff\\x1b[2J' in {where}\n",
    )


def _read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of the process' output, without waiting for it for ever."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "no answer came"
    return process.stdout.readline()


def test_a_coprocess_is_answered_request_by_request(place: Place) -> None:
    process = start(place.folder, "prereqs", "--stdin", bufsize=1)
    assert process.stdin is not None
    for request, answer in [
        (f"{RELEASE} {place[USE]}", f"needs-prerequisites +{place[PREPARE]} {place[USE]}"),
        (f"{RELEASE} nothing", "error"),
        (f"RELEASE-1.0.0 {place[ALONE]}", f"applies {place[ALONE]}"),
        (f"{RELEASE} {place[ALONE]}", f"applies {place[ALONE]}"),
    ]:
        process.stdin.write(f"{request}\n")
        process.stdin.flush()
        assert _read_line(process) == f"{answer}\n"
    _, err = process.communicate(timeout=60)

    assert process.returncode == 128
    assert err == f"error: {RELEASE} nothing: there is no commit 'nothing' in {place.folder}/.git\n"


def test_many_requests_at_once_are_answered_in_order(place: Place) -> None:
    numbers = [USE, NEXT, ALONE, REST, HALF] * 20
    given = "".join(f"{RELEASE} {place[number]}\n" for number in numbers)
    done = place.run("prereqs", "--stdin", "--json", given=given)

    assert (done.status, done.err) == (0, "")
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["queue"][-1:] for answer in answers] == [
        [] if number == HALF else [place[number]] for number in numbers
    ]


# Branches


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
    assert command == "git xsa-prereqs --onto RELEASE-1.0.1 --tip origin/stable-1.0 --xsa 2 --why"
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
    hint = "hint: branches are found by the name 'stable-*' (git config xsa.stableBranch); "

    assert place.run("check") == (128, "", f"{what}{hint}--all takes those without security support, too\n")


@pytest.mark.parametrize("pattern", ["stable-4.1", "4.1", "*.1"])
def test_a_branch_without_support_by_name(pattern: str, tmp_path: Path) -> None:
    place = supported(tmp_path, v4_1="2001-01-01", v4_2="2999-01-01")

    assert place.run("check", "--branch", pattern) == (
        129,
        "",
        "error: stable-4.1 is no longer security-supported\nhint: add --all to check it all the same\n",
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
    hint = "hint: say which branch is meant: --tip <ref> for xsa-prereqs, --branch for xsa-check\n"
    assert place.run("check", "--onto", "master") == (129, "", what + hint)
    done = place.run("check", "--onto", "master", "--branch", "4.2")
    assert done.out.splitlines()[0] == "master, 3 commits behind stable-4.2"
    done = place.run("check", "--onto", "master", "--branch", "4.*")
    hint = "hint: with --onto, --branch must name the one that the base is on\n"
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


# Colour, pipes and signals

COLOURED = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    "words", [["check"], ["check", "--each"], ["prereqs", "--onto", RELEASE, "--xsa", "2", "--why"]]
)
def test_colour(words: list[str], place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = place.run(*words)
    assert "\x1b" not in plain.out
    place.git("config", "color.ui", "always")
    coloured = place.run(*words)

    assert len(COLOURED.findall(coloured.out)) > 4
    assert COLOURED.sub("", coloured.out) == plain.out
    monkeypatch.setenv("NO_COLOR", "1")
    assert place.run(*words) == plain


@pytest.mark.parametrize("words", [["check", "--json"], ["prereqs", "--onto", RELEASE, "--xsa", "2", "--graph=dot"]])
def test_no_colour_where_a_program_reads(words: list[str], place: Place) -> None:
    plain = place.run(*words)
    place.git("config", "color.ui", "always")
    assert place.run(*words) == plain


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.mark.parametrize(
    "words",
    [["check"], ["check", "--json"], ["prereqs", "--onto", RELEASE, "--xsa", "2", "--why"], ["prereqs", "--stdin"]],
)
def test_a_closed_pipe(words: list[str], place: Place, temporary: Path) -> None:
    process = start(place.folder, *words)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(f"{RELEASE} {place[USE]}\n" * 20)
    process.stdin.close()

    assert (process.wait(timeout=60), process.stderr.read()) == (-signal.SIGPIPE, "")
    process.stderr.close()
    assert list(temporary.iterdir()) == []


def test_the_first_line_is_enough(place: Place, temporary: Path) -> None:
    script = '"$@" | head -n 1'
    words = ["bash", "-c", script, "bash", *PROGRAM, "check"]
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("RELEASE-1.0.1, 6 commits behind stable-1.0\n", "")
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["apply", "log", "diff-tree", "cat-file"])
def test_a_signal_leaves_nothing_behind(
    number: signal.Signals, where: str, place: Place, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C reaches every process of the terminal's group, here while git is held up at its work.

    The library sh lets its children outlive a SIGHUP, so there the end comes when git has done its work.
    """
    hold = "sleep 1" if number == signal.SIGHUP else "exec sleep 60"
    real = shutil.which("git")
    held = tmp_path / "bin" / "git"
    held.parent.mkdir()
    held.write_text(
        f'#!/bin/sh\ncase "$*" in *" {where} "*) {hold} ;; esac\nexec "{real}" "$@"\n',
        encoding="utf-8",
    )
    held.chmod(0o755)
    mark = f"GIT_XSA_TEST={tmp_path}"
    monkeypatch.setenv(*mark.split("=", 1))
    monkeypatch.setenv("PATH", f"{held.parent}{os.pathsep}{os.environ['PATH']}")
    process = start(place.folder, "check", start_new_session=True)
    deadline = time.monotonic() + 30
    # Until it really waits: a signal between two of the script's steps would miss one of them.
    while f"{hold.removeprefix('exec ')} " not in processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(temporary.iterdir()) != [] or where != "apply"
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (-number, "", "")
    assert list(temporary.iterdir()) == []
    deadline = time.monotonic() + 10
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(mark) == []


def test_ctrl_c_ends_a_coprocess_that_waits(place: Place, temporary: Path) -> None:
    process = start(place.folder, "prereqs", "--stdin", bufsize=1)
    assert process.stdin is not None
    process.stdin.write(f"{RELEASE} {place[USE]}\n")
    process.stdin.flush()
    assert _read_line(process).startswith("needs-prerequisites ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")
    assert list(temporary.iterdir()) == []
