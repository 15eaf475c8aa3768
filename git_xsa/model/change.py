"""What a commit or a patch does to files: hunks and file changes, as plain values.

Contents are bytes and are never decoded.  A line's text includes its newline; a last line without one simply lacks
it, so adding a newline there is a change of that line, exactly as in git's own diff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from git_xsa.model.words import count

#: Marks of a hunk's lines, as in a unified diff.
CONTEXT, REMOVED, ADDED = b" -+"

#: Object types in a mode, as git writes it (six octal digits).
SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place in a file and its old and new lines.

    ``old_start`` is the number of the first old line, from 1; with no old line it is the number of the line before
    the place (0: the start of the file), as in a unified diff.  ``new_start`` is the same for the new lines.
    ``marks`` holds one of ``CONTEXT``, ``REMOVED``, ``ADDED`` for each of ``texts``.  ``heading`` is the line before it
    that says what it is in, often a function, as far as the diff has it; it is no part of the change.
    """

    old_start: int
    new_start: int
    marks: bytes
    texts: tuple[bytes, ...]
    heading: bytes = field(default=b"", compare=False, repr=False)

    @property
    def old_lines(self) -> list[bytes]:
        """The lines that must stand there before: context and removed."""
        return [text for mark, text in zip(self.marks, self.texts, strict=True) if mark != ADDED]

    @property
    def new_lines(self) -> list[bytes]:
        """The lines that stand there afterwards: context and added."""
        return [text for mark, text in zip(self.marks, self.texts, strict=True) if mark != REMOVED]

    @property
    def old_index(self) -> int:
        """Where the hunk starts in the old file, counted from 0."""
        return self.old_start - 1 if len(self.marks) > self.marks.count(ADDED) else self.old_start

    @property
    def leading(self) -> int:
        """How many context lines come before the first changed line."""
        return len(self.marks) - len(self.marks.lstrip(b" "))

    @property
    def trailing(self) -> int:
        """How many context lines come after the last changed line."""
        return len(self.marks) - len(self.marks.rstrip(b" "))


def hunk_text(hunk: Hunk) -> bytes:
    """Return a hunk as it stands in a unified diff."""
    sides = [
        f"{start}{'' if count == 1 else f',{count}'}"
        for start, count in ((hunk.old_start, len(hunk.old_lines)), (hunk.new_start, len(hunk.new_lines)))
    ]
    pieces = [f"@@ -{sides[0]} +{sides[1]} @@\n".encode()]
    for mark, text in zip(hunk.marks, hunk.texts, strict=True):
        pieces.append(bytes([mark]) + (text if text.endswith(b"\n") else text + _NO_NEWLINE))
    return b"".join(pieces)


class FileChange(NamedTuple):
    """What one change does to one file.

    ``old_path`` is ``None`` for a new file, ``new_path`` for a deleted one; both given and different is a rename, or
    a copy when ``copied``.  Modes are six octal digits, ``None`` where the diff does not say.  A binary change has no
    hunks: ``old_content`` and ``new_content`` then stand for all that the file holds, before and after (object names
    do, since nothing looks inside); ``None``: no such file.
    """

    old_path: bytes | None
    new_path: bytes | None
    old_mode: str | None = None
    new_mode: str | None = None
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False
    old_content: bytes | None = None
    new_content: bytes | None = None
    copied: bool = False

    @property
    def path(self) -> bytes:
        """The name to call the file by: the new one, or the old one of a deleted file."""
        path = self.new_path if self.new_path is not None else self.old_path
        assert path is not None, "a file change names a file"
        return path


class Touch(NamedTuple):
    """One line of ``git diff-tree --raw``: that the change at ``position`` touched a file, and how.

    ``old_path`` is ``None`` for a new file, ``new_path`` for a deleted one.  ``old_id`` and ``new_id`` name the
    contents before and after; ``None`` where there is no file.
    """

    position: int
    old_path: bytes | None
    new_path: bytes | None
    old_mode: str | None
    new_mode: str | None
    old_id: str | None
    new_id: str | None

    @property
    def paths(self) -> set[bytes]:
        """The names that the file has before and after."""
        return {path for path in (self.old_path, self.new_path) if path is not None}


class Merged(NamedTuple):
    """What a merge brings: how many commits besides itself, and what it does to how many files."""

    commits: int
    files: int
    added: int
    removed: int

    @property
    def words(self) -> str:
        """What to say of it: it goes in as one patch, however long."""
        lines = f"{count(self.added, 'line')} added and {self.removed} removed in {count(self.files, 'file')}"
        return f"a merge of {count(self.commits, 'commit')}, with {lines}"


class NamedChanges:
    """What one change does, by the files' names: a change of many files is asked for those of each."""

    def __init__(self, changes: Sequence[FileChange]) -> None:
        self._named: dict[bytes | None, list[tuple[int, FileChange]]] = {}  # with their numbers, which give the order
        for item in enumerate(changes):
            for path in {item[1].old_path, item[1].new_path} - {None}:
                self._named.setdefault(path, []).append(item)

    def of(self, touch: Touch) -> list[FileChange]:
        """Return the changes of the file that ``touch`` names, in order (both parts of a change of type do)."""
        found = self._named.get(touch.old_path, ())
        if touch.new_path != touch.old_path:
            found = sorted({**dict(found), **dict(self._named.get(touch.new_path, ()))}.items())
        return [change for _, change in found if _belongs(change, touch)]


def _belongs(change: FileChange, touch: Touch) -> bool:
    """Whether ``change`` is about the file that ``touch`` names."""
    return (change.old_path is not None and change.old_path == touch.old_path) or (
        change.new_path is not None and change.new_path == touch.new_path
    )
