"""Where the store is: found in one way by every command and every hook.

``xsa.store`` names it; else it is in the user's data folder.  ``git xsa-hooks install`` writes that place into the
repository's configuration (``xsa.hooks.store``), and whoever first sees a store there in that repository writes this
down, too (``xsa.hooks.seen``).

Promises: while what was written down differs from what is found now and may hold something, and while a store that was
seen is not there, an error is raised: nothing may look like a store in which there is nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.advisory.problems import store as problems
from git_xsa.advisory.store import Store

if TYPE_CHECKING:
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git

#: What a store has as soon as something can be under embargo.
CONTENT = ("embargoes.json", "embargoes.journal", "advisories")


def open_store(settings: Settings) -> Store:
    """Return the store; ``StoreError`` when it can't be used, or when nothing says for certain where it is."""
    folder, written = found(settings), settings.hooks_store
    store = Store(folder)
    if written is None:
        return store
    if os.path.realpath(written) != os.path.realpath(folder):
        if settings.hooks_seen or holds(written):
            raise problems.store_elsewhere(folder, written)
    elif settings.hooks_seen and not holds(folder):
        raise problems.missing_store(folder)
    return store


def found(settings: Settings) -> Path:
    """Return where the settings and the environment say that the store is; ``StoreError`` when they don't."""
    if settings.store is not None:
        return settings.store
    folder = Store.default()
    if not folder.is_absolute():
        raise problems.store_nowhere()
    return folder


def holds(folder: Path) -> bool:
    """Whether ``folder`` has what makes a store; also when that can't be known."""
    for name in CONTENT:
        try:
            os.lstat(folder / name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
        return True
    return False


def write_down(git: Git, settings: Settings) -> None:
    """Write into the repository's configuration where the store is now, whether it holds something, and where the
    user's configuration is."""
    folder = found(settings)
    git.call("config", "--local", "xsa.hooks.store", str(folder))
    git.call("config", "--local", "xsa.hooks.seen", "true" if holds(folder) else "false")
    for key, name in (("home", "HOME"), ("configHome", "XDG_CONFIG_HOME")):
        git.call("config", "--local", f"xsa.hooks.{key}", os.environ.get(name, ""))


def forget(git: Git) -> None:
    """Take that out of the repository's configuration again."""
    git.call("config", "--local", "--remove-section", "xsa.hooks", accept=(0, 128))


def note_seen(git: Git, settings: Settings) -> None:
    """Write down that there is a store, where hooks are installed and nobody has done so yet.

    Somebody else may be writing to the configuration just now; then the next one does it.
    """
    if settings.hooks_store is None or settings.hooks_seen or settings.store_of_one_command:
        return
    if holds(found(settings)):
        for key, value in (("store", str(found(settings))), ("seen", "true")):
            git.call("config", "--local", f"xsa.hooks.{key}", value, accept=tuple(range(256)))
