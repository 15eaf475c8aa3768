"""The folder of a proof: results, logs, and a script that does the same again without git-xsa."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from git_xsa.export.folder import MANIFEST, manifest
from git_xsa.git.repository import Commit
from git_xsa.model.words import advisory_names
from git_xsa.proof.bench import PAYLOADS
from git_xsa.proof.results import BASE, QUEUE, CellProof, Proof, ProofStep, TestResult
from git_xsa.report.proof import document
from git_xsa.report.proof_junit import proof_junit

SCRIPT = "repeat.sh"
JUNIT = "junit.xml"
_HEAD = """\
#!/bin/sh
# Repeat what git xsa-test did with {what}.
#
# usage: {script} <{given}> <folder to work in>
#
# Each tree is built from nothing.  Most guests do not power off, so each boot is ended after BOOT_SECONDS, a minute
# unless that is set; what it printed when it was proved is in {logs}.
set -eu
given=$1
mkdir -p "$2"
work=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
put() {{
    rm -rf "$work/$1"
    mkdir -p "$work/$1"
    {copy}
}}
boot() {{
    timeout "${{BOOT_SECONDS:-60}}" "$@" || :
}}
patch_queue() {{
    for patch in "$here"/{queue}/*.patch; do
        (cd "$work/$1" && GIT_CEILING_DIRECTORIES=$work git apply "$patch")
    done
}}
"""


def folder_files(proofs: Sequence[Proof]) -> dict[str, bytes]:
    """Return the files of the folder, by path: with several proofs each has a folder of its own in it."""
    found: dict[str, bytes] = {JUNIT: proof_junit(proofs)}
    for proof in proofs:
        found |= _files(proof, prefix_of(proof.xsa, len(proofs)))
    return found | {MANIFEST: manifest(found, {"proof": document(proofs)})}


def prefix_of(numbers: Sequence[int], proofs: int) -> str:
    """Return what the paths of a proof of the advisories ``numbers`` begin with in a folder of so many proofs."""
    return f"{_plain(advisory_names(numbers))}/" if proofs > 1 else ""


def log_name(cell: str, kind: str, name: str, tree: str) -> str:
    """Return the path of the log of a test of ``kind``, called ``name``, on a tree in a cell."""
    return f"logs/{_plain(cell)}/{_plain(_title(kind, name))}-{_plain(tree)}.log"


def _files(proof: Proof, prefix: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, patch in enumerate(proof.patches, 1):
        found[f"{prefix}{QUEUE}/{number:04}.patch"] = patch.text
    for cell in proof.cells:
        for test in cell.tests:
            for step in test.steps:
                found |= {f"{prefix}{name}": path.read_bytes() for name, path in _of_step(cell, test, step)}
    found[f"{prefix}{SCRIPT}"] = _script(proof).encode("utf-8", "surrogateescape")
    return found


def _of_step(cell: CellProof, test: TestResult, step: ProofStep) -> Iterator[tuple[str, Path]]:
    if step.log is not None and step.log.is_file():
        yield log_name(cell.cell, test.kind, test.name, step.tree), step.log
    if step.payload is not None:
        yield f"{PAYLOADS}/{_plain(step.payload[0])}", step.payload[1]


def _title(kind: str, name: str) -> str:
    return kind if kind in (name, "commit") else f"{kind}-{name}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._=+-]+", "-", name).strip("-.")[:100]


def _script(proof: Proof) -> str:
    base: Commit = proof.base
    if base.passing:
        given, copy = f"folder with the sources of {base.name}", 'cp -R "$given/." "$work/$1"'
    else:
        given = "clone"
        copy = f'git -C "$given" archive {base.id} | tar -x -C "$work/$1"'
    head = _HEAD.format(
        what=f"{base.name} and {advisory_names(proof.xsa) or 'the queue'}",
        script=SCRIPT,
        given=given,
        logs="logs",
        copy=copy,
        queue=QUEUE,
    )
    return head + "".join(map(_of_cell, proof.cells))


def _of_cell(cell: CellProof) -> str:
    if cell.skipped:
        return f"\n# {cell.cell} was skipped: {cell.skipped}\n"
    lines = ["", f"# {cell.cell}"]
    place = _plain(cell.cell)
    for name in (BASE, QUEUE):
        lines += [f"put {place}/{name}", *([f"patch_queue {place}/{name}"] if name == QUEUE else [])]
        lines.append(f'(cd "$work/{place}/{name}" && {{ {cell.command}; }})')
        for test in cell.tests:
            for step in test.steps:
                if step.tree == name and test.kind == "run":
                    lines.append(f'(cd "$work/{place}/{name}" && {{ {step.command}; }})')
                elif step.tree == name and test.kind in ("boot", "exploit"):
                    lines.append(f"# {_title(test.kind, test.name)}: {step.detail or step.outcome.value}")
                    lines.append(
                        f'(cd "$work/{place}" && ln -sfn "$here/{PAYLOADS}" {PAYLOADS} && boot {step.command})'
                    )
    return "\n".join(lines) + "\n"
