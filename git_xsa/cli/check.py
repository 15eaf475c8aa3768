"""git xsa-check: whether the outstanding advisories apply to the last releases."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import zip_longest
from shlex import quote
from typing import TYPE_CHECKING

from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.in_tree import TreeContents, contents_of
from git_xsa.ask.question import Question, answers
from git_xsa.ask.session import Session
from git_xsa.ask.targets import Targets, targets
from git_xsa.ask.verdict import ACCEPTABLE, Verdict
from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import (
    advisory_numbers,
    base_patches_option,
    build_options,
    build_wishes,
    built,
    check_junit,
    check_place,
    follow_ups_option,
    hint_unknown,
    json_option,
    junit_option,
    place_option,
    print_notes,
)
from git_xsa.documents import dumps
from git_xsa.embargo.watched import hook_problem
from git_xsa.git.repository import Commit
from git_xsa.report import aside
from git_xsa.report.as_json import FORMAT, verdict_document
from git_xsa.report.build import print_build_failures
from git_xsa.report.in_tree import print_tree_contents, tree_document
from git_xsa.report.placement import placement_document, print_placements, status_of
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from git_xsa.ask.on_top import Proved


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-check",
        usage="git xsa-check [--onto <base>]... [--base-patches <package>]... [--place <place>] [--branch <pattern>]\n"
        "                     [--xsa <n>[,<n>]...] [--each] [--all] [--verbose] [--json] [--junit <file>]\n"
        "                     [--accept prerequisites] [--no-symbols] [--build <command>]",
        description="Check whether outstanding fixes apply to the newest release of each supported branch.",
    )
    made.add_argument(
        "--onto", metavar="<base>", action="append", default=[],
        help="check this release or commit instead of the newest releases; can be given several times",
    )  # fmt: skip
    base_patches_option(made)
    place_option(made)
    follow_ups_option(made)
    made.add_argument("--branch", metavar="<pattern>", help="only stable branches whose name or version matches")
    made.add_argument(
        "--xsa", metavar="<n>", type=advisory_numbers, action="extend", default=[], help="only these advisories"
    )
    made.add_argument("--each", action="store_true", help="judge each advisory alone on the bare release")
    made.add_argument("--all", action="store_true", help="include branches without security support")
    made.add_argument("-v", "--verbose", action="store_true", help="print all advisories, and all conflicts")
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    made.add_argument(
        "--accept", choices=ACCEPTABLE, action="append", default=[],
        help="take this for a yes: a queue that has prerequisites, all of which are listed",
    )  # fmt: skip
    json_option(made)
    junit_option(made)
    build_options(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Check what the options name and return the exit status: 0 all applies, 1 not as declared, 2 something can't.

    An advisory that was asked for and that no branch has a fix of counts as 1, too, and so does a supported branch
    that the clone lacks.
    """
    check_place(options)
    if options.base_patches and not options.onto:
        raise problems.base_patches_need_a_base()
    today = datetime.now(timezone.utc).date()
    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        session.follow_ups = options.follow_ups or session.follow_ups
        check_junit(session, options.junit)
        wishes = build_wishes(options, session.settings.build)
        asked = targets(session, options.onto, options.branch, options.all, today, options.base_patches, options.place)
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            verdicts = list(answers(_questions(session, asked.pairs, options, progress), session.quarantine))
        verdicts = list(built(session, verdicts, wishes))
        placed = _placed(session, verdicts) if options.place else []
        trees = _trees(session, asked, options) if options.onto else []
        if options.json:
            lacking = {"lacking": list(asked.lacking)} if asked.lacking else {}
            results = [verdict_document(verdict) for verdict in verdicts]
            results = [one | placement_document(place) for one, place in zip_longest(results, placed)]
            inside = {"trees": [tree_document(tree) for tree in trees]} if trees else {}
            print(dumps({"format": FORMAT, "results": results, **lacking, **inside}))
        else:
            _print(session, verdicts, trees, options)
        print_placements(verdicts, placed)
        print_build_failures(verdicts)
        print_notes(session)
        unresolved = _unresolved(options.xsa, verdicts)
        if options.junit is not None:
            _write_junit(options, verdicts, asked.lacking, unresolved)
        _print_remarks(session, asked, [n for n in unresolved if any(n in one.unknown for one in verdicts)])
        aside.hook_missed(hook_problem(session.repository.git, session.settings, clock.now()))
    missing = unresolved or asked.lacking or any(verdict.missing_later for verdict in verdicts)
    statuses = [verdict.status_with(options.accept) for verdict in verdicts] + [status_of(place) for place in placed]
    return max(statuses, default=0) or int(bool(missing))


def _trees(session: Session, asked: Targets, options: argparse.Namespace) -> list[TreeContents]:
    """Return what the bases beside the branch have of each advisory."""
    found = (contents_of(session, base, tip, options.xsa) for base, tip in asked.pairs)
    return [one for one in found if one is not None]


def _placed(session: Session, verdicts: Sequence[Verdict]) -> list[Proved | None]:
    from git_xsa.ask.on_top import prove  # noqa: PLC0415 - only for who chooses a place

    return [prove(session, verdict) for verdict in verdicts]


def _write_junit(
    options: argparse.Namespace, verdicts: Sequence[Verdict], lacking: Sequence[str], unresolved: Sequence[int]
) -> None:
    from git_xsa.report import check_junit as form  # noqa: PLC0415 - only for who wants it
    from git_xsa.report.junit import write_result  # noqa: PLC0415

    document = form.check_junit(verdicts, lacking, unresolved, options.accept)
    write_result(options.junit, document, any(verdict.private for verdict in verdicts))


def _unresolved(numbers: Sequence[int], verdicts: Sequence[Verdict]) -> list[int]:
    """Return those of the advisories that were asked for that no answer settles: one that concerns a single branch is
    no mistake on the others."""
    settled = [{*one.xsa, *one.present, *one.without_patch}.difference(one.unresolved) for one in verdicts]
    return sorted(set(numbers).difference(*settled))


def _print_remarks(session: Session, asked: Targets, unknown: Sequence[int]) -> None:
    """Print what was not looked at, and what was asked for and not found."""
    for note in asked.remarks:
        aside.note(note)
    for sentence in asked.lacking:
        aside.error(sentence)
    if asked.lacking:
        aside.hint(session.repository.missing_branches_hint())
    if unknown:
        aside.error(remarks.nowhere_fixed(unknown))
        hint_unknown(session)


def _questions(
    session: Session, pairs: Sequence[tuple[Commit, Commit]], options: argparse.Namespace, progress: Progress
) -> Iterator[Question]:
    """Yield what is asked about each base: one question for all advisories together, or one for each."""
    for done, (base, tip) in enumerate(pairs, 1):
        progress.task(f"{base.name} ({done} of {len(pairs)})")
        numbers = sorted(set(options.xsa)) or outstanding(session, base, tip)
        for group in [[number] for number in numbers] if options.each and numbers else [numbers]:
            yield from ask(session, base, tip, group, bool(options.xsa))


def _print(
    session: Session, verdicts: list[Verdict], trees: Sequence[TreeContents], options: argparse.Namespace
) -> None:
    from git_xsa.report.check_text import Manner, print_checks  # noqa: PLC0415 - not needed for JSON
    from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    terminal = on_terminal()
    reading = Manner(options.each, options.verbose, lambda verdict: _why(verdict, options))
    with paged(session.repository.git):
        output = lines(session.repository.git, terminal)
        print_checks(output, verdicts, reading)
        print_tree_contents(output, trees, options.each or options.verbose)


def _why(verdict: Verdict, options: argparse.Namespace) -> str:
    """Return the command that asks the same question about one base, and shows the reasons."""
    words = [f"git xsa-prereqs {verdict.base.onto}"]
    if options.branch is not None and options.onto:
        words.append(f"--tip {quote(verdict.tip.spelled)}")
    if options.xsa:
        words.append(f"--xsa {','.join(map(str, sorted(set(options.xsa))))}")
    words.append("--why")
    if options.no_symbols:
        words.append("--no-symbols")
    if options.follow_ups:
        words.append(f"--follow-ups={options.follow_ups}")
    if verdict.build is not None:
        words.append(f"--build {quote(verdict.build.command)}")
    return " ".join(words)
