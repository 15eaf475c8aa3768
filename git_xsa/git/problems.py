"""What goes wrong with git and the programs beside it, in words: each function returns an error made of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from git_xsa.errors import SPACE, XsaError, problem

#: A part of a message of git -> what to do next.
HINTS = {
    "No space left on device": SPACE,
    "Disk quota exceeded": SPACE,
    "dubious ownership": "if you trust its owner: git config --global --add safe.directory <folder>",
    "lazy fetching disabled": "the clone is partial: run git fetch --refetch --no-filter",
    "promisor remote": "the clone is partial: run git fetch --refetch --no-filter",
}
#: The oldest git that is supported: the first that signs with ssh keys (``gpg.format=ssh``), as git xsa-release can.
#: Everything else needs only 2.31, where ``rev-parse --path-format`` is from; before it, no command starts.
#: tests/test_packages.py checks that install.sh and the packages name the same version.
OLDEST_GIT = (2, 34)
INSTALL_GIT = "install git {}.{} or later".format(*OLDEST_GIT)
#: git's exit status when it does not know an option, as one that is older than what is needed here.
GIT_USAGE = 129
#: Where git says whose folder it does not read.
_OWNED = re.compile(r"dubious ownership in repository at '(.*)'")
#: git's words about a lock of its own: the lock, or the configuration file that it is for.
_LOCK = re.compile(
    r"Unable to create '(?P<lock>[^'\n]+\.lock)': File exists"
    r"|could not lock config file (?P<file>[^\n]+?)(?:: File exists)?$",
    re.MULTILINE,
)
#: What a program is called, where that is not the name of its file, and how to get it.
_PROGRAMS = {"patch": "GNU patch"}
_INSTALL = {
    "git": INSTALL_GIT,
    "gpg": "install the package gpg (GnuPG)",
    "gzip": "install the package gzip",
    "patch": "install the package patch",
    "ssh-keygen": "install the package openssh-client",
    "xz": "install the package xz-utils",
}


class GitError(XsaError):
    """git ended with a status that the caller did not expect.

    ``command`` is what was run, ``code`` its exit status and ``message`` what it wrote to standard error.
    """

    def __init__(self, command: tuple[str, ...], code: int, message: str) -> None:
        lines = message.strip().splitlines()
        fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        first = next(iter(fatal + lines), f"exit status {code}")
        hint = next((hint for sign, hint in HINTS.items() if sign in message), "")
        if code == GIT_USAGE and not hint:
            hint = f"git may be too old (git --version): {INSTALL_GIT}"
        if (owned := _OWNED.search(message)) is not None:
            hint = hint.replace("<folder>", quote(owned[1]))
        if not hint and (lock := _LOCK.search(message)) is not None:
            hint = f"if no other git is running, one was killed: {_removal(lock['lock'] or lock['file'] + '.lock')}"
        super().__init__(f"git {command[0] if command else ''} failed: {re.sub('^(fatal|error): ', '', first)}", hint)
        self.command = command
        self.code = code
        self.message = message


def _removal(lock: str) -> str:
    """Return the command that removes ``lock``; git names a file of its repository as it is seen from the top."""
    inside = lock.removeprefix(".git/")
    return f"rm {quote(lock)}" if inside == lock else f'rm "$(git rev-parse --git-path {quote(inside)})"'


class NotOnBranch(XsaError):
    """A range can't start at a commit that the first-parent line to its tip does not pass."""


class Unresolved(XsaError):
    """The work tree still has conflicts (exit status 1)."""

    status = 1


class PushFailed(XsaError):
    """The remote did not take it."""


class DiffError(XsaError):
    """Text that should be a diff is none; ``what`` names the place."""


class Meaningless(Exception):
    """A value without a meaning: the text says what it must be, ``example`` is one that has a meaning.

    ``wrong`` is the one of several values that all count, ``None`` where the last one alone does.
    """

    def __init__(self, must: str, example: str, wrong: str | None = None) -> None:
        super().__init__(must)
        self.example = example
        self.wrong = wrong


# branches


@problem
def not_on_one_branch(first: str, second: str) -> XsaError:
    return XsaError(f"{first} and {second} are not on one branch", "give commits of one stable branch at a time")


# clone


@problem
def no_history_folder(setting: str, folder: str | Path) -> XsaError:
    return XsaError(f"{setting} names {folder}, which is not a folder", "give a clone of the project's repository")


# commits


@problem
def tree_has_changes(tree: Path, path: str) -> XsaError:
    return XsaError(f"{tree} has changes in {path}", "commit or stash them")


# config


def not_one_star() -> Meaningless:
    return Meaningless("it must hold one *, which stands for the version", "'name-*'")


def not_a_name() -> Meaningless:
    return Meaningless("it must be a name without blanks", "xen")


def not_an_address(example: str) -> Meaningless:
    return Meaningless("it must begin with https:// or http://", example)


def not_an_absolute_path() -> Meaningless:
    return Meaningless("it must be an absolute path, or begin with ~/", "~/xsa-{name}")


def not_true_or_false() -> Meaningless:
    return Meaningless("it must be true or false", "true")


def not_a_command() -> Meaningless:
    return Meaningless("it must be a command", "'make -C xen'")


def not_a_fingerprint(wrong: str | None) -> Meaningless:
    example = "23E3222C145F4475FA8060A783FE14C957E82BD9"
    return Meaningless("it must be the whole fingerprint of a key (gpg --fingerprint prints it)", example, wrong)


def not_a_use_of_follow_ups() -> Meaningless:
    return Meaningless("it must be list, add or ignore", "list")


def not_a_count() -> Meaningless:
    return Meaningless("it must be a whole number from 1", "3600")


@problem
def meaningless_setting(key: str, value: str, why: Meaningless, hint: str) -> XsaError:
    return XsaError(f"the setting {key} is {value}: {why}", hint)


# diffs


@problem
def too_many_lines(hunk: int) -> DiffError:
    return DiffError(f"not a diff: hunk {hunk} has more lines than its header says")


@problem
def too_few_lines(hunk: int) -> DiffError:
    return DiffError(f"not a diff: hunk {hunk} has fewer lines than its header says")


@problem
def unmarked_line(hunk: int, line: str) -> DiffError:
    return DiffError(f"not a diff: a line of hunk {hunk} begins with neither a blank, + nor -: {line}")


@problem
def left_over_lines() -> DiffError:
    return DiffError("not a diff: lines are left over after the last hunk")


@problem
def lone_mark() -> DiffError:
    return DiffError("not a diff: a mark of a missing newline stands alone")


@problem
def blank_line_after_hunk() -> DiffError:
    return DiffError("not a diff: a blank line follows a hunk")


@problem
def new_and_deleted(path: str) -> DiffError:
    return DiffError(f"not a diff: a file that is new and deleted: {path}")


@problem
def not_a_mode(digits: str) -> DiffError:
    return DiffError(f"not a diff: {digits} is no mode of a file")


@problem
def half_a_rename(path: str) -> DiffError:
    return DiffError(f"not a diff: half a rename or copy: {path}")


@problem
def two_names(old: str, new: str) -> DiffError:
    return DiffError(f"not a diff: it names {old} and {new}")


# log


@problem
def not_on_first_parents(base: str, tip: str) -> NotOnBranch:
    return NotOnBranch(
        f"{base} is not on the first-parent line of {tip}",
        "give a base on that branch, or the tip of the branch that the base is on (--tip)",
    )


# remote


@problem
def push_failed(remote: str, said: str) -> PushFailed:
    return PushFailed(f"git push to {remote} failed:\n{said}")


# programs


@problem
def not_installed(program: str) -> XsaError:
    what = f"{_PROGRAMS.get(program, program)} is not installed, or not on PATH"
    return XsaError(what, _INSTALL.get(program, "check the setting that names it"))


# repository


@problem
def not_in_a_repository(folder: Path) -> XsaError:
    return XsaError(
        f"{folder} is not in a git repository",
        "use a clone of the project's repository, or name one: --history <clone>, git config xsa.history",
    )


@problem
def git_too_old() -> XsaError:
    return XsaError("git is too old for git-xsa (git --version)", INSTALL_GIT)


@problem
def newline_in_path() -> XsaError:
    return XsaError("the path of the repository has a newline in it", "git-xsa can't work there; move the repository")


@problem
def lost_object(why: str, hint: str) -> XsaError:
    return XsaError(why, hint)


@problem
def missing_object(name: str, folder: Path, hint: str) -> XsaError:
    return XsaError(f"object {name} is missing from {folder}", hint)


@problem
def not_a_commit(name: str, kind: str, hint: str) -> XsaError:
    return XsaError(f"{name!r} is a {kind} and not a commit", hint)


@problem
def ambiguous_name(name: str, folder: Path) -> XsaError:
    return XsaError(
        f"the names of several objects in {folder} begin with {name!r}",
        f"give more digits: git rev-parse --disambiguate={name} lists them",
    )


@problem
def no_commit(name: str, folder: Path, hint: str) -> XsaError:
    return XsaError(f"there is no commit {name!r} in {folder}", hint)


# run


def git_failed(command: tuple[str, ...], code: int, message: str) -> GitError:
    return GitError(command, code, message)


def git_ended(command: tuple[str, ...]) -> GitError:
    return GitError(command, 128, "the process has ended")


def git_answered_half(command: tuple[str, ...]) -> GitError:
    return GitError(command, 128, "the process ended in the middle of an answer")


# source_tree


@problem
def tree_too_large(place: Path, most: int) -> XsaError:
    return XsaError(f"{place} is larger than a source tree may be", f"at most {most:,} files in 2 GiB")


@problem
def no_files(place: Path) -> XsaError:
    return XsaError(f"{place} holds no files", "give the folder with the unpacked sources, or their tarball")


@problem
def unreadable_folder(folder: str, why: str | None) -> XsaError:
    return XsaError(f"can't read {folder}: {why}", "check its permissions")


@problem
def path_outside(place: Path, member: str) -> XsaError:
    return XsaError(f"{place} names a path outside: {member}", "fetch the tarball from its source")


@problem
def incomplete_tarball(place: Path) -> XsaError:
    return XsaError(f"{place} is not a complete tarball", "fetch it again, and compare its checksum")


@problem
def unreadable_tarball(place: Path, why: str) -> XsaError:
    return XsaError(f"can't read {place}: {why}", "fetch it again")


@problem
def file_too_large(path: str) -> XsaError:
    return XsaError(f"{path} is larger than 256 MiB", "a source tree has no such files: remove it")


# trial


@problem
def no_space(folder: Path) -> XsaError:
    return XsaError(
        f"there is no space left in {folder}, where patches are tried",
        "free some, or use another folder: XDG_RUNTIME_DIR=<folder>",
    )


# workbench


@problem
def conflict_markers(paths: Sequence[str]) -> Unresolved:
    shown = ", ".join(paths[:4]) + (", ..." if len(paths) > 4 else "")
    return Unresolved(f"conflict markers remain in {shown}", "edit it, then run git xsa-resolve --continue again")
