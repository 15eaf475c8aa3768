"""A long answer on a terminal: no line is wider than it, no word is cut, what needs attention comes first."""

from __future__ import annotations

import json
import os
import pty
import re
import struct
import subprocess
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from repositories import PROGRAM, Draft, Place, numbered

from git_xsa.errors import XsaError
from git_xsa.report import aside
from git_xsa.report.width import broken, cells

#: So many advisories that just apply.
MANY = 40
COMMIT = re.compile("[0-9a-f]{12}")


def shown(place: Place, columns: int, *words: str, pager: str = "cat") -> list[str]:
    """Return the lines that a command prints on a terminal of so many columns, standard error apart."""
    primary, terminal = pty.openpty()
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    started = subprocess.Popen(
        [*PROGRAM, *words], cwd=place.folder, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL,
        env=kept | {"GIT_PAGER": pager, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    os.close(terminal)
    text = b""
    try:
        while piece := os.read(primary, 1 << 16):
            text += piece
    except OSError:  # the other end is closed
        pass
    os.close(primary)
    started.wait()
    return text.decode().replace("\r\n", "\n").splitlines()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a repository in which 40 advisories apply, two need a prerequisite, and two come after one of those.

    The branch ``own`` changed the line that the prerequisite does.  Subjects are long, and wide in one case.
    """
    draft = Draft()
    files = {f"{number}.c": numbered(9) for number in range(100, 100 + MANY)}
    base = draft.release("1.0.0", {**files, "a.c": numbered(40), "b.c": numbered(40)})
    long = "Mitigate whatever may go wrong in xen/arch/x86/spec_ctrl.c when guests use more than they were given"
    for number in range(100, 100 + MANY):
        subject = "中文标题 " * 15 if number == 107 else f"{long} {number}"
        draft.commit(f"{subject}\n\nThis is XSA-{number}.", {f"{number}.c": numbered(9, {5: "fixed"})})
    for xsa, name in ((201, "a.c"), (202, "b.c")):
        draft.commit(f"prepare {name}, {long}", {name: numbered(40, {10: "new"})})
        draft.commit(f"{long}\n\nThis is XSA-{xsa}.", {name: numbered(40, {10: "newer"})})
    draft.commit(f"{long}\n\nThis is XSA-203.", {"a.c": numbered(40, {10: "newest"}), "n.c": numbered(9)})
    draft.commit(f"{long}\n\nThis is XSA-204.", {"n.c": numbered(9, {5: "fixed"})})
    draft.commit("ours", {"a.c": numbered(40, {10: "ours"})}, on="own", after=base)
    return draft.write(tmp_path_factory.mktemp("reading"))


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["check", "--verbose"],
        ["check", "--each"],
        ["check", "--onto", "own"],
        ["prereqs", "--onto", "RELEASE-1.0.0", "--why"],
    ],
    ids=" ".join,
)
def test_no_line_is_too_wide_and_no_word_is_cut(place: Place, columns: int, words: list[str]) -> None:
    found = shown(place, columns, *words)
    whole = place.run(*words).out

    assert [line for line in found if cells(line) > columns] == []
    assert " ".join(found).split() == whole.split()
    assert COMMIT.findall("\n".join(found)) == COMMIT.findall(whole)


def test_the_pager_knows_the_width(place: Place) -> None:
    assert shown(place, 80, "check", pager="sed s/^/:/") == [f":{line}" for line in shown(place, 80, "check")]


def test_a_pipe_gets_whole_lines(place: Place) -> None:
    out = place.run("check", "--verbose").out
    assert max(map(len, out.splitlines())) > 120


def test_what_needs_attention_comes_first_and_what_applies_takes_a_line(place: Place) -> None:
    lines = place.run("check").out.splitlines()
    numbers = ", ".join(map(str, range(100, 100 + MANY)))

    assert [line[:24] for line in lines[2:5]] == [f"  XSA-{xsa}  needs 1 prere" for xsa in (201, 202, 203)]
    assert lines[5] == f"  {MANY + 1} apply: XSA-{numbers}, 204"
    assert lines[6].startswith("  Apply in this order")
    assert len([line for line in place.run("check", "-v").out.splitlines() if line.startswith("  XSA-")]) == MANY + 4
    assert place.run("check", "--each").out.splitlines()[-1] == f"  {MANY} apply: XSA-{numbers}"


def test_a_conflict_says_what_goes_in_and_what_does_not(place: Place) -> None:
    done = place.run("check", "--onto", "own")
    lines = done.out.splitlines()

    assert done.status == 2
    assert lines[1] == "  44 outstanding XSAs in 44 commits: 41 go in with 1 prerequisite, 3 need your hands"
    assert lines[2].startswith("  XSA-201  conflicts, needs 1 prerequisite  Mitigate")
    assert re.fullmatch(" {11}[0-9a-f]{12}: hunk 1 of a.c: lines that own itself added in its place", lines[3])
    assert lines[4].startswith("  XSA-203  conflicts, after XSA-201  Mitigate")
    assert lines[6].startswith("  XSA-204  conflicts, after XSA-203  Mitigate")
    assert lines[7] == "           comes after XSA-203"
    assert lines[9].startswith("  XSA-202  needs 1 prerequisite  ")
    assert lines[10].startswith("  40 apply: XSA-100, 101, ")
    assert lines[11:14] == ["  All conflicts: git xsa-prereqs --onto own --why", "", "What is in own"]
    assert lines[14].startswith(f"  {MANY + 4} lacking: XSA-100, 101, ")
    assert len(lines) == 15


@pytest.mark.parametrize("words", [["check"], ["check", "--onto", "own", "--no-symbols"], ["check", "--xsa", "201"]])
def test_the_hint_asks_the_same_question(place: Place, words: list[str]) -> None:
    *_, hint = (line for line in place.run(*words).out.splitlines() if ": git xsa-prereqs" in line)
    command = hint.partition(": git xsa-")[2].split()
    found = place.run(*[word for word in command if word != "--why"], "--json").out
    assert [json.loads(found)] == json.loads(place.run(*words, "--json").out)["results"]


def test_a_hint_is_said_once(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aside.be_quiet(False)
    for number in (1, 2):
        aside.error(XsaError(f"XSA-{number} is not known").what)
        aside.hint(XsaError("", "fetch it\nor import it").hint)
    assert capsys.readouterr().err.splitlines() == [
        "error: XSA-1 is not known", "hint: fetch it", "hint: or import it", "error: XSA-2 is not known",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "width", "hang", "wanted"),
    [
        ("short", 10, 2, ["short"]),
        ("", 10, 2, [""]),
        ("  one two  three", 10, 2, ["  one two", "three"]),
        ("a-very-long-word and more", 10, 2, ["a-very-long-word", "and more"]),
        ("see a-very-long-word", 10, 2, ["see", "a-very-long-word"]),
        ("中文 标题", 5, 0, ["中文", "标题"]),
        ("中文标题中文", 5, 1, ["中文", "标题", "中文"]),
        ("e\u0301e\u0301e\u0301 e\u0301", 5, 0, ["e\u0301e\u0301e\u0301 e\u0301"]),
    ],
)
def test_where_a_line_breaks(text: str, width: int, hang: int, wanted: Sequence[str]) -> None:
    assert [text[start:end] for start, end in broken(text, width, hang)] == wanted
