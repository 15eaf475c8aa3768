"""``--build``: small projects in C, built by real make and gcc, whose queues apply and do not build."""

# ruff: noqa: RUF001 - compilers use these quotes

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from repositories import Answer, Draft, File, Files, Place, processes, run, snapshot, start

from git_xsa.git.folders import make_folders, remove
from git_xsa.proof.build_command import Walls, find_walls
from git_xsa.proof.outcomes import files_of

pytestmark = pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("make")), reason="gcc, make: not installed")

RELEASE = "RELEASE-1.0.0"
#: Without what the rules for names find, so that the build has something to find.
ASK = ("prereqs", "--onto", RELEASE, "--xsa", "1", "--no-symbols")
MAKE = b"""\
prog: main.o util.o
\tgcc -o $@ $^
%.o: %.c util.h
\tgcc -Wall -Werror -c $<
"""
#: What it prints when nothing is there yet.
MADE = ("gcc -Wall -Werror -c main.c", "gcc -Wall -Werror -c util.c", "gcc -o prog main.o util.o")
#: Deeper than Python recurses.
DEEP = 1050
#: Eight lines between two functions, so that their changes are in hunks apart.
GAP = "".join(f"/* {number} */\n" for number in range(8))


def main_c(*statements: str, before: str = "") -> bytes:
    body = "".join(f"    {statement}\n" for statement in statements)
    return f'#include "util.h"\n{GAP}{before}int main(void)\n{{\n{body}    return 0;\n}}\n'.encode()


def util_h(*names: str) -> bytes:
    return "".join(f"int {name}(void);\n{GAP}" for name in ("one", *names)).encode()


def util_c(*names: str) -> bytes:
    functions = "".join(f"int {name}(void)\n{{\n    return 1;\n}}\n{GAP}" for name in ("one", *names))
    return f'#include "util.h"\n{GAP}{functions}'.encode()


BASE: Files = {"Makefile": MAKE, "main.c": main_c(), "util.h": util_h(), "util.c": util_c()}
NEEDS_ONE = {"util.h": util_h("two"), "util.c": util_c("two")}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    gc.enable()


@pytest.fixture
def builds(sealed: Path) -> Path:
    """Return the folder in which outcomes and logs are kept."""
    return sealed / "cache" / "git-xsa" / "builds"


def project(tmp_path: Path, *changes: tuple[str, Files], base: Files = BASE) -> Place:
    """Return a repository with one release, and on top of it ``changes``; the last one is the fix of XSA-1."""
    draft = Draft()
    draft.release("1.0.0", base)
    for number, (subject, files) in enumerate(changes, 1):
        draft.commit(f"{subject}\n\nThis is XSA-1." if number == len(changes) else subject, files)
    return draft.write(tmp_path / "project")


def missing_name(tmp_path: Path) -> Place:
    """Return a project whose fix calls a function that the second commit brings; the first and third don't matter."""
    return project(
        tmp_path,
        ("readme", {"README": b"words\n"}),
        ("util: two", NEEDS_ONE),
        ("more words", {"README": b"more words\n"}),
        ("main: call two", {"main.c": main_c("two();")}),
    )


def prerequisites(answer: Answer) -> list[tuple[str, str]]:
    """Return subject and kind of each prerequisite in an answer in JSON."""
    return [(item["subject"], item["kind"]) for item in json.loads(answer.out)["prerequisites"]]


def test_a_missing_name(tmp_path: Path, builds: Path, temporary: Path) -> None:
    place = missing_name(tmp_path)
    c = place.short
    assert place.run(*ASK, "--build", "make", "--why") == (
        0,
        f"""\
XSA-1 needs 1 prerequisite on RELEASE-1.0.0

Apply in this order (strict git apply, no fuzz):

  1  build  {c(3)}  util: two
  2  XSA-1  {c(5)}  main: call two

It builds (4 builds): make

{c(3)} util: two
  build prerequisite
  needed by XSA-1 {c(5)} main: call two
    without it the build fails: main.c:12:5: error: implicit declaration of function ‘two’ \
[-Werror=implicit-function-declaration]
""",
        note_of(place),
    )
    assert list(temporary.iterdir()) == []


def note_of(place: Place) -> str:
    """Return what is said of the network where it can't be shut off."""
    if find_walls([place.folder]).offline:
        return ""
    return "note: builds can use the network: this system does not allow users to disable it (unshare)\n"


def test_without_build_nothing_is_built(tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    answer = place.run(*ASK)
    assert answer.status == 0
    assert "XSA-1 applies to RELEASE-1.0.0" in answer.out
    assert not builds.exists()


def test_check_finds_it_too(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    c = place.short
    answer = place.run("check", "--no-symbols", "--all", "--build", "make -s")
    assert (answer.status, answer.out) == (
        1,
        f"""\
RELEASE-1.0.0, 4 commits behind stable-1.0
  1 outstanding XSA in 1 commit: it needs 1 prerequisite
  XSA-1    needs 1 prerequisite  main: call two
  Apply in this order (strict git apply, no fuzz):
  1  build  {c(3)}  util: two
  2  XSA-1  {c(5)}  main: call two
  It builds (4 builds): make -s
  Why these prerequisites: git xsa-prereqs --onto RELEASE-1.0.0 --why --no-symbols --build 'make -s'
""",
    )


def test_check_each(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", BASE)
    draft.commit("util: two", NEEDS_ONE)
    draft.commit("main: call two\n\nThis is XSA-1.", {"main.c": main_c("two();")})
    draft.commit("readme\n\nThis is XSA-2.", {"README": b"words\n"})
    answer = draft.write(tmp_path / "project").run("check", "--no-symbols", "--all", "--each", "--build", "make")
    assert (answer.status, answer.out) == (
        1,
        """\
RELEASE-1.0.0, 3 commits behind stable-1.0
  XSA-1     needs 1         main: call two
  XSA-2     applies         readme
""",
    )


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    ours, theirs = os.openpty()
    process = start(place.folder, *ASK, "--build", "make", stderr=theirs)
    os.close(theirs)
    out, _ = process.communicate(timeout=60)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert "It builds" in out
    lines = shown.decode().replace("\r\n", "\n")
    words = re.sub(r"[^\n]*\r", "", lines).removeprefix(
        note_of(place)
    )  # a slow machine shows what is read, for a while
    assert (
        words
        == f"""\
build 1: RELEASE-1.0.0 itself
build 2: the queue of 1 commit
    fails: main.c:12:5: error: implicit declaration of function ‘two’ [-Werror=implicit-function-declaration]
build 3: with {place.short(3)}, which may supply what is missing
build 4: everything once more, in a new tree
"""
    )


def test_check_builds_the_queue_of_each_release(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", BASE)
    draft.commit("util: two", NEEDS_ONE)
    draft.release("1.0.1", {"version": b"1.0.1\n"})
    draft.commit("main: call two\n\nThis is XSA-1.", {"main.c": main_c("two();")})
    place = draft.write(tmp_path / "project")
    answer = place.run(
        "check", "--no-symbols", "--onto", RELEASE, "--onto", "RELEASE-1.0.1", "--json", "--build", "make"
    )
    results = json.loads(answer.out)["results"]
    assert [result["state"] for result in results] == ["needs-prerequisites", "applies"]
    assert [result["build"]["state"] for result in results] == ["builds", "builds"]


def test_json(tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    document = json.loads(place.run(*ASK, "--build", "make", "--json").out)
    [found] = document["prerequisites"]
    assert (found["commit"], found["kind"]) == (place[3], "build")
    [reason] = found["reasons"]
    words = "main.c:12:5: error: implicit declaration of function ‘two’ [-Werror=implicit-function-declaration]"
    assert reason == {
        "needed_by": place[5], "path": "main.c", "hunk": 0, "line": None, "symbol": None, "kind": "build",
        "gone": False, "note": None, "diagnostic": words,
    }  # fmt: skip
    assert document["build"] == {
        "command": "make", "state": "builds", "tries": 4, "known": 0, "minimal": True, "log": None,
    }  # fmt: skip
    assert [item["id"] for item in document["queue"]] == [place[3], place[5]]


CHECK = b"""\
import sys
lines = [line.split() for line in open("table")]
known = set(open("known").read().split())
for name, value in lines:
    assert int(value) in range(10) and value in known
"""


def test_an_assertion_without_a_name_is_searched_for(tmp_path: Path) -> None:
    base = {"check.py": CHECK, "table": b"a 1\n", "known": b"1\n", "notes": b""}
    unrelated = [(f"notes {n}", {"notes": b"n\n" * n}) for n in range(1, 12)]
    place = project(
        tmp_path,
        *unrelated[:4],
        ("known: 2", {"known": b"1\n2\n"}),
        *unrelated[4:],
        ("table: b", {"table": b"a 1\nb 2\n"}),
        base=base,
    )
    answer = place.run(*ASK, "--json", "--build", f"{sys.executable} check.py")
    document = json.loads(answer.out)
    assert prerequisites(answer) == [("known: 2", "build")]
    assert document["prerequisites"][0]["reasons"][0]["diagnostic"] == "AssertionError"
    assert document["build"]["tries"] <= 10


def test_of_two_suppliers_the_one_that_defines_the_name_is_taken(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        ("main: talk of two", {"notes.c": b"/* two() is to come */\n"}),
        ("util: two", NEEDS_ONE),
        ("main: call two", {"main.c": main_c("two();")}),
    )
    answer = place.run(*ASK, "--json", "--build", "make")
    assert prerequisites(answer) == [("util: two", "build")]
    assert json.loads(answer.out)["build"]["tries"] == 4


def test_a_supplier_comes_with_what_it_needs_to_apply(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        ("util: a place for two", {"util.h": util_h() + b"/* here */\n"}),
        ("util: two", {"util.h": util_h() + b"int two(void);\n", "util.c": util_c("two")}),
        ("main: call two", {"main.c": main_c("two();")}),
    )
    answer = place.run(*ASK, "--json", "--build", "make")
    assert prerequisites(answer) == [("util: a place for two", "build"), ("util: two", "build")]


def test_names_that_the_rules_find_need_no_search(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    answer = place.run("prereqs", "--onto", RELEASE, "--xsa", "1", "--json", "--build", "make")
    assert prerequisites(answer) == [("util: two", "symbol")]
    assert json.loads(answer.out)["build"]["tries"] == 3


def test_names_of_what_a_build_asked_for_are_found_by_the_rules(tmp_path: Path) -> None:
    base = {
        **BASE,
        "check.py": CHECK,
        "table": b"a 1\n",
        "known": b"1\n",
        "Makefile": b"all: prog\n\tpython3 check.py\n" + MAKE,
    }
    place = project(
        tmp_path,
        ("util: two", NEEDS_ONE),
        ("known: 2", {"known": b"1\n2\n", "main.c": main_c("two();")}),
        ("table: b", {"table": b"a 1\nb 2\n"}),
        base=base,
    )
    answer = place.run("prereqs", "--onto", RELEASE, "--xsa", "1", "--json", "--build", "make")
    assert prerequisites(answer) == [("util: two", "build"), ("known: 2", "build")]
    [first, second] = json.loads(answer.out)["prerequisites"]
    assert [reason["symbol"] for reason in first["reasons"]] == ["two"]
    assert [reason["diagnostic"] for reason in second["reasons"]] == ["AssertionError"]


def test_two_that_need_each_other(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        ("left", {"left.h": b'#include "right.h"\n#define LEFT RIGHT\n#define ONE 1\n'}),
        ("right", {"right.h": b"#define RIGHT ONE\n"}),
        ("main: use left", {"main.c": main_c("return LEFT;", before='#include "left.h"\n')}),
    )
    answer = place.run(*ASK, "--json", "--build", "make")
    assert prerequisites(answer) == [("left", "build"), ("right", "build")]


def later_fix(tmp_path: Path) -> Place:
    """Return a project whose fix builds only with the commit after it, which changes what the fix has made."""
    draft = Draft()
    draft.release("1.0.0", BASE)
    draft.commit("main: call two\n\nThis is XSA-1.", {"main.c": main_c("two();")})
    draft.commit("main: declare two", {"main.c": main_c("int two = 2;", "(void)two;")})
    return draft.write(tmp_path / "project")


def test_a_commit_after_the_fix(tmp_path: Path) -> None:
    place = later_fix(tmp_path)
    c = place.short
    assert (
        place.run(*ASK, "--graph", "--build", "make").out
        == f"""\
XSA-1 {c(2)} main: call two
└── build {c(3)} main: declare two
    └── XSA-1 {c(2)} main: call two (see above)
"""
    )
    graph = place.run(*ASK, "--graph=dot", "--build", "make").out
    assert f'  "{c(2)}" -> "{c(3)}";\n' in graph
    assert f'  "{c(3)}" -> "{c(2)}";\n' in graph


def test_several_builds_for_a_patch_file(tmp_path: Path, temporary: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    patch = tmp_path / "xsa1.patch"
    patch.write_bytes(place.patch(5))
    place.git("update-ref", "refs/heads/stable-1.0", place[4])
    before = snapshot(place.folder)
    answer = place.run("prereqs", "--no-symbols", "--onto", RELEASE, str(patch), "--json", "--build", "make")
    assert prerequisites(answer) == [("util: two", "build")]
    assert snapshot(place.folder) == before
    assert list(temporary.iterdir()) == []


def test_only_the_user_can_read_logs_and_outcomes(tmp_path: Path, builds: Path) -> None:
    missing_name(tmp_path).run(*ASK, "--build", "make")
    assert stat.S_IMODE(builds.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in builds.iterdir()} == {0o600}
    outcomes = sorted(path.read_text() for path in builds.iterdir() if path.suffix != ".log")
    assert outcomes == ["built\n", "built\n", "failed\n"]


# cache


def test_outcomes_are_known_the_next_time(tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    command = f"echo x >>{tmp_path}/runs; make"
    first = place.run(*ASK, "--build", command)
    assert (tmp_path / "runs").read_text() == "x\n" * 4
    second = place.run(*ASK, "--build", command)
    assert (tmp_path / "runs").read_text() == "x\n" * 4
    assert second.out == first.out.replace("4 builds", "0 builds, 2 outcomes from the cache")
    shutil.rmtree(builds)
    third = place.run(*ASK, "--build", command)
    assert (tmp_path / "runs").read_text() == "x\n" * 8
    assert third.out == first.out


def test_another_command_is_another_outcome(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    place.run(*ASK, "--build", "make")
    assert "It builds (1 build, 1 outcome known" not in place.run(*ASK, "--build", "make -s").out


def test_a_lost_log_only_costs_builds(tmp_path: Path, builds: Path) -> None:
    """That of the queue, and since that fails, another one of the base."""
    place = missing_name(tmp_path)
    first = place.run(*ASK, "--build", "make")
    for log in builds.glob("*.log"):
        log.unlink()
    (builds / "stray").write_bytes(b"\xff")
    second = place.run(*ASK, "--build", "make")
    assert second.out == first.out.replace("4 builds", "2 builds, 1 outcome from the cache")


def test_a_release_that_failed_is_built_again(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    command = f"test -e {tmp_path}/tool && make"
    assert place.run(*ASK, "--build", command).status == 128
    (tmp_path / "tool").touch()
    assert place.run(*ASK, "--build", command).status == 0


def test_a_cache_folder_that_can_not_be_made(tmp_path: Path, builds: Path) -> None:
    builds.parent.parent.mkdir()
    builds.parent.write_text("in the way")
    answer = missing_name(tmp_path).run(*ASK, "--build", "make")
    assert answer == (
        128,
        "",
        f"fatal: {builds}: Not a directory\nhint: it holds the logs of builds; set XDG_CACHE_HOME to move it\n",
    )


def test_a_script_that_was_edited_since_is_another_command(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    script = tmp_path / "build me.sh"
    script.write_text(f"echo x >>{tmp_path}/runs; make\n")
    for command in (f"sh '{script}' >{tmp_path}/log", f"cd . && sh -c \"sh '{script}' >{tmp_path}/log\""):
        assert "It builds (4 builds): " in place.run(*ASK, "--build", command).out
        assert "It builds (0 builds, 2 outcomes from the cache): " in place.run(*ASK, "--build", command).out
        script.write_text(f"{script.read_text()}# edited\n")
        assert "It builds (4 builds): " in place.run(*ASK, "--build", command).out


def test_what_a_command_names_is_found_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("tools/build.sh", "with blank", "cc", "flags", "log", "teed")
    build, blank, compiler, flags, log, teed = (tmp_path / name for name in names)
    build.parent.mkdir()
    for path in (build, blank, compiler, flags, log, teed):
        path.touch(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TOOLS", str(build.parent))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    make = Path(shutil.which("make") or "")
    for command, found in {
        "make": {make},
        f"make CC={compiler}": {make, compiler},
        "~/flags; $TOOLS/build.sh": {flags, build},
        'make CC="cc -O2"': {make, compiler},
        f"(cd {build.parent} && ./build.sh) 2>&1 >>{log}": {build},
        f"make $(cat {flags}) |& tee -a {log} {teed} && make": {make, Path(shutil.which("cat") or ""), flags},
        f"'{blank}' 2>{log} \"unfinished": set(),
        f"sh -c '. \"{blank}\" | make'": {make, Path(shutil.which("sh") or "")},
    }.items():
        assert set(files_of(command)) == found | ({blank} & set(files_of(command))), command
    assert files_of(f"'{blank}'") == [blank]


def test_rebuild_asks_for_no_earlier_outcome(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    first = place.run(*ASK, "--build", "make")
    again = place.run(*ASK, "--build", "make", "--rebuild")
    assert (again.status, again.out) == (first.status, first.out)
    assert "It builds (0 builds, 2 outcomes from the cache): make\n" in place.run(*ASK, "--build", "make").out


def test_a_queue_only_builds_if_it_does_in_a_new_tree(tmp_path: Path) -> None:
    """``make -k`` goes on after an error, and the object that is asked for is still there from the base."""
    place = project(tmp_path, ("main: nonsense", {"main.c": main_c("nonsense();")}))
    command = "make -k; test -f main.o"
    answer = place.run(*ASK, "--build", command)
    assert answer.status == 2
    assert "It does not build, not even with every commit of stable-1.0" in answer.out
    again = place.run(*ASK, "--build", command)
    assert (again.status, "builds, " in again.out) == (2, True)


def test_what_a_used_tree_feigns_is_searched_for_in_new_ones(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    answer = place.run(*ASK, "--json", "--build", "make -k; test -f main.o")
    assert answer.status == 0
    assert prerequisites(answer) == [("util: two", "build")]


def test_a_path_deeper_than_python_recurses(tmp_path: Path, temporary: Path) -> None:
    """The trees of builds are removed, and what a killed one left does not concern the next one."""
    place = project(tmp_path, ("deep", {"d/" * DEEP + "f": b"x\n"}))
    left = temporary / f"git-xsa-{2**22 + 1}-abcdef"
    (left / "tree").mkdir(parents=True)
    make_folders(left, Path("d/" * DEEP))
    answer = place.run(*ASK, "--json", "--build", "make")
    remove(place.folder)  # pytest removes what the last runs left, and recurses
    assert (answer.status, json.loads(answer.out)["build"]["state"]) == (0, "builds")
    assert list(temporary.iterdir()) == []


def test_a_path_that_the_system_can_not_write(tmp_path: Path, temporary: Path) -> None:
    place = project(tmp_path, ("too long", {"d" * 300: b"x\n"}))
    answer = place.run(*ASK, "--build", "make")
    assert answer.status == 128
    assert answer.err.splitlines()[-1] == "hint: leave out --build"
    assert " can't be written for a build: File name too long" in answer.err
    assert list(temporary.iterdir()) == []


def test_neither_a_build_nor_what_starts_it_leaves_its_memory_on_a_disk(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    seen = tmp_path / "seen"
    words = [*ASK, "--build", f"ulimit -c >{seen}; cat /proc/self/limits /proc/self/coredump_filter >>{seen}; make"]
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        process = start(place.folder, *words)
        process.communicate(timeout=60)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert process.returncode == 0
    first, *rest, dumped = seen.read_text().splitlines()
    assert (first, int(dumped, 16)) == ("0", 0)
    assert [line.split()[4:6] for line in rest if line.startswith("Max core file size")] == [["0", "0"]]


# what is built


def test_only_what_changed_is_compiled_again(tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    command = f"make | tee -a {tmp_path}/runs"
    place.run(*ASK, "--build", f"bash -o pipefail -c {shlex.quote(command)}")
    assert (tmp_path / "runs").read_text().splitlines() == [
        *MADE,
        "gcc -Wall -Werror -c main.c",  # the queue, which fails
        "gcc -Wall -Werror -c main.c",  # util.h has changed
        "gcc -Wall -Werror -c util.c",
        "gcc -o prog main.o util.o",
        *MADE,  # to be sure, in a new tree
    ]


def test_a_header_that_is_gone_again(tmp_path: Path) -> None:
    """A tree that is used again knows from the last try that ``util.o`` is made from a file that is not there now."""
    makefile = MAKE.replace(b"gcc -Wall", b"gcc -MMD -Wall") + b"-include main.d util.d\n"
    included = util_c().replace(b'"util.h"', b'"util.h"\n#include "extra.h"', 1)
    place = project(
        tmp_path,
        ("extra.h", {"extra.h": b"int two(void);\n", "util.c": included}),
        ("util: two", {"util.c": included + b"int two(void)\n{\n    return 2;\n}\n"}),
        ("main: call two", {"main.c": main_c("two();", before="int two(void);\n")}),
        base={**BASE, "Makefile": makefile},
    )
    answer = place.run(*ASK, "--json", "--build", "make")
    assert prerequisites(answer) == [("util: two", "build")]
    assert json.loads(answer.out)["build"]["tries"] == 5  # the base, the queue, a wrong guess, the stale tree, anew


def test_links_modes_and_deletions_reach_the_tree(tmp_path: Path) -> None:
    base: Files = {"a": b"a\n", "gone": b"x\n", "run": File(b"#!/bin/sh\nexit 0\n"), "sub/b": b"b\n", "f": b"f\n"}
    place = project(
        tmp_path,
        ("all at once", {
            "gone": None, "run": File(b"#!/bin/sh\nexit 0\n", "100755"), "link": File(b"a", "120000"),
            "sub/b": None, "sub": File(b"no folder any more\n"), "f": None, "f/g": b"a folder now\n",
            "kernel": File(b"1" * 40, "160000"),
        }),
        base=base,
    )  # fmt: skip
    fine = "test ! -e gone && ./run && test -L link && test -f sub && test -f f/g && test -d kernel"
    answer = place.run(*ASK, "--json", "--build", f"test -e gone || {{ {fine}; }}")
    assert json.loads(answer.out)["build"]["state"] == "builds"
    assert answer.status == 0


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A build, or a commit, may put a link where a later try has a folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    place = project(tmp_path, ("file", {"folder/file": b"text\n"}), base={"a": b"a\n"})
    command = f"test -e folder/file || ln -s {outside} folder"
    answer = place.run(*ASK, "--json", "--build", command)
    assert json.loads(answer.out)["build"]["state"] == "builds"
    assert list(outside.iterdir()) == []


def test_the_environment_of_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = missing_name(tmp_path)
    monkeypatch.setenv("GIT_WORK_TREE_OF_MINE", "x")
    monkeypatch.setenv("MAKEFLAGS", "k")
    seen = tmp_path / "seen"
    command = f"env >{seen}; git rev-parse >>{seen} 2>&1; cat >>{seen}; true"
    assert place.run(*ASK, "--jobs", "3", "--build", command).status == 0
    lines = seen.read_text().splitlines()
    assert {"MAKEFLAGS=k -j3", "XSA_JOBS=3"} <= set(lines)
    assert not [line for line in lines if line.startswith(("GIT_WORK", "GIT_DIR", "GIT_INDEX"))]
    assert any("not a git repository" in line for line in lines)


# failures


def test_a_release_that_does_not_build(tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    answer = place.run(*ASK, "--build", "echo no compiler; exit 3")
    [log] = builds.glob("*.log")
    assert (answer.status, answer.out) == (
        128,
        f"""\
XSA-1 applies to RELEASE-1.0.0 as it is

Apply in this order (strict git apply, no fuzz):

  1  XSA-1  {place.short(5)}  main: call two

Not known whether it builds, because RELEASE-1.0.0 alone does not (1 build): echo no compiler; exit 3
""",
    )
    assert (
        answer.err.removeprefix(note_of(place))
        == f"""\
error: RELEASE-1.0.0 alone does not build with this command, so its queue was not checked
hint: its log is {log}
hint: tools may be missing, or the compiler may be too new for this release
"""
    )
    assert log.read_text() == "no compiler\n"


def test_a_queue_that_nothing_makes_build(tmp_path: Path, builds: Path) -> None:
    place = project(tmp_path, ("readme", {"README": b"words\n"}), ("main: nonsense", {"main.c": main_c("nonsense();")}))
    answer = place.run(*ASK, "--build", "make")
    assert answer.status == 2
    assert "It does not build, not even with every commit of stable-1.0 (3 builds): make\n" in answer.out
    what, where, hint = answer.err.removeprefix(note_of(place)).splitlines()
    assert what == "error: the queue for RELEASE-1.0.0 does not build, not even with every commit of stable-1.0"
    assert where.startswith(f"hint: its log is {builds}/")
    assert "nonsense" in Path(where.removeprefix("hint: its log is ")).read_text()
    assert hint.startswith("hint: build the tip of the branch by hand")


def test_a_build_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    monkeypatch.setenv("HANGING", str(tmp_path))
    place = missing_name(tmp_path)
    command = "if grep -q two main.c; then setsid sleep 1000 & sleep 1000; fi"
    answer = place.run(*ASK, "--json", "--build", command, "--build-timeout", "0.5")
    assert answer.status == 2
    assert json.loads(answer.out)["build"]["state"] == "fails"
    assert [line for line in processes(f"HANGING={tmp_path}") if "sleep" in line] == []
    assert list(temporary.iterdir()) == []


def test_a_release_whose_build_hangs(tmp_path: Path) -> None:
    answer = missing_name(tmp_path).run(*ASK, "--build", "sleep 1000", "--build-timeout", "0.3s")
    assert answer.status == 128
    assert "error: RELEASE-1.0.0 alone does not build within the time limit" in answer.err
    assert "hint: allow more time: --build-timeout <time>\n" in answer.err


def test_a_full_disk_is_no_fault_of_the_queue(tmp_path: Path) -> None:
    """It is neither searched for nor remembered: the next run builds again."""
    place = missing_name(tmp_path)
    room = tmp_path / "room"
    command = f"if grep -q two main.c && ! test -e {room}; then cat main.c > /dev/full; else make; fi"
    answer = place.run(*ASK, "--build", command)
    assert (answer.status, answer.out) == (128, "")
    assert "a build failed because of this machine, not of the queue: cat: write error: No space left on " in answer.err
    room.touch()
    again = place.run(*ASK, "--json", "--build", command)
    assert prerequisites(again) == [("util: two", "build")]


def test_a_daemon_does_not_outlive_its_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAEMON", str(tmp_path))
    assert missing_name(tmp_path).run(*ASK, "--build", "setsid sleep 1000 >/dev/null 2>&1 &").status == 0
    assert [line for line in processes(f"DAEMON={tmp_path}") if "sleep" in line] == []


def test_without_walls_no_process_stays_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_xsa.proof.search.builder.find_walls", lambda _: Walls())
    monkeypatch.setenv("DAEMON", str(tmp_path))
    answer = missing_name(tmp_path).run(*ASK, "--build", "setsid sleep 1000 >/dev/null 2>&1 &")
    note = "note: builds can use the network: this system does not allow users to disable it (unshare)\n"
    assert (answer.status, answer.err) == (0, note)
    deadline = time.monotonic() + 10  # one that was killed may be seen for a moment; one that was not stays
    while (
        left := [line for line in processes(f"DAEMON={tmp_path}") if "sleep" in line]
    ) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupted_build_leaves_nothing(
    number: signal.Signals, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, builds: Path
) -> None:
    monkeypatch.setenv("INTERRUPTED", str(tmp_path))  # another run may be under way
    place = missing_name(tmp_path)
    before = snapshot(place.folder)
    begun = tmp_path / "begun"
    process = start(place.folder, *ASK, "--build", f"touch {begun}; setsid sleep 1000 & sleep 1000")
    wait_for(begun)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == -number
    assert (out, err) == ("", note_of(place))
    assert processes(f"INTERRUPTED={tmp_path}") == []
    assert list(temporary.iterdir()) == []
    assert snapshot(place.folder) == before
    assert [path.name for path in builds.iterdir() if path.suffix != ".log"] == []
    assert place.run(*ASK, "--build", "make").status == 0


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not appear"
        time.sleep(0.02)


@pytest.fixture
def walls(tmp_path: Path) -> Walls:
    found = find_walls([tmp_path])
    if not found.offline:
        pytest.skip("this system lets no user shut a build in (unshare)")
    return found


def test_a_build_has_no_network(walls: Walls, tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        command = f"{sys.executable} -c {shlex.quote(connect)} 2>/dev/null && exit 1; make"
        assert place.run(*ASK, "--build", command).status == 0
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_build_can_not_write_to_the_repository(walls: Walls, tmp_path: Path, temporary: Path) -> None:
    if not walls.read_only:
        pytest.skip("this system does not let a user make folders read-only (unshare, mount)")
    place = missing_name(tmp_path)
    before = snapshot(place.folder)
    git = f"git --git-dir={place.folder}/.git"
    command = f"touch {place.folder}/stray {place.folder}/.git/stray; {git} update-ref -d refs/heads/stable-1.0; make"
    assert place.run(*ASK, "--build", command).status == 0
    assert snapshot(place.folder) == before


def test_what_a_build_writes_around_its_tree_is_gone(tmp_path: Path, temporary: Path) -> None:
    place = missing_name(tmp_path)
    command = "echo x >../stray; mktemp; mkdir -p locked/in; chmod 0 locked; rm -rf ../tmp; make"
    assert place.run(*ASK, "--build", command).status == 0
    assert list(temporary.iterdir()) == []


def test_the_builder_is_the_user(walls: Walls, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    assert missing_name(tmp_path).run(*ASK, "--build", f"id -u >{seen}").status == 0
    assert seen.read_text() == f"{os.geteuid()}\n"


# options and settings


def test_quick_leaves_what_may_not_be_needed(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        ("util: two", NEEDS_ONE),
        ("kind", {"kind.h": b"#define two 2\n"}),
        ("main: call two", {"main.c": main_c("two();")}),
    )
    answer = place.run(*ASK, "--quick", "--build", "make")
    assert "It builds (4 builds, not every prerequisite was checked to be needed): make\n" in answer.out


def test_the_command_from_the_configuration(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    place.git("config", "xsa.build", "make -s")
    assert "It builds (4 builds): make -s\n" in place.run(*ASK).out
    assert "It builds (2 builds): make\n" not in place.run(*ASK, "--no-build").out
    assert "builds" not in place.run(*ASK, "--no-build").out
    assert "It builds (4 builds): make\n" in place.run(*ASK, "--build", "make").out


def test_the_tree_supplies_no_command(tmp_path: Path) -> None:
    settings = b"[xsa]\n\tbuild = touch /tmp/never\n"
    place = project(
        tmp_path, ("fix", {"README": b"x\n"}), base={".gitconfig": settings, ".git-xsa": settings, "a": b"a"}
    )
    answer = place.run(*ASK)
    assert "builds" not in answer.out


def test_nothing_is_built_in_a_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = missing_name(tmp_path)
    place.git("config", "xsa.build", f"touch {tmp_path}/never")
    monkeypatch.setenv("GIT_XSA_HOOK", "pre-push")
    assert place.run(*ASK).status == 0
    assert not (tmp_path / "never").exists()
    assert place.run(*ASK, "--build", "make") == (
        129,
        "",
        "error: nothing is built in a hook\nhint: run the command by hand\n",
    )


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--build", " "], "error: the command after --build is empty"),
        (["--build", "make", "--no-build"], "error: --build and --no-build cannot be combined"),
        (["--quick"], "error: --build-timeout, --jobs, --quick and --rebuild require a build"),
        (["--build", "make", "--build-timeout", "soon"], "error: argument --build-timeout: 'soon' is not a time"),
        (["--build", "make", "--build-timeout", "0"], "error: argument --build-timeout: '0' is not a time"),
        (["--build", "make", "--jobs", "0"], "error: argument --jobs: '0' is not a number of jobs"),
    ],
)
def test_wrong_usage(words: list[str], what: str, tmp_path: Path) -> None:
    answer = missing_name(tmp_path).run(*ASK, *words)
    assert (answer.status, answer.out) == (129, "")
    assert answer.err.startswith(what)


def test_no_build_of_requests_on_standard_input(tmp_path: Path) -> None:
    place = missing_name(tmp_path)
    place.git("config", "xsa.build", "false")
    answer = place.run("prereqs", "--stdin", "--no-symbols", given=f"{RELEASE} {place[5]}\n")
    assert answer.out == f"applies {place[5]}\n"
    answer = run(place.folder, "prereqs", "--stdin", "--build", "make")
    assert (answer.status, answer.err.splitlines()[0]) == (129, "error: --stdin cannot be combined with a build")


@pytest.mark.parametrize("state", ["already-applied", "no-patches"])
def test_where_there_is_nothing_to_build(state: str, tmp_path: Path, builds: Path) -> None:
    place = missing_name(tmp_path)
    onto = place[5] if state == "already-applied" else RELEASE
    number = "1" if state == "already-applied" else "77"
    answer = place.run("prereqs", "--onto", onto, "--tip", "stable-1.0", "--xsa", number, "--json", "--build", "false")
    assert json.loads(answer.out)["state"] == state
    assert "build" not in json.loads(answer.out)
