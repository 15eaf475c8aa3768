"""The errors that a user is meant to read: what went wrong, where, and what to do next.

Every room raises these and only the outermost function (``git_xsa.__main__.main``) turns them into text and an exit
status, so that the rooms can be used as a library.
"""

from __future__ import annotations

import errno

#: What the system says where no more can be written: the disk is full, or what the user may have of it.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPACE = "free some space on that file system, and run the command again: existing data is unchanged"


class XsaError(Exception):
    """A failure that ends the command.

    ``what`` is one sentence with its place, ``hint`` says what to do next (empty: nothing useful to say), and
    ``status`` is the exit status it leads to: 128 when git or the repository failed, 129 for wrong usage, 2 when
    something can't be done even with every commit of the branch.
    """

    status = 128

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(XsaError):
    """The command line asks for something that has no meaning (exit status 129)."""

    status = 129
