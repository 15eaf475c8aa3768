"""What a form makes of a report: files, to be printed or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from git_xsa.wording import Remark


class Made(NamedTuple):
    """Files by name, and whether they may have something that is under embargo.

    A form that is one document has one file, whose name does not matter.  ``notes`` are to be said of them, ``missing``
    is what was asked for and is not in them.
    """

    files: Mapping[str, bytes]
    private: bool = False
    notes: Sequence[Remark] = ()
    missing: Sequence[Remark] = ()
