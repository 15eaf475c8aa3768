"""Programs that a bare system lacks: a test that meets one which is not installed is skipped, visibly."""

from __future__ import annotations

import os
import re
import shutil

#: What some tests need besides git and Python; .ci/run installs all of it.
PROGRAMS = (
    "dpkg", "dpkg-parsechangelog", "dpkg-source", "fish", "gcc", "gpg", "gpgconf", "guilt", "make", "nix-instantiate",
    "patch", "ps", "quilt", "rpmbuild", "ssh-keygen", "strace", "xz", "zsh",
)  # fmt: skip
#: Asked once, before a test changes PATH: what is hidden from a command by a test is installed all the same.
MISSING = tuple(name for name in PROGRAMS if shutil.which(name, path=os.environ.get("PATH")) is None)


def lacking(text: str) -> str:
    """Return which of the missing programs ``text`` says is not there, in our words, Python's or a shell's; or ""."""
    for program in MISSING:
        name = re.escape(program)
        words = rf"\b{name}(?: is not installed|: (?:command )?not found)|No such file or directory: '{name}'"
        if re.search(words, text):
            return program
    return ""
