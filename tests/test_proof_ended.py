"""``git xsa-test`` is ended in each of its steps: nothing is left of it, and the next run is right."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import small_kernel as small
from proving import RELEASE, fixed, folders, framework, judged, project
from repositories import Place, processes, snapshot, start

pytestmark = pytest.mark.skipif(bool(small.obstacle()), reason=small.obstacle() or "never")

__all__ = ["folders"]  # the fixture

#: Holds a build or the user's command up in the run that is ended; the next one has the same command, and goes on.
HOLD = "{ ! printenv HELD_UP >/dev/null || { setsid sleep 77 & sleep 77; }; }"
ON_QUEUE, ON_BASE = "! grep -q 'return -1' kernel.c", "grep -q 'return -1' kernel.c"
#: Holds the third build up, with nothing in its words that differs in the next run.
THIRD = 'C=$(printenv HELD_UP) && { echo >>"$C"; [ "$(wc -l <"$C")" -lt 3 ] || sleep 77; }; make'
#: One commit of the queue is there, and the fix is not yet; the fix is there without what it needs.
HALF = "! grep -q more notes || grep -q 'return -1' kernel.c"
#: A framework whose example takes long to build.
SLOW = {"example": {"test-pv64-example": f"$$({HOLD} >&2)"}}
BUILT = {"build build": "passed"}
BLOCKED = {**BUILT, "exploit overflow": "blocked"}
BOOTED = {**BUILT, "boot the image alone": "passed"}


class Step(NamedTuple):
    """One to end the command in: the process that shows that it is reached, what the command line and the settings of
    the cell are, and what is right in the end."""

    process: str
    words: tuple[str, ...]
    settings: Mapping[str, str]
    right: Mapping[str, str]
    slow_boot: bool = False


def running(where: str) -> Step:
    """Return the step in which the user's command runs."""
    command = f"{where} || {HOLD}; test -e kernel"
    return Step("sleep 77", ("--run", command), {}, {**BUILT, f"run {command}": "passed"})


STEPS = {
    "answer": Step("sleep 0.1", ("--boot",), {}, BOOTED),
    "base": Step("sleep 77", (), {"command": f"{ON_BASE} || {HOLD}; make"}, BUILT),
    "queue": Step("sleep 77", (), {"command": f"{ON_QUEUE} || {HOLD}; make"}, BUILT),
    "boot": Step("qemu-system", ("--boot",), {}, BOOTED, slow_boot=True),
    "exploit": Step("qemu-system", ("--exploit",), {}, BLOCKED, slow_boot=True),
    "built-to-run": Step(
        "sleep 77", ("--run", "test -e kernel"), {"command": THIRD}, {**BUILT, "run test -e kernel": "passed"}
    ),
    "run-base": running(ON_BASE),
    "run-queue": running(ON_QUEUE),
    "commit": Step(
        "sleep 77", ("--every-commit",), {"command": f"{HALF} || {HOLD}; make"}, {**BUILT, "commit 1 notes": "passed"}
    ),
    "search": Step(
        "sleep 77",
        ("--search",),
        {"command": f"{ON_BASE} || exec make; grep -q more notes && {HOLD} && make"},
        {"build build": "failed"},
    ),
    "framework": Step("sleep 77", ("--boot",), {"payload": "xtf"}, {**BUILT, "boot test-pv64-example": "passed"}),
}


def ready(step: Step, tmp_path: Path) -> Place:
    """Return a repository in which the command can be held up in ``step``."""
    start_up = small.SECONDS.format(2) if step.slow_boot else small.QUIET
    place = project(
        tmp_path,
        ("notes", {"notes": b"more\n"}),
        ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND, start_up)}),
        base=small.files(start=start_up),
    )
    for key, value in step.settings.items():
        place.git("config", f"xsa.cell.small.{key}", value)
    if "payload" in step.settings:
        place.git("config", "xsa.xtf", str(framework(tmp_path, SLOW)))
    return place


def held_up(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which what holds up does, and git, too, when it applies the queue."""
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    real, hold = shutil.which("git"), 'while [ -e "$HELD_UP.git" ]; do sleep 0.1; done'
    git.write_text(f'#!/bin/sh\ncase "$*" in *" apply "*) echo >"$HELD_UP.git" && {hold} ;; esac\nexec "{real}" "$@"\n')
    git.chmod(0o755)
    return {**os.environ, "HELD_UP": str(tmp_path / "count")}


def words_of(step: Step, place: Place) -> tuple[str, ...]:
    """Return the command line."""
    asked = (place[2], place[3]) if "--every-commit" in step.words else ("--xsa", "1")
    more = ("--no-symbols",) if "--search" in step.words else ()
    return ("test", "--onto", RELEASE, "--cell", "small", *asked, *step.words, *more)


def wait_for(process: subprocess.Popen[str], tmp_path: Path, program: str) -> None:
    """Wait until a process of the command runs ``program``."""
    deadline = time.monotonic() + 60
    while not any(line.startswith(program) for line in mine(tmp_path)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def mine(tmp_path: Path) -> list[str]:
    """Return the command lines of all processes of the command under test."""
    return processes(f"PROOF_OF={tmp_path}") + processes(f"GIT_XSA_BUILD={tmp_path}")


def left(tmp_path: Path, folders: list[Path], cache: Path) -> list[str]:
    """Return what is left of a command: processes, scratch folders, locks, and records that were begun."""
    begun = [path for path in cache.rglob("*") if path.suffix in (".new", ".lock")]
    return [*mine(tmp_path), *(str(path) for folder in folders for path in folder.iterdir()), *map(str, begun)]


def in_time(found: Callable[[], list[str]]) -> list[str]:
    """Return what ``found`` still finds after a moment: the system takes one to end processes."""
    deadline = time.monotonic() + 5
    while (there := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return there


#: SIGTERM takes the same way as SIGINT, and is tried where git, a build and QEMU run.
TRIED = [
    *((name, number) for name in STEPS for number in (signal.SIGINT, signal.SIGKILL)),
    ("answer", signal.SIGTERM),
    ("queue", signal.SIGTERM),
    ("boot", signal.SIGTERM),
]


@pytest.mark.parametrize(("name", "number"), TRIED, ids=lambda part: getattr(part, "name", part))
def test_nothing_is_left(name: str, number: signal.Signals, tmp_path: Path, folders: list[Path], sealed: Path) -> None:
    step = STEPS[name]
    place = ready(step, tmp_path)
    before, words, surroundings = snapshot(place.folder), words_of(step, place), held_up(tmp_path)
    if name == "answer":
        surroundings["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    process = start(place.folder, *words, env=surroundings, start_new_session=True)
    wait_for(process, tmp_path, step.process)
    if number is signal.SIGINT:  # Ctrl-C reaches every process of the terminal's group
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    (tmp_path / "count.git").unlink(missing_ok=True)  # a git that works on comes to its end
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (-number, "")
    assert "Traceback" not in err
    if number is not signal.SIGKILL:
        assert in_time(lambda: left(tmp_path, folders, sealed / "cache")) == []
    elif name != "answer":  # which leaves something, for the next run
        assert left(tmp_path, folders, sealed / "cache") != []

    status = 1 if step.right["build build"] == "failed" else 0
    for _ in range(2):
        answer = place.run(*words, "--json")
        assert answer.status == status, answer
        [result] = json.loads(answer.out)["results"]
        assert judged(result) == step.right
    steps = [one for test in result["cells"][0]["tests"] for one in test["steps"]]
    assert all(one["known"] for one in steps)
    assert in_time(lambda: left(tmp_path, folders, sealed / "cache")) == []
    assert snapshot(place.folder) == before


def test_a_run_that_begins_leaves_others_alone(tmp_path: Path) -> None:
    """Processes of another run come and go while they are looked at."""
    from git_xsa.proof.build_command import kill_orphans  # noqa: PLC0415

    place = fixed(tmp_path)
    place.git("config", "xsa.cell.busy.command", "i=0; while [ $i -lt 500 ]; do env true; i=$((i + 1)); done; make")
    process = start(place.folder, "test", "--onto", RELEASE, "--xsa", "1", "--cell", "busy")
    while process.poll() is None:
        kill_orphans()
    out, _ = process.communicate()
    assert (process.returncode, "busy: passed" in out) == (0, True), out


def test_several_cells_at_once_end_together(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    for name in ("one", "two"):
        place.git("config", f"xsa.cell.{name}.command", "sleep 77")
    process = start(
        place.folder, "test", "--onto", RELEASE, "--xsa", "1", "--cell", "one", "--cell", "two", "--jobs", "2"
    )
    wait_for(process, tmp_path, "sleep 77")
    time.sleep(0.3)
    assert len([line for line in processes(f"GIT_XSA_BUILD={tmp_path}") if line.startswith("sleep 77")]) == 2
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
