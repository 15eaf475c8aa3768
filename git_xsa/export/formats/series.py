"""Numbered patch files and ``series``, for anyone: one name a line, in the order in which to apply them."""

from __future__ import annotations

from git_xsa.export.prepared import Item, Queue, Style, patch_files

FOLDER = ""


def series(found: list[Item]) -> bytes:
    """Return a series file: the names alone, so that a shell loop can read it, too."""
    return "".join(f"{item.name}\n" for item in found).encode()


def files(_queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and ``series``."""
    return {**patch_files(found), "series": series(found)}
