"""The standings as a table for mail and lists: plain text or Markdown."""

from __future__ import annotations

from git_xsa.publish.made import Made
from git_xsa.publish.standings import Standings


def bulletin(shown: Standings, markdown: bool) -> Made:
    """Return the table of releases and advisories."""
    head = ["", *(column.base.name for column in shown.columns)]
    rows = [[f"XSA-{row.number}", *(column.cells[row.number].words for column in shown.columns)] for row in shown.rows]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    between, edge = (" | ", "|") if markdown else ("  ", "")
    lines = [_line(row, widths, between, edge) for row in [head, *rows]]
    if markdown:
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return Made({"bulletin": ("\n".join(lines) + "\n").encode("utf-8", "replace")}, shown.private)


def _line(row: list[str], widths: list[int], between: str, edge: str) -> str:
    line = between.join(word.ljust(width) for word, width in zip(row, widths, strict=True))
    return f"{edge} {line} {edge}" if edge else line.rstrip()
