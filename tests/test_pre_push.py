"""hooks/pre-push in real pushes to a remote: what git and the hook print, what arrives, and what the hook costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import git, run

from git_xsa.advisory.store import Store
from git_xsa.cli import clock
from git_xsa.embargo.settled import write_note
from git_xsa.git.run import Call, Git, Stream
from git_xsa.model.instant import parse_instant

HOOKS = Path(__file__).resolve().parent.parent / "hooks"
#: A program git-xsa-<name> whose clock says what the file ``now`` does.
AT = """\
#!{python}
import sys
from pathlib import Path
from git_xsa import __main__
from git_xsa.cli import clock
from git_xsa.model.instant import parse_instant
clock.now = lambda: parse_instant(Path({now!r}).read_text())
sys.exit(__main__.entry())
"""
DATE = '#!/bin/sh\n[ $# -gt 0 ] || exit 1\nexec date.real -d "$(cat \'{now}\')" "$@"\n'
FROZEN = """\
error: stable-*, staging-* and their release tags are frozen from 2026-11-24 12:00 UTC until 2026-12-08 12:00 UTC \
for XSA-500
"""
HINTS = """\
hint: nothing was pushed: push it again after 2026-12-08 12:00 UTC, or leave it out and push the rest
hint: if it cannot wait, ask the security team; to override the freeze, give a reason for the journal:
hint: git -c xsa.override='<reason>' push ...; if the server refuses it, add -o xsa-override='<reason>'
"""


class Client:
    """A clone with the hook, its remote ``server``, and a clock for both."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = folder / "now"
        self.at("2026-11-24 12:00")
        programs = folder / "bin"
        programs.mkdir()
        for name in ("git-xsa-hook", "git-xsa-embargo"):
            program = programs / name
            program.write_text(AT.format(python=sys.executable, now=str(self.now)), encoding="utf-8")
            program.chmod(0o755)
        (programs / "date.real").symlink_to(shutil.which("date") or "/bin/date")
        (programs / "date").write_text(DATE.format(now=self.now), encoding="utf-8")
        (programs / "date").chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        self.server = folder / "server"
        git(folder, "init", "--quiet", "--bare", "-b", "master", str(self.server))
        self.folder = folder / "client"
        git(folder, "init", "--quiet", "-b", "staging-4.17", str(self.folder))
        git(self.folder, "remote", "add", "origin", str(self.server))
        self.commit("root")
        git(self.folder, "branch", "stable-4.17")
        self.commit("waiting")
        git(self.folder, "push", "--quiet", "origin", "staging-4.17", "stable-4.17")
        shutil.copy(HOOKS / "pre-push", self.folder / ".git" / "hooks" / "pre-push")

    def at(self, when: str) -> None:
        """Set the clock; a time without one is UTC."""
        self.now.write_text(when + "Z" * (" " in when), encoding="utf-8")

    def commit(self, subject: str, branch: str = "staging-4.17") -> str:
        """Make an empty commit on ``branch``; return its name."""
        git(self.folder, "checkout", "--quiet", "-B", branch)
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", subject)
        return git(self.folder, "rev-parse", "HEAD")

    def embargo(self, *words: str) -> None:
        """Run git xsa-embargo."""
        git(self.folder, "xsa-embargo", *words)

    def push(self, *words: str) -> tuple[int, str]:
        """Push; return the exit status and what stands on standard error, the server's folder as SERVER."""
        done = subprocess.run(
            ("git", *words), cwd=self.folder, capture_output=True, text=True, check=False, encoding="utf-8"
        )
        assert done.stdout == ""
        return done.returncode, done.stderr.replace(str(self.server), "SERVER")

    def short(self, name: str) -> str:
        """Return the name of a commit as the hook shows it."""
        return git(self.folder, "rev-parse", name)[:12]

    def there(self, ref: str) -> str:
        """Return what ``ref`` is on the server, empty when there is none."""
        return git(self.server, "rev-parse", "--verify", "--quiet", ref, accept=(0, 1))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client whose staging branch is a commit ahead of the stable one, as is the server's."""
    return Client(tmp_path, monkeypatch)


def refused(*what: str) -> tuple[int, str]:
    """Return what a push that is refused for ``what`` ends with."""
    lines = "".join(f"error: refused: {each}\n" for each in what)
    return 1, f"{FROZEN}{lines}{HINTS}error: failed to push some refs to 'SERVER'\n"


def test_what_is_frozen_and_what_is_not(client: Client) -> None:
    client.embargo("add", "500", "--until", "2026-12-08")
    client.commit("backport")
    git(client.folder, "tag", "-m", "Xen 4.17.1", "RELEASE-4.17.1")
    staging, gate = "staging-4.17", "stable-4.17"
    assert client.push("push", "origin", "staging-4.17") == refused(f"updating {staging}")
    assert client.push("push", "origin", ":stable-4.17") == refused(f"deleting {gate}")
    assert client.push("push", "origin", "+HEAD~2:staging-4.17") == refused("updating staging-4.17")
    assert client.push("push", "origin", "HEAD:refs/heads/stable-4.18") == refused("creating stable-4.18")
    assert client.push("push", "origin", "RELEASE-4.17.1") == refused("creating tags/RELEASE-4.17.1")
    both = ("push", "--quiet", "origin", "HEAD:topic", "HEAD:staging-4.17")
    assert client.push(*both) == refused(f"updating {staging}")
    assert client.there("topic") == ""
    assert client.push("push", "--quiet", "origin", "HEAD:topic") == (0, "")
    assert client.push("push", "--quiet", "origin", "HEAD~1:stable-4.17") == (0, "")  # the gate's move
    assert client.there("stable-4.17") == git(client.folder, "rev-parse", "HEAD~1")
    git(client.folder, "config", "xsa.gateDuringFreeze", "false")
    git(client.server, "update-ref", "refs/heads/stable-4.17", git(client.folder, "rev-parse", "HEAD~2"))
    closed = refused("updating stable-4.17: the gate is closed, too (xsa.gateDuringFreeze)")
    assert client.push("push", "origin", "HEAD~1:stable-4.17") == closed


def test_lifted_and_by_passed(client: Client) -> None:
    client.embargo("add", "500", "--until", "2026-12-08")
    client.commit("backport")
    assert client.push("push", "--quiet", "--no-verify", "origin", "staging-4.17") == (0, "")
    client.commit("another")
    assert client.push("push", "--quiet", "origin", "staging-4.17")[0] == 1
    client.at("2026-12-08 12:00")
    assert client.push("push", "--quiet", "origin", "staging-4.17") == (0, "")
    client.at("2026-12-08 12:01")
    client.embargo("add", "501", "--until", "2026-12-20")
    client.commit("one more")
    assert client.push("push", "--quiet", "origin", "staging-4.17")[0] == 1
    client.embargo("lift", "501")
    assert client.push("push", "--quiet", "origin", "staging-4.17") == (0, "")


def test_overridden_and_written_down(client: Client, sealed: Path) -> None:
    client.embargo("add", "500", "--until", "2026-12-08")
    client.commit("backport")
    git(client.folder, "config", "xsa.override", "in a file")
    assert client.push("push", "--quiet", "origin", "staging-4.17")[0] == 1
    note = "note: the freeze is overridden for refs/heads/staging-4.17; the reason is in the journal\n"
    assert client.push("-c", "xsa.override=urgent", "push", "--quiet", "origin", "staging-4.17") == (0, note)
    journal = (sealed / "data" / "git-xsa" / "embargoes.journal").read_text(encoding="utf-8")
    assert '"action":"override","reason":"urgent (refs/heads/staging-4.17)","embargoes":[]' in journal


def test_a_ledger_that_can_not_be_read_freezes(client: Client, sealed: Path) -> None:
    client.embargo("add", "500", "--until", "2026-12-08")
    ledger = sealed / "data" / "git-xsa" / "embargoes.json"
    ledger.write_text("{", encoding="utf-8")
    client.commit("backport")
    status, told = client.push("push", "origin", "staging-4.17")
    assert (status, told.splitlines()[0]) == (
        1,
        f"warning: the ledger of embargoes {ledger} can't be read: it is not JSON: it ends too early",
    )
    assert "error: refused: updating staging-4.17\n" in told
    assert client.push("push", "--quiet", "origin", "HEAD:topic")[0] == 0


def test_the_shell_tells_when_nothing_is_in_force(client: Client, tmp_path: Path, sealed: Path) -> None:
    client.embargo("add", "500", "501", "--until", "2026-12-08")
    client.embargo("extend", "501", "--until", "2026-12-09")
    client.at("2026-12-01 12:00")
    client.embargo("lift", "501")
    store = sealed / "data" / "git-xsa"
    patch = tmp_path / "xsa500.patch"
    patch.write_bytes(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    assert run(client.folder, "import", str(patch)).status == 0
    program = tmp_path / "bin" / "git-xsa-hook"
    program.write_text("#!/bin/sh\necho called >&2\n", encoding="utf-8")

    def called() -> bool:
        client.commit("one")
        status, told = client.push("push", "--quiet", "origin", "HEAD:topic", "+HEAD:topic-2")
        assert (status, told) in ((0, "called\n"), (0, ""))
        return bool(told)

    assert called()  # XSA-500 lasts
    client.at("2026-12-08 12:00")
    assert not called()
    git(client.folder, "config", "xsa.fixesFirst", "true")
    assert called()
    git(client.folder, "config", "--unset", "xsa.fixesFirst")
    client.at("2026-11-30 12:00")  # before the journal
    assert called()
    client.at("2026-12-08 12:00")
    (store / "advisories" / "XSA-502" / "files-1").mkdir(parents=True)
    assert called()  # nothing says that it is public
    (store / "advisories" / "XSA-502" / "files-1" / "import.json").write_text(
        '{\n "public": true\n}\n', encoding="utf-8"
    )
    assert called()  # it was not there when git-xsa read the store
    write_note(Store.open(None))
    assert not called()
    ledger = store / "embargoes.json"
    ledger.write_text(ledger.read_text(encoding="utf-8").replace("\n", ""), encoding="utf-8")
    assert called()


SOURCE = b"""\
int take(struct queue *q, unsigned int len)
{
    unsigned int max = q->size - q->used;

    if ( len > max )
        return -ENOSPC;

    copy_in(q->ring + q->used, q->input, len);
    q->used += len;
    return 0;
}
"""
FIXED = SOURCE.replace(
    b"""\
    if ( len > max )
        return -ENOSPC;
""",
    b"""\
    /* The guest can change the indices while they are looked at, so read them once. */
    if ( q->used > QUEUE_LIMIT || ACCESS_ONCE(q->producer) - q->consumer > max )
        return queue_broken(q, "indices out of range");

    smp_rmb(); /* Pairs with the barrier that the guest has before it moves its producer index. */
""",
)
MESSAGE = """\
queue: don't trust the indices that the guest writes

They may change between the check and their use.

This is XSA-500.
"""


@pytest.fixture
def secret(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client whose branch ``fix`` has a fix that is under embargo and in the store."""
    monkeypatch.setattr(clock, "now", lambda: parse_instant(client.now.read_text(encoding="utf-8")))
    source = client.folder / "queue.c"
    source.write_bytes(SOURCE)
    git(client.folder, "add", "queue.c")
    git(client.folder, "commit", "--quiet", "-m", "queue")
    git(client.folder, "push", "--quiet", "--no-verify", "origin", "HEAD:staging-4.17", "HEAD:master")
    git(client.folder, "checkout", "--quiet", "-b", "fix")
    source.write_bytes(FIXED)
    git(client.folder, "commit", "--quiet", "-a", "-m", MESSAGE)
    patch = tmp_path / "xsa500.patch"
    patch.write_text(git(client.folder, "format-patch", "--stdout", "-1") + "\n", encoding="utf-8")
    client.embargo("add", "500", "--until", "2026-12-08")
    assert run(client.folder, "import", str(patch)).status == 0
    return client


def leaks(*what: str, remote: str = "origin") -> tuple[int, str]:
    """Return what a push that is refused for leaks of XSA-500 ends with."""
    lines = "".join(f"error: {each}\n" for each in what)
    return 1, (
        f"error: XSA-500 is under embargo, and {remote} is not a private remote:\n{lines}"
        "hint: nothing was pushed: remove these, or push to a remote in xsa.privateRemote\n"
        "error: failed to push some refs to 'SERVER'\n"
    )


def test_a_fix_goes_to_no_remote_but_a_private_one(secret: Client) -> None:
    name = secret.short("HEAD")
    told = leaks(
        f"commit {name} says that it is XSA-500",
        f"commit {name} has the change of a patch of XSA-500",
        f"commit {name} repeats a text of XSA-500",
    )
    assert secret.push("push", "origin", "HEAD:topic") == told
    # An override is for the freeze alone.
    assert secret.push("-c", "xsa.override=why not", "push", "origin", "HEAD:topic") == told
    assert secret.there("topic") == ""
    git(secret.folder, "config", "xsa.privateRemote", str(secret.server))
    assert secret.push("push", "--quiet", "origin", "HEAD:topic", "HEAD:stable-4.17") == (0, "")


def test_a_fix_in_other_clothes(secret: Client) -> None:
    folder, source = secret.folder, secret.folder / "queue.c"

    def changed(content: bytes, message: str) -> str:
        git(folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
        source.write_bytes(content)
        git(folder, "commit", "--quiet", "-a", "-m", message)
        return secret.short("HEAD")

    # Another message, everything moved to the right, another change squashed with it, lines of it edited.
    for content in (FIXED, FIXED.replace(b"    ", b"\t"), FIXED.replace(b"return 0;", b"return len;")):
        name = changed(content, "cleanup")
        assert secret.push("push", "origin", "other") == leaks(f"commit {name} has the change of a patch of XSA-500")
    name = changed(FIXED.replace(b'"indices out of range"', b"EILSEQ"), "cleanup")
    assert secret.push("push", "origin", "other") == leaks(f"commit {name} has most lines of a patch of XSA-500")
    # In a file of another name, that the branch has renamed.
    git(folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
    git(folder, "mv", "queue.c", "ring.c")
    (folder / "ring.c").write_bytes(FIXED)
    git(folder, "commit", "--quiet", "-a", "-m", "cleanup")
    told = leaks(f"commit {secret.short('HEAD')} has the change of a patch of XSA-500")
    assert secret.push("push", "origin", "other") == told
    # In the middle of others, undone by the next one.
    fix = changed(FIXED, "cleanup")
    git(folder, "revert", "--no-edit", "HEAD")
    assert secret.push("push", "origin", "other") == leaks(f"commit {fix} has the change of a patch of XSA-500")
    # What has nothing of it may go, also what takes lines out that it adds.
    changed(SOURCE.replace(b"return 0;", b"return len;"), "cleanup")
    assert secret.push("push", "--quiet", "origin", "other") == (0, "")


def test_a_fix_in_a_merge_a_tag_a_note_and_a_file(secret: Client, tmp_path: Path) -> None:
    folder = secret.folder
    patch = (tmp_path / "xsa500.patch").read_bytes()
    # A merge that brings what none of its parents has.
    git(folder, "checkout", "--quiet", "-f", "-B", "other", "staging-4.17")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "one")
    git(folder, "branch", "stable-4.18", git(folder, "commit-tree", "-m", "two", "-p", "HEAD~1", "HEAD~1^{tree}"))
    git(folder, "merge", "--quiet", "--no-commit", "--no-ff", "-s", "ours", "stable-4.18")
    (folder / "queue.c").write_bytes(FIXED)
    git(folder, "commit", "--quiet", "-a", "-m", "merge")
    told = leaks(f"commit {secret.short('HEAD')} has the change of a patch of XSA-500")
    assert secret.push("push", "origin", "other") == told
    # A tag that has it in its message, and one of a tag.
    git(folder, "reset", "--quiet", "--hard", "staging-4.17")
    git(folder, "tag", "-a", "-F", "-", "note", given=patch)
    git(folder, "tag", "-a", "-m", "no more than a tag", "outer", "note")
    tag = git(folder, "rev-parse", "note")[:12]
    told = leaks(
        f"tag {tag} says that it is XSA-500",
        f"tag {tag} has the change of a patch of XSA-500",
        f"tag {tag} repeats a text of XSA-500",
    )
    assert secret.push("push", "origin", "outer") == told
    git(folder, "notes", "add", "-F", "-", given=MESSAGE.encode())
    note = git(folder, "rev-parse", "refs/notes/commits")[:12]
    told = leaks(f"commit {note} says that it is XSA-500", f"commit {note} repeats a text of XSA-500")
    assert secret.push("push", "origin", "refs/notes/commits") == told
    # The patch as a file of a packager's repository, and a file that a reference stands for.
    (folder / "xsa500.patch").write_bytes(patch)
    git(folder, "add", "xsa500.patch")
    git(folder, "commit", "--quiet", "-m", "package")
    name = secret.short("HEAD")
    told = leaks(f"commit {name} has the change of a patch of XSA-500", f"commit {name} repeats a text of XSA-500")
    assert secret.push("push", "origin", "HEAD:package") == told
    blob = git(folder, "hash-object", "-w", "xsa500.patch")
    assert secret.push("push", "origin", f"{blob}:refs/x/file")[1].count(f"error: blob {blob[:12]} ") >= 2
    found = secret.push("push", "origin", f"{git(folder, 'rev-parse', 'HEAD^{tree}')}:refs/x/tree")
    assert found[1].count(" has the change of a patch of XSA-500\n") == 1


def test_what_was_public_before_is_no_leak(secret: Client, tmp_path: Path) -> None:
    folder = secret.folder
    public = "The queue has a size that is a power of two, so that the indices of both sides can wrap around freely.\n"
    private = "A guest that moves its index between the check and the use makes the hypervisor write behind the ring.\n"
    git(folder, "checkout", "--quiet", "-f", "staging-4.17")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", f"queue: sizes\n\n{public}")
    git(folder, "push", "--quiet", "--no-verify", "origin", "HEAD:master")
    patch = (tmp_path / "xsa500.patch").read_text(encoding="utf-8")
    quoting = patch.replace("They may change between the check and their use.\n", f"{private}\nIt was said:\n{public}")
    assert quoting != patch
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "xsa500.patch").write_text(quoting, encoding="utf-8")
    assert run(folder, "import", str(tmp_path / "new")).status == 0
    git(folder, "checkout", "--quiet", "-B", "other", "HEAD~1")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", f"queue: sizes, for 4.16\n\n{public}")
    assert secret.push("push", "--quiet", "origin", "other") == (0, "")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", f"queue: more\n\n{public}\n{private}")
    told = leaks(f"commit {secret.short('HEAD')} repeats a text of XSA-500")
    assert secret.push("push", "origin", "other") == told
    # To whom it is not public.
    other = tmp_path / "elsewhere"
    git(folder, "init", "--quiet", "--bare", str(other))
    git(folder, "checkout", "--quiet", "other~1")
    status, said = secret.push("push", str(other), "HEAD:refs/heads/new")
    assert (status, said.count(" repeats a text of XSA-500\n")) == (1, 1)


def test_a_store_that_can_not_be_looked_into_lets_nothing_pass(secret: Client, sealed: Path, tmp_path: Path) -> None:
    store = sealed / "data" / "git-xsa"
    git(secret.folder, "config", "xsa.store", str(store))
    assert secret.push("push", "origin", "HEAD:topic")[0] == 1
    store.rename(tmp_path / "not mounted")
    status, said = secret.push("push", "origin", "HEAD:topic")
    what = f"error: the store {store} (xsa.store) is missing, so it is unknown what is under embargo"
    hint = f"hint: mount it, or create a new one: mkdir -m 700 {store}"
    assert (status, said.splitlines()[:2]) == (1, [what, hint])
    for path in ("~nobody-of-that-name/store", "store"):
        git(secret.folder, "config", "xsa.store", path)
        (secret.folder / "store").mkdir(exist_ok=True)
        assert secret.push("push", "origin", "HEAD:topic")[0] == 1
    store.write_text("no folder", encoding="utf-8")
    git(secret.folder, "config", "--unset", "xsa.store")
    assert secret.push("push", "origin", "HEAD:topic")[0] == 1
    assert secret.there("topic") == ""


def test_what_a_private_remote_has_is_not_what_the_public_one_has(secret: Client, tmp_path: Path) -> None:
    folder, private = secret.folder, tmp_path / "private"
    git(folder, "init", "--quiet", "--bare", str(private))
    git(folder, "remote", "add", "origin/private", str(private))
    git(folder, "config", "xsa.privateRemote", "origin/private")
    assert secret.push("push", "--quiet", "origin/private", "fix") == (0, "")
    assert git(folder, "rev-parse", "refs/remotes/origin/private/fix") == git(folder, "rev-parse", "fix")
    assert secret.push("push", "origin", "fix:topic")[0] == 1
    assert secret.there("topic") == ""


def test_a_secret_in_the_header_of_a_merge_in_many_tags_and_in_a_name(secret: Client, tmp_path: Path) -> None:
    folder = secret.folder
    text = "take: the guest writes the ring\n\nThis is XSA-500.\n"
    git(folder, "checkout", "--quiet", "-f", "-B", "side", "staging-4.17")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "side")
    # git keeps a tag that is merged in the merge itself.
    git(folder, "tag", "-a", "-F", "-", "merged", given=text.encode())
    git(folder, "checkout", "--quiet", "-B", "other", "staging-4.17")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "other")
    git(folder, "merge", "--quiet", "--no-ff", "-m", "merge", "merged")
    merge = git(folder, "cat-file", "commit", "HEAD")
    if "mergetag" not in merge:  # it is kept where it is signed
        tag = git(folder, "cat-file", "tag", "merged").replace("\n", "\n ")
        made = merge.replace("\n\n", f"\nmergetag {tag}\n\n", 1)
        name = git(folder, "hash-object", "-t", "commit", "-w", "--stdin", given=f"{made}\n".encode())
        git(folder, "reset", "--quiet", "--hard", name)
    name = secret.short("HEAD")
    assert secret.push("push", "origin", "other") == leaks(f"commit {name} says that it is XSA-500")
    git(folder, "checkout", "--quiet", "-f", "staging-4.17")
    git(folder, "tag", "-a", "-m", "tag", "deep-0", "fix")
    for depth in range(20):
        git(folder, "tag", "-a", "-m", "tag", f"deep-{depth + 1}", f"deep-{depth}")
    status, said = secret.push("push", "origin", "deep-20")
    assert (status, said.splitlines()[0]) == (
        1,
        "fatal: refs/tags/deep-20 is a tag of a tag of a tag, which is not checked",
    )
    (tmp_path / "advisory-500.txt").write_bytes(advisory(500, cves="CVE-2026-7712"))
    assert run(folder, "import", str(tmp_path / "advisory-500.txt")).status == 0
    told = leaks(f"the name of {secret.short('HEAD')} names a CVE number of XSA-500")
    assert secret.push("push", "origin", "HEAD:refs/heads/fix-for-cve-2026-7712") == told
    assert secret.push("push", "--quiet", "origin", "HEAD:refs/heads/fix-for-xsa-500") == (0, "")


def test_nothing_secret_is_told_to_a_process(secret: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    start, stream = Git.start, Git.stream

    def note_start(self: Git, *words: str, **options: Any) -> Call:
        calls.append(f"{words} {options.get('environment')}")
        return start(self, *words, **options)

    def note_stream(self: Git, *words: str, **options: Any) -> Stream:
        calls.append(f"{words}")
        return stream(self, *words, **options)

    monkeypatch.setattr(Git, "start", note_start)
    monkeypatch.setattr(Git, "stream", note_stream)
    monkeypatch.setattr(clock, "now", lambda: parse_instant("2026-11-25"))
    line = f"HEAD {git(secret.folder, 'rev-parse', 'HEAD')} refs/heads/topic {'0' * 40}\n"
    answer = run(secret.folder, "hook", "pre-push", "origin", str(secret.server), given=line)
    assert (answer.status, answer.out) == (1, "")
    text = "\n".join([*calls, answer.err])
    assert "--stdin" in text
    assert not [word for word in ("QUEUE_LIMIT", "indices", "trust", "queue.c") if word in text]
