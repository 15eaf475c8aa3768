"""The manual: a page for each command, which names each of its options, and one that explains the ideas."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from git_xsa.__main__ import COMMANDS, parser_of
from git_xsa.completions import actions

MAN = Path(__file__).resolve().parent.parent / "man"
HELP = {"-h", "--help"}


def _text(name: str) -> str:
    """Return the page ``name`` with its markup taken out as far as needed to find words and options in it."""
    path = MAN / name
    assert path.is_file(), f"there is no manual page man/{name}"
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith('.\\"'))
    text = text.replace("\\-", "-").replace("\\&", "")
    text = re.sub(r"\\f(?:[BIRP]|\[\w*\]|\(..)", "", text)
    return re.sub(r"\bFl +(?=\S)", "-", text)  # mdoc writes --json as "Fl -json"


def _parser(name: str) -> argparse.ArgumentParser:
    return parser_of(name)


def _options(parser: argparse.ArgumentParser) -> set[str]:
    shown = (action for action in actions(parser) if action.help != argparse.SUPPRESS)
    return {option for action in shown for option in action.option_strings} - HELP


@pytest.mark.parametrize("page", [*(f"git-xsa-{name}.1" for name in COMMANDS), "git-xsa-config.5", "git-xsa.1"])
def test_a_page_has_the_usual_sections(page: str) -> None:
    text = _text(page)

    headings = re.findall(r'^\.S[hH] +"?([^"\n]+)"?', text, re.MULTILINE)
    wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
    assert [heading for heading in headings if heading in wanted] == wanted


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_names_every_option(name: str) -> None:
    text = _text(f"git-xsa-{name}.1")

    missing = {option for option in _options(_parser(name)) if not re.search(rf"(?<![\w-]){option}(?![\w-])", text)}
    assert not missing, f"man/git-xsa-{name}.1 does not name {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_parser_calls_itself_as_users_do_and_describes_everything(name: str) -> None:
    parser = _parser(name)

    assert parser.prog == f"git xsa-{name}"
    assert parser.description
    assert [action.dest for action in actions(parser) if not action.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_names_every_command(name: str) -> None:
    assert re.search(rf"git[- ]xsa-{name}\b", _text("git-xsa.1"))


def test_the_settings_have_a_page() -> None:
    assert "xsa." in _text("git-xsa-config.5")


# Tutorials

TUTORIALS = sorted(path.name for path in MAN.glob("git-xsa-tutorial-*.7"))


@pytest.mark.parametrize("entry", ["git-xsa.1", "git-xsa-tutorial.7"])
def test_the_entry_lists_every_tutorial(entry: str) -> None:
    listed = re.findall(r"^\.It Xr (git-xsa-tutorial-\S+) 7$", _text(entry), re.MULTILINE)
    assert sorted(f"{name}.7" for name in listed) == TUTORIALS


@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_says_what_one_will_have_and_how_to_read_it(page: str) -> None:
    text = _text(page)
    assert "ten minutes" in text
    assert ".Xr git-xsa-tutorial 7" in text
    assert re.search(r"^\.Ss What next\?$", text, re.MULTILINE)
