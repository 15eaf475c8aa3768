r"""The branches and tags of the demonstration repository: which change comes where, when, and under which id.

Backports name the commit that they come from, so ids must be known while messages are written.  They are therefore
computed here, as git computes them (SHA-1), and the ids that ``git fast-import`` arrives at are the same::

    master       o---o---o---o---o---o---o---o---o---o---o---...
                  \                       \
    stable-4.21    \                       4.21.0---o---o---o---...
                    \
    stable-4.20      4.20.0---o---o---4.20.1---o---o---o---...

Promises: pure; no git, no files, no clock.  ``repository`` returns the same value every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from git_xsa.demo import changes
from git_xsa.demo.changes import ROBIN, SAM, Change, LineEdit
from git_xsa.demo.tree import TREE

#: What comes on ``master`` before and after ``stable-4.21`` is made of it: change, and when.
BEFORE_4_21 = (
    (changes.CUT_LINES, "2025-04-08 09:14 +0200"),
    (changes.DESTROY_NULL, "2025-05-20 15:02 +0200"),
    (changes.PIN, "2025-08-05 10:41 +0200"),
    (changes.WRAPPED, "2025-09-02 16:20 +0200"),
    (changes.QUIRKS, "2025-09-23 11:33 +0200"),
    (changes.MAPPED, "2025-10-07 10:05 +0200"),
    (changes.UNMAP_MANY, "2025-10-14 17:48 +0200"),
)
AFTER_4_21 = (
    (changes.MSR, "2025-12-09 12:31 +0000"),
    (changes.IOTLB, "2026-01-27 12:40 +0000"),
    (changes.RESERVED_IDS, "2026-02-10 10:22 +0100"),
    (changes.ARGO, "2026-03-17 12:15 +0000"),
    (changes.UNMAP, "2026-03-17 12:16 +0000"),
    (changes.UNMAP_MANY_FIX, "2026-03-17 12:17 +0000"),
)

#: What the stable branches take over from ``master``: change, when and by whom.
TO_4_20_1 = (
    (changes.CUT_LINES, "2025-05-06 11:10 +0200", ROBIN),
    (changes.DESTROY_NULL, "2025-06-10 14:25 +0200", ROBIN),
)
AFTER_4_20_1 = (
    (changes.PIN, "2025-09-16 09:51 +0200", ROBIN),
    (changes.WRAPPED, "2025-09-16 09:52 +0200", ROBIN),
    (changes.MSR, "2025-12-09 12:58 +0000", SAM),
    (changes.QUIRKS, "2025-12-16 10:07 +0100", ROBIN),
    (changes.MAPPED, "2025-12-16 10:08 +0100", ROBIN),
    (changes.IOTLB, "2026-01-27 14:02 +0100", ROBIN),
    (changes.RESERVED_IDS, "2026-02-24 09:30 +0100", ROBIN),
    (changes.ARGO, "2026-03-17 12:44 +0000", SAM),
    (changes.UNMAP, "2026-03-17 12:45 +0000", SAM),
)
AFTER_4_21_0 = (
    (changes.MSR, "2025-12-09 12:55 +0000", SAM),
    (changes.IOTLB, "2026-01-27 13:58 +0100", ROBIN),
    (changes.RESERVED_IDS, "2026-02-24 09:21 +0100", ROBIN),
    (changes.ARGO, "2026-03-17 12:40 +0000", SAM),
    (changes.UNMAP, "2026-03-17 12:41 +0000", SAM),
    (changes.UNMAP_MANY_FIX, "2026-03-17 12:42 +0000", SAM),
)


@dataclass(frozen=True)
class DemoCommit:
    """A commit as git knows it.  ``author`` and ``committer`` end with seconds and time zone."""

    id: str
    parent: DemoCommit | None = field(repr=False)
    author: str
    committer: str
    message: str
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class DemoTag:
    """An annotated tag: what it is called, on which commit, by whom and when, and its message."""

    name: str
    commit: DemoCommit
    tagger: str
    message: str


@dataclass(frozen=True)
class DemoRepository:
    """Everything to be written: commits, parents first; branch name -> its last commit; tags."""

    commits: tuple[DemoCommit, ...]
    branches: Mapping[str, DemoCommit]
    tags: tuple[DemoTag, ...]


def _object_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _tree_id(files: Mapping[str, bytes]) -> str:
    """Return the id of the tree that holds ``files`` (path -> content), all of them plain files."""
    folders: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[str, bytes]] = []  # (what git sorts by, the entry)
    for path, content in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = content
        else:
            entries.append((name, f"100644 {name}\0".encode() + bytes.fromhex(_object_id("blob", content))))
    for name, inside in folders.items():
        entries.append((name + "/", f"40000 {name}\0".encode() + bytes.fromhex(_tree_id(inside))))
    return _object_id("tree", b"".join(entry for _, entry in sorted(entries)))


def _commit(
    parent: DemoCommit | None, author: str, committer: str, message: str, files: Mapping[str, bytes]
) -> DemoCommit:
    """Return the commit of ``files`` on top of ``parent``; ``author`` and ``committer`` are stamped."""
    parents = [] if parent is None else [f"parent {parent.id}"]
    lines = [f"tree {_tree_id(files)}", *parents, f"author {author}", f"committer {committer}", "", message]
    return DemoCommit(_object_id("commit", "\n".join(lines).encode()), parent, author, committer, message, files)


def _stamp(person: str, when: str) -> str:
    """Return ``person`` and the time ``when`` (like ``2026-01-27 13:55 +0100``) in the form of git's objects."""
    time = datetime.strptime(when, "%Y-%m-%d %H:%M %z")
    return f"{person} {int(time.timestamp())} {time:%z}"


def _date(commit: DemoCommit) -> str:
    """Return when ``commit`` was committed, as Xen's backports write it."""
    _, seconds, zone = commit.committer.rsplit(" ", 2)
    time = datetime.fromtimestamp(int(seconds), datetime.strptime(zone, "%z").tzinfo)
    return f"{time:%Y-%m-%d %H:%M:%S %z}"


class _Branch:
    """A branch while it grows: ``tip`` is its last commit, ``commits`` are those that were made on it."""

    def __init__(self, tip: DemoCommit) -> None:
        self.tip = tip
        self.commits: list[DemoCommit] = []

    def _add(self, change: Change, author: str, committer: str, message: str) -> DemoCommit:
        self.tip = _commit(self.tip, author, committer, message, changes.apply(change, self.tip.files))
        self.commits.append(self.tip)
        return self.tip

    def develop(self, plan: Iterable[tuple[Change, str]]) -> dict[str, DemoCommit]:
        """Put originals on top; return them by subject."""
        result = {}
        for change, when in plan:
            reviewer = SAM if change.author == ROBIN else ROBIN
            signed = f"Signed-off-by: {change.author}\nReviewed-by: {reviewer}\n"
            message = f"{change.subject}\n\n{change.body}\n{signed}"
            result[change.subject] = self._add(change, _stamp(change.author, when), _stamp(ROBIN, when), message)
        return result

    def backport(self, plan: Iterable[tuple[Change, str, str]], originals: Mapping[str, DemoCommit]) -> None:
        """Put backports on top.  As in Xen, each committer has their own way to say where one comes from."""
        for change, when, committer in plan:
            original = originals[change.subject]
            if committer == SAM:
                origin = f"(cherry picked from commit {original.id})\n"
            else:
                origin = f"master commit: {original.id}\nmaster date: {_date(original)}\n"
            self._add(change, original.author, _stamp(committer, when), original.message + origin)

    def version(self, old: str, new: str, when: str, lifetime: str = "") -> None:
        """Put the commit on top that changes the version from ``old`` to ``new``; see ``_version_edits``."""
        subject = f"update Xen version to {new}"
        change = Change(ROBIN, subject, "", _version_edits(old, new, lifetime))
        self._add(change, _stamp(ROBIN, when), _stamp(ROBIN, when), f"{subject}\n\nSigned-off-by: {ROBIN}\n")

    def release(self, old: str, new: str, when: str, lifetime: str = "") -> DemoTag:
        """Change the version likewise, and return the tag of the release."""
        self.version(old, new, when, lifetime)
        return DemoTag(f"RELEASE-{new}", self.tip, self.tip.committer, f"Xen {new}\n")


def _version_edits(old: str, new: str, lifetime: str) -> tuple[LineEdit, ...]:
    """Return the edits of ``xen/Makefile`` and ``SUPPORT.md`` from version ``old`` to ``new``.

    Versions are like ``4.21-unstable`` and ``4.21.1-pre``.  ``lifetime`` (for the first release of a branch) holds
    its day, the last day of support and the last of security support.
    """

    def lines(version: str) -> str:
        minor, extra = version[2:4], version[4:]
        return f"XEN_SUBVERSION    = {minor}\nexport XEN_EXTRAVERSION ?= {extra}\n"

    edits = [LineEdit("xen/Makefile", lines(old), lines(new))]
    if lifetime:
        first, supported, secure = lifetime.split()
        edits += [
            LineEdit("SUPPORT.md", f"Xen-Version: {old}\n", f"Xen-Version: {new[:4]}\n"),
            LineEdit("SUPPORT.md", "Initial-Release: n/a\n", f"Initial-Release: {first}\n"),
            LineEdit("SUPPORT.md", "\n    Supported-Until: TBD\n", f"\n    Supported-Until: {supported}\n"),
            LineEdit("SUPPORT.md", "Unreleased - not yet security-supported\n", f"{secure}\n"),
        ]
    elif new.endswith("-unstable"):
        edits.append(LineEdit("SUPPORT.md", f"Xen-Version: {old}\n", f"Xen-Version: {new}\n"))
    return tuple(edits)


def _grow_4_20(branch: _Branch, originals: Mapping[str, DemoCommit]) -> tuple[DemoTag, ...]:
    first = branch.release("4.20-unstable", "4.20.0", "2025-03-05 12:00 +0000", "2025-03-05 2096-03-05 2098-03-05")
    branch.version("4.20.0", "4.20.1-pre", "2025-03-20 12:46 +0100")
    branch.backport(TO_4_20_1, originals)
    second = branch.release("4.20.1-pre", "4.20.1", "2025-07-09 13:47 +0200")
    branch.version("4.20.1", "4.20.2-pre", "2025-07-15 08:15 +0200")
    branch.backport(AFTER_4_20_1, originals)
    return first, second


def _grow_4_21(branch: _Branch, originals: Mapping[str, DemoCommit]) -> tuple[DemoTag, ...]:
    first = branch.release("4.21-unstable", "4.21.0", "2025-11-19 12:00 +0000", "2025-11-19 2096-11-19 2098-11-19")
    branch.version("4.21.0", "4.21.1-pre", "2025-11-26 09:40 +0100")
    branch.backport(AFTER_4_21_0, originals)
    return (first,)


def repository() -> DemoRepository:
    """Return the demonstration repository."""
    stamped = _stamp(ROBIN, "2025-01-13 10:00 +0100")
    message = f"Xen, as far as a demonstration needs it\n\nSigned-off-by: {ROBIN}\n"
    root = _commit(None, stamped, stamped, message, TREE)
    master, stable_4_20 = _Branch(root), _Branch(root)
    master.version("4.20-unstable", "4.21-unstable", "2025-02-10 10:30 +0100")
    originals = master.develop(BEFORE_4_21)
    stable_4_21 = _Branch(master.tip)
    master.version("4.21-unstable", "4.22-unstable", "2025-11-03 11:00 +0100")
    originals |= master.develop(AFTER_4_21)
    tags = _grow_4_20(stable_4_20, originals) + _grow_4_21(stable_4_21, originals)
    commits = (root, *master.commits, *stable_4_20.commits, *stable_4_21.commits)
    branches = {"master": master.tip, "stable-4.20": stable_4_20.tip, "stable-4.21": stable_4_21.tip}
    branches |= {"staging": master.tip, "staging-4.20": stable_4_20.tip, "staging-4.21": stable_4_21.tip}
    return DemoRepository(commits, branches, tags)
