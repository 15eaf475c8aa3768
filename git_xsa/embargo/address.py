"""Where a push goes: whether its address is private, and what it has.

Only the address counts that git uses in the end, which it gives to the hook ``pre-push``.  A name says less: a remote
may have one address to fetch from and several others to push to, and ``url.<base>.insteadOf`` may change each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from git_xsa.embargo import remarks
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.embargo.updates import Move
from git_xsa.git.config import Settings
from git_xsa.git.remote import advertised
from git_xsa.git.repository import Repository
from git_xsa.git.run import Git
from git_xsa.wording import Remark

#: What is the address of one repository.  A name without these is that of a remote, or a path from the folder in which
#: git runs: another repository in each work tree.
_ADDRESS = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*://|[^/]+:")
#: User and password in an address, which no message may show.
_LOGIN = re.compile(r"(?<=://)[^/@]*@")


@dataclass(frozen=True)
class PushTarget:
    """Where a push goes, as git says it to the hook: the remote's ``name`` as it was typed, and the ``address``."""

    name: str
    address: str

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return _LOGIN.sub("", self.address)

    @property
    def relative(self) -> bool:
        """Whether the address is a path from the folder in which git runs."""
        return _ADDRESS.match(self.address) is None


def is_private(git: Git, settings: Settings, target: PushTarget) -> bool:
    """Return whether ``xsa.privateRemote`` names where ``target`` is.

    It does so by its address, or by the name of a remote that has no other: one that git takes as it is written, to
    fetch from and to push to, or else several that are all named themselves.  A relative path is never private.
    """
    listed = settings.of(EmbargoSettings).private_remotes
    private = {one for one in listed if _ADDRESS.match(one)}
    if target.relative or _has_helper(git, target.name):
        return False  # nobody knows where that sends it
    if target.address in private:
        return True
    if target.name not in listed or target.name not in settings.remotes:
        return False
    used = {*_used(git, target.name), *_used(git, target.name, "--push"), target.address}
    return used <= private or {*used, *_written(git, target.name)} == {target.address}


def _used(git: Git, name: str, *which: str) -> list[str]:
    """Return the addresses of the remote ``name`` as git uses them."""
    return git.text("remote", "get-url", *which, "--all", name).splitlines()


def _written(git: Git, name: str) -> Iterator[str]:
    """Yield its addresses as they are in the configuration."""
    for key in ("url", "pushurl"):
        yield from git.text("config", "--get-all", f"remote.{name}.{key}", accept=(0, 1)).splitlines()


def _has_helper(git: Git, name: str) -> bool:
    """Whether a program of its own reaches the remote ``name``, whatever its address is."""
    return bool(git.text("config", "--get", f"remote.{name}.vcs", accept=(0, 1)))


def mirror_of(git: Git, target: PushTarget) -> str:
    """Return the setting by which the private ``target`` is known to pass on what it gets; empty: none is known.

    Besides the configuration here, only that of a repository on the same machine can be read.
    """
    mirrors = r"^remote\..*\.mirror$"
    own = f"remote.{target.name}.mirror"
    if git.text("config", "--type=bool", "--get", own, accept=(0, 1, 128)) == "true":
        return own
    for file in (Path(target.address, "config"), Path(target.address, ".git", "config")):
        if target.address.startswith("/") and file.is_file():
            words = ("config", "--file", str(file), "--type=bool", "--get-regexp", mirrors)
            for line in git.text(*words, accept=(0, 1, 3, 128)).splitlines():
                key, _, value = line.rpartition(" ")
                if value == "true":
                    return f"{key} of {target.shown}"
    return ""


def old_tips(repository: Repository, moves: Iterable[Move]) -> list[str]:
    """Return the commits that the references of ``moves`` are now, by what the address itself has said to git."""
    found = (move.old for move in moves if move.old is not None)
    return [name for name in dict.fromkeys(found) if repository.resolve(name) is not None]


def known_tips(repository: Repository, target: PushTarget) -> list[str] | Remark:
    """Ask the address of ``target`` for its references; return those of their commits that are here, or why not.

    Remote branches here don't show that: they belong to the address from which was fetched, when that was.
    """
    if _has_helper(repository.git, target.name):
        return remarks.reached_by_a_helper()
    if repository.git.text("ls-remote", "--get-url", "--", target.address) != target.address:
        return remarks.rewritten_again()
    refs = advertised(repository, target.address, Path.cwd())
    if isinstance(refs, Remark):
        return refs
    return [name for name in dict.fromkeys(refs.values()) if repository.resolve(name) is not None]
