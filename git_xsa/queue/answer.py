"""Judge one request: what a base needs for some changes of its branch, and whether git agrees.

The line history gives the smallest selection; the answer is not believed before the queue has been applied with
system git and the files that come out equal those of the line history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.selection import Selection, select


class State(str, Enum):
    """What is true of some patches and a base (design: states)."""

    APPLIES = "applies"
    NEEDS_PREREQUISITES = "needs-prerequisites"
    MISPLACED = "misplaced"
    CONFLICTS = "conflicts"
    ALREADY_APPLIED = "already-applied"
    PARTLY_APPLIED = "partly-applied"
    NO_PATCHES = "no-patches"

    @property
    def status(self) -> int:
        """The exit status that this state alone leads to."""
        if self is State.CONFLICTS:
            return 2
        return int(self in (State.NEEDS_PREREQUISITES, State.MISPLACED))


@dataclass(frozen=True)
class Doubt:
    """Why an answer is ``misplaced``: git refuses the change at ``position`` with ``message`` although it fits, or
    (no position) takes the queue but makes something else of the files at ``paths``."""

    position: int | None
    message: str
    paths: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer to one request.

    ``xsa`` are the advisories that were asked about, ``xsa_of`` maps positions of their commits to them.  ``doubt``
    is there exactly when ``state`` is ``misplaced``.
    """

    base: Commit
    tip: Commit
    range: Range
    state: State
    selection: Selection
    doubt: Doubt | None = None
    xsa_of: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def xsa(self) -> list[int]:
        """The advisories that were asked about, by number."""
        return sorted({number for numbers in self.xsa_of.values() for number in numbers})

    def role(self, position: int) -> str:
        """Return ``patch`` for a wanted change, ``prerequisite`` for one that it needs."""
        return "patch" if position in self.selection.wanted else "prerequisite"

    @property
    def status(self) -> int:
        """The exit status that this answer leads to: as its state, but prerequisites and doubt count in every one."""
        return max(self.state.status, int(bool(self.selection.prerequisites or self.doubt)))


def judge(
    history: Range, base: int, wanted: Sequence[int], quarantine: Quarantine
) -> tuple[State, Selection, Doubt | None]:
    """Return the state of the changes at ``wanted`` on the base at position ``base``, what they need, and the doubt.

    The state is ``partly-applied`` whenever the base holds some of them, whatever the rest needs.
    """
    selection = select(history.history, base, wanted)
    if not wanted:
        return State.NO_PATCHES, selection, None
    if not selection.wanted:
        return State.ALREADY_APPLIED, selection, None
    if selection.impossible:
        return State.CONFLICTS, selection, None
    doubt = check(history, selection, quarantine)
    if doubt is not None:
        return State.MISPLACED, selection, doubt
    if len(selection.wanted) < len(set(wanted)):
        return State.PARTLY_APPLIED, selection, None
    return State.NEEDS_PREREQUISITES if selection.prerequisites else State.APPLIES, selection, None


def check(history: Range, selection: Selection, quarantine: Quarantine) -> Doubt | None:
    """Apply the queue of ``selection`` with git; return what differs from the line history, ``None`` for nothing."""
    queue = selection.queue
    expected: dict[bytes, Entry] = {}
    base: dict[bytes, Entry] = {}
    states = history.history.states(queue, selection.chosen)
    for path, state in states.items():
        entry = history.history.entry(path, selection.base)
        if entry is not None:
            base[path] = entry
        if state is not None:
            expected[path] = (state.mode, state.object_name(history.hash_length))
    patches = [history.text(position) for position in queue]
    if quarantine.apply_at_once(base, patches) == expected:
        return None
    trial = quarantine.apply(base, patches)
    if trial.refused is not None:
        return Doubt(queue[trial.refused], trial.message)
    differ = sorted(
        path for path in expected.keys() | trial.files.keys() if expected.get(path) != trial.files.get(path)
    )
    return Doubt(None, "", tuple(differ)) if differ else None
