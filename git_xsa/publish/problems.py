"""What is wrong with a report, in words: each function returns an error made of its values."""

from __future__ import annotations

from git_xsa.errors import XsaError, problem
from git_xsa.model.words import advisory_names


@problem
def under_embargo(numbers: tuple[int, ...]) -> XsaError:
    are = "is" if len(numbers) == 1 else "are"
    return XsaError(
        f"{advisory_names(numbers)} {are} under embargo, or nothing says that the advisory is public",
        "--embargoed includes it: then only you can read the files",
    )


@problem
def leads_to_embargo(base: str) -> XsaError:
    return XsaError(
        f"the answer about {base} has patches or commits that are under embargo",
        "run it in a clone of the public branches, or include what is under embargo: --embargoed",
    )
