"""What a pipeline does: each set of advisories on each base, through the stages, in each cell.

All values here are made of what was asked for and of the repository, so the same input gives the same plan; nothing of
the machine is in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from git_xsa.ci import problems

CHECK, BUILD, BOOT, EXPLOIT, COLLECT = STAGES = ("check", "build", "boot", "exploit", "collect")
#: The stage in which the tree's own pipeline runs on the queue.
FULL = "full"
#: Folder of each result -> what a job writes there: ``<target>/check.json``, ``<target>/<cell>/build.json``.
RESULTS = "xsa-results"
#: Where exported queues are, in the job's folder.
QUEUES = "xsa-queues"
#: How long a server keeps what jobs write.
KEPT, KEPT_PRIVATE = "1 week", "1 day"


@dataclass(frozen=True)
class PlannedCell:
    """A cell as jobs need it: its name, the image and the tags of its runners, whether it can be booted, and whether
    that takes the Xen Test Framework."""

    name: str
    image: str
    tags: tuple[str, ...]
    boots: bool
    framework: bool


@dataclass(frozen=True)
class PlannedTarget:
    """A base and a set of advisories on it.

    ``name`` is unique in the plan, and the name of a folder; ``words`` give the base on a command line.  ``builds`` is
    false where there is no queue: then a job only says why.  ``exported``: the queue is handed to the jobs, which could
    not find it by themselves.
    """

    name: str
    base: str
    words: tuple[str, ...]
    xsa: tuple[int, ...]
    builds: bool = True
    exported: bool = False


@dataclass(frozen=True)
class PipelinePlan:
    """A pipeline: targets, cells and the last stage; and what its jobs need to know.

    ``settings`` are keys of git's configuration with their values; one that begins with ``./`` is a path in the
    project.  ``options`` are words for check and export.  ``package``: the project is that of a package, and jobs clone
    the history.  ``queues`` is the folder in the project with the queues that are handed over.  ``private``: what the
    jobs write is under embargo.  ``full``: the tree's own pipeline runs on each queue, too.
    """

    targets: tuple[PlannedTarget, ...]
    cells: tuple[PlannedCell, ...]
    until: str
    settings: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    setup: str = ""
    history: str = ""
    framework: str = ""
    package: bool = False
    queues: str = ""
    private: bool = False
    full: bool = False

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that prove something, the first to the last one that is asked for."""
        return STAGES[1 : STAGES.index(self.until) + 1]

    def stages_of(self, cell: PlannedCell) -> tuple[str, ...]:
        """Return the stages that ``cell`` has jobs in: one that can't be booted says so where it is built."""
        return self.stages if cell.boots else self.stages[:1]


def folder_name(text: str) -> str:
    """Return ``text`` as the name of a folder, and of a job."""
    return re.sub(r"[^A-Za-z0-9._+=-]+", "-", text).strip("-.")[:100] or "base"


def branch_name(target: PlannedTarget) -> str:
    """Return the branch for the queue of ``target``: Xen's own pipeline runs on every branch but ``stable-*``,
    ``master`` and ``smoke``."""
    return "xsa-queue/" + re.sub(r"[^A-Za-z0-9._+-]|\.(?=\.)|\.lock$", "-", target.name)


def result_names(plan: PipelinePlan) -> Iterator[str]:
    """Yield the name of each result that the jobs write, without what it ends with: ``<target>/<cell>/<stage>``."""
    for target in plan.targets:
        if not target.exported:
            yield f"{target.name}/{CHECK}"
        for cell in plan.cells if target.builds else ():
            yield from (f"{target.name}/{folder_name(cell.name)}/{stage}" for stage in plan.stages_of(cell))


def named(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name for each pair of a base and a label of its set; raises ``XsaError`` where two would have one."""
    names = [folder_name(f"{base} {label}" if label else base) for base, label in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise problems.same_name(twice[0])
    return names
