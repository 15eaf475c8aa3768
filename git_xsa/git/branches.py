"""Find what to look at: stable branches and their releases, the branch that a base or a commit is on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import NamedTuple

from git_xsa.git import problems, remarks
from git_xsa.git.config import Settings
from git_xsa.git.repository import Commit, Repository
from git_xsa.model.release import (
    Version,
    belongs,
    newest,
    security_support_ends,
    security_supported,
    spelled,
    version_of,
)
from git_xsa.model.words import DIGITS
from git_xsa.wording import NOTHING, Remark

#: The tag of a release candidate: ``4.21.0-rc2``, in Xen without the RELEASE- of releases.
_CANDIDATE = re.compile(r"(?:refs/tags/)?(?:[A-Za-z_-]*)(\d+(?:\.\d+)+)-?rc\d*")
#: The number of a release or a branch, in whatever name a person gives it.
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


class Branch(NamedTuple):
    """A stable branch: its short name, version, the full reference that was taken for it, and its tip.

    ``releases`` are its release tags, the newest first.  A development branch has neither version nor releases.
    """

    name: str
    version: Version
    reference: str
    tip: str
    releases: tuple[Commit, ...]

    @property
    def end(self) -> Commit:
        """The tip, by the branch's name."""
        return Commit(self.name, self.tip, self.reference)


class Branches:
    """The stable branches and releases of a repository, local or under any remote."""

    def __init__(self, repository: Repository, settings: Settings) -> None:
        self._repository = repository
        self._settings = settings
        self._refs = repository.refs()
        self._contained: tuple[tuple[str, ...], set[str]] = (), set()
        self._below: dict[str, Branch | None] = {}
        self.releases: dict[str, tuple[Version, str]] = {}
        for reference, commit in self._refs.items():
            name = reference.removeprefix("refs/tags/")
            version = version_of(name, settings.release_tag) if name != reference else None
            if version is not None:
                self.releases[name] = (version, commit)
        self.stable = self._find()
        self.development = list(self._find_development())

    def _find_development(self) -> Iterator[Branch]:
        """Yield the development branches: of each name first the one that counts, then those that went another way."""
        for name in self._settings.development_branches:
            found = [reference for reference in self._refs if self._short(reference) == name]
            first = self._newest(found)
            for reference in dict.fromkeys([*first, *found]):
                yield Branch(name, (), reference, self._refs[reference], ())

    def _short(self, reference: str) -> str:
        """Return the name of a branch, here or of a remote, without where it is; empty for another reference."""
        kind, _, rest = reference.removeprefix("refs/").partition("/")
        return rest if kind == "heads" else self._of_remote(rest) if kind == "remotes" else ""

    def _newest(self, references: Sequence[str]) -> list[str]:
        """Return the one of ``references`` that counts, in a list: the newest, and the first of those that differ."""
        found = list(references[:1])
        for other in references[1:]:
            if self._is_older(found[0], other):
                found = [other]
        return found

    def _find(self) -> list[Branch]:
        """Return every stable branch, by version.  Of several of one name the newest counts, the local one first."""
        candidates: dict[Version, list[tuple[str, str]]] = {}
        for reference in self._refs:
            name = self._short(reference)
            version = version_of(name, self._settings.stable_branch)
            if version is not None:
                candidates.setdefault(version, []).append((name, reference))
        tags = [(version, name) for name, (version, _) in self.releases.items()]
        branches = []
        for version, found in sorted(candidates.items()):
            name = found[0][0]
            [reference] = self._newest([other for _, other in found])
            releases = tuple(Commit(tag, self.releases[tag][1]) for tag in newest(tags, version))
            branches.append(Branch(name, version, reference, self._refs[reference], releases))
        return branches

    def _of_remote(self, name: str) -> str:
        """Return the name of a remote's branch without that of the remote, which may have a slash in it, too."""
        remotes = [remote for remote in self._settings.remotes if name.startswith(f"{remote}/")]
        remote = max(remotes, key=len, default=name.partition("/")[0])
        return name[len(remote) + 1 :]

    def _is_older(self, reference: str, other: str) -> bool:
        here, there = self._refs[reference], self._refs[other]
        if here == there:
            return False
        return self._repository.git.contains(there, here)

    def matching(self, pattern: str) -> list[Branch]:
        """Return the branches whose name (``stable-4.17``) or version (``4.17``) matches ``pattern``."""
        found = []
        for branch in self.stable:
            version = ".".join(str(number) for number in branch.version)
            if fnmatchcase(branch.name, pattern) or fnmatchcase(version, pattern):
                found.append(branch)
        return found

    def supported(self, today: date) -> tuple[list[Branch], list[Branch]]:
        """Return the branches that get security fixes ``today`` by their own ``SUPPORT.md``, and the others.

        When no branch says how long it is supported (another project's tree), all are.
        """
        stated = [(branch, security_supported(self._statement(branch.tip), today)) for branch in self.stable]
        if all(supported is None for _, supported in stated):
            return [branch for branch, _ in stated], []
        return [branch for branch, s in stated if s], [branch for branch, s in stated if not s]

    def lacking(self, pattern: str | None, today: date) -> list[Remark]:
        """Return which stable branches that get security fixes ``today`` the clone lacks, a sentence each.

        Only those that match ``pattern``, if there is one.  They are known by their release tags, which have a
        support statement, too; or only that there may be any is known, since no remote is fetched whole.
        """
        missing: dict[Version, Version] = {}
        for release, _ in self.releases.values():
            if not any(belongs(release, branch.version) for branch in self.stable):
                missing[release[:-1]] = max(release, missing.get(release[:-1], release))
        tags = {version: name for name, (version, _) in self.releases.items()}
        sentences = []
        for version, release in sorted(missing.items()):
            name = self._settings.stable_branch.replace("*", spelled(version))
            commit = self.releases[tags[release]][1]
            wanted = pattern is None or fnmatchcase(name, pattern) or fnmatchcase(spelled(version), pattern)
            if wanted and security_supported(self._statement(commit), today):
                sentences.append(remarks.not_in_this_clone(name, tags[release]))
        unfetched = self.unfetched() if pattern is None or any(sign in pattern for sign in "*?[") else NOTHING
        return [*sentences, *([unfetched] if unfetched else [])]

    def unfetched(self) -> Remark:
        """Return that there may be stable branches which no remote is fetched for; empty where one is fetched whole,
        or none is fetched at all."""
        any_branch = f"refs/heads/{self._settings.stable_branch.replace('*', '0')}"
        fetched: dict[str, list[str]] = {}
        for remote, refspec in self._settings.refspecs:
            fetched.setdefault(remote, []).append(refspec.removeprefix("+").partition(":")[0])
        for sources in fetched.values():
            taken = any(_stands_for(source, any_branch) for source in sources)
            if taken and not any(_stands_for(source[1:], any_branch) for source in sources if source.startswith("^")):
                return NOTHING
        names = {s.removeprefix("refs/heads/") for sources in fetched.values() for s in sources}
        return remarks.perhaps_other_branches(sorted(names), fetched) if names else NOTHING

    def _statement(self, commit: str) -> str:
        """Return the support statement at ``commit``; nothing where it has none."""
        found = self._repository.read(f"{commit}:SUPPORT.md")
        return found[2].decode("utf-8", "replace") if found else ""

    def security_support_ends(self, branch: Branch) -> date | None:
        """Return the last day of the branch's security support, ``None`` when it doesn't name one."""
        return security_support_ends(self._statement(branch.tip))

    def made(self, releases: Iterable[Commit]) -> dict[str, int]:
        """Return when each of ``releases`` was made, by name: when it was tagged, or else committed; in seconds since
        1970."""
        names = [f"refs/tags/{release.name}" for release in releases]
        if not names:
            return {}
        form = "%(refname:strip=2)%00%(creatordate:unix)%00%(*committerdate:unix)"
        listing = self._repository.git.text("for-each-ref", f"--format={form}", *names)
        found = {}
        for line in listing.split("\n"):
            name, tagged, committed = line.split("\0")
            if tagged or committed:
                found[name] = int(tagged or committed)
        return found

    def base(self, name: str) -> Commit:
        """Return the commit ``name`` as a base; ``XsaError`` when it is none, with the names that come near.

        The number of a release alone (``4.20.1``) is its tag, unless something else has that name.
        """
        commit = self._repository.resolve(name)
        if commit is None and (tag := self._tag_of(name)) in self.releases:
            commit = self._repository.resolve(tag)
        if commit is not None:
            return commit
        raise self._repository.no_commit(name, self._nearest(name))

    def _tag_of(self, version: str) -> str:
        """Return the name that the tag of ``version`` has."""
        return self._settings.release_tag.replace("*", version)

    def _nearest(self, name: str) -> Remark:
        if self._repository.shallow:
            return self._repository.missing_hint()
        if not self.releases:
            return remarks.no_release_tags()
        number = _NUMBER.search(name)
        if number is None or "/" in name:
            return self._repository.name_hint()
        if (tag := self._tag_of(number[0])) in self.releases:
            return remarks.called(tag)
        branch = number[0] if number[0].count(".") == 1 else number[0].rpartition(".")[0]
        stem = f"{self._settings.release_tag.partition('*')[0]}{branch}."
        near = [tag for tag in self.releases if tag.startswith(stem)][-3:]
        return remarks.nearest(near) if near else self._repository.name_hint()

    def of_base(self, base: Commit) -> Branch | None:
        """Return the stable branch of the release ``base`` by its version, ``None`` if it is no release of one."""
        for branch in self.stable:
            if any(release.id == base.id for release in branch.releases):
                return branch
        return None

    def below(self, base: Commit) -> Branch | None:
        """Return the stable branch of the newest release that ``base`` has in its history, ``None`` if it has none."""
        if base.id in self._below:
            return self._below[base.id]
        listing = self._repository.git.text(
            "for-each-ref", "--format=%(refname:strip=2)", "--merged", base.id, "refs/tags"
        )
        versions = [self.releases[name][0] for name in listing.split("\n") if name in self.releases]
        branches = [branch for branch in self.stable if versions and belongs(max(versions), branch.version)]
        found = self._below[base.id] = branches[0] if branches else None
        return found

    def holding(self, commits: Iterable[str]) -> list[Branch]:
        """Return the stable branches that have all ``commits``, in the order of their versions."""
        found = self._containing(tuple(commits))
        return [branch for branch in self.stable if branch.reference in found]

    def developing(self, commits: Iterable[str]) -> Branch | None:
        """Return the first development branch that has all ``commits``, ``None`` when none has."""
        found = self._containing(tuple(commits)) if self.development else set()
        return next((branch for branch in self.development if branch.reference in found), None)

    def left_development(self, base: Commit, below: Branch | None) -> Branch | None:
        """Return the development branch that ``base`` left later than the stable branch ``below`` did, ``None`` if it
        left none later."""
        git = self._repository.git
        for branch in self.development:
            left = git.text("merge-base", base.id, branch.tip, accept=(0, 1))
            if left and (below is None or not git.contains(below.tip, left)):
                return branch
        return None

    def series_of(self, name: str, branches: Iterable[Branch]) -> Branch | None:
        """Return the one of ``branches`` that the release candidate ``name`` leads to, ``None`` for other names."""
        match = _CANDIDATE.fullmatch(name)
        version = tuple(map(int, match[1].split("."))) if match is not None else ()
        return next(
            (branch for branch in branches if version and (version[: len(branch.version)] == branch.version)), None
        )

    def newest_of(self, commits: Sequence[Commit]) -> Commit:
        """Return the one of ``commits`` that has all others in its history; ``XsaError`` when there is none."""
        heads = self._repository.git.text("merge-base", "--independent", *(commit.id for commit in commits)).split()
        if len(heads) != 1:
            raise problems.not_on_one_branch(heads[0][:DIGITS], heads[1][:DIGITS])
        return next(commit for commit in commits if commit.id == heads[0])

    def _containing(self, commits: tuple[str, ...]) -> set[str]:
        """Return the branches, here and of remotes, that have all ``commits``, by their full names."""
        if self._contained[0] != commits:
            git = self._repository.git
            heads = git.text("merge-base", "--independent", *commits).split() if len(set(commits)) > 1 else commits[:1]
            words = ("for-each-ref", "--format=%(refname)", "--contains")  # several of these: any of them, not all
            found = [set(git.text(*words, head, "refs/heads", "refs/remotes").split("\n")) for head in heads]
            self._contained = commits, set.intersection(*found)
        return self._contained[1]


def _stands_for(source: str, reference: str) -> bool:
    """Return whether the source of a refspec, which may have one ``*`` in it, names ``reference``."""
    before, star, after = source.partition("*")
    if not star:
        return source == reference
    return len(reference) >= len(before) + len(after) and reference.startswith(before) and reference.endswith(after)
