"""Fold what the jobs of a pipeline have written into the answer that one command would have given.

A result is a pair of files, ``<name>.json`` and ``<name>.xml``, called ``<target>/check`` and
``<target>/<cell>/<stage>``.  They come from other machines, so nothing of them is believed: what is missing, broken, a
link, too large, of another queue than its neighbours, or at odds with its own JUnit is a problem, and a problem is a
failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from git_xsa.ci import problems, remarks
from git_xsa.ci.plan import BUILD, CHECK, STAGES
from git_xsa.ci.results import read_proofs
from git_xsa.documents import DocumentError, read_object
from git_xsa.git.folders import files_below
from git_xsa.proof.results import CellProof, Proof, Ruling, TestResult, Unproved, status_of
from git_xsa.report.junit import ERROR, FAILURE, Case, read_junit
from git_xsa.wording import Remark

#: The largest file that is read.
LIMIT = 64 << 20
#: How much a ruling says: the worst of two on the same test counts.
_WEIGHT = {Ruling.NOT_JUDGED: 2, Ruling.SKIPPED: 1}


@dataclass(frozen=True)
class Job:
    """A job that has proved something: the name of its result, and how many seconds its steps took."""

    name: str
    seconds: float


@dataclass
class Collected:
    """What came back: proofs and what has none, the test cases of checks, and what is wrong with the results."""

    proofs: list[Proof] = field(default_factory=list)
    unproved: list[Unproved] = field(default_factory=list)
    checks: dict[str, list[Case]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    problems: dict[str, Remark] = field(default_factory=dict)

    @property
    def failed_checks(self) -> list[Case]:
        """The test cases of checks that failed."""
        return [case for cases in self.checks.values() for case in cases if case.ending in (FAILURE, ERROR)]

    @property
    def status(self) -> int:
        """The exit status: that of git xsa-test, but what is wrong with checks and results counts, too."""
        status = status_of(self.proofs, self.unproved)
        return status if status in (1, 2) else 1 if self.problems or self.failed_checks else status


def collect(folder: Path, expected: Sequence[str]) -> Collected:
    """Return what the results in ``folder`` say together; ``XsaError`` when it is no folder.

    Those that are ``expected`` must be there, unless an earlier job explains why they are not.
    """
    if not folder.is_dir():
        raise problems.not_a_folder(folder)
    reader = _ResultReader(folder)
    names = sorted({*reader.found(), *expected}, key=_order)
    targets: dict[str, list[str]] = {}
    for name in names:
        targets.setdefault(name.partition("/")[0], []).append(name)
    for target, own in targets.items():
        reader.target(target, own)
    made = reader.made
    if not names:
        made.problems[str(folder)] = remarks.no_result()
    return made


def _order(name: str) -> tuple[str, str, int, str]:
    """Return what results are sorted by: target, then cell, then stage."""
    place, _, stage = name.rpartition("/")
    target, _, cell = place.partition("/")
    return target or stage, cell, STAGES.index(stage) if stage in STAGES else len(STAGES), stage


class _ResultReader:
    """Reads the results in ``folder`` and puts what they say into ``made``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.made = Collected()

    def found(self) -> Iterator[str]:
        """Yield the name of each result of which there is a file."""
        for path in files_below(self._folder):
            name = Path(path)
            if name.suffix in (".json", ".xml"):
                yield str(name.with_suffix(""))

    def target(self, target: str, names: Sequence[str]) -> None:
        """Read the results ``names`` of one target."""
        checked = f"{target}/{CHECK}"
        check = self._check(checked) if checked in names else None
        parts: dict[str, Proof] = {}
        for name in names:
            if name == checked or self._excused(name, parts, check):
                continue
            proof = self._proof(name, next(iter(parts.values()), None))
            if proof is not None:
                parts[name] = proof
        if parts:
            self.made.proofs.append(_told_by(check, _merged(list(parts.values()))))
        elif check is not None and not check.get("queue"):
            state = str(check.get("state"))
            numbers = tuple(number for number in check.get("xsa", ()) if isinstance(number, int))
            self.made.unproved.append(
                Unproved(numbers, state, remarks.no_queue(target, state), state == "conflicts", False)
            )

    def _excused(self, name: str, parts: Mapping[str, Proof], check: Mapping[str, Any] | None) -> bool:
        """Whether a result that is not there need not be: there is no queue, or its build was no success."""
        if any(self._path(name, kind).exists() for kind in (".json", ".xml")):
            return False
        built = parts.get(f"{name.rpartition('/')[0]}/{BUILD}")
        no_queue = check is not None and not check.get("queue")
        return no_queue or (built is not None and built.ruling is not Ruling.PASSED)

    def _path(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}{kind}"

    def _check(self, name: str) -> dict[str, Any] | None:
        """Return the answer of a check about one base; its test cases are kept as they are."""
        cases = self._cases(name)
        try:
            document = read_object(self._content(name, ".json"))
            results = document.get("results")
            if not isinstance(results, list) or not results or not isinstance(results[0], dict):
                raise problems.no_results()
        except DocumentError as error:
            self._problem(name, remarks.unreadable(f"{name}.json", str(error)))
            return None
        if cases is not None:
            self.made.checks[name.partition("/")[0]] = cases
        return dict(results[0])

    def _proof(self, name: str, other: Proof | None) -> Proof | None:
        """Return what a job has proved, ``None`` where it is no proof, or one of something else than ``other`` is."""
        cases = self._cases(name)
        try:
            proofs, unproved = read_proofs(self._content(name, ".json"))
        except DocumentError as error:
            self._problem(name, remarks.unreadable(f"{name}.json", str(error)))
            return None
        self.made.unproved += unproved
        if len(proofs) != 1:
            self._problem(name, remarks.not_one_proof(f"{name}.json", len(proofs)))
            return None
        [proof] = proofs
        if other is not None and _about(proof) != _about(other):
            self._problem(name, remarks.about_another_queue(f"{name}.json"))
            return None
        failed = any(test.ruling.bad for cell in proof.cells for test in cell.tests)
        if cases is not None and failed != any(case.ending in (FAILURE, ERROR) for case in cases):
            self._problem(name, remarks.contradicts(f"{name}.xml", f"{name}.json"))
        steps = [step for cell in proof.cells for test in cell.tests for step in test.steps if not step.known]
        self.made.jobs.append(Job(name, sum(step.seconds for step in steps)))
        return proof

    def _cases(self, name: str) -> list[Case] | None:
        """Return the test cases of a result, ``None`` when they can't be read."""
        try:
            return read_junit(self._content(name, ".xml"))
        except DocumentError as error:
            self._problem(name, remarks.unreadable(f"{name}.xml", str(error)))
            return None

    def _content(self, name: str, kind: str) -> bytes:
        """Return a file's contents; ``DocumentError`` says why it can't be read."""
        path = self._path(name, kind)
        if any(part.is_symlink() for part in (path, *path.parents) if self._folder in part.parents):
            raise problems.is_a_link()
        try:
            if path.stat().st_size > LIMIT:
                raise problems.too_large(LIMIT >> 20)
            return path.read_bytes()
        except FileNotFoundError:
            raise problems.missing_result() from None
        except OSError as error:
            raise problems.unreadable_result(error.strerror) from None

    def _problem(self, name: str, reason: Remark) -> None:
        self.made.problems.setdefault(name, reason)


def _about(proof: Proof) -> tuple[str, str, tuple[str, ...]]:
    """Return what proofs that belong together have in common."""
    return proof.base.name, proof.base.id, tuple(patch.id for patch in proof.patches)


def _told_by(check: Mapping[str, Any] | None, proof: Proof) -> Proof:
    """Return ``proof`` with what only the check of its queue knows."""
    if check is None:
        return proof
    tip = check.get("tip")
    left = check.get("left_out", [])
    whole = [one for one in left if isinstance(one, dict) and {"xsa", "why"} <= one.keys()]
    reasons = {one["xsa"]: remarks.said_by_a_job(str(one["why"])) for one in whole}
    unknown = tuple(number for number in check.get("unknown", ()) if isinstance(number, int))
    name = str(tip.get("name", "")) if isinstance(tip, dict) else ""
    return replace(proof, tip=name, left_out=reasons, unresolved=unknown)


def _merged(proofs: Sequence[Proof]) -> Proof:
    """Return one proof of what ``proofs`` say of the same queue."""
    cells: dict[str, list[CellProof]] = {}
    for proof in proofs:
        for cell in proof.cells:
            cells.setdefault(cell.cell, []).append(cell)
    changed = sorted({path for proof in proofs for path in proof.changed})
    private = any(proof.private for proof in proofs)
    return replace(proofs[0], cells=tuple(map(_cell, cells.values())), changed=tuple(changed), private=private)


def _cell(parts: Sequence[CellProof]) -> CellProof:
    """Return what the jobs of one cell say together: of each test the worst that one of them says."""
    tests: dict[tuple[str, str, int | None], TestResult] = {}
    for part in parts:
        for test in part.tests:
            key = (test.kind, test.name, test.xsa)
            tests[key] = max(tests.get(key, test), test, key=lambda one: _weight(one.ruling))
    read = [part.read for part in parts if part.read is not None]
    judged = next((part for part in parts if not part.skipped), parts[0])
    return replace(judged, tests=tuple(tests.values()), read=frozenset[bytes]().union(*read) if read else None)


def _weight(ruling: Ruling) -> int:
    return 3 if ruling.bad else _WEIGHT.get(ruling, 0)


def schedule(jobs: Iterable[Job], runners: int) -> float:
    """Return how long ``runners`` take for ``jobs``, in seconds: each starts, when it is free, the job that most still
    depends on.

    The other stages of a cell come after its build.  Checks and the work around a job are not in it.
    """
    time = {job.name: job.seconds for job in jobs}
    build = {name: f"{name.rpartition('/')[0]}/{BUILD}" for name in time}
    before = {name: first for name, first in build.items() if first in time and first != name}
    rest = {name: time[name] + max((time[o] for o, f in before.items() if f == name), default=0.0) for name in time}
    free = [0.0] * runners
    done: dict[str, float] = {}
    left = set(time)
    while left:
        start = min(free)
        ready = {name: done.get(before.get(name, ""), 0.0) for name in left if before.get(name, "") not in left}
        soon = max(start, min(ready.values()))
        name = min((one for one in ready if ready[one] <= soon), key=lambda one: (-rest[one], one))
        free[free.index(start)] = done[name] = soon + time[name]
        left.remove(name)
    return max(done.values(), default=0.0)
