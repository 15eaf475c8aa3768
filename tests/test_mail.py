"""Patches as mails: git reads from them what went in, whatever the message, the names or the file hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_properties import examples

from git_xsa.export.mail import PUBLISHER, commit_mail, day_of, file_mail, guarded, transferable

DIFF = b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
DATE = 1_700_000_000


def mailinfo(mail: bytes, folder: Path) -> tuple[dict[str, str], bytes, bytes]:
    """Return the header that git finds in ``mail``, the message and the patch."""
    words = ("git", "mailinfo", "--encoding=UTF-8", "message", "patch")
    done = subprocess.run(words, cwd=folder, input=mail, capture_output=True, check=True)
    header = dict(line.split(": ", 1) for line in done.stdout.decode().splitlines() if ": " in line)
    return header, (folder / "message").read_bytes(), (folder / "patch").read_bytes()


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)
LINES = st.lists(
    st.one_of(
        TEXT,
        st.sampled_from(
            [
                "---", "--- a/f", "--- ", "----[ Xen", "diff --git a/f b/f", "diff -u", "Index: f", "+++ b/f",
                "@@ -1 +1 @@",
                "From nobody Mon Sep 17 00:00:00 2001", " --- a/f", "  +++ b/f", "5d", "1,2c3,4", "*** f", "Prereq: 1",
                "-a", "+b", "-- ", ">From x", "From here on", "XX--- a/f",
            ]
        ),
    ),
    max_size=8,
)  # fmt: skip


@examples(60)
@given(LINES)
def test_a_message_never_passes_for_a_diff(lines: list[str]) -> None:
    import tempfile  # noqa: PLC0415 - hypothesis wants a folder for each example

    message = "\n".join(["A first line.", *lines]).encode()
    mail = commit_mail(b"From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: s\n\n" + message, DIFF)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, told, patch = mailinfo(mail, folder)
        assert patch.endswith(DIFF)
        assert patch.count(b"\ndiff --git") + patch.startswith(b"diff --git") == 1
        assert [line.removeprefix(b"> ").rstrip() for line in told.strip().split(b"\n")] == [
            line.removeprefix(b"> ").rstrip() for line in message.strip().split(b"\n")
        ]
        (folder / "f").write_bytes(b"a\n")
        words = ("patch", "-p1", "-F0", "-f", "-s", "--no-backup-if-mismatch")
        if subprocess.run(["which", "patch"], capture_output=True, check=False).returncode == 0:
            subprocess.run(words, cwd=folder, input=mail, capture_output=True, check=True)
            assert (folder / "f").read_bytes() == b"b\n"


@pytest.mark.parametrize(
    ("head", "author", "email", "subject", "date"),
    [
        ("", "Xen.org security team", "security@xen.org", "xsa7.patch", "Tue, 14 Nov 2023 22:13:20 +0000"),
        (
            "From: Jan B <jan@example.org>\nSubject: [PATCH 1/2] x86: mend it\n\nWords\n",
            "Jan B", "jan@example.org", "x86: mend it", "Tue, 14 Nov 2023 22:13:20 +0000",
        ),
        (
            "From " + "1" * 40 + " Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?J=C3=BCrgen?= <j@example.org>\n"
            + "Date: Tue, 1 Feb 2022 12:00:00 +0100\nSubject: s\n\n",
            "J\xfcrgen", "j@example.org", "s", "Tue, 01 Feb 2022 12:00:00 +0100",
        ),
        (
            'From: "Doe, Jane" <jane@example.org>\nDate: yesterday\nSubject: s\n\n',
            "Doe, Jane", "jane@example.org", "s", "Tue, 14 Nov 2023 22:13:20 +0000",
        ),
        ("From: nobody\nSubject: s\n\n", "nobody", "security@xen.org", "s", "Tue, 14 Nov 2023 22:13:20 +0000"),
        (
            "Just prose.\n",
            "Xen.org security team", "security@xen.org", "xsa7.patch", "Tue, 14 Nov 2023 22:13:20 +0000",
        ),
    ],
)  # fmt: skip
def test_a_published_patch_as_a_mail(
    head: str, author: str, email: str, subject: str, date: str, tmp_path: Path
) -> None:
    title = "x86: mend it" if "mend" in head else "s" if "Subject" in head else "xsa7.patch"
    mail = file_mail(head, title, DATE, DIFF)

    header, _, patch = mailinfo(mail, tmp_path)
    assert header == {"Author": author, "Email": email, "Subject": subject, "Date": date}
    assert patch == b"---\n" + DIFF


def test_what_stands_before_the_diff_is_kept_but_for_the_statistics(tmp_path: Path) -> None:
    head = (
        "From: A <a@example.org>\nSubject: s\n\nWords, in Latin-1: \xe9\n---\nProse after the line.\n"
        " f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n"
    )
    _, message, patch = mailinfo(file_mail(head, "s", DATE, DIFF), tmp_path)

    assert message.decode() == "Words, in Latin-1: \xe9\n> ---\nProse after the line.\n"
    assert patch == b"---\n" + DIFF


def test_a_subject_that_is_no_ascii(tmp_path: Path) -> None:
    subject = "x86: \xe4\xf6\xfc " + "very long " * 20 + "\u20ac"
    header, _, _ = mailinfo(file_mail("", subject, DATE, DIFF), tmp_path)

    assert header["Subject"] == " ".join(subject.split())


def test_the_publisher_is_an_address() -> None:
    assert PUBLISHER == "Xen.org security team <security@xen.org>"
    assert day_of(file_mail("Date: Tue, 1 Feb 2022 00:30:00 +0100\nFrom: a <a@b>\n\n", "s", DATE, DIFF)) == "2022-01-31"


def test_only_what_could_be_taken_for_a_diff_is_guarded() -> None:
    text = b"----[ Xen ]\n-- \n--\nFrom here on\n3 days\nIndexes: x\n+ more\n"

    assert guarded(text) == text


@examples(40)
@given(st.binary(max_size=200))
def test_what_is_encoded_comes_out_again(body: bytes) -> None:
    import tempfile  # noqa: PLC0415 - hypothesis wants a folder for each example

    content = body.replace(b"\0", b"") + b"\r\n"
    count = content.count(b"\n")
    lines = b"".join(b"+" + line + b"\n" for line in content.split(b"\n")[:-1])
    diff = b"diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1,%d @@\n" % count + lines
    mail = transferable(commit_mail(b"From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: s\n\nm\n", diff))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert b"\r" not in mail
        _, _, patch = mailinfo(mail, folder)
        assert patch.rstrip(b"\n") == (b"---\n" + diff).rstrip(b"\n")
