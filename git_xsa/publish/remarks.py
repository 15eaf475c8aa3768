"""What is said beside a report, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.words import advisory_names, count
from git_xsa.wording import remark


@remark
def hidden(advisories: int) -> str:
    are, them = ("is", "it") if advisories == 1 else ("are", "them")
    return f"{count(advisories, 'advisory')} under embargo {are} left out (--embargoed includes {them})"


@remark
def without_cve(advisories: Sequence[int]) -> str:
    has, which = ("has", "it") if len(advisories) == 1 else ("have", "them")
    return f"{advisory_names(advisories)} {has} no known CVE number: there is no record of {which}"


@remark
def some_without_cve(advisories: int) -> str:
    are = "is" if advisories == 1 else "are"
    return f"{count(advisories, 'advisory')} without a known CVE number {are} left out: git xsa-fetch gets the numbers"


@remark
def not_fixed_anywhere(advisories: Sequence[int]) -> str:
    return f"no commit of a branch says that it fixes {advisory_names(advisories)}"


@remark
def nothing_compiled_in(folder: str, advisories: Sequence[int]) -> str:
    return (
        f"no file in {folder} was compiled, so what {advisory_names(advisories)} changes there counts as not shipped: "
        "list these files, too, if the product has them"
    )


@remark
def product_by_package(purl: str) -> str:
    return f"the product is called {purl}: --product gives it the name that its users' scanners know"
