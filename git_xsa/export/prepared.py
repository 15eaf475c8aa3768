"""A queue that is ready to be written: every patch with its bytes, its names and its reasons, as plain values.

What the formats (``git_xsa.export.formats``) get.  Nothing here depends on the machine or the day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from git_xsa.export.proofs import Proven
from git_xsa.wording import NOTHING, Remark

#: Stands for the kind of a later commit that fixes one of the queue.
FOLLOW_UP = "follow-up"


@dataclass(frozen=True)
class Need:
    """That a patch of the queue, by its index, needs another one: the kind, and the file and hunk (0: all of it)."""

    needed_by: int
    kind: str
    path: str
    hunk: int


@dataclass(frozen=True)
class Patch:
    """One patch of the queue.

    ``content`` is what is to be applied.  ``published`` are the bytes that came from elsewhere, there only when
    ``content`` had to be refreshed; ``remarks`` then say why, and where to look.  ``mail`` is the same patch as a mail
    with author, date and subject.  ``commit`` is the stable branch's commit, ``None`` for a patch file; ``upstream``
    the main branch's.  ``kind`` is the kind of a prerequisite, ``None`` for what was asked for.
    """

    id: str
    stem: str
    content: bytes
    mail: bytes
    subject: str
    published: bytes | None = None
    remarks: tuple[Remark, ...] = ()
    commit: str | None = None
    upstream: str | None = None
    xsa: tuple[int, ...] = ()
    cve: tuple[str, ...] = ()
    kind: str | None = None
    needs: tuple[Need, ...] = ()
    #: What a merge brings, in words; empty for any other commit.
    merge: str = ""
    #: For which base a person has adapted it, in words; empty for any other.  ``published`` is what it was made from.
    adapted: Remark = NOTHING
    #: The hunks of the published patch, by file, that the base has already: this is the rest of it.
    in_base: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """``patch`` for what was asked for, ``prerequisite`` for what that needs, ``follow-up`` for a later fix."""
        if self.kind in (None, FOLLOW_UP):
            return self.kind or "patch"
        return "prerequisite"


@dataclass(frozen=True)
class Style:
    """What the packager chooses: the first number, what names begin with, whether prerequisites are named after their
    upstream commits (``backport-<12 hex>``), the version of the package, and without that the version of the base that
    it is made from."""

    start: int = 1
    prefix: str = ""
    backport_names: bool = False
    package_version: str = ""
    upstream_version: str = ""


@dataclass(frozen=True)
class Queue:
    """The whole queue: what it goes on, and its patches in order.

    ``partly`` are the advisories of which only a part of the fix is in it, as a prerequisite: it does not fix them.
    ``titles`` maps an advisory's number to its title.  ``avoided`` are the prerequisites that refreshing made
    unnecessary, each with its subject.  ``unlisted`` maps the advisories between those of the queue that it does not
    fix to the reason, ``left_out`` those that were asked for and are not in it.  ``notes`` has what to say of patches
    that have no mark, by their ids, ``doubts`` of commits without one that are not in it.  ``later`` are the later
    fixes of it that it lacks, a sentence each, and ``elsewhere`` those that its whole branch lacks.
    """

    base: str
    base_commit: str
    tip: str
    policy: str
    patches: tuple[Patch, ...]
    partly: frozenset[int] = frozenset()
    titles: Mapping[int, str] = field(default_factory=dict)
    avoided: tuple[str, ...] = ()
    unlisted: Mapping[int, Remark] = field(default_factory=dict)
    later: tuple[Remark, ...] = ()
    elsewhere: tuple[Remark, ...] = ()
    left_out: Mapping[int, Remark] = field(default_factory=dict)
    notes: Mapping[str, Remark] = field(default_factory=dict)
    doubts: tuple[Remark, ...] = ()
    #: What was proved of it, where that is known.
    proof: Proven = field(default_factory=Proven)

    @property
    def xsa(self) -> list[int]:
        """The advisories that the queue fixes, by number; those that prerequisites happen to fix count, too."""
        return sorted({number for patch in self.patches for number in patch.xsa} - self.partly)

    @property
    def version(self) -> str:
        """The version in the base's name, ``4.17.2``; empty when there is none."""
        match = re.search(r"\d+(?:\.\d+)+", self.base)
        return match[0] if match else ""

    def cves(self, number: int) -> list[str]:
        """Return the CVE numbers of an advisory as far as its patches say, by year and number."""
        found = {cve for patch in self.patches if number in patch.xsa for cve in patch.cve}
        return sorted(found, key=lambda cve: [int(part) for part in re.findall("[0-9]+", cve)])


@dataclass(frozen=True)
class Item:
    """A patch with the names of its files: of what is applied, and of the published one (``None``: the same)."""

    number: int
    name: str
    patch: Patch
    published_name: str | None = None


#: The end of the name of a patch that was refreshed, or adapted by hand.
REFRESHED = ".refreshed.patch"
ADAPTED = ".adapted.patch"
#: Where the patch as it was published is kept then: apart, so that ``git am <folder>/*.patch`` takes each patch once.
PUBLISHED = "published/"


def items(queue: Queue, style: Style, width: int = 4) -> list[Item]:
    """Return the patches of ``queue`` with their numbers, ``width`` digits wide, and file names, all different."""
    used: set[str] = set()
    found = []
    for number, patch in enumerate(queue.patches, style.start):
        stem = _stem(patch, style, f"{number:0{width}}-")
        unique, again = stem, 1
        while unique in used:
            again += 1
            unique = f"{stem}-{again}"
        used.add(unique)
        fresh = patch.published is not None
        name = unique + (ADAPTED if patch.adapted else REFRESHED if fresh else ".patch")
        found.append(Item(number, name, patch, f"{PUBLISHED}{unique}.patch" if fresh else None))
    return found


def _stem(patch: Patch, style: Style, number: str) -> str:
    if not style.backport_names:
        return style.prefix + number + patch.stem
    if patch.kind is None:
        return style.prefix + patch.stem
    return f"{style.prefix}backport-{(patch.upstream or patch.commit or patch.id)[:12]}"


def slug(subject: str) -> str:
    """Return the part of a file name that ``subject`` gives: letters, digits, dots and single dashes, 52 at most."""
    words = re.sub(r"[^A-Za-z0-9_.]+", "-", subject)
    return re.sub(r"\.+", ".", words).strip("-.")[:52].rstrip("-.") or "patch"


def patch_files(found: list[Item]) -> dict[str, bytes]:
    """Return the files of all patches: those to apply, and the published ones next to the refreshed ones."""
    files = {item.name: item.patch.content for item in found}
    for item in found:
        if item.published_name is not None and item.patch.published is not None:
            files[item.published_name] = item.patch.published
    return files
