"""Prerequisites for names: what a patch uses, the release lacks, and a commit of the branch introduces.

Each test is a branch: a root that is the release, commits, and the last one is the patch.  The files are C unless a
test says otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from repositories import Draft, File, Place, branch_with_fix, encoded, run

Change = Mapping[str, str | None]

#: A file that uses a header; ``body`` goes into the function.
USER = """#include "lib.h"

static int before(void)
{{
    int other = 1;

    return other;
}}

int user(struct thing *t)
{{
    int a = 0;
{body}
    a += 1;
    a += 2;
    a += 3;

    return a;
}}
"""


def user(body: str = "") -> str:
    return USER.format(body=body)


LIB = "#ifndef LIB_H\n#define LIB_H\n\nstruct thing {\n    int first;\n    int last;\n};\n\n#endif\n"


def ask(place: Place, *options: str) -> dict[str, Any]:
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json", *options)
    assert done.err == ""
    found: dict[str, Any] = json.loads(done.out)
    return found


def needs(place: Place, *options: str) -> list[tuple[int, str]]:
    """Return the prerequisites by their number in the branch (the first change is 1), each with its kind."""
    numbers = {name: number - 1 for number, name in place.ids.items()}
    return [(numbers[item["commit"]], item["kind"]) for item in ask(place, *options)["prerequisites"]]


WITH_HELPER = LIB.replace("#endif", "static inline int helper(int x)\n{\n    return x;\n}\n\n#endif")


def test_a_function_of_a_header(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": LIB, "user.c": user()}, {"lib.h": WITH_HELPER}, {"user.c": user("    a = helper(a);")}
    )
    answer = ask(place)
    assert answer["state"] == "needs-prerequisites"
    (found,) = answer["prerequisites"]
    assert (found["commit"], found["kind"]) == (place[2], "symbol")
    assert found["reasons"] == [
        {
            "needed_by": place[3],
            "path": "user.c",
            "hunk": 1,
            "line": "    a = helper(a);",
            "symbol": "helper",
            "kind": "symbol",
            "gone": False,
            "note": None,
            "introduced": {
                "path": "lib.h",
                "line": "static inline int helper(int x)",
                "chosen": "only",
                "also_by": [],
            },
        }
    ]
    assert ask(place, "--no-symbols")["state"] == "applies"


def test_why_shows_the_name_where_it_is_used_and_where_it_comes_from(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": LIB, "user.c": user()}, {"lib.h": WITH_HELPER}, {"user.c": user("    a = helper(a);")}
    )
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    assert done.out.splitlines()[-7:] == [
        f"{place.short(2)} change 1",
        "  symbol prerequisite",
        f"  needed by XSA-1 {place.short(3)} the fix",
        "    user.c, hunk 1: uses the name helper",
        "           a = helper(a);",
        "      which this commit introduces in lib.h",
        "      +static inline int helper(int x)",
    ]


def test_check_and_the_line_form_have_it_too(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path, {"lib.h": LIB, "user.c": user()}, {"lib.h": WITH_HELPER}, {"user.c": user("    a = helper(a);")}
    )
    done = run(place.folder, "check", "--onto", "RELEASE-1.0.0")
    assert (done.status, done.out.splitlines()[1]) == (1, "  1 outstanding XSA in 1 commit: it needs 1 prerequisite")
    assert run(place.folder, "check", "--onto", "RELEASE-1.0.0", "--no-symbols").status == 0
    line = f"RELEASE-1.0.0 {place[3]}\n"
    assert run(place.folder, "prereqs", "--stdin", given=line).out == f"needs-prerequisites +{place[2]} {place[3]}\n"
    assert run(place.folder, "prereqs", "--stdin", "--no-symbols", given=line).out == f"applies {place[3]}\n"


MEMBER = LIB.replace("    int last;", "    int fresh;\n    int last;")
TYPE = LIB.replace("#endif", "typedef unsigned int fresh_t;\n\n#endif")
MACRO = LIB.replace("#endif", "#define FRESH(x) ((x) + 1)\n\n#endif")
CONSTANT = LIB.replace("#endif", "enum { OLD, FRESH };\n\n#endif")
VARIABLE = LIB.replace("#endif", "extern int fresh;\n\n#endif")
TAG = LIB.replace("#endif", "struct fresh {\n    int x;\n};\n\n#endif")
PER_CPU = LIB.replace("#endif", "DECLARE_PER_CPU(int, fresh);\n\n#endif")
TEXT = LIB.replace("#endif", '#define FRESH "text"\n\n#endif')
NEGATIVE = LIB.replace("#endif", "#define FRESH -1\n\n#endif")
FIRST = LIB.replace("#endif", "enum old { FRESH, OLD };\n\n#endif")
FUNCTION_POINTER = LIB.replace("#endif", "typedef int (*fresh_t)(int x);\n\n#endif")


@pytest.mark.parametrize(
    ("lib", "body"),
    [
        (MEMBER, "    a = t->fresh;"),
        (TYPE, "    fresh_t b = a;"),
        (MACRO, "    a = FRESH(a);"),
        (CONSTANT, "    a = FRESH;"),
        (VARIABLE, "    a = fresh;"),
        (TAG, "    struct fresh b = {};"),
        (PER_CPU, "    a = this_cpu(fresh);"),
        (TEXT, "    puts(FRESH);"),
        (NEGATIVE, "    a = FRESH;"),
        (FIRST, "    a = FRESH;"),
        (FUNCTION_POINTER, "    fresh_t b = 0;"),
    ],
    ids=[
        "member",
        "type",
        "macro",
        "constant",
        "variable",
        "tag",
        "per cpu",
        "text",
        "negative number",
        "first constant",
        "function pointer",
    ],
)
def test_names_of_every_kind(tmp_path: Path, lib: str, body: str) -> None:
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, {"lib.h": lib}, {"user.c": user(body)})
    assert needs(place) == [(1, "symbol")]


@pytest.mark.parametrize(
    "body",
    [
        "    /* helper(a) */ a = 1;",
        '    puts("helper(a)");',
        "    // helper(a)",
        "    t->helper = a;",
        "    int helper = a;",
        " helper:",
        "#ifdef helper",
    ],
    ids=["comment", "string", "line comment", "member", "definition", "label", "question"],
)
def test_what_is_no_use_of_the_name_needs_nothing(tmp_path: Path, body: str) -> None:
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, {"lib.h": WITH_HELPER}, {"user.c": user(body)})
    assert needs(place) == []


def test_a_comment_that_begins_before_the_patch_is_one(tmp_path: Path) -> None:
    commented = user("    /*\n     * one\n     * two\n     * three\n     * four\n     * five\n     */")
    fixed = commented.replace("     * three\n", "     * three helper(a)\n")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": commented}, {"lib.h": WITH_HELPER}, {"user.c": fixed})
    assert needs(place) == []


def test_a_name_that_the_release_has_elsewhere_needs_nothing(tmp_path: Path) -> None:
    root = {"lib.h": LIB, "old.h": "int helper(int x);\n", "user.c": user()}
    place = branch_with_fix(tmp_path, root, {"lib.h": WITH_HELPER}, {"user.c": user("    a = helper(a);")})
    assert needs(place) == []


def test_a_name_that_the_release_has_in_a_comment_only_is_missing(tmp_path: Path) -> None:
    root = {"lib.h": LIB, "old.h": "/* helper(x) would be nice */\n", "user.c": user()}
    place = branch_with_fix(tmp_path, root, {"lib.h": WITH_HELPER}, {"user.c": user("    a = helper(a);")})
    assert needs(place) == [(1, "symbol")]


def test_a_name_that_the_patch_brings_itself_needs_nothing(tmp_path: Path) -> None:
    gone = LIB
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "user.c": user()},
        {"lib.h": WITH_HELPER},
        {"lib.h": gone},
        {"lib.h": WITH_HELPER, "user.c": user("    a = helper(a);")},
    )
    assert needs(place) == []


def test_two_uses_of_one_patch_do_not_vouch_for_each_other(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "user.c": user(), "other.h": "#define OTHER 1\n"},
        {"lib.h": LIB.replace("#endif", "#define FRESH 1\n\n#endif")},
        {"other.h": "#define OTHER FRESH\n", "more.h": "#define MORE FRESH\n"},
    )
    assert needs(place) == [(1, "symbol")]


def test_a_name_in_a_file_that_this_one_can_not_see_supplies_nothing(tmp_path: Path) -> None:
    root = {"xen/arch/x86/lib.h": LIB, "xen/arch/arm/lib.h": LIB, "xen/arch/x86/user.c": user()}
    place = branch_with_fix(
        tmp_path, root, {"xen/arch/arm/lib.h": WITH_HELPER}, {"xen/arch/x86/user.c": user("    a = helper(a);")}
    )
    assert needs(place) == []


# -- scope


def test_a_local_variable_comes_from_the_same_function(tmp_path: Path) -> None:
    # As XSA-265 on RELEASE-4.10.1: the patch applies without the commit that declares the variable.
    declared = user().replace("    int a = 0;\n", "    int a = 0;\n    int slot = 4;\n")
    fixed = declared.replace("    a += 3;\n", "    a += 3 + slot;\n")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, {"user.c": declared}, {"user.c": fixed})
    assert needs(place, "--no-symbols") == []
    assert needs(place) == [(1, "symbol")]


def test_a_local_variable_of_another_function_supplies_nothing(tmp_path: Path) -> None:
    declared = user().replace("    int other = 1;\n", "    int other = 1, slot = 4;\n")
    fixed = declared.replace("    a += 3;\n", "    a += 3 + slot;\n")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, {"user.c": declared}, {"user.c": fixed})
    assert needs(place) == []


def test_a_variable_of_another_function_in_the_release_does_not_stand_in(tmp_path: Path) -> None:
    root = user().replace("int other = 1;", "int other = 1, slot = 2;").replace("return other", "return other + slot")
    declared = root.replace("    int a = 0;\n", "    int a = 0;\n    int slot = 4;\n")
    fixed = declared.replace("    a += 3;\n", "    a += 3 + slot;\n")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": root}, {"user.c": declared}, {"user.c": fixed})
    assert needs(place) == [(1, "symbol")]


def test_a_label_comes_from_the_same_function(tmp_path: Path) -> None:
    labelled = user().replace("    return a;\n", "\n\n out:\n    return a;\n")
    fixed = labelled.replace("int a = 0;\n", "int a = 0;\n\n    if ( !t )\n        goto out;\n")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, {"user.c": labelled}, {"user.c": fixed})
    assert needs(place) == [(1, "symbol")]


# -- several suppliers, chains, limits


def test_the_oldest_of_several_suppliers_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "new.h": "/* new */\n", "user.c": user()},
        {"lib.h": WITH_HELPER},
        {"lib.h": LIB, "new.h": "int helper(int x);\n"},
        {"user.c": user("    a = helper(a);")},
    )
    (found,) = ask(place)["prerequisites"]
    assert found["commit"] == place[2]
    assert found["reasons"][0]["introduced"] == {
        "path": "lib.h",
        "line": "static inline int helper(int x)",
        "chosen": "oldest",
        "also_by": [place[3]],
    }
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    assert f"      ({place.short(3)} could supply it, too; the oldest commit is used)\n" in done.out


def test_a_supplier_that_the_queue_holds_anyway_is_taken(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "new.h": "/* new */\n", "user.c": user()},
        {"lib.h": WITH_HELPER},
        {"new.h": "int helper(int x);\nint fresh(int x);\n"},
        {"user.c": user("    a = fresh(a);\n    a = helper(a);")},
    )
    (found,) = ask(place)["prerequisites"]
    assert found["commit"] == place[3]
    fresh, helper = found["reasons"]
    assert (fresh["symbol"], fresh["introduced"]["chosen"], fresh["introduced"]["also_by"]) == ("fresh", "only", [])
    assert helper["symbol"] == "helper"
    assert (helper["introduced"]["chosen"], helper["introduced"]["also_by"]) == ("selected", [place[2]])
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    also = f"      ({place.short(2)} could supply it, too; this one, which is in the queue anyway, is used)\n"
    assert also in done.out


def test_of_several_files_of_one_supplier_the_first_is_shown_on_every_run(tmp_path: Path) -> None:
    """Python orders sets by a seed that is another one on each run."""
    headers = {f"lib{number}.h": LIB for number in range(6)}
    fresh = dict.fromkeys(headers, WITH_HELPER)
    place = branch_with_fix(tmp_path, {**headers, "user.c": user()}, fresh, {"user.c": user("    a = helper(a);")})
    words = (sys.executable, "-m", "git_xsa", "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json")
    shown = []
    for seed in ("1", "2", "3", "4"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(words, cwd=place.folder, env=environment, capture_output=True, check=False)
        [prerequisite] = json.loads(done.stdout)["prerequisites"]
        shown.append(prerequisite["reasons"][0]["introduced"]["path"])
    assert shown == ["lib0.h"] * 4


def test_the_next_supplier_is_taken_where_the_oldest_can_not_be_had(tmp_path: Path) -> None:
    root = {"lib.h": LIB, "new.h": "/* new */\n", "user.c": user()}
    draft = Draft()
    draft.release("1.0.0", encoded(root))
    draft.commit("helper", encoded({"lib.h": WITH_HELPER}))
    draft.commit("helper again", encoded({"lib.h": LIB, "new.h": "int helper(int x);\n"}))
    draft.commit("helper alone", encoded({"own.h": "int helper(int x);\n"}))
    draft.commit("the fix\n\nThis is XSA-1.", encoded({"user.c": user("    a = helper(a);")}))
    draft.commit("ours", encoded({"lib.h": LIB.replace("#endif", "/* ours */\n#endif /* ours */")}), on="own", after=1)
    place = draft.write(tmp_path)
    words = ("prereqs", "--onto", "own", "--tip", "stable-1.0", "--xsa", "1")
    (found,) = json.loads(run(place.folder, *words, "--json").out)["prerequisites"]
    assert found["commit"] == place[4]
    assert found["reasons"][0]["introduced"]["chosen"] == "applicable"
    assert found["reasons"][0]["introduced"]["also_by"] == [place[2], place[3]]
    assert "; the oldest commit that can be applied is used)\n" in run(place.folder, *words, "--why").out


def test_what_a_supplier_needs_follows_it(tmp_path: Path) -> None:
    first = LIB.replace("#endif", "#define ONE 1\n\n#endif")
    second = first.replace("#define ONE 1\n", "#define ONE 1\n#define TWO (ONE + ONE)\n")
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "user.c": user()},
        {"lib.h": first},
        {"lib.h": second},
        {"user.c": user("    a = TWO;")},
    )
    assert needs(place) == [(1, "symbol"), (2, "symbol")]
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    assert "\n  symbol prerequisite, through another one\n" in done.out


def test_a_name_that_a_supplier_uses_is_looked_for_too(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "a.h": "/* a */\n", "b.h": "/* b */\n", "user.c": user()},
        {"a.h": "/* a */\n#define ONE 1\n"},
        {"b.h": "/* b */\n#define TWO (ONE + ONE)\n"},
        {"user.c": user("    a = TWO;")},
    )
    assert needs(place) == [(1, "symbol"), (2, "symbol")]


def test_names_that_need_each_other_end(tmp_path: Path) -> None:
    # Two commits of which each uses a name that the other one has, too: a later one never supplies an earlier one.
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "a.h": "/* a */\n", "b.h": "/* b */\n", "user.c": user()},
        {"a.h": "/* a */\n#define PING (PONG + 1)\n"},
        {"b.h": "/* b */\n#define PONG (PING - 1)\n"},
        {"user.c": user("    a = PONG;")},
    )
    assert needs(place) == [(1, "symbol"), (2, "symbol")]


def test_a_supplier_after_the_patch_is_none(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", encoded({"lib.h": LIB, "user.c": user()}))
    draft.commit("the fix\n\nThis is XSA-1.", encoded({"user.c": user("    a = helper(a);")}))
    draft.commit("later", encoded({"lib.h": WITH_HELPER}))
    assert needs(draft.write(tmp_path)) == []


def test_a_supplier_that_the_release_has_taken_in_supplies(tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", encoded({"lib.h": LIB, "user.c": user()}))
    draft.release("0.9.0", {"version": b"0.9.0\n"})
    draft.commit("helper", encoded({"lib.h": WITH_HELPER}))
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("the fix\n\nThis is XSA-1.", encoded({"user.c": user("    a = helper(a);")}))
    place = draft.write(tmp_path)
    asked = f"RELEASE-0.9.0 {place[5]}\nRELEASE-1.0.0 {place[5]}\nRELEASE-0.9.0 {place[5]}\n"
    answers = run(place.folder, "prereqs", "--stdin", given=asked).out.splitlines()
    with_it = f"needs-prerequisites +{place[3]} {place[5]}"
    assert answers == [with_it, f"applies {place[5]}", with_it]


def test_a_name_that_nothing_can_supply_on_this_base(tmp_path: Path) -> None:
    """The patch alone applies, but would not build; what is in the way of the commit with the name is said."""
    draft = Draft()
    draft.release("1.0.0", encoded({"lib.h": LIB, "user.c": user()}))
    draft.commit("helper", encoded({"lib.h": WITH_HELPER}))
    draft.commit("the fix\n\nThis is XSA-1.", encoded({"user.c": user("    a = helper(a);")}))
    draft.commit("ours", encoded({"lib.h": LIB.replace("#endif", "/* ours */\n#endif /* ours */")}), on="own", after=1)
    place = draft.write(tmp_path)
    done = run(place.folder, "prereqs", "--onto", "own", "--tip", "stable-1.0", "--xsa", "1")
    assert done.status == 2
    assert f"{place.short(2)}, hunk 1 of lib.h: lines that own itself removed\n      -#endif\n" in done.out


# -- files, tables and languages


def test_a_header_that_a_commit_makes(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "user.c": user()},
        {"fresh.h": "/* nothing in it */\n"},
        {"user.c": user().replace('#include "lib.h"\n', '#include "lib.h"\n#include "fresh.h"\n')},
    )
    (found,) = ask(place)["prerequisites"]
    assert (found["commit"], found["reasons"][0]["symbol"]) == (place[2], "fresh.h")


FEATURES = "XEN_CPUFEATURE(FPU, 0) /*A */\nXEN_CPUFEATURE(MCE, 1) /*A */\n"


@pytest.mark.parametrize("body", ["    a = X86_FEATURE_NEW;", "    a = t->new;"])
def test_a_name_made_from_a_table(tmp_path: Path, body: str) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "features.h": FEATURES, "user.c": user()},
        {"features.h": f"{FEATURES}XEN_CPUFEATURE(NEW, 2) /*A */\n"},
        {"user.c": user(body)},
    )
    assert needs(place) == [(1, "symbol")]


GENERATOR = """import re, sys

for line in sys.stdin:
    if line.startswith("X("):
        print(line)
"""
COUNTING = GENERATOR.replace("\n\nfor", '\n\nword_regex = re.compile(r"word (.*) \\*/")\n\nfor')
TABLE = "/* old, word 0 */\nX(A, 0)\n"


@pytest.mark.parametrize(
    ("release", "change", "expected"),
    [
        (GENERATOR, COUNTING, [(1, "symbol")]),
        (COUNTING, COUNTING + "# more\n", []),  # it understands such lines already
        (GENERATOR, GENERATOR + "# more\n", []),  # and here nothing ever does
    ],
)
def test_a_line_that_only_a_later_program_reads(
    tmp_path: Path, release: str, change: str, expected: list[tuple[int, str]]
) -> None:
    table = "include/cpufeatureset.h"
    place = branch_with_fix(
        tmp_path,
        {table: TABLE, "tools/gen-cpuid.py": release},
        {"tools/gen-cpuid.py": change},
        {table: TABLE + "\n/* new, word 1 */\n"},
    )
    assert needs(place) == expected
    if expected:
        shown = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why").out
        assert "has a line that is understood only with the name word_regex\n       /* new, word 1 */\n" in shown
        assert '\n      +word_regex = re.compile(r"word (.*) \\*/")\n' in shown


def test_a_later_program_may_be_in_the_queue_already(tmp_path: Path) -> None:
    table = "include/cpufeatureset.h"
    place = branch_with_fix(
        tmp_path,
        {table: TABLE, "tools/gen-cpuid.py": GENERATOR, "user.c": user()},
        {"tools/gen-cpuid.py": COUNTING, "user.c": user("    a = 1;")},
        {table: TABLE + "\n/* new, word 1 */\n", "user.c": user("    a = 2;")},
    )
    assert needs(place) == [(1, "change")]


def test_readings_can_be_added(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"t.h": "a\n", "mk.py": "pass\n"},
        {"mk.py": "part_regex = 1\n"},
        {"t.h": "a\n/* part 12 */\n"},
    )
    assert needs(place) == []
    place.git("config", "--add", "xsa.symbolForm", "t.h: part # <= mk.py: part_regex")
    assert needs(place) == [(1, "symbol")]
    place.git("config", "xsa.symbolForm", "t.h: # <= mk.py: part_regex")
    assert run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1").status == 128


def test_forms_can_be_added(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "features.h": "MINE(OLD)\n", "user.c": user()},
        {"features.h": "MINE(OLD)\nMINE(NEW)\n"},
        {"user.c": user("    a = MY_NEW;")},
    )
    assert needs(place) == []
    place.git("config", "--add", "xsa.symbolForm", "MINE(*) => MY_*")
    assert needs(place) == [(1, "symbol")]
    place.git("config", "xsa.symbolForm", "MINE")
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1")
    assert (done.status, done.out) == (128, "")
    assert done.err == (
        "fatal: the setting xsa.symbolForm is 'MINE': it must be what is written and the name that comes of it\n"
        "hint: git config xsa.symbolForm 'MACRO(*) => NAME_*'\n"
    )


def test_a_name_made_from_a_number(tmp_path: Path) -> None:
    errata = "CHECK_WORKAROUND_HELPER(843419, X, Y)\n"
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "errata.h": errata, "user.c": user()},
        {"errata.h": f"{errata}CHECK_WORKAROUND_HELPER(858921, X, Y)\n"},
        {"user.c": user("    a = check_workaround_858921();")},
    )
    assert needs(place) == [(1, "symbol")]


def test_a_name_made_from_a_table_of_words(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "xlat.lst": "! old_type\tlib.h\n", "user.c": user()},
        {"xlat.lst": "! old_type\tlib.h\n?\tnew_type\tlib.h\n"},
        {"user.c": user("    CHECK_new_type;")},
    )
    assert needs(place) == [(1, "symbol")]


LANGUAGES = {
    "a.py": (
        "import sys\n",
        "import sys\n\n\ndef helper(x):\n    return x\n",
        "b.py",
        "print(1)\n",
        "print(helper(1))\n",
    ),
    "a.mli": (
        "val old : int\n",
        "val old : int\nval helper : int -> int\n",
        "b.ml",
        "let a = 1\n",
        "let a = helper 1\n",
    ),
    "a.ml": (
        "type t =\n  | Old\n",
        "type t =\n  | Old\n  | Helper of int\n",
        "c.ml",
        "let a = 1\n",
        "let a = Helper 1\n",
    ),
    "a.S": ("ENTRY(old)\n ret\n", "ENTRY(old)\n ret\nENTRY(helper)\n ret\n", "b.S", " nop\n", " nop\n call helper\n"),
    "Kconfig": ("config OLD\n", "config OLD\nconfig HELPER\n", "Makefile", "a := 1\n", "a := $(CONFIG_HELPER)\n"),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_other_languages(tmp_path: Path, name: str) -> None:
    before, after, used_in, text, fixed = LANGUAGES[name]
    place = branch_with_fix(tmp_path, {name: before, used_in: text}, {name: after}, {used_in: fixed})
    assert needs(place) == [(1, "symbol")]


def test_a_patch_file_has_names_too(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path / "x",
        {"lib.h": LIB, "user.c": user()},
        {"lib.h": WITH_HELPER},
        {"user.c": user("    a = helper(a);")},
    )
    patch = tmp_path / "fix.patch"
    patch.write_bytes(place.patch(3))
    place.git("reset", "--hard", "-q", "HEAD~1")
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", str(patch), "--json")
    answer = json.loads(done.out)
    assert [(item["commit"], item["kind"]) for item in answer["prerequisites"]] == [(place[2], "symbol")]


def test_odd_files_do_not_matter(tmp_path: Path) -> None:
    """Links, submodules and binary files with names of code are no code; a name may have any bytes."""
    draft = Draft()
    draft.release("1.0.0", {"l.h": File(b"x.h", "120000"), "b.c": b"\0\1", "s.c": File(b"1" * 40, "160000")})
    draft.commit("helper", {"l.h": File(b"y.h", "120000"), b"\xff.h": b"int helper;\n"})
    files: dict[str, bytes | File | None] = {
        "b.c": b"\0helper\n",
        "s.c": File(b"2" * 40, "160000"),
        "u.c": b"int a = helper;\n",
    }
    draft.commit("the fix\n\nThis is XSA-1.", files)
    assert needs(draft.write(tmp_path)) == [(1, "symbol")]


# -- the sets build


@pytest.mark.parametrize("own", [False, True], ids=["header", "local"])
def test_what_is_found_builds_with_gcc(tmp_path: Path, own: bool) -> None:
    fixed = user("    a = helper(a);")
    supply = {"lib.h": WITH_HELPER}
    if own:
        supply = {"user.c": user().replace("int a = 0;\n", "int a = 0;\n    int slot = 4;\n")}
        fixed = supply["user.c"].replace("a += 3;", "a += 3 + slot;")
    place = branch_with_fix(tmp_path, {"lib.h": LIB, "user.c": user()}, supply, {"user.c": fixed})
    place.git("checkout", "-q", "--detach", "RELEASE-1.0.0")
    built = []
    for queue in ([place[3]], [item["id"] for item in ask(place)["queue"]]):
        place.git("checkout", "-q", "--force", "RELEASE-1.0.0")
        for commit in queue:
            diff = place.git("diff", f"{commit}^", commit) + "\n"
            place.git("apply", given=diff.encode())
        words = ["gcc", "-Wall", "-Werror", "-Wno-unused", "-c", "user.c", "-o", str(tmp_path / "user.o")]
        built.append(subprocess.run(words, cwd=place.folder, capture_output=True, check=False).returncode == 0)
    assert built == [False, True]


def test_a_name_that_a_prerequisite_has_brought_is_there_for_the_next_one(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "more.h": "#define MORE 1\n", "user.c": user()},
        {"lib.h": LIB.replace("#endif", "#define FRESH 1\n\n#endif")},
        {"lib.h": LIB.replace("#endif", "#define FRESH 2\n\n#endif")},
        {"more.h": "#define MORE 1\n#define NEXT (FRESH + 1)\n"},
        {"user.c": user("    a = FRESH + NEXT;")},
    )
    assert needs(place) == [(1, "symbol"), (3, "symbol")]


def test_a_constant_that_the_assembler_gets_from_c(tmp_path: Path) -> None:
    offsets = "void dummy(void)\n{\n    OFFSET(CPU_old, struct cpu, old);\n%s}\n"
    entry = "entry:\n    push %%rax\n%s    pop %%rax\n    ret\n"
    place = branch_with_fix(
        tmp_path,
        {"asm-offsets.c": offsets % "", "entry.S": entry % ""},
        {"asm-offsets.c": offsets % "    OFFSET(CPU_flags, struct cpu, flags);\n"},
        {"entry.S": entry % "    testb $1, CPU_flags(%rsp)\n"},
    )
    assert needs(place) == [(1, "symbol")]


def test_a_header_that_the_patch_deletes_has_no_name(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": '#include "old.h"\n', "old.h": "#define FRESH 1\n", "new.h": "\n", "user.c": user()},
        {"new.h": "#define FRESH 1\n"},
        {"lib.h": '#include "new.h"\n', "old.h": None, "user.c": user("    a = FRESH;")},
    )
    assert needs(place) == [(1, "symbol")]


def test_what_earlier_prerequisites_use_does_not_tell_that_it_is_there(tmp_path: Path) -> None:
    place = branch_with_fix(
        tmp_path,
        {"lib.h": LIB, "more.h": "/* more */\n", "user.c": user()},
        {"lib.h": LIB.replace("#endif", "#define FRESH 1\n\n#endif"), "gone.h": "/* 1 */\n"},
        {"more.h": "#define MORE FRESH\n"},
        {"user.c": user("    a = MORE + FRESH;")},
    )
    assert needs(place) == [(1, "symbol"), (2, "symbol")]


def test_what_supplies_a_header_does_not_depend_on_the_questions_before(tmp_path: Path) -> None:
    """The newer of two changes came first where a question about a newer base had been answered before."""
    code = b"%sint f(void)\n{\n    return 1;\n}\n"
    draft = Draft()
    draft.release("1.0.0", {"xen/a.c": code % b""})
    draft.release("1.0.1", {"z": b"z\n"})
    draft.commit("one", {"xen/include/one/x.h": b"int one(void);\n"})
    draft.release("1.0.2", {"z": b"zz\n"})
    draft.commit("two", {"xen/include/two/x.h": b"int two(void);\n"})
    fix = draft.commit("fix", {"xen/a.c": code % b"#include <x.h>\n"})
    other = draft.commit("other", {"z": b"zzz\n"})
    place = draft.write(tmp_path)

    def asked(*pairs: tuple[str, int]) -> str:
        given = "".join(f"RELEASE-{release} {place[number]}\n" for release, number in pairs)
        return run(place.folder, "prereqs", "--stdin", "--json", given=given).out.splitlines()[-1]

    alone = asked(("1.0.0", fix))
    assert place[fix - 3] in alone
    assert asked(("1.0.2", fix), ("1.0.0", other), ("1.0.2", fix), ("1.0.0", fix)) == alone
