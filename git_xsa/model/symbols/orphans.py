"""Find the uses of names whose definition a selected change removes, and the changes that take those uses away.

It is the other half of the search for missing names (``git_xsa.model.symbols.search``): there an added line uses what
is not there yet, here an older line uses what is not there any more.  On the branch that line was gone before the
definition was; the change that took it is needed wherever the definition goes.

A name counts when the branch's file before the removing change defines it on a line that is removed, nothing that the
using file can see defines it under the selection, and the branch uses it no more after that change.  This is about C.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from git_xsa.model.change import REMOVED
from git_xsa.model.rules import NEVER, ROOT, Chosen
from git_xsa.model.symbols.roles import Role, shared, visible
from git_xsa.model.symbols.search import Evidence, Text, places


@dataclass(frozen=True)
class Orphan:
    """A ``use``, a line of the file at ``user``, of a ``name`` whose definition goes.

    The change at ``position`` removes that with ``line`` in its ``hunk`` of the file at ``path``; the change at
    ``taker`` is the one that took the use away on the branch.
    """

    name: bytes
    position: int
    path: bytes
    hunk: int
    line: bytes
    user: bytes
    use: bytes
    taker: int


@dataclass(frozen=True)
class Dropped:
    """A ``word`` that a change takes out of the file at ``path``: what it was there, and the ``line`` that goes."""

    path: bytes
    word: bytes
    role: Role
    line: bytes


def _defines(file: Text, word: bytes, role: Role) -> bool:
    """Whether ``file`` defines ``word`` as what ``role`` is, where that counts."""
    roles = (file.source.role(*place) for place in places(file.text, word))
    return any(
        found is not None
        and found.defines
        and found.space == role.space
        and (not found.local or found.function == role.function)
        for found in roles
    )


class Orphans:
    """The search, under any selection: what it finds out about the branch it keeps for the next one."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._definitions: dict[tuple[int, bytes, bytes], Dropped | None] = {}
        self._before: dict[tuple[int, bytes], tuple[Text, Text]] = {}
        self._base: dict[bytes, Text] = {}

    def find(self, chosen: Chosen) -> list[Orphan]:
        """Return the orphaned uses that a change of the branch takes away, in the order of the removing changes."""
        drops = [
            (position, drop)
            for position in sorted(chosen.queue)
            for drop in self._dropped(position, chosen)
            if self._is_gone(drop, chosen)
        ]
        users = self._users({drop.word for _, drop in drops if not drop.role.local}, chosen)
        return [orphan for position, drop in drops for orphan in self._orphans(position, drop, chosen, users)]

    def _users(self, words: set[bytes], chosen: Chosen) -> dict[bytes, set[bytes]]:
        """Return for each of ``words`` the files that mention it and that a change up to the last selected one touches:
        in the base, or on lines that the queue adds."""
        found: dict[bytes, set[bytes]] = {word: set() for word in words}
        if words:
            for word, paths in self._evidence.users(words, chosen.base, max(chosen.queue)).items():
                found[word].update(paths)
            for position in chosen.queue:
                for path, used in self._evidence.used(position).items():
                    for word in words.intersection(used):
                        found[word].add(path)
        return found

    def _dropped(self, position: int, chosen: Chosen) -> Iterator[Dropped]:
        """Yield the names whose definition the change at ``position`` takes out of a file of C, where another change
        that is not selected took a line with them before: of any file, if others can see that one."""
        for path, words in sorted(self._evidence.dropped(position).items()):
            for word in sorted(words):
                if shared(path) or self._is_taken(path, word, position, chosen):
                    drop = self._definition(position, path, word)
                    if drop is not None:
                        yield drop

    def _is_taken(self, path: bytes, word: bytes, before: int, chosen: Chosen) -> bool:
        """Whether a change before ``before`` that is not selected takes a line with ``word`` from a file."""
        takers = self._evidence.takers(path, word, chosen.base, before)
        return any(taker not in chosen.queue for taker in takers)

    def _definition(self, position: int, path: bytes, word: bytes) -> Dropped | None:
        """Return the definition of ``word`` that the change at ``position`` takes out of the file at ``path``, if it
        takes one and leaves none."""
        key = position, path, word
        if key not in self._definitions:
            before, after = self._sides(position, path)
            self._definitions[key] = None
            for start, end in places(before.text, word):
                line, fate = before.line(start)
                role = before.source.role(start, end) if fate == position else None
                if role is not None and role.defines:
                    if not _defines(after, word, role):
                        self._definitions[key] = Dropped(path, word, role, line)
                    break
        return self._definitions[key]

    def _sides(self, position: int, path: bytes) -> tuple[Text, Text]:
        """Return the file at ``path`` before and after the change at ``position``, with what that makes of it."""
        if (position, path) not in self._before:
            sides = (Chosen(position - 1, frozenset()), Chosen(position, frozenset()))
            before, after = (Text(path, self._evidence.fates({path}, side, position).get(path, ())) for side in sides)
            self._before = {(position, path): (before, after)}  # the words of a file are asked for one after the other
        return self._before[position, path]

    def _orphans(
        self, position: int, drop: Dropped, chosen: Chosen, users: Mapping[bytes, Collection[bytes]]
    ) -> Iterator[Orphan]:
        """Yield the first use that each change took of a name that the change at ``position`` drops; nothing when the
        branch has a use still."""
        paths = {drop.path}
        if not drop.role.local:
            paths.update(path for path in users[drop.word] if visible(path, drop.path))
        paths = {path for path in paths if self._is_taken(path, drop.word, position, chosen)}
        taken: dict[int, tuple[bytes, bytes]] = {}
        for path, lines in sorted(self._evidence.fates(paths, chosen, position).items()):
            file = Text(path, lines)
            for start, end in places(file.text, drop.word):
                text, fate = file.line(start)
                if fate == NEVER or not _uses(file, drop, start, end):
                    continue
                if fate == ROOT:
                    return
                if fate > chosen.base and not _defines(file, drop.word, drop.role):
                    taken.setdefault(fate, (path, text))
        if taken:
            hunk = self._evidence.hunk(position, drop.path, drop.line, REMOVED)
            for taker, (user, use) in sorted(taken.items()):
                yield Orphan(drop.word, position, drop.path, hunk, drop.line, user, use, taker)

    def _is_gone(self, drop: Dropped, chosen: Chosen) -> bool:
        """Whether nothing defines a name any more under the selection, for files that see the one it goes from."""
        own = [Text(path, lines) for path, lines in self._evidence.fates({drop.path}, chosen, ROOT).items()]
        if any(_defines(file, drop.word, drop.role) for file in own):
            return False
        if drop.role.local or not shared(drop.path):
            return True
        adders = self._evidence.adders(drop.word, chosen.base, max(chosen.queue) + 1)
        touched = {path for position, path in adders if position in chosen.queue and path != drop.path}
        fates = self._evidence.fates(touched, chosen, ROOT)
        mentions = self._evidence.mentions([drop.word], [drop.path], chosen.base).get(drop.word, ())
        others = {path for path in mentions if path not in touched and path != drop.path and visible(drop.path, path)}
        texts = [Text(path, lines) for path, lines in fates.items()]
        texts += [self._base_text(path) for path in sorted(others)]
        return not any(_defines(text, drop.word, drop.role) for text in texts)

    def _base_text(self, path: bytes) -> Text:
        if path not in self._base:
            self._base[path] = Text(path, [(self._evidence.base_text(path), ROOT)])
        return self._base[path]


def _uses(file: Text, drop: Dropped, start: int, end: int) -> bool:
    """Whether the word from ``start`` to ``end`` of ``file`` is the name that is dropped, in use."""
    role = file.source.role(start, end)
    if role is None or role.defines or role.space != drop.role.space:
        return False
    return not drop.role.local or (file.path == drop.path and role.function == drop.role.function)
