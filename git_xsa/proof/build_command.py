"""Run the user's build: shut in as far as the system allows, with a time limit, and with nothing left of it.

What util-linux's ``unshare`` can do here is tried once, the most first:

1. no network, processes of its own that all end with it, the repository read-only, and folders that are not seen;
2. no network, processes of its own;
3. nothing: then only a mark in their environment shows which processes are the build's, and the caller is informed of
   the network.

The command comes from the command line or from git's configuration.  It runs in a shell, in the throwaway tree, with
no standard input and without git's variables, so that a build which calls git finds no repository.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from git_xsa.git.scratch import is_held
from git_xsa.proof.build_tree import BuildTree

#: Runs in the new namespaces: each word "ro" is followed by a folder that becomes read-only, each "no" by one that
#: becomes empty, and "run" by the command.  Without the interface ``lo`` a build could not even talk to itself.
_PROTECT = """
ip link set lo up 2>/dev/null
while [ "$1" != run ]; do
    case $1 in
        ro) mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" || exit 125 ;;
        no) mount -t tmpfs -o ro,size=4k,mode=0555 git-xsa "$2" || exit 125 ;;
    esac
    shift 2
done
shift
exec "$@"
"""
_NAMESPACES = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
#: Every process of a build has it in its environment, with the name of the throwaway folder.
MARK = "GIT_XSA_BUILD"
#: How long a probe of what the system allows may take, in seconds.
_PROBE_LIMIT = 20


class Outcome(Enum):
    """How a build ended."""

    BUILT = "built"
    FAILED = "failed"
    TIMEOUT = "timeout"


#: How much of a log is read, in bytes.
LOG_LIMIT = 32 << 20


@dataclass(frozen=True)
class Walls:
    """What a command line begins with so that a build is shut in, and what that does: no network, and folders that are
    read-only."""

    words: tuple[str, ...] = ()
    offline: bool = False
    read_only: bool = False


def find_walls(protected: Sequence[Path], hidden: Sequence[Path] = ()) -> Walls:
    """Return the best walls that work here; the folders ``protected`` are read-only behind the best of them, those in
    ``hidden`` empty."""
    user, group = os.geteuid(), os.getegid()
    folders = [("ro", str(folder)) for folder in protected] + [("no", str(folder)) for folder in hidden]
    mounting = ("sh", "-c", _PROTECT, "git-xsa", *(word for pair in folders for word in pair), "run")
    if user == 0:
        choices = [("unshare", "--mount", *_NAMESPACES, *mounting), ("unshare", *_NAMESPACES)]
    else:  # who mounts must be root in there, and who builds should not be
        back = ("unshare", "--user", f"--map-user={user}", f"--map-group={group}")
        choices = [
            ("unshare", "--map-root-user", "--mount", *_NAMESPACES, *mounting, *back),
            ("unshare", "--map-current-user", *_NAMESPACES),
        ]
    for words in choices:
        if _works(words):
            return Walls(words, offline=True, read_only=words is choices[0])
    return Walls()


def _works(words: Sequence[str]) -> bool:
    try:
        done = subprocess.run(
            (*words, "true"), stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def build_environment(tree: BuildTree, jobs: int | None) -> dict[str, str]:
    """Return the environment of a build: the user's, without git's variables, in plain English, with own scratch."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own = {
        "LC_ALL": "C.UTF-8",
        "PWD": str(tree.tree),
        "TMPDIR": str(tree.temporary),
        "GIT_CEILING_DIRECTORIES": str(tree.folder),
        MARK: str(tree.folder),
    }
    if jobs is not None:
        own |= {"XSA_JOBS": str(jobs), "MAKEFLAGS": f"{kept.get('MAKEFLAGS', '')} -j{jobs}".strip()}
    return kept | own


class BuildCommand:
    """The command, ready to run; ``limit`` is the longest that one run may take, in seconds (``None``: no limit).

    What is ``private`` leaves nothing with ccache: that adds nothing to its cache, and has its own temporary files,
    which hold preprocessed code and stay when it is killed, in the throwaway folder.
    """

    def __init__(
        self,
        command: str,
        walls: Walls,
        limit: float | None = None,
        jobs: int | None = None,
        private: bool = False,
    ) -> None:
        self.command = command
        self.walls = walls
        self._limit = limit
        self._jobs = jobs
        self._private = private

    def run(self, tree: BuildTree, log: Path) -> Outcome:
        """Run it in ``tree`` and write what it prints to ``log``, which only the user can read.

        No process of it is left when this returns or is interrupted.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        process: subprocess.Popen[bytes] | None = None
        with open(os.open(log, flags, 0o600), "wb") as output:
            try:
                process = subprocess.Popen(
                    (*self.walls.words, "sh", "-c", self.command),
                    cwd=tree.tree,
                    env=build_environment(tree, self._jobs) | self._more(tree),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                status = process.wait(self._limit)
            except subprocess.TimeoutExpired:
                return Outcome.TIMEOUT
            finally:
                end_processes(process, tree.folder)
        return Outcome.FAILED if status else Outcome.BUILT

    def _more(self, tree: BuildTree) -> dict[str, str]:
        return {"CCACHE_READONLY": "1", "CCACHE_TEMPDIR": str(tree.temporary)} if self._private else {}


def read_log(log: Path) -> bytes:
    """Return what a command has printed, as far as anybody reads on."""
    with log.open("rb") as file:
        return file.read(LOG_LIMIT)


def end_processes(process: subprocess.Popen[bytes] | None, folder: Path) -> None:
    """Kill what is still there of a command in ``folder``, and wait until it is gone.

    There is no ``process`` when a signal came while it was being started.
    """
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    kill_marked(str(folder))  # the end of a namespace is not waited for by anybody else


def kill_marked(folder: str) -> None:
    """Kill every process that a command in ``folder`` has started, also those that left its group, and wait for it."""
    for _ in range(500):
        left = _marked(folder)
        if not left:
            return
        for number in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.02)


def kill_own() -> None:
    """Kill every process that a command of this process has started and that is still there."""
    own = f"git-xsa-{os.getpid()}-"
    for folder in {folder for _, folder in _all_marked()}:
        if os.path.basename(folder).startswith(own):
            kill_marked(folder)


def kill_orphans() -> None:
    """Kill what a command of git-xsa that was killed has left: marked processes whose folder nobody holds any more."""
    for number, folder in _all_marked():
        if _is_orphan(number, folder):
            kill_marked(folder)


def _is_orphan(number: int, folder: str) -> bool:
    """Return whether nobody holds the ``folder`` of the process ``number``, neither here nor where that sees it, which
    in a container is another one; false if the process has ended meanwhile."""
    try:
        root = os.open(f"/proc/{number}/root", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        return not is_held(folder.lstrip("/"), root) and not is_held(folder)
    finally:
        os.close(root)


def _marked(folder: str) -> list[int]:
    """Return the processes with the mark of ``folder`` in their environment; none where there is no ``/proc``."""
    return [number for number, marked in _all_marked() if marked == folder]


def _all_marked() -> list[tuple[int, str]]:
    """Return the other processes that have a mark in their environment, each with the folder that it names."""
    mark = f"{MARK}=".encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                words = Path("/proc", name, "environ").read_bytes().split(b"\0")
                found += [(int(name), os.fsdecode(w.removeprefix(mark))) for w in words if w.startswith(mark)]
    return found
