"""What of an embargo may go into a pipeline: nothing, unless its project is private and the user says so.

Everybody who may see the project reads its jobs, logs and artifacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_xsa.ask.session import Session
from git_xsa.ci import problems
from git_xsa.documents import read_back
from git_xsa.embargo.address import PushTarget, is_private
from git_xsa.export.folder import MANIFEST, manifest

#: What a manifest says of a queue and a job needs to know; everything else names or describes an advisory.
_KEPT = ("export", "base", "tip", "policy")


def must_be_private(session: Session, remote: str) -> None:
    """Raise ``XsaError`` unless ``remote`` is a private remote: the project in which the pipeline is to run."""
    git = session.repository.git
    if remote not in session.settings.remotes:
        raise problems.no_such_remote(remote)
    addresses = git.text("remote", "get-url", "--push", "--all", remote).splitlines()
    if not addresses or not all(is_private(git, session.settings, PushTarget(remote, one)) for one in addresses):
        raise problems.not_private(remote)


def neutral(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return an exported queue as jobs under embargo get it: no name, title or subject in it but the patches' own.

    The patches are called by their places.  They are files as before, so that the hooks which guard against leaks
    recognise them.
    """
    facts: dict[str, Any] = read_back(files[MANIFEST])
    made: dict[str, bytes] = {}
    queue = []
    for place, item in enumerate(facts["queue"], 1):
        name = f"{place:04}.patch"
        made[name] = files[item["file"]]
        queue.append({"file": name, "id": name, "role": item["role"], "subject": f"patch {place}", "xsa": item["xsa"]})
    kept = {key: facts[key] for key in _KEPT}
    return made | {MANIFEST: manifest(made, {**kept, "xsa": facts["xsa"], "queue": queue})}
