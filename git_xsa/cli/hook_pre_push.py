"""The hook pre-push: hold a push back that the freeze forbids, or that would make public what is under embargo.

git gives the remote's name and address as words, and on standard input a line for each reference: what is pushed, its
object, the reference there, and what that is now.  ``git_xsa.embargo.client`` judges.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.report import aside
from git_xsa.report.aside import Complaint

if TYPE_CHECKING:
    from git_xsa.embargo.address import PushTarget
    from git_xsa.embargo.client import Client, PushJudgement
    from git_xsa.embargo.updates import Move
    from git_xsa.git.config import Settings
    from git_xsa.git.repository import Repository

REFUSED = 1


def run(words: list[str], given: IO[bytes]) -> int:
    """Return 0 when the push may go on, 1 when it is refused; what to do then is on standard error."""
    from git_xsa.embargo.address import PushTarget, mirror_of  # noqa: PLC0415
    from git_xsa.embargo.client import Client  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415
    from git_xsa.report.leaks import warn_of_mirror  # noqa: PLC0415

    target = PushTarget(*(*words, "", "")[:2])
    moves = _moves(given.read())
    with Repository() as repository:
        settings = read_settings(repository.git)
        if not moves:
            return 0
        client = Client(repository, settings, target)
        if client.is_private():
            warn_of_mirror(target, mirror_of(repository.git, target))
            return 0
        now = clock.now()
        refused = _no_store(client, settings) or _refusal(client, client.judge(moves, now), target, repository)
        if refused is not None:
            refused.say()
            return REFUSED
        client.note_store(now)
    return 0


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


def _no_store(client: Client, settings: Settings) -> Complaint | None:
    """Return what to say when it is unknown what is under embargo."""
    from git_xsa.embargo.client import StoreTrouble  # noqa: PLC0415

    trouble = client.store_trouble()
    if trouble is StoreTrouble.OF_ONE_COMMAND:
        return Complaint([remarks.store_of_one_command()], [remarks.set_the_store()])
    if trouble is StoreTrouble.MISSING and settings.store is not None:
        return Complaint([remarks.store_is_missing(settings.store)], [remarks.mount_the_store(settings.store)])
    return None


def _refusal(client: Client, judgement: PushJudgement, target: PushTarget, repository: Repository) -> Complaint | None:
    """Say what is doubtful about a push; return what to say when it is refused, ``None`` when it may go on."""
    from git_xsa.report.embargoes import warn_of_clock  # noqa: PLC0415
    from git_xsa.report.leaks import leaking, warn_of_silence  # noqa: PLC0415
    from git_xsa.report.refusals import refusal  # noqa: PLC0415

    if client.ledger_problem is not None:
        aside.warning(client.ledger_problem.what)
        aside.hint(client.ledger_problem.hint)
    warn_of_silence(judgement.found, target)
    freeze = judgement.freeze
    if freeze is None:
        complaint = leaking(judgement.found, target)
    else:
        if freeze.ledger is not None:
            warn_of_clock(freeze.ledger, freeze.at)
        if judgement.allowed or _is_overridden(client, judgement, repository):
            return None
        complaint = refusal(freeze, remarks.how_to_override())
    return complaint._replace(warnings=[remarks.settings_ignored(judgement.ignored)] if judgement.ignored else [])


def _is_overridden(client: Client, judgement: PushJudgement, repository: Repository) -> bool:
    """Return whether the user overrides the freeze for this push; it is in the journal then."""
    from git_xsa.cli.who import user  # noqa: PLC0415

    reason = client.asked_override()
    if not reason or judgement.freeze is None or not client.grant(judgement.freeze, user(repository.git), reason):
        return False
    aside.note(remarks.freeze_is_overridden([verdict.update.ref for verdict in judgement.freeze.refused]))
    return True
