"""What is said of a package that is edited, in words: each function returns a sentence made of its values."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.wording import remark

# what a package applies, and how it is edited


@remark
def applied_by_ebuild(words: str) -> str:
    return f"the ebuild also applies patches with {words}, which the base lacks"


@remark
def applied_but_unread(package: str, patch: str) -> str:
    return f"{package} applies {patch}, which can't be read: it is not on the base"


@remark
def no_changelog() -> str:
    return "the spec has no %changelog, so no entry is written"


@remark
def changelog_is_generated(line: str) -> str:
    return f"%changelog is generated ({line}), so no entry is written"


@remark
def release_of_spec_is_left(version: str) -> str:
    return f"the entry in %changelog is for {version}; the spec's Release is left to you"


@remark
def pkgrel_is_left(version: str, release: str) -> str:
    return f"secfixes is for {version}; pkgrel={release} is left to you"


# what is wrong with a fix that a package carries


@remark
def reissued_since(file: str, version: int) -> str:
    return f"{file} is of version {version} of the advisory, since reissued"


@remark
def branch_has_more(tip: str, commits: Sequence[str]) -> str:
    return f"{tip} has more of the fix: {', '.join(commits)}"


@remark
def store_has_others() -> str:
    return "the store has other patches of it"
