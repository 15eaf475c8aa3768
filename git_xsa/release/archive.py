"""Tarballs of a commit: the same bytes wherever and whenever they are made, and a check of what they hold.

``git archive`` takes the time of the commit for every file, so nothing of the day or the machine is in what it
writes, unless the configuration puts it there: ``tar.umask``, ``core.abbrev``, ``info/attributes``.  It runs in an
empty repository that borrows the objects, without any of these.  ``gzip -9n`` and ``xz -9 -T1`` add nothing of their
own; the same versions of the three programs give the same bytes.

Promises: no file is written anywhere but in the scratch folder.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import new as new_hash
from os import pathsep
from pathlib import Path

from git_xsa.git.programs import run_tool
from git_xsa.git.repository import Repository
from git_xsa.git.run import Git
from git_xsa.git.scratch import Scratch
from git_xsa.git.trees import entries_of
from git_xsa.git.trial import Entry
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE
from git_xsa.proof.build_tree import EXECUTABLE
from git_xsa.release import problems, remarks
from git_xsa.wording import Remark

#: Ending of a tarball -> the command that makes it of a tar file.  The environment may name options for both.
COMPRESSORS = {
    ".tar.gz": ("gzip", "-9", "-n", "-c"),
    ".tar.xz": ("xz", "-9", "-T1", "--check=crc64", "--no-adjust", "-c"),
}
_NO_OPTIONS = {"GZIP": "", "XZ_OPT": "", "XZ_DEFAULTS": ""}
#: What would make a tarball depend on who makes it, as it is by default.
_PLAIN = ("-c", "tar.umask=0002", "-c", "core.abbrev=12", "-c", "core.eol=lf", "-c", "core.autocrlf=false")
_SUBSTITUTED = re.compile(rb"\$Format:[^$\n]*\$")
#: How many differences are listed.
_TOLD = 5


class _Plain:
    """git in an empty repository that has the objects of ``repository``, and nothing of anybody's configuration."""

    def __init__(self, repository: Repository) -> None:
        self._scratch = Scratch()
        self.folder = self._scratch.path
        alternates = repository.alternates_with_own
        environment = {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": str(self.folder / "repository"),
            "GIT_INDEX_FILE": str(self.folder / "index"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": pathsep.join(alternates),
            "TZ": "UTC",
        }
        self.git = Git(self.folder, environment)
        self.git.call(
            "init",
            "--quiet",
            "--bare",
            f"--object-format={repository.object_format}",
            "--template=",
            environment["GIT_DIR"],
        )

    def __enter__(self) -> _Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self.git.close()
        self._scratch.close()


def make_tar(repository: Repository, name: str, prefix: str) -> bytes:
    """Return the tar file of the commit or tag with the object name ``name``; each path begins with ``prefix``/."""
    with _Plain(repository) as plain:
        return plain.git.call(*_PLAIN, "archive", "--format=tar", f"--prefix={prefix}/", name).out


def compress(tar: bytes, ending: str) -> bytes:
    """Return ``tar`` as a tarball with the ``ending`` (a key of ``COMPRESSORS``); ``XsaError`` when that fails."""
    words = COMPRESSORS[ending]
    done = run_tool(words, tar, environment=_NO_OPTIONS)
    if done.status:
        raise problems.compressor_fails(words[0], done.err.decode("utf-8", "replace").strip() or str(done.status))
    return done.out


def unpack(tarball: bytes, prefix: str) -> dict[bytes, tuple[str, bytes]]:
    """Return mode and contents of every file in ``tarball``, by its path below ``prefix``.

    Raises ``XsaError`` when it can't be read, or holds something else than files and links below that folder.
    """
    found: dict[bytes, tuple[str, bytes]] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
            for member in archive:
                path = member.name.encode("utf-8", "surrogateescape")
                inside = path.removeprefix(prefix.encode() + b"/")
                if member.isdir():
                    continue
                if inside == path or b".." in inside.split(b"/"):
                    raise problems.file_outside(prefix, member.name)
                if member.issym():
                    found[inside] = (SYMLINK_MODE, member.linkname.encode("utf-8", "surrogateescape"))
                elif member.isfile():
                    source = archive.extractfile(member)
                    assert source is not None, "a file has contents"
                    found[inside] = (EXECUTABLE if member.mode & 0o100 else "100644", source.read())
                else:
                    raise problems.not_a_file(member.name)
    except (tarfile.TarError, EOFError, OSError):
        raise problems.damaged_tarball() from None
    return found


def differences(
    repository: Repository, commit: str, found: Mapping[bytes, tuple[str, bytes]], more: bool = False
) -> list[Remark]:
    """Return what is not in a tarball as the tree of ``commit`` has it, a few sentences; none when all is.

    What the tree's attributes keep out of archives or have filled in there is looked at in that light.  ``more``: it
    may hold other files besides.
    """
    entries = {path: entry for path, entry in entries_of(repository, commit).items() if entry[0] != SUBMODULE_MODE}
    ignored, filled = _attributes(repository, commit, entries)
    wanted = {path: entry for path, entry in entries.items() if path not in ignored}
    told = [remarks.missing(_shown(path)) for path in sorted(wanted.keys() - found.keys())]
    if not more:
        told += [remarks.not_in_the_tree(_shown(path)) for path in sorted(found.keys() - wanted.keys())]
    for path in sorted(wanted.keys() & found.keys()):
        mode, content = found[path]
        if mode != wanted[path][0]:
            told.append(remarks.other_mode(_shown(path)))
        elif _object_name(repository, content) != wanted[path][1] and not (
            path in filled and _is_filled(repository.contents([wanted[path][1]])[wanted[path][1]], content)
        ):
            told.append(remarks.other_contents(_shown(path)))
    return told if len(told) <= _TOLD else [*told[:_TOLD], remarks.and_more(len(told) - _TOLD)]


def _object_name(repository: Repository, content: bytes) -> str:
    hasher = new_hash(repository.object_format)
    hasher.update(b"blob %d\0" % len(content))
    hasher.update(content)
    return hasher.hexdigest()


def _attributes(
    repository: Repository, commit: str, entries: Mapping[bytes, Entry]
) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the files that attributes keep out of archives, and those that they have filled in."""
    if not any(path.rpartition(b"/")[2] == b".gitattributes" for path in entries):
        return frozenset(), frozenset()
    folders = {path[:at] for path in entries for at in range(len(path)) if path[at : at + 1] == b"/"}
    asked = b"".join(path + b"\0" for path in sorted({*entries, *folders}))
    with _Plain(repository) as plain:
        plain.git.call("read-tree", commit)
        words = ("check-attr", "--cached", "--stdin", "-z", "export-ignore", "export-subst")
        fields = plain.git.call(*words, given=asked).out.split(b"\0")
    said = {(fields[at], fields[at + 1]) for at in range(0, len(fields) - 2, 3) if fields[at + 2] == b"set"}
    out = {path for path, name in said if name == b"export-ignore"}
    ignored = {path for path in entries if path in out or any(path.startswith(folder + b"/") for folder in out)}
    return frozenset(ignored), frozenset(path for path, name in said if name == b"export-subst")


def _is_filled(template: bytes, content: bytes) -> bool:
    """Whether ``content`` is ``template`` with its ``$Format:...$`` replaced by something."""
    parts = _SUBSTITUTED.split(template)
    return re.fullmatch(b"[^\0]*?".join(map(re.escape, parts)), content, re.DOTALL) is not None and len(parts) > 1


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def run_own_target(
    repository: Repository, tag: str, commit: str, command: str, words: Mapping[str, str]
) -> dict[str, bytes]:
    """Run the project's own ``command`` in a throwaway clone at ``commit``; return the tarballs that it makes, by name.

    It finds the folder for them in ``XSA_OUTPUT``; what it leaves in ``dist`` counts, too.  ``words`` are more
    variables of its environment.  Raises ``XsaError`` when it fails or makes no tarball.
    """
    scratch = Scratch(Path("/var/tmp") if Path("/var/tmp").is_dir() else None)  # noqa: S108 - a private folder in it
    try:
        clone, output = scratch.path / "tree", scratch.path / "output"
        output.mkdir()
        with Git(scratch.path, {"GIT_ALLOW_PROTOCOL": "file"}) as git:
            git.call("clone", "--quiet", "--shared", "--no-checkout", str(repository.folder), str(clone))
        with Git(clone) as git:
            git.call("update-ref", f"refs/tags/{tag}", commit)
            git.call("checkout", "--quiet", "--detach", commit)
        surroundings = {"XSA_OUTPUT": str(output), "TZ": "UTC", "LC_ALL": "C.UTF-8", **_NO_OPTIONS, **words}
        done = run_tool(("sh", "-c", f"umask 022; {command}"), folder=clone, environment=surroundings, alone=True)
        if done.status:
            said = (done.err or done.out).decode("utf-8", "replace").strip().splitlines()
            raise problems.own_tarball_fails(said[-1] if said else str(done.status), command)
        return _tarballs((output, clone / "dist"), command)
    finally:
        scratch.close()


def _tarballs(folders: Sequence[Path], command: str) -> dict[str, bytes]:
    endings = (".tar.gz", ".tar.xz", ".tar.lz", ".tar.bz2")
    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    made = {path.name: path.read_bytes() for path in found if path.name.endswith(endings) and path.is_file()}
    if not made:
        raise problems.no_own_tarball(command)
    return made


def content_of(found: Mapping[bytes, tuple[str, bytes]]) -> Callable[[bytes], bytes]:
    """Return what gives the contents of each file of an unpacked tarball."""
    return lambda path: found[path][1]
