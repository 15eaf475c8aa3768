"""Ask a remote what it has, and push to it: the only places where a release reaches the network.

git runs here as the user would run it, with the user's hooks and transports, but it asks nobody anything when it is
only to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.git import problems, remarks
from git_xsa.git.programs import run_tool
from git_xsa.git.repository import Repository
from git_xsa.wording import Remark

#: How long a remote may take to answer, in seconds.
LIMIT = 30.0


def remote_refs(repository: Repository, remote: str, names: Sequence[str]) -> dict[str, str] | Remark:
    """Return the object of each of the references ``names`` that ``remote`` has; why not, when it can't be reached."""
    found = advertised(repository, remote, repository.folder)
    return found if isinstance(found, Remark) else {name: found[name] for name in found if name in names}


def advertised(repository: Repository, remote: str, folder: Path) -> dict[str, str] | Remark:
    """Return the object of each reference that ``remote`` has, by its name; why not, when it can't be reached.

    ``remote`` is a name or an address; one that is a path begins at ``folder``.
    """
    surroundings = {
        "GIT_DIR": str(repository.folder),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    words = ("git", "ls-remote", "--quiet", "--", remote)  # without names: that of a tag to come is nobody's business
    done = run_tool(words, folder=folder, environment=surroundings, alone=True, limit=LIMIT)
    if done.status:
        said = done.err.decode("utf-8", "replace").strip().splitlines()
        reasons = [*(line for line in said if line.startswith(("fatal:", "error:"))), *said]
        return remarks.said_by_git(reasons[0]) if reasons else remarks.no_answer()
    pairs = (line.split("\t") for line in done.out.decode("utf-8", "replace").splitlines())
    return {name: object_name for object_name, name in pairs}


def push(repository: Repository, remote: str, refspecs: Sequence[str]) -> None:
    """Push ``refspecs`` to ``remote``, all or none; ``PushFailed`` with what git says."""
    words = ("git", "push", "--atomic", "--", remote, *refspecs)
    done = run_tool(words, folder=repository.folder, environment={"GIT_DIR": str(repository.folder)})
    if done.status:
        said = done.err.decode("utf-8", "replace").strip()
        raise problems.push_failed(remote, said)
