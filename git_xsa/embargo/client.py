"""What somebody may push, by the ledger and the store of their own: nothing under embargo, and nothing frozen.

``server`` is the counterpart for a repository that is pushed to.

What goes to a private remote is not looked at: the fixes are made there.  A leak is looked for before the freeze rule
is asked, since a refusal of that can be overridden, which is written down, and one of a leak can't.

Promises: what is set for one command alone makes no remote private and no store another, and allows nothing that the
settings that last forbid; without the store that counts nothing is allowed; a ledger that can't be read freezes all
that can be frozen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.advisory.problems import StoreError
from git_xsa.advisory.store_place import note_seen, open_store
from git_xsa.embargo.address import PushTarget, is_private
from git_xsa.embargo.guard import Guarded, leaks_of
from git_xsa.embargo.judgement import Judgement
from git_xsa.embargo.lasting import differing, lasting_git, read_lasting
from git_xsa.embargo.ledger import Decision, EmbargoLedger
from git_xsa.embargo.rule import judge
from git_xsa.embargo.settings import freeze_rules
from git_xsa.embargo.settled import write_note
from git_xsa.embargo.updates import Move, read_updates
from git_xsa.git.config import Settings, read_settings
from git_xsa.git.repository import Repository

if TYPE_CHECKING:
    from git_xsa.model.instant import Instant


class StoreTrouble(Enum):
    """Why it is unknown what is under embargo: the store is another for this one command, or is not there."""

    OF_ONE_COMMAND = "of one command"
    MISSING = "missing"


class PushJudgement(NamedTuple):
    """What was found about a push.

    ``freeze`` is ``None`` when ``found`` has leaks, which refuse it already.  ``ignored`` are the keys of the settings
    of this one command that did not count.
    """

    found: Guarded
    freeze: Judgement | None
    ignored: Sequence[str] = ()

    @property
    def allowed(self) -> bool:
        """Whether it may go on."""
        return self.freeze is not None and self.freeze.allowed


class Client:
    """A repository from which somebody pushes to ``target``."""

    def __init__(self, repository: Repository, settings: Settings, target: PushTarget) -> None:
        self._repository = repository
        self._settings = settings
        self._lasting = read_lasting(repository.folder, settings)
        self._target = target
        #: Why the ledger can't be read, once it was looked for.
        self.ledger_problem: StoreError | None = None

    def is_private(self) -> bool:
        """Return whether the push goes to a private remote, and would without what is set for this one command."""
        if not is_private(self._repository.git, self._settings, self._target):
            return False
        if self._lasting is None:
            return True
        with lasting_git(self._repository.folder, self._settings) as git:
            return is_private(git, self._lasting, self._target)

    def store_trouble(self) -> StoreTrouble | None:
        """Return why it is unknown what is under embargo; ``None`` when the store that counts is there, or there never
        was one."""
        store = self._settings.store
        if self._settings.store_of_one_command:
            with lasting_git(self._repository.folder, self._settings) as git:
                if read_settings(git).store != store:
                    return StoreTrouble.OF_ONE_COMMAND
        return StoreTrouble.MISSING if store is not None and not os.path.lexists(store) else None

    @cached_property
    def ledger(self) -> EmbargoLedger | None:
        """The ledger; ``None``, with the ``ledger_problem``, when it can't be read."""
        try:
            return EmbargoLedger(open_store(self._settings))
        except StoreError as error:
            self.ledger_problem = error
            return None

    def judge(self, moves: Sequence[Move], now: Instant) -> PushJudgement:
        """Return what is to be said of ``moves``."""
        ledger = self.ledger.ledger if self.ledger is not None else None
        found = leaks_of(self._repository, self._settings, ledger, now, self._target, moves)
        ignored = differing(self._settings, self._lasting) if self._lasting is not None else []
        if found.leaks:
            return PushJudgement(found, None, ignored)
        readings = [self._settings, self._lasting] if self._lasting is not None and ignored else [self._settings]
        for rules in map(freeze_rules, readings):
            updates = read_updates(self._repository, rules, ledger, now, moves)
            judgement = Judgement(judge(ledger, rules, now, updates), rules, ledger, now)
            if not judgement.allowed:
                break
        return PushJudgement(found, judgement, ignored)

    def asked_override(self) -> str:
        """Return the reason for which this one push is to override the freeze, empty when it is not.

        It counts from the command line of this push alone: one that stayed in a file would end every freeze to come.
        """
        words = ("config", "--show-scope", "--null", "--get", "xsa.override")
        found = self._repository.git.call(*words, accept=(0, 1)).out
        scope, _, reason = found.decode("utf-8", "replace").rstrip("\0").partition("\0")
        return reason.strip() if scope == "command" else ""

    def grant(self, judgement: Judgement, who: str, reason: str) -> bool:
        """Write into the journal that ``who`` overrides ``judgement``; return whether there is one to write to."""
        if self.ledger is None:
            return False
        refs = [verdict.update.ref for verdict in judgement.refused]
        with self.ledger.changing():
            self.ledger.put(Decision(judgement.at, who, "override", f"{reason} ({', '.join(refs)})"), [])
        return True

    def note_store(self, now: Instant) -> None:
        """Write down for the next push that there is a store, and from when on nothing in it is under embargo."""
        note_seen(self._repository.git, self._settings)
        if self.ledger is not None and all(embargo.ends <= now for embargo in self.ledger.ledger.embargoes):
            write_note(open_store(self._settings))
