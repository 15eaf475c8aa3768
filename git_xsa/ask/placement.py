"""A place for the queue among a package's own patches.

The base is then what stands before the queue; an advisory that a patch behind it fixes is not outstanding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from git_xsa.advisory.patchfile import PatchFile
from git_xsa.ask import problems
from git_xsa.git.repository import Commit

#: The queue goes before all patches of the package, or behind them.
BEFORE, AFTER = "before", "after"


class PackagePatch(NamedTuple):
    """A patch of a package, with the fuzz that its tools allow."""

    patch: PatchFile
    fuzz: int


@dataclass(frozen=True)
class Placement:
    """The place that was asked for in ``words``: the patches ``behind`` it, and the base ``whole`` with all patches."""

    words: str
    behind: tuple[PackagePatch, ...]
    whole: Commit


def split(carried: Sequence[PackagePatch], words: str) -> int:
    """Return before which of the patches ``carried``, by number, the place ``words`` is: ``before``, ``after``, or the
    name of a patch; ``UsageError`` if there is no such patch, or several."""
    if words in (BEFORE, AFTER):
        return 0 if words == BEFORE else len(carried)
    numbers = [number for number, one in enumerate(carried) if words in (one.patch.file, one.patch.name)]
    files = {carried[number].patch.file for number in numbers}
    if not numbers or (len(files) == 1 and numbers != list(range(numbers[0], numbers[-1] + 1))):
        raise problems.unclear_place(words, several=bool(numbers))
    return numbers[0]
