"""A run of git xsa-release as the commands start it: what it says goes to standard output."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from git_xsa.cli.arguments import HOOK
from git_xsa.report.plain import printable
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.ask.session import Session
    from git_xsa.release.record import Record, Records
    from git_xsa.release.work import Work


def work_on(session: Session, records: Records, record: Record, options: argparse.Namespace) -> Work:
    """Return the run of ``record``, with what the options say of it."""
    from git_xsa.release.work import Work  # noqa: PLC0415 - not for the usage
    from git_xsa.report.as_json import verdict_document  # noqa: PLC0415

    return Work(session, records, record, say, verdict_document, build_command(options, session.settings.build))


def say(text: Remark) -> None:
    """Print a line of what happens."""
    print(printable(text), flush=True)


def build_command(options: argparse.Namespace, setting: str) -> str:
    """Return the command that builds, empty for none."""
    if options.no_build or os.environ.get(HOOK):
        return ""
    return (options.build if options.build is not None else setting).strip()
