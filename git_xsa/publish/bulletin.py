"""The standings for a mail, a release note or a merge request: plain text of at most 76 columns, or Markdown.

First which advisories there are, then what each is on each release, then what needs more than its patches.  Whatever
others wrote (titles, subjects) is one line without control characters, and no mark-up in Markdown.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from git_xsa.ask.obstacle import obstacle, short
from git_xsa.model.words import advisory_names
from git_xsa.publish.made import Made
from git_xsa.publish.releases import short_name
from git_xsa.publish.standings import AdvisoryRow, CellWord, ReleaseColumn, StandingCell, Standings
from git_xsa.report.plain import printable
from git_xsa.report.status import day

WIDTH = 76
_MARKS = re.compile(r"([\\`*_\[\]<>|~&#@])")
_EMBARGO = "UNDER EMBARGO: some of this is not public. Do not pass it on."


def bulletin(shown: Standings, asked: str, markdown: bool) -> Made:
    """Return the bulletin about ``shown``; ``asked`` are the options by which a command asks the same."""
    form = _MarkdownForm() if markdown else _PlainForm()
    blocks = [*_blocks(shown, form), *(_repeat(shown, asked, form) if shown.rows else ())]
    text = "\n\n".join(blocks) + "\n"
    return Made({"bulletin": text.encode("utf-8", "replace")}, shown.private, shown.notes, shown.missing)


def _blocks(shown: Standings, form: _PlainForm) -> Iterator[str]:
    if shown.private:
        yield form.strong(_EMBARGO)
    names = [column.base.called for column in shown.columns]
    if not shown.rows:
        yield form.paragraph(f"No advisory is outstanding on {', '.join(names)}.")
        return
    yield form.heading("Advisories")
    for batch, rows in groupby(shown.rows, key=_batch):
        yield "\n".join([form.paragraph(batch), "", *(form.advisory(row) for row in rows)])
    yield form.heading("Releases")
    for columns in form.parts(shown.columns):
        cells = [[row.name, *(column.cells[row.number].words for column in columns)] for row in shown.rows]
        yield form.table(["", *(_short(column) for column in columns)], cells)
    more = [
        sentence for column in shown.columns for cell in _in_order(column) for sentence in _more(column, cell, form)
    ]
    if more:
        yield form.heading("What needs more than its patches")
        yield "\n".join(more)


def _repeat(shown: Standings, asked: str, form: _PlainForm) -> Iterator[str]:
    yield form.heading("How to repeat this")
    yield form.code([f"git xsa-prereqs {column.base.onto}{asked} --why" for column in shown.columns])


def _batch(row: AdvisoryRow) -> str:
    return f"First fixed on {day(row.batch)}:" if row.batch is not None else "Not fixed on a branch yet:"


def _short(column: ReleaseColumn) -> str:
    return short_name(column.base.called)


def _in_order(column: ReleaseColumn) -> list[StandingCell]:
    return sorted(column.outstanding, key=lambda cell: cell.number)


def _more(column: ReleaseColumn, cell: StandingCell, form: _PlainForm) -> Iterator[str]:
    """Yield an item for an advisory that does not just apply: why, and the commits that it needs."""
    if cell.standing is None or cell.verdict is None or cell.word is CellWord.APPLIES:
        return
    start = f"XSA-{cell.number} on {column.base.called}:"
    if cell.word in (CellWord.CONFLICT, CellWord.MISPLACED):
        why = obstacle(cell.verdict, cell.standing.own) if cell.standing.conflicts else "git apply misplaces a hunk"
        yield form.item(f"{start} {cell.word.value}: {why}")
        return
    answer = cell.verdict.rest or cell.verdict
    after = f" after {advisory_names(cell.after)}," if cell.after else ""
    adapted = " with a patch adapted by hand," if cell.standing.adapted else ""
    yield form.item(f"{start}{adapted}{after} needs {cell.needs or 'no'} other commit{'s' * (cell.needs != 1)}")
    for position in cell.standing.needed:
        yield form.inner(f"{short(answer, position)} {answer.range.commits[position - 1].subject}")


class _PlainForm:
    """Plain text."""

    def heading(self, words: str) -> str:
        return f"{words}\n{'=' * len(words)}"

    def strong(self, words: str) -> str:
        return f"*** {words} ***"

    def paragraph(self, words: str) -> str:
        return textwrap.fill(self.plain(words), WIDTH, break_long_words=False, break_on_hyphens=False)

    def advisory(self, row: AdvisoryRow) -> str:
        more = f" ({', '.join(row.cves)})" if row.cves else ""
        return self._wrapped(f"{row.name:8} {row.title}{more}", "  ", " " * 11)

    def item(self, words: str) -> str:
        return self._wrapped(words, "- ", "  ")

    def inner(self, words: str) -> str:
        return self._wrapped(words, "    ", "        ")

    def code(self, lines: Sequence[str]) -> str:
        return "\n".join(f"    {printable(line, one_line=True)}" for line in lines)

    def plain(self, words: str) -> str:
        """Return what others wrote."""
        return printable(words, one_line=True)

    def parts(self, columns: Sequence[ReleaseColumn]) -> Iterator[Sequence[ReleaseColumn]]:
        """Yield the columns as a table can have them."""
        part: list[ReleaseColumn] = []
        width = first = len("XSA-9999")
        for column in columns:
            wide = 2 + max(len(_short(column)), *(len(cell.words) for cell in column.cells.values()))
            if part and width + wide > WIDTH:
                yield part
                part, width = [], first
            part.append(column)
            width += wide
        yield part

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        told = [[self.plain(word) for word in row] for row in (head, *rows)]
        widths = [max(map(len, column)) for column in zip(*told, strict=True)]
        lines = ("  ".join(f"{word:{width}}" for word, width in zip(row, widths, strict=True)) for row in told)
        return "\n".join(line.rstrip() for line in lines)

    def _wrapped(self, words: str, start: str, indent: str) -> str:
        return textwrap.fill(
            self.plain(words), WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip


class _MarkdownForm(_PlainForm):
    """Markdown, as GitLab and GitHub read it."""

    def heading(self, words: str) -> str:
        return f"## {words}"

    def strong(self, words: str) -> str:
        return f"**{words}**"

    def paragraph(self, words: str) -> str:
        return self.plain(words)

    def advisory(self, row: AdvisoryRow) -> str:
        more = f" ({', '.join(row.cves)})" if row.cves else ""
        return f"- **{row.name}** {self.plain(row.title + more)}"

    def item(self, words: str) -> str:
        return f"- {self.plain(words)}"

    def inner(self, words: str) -> str:
        return f"  - {self.plain(words)}"

    def plain(self, words: str) -> str:
        return _MARKS.sub(r"\\\1", super().plain(words))

    def parts(self, columns: Sequence[ReleaseColumn]) -> Iterator[Sequence[ReleaseColumn]]:
        yield columns

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        told = [[self.plain(word) for word in row] for row in rows]
        lines = [head, ["---"] * len(head), *told]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
