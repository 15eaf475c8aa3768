"""Random stories and requests for the properties: what maintainers do to files, at random, on tiny alphabets.

Few different lines make many equal ones, and so all the ambiguity that real code has in its braces and blank lines;
a third of the stories has no two equal lines at all, so that there is nothing ambiguous but the place of new lines.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from histories import EXECUTABLE_MODE, PLAIN_MODE, File, Story, content, diff
from hypothesis import strategies as st

from git_xsa.model.change import REMOVED, SYMLINK_MODE
from git_xsa.model.history import split_lines
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import select

NAMES = "fghi"
#: Lines for stories without equal lines, in the order of their use.
LETTERS = "".join(map(chr, (*range(0x61, 0x7B), *range(0x41, 0x5B), *range(0x30, 0x3A), *range(0xC0, 0x250))))


@dataclass(frozen=True)
class Request:
    """A story, and what is asked about it."""

    story: Story
    base: int
    wanted: tuple[int, ...]


class Author:
    """Writes one story, edit by edit."""

    def __init__(self, draw: st.DrawFn, alphabet: str) -> None:
        self._draw = draw
        self._alphabet = alphabet
        self._fresh = iter(LETTERS)
        self.trees: list[dict[str, File]] = []
        self.tree: dict[str, File] = {}
        self.renames: dict[str, str] = {}

    def number(self, least: int, most: int) -> int:
        return self._draw(st.integers(least, most))

    def pick(self, values: list[str]) -> str:
        return values[self.number(0, len(values) - 1)]

    def text(self, least: int, most: int) -> list[bytes]:
        count = self.number(least, most)
        if not self._alphabet:
            return [content(next(self._fresh)) for _ in range(count)]
        return [content(letter) for letter in self._draw(st.text(self._alphabet, min_size=count, max_size=count))]

    def commit(self) -> None:
        """End a change: the tree as it is now is the story's next one."""
        told = {name: File(what.content, what.mode, self.renames.get(name)) for name, what in self.tree.items()}
        self.trees.append(told)
        self.renames = {}

    def create(self) -> None:
        free = [name for name in NAMES if name not in self.tree and name not in self.renames.values()]
        if free:
            again = self.number(0, 3) == 0 and self.trees
            name = self.pick(free)
            before = [tree[name] for tree in self.trees if name in tree] if again else []
            self.tree[name] = File(before[-1].content if before else b"".join(self.block()))

    def block(self) -> list[bytes]:
        """Write a new file: mostly some lines, or one block over and over, as boilerplate is, with some lines in it."""
        if self.number(0, 2):
            return self.text(self.number(0, 4) and 3, 14)
        lines = self.text(1, 4) * self.number(3, 8)
        for _ in range(self.number(0, 2)):
            at = self.number(0, len(lines))
            lines[at:at] = self.text(1, 2)
        return lines

    def delete(self) -> None:
        name = self.pick(list(self.tree))
        if name not in self.renames:
            del self.tree[name]

    def rename(self) -> None:
        name = self.pick(list(self.tree))
        free = [other for other in NAMES if other not in self.tree and other not in self.renames.values()]
        if free and name not in self.renames and self.trees and name in self.trees[-1]:
            target = self.pick(free)
            self.tree[target] = self.tree.pop(name)
            self.renames[target] = name

    def edit(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        """Change the lines of one file; whether the last one has a newline stays as it is."""
        name = self.pick(list(self.tree))
        before = self.tree[name]
        if before.mode != SYMLINK_MODE:
            unfinished = before.content != b"" and not before.content.endswith(b"\n")
            lines = change([line.rstrip(b"\n") + b"\n" for line in split_lines(before.content)])
            text = b"".join(lines)
            self.tree[name] = File(text[:-1] if unfinished and len(text) > 1 else text, before.mode)

    def insert(self) -> None:
        def change(lines: list[bytes]) -> list[bytes]:
            at = self.number(0, len(lines))
            return [*lines[:at], *self.text(1, 5), *lines[at:]]

        self.edit(change)

    def remove(self) -> None:
        def change(lines: list[bytes]) -> list[bytes]:
            at = self.number(0, len(lines))
            return [*lines[:at], *lines[at + self.number(1, 4) :]]

        self.edit(change)

    def replace(self) -> None:
        def change(lines: list[bytes]) -> list[bytes]:
            at = self.number(0, len(lines))
            return [*lines[:at], *self.text(1, 3), *lines[at + self.number(1, 3) :]]

        self.edit(change)

    def move(self) -> None:
        def change(lines: list[bytes]) -> list[bytes]:
            at = self.number(0, len(lines))
            end = at + self.number(1, 4)
            block, rest = lines[at:end], lines[:at] + lines[end:]
            to = self.number(0, len(rest))
            return [*rest[:to], *block, *rest[to:]]

        self.edit(change)

    def copy(self) -> None:
        """Put a copy of some lines elsewhere in the file."""

        def change(lines: list[bytes]) -> list[bytes]:
            at = self.number(0, len(lines))
            to = self.number(0, len(lines))
            return [*lines[:to], *lines[at : at + self.number(3, 9)], *lines[to:]]

        self.edit(change)

    def finish(self) -> None:
        """Take the last newline of a file away, or put it back."""
        name = self.pick(list(self.tree))
        before = self.tree[name]
        if before.mode != SYMLINK_MODE and len(before.content) > 1:
            text = before.content
            self.tree[name] = File(text[:-1] if text.endswith(b"\n") else text + b"\n", before.mode)

    def mode(self) -> None:
        name = self.pick(list(self.tree))
        before = self.tree[name]
        if before.mode != SYMLINK_MODE:
            self.tree[name] = File(before.content, EXECUTABLE_MODE if before.mode == PLAIN_MODE else PLAIN_MODE)

    def odd(self) -> None:
        """Make a file binary, or a symbolic link; or put its last ordinary contents back."""
        name = self.pick(list(self.tree))
        if b"\0" in self.tree[name].content or self.tree[name].mode == SYMLINK_MODE:
            known = [tree[name] for tree in self.trees if name in tree and tree[name].mode != SYMLINK_MODE]
            plain = [what for what in known if b"\0" not in what.content]
            self.tree[name] = File(plain[-1].content if plain else b"".join(self.text(1, 3)))
        elif self.number(0, 1):
            self.tree[name] = File(b"\0" + b"".join(self.text(1, 2)), self.tree[name].mode)
        elif name not in self.renames:
            target = b"".join(self.text(1, 2)).replace(b"\n", b"")
            self.tree[name] = File(self.tree[name].content if self.number(0, 1) else target, SYMLINK_MODE)

    def revert(self) -> None:
        """Undo what an earlier change did to the files that are still there, as far as its lines can be found."""
        if len(self.trees) > 1:
            position = self.number(1, len(self.trees) - 1)
            old, new = self.trees[position - 1], self.trees[position]
            for name in sorted(old.keys() & new.keys() & self.tree.keys()):
                now = self.tree[name]
                undone = _undo(old[name], new[name], now)
                if undone is not None and SYMLINK_MODE not in (now.mode, old[name].mode):
                    self.tree[name] = File(undone, now.mode)
            for name in sorted(old.keys() - new.keys() - self.tree.keys()):
                if name not in self.renames.values():
                    self.tree[name] = File(old[name].content, old[name].mode)


def _undo(old: File, new: File, now: File) -> bytes | None:
    """Return ``now`` without the change from ``old`` to ``new``; ``None`` where that can't be found."""
    if now.content == new.content:
        return old.content
    lines = split_lines(now.content)
    for hunk in diff(new.content, old.content, 1):
        expected = hunk.old_lines
        places = [at for at in range(len(lines)) if lines[at : at + len(expected)] == expected]
        if not places or not expected or hunk.marks.count(REMOVED) == len(lines):
            return None
        at = min(places, key=lambda place: abs(place - hunk.old_index))
        lines[at : at + len(expected)] = hunk.new_lines
    text = b"".join(lines)
    return None if any(not line.endswith(b"\n") for line in lines[:-1]) else text


#: What an author does, and how often: lines are edited much more than files are.
WEIGHTS: dict[Callable[[Author], None], int] = {
    Author.insert: 4,
    Author.remove: 3,
    Author.replace: 4,
    Author.move: 2,
    Author.copy: 2,
    Author.revert: 4,
    Author.rename: 2,
    Author.finish: 1,
    Author.mode: 1,
    Author.odd: 1,
    Author.create: 1,
    Author.delete: 1,
}
DEEDS = [deed for deed, weight in WEIGHTS.items() for _ in range(weight)]
#: How often a number from 1 to 10 is drawn: long stories tell more.
COUNTS = (1, 2, *range(3, 11), *range(4, 11), *range(4, 11))


class Dice(Author):
    """An author who throws dice."""

    def __init__(self, dice: random.Random, alphabet: str) -> None:
        super().__init__(lambda _: None, alphabet)  # type: ignore[arg-type]
        self._dice = dice

    def number(self, least: int, most: int) -> int:
        return self._dice.randint(least, most)

    def text(self, least: int, most: int) -> list[bytes]:
        if not self._alphabet:
            return super().text(least, most)
        return [f"{self._dice.choice(self._alphabet)}\n".encode() for _ in range(self.number(least, most))]


ALPHABETS = ("", "ab", "abcd")


def _story(author: Author, most: int, early: tuple[bool, ...]) -> Story:
    """Have ``author`` tell a story of one to ``most`` changes of one to three files."""
    for _ in range((1, 1, 1, 2, 2, 3)[author.number(0, 5)]):
        author.create()
    author.commit()
    counts = [count for count in COUNTS if count <= most]
    for _ in range(counts[author.number(0, len(counts) - 1)]):
        for _ in range((1, 1, 2)[author.number(0, 2)]):
            if author.tree:
                DEEDS[author.number(0, len(DEEDS) - 1)](author)
            else:
                author.create()
        author.commit()
    return Story(*author.trees, early=early[author.number(0, len(early) - 1)])


def _request(story: Story, number: Callable[[int, int], int]) -> Request:
    """Ask about changes of ``story``, mostly the last one."""
    base = (0, number(0, story.size - 1))[number(0, 1)]
    count = (1, 1, 1, 2, 3)[number(0, 4)]
    wanted = {story.size - number(0, story.size - base - 1) for _ in range(count)}
    return Request(story, base, tuple(sorted(wanted)))


@st.composite
def stories(draw: st.DrawFn, most: int = 10, early: tuple[bool, ...] = (False, True)) -> Story:
    """Draw a story of one to ``most`` changes of one to three files, whose diffs are ``early`` or late."""
    return _story(Author(draw, ALPHABETS[draw(st.integers(0, 2))]), most, early)


@st.composite
def requests(draw: st.DrawFn, most: int = 10, early: tuple[bool, ...] = (False, True)) -> Request:
    """Draw a story, a base and wanted changes after it, mostly the last one."""
    return _request(draw(stories(most, early)), lambda least, most: draw(st.integers(least, most)))


def random_request(seed: str, most: int) -> Request:
    """Return the request that ``seed`` stands for, as ``requests`` draws them, but faster and with no way to make it
    smaller."""
    dice = random.Random(seed)
    story = _story(Dice(dice, dice.choice(ALPHABETS)), most, (False, True))
    return _request(story, dice.randint)


@dataclass(frozen=True)
class Detour:
    """A story with a base that has the tree ``own``; what is asked about is one of its changes.

    ``picks`` are the changes that the base was made with; ``edited`` tells whether it was changed otherwise, too.
    """

    story: Story
    own: dict[str, File]
    wanted: int
    picks: tuple[int, ...] = ()
    edited: bool = True


@st.composite
def detours(draw: st.DrawFn) -> Detour:
    """Draw a short story and a base beside it, with no two equal lines in any of their files.

    The base is the root with some changes of the story, and what these need, and perhaps with changes of its own.
    """
    deeds = [Author.insert, Author.remove, Author.replace, Author.rename]
    author = Author(draw, "")
    for _ in range(author.number(1, 2)):
        author.tree[NAMES[len(author.tree)]] = File(b"".join(author.text(5, 14)))
    author.commit()
    for _ in range(author.number(1, 4)):
        deeds[author.number(0, 3)](author)
        author.commit()
    story = Story(*author.trees, early=False)
    wanted = author.number(1, story.size)
    asked = [position for position in range(1, story.size + 1) if author.number(0, 2) == 0]
    found = select(story.history(), 0, asked)
    author.tree = made_of(story, found.queue)
    author.trees = [author.tree]
    edits = author.number(0 if asked else 1, 2)
    for _ in range(edits):
        deeds[author.number(0, 3)](author)
    return Detour(story, author.tree, wanted, found.queue, edits > 0)


def made_of(story: Story, queue: Sequence[int]) -> dict[str, File]:
    """Return the root's files after the changes of ``queue``."""
    history = story.history()
    history.prepare(queue)
    tree = dict(story.trees[0])
    for path, state in history.states(queue, Chosen(0, frozenset(queue))).items():
        tree.pop(path.decode(), None)
        if state is not None:
            tree[path.decode()] = File(b"".join(state.lines), state.mode)
    return tree
