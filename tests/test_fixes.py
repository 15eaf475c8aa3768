"""Fixes first: what the ledger of embargoes knows of an advisory's fixes, and real pushes before and after the lift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import git, run
from servers import Server
from test_pre_push import FIXED, MESSAGE, SOURCE, Client

from git_xsa.advisory.store import Store
from git_xsa.cli import clock
from git_xsa.cli.fetch import _write_fixes
from git_xsa.embargo.ledger import read_entries
from git_xsa.embargo.merging import merge_entries
from git_xsa.model.instant import parse_instant

AFTER = "error: the freeze of stable-*, staging-* ended at 2026-12-08 12:00 UTC, but not all fixes are in: XSA-500\n"
FIRST = "hint: nothing was pushed: push the fixes first (git xsa-check shows what is missing), then this\n"


def patch_id(folder: Path, commit: str) -> str:
    """Return what git itself says."""
    diff = git(folder, "show", "--format=", commit) + "\n"
    return git(folder, "patch-id", "--stable", given=diff.encode()).split()[0]


def ledger(sealed: Path, number: int = 500) -> dict[str, Any]:
    told = json.loads((sealed / "data" / "git-xsa" / "embargoes.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(one for one in told["embargoes"] if one["xsa"] == number)
    return found


class Batch:
    """A client with two stable branches, a fix for both, and what is published of it."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder = client, client.folder
        self.source = client.folder / "queue.c"
        self.source.write_bytes(SOURCE)
        git(self.folder, "add", "queue.c")
        git(self.folder, "commit", "--quiet", "-m", "queue")
        git(self.folder, "branch", "--force", "stable-4.17", "HEAD")
        git(self.folder, "branch", "stable-4.16", "HEAD")
        git(self.folder, "push", "--quiet", "origin", "staging-4.17", "stable-4.17", "HEAD:master")
        git(self.folder, "checkout", "--quiet", "-b", "fix")
        self.source.write_bytes(FIXED)
        git(self.folder, "commit", "--quiet", "-a", "-m", MESSAGE)
        self.fix = git(self.folder, "rev-parse", "HEAD")
        self.patch = (git(self.folder, "format-patch", "--stdout", "-1") + "\n").encode()
        self.incoming = folder / "in"
        self.incoming.mkdir()

    def take(self, version: int, rows: list[tuple[str, str]], **files: bytes) -> str:
        """Take the advisory in; returns what is said on standard error."""
        named = {f"xsa500-{name.removeprefix('v').replace('_', '.')}.patch": content for name, content in files.items()}
        for old in self.incoming.iterdir():
            old.unlink()
        (self.incoming / "advisory-500.txt").write_bytes(advisory(500, version, rows, named))
        for name, content in named.items():
            (self.incoming / name).write_bytes(content)
        answer = run(self.folder, "import", str(self.incoming))
        assert answer.status == 0, answer
        return answer.err


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    made = Batch(Client(tmp_path, monkeypatch), tmp_path)
    monkeypatch.setattr(clock, "now", lambda: parse_instant(made.client.now.read_text(encoding="utf-8")))
    return made


ROWS = [("xsa500-4.17.patch", "Xen 4.17.x")]


def test_the_ledger_knows_the_fixes_as_git_would_commit_them(batch: Batch, sealed: Path) -> None:
    wanted = {"stable-4.17": [patch_id(batch.folder, batch.fix)]}
    batch.take(1, ROWS, v4_17=batch.patch)
    batch.client.embargo("add", "500", "--until", "2026-12-08")
    assert ledger(sealed)["fixes"] == wanted
    # A patch that is no diff of git's, and one that comes later: what the version before said is waited for no more.
    plain = b"\n".join(line for line in batch.patch.split(b"\n") if not line.startswith((b"diff --git", b"index ")))
    other = plain.replace(b"ACCESS_ONCE", b"READ_ONCE")
    note = "note: the ledger of embargoes has the fixes of XSA-500 now\n"
    rows = [("xsa500-4.17.patch", "Xen 4.17.x - Xen 4.16.x")]
    assert batch.take(2, rows, v4_17=other) == note
    git(batch.folder, "checkout", "--quiet", "stable-4.16")
    batch.source.write_bytes(FIXED.replace(b"ACCESS_ONCE", b"READ_ONCE"))
    git(batch.folder, "commit", "--quiet", "-a", "-m", "other")
    ids = [patch_id(batch.folder, "HEAD")]
    assert ledger(sealed)["fixes"] == {"stable-4.16": ids, "stable-4.17": ids}
    assert batch.take(2, rows, v4_17=other) == ""
    journal = (sealed / "data" / "git-xsa" / "embargoes.journal").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["action"] for line in journal] == ["add", "fixes"]
    # Each decision looks again, in a repository; outside of one what is known stays.
    batch.client.at("2026-11-25 12:00")
    path = sealed / "data" / "git-xsa" / "embargoes.json"
    path.write_text(path.read_text(encoding="utf-8").replace(ids[0], "0" * 40), encoding="utf-8")
    assert run(batch.incoming, "embargo", "extend", "500", "--until", "2026-12-09").status == 0
    assert ledger(sealed)["fixes"]["stable-4.17"] == ["0" * 40]
    batch.client.embargo("lift", "500")
    assert ledger(sealed)["fixes"] == {"stable-4.16": ids, "stable-4.17": ids}


def test_patches_without_a_text_are_for_the_branches_that_they_fit(batch: Batch, sealed: Path) -> None:
    git(batch.folder, "checkout", "--quiet", "stable-4.16")
    batch.source.write_bytes(SOURCE.replace(b"len > max", b"max < len"))
    git(batch.folder, "commit", "--quiet", "-a", "-m", "other")
    batch.client.embargo("add", "500", "--until", "2026-12-08")
    (batch.incoming / "xsa500.patch").write_bytes(batch.patch)
    assert run(batch.folder, "import", str(batch.incoming)).status == 0
    assert ledger(sealed)["fixes"] == {"stable-4.17": [patch_id(batch.folder, batch.fix)]}


def test_what_the_public_site_has_is_looked_at_too(batch: Batch, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch.client.embargo("add", "500", "--until", "2026-12-08")
    (batch.incoming / "xsa500-4.17.patch").write_bytes(batch.patch)
    assert run(batch.incoming, "import", str(batch.incoming)).status == 0  # outside of a repository
    assert ledger(sealed)["fixes"] == {}
    monkeypatch.chdir(batch.folder)
    _write_fixes([499, 500], Store.open(None))
    ids = [patch_id(batch.folder, batch.fix)]
    assert ledger(sealed)["fixes"] == {"stable-4.16": ids, "stable-4.17": ids}  # a name has the newest branch alone


def test_a_branch_without_support_waits_for_nothing(batch: Batch, sealed: Path) -> None:
    for branch, until in (("stable-4.16", "2026-01-01"), ("stable-4.17", "2027-12-12")):
        git(batch.folder, "checkout", "--quiet", branch)
        (batch.folder / "SUPPORT.md").write_text(f"    Security-Support-Until: {until}\n", encoding="utf-8")
        git(batch.folder, "add", "SUPPORT.md")
        git(batch.folder, "commit", "--quiet", "-m", "support")
    batch.take(1, [("xsa500-4.17.patch", "Xen 4.17.x - Xen 4.16.x")], v4_17=batch.patch)
    batch.client.embargo("add", "500", "--until", "2026-12-08")
    assert list(ledger(sealed)["fixes"]) == ["stable-4.17"]


def test_two_people_take_in_patches(batch: Batch, sealed: Path) -> None:
    batch.take(1, ROWS, v4_17=batch.patch)
    batch.client.embargo("add", "500", "--until", "2026-12-08")
    path = sealed / "data" / "git-xsa" / "embargoes.json"
    old = ledger(sealed)["fixes"]["stable-4.17"][0].encode()
    base = read_entries(path.read_bytes())[0]
    mine, theirs = (read_entries(path.read_bytes().replace(old, bytes([kind]) * 40))[0] for kind in b"12")
    merged, left = merge_entries(base, mine, theirs, None)
    assert (merged[500].embargo.fixes, left) == ({"stable-4.17": frozenset({"1" * 40, "2" * 40})}, [])


def wait_for_the_lift(batch: Batch) -> Client:
    client = batch.client
    batch.take(1, ROWS, v4_17=batch.patch)
    client.embargo("add", "500", "--until", "2026-12-08")
    git(batch.folder, "config", "xsa.fixesFirst", "true")
    return client


def stay(branch: str = "staging-4.17") -> tuple[int, str]:
    """Return what a push to ``branch`` ends with while a fix is missing there."""
    hints = (
        "hint: if it cannot wait, ask the security team; to override the freeze, give a reason for the journal:\n"
        "hint: git -c xsa.override='<reason>' push ...; if the server refuses it, "
        "add -o xsa-override='<reason>'\n"
    )
    told = f"{AFTER}error: refused: updating {branch}\n{FIRST}{hints}"
    return 1, f"{told}error: failed to push some refs to 'SERVER'\n"


def test_a_branch_takes_the_fixes_first_then_everything(batch: Batch) -> None:
    client, folder = wait_for_the_lift(batch), batch.folder
    git(folder, "checkout", "--quiet", "staging-4.17")
    other = client.commit("other")
    git(folder, "cherry-pick", batch.fix)
    after = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "--detach", "origin/staging-4.17")
    git(folder, "cherry-pick", batch.fix)
    fix = git(folder, "rev-parse", "HEAD")
    assert client.push("push", "origin", f"{fix}:staging-4.17")[0] == 1  # it is frozen, and would be a leak
    client.at("2026-12-08 12:00")
    assert client.push("push", "origin", f"{other}:staging-4.17") == stay()
    assert client.push("push", "origin", f"{after}:staging-4.17") == stay()  # not before the fix
    assert client.push("push", "origin", f"{other}:refs/heads/stable-4.17") == stay("stable-4.17")
    git(folder, "checkout", "--quiet", "--detach", fix)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "later")
    later = git(folder, "rev-parse", "HEAD")
    assert client.push("push", "--quiet", "origin", f"{fix}:staging-4.17") == (0, "")
    assert client.push("push", "--quiet", "origin", f"{later}:staging-4.17") == (0, "")  # free
    assert client.push("push", "origin", f"{other}:refs/heads/stable-4.17") == stay("stable-4.17")
    # The gate brings the fix with what came after it.
    assert client.push("push", "--quiet", "origin", f"{later}:refs/heads/stable-4.17") == (0, "")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "much later")
    assert client.push("push", "--quiet", "origin", "HEAD:stable-4.17") == (0, "")


def test_fixes_of_an_earlier_batch_are_in_when_the_next_one_begins(batch: Batch) -> None:
    client, folder = wait_for_the_lift(batch), batch.folder
    client.at("2026-12-08 12:00")
    git(folder, "checkout", "--quiet", "staging-4.17")
    git(folder, "cherry-pick", batch.fix)
    assert client.push("push", "--quiet", "origin", "staging-4.17", "HEAD:stable-4.17") == (0, "")
    git(folder, "fetch", "--quiet")
    client.at("2026-12-09 12:00")
    client.embargo("add", "501", "--until", "2026-12-20")
    client.at("2026-12-20 12:00")
    client.commit("other")
    assert client.push("push", "--quiet", "origin", "staging-4.17") == (0, "")


def test_the_freeze_file_has_the_fixes_when_they_are_public(batch: Batch, sealed: Path) -> None:
    client = wait_for_the_lift(batch)
    waiting, fixes = git(batch.folder, "rev-parse", "origin/staging-4.17"), ledger(sealed)["fixes"]
    told = run(batch.folder, "embargo", "freeze-file").out
    assert set(json.loads(told)) == {"format", "frozen", "freezes", "cksum"}
    assert fixes["stable-4.17"][0] not in told
    client.at("2026-12-08 12:00")
    over: dict[str, Any] = {"began": "2026-11-24T12:00:00Z", "ended": "2026-12-08T12:00:00Z"}
    over |= {"tips": {"staging-4.17": [waiting]}, "fixes": fixes}
    assert json.loads(run(batch.folder, "embargo", "freeze-file").out)["over"] == [over]
    client.at("2026-12-08 12:01")
    client.embargo("add", "501", "--until", "2026-12-20")  # of which it has nothing
    assert json.loads(run(batch.folder, "embargo", "freeze-file").out)["over"] == [over]
    client.at("2026-12-08 11:00")  # a clock that can't be right opens nothing
    assert "over" not in json.loads(run(batch.folder, "embargo", "freeze-file").out)
    git(batch.folder, "config", "--unset", "xsa.fixesFirst")
    client.at("2026-12-20 12:00")
    assert "over" not in json.loads(run(batch.folder, "embargo", "freeze-file").out)


def test_a_server_has_the_fixes_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path, monkeypatch)
    freeze = {"begins": "2026-11-24T12:00:00Z", "ends": "2026-12-08T12:00:00Z"}
    told: dict[str, Any] = {"format": 1, "frozen": ["refs/heads/stable-*", "refs/heads/staging-*"], "freezes": [freeze]}
    server.write(json.dumps(told, indent=2) + "\n")
    git(server.clone, "checkout", "--quiet", "staging-4.17")
    (server.clone / "queue.c").write_bytes(FIXED)
    git(server.clone, "add", "queue.c")
    git(server.clone, "commit", "--quiet", "-m", "fix")
    fix = git(server.clone, "rev-parse", "HEAD")
    other = server.commit("other", "staging-4.17")
    git(server.clone, "checkout", "--quiet", "-b", "early", server.tips["staging-4.17"])
    early = server.commit("early", "early")
    server.at("2026-12-08 12:00")
    git(server.folder, "config", "xsa.fixesFirst", "true")
    status, said = server.push(f"{fix}:staging-4.17")
    count = "stable-*, staging-* and their release tags count as frozen, since the server's freeze file"
    assert (status, said.splitlines()[:2]) == (
        1,
        [
            f"remote: error: {count} does not say yet which fixes come first",
            "remote: error: refused: updating staging-4.17",
        ],
    )
    over = {"began": freeze["begins"], "ended": freeze["ends"], "tips": {"staging-4.17": [server.tips["staging-4.17"]]}}
    over |= {"fixes": {"stable-4.17": [patch_id(server.clone, fix)]}}
    server.write(json.dumps(told | {"freezes": [], "over": [over]}, indent=2) + "\n")
    git(server.folder, "config", "--unset", "xsa.fixesFirst")
    status, said = server.push(f"{early}:staging-4.17")
    assert (status, said.splitlines()[0]) == (
        1,
        "remote: error: the freeze of stable-*, staging-* ended at 2026-12-08 12:00 UTC, but not all fixes are in",
    )
    assert server.push(f"{server.tips['staging-4.17']}:refs/heads/stable-4.17")[0] == 0  # what had been waiting
    assert server.push(f"{fix}:refs/heads/staging-4.17")[0] == 0
    assert server.push(f"{other}:refs/heads/staging-4.17")[0] == 0
    assert server.push(f"{other}:refs/heads/stable-4.17")[0] == 0
    assert server.there("stable-4.17") == other
