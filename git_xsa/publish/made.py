"""What a form makes of a report: files, to be printed or written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Made(NamedTuple):
    """Files by name, and whether they may have something that is under embargo.

    A form that is one document has one file, whose name does not matter.
    """

    files: Mapping[str, bytes]
    private: bool = False
