"""Whether what guards an embargo is still there, for the commands that say what is under embargo."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from git_xsa.report import remarks

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.embargo.rule import Instant
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git


def hook_problem(git: Git, settings: Settings, now: Instant) -> str:
    """Return why git does not run the hook before a push that was installed here, while something is under embargo.

    Empty when it does, when it never was installed here, and when nothing is under embargo at ``now``.
    """
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415 - not for the usage
    from git_xsa.advisory.store_place import holds, open_store  # noqa: PLC0415

    store: Store | None = None  # nobody knows where it is
    with suppress(StoreError):
        store = open_store(settings)
    if store is not None and not holds(store.folder):
        return ""
    if git.start("rev-parse", "--git-dir", accept=(0, 128)).finish().status:
        return ""
    from git_xsa.cli.hooks import program  # noqa: PLC0415 - only where there is a store
    from git_xsa.embargo.installed_hooks import unhooked  # noqa: PLC0415

    problem = unhooked(git, program() or "git-xsa-hook", settings.hooks_store is not None)
    return problem if problem and (store is None or _something_secret(store, now)) else ""


def _something_secret(store: Store, now: Instant) -> bool:
    """Whether something is under embargo; it is when that is unknown."""
    from git_xsa.advisory.editions import Library  # noqa: PLC0415
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415
    from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415

    try:
        return bool(Secrecy(Library(store), EmbargoLedger(store).ledger, now).embargoed())
    except StoreError:
        return True


def warn(problem: str) -> None:
    """Say on standard error that no push is held back here; nothing without a problem."""
    if problem:
        remarks.warning(f"git does not run the hook of git-xsa before a push: {problem}")
        remarks.hint("run git xsa-hooks install; until then, this repository does not hold pushes back")
