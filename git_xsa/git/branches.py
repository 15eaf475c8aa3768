"""Find what to look at: stable branches and their releases, the branch that a base or a commit is on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from git_xsa.git.config import Settings
from git_xsa.git.repository import Commit, Repository
from git_xsa.model.release import (
    Version,
    belongs,
    newest,
    security_support_ends,
    security_supported,
    version_of,
)


@dataclass(frozen=True)
class Branch:
    """A stable branch: its short name, version, the full reference that was taken for it, and its tip.

    ``releases`` are its release tags, the newest first.
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
        self.releases: dict[str, tuple[Version, str]] = {}
        for reference, commit in self._refs.items():
            name = reference.removeprefix("refs/tags/")
            version = version_of(name, settings.release_tag) if name != reference else None
            if version is not None:
                self.releases[name] = (version, commit)
        self.stable = self._find()

    def _find(self) -> list[Branch]:
        """Return every stable branch, by version.  Of several of one name the newest counts, the local one first."""
        candidates: dict[Version, list[tuple[str, str]]] = {}
        for reference in self._refs:
            kind, _, rest = reference.removeprefix("refs/").partition("/")
            name = rest if kind == "heads" else self._of_remote(rest) if kind == "remotes" else ""
            version = version_of(name, self._settings.stable_branch)
            if version is not None:
                candidates.setdefault(version, []).append((name, reference))
        tags = [(version, name) for name, (version, _) in self.releases.items()]
        branches = []
        for version, found in sorted(candidates.items()):
            name, reference = found[0]
            for _, other in found[1:]:
                if self._is_older(reference, other):
                    reference = other
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
        words = ("merge-base", "--is-ancestor", here, there)
        return self._repository.git.call(*words, accept=(0, 1)).status == 0

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
        stated = [(branch, security_supported(self._statement(branch), today)) for branch in self.stable]
        if all(supported is None for _, supported in stated):
            return [branch for branch, _ in stated], []
        return [branch for branch, s in stated if s], [branch for branch, s in stated if not s]

    def _statement(self, branch: Branch) -> str:
        """Return the support statement at the branch's tip; nothing where it has none."""
        found = self._repository.read(f"{branch.tip}:SUPPORT.md")
        return found[2].decode("utf-8", "replace") if found else ""

    def security_support_ends(self, branch: Branch) -> date | None:
        """Return the last day of the branch's security support, ``None`` when it doesn't name one."""
        return security_support_ends(self._statement(branch))

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
        """Return the commit ``name`` as a base; ``XsaError`` when it is none, with the names that come near."""
        commit = self._repository.resolve(name)
        if commit is not None:
            return commit
        raise self._repository.no_commit(name, self._nearest(name))

    def _nearest(self, name: str) -> str:
        if self._repository.shallow:
            return self._repository.missing_hint()
        if not self.releases:
            return "the repository has no release tags: git fetch --tags"
        guess = self._settings.release_tag.replace("*", name)
        if guess in self.releases:
            return f"the release is called {guess}"
        stem = name.rpartition(".")[0]
        near = [tag for tag in self.releases if stem and tag.startswith(stem)][-3:]
        return f"the releases nearest to it are {', '.join(near)}" if near else self._repository.name_hint()

    def of_base(self, base: Commit) -> Branch | None:
        """Return the stable branch of the release ``base`` by its version, ``None`` if it is no release of one."""
        for branch in self.stable:
            if any(release.id == base.id for release in branch.releases):
                return branch
        return None

    def below(self, base: Commit) -> Branch | None:
        """Return the stable branch of the newest release that ``base`` has in its history, ``None`` if it has none."""
        listing = self._repository.git.text(
            "for-each-ref", "--format=%(refname:strip=2)", "--merged", base.id, "refs/tags"
        )
        versions = [self.releases[name][0] for name in listing.split("\n") if name in self.releases]
        branches = [branch for branch in self.stable if versions and belongs(max(versions), branch.version)]
        return branches[0] if branches else None

    def holding(self, commits: Iterable[str]) -> list[Branch]:
        """Return the stable branches that have all ``commits``, in the order of their versions."""
        words = [word for commit in commits for word in ("--contains", commit)]
        listing = self._repository.git.text("for-each-ref", "--format=%(refname)", *words, "refs/heads", "refs/remotes")
        found = set(listing.split("\n"))
        return [branch for branch in self.stable if branch.reference in found]
