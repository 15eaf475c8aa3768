"""What follows a tag that a person has made: tarballs, build, signatures, announcement, never twice for one tag."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from git_xsa.advisory.problems import Locked
from git_xsa.ask.session import Session
from git_xsa.git.programs import start_apart
from git_xsa.model.release import Version, belongs, newest, spelled, version_of
from git_xsa.release import problems, remarks
from git_xsa.release.edits import words_for
from git_xsa.release.record import Record, Records
from git_xsa.release.runs import go, tagged_record
from git_xsa.release.steps import verify_tag
from git_xsa.release.work import Work
from git_xsa.wording import Remark


def record_of(session: Session, records: Records, tag: str, folder: Path | None) -> Record:
    """Return the record of what follows ``tag``, with files that go to ``folder`` or into the store; nothing is
    written.  ``UsageError`` when it is no release's tag."""
    version = version_of(tag, session.settings.release_tag)
    if version is None:
        raise problems.not_a_release_tag(tag, session.settings.release_tag)
    tags = [(found, name) for name, (found, _) in session.branches.releases.items() if found < version]
    branch = next((one for one in session.branches.stable if belongs(version, one.version)), None)
    before = newest(tags, branch.version if branch is not None else version[:-1])
    commit = session.branches.releases.get(tag, (version, ""))[1]
    git = session.repository.git
    day = git.text("log", "-1", "--format=%cs", "--no-show-signature", commit, "--") if commit else ""
    words = words_for(version, tag, day)
    record = tagged_record(session.repository, records, tag, version, words, before[0] if before else tag, folder)
    record.branch = branch.name if branch is not None else ""
    return record


def follow(records: Records, record: Record, run_of: Callable[[Record], Work], clock: Callable[[], int]) -> Remark:
    """Make what follows the tag of ``record``; return how that ended: made, or there already, or being made elsewhere.

    ``run_of`` returns the run of a record.  Raises ``XsaError`` when the tag is another than its files were made for,
    when it is no tag that git accepts, or when a step fails.
    """
    try:
        with records.lock(record.version):
            before = records.read(record.version)
            if before is not None:
                _check(records, before, record)
                if before.finished:
                    return remarks.made_already(before.folder)
                record = before
            work = run_of(record)
            why = verify_tag(work)
            if why:
                raise problems.unaccepted_signature(record.tag, why)
            work.say(remarks.tag_found(record.tag, record.tag_object))
            go(work, clock)
            return remarks.made_in(record.folder)
    except Locked:
        return remarks.made_by_another()


def _check(records: Records, before: Record, record: Record) -> None:
    """Raise ``XsaError`` when what is remembered as ``before`` is not what ``record`` is about."""
    if before.tag_object != record.tag_object:
        place = records.store.path("releases", f"{before.version}.json")
        raise problems.made_for_another_tag(before.tag, before.folder, before.version, place)
    if before.kind != "packaging" and not before.finished:
        raise problems.being_released(record.tag, record.version)


def start(records: Records, folder: Path, tag: str, version: Version, words: Sequence[str] = ()) -> Path:
    """Start what follows ``tag`` in the repository ``folder`` as a process of its own; return the log that it writes.

    ``words`` are more options.  It finds the repository by ``folder``, whatever a hook's environment says.
    """
    log = records.log(spelled(version), tag)
    start_apart((sys.executable, "-m", "git_xsa", "release", "--from-tag", tag, *words), folder, log)
    return log
