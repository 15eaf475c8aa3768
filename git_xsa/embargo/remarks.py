"""What is said of embargoes, hooks and addresses, in words: each function returns a sentence made of its values."""

from __future__ import annotations

from pathlib import Path

from git_xsa.wording import remark

# address: why it does not say what it has


@remark
def reached_by_a_helper() -> str:
    return "a remote helper reaches it"


@remark
def rewritten_again() -> str:
    return "its address would be rewritten again"


# installed_hooks


@remark
def not_run(hook: Path, state: str, setting: str) -> str:
    return f"{hook}: {state}{f' ({setting} names that folder)' if setting else ''}"


@remark
def already_installed() -> str:
    return "already installed"


@remark
def updated() -> str:
    return "updated"


@remark
def installed(before: str) -> str:
    return f"installed; the existing hook is now {before}, and runs after it" if before else "installed"


@remark
def not_installed() -> str:
    return "not installed"


@remark
def removed(restored: bool) -> str:
    return "removed, and the earlier hook is restored" if restored else "removed"


@remark
def left_alone(before: str) -> str:
    words = "left alone: it was changed since it was installed"
    return f"{words}; the earlier hook is {before}" if before else words


# server: why the freeze file is of no use, in short


@remark
def unreadable() -> str:
    return "can't be read"


@remark
def knows_no_fixes_yet() -> str:
    return "does not say yet which fixes come first"
