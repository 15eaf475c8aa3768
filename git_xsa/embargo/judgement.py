"""What the freeze rule says of a push as a whole, on a client and on a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from git_xsa.embargo.rule import Freeze, FreezeVerdict, Ledger, Rules, freeze_at, last_freeze
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.embargo.problems import FreezeFileError
    from git_xsa.model.instant import Instant


@dataclass(frozen=True)
class Judgement:
    """The verdicts on the updates of a push, in their order, and what they were made by: rules, ledger and instant.

    Without a ledger ``trouble`` says why in short, and on a server ``problem`` why the freeze file is of no use.
    """

    verdicts: Sequence[FreezeVerdict]
    rules: Rules
    ledger: Ledger | None
    at: Instant
    problem: FreezeFileError | None = None
    trouble: Remark = NOTHING

    @property
    def allowed(self) -> bool:
        """Whether all of it may happen."""
        return not self.refused

    @property
    def refused(self) -> list[FreezeVerdict]:
        """The verdicts that refuse an update."""
        return [verdict for verdict in self.verdicts if not verdict.allowed]

    @property
    def freeze(self) -> Freeze | None:
        """The freeze that is in force; ``None`` for none, or when the ledger can't be read."""
        return freeze_at(self.ledger, self.at) if self.ledger is not None else None

    @property
    def over(self) -> Freeze | None:
        """The freeze that ended last; ``None`` when one is in force, or the ledger can't be read."""
        return last_freeze(self.ledger, self.at) if self.ledger is not None else None
