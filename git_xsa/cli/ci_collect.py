"""git xsa-ci collect: one answer of the results of all jobs."""

from __future__ import annotations

import argparse
from typing import Any

from git_xsa.ci.collect import Collected, collect, schedule
from git_xsa.cli import remarks
from git_xsa.documents import dumps, write_json
from git_xsa.git.run import Git
from git_xsa.report import aside
from git_xsa.report.junit import ERROR, Case, check_place, junit, write_result
from git_xsa.report.pager import on_terminal
from git_xsa.report.proof import document, print_proofs
from git_xsa.report.proof_junit import proof_suites
from git_xsa.report.style import lines


def run_collect(options: argparse.Namespace) -> int:
    """Print what the results in the folder say together; return the exit status of git xsa-test, or 1 where a check
    failed, or a result is missing or broken."""
    for target in filter(None, (options.junit, options.output)):
        check_place(target)
    found = collect(options.folder, options.expect)
    private = any(proof.private for proof in found.proofs)
    answer = _document(found, options.runners)
    if options.json:
        print(dumps(answer))
    else:
        with Git() as git:
            print_proofs(git, found.proofs)
            _print_figures(git, answer["figures"])
    for one in found.unproved:
        aside.error(remarks.nothing_to_prove(one.reason))
    for case in found.failed_checks:
        aside.error(remarks.failed_check(case.place, case.name, case.told))
    for reason in found.problems.values():
        aside.error(reason)
    if options.junit is not None:
        write_result(options.junit, _junit(found), private)
    if options.output is not None:
        write_result(options.output, write_json(answer), private)
    return found.status


def _document(found: Collected, runners: list[int]) -> dict[str, Any]:
    """Return the answer as JSON has it: that of git xsa-test, and what only a pipeline has."""
    times = {str(number): round(schedule(found.jobs, number), 1) for number in runners}
    return document(found.proofs, found.unproved) | {
        "status": found.status,
        "checks": [
            {"base": case.place, "name": case.name, "kind": case.kind or None, "reason": case.told}
            for case in found.failed_checks
        ],
        "problems": [{"result": name, "reason": reason} for name, reason in found.problems.items()],
        "figures": {
            "jobs": len(found.jobs),
            "work": round(sum(job.seconds for job in found.jobs), 1),
            "longest_path": round(schedule(found.jobs, max(len(found.jobs), 1)), 1),
            "runners": times,
        },
    }


def _print_figures(git: Git, figures: dict[str, Any]) -> None:
    """Print how long a number of runners takes, if that was asked for."""
    if not figures["runners"]:
        return
    output = lines(git, on_terminal())
    head = f"{figures['jobs']} jobs take {_minutes(figures['work'])} in all, and no fleet is faster than"
    output.line(f"{head} {_minutes(figures['longest_path'])}, the longest path")
    for number, seconds in figures["runners"].items():
        output.line(f"  {number:>4} runner{'s' if number != '1' else ' '}  {_minutes(seconds)}")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _junit(found: Collected) -> bytes:
    """Return one document of all: the checks, the proofs, and the problems as errors."""
    suites = {f"{target} check": cases for target, cases in found.checks.items()} | proof_suites(found.proofs)
    if found.problems:
        suites["results"] = [
            Case(name, "results", ERROR, "missing or broken", reason) for name, reason in found.problems.items()
        ]
    if found.unproved:
        suites["no queue"] = [Case(one.reason, "queue", ERROR, one.state, one.reason) for one in found.unproved]
    return junit("git xsa-ci", suites)
