"""Excerpts of C against the whole file: words that are read have the same role, offsets and all."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from git_xsa.names.c_language import CSource
from git_xsa.names.excerpt import Excerpt

TEXT = b"""#include <xen/sched.h>

#define LIMIT 4
static unsigned int calls;

static int first(struct domain *d)
{
    int rc = LIMIT;

    return rc + calls;
}

enum state
{
    IDLE,
    BUSY,
};

int second(struct domain *d, enum state state)
{
#ifdef CONFIG_HVM
    int rc = first(d);
#else
    int rc = -ENOSYS;
#endif

    if ( state == BUSY )
    {
        unsigned int i = 0;

        calls += i;
    }
    return rc;
}

void third(void)
{
    second(NULL, IDLE);
}
"""
#: How the lines begin that open the bodies, and a word that only that body has.
BODIES = {b"static int first": b"LIMIT;", b"enum state\n": b"BUSY,", b"int second": b"ENOSYS", b"void third": b"NULL"}
WORD = re.compile(rb"[A-Za-z_]\w*")


def body(head: bytes) -> tuple[int, int]:
    start = TEXT.index(b"\n{", TEXT.index(head)) + 2
    return start, TEXT.index(b"\n}", start)


@pytest.mark.parametrize("heads", [heads for size in range(5) for heads in combinations(BODIES, size)])
def test_words_have_the_role_that_the_whole_file_gives_them(heads: tuple[bytes, ...]) -> None:
    kept = {body(head) for head in heads}
    left_out = {body(head) for head in BODIES} - kept
    whole, excerpt = CSource(TEXT), Excerpt(TEXT, lambda start, end: (start, end) in kept, CSource)
    for word in WORD.finditer(TEXT):
        span = word.span()
        expected = None if any(start <= span[0] < end for start, end in left_out) else whole.role(*span)
        assert excerpt.role(*span) == expected, word
        if expected is not None:
            assert excerpt.block(*span) == whole.block(*span), word


@pytest.mark.parametrize(
    "reaching",
    [
        b"/* a comment that goes on",
        b"if ( ready ) {",
        b"#define HELD 1",
        b"#ifdef CONFIG_HVM",
        b"#include <held.h>",
    ],
)
def test_a_body_that_may_reach_beyond_stays(reaching: bytes) -> None:
    text = TEXT.replace(b"    second(NULL, IDLE);\n", b"    second(NULL, IDLE);\n" + reaching + b"\n")
    read: list[bytes] = []

    def reading(given: bytes) -> CSource:
        read.append(given)
        return CSource(given)

    Excerpt(text, lambda *_: False, reading)
    assert b"NULL" in read[0]
    assert not any(word in read[0] for head, word in BODIES.items() if head != b"void third")
