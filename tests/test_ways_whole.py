"""What a push adds up to, and forms of history that git shows in no plain diff: real pushes of a fix under embargo."""

from __future__ import annotations

import difflib
import gzip
import json
from pathlib import Path

import pytest
from repositories import git, run
from test_pre_push import FIXED, SOURCE, Client, client, leaks, secret
from ways import Fate, way

__all__ = ["client", "secret"]  # the fixtures

BARRIER = b"    smp_rmb(); /* Pairs with the barrier that the guest has before it moves its producer index. */\n"
#: What another fix adds, and half of it each.
CHECKS = [
    b"    check_%s(q->%s, %s_LIMIT);\n" % (word, word, word.upper()) for word in (b"used", b"size", b"ring", b"event")
]
FIRST, SECOND, BOTH = (
    SOURCE.replace(b"    copy_in(", b"".join(lines) + b"    copy_in(") for lines in (CHECKS[:2], CHECKS[2:], CHECKS)
)
CHANGE = "has the change of a patch of XSA-500"


@pytest.fixture
def other(secret: Client) -> Client:
    """Return a client on a branch of its own, without the fix."""
    git(secret.folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
    return secret


def commit(client: Client, content: bytes, message: str = "cleanup", path: str = "queue.c") -> str:
    """Commit ``content``; return the short name of the commit."""
    (client.folder / path).write_bytes(content)
    git(client.folder, "add", "--all")
    git(client.folder, "commit", "--quiet", "-m", message)
    return client.short("HEAD")


def refused(client: Client, what: str, *words: str) -> None:
    """Push to a new branch, or ``words``; fail unless that is refused for ``what`` and sends nothing."""
    assert client.push("push", "origin", *(words or ("HEAD:topic",))) == leaks(what)
    assert client.there("topic") == ""


@way("a fix in several commits or branches, or one that a later commit reverts", Fate.REFUSED)
def test_a_fix_in_several_commits(other: Client, tmp_path: Path) -> None:
    commit(other, BOTH, "queue: check all")
    patch = tmp_path / "new" / "xsa500.patch"
    patch.parent.mkdir()
    patch.write_text(git(other.folder, "format-patch", "--stdout", "-1") + "\n", encoding="utf-8")
    assert run(other.folder, "import", str(patch.parent)).status == 0
    git(other.folder, "reset", "--quiet", "--hard", "staging-4.17")
    commit(other, FIRST)
    name = commit(other, BOTH)
    refused(other, f"the push up to {name} {CHANGE}")
    # In commits of which none brings what the last one has, and each takes back what the one before it did.
    git(other.folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
    for content in (FIRST, SOURCE, SECOND, SOURCE):
        name = commit(other, content)
    refused(other, f"the push up to {name} has most lines of a patch of XSA-500")
    # On two branches, of which each alone has half of it.
    git(other.folder, "branch", "first", "HEAD~3")
    git(other.folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
    commit(other, SECOND)
    status, said = other.push("push", "origin", "HEAD:topic", "first:topic-2")
    assert (status, said.count("error: the push up to ")) == (1, 1)
    assert other.push("push", "--quiet", "origin", "HEAD:half") == (0, "")


@way("a fix in a merge with any number of parents, or in git stash -u", Fate.REFUSED)
def test_a_fix_in_merges(other: Client) -> None:
    folder = other.folder
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "one")
    (folder / "queue.c").write_bytes(FIXED)
    git(folder, "add", "--all")
    tree = git(folder, "write-tree")
    parents = [
        git(folder, "commit-tree", "-m", str(number), "-p", "staging-4.17", "HEAD^{tree}") for number in range(4)
    ]
    for count in (2, 3, 4):
        words = [word for parent in ["HEAD", *parents[: count - 1]] for word in ("-p", parent)]
        merge = git(folder, "commit-tree", "-m", "merge", *words, tree)
        refused(other, f"commit {merge[:12]} {CHANGE}", f"{merge}:refs/heads/topic")
        # Where git takes the file for a binary one, its combined diff has nothing.
        (folder / ".git" / "info" / "attributes").write_text("*.c -diff\n", encoding="utf-8")
        refused(other, f"commit {merge[:12]} {CHANGE}", f"{merge}:refs/heads/topic")
        (folder / ".git" / "info" / "attributes").unlink()
    (folder / "untracked").write_text("x", encoding="utf-8")
    git(folder, "stash", "--quiet", "--include-untracked")
    status, said = other.push("push", "origin", "stash@{0}:refs/heads/topic")
    assert (status, said.count(CHANGE)) == (1, 1)
    # One that brings nothing of its own.
    git(folder, "merge", "--quiet", "-m", "octopus", *parents[:3])
    assert other.push("push", "--quiet", "origin", "HEAD:harmless") == (0, "")


@way("a fix in a file with -diff, binary, textconv, or over core.bigFileThreshold", Fate.REFUSED)
@pytest.mark.parametrize(
    ("attributes", "settings"),
    [
        ("*.c -diff", ()),
        ("*.c binary", ()),
        ("*.c diff=hidden", ("diff.hidden.textconv=true", "diff.hidden.command=true", "diff.hidden.binary=true")),
        ("", ("core.bigFileThreshold=10",)),
        (
            "",
            ("diff.external=true", "diff.noprefix=true", "diff.context=0", "log.diffMerges=off", "diff.relative=true"),
        ),
    ],
)
def test_text_is_text_whatever_attributes_and_settings_say(
    other: Client, attributes: str, settings: tuple[str, ...]
) -> None:
    (other.folder / ".gitattributes").write_text(attributes, encoding="utf-8")
    (other.folder / ".git" / "info" / "attributes").write_text(attributes, encoding="utf-8")
    name = commit(other, FIXED)
    words = [word for setting in settings for word in ("-c", setting)]
    assert other.push(*words, "push", "origin", "HEAD:topic") == leaks(f"commit {name} {CHANGE}")
    name = commit(other, FIXED.replace(b"}", b"}\0"))
    assert f" {CHANGE}\n" in other.push(*words, "push", "origin", "HEAD:topic")[1]


@way("a patch in a message, tag or file, quoted, indented, or its added lines alone", Fate.REFUSED)
def test_a_patch_that_is_quoted(other: Client, tmp_path: Path) -> None:
    patch = (tmp_path / "xsa500.patch").read_text(encoding="utf-8")
    diff = patch[patch.index("diff --git") :]
    for mark in ("> ", ">> ", "    ", "| ", "> > "):
        quoted = "".join(f"{mark}{line}\n" for line in diff.splitlines())
        git(other.folder, "commit", "--quiet", "--allow-empty", "-m", f"cleanup\n\nJane wrote:\n{quoted}")
        refused(other, f"commit {other.short('HEAD')} {CHANGE}")
        git(other.folder, "reset", "--quiet", "--hard", "staging-4.17")
        refused(other, f"commit {commit(other, quoted.encode(), path='mail.txt')} {CHANGE}")
        git(other.folder, "reset", "--quiet", "--hard", "staging-4.17")
        git(other.folder, "tag", "-f", "-a", "-m", f"cleanup\n\n{quoted}", "topic")
        refused(other, f"tag {git(other.folder, 'rev-parse', 'topic')[:12]} {CHANGE}", "topic")
    # Without any mark, as one copies it from a window.
    added = b"".join(
        line[1:].encode() + b"\n" for line in diff.splitlines() if line.startswith("+") and line[1:2] != "+"
    )
    name = commit(other, added, path="mail.txt")
    refused(other, f"commit {name} has most lines of a patch of XSA-500")


@way("a patch in other headers of a commit, after a NUL, or in another encoding", Fate.REFUSED)
def test_what_no_log_shows_of_a_commit(other: Client, tmp_path: Path) -> None:
    patch = (tmp_path / "xsa500.patch").read_bytes()
    diff = patch[patch.index(b"diff --git") :]
    folded = diff.replace(b"\n", b"\n ")
    tree, parent = (git(other.folder, "rev-parse", f"staging-4.17{what}").encode() for what in ("^{tree}", ""))
    who = b"Jane Doe <jane@example.org> 1767323045 +0000"
    head = b"tree %s\nparent %s\nauthor %s\ncommitter %s" % (tree, parent, who, who)
    utf16 = b"cleanup\n\n" + diff
    for content in (
        b"%s\nencoding IBM037\n\ncleanup\n\n%s" % (head, diff),
        b"%s\nencoding UTF-16LE\n\n%s" % (head, utf16.decode().encode("utf-16-le")),
        b"%s\ngpgsig -----BEGIN\n %s\n\ncleanup\n" % (head, folded),
        b"%s\nx-note see below\n %s\n\ncleanup\n" % (head, folded),
        b"%s\n\ncleanup\n\0\n%s" % (head, diff),
    ):
        file = tmp_path / "object"
        file.write_bytes(content)
        name = git(other.folder, "hash-object", "-t", "commit", "-w", "--literally", str(file))
        refused(other, f"commit {name[:12]} {CHANGE}", f"{name}:refs/heads/topic")


@way("notes, trees and files to which a reference of any name or a tag points", Fate.REFUSED)
def test_notes_trees_and_files_under_any_name(other: Client) -> None:
    folder = other.folder
    git(folder, "notes", "--ref", "other", "add", "-m", "This is XSA-500.")
    note = git(folder, "rev-parse", "refs/notes/other")
    for ref in ("refs/heads/topic", "refs/x/y"):
        refused(other, f"commit {note[:12]} says that it is XSA-500", f"{note}:{ref}")
    (folder / "queue.c").write_bytes(FIXED)
    git(folder, "add", "queue.c")
    blob, tree = git(folder, "rev-parse", ":queue.c"), git(folder, "write-tree")
    for kind, name in (("blob", blob), ("tree", tree)):
        git(folder, "tag", "-f", "-a", "-m", "a tag", "topic", name)
        for words in (("topic",), (f"{name}:refs/tags/topic-2",)):
            status, said = other.push("push", "origin", *words)
            assert (status, said.count(f"error: {kind} {name[:12]} ")) == (1, 1), said


@way("a fix in files of other names, with other names of its own, or without comments", Fate.REFUSED)
def test_a_fix_that_was_edited(other: Client) -> None:
    lines = "commit {} has most lines of a patch of XSA-500"
    (other.folder / "queue.c").rename(other.folder / "ring.c")
    name = commit(other, FIXED, path="ring.c")
    assert other.push("push", "origin", "HEAD:topic")[0] == 1
    without = b"".join(
        line for line in FIXED.replace(BARRIER, b"    smp_rmb();\n").splitlines(True) if b"/*" not in line
    )
    renamed = FIXED.replace(b"QUEUE_LIMIT", b"LARGEST").replace(b"queue_broken", b"give_up")
    for content in (without, renamed):
        git(other.folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
        name = commit(other, content)
        refused(other, lines.format(name))


@way("compressed, encoded or encrypted text", Fate.UNSEEN)
def test_packed_text(other: Client, tmp_path: Path) -> None:
    commit(other, gzip.compress((tmp_path / "xsa500.patch").read_bytes()), path="data.gz")
    assert other.push("push", "--quiet", "origin", "HEAD:topic") == (0, "")


@way("a patch in another form than a unified diff, or with other marks", Fate.UNSEEN)
def test_other_forms_of_a_patch(other: Client, tmp_path: Path) -> None:
    patch = (tmp_path / "xsa500.patch").read_text(encoding="utf-8")
    rows = patch[patch.index("diff --git") :].splitlines()
    old, new = ("x\n" * 5, "".join(row[1:] + "\n" for row in rows if row[:1] == "+" and row[:2] != "++"))
    for name, content in {
        "numbers": "".join(f"{number:6}  {row}\n" for number, row in enumerate(rows)).encode(),
        "utf-16": patch.encode("utf-16"),
        "json": json.dumps(patch).encode(),
        "carriage-returns": "\r".join(rows).encode(),
        "normal": "".join(f"> {row}\n" for row in new.splitlines()).encode(),
        "context": "".join(difflib.context_diff(old.splitlines(True), new.splitlines(True))).encode(),
    }.items():
        commit(other, content, path=f"{name}.txt")
    assert other.push("push", "--quiet", "origin", "HEAD:topic") == (0, "")


@way("a fix that was mostly rewritten, or a single common line of one", Fate.UNSEEN)
def test_a_fix_that_was_written_anew(other: Client) -> None:
    anew = SOURCE.replace(
        b"    if ( len > max )\n", b"    if ( !in_range(q) )\n        crash(q);\n    if ( len > max )\n"
    )
    commit(other, anew)
    commit(other, SOURCE.replace(b"    copy_in(", b"    smp_rmb();\n    copy_in("))
    assert other.push("push", "--quiet", "origin", "HEAD:topic") == (0, "")


@way("anything but a push: git bundle, archive, format-patch, a copy of the folder", Fate.UNSEEN)
def test_what_is_no_push(secret: Client, tmp_path: Path) -> None:
    git(secret.folder, "bundle", "create", "--quiet", str(tmp_path / "bundle"), "fix")
    git(secret.server, "fetch", "--quiet", str(tmp_path / "bundle"), "fix:topic")
    assert secret.there("topic") == git(secret.folder, "rev-parse", "fix")
