"""Which changes of a range alter how functions and macros are called, read from their diffs once for a range."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from git_xsa.git.diffs import FileDiff
from git_xsa.names.heads import Alteration, altered
from git_xsa.names.roles import Language, language_of, shared, visible

if TYPE_CHECKING:
    from git_xsa.git.log import Range
    from git_xsa.model.change import FileChange


class RangeHeads:
    """The alterations of heads by the changes of a range, which it does not keep from going."""

    def __init__(self, history: Range) -> None:
        self._history: Range = weakref.proxy(history)
        self._of: dict[int, list[Alteration]] = {}
        self._shared: dict[bytes, list[Alteration]] = {}
        self._own: dict[bytes, list[Alteration]] = {}
        self._read: set[int] = set()
        self._spans: set[tuple[int, int]] = set()

    def altered_by(self, position: int) -> list[Alteration]:
        """Return what the change at ``position`` alters in files of C."""
        if position not in self._of:
            self._of[position] = list(self._alterations(position, self._history.diffs([position])[position]))
        return self._of[position]

    def altering(
        self, path: bytes, words: Collection[bytes], after: int, before: int
    ) -> Mapping[bytes, list[Alteration]]:
        """Return by name the alterations after which one of ``words`` is called otherwise, by the changes between the
        two positions, in the file at ``path`` or one that others may see and that this one sees; the oldest first."""
        if (after, before) not in self._spans:
            self._read_between(after, before)
            self._spans.add((after, before))
        found: dict[bytes, list[Alteration]] = {}
        for word in self._shared.keys() & words:
            for one in self._shared[word]:
                if after < one.position < before and visible(path, one.path):
                    found.setdefault(word, []).append(one)
        if not shared(path):
            for one in self._in(path):
                if after < one.position < before:
                    for word in one.heads.keys() & words:
                        found.setdefault(word, []).append(one)
        # they were read in the order in which bases were asked about
        return {word: sorted(those, key=lambda one: one.position) for word, those in found.items()}

    def _in(self, path: bytes) -> list[Alteration]:
        """Return all alterations in the file at ``path``."""
        if path not in self._own:
            touches = self._history.index.of([path])
            positions = sorted({touch.position for touch in touches if touch.new_path == path})
            self._own[path] = [
                one
                for position in positions
                for one in self._alterations(position, self._history.diffs_of(position, path))
                if one.path == path
            ]
        return self._own[path]

    def _read_between(self, after: int, before: int) -> None:
        """Note what the changes between the two positions alter in files that others may see."""
        wanted = [position for position in range(after + 1, before) if position not in self._read]
        paths: dict[int, set[bytes]] = {}
        for touch in self._history.everything.at(wanted):
            if touch.new_path is not None and touch.new_path.endswith(b".h"):
                paths.setdefault(touch.position, set()).add(touch.new_path)
        self._history.diffs(sorted(paths))
        for position, names in sorted(paths.items()):
            for path in sorted(names):
                for one in self._alterations(position, self._history.diffs_of(position, path)):
                    for word in one.heads if one.path == path else ():
                        self._shared.setdefault(word, []).append(one)
        self._read.update(wanted)

    @staticmethod
    def _alterations(position: int, diffs: Iterable[FileDiff | FileChange]) -> Iterator[Alteration]:
        for diff in diffs:
            old, new = diff.old_path, diff.new_path
            if isinstance(diff, FileDiff) and old is not None and new is not None and language_of(new) is Language.C:
                heads = altered(diff.body)
                if heads:
                    yield Alteration(position, old, new, heads)
