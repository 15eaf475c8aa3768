"""What is wrong with a pipeline or its results, in words: each function returns an error made of its values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shlex import quote

from git_xsa.documents import DocumentError
from git_xsa.errors import UsageError, XsaError, problem

_HOW = "see EMBARGOES in git help xsa-ci"
_SEEN = "everybody who may see a project reads its jobs, logs and artifacts"


# collect


@problem
def not_a_folder(folder: Path) -> XsaError:
    return XsaError(f"{folder} is not a folder", "give the folder with the results of the jobs")


def no_results() -> DocumentError:
    return DocumentError("it has no results")


def is_a_link() -> DocumentError:
    return DocumentError("it is a link")


def too_large(megabytes: int) -> DocumentError:
    return DocumentError(f"it is larger than {megabytes} MiB")


def missing_result() -> DocumentError:
    return DocumentError("it is missing: its job did not run, or ended without a result")


def unreadable_result(why: str | None) -> DocumentError:
    return DocumentError(f"it can't be read: {why}")


# github


@problem
def too_many_jobs(most: int, number: int) -> XsaError:
    return XsaError(
        f"a matrix of GitHub Actions has at most {most} jobs, and this one would have {number}",
        "ask about fewer bases, cells or sets: --branch, --cell, without --each",
    )


# plan


@problem
def same_name(base: str) -> XsaError:
    return XsaError(f"two bases have the name {base} in a pipeline", "give each base once, or tag one of them")


# planning


@problem
def full_of_a_package() -> UsageError:
    return UsageError(
        "--full runs the pipeline of the project's own tree, and a package's project has another", "leave out --full"
    )


@problem
def only_in_the_store(names: str, base: str) -> UsageError:
    return UsageError(
        f"{names}: only the store has patches for {base}, and no job can see it",
        "write the queues into a folder that goes into the project: -o <folder>",
    )


@problem
def not_in_the_project(path: str, project: Path) -> XsaError:
    return XsaError(f"{path} is not in the project {project}, so no job can see it", "put it there, and commit it")


@problem
def folder_of_this_machine(key: str, place: str) -> XsaError:
    return XsaError(f"{key} names {place}, a folder of this machine, and goes into every job", _own_value(key))


@problem
def password_in_address(key: str) -> XsaError:
    return XsaError(
        f"{key} has a password in its address, and everybody who sees the pipeline reads it", _own_value(key)
    )


def _own_value(key: str) -> str:
    return f"give jobs a value of their own: git -c {key}={quote('<value>')} xsa-ci"


# results


def other_format(found: int) -> DocumentError:
    return DocumentError(f"it has format {found}, and this version reads format 1")


def contradiction(says: str, tests_say: str) -> DocumentError:
    return DocumentError(f"it says {says}, and its tests say {tests_say}")


# secrecy


@problem
def no_such_remote(remote: str) -> XsaError:
    return XsaError(
        f"there is no remote {remote!r}, so nothing says that the pipeline runs in private",
        f"name the remote of the private project: --remote <name>; it must be an xsa.privateRemote, {_HOW}",
    )


@problem
def not_private(remote: str) -> XsaError:
    return XsaError(
        f"{remote} is not an xsa.privateRemote, and {_SEEN}",
        f"push to a private project and say so: git config --add xsa.privateRemote <address>; {_HOW}",
    )


@problem
def may_be_under_embargo(numbers: Iterable[int]) -> UsageError:
    names = ", ".join(f"XSA-{number}" for number in numbers)
    return UsageError(
        f"{names} may be under embargo, and {_SEEN}",
        f"leave them out, or run the pipeline in a private project: --embargoed -o <folder>; {_HOW}",
    )


# settings


@problem
def unknown_setting(key: str) -> XsaError:
    return XsaError(f"the setting {key} is unknown", "git config xsa.ci.x86_64.image <image>")


@problem
def not_an_image(key: str, hint: str) -> XsaError:
    return XsaError(f"the setting {key}: it must be one container image", hint)


@problem
def not_tags(key: str, hint: str) -> XsaError:
    return XsaError(f"the setting {key}: it must be tags of runners, with blanks between them", hint)
