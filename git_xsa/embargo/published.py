"""Which advisories are public since a commit that was fetched says that it is their fix."""

from __future__ import annotations

from collections.abc import Collection

from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.git.config import Settings
from git_xsa.git.marked import MESSAGES, naming
from git_xsa.git.run import Git
from git_xsa.model.marks import marked_advisories


def published(git: Git, settings: Settings, numbers: Collection[int]) -> set[int]:
    """Return those of the advisories ``numbers`` that a commit of a fetched branch says it fixes.

    Branches of a remote do not count if ``xsa.privateRemote`` has its name or one of its addresses, nor do those that
    are only here.  Outside of a repository nothing was fetched.
    """
    if not numbers or not git.in_repository():
        return set()
    remotes = [name for name in settings.remotes if not _may_be_private(git, settings, name)]
    branches = [f"refs/remotes/{name}" for name in remotes]
    tips = set(git.text("for-each-ref", "--format=%(objectname)", *branches).split()) if branches else set()
    if not tips:
        return set()
    given = "".join(f"{tip}\n" for tip in sorted(tips)).encode()
    output = git.call(*MESSAGES, "--format=%B", "--stdin", *naming(numbers), given=given).out
    messages = output.decode("utf-8", "replace").split("\0")
    return {number for message in messages for number in marked_advisories(message)} & set(numbers)


def _may_be_private(git: Git, settings: Settings, name: str) -> bool:
    addresses = git.text("remote", "get-url", "--all", name, accept=(0, 2)).splitlines()
    private = settings.of(EmbargoSettings).private_remotes
    return name in private or not set(addresses).isdisjoint(private)
