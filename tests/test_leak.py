"""Recognising embargoed patches: what is found, what is not, each approximation by its number."""

from __future__ import annotations

import difflib
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.embargo.leak import LikenessKind, Match, SecretForm, Watch, squeezed
from git_xsa.git.diffs import split_diff

BEFORE = """\
static int pin(struct domain *d, mfn_t mfn)
{
    struct page_info *page = mfn_to_page(mfn);

    if ( !get_page(page, d) )
        return -EINVAL;
    page->pinned++;
    put_page(page);
    return 0;
}

static int unpin(struct domain *d, mfn_t mfn)
{
    page->pinned--;
    return 0;
}
"""
BIG = BEFORE.replace(
    "    page->pinned++;\n",
    "    /* The counter must neither overflow nor change once the domain is dying. */\n"
    "    spin_lock(&d->pinned_lock);\n"
    "    if ( page->pinned == PINNED_LIMIT || d->is_dying )\n"
    "    {\n"
    '        gdprintk(XENLOG_WARNING, "too many pins of mfn %lx", mfn_x(mfn));\n'
    "        spin_unlock(&d->pinned_lock);\n"
    "        put_page_and_type(page);\n"
    "        return -EBUSY;\n"
    "    }\n"
    "    page->pinned++;\n"
    "    spin_unlock(&d->pinned_lock);\n",
)
SMALL = BEFORE.replace("    put_page(page);\n", "    put_page_and_type(page);\n")
TEXT = (
    "A guest can pin a page as often as it likes, so that the counter overflows and the page is freed while another\n"
    "domain still has it mapped.\n\nSigned-off-by: Jane Doe <jane@example.org>\n"
)
TITLE = "x86/mm: guests can overflow the counter of pinned pages"


def diff(before: str, after: str, path: str = "xen/arch/x86/mm.c", new: str = "") -> bytes:
    """Return the diff of a file in git's form."""
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{path}", f"b/{new or path}")
    return f"diff --git a/{path} b/{new or path}\nindex 1..2 100644\n{''.join(lines)}".encode()


def watch(*patches: bytes, before: str = BEFORE) -> Watch:
    """Return a watch for the patches of XSA-500, whose file was ``before``."""
    changes = tuple(tuple(file.change() for file in split_diff(patch)) for patch in patches)
    known = {b"xen/arch/x86/mm.c": frozenset(map(squeezed, before.encode().splitlines()))}
    return Watch([SecretForm(500, changes, (TEXT,), (TITLE,), ("CVE-2026-1234",), known)])


PATCH, LINES, TEXTS = ([Match(500, kind)] for kind in (LikenessKind.PATCH, LikenessKind.LINES, LikenessKind.TEXT))
OTHER = BEFORE.replace("struct domain *d", "struct domain *currd")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (BEFORE, BIG, PATCH),
        (OTHER, BIG.replace("struct domain *d", "struct domain *currd"), PATCH),  # on another branch
        (BEFORE, BIG.replace("    return 0;", "    return 1;"), PATCH),  # squashed with another
        (BEFORE, BIG.replace("    ", "\t").replace("( ", "(").replace(" )", ")"), PATCH),  # other white space
        (BEFORE, BIG.replace("too many pins", "many pins"), LINES),
        (BEFORE, BIG.replace("PINNED_LIMIT", "MAX_PINS").replace("pinned_lock", "lock"), LINES),  # other names
        (BEFORE, "\n".join(line for line in BIG.split("\n") if "/*" not in line), PATCH),
        (BIG, BEFORE, []),  # its reverse
        (BIG, BIG.replace("return 0", "return 1"), []),  # next to it, when it is there
        (BEFORE, BEFORE.replace("put_page(page)", "put_page_and_type(page)"), []),  # a line of it
        (BEFORE, "", []),
    ],
)
def test_a_patch(before: str, after: str, found: list[Match]) -> None:
    assert watch(diff(BEFORE, BIG)).look(b"cleanup", diff(before, after)) == found


@pytest.mark.parametrize(
    ("before", "after", "path", "found"),
    [
        (BEFORE, SMALL, "xen/arch/x86/mm.c", PATCH),
        (BEFORE, SMALL.replace("    ", "\t"), "arch/x86/mm.c", PATCH),
        (BEFORE, SMALL.replace("pinned--", "pinned -= 1"), "xen/arch/x86/mm.c", PATCH),
        (BEFORE, SMALL, "xen/arch/arm/p2m.c", PATCH),
        (BEFORE, SMALL.replace("put_page_and_type", "drop"), "xen/arch/x86/mm.c", LINES),  # another new name
        (BEFORE, SMALL.replace("put_page_and_type(page)", "drop(d)"), "xen/arch/x86/mm.c", []),
        (SMALL, BEFORE, "xen/arch/x86/mm.c", []),
        (
            "a\nb\n    put_page(page);\nc\n",
            "a\nb\n    put_page_and_type(page);\nc\n",
            "xen/arch/x86/mm.c",
            PATCH,
        ),  # the same lines for the same, elsewhere in the file
        (
            "a\nb\n    put_page(page);\nc\n",
            "a\nb\n    put_page_and_type(page);\nc\n",
            "xen/arch/x86/p2m.c",
            [],
        ),  # one line like that may stand in any file
    ],
)
def test_a_patch_of_one_line(before: str, after: str, path: str, found: list[Match]) -> None:
    guard = watch(diff(BEFORE, SMALL))
    guard.forget_lines([b"put_page_and_type(page);"], [b"xen/arch/x86/mm.c"])
    assert guard.look(b"cleanup", diff(before, after, path)) == found


def test_what_is_moved_is_not_added() -> None:
    moved = diff(BIG, "", "xen/arch/x86/mm.c") + diff("", BIG, "xen/common/pin.c")
    assert watch(diff(BEFORE, BIG)).look(b"move it", moved) == []
    assert watch(diff(BEFORE, SMALL)).look(b"move it", diff(SMALL, "") + diff("", SMALL, "x.c")) == []


def test_lines_that_the_file_has_already_do_not_count() -> None:
    again = BEFORE + BEFORE.replace("pin(", "repin(")
    assert watch(diff(BEFORE, again)).look(b"x", diff("", BEFORE.replace("pin", "hold"), "xen/arch/x86/mm.c")) == []


def test_parts_with_little_weight_are_not_seen() -> None:  # 2
    half = BEFORE.replace("    page->pinned++;\n", "    spin_lock(&d->pinned_lock);\n    page->pinned++;\n")
    assert watch(diff(BEFORE, BIG)).look(b"x", diff(BEFORE, half)) == []


def test_packed_text_is_not_seen() -> None:  # 3
    binary = (
        b"diff --git a/x.patch.gz b/x.patch.gz\nnew file mode 100644\nBinary files /dev/null and b/x.patch.gz differ\n"
    )
    assert watch(diff(BEFORE, BIG)).look(b"x", binary) == []


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("x86: something\n\n" + TEXT.replace("\n", " "), [LikenessKind.TEXT]),
        (f'doc: mention it\n\nFixes: 0123456789ab ("{TITLE}")\n', [LikenessKind.TEXT]),
        ("x86: something\n\nA guest can pin a page as often as it likes.\n", []),
        ("x86: fix CVE-2026-1234\n", [LikenessKind.CVE]),
        ("x86: fix CVE-2026-1235\n", []),
        ("x86: something\n\nThis is XSA-500.\n", [LikenessKind.MARK]),
        ("x86: prepare for XSA-500\n", []),  # the number may be told
        ("x86: something\n\nThis is XSA-501.\n", []),
        ("Signed-off-by: Jane Doe <jane@example.org>\n", []),
    ],
)
def test_a_message(message: str, kinds: Sequence[LikenessKind]) -> None:
    assert watch(diff(BEFORE, BIG)).look(message.encode(), b"") == [Match(500, kind) for kind in kinds]


def test_a_text_that_holds_a_patch() -> None:
    for patch in (diff(BEFORE, BIG), diff(BEFORE, SMALL)):
        assert watch(patch).read(b"see below\n\n" + patch) == PATCH
        assert watch(patch).look(b"import\n", diff("", "Subject: x\n\n" + patch.decode(), "x.patch")) == PATCH
        assert watch(patch).look(b"see below\n\n" + patch, b"") == PATCH


@given(st.binary(), st.binary())
def test_anything_may_be_pushed(message: bytes, text: bytes) -> None:
    assert watch(diff(BEFORE, BIG)).look(message, text) == []


def placed(lines: Sequence[str], before: Sequence[str], after: Sequence[str], path: str = "xen/arch/x86/mm.c") -> bytes:
    """Return the diff that adds ``lines`` between ``before`` and ``after``."""
    old, new = [*before, *after], [*before, *lines, *after]
    return diff("".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new), path)


def test_small_patch_where_half_of_what_is_around_is_different() -> None:
    here, there = ["one(d);", "two(d);", "three(d);"], ["uno(d);", "due(d);", "three(d);"]
    line = ["    block_speculation(); /* comment */"]
    full = placed(line, here, here, "xen/a.c")
    guard = watch(full + placed(line, here, here, "xen/b.c"))
    guard.forget_lines([b"\tblock_speculation(); /* why not */"], [b"xen/a.c"])
    # In the mean of its blocks most of it is there.
    half = placed(line, there, there, "xen/b.c")
    assert guard.look(b"cleanup", full + half) == PATCH
    assert guard.look(b"cleanup", half + placed(line, there, there, "xen/a.c")) == []
    assert guard.look(b"cleanup", full) == []
    # A line that stands there twice counts twice.
    twice = ["{", "}", "}"]
    guard = watch(
        placed(["    fix(page);", "    more(page);"], ["a_name(alpha, beta);", "b_name(gamma, delta);"], twice)
    )
    assert guard.look(b"x", placed(["    fix(page);", "    more(page);"], ["c_name(d);", "d_name(d);"], twice)) == PATCH


def test_patch_of_which_the_branch_has_a_part() -> None:
    lines = [f"    name_{n}(first_{n}, second_{n});" for n in range(7)]
    helper = placed(["#define HELPER(value, align)"], ["#ifndef X"], ["#endif"], "xen/include/x.h")
    guard = watch(placed(lines, ["a"], ["b"]) + helper)
    assert guard.look(b"cleanup", placed(lines, ["other"], ["b"])) == LINES
    assert guard.look(b"cleanup", placed(lines[:3], ["other"], ["b"])) == []


def test_what_public_messages_say_is_looked_for_no_more() -> None:
    guard = Watch([SecretForm(500, texts=(TEXT,), titles=(TITLE, "short title here"))])
    public = " ".join(TEXT.split()[:17])
    assert guard.look(f"x\n\n{public}".encode(), b"") == TEXTS
    guard.forget([f"old\n\n{public}\n", "short title here\n"])
    assert guard.look(f"x\n\n{public}".encode(), b"") == []
    assert guard.look(b"short title here\n", b"") == []
    assert guard.look(TITLE.encode(), b"") == TEXTS
    assert guard.look(f"x\n\n{TEXT}".encode(), b"") == TEXTS


def test_lines_that_are_nowhere_public_tell_a_small_patch() -> None:
    line = ["    limit_of(queue, QUEUE_LAST);"]
    here, there = ["one(d);", "two(d);", "three(d);"], ["uno(d);", "due(d);", "tre(d);"]
    for path in ("xen/a.c", "xen/b.c"):
        guard = watch(placed([*line, "    go_on();"], here, here, "xen/a.c"))
        alone = placed([*line, "    go_on();"], there, there, path)
        assert guard.look(b"cleanup", alone) == LINES
        guard.forget_lines([b"go_on();"], [b"xen/a.c"])
        assert guard.look(b"cleanup", alone) == LINES
        guard.forget_lines([b"  limit_of( queue, QUEUE_LAST );"], [b"xen/a.c"])
        assert guard.look(b"cleanup", alone) == []
    assert guard.added({500}) == {b"limit_of(queue,QUEUE_LAST);", b"go_on();"}


@pytest.mark.parametrize(
    ("line", "path", "kinds"),
    [
        ("    if ( vp >= VCPUS )", "xen/a.c", LINES),  # hardly a name, but in its file
        ("    if ( vp >= VCPUS )", "xen/b.c", []),
        ("    mask = VCPUS;", "xen/b.c", LINES),
    ],
)
def test_a_single_line_tells_only_where_the_files_of_its_patch_are(
    line: str, path: str, kinds: Sequence[Match]
) -> None:
    here, there = ["one(d);", "two(d);", "three(d);"], ["uno(d);", "due(d);", "tre(d);"]
    patch, alone = placed([line, "        break;"], here, here, "xen/a.c"), placed([line], there, there, path)
    guard = watch(patch)
    guard.forget_lines([b"break;"], [b"xen/a.c"])
    assert guard.look(b"cleanup", alone) == kinds
    # Elsewhere nobody knows which lines are public: in the repository of a package, for one.
    guard.forget_lines([], [b"debian/patches/a.patch", b"a.c"])
    assert guard.look(b"cleanup", alone) == []


@pytest.mark.parametrize("prefix", ["> ", ">> ", "| ", "    ", "# ", "> > "])
def test_quoted_patches(prefix: str) -> None:
    for patch in (diff(BEFORE, BIG), diff(BEFORE, SMALL)):
        quoted = "".join(f"{prefix}{line}\n" for line in patch.decode().splitlines())
        assert watch(patch).look(f"see\n\n{quoted}".encode(), b"") == PATCH
        assert watch(patch).look(b"see", diff("", quoted, "mail.txt")) == PATCH


def test_names_that_a_patch_brings_may_be_others_in_its_comments_too() -> None:
    plain, named = ["    enter(domain);", "    leave(domain);"], "    spin_lock(&domain->pin_lock);"
    comment = "     * The pin_lock keeps others from changing the count of pinned pages meanwhile."
    added = [
        "    /*",
        comment,
        "     * Nobody else may take it.",
        "     */",
        named,
        "    settle(pin_lock, domain, pages);",
    ]
    renamed = [line.replace("pin_lock", "guard") for line in added]
    guard = watch(placed(added, plain, plain, "xen/a.c"))
    assert guard.look(b"cleanup", placed(renamed, plain, plain, "xen/a.c")) == LINES
    assert guard.look(b"cleanup", placed(renamed, ["x"], ["y"], "xen/a.c")) == LINES


def test_heads_of_functions_with_other_names_say_nothing() -> None:
    heads = ["static int pin_all(struct domain *d, mfn_t mfn)", "static int unpin_all(struct domain *d, mfn_t mfn)"]
    others = [line.replace("pin_all", "map_range") for line in heads]
    guard = watch(placed(heads, ["a"], ["b"], "xen/a.c"))
    assert guard.look(b"cleanup", placed(heads, ["x"], ["y"], "xen/a.c")) == LINES
    assert guard.look(b"cleanup", placed(others, ["x"], ["y"], "xen/a.c")) == []


def test_a_block_that_a_patch_moves() -> None:
    """Moved lines don't count, so that only the places tell it; hunks with little around them are no neighbours."""
    block = "    if ( cpu_data[cpu].csv2 )\n        return %s;\n\n"
    first, second = "    printk(desc, cpu);\n\n", "    matches(entry);\n\n"
    text = "\n{first}{late}    spin_lock(&bp_lock);\n\n\n" + "\n" * 9 + "\n{second}{early}    check(version);\n\n\n"
    before = text.format(first=first, second=second, late=block % "true", early="")
    after = text.format(first=first, second=second, late="", early=block % "0")
    guard = watch(diff(before, after), before=before + "return 0;\n")
    assert guard.look(b"cleanup", diff(before, after)) == PATCH


def test_words_of_a_comment_are_no_names() -> None:
    """Without its white space a line of prose looks like a name or two, as any other does."""
    comment = [
        "    /*",
        "     * Both paths leave stale values, and the guest sees them.",
        "     * When something was intercepted, only hardware knows which mask registers hold.",
        "     * Therefore read them again, from there and nowhere else.",
        "     */",
        "    load(masks);",
    ]
    other = [
        "    /*",
        "     * Nothing of that matters here, as nobody uses it at all.",
        "     * Once upon a time, this was wanted for tables that are gone.",
        "     * Please look at the manual, which tells more about it.",
        "     */",
        "    store(page);",
    ]
    for around in (["a", "b", "c"], ["first(domain);", "second(domain);", "third(domain);"]):
        guard = watch(placed(comment, around, around, "xen/a.c"))
        assert guard.look(b"cleanup", placed(comment, around, around, "xen/a.c")) == PATCH
        assert guard.look(b"cleanup", placed(other, ["x"], ["y"], "xen/a.c")) == []


def test_a_patch_in_parts() -> None:
    lines = BIG.splitlines(True)
    steps = [BEFORE]
    for taken in ([6], [6, 7, 8, 9, 12, 14], range(6, 15), range(len(lines))):
        kept = [line for place, line in enumerate(lines) if place in taken or place < 6 or place == 15 or place > 16]
        steps.append("".join(kept))
    parts = [diff(before, after) for before, after in pairwise([*steps, BIG])]
    push = watch(diff(BEFORE, BIG)).push()
    assert [push.add(b"part", part) for part in parts] == [[]] * len(parts)
    assert push.total() in (PATCH, LINES)
    push = watch(diff(BEFORE, BIG)).push()
    for part in parts:
        push.add(b"part", part)
        for number in range(1_001):  # too far apart to be one change
            push.add(str(number).encode(), b"")
    assert push.total() == []


def test_merges_of_many_parents() -> None:
    plain = diff(BEFORE, BIG)
    for count in (2, 3, 8):
        marks = {"+": "+" * count, "-": "-" * count, " ": " " * count}
        rows = [marks[line[0]] + line[1:] for line in plain.decode().splitlines()[5:]]
        head = (
            f"diff --cc xen/arch/x86/mm.c\n--- a/xen/arch/x86/mm.c\n+++ b/xen/arch/x86/mm.c\n{'@' * (count + 1)} -1 +1 "
        )
        body = "".join(f"{row}\n" for row in rows)
        assert watch(plain).look(b"merge", f"{head}\n{body}".encode()) == PATCH
        theirs = body.replace("+" * count, "+" * (count - 1) + " ")  # a parent has it
        assert watch(plain).look(b"merge", f"{head}\n{theirs}".encode()) == []


def test_repeated_lines_take_no_longer_than_others() -> None:
    """Twenty times as many take fifty times as long at most, as of n log n, with what a machine's noise adds."""

    def cost(count: int) -> float:
        old = "".join("{\n    put_page(page);\n}\n" for _ in range(count))
        new = BEFORE + old.replace("    ", "\t") + SMALL
        marked = "".join(f"-{line}\n" for line in old.splitlines()) + "".join(f"+{line}\n" for line in new.splitlines())
        text = b"diff --git a/mm.c b/mm.c\n--- a/mm.c\n+++ b/mm.c\n@@ -1 +1 @@\n" + marked.encode()
        times = []
        for _ in range(3):
            begin = time.process_time()
            watch(diff(BEFORE, SMALL), diff(BEFORE, BIG)).look(b"cleanup", text)
            times.append(time.process_time() - begin)
        return min(times)

    assert cost(10_000) < 50 * cost(500)
