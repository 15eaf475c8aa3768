"""What is said of builds, boots and exploits, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.model.words import count
from git_xsa.wording import Remark, remark

_ERROR_CODE = "QEMU gives a wrong error code for a software interrupt in 64-bit mode"
_DEBUG_EXCEPTION = "QEMU does not hold back a debug exception after a move to SS"
#: Nor does QEMU save the next RIP at an intercept, so Xen has to read the instruction, its walk ends at that entry, and
#: the guest meets the same intercept again for ever.
_ACCESSED = "QEMU marks the entries of PAE's top table as accessed, a bit that Xen takes as reserved there"
#: Tests, and kinds of guests, that come to no result in QEMU's own emulation (seen with 7.2), and why.
_IN_QEMU = {
    "hvm32pae": _ACCESSED,
    "xsa-213": _ERROR_CODE,
    "xsa-298": _ERROR_CODE,
    "xsa-339": _ERROR_CODE,
    "xsa-308": "QEMU does not have the instruction INT1",
    "xsa-296": "QEMU pops the frame of a far return as supervisor, which SMAP forbids",
    "xsa-260": _DEBUG_EXCEPTION,
    "xsa-470": "QEMU raises no SIMD exception",
    "xsa-463": "it needs a StdVGA, which the first domain does not have",
    "xsa-265": _DEBUG_EXCEPTION,
}
#: How a run ends (``proof.machine.End``) -> that, in words.
_ENDS = {
    "success": "ends well",
    "failure": "reports a failure",
    "skip": "is skipped",
    "error": "reports an error",
    "lost": "loses its domain",
    "panic": "panics",
    "stopped": "stops the machine",
    "hang": "does not end in time",
    "flood": "floods the console",
    "broken": "is not run to its end by QEMU",
}


# build


@remark
def builds_are_online() -> str:
    return "builds can use the network: this system does not allow users to disable it (unshare)"


@remark
def out_of_time() -> str:
    return "it did not end within the time limit"


@remark
def base_fails_again(detail: str) -> str:
    return f"the base does not end well any more: {detail}"


@remark
def no_space(folder: Path) -> str:
    return f"no space is left in {folder}"


@remark
def qemu_ended() -> str:
    return "it ended before the machine did"


@remark
def build_out_of_time() -> str:
    return "the build did not end within the time limit"


@remark
def failed_silently() -> str:
    return "it failed without a message"


@remark
def build_failed_silently() -> str:
    return "the build failed without a message"


@remark
def fails_again(detail: str) -> str:
    return f"it does not build again: {detail}"


# the search for what a build lacks: what is being tried


@remark
def trying(number: int, what: Remark) -> str:
    return f"build {number}: {what}"


@remark
def everything_once_more() -> str:
    return "everything once more, in a new tree"


@remark
def base_itself(base: str) -> str:
    return f"{base} itself"


@remark
def queue_of(commits: int) -> str:
    return f"the queue of {count(commits, 'commit')}"


@remark
def with_suppliers(commits: Sequence[str]) -> str:
    more = f" and {len(commits) - 4} more" if len(commits) > 4 else ""
    return f"with {', '.join(commits[:4])}{more}, which may supply what is missing"


@remark
def with_all_nearby(more: int) -> str:
    return f"with all commits that change the files in which it fails, {count(more, 'more commit')}"


@remark
def with_all_before(more: int) -> str:
    return f"with all commits before the patches, {count(more, 'more commit')}"


@remark
def with_every_commit(tip: str) -> str:
    return f"with every commit of {tip}"


@remark
def with_a_part(more: int) -> str:
    return f"with {count(more, 'more commit')}, to find the one that is needed"


@remark
def without(commits: Sequence[str]) -> str:
    return f"without {', '.join(commits[:4])}, to see whether it is needed"


@remark
def used_tree_differs() -> str:
    return "    the result differs in a used tree: from now on, each build gets a new one"


@remark
def file_is_gone() -> str:
    return "    in a new tree, because make looks for a file that is gone"


@remark
def fails_with(diagnostic: str) -> str:
    return f"    fails: {diagnostic}"


# what came of the search


@remark
def never_builds(tip: str) -> str:
    return f"it does not build even with every commit of {tip}"


@remark
def builds_with(more: int) -> str:
    return f"it builds with {more} more"


# what a cell is doing


@remark
def building(tree: str, command: bool = False) -> str:
    return f"building {tree}{' for --run' if command else ''}"


@remark
def running_in(tree: str) -> str:
    return f"running the command in {tree}"


@remark
def booting(tree: str, payload: str) -> str:
    return f"booting {tree} with {payload or 'nothing'}"


# why something is not done


@remark
def needs_packages(packages: Sequence[str]) -> str:
    return f"needs {' and '.join(packages)} (apt install {' '.join(packages)})"


@remark
def shim_boots_under_xen() -> str:
    return "a PV shim boots only under Xen"


@remark
def random_may_not_boot() -> str:
    return "a random configuration may not boot"


@remark
def tools_do_not_boot() -> str:
    return "the tools are not a hypervisor"


@remark
def no_board(architecture: str) -> str:
    return f"no board is known for {architecture}"


@remark
def makes_no_image(image: str) -> str:
    return f"the build makes no {image}"


@remark
def no_framework() -> str:
    return "xsa.xtf is not set to a clone of the Xen Test Framework"


@remark
def payload_does_not_build() -> str:
    return "its payload does not build"


@remark
def no_test() -> str:
    return "no test is known"


@remark
def no_32_bit_pv() -> str:
    return "this build has no 32-bit PV (CONFIG_PV32): the cell x86_64-pv32 has"


@remark
def no_hvm() -> str:
    return "this build has no HVM (CONFIG_HVM)"


@remark
def no_result_in_qemu(test: str, environment: str, needs_more: bool) -> str:
    known = _IN_QEMU.get(test) or _IN_QEMU.get(environment)
    return known or ("it needs a domain with settings that the first domain can't have" * needs_more)


# rulings


@remark
def ended(end: str, detail: str) -> str:
    return f"{_ENDS[end]}: {detail}" if detail else _ENDS[end]


@remark
def explained_by(detail: str) -> str:
    return detail


@remark
def base_fails(detail: str) -> str:
    return f"the base fails: {detail}"


@remark
def machine_fails(detail: str) -> str:
    return f"this machine fails: {detail}"


@remark
def machine_fails_queue(ended: Remark) -> str:
    return f"this machine fails: the queue {ended}"


@remark
def took_longer(detail: str, base: float, queue: float) -> str:
    return f"{detail}, and the base took {base:.0f} of {queue:.0f} s"


@remark
def the_base(ended: Remark, known: Remark) -> str:
    return f"the base {ended}{f'; {known}' if known else ''}"


@remark
def base_and_queue(base: Remark, queue: Remark) -> str:
    return f"the base {base}, the queue {queue}"


@remark
def no_result(detail: Remark, known: Remark) -> str:
    return f"{detail}{f'; {known}' if known else ''}"


@remark
def does_not_run_here(environment: str, ended: Remark, known: Remark) -> str:
    return f"{environment} does not run here: {ended}{f'; {known}' if known else ''}"
