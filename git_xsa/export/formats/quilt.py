"""``patches/`` with ``patches/series``, as quilt, Yocto's recipes and a loop over ``patch`` take it."""

from __future__ import annotations

from git_xsa.export.formats.series import series
from git_xsa.export.prepared import Item, Queue, Style, patch_files

FOLDER = "patches/"


def files(_queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and their series."""
    patches = {FOLDER + name: content for name, content in patch_files(found).items()}
    return {**patches, FOLDER + "series": series(found)}
