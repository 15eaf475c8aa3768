"""What every command has: --version, and --quiet, which drops progress, notes and hints and nothing else."""

from __future__ import annotations

import argparse
import ast
import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import PROGRAM, Place, git, run, story

from git_xsa import __version__
from git_xsa.__main__ import COMMANDS, parser_of

PACKAGE = Path(__file__).resolve().parent.parent / "git_xsa"
#: The modules of the hooks, which have no options; what they say goes through git to who pushes.
HOOKS = {"hook.py", "hook_post_tag.py", "hook_pre_push.py", "hook_receive.py", "hook_reference_transaction.py"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


def actions() -> Iterator[list[str]]:
    """Yield the words of every command, and of every action of those that have some."""
    for name in COMMANDS:
        yield [name]
        for action in parser_of(name)._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from ([name, choice] for choice in action.choices)


@pytest.mark.parametrize("words", list(actions()), ids=" ".join)
def test_version(words: list[str], tmp_path: Path) -> None:
    """Outside of a repository, and without the arguments that the command needs."""
    done = run(tmp_path, *words, "--version")
    assert done.out.startswith(f"git-xsa {__version__} (Python 3.")
    assert "\ngit version " in done.out
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("words", list(actions()), ids=" ".join)
def test_quiet_is_an_option_of_each_action(words: list[str]) -> None:
    done = run(PACKAGE, *words, "-h")
    assert done.status == 129
    assert "-q, --quiet" in done.out


# What is dropped


def unknown_to(*words: str) -> Callable[[Place, Path], list[str]]:
    def words_of(place: Place, folder: Path) -> list[str]:
        return [*words, "--xsa", "2,9999"]

    return words_of


def notes_of_status(place: Place, folder: Path) -> list[str]:
    place.git("branch", "stable-3.9", "stable-1.0")
    return ["status"]


def text_without_an_end(place: Place, folder: Path) -> list[str]:
    (folder / "xsa9.txt").write_bytes(advisory(9, 2, [], {}))
    return ["import", str(folder / "xsa9.txt"), str(folder / "xsa9.txt")]


def embargo(place: Place, folder: Path) -> list[str]:
    return ["embargo", "add", "500", "--since", "2026-01-01", "--until", "2090-12-08"]


def tracked_hooks(place: Place, folder: Path) -> list[str]:
    place.git("config", "core.hooksPath", "tools/git")
    git(place.folder, "config", "core.bare", "false")
    return ["hooks", "install"]


def no_such_release(place: Place, folder: Path) -> list[str]:
    return ["prereqs", "--onto", "RELEASE-9.9.9", "--xsa", "2"]


def no_texts(place: Place, folder: Path) -> list[str]:
    return ["stats", "--reissues"]


def no_such_branch(place: Place, folder: Path) -> list[str]:
    return ["release", "7.7.7"]


def closed_port(place: Place, folder: Path) -> list[str]:
    return ["fetch", "ftp://xen.example.org/"]


@pytest.mark.parametrize(
    "case",
    [
        unknown_to("check"),
        unknown_to("prereqs", "--onto", "RELEASE-1.0.1"),
        unknown_to("export", "--onto", "RELEASE-1.0.1", "-o", "queue"),
        notes_of_status,
        text_without_an_end,
        embargo,
        tracked_hooks,
        no_such_release,
        no_texts,
        no_such_branch,
        closed_port,
    ],
)
def test_quiet_drops_notes_and_hints_and_nothing_else(
    case: Callable[[Place, Path], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for number, options in enumerate([[], ["-q"], ["--quiet"]]):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        place = story().write(folder / "clone")
        words = case(place, folder)
        done = run(place.folder, *words[:1], *options, *words[1:])
        answers.append((done.status, done.out.replace(str(folder), "~"), done.err.replace(str(folder), "~")))
    loud, *quiet = answers
    lines = loud[2].splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith(("note: ", "hint: ")))
    assert kept != loud[2], "there was nothing to drop"
    assert quiet == [(*loud[:2], kept)] * 2


def test_an_action_takes_it_before_and_after_its_name(tmp_path: Path) -> None:
    words = ["add", "500", "--until", "2090-12-08"]
    assert run(tmp_path, "embargo", "-q", *words).err == ""
    assert run(tmp_path, "embargo", words[0], "-q", "501", *words[2:]).err == ""
    assert run(tmp_path, "embargo", words[0], "502", *words[2:]).err.startswith("note: no staging branch is known here")


def test_a_quiet_command_shows_no_progress(place: Place) -> None:
    script = "import sys, git_xsa.report.progress as p; p.DELAY = 0\n"
    script += "from git_xsa.__main__ import main; sys.exit(main(sys.argv[1:]))"
    seen = []
    for options in ([], ["-q"]):
        ours, theirs = pty.openpty()
        with open(ours, "rb", 0) as screen, open(theirs, "wb", 0) as error:
            command = [PROGRAM[0], "-c", script, "check", "--json", *options]
            subprocess.run(command, cwd=place.folder, stdout=subprocess.DEVNULL, stderr=error, check=False)
            error.write(b"end")
            seen.append(os.read(screen.fileno(), 1 << 16))
    assert b"RELEASE-1.0.1" in seen[0]
    assert seen[1] == b"end"


def test_notes_and_hints_are_printed_in_one_place() -> None:
    """Whatever prints one by itself is not asked whether it may."""
    wrong = []
    for path in [*(PACKAGE / "commands").glob("*.py"), *(PACKAGE / "report").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name not in HOOKS and isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                words = ast.unparse(node)
                wrong += [f"{path.name}:{node.lineno}"] if "note: " in words or "hint: " in words else []
    assert wrong == []
