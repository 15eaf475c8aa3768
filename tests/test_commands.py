"""Transcripts of git xsa-check and git xsa-prereqs: what they print, where, and with which exit status."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import (
    ALONE,
    HALF,
    NEXT,
    NOT_KNOWN,
    PREPARE,
    REST,
    TIDY,
    USE,
    Draft,
    Place,
    lines,
    numbered,
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
  2 apply: XSA-4, 5
  Apply in this order (strict git apply, no fuzz):
  1  change   {c(PREPARE)}  prepare
  2  XSA-2    {c(USE)}  use it
  3  context  {c(TIDY)}  tidy
  4  XSA-3    {c(NEXT)}  next to it
  5  XSA-4    {c(ALONE)}  alone
  6  XSA-5    {c(REST)}  second half
  Why these prerequisites: git xsa-prereqs --onto RELEASE-1.0.1 --why
""",
        "",
    )


def test_the_command_that_check_names_is_valid(place: Place) -> None:
    words = place.run("check").out.rpartition("Why these prerequisites: git xsa-")[2].split()
    done = place.run(*words)

    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("XSA-2, XSA-3, XSA-4, XSA-5 need 2 prerequisites on RELEASE-1.0.1\n")


def test_check_each(place: Place) -> None:
    assert place.run("check", "--each") == (
        1,
        """\
RELEASE-1.0.1, 6 commits behind stable-1.0
  XSA-2     needs 1         use it
  XSA-3     needs 1         next to it
  2 apply: XSA-4, 5
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
  2 apply: XSA-4, 5

RELEASE-1.0.1, 6 commits behind stable-1.0
  XSA-5     partly-applied  second half
  XSA-4     applies         alone
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
    complaint = f"error: no commit of these branches says that it fixes XSA-77\nhint: {NOT_KNOWN}\n"
    nothing = "  no commit of RELEASE-1.0.1..stable-1.0 says that it fixes XSA-77\n"
    headline = "RELEASE-1.0.1, 6 commits behind stable-1.0\n"

    assert place.run("check", "--xsa", "77") == (1, headline + nothing, complaint)
    assert place.run("check", "--xsa", "77", "--each") == (1, headline + nothing, complaint)
    applies = "  XSA-4     applies         alone\n"
    assert place.run("check", "--xsa", "77,4", "--each") == (1, headline + nothing + applies, complaint)
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
    complaint = f"error: no commit of these branches says that it fixes XSA-3\nhint: {NOT_KNOWN}\n"
    assert place.run("check", "--xsa", "1,3").err == complaint


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
  2 outstanding XSAs in 2 commits: 1 goes in with 1 prerequisite, 1 needs your hands
  XSA-2    conflicts, needs 1 prerequisite  use it
           {c(USE)}: hunk 1 of a.c: lines that own itself added in its place
  adapt it by hand: git xsa-resolve --onto own; if only its context conflicts: git xsa-export --refresh
  XSA-3    needs 1 prerequisite  next to it
  All conflicts: git xsa-prereqs --onto own --xsa 2,3 --why

What is in own
  2 lacking: XSA-2, 3
""",
        "",
    )


def test_check_names_the_advisory_that_git_misplaces(demo: Path) -> None:
    done = run(demo, "check", "--branch", "4.20")

    assert (done.status, done.err) == (1, "")
    words = [line.split("  ")[1] for line in done.out.splitlines() if line.startswith("  XSA-")]
    assert words == [
        "XSA-9003 misplaced",
        "XSA-9002 needs 2 prerequisites",
        "XSA-9004 needs 1 prerequisite",
        "XSA-9001 applies",
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
  2 apply: XSA-1, 2
  Apply in this order (strict git apply, no fuzz):
  1  XSA-1  {place.short(first)}  one
  2  XSA-2  {place.short(second)}  two
""",
        "",
    )
    assert place.run("check", "--verbose").out.splitlines()[2:4] == [
        "  XSA-1    applies  one",
        "  XSA-2    after XSA-1  two",
    ]
    assert place.run("check", "--each").out.splitlines()[1:] == [
        "  XSA-2     needs 1         two",
        "  XSA-1     applies         one",
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


def merging() -> Draft:
    """Return a branch on which XSA-1 needs, by its context, a merge of three commits."""
    draft = Draft()
    root = draft.release("1.0.1", {"x": lines("abcdefghijklmnop")})
    sides = [
        draft.commit(f"part {n}", {f"f{n}": lines("abc")}, on="feature", after=root if n == 1 else None) for n in (1, 2)
    ]
    brought = {"x": lines("abcdEfghijklmnop"), "f1": lines("abc"), "f2": lines("abc")}
    sides.append(draft.commit("raise it", {"x": brought["x"]}, on="feature"))
    draft.commit("Merge branch 'feature'", brought, merge=(sides[-1],))
    draft.commit("check it\n\nThis is XSA-1.", {"x": lines("abcdEfGhijklmnop")})
    return draft


def test_a_merge_says_what_it_brings(tmp_path: Path) -> None:
    place = merging().write(tmp_path)
    words = "a merge of 3 commits, with 7 lines added and 1 removed in 3 files"
    ask = ("prereqs", "--onto", RELEASE, "--xsa", "1")
    listed = f"  1  context  {place.short(5)}  Merge branch 'feature'\n     {words}\n  2  XSA-1 "
    assert listed in place.run(*ask).out
    assert listed in place.run("check", "--onto", RELEASE).out
    assert (
        f"{place.short(5)} Merge branch 'feature'\n  context prerequisite\n  {words}\n" in place.run(*ask, "--why").out
    )
    (found,) = json.loads(place.run(*ask, "--json").out)["prerequisites"]
    assert found["merge"] == {"commits": 3, "files": 3, "added": 7, "removed": 1}

    made = tmp_path / "made"
    answer = place.run("export", "--onto", RELEASE, "--xsa", "1", "-o", str(made))
    assert f"  context  0001-Merge-branch-feature.patch\n           {words}\n" in answer.out
    assert f"\n    prerequisite (context)\n    {words}\n    commit {place[5]}\n" in (made / "README").read_text()


def test_no_other_commit_says_what_it_brings(place: Place) -> None:
    answer = json.loads(place.run("prereqs", "--onto", RELEASE, "--xsa", "2,3,4", "--json").out)
    assert [found["merge"] for found in answer["prerequisites"]] == [None, None]


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


def test_prereqs_graph_of_a_chain_that_is_longer_than_functions_may_nest(tmp_path: Path) -> None:
    draft = Draft()
    length = sys.getrecursionlimit() + 100
    draft.release("1.0.0", {"0": b"0\n"})
    for number in range(1, length + 1):
        draft.commit(f"change {number}", {str(number - 1): b"changed\n", str(number): b"%d\n" % number})
    place = draft.write(tmp_path)
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "stable-1.0", "--graph")

    assert (done.status, done.err) == (0, "")
    shown = done.out.splitlines()
    assert len(shown) == length
    assert shown[-1].endswith(f"└── change {place.short(2)} change 1")


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
  stable-1.0 has xsa3-4.17.patch as {place.short(NEXT)} next to it
  stable-1.0 has xsa4.patch as {place.short(ALONE)} alone

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


def test_two_patch_files_of_one_name(place: Place, tmp_path: Path) -> None:
    files = []
    for number in (NEXT, ALONE):
        path = tmp_path / str(number) / "0001.patch"
        path.parent.mkdir()
        path.write_bytes(place.patch(number))
        files.append(str(path))
    out = place.run("prereqs", "--onto", RELEASE, *files, "--graph=dot").out

    nodes = re.findall(r'^  ("[^"]*") \[label', out, re.MULTILINE)
    assert nodes == [f'"{place.short(TIDY)}"', f'"{NEXT}/0001.patch"', f'"{ALONE}/0001.patch"']
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
        f"hint: {NOT_KNOWN}\n",
    )


def test_the_graph_option_does_not_swallow_a_commit(place: Place) -> None:
    done = place.run("prereqs", "--onto", RELEASE, "--graph", place[USE])
    assert done == (0, f"XSA-2 {place.short(USE)} use it\n└── change {place.short(PREPARE)} prepare\n", "")


# Wrong usage


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (["prereqs"], "no base was given", "give the base of the patches: --onto RELEASE-4.17.3"),
        (["prereqs", "x"], "no base was given", "give the base of the patches: --onto RELEASE-4.17.3"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "x"],
         "give either advisories (--xsa), or commits, or patch files", "see git help xsa-prereqs"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "4"],
         "give either advisories (--xsa), or commits, or patch files",
         "put commas between advisories (--xsa 9002,9003); see git help xsa-prereqs"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "--json", "--why"], "--json includes the reasons",
         "leave out --why and --graph"),
        (["prereqs", "--onto", RELEASE, "--xsa", "2", "--json", "--graph"], "--json includes the reasons",
         "leave out --why and --graph"),
        (["prereqs", "--stdin", "--onto", RELEASE], "--stdin reads the base and the commits from its input",
         "see git help xsa-prereqs"),
        (["prereqs", "--stdin", "HEAD"], "--stdin reads the base and the commits from its input",
         "see git help xsa-prereqs"),
        (["check", "--branch", "2.*"], "no stable branch matches '2.*'", "git branch -a lists the branches"),
        (["check", "--onto", RELEASE, "--branch", "2.*"], "no stable branch matches '2.*'",
         "with --onto, --branch must match exactly one branch, that of the base"),
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
    assert done.err.splitlines()[0] == (f"error: argument --xsa: {word!r} is not an advisory number (499 or XSA-499)")


def test_a_file_and_a_commit(place: Place, tmp_path: Path) -> None:
    (tmp_path / "x.patch").write_bytes(place.patch(USE))
    done = place.run("prereqs", "--onto", RELEASE, str(tmp_path / "x.patch"), "HEAD")

    what = f"error: {tmp_path}/x.patch is a file and HEAD a commit\n"
    assert done == (129, "", what + "hint: give only commits or only files\n")


def test_wrong_usage_of_a_process_is_no_signal(place: Place) -> None:
    """Status 129 was once taken for the end by SIGHUP, and the shell said "Hangup"."""
    for words in (["--nonsense"], ["--branch", "nothing"], ["-h"]):
        process = start(place.folder, "check", *words)
        process.communicate(timeout=60)
        assert process.returncode == 129
