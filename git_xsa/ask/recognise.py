"""Recognise patches that a branch, or a base, has already: as which commit, or by what the files hold.

A published patch and the commit that it became are the same change under two names.  They are recognised by, in this
order (the first that says so counts):

1. the diff, whitespace and line numbers left out, as ``git patch-id`` does;
2. the commit it names: ``From <commit>``, ``(cherry picked from commit <commit>)`` or ``master commit: <commit>`` in
   the one, the commit itself or one of these lines in the other;
3. the subject, where the commit also changes the same files and is marked as a fix of the same advisory, or adds and
   removes the same lines, or where it is the one that fits nowhere of a series whose other patches are commits;
4. what the files hold: the patch can be taken back, with each hunk at one place;
5. the commit it was made of (``From <commit>``), where that is in the base's history, unchanged and not reverted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256

from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.series import is_there
from git_xsa.git.diffs import split_diff
from git_xsa.git.log import DIFF_OPTIONS, Range
from git_xsa.git.repository import Commit, Repository
from git_xsa.model.change import CONTEXT, FileChange
from git_xsa.model.marks import marked_advisories, named_commits

_MADE_OF = re.compile(r"From ([0-9a-f]{40,64}) ")
_SHORTEST = 12
#: What is no longer than that is on many lines: braces, an ending.
_SIGNS = 3


class How(str, Enum):
    """By what a patch was recognised."""

    PATCH_ID = "patch-id"
    COMMIT = "commit"
    SUBJECT = "subject"
    CONTENTS = "contents"
    MARK = "mark"


@dataclass(frozen=True)
class Recognised:
    """Where a patch is: a position of the range (0: in the base, or beside the range), and how it was recognised."""

    position: int
    how: How


def patch_id(changes: Sequence[FileChange]) -> bytes:
    """Return what two diffs have in common that do the same: files, and lines without whitespace, in order.

    Line numbers and object names are left out, as ``git patch-id --stable`` does.
    """
    return _digest(changes, context=True)


def lines_id(changes: Sequence[FileChange]) -> bytes:
    """Return what two diffs have in common that change the same lines: files, and those lines, whatever is around."""
    return _digest(changes, context=False)


def _digest(changes: Sequence[FileChange], context: bool) -> bytes:
    parts = []
    for change in changes:
        digest = sha256(b"%r %r %r" % (change.old_path, change.new_path, change.new_content if change.binary else b""))
        for hunk in change.hunks:
            for mark, text in zip(hunk.marks, hunk.texts, strict=True):
                if context or mark != CONTEXT:
                    digest.update(bytes([mark]) + text.translate(None, b" \t\r\n\v\f") + b"\n")
        parts.append(digest.digest())
    return sha256(b"".join(sorted(parts))).digest()


def _named(message: str) -> set[str]:
    """Return the commits that a message says it came from, shortened so that they can be compared."""
    return {name[:_SHORTEST] for name in named_commits(message)}


@dataclass(frozen=True)
class _Located:
    """A commit to compare with: what it is called, what it says, and what it does."""

    id: str
    message: str
    changes: tuple[FileChange, ...]

    @property
    def names(self) -> set[str]:
        """The commits that it is, or came from."""
        return {self.id[:_SHORTEST]} | _named(self.message)


class Locator:
    """Finds patches in the range ``history`` and in its base."""

    def __init__(self, repository: Repository, history: Range, base: Commit) -> None:
        self._repository = repository
        self._history = history
        self._base = base
        self._start = history.position[base.id]
        self._known: dict[int, _Located] = {}
        self._own: dict[frozenset[bytes], list[_Located]] = {}

    def locate_all(self, series: Sequence[PatchFile], numbers: Sequence[int] = ()) -> list[Recognised | None]:
        """Return where each patch of ``series`` is.

        A commit of the branch is one of them only: a second patch that names it, such as one that was edited, is none.
        """
        found: list[Recognised | None] = []
        for patch in series:
            place = self.locate(patch, numbers)
            taken = {known.position for known in found if known is not None and known.position > 0}
            found.append(place if place is None or place.position not in taken else None)
        return found

    def locate(self, patch: PatchFile, numbers: Sequence[int] = ()) -> Recognised | None:
        """Return where ``patch``, a fix of the advisories ``numbers``, is; ``None`` when it is nowhere yet.

        A commit of the branch that a base beside it has picked is in the base.
        """
        place = self._locate(patch, numbers)
        if place is not None and self._history.taken([place.position]):
            return replace(place, position=0)
        return place

    def _locate(self, patch: PatchFile, numbers: Sequence[int]) -> Recognised | None:
        paths = _paths(patch.changes)
        positions = sorted({t.position for t in self._history.index.of(paths) if t.position > 0})
        likely = [position for position in positions if self._is_likely(patch, position)]
        for group in (likely, [position for position in positions if position not in likely]):
            place = self._same(patch, group)
            if place is not None:
                return place
        if any(self._equal(patch, known) for known in self._own_commits(paths)):
            return Recognised(0, How.PATCH_ID)
        for position in likely:
            how = self._resembles(patch, self._commit(position), numbers)
            if how is not None:
                return Recognised(position, how)
        if any(self._resembles(patch, known, numbers) for known in self._own_commits(paths)):
            return Recognised(0, How.COMMIT)
        found = self._by_contents(patch, positions)
        return Recognised(0, How.COMMIT) if found is None and self._is_before(patch) else found

    def in_base(self, series: Sequence[PatchFile]) -> set[str]:
        """Return the names of those patches of ``series`` that a base beside the branch has."""
        if self._history.base is None:
            return set()
        places = zip(series, self.locate_all(series), strict=True)
        return {patch.name for patch, place in places if place is not None and place.position == 0}

    def is_in_base(self, position: int) -> bool:
        """Whether the base holds what the change at ``position`` does, by what its files hold."""
        commit = self._commit(position)
        subject = commit.message.partition("\n")[0]
        patch = PatchFile(commit.id, subject, commit.message, self._history.text(position), commit.changes)
        return is_there(self._repository, self._base.id, [patch])

    def named_commit(self, patch: PatchFile) -> int | None:
        """Return the position of the first commit that ``patch`` names, or that names what ``patch`` names, among those
        that change one of its files; ``None`` where there is none."""
        named = _named(patch.message)
        if not named:
            return None
        positions = {touch.position for touch in self._history.index.of(_paths(patch.changes))}
        commits = ((position, self._history.commits[position - 1]) for position in sorted(positions) if position > 0)
        return next(
            (p for p, known in commits if not named.isdisjoint({known.id[:_SHORTEST]} | _named(known.message))), None
        )

    def is_named(self, patch: PatchFile, position: int) -> bool:
        """Whether the subject of ``patch``, or a commit that it names, says that it is the change at ``position``."""
        commit = self._history.commits[position - 1]
        return same_subject(commit.subject, patch.subject) or self._is_likely(patch, position)

    def shares_a_line(self, patch: PatchFile, position: int) -> bool:
        """Whether ``patch`` and the change at ``position`` add, or take out, a line that is the same; true where one of
        them has none."""
        lines, others = _changed_lines(patch.changes), _changed_lines(self._commit(position).changes)
        return not lines or not others or not lines.isdisjoint(others)

    def _same(self, patch: PatchFile, positions: Sequence[int]) -> Recognised | None:
        for position in positions:
            if self._equal(patch, self._commit(position)):
                return Recognised(position, How.PATCH_ID)
        return None

    @staticmethod
    def _equal(patch: PatchFile, known: _Located) -> bool:
        return len(patch.changes) == len(known.changes) and patch_id(patch.changes) == patch_id(known.changes)

    def _is_likely(self, patch: PatchFile, position: int) -> bool:
        """Whether the commit has the patch's subject, or names a commit that the patch names."""
        commit = self._history.commits[position - 1]
        if plain_subject(commit.subject) == plain_subject(patch.subject):
            return True
        named = _named(patch.message)
        return bool(named) and not named.isdisjoint({commit.id[:_SHORTEST]} | _named(commit.message))

    @staticmethod
    def _resembles(patch: PatchFile, known: _Located, numbers: Sequence[int]) -> How | None:
        """Return how the commit is recognised as the patch though their diffs differ, ``None`` when it is not."""
        named = _named(patch.message)
        if not named.isdisjoint(known.names):
            return How.COMMIT
        if plain_subject(known.message.partition("\n")[0]) != plain_subject(patch.subject):
            return None
        if {c.path for c in known.changes} != {c.path for c in patch.changes}:
            return None
        marked = not set(numbers).isdisjoint(marked_advisories(known.message))
        same = lines_id(patch.changes) == lines_id(known.changes)
        return How.SUBJECT if marked or same else None

    def _is_before(self, patch: PatchFile) -> bool:
        """Whether the base's history, also from before the range, has the commit that ``patch`` was made of."""
        match = _MADE_OF.match(patch.message)
        commit = self._repository.resolve(match[1]) if match is not None else None
        if commit is None:
            return False
        git, base = self._repository.git, self._base.id
        if not git.contains(base, commit.id):
            return False
        if git.text("rev-list", "-1", f"--grep=reverts commit {commit.id}", f"{commit.id}..{base}"):
            return False
        text = git.call("diff-tree", "--no-commit-id", *DIFF_OPTIONS, commit.id).out
        changes = tuple(diff.change() for diff in split_diff(text))
        return self._equal(patch, _Located(commit.id, "", changes))

    def _by_contents(self, patch: PatchFile, positions: Sequence[int]) -> Recognised | None:
        """Return the first position whose files hold the patch, if those of the base or of the tip do."""
        if is_there(self._repository, self._base.id, [patch]):
            return Recognised(0, How.CONTENTS)
        later = [position for position in positions if position > self._start]
        for position in reversed(later):
            commit = self._history.commits[position - 1].id
            if is_there(self._repository, commit, [patch]):
                before = self._history.commits[position - 2].id if position > 1 else self._history.root
                if not is_there(self._repository, before, [patch]):
                    return Recognised(position, How.CONTENTS)
            elif position == later[-1]:
                return None
        return None

    def _commit(self, position: int) -> _Located:
        known = self._known.get(position)
        if known is None:
            commit = self._history.commits[position - 1]
            changes = tuple(diff.change() for diff in split_diff(self._history.text(position)))
            known = self._known[position] = _Located(commit.id, commit.message, changes)
        return known

    def _own_commits(self, paths: set[bytes]) -> list[_Located]:
        """Return the commits that the base has for itself and that touch one of ``paths``."""
        if self._history.base is None or not paths:
            return []
        key = frozenset(paths)
        if key not in self._own:
            self._own[key] = list(self._read_own(paths))
        return self._own[key]

    def _read_own(self, paths: set[bytes]) -> Iterator[_Located]:
        words = ("log", "--no-merges", "--no-show-signature", "--no-notes", "--no-mailmap", "--encoding=UTF-8")
        span = f"{self._history.root}..{self._base.id}"
        names = sorted(path.decode("utf-8", "surrogateescape") for path in paths)
        ids = self._repository.git.text("rev-list", "--no-merges", span, "--", *names).split()
        for name in ids:
            output = self._repository.git.call(*words, "-1", *DIFF_OPTIONS, "--format=%x00%B%x00", name, "--").out
            _, message, diff = output.split(b"\0", 2)
            changes = tuple(part.change() for part in split_diff(diff.lstrip(b"\n")))
            yield _Located(name, message.decode("utf-8", "replace"), changes)


def _changed_lines(changes: Sequence[FileChange]) -> set[tuple[int, bytes]]:
    """Return the lines that ``changes`` add or take out, without blanks; those of a sign or two say nothing."""
    hunks = (hunk for change in changes for hunk in change.hunks)
    lines = (
        (m, t.translate(None, b" \t\r\n\v\f")) for hunk in hunks for m, t in zip(hunk.marks, hunk.texts, strict=True)
    )
    return {(mark, text) for mark, text in lines if mark != CONTEXT and len(text) > _SIGNS}


def _paths(changes: Sequence[FileChange]) -> set[bytes]:
    """Return the names of the files that ``changes`` are about."""
    return {path for change in changes for path in (change.old_path, change.new_path) if path is not None}


def same_subject(one: str, other: str) -> bool:
    """Return whether two subjects are the same but for what is added on their way."""
    return plain_subject(one) == plain_subject(other) != ""


def plain_subject(subject: str) -> str:
    """Return a subject without what is added on its way: brackets, case, blanks."""
    return " ".join(re.sub(r"\[[^\]]*\]", " ", subject).lower().split())
