"""What a release will be: the version, the branch, the references, the edits and the names, all from one place.

Nothing is done here.  A plan is made of what the repository and the configuration hold, and a run that is resumed
makes it again from its record (``git_xsa.release.record``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from git_xsa.ask.session import Session
from git_xsa.embargo.rule import HEADS, TAGS
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.git.branches import Branch
from git_xsa.git.repository import Commit
from git_xsa.model.release import Version, belongs, fully_supported, next_release, spelled
from git_xsa.release import problems
from git_xsa.release.edits import fill, words_for
from git_xsa.release.record import Record
from git_xsa.release.settings import ReleaseSettings

REMOTES = "refs/remotes/"


@dataclass(frozen=True)
class BranchEnds:
    """Where a branch stands: locally and at the remote, as it was when it was fetched last; ``None``: not there."""

    name: str
    local: str | None
    remote: str | None

    @property
    def shared(self) -> str | None:
        """Where everybody else has it: at the remote, or here when there is no such branch."""
        return self.remote or self.local


@dataclass(frozen=True)
class Plan:
    """A release to be made.

    ``start`` is the commit that it is made of, what the test gate has passed; ``target`` the branch that gets the
    version commits: staging where there is one, as Xen does it, else the stable branch itself.  ``words`` are what
    the words in braces of settings stand for.
    """

    version: Version
    tag: str
    branch: Branch
    last: Commit
    stable: BranchEnds
    staging: BranchEnds | None
    remote: str
    start: str
    words: Mapping[str, str]
    pre: bool

    @property
    def name(self) -> str:
        """The version as people write it."""
        return spelled(self.version)

    @property
    def target(self) -> BranchEnds:
        """The branch that gets the version commits."""
        return self.staging or self.stable

    @property
    def ref(self) -> str:
        """The reference of that branch."""
        return HEADS + self.target.name

    @property
    def tag_ref(self) -> str:
        """The reference of the tag."""
        return TAGS + self.tag


def make_plan(session: Session, branch: Branch, now: int) -> Plan:
    """Return the plan of the next point release of ``branch``; ``XsaError`` when it has no release to follow."""
    own = session.settings.of(ReleaseSettings)
    settings, refs = session.settings, session.repository.refs()
    last = branch.releases[0] if branch.releases else None
    version = next_release(branch.version, session.branches.releases[last.name][0] if last is not None else None)
    if version is None or last is None:
        raise problems.nothing_to_follow(branch.name)
    remote = remote_for(session, branch)
    stable = _place(refs, branch.name, remote)
    name = settings.of(EmbargoSettings).staging_branch.replace("*", spelled(branch.version))
    staging = _place(refs, name, remote)
    start = stable.shared
    if start is None:  # it was found under another remote
        start = branch.tip
        stable = BranchEnds(branch.name, None, start)
    tag = settings.release_tag.replace("*", spelled(version))
    day = datetime.fromtimestamp(now, timezone.utc).date()
    statement = session.repository.read(f"{start}:SUPPORT.md")
    full = fully_supported(statement[2].decode("utf-8", "replace"), day) if statement is not None else None
    return Plan(
        version, tag, branch, last, stable, staging if staging.shared is not None else None, remote, start,
        words_for(version, tag, day.isoformat()),
        own.pre == "always" or (own.pre == "supported" and full is not False),
    )  # fmt: skip


def plan_again(session: Session, record: Record) -> Plan:
    """Return the plan of a run that has begun, with the branches as they are now, but for what the run itself did.

    What the run set, or pushed, counts as where it began.  ``XsaError`` when the branch is gone.
    """
    branch = next((one for one in session.branches.stable if one.name == record.branch), None)
    if branch is None:
        raise problems.branch_gone(record.branch)

    def there(name: str) -> str | None:
        found = session.repository.read(name)
        return record.start if found is not None and found[0] == record.tip else found[0] if found is not None else None

    def place_of(name: str, local: str | None) -> BranchEnds:
        return BranchEnds(name, local, there(f"{REMOTES}{record.remote}/{name}") if record.remote else None)

    target = place_of(record.ref.removeprefix(HEADS), record.old)
    staging = target if target.name != branch.name else None
    stable = place_of(branch.name, there(HEADS + branch.name)) if staging is not None else target
    version = tuple(map(int, record.version.split(".")))
    last = next((release for release in branch.releases if release.name == record.last), branch.releases[-1])
    return Plan(
        version, record.tag, branch, last, stable, staging, record.remote, record.start, record.words, record.pre
    )


def remote_for(session: Session, branch: Branch) -> str:
    """Return the remote that releases go to, empty for none."""
    settings, own = session.settings, session.settings.of(ReleaseSettings)
    if own.remote:
        if own.remote not in settings.remotes:
            raise problems.no_such_remote(own.remote)
        return own.remote
    if branch.reference.startswith(REMOTES):
        return max((r for r in settings.remotes if branch.reference.startswith(f"{REMOTES}{r}/")), key=len, default="")
    configured = session.repository.git.text("config", "--get", f"branch.{branch.name}.remote", accept=(0, 1))
    if configured in settings.remotes:
        return configured
    return "origin" if "origin" in settings.remotes else settings.remotes[0] if len(settings.remotes) == 1 else ""


def _place(refs: Mapping[str, str], name: str, remote: str) -> BranchEnds:
    return BranchEnds(name, refs.get(HEADS + name), refs.get(f"{REMOTES}{remote}/{name}") if remote else None)


def branch_of(session: Session, version: str) -> Branch:
    """Return the stable branch of which ``version`` (``4.21.2``, or ``RELEASE-4.21.2``) is the next release.

    Raises ``UsageError`` when it is none, and says what is.
    """
    pattern = session.settings.release_tag
    before, _, after = pattern.partition("*")
    text = version.removeprefix(before).removesuffix(after)
    words = text.split(".")
    if not all(word.isascii() and word.isdigit() and len(word) < 7 for word in words) or len(words) < 2:
        raise problems.not_a_version(version)
    numbers = tuple(map(int, words))
    found = [branch for branch in session.branches.stable if belongs(numbers, branch.version)]
    if not found:
        stem = ".".join(words[:-1])
        name = session.settings.stable_branch.replace("*", stem)
        raise problems.no_branch_for(text, name)
    branch = max(found, key=lambda one: len(one.version))
    if not branch.releases:
        raise problems.no_release_tag(branch.name)
    last = session.branches.releases[branch.releases[0].name][0]
    follows = next_release(branch.version, last)
    if numbers != follows:
        following = spelled(follows) if follows is not None else None
        raise problems.does_not_follow(text, branch.name, branch.releases[0].name, numbers <= last, following)
    return branch


def filled(plan: Plan, template: str) -> str:
    """Return ``template`` with its words in braces replaced by the plan's."""
    return fill(template, plan.words)


def archive_name(settings: ReleaseSettings, words: Mapping[str, str]) -> str:
    """Return what the tarballs and the folder in them are called."""
    return fill(settings.name, words)
