"""Where this git-xsa came from: what a report of a mistake needs besides the version."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote

import git_xsa
from git_xsa.documents import DocumentError, read_object
from git_xsa.errors import XsaError
from git_xsa.git.run import Git

_FILE = "file://"
#: The folder of the package.
PACKAGE = Path(git_xsa.__file__).resolve().parent


def origin() -> str:
    """Return where the package is and who put it there: a checkout and its commit, an installer and its source (PEP
    376, PEP 610), or only the folder where neither is known."""
    try:
        found = distribution("git-xsa")
        if Path(str(found.locate_file("git_xsa"))).resolve() == PACKAGE:
            return _installed(found)
    except PackageNotFoundError:
        pass
    commit = _commit()
    return f"a checkout at {commit}, in {PACKAGE.parent}" if commit else f"in {PACKAGE.parent}"


def _installed(found: Distribution) -> str:
    installer = (found.read_text("INSTALLER") or "").strip()
    source = _source(found.read_text("direct_url.json") or "")
    return (
        f"installed{f' by {installer}' if installer else ''}{f' from {source}' if source else ''} in {PACKAGE.parent}"
    )


def _source(recorded: str) -> str:
    """Return the address, and the commit, that ``direct_url.json`` has; empty when it has none, or a folder that is
    gone, such as the copy that install.sh builds from."""
    try:
        document = read_object(recorded.encode())
    except DocumentError:
        return ""
    address, version = document.get("url"), document.get("vcs_info")
    commit = version.get("commit_id") if isinstance(version, dict) else None
    if not address or (address.startswith(_FILE) and not Path(unquote(address.removeprefix(_FILE))).exists()):
        return ""
    return f"{address}{f' at {commit}' if commit else ''}"


def _commit() -> str:
    """Return the commit of the checkout that the package is in, empty when it is in none."""
    if not (PACKAGE.parent / ".git").exists():
        return ""
    try:
        with Git(PACKAGE.parent) as git:
            return git.text("describe", "--always", "--dirty", "--abbrev=12", accept=(0, 128))
    except XsaError:
        return ""
