"""From a request to a plan: which advisories each base lacks, what their queue is, and what jobs must be handed.

A job works in a clone and has no store, so advisories are asked about as it will: by the branch's commits.  What only
the store has goes along as an exported queue.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.keep_going import one_queue
from git_xsa.ask.marked import ask_marked, ask_named, fixed_later
from git_xsa.ask.own_store import secret
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import State, Verdict
from git_xsa.ci import problems, remarks
from git_xsa.ci.plan import QUEUES, PipelinePlan, PlannedCell, PlannedTarget, folder_name, named
from git_xsa.ci.secrecy import neutral
from git_xsa.ci.settings import CiSettings, places
from git_xsa.export.exporter import Ready, Wish, files_of, prepare
from git_xsa.git.config import Configured
from git_xsa.git.repository import Commit
from git_xsa.model.words import advisory_names
from git_xsa.proof.cells import Cell
from git_xsa.proof.search.builder import BUILDABLE
from git_xsa.proof.settings import exploits
from git_xsa.wording import Remark

_LOGIN = re.compile(r"://[^/@\s]*:[^/@\s]+@")
#: Settings that decide what an answer is, and that a job's clone does not have.
_ANSWERING = ("releasetag", "stablebranch", "developmentbranch", "tree", "symbolform", "followups")


@dataclass(frozen=True)
class CiWish:
    """What is asked for.  ``folder``: queues are written and handed to the jobs.  ``embargoed``: what is under embargo
    goes in, too."""

    xsa: tuple[int, ...]
    each: bool
    until: str
    follow_ups: str
    symbols: bool
    packages: tuple[str, ...] = ()
    folder: Path | None = None
    embargoed: bool = False
    full: bool = False


@dataclass
class PlannedPipeline:
    """A plan, the files of the queues that go with it, and what there is to say: notes, and what is missing."""

    plan: PipelinePlan
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)
    missing: list[Remark] = field(default_factory=list)


class Planner:
    """Makes a plan for one request in ``session``."""

    def __init__(self, session: Session, wish: CiWish, cells: Sequence[Cell]) -> None:
        self._session, self._wish = session, wish
        self._cells = cells
        self._notes: list[Remark] = []
        self._missing: list[Remark] = []
        self._files: dict[str, bytes] = {}
        self._settled: set[int] = set()

    def plan(self, pairs: Sequence[tuple[Commit, Commit]], names: Sequence[str]) -> PlannedPipeline:
        """Return the plan for ``pairs`` of base and tip; ``names`` are the bases as they were given, if they were."""
        package = bool(self._wish.packages) or any(base.passing for base, _ in pairs)
        given: list[str] = list(names) or [base.name for base, _ in pairs]
        if self._wish.full:
            if package:
                raise problems.full_of_a_package()
            self._notes += [remarks.full_never_ran(), *([remarks.keeps_its_logs()] if self._wish.embargoed else [])]
        found = [
            (base, tip, name, label, question)
            for (base, tip), name in zip(pairs, given, strict=True)
            for label, question in self._questions(base, tip)
        ]
        targets = named([(base.name, label) for base, _, _, label, _ in found])
        made = [
            target
            for name, (base, _, given_name, _, question) in zip(targets, found, strict=True)
            if (target := self._target(name, base, given_name, question)) is not None
        ]
        unsettled = [number for number in self._wish.xsa if number not in self._settled]
        if unsettled:
            self._missing.append(remarks.nowhere_fixed(unsettled))
        return PlannedPipeline(self._whole(tuple(made), package), self._files, self._notes, self._missing)

    def _questions(self, base: Commit, tip: Commit) -> list[tuple[str, Question]]:
        """Return what is asked about one base, a question for each set of advisories, with its label."""
        numbers = self._numbers(base, tip)
        groups = [[number] for number in numbers] if self._wish.each else [numbers] if numbers else []
        if not groups:
            self._notes.append(remarks.none_outstanding(base.name))
        found = []
        for place, group in enumerate(groups, 1):
            label = "" if not self._wish.each else f"set {place}" if self._wish.embargoed else f"XSA-{group[0]}"
            found.append((label, self._ask(base, tip, group)))
        return found

    def _ask(self, base: Commit, tip: Commit, numbers: Sequence[int]) -> Question:
        named_ones = bool(self._wish.xsa)
        if self._wish.folder is not None:
            return one_queue(ask(self._session, base, tip, numbers, named_ones))
        return (ask_named if named_ones else ask_marked)(self._session, base, tip, numbers)

    def _numbers(self, base: Commit, tip: Commit) -> list[int]:
        """Return the advisories to ask about on one base: those named, or all that are outstanding and may go in."""
        known = set(fixed_later(self._session, base, tip))
        numbers = set(self._wish.xsa) or set(outstanding(self._session, base, tip))
        held = set(secret(self._session, numbers))
        if not self._wish.embargoed:
            if held and self._wish.xsa:
                raise problems.may_be_under_embargo(sorted(held))
            if held:
                self._notes.append(remarks.perhaps_embargoed(len(held), base.name))
            numbers -= held
            if self._wish.folder is None and not self._wish.xsa and numbers - known:
                names = advisory_names(sorted(numbers - known))
                raise problems.only_in_the_store(names, base.name)
        return sorted(numbers)

    def _target(self, name: str, base: Commit, given: str, question: Question) -> PlannedTarget | None:
        """Return what jobs do about one queue, ``None`` when there is nothing to do."""
        verdict = question.answer(self._session.quarantine)
        if verdict.private and not self._wish.embargoed:
            raise problems.may_be_under_embargo(verdict.xsa)
        self._settled |= {*verdict.xsa, *verdict.present, *verdict.without_patch} - set(verdict.unresolved)
        if not verdict.selection.wanted:
            self._notes.append(remarks.needs_no_patch(base.name, verdict.asked))
            return None
        builds = verdict.state in BUILDABLE and bool(verdict.queue)
        if not builds:
            self._notes.append(remarks.no_queue_to_build(name, verdict.state.value))
        target = PlannedTarget(name, base.name, self._words(base, given), tuple(verdict.xsa), builds)
        if self._wish.folder is None:
            return target
        if not self._export(target, question, verdict):
            self._missing.append(remarks.no_queue_to_hand_out(name, verdict.state.value))
            return None
        return replace(target, exported=True)

    def _words(self, base: Commit, given: str) -> tuple[str, ...]:
        """Return the words that name a base in a job: a path counts from the project's folder there."""
        if not base.passing:
            tag = self._session.repository.resolve(f"refs/tags/{base.name}")
            return ("--onto", base.name if tag is not None and tag.id == base.id else base.id)
        onto = given if self._session.repository.resolve(given) is not None else in_project(given)
        words = [word for package in self._wish.packages for word in ("--base-patches", in_project(package))]
        return ("--onto", onto, *words)

    def _export(self, target: PlannedTarget, question: Question, verdict: Verdict) -> bool:
        ready = prepare(self._session, question, Wish())
        if not isinstance(ready, Ready) or verdict.state is State.CONFLICTS:
            return False
        files = files_of(ready, Wish())
        files = neutral(files) if self._wish.embargoed else files
        self._files |= {f"queues/{target.name}/{path}": content for path, content in files.items()}
        return True

    def _whole(self, targets: tuple[PlannedTarget, ...], package: bool) -> PipelinePlan:
        settings = self._session.settings
        own = settings.of(CiSettings)
        where = places(settings.configured)
        cells = tuple(
            PlannedCell(cell.name, where.image(cell), where.tags(cell), not cell.unbootable, cell.payload == "xtf")
            for cell in self._cells
        )
        options = [f"--follow-ups={self._wish.follow_ups}"] if self._wish.follow_ups != "list" else []
        options += [] if self._wish.symbols else ["--no-symbols"]
        folder = self._wish.folder
        return PipelinePlan(
            targets,
            cells,
            self._wish.until,
            self._settings(settings.configured),
            tuple(options),
            setup=portable("xsa.ci.setup", own.setup.strip()),
            history=portable("xsa.ci.history", own.history),
            framework=portable("xsa.ci.xtf", own.xtf),
            package=package,
            queues=f"{folder_name(folder.name)}/queues" if folder is not None else QUEUES,
            private=self._wish.embargoed,
            full=self._wish.full,
        )

    def _settings(self, configured: Configured) -> tuple[tuple[str, str], ...]:
        """Return the settings that a job must have to say what this command would; ``XsaError`` for one that names a
        place on this machine."""
        wanted = {f"xsa.{name}" for name in _ANSWERING}
        cells = tuple(f"xsa.cell.{cell.name}." for cell in self._cells)
        found: list[tuple[str, str]] = []
        for key, values in sorted(configured.values.items()):
            if key in wanted or key.startswith(cells):
                found += [(key, portable(key, value or "")) for value in values]
        if self._wish.until == "exploit":
            images = exploits(configured)
            if self._wish.embargoed and images:
                self._notes.append(remarks.image_left_out())
            for number, path in sorted(images.items()) if not self._wish.embargoed else ():
                found.append((f"xsa.exploit.{number}.image", f"./{in_project(str(path))}"))
        return tuple(found)


def project_folder() -> Path:
    """Return the folder of the project: the top of the work tree that holds the current folder, or that folder."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def in_project(path: str) -> str:
    """Return ``path`` from the top of the project, in which jobs run; ``XsaError`` when it is outside."""
    top = project_folder().resolve()
    place = Path(path).resolve()
    if top not in (place, *place.parents):
        raise problems.not_in_the_project(path, top)
    return os.path.relpath(place, top)


def portable(key: str, value: str) -> str:
    """Return ``value``; ``XsaError`` when it names a folder of this machine, which no job has and nobody should see, or
    an address with a password in it."""
    homes = {os.environ.get("HOME", ""), tempfile.gettempdir(), str(Path.cwd()), str(project_folder())}
    for place in sorted(place for place in homes if len(place) > 1 and place in value):
        raise problems.folder_of_this_machine(key, place)
    if _LOGIN.search(value):
        raise problems.password_in_address(key)
    return value
