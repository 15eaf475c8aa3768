"""git xsa-export --into: the queue goes into a package."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.ask.base import find_base
from git_xsa.ask.verdict import State, Verdict
from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import TWICE, build_wishes, builder_for, hint_at_refresh, hint_unknown, print_notes
from git_xsa.export.exporter import Wish
from git_xsa.export.folder import MANIFEST
from git_xsa.export.into.package import open_package
from git_xsa.export.into.plan import Wanted, plan
from git_xsa.export.into.problems import NoPackage
from git_xsa.export.into.write import recover, write
from git_xsa.export.prepared import Style
from git_xsa.git.run import Git
from git_xsa.report import aside
from git_xsa.report.progress import Progress

if TYPE_CHECKING:
    from git_xsa.ask.request import Request
    from git_xsa.ask.session import Session
    from git_xsa.export.into.parts import Package
    from git_xsa.export.into.plan import Planned

#: The formats whose packages have a changelog with names in it.
_WITH_CHANGELOG = ("rpm", "debian")


def run_into(session: Session, options: argparse.Namespace, request: Request) -> int:
    """Put what ``request`` asks for into the package that the options name, and return the exit status: 0 all of it is
    in, 1 there is nothing to add or not all is right, 2 it can't be applied."""
    place = Path(options.into)
    package = open_package(place)
    if not options.dry_run and recover(package.top):
        package = open_package(place)
    if options.format not in (None, package.format):
        raise problems.other_format(package.place, package.format, options.format)
    release = find_base(session, options.onto) if options.onto else None
    wanted = Wanted(
        Wish(package.format, options.policy or "strict", options.refresh, request=request),
        options.start,
        Style(1, options.prefix, options.backport_names, options.package_version),
        options.drop_merged,
        _who(package),
        clock.now(),
    )
    with builder_for(session, build_wishes(options, session.settings.build)) as builder:
        planned = plan(session, package, release, wanted, builder)
    _write(session, planned, options)
    return _status(planned)


def run_verify(session: Session, options: argparse.Namespace) -> int:
    """Print whether the package that the options name is still right, and return the exit status: 0 it is, 1 something
    is to be done."""
    from git_xsa.documents import dumps  # noqa: PLC0415
    from git_xsa.export.into.state import state_of  # noqa: PLC0415 - only for this
    from git_xsa.report.package_state import print_state, state_document  # noqa: PLC0415

    try:
        package = open_package(options.verify)
    except NoPackage as error:
        raise problems.neither_export_nor_package(options.verify, MANIFEST, error.hint) from None
    release = find_base(session, options.onto) if options.onto else None
    with Progress() as progress:
        session.repository.on_progress = progress.detail
        found = state_of(session, package, release, options.tip or "")
    if options.json:
        print(dumps(state_document(found)))
    else:
        print_state(session.repository.git, found)
    for note in found.on.notes:
        aside.note(note)
    if found.outdated:
        aside.hint(remarks.take_out_outdated())
    if not found.is_right:
        aside.hint(remarks.how_to_see_more(options.verify))
    return int(not found.is_right)


def _who(package: Package) -> str:
    """Return who writes the changelog, ``Name <address>``: as Debian's tools know it, or else git; nobody where there
    is none."""
    if package.format not in _WITH_CHANGELOG:
        return ""
    name, address = os.environ.get("DEBFULLNAME", ""), os.environ.get("DEBEMAIL", "") or os.environ.get("EMAIL", "")
    if package.format == "debian" and name and address:
        found = f"{name} <{address}>"
    else:
        with Git(package.top) as git:
            answer = git.call("var", "GIT_AUTHOR_IDENT", accept=(0, 128))
        found = answer.out.decode("utf-8", "replace").rpartition(">")[0] + ">"
        if answer.status or found == ">":
            raise problems.no_writer()
    if not found.isprintable():
        raise problems.writer_is_no_line()
    return found


def _write(session: Session, planned: Planned, options: argparse.Namespace) -> None:
    """Write what is planned, or show it, and say so."""
    ready = planned.ready
    verdict = ready if isinstance(ready, Verdict) else ready.verdict
    if planned.private and planned.items and options.embargoed < TWICE:
        raise problems.embargoed_package()
    from git_xsa.report.into_text import document, print_into  # noqa: PLC0415 - not needed to fail

    if options.dry_run:
        from git_xsa.export.into.shown import diff_of  # noqa: PLC0415 - only to show it

        diff = diff_of(planned.change)
        if options.json:
            from git_xsa.documents import dumps  # noqa: PLC0415

            print(dumps(document(planned, diff)))
        else:
            _print_bytes(diff)
    else:
        write(planned.change, planned.private)
        if options.json:
            from git_xsa.documents import dumps  # noqa: PLC0415

            print(dumps(document(planned, None)))
        else:
            print_into(session.repository.git, planned)
    for note in planned.notes:
        aside.note(note)
    _say_merged(planned)
    print_notes(session)
    hint_at_refresh(verdict, options)
    if verdict.unknown:
        hint_unknown(session)
    if isinstance(ready, Verdict):
        _say_nothing(ready, options)


def _say_nothing(verdict: Verdict, options: argparse.Namespace) -> None:
    """Say why no patch goes in where nothing has said it, and what to do about conflicts."""
    if options.dry_run and not options.json:
        from git_xsa.report.as_text import headline  # noqa: PLC0415 - only to fail

        aside.note(remarks.nothing_to_put_in(headline(verdict)))
    if verdict.state is State.CONFLICTS:
        if verdict.rest is not None and not options.keep_going:
            aside.hint(remarks.how_to_keep_going())
        aside.hint(remarks.how_to_adapt())


def _print_bytes(text: bytes) -> None:
    """Print ``text`` as it is for a program, and without control characters on a terminal."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        from git_xsa.report.plain import printable  # noqa: PLC0415 - only for a terminal

        sys.stdout.write(printable(text.decode("utf-8", "surrogateescape")))
    else:
        sys.stdout.buffer.write(text)


def _say_merged(planned: Planned) -> None:
    """Name the patches that the release has already."""
    for one in planned.standing.merged:
        dropped = one.file.name in planned.dropped
        said = remarks.in_the_release(one.file.name, sorted(one.advisories), dropped)
        if dropped:
            aside.note(said)
        else:
            aside.warning(said)
            aside.hint(remarks.how_to_drop())


def _status(planned: Planned) -> int:
    ready = planned.ready
    if isinstance(ready, Verdict):
        if ready.state is State.CONFLICTS:
            return 2
        if ready.build is not None and ready.build.state.status:
            return ready.build.state.status
        return int(not planned.dropped)
    left = [one for one in planned.standing.merged if one.file.name not in planned.dropped]
    return int(bool(ready.verdict.unresolved or left))
