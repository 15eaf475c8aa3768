r"""What the name of a published patch file says: which advisory, which tree, which branch, its place in a series.

There was never one rule; these are the forms in the histories of three packagers (1,493 files)::

    xsa307.patch                                    one patch, for the branch that is not released yet
    xsa366-4.11.patch                               ... for 4.11, and perhaps for older branches
    xsa388-4.14-1.patch  xsa492/xsa492-4.17-00.patch    a series, counted from 0 or 1, with or without a folder
    xsa372-4.15/0001-xen-arm-Create-dom0less.patch  as git format-patch names them; the branch is in the folder
    xsa155-xen-0001-xen-Add-RING_COPY_REQUEST.patch the number in the middle
    xsa466-linux-02.patch  xsa209-qemut.patch       other trees
    0501-xsa488-4.20.patch  patch-xsa452-4.15-2.patch   a packager's own numbers or words before it

The branch in a name is the newest one that the file is for, not the only one, so a name alone never decides.  Git
makes a name of the subject, and many packagers put a number before that: the words of a subject name neither an
advisory ("fix off-by-one in XSA-346 change") nor a branch ("drop what 4.17 deprecated").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from git_xsa.advisory.version_rows import Version, version_of

_NUMBER = re.compile(r"(?:^|[^a-z])xsa[-_]?(\d{1,4})(?!\d)", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:patch|diff)(?:\.\d+|\.txt)?$", re.IGNORECASE)
_VERSION = re.compile(r"(\d{1,2}\.\d{1,2})(?:\.(?:\d{1,2}|x))?")
#: What may stand before a branch or an advisory in a name that is not made of a subject.
_ADVISORY = re.compile(r"xsa\d{1,4}", re.IGNORECASE)
_LABEL = re.compile(r"xsa\d{1,4}|\d{1,2}|patch|xen|x86|arm|arm64|tools", re.IGNORECASE)
#: How many words may stand before a branch that ends a name.
_FEW = 4
_TREE = re.compile(
    r"[-_](linux|qemu[a-z]?|xapi|oxenstored|freebsd|netbsd|mini-?os|ovmf|seabios)(?=$|[-_\d.])", re.IGNORECASE
)
_PACKAGER = re.compile(r"^(\d{3,5})-(?=.*xsa)", re.IGNORECASE)
_FORMAT_PATCH = re.compile(r"^(\d{4})-.+$")
_INFIX = re.compile(r"^(.*?xsa.*?)-(\d{4})(?:-.*)?$", re.IGNORECASE)
_LAST = re.compile(r"^(.+)-(\d{1,2})$")
_WORDS = re.compile(r"([0-9]{1,18})")
_PLACE_DIGITS = 2
_SEPARATORS = re.compile(r"[^a-z0-9]+")
#: What packagers put before a subject: a number, or the time of the commit in hexadecimal digits (SUSE).
_COUNTER = re.compile(r"(?:patch-)?(?:\d{1,5}|[0-9a-f]{8})-")
#: Trees that have several names.
_SAME = {"qemuu": "qemu", "qemut": "qemu", "qemun": "qemu", "minios": "mini-os"}


class PatchName(NamedTuple):
    """What a file's name says; ``group`` is what the names of a series have in common, ``sequence`` its order there.

    ``number`` and ``version`` are ``None`` and ``tree`` is empty where the name does not say.  ``slot`` is what else
    it says, words and a place: files for two branches that have it in common are the same part of a fix.
    """

    path: str
    number: int | None
    tree: str
    version: Version | None
    group: str
    sequence: tuple[tuple[int, str], ...]
    slot: tuple[str, int | None]


def is_patch_name(path: str) -> bool:
    """Whether a file with this name is meant to be a patch."""
    return _SUFFIX.search(path) is not None


def read_name(path: str) -> PatchName:
    """Return what the file name ``path``, with slashes between folders, says."""
    folder, _, name = path.rpartition("/")
    stem = _SUFFIX.sub("", name)
    packager = _PACKAGER.match(stem)
    group = stem[packager.end() :] if packager else stem
    place: int | None = None
    counted = _FORMAT_PATCH.match(group)
    if counted and not _NUMBER.search(group):
        group, place = "", int(counted[1])
    else:
        for form in (_INFIX, _LAST):
            found = form.match(group)
            if found and _NUMBER.search(found[1]):
                group, place = found[1], int(found[2])
                break
    group = "/".join(part for part in (folder, group) if part)
    numbers = _NUMBER.findall(name) or _NUMBER.findall(f"{folder}/")[-1:]
    tree = _TREE.search(path)
    named = tree[1].lower() if tree else ""
    version, words = _labels(group)
    if place is None and words and words[-1].isdecimal() and len(words[-1]) <= _PLACE_DIGITS:
        place = int(words.pop())
    return PatchName(
        path,
        int(numbers[0]) if numbers else None,
        _SAME.get(named, named),
        version,
        group,
        natural(path),
        ("-".join(words), place),
    )


def _labels(group: str) -> tuple[Version | None, list[str]]:
    """Return the branch that ``group`` names, and its other words but for the advisory."""
    version: Version | None = None
    words: list[str] = []
    parts = group.split("/")
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        tokens = [token for token in re.split(r"[-_]", part) if token]
        for index, token in enumerate(tokens):
            found = _VERSION.fullmatch(token)
            ends = index == len(tokens) - 1 and (not last or index < _FEW)
            if found and (ends or all(map(_LABEL.fullmatch, tokens[:index]))):
                version = version_of(found[1])
            elif last and not _ADVISORY.fullmatch(token) and token.lower() != "patch":
                words.append(token.lower())
    return version, words


def is_made_of(path: str, subject: str) -> bool:
    """Return whether the name ``path`` is made of ``subject``, behind a number or none; one that begins with the
    advisory is not."""
    stem = _SUFFIX.sub("", path.rpartition("/")[2]).lower()
    words = _SEPARATORS.sub("-", _COUNTER.sub("", stem, count=1)).strip("-")
    return bool(words) and not words.startswith("xsa") and _SEPARATORS.sub("-", subject.lower()).startswith(words)


def natural(path: str) -> tuple[tuple[int, str], ...]:
    """Return what orders names as people count: ``-2`` before ``-10``, ``-00`` before ``-1``."""
    return tuple((int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in _WORDS.split(path))


def in_order(paths: Iterable[str]) -> list[str]:
    """Return ``paths`` in the order of a series."""
    return sorted(set(paths), key=lambda path: (natural(path), path))
