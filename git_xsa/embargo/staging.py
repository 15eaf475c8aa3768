"""Where the staging branches stand: what an embargo writes down when it is added, and what waits for the gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.git.config import Settings
from git_xsa.git.marked import MESSAGES
from git_xsa.git.repository import Repository


def staging_tips(repository: Repository, settings: Settings) -> dict[str, frozenset[str]]:
    """Return the commits at the ends of the staging branches, by the branch's name; most have one.

    Those of remotes count, as they were when they were fetched last: a local branch may have commits that nobody else
    has.  Where there are none (a server), the local ones do.  Of two remotes' commits the newer one counts, both if
    neither has the other in its history.
    """
    pattern = settings.of(EmbargoSettings).staging_branch
    local: dict[str, set[str]] = {}
    remote: dict[str, set[str]] = {}
    for reference, commit in repository.refs().items():
        kind, _, name = reference.removeprefix("refs/").partition("/")
        if kind == "remotes":
            owners = [owner for owner in settings.remotes if name.startswith(f"{owner}/")]
            name = name[len(max(owners, key=len, default=name.partition("/")[0])) + 1 :]
        if kind in ("heads", "remotes") and fnmatchcase(name, pattern):
            (remote if kind == "remotes" else local).setdefault(name, set()).add(commit)
    return {name: _newest(repository, commits) for name, commits in sorted({**local, **remote}.items())}


@dataclass(frozen=True)
class Waiting:
    """What a staging branch has and its stable branch has not: the messages of the commits along first parents.

    ``behind`` counts the commits that only the stable branch has, which are none where the gate is the only way in.
    """

    messages: tuple[str, ...]
    behind: int


def waiting(repository: Repository, stable: str, tips: Iterable[str]) -> Waiting:
    """Return what the staging branch that ends with ``tips`` has and the commit ``stable`` has not."""
    ends = sorted(tips)
    if ends == [stable]:
        return Waiting((), 0)
    log = repository.git.start(*MESSAGES, "--first-parent", "--format=%B", *ends, f"^{stable}", "--")
    behind = int(
        repository.git.text("rev-list", "--count", "--first-parent", stable, *(f"^{end}" for end in ends), "--")
    )
    output = log.finish().out.decode("utf-8", "replace")
    return Waiting(tuple(output.split("\0")[:-1]), behind)


def _newest(repository: Repository, commits: set[str]) -> frozenset[str]:
    """Return those of ``commits`` that no other one has in its history."""
    if len(commits) == 1:
        return frozenset(commits)
    return frozenset(repository.git.text("merge-base", "--independent", *sorted(commits)).split())
