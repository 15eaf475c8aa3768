"""The tarball of security patches and the list in it, as Gentoo's ebuilds of Xen unpack it.

``patches-security/<version>.conf`` names the patches in order, ``patches-security/xen/`` holds them.  The tarball is
not compressed: what a compressor writes differs from one version of it to the next.
"""

from __future__ import annotations

import io
import tarfile

from git_xsa.export.prepared import Item, Queue, Style, patch_files

FOLDER = "patches-security/xen/"
TARBALL = "xen-security-patches-{}.tar"


def files(queue: Queue, style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the tarball, and what is in it as files."""
    names = "".join(f"\t{item.name}\n" for item in found)
    conf = f'# Security patches for {queue.base}\nXEN_SECURITY_MAIN="\n{names}"\n'
    inside = {FOLDER + name: content for name, content in patch_files(found).items()}
    inside[f"patches-security/{queue.version or queue.base_commit[:12]}.conf"] = conf.encode()
    return {**inside, TARBALL.format(style.start): tarball(inside)}


def tarball(content: dict[str, bytes]) -> bytes:
    """Return a tar archive of ``content`` that depends on nothing else."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(content.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()
