"""The steps that make the files of a release: tarballs, their check, the build, signatures, the announcement.

They follow a tag that a run has made, or one that a person has made by hand.
"""

from __future__ import annotations

from hashlib import sha256

from git_xsa.git.repository import Commit
from git_xsa.git.trees import entries_of
from git_xsa.proof.build_command import BuildCommand, Outcome, find_walls
from git_xsa.proof.build_tree import BuildTree
from git_xsa.proof.outcomes import Outcomes, cache_folder
from git_xsa.release import problems, remarks
from git_xsa.release.announce import announcement, changes_between
from git_xsa.release.archive import (
    COMPRESSORS,
    compress,
    content_of,
    differences,
    make_tar,
    run_own_target,
    unpack,
)
from git_xsa.release.edits import fill
from git_xsa.release.signing import FOR_FILES, SUFFIX
from git_xsa.release.work import Work


class Tarballs:
    """The tarballs of the tag, in the folder of the release."""

    name = "tarball"
    title = "make the tarballs"

    def done(self, work: Work) -> bool:
        """Whether every one is there; what it holds is looked at by the next step, always."""
        if work.settings.tarball:
            return bool(work.tarballs)
        return set(work.tarballs) == {work.name + ending for ending in COMPRESSORS}

    def do(self, work: Work) -> None:
        """Make them of the tag object, which has no reference yet when a run makes it."""
        if work.settings.tarball:
            words = {"XSA_VERSION": work.record.version, "XSA_TAG": work.record.tag}
            command = work.settings.tarball
            made = run_own_target(work.repository, work.record.tag, work.tagged, command, words)
        else:
            tar = make_tar(work.repository, work.record.tag_object, work.name)
            made = {work.name + ending: compress(tar, ending) for ending in COMPRESSORS}
        for name, content in made.items():
            work.write(name, content)
            work.say(remarks.tarball_made(name, len(content)))


class Unpacked:
    """Each tarball holds the tag's tree."""

    name = "unpack"
    title = "unpack them, and compare with the tag's tree"

    def done(self, _work: Work) -> bool:
        """Never: it changes nothing, and a file may have been damaged since."""
        return False

    def do(self, work: Work) -> None:
        """Compare; ``XsaError`` says what differs."""
        own = bool(work.settings.tarball)
        for name in work.tarballs:
            found = unpack((work.folder / name).read_bytes(), work.name)
            wrong = differences(work.repository, work.tagged, found, more=own)
            if wrong:
                raise problems.not_the_tree(work.folder / name, work.record.tag, wrong, work.record.version)
            work.say(remarks.tarball_compared(name, len(found), work.record.tag))


class Built:
    """The user's build succeeds in the unpacked tarball (``xsa.build``)."""

    name = "build"
    title = "build what was unpacked"

    def done(self, work: Work) -> bool:
        """Whether there is nothing to build, or these very files have been built with this command."""
        if not work.build:
            return True
        outcomes = Outcomes(cache_folder(), work.build)
        return outcomes.get(outcomes.name(entries_of(work.repository, work.tagged))) is Outcome.BUILT

    def do(self, work: Work) -> None:
        """Build, shut in as for ``git xsa-check --build``; ``XsaError`` when that fails."""
        found = unpack((work.folder / work.tarballs[0]).read_bytes(), work.name)
        outcomes = Outcomes(cache_folder(), work.build)
        name = outcomes.name(entries_of(work.repository, work.tagged))
        walls = find_walls((work.repository.folder, work.records.store.folder))
        with BuildTree() as tree:
            entries = {path: (mode, sha256(content).hexdigest()) for path, (mode, content) in found.items()}
            tree.show(entries, content_of(found))
            outcome = BuildCommand(work.build, walls).run(tree, outcomes.log(name))
        outcomes.put(name, outcome)
        if outcome is not Outcome.BUILT:
            raise problems.does_not_build(work.record.tag, work.build, outcomes.log(name))


class Signatures:
    """A signature beside each tarball, and a file of their SHA-256."""

    name = "sign"
    title = "sign the tarballs"

    def done(self, work: Work) -> bool:
        """Whether each signature is a good one of the file beside it, and the checksums are right."""
        if work.read(sums_name(work)) != sums_text(work).encode():
            return False
        for name in work.tarballs:
            signature = work.read(name + SUFFIX)
            if signature is None or work.key.problem((work.folder / name).read_bytes(), signature, FOR_FILES):
                return False
        return True

    def do(self, work: Work) -> None:
        """Sign, and verify what was signed."""
        for name in work.tarballs:
            content = (work.folder / name).read_bytes()
            signature = work.key.sign(content, FOR_FILES)
            problem = work.key.problem(content, signature, FOR_FILES)
            if problem:
                raise problems.unverified_signature(name, problem)
            work.write(name + SUFFIX, signature)
        work.write(sums_name(work), sums_text(work).encode())


def sums_name(work: Work) -> str:
    """Return the name of the file of checksums."""
    return f"{work.name}.sha256"


def sums(work: Work) -> dict[str, str]:
    """Return the SHA-256 of each tarball."""
    return {name: sha256((work.folder / name).read_bytes()).hexdigest() for name in work.tarballs}


def sums_text(work: Work) -> str:
    """Return the file of checksums, as ``sha256sum -c`` reads it."""
    return "".join(f"{value}  {name}\n" for name, value in sorted(sums(work).items()))


class Announced:
    """The draft of the announcement."""

    name = "announce"
    title = "write the draft of the announcement"

    def done(self, work: Work) -> bool:
        """Whether it is there, with the checksums of these tarballs; what a person has written into it stays."""
        text = work.read(self._name(work))
        return text is not None and all(value.encode() in text for value in sums(work).values())

    def do(self, work: Work) -> None:
        """Write it."""
        session, record = work.session, work.record
        own = record.commits
        last = session.commit(record.last)
        changes = changes_between(session, last, Commit(record.tag, work.tagged), own)
        check = "gpg --verify" if work.key.kind == "openpgp" else "ssh-keygen -Y verify -n file ... -s"
        how = [f"git verify-tag {record.tag}", f"sha256sum -c {sums_name(work)}"]
        how += [f"{check} {name}{SUFFIX}" for name in work.tarballs]
        title = fill(work.settings.tag_message, record.words)
        text = announcement(title, record.tag, last.name, changes, (sums(work), how))
        work.write(self._name(work), text.encode("utf-8", "backslashreplace"))
        work.say(remarks.announced([fix.number for fix in changes.fixes], len(changes.others)))

    @staticmethod
    def _name(work: Work) -> str:
        return f"{work.name}.announcement.txt"
