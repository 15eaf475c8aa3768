"""Read from a repository what is known of advisories over all its branches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from git_xsa.ask.session import Session
from git_xsa.git.graph import Graph, Reach, read_graph
from git_xsa.git.marked import MESSAGES
from git_xsa.git.run import Call, Git
from git_xsa.model.follow_ups import fixed_commits, is_document
from git_xsa.model.marks import marked_advisories
from git_xsa.model.release import belongs
from git_xsa.publish import problems
from git_xsa.publish.known import known_of, public_numbers
from git_xsa.publish.ranges.introduced import Introductions, Picks
from git_xsa.publish.ranges.values import AdvisoryRange, Introduction, LineFixes, Release, ReleaseStanding

#: What has git show only messages that may have a mark.
_MAY_MARK = ("--extended-regexp", "--regexp-ignore-case", "--grep=XSA[-# ]?[0-9]")


class AdvisoryHistory:
    """The branches of ``session`` with all that their messages say of advisories; with the line to the commit ``tip``,
    by that name, and the history of ``base``, if these are given."""

    def __init__(self, session: Session, line: str = "", tip: str = "", base: str = "") -> None:
        repository = session.repository
        if repository.shallow:
            raise problems.shallow_history()
        git, branches = repository.git, session.branches
        #: By name: the tips of the stable branches by version, then those of the development branches.
        self.tips = {branch.name: branch.tip for branch in branches.stable}
        development = {branch.name: branch.tip for branch in branches.development if branch.name not in self.tips}
        self.tips |= development | ({line: tip} if line else {})
        ends = [*self.tips.values(), *([base] if base else [])]
        tags = sorted((version, tag, commit) for tag, (version, commit) in branches.releases.items())
        self.releases = tuple(Release(tag, version, commit) for version, tag, commit in tags)
        marked = _log(git, self.tips.values(), (), *_MAY_MARK)
        aside = _log(git, ends, development.values())
        self.graph = read_graph(git, [*ends, *(release.commit for release in self.releases)])
        self.messages = {c: m for c, m in _messages(marked).items() if marked_advisories(m)}
        self.fixes = self._fixes()
        picks = Picks(_messages(aside))
        names = {name for message in self.messages.values() for name in fixed_commits(message)}
        resolved = _resolved(git, names, self.graph)
        originals = {name for commit in resolved.values() for name in picks.originals(commit)}
        self.versions = [(branch.name, branch.version) for branch in branches.stable]
        self.dates = _dates(git, [*self.tips.values(), *self.messages])
        self.introductions = Introductions(self.messages, resolved | _resolved(git, originals, self.graph), picks)

    def sharing(self) -> dict[int, set[int]]:
        """Return the other advisories that each shares a commit with."""
        found: dict[int, set[int]] = {number: set() for number in self.fixes}
        for message in self.messages.values():
            marked = set(marked_advisories(message))
            for number in marked.intersection(found):
                found[number] |= marked - {number}
        return found

    def _fixes(self) -> dict[int, tuple[LineFixes, ...]]:
        """Return the fixes of each advisory, branch by branch."""
        found: dict[int, dict[str, list[str]]] = {}
        for name, tip in self.tips.items():
            for commit in self.graph.first_parents(tip):
                for number in marked_advisories(self.messages[commit]) if commit in self.messages else ():
                    found.setdefault(number, {}).setdefault(name, []).append(commit)
        return {
            number: tuple(LineFixes(name, tuple(commits)) for name, commits in lines.items())
            for number, lines in sorted(found.items())
        }


class FoundRanges(NamedTuple):
    """Advisories by number, those that were asked for and that no branch has a fix of, and how many were left out as
    they are under embargo."""

    ranges: tuple[AdvisoryRange, ...]
    unknown: tuple[int, ...]
    hidden: int


def read_ranges(session: Session, numbers: Collection[int], embargoed: bool) -> FoundRanges:
    """Return what is known of the advisories ``numbers``; none: of all that a branch has a fix of.

    Without ``embargoed`` nothing that is treated as being under embargo is in it: ``XsaError`` if it was asked for.
    """
    history = session.once(AdvisoryHistory)
    shown = public_numbers(session, numbers, history.sharing(), embargoed)
    wanted = [number for number in history.fixes if number in shown]
    special = {fix for lines in history.fixes.values() for line in lines for fix in line.commits}
    special |= {one for number in wanted for one in history.introductions.named(history.fixes[number])}
    reach = Reach(history.graph, special)
    fixing = {fix for number in wanted for line in history.fixes[number] for fix in line.commits}
    files = changed_files(session.repository.git, fixing)
    found = [_range(session, history, reach, number, files) for number in wanted]
    hidden = len(history.fixes.keys() - shown) if not numbers else 0
    return FoundRanges(tuple(found), tuple(sorted(set(numbers).difference(history.fixes))), hidden)


def _range(
    session: Session, history: AdvisoryHistory, reach: Reach, number: int, files: Mapping[str, Mapping[bytes, str]]
) -> AdvisoryRange:
    fixes = history.fixes[number]
    introduction = history.introductions.of(fixes, reach.has)
    ends = dict.fromkeys(line.commits[-1] for line in fixes)
    changed = {path for line in fixes for fix in line.commits for path in files.get(fix, ())}
    standing = _Standings(history, reach, fixes, introduction).of
    causes = introduction.commits or ("",)
    return AdvisoryRange(
        number,
        known_of(session, number, [history.messages[fix] for line in fixes for fix in line.commits]),
        introduction,
        fixes,
        tuple((cause, end) for end in ends for cause in causes if not cause or reach.has(end, [cause])),
        tuple(sorted(path for path in changed if not is_document(path))),
        tuple(release._replace(standing=standing(release)) for release in history.releases),
    )


class _Standings:
    """Judges releases as to one advisory."""

    def __init__(
        self, history: AdvisoryHistory, reach: Reach, fixes: Sequence[LineFixes], introduction: Introduction
    ) -> None:
        self._history, self._reach, self._introduction = history, reach, introduction
        self._ends = {line.branch: line.commits[-1] for line in fixes}
        self._first = min(history.dates[end] for end in self._ends.values())

    def of(self, release: Release) -> ReleaseStanding:
        """Return what ``release`` is."""
        if self._reach.has(release.commit, self._ends.values()):
            return ReleaseStanding.FIXED
        causes = self._introduction.commits
        if causes and not self._reach.has(release.commit, causes):
            return ReleaseStanding.UNAFFECTED
        branch = next((name for name, version in self._history.versions if belongs(release.version, version)), "")
        ended = self._history.dates.get(self._history.tips.get(branch, ""), 0) < self._first
        return ReleaseStanding.AFFECTED if branch in self._ends or (causes and ended) else ReleaseStanding.UNKNOWN


def changed_files(git: Git, commits: Iterable[str]) -> dict[str, dict[bytes, str]]:
    """Return what each of ``commits`` changes: the path of a file -> git's letter for what happens to it."""
    given = "".join(f"{commit}\n" for commit in sorted(set(commits))).encode()
    if not given:
        return {}
    shown = ("--format=%H%x00", "--name-status", "--no-renames", "--diff-merges=first-parent", "--no-show-signature")
    output = git.call("log", "--no-walk=unsorted", "--stdin", "-z", *shown, given=given).out
    found: dict[str, dict[bytes, str]] = {}
    fields = iter(output.split(b"\0")[:-1])
    current: dict[bytes, str] = {}
    for field in fields:
        word = field.removeprefix(b"\n").decode("ascii")
        if len(word) == 1:
            current[next(fields)] = word
        else:
            current = found.setdefault(word, {})
            next(fields)
    return found


def _dates(git: Git, commits: Iterable[str]) -> dict[str, int]:
    """Return when each of ``commits`` was committed, in seconds since 1970."""
    given = "".join(f"{commit}\n" for commit in sorted(set(commits))).encode()
    lines = git.call("log", "--no-walk=unsorted", "--stdin", "--no-show-signature", "--format=%H %ct", given=given).out
    return {name: int(date) for name, date in (line.split() for line in lines.decode("ascii").splitlines())}


def _log(git: Git, ends: Iterable[str], without: Iterable[str], *words: str) -> Call:
    """Have git write the messages of all commits below ``ends`` that are not below ``without``."""
    given = "".join([*(f"{one}\n" for one in ends), *(f"^{one}\n" for one in without)]).encode()
    return git.start(*MESSAGES, "--format=%H%n%B", *words, "--stdin", given=given)


def _messages(log: Call) -> dict[str, str]:
    entries = log.finish().out.decode("utf-8", "replace").split("\0")
    return {commit: message for commit, _, message in (entry.partition("\n") for entry in entries) if commit}


def _resolved(git: Git, names: Iterable[str], graph: Graph) -> dict[str, str]:
    """Return the commit of ``graph`` that each of ``names`` stands for, without those that stand for none."""
    asked = sorted(set(names))
    given = "".join(f"{name}^{{commit}}\n" for name in asked).encode()
    lines = git.call("cat-file", "--batch-check=%(objectname)", given=given).out.decode("ascii", "replace").splitlines()
    return {name: line for name, line in zip(asked, lines, strict=True) if line in graph.parents}
