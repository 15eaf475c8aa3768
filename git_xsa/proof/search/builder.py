"""Find what a queue needs besides so that it builds, with the user's build as the judge (``search.divide``).

The release is built first, and everything else in the same throwaway tree.  What comes of it is an answer like any
other: the additional changes are prerequisites of kind ``build``, what they need is found by the rules, and the whole
queue is checked with git.

A tree that is used again can lie: what an earlier try made may still be there when a makefile does not know all that
it is made from, or when the command goes on after an error.  So a success in a used tree is in doubt; if it is the
answer, it is built once more in a new tree.  If that fails, each try gets a new tree from then on.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from git_xsa.ask.question import conclude, propose
from git_xsa.ask.session import Session
from git_xsa.ask.supply import supplier
from git_xsa.ask.verdict import Build, BuildState, State, Verdict
from git_xsa.git.repository import Repository
from git_xsa.git.trees import Entries, entries_of
from git_xsa.model.rules import ROOT, Condition, Kind, Rule
from git_xsa.model.selection import RuleSource, Selection, select
from git_xsa.proof import problems, remarks
from git_xsa.proof.build_command import BuildCommand, Outcome, find_walls, read_log
from git_xsa.proof.build_tree import TREE, BuildTree
from git_xsa.proof.diagnostics import Diagnostic, Sign, machine_fault, read_diagnostics
from git_xsa.proof.outcomes import Outcomes, cache_folder
from git_xsa.proof.search.divide import Attempt, BuildFound, Failure, Stage, search
from git_xsa.proof.search.suppliers import Clue, Content, Suppliers, content_of
from git_xsa.proof.stack import States, TreeFiles, tree_of
from git_xsa.wording import Remark

#: What to do about a machine that ends a build.
#: What make says when a file that was there in the last try is gone now: a fault of the reused tree, perhaps.
_STALE = "No rule to make target"
_TREE = re.compile(rf"/[^\s'\"\u2018:=\[(]*/git-xsa-\d+-\w+/{TREE}/")
#: Returns the selection that obeys the rules of a source.
Follow = Callable[[RuleSource], Selection]
#: States of queues that can be built.
BUILDABLE = (State.APPLIES, State.NEEDS_PREREQUISITES, State.MISPLACED, State.PARTLY_APPLIED)


@dataclass(frozen=True)
class BuildOptions:
    """What the user asked for: the command, the limit of one build in seconds, jobs, whether to be quick, and whether
    to ``rebuild`` what is known."""

    command: str
    limit: float | None = None
    jobs: int | None = None
    quick: bool = False
    rebuild: bool = False


class _BaseFails(Exception):
    """The base does not build by itself; ``timeout`` says whether it only took too long."""

    def __init__(self, timeout: bool) -> None:
        super().__init__()
        self.timeout = timeout


@dataclass(frozen=True)
class _WithMore:
    """The rules of ``source``, and for some changes more of them."""

    source: RuleSource
    more: Mapping[int, Collection[Rule]]

    def prepare(self, positions: Collection[int]) -> None:
        self.source.prepare(positions)

    def rules(self, position: int) -> Iterator[Rule]:
        yield from self.source.rules(position)
        yield from self.more.get(position, ())


class Builder:
    """Builds queues.  Use it as a context manager: leaving it removes the throwaway tree.

    ``say`` is called with a line on what is being tried, and why.  ``note`` gets what the user should know once.
    ``command`` and ``outcomes`` are those of the options unless others are given.
    """

    def __init__(
        self,
        session: Session,
        options: BuildOptions,
        say: Callable[[Remark], None],
        note: Callable[[Remark], None],
        command: BuildCommand | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self.session = session
        self.options = options
        self.say, self._note, self._command = say, note, command
        self.outcomes = outcomes or Outcomes(cache_folder(), options.command, options.rebuild)
        self.tree = BuildTree()
        #: Whether each try gets a new tree.
        self.afresh = False

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_: object) -> None:
        self.tree.close()

    @cached_property
    def command(self) -> BuildCommand:
        """The command that was given, or else that of the options behind the best walls that this system has."""
        if self._command is not None:
            return self._command
        walls = find_walls(protected_folders(self.session.repository))
        if not walls.offline:
            self._note(remarks.builds_are_online())
        return BuildCommand(self.options.command, walls, self.options.limit, self.options.jobs)

    def improve(self, verdict: Verdict, follow: Follow | None = None) -> Verdict:
        """Return ``verdict`` with what its queue needs to build; the same when there is no queue.

        ``follow`` returns the selection that obeys rules, where it is not the smallest one that obeys all of them; the
        patches of such a queue are refreshed, so it is not checked here with git.
        """
        if verdict.state not in BUILDABLE:
            return verdict
        self.tree.clear()  # of another queue, whose success would be in doubt here
        return _Task(self, verdict, follow).answer()


def protected_folders(repository: Repository) -> list[Path]:
    """Return the folders of ``repository`` that no build may write to: its metadata and objects, and the work tree
    around them, unless the user's home or the temporary folder is in there."""
    common = repository.objects.parent.resolve()
    folders = {repository.folder.resolve(), common, repository.objects.resolve()}
    spared = [Path.home().resolve(), Path(tempfile.gettempdir()).resolve()]
    around = common.parent
    if common.name == ".git" and not any(place.is_relative_to(around) for place in spared):
        folders.add(around)
    return sorted(f for f in folders if not any(f != other and f.is_relative_to(other) for other in folders))


class _Task:
    """One answer, on the way to one whose queue builds."""

    def __init__(self, builder: Builder, verdict: Verdict, follow: Follow | None) -> None:
        self._builder = builder
        self._own_follow = follow
        self._repository = builder.session.repository
        self._grow = supplier(builder.session, verdict.base, verdict.range)
        self._verdict = verdict
        self._history = verdict.range
        self._base = verdict.selection.base
        self._wanted = verdict.selection.wanted
        self._closures: dict[frozenset[int], Selection] = {}
        self._tries = self._known = 0
        self._base_builds = False
        self._last_log: Path | None = None
        #: Names of the outcomes of this search that are successes in a used tree.
        self._doubtful: set[str] = set()

    def answer(self) -> Verdict:
        """Search, and return the answer."""
        try:
            found = self._search()
            if found.extra is not None and not self._confirmed(found.extra):
                self._builder.say(remarks.used_tree_differs())
                self._builder.afresh = True
                found = self._search()
        except _BaseFails as failure:
            return self._with_build(BuildState.BASE_TIMEOUT if failure.timeout else BuildState.BASE_FAILS)
        if found.extra is None:
            return self._with_build(BuildState.FAILS)
        verdict = self._with_selection(self._final(found.extra)) if found.extra else self._verdict
        return replace(verdict, build=self._report(BuildState.BUILDS, found))

    def _with_selection(self, selection: Selection) -> Verdict:
        verdict = self._verdict
        state, doubt = State.NEEDS_PREREQUISITES, None
        if self._own_follow is None:
            proposal = propose(self._history, self._base, self._wanted, lambda _: selection)
            state, doubt = conclude(proposal, self._builder.session.quarantine)
        if state is not State.MISPLACED and verdict.state is State.PARTLY_APPLIED:
            state = State.PARTLY_APPLIED
        return replace(verdict, state=state, doubt=doubt, selection=selection)

    def _search(self) -> BuildFound:
        later = set(range(self._base + 1, len(self._history.commits) + 1)).difference(self._verdict.selection.queue)
        return search(self._judge, self._closure, later, self._wanted[-1], self._builder.options.quick)

    def _confirmed(self, extra: Mapping[int, Failure]) -> bool:
        """Whether the queue with ``extra`` builds in a new tree, too, if that is in doubt."""
        selection = self._select(extra)
        tree = self._tree(selection)
        name = self._builder.outcomes.name(tree.entries)
        if name not in self._doubtful:
            return True
        self._builder.say(remarks.trying(self._tries + 1, remarks.everything_once_more()))
        self._builder.tree.clear()
        if self._build(tree, name) is Outcome.BUILT:
            return True
        self._doubtful.clear()
        return False

    def _with_build(self, state: BuildState) -> Verdict:
        return replace(self._verdict, build=self._report(state, None))

    def _report(self, state: BuildState, found: BuildFound | None) -> Build:
        log = self._last_log if state is not BuildState.BUILDS else None
        minimal = found is not None and found.minimal
        return Build(self._builder.options.command, state, self._tries, self._known, minimal, log)

    # sets of changes

    def _select(self, extra: Iterable[int]) -> Selection:
        """Return what follows from ``extra`` by the rules."""
        chosen = frozenset(extra)
        if not chosen:
            return self._verdict.selection
        if chosen not in self._closures:
            self._closures[chosen] = self._follow({self._wanted[-1]: [_plain_rule(p) for p in sorted(chosen)]})
        return self._closures[chosen]

    def _follow(self, more: Mapping[int, Collection[Rule]]) -> Selection:
        """Return the smallest selection that obeys ``more`` rules, too, with what supplies the names it lacks."""
        source = _WithMore(self._history.history, more)
        if self._own_follow is not None:
            return self._own_follow(source)
        selection = select(source, self._base, self._wanted)
        return selection if self._grow is None or selection.impossible else self._grow(source, selection)

    def _closure(self, extra: frozenset[int]) -> frozenset[int] | None:
        selection = self._select(extra)
        return None if selection.impossible else frozenset(selection.queue)

    def _final(self, extra: Mapping[int, Failure]) -> Selection:
        """Return the selection with ``extra``, each with the diagnostic that asks for it and the change it is about."""
        rules = {position: _rule(position, _clue_for(position, failure)) for position, failure in sorted(extra.items())}
        more: dict[int, list[Rule]] = {}
        for position, failure in sorted(extra.items()):
            more.setdefault(self._user(_clue_for(position, failure)), []).append(rules[position])
        selection = self._follow(more)
        if selection.queue != self._select(extra).queue:  # a change that uses a name may be there for that name alone
            selection = self._follow({self._wanted[-1]: list(rules.values())})
        asked = self._verdict.selection
        return replace(selection, named=asked.named, built=frozenset(selection.queue).difference(asked.queue))

    def _user(self, clue: Clue) -> int:
        """Return the change of the queue that ``clue`` is about: the last to add the name, or to touch the file."""
        queue = self._verdict.selection.queue
        name = clue.diagnostic.name
        naming = [p for p in queue if name and re.search(rf"\b{re.escape(name)}\b", self._contents[p].added)]
        touching = [p for p in queue if clue.path and clue.path in self._contents[p].paths]
        return (naming or touching or self._wanted)[-1]

    @cached_property
    def _contents(self) -> dict[int, Content]:
        """What each change after the base does."""
        found = {}
        positions = range(self._base + 1, len(self._history.commits) + 1)
        self._history.diffs(positions)  # in one go
        for position in positions:
            touched = {path for touch in self._history.index.at([position]) for path in touch.paths}
            found[position] = content_of(self._history.text(position), sorted(touched))
        return found

    # builds

    @cached_property
    def _base_entries(self) -> Entries:
        return entries_of(self._repository, self._verdict.base.id)

    def _tree(self, selection: Selection | None) -> TreeFiles:
        """Return the files of the base, or after a queue."""
        states: States = {}
        if selection is not None:
            states = self._history.history.states(selection.queue, selection.chosen)
        return tree_of(self._repository, self._base_entries, states)

    def _judge(self, attempt: Attempt) -> Failure | None:
        """Build the queue that follows from an attempt, unless the outcome is known; return how it fails."""
        selection = self._select(attempt.extra)
        tree = self._tree(selection)
        name = self._builder.outcomes.name(tree.entries)
        outcome = self._builder.outcomes.get(name)
        if outcome is None:
            self._build_base()
            self._builder.say(remarks.trying(self._tries + 1, self._describe(attempt)))
            if attempt.stage in (Stage.BEFORE, Stage.WHOLE):
                self._builder.tree.clear()  # whether there is an answer at all must not be in doubt
            outcome = self._build(tree, name)
        else:
            self._known += 1
            self._last_log = self._builder.outcomes.log(name)
        if outcome is Outcome.BUILT:
            return None
        return self._failure(self._read(name, outcome), selection.queue)

    def _build_base(self, again: bool = False) -> None:
        """Build the base once; ``_BaseFails`` when it does not build.

        That an earlier run has built it is enough unless ``again``.
        """
        if self._base_builds:
            return
        tree = self._tree(None)
        name = self._builder.outcomes.name(tree.entries)
        # What failed may be repaired by now: a tool that was missing.
        known = self._builder.outcomes.get(name) is Outcome.BUILT
        if again or not known:
            if again:
                self._builder.tree.clear()
            self._builder.say(remarks.trying(self._tries + 1, remarks.base_itself(self._verdict.base.name)))
            outcome = self._build(tree, name, keep_failure=False)
            if outcome is not Outcome.BUILT:
                raise _BaseFails(timeout=outcome is Outcome.TIMEOUT)
            self._base_builds = True

    def _build(self, tree: TreeFiles, name: str, keep_failure: bool = True) -> Outcome:
        """Run the build on ``tree`` and return the outcome, which is kept unless it is a doubtful success.

        A failure that a used tree may have caused is tried once more in a new one.
        """
        builder = self._builder
        if builder.afresh:
            builder.tree.clear()
        log = self._last_log = builder.outcomes.log(name)
        outcome = self._run(tree, log)
        if outcome is Outcome.FAILED and builder.tree.used and _STALE in _read_log(log):
            builder.tree.clear()
            builder.say(remarks.file_is_gone())
            outcome = self._run(tree, log)
        self._doubtful.discard(name)
        if outcome is Outcome.BUILT and builder.tree.used:
            self._doubtful.add(name)
        elif outcome is Outcome.BUILT or keep_failure:
            if outcome is not Outcome.BUILT:
                self._build_base(again=True)  # this machine may have broken since it did
                self._last_log = log
            builder.outcomes.put(name, outcome)
        return outcome

    def _run(self, tree: TreeFiles, log: Path) -> Outcome:
        """Build ``tree``; ``XsaError`` when it fails because of the machine, which says nothing of any commit."""
        self._builder.tree.show(tree.entries, tree.content)
        self._tries += 1
        outcome = self._builder.command.run(self._builder.tree, log)
        fault = machine_fault(_read_log(log)) if outcome is Outcome.FAILED else ""
        if fault:
            raise problems.fault_of_the_machine(fault)
        return outcome

    def _read(self, name: str, outcome: Outcome) -> list[Diagnostic]:
        if outcome is Outcome.TIMEOUT:
            return [Diagnostic(remarks.build_out_of_time(), Sign.PLACE)]
        return read_diagnostics(_read_log(self._builder.outcomes.log(name)))

    def _failure(self, diagnostics: list[Diagnostic], selected: Collection[int]) -> Failure:
        suppliers = Suppliers({p: content for p, content in self._contents.items() if p not in selected})
        paths = [os.fsdecode(path) for path in self._base_entries]
        clues = suppliers.clues(diagnostics, paths)
        if clues:
            self._builder.say(remarks.fails_with(clues[0].diagnostic.text))
        return Failure(tuple(clues), tuple(suppliers.near(clues)))

    def _describe(self, attempt: Attempt) -> Remark:
        """Return in a few words what is tried, and why."""
        size = len(self._select(attempt.extra).queue)
        more = size - len(self._verdict.selection.queue)
        about = [self._history.commits[position - 1].id[:12] for position in attempt.about]
        return {
            Stage.QUEUE: remarks.queue_of(size),
            Stage.NAMES: remarks.with_suppliers(about),
            Stage.NEAR: remarks.with_all_nearby(more),
            Stage.BEFORE: remarks.with_all_before(more),
            Stage.WHOLE: remarks.with_every_commit(self._verdict.tip.name),
            Stage.DIVIDE: remarks.with_a_part(more),
            Stage.WITHOUT: remarks.without(about),
        }[attempt.stage]


def _plain_rule(position: int) -> Rule:
    return Rule(Condition(ROOT, position), Kind.BUILD, b"", 0)


def _rule(position: int, clue: Clue) -> Rule:
    path = clue.path.encode("utf-8", "surrogateescape")
    return Rule(Condition(ROOT, position), Kind.BUILD, path, 0, note=clue.diagnostic.text)


def _clue_for(position: int, failure: Failure) -> Clue:
    """Return the clue of ``failure`` that leads to the change at ``position``, or else the first one."""
    leading = [clue for clue in failure.clues if position in clue.suppliers]
    unknown = Clue(Diagnostic(remarks.build_failed_silently(), Sign.PLACE))
    return next(iter([*sorted(leading, key=lambda clue: clue.suppliers.index(position)), *failure.clues]), unknown)


def _read_log(log: Path) -> str:
    """Return what a build printed, without the path of the throwaway tree."""
    return _TREE.sub("", read_log(log).decode("utf-8", "surrogateescape"))
