"""What report says besides results, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from git_xsa.wording import remark


@remark
def hook_is_missed(problem: str) -> str:
    return f"git does not run the hook of git-xsa before a push: {problem}"


@remark
def how_to_hold_back() -> str:
    return "run git xsa-hooks install; until then, this repository does not hold pushes back"
