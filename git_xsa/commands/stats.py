"""git xsa-stats: how often advisories applied to the release before them, replayed from the branches' history."""

from __future__ import annotations

import argparse

from git_xsa.commands.arguments import json_option
from git_xsa.errors import UsageError
from git_xsa.queue.replay import Interval, intervals
from git_xsa.queue.session import Session
from git_xsa.report.as_json import dumps
from git_xsa.report.progress import Progress


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-stats",
        usage="git xsa-stats [--branch <pattern>]... [--quick] [--json]",
        description="Replay history: would each advisory's fix have applied to the point release before it?",
    )
    made.add_argument(
        "--branch", metavar="<pattern>", action="append", default=[],
        help="only stable branches whose name or version matches; may be given several times",
    )  # fmt: skip
    made.add_argument("--quick", action="store_true", help="leave out three-way merges and GNU patch")
    json_option(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Replay the branches and return 0."""
    with Session() as session:
        found = list(_replay(session, options))
        from git_xsa.report.stats import document, print_stats  # noqa: PLC0415 - not needed when nothing is found

        if options.json:
            print(dumps(document(found)))
        else:
            from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
            from git_xsa.report.style import console  # noqa: PLC0415

            terminal = on_terminal()
            with paged(session.repository.git):
                print_stats(console(session.repository.git, terminal), found)
    return 0


def _replay(session: Session, options: argparse.Namespace) -> list[Interval]:
    """Return the intervals of every branch that the options name; says on a terminal which one is being read."""
    branches = session.branches.stable
    if options.branch:
        matching = [branch for pattern in options.branch for branch in session.branches.matching(pattern)]
        branches = [branch for branch in branches if branch in matching]
        if not branches:
            patterns = " ".join(options.branch)
            raise UsageError(f"no stable branch matches {patterns!r}", "git branch -a lists the branches")
    branches = [branch for branch in branches if branch.releases]
    if not branches:
        raise session.no_release() if session.branches.stable else session.no_branch(everything=True)
    found: list[Interval] = []
    with Progress() as progress:
        for number, branch in enumerate(branches, 1):
            progress.task(f"{branch.name} ({number} of {len(branches)})")
            found += intervals(session, branch, policies=not options.quick)
    return found
