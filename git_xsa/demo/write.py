"""Write the demonstration repository into a folder: ``git init``, one ``git fast-import``, and the files of HEAD.

Promises: the folder is new or was empty; commit ids are the same every time, whatever the user's configuration and
environment say about hash functions, templates, hooks, names and branches.
"""

from __future__ import annotations

import os
from pathlib import Path

from git_xsa.errors import UsageError, XsaError
from git_xsa.git.run import Git

#: The branches and tags of the demonstration repository, as ``git fast-export --all`` writes them.
HISTORY = Path(__file__).with_name("history.fast-import")


def write(folder: Path) -> None:
    """Make ``folder`` the demonstration repository, with ``master`` checked out.

    Refuses, with a ``UsageError``, anything that exists and is not an empty folder; ``XsaError`` when it can't be
    made or git fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder} is not a folder", "name one that does not exist yet") from None
    except OSError as error:
        raise XsaError(f"{folder} can't be used: {error.strerror}", "name a folder that you may write to") from None
    if occupied:
        raise UsageError(f"{folder} is not empty", "name a folder that does not exist yet")
    with Git(folder, _environment(folder.absolute())) as git:
        git.call("init", "--quiet", "--template=", "--object-format=sha1", "--initial-branch=master")
        git.call("fast-import", "--quiet", given=HISTORY.read_bytes())
        git.call("read-tree", "--reset", "-u", "HEAD")


def _environment(folder: Path) -> dict[str, str]:
    """Return what makes git work in ``folder`` and nowhere else, without the settings and hooks of the user's."""
    inside = folder / ".git"
    return {
        "GIT_DIR": str(inside),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(inside / "index"),
        "GIT_OBJECT_DIRECTORY": str(inside / "objects"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        # Before git 2.32 the user's settings have no variable of their own.
        "HOME": str(inside),
        "XDG_CONFIG_HOME": str(inside),
    }
