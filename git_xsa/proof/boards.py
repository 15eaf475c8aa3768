"""How an image is booted: the board that QEMU plays for an architecture, and what is loaded with the image.

The command lines are those of Xen's own CI (``automation/scripts/include/xtf-x86_64`` and the smoke tests), without
what needs KVM.  ``com1`` gets no parameters: with a baud rate 4.21 prints nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.proof.machine import command
from git_xsa.wording import NOTHING, Remark

#: How a payload is run: as a PV or PVH first domain, in the names of XTF's environments, or otherwise.
GUEST, ALONE = "guest", "alone"
_X86 = "loglvl=all guest_loglvl=all noreboot console_timestamps=none console=com1"
_ARM64 = "loglvl=all guest_loglvl=all noreboot console=dtuart dtuart=/pl011@9000000 dom0_mem=128M"
#: Where in the memory of QEMU's board the first domain's kernel is put.
_ARM64_GUEST = "0x49000000"


@dataclass(frozen=True)
class Payload:
    """What an image is booted with: its name, what it is loaded from (``None``: nothing), and the environment that it
    is made for (see ``GUEST``).

    ``xsa`` is the advisory that it tries, ``fep`` whether it asks the hypervisor to emulate instructions, ``known`` why
    it comes to no result in QEMU, where that is known.
    """

    name: str
    file: Path | None
    environment: str
    xsa: int | None = None
    fep: bool = False
    known: Remark = NOTHING


@dataclass(frozen=True)
class Board:
    """A board: QEMU's program, Debian's package of it, and the processors that are tried, the usual one first."""

    program: str
    package: str
    models: tuple[str, ...]


#: An Intel processor of QEMU's own emulation, which would have AMD's virtualisation otherwise.  No processor has both:
#: Xen would load the registers of SYSENTER with values from before it moved its stack, and the first is a double fault.
_INTEL = "max,vendor=GenuineIntel,svm=off"
BOARDS = {
    "x86_64": Board("qemu-system-x86_64", "qemu-system-x86", ("max", _INTEL)),
    "arm64": Board("qemu-system-aarch64", "qemu-system-arm", ("cortex-a57",)),
}


def models_for(architecture: str, payload: Payload) -> tuple[str, ...]:
    """Return the processors to try, in order: hardware virtualisation is AMD's in QEMU's own emulation."""
    models = BOARDS[architecture].models
    return models[:1] if payload.environment.startswith("hvm") else models


def boot_command(architecture: str, model: str, image: Path, payload: Payload) -> list[str]:
    """Return the words that start QEMU with ``image`` and ``payload``."""
    board = BOARDS[architecture]
    if architecture == "arm64":
        options = ["-machine", "virt,virtualization=true,gic-version=2", "-cpu", model, "-m", "1024", "-smp", "1"]
        if payload.file is not None:
            options += ["-device", f"guest-loader,addr={_ARM64_GUEST},kernel={payload.file}"]
        return command(board.program, options, image, None, _ARM64)
    arguments = " ".join([_X86, *_arguments(payload)])
    return command(board.program, ["-cpu", model, "-m", "512"], image, payload.file, arguments)


def _arguments(payload: Payload) -> Sequence[str]:
    """Return the options with which the hypervisor runs ``payload``."""
    environment = payload.environment
    if environment.startswith("hvm"):
        return ["dom0=pvh", "dom0-iommu=none", *(["hvm_fep"] if payload.fep else [])]
    return ["pv=32"] if environment.startswith("pv32") else []
