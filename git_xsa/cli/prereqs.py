"""git xsa-prereqs: the commits that patches need before they apply to a base, and why."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.ask.base import find_base
from git_xsa.ask.commits import ask_commits, sort_out
from git_xsa.ask.question import LOOK_AHEAD, Question
from git_xsa.ask.request import Request
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import State, Verdict
from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import (
    build_options,
    build_wishes,
    built,
    check_place,
    follow_ups_option,
    hint_unknown,
    json_option,
    place_option,
    print_notes,
    question_options,
)
from git_xsa.documents import dumps
from git_xsa.errors import XsaError
from git_xsa.model.words import count
from git_xsa.report import aside
from git_xsa.report.as_json import error_line, verdict_document, verdict_line
from git_xsa.report.build import print_build_failures
from git_xsa.report.found import doubts
from git_xsa.report.placement import placement_document, print_placements, status_of
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from concurrent.futures import Future

    from git_xsa.ask.on_top import Proved

#: States in which there is no queue -> exit status; 0 in the others.
EXIT = {State.CONFLICTS: 2, State.NO_PATCHES: 1}


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-prereqs",
        usage="git xsa-prereqs --onto <base> [--base-patches <package>]... [--place <place>] [--tip <ref>]\n"
        "                       [--xsa <n>[,<n>]... | <commit>... | <patch file>...]\n"
        "                       [--why] [--graph[=dot]] [--json] [--no-symbols] [--build <command>]\n"
        "   or: git xsa-prereqs --onto <base> [--base-patches <package>]... [--tip <ref>] --picks [--json]\n"
        "   or: git xsa-prereqs --compare <patch or package>... [--json]\n"
        "   or: git xsa-prereqs --stdin [--json] [--no-symbols]",
        description="Find the smallest set of commits that patches need before they apply to a base.",
    )
    question_options(made)
    place_option(made)
    follow_ups_option(made)
    made.add_argument("--why", action="store_true", help="show for each prerequisite the hunks and lines that need it")
    made.add_argument(
        "--graph", nargs="?", const="tree", metavar="dot",
        help="show the dependencies as a tree; with =dot in the language of Graphviz",
    )  # fmt: skip
    made.add_argument(
        "--picks", action="store_true", help="list what the base has: commits of the branch, and its own changes"
    )
    made.add_argument(
        "--compare", metavar="<patch or package>", action="append", default=[],
        help="show which published patch or commit each shipped patch is, and what differs",
    )  # fmt: skip
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    made.add_argument("--stdin", action="store_true", help="read requests, one a line: <base> <commit>...")
    json_option(made)
    build_options(made)
    made.add_argument("patches", nargs="*", metavar="<commit>", help="commits of the branch, or patch files")
    return made


def run(options: argparse.Namespace) -> int:
    """Answer the request and return the exit status: 0 when a queue exists, 1 when there are no patches of something
    that was asked for, 2 when no queue can be."""
    if options.graph not in (None, "tree", "dot"):  # "--graph <commit>": the commit is no form of the graph
        options.patches.insert(0, options.graph)
        options.graph = "tree"
    _check(options)
    if options.stdin:
        return _answer_lines(options.json, not options.no_symbols)
    if options.picks:
        return _list_picks(options)
    if options.compare:
        return _compare(options)
    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        session.follow_ups = options.follow_ups or session.follow_ups
        wishes = build_wishes(options, session.settings.build)
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            verdict = _ask(session, options).answer(session.quarantine)
        [verdict] = built(session, [verdict], wishes)
        placed = _placed(session, verdict) if options.place else None
        if options.json:
            print(dumps(verdict_document(verdict) | placement_document(placed)))
        elif options.graph == "dot":
            from git_xsa.report.as_graph import dot  # noqa: PLC0415

            print(dot(verdict))
        else:
            _print(session, verdict, options)
        if options.graph:
            _print_beside(verdict)
        print_placements([verdict], [placed])
        print_build_failures([verdict])
        print_notes(session)
        if verdict.unknown:
            hint_unknown(session)
    return max(
        int(bool(verdict.unresolved)),
        EXIT.get(verdict.state, 0),
        status_of(placed),
        verdict.build.state.status if verdict.build is not None else 0,
    )


def _placed(session: Session, verdict: Verdict) -> Proved | None:
    from git_xsa.ask.on_top import prove  # noqa: PLC0415 - only for who chooses a place

    return prove(session, verdict)


def _check(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when the options have no meaning together."""
    asked = (
        *(options.onto, options.xsa, options.patches, options.tip, options.place),
        *(options.why, options.graph, options.picks),
    )
    if options.stdin:
        if any(asked):
            raise problems.stdin_has_the_requests()
        if options.build is not None:
            raise problems.stdin_builds_nothing()
        return
    if options.compare:
        if any(asked):
            raise problems.compare_needs_no_base()
        return
    if not options.onto:
        raise problems.no_base()
    check_place(options)
    if options.picks and (
        options.place or options.xsa or options.patches or options.why or options.graph or options.build is not None
    ):
        raise problems.picks_alone()
    if options.xsa and options.patches:
        raise problems.one_kind_of_request("xsa-prereqs", options.patches)
    if options.json and (options.graph or options.why):
        raise problems.json_has_reasons()


def _list_picks(options: argparse.Namespace) -> int:
    """Print what the base has, and return 0."""
    from git_xsa.ask.inventory import take_stock  # noqa: PLC0415 - only for this
    from git_xsa.report.inventory import inventory_document, print_inventory  # noqa: PLC0415
    from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    with Session(symbols=False, now=clock.now()) as session:
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            base = find_base(session, options.onto, options.base_patches, tip=options.tip or "")
            tip = session.commit(options.tip) if options.tip else tip_for(session, base)
            found = take_stock(session, base, tip)
        if options.json:
            print(dumps(inventory_document(found)))
        else:
            terminal = on_terminal()
            with paged(session.repository.git):
                print_inventory(lines(session.repository.git, terminal), found)
        print_notes(session)
    return 0


def _compare(options: argparse.Namespace) -> int:
    """Print what the shipped patches are, and return the exit status: 1 when one is adapted or unknown."""
    from git_xsa.advisory.package import read_package  # noqa: PLC0415 - only for this
    from git_xsa.ask.compare import Comparison  # noqa: PLC0415
    from git_xsa.model.patch_difference import Sameness  # noqa: PLC0415
    from git_xsa.report.compared import compared_document, print_compared  # noqa: PLC0415
    from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    patches = [patch for place in options.compare for patch in read_package(Path(place)).shipped()]
    with Session(symbols=False, now=clock.now()) as session:
        with Progress() as progress:
            progress.task(f"comparing {count(len(patches), 'patch')}")
            found = list(Comparison(session, patches).all())
        if options.json:
            print(dumps(compared_document(found)))
        else:
            terminal = on_terminal()
            with paged(session.repository.git):
                print_compared(lines(session.repository.git, terminal), found)
    return int(any(one.sameness in (Sameness.ADAPTED, Sameness.UNKNOWN) for one in found))


def _ask(session: Session, options: argparse.Namespace) -> Question:
    base = find_base(session, options.onto, options.base_patches, options.place, options.tip or "")
    commits, files = sort_out(session.repository, options.patches)
    request = Request(tuple(options.xsa), tuple(commits), tuple(files), options.tip or "")
    return request.question(session, base)


def _print(session: Session, verdict: Verdict, options: argparse.Namespace) -> None:
    from git_xsa.report.as_graph import print_tree  # noqa: PLC0415 - not needed for JSON
    from git_xsa.report.as_text import print_verdict  # noqa: PLC0415
    from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    terminal = on_terminal()
    with paged(session.repository.git):
        output = lines(session.repository.git, terminal)
        if options.graph:
            print_tree(output, verdict)
        else:
            print_verdict(output, verdict, options.why)


def _print_beside(verdict: Verdict) -> None:
    """Print what neither form of the graph has a place for."""
    from git_xsa.report.as_text import left_out  # noqa: PLC0415 - only for the graph

    for words in [*doubts(verdict), *left_out(verdict)]:
        aside.warning(words)


def _answer_lines(as_json: bool, symbols: bool) -> int:
    """Answer each line of standard input with one line, in order; return the highest exit status of all.

    While git checks one answer the next one is worked out, if its request is there already.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not for one request

    status = 0
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # a request that is no valid text has an answer, too
    with Session(symbols=symbols, now=clock.now()) as session, ThreadPoolExecutor(1) as checker:
        waiting: deque[Future[int]] = deque()
        try:
            for line in iter(sys.stdin.readline, ""):
                if line.split():
                    question = _ask_line(session, line)
                    waiting.append(checker.submit(_answer_line, session, as_json, line.strip(), question))
                while len(waiting) > LOOK_AHEAD or (waiting and waiting[0].done()):
                    status = max(status, waiting.popleft().result())
            while waiting:
                status = max(status, waiting.popleft().result())
        except BaseException:
            checker.shutdown(cancel_futures=True)
            raise
    return status


def _ask_line(session: Session, line: str) -> Question | XsaError:
    """Return the question that a line of input asks, or why it is none."""
    base_name, *names = line.split()
    try:
        if not names:
            raise problems.no_commit_follows(base_name)
        base = session.branches.base(base_name)
        commits = [session.commit(name) for name in names]
        return ask_commits(session, base, tip_for(session, base, commits), commits)
    except XsaError as error:
        return error


def _answer_line(session: Session, as_json: bool, request: str, question: Question | XsaError) -> int:
    """Print the answer to one line of input and return the exit status that it leads to."""
    if isinstance(question, XsaError):
        aside.error(remarks.request_failed(request, question.what))
        print(dumps(error_line(request, question.what)) if as_json else "error", flush=True)
        return question.status
    verdict = question.answer(session.quarantine)
    print(dumps(verdict_line(verdict)) if as_json else _plain(verdict), flush=True)
    return EXIT.get(verdict.state, 0)


def _plain(verdict: Verdict) -> str:
    """Return the state, and the queue in order with a ``+`` before each prerequisite."""
    queue = verdict.queue
    commits = verdict.range.commits
    names = [("+" if verdict.role(p) == "prerequisite" else "") + commits[p - 1].id for p in queue]
    return " ".join([verdict.state.value, *names])
