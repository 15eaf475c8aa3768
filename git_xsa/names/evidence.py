"""What the searches for names ask of a range of changes and of the base's tree, and the answers they get."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from git_xsa.model.change import ADDED
from git_xsa.model.rules import ROOT, Chosen
from git_xsa.names.heads import Alteration, Altered
from git_xsa.names.roles import Role, Source, shared
from git_xsa.names.texts import Lines, Text, read


@dataclass(frozen=True)
class Added:
    """What a change made of the file at ``path``: the whole ``text`` after it, and the ``rows`` (from 0) of the lines
    it added."""

    path: bytes
    text: bytes
    rows: frozenset[int]

    @cached_property
    def source(self) -> Source:
        """The text, read."""
        return read(self.path, self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(b"\n", self.text))]

    def adds(self, place: int) -> bool:
        """Return whether the line at the offset ``place`` is one that the change added."""
        return bisect_right(self._starts, place) - 1 in self.rows


class Dropped(NamedTuple):
    """A ``word`` that a change takes out of the file at ``path``, which is at ``now`` after it: what it was there, and
    the ``line`` that goes.  ``heads``: the word stays, and only a call that it took before and does not take after
    (``loses``) is a use of what goes."""

    path: bytes
    now: bytes
    word: bytes
    role: Role
    line: bytes
    heads: Altered | None = None

    def loses(self, count: int | None) -> bool:
        """Whether a call with ``count`` arguments was one of the word before the change, and is none after it."""
        return count is not None and self.heads is not None and self.heads.loses(count)

    @property
    def is_shared(self) -> bool:
        """Whether other files may see it."""
        return not self.role.local and shared(self.path)

    @property
    def in_assembler(self) -> bool:
        """Whether it is a macro of the assembler, which C uses by strings."""
        return self.line.lstrip().startswith(b".macro")


class Evidence(Protocol):
    """What the search asks of a range of changes and of the base's tree."""

    def used(self, position: int) -> Mapping[bytes, Collection[bytes]]:
        """Return the words on the lines that the change at ``position`` adds, by the path of the file."""

    def defining(self, after: int, before: int) -> Mapping[bytes, Sequence[tuple[int, bytes]]]:
        """Return by word the changes that may define it in a file that others may see: all of those between the two
        positions, and some others."""

    def defining_in(self, path: bytes) -> Mapping[bytes, Sequence[int]]:
        """Return by word the changes of the range that may define it in the file at ``path``."""

    def adders(self, word: bytes, after: int, before: int) -> Iterable[tuple[int, bytes]]:
        """Return the changes after ``after`` and before ``before`` that may define ``word`` in a file that others may
        see, each with the file's path; the oldest first."""

    def adders_in(self, path: bytes, word: bytes, after: int, before: int) -> Collection[int]:
        """Return the changes after ``after`` and before ``before`` that may define ``word`` in the file at ``path``."""

    def makers(self, ending: bytes, after: int, before: int) -> Iterable[tuple[int, bytes]]:
        """Return the changes after ``after`` and before ``before`` that make a file whose path ends so, with it; the
        oldest first."""

    def mentions(
        self, words: Collection[bytes], users: Collection[bytes], base: int
    ) -> Mapping[bytes, Collection[bytes]]:
        """Return for each of ``words`` the paths of the files that mention it in the base, of those at least that one
        of the files ``users`` can see."""

    def has(self, position: int) -> bool:
        """Return whether the base, one beside the branch, has all of the change at ``position``."""

    def base_text(self, path: bytes) -> bytes:
        """Return the file at ``path`` as the base has it; nothing when it has none."""

    def origins(self, positions: Collection[int], chosen: Chosen, paths: Collection[bytes]) -> Mapping[bytes, Lines]:
        """Return the lines of those files that ever have one of the names ``paths`` and that the changes at
        ``positions`` touch, as they are after ``chosen``; none for a name that no file has then."""

    def altering(
        self, path: bytes, words: Collection[bytes], after: int, before: int
    ) -> Mapping[bytes, Sequence[Alteration]]:
        """Return by name the alterations after which one of ``words`` is called otherwise, by the changes between the
        two positions, in the file at ``path`` or one that it sees."""

    def added(self, position: int, path: bytes) -> Added:
        """Return what the change at ``position`` made of the file at ``path``."""

    def hunk(self, position: int, path: bytes, line: bytes, mark: int = ADDED) -> int:
        """Return the number of the hunk by which the change at ``position`` adds ``line`` to ``path``, or removes it
        (the ``mark`` is ``REMOVED``); 0: none."""


class RemovalEvidence(Evidence, Protocol):
    """What the search for uses of names that go asks, besides."""

    def dropped(self, position: int, macros: bool) -> Mapping[bytes, Collection[bytes]]:
        """Return the words that lines of C which the change at ``position`` removes may define and no line that it
        adds to the same file, by the path that the file has before; with ``macros`` only macros."""

    def altered_by(self, position: int) -> Sequence[Alteration]:
        """Return what the change at ``position`` makes of the heads of functions and macros in files of C."""

    def definition(self, position: int, path: bytes, word: bytes) -> Dropped | None:
        """Return what ``dropped_definition`` does of the file at ``path`` before and after the change at
        ``position``."""

    def takers(self, path: bytes, word: bytes, after: int, before: int) -> Collection[int]:
        """Return the changes after ``after`` and before ``before`` that take a line with ``word`` from the file at
        ``path``, which may have another name by then."""

    def users(
        self, words: Collection[bytes], paths: Collection[bytes], after: int, before: int
    ) -> Mapping[bytes, Collection[bytes]]:
        """Return for each of ``words`` the files that mention it, of those that can see one of the files at ``paths``
        and that a change after ``after`` and before ``before`` touches, as they are before the first such change."""

    def fates(self, paths: Collection[bytes], chosen: Chosen, until: int) -> Mapping[bytes, Lines]:
        """Return the lines of those files at ``paths`` that the range touches, as they are after ``chosen``, each with
        the position of the change, up to ``until``, by which the branch took it (``ROOT``: the branch still has it;
        ``NEVER``: there is nothing to say)."""


class Tree:
    """The files after a base and a queue, read when they must be."""

    def __init__(self, evidence: Evidence, chosen: Chosen) -> None:
        self._evidence = evidence
        self._chosen = chosen
        self._files: dict[bytes, Text] = {}
        self._asked: set[bytes] = set()

    def load(self, paths: Collection[bytes]) -> None:
        """Read those of the files at ``paths`` that the queue touches, in one go."""
        wanted = set(paths) - self._asked
        self._asked |= wanted
        for path, lines in self._evidence.origins(self._chosen.queue, self._chosen, wanted).items() if wanted else ():
            self._files[path] = Text(path, lines)

    def file(self, path: bytes) -> Text:
        """Return the file at ``path``, whose language must be known: an empty one if there is none."""
        self.load([path])
        if path not in self._files:
            self._files[path] = Text(path, [(self._evidence.base_text(path), ROOT)])
        return self._files[path]

    def holders(self, words: Collection[bytes], users: Collection[bytes], last: int) -> dict[bytes, set[bytes]]:
        """Return for each of ``words`` the files that may mention it, of those at least that one of the files ``users``
        can see: in the base, or by a definition that a change of the queue before ``last`` adds."""
        base, queue = self._chosen.base, self._chosen.queue
        mentions = self._evidence.mentions(words, users, base) if words else {}
        found = {word: set(mentions.get(word, ())) for word in words}
        for word in words:
            found[word].update(path for position, path in self._evidence.adders(word, base, last) if position in queue)
        self.load(set().union(*found.values()))
        return found
