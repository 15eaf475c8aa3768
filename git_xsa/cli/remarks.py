"""What the commands say besides results, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from git_xsa.report.junit import Case
from git_xsa.wording import remark

# test, ci


@remark
def nothing_to_prove(why: str) -> str:
    return f"there is nothing to prove: {why}"


@remark
def failed_check(case: Case) -> str:
    return f"{case.place}: {case.name}: {case.told}"
