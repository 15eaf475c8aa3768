"""git xsa-ci: pipelines that prove queues on CI servers, and what comes back from them."""

from __future__ import annotations

import argparse
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.ask.session import Session
from git_xsa.ask.targets import targets
from git_xsa.ci.plan import STAGES
from git_xsa.cli import clock, problems
from git_xsa.cli.arguments import (
    bases_option,
    branches_options,
    follow_ups_option,
    jobs,
    json_option,
    junit_option,
    print_notes,
)
from git_xsa.export.remarks import earlier_contents
from git_xsa.proof.cells import DEFAULT, find_cells
from git_xsa.proof.settings import ProofSettings, cell_settings
from git_xsa.report import aside
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from git_xsa.ci.planning import CiWish, PlannedPipeline

FORMATS = ("gitlab", "github")
#: The file of a pipeline in a folder.
PIPELINE = "pipeline.yml"


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-ci",
        usage="git xsa-ci [--format gitlab|github] [--onto <base>]... [--base-patches <package>]...\n"
        "                  [--branch <pattern>] [--all] [--xsa <n>[,<n>]...] [--each] [--cell <name>]...\n"
        "                  [--until <stage>] [--full] [--no-symbols] [--follow-ups] [-o <folder>]\n"
        "                  [--force] [--embargoed [--remote <name>]]\n"
        "   or: git xsa-ci collect <folder> [--expect <result>]... [--json] [--junit <file>]\n"
        "                         [-o <file>] [--runners <n>[,<n>]...]",
        description="Print a pipeline that proves queues on a CI server, or collect its results.",
    )
    made.add_argument("--format", choices=FORMATS, default="gitlab", help="for which server (default: gitlab)")
    bases_option(made)
    branches_options(made)
    made.add_argument("--each", action="store_true", help="prove each advisory by itself")
    made.add_argument("--cell", metavar="<name>", action="append", default=[], help="build in this cell; all: in each")
    made.add_argument("--until", choices=STAGES[1:-1], default=STAGES[-2], help="the last stage (default: exploit)")
    made.add_argument("--full", action="store_true", help="have the tree's own pipeline run on each queue, too")
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    follow_ups_option(made)
    made.add_argument(
        "-o", "--output", metavar="<folder>", type=Path, help="write pipeline and queues into this folder"
    )
    made.add_argument("--force", action="store_true", help="replace such a folder even if it was changed")
    made.add_argument("--embargoed", action="store_true", help="include advisories that are under embargo")
    made.add_argument(
        "--remote", metavar="<name>", default="origin", help="the private project in which it runs (default: origin)"
    )
    actions = made.add_subparsers(dest="action", metavar="collect")
    collect = actions.add_parser(
        "collect", help="fold the results of all jobs into one", description="Fold the results of all jobs into one."
    )
    collect.add_argument("folder", metavar="<folder>", type=Path, help="the folder with the results")
    collect.add_argument(
        "--expect", metavar="<result>", action="append", default=[], help="a result that must be there"
    )
    json_option(collect)
    junit_option(collect)
    collect.add_argument("-o", "--output", metavar="<file>", type=Path, help="also write the JSON into this file")
    collect.add_argument(
        "--runners", metavar="<n>[,<n>]...", type=_numbers, default=[],
        help="say how long so many runners would take, by the times of these results",
    )  # fmt: skip
    return made


def _numbers(text: str) -> list[int]:
    """Return numbers of runners, with commas between them."""
    return [jobs(word) for word in text.split(",")]


def run(options: argparse.Namespace) -> int:
    """Print or write the pipeline and return 0, or 1 if something that was asked for is not in it.  With ``collect``,
    return the exit status that git xsa-test alone would have."""
    if options.action == "collect":
        from git_xsa.cli.ci_collect import run_collect  # noqa: PLC0415 - not needed to make a pipeline

        return run_collect(options)
    _check(options)
    from git_xsa.ci.planning import Planner  # noqa: PLC0415 - not needed to print the usage
    from git_xsa.ci.secrecy import must_be_private  # noqa: PLC0415

    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        session.follow_ups = options.follow_ups or session.follow_ups
        named = options.cell or session.settings.of(ProofSettings).cells or DEFAULT
        cells = find_cells(named, cell_settings(session.settings.configured))
        if options.embargoed:
            must_be_private(session, options.remote)
        _check_output(session, options)
        today = datetime.now(timezone.utc).date()
        asked = targets(session, options.onto, options.branch, options.all, today, options.base_patches)
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            planned = Planner(session, _wish(options, session), cells).plan(asked.pairs, options.onto)
        _write(options, planned)
        for note in (*asked.remarks, *planned.notes):
            aside.note(note)
        for sentence in (*asked.lacking, *planned.missing):
            aside.error(sentence)
        if asked.lacking:
            aside.hint(session.repository.missing_branches_hint())
        print_notes(session)
    return int(bool(planned.missing or asked.lacking))


def _wish(options: argparse.Namespace, session: Session) -> CiWish:
    """Return what the options ask for."""
    from git_xsa.ci.planning import CiWish  # noqa: PLC0415

    return CiWish(
        tuple(sorted(set(options.xsa))),
        options.each,
        options.until,
        session.follow_ups,
        not options.no_symbols,
        tuple(options.base_patches),
        options.output,
        options.embargoed,
        options.full,
    )


def _check(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when the options have no meaning together."""
    if options.embargoed and options.output is None:
        raise problems.embargoed_needs_queues()
    if options.format == "github" and options.output is not None:
        raise problems.folder_needs_gitlab()
    if options.format == "github" and options.full:
        raise problems.full_needs_gitlab()
    if options.base_patches and not options.onto:
        raise problems.base_patches_need_a_base()


def _check_output(session: Session, options: argparse.Namespace) -> None:
    """Raise ``XsaError`` when the folder can't be written: before the work, not after it."""
    if options.output is not None:
        from git_xsa.cli.arguments import outside_repository  # noqa: PLC0415
        from git_xsa.export.folder import must_keep  # noqa: PLC0415

        outside_repository(session, options.output)
        must_keep(Path(os.path.realpath(options.output)), options.force)


def _write(options: argparse.Namespace, planned: PlannedPipeline) -> None:
    """Print the pipeline, or write the folder."""
    if options.format == "github":
        from git_xsa.ci.github import github  # noqa: PLC0415
        from git_xsa.documents import dumps  # noqa: PLC0415

        print(dumps(github(planned.plan)))
        return
    from git_xsa.ci.gitlab import gitlab  # noqa: PLC0415

    text = gitlab(planned.plan)
    if options.output is None:
        print(text, end="")
        return
    from git_xsa.export.folder import MANIFEST, manifest, write_folder  # noqa: PLC0415

    files = {PIPELINE: text.encode(), **planned.files}
    files[MANIFEST] = manifest(files, {"pipeline": PIPELINE})
    kept = write_folder(options.output, files, options.embargoed, options.force)
    if kept is not None:
        aside.note(earlier_contents(options.output, kept))
