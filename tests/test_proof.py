"""``git xsa-test``: a small kernel that QEMU boots plays builds, boots and exploits of real queues."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import small_kernel as small
from proving import ASK, BOTH, DEBUG_FAILS, RELEASE, fixed, folders, framework, judged, project, proved
from repositories import Answer, snapshot

pytestmark = pytest.mark.skipif(bool(small.obstacle()), reason=small.obstacle() or "never")

__all__ = ["folders"]  # the fixture


def test_a_queue_that_blocks_the_exploit(tmp_path: Path, sealed: Path) -> None:
    place = fixed(tmp_path)
    before = snapshot(place.folder)
    answer = place.run(*ASK, "--boot", "--exploit")
    times = [line.rpartition(" (")[0] for line in answer.out.splitlines()[2:]]
    assert (answer.status, answer.out.splitlines()[:2], times) == (
        0,
        [f"{RELEASE} with XSA-1 (1 commit): proved in 1 of 1 cell", "  small: passed"],
        [
            "    passed         builds",
            "    passed         boots the image alone",
            "    blocked        XSA-1 overflow: the base panics: Panic on CPU 0: BUG at kernel.c",
        ],
    )
    assert snapshot(place.folder) == before
    assert stat.S_IMODE((sealed / "cache/git-xsa/proofs").stat().st_mode) == 0o700


def test_a_second_run_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = fixed(tmp_path)
    first = proved(place, *ASK, "--boot", "--exploit", "--run", "test -e kernel")
    monkeypatch.setattr("git_xsa.proof.bench.BuildCommand.run", None)
    monkeypatch.setattr("git_xsa.proof.machine.Machine.run", None)
    second = proved(place, *ASK, "--boot", "--exploit", "--run", "test -e kernel")
    steps = [step for test in second["cells"][0]["tests"] for step in test["steps"]]
    assert len(steps) == 8
    assert all(step["known"] for step in steps)
    assert judged(first) == judged(second)


def test_rebuild_does_all_of_it_again(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    proved(place, *ASK, "--boot")
    again = proved(place, *ASK, "--boot", "--rebuild")
    assert not any(step["known"] for test in again["cells"][0]["tests"] for step in test["steps"])


def test_an_exploit_that_still_works(tmp_path: Path) -> None:
    answer = fixed(tmp_path, small.WRONG_BOUND).run(*ASK, "--boot", "--exploit")
    assert answer.status == 1
    assert "FAILED in small" in answer.out.splitlines()[0]
    assert "    VULNERABLE     XSA-1 overflow: panics: Panic on CPU 0: BUG at kernel.c" in answer.out


def test_a_queue_that_builds_and_panics(tmp_path: Path) -> None:
    result = proved(fixed(tmp_path, start='    panic("no memory");'), *ASK, "--boot", "--exploit", status=1)
    assert judged(result) == {
        "build build": "passed",
        "boot the image alone": "failed",
        "exploit overflow": "vulnerable",
    }
    assert result["cells"][0]["tests"][1]["reason"] == "panics: Panic on CPU 0: no memory"


def test_a_queue_that_builds_in_one_cell_only(tmp_path: Path) -> None:
    place = fixed(tmp_path, start=DEBUG_FAILS)
    result = proved(place, *BOTH, "--boot", status=1)
    assert [(cell["name"], cell["state"]) for cell in result["cells"]] == [("small", "passed"), ("debug", "failed")]
    [build] = result["cells"][1]["tests"]
    assert "no_such_name" in build["reason"]
    assert [step["outcome"] for step in build["steps"]] == ["passed", "failed"]


def test_what_is_not_reproduced_or_skipped(tmp_path: Path) -> None:
    assert judged(proved(fixed(tmp_path / "a", payload="1"), *ASK, "--exploit"))["exploit overflow"] == (
        "not-reproduced"
    )
    skipped = proved(fixed(tmp_path / "b", payload="s"), *ASK, "--exploit")
    [test] = [test for test in skipped["cells"][0]["tests"] if test["kind"] == "exploit"]
    assert (test["state"], test["reason"]) == ("skipped", "Skip: no such thing here")


def test_an_exploit_that_hangs_the_base(tmp_path: Path) -> None:
    """Silence of the base alone is the exploit's; the fix ends it."""
    base = small.files(bound="    if (number > 3)\n        stop();")
    place = project(tmp_path, ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND)}), base=base)
    result = proved(place, *ASK, "--exploit", "--boot-timeout", "2")
    assert judged(result)["exploit overflow"] == "blocked"


def test_what_each_cell_has_compiled(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        (
            "bound\n\nThis is XSA-1.",
            {"kernel.c": small.kernel(small.BOUND), "table.h": b"#define ENTRIES 3\n", "notes": b"fixed\n"},
        ),
    )
    answer = place.run(*ASK)
    assert answer.out.splitlines()[-1] == "  No cell has compiled notes, which the queue changes"
    result = proved(place, *ASK)
    assert (result["cells"][0]["compiled"], result["not_compiled"]) == (["kernel.c", "table.h"], ["notes"])


def test_defaults_of_the_configuration_that_change(tmp_path: Path) -> None:
    def with_config(value: str) -> dict[str, bytes]:
        rule = f"\nall: kernel\n\tmkdir -p xen && echo '{value}' > xen/.config\n".encode()
        return {"Makefile": small.MAKEFILE + rule}

    place = project(
        tmp_path,
        ("default\n\nThis is XSA-1.", with_config("# CONFIG_SHADOW is not set")),
        base=small.files() | with_config("CONFIG_SHADOW=y"),
    )
    place.git("config", "xsa.cell.small.command", "make all")
    answer = place.run(*ASK)
    assert "    note           CONFIG_SHADOW is y on the base, n with the queue\n" in answer.out


def test_every_commit_is_built(tmp_path: Path) -> None:
    """What one commit breaks and the next one mends is broken all the same."""
    place = project(
        tmp_path,
        ("use two", {"kernel.c": small.kernel(small.BOUND, "    call(TWO);")}),
        ("bring two\n\nThis is XSA-1.", {"table.h": b"#define ENTRIES 4\n#define TWO 2\n"}),
    )
    words = ("test", "--onto", RELEASE, "--cell", "small", place[2], place[3])
    assert judged(proved(place, *words)) == {"build build": "passed"}
    result = proved(place, *words, "--every-commit", status=1)
    assert judged(result) == {"build build": "passed", "commit 1 use two": "failed"}


def test_the_search_names_what_one_cell_lacks(tmp_path: Path) -> None:
    """The queue calls what only a build for debugging does, and the branch has it from a commit that it leaves out."""
    use = "#ifdef DEBUG\n    CHECK();\n#endif"
    place = project(
        tmp_path,
        ("notes", {"notes": b"more\n"}),
        ("table: a check", {"table.h": b"#define ENTRIES 4\n#define CHECK() call(1)\n"}),
        ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND, use)}),
    )
    words = ("test", "--onto", RELEASE, "--no-symbols", "--xsa", "1", "--cell", "small", "--cell", "debug")
    answer = place.run(*words, "--search")
    assert answer.status == 1
    assert f"    needs          {place.short(3)} table: a check, to build in this cell\n" in answer.out
    plain, debug = proved(place, *words, "--search", status=1)["cells"]
    assert (plain["needs"], [item["id"] for item in debug["needs"]]) == ([], [place[3]])
    assert proved(place, *words[:3], *words[4:])["state"] == "passed"  # the names in the code lead there, too


def test_each_advisory_by_itself(tmp_path: Path) -> None:
    place = project(
        tmp_path,
        ("bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(small.BOUND)}),
        ("notes\n\nThis is XSA-2.", {"notes": b"fixed\n"}),
    )
    answer = place.run("test", "--onto", RELEASE, "--cell", "small", "--each", "--exploit", "--json")
    results = json.loads(answer.out)["results"]
    assert [(result["xsa"], result["state"]) for result in results] == [([1], "passed"), ([2], "passed")]
    assert [judged(result) for result in results] == [
        {"build build": "passed", "exploit overflow": "blocked"},
        {"build build": "passed", "exploit XSA-2": "skipped"},
    ]
    steps = results[1]["cells"][0]["tests"][0]["steps"]
    assert [step["known"] for step in steps] == [True, False]  # the base is built once


def test_the_user_s_own_test(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    counted = tmp_path / "counted"
    command = f"echo run >> {counted}; test -e kernel"
    assert judged(proved(place, *ASK, "--run", command))[f"run {command}"] == "passed"
    assert counted.read_text() == "run\nrun\n"  # once on the base, once on the queue
    failing = "grep -q '4)' kernel.c || ! grep -q 'return -1' kernel.c"
    assert judged(proved(place, *ASK, "--run", failing, status=1))[f"run {failing}"] == "failed"
    assert judged(proved(place, *ASK, "--run", "false"))["run false"] == "not-judged"


def test_a_cell_whose_compiler_is_missing_is_skipped(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    place.git("config", "xsa.cell.arm64.crossPrefix", "no-such-cross-")
    answer = place.run(*ASK, "--cell", "arm64")
    assert answer.status == 0
    assert "proved in 1 of 2 cells" in answer.out
    assert "  arm64: skipped: needs gcc-aarch64-linux-gnu" in answer.out
    alone = place.run("test", "--onto", RELEASE, "--xsa", "1", "--cell", "arm64")
    assert alone.status == 3


def test_an_exported_queue(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    folder = tmp_path / "queue"
    assert place.run("export", "--onto", RELEASE, "--xsa", "1", "-o", str(folder)).status == 0
    words = ("test", "--onto", RELEASE, "--cell", "small", "--queue", str(folder), "--exploit")
    assert judged(proved(place, *words))["exploit overflow"] == "blocked"
    (folder / "more").write_text("mine\n")
    answer = place.run(*words)
    assert (answer.status, answer.out) == (128, "")
    assert "was changed since it was exported: more was added" in answer.err


@pytest.mark.parametrize("name", ["/dev/zero", "../outside.patch"])
def test_a_manifest_does_not_lead_out_of_its_folder(name: str, tmp_path: Path) -> None:
    place = fixed(tmp_path)
    folder = tmp_path / "queue"
    assert place.run("export", "--onto", RELEASE, "--xsa", "1", "-o", str(folder)).status == 0
    manifest = json.loads((folder / "xsa-queue.json").read_bytes())
    (tmp_path / "outside.patch").write_bytes((folder / manifest["queue"][0]["file"]).read_bytes())
    manifest["queue"][0]["file"] = name
    (folder / "xsa-queue.json").write_text(json.dumps(manifest))
    answer = place.run("test", "--onto", RELEASE, "--cell", "small", "--queue", str(folder))
    assert (answer.status, "xsa-queue.json is damaged" in answer.err) == (128, True)


def test_an_export_says_what_was_proved(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    proof, folder = str(tmp_path / "proof"), tmp_path / "queue"
    words = ("export", "--onto", RELEASE, "--xsa", "1", "--proof", proof, "-o", str(folder))
    assert place.run(*BOTH, "--boot", "--exploit", "-o", proof).status == 0
    assert place.run(*words).status == 0
    assert [line for line in (folder / "README").read_text().splitlines() if line.startswith("Proof: ")] == [
        "Proof:     small: build passes, boot passes, overflow is blocked",
        "Proof:     debug: build passes, boot passes, overflow is blocked",
    ]
    assert json.loads((folder / "xsa-queue.json").read_text())["proof"]["state"] == "passed"
    assert place.run("export", "--verify", str(folder), "--onto", RELEASE).status == 0
    other = place.run("export", "--onto", RELEASE, "--proof", proof, "-o", str(tmp_path / "other"), place[2])
    assert (other.status, (tmp_path / "other").exists()) == (128, False)
    assert "is of another queue or base" in other.err
    (tmp_path / "proof/junit.xml").write_text("mine")
    assert place.run(*words).status == 128


def test_the_folder_repeats_it(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    folder = tmp_path / "proof"
    place.run(*ASK, "--exploit", "-o", str(folder), "--junit", str(tmp_path / "junit.xml"))
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "junit.xml", "logs/small/build-base.log", "logs/small/build-queue.log", "logs/small/exploit-overflow-base.log",
        "logs/small/exploit-overflow-queue.log", "payloads/overflow", "queue/0001.patch", "repeat.sh", "xsa-queue.json",
    }  # fmt: skip
    assert "Panic on CPU 0" in (folder / "logs/small/exploit-overflow-base.log").read_text()
    script = (folder / "repeat.sh").read_text()
    quick = tmp_path / "bin"
    quick.mkdir()
    (quick / "qemu-system-x86_64").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/booted\n')
    (quick / "qemu-system-x86_64").chmod(0o755)
    surroundings = {**os.environ, "PATH": f"{quick}:{os.environ['PATH']}"}
    words = ("sh", str(folder / "repeat.sh"), str(place.folder), str(tmp_path / "again"))
    done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, (done.stderr, script)
    assert (tmp_path / "again/small/queue/kernel.c").read_bytes() == small.kernel(small.BOUND)
    booted = (tmp_path / "booted").read_text().splitlines()
    assert [line.partition(" -initrd ")[0].rpartition(" ")[2] for line in booted] == ["base/kernel", "queue/kernel"]
    junit = (tmp_path / "junit.xml").read_text()
    assert 'name="XSA-1: exploit overflow"' in junit
    assert "failure" not in junit.replace('failures="0"', "")


def test_a_folder_that_can_not_be_written_is_told_at_once(tmp_path: Path) -> None:
    """Not after the builds: nothing is built for a result that has no place."""
    place = fixed(tmp_path)
    place.git("config", "xsa.cell.small.command", f"touch {tmp_path}/built")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine\n")
    inside = place.folder / ".git/proof"
    for words in (("-o", str(tmp_path / "mine")), ("-o", str(inside)), ("--junit", str(tmp_path / "none/junit.xml"))):
        answer = place.run(*ASK, *words)
        assert (answer.status, answer.out) == (128, "")
    assert not (tmp_path / "built").exists()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


def test_junit_has_failures_and_skips(tmp_path: Path) -> None:
    from junitparser import JUnitXml  # noqa: PLC0415

    place = fixed(tmp_path, small.WRONG_BOUND)
    file = tmp_path / "junit.xml"
    assert place.run(*ASK, "--cell", "x86_64-pvshim", "--exploit", "--junit", str(file)).status == 1
    cases = {
        case.name: [type(one).__name__ for one in case.result]
        for suite in JUnitXml.fromfile(str(file))
        for case in suite
    }
    assert cases["XSA-1: apply"] == []
    assert cases["XSA-1: exploit overflow"] == ["Failure"]


def test_the_framework_s_tests(tmp_path: Path) -> None:
    """Each image gets a verdict with a reason; one that does not run here at all is told by the example."""
    place = fixed(tmp_path)
    place.git("config", "--unset", "xsa.exploit.1.image")
    place.git("config", "xsa.cell.small.payload", "xtf")
    tests = {
        "example": {"test-pv64-example": "", "test-hvm64-example": "", "test-hvm32pae-example": "h"},
        "xsa-1": {"test-pv64-xsa-1": "9", "test-hvm64-xsa-1": "1", "test-hvm32pae-xsa-1": "h"},
        "xsa-1-2": {"test-pv64-xsa-1-2": "s"},
        "xsa-11": {"test-pv64-xsa-11": "9"},
    }
    place.git("config", "xsa.xtf", str(framework(tmp_path, tests)))
    result = proved(place, *ASK, "--boot", "--exploit", "--boot-timeout", "3")
    assert judged(result) == {
        "build build": "passed",
        "boot test-pv64-example": "passed",
        "boot test-hvm64-example": "passed",
        "exploit test-pv64-xsa-1": "blocked",
        "exploit test-hvm64-xsa-1": "not-reproduced",
        "exploit test-hvm32pae-xsa-1": "skipped",
        "exploit test-pv64-xsa-1-2": "skipped",
    }
    commands = {test["name"]: test["steps"][0]["command"] for test in result["cells"][0]["tests"]}
    assert [name for name, command in commands.items() if "hvm_fep" in command] == [
        "test-hvm32pae-xsa-1", "test-hvm64-xsa-1",
    ]  # fmt: skip
    reasons = {test["name"]: test["reason"] for test in result["cells"][0]["tests"]}
    assert reasons["test-hvm32pae-xsa-1"] == (
        "hvm32pae does not run here: does not end in time: small kernel; "
        "QEMU marks the entries of PAE's top table as accessed, a bit that Xen takes as reserved there"
    )
    assert reasons["test-pv64-xsa-1-2"] == "Skip: no such thing here"


def test_a_test_that_does_not_build_is_tried_in_the_next_run(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    place.git("config", "--unset", "xsa.exploit.1.image")
    place.git("config", "xsa.cell.small.payload", "xtf")
    tests = {"example": {"test-pv64-example": ""}, "xsa-1": {"test-pv64-xsa-1": f"$$(cat {tmp_path}/needed || kill 0)"}}
    place.git("config", "xsa.xtf", str(framework(tmp_path, tests)))
    assert judged(proved(place, *ASK, "--exploit"))["exploit XSA-1"] == "skipped"
    (tmp_path / "needed").write_text("9")
    assert judged(proved(place, *ASK, "--exploit"))["exploit test-pv64-xsa-1"] == "blocked"


def test_a_folder_that_is_no_framework(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    place.git("config", "xsa.xtf", str(framework(tmp_path, {"xsa-1": {}})))
    answer = place.run(*ASK)
    assert (answer.status, answer.out) == (128, "")
    assert "is not a clone of XTF" in answer.err


# what may be under embargo


def test_nothing_is_kept_of_what_may_be_under_embargo(
    tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fixed(tmp_path, start="    /* the secret */")
    patch = tmp_path / "secret.patch"
    patch.write_bytes(place.patch(3))
    monkeypatch.setenv("CCACHE_DIR", str(sealed / "ccache"))
    place.git(
        "config",
        "xsa.cell.small.command",
        "grep -h secret kernel.c; echo $CCACHE_READONLY; ls -d $CCACHE_TEMPDIR; make",
    )
    folder = tmp_path / "proof"
    words = ("test", "--onto", RELEASE, "--cell", "small", "--boot", str(patch))
    result = proved(place, *words, "-o", str(folder))
    assert (result["private"], result["state"]) == (True, "passed")
    kept = [path for path in (sealed / "cache").rglob("*") if path.is_file()]
    assert kept != []  # of the base
    assert [path for path in kept if b"secret" in path.read_bytes()] == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    log = (folder / "logs/small/build-queue.log").read_text().splitlines()
    assert log[:2] == ["    /* the secret */", "1"]
    assert log[2].startswith(f"{tmp_path}/temporary/git-xsa-")  # which is removed
    steps = proved(place, *words)["cells"][0]["tests"][0]["steps"]
    assert [step["known"] for step in steps] == [True, False]


# walls


def test_what_runs_in_the_machine_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = subprocess.Popen

    def record(words: Any, *more: Any, **options: Any) -> Any:
        seen.append(list(words))
        return real(words, *more, **options)

    place = fixed(tmp_path)
    monkeypatch.setattr("git_xsa.proof.machine.subprocess.Popen", record)
    proved(place, *ASK, "--boot")
    machines = [words for words in seen if "qemu-system-x86_64" in words]
    for words in machines:
        options = words[words.index("qemu-system-x86_64") :]
        assert "-nodefaults" in options
        assert options[options.index("-nic") + 1] == "none"
        assert "spawn=deny" in options[options.index("-sandbox") + 1]
        assert not any(option.startswith(("-drive", "-hd", "-virtfs", "-fsdev")) for option in options)
    assert len(machines) == 2


def test_the_home_is_empty_for_the_machine(tmp_path: Path, sealed: Path) -> None:
    from git_xsa.proof.build_command import find_walls  # noqa: PLC0415

    (sealed / "secret").write_text("secret\n")
    walls = find_walls([], [sealed])
    if not walls.read_only:
        pytest.skip("this system lets nobody mount")
    done = subprocess.run((*walls.words, "ls", "-A", str(sealed)), capture_output=True, text=True, check=True)
    assert done.stdout == ""


# wrong use


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("test",), "no base was given"),
        (
            ("test", "--onto", RELEASE, "--xsa", "1", "HEAD"),
            "give either advisories (--xsa), or commits, or patch files",
        ),
        (("test", "--onto", RELEASE, "--cell", "z80"), "there is no cell 'z80'"),
        (
            ("test", "--onto", RELEASE, "--each", "--every-commit"),
            "--each cannot be combined with --every-commit, commits or patch files",
        ),
        (("test", "--onto", RELEASE, "--run", " "), "the command after --run is empty"),
        (("test", "--onto", RELEASE, "--queue", "x", "--xsa", "1"), "--queue reads its patches from the folder"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    answer = fixed(tmp_path).run(*words)
    assert (answer.status, answer.out) == (129, "")
    assert answer.err.startswith(f"error: {what}\n")


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("cell.small.colour", "red", "a cell has no such key"),
        ("cell.small.architecture", "z80", "it must be one of x86_64, arm64, arm32"),
        ("cell.small.payload", "x", "it must be one of xtf, guest, none"),
        ("cell.small.image", "../kernel", "it must be a path in the tree"),
        ("cell.small.config", "DEBUG", "it must be a line of a configuration"),
    ],
)
def test_settings_without_a_meaning(tmp_path: Path, key: str, value: str, what: str) -> None:
    place = fixed(tmp_path)
    place.git("config", f"xsa.{key}", value)
    answer = place.run(*ASK)
    assert (answer.status, answer.out) == (128, "")
    assert what in answer.err


def test_a_hook_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_XSA_HOOK", "1")
    answer: Answer = fixed(tmp_path).run(*ASK)
    assert answer.status == 129


def test_no_queue_is_said(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    words = ("test", "--onto", RELEASE, "--xsa", "7", "--cell", "small")
    answer = place.run(*words)
    assert (answer.status, answer.out) == (3, "")
    assert "there is nothing to prove" in answer.err
    found = json.loads(place.run(*words, "--json").out)
    assert (found["results"], [(one["xsa"], one["state"]) for one in found["unproved"]]) == ([], [([7], "no-patches")])


def test_what_is_asked_for_and_not_in_the_queue_is_said(tmp_path: Path) -> None:
    """The queue is proved, and that is not all that was asked for."""
    place = fixed(tmp_path)
    words = ("test", "--onto", RELEASE, "--xsa", "1,7", "--cell", "small")
    answer = place.run(*words)
    assert answer.status == 1
    assert "  XSA-7 is not in the queue: no commit of " in answer.out
    result = proved(place, *words, status=1)
    assert (result["state"], [one["xsa"] for one in result["left_out"]]) == ("passed", [7])
    each = place.run(*words, "--each", "--json")
    assert (each.status, [one["xsa"] for one in json.loads(each.out)["unproved"]]) == (1, [[7]])
