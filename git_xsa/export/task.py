"""What is being resolved by hand, as the store keeps it: one file for each base, next to the work tree.

::

    resolve/xcp-4.17.6-0a1b2c3d/task.json        what was asked, and the conflict that a person has at hand
    resolve/xcp-4.17.6-0a1b2c3d/published.patch  the diff that is in conflict, as it was published
    resolve/xcp-4.17.6-0a1b2c3d/tree/            the work tree, a git repository of its own
    resolve/resolutions/                         what git rerere knows

``task.json`` says whether the work tree is in a person's hands, or being set up: then nothing in it is a person's work,
and it can be set up again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any

from git_xsa.advisory.store import Store
from git_xsa.documents import DocumentError, read_object, write_json
from git_xsa.export import problems
from git_xsa.git.folders import remove

FOLDER = "resolve"
TASK = "task.json"
PUBLISHED = "published.patch"
TREE = "tree"
RESOLUTIONS = "resolutions"
FORMAT = 1


@dataclass(frozen=True)
class OpenConflict:
    """The patch that a person adapts: ``id`` is its commit or file, ``xsa`` are its advisories, ``lost`` those that
    can't go in without it.  ``prerequisite``: it is none of theirs, but needed by one.

    ``head`` is the commit of the base with ``applied`` patches of the queue, in the work tree's repository.  ``begun``
    is the adapted patch of an earlier issue that the work tree began with, ``adapted`` that of this one, made for
    another base, which was picked in its place; empty for none.
    """

    id: str
    subject: str
    xsa: tuple[int, ...]
    lost: tuple[int, ...]
    edition: str
    head: str
    applied: int
    prerequisite: bool
    begun: str = ""
    adapted: str = ""


@dataclass(frozen=True)
class Task:
    """What was asked: the queue of the advisories ``xsa`` (none: all that are outstanding) for ``base``.

    ``conflict`` is what the work tree is about, ``None`` as long as it is not set up; ``by_hand``: a person has it.
    ``skipped`` are the advisories that are left out.
    """

    name: str
    repository: str
    base: str
    base_patches: tuple[str, ...] = ()
    tip: str = ""
    xsa: tuple[int, ...] = ()
    symbols: bool = True
    skipped: tuple[int, ...] = ()
    by_hand: bool = False
    conflict: OpenConflict | None = None

    @property
    def title(self) -> str:
        """What the base is called, with the packages whose patches are on it."""
        packages = ", ".join(Path(place).name for place in self.base_patches)
        return f"{self.base} with {packages}" if packages else self.base

    @property
    def onto(self) -> str:
        """The words that give the base on a command line."""
        more = (f"--base-patches {quote(place)}" for place in self.base_patches)
        return " ".join([f"--onto {quote(self.base)}", *more])


class Tasks:
    """The tasks in ``store``."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @staticmethod
    def name_for(repository: Path, base: str, base_patches: tuple[str, ...]) -> str:
        """Return what the task for a base of a repository is called."""
        digest = sha256("\0".join([str(repository), base, *base_patches]).encode("utf-8", "surrogateescape"))
        slug = re.sub(r"[^A-Za-z0-9._+]+", "-", Path(base).name).strip("-.")[:60]
        return f"{slug or 'base'}-{digest.hexdigest()[:8]}"

    def names(self) -> list[str]:
        """Return the names of all tasks."""
        return [name for name in self.store.names(FOLDER) if self.store.read(FOLDER, name, TASK) is not None]

    def tree(self, name: str) -> Path:
        """Return where the work tree of the task ``name`` is."""
        return self.store.path(FOLDER, name, TREE)

    @property
    def resolutions(self) -> Path:
        """Where ``git rerere`` keeps what it knows."""
        return self.store.path(FOLDER, RESOLUTIONS)

    def read(self, name: str) -> Task | None:
        """Return the task ``name``, ``None`` when there is none; ``StoreError`` when it is damaged."""
        content = self.store.read(FOLDER, name, TASK)
        if content is None:
            return None
        try:
            return _task(name, read_object(content))
        except (DocumentError, LookupError, TypeError, ValueError, AttributeError):
            where = self.store.path(FOLDER, name, TASK)
            raise problems.damaged_task(where, self.tree(name)) from None

    def write(self, task: Task) -> Task:
        """Keep ``task``; return it."""
        document = {"format": FORMAT, **asdict(task)}
        self.store.write(write_json(document, 1), FOLDER, task.name, TASK)
        return task

    def publish(self, name: str, diff: bytes) -> None:
        """Keep the diff that the task ``name`` is about."""
        self.store.write(diff, FOLDER, name, PUBLISHED)

    def published(self, name: str) -> bytes:
        """Return that diff."""
        return self.store.read(FOLDER, name, PUBLISHED) or b""

    def end(self, task: Task) -> None:
        """Remove ``task`` with its work tree."""
        self.write(replace(task, by_hand=False))  # from here on nothing in the tree counts
        remove(self.tree(task.name))
        for file in (PUBLISHED, TASK):
            self.store.remove(FOLDER, task.name, file)
        self.store.remove_empty(FOLDER, task.name)


def _task(name: str, found: Mapping[str, Any]) -> Task:
    conflict = found["conflict"]
    return Task(
        name, str(found["repository"]), str(found["base"]), tuple(map(str, found["base_patches"])), str(found["tip"]),
        _numbers(found["xsa"]), bool(found["symbols"]), _numbers(found["skipped"]), bool(found["by_hand"]),
        _conflict(conflict) if conflict is not None else None,
    )  # fmt: skip


def _conflict(found: Mapping[str, Any]) -> OpenConflict:
    return OpenConflict(
        str(found["id"]), str(found["subject"]), _numbers(found["xsa"]), _numbers(found["lost"]), str(found["edition"]),
        str(found["head"]), int(found["applied"]), bool(found["prerequisite"]),
        str(found["begun"]),
        str(found["adapted"]),
    )  # fmt: skip


def _numbers(found: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in found)
