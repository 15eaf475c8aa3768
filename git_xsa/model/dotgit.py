"""Names that some file system takes for git's own: what git itself refuses, whatever the system it runs on.

HFS+ passes over some code points and knows no case; NTFS knows no case, drops blanks and dots at the end, has short
names (``GIT~1``), streams (``.git:x``), and two separators.  The rules are those of git's ``verify_path``
(``core.protectHFS``, ``core.protectNTFS``) and its ``fsck``.
"""

from __future__ import annotations

import re

#: What HFS+ passes over in a name.
_PASSED_OVER = dict.fromkeys((*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))
_END = r"[ .]*(?::.*)?"
_FOLDER = re.compile(rf"(?:\.git|git~1){_END}", re.ASCII | re.IGNORECASE | re.DOTALL)
#: Files that git reads, which must be no links out of the tree -> what NTFS calls them when all other names are taken.
_FILES = {".gitmodules": "gi7eba", ".gitattributes": "gi7d29", ".gitignore": "gi250a", ".mailmap": "maba30"}


def _shortened(name: str, hashed: str) -> str:
    """Return the expression for what NTFS may take for ``name``."""
    numbered = "|".join(rf"{hashed[:length]}~[1-9]\d{{{6 - length}}}" for length in range(7))
    return rf"(?:{re.escape(name)}|{re.escape(name[1:7])}~[1-4]|{numbered}){_END}"


_LINKS = re.compile(
    "|".join(_shortened(name, hashed) for name, hashed in _FILES.items()), re.ASCII | re.IGNORECASE | re.DOTALL
)


def is_gits_folder(path: bytes) -> bool:
    """Whether a part of ``path`` is ``.git`` somewhere."""
    if path.isascii() and b"git" not in path.lower():  # as good as all are
        return False
    return any(_FOLDER.fullmatch(part) for name in _forms(path) for part in re.split(r"[/\\]", name))


def is_read_by_git(path: bytes) -> bool:
    """Whether the last part of ``path`` is the name of a file that git reads somewhere, which must be no link."""
    return any(_LINKS.fullmatch(re.split(r"[/\\]", name)[-1]) for name in _forms(path))


def _forms(path: bytes) -> tuple[str, str]:
    """Return ``path`` as it is and as HFS+ has it."""
    text = path.decode("utf-8", "surrogateescape")
    return text, text.translate(_PASSED_OVER)
