"""Colour, closed pipes and signals: what surrounds the commands' output."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from repositories import (
    PROGRAM,
    USE,
    Place,
    processes,
    read_line,
    start,
    story,
)

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


COLOURED = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    "words", [["check"], ["check", "--each"], ["prereqs", "--onto", RELEASE, "--xsa", "2", "--why"], ["status"]]
)
def test_colour(words: list[str], place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = place.run(*words)
    assert "\x1b" not in plain.out
    place.git("config", "color.ui", "always")
    coloured = place.run(*words)

    assert len(COLOURED.findall(coloured.out)) > 4
    assert COLOURED.sub("", coloured.out) == plain.out
    monkeypatch.setenv("NO_COLOR", "1")
    assert place.run(*words) == plain


@pytest.mark.parametrize("words", [["check", "--json"], ["prereqs", "--onto", RELEASE, "--xsa", "2", "--graph=dot"]])
def test_no_colour_where_a_program_reads(words: list[str], place: Place) -> None:
    plain = place.run(*words)
    place.git("config", "color.ui", "always")
    assert place.run(*words) == plain


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["status"],
        ["check", "--json"],
        ["prereqs", "--onto", RELEASE, "--xsa", "2", "--why"],
        ["prereqs", "--stdin"],
    ],
)
def test_a_closed_pipe(words: list[str], place: Place, temporary: Path) -> None:
    process = start(place.folder, *words)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(f"{RELEASE} {place[USE]}\n" * 20)
    process.stdin.close()

    assert (process.wait(timeout=60), process.stderr.read()) == (-signal.SIGPIPE, "")
    process.stderr.close()
    assert list(temporary.iterdir()) == []


def test_the_first_line_is_enough(place: Place, temporary: Path) -> None:
    script = '"$@" | head -n 1'
    words = ["bash", "-c", script, "bash", *PROGRAM, "check"]
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("RELEASE-1.0.1, 6 commits behind stable-1.0\n", "")
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["apply", "log", "diff-tree", "cat-file"])
def test_a_signal_leaves_nothing_behind(
    number: signal.Signals, where: str, place: Place, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C reaches every process of the terminal's group, here while git is held up at its work."""
    real = shutil.which("git")
    held = tmp_path / "bin" / "git"
    held.parent.mkdir()
    held.write_text(
        f'#!/bin/sh\ncase "$*" in *" {where} "*) exec sleep 60 ;; esac\nexec "{real}" "$@"\n',
        encoding="utf-8",
    )
    held.chmod(0o755)
    mark = f"GIT_XSA_TEST={tmp_path}"
    monkeypatch.setenv(*mark.split("=", 1))
    monkeypatch.setenv("PATH", f"{held.parent}{os.pathsep}{os.environ['PATH']}")
    process = start(place.folder, "check", start_new_session=True)
    deadline = time.monotonic() + 30
    # Until it really waits: a signal between two of the script's steps would miss one of them.
    while "sleep 60 " not in processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(temporary.iterdir()) != [] or where != "apply"
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (-number, "", "")
    assert list(temporary.iterdir()) == []
    deadline = time.monotonic() + 10
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(mark) == []


def test_ctrl_c_ends_a_coprocess_that_waits(place: Place, temporary: Path) -> None:
    process = start(place.folder, "prereqs", "--stdin", bufsize=1)
    assert process.stdin is not None
    process.stdin.write(f"{RELEASE} {place[USE]}\n")
    process.stdin.flush()
    assert read_line(process).startswith("needs-prerequisites ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")
    assert list(temporary.iterdir()) == []
