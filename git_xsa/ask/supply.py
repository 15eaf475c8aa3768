"""What adds to a selection the commits that supply the names which it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from git_xsa.ask.session import Session
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.selection import RuleSource, Selection

if TYPE_CHECKING:
    from git_xsa.names.forms import Forms


def forms(session: Session) -> Forms:
    """Return how names in the code look; asked for by ``session.once``."""
    from git_xsa.names.forms import XEN_FORMS, XEN_READINGS, Forms  # noqa: PLC0415 - only where names count
    from git_xsa.names.settings import NameSettings  # noqa: PLC0415 - 13 ms with the next, and --no-symbols needs none

    return Forms((*XEN_FORMS, *XEN_READINGS, *session.settings.of(NameSettings).forms))


def supplier(
    session: Session, base: Commit, history: Range, relaxed: bool = False
) -> Callable[[RuleSource, Selection], Selection] | None:
    """Return what adds to a selection, made by some rules, the commits that supply the names it lacks.

    ``None`` where names don't count.  ``relaxed``: context need not be there, so that names may go while older
    lines use them.  Where it must be, that is looked for with macros alone: all of them take 28 % of the time
    more, and would have added nothing to the 1,490 pairs of release and advisory that xen.git had in 2026.
    """
    if not session.symbols:
        return None
    from git_xsa.names.range_words import Names  # noqa: PLC0415 - only where names count
    from git_xsa.names.supply import supply_names  # noqa: PLC0415 - as above

    names, table = Names(session.repository, history, base.id, session.once(forms)), session.once(forms)
    return lambda source, selection: supply_names(source, names, table, selection, relaxed)
