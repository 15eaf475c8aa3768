"""bench/long: runs resume where they were killed, add up, and repeat; a case that differs is told and counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LONG = Path(__file__).resolve().parent.parent / "bench" / "long"


def long(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((sys.executable, str(LONG), *words), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["histories", "bases", "ledgers", "layouts"])
def test_a_few_of_each_kind(kind: str, tmp_path: Path) -> None:
    book = tmp_path / "book"
    done = long(kind, "--seed", "7", "--count", "8", "--book", str(book))
    assert (done.returncode, done.stderr) == (0, "")
    [piece] = map(json.loads, book.read_text().splitlines())
    assert (piece["kind"], piece["first"], piece["last"], piece["faults"]) == (kind, 0, 8, [])
    assert piece["seconds"] >= 0
    assert sum(piece["counts"].values()) > 0


def test_a_run_goes_on_behind_what_a_killed_one_has_noted(tmp_path: Path) -> None:
    book = tmp_path / "book"
    long("ledgers", "--seed", "7", "--count", "50", "--book", str(book))
    whole = book.read_text()
    book.write_text(whole + whole[: len(whole) // 2])  # killed while it wrote the next line
    for _ in range(2):  # the second one has nothing left to do
        assert long("ledgers", "--seed", "7", "--count", "120", "--book", str(book)).returncode == 0
    long("ledgers", "--seed", "8", "--count", "30", "--book", str(book))
    row = next(line for line in long("sum", "--book", str(book)).stdout.splitlines() if line.startswith("| ledgers"))
    assert [cell.strip() for cell in row.split("|")[2:7:2]] == ["150", "7, 8", "0"]
    apart = tmp_path / "apart"
    long("ledgers", "--seed", "7", "--count", "120", "--book", str(apart))
    counts = [json.loads(line)["counts"] for line in book.read_text().splitlines() if line.endswith("}")]
    [at_once] = [json.loads(line)["counts"] for line in apart.read_text().splitlines()]
    assert {name: sum(one.get(name, 0) for one in counts[:2]) for name in at_once} == at_once


@pytest.mark.parametrize(
    ("kind", "module", "broken"),
    [
        ("histories", "laws", "laws.select = lambda history, base, wanted: select(history, base, [])"),
        ("histories", "laws", "laws.obeys = lambda history, base, queue: not obeys(history, base, queue)"),
        ("bases", "test_random_bases", "test_random_bases.apply = lambda tree, change: None"),
        ("ledgers", "test_freeze", "test_freeze.allowed = lambda world, wish: False"),
        ("layouts", "test_settled", "test_settled.program_says_over = lambda store, now: False"),
    ],
)
def test_a_difference_is_told_with_the_command_that_repeats_it(
    kind: str, module: str, broken: str, tmp_path: Path
) -> None:
    """The judge of each kind sees when answer and referee say two things."""
    book = tmp_path / "book"
    script = f"""
import runpy, sys
sys.path[:0] = [{str(LONG.parent.parent)!r}, {str(LONG.parent.parent / "tests")!r}]
import {module}
from git_xsa.model.selection import select
from referee import obeys
{broken}
sys.argv = [{str(LONG)!r}, {kind!r}, "--seed", "7", "--count", "60", "--book", {str(book)!r}]
runpy.run_path({str(LONG)!r}, run_name="__main__")
"""
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    faults = [fault for line in book.read_text().splitlines() for fault in json.loads(line)["faults"]]
    assert faults
    assert faults[0].startswith(f"bench/long {kind} --seed 7 --only ")
    assert faults[0] in done.stdout
