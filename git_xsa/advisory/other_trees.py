"""Which tree a patch is for: this one, with how many folders off its names, or another one of those with advisories.

Its paths show that.  A patch of which no path has ever been in the history of a branch is for another tree; which
one, the folders show (QEMU's ``hw/``, Linux's ``drivers/net/``, libvirt's ``src/libxl/``).  A release's tarball brings
other trees along in folders of their own, which no branch has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from git_xsa.advisory.patchfile import MOST_FOLDERS, PatchFile
from git_xsa.git.repository import Repository

#: What a tree is called in the names of files and in tables (lower case) -> its name.
NAMES = {
    "qemu": "QEMU", "linux": "Linux", "libvirt": "libvirt", "mini-os": "mini-os", "xapi": "XAPI", "ovmf": "OVMF",
    "seabios": "SeaBIOS", "freebsd": "FreeBSD", "netbsd": "NetBSD",
}  # fmt: skip
#: What it is called when the paths do not say.
UNKNOWN = "another tree"
#: Where a release's tarball, or a checkout with everything that it builds, has other trees.
_BROUGHT = (
    ("QEMU", rb"tools/(?:qemu-xen|ioemu-)[^/]*/"), ("mini-os", rb"extras/mini-os[^/]*/"),
    ("OVMF", rb"tools/firmware/ovmf[^/]*/"), ("SeaBIOS", rb"tools/firmware/seabios[^/]*/"),
)  # fmt: skip
_OWN = (
    ("XAPI", rb"ocaml/|xapi/"),
    ("OVMF", rb"[A-Z][A-Za-z]+Pkg/"),
    ("libvirt", rb"src/(?:libxl|xen|conf|util|qemu|cpu|remote|lxc|esx|security|storage|network)[^/]*/|tests/libxl"),
    ("SeaBIOS", rb"src/(?:fw|hw|std)/|vgasrc/"),
    ("NetBSD", rb"sys/arch/"),
    ("FreeBSD", rb"sys/"),
    ("mini-os", rb"arch/(?:x86|arm)[^/]*/[^/]+$|include/(?:mini-os|x86|arm)/|xenbus/"),
    ("mini-os", rb"(?:include/)?(?:(?:blk|net|fb|pci|tpm|9p)front|gnttab|xenbus|lwip-arch)\.[ch]$"),
    ("QEMU", rb"(?:hw|target|tcg|softmmu|system|linux-user|bsd-user|accel|audio|ui|fsdev|slirp|qapi|migration)/"),
    ("QEMU", rb"include/(?:hw|exec|sysemu|qemu)/|target-|xen-(?:all|hvm|mapcache)|qemu-|net/[^/]+$|block/(?!blk)"),
    ("Linux", rb"(?:drivers|fs|mm|kernel|Documentation|sound|security|crypto|net|lib|init|ipc|block)/"),
    ("Linux", rb"arch/[^/]+/|include/(?:linux|uapi|asm|xen|net|trace|acpi)[^/]*/"),
)
_FOLDER = b"xen/"


class NotJudged(NamedTuple):
    """A patch file that is for another tree: its name, the tree's, and the advisory it came with (0: none)."""

    file: str
    tree: str
    xsa: int = 0


class Trees:
    """Tells which patches are for the tree that the ``commits`` and their history have."""

    def __init__(self, repository: Repository, commits: Iterable[str]) -> None:
        self._repository = repository
        self._commits = list(dict.fromkeys(commits))

    @cached_property
    def _now(self) -> frozenset[bytes]:
        """The files and folders of the commits."""
        words = ("ls-tree", "-r", "-t", "--name-only", "-z", "--full-tree")
        listings = [self._repository.git.call(*words, commit).out for commit in self._commits]
        return frozenset(path for listing in listings for path in listing.split(b"\0")) - {b""}

    @cached_property
    def _ever(self) -> frozenset[bytes]:
        """The files that were ever in their history, and the folders of these: two seconds for xen.git.

        The patches may be under embargo, so that their paths must not be words of a process that others can list.
        """
        words = ("log", "--format=", "--name-only", "-z", "--diff-filter=A", "--no-renames", "--no-show-signature")
        files = set(self._repository.git.call(*words, *self._commits, "--").out.replace(b"\n", b"").split(b"\0"))
        return frozenset(files.union(*map(_folders, files)))

    def fitted(self, patch: PatchFile) -> PatchFile:
        """Return ``patch`` with as many folders off its names as makes them those of files here; as it is when no
        number does, or it names no file that would show it."""
        if not _evidence(patch) - self._now:
            return patch
        return _best(patch, self._now) or _best(patch, self._ever) or patch

    def sort_out(
        self, patches: Iterable[PatchFile], xsa: int = 0, said: str = ""
    ) -> tuple[tuple[PatchFile, ...], tuple[NotJudged, ...]]:
        """Return those of ``patches``, a series, that are for this tree, ``fitted`` to it, and the others.

        What one of them creates is a file of this tree for the others.  ``said`` is the tree in the names of the files.
        """
        fitted = [self.fitted(patch) for patch in patches]
        trees = [self.other(patch, said) for patch in fitted]
        made = {
            change.new_path
            for patch, tree in zip(fitted, trees, strict=True)
            for change in patch.changes
            if not tree and change.old_path is None
        }
        pairs = [
            (patch, "" if tree and _evidence(patch) & made else tree) for patch, tree in zip(fitted, trees, strict=True)
        ]
        others = tuple(NotJudged(patch.name, tree, xsa) for patch, tree in pairs if tree)
        return tuple(patch for patch, tree in pairs if not tree), others

    def other(self, patch: PatchFile, said: str = "") -> str:
        """Return the name of the tree that ``patch``, which has been ``fitted``, is for; empty when it is this one.

        ``said`` is the tree in the file's name: where the paths look like it, the history is not read for that.
        """
        paths = _evidence(patch)
        if not paths or paths & self._now or any(_folder(path) in self._now for path in paths):
            return ""
        if all(change.old_path is None for change in patch.changes):
            paths = {path + b"/" for path in paths}
            tops = {path.partition(b"/")[0] for path in paths}
            if tops & self._now and not _named(paths, _OWN):  # new files in a new folder
                return ""
        brought = _named(paths, _BROUGHT)
        if brought or (said and NAMES.get(said) == _named(paths, _OWN)):
            return brought or NAMES[said]
        inside = {_FOLDER + path for path in paths}
        if inside <= self._now or paths & self._ever:
            return ""
        return "" if self._repository.shallow else _named(paths, _OWN) or UNKNOWN


def _best(patch: PatchFile, known: frozenset[bytes]) -> PatchFile | None:
    """Return ``patch`` with as many folders off its names as makes most of them known, ``None`` where none is."""
    best, count = patch, len(_evidence(patch) & known)
    for level in range(MOST_FOLDERS + 1):
        other = patch.at_level(level)
        paths = _evidence(other) if other is not None else set()
        here = len(paths & known)
        if other is not None and here > count and 2 * here > len(paths):
            best, count = other, here
    return best if count else None


def _evidence(patch: PatchFile) -> set[bytes]:
    """Return the paths that show for which tree a patch is: files that it changes, or else the folders of new ones.

    Every tree has a ``Makefile`` at its top: names there count only where there is no other.
    """
    changed = {change.old_path for change in patch.changes if change.old_path is not None}
    paths = changed or {folder for c in patch.changes if (folder := c.path.rpartition(b"/")[0])}
    return {path for path in paths if b"/" in path} or paths if changed else paths


def _folder(path: bytes) -> bytes | None:
    """Return the folder that a file is in, if it is so deep in the tree that no other tree has it."""
    folder = path.rpartition(b"/")[0]
    return folder if b"/" in folder else None


def _folders(path: bytes) -> set[bytes]:
    parts = path.split(b"/")
    return {b"/".join(parts[:depth]) for depth in range(1, len(parts))}


def _named(paths: Iterable[bytes], shapes: Sequence[tuple[str, bytes]]) -> str:
    """Return the name of the tree that most of ``paths`` look like, empty when there is none."""
    found: Counter[str] = Counter()
    for path in paths:
        name = next((name for name, shape in shapes if re.match(shape, path)), "")
        found[name] += bool(name)
    return max(found, key=found.__getitem__, default="") if any(found.values()) else ""
