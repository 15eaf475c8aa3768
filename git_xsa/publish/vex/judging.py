"""Look at what is shipped: a base, with the patches of its package and a queue on it, as to each advisory."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from git_xsa.ask.in_tree import AdvisoryInTree, InTree, Presence, contents_of
from git_xsa.ask.own_store import secret
from git_xsa.ask.session import Session
from git_xsa.export.exported import of_folder
from git_xsa.git.diffs import as_change
from git_xsa.git.graph import Reach
from git_xsa.git.repository import Commit
from git_xsa.git.source_tree import SourceFile
from git_xsa.git.trees import entries_of
from git_xsa.model.follow_ups import changes_code
from git_xsa.model.marks import named_commits
from git_xsa.model.words import DIGITS
from git_xsa.publish.known import known_of, plain, public_numbers
from git_xsa.publish.ranges.read import AdvisoryHistory, changed_files
from git_xsa.publish.ranges.values import Introduction
from git_xsa.publish.vex.compiled import CompiledFiles, CompiledList, only_text
from git_xsa.publish.vex.statements import Cause, Code, ProductEvidence, Statement, VexStatus, judge

#: What a build makes by itself, so that a list of it may lack the other, which the product has.
_FOLDERS = (b"tools/", b"xen/")
#: The rules of the hypervisor's build, and a C file or its preprocessed form in them, for git grep.
_RULES = re.compile(rb"xen/(?:.*/)?(?:[^/]*Makefile[^/]*|[^/]*\.mk)$")
_NAMED = r"[[:alnum:]_-]+\.[ci]\>"
_INCLUDED = re.compile(rb"[<\"]([^<>\"]+\.c)[>\"]")


class Shipped(NamedTuple):
    """What is shipped: the base with everything on it, that without the queue, the branch's end, and the advisories
    that the queue fixes; ``private``: the queue may be under embargo."""

    base: Commit
    before: Commit
    tip: Commit
    declared: frozenset[int] = frozenset()
    private: bool = False


def with_queue(session: Session, base: Commit, tip: Commit, folder: Path | None) -> Shipped:
    """Return ``base`` with the queue that was exported to ``folder`` on it; without one, ``base`` itself.

    ``XsaError`` when the folder is no export, was changed since, or its queue does not apply to ``base``.
    """
    if folder is None:
        return Shipped(base, base, tip)
    stack = of_folder(session, folder, base)
    size = len(stack.patches)
    tree, there = stack.tree(size), entries_of(session.repository, base.id)
    files: dict[bytes, SourceFile | None] = {path: None for path in there if path not in tree.entries}
    for path, (mode, name) in tree.entries.items():
        if there.get(path) != (mode, name):
            files[path] = SourceFile(path, mode, tree.content(path))
    messages = [
        "\n\n".join([patch.subject, *(f"This is XSA-{number}." for number in patch.xsa)]) for patch in stack.patches
    ]
    made = session.borrowed.commit_changes(files, base.id, messages or ["An empty queue"])
    whole = base._replace(id=made, reference=None, under=base.lasting, patches=base.patches + size)
    return Shipped(whole, base, tip, frozenset(stack.xsa), stack.private)


class Judged(NamedTuple):
    """What is said of each advisory, how many were left out as they are under embargo, which were asked for and nothing
    is known of, and which count as not compiled as nothing in a folder of theirs was, by that folder."""

    statements: list[Statement]
    hidden: int
    unknown: tuple[int, ...]
    by_folder: Mapping[str, Sequence[int]]


def judged(
    session: Session, shipped: Shipped, listed: CompiledList | None, numbers: Collection[int], embargoed: bool
) -> Judged:
    """Return what is said of ``shipped`` as to the advisories ``numbers`` (none: all that a branch has a fix of).

    ``listed`` are the files that were compiled, ``None``: that is not known.  Without ``embargoed``, ``XsaError`` if an
    advisory that was asked for is under embargo.
    """
    history = session.once(AdvisoryHistory, shipped.tip.spelled, shipped.tip.id, shipped.base.lasting)
    shown = public_numbers(session, numbers, history.sharing(), embargoed)
    untold = set() if embargoed else set(secret(session, history.fixes))
    look = _Look(session, shipped, listed, sorted(shown), untold)
    statements = [look.statement(number) for number in sorted(shown)]
    return Judged(
        statements,
        0 if numbers else len(history.fixes.keys() - shown),
        tuple(sorted(shown - history.fixes.keys() - shipped.declared)),
        look.by_folder,
    )


class _Look:
    """Looks at what is ``shipped`` as to the advisories ``numbers``; names no commit that fixes one of ``untold``."""

    def __init__(
        self,
        session: Session,
        shipped: Shipped,
        listed: CompiledList | None,
        numbers: Sequence[int],
        untold: Collection[int],
    ) -> None:
        self._session, self._shipped, self._untold = session, shipped, untold
        tip, base = shipped.tip, shipped.base
        self._history = history = session.once(AdvisoryHistory, tip.spelled, tip.id, base.lasting)
        special = {fix for lines in history.fixes.values() for line in lines for fix in line.commits}
        special |= {one for number in numbers for one in history.introductions.named(history.fixes.get(number, ()))}
        self._reach = Reach(history.graph, special)
        self._changed = changed_files(session.repository.git, special)
        self._range = session.ranges.between(base, tip)
        found = contents_of(session, base, tip, numbers)
        self._inside = {one.number: one for one in found.advisories} if found is not None else {}
        entries = entries_of(session.repository, base.id)
        #: Where the base left the branch, and the files that it has in its own way since.
        self._start, self._own_paths = base.lasting, set[bytes]()
        if self._range.base is not None:
            self._start = self._range.root
            before = entries_of(session.repository, self._start)
            both = entries.keys() | before.keys()
            self._own_paths = {path for path in both if entries.get(path) != before.get(path)}
        self._compiled = None
        if listed is not None:
            self._compiled = CompiledFiles(listed, entries.keys(), doubtful_names(session, base, entries.keys()))
        #: Those that count as not compiled as nothing in a folder was.
        self.by_folder: dict[str, list[int]] = {}

    def statement(self, number: int) -> Statement:
        """Return what is said as to an advisory."""
        fixes = self._history.fixes.get(number, ())
        messages = [self._history.messages[fix] for line in fixes for fix in line.commits]
        known = known_of(self._session, number, messages)
        seen = self._seen(number)
        status, reason = judge(seen)
        if status is VexStatus.NOT_AFFECTED and seen.code is Code.NOT_COMPILED and self._compiled is not None:
            for folder in _FOLDERS:
                if self._compiled.lacks(folder) and any(path.startswith(folder) for path in seen.files):
                    self.by_folder.setdefault(folder.decode(), []).append(number)
        action = self._action(number) if status is VexStatus.AFFECTED else ""
        reason += self._later(number) if status is VexStatus.FIXED else ""
        return Statement(number, known, status, reason, action)

    def _seen(self, number: int) -> ProductEvidence:
        shipped, history = self._shipped, self._history
        fixes = history.fixes.get(number, ())
        standing, uncertain = self._standing(number)
        introduction = history.introductions.of(fixes, self._reach.has) if fixes else Introduction(unknown="no fix")
        own = [line for line in fixes if line.branch == shipped.tip.spelled] or fixes
        changed = {
            path: how for line in own for fix in line.commits for path, how in self._changed.get(fix, {}).items()
        }
        code, files = self._compiled.code_of(changed) if self._compiled is not None else (Code.UNKNOWN, sorted(changed))
        if fixes and only_text(changed):
            code = Code.NONE
        ends = [history.dates[line.commits[-1]] for line in fixes]
        return ProductEvidence(
            standing,
            shipped.base.called,
            shipped.tip.spelled,
            declared=number in shipped.declared,
            uncertain=uncertain,
            code=code,
            cause=self._cause(introduction),
            ended=bool(ends) and history.dates.get(shipped.tip.id, 0) < min(ends),
            causes=[commit[:DIGITS] for commit in introduction.commits],
            files=files,
        )

    def _standing(self, number: int) -> tuple[InTree | None, bool]:
        """Return what the base is as to the branch's fixes of an advisory, and whether equal lines allow the
        contrary."""
        if number in self._inside:
            one = self._inside[number]
            return one.standing, not one.said_by and any(_doubtful(one))
        line = self._line(number)
        if not line:
            return None, False
        there = [self._reach.has(self._start, [fix]) for fix in line]
        return (InTree.FIXED if all(there) else InTree.PARTLY if any(there) else InTree.LACKING), False

    def _cause(self, introduction: Introduction) -> Cause:
        """Return whether the base has one of the commits of ``introduction``.

        A base beside the branch may have one without its name: it has none for certain only if all files that they
        change are those of the commit where it left the branch.
        """
        if not introduction.commits:
            return Cause.UNKNOWN
        if any(self._reach.has(one, introduction.commits) for one in (self._start, self._shipped.base.lasting)):
            return Cause.THERE
        paths = {path for commit in introduction.commits for path in self._changed.get(commit, ())}
        return Cause.ABSENT if paths.isdisjoint(self._own_paths) else Cause.UNKNOWN

    def _later(self, number: int) -> str:
        """Return a sentence on later commits of the branch that say they fix the fix, and that the base lacks; with a
        blank before it, empty for none."""
        found, start = self._range, self._range.position[self._shipped.base.id]
        line = self._line(number)
        own = {name for fix in line for name in (fix, *named_commits(self._history.messages[fix]))}
        positions = [position for position in found.fixing.of(own) if position > start]
        lacking = sorted(set(positions) - found.taken(positions))
        diffs = found.diffs(lacking)
        needed = [
            found.commits[position - 1]
            for position in lacking
            if not set(found.marks(position)).intersection(self._untold)
            and changes_code(map(as_change, diffs[position]))
        ]
        if not needed:
            return ""
        names = ", ".join(f"{commit.id[:DIGITS]} ({plain(commit.subject)})" for commit in needed)
        return f" Later commits of {self._shipped.tip.spelled} say that they fix the fix, and are not there: {names}."

    def _line(self, number: int) -> tuple[str, ...]:
        """Return the commits of the branch that fix an advisory, in order."""
        lines = self._history.fixes.get(number, ())
        return next((line.commits for line in lines if line.branch == self._shipped.tip.spelled), ())

    def _action(self, number: int) -> str:
        line = [fix for fix in self._line(number) if not self._reach.has(self._shipped.base.lasting, [fix])]
        where = f" (on {self._shipped.tip.spelled}: {', '.join(fix[:DIGITS] for fix in line)})" if line else ""
        return f"Apply the patches of XSA-{number}{where}, or update to a version that has them."


def _doubtful(one: AdvisoryInTree) -> list[bool]:
    return [fix.uncertain for fix in one.fixes if fix.presence is Presence.WHOLE]


def doubtful_names(session: Session, base: Commit, paths: Iterable[bytes]) -> set[bytes]:
    """Return the names of the C files of ``base``, with the files ``paths``, that other files include, or that rules of
    the hypervisor's build name; what is simply compiled is named there by its object."""
    git = session.repository.git
    words = ("grep", "-h", "-I", "-E")
    include = r"^[[:space:]]*#[[:space:]]*include.*\.c[>\"]"
    found = git.call(*words, include, base.id, "--", accept=(0, 1)).out
    names = {match[1].rpartition(b"/")[2] for match in _INCLUDED.finditer(found)}
    rules = sorted(os.fsdecode(path) for path in paths if _RULES.match(path))
    named = git.call(*words, "-o", _NAMED, base.id, "--", *rules, accept=(0, 1)).out.split() if rules else []
    return names | {name[:-1] + b"c" for name in named}
