"""The hooks pre-receive and update of a repository that is pushed to: hold back what the freeze forbids.

git gives pre-receive a line for each reference on standard input (old, new, reference), and update the same of one as
words.  pre-receive judges all of a push, and one refused reference refuses it.  update looks again at one reference
just before it is changed: taking in the objects of a push may take long, and a freeze may have begun since.

An override is asked for by a push option, which only pre-receive gets.  update finds it in the log.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.report import aside
from git_xsa.report.aside import Complaint
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_xsa.embargo.judgement import Judgement
    from git_xsa.embargo.overrides import Pusher
    from git_xsa.embargo.updates import Move
    from git_xsa.git.config import Settings
    from git_xsa.git.repository import Repository

REFUSED = 1
SOURCE = "the server's freeze file"
#: Seconds by which the clock may be before the time of the freeze file without a word.
SLACK = 60


def run(words: list[str], given: IO[bytes]) -> int:
    """Return 0 when the push may go on, 1 when it is refused; what to do then is on standard error."""
    from git_xsa.embargo.overrides import Overrides, pusher, reasons  # noqa: PLC0415
    from git_xsa.embargo.server import Server, common_folder  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415

    moves = _moves(words, given)
    with Repository() as repository:
        settings = read_settings(repository.git)
        who = pusher(os.environ, settings.of(EmbargoSettings).user_variable)
        overrides = Overrides(common_folder(repository), who.account)
        server = Server(repository, settings, overrides)
        moves = [server.followed(move) for move in moves]
        judgement = server.judge(moves, clock.now)
        if judgement.allowed:
            return 0
        if words and all(overrides.granted(move) for move in moves):
            return 0
        asked = reasons(os.environ)
        problem = _problem(who, asked, settings) if asked else NOTHING
        if asked and not problem:
            server.grant(judgement, moves, who, asked[-1])
            aside.note(remarks.freeze_is_overridden_by(who.user))
            return 0
        if problem:
            aside.error(problem)
        _refusal(judgement, _how(repository, settings)).say()
    return REFUSED


def _moves(words: list[str], given: IO[bytes]) -> list[Move]:
    """Return what is to be changed."""
    from git_xsa.embargo.updates import moved  # noqa: PLC0415

    lines = (
        [" ".join([*words[1:], words[0]])] if words else given.read().decode("utf-8", "surrogateescape").splitlines()
    )
    found = []
    for line in lines:
        fields = line.split(" ", 2)
        if len(fields) != 3:
            raise problems.invalid_line(line)
        found.append(moved(fields[2], fields[0], fields[1]))
    return found


def _problem(who: Pusher, asked: Sequence[str], settings: Settings) -> Remark:
    """Return why an override for the reasons ``asked`` is not granted, empty when it is."""
    if not asked[-1]:
        return remarks.override_needs_a_reason()
    if who.user is None:
        return remarks.pusher_is_unknown()
    if who.user not in settings.of(EmbargoSettings).override_users:
        return remarks.may_not_override(who.user)
    return NOTHING


def _refusal(judgement: Judgement, how: Remark) -> Complaint:
    from git_xsa.model.instant import spelled  # noqa: PLC0415
    from git_xsa.report.refusals import refusal  # noqa: PLC0415

    ledger, at = judgement.ledger, judgement.at
    warnings = [judgement.problem.what] if judgement.problem is not None else []
    if ledger is not None and ledger.newest is not None and at + SLACK < ledger.newest:
        warnings.append(remarks.servers_clock_is_wrong(spelled(at), spelled(ledger.newest)))
    return refusal(judgement, how, SOURCE)._replace(warnings=warnings)


def _how(repository: Repository, settings: Settings) -> Remark:
    """Return how a refusal is overridden here."""
    words = ("config", "--type=bool", "receive.advertisePushOptions")
    users = settings.of(EmbargoSettings).override_users
    accepted = bool(users) and repository.git.text(*words, accept=(0, 1, 128)) == "true"
    return remarks.how_to_override_here(accepted)
