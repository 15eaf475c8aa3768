"""Who decides: what the journal of embargoes has as the name beside a decision."""

from __future__ import annotations

import os
import pwd

from git_xsa.git.run import Git
from git_xsa.report.plain import printable


def user(git: Git) -> str:
    """Return who decides: the identity that git would commit with, or else the name of the account."""
    ident = git.call("var", "GIT_COMMITTER_IDENT", accept=(0, 128))
    if ident.status == 0:
        return printable(ident.out.decode("utf-8", "replace").rpartition(">")[0] + ">", one_line=True)
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
