"""What a proof comes to: values that text, JSON, JUnit and an export are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from git_xsa.git.log import LoggedCommit
from git_xsa.git.repository import Commit
from git_xsa.proof.stack import QueuedPatch
from git_xsa.wording import NOTHING, Remark

BASE, QUEUE = "base", "queue"


class StepOutcome(str, Enum):
    """How one step ended."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class ProofStep:
    """One thing that was done with one tree.

    ``tree`` is ``base``, ``queue``, or the id of the last patch on it.  ``detail`` is the line that explains the
    outcome.  ``known``: it was done before, and not now.  ``command`` repeats it: in the tree, or for a boot beside it,
    with the ``payload`` in the folder ``payloads``.  ``log`` is what it printed.  ``fault``: it failed because of the
    machine, which had no space or memory.
    """

    tree: str
    outcome: StepOutcome
    detail: str
    seconds: float
    known: bool
    command: str
    log: Path | None
    payload: tuple[str, Path] | None = None
    fault: bool = False

    @property
    def good(self) -> bool:
        """Whether it ended well."""
        return self.outcome is StepOutcome.PASSED


class Ruling(str, Enum):
    """What base and queue together say."""

    #: The queue does what it should.
    PASSED = "passed"
    #: The queue fails, and the base does not.
    FAILED = "failed"
    #: The base fails by itself, so nothing can be said of the queue.
    NOT_JUDGED = "not-judged"
    SKIPPED = "skipped"
    # of an exploit
    BLOCKED = "blocked"
    NOT_REPRODUCED = "not-reproduced"
    VULNERABLE = "vulnerable"

    @property
    def bad(self) -> bool:
        """Whether the queue is at fault."""
        return self in (Ruling.FAILED, Ruling.VULNERABLE)

    @property
    def judged(self) -> bool:
        """Whether something can be said of the queue."""
        return self not in (Ruling.NOT_JUDGED, Ruling.SKIPPED)


@dataclass(frozen=True)
class TestResult:
    """One test on base and queue: what it is called, the steps as far as they were taken, and the ruling.

    ``kind`` is ``build``, ``boot``, ``exploit``, ``run`` or ``commit``; ``reason`` explains the ruling, ``xsa`` is
    the advisory that an exploit is for.
    """

    kind: str
    name: str
    ruling: Ruling
    reason: Remark = NOTHING
    base: ProofStep | None = None
    queue: ProofStep | None = None
    xsa: int | None = None

    @property
    def steps(self) -> Iterator[ProofStep]:
        """The steps that were taken."""
        yield from (step for step in (self.base, self.queue) if step is not None)


@dataclass(frozen=True)
class Default:
    """An option of the configuration whose value the queue changes; empty: it is not there."""

    option: str
    base: str
    queue: str


@dataclass(frozen=True)
class CellProof:
    """What was proved in one cell.

    ``skipped`` says why nothing was.  ``read`` are the files that the queue changes and the build of it read, ``None``
    where that is not known.  ``defaults`` are the options of the configuration that come out differently.  ``lacking``
    are the commits that the queue needs to build in this cell, where they were looked for, and ``search`` is what came
    of that.
    """

    cell: str
    architecture: str
    compiler: str
    command: str
    skipped: Remark = NOTHING
    tests: tuple[TestResult, ...] = ()
    read: frozenset[bytes] | None = None
    defaults: tuple[Default, ...] = ()
    lacking: tuple[LoggedCommit, ...] = ()
    search: Remark = NOTHING

    @property
    def ruling(self) -> Ruling:
        """The worst of its tests; a cell is judged when the queue was built in it."""
        if self.skipped:
            return Ruling.SKIPPED
        if any(test.ruling.bad for test in self.tests):
            return Ruling.FAILED
        build = next((test.ruling for test in self.tests if test.kind == "build"), Ruling.NOT_JUDGED)
        return Ruling.PASSED if build.judged else Ruling.NOT_JUDGED


@dataclass(frozen=True)
class Proof:
    """What was proved of one queue."""

    base: Commit
    tip: str
    xsa: tuple[int, ...]
    patches: tuple[QueuedPatch, ...]
    changed: tuple[bytes, ...]
    private: bool
    cells: tuple[CellProof, ...] = field(default=())
    #: Why advisories that were asked for are not in the queue, and which of them may be missing from it.
    left_out: Mapping[int, Remark] = field(default_factory=dict)
    unresolved: tuple[int, ...] = ()

    @property
    def ruling(self) -> Ruling:
        """The ruling of all cells together."""
        found = [cell.ruling for cell in self.cells]
        if Ruling.FAILED in found:
            return Ruling.FAILED
        return Ruling.PASSED if Ruling.PASSED in found else Ruling.NOT_JUDGED

    @property
    def unread(self) -> list[bytes] | None:
        """The changed files that no cell's build has read; ``None`` where no cell knows."""
        known = [cell.read for cell in self.cells if cell.read is not None]
        return [path for path in self.changed if not any(path in read for read in known)] if known else None


@dataclass(frozen=True)
class Unproved:
    """What was asked for and has no queue: the advisories, the state of the answer, and a sentence on it.

    ``impossible``: there can't be one; ``unresolved``: one may be missing, since nothing is known of the advisories.
    """

    xsa: tuple[int, ...]
    state: str
    reason: str
    impossible: bool
    unresolved: bool


def status_of(proofs: Sequence[Proof], unproved: Sequence[Unproved]) -> int:
    """Return the exit status: 2 when there can't be a queue of anything that was asked for, 1 when a queue is at fault
    or lacks something that was asked for, 0 when one at least was judged, 3 when none was."""
    if not proofs:
        return 2 if any(one.impossible for one in unproved) else 3
    found = [proof.ruling for proof in proofs]
    if Ruling.FAILED in found or any(one.impossible or one.unresolved for one in unproved):
        return 1
    if Ruling.PASSED not in found:
        return 3
    return int(any(proof.unresolved for proof in proofs))
