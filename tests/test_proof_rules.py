"""The rules of proofs without a machine: what base and queue together say, and what cells are made of."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from git_xsa.errors import UsageError, XsaError
from git_xsa.proof.boards import Payload, boot_command, models_for
from git_xsa.proof.cells import find_cells
from git_xsa.proof.judge import judge_boot, judge_exploit
from git_xsa.proof.known import Known
from git_xsa.proof.machine import End, Machine, explain
from git_xsa.proof.results import ProofStep, Ruling, StepOutcome

EXPLOIT = Payload("test-pv64-xsa-1", None, "pv64", 1)
#: Ends that say by themselves that the hypervisor is not safe.
BAD = {End.FAILURE, End.PANIC, End.STOPPED, End.HANG, End.FLOOD}
PAIRS = list(itertools.product(End, End))


def play(end: End) -> tuple[ProofStep, End]:
    """Return a run that ended so."""
    return ProofStep("queue", StepOutcome.FAILED, "", 1.0, False, "", None), end


@pytest.mark.parametrize(("base", "queue"), PAIRS, ids=lambda end: end.name)
def test_exploits(base: End, queue: End) -> None:
    """No end of the queue that is bad passes; none that is good fails."""
    ruling, reason = judge_exploit(EXPLOIT, play(base), play(queue), control=True)
    assert (ruling is Ruling.VULNERABLE) == (queue in BAD)
    assert (ruling is Ruling.BLOCKED) == (queue is End.SUCCESS and base in BAD)
    assert ruling.bad == (queue in BAD or (queue not in (End.SUCCESS, End.BROKEN) and base is End.SUCCESS))
    assert reason or ruling is Ruling.NOT_REPRODUCED


@pytest.mark.parametrize("end", [End.HANG, End.STOPPED, End.PANIC])
def test_what_does_not_run_at_all_is_no_verdict(end: End) -> None:
    ruling, reason = judge_exploit(EXPLOIT, play(end), play(end), control=False)
    assert ruling is Ruling.SKIPPED
    assert not reason.endswith("; ")  # no reason is known
    failing = judge_exploit(EXPLOIT, play(end), play(End.FAILURE), control=False)
    assert failing[0] is Ruling.VULNERABLE  # that the test itself says


@pytest.mark.parametrize(("base", "queue"), PAIRS, ids=lambda end: end.name)
def test_boots(base: End, queue: End) -> None:
    ruling, _ = judge_boot(play(base), play(queue))
    assert (ruling is Ruling.PASSED) == (queue is End.SUCCESS)
    assert (ruling is Ruling.FAILED) == (base is End.SUCCESS and queue not in (End.SUCCESS, End.BROKEN))


def test_an_image_that_the_machine_can_not_load() -> None:
    """The base's was loaded, so that is the image's fault; any other refusal is the machine's."""

    def ruling(line: str) -> Ruling:
        step = ProofStep("queue", StepOutcome.FAILED, line, 1.0, False, "", None)
        return judge_boot(play(End.SUCCESS), (step, End.BROKEN))[0]

    assert ruling("qemu-system-x86_64: Error loading uncompressed kernel without PVH ELF Note") is Ruling.FAILED
    assert ruling("qemu-system-x86_64: unable to find CPU model 'max'") is Ruling.NOT_JUDGED


def test_how_the_machine_itself_ends(tmp_path: Path) -> None:
    machine = Machine([], lambda: False)
    for command, end in (("echo x", End.STOPPED), ("echo x; exit 1", End.BROKEN)):
        console = machine.run(("sh", "-c", command), tmp_path, 20)
        assert (console.end, console.line) == (end, "x" if end is End.STOPPED else "it ended before the machine did")


@pytest.mark.parametrize(
    ("end", "text", "line"),
    [
        (End.PANIC, "(XEN) ****\n(XEN) Panic on CPU 0:\n(XEN) BUG at a.c\n(XEN) ****\n", "Panic on CPU 0: BUG at a.c"),
        (End.SKIP, "XSA-1 PoC\nFEP unavailable, but\nneeded\nTest result: SKIP\n", "FEP unavailable, but needed"),
        (End.SKIP, "XSA-1 PoC\nsome\nSkip: No HPET\nTest result: SKIP\n", "Skip: No HPET"),
        (End.LOST, "Vec 1 #DB\n****\n(XEN) Hardware Dom0 crashed: 'noreboot' set\n", "Vec 1 #DB"),
        (End.SUCCESS, "Test result: SUCCESS\n", ""),
        (End.HANG, "", ""),
    ],
)  # fmt: skip
def test_the_line_that_explains(end: End, text: str, line: str) -> None:
    assert explain(end, text.encode()) == line


def test_cells_by_name() -> None:
    own = {"mine": {"command": ("true",)}, "x86_64": {"config": ("CONFIG_ARGO=y",)}}
    names = [cell.name for cell in find_cells(["all"], own)]
    assert names == [
        "x86_64", "x86_64-release", "x86_64-pv32", "x86_64-pvshim", "x86_64-xsm", "arm64", "arm32", "tools",
        "mine",
    ]  # fmt: skip
    [random, first] = find_cells(["x86_64-randconfig=17", "x86_64", "x86_64"], own)
    assert "KCONFIG_SEED=17 randconfig" in random.command
    assert "CONFIG_DEBUG=y CONFIG_ARGO=y" in first.command
    with pytest.raises(UsageError, match="there is no cell 'x86_64-randconfig'"):
        find_cells(["x86_64-randconfig"], {})


def test_a_configuration_that_stays_has_nothing_compiled(tmp_path: Path) -> None:
    """Each commit of a queue is configured, and every object depends on what comes of that."""
    (tmp_path / "xen").mkdir()
    (tmp_path / "xen/Makefile").write_text(
        "KCONFIG_CONFIG ?= .config\n"
        "xen: .config\n\tcat .config >> xen\n"
        "defconfig:\n\techo CONFIG_A=$$(cat default) > $(KCONFIG_CONFIG)\n"
        "olddefconfig:\n\techo CONFIG_B=y >> $(KCONFIG_CONFIG)\n"
    )
    [cell] = find_cells(["x86_64"], {})

    def build(default: str) -> list[str]:
        (tmp_path / "xen/default").write_text(f"{default}\n")
        subprocess.run(("sh", "-c", cell.command), cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / cell.config).read_text() == f"CONFIG_A={default}\nCONFIG_DEBUG=y\nCONFIG_B=y\n"
        return (tmp_path / cell.image).read_text().split()[::3]

    assert build("n") == ["CONFIG_A=n"]
    assert build("n") == ["CONFIG_A=n"]
    assert build("y") == ["CONFIG_A=n", "CONFIG_A=y"]


def test_the_tools_need_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_xsa.proof.cells._INCLUDE", tmp_path)
    [tools] = find_cells(["tools"], {})
    assert "uuid-dev" in tools.lacking
    assert "libyajl-dev" in tools.lacking
    for path in ("uuid/uuid.h", "yajl/yajl_parse.h", "x86_64-linux-gnu/curses.h", "zlib.h"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert "dev" not in tools.lacking.replace("python3-dev", "")
    assert tools.unbootable
    with pytest.raises(XsaError, match="only a hypervisor has a configuration"):
        find_cells(["tools"], {"tools": {"config": ("CONFIG_DEBUG=y",)}})
    assert find_cells(["tools"], {"tools": {"command": ("make tools",)}})[0].lacking == ""


def test_the_hypervisor_is_told_what_it_runs() -> None:
    def arguments(environment: str, fep: bool = False) -> str:
        payload = Payload("test", Path("test"), environment, 1, fep)
        return boot_command("x86_64", "max", Path("xen"), payload)[-1]

    assert "dom0=pvh" not in arguments("pv64")
    assert arguments("pv32pae").endswith("pv=32")
    assert arguments("hvm64").endswith("dom0=pvh dom0-iommu=none")
    assert arguments("hvm32", fep=True).endswith("hvm_fep")


def test_no_processor_has_the_virtualisation_of_another_vendor() -> None:
    """Xen would use AMD's on it, and a double fault at the first SYSENTER passes for an exploit that works."""
    models = models_for("x86_64", Payload("test-pv64", Path("test"), "pv64"))
    assert models[0] == "max"
    assert [model for model in models if "GenuineIntel" in model and "svm=off" not in model] == []
    assert models_for("x86_64", Payload("test-hvm64", Path("test"), "hvm64")) == ("max",)


def test_a_long_proof_is_known_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commit of a long queue in three cells has more records than there once was room for; space is what counts,
    and what was used last stays."""
    records = Known(tmp_path)
    for number in range(500):
        records.put(f"{number}", {}, {"log": b"short"})
    assert all(Known(tmp_path).get(f"{number}") for number in range(500))
    for number in range(2):
        records.put(f"large {number}", {}, {"image": bytes(1 << 20)})
        os.utime(tmp_path / f"large {number}", (number, number))
    monkeypatch.setattr("git_xsa.proof.known.KEPT", 3 << 19)
    left = Known(tmp_path)
    assert [left.get("large 0"), left.get("499") is not None] == [None, True]
    assert left.get("large 1") is not None
