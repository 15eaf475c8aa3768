"""Open a package to edit it: of which kind it is, where its list and its patches are, which Xen it builds.

Nothing of a package is trusted.  Below its top no link is followed, what it lists must lie inside, and its files are
read up to a limit.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from git_xsa.advisory.package import LARGEST_LIST, Listed, find_list, kind_of, read_list, read_package, variables
from git_xsa.export.into import debian, nix, problems, series, spec
from git_xsa.export.into.parts import Addition, Cut, Edited, Package
from git_xsa.model.specfile import Spec

#: Export format -> the module that edits packages of its kind.
_EDITORS = {
    "rpm": "spec", "debian": "debian", "alpine": "alpine", "gentoo": "gentoo", "nix": "nix", "quilt": "series",
    "guilt": "series",
}  # fmt: skip
_NUMBER = re.compile(r"(\d{1,6})-")
_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_EBUILD = re.compile(r"xen-(\d+(?:\.\d+)+)(?:-r\d+)?\.ebuild")


def open_package(place: Path) -> Package:
    """Return the package at ``place``, its folder or its list; ``XsaError`` when it is none, or not to be trusted."""
    where = Path(os.path.abspath(place))
    where = where.resolve() if where.is_dir() else where.parent.resolve() / where.name
    top = _debian_top(where)
    if top is not None:
        return _debian(top)
    listing = where
    if where.is_dir():
        default = where / "default.nix"
        listing = find_list(where) or (default if default.is_file() else where)
    if not listing.is_file():
        raise problems.no_package(place)
    kind = kind_of(listing)
    if kind not in _EDITORS:
        raise problems.not_edited(listing)
    top, folder = spec.place_of(listing) if kind == "rpm" else (listing.parent, "files" if kind == "gentoo" else "")
    relative = str(listing.relative_to(top))
    _be_real(top, relative)
    text = read_list(listing)
    kind = "guilt" if kind == "quilt" and series.is_guilts(text) else kind
    listed = _checked(top, read_package(listing))
    found = _numbered(Package(top, relative, folder, kind, listed, _version(kind, listing, text), {relative: text}))
    _be_real(top, found.folder)
    return found


def _debian_top(where: Path) -> Path | None:
    """Return the folder of the Debian source package that ``where`` is, or is the series of; ``None`` for none."""
    if where.name == "series" and where.parts[-3:-1] == ("debian", "patches"):
        where = where.parents[2]
    if where.name == "debian" and (where / "changelog").is_file():
        where = where.parent
    return where if (where / "debian/changelog").is_file() else None


def _debian(top: Path) -> Package:
    debian.check_source(top)
    changelog = "debian/changelog"
    for path in (changelog, debian.SERIES):
        _be_real(top, path)
    there = (top / debian.SERIES).is_file()
    listed = _checked(top, read_package(top / debian.SERIES)) if there else Listed(top / debian.SERIES, [], 0)
    texts = {debian.SERIES: read_list(top / debian.SERIES) if there else "", changelog: read_list(top / changelog)}
    version = debian.xen_of(top / changelog)
    return _numbered(Package(top, debian.SERIES, "debian/patches", "debian", listed, version, texts))


def _version(kind: str, listing: Path, text: str) -> str:
    """Return the release that the package builds; empty when it does not say so in plain words."""
    stated = ""
    if kind == "rpm":
        stated = Spec(text).macros.get("version", "")
    elif kind == "alpine":
        stated = variables(text).get("pkgver", "")
    elif kind == "gentoo":
        match = _EBUILD.fullmatch(listing.name)
        stated = match[1] if match is not None else ""
    elif kind == "nix":
        stated = nix.xen_of(text)
    return stated if _RELEASE.fullmatch(stated) else ""


def _numbered(package: Package) -> Package:
    """Return ``package`` with the numbers of its patches: those of a spec's tags, or those that names begin with."""
    if package.format == "rpm":
        numbers = {tag.number for tag in Spec(package.text).tags}
    else:
        matches = (_NUMBER.match(file.name) for file in package.listed.files)
        numbers = {int(match[1]) for match in matches if match is not None}
    folder = package.folder or os.path.dirname(package.listing)
    return replace(package, folder=folder, numbers=frozenset(numbers))


def _be_real(top: Path, relative: str) -> None:
    """Raise ``PackageRefused`` if a part of the path ``relative`` below ``top`` is a link, or the end no plain file."""
    place = top
    for part in Path(relative).parts:
        place = place / part
        try:
            mode = os.lstat(place).st_mode
        except FileNotFoundError:
            return
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise problems.not_a_plain_list(place)


def _checked(top: Path, listed: Listed) -> Listed:
    """Return ``listed`` if each of its files lies in the package, by no link out of it, else ``PackageRefused``."""
    real = Path(os.path.realpath(top))
    for file in listed.files:
        if real not in Path(os.path.realpath(file)).parents:
            raise problems.link_out(file)
    return listed


def cut(package: Package, start: int) -> Cut:
    """Return the files of the patches that come before a queue with numbers from ``start`` on, and those behind it."""
    return spec.cut(package, start) if package.format == "rpm" else (package.listed.files, ())


def edited(package: Package, added: Addition) -> Edited:
    """Return the new contents of the package's files; ``PackageRefused`` when there is no place for what is added."""
    for path, text in package.texts.items():
        if "\r\n" in text:
            raise problems.cr_lf(package.top / path)
    editor = import_module(f"git_xsa.export.into.{_EDITORS[package.format]}")
    edit: Callable[[Package, Addition], Edited] = editor.edited
    found = edit(package, added)
    for path, text in found.texts.items():
        if len(text) > LARGEST_LIST and path == package.listing:
            raise problems.list_too_large(package.place)
    return found
