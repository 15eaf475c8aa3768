"""The page of git xsa-report: in a real browser, for those who see, listen, print or hold a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Window, browser, invalid, serious
from repositories import numbered, story

BASES = ("--onto", "RELEASE-1.0.1", "--onto", "RELEASE-1.0.0", "--onto", "own")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a small project: two releases and a branch that went its own way, with a conflict."""
    place = story().write(tmp_path_factory.mktemp("page") / "clone")
    out = place.folder.parent / "page"
    answer = place.run("report", "--format", "html", *BASES, "-o", str(out))
    assert (answer.status, answer.out) == (0, ""), answer
    return out


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


def words_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the words of each cell by advisory and release, as the first page's JSON has them."""
    document = json.loads((folder / "index.json").read_text())
    return {
        f"XSA-{row['xsa']}": {cell["release"]: cell["words"] for cell in row["cells"]}
        for batch in document["batches"]
        for row in batch["advisories"]
    }


def test_the_matrix_says_what_the_check_says(folder: Path) -> None:
    assert words_of(folder) == {
        "XSA-2": {"RELEASE-1.0.1": "+1", "RELEASE-1.0.0": "+1", "own": "conflict"},
        "XSA-3": {"RELEASE-1.0.1": "+1", "RELEASE-1.0.0": "+1", "own": "+1"},
        "XSA-4": {"RELEASE-1.0.1": "applies", "RELEASE-1.0.0": "applies", "own": "applies"},
        "XSA-5": {"RELEASE-1.0.1": "applies", "RELEASE-1.0.0": "applies", "own": "applies"},
    }


def test_a_conflict_is_explained(folder: Path) -> None:
    document = json.loads((folder / "xsa-2.json").read_text())
    [cell] = [cell for cell in document["cells"] if cell["release"] == "own"]
    assert "a.c: lines that own itself added in its place" in cell["obstacle"]
    assert cell["commands"]["resolve"] == "git xsa-resolve --onto own --xsa 2"
    text = (folder / "xsa-2.html").read_text()
    assert cell["obstacle"] in text
    assert "git xsa-export --onto own" not in text


@pytest.mark.slow
def test_a_reader_finds_the_reason_and_the_way_back(folder: Path, chromium: Any) -> None:
    window = Window(chromium, folder)
    page = window.page
    window.open("index.html")
    assert page.locator("h1").inner_text() == "Security advisories and releases"
    cell = page.locator('[id="xsa-2-1.0.1"] a')
    assert cell.inner_text().startswith("+1")
    cell.click()
    assert page.url.endswith("xsa-2.html#xsa-2-1.0.1")
    section = page.locator('section[id="xsa-2-1.0.1"]')
    assert page.evaluate("document.querySelector(':target').id") == "xsa-2-1.0.1"
    assert [row.inner_text() for row in section.locator("tbody th").all()] == ["prepare", "use it"]
    assert "removes a line that this commit adds: a.c, hunk 1" in section.locator("details").inner_text()
    assert section.locator(".diff").inner_text().splitlines() == ["-line 10", "+prepared"]
    assert section.locator(".diff .added").inner_text() == "+prepared"
    assert section.locator("code", has_text="git xsa-prereqs").inner_text() == (
        "git xsa-prereqs --onto RELEASE-1.0.1 --why"
    )
    assert section.locator("svg .box").count() == 2
    page.go_back()
    assert page.url.endswith("index.html")
    page.locator(".group a").first.click()
    assert page.locator("h1").inner_text() == "stable-1.0"
    assert page.locator("svg.bars").count() == 2
    window.close()


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_each_page_is_for_everybody(folder: Path, chromium: Any, scheme: str, width: int) -> None:
    window = Window(chromium, folder, scheme, width)
    for name in ("index.html", "xsa-2.html", "branch-stable-1.0.html"):
        window.open(name)
        wide = window.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is wider than the window"
        colour = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", colour))) < 64) == (scheme == "dark"), colour
        assert serious(window.page) == [], name
    window.close()


@pytest.mark.slow
def test_much_and_long_text_fits_into_a_phone(tmp_path: Path, chromium: Any) -> None:
    """Many releases and branches, and a path and a subject without a blank."""
    draft = story()
    long = "verylong" * 12
    draft.commit(f"{long}\n\nThis is XSA-6.", {f"{long}.c": numbered(9)}, on="stable-1.0")
    draft.commit(f"a {long}\n\nThis is XSA-7.", {f"{long}.c": numbered(9, {4: long})}, on="stable-1.0")
    for number in range(2, 14):
        draft.release(f"1.0.{number}", {"version": b"%d" % number})
    draft.release("1.1.0", {"version": b"1.1.0"}, on="stable-1.1")
    place = draft.write(tmp_path / "clone")
    out = tmp_path / "page"
    words = ("--releases-since", "2020-01-01", "--xsa", "2,6,7", "-o", str(out))
    assert place.run("report", "--format", "html", *words).status == 0
    window = Window(chromium, out, "light", 390)
    for name in ("index.html", "xsa-7.html", "branch-stable-1.0.html"):
        window.open(name)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 390, name
    window.close()
    assert invalid(out) == ""


@pytest.mark.slow
def test_the_keyboard_reaches_every_cell(folder: Path, chromium: Any) -> None:
    window = Window(chromium, folder)
    window.open("index.html")
    reached = []
    for _ in range(40):
        window.page.keyboard.press("Tab")
        reached.append(window.page.evaluate("document.activeElement.closest('td, th')?.id ?? ''"))
    assert reached.index("xsa-2-own") > reached.index("xsa-4-own") > 0
    window.close()


@pytest.mark.slow
def test_the_html_is_valid(folder: Path) -> None:
    assert invalid(folder) == ""


def test_a_page_needs_nothing_but_its_folder(folder: Path) -> None:
    for page in folder.glob("*.html"):
        text = page.read_text()
        assert "<script" not in text
        assert " style=" not in text
        fetched = re.findall(r'<(?:link|img|source|iframe)[^>]*(?:href|src)="([^"]*)"', text)
        assert all((folder / name).is_file() for name in fetched), fetched
        links = re.findall(r'<a[^>]* href="([^"]*)"', text)
        assert all(link.startswith("https://") or _is_there(folder, page, link) for link in links), links


def _is_there(folder: Path, page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = folder / name if name else page
    return target.is_file() and (not anchor or f'id="{anchor}"' in target.read_text())


def test_each_page_has_its_json(folder: Path) -> None:
    for page in folder.glob("*.html"):
        document = json.loads(page.with_suffix(".json").read_text())
        assert document["format"] == 1
        assert "svg" not in page.with_suffix(".json").read_text()


def test_the_same_bytes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = story().write(tmp_path / "clone")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    folders = [tmp_path / "one", tmp_path / "two"]
    for out in folders:
        assert place.run("report", "--format", "html", *BASES, "-o", str(out)).status == 0
    one, two = ({path.name: path.read_bytes() for path in out.iterdir()} for out in folders)
    assert one == two
    assert b"2027-01-15" in one["index.html"]


HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e\"'&"


def test_what_others_wrote_is_text(tmp_path: Path) -> None:
    draft = story()
    draft.commit(f"{HOSTILE}\n\nThis is XSA-6.", {f"<b>{HOSTILE[:10]}.c": b"x\n"}, on="stable-1.0")
    draft.commit(f"more {HOSTILE}\n\nThis is XSA-7.", {f"<b>{HOSTILE[:10]}.c": b"y\n"}, on="stable-1.0")
    place = draft.write(tmp_path / "clone")
    out = tmp_path / "page"
    assert place.run("report", "--format", "html", "--onto", "RELEASE-1.0.1", "-o", str(out)).status == 0
    for page in out.glob("*.html"):
        text = page.read_text()
        assert "<script" not in text
        assert "<b>" not in text
        assert not set(text) & {"\x1b", "\u202e"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J\\u202e&#34;&#39;&amp;" in (out / "xsa-6.html").read_text()
