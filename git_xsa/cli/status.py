"""git xsa-status: the state of the stable branches for who releases them, and what is due."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from git_xsa.ask.remarks import no_release_tag
from git_xsa.ask.session import Session
from git_xsa.ask.targets import chosen as chosen_branches
from git_xsa.cli import clock, remarks
from git_xsa.cli.arguments import json_option
from git_xsa.documents import dumps
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.embargo.watched import hook_problem
from git_xsa.report import aside
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from git_xsa.release.status import Status


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-status",
        usage="git xsa-status [--branch <pattern>] [--all] [--json]",
        description="Show what each stable branch has, lacks and waits for, and whether a release is due.",
    )
    made.add_argument("--branch", metavar="<pattern>", help="only stable branches whose name or version matches")
    made.add_argument("--all", action="store_true", help="include branches without security support")
    json_option(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the status and return 0 when nothing is to be done now, 1 when a release is, 2 when an advisory can't be
    applied, and 128 when the ledger can't be read."""
    from git_xsa.release.status import StatusReader  # noqa: PLC0415 - not needed to print the usage

    now = clock.now()
    today = datetime.fromtimestamp(now, timezone.utc).date()
    with Session(now=now) as session:
        chosen, left = chosen_branches(session, options.branch, options.all, today)
        supported = {branch.name for branch in session.branches.supported(today)[0]}
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            status = StatusReader(session, now, progress.task).read(chosen, len(left), supported)
        problem = hook_problem(session.repository.git, session.settings, now)
        if options.json:
            from git_xsa.report.status import document  # noqa: PLC0415

            print(dumps(document(status) | {"hook_problem": problem or None}))
        else:
            _print(session, status)
    _print_remarks(status)
    aside.hook_missed(problem)
    return status.exit_status


def _print(session: Session, status: Status) -> None:
    from git_xsa.report import pager, style  # noqa: PLC0415
    from git_xsa.report.status_table import print_table  # noqa: PLC0415
    from git_xsa.report.width import USUAL, told_width  # noqa: PLC0415

    terminal = pager.on_terminal()
    with pager.paged(session.repository.git):
        console = style.console(session.repository.git, terminal, told_width() or USUAL)
        print_table(console, status, session.settings.of(EmbargoSettings).frozen_refs)


def _print_remarks(status: Status) -> None:
    """Say on standard error what is wrong with the answer, and what it leaves out."""
    from git_xsa.report.embargoes import warn_of_clock  # noqa: PLC0415

    if status.trouble is not None:
        aside.problem(status.trouble)
    if status.ledger is not None:
        warn_of_clock(status.ledger, status.now)
    for one in status.branches:
        if one.release is None:
            aside.note(no_release_tag(one.branch.name))
    if status.left_out:
        aside.note(remarks.branches_left_out(status.left_out))
