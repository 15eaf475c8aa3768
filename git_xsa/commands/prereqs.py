"""git xsa-prereqs: the commits that patches need before they apply to a base, and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from git_xsa.commands.arguments import advisory_numbers, json_option
from git_xsa.errors import UsageError, XsaError
from git_xsa.git.repository import Commit
from git_xsa.queue.answer import State, Verdict
from git_xsa.queue.session import Session
from git_xsa.report.as_json import dumps, error_line, verdict_document, verdict_line


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-prereqs",
        usage="git xsa-prereqs --onto <base> [--tip <ref>] (--xsa <n>[,<n>]... | <commit>... | <patch file>...)\n"
        "                       [--why] [--graph[=dot]] [--json]\n"
        "   or: git xsa-prereqs --stdin [--json]",
        description="Find the smallest set of commits that patches need before they apply to a base.",
    )
    made.add_argument("--onto", metavar="<base>", help="what the patches are to be put on: a release tag or any commit")
    made.add_argument("--tip", metavar="<ref>", help="the branch (or commit) that the prerequisites come from")
    made.add_argument(
        "--xsa", metavar="<n>", type=advisory_numbers, action="extend", default=[],
        help="the advisories whose fixes are meant, by number",
    )  # fmt: skip
    made.add_argument("--why", action="store_true", help="show for each prerequisite the hunks and lines that need it")
    made.add_argument(
        "--graph", nargs="?", const="tree", choices=("tree", "dot"), metavar="dot",
        help="show what needs what as a tree; with =dot in the language of Graphviz",
    )  # fmt: skip
    made.add_argument("--stdin", action="store_true", help="read requests, one a line: <base> <commit>...")
    json_option(made)
    made.add_argument("patches", nargs="*", metavar="<commit>", help="commits of the branch, or patch files")
    return made


def run(options: argparse.Namespace) -> int:
    """Answer the request and return the exit status: 0 when a queue exists, 2 when none can."""
    _check(options)
    if options.stdin:
        return _answer_lines(options.json)
    with Session() as session:
        verdict = _judge(session, options)
        if options.json:
            print(dumps(verdict_document(verdict)))
        elif options.graph == "dot":
            from git_xsa.report.as_graph import dot  # noqa: PLC0415

            print(dot(verdict))
        else:
            _print(session, verdict, options)
    return 2 if verdict.state is State.CONFLICTS else 0


def _check(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when the options have no meaning together."""
    if options.stdin:
        if options.onto or options.xsa or options.patches or options.tip or options.why or options.graph:
            raise UsageError("--stdin takes the base and the commits from its input", "see git help xsa-prereqs")
        return
    if not options.onto:
        raise UsageError("no base is given", "say what the patches are to be put on: --onto RELEASE-4.17.3")
    if bool(options.xsa) == bool(options.patches):
        raise UsageError("give either advisories (--xsa) or commits", "see git help xsa-prereqs")
    if options.json and (options.graph or options.why):
        raise UsageError("--json holds the reasons already", "leave out --why and --graph")


def _judge(session: Session, options: argparse.Namespace) -> Verdict:
    base = session.branches.base(options.onto)
    tip = session.commit(options.tip) if options.tip else None
    if options.xsa:
        return session.judge_advisories(base, tip or session.tip_for(base), options.xsa)
    commits, files = session.sort_out(options.patches)
    if files:
        return session.judge_files(base, tip or session.tip_for(base), files)
    return session.judge_commits(base, tip or session.tip_for(base, commits), commits)


def _print(session: Session, verdict: Verdict, options: argparse.Namespace) -> None:
    from git_xsa.report.as_graph import print_tree  # noqa: PLC0415 - not needed for JSON
    from git_xsa.report.as_text import Lines, print_verdict  # noqa: PLC0415
    from git_xsa.report.pager import on_terminal, paged  # noqa: PLC0415
    from git_xsa.report.style import console  # noqa: PLC0415

    terminal = on_terminal()
    with paged(session.repository.git):
        lines = Lines(console(session.repository.git, terminal))
        if options.graph:
            print_tree(lines, verdict)
        else:
            print_verdict(lines, verdict, options.why)


def _answer_lines(as_json: bool) -> int:
    """Answer each line of standard input with one line, at once; return the highest exit status of all."""
    status = 0
    with Session() as session:
        for line in sys.stdin:
            words = line.split()
            if not words:
                continue
            try:
                verdict = _judge_line(session, words)
            except XsaError as error:
                status = max(status, error.status)
                print(f"error: {line.strip()}: {error.what}", file=sys.stderr)
                print(dumps(error_line(line.strip(), error.what)) if as_json else "error", flush=True)
                continue
            if verdict.state is State.CONFLICTS:
                status = max(status, 2)
            print(dumps(verdict_line(verdict)) if as_json else _plain(verdict), flush=True)
    return status


def _judge_line(session: Session, words: Sequence[str]) -> Verdict:
    if len(words) == 1:
        raise UsageError(f"{words[0]} is not followed by a commit", "a request is: <base> <commit>...")
    base = session.branches.base(words[0])
    commits: list[Commit] = [session.commit(word) for word in words[1:]]
    return session.judge_commits(base, session.tip_for(base, commits), commits)


def _plain(verdict: Verdict) -> str:
    """Return the state, and the queue in order with a ``+`` before each prerequisite."""
    queue = verdict.selection.queue
    commits = verdict.range.commits
    names = [("+" if verdict.role(p) == "prerequisite" else "") + commits[p - 1].id for p in queue]
    return " ".join([verdict.state.value, *names])
