"""git xsa-report: what its tables say of releases, and what stays out of them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from repositories import Place, story

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


def test_text_has_releases_across_and_advisories_down(place: Place) -> None:
    answer = place.run("report", "--onto", "RELEASE-1.0.0", "--onto", RELEASE)
    assert answer.status == 0, answer
    head, *rows = answer.out.splitlines()
    assert head.split() == ["RELEASE-1.0.0", RELEASE]
    assert {row.split()[0] for row in rows} == {"XSA-2", "XSA-3", "XSA-4", "XSA-5"}


def test_markdown_is_a_table(place: Place) -> None:
    answer = place.run("report", "--format", "markdown", "--onto", RELEASE)
    assert answer.status == 0, answer
    assert all(line.startswith("|") and line.endswith("|") for line in answer.out.splitlines())


def test_a_file_is_written_as_the_report_is_printed(place: Place) -> None:
    printed = place.run("report").out
    file = place.folder.parent / "table.txt"
    assert place.run("report", "-o", str(file)) == (0, "", "")
    assert file.read_text() == printed
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_nothing_is_written_into_the_repository(place: Place) -> None:
    answer = place.run("report", "-o", str(place.folder / ".git" / "table.txt"))
    assert answer.status == 128
    assert "is inside the repository" in answer.err


def test_a_named_advisory_alone(place: Place) -> None:
    answer = place.run("report", "--onto", RELEASE, "--xsa", "3")
    assert [row.split() for row in answer.out.splitlines()[1:]] == [["XSA-3", "+1"]]
