"""A change of a package as a diff that ``git apply`` and ``patch -p1`` take."""

from __future__ import annotations

import re

from git_xsa.export.into.write import PackageChange
from git_xsa.git.folders import make_folders
from git_xsa.git.run import Git
from git_xsa.git.scratch import Scratch

#: How git names a file that only one of two folders has.
_ONE_SIDE = re.compile(rb"^diff --git ([ab])/(.+) \1/\2$", re.MULTILINE)


def diff_of(change: PackageChange) -> bytes:
    """Return ``change`` as a diff; nothing when there is none."""
    with Scratch() as folder:
        for side, files in (("a", change.old), ("b", change.new)):
            top = folder / side
            top.mkdir()
            for path, content in files.items():
                if content is not None:
                    make_folders(top, (top / path).parent.relative_to(top))
                    (top / path).write_bytes(content)
        words = ("diff", "--no-index", "--no-prefix", "--no-color", "--no-ext-diff", "--no-textconv", "--text")
        with Git(folder) as git:
            text = git.call(*words, "--no-renames", "a", "b", accept=(0, 1)).out
    return _ONE_SIDE.sub(rb"diff --git a/\2 b/\2", text)
