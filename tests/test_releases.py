"""Releases and branches by name, their order, and how long a branch is supported."""

from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest

from git_xsa.model.release import belongs, newest, security_supported, version_of

DAY = date(2026, 3, 17)


@pytest.mark.parametrize(
    ("name", "pattern", "version"),
    [
        ("RELEASE-4.17.3", "RELEASE-*", (4, 17, 3)),
        ("RELEASE-4.17.10", "RELEASE-*", (4, 17, 10)),
        ("RELEASE-4.0.0", "RELEASE-*", (4, 0, 0)),
        ("stable-4.17", "stable-*", (4, 17)),
        ("v6.1.y", "v*.y", (6, 1)),
        ("release/1.2/final", "release/*/final", (1, 2)),
        ("5", "*", (5,)),
        # A release candidate has no plain version, and neither has what only begins or ends alike.
        ("RELEASE-4.17.0-rc1", "RELEASE-*", None),
        ("4.17.0-rc1", "RELEASE-*", None),
        ("RELEASE-", "RELEASE-*", None),
        ("RELEASE-4.17.", "RELEASE-*", None),
        ("RELEASE-4..17", "RELEASE-*", None),
        ("stable-4.17-test", "stable-*", None),
        ("unstable-4.17", "stable-*", None),
        ("release-4.17.3", "RELEASE-*", None),
        ("ab", "ab*b", None),
        ("RELEASE-\u0664.\u0661", "RELEASE-*", None),
        ("RELEASE-4.\u00b2", "RELEASE-*", None),
        ("", "RELEASE-*", None),
    ],
)
def test_version_of_a_name(name: str, pattern: str, version: tuple[int, ...] | None) -> None:
    assert version_of(name, pattern) == version


@pytest.mark.parametrize(
    ("release", "branch", "answer"),
    [
        ((4, 17, 3), (4, 17), True),
        ((4, 17, 0), (4, 17), True),
        ((4, 17, 3, 1), (4, 17), True),
        ((4, 17), (4, 17), False),
        ((4, 1, 7), (4, 17), False),
        ((4, 170, 3), (4, 17), False),
        ((4,), (4, 17), False),
    ],
)
def test_a_release_belongs_to_the_branch_it_begins_with(
    release: tuple[int, ...], branch: tuple[int, ...], answer: bool
) -> None:
    assert belongs(release, branch) is answer


def test_the_newest_release_comes_first_by_number_and_not_by_letter() -> None:
    names = ["RELEASE-4.17.2", "RELEASE-4.17.10", "RELEASE-4.17.9", "RELEASE-4.18.0", "RELEASE-4.1.12"]
    versions = [(version_of(name, "RELEASE-*") or (), name) for name in names]

    assert newest(versions, (4, 17)) == ["RELEASE-4.17.10", "RELEASE-4.17.9", "RELEASE-4.17.2"]
    assert newest(versions, (4, 19)) == []


STATEMENT = """\
# Support statement for this release

## Release Support

    Xen-Version: 4.17
    Initial-Release: 2022-12-12
    Supported-Until: 2024-06-12
    Security-Support-Until: {}
"""


@pytest.mark.parametrize(
    ("until", "answer"),
    [
        ("2026-03-18", True),
        ("2026-03-17", True),
        ("2026-03-16", False),
        ("2027-12-12", True),
        ("2025-12-12", False),
        ("Unreleased - not yet security-supported", None),
        ("TBD", None),
        ("2026-02-30", None),
        ("2026-13-01", None),
        ("0000-00-00", None),
        ("2026-03-17 or so", None),
        ("2026-3-17", None),
        ("2026-03-17\r", True),
    ],
)
def test_support_ends_after_its_last_day(until: str, answer: bool | None) -> None:
    assert security_supported(STATEMENT.format(until), DAY) is answer


@pytest.mark.parametrize("text", ["", "# A project\n\nNo dates here.\n", "Supported-Until: 2099-01-01\n"])
def test_another_projects_statement_says_nothing(text: str) -> None:
    assert security_supported(text, DAY) is None


def test_no_statement_takes_long() -> None:
    start = perf_counter()
    assert security_supported("\n" * 30_000 + " " * 30_000, DAY) is None
    assert perf_counter() - start < 2
