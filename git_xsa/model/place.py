"""Find the place of a patch's hunks in files, by git's own rule.

A patch that is no commit of the branch says just line numbers and context.  It gets its place where its old lines
stand: at the lines it names, or else at the only other place where they do.  The order of a file's hunks rules places
out: XSA-345's fix of modify_xen_mappings() has the lines of one hunk twice in mm.c of 4.8, but one of these places is
after that of the hunk which comes next.  Then the line in the hunk's header that says which function it is in may
tell.  When there are several all the same, nothing tells which one is meant, and the patch is not placed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from git_xsa.model.change import Hunk

#: What git takes for a heading, where nothing is configured.
_HEADING = re.compile(rb"[A-Za-z_$]")
#: How many places a message names.
_SHOWN = 4


class NotPlaced(Exception):
    """Hunk ``number`` (from 1) fits at ``places`` places, not one.

    ``lines`` are the lines at which it fits; where ``places`` is 0 all of them are before the end of the hunk before.
    """

    def __init__(self, number: int, places: int, lines: Sequence[int] = ()) -> None:
        shown = f"{', '.join(map(str, lines[:_SHOWN]))}{', ...' * (len(lines) > _SHOWN)}"
        words = f"hunk {number} fits at {places} places (lines {shown})"
        if not places:
            words = f"hunk {number} does not fit"
            words += f" after hunk {number - 1} (but at line {shown})" if lines else ""
        super().__init__(words)
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

    Raises ``NotPlaced`` for the first one that fits nowhere after those before it, or that, with the order of all of
    them kept, fits at several places of which none is the one it names.
    """
    fitting = _in_order((places(lines, hunk) for hunk in hunks), hunks)
    # The named ones rule out more: what stays are the places of the others between them.
    fitting = _in_order((_named(hunk, found) for hunk, found in zip(hunks, fitting, strict=True)), hunks)
    if any(len(found) > 1 for found in fitting):
        below = (_below_heading(lines, hunk, found) for hunk, found in zip(hunks, fitting, strict=True))
        fitting = _in_order(below, hunks)
    placed: list[Hunk] = []
    result: list[bytes] = []
    done = 0
    for number, (hunk, found) in enumerate(zip(hunks, fitting, strict=True), 1):
        if len(found) > 1:
            raise NotPlaced(number, len(found), [at + 1 for at in found])
        at = found[0]
        has_old = bool(hunk.old_lines)
        result += lines[done:at]
        placed.append(replace(hunk, old_start=at + has_old, new_start=len(result) + bool(hunk.new_lines)))
        result += hunk.new_lines
        done = at + len(hunk.old_lines)
    return tuple(placed), [*result, *lines[done:]]


def _named(hunk: Hunk, found: list[int]) -> list[int]:
    return [hunk.old_index] if hunk.old_index in found else found


def _below_heading(lines: Sequence[bytes], hunk: Hunk, found: list[int]) -> list[int]:
    """Return the one of ``found`` that is below the line in the hunk's heading, as git finds such a line; all of them
    when there is no heading, or not one such place.

    XSA-402's fifth patch fits in two functions of Qubes' 4.8, and names cleanup_page_mappings().
    """
    heading = hunk.heading.strip()
    if len(found) == 1 or not heading:
        return found
    below = [at for at in found if next(filter(_HEADING.match, reversed(lines[:at])), b"").startswith(heading)]
    return below if len(below) == 1 else found


def _in_order(fitting: Iterable[list[int]], hunks: Sequence[Hunk]) -> list[list[int]]:
    """Return of the places ``fitting`` of each hunk those at which all the others can still be before and after it.

    Raises ``NotPlaced`` for the first hunk that has none after the hunks before it; the next ones are not looked at.
    """
    left: list[list[int]] = []
    least = 0
    for number, (found, hunk) in enumerate(zip(fitting, hunks, strict=True), 1):
        left.append([at for at in found if at >= least])
        if not left[-1]:
            raise NotPlaced(number, 0, [at + 1 for at in found])
        least = left[-1][0] + len(hunk.old_lines)
    for number in range(len(left) - 1, 0, -1):
        length = len(hunks[number - 1].old_lines)
        left[number - 1] = [at for at in left[number - 1] if at + length <= left[number][-1]]
    return left
