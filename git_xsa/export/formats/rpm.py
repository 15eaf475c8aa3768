"""A block of ``PatchNNNN:`` lines for a spec file, in numbers of the packager's choice, the patches, and the entries
of ``%changelog``, to go below the line with day, name and version that ``rpmdev-bumpspec`` or the packager writes.

``%autosetup -p1`` applies them in this order.  The block can be pasted, or read by ``%include``.
"""

from __future__ import annotations

from git_xsa.export.prepared import Item, Patch, Queue, Style, patch_files
from git_xsa.export.readme import one_line, origin, what_it_is
from git_xsa.export.remarks import no_title

FOLDER = ""
BLOCK = "xsa-patches.inc"
CHANGELOG = "xsa-changelog.inc"


def files(queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and the block."""
    lines = [f"# Security patches for {queue.base}"]
    for item in found:
        lines += [comment_on(item.patch, queue), f"Patch{item.number:04}: {item.name}"]
    return {**patch_files(found), BLOCK: ("\n".join(lines) + "\n").encode(), CHANGELOG: changelog(queue).encode()}


def comment_on(patch: Patch, queue: Queue) -> str:
    """Return the comment above the line of ``patch``; rpm expands macros in comments, too."""
    return "# " + ", ".join([what_it_is(patch, queue), *origin(patch)]).replace("%", "%%")


def changelog(queue: Queue) -> str:
    """Return the entries of ``%changelog``: each advisory that the queue fixes, with its CVE numbers and title."""
    lines = []
    for number in queue.xsa:
        title = one_line(queue.titles.get(number, no_title()))
        lines.append(f"- {' '.join([f'XSA-{number}', *queue.cves(number)])}: {title}".replace("%", "%%"))
    return "".join(f"{line}\n" for line in lines)
