"""What building a queue came to, for a person: a line below the answer, and what failed on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from git_xsa.ask.verdict import Build, BuildState, Verdict
from git_xsa.model.words import count
from git_xsa.report import aside, remarks
from git_xsa.report.style import Lines

STYLES = {BuildState.BUILDS: "green", BuildState.FAILS: "red"}


def print_build(lines: Lines, verdict: Verdict, lead: str = "") -> None:
    """Print what came of building the queue, if it was built, and how many builds that took."""
    build = verdict.build
    if build is not None:
        lines.line(
            lead, (f"{_answer(verdict, build)} ({_effort(build)}): {build.command}", STYLES.get(build.state, "red"))
        )


def _answer(verdict: Verdict, build: Build) -> str:
    base = verdict.base.name
    return {
        BuildState.BUILDS: "It builds",
        BuildState.FAILS: f"It does not build, {_tried(verdict)}",
        BuildState.BASE_FAILS: f"Not known whether it builds, because {base} alone does not",
        BuildState.BASE_TIMEOUT: f"Not known whether it builds, because {base} alone takes too long",
    }[build.state]


def _tried(verdict: Verdict) -> str:
    """Return what the search for a queue that builds has tried in vain."""
    if verdict.adapted:
        return "and no commit is searched for a queue with adapted patches"
    return f"not even with every commit of {verdict.tip.name}"


def _effort(build: Build) -> str:
    words = [count(build.tries, "build")]
    if build.known:
        words.append(f"{count(build.known, 'outcome')} from the cache")
    if build.state is BuildState.BUILDS and not build.minimal:
        words.append("not every prerequisite was checked to be needed")
    return ", ".join(words)


def print_build_failures(verdicts: Iterable[Verdict]) -> None:
    """Print to standard error which queues could not be made to build, and where the log is."""
    sys.stdout.flush()
    for verdict in verdicts:
        build = verdict.build
        if build is None or build.state is BuildState.BUILDS:
            continue
        base = verdict.base.name
        what, hint = {
            BuildState.FAILS: (
                remarks.does_not_build(base, _tried(verdict)),
                remarks.adapt_again() if verdict.adapted else remarks.build_the_tip(),
            ),
            BuildState.BASE_FAILS: (remarks.base_does_not_build(base), remarks.tools_may_be_missing()),
            BuildState.BASE_TIMEOUT: (remarks.base_takes_too_long(base), remarks.allow_more_time()),
        }[build.state]
        aside.error(what)
        if build.log is not None:
            aside.hint(remarks.its_log(build.log))
        aside.hint(hint)
