"""git xsa-release: make point releases, with everything that belongs to them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import advisory_numbers
from git_xsa.cli.release_work import say, work_on
from git_xsa.errors import XsaError
from git_xsa.release.settings import ReleaseSettings
from git_xsa.report import aside
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.ask.session import Session
    from git_xsa.git.branches import Branch
    from git_xsa.release.plan import Plan
    from git_xsa.release.record import Record, Records
    from git_xsa.release.work import Work


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-release",
        usage="git xsa-release (<version>... | --all) [--dry-run] [--push] [-o <folder>]\n"
        "                       [--build <command> | --no-build] [--skip-xsa <n>[,<n>]...]\n"
        "   or: git xsa-release (--continue | --abandon) [<version>...] [--push]\n"
        "   or: git xsa-release --from-tag <tag> [--background] [-o <folder>]",
        description="Make point releases: version commit, signed tag, tarballs, announcement.",
    )
    made.add_argument("version", metavar="<version>", nargs="*", help="the release to make: 4.21.2")
    made.add_argument("--all", action="store_true", help="make the next release of each branch that has one due")
    made.add_argument("--dry-run", action="store_true", help="show what would be done, and change nothing")
    made.add_argument("--push", action="store_true", help="push branch and tag at the end")
    made.add_argument("--continue", dest="go_on", action="store_true", help="resume an unfinished release")
    made.add_argument("--abandon", action="store_true", help="undo a release that was not pushed")
    made.add_argument("--from-tag", metavar="<tag>", help="make tarballs and announcement for an existing tag")
    made.add_argument("--background", action="store_true", help="with --from-tag: return at once, and write a log")
    made.add_argument("-o", "--output", metavar="<folder>", help="the folder for the files (default: in the store)")
    made.add_argument("--build", metavar="<command>", help="build the contents of the tarball with this command")
    made.add_argument("--no-build", action="store_true", help="do not build, even if xsa.build is set")
    made.add_argument(
        "--skip-xsa", metavar="<n>", type=advisory_numbers, action="extend", default=[],
        help="do not require these advisories: the branch needs none of their patches",
    )  # fmt: skip
    return made


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns 0 when it is done, 1 when a condition does not hold."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - not needed to print the usage
    from git_xsa.ask.session import Session  # noqa: PLC0415
    from git_xsa.git.programs import OF_HOOKS  # noqa: PLC0415
    from git_xsa.release.record import Records  # noqa: PLC0415

    _check(options)
    with Session(now=clock.now()) as session:
        for name in OF_HOOKS:  # the session knows it; others must not
            os.environ.pop(name, None)
        records = Records(open_store(session.settings))
        if options.from_tag is not None:
            return _follow_tag(session, records, options)
        if options.go_on or options.abandon:
            return _resume(session, records, options)
        return _release(session, records, options)


def _check(options: argparse.Namespace) -> None:
    given = {"--continue": options.go_on, "--abandon": options.abandon, "--all": options.all}
    given["--from-tag"] = options.from_tag is not None
    modes = [name for name, is_given in given.items() if is_given]
    if len(modes) > 1:
        raise problems.exclusive(modes[0], modes[1])
    if (options.all or options.from_tag is not None) and options.version:
        raise problems.mode_without_version(modes[0], options.version[0])
    if not modes and not options.version:
        raise problems.no_version()
    if options.push and (options.abandon or options.from_tag is not None):
        raise problems.push_excluded(modes[0])
    if options.background and options.from_tag is None:
        raise problems.background_needs_a_tag()
    if options.build is not None and (options.no_build or not options.build.strip()):
        raise problems.build_needs_a_command()


# begin


def _release(session: Session, records: Records, options: argparse.Namespace) -> int:
    """Judge all that is asked for, and then, if everything holds, make it."""
    from git_xsa.release.plan import branch_of, make_plan  # noqa: PLC0415
    from git_xsa.release.runs import known, new_record  # noqa: PLC0415

    now = clock.now()
    for version in options.version:
        begun = known(records, session.repository, version)
        if begun is not None:
            raise _begun(begun)
    branches = _due(session, now) if options.all else [branch_of(session, version) for version in options.version]
    if not branches:
        say(remarks.none_is_due())
        return 0
    folder = _folder(session, options)
    works: list[tuple[Plan, Work]] = []
    for branch in dict.fromkeys(branches):
        plan = make_plan(session, branch, now)
        begun = known(records, session.repository, plan.name)
        if begun is not None:
            raise _begun(begun)
        record = new_record(session.repository, records, plan, folder)
        record.skipped = sorted(set(options.skip_xsa))
        works.append((plan, work_on(session, records, record, options)))
    holds = [_listed(plan, work, now, options) for plan, work in works]
    for plan, work in compress(works, holds) if options.dry_run else ():
        _print_steps(plan, work, options.push)
    if not all(holds):
        aside.error(remarks.nothing_changed(holds.count(False), len(works)))
        return 1
    if options.dry_run:
        return 0
    with ExitStack() as locks:
        for plan, work in works:
            locks.enter_context(records.lock(plan.name))
            begun = known(records, session.repository, plan.name)  # by somebody else, since it was looked at
            if begun is not None:
                raise _begun(begun)
            work.record.others = [other.name for other, _ in works if other is not plan]
            work.say = _indented
        _go_all([work for _, work in works], records, options)
    return 0


def _go_all(works: Sequence[Work], records: Records, options: argparse.Namespace) -> None:
    """Do what is left of the runs, and sum up those that came to their end, also when one fails."""
    from git_xsa.release.runs import go  # noqa: PLC0415

    made: list[Work] = []
    try:
        for work in works:
            say(remarks.now_making(work.record.tag))
            go(work, clock.now, options.push)
            made.append(work)
    finally:
        _print_end([work for work in made if work.record.kind == "release"])
        _print_not_begun(works, records, options.push)


def _print_not_begun(works: Sequence[Work], records: Records, pushing: bool) -> None:
    """Print which releases that were to be made together with ``works`` were not begun, and the command for them."""
    from git_xsa.release.runs import place_for  # noqa: PLC0415

    asked = dict.fromkeys(name for work in works for name in (work.record.version, *work.record.others))
    left = [name for name in asked if records.read(name) is None and not _is_tagged(works[0], name)]
    if left:
        record = works[0].record
        words = ["git", "xsa-release", *left, *(["--push"] if pushing else [])]
        if Path(record.folder) != place_for(records, record.version, None):
            words += ["-o", record.folder]
        say(remarks.not_started(left, words))


def _is_tagged(work: Work, version: str) -> bool:
    name = work.session.settings.release_tag.replace("*", version)
    return work.repository.read(f"refs/tags/{name}") is not None


def _begun(record: Record) -> XsaError:
    if record.finished:
        return problems.release_finished(record.version)
    return problems.release_unfinished(record.version)


def _due(session: Session, now: int) -> list[Branch]:
    """Return the branches with a release due, as git xsa-status shows them; a freeze is a condition that comes later.

    Those on which a fix has to come first are left out, with a note: they would hold up all others.
    """
    from git_xsa.ask.targets import chosen as chosen_branches  # noqa: PLC0415
    from git_xsa.release.status import StatusReader  # noqa: PLC0415

    today = datetime.fromtimestamp(now, timezone.utc).date()
    chosen, left = chosen_branches(session, None, False, today)
    status = StatusReader(session, now).read(chosen, len(left), {branch.name for branch in chosen})
    late = [one for one in status.branches if one.due.late(now)]
    for one in late:
        if one.due.first:
            say(remarks.fix_comes_first(one.branch.name, one.due.first))
    return [one.branch for one in late if not one.due.first]


def _folder(session: Session, options: argparse.Namespace) -> Path | None:
    """Return the folder that was asked for, ``None`` for the one in the store."""
    if options.output is not None:
        return Path(options.output).absolute()
    return session.settings.of(ReleaseSettings).folder


def _listed(plan: Plan, work: Work, now: int, options: argparse.Namespace) -> bool:
    """Print every condition of a release, and return whether all hold."""
    from git_xsa.release.conditions import conditions  # noqa: PLC0415

    say(remarks.about_the_release(plan.tag, plan.branch.name, plan.last.name))
    holds = True
    for one in conditions(work, plan, now, options.skip_xsa, options.push):
        say(remarks.condition(one.name, one.holds, one.words, one.hint, one.remarks))
        holds &= one.holds
    return holds


def _print_steps(plan: Plan, work: Work, pushing: bool) -> None:
    """Print the steps of a release, with the edits that it would make."""
    from git_xsa.release.runs import steps_of  # noqa: PLC0415
    from git_xsa.release.shown import details  # noqa: PLC0415

    say(remarks.steps_of_the_release(plan.tag))
    for step in steps_of(work, pushing):
        if step.name == "build" and not work.build:
            continue
        say(remarks.step(step.name, step.title, list(details(work, step.name))))


def _indented(said: Remark) -> None:
    say(remarks.indented(said))


def _print_end(works: Sequence[Work]) -> None:
    """Print where everything is, and at last the commands that push it."""
    from git_xsa.release.steps import push_command  # noqa: PLC0415

    if works:
        say(NOTHING)
    for work in works:
        say(remarks.made_in(work.record.tag, work.record.folder))
    waiting = [work for work in works if work.record.remote and not work.record.pushed]
    if waiting:
        say(remarks.nothing_pushed(len(waiting) == len(works)))
    for work in waiting:
        say(remarks.command(push_command(work)))


# what follows a tag that a person has made


def _follow_tag(session: Session, records: Records, options: argparse.Namespace) -> int:
    """Make what follows the tag that the options name; returns 0, also when it was made or is being made already."""
    from git_xsa.release.tagged import follow, record_of, start  # noqa: PLC0415

    folder = Path(options.output).absolute() if options.output else session.settings.of(ReleaseSettings).folder
    record = record_of(session, records, options.from_tag.removeprefix("refs/tags/"), folder)
    if options.background:
        words = ["--output", str(Path(options.output).absolute())] if options.output else []
        words += ["--no-build"] if options.no_build else []
        version = tuple(map(int, record.version.split(".")))
        log = start(records, session.repository.folder, record.tag, version, words)
        say(remarks.being_packaged(record.tag, log))
        return 0
    ended = follow(records, record, lambda one: work_on(session, records, one, options), clock.now)
    say(remarks.made_in(record.tag, ended))
    return 0


# go on, or back


def _resume(session: Session, records: Records, options: argparse.Namespace) -> int:
    from git_xsa.release.runs import known, take_back  # noqa: PLC0415

    chosen = _chosen(session, records, options)
    for record in chosen if options.push else ():
        _find_remote(session, record)
    with ExitStack() as locks:
        works = []
        for record in chosen:
            locks.enter_context(records.lock(record.version))
            now = known(records, session.repository, record.version)  # somebody else may have come first
            if now is None:
                raise problems.undone_meanwhile(record.version)
            now.remote = now.remote or record.remote
            now.skipped = sorted({*now.skipped, *options.skip_xsa})
            works.append(work_on(session, records, now, options))
            works[-1].say = _indented
        if not options.abandon:
            _go_all(works, records, options)
            return 0
        for work in works:
            say(remarks.undoing(work.record.tag))
            take_back(work)
            _indented(remarks.undone())
    return 0


def _find_remote(session: Session, record: Record) -> None:
    """Let a run that had no remote have the one that there is now; ``XsaError`` when it can't be pushed."""
    from git_xsa.release.plan import remote_for  # noqa: PLC0415
    from git_xsa.release.remarks import add_a_remote  # noqa: PLC0415

    if record.kind != "release":
        raise problems.made_by_hand(record.tag)
    branch = next((one for one in session.branches.stable if one.name == record.branch), None)
    if not record.remote and branch is not None:
        record.remote = remote_for(session, branch)
    if not record.remote:
        raise problems.no_remote(record.version, add_a_remote())


def _chosen(session: Session, records: Records, options: argparse.Namespace) -> list[Record]:
    """Return the runs that are meant: those named, else the unfinished ones of this repository."""
    from git_xsa.release.runs import known  # noqa: PLC0415

    if not options.version:
        here = str(session.repository.folder)
        found = [record for record in records.all() if record.repository == here and not record.finished]
        if not found:
            raise problems.nothing_unfinished()
        if options.abandon and len(found) > 1:
            names = " ".join(record.version for record in found)
            raise problems.several_unfinished(names)
        return found
    chosen = []
    for version in options.version:
        record = known(records, session.repository, version)
        if record is None:
            raise problems.not_started(version)
        chosen.append(record)
    return chosen
