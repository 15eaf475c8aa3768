"""Commits of newer branches that say they fix one of a queue, and that the branch of the queue lacks.

The stable maintainers pick from the development branch, not always at once, and not all to every branch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from git_xsa.ask.kept_fixes import LaterFix, LaterFixes, keep, kept
from git_xsa.git.diffs import as_change, split_diff
from git_xsa.git.log import DIFF_OPTIONS
from git_xsa.git.marked import MESSAGES
from git_xsa.git.repository import Commit, Repository
from git_xsa.git.run import Call
from git_xsa.model.follow_ups import Fixing, changes_code, fixed_commits, follow_ups
from git_xsa.model.marks import named_commits, upstream_commit

#: What a message has that says a commit fixes, or reverts, another one; not all that has it does.
_FIXING = ("--fixed-strings", "--regexp-ignore-case", "--grep=Fixes", "--grep=reverts")
_LOG = (*MESSAGES, "--no-merges", "--no-notes")
#: Names of commits are compared in this length, the least in which a message names an origin.
_NAMED = 12
#: No branch is as long.
_BEHIND = 1 << 40


class Elsewhere(NamedTuple):
    """That ``commit`` of ``branch`` says it fixes the changes at the positions ``of``, and has no pick on ours."""

    commit: str
    subject: str
    branch: str
    of: tuple[int, ...]


class NewerBranches:
    """What the branches ``newer`` say they fix that none of the commits ``having`` has.

    Unless an earlier command has found it out, git starts to look for it now.
    """

    def __init__(self, repository: Repository, having: Sequence[str], newer: Sequence[Commit]) -> None:
        self._repository = repository
        self._branches = {commit.reference or commit.id: commit.name for commit in newer}
        self._key = (*having, *(word for commit in newer for word in (commit.id, commit.name)))
        self._kept = kept(self._key) if newer else LaterFixes((), ())
        self._found = self._ours = None
        self._subjects: dict[str, str | None] = {}
        if self._kept is None:
            without = (*self._branches, *(f"^{commit}" for commit in having), "--")
            self._found = repository.git.start(*_LOG, "--source", "--format=%H%n%S%n%B", *_FIXING, *without)
            since = f"^{next(iter(self._branches))}"  # not all: another stable branch may share picks with ours
            self._ours = repository.git.start(*_LOG, "--format=%B", *having, since, "--")

    @cached_property
    def _all(self) -> LaterFixes:
        if self._kept is None:
            fixes = tuple(self._read_fixes())[::-1]
            picked = tuple(sorted({name[:_NAMED] for message in _texts(self._ours) for name in named_commits(message)}))
            self._kept = LaterFixes(fixes, picked)
            keep(self._key, self._kept)
        return self._kept

    def _read_fixes(self) -> Iterator[LaterFix]:
        for entry in _texts(self._found):
            commit, _, rest = entry.partition("\n")
            reference, _, message = rest.partition("\n")
            if fixed := fixed_commits(message):
                branch = self._branches.get(reference, reference)
                yield LaterFix(commit, branch, upstream_commit(message) or commit, tuple(sorted(fixed)))

    @cached_property
    def _numbered(self) -> Mapping[int, LaterFix]:
        """All of them, by numbers behind all positions on our branch."""
        return dict(enumerate(self._all.fixes, _BEHIND))

    @cached_property
    def _fixing(self) -> Fixing:
        return Fixing({number: fix.fixed for number, fix in self._numbered.items()})

    @cached_property
    def _picked(self) -> frozenset[str]:
        return frozenset(self._all.picked)

    def _is_picked(self, fix: LaterFix) -> bool:
        """Whether our branch, or the base, has a pick of the same origin."""
        return fix.origin[:_NAMED] in self._picked

    def fixes_of(self, names: Mapping[int, Collection[str]]) -> tuple[Elsewhere, ...]:
        """Return the fixes of the changes that have these ``names``, by position, and of each other: those that have no
        pick on our branch, and change more than comments, white space and documentation; each origin once."""
        fixes = self._numbered

        def called(number: int) -> Collection[str]:
            if number in names:
                return names[number]
            fix = fixes[number]
            return () if self._is_picked(fix) else {fix.commit, fix.origin}

        of: dict[int, set[int]] = {}
        for found in follow_ups(called, self._fixing, names):
            of.setdefault(found.position, set()).update(of.get(found.of, {found.of}))
        coding = self._that_change_code({fixes[number].commit for number in of if not self._is_picked(fixes[number])})
        lacking: dict[str, Elsewhere] = {}
        for number, fixed in of.items():
            fix = fixes[number]
            origin = fix.origin
            if fix.commit in coding and (origin not in lacking or origin == fix.commit):
                lacking[origin] = Elsewhere(fix.commit, coding[fix.commit], fix.branch, tuple(sorted(fixed)))
        return tuple(lacking.values())

    def _that_change_code(self, commits: Collection[str]) -> dict[str, str]:
        """Return those of ``commits`` that change more than comments, white space and documentation: id -> subject."""
        if unread := sorted(set(commits) - self._subjects.keys()):
            words = ("diff-tree", "--stdin", "--pretty=tformat:%x00%H%x00%s%x00", *DIFF_OPTIONS)
            given = "".join(f"{commit}\n" for commit in unread).encode()
            fields = iter(self._repository.git.start(*words, given=given).finish().out.split(b"\0")[1:])
            for name, subject, diff in zip(*[fields] * 3, strict=True):
                codes = changes_code(map(as_change, split_diff(diff)))
                self._subjects[name.decode()] = subject.decode("utf-8", "replace") if codes else None
        return {commit: subject for commit in commits if (subject := self._subjects[commit]) is not None}


def _texts(log: Call | None) -> list[str]:
    """Return what a log with a zero after each commit has."""
    return log.finish().out.decode("utf-8", "replace").split("\0") if log is not None else []
