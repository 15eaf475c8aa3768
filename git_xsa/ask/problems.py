"""What is wrong with a request, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.errors import UsageError, XsaError, problem
from git_xsa.git.remarks import unshallow

#: Where a person finds the advisory of a CVE.
_LISTED = "https://xenbits.xen.org/xsa/ lists both"
_ONCE = "give each patch of the series once, in their order"


# by_number


@problem
def no_joint_queue(names: str, reasons: Sequence[str]) -> XsaError:
    hints = [*(f"they don't fit: {reason}" for reason in reasons[:1])]
    hints.append("ask about each of them alone, or leave it out with --xsa")
    error = XsaError(f"{names} can't join one queue with the others", "\n".join(hints))
    error.status = 2
    return error


# commits


@problem
def is_a_folder(name: str) -> XsaError:
    return XsaError(f"{name!r} is a folder", "give the patch files in it, in their order")


@problem
def no_commit_or_file(name: str, hint: str) -> XsaError:
    return XsaError(f"{name!r} is neither a commit nor a file", hint)


@problem
def no_patch_file(name: str) -> XsaError:
    return XsaError(f"there is no file {name!r}", "check its path, and the current folder")


@problem
def advisory_as_commit(name: str, number: int) -> XsaError:
    return XsaError(f"{name!r} is neither a commit nor a file", f"for an advisory: --xsa {number}")


@problem
def cve_as_commit(name: str) -> XsaError:
    return XsaError(
        f"{name!r} is neither a commit nor a file", f"give the number of its advisory, --xsa <n>: {_LISTED}"
    )


@problem
def file_and_commit(file: Path, commit: str) -> UsageError:
    return UsageError(f"{file} is a file and {commit} a commit", "give only commits or only files")


@problem
def given_twice(path: Path) -> UsageError:
    return UsageError(f"{path} is given twice", _ONCE)


@problem
def not_between(commit: str, id_: str, base: str, tip: str) -> XsaError:
    return XsaError(
        f"{commit} is not between {base} and {tip}",
        f"git branch -a --contains {id_[:12]} shows its branch; give that with --tip",
    )


# compose


@problem
def inconsistent_history(path: str, commit: str, why: str) -> XsaError:
    return XsaError(
        f"the history of {path} is inconsistent at {commit}: {why}",
        "check the clone with git fsck, and its info/attributes for diff settings",
    )


# base


@problem
def no_source_tree(name: str) -> XsaError:
    return XsaError(f"there is no file or folder {name!r}", "check its path; for a release, give its tag or its number")


# outside_base


@problem
def commit_and_path(name: str, folder: bool) -> UsageError:
    return UsageError(
        f"{name!r} is a commit and a {'folder' if folder else 'file'}",
        f"give ./{name} for the file or folder, or the full reference of the commit (refs/tags/{name})",
    )


@problem
def package_patch_refused(patch: str, place: Path, base: str, doubt: str) -> XsaError:
    return XsaError(
        f"{patch} of {place} does not apply to {base}",
        doubt or "make sure that --onto is the release that the package builds",
    )


@problem
def two_branches_fit(name: str, best: str, same: int, second: str, as_well: int, files: int) -> XsaError:
    return XsaError(
        f"{name} fits two branches alike: of its {files} files, {best} has {same} and {second} {as_well} as they are",
        "name its branch: --tip <ref> for xsa-prereqs, --branch for xsa-check",
    )


@problem
def unknown_release(name: str) -> XsaError:
    return XsaError(
        f"{name} has no file as a release has it, so it is unknown from which one it was made",
        "give a commit of this project or the folder that holds xen/, and fetch the releases: git fetch --tags",
    )


# patch_files


@problem
def same_patch(path: Path, other: Path) -> UsageError:
    return UsageError(f"{path} is the same patch as {other}", _ONCE)


# placement


@problem
def unclear_place(name: str, several: bool) -> UsageError:
    what = "several of the package's patches are" if several else "none of the package's patches is"
    return UsageError(f"{what} called {name!r}", "give before, after, or the file name of one patch")


# ranges


@problem
def nothing_in_common(base: str, tip: str, shallow: bool) -> XsaError:
    hint = unshallow() if shallow else "give a base with the same history"
    return XsaError(f"{base} and {tip} have no commit in common", hint)


# targets


@problem
def no_such_branch(pattern: str) -> UsageError:
    return UsageError(f"no stable branch matches {pattern!r}", "git branch -a lists the branches")


@problem
def unsupported_branches(names: str) -> UsageError:
    return UsageError(f"{names} is no longer security-supported", "add --all to check it anyway")


@problem
def no_branch_here(folder: Path, everything: bool) -> XsaError:
    return XsaError(_no_branch(folder, everything), unshallow())


@problem
def no_branch_fetched(folder: Path, everything: bool, hint: str) -> XsaError:
    return XsaError(_no_branch(folder, everything), hint)


@problem
def no_branch(folder: Path, everything: bool, pattern: str) -> XsaError:
    hint = f"go to a clone of the project, or name one with --history; {_named(pattern)}"
    return XsaError(_no_branch(folder, everything), hint)


@problem
def no_supported_branch(folder: Path, pattern: str) -> XsaError:
    hint = f"{_named(pattern)}; --all includes those without security support"
    return XsaError(_no_branch(folder, False), hint)


def _no_branch(folder: Path, everything: bool) -> str:
    what = f"there is no stable branch in {folder}"
    return what if everything else f"{what} that gets security fixes"


def _named(pattern: str) -> str:
    return f"stable branches are named {pattern!r} (git config xsa.stableBranch)"


@problem
def no_release_tags(folder: Path, shallow: bool) -> XsaError:
    hint = unshallow() if shallow else "fetch them: git fetch --tags"
    return XsaError(f"no stable branch has a release tag in {folder}", hint)


@problem
def not_one_branch(pattern: str, several: bool) -> UsageError:
    what = "several stable branches match" if several else "no stable branch matches"
    return UsageError(f"{what} {pattern!r}", "with --onto, --branch must match exactly one branch, that of the base")


# tip


@problem
def which_branch(base: str, branches: Sequence[str]) -> UsageError:
    several = f"{base} is on several stable branches: {', '.join(branches)}"
    hint = "select a branch: --tip <ref> for xsa-prereqs, --branch for xsa-check"
    return UsageError(several if branches else f"{base} is on no stable branch", hint)
