"""Which published patch, or which commit, a shipped patch is, and how it differs from that.

Looked for are, in this order: the patches of the advisories that its name or its text names, in the store; the commits
that it names, and those that name the same ones; commits with its subject; commits that say they fix its advisory; and,
where none of these is anything like it, commits that change the same files and most of the same lines.  Of all that is
found, what differs least counts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from git_xsa.advisory.adaptations import Adaptation
from git_xsa.advisory.file_names import read_name
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.problems import PatchError
from git_xsa.ask.own_store import own_store
from git_xsa.ask.recognise import plain_subject
from git_xsa.ask.session import Session
from git_xsa.git.repository import Repository
from git_xsa.git.spellings import EVERYWHERE, SPELLINGS, changes_of, changing_just
from git_xsa.model.change import FileChange
from git_xsa.model.marks import marked_advisories, named_commits
from git_xsa.model.patch_difference import Sameness, changed_lines, diff_of_diffs, distance, likeness, sameness
from git_xsa.wording import NOTHING, Remark

#: The length in which names of commits are compared.
_SHORTEST = 12
#: How much two changes must have in common where one says that it is the other (nothing), where they have the same
#: subject or advisory, and where nothing but their lines says so.
_NAMED, _LIKELY, _ALIKE = -1.0, 0.2, 0.6
#: A commit in the name of a file.
_IN_NAME = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{12,64}(?![0-9a-zA-Z])")
#: So many commits that change the same files are looked at for a patch that nothing else identifies, the newest first.
MOST = 300


@dataclass(frozen=True)
class Original:
    """What a shipped patch may be: a commit, or a published patch of the store's ``edition``.

    ``least`` is the part of the changed lines that it must share.
    """

    id: str
    subject: str
    changes: tuple[FileChange, ...] = field(repr=False)
    least: float
    xsa: tuple[int, ...] = ()
    edition: str = ""
    parent: str = ""

    @cached_property
    def lines(self) -> Counter[tuple[int, bytes]]:
        """The lines that it changes, as they are compared."""
        return changed_lines(self.changes)


@dataclass(frozen=True)
class Compared:
    """A shipped patch, what it is (``None``: unknown), and how it differs from that.

    ``diff`` is the difference in the form of git range-diff, there only if changed lines differ.  ``adapted`` is the
    patch that a person has adapted with git xsa-resolve and that this is.
    """

    patch: PatchFile
    sameness: Sameness
    original: Original | None = None
    diff: tuple[str, ...] = ()
    adapted: Adaptation | None = None

    @property
    def doubt(self) -> Remark:
        """What shows that the patch was cut off; one with the lines of its original was not."""
        return self.patch.doubt if self.sameness in (Sameness.ADAPTED, Sameness.UNKNOWN) else NOTHING


@dataclass(frozen=True)
class _Logged:
    """A commit that may be one of the patches."""

    id: str
    parent: str
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]


class Comparison:
    """Compares ``patches`` with what the repository and the store of ``session`` have."""

    def __init__(self, session: Session, patches: Sequence[PatchFile]) -> None:
        self._session = session
        self._patches = patches
        self._lines = [changed_lines(patch.changes) for patch in patches]
        self._names = [_names(patch) for patch in patches]
        self._numbers = [_numbers(patch) for patch in patches]

    def all(self) -> Iterator[Compared]:
        """Yield what each patch is, in order."""
        found = [self._best(at, [*self._published(at), *self._commits(at)]) for at in range(len(self._patches))]
        for at, others in self._by_files([at for at, one in enumerate(found) if one is None]).items():
            found[at] = self._best(at, others)
        known = {at: one for at, one in enumerate(found) if one is not None}
        for at, nearest in self._spelled(known).items():
            found[at] = nearest
        for patch, one in zip(self._patches, found, strict=True):
            yield self._compared(patch, one)

    def _compared(self, patch: PatchFile, original: Original | None) -> Compared:
        if original is None:
            return Compared(patch, Sameness.UNKNOWN)
        how = sameness(patch.changes, original.changes)
        differs = how is Sameness.ADAPTED and not patch.damage  # of a damaged one, the lines are not known
        diff = tuple(diff_of_diffs(original.changes, patch.changes)) if differs else ()
        return Compared(patch, how, original, diff, self._adaptation(patch) if how is not Sameness.SAME else None)

    # The store

    def _published(self, at: int) -> Iterator[Original]:
        """Yield the patches in the store of the advisories of the patch ``at``, those of the newest version first."""
        kept = self._session.once(own_store)
        if kept is None:
            return
        for number in self._numbers[at]:
            for edition in reversed(kept.library.editions(number)):
                try:
                    files = edition.patches_at(edition.patches)
                except PatchError:  # said by who uses it
                    continue
                for one in files:
                    yield Original(one.name, one.subject, one.changes, _LIKELY, (number,), edition.title)

    def _adaptation(self, patch: PatchFile) -> Adaptation | None:
        """Return the adapted patch of the store that ``patch`` is."""
        from git_xsa.ask.adapting import adaptations  # noqa: PLC0415 - only for what differs

        known = self._session.once(adaptations)
        for one in known.all if known is not None else ():
            if sameness(patch.changes, one.file.changes) is not Sameness.ADAPTED:
                return one
        return None

    # Commits

    def _commits(self, at: int) -> Iterator[Original]:
        """Yield the commits that the patch ``at`` may be, by names, subjects and advisories."""
        log = self._log
        named = {one.id: one for name in self._names[at] for one in log.named.get(name, ())}
        alike = {one.id: one for one in log.of_subject.get(plain_subject(self._patches[at].subject), ())}
        marked = {one.id: one for number in self._numbers[at] for one in log.marked.get(number, ())}
        for several, least in ((named, _NAMED), (alike, _LIKELY), (marked, _LIKELY)):
            for one in several.values():
                yield self._original(one, self._changes.get(one.id, ()), least)

    @staticmethod
    def _original(commit: _Logged, changes: tuple[FileChange, ...], least: float) -> Original:
        marks = tuple(marked_advisories(commit.message))
        return Original(commit.id, commit.subject, changes, least, marks, parent=commit.parent)

    @cached_property
    def _log(self) -> _Log:
        subjects = {plain_subject(patch.subject) for patch in self._patches} - {""}
        names = {name for found in self._names for name in found}
        numbers = {number for found in self._numbers for number in found}
        log = _Log(subjects, names, numbers)
        for commit in _all_commits(self._session):
            log.take(commit)
        return log

    @cached_property
    def _changes(self) -> Mapping[str, tuple[FileChange, ...]]:
        """What the commits do that a patch may be."""
        return changes_of(self._session.repository, [(one.id, one.parent) for one in self._log.taken.values()])

    def _by_files(self, lost: Sequence[int]) -> dict[int, list[Original]]:
        """Return for each of the patches ``lost`` the commits that change the same files."""
        if not lost:
            return {}
        paths_of = {at: frozenset(self._patches[at].paths) for at in lost}
        repository = self._session.repository
        same = changing_just(repository, {*paths_of.values()})
        changes = changes_of(repository, [one for commits in same.values() for one in commits[:MOST]])
        return {
            at: [
                self._original(_Logged(name, parent, _message(repository, name)), changes[name], _ALIKE)
                for name, parent in same.get(paths, ())[:MOST]
                if likeness(changed_lines(changes[name]), self._lines[at]) > _ALIKE
            ]
            for at, paths in paths_of.items()
        }

    def _spelled(self, found: Mapping[int, Original]) -> dict[int, Original]:
        """Return for each patch the original in the form in which git wrote it that is most like the patch."""
        best = dict(found)
        order = {at: self._order(at, one) for at, one in best.items() if one.parent}
        for spelling in SPELLINGS[1:]:
            open_ones = [at for at, (rank, _) in order.items() if rank == Sameness.ADAPTED.rank]
            commits = {best[at].id: best[at].parent for at in open_ones}
            changes = changes_of(self._session.repository, commits.items(), spelling)
            for at in open_ones:
                other = replace(best[at], changes=changes[best[at].id])
                mine = self._order(at, other)
                if mine < order[at]:
                    best[at], order[at] = other, mine
        return best

    def _order(self, at: int, original: Original) -> tuple[int, int]:
        """Return what orders originals of the patch ``at``: that which differs least comes first."""
        how = sameness(self._patches[at].changes, original.changes)
        return how.rank, distance(self._lines[at], original.lines)

    def _best(self, at: int, originals: Iterable[Original]) -> Original | None:
        """Return the one of ``originals`` that differs least from the patch ``at``, the first of several; ``None``:
        none is like it."""
        best: Original | None = None
        order: tuple[int, int] = (0, 0)
        for one in originals:
            if not one.changes:
                continue
            mine = self._order(at, one)
            if mine[0] == Sameness.ADAPTED.rank and likeness(self._lines[at], one.lines) <= one.least:
                continue
            if best is None or mine < order:
                best, order = one, mine
        return best


class _Log:
    """The commits that have one of ``subjects``, are or name one of ``names``, or say they fix one of ``numbers``."""

    def __init__(self, subjects: Collection[str], names: Collection[str], numbers: Collection[int]) -> None:
        self._subjects, self._names, self._numbers = subjects, names, numbers
        self.taken: dict[str, _Logged] = {}
        self.named: dict[str, list[_Logged]] = defaultdict(list)
        self.of_subject: dict[str, list[_Logged]] = defaultdict(list)
        self.marked: dict[int, list[_Logged]] = defaultdict(list)

    def take(self, commit: _Logged) -> None:
        """Keep ``commit`` if it is one of these."""
        names = {commit.id[:_SHORTEST]}
        if "ommit" in commit.message:  # fast, and true of every form
            names |= {name[:_SHORTEST] for name in named_commits(commit.message)}
        subject = plain_subject(commit.subject)
        marks = marked_advisories(commit.message) if "XSA-" in commit.message else ()
        for name in names.intersection(self._names):
            self.named[name].append(commit)
            self.taken[commit.id] = commit
        if subject in self._subjects:
            self.of_subject[subject].append(commit)
            self.taken[commit.id] = commit
        for number in set(marks).intersection(self._numbers):
            self.marked[number].append(commit)
            self.taken[commit.id] = commit


def _all_commits(session: Session) -> Iterator[_Logged]:
    """Yield every commit of the repository's branches and tags but for merges, the newest first."""
    words = ("log", *EVERYWHERE, "--no-notes")
    output = session.repository.git.call(*words, "--encoding=UTF-8", "--format=%H %P%n%B").out
    for entry in output.decode("utf-8", "replace").split("\0"):
        head, _, message = entry.partition("\n")
        if head:
            name, _, parents = head.partition(" ")
            yield _Logged(name, parents.partition(" ")[0], message)


def _names(patch: PatchFile) -> set[str]:
    """Return the commits that a patch, or its file's name, says it is or came from, shortened so that they can be
    compared."""
    names = [*named_commits(patch.message), *_IN_NAME.findall(patch.file or patch.name)]
    return {name[:_SHORTEST] for name in names if len(name) >= _SHORTEST}


def _numbers(patch: PatchFile) -> tuple[int, ...]:
    """Return the advisories that a patch's name or text names."""
    number = read_name(patch.file or patch.name).number
    marks = marked_advisories(f"{patch.subject}\n\n{patch.message}")
    return tuple(dict.fromkeys([*([number] if number is not None else ()), *marks]))


def _message(repository: Repository, commit: str) -> str:
    found = repository.read(commit)
    return found[2].partition(b"\n\n")[2].decode("utf-8", "replace") if found is not None else ""
