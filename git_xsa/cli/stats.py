"""git xsa-stats: how often advisories applied to the release before them, replayed from the branches' history, and how
often they were reissued.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from git_xsa.ask.by_number import stored_advisories
from git_xsa.ask.problems import no_such_branch
from git_xsa.ask.replay import ReleaseInterval, intervals
from git_xsa.ask.session import Session
from git_xsa.ask.targets import no_branch, no_release
from git_xsa.cli import problems, remarks
from git_xsa.cli.arguments import json_option
from git_xsa.documents import dumps
from git_xsa.report import aside
from git_xsa.report.progress import Progress
from git_xsa.wording import Remark

#: How many advisories are named before they are only counted.
SHOWN = 6


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-stats",
        usage="git xsa-stats [--branch <pattern>]... [--quick] [--json]\n"
        "   or: git xsa-stats --reissues [<path>...] [--json]",
        description="Replay history: would each fix have applied to the point release before it?",
    )
    made.add_argument(
        "--branch", metavar="<pattern>", action="append", default=[],
        help="only stable branches whose name or version matches; may be given several times",
    )  # fmt: skip
    made.add_argument("--quick", action="store_true", help="skip three-way merges and GNU patch")
    made.add_argument(
        "--reissues", nargs="*", metavar="<path>",
        help="count how often advisories were reissued: those in these folders or files, or in the store",
    )  # fmt: skip
    json_option(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Count what the options ask for and return 0; 1 when a text could not be read."""
    if options.reissues is not None:
        if options.branch or options.quick:
            raise problems.reissues_alone()
        return _reissues(options)
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
        _warn(store.unvouched() if (store := stored_advisories(session)) is not None else [])
    return 0


def _warn(titles: Sequence[str]) -> None:
    """Say which of the advisories that were counted nobody who is trusted vouches for."""
    if titles:
        aside.note(remarks.unsigned(titles, SHOWN))


def _reissues(options: argparse.Namespace) -> int:
    """Count the reissues in the texts that the options name, or else in those of the store."""
    from git_xsa.advisory import reissues  # noqa: PLC0415 - what else is counted needs a repository, and not these
    from git_xsa.advisory.editions import Library  # noqa: PLC0415
    from git_xsa.advisory.problems import intake as advisory_problems  # noqa: PLC0415
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.run import Git  # noqa: PLC0415
    from git_xsa.report.reissues import document, print_reissues  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    with Git() as git:
        settings = read_settings(git)
        troubles: Sequence[Remark] = ()
        if options.reissues:
            texts, troubles = reissues.texts_of(map(Path, options.reissues))
        else:
            texts = reissues.texts_in(Library(open_store(settings)))
        for trouble in troubles:
            aside.warning(trouble)
        if not texts:
            where = ", ".join(options.reissues) or "the store"
            raise problems.no_text(where)
        doubtful = reissues.unvouched(texts, settings.trusted_keys)
        if doubtful and settings.require_signature:
            raise advisory_problems.unsigned_text(doubtful[0])
        found = reissues.count_reissues(text.told for text in texts)
        if options.json:
            print(dumps(document(found)))
        else:
            print_reissues(lines(git, sys.stdout.isatty()), found)
    _warn(doubtful)
    return int(bool(troubles))


def _replay(session: Session, options: argparse.Namespace) -> list[ReleaseInterval]:
    """Return the intervals of every branch that the options name; says on a terminal which one is being read."""
    branches = session.branches.stable
    if options.branch:
        matching = [branch for pattern in options.branch for branch in session.branches.matching(pattern)]
        branches = [branch for branch in branches if branch in matching]
        if not branches:
            raise no_such_branch(" ".join(options.branch))
    branches = [branch for branch in branches if branch.releases]
    if not branches:
        raise no_release(session) if session.branches.stable else no_branch(session, everything=True)
    found: list[ReleaseInterval] = []
    with Progress() as progress:
        for number, branch in enumerate(branches, 1):
            progress.task(f"{branch.name} ({number} of {len(branches)})")
            found += intervals(session, branch, policies=not options.quick)
    return found
