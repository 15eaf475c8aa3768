"""The formats of an exported queue, one small module each, but for ``branch``, which is no folder (``export.branch``).

A module has ``files(queue, style, found)``, which is pure: it returns the contents of each file by its name, the same
for the same queue on every machine and day, and ``FOLDER``, in which the patches are, or ``SINGLE``, the one file that
has them all.  The table here says what applies
a format's patches, so that the command can have that very program judge them.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from git_xsa.export.prepared import Queue, Style, items
from git_xsa.export.readme import readme


class Format(NamedTuple):
    """What a format is for, the policy of the program that takes it (empty: that of the command line alone), and how
    many digits its numbers have."""

    summary: str
    policy: str = ""
    digits: int = 4


FORMATS = {
    "series": Format("numbered patches, a series file and a README"),
    "mbox": Format("one mailbox for git am", "am"),
    "quilt": Format("patches/ and patches/series, for quilt and plain patch", "patch-f0"),
    "guilt": Format("a guilt patch queue: series with guards and comments", "strict"),
    "rpm": Format("the patches and a block of PatchNNNN: lines for a spec file", "patch-f0"),
    "debian": Format("debian/patches with DEP-3 headers, and the stanza for debian/changelog", "patch-f0"),
    "alpine": Format("source, sha512sums and secfixes for an APKBUILD", "patch-f0"),
    "nix": Format("a list of patches with their hashes", "patch-f0"),
    "gentoo": Format("the tarball of security patches and its .conf", "patch-f0"),
    "branch": Format("a branch with a commit for each patch"),
}
#: The list of what was exported, with the reasons, for a person to read.
README = "README"


class Export(NamedTuple):
    """The files of an export by name, and the names of those that are applied, in order."""

    files: dict[str, bytes]
    order: list[str]


def export(name: str, queue: Queue, style: Style) -> Export:
    """Return what the format ``name`` makes of ``queue``: its own files and a README."""
    module = import_module(f"git_xsa.export.formats.{name}")
    found = items(queue, style, FORMATS[name].digits)
    files: dict[str, bytes] = module.files(queue, style, found)
    single = getattr(module, "SINGLE", "")
    order = [single] if single else [module.FOLDER + item.name for item in found]
    return Export(files | {README: readme(queue, found, name)}, order)
