"""git xsa-import offers to write what is under embargo into the ledger: on a terminal a question, else how to do it."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import PROGRAM, Answer, git, run, story

from git_xsa.cli import clock
from git_xsa.model.instant import parse_instant

LINE = "              *** EMBARGOED UNTIL 2090-12-08 12:00 UTC ***\n"
HINT = "hint: add it to the ledger, which freezes the stable branches: git xsa-embargo add {} --until {}\n"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: parse_instant("2090-11-25 09:00"))


def text(number: int, line: str = "", public: bool = False) -> bytes:
    """Return an advisory with ``line`` under its title."""
    title, rest = (
        advisory(number, public=public).split(b"\n\n", 2)[:2],
        advisory(number, public=public).split(b"\n\n", 2)[2],
    )
    return b"\n\n".join([*title, line.encode() + b"\n" + rest])


def take(folder: Path, *contents: bytes, words: tuple[str, ...] = ()) -> Answer:
    """Import ``contents``, and return what was said."""
    source = folder / "in"
    source.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        (source / f"advisory-{number}.txt").write_bytes(content)
    return run(folder, "import", *words, str(source))


@pytest.mark.parametrize(
    ("line", "until"),
    [
        (LINE, "2090-12-08T12:00:00Z"),
        ("*** EMBARGOED UNTIL: 2090-12-08 17:00 UTC ***\n", "2090-12-08T17:00:00Z"),
        ("Embargoed until 2090-12-08\n", "2090-12-08T12:00:00Z"),
        ("Embargo ends: 2090-12-08 12:00 UTC\n", "2090-12-08T12:00:00Z"),
        ("* Under embargo until 2090-12-08 *\n", "2090-12-08T12:00:00Z"),
        ("Embargo lifts on publication of it.\nEmbargo lifts at 2090-12-08 12:00 UTC.\n", "2090-12-08T12:00:00Z"),
    ],
)
def test_the_text_says_until_when(line: str, until: str, tmp_path: Path) -> None:
    status, _, err = take(tmp_path, text(500, line))
    assert (status, err) == (0, HINT.format("500", until))
    assert run(tmp_path, "embargo", "list").out == "Nothing is frozen now.\n"


def test_the_command_that_is_told_works_and_then_nothing_is_offered(tmp_path: Path) -> None:
    _, _, err = take(tmp_path, text(500, LINE), text(501, LINE))
    assert err == HINT.format("500 501", "2090-12-08T12:00:00Z")
    words = err.partition(": git xsa-")[2].split()
    assert run(tmp_path, *words).status == 0
    assert take(tmp_path, text(500, LINE), text(501, LINE)).err == ""


def test_nothing_says_until_when(tmp_path: Path) -> None:
    note = "warning: XSA-500 may be under embargo, but its end is unknown\n" + HINT.format("500", "<instant>")
    note += "hint: if it is public, run git xsa-fetch to import the public text\n"
    assert take(tmp_path, text(500)).err == note
    assert take(tmp_path, text(500, "*** EMBARGOED UNTIL further notice ***\n")).err == note
    answer = take(tmp_path, text(500), words=("--embargoed-until", "2090-12-09"))
    assert answer.err == HINT.format("500", "2090-12-09T12:00:00Z")


@pytest.mark.parametrize(("setting", "known"), [("", True), ("origin", False), ("file://{}", False), ("other", True)])
def test_a_fetched_commit_says_that_it_is_public(setting: str, known: bool, tmp_path: Path) -> None:
    """Not so a commit that is only here, nor one of a private remote."""
    place = story().write(tmp_path / "place")
    git(tmp_path, "clone", "--quiet", f"file://{place.folder}", "clone")
    folder = tmp_path / "clone"
    if setting:
        git(folder, "config", "xsa.privateRemote", setting.format(place.folder))
    path = tmp_path / "xsa4.txt"
    path.write_bytes(text(4))
    assert ("may be under embargo" in run(folder, "import", str(path)).err) == (not known)
    assert "may be under embargo" in run(place.folder, "import", str(path)).err


def test_what_is_public_or_over_is_not_offered(tmp_path: Path) -> None:
    over = LINE.replace("2090-12-08", "2090-11-24")
    assert take(tmp_path, text(500, LINE, public=True), text(501, over)).err == ""


def test_a_ledger_that_can_not_be_read_does_not_keep_an_advisory_out(tmp_path: Path, sealed: Path) -> None:
    run(tmp_path, "embargo", "add", "1", "--until", "2090-12-08")
    (sealed / "data" / "git-xsa" / "embargoes.json").write_text("{", encoding="utf-8")
    answer = take(tmp_path, text(500, LINE))
    assert answer.status == 0
    assert answer.err.startswith("warning: the ledger of embargoes ")


@pytest.mark.parametrize(("reply", "added"), [("y\n", [500]), ("n\n", []), ("\n", []), ("\x04", [])])
def test_on_a_terminal_it_is_asked(reply: str, added: list[int], tmp_path: Path) -> None:
    source = tmp_path / "advisory.txt"
    source.write_bytes(text(500, LINE))
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [*PROGRAM, "import", str(source)])
    shown = b""
    while b"[y/N] " not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, reply.encode())
    try:
        while more := os.read(terminal, 1000):
            shown += more
    except OSError:  # its end
        pass
    assert os.waitpid(child, 0)[1] == 0
    assert b"XSA-500: under embargo until 2090-12-08 12:00 UTC.\r\n" in shown
    assert (b": git xsa-embargo add 500" in shown) == (not added)
    listed = json.loads(run(tmp_path, "embargo", "list", "--json").out)["embargoes"]
    assert [one["xsa"] for one in listed] == added
