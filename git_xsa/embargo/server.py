"""The freeze rule on a server, which has the freeze file alone: no ledger and no store.

The gate's move needs to know what was in staging when the freeze began, which the freeze file does not tell.  Where
staging branches are frozen, too, what they have is what they had then, and an override that moves one writes down where
it was.  Where they are not, nothing is known, and the move is refused.

Where fixes come first after a freeze, the file that is written then says so, and which.  ``xsa.fixesFirst`` of the
server has it wait for that file: between the end of a freeze and the new file what was frozen stays so.

A push counts as landing ``SETTLING`` seconds after it is judged: that much may pass between the hook's last look at the
clock and the change of the reference, and a freeze may begin in between.

Promises: what is unknown counts as frozen; nothing is written but by ``Overrides``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from git_xsa.embargo import problems, remarks
from git_xsa.embargo.freeze_file import NAME, FreezeFile, read_freeze_file
from git_xsa.embargo.judgement import Judgement
from git_xsa.embargo.overrides import Overrides, Pusher
from git_xsa.embargo.problems import FreezeFileError
from git_xsa.embargo.rule import HEADS, FreezeVerdict, Ledger, Rules, Update, freeze_at, judge
from git_xsa.embargo.settings import EmbargoSettings, freeze_rules
from git_xsa.embargo.updates import Move, read_updates
from git_xsa.git.config import Settings
from git_xsa.git.repository import Repository

#: Seconds between the hook's last look at the clock and the change of the reference; git takes some thousandths.
SETTLING = 5


def common_folder(repository: Repository) -> Path:
    """Return the folder that all work trees of ``repository`` share, in which its references are."""
    return Path(repository.git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))


class Server:
    """A repository that is pushed to."""

    def __init__(self, repository: Repository, settings: Settings, overrides: Overrides) -> None:
        self._repository = repository
        self._settings = settings
        self._own = settings.of(EmbargoSettings)
        self._overrides = overrides

    def followed(self, move: Move) -> Move:
        """Return ``move`` with the reference that is changed, which a symbolic one leads to."""
        folder = common_folder(self._repository)
        if not (folder / "reftable").exists():
            try:
                with open(folder / move.ref, "rb") as file:
                    if file.read(4) != b"ref:":
                        return move
            except OSError:
                return move
        target = self._repository.git.text("symbolic-ref", "--quiet", move.ref, accept=(0, 1, 128))
        return replace(move, ref=target) if target else move

    def judge(self, moves: Sequence[Move], clock: Callable[[], int]) -> Judgement:
        """Return what the freeze rule says of ``moves`` now, and until they have landed.

        Judging takes time, too: when a freeze has begun by its end, it is done again.
        """
        judgement = self._judge(moves, clock())
        while judgement.allowed and judgement.ledger is not None:  # ends: a ledger has only so many freezes that begin
            freezes = (freeze_at(judgement.ledger, at) for at in (judgement.at, clock() + SETTLING))
            if next(freezes) == next(freezes):
                break
            judgement = self._judge(moves, clock())
        return judgement

    def _judge(self, moves: Sequence[Move], now: int) -> Judgement:
        rules = replace(freeze_rules(self._settings), fixes_first=False)

        def judged(ledger: Ledger | None) -> Sequence[FreezeVerdict]:
            return judge(ledger, rules, now, self._updates(rules, None, now, moves))

        try:
            told = self._freeze_file()
        except FreezeFileError as error:
            return Judgement(judged(None), rules, None, now, error, remarks.unreadable())
        if told is None:
            return Judgement(judged(Ledger()), rules, Ledger(), now)
        rules = replace(rules, frozen_refs=told.frozen, fixes_first=bool(told.over))
        if self._own.fixes_first and told.waits(now):
            return Judgement(judged(None), rules, None, now, None, remarks.knows_no_fixes_yet())
        first = self._judged(told, rules, moves, now)
        return self._judged(told, rules, moves, now + SETTLING) if first.allowed else first

    def grant(self, judgement: Judgement, moves: Sequence[Move], who: Pusher, reason: str) -> None:
        """Log that ``who`` overrides ``judgement`` on ``moves``; ``XsaError`` when that can't be."""
        frozen = [move for move in moves if judgement.rules.frozen(move.ref)]
        staging = [move for move in frozen if fnmatchcase(move.ref, HEADS + judgement.rules.staging_branch)]
        self._overrides.grant(who, reason, judgement.at, frozen, staging)

    def _freeze_file(self) -> FreezeFile | None:
        """Return the freeze file; ``None`` when there is none and there need not be one."""
        if self._own.freeze_file is not None:
            return read_freeze_file(self._own.freeze_file)
        folder, own = common_folder(self._repository), self._repository.folder
        if not own.samefile(folder) and os.path.lexists(own / NAME):
            raise problems.exposed_freeze_file(own / NAME, folder)
        return read_freeze_file(folder / NAME) if os.path.lexists(folder / NAME) else None

    def _judged(self, told: FreezeFile, rules: Rules, moves: Sequence[Move], at: int) -> Judgement:
        freeze = freeze_at(told.ledger({}), at)
        tips = self._tips(rules, moves, freeze.began) if freeze is not None else {}
        ledger = told.ledger(tips)
        return Judgement(judge(ledger, rules, at, self._updates(rules, ledger, at, moves)), rules, ledger, at)

    def _updates(self, rules: Rules, ledger: Ledger | None, at: int, moves: Sequence[Move]) -> list[Update]:
        return read_updates(self._repository, rules, ledger, at, moves)

    def _tips(self, rules: Rules, moves: Sequence[Move], began: int) -> dict[str, frozenset[str]]:
        """Return what was in the staging branches that ``moves`` ask about when the freeze began, as far as known."""
        found = {}
        for branch in {rules.staging_of(move.ref) for move in moves}:
            if branch is None or not rules.frozen(HEADS + branch):
                continue
            # First what is there now: an override writes down where it was before it moves it.
            commit = self._repository.resolve(HEADS + branch)
            before = self._overrides.before(HEADS + branch, began)
            tip = before[0] if before is not None else commit.id if commit is not None else None
            if tip is not None:
                found[branch] = frozenset({tip})
        return found
