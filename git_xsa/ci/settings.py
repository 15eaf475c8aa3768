"""The settings of pipelines (git-xsa-config(5)): where jobs run, and what they fetch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from git_xsa.ci import problems
from git_xsa.git.config import Configured, command, how_to_set, setting, words
from git_xsa.proof.cells import Cell

_CI = "xsa.ci."
#: What a cell has settings for.  git takes no ``_`` in the last part of a key, so ``xsa.ci.x86_64.image`` is the form
#: that works for every cell; ``xsa.ci.image.arm64`` says the same where git takes it.
_KINDS = ("image", "tags")
REGISTRY = "registry.gitlab.com/xen-project/xen"
#: Architecture -> the container of Xen's own CI, and the tag of its runners.
_OWN = {"x86_64": ("debian:12-x86_64", "x86_64"), "arm64": ("debian:12-arm64v8", "arm64")}
_OWN["arm32"] = ("debian:12-arm64v8-arm32", "arm64")
#: What the name of an image or of a tag can have.
_IMAGE = re.compile(r"[A-Za-z0-9$_][A-Za-z0-9$_{}./:@+-]{0,250}")
_TAG = re.compile(r"[A-Za-z0-9$_][A-Za-z0-9$_{}.:@+-]{0,100}")


@dataclass(frozen=True)
class CiSettings:
    """What jobs do before they call a command, and where they clone from."""

    #: A command that makes the commands of git-xsa available in a job; empty: the image has them.
    setup: str = setting("ci.setup", command, "")
    #: The repository whose history jobs in a package's project clone.
    history: str = setting("ci.history", command, "https://xenbits.xen.org/git-http/xen.git")
    #: The repository of the Xen Test Framework.
    xtf: str = setting("ci.xtf", command, "https://github.com/andyhhp/xtf.git")


@dataclass(frozen=True)
class Places:
    """Where the jobs of cells run."""

    values: dict[tuple[str, str], tuple[str, ...]]

    def image(self, cell: Cell) -> str:
        """Return the container image for ``cell``: that of Xen's own CI unless a setting names another."""
        found = self._of("image", cell)
        return found[-1] if found else f"{REGISTRY}/{_OWN[cell.architecture][0]}"

    def tags(self, cell: Cell) -> tuple[str, ...]:
        """Return the tags that a runner for ``cell`` must have; those of Xen's own runners unless a setting says
        others, or none."""
        found = self._of("tags", cell)
        return (_OWN[cell.architecture][1],) if found is None else found

    def _of(self, kind: str, cell: Cell) -> tuple[str, ...] | None:
        """Return what a setting says of ``cell``, or else of all cells; ``None``: nothing."""
        own = self.values.get((kind, cell.name.lower()))
        return self.values.get((kind, "")) if own is None else own


def places(configured: Configured) -> Places:
    """Return what ``xsa.ci.<cell>.image`` and ``.tags`` say; ``XsaError`` for a key or value without a meaning."""
    known = {"xsa.ci.setup", "xsa.ci.history", "xsa.ci.xtf"}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for key, values in configured.values.items():
        if not key.startswith(_CI) or key in known:
            continue
        kind, cell = _parts(key.removeprefix(_CI))
        if kind not in _KINDS:
            raise problems.unknown_setting(key)
        found[kind, cell.lower()] = _checked(key, kind, values)
    return Places(found)


def _parts(rest: str) -> tuple[str, str]:
    """Return kind and cell of a key, in each of the forms ``image``, ``image.<cell>`` and ``<cell>.image``."""
    first, _, last = rest.partition(".")
    if first in _KINDS:
        return first, last
    cell, _, kind = rest.rpartition(".")
    return kind, cell


def _checked(key: str, kind: str, values: Sequence[str | None]) -> tuple[str, ...]:
    found = words(values if kind == "tags" else values[-1:])
    form = _IMAGE if kind == "image" else _TAG
    if (kind == "image" and len(found) > 1) or not all(map(form.fullmatch, found)):
        if kind == "image":
            raise problems.not_an_image(key, how_to_set(key, "debian:12", values))
        wrong = next((one for one in values if not all(map(form.fullmatch, words([one])))), None)
        raise problems.not_tags(key, how_to_set(key, "'x86_64 big'", values, wrong))
    return found
