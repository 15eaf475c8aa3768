"""A proof as JUnit's XML, which CI servers show: a test case for each base, advisory, cell and step.

A queue that fails is a failure.  What could not be judged is skipped, with its reason: never passed, and never counted
against the queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from git_xsa.model.words import advisory_names
from git_xsa.proof.results import CellProof, Proof, TestResult
from git_xsa.report.plain import printable


def junit(proofs: Iterable[Proof]) -> bytes:
    """Return the document."""
    document = JUnitXml("git xsa-test")
    for proof in proofs:
        names = advisory_names(proof.xsa) if proof.xsa else "queue"
        for cell in proof.cells:
            suite = TestSuite(f"{proof.base.name} {cell.cell}")
            for case in _cases(proof, names, cell):
                suite.add_testcase(case)
            document.add_testsuite(suite)
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text


def _cases(proof: Proof, names: str, cell: CellProof) -> Iterable[TestCase]:
    place = f"{proof.base.name}.{cell.cell}"
    yield TestCase(f"{names}: apply", place)
    if cell.skipped:
        case = TestCase(f"{names}: build", place)
        case.result = [Skipped(_plain(cell.skipped))]
        yield case
    for test in cell.tests:
        yield _case(test, names, place)


def _case(test: TestResult, names: str, place: str) -> TestCase:
    about = f"XSA-{test.xsa}" if test.xsa is not None else names
    name = f"{about}: {test.kind}" + ("" if test.name in (test.kind, about) else f" {test.name}")
    case = TestCase(_plain(name), place, sum(step.seconds for step in test.steps if not step.known))
    told = _plain(test.reason or test.ruling.value)
    if test.ruling.bad:
        case.result = [Failure(told, test.ruling.value)]
    elif not test.ruling.judged:
        case.result = [Skipped(told)]
    return case


def _plain(text: str) -> str:
    """Return ``text`` without what XML can't hold."""
    return printable(text, one_line=True).encode("utf-8", "replace").decode()
