"""The edits of a version commit: exactly that line, or a refusal."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.model.release import fully_supported, next_release
from git_xsa.release.edits import (
    XEN_EDITS,
    XEN_PRE_EDITS,
    add_heading,
    apply_edit,
    check_words,
    fits_template,
    parse_edit,
    set_banner,
    words_for,
)
from git_xsa.release.problems import EditError

WORDS = words_for((4, 21, 2), "RELEASE-4.21.2", "2026-07-29")
VERSION = parse_edit(XEN_EDITS[0])
LINE = "export XEN_EXTRAVERSION ?= .{}$(XEN_VENDORVERSION)\n"


@pytest.mark.parametrize("before", ["2-pre", "1"])
def test_xens_version_line(before: str) -> None:
    text = b"# a\n" + LINE.format(before).encode() + b"\xff\r\nlast"

    assert apply_edit(text, VERSION, WORDS) == b"# a\n" + LINE.format("2").encode() + b"\xff\r\nlast"


def test_a_file_that_says_it_already_stays() -> None:
    text = LINE.format("2").encode()

    assert apply_edit(text, VERSION, WORDS) == text


@pytest.mark.parametrize("found", ["3-pre", "2-rc1", "0"])
def test_a_line_that_is_not_the_expected_one_is_refused_with_what_is_there(found: str) -> None:
    with pytest.raises(EditError, match=re.escape(f"the nearest is '{LINE.format(found).strip()}'")) as refusal:
        apply_edit(LINE.format(found).encode(), VERSION, WORDS)
    assert refusal.value.path == "xen/Makefile"


def test_two_lines_that_could_be_meant_are_refused() -> None:
    with pytest.raises(EditError, match="lines 1 and 3 both match"):
        apply_edit((LINE.format("1") + "\n" + LINE.format("2-pre")).encode(), VERSION, WORDS)


def test_the_next_release_is_begun() -> None:
    text = LINE.format("2").encode()

    assert apply_edit(text, parse_edit(XEN_PRE_EDITS[0]), WORDS) == LINE.format("3-pre").encode()


def test_stars_stand_for_what_is_there() -> None:
    text = b"## [4.21.2 UNRELEASED](https://x.org/?p=xen.git;a=shortlog;h=staging) - TBD\n"
    edit = parse_edit(XEN_EDITS[2])

    made = b"## [4.21.2](https://x.org/?p=xen.git;a=shortlog;h=RELEASE-4.21.2) - 2026-07-29\n"
    assert apply_edit(text, edit, WORDS) == made
    assert apply_edit(made, edit, WORDS) == made
    assert apply_edit(b"## [4.21.1](https://x.org/h=z)\n", edit, WORDS) == b"## [4.21.1](https://x.org/h=z)\n"


def test_an_indent_and_the_end_of_a_line_stay() -> None:
    assert apply_edit(b"\t Xen-Version: 4.21-rc \r\n", parse_edit(XEN_EDITS[1]), WORDS) == b"\t Xen-Version: 4.21 \r\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("xen/Makefile", "a path, the expected line and the new line"),
        ("a: b", "a path, the expected line and the new line"),
        ("/etc/passwd: a => b", "is no path of a file in the tree"),
        ("../a: a => b", "is no path of a file in the tree"),
        (".git/config: a => b", "is no path of a file in the tree"),
        ("a: {verson} => b", "{verson} has no meaning"),
        ("a: b* => c**", "more \\* than the old line"),
    ],
)
def test_what_is_no_edit_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_edit(text)


def test_words_of_templates() -> None:
    check_words("{version} {branch} {patch} {previous} {next} {tag} {date}")
    with pytest.raises(ValueError, match=r"\{x\} has no meaning"):
        check_words("{x}")


LINES = st.lists(st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"").replace(b"\r", b"")), max_size=8)


@given(LINES, LINES, st.booleans())
def test_nothing_but_the_line_changes(before: list[bytes], after: list[bytes], ends: bool) -> None:
    edit = parse_edit("f: VERSION={previous} => VERSION={patch}")
    head, tail = (b"".join(line + b"\n" for line in lines) for lines in (before, after))
    end = b"\n" if ends or tail else b""

    assert apply_edit(head + b"VERSION=1" + end + tail, edit, WORDS) == head + b"VERSION=2" + end + tail


def test_a_heading_goes_above_the_newest_one() -> None:
    text = b"# Changes\n\n## [4.21.1](https://x.org/?p=xen.git;a=shortlog;h=RELEASE-4.21.1) - day\n\n- x\n"

    made = add_heading(text, WORDS)
    assert made == text.replace(
        b"## [4.21.1]", b"## [4.21.2](https://x.org/?p=xen.git;a=shortlog;h=RELEASE-4.21.2)\n\n## [4.21.1]"
    )
    assert add_heading(made, WORDS) == made
    with pytest.raises(EditError, match="no release heading"):
        add_heading(b"# Changes\n", WORDS)


BEGIN = ("_ _", "x_x")
DRAWN = ("_ _ 1 0 7", "x_x 0 0 7")
RULE = b"#" * 10
WRONG = b"%b##\n _ _ 1.0\n x_x  -rc\n\n%b##########\n\nx\xff 1.0\n" % (RULE, RULE)


def test_a_banner_is_drawn_anew_where_it_says_something_else() -> None:
    made = set_banner(WRONG, DRAWN, BEGIN)

    assert made == b"%b\n _ _ 1 0 7\n x_x 0 0 7\n\n%b\n\nx\xff 1.0\n" % (RULE, RULE)
    assert set_banner(made, DRAWN, BEGIN) == made


@pytest.mark.parametrize(
    "text", [WRONG.replace(b"x_x", b"y_y"), WRONG.replace(b"#####", b""), WRONG.replace(b" x", b"\n x"), b"_ _\n", b""]
)
def test_what_is_no_such_banner_is_left_alone(text: bytes) -> None:
    assert set_banner(text, DRAWN, BEGIN) == text


def test_versions_follow_each_other() -> None:
    assert next_release((4, 21), (4, 21, 1)) == (4, 21, 2)
    assert next_release((4, 21), (4, 21, 9)) == (4, 21, 10)
    assert next_release((4, 21), None) is None
    assert next_release((4, 21), (4, 20, 1)) is None
    assert next_release((4, 21), (4, 21, 1, 1)) is None


def test_full_support_is_told_from_security_support() -> None:
    text = "    Supported-Until: 2024-06-12\n    Security-Support-Until: 2027-12-12\n"

    assert fully_supported(text, date(2024, 6, 12)) is True
    assert fully_supported(text, date(2024, 6, 13)) is False
    assert fully_supported("", date(2024, 6, 13)) is None


@pytest.mark.parametrize(
    ("template", "subject", "fits"),
    [
        ("update Xen version to {version}", "update Xen version to 4.21.3-pre", True),
        ("update Xen version to {version}", "update Xen version to ", False),
        ("update Xen version to {version}", "don't update Xen version to 4.21.3", False),
        ("Release {version} ({date})", "Release 1.0 (2026-12-08)", True),
        ("a.b*{version}", "aXb*1", False),
        ("no words", "no words", True),
    ],
)
def test_what_a_template_may_have_become(template: str, subject: str, fits: bool) -> None:
    assert bool(fits_template(template).fullmatch(subject)) is fits
