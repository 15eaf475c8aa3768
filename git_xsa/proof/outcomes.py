"""What builds have come to, kept between commands in the user's cache folder.

An outcome is found by the files that were built, the command with the files that its words name, and the version of
this format, all in one digest: no name of an advisory, no path and no line stands there.  Beside it is the log of that
build, which does hold what compilers print, lines of patches among it; so the folder is readable by the user alone.
All of it can be deleted at any time: then builds run again.

Only ``built`` and ``failed`` are kept; that a time limit was reached says something about the machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from git_xsa.git.trial import Entry
from git_xsa.proof import problems
from git_xsa.proof.build_command import Outcome

#: Counted up when the same files and command could come to something else than before.
VERSION = 2
FOLDER = "builds"
#: So many outcomes and logs are kept; a build of Xen's hypervisor prints 2 MB.
KEPT = 300
_KINDS = (Outcome.BUILT, Outcome.FAILED)
#: What stands between the words of a command, also of one in quotes, and in words like ``CC=/opt/gcc``.
_BETWEEN_WORDS = re.compile(r"[\s'\"`;&|()<>=,:${}]+")
#: Where a command writes to.
_WRITTEN = re.compile(r""">+\|?[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[^\s;&|)'"]+)|\btee\b[^;&|)\n'"]*""")
#: The size in bytes up to which a file that a command names is read.
_READ_WHOLE = 64 << 20


def cache_folder() -> Path:
    """Return the folder of outcomes and logs, made for the user alone; ``XsaError`` when that can't be."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - only who builds needs it

    folder = user_cache_path("git-xsa", appauthor=False) / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise problems.unusable_folder(folder, error.strerror) from None
    return folder


def files_of(command: str) -> list[Path]:
    """Return the files outside the tree that the words of a shell's ``command`` name and that it may read or run:
    programs on PATH, and paths that are absolute or become so with ``~``, variables or a folder that is named, too.

    What it writes to with ``>`` or ``tee`` is none of them: a log differs after each build.
    """
    expanded = os.path.expandvars(_WRITTEN.sub(" ", command))
    words = {*_BETWEEN_WORDS.split(expanded), *_unquoted(expanded)}
    paths = {os.path.expanduser(word) for word in words}
    folders = [path for path in paths if os.path.isabs(path) and os.path.isdir(path)]
    found = {os.path.join(folder, path) for path in paths for folder in ("/", *folders)}
    found.update(filter(None, (shutil.which(path) for path in paths if path and "/" not in path)))
    return sorted(Path(path) for path in found if os.path.isfile(path))


def _unquoted(command: str) -> Iterator[str]:
    """Yield the words of ``command`` without their quotation marks, and those of words that are commands themselves."""
    left = [command]
    while left:  # what is put back is shorter than what was taken: it has lost blanks or quotation marks
        text = left.pop()
        with contextlib.suppress(ValueError):  # a quotation without an end
            for word in shlex.split(text):
                yield word
                if any(sign in word for sign in " \t\n"):
                    left.append(word)


def _content_of(path: Path) -> str:
    """Return what stands for the content of the file at ``path``: a digest, or size and time of a very large one."""
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if stat.S_ISREG(state.st_mode) and state.st_size <= _READ_WHOLE:
                return sha256(file.read()).hexdigest()
    except OSError:
        return "unread"
    return f"{state.st_size} {state.st_mtime_ns}"


class Outcomes:
    """The outcomes of ``command`` kept in ``folder``; with ``rebuild`` those of earlier times are not known."""

    def __init__(self, folder: Path, command: str, rebuild: bool = False) -> None:
        self._folder = folder
        self._fresh: set[str] | None = set() if rebuild else None
        self._key = sha256(f"{VERSION}\0".encode() + os.fsencode(command) + b"\0")
        for path in files_of(command):
            self._key.update(os.fsencode(path) + b"\0" + _content_of(path).encode() + b"\0")
        self._prune()

    def name(self, entries: Mapping[bytes, Entry]) -> str:
        """Return the name under which the outcome of the command on the tree ``entries`` is kept."""
        hasher = self._key.copy()
        for path, (mode, name) in sorted(entries.items()):
            hasher.update(f"{mode} {name} ".encode() + path + b"\0")
        return hasher.hexdigest()

    def log(self, name: str) -> Path:
        """Return where the log of the build ``name`` is."""
        return self._folder / f"{name}.log"

    def get(self, name: str) -> Outcome | None:
        """Return the outcome of the build ``name``, ``None`` when it is not known, or failed and its log is gone."""
        if self._fresh is not None and name not in self._fresh:
            return None
        try:
            outcome = Outcome((self._folder / name).read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None
        if outcome not in _KINDS or (outcome is Outcome.FAILED and not self.log(name).is_file()):
            return None
        return outcome

    def put(self, name: str, outcome: Outcome) -> None:
        """Keep ``outcome``, in one step, so that who reads at the same time sees all or nothing."""
        if outcome not in _KINDS:
            return
        if self._fresh is not None:
            self._fresh.add(name)
        fresh = self._folder / f"{name}.{secrets.token_hex(4)}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{outcome.value}\n")
        fresh.replace(self._folder / name)

    def _prune(self) -> None:
        """Remove the oldest files, and what an interrupted command may have left."""
        dated = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                dated.append((path.stat().st_mtime, path))
        for _, path in sorted(dated, reverse=True)[2 * KEPT :]:
            with contextlib.suppress(OSError):
                path.unlink()
