"""What one command works with: the repository that it holds open, and what it has found out about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from git_xsa.ask.ranges import Ranges
from git_xsa.git.branches import Branches
from git_xsa.git.config import read_settings
from git_xsa.git.repository import Commit, Repository
from git_xsa.git.trial import Quarantine
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.ask.placement import Placement
    from git_xsa.git.borrowed import Borrowed
    from git_xsa.model.instant import Instant

_Made = TypeVar("_Made")


class Session:
    """One command's work in the repository at ``folder`` (``None``: the current folder).

    Use it as a context manager: leaving it ends every process and removes every temporary file.  Without ``symbols``
    the answers are those of the text alone; without ``now`` no embargo is over.
    """

    def __init__(self, folder: Path | None = None, symbols: bool = True, now: Instant = 0) -> None:
        self.repository = Repository(folder)
        try:
            self.repository.begin_refs()
            self.settings = read_settings(self.repository.git)
            self.branches = Branches(self.repository, self.settings)
            self.quarantine = Quarantine(self.repository)
        except BaseException:
            self.repository.close()
            raise
        self.ranges = Ranges(self.repository, self.branches)
        #: What happens to later fixes of a queue: ``list``, ``add`` or ``ignore``.
        self.follow_ups = self.settings.follow_ups
        #: What there is to say of the base, for people.
        self.notes: list[Remark] = []
        #: By the name of a base's commit: where the queue goes among the package's patches, if a place was chosen.
        self.placements: dict[str, Placement] = {}
        self.symbols = symbols
        self.now = now
        self._made: dict[tuple[Any, ...], Any] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quarantine.close()
        self.repository.close()
        if "borrowed" in vars(self):
            self.borrowed.close()

    def once(self, make: Callable[..., _Made], *given: Hashable) -> _Made:
        """Return what ``make`` makes of this session and what is ``given``, worked out when it is first asked for."""
        key = (make, *given)
        if key not in self._made:
            self._made[key] = make(self, *given)
        made: _Made = self._made[key]
        return made

    @cached_property
    def borrowed(self) -> Borrowed:
        """A scratch repository for commits that last as long as the session."""
        from git_xsa.git.borrowed import Borrowed  # noqa: PLC0415 - only for bases beside the branch

        return Borrowed(self.repository)

    def commit(self, name: str) -> Commit:
        """Return the commit ``name``; ``XsaError`` when there is none."""
        commit = self.repository.resolve(name)
        if commit is None:
            raise self.repository.no_commit(name)
        return commit
