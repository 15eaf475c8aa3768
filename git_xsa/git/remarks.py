"""What is said of a clone, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Iterable

from git_xsa.wording import remark

# config


@remark
def how_to_change(change: str, scope: str, instead: str) -> str:
    if scope == "command":
        return f"it is set for this command alone; {instead}"
    return f"git config {'' if scope == 'local' else f'--{scope} '}{change}"


# branches


@remark
def not_in_this_clone(branch: str, release: str) -> str:
    return f"{branch}, the branch of {release}, is not in this clone"


@remark
def perhaps_other_branches(fetched: Iterable[str], remotes: Iterable[str]) -> str:
    return f"only {', '.join(fetched)} is fetched from {', '.join(remotes)}: there may be other supported branches"


@remark
def no_release_tags() -> str:
    return "the repository has no release tags: run git fetch --tags, or go to a clone of the project"


@remark
def called(release: str) -> str:
    return f"the release is called {release}"


@remark
def nearest(releases: Iterable[str]) -> str:
    return f"the releases nearest to it are {', '.join(releases)}"


# how to get what is missing


@remark
def unshallow() -> str:
    return "the clone is shallow: run git fetch --unshallow --tags"


@remark
def check_clone() -> str:
    return "check the clone with git fsck; in a partial clone, run git fetch --refetch --no-filter"


@remark
def list_names() -> str:
    return "git tag and git branch -a list the existing names"


@remark
def fetch_all_branches(shallow: bool) -> str:
    unshallowing = "--unshallow " if shallow else ""
    words = f"to fetch all branches: git remote set-branches <remote> '*' && git fetch {unshallowing}--tags"
    return f"{words}; --branch limits the check"


# remote: why it can't be reached


@remark
def said_by_git(line: str) -> str:
    return line


@remark
def no_answer() -> str:
    return "no answer"
