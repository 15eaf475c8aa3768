"""Begin a run, go on with one, take one back.

A run is the steps in their order, each of which is skipped when what it makes is there.  Its record is written before
the first step, so that there is no moment at which something exists that nothing knows of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from git_xsa.errors import XsaError
from git_xsa.git.commits import ReferenceMove, follow, in_the_way, move_refs, where_checked_out
from git_xsa.git.remote import remote_refs
from git_xsa.git.repository import Repository
from git_xsa.model.release import spelled
from git_xsa.release import problems, remarks
from git_xsa.release.conditions import judge_again
from git_xsa.release.lists import forget
from git_xsa.release.plan import Plan
from git_xsa.release.prerequisites import Prerequisites
from git_xsa.release.record import FOLDER, Record, Records
from git_xsa.release.steps import PACKAGING, PUSH, RELEASE, Step
from git_xsa.release.work import Work
from git_xsa.wording import Remark

_IDENT = re.compile(r"(?P<name>.* <[^<>]*>) (?P<time>\d+) (?P<zone>[+-]\d{4})")


#: The steps before which is judged again whether they may be done.
SETTING = ("references", "push")


def new_record(repository: Repository, records: Records, plan: Plan, folder: Path | None) -> Record:
    """Return the record of a run that has not begun; nothing is written."""
    ident = _IDENT.fullmatch(repository.git.text("var", "GIT_COMMITTER_IDENT", accept=(0, 128)))
    if ident is None:
        raise problems.no_identity()
    return Record(
        version=plan.name,
        tag=plan.tag,
        kind="release",
        repository=str(repository.folder),
        start=plan.start,
        time=int(ident["time"]),
        zone=ident["zone"],
        who=ident["name"],
        last=plan.last.name,
        folder=str(place_for(records, plan.name, folder)),
        words=dict(plan.words),
        branch=plan.branch.name,
        ref=plan.ref,
        old=plan.target.local,
        remote=plan.remote,
        pre=plan.pre,
    )


def place_for(records: Records, version: str, folder: Path | None) -> Path:
    """Return where the files of a release go: ``folder``, or a folder in the store."""
    return folder.absolute() if folder is not None else records.store.path(FOLDER, version)


def known(records: Records, repository: Repository, version: str) -> Record | None:
    """Return what is remembered of the release ``version`` here; ``XsaError`` when it is another repository's."""
    record = records.read(version)
    if record is not None and Path(record.repository) != repository.folder:
        raise problems.released_elsewhere(version, record.repository)
    return record


def steps_of(work: Work, pushing: bool) -> tuple[Step, ...]:
    """Return the steps of a run in their order."""
    last = Prerequisites()
    if work.record.kind != "release":
        return (*PACKAGING, last)
    return (*RELEASE, last, PUSH) if pushing and work.record.remote else (*RELEASE, last)


def after_step(_work: Work, _step: Step) -> None:
    """Do nothing after each step: the tests end the process here."""


def go(work: Work, clock: Callable[[], int], pushing: bool = False) -> None:
    """Do what is left of a run; ``Stopped`` when a step fails, or when what must hold before it does not any more.

    ``clock`` returns the time, which decides on freezes.
    """
    work.remember()
    for step in steps_of(work, pushing):
        try:
            if step.done(work):
                unset = step.name == "build" and not work.build
                work.say(remarks.no_build_command() if unset else remarks.already_done(step.name))
                continue
            work.say(remarks.doing(step.name, step.title))
            if step.name in SETTING:
                judge_again(work, clock())
            step.do(work)
        except XsaError as error:
            raise problems.stopped(step.name, error, _way_on(work)) from error
        after_step(work, step)
    work.record.finished = True
    work.remember()


def _way_on(work: Work) -> Remark:
    """Return what exists after a failure, and how to go on or back."""
    record = work.record
    if record.pushed:
        return remarks.may_be_out(record.tag, record.remote, record.version)
    tagged = record.kind == "release" and work.repository.read(f"refs/tags/{record.tag}") is not None
    return remarks.resume_or_undo(record.tag if tagged else "", record.files, record.folder, record.version)


def take_back(work: Work) -> None:
    """Take a run back: references are what they were, and its files are gone.

    Raises ``XsaError``, with nothing changed, when it was pushed, or when a reference has moved on since.
    """
    record = work.record
    if record.kind == "release":
        _not_out(work)
        _references_back(work)
    for name in record.files:
        for path in (work.folder / name, *work.folder.glob(f".{name}.*.new")):
            with suppress(FileNotFoundError):
                path.unlink()
    if work.folder == work.records.store.path(FOLDER, record.version):
        with suppress(OSError):  # somebody may have put something into it
            os.rmdir(work.folder)
    forget(work.records.store, record.tag)
    work.records.forget(record)


def _not_out(work: Work) -> None:
    """Raise ``XsaError`` when others may have the release."""
    record = work.record
    if not record.remote:
        return
    tag = f"refs/tags/{record.tag}"
    found = remote_refs(work.repository, record.remote, [tag])
    if not isinstance(found, Remark) and found.get(tag):
        raise problems.already_published(record.remote, record.tag)
    if record.pushed and isinstance(found, Remark):
        raise problems.perhaps_published(record.tag, record.remote, found)


def _references_back(work: Work) -> None:
    """Put branch and tag back where they were before the run, and a work tree with the branch."""
    branch, tag = work.moves
    tree = where_checked_out(work.repository, branch.ref)
    made = work.repository.read(tag.ref)
    if made is not None:
        there = work.repository.read(branch.ref)
        name = branch.ref.removeprefix("refs/heads/")
        if made[0] != tag.new:
            raise problems.tag_of_somebody_else(work.record.tag)
        if there is not None and there[0] != branch.new:
            raise problems.branch_moved(name, work.record.tag)
        if tree is not None and branch.old is None:
            raise problems.branch_checked_out(name, tree)
        if tree is not None and (dirty := in_the_way(tree, str(branch.old), str(branch.new))[1]):
            raise problems.tree_has_changes(tree, dirty)
        back = (
            [ReferenceMove(branch.ref, branch.new, branch.old)]
            if there is not None and branch.new != branch.old
            else []
        )
        why = f"git xsa-release: {work.record.version} undone"
        move_refs(work.repository, [ReferenceMove(tag.ref, tag.new, None), *back], why)
    if tree is not None and branch.old and branch.new:  # an earlier call may have been cut short here
        now = work.repository.read(branch.ref)
        if now is not None and now[0] == branch.old:
            follow(tree, branch.new, branch.old)


def tagged_record(repository: Repository, records: Records, tag: str, version: tuple[int, ...], words: dict[str, str],
                  last: str, folder: Path | None) -> Record:  # fmt: skip
    """Return the record of a run that makes what follows the tag ``tag``, which a person has made."""
    found = repository.read(f"refs/tags/{tag}")
    commit = repository.resolve(f"refs/tags/{tag}")
    if found is None or commit is None:
        raise problems.no_such_tag(tag)
    if found[1] != "tag":
        raise problems.unsigned_tag(tag)
    name = spelled(version)
    return Record(
        version=name, tag=tag, kind="packaging", repository=str(repository.folder), start=commit.id, time=0,
        zone="+0000", who="", tagged=commit.id, tip=commit.id, last=last, words=words,
        folder=str(place_for(records, name, folder)),
        tag_object=found[0],
    )  # fmt: skip
