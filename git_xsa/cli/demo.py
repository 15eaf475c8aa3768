"""git xsa-demo: write the demonstration repository, run the main job on it, and tell what the answers mean."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-demo",
        usage="git xsa-demo [-q] [<folder>]",
        description="Write a miniature of xen.git, run git-xsa on it, and tell what its answers mean.",
        allow_abbrev=False,
    )
    made.add_argument(
        "folder", metavar="<folder>", nargs="?", type=Path,
        help="where to write the repository: empty, or new (default: a new temporary folder)",
    )  # fmt: skip
    return made


def run(options: argparse.Namespace) -> int:
    """Write the repository and, unless ``--quiet`` is given, tell the story; returns 0.

    Without a folder, its place is printed, even with ``--quiet``.  ``XsaError`` when the folder, git or a command of
    the story fails.
    """
    from git_xsa.demo import write  # noqa: PLC0415 - not for the usage
    from git_xsa.demo.story import tell  # noqa: PLC0415 - as above

    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="git-xsa-demo-"))
    write(folder)
    if not getattr(options, "quiet", False):
        tell(folder.absolute())
    elif options.folder is None:
        print(folder)
    return 0
