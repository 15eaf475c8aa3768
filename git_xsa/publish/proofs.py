"""What git xsa-test proved of the advisories on the releases of a report, from the folders that it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from git_xsa.ask.own_store import secret
from git_xsa.ask.session import Session
from git_xsa.export.folder import MANIFEST
from git_xsa.export.problems import damaged_proof
from git_xsa.export.proofs import proof_manifest
from git_xsa.publish import problems
from git_xsa.report.proof_folder import log_name, prefix_of

#: State of a test -> the class that colours it.
_LOOKS = {
    "passed": "applies",
    "blocked": "applies",
    "failed": "conflict",
    "vulnerable": "conflict",
    "not-reproduced": "needs",
    "not-judged": "needs",
}


@dataclass
class _Proven:
    """What was proved of one queue: the advisories, its patches, and a list of cells for each advisory."""

    folder: Path
    base: str
    queue: frozenset[str]
    cells: dict[int, list[dict[str, Any]]]
    shown: bool = False


@dataclass
class ProofShelf:
    """Proofs, and their logs by the names that they have beside the page."""

    proofs: list[_Proven] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)

    def of(self, commit: str, number: int, queue: Iterable[str]) -> list[dict[str, Any]]:
        """Return the cells that prove the advisory ``number`` on the base ``commit``, with all patches of ``queue``."""
        found = []
        for proof in self.proofs:
            if proof.base == commit and number in proof.cells and proof.queue.issuperset(queue):
                proof.shown = True
                found += proof.cells[number]
        return found

    @property
    def unused(self) -> list[Path]:
        """The folders with a proof that was not asked for: of another base, or another queue."""
        return sorted({proof.folder for proof in self.proofs if not proof.shown})

    def put(self, folder: Path, result: Mapping[str, Any], prefix: str, logs: Sequence[str]) -> None:
        """Add a proof that is in ``folder``, whose logs are ``logs``."""
        names: dict[str, str] = {}
        for path in logs:
            names[path] = f"log-{len(self.logs) + 1:04}.txt"
            self.logs[names[path]] = (folder / path).read_bytes()
        cells = {n: [_cell(cell, n, prefix, names) for cell in result["cells"]] for n in result["xsa"]}
        queue = frozenset(one["id"] for one in result["queue"])
        self.proofs.append(_Proven(folder, result["base"]["commit"], queue, cells))


def read_shelf(session: Session, folders: Sequence[Path], embargoed: bool) -> ProofShelf:
    """Return what is in ``folders``.

    ``XsaError`` for one that git xsa-test did not write, that was changed since, or that has something under embargo,
    unless it is ``embargoed`` that is wanted.
    """
    shelf = ProofShelf()
    for folder in folders:
        known = proof_manifest(folder)
        try:
            results = known["proof"]["results"]
            for result in results:
                if not embargoed and (result.get("private") or secret(session, result["xsa"])):
                    raise problems.embargoed_proof(folder)
                prefix = prefix_of(result["xsa"], len(results))
                logs = [path for path in sorted(known["files"]) if path.startswith(f"{prefix}logs/")]
                shelf.put(folder, result, prefix, logs)
        except (LookupError, TypeError, AttributeError):
            raise damaged_proof(folder / MANIFEST) from None
    return shelf


def _cell(cell: Mapping[str, Any], number: int, prefix: str, logs: Mapping[str, str]) -> dict[str, Any]:
    tests = [test for test in cell["tests"] if test["kind"] != "exploit" or test["xsa"] in (None, number)]
    return {
        "name": cell["name"],
        "compiler": cell["compiler"] or None,
        "state": cell["state"],
        "look": _LOOKS.get(cell["state"], "none"),
        "reason": cell["reason"],
        "tests": [_test(cell["name"], test, prefix, logs) for test in tests],
    }


def _test(cell: str, test: Mapping[str, Any], prefix: str, logs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": test["kind"],
        "name": test["name"],
        "state": test["state"],
        "look": _LOOKS.get(test["state"], "none"),
        "reason": test["reason"],
        "steps": list(_steps(cell, test, prefix, logs)),
    }


def _steps(cell: str, test: Mapping[str, Any], prefix: str, logs: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for step in test["steps"]:
        path = prefix + log_name(cell, test["kind"], test["name"], step["tree"])
        yield {
            "tree": step["tree"],
            "outcome": step["outcome"],
            "detail": step["detail"],
            "seconds": step["seconds"],
            "log": logs.get(path),
        }
