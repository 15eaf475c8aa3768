"""Change a package's files: all of it or nothing, whatever happens meanwhile.

What a package is, its list of patches says.  So new files of patches are put in place first, then the list changes in
one call of the system, and last the files go that it does not name any more.  Where several files that were there have
to change together (Debian's series and changelog), a copy of the folder that holds them is changed, and the two folders
change places in one call.

Everything is prepared in a hidden folder in the package (``REMAINS``).  The user's seal is in it before anything else,
as the name of an empty folder, which is there as a whole or not at all; the journal has a seal of its own.  When a run
is killed, the next one takes back what the list does not name, or finishes what it does.  A hidden folder with anything
in it and without the seal came with the package, and stays.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from git_xsa.documents import DocumentError, read_json, shaped, write_json
from git_xsa.export.folder import exchange, locked, sync
from git_xsa.export.into import problems
from git_xsa.export.into.problems import PackageRefused
from git_xsa.export.into.seal import is_sealed, seal
from git_xsa.git.folders import make_folders, remove
from git_xsa.git.whole import naming, umask

REMAINS = ".git-xsa-into"
_JOURNAL = "journal.json"
#: What the system says where a file can't have two names.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True)
class PackageChange:
    """What becomes of the files of the package at ``top``: their contents before and after, ``None``: not there.

    ``lists`` are those that say what the package is; of those that change, all have to at once.
    """

    top: Path
    old: Mapping[str, bytes | None]
    new: Mapping[str, bytes | None]
    lists: frozenset[str]

    @property
    def decisive(self) -> list[str]:
        """The lists that change, or are new."""
        return [path for path in sorted(self.lists) if self.new[path] != self.old[path]]

    @property
    def edits(self) -> list[str]:
        """The files that change."""
        return [p for p, new in self.new.items() if None not in (new, self.old[p]) and new != self.old[p]]

    @property
    def adds(self) -> list[str]:
        """The files that are new."""
        return [path for path, new in self.new.items() if new is not None and self.old[path] is None]

    @property
    def patches(self) -> list[str]:
        """The new files that are no lists."""
        return [path for path in self.adds if path not in self.lists]

    @property
    def drops(self) -> list[str]:
        """The files that go."""
        return [path for path, new in self.new.items() if new is None and self.old[path] is not None]


class _Journal(msgspec.Struct):
    """What a run was about to do: the list that makes it so and the SHA-256 sum that it gets, the files that come and
    go with their sums, the folders that it makes, and the user's seal on that."""

    listing: str
    sum: str
    adds: dict[str, str]
    drops: dict[str, str]
    folders: list[str]
    seal: str = ""

    @property
    def unsealed(self) -> bytes:
        """What the seal goes over."""
        return write_json(msgspec.structs.replace(self, seal=""))


def write(change: PackageChange, private: bool) -> None:
    """Make ``change``; with ``private`` only the user can read what is written.

    ``PackageRefused`` when the package is not as it was read any more.
    """
    with _at_work(change.top) as work:
        for path, content in change.old.items():
            if not _is_inside(change.top, path):
                raise problems.leads_out(change.top / path)
            if _content(change.top / path) != content:
                raise problems.changed_meanwhile(change.top / path)
        if len(change.decisive) > 1:
            _change_folder(change, private, work)
        elif change.decisive or change.adds or change.drops:
            _change_list(change, private, work)


def recover(top: Path) -> bool:
    """Take back, or finish, what a run that was killed has left in the package at ``top``; return whether there was
    something."""
    found = os.path.lexists(top / REMAINS)
    if found:
        with locked(top):
            _recover(top)
    return found


@contextmanager
def _at_work(top: Path) -> Iterator[Path]:
    """Make the hidden folder, which is gone afterwards; nobody else changes the package meanwhile."""
    work = top / REMAINS
    with locked(top), naming(work):
        _recover(top)
        work.mkdir(0o700)
        (work / _mark(work)).mkdir(0o700)
        try:
            yield work
        except BaseException:
            _recover(top)
            raise
        _clear(work)


def _mark(work: Path) -> str:
    """Return the name of the folder in ``work`` by which that is known as this user's own."""
    return seal(work, b"")


def _clear(work: Path) -> None:
    """Remove ``work``, and last in it what says whose it is."""
    mark = _mark(work)
    for name in os.listdir(work):
        if name != mark:
            remove(work / name)
    remove(work)


def _recover(top: Path) -> None:
    work = top / REMAINS
    try:
        found = os.lstat(work)
    except FileNotFoundError:
        return
    try:
        names = os.listdir(work) if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() else [""]
    except PermissionError:
        names = [""]
    if not names:  # a run that was killed got no further; or it came with the package, and is nothing
        os.rmdir(work)
        return
    if not any(is_sealed(work, b"", name) for name in names):
        raise problems.not_our_work(work)
    known = _journal(work)
    if known is not None:
        done = _sum(top / known.listing) == known.sum if known.listing else False
        for path, digest in (known.drops if done else known.adds).items():
            if _sum(top / path) == digest:
                os.unlink(top / path)
        for folder in () if done else known.folders:
            with suppress(OSError):
                os.rmdir(top / folder)
    _clear(work)


def _journal(work: Path) -> _Journal | None:
    """Return what the journal in ``work`` says, ``None`` when there is none.

    ``PackageRefused`` for one that this user's git xsa-export did not write: a package can come with it.
    """
    place = work / _JOURNAL
    if not os.path.lexists(place):
        return None
    try:
        found = shaped(read_json(_content(place) or b""), _Journal)
    except DocumentError:
        found = None
    paths = [found.listing, *found.adds, *found.drops, *found.folders] if found is not None else [".."]
    mine = found is not None and is_sealed(work, found.unsealed, found.seal)
    if not mine or not all(_is_inside(work.parent, path) for path in paths):
        raise problems.foreign_journal(work)
    return found


def _is_inside(top: Path, path: str) -> bool:
    """Whether ``path`` stays below ``top``: by no link, and not in git's own folder."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or any(part.casefold() == ".git" for part in parts):
        return False
    return not any((top / folder).is_symlink() for folder in Path(path).parents)


def _change_list(change: PackageChange, private: bool, work: Path) -> None:
    top, paths = change.top, change.patches
    listing = next(iter(change.decisive), None)
    for number, path in enumerate(paths):
        _stage(work / str(number), change.new[path] or b"", 0o600 if private else 0o666 & ~umask())
    if listing is not None:
        is_there = change.old[listing] is not None
        mode = stat.S_IMODE(os.stat(top / listing).st_mode) if is_there else 0o666 & ~umask()
        _stage(work / "list", change.new[listing] or b"", mode & 0o700 if private else mode)
    folders = _lacking(top, paths)
    told = _Journal(
        listing or "",
        _digest(change.new[listing]) if listing is not None else "",
        {path: _digest(change.new[path]) for path in paths},
        {path: _digest(change.old[path]) for path in change.drops},
        folders,
    )
    told.seal = seal(work, told.unsealed)
    _stage(work / "told", write_json(told), 0o600)
    sync(work)
    os.rename(work / "told", work / _JOURNAL)
    for number, path in enumerate(paths):
        make_folders(top, Path(path).parent)
        _put(work / str(number), top / path)
    for folder in {(top / path).parent for path in paths}:
        sync(folder)
    if listing is not None:
        os.rename(work / "list", top / listing)
        sync((top / listing).parent)
    for path in change.drops:
        os.unlink(top / path)


def _put(fresh: Path, place: Path) -> None:
    """Give the file ``fresh`` the name ``place``, which nothing may have."""
    try:
        os.link(fresh, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(place):
            raise
        os.rename(fresh, place)


def _change_folder(change: PackageChange, private: bool, work: Path) -> None:
    unit = os.path.commonpath([os.path.dirname(path) for path in change.new])
    target, fresh = change.top / unit, work / "folder"
    if not unit or (target / ".git").exists():
        raise problems.apart(", ".join(change.edits))
    if target in (here := Path(os.getcwd()), *here.parents):
        raise problems.current_folder(target)
    shutil.copytree(target, fresh, symlinks=True, copy_function=_copy)
    for path, content in change.new.items():
        place = fresh / os.path.relpath(path, unit)
        mode = stat.S_IMODE(os.stat(place).st_mode) if change.old[path] is not None else 0o666 & ~umask()
        with suppress(FileNotFoundError):
            os.unlink(place)
        if content is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            _stage(place, content, mode & 0o700 if private else mode)
    for folder, _, _ in os.walk(fresh, topdown=False):
        sync(Path(folder))
    exchange(fresh, target)
    sync(target.parent)


def _copy(source: str, target: str) -> None:
    """Copy a file; ``PackageRefused`` for a pipe, a device and the like, which may have no end."""
    if not stat.S_ISREG(os.lstat(source).st_mode):
        raise problems.not_plain(source)
    shutil.copy2(source, target, follow_symlinks=False)


def _stage(place: Path, content: bytes, mode: int) -> None:
    with naming(place), open(place, "xb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _lacking(top: Path, paths: Sequence[str]) -> list[str]:
    """Return the folders of ``paths`` that are not there yet, the inner ones first."""
    folders = {str(folder) for path in paths for folder in Path(path).parents if not (top / folder).is_dir()}
    return sorted(folders, key=len, reverse=True)


def _content(place: Path) -> bytes | None:
    """Return what the plain file at ``place`` holds, ``None`` when nothing is there; ``PackageRefused`` for others."""
    try:
        if not stat.S_ISREG(os.lstat(place).st_mode):
            raise problems.package_with_link(place)
        return place.read_bytes()
    except FileNotFoundError:
        return None


def _sum(place: Path) -> str:
    try:
        return _digest(_content(place))
    except PackageRefused:
        return ""


def _digest(content: bytes | None) -> str:
    return sha256(content).hexdigest() if content is not None else ""
