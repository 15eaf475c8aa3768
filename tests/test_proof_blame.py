"""A fault of the base, or of the machine, is never the queue's: it is not judged, and counts for one run only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_kernel as small
from proving import ASK, BOTH, DEBUG_FAILS, RELEASE, fixed, folders, judged, project, proved
from repositories import Place, start

pytestmark = pytest.mark.skipif(bool(small.obstacle()), reason=small.obstacle() or "never")

__all__ = ["folders"]  # the fixture


def test_a_base_that_does_not_build_is_never_the_queue_s_fault(tmp_path: Path) -> None:
    """Neither where the base fails by itself, nor where the queue would have mended it."""
    broken = small.files(start="    no_such_thing();")
    place = project(tmp_path, ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND)}), base=broken)
    answer = place.run(*ASK, "--boot", "--exploit", "--json")
    assert answer.status == 3
    [result] = json.loads(answer.out)["results"]
    assert result["state"] == "not-judged"
    [build] = result["cells"][0]["tests"]
    assert (build["state"], [step["tree"] for step in build["steps"]]) == ("not-judged", ["base"])
    assert build["reason"].startswith("the base fails: ")
    assert "no_such_thing" in build["reason"]


def test_a_base_that_builds_in_one_cell_is_judged_there(tmp_path: Path) -> None:
    broken = small.files(start=DEBUG_FAILS)
    place = project(
        tmp_path, ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND, DEBUG_FAILS)}), base=broken
    )
    result = proved(place, *BOTH, "--exploit")
    assert [cell["state"] for cell in result["cells"]] == ["passed", "not-judged"]


def test_a_full_disk_is_never_the_queue_s_fault(tmp_path: Path) -> None:
    """It is not judged, and not remembered: the next run builds again."""
    place, room = fixed(tmp_path), tmp_path / "room"
    full = f"if grep -q 'return -1' kernel.c && ! test -e {room}; then cat kernel.c > /dev/full; else make; fi"
    place.git("config", "xsa.cell.small.command", full)
    result = proved(place, *ASK, "--boot", status=3)
    [build] = result["cells"][0]["tests"]
    assert (build["state"], build["reason"]) == (
        "not-judged", "this machine fails: cat: write error: No space left on device",
    )  # fmt: skip
    room.touch()
    assert proved(place, *ASK, "--boot")["state"] == "passed"


def test_a_full_disk_is_no_fault_of_one_commit(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    full = "if grep -q more notes && ! grep -q 'return -1' kernel.c; then cat kernel.c > /dev/full; else make; fi"
    place.git("config", "xsa.cell.small.command", full)
    words = ("test", "--onto", RELEASE, "--cell", "small", "--every-commit", place[2], place[3])
    assert judged(proved(place, *words)) == {"build build": "passed", "commit 1 notes": "not-judged"}
    out = place.run(*words).out
    assert "    not judged     1 notes: this machine fails: cat: write error: No space left on device" in out
    assert "every commit builds" not in out


def test_a_base_that_does_not_boot_is_not_judged(tmp_path: Path) -> None:
    panics = '    panic("no memory");'
    place = project(
        tmp_path,
        ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND, panics)}),
        base=small.files(start=panics),
    )
    result = proved(place, *ASK, "--boot")
    assert judged(result) == {"build build": "passed", "boot the image alone": "not-judged"}


def test_a_slow_boot_of_the_queue_is_no_hang(tmp_path: Path) -> None:
    """The machine may be busy: the queue has more time then, and only the queue."""
    place = fixed(tmp_path, start=small.SECONDS.format(4))
    words = (*ASK, "--boot", "--boot-timeout", "2")
    assert judged(proved(place, *words)) == {"build build": "passed", "boot the image alone": "passed"}
    hangs = proved(fixed(tmp_path / "hangs", start="    stop();"), *words, status=1)
    assert judged(hangs)["boot the image alone"] == "failed"


@pytest.mark.parametrize(("payload", "state"), [("9", "blocked"), ("1", "not-reproduced")])
def test_a_slow_machine_makes_no_exploit(tmp_path: Path, payload: str, state: str) -> None:
    """Neither base nor queue ends in time at first: that says nothing of either."""
    slow = small.SECONDS.format(4)
    place = project(
        tmp_path,
        ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND, slow)}),
        base=small.files(start=slow),
        payload=payload,
    )
    found = judged(proved(place, *ASK, "--boot", "--exploit", "--boot-timeout", "2"))
    assert found == {"build build": "passed", "boot the image alone": "passed", "exploit overflow": state}


def test_the_user_s_command_does_not_run_where_nothing_was_built(tmp_path: Path) -> None:
    """The tree has built before: what keeps it from that now is the machine's."""
    place, full = fixed(tmp_path), tmp_path / "full"
    test = f"grep -q 'return -1' kernel.c && ls {tmp_path} | grep -q ful."  # no word of it is a file
    place.git("config", "xsa.cell.small.command", f"if {test}; then cat kernel.c > /dev/full; else make; fi")
    assert proved(place, *ASK)["state"] == "passed"
    full.touch()
    result = proved(place, *ASK, "--run", "test -e kernel")
    assert judged(result) == {"build build": "passed", "run test -e kernel": "not-judged"}
    full.unlink()
    assert judged(proved(place, *ASK, "--run", "test -e kernel"))["run test -e kernel"] == "passed"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a file; once it is there, no cell of ``breakable`` can build anything."""
    return tmp_path / "broken"


def breakable(tmp_path: Path) -> Place:
    """Return a project with two changes, whose cell looks for the file ``broken`` without a word that names it."""
    place = fixed(tmp_path)
    command = f"if ls {tmp_path} | grep -q broke.; then echo 'cc1: cannot start'; exit 1; fi; make"
    place.git("config", "xsa.cell.small.command", command)
    return place


def test_a_machine_that_breaks_after_the_base_was_built(tmp_path: Path, broken: Path) -> None:
    """The base has built in an earlier run: only another build of it shows that the queue is not why."""
    place = breakable(tmp_path)
    first, second = ("test", "--onto", RELEASE, "--cell", "small", place[2]), (*ASK, "--boot")
    assert proved(place, *first)["state"] == "passed"
    broken.touch()
    [build] = proved(place, *second, status=3)["cells"][0]["tests"]
    assert (build["state"], build["reason"]) == (
        "not-judged", "this machine fails: the base does not end well any more: cc1: cannot start",
    )  # fmt: skip
    broken.unlink()
    assert proved(place, *second)["state"] == "passed"


def test_a_machine_that_breaks_before_every_commit(tmp_path: Path, broken: Path) -> None:
    place = breakable(tmp_path)
    words = ("test", "--onto", RELEASE, "--cell", "small", place[2], place[3])
    assert proved(place, *words)["state"] == "passed"
    broken.touch()
    assert judged(proved(place, *words, "--every-commit")) == {"build build": "passed", "commit 1 notes": "not-judged"}
    broken.unlink()
    assert judged(proved(place, *words, "--every-commit"))["commit 1 notes"] == "passed"


def test_a_machine_that_breaks_before_the_search(tmp_path: Path, broken: Path) -> None:
    place = breakable(tmp_path)
    command = place.git("config", "xsa.cell.small.command").strip()
    ask = ("prereqs", "--onto", RELEASE, "--build", command, "--json")
    assert json.loads(place.run(*ask, place[2]).out)["build"]["state"] == "builds"
    broken.touch()
    assert json.loads(place.run(*ask, place[3]).out)["build"]["state"] == "base-fails"
    broken.unlink()
    assert json.loads(place.run(*ask, place[3]).out)["build"]["state"] == "builds"


def test_a_command_that_breaks_after_the_base_was_tested(tmp_path: Path, broken: Path) -> None:
    place, command = fixed(tmp_path), f"! ls {tmp_path} | grep -q broke."
    words = ("test", "--onto", RELEASE, "--cell", "small", "--run", command)
    assert proved(place, *words, place[2])["state"] == "passed"
    broken.touch()
    assert judged(proved(place, *words, place[3]))[f"run {command}"] == "not-judged"
    broken.unlink()
    assert judged(proved(place, *words, place[3]))[f"run {command}"] == "passed"


def test_a_command_of_the_user_on_a_full_disk(tmp_path: Path) -> None:
    command = "if grep -q 'return -1' kernel.c; then cat kernel.c > /dev/full; fi"
    [_, run] = proved(fixed(tmp_path), *ASK, "--run", command)["cells"][0]["tests"]
    assert (run["state"], run["reason"]) == (
        "not-judged", "this machine fails: cat: write error: No space left on device",
    )  # fmt: skip


def test_a_command_of_the_user_that_changes_the_tree(tmp_path: Path) -> None:
    """Each tree is built for it; what it leaves there is in no other."""
    place = fixed(tmp_path)
    command = "test -e kernel && rm -r kernel.c table.h && echo > Makefile && chmod 0 boot.S && rm kernel"
    words = (*ASK, "--each", "--cell", "debug", "--run", command, "--boot", "--exploit")
    result = proved(place, *words)
    assert judged(result)[f"run {command}"] == "passed"
    assert {cell["state"] for cell in result["cells"]} == {"passed"}


def test_a_program_that_only_the_queue_asks_for(tmp_path: Path) -> None:
    """Debian has the program or not; what is said is its name, and nothing is remembered."""
    place, here = fixed(tmp_path), tmp_path / "bin"
    asks = "if grep -q 'return -1' kernel.c; then xenlex kernel.c; fi; make"
    place.git("config", "xsa.cell.small.command", f"set -e; PATH={here}:$PATH; {asks}")
    [build] = proved(place, *ASK, status=3)["cells"][0]["tests"]
    assert (build["state"], "xenlex: not found" in build["reason"]) == ("not-judged", True)
    here.mkdir()
    (here / "xenlex").symlink_to("/bin/true")
    assert proved(place, *ASK)["state"] == "passed"


def test_a_script_of_the_tree_that_is_missing_is_the_queue_s(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    asks = "if grep -q 'return -1' kernel.c; then ./lex kernel.c; fi; make"
    place.git("config", "xsa.cell.small.command", f"set -e; {asks}")
    assert proved(place, *ASK, status=1)["state"] == "failed"


def test_a_limit_that_the_base_has_nearly_reached(tmp_path: Path) -> None:
    """A queue that takes a little longer is not at fault; one that takes many times as long is."""
    slow = "grep -q 'return -1' kernel.c && sleep 9; sleep {}; make"
    for seconds, status, state in ((2, 3, "not-judged"), (0, 1, "failed")):
        place = fixed(tmp_path / state)
        place.git("config", "xsa.cell.small.command", slow.format(seconds))
        [build] = proved(place, *ASK, "--build-timeout", "4", status=status)["cells"][0]["tests"]
        assert (build["state"], "did not end within the time limit" in build["reason"]) == (state, True)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder for temporary files on a file system of 400 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", "size=400k,mode=0700", "git-xsa", str(folder))
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    subprocess.run(("umount", str(folder)), check=True)


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_fills_up_without_a_word(tmp_path: Path) -> None:
    """A program that dies of it may say nothing, or something else: the disk itself is asked."""
    place = fixed(tmp_path)
    fills = (
        "if grep -q 'return -1' kernel.c; then cat /dev/zero > filler 2> /dev/null || { echo 'bad ELF'; exit 1; }; fi"
    )
    place.git("config", "xsa.cell.small.command", f"{fills}; make")
    [build] = proved(place, *ASK, status=3)["cells"][0]["tests"]
    assert build["state"] == "not-judged"
    assert "no space is left" in build["reason"]


def machine_of_the_queue(tmp_path: Path) -> int | None:
    """Return the process of a QEMU that has run for 5 s, which the base's does not."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes()
            if not words.startswith(b"qemu-system") or str(tmp_path).encode() not in (folder / "environ").read_bytes():
                continue
            since = float((folder / "stat").read_text().rpartition(") ")[2].split()[19])
        except OSError:
            continue
        if float(Path("/proc/uptime").read_text().split()[0]) - since / os.sysconf("SC_CLK_TCK") > 5:
            return int(folder.name)
    return None


def test_a_machine_that_is_killed(tmp_path: Path) -> None:
    """As the system does when memory runs out."""
    place = fixed(tmp_path, start="    stop();")
    process = start(place.folder, *ASK, "--boot", "--exploit", "--json", "--boot-timeout", "30")
    while process.poll() is None:  # a boot and an exploit, each on two processors
        machine = machine_of_the_queue(tmp_path)
        if machine is not None:
            os.kill(machine, signal.SIGKILL)
        time.sleep(0.1)
    out, _ = process.communicate()
    states = judged(json.loads(out)["results"][0])
    assert states == {"build build": "passed", "boot the image alone": "not-judged", "exploit overflow": "not-judged"}
