"""How a patch differs from another one: not at all, in its context, or in the lines that it changes.

Line numbers, headings of hunks, object names and the order of the files don't count.  Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from enum import Enum

from git_xsa.model.change import CONTEXT, FileChange

#: How a line of a patch's text begins that names a file, or the place of a hunk.
_FILE, _HUNK = " ## ", "@@ "


class Sameness(str, Enum):
    """What one patch is of another: ``same``, ``refreshed`` (only its context differs), ``adapted`` (its changed lines
    do), or ``unknown``: there is no other one."""

    SAME = "same"
    REFRESHED = "refreshed"
    ADAPTED = "adapted"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for the least that can differ."""
        return list(Sameness).index(self)


def sameness(patch: Sequence[FileChange], other: Sequence[FileChange]) -> Sameness:
    """Return how ``patch`` differs from ``other``; they are about the same change, so it is at least ``adapted``."""
    if _whole(patch) == _whole(other):
        return Sameness.SAME
    if _changed(patch) == _changed(other):
        return Sameness.REFRESHED
    return Sameness.ADAPTED


def changed_lines(changes: Iterable[FileChange]) -> Counter[tuple[int, bytes]]:
    """Return how often ``changes`` add or remove each line, in whatever file; white space does not count."""
    return Counter(
        (mark, text.translate(None, b" \t\r\n\v\f"))
        for change in changes
        for hunk in change.hunks
        for mark, text in zip(hunk.marks, hunk.texts, strict=True)
        if mark != CONTEXT
    )


def distance(patch: Counter[tuple[int, bytes]], other: Counter[tuple[int, bytes]]) -> int:
    """Return how many changed lines one of two patches has and the other one lacks."""
    return ((patch - other) + (other - patch)).total()


def likeness(patch: Counter[tuple[int, bytes]], other: Counter[tuple[int, bytes]]) -> float:
    """Return which part of the changed lines two patches share, from 0 to 1."""
    most = max(patch.total(), other.total())
    return (patch & other).total() / most if most else 0.0


def _head(change: FileChange) -> tuple[object, ...]:
    modes = (change.old_mode, change.new_mode) if change.old_mode != change.new_mode else ()
    return (change.old_path, change.new_path, modes, change.binary, change.new_content if change.binary else None)


def _whole(changes: Sequence[FileChange]) -> list[tuple[object, ...]]:
    found = [(*_head(change), tuple((hunk.marks, hunk.texts) for hunk in change.hunks)) for change in changes]
    return sorted(found, key=repr)


def _changed(changes: Sequence[FileChange]) -> list[tuple[object, ...]]:
    found = []
    for change in changes:
        pairs = (pair for hunk in change.hunks for pair in zip(hunk.marks, hunk.texts, strict=True))
        found.append((*_head(change), tuple(pair for pair in pairs if pair[0] != CONTEXT)))
    return sorted(found, key=repr)


def diff_of_diffs(old: Sequence[FileChange], new: Sequence[FileChange]) -> list[str]:
    """Return the difference between two patches in the form of ``git range-diff``: the first character of a line says
    which of the patches has it, the second what it is in that."""
    before, after = list(_text(old)), list(_text(new))
    sections = _sections(before)
    made = []
    for line in list(unified_diff(before, after, n=3, lineterm=""))[2:]:
        if line.startswith("@@ "):
            start = int(line.split()[1].removeprefix("-").partition(",")[0])
            made.append(f"@@ {sections[max(start - 1, 0)]}" if sections else "@@")
        else:
            made.append(line)
    return made


def _text(changes: Sequence[FileChange]) -> Iterator[str]:
    """Yield a patch as ``git range-diff`` compares it."""
    for change in sorted(changes, key=lambda change: change.path):
        name = _shown(change.path)
        yield f"{_FILE}{_file_words(change)} ##"
        if change.binary:
            yield f" binary contents {(change.new_content or b'').decode('ascii', 'replace')}"
        for hunk in change.hunks:
            yield f"{_HUNK}{name}" + (f": {_shown(hunk.heading)}" if hunk.heading else "")
            for mark, text in zip(hunk.marks, hunk.texts, strict=True):
                yield chr(mark) + _shown(text.rstrip(b"\n"))
                if not text.endswith(b"\n"):
                    yield "\\ No newline at end of file"


def _file_words(change: FileChange) -> str:
    name = _shown(change.path)
    if change.old_path is None:
        return f"{name} (new)"
    if change.new_path is None:
        return f"{name} (deleted)"
    if change.old_path != change.new_path:
        name = f"{_shown(change.old_path)} => {name}"
    if change.old_mode != change.new_mode:
        name += f" (mode change {change.old_mode} => {change.new_mode})"
    return name


def _sections(lines: Sequence[str]) -> list[str]:
    """Return for each line the name of the hunk, or else of the file, that it stands in."""
    found, section = [], ""
    for line in lines:
        if line.startswith(_FILE):
            section = line.removeprefix(_FILE).removesuffix(" ##")
        elif line.startswith(_HUNK):
            section = line.removeprefix(_HUNK)
        found.append(section)
    return found


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
