"""What follows a tag that a person has made: tarballs, build, signatures, announcement, never twice for one tag."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.errors import UsageError, XsaError
from git_xsa.model.release import Version, spelled
from git_xsa.release.settings import ReleaseSettings

if TYPE_CHECKING:
    from git_xsa.ask.session import Session
    from git_xsa.release.record import Record, Records


def follow_tag(session: Session, records: Records, options: argparse.Namespace) -> int:
    """Make what follows the tag that the options name; returns 0, also when it was made or is being made already."""
    from git_xsa.advisory.store import Locked  # noqa: PLC0415
    from git_xsa.cli import clock  # noqa: PLC0415
    from git_xsa.cli.release_work import say, work_on  # noqa: PLC0415
    from git_xsa.release.runs import go  # noqa: PLC0415
    from git_xsa.release.steps import verify_tag  # noqa: PLC0415

    record = _record(session, records, options)
    if options.background:
        words = ["--output", str(Path(options.output).absolute())] if options.output else []
        words += ["--no-build"] if options.no_build else []
        version = tuple(map(int, record.version.split(".")))
        log = start(records, session.repository.folder, record.tag, version, words)
        say(f"{record.tag}: tarballs and announcement are being made in the background; {log} shows the progress")
        return 0
    try:
        with records.lock(record.version):
            before = records.read(record.version)
            if before is not None:
                if before.tag_object != record.tag_object:
                    raise _another(records, before)
                if before.finished:
                    say(f"{record.tag}: already made, in {before.folder}")
                    return 0
                if before.kind != "packaging":
                    raise UsageError(
                        f"{record.tag} is being made by git xsa-release",
                        f"resume it: git xsa-release --continue {record.version}",
                    )
                record = before
            work = work_on(session, records, record, options)
            problem = verify_tag(work)
            if problem:
                raise XsaError(f"git does not accept the signature of {record.tag}: {problem}", "git verify-tag")
            say(f"{record.tag}: {record.tag_object[:12]}")
            go(work, clock.now)
            say(f"{record.tag}: {record.folder}")
    except Locked:
        say(f"{record.tag}: another process is making it")
    return 0


def _record(session: Session, records: Records, options: argparse.Namespace) -> Record:
    from git_xsa.model.release import belongs, newest, version_of  # noqa: PLC0415
    from git_xsa.release.edits import words_for  # noqa: PLC0415
    from git_xsa.release.runs import tagged_record  # noqa: PLC0415

    tag = options.from_tag.removeprefix("refs/tags/")
    version = version_of(tag, session.settings.release_tag)
    if version is None:
        raise UsageError(f"{tag} is not a release tag", f"release tags match {session.settings.release_tag}")
    tags = [(found, name) for name, (found, _) in session.branches.releases.items() if found < version]
    branch = next((one for one in session.branches.stable if belongs(version, one.version)), None)
    before = newest(tags, branch.version if branch is not None else version[:-1])
    commit = session.branches.releases.get(tag, (version, ""))[1]
    day = (
        session.repository.git.text("log", "-1", "--format=%cs", "--no-show-signature", commit, "--") if commit else ""
    )
    folder = Path(options.output).absolute() if options.output else session.settings.of(ReleaseSettings).folder
    words = words_for(version, tag, day)
    record = tagged_record(session.repository, records, tag, version, words, before[0] if before else tag, folder)
    record.branch = branch.name if branch is not None else ""
    return record


def _another(records: Records, before: Record) -> XsaError:
    place = records.store.path("releases", f"{before.version}.json")
    return XsaError(
        f"{before.tag} was another tag when its files were made, in {before.folder}",
        f"inspect them; git xsa-release --abandon {before.version} deletes them and {place}",
    )


def start(records: Records, folder: Path, tag: str, version: Version, words: Sequence[str] = ()) -> Path:
    """Start what follows ``tag`` in the repository ``folder`` as a process of its own; return the log that it writes.

    ``words`` are more options.  It finds the repository by ``folder``, whatever a hook's environment says.
    """
    from git_xsa.git.programs import start_apart  # noqa: PLC0415

    log = records.log(spelled(version), tag)
    start_apart((sys.executable, "-m", "git_xsa", "release", "--from-tag", tag, *words), folder, log)
    return log
