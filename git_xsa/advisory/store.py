"""The store: a folder of the user's own in which advisories, embargoes and decisions are kept.

Some of what is in it is secret until a certain hour, so that nobody else may read it, whatever the umask: folders have
mode 0700 and files 0600.  It can be read by a person, and nothing in it is needed to understand the rest: plain files,
each written whole or not at all.

Promises: a file is the old one or the new one, also after a power cut, and never a part; a name that comes from
somebody else can't lead out of the folder; a folder that others could read is refused, not quietly repaired; nothing
is put where git would take it into a repository or where a server would hand it out.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from git_xsa.advisory import remarks
from git_xsa.advisory.problems import store as problems
from git_xsa.git.whole import naming, replace_file, sweep
from git_xsa.wording import NOTHING, Remark

FOLDER_MODE = 0o700
FILE_MODE = 0o600
#: Bits of a mode by which others than the owner may do something.
_OTHERS = 0o077
#: How long a command waits for another one that holds a lock, in seconds.
PATIENCE = 10.0
#: The names of our own passing files; no other name begins with a dot.
_TEMPORARY = re.compile(r"\.new-\d+-[0-9a-f]+")
#: Written into the store so that git passes over it in a work tree (somebody keeps the home folder in git).
_IGNORE = ".gitignore"
_LONGEST_NAME = 255
#: The file by which a repository is known to be there for sharing the ledger of embargoes.
SHARED = "embargoes.json"


class Store:
    """The store in ``folder``; nothing is made before something is written.

    Every method that takes ``names`` means the file or folder at that path: folders first, each name by itself.
    Raises ``StoreError`` when the folder is readable by others, belongs to somebody else, is no folder, or lies in a
    repository.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._swept = False
        self._check()

    @classmethod
    def open(cls, setting: Path | None) -> Store:
        """Return the store in the folder ``setting``, or, if that is ``None``, in the user's data folder."""
        return cls(setting if setting is not None else cls.default())

    @staticmethod
    def default() -> Path:
        """Return where the store is if no setting says that; relative where there is no home folder."""
        from platformdirs import user_data_path  # noqa: PLC0415 - not needed where a folder is set

        return user_data_path("git-xsa", appauthor=False)

    @property
    def exists(self) -> bool:
        """Whether anything was ever put into the store."""
        return self.folder.is_dir()

    def path(self, *names: str) -> Path:
        """Return the path of ``names``; ``StoreError`` when one of them is no plain name."""
        for name in names:
            problem = _problem(name)
            if problem:
                raise problems.not_a_name(name, problem)
        return self.folder.joinpath(*names)

    def read(self, *names: str) -> bytes | None:
        """Return the contents of the file, ``None`` when there is none."""
        path = self.path(*names)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise problems.unreadable_file(path, error.strerror) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise problems.not_a_file(path)
        with open(descriptor, "rb") as file:
            return file.read()

    def names(self, *names: str) -> list[str]:
        """Return what the folder has, in order of the names; nothing when there is no such folder.

        Raises ``StoreError`` when something else is in its place, or it can't be looked into.
        """
        path = self.path(*names)
        try:
            found = os.listdir(path)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not path.is_symlink():
                return []
            raise problems.unreadable_folder(path, error.strerror) from None
        return sorted(name for name in found if not _problem(name))

    def write(self, content: bytes, *names: str) -> None:
        """Make ``content`` the contents of the file, which is the old one until it is the new one."""
        path = self._place(*names)
        self._sweep()
        replace_file(path, f".new-{os.getpid()}-{os.urandom(8).hex()}", content, FILE_MODE)
        _sync(path.parent)

    def append(self, line: str, *names: str) -> None:
        """Put ``line`` at the end of the file (a journal), on the disk when this returns.

        It begins on a line of its own also if a power cut left half of the one before it.
        """
        append_line(self._place(*names), line)

    def remove(self, *names: str) -> bool:
        """Remove the file; returns whether there was one."""
        path = self.path(*names)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        _sync(path.parent)
        return True

    def remove_empty(self, *names: str) -> None:
        """Remove the folder and those below it, as far as they are empty."""
        for folder in reversed(list(_folders(self.path(*names)))):
            with suppress(OSError):
                folder.rmdir()

    @contextmanager
    def lock(self, name: str = "store", patience: float = PATIENCE) -> Iterator[None]:
        """Hold the lock ``name`` for as long as the context lasts.

        Readers need none, because files are replaced whole; who reads and then writes does.  Raises ``Locked`` when
        another command still holds it after ``patience`` seconds.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed by who only reads

        path = self._place(f"{name}.lock")
        guard = FileLock(path, timeout=patience, mode=FILE_MODE)
        try:
            guard.acquire()
        except Timeout:
            raise problems.store_in_use(self.folder, path) from None
        except NotImplementedError:
            raise problems.store_without_locks(self.folder) from None
        try:
            self._sweep()
            yield
        finally:
            guard.release()

    def _sweep(self) -> None:
        """Remove what writers that were killed have left, once, whatever lock they held."""
        if not self._swept:
            self._swept = True
            for folder in _folders(self.folder):
                sweep(folder, _TEMPORARY)

    def _place(self, *names: str) -> Path:
        """Return the path of the file ``names`` after its folders have been made."""
        path = self.path(*names)
        if not self.folder.exists():
            try:
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                _make(self.folder)
            except OSError as error:
                raise problems.unusable_store(self.folder, error.strerror) from None
            self._check()
        if len(names) > 0 and not (self.folder / _IGNORE).exists():
            self._ignore()
        folder = self.folder
        for name in names[:-1]:
            folder /= name
            _make(folder)
        return path

    def _ignore(self) -> None:
        # Not made in place: killed before it is written, it would stay empty, and git would add the store.
        replace_file(self.folder / _IGNORE, f".new-{os.getpid()}-{os.urandom(8).hex()}", b"*\n", FILE_MODE)

    def _check(self) -> None:
        """Raise ``StoreError`` unless the folder is the user's alone, or does not exist yet."""
        repository = repository_above(self.folder)
        if repository is not None:
            raise problems.store_in_repository(self.folder, repository)
        try:
            facts = os.stat(self.folder)
        except FileNotFoundError:
            _check_absence(self.folder)
            return
        except OSError as error:
            raise problems.unusable_store(self.folder, error.strerror) from None
        if not stat.S_ISDIR(facts.st_mode):
            raise problems.store_is_no_folder(self.folder)
        if facts.st_uid != os.geteuid():
            raise problems.store_of_another_user(self.folder)
        if facts.st_mode & _OTHERS:
            raise problems.open_store(self.folder, stat.S_IMODE(facts.st_mode))
        self._restrict()

    def _restrict(self) -> None:
        """Restore the modes of a clone's files that git has rewritten with the umask's modes.

        The folder around them is closed, so that nobody has read them in between.
        """
        with suppress(OSError):
            if not (self.folder / ".git").is_dir():
                return
            found = [entry.stat(follow_symlinks=False) for entry in os.scandir(self.folder)]
            if any(facts.st_mode & _OTHERS and not stat.S_ISLNK(facts.st_mode) for facts in found):
                restrict(self.folder)


def restrict(top: Path) -> None:
    """Take from everybody but the owner what they may do with ``top`` and all below it; links are left alone."""
    for folder, _, names in os.walk(top):
        for place in (folder, *(os.path.join(folder, name) for name in names)):
            with suppress(OSError):  # gone by now, or somebody else's
                facts = os.lstat(place)
                if facts.st_mode & _OTHERS and not stat.S_ISLNK(facts.st_mode):
                    os.chmod(place, stat.S_IMODE(facts.st_mode) & ~_OTHERS)


def _folders(top: Path) -> Iterator[Path]:
    """Yield ``top`` and the folders below it, but for git's own."""
    for folder, names, _ in os.walk(top):
        names[:] = [name for name in names if not name.startswith(".")]
        yield Path(folder)


def _check_absence(folder: Path) -> None:
    """Raise ``StoreError`` if it is a link that leads nowhere which keeps ``folder`` from being there."""
    for path in (folder, *folder.parents):
        if path.is_symlink():
            raise problems.lost_link(folder, path, os.readlink(path))
        if path.is_dir():
            return


def append_line(path: Path, line: str, mode: int = FILE_MODE) -> None:
    """Put ``line`` at the end of the file at ``path``, on the disk when this returns.

    It begins on a line of its own also if a power cut left half of the one before it.  What looks like that may be a
    line that somebody else is writing just now: then an empty line comes between the two.  A lock would keep that from
    happening, but whoever may read the file could hold it for ever.  A new file gets ``mode``.
    """
    if "\n" in line:
        raise problems.several_entries()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with naming(path), open(os.open(path, flags, mode), "r+b", buffering=0) as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():
            os.fchmod(file.fileno(), mode)
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        file.write(b"\n" * torn + line.encode("utf-8", "surrogateescape") + b"\n")
        os.fsync(file.fileno())
    _sync(path.parent)


def _problem(name: str) -> Remark:
    """Return why ``name`` must not be one in the store, empty when it may."""
    if name.startswith(".") or not name:
        return remarks.begins_with_a_dot()
    if "/" in name or "\0" in name:
        return remarks.contains_a_slash()
    if not name.isprintable():
        return remarks.unprintable()
    if len(name.encode("utf-8")) > _LONGEST_NAME:
        return remarks.too_long()
    return NOTHING


def _make(folder: Path) -> None:
    """Make ``folder``, in a folder that exists; ``StoreError`` when something else is in its place."""
    try:
        os.mkdir(folder, FOLDER_MODE)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise problems.no_folder(folder) from None
        return
    os.chmod(folder, FOLDER_MODE)  # the umask may have taken away too much
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Have the names in ``folder`` on the disk; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def repository_above(folder: Path) -> Path | None:
    """Return the git repository or work tree that ``folder`` is in, ``None`` when it is in none.

    A home folder that is kept in git does not count: the store is no file that git would add there (``_IGNORE``), and
    the user's data folder has to be somewhere.  Nor does a clone that shares the ledger of embargoes: the store itself,
    in which there is a ledger, or nothing at all yet.
    """
    resolved = folder.resolve()
    with suppress(RuntimeError, OSError):
        home = Path.home().resolve()
        for parent in (resolved, *resolved.parents):
            bare = (parent / "HEAD").is_file() and (parent / "objects").is_dir() and (parent / "refs").is_dir()
            if bare or ((parent / ".git").exists() and parent != home and parent not in home.parents):
                if parent == resolved and not bare and _shares_a_ledger(parent):
                    continue
                return parent
    return None


def _shares_a_ledger(folder: Path) -> bool:
    """Whether the work tree ``folder`` is that of a ledger's repository, which is in the folder itself.

    Any other repository, such as a clone of the project, has commits but no ledger.
    """
    repository = folder / ".git"
    if repository.is_symlink() or not repository.is_dir() or (repository / "commondir").exists():
        return False
    if (folder / SHARED).is_file():
        return True
    branches = any(path.is_file() for path in (repository / "refs").rglob("*"))
    return not branches and not (repository / "packed-refs").exists() and not (repository / "reftable").exists()
