"""Find the place of a patch's hunks in files, by git's own rule.

A patch that is no commit of the branch says just line numbers and context.  It gets its place where its old lines
stand: at the lines it names, or else at the only other place where they do.  When there are several, nothing tells
which one is meant, and the patch is not placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from git_xsa.model.change import Hunk


class NotPlaced(Exception):
    """Hunk ``number`` (from 1) fits at ``places`` places, not one."""

    def __init__(self, number: int, places: int) -> None:
        super().__init__(f"hunk {number} fits at {places} places" if places else f"hunk {number} does not fit")
        self.number = number
        self.places = places


def places(lines: Sequence[bytes], hunk: Hunk) -> list[int]:
    """Return every index of ``lines`` at which ``git apply`` may put the hunk.

    A hunk whose old lines begin at line 1 fits only at the start of the file, one without context at its end only at
    the end of the file (``match_beginning`` and ``match_end`` in git's apply.c).
    """
    old = hunk.old_lines
    last = len(lines) - len(old)
    candidates = range(last + 1)
    if hunk.old_start <= 1:
        candidates = range(min(1, last + 1))
    if hunk.trailing == 0:
        candidates = range(max(last, candidates.start), candidates.stop)
    first = old[0] if old else None
    return [at for at in candidates if (first is None or lines[at] == first) and list(lines[at : at + len(old)]) == old]


def place_hunks(lines: Sequence[bytes], hunks: Sequence[Hunk]) -> tuple[tuple[Hunk, ...], list[bytes]]:
    """Return ``hunks`` with the line numbers at which they fit in ``lines``, and the lines that they make of them.

    Raises ``NotPlaced`` for the first one that fits nowhere, or at several places of which none is the one it names.
    """
    placed: list[Hunk] = []
    result: list[bytes] = []
    done = 0
    for number, hunk in enumerate(hunks, 1):
        found = [at for at in places(lines, hunk) if at >= done]
        named = hunk.old_index
        if named in found:
            at = named
        elif len(found) == 1:
            at = found[0]
        else:
            raise NotPlaced(number, len(found))
        has_old = bool(hunk.old_lines)
        result += lines[done:at]
        placed.append(replace(hunk, old_start=at + has_old, new_start=len(result) + bool(hunk.new_lines)))
        result += hunk.new_lines
        done = at + len(hunk.old_lines)
    return tuple(placed), [*result, *lines[done:]]
