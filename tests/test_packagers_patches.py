"""Patch files with the headers of distributions: whose they are, which commit, and what git am makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered

RELEASE = "RELEASE-1.0.1"
FILE = "xen/common/x.c"
WHO, MAIL = "J\xfcrgen B", "j@example.org"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch whose third commit, which needs the second one, is one of the main branch."""
    draft = Draft()
    draft.commit("root", {FILE: numbered(20)})
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit("check the limit", {FILE: numbered(20, {5: "checked"})}, on="master", after=2)
    draft.commit("prepare", {FILE: numbered(20, {5: "prepared"})})
    place = draft.write(tmp_path / "clone")
    place.git("checkout", "-q", "stable-1.0")
    (place.folder / FILE).write_bytes(numbered(20, {5: "checked", 7: "more"}))
    master = place.git("rev-parse", "master")
    place.git("commit", "-qam", f"check the limit\n\nThis is XSA-2.\nmaster commit: {master}")
    return place


def plain(place: Place) -> bytes:
    """Return the diff of the branch's fix with no lines of git."""
    text = place.git("diff", "stable-1.0~", "stable-1.0") + "\n"
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("diff ", "index "))).encode()


def heads(commit: str) -> dict[str, str]:
    """Return what stands before the diff, by whose it is."""
    address, date = f"{WHO} <{MAIL}>", "2026-01-01 12:00:00 +0000"
    return {
        "suse": f"# Commit {commit}\n# Date {date}\n# Author {address}\n# Committer C\ncheck the limit\n\nWords.\n\n",
        "suse, referenced": f"References: bsc#1 CVE-2026-1 XSA-2\n\n# Commit {commit}\n# Date {date}\n"
        f"# Author {address}\ncheck the limit\n\n",
        "hg": f"# HG changeset patch\n# User {address}\n# Date 1767268800 0\ncheck the limit\n\nWords.\n\n",
        "dep-3": f"Description: check the limit\n Words.\nAuthor: {address}\nOrigin: upstream, commit:{commit}\n"
        f"Last-Update: {date}\n\n",
        "show": f"commit {commit}\nAuthor: {address}\nDate:   Thu Jan 1 12:00:00 2026 +0000\n\n    check the limit\n\n",
        "pkgsrc": f"$NetBSD: patch-XSA2,v 1.1 x Exp $\n\nFrom: {address}\nDate: Thu, 1 Jan 2026 12:00:00 +0000\n"
        "Subject: check the limit\n\n",
    }


FORMS = ("suse", "suse, referenced", "hg", "dep-3", "show", "pkgsrc")


@pytest.fixture
def file(place: Place, request: pytest.FixtureRequest) -> Path:
    path = place.folder.parent / "695661c0-fix.patch"
    path.write_bytes(heads(place.git("rev-parse", "master"))[request.param].encode() + plain(place))
    return path


@pytest.mark.parametrize("file", FORMS, indirect=True)
def test_subject_and_commit_of_the_branch(place: Place, file: Path, request: pytest.FixtureRequest) -> None:
    """The subject was the file's name, and the commit that the header names was not looked for."""
    found = json.loads(place.run("prereqs", "--onto", RELEASE, "--json", str(file)).out)
    fix = place.git("rev-parse", "stable-1.0")
    assert [(one["id"], one["subject"]) for one in found["patches"]] == [(file.name, "check the limit")]
    if "hg" in request.node.name or "pkgsrc" in request.node.name:  # which name no commit of git
        assert "on_branch" not in found
        return
    assert (found["xsa"], found["on_branch"]) == ([2], {file.name: fix})
    assert f"stable-1.0 has {file.name} as {fix[:12]}" in place.run("prereqs", "--onto", RELEASE, str(file)).out


@pytest.mark.parametrize("file", FORMS, indirect=True)
@pytest.mark.parametrize("form", [("series", "--policy", "am"), ("mbox",)], ids=["am", "mbox"])
def test_git_am_takes_the_folder(place: Place, file: Path, form: tuple[str, ...], tmp_path: Path) -> None:
    """The author was the security team; the untouched file lay beside the mail, and git am stopped at it."""
    out = tmp_path / "out"
    done = place.run("export", "--onto", RELEASE, "--format", *form, "-o", str(out), str(file))
    assert done.status == 0
    place.git("checkout", "-q", "--detach", RELEASE)
    place.git("am", "-q", *map(str, sorted(out.glob("*.patch")) or [out / "xsa.mbox"]))

    assert (
        place.git("log", "-1", "--format=%an|%ae|%s|%aI") == f"{WHO}|{MAIL}|check the limit|2026-01-01T12:00:00+00:00"
    )
    assert place.git("rev-list", "--count", f"{RELEASE}..HEAD") == "2"
    assert place.git("rev-parse", "HEAD:xen") == place.git("rev-parse", "stable-1.0:xen")
    for path in out.glob("published/*"):
        assert path.read_bytes() == file.read_bytes()


def test_mailbox_as_one_file_is_a_series(place: Place, tmp_path: Path) -> None:
    """Alpine: git format-patch A..B --stdout > xsaNNN-4.16-00.patch."""
    box = tmp_path / "xsa2-1.0-00.patch"
    box.write_bytes(place.git("format-patch", "--stdout", f"{RELEASE}..stable-1.0").encode() + b"\n")
    found = json.loads(place.run("prereqs", "--onto", RELEASE, "--json", str(box)).out)
    assert (found["state"], [one["id"] for one in found["queue"]]) == ("applies", [f"{box.name}#1", f"{box.name}#2"])
    out = tmp_path / "out"
    assert place.run("export", "--onto", RELEASE, "-o", str(out), str(box)).status == 0
    place.git("checkout", "-q", "--detach", RELEASE)
    place.git("am", "-q", *(str(out / name) for name in (out / "series").read_text().split()))
    assert place.git("rev-parse", "HEAD:xen") == place.git("rev-parse", "stable-1.0:xen")

    place.run("import", str(box))
    found = json.loads(place.run("check", "--onto", RELEASE, "--xsa", "2", "--json").out)["results"][0]
    commits = place.git("rev-list", "--reverse", f"{RELEASE}..stable-1.0").split()
    assert [one["id"] for one in found["queue"]] == commits
