"""git xsa-stats, on the demonstration repository: what is counted, and what is right or wrong about each way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from programs import lacking

from git_xsa.demo import write
from git_xsa.report.stats import size_class, size_classes

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stats") / "demo"
    write(folder)
    return folder


def stats(demo: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "git_xsa", "stats", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=demo, env=environment, capture_output=True, text=True, check=False)
    if absent := lacking(done.stderr):
        pytest.skip(f"{absent} is not installed")
    return done


@pytest.fixture
def counted(demo: Path) -> dict[str, Any]:
    done = stats(demo, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def pair(counted: dict[str, Any], base: str, xsa: int) -> dict[str, Any]:
    (found,) = [pair for pair in counted["pairs"] if (pair["base"], pair["xsa"]) == (base, xsa)]
    found_pair: dict[str, Any] = found
    return found_pair


def test_every_release_is_there_with_its_commits(counted: dict[str, Any]) -> None:
    releases = [(r["base"], r["until"], r["commits"], r["security_commits"], r["pairs"]) for r in counted["releases"]]
    assert releases == [
        ("RELEASE-4.20.0", "RELEASE-4.20.1", 4, 0, 0),
        ("RELEASE-4.20.1", None, 10, 4, 4),
        ("RELEASE-4.21.0", None, 7, 5, 4),
    ]


def test_totals_are_sums_of_the_pairs(counted: dict[str, Any]) -> None:
    totals, pairs = counted["totals"], counted["pairs"]
    assert totals["pairs"] == len(pairs) == 8
    assert totals["states"] == {"applies": 6, "needs-prerequisites": 1, "misplaced": 1}
    assert totals["needs"] == {"0": 7, "1": 0, "2": 1, "3": 0, "4-10": 0, ">10": 0}
    assert totals["needs_after_earlier"] == {"0": 7, "1": 0, "2": 1, "3": 0, "4-10": 0, ">10": 0}
    assert totals["policies"]["strict"] == {"applies": 7, "misplaced": 1}
    assert totals["policies"]["patch-f2"]["misplaced"] >= 1


def test_a_hunk_in_the_wrong_function_is_seen(counted: dict[str, Any]) -> None:
    found = pair(counted, "RELEASE-4.20.1", 9003)
    assert found["state"] == "misplaced"
    assert found["prerequisites"] == []
    assert found["policies"]["strict"] == {"applies": True, "right": False}
    assert found["policies"]["patch-f2"] == {"applies": True, "right": False}


def test_prerequisites_of_a_pair_are_named_in_order(counted: dict[str, Any]) -> None:
    found = pair(counted, "RELEASE-4.20.1", 9002)
    assert [commit[:7] for commit in found["prerequisites"]] == ["09ec54c", "9610059"]
    assert found["after_earlier"]["prerequisites"] == found["prerequisites"]
    assert found["policies"]["strict"] == {"applies": False, "right": False}


def test_quick_leaves_out_the_other_programs(demo: Path) -> None:
    done = stats(demo, "--quick", "--json", "--branch", "4.21")
    pairs = json.loads(done.stdout)["pairs"]
    assert {pair["branch"] for pair in pairs} == {"stable-4.21"}
    assert {tuple(pair["policies"]) for pair in pairs} == {("strict",)}


def test_table_for_a_person(demo: Path) -> None:
    done = stats(demo, "--branch", "stable-4.20")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["branch", "releases", "commits", "security", "XSAs", "apply", "in", "order", "most"]
    assert lines[1] == ["stable-4.20", "2", "14", "4", "(29", "%)", "4", "2", "(50", "%)", "3", "(75", "%)", "2"]
    assert max(map(len, done.stdout.splitlines())) <= 120


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--branch", "9.9"), 129, "error: no stable branch matches '9.9'\nhint: git branch -a lists the branches\n"),
    ],
)
def test_bad_input(demo: Path, words: tuple[str, ...], status: int, message: str) -> None:
    done = stats(demo, *words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", message)


def test_size_classes_cover_every_size_once() -> None:
    assert size_classes() == ["0", "1", "2", "3", "4-10", ">10"]
    assert [size_class(size) for size in (0, 1, 2, 3, 4, 10, 11, 56)] == [
        "0",
        "1",
        "2",
        "3",
        *2 * ["4-10"],
        *2 * [">10"],
    ]
