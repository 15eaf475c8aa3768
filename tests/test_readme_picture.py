"""The picture in README.md shows what git xsa-check prints in the demonstration repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from repositories import run

from git_xsa.demo import write

ROOT = Path(__file__).resolve().parent.parent
DRAWN = ROOT / "docs/answer.svg"


def test_drawn_again_it_is_the_same(tmp_path: Path) -> None:
    again = tmp_path / "answer.svg"
    subprocess.run((sys.executable, ROOT / "docs/picture.py", again), check=True)
    assert again.read_text(encoding="utf-8") == DRAWN.read_text(encoding="utf-8"), "run docs/picture.py"


def test_its_text_is_the_answer(tmp_path: Path) -> None:
    write(tmp_path / "xen")
    answer = run(tmp_path / "xen", "check", "--onto", "RELEASE-4.20.1").out
    texts = ET.parse(DRAWN).getroot().iter("{http://www.w3.org/2000/svg}text")
    assert ["".join(text.itertext()) for text in texts] == [
        "$ git xsa-check --onto RELEASE-4.20.1",
        *answer.splitlines(),
    ]


def test_the_readme_shows_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](docs/answer.svg)" in readme
    assert "`git xsa-check --onto RELEASE-4.20.1`" in readme
