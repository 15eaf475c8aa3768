"""The advisories in the store, as something that can be asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_xsa.ask.session import Session
from git_xsa.ask.stored import stored

if TYPE_CHECKING:
    from git_xsa.ask.advisories import Imported


def imported(session: Session) -> Imported | None:
    """Return the advisories in the store, ``None`` when there are none."""
    return session.once(_imported)


def _imported(session: Session) -> Imported | None:
    kept = session.once(stored)
    if kept is None:
        return None
    from git_xsa.ask.advisories import Imported  # noqa: PLC0415 - loads the readers of texts and patches: 60 ms

    found = Imported(session, kept)
    return found if found.numbers else None
