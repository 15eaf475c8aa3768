"""Files as packagers ship them: several patches in one, names for any ``patch -p``, forms that are refused by name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.advisory.patchfile import MOST_FOLDERS, PatchFile, parse_patches, read_patches
from git_xsa.advisory.problems import PatchError

PATH = Path("xsa9.patch")
SIGNATURE = b"-- \n2.39.5\n\n"


def hunk(old: bytes, new: bytes) -> bytes:
    return b"@@ -1,3 +1,3 @@\n a\n-%b\n+%b\n c\n" % (old, new)


def diff(name: bytes = b"xen/x.c", old: bytes = b"1", new: bytes = b"2") -> bytes:
    return b"diff --git a/%b b/%b\n--- a/%b\n+++ b/%b\n" % ((name,) * 4) + hunk(old, new)


def plain(name: bytes = b"xen/x.c", old: bytes = b"1", new: bytes = b"2") -> bytes:
    return b"--- a/%b\n+++ b/%b\n" % (name, name) + hunk(old, new)


def mail(number: int, body: bytes) -> bytes:
    return (
        b"From %b Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH %d/2] part %d\n\nThis is XSA-9.\n"
        b"---\n x.c | 2 +-\n 1 file changed\n\n" % (b"%d" % number * 40, number, number) + body + SIGNATURE
    )


def refused(content: bytes) -> tuple[str, str]:
    with pytest.raises(PatchError) as caught:
        parse_patches(PATH, content)
    return caught.value.what, caught.value.hint


def tops(content: bytes) -> list[tuple[str, str, list[bytes]]]:
    """Return the name and the subject of each patch, and the files that it changes."""
    patches = parse_patches(PATH, content)
    return [(patch.name, patch.subject, [change.path for change in patch.changes]) for patch in patches]


TWO = [("xsa9.patch#1", "part 1", [b"xen/x.c"]), ("xsa9.patch#2", "part 2", [b"xen/x.c"])]
FIRST, SECOND = diff(), diff(old=b"2", new=b"3")
HEADS = {
    "mail": b"From: A <a@example.org>\nSubject: part %d\n\nWords.\n",
    "subject": b"Subject: part %d\n\n",
    "netbsd": b"$NetBSD: patch-XSA344,v 1.1 x Exp $\n\nFrom: A <a@example.org>\nSubject: part %d\n\n",
    "hg": b"# HG changeset patch\n# User A <a@example.org>\n# Date 1361176458 -3600\npart %d\n\nWords.\n",
    "suse": b"# Commit 0123456789abcdef\n# Date 2026-01-01\n# Author A <a@example.org>\npart %d\n\nWords.\n",
    "suse, referenced": b"References: bsc#1 CVE-2026-1 XSA-9\n\n# Commit 0123456789abcdef\n# Author A\npart %d\n\n",
    "show": b"commit " + b"1" * 40 + b"\nAuthor: A <a@example.org>\nDate:   2026-01-01\n\n    part %d\n\n",
    "dep-3": b"Description: part %d\n More words.\nAuthor: A <a@example.org>\nOrigin: upstream\n\n",
}  # fmt: skip


def test_mailbox_of_format_patch() -> None:
    """As Alpine makes them: git format-patch A..B --stdout > xsa407-4.16-00.patch."""
    content = mail(1, FIRST) + mail(2, SECOND)
    assert tops(content) == TWO
    assert [patch.text for patch in parse_patches(PATH, content)] == [FIRST, SECOND]
    assert parse_patches(PATH, content)[1].content == content[content.index(b"From 2222") :].removesuffix(SIGNATURE)
    assert tops(content.replace(b"\n", b"\r\n")) == TWO


def test_cover_letter_in_a_mailbox_is_no_patch() -> None:
    assert tops(mail(0, b"See the patches.\n") + mail(1, FIRST) + mail(2, SECOND)) == TWO


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("between", [b"", b"\n", b"\n\n", SIGNATURE])
def test_patches_one_after_another(head: bytes, between: bytes) -> None:
    """As in pkgsrc's patch-XSA344 and patch-XSA398."""
    for first, second in ((FIRST, SECOND), (plain(), plain(old=b"2", new=b"3"))):
        content = head % 1 + b"\n" + first + between + head % 2 + b"\n" + second
        assert tops(content) == TWO
        assert [len(patch.changes[0].hunks) for patch in parse_patches(PATH, content)] == [1, 1]


def test_words_between_two_diffs_of_one_file() -> None:
    """The second one is made for what the first one leaves; for other files they say nothing."""
    assert len(parse_patches(PATH, FIRST + b"\nAnd now the rest:\n\n" + SECOND)) == 2
    for words in (b"", b"\n", b"Index: xen/x.c\n====\n", b"diff -u a b\n"):
        assert len(parse_patches(PATH, plain() + words + plain(old=b"2", new=b"3"))) == 1
    assert len(parse_patches(PATH, FIRST + b"\nAnd now the rest:\n\n" + diff(b"xen/y.c"))) == 1


def test_what_git_am_makes_of_a_mailbox_is_what_is_read(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "xen").mkdir()
    names = [b"xen/x.c", b"xen/y.c"]
    for name in names:
        (tmp_path / name.decode()).write_bytes(b"a\n1\nc\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "base"], check=True)
    box = tmp_path / "box"
    box.write_bytes(mail(1, FIRST + diff(names[1])) + mail(2, SECOND))
    subprocess.run([*git, "am", "-q", str(box)], check=True)
    log = subprocess.run([*git, "log", "-2", "--reverse", "--format=%s"], check=True, capture_output=True, text=True)
    patches = read_patches(box)
    assert [patch.subject for patch in patches] == log.stdout.split("\n")[:2]
    assert (tmp_path / "xen/x.c").read_bytes() == b"a\n3\nc\n"
    assert [change.hunks[0].new_lines for patch in patches for change in patch.changes] == [
        [b"a\n", b"2\n", b"c\n"], [b"a\n", b"2\n", b"c\n"], [b"a\n", b"3\n", b"c\n"],
    ]  # fmt: skip


# Names


NAMES = [
    (b"--- xen/x.c.orig\n+++ xen/x.c\n", 0),
    (b"--- xen/x.c.orig\t2026-01-01 12:00:00.000000000 +0000\n+++ xen/x.c\t2026-01-01\n", 0),
    (b"--- xen/x.c\n+++ xen/x.c.new\n", 0),
    (b"--- xen/x.c~\n+++ xen/x.c\n", 0),
    (b"Index: xen/x.c\n===\n--- xen/x.c\t(revision 3)\n+++ xen/x.c\t(working copy)\n", 0),
    (b"Index: xen/x.c\n===\n--- xen/x.c (revision 3)\n+++ xen/x.c (working copy)\n", 0),
    (b"Index: xen/x.c\n===\nRCS file: /cvs/x.c,v\nretrieving revision 1.2\n--- x.c\t1 Jan\n+++ x.c\t2 Jan\n", 0),
    (b"Index: xen/x.c\n===\n", 0),
    (b"diff --git xen/x.c xen/x.c\n--- xen/x.c\n+++ xen/x.c\n", 0),
    (b"--- a/xen/x.c\n+++ b/xen/x.c\n", 1),
    (b"--- xen-4.17.2.orig/xen/x.c\n+++ xen-4.17.2/xen/x.c\n", 1),
    (b"Index: xen-4.17.2/xen/x.c\n===\n", 1),
    (b"diff -r 0123 -r 4567 xen/x.c\n--- a/xen/x.c\tThu Jan 01 00:00:00 2026\n+++ b/xen/x.c\tThu Jan 01\n", 1),
    (b"--- a/xen-4.17.2/xen/x.c\n+++ b/xen-4.17.2/xen/x.c\n", 2),
    (b"diff --git a/xen-4.17.2/xen/x.c b/xen-4.17.2/xen/x.c\n--- a/xen-4.17.2/xen/x.c\n+++ b/xen-4.17.2/xen/x.c\n", 2),
    (b"--- ../src/xen-4.17.2.orig/xen/x.c\n+++ ../src/xen-4.17.2/xen/x.c\n", 3),
]  # fmt: skip


def same_for_p1(patch: PatchFile) -> None:
    """Check that git takes the text of a patch with names for ``-p1``."""
    shown = subprocess.run(["git", "apply", "--numstat", "-"], input=patch.text, capture_output=True, check=True).stdout
    assert shown == b"1\t1\txen/x.c\n"


@pytest.mark.parametrize(("names", "level"), NAMES)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_folders_before_the_names(names: bytes, level: int, ends: bytes) -> None:
    """``patch -pN`` takes N of them off; CR LF in the lines around the hunks, too, is an accident of the way."""
    [patch] = parse_patches(PATH, b"Words.\n\n".replace(b"\n", ends) + names.replace(b"\n", ends) + hunk(b"1", b"2"))
    found = patch.at_level(level)
    assert found is not None
    assert [(c.old_path, c.new_path, c.hunks[0].old_lines) for c in found.changes] == [
        (b"xen/x.c", b"xen/x.c", [b"a\n", b"1\n", b"c\n"])
    ]
    same_for_p1(found)
    assert patch.at_level(9) is None


def test_renames_copies_modes_and_new_files_for_p0() -> None:
    content = (
        b"diff --git xen/a.c xen/b.c\nsimilarity index 90%\nrename from xen/a.c\nrename to xen/b.c\n"
        b"--- xen/a.c\n+++ xen/b.c\n" + hunk(b"1", b"2") + b"diff --git xen/c d xen/c d\n"
        b"old mode 100644\nnew mode 100755\ndiff --git xen/n.c xen/n.c\nnew file mode 100644\nindex 00..11\n"
        b"--- /dev/null\n+++ xen/n.c\n@@ -0,0 +1 @@\n+n\n"
    )
    found = parse_patches(PATH, content)[0].at_level(0)
    assert found is not None
    assert [(c.old_path, c.new_path) for c in found.changes] == [
        (b"xen/a.c", b"xen/b.c"), (b"xen/c d", b"xen/c d"), (None, b"xen/n.c"),
    ]  # fmt: skip
    done = subprocess.run(["git", "apply", "--numstat", "-z", "-"], input=found.text, capture_output=True, check=True)
    assert done.stdout.count(b"xen/") == 3, "the renamed file, the mode, the new file"


@pytest.mark.parametrize("level", range(MOST_FOLDERS + 1))
def test_no_level_leads_out_of_the_tree(level: int) -> None:
    for name in (b"a/../../x.c", b"a/b/../x.c", b"a/b/c/.git/config"):
        assert "names the path" in refused(b"--- %b\n+++ %b\n" % (name, name) + hunk(b"1", b"2"))[0]
    name = b"../../b/c/x.c"  # which two folders less make a good name of
    with_dots = b"--- %b\n+++ %b\n" % (name, name) + hunk(b"1", b"2")
    assert "names the path" in refused(with_dots)[0]
    [patch] = parse_patches(PATH, b"--- ../b/c/x.c\n+++ ../b/c/x.c\n" + hunk(b"1", b"2"))
    found = patch.at_level(level)
    assert (found is None) == (level in (0, 4))


# Ends of lines, encodings


def test_ends_of_lines_of_the_headers_alone() -> None:
    content = mail(1, b"").replace(SIGNATURE, b"").replace(b"\n", b"\r\n") + FIRST
    [patch] = parse_patches(PATH, content)
    assert (patch.subject, patch.text, "\r" in patch.message) == ("part 1", FIRST, False)


def test_ends_of_lines_of_content_are_kept() -> None:
    """A file of the tree whose lines end with CR LF: git writes the lines around the hunks with LF."""
    content = diff().replace(b" a\n", b" a\r\n").replace(b"1\n", b"1\r\n")
    assert parse_patches(PATH, content)[0].changes[0].hunks[0].old_lines == [b"a\r\n", b"1\r\n", b"c\n"]


def test_mark_of_the_encoding_in_the_middle() -> None:
    content = b"\xef\xbb\xbf" + HEADS["mail"] % 1 + b"\n" + FIRST + b"\xef\xbb\xbf" + HEADS["mail"] % 2 + b"\n" + SECOND
    assert tops(content) == TWO


# What is refused by name


UNIFIED = "make a unified diff with diff -u, or convert it with filterdiff --format=unified"


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (b"*** a/x.c\n--- b/x.c\n***************\n*** 1,2 ****\n! a\n--- 1,2 ----\n! b\n", "is a context diff",
         UNIFIED),
        (FIRST + b"\n*** a/y.c\n--- b/y.c\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n", "is a context diff",
         UNIFIED),
        (b"diff -r a/x.c b/x.c\n3c3\n< a\n---\n> b\n", "is a diff without context", UNIFIED),
        (b"3c\nb\n.\n", "is an ed script", UNIFIED),
        (b"d3 1\na3 1\nb\n", "is an ed script", UNIFIED),
        (b"diff --cc x.c\nindex 11,22..33\n--- a/x.c\n+++ b/x.c\n@@@ -1 -1 +1 @@@\n- a\n -b\n++c\n",
         "is the diff of a merge", "give the diff against one parent: git diff <merge>^ <merge>"),
        (b"\x1f\x8b\x08\0rest", "is packed", "unpack it first, with gunzip"),
        (FIRST.decode().encode("utf-16-le"), "is encoded in UTF-16",
         "convert it to UTF-8: iconv -f utf-16-le -t utf-8"),
        (plain() + b"Binary files a/logo.png and b/logo.png differ\n",
         "is damaged: the contents of the binary files a/logo.png and b/logo.png are missing",
         "fetch it again, and compare its checksum"),
    ],
)  # fmt: skip
def test_forms_that_are_refused_by_name(content: bytes, what: str, hint: str) -> None:
    assert refused(content) == (f"xsa9.patch {what}", hint)


# Anything else


PIECES = [
    FIRST, SECOND, plain(), SIGNATURE, mail(1, FIRST), *(head % 1 for head in HEADS.values()), b"\n", b"\r\n",
    b"--- a\n", b"+++ b\n", b"@@ -1 +1 @@\n", b"@@ -1,999999999 +1 @@\n", b" a\n", b"-b\n", b"+c\n",
    b"\\ No newline\n", b"Index: x/y\n", b"GIT binary patch\n", b"literal 3\n", b"Kcmxyz\n", b"rename from x\n",
    b"*** a\n", b"3c3\n", b"# User\n", b"\xef\xbb\xbf", b"From: =?x?q?=\n", b"Subject:\n",
    b"commit " + b"0" * 40 + b"\n", b"# Date 99999999999 999999\n", b"\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.randoms(use_true_random=False), st.integers(0, 3))
def test_mangled_files_are_read_or_refused(pieces: list[bytes], random: object, cuts: int) -> None:
    """Whatever is put together, cut and turned: patches with changes, or a refusal; never anything else."""
    content = b"".join(pieces)
    for _ in range(cuts):
        at = random.randrange(len(content) + 1)  # type: ignore[attr-defined]
        content = content[:at] + content[at + random.randrange(9) :]  # type: ignore[attr-defined]
    what = ""
    try:
        patches = parse_patches(PATH, content)
    except PatchError as error:
        patches, what = (), error.what
    assert patches or re.match(r"xsa9\.patch (is|names|has)", what), what
    assert all(patch.changes and patch.text.endswith(b"\n") for patch in patches)
    assert len({patch.name for patch in patches}) == len(patches)


@pytest.mark.parametrize(
    ("content", "patches"),
    [
        (plain() * 5_000, 1),
        ((b"Subject: x\n\n" + plain()) * 2_500, 2_500),
        (b"\n@@ -1 +1 @@\n" * 100_000, 0),
        (b"Index: x\n" * 100_000, 0),
    ],
    ids=["files", "patches", "hunks of no file", "names"],
)
def test_time_grows_with_the_length_alone(content: bytes, patches: int) -> None:
    """Any of these took minutes where each file, or each hunk without one, looked at all before it again."""
    start = process_time()
    try:
        found = len(parse_patches(PATH, content))
    except PatchError:
        found = 0
    assert found == patches
    assert process_time() - start < 20
