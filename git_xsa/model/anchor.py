"""Where a base can be aligned in more than one way: so that the hunks of changes to come find their lines, if they can.

Among equal lines, which of them the base added and which it had is a matter of choice; ``git apply``, which compares
texts, has no such question.  So a hunk whose old lines stand together in the base, and not together in its alignment,
is tried as an anchor: it stands where it is there, and what is before and behind it is aligned apart.  That is the
better alignment if it leaves no more to explain.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.align import Anchor, Fit, fit
from git_xsa.model.line import Line
from git_xsa.model.stretch import Stretch

#: How many hunks of a file, and places of each, are tried as anchors.
MANY = 16


def anchored(weave: Sequence[Line], texts: Sequence[bytes], known: Fit, stretches: Sequence[Stretch]) -> Fit:
    """Return the alignment of ``texts`` with ``weave`` in which as many of ``stretches`` as can find their lines do;
    ``known`` itself where that changes nothing."""
    index = {id(line): number for number, line in enumerate(weave)}
    anchors: list[Anchor] = []
    spots = _spots(known)
    whole = b"".join(texts)
    for stretch in stretches:
        old = [index[id(line)] for line in stretch.old]
        if not old or len(anchors) == MANY or _together(spots, old):
            continue
        if b"".join(line.text for line in stretch.old) not in whole:
            continue
        for at in _places(stretch, texts)[:MANY]:
            more = sorted([*anchors, (old[0], old[-1] + 1, at)])
            found = fit(weave, texts, known.selected, more) if _in_order(more) else known
            if found.unexplained <= known.unexplained and _together(_spots(found), old):
                known, anchors, spots = found, more, _spots(found)
                break
    return known


def _spots(known: Fit) -> dict[int, int]:
    """Return which line of the tree each line of the weave is that it has, by their indexes."""
    here, own = known.alignment
    before = dict[int, int]()
    for index, run in own:
        before[index] = before.get(index, 0) + len(run)
    spots, at = {}, 0
    for index, there in enumerate(here):
        at += before.get(index, 0)
        if there:
            spots[index] = at
            at += 1
    return spots


def _together(spots: dict[int, int], old: Sequence[int]) -> bool:
    first = spots.get(old[0])
    return first is not None and all(spots.get(index) == first + number for number, index in enumerate(old))


def _places(stretch: Stretch, texts: Sequence[bytes]) -> list[int]:
    """Return where the old lines of ``stretch`` stand in ``texts`` and git takes them, the likeliest place first."""
    old, hunk = [line.text for line in stretch.old], stretch.hunk
    last = len(texts) - len(old)
    found = [
        at
        for at in range(last + 1)
        if texts[at] == old[0]
        and texts[at : at + len(old)] == old
        and (hunk.old_start > 1 or at == 0)
        and (hunk.trailing > 0 or at == last)
    ]
    return sorted(found, key=lambda at: abs(at - hunk.new_start + 1))


def _in_order(anchors: Sequence[Anchor]) -> bool:
    """Whether no two anchors overlap, in the weave or in the tree."""
    end = at = 0
    for first, last, there_at in anchors:
        if first < end or there_at < at:
            return False
        end, at = last, there_at + last - first
    return True
