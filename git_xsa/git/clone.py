"""Find the clone of the project's repository from a package's folder: the setting ``xsa.history``.

What a repository's own configuration says holds there.  What the user's says holds where there is no repository, or
one without release tags: a package's.
"""

from __future__ import annotations

from pathlib import Path

from git_xsa.git import problems
from git_xsa.git.config import COMMAND, OWN_SCOPES, read_settings
from git_xsa.git.run import Git

_KEY = "xsa.history"


def chosen(given: str | None, by_setting: bool) -> Path | None:
    """Return the clone to work in: the one ``given``, or that of the setting, if it counts; ``None`` for the repository
    here.

    Raises ``XsaError`` when it is no folder.
    """
    place = given if given is not None or not by_setting else _configured()
    if place is None:
        return None
    if not Path(place).is_dir():
        raise problems.no_history_folder("--history" if given is not None else _KEY, place)
    return Path(place)


def _configured() -> str | None:
    with Git() as git:
        words = ("config", "--null", "--show-scope", "--type=path", "--get", _KEY)
        answer = git.start(*words, accept=(0, 1, 128)).finish()  # begun, not called: before every command
        scope, _, rest = answer.out.decode("utf-8", "surrogateescape").partition("\0")
        value = rest.rstrip("\0")
        if answer.status or not value or (scope not in (*OWN_SCOPES, COMMAND) and _has_releases(git)):
            return None
        return value


def _has_releases(git: Git) -> bool:
    """Whether there is a repository here that has releases, and so is a clone itself."""
    pattern = f"refs/tags/{read_settings(git).release_tag}"
    answer = git.call("for-each-ref", "--count=1", "--format=x", pattern, accept=(0, 128))
    return answer.status == 0 and bool(answer.out)
