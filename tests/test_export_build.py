"""git xsa-export --build: what is exported has been built, refreshed or not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from downstreams import by_patch
from repositories import Draft, Place, unpack

RELEASE = "RELEASE-1.0.0"
MAKE = b"prog: main.c util.h\n\tgcc -Wall -Werror -o $@ main.c\n"
pytestmark = pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("make")), reason="gcc, make: not installed")


def main_c(changed: dict[int, str]) -> bytes:
    """Return a program of 60 statements, those in ``changed`` (by number) replaced."""
    body = "".join(f"    {changed.get(number, f'sum += {number};')}\n" for number in range(60))
    return f'#include "util.h"\nint main(void)\n{{\n    int sum = 0;\n{body}    return sum == 0;\n}}\n'.encode()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a project whose fix has two commits before it as context, one of which brings a macro that it uses."""
    draft = Draft()
    draft.commit("root", {"Makefile": MAKE, "main.c": main_c({}), "util.h": b"#define ONE 1\n"})
    draft.release("1.0.0", {"version": b"1\n"})
    two = b"#define ONE 1\n#define TWO 2\n"
    draft.commit("bring two", {"main.c": main_c({10: "sum += TWO;"}), "util.h": two})
    draft.commit("tidy", {"main.c": main_c({10: "sum += TWO;", 40: "sum -= 40;"})})
    fixed = {10: "sum += TWO;", 12: "sum -= TWO;", 40: "sum -= 40;", 42: "sum -= 2;"}
    draft.commit("main: fix\n\nThis is XSA-1.", {"main.c": main_c(fixed)})
    return draft.write(tmp_path / "story")


def ask(place: Place, made: Path, *words: str) -> tuple[int, str, str]:
    answer = place.run("export", "--onto", RELEASE, "--xsa", "1", "--no-symbols", "-o", str(made), *words)
    return answer.status, answer.out, answer.err


def test_refresh_leaves_out_what_the_text_does_not_need(place: Place, tmp_path: Path) -> None:
    status, _, err = ask(place, tmp_path / "made", "--refresh")

    assert (status, err) == (0, "")
    assert (tmp_path / "made" / "series").read_text() == "0001-xsa1-main-fix.refreshed.patch\n"


def test_the_build_brings_back_what_is_needed_after_all(place: Place, tmp_path: Path) -> None:
    made = tmp_path / "made"
    status, out, _ = ask(place, made, "--refresh", "--build", "make", "--json")

    told = json.loads(out)
    assert status == 0
    assert [(item["subject"], item["kind"]) for item in told["prerequisites"]] == [("bring two", "build")]
    assert told["build"]["state"] == "builds"
    assert [name[:12] for name in told["export"]["avoided"]] == [place.short(4)]
    assert (made / "series").read_text() == "0001-bring-two.patch\n0002-xsa1-main-fix.refreshed.patch\n"
    tree = unpack(place.folder, RELEASE, tmp_path / "tree")
    by_patch(made, tree)
    assert subprocess.run(["make", "-s"], cwd=tree, capture_output=True, check=False).returncode == 0


def test_a_queue_that_builds_stays_as_it_is(place: Place, tmp_path: Path) -> None:
    status, out, _ = ask(place, tmp_path / "made", "--build", "make")

    assert status == 0
    assert "\nIt builds (3 builds): make\n" in out  # the last one in a new tree
    assert len((tmp_path / "made" / "series").read_text().splitlines()) == 3


@pytest.mark.parametrize("more", [(), ("--refresh",)])
@pytest.mark.parametrize(
    ("command", "status", "what"),
    [
        ("make && ! grep -q 'sum -= 2;' main.c", 2, "the queue for RELEASE-1.0.0 does not build, not even with every "),
        ("false", 128, "RELEASE-1.0.0 alone does not build with this command"),
    ],
)
def test_what_does_not_build_is_not_written(
    command: str, status: int, what: str, more: tuple[str, ...], place: Place, tmp_path: Path
) -> None:
    got, out, err = ask(place, tmp_path / "made", "--build", command, *more)

    assert (got, out) == (status, "")
    assert f"error: {what}" in err
    assert err.endswith("\nnothing is written\n")
    assert not (tmp_path / "made").exists()


def test_a_check_builds_nothing(place: Place, tmp_path: Path) -> None:
    answer = place.run("export", "--verify", str(tmp_path), "--onto", RELEASE, "--build", "make")

    assert answer.status == 129
    assert answer.err.startswith("error: --verify builds nothing\n")
