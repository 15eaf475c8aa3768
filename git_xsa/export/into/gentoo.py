"""An ebuild: ``PATCHES=(...)``, which ``default`` in ``src_prepare`` applies; the files go to ``files/``."""

from __future__ import annotations

import re

from git_xsa.advisory.package import patch_name, variables
from git_xsa.export.into.parts import Addition, Edited, Package, PackageRefused, applied, before_bracket, without
from git_xsa.model.shellfile import arrays

FILES = "files"
_OTHERS = re.compile(r"^[^\n#]*\beapply\b[^\n]*", re.MULTILINE)


def edited(package: Package, added: Addition) -> Edited:
    """Return the ebuild with the patches; ``PackageRefused`` when it has no list of them."""
    text = package.text
    lists = list(arrays(text, "PATCHES"))
    if not lists:
        what = f"{package.place} has no PATCHES=(...)"
        raise PackageRefused(what, "add an empty one, or use --format gentoo for a tarball of patches")
    found = lists[-1]
    lines = "".join(f'\t"${{FILESDIR}}"/{item.name}\n' for item in added.items)
    changes = [before_bracket(text, found.opened, found.closed, lines)] if lines else []
    known = {**variables(text), "FILESDIR": FILES}
    for one in lists:
        gone = [word for word in one.words if patch_name(word.text, known).removeprefix("files/") in added.dropped]
        changes += [without(text, one.opened, word.start, word.end) for word in gone]
    return Edited({package.listing: applied(text, changes)})


def other_patches(text: str) -> str:
    """Return the first line of an ebuild that applies patches itself, empty when none does: they can't be read."""
    found = _OTHERS.search(text)
    return found[0].strip() if found is not None else ""
