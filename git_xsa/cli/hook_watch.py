"""Whether what guards an embargo is still there, for the commands that say what is under embargo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_xsa.report import remarks

if TYPE_CHECKING:
    from git_xsa.embargo.rule import Instant
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git


def hook_problem(git: Git, settings: Settings, now: Instant) -> str:
    """Return why git does not run the hook before a push that was installed here, while something is under embargo.

    Empty when it does, when it never was installed here, and when nothing is under embargo at ``now``.
    """
    if not _may_be_secret(settings) or git.start("rev-parse", "--git-dir", accept=(0, 128)).finish().status:
        return ""
    from git_xsa.cli.hooks import program  # noqa: PLC0415 - only where there is a store
    from git_xsa.embargo.installed_hooks import unhooked  # noqa: PLC0415

    problem = unhooked(git, program() or "git-xsa-hook", settings.hooks_store is not None)
    return problem if problem and _something_secret(settings, now) else ""


def _may_be_secret(settings: Settings) -> bool:
    """Whether there is a store, or nobody knows where it is."""
    from git_xsa.advisory.store import StoreError  # noqa: PLC0415 - not for the usage
    from git_xsa.advisory.store_place import holds, open_store  # noqa: PLC0415

    try:
        return holds(open_store(settings).folder)
    except StoreError:
        return True


def _something_secret(settings: Settings, now: Instant) -> bool:
    """Whether something is under embargo; it is when that is unknown."""
    from git_xsa.advisory.editions import Library  # noqa: PLC0415
    from git_xsa.advisory.store import StoreError  # noqa: PLC0415
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415
    from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415

    try:
        store = open_store(settings)
        return bool(Secrecy(Library(store), EmbargoLedger(store).ledger, now).embargoed())
    except StoreError:
        return True


def warn(problem: str) -> None:
    """Say on standard error that no push is held back here; nothing without a problem."""
    if problem:
        remarks.warning(f"git does not run the hook of git-xsa before a push: {problem}")
        remarks.hint("run git xsa-hooks install; until then, this repository does not hold pushes back")
