"""A patch queue for guilt, as XenServer's: ``series`` with a comment above each patch and a guard behind it.

The guard ``-without-xsaN`` is not selected, so everything is pushed; ``guilt select without-xsa439`` leaves the
patches of XSA-439 out.  A patch that another one of the queue needs has no guard.
"""

from __future__ import annotations

from git_xsa.export.prepared import Item, Queue, Style, patch_files
from git_xsa.export.readme import origin, what_it_is

FOLDER = ""


def files(queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and ``series``."""
    lines = [f"# Security patches for {queue.base}, in the order in which they apply"]
    for item in found:
        lines += lines_of(item, queue)
    return {**patch_files(found), "series": ("\n".join(lines) + "\n").encode()}


def lines_of(item: Item, queue: Queue) -> list[str]:
    """Return the lines of a patch in ``series``: a comment, and the name with its guard."""
    comment = ", ".join([what_it_is(item.patch, queue), *origin(item.patch)])
    guards = "".join(f" # -without-xsa{number}" for number in item.patch.xsa[:1] if not item.patch.needs)
    return [f"# {comment}", item.name + guards]
