"""Which words the changes of a range add, and which files of a base hold a word: the evidence of the search for names.

The words are collected once for a range and serve every base and every patch: of the changes that touch a file that
others may see, and of all such files in the tree that the range starts from, which are read in two calls of git.
Asking ``git grep`` for the names took ten to a hundred times as long, from fifty names on.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from git_xsa.git.diffs import FileDiff, as_change
from git_xsa.git.repository import Repository
from git_xsa.model.change import ADDED, CONTEXT, REMOVED, SUBMODULE_MODE, FileChange
from git_xsa.model.rules import Chosen
from git_xsa.names.evidence import Added, Dropped
from git_xsa.names.orphans import dropped_definition
from git_xsa.names.range_heads import RangeHeads
from git_xsa.names.roles import KEYWORDS, WORD, Language, Standpoint, language_of, shared, standpoint, visible
from git_xsa.names.texts import LONGEST_LINE, Text, code, words_in, words_of

if TYPE_CHECKING:
    from git_xsa.git.log import Range
    from git_xsa.names.forms import Forms

_C = (b".c", b".h")
_ADDED_LINE, _REMOVED_LINE = (
    re.compile(rb"^%s(.{0,%d})$" % (sign, LONGEST_LINE), re.MULTILINE) for sign in (rb"\+", b"-")
)
#: Words that may be defined where they stand: at the start of a line (or after the ``|`` there, in OCaml) or after a
#: word, ``*`` or a brace, and before a sign that may follow a name there; or after a comma behind which there is no
#: ``)`` on the line.  Many are not; none that is gets lost, but for macros, whose texts begin with anything, and for
#: what the table of forms says.
_NAME = rb"([A-Za-z_]\w*)\b(?=[ \t]*(?:[;,=\[(:){}+?\\\r]|$|\w|/[*/]))"
_DEFINABLE = re.compile(rb"(?:^[ \t]*(?:\|[ \t]*)?|(?<=[\w*}])[ \t]+|(?<=\*)|\{[ \t]*)" + _NAME, re.MULTILINE)
_LISTED, _BRACKETED = re.compile(rb",[ \t]*" + _NAME, re.MULTILINE), re.compile(rb"^[^\n]*\)", re.MULTILINE)
#: Lines of C that define nothing: a whole statement, but for declarations.  They are most of what is added; only the
#: second of two variables that share a type and stand on two lines is lost.
_STATEMENT = re.compile(
    rb"^[ \t]+(?:(?:[\w.\[\]]|->)+[ \t]*(?:(?:[-+*/%|&^]|<<|>>)?=[^{\n]*|\([^{\n]*\));"
    rb"|(?:return|goto|if|else|while|switch|case)\b[^{\n]*)$",
    re.MULTILINE,
)
#: Comments of C, whole or as far as they stand on lines of a diff.
_COMMENT = re.compile(rb"/\*(?:[^*]|\*(?!/))*(?:\*/|$)|//[^\n]*|^[ \t]*\*(?:[ \t/][^\n]*)?$", re.MULTILINE)
_MACRO = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_ADDED_MACRO, _REMOVED_MACRO = (
    re.compile(rb"^%s[ \t]*(?:#[ \t]*define|\.macro)[ \t]+(\w+)" % sign, re.MULTILINE) for sign in (rb"\+", b"-")
)
#: It begins where a word does: in a word of a million letters, each would be tried else.
_CALL = re.compile(rb"(?<!\w)(\w+)[ \t]*\(([^()]*)")
#: A piece of a name that a form makes: it may begin with a digit.
_FORMED = re.compile(rb"\w+")
_INCLUDED = re.compile(rb"^\+[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)", re.MULTILINE)


#: How many files that changes made are kept for the next question, parsed.
KEPT = 256


class AddedWords:
    """The words that the changes of a range add, by file: those that are used and those that may be defined there.

    ``forms`` say which macros' arguments, and what behind which words, may be names that are defined.  It
    is the range's own, and does not keep that from going.
    """

    def __init__(self, repository: Repository, history: Range, forms: Forms) -> None:
        self._repository = repository
        self._history: Range = weakref.proxy(history)
        self._forms = forms
        self._tree = history.base or history.root
        self._used: dict[int, dict[bytes, frozenset[bytes]]] = {}
        self._definable: dict[tuple[int, bytes], frozenset[bytes]] = {}
        self._adders_in: dict[bytes, dict[bytes, list[int]]] = {}
        self._read: set[int] = set()
        self._spans: set[tuple[int, int]] = set()
        self._made: list[tuple[int, bytes]] = []
        self._adders: dict[bytes, list[tuple[int, bytes]]] = {}
        self._mentions: dict[bytes, set[bytes]] = {}
        self._standpoints: set[Standpoint] = set()
        self._held: dict[bytes, frozenset[bytes]] = {}
        self._added: dict[tuple[int, bytes], Added] = {}
        self._dropped: dict[tuple[int, bool], dict[bytes, set[bytes]]] = {}
        self._definitions: dict[tuple[int, bytes, bytes], Dropped | None] = {}
        self._sides: tuple[tuple[int, bytes], Text, Text] | None = None
        self._takers: dict[bytes, dict[bytes, list[int]]] = {}
        #: By word: the contents that were searched for it, and those that hold it.
        self._searched: dict[bytes, set[str]] = {}
        self._holders: dict[bytes, set[str]] = {}
        self.heads = RangeHeads(history)

    def used(self, position: int) -> Mapping[bytes, Collection[bytes]]:
        """Return the words on the lines that the change at ``position`` adds, and the names of headers that they
        include, by the path of the file."""
        if position not in self._used:
            found = {}
            for diff in self._history.diffs([position])[position]:
                if diff.new_path is not None and language_of(diff.new_path) is not None:
                    body = _body(diff)
                    included = _INCLUDED.findall(body)
                    found[diff.new_path] = frozenset((*WORD.findall(_added(body)), *included))
            self._used[position] = found
        return self._used[position]

    def adders(self, word: bytes, after: int, before: int) -> Iterable[tuple[int, bytes]]:
        """Return the changes between the two positions that may define ``word`` in a file that others may see, the
        oldest first: they were read in the order in which bases were asked about."""
        return sorted(adder for adder in self.defining(after, before).get(word, ()) if after < adder[0] < before)

    def defining(self, after: int, before: int) -> Mapping[bytes, Sequence[tuple[int, bytes]]]:
        """Return by word the changes that may define it in a file that others may see: all of those between the two
        positions, and some others."""
        if (after, before) not in self._spans:
            self._read_between(after, before)
            self._spans.add((after, before))
        return self._adders

    def makers(self, ending: bytes, after: int, before: int) -> Iterable[tuple[int, bytes]]:
        """Return the changes between the two positions that make a file whose path ends with ``ending``, the oldest
        first."""
        self.defining(after, before)
        return sorted(made for made in self._made if after < made[0] < before and made[1].endswith(ending))

    def adders_in(self, path: bytes, word: bytes, after: int, before: int) -> Collection[int]:
        """Return the changes between the two positions that may define ``word`` in the file at ``path``."""
        return [position for position in self.defining_in(path).get(word, ()) if after < position < before]

    def defining_in(self, path: bytes) -> Mapping[bytes, Sequence[int]]:
        """Return by word the changes of the range that may define it in the file at ``path``."""
        if path not in self._adders_in:
            found: dict[bytes, list[int]] = {}
            for touch in self._history.index.of([path]):
                if touch.new_path == path:
                    for definable in self._definable_in(touch.position, path):
                        found.setdefault(definable, []).append(touch.position)
            self._adders_in[path] = found
        return self._adders_in[path]

    def _definable_in(self, position: int, path: bytes) -> frozenset[bytes]:
        if (position, path) not in self._definable:
            words: set[bytes] = set()
            for diff in self._history.diffs_of(position, path):
                if isinstance(diff, FileDiff) and diff.new_path == path:
                    words.update(self._may_define(_added(diff.body), path))
            self._definable[position, path] = frozenset(words)
        return self._definable[position, path]

    def _may_define(self, text: bytes, path: bytes) -> Iterable[bytes]:
        """Yield the words that ``text``, lines of the file at ``path``, may define."""
        plain = _STATEMENT.sub(b"", text) if path.endswith(_C) else text
        yield from _DEFINABLE.findall(plain)
        if b"," in plain:
            yield from _LISTED.findall(_BRACKETED.sub(b"", plain))
        yield from _MACRO.findall(plain)
        yield from self._forms.followed.findall(plain)
        for macro, arguments in _CALL.findall(text):  # a macro of the table may stand as a statement
            if macro in self._forms.macros:
                yield from _FORMED.findall(arguments)

    def _read_between(self, after: int, before: int) -> None:
        """Note what the changes between the two positions do to files that others may see."""
        wanted = [position for position in range(after + 1, before) if position not in self._read]
        paths: dict[int, set[bytes]] = {}
        for touch in self._history.everything.at(wanted):
            if touch.new_path is not None and shared(touch.new_path):
                paths.setdefault(touch.position, set()).add(touch.new_path)
                if touch.old_path != touch.new_path:
                    self._made.append((touch.position, touch.new_path))
        self._history.diffs(sorted(paths))
        for position, names in paths.items():
            for path in sorted(names):  # of several that define a word, the first is shown
                for word in self._definable_in(position, path):
                    self._adders.setdefault(word, []).append((position, path))
        self._read.update(wanted)

    def added(self, position: int, path: bytes) -> Added:
        """Return what the change at ``position`` made of the file at ``path``."""
        if (position, path) in self._added:
            return self._added[position, path]
        rows: set[int] = set()
        name = b""
        for diff in self._history.diffs_of(position, path):
            if isinstance(diff, FileDiff) and diff.new_path == path:
                name = diff.new_id
                for hunk in diff.change().hunks:
                    row = hunk.new_start - 1
                    for mark in hunk.marks:
                        if mark == ADDED:
                            rows.add(row)
                        row += mark != REMOVED
        text = self._history.contents([name.decode()])[name.decode()] if rows else b""
        if len(self._added) >= KEPT:
            self._added.clear()
        self._added[position, path] = Added(path, code(text), frozenset(rows))
        return self._added[position, path]

    def dropped(self, position: int, macros: bool) -> Mapping[bytes, Collection[bytes]]:
        """Return the words that lines of C which the change at ``position`` removes may define and no line that it
        adds to the same file, by the path that the file has before; with ``macros`` only macros, which cost little."""
        key = position, macros
        if key not in self._dropped:
            found = {}
            for diff in self._history.diffs([position])[position]:
                if diff.old_path is not None and language_of(diff.old_path) is Language.C:
                    words = self._dropped_from(diff, diff.old_path, macros)
                    if words:
                        found[diff.old_path] = words
            self._dropped[key] = found
        return self._dropped[key]

    def _dropped_from(self, diff: FileDiff | FileChange, path: bytes, macros: bool) -> set[bytes]:
        body = _body(diff)
        if macros:
            old_macros = set(_REMOVED_MACRO.findall(body))
            return old_macros.difference(_ADDED_MACRO.findall(body)) if old_macros else old_macros
        old, new = _lines(_REMOVED_LINE, body), _lines(_ADDED_LINE, body)
        return {*self._may_define(_COMMENT.sub(b"", old), path)}.difference(self._may_define(new, path), KEYWORDS)

    def definition(self, position: int, path: bytes, word: bytes) -> Dropped | None:
        """Return the definition of ``word`` that the change at ``position`` takes out of the file at ``path``, if it
        takes one and leaves none."""
        key = position, path, word
        if key not in self._definitions:
            if self._sides is None or self._sides[0] != (position, path):
                # the words of a file are asked for one after the other
                renamed = [diff.new_path for diff in self._history.diffs_of(position, path) if diff.old_path == path]
                now = next(filter(None, renamed), path)
                self._sides = (position, path), self._side(position - 1, position, path), self._side(position, 0, now)
            _, before, after = self._sides
            self._definitions[key] = dropped_definition(before, after, word, position)
        return self._definitions[key]

    def _side(self, upto: int, until: int, path: bytes) -> Text:
        """Return the branch's file at ``path`` after the change at ``upto``, with the fates of its lines."""
        found = self._history.branch_history.fates({path}, Chosen(upto, frozenset()), until)
        return Text(path, found.get(path, ()))

    def takers(self, path: bytes, word: bytes, after: int, before: int) -> Collection[int]:
        """Return the changes between the two positions that take a line with ``word`` from the file at ``path``, which
        may have another name by then."""
        if path not in self._takers:
            found: dict[bytes, list[int]] = {}
            for touch in self._history.index.of([path]):
                for taken in self._taken_from(touch.position, touch.old_path):
                    found.setdefault(taken, []).append(touch.position)
            self._takers[path] = found
        positions = self._takers[path].get(word)
        return [position for position in positions if after < position < before] if positions else ()

    def _taken_from(self, position: int, path: bytes | None) -> set[bytes]:
        """Return the words on the lines that the change at ``position`` takes from the file at ``path``."""
        words: set[bytes] = set()
        for diff in self._history.diffs_of(position, path) if path is not None else ():
            if diff.old_path == path:
                body = _body(diff)
                words.update(WORD.findall(_lines(_REMOVED_LINE, body)))
        return words

    def users(
        self, words: Collection[bytes], paths: Collection[bytes], after: int, before: int
    ) -> Mapping[bytes, Collection[bytes]]:
        """Return for each of ``words`` the files that mention it, of those that can see one of the files at ``paths``
        and that a change between the two positions touches, as they are before the first such change."""
        names: dict[bytes, str] = {}
        for touch in self._history.everything.at(range(after + 1, before)):
            user, name = touch.old_path, touch.old_id
            if user is None or name is None or user in names or touch.old_mode == SUBMODULE_MODE:
                continue
            if any(visible(user, path) for path in paths):
                names[user] = name
        blobs = set(names.values())
        fresh = set().union(*(blobs.difference(self._searched.get(word, ())) for word in words))
        for name, text in self._history.contents(sorted(fresh)).items():
            for word in words_in(text, words):
                self._holders.setdefault(word, set()).add(name)
        for word in words:
            self._searched.setdefault(word, set()).update(blobs)
        return {word: [user for user, name in names.items() if name in self._holders.get(word, ())] for word in words}

    def mentions(
        self, words: Collection[bytes], users: Collection[bytes], base: int
    ) -> Mapping[bytes, Collection[bytes]]:
        """Return for each of ``words`` the paths of the files that mention it in the base at position ``base``, of
        those at least that one of the files ``users`` can see."""
        new = {standpoint(user) for user in users} - self._standpoints
        self._standpoints |= new
        fresh = self._hold({path for path in self._listing if any(user.sees(path) for user in new)}) if new else []
        for word, where in self._mentions.items():
            where.update(path for path in fresh if word in self._held[path])
        unknown = set(words) - self._mentions.keys()
        if unknown:
            self._mentions.update((word, set()) for word in unknown)
            for path, held in self._held.items():
                for word in unknown & held:
                    self._mentions[word].add(path)
        if not base:
            return self._mentions
        taken_in = {word: [path for _, path in self.adders(word, 0, base + 1)] for word in words}
        return {
            word: self._mentions[word].union(more) if more else self._mentions[word] for word, more in taken_in.items()
        }

    @cached_property
    def _listing(self) -> dict[bytes, bytes]:
        """Object name of every file that others may see, in the tree that the range starts from."""
        listing = self._repository.git.start("ls-tree", "-r", "-z", "--full-tree", self._tree)
        found = listing.finish().out.split(b"\0")[:-1]
        entries = [(words.split(), path) for words, _, path in (line.partition(b"\t") for line in found)]
        return {path: words[2] for words, path in entries if words[1] == b"blob" and shared(path)}

    def _hold(self, paths: set[bytes]) -> list[bytes]:
        """Read the words of the files at ``paths`` that were not read yet; return which those are."""
        fresh = sorted(paths - self._held.keys())
        if fresh:
            names = b"".join(self._listing[path] + b"\n" for path in fresh)
            answer = self._repository.git.start("cat-file", "--batch", "--buffer", given=names).finish().out
            at = 0
            for path in fresh:
                end = answer.index(b"\n", at)
                size = int(answer[at:end].split()[2])
                at = end + size + 2
                self._held[path] = frozenset(words_of(answer[end:at]))
        return fresh


def _lines(pattern: re.Pattern[bytes], body: bytes) -> bytes:
    return b"\n".join(pattern.findall(body))


def _added(body: bytes) -> bytes:
    return _lines(_ADDED_LINE, body)


def _body(diff: FileDiff | FileChange) -> bytes:
    """Return the diff's text from its first hunk on; of a patch that is no commit only the changed lines."""
    if isinstance(diff, FileDiff):
        return diff.body
    hunks = (zip(hunk.marks, hunk.texts, strict=True) for hunk in diff.hunks)
    return b"".join(
        bytes([mark]) + text.rstrip(b"\n") + b"\n" for hunk in hunks for mark, text in hunk if mark != CONTEXT
    )


#: The words of a range serve every base and every patch: they are kept as long as the range is.
_WORDS: weakref.WeakKeyDictionary[Range, AddedWords] = weakref.WeakKeyDictionary()


def _words_of(repository: Repository, history: Range, forms: Forms) -> AddedWords:
    """Return which words the changes of ``history`` add; ``forms``, always the same, say how names are made."""
    if history not in _WORDS:
        _WORDS[history] = AddedWords(repository, history, forms)
    return _WORDS[history]


class Names:
    """The evidence about one base, by its object name, in one range (``git_xsa.names.search.Evidence``)."""

    def __init__(self, repository: Repository, history: Range, base: str, forms: Forms) -> None:
        self._repository = repository
        self._history = history
        self._base = base
        self._texts: dict[bytes, bytes] = {}
        words = _words_of(repository, history, forms)
        self.used, self.mentions, self.makers, self.added = words.used, words.mentions, words.makers, words.added
        self.adders, self.adders_in = words.adders, words.adders_in
        self.defining, self.defining_in = words.defining, words.defining_in
        self.dropped, self.definition = words.dropped, words.definition
        self.takers, self.users = words.takers, words.users
        self.altering, self.altered_by = words.heads.altering, words.heads.altered_by

    def origins(
        self, positions: Collection[int], chosen: Chosen, paths: Collection[bytes]
    ) -> Mapping[bytes, Sequence[tuple[bytes, int]]]:
        """Return the lines of the files at ``paths`` that the changes at ``positions`` touch, after ``chosen``."""
        return self._history.history.origins(positions, chosen, paths)

    def fates(
        self, paths: Collection[bytes], chosen: Chosen, until: int
    ) -> Mapping[bytes, Sequence[tuple[bytes, int]]]:
        """Return the lines of the files at ``paths`` after ``chosen``, and what the branch made of each."""
        return self._history.history.fates(paths, chosen, until)

    def hunk(self, position: int, path: bytes, line: bytes, mark: int = ADDED) -> int:
        """Return the number of the hunk by which the change at ``position`` adds ``line`` to ``path``, or removes it;
        0: none."""
        for diff in self._history.diffs_of(position, path):
            for number, hunk in enumerate(as_change(diff).hunks, 1):
                if any(own == mark and text == line for own, text in zip(hunk.marks, hunk.texts, strict=True)):
                    return number
        return 0

    def has(self, position: int) -> bool:
        """Return whether the base, one beside the branch, has all of the change at ``position``."""
        return self._history.tree is not None and self._history.history.taken(position)

    def base_text(self, path: bytes) -> bytes:
        """Return the file at ``path`` as the base has it."""
        if path not in self._texts:
            name = path.decode("utf-8", "surrogateescape")
            found = self._repository.read(f"{self._base}:{name}")
            self._texts[path] = found[2] if found is not None else b""
        return self._texts[path]
