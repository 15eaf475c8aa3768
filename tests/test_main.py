"""The outermost function: which command runs, what is printed where, and with which status the process ends."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from git_xsa import __main__ as program
from git_xsa import __version__
from git_xsa.errors import UsageError, XsaError

ROOT = Path(__file__).resolve().parent.parent

Run = Callable[[argparse.Namespace], int]

#: What is said of a full disk.
FULL = (
    "fatal: No space left on device\n"
    "hint: free some space on that file system, and run the command again: existing data is unchanged\n"
)


#: How the command that the tests make is called.
USAGE = (
    "usage: git xsa-fake [-h] [--onto <base>] [-q] [--history <clone directory>] [--version]\n"
    "                    [<name> ...]"
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="git xsa-fake", description="Nothing real.")
    parser.add_argument("--onto", metavar="<base>", help="the base")
    parser.add_argument("--kind", choices=["one"], help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="<name>")
    return parser


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Return a function that installs a command ``fake``, which does what it is given."""

    def install(run: Run) -> None:
        module = types.ModuleType("git_xsa.cli.fake")
        vars(module).update(parser=_parser, run=run)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(program.COMMANDS, "fake", "Do nothing real")

    return install


def _raising(error: BaseException) -> Run:
    def run(options: argparse.Namespace) -> int:
        raise error

    return run


def _keeping(seen: list[str], option: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        seen.append(repr(getattr(options, option)))
        return 1

    return run


# Which command


def test_without_a_command_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("usage: git xsa-<command> [<options>]\n")
    for name, summary in program.COMMANDS.items():
        line = next(line for line in out.splitlines() if f"git xsa-{name} " in line)
        assert line.endswith(summary)
        assert len(line) <= 80


def test_h_alone_lists_them_with_gits_status_for_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["-h"]) == 129
    assert capsys.readouterr().out.startswith("usage: git xsa-<command>")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--version"]) == 0

    out = capsys.readouterr().out
    assert out.startswith(f"git-xsa {__version__} (Python 3.")
    assert "\ngit version " in out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("chek", "hint: did you mean 'git xsa-check'? 'git xsa' lists the commands"),
        ("xsa-check", "hint: did you mean 'git xsa-check'? 'git xsa' lists the commands"),
        ("zzz", "hint: 'git xsa' lists the commands"),
    ],
)
def test_unknown_command(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([name]) == 129
    assert capsys.readouterr() == ("", f"error: '{name}' is not a git-xsa command\n{hint}\n")


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/usr/bin/git-xsa-fake", ["--onto", "x"]),
        ("/usr/bin/git-xsa", ["fake", "--onto", "x"]),
        ("/somewhere/git_xsa/__main__.py", ["fake", "--onto", "x"]),
    ],
)
def test_the_programs_name_chooses_the_command(
    path: str, arguments: list[str], fake: Callable[[Run], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fake(_keeping(seen, "onto"))
    monkeypatch.setattr(sys, "argv", [path, *arguments])

    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        program.entry()
    assert ended.value.code == 1
    assert seen == ["'x'"]


def test_every_command_has_a_program() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    programs = {line.split(" = ")[0] for line in lines if line.endswith('= "git_xsa.__main__:entry"')}

    assert programs == {"git-xsa", *(f"git-xsa-{name}" for name in {*program.COMMANDS, *program.HIDDEN})}


# Usage


def test_h_prints_the_usage_as_git_does(fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]) -> None:
    fake(_raising(AssertionError("not to be run")))

    assert program.main(["fake", "--onto", "x", "-h"]) == 129
    out, err = capsys.readouterr()
    assert out.startswith(f"{USAGE}\n")
    assert "the base" in out
    assert err == ""


def test_gits_own_status_for_h_is_the_same() -> None:
    done = subprocess.run(["git", "log", "-h"], capture_output=True, check=False)
    assert done.returncode == 129


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--onto"], "argument --onto: expected one argument"),
        (["--nope"], "unrecognized arguments: --nope"),
        (["--nope=\x1b[31m\u202e"], "unrecognized arguments: --nope=\\x1b[31m\\u202e"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(_raising(AssertionError("not to be run")))

    assert program.main(["fake", *arguments]) == 129
    assert capsys.readouterr() == ("", f"error: {message}\n{USAGE}\n")


def test_wrong_usage_with_a_value_that_looks_like_a_message(
    fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(_raising(AssertionError("not to be run")))

    assert program.main(["fake", "--kind", "a: error: b"]) == 129
    assert capsys.readouterr().err.startswith("error: argument --kind: invalid choice: 'a: error: b' (")


def _with_man(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program ``man`` on PATH, alone, that prints what it was asked for."""
    folder.mkdir()
    man = folder / "man"
    man.write_text('#!/bin/sh\nprintf "man %s\\n" "$*"\nexit 3\n', encoding="utf-8")
    man.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_help_opens_the_manual_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_man(tmp_path / "bin", monkeypatch)
    done = _start("help", "--help").wait_for_end()

    assert (done.returncode, done.stdout, done.stderr) == (3, "man git-xsa-fake\n", "")


def test_help_without_man_prints_the_usage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = _start("help", "--help").wait_for_end()

    assert done.returncode == 129
    assert done.stdout.startswith("usage: git xsa-fake [-h]")
    assert done.stderr == ""


def test_help_after_the_end_of_options_is_an_argument(fake: Callable[[Run], None]) -> None:
    seen: list[str] = []
    fake(_keeping(seen, "names"))

    assert program.main(["fake", "--", "--help"]) == 1
    assert seen == ["['--help']"]


# Failures


class _NotEvenThenError(XsaError):
    status = 2


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (XsaError("no tag RELEASE-9.9"), 128, "fatal: no tag RELEASE-9.9\n"),
        (XsaError("shallow", "git fetch\n--unshallow"), 128, "fatal: shallow\nhint: git fetch\nhint: --unshallow\n"),
        (UsageError("--tip without --onto", "see -h"), 129, "error: --tip without --onto\nhint: see -h\n"),
        (_NotEvenThenError("can't apply"), 2, "error: can't apply\n"),
        (XsaError("subject \x1b[2J\u202e"), 128, "fatal: subject \\x1b[2J\\u202e\n"),
        (XsaError("odd", "\x9bhint"), 128, "fatal: odd\nhint: \\x9bhint\n"),
        (FileNotFoundError(2, "No such file", "a\x07b"), 128, "fatal: a\\x07b: No such file\n"),
        (PermissionError(13, "Permission denied", b"bytes"), 128, "fatal: bytes: Permission denied\n"),
        (OSError(28, "No space left on device"), 128, FULL),
        (
            ModuleNotFoundError("No module named 'unidiff.patch'", name="unidiff.patch"), 128,
            (f"fatal: the library unidiff is not installed for {sys.executable}\n"
            "hint: install git-xsa with its libraries: run its install.sh, or use pip\n"),
        ),
    ],
)  # fmt: skip
def test_a_failure_is_one_message_and_a_status(
    error: Exception, status: int, text: str, fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(_raising(error))

    assert program.main(["fake"]) == status
    assert capsys.readouterr() == ("", text)


def test_a_mistake_of_ours_says_how_to_report_it(
    fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(_raising(KeyError("\x1b[31m")))

    assert program.main(["fake"]) == 128
    out, err = capsys.readouterr()
    assert out == ""
    first, *hints = err.splitlines()
    assert first == "fatal: internal error: KeyError: '\\x1b[31m'"
    assert hints
    assert all(line.startswith("hint: ") for line in hints)
    assert "GIT_XSA_TRACEBACK=1" in err
    assert "Traceback" not in err


def test_a_traceback_in_an_error_is_not_shown(fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str]) -> None:
    fake(_raising(RuntimeError("\n\nOriginal:\n\n  Traceback (most recent call last):\n  OSError: no /proc\n\n")))

    assert program.main(["fake"]) == 128
    err = capsys.readouterr().err
    assert err.splitlines()[0] == "fatal: internal error: RuntimeError: OSError: no /proc"
    assert "Traceback" not in err


def test_the_traceback_is_there_for_who_asks(
    fake: Callable[[Run], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_XSA_TRACEBACK", "1")
    fake(_raising(KeyError("secret\x1b")))

    assert program.main(["fake"]) == 128
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):\n")
    assert "\x1b" not in err
    assert "fatal: internal error: KeyError" in err


# Processes: signals, closed pipes, full disks

PROGRAM = """
import argparse, sys, time, types
from git_xsa import __main__ as program

def parser():
    return argparse.ArgumentParser(prog="git xsa-fake")

def interrupted(options):
    print("ready", flush=True)
    while True:
        time.sleep(0.1)  # one long sleep: Python 3.15 noticed a signal just before it only afterwards

def talks(options):
    for number in range(100_000):
        print("line", number)
    return 0

def prints(options):
    print("text " + chr(0xDC80) + chr(0xE9))
    return 0

def fails(options):
    print("text")
    raise ValueError("by design")

module = types.ModuleType("git_xsa.cli.fake")
module.parser = parser
module.run = globals().get(sys.argv[1])
sys.modules[module.__name__] = module
program.COMMANDS["fake"] = "Do nothing real"
sys.argv = ["/usr/bin/git-xsa-fake", *sys.argv[2:]]
program.entry()
"""


class _Process:
    def __init__(self, arguments: list[str], stdout: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(arguments, stdout=stdout, stderr=subprocess.PIPE, text=True)

    def wait_for_end(self) -> subprocess.CompletedProcess[str]:
        out, err = self.process.communicate(timeout=60)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)


def _start(case: str, *arguments: str, stdout: int = subprocess.PIPE) -> _Process:
    return _Process([sys.executable, "-c", PROGRAM, case, *arguments], stdout)


def test_ctrl_c_ends_quietly_by_its_signal() -> None:
    started = _start("interrupted")
    assert started.process.stdout is not None
    assert started.process.stdout.readline() == "ready\n"
    started.process.send_signal(signal.SIGINT)
    done = started.wait_for_end()

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_ctrl_c_is_quiet_while_modules_are_loaded() -> None:
    """Nobody catches it yet; loading takes a second on a busy machine."""
    code = """
import os, signal, sys
class Early:
    def find_spec(self, name, *more):
        if name == "git_xsa.report.plain":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Early())
from git_xsa.__main__ import entry
entry()
"""
    done = _Process([sys.executable, "-c", code]).wait_for_end()
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_closed_pipe_ends_quietly_by_its_signal() -> None:
    started = _start("talks")
    assert started.process.stdout is not None
    started.process.stdout.readline()
    started.process.stdout.close()
    assert started.process.stderr is not None
    err = started.process.stderr.read()
    started.process.stderr.close()

    assert (started.process.wait(timeout=60), err) == (-signal.SIGPIPE, "")


def test_the_shell_sees_gits_statuses_for_signals() -> None:
    script = f'"{sys.executable}" -c "$1" talks | head -n 1; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script, "bash", PROGRAM], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (141, "line 0\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("case", ["prints", "talks"])
def test_a_full_disk_is_a_failure_and_no_traceback(case: str) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = _start(case, stdout=full).wait_for_end()
    finally:
        os.close(full)

    assert (done.returncode, done.stderr) == (128, FULL)


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "text \\udc80é\n"), ("ascii", "text \\udc80\\xe9\n")])
def test_text_that_cannot_be_encoded_is_shown_escaped(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = _start("prints").wait_for_end()

    assert (done.returncode, done.stdout, done.stderr) == (0, shown, "")


@pytest.mark.parametrize(("closed", "status"), [("1", 0), ("2", 0)])
def test_closed_standard_streams_are_no_failure(closed: str, status: int) -> None:
    script = f'"{sys.executable}" -c "$1" prints {closed}>&-'
    done = subprocess.run(["bash", "-c", script, "bash", PROGRAM], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (status, b"")


def test_a_failure_without_standard_error_keeps_its_status() -> None:
    script = f'"{sys.executable}" -c "$1" fails 2>&-'
    done = subprocess.run(["bash", "-c", script, "bash", PROGRAM], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (128, "text\n")


def test_the_listing_loads_no_library() -> None:
    heavy = {"argparse", "msgspec", "platformdirs", "rich", "sh", "subprocess", "unidiff"}
    script = f"import sys; from git_xsa.__main__ import main; main([]); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\n[]\n")


def test_a_checkout_has_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """``bench/bin`` on PATH is all that a checkout needs, ``git xsa`` included."""
    folder = Path(__file__).resolve().parent.parent / "bench/bin"
    names = {path.name for path in folder.iterdir()}
    assert names == {"git-xsa", *(f"git-xsa-{name}" for name in {*program.COMMANDS, *program.HIDDEN})}
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("PYTHON", sys.executable)
    listed = subprocess.run(("git", "xsa"), capture_output=True, text=True, check=True).stdout
    assert "man git-xsa-tutorial" in listed
