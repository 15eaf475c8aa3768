"""What a person who waits is shown, and that nobody else is."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from repositories import PROGRAM, story

from git_xsa.report import progress
from git_xsa.report.progress import Progress


class Terminal(io.StringIO):
    """Standard error as a person sees it."""

    def isatty(self) -> bool:
        return True


def terminal_for(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal of 20 columns in the place of standard error."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setattr(progress, "DELAY", 0)
    monkeypatch.setenv("COLUMNS", "20")
    return made


def test_each_line_covers_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    with Progress() as made:
        made.task("a long line")
        made.task("short")
        made.detail("1 of 2")
        made.detail("")

    assert terminal.getvalue() == "\ra long line\rshort      \rshort: 1 of 2\rshort        \r     \r"


def test_a_line_fits_and_harms_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    with Progress() as made:
        made.task("\x1b[2J" + "x" * 50)

    assert terminal.getvalue() == "\r\\x1b[2J" + "x" * 12 + "\r" + " " * 19 + "\r"


def test_nothing_is_shown_of_short_work(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    monkeypatch.setattr(progress, "DELAY", 3600)
    with Progress() as made:
        made.task("work")

    assert terminal.getvalue() == ""


def test_nothing_is_shown_where_no_person_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    monkeypatch.setattr(progress, "DELAY", 0)
    with Progress() as made:
        made.task("work")

    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["check", "--json"], [r"RELEASE-1.0.1 \(1 of 1\)", r"RELEASE-1.0.1 \(1 of 1\): \d+ of 6 commits read"]),
        (["prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--json"], [r"\d+ of 6 commits read"]),
        (["stats", "--json"], [r"stable-1.0 \(1 of 1\)"]),
        (
            ["status"],
            [r"stable-1.0 \(1 of 1\)", r"stable-1.0 \(1 of 1\): \d+ of 6 commits read"],
        ),
    ],
)
def test_commands_show_it_on_a_terminal(words: list[str], shown: list[str], tmp_path: Path) -> None:
    place = story().write(tmp_path / "story")
    script = "import sys, git_xsa.report.progress as p; p.DELAY = 0\n"
    script += "from git_xsa.__main__ import main; sys.exit(main(sys.argv[1:]))"
    plain = place.run(*words)
    ours, theirs = pty.openpty()
    with open(ours, "rb", 0) as screen:
        with open(theirs, "wb", 0) as error:
            command = [PROGRAM[0], "-c", script, *words]
            done = subprocess.run(command, cwd=place.folder, stdout=subprocess.PIPE, stderr=error, check=False)
        seen = os.read(screen.fileno(), 1 << 16).decode()

    assert (done.returncode, done.stdout.decode()) == (plain.status, plain.out)
    assert plain.err == ""
    for line in shown:
        assert re.search(line, seen), seen
    assert seen.endswith(" \r")
