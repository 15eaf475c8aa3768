"""A fault of the base, or of the machine, is never the queue's: it is not judged, and counts for one run only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_kernel as small
from proving import ASK, BOTH, DEBUG_FAILS, RELEASE, fixed, folders, judged, project, proved

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
