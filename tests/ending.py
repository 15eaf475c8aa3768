"""Have a test fail where git-xsa would go on without end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def ends(seconds: float) -> Iterator[None]:
    """Fail when what is done here has not ended after so many ``seconds``."""

    def fail(*_: object) -> None:
        pytest.fail(f"it has not ended in {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
