"""The settings as they are without what was given for one command alone.

That is what the command line says (``git -c``), what variables of the environment say, and what stands in another file
that they have git read instead of the usual one, which is where ``git xsa-hooks install`` found it.  Whoever guards an
embargo must know what would hold without it.
"""

from __future__ import annotations

import os
from pathlib import Path

from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.git.config import Settings, read_settings, written_as
from git_xsa.git.run import ONE_COMMAND, Git

#: Settings that say what may be pushed while something is under embargo.
_GENERAL = ("stable_branch", "release_tag")
_OWN = ("frozen_refs", "gate_during_freeze", "fixes_first", "staging_branch", "private_remotes")


def lasting_git(folder: Path, settings: Settings) -> Git:
    """Return git for the repository ``folder``, by the settings that last; ``settings`` are those of this command."""
    return Git(folder, {"GIT_DIR": str(folder)} | _homes(settings), lasting=True)


def read_lasting(folder: Path, settings: Settings) -> Settings | None:
    """Return the settings that last in the repository ``folder``; ``None`` when those of this command, ``settings``, do
    too."""
    moved = any(os.environ.get(name, "") != value for name, value in _homes(settings).items())
    if not moved and not any(name in os.environ for name in ONE_COMMAND):
        return None
    with lasting_git(folder, settings) as git:
        return read_settings(git)


def _homes(settings: Settings) -> dict[str, str]:
    """Return the variables by which git finds the user's configuration, as they were when the hooks were installed.

    An account has one home, even without HOME; for git, an empty XDG_CONFIG_HOME is none.
    """
    if settings.hooks_home is None:
        return {}
    home = {"HOME": settings.hooks_home} if settings.hooks_home else {}
    return home | {"XDG_CONFIG_HOME": settings.hooks_config_home or ""}


def differing(one: Settings, other: Settings) -> list[str]:
    """Return the keys of the settings that guard an embargo which are not the same in both."""
    own, its = one.of(EmbargoSettings), other.of(EmbargoSettings)
    return [
        *(written_as(Settings, name) for name in _GENERAL if getattr(one, name) != getattr(other, name)),
        *(written_as(EmbargoSettings, name) for name in _OWN if getattr(own, name) != getattr(its, name)),
    ]
