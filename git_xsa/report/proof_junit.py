"""A proof as JUnit's XML: a test case for each base, advisory, cell and step.

A queue that fails is a failure.  What could not be judged is skipped, with its reason: never passed, and never counted
against the queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from git_xsa.model.words import advisory_names
from git_xsa.proof.results import CellProof, Proof, TestResult
from git_xsa.report.junit import FAILURE, SKIPPED, Case, junit


def proof_junit(proofs: Iterable[Proof]) -> bytes:
    """Return the document."""
    return junit("git xsa-test", proof_suites(proofs))


def proof_suites(proofs: Iterable[Proof]) -> dict[str, list[Case]]:
    """Return the test cases, by base and cell."""
    suites: dict[str, list[Case]] = {}
    for proof in proofs:
        names = advisory_names(proof.xsa) if proof.xsa else "queue"
        for cell in proof.cells:
            suites.setdefault(f"{proof.base.name} {cell.cell}", []).extend(_cases(proof, names, cell))
    return suites


def _cases(proof: Proof, names: str, cell: CellProof) -> Iterable[Case]:
    place = f"{proof.base.name}.{cell.cell}"
    yield Case(f"{names}: apply", place)
    if cell.skipped:
        yield Case(f"{names}: build", place, SKIPPED, told=cell.skipped)
    for test in cell.tests:
        yield _case(test, names, place)


def _case(test: TestResult, names: str, place: str) -> Case:
    about = f"XSA-{test.xsa}" if test.xsa is not None else names
    name = f"{about}: {test.kind}" + ("" if test.name in (test.kind, about) else f" {test.name}")
    seconds = sum(step.seconds for step in test.steps if not step.known)
    ending = FAILURE if test.ruling.bad else "" if test.ruling.judged else SKIPPED
    kind = test.ruling.value if test.ruling.bad else ""
    return Case(name, place, ending, kind, (test.reason or test.ruling.value) if ending else "", seconds)
