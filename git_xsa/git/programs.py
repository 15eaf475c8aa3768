"""Start programs other than git: GNU patch, gpg, packers and signers, and what is to outlive this process.

Text under embargo goes to them as git gets it: through anonymous memory files, never by name or in a command line.

Promises: bytes in, bytes out; any exit status is an answer; a program that is not installed is an ``XsaError`` that
names the package.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from git_xsa.git import problems
from git_xsa.git.process import PLAIN, Answer, Word, memory, read_all
from git_xsa.git.run import TRACES, UNWANTED
from git_xsa.git.scratch import Scratch


def run_patch(folder: Path, text: bytes, fuzz: int, trial: bool = False, back: bool = False) -> bool:
    """Apply ``text`` in ``folder`` with GNU patch, as packagers' build tools do; return whether it took every hunk.

    ``trial``: no file is changed.  ``back``: it is taken back.  Raises ``XsaError`` when GNU patch is not installed.
    """
    import sh  # noqa: PLC0415 - see git_xsa.git.process

    try:
        program = sh.Command("patch")
    except sh.CommandNotFound:
        raise problems.not_installed("patch") from None
    words: tuple[str, ...] = ("-p1", "-f", "-s", f"-F{fuzz}", "--no-backup-if-mismatch", "-r", "-", "-d", Word(folder))
    words += ("--dry-run",) * trial + ("-R",) * back
    with memory(text) as source, open(os.devnull, "wb") as out:
        options: dict[str, Any] = {
            **PLAIN,
        }
        done = program(*words, _in=source, _out=out, _err=out, _env=dict(os.environ, LC_ALL="C"), **options)
    return int(done.exit_code) == 0


#: Puts on the patches ``$1/1`` to ``$1/$2`` with the fuzz ``$3``; prints the number of each that needs some, and of the
#: one that can't be put on.  One small shell: starting each from Python took most of the time.
_STACK = r"""
number=0
while [ "$number" -lt "$2" ]; do
    number=$((number + 1))
    said=$(patch -p1 -f -F"$3" --no-backup-if-mismatch -r - <"$1/$number" 2>&1) || { echo "refused $number"; exit 1; }
    case $said in *" with fuzz "*) echo "fuzz $number" ;; esac
done
"""


def run_patches(folder: Path, patches: Path, count: int, fuzz: int) -> tuple[int | None, list[int]]:
    """Put the ``count`` patches in the folder ``patches``, files called 1, 2, ..., on what is in ``folder``.

    Returns the number of the one that GNU patch refuses (``None``: it takes all; the rest is not tried), and the
    numbers of those that needed fuzz.
    """
    if not count:
        return None, []
    run_tool(("patch", "--version"))  # says so when it is not installed
    done = run_tool(("sh", "-c", _STACK, "sh", str(patches), str(count), str(fuzz)), folder=folder)
    told = [line.split() for line in done.out.decode().splitlines()]
    refused = next((int(number) for word, number in told if word == "refused"), None)
    return refused, [int(number) for word, number in told if word == "fuzz"]


#: What GNU patch says, in plain English, of a file that it looks at and of a hunk that it can't put on.
_CHECKS = re.compile(rb"^(?:checking|patching) file (?:'(.*)'|(\S+))")
_FAILS = re.compile(rb"^Hunk #(\d+) (?:FAILED|.*ignored)")
_SKIPS = re.compile(rb"^(?:can't find file|The next patch would|File .* is not)")


def failing_hunks(folder: Path, text: bytes, fuzz: int) -> list[tuple[bytes, int]]:
    """Return the hunks of ``text`` that GNU patch can't put on the files in ``folder``: the file, and the number of the
    hunk, 0 for the file as a whole.  Nothing is changed."""
    words = ("patch", "-p1", "-f", f"-F{fuzz}", "--dry-run", "-r", "-")
    found: list[tuple[bytes, int]] = []
    path = b""
    for line in run_tool(words, given=text, folder=folder).out.splitlines():
        file, hunk = _CHECKS.match(line), _FAILS.match(line)
        if file is not None:
            path = file[1] or file[2]
        elif hunk is not None or _SKIPS.match(line):
            found.append((path, int(hunk[1]) if hunk is not None else 0))
    return found


#: The exit status of GNU patch for a patch that it can't read; 1 is for hunks that don't apply.
_TROUBLE = 2


def is_read_by_patch(text: bytes) -> bool:
    """Whether GNU patch reads ``text`` to its end: a hunk may lack three lines there, and no more.

    It reads the hunks of files that it does not find as well.  ``XsaError`` when it is not installed.
    """
    with Scratch() as folder:
        done = run_tool(("patch", "-p1", "-f", "-s", "--dry-run", "-r", "-"), given=text, folder=folder)
    return done.status < _TROUBLE


def run_gpg(words: Sequence[str], given: bytes) -> Answer:
    """Run ``gpg WORDS`` with ``given`` as its standard input and return what it gave, whatever its exit status.

    It asks nobody anything: no terminal, no options of the user's, no key server.  Raises ``XsaError`` when it is not
    installed.
    """
    import sh  # noqa: PLC0415 - see git_xsa.git.process

    try:
        program = sh.Command("gpg")
    except sh.CommandNotFound:
        raise problems.not_installed("gpg") from None
    fixed = ("--batch", "--no-tty", "--no-options", "--no-auto-key-retrieve", "--no-auto-check-trustdb")
    options: dict[str, Any] = {
        **PLAIN,
        "_env": dict(os.environ, LC_ALL="C"),
    }
    with memory(given) as source, memory() as out, memory() as err:
        done = program(*fixed, *map(Word, words), _in=source, _out=out, _err=err, **options)
        return Answer(int(done.exit_code), read_all(out), read_all(err))


#: Program -> the package that has it, for the hint.


def run_tool(
    words: Sequence[str],
    given: bytes = b"",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    alone: bool = False,
    limit: float | None = None,
) -> Answer:
    """Run the program ``words`` with ``given`` as its standard input; return what it gave, whatever its exit status.

    It gets the user's environment without git's wishes about output, with plain English and ``environment``; an empty
    value there takes a variable out.  ``alone``: it has no terminal that it could ask for a passphrase.  After
    ``limit`` seconds it is ended, with the status 124.  Raises ``XsaError`` when it is not installed.
    """
    import sh  # noqa: PLC0415 - see git_xsa.git.process

    name, *rest = words
    try:
        program = sh.Command(name)
    except sh.CommandNotFound:
        raise problems.not_installed(name) from None
    surroundings = {n: v for n, v in os.environ.items() if n not in UNWANTED and not n.startswith(TRACES)}
    surroundings |= {"LC_ALL": "C", **(environment or {})}
    options: dict[str, Any] = {
        "_cwd": str(folder) if folder is not None else os.getcwd(),
        "_env": {n: v for n, v in surroundings.items() if v},
        **PLAIN,
        "_new_session": alone,
        "_new_group": False,
        "_timeout": limit,
    }
    with memory(given) as source, memory() as out, memory() as err:
        try:
            done = program(*map(Word, rest), _in=source, _out=out, _err=err, **options)
        except sh.TimeoutException:
            return Answer(124, b"", f"{name} gave no answer within {limit:.0f} seconds".encode())
        return Answer(int(done.exit_code), read_all(out), read_all(err))


#: Variables that point a hook to its repository; git that runs elsewhere must not have them.
OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE")


def start_apart(words: Sequence[str], folder: Path, log: Path) -> None:
    """Start the program ``words`` in ``folder``, a process of its own that outlives this one; it writes to ``log``.

    It has no terminal and no input; only the user can read the log.
    """
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    source = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            if os.fork():  # so that nobody has to wait for it
                os._exit(0)
            os.setsid()
            os.dup2(source, 0)
            os.dup2(target, 1)
            os.dup2(target, 2)
            os.chdir(folder)
            for name in OF_HOOKS:
                os.environ.pop(name, None)
            os.execvp(words[0], list(words))
        finally:
            os._exit(127)
    os.close(source)
    os.close(target)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)
