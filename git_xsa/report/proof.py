"""A proof for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from git_xsa.git.run import Git
from git_xsa.model.words import DIGITS, advisory_names, count, short_names
from git_xsa.proof.results import CellProof, Proof, ProofStep, Ruling, TestResult, Unproved
from git_xsa.report.as_json import text
from git_xsa.report.pager import on_terminal
from git_xsa.report.style import Lines, lines

FORMAT = 1
#: Ruling -> how a person reads it, and its colour.
WORDS = {
    Ruling.PASSED: ("passed", "green"),
    Ruling.FAILED: ("FAILED", "red"),
    Ruling.NOT_JUDGED: ("not judged", "yellow"),
    Ruling.SKIPPED: ("skipped", "dim"),
    Ruling.BLOCKED: ("blocked", "green"),
    Ruling.NOT_REPRODUCED: ("not reproduced", "yellow"),
    Ruling.VULNERABLE: ("VULNERABLE", "red"),
}
_WIDTH = 15
#: So many advisories are only counted.
_MANY = 6
#: So many files that no cell has read are named.
_NAMED = 8


def print_proofs(git: Git, proofs: Sequence[Proof]) -> None:
    """Print ``proofs``, what is wrong first."""
    output = lines(git, on_terminal())
    for number, proof in enumerate(sorted(proofs, key=lambda proof: proof.ruling is not Ruling.FAILED)):
        if number:
            output.line("")
        _print(output, proof)


def _print(output: Lines, proof: Proof) -> None:
    names = advisory_names(proof.xsa) if proof.xsa else "the queue"
    if len(proof.xsa) > _MANY:
        names = f"{len(proof.xsa)} XSAs"
    words, colour = WORDS[proof.ruling]
    output.line(
        f"{proof.base.name} with {names} ({count(len(proof.patches), 'commit')}): ", (_headline(proof, words), colour)
    )
    for number, why in proof.left_out.items():
        output.line("  ", (f"XSA-{number} is not in the queue: {why}", "yellow"))
    for cell in proof.cells:
        _print_cell(output, cell, proof.private)
    unread = proof.unread
    if unread:
        shown = ", ".join(path.decode("utf-8", "backslashreplace") for path in unread[:_NAMED])
        more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
        output.line(f"  No cell has compiled {shown}{more}, which the queue changes")


def _headline(proof: Proof, words: str) -> str:
    judged = [cell for cell in proof.cells if cell.ruling in (Ruling.PASSED, Ruling.FAILED)]
    if proof.ruling is Ruling.PASSED:
        return f"proved in {len(judged)} of {count(len(proof.cells), 'cell')}"
    if proof.ruling is Ruling.FAILED:
        bad = [cell.cell for cell in proof.cells if cell.ruling is Ruling.FAILED]
        return f"FAILED in {', '.join(bad)}"
    return words


def _print_cell(output: Lines, cell: CellProof, private: bool) -> None:
    words, colour = WORDS[cell.ruling]
    output.line(f"  {cell.cell}: ", (words, colour), f": {cell.skipped}" if cell.skipped else "")
    untried: dict[str, list[int]] = {}
    for test in cell.tests:
        if test.kind == "commit" and test.ruling is Ruling.PASSED:
            continue
        if test.xsa is not None and not list(test.steps) and test.name == f"XSA-{test.xsa}":
            untried.setdefault(test.reason, []).append(test.xsa)
            continue
        _print_test(output, test, private)
    for reason, numbers in untried.items():
        output.line("    ", (f"{'skipped':{_WIDTH}}", "dim"), f"{short_names(numbers)}: {reason}", hang=_WIDTH + 4)
    built = [test for test in cell.tests if test.kind == "commit"]
    if built and all(test.ruling is Ruling.PASSED for test in built):
        output.line("    ", (f"{'passed':{_WIDTH}}", "green"), f"every commit builds ({len(built) + 1})")
    for default in cell.defaults:
        values = f"{default.base or 'not there'} on the base, {default.queue or 'not there'} with the queue"
        output.line("    ", (f"{'note':{_WIDTH}}", "yellow"), f"{default.option} is {values}")
    if cell.search:
        output.line("    ", (f"{'search':{_WIDTH}}", "yellow"), cell.search)
    for patch in cell.lacking:
        output.line(f"    {'needs':{_WIDTH}}", f"{patch.id[:DIGITS]} {patch.subject}, to build in this cell")


def _print_test(output: Lines, test: TestResult, private: bool) -> None:
    words, colour = WORDS[test.ruling]
    what = {"build": "builds", "boot": f"boots {test.name}", "run": f"runs {test.name}"}.get(test.kind, test.name)
    if test.kind == "exploit" and test.xsa is not None and test.name != f"XSA-{test.xsa}":
        what = f"XSA-{test.xsa} {test.name}"
    if test.kind == "boot" and test.name == "boot":
        what = "boots"
    told = f": {test.reason}" if test.reason else ""
    output.line("    ", (f"{words:{_WIDTH}}", colour), f"{what}{told}", (_effort(test), "dim"), hang=_WIDTH + 4)
    if (test.ruling.bad or test.ruling is Ruling.NOT_JUDGED) and not private:  # its logs are in no folder
        for step in test.steps:
            if not step.good and step.log is not None and step.log.is_file():
                output.line(f"    {'':{_WIDTH}}its log is {step.log}")


def _effort(test: TestResult) -> str:
    steps = list(test.steps)
    if not steps:
        return ""
    if all(step.known for step in steps):
        return " (from the cache)"
    return f" ({' + '.join(f'{step.seconds:.0f}' for step in steps)} s)"


def document(proofs: Iterable[Proof], unproved: Iterable[Unproved] = ()) -> dict[str, Any]:
    """Return ``proofs``, and what has no queue to prove, as JSON has them (git-xsa-json(5))."""
    return {
        "format": FORMAT,
        "results": [_proof(proof) for proof in proofs],
        "unproved": [{"xsa": list(one.xsa), "state": one.state, "reason": one.reason} for one in unproved],
    }


def _proof(proof: Proof) -> dict[str, Any]:
    unread = proof.unread
    made: dict[str, Any] = {
        "base": {"name": proof.base.name, "commit": proof.base.id},
        "tip": proof.tip or None,
        "xsa": list(proof.xsa),
        "state": proof.ruling.value,
        "left_out": [{"xsa": number, "why": why} for number, why in proof.left_out.items()],
        "queue": [{"id": patch.id, "role": patch.role, "subject": patch.subject} for patch in proof.patches],
        "cells": [_cell(cell) for cell in proof.cells],
        "not_compiled": [text(path) for path in unread] if unread is not None else None,
    }
    if proof.private:
        made["private"] = True
    return made


def _cell(cell: CellProof) -> dict[str, Any]:
    return {
        "name": cell.cell,
        "architecture": cell.architecture,
        "compiler": cell.compiler,
        "command": cell.command,
        "state": cell.ruling.value,
        "reason": cell.skipped or None,
        "tests": [_pair(test) for test in cell.tests],
        "compiled": [text(path) for path in sorted(cell.read)] if cell.read is not None else None,
        "configuration": [
            {"option": one.option, "base": one.base or None, "queue": one.queue or None} for one in cell.defaults
        ],
        "search": cell.search or None,
        "needs": [{"id": patch.id, "subject": patch.subject} for patch in cell.lacking],
    }


def _pair(test: TestResult) -> dict[str, Any]:
    return {
        "kind": test.kind,
        "name": test.name,
        "xsa": test.xsa,
        "state": test.ruling.value,
        "reason": test.reason or None,
        "steps": [_step(step) for step in test.steps],
    }


def _step(step: ProofStep) -> dict[str, Any]:
    return {
        "tree": step.tree,
        "outcome": step.outcome.value,
        "detail": step.detail or None,
        "seconds": step.seconds,
        "known": step.known,
        "command": step.command,
    }
