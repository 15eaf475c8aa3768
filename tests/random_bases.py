"""Random bases beside a line of changes: some of its changes, one of them in part, and edits of the base's own.

They are made line by line, so that of each line of a base is known which one of the line history it is, or that it is
the base's own.  A base is fixed by its seed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from histories import File, Story, Supply
from random_histories import NAMES, Author, Dice
from referee import ByHand, HandFile, Outcome, Refused, Step

from git_xsa.model.history import split_lines
from git_xsa.model.line import Line
from git_xsa.model.rules import OWN, ROOT
from git_xsa.model.selection import select

#: What the changes of a story do.
DEEDS = (
    *(Author.insert, Author.insert, Author.replace, Author.replace, Author.remove, Author.remove),
    *(Author.move, Author.copy, Author.revert),
)
MOST = 8
#: What files are renamed to.
FRESH = "hijklmnop"
#: No two equal lines; few different ones.
ALPHABETS = ("", "", "abcdefgh", "abcd")


class Downstream(Dice):
    """An author by dice who gives a file no name that another one had."""

    def rename(self) -> None:
        """Rename a file to a name that no file had before: no two files swap their names."""
        had = {name for tree in (*self.trees, self.tree) for name in tree}
        free = [name for name in FRESH if name not in had]
        name = self.pick(list(self.tree))
        if free and name in self.trees[-1] and name not in self.renames:
            self.tree[free[0]] = self.tree.pop(name)
            self.renames[free[0]] = name


@dataclass(frozen=True)
class RandomBase:
    """A story, a base beside it with the changes ``picks``, those ``hunks`` (file and number) of the change ``half``
    (0: of none), and ``edits`` of its own; what is asked about is the change ``wanted``.

    ``unique``: no two lines of the story and the base are equal.  ``files`` are the base's, with the lines that they
    are made of.
    """

    seed: str
    story: Story
    by_hand: ByHand
    files: dict[bytes, HandFile]
    picks: tuple[int, ...]
    half: int
    hunks: tuple[tuple[bytes, int], ...]
    edits: int
    wanted: int
    unique: bool
    #: How many lines the base has that its picks do not make, and lacks that they make.
    apart: int

    @property
    def tree(self) -> dict[bytes, tuple[bytes, ...]]:
        """The base's files as texts."""
        return {path: tuple(line.text for line in file.lines) for path, file in self.files.items()}

    @property
    def own(self) -> dict[str, File]:
        """The base's files in the language of stories."""
        return {path.decode(): File(b"".join(lines)) for path, lines in self.tree.items()}

    def __str__(self) -> str:
        return (
            f"seed {self.seed!r}: {self.story}, base {self.own} with {self.picks}, of {self.half} {self.hunks}, "
            f"{self.edits} edits, wanted {self.wanted}"
        )


def random_base(seed: str) -> RandomBase:
    """Return the base that ``seed`` stands for."""
    dice = random.Random(seed)
    author = Downstream(dice, dice.choice(ALPHABETS))
    for _ in range(author.number(1, 2)):
        author.tree[NAMES[len(author.tree)]] = File(b"".join(author.text(5, 16)))
    author.commit()
    for _ in range(author.number(1, MOST)):
        for _ in range((1, 2, 3)[author.number(0, 2)]):
            author.rename() if author.number(1, 10) == 1 else DEEDS[author.number(0, len(DEEDS) - 1)](author)
        if author.renames or author.tree != author.trees[-1]:
            author.commit()
    if len(author.trees) == 1:
        return random_base(f"{seed}+")
    story = Story(*author.trees, early=False)
    by_hand = ByHand(story.touches(), Supply(story))
    share = author.number(1, 4)
    asked = [position for position in range(1, story.size + 1) if author.number(1, share) == 1 and author.number(0, 1)]
    picks = select(story.history(), 0, asked).queue
    outcome = by_hand.apply(0, picks)
    outcome = Outcome({**_untouched(story, by_hand), **outcome.files}, outcome.ambiguous)
    files = dict(outcome.files)
    half, hunks = _add_half(dice, by_hand, files, sorted(set(range(1, story.size + 1)) - set(picks)))
    edits = author.number(0 if picks or half else 1, 3)
    for _ in range(edits):
        _edit(author, by_hand, files)
    unique = not author._alphabet and _no_equals(by_hand, files)
    wanted = author.number(1, story.size)
    return RandomBase(seed, story, by_hand, files, picks, half, hunks, edits, wanted, unique, _apart(outcome, files))


def _apart(outcome: Outcome, files: dict[bytes, HandFile]) -> int:
    made, now = ({id(line) for file in some.values() for line in file.lines} for some in (outcome.files, files))
    return len(made ^ now)


def _untouched(story: Story, by_hand: ByHand) -> dict[bytes, HandFile]:
    """Return the files that no change touches."""
    return {
        name.encode(): HandFile(name.encode(), file.mode, [Line(text, ROOT) for text in split_lines(file.content)])
        for name, file in story.trees[0].items()
        if name.encode() not in by_hand.base(0)
    }


def _no_equals(by_hand: ByHand, files: dict[bytes, HandFile]) -> bool:
    """Whether no two lines are equal of all that ever were, and none comes back."""
    lines = {id(line): line for line in by_hand.lines()}
    lines |= {id(line): line for file in files.values() for line in file.lines}
    return len({line.text for line in lines.values()}) == len(lines) and not any(
        line.earlier for line in lines.values()
    )


def _add_half(
    dice: random.Random, by_hand: ByHand, files: dict[bytes, HandFile], others: Sequence[int]
) -> tuple[int, tuple[tuple[bytes, int], ...]]:
    """Put some hunks of one of the changes ``others`` into ``files``, in half of all cases, if they go there."""
    several = [position for position in others if sum(len(step.change.hunks) for step in by_hand.steps(position)) > 1]
    if not several or dice.randint(0, 1):
        return 0, ()
    position = dice.choice(several)
    steps = by_hand.steps(position)
    if any(step.change.old_path != step.change.new_path for step in steps):
        return 0, ()
    every = [(step.change.path, number) for step in steps for number in range(len(step.change.hunks))]
    chosen = sorted(dice.sample(every, dice.randint(1, len(every) - 1)))
    try:
        made = by_hand.put(files, position, [part for step in steps if (part := _part_of(step, chosen)).change.hunks])
    except Refused:
        return 0, ()
    files.update(made)
    return position, tuple((path, number + 1) for path, number in chosen)


def _part_of(step: Step, chosen: Sequence[tuple[bytes, int]]) -> Step:
    hunks = tuple(hunk for number, hunk in enumerate(step.change.hunks) if (step.change.path, number) in chosen)
    return replace(step, change=step.change._replace(hunks=hunks))


def _edit(author: Downstream, by_hand: ByHand, files: dict[bytes, HandFile]) -> None:
    """Take out some lines of a file, put some in, or both; in the place of others, perhaps equal ones."""
    path = sorted(files)[author.number(0, len(files) - 1)]
    lines = list(files[path].lines)
    at = author.number(0, len(lines))
    for line in lines:  # of a file that no change touches
        by_hand.order_behind(None, [line] * (not by_hand.knows(line)))
    gone = (0, 0, 1, 2)[author.number(0, 3)]
    texts = author.text(0 if gone else 1, 2)
    if author._alphabet and author.number(0, 3) == 0:  # a copy of what stands there
        texts = [line.text for line in lines[at : at + 3]] or texts
    own = [Line(text, OWN) for text in texts]
    by_hand.order_behind(lines[at - 1] if at else None, own)
    lines[at : at + gone] = own
    files[path] = replace(files[path], lines=lines)
