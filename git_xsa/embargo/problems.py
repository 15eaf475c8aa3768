"""What goes wrong with embargoes, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from git_xsa.advisory.problems import StoreError
from git_xsa.documents import DocumentError
from git_xsa.errors import XsaError, problem


class LedgerError(StoreError):
    """The ledger can't be read (exit status 128): whoever asks what is frozen takes everything for frozen."""


class FreezeFileError(XsaError):
    """The freeze file is missing where there must be one, or is none: what could be frozen counts as frozen."""


@dataclass(frozen=True)
class Conflict:
    """What two people have changed in the embargo of ``xsa``, each in his own way: values of ``mine`` and ``theirs``.

    ``None`` stands for an embargo that one of them has removed.
    """

    xsa: int
    mine: Mapping[str, Any] | None
    theirs: Mapping[str, Any] | None


class Disagreement(XsaError):
    """Two people have decided differently (exit status 1); ``conflicts`` says about what."""

    status = 1

    conflicts: Sequence[Conflict] = ()


# freeze_file


@problem
def unreadable_freeze_file(path: Path, why: str) -> FreezeFileError:
    hint = "replace it with the output of git xsa-embargo freeze-file"
    return FreezeFileError(f"the freeze file {path} can't be read: {why}", hint)


def freeze_file_is_no_file(path: Path) -> FreezeFileError:
    return unreadable_freeze_file(path, "it is not a file")


def unknown_freeze_format(path: Path, found: int, known: int) -> FreezeFileError:
    return unreadable_freeze_file(path, f"its format is {found}, not {known}")


def freeze_file_without_references(path: Path) -> FreezeFileError:
    return unreadable_freeze_file(path, "it names no references, or names that do not begin with refs/")


def freeze_ends_early(path: Path) -> FreezeFileError:
    return unreadable_freeze_file(path, "a freeze in it ends before it begins")


# installed_hooks


@problem
def no_hooks_path(scope: str) -> XsaError:
    return XsaError("core.hooksPath is empty, so git runs no hooks here", _other_hooks_path(scope))


@problem
def hooks_path_is_no_folder(folder: Path, scope: str) -> XsaError:
    what = f"core.hooksPath is {folder}, which is not a folder, so git runs no hooks here"
    return XsaError(what, _other_hooks_path(scope))


def _other_hooks_path(scope: str) -> str:
    return f"git config --{scope} --unset-all core.hooksPath, or set it to a folder"


@problem
def no_hook_file(name: str) -> XsaError:
    return XsaError(f"this installation of git-xsa has no file hooks/{name}", "run install.sh again")


@problem
def newer_manifest(path: Path) -> XsaError:
    return XsaError(f"{path} is of another version of git-xsa", "use that version, or a newer one")


@problem
def unreadable_manifest(path: Path, why: str | None) -> XsaError:
    return XsaError(f"{path} can't be read: {why}", "inspect it")


@problem
def not_a_manifest(path: Path) -> XsaError:
    return XsaError(f"{path} is not a manifest of git-xsa", "inspect it, and move it away")


@problem
def hook_was_changed(path: Path) -> XsaError:
    return XsaError(
        f"{path} was changed since git-xsa installed it",
        "run git xsa-hooks uninstall, which keeps the file, then install again",
    )


@problem
def unknown_hook(path: Path) -> XsaError:
    return XsaError(f"{path} exists, but git-xsa has no record of it", "inspect it, and move it away")


@problem
def not_writable(place: Path, why: str | None) -> XsaError:
    return XsaError(f"{place} can't be written: {why}", "run this as its owner")


# ledger


@problem
def missing_ledger(ledger: Path, journal: Path) -> LedgerError:
    return _ledger(ledger, "it is missing, but its journal exists", f"{journal} shows what it held")


@problem
def merged_ledger(ledger: Path, why: str, store: Path) -> LedgerError:
    return _ledger(ledger, why, f"git merged it: git -C {quote(str(store))} merge --abort, then git xsa-embargo sync")


@problem
def newer_ledger(ledger: Path, why: str) -> LedgerError:
    return _ledger(ledger, why, "install a newer git-xsa")


@problem
def unreadable_ledger(ledger: Path, journal: Path, why: str) -> LedgerError:
    return _ledger(ledger, why, f"repair it by hand; {journal} shows what it held")


def _ledger(ledger: Path, why: str, hint: str) -> LedgerError:
    return LedgerError(f"the ledger of embargoes {ledger} can't be read: {why}", hint)


def unknown_ledger_format(found: object, known: int) -> DocumentError:
    return DocumentError(f"its format is {found!r}, not {known}")


def listed_twice() -> DocumentError:
    return DocumentError("it has two embargoes of one advisory")


def invalid_time(number: int, why: ValueError) -> DocumentError:
    return DocumentError(f"XSA-{number} has an invalid time: {why}")


def ends_early(number: int) -> DocumentError:
    return DocumentError(f"XSA-{number} ends before it begins")


# outgoing


@problem
def nested_tag(ref: str) -> XsaError:
    return XsaError(f"{ref} is a tag of a tag of a tag, which is not checked", "push the object that it points to")


# overrides


@problem
def unlogged_override(why: str | None) -> XsaError:
    return XsaError(f"the override cannot be logged: {why}", "contact the repository administrator")


@problem
def unreadable_log(path: Path, why: str | None) -> XsaError:
    return XsaError(f"{path} can't be read: {why}", "contact the repository administrator")


# server


@problem
def exposed_freeze_file(path: Path, folder: Path) -> FreezeFileError:
    return FreezeFileError(f"the freeze file {path} is in the folder of a work tree", f"move it into {folder}")


# sharing


@problem
def store_is_no_clone(store: Path) -> XsaError:
    return XsaError(
        f"the store {store} is not a clone, so there is nobody to share with",
        "see 'Sharing the ledger' in git help xsa-embargo",
    )


@problem
def store_has_no_remote(store: Path) -> XsaError:
    return XsaError(
        f"the store {store} has no remote to share with",
        f"git -C {quote(str(store))} remote add origin <address of a private repository>",
    )


@problem
def locked_by_git(lock: str) -> XsaError:
    return XsaError(
        f"{lock} exists: another git is running in the store, or one was killed",
        f"if none is running: rm {quote(lock)}, then git xsa-embargo sync",
    )


@problem
def remote_kept_changing(tries: int, remote: str) -> XsaError:
    return XsaError(f"gave up after {tries} attempts: {remote} kept changing", "run the command again")


@problem
def not_a_shared_ledger(branch: str, remote: str, ledger: str) -> XsaError:
    return XsaError(
        f"{branch} of {remote} has no {ledger}, so it is not the repository of a ledger",
        "nothing was sent; share the ledger through a separate private repository",
    )


@problem
def merge_under_way(store: Path) -> XsaError:
    return XsaError(
        f"a merge is under way in {store}", f"git -C {quote(str(store))} merge --abort, then git xsa-embargo sync"
    )


@problem
def other_files_differ(remote: str, branch: str, store: Path) -> XsaError:
    return XsaError(
        f"you and others changed files other than the ledger in {remote}",
        f"merge them by hand: git -C {quote(str(store))} pull --no-rebase {remote} {branch}, then git xsa-embargo sync",
    )


@problem
def unreadable_shared_ledger(ledger: str, commit: str, remote: str, why: DocumentError) -> XsaError:
    return XsaError(f"{ledger} in the commit {commit} of {remote} can't be read: {why}")


@problem
def disagreement(conflicts: Sequence[Conflict]) -> Disagreement:
    numbers = ", ".join(f"XSA-{conflict.xsa}" for conflict in conflicts)
    hint = "nothing was changed; agree on a value, then run git xsa-embargo sync --take mine, or --take theirs"
    error = Disagreement(f"you and others decided differently about {numbers}", hint)
    error.conflicts = conflicts
    return error
