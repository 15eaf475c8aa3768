"""What goes wrong with an export, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.advisory.problems import StoreError
from git_xsa.errors import UsageError, XsaError, problem
from git_xsa.git.problems import Unresolved

_PROVE = "write one for the exported queue: git xsa-test -o <folder>"


class Unable(XsaError):
    """The program that is to apply a queue can't do what a patch does (exit status 2)."""

    status = 2


class Blocked(XsaError):
    """The target can't be written, or must not be replaced."""


# branch


@problem
def not_a_branch_name(name: str) -> UsageError:
    return UsageError(f"{name!r} is not a valid branch name", "see git help check-ref-format for the rules")


@problem
def stable_branch(name: str) -> XsaError:
    return XsaError(f"{name} is a stable branch", "choose another name: -o <branch>")


@problem
def branch_exists(name: str) -> XsaError:
    return XsaError(f"there is a branch {name} already", "choose another name (-o), or give --force to move it")


@problem
def branch_checked_out(branch: str) -> XsaError:
    return XsaError(
        f"the branch {branch} is checked out", "switch to another branch first, or choose another name (-o)"
    )


# exported


@problem
def not_exported(folder: Path, manifest: str) -> XsaError:
    return XsaError(f"{folder} has no {manifest} of git xsa-export", "give an exported folder")


@problem
def changed_since_export(folder: Path, path: str) -> XsaError:
    return XsaError(f"{folder} was changed since it was exported: {path}", "export the queue again")


@problem
def damaged_manifest(manifest: Path) -> XsaError:
    return XsaError(f"{manifest} is damaged", "export the queue again")


@problem
def one_file(folder: Path) -> XsaError:
    return XsaError(f"{folder} is one file for all patches", "export the queue with --format series")


@problem
def not_applied(patch: str, base: str, why: str) -> XsaError:
    return XsaError(f"git does not apply {patch} to {base}: {why}", "export the queue for this base")


# folder


@problem
def unusable_place(place: Path, why: str | None) -> Blocked:
    return Blocked(f"{place}: {why}", "choose another place: -o <folder>")


@problem
def not_a_folder(target: Path) -> Blocked:
    return Blocked(f"{target} exists already, and is not a folder", "choose another one: -o <folder>")


@problem
def not_our_folder(target: Path) -> Blocked:
    return Blocked(f"{target} exists already, and was not made by git xsa-export", "choose another: -o <folder>")


@problem
def changed_folder(target: Path, path: str) -> Blocked:
    return Blocked(
        f"{target} was changed since it was exported: {path}",
        "choose another folder (-o), or give --force, which keeps the old one under another name",
    )


def name_outside(name: str) -> ValueError:
    return ValueError(f"{name!r} is outside")


@problem
def not_replaced(target: Path, why: str) -> Blocked:
    return Blocked(
        f"{target} can't be replaced in one step here{why}", "remove it first, or choose another folder: -o <folder>"
    )


# package_version


@problem
def too_many_digits(changelog: Path, digits: int) -> XsaError:
    return XsaError(
        f"the newest version in {changelog} ends with a number of {digits:,} digits",
        "give the version: --package-version <version>",
    )


# patches


@problem
def refreshed_and_refused(patch: str, why: str) -> XsaError:
    return XsaError(
        f"{patch}: {why}", "this patch was refreshed for this base: please report it, with the command line"
    )


# policy


@problem
def not_for_gnu_patch(path: str, odd: str) -> Unable:
    return Unable(
        f"GNU patch can't change {path}: it is {odd}",
        "use a format that git applies: --format mbox, or series with --policy strict",
    )


# proofs


@problem
def no_proof(folder: Path, manifest: str) -> XsaError:
    return XsaError(f"{folder} has no proof in its {manifest}", _PROVE)


@problem
def changed_since_proof(folder: Path, path: str) -> XsaError:
    return XsaError(f"{folder} was changed since it was written: {path}", "prove the queue again")


@problem
def damaged_proof(manifest: Path) -> XsaError:
    return XsaError(f"{manifest} is damaged", "prove the queue again")


@problem
def proof_of_another(folder: Path) -> XsaError:
    return XsaError(f"the proof in {folder} is of another queue or base", _PROVE)


# resolve


@problem
def already_resolving(title: str, tree: Path) -> XsaError:
    return XsaError(
        f"a conflict on {title} is being resolved already", f"use --continue, --skip or --abort there: {tree}"
    )


@problem
def no_work_tree(tree: Path) -> XsaError:
    return XsaError(f"the work tree {tree} is missing", "run git xsa-resolve --abort, then start again")


@problem
def nothing_resolved(conflict: str, lost: str) -> Unresolved:
    return Unresolved(
        f"nothing of {conflict} is in the work tree", f"edit the files, or leave {lost or 'it'} out with --skip"
    )


@problem
def binary_resolution(paths: Sequence[str]) -> Unresolved:
    return Unresolved(
        f"{', '.join(paths)} is a binary file in the work tree",
        "an adapted patch is text: undo that change, then run git xsa-resolve --continue again",
    )


@problem
def untracked(path: str) -> Unresolved:
    return Unresolved(f"git does not track {path} in the work tree", "add it with git add, or remove it")


# task


@problem
def damaged_task(task: Path, tree: Path) -> StoreError:
    return StoreError(f"{task} is damaged", f"save what you need from {tree}, then remove {task.parent}")


# verify


@problem
def damaged_manifest_key(manifest: Path) -> XsaError:
    return XsaError(f"{manifest} is damaged: a key is missing or invalid", "export the queue again")
