"""Which patches a package applies, in their order, as its own files list them.

Read are a quilt ``series`` (with ``debian/patches``), a ``series.conf``, the ``Patch`` lines of an RPM spec, ``source``
of an APKBUILD or a PKGBUILD, ``PATCHES`` of an ebuild, a folder of patches and a single file of them.  Nothing is
evaluated: macros and variables count as far as they stand for plain words, and a name that has others is refused.  The
fuzz is what the format's own tools allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.advisory.patchfile import PatchError, PatchFile, read_loosely, read_patches
from git_xsa.errors import XsaError

#: A list of patches is no longer than this.
LARGEST_LIST = 4 << 20
#: GNU patch's own: dpkg-source allows none, abuild and Portage what GNU patch does by default, rpm what the spec says.
DEFAULT_FUZZ, NO_FUZZ = 2, 0
_ENDINGS = (".patch", ".diff", ".dpatch")
_PATCH_TAG = re.compile(r"^Patch(\d*)[ \t]*:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_PATCH_CALL = re.compile(r"^[ \t]*%patch(?:(\d+)|[ \t][^\n]*?-P[ \t]*(\d+)|[ \t]+(\d+))[^\n]*", re.MULTILINE)
_PATCH_ALL = re.compile(r"^[ \t]*%(?:autosetup|\{?autopatch)|^[ \t]*%\{lua:|%\{patches\}", re.MULTILINE)
_MACRO = re.compile(
    r"^(?:%(?:global|define)[ \t]+(\w+)[ \t]+(\S+)|(Name|Version|Release)[ \t]*:[ \t]*(\S+))[ \t]*$", re.MULTILINE
)
_RPM_FUZZ = re.compile(r"^%(?:global|define)[ \t]+_default_patch_fuzz[ \t]+(\d)|--fuzz[= ](\d)", re.MULTILINE)
_VARIABLE = re.compile(r"^[ \t]*(\w+)=[\"']?([^\s\"'$`]*)[\"']?[ \t]*$", re.MULTILINE)
_SOURCES = re.compile(r"^[ \t]*source=([\"'])(.*?)\1", re.MULTILINE | re.DOTALL)
_ARRAYS = re.compile(r"^[ \t]*(?:source|_?patches)(?:_\w+)?\+?=\((.*?)\)", re.MULTILINE | re.DOTALL)
_PATCHES = re.compile(r"^[ \t]*PATCHES\+?=\((.*?)^[ \t]*\)|^[ \t]*PATCHES\+?=\(([^\n]*)\)", re.MULTILINE | re.DOTALL)


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
            yield from _read(file)


def _read(file: Path) -> tuple[PatchFile, ...]:
    try:
        return read_patches(file)
    except PatchError as refused:
        try:
            return (read_loosely(file),)
        except PatchError:
            raise refused from None


def read_package(place: Path) -> Listed:
    """Return which patches the package at ``place``, a list or a folder, applies; ``XsaError`` when nothing tells."""
    if place.is_dir():
        for below in ("series", "patches/series", "debian/patches/series"):
            if (place / below).is_file():
                return read_package(place / below)
        lists = [path for path in sorted(place.iterdir()) if _reader_of(path) is not None]
        if len(lists) == 1:
            return read_package(lists[0])
        if lists:
            several = ", ".join(path.name for path in lists[:4])
            raise XsaError(f"{place} has several lists of patches: {several}", "give one of them")
        files = [path for path in sorted(place.iterdir()) if path.name.endswith(_ENDINGS) and path.is_file()]
        if not files:
            raise XsaError(f"{place} has no patches and no list of them", "give the series, the spec, or the folder")
        return Listed(place, files, DEFAULT_FUZZ)
    if not place.is_file():
        raise XsaError(f"there is no {place}", "give a series, a spec, an APKBUILD, an ebuild or a folder of patches")
    reader = _reader_of(place)
    if reader is None:
        return Listed(place, [place], DEFAULT_FUZZ)
    names, fuzz = reader(_text(place))
    return Listed(place, [_found(place, name) for name in names], fuzz)


def _reader_of(place: Path) -> Callable[[str], tuple[list[str], int]] | None:
    """Return what reads a list with the name of ``place``, ``None`` for what is no list."""
    if not place.is_file():
        return None
    if place.name == "series.conf" or place.suffix == ".series" or (not place.suffix and place.name[:6] == "series"):
        return _series
    if place.name.endswith((".spec", ".spec.in")):
        return _spec
    return {"APKBUILD": _apkbuild, "PKGBUILD": _pkgbuild}.get(place.name) or (
        _ebuild if place.suffix == ".ebuild" else None
    )


def _text(place: Path) -> str:
    with place.open("rb") as file:
        content = file.read(LARGEST_LIST + 1)
    if len(content) > LARGEST_LIST:
        raise XsaError(f"{place} is larger than a list of patches may be (4 MiB)", "give the list itself")
    return content.decode("utf-8", "replace")


def _found(listing: Path, name: str) -> Path:
    """Return the file that ``listing`` calls ``name``; ``XsaError`` when it is not in the package."""
    if "%{" in name or "$" in name:
        raise XsaError(f"{listing} names a patch by something that is not plain: {name}", "write its name out")
    if name.startswith("/") or ".." in Path(name).parts:
        raise XsaError(f"{listing} names a path outside the package: {name}", "give a list with the names of its files")
    here = listing.parent
    for folder in (here, here / "files", here.parent / "SOURCES"):
        if (folder / name).is_file():
            return folder / name
    raise XsaError(f"{listing} lists {name}, which is not there", "fetch the whole package")


def _series(text: str) -> tuple[list[str], int]:
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    words = [[word for word in line if not word.startswith("+")] for line in lines]  # a guard of series.conf
    reverse = next((names[0] for names in words if "-R" in names), None)
    if reverse is not None:
        raise XsaError(f"the series takes {reverse} back (-R)", "leave it out of the series, and out of the tree")
    return [names[0] for names in words if names], NO_FUZZ


def _spec(text: str) -> tuple[list[str], int]:
    known: dict[str, str] = {}
    for match in _MACRO.finditer(text):
        name, value = match[1] or match[3].lower(), match[2] or match[4]
        known[name] = _expanded(value, known)
    found: list[tuple[int, str]] = []
    for match in _PATCH_TAG.finditer(text):
        number = int(match[1]) if match[1] else (found[-1][0] + 1 if found else 0)
        found.append((number, _expanded(match[2], known).rpartition("/")[2]))
    fuzz = [int(a or b) for a, b in _RPM_FUZZ.findall(text)]
    return _applied(text, dict(found)), max(fuzz, default=NO_FUZZ)


def _applied(text: str, names: dict[int, str]) -> list[str]:
    """Return those of the patches ``names`` that a spec applies: each that ``%patch`` names, in that order, all of them
    where ``%autosetup`` or ``%autopatch`` does it, or nothing tells."""
    calls = [(int(match[1] or match[2] or match[3]), match[0].split()) for match in _PATCH_CALL.finditer(text)]
    if _PATCH_ALL.search(text) or not calls or not names.keys() >= {number for number, _ in calls}:
        return [names[number] for number in sorted(names)]
    reverse = next((names[number] for number, words in calls if "-R" in words), None)
    if reverse is not None:
        raise XsaError(f"the spec takes {reverse} back (-R)", "leave it out of the spec, and out of the tree")
    return [names[number] for number in dict.fromkeys(number for number, _ in calls)]


def _expanded(text: str, known: dict[str, str]) -> str:
    return re.sub(r"%\{\??(\w+)\}", lambda match: known.get(match[1], match[0]), text)


def _apkbuild(text: str) -> tuple[list[str], int]:
    known = dict(_VARIABLE.findall(text))
    match = _SOURCES.search(text)
    return _patch_names(match[2] if match else "", known), DEFAULT_FUZZ


def _pkgbuild(text: str) -> tuple[list[str], int]:
    known = dict(_VARIABLE.findall(text))
    return _patch_names(" ".join(_ARRAYS.findall(text)), known), DEFAULT_FUZZ


def _ebuild(text: str) -> tuple[list[str], int]:
    known = dict(_VARIABLE.findall(text)) | {"FILESDIR": "files"}
    listed = " ".join(one or other for one, other in _PATCHES.findall(text))
    return [name.removeprefix("files/") for name in _patch_names(listed, known)], DEFAULT_FUZZ


def _patch_names(listed: str, known: dict[str, str]) -> list[str]:
    """Return the names of patches in a list of a shell script; ``name::address`` is the file ``name``."""
    words = re.sub(r"#[^\n]*", "", listed).translate({ord('"'): None, ord("'"): None}).split()
    plain = [re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], match[0]), word) for word in words]
    names = [word.partition("::")[0] for word in plain]
    return [name.rpartition("/")[2] if "://" in name else name for name in names if name.endswith(_ENDINGS)]
