"""The outermost function: choose the command, run it, turn every failure into one message and an exit status.

It exists so that no other module makes a message of a failure or ends the process.  Nothing heavy is imported here: a
command's module, and what that needs, is loaded once the command has been chosen.

Exit statuses, the same for all commands: 0 yes, 1 no, 2 can't be done even with every commit of the branch, 128 git
or the repository failed, 129 wrong usage.  ``-h`` prints the usage to standard output and ends with 129 too, because
``git <command> -h`` does.  Ctrl-C and a closed pipe end the process by their signal, without a word, so that a shell
sees 130 and 141.

Promises: no traceback is ever shown, unless the environment variable ``GIT_XSA_TRACEBACK`` asks for it, and what
comes from a repository or from the command line is printed without its control characters.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, NoReturn

import git_xsa.early  # noqa: F401 - as the first of ours: it acts when it is loaded
from git_xsa.errors import FULL, SPACE, UsageError, XsaError
from git_xsa.report.aside import be_quiet, is_quiet
from git_xsa.report.plain import printable

if TYPE_CHECKING:
    import argparse

#: Name of each command (its module in ``git_xsa.cli``) -> the line that ``git xsa`` lists it with.
COMMANDS = {
    "check": "Check whether outstanding fixes apply to a release",
    "ci": "Make a pipeline that proves queues on a CI server",
    "demo": "Show the main job on a demonstration repository",
    "embargo": "Keep the ledger of embargoes and what they freeze",
    "export": "Write the patches for a release for a package's build",
    "fetch": "Mirror the public advisories into the store",
    "hooks": "Install or uninstall the hooks in a repository",
    "import": "Import advisories and their patches into the store",
    "prereqs": "Find the commits that a patch needs before it applies",
    "release": "Make a point release: commit, signed tag, tarballs",
    "report": "Make pages and records of advisories on releases",
    "resolve": "Adapt by hand the patches that do not apply",
    "stats": "Count how often fixes applied to past releases",
    "status": "Show what each stable branch lacks, and what is due",
    "test": "Prove a queue: it builds, it boots, the exploit is blocked",
}

#: Commands that only the hooks call (``git-xsa-hook pre-push``): not listed, with no page and no completion.
HIDDEN = frozenset({"hook"})

INTERRUPTED = 128 + signal.SIGINT
PIPE_CLOSED = 128 + signal.SIGPIPE
#: Signals that end the process after it has removed what it made: a cancelled job must leave no text of a patch.
ENDING = (signal.SIGTERM, signal.SIGHUP)
#: Commands that work in the folder they are called in, whatever ``xsa.history`` says.
HERE = frozenset({"demo", "hooks"})
#: What ``main`` adds to their number: 128 would make wrong usage of SIGHUP.
ENDED = 256
#: Which mappings of a process's memory a core dump has; children inherit it.
_DUMP_FILTER = "/proc/self/coredump_filter"
USAGE = UsageError.status
FAILURE = XsaError.status

LIBRARY = "install git-xsa with its libraries: run its install.sh, or use pip"
REPORT = (
    "this is a bug in git-xsa: please report it with the command line and the output of 'git xsa --version';\n"
    "set GIT_XSA_TRACEBACK=1 in the environment to show the place in the program, too"
)


def entry() -> NoReturn:
    """Run the command that the program's name stands for: ``git-xsa-check`` is ``check``, ``git-xsa`` lists them.

    Ends the process with the exit status, or by the signal that Ctrl-C or a closed pipe would have ended it with.
    """
    _forbid_core_dumps()
    program = os.path.basename(sys.argv[0])
    name = program.removeprefix("git-xsa-")
    for ending in ENDING:
        if signal.getsignal(ending) is signal.SIG_DFL:  # nohup has it ignored, and that is to stay so
            signal.signal(ending, _end)
    status = main(sys.argv[1:] if name == program else [name, *sys.argv[1:]])
    if status in (INTERRUPTED, PIPE_CLOSED) or status > ENDED:
        number = status % 128
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process at once.  Python would free a million objects one by one before, which takes up to a tenth of the
    time; what has to be closed or removed is so when ``main`` returns, and no thread of ours is left."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)


def _forbid_core_dumps() -> None:
    """Keep this process and all that it starts from leaving their memory on a disk: text under embargo is in it.

    On Linux a program that core dumps are piped to (``core_pattern``) gets them whatever the limit is; with this filter
    no mapping of the memory is in them (core(5)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open(_DUMP_FILTER, "wb", buffering=0) as file:
            file.write(b"0")
    except OSError:  # there is none on other systems
        return


class Ended(BaseException):
    """The process was ended by the signal ``number``; everything on the way out is cleaned up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: don't disturb the cleaning up
    raise Ended(number)


def main(arguments: Sequence[str]) -> int:
    """Run the command named first in ``arguments`` and return its exit status; raises nothing.

    130 stands for Ctrl-C, 141 for output that nobody reads any more and 256 + N for the signal N.
    """
    try:
        # A name that is no valid text must not make printing fail.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        # A history is a million small objects that live as long as it does, and modules are some ten thousand: looking
        # through them for garbage again and again takes a good part of the time.  Nothing of them is in a cycle, so all
        # is freed without that.
        gc.disable()
        _settle_home()
        status = _dispatch(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Ended as end:
        status = ENDED + end.number
    except BrokenPipeError:
        status = PIPE_CLOSED
    except Exception as error:
        status = _failed(error)
    if status >= FAILURE:
        _drop_output()
    return status


def _settle_home() -> None:
    """Have one home folder for git, for libraries and for us, whatever is missing from the environment.

    What is no path from the root counts as none, as the specification of ``XDG_DATA_HOME`` demands.
    """
    if not os.path.isabs(os.environ.get("HOME", "")):
        import pwd  # noqa: PLC0415 - mostly not needed

        os.environ.pop("HOME", None)
        with suppress(KeyError):
            os.environ["HOME"] = pwd.getpwuid(os.getuid()).pw_dir
    if not os.path.isabs(os.environ.get("XDG_DATA_HOME", "/")):
        del os.environ["XDG_DATA_HOME"]


def _dispatch(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ("",)
    if name in ("", "-h"):
        print(_listing())
        return USAGE if name else 0
    if name == "--version":
        from git_xsa.cli.arguments import print_versions  # noqa: PLC0415 - rarely asked for

        print_versions()
        return 0
    if name == "--help":
        return _manual("git-xsa", _listing())
    if name not in COMMANDS and name not in HIDDEN:
        raise _unknown(name)
    parser = parser_of(name)
    before_end = rest[: rest.index("--")] if "--" in rest else rest
    if "--help" in before_end:
        return _manual(f"git-xsa-{name}", parser.format_help())
    options = _parse(parser, rest)
    if isinstance(options, int):
        return options
    return _run(name, options)


def _run(name: str, options: argparse.Namespace) -> int:
    """Run the command, and return its exit status: a hook where git starts it, hooks go into the repository here, all
    else works in the clone that ``--history`` or ``xsa.history`` names."""
    command = import_module(module_of(name))
    status: int
    if name in HIDDEN:
        status = command.run(options)
        return status
    be_quiet(getattr(options, "quiet", False))
    from git_xsa.git.clone import chosen  # noqa: PLC0415 - not needed for usage
    from git_xsa.git.here import working_in  # noqa: PLC0415 - as above

    with working_in(chosen(getattr(options, "history", None), by_setting=name not in HERE)):
        status = command.run(options)
    return status


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of the command ``name``, with the options that all commands have; a hook's has none."""
    parser: argparse.ArgumentParser = import_module(module_of(name)).parser()
    if name not in HIDDEN:
        from git_xsa.cli.arguments import common_options  # noqa: PLC0415 - a hook is to start fast

        common_options(parser)
    return parser


def module_of(name: str) -> str:
    """Return the module of the command ``name``; a word of Python's own gets a line at its end there."""
    return f"git_xsa.cli.{name}_" if iskeyword(name) else f"git_xsa.cli.{name}"


def _listing() -> str:
    width = max(map(len, COMMANDS))
    lines = (f"   git xsa-{name:{width}}   {summary}" for name, summary in COMMANDS.items())
    return "\n".join(
        [
            "usage: git xsa-<command> [<options>]",
            "",
            "The commands of git-xsa:",
            "",
            *lines,
            "",
            "'git xsa-<command> -h' prints a command's options, 'git help xsa-<command>' opens its manual page.",
            "New to it? 'git xsa-demo' shows it at work, 'man git-xsa-tutorial' lists tutorials of ten minutes,",
            "and 'git help xsa' is the entry to the manual.",
        ]
    )


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches  # noqa: PLC0415 - only to help after a slip

    near = get_close_matches(name.removeprefix("xsa-"), COMMANDS, n=1)
    guess = f"did you mean 'git xsa-{near[0]}'? " if near else ""
    return UsageError(f"'{name}' is not a git-xsa command", f"{guess}'git xsa' lists the commands")


def _parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace | int:
    """Return the options, or the exit status when usage or versions were all there was to print.

    argparse prints and exits by itself, in its own style and with status 2.  What it prints is caught and put into
    git's style: the mistake first, then how to call the command, on standard error.
    """
    import contextlib  # noqa: PLC0415 - argparse is loaded by now, this is not more than it
    import io  # noqa: PLC0415 - as above

    vars(parser)["color"] = False  # Python 3.14 and later would colour text that may go to a file
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return parser.parse_args(arguments)
    except SystemExit as end:
        if not end.code:  # -h, which has printed the help
            return USAGE
        if end.code == "versions":  # cli.arguments.VERSIONS_SHOWN
            return 0
    usage, _, mistake = complaint.getvalue().partition(": error: ")
    usage = usage[: usage.rfind("\n") + 1]  # what is cut off is the program's name in front of "error"
    from git_xsa.cli.slips import hint_for  # noqa: PLC0415 - only to help after a slip

    hint = hint_for(parser, mistake.rstrip(), arguments)
    _say(f"error: {printable(mistake.rstrip())}\n{usage.rstrip()}")
    if hint:
        _say(f"hint: {printable(hint)}")
    return USAGE


def _manual(page: str, usage: str) -> int:
    """Become ``man`` for ``page``; where there is none, print ``usage`` and return 129.

    git itself opens the page for ``git xsa-check --help``, so this is for ``git-xsa-check --help`` and for a checkout
    or a virtual environment whose pages man doesn't find by name.
    """
    from git_xsa.shared_files import places  # noqa: PLC0415 - rarely asked for

    files = [path for number in (1, 7) for path in places(f"man/{page}.{number}", f"man/man{number}/{page}.{number}")]
    found = next((str(path) for path in files if path.is_file()), page)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and man would inherit that
    try:
        os.execvp("man", ["man", found])
    except OSError:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        print(usage.rstrip())
    return USAGE


def _failed(error: Exception) -> int:
    """Print what ``error`` means to the user and return the exit status that it leads to."""
    if os.environ.get("GIT_XSA_TRACEBACK", "0") not in ("", "0"):
        import traceback  # noqa: PLC0415 - only for who asks

        _say(printable("".join(traceback.format_exception(error)).rstrip()))
    if isinstance(error, XsaError):
        prefix = "fatal" if error.status == FAILURE else "error"
        _say(_message(f"{prefix}: {error.what}", error.hint))
        return error.status
    if isinstance(error, OSError) and error.strerror:
        # A full disk or a file that may not be read: no mistake of ours.
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        _say(_message(f"fatal: {place}{error.strerror}", SPACE if error.errno in FULL else ""))
    elif isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != __package__:
        what = f"the library {error.name.partition('.')[0]} is not installed for {sys.executable}"
        _say(_message(f"fatal: {what}", LIBRARY))
    else:
        # A library's error can have a traceback in its text (sh, where a process can't be started): the end says what.
        text = "".join(str(error).strip().splitlines()[-1:]).strip()
        _say(_message(f"fatal: internal error: {type(error).__name__}: {text}", REPORT))
    return FAILURE


def _message(what: str, hint: str) -> str:
    lines = [what, *(f"hint: {line}" for line in hint.splitlines() if not is_quiet())]
    return "\n".join(map(printable, lines))


def _say(text: str) -> None:
    """Print ``text`` to standard error; if that is gone nobody can read it."""
    if sys.stderr is None:
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _drop_output() -> None:
    """Let what is still buffered go nowhere: Python would try to write it at the end, and complain once more."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


if __name__ == "__main__":
    entry()
