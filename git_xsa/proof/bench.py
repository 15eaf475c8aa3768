"""One cell at work: it builds trees, boots what comes of them and runs programs in them, each once.

What was done before with the same files, cell and programs is taken from there (``Known``).  A failure that may be the
machine's (a time limit, a base that does not build) counts for one run only.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from time import monotonic

from git_xsa.git.scratch import Scratch
from git_xsa.proof import remarks
from git_xsa.proof.boards import Payload, boot_command, models_for
from git_xsa.proof.build_command import BuildCommand, Walls, read_log
from git_xsa.proof.build_command import Outcome as Ended
from git_xsa.proof.build_tree import BuildTree
from git_xsa.proof.cells import Cell
from git_xsa.proof.diagnostics import machine_fault, missing_program, read_diagnostics
from git_xsa.proof.guest import NAME as GUEST_NAME
from git_xsa.proof.guest import SOURCE
from git_xsa.proof.guest import build_command as guest_command
from git_xsa.proof.known import Known, ProofRecord, digest
from git_xsa.proof.machine import Console, End, Machine, identity
from git_xsa.proof.outcomes import Outcomes, cache_folder
from git_xsa.proof.results import BASE, ProofStep, StepOutcome
from git_xsa.proof.stack import Stack, TreeFiles
from git_xsa.wording import Remark

#: When a file was read last, in nanoseconds, as long as the build has not read it.
_NEVER = 1_000_000_000
#: Where payloads are, beside the trees, for who repeats a boot.
PAYLOADS = "payloads"
_LOG, _IMAGE, _CONFIG = "log", "image", "config"
_OUTCOMES = {Ended.BUILT: StepOutcome.PASSED, Ended.FAILED: StepOutcome.FAILED, Ended.TIMEOUT: StepOutcome.TIMEOUT}


class Kept(Enum):
    """Where a record is kept and what it counts for: other runs, too; this one, though its log stays; in the memory of
    this one alone."""

    LASTING = "lasting"
    PASSING = "passing"
    PRIVATE = "private"


def _kept(private: bool, certain: bool) -> Kept:
    """Return how to keep what may be ``private``; ``certain``: it would come out the same another time."""
    return Kept.PRIVATE if private else Kept.LASTING if certain else Kept.PASSING


class Halted(Exception):
    """The run is to end, and this worker with it."""


@dataclass(frozen=True)
class Wishes:
    """What is asked for besides building: see git-xsa-test(1)."""

    boot: bool = False
    exploit: bool = False
    every_commit: bool = False
    run: str = ""
    limit: float | None = None
    boot_limit: float = 60.0
    jobs: int = 1
    rebuild: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What all cells share: the ``walls`` of builds, the machine, and the records that last and those in memory.

    ``halted`` says that the run is to end, ``say`` gets what each cell does, and ``fresh`` has the records of this run.
    """

    walls: Walls
    machine: Machine
    lasting: Known
    private: Known
    halted: Callable[[], bool]
    say: Callable[[str, Remark], None]
    fresh: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class BuiltTree:
    """A build: the step, its image and configuration as far as there are any, and the files it has read of those that
    were asked about (``None``: that is not known)."""

    step: ProofStep
    image: Path | None
    config: str
    read: frozenset[bytes] | None


@dataclass(frozen=True)
class _Done:
    """What came of a command: how it ended, what a record has of that, its log, and the files that it has read of those
    that were asked about."""

    ended: Ended
    facts: Mapping[str, object]
    log: bytes
    read: list[str] | None = None

    @property
    def certain(self) -> bool:
        """Whether it failed, and not because of the machine."""
        return self.ended is Ended.FAILED and not self.facts.get("fault")


class Bench:
    """Works for one ``cell``; use it as a context manager, which removes what it has made."""

    def __init__(self, cell: Cell, wishes: Wishes, around: Surroundings, jobs: int) -> None:
        self.cell, self._wishes, self._around, self._jobs = cell, wishes, around, jobs
        self._tree = BuildTree()
        self._desk = Scratch()
        self._outcomes = Outcomes(cache_folder(), cell.command)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._tree.close()
        self._desk.close()

    def build(self, stack: Stack, size: int, name: str, used: bool = False, again: bool = False) -> BuiltTree:
        """Build ``stack`` with its first ``size`` patches, in a new tree unless that of before may be ``used``, and
        ``again`` unless this run has done it."""
        tree = stack.tree(size)
        outcome = self._outcomes.name(tree.entries)
        key = digest("build", outcome, self.cell.image, self.cell.config)
        record, known = self._known(key, again), True
        if record is None:
            self._around.say(self.cell.name, remarks.building(name))
            private = stack.private and size > 0
            asked = stack.changed if size == len(stack.patches) else ()
            done = self._make(tree, private, asked if not used else None, used)
            files = {_LOG: done.log, _IMAGE: self._made(self.cell.image), _CONFIG: self._made(self.cell.config)}
            there = {name: content for name, content in files.items() if content is not None}
            if size > 0:
                done = self._cleared(done, lambda: self.build(stack, 0, BASE, again=True).step)
            keep = done.ended is Ended.BUILT or (size > 0 and done.certain)
            if keep and not private:
                self._tell_search(outcome, done.ended, done.log)
            record, known = self._keep(key, _kept(private, keep), {**done.facts, "read": done.read}, there), False
        return _built(record, name, known, self.cell.command)

    def _cleared(self, done: _Done, base: Callable[[], ProofStep]) -> _Done:
        """Return what came of a queue, of which a failure counts only if the ``base`` still ends well in this run.

        Since an earlier run saw that, a compiler may have been replaced, or a folder may have lost its space.
        """
        if done.ended is not Ended.FAILED or done.facts.get("fault"):
            return done
        step, missing = base(), missing_program(self._text(done.log))
        why = remarks.base_fails_again(step.detail) if not step.good else missing
        return replace(done, facts={**done.facts, "detail": why, "fault": True}) if why else done

    def _make(self, tree: TreeFiles, private: bool, asked: Iterable[bytes] | None, used: bool) -> _Done:
        """Build ``tree``; see ``build``, and ``BuiltTree`` for the files that were ``asked`` about."""
        if not used:
            self._tree.clear()
        self._tree.show(tree.entries, tree.content)
        before = self._never_read(asked) if asked is not None else None
        done = self._command(self.cell.command, private)
        if done.ended is Ended.FAILED and used:  # what an earlier try left may be the reason
            return self._make(tree, private, asked, used=False)
        if done.facts.get("fault"):
            return done
        read = sorted(os.fsdecode(path) for path in before if self._was_read(path)) if before is not None else None
        return replace(done, read=read)

    def _command(self, words: str, private: bool) -> _Done:
        """Run a command for the shell in the tree; what is ``private`` leaves nothing with ccache."""
        command = BuildCommand(words, self._around.walls, self._wishes.limit, self._jobs, private)
        path, began = self._desk.path / _LOG, monotonic()
        ended = command.run(self._tree, path)
        seconds = monotonic() - began
        self._check()
        log = read_log(path)
        facts = {"outcome": _OUTCOMES[ended].value, "seconds": round(seconds, 1)}
        fault = machine_fault(self._text(log)) or self._tree.crowded if ended is Ended.FAILED else ""
        if fault:
            return _Done(ended, {**facts, "detail": fault, "fault": True}, log)
        return _Done(ended, {**facts, "detail": "" if ended is Ended.BUILT else self._why(ended, log)}, log)

    def _tell_search(self, name: str, ended: Ended, log: bytes) -> None:
        """Let the search for what a queue lacks know of the outcome ``name``, so that it does not build that again."""
        with open(os.open(self._outcomes.log(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(log)
        self._outcomes.put(name, ended)

    @cached_property
    def _run_name(self) -> str:
        """What stands for the user's command, with the files that its words name."""
        return Outcomes(cache_folder(), self._wishes.run).name({})

    def run(self, stack: Stack, size: int, name: str, again: bool = False) -> ProofStep:
        """Run the user's command in the tree of ``stack``, built; once for the same files and command, and ``again``
        unless this run has done it."""
        tree = stack.tree(size)
        key = digest("run", self._outcomes.name(tree.entries), self._run_name)
        record, known = self._known(key, again), True
        if record is None:
            private = stack.private and size > 0
            self._around.say(self.cell.name, remarks.building(name, command=True))
            built = done = self._make(tree, private=True, asked=None, used=False)
            if built.ended is Ended.BUILT:
                self._around.say(self.cell.name, remarks.running_in(name))
                done = self._command(self._wishes.run, private)
            else:  # it has built before
                facts = {**built.facts, "detail": remarks.fails_again(str(built.facts["detail"])), "fault": True}
                done = replace(built, facts=facts)
            if size > 0:
                done = self._cleared(done, lambda: self.run(stack, 0, BASE, again=True))
            kept = _kept(private, done.ended is Ended.BUILT or (size > 0 and done.certain))
            record, known = self._keep(key, kept, done.facts, {_LOG: done.log}), False
        return _step(record, name, known, self._wishes.run)

    def boot(self, built: BuiltTree, payload: Payload, private: bool, patience: float = 1.0) -> tuple[ProofStep, End]:
        """Boot what was ``built`` with ``payload``; on other processors, too, as long as the payload does not run.

        ``patience`` is how many times the usual limit it may take.
        """
        assert built.image is not None, "there is an image"
        found: list[tuple[ProofStep, End]] = []
        for model in models_for(self.cell.architecture, payload):
            found.append(self._boot(built, payload, model, private, self._wishes.boot_limit * patience))
            if found[-1][1] not in (End.SKIP, End.ERROR, End.LOST, End.BROKEN):
                return found[-1]
        return next((one for one in found if one[1] is not End.BROKEN), found[0])

    def _boot(
        self, built: BuiltTree, payload: Payload, model: str, private: bool, limit: float
    ) -> tuple[ProofStep, End]:
        assert built.image is not None, "there is an image"
        image = built.image.read_bytes()
        content = payload.file.read_bytes() if payload.file is not None else b""
        words = boot_command(self.cell.architecture, model, Path("image"), _at(payload, Path("payload")))
        place = Path(PAYLOADS, payload.name)
        shown = boot_command(self.cell.architecture, model, Path(built.step.tree, self.cell.image), _at(payload, place))
        key = digest("boot", image, content, *words, str(limit), identity(words[0]))
        record, known = self._known(key), True
        if record is None:
            self._around.say(self.cell.name, remarks.booting(built.step.tree, payload.name))
            console = self._play(image, content, payload, model, limit)
            self._check()
            facts = {
                "end": console.end.value,
                "outcome": _outcome(console.end).value,
                "seconds": round(console.seconds, 1),
                "detail": console.line,
            }
            certain = console.end not in (End.HANG, End.BROKEN)  # that may be the machine's
            record, known = self._keep(key, _kept(private, certain), facts, {_LOG: console.output}), False
        step = _step(record, built.step.tree, known, shlex.join(shown))
        return replace(step, payload=(payload.name, payload.file) if payload.file else None), End(record.facts["end"])

    def _play(self, image: bytes, content: bytes, payload: Payload, model: str, limit: float) -> Console:
        folder = self._desk.path
        (folder / "image").write_bytes(image)
        (folder / "payload").write_bytes(content)
        words = boot_command(self.cell.architecture, model, folder / "image", _at(payload, folder / "payload"))
        return self._around.machine.run(words, folder, limit)

    def guest(self) -> Path | None:
        """Return the image of our own guest, ``None`` when it can't be built."""
        command = guest_command(self.cell.compiler)
        key = digest("guest", SOURCE, command)
        record = self._known(key)
        if record is None:
            with BuildTree() as tree:
                (tree.tree / "guest.S").write_text(SOURCE, encoding="ascii")
                BuildCommand(command, self._around.walls, self._wishes.limit).run(tree, self._desk.path / _LOG)
                self._check()
                image = tree.tree / GUEST_NAME
                files = {_LOG: read_log(self._desk.path / _LOG)}
                files |= {_IMAGE: image.read_bytes()} if image.is_file() else {}
                record = self._keep(key, _kept(False, image.is_file()), {}, files)
        return record.file(_IMAGE)

    def _known(self, key: str, again: bool = False) -> ProofRecord | None:
        """Return the record of what was done before, ``None`` where it has to be done (again)."""
        record = self._around.lasting.get(key)
        if record is not None and key not in self._around.fresh:
            record = None if again or self._wishes.rebuild or record.facts.get("passing") else record
        return record or self._around.private.get(key)

    def _keep(self, key: str, kept: Kept, facts: Mapping[str, object], files: Mapping[str, bytes]) -> ProofRecord:
        """Keep a record, and return it."""
        if kept is Kept.PRIVATE:
            return self._around.private.put(key, facts, files)
        self._around.fresh.add(key)
        return self._around.lasting.put(key, {**facts, "passing": kept is Kept.PASSING}, files)

    def _check(self) -> None:
        if self._around.halted():
            raise Halted

    def _made(self, path: str) -> bytes | None:
        """Return the file at ``path`` in the tree; ``None`` when no plain file is there, within it."""
        place = self._tree.tree / path
        inside = place.resolve().is_relative_to(self._tree.tree.resolve())
        return place.read_bytes() if inside and place.is_file() else None

    def _why(self, ended: Ended, log: bytes) -> str:
        if ended is Ended.TIMEOUT:
            return remarks.out_of_time()
        found = read_diagnostics(self._text(log))
        return found[0].text if found else remarks.failed_silently()

    def _text(self, log: bytes) -> str:
        """Return ``log`` without the path of the throwaway tree."""
        return log.decode("utf-8", "surrogateescape").replace(f"{self._tree.tree}/", "")

    def _never_read(self, paths: Iterable[bytes]) -> list[bytes] | None:
        """Make each of ``paths`` look like a file that nobody has read, and return them; ``None`` where the file system
        does not write down who reads what (mounted with noatime)."""
        probe = self._tree.folder / "probe"
        probe.write_bytes(b"probe\n")
        os.utime(probe, ns=(_NEVER, probe.stat().st_mtime_ns))
        probe.read_bytes()
        if probe.stat().st_atime_ns == _NEVER:
            return None
        marked = []
        for path in paths:
            place = os.path.join(os.fsencode(self._tree.tree), path)
            if os.path.isfile(place) and not os.path.islink(place):
                os.utime(place, ns=(_NEVER, os.stat(place).st_mtime_ns))
                marked.append(path)
        return marked

    def _was_read(self, path: bytes) -> bool:
        with contextlib.suppress(OSError):
            return os.stat(os.path.join(os.fsencode(self._tree.tree), path)).st_atime_ns != _NEVER
        return True  # the build has moved it


def _built(record: ProofRecord, name: str, known: bool, command: str) -> BuiltTree:
    config, read = record.file(_CONFIG), record.facts.get("read")
    text = config.read_text(encoding="utf-8", errors="surrogateescape") if config is not None else ""
    paths = frozenset(os.fsencode(path) for path in read) if read is not None else None
    return BuiltTree(_step(record, name, known, command), record.file(_IMAGE), text, paths)


def _step(record: ProofRecord, name: str, known: bool, command: str) -> ProofStep:
    facts = record.facts
    outcome = StepOutcome(str(facts["outcome"]))
    detail, seconds, fault = str(facts["detail"]), float(facts["seconds"]), bool(facts.get("fault"))
    return ProofStep(name, outcome, detail, seconds, known, command, record.file(_LOG), fault=fault)


def _outcome(end: End) -> StepOutcome:
    if end is End.SUCCESS:
        return StepOutcome.PASSED
    return StepOutcome.TIMEOUT if end is End.HANG else StepOutcome.FAILED


def _at(payload: Payload, place: Path) -> Payload:
    """Return ``payload`` with its file at ``place``."""
    return replace(payload, file=place if payload.file is not None else None)
