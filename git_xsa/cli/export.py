"""git xsa-export: the ordered queue for one base, in the form that a packager's build takes."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

from git_xsa.ask.base import find_base
from git_xsa.ask.commits import sort_out
from git_xsa.ask.request import Request
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import State, Verdict
from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import (
    TWICE,
    build_options,
    build_wishes,
    builder_for,
    check_place,
    follow_ups_option,
    hint_at_refresh,
    hint_unknown,
    json_option,
    place_option,
    print_notes,
    question_options,
)
from git_xsa.export.exporter import Ready, Wish, files_of, prepare, refused_behind
from git_xsa.export.folder import is_export, write_folder
from git_xsa.export.formats import FORMATS
from git_xsa.export.package_version import changelog_of, described, next_in_changelog
from git_xsa.export.policy import POLICIES
from git_xsa.export.prepared import Style
from git_xsa.export.remarks import earlier_contents
from git_xsa.git.repository import Commit
from git_xsa.report import aside
from git_xsa.report.placement import REFUSED
from git_xsa.report.progress import Progress
from git_xsa.report.remarks import behind_is_refused, choose_another_place
from git_xsa.wording import Remark


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-export",
        usage="git xsa-export --onto <base> [--base-patches <package>]... [--place <place>] [--tip <ref>]\n"
        "                      [--xsa <n>[,<n>]... | <commit>... | <patch file>...]\n"
        "                      [--format <format>] [-o <folder>] [--policy <policy>] [--refresh] [--keep-going]\n"
        "                      [--start <n>] [--prefix <text>] [--backport-names] [--package-version <version>]\n"
        "                      [--build <command>] [--no-symbols] [--proof <folder>] [--force] [--json]\n"
        "   or: git xsa-export --into <package> [--onto <base>] [--drop-merged] [--dry-run] [<options as above>]\n"
        "   or: git xsa-export --verify <folder> --onto <base> [--policy <policy>] [--json]\n"
        "   or: git xsa-export --verify <package> [--onto <base>] [--tip <ref>] [--json]",
        description="Write the queue of patches for a base in the form that a build takes.",
    )
    question_options(made)
    place_option(made)
    follow_ups_option(made)
    made.add_argument("--format", choices=FORMATS, help="the format to write (default: series)")
    made.add_argument(
        "-o", "--output", metavar="<folder>", help="the folder to write, or the branch (default: xsa-<base>)"
    )
    made.add_argument("--policy", choices=POLICIES, help="the program that will apply the patches (default: strict)")
    made.add_argument(
        "--refresh", action="store_true",
        help="leave out prerequisites that only context needs, and refresh that context",
    )  # fmt: skip
    made.add_argument("--start", metavar="<n>", type=_number, help="the number of the first patch (default: 1)")
    made.add_argument("--prefix", metavar="<text>", type=_prefix, default="", help="the prefix of every file name")
    made.add_argument(
        "--backport-names", action="store_true", help="name prerequisites backport-<12 digits of the upstream commit>"
    )
    made.add_argument(
        "--package-version", metavar="<version>", type=_version, default="", help="the version to name in changelogs"
    )
    made.add_argument("--force", action="store_true", help="replace an export that was changed, or an existing branch")
    made.add_argument(
        "--keep-going", action="store_true", help="leave out the advisories that can't be applied, and write the others"
    )
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    made.add_argument(
        "--embargoed", action="count", default=0, help="given twice: put patch files into a branch anyway"
    )
    made.add_argument("--proof", metavar="<folder>", type=Path, help="include what git xsa-test proved of the queue")
    made.add_argument(
        "--verify", metavar="<folder>", type=Path, help="check a folder that was exported before, or a package"
    )
    made.add_argument("--into", metavar="<package>", help="put the queue into this package: its list, its changelog")
    made.add_argument("--drop-merged", action="store_true", help="take out the package's patches that the base has")
    made.add_argument("--dry-run", action="store_true", help="print what would become of the package, as a diff")
    json_option(made)
    build_options(made)
    made.add_argument("patches", nargs="*", metavar="<commit>", help="commits of the branch, or patch files")
    return made


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise problems.not_a_patch_number(text)
    return int(text)


def _prefix(text: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9_][A-Za-z0-9._+-]{0,59})?", text):
        raise problems.not_a_prefix(text)
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9][A-Za-z0-9.+:~_-]{0,99})?", text):
        raise problems.not_a_package_version(text)
    return text


def run(options: argparse.Namespace) -> int:
    """Export what the options name and return the exit status: 0 it is written, 1 there is nothing to write,
    or not all that was asked for, 2 it can't be applied or does not build.  With ``--verify``: 0 all is well, 1
    something is not.
    """
    _check(options)
    with Session(symbols=not options.no_symbols, now=clock.now()) as session:
        session.follow_ups = options.follow_ups or session.follow_ups
        if options.into is not None:
            from git_xsa.cli.export_into import run_into  # noqa: PLC0415 - not needed for a folder

            return run_into(session, options, _request(session, options))
        if options.verify is not None and not is_export(options.verify):
            from git_xsa.cli.export_into import run_verify  # noqa: PLC0415 - not needed for a folder

            return run_verify(session, options)
        options.format, options.start = options.format or "series", 1 if options.start is None else options.start
        base = find_base(session, options.onto, options.base_patches, options.place, options.tip or "")
        if base.passing and options.format == "branch":
            raise problems.branch_needs_a_commit(base.release or base.name)
        if options.verify is not None:
            from git_xsa.export.verify import verify  # noqa: PLC0415 - not needed to export
            from git_xsa.report.export_text import print_check  # noqa: PLC0415

            found = verify(session, options.verify, base, options.policy)
            print_check(session.repository.git, found, options.verify, base, options.json)
            return int(bool(found.problems or found.diff))
        return _export(session, options, base)


def _check(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when the options have no meaning together."""
    check_place(options)
    if options.into is not None:
        _check_into(options)
    elif options.drop_merged or options.dry_run:
        raise problems.nothing_to_put_into()
    elif not options.onto and (options.verify is None or is_export(options.verify)):
        raise problems.no_base()
    if options.xsa and options.patches:
        raise problems.one_kind_of_request("xsa-export", options.patches)
    if options.verify is not None and (options.xsa or options.patches or options.output or options.refresh):
        raise problems.request_is_in_the_folder()
    if options.keep_going and (options.patches or options.verify is not None):
        raise problems.keep_going_needs_advisories()
    if options.proof is not None and (options.verify or options.into or options.format == "branch"):
        raise problems.proof_needs_a_folder()
    if options.verify is not None and options.build is not None:
        raise problems.verify_builds_nothing()


def _check_into(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` when something goes into a package that can't."""
    if options.verify is not None or options.output or options.base_patches or options.force:
        raise problems.into_reads_the_package()


def _export(session: Session, options: argparse.Namespace, base: Commit) -> int:
    with Progress() as progress:
        session.repository.on_progress = progress.detail
        request = _request(session, options)
        question = request.question(session, base)
    if options.format == "branch" and question.private and options.embargoed < TWICE:
        what = "the advisories" if question.secret else "patch files"
        raise problems.embargoed_branch(what)
    style = _style(session, options, base)
    wish = Wish(options.format, options.policy or "strict", options.refresh, style, request)
    with builder_for(session, build_wishes(options, session.settings.build)) as builder:
        ready = prepare(session, question, wish, builder)
    if isinstance(ready, Verdict):
        return _nothing(session, ready, options)
    stuck = refused_behind(session, ready)
    if stuck is not None:
        error = problems.nothing_written(behind_is_refused(stuck.name, base.name, stuck.places), choose_another_place())
        error.status = REFUSED
        raise error
    if options.proof is not None:
        from git_xsa.export.proofs import read_proof  # noqa: PLC0415 - only for who has proved it

        ids = [patch.id for patch in ready.queue.patches]
        ready = replace(ready, queue=replace(ready.queue, proof=read_proof(options.proof, base.id, ids)))
    where, kept = _write(session, options, ready, wish, question.private)
    from git_xsa.documents import dumps  # noqa: PLC0415
    from git_xsa.report.export_text import document, print_export  # noqa: PLC0415 - not needed to fail

    if options.json:
        print(dumps(document(ready, wish.format, where)))
    else:
        print_export(session.repository.git, ready, wish, where)
    for note in kept:
        aside.note(note)
    print_notes(session)
    hint_at_refresh(ready.verdict, options)
    if ready.verdict.unknown:
        hint_unknown(session)
    return int(bool(ready.verdict.unresolved))


def _style(session: Session, options: argparse.Namespace, base: Commit) -> Style:
    version, upstream = options.package_version, ""
    if options.format == "debian" and not version:
        changelog = changelog_of([*options.base_patches, options.onto, "."])
        version = next_in_changelog(changelog) if changelog is not None else ""
        upstream = described(session.repository, base, session.settings.release_tag)
    return Style(options.start, options.prefix, options.backport_names, version, upstream)


def _request(session: Session, options: argparse.Namespace) -> Request:
    """Return what the options ask for."""
    commits, files = sort_out(session.repository, options.patches)
    return Request(
        tuple(sorted(set(options.xsa))),
        tuple(commits),
        tuple(files),
        options.tip or "",
        not options.no_symbols,
        build_wishes(options, session.settings.build) is not None,
        options.keep_going,
    )


def _write(
    session: Session, options: argparse.Namespace, ready: Ready, wish: Wish, private: bool
) -> tuple[str, list[Remark]]:
    """Write the export, for the user alone if it is ``private``; return where it is, and what else is to be known."""
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", ready.queue.base).strip("-.")
    if wish.format == "branch":
        from git_xsa.export.branch import check_name, write_branch  # noqa: PLC0415 - for this format alone

        branch = options.output or f"xsa/{name}"
        old = check_name(session, branch, options.force)
        write_branch(session, ready, branch, options.force)
        return branch, [remarks.branch_was_at(branch, old)] if old else []
    target = Path(options.output or f"xsa-{name}")
    if session.repository.folder in target.resolve().parents:  # which may be pushed to, or served
        raise problems.output_inside_repository(target, session.repository.folder)
    kept = write_folder(target, files_of(ready, wish), private, options.force)
    notes = [earlier_contents(target, kept)] if kept else []
    from git_xsa.advisory.store import repository_above  # noqa: PLC0415

    repository = repository_above(target) if private else None
    if repository is not None:
        notes.append(remarks.do_not_commit(target, repository))
    return str(target), notes


def _nothing(session: Session, verdict: Verdict, options: argparse.Namespace) -> int:
    """Say why nothing is written and return the exit status."""
    if verdict.state is State.CONFLICTS:
        from git_xsa.report.as_text import print_verdict  # noqa: PLC0415 - the usual case writes something
        from git_xsa.report.style import lines  # noqa: PLC0415

        if not options.json:
            output = lines(session.repository.git, sys.stdout.isatty())
            print_verdict(output, verdict, why=False, refreshed=options.refresh)
    from git_xsa.documents import dumps  # noqa: PLC0415
    from git_xsa.report.as_json import verdict_document  # noqa: PLC0415
    from git_xsa.report.as_text import headline, left_out  # noqa: PLC0415

    if options.json:
        print(dumps(verdict_document(verdict)))
    if verdict.build is not None and verdict.build.state.status:
        from git_xsa.report.build import print_build_failures  # noqa: PLC0415

        print_build_failures([verdict])
        aside.plain(remarks.nothing_written(""))
        return verdict.build.state.status
    aside.plain(remarks.nothing_written(headline(verdict)))
    for words in left_out(verdict) if verdict.state is not State.CONFLICTS else ():
        aside.note(words)
    if verdict.unknown:
        hint_unknown(session)
    hint_at_refresh(verdict, options)
    if verdict.rest is not None and not options.keep_going:
        aside.hint(remarks.how_to_keep_going())
    return 2 if verdict.state is State.CONFLICTS else 1
