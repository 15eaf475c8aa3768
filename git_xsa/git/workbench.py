"""A work tree in which a person resolves a conflict: a git repository of its own, outside of the user's.

It borrows the objects of the user's repository and gives it none: no ref, no object, no entry of ``git worktree``.  The
conflict is made by ``git cherry-pick``, so that it looks as git shows it (``merge.conflictStyle``), with ``git rerere``
putting in what was resolved in the same way before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.git import problems
from git_xsa.git.folders import remove
from git_xsa.git.log import DIFF_OPTIONS
from git_xsa.git.repository import Repository
from git_xsa.git.run import Git

_WHO = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "git-xsa"), ("EMAIL", "git-xsa@localhost"))
}
#: What of the user's settings for one repository counts for the work tree, too.
_TAKEN_OVER = ("merge.conflictStyle", "user.name", "user.email")
#: How git marks the parts of a conflict, when it picks a commit.
_MARKERS = re.compile(
    rb"^(?:(?P<ours><{7,}) HEAD"
    rb"|(?P<base>\|{7,}) parent of [0-9a-f]{4,64}\b[^\n]*"
    rb"|(?P<theirs>>{7,}) [0-9a-f]{4,64}\b[^\n]*)$",
    re.MULTILINE,
)
_LEFT = re.compile(rb"^(?:<{7,}|\|{7,}|>{7,})(?: |$)", re.MULTILINE)
#: The two letters of ``git status`` for a conflict -> in words.
_CONFLICTS = {
    "DD": "both deleted", "AU": "added by the base", "UD": "deleted by the patch", "UA": "added by the patch",
    "DU": "deleted by the base", "AA": "both added", "UU": "both modified",
}  # fmt: skip


@dataclass(frozen=True)
class Labels:
    """What the parts of a conflict are called: the base with the queue so far, the branch before the patch, and the
    patch itself."""

    ours: str
    base: str
    theirs: str


class Workbench:
    """The work tree at ``folder``.  Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = {
            "GIT_DIR": str(folder / ".git"),
            "GIT_WORK_TREE": str(folder),
            "GIT_INDEX_FILE": str(folder / ".git" / "index"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            **_WHO,
        }
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._git = Git(folder, settings)

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self._git.close()

    def prepare(self, repository: Repository, store: Path, resolutions: Path) -> None:
        """Make the work tree's repository, if it is not there; it reads the objects of ``repository``.

        git-xsa finds ``store`` from there, and ``git rerere`` keeps what it knows in the folder ``resolutions``.
        """
        for lock in (self.folder / ".git").glob("*.lock"):  # of a git that was killed: nobody else works here now
            lock.unlink(missing_ok=True)
        self._git.call(
            "init", "--quiet", "--template=", f"--object-format={repository.object_format}", "--initial-branch=resolve"
        )
        own = self.folder / ".git"
        (own / "objects" / "info").mkdir(exist_ok=True)
        (own / "objects" / "info" / "alternates").write_text(f"{repository.objects}\n", errors="surrogateescape")
        resolutions.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (own / "rr-cache").is_symlink():
            remove(own / "rr-cache")
            (own / "rr-cache").symlink_to(resolutions)
        for name in _TAKEN_OVER:
            value = repository.git.text("config", "--get", name, accept=(0, 1))
            if value:
                self._git.call("config", "--local", name, value)
        settings = {"rerere.enabled": "true", "gc.auto": "0", "maintenance.auto": "false", "xsa.store": str(store)}
        for name, value in settings.items():
            self._git.call("config", "--local", name, value)

    def take(self, repository: Repository, commits: Sequence[str], known: Sequence[str]) -> None:
        """Copy ``commits`` from ``repository``, but for what is in the history of ``known``: that lasts there."""
        wanted = "".join(f"{name}\n" for name in (*commits, *(f"^{one}" for one in known)))
        pack = repository.git.call("pack-objects", "--revs", "--stdout", "--quiet", given=wanted.encode()).out
        self._git.call("unpack-objects", "-q", given=pack)

    def open(
        self, head: str, change: str, labels: Labels, merge: bool = False, start: str = ""
    ) -> list[tuple[str, str]]:
        """Show ``head`` with the commit ``change`` picked onto it, or onto the files of ``start``; return the files in
        conflict, as ``conflicts``, and which of them ``git rerere`` has resolved.

        What was there before is overwritten; files that git does not know stay.
        """
        self._git.call("update-ref", "refs/heads/resolve", head)
        self._git.call("symbolic-ref", "HEAD", "refs/heads/resolve")
        self._git.call("reset", "--hard", "--quiet")
        self._git.call("rerere", "clear")
        if start and start != head:
            self._git.call("read-tree", "-m", "-u", head, start)
        words = ("cherry-pick", "--no-commit", *(("-m", "1") if merge else ()), change)
        self._git.call(*words, accept=(0, 1))
        found = self.conflicts()
        for _, name in found:
            _relabel(self.folder / name, labels)
        return [(self._words(words, name), name) for words, name in found]

    def _words(self, words: str, name: str) -> str:
        """Return what to say of a file in conflict, and whether ``git rerere`` has put in a resolution."""
        known = words in (_CONFLICTS["UU"], _CONFLICTS["AA"]) and not self._has_marks(name)
        return f"{words}, resolved as before" if known else words

    def conflicts(self) -> list[tuple[str, str]]:
        """Return the files that are in conflict: what happened to each, in words, and its name."""
        fields = self._git.call("status", "--porcelain", "-z", "--untracked-files=no").out.split(b"\0")
        entries = [os.fsdecode(field) for field in fields if len(field) > 3]
        return [(_CONFLICTS[entry[:2]], entry[3:]) for entry in entries if entry[:2] in _CONFLICTS]

    def untracked(self) -> list[str]:
        """Return the files that git does not know, and does not ignore."""
        fields = self._git.call("ls-files", "--others", "--exclude-standard", "-z").out.split(b"\0")
        return [os.fsdecode(field) for field in fields if field]

    def result(self, head: str) -> bytes:
        """Return what a person made of ``head``, as a diff.

        What git knows counts as it is in the work tree.  Raises ``Unresolved`` when marks of a conflict are left.
        """
        names = {name for _, name in self.conflicts()}
        changed = self._git.call("diff", "--name-only", "--no-renames", "-z", head, "--").out.split(b"\0")
        left = [name for name in sorted(names | {os.fsdecode(one) for one in changed if one}) if self._has_marks(name)]
        if left:
            raise problems.conflict_markers(left)
        self._git.call("add", "--update", "--", ".")
        self._git.call("rerere")
        return self._git.call("diff-tree", *DIFF_OPTIONS, head, self._git.text("write-tree")).out

    def _has_marks(self, name: str) -> bool:
        place = self.folder / name
        return place.is_file() and not place.is_symlink() and _LEFT.search(place.read_bytes()) is not None


def _relabel(place: Path, labels: Labels) -> None:
    """Call the parts of the conflicts in the file at ``place`` as ``labels`` has it."""
    if not place.is_file() or place.is_symlink():
        return
    called = {"ours": labels.ours, "base": labels.base, "theirs": labels.theirs}

    def label(found: re.Match[bytes]) -> bytes:
        part = found.lastgroup or "ours"
        return found[part] + b" " + called[part].encode("utf-8", "replace")

    content = place.read_bytes()
    made = _MARKERS.sub(label, content)
    if made != content:
        place.write_bytes(made)
