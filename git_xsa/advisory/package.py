"""Which patches a package applies, in their order, as its own files list them.

Read are a quilt ``series`` (with ``debian/patches``), a ``series.conf``, the ``Patch`` lines of an RPM spec, ``source``
of an APKBUILD or a PKGBUILD, ``PATCHES`` of an ebuild, a folder of patches and a single file of them.  Nothing is
evaluated: macros and variables count as far as they stand for plain words; a name that has others is refused, and so is
a list that is made in another way.  The fuzz is what the format's own tools allow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.advisory import unread
from git_xsa.advisory.patchfile import PatchFile, read_loosely, read_patches
from git_xsa.advisory.problems import DamagedPatch, PatchError
from git_xsa.advisory.problems import patches as problems
from git_xsa.git.programs import is_read_by_patch
from git_xsa.model.nixfile import patch_list
from git_xsa.model.shellfile import Assignment, arrays, strings
from git_xsa.model.specfile import LONGEST_VALUE, Spec

#: A list of patches is no longer than this.
LARGEST_LIST = 4 << 20
#: A package applies no more patches than this: the largest known, of kernels, have two thousand.
MOST_PATCHES = 5_000
#: GNU patch's own: dpkg-source allows none, abuild and Portage what GNU patch does by default, rpm what the spec says.
DEFAULT_FUZZ, NO_FUZZ = 2, 0
_ENDINGS = (".patch", ".diff", ".dpatch")
_RPM_FUZZ = re.compile(r"^%(?:global|define)[ \t]+_default_patch_fuzz[ \t]+(\d)|--fuzz[= ](\d)", re.MULTILINE)
_VARIABLE = re.compile(r"^[ \t]*(\w+)=[\"']?([^\s\"'$`]{0,200})[\"']?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Listed:
    """The patches of a package: the files, in order, where the list is, and the fuzz that its tools allow."""

    place: Path
    files: Sequence[Path]
    fuzz: int

    def patches(self) -> Iterator[PatchFile]:
        """Yield the patches in the files; ``PatchError`` when one is none.

        GNU patch judges whether it can be put on, so what only git would refuse is read as well.
        """
        for file in self.files:
            yield from read_file(file)

    def shipped(self) -> Iterator[PatchFile]:
        """Yield the patches in the files; for one that was cut off, a patch with its ``damage`` alone."""
        for file in self.files:
            yield from _read_or_named(file)


def _read_or_named(file: Path) -> tuple[PatchFile, ...]:
    try:
        return read_file(file)
    except DamagedPatch as error:
        return (PatchFile(file.name, file.name, "", b"", (), file=file.name, damage=error.reason),)


def read_file(file: Path) -> tuple[PatchFile, ...]:
    """Return the patches in ``file``, also such as GNU patch alone takes; ``PatchError`` when it has none, or was cut
    off."""
    try:
        return read_patches(file)
    except DamagedPatch as refused:
        try:
            found = read_loosely(file, refused.reason)
        except PatchError:
            raise refused from None
        if not is_read_by_patch(found.text):
            raise
        return (found,)


def read_package(place: Path) -> Listed:
    """Return which patches the package at ``place``, a list or a folder, applies; ``XsaError`` if unknown."""
    if place.is_dir():
        listing = find_list(place)
        if listing is not None:
            return read_package(listing)
        files = [path for path in sorted(place.iterdir()) if path.name.endswith(_ENDINGS) and path.is_file()]
        if not files:
            raise problems.no_patches(place)
        return Listed(place, files, DEFAULT_FUZZ)
    if not place.is_file():
        raise problems.no_such_package(place)
    reader = _reader_of(place)
    if reader is None:
        return Listed(place, [place], DEFAULT_FUZZ)
    names, fuzz = reader(read_list(place))
    if len(names) > MOST_PATCHES:
        raise problems.too_many_patches(place, len(names), MOST_PATCHES)
    return Listed(place, [_found(place, name) for name in names], fuzz)


def find_list(place: Path) -> Path | None:
    """Return the list of patches of the package in the folder ``place``, ``None`` when there is none; ``XsaError`` when
    there are several."""
    for below in ("series", "patches/series", "debian/patches/series"):
        if (place / below).is_file():
            return place / below
    folders = [folder for folder in (place, place / "SPECS") if folder.is_dir()]
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    lists = [p for p in paths if _reader_of(p) is not None and (p.suffix != ".nix" or p.name == "package.nix")]
    if len(lists) > 1:
        several = ", ".join(path.name for path in lists[:4])
        raise problems.several_lists(place, several)
    return lists[0] if lists else None


def _reader_of(place: Path) -> Callable[[str], tuple[list[str], int]] | None:
    """Return what reads a list with the name of ``place``, ``None`` for what is no list."""
    readers = {
        "quilt": _series, "rpm": _spec, "alpine": _apkbuild, "arch": _pkgbuild, "nix": _nix, "gentoo": _ebuild,
    }  # fmt: skip
    return readers.get(kind_of(place)) if place.is_file() else None


def kind_of(place: Path) -> str:
    """Return of which kind the list of patches at ``place`` is, by its name alone: the export format of that kind
    (``arch`` has none); empty for what is no list."""
    if place.name == "series.conf" or place.suffix == ".series" or (not place.suffix and place.name[:6] == "series"):
        return "quilt"
    if place.name.endswith((".spec", ".spec.in")):
        return "rpm"
    by_name = {"APKBUILD": "alpine", "PKGBUILD": "arch"}
    return by_name.get(place.name) or {".nix": "nix", ".ebuild": "gentoo"}.get(place.suffix, "")


def read_list(place: Path) -> str:
    """Return the text of the list at ``place``; bytes that are no UTF-8 stand in it as surrogates."""
    with place.open("rb") as file:
        content = file.read(LARGEST_LIST + 1)
    if len(content) > LARGEST_LIST:
        raise problems.list_too_large(place)
    return content.decode("utf-8", "surrogateescape")


def _found(listing: Path, name: str) -> Path:
    """Return the file that ``listing`` calls ``name``; ``XsaError`` when it is not in the package."""
    if "%{" in name or "$" in name:
        raise problems.strange_patch_name(listing, name)
    if name.startswith("/") or ".." in Path(name).parts:
        raise problems.path_outside(listing, name)
    here = listing.parent
    for folder in (f"{here}", f"{here}/files", f"{here.parent}/SOURCES"):  # text: a package has hundreds
        if os.path.isfile(f"{folder}/{name}"):
            return Path(folder, name)
    raise problems.missing_patch(listing, name)


def _series(text: str) -> tuple[list[str], int]:
    lines = [line.partition("#")[0].split() for line in text.split("\n")]
    words = [[word for word in line if not word.startswith("+")] for line in lines]  # a guard of series.conf
    reverse = next((names[0] for names in words if "-R" in names), None)
    if reverse is not None:
        raise problems.series_reverts(reverse)
    return [names[0] for names in words if names], NO_FUZZ


def _be_whole(left: str, way: str) -> None:
    """Raise ``XsaError`` if the part ``left`` of a list applies patches that can't be read."""
    if left:
        raise problems.unreadable_list(left[:80], way)


def _spec(text: str) -> tuple[list[str], int]:
    spec = Spec(text)
    _be_whole(unread.in_spec(text), "Patch1: <file>")
    calls = {number for step in spec.steps if step.reverse for number in step.single}
    reverse = next((tag.name for tag in spec.applied if tag.number in calls), None)
    if reverse is not None:
        raise problems.spec_reverts(reverse)
    fuzz = [int(a or b) for a, b in _RPM_FUZZ.findall(text)]
    return [tag.name for tag in spec.applied], max(fuzz, default=NO_FUZZ)


def _apkbuild(text: str) -> tuple[list[str], int]:
    _be_whole(unread.in_apkbuild(text, variables(text)), 'source="... <file>"')
    return names_in(text, strings(text, "source")), DEFAULT_FUZZ


def _pkgbuild(text: str) -> tuple[list[str], int]:
    return names_in(text, arrays(text, r"(?:source|_?patches)(?:_\w+)?")), DEFAULT_FUZZ


def _ebuild(text: str) -> tuple[list[str], int]:
    lists = list(arrays(text, "PATCHES"))
    _be_whole(unread.in_ebuild(lists), 'PATCHES=( "${FILESDIR}"/<file> )')
    found = names_in(text, lists, {"FILESDIR": "files"})
    return [name.removeprefix("files/") for name in found], DEFAULT_FUZZ


def _nix(text: str) -> tuple[list[str], int]:
    _be_whole(unread.in_nix(text), "patches = [ ./<file> ];")
    found = patch_list(text)
    names = [element.file for element in found.elements] if found is not None else []
    return [name for name in names if name.endswith(_ENDINGS)], DEFAULT_FUZZ


def names_in(text: str, lists: Iterable[Assignment], known: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of the patches in ``lists`` of the shell script ``text``."""
    values = {**variables(text), **(known or {})}
    return [name for found in lists for word in found.words if (name := patch_name(word.text, values))]


def variables(text: str) -> dict[str, str]:
    """Return the variables of a shell script that stand for plain words."""
    return dict(_VARIABLE.findall(text))


def patch_name(word: str, known: Mapping[str, str]) -> str:
    """Return the file that a word of a list of sources is, if that is a patch, else nothing.

    ``name::address`` is the file ``name``, an address the file that it ends with.
    """
    plain = re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], match[0]), word[:LONGEST_VALUE])
    plain = plain.translate({ord('"'): None, ord("'"): None})[:LONGEST_VALUE]
    name, named, _ = plain.partition("::")
    name = name.rpartition("/")[2] if "://" in name and not named else name
    return name if name.endswith(_ENDINGS) else ""
