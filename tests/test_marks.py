"""Which advisories a commit's message says it fixes; prose that mentions one does not count."""

from __future__ import annotations

from time import perf_counter

import pytest

from git_xsa.model.marks import marked_advisories


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        # Every form that the commits of xen.git have, at least once each.
        ("This is XSA-307.", (307,)),
        ("This is XSA-307", (307,)),
        ("This is part of XSA-452.", (452,)),
        ("This is part of XSA-452", (452,)),
        ("This is XSA-439 / CVE-2023-20588.", (439,)),
        ("This is XSA-439 / CVE-2023-20588", (439,)),
        ("This is XSA-439/CVE-2023-20588.", (439,)),
        ("This is part of XSA-452 / CVE-2023-28746", (452,)),
        ("This is part of XSA-273 / CVE-2018-3620 / CVE-2018-3646.", (273,)),
        ("This is part of XSA-398, CVE-2022-0001, CVE-2022-0002, CVE-2021-26401, CVE-2021-26341.", (398,)),
        ("This is CVE-2021-28701 / XSA-384.", (384,)),
        ("This is CVE-2021-28701 / part of XSA-384.", (384,)),
        ("This is CVE-2021-28701, part of XSA-384.", (384,)),
        ("This is CVE-2021-28701 + CVE-2021-28702 / XSA-384.", (384,)),
        ("This is CVE-2021-28701 and CVE-2021-28702 / part of XSA-384.", (384,)),
        ("This is CVE-2021-28701 / CVE-2021-28702 / XSA-384.", (384,)),
        ("This is part of CVE-2021-28701 / XSA-384.", (384,)),
        ("This CVE-2021-28701 / XSA-384.", (384,)),
        ("This is XSA-7 / CVE-2012-xxxx.", (7,)),
        ("This is XSA-26, discovered by Lin Liu", (26,)),
        ("This is part of XSA-224 (or XSA-222 re-born).", (224,)),
        ("This is a security issue, XSA-13.", (13,)),
        ("This is a security issue, part of XSA-13 / CVE-2012-3495.", (13,)),
        ("This is a security problem, XSA-14 / CVE-2012-3496.", (14,)),
        ("This is a security vulnerability, XSA-15 / CVE-2012-3497.", (15,)),
        ("This is part of the fix to a security issue, XSA-16.", (16,)),
        ("This is part of XSA16.", (16,)),
        ("This patch is part of XSA-77.", (77,)),
        ("Everything together is XSA-501.", (501,)),
        ("[ This bug is security vulnerability, XSA-8 / CVE-2012-0218. ]", (8,)),
        ("[ This is a security issue.  XSA#10. -iwj ]", (10,)),
        # Several at once, other spellings, and what surrounds the line.
        ("These are XSA-1, XSA-2 and XSA-3.", (1, 2, 3)),
        ("this is xsa 12", (12,)),
        ("  This is XSA-12.  ", (12,)),
        ("This is XSA-12.\r", (12,)),
        ("[This is XSA-12.]", (12,)),
        ("This is CVE-2020-1234 /\nXSA-12.", (12,)),
    ],
)
def test_a_mark(line: str, numbers: tuple[int, ...]) -> None:
    assert marked_advisories(f"subject\n\nBefore.\n{line}\nAfter.\n") == numbers


@pytest.mark.parametrize(
    "line",
    [
        # Prose in xen.git's messages.
        "This was the original attempt to address XSA-467, until it was found",
        "This issue has not been assigned an XSA, because Flask is experimental and not",
        "XSA-455 was ultimately caused by having fields with too-similar names.",
        "fix for XSA-322.",
        "This is a follow-up to XSA-385.",
        "This is a followup to XSA-286",
        "These reintroduce XSA-286 / CVE-2018-15469, as confirmed by the xsa-286 XTF",
        "This documents, but does not fix, XSA-370.",
        "This is (not really) XSA-286 (but necessary to simplify the logic).",
        "This is not an XSA because vPMU is not security supported (see",
        "This was introduced by XSA-296.",
        "This wasn't included in XSA-277 because the error path can only be triggered",
        "This patch was originally released as part of XSA-226.  It retains the same",
        "This is an update to the fix for XSA-98.",
        "This would have been a security issue if XSA-77 hadn't waived them on",
        "XSA-77: widen scope again",
        "XSA-443 and XSA-497 addressed this in part.",
        # What only looks like one.
        "introduced by the fix for XSA-333",
        "This is XSA-12 for some of us.",
        "It is said that this is XSA-12.",
        "This is CVE-2020-1234.",
        "This is XSA-.",
        "This is XSA-1234567890.",
        "This is XSAVE-12.",
        "This is a security issue.  XSA-12 was another one.",
        "[stefano: add XSA-436 to commit message]",
        "[Forward port over XSA-398]",
        "",
    ],
)
def test_prose_is_no_mark(line: str) -> None:
    assert marked_advisories(f"subject\n\nBefore.\n{line}\nAfter.\n") == ()


def test_numbers_come_once_in_the_order_of_the_text() -> None:
    message = "subject\n\nThis is part of XSA-9.\n\nThis is XSA-3 / CVE-2020-1234.\nThis is XSA-9.\n"
    assert marked_advisories(message) == (9, 3)


def test_the_subject_is_part_of_the_message() -> None:
    assert marked_advisories("This is XSA-5") == (5,)
    assert marked_advisories("") == ()


@pytest.mark.parametrize(
    "message",
    [
        "\n" * 30_000,
        "\t\n" * 30_000,
        "This is XSA-1" + " " * 30_000 + "x",
        "This is XSA-1" + ", " * 30_000 + "x",
        "This is XSA-1." + " " * 30_000 + "x",
        "This is XSA-1. -" + "x" * 30_000,
        "This is XSA-1. -x" + " " * 30_000 + "x",
        "This is " + "XSA-1 " * 30_000 + "!",
        "This is XSA-" + "1" * 30_000 + ".",
        "This\n" * 30_000,
    ],
    ids=["newlines", "tabs", "blanks", "commas", "end", "sign", "signed", "names", "digits", "words"],
)
def test_no_message_takes_long(message: str) -> None:
    """A patch file's text is a stranger's: 30,000 newlines once took half a minute."""
    start = perf_counter()
    assert marked_advisories(message) == ()
    assert perf_counter() - start < 2
