"""Long output goes through the pager that git would use, and only where a person reads it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from git_xsa.git.run import Git
from git_xsa.report.pager import on_terminal, paged

with Git() as git, paged(git) as there_is_one:
    print("pager" if there_is_one else "no pager", on_terminal(), os.environ.get("GIT_PAGER_IN_USE"))
    for number in range(int(sys.argv[1])):
        print("line", number)
print("after", on_terminal())
sys.exit(3)
"""


def _on_terminal(lines: int = 0) -> tuple[int, list[str]]:
    """Run the program with a terminal as its standard output; return its exit status and the lines shown there."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(lines)], stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65_536):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    return process.wait(timeout=60), shown.decode().splitlines()


def test_without_a_terminal_there_is_no_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PAGER", "sed s/^/paged:/")
    done = subprocess.run([sys.executable, "-c", PROGRAM, "1"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == ["no pager False None", "line 0", "after False"]


def test_gits_own_pager_counts_as_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PAGER_IN_USE", "true")
    done = subprocess.run([sys.executable, "-c", PROGRAM, "0"], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines() == ["no pager True true", "after True"]


@pytest.mark.parametrize(
    ("variable", "setting", "fallback", "shown"),
    [
        ("sed s/^/variable:/", "sed s/^/setting:/", "sed s/^/fallback:/", "variable:pager True true"),
        (None, "sed s/^/setting:/", "sed s/^/fallback:/", "setting:pager True true"),
        (None, None, "sed s/^/fallback:/", "fallback:pager True true"),
        (None, None, "A=b; sed s/^/shell:/", "shell:pager True true"),
        ("cat", "sed s/^/setting:/", "sed s/^/fallback:/", "no pager True None"),
        (None, "cat", "sed s/^/fallback:/", "no pager True None"),
        ("", None, "sed s/^/fallback:/", "no pager True None"),
        ("no-such-program-at-all", None, None, "no pager True None"),
    ],
)
def test_the_pager_is_chosen_as_git_does(
    variable: str | None,
    setting: str | None,
    fallback: str | None,
    shown: str,
    sealed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("GIT_PAGER", variable), ("PAGER", fallback)):
        if value is not None:
            monkeypatch.setenv(name, value)
    if setting is not None:
        (sealed / ".gitconfig").write_text(f'[core]\n\tpager = "{setting}"\n', encoding="utf-8")

    assert _on_terminal() == (3, [shown, "after True"])


def test_the_pager_gets_gits_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PAGER", 'cat; echo "LESS=$LESS LV=$LV"')
    assert _on_terminal()[1][1] == "LESS=FRX LV=-c"

    monkeypatch.setenv("LESS", "S")
    assert _on_terminal()[1][1] == "LESS=S LV=-c"


def test_a_pager_that_is_closed_early_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PAGER", "head -n 2")

    assert _on_terminal(lines=200_000) == (3, ["pager True true", "line 0", "after True"])


def test_everything_is_shown_before_the_program_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_PAGER", "sleep 0.2; cat")
    status, shown = _on_terminal(lines=1000)

    assert status == 3
    assert shown == ["pager True true", *(f"line {number}" for number in range(1000)), "after True"]
