"""A package of nixpkgs: ``patches = [ ... ];`` in ``package.nix``; the files lie beside it."""

from __future__ import annotations

import re

from git_xsa.export.into import problems
from git_xsa.export.into.fetched import name_of
from git_xsa.export.into.parts import Addition, Edited, Insertion, Package, applied, before_bracket, without
from git_xsa.export.readme import what_it_is
from git_xsa.model.nixfile import PatchList, patch_list

#: What keeps stdenv from applying ``patches``.
_OFF = re.compile(r"^[ \t]*(?:patchPhase[ \t]*=|dontPatch[ \t]*=[ \t]*(?:true|1|\"))[^\n]*", re.MULTILINE)
_VERSION = re.compile(r"^[ \t]*version[ \t]*=[ \t]*\"(\d+(?:\.\d+)+)\";", re.MULTILINE)


def xen_of(text: str) -> str:
    """Return the release that the package builds, empty when it does not say."""
    found = _VERSION.search(text)
    return found[1] if found is not None else ""


def edited(package: Package, added: Addition) -> Edited:
    """Return the expression with the patches; ``PackageRefused`` when it has no list of them."""
    text = package.text
    found = patch_list(text)
    if found is None:
        raise problems.no_nix_patches(package.place)
    off = _OFF.search(text)
    if off is not None:
        raise problems.own_patch_phase(package.place, off[0].strip()[:40])
    lines = [line for item in added.items for line in (f"# {what_it_is(item.patch, added.queue)}", f"./{item.name}")]
    changes = [_end_of(text, found, lines)] if lines else []
    gone = [one for one in found.elements if {one.file, name_of(one.address)} & added.dropped]
    changes += [without(text, found.opened, one.start, one.end) for one in gone]
    return Edited({package.listing: applied(text, changes)})


def _end_of(text: str, found: PatchList, lines: list[str]) -> Insertion:
    """Return that ``lines`` come before the bracket, which stands on a line of its own."""
    outer = re.match(r"[ \t]*", text[text.rfind("\n", 0, found.opened) + 1 :])
    indent = outer[0] if outer is not None else ""
    made = "".join(f"{indent}  {line}\n" for line in lines)
    return before_bracket(text, found.opened, found.closed, made, indent)
