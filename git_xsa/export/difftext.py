"""Write a diff as git does: extended headers, object names in full, names in C-style quotes where they need it.

The form is that of ``git diff --full-index`` ("generating patch text" in git's manual), which ``git apply``, ``git
am`` and GNU patch read.  Pure: what it writes depends on what it is given alone.
"""

from __future__ import annotations

from git_xsa.git.diffs import quoted, side_name
from git_xsa.model.change import ADDED, REMOVED, SUBMODULE_MODE, FileChange, Hunk, hunk_text
from git_xsa.model.history import FileState


def file_diff(change: FileChange, before: FileState | None, after: FileState | None, length: int) -> bytes:
    """Return the diff of one file that is no binary one; object names have ``length`` hexadecimal digits.

    ``before`` and ``after`` are the file as it is then, ``None``: not there.  A change of type is written as git
    writes it, as the end of one file and the start of another.
    """
    if before is not None and after is not None and before.mode[:2] != after.mode[:2]:
        return _diff(_whole(before, REMOVED), before, None, length) + _diff(_whole(after, ADDED), None, after, length)
    return _diff(change.hunks, before, after, length)


def _whole(state: FileState, mark: int) -> tuple[Hunk, ...]:
    """Return the hunk that takes out, or brings in, all lines of a file."""
    texts = tuple(state.lines)
    starts = (1, 0) if mark == REMOVED else (0, 1)
    return (Hunk(*starts, bytes([mark]) * len(texts), texts),) if texts else ()


def _diff(hunks: tuple[Hunk, ...], before: FileState | None, after: FileState | None, length: int) -> bytes:
    old, new = before or after, after or before
    assert old is not None, "a change has a file before it or after it"
    assert new is not None, "a change has a file before it or after it"
    lines = [b"diff --git %s %s" % (quoted(b"a/" + old.path), quoted(b"b/" + new.path))]
    ids = [state.object_name(length) if state is not None else "0" * length for state in (before, after)]
    same_mode = before is not None and after is not None and before.mode == after.mode
    if before is None:
        lines.append(f"new file mode {new.mode}".encode())
    elif after is None:
        lines.append(f"deleted file mode {old.mode}".encode())
    elif not same_mode:
        lines += [f"old mode {old.mode}".encode(), f"new mode {new.mode}".encode()]
    if old.path != new.path:
        lines += [b"similarity index %d%%" % _similarity(old, new)]
        lines += [b"rename from " + quoted(old.path), b"rename to " + quoted(new.path)]
    if ids[0] != ids[1]:
        lines.append(f"index {ids[0]}..{ids[1]}{' ' + new.mode if same_mode else ''}".encode())
    text = b"\n".join(lines) + b"\n"
    if not hunks:
        return text
    names = [side_name(b"a/" + old.path if before else None), side_name(b"b/" + new.path if after else None)]
    return text + b"--- %s\n+++ %s\n" % (names[0], names[1]) + b"".join(map(hunk_text, hunks))


def _similarity(old: FileState, new: FileState) -> int:
    """Return a figure that git takes: readers look only at whether it is 100."""
    return 100 if old.mode != SUBMODULE_MODE and list(old.lines) == list(new.lines) else 50
