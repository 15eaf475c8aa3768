"""What a failed build says: the names it misses and the files it fails in.

Compilers, linkers, interpreters and make each have their own way to say it; ``FORMS`` lists the ways that are known, as
patterns of one line.  What no form matches still counts: the last lines of the output are the diagnostic then, though
without a name.  Paths are as the tool printed them: relative to a folder that only the build knows, or absolute.

Approximation: one line is read at a time, so a name on a second line (``in function 'f'``) is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Sign(Enum):
    """What a form says of its name or file."""

    #: The name is used, and nothing supplies it.
    MISSING = "missing"
    #: The name is there, but not as it is used: other arguments, other type, given twice, given and not used.
    DIFFERENT = "different"
    #: The file is looked for and not there.
    NO_FILE = "no file"
    #: Something is wrong in the file; only the words say what.
    PLACE = "place"


class MessageForm(NamedTuple):
    """One way to say it: which tools do, what it says, and the pattern, with groups ``name`` or ``file``."""

    tools: str
    sign: Sign
    pattern: str


_Q = r"['\u2018`\"]"  # what a tool opens a quotation with, and ends it with
_E = r"['\u2019\"]"
_N = r"(?P<name>[A-Za-z_.$][\w.$]*)"
_F = r"(?P<file>[^\s:'\"\u2018\u2019`]+)"

#: Every form, in the order in which they are tried on a line; the first one of each sign that matches counts.
FORMS = (
    # C, as gcc and clang compile it
    MessageForm("gcc", Sign.MISSING, rf"error: {_Q}{_N}{_E} undeclared"),
    MessageForm("clang", Sign.MISSING, rf"error: use of undeclared identifier {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.MISSING, rf"implicit declaration of function {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.MISSING, rf"nested extern declaration of {_Q}{_N}{_E}"),
    MessageForm("clang", Sign.MISSING, rf"call to undeclared (?:library )?function {_Q}{_N}{_E}"),
    MessageForm("gcc, clang", Sign.MISSING, rf"unknown type name {_Q}{_N}{_E}"),
    MessageForm("gcc, clang", Sign.MISSING, rf"no member named {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.MISSING, rf"request for member {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.MISSING, rf"(?:undefined|incomplete) type {_Q}(?:struct|union|enum) {_N}"),
    MessageForm("clang", Sign.MISSING, rf"incomplete (?:definition of )?type {_Q}(?:struct|union|enum) {_N}"),
    MessageForm("gcc, clang", Sign.MISSING, rf"{_Q}(?:struct|union|enum) {_N}{_E} declared inside parameter list"),
    MessageForm("gcc", Sign.MISSING, rf"error: {_Q}?{_N}{_E}? is not defined"),
    MessageForm("gcc", Sign.MISSING, rf"no previous (?:prototype|declaration) for {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.MISSING, rf"{_Q}{_N}{_E} used but never defined"),
    MessageForm("clang", Sign.MISSING, rf"function {_Q}{_N}{_E} has internal linkage but is not defined"),
    MessageForm("gcc", Sign.DIFFERENT, rf"too (?:many|few) arguments to function {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.DIFFERENT, rf"macro {_Q}{_N}{_E} (?:requires|passed) \d+ arguments"),
    MessageForm("gcc, clang", Sign.DIFFERENT, rf"conflicting types for {_Q}{_N}\b"),
    MessageForm("gcc, clang", Sign.DIFFERENT, rf"redefinition of (?:{_Q}(?:struct |union |enum )?{_N})"),
    MessageForm("gcc", Sign.DIFFERENT, rf"{_Q}{_N}{_E} redeclared"),
    MessageForm("gcc", Sign.DIFFERENT, rf"incompatible type for argument \d+ of {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.DIFFERENT, rf"passing argument \d+ of {_Q}{_N}{_E}"),
    MessageForm("gcc", Sign.DIFFERENT, rf"from incompatible pointer type {_Q}(?:const )?(?:struct|union|enum) {_N}"),
    MessageForm("gcc", Sign.DIFFERENT, rf"duplicate (?:case value|member) {_Q}{_N}{_E}"),
    MessageForm("gcc, clang", Sign.DIFFERENT, rf"{_Q}{_N}{_E} defined but not used"),
    MessageForm("gcc, clang", Sign.DIFFERENT, rf"unused (?:variable|function|parameter) {_Q}{_N}{_E}"),
    MessageForm("gcc, clang", Sign.DIFFERENT, rf"{_Q}{_N}{_E} (?:redefined|macro redefined)"),
    MessageForm("gcc, clang", Sign.NO_FILE, rf"fatal error: {_Q}?{_F}{_E}?(?:: No such file| file not found)"),
    # assembler
    MessageForm("gas", Sign.MISSING, rf"Error: no such instruction: {_Q}{_N}"),
    MessageForm("gas", Sign.MISSING, rf"Error: (?:undefined symbol|invalid operands.*for) {_Q}{_N}{_E}"),
    MessageForm("clang", Sign.MISSING, rf"error: invalid instruction mnemonic {_Q}{_N}{_E}"),
    MessageForm("gas", Sign.DIFFERENT, rf"Error: symbol {_Q}{_N}{_E} is already defined"),
    # linkers
    MessageForm("ld, gold", Sign.MISSING, rf"undefined reference to {_Q}{_N}{_E}"),
    MessageForm("ld", Sign.MISSING, rf"(?:hidden|undefined) symbol {_Q}{_N}{_E}"),
    MessageForm("lld", Sign.MISSING, rf"error: undefined (?:hidden |protected )?symbol: {_N}"),
    MessageForm("ld, gold", Sign.DIFFERENT, rf"multiple definition of {_Q}{_N}{_E}"),
    MessageForm("lld", Sign.DIFFERENT, rf"error: duplicate symbol: {_N}"),
    # Python
    MessageForm("python", Sign.MISSING, rf"^NameError: (?:global )?name {_Q}{_N}{_E} is not defined"),
    MessageForm("python", Sign.MISSING, rf"^AttributeError: .*has no attribute {_Q}{_N}{_E}"),
    MessageForm("python", Sign.MISSING, rf"^ImportError: cannot import name {_Q}{_N}{_E}"),
    MessageForm("python", Sign.MISSING, rf"^(?:ModuleNotFound|Import)Error: No module named {_Q}?{_N}"),
    MessageForm("python", Sign.MISSING, rf"^KeyError: {_Q}{_N}{_E}"),
    MessageForm("python", Sign.PLACE, r'^\s*File "(?P<file>[^"<>]+)", line \d+'),
    # OCaml
    MessageForm("ocaml", Sign.MISSING, rf"Error: Unbound (?:value|(?:type )?constructor|module|record field) {_N}"),
    MessageForm("ocaml", Sign.PLACE, r'^File "(?P<file>[^"]+)", lines? \d+'),
    # make and Kconfig
    MessageForm("make", Sign.NO_FILE, rf"No rule to make target {_Q}(?P<file>[^'\u2019]+){_E}"),
    MessageForm("make", Sign.PLACE, r"^(?P<file>[^\s:]+):\d+: \*\*\* "),
    MessageForm("kconfig", Sign.NO_FILE, rf"can't open file {_Q}(?P<file>[^'\"]+){_E}"),
    MessageForm("kconfig", Sign.MISSING, r"dependenc\w+ .*?symbol (?P<name>[A-Z_][A-Z0-9_]*)"),
    # any tool that says where: file:line: error, file:line:column: error, file:line.column-column: error
    MessageForm("all", Sign.PLACE, rf"^{_F}:\d+(?:[:.][\d.:-]+)?: ?(?:fatal )?(?:[Ee]rror|syntax error|parse error)\b"),
    MessageForm("ld", Sign.PLACE, r"^(?:\S*/)?(?:ld|ld\.\w+): (?P<file>[^\s:]+\.o): "),
    MessageForm("ld", Sign.PLACE, r"(?P<file>[^\s:()]+\.[chsSm]):\d+: (?:undefined reference|multiple definition)"),
)  # fmt: skip

_COMPILED = tuple((form.sign, re.compile(form.pattern)) for form in FORMS)
#: What marks a line as a complaint even when no form says more; gcc's notes and Python's places alone are none.
_COMPLAINT = re.compile(
    r"(?:^|[\s:(])[Ee]rror(?: ?\[\w+\])?:|(?:syntax|parse|internal) error\b|^\w*(?:Error|Exception|Interrupt)(?::|$)"
    r"|undefined reference|^\S*make(?:\[\d+\])?: \*\*\* |^\S+:\d+: \*\*\* |No such file"
)
#: What make says of a command that failed, and Kconfig where nobody answers: it does not give the reason.
_EMPTY = re.compile(
    r"^\S*make(?:\[\d+\])?: (?:\*\*\* \[|Target .* not remade|\*\*\* Waiting)|^ninja: build stopped"
    r"|^Error in reading or end of file|^\S*make(?:\[\d+\])?: (?:Entering|Leaving) directory"
)
#: What programs say that the machine has ended.  Code that a compiler quotes does not end a line like this.
_MACHINE = re.compile(
    r": ['\u2018]?(?:No space left on device|Disk quota exceeded|Cannot allocate memory|Input/output error|I/O error"
    r"|Too many open files|Stale file handle|Resource temporarily unavailable|Cannot fork"
    r"|(?:virtual )?memory exhausted)['\u2019]?$|\[Errno (?:5|11|12|24|28|116|122)\]|^MemoryError$"
    r"|\b(?:Killed|Bus error) signal terminated program|terminated with signal (?:7 \[Bus error|9 \[Killed)"
    r"|\bout of memory allocating \d+ bytes|^(?:\S+: line \d+: +\d+ )?Killed\b|^ccache: error:"
    r"|^\S*make(?:\[\d+\])?: \*\*\* .*\] Killed$"
)
#: How shells, env and make say that a program is not on PATH.  What a tree brings along has a path.
_NO_PROGRAM = re.compile(
    r"^(?:\S*sh: (?:line )?\d+: (?:[a-z][\w.+-]*): (?:command )?not found"
    r"|env: ['\u2018](?:[a-z][\w.+-]*)['\u2019]: No such file or directory"
    r"|\S*make(?:\[\d+\])?: (?:[a-z][\w.+-]*): (?:Command not found|No such file or directory))$"
)
#: A name in quotes, or a call, in the last line of a traceback or of an assertion.
_QUOTED = re.compile(rf"{_Q}(?P<name>[A-Za-z_]\w{{2,}}){_E}")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[mK]|\x1b\][^\x07]*\x07")
#: How many lines count as the diagnostic where nothing looks like one.
_LAST = 1
#: More complaints than this of one build are the consequences of the first.
MOST = 200


@dataclass(frozen=True)
class Diagnostic:
    """A complaint: its line, the name it is about (empty: none), the file (as printed) and what it says of them."""

    text: str
    sign: Sign
    name: str = ""
    file: str = ""


def read_diagnostics(log: str) -> list[Diagnostic]:
    """Return the complaints in the output of a failed build, each once, in order.

    There is always at least one, unless there is no output: without any complaint it is the last line.
    """
    found: dict[tuple[Sign, str, str], Diagnostic] = {}
    lines = [_ESCAPES.sub("", line).rstrip() for line in log.splitlines()]
    place, inputs, before = "", "", ""
    for line in lines:
        if len(found) >= MOST:
            break
        for diagnostic in _read_line(line, place, _files(inputs)):
            found.setdefault((diagnostic.sign, diagnostic.name, diagnostic.file), diagnostic)
        place = _place(line, place)
        inputs = before if line.startswith("Traceback ") else inputs
        before = line
    if not found:
        spoken = [line.strip() for line in lines if line.strip() and not _EMPTY.search(line)]
        return [Diagnostic(line, Sign.PLACE) for line in spoken[-_LAST:]]
    return sorted(found.values(), key=lambda diagnostic: not (diagnostic.name or diagnostic.sign is Sign.NO_FILE))


def machine_fault(log: str) -> str:
    """Return the line in a failed build's output which says that the machine had no space or no memory; empty: there is
    none, and the files are at fault."""
    lines = (_ESCAPES.sub("", line).strip() for line in log.splitlines())
    return next((line for line in lines if _MACHINE.search(line)), "")


def missing_program(log: str) -> str:
    """Return the line in a failed build's output which says that this machine lacks a program; empty: there is none."""
    lines = (_ESCAPES.sub("", line).strip() for line in log.splitlines())
    return next((line for line in lines if _NO_PROGRAM.search(line)), "")


def _place(line: str, before: str) -> str:
    """Return the file that a traceback has come to with this line; ``before`` where it names none."""
    if line.startswith("Traceback "):
        return ""
    found = re.match(r'\s*File "([^"<>]+)", line \d+', line)
    return found[1] if found else before


def _files(command: str) -> list[str]:
    """Return what looks like a file among the words of a command line, as make prints it before it runs it."""
    return [word for word in command.split() if re.fullmatch(r"(?!-)[\w./+-]*\w\.\w+", word)]


def _read_line(line: str, place: str, inputs: Iterable[str]) -> Iterable[Diagnostic]:
    """Yield what one line says; ``place`` is the innermost file of the traceback that goes before it, and ``inputs``
    are the files that the program got which gave it."""
    if _EMPTY.search(line):
        return
    text = line.strip()
    file = next((found["file"] for sign, form in _COMPILED if sign is Sign.PLACE and (found := form.search(line))), "")
    named = False
    for sign, form in _COMPILED:
        found = form.search(line)
        if found is None or sign is Sign.PLACE:
            continue
        if sign is Sign.NO_FILE:
            yield Diagnostic(text, sign, "", found["file"])
        else:
            yield Diagnostic(text, sign, found["name"].rstrip("."), file or place)
        named = True
        break
    if named:
        return
    if re.match(r"\w+(?:Error|Exception)(?::|$)", line):
        for found in _QUOTED.finditer(line):
            yield Diagnostic(text, Sign.DIFFERENT, found["name"], place)
        yield Diagnostic(text, Sign.PLACE, "", place)
        for file in inputs:  # an assertion is about what was read
            yield Diagnostic(text, Sign.PLACE, "", file)
    elif _COMPLAINT.search(line):
        yield Diagnostic(text, Sign.PLACE, "", file)


def same_file(printed: str, path: str) -> bool:
    """Whether ``printed``, a path as a tool printed it, can stand for the file at ``path`` of the tree.

    True when one ends with the other at the border of a folder, but for an object file's ending: ``cpu/common.o``
    stands for ``xen/arch/x86/cpu/common.c``, too.
    """
    words = [word for word in printed.split("/") if word not in ("", ".", "..")]
    parts = path.split("/")
    if not words:
        return False
    if words[-1].endswith(".o") and parts[-1].endswith((".c", ".S", ".s", ".m")):
        words[-1], parts[-1] = words[-1][:-2], parts[-1].rpartition(".")[0]
    shared = min(len(words), len(parts))
    return words[-shared:] == parts[-shared:]
