"""Commits of newer branches that say they fix one of a queue, and that the branch of the queue lacks.

The stable maintainers pick from the development branch, not always at once, and not all to every branch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from git_xsa.git.diffs import as_change, split_diff
from git_xsa.git.log import DIFF_OPTIONS
from git_xsa.git.marked import MESSAGES
from git_xsa.git.repository import Commit, Repository
from git_xsa.model.follow_ups import changes_code, fixed_commits, follow_ups
from git_xsa.model.marks import named_commits, upstream_commit

#: What a message has that says a commit fixes, or reverts, another one; not all that has it does.
_FIXING = ("--fixed-strings", "--regexp-ignore-case", "--grep=Fixes", "--grep=reverts")
_LOG = (*MESSAGES, "--no-merges", "--no-notes")
#: Names of commits are compared in this length, the least in which a message names an origin.
_NAMED = 12


@dataclass(frozen=True)
class Elsewhere:
    """That ``commit`` of ``branch`` says it fixes the changes at the positions ``of``, and has no pick on ours."""

    commit: str
    subject: str
    branch: str
    of: tuple[int, ...]


@dataclass(frozen=True)
class _Fix:
    commit: str
    branch: str
    message: str

    @property
    def origin(self) -> str:
        """The commit that it was made from, or that it is."""
        return upstream_commit(self.message) or self.commit


class NewerBranches:
    """What the branches ``newer`` say they fix that none of the commits ``having`` has; git begins to look for it."""

    def __init__(self, repository: Repository, having: Sequence[str], newer: Sequence[Commit]) -> None:
        self._repository = repository
        self._branches = {commit.reference or commit.id: commit.name for commit in newer}
        self._found = self._ours = None
        if newer:
            without = (*self._branches, *(f"^{commit}" for commit in having), "--")
            self._found = repository.git.start(*_LOG, "--source", "--format=%H%n%S%n%B", *_FIXING, *without)
            since = f"^{next(iter(self._branches))}"  # not all: another stable branch may share picks with ours
            self._ours = repository.git.start(*_LOG, "--format=%B", *having, since, "--")

    @cached_property
    def _fixes(self) -> list[tuple[_Fix, set[str]]]:
        """The commits that say they fix some, the oldest first, with the names of these."""
        if self._found is None:
            return []
        fixes = []
        for entry in self._found.finish().out.decode("utf-8", "replace").split("\0"):
            commit, _, rest = entry.partition("\n")
            reference, _, message = rest.partition("\n")
            if fixed := fixed_commits(message):
                fixes.append((_Fix(commit, self._branches.get(reference, reference), message), fixed))
        return fixes[::-1]

    @cached_property
    def _own(self) -> list[str]:
        """The messages of our branch, and of the base, since they left the development branch."""
        return self._ours.finish().out.decode("utf-8", "replace").split("\0") if self._ours is not None else []

    def _is_picked(self, fix: _Fix) -> bool:
        """Whether our branch, or the base, has a pick of the same origin."""
        name = fix.origin[:_NAMED]
        return any(
            name in message and any(one.startswith(name) for one in named_commits(message)) for message in self._own
        )

    def fixes_of(self, names: Mapping[int, Collection[str]]) -> tuple[Elsewhere, ...]:
        """Return the fixes of the changes that have these ``names``, by position, and of each other: those that have no
        pick on our branch, and change more than comments, white space and documentation; each origin once."""
        start = max(names, default=0) + 1
        fixes = dict(enumerate(self._fixes, start))

        def called(number: int) -> Collection[str]:
            if number in names:
                return names[number]
            fix, _ = fixes[number]
            return () if self._is_picked(fix) else {fix.commit, fix.origin}

        of: dict[int, set[int]] = {}
        for found in follow_ups(called, {number: fixed for number, (_, fixed) in fixes.items()}, names):
            of.setdefault(found.position, set()).update(of.get(found.of, {found.of}))
        lacking: dict[str, Elsewhere] = {}
        for number, fixed in of.items():
            fix, _ = fixes[number]
            origin = fix.origin
            known = self._is_picked(fix) or (origin in lacking and origin != fix.commit)
            if not known and self._changes_code(fix.commit):
                subject = fix.message.partition("\n")[0]
                lacking[origin] = Elsewhere(fix.commit, subject, fix.branch, tuple(sorted(fixed)))
        return tuple(lacking.values())

    def _changes_code(self, commit: str) -> bool:
        text = self._repository.git.call("diff-tree", *DIFF_OPTIONS, "--no-commit-id", commit, "--").out
        return changes_code(map(as_change, split_diff(text)))
