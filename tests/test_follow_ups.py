"""Later commits of a branch that say they fix one of a queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from histories import content, diff
from repositories import Draft, Place, git, numbered

from git_xsa.model.change import FileChange
from git_xsa.model.follow_ups import Fixing, FollowUp, changes_code, fixed_commits, follow_ups

ORIGINAL = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ('fix\n\nFixes: 0123456789ab ("title")', {"0123456789ab"}),
        ("fix\n\nFixes: commit 0123456 (title)\nFixes 89abcdef0123", {"0123456", "89abcdef0123"}),
        (f"Revert x\n\nThis reverts commit {ORIGINAL}.", {ORIGINAL}),
        (f"Revert a part\n\nThis reverts part of commit {ORIGINAL[:12]}.", {ORIGINAL[:12]}),
        ("this fixes: nothing that is named", set()),
        ("Fixes: 12345 is too short", set()),
    ],
)
def test_what_a_message_says_it_fixes(message: str, names: set[str]) -> None:
    assert fixed_commits(message) == names


def found(names: Sequence[str], fixing: dict[int, set[str]], queue: set[int]) -> list[FollowUp]:
    return follow_ups(lambda position: names[position - 1].split(), Fixing(fixing), queue)


def test_the_pick_is_found_by_the_name_of_its_original_or_by_its_own() -> None:
    names = [f"aaaaaaaaaaaa {ORIGINAL}", "bbbbbbbbbbbb", "cccccccccccc"]
    assert found(names, {2: {ORIGINAL[:12]}, 3: {"aaaaaaa"}}, {1}) == [FollowUp(2, 1), FollowUp(3, 1)]
    assert found(names, {2: {ORIGINAL[:12]}}, {3}) == []


def test_what_fixes_a_follow_up_is_one() -> None:
    names = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"]
    fixing = {2: {"aaaaaaaaaa"}, 3: {"bbbbbbbbbb"}, 4: {"eeeeeeeeee"}}
    assert found(names, fixing, {1}) == [FollowUp(2, 1), FollowUp(3, 2)]


def test_an_earlier_commit_is_no_follow_up() -> None:
    assert found(["aaaaaaaaaaaa", "bbbbbbbbbbbb"], {1: {"bbbbbbbbbb"}}, {2}) == []


def change(path: str, old: str, new: str) -> FileChange:
    hunks = tuple(diff(old.encode(), new.encode()))
    return FileChange(path.encode(), path.encode(), "100644", "100644", hunks)


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("xen/a.c", "a = 1;\n", "a = 2;\n", True),
        ("xen/a.c", "a = 1; /* one */\n", "a = 1; /* two */\n", False),
        ("xen/a.c", "a = 1; // one\n", "a  =  1;\n\n", False),
        ("xen/a.c", "/* one\n * two */\nf(a,\n  b);\n", "/*\n * two, three\n */\nf(a, b);\n", False),
        ("xen/a.c", " * one\n * two\n * three\n", " * one\n * 2\n * three\n", False),
        ("xen/a.c", "x = y\n    * two\n    + 1;\n", "x = y\n    * 3\n    + 1;\n", True),
        ("xen/a.c", " * one */\n int a;\n", " * 1 */\n int a;\n", False),
        ("xen/a.c", " * one */\n int a;\n", " * one */\n int b;\n", True),
        ("xen/Makefile", "obj-y += a.o # one\n", "obj-y += a.o # two\n", False),
        ("xen/Makefile", "obj-y += a.o\n", "obj-y += b.o\n", True),
        ("docs/misc/x.pandoc", "a\n", "b\n", False),
        ("SUPPORT.md", "a\n", "b\n", False),
        ("tools/x.ml", "(* a *)\n", "(* b *)\n", True),  # a language whose comments are not known
        ("xen/a.c", 'a = "/* one */";\n', 'a = "/* two */";\n', False),  # a known blind spot: a comment in a string
    ],
)
def test_what_changes_code(path: str, old: str, new: str, code: bool) -> None:
    assert changes_code([change(path, old, new)]) is code


def test_new_files_names_and_modes_are_code() -> None:
    assert changes_code([FileChange(None, b"a.c", None, "100644")])
    assert changes_code([FileChange(b"a.c", b"b.c", "100644", "100644")])
    assert changes_code([FileChange(b"a.c", b"a.c", "100644", "100755")])
    assert content("a") == b"a\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch with a fix whose own fix comes later, needs the commit between them, and has a fix itself."""
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(40)})
    fix = numbered(40, {10: "fix"})
    draft.commit(f"fix\n\nThis is XSA-3.\n\n(cherry picked from commit {ORIGINAL})", {"a.c": fix})
    tidied = numbered(40, {10: "fix", 12: "tidied"})
    draft.commit("tidy", {"a.c": tidied})
    mended = numbered(40, {10: "mended", 12: "tidied"})
    draft.commit(f'mend\n\nFixes: {ORIGINAL[:12]} ("fix")', {"a.c": mended})
    place = draft.write(tmp_path / "clone")
    place.git("checkout", "-q", "stable-1.0")
    (place.folder / "a.c").write_bytes(numbered(40, {10: "mended well", 12: "tidied"}))
    place.git("commit", "-qam", f"mend again\n\nFixes: {place.ids[4][:12]}")
    (place.folder / "a.c").write_bytes(numbered(40, {10: "mended well", 12: "tidied", 30: "// words"}))
    place.git("commit", "-qam", f"words\n\nFixes: {place.ids[4][:12]}")
    return place


def subjects(answer: str, key: str) -> list[str]:
    result = json.loads(answer)
    return [one["subject"] for one in result.get("results", [result])[0].get(key, [])]


def test_check_lists_them_and_says_no(place: Place) -> None:
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3")
    assert done.status == 1
    head = "  3 later commits of stable-1.0 say that they fix what is in the queue (--follow-ups adds them):\n"
    assert head in done.out
    assert done.out.index("mend again") < done.out.index("Apply in this order")
    listed = json.loads(place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json").out)["results"][0]
    assert [(one["subject"], one["needed"], one["role"]) for one in listed["follow_ups"]] == [
        ("mend", True, None),
        ("mend again", True, None),
        ("words", True, None),  # a line of code became a comment
    ]
    assert listed["follow_ups"][1]["fixes"] == [place[4]]


def test_they_are_added_with_what_they_need(place: Place) -> None:
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--follow-ups", "--json")
    answer = json.loads(done.out)
    assert done.status == 0
    assert [one["role"] for one in answer["queue"]] == ["patch", "prerequisite", *["follow-up"] * 3]
    assert [one["subject"] for one in answer["patches"]] == ["fix"]
    assert place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--follow-ups").status == 1  # a prerequisite


def test_the_configuration_decides(place: Place) -> None:
    place.git("config", "xsa.followUps", "ignore")
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json")
    assert (done.status, subjects(done.out, "follow_ups")) == (0, [])
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json", "--follow-ups=list")
    assert (done.status, subjects(done.out, "follow_ups")) == (1, ["mend", "mend again", "words"])
    place.git("config", "xsa.followUps", "often")
    assert "it must be list, add or ignore" in place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3").err


def test_what_the_base_has_is_not_listed(place: Place) -> None:
    assert subjects(place.run("check", "--onto", place[3], "--xsa", "3", "--json").out, "follow_ups") == []
    place.git("checkout", "-q", "-b", "mine", "RELEASE-1.0.0")
    (place.folder / "a.c").write_bytes(numbered(40, {10: "mended well", 12: "tidied", 20: "ours", 30: "// words"}))
    place.git("commit", "-qam", "all of it, squashed")
    assert place.run("check", "--onto", "mine").status == 0


def test_an_export_tells_and_adds_them(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "listed"
    assert place.run("export", "--onto", "RELEASE-1.0.0", "--xsa", "3", "-o", str(out)).status == 0
    assert "Later fix: " in (out / "README").read_text()
    out = tmp_path / "added"
    done = place.run("export", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--follow-ups", "-o", str(out))
    assert done.status == 0, done.err
    text = (out / "README").read_text()
    assert "Later fix: " not in text
    assert "1 patch and 1 prerequisite, and 3 follow-ups" in text


@pytest.fixture
def newer(tmp_path: Path) -> Place:
    """Return two stable branches and the development branch, which has a fix of XSA-3 that only the newer one has, a
    fix of that, one that both have and one for documentation."""
    draft = Draft()
    base = draft.release("1.0.0", {"a.c": numbered(40)})
    original = draft.commit("fix", {"a.c": numbered(40, {10: "fix"})}, on="master", after=base)
    place = draft.write(tmp_path / "clone")
    place.git("checkout", "-q", "master")

    def commit(changed: dict[int, str], message: str) -> str:
        (place.folder / "a.c").write_bytes(numbered(40, {10: "fix", **changed}))
        dates = {"GIT_COMMITTER_DATE": f"{2_000_000_000 + 60 * len(changed)} +0000"}
        git(place.folder, "commit", "-qam", message, environment=dates)
        return place.git("rev-parse", "HEAD")

    fixes = f"Fixes: {place[original][:12]}"
    both = commit({20: "one"}, f"mend one\n\n{fixes}")
    alone = commit({20: "one", 30: "two"}, f"mend two\n\n{fixes}")
    commit({20: "one", 30: "two", 35: "three"}, f"mend it well\n\nFixes: {alone[:12]}")
    commit({20: "one", 30: "two /* x */", 35: "three", 39: "line 39"}, f"words\n\n{fixes}")
    for name, picked in (("stable-1.0", [place[original], both]), ("stable-1.1", [place[original], both, alone])):
        place.git("checkout", "-q", "-B", name, "RELEASE-1.0.0")
        for one in picked:
            place.git("cherry-pick", "-x", one)
            mark = "\n\nThis is XSA-3." if one == place[original] else ""
            place.git("commit", "-q", "--amend", "-m", place.git("log", "-1", "--format=%B").rstrip() + mark)
    return place


def test_what_newer_branches_have_is_named(newer: Place, tmp_path: Path) -> None:
    done = newer.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json")
    assert subjects(done.out, "follow_ups") == ["mend one"]
    (found,) = json.loads(done.out)["results"]
    assert [(one["subject"], one["branch"]) for one in found["follow_ups_elsewhere"]] == [
        ("mend two", "master"),
        ("mend it well", "master"),
    ]
    queue = [one["id"] for one in found["queue"]]
    assert [one["fixes"] for one in found["follow_ups_elsewhere"]] == [queue, queue]
    answer = newer.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--follow-ups")
    assert answer.status == 0  # nothing that anybody could take from the branch
    assert "  2 commits that stable-1.0 lacks say that they fix what is in the queue:\n" in answer.out
    out = tmp_path / "out"
    assert newer.run("export", "--onto", "RELEASE-1.0.0", "--xsa", "3", "-o", str(out)).status == 0
    assert "mend two of master says that it fixes" in (out / "README").read_text()


def test_what_a_base_has_from_a_newer_branch_is_not_named(newer: Place) -> None:
    newer.git("checkout", "-q", "-b", "mine", "RELEASE-1.0.0")
    (newer.folder / "b.c").write_bytes(b"ours\n")
    newer.git("add", ".")
    newer.git("commit", "-qm", f"ours\n\n(cherry picked from commit {newer.git('rev-parse', 'master~2')})")
    done = newer.run("check", "--onto", "mine", "--xsa", "3", "--json")
    assert subjects(done.out, "follow_ups_elsewhere") == []


def test_nothing_of_it_where_it_is_ignored(newer: Place) -> None:
    newer.git("config", "xsa.followUps", "ignore")
    done = newer.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json")
    assert subjects(done.out, "follow_ups_elsewhere") == []


def test_what_was_found_once_is_kept_and_what_cannot_be_read_is_found_again(newer: Place, sealed: Path) -> None:
    def named() -> list[str]:
        done = newer.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json")
        return subjects(done.out, "follow_ups_elsewhere")

    assert named() == ["mend two", "mend it well"]
    (kept,) = (sealed / "cache" / "git-xsa" / "fixes").iterdir()
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"mend" not in kept.read_bytes()
    for damaged in (kept.read_bytes(), b"", b"{", b"[[]]", b"[1,[]]", b'{"a":[],"b":[]}', b"[[],[1]]"):
        kept.write_bytes(damaged)
        assert named() == ["mend two", "mend it well"]
    kept.write_bytes(b"[[],[]]")
    assert named() == [], "it is not read"
