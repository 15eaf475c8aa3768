"""What is said of an export, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from git_xsa.wording import remark

# into: what a package applies, and how it is edited


@remark
def applied_by_ebuild(words: str) -> str:
    return f"the ebuild also applies patches with {words}, which the base lacks"


@remark
def applied_but_unread(package: str, patch: str) -> str:
    return f"{package} applies {patch}, which can't be read: it is not on the base"
