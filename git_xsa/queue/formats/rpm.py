"""A block of ``PatchNNNN:`` lines for a spec file, in numbers of the packager's choice, and the patches.

``%autosetup -p1`` applies them in this order.  The block can be pasted, or read by ``%include``.
"""

from __future__ import annotations

from git_xsa.queue.prepared import Item, Queue, Style, patch_files
from git_xsa.queue.readme import origin, what_it_is

FOLDER = ""
BLOCK = "xsa-patches.inc"


def files(queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and the block."""
    lines = [f"# Security patches for {queue.base}"]
    for item in found:
        comment = ", ".join([what_it_is(item.patch, queue), *origin(item.patch)])
        # rpm expands macros in comments, too.
        lines += ["# " + comment.replace("%", "%%"), f"Patch{item.number:04}: {item.name}"]
    return {**patch_files(found), BLOCK: ("\n".join(lines) + "\n").encode()}
