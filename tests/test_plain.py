"""Text from a repository can't do anything to the terminal that it is printed on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.report.plain import printable

ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.binary().map(
    lambda content: content.decode("utf-8", "surrogateescape")
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x86/mm: fix für 例 and öther letters", "x86/mm: fix für 例 and öther letters"),
        ("a\tb\nc", "a\tb\nc"),
        ("dos\r\nline", "dos\nline"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("good\rbad", "good\\x0dbad"),
        ("back\x08space", "back\\x08space"),
        ("\x7f\x9b31m\x85", "\\x7f\\x9b31m\\x85"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("two\u2028lines", "two\\u2028lines"),
        (b"latin \xe9".decode("utf-8", "surrogateescape"), "latin \\xe9"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_unsafe_characters_become_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line_keeps_a_subject_on_its_line() -> None:
    assert printable("subject\nhint: run this\tnow\r\n", one_line=True) == "subject hint: run this now"


@given(ANY_TEXT)
def test_what_is_printable_is_harmless_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)

    assert not [c for c in shown if c not in "\t\n" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF"}]
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"LRI", "RLI", "FSI", "PDI"}]
    shown.encode("utf-8")
    assert printable(shown) == shown


@given(ANY_TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert len(printable(text, one_line=True).splitlines()) <= 1
