"""Ranges: read as a whole or by the files that matter, and bases with changes of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from git_xsa.ask.marked import ask_marked
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import State, Verdict
from git_xsa.demo import write
from git_xsa.git import log
from git_xsa.git.repository import Commit


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranges") / "demo"
    write(folder)
    return folder


def answers(demo: Path, base: str) -> list[tuple[State, tuple[int, ...]]]:
    """Return the state and the queue for each advisory of the demonstration on ``base``."""
    with Session(demo) as session:
        commit = session.branches.base(base)
        tip = tip_for(session, commit)
        verdicts = [
            ask_marked(session, commit, tip, [xsa]).answer(session.quarantine) for xsa in (9001, 9002, 9003, 9004)
        ]
        return [(verdict.state, verdict.selection.queue) for verdict in verdicts]


@pytest.mark.parametrize(("calls", "few"), [(100, 100), (1, 100), (0, 1)])
def test_reading_by_paths_gives_the_same(demo: Path, monkeypatch: pytest.MonkeyPatch, calls: int, few: int) -> None:
    whole = answers(demo, "RELEASE-4.20.1")
    assert [state for state, _ in whole] == [
        State.APPLIES,
        State.NEEDS_PREREQUISITES,
        State.MISPLACED,
        State.NEEDS_PREREQUISITES,
    ]
    monkeypatch.setattr(log, "WHOLE_RANGE", 0)
    monkeypatch.setattr(log, "PATH_CALLS", calls)
    monkeypatch.setattr(log, "FEW_PATHS", few)
    assert answers(demo, "RELEASE-4.20.1") == whole


def judged(folder: Path, base: str, xsa: int) -> Verdict:
    with Session(folder) as session:
        commit = session.branches.base(base)
        return ask_marked(session, commit, tip_for(session, commit), [xsa]).answer(session.quarantine)


def own_branch(demo: Path, folder: Path, path: str, old: str, new: str) -> Path:
    """Clone the demonstration and put a branch ``ours`` on RELEASE-4.20.1 that changes one line of ``path``."""
    git = ["git", "-C", str(folder), "-c", "user.name=Ours", "-c", "user.email=ours@example.org"]
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(demo), str(folder)], check=True)
    subprocess.run([*git, "switch", "-q", "-c", "ours", "RELEASE-4.20.1"], check=True)
    text = (folder / path).read_text()
    assert text.count(old) == 1
    (folder / path).write_text(text.replace(old, new))
    subprocess.run([*git, "commit", "-q", "-a", "-m", "ours"], check=True)
    return folder


def test_a_base_with_changes_elsewhere_has_the_branch_s_answer(demo: Path, tmp_path: Path) -> None:
    folder = own_branch(demo, tmp_path / "clone", "SUPPORT.md", "Xen-Version", "Our-Version")
    verdict = judged(folder, "ours", 9002)
    assert verdict.state is State.NEEDS_PREREQUISITES
    assert [verdict.range.commits[p - 1].id[:7] for p in verdict.selection.prerequisites] == ["09ec54c", "9610059"]


def test_a_base_with_changes_in_the_way_conflicts_and_says_where(demo: Path, tmp_path: Path) -> None:
    folder = own_branch(demo, tmp_path / "clone", "xen/common/grant_table.c", "    e->pin--;\n", "    e->pin -= 1;\n")
    verdict = judged(folder, "ours", 9002)
    assert verdict.state is State.CONFLICTS
    assert verdict.status == 2
    lines = {line for reason in verdict.selection.impossible for line in reason.rule.lines}
    assert {b"    e->pin--;\n", b"    e->pin -= 1;\n"} <= lines


def test_a_name_is_as_good_as_the_commit(demo: Path) -> None:
    with Session(demo) as session:
        release = session.branches.base("RELEASE-4.20.1")
        assert session.branches.base(release.id[:12]).id == release.id
        assert tip_for(session, Commit(release.id, release.id)).name == "stable-4.20"
