"""Find the names that added code uses and the resulting tree lacks, and the changes that supply them.

For the lines that selected changes add, each word that an unselected change of the range also adds is a candidate.
It is missing when three things hold: where it stands it is a use (not a comment, not a definition); the resulting file
has no definition that is seen there, and no older use that none of its definitions accounts for, which would have it
from another file; and no file of the base that this one can see mentions it in code, but for what is local there.  It
is supplied by a change that adds a definition which is seen by the use: in another file one for all, in the same file
one whose scope the use is in, once the change is there.

Candidates are found with dictionaries of words; only the few files behind the few candidates are parsed.  A name that
more than two files of the base mention counts as there without a look at them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from git_xsa.model.rules import Chosen
from git_xsa.names.evidence import Evidence, Tree
from git_xsa.names.forms import Form, Forms, Reading
from git_xsa.names.roles import WORD, Role, Source, Space, language_of, visible
from git_xsa.names.texts import Lines, Text, places, words_in

#: A name that so many files of the base mention, or fewer, is looked for in their code; one that more of them
#: mention is there.
FEW_MENTIONS = 2
_INCLUDE = re.compile(rb"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]")


class Supply(NamedTuple):
    """That the change at ``position`` defines a name, with its ``line`` in the file at ``path``."""

    position: int
    path: bytes
    line: bytes


class Missing(NamedTuple):
    """A ``name`` that the change at ``position`` uses on a ``line`` that it adds to the file at ``path`` with its
    ``hunk``, and that the tree lacks.

    ``supplies`` has what could supply it, the oldest first; it is never empty.  ``arguments``: the tree has the name,
    but not for a call with so many.
    """

    name: bytes
    space: Space
    position: int
    path: bytes
    hunk: int
    line: bytes
    supplies: tuple[Supply, ...]
    arguments: int | None = None


def _role(source: Source, word: bytes, start: int, end: int) -> Role | None:
    """Return the role of ``word`` in ``source``; a number, of which a form may make a name, is a name, too."""
    return Role(Space.ORDINARY, defines=False) if word.isdigit() else source.role(start, end)


def _is_seen(roles: Iterable[tuple[int, Role]], use: Role, at: int) -> bool:
    """Whether one of ``roles``, those of a word, is a definition that the ``use`` at the offset ``at`` sees."""
    return any(role.seen_by(use, at) for _, role in roles)


class _UsingFile(Text):
    """A file under a selection, with the words in it that may be missing names."""

    def __init__(self, path: bytes, lines: Lines, candidates: set[bytes]) -> None:
        super().__init__(path, lines)
        self.candidates = candidates
        #: The file as far as it tells the roles of what is used and not defined near its use.
        self.settled: Text = self

    def rows_of(self, positions: Collection[int]) -> list[int]:
        """Return the rows of the lines that the changes at ``positions`` brought."""
        return [row for row, (_, born) in enumerate(self.lines) if born in positions]

    def near(self, rows: Sequence[int]) -> Text:
        """Return the file as far as it tells the roles of words on the lines at ``rows``, and which definitions of it
        they see."""
        starts = [self.starts[row] for row in rows]
        return self.excerpt(lambda start, end: bisect_right(starts, end) > bisect_right(starts, start))


@dataclass
class _Use:
    """One name that is used and perhaps missing, with what might supply it."""

    name: bytes
    role: Role
    position: int
    file: _UsingFile
    row: int
    at: int = 0
    supplies: list[Supply] = field(default_factory=list)
    local: bool = True


class Search:
    """One search: the names that the changes at ``positions`` need, with the changes ``chosen`` selected."""

    def __init__(self, evidence: Evidence, forms: Forms, positions: Collection[int], chosen: Chosen) -> None:
        self._evidence = evidence
        self._forms = forms
        self._positions = frozenset(positions)
        self._chosen = chosen
        self._files: list[_UsingFile] = []
        #: Files under other selections, for what a change would supply.
        self._others: dict[tuple[bytes, int, Chosen], Text] = {}

    def run(self) -> list[Missing]:
        """Return the missing names that a change could supply, in the order of files and lines."""
        candidates = self._candidates()
        touched = [
            position for position in sorted(self._positions) if candidates.keys() & self._evidence.used(position)
        ]
        if not touched:
            return []
        origins = self._evidence.origins(touched, self._chosen, candidates.keys())
        self._files = [
            _UsingFile(path, lines, candidates.get(path, set())) for path, lines in origins.items() if language_of(path)
        ]
        uses = [use for file in self._files for use in self._unresolved(file)]
        supplied = [use for use in uses if use.supplies or self._supply(use)]
        lacking = self._not_there(supplied)
        return [self._missing(use) for use in lacking]

    def _missing(self, use: _Use) -> Missing:
        path, line = use.file.path, use.file.lines[use.row][0]
        hunk = self._evidence.hunk(use.position, path, line)
        return Missing(use.name, use.role.space, use.position, path, hunk, line, tuple(use.supplies))

    def _candidates(self) -> dict[bytes, set[bytes]]:
        """Return by path the words on added lines that an unselected change may supply and the base may lack."""
        base = self._chosen.base
        found: dict[bytes, set[bytes]] = {}
        doubtful: dict[bytes, set[bytes]] = {}
        for position in self._positions:
            for path, words in self._evidence.used(position).items():
                if language_of(path) is None:
                    continue
                if any(word.endswith(b".h") for word in words) or any(
                    reading.word in words for reading in self._forms.readings(path)
                ):
                    found.setdefault(path, set())
                own = self._evidence.defining_in(path)
                for word in words:
                    if word in own and self._unselected(self._evidence.adders_in(path, word, base, position)):
                        found.setdefault(path, set()).add(word)
                    elif self._has_adder(path, word, position):
                        doubtful.setdefault(path, set()).add(word)
        spellings = {word: self._forms.words(word) for words in doubtful.values() for word in words}
        words = set().union(*spellings.values())
        mentions = self._evidence.mentions(words, doubtful.keys(), base) if words else {}
        for path, words in doubtful.items():
            for word in words:
                if not self._often_mentioned(path, spellings[word], mentions):
                    found.setdefault(path, set()).add(word)
        return found

    @staticmethod
    def _often_mentioned(
        path: bytes, spellings: Collection[bytes], mentions: Mapping[bytes, Collection[bytes]]
    ) -> bool:
        """Whether more files than a few, of those that the file at ``path`` can see, mention one of ``spellings``."""
        seen = (where for spelling in spellings for where in mentions.get(spelling, ()) if visible(path, where))
        return next(islice(seen, FEW_MENTIONS, None), None) is not None

    def _unselected(self, positions: Iterable[int]) -> bool:
        return any(position not in self._chosen.queue for position in positions)

    def _has_adder(self, path: bytes, word: bytes, before: int) -> bool:
        """Whether an unselected change may define ``word`` where the file at ``path`` can see it."""
        base, queue = self._chosen.base, self._chosen.queue
        defining = self._evidence.defining(base, before)
        for spelling in self._forms.words(word):  # loops, since this is asked of every word
            for position, where in defining.get(spelling, ()):  # of most words there is none
                if base < position < before and position not in queue and visible(path, where):
                    return True
        return False

    def _unresolved(self, file: _UsingFile) -> Iterator[_Use]:
        """Yield each candidate that the changes' lines of ``file`` use and nothing in ``file`` accounts for, once."""
        uses = list(self._not_near(file))
        words = {use.name for use in uses if not use.supplies}
        if words:
            file.settled = file.with_words(words)
        done: set[tuple[bytes, bytes | None, Space]] = set()
        for use in uses:
            key = use.name, use.role.function, use.role.space
            if use.supplies:
                yield use
            elif key not in done and not self._accounted_for(file.settled, use.name, use.role, use.at):
                done.add(key)
                yield use

    def _not_near(self, file: _UsingFile) -> Iterator[_Use]:
        """Yield each candidate that the changes' lines of ``file`` use and no definition that ``near`` has accounts
        for; those with supplies are settled."""
        readings = self._forms.readings(file.path)
        rows = file.rows_of(self._positions)
        near: Text | None = None
        for row in rows:
            text, born = file.lines[row]
            for reading in readings:
                if reading.line.search(text):
                    yield from self._read(file, row, reading)
            include = _INCLUDE.match(text)
            if include is not None:
                yield from self._included(file, row, include[1])
                continue
            for match in WORD.finditer(text):
                if match[0] not in file.candidates:
                    continue
                near = near or file.near(rows)
                start = file.starts[row] + match.start()
                role = near.source.role(start, start + len(match[0]))
                if role is not None and not role.defines and not self._is_defined(near, match[0], role, start):
                    yield _Use(match[0], role, born, file, row, start)

    def _included(self, file: _UsingFile, row: int, name: bytes) -> Iterator[_Use]:
        """Yield the header ``name``, which a line of ``file`` includes, if only unselected changes make it.

        A base beside the branch may have it already, whoever made it."""
        born = file.lines[row][1]
        folder, slash, _ = file.path.rpartition(b"/")
        made = [
            (position, path)
            for position, path in self._evidence.makers(name, self._chosen.base, born)
            if path == folder + slash + name or ((b"/" + path).endswith(b"/" + name) and visible(file.path, path))
        ]
        there = any(self._evidence.base_text(path) for _, path in made)
        if made and not there and not any(position in self._chosen.queue for position, _ in made):
            supplies = [Supply(position, path, b"") for position, path in made]
            yield _Use(name, Role(Space.ORDINARY, defines=False), born, file, row, supplies=supplies)

    def _read(self, file: _UsingFile, row: int, reading: Reading) -> Iterator[_Use]:
        """Yield the name that a program has since it understands the line at ``row``, if only unselected changes
        bring it."""
        born = file.lines[row][1]
        adders = [
            (position, path)
            for position, path in self._evidence.adders(reading.name, self._chosen.base, born)
            if path.endswith(reading.reader)
        ]
        there = any(next(places(self._evidence.base_text(path), reading.name), None) for _, path in adders)
        if adders and not there and not any(position in self._chosen.queue for position, _ in adders):
            supplies = [
                Supply(position, path, self._line_with(reading.name, position, path)) for position, path in adders
            ]
            yield _Use(reading.name, Role(Space.ORDINARY, defines=False), born, file, row, supplies=supplies)

    def _line_with(self, word: bytes, position: int, path: bytes) -> bytes:
        """Return the first line with ``word`` that the change at ``position`` adds to the file at ``path``."""
        added = self._evidence.added(position, path)
        lines = added.text.split(b"\n")
        return next((lines[row] for row in sorted(added.rows) if next(places(lines[row], word), None)), b"")

    def _is_defined(self, file: Text, word: bytes, use: Role, at: int) -> bool:
        """Whether ``file`` has a definition of ``word`` that the ``use`` at the offset ``at`` sees."""
        if use.span is not None and _is_seen(file.roles(word, self._forms, use.span), use, at):
            return True
        return _is_seen(file.roles(word, self._forms), use, at)

    def _accounted_for(self, file: Text, word: bytes, use: Role, at: int) -> bool:
        """Whether ``file`` has a definition of ``word`` that the ``use`` at the offset ``at`` sees, or uses it on lines
        that are not the changes' own where no definition of ``file`` is seen: then it has it from another file.

        What the text of a macro uses does not show that: the macro may be used where a local variable is seen.
        """
        roles = file.roles(word, self._forms)
        if _is_seen(roles, use, at):
            return True
        return use.space is not Space.LABEL and any(
            self._is_older(file, use, start, role) and not role.floating and not _is_seen(roles, role, start)
            for start, role in roles
        )

    def _is_older(self, file: Text, use: Role, start: int, role: Role) -> bool:
        """Whether ``role`` at ``start`` is another use of the same kind, on a line that is not the changes' own."""
        return role.space is use.space and not role.defines and file.line(start)[1] not in self._positions

    def _supply(self, use: _Use) -> bool:
        """Find what supplies ``use``; return whether anything does."""
        base, queue = self._chosen.base, self._chosen.queue
        path, member = use.file.path, use.role.space is Space.MEMBER
        found: dict[int, Supply] = {}
        for word, form in self._forms.spellings(use.name, member):
            adders = [(position, path) for position in self._evidence.adders_in(path, word, base, use.position)]
            adders += [
                (position, where)
                for position, where in self._evidence.adders(word, base, use.position)
                if where != path and visible(path, where)
            ]
            for position, where in adders:
                if position not in queue and position not in found:
                    supply = self._definition(use, position, where, word, form)
                    if supply is not None:
                        found[position] = supply
        use.supplies = [found[position] for position in sorted(found)]
        return bool(found)

    def _definition(self, use: _Use, position: int, path: bytes, word: bytes, form: Form | None) -> Supply | None:
        """Return how the change at ``position`` defines ``word`` in the file at ``path`` for ``use``, if it does."""
        added = self._evidence.added(position, path)
        source = added.source
        for start, end in places(added.text, word):
            if not added.adds(start):
                continue
            role = _role(source, word, start, end)
            if role is None:
                continue
            if form is not None:
                fits, local = form.fits(added.text, start), False
            else:
                fits, local = role.defines and role.is_for(use.role), role.local
                own = path == use.file.path
                fits = fits and (self._is_supplied(use, position) if own and role.scope is not None else not local)
            if fits:
                use.local = use.local and local
                line = added.text[added.text.rfind(b"\n", 0, start) + 1 :].partition(b"\n")[0]
                return Supply(position, path, line)
        return None

    def _is_supplied(self, use: _Use, position: int) -> bool:
        """Whether the using file has a definition that the use sees once the change at ``position`` is there; or, where
        that change needs others for it, once the branch is there up to the using change, by a line of that change."""
        base, queue = self._chosen.base, self._chosen.queue
        with_it = self._with(use, Chosen(base, queue | {position}))
        if with_it is not None and _is_seen(with_it[0].roles(use.name, self._forms), *with_it[1]):
            return True
        branch = self._with(use, Chosen(base, frozenset(range(base + 1, use.position + 1))))
        if branch is None:
            return False
        text, (role, at) = branch
        roles = text.roles(use.name, self._forms)
        return any(found.seen_by(role, at) and text.line(start)[1] == position for start, found in roles)

    def _with(self, use: _Use, chosen: Chosen) -> tuple[Text, tuple[Role, int]] | None:
        """Return the using file after ``chosen``, with the role and the offset that the use has there; ``None``: the
        line is not there."""
        key = use.file.path, use.position, chosen
        if key not in self._others:
            lines = self._evidence.origins([use.position], chosen, [use.file.path]).get(use.file.path, ())
            self._others[key] = Text(use.file.path, lines)
        text, line = self._others[key], (use.file.lines[use.row][0], use.position)
        same = [row for row, other in enumerate(use.file.lines[: use.row]) if tuple(other) == line]
        rows = [row for row, other in enumerate(text.lines) if tuple(other) == line]
        if len(rows) <= len(same):
            return None
        at = text.starts[rows[len(same)]] + use.at - use.file.starts[use.row]
        role = text.source.role(at, at + len(use.name))
        return (text, (role, at)) if role is not None else None

    def _not_there(self, uses: Sequence[_Use]) -> list[_Use]:
        """Return those of ``uses`` whose name no file mentions that the using file can see, in the base or after the
        queue."""
        words = {
            word
            for use in uses
            if not use.local
            for word, _ in self._forms.spellings(use.name, use.role.space is Space.MEMBER)
        }
        last = max((use.position for use in uses), default=0)
        tree = Tree(self._evidence, self._chosen)
        holders = tree.holders(words, {use.file.path for use in uses}, last)
        touched = {file.path for file in self._files}
        others = {word: sorted(set(holders.get(word, ())) - touched) for word in words}
        having: dict[bytes, list[_UsingFile]] = {}
        for file in self._files:
            for word in words_in(file.text, words):
                having.setdefault(word, []).append(file)
        return [use for use in uses if use.local or not self._is_there(use, tree, having, others)]

    def _is_there(
        self,
        use: _Use,
        tree: Tree,
        having: Mapping[bytes, Sequence[_UsingFile]],
        others: Mapping[bytes, Sequence[bytes]],
    ) -> bool:
        """Whether a file mentions the name of ``use``: one that the changes touch, of which ``having`` says who has a
        word, or one of the ``others`` that may have it."""
        own = use.file.settled.roles(use.name, self._forms)
        if any(role.floating and self._is_older(use.file, use.role, start, role) for start, role in own):
            return True
        for word, form in self._forms.spellings(use.name, use.role.space is Space.MEMBER):
            if any(self._tells(file, use, word, form) for file in having.get(word, ())):
                return True
            seen = (path for path in others.get(word, ()) if visible(use.file.path, path))
            if any(self._tells(tree.file(path), use, word, form) for path in seen):
                return True
        return False

    def _tells(self, file: Text, use: _Use, word: bytes, form: Form | None) -> bool:
        """Whether another file mentions the name of ``use`` in code that counts for all: what is local there does not,
        and the queue's own uses of a name don't show that it is there."""
        if file.path == use.file.path or not visible(use.file.path, file.path) or word not in file.text:
            return False
        if form is not None:
            return any(
                form.fits(file.text, start)
                for start, end in places(file.text, word)
                if _role(file.source, word, start, end) is not None
            )
        roles = [(start, role) for start, role in file.roles(word, self._forms) if role.is_for(use.role)]
        return any(
            not role.local
            and (role.defines or (file.line(start)[1] not in self._chosen.queue and not _is_seen(roles, role, start)))
            for start, role in roles
        )
