"""git xsa-resolve: a person, played by the tests, adapts what is in conflict, and it is in the queue from then on."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import Answer, Draft, Place, git, numbered, run, snapshot

from git_xsa.demo import write
from git_xsa.export.formats import FORMATS

OWN = {10: "ours", 30: "also ours", 48: "mine"}


def draft() -> Draft:
    """Return a branch of which ``own`` has lines of its own: at 10, which XSA-1 changes, at 30, and at 48, which is
    context of XSA-6.

    XSA-2 needs a prerequisite, XSA-3 is two commits of which one comes after XSA-1, and XSA-4 needs nothing.
    """
    made = Draft()
    base = made.release("1.0.0", {"a.c": numbered(60), "b.c": numbered(40), "c.c": numbered(40)})
    made.commit("one\n\nThis is XSA-1.", {"a.c": numbered(60, {10: "one"})})
    made.commit("prepare", {"b.c": numbered(40, {20: "ready"})})
    made.commit("two\n\nThis is XSA-2.", {"b.c": numbered(40, {20: "two"})})
    made.commit("three\n\nThis is part of XSA-3.", {"c.c": numbered(40, {10: "three"})})
    made.commit("three, too\n\nThis is part of XSA-3.", {"a.c": numbered(60, {10: "one", 11: "three"})})
    made.commit("four\n\nThis is XSA-4.", {"c.c": numbered(40, {10: "three", 30: "four"})})
    made.commit("six\n\nThis is XSA-6.", {"a.c": numbered(60, {10: "one", 11: "three", 50: "six"})})
    made.commit("ours", {"a.c": numbered(60, OWN)}, on="own", after=base)
    made.commit("later", {"d.c": b"more\n", "a.c": numbered(60, {**OWN, 58: "moved"})}, on="next")
    made.branch("next", 9)
    made.commit("later", {"d.c": b"more\n", "a.c": b"new\n" + numbered(60, {**OWN, 58: "more"})}, on="next")
    made.commit("otherwise", {"a.c": numbered(60, {**OWN, 8: "otherwise"})}, on="other", after=9)
    return made


@pytest.fixture
def place(tmp_path: Path, sealed: Path) -> Place:
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    return draft().write(tmp_path / "clone")


def tree_of(answer: Answer) -> Path:
    """Return the work tree that an answer names."""
    found = re.search(r"work tree: (.*)", answer.out)
    assert found is not None, answer
    return Path(found[1])


def by_hand(tree: Path, **files: bytes) -> None:
    """Do what a person does: write ``files`` (``a_c`` is ``a.c``) and mark them as resolved."""
    for name, content in files.items():
        (tree / name.replace("_", ".")).write_bytes(content)
    git(tree, "add", "--update")


def resolve_one(place: Place, onto: str = "own") -> Answer:
    """Adapt XSA-1 for ``onto``: both its line and the base's own."""
    tree = tree_of(place.run("resolve", "--onto", onto, "--xsa", "1"))
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one"}))
    return place.run("resolve", "--continue")


def applied(place: Place, folder: Path, onto: str = "own") -> str:
    """Put the exported series on ``onto`` and return the tree that comes of it."""
    place.git("checkout", "--quiet", onto)
    for name in (folder / "series").read_text(encoding="utf-8").split():
        subprocess.run(("git", "apply", "--index", str(folder / name)), cwd=place.folder, check=True)
    tree = place.git("write-tree")
    place.git("reset", "--hard", "--quiet")
    return tree


# The work tree


def test_the_conflict_is_shown_outside_of_the_repository(place: Place, tmp_path: Path) -> None:
    place.git("config", "merge.conflictStyle", "diff3")
    before = snapshot(place.folder)

    done = place.run("resolve", "--onto", "own", "--xsa", "1,4")

    assert snapshot(place.folder) == before
    tree = tree_of(done)
    assert done.status == 1
    assert f"XSA-1: {place.short(2)} one does not apply to own\n" in done.out
    assert "  both modified         a.c\n" in done.out
    assert tree.is_relative_to(tmp_path / "store")
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "store").rglob("*") if not path.is_symlink()}
    assert not [mode for mode in modes if mode & 0o077]
    assert (tree / "a.c").read_text(encoding="utf-8").splitlines()[9:16] == [
        "<<<<<<< own", "ours", "||||||| stable-1.0 before it", "line 10", "=======", "one",
        f">>>>>>> {place.short(2)} one",
    ]  # fmt: skip
    assert git(tree, "remote") == ""
    assert git(tree, "status", "--porcelain") == "UU a.c"


def test_without_diff3_the_conflict_has_two_parts(place: Place) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1"))
    assert "|||||||" not in (tree / "a.c").read_text(encoding="utf-8")


def test_the_queue_before_the_conflict_is_there(place: Place) -> None:
    done = place.run("resolve", "--onto", "own", "--xsa", "2,6")
    tree = tree_of(done)
    assert "does not apply to own after 2 patches of the queue" in done.out
    assert (tree / "b.c").read_bytes() == numbered(40, {20: "two"})
    assert (tree / "a.c").read_bytes() == numbered(60, OWN | {50: "six"}), "git's merge needs no equal context"
    assert "no file conflicts" in done.out


def test_marks_that_are_left_are_refused(place: Place) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1"))
    before = (tree / "a.c").read_bytes()
    git(tree, "add", "a.c")
    done = place.run("resolve", "--continue")
    assert (done.status, done.out) == (1, "")
    assert "error: conflict markers remain in a.c\n" in done.err
    assert (tree / "a.c").read_bytes() == before
    by_hand(tree, a_c=numbered(60, OWN))
    done = place.run("resolve", "--continue")
    assert (done.status, done.out) == (1, "")
    assert "--skip" in done.err
    assert run(place.folder, "resolve", "--list").out == ""


# The adapted patch


def test_an_adapted_patch_is_part_of_the_queue_and_said_to_be(place: Place, tmp_path: Path) -> None:
    done = resolve_one(place)
    assert done.status == 0
    assert f"XSA-1: {place.short(2)} is adapted by hand to own (xsa1-{place.short(2)}-1)\n" in done.out
    assert "no patch conflicts with own, so there is no work tree" in done.out
    assert "hint: git xsa-export --onto own has the adapted patches in its queue" in done.err

    folder = tmp_path / "out"
    done = place.run("export", "--onto", "own", "--xsa", "1,2", "-o", str(folder))

    assert done.status == 0
    assert "XSA-1, XSA-2 need 1 prerequisite on own, with 1 patch adapted by hand\n" in done.out
    name = "0001-xsa1-one.adapted.patch"
    assert f"XSA-1, adapted  {name}\n" in done.out
    readme = (folder / "README").read_text(encoding="utf-8")
    assert "Adapted:   1 patch, not as published: see below\n" in readme
    assert "    XSA-1, adapted by hand to own\n" in readme
    assert "    as published: published/0001-xsa1-one.patch\n" in readme
    text = (folder / name).read_text(encoding="utf-8")
    assert "Subject: [PATCH] one\n" in text
    assert "Not as it was published: adapted by hand to own.\n" in text
    assert "+one\n" in (folder / "published" / "0001-xsa1-one.patch").read_text(encoding="utf-8")
    manifest = json.loads((folder / "xsa-queue.json").read_text(encoding="utf-8"))
    assert [entry.get("adapted") for entry in manifest["queue"]] == ["adapted by hand to own", None, None]
    tree = applied(place, folder)
    assert place.git("cat-file", "blob", f"{tree}:a.c") + "\n" == numbered(60, OWN | {10: "ours and one"}).decode()
    assert place.run("export", "--verify", str(folder), "--onto", "own").status == 0


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "branch"])
def test_every_format_takes_it_and_says_so(form: str, place: Place, tmp_path: Path) -> None:
    resolve_one(place)
    done = place.run("export", "--onto", "own", "--xsa", "1", "--format", form, "-o", str(tmp_path / "out"))
    assert done.status == 0, done
    contents = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any(b"ours and one" in content for content in contents)
    assert any(b"adapted by hand to own" in content and b"xsa-queue" not in content for content in contents)
    if form in ("rpm", "nix", "guilt"):
        lists = ("xsa-patches.inc", "patches.nix", "series")
        [listing] = [path for path in (tmp_path / "out").rglob("*") if path.name in lists]
        assert "XSA-1, adapted by hand to own" in listing.read_text(encoding="utf-8")


def test_a_branch_has_it_with_a_trailer(place: Place) -> None:
    resolve_one(place)
    assert place.run("export", "--onto", "own", "--xsa", "1,2", "--format", "branch", "-o", "made").status == 0
    assert place.git("cat-file", "blob", "made:a.c") + "\n" == numbered(60, OWN | {10: "ours and one"}).decode()
    first = place.git("log", "--format=%B", "--reverse", "own..made").split("two")[0]
    assert f"Xsa-Origin: commit {place[2]}\nXsa-Adapted: adapted by hand to own\nXsa-Fixes: XSA-1\n" in first


def test_check_and_prereqs_say_what_is_adapted(place: Place) -> None:
    resolve_one(place)

    done = place.run("check", "--onto", "own", "--xsa", "1,4")
    assert done.status == 1
    assert "2 outstanding XSAs in 2 commits: all apply, in the order of the branch, with 1 patch adapted by hand" in (
        done.out
    )
    assert "  XSA-1    applies, 1 patch adapted by hand  one\n" in done.out
    assert f"  1  XSA-1, adapted  {place.short(2)}  one\n" in done.out

    done = place.run("prereqs", "--onto", "own", "--xsa", "1")
    assert done.status == 0
    assert "XSA-1 applies to own, with 1 patch adapted by hand\n" in done.out

    found = json.loads(place.run("prereqs", "--onto", "own", "--xsa", "1", "--json").out)
    assert found["queue"] == [{"id": place[2], "role": "patch", "adapted": True}]
    [adapted] = found["adapted"]
    assert (adapted["id"], adapted["xsa"], adapted["base"]) == (place[2], [1], "own")
    assert "applies, adapted one" in place.run("check", "--onto", "own", "--xsa", "1", "--each").out


def test_what_comes_after_it_goes_on_it(place: Place, tmp_path: Path) -> None:
    """XSA-3 has the line of XSA-1 in its context, and the adapted patch brings it."""
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1,3"))
    by_hand(tree, a_c=numbered(60, OWN | {10: "one"}))
    done = place.run("resolve", "--continue")
    assert done.status == 0, done
    assert len(json.loads(place.run("resolve", "--list", "--json").out)["adapted"]) == 1

    done = place.run("export", "--onto", "own", "--xsa", "1,3", "-o", str(tmp_path / "out"))
    assert done.status == 0
    tree_id = applied(place, tmp_path / "out")
    wanted = numbered(60, OWN | {10: "one", 11: "three"}).decode()
    assert place.git("cat-file", "blob", f"{tree_id}:a.c") + "\n" == wanted


def test_conflicts_one_after_the_other(place: Place, tmp_path: Path) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1,3,4"))
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one"}))
    done = place.run("resolve", "--continue")
    assert done.status == 1
    assert f"XSA-3: {place.short(6)} three, too does not apply to own after 2 patches of the queue\n" in done.out
    assert tree_of(done) == tree
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one", 11: "three"}))
    assert place.run("resolve", "--continue").status == 0
    assert not tree.exists()
    done = place.run("export", "--onto", "own", "--xsa", "1,3,4", "-o", str(tmp_path / "out"), "--json")
    assert [entry.get("adapted", False) for entry in json.loads(done.out)["queue"]] == [True, False, True, False]
    applied(place, tmp_path / "out")


def test_what_is_not_adapted_stays_in_conflict(place: Place, tmp_path: Path) -> None:
    resolve_one(place)
    done = place.run("check", "--onto", "own")
    assert done.status == 2
    assert "6 need" not in done.out
    assert re.search(r"5 outstanding XSAs in 6 commits: 3 go in with 1 prerequisite, 2 need your hands", done.out)
    assert "  XSA-1    applies, 1 patch adapted by hand  one\n" in done.out
    assert f"{place.short(6)}: hunk 1 of a.c: " in done.out

    done = place.run("export", "--onto", "own", "-o", str(tmp_path / "out"))
    assert done.status == 2
    done = place.run("export", "--onto", "own", "--keep-going", "-o", str(tmp_path / "out"))
    assert done.status == 1
    manifest = json.loads((tmp_path / "out" / "xsa-queue.json").read_text(encoding="utf-8"))
    assert (manifest["xsa"], sorted(manifest["left_out"])) == ([1, 2, 4], ["3", "6"])
    applied(place, tmp_path / "out")


def test_it_serves_other_bases_with_the_same_lines(place: Place, tmp_path: Path) -> None:
    resolve_one(place)
    found = json.loads(place.run("check", "--onto", "next", "--xsa", "1", "--json").out)["results"][0]
    assert (found["state"], found["adapted"][0]["base"]) == ("applies", "own")
    done = place.run("export", "--onto", "next", "--xsa", "1", "-o", str(tmp_path / "out"))
    assert "adapted by hand to own" in done.out
    applied(place, tmp_path / "out", "next")

    done = place.run("check", "--onto", "other", "--xsa", "1")
    assert done.status == 2, "its lines are not there"
    assert "adapted" not in done.out


def test_it_is_used_only_where_the_published_one_is_in_conflict(place: Place) -> None:
    resolve_one(place)
    found = json.loads(place.run("check", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json").out)["results"][0]
    assert (found["state"], "adapted" in found) == ("applies", False)


def test_a_prerequisite_is_adapted_in_the_name_of_its_advisory(place: Place, tmp_path: Path) -> None:
    place.git("checkout", "--quiet", "-b", "late", "own")
    (place.folder / "b.c").write_bytes(numbered(40, {20: "our b"}))
    place.git("commit", "--quiet", "-am", "our b")
    done = place.run("resolve", "--onto", "late", "--xsa", "2")
    assert f"XSA-2: its prerequisite {place.short(3)} prepare does not apply to late" in done.out
    by_hand(tree_of(done), b_c=numbered(40, {20: "ready"}))
    done = place.run("resolve", "--continue")
    assert done.status == 0
    done = place.run("export", "--onto", "late", "--xsa", "2", "-o", str(tmp_path / "out"), "--json")
    assert json.loads(done.out)["queue"] == [
        {"id": place[3], "role": "prerequisite", "adapted": True}, {"id": place[4], "role": "patch"},
    ]  # fmt: skip
    applied(place, tmp_path / "out", "late")


# Going on, and not


def test_skip_leaves_the_advisory_out_whole(place: Place) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own"))
    done = place.run("resolve", "--skip")
    assert (done.status, tree_of(done)) == (1, tree)
    assert "left out: XSA-1, XSA-3\n" in done.out
    assert f"XSA-6: {place.short(8)} six does not apply" in done.out
    assert place.run("resolve", "--skip").status == 1
    assert not tree.exists()
    assert place.run("resolve", "--status").err.startswith("fatal: no conflict is being resolved\n")


def test_status_says_where_a_person_is_and_abort_ends_it(place: Place) -> None:
    done = place.run("resolve", "--onto", "own", "--xsa", "1")
    tree = tree_of(done)
    assert run(tree / "..", "resolve", "--status").out == done.out
    assert place.run("resolve", "--onto", "own", "--xsa", "1").status == 128, (
        "it would take the place of a person's work"
    )
    found = json.loads(run(tree, "resolve", "--status", "--json").out)
    assert (found["done"], found["worktree"], found["conflict"]["files"]) == (
        False, str(tree), [{"path": "a.c", "state": "both modified"}],
    )  # fmt: skip
    by_hand(tree, a_c=numbered(60, OWN | {10: "one"}))
    assert "no file conflicts" in run(tree, "resolve", "--status").out
    assert place.run("resolve", "--abort").status == 0
    assert not tree.exists()
    assert place.run("check", "--onto", "own", "--xsa", "1").status == 2


def test_several_bases_at_a_time(place: Place) -> None:
    one, other = (tree_of(place.run("resolve", "--onto", name, "--xsa", "1")) for name in ("own", "other"))
    assert one != other
    done = place.run("resolve", "--continue")
    assert (done.status, "select one: --onto <base>" in done.err) == (129, True)
    by_hand(other, a_c=numbered(60, OWN | {8: "otherwise", 10: "one"}))
    assert run(other, "resolve", "--continue").status == 0
    assert place.run("resolve", "--status", "--onto", "own").status == 1


def test_a_work_tree_that_was_removed(place: Place) -> None:
    shutil.rmtree(tree_of(place.run("resolve", "--onto", "own", "--xsa", "1")))
    done = place.run("resolve", "--continue")
    assert (done.status, "--abort" in done.err) == (128, True)
    assert place.run("resolve", "--abort").status == 0


@pytest.mark.parametrize("action", ["--continue", "--skip"])
def test_a_file_that_git_does_not_track_is_not_lost(action: str, place: Place) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1"))
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one"}))
    (tree / "forgotten.c").write_bytes(b"work\n")
    done = place.run("resolve", action)
    assert (done.status, "git does not track forgotten.c in the work tree" in done.err) == (1, True)
    assert (tree / "forgotten.c").read_bytes() == b"work\n"
    git(tree, "add", "forgotten.c")
    place.run("resolve", action)
    assert not tree.exists()


def test_a_binary_file_is_refused_before_it_is_kept(place: Place) -> None:
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1"))
    by_hand(tree, a_c=b"\xff\xfe\0bin")
    done = place.run("resolve", "--continue")
    assert (done.status, "a.c is a binary file in the work tree" in done.err) == (1, True)
    assert json.loads(place.run("resolve", "--list", "--json").out)["adapted"] == []
    assert place.run("check", "--onto", "own", "--xsa", "1").status == 2


def test_an_unknown_advisory_is_left_out_with_a_word(place: Place) -> None:
    done = place.run("resolve", "--onto", "own", "--xsa", "12345,4", "--json")
    found = json.loads(done.out)
    assert (done.status, [one["xsa"] for one in found["left_out"]]) == (1, [12345])
    assert "XSA-12345" in place.run("resolve", "--onto", "own", "--xsa", "12345").out


def test_a_start_that_fails_leaves_no_task(place: Place) -> None:
    for words in (("--onto", "nonsense"), ("--onto", "own", "--tip", "nothing")):
        assert place.run("resolve", *words).status == 128
    assert "no conflict is being resolved" in place.run("resolve", "--status").err


def test_nothing_in_conflict(place: Place) -> None:
    done = place.run("resolve", "--onto", "own", "--xsa", "4")
    assert (done.status, done.err) == (0, "")
    assert done.out == "no patch conflicts with own, so there is no work tree\n"


def test_an_adapted_patch_is_forgotten(place: Place) -> None:
    resolve_one(place)
    name = place.run("resolve", "--list").out.split()[0]
    assert place.run("resolve", "--forget", name).status == 0
    assert place.run("resolve", "--forget", name).status == 128
    assert place.run("check", "--onto", "own", "--xsa", "1").status == 2
    done = place.run("resolve", "--onto", "own", "--xsa", "1")
    assert (tree_of(done) / "a.c").read_bytes() == numbered(60, OWN | {10: "ours and one"}), "git rerere knows it"
    assert "  both modified, resolved as before  a.c\n" in done.out


def test_a_patch_that_was_changed_in_the_store_is_refused(place: Place, tmp_path: Path) -> None:
    resolve_one(place)
    [patch] = (tmp_path / "store" / "adapted").glob("*/adapted.patch")
    patch.write_bytes(patch.read_bytes().replace(b"ours and one", b"ours and two"))
    done = place.run("check", "--onto", "own", "--xsa", "1")
    assert (done.status, "was changed after git xsa-resolve wrote it" in done.err) == (128, True)
    assert place.run("resolve", "--forget", patch.parent.name).status == 0
    assert place.run("check", "--onto", "own", "--xsa", "1").status == 2


def damage(folder: Path, how: str) -> None:
    record, patch = folder / "adapted.json", folder / "adapted.patch"
    if how == "changed":
        patch.write_bytes(patch.read_bytes() + b"\n")
    elif how == "gone":
        patch.unlink()
    elif how == "cut off":
        record.write_bytes(record.read_bytes()[:100])
    elif how == "link":
        record.rename(folder / "elsewhere")
        record.symlink_to("elsewhere")
    elif how == "no patch":
        found = json.loads(record.read_text(encoding="utf-8"))
        patch.write_bytes(b"words\n")
        record.write_text(json.dumps(found | {"patch": sha256(b"words\n").hexdigest()}))
    else:
        record.unlink()
        record.mkdir()


@pytest.mark.parametrize("how", ["changed", "gone", "cut off", "link", "no patch", "folder"])
def test_one_that_is_damaged_is_named_and_the_others_are_listed(how: str, place: Place, tmp_path: Path) -> None:
    resolve_one(place)
    assert resolve_one(place, "other").status == 0
    newest, oldest = sorted((tmp_path / "store" / "adapted").iterdir(), reverse=True)
    damage(oldest, how)

    done = place.run("resolve", "--list")
    assert (done.status, len(done.out.splitlines())) == (1, 1)
    assert done.out.startswith(f"{newest.name}  XSA-1  ")
    assert done.err.startswith("error: ")
    assert str(oldest) in done.err.splitlines()[0]
    assert "hint: " in done.err

    found = json.loads(place.run("resolve", "--list", "--json").out)
    assert [one["name"] for one in found["adapted"]] == [newest.name]
    assert [one["name"] for one in found["damaged"]] == [oldest.name]
    assert place.run("check", "--onto", "own", "--xsa", "4").status == 0, "what does not need it goes on"
    if how not in ("link", "folder"):
        assert place.run("resolve", "--forget", oldest.name).status == 0
        assert place.run("resolve", "--list").status == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "--onto RELEASE-4.17.3"),
        (("--continue",), "start with git xsa-resolve --onto <base>"),
        (("--continue", "--xsa", "1"), "see git help xsa-resolve"),
        (("--forget", "x"), "git xsa-resolve --list lists them"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], hint: str, place: Place) -> None:
    done = place.run("resolve", *words)
    assert done.status in (128, 129)
    assert hint in done.err


def test_names_count_for_what_goes_in_before_an_adapted_patch(tmp_path: Path, sealed: Path) -> None:
    """XSA-9004 uses a function that only another commit defines, and stands before the patch that was adapted."""
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    write(folder := tmp_path / "xen")
    git(folder, "checkout", "--quiet", "-b", "ours", "RELEASE-4.20.1")
    table = folder / "xen/common/grant_table.c"
    table.write_bytes(table.read_bytes().replace(b"-ENOENT", b"-EINVAL"))
    git(folder, "commit", "--quiet", "-am", "return EINVAL")
    alone = json.loads(run(folder, "prereqs", "--onto", "ours", "--xsa", "9004", "--json").out)["prerequisites"]

    tree = tree_of(run(folder, "resolve", "--onto", "ours"))
    assert run(folder, "resolve", "--continue").status == 1
    half = tree / "xen/common/grant_table.c"
    half.write_bytes(re.sub(b"<<<<<<<.*\n|=======\n.*\n|>>>>>>>.*\n", b"", half.read_bytes()))
    git(tree, "add", "--update")
    assert run(folder, "resolve", "--continue").status == 0

    found = json.loads(run(folder, "prereqs", "--onto", "ours", "--json").out)
    assert [one["kind"] for one in alone] == ["symbol"]
    assert alone[0] in found["prerequisites"]
    assert len(found["adapted"]) == 2


# Bases without a commit of their own, and patches that are no commits


def test_a_source_tree_without_history(place: Place, tmp_path: Path) -> None:
    place.git("checkout", "--quiet", "own")
    source = tmp_path / "source"
    shutil.copytree(place.folder, source, ignore=shutil.ignore_patterns(".git"))
    os.chdir(tmp_path)
    before = snapshot(place.folder)
    tree = tree_of(run(place.folder, "resolve", "--onto", "../source", "--xsa", "1"))
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one"}))
    assert run(tree, "resolve", "--continue").status == 0
    assert snapshot(place.folder) == before
    found = json.loads(place.run("check", "--onto", str(source), "--xsa", "1", "--json").out)["results"][0]
    assert (found["state"], len(found["adapted"])) == ("applies", 1)


def test_from_a_package_the_history_is_in_the_clone_of_the_setting(place: Place, tmp_path: Path) -> None:
    """The folder of a package has no history of the project: ``xsa.history`` says where it is."""
    package = tmp_path / "package"
    package.mkdir()
    git(package, "init", "--quiet")
    git(package, "config", "xsa.history", str(place.folder))
    by_hand(
        tree_of(run(package, "resolve", "--onto", "own", "--xsa", "1")), a_c=numbered(60, OWN | {10: "ours and one"})
    )
    assert run(package, "resolve", "--continue").status == 0


def embargoed(place: Place, content: bytes, version: int = 1) -> None:
    """Import XSA-9, ``content``, as an advisory that is not public."""
    folder = place.folder.parent / f"in-{version}"
    folder.mkdir()
    (folder / "xsa9.patch").write_bytes(content)
    text = advisory(9, version, [("xsa9.patch", "xen-unstable - Xen 1.0.x")], {"xsa9.patch": content})
    (folder / "advisory-9.txt").write_bytes(text)
    assert place.run("import", str(folder)).status == 0


def published(*, line: int = 30, word: str = "embargoedword") -> bytes:
    """Return a patch for the branch's end that changes ``line`` of a.c, as it would be sent to the predisclosure
    list."""
    now = {10: "one", 11: "three", 50: "six"}
    old = numbered(60, now).decode().splitlines()
    body = "".join(
        f"-{old[at - 1]}\n+{word}\n" if at == line else f" {old[at - 1]}\n" for at in range(line - 3, line + 4)
    )
    head = "From: Jane <jane@example.org>\nSubject: fix nine\n\nThis is XSA-9.\n\n"
    return f"{head}--- a/a.c\n+++ b/a.c\n@@ -{line - 3},7 +{line - 3},7 @@\n{body}".encode()


def resolve_nine(place: Place) -> Answer:
    done = place.run("resolve", "--onto", "own", "--xsa", "9")
    by_hand(tree_of(done), a_c=numbered(60, OWN | {30: "ours, embargoedword"}))
    return place.run("resolve", "--continue")


def test_an_embargoed_patch_leaves_no_trace_and_stays_private(place: Place, tmp_path: Path) -> None:
    embargoed(place, published())
    before = snapshot(place.folder)
    done = resolve_nine(place)
    assert done.status == 0, done
    folder = tmp_path / "out"
    done = place.run("export", "--onto", "own", "--xsa", "9", "-o", str(folder))
    assert done.status == 0
    assert snapshot(place.folder) == before
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {0o700, 0o600}
    assert [path.name for path in folder.glob("*.patch")] == ["0001-xsa9.adapted.patch"]
    assert (folder / "published" / "0001-xsa9.patch").read_bytes() == published()
    done = place.run("export", "--onto", "own", "--xsa", "9", "--format", "branch", "-o", "xsa/own")
    assert (done.status, "may be under embargo" in done.err) == (129, True)
    found = [path for path in place.folder.rglob("*") if path.is_file() and b"embargoedword" in path.read_bytes()]
    assert found == []


def test_the_hook_keeps_an_adapted_patch_of_an_embargoed_advisory_back(place: Place, tmp_path: Path) -> None:
    """Also where its lines are other ones than the published patch has."""
    words = "static unsigned int adapted_by_us_for_our_own_tree(struct domain *currd, unsigned long flags_of_it);"
    embargoed(place, published())
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "9"))
    place.git("checkout", "--quiet", "-b", "leak", "own")
    (place.folder / "a.c").write_bytes(numbered(60, OWN | {30: words}))
    place.git("commit", "--quiet", "-am", "something")
    git(tmp_path, "init", "--quiet", "--bare", "server")
    push = f"refs/heads/leak {place.git('rev-parse', 'leak')} refs/heads/own {'0' * 40}\n"

    def pushed() -> Answer:
        return place.run("hook", "pre-push", "origin", str(tmp_path / "server"), given=push)

    assert "XSA-9" not in pushed().err
    by_hand(tree, a_c=numbered(60, OWN | {30: words}))
    assert place.run("resolve", "--continue").status == 0
    refused = pushed()
    assert refused.status != 0
    assert "XSA-9" in refused.err


# Reissues, and bases that have it


def test_a_reissue_that_changes_the_same_lines_finds_the_adapted_patch(place: Place) -> None:
    embargoed(place, published())
    assert resolve_nine(place).status == 0
    embargoed(place, published().replace(b"Subject: fix nine", b"Subject: fix nine well"), version=2)
    found = json.loads(place.run("check", "--onto", "own", "--xsa", "9", "--json").out)["results"][0]
    assert (found["state"], len(found["adapted"])) == ("applies", 1)


def test_a_reissue_with_other_lines_begins_with_the_adapted_patch(place: Place) -> None:
    embargoed(place, published())
    assert resolve_nine(place).status == 0
    again = published().replace(b" line 32\n", b"-line 32\n+more\n")
    embargoed(place, again, version=2)
    assert place.run("check", "--onto", "own", "--xsa", "9").status == 2, "it is not used in silence"

    done = place.run("resolve", "--onto", "own", "--xsa", "9")

    assert done.status == 1
    assert "  it was reissued: the work tree begins with xsa9-1, and brings what is new\n" in done.out
    tree = tree_of(done)
    assert (tree / "a.c").read_bytes() == numbered(60, OWN | {30: "ours, embargoedword", 32: "more"})
    assert git(tree, "diff", "--name-only", "HEAD") == "a.c"
    assert place.run("resolve", "--continue").status == 0
    found = json.loads(place.run("check", "--onto", "own", "--xsa", "9", "--json").out)["results"][0]
    assert [one["name"] for one in found["adapted"]] == ["xsa9-2"]


def test_a_reissue_of_the_adapted_line_is_a_conflict_between_the_two(place: Place) -> None:
    place.git("config", "merge.conflictStyle", "diff3")
    embargoed(place, published())
    assert resolve_nine(place).status == 0
    embargoed(place, published(word="otherword"), version=2)
    done = place.run("resolve", "--onto", "own", "--xsa", "9")
    assert (tree_of(done) / "a.c").read_text(encoding="utf-8").splitlines()[29:36] == [
        "<<<<<<< own, adapted before", "ours, embargoedword", "||||||| the issue that was adapted", "embargoedword",
        "=======", "otherword", ">>>>>>> xsa9.patch fix nine",
    ]  # fmt: skip


def test_a_base_that_has_the_adapted_patch_has_the_advisory(place: Place, tmp_path: Path) -> None:
    """The package took the export in, in one commit that says nothing of advisories."""
    resolve_one(place)
    place.git("checkout", "--quiet", "-b", "packaged", "own")
    (place.folder / "a.c").write_bytes(numbered(60, OWN | {10: "ours and one"}))
    place.git("commit", "--quiet", "-am", "package 1.0.0-2")

    found = json.loads(place.run("check", "--onto", "packaged", "--xsa", "1", "--json").out)["results"][0]
    assert (found["state"], found["queue"], found["xsa"]) == ("already-applied", [], [1])

    found = json.loads(place.run("prereqs", "--onto", "packaged", "--xsa", "1,4", "--json").out)
    assert (found["state"], found["present"], found["xsa"]) == ("partly-applied", [1], [4])
    assert "XSA-1: packaged has all of it" in place.run("check", "--onto", "packaged", "--xsa", "1,4").out
    done = place.run("resolve", "--onto", "packaged", "--xsa", "1")
    assert (done.status, done.out) == (0, "no patch conflicts with packaged, so there is no work tree\n")


def test_a_patch_that_fits_nowhere_is_said_to(place: Place) -> None:
    embargoed(place, published().replace(b"line 30", b"line thirty"))
    done = place.run("resolve", "--onto", "own", "--xsa", "9,4")
    assert done.status == 1
    assert "XSA-9: xsa9.patch: hunk 1 does not fit in a.c" in done.out
    assert "no patch conflicts with own" in done.out


def test_for_a_base_with_other_lines_the_adapted_patch_is_merged(place: Place) -> None:
    place.git("config", "merge.conflictStyle", "diff3")
    resolve_one(place)
    place.git("checkout", "--quiet", "-b", "near", "own")
    (place.folder / "a.c").write_bytes(numbered(60, OWN | {12: "another line of ours"}))
    place.git("commit", "--quiet", "-am", "later")
    assert place.run("check", "--onto", "near", "--xsa", "1").status == 2, "it is not used in silence"
    done = place.run("resolve", "--onto", "near", "--xsa", "1")
    name = f"xsa1-{place.short(2)}-1"
    assert f"  it was adapted for another base: the work tree has {name}, merged\n" in done.out
    assert (tree_of(done) / "a.c").read_bytes() == numbered(60, OWN | {10: "ours and one", 12: "another line of ours"})
    assert place.run("resolve", "--continue").status == 0
    assert place.run("check", "--onto", "near", "--xsa", "1").status == 1

    place.git("checkout", "--quiet", "-b", "far", "own")
    (place.folder / "a.c").write_bytes(numbered(60, OWN | {10: "ours otherwise"}))
    place.git("commit", "--quiet", "-am", "later")
    done = place.run("resolve", "--onto", "far", "--xsa", "1")
    assert (tree_of(done) / "a.c").read_text(encoding="utf-8").splitlines()[9:16] == [
        "<<<<<<< far", "ours otherwise", "||||||| near before it was adapted", "ours", "=======", "ours and one",
        f">>>>>>> {name[:-1]}2, adapted by hand to near",
    ]  # fmt: skip


def test_a_repository_with_other_object_names(tmp_path: Path) -> None:
    place = draft().write(tmp_path / "clone", "--object-format=sha256")
    assert resolve_one(place).status == 0
    folder = tmp_path / "out"
    assert place.run("export", "--onto", "own", "--xsa", "1", "-o", str(folder)).status == 0
    applied(place, folder)


# Follow-ups


@pytest.mark.parametrize(
    ("wish", "roles"), [("list", ["patch"]), ("add", ["patch", "follow-up"]), ("ignore", ["patch"])]
)
def test_follow_ups_of_an_adapted_patch(wish: str, roles: list[str], place: Place) -> None:
    resolve_one(place)
    place.git("checkout", "--quiet", "stable-1.0")
    (place.folder / "b.c").write_bytes(numbered(40, {20: "two", 35: "mended"}))
    place.git("commit", "--quiet", "-am", f"mend one\n\nFixes: {place.short(2)}")
    fix = place.git("rev-parse", "HEAD")
    words = ("check", "--onto", "own", "--xsa", "1", f"--follow-ups={wish}", "--json")
    found = json.loads(place.run(*words).out)["results"][0]
    assert [one["role"] for one in found["queue"]] == roles
    known = [(one["commit"], one["fixes"], one["role"]) for one in found.get("follow_ups", ())]
    added = "follow-up" if wish == "add" else None
    assert known == ([(fix, [place[2]], added)] if wish != "ignore" else [])


def test_what_the_queue_had_before_a_patch_that_is_there_counts_for_what_comes_after_it(tmp_path: Path) -> None:
    made = Draft()
    base = made.release("1.0.0", {"a.c": numbered(20), "b.c": numbered(20)})
    made.commit("prepare", {"b.c": numbered(20, {10: "ready"})})
    made.commit("one\n\nThis is XSA-1.", {"a.c": numbered(20, {10: "one"})})
    made.commit("two\n\nThis is XSA-2.", {"b.c": numbered(20, {10: "two"})})
    made.commit("ours", {"a.c": numbered(20, {10: "ours"})}, on="own", after=base)
    made.commit("package", {"a.c": numbered(20, {10: "ours and one"})}, on="packaged", after=5)
    place = made.write(tmp_path / "clone")
    tree = tree_of(place.run("resolve", "--onto", "own", "--xsa", "1"))
    by_hand(tree, a_c=numbered(20, {10: "ours and one"}))
    assert place.run("resolve", "--continue").status == 0
    found = json.loads(place.run("prereqs", "--onto", "packaged", "--xsa", "1,2", "--json").out)
    assert [one["id"] for one in found["queue"]] == [place[2], place[4]]
    assert (found["present"], found["xsa"]) == ([1], [2])


# The real tree

#: The commit of stable-4.17 that fixes XSA-488.
XSA_488 = "57d0c0cdde8ad6c8d54251827edc7689347e6a3e"
AMD = "xen/arch/x86/cpu/amd.c"


@pytest.mark.xen
@pytest.mark.slow
def test_a_package_of_4_17_6(xen: Path, tmp_path: Path, sealed: Path) -> None:
    """As in XCP-ng's, what XSA-488 has in its context has another name; the whole queue goes on, and a reissue finds
    the adapted patch."""
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    git(tmp_path, "clone", "--quiet", "--shared", str(xen), "clone")
    place = Place(tmp_path / "clone", {})
    place.git("branch", "--quiet", "stable-4.17", "origin/stable-4.17", accept=(0, 128))
    place.git("checkout", "--quiet", "-b", "own", "RELEASE-4.17.6")
    path = place.folder / AMD
    path.write_bytes(path.read_bytes().replace(b"amd_check_erratum_1485", b"amd_check_bp_cfg"))
    place.git("commit", "--quiet", "-am", "x86/amd: set BP_CFG early")
    assert place.run("check", "--onto", "own").status == 2

    done = place.run("resolve", "--onto", "own")
    assert f"XSA-488: {XSA_488[:12]} " in done.out
    while done.status:
        path = tree_of(done) / AMD
        conflict = re.compile(rb"<{7} [^\n]*\n(.*?)={7}\n(.*?)>{7} [^\n]*\n", re.DOTALL)
        path.write_bytes(conflict.sub(_both, path.read_bytes()))
        done = place.run("resolve", "--continue")

    answer = json.loads(place.run("export", "--onto", "own", "-o", str(tmp_path / "out"), "--json").out)
    assert (488 in answer["xsa"], len(answer["xsa"]) > 20) == (True, True)
    assert XSA_488 in [one["id"] for one in answer["adapted"]]
    applied(place, tmp_path / "out")

    mail = place.git("format-patch", "--stdout", "-1", XSA_488).encode() + b"\n"
    for version, text in ((1, mail), (2, mail.replace(b"1 << 9", b"1U << 9"))):
        folder = tmp_path / f"in-{version}"
        folder.mkdir()
        (folder / "xsa488-4.17.patch").write_bytes(text)
        told = advisory(488, version, [("xsa488-4.17.patch", "Xen 4.17.x")], {"xsa488-4.17.patch": text})
        (folder / "advisory-488.txt").write_bytes(told)
        assert place.run("import", str(folder)).status == 0
        words = ("--onto", "own", "--xsa", "488", "--tip", f"{XSA_488}^")
        found = json.loads(place.run("prereqs", *words, "--json").out)
        assert (found["state"], "adapted" in found) == [("applies", True), ("conflicts", False)][version - 1]
    done = place.run("resolve", *words)
    assert "it was reissued: the work tree begins with xsa488-" in done.out
    assert b"1U << 9" in (tree_of(done) / AMD).read_bytes()


def _both(conflict: re.Match[bytes]) -> bytes:
    """Return what a person makes of a conflict in which the patch adds something before lines of ours."""
    ours, theirs = (part.splitlines(keepends=True) for part in conflict.groups())
    return b"".join([*theirs[: len(theirs) - len(ours)], *ours])


def test_a_base_with_the_patches_of_a_package(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "ours.patch").write_text(place.git("diff", "RELEASE-1.0.0", "own") + "\n")
    (folder / "series").write_text("ours.patch\n")
    before = snapshot(place.folder)
    base = ("--onto", "RELEASE-1.0.0", "--base-patches", str(folder / "series"))
    done = place.run("resolve", *base, "--xsa", "1")
    assert "does not apply to RELEASE-1.0.0 with series\n" in done.out
    tree = tree_of(done)
    assert "<<<<<<< RELEASE-1.0.0 with series" in (tree / "a.c").read_text(encoding="utf-8")
    by_hand(tree, a_c=numbered(60, OWN | {10: "ours and one"}))
    done = place.run("resolve", "--continue")
    assert f"hint: git xsa-export {' '.join(base)} has the adapted patches in its queue\n" in done.err
    assert snapshot(place.folder) == before
    done = place.run("export", *base, "--xsa", "1", "-o", str(tmp_path / "out"))
    assert "adapted by hand to RELEASE-1.0.0 with series" in done.out
    applied(place, tmp_path / "out")


# With the other ways to make a queue


def test_a_refresh_beside_an_adapted_patch(place: Place, tmp_path: Path) -> None:
    """XSA-6 has a line of ours in its context, which --refresh is for; with an adapted patch it is adapted, too."""
    resolve_one(place)
    words = ("export", "--onto", "own", "--xsa", "1,6", "--refresh")
    for more, status in (((), 2), (("--keep-going",), 1)):
        done = place.run(*words, *more, "-o", str(tmp_path / f"out{status}"))
        assert done.status == status
        assert "no other conflict is refreshed: adapt that, too (git xsa-resolve)" in done.err
    assert (tmp_path / "out1/series").read_text(encoding="utf-8") == "0001-xsa1-one.adapted.patch\n"
    assert "no file conflicts" in place.run("resolve", "--onto", "own", "--xsa", "1,6").out
    assert place.run("resolve", "--continue").status == 0
    done = place.run(*words, "-o", str(tmp_path / "both"))
    assert done.status == 0, done.err
    tree = applied(place, tmp_path / "both")
    wanted = numbered(60, OWN | {10: "ours and one", 50: "six"}).decode()
    assert place.git("cat-file", "blob", f"{tree}:a.c") + "\n" == wanted
    assert place.run("export", "--verify", str(tmp_path / "both"), "--onto", "own").status == 0


def test_a_refresh_of_a_queue_with_an_adapted_patch(tmp_path: Path, sealed: Path) -> None:
    """A prerequisite that only context needs is left out; the adapted patch stays as it is."""
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    made = draft()
    made.commit("tidy", {"b.c": numbered(40, {20: "two", 31: "tidy"})})
    made.commit("seven\n\nThis is XSA-7.", {"b.c": numbered(40, {20: "two", 31: "tidy", 33: "seven"})})
    place = made.write(tmp_path / "clone")
    resolve_one(place)
    for more, lines in (((), {31: "tidy", 33: "seven"}), (("--refresh",), {33: "seven"})):
        folder = tmp_path / f"out{len(more)}"
        done = place.run("export", "--onto", "own", "--xsa", "1,7", *more, "-o", str(folder))
        assert done.status == 0, done.err
        tree = applied(place, folder)
        assert place.git("cat-file", "blob", f"{tree}:b.c") + "\n" == numbered(40, lines).decode()
        assert "ours and one\n" in place.git("cat-file", "blob", f"{tree}:a.c")
        assert place.run("export", "--verify", str(folder), "--onto", "own").status == 0


@pytest.mark.parametrize("command", ["prereqs", "export"])
def test_the_build_of_a_queue_with_an_adapted_patch(command: str, place: Place, tmp_path: Path) -> None:
    """What is built is the tree with the adapted patch."""
    resolve_one(place)
    build = "grep -q '^ours$' a.c || { grep -q '^ours and one$' a.c && grep -q '^two$' b.c; }"
    more = ("-o", str(tmp_path / "out")) if command == "export" else ()
    done = place.run(command, "--onto", "own", "--xsa", "1,2", "--build", build, "--json", *more)
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert [one.get("adapted", False) for one in found["queue"]] == [True, False, False]
    if command == "export":
        applied(place, tmp_path / "out")
    failing = place.run(command, "--onto", "own", "--xsa", "1,2", "--build", "grep -q '^ours$' a.c", *more)
    assert failing.status in (2, 128), failing
    assert "does not build" in failing.err + failing.out


def test_a_build_that_needs_another_commit_beside_an_adapted_patch(place: Place) -> None:
    """No commit is searched, and that is what is said."""
    resolve_one(place)
    build = "grep -q '^ours and one$' a.c || exit 0; grep -q '^ready$\\|^two$' b.c"
    done = place.run("prereqs", "--onto", "own", "--xsa", "1", "--build", build)
    assert done.status == 2
    assert "does not build, and no commit is searched for a queue with adapted patches" in done.err
    assert "It does not build, and no commit is searched" in done.out
    assert "every commit" not in done.err + done.out
    assert "git xsa-resolve --forget" in done.err
