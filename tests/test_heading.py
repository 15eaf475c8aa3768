"""What stands before a diff: author, date and subject in each form that distributions ship."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.advisory.heading import Heading, mail_date, read_heading
from git_xsa.model.marks import named_commits

HEX = "0123456789abcdef0123456789abcdef01234567"
WHO = "J\xfcrgen B <j@example.org>"
WHEN = "Mon, 18 May 2020 17:18:56 +0200"
MAIL = f"From {HEX} Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?J=C3=BCrgen?= B <j@example.org>\nDate: {WHEN}\n"


LINK = f"https://xenbits.xen.org/gitweb/?p=xen.git;a=commit;h={HEX}"
#: Each form -> its lines, what is left as the message, and whether it names the commit.
FORMS: dict[str, tuple[list[str], list[str], bool]] = {
    "mail": ([MAIL + "Subject: [PATCH 1/2] x86: determine", " MXCSR", "", "Words.", "---", " f | 2", ""],
             ["Words.", "---", " f | 2"], True),
    "fields": ([f"From: {WHO}", "Subject: x86: determine MXCSR", f"Date: {WHEN}", "", "Words."], ["Words."], False),
    "pkgsrc": (["$NetBSD: patch-XSA344,v 1.1 x Exp $", "", f"From: {WHO}", f"Date: {WHEN}",
                "Subject: x86: determine MXCSR", "", "Words."], ["Words."], False),
    "suse": ([f"# Commit {HEX}", "# Date 2020-05-18 17:18:56 +0200", f"# Author {WHO}", "# Committer C <c@example.org>",
              "x86: determine MXCSR", "", "Words.", ""], ["Words."], True),
    "suse with references": (["References: bsc#1 CVE-2020-1 XSA-9", "", f"# Commit {HEX}",
                              "# Date 2020-05-18 17:18:56 +0200", f"# Author {WHO}",
                              "x86: determine MXCSR", "", "Words."],
                             ["References: bsc#1 CVE-2020-1 XSA-9", "", "Words."], True),
    "hg": (["# HG changeset patch", f"# User {WHO}", "# Date 1589815136 -7200", f"# Node ID {HEX}", f"# Parent  {HEX}",
            "x86: determine MXCSR", "", "Words."], ["Words."], False),
    "show": ([f"commit {HEX}", f"Author: {WHO}", "Date:   Mon May 18 17:18:56 2020 +0200", "",
              "    x86: determine MXCSR", "    ", "    Words.", ""], ["Words."], True),
    "dep-3": (["Description: x86: determine MXCSR", " Words.", " .", " More.", f"Author: {WHO}",
               f"Origin: upstream, commit:{HEX}", "Last-Update: 2020-05-18 17:18:56 +0200", ""],
              ["Words.", "", "More.", f"Origin: upstream, commit:{HEX}"], True),
    "dep-3 of git": (["Subject: x86: determine MXCSR", f"From: {WHO}", f"Date: {WHEN}", f"Origin: backport, {LINK}",
                      "Bug-Debian: https://bugs.debian.org/1", ""], [f"Origin: backport, {LINK}"], True),
    "in body": (["From: Packager <p@example.org>", "Subject: x86: determine MXCSR", f"Date: {WHEN}", "", f"From: {WHO}",
                 "", "Words."], ["Words."], False),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    head, message, named = FORMS[form]
    text = "\n".join(head)
    found = read_heading(text)

    assert (found.subject, found.author, found.date) == ("x86: determine MXCSR", WHO, WHEN)
    assert found.message == "\n".join(message)
    assert named_commits(text) == ({HEX} if named else set())


def test_prose_that_begins_with_a_commit_names_none() -> None:
    """A line that was broken there; else a fix would be taken for what it fixes."""
    assert not named_commits(f'x86: mend it\n\nThis was broken by\ncommit {HEX} ("x86: break it").\n')


@pytest.mark.parametrize(
    "head",
    ["", "\n", "x86: mend it\n\nWords.\n", "Note: this is text.\n\nMore.\n", "#include <x.h>\n", "From here on\n"],
)
def test_text_alone(head: str) -> None:
    assert read_heading(head) == Heading(message=head.strip("\n"))


def test_advisories_that_references_name() -> None:
    head = (
        "References: bsc#1027519 CVE-2020-1 XSA-9 XSA-10\nBug: https://xenbits.xen.org/xsa/advisory-11.html\n\nXSA-12\n"
    )
    assert read_heading(head).advisories == (9, 10, 11)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2020-05-18", "Mon, 18 May 2020 00:00:00 +0000"),
        ("2020-05-18T17:18Z", "Mon, 18 May 2020 17:18:00 +0000"),
        ("1589815136 -7200", WHEN),
        ("", ""), ("yesterday", ""), ("2020-13-45", ""), ("99999999999999 0", ""), ("999999999999 0", ""),
        ("1 999999", ""), ("Mon, 99 May 2020 17:18:56 +9999", ""),
    ],
)  # fmt: skip
def test_dates(text: str, date: str) -> None:
    assert mail_date(text) == date


def test_the_words_of_git_show_are_those_of_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "A B")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "a@example.org")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A B", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    date = "2020-05-18T17:18:56 +0200"
    subprocess.run([*git, "commit", "-q", "--allow-empty", f"--date={date}", "-m", "x86: mend\n\nWords.\n"], check=True)
    shown = subprocess.run([*git, "show"], check=True, capture_output=True, text=True).stdout
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    assert read_heading(shown) == Heading("x86: mend", "A B <a@example.org>", WHEN, "Words.")
    assert named_commits(shown) == {commit}


_LINES = [
    "From: =?utf-8?b?=", "From: \udcff", "Subject: =?x?q?=e9?=", "Date: 1 2 3", "# HG changeset patch",
    "# User", "# Date x y", f"commit {HEX}", "Author:", "Description:", " .", "References: XSA-99999999",
    "Origin: \x00", "", "    x", "Subject:",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(_LINES), st.text(max_size=20)), max_size=8))
def test_any_head_is_read(lines: list[str]) -> None:
    found = read_heading("\n".join(lines))
    assert "\n" not in found.subject + found.author + found.date
