"""The repository that a command works in, if that is not the one where the user stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Variables that point git to a repository.
_TOLD = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX")
_clone: Path | None = None


def clone() -> Path | None:
    """Return the folder of the clone to work in, ``None`` for the repository where the user stands."""
    return _clone


@contextmanager
def working_in(folder: Path | None) -> Iterator[None]:
    """Have git start in ``folder`` where nothing else is said; what the environment says of a repository is not for it.

    Paths that the user has given count from where the user stands all the same.
    """
    global _clone  # noqa: PLW0603 - one command a process, and its option holds for all that it does
    if folder is None:
        yield
        return
    before, told = _clone, {name: os.environ.pop(name) for name in _TOLD if name in os.environ}
    _clone = Path(os.path.abspath(folder))
    try:
        yield
    finally:
        _clone = before
        os.environ.update(told)
