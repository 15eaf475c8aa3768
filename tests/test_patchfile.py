"""Reading patch files: every form that advisories and packagers have, and nothing that is none or must not be used."""

from __future__ import annotations

import base64
import quopri
from pathlib import Path

import pytest

from git_xsa.advisory import patchfile
from git_xsa.advisory.patchfile import PatchFile, read_patches
from git_xsa.advisory.problems import PatchError
from git_xsa.model.change import Hunk

HUNKS = b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
DIFF = b"diff --git a/x.c b/x.c\nindex 11..22 100644\n--- a/x.c\n+++ b/x.c\n" + HUNKS
HEAD = (
    b"From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\n"
    b"From: Jane Doe <jane@example.org>\nDate: Tue, 17 Mar 2026 12:00:00 +0000\n"
    b"Subject: [PATCH 1/2] x86: check before use\n\nThis is XSA-9.\n\n---\n x.c | 2 +-\n\n"
)
SIGNATURE = b"-- \n2.39.5\n\n"
MAIL = HEAD + DIFF + SIGNATURE
HUNK = Hunk(1, 1, b" -+ ", (b"a\n", b"b\n", b"B\n", b"c\n"))
A = b"1" * 40
B = b"2" * 40
NOT_USED = "do not use this patch; inform its sender"
FETCH = "fetch it again, and compare its checksum"


def read(folder: Path, content: bytes, name: str = "p.patch") -> PatchFile:
    path = folder / name
    path.write_bytes(content)
    [patch] = read_patches(path)
    return patch


def refused(folder: Path, content: bytes) -> tuple[str, str]:
    """Return why the patch file with ``content`` is refused (without its path), and the hint."""
    with pytest.raises(PatchError) as caught:
        read(folder, content)
    assert caught.value.status == 128
    return caught.value.what.replace(str(folder / "p.patch"), "FILE"), caught.value.hint


# Forms


def test_mail_of_format_patch(tmp_path: Path) -> None:
    patch = read(tmp_path, MAIL)

    assert (patch.name, patch.subject, patch.text) == ("p.patch", "x86: check before use", DIFF)
    assert "This is XSA-9.\n" in patch.message
    assert [(change.path, change.hunks) for change in patch.changes] == [(b"x.c", (HUNK,))]


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (DIFF, "p.patch"),
        (b"x86: check before use\n\nThis is XSA-9.\n\n" + DIFF, "p.patch"),
        (b"From: Jane <jane@example.org>\nSubject: x86: check\n in time\n\nWords.\n\n" + DIFF, "x86: check in time"),
        (HEAD.partition(b"\n")[2] + DIFF, "x86: check before use"),
        (HEAD.replace(b"[PATCH 1/2]", b"[XSA9] [PATCH]") + DIFF, "x86: check before use"),
        (HEAD.replace(b"x86: check before use", b"=?UTF-8?q?f=C3=BCr_alle?=") + DIFF, "für alle"),
        (HEAD.replace(b"x86: check before use", "für alle".encode()) + DIFF, "für alle"),
        (HEAD.replace(b"x86: check before use", "für alle".encode("latin-1")) + DIFF, "für alle"),
        (HEAD.replace(b"[PATCH 1/2] x86: check before use", b"") + DIFF, "p.patch"),
        (b"Index: x.c\n=====\n" + DIFF, "p.patch"),
        (DIFF + b"\n\n\n", "p.patch"),
        (DIFF + b"-- \n2.39.5", "p.patch"),
        (DIFF + b"and some words\n", "p.patch"),
        (DIFF + b"-- \n2.39.5 (Apple Git-154)\n\n", "p.patch"),
    ],
)  # fmt: skip
def test_what_surrounds_a_diff(content: bytes, subject: str, tmp_path: Path) -> None:
    patch = read(tmp_path, content)

    assert (patch.subject, patch.text) == (subject, DIFF)


def test_crlf_in_the_whole_file(tmp_path: Path) -> None:
    assert read(tmp_path, MAIL.replace(b"\n", b"\r\n")) == read(tmp_path, MAIL)


def test_crlf_in_some_lines_is_content(tmp_path: Path) -> None:
    patch = read(tmp_path, HEAD + DIFF.replace(b"-b\n+B\n", b"-b\r\n+B\r\n"))
    assert patch.changes[0].hunks[0].texts == (b"a\n", b"b\r\n", b"B\r\n", b"c\n")


def test_content_in_another_encoding(tmp_path: Path) -> None:
    patch = read(tmp_path, HEAD + DIFF.replace(b"+B", b"+B\xe9"))
    assert patch.changes[0].hunks[0].texts[2] == b"B\xe9\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_file_that_was_saved_with_a_mark_of_its_encoding(encoding: str, tmp_path: Path) -> None:
    text = ("\ufeff" if encoding == "utf-16-be" else "") + (HEAD + DIFF).decode().replace("\n", "\r\n")
    patch = read(tmp_path, text.encode(encoding))
    assert (patch.subject, patch.text) == ("x86: check before use", DIFF)


def test_lines_that_look_like_a_signature(tmp_path: Path) -> None:
    """``-- `` takes out a line ``- ``: only the hunk's own count tells that it is none."""
    diff = DIFF[: -len(HUNKS)] + b"@@ -1 +1 @@\n-- \n+x\n"

    for content in (diff, diff + SIGNATURE):
        assert read(tmp_path, content).changes[0].hunks == (Hunk(1, 1, b"-+", (b"- \n", b"x\n")),)


def test_blank_context_at_the_end_without_its_mark(tmp_path: Path) -> None:
    patch = read(tmp_path, DIFF.replace(b" c\n", b"\n"))

    assert patch.changes[0].hunks == (Hunk(1, 1, b" -+ ", (b"a\n", b"b\n", b"B\n", b"\n")),)
    assert patch.text == DIFF.replace(b" c\n", b"\n")


def test_blank_context_without_its_mark_before_the_next_file(tmp_path: Path) -> None:
    """XCP-ng's xsa340.patch was refused as too short: an editor had taken the blanks at the ends of its lines away."""
    one = b"--- a/x.c\n+++ b/x.c\n@@ -1,4 +1,4 @@\n a\n-b\n+c\n d\n\n"
    between = b"Index: y.c\n" + b"=" * 67 + b"\n"
    for middle in (b"", between, b"\n" + between):
        first, second = read(tmp_path, one + middle + one.replace(b"x.c", b"y.c")).changes
        assert (first.path, second.path, first.hunks) == (b"x.c", b"y.c", second.hunks)
        assert first.hunks[0].texts[-1] == b"\n"


def test_no_newline_at_the_end_of_the_last_file(tmp_path: Path) -> None:
    diff = DIFF + b"\\ No newline at end of file\n"

    for content in (diff, diff + SIGNATURE, diff[:-1]):
        assert read(tmp_path, content).changes[0].hunks[0].texts[-1] == b"c"


# Plain diffs


@pytest.mark.parametrize(
    "names",
    [
        b"--- a/x.c\n+++ b/x.c\n",
        b"--- a/x.c\t2026-03-17 12:00:00.000000000 +0000\n+++ b/x.c\t2026-03-17 12:01:00.000000000 +0000\n",
        b"--- a/x.c     2026-03-17 12:00:00.000000000 +0300\n+++ b/x.c 2026-03-17 12:01:00 -0100\n",
        b"--- xen-4.17.3/x.c.orig\t2026-03-17\n+++ xen-4.17.3/x.c\t2026-03-17\n",
        b"diff -u xen.orig/x.c xen/x.c\n--- xen.orig/x.c\n+++ xen/x.c\n",
        b"Index: xen/x.c\n" + b"=" * 67 + b"\n--- xen.orig/x.c\n+++ xen/x.c\n",
    ],
)
def test_plain_diff(names: bytes, tmp_path: Path) -> None:
    (change,) = read(tmp_path, names + HUNKS).changes

    assert (change.old_path, change.new_path, change.old_mode, change.new_mode) == (b"x.c", b"x.c", "100644", "100644")
    assert change.hunks == (HUNK,)


def test_name_with_a_million_blanks(tmp_path: Path) -> None:
    """The search for a time behind the name began anew at each of them, and did not end."""
    name = b"x" + b" " * (1 << 20) + b"c"
    (change,) = read(tmp_path, b"--- a/" + name + b"\n+++ b/" + name + b"\n" + HUNKS).changes
    assert change.path == name


def test_plain_diff_of_several_files(tmp_path: Path) -> None:
    files = [b"--- xen.orig/%s\n+++ xen/%s\n" % (name, name) + HUNKS for name in (b"x.c", b"deep/y.c", b"z.c")]
    text = (
        b"Words.\n\n"
        + files[0]
        + b"Index: xen/deep/y.c\n====\n"
        + files[1]
        + b"diff -ruN xen.orig/z.c xen/z.c\n"
        + files[2]
    )

    assert [(change.path, change.hunks) for change in read(tmp_path, text).changes] == [
        (b"x.c", (HUNK,)), (b"deep/y.c", (HUNK,)), (b"z.c", (HUNK,)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (b"--- /dev/null\n+++ b/x.c\n@@ -0,0 +1 @@\n+a\n", None, b"x.c"),
        (b"--- a/x.c\t1970-01-01\n+++ b/x.c\n@@ -0,0 +1 @@\n+a\n", None, b"x.c"),
        (b"--- a/x.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", b"x.c", None),
        (b"--- a/x.c\n+++ b/x.c\t1970-01-01\n@@ -1 +0,0 @@\n-a\n", b"x.c", None),
    ],
)
def test_plain_diff_of_a_file_that_is_new_or_gone(
    text: bytes, old: bytes | None, new: bytes | None, tmp_path: Path
) -> None:
    (change,) = read(tmp_path, text).changes
    assert (change.old_path, change.new_path) == (old, new)


# Mails in other forms


def packed(kind: str, body: bytes) -> bytes:
    return (
        b"From: Jane Doe <jane@example.org>\nSubject: [PATCH] x86: check before use\nMIME-Version: 1.0\n"
        + f"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: {kind}\n\n".encode()
        + body
    )


def attached(*parts: bytes) -> bytes:
    text = (
        b"From: Jane\nSubject: the fixes\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=XX\n\nnot read\n"
    )
    return text + b"".join(b"--XX\n" + part + b"\n" for part in parts) + b"--XX--\n"


BODY = b"This is XSA-9.\n\n" + DIFF
WORDS = b"Content-Type: text/plain\n\nSee the attached patch.\n"
ATTACHMENT = b"Content-Type: text/x-patch; name=x.patch\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
    MAIL
)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (packed("quoted-printable", quopri.encodestring(BODY)), "x86: check before use"),
        (packed("base64", base64.encodebytes(BODY)), "x86: check before use"),
        (packed("BASE64", base64.encodebytes(BODY.replace(b"\n", b"\r\n"))), "x86: check before use"),
        (attached(WORDS, ATTACHMENT), "the fixes"),
        (attached(ATTACHMENT, WORDS), "the fixes"),
        (b"From x@example.org Tue Mar 17 12:00:00 2026\n" + attached(WORDS, ATTACHMENT), "the fixes"),
    ],
)  # fmt: skip
def test_mail_in_another_form(content: bytes, subject: str, ends: bytes, tmp_path: Path) -> None:
    patch = read(tmp_path, content.replace(b"\n", ends))

    assert (patch.subject, patch.text) == (subject, DIFF)
    assert "This is XSA-9.\n" in patch.message


def test_mail_with_several_patches(tmp_path: Path) -> None:
    assert refused(tmp_path, attached(WORDS, ATTACHMENT, ATTACHMENT)) == (
        "FILE is a mail with several patches",
        "save the attachment that you mean, and give that file",
    )


# What is none


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"words\n", b"\0" * 100, b"\xff\xfe\xfd", HEAD, b"diff --gi", b"\n--- a\n---\n+++ b\n",
        attached(WORDS),
    ],
    ids=["empty", "blank", "words", "zeros", "binary", "mail", "half", "rules", "mail with attachment"],
)  # fmt: skip
def test_not_a_patch(content: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, content) == (
        "FILE is not a patch: no diff in it",
        "give a unified diff, as git format-patch writes it",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (DIFF[:-3], "not a diff: hunk 1 has fewer lines than its header says"),
        (HEAD + DIFF[:-3] + SIGNATURE, "not a diff: hunk 1 has fewer lines than its header says"),
        (DIFF + b" d\n", "not a diff: lines are left over after the last hunk"),
        (DIFF.replace(b"-b\n", b"+w\n+x\n+y\n"), "not a diff: hunk 1 has more lines than its header says"),
        (b"--- a/x.c\n+++ b/x.c\n", "not a diff: no hunk follows the names of the file"),
        (b"--- /dev/null\n+++ /dev/null\n" + HUNKS, "not a diff: a file that is new and deleted"),
        (b"diff --git a/x.c b/x.c\n", "nothing is changed in x.c"),
        (b"diff --git a/x.c b/x.c\nindex 11..22 100644\n--- a/x.c\n+++ b/x.c\n", "nothing is changed in x.c"),
        (b"diff --git a/x.c b/y.c\nrename from x.c\n", "not a diff: half a rename or copy: x.c"),
        (b"diff --git a/x.c b/x.c\nold mode 100644\nnew mode rwx\n", "not a diff: rwx is no mode of a file"),
        (b"diff --git a/x b/x\nindex 11..22 100644\nBinary files a/x and b/x differ\n",
         "the binary change of x lacks full object names (git diff --binary writes them)"),
    ],
)  # fmt: skip
def test_damaged(content: bytes, why: str, tmp_path: Path) -> None:
    assert refused(tmp_path, content) == (f"FILE is damaged: {why}", FETCH)


@pytest.mark.parametrize(
    "words", [b"\n", b"\n\n", b"--\n", b"\nbase-commit: 0123\n\n"], ids=["blank", "two", "mark", "words"]
)
@pytest.mark.parametrize("diff", [DIFF, b"--- a/x.c\n+++ b/x.c\n" + HUNKS], ids=["git", "plain"])
def test_a_hunk_that_other_programs_leave_out_is_no_part_of_a_patch(words: bytes, diff: bytes, tmp_path: Path) -> None:
    """As in a patch for XSA-400 of Qubes OS: after a blank line GNU patch looks for the names of a file, and the rest
    of this one's hunks was left out."""
    more = b"@@ -30,2 +30,2 @@\n-d\n+e\n f\n"
    file = tmp_path / "x.patch"
    file.write_bytes(diff + more)
    assert sum(len(change.hunks) for change in read_patches(file)[0].changes) == 2
    what, hint = refused(tmp_path, diff + words + more)
    assert what == (
        "FILE is damaged: the hunk '@@ -30,2 +30,2 @@' follows a blank line or other text, and names no file"
    )
    assert hint == "fetch it again; GNU patch would skip this hunk and all later ones without an error"


def test_no_folder_before_the_names(tmp_path: Path) -> None:
    """That is a patch for ``-p0`` of a file at the top."""
    patch = read(tmp_path, b"--- x.c.orig\n+++ x.c\n" + HUNKS)
    assert (patch.level, patch.changes[0].path, patch.text) == (0, b"x.c", b"--- a/x.c\n+++ b/x.c\n" + HUNKS)


@pytest.mark.parametrize(
    "path",
    [
        b"../x.c", b"x/../../y", b"..", b"./x.c", b"x//y", b"/etc/passwd", b"x/", b".git/config", b".GIT/config",
        b"sub/.Git/hooks/post-checkout", b".git", b"git~1/config", b".git./config", b".git /config", b".git::$DATA",
        b"x/.git",
    ],
)  # fmt: skip
def test_path_that_must_not_be_written(path: bytes, tmp_path: Path) -> None:
    shown = path.decode()
    what = f"FILE names the path {shown!r}"
    forms = [
        b"diff --git a/%b b/%b\n--- a/%b\n+++ b/%b\n" % ((path,) * 4) + HUNKS,
        b"diff --git a/%b b/%b\nold mode 100644\nnew mode 100755\n" % (path, path),
        b"diff --git a/%b b/%b\nnew file mode 100644\nindex 00..22\n" % (path, path),
        b"diff --git a/%b b/%b\ndeleted file mode 100644\nindex 11..00\n" % (path, path),
        b"diff --git a/x b/y\nsimilarity index 100%%\nrename from x\nrename to %b\n" % path,
        b"diff --git a/x b/y\nsimilarity index 100%%\nrename from %b\nrename to y\n" % path,
        b"diff --git a/x b/y\nsimilarity index 100%%\ncopy from x\ncopy to %b\n" % path,
        b"diff --git a/x b/y\nsimilarity index 100%%\ncopy from %b\ncopy to y\n" % path,
        b"--- a/%b\n+++ b/%b\n" % (path, path) + HUNKS,
        DIFF + b"diff --git a/%b b/%b\n--- a/%b\n+++ b/%b\n" % ((path,) * 4) + HUNKS,
    ]
    for form in forms:
        assert refused(tmp_path, form) == (what, NOT_USED)


def test_path_from_the_root_in_a_plain_diff(tmp_path: Path) -> None:
    """``patch -p1`` would take ``/etc/passwd`` for ``etc/passwd``: nobody means that."""
    what = "FILE names the path '/etc/passwd'"
    assert refused(tmp_path, b"--- /etc/passwd\n+++ /etc/passwd\n" + HUNKS) == (what, NOT_USED)


def test_paths_in_quotes_are_looked_at_without_them(tmp_path: Path) -> None:
    text = b'diff --git "a/\\056\\056/x" "b/\\056\\056/x"\n--- "a/\\056\\056/x"\n+++ "b/\\056\\056/x"\n' + HUNKS
    assert refused(tmp_path, text) == ("FILE names the path '../x'", NOT_USED)
    assert refused(tmp_path, text.replace(b"\\056\\056", b"x\\000")) == ("FILE names the path 'x\\x00/x'", NOT_USED)


@pytest.mark.parametrize("path", [b"..x/y", b"x..", b".gitignore", b"x.git/y", b".github/x", b"git~2", b"...", b" "])
def test_paths_that_only_look_alike(path: bytes, tmp_path: Path) -> None:
    text = b"diff --git a/%b b/%b\n--- a/%b\t\n+++ b/%b\t\n" % ((path,) * 4) + HUNKS
    assert read(tmp_path, text).changes[0].path == path


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(PatchError) as caught:
        read_patches(tmp_path)
    assert (caught.value.what, caught.value.hint) == (
        f"{tmp_path}: Is a directory",
        "give the path of a patch file, or the name of a commit",
    )


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PatchError) as caught:
        read_patches(tmp_path / "nothing")
    assert caught.value.what == f"{tmp_path}/nothing: No such file or directory"


def test_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patchfile, "LARGEST", 1 << 20)
    assert refused(tmp_path, b"x" * ((1 << 20) + 1)) == (
        "FILE is larger than 1 MB, too large for a patch",
        "give the patch file itself",
    )
    assert read(tmp_path, b"x" * ((1 << 20) - len(DIFF) - 1) + b"\n" + DIFF).text == DIFF


# What git needs to apply it


def test_binary_patch_keeps_the_blank_line_at_its_end(tmp_path: Path) -> None:
    """Without it git finds the patch corrupt; a mail's signature comes right behind it."""
    body = b"GIT binary patch\nliteral 3\nKcmZQzWMT#Y01f~L\n\nliteral 3\nKcmZQzWMT#Y01f~L\n"
    diff = b"diff --git a/x b/x\nindex %b..%b 100644\n" % (A, B) + body

    for content in (HEAD + diff + b"\n" + SIGNATURE, diff + b"\n", diff):
        patch = read(tmp_path, content)
        assert patch.text == diff + b"\n"
        assert patch.changes[0].binary
        assert (patch.changes[0].old_content, patch.changes[0].new_content) == (A, B)


def test_modes_links_and_submodules(tmp_path: Path) -> None:
    text = (
        b"diff --git a/link b/link\nindex 11..22 120000\n--- a/link\n+++ b/link\n"
        b"@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
        b"diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
        b"diff --git a/sub b/sub\nindex 11..22 160000\n--- a/sub\n+++ b/sub\n"
        b"@@ -1 +1 @@\n-Subproject commit %b\n+Subproject commit %b\n" % (A, B)
    )
    link, run, sub = read(tmp_path, text).changes

    assert (link.old_mode, link.new_mode, link.hunks[0].texts) == ("120000", "120000", (b"a", b"b"))
    assert (run.old_mode, run.new_mode, run.hunks) == ("100644", "100755", ())
    assert (sub.new_mode, sub.hunks[0].new_lines) == ("160000", [b"Subproject commit %b\n" % B])
