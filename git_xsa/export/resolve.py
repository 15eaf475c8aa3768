"""Resolve the conflicts of a queue by hand, one after the other: what a person makes of each becomes an adapted patch.

1. The queue is followed to the first conflict that no adapted patch resolves, and shown in the work tree.
2. What a person made of it is put into the store as an adapted patch; that is the only step which takes work over, and
   it is done before anything in the work tree is touched.
3. Again from 1: the queue is followed again, now with that patch.

Nothing but the store says how far that is: a command that is killed leaves a task which is in a person's hands, as it
was, or one that is being set up, which the next command does again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.advisory.adaptations import Adaptation, Adaptations
from git_xsa.advisory.patchfile import parse_patches
from git_xsa.ask.adapting import Conflicting, Walk
from git_xsa.ask.base import find_base
from git_xsa.ask.by_number import ask_as_published, outstanding
from git_xsa.ask.keep_going import one_queue
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import State
from git_xsa.errors import XsaError
from git_xsa.export import problems
from git_xsa.export.pick import pick_for
from git_xsa.export.task import OpenConflict, Task, Tasks
from git_xsa.git.workbench import Labels, Workbench
from git_xsa.model.words import DIGITS, advisory_names, short_id

if TYPE_CHECKING:
    from git_xsa.ask.question import Question
    from git_xsa.ask.session import Session
    from git_xsa.model.instant import Instant

#: Opens the session for a task: its repository, with names in the code counting or not.
Opener = Callable[[Path, bool], "Session"]


@dataclass(frozen=True)
class TaskState:
    """Where a task is: ``task`` is at a conflict in the work tree ``tree``, or over (``None``).

    ``base`` is what the base is called, ``onto`` the words of a command line that give it.
    ``files`` are the files in conflict, ``adapted`` the adapted patches of the queue so far, ``out`` why advisories
    that were asked for are in no queue.  ``merged``: git found no conflict, so a person has only to see whether it is
    right.
    """

    base: str
    onto: str
    task: Task | None
    tree: Path
    files: tuple[tuple[str, str], ...] = ()
    adapted: tuple[Adaptation, ...] = ()
    skipped: tuple[int, ...] = ()
    out: tuple[tuple[int, str], ...] = ()

    @property
    def merged(self) -> bool:
        """Whether git has merged everything."""
        return self.task is not None and not self.files


class Resolver:
    """Works on the tasks in the store that ``tasks`` has; ``now`` is the time."""

    def __init__(self, tasks: Tasks, opener: Opener, now: Instant) -> None:
        self._tasks = tasks
        self._open = opener
        self._now = now
        self._adaptations = Adaptations(tasks.store)

    def _alone(self) -> AbstractContextManager[None]:
        return self._tasks.store.lock("resolve")

    def start(self, task: Task) -> TaskState:
        """Begin ``task``; ``XsaError`` when a person has it in hands already."""
        with self._alone():
            known = self._tasks.read(task.name)
            if known is not None and known.by_hand:
                raise problems.already_resolving(task.title, self._tasks.tree(task.name))
            try:
                return self._advance(self._tasks.write(task))
            except XsaError:
                if known is None:  # nothing of it is anybody's work yet
                    self._tasks.end(task)
                raise

    def proceed(self, task: Task) -> TaskState:
        """Take over what a person made of the conflict, and go on to the next one."""
        with self._alone():
            if task.by_hand and task.conflict is not None:
                self._take_over(task, task.conflict)
                task = self._tasks.write(replace(task, by_hand=False))
            return self._advance(task)

    def skip(self, task: Task) -> TaskState:
        """Leave out the advisories that can't go in without the patch in conflict, and go on to the next one."""
        with self._alone():
            if task.by_hand and self._tasks.tree(task.name).is_dir():
                with self._bench(task) as bench:
                    _refuse_unknown_files(bench)
            lost = task.conflict.lost if task.conflict is not None and task.by_hand else ()
            skipped = tuple(sorted({*task.skipped, *lost}))
            return self._advance(self._tasks.write(replace(task, skipped=skipped, by_hand=False)))

    def abort(self, task: Task) -> None:
        """End ``task``; adapted patches that were taken over stay."""
        with self._alone():
            self._tasks.end(task)

    def status(self, task: Task) -> TaskState:
        """Return where ``task`` stands."""
        tree = self._tasks.tree(task.name)
        files: list[tuple[str, str]] = []
        if task.by_hand:
            with self._bench(task) as bench:
                files = bench.conflicts()
        return TaskState(task.title, task.onto, task, tree, tuple(files), skipped=task.skipped)

    # A person's work

    def _bench(self, task: Task) -> Workbench:
        """Return the work tree that a person has; ``XsaError`` when somebody has removed it."""
        tree = self._tasks.tree(task.name)
        if not (tree / ".git").is_dir():
            raise problems.no_work_tree(tree)
        return Workbench(tree)

    def _take_over(self, task: Task, conflict: OpenConflict) -> Adaptation:
        """Put what a person made of ``conflict`` into the store; ``Unresolved`` while it is not done."""
        with self._bench(task) as bench:
            _refuse_unknown_files(bench)
            diff = bench.result(conflict.head)
        if not diff:
            raise problems.nothing_resolved(conflict.id[:DIGITS], advisory_names(conflict.lost))
        [patch] = parse_patches(Path("the work tree's diff"), diff)
        binary = [change.path.decode("utf-8", "backslashreplace") for change in patch.changes if change.binary]
        if binary:
            raise problems.binary_resolution(binary)
        made = Adaptation(
            "",
            conflict.xsa,
            conflict.id,
            conflict.subject,
            conflict.edition,
            task.title,
            datetime.fromtimestamp(self._now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            self._tasks.published(task.name),
            diff,
            {path.decode("utf-8", "backslashreplace"): name.decode() for path, name in patch.sources.items()},
        )
        return self._adaptations.add(made)

    # The next conflict

    def _advance(self, task: Task) -> TaskState:
        """Set up the next conflict of ``task``, or end it."""
        tree = self._tasks.tree(task.name)
        with self._open(Path(task.repository), task.symbols) as session:
            question = self._question(session, task)
            out = tuple(sorted((_homeless(question) | _unknown(question) | dict(question.out)).items()))
            walk = Walk(session, question, self._adaptations, task.skipped)
            steps, stop = walk.first_stop() if question.proposal.selection.impossible else ([], None)
            adapted = tuple(step.adapted for step in steps if step.adapted is not None)
            if stop is None:
                self._tasks.end(task)
                return TaskState(task.title, task.onto, None, tree, (), adapted, task.skipped, out)
            task, files = self._set_up(session, task, question, walk, stop)
        return TaskState(task.title, task.onto, task, tree, tuple(files), adapted, task.skipped, out)

    @staticmethod
    def _question(session: Session, task: Task) -> Question:
        base = find_base(session, task.base, task.base_patches, tip=task.tip or "")
        tip = session.commit(task.tip) if task.tip else tip_for(session, base)
        numbers = task.xsa or outstanding(session, base, tip)
        return one_queue(ask_as_published(session, base, tip, numbers, named=bool(task.xsa)))

    def _set_up(
        self, session: Session, task: Task, question: Question, walk: Walk, stop: Conflicting
    ) -> tuple[Task, Sequence[tuple[str, str]]]:
        """Show the conflict ``stop`` in the work tree; return the task with it, and the files in conflict."""
        commit = stop.range.commits[stop.position - 1]
        pick = pick_for(walk, stop, self._adaptations)
        applied = f" with {len(stop.steps)} of the queue" if stop.steps else ""
        ours = f"{task.title}{applied}"
        labels = Labels(ours, f"{question.tip.spelled} before it", f"{short_id(stop.id)} {commit.subject}")
        if pick.begun is not None:
            labels = Labels(f"{ours}, adapted before", "the issue that was adapted", labels.theirs)
        elif pick.adapted is not None:
            one = pick.adapted
            labels = Labels(ours, f"{one.base} before it was adapted", f"{one.name}, {one.words}")
        with Workbench(self._tasks.tree(task.name)) as bench:
            bench.prepare(session.repository, self._tasks.store.folder, self._tasks.resolutions)
            bench.take(
                session.repository, [stop.onto, pick.start, pick.change], [question.base.lasting, question.tip.id]
            )
            files = bench.open(stop.onto, pick.change, labels, pick.merge, pick.start)
        self._tasks.publish(task.name, stop.range.text(stop.position))
        conflict = OpenConflict(
            stop.id,
            commit.subject,
            stop.own,
            stop.xsa,
            _edition(question, stop.id),
            stop.onto,
            len(stop.steps),
            stop.prerequisite,
            pick.begun.name if pick.begun is not None else "",
            pick.adapted.name if pick.adapted is not None else "",
        )
        return self._tasks.write(replace(task, by_hand=True, conflict=conflict)), files


def _homeless(question: Question) -> dict[int, str]:
    """Return the advisories whose patches fit nowhere, and why: there is no conflict to be shown of them."""
    if question.proposal.state is not State.CONFLICTS or question.proposal.selection.impossible:
        return {}
    return {series.number: series.reason for series in question.found}


def _unknown(question: Question) -> dict[int, str]:
    """Return the advisories that were asked for and of which nothing is known, and why they are left out."""
    verdict = question.verdict(State.NO_PATCHES, question.proposal.selection)
    return {number: verdict.left_out[number] for number in verdict.unknown}


def _refuse_unknown_files(bench: Workbench) -> None:
    """Raise ``Unresolved`` if the work tree has files that git does not track: they would be lost."""
    names = bench.untracked()
    if names:
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        raise problems.untracked(shown)


def _edition(question: Question, name: str) -> str:
    return next((one.title for one in question.found for patch in one.patches if patch.name == name), "")
