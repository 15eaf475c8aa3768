"""Names that a patch takes away while older lines use them: what --refresh must not leave out, judged by gcc.

Each story is a program.  A commit takes away the use of a name next to lines that the fix changes, so that it is
context alone, another one tidies there, and the fix takes away the definition.  What --refresh exports must compile.
Macros are looked for without --refresh, too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from downstreams import by_patch
from repositories import Draft, File, Place, branch_with_fix, encoded, unpack

RELEASE = "RELEASE-1.0.0"
Files = Mapping[str, str | None]
judged = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc: not installed")

STEPS = 40
HEADER = "#ifndef LIB_H\n#define LIB_H\n\n{}\n#endif\n"


def program(changed: Mapping[int, str], before: str = "") -> str:
    """Return a program of ``STEPS`` statements, those in ``changed`` (by number) replaced, below ``before``."""
    body = "".join(f"    {changed.get(number, f'sum += {number};')}\n" for number in range(STEPS))
    return f'#include "lib.h"\n{before}\nint main(void)\n{{\n    int sum = 0;\n{body}    return sum == 0;\n}}\n'


def story(folder: Path, root: Files, *changes: Files) -> Place:
    """Write a branch, below ``folder``, where there is room for what is exported and built."""
    return branch_with_fix(folder / "story", root, *changes)


def refreshed(place: Place, folder: Path, *options: str) -> list[tuple[int, str]]:
    """Return the prerequisites that --refresh keeps, as ``exported`` does."""
    return exported(place, folder, "--refresh", *options)


def exported(place: Place, folder: Path, *options: str) -> list[tuple[int, str]]:
    """Export the queue; return its prerequisites by their number in the branch (the first change is 1), with the kind
    of each."""
    words = ("--onto", RELEASE, "--xsa", "1", "-o", str(folder / "made"), "--json", "--force", *options)
    answer = place.run("export", *words)
    assert (answer.status, answer.err) == (0, "")
    numbers = {name: number - 1 for number, name in place.ids.items()}
    return [(numbers[item["commit"]], item["kind"]) for item in json.loads(answer.out)["prerequisites"]]


def compiles(place: Place, folder: Path) -> bool:
    """Whether the program compiles and links after what was exported last."""
    tree = unpack(place.folder, RELEASE, folder / "tree")
    by_patch(folder / "made", tree)
    sources = sorted(path.name for path in tree.glob("*.c"))
    words = ["gcc", "-Werror=implicit-function-declaration", "-Wno-unused", "-o", "prog", *sources]
    done = subprocess.run(words, cwd=tree, capture_output=True, check=False)
    shutil.rmtree(tree)
    return done.returncode == 0


#: What defines the name, as the release has it and as the fix leaves it, the statement that uses it, and another.
DEFINED = {
    "macro": ("#define OLD 1\n", "", "sum += OLD;"),
    "constant": ("enum { OLD, KEPT };\n", "enum { KEPT = 1 };\n", "sum += OLD;"),
    "function": ("static inline int old(int x)\n{\n    return x;\n}\n", "", "sum += old(1);"),
    "variable": ("static int old = 1;\n", "", "sum += old;"),
    "type": ("typedef int old_t;\n", "", "sum += (old_t)1;"),
    "structure": ("struct old {\n    int one;\n};\n", "", "sum += sizeof(struct old);"),
    "member": (
        "struct thing {\n    int old;\n    int kept;\n};\n",
        "struct thing {\n    int kept;\n};\n",
        "sum += ((struct thing){ 0 }).old;",
    ),
}


TIDY = {26: "sum -= 26;"}
#: The program that the fix makes.
FIXED = program({22: "sum += 2;", 24: "sum += 100;", **TIDY})


def stages(defined: str, left: str, use: str) -> tuple[Files, Files, Files, Files]:
    """Return a root and three changes: one takes the ``use`` away, one tidies, and the fix, in whose context both are,
    takes the definition away, in whose place it leaves ``left``."""
    return (
        {"lib.h": HEADER.format(defined), "main.c": program({22: use})},
        {"main.c": program({22: "sum += 2;"})},
        {"main.c": program({22: "sum += 2;", **TIDY})},
        {"lib.h": HEADER.format(left), "main.c": FIXED},
    )


@judged
@pytest.mark.parametrize("what", DEFINED)
def test_the_use_of_a_name_goes_before_the_name(what: str, tmp_path: Path) -> None:
    place = story(tmp_path, *stages(*DEFINED[what]))

    assert refreshed(place, tmp_path, "--no-symbols") == []
    assert not compiles(place, tmp_path)
    assert refreshed(place, tmp_path) == [(1, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_a_static_function_of_the_same_file(tmp_path: Path) -> None:
    helper = "static int old(int x)\n{\n    return x;\n}\n"
    place = story(
        tmp_path,
        {"lib.h": "", "main.c": program({22: "sum += old(2);"}, helper)},
        {"main.c": program({22: "sum += 2;"}, helper)},
        {"main.c": program({22: "sum += 2;", **TIDY}, helper)},
        {"main.c": FIXED},
    )

    assert refreshed(place, tmp_path) == [(1, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_a_local_variable(tmp_path: Path) -> None:
    place = story(
        tmp_path,
        {"lib.h": "", "main.c": program({2: "int old = 1;", 22: "sum += old;"})},
        {"main.c": program({2: "int old = 1;", 22: "sum += 2;"})},
        {"main.c": program({2: "int old = 1;", 22: "sum += 2;", **TIDY})},
        {"main.c": FIXED},
    )

    assert refreshed(place, tmp_path) == [(1, "symbol")]
    assert compiles(place, tmp_path)


OTHER = '#include "lib.h"\nint other(void)\n{{\n    return {};\n}}\n'


@judged
def test_a_use_in_a_file_that_the_fix_does_not_touch(tmp_path: Path) -> None:
    root, first, tidy, fix = stages("#define OLD 1\n", "", "sum += 22;")
    used, over = OTHER.format("OLD"), OTHER.format("1")
    place = story(tmp_path, {**root, "other.c": used}, {**first, "other.c": over}, tidy, fix)

    assert refreshed(place, tmp_path) == [(1, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_a_use_in_a_file_that_gets_another_name_first(tmp_path: Path) -> None:
    root, first, tidy, fix = stages("#define OLD 1\n", "", "sum += 22;")
    used, over = OTHER.format("OLD"), OTHER.format("1")
    renamed = {"other.c": None, "more.c": used}
    place = story(tmp_path, {**root, "other.c": used}, renamed, {**first, "more.c": over}, tidy, fix)

    assert refreshed(place, tmp_path) == [(1, "symbol"), (2, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_a_use_that_another_prerequisite_brings(tmp_path: Path) -> None:
    root, _, _, fix = stages("#define OLD 1\n", "", "sum += 22;")
    brought = {24: "sum += 240;", 33: "sum += OLD;"}  # the fix takes out its line 24
    over = {24: "sum += 240;"}
    place = story(
        tmp_path,
        root,
        {"main.c": program(brought)},
        {"main.c": program(over)},
        {"main.c": program({22: "sum += 2;", **over})},
        {"main.c": program({22: "sum += 2;", **over, **TIDY})},
        fix,
    )

    assert refreshed(place, tmp_path) == [(1, "change"), (2, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_what_takes_the_use_away_brings_what_it_needs(tmp_path: Path) -> None:
    now = {22: "sum += FRESH;"}
    place = story(
        tmp_path,
        {"lib.h": HEADER.format("#define OLD 1\n\n\n\n\n\n"), "main.c": program({22: "sum += OLD;"})},
        {"lib.h": HEADER.format("#define OLD 1\n\n\n\n\n\n#define FRESH 2\n")},
        {"main.c": program(now)},
        {"main.c": program({**now, **TIDY})},
        {"lib.h": HEADER.format("\n\n\n\n\n#define FRESH 2\n"), "main.c": program({**now, 24: "sum += 100;", **TIDY})},
    )

    assert refreshed(place, tmp_path) == [(1, "symbol"), (2, "symbol")]
    assert compiles(place, tmp_path)


CONSTANT, FEWER = "enum { OLD, KEPT };\n", "enum { KEPT = 1 };\n"


@judged
@pytest.mark.parametrize("context", [True, False])
def test_it_is_kept_though_the_queue_gets_no_smaller(context: bool, tmp_path: Path) -> None:
    used, over = OTHER.format("OLD"), OTHER.format("1")
    root = {"lib.h": HEADER.format(CONSTANT), "main.c": program({}), "other.c": used}
    changes = [{"main.c": program({22: "sum += 2;"})}] if context else [{"version": "2\n"}]
    fixed = {"lib.h": HEADER.format(FEWER), "main.c": program({**({22: "sum += 2;"} if context else {}), 24: "sum++;"})}
    place = story(tmp_path, root, *changes, {"other.c": over}, fixed)

    assert refreshed(place, tmp_path) == [(2, "symbol")]
    assert compiles(place, tmp_path)


@judged
@pytest.mark.parametrize("prototype", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_two_headers_that_lose_it_do_not_vouch_for_each_other(prototype: bool, gone: bool, tmp_path: Path) -> None:
    one = "int old(int);\n" if prototype else "#ifndef OLD\n#define OLD 1\n#endif\n"
    include = "" if gone else '#include "more.h"\n'
    root, first, tidy, fix = stages(
        '#include "more.h"\n' + one, include, "sum += old(1);" if prototype else "sum += OLD;"
    )
    left = {"more.h": None if gone else "/* nothing */\n", "old.c": None}
    place = story(
        tmp_path,
        {**root, "more.h": one, "old.c": "int old(int x)\n{\n    return x;\n}\n"},
        first,
        tidy,
        {**fix, **left},
    )

    assert refreshed(place, tmp_path) == [(1, "symbol")]
    assert compiles(place, tmp_path)


@judged
def test_a_macro_of_the_assembler_that_c_uses_in_a_string(tmp_path: Path) -> None:
    header = ".macro KEPT\n    nop\n.endm\n{}"
    old = ".macro OLD_NOP\n    nop\n.endm\n"
    start = 'asm(".include \\"asm.h\\"");\n'
    used, over = (
        f'{start}int other(void)\n{{{{\n    asm("{name}");\n    return 1;\n}}}}\n' for name in ("OLD_NOP", "KEPT")
    )
    place = story(
        tmp_path,
        {"lib.h": "", "asm.h": header.format(old), "main.c": program({}), "other.c": used.format()},
        {"other.c": over.format()},
        {"asm.h": header.format(""), "main.c": program({24: "sum += 100;"})},
    )

    for options in ((), ("--refresh",)):
        assert exported(place, tmp_path, *options) == [(1, "symbol")]
        assert compiles(place, tmp_path)


@judged
def test_macros_are_looked_for_where_context_counts(tmp_path: Path) -> None:
    root, _, _, fix = stages("#define OLD 1\n", "", "sum += 22;")
    used, over = OTHER.format("OLD"), OTHER.format("1")
    now = {"main.c": program({**TIDY})}
    place = story(
        tmp_path,
        {**root, "other.c": used},
        {"other.c": over},
        now,
        {"lib.h": fix["lib.h"], "main.c": program({24: "sum += 100;", **TIDY})},
    )

    assert exported(place, tmp_path) == [(1, "symbol"), (2, "context")]
    assert compiles(place, tmp_path)


@judged
@pytest.mark.parametrize(
    ("defined", "left", "use", "why"),
    [
        ("#define OLD 1\n", "#define OLD 2\n", "sum += OLD;", "it is defined in another way"),
        ("#define OLD 1\n", "", "sum += 2; /* not OLD */", "a comment"),
        ("#define OLD 1\n", "", 'sum += sizeof("OLD");', "a string"),
        ("struct thing {\n    int old;\n    int kept;\n};\n", "struct thing {\n    int kept;\n};\n",
         "int old = 2; sum += old;", "another space"),
        ("#define OLD 1\n", "", "\n#ifdef OLD\n    sum += 2;\n#endif", "a question whether it is there"),
        ("int f(int old);\nextern int old_at_all;\n", "", "int old = 2; sum += old;", "another function's parameter"),
        ("#define MAKE(n) enum { X86_FEATURE_##n = 2 };\n#define XEN_CPUFEATURE MAKE\n#define X86_FEATURE_OLD 1\n",
         "#define MAKE(n) enum { X86_FEATURE_##n = 2 };\n#define XEN_CPUFEATURE MAKE\nXEN_CPUFEATURE(OLD)\n",
         "sum += X86_FEATURE_OLD;", "a form makes it"),
    ],
)  # fmt: skip
def test_what_needs_nothing(defined: str, left: str, use: str, why: str, tmp_path: Path) -> None:
    place = story(tmp_path, *stages(defined, left, use))

    assert refreshed(place, tmp_path) == [], why
    assert compiles(place, tmp_path)


@judged
def test_a_name_that_another_header_defines(tmp_path: Path) -> None:
    more = '#include "more.h"\n'
    root, first, tidy, fix = stages(f"{more}#ifndef OLD\n#define OLD 1\n#endif\n", more, "sum += OLD;")
    place = story(tmp_path, {**root, "more.h": "#define OLD 1\n"}, first, tidy, fix)

    assert refreshed(place, tmp_path) == []
    assert compiles(place, tmp_path)


@judged
def test_a_parameter_of_a_prototype_is_no_name_of_others(tmp_path: Path) -> None:
    prototype, used, over = "int f(int old);\n", "#define USE (old + 1)\n", "#define USE 2\n"
    place = story(
        tmp_path,
        {"lib.h": "", "main.c": program({}, prototype + used)},
        {"main.c": program({}, prototype + over)},
        {"main.c": program(TIDY, prototype + over)},
        {"main.c": program({24: "sum += 100;", **TIDY}, over)},
    )

    assert refreshed(place, tmp_path) == []
    assert compiles(place, tmp_path)


@judged
@pytest.mark.parametrize("left", ["", "#define OLD 1\n"])
def test_a_definition_that_goes_to_a_header(left: str, tmp_path: Path) -> None:
    defined = "#define OLD 1\n"
    place = story(
        tmp_path,
        {"lib.h": "#define KEPT 1\n", "main.c": program({22: "sum += OLD;"}, defined)},
        {"main.c": program({22: "sum += 2;"}, defined)},
        {"main.c": program({22: "sum += 2;", **TIDY}, defined)},
        {"lib.h": f"#define KEPT 1\n{left}", "main.c": FIXED},
    )

    assert refreshed(place, tmp_path) == ([] if left else [(1, "symbol")])
    assert compiles(place, tmp_path)


@judged
def test_a_function_that_goes_to_another_file(tmp_path: Path) -> None:
    prototype, function = "int old(int x);\n", "int old(int x)\n{\n    return x;\n}\n"
    place = story(
        tmp_path,
        {"lib.h": prototype, "main.c": program({22: "sum += old(2);"}, function), "other.c": "int other;\n"},
        {"main.c": program({22: "sum += 2;"}, function)},
        {"main.c": program({22: "sum += 2;", **TIDY}, function)},
        {"main.c": FIXED, "other.c": function},
    )

    assert refreshed(place, tmp_path) == []
    assert compiles(place, tmp_path)


@judged
def test_a_header_that_gets_another_name_and_keeps_one_of_two_definitions(tmp_path: Path) -> None:
    both = f"{'/* long */' * 20}\n" * 8 + "#ifdef MORE\n#define OLD 2\n#else\n#define OLD 1\n#endif\n"
    include, again = '#include "old.h"\n', '#include "new.h"\n'
    place = story(
        tmp_path,
        {"lib.h": include, "old.h": both, "main.c": program({22: "sum += OLD;"})},
        {"main.c": program({22: "sum += 2;"})},
        {"main.c": program({22: "sum += 2;", **TIDY})},
        {"lib.h": again, "old.h": None, "new.h": both.replace("#define OLD 2\n", ""), "main.c": FIXED},
    )

    assert refreshed(place, tmp_path) == []


@judged
def test_a_local_variable_of_another_function(tmp_path: Path) -> None:
    def both(first: str, changed: Mapping[int, str]) -> str:
        return program(changed, f"int other(void)\n{{\n{first}    return 1;\n}}\n" + "/* far */\n" * 9)

    own = {2: "int old = 1;"}
    place = story(
        tmp_path,
        {"lib.h": "", "main.c": both("    int old = 2;\n", {**own, 22: "sum += old;"})},
        {"main.c": both("    int old = 2;\n", {**own, 22: "sum += 2;"})},
        {"main.c": both("    int old = 2;\n", {**own, 22: "sum += 2;", **TIDY})},
        {"main.c": both("", {**own, 22: "sum += 2;", 24: "sum += 100;", **TIDY})},
    )

    assert refreshed(place, tmp_path) == []
    assert compiles(place, tmp_path)


def test_a_file_of_another_architecture(tmp_path: Path) -> None:
    header, user = "arch/x86/lib.h", "arch/arm/main.c"
    root, first, tidy, fix = stages(CONSTANT, FEWER, "sum += OLD;")
    moved = [{{"lib.h": header, "main.c": user}[name]: text for name, text in files.items()} for files in (root, fix)]
    place = story(tmp_path, moved[0], {user: first["main.c"]}, {user: tidy["main.c"]}, moved[1])

    assert refreshed(place, tmp_path) == []


@judged
def test_a_file_that_has_a_definition_of_its_own(tmp_path: Path) -> None:
    root, first, tidy, fix = stages("extern int old;\n", "", "sum += 22;")
    start, end = '#include "lib.h"\nint old;\nint other(void)\n{\n', "}\n"
    used, over = f"{start}    return old;\n{end}", f"{start}    return 2;\n{end}"
    place = story(tmp_path, {**root, "other.c": used}, {**first, "other.c": over}, tidy, fix)

    assert refreshed(place, tmp_path) == []
    assert compiles(place, tmp_path)


def test_submodules_and_odd_names_do_not_matter(tmp_path: Path) -> None:
    root, first, tidy, fix = stages(*DEFINED["function"])
    odd = {"dir/.h": "int old;\n", "dir/.c": "int old;\n", "dir/Makefile.h": "int old;\n"}
    draft = Draft()
    draft.release("1.0.0", {**encoded({**root, **odd}), "ext.py": File(b"1" * 40, "160000")})
    draft.commit(
        "change 1", {**encoded({**first, **odd, "dir/.h": "int old = 1;\n"}), "ext.py": File(b"2" * 40, "160000")}
    )
    draft.commit("change 2", encoded(tidy))
    draft.commit("the fix\n\nThis is XSA-1.", encoded({**fix, **dict.fromkeys(odd)}))
    place = draft.write(tmp_path / "story")

    assert refreshed(place, tmp_path) == [(1, "change")]


def test_a_name_that_the_branch_still_uses(tmp_path: Path) -> None:
    still = {4: "sum += OLD;"}
    now = {22: "sum += 2;", **still}
    place = story(
        tmp_path,
        {"lib.h": HEADER.format("#define OLD 1\n"), "main.c": program({22: "sum += OLD;", **still})},
        {"main.c": program(now)},
        {"main.c": program({**now, **TIDY})},
        {"lib.h": HEADER.format(""), "main.c": program({**now, 24: "sum += 100;", **TIDY})},
    )

    # It comes from somewhere that can't be seen from here, so that nothing is amiss.
    assert refreshed(place, tmp_path) == []


def test_what_takes_the_use_away_can_not_be_had(tmp_path: Path) -> None:
    root, first, tidy, fix = stages("#define OLD 1\n", "", "sum += OLD;")
    draft = Draft()
    release = draft.release("1.0.0", encoded({**root, "other.c": "int a;\nint b;\n"}))
    draft.commit("our own", encoded({"other.c": "int mine;\n"}), on="own", after=release)
    draft.commit("change 1", encoded({**first, "other.c": "int a;\nint c;\n"}))
    draft.commit("change 2", encoded(tidy))
    draft.commit("the fix\n\nThis is XSA-1.", encoded(fix))
    place = draft.write(tmp_path / "story")

    words = ("--onto", "own", "--tip", "stable-1.0", "--xsa", "1", "-o", str(tmp_path / "made"), "--refresh", "--json")
    answer = place.run("export", *words)
    assert answer.status == 0
    assert json.loads(answer.out)["prerequisites"] == []


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_reason_is_told(tmp_path: Path) -> None:
    place = story(tmp_path, *stages(*DEFINED["member"]))
    words = ("--onto", RELEASE, "--xsa", "1", "-o", str(tmp_path / "made"), "--refresh", "--json")
    (found,) = json.loads(place.run("export", *words).out)["prerequisites"]

    assert found["reasons"] == [
        {
            "needed_by": place[4],
            "path": "lib.h",
            "hunk": 1,
            "line": "    int old;",
            "symbol": "old",
            "kind": "symbol",
            "gone": True,
            "note": None,
            "used": {"path": "main.c", "line": "    sum += ((struct thing){ 0 }).old;"},
        }
    ]
    assert "needed by 0002-xsa1-the-fix.refreshed.patch (symbol): lib.h hunk 1\n" in text(tmp_path / "made" / "README")


def test_why_shows_what_is_taken_away_and_where_it_is_used(tmp_path: Path) -> None:
    root, _, _, fix = stages("#define OLD 1\n", "", "sum += 22;")
    changes = {"other.c": OTHER.format("1")}, {"lib.h": fix["lib.h"], "main.c": program({24: "sum += 100;"})}
    place = story(tmp_path, {**root, "main.c": program({}), "other.c": OTHER.format("OLD")}, *changes)
    done = place.run("prereqs", "--onto", RELEASE, "--xsa", "1", "--why")

    assert done.out.splitlines()[-7:] == [
        f"{place.short(2)} change 1",
        "  symbol prerequisite",
        f"  needed by XSA-1 {place.short(3)} the fix",
        "    lib.h, hunk 1: removes the name OLD",
        "      -#define OLD 1",
        "      which is used until this commit in other.c",
        "      -    return OLD;",
    ]
