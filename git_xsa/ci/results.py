"""The JSON that git xsa-test has written, read back as the proof that it was made of.

Logs and payloads stayed where the job ran, so nothing here has any.
"""

from __future__ import annotations

import msgspec

from git_xsa.ci import problems, remarks
from git_xsa.documents import read_json, shaped
from git_xsa.git.log import LoggedCommit
from git_xsa.git.repository import Commit
from git_xsa.proof.results import CellProof, Default, Proof, ProofStep, Ruling, StepOutcome, TestResult, Unproved
from git_xsa.proof.stack import QueuedPatch


class _Step(msgspec.Struct):
    tree: str
    outcome: StepOutcome
    detail: str | None
    seconds: float
    known: bool
    command: str


class _Test(msgspec.Struct):
    kind: str
    name: str
    xsa: int | None
    state: Ruling
    reason: str | None
    steps: list[_Step]


class _Option(msgspec.Struct):
    option: str
    base: str | None
    queue: str | None


class _Named(msgspec.Struct):
    id: str
    subject: str
    role: str = ""


class _Cell(msgspec.Struct):
    name: str
    architecture: str
    compiler: str
    command: str
    state: Ruling
    reason: str | None
    tests: list[_Test]
    compiled: list[str] | None
    configuration: list[_Option]
    search: str | None
    needs: list[_Named]


class _Base(msgspec.Struct):
    name: str
    commit: str | None


class _LeftOut(msgspec.Struct):
    xsa: int
    why: str


class _Proof(msgspec.Struct):
    base: _Base
    tip: str | None
    xsa: list[int]
    state: Ruling
    left_out: list[_LeftOut]
    queue: list[_Named]
    cells: list[_Cell]
    not_compiled: list[str] | None
    private: bool = False


class _Unproved(msgspec.Struct):
    xsa: list[int]
    state: str
    reason: str


class _Document(msgspec.Struct):
    format: int
    results: list[_Proof]
    unproved: list[_Unproved]


def read_proofs(content: bytes) -> tuple[list[Proof], list[Unproved]]:
    """Return what the document ``content`` says; ``DocumentError`` when it is none of git xsa-test, format 1, or says
    of a cell what its tests do not."""
    found = shaped(read_json(content), _Document)
    if found.format != 1:
        raise problems.other_format(found.format)
    proofs = [_proof(one) for one in found.results]
    for proof, told in zip(proofs, found.results, strict=True):
        if proof.ruling is not told.state:
            raise problems.contradiction(told.state.value, proof.ruling.value)
    unproved = [
        Unproved(tuple(one.xsa), one.state, one.reason, one.state == "conflicts", False) for one in found.unproved
    ]
    return proofs, unproved


def _proof(one: _Proof) -> Proof:
    compiled = {name for cell in one.cells for name in cell.compiled or ()}
    return Proof(
        Commit(one.base.name, one.base.commit or ""),
        one.tip or "",
        tuple(one.xsa),
        tuple(QueuedPatch(patch.id, patch.subject, patch.role, (), b"") for patch in one.queue),
        tuple(sorted(map(_bytes, compiled.union(one.not_compiled or ())))),
        one.private,
        tuple(map(_cell, one.cells)),
        {left.xsa: remarks.said_by_a_job(left.why) for left in one.left_out},
    )


def _cell(one: _Cell) -> CellProof:
    return CellProof(
        one.name,
        one.architecture,
        one.compiler,
        one.command,
        remarks.said_by_a_job(one.reason or ""),
        tuple(map(_test, one.tests)),
        frozenset(map(_bytes, one.compiled)) if one.compiled is not None else None,
        tuple(Default(option.option, option.base or "", option.queue or "") for option in one.configuration),
        tuple(LoggedCommit(patch.id, "", 0, patch.subject) for patch in one.needs),
        remarks.said_by_a_job(one.search or ""),
    )


def _test(one: _Test) -> TestResult:
    steps = [
        ProofStep(step.tree, step.outcome, step.detail or "", step.seconds, step.known, step.command, None)
        for step in one.steps
    ]
    first = next((step for step in steps if step.tree == "base"), None)
    last = next((step for step in steps if step.tree != "base"), None)
    return TestResult(one.kind, one.name, one.state, remarks.said_by_a_job(one.reason or ""), first, last, one.xsa)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
