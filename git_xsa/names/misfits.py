"""Find calls with a number of arguments that what they call does not take, and the changes after which it does.

It is a search for missing names (``git_xsa.names.search``) of another kind: the name is there, but as a function or a
macro of another shape.  An added line calls it; no definition that the using file sees, in the base or after the queue,
takes such arguments; and a change of the branch that is not selected alters its head so that it does.  That is about
their number, and about pointers for numbers.  What can't be told for certain counts as taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from git_xsa.model.rules import Chosen
from git_xsa.names.evidence import Evidence, Tree
from git_xsa.names.forms import Forms
from git_xsa.names.heads import Alteration, Head, given_by_call, heads_of
from git_xsa.names.roles import Language, Space, language_of, visible
from git_xsa.names.search import Missing, Supply
from git_xsa.names.texts import Text


def find_misfits(evidence: Evidence, forms: Forms, positions: Collection[int], chosen: Chosen) -> list[Missing]:
    """Return the calls that the changes at ``positions`` add and that nothing takes, with the changes ``chosen``
    selected, one for each name and file."""
    return list(_MisfitSearch(evidence, forms, positions, chosen).run())


class _MisfitSearch:
    """One search, under a selection."""

    def __init__(self, evidence: Evidence, forms: Forms, positions: Collection[int], chosen: Chosen) -> None:
        self._evidence, self._forms, self._chosen = evidence, forms, chosen
        self._positions = frozenset(positions)
        self._tree = Tree(evidence, chosen)

    def run(self) -> Iterator[Missing]:
        """Yield the misfits, in the order of files."""
        wanted: dict[bytes, set[bytes]] = {}
        touching: set[int] = set()
        for position in self._positions:
            for path, used in self._evidence.used(position).items():
                if language_of(path) is Language.C:
                    words = {word for word, _ in self._unselected(path, used, position)}
                    wanted.setdefault(path, set()).update(words)
                    touching.update([position] if words else ())
        paths = {path for path, words in wanted.items() if words}
        if not paths:
            return
        for path, lines in sorted(self._evidence.origins(touching, self._chosen, paths).items()):
            for word in sorted(wanted[path]):
                yield from self._in(Text(path, lines), word)

    def _unselected(
        self, path: bytes, words: Collection[bytes], before: int
    ) -> Iterator[tuple[bytes, list[Alteration]]]:
        """Yield those of ``words`` that a change before ``before`` which is not selected alters for the file at
        ``path``, with its alterations."""
        found = self._evidence.altering(path, words, self._chosen.base, before)
        for word, those in sorted(found.items()):
            outside = [one for one in those if one.position not in self._chosen.queue]
            if outside:
                yield word, outside

    def _in(self, file: Text, word: bytes) -> Iterator[Missing]:
        """Yield the first call of ``word`` on the changes' lines of ``file`` that nothing takes."""
        calls = self._calls(file, word)
        older = {len(given) for given, born, _ in calls if born not in self._chosen.queue}
        fresh = [call for call in calls if call[1] in self._positions]
        known = self._known(file, word) if fresh else []
        for given, born, at in fresh:
            if not known or (len(given) in older and not any(head.takes(len(given)) for head in known)):
                continue  # it comes from somewhere that is not seen
            supplies = tuple(self._supplies(file.path, word, given, born, known))
            if supplies:
                line, _ = file.line(at)
                hunk = self._evidence.hunk(born, file.path, line)
                yield Missing(word, Space.ORDINARY, born, file.path, hunk, line, supplies, len(given))
                return

    def _calls(self, file: Text, word: bytes) -> list[tuple[list[bytes], int, int]]:
        """Return the calls of ``word`` in ``file``, each with its arguments, the change that brought it, and its place;
        none where something local may be called."""
        roles = file.roles(word, self._forms)
        if any(role.local for _, role in roles if role.defines):
            return []
        found = []
        for at, role in roles:
            given = given_by_call(file.text, at + len(word))
            if role.space is Space.ORDINARY and not role.defines and given is not None:
                found.append((given, file.line(at)[1], at))
        return found

    def _known(self, file: Text, word: bytes) -> list[Head]:
        """Return the heads of ``word`` that ``file`` sees under the selection."""
        holders = self._tree.holders([word], [file.path], max(self._positions) + 1)[word]
        others = (self._tree.file(path) for path in sorted(holders) if path != file.path and visible(file.path, path))
        texts = [file.text, *(other.text for other in others)]
        return [head for text in texts for _, head in heads_of(text, word)]

    def _supplies(
        self, path: bytes, word: bytes, given: Sequence[bytes], before: int, known: Sequence[Head]
    ) -> Iterator[Supply]:
        """Yield what alters ``word`` before the change at ``before`` so that it takes the arguments ``given``, which
        none of the heads that are ``known`` does."""
        for _, those in self._unselected(path, [word], before):
            for one in those:
                fresh = one.heads[word].new
                text = self._evidence.added(one.position, one.path).text
                for at, head in heads_of(text, word):
                    taken = head in fresh and head.takes(len(given))
                    if taken and not any(other.fits(given, head) for other in known):
                        yield Supply(one.position, one.path, text[at:].lstrip(b"\n").partition(b"\n")[0])
                        break
