"""git xsa-prereqs --compare: which commit or published patch a shipped patch is, and what a packager changed in it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import Answer, Draft, Place, git, numbered, run

from git_xsa.git.diffs import split_diff
from git_xsa.model.change import FileChange
from git_xsa.model.patch_difference import Sameness, diff_of_diffs, sameness

BASE, FIX, OTHER, PICKED = 1, 2, 3, 5


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(60), "b.c": numbered(60)})
    draft.commit("x86: fix it\n\nThis is XSA-1.", {"a.c": numbered(60, {30: "fixed", 31: "twice"})})
    draft.commit("tidy", {"b.c": numbered(60, {10: "tidy"})})
    draft.branch("master", 3)
    draft.commit("more", {"b.c": numbered(60, {10: "tidy", 40: "more"})}, on="master")
    draft.commit(
        "more for the stable branch\n\nmaster commit: " + "0" * 40, {"b.c": numbered(60, {10: "tidy", 40: "less"})}
    )
    return draft.write(tmp_path / "clone")


def compare(place: Place, *patches: Path) -> list[dict[str, object]]:
    """Return what is said of ``patches``."""
    words = [word for path in patches for word in ("--compare", str(path))]
    done = place.run("prereqs", *words, "--json")
    assert done.err == ""
    found: list[dict[str, object]] = json.loads(done.out)["compared"]
    assert done.status == int(any(one["is"] in ("adapted", "unknown") for one in found))
    return found


def shipped(folder: Path, content: bytes, name: str = "fix.patch") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def plain(mail: bytes) -> bytes:
    """Return a patch without its header."""
    return mail[mail.index(b"diff --git") : mail.rindex(b"-- \n")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"", "same"),
        (b"@@ -27,8 +27,8 @@", b"@@ -127,8 +227,8 @@", "same"),
        (b" line 29\n", b" line 29 of ours\n", "refreshed"),
        (b" line 33\n", b"", "refreshed"),
        (b"+fixed\n", b"+mended\n", "adapted"),
        (b"+twice\n", b"+fixed\n+twice\n", "adapted"),
        (b"+fixed\n+twice\n", b"+twice\n+fixed\n", "adapted"),
        (b"-line 30\n", b"-line 30 \n", "adapted"),
        (b"+fixed\n", b"+fixed\t\n", "adapted"),
        (b"b/a.c", b"b/c.c", "adapted"),
    ],
)
def test_what_differs(old: bytes, new: bytes, expected: str, place: Place, tmp_path: Path) -> None:
    content = place.patch(FIX).replace(old, new)
    if b"c.c" in new:
        content = content.replace(b"a/a.c", b"a/c.c")
    lines = content[content.index(b"@@") :].split(b"\n-- \n")[0].split(b"\n")[1:]
    sides = [sum(line[:1] != mark for line in lines) for mark in (b"+", b"-")]
    content = re.sub(rb"@@ -(\d+),\d+ \+(\d+),\d+ @@", rb"@@ -\1,%d +\2,%d @@" % (sides[0], sides[1]), content)
    [found] = compare(place, shipped(tmp_path, content))
    assert found["is"] == expected
    assert found["of"] == {"id": place[FIX], "subject": "x86: fix it", "xsa": [1], "edition": None}
    assert bool(found["diff"]) == (expected == "adapted")


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: re.sub(rb"^From [0-9a-f]{40}", b"From " + b"1" * 40, mail),  # by the subject
        lambda mail: mail.replace(b"x86: fix it", b"another subject"),  # by the commit that it names
        lambda mail: b"another\n\n(cherry picked from commit %s)\n---\n" % mail[5:45] + plain(mail),
        plain,  # by its lines
    ],
)
def test_by_what_a_patch_is_recognised(change: object, place: Place, tmp_path: Path) -> None:
    assert callable(change)
    [found] = compare(place, shipped(tmp_path, change(place.patch(FIX))))
    assert (found["is"], found["of"]["id"]) == ("same", place[FIX])  # type: ignore[index]


def test_an_advisory_in_the_name_tells_too(place: Place, tmp_path: Path) -> None:
    content = plain(place.patch(FIX)).replace(b"+fixed", b"+mended for us").replace(b"+twice", b"+two times")
    [found] = compare(place, shipped(tmp_path, content, "xsa1-1.0.patch"))
    assert (found["is"], found["of"]["id"]) == ("adapted", place[FIX])  # type: ignore[index]
    [found] = compare(place, shipped(tmp_path, content, "fix.patch"))
    assert found["is"] == "unknown", "half of its lines are others, and nothing says what it is"


def test_other_ways_to_write_the_same_diff_are_the_same(place: Place, tmp_path: Path) -> None:
    block = b"/* Returns 0. */\nint f(void)\n{\n    return 0;\n}\n\n"
    folder = place.folder
    place.git("checkout", "--quiet", "-b", "slides", "stable-1.0")
    (folder / "s.c").write_bytes(block.replace(b"f(", b"e(") + block.replace(b"f(", b"g("))
    place.git("add", "s.c")
    place.git("commit", "--quiet", "-m", "root")
    (folder / "s.c").write_bytes(block.replace(b"f(", b"e(") + block + block.replace(b"f(", b"g("))
    place.git("commit", "--quiet", "-am", "x86: one function more")
    forms = [place.git("show", "--format=%s%n", option) for option in ("--indent-heuristic", "--no-indent-heuristic")]
    assert forms[0] != forms[1]
    for number, text in enumerate(forms):
        [found] = compare(place, shipped(tmp_path, text.encode() + b"\n", f"{number}.patch"))
        assert found["is"] == "same"


def test_the_published_patches_of_the_store(place: Place, tmp_path: Path, sealed: Path) -> None:
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    content = place.patch(OTHER).replace(b"tidy", b"embargoed")
    for version in (1, 2):
        folder = tmp_path / f"in-{version}"
        folder.mkdir()
        published = content.replace(b"+embargoed", b"+version %d" % version)
        (folder / "xsa9.patch").write_bytes(published)
        text = advisory(9, version, [("xsa9.patch", "xen-unstable - Xen 1.0.x")], {"xsa9.patch": published})
        (folder / "advisory-9.txt").write_bytes(text)
        assert place.run("import", str(folder)).status == 0
    old, new, own = (
        shipped(tmp_path, plain(content.replace(b"+embargoed", word)), f"000{n}-xsa9.patch")
        for n, word in enumerate((b"+version 1", b"+version 2", b"+version 2 of ours"))
    )
    found = compare(place, old, new, own)
    assert [one["is"] for one in found] == ["same", "same", "adapted"]
    assert [one["of"]["edition"] for one in found] == ["XSA-9 v1", "XSA-9 v2", "XSA-9 v1"] or (  # type: ignore[index]
        found[2]["of"]["edition"] == "XSA-9 v2"  # type: ignore[index]
    )


def test_a_package_is_compared_as_a_whole_and_the_difference_shown(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "patches"
    folder.mkdir()
    shipped(folder, place.patch(OTHER), "0001-tidy.patch")
    shipped(folder, place.patch(FIX).replace(b"+fixed", b"+mended"), "0002-xsa1.patch")
    shipped(folder, b"ours\n\n--- a/z.c\n+++ b/z.c\n@@ -1 +1 @@\n-a\n+b\n", "0003-ours.patch")
    (folder / "series").write_text("0001-tidy.patch\n0002-xsa1.patch\n0003-ours.patch\n")

    done = place.run("prereqs", "--compare", str(folder))

    assert done == Answer(
        1,
        f"""\
3 patches: 1 adapted, 1 unknown, 1 same
  adapted    0002-xsa1.patch  {place.short(FIX)} x86: fix it (XSA-1)
  unknown    0003-ours.patch
  same       0001-tidy.patch  {place.short(OTHER)} tidy

2:  {place.short(FIX)} ! 2:  0002-xsa1.patch x86: fix it
    @@ a.c: line 26
      line 29
     -line 30
     -line 31
    -+fixed
    ++mended
     +twice
      line 32
      line 33
""",
        "",
    )


def test_the_form_is_that_of_git_range_diff(place: Place, tmp_path: Path) -> None:
    """Git itself shows the same lines for the two patches as commits."""
    place.git("checkout", "--quiet", "-b", "own", place[BASE])
    (place.folder / "a.c").write_bytes(numbered(60, {30: "mended", 31: "twice", 50: "more"}))
    place.git("commit", "--quiet", "-am", "x86: fix it\n\nThis is XSA-1.")
    shown = [
        line
        for line in place.git("range-diff", "--no-color", f"{place[FIX]}^!", "own^!").splitlines()[1:]
        if "## Metadata" not in line and "## Commit" not in line
    ]
    words = ("git", "format-patch", "--stdout", "-1", "own")
    content = subprocess.run(words, cwd=place.folder, capture_output=True, check=True).stdout
    place.git("checkout", "--quiet", "stable-1.0")
    place.git("branch", "--quiet", "-D", "own")
    [found] = compare(place, shipped(tmp_path, content))
    assert [f"    {line}" for line in found["diff"]] == shown  # type: ignore[attr-defined]


def test_an_adapted_patch_of_the_store_is_named(place: Place, tmp_path: Path, sealed: Path) -> None:
    git(tmp_path, "config", "--file", str(sealed / ".gitconfig"), "xsa.store", str(tmp_path / "store"))
    place.git("checkout", "--quiet", "-b", "own", place[BASE])
    (place.folder / "a.c").write_bytes(numbered(60, {30: "ours"}))
    place.git("commit", "--quiet", "-am", "ours")
    place.run("resolve", "--onto", "own", "--xsa", "1")
    [tree] = (tmp_path / "store" / "resolve").glob("*/tree")
    (tree / "a.c").write_bytes(numbered(60, {30: "ours, fixed", 31: "twice"}))
    assert run(tree, "resolve", "--continue").status == 0
    folder = tmp_path / "out"
    assert place.run("export", "--onto", "own", "--xsa", "1", "-o", str(folder)).status == 0
    done = place.run("prereqs", "--compare", str(folder / "0001-xsa1-x86-fix-it.adapted.patch"))
    assert done.status == 1
    assert f"as git xsa-resolve has it: xsa1-{place.short(FIX)}-1, adapted by hand to own" in done.out


@pytest.mark.parametrize("words", [("--onto", "RELEASE-1.0.0"), ("--why",), ("--xsa", "1"), ("--picks",)])
def test_comparing_needs_no_base(words: tuple[str, ...], place: Place, tmp_path: Path) -> None:
    done = place.run("prereqs", "--compare", str(shipped(tmp_path, place.patch(FIX))), *words)
    assert (done.status, "--compare needs no base" in done.err) == (129, True)


def test_what_is_no_patch(place: Place, tmp_path: Path) -> None:
    for path in (tmp_path / "missing", shipped(tmp_path, b"words\n", "words.patch")):
        done = place.run("prereqs", "--compare", str(path))
        assert (done.status, done.out) == (128, "")


# The pure part


def changes(text: bytes) -> list[FileChange]:
    return [diff.change() for diff in split_diff(text)]


def test_new_deleted_and_renamed_files_and_modes() -> None:
    new = changes(b"diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n")
    gone = changes(b"diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
    moved = changes(b"diff --git a/n b/m\nsimilarity index 100%\nrename from n\nrename to m\n")
    run_ = changes(b"diff --git a/n b/n\nold mode 100644\nnew mode 100755\n")
    heads = [diff_of_diffs([], one)[1] for one in (new, gone, moved, run_)]
    assert heads == [
        "+ ## n (new) ##",
        "+ ## n (deleted) ##",
        "+ ## n => m ##",
        "+ ## n (mode change 100644 => 100755) ##",
    ]
    for one in (new, gone, moved, run_):
        assert [sameness(one, other) for other in (new, gone, moved, run_)].count(Sameness.SAME) == 1


def test_the_order_of_files_does_not_count() -> None:
    one, two = (b"diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-x\n+y\n" % (n, n, n, n) for n in (b"a", b"b"))
    assert sameness(changes(one + two), changes(two + one)) is Sameness.SAME
