"""The page: a folder of static HTML with a JSON file beside each page, made from the standings alone.

It needs no script and asks no other machine for anything.  Whatever others wrote (titles, subjects, paths, lines)
is escaped by the templates, and has no control characters.  Names of files are made of numbers and of the letters,
digits, dots and dashes of names, so that nothing else gets into a path or an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from git_xsa import __version__
from git_xsa.documents import dumps
from git_xsa.model.instant import Instant, rfc3339
from git_xsa.publish.branches import BranchReport
from git_xsa.publish.details import Details
from git_xsa.publish.made import Made
from git_xsa.publish.proofs import ProofShelf
from git_xsa.publish.releases import short_name
from git_xsa.publish.standings import AdvisoryRow, CellWord, ReleaseColumn, Standings
from git_xsa.report.plain import printable
from git_xsa.report.status import distance

FORMAT = 1
#: So many lines of a reason are shown; the JSON has all.
SHOWN_LINES = 12
STYLE = "style.css"
_TEMPLATES = Path(__file__).parent / "templates"
#: Where the records of CVE numbers are.
_CVE = "https://www.cve.org/CVERecord?id={}"
#: Word of a cell -> the class that colours it, and the sign before it: colour is never alone.
LOOKS = {
    CellWord.CONFLICT: ("conflict", "✕"),
    CellWord.MISPLACED: ("conflict", "!"),
    CellWord.NEEDS: ("needs", ""),
    CellWord.ADAPTED: ("adapted", "✎"),
    CellWord.APPLIES: ("applies", "✓"),
    CellWord.NO_FIX: ("none", "?"),
    CellWord.NOT_AFFECTED: ("none", "∅"),
    CellWord.FIXED: ("fixed", ""),
}


class PageContents(NamedTuple):
    """What the pages are made of; ``asked`` are the options by which a command asks the same, ``url`` is where
    advisories are published, ``dated`` the instant that ages are counted from, and that the pages name."""

    shown: Standings
    branches: tuple[BranchReport, ...]
    proofs: ProofShelf
    asked: str
    url: str
    dated: Instant


def html(contents: PageContents) -> Made:
    """Return the files of the page."""
    return Made(_Pages(contents).files(), contents.shown.private, contents.shown.notes, contents.shown.missing)


def slug(name: str) -> str:
    """Return ``name`` with nothing in it but letters, digits, dots, dashes and underscores of ASCII, beginning with a
    letter or digit; a release's is its version."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", short_name(name)).strip("-._")
    return plain[:80] or "base"


class _Pages:
    """Makes all files; each page has one document, which is its JSON and what its template shows."""

    def __init__(self, contents: PageContents) -> None:
        self._given = contents
        self._shown = contents.shown
        self._slugs = _unique(column.base.name for column in self._shown.columns)
        self._details = Details(contents.asked)
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_clean,
        )
        self._environment.filters |= {
            "day": _day,
            "age": self._age,
            "svg": Markup,
            "release": short_name,
            "states": _states,
        }
        self._environment.globals |= {
            "about": {"version": __version__, "private": self._shown.private},
            "advisory_url": (contents.url + "advisory-{}.html").format,
            "cve_url": _CVE.format,
            "shown_lines": SHOWN_LINES,
        }

    def files(self) -> dict[str, bytes]:
        """Return the files of the page by name."""
        files = {STYLE: (_TEMPLATES / STYLE).read_bytes()}
        files |= self._page("index", "index.html.jinja", self._index())
        for row in self._shown.rows:
            files |= self._page(f"xsa-{row.number}", "advisory.html.jinja", self._advisory(row))
        for branch in self._given.branches:
            files |= self._page(f"branch-{slug(branch.name)}", "branch.html.jinja", self._branch(branch))
        return files | self._given.proofs.logs

    def _page(self, name: str, template: str, document: dict[str, Any]) -> dict[str, bytes]:
        text = self._environment.get_template(template).render(document, json=f"{name}.json")
        return {
            f"{name}.html": text.encode("utf-8", "backslashreplace"),
            f"{name}.json": (dumps(_without_pictures(document), 1) + "\n").encode(),
        }

    def _age(self, instant: Instant | None) -> str:
        """Return how long ago that was; empty where it is not known, or where it is to come."""
        return distance(self._given.dated - instant) if instant is not None and instant <= self._given.dated else ""

    # The first page

    def _index(self) -> dict[str, Any]:
        shown = self._shown
        releases = [self._release(column) for column in shown.columns]
        for before, one in zip([None, *releases], releases, strict=False):
            one["first"] = before is None or before["branch"] != one["branch"]
        return self._head("index") | {
            "releases": releases,
            "groups": _groups(releases),
            "branches": [
                branch.document() | {"page": f"branch-{slug(branch.name)}"} for branch in self._given.branches
            ],
            "batches": [
                {"batch": batch, "age": self._age(rows[0].batch), "advisories": [self._row(row) for row in rows]}
                for batch, rows in _batches(shown.rows)
            ],
        }

    def _head(self, kind: str) -> dict[str, Any]:
        head = {"format": FORMAT, "kind": kind, "dated": rfc3339(self._given.dated)}
        return head | ({"private": True} if self._shown.private else {})

    def _release(self, column: ReleaseColumn) -> dict[str, Any]:
        return {
            "name": column.base.name,
            "title": column.base.called,
            "slug": self._slugs[column.base.name],
            "commit": None if column.base.passing else column.base.id,
            "branch": column.branch.name if column.branch is not None else None,
            "released": rfc3339(column.released) if column.released is not None else None,
            "outstanding": len(column.outstanding),
            "prerequisites": column.prerequisites,
            "states": column.states,
        }

    def _row(self, row: AdvisoryRow) -> dict[str, Any]:
        return self._facts(row) | {"cells": [self._cell(row, column) for column in self._shown.columns]}

    def _facts(self, row: AdvisoryRow) -> dict[str, Any]:
        return {
            "xsa": row.number,
            "title": row.title or None,
            "cves": list(row.cves),
            "batch": rfc3339(row.batch) if row.batch is not None else None,
            "embargoed": row.secret,
        }

    def _cell(self, row: AdvisoryRow, column: ReleaseColumn) -> dict[str, Any]:
        cell = column.cells[row.number]
        look, sign = LOOKS[cell.word]
        return {
            "release": column.base.name,
            "title": column.base.called,
            "anchor": self._anchor(row, column),
            "state": cell.word.value,
            "words": cell.words,
            "needs": cell.needs,
            "after": list(cell.after),
            "look": look,
            "sign": sign,
        }

    def _anchor(self, row: AdvisoryRow, column: ReleaseColumn) -> str:
        return f"xsa-{row.number}-{self._slugs[column.base.name]}"

    # A page for each advisory and branch

    def _advisory(self, row: AdvisoryRow) -> dict[str, Any]:
        cells = []
        for column in self._shown.columns:
            details = self._details.of(row, column)
            queue = [item["id"] for item in details.get("queue", ())]
            proof = self._given.proofs.of(column.base.id, row.number, queue)
            cells.append(self._cell(row, column) | details | {"slug": self._slugs[column.base.name], "proof": proof})
        editions = {}
        for column in self._shown.columns:
            series = column.series.get(row.number)
            if series is not None and series.title:
                editions[series.title] = {"title": series.title, "signature": series.signature}
        return self._head("advisory") | self._facts(row) | {"editions": list(editions.values()), "cells": cells}

    def _branch(self, branch: BranchReport) -> dict[str, Any]:
        columns = [self._release(column) for column in self._shown.of_branch(branch.name)]
        return self._head("branch") | branch.document() | branch.more(self._shown) | {"shown": columns}


def _batches(rows: Iterable[AdvisoryRow]) -> list[tuple[str | None, list[AdvisoryRow]]]:
    """Return the advisories by the day of their batch, in their order."""
    found: dict[str | None, list[AdvisoryRow]] = {}
    for row in rows:
        found.setdefault(rfc3339(row.batch)[:10] if row.batch is not None else None, []).append(row)
    return list(found.items())


def _unique(names: Iterable[str]) -> dict[str, str]:
    """Return a slug for each name, no two of them alike in capitals or small letters."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain, number = slug(name), 1
        while plain.lower() in taken:
            number += 1
            plain = f"{slug(name)}-{number}"
        taken.add(plain.lower())
        found[name] = plain
    return found


def _clean(value: Any) -> Any:
    """Return what a template prints: text without control characters, anything else as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return "" if value is None else value


def _without_pictures(document: Any) -> Any:
    """Return ``document`` without what only the page shows."""
    if isinstance(document, Mapping):
        return {key: _without_pictures(one) for key, one in document.items() if key not in _SHOWN_ONLY}
    return [_without_pictures(one) for one in document] if isinstance(document, list) else document


#: What the JSON leaves out.
_SHOWN_ONLY = (
    "picture",
    "pictures",
    "look",
    "sign",
    "first",
    "groups",
    "age",
    "released_at",
    "due_words",
    "slug",
    "page",
)


def _groups(releases: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the branches that stand over the columns, each with its page and how many columns it has."""
    found: list[dict[str, Any]] = []
    for release in releases:
        if release["first"]:
            branch = release["branch"]
            page = f"branch-{slug(branch)}" if branch is not None else None
            found.append({"name": branch or "other bases", "page": page, "count": 0})
        found[-1]["count"] += 1
    return found


#: State of a cell -> how many of them are counted.
_COUNTED = {
    "conflict": "in conflict",
    "misplaced": "misplaced",
    "needs": "with prerequisites",
    "adapted": "adapted",
    "applies": "as they are",
}


def _states(states: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {_COUNTED[state]}" for state, number in states.items())


def _day(text: str | None) -> str:
    return text[:10] if text else ""
