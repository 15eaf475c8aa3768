"""What goes wrong with the store, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from git_xsa.advisory.problems import Locked, StoreError
from git_xsa.errors import problem

_AGAIN = "run git xsa-hooks install again"
_ANOTHER = "set another folder: git config --global xsa.store <folder>"
_STRANGE = "inspect it: git-xsa did not create this"

# store


@problem
def not_a_name(name: str, why: str) -> StoreError:
    return StoreError(f"{name!r} can't be a name in the store: {why}")


@problem
def unreadable_file(path: Path, why: str | None) -> StoreError:
    return StoreError(f"{path} can't be read: {why}", _STRANGE)


@problem
def not_a_file(path: Path) -> StoreError:
    return StoreError(f"{path} is not a file", _STRANGE)


@problem
def unreadable_folder(path: Path, why: str | None) -> StoreError:
    return StoreError(f"{path} can't be searched: {why}", _STRANGE)


@problem
def store_in_use(store: Path, lock: Path) -> Locked:
    return Locked(
        f"another git-xsa command is using the store {store}",
        f"wait until it ends; fuser {quote(str(lock))} shows which one it is",
    )


@problem
def store_without_locks(store: Path) -> StoreError:
    return StoreError(
        f"the store {store} is on a file system without locks", "move it: git config --global xsa.store <folder>"
    )


@problem
def store_in_repository(store: Path, repository: Path) -> StoreError:
    return StoreError(
        f"the store {store} would be in the git repository {repository}, which may be pushed or served",
        "set a folder outside of it: git config --global xsa.store <folder>",
    )


@problem
def unusable_store(store: Path, why: str | None) -> StoreError:
    return StoreError(f"the store {store} can't be used: {why}", _ANOTHER)


@problem
def store_is_no_folder(store: Path) -> StoreError:
    return StoreError(f"the store {store} is not a folder", f"move it away, or {_ANOTHER}")


@problem
def store_of_another_user(store: Path) -> StoreError:
    return StoreError(f"the store {store} belongs to another user", f"take ownership of it, or {_ANOTHER}")


@problem
def open_store(store: Path, mode: int) -> StoreError:
    return StoreError(
        f"the store {store} can be read by others (mode {mode:04o})", f"chmod -R go= {quote(str(store))}\nor {_ANOTHER}"
    )


@problem
def lost_link(store: Path, path: Path, target: str) -> StoreError:
    return StoreError(
        f"the store {store} can't be used: {path} is a link to {target}, which is not there",
        f"restore its target, or {_ANOTHER}",
    )


def several_entries() -> ValueError:
    return ValueError("a journal has one entry a line")


@problem
def no_folder(path: Path) -> StoreError:
    return StoreError(f"{path} is not a folder", _STRANGE)


@problem
def removed_meanwhile(number: int) -> StoreError:
    return StoreError(f"XSA-{number} was removed from the store meanwhile", "run the command again")


# store_place


@problem
def store_elsewhere(store: Path, hooks: Path) -> StoreError:
    return StoreError(
        f"the store is expected in {store}, but the hooks of this repository use {hooks}",
        f"xsa.store, HOME and XDG_DATA_HOME define its place; if it was moved: {_AGAIN}",
    )


@problem
def missing_store(store: Path) -> StoreError:
    return StoreError(
        f"the store {store} is missing, so it is unknown what is under embargo",
        f"mount or restore it; if you no longer want a store: {_AGAIN}",
    )


@problem
def store_nowhere() -> StoreError:
    return StoreError(
        "the place of the store is unknown: HOME is not set, and this account has no home folder",
        "set HOME, or set a folder: git config xsa.store <folder>",
    )
