"""What failed builds say: every form in the table, and the tools themselves where they are installed."""

# ruff: noqa: RUF001 - compilers use these quotes

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.proof.diagnostics import (
    FORMS,
    Diagnostic,
    Sign,
    machine_fault,
    missing_program,
    read_diagnostics,
    same_file,
)
from git_xsa.proof.search.suppliers import Content, Suppliers, content_of, score

#: Line of output -> sign, name and file that it tells.
SAID = {
    "x.c:3:9: error: 'two' undeclared (first use in this function)": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: ‘two’ undeclared here (not in a function)": (Sign.MISSING, "two", "x.c"),
    "./x.c:3:9: error: use of undeclared identifier 'two'; did you mean 'to'?": (Sign.MISSING, "two", "./x.c"),
    "x.c:3: error: implicit declaration of function 'two' [-Werror]": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: nested extern declaration of ‘two’ [-Werror=nested-externs]": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: call to undeclared function 'two'; ISO C99": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: unknown type name ‘two_t’": (Sign.MISSING, "two_t", "x.c"),
    "x.c:3:9: error: ‘struct cpu’ has no member named ‘two’": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: no member named 'two' in 'struct cpu'": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: request for member ‘two’ in something not a structure": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: invalid use of undefined type ‘struct two’": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: incomplete definition of type 'struct two'": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: ‘struct two’ declared inside parameter list [-Werror]": (Sign.MISSING, "two", "x.c"),
    'x.h:3:5: error: "TWO" is not defined, evaluates to 0 [-Werror=undef]': (Sign.MISSING, "TWO", "x.h"),
    "x.c:3:9: error: no previous prototype for ‘two’": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: ‘two’ used but never defined [-Werror]": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: function 'two' has internal linkage but is not defined": (Sign.MISSING, "two", "x.c"),
    "x.c:3:9: error: too few arguments to function ‘two’": (Sign.DIFFERENT, "two", "x.c"),
    'x.c:3:9: error: macro "two" requires 2 arguments, but only 1 given': (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: conflicting types for ‘two’; have ‘int(void)’": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: redefinition of ‘struct two’": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: ‘two’ redeclared as different kind of symbol": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: incompatible type for argument 1 of ‘two’": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: passing argument 1 of ‘two’ makes pointer": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: assignment to ‘struct two *’ from incompatible pointer type ‘const struct one *’": (
        Sign.DIFFERENT,
        "one",
        "x.c",
    ),
    "x.c:3:9: error: duplicate member 'two'": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: ‘two’ defined but not used [-Werror=unused-function]": (Sign.DIFFERENT, "two", "x.c"),
    "x.c:3:9: error: unused variable 'two' [-Werror,-Wunused-variable]": (Sign.DIFFERENT, "two", "x.c"),
    'x.h:3:9: error: "TWO" redefined [-Werror]': (Sign.DIFFERENT, "TWO", "x.h"),
    "x.c:1:10: fatal error: xen/sha2.h: No such file or directory": (Sign.NO_FILE, "", "xen/sha2.h"),
    "x.c:1:10: fatal error: 'xen/sha2.h' file not found": (Sign.NO_FILE, "", "xen/sha2.h"),
    "entry.S:12: Error: no such instruction: `two %eax'": (Sign.MISSING, "two", "entry.S"),
    "entry.S:12: Error: undefined symbol `two' in operation": (Sign.MISSING, "two", "entry.S"),
    "entry.S:3:9: error: invalid instruction mnemonic 'two'": (Sign.MISSING, "two", "entry.S"),
    "entry.S:12: Error: symbol `two' is already defined": (Sign.DIFFERENT, "two", "entry.S"),
    "ld: main.o: in function `main':": None,
    "main.c:(.text+0x1): undefined reference to `two'": (Sign.MISSING, "two", ""),
    "/src/main.c:12: undefined reference to `two'": (Sign.MISSING, "two", "/src/main.c"),
    "ld: prelink.o: hidden symbol `two' isn't defined": (Sign.MISSING, "two", "prelink.o"),
    "ld.lld: error: undefined symbol: two": (Sign.MISSING, "two", ""),
    "ld: b.o:(.bss+0x0): multiple definition of `two'; a.o:(.bss+0x0): first": (Sign.DIFFERENT, "two", ""),
    "ld.lld: error: duplicate symbol: two": (Sign.DIFFERENT, "two", ""),
    "NameError: name 'two' is not defined": (Sign.MISSING, "two", ""),
    "AttributeError: module 'one' has no attribute 'two'": (Sign.MISSING, "two", ""),
    "ImportError: cannot import name 'two' from 'one' (one.py)": (Sign.MISSING, "two", ""),
    "ModuleNotFoundError: No module named 'two'": (Sign.MISSING, "two", ""),
    "KeyError: 'TWO'": (Sign.MISSING, "TWO", ""),
    "Error: Unbound value two": (Sign.MISSING, "two", ""),
    "make[2]: *** No rule to make target 'sub/two.o', needed by 'all'.  Stop.": (Sign.NO_FILE, "", "sub/two.o"),
    "Makefile:12: *** missing separator.  Stop.": (Sign.PLACE, "", "Makefile"),
    'scripts/Kconfig:3: can\'t open file "arch/Kconfig.two"': (Sign.NO_FILE, "", "arch/Kconfig.two"),
    "parse.y:12.3-5: error: $2 of 'x' has no declared type": (Sign.PLACE, "", "parse.y"),
    "xen/x.c:3:9: error: static assertion failed": (Sign.PLACE, "", "xen/x.c"),
}


@pytest.mark.parametrize("line", SAID)
def test_every_form(line: str) -> None:
    found = read_diagnostics(f"cc -c x.c\n{line}\nmake[1]: *** [Makefile:3: x.o] Error 1\n")
    wanted = SAID[line]
    if wanted is None:
        assert [d.name for d in found] == [""]
    else:
        assert (found[0].sign, found[0].name, found[0].file) == wanted
        assert found[0].text == line


def test_no_form_is_without_a_sample() -> None:
    import re  # noqa: PLC0415

    unused = [form.pattern for form in FORMS if not any(re.search(form.pattern, line) for line in SAID)]
    assert [pattern for pattern in unused if "File" not in pattern and "dependenc" not in pattern] == []


def test_a_traceback_tells_its_innermost_file_and_what_the_program_was_given() -> None:
    log = """\
python3 tools/gen-cpuid.py -i include/features.h -o x.new
Traceback (most recent call last):
  File "tools/gen-cpuid.py", line 400, in <module>
    sys.exit(main())
  File "tools/lib/check.py", line 12, in main
    assert f in deps
AssertionError: feature 'md_clear' twice
"""
    named, plain, *inputs = read_diagnostics(log)
    assert named == Diagnostic(
        "AssertionError: feature 'md_clear' twice", Sign.DIFFERENT, "md_clear", "tools/lib/check.py"
    )
    assert (plain.name, plain.file) == ("", "tools/lib/check.py")
    assert [(d.name, d.file) for d in inputs] == [("", "tools/gen-cpuid.py"), ("", "include/features.h"), ("", "x.new")]


def test_names_come_before_places_and_each_once() -> None:
    log = "a.c:1:1: error: expected ';'\nb.c:2:2: error: 'two' undeclared\nb.c:9:9: error: 'two' undeclared\n"
    assert [(d.name, d.file) for d in read_diagnostics(log)] == [("two", "b.c"), ("", "a.c")]


def test_where_nothing_looks_like_a_complaint_the_last_line_counts() -> None:
    log = "building\nit is all wrong\n\nmake: *** [Makefile:1: all] Error 3\n"
    assert read_diagnostics(log) == [Diagnostic("it is all wrong", Sign.PLACE)]
    assert read_diagnostics("") == []


def test_a_command_that_make_repeats_is_no_complaint() -> None:
    log = "gcc -Werror -Wno-error=address -c x.c -o x.o\ncc1: all warnings being treated as errors\nlast\n"
    assert read_diagnostics(log) == [Diagnostic("last", Sign.PLACE)]


def test_colour_is_no_part_of_a_name() -> None:
    on, off = "\x1b[01m\x1b[K", "\x1b[m\x1b[K"
    log = f"{on}x.c:1:1:{off} \x1b[01;31m\x1b[Kerror: {off}'{on}two{off}' undeclared\n"
    [found] = read_diagnostics(log)
    assert (found.name, found.file) == ("two", "x.c")


@pytest.mark.parametrize(
    "line",
    [
        "x.c:9:1: fatal error: error writing to /tmp/ccX.s: No space left on device",
        "/tmp/ccX.s: Fatal error: can't write 20 bytes to section .text of x.o: 'No space left on device'",
        "/usr/bin/ld: final link failed: No space left on device",
        "OSError: [Errno 28] No space left on device: 'x.h'",
        "sh: 1: printf: printf: I/O error",
        "gcc: fatal error: Killed signal terminated program cc1",
        "collect2: fatal error: ld terminated with signal 9 [Killed]",
        "cc1: out of memory allocating 65536 bytes after a total of 1 bytes",
        "make[3]: *** [Rules.mk:198: x.o] Killed",
        "make: fork: Cannot allocate memory",
        "\x1b[1mgcc: fatal error:\x1b[0m Killed signal terminated program cc1",
        "gcc: fatal error: Bus error signal terminated program as",
        "collect2: fatal error: ld terminated with signal 7 [Bus error], core dumped",
        "/usr/bin/ld: final link failed: memory exhausted",
        "cc1: error: virtual memory exhausted",
        "sh: 0: Cannot fork",
        "make: vfork: Resource temporarily unavailable",
        "bash: line 12:  4711 Killed                  gcc -c x.c",
        "Killed",
        "MemoryError",
        "OSError: [Errno 116] Stale file handle: 'x.h'",
        "ccache: error: Failed to create directory /home/jane/.cache/ccache/tmp: Permission denied",
    ],
)
def test_what_the_machine_ends(line: str) -> None:
    assert machine_fault(f"gcc -c x.c\n{line}\nmake: *** [x.o] Error 1\n").endswith(line[-20:])


@pytest.mark.parametrize(
    "line",
    [
        '    9 |     printk("out of memory: Cannot allocate memory\\n");',
        "x.c:9:5: error: 'No space left on device' undeclared",
        "x.c:9: error: #error No space left on device",
        "make: *** [Makefile:3: x.o] Error 1",
        "x.c:9: error: 'Killed' undeclared",
        '    printf("sh: 0: Cannot fork\\n");',
        "x.c:9: warning: Killed by signal",
        "touch: cannot touch '/home/jane/xen/stray': Read-only file system",
    ],
)
def test_code_that_speaks_of_a_machine_is_no_fault_of_it(line: str) -> None:
    assert machine_fault(f"gcc -c x.c\n{line}\n") == ""


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("/bin/sh: 1: bison: not found", True),
        ("/bin/bash: line 1: bison: command not found", True),
        ("env: 'python3': No such file or directory", True),
        ("make[1]: flex: No such file or directory", True),
        ("make: iasl: Command not found", True),
        ("/bin/sh: 1: scripts/gen.sh: not found", False),
        ("/bin/sh: 1: ./gen: not found", False),
        ("/bin/sh: 1: -x: not found", False),
        ("Makefile:3: rules.mk: No such file or directory", False),
        ("x.c:1:10: fatal error: x.h: No such file or directory", False),
    ],
)
def test_a_program_that_is_missing(line: str, lacks: bool) -> None:
    """One on PATH is the machine's, one in the tree the tree's."""
    assert missing_program(f"gcc -c x.c\n{line}\nmake: *** [x.o] Error 127\n") == (line if lacks else "")


@given(st.text())
def test_any_output_is_read(log: str) -> None:
    for found in read_diagnostics(log):
        assert found.text == found.text.strip()


def compiled(tmp_path: Path, *words: str, source: str, name: str) -> list[Diagnostic]:
    """Return what is read from the output of a tool on a file."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    (tmp_path / name).write_text(source)
    done = subprocess.run((*words, name), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode
    return read_diagnostics(done.stdout + done.stderr)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("int f(void) { return two; }", "two"),
        ("int f(void) { return two(); }", "two"),
        ("two_t f(void);", "two_t"),
        ("struct s { int a; }; int f(struct s *s) { return s->two; }", "two"),
        ("struct two; int f(struct two *s) { return s->a; }", "two"),
        ("static int two(void) { return 1; }", "two"),
        ("int two(int); int f(void) { return two(); }", "two"),
        ("int two; int two(void);", "two"),
    ],
)
def test_compilers(compiler: str, source: str, name: str, tmp_path: Path) -> None:
    found = compiled(tmp_path, compiler, "-Wall", "-Werror", "-c", source=f"{source}\n", name="x.c")
    assert (name, "x.c") in [(d.name, d.file) for d in found]


def test_linker(tmp_path: Path) -> None:
    found = compiled(tmp_path, "gcc", source="int two(void); int main(void) { return two(); }\n", name="x.c")
    assert "two" in [d.name for d in found]


def test_header(tmp_path: Path) -> None:
    [found] = compiled(tmp_path, "gcc", "-c", source='#include "sub/two.h"\n', name="x.c")
    assert (found.sign, found.file) == (Sign.NO_FILE, "sub/two.h")


def test_assembler(tmp_path: Path) -> None:
    found = compiled(tmp_path, "gcc", "-c", source="two_is_no_instruction %eax\n", name="x.S")
    assert "two_is_no_instruction" in [d.name for d in found]


@pytest.mark.parametrize("source", ["two", "import two", "from os import two", "import os; os.two", "{}['two']"])
def test_python(source: str, tmp_path: Path) -> None:
    found = compiled(tmp_path, sys.executable, source=f"{source}\n", name="x.py")
    assert (found[0].name, Path(found[0].file).name) == ("two", "x.py")


def test_make(tmp_path: Path) -> None:
    [found] = compiled(tmp_path, "make", "-f", source="all: two.o\n", name="Makefile")
    assert (found.sign, found.file) == (Sign.NO_FILE, "two.o")


@pytest.mark.parametrize(
    ("printed", "path", "same"),
    [
        ("mm.c", "xen/arch/x86/mm.c", True),
        ("./mm.c", "xen/arch/x86/mm.c", True),
        ("/tmp/x/tree/xen/arch/x86/mm.c", "xen/arch/x86/mm.c", True),
        ("arch/x86/mm.o", "xen/arch/x86/mm.c", True),
        ("arch/arm/mm.c", "xen/arch/x86/mm.c", False),
        ("mm.h", "xen/arch/x86/mm.c", False),
        ("", "xen/arch/x86/mm.c", False),
        ("m.c", "xen/arch/x86/mm.c", False),
    ],
)
def test_files_by_what_a_tool_calls_them(printed: str, path: str, same: bool) -> None:
    assert same_file(printed, path) is same


# suppliers


@pytest.mark.parametrize(
    ("added", "name"),
    [
        ("#define TWO 2", "TWO"),
        ("# define TWO(x) x", "TWO"),
        ("static inline int two(void)", "two"),
        ("two(void)", "two"),
        ("struct two {", "two"),
        ("typedef int two;", "two"),
        ("extern unsigned long two;", "two"),
        ("bool __read_mostly two = true;", "two"),
        ("    bool two:1;", "two"),
        ("    unsigned int one, two;", "two"),
        ("    TWO = 2,", "TWO"),
        ("    TWO,", "TWO"),
        ("XEN_CPUFEATURE(TWO, 9*32+ 2) /*A  */", "X86_FEATURE_TWO"),
        ("XEN_CPUFEATURE(TWO, 9*32+ 2) /*A  */", "TWO"),
        ("config TWO", "CONFIG_TWO"),
        ("def two(x):", "two"),
        ("class Two:", "Two"),
        ("let rec two x =", "two"),
        ("two := yes", "two"),
        ("two:", "two"),
    ],
)
def test_what_defines_a_name(added: str, name: str) -> None:
    assert score(Content(added, "", ()), name) == 3


def test_what_only_mentions_a_name() -> None:
    assert score(Content("    return two(x);", "", ()), "two") == 2
    assert score(Content("    if ( x == TWO )", "", ()), "TWO") == 2
    assert score(Content("", "int two;", ()), "two") == 1
    assert score(Content("int twofold;", "", ()), "two") == 0


def test_a_hunk_may_look_like_a_header() -> None:
    diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- old\n+++ new\n"
    assert content_of(diff, [b"x"]) == Content("++ new", "-- old", ("x",))


def test_the_first_to_define_a_name_is_its_supplier() -> None:
    contents = {
        1: Content("    two();", "", ("a.c",)),
        2: Content("", "int two(void)", ("b.c",)),
        3: Content("int two(void)", "", ("c.c",)),
        4: Content("int two(void)", "", ("c.c",)),
    }
    suppliers = Suppliers(contents)
    [missing] = suppliers.clues([Diagnostic("", Sign.MISSING, "two", "c.c")])
    assert (missing.suppliers, missing.path) == ((3, 4, 1), "c.c")
    [different] = suppliers.clues([Diagnostic("", Sign.DIFFERENT, "two", "nowhere.c")])
    assert (different.suppliers, different.path) == ((3, 4, 1, 2), "")
    [file] = suppliers.clues([Diagnostic("", Sign.NO_FILE, "", "c.c")])
    assert file.suppliers == (3, 4)
    assert suppliers.near([missing, different]) == [3, 4]
