"""Recognise embargoed patches and texts in what is about to be pushed.

What is looked for is changed lines, with all white space taken out and whatever file they are in now::

    a patch under embargo                 a commit that is pushed
    -    if ( len > max )                 +    trace(op);                    another change, squashed with it
    +    if ( len >= max || !op )         -        if (len > max)            moved to the right, and blanks dropped
    +        return -EMSGSIZE;            +        if (len >= max || !op)    ... found
                                          +            return -E2BIG;        edited

Each changed line of the patch weighs as much as it has names and numbers in it, except those that its file had
already.  A commit has the patch when it changes most of that weight in the same direction: lines that it both adds and
removes are moved, and do not count.  In files of other names that takes more.

Small patches don't weigh enough for that.  They are found by the block of changed lines as a whole together with the
lines around it, in a file of the same name.

Texts (a patch's message, an advisory) are found by sixteen words in a row, titles as a whole.  What of them older
messages have, which are public, can't leak (``Watch.forget``): fixes quote the commits that they mend.

The measures were chosen on the 62,087 commits of xen.git's branches and the 1,622 commits that fix XSAs on 4.6 to
4.14; ``bench/leak`` tells what they find there and what they take for it wrongly.  What they can't see:

1. a patch of which most lines were rewritten; a small patch of which any changed line was;
2. a part of a patch with little weight;
3. text that is packed, encoded or translated; files that git calls binary; a change of nothing but modes or names.

Promises: pure.  The time that a commit takes grows with its length alone, not with the number of patches.  A match
tells the advisory's number and the kind of match, and nothing of what matched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import Enum
from functools import cached_property
from itertools import pairwise

from git_xsa.model.change import ADDED, CONTEXT, REMOVED, FileChange
from git_xsa.model.marks import marked_advisories

#: The weight from which on a patch is found by its lines even when some of them are edited, and the share of the weight
#: that a commit must have, in files of the same name in the same folder or in any other folder.
ENOUGH, SHARE, SHARE_IN_ANOTHER_FOLDER = 24, 0.7, 0.8
#: The same for what a patch adds that is nearly that large, when the branch has a part already.
ENOUGH_OF_MOST, SHARE_OF_MOST = 20, 0.85
#: The weight from which on a patch is found by its lines when it has all of them.
ENOUGH_FOR_ALL = 16
#: The weight and share in files of other names.
ENOUGH_ELSEWHERE, SHARE_ELSEWHERE = 40, 0.8
#: Lines around a block of a small patch that are compared on each side, and the share of them that must be the same:
#: in the mean of its blocks, unless it has a weight of ``ENOUGH_ALONE``, and of each one.
AROUND, SHARE_AROUND, SHARE_OF_ONE = 3, 0.6, 0.3
ENOUGH_ALONE = 8
#: The weight that a small patch needs with the lines around it; below that all of them must be the same.
ENOUGH_AROUND = 8
#: So many words in a row are no accident.
WORDS = 16
#: So many lines of at least that length are no accident either.
LINES, LINE_LENGTH = 2, 40
#: So many words make a title that is found anywhere, so many one that must be the whole first line.
TITLE_WORDS, SUBJECT_WORDS = 6, 3

#: So many lines of a file are compared anew at most.
LONGEST = 1_500

#: How near the file is (see ``_Commit.kind``), with weight and share.
_MEASURES = (
    (3, ENOUGH, SHARE),
    (2, ENOUGH, SHARE_IN_ANOTHER_FOLDER),
    (1, ENOUGH_ELSEWHERE, SHARE_ELSEWHERE),
)
_BLANK = b" \t\r\v\f"
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,}|[0-9][0-9A-Fa-fxX]+")
#: Words of C and of make that say nothing.
_KEYWORDS = frozenset(
    b"if else elif endif ifdef ifndef define include return goto for while struct union enum unsigned signed int long "
    b"short char void static inline const case break continue sizeof NULL bool default switch true false out err ret"
    b"".split()
)
_FILE = re.compile(rb"^diff --(?:git|cc|combined) ", re.MULTILINE)
_NAMES = re.compile(
    rb'^(?:--- |\+\+\+ |rename from |rename to |copy from |copy to )"?(?:[ab]/)?([^\n\t]*)', re.MULTILINE
)
_WORD = re.compile(r"[a-z0-9_]+")
#: What is no prose of a message: a line of a mail's header, or at its end,
#: and lines with an address, and what is shown of a log or of code.
_TRAILER = re.compile(
    r"^[ \t]*[A-Za-z][A-Za-z-]*: .*$|^[Mm]aster (?:commit|date): .*$|^\(cherry[- ]picked .*$|^.*(?:://|@).*$"
    r"|^(?:[ \t]{2,}|[(\[>]).*$",
    re.MULTILINE,
)
_CVE = re.compile(rb"CVE-\d{4}-\d{4,}", re.IGNORECASE)


class Kind(str, Enum):
    """What of a patch or an advisory was found."""

    PATCH = "patch"
    LINES = "lines"
    TEXT = "text"
    CVE = "cve"
    MARK = "mark"


@dataclass(frozen=True, order=True)
class Match:
    """Something of the advisory ``xsa`` was found."""

    xsa: int
    kind: Kind


@dataclass(frozen=True)
class Secret:
    """What is under embargo of one advisory.

    ``patches`` are its patches, ``texts`` prose in paragraphs, ``titles`` titles, ``cves`` its CVE numbers.  ``known``
    are lines, by path, that the file had already before the patch.
    """

    xsa: int
    patches: tuple[tuple[FileChange, ...], ...] = ()
    texts: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    cves: tuple[str, ...] = ()
    known: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict)


def squeezed(line: bytes) -> bytes:
    """Return ``line`` without any white space."""
    return b"".join(line.split())


def weight(line: bytes) -> int:
    """Return how many different names and numbers ``line`` has that say something."""
    return len(set(_NAME.findall(line)) - _KEYWORDS)


def _base(path: bytes) -> bytes:
    return path.rpartition(b"/")[2].strip(b'"')


@dataclass(frozen=True)
class _Block:
    """Changed lines that stand together, with their marks, and what stands before and after them; squeezed."""

    path: bytes
    lines: tuple[bytes, ...]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]


@dataclass(frozen=True)
class _Print:
    """What a patch, or what it does to one file, is found by: its changed lines with their weights."""

    xsa: int
    weights: Mapping[bytes, int]
    paths: frozenset[bytes]
    blocks: tuple[_Block, ...]

    @cached_property
    def whole(self) -> int:
        """The weight of all."""
        return sum(self.weights.values())

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The names of its files without their folders."""
        return frozenset(map(_base, self.paths))

    @property
    def small(self) -> bool:
        """Whether its lines alone would not tell it."""
        return self.whole < ENOUGH

    @property
    def trigger(self) -> bytes:
        """The line without which a small patch is not there."""
        lines = [line for block in self.blocks for line in block.lines]
        return max(lines, key=lambda line: (self.weights.get(line, 0), len(line)))


def _print(xsa: int, changes: Iterable[FileChange], known: Mapping[bytes, frozenset[bytes]]) -> _Print | None:
    """Return what the patch ``changes`` is found by; ``None`` when it changes no line."""
    counts: Counter[bytes] = Counter()
    weights: dict[bytes, int] = {}
    paths: set[bytes] = set()
    blocks: list[_Block] = []
    for change in changes:
        paths |= {path for path in (change.old_path, change.new_path) if path is not None}
        there = known.get(change.old_path or b"", frozenset())
        for hunk in change.hunks:
            blocks += _blocks(change.path, hunk.marks, hunk.texts)
            for mark, text in zip(hunk.marks, hunk.texts, strict=True):
                line = squeezed(text)
                if mark == CONTEXT or not line:
                    continue
                marked = bytes([mark]) + line
                counts[marked] += 1
                if mark == REMOVED or line not in there:
                    weights[marked] = weight(text)
    moved = [line for line in weights if counts[_opposite(line)]]
    for line in moved:
        del weights[line]
    return (
        _Print(xsa, {line: w for line, w in weights.items() if w}, frozenset(paths), tuple(blocks)) if blocks else None
    )


def _opposite(line: bytes) -> bytes:
    return (b"-" if line[0] == ADDED else b"+") + line[1:]


def _blocks(path: bytes, marks: bytes, texts: Sequence[bytes]) -> list[_Block]:
    """Return the blocks of changed lines; blank lines do not count."""
    rows = [(mark, squeezed(text)) for mark, text in zip(marks, texts, strict=True)]
    rows = [row for row in rows if row[1]]
    found = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end][0] != CONTEXT:
            end += 1
        if end > start:
            lines = tuple(bytes([mark]) + line for mark, line in rows[start:end])
            before = tuple(line for _, line in rows[max(0, start - AROUND) : start])
            after = tuple(line for _, line in rows[end : end + AROUND])
            found.append(_Block(_base(path), lines, before, after))
        start = end + 1
    return found


class Watch:
    """Looks for all of ``secrets`` at once."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        #: Line with its mark -> the patches that have it, by number; of small patches only the trigger.
        self._index: dict[bytes, list[int]] = {}
        self._prints: list[_Print] = []
        #: The first words of what is looked for -> all that begin so, with their advisories.
        self._texts: dict[tuple[str, ...], set[tuple[tuple[str, ...], int]]] = {}
        #: Short titles -> their advisories.
        self._subjects: dict[tuple[str, ...], set[int]] = {}
        #: Long lines of texts -> their advisories.
        self._lines: dict[bytes, set[int]] = {}
        self._cves: dict[bytes, int] = {}
        self._numbers: set[int] = set()
        for secret in secrets:
            self._add(secret)
        self._keys = self._index.keys()
        self._prose = self._lines.keys()

    def _add(self, secret: Secret) -> None:
        self._numbers.add(secret.xsa)
        self._cves |= {cve.upper().encode(): secret.xsa for cve in secret.cves}
        for patch in secret.patches:
            found = _print(secret.xsa, patch, secret.known)
            if found is not None:
                self._enter(found)
        for text in (_TRAILER.sub("", text) for text in secret.texts):
            for line in map(squeezed, text.encode().splitlines()):
                if len(line) >= LINE_LENGTH:
                    self._lines.setdefault(b"+" + line, set()).add(secret.xsa)
            for paragraph in re.split(r"\n[ \t]*\n", text):
                words = tuple(_WORD.findall(paragraph.lower()))
                for start in range(len(words) - WORDS + 1):
                    self._phrase(words[start : start + WORDS], secret.xsa)
        for title in secret.titles:
            words = tuple(_WORD.findall(title.lower()))
            if len(words) >= TITLE_WORDS:
                self._phrase(words, secret.xsa)
            elif len(words) >= SUBJECT_WORDS:
                self._subjects.setdefault(words, set()).add(secret.xsa)

    def _phrase(self, words: tuple[str, ...], xsa: int) -> None:
        self._texts.setdefault(words[:3], set()).add((words, xsa))

    def _enter(self, found: _Print) -> None:
        number = len(self._prints)
        self._prints.append(found)
        lines = {found.trigger} | ({*found.weights} if found.whole >= ENOUGH_FOR_ALL else set())
        for line in lines:
            self._index.setdefault(line, []).append(number)
            # In a patch file that is added, and in a merge.
            for quoted in {b"+" + line, line[:1] + line}:
                self._index.setdefault(quoted, []).append(number)

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def look(self, message: bytes, diff: bytes) -> list[Match]:
        """Return what is found in a commit with this message and diff (as git writes it), each kind once."""
        found = set(self._words(message))
        lines = set((message + b"\n" + diff).translate(None, _BLANK).split(b"\n"))
        candidates = self._candidates(lines)
        if candidates:
            commit = _Commit(message, diff)
            for candidate in candidates:
                kind = commit.kind(candidate)
                if kind is not None:
                    found.add(Match(candidate.xsa, kind))
        prose = Counter(xsa for line in self._prose & lines for xsa in self._lines[line])
        found |= {Match(xsa, Kind.TEXT) for xsa, count in prose.items() if count >= LINES}
        for cve in _CVE.findall(diff) if self._cves else ():
            found |= self._named(cve)
        return sorted(found)

    def _candidates(self, lines: set[bytes]) -> list[_Print]:
        """Return the patches that a commit with these lines may have, by the weight of what it has of each."""
        weights: Counter[int] = Counter()
        for line in self._keys & lines:
            for number in self._index[line]:
                known = self._prints[number].weights
                weights[number] += known.get(line, 0) or known.get(line[1:], 0)
        prints = ((self._prints[number], found) for number, found in weights.items())
        return [one for one, found in prints if one.small or found >= SHARE * one.whole]

    def read(self, text: bytes) -> list[Match]:
        """Return what is found in a text: a tag's message, a note, a file."""
        added = b"".join(b"+" + line + b"\n" for line in text.splitlines())
        return sorted({*self.look(text, b"diff --git a/ b/\n+++ b/\n@@\n" + added)})

    def _named(self, cve: bytes) -> set[Match]:
        xsa = self._cves.get(cve.upper())
        return set() if xsa is None else {Match(xsa, Kind.CVE)}

    def _words(self, message: bytes) -> Iterable[Match]:
        text = message.decode("utf-8", "replace")
        for xsa in marked_advisories(text):
            if xsa in self._numbers:
                yield Match(xsa, Kind.MARK)
        for cve in _CVE.findall(message):
            yield from self._named(cve)
        yield from (Match(xsa, Kind.TEXT) for _, xsa in self.phrases(text))

    def phrases(self, text: str) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield the phrases and titles that are found in a message, as words, each with its advisory."""
        subject = re.sub(r"^(?:\[[^\]]*\]\s*)+", "", text.lstrip().partition("\n")[0].lower())
        title = tuple(_WORD.findall(subject))
        yield from ((title, xsa) for xsa in self._subjects.get(title, ()))
        words = _WORD.findall(text.lower())
        for start, first in enumerate(zip(words, words[1:], words[2:], strict=False)):
            for phrase, xsa in self._texts.get(first, ()):
                if tuple(words[start : start + len(phrase)]) == phrase:
                    yield phrase, xsa

    def forget(self, messages: Iterable[str]) -> None:
        """Look no more for phrases and titles that ``messages`` have, which everybody can read."""
        found = {known for message in messages for known in self.phrases(message)}
        for phrase, xsa in found:
            self._texts.get(phrase[:3], set()).discard((phrase, xsa))
            self._subjects.get(phrase, set()).discard(xsa)


class _Commit:
    """A commit that has at least one line of a patch, taken apart."""

    def __init__(self, message: bytes, diff: bytes) -> None:
        starts = [*(found.start() for found in _FILE.finditer(diff)), len(diff)]
        pieces = [diff[start:end] for start, end in pairwise(starts)]
        self.files = [_File(piece) for piece in pieces]
        self.files.append(_File(message))  # a diff that is quoted in it
        counts: Counter[bytes] = Counter()
        for file in self.files:
            counts.update(file.counts)
        self.changed = {line for line, count in counts.items() if count > counts[_opposite(line)]}

    def kind(self, patch: _Print) -> Kind | None:
        """Return how ``patch`` is found in it, ``None`` when it is not."""
        # How near the file is in which a line was found: 3 the same, or a patch file; 2 one of that name in another
        # folder, or the new place of one that is deleted here; 1 any other.
        here: dict[bytes, int] = {}
        farthest = 2 if any(file.deleted and file.paths & patch.paths for file in self.files) else 1
        for file in self.files:
            near = 3 if file.paths & patch.paths or not file.paths else 2 if file.names & patch.names else farthest
            for line in patch.weights:
                if line in self.changed and file.counts[line]:
                    here[line] = max(near, here.get(line, 0))
                elif file.quoted(line):
                    here[line] = 3
        found = {near: sum(patch.weights[line] for line, at in here.items() if at >= near) for near in (3, 2, 1)}
        if found[3] == patch.whole >= ENOUGH_FOR_ALL or (patch.small and self._has_blocks(patch)):
            return Kind.PATCH
        added = sum(patch.weights[line] for line, at in here.items() if at == 3 and line[0] == ADDED)
        if added >= ENOUGH_OF_MOST and added >= SHARE_OF_MOST * patch.whole:
            return Kind.LINES
        for near, enough, share in _MEASURES:
            if found[near] >= enough and found[near] >= share * patch.whole:
                return Kind.PATCH if found[near] == patch.whole else Kind.LINES
        return None

    def _has_blocks(self, patch: _Print) -> bool:
        """Whether every block of a small patch is there, changed in fact and not only moved."""
        if not all(line in self.changed or any(file.quoted(line) for file in self.files) for line in patch.weights):
            return False
        shares = [max(file.share(block) for file in self.files) for block in patch.blocks]
        around = sum(weight(line) for block in patch.blocks for line in {*block.before, *block.after})
        if patch.whole + around < ENOUGH_AROUND:
            return min(shares) == 1
        enough = 0 if patch.whole >= ENOUGH_ALONE else SHARE_AROUND
        return min(shares) >= SHARE_OF_ONE and sum(shares) >= enough * len(shares)


class _File:
    """What a commit does to one file."""

    def __init__(self, piece: bytes) -> None:
        start = piece.find(b"\n@@")
        head, body = (piece[:start], piece[start:]) if start >= 0 and _FILE.match(piece) else (b"", piece)
        self.paths = {name.strip(b'"') for name in _NAMES.findall(head)} - {b"/dev/null", b""}
        self.names = {_base(path) for path in self.paths}
        self.deleted = b"\ndeleted file mode " in head
        if piece.startswith(b"diff --c"):
            body = b"\n".join(map(_of_merge, body.split(b"\n")))
        self.rows = [row for row in body.translate(None, _BLANK).split(b"\n") if len(row) > 1]
        self._body = body
        self.counts = Counter(row for row in self.rows if row[0] in b"+-")

    def quoted(self, line: bytes) -> bool:
        """Whether it adds ``line`` as a line of a patch file."""
        return self.counts[b"+" + line] > 0

    @cached_property
    def _views(self) -> list[list[tuple[bytes, bytes]]]:
        """Its lines with their marks as they follow each other: those of this diff, and those of a diff that is what it
        adds; each also as a diff would be that does not look at white space."""
        rows = self._body.split(b"\n")
        quoted = [row[1:] for row in rows if row[:2] in (b"++", b"+-", b"+ ")]
        views = []
        for view in (rows, quoted):
            pairs = [(row[:1].strip(), squeezed(row[1:])) for row in view if row[:1] in (b" ", b"+", b"-")]
            pairs = [(mark, line) for mark, line in pairs if line]
            views += [pairs, _anew(pairs)]
        return views

    def share(self, block: _Block) -> float:
        """Return how much of what is around ``block`` stands around it here; 0 where it isn't, or in another file."""
        views = self._views if block.path in self.names or not self.names else self._views[2:]
        return max(_share(block, [mark + line for mark, line in view], [line for _, line in view]) for view in views)


def _anew(pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return squeezed lines with their marks as a diff of them would have them; nothing where that takes too long."""
    old = [line for mark, line in pairs if mark != b"+"]
    new = [line for mark, line in pairs if mark != b"-"]
    if len(old) * len(new) > LONGEST**2:
        return []
    found: list[tuple[bytes, bytes]] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [(b"", line) for line in old[i:j]]
        else:
            found += [*((b"-", line) for line in old[i:j]), *((b"+", line) for line in new[k:m])]
    return found


def _of_merge(row: bytes) -> bytes:
    """Return a line of a merge's diff as one of a plain diff: changed is what none of its two parents has."""
    return row[1:] if row[:2] in (b"++", b"--") else b" " + row[2:]


def _share(block: _Block, marked: list[bytes], plain: list[bytes]) -> float:
    size, best = len(block.lines), 0.0
    start = -1
    while block.lines[0] in marked[start + 1 :]:
        start = marked.index(block.lines[0], start + 1)
        if tuple(marked[start : start + size]) != block.lines:
            continue
        before = plain[max(0, start - AROUND) : start]
        after = plain[start + size : start + size + AROUND]
        around = len(block.before) + len(block.after)
        same = sum((Counter(block.before) & Counter(before)).values())
        same += sum((Counter(block.after) & Counter(after)).values())
        best = max(best, same / around if around else 1.0)
    return best
