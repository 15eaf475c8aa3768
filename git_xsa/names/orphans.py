"""Find the uses of names whose definition a selected change removes, and the changes that take those uses away.

It is the other half of the search for missing names (``git_xsa.names.search``): there an added line uses what
is not there yet, here an older line uses what is not there any more.  On the branch another change took that line
before the definition went; it is needed wherever the definition goes.

A name counts when the branch's file before the removing change defines it on a line that is removed, and when nothing
that the file can see defines it under the selection.  It does not count when the branch goes on to use it in a file in
which such a line was taken: then it comes from somewhere that is not seen from here.  This is about C, and about macros
of the assembler, which C uses in strings; a name that a form makes (``git_xsa.names.forms``) is only known as
one that is defined, not as one that goes.

A function or a macro that takes another number of arguments than before (``git_xsa.names.heads``) goes, too, for the
calls that it took before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from git_xsa.model.change import REMOVED
from git_xsa.model.rules import NEVER, ROOT, Chosen
from git_xsa.names.evidence import Dropped, RemovalEvidence, Tree
from git_xsa.names.forms import Form, Forms
from git_xsa.names.heads import count_of_call, heads_of
from git_xsa.names.roles import Role, Space, shared, visible
from git_xsa.names.texts import Text, places


class Orphan(NamedTuple):
    """A ``use``, a line of the file at ``user``, of a ``name`` whose definition goes.

    The change at ``position`` removes that with ``line`` in its ``hunk`` of the file at ``path``; the change at
    ``taker`` is the one that took the use away on the branch.  ``arguments``: the name stays, but not for a call with
    so many.
    """

    name: bytes
    position: int
    path: bytes
    hunk: int
    line: bytes
    user: bytes
    use: bytes
    taker: int
    arguments: int | None = None


def dropped_definition(before: Text, after: Text, word: bytes, position: int) -> Dropped | None:
    """Return the definition of ``word`` that the change at ``position`` takes out of a file, if it takes one and leaves
    none.  ``before`` has the fates of its lines up to that change; ``after`` may have another name."""
    for start, end in places(before.text, word):
        line, fate = before.line(start)
        role = before.source.role(start, end) if fate == position else None
        if role is None or not role.defines or (role.local and role.function is None):  # a parameter of a prototype
            continue
        return None if _defines(after, word, role) else Dropped(before.path, after.path, word, role, line)
    return None


def _defines(file: Text, word: bytes, role: Role) -> bool:
    """Whether ``file`` defines ``word`` as what ``role`` is, where that counts."""
    roles = (file.source.role(*place) for place in places(file.text, word))
    return any(
        found is not None
        and found.defines
        and (found.is_for(role) or role.is_for(found))
        and (not found.local or found.function == role.function)
        for found in roles
    )


def find_orphans(evidence: RemovalEvidence, forms: Forms, chosen: Chosen, macros: bool = False) -> list[Orphan]:
    """Return the uses of names that go under the selection ``chosen`` and that a change of the branch which is not
    selected takes away, in the order of the removing changes; with ``macros`` of names of macros alone."""
    return _OrphanSearch(evidence, forms, chosen, macros).run()


class _OrphanSearch:
    """One search, under a selection."""

    def __init__(self, evidence: RemovalEvidence, forms: Forms, chosen: Chosen, macros: bool) -> None:
        self._evidence = evidence
        self._macros = macros
        self._forms = forms
        self._chosen = chosen
        self._last = max(chosen.queue, default=chosen.base)
        self._tree = Tree(evidence, chosen)
        #: Files under the selection, with the fates of their lines up to a position.
        self._fated: dict[tuple[bytes, int], Text] = {}

    def run(self) -> list[Orphan]:
        """Return the orphaned uses, one for each name and change that took some."""
        drops = [
            (position, drop)
            for position in sorted(self._chosen.queue)
            for drop in (*self._dropped(position), *self._altered(position))
        ]
        shown = [drop for _, drop in drops if drop.is_shared]
        users = self._users({drop.word for drop in shown}, {drop.path for drop in shown}) if shown else {}
        return [orphan for position, drop in drops for orphan in self._orphans(position, drop, users)]

    def _dropped(self, position: int) -> Iterator[Dropped]:
        """Yield the names whose definition the change at ``position`` takes out of a file of C, where another change
        that is not selected took a line with them before: of any file, if others can see that one."""
        for path, words in sorted(self._evidence.dropped(position, self._macros).items()):
            for word in sorted(words):
                if shared(path) or self._is_taken(path, word, position):
                    drop = self._evidence.definition(position, path, word)
                    if drop is not None:
                        yield drop

    def _altered(self, position: int) -> Iterator[Dropped]:
        """Yield the functions and macros that the change at ``position`` lets be called otherwise than before."""
        role = Role(Space.ORDINARY, defines=True)
        for _, before, path, heads in self._evidence.altered_by(position):
            for word, one in sorted(heads.items()):
                if one.is_narrower and (shared(before) or self._is_taken(before, word, position)):
                    yield Dropped(before, path, word, role, one.line, one)

    def _is_taken(self, path: bytes, word: bytes, before: int) -> bool:
        """Whether a change before ``before`` that is not selected takes a line with ``word`` from a file."""
        takers = self._evidence.takers(path, word, self._chosen.base, before)
        return any(taker not in self._chosen.queue for taker in takers)

    def _users(self, words: set[bytes], paths: set[bytes]) -> dict[bytes, set[bytes]]:
        """Return for each of ``words`` the files that may use it, if one of the files at ``paths`` defines it: those
        that mention it in the base and that a change touches, and those whose added lines in the queue do."""
        found = self._evidence.users(words, paths, self._chosen.base, self._last)
        users = {word: set(found.get(word, ())) for word in words}
        for position in self._chosen.queue:
            for path, used in self._evidence.used(position).items():
                for word in words.intersection(used):
                    users[word].add(path)
        return users

    def _orphans(self, position: int, drop: Dropped, users: Mapping[bytes, set[bytes]]) -> Iterator[Orphan]:
        """Yield the first use that each change took of a name that the change at ``position`` drops; nothing when the
        branch has a use still, in one of those files."""
        paths = {drop.path}
        if drop.is_shared:
            paths.update(path for path in users[drop.word] if visible(path, drop.path))
        taken: dict[int, tuple[bytes, bytes, int | None]] = {}
        for file in self._files({path for path in paths if self._is_taken(path, drop.word, position)}, position):
            for start, end in places(file.text, drop.word):
                text, fate = file.line(start)
                if fate == NEVER or not _uses(file, drop, start, end):
                    continue
                if fate == ROOT:
                    return
                if not self._is_supplied(file, drop, start, end):
                    taken.setdefault(fate, (file.path, text, _count(file, drop, end)))
        counts = {count for _, _, count in taken.values()}
        if taken and self._is_gone(drop, counts):
            hunk = self._evidence.hunk(position, drop.path, drop.line, REMOVED)
            for taker, (user, use, count) in sorted(taken.items()):
                yield Orphan(drop.word, position, drop.path, hunk, drop.line, user, use, taker, count)

    def _files(self, paths: set[bytes], until: int) -> list[Text]:
        """Return those of the files at ``paths`` that are there, with the fates of their lines up to ``until``."""
        unread = {path for path in paths if (path, until) not in self._fated}
        for path, lines in self._evidence.fates(unread, self._chosen, until).items() if unread else ():
            self._fated[path, until] = Text(path, lines)
        return [self._fated[path, until] for path in sorted(paths) if (path, until) in self._fated]

    def _is_supplied(self, file: Text, drop: Dropped, start: int, end: int) -> bool:
        """Whether ``file`` has a definition of the name that is seen by its use from ``start`` to ``end``."""
        use = file.source.role(start, end)  # none in a string of assembler, which sees what is defined anywhere
        roles = [role for _, role in file.roles(drop.word, self._forms)]
        if drop.heads is not None:
            return any(role.defines and role.local for role in roles)
        return any(role.defines and (use is None or role.seen_by(use, start)) for role in roles)

    def _is_gone(self, drop: Dropped, counts: Collection[int | None]) -> bool:
        """Whether nothing defines a name any more under the selection, where the file that it goes from can see it, as
        one that takes one of the ``counts`` of arguments; of a local one it is enough that the uses see no definition.
        """
        own = {drop.path, drop.now}
        if drop.role.local:
            return True
        if drop.heads is not None:
            mentioning = self._tree.holders([drop.word], [drop.path], self._last + 1)[drop.word]
            files = own.union(path for path in mentioning if visible(drop.path, path))
            heads = [head for path in files for _, head in heads_of(self._tree.file(path).text, drop.word)]
            return not any(head.takes(count) for head in heads for count in counts if count is not None)
        spellings = self._forms.spellings(drop.word, drop.role.space is Space.MEMBER)
        holders = self._tree.holders([word for word, _ in spellings], [drop.path], self._last + 1)
        return not any(
            _defines(file, word, drop.role) if form is None else _fits(file, word, form)
            for word, form in spellings
            for file in map(self._tree.file, own.union(path for path in holders[word] if visible(drop.path, path)))
        )


def _fits(file: Text, word: bytes, form: Form) -> bool:
    """Whether ``word`` stands in ``file`` where ``form`` makes a name of it."""
    return any(form.fits(file.text, start) for start, _ in places(file.text, word))


def _count(file: Text, drop: Dropped, end: int) -> int | None:
    """Return with how many arguments the word that ends at ``end`` is called, if that counts for ``drop``."""
    return count_of_call(file.text, end) if drop.heads is not None else None


def _uses(file: Text, drop: Dropped, start: int, end: int) -> bool:
    """Whether the word from ``start`` to ``end`` of ``file`` is the name that is dropped, in use."""
    role = file.source.role(start, end)
    if role is None:
        return drop.in_assembler and file.source.in_string(start, end)
    if role.defines or not drop.role.is_for(role):
        return False
    if drop.heads is not None:
        return drop.loses(_count(file, drop, end))
    return not drop.role.local or (file.path in (drop.path, drop.now) and role.function == drop.role.function)
