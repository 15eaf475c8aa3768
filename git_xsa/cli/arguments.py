"""Options that several commands share."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.cli import problems, remarks
from git_xsa.report import aside
from git_xsa.report.remarks import how_to_import
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.ask.session import Session
    from git_xsa.ask.verdict import Verdict
    from git_xsa.proof.search.builder import Builder, BuildOptions

#: Set by whatever runs a command as part of a hook: nothing is built there.
HOOK = "GIT_XSA_HOOK"
#: How often ``--embargoed`` has to be given before patch files that may be under embargo go into a branch or package.
TWICE = 2
#: What the process ends with, in argparse's eyes, after ``--version``.
VERSIONS_SHOWN = "versions"
#: Letters after a number of seconds, minutes, hours.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def advisory_numbers(text: str) -> list[int]:
    """Return the advisories in ``text``: numbers, with or without ``XSA-``, with commas between them."""
    numbers = []
    for word in text.split(","):
        found = re.fullmatch(r"\s*(?:XSA-?)?([0-9]{1,9})\s*", word, re.IGNORECASE)
        if found is None:
            raise problems.not_an_advisory(word)
        if not int(found[1]):
            raise problems.no_xsa_0()
        numbers.append(int(found[1]))
    return numbers


def hint_unknown(session: Session) -> None:
    """Print once what to do about advisories that nothing is known of."""
    aside.hint(how_to_import())
    if session.repository.shallow:  # what fixes them may be in the part that is cut off
        aside.hint(session.repository.missing_hint())


class ShowVersions(argparse.Action):
    """Print the versions and end: whatever else is on the command line, or is missing there, does not matter."""

    def __call__(self, *_: object) -> None:
        """Print them; raises ``SystemExit`` with ``VERSIONS_SHOWN``."""
        print_versions()
        raise SystemExit(VERSIONS_SHOWN)


def print_versions() -> None:
    """Print the versions that a report of a mistake needs."""
    import platform  # noqa: PLC0415 - slow to load, and rarely asked for

    from git_xsa import __version__  # noqa: PLC0415
    from git_xsa.cli.origin import origin  # noqa: PLC0415
    from git_xsa.git.run import Git  # noqa: PLC0415

    print(f"git-xsa {__version__} (Python {platform.python_version()}, {platform.system()})")
    print(origin())
    with Git() as git:
        print(git.text("version"))


def common_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet``, ``--history`` and ``--version``, which all commands have, to ``parser`` and its actions."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in dict.fromkeys(action.choices.values()):
                common_options(choice)
    parser.add_argument(
        "-q", "--quiet", action="store_true", default=argparse.SUPPRESS,
        help="print only results, warnings and errors",
    )  # fmt: skip
    parser.add_argument(
        "--history", metavar="<clone directory>", default=argparse.SUPPRESS,
        help="work in this clone of the project's repository instead of the current one",
    )  # fmt: skip
    parser.add_argument("--version", action=ShowVersions, nargs=0, dest=argparse.SUPPRESS, help="print the versions")


def base_patches_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--base-patches``."""
    parser.add_argument(
        "--base-patches", metavar="<package>", action="append", default=[],
        help="apply the patches of a package to the base first: its series, spec, APKBUILD, ebuild or folder",
    )  # fmt: skip


def bases_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--onto``, for several bases, and ``--base-patches``."""
    parser.add_argument(
        "--onto", metavar="<base>", action="append", default=[],
        help="this release or commit instead of the newest releases; can be given several times",
    )  # fmt: skip
    base_patches_option(parser)


def branches_options(parser: argparse.ArgumentParser) -> None:
    """Add what chooses among branches and advisories: ``--branch``, ``--all`` and ``--xsa``."""
    parser.add_argument("--branch", metavar="<pattern>", help="only stable branches whose name or version matches")
    parser.add_argument("--all", action="store_true", help="include branches without security support")
    parser.add_argument(
        "--xsa", metavar="<n>", type=advisory_numbers, action="extend", default=[],
        help="only these advisories (default: all that are outstanding)",
    )  # fmt: skip


def place_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--place``."""
    parser.add_argument(
        "--place", metavar="before|after|<patch>", default="",
        help="put the queue before or after the patches of --base-patches, or before the one with this name",
    )  # fmt: skip


def check_place(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` if there is nothing to have a place in."""
    if options.place and not options.base_patches:
        raise problems.place_without_package()


def question_options(parser: argparse.ArgumentParser) -> None:
    """Add what a question is about: ``--onto``, ``--base-patches``, ``--tip`` and ``--xsa``."""
    parser.add_argument(
        "--onto", metavar="<base>", help="the base to which the patches are applied: a release tag or any commit"
    )
    base_patches_option(parser)
    parser.add_argument("--tip", metavar="<ref>", help="the branch (or commit) that has the prerequisites")
    parser.add_argument(
        "--xsa", metavar="<n>", type=advisory_numbers, action="extend", default=[],
        help="only the fixes of these advisories (default: all that are outstanding)",
    )  # fmt: skip


def follow_ups_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--follow-ups``."""
    from git_xsa.model.follow_ups import FOLLOW_UPS  # noqa: PLC0415 - for who has it

    parser.add_argument(
        "--follow-ups", nargs="?", const="add", choices=FOLLOW_UPS, metavar="list|add|ignore",
        help="add later commits that fix a commit of the queue, or only list them (the default)",
    )  # fmt: skip


def hint_at_refresh(verdict: Verdict, options: argparse.Namespace) -> None:
    """Say what to do about patches that --refresh was to help and that ``verdict`` leaves out, where adapted patches
    are in its queue: it does not go on with these."""
    queue = verdict if verdict.left_out and verdict.rest is None else verdict.rest
    if options.refresh and queue is not None and queue.adapted:
        aside.hint(remarks.adapt_those_too())


def print_notes(session: Session) -> None:
    """Print what there is to say of the base."""
    for note in session.notes:
        aside.note(note)


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def junit_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--junit``."""
    parser.add_argument("--junit", metavar="<file>", type=Path, help="also write the results for a CI server")


def check_junit(session: Session, target: Path | None) -> None:
    """Raise ``XsaError`` when the file of ``--junit`` can't be written: before the work, not after it."""
    if target is not None:
        from git_xsa.report.junit import check_place  # noqa: PLC0415 - only for who wants it

        outside_repository(session, target)
        check_place(target)


def outside_repository(session: Session, target: Path) -> None:
    """Raise ``XsaError`` when ``target`` is in the repository's own folder, which may be pushed to or served."""
    if session.repository.folder in target.resolve().parents:
        raise problems.inside_repository(target, session.repository.folder)


def build_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--build`` and what goes with it."""
    parser.add_argument("--build", metavar="<command>", help="make sure that the queue builds with this command")
    parser.add_argument("--no-build", action="store_true", help="do not build, even if xsa.build is set")
    parser.add_argument(
        "--build-timeout", metavar="<time>", type=seconds, help="end a build after this time: 90, 90s, 30m, 2h"
    )
    parser.add_argument("--jobs", metavar="<n>", type=jobs, help="let make run this many jobs at once")
    parser.add_argument("--quick", action="store_true", help="do not repeat the build without each prerequisite")
    parser.add_argument("--rebuild", action="store_true", help="repeat builds whose outcome is cached")


def seconds(text: str) -> float:
    """Return the time that an option gives, in seconds."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smh]?)", text)
    if found is None or not float(found[1]):
        raise problems.not_a_length_of_time(text)
    return float(found[1]) * _UNITS[found[2]]


def jobs(text: str) -> int:
    """Return the number of jobs that an option gives."""
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise problems.not_a_number_of_jobs(text)
    return int(text)


def build_wishes(options: argparse.Namespace, setting: str) -> BuildOptions | None:
    """Return how to build, ``None`` for not at all; ``setting`` is the command that git's configuration has.

    Raises ``UsageError`` when the options have no meaning together, and for ``--build`` in a hook.
    """
    if options.build is not None and options.no_build:
        raise problems.exclusive("--build", "--no-build")
    if options.build is not None and not options.build.strip():
        raise problems.empty_build()
    if options.build is not None and os.environ.get(HOOK):
        raise problems.no_build_in_a_hook()
    command = None if options.no_build or os.environ.get(HOOK) else options.build or setting.strip()
    if not command:
        if options.build_timeout or options.jobs or options.quick or options.rebuild:
            raise problems.options_require_a_build()
        return None
    from git_xsa.proof.search.builder import BuildOptions  # noqa: PLC0415 - only for who builds

    return BuildOptions(command, options.build_timeout, options.jobs, options.quick, options.rebuild)


@contextlib.contextmanager
def builder_for(session: Session, wishes: BuildOptions | None) -> Iterator[Builder | None]:
    """Return what builds queues, ``None`` without ``wishes``; its tree is gone afterwards.

    On a terminal, each build is announced on standard error.
    """
    if wishes is None:
        yield None
        return
    from git_xsa.proof.search.builder import Builder  # noqa: PLC0415

    def say(words: Remark) -> None:
        if sys.stderr.isatty() and not aside.is_quiet():
            aside.plain(words)

    with Builder(session, wishes, say, aside.note) as builder:
        yield builder


def built(session: Session, verdicts: Iterable[Verdict], wishes: BuildOptions | None) -> Iterator[Verdict]:
    """Yield ``verdicts`` with what their queues need to build; the same ones without ``wishes``."""
    with builder_for(session, wishes) as builder:
        for verdict in verdicts:
            yield builder.improve(verdict) if builder is not None else verdict


def instant(text: str) -> int:
    """Return the instant that an option names, in seconds since 1970."""
    from git_xsa.model.instant import parse_instant  # noqa: PLC0415 - only for who gives one

    try:
        return parse_instant(text)
    except ValueError as error:
        raise problems.not_a_time(text, error) from None
