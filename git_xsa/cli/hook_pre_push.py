"""The hook pre-push: hold a push back that the freeze forbids, or that would make public what is under embargo.

git gives the remote's name and address as words, and on standard input a line for each reference: what is pushed, its
object, the reference there, and what that is now.

What goes to a private remote (``xsa.privateRemote``) is not looked at: the fixes are made there.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.embargo.settings import freeze_rules
from git_xsa.report import aside
from git_xsa.report.aside import Complaint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_xsa.embargo.address import PushTarget
    from git_xsa.embargo.ledger import EmbargoLedger
    from git_xsa.embargo.rule import FreezeVerdict
    from git_xsa.embargo.updates import Move
    from git_xsa.git.config import Settings
    from git_xsa.git.repository import Repository

REFUSED = 1


def run(words: list[str], given: IO[bytes]) -> int:
    """Return 0 when the push may go on, 1 when it is refused; what to do then is on standard error."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.embargo.address import PushTarget, mirror_of  # noqa: PLC0415
    from git_xsa.embargo.guard import leaks_of  # noqa: PLC0415
    from git_xsa.embargo.lasting import differing, read_lasting  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415
    from git_xsa.report.leaks import leaking, warn_of_mirror, warn_of_silence  # noqa: PLC0415

    target = PushTarget(*(*words, "", "")[:2])
    moves = _moves(given.read())
    with Repository() as repository:
        settings = read_settings(repository.git)
        if not moves:
            return 0
        lasting = read_lasting(repository.folder, settings)
        if _is_private(repository, settings, lasting, target):
            warn_of_mirror(target, mirror_of(repository.git, target))
            return 0
        problem = _no_store(repository, settings)
        if problem.errors:
            problem.say()
            return REFUSED
        open_store(settings)
        now = clock.now()
        entries = _ledger(settings)
        ledger = entries.ledger if entries is not None else None
        found = leaks_of(repository, settings, ledger, now, target, moves)
        warn_of_silence(found, target)
        refused = leaking(found, target)
        # Second, because an override is written down, and there is none for a leak.
        keys = differing(settings, lasting) if lasting is not None else []
        readings = [settings, lasting] if lasting is not None and keys else [settings]
        if not refused.errors:
            refused = _frozen(repository, readings, entries, now, moves)
        refused._replace(warnings=[remarks.settings_ignored(keys)] if refused.errors and keys else []).say()
        if not refused.errors:
            _note_store(repository, settings, entries, now)
    return REFUSED if refused.errors else 0


def _is_private(repository: Repository, settings: Settings, lasting: Settings | None, target: PushTarget) -> bool:
    """Whether the push goes to a private remote, and would without what is set for this one command."""
    from git_xsa.embargo.address import is_private  # noqa: PLC0415
    from git_xsa.embargo.lasting import lasting_git  # noqa: PLC0415

    if not is_private(repository.git, settings, target):
        return False
    if lasting is None:
        return True
    with lasting_git(repository.folder, settings) as git:
        return is_private(git, lasting, target)


def _no_store(repository: Repository, settings: Settings) -> Complaint:
    """Return what to say when it is unknown which store counts, or it is missing; else nothing."""
    from git_xsa.embargo.lasting import lasting_git  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415

    if settings.store_of_one_command:
        with lasting_git(repository.folder, settings) as git:
            if read_settings(git).store != settings.store:
                return Complaint([remarks.store_of_one_command()], [remarks.set_the_store()])
    if settings.store is not None and not os.path.lexists(settings.store):
        return Complaint([remarks.store_is_missing(settings.store)], [remarks.mount_the_store(settings.store)])
    return Complaint()


def _note_store(repository: Repository, settings: Settings, entries: EmbargoLedger | None, now: int) -> None:
    """Write down for the next push that there is a store, and from when on nothing in it is under embargo."""
    from git_xsa.advisory.store_place import note_seen, open_store  # noqa: PLC0415
    from git_xsa.embargo.settled import write_note  # noqa: PLC0415

    note_seen(repository.git, settings)
    if entries is not None and all(embargo.ends <= now for embargo in entries.ledger.embargoes):
        write_note(open_store(settings))


def _moves(given: bytes) -> list[Move]:
    """Return what git says is pushed."""
    from git_xsa.embargo.updates import moved  # noqa: PLC0415

    found = []
    for line in given.decode("utf-8", "surrogateescape").splitlines():
        fields = line.rsplit(" ", 3)
        if len(fields) != 4:
            raise problems.invalid_line_of_pre_push(line)
        found.append(moved(fields[2], fields[3], fields[1]))
    return found


def _frozen(
    repository: Repository,
    readings: Sequence[Settings],
    entries: EmbargoLedger | None,
    now: int,
    moves: list[Move],
) -> Complaint:
    """Return what to say of updates that the freeze forbids by one of ``readings`` of the settings, else nothing."""
    from git_xsa.embargo.rule import judge  # noqa: PLC0415
    from git_xsa.embargo.updates import read_updates  # noqa: PLC0415
    from git_xsa.report.embargoes import warn_of_clock  # noqa: PLC0415
    from git_xsa.report.refusals import refusal  # noqa: PLC0415

    ledger = entries.ledger if entries is not None else None
    if ledger is not None:
        warn_of_clock(ledger, now)
    for rules in map(freeze_rules, readings):
        verdicts = judge(ledger, rules, now, read_updates(repository, rules, ledger, now, moves))
        refused = refusal(verdicts, rules, ledger, now, remarks.how_to_override())
        if refused.errors:
            break
    reason = _override(repository) if refused.errors else ""
    if not reason or entries is None:
        return refused
    _note(repository, entries, reason, now, verdicts)
    return Complaint()


def _ledger(settings: Settings) -> EmbargoLedger | None:
    """Return the ledger; ``None``, and say why, when it can't be read."""
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415

    try:
        return EmbargoLedger(open_store(settings))
    except StoreError as error:
        aside.warning(error.what)
        aside.hint(error.hint)
        return None


def _override(repository: Repository) -> str:
    """Return the reason for which this one push is to override the freeze, empty when it is not.

    It counts from the command line of this push alone: one that stayed in a file would end every freeze to come.
    """
    found = repository.git.call("config", "--show-scope", "--null", "--get", "xsa.override", accept=(0, 1)).out
    scope, _, reason = found.decode("utf-8", "replace").rstrip("\0").partition("\0")
    return reason.strip() if scope == "command" else ""


def _note(
    repository: Repository, entries: EmbargoLedger, reason: str, now: int, verdicts: Sequence[FreezeVerdict]
) -> None:
    """Write into the journal who overrides the freeze for what, and why."""
    from git_xsa.cli.who import user  # noqa: PLC0415
    from git_xsa.embargo.ledger import Decision  # noqa: PLC0415

    refs = [verdict.update.ref for verdict in verdicts if not verdict.allowed]
    with entries.changing():
        entries.put(Decision(now, user(repository.git), "override", f"{reason} ({', '.join(refs)})"), [])
    aside.note(remarks.freeze_is_overridden(refs))
