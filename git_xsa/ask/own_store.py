"""What the user's store has, and what of it is public."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.ask.session import Session

if TYPE_CHECKING:
    from git_xsa.advisory.editions import Library
    from git_xsa.embargo.secrecy import Secrecy


class OwnStore(NamedTuple):
    """The advisories of a store, and which of them everybody may know."""

    library: Library
    secrecy: Secrecy


def own_store(session: Session) -> OwnStore | None:
    """Return what the store has, ``None`` when there is no store; asked for by ``session.once``."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - only what is asked about advisories needs it

    store = open_store(session.settings)
    if not store.exists:
        return None
    from git_xsa.advisory.editions import Library  # noqa: PLC0415 - 50 ms with these, and only with a store
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415 - as above
    from git_xsa.embargo.problems import LedgerError  # noqa: PLC0415 - as above
    from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415 - as above

    library = Library(store, session.settings.trusted_keys)
    try:
        ledger = EmbargoLedger(store).ledger
    except LedgerError:  # said by who asks what is frozen
        ledger = None
    return OwnStore(library, Secrecy(library, ledger, session.now))


def under_embargo(session: Session, numbers: Iterable[int]) -> bool:
    """Return whether one of the advisories ``numbers`` is under embargo by the ledger."""
    wanted = set(numbers)
    found = session.once(own_store) if wanted else None
    return found is not None and any(map(found.secrecy.under_embargo, wanted))


def secret(session: Session, numbers: Iterable[int]) -> list[int]:
    """Return those of the advisories that are treated as being under embargo, in order."""
    found = session.once(own_store)
    if found is None:
        return []
    kept = set(found.library.numbers())
    return sorted(
        number
        for number in set(numbers)
        if found.secrecy.under_embargo(number) or (number in kept and not found.secrecy.public(number))
    )
