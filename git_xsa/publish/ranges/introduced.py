"""Which commits brought what an advisory is about, by what its fixes say.

``Fixes: <commit>`` in a fix names a commit, mostly of the main branch.  A stable branch that was made later has that
very commit; an older one has it if it was picked, and the pick names its original (``master commit: ...``).  So the
introduction is what is named, its original, and every pick of these.

It is known only if nothing contradicts it: each commit that fixes the advisory, on each branch, must name a commit, and
have one of the introduction in its own history.  An advisory of which one patch says nothing may be older than what the
others name, and a branch got its fix because it was affected.  Otherwise the introduction is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from git_xsa.model.follow_ups import fixed_commits
from git_xsa.model.marks import named_commits
from git_xsa.model.words import DIGITS
from git_xsa.publish.ranges.values import Introduction, LineFixes

#: The shortest name of an original by which its picks are found.
_SHORTEST = 12


class Picks:
    """Originals and picks among commits: ``messages`` maps each commit that may be a pick to its message."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._originals: dict[str, set[str]] = {}
        self._picks: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for commit, message in messages.items():
            self._originals[commit] = named_commits(message) - {commit}
            for name in self._originals[commit]:
                self._picks[name[:_SHORTEST]].add((name, commit))

    def originals(self, commit: str) -> Collection[str]:
        """Return the names of what ``commit`` says it was made from, in the length in which it gives them."""
        return self._originals.get(commit, ())

    def of(self, commit: str) -> set[str]:
        """Return the picks of ``commit``."""
        return {pick for name, pick in self._picks.get(commit[:_SHORTEST], ()) if commit.startswith(name)}


class Introductions:
    """Finds introductions.

    ``messages`` maps each fix to its message, ``resolved`` maps a name in one to the commit that it stands for here.
    """

    def __init__(self, messages: Mapping[str, str], resolved: Mapping[str, str], picks: Picks) -> None:
        self._messages, self._resolved, self._picks = messages, resolved, picks

    def named(self, fixes: Iterable[LineFixes]) -> set[str]:
        """Return every commit that may be part of the introduction of what ``fixes`` fix."""
        return {one for line in fixes for fix in line.commits for one in self._by(fix)}

    def of(self, fixes: Sequence[LineFixes], has: Callable[[str, Iterable[str]], bool]) -> Introduction:
        """Return the introduction of what ``fixes`` fix; ``has`` says whether a commit has one of some others."""
        found = self.named(fixes)
        for line in fixes:
            for fix in line.commits:
                where = f"{fix[:DIGITS]} on {line.branch}"
                names = fixed_commits(self._messages[fix])
                if not names:
                    return Introduction(unknown=f"{where} does not say what it fixes")
                if not self._by(fix):
                    return Introduction(unknown=f"{where} fixes {min(names)[:DIGITS]}, which is not in this repository")
                if not has(fix, found):
                    return Introduction(unknown=f"{where} fixes a commit that this branch does not have")
        return Introduction(tuple(sorted(found)))

    def _by(self, fix: str) -> set[str]:
        """Return what one fix names, with originals and picks."""
        found = {self._resolved[name] for name in fixed_commits(self._messages[fix]) if name in self._resolved}
        for commit in tuple(found):
            found |= {self._resolved[name] for name in self._picks.originals(commit) if name in self._resolved}
        return found | {pick for commit in found for pick in self._picks.of(commit)}
