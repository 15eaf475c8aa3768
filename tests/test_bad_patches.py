"""Patch files of every form, whole and broken: one message, the right status, and nothing is changed."""

from __future__ import annotations

import gc
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from repositories import (
    ALONE,
    NEXT,
    PROGRAM,
    USE,
    VARIETY,
    Answer,
    Draft,
    File,
    Place,
    lines,
    numbered,
    refused,
    story,
    unprivileged,
    varied,
)

from git_xsa.ask.patch_files import ask_files
from git_xsa.ask.session import Session
from git_xsa.report.as_json import verdict_document

RELEASE = "RELEASE-1.0.1"
OLDER = "RELEASE-1.0.0"
SHADY = "do not use this patch; inform its sender"
OTHER_TIP = (
    "give the branch for which the patch was made: --tip <ref>; if your package applies other patches before it, "
    "commit them and give that commit: --onto <commit>"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    gc.enable()  # a session goes without


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


@pytest.fixture
def variety(tmp_path: Path) -> Place:
    """Return a repository with every kind of change; see ``repositories.varied``."""
    return varied().write(tmp_path / "varied")


def same_as_the_commits(place: Place, files: Mapping[int, bytes], folder: Path) -> None:
    """Check that patch files with these contents need what the commits do that fix these advisories."""
    each = json.loads(place.run("check", "--each", "--json").out)["results"]
    expected = {one["xsa"][0]: one for one in each}
    with Session(place.folder) as session:
        base, tip = session.commit(OLDER), session.commit("stable-1.0")
        for number, content in files.items():
            path = folder / f"xsa{number}.patch"
            path.write_bytes(content)
            found = verdict_document(ask_files(session, base, tip, [path]).answer(session.quarantine))
            wanted = expected[number]
            assert (found["state"], found["xsa"]) == (wanted["state"], wanted["xsa"])
            assert [one["commit"] for one in found["prerequisites"]] == [
                one["commit"] for one in wanted["prerequisites"]
            ]
            assert found["queue"] == [*wanted["queue"][:-1], {"id": path.name, "role": "patch"}]
    assert files


@pytest.mark.parametrize("form", ["mail", "crlf", "diff", "no signature", "copies", "full index", "prefixes"])
def test_every_kind_of_change_as_a_patch_file(form: str, variety: Place, tmp_path: Path) -> None:
    options = {
        "copies": ("-C", "--find-copies-harder"), "full index": ("--full-index",), "no signature": ("--no-signature",),
        "prefixes": ("--src-prefix=old/", "--dst-prefix=new/"),
    }.get(form, ())  # fmt: skip
    files = {number: variety.patch(number + 3, *options) for number in VARIETY}
    if form == "crlf":  # what has both ends of lines is not the same patch any more
        files = {number: content.replace(b"\n", b"\r\n") for number, content in files.items() if b"\r" not in content}
    if form == "diff":
        for number, content in files.items():
            start, end = content.index(b"diff --git"), content.rindex(b"-- \n")
            files[number] = b"This is XSA-%d.\n\n" % number + content[start:end]

    same_as_the_commits(variety, files, tmp_path)


def test_every_kind_of_change_that_the_base_has_already(variety: Place, tmp_path: Path) -> None:
    path = tmp_path / "x.patch"
    with Session(variety.folder) as session:
        tip = session.commit("stable-1.0")
        for number in VARIETY:
            path.write_bytes(variety.patch(number + 3))
            found = ask_files(session, session.commit(variety[number + 3]), tip, [path]).answer(session.quarantine)
            assert (found.state.value, found.xsa) == ("already-applied", [number])


def test_sha256_and_patch_files(tmp_path: Path) -> None:
    place = varied(64).write(tmp_path / "other", "--object-format=sha256")
    same_as_the_commits(place, {number: place.patch(number + 3) for number in (2, 3, 8)}, tmp_path)


def test_half_of_a_patch_is_not_all_of_it(place: Place, tmp_path: Path) -> None:
    """What is said to be there must be there, in every file and hunk."""
    content = place.patch(ALONE)
    more = b"diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1,4 +1,4 @@\n line 1\n-five\n+six\n line 3\n line 4\n"
    (tmp_path / "x.patch").write_bytes(content.replace(b"-- \n", more + b"-- \n"))
    done = place.run("prereqs", "--onto", "stable-1.0", str(tmp_path / "x.patch"))

    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: x.patch: hunk 1 does not fit in b.c at {place.short(10)}\n")


def test_patch_of_gnu_diff(place: Place, tmp_path: Path) -> None:
    old, new = numbered(20, {5: "tidied"}), numbered(20, {5: "tidied", 7: "fixed"})
    for name, content in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.c").write_bytes(content)
    made = subprocess.run(["diff", "-ru", "old", "new"], cwd=tmp_path, capture_output=True, check=False).stdout
    (tmp_path / "x.patch").write_bytes(b"This is XSA-3.\n\n" + made)
    done = place.run("prereqs", "--onto", RELEASE, str(tmp_path / "x.patch"))

    assert (done.status, done.out.splitlines()[0]) == (0, "XSA-3 needs 1 prerequisite on RELEASE-1.0.1")


def test_patch_with_a_copy(tmp_path: Path) -> None:
    """A copy starts from what the file was before the patch, and needs its lines to be there."""
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(40), "b.c": numbered(9)})
    draft.commit("prepare", {"a.c": numbered(40, {20: "prepared"})})
    draft.commit("copy\n\nThis is XSA-1.", {
        "a.c": b"more\n" * 5 + numbered(40, {20: "prepared", 3: "changed"}), "c.c": numbered(40, {20: "copied"}),
    })  # fmt: skip
    place = draft.write(tmp_path / "copies")
    content = place.patch(3, "-C")
    assert b"\ncopy from a.c\ncopy to c.c\n" in content
    (tmp_path / "x.patch").write_bytes(content)

    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", str(tmp_path / "x.patch"), "--json")
    answer = json.loads(done.out)
    assert (done.status, answer["state"]) == (0, "needs-prerequisites")
    assert [one["id"] for one in answer["queue"]] == [place[2], "x.patch"]
    done = place.run("prereqs", "--onto", place[2], str(tmp_path / "x.patch"))
    assert (done.status, done.out.splitlines()[0]) == (0, "XSA-1 applies to " + place[2] + " as it is")


def test_patch_whose_file_got_another_mode_meanwhile(tmp_path: Path) -> None:
    """A mode that stands behind the object names is no change of mode (git's own rule)."""
    draft = Draft()
    draft.release("1.0.0", {"x": File(numbered(9), "100755")})
    draft.commit("fix\n\nThis is XSA-1.", {"x": File(numbered(9, {5: "fixed"}), "100755")})
    place = draft.write(tmp_path / "modes")
    (tmp_path / "x.patch").write_bytes(place.patch(2).replace(b" 100755\n", b" 100644\n"))

    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", str(tmp_path / "x.patch"))
    assert (done.status, done.out.splitlines()[0]) == (0, "XSA-1 applies to RELEASE-1.0.0 as it is")


def test_patch_with_two_diffs_of_one_file(place: Place, tmp_path: Path) -> None:
    one = b"diff --git a/b.c b/b.c\n--- a/b.c\n+++ b/b.c\n@@ -1,4 +1,4 @@\n-line 1\n+first\n line 2\n line 3\n line 4\n"
    two = one.replace(b"+first", b"+again").replace(b"-line 1", b"-first")
    (tmp_path / "x.patch").write_bytes(one + two)

    done = place.run("prereqs", "--onto", RELEASE, str(tmp_path / "x.patch"))
    assert (done.status, done.out.splitlines()[0]) == (0, "1 patch applies to RELEASE-1.0.1 as it is")


def test_series_that_has_no_place_in_common(place: Place, tmp_path: Path) -> None:
    """The first was made before the commit that the second needs: each is taken for the commit that it became."""
    for number in (USE, NEXT):
        (tmp_path / f"{number}.patch").write_bytes(place.patch(number))
    files = [str(tmp_path / f"{number}.patch") for number in (USE, NEXT)]

    done = place.run("prereqs", "--onto", RELEASE, *files, "--json")
    asked = place.run("prereqs", "--onto", RELEASE, place[USE], place[NEXT], "--json")
    assert done == asked
    assert done.status == 0


def test_series_of_which_one_has_no_place(place: Place, tmp_path: Path) -> None:
    content = place.patch(NEXT)
    (tmp_path / "1.patch").write_bytes(content)
    (tmp_path / "2.patch").write_bytes(content.replace(b"line 9", b"lime 9").replace(b"fixed", b"other"))
    done = place.run("prereqs", "--onto", RELEASE, str(tmp_path / "1.patch"), str(tmp_path / "2.patch"))
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: 2.patch: hunk 1 does not fit in b.c at ")


def misfit(place: Place, content: bytes, why: str) -> None:
    path = place.folder.parent / "x.patch"
    path.write_bytes(content)
    refused(
        place.folder, ["prereqs", "--onto", RELEASE, str(path)], 2, f"x.patch: {why} at {place.short(10)}", OTHER_TIP
    )


def diff(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


HUNK = ("@@ -1,4 +1,4 @@", "-line 1", "+first", " line 2", " line 3", " line 4")


def test_patch_that_does_not_fit(place: Place) -> None:
    names = ("diff --git a/b.c b/b.c", "--- a/b.c", "+++ b/b.c")
    misfit(place, diff(*names, *HUNK[:-1], " something else"), "hunk 1 does not fit in b.c")
    misfit(place, diff(*names, *HUNK, "@@ -9,2 +9,2 @@", " line 9", "-nothing", "+x"), "hunk 2 does not fit in b.c")


def test_patch_that_fits_at_several_places(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.1", {"x": lines("abcabcabcabc")})
    place = draft.write(tmp_path / "places")
    path = tmp_path / "x.patch"
    path.write_bytes(diff("--- a/x", "+++ b/x", "@@ -30,3 +30,3 @@", " a", "-b", "+B", " c"))
    refused(
        place.folder, ["prereqs", "--onto", RELEASE, str(path)], 2,
        f"x.patch: hunk 1 fits at 4 places (lines 1, 4, 7, 10) in x at {place.short(1)}", OTHER_TIP,
    )  # fmt: skip


def test_patch_of_files_that_are_there_or_not(place: Place) -> None:
    new = ("new file mode 100644", "--- /dev/null")
    known = ("diff --git a/b.c b/b.c", "old mode 100644", "new mode 100755")  # else it is for another tree
    missing = diff("diff --git a/no.c b/no.c", "--- a/no.c", "+++ b/no.c", *HUNK, *known)
    misfit(place, missing, "there is no file no.c")
    misfit(
        place, diff("diff --git a/b.c b/b.c", *new, "+++ b/b.c", "@@ -0,0 +1 @@", "+x"), "there is a file b.c already"
    )
    misfit(place, diff("diff --git a/a.c b/b.c", "rename from a.c", "rename to b.c"), "there is a file b.c already")
    misfit(place, diff("diff --git a/a.c b/b.c", "copy from a.c", "copy to b.c"), "there is a file b.c already")
    misfit(place, diff("diff --git a/no b/x", "rename from no", "rename to x", *known), "there is no file no")
    misfit(place, diff("diff --git a/b.c/x b/b.c/x", *new, "+++ b/b.c/x", "@@ -0,0 +1 @@", "+x"), "b.c is not a folder")
    misfit(
        place, diff("diff --git a/b.c b/b.c", "deleted file mode 100644", "--- a/b.c", "+++ /dev/null",
                    "@@ -1,2 +1 @@", "-line 1", " line 2"),
        "b.c would not be empty after the deletion",
    )  # fmt: skip


def test_patch_of_a_folder(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.1", {"folder/x": lines("abc")})
    place = draft.write(tmp_path / "folders")
    path = tmp_path / "x.patch"
    for content, why in (
        (
            diff("diff --git a/folder b/folder", "new file mode 100644", "index 00..11"),
            "there is a folder folder already",
        ),
        (diff("diff --git a/folder b/folder", "--- a/folder", "+++ b/folder", *HUNK), "there is no file folder"),
    ):
        path.write_bytes(content)
        what = f"x.patch: {why} at {place.short(1)}"
        refused(place.folder, ["prereqs", "--onto", RELEASE, str(path)], 2, what, OTHER_TIP)


def test_patch_through_a_link_of_its_own(place: Place) -> None:
    """A link that leads out of the tree, and a file behind it, was once called "misplaced" and put in a queue."""
    link = diff(
        "diff --git a/out b/out", "new file mode 120000", "--- /dev/null", "+++ b/out", "@@ -0,0 +1 @@", "+/etc",
        "\\ No newline at end of file", "diff --git a/out/passwd b/out/passwd", "new file mode 100644", "--- /dev/null",
        "+++ b/out/passwd", "@@ -0,0 +1 @@", "+x", "diff --git a/b.c b/b.c", "old mode 100644", "new mode 100755",
    )  # fmt: skip
    misfit(place, link, "out is not a folder")


def test_patch_for_another_type_of_file(variety: Place, tmp_path: Path) -> None:
    text = variety.patch(4 + 3).replace(b" 120000\n", b" 100644\n")
    (tmp_path / "x.patch").write_bytes(text)
    tip = variety.git("rev-parse", "--short=12", "stable-1.0")
    refused(
        variety.folder, ["prereqs", "--onto", OLDER, str(tmp_path / "x.patch")], 2,
        f"x.patch: ln has another type than in the patch at {tip}", OTHER_TIP,
    )  # fmt: skip


def test_binary_patch_for_another_version_of_the_file(variety: Place, tmp_path: Path) -> None:
    old = variety.git("rev-parse", f"{OLDER}:bin").encode()
    (tmp_path / "x.patch").write_bytes(variety.patch(3 + 3).replace(old, b"0123456789" * 4))
    tip = variety.git("rev-parse", "--short=12", "stable-1.0")
    refused(
        variety.folder, ["prereqs", "--onto", OLDER, str(tmp_path / "x.patch")], 2,
        f"x.patch: bin is another version of the file at {tip}", OTHER_TIP,
    )  # fmt: skip


def test_lines_for_a_binary_file(variety: Place, tmp_path: Path) -> None:
    path = tmp_path / "x.patch"
    path.write_bytes(b"--- a/bin\n+++ b/bin\n@@ -1 +1 @@\n-" + b"\0\1\2" * 50 + b"\n\\ No newline at end of file\n+x\n")
    tip = variety.git("rev-parse", "--short=12", "stable-1.0")
    refused(
        variety.folder, ["prereqs", "--onto", OLDER, str(path)], 2,
        f"x.patch: bin is binary, and the patch has lines for it at {tip}", OTHER_TIP,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (b"", "is not a patch: no diff in it", "give a unified diff, as git format-patch writes it"),
        (b"words\n", "is not a patch: no diff in it", "give a unified diff, as git format-patch writes it"),
        (b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n",
         "is damaged: not a diff: hunk 1 has fewer lines than its header says",
         "fetch it again, and compare its checksum"),
        (b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", "names the path '../x'", SHADY),
        (b"diff --git a/a.c b/x\nrename from a.c\nrename to .git/hooks/post-checkout\n",
         "names the path '.git/hooks/post-checkout'", SHADY),
        (b"--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "names the path '/etc/passwd'", SHADY),
        (b"diff --git a/\x1b[2J/../x b/\x1b[2J/../x\nold mode 100644\nnew mode 100755\n",
         "names the path '\\x1b[2J/../x'", SHADY),
    ],
)  # fmt: skip
def test_file_that_is_no_patch_or_must_not_be_used(
    content: bytes, what: str, hint: str, place: Place, tmp_path: Path
) -> None:
    path = tmp_path / "bad.patch"
    path.write_bytes(content)
    good = tmp_path / "good.patch"
    good.write_bytes(place.patch(ALONE))

    for more in ([str(path)], [str(good), str(path)], ["--json", str(path)]):
        refused(place.folder, ["prereqs", "--onto", RELEASE, *more], 128, f"{path} {what}", hint)


def test_folder_in_the_place_of_a_patch(place: Place, tmp_path: Path) -> None:
    (tmp_path / "patches").mkdir()
    words = ["prereqs", "--onto", RELEASE, str(tmp_path / "patches")]
    hint = "give the patch files in it, in their order"
    refused(place.folder, words, 128, f"{str(tmp_path / 'patches')!r} is a folder", hint)


def test_patch_that_is_given_twice(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "one.patch"
    path.write_bytes(place.patch(ALONE))
    words = ["prereqs", "--onto", RELEASE, str(path), str(tmp_path / "." / ".." / tmp_path.name / "one.patch")]
    refused(
        place.folder, words, 129, f"{words[-1]} is given twice", "give each patch of the series once, in their order"
    )


def test_file_that_may_not_be_read(place: Place, tmp_path: Path) -> None:
    without_rights = unprivileged()
    if without_rights is None:
        pytest.skip("root may read everything, and there is no setpriv to give that up")
    path = tmp_path / "x.patch"
    path.write_bytes(place.patch(ALONE))
    path.chmod(0)
    words = [*without_rights, *PROGRAM, "prereqs", "--onto", RELEASE, str(path)]
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=False)

    hint = "give the path of a patch file, or the name of a commit"
    assert (done.returncode, done.stdout) == (128, "")
    assert done.stderr == f"fatal: {path}: Permission denied\nhint: {hint}\n"


def test_name_of_a_patch_file_that_could_harm_a_terminal(place: Place, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\x1b[2J\xff.patch")
    path.write_bytes(place.patch(NEXT))
    ask = ("prereqs", "--onto", RELEASE, str(path))

    assert place.run(*ask).out.splitlines()[-1] == "  2  XSA-3    \\x1b[2J\\xff.patch  next to it"
    assert '  "\\\\x1b[2J\\\\xff.patch" [label=' in place.run(*ask, "--graph=dot").out
    assert json.loads(place.run(*ask, "--json").out)["queue"][-1]["id"] == path.name
    path.write_bytes(b"")
    assert place.run(*ask).err.splitlines()[0].endswith("/\\x1b[2J\\xff.patch is not a patch: no diff in it")


def test_escapes_in_the_subject_of_a_patch_file(place: Place, tmp_path: Path) -> None:
    content = place.patch(NEXT)
    for subject in (b"x\x1b[2J\x07y", b"=?utf-8?q?x=1B[2J=07y?="):
        (tmp_path / "x.patch").write_bytes(content.replace(b"next to it", subject))
        ask = ("prereqs", "--onto", RELEASE, str(tmp_path / "x.patch"))
        assert place.run(*ask).out.splitlines()[-1] == "  2  XSA-3    x.patch  x\\x1b[2J\\x07y"
        done: Answer = place.run(*ask, "--json")
        assert "\\u001b[2J\\u0007" in done.out
