"""git-xsa's own settings, from git's configuration (section ``xsa``; see git-xsa-config(5)).

Only the user's and the repository's configuration count.  No file inside a tree is ever read for settings: what a
branch holds must not decide what is run.
"""

from __future__ import annotations

from dataclasses import dataclass

from git_xsa.errors import XsaError
from git_xsa.git.repository import Repository


@dataclass(frozen=True)
class Settings:
    """The settings with their defaults; ``*`` in a pattern stands for the version."""

    release_tag: str = "RELEASE-*"
    stable_branch: str = "stable-*"


#: Keys as git lists them -> the setting, and the key as it is written in manuals.
_KEYS = {
    "xsa.releasetag": ("release_tag", "xsa.releaseTag"),
    "xsa.stablebranch": ("stable_branch", "xsa.stableBranch"),
}


def read_settings(repository: Repository) -> Settings:
    """Return the settings that hold for ``repository``; ``XsaError`` when one has no meaning."""
    listing = repository.git.call("config", "--null", "--get-regexp", r"^xsa\.", accept=(0, 1)).out
    found = {}
    for item in listing.decode("utf-8", "replace").split("\0")[:-1]:
        key, _, value = item.partition("\n")
        if key in _KEYS:
            setting, written = _KEYS[key]
            if value.count("*") != 1:
                what = f"the setting {written} is {value!r}: it must hold one *, which stands for the version"
                raise XsaError(what, f"git config {written} 'name-*'")
            found[setting] = value
    return Settings(**found)
