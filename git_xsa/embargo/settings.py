"""The settings of embargoes: what a freeze concerns, who may push where, and what a server knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from git_xsa.embargo.rule import Rules
from git_xsa.git.config import Settings, boolean, path, pattern, setting, word, words


@dataclass(frozen=True)
class EmbargoSettings:
    """What a freeze goes by; see git-xsa-config(5)."""

    staging_branch: str = setting("stagingBranch", pattern, "staging-*")
    #: What a freeze concerns: patterns of branches, or of whole names that begin with refs/.
    frozen_refs: tuple[str, ...] = setting("frozenRefs", words, ("stable-*", "staging-*"))
    #: Whether stable branches may take during a freeze what was in staging when it began.
    gate_during_freeze: bool = setting("gateDuringFreeze", boolean, True)
    fixes_first: bool = setting("fixesFirst", boolean, False)
    #: Remotes, by name or address, that embargoed patches may go to.
    private_remotes: tuple[str, ...] = setting("privateRemote", words, ())
    #: The freeze file of a server; ``None``: there may be one in the repository's folder, but there need not.
    freeze_file: Path | None = setting("freezeFile", path, None)
    #: Who may override a freeze on a server.
    override_users: tuple[str, ...] = setting("overrideUsers", words, ())
    #: The variable of the environment that says who pushes; empty: the web server or the account does.
    user_variable: str = setting("userVariable", word, "")


def freeze_rules(settings: Settings) -> Rules:
    """Return what the freeze rule is to go by."""
    own = settings.of(EmbargoSettings)
    return Rules(
        own.frozen_refs,
        settings.stable_branch,
        own.staging_branch,
        settings.release_tag,
        own.gate_during_freeze,
        own.fixes_first,
    )
