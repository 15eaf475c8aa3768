"""Have the ledger of embargoes know the fixes of its advisories, which come first after a freeze.

Whatever is decided about an embargo records them again from the patches in the store, and so does importing patches
of an advisory that the ledger has: of the version before nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.embargo.ledger import EmbargoLedger, LedgerEntry
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git
    from git_xsa.model.instant import Instant


def with_fixes(
    entries: Iterable[LedgerEntry], store: Store, git: Git, settings: Settings, now: Instant
) -> list[LedgerEntry]:
    """Return ``entries`` with the fixes that the store has; outside of a repository as they are."""
    found = list(entries)
    if not git.in_repository():
        return found
    from git_xsa.advisory.editions import Library  # noqa: PLC0415 - 80 ms with these, and only in a repository
    from git_xsa.embargo.fixes import Fixes  # noqa: PLC0415 - as above
    from git_xsa.git.repository import Repository  # noqa: PLC0415 - as above

    library = Library(store, settings.trusted_keys)
    numbers = set(library.numbers())
    if not any(entry.embargo.xsa in numbers for entry in found):
        return found
    with Repository() as repository:
        fixes = Fixes(library, repository, settings, datetime.fromtimestamp(now, timezone.utc).date())
        embargoes = [(entry, entry.embargo) for entry in found]
        return [replace(entry, embargo=replace(one, fixes=fixes.of(one.xsa, one.fixes))) for entry, one in embargoes]


def write_fixes(
    ledger: EmbargoLedger, numbers: Iterable[int], store: Store, git: Git, settings: Settings, who: str, now: Instant
) -> list[int]:
    """Write the fixes of those of the advisories ``numbers`` that are in the ledger into it, where they are others;
    return whose were.  ``who`` imported them ``now``."""
    from git_xsa.embargo.ledger import Decision  # noqa: PLC0415 - 20 ms, which importing has spent and others have not

    wanted = set(numbers)
    if wanted.isdisjoint(ledger.entries):
        return []
    with ledger.changing():
        known = [entry for number, entry in sorted(ledger.entries.items()) if number in wanted]
        pairs = zip(known, with_fixes(known, store, git, settings, now), strict=True)
        changed = [new for old, new in pairs if new.embargo.fixes != old.embargo.fixes]
        if changed:
            ledger.put(Decision(now, who, "fixes", "their patches were imported"), changed)
    return [entry.embargo.xsa for entry in changed]
