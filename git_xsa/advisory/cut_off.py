"""What shows that a patch file was cut off on its way where its hunks do not: between two of them, or in a line.

git's own forms have counts: a hunk's of its lines (``git_xsa.advisory.parts``), the ``index`` line of the contents, and
the diffstat of ``git format-patch`` of files, insertions and deletions.  Packagers edit patches by hand and leave the
diffstat as it was (in 2 % of those that Qubes has shipped), so a smaller patch than it says is a doubt, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from git_xsa.advisory import remarks
from git_xsa.git.diffs import FileDiff
from git_xsa.model.change import FileChange
from git_xsa.model.history import blob_name
from git_xsa.wording import NOTHING, Remark

_STAT = re.compile(
    r"^ (\d{1,9}) files? changed(?:, (\d{1,9}) insertions?\(\+\))?(?:, (\d{1,9}) deletions?\(-\))?$", re.MULTILINE
)
#: The names of the empty file, SHA-1 and SHA-256.
_EMPTY = tuple(blob_name(b"", length).encode() for length in (40, 64))
_SHORTEST = 4


def lacks_hunks(diff: FileDiff) -> bool:
    """Whether ``diff`` has no hunk though its ``index`` line says that the file's contents change."""
    if diff.body or min(len(diff.old_id), len(diff.new_id)) < _SHORTEST:
        return False
    sides = ((diff.old_path, diff.old_id), (diff.new_path, diff.new_id))
    if None in (diff.old_path, diff.new_path):
        return not any(name.startswith(one) for path, one in sides if path is not None for name in _EMPTY)
    return diff.old_id != diff.new_id


def less_than_its_diffstat(message: str, changes: Sequence[FileChange]) -> Remark:
    """Return that the diffstat in ``message`` counts more than ``changes`` have; nothing where it does not, or there is
    not exactly one."""
    found = _STAT.findall(message)
    if len(found) != 1:
        return NOTHING
    stated = [int(number or 0) for number in found[0]]
    marks = b"".join(hunk.marks for change in changes for hunk in change.hunks)
    have = [len(changes), marks.count(b"+"), marks.count(b"-")]
    if have[0] > stated[0] or (have[0] == stated[0] and (have == stated or _exceeds(have, stated))):
        return NOTHING
    return remarks.diffstat_counts_more(stated, have)


def _exceeds(have: Sequence[int], stated: Sequence[int]) -> bool:
    return any(mine > theirs for mine, theirs in zip(have, stated, strict=True))
