"""One repository: where it is, and what it holds by name."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from os import pathsep
from pathlib import Path
from typing import NamedTuple

from git_xsa.errors import XsaError
from git_xsa.git import problems, remarks
from git_xsa.git.here import clone
from git_xsa.git.problems import GitError
from git_xsa.git.run import Call, Git, Service
from git_xsa.model.words import count
from git_xsa.wording import Remark

#: Where git finds objects besides the repository's own.
ALTERNATES = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
#: The long-lived process that reads objects.
_READER = ("cat-file", "--batch")


class BranchFit(NamedTuple):
    """How a tree that names no branch fits the ``branch`` that it is taken for: made from its ``release``, and of the
    ``files`` that both have, ``same`` are the same."""

    branch: str
    release: Commit
    same: int
    files: int


class Commit(NamedTuple):
    """A commit that somebody named: the name as given (a tag, a branch, a prefix) and its full object name.

    ``reference`` is the full name of the reference that was found for a branch's name, ``None`` for other names.
    ``release`` is there for a source tree without history, whose commit ends with the command: the release that it
    was made from.  ``under`` is the commit that a base without one of its own was made on, ``patches`` counts those of
    a package that were put on top, ``options`` are the words of a command line that put them there.  ``fit`` is there
    where only the files told the branch.
    """

    name: str
    id: str
    reference: str | None = None
    release: str | None = None
    under: str | None = None
    patches: int = 0
    options: str = ""
    fit: BranchFit | None = None

    @property
    def lasting(self) -> str:
        """The commit of the repository that it is, or that it was made on."""
        return self.under or self.id

    @property
    def passing(self) -> bool:
        """Whether the commit exists only as long as the command."""
        return self.release is not None or self.patches > 0

    @property
    def called(self) -> str:
        """The name, and how many patches of a package are on it."""
        return f"{self.name} with {count(self.patches, 'patch')}" if self.patches else self.name

    @property
    def onto(self) -> str:
        """The words that give it as a base on a command line."""
        return f"--onto {shlex.quote(self.name)}" + (f" {self.options}" if self.options else "")

    @property
    def spelled(self) -> str:
        """The name by which git finds it here: ``origin/stable-4.17`` where no branch of one's own was taken."""
        if self.reference is None:
            return self.name
        return self.reference.removeprefix("refs/heads/").removeprefix("refs/remotes/")


class Repository:
    """A git repository, of any object format, bare or not.

    git runs in the repository's own folder, so that names of files mean the same wherever the user stands.
    Raises ``XsaError`` when ``folder`` is in no repository.
    """

    _FACTS = (
        "--absolute-git-dir", "--path-format=absolute", "--git-path", "objects", "--is-shallow-repository",
        "--show-object-format",
    )  # fmt: skip

    def __init__(self, folder: Path | None = None) -> None:
        try:
            with Git(folder) as git:
                facts = git.start("rev-parse", *self._FACTS)  # begun, not called: every command's first process
                found = facts.finish().out.decode("utf-8", "surrogateescape").rstrip("\n")
        except GitError as error:
            if "not a git repository" in error.message:
                raise problems.not_in_a_repository(folder or clone() or Path.cwd()) from None
            raise
        if any(line in self._FACTS for line in found.split("\n")):  # what it does not know, git repeats
            raise problems.git_too_old()
        if found.count("\n") != 3:
            raise problems.newline_in_path()
        where, objects, shallow, object_format = found.split("\n")
        self.folder = Path(where)
        self.objects = Path(objects)
        inherited = os.environ.get(ALTERNATES, "")
        self.alternates = [inherited] if inherited else []
        self.shallow = shallow == "true"
        self.object_format = object_format
        self.hash_length = 40 if object_format == "sha1" else 64
        # Without an index: the attributes of what happens to be checked out must not change how a diff is written.
        # The work tree is where git starts, whatever core.worktree says: else it would take paths from elsewhere on.
        names = {"GIT_DIR": where, "GIT_WORK_TREE": ".", "GIT_INDEX_FILE": f"{where}/no-index-for-git-xsa"}
        self.git = Git(self.folder, environment=names)
        self._services: dict[tuple[str, ...], Service] = {}
        self._listing: Call | None = None
        #: What the trees of commits have, by the commits' object names, as far as ``git_xsa.git.trees`` read them.
        self.trees: dict[str, Mapping[bytes, tuple[str, str]]] = {}
        #: Told in a few words how far the reading of a history is.
        self.on_progress: Callable[[str], None] = lambda _: None

    def close(self) -> None:
        """End git's long-lived processes."""
        self.git.close()

    @property
    def alternates_with_own(self) -> list[str]:
        """Where git finds the repository's objects and those that it borrows, as a list of folders is written."""
        return [quoted(self.objects), *self.alternates]

    def borrow(self, objects: Path) -> None:
        """Have git find objects in the folder ``objects``, too, from now on."""
        self.alternates.append(quoted(objects))
        self.git.set(ALTERNATES, pathsep.join(self.alternates))
        while self._services:  # they were started without it
            self._services.popitem()[1].close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def service(self, *words: str) -> Service:
        """Return the long-lived process ``git WORDS``, started when it is first asked for."""
        if words not in self._services:
            self._services[words] = self.git.service(*words)
        return self._services[words]

    def resolve(self, name: str) -> Commit | None:
        """Return the commit that ``name`` stands for, ``None`` when there is none."""
        found = self.read(f"{name}^{{commit}}")
        return Commit(name, found[0]) if found is not None else None

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """Return object name, type and contents of the object ``name``; ``None`` when there is no such object."""
        if not _can_be_asked(name):
            return None
        self._reader.ask(name.encode("utf-8", "surrogateescape") + b"\n")
        return self._object()

    @property
    def _reader(self) -> Service:
        return self.service(*_READER)

    def _object(self) -> tuple[str, str, bytes] | None:
        """Return the answer to one name that the reader was asked for; ``XsaError`` when the reader has died of it."""
        try:
            words = self._reader.read_line().decode("utf-8", "replace").split()
            if len(words) != 3 or not words[2].isdigit():
                return None
            return words[0], words[1], self._reader.read_exactly(int(words[2]) + 1)[:-1]
        except GitError as error:  # as it does in a partial clone
            del self._services[_READER]
            raise problems.lost_object(error.what, self.missing_hint()) from None

    def contents(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of each of the blobs ``ids``; ``XsaError`` when one is missing."""
        found = {}
        names = list(ids)
        step = Service.PIPE // (self.hash_length + 1)
        for start in range(0, len(names), step):
            asked = names[start : start + step]
            self._reader.ask("".join(f"{name}\n" for name in asked).encode())
            answers = [self._object() for _ in asked]  # all of them, or the next request would get one of these
            for name, answer in zip(asked, answers, strict=True):
                if answer is None:
                    raise problems.missing_object(name, self.folder, self.missing_hint())
                found[name] = answer[2]
        return found

    def fetched(self) -> int | None:
        """Return when git fetched last, as far as it has written that down, in seconds since 1970.

        ``None`` where it has not: in a fresh clone, and where commits come in by pushes.
        """
        found = []
        for folder in {self.folder, self.objects.parent}:
            with suppress(OSError):
                found.append(int((folder / "FETCH_HEAD").stat().st_mtime))
        return max(found, default=None)

    def newest(self) -> int | None:
        """Return when the newest commit at the end of a branch was made, in seconds since 1970; ``None``: there is
        none."""
        words = ("for-each-ref", "--sort=-committerdate", "--count=1", "--format=%(committerdate:unix)")
        found = self.git.text(*words, "refs/heads", "refs/remotes")
        return int(found) if found else None

    def no_commit(self, name: str, hint: str = "") -> XsaError:
        """Return the error that says why ``name`` is no commit; ``hint`` is for a name that nothing has."""
        if _can_be_asked(name):
            self._reader.ask(name.encode("utf-8", "surrogateescape") + b"\n")
            found = self._object()
            if found is not None:
                return problems.not_a_commit(name, found[1], self.name_hint())
            if self.git.call("rev-parse", f"--disambiguate={name}", accept=(0, 128)).out.count(b"\n") > 1:
                return problems.ambiguous_name(name, self.folder)
        return problems.no_commit(name, self.folder, hint or self.name_hint())

    def missing_hint(self) -> Remark:
        """Say how to get what the repository lacks."""
        return remarks.unshallow() if self.shallow else remarks.check_clone()

    def missing_branches_hint(self) -> Remark:
        """Say how to get the branches that the repository lacks."""
        return remarks.fetch_all_branches(self.shallow)

    def name_hint(self) -> Remark:
        """Say how to find the right name of a commit."""
        return remarks.unshallow() if self.shallow else remarks.list_names()

    def begin_refs(self) -> None:
        """Have git list the references while something else is done; ``refs`` takes the list."""
        form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
        self._listing = self.git.start("for-each-ref", f"--format={form}", "refs/heads", "refs/remotes", "refs/tags")

    def refs(self) -> dict[str, str]:
        """Return the commit that every branch, remote branch and tag stands for, by full reference name."""
        if self._listing is None:
            self.begin_refs()
        assert self._listing is not None, "it has just begun"
        listing, self._listing = self._listing.finish().out.decode("utf-8", "surrogateescape"), None
        refs = {}
        for line in listing.split("\n")[:-1]:
            name, *direct, kind, commit = line.split("\0")
            kind, commit = (kind, commit) if kind else direct
            if kind == "tag":  # a tag of a tag, which git follows to its end only since 2.45
                found = self.resolve(name)
                kind, commit = ("commit", found.id) if found is not None else ("", "")
            if kind == "commit":
                refs[name] = commit
        return refs


def _can_be_asked(name: str) -> bool:
    """Whether git can be asked about ``name`` as a line of its input; a NUL would end it earlier."""
    return bool(name) and not {"\n", "\0"} & set(name)


def quoted(folder: Path) -> str:
    """Return ``folder`` in the quotes of a list of folders, where it may hold what separates them."""
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def without_borrowed() -> dict[str, str]:
    """Return the environment for a git that writes what is to last: it must not take an object for written that is only
    borrowed, since that is gone when the command ends."""
    return {ALTERNATES: os.environ.get(ALTERNATES, "")}


def date_of(repository: Repository, commit: str) -> int:
    """Return when ``commit``, which is there, was committed, in seconds since 1970."""
    found = repository.read(commit)
    assert found is not None, "callers have it from git"
    committer = next(line for line in found[2].split(b"\n") if line.startswith(b"committer "))
    return int(committer.split()[-2])
