"""git xsa-test: the proof of a queue in cells. It builds, it boots, the exploit is blocked."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from git_xsa.ask.base import find_base
from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.commits import sort_out
from git_xsa.ask.keep_going import one_queue
from git_xsa.ask.request import Request
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import State, Verdict
from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import (
    HOOK,
    check_junit,
    hint_unknown,
    jobs,
    json_option,
    junit_option,
    outside_repository,
    print_notes,
    question_options,
    seconds,
)
from git_xsa.documents import dumps
from git_xsa.export.exported import of_folder
from git_xsa.export.folder import must_keep, write_folder
from git_xsa.export.remarks import earlier_contents
from git_xsa.git.repository import Commit
from git_xsa.proof import remarks as proof_remarks
from git_xsa.proof.bench import Wishes
from git_xsa.proof.cells import DEFAULT, Cell, find_cells
from git_xsa.proof.prove import Prover
from git_xsa.proof.results import Proof, Unproved, status_of
from git_xsa.proof.search.builder import BUILDABLE
from git_xsa.proof.settings import ProofSettings, cell_settings
from git_xsa.proof.stack import Stack, of_verdict
from git_xsa.report import aside
from git_xsa.report.progress import Progress
from git_xsa.report.proof import document, print_proofs

#: How long a build and a boot may take unless something else is asked for, in seconds.
BUILD_LIMIT, BOOT_LIMIT = 2 * 3600.0, 60.0


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-test",
        usage="git xsa-test --onto <base> [--base-patches <package>]... [--tip <ref>]\n"
        "                    [--xsa <n>[,<n>]... | <commit>... | <patch file>... | --queue <folder>]\n"
        "                    [--cell <name>]... [--each | --every-commit] [--boot] [--exploit] [--run <command>]\n"
        "                    [--search] [--no-symbols] [--build-timeout <time>] [--boot-timeout <time>]\n"
        "                    [--jobs <n>] [--rebuild] [--json] [--junit <file>] [-o <folder>] [--force]",
        description="Build a queue in cells, boot the result, and try the exploits on base and queue.",
    )
    question_options(made)
    made.add_argument("--queue", metavar="<folder>", type=Path, help="a queue written by git xsa-export")
    made.add_argument("--cell", metavar="<name>", action="append", default=[], help="build in this cell; all: in each")
    made.add_argument("--each", action="store_true", help="prove each advisory by itself")
    made.add_argument("--every-commit", action="store_true", help="build after each patch of the queue")
    made.add_argument("--boot", action="store_true", help="boot base and queue in QEMU")
    made.add_argument("--exploit", action="store_true", help="try the exploits of the advisories on base and queue")
    made.add_argument("--run", metavar="<command>", help="run this command in each built tree")
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    made.add_argument("--search", action="store_true", help="find what the queue lacks if it does not build in a cell")
    made.add_argument(
        "--build-timeout", metavar="<time>", type=seconds, default=BUILD_LIMIT,
        help="end a build after this time: 90, 90s, 30m, 2h (default: 2h)",
    )  # fmt: skip
    made.add_argument(
        "--boot-timeout", metavar="<time>", type=seconds, default=BOOT_LIMIT, help="end a boot (default: 60s)"
    )
    made.add_argument("--jobs", metavar="<n>", type=jobs, help="run this many jobs at once (default: the processors)")
    made.add_argument("--rebuild", action="store_true", help="repeat what was proved before")
    json_option(made)
    junit_option(made)
    made.add_argument("-o", "--output", metavar="<folder>", type=Path, help="write results and logs into this folder")
    made.add_argument("--force", action="store_true", help="replace a folder of results that was changed")
    made.add_argument("patches", nargs="*", metavar="<commit>", help="commits of the branch, or patch files")
    return made


def run(options: argparse.Namespace) -> int:
    """Prove what the options name and return the exit status: 0 nothing is wrong with the queue, 1 something is, 2
    there is no queue, 3 nothing could be judged."""
    _check(options)
    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        named = options.cell or session.settings.of(ProofSettings).cells or DEFAULT
        cells = find_cells(named, cell_settings(session.settings.configured))
        _check_output(session, options)
        with Progress() as progress:
            session.repository.on_progress = progress.detail
            base = find_base(session, options.onto, options.base_patches, tip=options.tip or "")
            asked, unproved = _asked(session, options, base)
        proofs = _prove(session, options, asked, cells) if asked else []
        if options.json:
            print(dumps(document(proofs, unproved)))
        print_notes(session)
    return status_of(proofs, unproved)


def _check(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when the options have no meaning together."""
    if not options.onto:
        raise problems.no_base()
    if options.xsa and options.patches:
        raise problems.one_kind_of_request("xsa-test", options.patches)
    if options.queue is not None and (options.xsa or options.patches or options.tip or options.each or options.search):
        raise problems.queue_reads_the_folder()
    if options.each and (options.every_commit or options.patches):
        raise problems.each_alone()
    if options.run is not None and not options.run.strip():
        raise problems.empty_run()
    if os.environ.get(HOOK):
        raise problems.no_build_in_a_hook()


def _check_output(session: Session, options: argparse.Namespace) -> None:
    """Raise ``XsaError`` when the results can't be written where they are to go: before hours of work, not after."""
    check_junit(session, options.junit)
    if options.output is not None:
        outside_repository(session, options.output)
        must_keep(Path(os.path.realpath(options.output)), options.force)


@dataclass(frozen=True)
class _Asked:
    """A queue to prove, and the answer that it is from; one that was exported has none."""

    stack: Stack
    verdict: Verdict | None = None


def _asked(session: Session, options: argparse.Namespace, base: Commit) -> tuple[list[_Asked], list[Unproved]]:
    """Return the queues to prove, and what has none."""
    if options.queue is not None:
        return [_Asked(of_folder(session, options.queue, base))], []
    commits, files = sort_out(session.repository, options.patches)
    request = Request(tuple(sorted(set(options.xsa))), tuple(commits), tuple(files), options.tip or "")
    if options.each:
        tip = session.commit(options.tip) if options.tip else tip_for(session, base)
        numbers = request.xsa or tuple(outstanding(session, base, tip))
        questions = [one_queue(ask(session, base, tip, [n], named=bool(request.xsa))) for n in numbers]
    else:
        questions = [request.question(session, base)]
    verdicts = [question.answer(session.quarantine) for question in questions]
    unproved = []
    asked = []
    for verdict in verdicts:
        if verdict.state in BUILDABLE and verdict.queue:
            if verdict.doubt is not None:
                aside.warning(remarks.misplaced_by_git())
            asked.append(_Asked(of_verdict(session, verdict), verdict))
        else:
            unproved.append(_without_queue(session, verdict))
    return asked, unproved


def _without_queue(session: Session, verdict: Verdict) -> Unproved:
    """Say that there is no queue to prove, and why; return it as part of the result."""
    from git_xsa.report.as_text import headline, left_out  # noqa: PLC0415 - the usual case proves something

    aside.error(remarks.nothing_to_prove(headline(verdict)))
    for words in left_out(verdict):
        aside.note(words)
    if verdict.unknown:
        hint_unknown(session)
    impossible = verdict.state is State.CONFLICTS
    numbers = tuple(verdict.asked or verdict.xsa)
    unresolved = bool(verdict.unresolved)
    return Unproved(numbers, verdict.state.value, headline(verdict), impossible, unresolved)


def _prove(session: Session, options: argparse.Namespace, asked: list[_Asked], cells: list[Cell]) -> list[Proof]:
    wishes = Wishes(
        options.boot,
        options.exploit,
        options.every_commit,
        options.run or "",
        options.build_timeout,
        options.boot_timeout,
        options.jobs or len(os.sched_getaffinity(0)),
        options.rebuild,
    )
    progress = Progress()
    with Prover(session, wishes, progress.detail) as prover:
        if not prover.offline:
            aside.note(proof_remarks.builds_are_online())
        with progress:
            found = prover.prove([one.stack for one in asked], cells)
            if options.search:
                search = prover.searcher()
                for one, cells_of in zip(asked, found, strict=True):
                    assert one.verdict is not None, "--queue and --search cannot be combined"
                    cells_of[:] = [search.completed(*pair, one.verdict) for pair in zip(cells_of, cells, strict=True)]
        proofs = [
            Proof(
                (stack := one.stack).base,
                one.verdict.tip.name if one.verdict is not None else "",
                stack.xsa,
                stack.patches,
                tuple(stack.changed),
                stack.private,
                tuple(cells_of),
                one.verdict.left_out if one.verdict is not None else {},
                tuple(one.verdict.unresolved) if one.verdict is not None else (),
            )
            for one, cells_of in zip(asked, found, strict=True)
        ]
        _write(options, proofs)  # as long as there are the logs of what may be under embargo
        if not options.json:
            print_proofs(session.repository.git, proofs)
    return proofs


def _write(options: argparse.Namespace, proofs: list[Proof]) -> None:
    """Write the files that are asked for."""
    private = any(proof.private for proof in proofs)
    if options.junit is not None:
        from git_xsa.report.junit import write_result  # noqa: PLC0415 - only for who wants it
        from git_xsa.report.proof_junit import proof_junit  # noqa: PLC0415

        write_result(options.junit, proof_junit(proofs), private)
    if options.output is not None:
        from git_xsa.report.proof_folder import folder_files  # noqa: PLC0415

        kept = write_folder(options.output, folder_files(proofs), private, options.force)
        if kept is not None:
            aside.note(earlier_contents(options.output, kept))
