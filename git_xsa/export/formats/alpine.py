"""What an APKBUILD wants: ``source`` and ``sha512sums`` lines, and the ``secfixes`` block.

The lines append to the variables, so that the file can be sourced as well as pasted.
"""

from __future__ import annotations

from hashlib import sha512

from git_xsa.export.prepared import Item, Queue, Style, patch_files

FOLDER = ""
LINES = "APKBUILD.xsa"


def files(queue: Queue, style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and the lines."""
    version = style.package_version or f"{queue.version or queue.base}-r1"
    lines = ["# secfixes:", f"#   {version}:", *(f"#     - {fix}" for fix in fixes_of(queue))]
    lines += ['source="$source', *(f"\t{item.name}" for item in found), '\t"']
    sums = [f"{sha512(item.patch.content).hexdigest()}  {item.name}" for item in found]
    lines += ['sha512sums="$sha512sums', *sums, '"']
    return {**patch_files(found), LINES: ("\n".join(lines) + "\n").encode()}


def fixes_of(queue: Queue) -> list[str]:
    """Return what ``secfixes`` has for the advisories of ``queue``: their CVE numbers, and their names."""
    return [" ".join([*queue.cves(number), f"XSA-{number}"]) for number in queue.xsa]
