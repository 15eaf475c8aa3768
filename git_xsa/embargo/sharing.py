"""Share the ledger of embargoes: the store is a clone of a private repository, and what others have decided is merged.

The repository has ``embargoes.json`` and ``embargoes.journal``; whatever else is in it is merged as git does.  A plain
``git pull`` works as well as long as nobody else has changed the ledger; where git can't merge it, its marks make the
ledger one that can't be read, and everything that could be frozen counts as frozen.

Promises: the ledger in the store is the old one or the merged one at any moment, and its journal is never behind;
nothing is sent but what is committed from these two files, and nothing to a repository that has no ledger; without an
agreement nothing is changed here and nothing is sent.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from git_xsa.advisory.store import Store, restrict
from git_xsa.documents import DocumentError
from git_xsa.embargo import problems
from git_xsa.embargo.ledger import JOURNAL, LEDGER, EmbargoLedger, LedgerEntry, read_entries, write_entries
from git_xsa.embargo.merging import Take, merge_entries, merge_journals
from git_xsa.embargo.problems import Conflict
from git_xsa.git.commits import tree_with
from git_xsa.git.problems import GitError
from git_xsa.git.run import Git

FILES = (LEDGER, JOURNAL)
#: How often somebody else may be faster in sending.
TRIES = 5
#: Transports that carry secrets; what the user allows counts instead.
_SAFE = "file:ssh:https"
#: git's words about a lock of its own that is there, in plain English.
_LOCKED = re.compile(r"Unable to create '([^'\n]+\.lock)': File exists")


@dataclass(frozen=True)
class Shared:
    """What has been shared: how many decisions were taken in and sent, and where."""

    remote: str
    taken: int
    sent: int


class Sharing:
    """A store that is a clone, to be used as a context; ``XsaError`` when it is none, or has nobody to share with."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ledger = EmbargoLedger(store)
        where = store.folder / ".git"
        if not where.is_dir():
            raise problems.store_is_no_clone(store.folder)
        # Not the repository that a hook or the user's own variables may speak of.
        names = {
            "GIT_DIR": str(where),
            "GIT_COMMON_DIR": str(where),
            "GIT_WORK_TREE": str(store.folder),
            "GIT_INDEX_FILE": str(where / "index"),
            "GIT_OBJECT_DIRECTORY": str(where / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            "GIT_NAMESPACE": "",
            "GIT_NO_LAZY_FETCH": "0",
            "GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", _SAFE),
        }
        self._git = Git(store.folder, environment=names)
        self._branch = self._git.text("symbolic-ref", "--short", "HEAD")
        self._remote = self._setting("remote") or self._only_remote()
        self._there = self._setting("merge") or f"refs/heads/{self._branch}"

    def _setting(self, name: str) -> str:
        return self._git.text("config", "--get", f"branch.{self._branch}.{name}", accept=(0, 1))

    def _only_remote(self) -> str:
        remotes = self._git.text("remote").split()
        if len(remotes) != 1 and "origin" not in remotes:
            raise problems.store_has_no_remote(self._store.folder)
        return remotes[0] if len(remotes) == 1 else "origin"

    def sync(self, take: Take | None) -> Shared:
        """Take in what others have decided and send what has been decided here.

        Raises ``Disagreement`` when somebody has decided differently about the same and ``take`` doesn't say whose word
        counts, and ``XsaError`` when the repository is of another kind or can't be reached.
        """
        restrict(self._store.folder / ".git")  # a plain git pull has written there by the umask
        try:
            return self._sync(take)
        except GitError as error:
            lock = _LOCKED.search(error.message)
            if lock is None or self._store.folder / ".git" not in Path(lock[1]).parents:
                raise
            raise problems.locked_by_git(lock[1]) from None

    def _sync(self, take: Take | None) -> Shared:
        taken = 0
        for _ in range(TRIES):
            theirs = self._fetched()
            with self._ledger.changing():
                self._commit()
                if theirs is not None and not self._git.contains("HEAD", theirs, lenient=True):
                    taken += self._merge(theirs, take)
            if theirs is not None and self._git.text("rev-parse", "HEAD") == theirs:
                return Shared(self._remote, taken, 0)
            if not self._git.call("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1)).out:
                return Shared(self._remote, 0, 0)
            sent = len(self._new_lines(theirs, "HEAD"))
            if self._sent():
                return Shared(self._remote, taken, sent)
        raise problems.remote_kept_changing(TRIES, self._remote)

    def _fetched(self) -> str | None:
        """Return the commit that the others have, ``None`` when they have nothing yet."""
        tracking = f"refs/remotes/{self._remote}/{self._branch}"
        try:
            self._git.call("fetch", "--quiet", "--no-tags", self._remote, f"+{self._there}:{tracking}")
        except GitError as error:
            if "couldn't find remote ref" in error.message:
                return None
            raise
        commit = self._git.text("rev-parse", "--verify", tracking)
        if self._file(commit, LEDGER) is None:
            raise problems.not_a_shared_ledger(self._there, self._remote, LEDGER)
        return commit

    def _commit(self) -> None:
        """Commit the two files, if they have changed."""
        if (self._store.folder / ".git" / "MERGE_HEAD").exists():
            raise problems.merge_under_way(self._store.folder)
        there = [name for name in FILES if self._store.read(name) is not None]
        if not there:
            return
        self._git.call("add", "--force", "--", *there)
        if self._git.call("diff", "--cached", "--quiet", "--", *there, accept=(0, 1)).status:
            self._git.call("commit", "--quiet", "--no-verify", "--message", "Decisions about embargoes", "--", *there)

    def _merge(self, theirs: str, take: Take | None) -> int:
        """Merge the commit ``theirs`` and return how many decisions came with it; the ledger is locked."""
        head = self._git.text("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1)) or None
        base = self._git.text("merge-base", head, theirs, accept=(0, 1)) or None if head is not None else None
        entries, rest = self._entries(theirs)
        conflicts: list[Conflict] = []
        ledger = self._file(theirs, LEDGER) or b""
        journal = merge_journals(self._store.read(JOURNAL) or b"", self._file(theirs, JOURNAL) or b"")
        taken = len(self._new_lines(head, theirs))
        commit = theirs
        if head is not None and base != head:
            before = self._entries(base)[0] if base is not None else {}
            merged, conflicts = merge_entries(before, self._entries(head)[0], entries, take)
            if conflicts and take is None:
                raise problems.disagreement(conflicts)
            ledger = write_entries(merged, rest | self._entries(head)[1])
            commit = self._merged_commit(base, head, theirs, {LEDGER: ledger, JOURNAL: journal})
        else:
            journal = self._file(theirs, JOURNAL) or journal
        self._store.write(journal, JOURNAL)
        self._store.write(ledger, LEDGER)
        # What stands in the two files by now is what the new commit has, so that git leaves them alone.
        self._git.call("add", "--force", "--", *FILES)
        before_it = [head] if head is not None else []
        self._git.call("read-tree", "-m", "-u", *before_it, commit)
        self._git.call("update-ref", "-m", "git xsa-embargo sync", "HEAD", commit, *before_it)
        return taken

    def _merged_commit(self, base: str | None, head: str, theirs: str, files: dict[str, bytes]) -> str:
        """Return a commit of both lines, in which the two files are as given and the rest is merged by git."""
        first = base or self._git.call("hash-object", "-t", "tree", "-w", "--stdin").out.decode().strip()
        plain = {name: ("100644", content) for name, content in files.items()}
        tree = tree_with(self._git, ["-i", "-m", "--aggressive", first, head, theirs], plain)
        if tree is None:
            raise problems.other_files_differ(self._remote, self._there.removeprefix("refs/heads/"), self._store.folder)
        parents = ("-p", head, "-p", theirs)
        return self._git.text("commit-tree", tree, *parents, "-m", "Decisions about embargoes, merged")

    def _sent(self) -> bool:
        """Send what is committed; returns whether nobody else was faster."""
        try:
            self._git.call("push", "--quiet", "--set-upstream", self._remote, f"HEAD:{self._there}")
        except GitError as error:
            if "[rejected]" in error.message or "cannot lock ref" in error.message:
                return False
            raise
        return True

    def _entries(self, commit: str) -> tuple[dict[int, LedgerEntry], dict[str, object]]:
        content = self._file(commit, LEDGER)
        if content is None:
            return {}, {}
        try:
            return read_entries(content)
        except DocumentError as error:
            raise problems.unreadable_shared_ledger(LEDGER, commit, self._remote, error) from None

    def _file(self, commit: str, name: str) -> bytes | None:
        found = self._git.call("cat-file", "blob", f"{commit}:{name}", accept=(0, 128))
        return found.out if found.status == 0 else None

    def _new_lines(self, before: str | None, after: str) -> set[bytes]:
        """Return the decisions that the journal of the commit ``after`` has and that of ``before`` has not."""
        known = set((self._file(before, JOURNAL) or b"").splitlines()) if before is not None else set()
        return set((self._file(after, JOURNAL) or b"").splitlines()) - known

    def __enter__(self) -> Sharing:
        self._umask = os.umask(0o077)  # git gives the files that it writes no mode of their own
        return self

    def __exit__(self, *_: object) -> None:
        os.umask(self._umask)
        self._git.close()
