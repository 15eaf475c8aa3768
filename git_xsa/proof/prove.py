"""Prove queues in cells: several cells at a time, in each of them one step after the other."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from shutil import which
from threading import Event, Lock
from time import monotonic, sleep

from git_xsa.ask.session import Session
from git_xsa.git.scratch import Scratch
from git_xsa.proof import remarks
from git_xsa.proof.bench import Bench, BuiltTree, Halted, Surroundings, Wishes
from git_xsa.proof.boards import ALONE, BOARDS, GUEST, Payload
from git_xsa.proof.build_command import BuildCommand, find_walls, kill_orphans, kill_own
from git_xsa.proof.cells import Cell
from git_xsa.proof.judge import Play, judge_boot, judge_build, judge_exploit, judge_step
from git_xsa.proof.known import FOLDER, Known
from git_xsa.proof.machine import End, Machine
from git_xsa.proof.outcomes import cache_folder
from git_xsa.proof.results import BASE, QUEUE, CellProof, Default, Ruling, TestResult
from git_xsa.proof.search.builder import protected_folders
from git_xsa.proof.search.lack import Searcher
from git_xsa.proof.settings import ProofSettings, exploits
from git_xsa.proof.stack import Stack
from git_xsa.proof.xtf import EXAMPLE, Xtf
from git_xsa.wording import NOTHING, Remark

_OPTION = re.compile(r"^(?:# )?(CONFIG_\w+)(?:=(.*)| is not set)$", re.MULTILINE)
#: So many times the limit may a boot take that did not end within it.
_PATIENCE = 4.0
#: What of a configuration describes the tools, or differs from tree to tree by itself.
_OF_TOOLS = re.compile(r"CONFIG_(?:CC_|GCC_|CLANG_|HAS_AS_|HAS_CC_|LD_|AS_)")


class Prover:
    """Proves stacks.  Use it as a context manager: leaving it ends every process and removes every tree.

    ``progress`` is called about once a second with what is being done.
    """

    def __init__(self, session: Session, wishes: Wishes, progress: Callable[[str], None]) -> None:
        kill_orphans()  # before the trees are swept that they may still be writing to
        self._halt = Event()
        lasting = Known(cache_folder().with_name(FOLDER))
        clone = session.settings.of(ProofSettings).xtf
        self._exploits = exploits(session.settings.configured)
        self.xtf = Xtf(clone, lasting, self._check) if clone is not None else None
        self._session, self._wishes, self._progress = session, wishes, progress
        self._board = Underway()
        home, store = Path.home().resolve(), session.settings.store
        hidden = [home, *([store.resolve()] if store is not None and store.is_dir() else [])]
        walls = find_walls(protected_folders(session.repository))
        self.offline = walls.offline
        machine = Machine([place for place in hidden if place.is_dir()], self._halt.is_set)
        self._scratch = Scratch()
        private = Known(self._scratch.path / FOLDER)
        self._around = Surroundings(walls, machine, lasting, private, self._halt.is_set, self._board.say)

    def __enter__(self) -> Prover:
        return self

    def __exit__(self, *_: object) -> None:
        if self.xtf is not None:
            self.xtf.close()
        self._scratch.close()

    def prove(self, stacks: Sequence[Stack], cells: Sequence[Cell]) -> list[list[CellProof]]:
        """Return for each of ``stacks`` what was proved in each of ``cells``."""
        at_once = max(min(self._wishes.jobs, len(cells)), 1)
        self._board.begin(len(cells) * len(stacks))
        with ThreadPoolExecutor(at_once) as pool:
            jobs = max(self._wishes.jobs // at_once, 1)
            futures = [pool.submit(self._in_cell, cell, stacks, jobs) for cell in cells]
            try:
                self._wait(futures)
            except BaseException:
                self._stop(futures)
                raise
            found = [future.result() for future in futures]
        return [list(proofs) for proofs in zip(*found, strict=True)]

    def _wait(self, futures: Sequence[Future[list[CellProof]]]) -> None:
        left = set(futures)
        while left:
            done, left = wait(left, timeout=1)
            for future in done:
                future.result()  # what one raises ends the others
            self._progress(self._board.words())

    def _stop(self, futures: Sequence[Future[list[CellProof]]]) -> None:
        """End all work: no process of it is left, and each worker removes its tree."""
        self._halt.set()
        for future in futures:
            future.cancel()
        while not all(future.done() for future in futures):
            kill_own()
            sleep(0.1)

    def _in_cell(self, cell: Cell, stacks: Sequence[Stack], jobs: int) -> list[CellProof]:
        lacking = cell.lacking
        if lacking:
            self._board.done(len(stacks))
            return [CellProof(cell.name, cell.architecture, cell.compiler, cell.command, lacking) for _ in stacks]
        found = []
        with Bench(cell, self._wishes, self._around, jobs) as bench, self._board.working(cell.name):
            for stack in stacks:
                found.append(_OneCell(bench, stack, self._wishes, self).proof())
                self._board.done(1)
        return found

    def searcher(self) -> Searcher:
        """Return what finds out what queues lack."""
        return Searcher(self._session, self._wishes, self._around.walls, self._scratch.path / "search", self._progress)

    def tests(self, names: Sequence[str]) -> dict[str, list[Payload]]:
        """Return the images of XTF's tests ``names``, none without a clone of it."""
        if self.xtf is None:
            return {}

        def command(words: str) -> BuildCommand:
            return BuildCommand(words, self._around.walls, self._wishes.limit, self._wishes.jobs)

        return self.xtf.images(names, command)

    def _check(self) -> None:
        """Raise ``Halted`` when the run is to end: what has just failed was killed."""
        if self._halt.is_set():
            raise Halted

    def own(self, number: int) -> Path | None:
        """Return the user's own test of the advisory ``number``."""
        return self._exploits.get(number)


class Underway:
    """What is being done in each cell, since when, and how much is left; workers write it, one thread reads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = 0
        self._doing: dict[str, tuple[str, float]] = {}

    def begin(self, count: int) -> None:
        """Have ``count`` proofs left."""
        self._left = count

    def say(self, cell: str, words: Remark) -> None:
        """Write down what is done in ``cell`` from now on."""
        with self._lock:
            self._doing[cell] = (words, monotonic())

    def done(self, count: int) -> None:
        """Write down that ``count`` proofs more are there."""
        with self._lock:
            self._left -= count

    @contextlib.contextmanager
    def working(self, cell: str) -> Iterator[None]:
        """Write down that ``cell`` does nothing any more afterwards."""
        try:
            yield
        finally:
            with self._lock:
                self._doing.pop(cell, None)

    def words(self) -> str:
        """Return it in a line."""
        with self._lock:
            doing = [f"{cell}: {what} ({monotonic() - since:.0f} s)" for cell, (what, since) in self._doing.items()]
            return "; ".join([*doing, f"{self._left} left"])


class _OneCell:
    """One stack in one cell."""

    def __init__(self, bench: Bench, stack: Stack, wishes: Wishes, prover: Prover) -> None:
        self._bench, self._stack, self._wishes, self._prover = bench, stack, wishes, prover
        self._cell = bench.cell
        self._tests: list[TestResult] = []

    def proof(self) -> CellProof:
        """Do all that is asked for and return what came of it."""
        size = len(self._stack.patches)
        base = self._bench.build(self._stack, 0, BASE)
        queue = self._bench.build(self._stack, size, QUEUE) if base.step.good else None
        self._judge_build(base, queue)
        read: frozenset[bytes] | None = None
        defaults: tuple[Default, ...] = ()
        if queue is not None and queue.step.good:
            read, defaults = queue.read, tuple(_defaults(base.config, queue.config))
        if queue is not None:
            if self._wishes.every_commit:
                self._commits(size)
            if queue.step.good:
                self._beyond(base, queue)
        cell = self._cell
        return CellProof(
            cell.name, cell.architecture, cell.compiler, cell.command, NOTHING, tuple(self._tests), read, defaults
        )

    def _judge_build(self, base: BuiltTree, queue: BuiltTree | None) -> None:
        second = queue.step if queue is not None else None
        ruling, reason = judge_build(base.step, second)
        self._tests.append(TestResult("build", "build", ruling, reason, base.step, second))

    def _commits(self, size: int) -> None:
        """Build after each patch but the last: what one breaks and a later one mends is broken all the same."""
        for number in range(1, size):
            patch = self._stack.patches[number - 1]
            step = self._bench.build(self._stack, number, patch.id, used=True).step
            ruling, reason = judge_step(step)
            self._tests.append(TestResult("commit", f"{number} {patch.subject}", ruling, reason, None, step))

    def _beyond(self, base: BuiltTree, queue: BuiltTree) -> None:
        """Run the user's command, boot and try exploits, as far as that is asked for."""
        if self._wishes.run:
            first = self._bench.run(self._stack, 0, BASE)
            second = self._bench.run(self._stack, len(self._stack.patches), QUEUE)
            ruling, reason = judge_build(first, second)
            self._tests.append(TestResult("run", self._wishes.run, ruling, reason, first, second))
        if self._wishes.boot:
            self._boot(base, queue)
        if self._wishes.exploit:
            for number in self._stack.xsa:
                self._exploit(number, base, queue)

    def _boot(self, base: BuiltTree, queue: BuiltTree) -> None:
        obstacle = self._obstacle(base)
        payloads = [] if obstacle else self._harmless()
        if not payloads:
            reason = obstacle or self._no_payload()
            self._tests.append(TestResult("boot", "boot", Ruling.SKIPPED, reason))
        for payload in payloads:
            ends = self._both(base, queue, payload)
            ruling, reason = judge_boot(*ends)
            name = payload.name or "the image alone"
            self._tests.append(TestResult("boot", name, ruling, reason, ends[0][0], ends[1][0]))

    def _obstacle(self, base: BuiltTree) -> Remark:
        """Return why nothing is booted; empty: it is."""
        cell, board = self._cell, BOARDS.get(self._cell.architecture)
        if cell.unbootable:
            return cell.unbootable
        if board is None:
            return remarks.no_board(cell.architecture)
        if which(board.program) is None:
            return remarks.needs_packages([board.package])
        return NOTHING if base.image is not None else remarks.makes_no_image(cell.image)

    def _harmless(self) -> list[Payload]:
        """Return what the image is booted with to see whether it boots."""
        kind = self._cell.payload
        if kind == "none":
            return [Payload("", None, ALONE)]
        if kind == "guest":
            image = self._bench.guest()
            return [Payload("guest", image, GUEST)] if image is not None else []
        images = self._prover.tests([EXAMPLE]).get(EXAMPLE, [])
        return [image for image in images if image.environment in ("pv64", "hvm64")]

    def _no_payload(self) -> Remark:
        if self._cell.payload == "xtf" and self._prover.xtf is None:
            return remarks.no_framework()
        return remarks.payload_does_not_build()

    def _both(self, base: BuiltTree, queue: BuiltTree, payload: Payload) -> tuple[Play, Play]:
        """Boot both; again, and longer, what does not end in time, for the machine may be busy.

        That goes for the base only where the queue does end, and has not shown that there was time enough.
        """
        private = self._stack.private
        first, second = self._bench.boot(base, payload, private), self._bench.boot(queue, payload, private)
        if second[1] is End.HANG:
            second = self._bench.boot(queue, payload, private, _PATIENCE)
        if first[1] is End.HANG and second[1] is not End.HANG and second[0].seconds * _PATIENCE > first[0].seconds:
            first = self._bench.boot(base, payload, private, _PATIENCE)
        return first, second

    def _exploit(self, number: int, base: BuiltTree, queue: BuiltTree) -> None:
        obstacle = self._obstacle(base)
        payloads = [] if obstacle else self._trying(number)
        if not payloads:
            reason = obstacle or remarks.no_test()
            self._tests.append(TestResult("exploit", f"XSA-{number}", Ruling.SKIPPED, reason, xsa=number))
        for payload in payloads:
            reason = self._unfit(payload, base)
            if reason:
                self._tests.append(TestResult("exploit", payload.name, Ruling.SKIPPED, reason, xsa=number))
                continue
            ends = self._both(base, queue, payload)
            ruling, reason = judge_exploit(payload, *ends, self._control(base, payload, ends))
            self._tests.append(TestResult("exploit", payload.name, ruling, reason, ends[0][0], ends[1][0], number))

    def _trying(self, number: int) -> list[Payload]:
        own = self._prover.own(number)
        if own is not None:
            match = re.match(r"test-(\w+?)-", own.name)
            return [Payload(own.name, own, match[1] if match else ALONE, number)]
        if self._cell.payload != "xtf" or self._prover.xtf is None:
            return []
        tests = self._prover.xtf.tests_of([number])
        return [image for images in self._prover.tests(tests).values() for image in images]

    def _unfit(self, payload: Payload, base: BuiltTree) -> Remark:
        """Return why the image of this cell can't run ``payload``; empty: it may."""
        options = dict(_options(base.config))
        if payload.environment.startswith("pv32") and options and options.get("CONFIG_PV32", "n") != "y":
            return remarks.no_32_bit_pv()
        if payload.environment.startswith("hvm") and options.get("CONFIG_HVM", "y") != "y":
            return remarks.no_hvm()
        return NOTHING

    def _control(self, base: BuiltTree, payload: Payload, ends: tuple[Play, Play]) -> bool:
        """Return whether a harmless payload of the same environment runs on the base, where it matters."""
        if all(end in (End.SUCCESS, End.FAILURE, End.SKIP, End.ERROR) for _, end in ends):
            return True
        images = self._prover.tests([EXAMPLE]).get(EXAMPLE, [])
        same = [image for image in images if image.environment == payload.environment]
        return not same or self._bench.boot(base, same[0], False)[1] is End.SUCCESS


def _options(config: str) -> Iterator[tuple[str, str]]:
    for match in _OPTION.finditer(config):
        yield match[1], match[2] or "n"


def _defaults(base: str, queue: str) -> Iterator[Default]:
    """Yield the options whose value the queue changes, with both values."""
    before, after = dict(_options(base)), dict(_options(queue))
    for option in sorted(before.keys() | after.keys()):
        values = before.get(option, ""), after.get(option, "")
        if values[0] != values[1] and not _OF_TOOLS.match(option):
            yield Default(option, *values)
