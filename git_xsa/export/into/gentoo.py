"""An ebuild: ``PATCHES=(...)``, which ``default`` in ``src_prepare`` applies; the files go to ``files/``."""

from __future__ import annotations

import re

from git_xsa.advisory.package import patch_name, variables
from git_xsa.export.into import problems
from git_xsa.export.into.parts import Addition, Edited, Package, applied, before_bracket, must_apply, without
from git_xsa.model.shellfile import arrays

FILES = "files"
#: What applies PATCHES: the default of EAPI 6 and later, that of an eclass, or the ebuild by its name.
_APPLIES = re.compile(
    r"^(?:[^#\n]*[\s;&{])?(?:default\b|\w*_src_prepare\b|e(?:apply|patch)\b[^\n]*\bPATCHES\b)", re.MULTILINE
)
_EAPI = re.compile(r"^EAPI=[\"']?([0-9]+)", re.MULTILINE)
_FIRST_WITH_PATCHES = 6
_OTHERS = re.compile(r"^[^\n#]*\beapply\b[^\n]*", re.MULTILINE)


def edited(package: Package, added: Addition) -> Edited:
    """Return the ebuild with the patches; ``PackageRefused`` when it has no list of them, or does not apply it."""
    text = package.text
    _be_applied(package)
    lists = list(arrays(text, "PATCHES"))
    if not lists:
        raise problems.no_patches(package.place)
    found = lists[-1]
    lines = "".join(f'\t"${{FILESDIR}}"/{item.name}\n' for item in added.items)
    changes = [before_bracket(text, found.opened, found.closed, lines)] if lines else []
    known = {**variables(text), "FILESDIR": FILES}
    for one in lists:
        gone = [word for word in one.words if patch_name(word.text, known).removeprefix("files/") in added.dropped]
        changes += [without(text, one.opened, word.start, word.end) for word in gone]
    return Edited({package.listing: applied(text, changes)})


def _be_applied(package: Package) -> None:
    """Raise ``PackageRefused`` if the ebuild has its own src_prepare(), and that does not apply ``PATCHES``."""
    version = _EAPI.search(package.text)
    has_own = must_apply(package, "src_prepare", _APPLIES, "default")
    if not has_own and (version is None or int(version[1][:3]) < _FIRST_WITH_PATCHES):
        raise problems.old_eapi(package.place)


def other_patches(text: str) -> str:
    """Return the first line of an ebuild that applies patches itself, empty when none does: they can't be read."""
    found = _OTHERS.search(text)
    return found[0].strip() if found is not None else ""
