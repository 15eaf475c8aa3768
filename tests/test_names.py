"""What a word in a file is, which files see each other's names, and how names are made from others."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from git_xsa.names.forms import XEN_FORMS, XEN_READINGS, Forms, parse_form, parse_reading
from git_xsa.names.roles import Language, Role, Space, language_of, shared, visible
from git_xsa.names.texts import places, read

C = rb"""
#include <xen/lib.h>
#define ONE 1 /* in_comment */
#define TWICE(arg) (used_by_macro(arg) + field->in_macro + pasted_ ## arg + #arg)
#ifdef ASKED
static int global;
#endif
typedef struct tagged { int member; unsigned int bits:3; } alias_t;
struct announced;
enum kinds { FIRST, SECOND = 2 };
extern void declared(struct other *param);

static int __init function(struct domain *d, int (*callback)(int inner))
{
    unsigned int first, *second = NULL, third[SIZE];
    struct point p = { .x = 1 };

    printk("in_string %d\n", called(d->arch.deep));
    if ( defined_elsewhere )
        goto label;
    for_each ( looped, d )
        third[index] += sizeof(alias_t);
 label:
    return 0;
}
DEFINE_PER_CPU(unsigned int, counter);
"""


def role(text: bytes, word: str, number: int = 0, path: bytes = b"a.c") -> Role | None:
    """Return the role of ``word`` at the place with this number in the file."""
    return read(path, text).role(*list(places(text, word.encode()))[number])


@pytest.mark.parametrize(
    ("word", "space"),
    [
        ("ONE", Space.MACRO),
        ("TWICE", Space.MACRO),
        ("tagged", Space.TAG),
        ("announced", Space.TAG),
        ("kinds", Space.TAG),
        *((word, Space.ORDINARY) for word in ("global", "alias_t", "FIRST", "SECOND", "declared", "function")),
    ],
)
def test_a_definition_for_the_whole_file(word: str, space: Space) -> None:
    found = role(C, word)
    assert found is not None
    assert (found.space, found.defines, found.local, found.function) == (space, True, False, None)


@pytest.mark.parametrize("word", ["first", "second", "third", "p", "d", "callback"])
def test_a_local_definition_belongs_to_its_function(word: str) -> None:
    found = role(C, word)
    assert found is not None
    assert (found.space, found.defines, found.local, found.function) == (Space.ORDINARY, True, True, b"function")
    assert found.span is not None
    assert C[slice(*found.span)].startswith(b"struct domain") or b"function(struct domain" in C[slice(*found.span)]


@pytest.mark.parametrize(
    ("word", "number", "space"),
    [
        ("called", 0, Space.ORDINARY),
        ("defined_elsewhere", 0, Space.ORDINARY),
        ("SIZE", 0, Space.ORDINARY),
        ("index", 0, Space.ORDINARY),
        ("for_each", 0, Space.ORDINARY),
        ("looped", 0, Space.ORDINARY),
        ("alias_t", 1, Space.ORDINARY),
        ("point", 0, Space.TAG),
        ("other", 0, Space.TAG),
        ("used_by_macro", 0, Space.ORDINARY),
        ("in_macro", 0, Space.MEMBER),
        ("arch", 0, Space.MEMBER),
        ("deep", 0, Space.MEMBER),
        ("x", 0, Space.MEMBER),
        ("label", 0, Space.LABEL),
    ],
)
def test_a_use(word: str, number: int, space: Space) -> None:
    found = role(C, word, number)
    assert found is not None
    assert (found.space, found.defines) == (space, False)


@pytest.mark.parametrize("word", ["member", "bits"])
def test_a_member_is_defined(word: str) -> None:
    found = role(C, word)
    assert found is not None
    assert (found.space, found.defines, found.local) == (Space.MEMBER, True, False)


def test_a_label_is_defined_where_it_stands() -> None:
    found = role(C, "label", 1)
    assert found is not None
    assert (found.space, found.defines, found.function) == (Space.LABEL, True, b"function")


@pytest.mark.parametrize("word", ["in_comment", "in_string", "ASKED", "pasted_", "int", "static", "return"])
def test_what_is_no_name_has_no_role(word: str) -> None:
    assert role(C, word) is None


def test_a_parameter_of_a_macro_needs_nothing() -> None:
    found = role(C, "arg", 1)
    assert found is not None
    assert found.defines


LEXED = {
    b"a.S": (
        b"# comment gone\n#include <asm/x.h>\nENTRY(entered)\n .macro made a\n here:\n call called /* gone */\n",
        ["here", "made"],
        ["called"],
    ),
    b"a.py": (b"import gone2\ndef made(arg):\n    here = called('gone') # gone\n", ["made", "here"], ["called"]),
    b"a.ml": (b"(* gone *)\nlet made x = called x\ntype here = A | B\n", ["made", "here"], ["called"]),
    b"Makefile": (b"made := $(called) # gone\nhere += x\n", ["made", "here"], ["called"]),
    b"Kconfig": (b'# gone\nconfig MADE\n\tbool "gone"\n\tdepends on CALLED\n', ["MADE"], ["CALLED"]),
}  # fmt: skip


@pytest.mark.parametrize("path", LEXED, ids=lambda path: path.decode())
def test_other_languages(path: bytes) -> None:
    text, defined, used = LEXED[path]
    assert role(text, "gone", path=path) is None
    for word in defined:
        found = role(text, word, path=path)
        assert found is not None
        assert found.defines, word
    for word in used:
        found = role(text, word, path=path)
        assert found is not None
        assert not found.defines, word


def test_a_header_for_the_assembler_is_read_as_one() -> None:
    found = role(b"/* x */\n.macro here\n nop\n.endm\n", "here", path=b"asm/spec_ctrl_asm.h")
    assert found is not None
    assert found.defines


@pytest.mark.parametrize("seed", range(6))
def test_any_bytes_can_be_read(seed: int) -> None:
    """Cut and mixed text is what a patch may hold: there is a role or none, and no failure."""
    import random  # noqa: PLC0415

    chance = random.Random(seed)
    pieces = re.split(rb"(\W)", C + b"\xff\0'\"" + b"".join(text for text, _, _ in LEXED.values()))
    chance.shuffle(pieces)
    text = b"".join(pieces)
    for path in (b"a.c", *LEXED):
        source = read(path, text)
        for match in re.finditer(rb"\w+", text):
            found = source.role(*match.span())
            assert found is None or isinstance(found.space, Space)


# -- files


@pytest.mark.parametrize(
    ("path", "language", "others"),
    [
        (b"xen/arch/x86/traps.c", Language.C, False),
        (b"xen/include/xen/lib.h", Language.C, True),
        (b"xen/arch/x86/entry.S", Language.ASSEMBLER, True),
        (b"tools/libxl/Makefile", Language.MAKE, True),
        (b"xen/Kconfig", Language.KCONFIG, True),
        (b"xen/Kconfig.debug", Language.KCONFIG, True),
        (b"tools/ocaml/xenstored/store.ml", Language.OCAML, True),
        (b"tools/xl.py", Language.PYTHON, True),
        (b"xen/include/xlat.lst", Language.ASSEMBLER, True),
        (b"docs/misc/x.pandoc", None, False),
        (b".c", None, False),
        (b"c", None, False),
    ],
)
def test_the_language_of_a_file(path: bytes, language: Language | None, others: bool) -> None:
    assert (language_of(path), shared(path)) == (language, others)


@pytest.mark.parametrize(
    ("user", "supplier", "sees"),
    [
        (b"xen/arch/x86/traps.c", b"xen/include/xen/lib.h", True),
        (b"xen/arch/x86/traps.c", b"xen/include/asm-x86/x.h", True),
        (b"xen/arch/x86/traps.c", b"xen/include/asm-arm/x.h", False),
        (b"xen/arch/x86/traps.c", b"xen/arch/arm/include/asm/x.h", False),
        (b"xen/common/a.c", b"xen/arch/arm/include/asm/x.h", True),
        (b"xen/arch/x86/traps.c", b"xen/arch/x86/mm.c", False),
        (b"xen/arch/x86/entry.S", b"xen/arch/x86/mm.c", True),
        (b"xen/arch/x86/traps.c", b"tools/libxl/libxl.h", False),
        (b"tools/libxl/libxl.c", b"xen/include/public/xen.h", True),
        (b"tools/a.c", b"config.h", True),
        (b"a.c", b"tools/x.h", False),
        (b"tools/a.py", b"tools/b.py", True),
        (b"tools/a.py", b"tools/b.ml", False),
        (b"docs/a.txt", b"docs/b.h", False),
    ],
)
def test_which_files_see_each_other(user: bytes, supplier: bytes, sees: bool) -> None:
    assert visible(user, supplier) is sees


# -- forms


def test_every_form_of_the_table_is_one_and_stands_there_once() -> None:
    assert len(set(XEN_FORMS)) == len(XEN_FORMS)
    assert all(parse_form(text) for text in XEN_FORMS)
    assert len({parse_reading(text) for text in XEN_READINGS}) == len(XEN_READINGS)


@pytest.mark.parametrize(
    ("form", "name", "member", "text", "fits"),
    [
        ("XEN_CPUFEATURE(*) => X86_FEATURE_*", "X86_FEATURE_FPU", False, "XEN_CPUFEATURE(FPU, 0*32+ 0) /*A */", True),
        ("XEN_CPUFEATURE(*) => X86_FEATURE_*", "X86_FEATURE_FPU", False, "MY_XEN_CPUFEATURE(FPU, 0)", False),
        ("XEN_CPUFEATURE(*) => X86_FEATURE_*", "X86_FEATURE_FPU", False, "XEN_CPUFEATURE(X, FPU)", False),
        ("XEN_CPUFEATURE(*) => X86_FEATURE_*", "X86_FEATURE_FPU", False, "XEN_CPUFEATURE(X, 1); FPU", False),
        ("XEN_CPUFEATURE(*) => .%", "fpu", True, "XEN_CPUFEATURE(FPU, 0*32+ 0)", True),
        ("DEFINE_PER_CPU(,*) => *", "count", False, "DEFINE_PER_CPU(struct x *, count);", True),
        ("DEFINE_PER_CPU(,*) => *", "count", False, "DEFINE_PER_CPU(f(a, b), count);", True),
        ("DEFINE_PER_CPU(,*) => *", "count", False, "DEFINE_PER_CPU(count, x);", False),
        ("config * => CONFIG_*", "CONFIG_PV", False, "config PV\n\tbool", True),
        ("config * => CONFIG_*", "CONFIG_PV", False, "menuconfig PV\n", False),
        ("config * => CONFIG_*", "CONFIG_PV", False, "PV", False),
        ("TYPE_SAFE(,*) => _*", "_mfn", False, "TYPE_SAFE(unsigned long, mfn);", True),
        ("CHECK_WORKAROUND_HELPER(*) => check_workaround_*", "check_workaround_7", False, "X(7), Y(7)", False),
        (
            "CHECK_WORKAROUND_HELPER(*) => check_workaround_*",
            "check_workaround_7",
            False,
            "CHECK_WORKAROUND_HELPER(7)",
            True,
        ),
        (".macro * => *", "SAVE_ALL", False, "  .macro SAVE_ALL x\n", True),
    ],
)
def test_a_form(form: str, name: str, member: bool, text: str, fits: bool) -> None:
    table = Forms([form])
    found = [(word, made) for word, made in table.spellings(name.encode(), member) if made is not None]
    assert len(found) == 1
    word, made = found[0]
    assert word in table.words(name.encode())
    content = text.encode()
    assert any(made.fits(content, start) for start, _ in places(content, word)) is fits


@pytest.mark.parametrize("name", ["X86_FEATURE_", "FPU", "x86_feature_fpu"])
def test_a_name_that_is_not_of_a_form(name: str) -> None:
    assert parse_form("XEN_CPUFEATURE(*) => X86_FEATURE_*").word(name.encode()) is None


@pytest.mark.parametrize("name", ["Fpu", "FPU"])
def test_a_name_in_lower_case_is_in_lower_case(name: str) -> None:
    assert parse_form("XEN_CPUFEATURE(*) => .%").word(name.encode()) is None


@pytest.mark.parametrize("text", ["A", "A(*)", "A(*) => ", "A(*) => B", "A(*,) => *", "=> *", "A(*) => **", "* => *"])
def test_what_is_no_form(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_form(text)


def test_a_table_gives_a_name_itself_first() -> None:
    assert Forms().spellings(b"plain", member=False)[0] == (b"plain", None)
    assert b"plain" in set(chain(Forms().words(b"plain")))
