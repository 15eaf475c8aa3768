"""Read a source tree that has no history: a folder, or a tarball.

Nothing in it is executed or obeyed: no attributes, no ignore lists, no hooks.  Links are taken as links and not
followed, and what is larger than the limits is refused before it is read.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.errors import XsaError
from git_xsa.git import problems
from git_xsa.model.change import SYMLINK_MODE

#: Limits of a source tree, several times what Xen's with its subtrees has (git-xsa-check(1)).
MOST_FILES = 200_000
MOST_BYTES = 1 << 31
LARGEST_FILE = 1 << 28
#: What version control and patch stacks keep beside the sources.
_KEPT_APART = frozenset({".git", ".hg", ".svn", ".bzr", "CVS", ".pc", ".pijul"})
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


@dataclass(frozen=True)
class SourceFile:
    """A file of a source tree: its path below the top, git's mode, and what it holds (of a link the target)."""

    path: bytes
    mode: str
    content: bytes


def is_tarball(path: Path) -> bool:
    """Return whether the name of the file at ``path`` says that it is a tarball which can be read."""
    return path.name.endswith(_TAR_ENDINGS) and path.is_file()


def is_path(name: str) -> bool:
    """Return whether a person who writes ``name`` can only mean a file or a folder, be it there or not."""
    return name.startswith(("/", "./", "../", "~")) or name.endswith(_TAR_ENDINGS)


def read_source(place: Path) -> list[SourceFile]:
    """Return the files of the source tree at ``place``, a folder or a tarball, in no order.

    ``XsaError`` when it can't be read, is too large, or names a path outside.
    """
    found: list[SourceFile] = []
    size = 0
    for file in _from_folder(place) if place.is_dir() else _from_tarball(place):
        size += len(file.content)
        found.append(file)
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise problems.tree_too_large(place, MOST_FILES)
    if not found:
        raise problems.no_files(place)
    return found


def without_top(files: Sequence[SourceFile], known: Collection[bytes]) -> Sequence[SourceFile]:
    """Return ``files`` without the single folder around all of them, if there is one and none of the paths ``known`` is
    in a folder of that name."""
    top = files[0].path.partition(b"/")[0] + b"/"
    if any(not file.path.startswith(top) for file in files) or any(path.startswith(top) for path in known):
        return files
    return [SourceFile(file.path[len(top) :], file.mode, file.content) for file in files]


def _from_folder(top: Path) -> Iterator[SourceFile]:
    folders = [os.fsencode(top)]
    start = len(folders[0].rstrip(b"/")) + 1
    while folders:  # each folder is put in once, by the only one that holds it
        here = folders.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if os.fsdecode(entry.name) not in _KEPT_APART:
                            folders.append(entry.path)
                    elif entry.is_symlink():
                        yield SourceFile(entry.path[start:], SYMLINK_MODE, os.readlink(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield _file(entry.path, entry.path[start:])
        except OSError as error:
            raise problems.unreadable_folder(os.fsdecode(here), error.strerror) from None


def _file(place: bytes, path: bytes) -> SourceFile:
    """Return the file at ``place``, which was no link just before."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if status.st_size > LARGEST_FILE:
            raise _too_large(path)
        return SourceFile(path, _mode(status.st_mode), file.read(LARGEST_FILE))


def _from_tarball(place: Path) -> Iterator[SourceFile]:
    import tarfile  # noqa: PLC0415 - it loads all ways to compress, which only a tarball needs

    plain: dict[str, SourceFile] = {}
    try:
        with tarfile.open(place, "r|*") as archive:
            for member in archive:
                path = os.path.normpath(member.name)
                if path.startswith(("/", "../")) or path == "..":
                    raise problems.path_outside(place, member.name)
                if member.issym():
                    yield SourceFile(os.fsencode(path), SYMLINK_MODE, os.fsencode(member.linkname))
                elif member.islnk() and os.path.normpath(member.linkname) in plain:
                    other = plain[os.path.normpath(member.linkname)]
                    yield SourceFile(os.fsencode(path), other.mode, other.content)
                elif member.isreg():
                    if member.size > LARGEST_FILE:
                        raise _too_large(os.fsencode(path))
                    content = archive.extractfile(member)
                    assert content is not None, "it is a file"
                    plain[path] = SourceFile(os.fsencode(path), _mode(member.mode | stat.S_IFREG), content.read())
                    yield plain[path]
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise problems.incomplete_tarball(place) from error
    except OSError as error:
        raise problems.unreadable_tarball(place, error.strerror or "damaged") from None


def _mode(mode: int) -> str:
    return "100755" if mode & stat.S_IXUSR else "100644"


def _too_large(path: bytes) -> XsaError:
    return problems.file_too_large(os.fsdecode(path))
