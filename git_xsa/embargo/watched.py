"""Whether what guards an embargo is still there, for the commands that say what is under embargo."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git
    from git_xsa.model.instant import Instant


def hook_problem(git: Git, settings: Settings, now: Instant) -> Remark:
    """Return why git does not run the hook before a push that was installed here, while something is under embargo.

    Empty when it does, when it never was installed here, and when nothing is under embargo at ``now``.
    """
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415 - not for the usage of the commands
    from git_xsa.advisory.store_place import holds, open_store  # noqa: PLC0415 - as above

    store: Store | None = None  # nobody knows where it is
    with suppress(StoreError):
        store = open_store(settings)
    if store is not None and not holds(store.folder):
        return NOTHING
    if not git.in_repository():
        return NOTHING
    from git_xsa.embargo.installed_hooks import program, unhooked  # noqa: PLC0415 - only where there is a store

    problem = unhooked(git, program() or "git-xsa-hook", settings.hooks_store is not None)
    return problem if problem and (store is None or _something_secret(store, now)) else NOTHING


def _something_secret(store: Store, now: Instant) -> bool:
    """Whether something is under embargo; it is when that is unknown."""
    from git_xsa.advisory.editions import Library  # noqa: PLC0415 - 80 ms with these, and only without the hook
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415 - as above
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415 - as above
    from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415 - as above

    try:
        return bool(Secrecy(Library(store), EmbargoLedger(store).ledger, now).embargoed())
    except StoreError:
        return True
