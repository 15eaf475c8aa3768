"""Hunks are put on files as GNU patch does it; GNU patch is the judge.

A run is fixed by its seed, which is printed; ``GIT_XSA_EXAMPLES=40`` makes it 40 times as long.
"""

from __future__ import annotations

import os
import random
import subprocess
from difflib import unified_diff
from pathlib import Path

import pytest

from git_xsa.git.diffs import parse_hunks
from git_xsa.model import gnu_patch
from git_xsa.model.change import Hunk
from git_xsa.model.gnu_patch import MOST_MOVES, put_hunks

SEED = os.environ.get("GIT_XSA_SEED") or os.urandom(4).hex()
COUNT = 250 * int(os.environ.get("GIT_XSA_EXAMPLES", "1"))
NAMES = "--- f\n+++ f\n"


def edited(dice: random.Random, lines: list[str], alphabet: int, most: int) -> list[str]:
    """Return ``lines`` with up to ``most`` edits: some lines go, some come."""
    found = list(lines)
    for _ in range(dice.randint(0, most)):
        at = dice.randint(0, len(found))
        found[at : at + dice.choice((0, 0, 1, 2))] = texts(dice, alphabet, dice.choice((0, 1, 1, 2)))
    return found


def texts(dice: random.Random, alphabet: int, count: int) -> list[str]:
    return [f"{dice.randint(1, alphabet)}\n" for _ in range(count)]


def by_gnu_patch(folder: Path, lines: list[str], diff: str, fuzz: int) -> tuple[list[str] | None, bool]:
    """Return the file that GNU patch makes, ``None`` where it refuses, and whether it says that it needed fuzz."""
    place = folder / "f"
    place.write_text("".join(lines))
    words = ["patch", "-p0", "-f", f"-F{fuzz}", "--no-backup-if-mismatch", "-r", "-", "-d", str(folder)]
    done = subprocess.run(
        words, input=diff, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    made = place.read_text().splitlines(keepends=True) if place.exists() else []
    return made if done.returncode == 0 else None, " with fuzz " in done.stdout


def put(lines: list[str], diff: str, fuzz: int) -> tuple[list[str] | None, bool]:
    found = put_hunks("".join(lines).encode(), parse_hunks(diff.removeprefix(NAMES).encode()), fuzz)
    return (found.content.decode().splitlines(keepends=True), found.fuzzy) if found is not None else (None, False)


def test_random_patches_on_other_files_than_they_are_made_of(tmp_path: Path) -> None:
    asked = decided = refused = fuzzy = 0
    for number in range(COUNT):
        dice = random.Random(f"{SEED}-{number}")
        alphabet = dice.choice((3, 6, 10_000))
        start = texts(dice, alphabet, dice.randint(1, 30))
        after, other = edited(dice, start, alphabet, 4), edited(dice, start, alphabet, 3)
        diff = NAMES + "".join(list(unified_diff(start, after, n=dice.choice((1, 2, 3, 3, 3))))[2:])
        fuzz = dice.choice((0, 0, 1, 2, 2, 3))
        if diff == NAMES or not other or not after:
            continue
        asked += 1
        right, needed = by_gnu_patch(tmp_path, other, diff, fuzz)
        mine, used = put(other, diff, fuzz)
        told = f"GIT_XSA_SEED={SEED}, {number}: fuzz {fuzz} of\n{diff}on {other}"
        refused += right is None
        if mine is None:
            continue
        decided += 1
        fuzzy += used
        assert (mine, used) == (right, needed), told
    assert decided + refused > 0.9 * asked, f"GIT_XSA_SEED={SEED}: of {asked} {decided} decided, {refused} refused"
    assert min(refused, fuzzy) > 0


def test_the_next_hunk_may_begin_in_the_context_behind_the_last_changes(tmp_path: Path) -> None:
    diff = NAMES + "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -7,4 +7,4 @@\n b\n c\n d\n-e\n+E\n"
    lines = [f"{letter}\n" for letter in "abcde"]
    right, _ = by_gnu_patch(tmp_path, lines, diff, 0)
    assert right is not None
    assert put(lines, diff, 0) == (right, False)


def test_a_file_of_many_moved_hunks_is_left_to_gnu_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them takes a walk through the file."""
    lines = [b"%d\n" % number for number in range(3 * MOST_MOVES)]
    hunks = [Hunk(4 * n, 4 * n, b"- ", tuple(lines[3 * n : 3 * n + 2])) for n in range(1, MOST_MOVES)]
    content = b"".join(lines)
    assert put_hunks(content, hunks[:-1], 0) is not None
    more = [Hunk(4 * n, 4 * n, b"- ", tuple(lines[3 * n - 1 : 3 * n + 1])) for n in range(1, MOST_MOVES)]
    assert put_hunks(content * 2, [*hunks, *more], 0) is None
    monkeypatch.setattr(gnu_patch, "MOST_MOVES", 2 * MOST_MOVES)
    assert put_hunks(content * 2, [*hunks, *more], 0) is not None
