"""The settings of proofs (git-xsa-config(5))."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.git.config import Configured, how_to_set, path, setting, words
from git_xsa.git.problems import Meaningless
from git_xsa.proof import problems

_CELL = "xsa.cell."
_EXPLOIT = "xsa.exploit."


@dataclass(frozen=True)
class ProofSettings:
    """How queues are proved."""

    #: The cells in which that is done when none is named.
    cells: tuple[str, ...] = setting("cells", words, ())
    #: A clone of the Xen Test Framework.
    xtf: Path | None = setting("xtf", path, None)


def cell_settings(configured: Configured) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what ``xsa.cell.<name>.<key>`` say: all values by name and key; an empty one drops those before it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, values in configured.values.items():
        if key.startswith(_CELL):
            name, _, last = key.removeprefix(_CELL).rpartition(".")
            found.setdefault(name, {})[last] = _texts(values)
    return found


def _texts(values: Sequence[str | None]) -> tuple[str, ...]:
    found: list[str] = []
    for value in values:
        if not value:
            found.clear()
            continue
        found.append(value)
    return tuple(found)


def exploits(configured: Configured) -> dict[int, Path]:
    """Return the images that try advisories (``xsa.exploit.<n>.image``), by number; git's own keys begin with a letter.

    ``XsaError`` for a key or a value without a meaning.
    """
    found = {}
    for key, values in configured.values.items():
        if not key.startswith(_EXPLOIT):
            continue
        match = re.fullmatch(r"([1-9][0-9]{0,8})\.image", key.removeprefix(_EXPLOIT))
        if match is None:
            raise problems.unknown_setting(key)
        try:
            found[int(match[1])] = path(values)
        except Meaningless as error:
            raise problems.bad_image_setting(key, error, how_to_set(key, "~/test-hvm64-mine", values)) from None
    return found
