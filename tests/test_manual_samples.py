r"""The samples in the manual stay true: what a page shows is run again and compared, and every command line is valid.

A display after the line ``.\" sample: demo`` is a transcript on the demonstration repository: ``$`` begins a command
(``>`` its next line), and up to the next one follows what it prints, both streams together.  ``$ echo $?`` shows its
exit status.  A line that ends with ``...`` is cut there, and a line of ``...`` alone stands for any number of lines.
``.\" sample: xen`` is the same in a clone of xen.git; ``.\" sample: lines`` is the line history of git-xsa-ideas(7).

The displays after ``.\" sample: tutorial`` of one page are one session in one shell, which begins in an empty folder
with an empty home: a folder that one of them enters, or a variable that it exports, holds for those below it.  Programs
that a display needs and that may be missing follow the word: ``.\" sample: tutorial quilt gcc``.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp

import pytest
from advisory_texts import remove_keyring

from git_xsa.__main__ import COMMANDS, HIDDEN, module_of
from git_xsa.demo import write
from git_xsa.model.change import Hunk
from git_xsa.model.lines import LineHistory
from git_xsa.model.rules import NEVER, ROOT, Kind, RuleBook

MAN = Path(__file__).resolve().parent.parent / "man"
PAGES = sorted(path.name for path in MAN.glob("*.[1-9]"))
MARK = '.\\" sample: '
#: What remains of 80 columns in a display that is set off as those of the samples are.
WIDEST = 73


@dataclass(frozen=True)
class Display:
    """A literal display of a page: the line it begins at, its mark (empty: none) and its text without markup."""

    page: str
    line: int
    mark: str
    text: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_tutorial(self) -> bool:
        return self.mark.split()[:1] == ["tutorial"]

    @property
    def needs(self) -> list[str]:
        """The programs that a display of a tutorial needs and that may be missing."""
        return self.mark.split()[1:]


def _plain(line: str) -> str:
    """Return a line of a display as it is shown."""
    named = {"\\(aq": "'", "\\(ga": "`", "\\(ha": "^", "\\(ti": "~", "\\-": "-", "\\&": "", "\\e": "\\"}
    line = re.sub(r"\\\[u([0-9A-F]{4})\]", lambda match: chr(int(match[1], 16)), line)
    return re.sub(r"\\(?:\(..|.)", lambda match: named[match[0]], line)


def _displays(page: str) -> Iterator[Display]:
    mark, start = "", 0
    text: list[str] = []
    for number, line in enumerate((MAN / page).read_text(encoding="utf-8").splitlines(), 1):
        if start and line == ".Ed":
            yield Display(page, start, mark, tuple(text))
            mark, start, text = "", 0, []
        elif start:
            text.append(_plain(line))
        elif line.startswith(".Bd"):
            start = number
        else:
            assert not mark, f"{page}:{number}: a display has to follow the mark of a sample"
            mark = line.removeprefix(MARK) if line.startswith(MARK) and not line.endswith("...") else ""


DISPLAYS = [display for page in PAGES for display in _displays(page)]


def _marked(mark: str) -> list[Display]:
    return [display for display in DISPLAYS if display.mark == mark]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "xen"
    write(folder)
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the commands of this checkout, and the Python that runs the test, on PATH."""
    python = shlex.quote(sys.executable)
    scripts = {f"git-xsa-{name}": f"exec {python} -m git_xsa {name}" for name in {*COMMANDS, *HIDDEN}}
    scripts["git-xsa"] = f"exec {python} -m git_xsa"
    for name, script in (scripts | {"python3": f"exec {python}"}).items():
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\n{script} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def _steps(display: Display) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a transcript with the lines that are shown after it."""
    commands: list[list[str]] = []
    outputs: list[list[str]] = []
    for line in display.text:
        if line.startswith("$ "):
            commands.append([line.removeprefix("$ ")])
            outputs.append([])
        elif (line == ">" or line.startswith("> ")) and commands and not outputs[-1]:
            commands[-1].append(line[2:])
        else:
            assert outputs, f"{display}: a transcript begins with a command"
            outputs[-1].append(line)
    return zip(map("\n".join, commands), outputs, strict=True)


def _pattern(shown: list[str]) -> str:
    """Return the regular expression of all outputs that a page may show like this."""
    parts = []
    for line in shown:
        if line == "...":
            parts.append(r"(?:.*\n)*")
        elif line.endswith("..."):
            parts.append(re.escape(line.removesuffix("...")) + r".*\n")
        else:
            parts.append(re.escape(line) + r"\n")
    return "".join(parts)


def _replay(display: Display, folder: Path, before: str = "", after: str = "") -> None:
    """Run the commands of ``display`` in ``folder`` and compare; ``before`` and ``after`` are run around each."""
    status = 0
    for command, shown in _steps(display):
        words = ["sh", "-c", f"exec 2>&1\n{before}\n(exit {status})\n{command}\n{after}"]
        done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
        status = done.returncode
        printed = done.stdout.decode("utf-8")
        assert re.fullmatch(_pattern(shown), printed), f"{display}: '{command}' now prints:\n{printed}"


@pytest.mark.parametrize("display", _marked("demo"), ids=str)
def test_a_sample_shows_what_the_command_prints(display: Display, demo: Path, installed: None) -> None:
    _replay(display, demo)


TUTORIALS = sorted({display.page for display in DISPLAYS if display.is_tutorial})


@pytest.fixture
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have an empty home, a terminal of 80 columns and the clock of the day; yield an empty folder to work in.

    What is written is in that folder, but for the logs of builds.
    """
    home, work = tmp_path / "home", Path(mkdtemp(prefix="xsa-"))  # short: gpg's socket is in it
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    for name in (
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_DATE",
        *(f"XDG_{kind}_HOME" for kind in ("CACHE", "CONFIG", "DATA")),
    ):
        monkeypatch.delenv(name, raising=False)
    yield work
    if (work / "keys").exists():
        remove_keyring(work / "keys")
    shutil.rmtree(work)
    written = {str(path.relative_to(home)) for path in home.rglob("*")}
    assert {path for path in written if not path.startswith(".cache")} == set()


@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_is_true_from_its_first_command_to_its_last(
    page: str, fresh_folder: Path, tmp_path: Path, installed: None
) -> None:
    state = tmp_path / "state"
    state.write_text("", encoding="utf-8")
    before = f'. {shlex.quote(str(state))}\ncd "$PWD"'
    after = f"status=$?\nexport -p >{shlex.quote(str(state))}\nexit $status"
    left_out = []
    for display in DISPLAYS:
        if display.page == page and display.is_tutorial:
            if missing := [program for program in display.needs if shutil.which(program) is None]:
                left_out.append(f"{display} needs {', '.join(missing)}")
            else:
                _replay(display, fresh_folder, before, after)
    if left_out:
        pytest.skip(f"the rest is true, but {'; '.join(left_out)}")


@pytest.mark.xen
@pytest.mark.parametrize("display", _marked("xen"), ids=str)
def test_a_sample_of_xen_shows_what_the_command_prints(display: Display, xen: Path, installed: None) -> None:
    _replay(display, xen)


def test_the_drawn_line_history_is_right() -> None:
    """The table in git-xsa-ideas(7) is the model's, for the commits and the patch that the text describes."""
    history = LineHistory([b"a", b"b", b"c", b"d", b"e"])
    hunks = [
        Hunk(3, 3, b" -+ ", (b"c", b"d", b"x", b"e")),
        Hunk(1, 1, b" - ", (b"a", b"b", b"c")),
        Hunk(4, 4, b" +", (b"e", b"z")),
        Hunk(1, 1, b" -+ ", (b"a", b"c", b"p", b"x")),
    ]
    for position, hunk in enumerate(hunks, 1):
        stretches = history.apply([hunk], position)
    book = RuleBook(len(hunks))
    for stretch in stretches:
        stretch.note(b"file", book)

    names = {ROOT: "base", 1: "1", 2: "2", 3: "3", 4: "P", NEVER: "-"}
    table = [f"{line.text.decode():7}{names[line.born]:11}{names[line.died]}" for line in history]
    (display,) = _marked("lines")
    assert list(display.text) == ["line   added by   removed by", *table]
    needs = {(rule.condition.need, rule.lines, rule.gone, rule.kind) for rule in book.rules()}
    assert needs == {
        (1, (b"x",), False, Kind.CONTEXT),
        (2, (b"b",), True, Kind.CHANGE),
        (1, (b"d",), True, Kind.CHANGE),
    }


# What holds for all pages


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_sample(name: str) -> None:
    assert [display for display in _marked("demo") if display.page == f"git-xsa-{name}.1"]


@pytest.mark.parametrize("display", DISPLAYS, ids=str)
def test_output_is_shown_in_samples_only_and_fits(display: Display) -> None:
    assert display.mark in ("", "demo", "xen", "lines") or display.is_tutorial
    assert display.mark or not [line for line in display.text if line.startswith("$")]
    assert [line for line in display.text if len(line) > WIDEST] == []


def _shown_lines(page: str) -> Iterator[str]:
    """Yield what a page shows as a command line: single lines, and displays that aren't samples."""
    for line in (MAN / page).read_text(encoding="utf-8").splitlines():
        if line.startswith(".Dl "):
            yield _plain(line.removeprefix(".Dl "))
    for display in _displays(page):
        if not display.mark:
            yield "\n".join(display.text)


@pytest.mark.parametrize("page", PAGES)
def test_a_command_line_keeps_its_blanks(page: str) -> None:
    """In mdoc, an argument that is a punctuation mark goes right behind the one before it."""
    lines = (MAN / page).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(".Dl ") and re.search(r" [.,:;?!)]( |$)", line)] == []


def _calls(script: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of git-xsa that ``script`` calls through git, with its arguments."""
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    name, arguments = "", list[str]()
    after_git = False
    for word in [*lexer, ";"]:
        if set(word) <= set("();<>|&") or word == "git":
            if name:
                yield name, arguments
            name, arguments, after_git = "", [], word == "git"
        elif name:
            arguments.append(word)
        elif after_git and re.fullmatch("xsa-[a-z-]+", word):
            name = word.removeprefix("xsa-")


CALLS = [(page, *call) for page in PAGES for script in _shown_lines(page) for call in _calls(script)]


@pytest.mark.parametrize(("page", "name", "arguments"), CALLS, ids=lambda value: " ".join(value) if value else None)
def test_a_command_line_in_a_page_is_valid(
    page: str, name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser: argparse.ArgumentParser = import_module(module_of(name)).parser()
    try:
        parser.parse_args(arguments)
    except SystemExit:
        pytest.fail(f"{page}: {capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_80_columns(page: str) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "utf8", MAN / page], capture_output=True, check=True)

    lines = re.sub(".\b", "", done.stdout.decode("utf-8")).splitlines()
    assert [line for line in lines if len(line) > 80] == []
