"""What a queue lacks that does not build in a cell: the search of ``--build``, with the cell's command as the judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from git_xsa.ask.session import Session
from git_xsa.ask.verdict import BuildState, Verdict
from git_xsa.proof import remarks
from git_xsa.proof.bench import Wishes
from git_xsa.proof.build_command import BuildCommand, Walls
from git_xsa.proof.cells import Cell
from git_xsa.proof.outcomes import Outcomes
from git_xsa.proof.results import CellProof
from git_xsa.proof.search.builder import Builder, BuildOptions
from git_xsa.wording import Remark


class Searcher:
    """Searches for what queues lack; ``private`` is where outcomes go of what may be under embargo.

    ``say`` is called with a line on what is being tried.
    """

    def __init__(
        self, session: Session, wishes: Wishes, walls: Walls, private: Path, say: Callable[[Remark], None]
    ) -> None:
        self._session, self._wishes, self._walls, self._private, self._say = session, wishes, walls, private, say

    def completed(self, proof: CellProof, cell: Cell, verdict: Verdict) -> CellProof:
        """Return ``proof`` with what the queue of ``verdict`` lacks in ``cell``, if it does not build there."""
        if not any(test.kind == "build" and test.ruling.bad for test in proof.tests):
            return proof
        wishes = self._wishes
        options = BuildOptions(cell.command, wishes.limit, wishes.jobs)
        outcomes = None
        if verdict.private:
            self._private.mkdir(mode=0o700, exist_ok=True)
            outcomes = Outcomes(self._private, cell.command)
        command = BuildCommand(cell.command, self._walls, wishes.limit, wishes.jobs, verdict.private)
        with Builder(self._session, options, self._say, lambda _: None, command, outcomes) as builder:
            found = builder.improve(verdict)
        if found.build is None or found.build.state is not BuildState.BUILDS:
            return replace(proof, search=remarks.never_builds(verdict.tip.name))
        commits = found.range.commits
        lacking = tuple(commits[p - 1] for p in found.queue if p in found.selection.built)
        return replace(proof, lacking=lacking, search=remarks.builds_with(len(lacking)))
