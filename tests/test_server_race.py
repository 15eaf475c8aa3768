"""Fifty pushes at once to a server while the freeze begins, by the machine's own clock."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from repositories import git
from servers import Server

from git_xsa.embargo.server import SETTLING
from git_xsa.model.instant import rfc3339

PUSHES = 50
#: Every fifth goes to a branch that is never frozen.
FREE = 5
#: In seconds; nothing here takes that long.
BOUND = 300


class Push(NamedTuple):
    """What became of a push: the branch, whether git said that it went well, and when git ended."""

    branch: str
    went_well: bool
    ended: float


def branch_of(number: int) -> str:
    return f"free-{number}" if number % FREE == 0 else f"staging-5.{number}"


def push(server: Server, number: int, start: float = 0.0) -> Push:
    """Push the side branch ``number``, not before ``start``."""
    time.sleep(max(0.0, start - time.time()))
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_DATE")}
    words = ("git", "push", "--quiet", str(server.folder), f"side-{number}:refs/heads/{branch_of(number)}")
    done = subprocess.run(words, cwd=server.clone, env=environment, capture_output=True, timeout=BOUND, check=False)
    return Push(branch_of(number), done.returncode == 0, time.time())


def landed(server: Server, branch: str) -> float | None:
    """Return when the reference got its place, ``None`` when there is none."""
    try:
        return (server.folder / "refs" / "heads" / branch).stat().st_ctime
    except FileNotFoundError:
        return None


@pytest.mark.slow
def test_none_lands_after_the_freeze_began_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path, monkeypatch)
    for number in range(PUSHES + 3):
        server.commit(f"side {number}", "master")
        git(server.clone, "branch", f"side-{number}")
    server.file.unlink(missing_ok=True)
    far = (rfc3339(int(time.time()) + 3_000), rfc3339(int(time.time()) + 6_000))
    server.freeze(far)
    started = time.time()
    assert push(server, PUSHES + 1).went_well  # 51: one that is judged, long before
    took = time.time() - started
    begin = int(time.time() + SETTLING + max(3.0, took * PUSHES / 20))
    server.freeze((rfc3339(begin), far[1]))
    # Half of them all at once, the others around the last moment at which one may be let in.
    starts = [0.0] * (PUSHES // 2) + [begin - SETTLING - 1.2 + step / 10 for step in range(PUSHES // 2)]
    with ThreadPoolExecutor(PUSHES) as pool:
        pushes = list(pool.map(push, [server] * PUSHES, range(PUSHES), starts))
    time.sleep(max(0.0, begin + 0.1 - time.time()))
    pushes.append(push(server, PUSHES + 2))  # 52: one that comes too late
    assert not pushes[-1].went_well
    good, late = sum(one.went_well for one in pushes), max(one.ended for one in pushes) - begin
    print(f"{good} of {len(pushes)} landed; the last ended {late:.1f} s after the freeze began")
    for one in pushes:
        when = landed(server, one.branch)
        assert one.went_well == (when is not None), one
        if one.branch.startswith("free"):
            assert one.went_well, one
        elif when is not None:
            assert when < begin, (one, when - begin)
        else:
            assert one.ended >= begin - SETTLING, one  # nobody was refused before it was so near
    git(server.folder, "fsck", "--strict", "--connectivity-only")
    there = set(git(server.folder, "for-each-ref", "--format=%(refname:lstrip=2)").split())
    assert {one.branch for one in pushes if one.went_well} <= there
