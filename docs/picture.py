"""Draw docs/answer.svg, the picture in README.md: an answer of git xsa-check in the demonstration repository.

Usage: ``python docs/picture.py [FILE]``, with the Python that has git-xsa's libraries.  tests/test_readme_picture.py
draws it again and compares.  The picture has two sets of colours, since GitLab and GitHub show it on light and on dark
pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs/answer.svg"
COMMAND = "git xsa-check --onto RELEASE-4.20.1"
#: Width of a character, height of a line, and what is left free around the text, in pixels.
CHARACTER, LINE, MARGIN = 8.0, 20, 16
#: Those that git's colours are, by their numbers on a terminal.
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
SHEET = """\
    rect { fill: #f6f8fa; stroke: #d0d7de }
    text { fill: #1f2328; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
    .bold { font-weight: bold } .dim { fill: #59636e }
    .red { fill: #c1121f } .yellow { fill: #8a5a00 } .green { fill: #1a7f37 } .magenta { fill: #8250df }
    .cyan { fill: #0a6c80 }
    @media (prefers-color-scheme: dark) {
      rect { fill: #151b23; stroke: #3d444d }
      text { fill: #f0f6fc }
      .dim { fill: #9198a1 }
      .red { fill: #ff7b72 } .yellow { fill: #e3b341 } .green { fill: #56d364 } .magenta { fill: #d2a8ff }
      .cyan { fill: #76e3ea }
    }
"""


def answer() -> str:
    """Return what the command prints on a terminal with colours."""
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
    for name in ("NO_COLOR", "GIT_DIR"):
        surroundings.pop(name, None)
    run = [sys.executable, "-m", "git_xsa"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*run, "demo", "-q", f"{folder}/xen"], check=True, env=surroundings)
        colours = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "color.ui", "GIT_CONFIG_VALUE_0": "always"}
        words = [*run, *COMMAND.removeprefix("git xsa-").split()]
        done = subprocess.run(
            words, cwd=f"{folder}/xen", env=surroundings | colours, capture_output=True, text=True, check=False
        )
    if done.returncode != 1:  # it needs prerequisites
        raise SystemExit(done.stderr or f"{COMMAND} ended with status {done.returncode}")
    return done.stdout


def _classes(style: Style) -> str:
    """Return what a run of characters is called in the sheet; empty for plain text."""
    names = [word for word in ("bold", "dim") if getattr(style, word)]
    return " ".join([*names, *([COLOURS[style.color.number or 0]] if style.color is not None else [])])


def picture(lines: list[Text]) -> str:
    """Return the picture of ``lines``."""
    console = Console(file=open(os.devnull, "w", encoding="utf-8"), width=200)  # noqa: SIM115 - draws nothing
    wide = round(max(len(line.plain) for line in lines) * CHARACTER + 2 * MARGIN)
    high = len(lines) * LINE + 2 * MARGIN - 6
    rows = []
    for number, line in enumerate(lines):
        runs = []
        for segment in line.render(console):
            names, shown = _classes(segment.style or Style()), escape(segment.text.rstrip("\n"), quote=False)
            runs.append(f'<tspan class="{names}">{shown}</tspan>' if names and shown else shown)
        place = f'x="{MARGIN}" y="{MARGIN + 12 + number * LINE}"'
        length = f'textLength="{len(line.plain) * CHARACTER:g}" lengthAdjust="spacingAndGlyphs"'
        rows.append(f'  <text {place} {length} xml:space="preserve">{"".join(runs)}</text>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">',
            f"  <title>{escape(COMMAND)}</title>",
            f"  <style>\n{SHEET}  </style>",
            f'  <rect x="0.5" y="0.5" width="{wide - 1}" height="{high - 1}" rx="8"/>',
            *rows,
            "</svg>\n",
        ]
    )


def main() -> None:
    """Draw the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    shown = Text.from_ansi(answer()).split("\n")
    target.write_text(picture([Text.assemble((f"$ {COMMAND}", "bold")), *shown]), encoding="utf-8")


if __name__ == "__main__":
    main()
