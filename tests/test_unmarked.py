"""Commits without a mark among the patches of an advisory: patches of it, or named as a warning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from hypothesis import given
from hypothesis import strategies as st
from repositories import JANE, Draft, Place, run

from git_xsa.git.log import LoggedCommit
from git_xsa.model.unmarked import BEHIND, PUSH, WIDEST, standing_between, touches_the_same

BOB = "Bob <bob@example.org>"
MARK = "\n\nThis is part of XSA-1."
OTHERS = "".join(f"int other_{number}(int a)\n{{\n    return a;\n}}\n\n" for number in range(4))


def page(stop: str, fail: str, put: str) -> bytes:
    """Return a file with three functions that deal with flags of a page, far from each other."""
    bodies = (("stop", f"    page->flags = {stop};\n"), ("fail", fail), ("put", f"    if ( page->flags & {put} )\n"))
    parts = [f"void {name}(struct page *page)\n{{\n{body}    return;\n}}\n\n{OTHERS}" for name, body in bodies]
    return "".join(parts).encode()


BOTH, ONE = b"#define P_set 1\n#define P_ref 2\n", b"#define P_set 1\n"


def pushed() -> Draft:
    """Return a repository whose commits are all of one push."""
    draft = Draft()
    draft.step = 60
    return draft


def series(subject: str = "make P_set and P_ref one", author: str = JANE, step: int = 60) -> Draft:
    """Return XSA-299's shape: the first patch sets two flags, the second, without a mark, makes one of them, the third
    sets that one alone; then a commit that belongs to none.  They are the commits 3, 4 and 5."""
    draft = pushed()
    draft.commit("root", {"y.c": page("P_set", "", "P_ref"), "y.h": BOTH, "z.c": b"int z;\n"})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit(f"always hold a reference{MARK}", {"y.c": page("P_set | P_ref", "", "P_ref")})
    draft.author = author
    draft.commit(subject, {"y.c": page("P_set", "", "P_set"), "y.h": ONE})
    draft.author, draft.step = JANE, step
    draft.commit(f"handle failure{MARK}", {"y.c": page("P_set", "    page->flags = P_set;\n", "P_set")})
    draft.commit("tip", {"z.c": b"int z = 1;\n"})
    return draft


def check(place: Place, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.run("check", "--onto", "RELEASE-1.0.1", *words, "--json").out)["results"][
        0
    ]
    return found


def patches(answer: Mapping[str, Any]) -> list[str]:
    return [entry["id"] for entry in answer["queue"] if entry["role"] == "patch"]


def test_a_commit_between_the_patches_is_one_of_them(tmp_path: Path) -> None:
    place = series().write(tmp_path / "clone")
    answer = check(place)
    assert (answer["state"], patches(answer)) == ("applies", [place[3], place[4], place[5]])
    assert [patch["xsa"] for patch in answer["patches"]] == [1, 1, 1]
    assert answer["unmarked"] == [
        {
            "commit": place[4],
            "subject": "make P_set and P_ref one",
            "xsa": 1,
            "between": [place[3], place[5]],
            "role": "patch",
        }
    ]
    out = place.run("check", "--onto", "RELEASE-1.0.1").out.splitlines()
    at = next(number for number, line in enumerate(out) if place.short(4) in line)
    assert out[at + 1].strip() == "not marked; stands between the patches of XSA-1"
    assert "1 outstanding XSA in 3 commits: applies" in out[1]


def test_a_base_between_the_patches_knows_what_it_has(tmp_path: Path) -> None:
    """The base has the first patch, on the branch or as a change of its own; the one without a mark is lost else."""
    place = series().write(tmp_path / "clone")
    squash = place.git("commit-tree", f"{place[3]}^{{tree}}", "-p", place[2], "-m", "all of it")
    for base in (place[3], squash):
        said = place.run("check", "--onto", base, "--json")
        assert said.status < 2, said
        answer = json.loads(said.out)["results"][0]
        assert patches(answer) == [place[4], place[5]], base
        assert [one["between"] for one in answer["unmarked"]] == [[place[3], place[5]]], base


@pytest.mark.parametrize("words", [("--xsa", "1"), ("--stdin",), ()])
def test_it_is_in_the_answer_however_the_fix_is_asked_for(words: tuple[str, ...], tmp_path: Path) -> None:
    place = series().write(tmp_path / "clone")
    commits = (place[3], place[5])
    if words == ("--stdin",):
        done = place.run("prereqs", "--stdin", "--json", given=f"RELEASE-1.0.1 {' '.join(commits)}\n")
    else:
        done = place.run("prereqs", "--onto", "RELEASE-1.0.1", *(words or commits), "--json")
    answer = json.loads(done.out)
    queue = [entry if isinstance(entry, str) else entry["id"] for entry in answer["queue"]]
    assert queue == [place[3], place[4], place[5]]
    assert [one["role"] for one in answer["unmarked"]] == ["patch"]


def test_it_does_not_depend_on_what_was_asked_about_before(tmp_path: Path) -> None:
    """The release in the middle of the fix is asked about with and without the older one."""
    draft = pushed()
    draft.commit("root", {"y.c": page("P_set", "", "P_ref"), "y.h": BOTH, "z.c": b"int z;\n"})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit(f"always hold a reference{MARK}", {"y.c": page("P_set | P_ref", "", "P_ref")})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit("make one", {"y.c": page("P_set", "", "P_set"), "y.h": ONE})
    draft.commit(f"handle failure{MARK}", {"y.c": page("P_set", "    page->flags = P_set;\n", "P_set")})
    place = draft.write(tmp_path / "clone")
    both = place.run("check", "--onto", "RELEASE-1.0.0", "--onto", "RELEASE-1.0.1", "--json")
    assert json.loads(both.out)["results"][1] == check(place)


def test_one_of_its_commits_asks_for_nothing_else(tmp_path: Path) -> None:
    place = series().write(tmp_path / "clone")
    answer = json.loads(place.run("prereqs", "--onto", "RELEASE-1.0.1", place[3], "--json").out)
    assert ([entry["id"] for entry in answer["queue"]], "unmarked" in answer) == ([place[3]], False)


@pytest.mark.parametrize(("author", "step"), [(BOB, 60), (JANE, PUSH + 1)])
def test_what_is_not_certain_is_a_warning(author: str, step: int, tmp_path: Path) -> None:
    """It is by another author, or the next patch was pushed later."""
    place = series("do it", author, step).write(tmp_path / "clone")
    answer = check(place)
    assert patches(answer) == [place[3], place[5]]
    assert [(one["commit"], one["role"]) for one in answer["unmarked"]] == [(place[4], None)]
    words = f"warning: {place.short(4)} do it stands between the patches of XSA-1, but is not marked"
    assert words in place.run("check", "--onto", "RELEASE-1.0.1").out
    assert words in place.run("check", "--onto", "RELEASE-1.0.1", "--each").out
    assert words in place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "1").out
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "1", "-o", str(out))
    assert words in done.out
    assert f"Look at:   {place.short(4)} do it" in (out / "README").read_text()


def test_one_that_touches_nothing_of_the_later_patches_is_a_warning(tmp_path: Path) -> None:
    draft = pushed()
    draft.commit("root", {"y.c": page("P_set", "", "P_ref"), "z.c": b"int z;\n"})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit(f"first{MARK}", {"y.c": page("P_set | P_ref", "", "P_ref")})
    draft.commit("something else", {"z.c": b"int z = 3;\n"})
    draft.commit(f"second{MARK}", {"y.c": page("P_set | P_ref", "    page->flags = P_set;\n", "P_ref")})
    place = draft.write(tmp_path / "clone")
    answer = check(place)
    assert patches(answer) == [place[3], place[5]]
    assert [(one["commit"], one["role"]) for one in answer["unmarked"]] == [(place[4], None)]


def test_the_export_has_it_and_says_why(tmp_path: Path) -> None:
    place = series().write(tmp_path / "clone")
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "1", "-o", str(out))
    assert done.status == 0
    assert "0002-xsa1-make-P_set-and-P_ref-one.patch" in done.out
    assert "XSA-1 (not marked; stands between the patches of XSA-1)" in (out / "README").read_text()
    run(tmp_path, "import", str(out))
    assert patches(check(place)) == [place[3], place[4], place[5]]


def test_refreshing_keeps_it(tmp_path: Path) -> None:
    """Nothing but context asks for it."""
    draft = pushed()
    lines = [f"line {number}" for number in range(30)]

    def text(**changed: str) -> bytes:
        return "".join(f"{changed.get(line.replace(' ', ''), line)}\n" for line in lines).encode()

    draft.commit("root", {"a.c": text()})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit(f"one{MARK}", {"a.c": text(line3="use_it(1)")})
    draft.commit("two", {"a.c": text(line3="use_it(1)", line10="use_it(2)")})
    draft.commit(f"three{MARK}", {"a.c": text(line3="use_it(1)", line10="use_it(2)", line12="use_it(3)")})
    place = draft.write(tmp_path / "clone")
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "1", "--refresh", "-o", str(out))
    assert done.status == 0
    assert len(list(out.glob("*.patch"))) == 3


def test_a_text_that_names_the_patches_leaves_nothing_to_find(tmp_path: Path) -> None:
    place = series().write(tmp_path / "clone")
    files = {"xsa1-1.patch": place.patch(3), "xsa1-2.patch": place.patch(5)}
    folder = tmp_path / "in"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert run(tmp_path, "import", str(folder)).status == 0
    assert patches(check(place)) == [place[3], place[4], place[5]]
    text = advisory(1, 1, [("xsa1-?.patch", "xen-unstable - Xen 1.0.x")], files)
    (folder / "advisory-1.txt").write_bytes(text)
    assert run(tmp_path, "import", str(folder)).status == 0
    answer = check(place)
    assert (patches(answer), "unmarked" in answer) == ([place[3], place[5]], False)


@pytest.mark.parametrize("picked", [True, False])
def test_a_base_beside_the_branch(picked: bool, tmp_path: Path) -> None:
    """One that has the commit already is not asked for it; one that can't take it gets a warning."""
    draft = series()
    draft.branch("mine", 2)
    if picked:
        draft.commit(f"always hold a reference{MARK}", {"y.c": page("P_set | P_ref", "", "P_ref")}, on="mine")
        draft.commit("make one", {"y.c": page("P_set", "", "P_set"), "y.h": ONE}, on="mine")
    else:
        draft.commit("our own way", {"y.h": b"#define P_set 4\n#define P_ref 8\n"}, on="mine")
    place = draft.write(tmp_path / "clone")
    commits = (place[3], place[5])
    done = place.run("prereqs", "--onto", "mine", "--tip", "stable-1.0", *commits, "--json")
    answer = json.loads(done.out)
    if picked:
        assert "unmarked" not in answer
    else:
        assert answer["state"] == "applies"
        assert [entry["id"] for entry in answer["queue"]] == [place[3], place[5]]
        assert [one["role"] for one in answer["unmarked"]] == [None]


def test_a_base_beside_the_branch_that_has_the_first_patch(tmp_path: Path) -> None:
    draft = series()
    draft.branch("mine", 2)
    draft.commit("ours", {"y.c": page("P_set | P_ref", "", "P_ref")}, on="mine")
    place = draft.write(tmp_path / "clone")
    done = place.run("check", "--onto", "mine", "--branch", "stable-1.0", "--xsa", "1", "--json")
    answer = json.loads(done.out)["results"][0]
    assert [entry["id"] for entry in answer["queue"]] == [place[4], place[5]]


# The rule itself


def commit(author: str = JANE, date: int = 0, merge: bool = False) -> LoggedCommit:
    return LoggedCommit("0" * 40, "", date, "words", author, merge)


def positions(
    commits: Sequence[LoggedCommit], fixes: Sequence[int], marked: Sequence[int] = ()
) -> list[tuple[int, bool]]:
    return [(one.position, one.joined) for one in standing_between(commits, 1, fixes, {*fixes, *marked})]


@pytest.mark.parametrize(
    ("commits", "found"),
    [
        ([commit(), commit(), commit()], [(2, True)]),
        ([commit(), commit(BOB), commit()], [(2, False)]),
        ([commit(), commit(), commit(BOB)], [(2, False)]),
        ([commit(BOB), commit(), commit()], [(2, False)]),
        ([commit(), commit("Jane Doe <jane@elsewhere.org>"), commit()], [(2, True)]),
        ([commit(), commit("J. Doe <JANE@example.org>"), commit()], [(2, True)]),
        ([commit(), commit(merge=True), commit()], []),
        ([commit(), commit(date=PUSH), commit(date=2 * PUSH)], [(2, True)]),
        ([commit(), commit(date=PUSH + 1), commit(date=PUSH + 2)], []),
        ([commit(), commit(date=1), commit(date=PUSH + 2)], [(2, False)]),
        ([commit(), commit(BOB, date=1), commit(date=PUSH + 2)], []),
        ([commit(author=""), commit(author=""), commit(author="")], [(2, False)]),
        ([commit()] * (WIDEST + 2), [(number, True) for number in range(2, WIDEST + 2)]),
        ([commit()] * (WIDEST + 3), [(number, False) for number in range(2, 2 + BEHIND)]),
    ],
)
def test_what_stands_between(commits: list[LoggedCommit], found: list[tuple[int, bool]]) -> None:
    assert positions(commits, [1, len(commits)]) == found


def test_what_has_a_mark_of_another_advisory_is_none() -> None:
    assert positions([commit()] * 4, [1, 4], [2]) == [(3, True)]


@given(
    st.lists(st.tuples(st.sampled_from([JANE, BOB, ""]), st.integers(0, 4 * PUSH), st.booleans()), max_size=40),
    st.sets(st.integers(1, 40)),
    st.sets(st.integers(1, 40)),
)
def test_only_what_is_between_is_named_and_once(
    facts: list[tuple[str, int, bool]], fixes: set[int], others: set[int]
) -> None:
    commits = [commit(*fact) for fact in facts]
    own = sorted(number for number in fixes if number <= len(commits))
    found = positions(commits, own, sorted(others))
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    for number, joined in found:
        assert own[0] < number < own[-1]
        assert number not in fixes | others
        assert not joined or commits[number - 1].author


HEAD = b"diff --git a/%b b/%b\nindex 1..2 100644\n--- a/%b\n+++ b/%b\n"


def hunk(name: bytes, heading: bytes, body: bytes) -> bytes:
    return HEAD % (name, name, name, name) + b"@@ -1,9 +1,9 @@ " + heading + b"\n" + body


@pytest.mark.parametrize(
    ("diff", "later", "same"),
    [
        (hunk(b"a", b"void f(int a)", b"-    x\n+    y\n"), hunk(b"a", b"void f(int a)", b"-    p\n+    q\n"), True),
        (hunk(b"a", b"void f(int a)", b"-    x\n+    y\n"), hunk(b"b", b"void f(int a)", b"-    p\n+    q\n"), False),
        (hunk(b"a", b"void f(int a)", b"-    x\n+    y\n"), hunk(b"a", b"void g(int a)", b"-    p\n+    q\n"), False),
        (
            hunk(b"a", b"void g(int a)", b" }\n int f(void)\n {\n-    x\n"),
            hunk(b"a", b"int f(void)", b"+    q\n"),
            True,
        ),
        (
            hunk(b"a", b"void g(int a)", b" }\n \n int f(void)\n+    x\n"),
            hunk(b"a", b"int f(void)", b"+    q\n"),
            True,
        ),
        (hunk(b"a", b"void g(int a)", b" }\n \n int f(void)\n"), hunk(b"a", b"int f(void)", b"+    q\n"), False),
        (hunk(b"a", b"", b"-#define P_ref 1\n"), hunk(b"b", b"", b"+use(P_ref);\n"), True),
        (hunk(b"a", b"", b"-#define P_ref 1\n+#define P_ref 2\n"), hunk(b"b", b"", b"+use(P_ref);\n"), False),
        (hunk(b"a", b"", b"-/* when the page is there */\n"), hunk(b"b", b"", b"+/* the page is not */\n"), False),
        (hunk(b"a", b"", b"-use(P_ref);\n"), hunk(b"b", b"", b" use(P_ref);\n+x\n"), False),
        (b"", hunk(b"a", b"void f(int a)", b"-    x\n+    y\n"), False),
        (b"diff --git a/x b/x\nGIT binary patch\nliteral 0\n", b"diff --git a/x b/x\nGIT binary patch\nx\n", False),
    ],
)
def test_what_touches_the_same(diff: bytes, later: bytes, same: bool) -> None:
    assert touches_the_same(diff, later) == same
