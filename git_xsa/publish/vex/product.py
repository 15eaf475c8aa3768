"""What a product is called: its name and version, and the identifiers by which scanners find it.

A package URL (purl) names one package exactly, and some scanners compare it letter by letter, qualifiers and all; so
what the user gives is taken as it is.  Without one, it is made from the package's own files, or from the release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from git_xsa.advisory.package import find_list, kind_of, read_list, variables
from git_xsa.errors import XsaError
from git_xsa.git.repository import Commit
from git_xsa.model.specfile import Spec
from git_xsa.publish import problems

#: https://github.com/package-url/purl-spec: type, namespace, name, version; then qualifiers and a path.
_PURL = re.compile(
    r"pkg:[A-Za-z][A-Za-z0-9.+-]*/(?:[^/?#@\s]+/)*(?P<name>[^/?#@\s]+)(?:@(?P<version>[^?#\s]+))?(?:[?#]\S*)?"
)
#: A CPE 2.3 name: eleven parts after the prefix.
_CPE = re.compile(r"cpe:2\.3:[aho*-](?::(?:[A-Za-z0-9._*?-]|\\[^\s])+){10}")
_VERSION = re.compile(r"\d[\w.+:~-]*")
_CHANGELOG = Path("debian/changelog")
_ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9+.-]*) \((?P<version>[^\s()]+)\)")
_HEAD = 1 << 16
#: A macro that stands for nothing where it is not defined, as that of the distribution.
_OPTIONAL = re.compile(r"%\{\?\w+\}")


class Product(NamedTuple):
    """A product that statements are about; ``purl`` and ``cpe`` may be empty, not both."""

    name: str
    version: str
    purl: str = ""
    cpe: str = ""

    @property
    def id(self) -> str:
        """By what the documents call it."""
        return self.purl or self.cpe


def given_products(purls: Sequence[str], cpes: Sequence[str], version: str) -> list[Product]:
    """Return the products that ``purls`` and ``cpes`` name, the n-th of one with the n-th of the other; ``version`` is
    that of a product whose identifiers say none.  ``UsageError`` for what is no identifier."""
    found = []
    for place in range(max(len(purls), len(cpes))):
        purl = purls[place] if place < len(purls) else ""
        cpe = cpes[place] if place < len(cpes) else ""
        match = _PURL.fullmatch(purl)
        if purl and match is None:
            raise problems.no_purl(purl)
        if cpe and not _CPE.fullmatch(cpe):
            raise problems.no_cpe(cpe)
        name, stated = (unquote(match["name"]), unquote(match["version"] or "")) if match is not None else ("", "")
        parts = cpe.split(":")
        found.append(Product(name or parts[4], stated or _plain(parts[5] if cpe else "") or version, purl, cpe))
    return found


def product_of(base: Commit, places: Sequence[str], release: str) -> Product:
    """Return the product that the package at one of ``places`` is, or else the ``release`` of Xen that ``base`` is."""
    for place in map(Path, places):
        for read in (_debian, _listed):
            found = read(place)
            if found is not None:
                return found
    version = release or base.name
    cpe = f"cpe:2.3:o:xen:xen:{version}:*:*:*:*:*:*:*" if _VERSION.fullmatch(version) and "~" not in version else ""
    return Product("xen", version, f"pkg:generic/xen@{quote(version, safe='.+-~')}", cpe)


def _debian(place: Path) -> Product | None:
    """Return what ``debian/changelog`` in ``place`` or above it says, ``None`` for none."""
    folder = next((one for one in (place, *place.absolute().parents) if (one / _CHANGELOG).is_file()), None)
    if folder is None:
        return None
    with (folder / _CHANGELOG).open("rb") as file:
        entry = _ENTRY.match(file.read(_HEAD).decode("utf-8", "replace"))
    if entry is None:
        return None
    vendor = "ubuntu" if "ubuntu" in entry["version"] else "debian"
    return Product(entry["name"], entry["version"], f"pkg:deb/{vendor}/{entry['name']}@{_quoted(entry['version'])}")


def _listed(place: Path) -> Product | None:
    """Return what the spec or APKBUILD at ``place``, or in it, says; ``None`` where there is none in plain words."""
    try:
        listing = find_list(place) if place.is_dir() else place
    except XsaError:  # several: none of them is the product's
        return None
    if listing is None or not listing.is_file():
        return None
    kind = kind_of(listing)
    if kind == "rpm":
        known = Spec(read_list(listing)).macros
        version, release = known.get("version", ""), _OPTIONAL.sub("", known.get("release", ""))
        whole = f"{version}-{release}" if release and "%" not in release else version
        if "%" not in version and _VERSION.fullmatch(whole):
            return Product(known.get("name", "xen"), whole, f"pkg:rpm/{known.get('name', 'xen')}@{_quoted(whole)}")
    if kind == "alpine":
        stated = variables(read_list(listing))
        whole = f"{stated.get('pkgver', '')}-r{stated.get('pkgrel', '0')}"
        if _VERSION.fullmatch(whole):
            return Product("xen", whole, f"pkg:apk/alpine/xen@{_quoted(whole)}")
    return None


def _quoted(version: str) -> str:
    return quote(version, safe=".-~")


def _plain(part: str) -> str:
    return "" if part in ("*", "-") else part.replace("\\", "")
