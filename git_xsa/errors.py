"""The errors that a user is meant to read: what went wrong, where, and what to do next.

Every room raises these and only the outermost function (``git_xsa.__main__.main``) turns them into text and an exit
status, so that the rooms can be used as a library.  What they say stands in the module ``problems`` of each room.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from git_xsa.wording import Remark

#: What the system says where no more can be written: the disk is full, or what the user may have of it.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPACE = "free some space on that file system, and run the command again: existing data is unchanged"


class XsaError(Exception):
    """A failure that ends the command.

    ``what`` is one sentence with its place, ``hint`` says what to do next (empty: nothing useful to say), and
    ``status`` is the exit status it leads to: 128 when git or the repository failed, 129 for wrong usage, 2 when
    something can't be done even with every commit of the branch.

    One from a room's ``problems`` knows, as a remark does, which function worded it, and from which values.
    """

    status = 128

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = Remark(what)
        self.hint = Remark(hint)


class UsageError(XsaError):
    """The command line asks for something that has no meaning (exit status 129)."""

    status = 129


_P = ParamSpec("_P")
_E = TypeVar("_E", bound=XsaError)


def problem(word: Callable[_P, _E]) -> Callable[_P, _E]:
    """Return ``word``, which words an error, so that its sentence carries the name of ``word`` and its values."""

    def worded(*args: _P.args, **named: _P.kwargs) -> _E:
        error = word(*args, **named)
        error.what.sign(word, args, named)
        return error

    worded.__name__ = word.__name__
    return worded
