"""How much of a patch is in what is pushed, and whether that is enough to say that it has the patch.

The measures were chosen on the commits of xen.git's branches and the fixes of XSAs (``bench/leak``): as much as can be
found without one false alarm in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from git_xsa.embargo.fingerprint import AROUND, Block, Print, blocks_of, same_but, shape
from git_xsa.embargo.pieces import PushedPart
from git_xsa.model.change import ADDED

#: The weight from which on a patch is found by its lines even when some of them are edited, and the share of the weight
#: that must be there: in files of the same name in the same folder, in any other folder, and in files of other names.
MEASURES = ((3, 24, 0.7), (2, 24, 0.8), (1, 40, 0.8))
#: The same for what a patch adds that is nearly that large, when the branch has a part already.
MOST = (20, 0.85)
#: The weight from which on a patch is found by its lines when it has all of them.
ALL = 16
#: The share of the lines around a block that must be the same: in the mean of the blocks, unless the patch has a weight
#: of ``ALONE``, and of each one; and the weight that a small patch needs with the lines around it.
SHARE_AROUND, SHARE_OF_ONE, ALONE, ENOUGH_AROUND = 0.6, 0.3, 8, 8
#: The same in a file of another name, and the weight that each block needs there when all that is around is the same.
SHARE_ELSEWHERE, ENOUGH_ELSEWHERE, ENOUGH_EXACT = 0.8, 12, 7
#: The share of the words of a block that one with some words changed must have.
SHARE_LIKE = 0.55
#: By lines that are nowhere public (near, weight, share): of all, and of those that are added.
RARE = ((2, 6, 0.6), (2, 2, 1.0))
RARE_ADDED = ((2, 6, 0.6), (2, 3, 1.0), (1, 10, 0.7), (1, 4, 1.0))
#: How much more a single line must weigh.
MORE_FOR_ONE = 2
#: The same (near, weight) for all added lines that are nowhere public and no comments, even a single one, where that is
#: certain because the files of the patch are public.
RARE_AT_HOME = ((2, 1), (1, 2))
#: The weight of a patch that adds nothing.
ENOUGH_REMOVED = 6
#: The weight of a patch that replaces lines everywhere, when all that is replaced is the same, with anything around it.
REPLACED = 4
#: The weight below which lines from several commits say nothing.
ENOUGH_TOGETHER = 12


class LikenessKind(str, Enum):
    """What of a patch or an advisory was found."""

    PATCH = "patch"
    LINES = "lines"
    TEXT = "text"
    CVE = "cve"
    MARK = "mark"


class Near(IntEnum):
    """How near the file is: any; one of that name in another folder, or the new place of a file that goes; the same
    one, or a text."""

    ANY = 1
    NAME = 2
    SAME = 3


@dataclass
class Likeness:
    """What was found of a patch: its lines, each with how near and in which object, and for its blocks the share of
    the lines around them that are the same, in a near file and in any; ``like`` are blocks that are edited, ``renamed``
    lines that have other names wherever they are."""

    lines: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    near: dict[int, float] = field(default_factory=dict)
    anywhere: dict[int, float] = field(default_factory=dict)
    like: set[int] = field(default_factory=set)
    renamed: set[bytes] = field(default_factory=set)

    def line(self, line: bytes, near: int, at: int, renamed: bool = False) -> None:
        """Note that ``line`` is in the object ``at``, in a file that is so ``near``, maybe with other names."""
        self._note(line, renamed)
        self.lines[line] = (max(near, self.lines.get(line, (0, 0))[0]), at)

    def _note(self, line: bytes, renamed: bool) -> None:
        if not renamed:
            self.renamed.discard(line)
        elif line not in self.lines:
            self.renamed.add(line)

    def blocks(self, shares: Mapping[int, float], near: Collection[int]) -> None:
        """Note the ``shares`` of blocks; ``near`` are those in a file of their name."""
        for block, share in shares.items():
            self.anywhere[block] = max(share, self.anywhere.get(block, 0))
            if block in near:
                self.near[block] = max(share, self.near.get(block, 0))

    def add(self, other: Likeness, since: int) -> None:
        """Take in what ``other`` has; what was found before the object ``since`` counts no more."""
        for line, (near, at) in other.lines.items():
            old = self.lines.get(line, (0, 0))
            self._note(line, line in other.renamed)
            self.lines[line] = (max(near, old[0] if old[1] >= since else 0), at)
        for mine, theirs in ((self.near, other.near), (self.anywhere, other.anywhere)):
            for block, share in theirs.items():
                mine[block] = max(share, mine.get(block, 0))
        self.like |= other.like


def judge(
    patch: Print, found: Likeness, common: Collection[bytes], together: int = 0, at_home: bool = True
) -> LikenessKind | None:
    """Return how ``patch`` is found, ``None`` when it is not.

    ``common`` are added lines that are public somewhere.  ``together``: it is what several objects have, of which those
    from that number on count.  ``at_home``: files of the patch are public, so that ``common`` has what is in them.
    """
    here = {line: near for line, (near, at) in found.lines.items() if at >= together}
    if all(line in found.renamed or line in common for line in here):  # the heads of two functions may be alike
        here = {line: near for line, near in here.items() if line not in found.renamed}
    for kind in (
        _by_weight(patch, here),
        _by_blocks(patch, here, found),
        _by_rare_lines(patch, here, common, together, at_home),
    ):
        if kind is not None:
            return kind if found.renamed.isdisjoint(here) else LikenessKind.LINES
    return None


def _by_weight(patch: Print, here: Mapping[bytes, int]) -> LikenessKind | None:
    code = {line: w for line, w in patch.weights.items() if line not in patch.comments}
    for weights in (patch.weights, code):
        whole = sum(weights.values())
        got = {near: sum(weights.get(line, 0) for line, at in here.items() if at >= near) for near in (3, 2, 1)}
        if got[3] == whole >= ALL:
            return LikenessKind.PATCH
        added = sum(weights.get(line, 0) for line, at in here.items() if at == 3 and line[0] == ADDED)
        if added >= MOST[0] and added >= MOST[1] * whole:
            return LikenessKind.LINES
        for near, enough, share in MEASURES:
            if got[near] >= enough and got[near] >= share * whole:
                return LikenessKind.PATCH if got[near] == whole else LikenessKind.LINES
    return None


def _by_blocks(patch: Print, here: Mapping[bytes, int], found: Likeness) -> LikenessKind | None:
    """Whether every block of a small patch is there with what stands around it, changed in fact and not only moved."""
    if not patch.small:
        return None
    count = len(patch.blocks)
    near = [found.near.get(block, -1.0) for block in range(count)]
    anywhere = [found.anywhere.get(block, -1.0) for block in range(count)]
    whole = patch.whole + sum(block.around for block in patch.blocks)
    mean = 0 if patch.whole >= ALONE else SHARE_AROUND
    ways = (
        min(near) == 1 if whole < ENOUGH_AROUND else min(near) >= SHARE_OF_ONE and sum(near) >= mean * count,
        patch.replaces and patch.whole >= REPLACED and min(near) >= 0,
        whole >= ENOUGH_ELSEWHERE and min(anywhere) >= SHARE_ELSEWHERE,
        patch.lightest >= ENOUGH_EXACT and min(anywhere) == 1,
    )
    if any(ways) and all(line in here for line in patch.weights):
        return LikenessKind.PATCH
    if found.like and all(block in found.like or near[block] >= SHARE_OF_ONE for block in range(count)):
        return LikenessKind.LINES
    return None


def _by_rare_lines(
    patch: Print, here: Mapping[bytes, int], common: Collection[bytes], together: int, at_home: bool
) -> LikenessKind | None:
    """Whether there are enough of the lines that are nowhere public."""
    rare = {line: w for line, w in patch.weights.items() if line not in common}
    code = {line: w for line, w in rare.items() if line not in patch.comments}
    added = [line for line in patch.weights if line[0] == ADDED and line not in patch.comments]
    if added and not (any(line in here for line in added) and any(line in here for line in rare if line[0] == ADDED)):
        return None  # no more than comments, or lines that are taken out
    if at_home and not together and _has_all(here, {line: w for line, w in code.items() if line[0] == ADDED}):
        return LikenessKind.LINES
    for weights in (rare, code):
        for measures, only_added in ((RARE, False), (RARE_ADDED, True)):
            pool = {line: w for line, w in weights.items() if not only_added or line[0] == ADDED}
            whole = sum(pool.values())
            for near, enough, share in measures:
                got = [pool[line] for line, at in here.items() if at >= near and line in pool]
                least = max(enough, ENOUGH_TOGETHER if together else 0, 0 if added else ENOUGH_REMOVED)
                if sum(got) >= least + (len(got) == 1 and MORE_FOR_ONE) and sum(got) >= share * whole:
                    return LikenessKind.LINES
    return None


def _has_all(here: Mapping[bytes, int], wanted: Mapping[bytes, int]) -> bool:
    """Whether all of the ``wanted`` added lines are there, near enough for their weight."""
    near = min((here.get(line, 0) for line in wanted), default=0)
    return any(near >= least and sum(wanted.values()) >= enough for least, enough in RARE_AT_HOME)


def block_shares(blocks: Iterable[Block], part: PushedPart) -> dict[int, float]:
    """Return by its place how much of what is around it is around each of ``blocks`` in ``part``, if that has it."""
    found: dict[int, float] = {}
    for place, block in enumerate(blocks):
        if block.heaviest not in part.counts:
            continue
        shares = [_share(block, text, plain) for text, plain in part.views if block.text in text]
        if shares:
            found[place] = max(shares)
    return found


def _share(block: Block, text: bytes, plain: list[bytes]) -> float:
    """Return the share at the best place.  Places are found by one search in ``text`` and counted by its newlines, so
    that repeated lines take no longer than others."""
    size, around, best = len(block.lines), len(block.before) + len(block.after), 0.0
    at, line, counted = text.find(block.text), 0, 0
    before, after = Counter(block.before), Counter(block.after)
    while at >= 0 and best < 1:
        line += text.count(b"\n", counted, at)
        counted = at
        same = sum((before & Counter(plain[max(0, line - AROUND) : line])).values())
        same += sum((after & Counter(plain[line + size : line + size + AROUND])).values())
        best = max(best, same / around if around else 1.0)
        at = text.find(block.text, at + 1)
    return best


def like(block: Block, other: Block, new: Collection[bytes]) -> bool:
    """Whether ``other`` is ``block`` without its comments, with other words for the ``new`` names or with a few words
    changed, when both stand between the same lines: it takes out the same lines and brings most of the other words."""
    if block.code and block.code == other.code:
        return True
    if block.removed != other.removed:
        return False
    most, both = max(block.brought.total(), other.brought.total()), block.brought & other.brought
    if block.brought and both.total() >= SHARE_LIKE * most:
        return True
    (form, names), (their_form, theirs) = shape(block.text_of_code), shape(other.text_of_code)
    same = same_but(new, names, theirs) if form == their_form else None
    return same is not None and bool(same or block.removed)


def changed_blocks(part: PushedPart) -> dict[tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]], Block]:
    """Return the blocks of ``part`` by the name of its file and what stands before and after them."""
    blocks = (block for name in part.names for hunk in part.hunks for block in blocks_of(name, hunk))
    return {(block.name, block.before, block.after): block for block in blocks}
