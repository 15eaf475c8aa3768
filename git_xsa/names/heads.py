"""How functions and macros are called: what their heads in C take, and what a call gives them.

Nothing here is certain of C that it does not see: a head with another form than the usual ones is none, and what a call
gives is unknown where an argument may stand for several.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from git_xsa.names.disabled import without_disabled
from git_xsa.names.roles import KEYWORDS
from git_xsa.names.texts import KEPT

#: A call or a head is read no further than this, so that calls in calls take no more than the text is long.
REACH = 4_000
_TOKEN = re.compile(
    rb"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[][(){},;]|##|^[ \t]*#", re.MULTILINE | re.DOTALL
)
_PAIRS = {b"(": b")", b"[": b"]", b"{": b"}"}
_COMMENT = re.compile(rb"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
#: Heads begin a line: ``#define name(``, or words and ``*`` before ``name (``; the type may have the line before.
_FORM = rb"#[ \t]*define[ \t]+(?P<macro>\w+)|(?P<words>[A-Za-z_][\w \t*]*)"
_HEAD = re.compile(rb"^(?:%s)\(" % _FORM.replace(b"#", rb"[ \t]*#", 1), re.MULTILINE)
#: In a diff: a line's end is found faster than its start, and the first line of a diff is none of the file.
_DIFF_HEAD = re.compile(rb"\n(?P<sign>[ +-])(?:%s)\((?P<rest>[^\n]*)" % _FORM)
#: The last parameter of a macro, when it stands for the rest of the arguments and has a name.
_REST = re.compile(rb"(?<!\w)(\w+)[ \t]*\.\.\.[ \t]*\)")
_TYPE_LINE = re.compile(rb"(?:^|\n)[A-Za-z_][\w \t*]*\n\Z")
#: Kinds of parameters: none of the first can be given for one of the second.
POINTER, NUMBER, OTHER = b"pointer", b"number", b""
#: Types that are numbers: those of C, and of Xen's public headers.
_NUMBERS = re.compile(
    rb"int|unsigned|signed|long|short|char|bool|_Bool|bool_t|s?size_t|u?int(?:8|16|32|64|ptr)_t|[us](?:8|16|32|64)"
    rb"|domid_t|evtchn_port_t|grant_ref_t|grant_handle_t|xen_pfn_t|xen_ulong_t|paddr_t|vaddr_t|s_time_t|nodeid_t"
)
_QUALIFIERS = frozenset((b"const", b"volatile", b"register", b"__maybe_unused"))
#: What may be given for a pointer as well as for a number.
_ANYTHING = frozenset((b"0", b"NULL"))
#: Words before what looks like a head, and is none.
_NO_TYPES = re.compile(rb"\b(?:typedef|return|else|do|goto|case|sizeof|defined)\b")


class Head(NamedTuple):
    """That ``name`` takes from ``least`` arguments on: to ``most``, or any number (``None``).

    ``kinds`` has ``POINTER``, ``NUMBER`` or ``OTHER`` for each parameter of a function.
    """

    name: bytes
    least: int
    most: int | None
    kinds: tuple[bytes, ...] = ()

    def takes(self, count: int) -> bool:
        """Whether a call with ``count`` arguments is one of it."""
        return self.least <= count and (self.most is None or count <= self.most)

    def fits(self, given: Sequence[bytes], meant: Head) -> bool:
        """Whether a call may be one of it, with arguments ``given`` as they are meant for the head ``meant``: no number
        is for a pointer, and no pointer for a number."""
        if not self.takes(len(given)):
            return False
        return not any(
            {kind, other} == {POINTER, NUMBER} and _bare(argument) not in _ANYTHING
            for kind, other, argument in zip(self.kinds, meant.kinds, given, strict=False)
        )


def arguments(text: bytes, opening: int) -> list[bytes] | None:
    """Return the arguments in the bracket that opens at ``opening``; ``None`` where they can't be told.

    They can't where a directive or ``##`` stands among them, or a comma that only ``{`` or ``[`` keep from those of a
    macro.
    """
    open_ones, begin = [b"("], opening + 1
    found: list[bytes] = []
    for token in _TOKEN.finditer(text, begin, opening + REACH):
        sign = token[0]
        if sign in _PAIRS:
            open_ones.append(sign)
        elif sign in _PAIRS.values():
            if _PAIRS[open_ones.pop()] != sign:
                return None
            if not open_ones:
                return [*found, text[begin : token.start()]]
        elif sign == b",":
            if len(open_ones) == 1:
                found.append(text[begin : token.start()])
                begin = token.end()
            elif b"(" not in open_ones[1:]:
                return None
        elif sign.endswith(b"#") or (sign == b";" and b"{" not in open_ones):
            return None
    return None


def count_of_call(text: bytes, end: int) -> int | None:
    """Return how many arguments the name that ends at ``end`` is called with; see ``given_by_call``."""
    given = given_by_call(text, end)
    return len(given) if given is not None else None


def given_by_call(text: bytes, end: int) -> list[bytes] | None:
    """Return what the name that ends at ``end`` is called with; ``None``: it is not called, or that can't be told."""
    opening = end
    while text[opening : opening + 1] in (b" ", b"\t", b"\n"):
        opening += 1
        if opening - end > REACH:
            return None
    given = arguments(text, opening) if text[opening : opening + 1] == b"(" else None
    several = _several(text, end)
    if given is None or any(several.search(one) for one in given):
        return None
    return given if len(given) > 1 or _bare(given[0]) else []


def _several(text: bytes, at: int) -> re.Pattern[bytes]:
    """Return what stands for several arguments at ``at``, be it the parameter of a macro, if ``at`` is in one."""
    macro = text.rfind(b"define", max(at - REACH, 0), at)
    named = _REST.search(text, macro, at) if macro >= 0 else None
    return re.compile(rb"\.\.\.|__VA_ARGS__" + (rb"|\b%s\b" % named[1] if named is not None else b""))


def _bare(text: bytes) -> bytes:
    """Return ``text`` without comments and blanks around it."""
    return _COMMENT.sub(lambda match: match[0] if match[0][:1] == b'"' else b" ", text).replace(b"\\\n", b" ").strip()


def plain(text: bytes) -> bytes:
    """Return ``text``, C, with blanks for comments and for code that is disabled."""
    return _COMMENT.sub(
        lambda match: match[0] if match[0][:1] == b'"' else re.sub(rb"[^\n]", b" ", match[0]), without_disabled(text)
    )


def heads(text: bytes) -> Iterator[tuple[int, Head]]:
    """Yield the heads of functions and macros in ``text``, each with its place; all that may be one."""
    for match in _HEAD.finditer(text):
        head = _read(text, match)
        if head is not None:
            yield match.start(), head


def heads_of(text: bytes, name: bytes) -> list[tuple[int, Head]]:
    """Return the heads of ``name`` in ``text``, each with its place."""
    return [(at, head) for at, head in _all_heads(text) if head.name == name] if name in text else []


@lru_cache(KEPT)
def _all_heads(text: bytes) -> Sequence[tuple[int, Head]]:
    return tuple(heads(plain(text)))


def _read(text: bytes, match: re.Match[bytes]) -> Head | None:
    parts = arguments(text, match.end() - 1)
    if parts is None:
        return None
    if match["macro"] is not None:
        return _head(match["macro"], [_bare(part) for part in parts], function=False)
    before, name = _named(match["words"])
    if name in KEYWORDS or _NO_TYPES.search(before):
        return None
    if not before and not _TYPE_LINE.search(text[max(match.start() - 200, 0) : match.start()]):
        return None
    return _head(name, [_bare(part) for part in parts], function=True)


def _named(words: bytes) -> tuple[bytes, bytes]:
    """Return the type and the name in ``words``, the start of a function's head."""
    apart = words.replace(b"*", b" ").replace(b"\t", b" ").rstrip()
    before, _, name = apart.rpartition(b" ")
    return before, name


def _head(name: bytes, parameters: Sequence[bytes], function: bool) -> Head:
    """Return the head with ``parameters``: of a function without any, nobody knows (C11, 6.7.6.3); an empty argument is
    one, of a macro that has one (6.10.3)."""
    if list(parameters) == [b""]:
        return Head(name, 0, None if function else 0)
    if function and list(parameters) == [b"void"]:
        return Head(name, 0, 0)
    kinds = tuple(map(_kind, parameters)) if function else ()
    if parameters[-1].endswith(b"..."):
        return Head(name, len(parameters) - 1, None, kinds[:-1])
    return Head(name, 0 if len(parameters) == 1 and not function else len(parameters), len(parameters), kinds)


def _kind(parameter: bytes) -> bytes:
    """Return the kind of a parameter, as far as its text tells."""
    if b"(" in parameter:
        return OTHER
    if b"*" in parameter or b"[" in parameter:
        return POINTER
    words = [word for word in parameter.split() if word not in _QUALIFIERS]
    words = words if words and _NUMBERS.fullmatch(words[-1]) else words[:-1]
    return NUMBER if words and all(map(_NUMBERS.fullmatch, words)) else OTHER


class Altered(NamedTuple):
    """The heads of a name that a change takes out of a file and those that it puts there, and a line that goes."""

    old: frozenset[Head]
    new: frozenset[Head]
    line: bytes

    def loses(self, count: int) -> bool:
        """Whether a call with ``count`` arguments was one before the change, and is none after it."""
        before, after = (any(head.takes(count) for head in side) for side in (self.old, self.new))
        return before and not after

    @property
    def is_narrower(self) -> bool:
        """Whether it loses any call; one without arguments of a macro that has one, which nobody writes, aside."""
        return any(
            self.loses(count)
            for head in self.old
            for count in (head.least or head.most or 0, head.most or head.least + 1)
        )


class Alteration(NamedTuple):
    """What the change at ``position`` makes of heads in the file at ``path``, which was ``before`` in its old place."""

    position: int
    before: bytes
    path: bytes
    heads: Mapping[bytes, Altered]


def altered(body: bytes) -> dict[bytes, Altered]:
    """Return the names whose heads are others after the diff ``body`` of a file than before it.

    One whose name is further from what changes than a diff shows is not seen.
    """
    names = _may_change(body) if b"\n-" in body and b"\n+" in body else set()
    if not names:
        return {}
    lines = body.split(b"\n")
    gone = {line[1:] + b"\n" for line in lines if line[:1] == b"-"}
    before, after = _side(lines, b"+"), _side(lines, b"-")
    old, new = ([(head, at) for at, head in heads(side) if head.name in names] for side in (before, after))
    found = {}
    for name in names:
        olds, news = (frozenset(head for head, _ in side if head.name == name) for side in (old, new))
        if olds and news and olds != news:
            place = next(at for head, at in old if head.name == name)
            found[name] = Altered(olds - news, news - olds, _line_of(before[place:], gone))
    return found


def _may_change(body: bytes) -> set[bytes]:
    """Return the names of heads that ``body`` takes out and puts there, or that go on behind their first line."""
    names: dict[bytes, set[bytes]] = {b"+": set(), b"-": set(), b" ": set()}
    for head in _DIFF_HEAD.finditer(body):
        sign = head["sign"]
        if sign != b" " or head["rest"].count(b")") <= head["rest"].count(b"("):
            names[sign].add(head["macro"] or _named(head["words"])[1])
    return names[b" "] | (names[b"+"] & names[b"-"])


def _side(lines: Sequence[bytes], other: bytes) -> bytes:
    """Return the ``lines`` of a diff but those with the mark ``other``; a directive parts the hunks."""
    return b"\n".join(line[1:] if line[:1] != b"@" else b"#" for line in lines if line[:1] not in (other, b"\\"))


def _line_of(head: bytes, gone: Collection[bytes]) -> bytes:
    """Return the first line of ``head``, of those at its beginning, that is ``gone``; none of them: nothing."""
    return next((line for line in head[:REACH].splitlines(keepends=True) if line in gone), b"")
