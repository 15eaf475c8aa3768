"""git xsa-report: pages, tables and records of what advisories are on releases."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.ask.session import Session
from git_xsa.ask.targets import Targets, targets
from git_xsa.cli import clock, problems, remarks, report_records
from git_xsa.cli.arguments import (
    bases_option,
    branches_options,
    follow_ups_option,
    instant,
    outside_repository,
    print_notes,
)
from git_xsa.export.remarks import earlier_contents
from git_xsa.git.repository import Commit
from git_xsa.model.instant import Instant
from git_xsa.publish.made import Made
from git_xsa.release.due import Interval, parse_interval
from git_xsa.report import aside
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from git_xsa.publish.standings import Standings


#: The day of a batch, where none is named.
NEWEST = "newest"
#: What is shown of the page's branches, where nothing else is asked for.
_YEARS = Interval(months=24)


class ReportRequest(NamedTuple):
    """What a form is made from: the open session, what it is about, the options, and who is told how far it is."""

    session: Session
    targets: Targets
    options: argparse.Namespace
    progress: Progress


class ReportForm(NamedTuple):
    """A form of the report: what makes it, whether it is a folder, which needs ``-o``, and whether it shows older
    releases, too, if nothing else is asked for; ``records`` are files of which one alone can be printed."""

    make: Callable[[ReportRequest], Made]
    folder: bool = False
    past: bool = False
    records: bool = False


def _standings(asked: ReportRequest) -> Standings:
    """Return what all advisories are on all releases that were asked about."""
    from git_xsa.publish.standings import StandingsReader  # noqa: PLC0415 - not needed to print the usage

    def on_base(name: str, place: int, count: int) -> None:
        asked.progress.task(f"{name} ({place} of {count})")

    reader = StandingsReader(asked.session, asked.options.embargoed, on_base)
    shown = reader.read(_pairs(asked), asked.options.xsa)
    return shown.of_batch(asked.options.batch) if asked.options.batch is not None else shown


def _repeated(options: argparse.Namespace) -> str:
    """Return the options with which git xsa-prereqs asks the same, with a blank before each."""
    words = f" --xsa {','.join(map(str, sorted(set(options.xsa))))}" if options.xsa else ""
    words += " --no-symbols" if options.no_symbols else ""
    return words + (f" --follow-ups={options.follow_ups}" if options.follow_ups else "")


def _pairs(asked: ReportRequest) -> Sequence[tuple[Commit, Commit]]:
    """Return the bases and tips that are shown: those that were named, or the releases since an instant."""
    options, session = asked.options, asked.session
    since = options.releases_since or (_YEARS if FORMS[options.format].past else None)
    if options.onto or since is None:
        return asked.targets.pairs
    from git_xsa.publish.releases import releases_since  # noqa: PLC0415

    if isinstance(since, Interval):
        since = Interval(-abs(since.months), -abs(since.days)).after(report_records.made_at(session, options))
    return releases_since(session, asked.targets.pairs, since)


def _markdown(asked: ReportRequest) -> Made:
    from git_xsa.publish.bulletin import bulletin  # noqa: PLC0415

    return bulletin(_standings(asked), _repeated(asked.options), markdown=True)


def _text(asked: ReportRequest) -> Made:
    from git_xsa.publish.bulletin import bulletin  # noqa: PLC0415

    return bulletin(_standings(asked), _repeated(asked.options), markdown=False)


def _html(asked: ReportRequest) -> Made:
    from git_xsa.publish.branches import branch_reports  # noqa: PLC0415
    from git_xsa.publish.pages import PageContents, html  # noqa: PLC0415
    from git_xsa.publish.proofs import read_shelf  # noqa: PLC0415

    options, session = asked.options, asked.session
    proofs = read_shelf(session, options.proof, options.embargoed)
    shown = _standings(asked)
    asked.progress.task("branches")
    dated = report_records.made_at(session, options)
    branches = branch_reports(session, shown, options.embargoed, min(dated, session.now))
    asked.progress.task("pages")
    made = html(PageContents(shown, branches, proofs, _repeated(options), session.settings.url, dated))
    session.notes += [remarks.proof_of_another(folder) for folder in proofs.unused]
    return made


def _vex(asked: ReportRequest) -> Made:
    return report_records.vex(asked.session, asked.targets, asked.options)


def _ranges(asked: ReportRequest) -> Made:
    return report_records.ranges(asked.session, asked.options)


FORMS = {
    "html": ReportForm(_html, folder=True, past=True),
    "markdown": ReportForm(_markdown),
    "text": ReportForm(_text),
    "openvex": ReportForm(_vex),
    "csaf": ReportForm(_vex, records=True),
    "cyclonedx": ReportForm(_vex),
    "osv": ReportForm(_ranges, records=True),
    "cve": ReportForm(_ranges, records=True),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-report",
        usage="git xsa-report [--format <format>] [--onto <base>]... [--base-patches <package>]...\n"
        "                      [--releases-since <date or time>] [--branch <pattern>] [--all]\n"
        "                      [--xsa <n>[,<n>]...] [--batch[=<day>]] [--proof <folder>]... [--no-symbols]\n"
        "                      [--follow-ups[=<what>]] [--queue <folder>] [--compiled <file>]...\n"
        "                      [--product <purl>]... [--cpe <cpe>]... [--author <name>]\n"
        "                      [--namespace <address>] [--timestamp <instant>] [-o <file or folder>]\n"
        "                      [--force] [--embargoed]",
        description="Report which advisories apply to which releases, for people and for programs.",
    )
    made.add_argument("--format", choices=FORMS, default="text", help="the form of the report (default: text)")
    bases_option(made)
    made.add_argument(
        "--releases-since", metavar="<date or time>", type=_since,
        help="also the older releases since this day, or of the last '2 years' (the default of html)",
    )  # fmt: skip
    branches_options(made)
    made.add_argument(
        "--batch", metavar="<day>", nargs="?", const=NEWEST, type=_day,
        help="only the advisories that were first fixed on this day (default: the newest such day)",
    )  # fmt: skip
    made.add_argument(
        "--proof", metavar="<folder>", type=Path, action="append", default=[],
        help="show the results in this folder, which git xsa-test -o has written; can be given several times",
    )  # fmt: skip
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    follow_ups_option(made)
    made.add_argument(
        "-o", "--output", metavar="<file or folder>", type=Path, help="write the report there instead of printing it"
    )
    report_records.record_options(made)
    made.add_argument("--force", action="store_true", help="replace such a folder even if it was changed")
    made.add_argument("--embargoed", action="store_true", help="include advisories that are under embargo")
    return made


def _since(text: str) -> Interval | Instant:
    """Return the instant that an option names, or how long before now it is."""
    try:
        found = parse_interval(text)
    except ValueError:
        return instant(text)
    if found is None:
        raise problems.not_a_past(text)
    return found


def _day(text: str) -> str:
    """Return the day that an option names; empty for the newest one."""
    if text == NEWEST:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise problems.not_a_day(text) from None


def run(options: argparse.Namespace) -> int:
    """Print or write the report and return 0, or 1 if something that was asked for is not in it."""
    form = FORMS[options.format]
    if options.base_patches and not options.onto:
        raise problems.base_patches_need_a_base()
    if options.releases_since is not None and options.onto:
        raise problems.exclusive("--releases-since", "--onto")
    if form.folder and options.output is None:
        raise problems.form_needs_a_folder(options.format)
    report_records.check_record_options(options)
    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        session.follow_ups = options.follow_ups or session.follow_ups
        _check_output(session, options, form)
        today = datetime.now(timezone.utc).date()
        everything = options.all or options.format in report_records.RANGES  # which are those of all branches
        asked = targets(session, options.onto, options.branch, everything, today, options.base_patches)
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            made = form.make(ReportRequest(session, asked, options, progress))
        if not options.embargoed:
            from git_xsa.publish.gate import must_be_public  # noqa: PLC0415 - not needed to print the usage

            must_be_public(session, made.files)
        _write(options, form, made)
        for note in (*asked.remarks, *made.notes):
            aside.note(note)
        for sentence in (*asked.lacking, *made.missing):
            aside.error(sentence)
        if asked.lacking:
            aside.hint(session.repository.missing_branches_hint())
        print_notes(session)
    return int(bool(asked.lacking or made.missing))


def _check_output(session: Session, options: argparse.Namespace, form: ReportForm) -> None:
    """Raise ``XsaError`` when the report can't be written: before the work, not after it."""
    if options.output is None:
        return
    from git_xsa.export.folder import must_keep  # noqa: PLC0415 - only for who writes
    from git_xsa.report.junit import check_place  # noqa: PLC0415 - as above

    outside_repository(session, options.output)
    if form.folder or form.records:
        must_keep(Path(os.path.realpath(options.output)), options.force)
    else:
        check_place(options.output)


def _write(options: argparse.Namespace, form: ReportForm, made: Made) -> None:
    """Print the one document, or write it or the folder; what may be under embargo only the user can read."""
    if form.folder or (form.records and options.output is not None):
        from git_xsa.export.folder import MANIFEST, manifest, write_folder  # noqa: PLC0415 - only for a folder

        files = {**made.files, MANIFEST: manifest(made.files, {"report": options.format})}
        kept = write_folder(options.output, files, made.private, options.force)
        if kept is not None:
            aside.note(earlier_contents(options.output, kept))
        return
    if form.records and not made.files:
        return
    if len(made.files) > 1:
        raise problems.several_records(options.format, len(made.files))
    [document] = made.files.values()
    if options.output is None:
        sys.stdout.write(document.decode("utf-8"))
        return
    from git_xsa.report.junit import write_result  # noqa: PLC0415 - only for a file

    write_result(options.output, document, made.private)
