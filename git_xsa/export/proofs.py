"""What was proved of a queue, for its export: from the folder that ``git xsa-test -o`` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from git_xsa.export import problems, remarks
from git_xsa.export.folder import MANIFEST, differences, read_manifest
from git_xsa.wording import Remark


@dataclass(frozen=True)
class Proven:
    """What was proved: a line for each cell, and the result as JSON has it."""

    lines: tuple[Remark, ...] = ()
    result: Mapping[str, Any] | None = None


def proof_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the proof in ``folder``; ``XsaError`` when it is none, or was changed since."""
    known = read_manifest(folder)
    if known is None or "proof" not in known:
        raise problems.no_proof(folder, MANIFEST)
    changed = differences(folder, known)
    if changed:
        raise problems.changed_since_proof(folder, changed[0])
    return known


def read_proof(folder: Path, base: str, queue: Sequence[str]) -> Proven:
    """Return what the proof in ``folder`` says of the patches ``queue`` on the commit ``base``.

    ``XsaError`` when it is none, was changed since, or is of another queue.
    """
    known = proof_manifest(folder)
    try:
        for result in known["proof"]["results"]:
            if result["base"]["commit"] == base and [one["id"] for one in result["queue"]] == list(queue):
                return Proven(tuple(_line(cell) for cell in result["cells"]), result)
    except (LookupError, TypeError):
        raise problems.damaged_proof(folder / MANIFEST) from None
    raise problems.proof_of_another(folder)


def _line(cell: Mapping[str, Any]) -> Remark:
    if cell["state"] == "skipped":
        return remarks.cell_was_skipped(cell["name"], cell["reason"])
    found = [(test["kind"], test["state"]) for test in cell["tests"] if test["kind"] not in ("commit", "exploit")]
    exploits = [(test["name"], test["state"]) for test in cell["tests"] if test["kind"] == "exploit"]
    return remarks.cell_proves(cell["name"], [*found, *exploits])
