"""Recognise embargoed patches and texts in what is about to be pushed.

What is looked for is changed lines, with all white space taken out and whatever file they are in now::

    a patch under embargo                 a commit that is pushed
    -    if ( len > max )                 +    trace(op);                    another change, squashed with it
    +    if ( len >= max || !op )         -        if (len > max)            moved to the right, and blanks dropped
    +        return -EMSGSIZE;            +        if (len >= max || !op)    ... found
                                          +            return -E2BIG;        edited

Each changed line of the patch weighs as much as it has names and numbers in it, except those that its file had
already.  A push has the patch when one of its objects, or what all add up to, changes most of that weight in the same
direction: lines that it both adds and removes are moved, and do not count.  In files of other names that takes more.

Small patches don't weigh enough for that.  They are found by the block of changed lines as a whole together with the
lines around it, or by lines that are nowhere public (``Watch.forget_lines``).

Texts (a patch's message, an advisory) are found by sixteen words in a row, titles as a whole.  What of them older
messages have, which are public, can't leak (``Watch.forget``): fixes quote the commits that they mend.

The measures are in ``git_xsa.embargo.likeness``.  What they can't see:

1. a patch of which more than a third of the weight was rewritten, beyond comments and names that it brings in lines
   with as many others;
2. a part of a patch with little weight, and a small patch of which neither lines around it nor a rare line is there;
3. text that is packed, encoded or translated; a change of nothing but modes or names.

Promises: pure.  The time that a commit takes grows with its length alone, not with the number of patches.  A match
has the advisory's number and the kind of match, and nothing of what matched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from git_xsa.embargo.fingerprint import (
    BLANK,
    Block,
    Print,
    opposite,
    print_of,
    same_but,
    shape,
    squeezed,
    trailing_comments,
    weight,
    without_comments,
)
from git_xsa.embargo.likeness import Likeness, LikenessKind, Near, block_shares, changed_blocks, judge, like
from git_xsa.embargo.pieces import (
    PushedPart,
    lines_part,
    message_lines,
    names_in,
    parts_of,
    plain_merges,
    quoted_lines,
    text_part,
)
from git_xsa.model.change import FileChange
from git_xsa.model.marks import marked_advisories

__all__ = ["LikenessKind", "Match", "Push", "SecretForm", "Watch", "squeezed"]

#: So many words in a row are no accident.
WORDS = 16
#: So many lines of at least that length are no accident either.
LINES, LINE_LENGTH = 2, 40
#: So many words make a title that is found anywhere, so many one that must be the whole first line.
TITLE_WORDS, SUBJECT_WORDS = 6, 3

#: So many names of a line must be the same for it to be found with others in place of names that its patch brings.
OTHERS = 2
#: The weight of lines that identify a place in a file.
PLACE = 3
#: So many objects of a push in a row are added up; what is farther apart belongs to different changes.
TOGETHER = 1_000

_WORD = re.compile(r"[a-z0-9_]+")
#: What is no prose of a message: a line of a mail's header, or at its end,
#: and lines with an address, and what is shown of a log or of code.
_TRAILER = re.compile(
    r"^[ \t]*[A-Za-z][A-Za-z-]*: .*$|^[Mm]aster (?:commit|date): .*$|^\(cherry[- ]picked .*$|^.*(?:://|@).*$"
    r"|^(?:[ \t]{2,}|[(\[>]).*$",
    re.MULTILINE,
)
_CVE = re.compile(rb"CVE-\d{4}-\d{4,}", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Match:
    """Something of the advisory ``xsa`` was found."""

    xsa: int
    kind: LikenessKind


@dataclass(frozen=True)
class SecretForm:
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


class Watch:
    """Looks for all of ``secrets`` at once."""

    def __init__(self, secrets: Iterable[SecretForm]) -> None:
        self.prints: list[Print] = []
        #: Line with its mark -> the patches that have it, by number.
        self._index: dict[bytes, list[int]] = {}
        #: Name of a file -> the patches that change one of that name.
        self._names: dict[bytes, list[int]] = {}
        #: Name, lines before and after a block -> patch, place of the block in it, and the block.
        self._places: dict[tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]], list[tuple[int, int, Block]]] = {}
        #: Form of a line that has names which its patch brings -> patch, line, and its names.
        self._shapes: dict[bytes, list[tuple[int, bytes, list[bytes]]]] = {}
        #: Added lines that are public somewhere, and the files that are; ``None``: nobody has looked yet.
        self.common: set[bytes] = set()
        self._public_paths: frozenset[bytes] | None = None
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

    def _add(self, secret: SecretForm) -> None:
        self._numbers.add(secret.xsa)
        self._cves |= {cve.upper().encode(): secret.xsa for cve in secret.cves}
        for patch in secret.patches:
            found = print_of(secret.xsa, patch, secret.known)
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

    def _enter(self, found: Print) -> None:
        number = len(self.prints)
        self.prints.append(found)
        for line in {found.trigger, *found.weights}:
            self._index.setdefault(line, []).append(number)
        for name in found.names:
            self._names.setdefault(name, []).append(number)
        for place, block in enumerate(found.blocks if found.small else ()):
            if block.around < PLACE:
                continue
            self._places.setdefault((block.name, block.before, block.after), []).append((number, place, block))
        for line in found.weights:
            form, names = shape(found.written.get(line, b""))
            if not found.new.isdisjoint(names) and sum(1 for name in {*names} if weight(name)) >= OTHERS:
                self._shapes.setdefault(form, []).append((number, line, names))

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def added(self, numbers: Collection[int]) -> set[bytes]:
        """Return the lines that the patches of these advisories add, squeezed."""
        prints = (patch for patch in self.prints if patch.xsa in numbers)
        return {line[1:] for patch in prints for line in patch.written if line[:1] == b"+"}

    def forget_lines(self, lines: Iterable[bytes], paths: Iterable[bytes]) -> None:
        """Count ``lines``, which everybody can read in the files at ``paths``, no more where lines of a patch are said
        to be nowhere else."""
        self.common.update(b"+" + squeezed(line) for line in lines)
        self._public_paths = frozenset(paths)

    def judge(self, number: int, found: Likeness, together: int = 0) -> LikenessKind | None:
        """Return how the patch of that ``number`` is found by what was seen of it."""
        patch = self.prints[number]
        at_home = self._public_paths is None or not patch.paths.isdisjoint(self._public_paths)
        return judge(patch, found, self.common, together, at_home)

    def push(self) -> Push:
        """Return what is to be asked about each object of a push, and then about all together."""
        return Push(self)

    def look(self, message: bytes, diff: bytes) -> list[Match]:
        """Return what is found in a commit with this message and diff (as git writes it), each kind once."""
        return self.push().add(message, diff)

    def read(self, text: bytes) -> list[Match]:
        """Return what is found in a text: a tag's message, a note, a file."""
        return self.push().read(text)

    def told(self, message: bytes, diff: bytes) -> set[Match]:
        """Return what is found in words."""
        found = set(self._words(message))
        lines = set((message + b"\n" + diff).translate(None, BLANK).split(b"\n")) if self._prose else set()
        prose = Counter(xsa for line in self._prose & lines for xsa in self._lines[line])
        found |= {Match(xsa, LikenessKind.TEXT) for xsa, count in prose.items() if count >= LINES}
        for cve in _CVE.findall(diff) if self._cves else ():
            found |= self._named(cve)
        return found

    def seen(self, message: bytes, diff: bytes, at: int) -> dict[int, Likeness]:
        """Return what of each patch, by its number, is in a commit, the object ``at`` of a push."""
        plain = without_comments(diff)
        lines = set(plain.translate(None, BLANK).split(b"\n"))
        lines.update(b"+" + comment for comment in trailing_comments(diff))
        told = not self._keys.isdisjoint(message_lines(message))
        if (self._keys.isdisjoint(lines) and self._names.keys().isdisjoint(names_in(diff)) and not told
                and self._keys.isdisjoint(quoted_lines(plain))):  # fmt: skip
            return {}
        texts = [text_part(message), lines_part(message)] if told else []
        parts = list(parts_of(diff))
        counts: Counter[bytes] = Counter()
        for part in parts:
            if part.paths:
                counts.update(part.counts)
        found: dict[int, Likeness] = {}
        gone = frozenset().union(*(part.paths for part in parts if part.deleted))
        for part in [*parts, *texts]:
            self._look_at(part, counts, gone, at, found)
            if not part.paths:
                counts.update(part.counts)
        for number, one in found.items():
            patch = self.prints[number]
            if patch.small and patch.trigger in counts:
                for part in [*parts, *texts]:
                    shares = block_shares(patch.blocks, part)
                    one.blocks(shares, {place for place in shares if part.has_name(patch.blocks[place].name)})
        return found

    def _look_at(
        self, part: PushedPart, counts: Counter[bytes], gone: frozenset[bytes], at: int, found: dict[int, Likeness]
    ) -> None:
        """Add to ``found`` what of each patch is in ``part``; ``counts`` are the changed lines of all parts, ``gone``
        the files that are deleted."""
        hits = {
            line for line in self._keys & part.counts.keys() if not part.paths or counts[line] > counts[opposite(line)]
        }
        for line in hits:
            for number in self._index[line]:
                found.setdefault(number, Likeness()).line(line, self._near(part, number, gone), at)
        if not part.names.isdisjoint(self._names):
            for mark, line, text in chain(*part.hunks):
                if mark == b"+" and mark + line not in self._keys:
                    self._look_for_names(part, text, counts, gone, at, found)
            for key, block in changed_blocks(part).items():
                for number, place, mine in self._places.get(key, ()):
                    if like(mine, block, self.prints[number].new):
                        found.setdefault(number, Likeness()).like.add(place)

    def _look_for_names(
        self,
        part: PushedPart,
        text: bytes,
        counts: Counter[bytes],
        gone: frozenset[bytes],
        at: int,
        found: dict[int, Likeness],
    ) -> None:
        """Add the line ``text`` to ``found`` for each patch that has it with other names for those that it brings."""
        form, names = shape(text)
        for number, mine, others in self._shapes.get(form, ()):
            patch, line = self.prints[number], b"+" + squeezed(text)
            if part.names.isdisjoint(patch.names) or counts[line] <= counts[opposite(line)]:
                continue
            same = same_but(patch.new, others, names)
            if same is not None and len(same) >= OTHERS:
                found.setdefault(number, Likeness()).line(mine, self._near(part, number, gone), at, renamed=True)

    def _near(self, part: PushedPart, number: int, gone: frozenset[bytes]) -> Near:
        patch = self.prints[number]
        if not part.paths or not part.paths.isdisjoint(patch.paths):
            return Near.SAME
        if not part.names.isdisjoint(patch.names) or not gone.isdisjoint(patch.paths):
            return Near.NAME
        return Near.ANY

    def _named(self, cve: bytes) -> set[Match]:
        xsa = self._cves.get(cve.upper())
        return set() if xsa is None else {Match(xsa, LikenessKind.CVE)}

    def _words(self, message: bytes) -> Iterable[Match]:
        text = message.decode("utf-8", "replace")
        for xsa in marked_advisories(text):
            if xsa in self._numbers:
                yield Match(xsa, LikenessKind.MARK)
        for cve in _CVE.findall(message):
            yield from self._named(cve)
        yield from (Match(xsa, LikenessKind.TEXT) for _, xsa in self.phrases(text))

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


class Push:
    """What is pushed, object by object, and what all of it adds up to."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._count = 0
        self._sum: dict[int, Likeness] = {}
        self._total: set[Match] = set()

    def add(self, message: bytes, diff: bytes) -> list[Match]:
        """Return what is found in a commit with this message and diff (as git writes it), each kind once."""
        return self._judged(message, plain_merges(diff))

    def read(self, text: bytes) -> list[Match]:
        """Return what is found in a text: a tag's message, a note, a file."""
        added = b"".join(b"+" + line + b"\n" for line in text.splitlines())
        return self._judged(text, b"diff --git a/ b/\n+++ b/\n@@\n" + added)

    def total(self) -> list[Match]:
        """Return of which patches all objects together, or one alone, have the change, or else most lines."""
        whole = {match.xsa for match in self._total if match.kind is LikenessKind.PATCH}
        return sorted(match for match in self._total if match.kind is LikenessKind.PATCH or match.xsa not in whole)

    def _judged(self, message: bytes, diff: bytes) -> list[Match]:
        self._count += 1
        watch = self._watch
        found = watch.told(message, diff)
        for number, seen in watch.seen(message, diff, self._count).items():
            patch = watch.prints[number]
            since = max(1, self._count - TOGETHER)
            kind = watch.judge(number, seen)
            if kind is not None:
                found.add(Match(patch.xsa, kind))
            whole = self._sum.setdefault(number, Likeness())
            whole.add(seen, since)
            kind = kind or watch.judge(number, whole, since)
            if kind is not None:
                self._total.add(Match(patch.xsa, kind))
        return sorted(found)
