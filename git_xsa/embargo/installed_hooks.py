"""Put hooks into a repository beside those that are there, and take them out again.

A hook of ours takes the place that git looks at.  What was there before gets another name and is run after it, by a
small file that takes the place of both (``hooks/chain``)::

    pre-push   ->   pre-push                  the chain
                    pre-push.git-xsa          ours
                    pre-push.before-git-xsa   what was there, as it was
                    git-xsa.manifest          what was done, JSON

Without another hook ours is ``pre-push`` itself, so that git starts one process and not three.

Promises: what is going to be done is in the manifest before it is done, so that an installation that is cut short can
be repeated or undone; git finds the old hook or the new one at any moment; what was there is renamed and never written
to; and nothing that somebody has changed since is removed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from pathlib import Path

from git_xsa.documents import read_back, write_json
from git_xsa.embargo import problems, remarks
from git_xsa.errors import FULL, XsaError
from git_xsa.git.config import COMMAND, OWN_SCOPES
from git_xsa.git.run import Git
from git_xsa.git.whole import replace_file, sweep
from git_xsa.shared_files import places
from git_xsa.wording import NOTHING, Remark

#: What starts with a tag, by whoever made it or pushes it; git itself has no such hook.
POST_TAG = "post-tag"
#: The hook that git starts when a tag is made or fetched.
TRANSACTION = "reference-transaction"
CLIENT = ("pre-push", POST_TAG, TRANSACTION)
SERVER = ("pre-receive", "update")
MANIFEST = "git-xsa.manifest"
FORMAT = 1
OURS = ".git-xsa"
BEFORE = ".before-git-xsa"
CHAIN = "chain"
#: The names under which files are written, with the process that does; earlier versions wrote no more than that.
_TEMPORARY = re.compile(
    rf"\.(?:{'|'.join((*CLIENT, *SERVER))}|{re.escape(MANIFEST)})(?:{re.escape(OURS)})?\.\d+(?:-[0-9a-f]+)?"
)


class HookState(Enum):
    """What is the matter with a hook."""

    NONE = "not installed"
    OTHER = "not installed, another hook exists"
    INSTALLED = "installed"
    CHAINED = "installed, the existing hook runs after it"
    OLD = "installed by another version of git-xsa"
    PART = "not installed completely"
    CHANGED = "changed since it was installed"
    OFF = "installed, but not executable, so git does not run it"

    @property
    def good(self) -> bool:
        """Whether git runs our hook, and it is this version's."""
        return self in (HookState.INSTALLED, HookState.CHAINED)


@dataclass(frozen=True)
class HookPlace:
    """Where git looks for a repository's hooks.

    ``setting`` says by whose ``core.hooksPath``, empty: by nobody's.  ``shared`` is set when that is no setting of this
    repository, so that other repositories have the same hooks.  ``tracked`` is set in a work tree.
    """

    folder: Path
    setting: str = ""
    shared: bool = False
    tracked: bool = False


def find_place(git: Git) -> HookPlace:
    """Return where git looks for hooks; ``XsaError`` outside of a repository, and where hooks are turned off."""
    common = Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    asked = ("config", "--null", "--show-scope", "--type=path", "--get-all", "core.hooksPath")
    words = git.text(*asked, accept=(0, 1)).split("\0")[:-1]
    # What stands on the command line holds for one command only; git-xsa itself turns hooks off in that way.
    lasting = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != COMMAND]
    if not lasting:
        return HookPlace(common / "hooks")
    scope, value = lasting[-1]
    if not value:
        raise problems.no_hooks_path(scope)
    bare = git.text("rev-parse", "--is-inside-work-tree") == "false"
    top = common if bare else Path(git.text("rev-parse", "--show-toplevel"))
    folder = Path(os.path.normpath(top / value))
    if folder.exists() and not folder.is_dir():
        raise problems.hooks_path_is_no_folder(folder, scope)
    tracked = not bare and top in folder.parents and common not in folder.parents
    return HookPlace(folder, f"core.hooksPath ({scope})", scope not in OWN_SCOPES, tracked)


def unhooked(git: Git, program: str, written_down: bool) -> Remark:
    """Return why git does not run our hook before a push, although it was installed; empty when it does, or never was.

    ``written_down`` says that the repository's configuration knows of it.
    """
    common = Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    if not written_down and not os.path.lexists(common / "hooks" / MANIFEST):
        return NOTHING
    name = CLIENT[0]
    try:
        place = find_place(git)
        state = HookFolder(place.folder, program).state(name)
    except XsaError as error:
        return error.what
    if state.good:
        return NOTHING
    return remarks.not_run(place.folder / name, state.value, place.setting)


def program() -> str | None:
    """Return the path of the program that the hooks call, ``None`` when there is none."""
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "git-xsa-hook")
    found = shutil.which("git-xsa-hook") or (beside if os.access(beside, os.X_OK) else None)
    return os.path.abspath(found) if found is not None else None


def source(name: str) -> bytes:
    """Return the file ``name`` of ``hooks/``, of the checkout or as it was installed."""
    for path in places(f"hooks/{name}", f"git-xsa/hooks/{name}"):
        with suppress(FileNotFoundError):
            return path.read_bytes()
    raise problems.no_hook_file(name)


def filled(name: str, program: str) -> bytes:
    """Return our hook ``name`` as it is to be put into a repository: it knows the path of the program."""
    return source(name).replace(b"\nhook=git-xsa-hook\n", b"\nhook=%s\n" % _quoted(program), 1)


def chain(name: str) -> bytes:
    """Return what runs our hook ``name`` and the one that was there before."""
    return source(CHAIN).replace(b"\nname=\n", b"\nname=%s\n" % _quoted(name), 1)


def _quoted(word: str) -> bytes:
    return os.fsencode(shlex.quote(word))


@dataclass
class _Record:
    """What was done for one hook: the digests that each file of ours may have, and whether there was one before.

    A file has two while it is replaced by that of another version.
    """

    files: dict[str, list[str]]
    before: bool


@dataclass
class HookFolder:
    """The hooks in ``folder``, of which some are ours; ``program`` is the path of ``git-xsa-hook``.

    Raises ``XsaError`` when the manifest there is none.
    """

    folder: Path
    program: str
    _records: dict[str, _Record] = field(default_factory=dict)
    _made: bool = False

    def __post_init__(self) -> None:
        path = self.folder / MANIFEST
        try:
            told = read_back(path.read_bytes())
            if told["format"] != FORMAT:
                raise problems.newer_manifest(path)
            self._made = bool(told["made_folder"])
            for name, one in told["hooks"].items():
                files = {f"{file}": [f"{digest}" for digest in digests] for file, digests in one["files"].items()}
                self._records[name] = _Record(files, bool(one["before"]))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise problems.unreadable_manifest(path, error.strerror) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise problems.not_a_manifest(path) from None

    def state(self, name: str) -> HookState:
        """Return what is the matter with the hook ``name``."""
        record = self._records.get(name)
        path, before = self.folder / name, self.folder / (name + BEFORE)
        there = os.path.lexists(path)
        if record is None:
            return HookState.OTHER if there else HookState.NONE
        if not self._is_ours(name, name):
            kept = os.path.lexists(before)
            cut_short = not kept or not there or os.path.samestat(path.lstat(), before.lstat())
            return HookState.PART if (cut_short if record.before else not there) else HookState.CHANGED
        if not all(self._is_ours(name, file) for file in record.files):
            return HookState.CHANGED
        wanted = self._wanted(name, record.before)
        if any(_digest_of(self.folder / file) != _digest(content) for file, content in wanted.items()):
            return HookState.OLD
        if not all(os.access(self.folder / file, os.X_OK) for file in wanted):
            return HookState.OFF
        return HookState.CHAINED if record.before else HookState.INSTALLED

    def install(self, names: Iterable[str]) -> Iterator[tuple[str, Remark]]:
        """Install the hooks ``names`` and yield what was done for each.

        Raises ``XsaError`` before anything is done when it can't be done for one, and where nothing can be written.
        """
        asked = list(names)
        for name in asked:
            self._check(name)
        with self._writing():
            # An empty folder: perhaps an install that was killed before its manifest was there.
            if not self.folder.exists() or not any(self.folder.iterdir()):
                self._made = True
                self.folder.mkdir(exist_ok=True)
            for name in asked:
                yield name, self._install(name)

    def _check(self, name: str) -> None:
        if self.state(name) is HookState.CHANGED:
            raise problems.hook_was_changed(self.folder / name)
        if name not in self._records:
            for path in (self.folder / (name + OURS), self.folder / (name + BEFORE)):
                if os.path.lexists(path):
                    raise problems.unknown_hook(path)
        self._wanted(name, before=True)  # all files that may be needed are there

    def _install(self, name: str) -> Remark:
        state = self.state(name)
        if state.good:
            return remarks.already_installed()
        path, known = self.folder / name, self._records.get(name)
        before = known.before if known is not None else os.path.lexists(path)
        wanted = self._wanted(name, before)
        digests = {file: [_digest(content)] for file, content in wanted.items()}
        old = known.files if known is not None else {}
        self._records[name] = _Record({file: found + old.get(file, []) for file, found in digests.items()}, before)
        self._write_manifest()
        if before and not os.path.lexists(self.folder / (name + BEFORE)):
            _keep(path, self.folder / (name + BEFORE))
        for file, content in wanted.items():
            _put(self.folder / file, content)
        self._records[name] = _Record(digests, before)
        self._write_manifest()
        if state is HookState.OLD:
            return remarks.updated()
        return remarks.installed(name + BEFORE if before else "")

    def uninstall(self, names: Iterable[str]) -> Iterator[tuple[str, Remark]]:
        """Undo for the hooks ``names`` what was done, and yield what was done for each; ``XsaError`` as above."""
        with self._writing():
            for name in names:
                yield name, self._uninstall(name)
            if not self._records:
                (self.folder / MANIFEST).unlink(missing_ok=True)
                if self._made:
                    with suppress(OSError):  # somebody else has put something there
                        self.folder.rmdir()

    def _uninstall(self, name: str) -> Remark:
        state, record = self.state(name), self._records.get(name)
        if record is None:
            return remarks.not_installed()
        path, before = self.folder / name, self.folder / (name + BEFORE)
        kept = os.path.lexists(before)
        if state is not HookState.CHANGED:
            if kept:
                os.replace(before, path)
                before.unlink(missing_ok=True)  # two names of one file: then nothing was replaced
            elif self._is_ours(name, name):
                path.unlink()
        for file in record.files:
            if file != name and self._is_ours(name, file):
                (self.folder / file).unlink()
        del self._records[name]
        self._write_manifest()
        if state is not HookState.CHANGED:
            return remarks.removed(restored=kept)
        return remarks.left_alone(before.name if kept else "")

    def _wanted(self, name: str, before: bool) -> dict[str, bytes]:
        """Return the files of the hook ``name``; the one that git runs comes last."""
        ours = filled(name, self.program)
        return {name + OURS: ours, name: chain(name)} if before else {name: ours}

    def _is_ours(self, name: str, file: str) -> bool:
        return _digest_of(self.folder / file) in self._records[name].files.get(file, ())

    def _write_manifest(self) -> None:
        hooks = {name: {"files": one.files, "before": one.before} for name, one in sorted(self._records.items())}
        told = {"format": FORMAT, "made_folder": self._made, "hooks": hooks}
        _put(self.folder / MANIFEST, write_json(told, 2), mode=0o644)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            sweep(self.folder, _TEMPORARY)
            yield
        except OSError as error:
            if error.errno in FULL:
                raise
            where = error.filename or self.folder
            raise problems.not_writable(where, error.strerror) from None


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, ``None`` when there is no file of that name, or a link, which is never ours."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        return _digest(path.read_bytes())
    except OSError:
        return None


def _keep(path: Path, other: Path) -> None:
    """Give what is at ``path`` the name ``other``, too; where a file can't have two, that one alone."""
    try:
        os.link(path, other, follow_symlinks=False)
    except (OSError, NotImplementedError):
        os.rename(path, other)


def _put(path: Path, content: bytes, mode: int = 0o755) -> None:
    """Make ``content`` the file at ``path``, which is the old one until it is the new one."""
    replace_file(path, f".{path.name}.{os.getpid()}-{os.urandom(8).hex()}", content, mode)
