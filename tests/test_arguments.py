"""Prerequisites for calls: a patch calls a function or a macro with other arguments than the release has it take."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

import pytest
from random_calls import judged, random_units, text_of
from repositories import Draft, branch_with_fix, prerequisites, run
from test_properties import SCALE, SEED
from test_symbols import LIB, ask, needs, user

from git_xsa.names.heads import Head, heads_of

STEPS = ("taken", "changed", "fixed")


def needed(folder: Path, units: dict[int, str]) -> dict[int, tuple[str, ...]]:
    """Return by number which of the commits "taken" and "changed" the fix needs, as ``git xsa-prereqs`` says."""
    draft = Draft()
    draft.release("1.0.0", {f"u{n}.c": text_of(unit, n).encode() for n, unit in units.items()})
    steps: dict[int, tuple[int, str]] = {}
    fixes: dict[int, int] = {}
    for n, unit in units.items():
        texts = [text_of(unit, n, *STEPS[:size]) for size in range(4)]
        for step, before, after in zip(STEPS, texts, texts[1:], strict=False):
            if before != after:
                made = draft.commit(f"{step} {n}", {f"u{n}.c": after.encode()})
                steps[made] = n, step
                fixes[n] = made
    place = draft.write(folder)
    names = {place[made]: what for made, what in steps.items()}
    found = {}
    for n, needs_of in zip(fixes, prerequisites(place, fixes.values()), strict=True):
        steps_of = [names[commit] for commit in needs_of]
        assert {number for number, _ in steps_of} <= {n}
        found[n] = tuple(step for _, step in steps_of)
    return found


@pytest.mark.parametrize("part", range(SCALE))
def test_random_calls_judged_by_gcc(tmp_path: Path, part: int) -> None:
    seed = random.Random(SEED + part).randrange(2**32)
    print(f"GIT_XSA_SEED={SEED}, part {part}: random_units({seed}, 600)")
    units = random_units(seed, 600)
    expected = judged(units)
    assert len(expected) > 100
    found = needed(tmp_path, {n: units[n] for n in expected})
    wrong = [(n, expected[n], found[n]) for n in expected if expected[n] != found[n]]
    assert not wrong, "\n".join([str(wrong), *(units[n] for n, *_ in wrong[:5])])


OLD = '#define rdmsr(msr, low, high) \\\n    asm ( "rdmsr" : "=a" (low), "=d" (high) : "c" (msr) )\n'
NEW = """static inline unsigned long rdmsr(unsigned int msr)
{
    unsigned long value;

    asm ( "rdmsr" : "=A" (value) : "c" (msr) );
    return value;
}
"""
BODY = "    a = rdmsr(0x1b);"


def lib(more: str) -> str:
    return LIB.replace("#endif", f"{more}\n#endif")


def test_a_macro_that_becomes_a_function(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": lib(OLD), "user.c": user()}, {"lib.h": lib(NEW)}, {"user.c": user(BODY)}
    )
    (found,) = ask(place)["prerequisites"]
    assert (found["commit"], found["kind"]) == (place[2], "symbol")
    (reason,) = found["reasons"]
    assert (reason["symbol"], reason["arguments"], reason["line"]) == ("rdmsr", 1, BODY)
    assert reason["introduced"]["line"] == "static inline unsigned long rdmsr(unsigned int msr)"
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    assert done.out.splitlines()[-5:] == [
        f"  needed by XSA-1 {place.short(3)} the fix",
        "    user.c, hunk 1: calls rdmsr with 1 argument",
        f"       {BODY}",
        "      which takes that since this commit in lib.h",
        "      +static inline unsigned long rdmsr(unsigned int msr)",
    ]
    assert needs(place, "--no-symbols") == []


def test_an_old_call_that_another_commit_took_away(tmp_path: Path) -> None:
    """What changes the arguments brings the commits that took the calls which it would break."""
    calls = {"other.c": "void other(void)\n{\n    int a, b;\n\n    rdmsr(1, a, b);\n}\n"}
    place = branch_with_fix(
        tmp_path,
        {"lib.h": lib(OLD), "user.c": user(), **calls},
        {"other.c": "void other(void)\n{\n    int a, b;\n\n}\n"},
        {"lib.h": lib(NEW)},
        {"user.c": user(BODY)},
    )
    assert needs(place) == [(1, "symbol"), (2, "symbol")]
    reason = ask(place)["prerequisites"][0]["reasons"][0]
    assert (reason["symbol"], reason["arguments"], reason["gone"]) == ("rdmsr", 3, True)
    assert reason["used"] == {"path": "other.c", "line": "    rdmsr(1, a, b);"}
    out = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why").out
    assert "lib.h, hunk 1: changes the arguments of rdmsr\n" in out
    assert "which is called with 3 arguments until this commit in other.c\n" in out


def test_a_prototype_over_several_lines(tmp_path: Path) -> None:
    old, new = (f"int helper(struct thing *first,\n           int second{more});\n" for more in ("", ",\n  int third"))
    place = branch_with_fix(
        tmp_path,
        {"lib.h": lib(old), "user.c": user()},
        {"lib.h": lib(new)},
        {"user.c": user("    a = helper(t,\n               1,\n               2);")},
    )
    assert needs(place) == [(1, "symbol")]


#: What the release has besides the old head (in a file), and whether the commit that changes that is still needed.
OTHERS = [
    ({"lib2.h": "#define rdmsr(msr) other(msr)\n"}, "a.c", False),
    ({"lib2.h": "#ifndef ONE\n#define rdmsr(a, b)\n#else\n#define rdmsr(a) (a)\n#endif\n"}, "a.c", False),
    ({"lib2.h": "#define rdmsr(args...) other(args)\n"}, "a.c", False),
    ({"lib2.h": "unsigned long rdmsr();\n"}, "a.c", False),
    ({"lib2.h": "#define rdmsr(a, b) 0\n"}, "a.c", True),
    ({"lib2.h": "/* rdmsr(msr): */\n#if 0\nint rdmsr(int);\n#endif\n"}, "a.c", True),
    ({"lib2.h": "int my_rdmsr(int a);\n#define MY_rdmsr(a) (a)\n"}, "a.c", True),
    ({"xen/arch/x86/lib2.h": "int rdmsr(int);\n"}, "xen/common/a.c", False),
    ({"xen/arch/x86/lib2.h": "int rdmsr(int);\n"}, "xen/arch/arm/a.c", True),
    ({"b.c": "static int rdmsr(int a)\n{\n    return a;\n}\n"}, "a.c", True),
]  # fmt: skip


@pytest.mark.parametrize(("others", "path", "needed_one"), OTHERS)
def test_every_head_that_is_seen_counts(tmp_path: Path, others: dict[str, str], path: str, needed_one: bool) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": lib(OLD), path: user(), **others}, {"lib.h": lib(NEW)}, {path: user(BODY)}
    )
    assert needs(place) == ([(1, "symbol")] if needed_one else [])


#: What the fix has, and whether that is a call which the release does not take.
BODIES = [
    ("    a = rdmsr(f(1, 2));", True),
    ("    a = rdmsr((1, 2));", True),
    ('    a = rdmsr(sizeof("a, b"));', True),
    ("    a = rdmsr(/* a, b */ 1);", True),
    ("    a = rdmsr(a\n#ifdef X\n              + 1\n#endif\n              );", False),
    ("    a = rdmsr(FIRST ## a);", False),
    ("    a = rdmsr((int []){ 1, 2 }[0]);", False),
    ("    a = t->rdmsr(1);", False),
    ("    /* rdmsr(1) */", False),
    ('    a = f("rdmsr(1)");', False),
    ("    {\n        int (*rdmsr)(int) = f;\n\n        a = rdmsr(1);\n    }", False),
    ("    a = (long)&rdmsr;", False),
    ("    rdmsr(1, a, a);", False),
    ("#define READ(msr) rdmsr(msr)\n    a = READ(1);", True),
    ("#define READ(args...) rdmsr(args)\n    READ(1, a, a);", False),
    ("#define READ(...) rdmsr(__VA_ARGS__)\n    READ(1, a, a);", False),
    ("    a = rdmsr(" + "(" * 30_000 + "1" + ")" * 30_000 + ");", False),
]  # fmt: skip


@pytest.mark.parametrize(("body", "needed_one"), BODIES, ids=range(len(BODIES)))
def test_what_is_no_call_counts_for_nothing(tmp_path: Path, body: str, needed_one: bool) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": lib(OLD), "user.c": user()}, {"lib.h": lib(NEW)}, {"user.c": user(body)}
    )
    assert needs(place) == ([(1, "symbol")] if needed_one else [])


def test_an_older_call_shows_that_it_is_taken(tmp_path: Path) -> None:
    """The file may have the name from somewhere that is not seen, such as a header that the build makes."""
    older = user().replace("int other = 1;", "int other = rdmsr(1);")
    fixed = user(BODY).replace("int other = 1;", "int other = rdmsr(1);")
    place = branch_with_fix(tmp_path, {"lib.h": lib(OLD), "user.c": older}, {"lib.h": lib(NEW)}, {"user.c": fixed})
    assert needs(place) == []


def test_the_change_that_takes_so_many_is_chosen(tmp_path: Path) -> None:
    """Of three that change the arguments, the one in the middle; it brings the first, whose line it changes."""
    place = branch_with_fix(
        tmp_path,
        {"lib.h": lib("int helper(int a);\n"), "user.c": user()},
        {"lib.h": lib("int helper(int a, int b);\n")},
        {"lib.h": lib("int helper(int a, int b, int c);\n")},
        {"user.c": user("    a = helper(1, 2, 3);")},
        {"lib.h": lib("int helper(void);\n")},
    )
    fix = place[4]
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--json", fix)
    assert [item["commit"] for item in json.loads(done.out)["prerequisites"]] == [place[2], place[3]]


def test_a_call_of_what_the_fix_changes_itself(tmp_path: Path) -> None:
    place = branch_with_fix(tmp_path, {"lib.h": lib(OLD), "user.c": user()}, {"lib.h": lib(NEW), "user.c": user(BODY)})
    assert needs(place) == []


#: What a head takes at least and at most.
HEADS = [
    ("#define name() 1", 0, 0),
    ("#define name(a) 1", 0, 1),
    ("#define name(a, b) 1", 2, 2),
    ("#define name(a, b...) 1", 1, None),
    ("#define name(...) 1", 0, None),
    ("# define name(a, \\\n b) 1", 2, 2),
    ("int name(void);", 0, 0),
    ("int name();", 0, None),
    ("int name(int a);", 1, 1),
    ("int name(int (*a)(int, int), int b[2]);", 2, 2),
    ("int name(const char *format, ...) __attribute__((format(printf, 1, 2)));", 1, None),
    ("static inline struct t *name(int a /* one, two */)\n{", 1, 1),
    ("unsigned long\nname(int a)\n{", 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "least", "most"), HEADS)
def test_what_a_head_takes(text: str, least: int, most: int | None) -> None:
    [(_, head)] = heads_of(text.encode(), b"name")
    assert head[:3] == (b"name", least, most)


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [("int", b"number"), ("unsigned long a", b"number"), ("const uint8_t a", b"number"), ("domid_t a", b"number"),
     ("struct t *a", b"pointer"), ("const char *", b"pointer"), ("int a[]", b"pointer"), ("struct t a", b""),
     ("other_t a", b""), ("cpumask_var_t a", b""), ("int (*a)(int)", b""), ("XEN_GUEST_HANDLE(void) a", b"")],
)  # fmt: skip
def test_kinds_of_parameters(parameter: str, kind: bytes) -> None:
    [(_, head)] = heads_of(f"int name({parameter});".encode(), b"name")
    assert head == Head(b"name", 1, 1, (kind,))


#: What is called before and after the change, the fix's call, and whether the release's compiler refuses that.
TYPES = [
    ("int f(struct thing *a);", "int f(domid_t a);", "f(a)", True),
    ("int f(unsigned int a);", "int f(const char *a);", 'f("1")', True),
    ("int f(int a, struct thing *b);", "int f(struct thing *b,\n      int a);", "f(t, 1)", True),
    ("static int f(struct thing *a);", "static int f(int a, ...);", "f(1)", True),
    ("int f(struct thing *a);", "int f(int a);", "f(0)", False),
    ("int f(struct thing *a);", "int f(const void *a);", "f(t)", False),
    ("int f(int a);", "int f(unsigned long a);", "f(1)", False),
    ("int f(struct thing *a);", "int f(other_t a);", "f(o)", False),
    ("#define f(a) 1", "int f(int a);", "f(1)", False),
]


@pytest.mark.parametrize(("old", "new", "call", "refused"), TYPES)
def test_numbers_for_pointers_judged_by_gcc(tmp_path: Path, old: str, new: str, call: str, refused: bool) -> None:
    types = "typedef unsigned short domid_t;\ntypedef struct thing *other_t;\n"
    body = user(f"    other_t o = t;\n    a = {call}; (void)o;")
    texts = {name: "\n".join([LIB, types, head, body.replace('#include "lib.h"', "")]) for name, head in
             (("old", old), ("new", new))}  # fmt: skip
    words = ["gcc", "-fsyntax-only", "-Werror=int-conversion", "-Wno-unused-function", "-x", "c", "-"]
    said = {name: subprocess.run(words, input=text, text=True, capture_output=True, check=False).returncode != 0
            for name, text in texts.items()}  # fmt: skip
    assert said == {"old": refused, "new": False}
    place = branch_with_fix(
        tmp_path, {"lib.h": lib(f"{types}\n{old}\n"), "user.c": user()}, {"lib.h": lib(f"{types}\n{new}\n")},
        {"user.c": body},
    )  # fmt: skip
    assert needs(place) == ([(1, "symbol")] if refused else [])


@pytest.mark.parametrize(
    "text",
    ["#define name 1", "#define name (1)", "name(a);", "return name(a);", "x = name(a);", "    int name(int a);",
     "typedef int name(int a);", "int other(int name);", "/*\nint name(int a);\n*/", "int name(int a",
     "#define other(a) name(a)", "do name(a);", "int name(int a,\n#ifdef X\n int b,\n#endif\n int c);"],
)  # fmt: skip
def test_what_is_no_head(text: str) -> None:
    assert heads_of(text.encode(), b"name") == []


@pytest.mark.parametrize(
    "text", ["f(" * 100_000, "f(" + "a," * 300_000 + ")", "int f(" * 50_000, "f" * 1_000_000, "a " * 500_000 + "f(1,"]
)
def test_long_texts_take_no_longer_than_they_are(text: str) -> None:
    began = time.process_time()
    assert heads_of(f"int x;\n{text}".encode(), b"f") == []
    assert time.process_time() - began < 2
