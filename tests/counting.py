"""Count the steps of git-xsa's own code, so that a test can tell how they grow without a clock."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import git_xsa

_OURS = str(Path(git_xsa.__file__).parent)


def steps(action: Callable[[], object]) -> int:
    """Return how many lines of git-xsa are run by ``action``, each as often as it is run: loops count each round.

    What a call of the standard library does in C is one step.
    """
    count = 0

    def line(_frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += 1
        return line

    def call(frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        return line if frame.f_code.co_filename.startswith(_OURS) else None

    before = sys.gettrace()
    threading.settrace(call)
    sys.settrace(call)
    try:
        action()
    finally:
        sys.settrace(before)
        threading.settrace(before)
    return count


class Counted(list[Any]):
    """A list that counts the items which are read from it, or moved in it."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.touched = 0

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        self.touched += len(found) if isinstance(index, slice) else 1
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        size = len(self)
        super().__setitem__(index, value)
        moved = len(self) != size and isinstance(index, slice)
        self.touched += size - (index.start or 0) if moved else 1

    def __iter__(self) -> Any:
        self.touched += len(self)
        return super().__iter__()


def linear(counts: list[int]) -> bool:
    """Whether ``counts``, of things of which each is twice as large as the one before, grow no more than they do.

    What grows with the square is 4 times as much more each time, what grows as n log n a bit more than 2.
    """
    first, second, third = counts
    return third - second <= 2.5 * (second - first)
