"""The steps of a release that make commits, the tag and references, and the order of all.

Everything that can be made without a reference is made first; then branch and tag come into being in one step.  So a
run that ends before that has changed no reference, and a tag never is there without its tarball.

Each step says whether it is done by looking at what is there (``done``), and does its work (``do``); taking back is
for all of them together (``git_xsa.release.runs.take_back``): references go back to what they were, files of the
release go, and objects that nothing leads to are git's to remove.
"""

from __future__ import annotations

from typing import Protocol

from git_xsa.git.commits import follow, make_tag, move_refs, unclean, where_checked_out
from git_xsa.git.process import Answer
from git_xsa.git.remote import push, remote_refs
from git_xsa.git.scratch import Scratch
from git_xsa.release import problems, remarks
from git_xsa.release.packaging import Announced, Built, Signatures, Tarballs, Unpacked
from git_xsa.release.signing import FOR_GIT
from git_xsa.release.work import Work
from git_xsa.wording import NOTHING, Remark


class Step(Protocol):
    """A step, by name; ``title`` says what it does."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def title(self) -> str:
        """What it does, for a person."""

    def done(self, work: Work, /) -> bool:
        """Whether what it makes is there, and right."""

    def do(self, work: Work) -> None:
        """Make it; ``XsaError`` when that fails."""


class Commits:
    """The version commits, as objects."""

    name = "commit"
    title = "make the version commits"

    def done(self, work: Work) -> bool:
        """Whether they are there, on what was to be released."""
        record = work.record
        return bool(record.tip) and all(work.repository.resolve(name) for name in (record.start, *record.commits))

    def do(self, work: Work) -> None:
        """Make them."""
        work.make_commits()
        for name in work.record.commits:
            subject = work.repository.git.text("log", "-1", "--format=%s", "--no-show-signature", name)
            work.say(remarks.commit_made(name, subject))
        if not work.record.commits:
            work.say(remarks.nothing_to_commit())


class Tag:
    """The signed tag, as an object."""

    name = "tag"
    title = "make and verify the signed tag"

    def done(self, work: Work) -> bool:
        """Whether the object is there, is a tag of that commit, and verifies."""
        found = work.repository.read(work.record.tag_object) if work.record.tag_object else None
        head = f"object {work.tagged}\ntype commit\ntag {work.record.tag}\n"
        return found is not None and found[2].startswith(head.encode()) and not verify_tag(work)

    def do(self, work: Work) -> None:
        """Sign it, and have git verify it."""
        text = work.tag_text
        work.record.tag_object = make_tag(work.repository, text, work.key.sign(text, FOR_GIT))
        problem = verify_tag(work)
        if problem:
            work.record.tag_object = ""
            raise problems.tag_not_accepted(problem)
        work.remember()
        work.say(remarks.tag_made(work.record.tag_object, work.record.tag, work.key.kind, work.key.name))


def verify_tag(work: Work) -> Remark:
    """Return why git does not accept the tag's signature, empty when it does."""
    with Scratch() as folder:
        words = work.key.git_options(folder) if work.record.kind == "release" else ()
        done: Answer = work.repository.git.call(*words, "verify-tag", work.record.tag_object, accept=tuple(range(256)))
    said = [line for line in done.err.decode("utf-8", "replace").splitlines() if line.strip()]
    if not done.status:
        return NOTHING
    return remarks.said_by(said[-1]) if said else remarks.no_signature()


class References:
    """Branch and tag, together, and the work tree in which the branch is checked out."""

    name = "references"
    title = "set branch and tag"

    def done(self, work: Work) -> bool:
        """Whether both are what they should be, and no work tree has to follow."""
        branch, tag = work.moves
        refs = [work.repository.read(move.ref) for move in (branch, tag)]
        there = refs[1] is not None and refs[1][0] == tag.new and refs[0] is not None and refs[0][0] == branch.new
        return there and where_checked_out(work.repository, branch.ref) is None

    def do(self, work: Work) -> None:
        """Move them in one step; then let the work tree follow."""
        branch, tag = work.moves
        tree = where_checked_out(work.repository, branch.ref)
        now = work.repository.read(branch.ref)
        if now is None or now[0] != branch.new:
            if tree is not None and (dirty := unclean(tree)):
                raise problems.tree_has_changes(tree, dirty)
            changed = [move for move in (branch, tag) if move.old != move.new]
            move_refs(work.repository, changed, f"git xsa-release: {work.record.version}")
        elif work.repository.read(tag.ref) is None:  # the files said the version already: only the tag is new
            move_refs(work.repository, [tag], f"git xsa-release: {work.record.version}")
        if tree is not None and branch.old is not None and branch.new is not None:
            follow(tree, branch.old, branch.new)


class Pushed:
    """Branch and tag are at the remote."""

    name = "push"
    title = "push branch and tag"

    def done(self, work: Work) -> bool:
        """Whether the remote has both."""
        branch, tag = work.moves
        found = remote_refs(work.repository, work.record.remote, [branch.ref, tag.ref])
        return not isinstance(found, Remark) and found == {branch.ref: branch.new, tag.ref: tag.new}

    def do(self, work: Work) -> None:
        """Push both, or none."""
        work.record.pushed = True  # before it is true: what may be out must not be taken back
        work.remember()
        push(work.repository, work.record.remote, refspecs(work))


def refspecs(work: Work) -> list[str]:
    """Return what has to be pushed."""
    return [f"{work.record.ref}:{work.record.ref}", f"refs/tags/{work.record.tag}"]


def push_command(work: Work) -> str:
    """Return the command that pushes it."""
    return f"git push --atomic {work.record.remote} {' '.join(refspecs(work))}"


#: What follows a tag.
PACKAGING: tuple[Step, ...] = (Tarballs(), Unpacked(), Built(), Signatures(), Announced())
RELEASE: tuple[Step, ...] = (Commits(), Tag(), *PACKAGING, References())
PUSH: Step = Pushed()
