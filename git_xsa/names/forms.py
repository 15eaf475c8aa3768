"""Names that differ from how they are written where they are defined: the table of forms.

``XEN_CPUFEATURE(FPU, ...)`` in a table makes ``X86_FEATURE_FPU``; ``config PV`` in a Kconfig file makes ``CONFIG_PV``.
A form says both sides, what is written and the name that comes of it::

    XEN_CPUFEATURE(*) => X86_FEATURE_*      the first argument of this macro
    DEFINE_PER_CPU(,*) => *                 the second argument, as it is
    config * => CONFIG_*                    the word after another word
    XEN_CPUFEATURE(*) => .%                 a member of a structure, in lower case

``*`` stands for the word as it is written, ``%`` for it in lower case, a dot in front for a member.

A file that a program of the tree reads may hold what only a later state of that program understands, without naming
anything of it.  The row says which lines of the file these are (``#`` stands for a number), and what the program has
in it since it understands them::

    cpufeatureset.h: word # */ <= gen-cpuid.py: word_regex

The forms below were collected from xen.git; ``git config --add xsa.symbolForm`` adds more (git-xsa-config(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

XEN_FORMS = (
    # CPU features: tables from which gen-cpuid.py and the preprocessor make headers
    "XEN_CPUFEATURE(*) => X86_FEATURE_*",
    "XEN_CPUFEATURE(*) => XEN_X86_FEATURE_*",
    "XEN_CPUFEATURE(*) => .%",
    "XEN_CPUSYNTH(*) => X86_FEATURE_*",
    "XEN_CPUBUG(*) => X86_BUG_*",
    "config * => CONFIG_*",
    "menuconfig * => CONFIG_*",
    # variables
    "DEFINE_PER_CPU(,*) => *",
    "DEFINE_PER_CPU_READ_MOSTLY(,*) => *",
    "DEFINE_PER_CPU_PAGE_ALIGNED(,*) => *",
    "DECLARE_PER_CPU(,*) => *",
    "DECLARE_PER_CPU_READ_MOSTLY(,*) => *",
    "DEFINE_PERCPU_RWLOCK_GLOBAL(*) => *",
    "DECLARE_PERCPU_RWLOCK_GLOBAL(*) => *",
    "DEFINE_PERCPU_RWLOCK_RESOURCE(*) => *",
    "DECLARE_BITMAP(*) => *",
    "DECLARE_BITMAP(*) => .*",
    "DEFINE_SPINLOCK(*) => *",
    "DEFINE_RSPINLOCK(*) => *",
    "DEFINE_MUTEX(*) => *",
    "DEFINE_RWLOCK(*) => *",
    "DEFINE_RCU_READ_LOCK(*) => *",
    "LIST_HEAD(*) => *",
    "LIST_HEAD_READ_MOSTLY(*) => *",
    "LIST_HEAD_RO_AFTER_INIT(*) => *",
    "PAGE_LIST_HEAD(*) => *",
    "DEFINE_WAITQUEUE_HEAD(*) => *",
    "RADIX_TREE(*) => *",
    "DEFINE_BOOT_PAGE_TABLE(*) => *",
    "DEFINE_BOOT_PAGE_TABLES(*) => *",
    "DEFINE_PAGE_TABLE(*) => *",
    "DEFINE_PAGE_TABLES(*) => *",
    "DECLARE_TASKLET(*) => *",
    "DECLARE_SOFTIRQ_TASKLET(*) => *",
    "PERFCOUNTER(*) => *",
    "PERFCOUNTER_ARRAY(*) => *",
    "PERFSTATUS(*) => *",
    "PERFSTATUS_ARRAY(*) => *",
    # types and functions
    "TYPE_SAFE(,*) => *_t",
    "TYPE_SAFE(,*) => *_x",
    "TYPE_SAFE(,*) => _*",
    "DEFINE_XEN_GUEST_HANDLE(*) => *",
    "__DEFINE_XEN_GUEST_HANDLE(*) => *",
    "DECLARE_HVM_SAVE_TYPE(*) => *",
    "TLB_HELPER(*) => *",
    "TLB_HELPER_LOCAL(*) => *",
    "CHECK_WORKAROUND_HELPER(*) => check_workaround_*",
    "VMCB_ACCESSORS(*) => vmcb_get_*",
    "VMCB_ACCESSORS(*) => vmcb_set_*",
    "VMCB_ACCESSORS(,*) => vmcb_get_*",
    "VMCB_ACCESSORS(,*) => vmcb_set_*",
    "? * => CHECK_*",
    "! * => compat_*",
    "! * => XLAT_*",
    # assembler
    "ENTRY(*) => *",
    "GLOBAL(*) => *",
    "FUNC(*) => *",
    "FUNC_LOCAL(*) => *",
    "DATA(*) => *",
    "DATA_LOCAL(*) => *",
    "LABEL(*) => *",
    "LABEL_LOCAL(*) => *",
    ".macro * => *",
    ".set * => *",
    ".equ * => *",
    # constants for the assembler, made from C by asm-offsets.c
    "OFFSET(*) => *",
    "DEFINE(*) => *",
    "OFFSET_EF(*) => *",
)
XEN_READINGS = (
    # the number of words is in the comments above them; an older gen-cpuid.py takes it from the features alone and
    # fails with an assertion where the last word has none yet
    "cpufeatureset.h: word # */ <= gen-cpuid.py: word_regex",
)

_FORM = re.compile(r"(?:(?P<macro>\w+)\((?P<before>,*)\*\)|(?P<word>\S+) \*) => (?P<member>\.?)(?P<name>\w*[*%]\w*)")
_READING = re.compile(r"(?P<file>[\w./+-]+): (?P<text>.*\w.*) <= (?P<reader>[\w./+-]+): (?P<name>[A-Za-z_]\w*)")
#: A call of a macro at the start of a line, up to one of its arguments.
_DECLARING = re.compile(rb"[ \t]*(?:static[ \t]+)?([A-Z]\w*)[ \t]*\(([^()]*)$")
#: How far before a word the macro may begin whose argument it is: that of a call over several lines.
REACH = 400
_CLOSERS = {ord(")"): 1, ord("]"): 1, ord("("): -1, ord("["): -1}


class Form(NamedTuple):
    """One form: the macro and the number of the argument that is the word (or the ``word`` before it), and what comes
    of it: ``head`` and ``tail`` of the name, ``lower`` when the word gets into lower case, ``member`` for a member."""

    opener: bytes
    argument: int | None
    head: bytes
    tail: bytes
    lower: bool
    member: bool

    def word(self, name: bytes) -> bytes | None:
        """Return what is written where ``name`` is defined by this form; ``None`` when it can't be of this form."""
        end = len(name) - len(self.tail)
        if not (name.startswith(self.head) and name.endswith(self.tail) and len(self.head) < end):
            return None
        word = name[len(self.head) : end]
        if not self.lower:
            return word
        return word.upper() if word == word.lower() else None

    def fits(self, text: bytes, start: int) -> bool:
        """Return whether the word at ``start`` of ``text`` stands where this form wants it."""
        if self.argument is None:
            before = text[max(start - 80, 0) : start].rstrip(b" \t")
            return len(before) < start and before.endswith(self.opener) and not _joined(before, self.opener)
        opening = _opening(text, start)
        if opening is None or opening[1] != self.argument:
            return False
        before = text[max(opening[0] - 80, 0) : opening[0]].rstrip(b" \t")
        return before.endswith(self.opener) and not _joined(before, self.opener)


@dataclass(frozen=True)
class Reading:
    """A row about a file that a program reads: how the path of each ends, the ``name`` that the program has since it
    understands ``line``s of this form, and a ``word`` that stands in each of them."""

    file: bytes
    line: re.Pattern[bytes]
    word: bytes
    reader: bytes
    name: bytes


def _joined(before: bytes, opener: bytes) -> bool:
    """Whether ``opener`` at the end of ``before`` is only the end of a longer word."""
    rest = before[: -len(opener)]
    return bool(rest) and (rest[-1:].isalnum() or rest[-1:] in (b"_", b"."))


def _opening(text: bytes, start: int) -> tuple[int, int] | None:
    """Return where the bracket around the word at ``start`` opens and how many commas stand between; ``None``: none."""
    depth = commas = 0
    for at in range(start - 1, max(start - REACH, 0) - 1, -1):
        character = text[at]
        if character in b";{}":
            return None
        depth += _CLOSERS.get(character, 0)
        if depth < 0:
            return at, commas
        commas += depth == 0 and character == ord(",")
    return None


def parse_form(text: str) -> Form:
    """Return the form that ``text`` writes; ``ValueError`` when it is none."""
    match = _FORM.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError(text)
    name = match["name"]
    mark = "*" if "*" in name else "%"
    head, _, tail = name.partition(mark)
    argument = len(match["before"]) if match["macro"] else None
    opener = match["macro"] or match["word"]
    return Form(opener.encode(), argument, head.encode(), tail.encode(), mark == "%", bool(match["member"]))


def parse_reading(text: str) -> Reading:
    """Return the row about a file and its reader that ``text`` writes; ``ValueError`` when it is none."""
    match = _READING.fullmatch(" ".join(text.split()))
    words = re.findall(r"[A-Za-z_]\w*", match["text"]) if match is not None else []
    if match is None or not words:
        raise ValueError(text)
    line = re.escape(match["text"]).replace(re.escape("#"), r"\d+").encode()
    return Reading(
        match["file"].encode(), re.compile(line), words[0].encode(), match["reader"].encode(), match["name"].encode()
    )


def parse_row(text: str) -> Form | Reading:
    """Return the row of either kind that ``text`` writes; ``ValueError`` when it is none."""
    return parse_reading(text) if " <= " in text else parse_form(text)


class Forms:
    """A table of forms, looked up by the name that is wanted, and of files that programs read, by their path."""

    def __init__(self, texts: Iterable[str] = (*XEN_FORMS, *XEN_READINGS)) -> None:
        rows = [parse_row(text) for text in texts]
        self._forms = [row for row in rows if isinstance(row, Form)]
        self._readings = [row for row in rows if isinstance(row, Reading)]
        self._words: dict[bytes, frozenset[bytes]] = {}
        self.macros = frozenset(form.opener for form in self._forms if form.argument is not None)
        words = sorted({re.escape(form.opener) for form in self._forms if form.argument is None})
        #: Finds the words that stand behind a word of the table (nothing when it has none).
        self.followed = re.compile(rb"(?:^|(?<=\s))(?:%s)[ \t]+(\w+)" % (b"|".join(words) or b"(?!)"), re.MULTILINE)
        #: Macro and number of the argument that names what it declares, as it is written.
        self._declaring = {
            (form.opener, form.argument)
            for form in self._forms
            if form.argument is not None and not (form.head or form.tail or form.lower or form.member)
        }
        self._changing = [form for form in self._forms if form.head or form.tail or form.lower]

    def declares(self, line: bytes) -> bool:
        """Return whether a macro of the table declares the name that comes after ``line``, the start of one."""
        call = _DECLARING.match(line)
        return call is not None and (call[1], call[2].count(b",")) in self._declaring

    def readings(self, path: bytes) -> list[Reading]:
        """Return the rows about the file at ``path`` as one that is read."""
        return [row for row in self._readings if path.endswith(row.file)]

    def words(self, name: bytes) -> frozenset[bytes]:
        """Return all words by which ``name`` may be defined, whatever it is."""
        if name not in self._words:
            self._words[name] = frozenset(filter(None, (form.word(name) for form in self._changing))) | {name}
        return self._words[name]

    def spellings(self, name: bytes, member: bool) -> tuple[tuple[bytes, Form | None], ...]:
        """Return each word by which ``name`` may be defined, with its form; first the name itself, with none."""
        found: list[tuple[bytes, Form | None]] = [(name, None)]
        for form in self._forms:
            word = form.word(name) if form.member == member else None
            if word:
                found.append((word, form))
        return tuple(found)
