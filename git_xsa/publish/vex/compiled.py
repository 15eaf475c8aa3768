"""Which files a product was built from, and whether code that a fix changes is among them.

A list of compiled files is a ``compile_commands.json``, the answer of ``git xsa-test --json``, or a text with a path a
line.  The first and the last must be of everything that the product is built from; xsa-test's speaks of the files that
its queue changes, of which it has seen what the build reads.

"Not compiled" is said only of what such a list decides: C files, and those of OCaml if such stand in it.  A header is
compiled through others, assembler may only be preprocessed (linker scripts), a generated file is called something else,
and a C file can be included by another, preprocessed by a rule of its own, or linked to under another name.  Of these
only a whole part of the tree (an architecture, the tools) of which nothing was compiled is known not to have been.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from git_xsa.documents import DocumentError, read_json
from git_xsa.model.follow_ups import is_document
from git_xsa.publish import problems
from git_xsa.publish.vex.statements import Code

#: A larger list is none; that of a kernel has 10 MB.
LARGEST = 1 << 28
_CONFIGURATION = re.compile(
    rb"(?:^|/)(?:Kconfig|Makefile|Rules|Kbuild|Config)[^/]*$|(?:^|/)configure$"
    rb"|\.(?:mk|config|ac|m4|in)$|_?defconfig$|^(?:automation|scripts|m4|config|xen/tools|xen/scripts)/|^\.[^/]"
)
#: What is compiled by itself.  A header mostly is not, and that one is in a list says nothing of the others.
_UNITS = (b".c", b".ml", b".mli")
#: What a compiler reads.  A script that no build reads may be in a product all the same.
_SOURCES = (b".c", b".h", b".S", b".s", b".inc", b".lds", b".y", b".l", b".asl", b".ml", b".mli")
#: A part of the tree that is built as a whole or not at all: an architecture, or the programs beside the hypervisor.
_PARTS = re.compile(rb"xen/(?:arch/|include/asm-)([a-z0-9]+)/|(?<!xen/)(tools|stubdom)/")
#: The policy that the tools' folder has is built into the hypervisor.
_BUILT_IN = b"tools/flask/policy/"


class CompiledList(NamedTuple):
    """What lists say: the files ``compiled``, as they are written there; those that were ``left`` out for certain; and
    whether ``everything`` that was compiled is in it."""

    compiled: frozenset[bytes]
    left: frozenset[bytes]
    everything: bool


def read_lists(places: Iterable[Path], base: str) -> CompiledList:
    """Return what the lists at ``places`` say together; ``XsaError`` when one is none, or xsa-test's is not of the
    commit ``base``."""
    found = [_read(place, base) for place in places]
    compiled = frozenset[bytes]().union(*(one.compiled for one in found))
    left = frozenset[bytes]().union(*(one.left for one in found)) - compiled
    return CompiledList(compiled, left, any(one.everything for one in found))


def _read(place: Path, base: str) -> CompiledList:
    try:
        with place.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise problems.unreadable_list(place, error.strerror) from None
    if len(content) > LARGEST:
        raise problems.list_too_large(place, LARGEST >> 20)
    start = content.lstrip()[:1]
    try:
        if start == b"[":
            return CompiledList(frozenset(_commands(read_json(content))), frozenset(), everything=True)
        if start == b"{":
            return _of_test(read_json(content), place, base)
    except (DocumentError, LookupError, TypeError, AttributeError, ValueError):
        raise problems.no_compiled_list(place) from None
    lines = frozenset(os.path.normpath(line.strip()) for line in content.splitlines() if line.strip())
    if not lines or any(b"\0" in line for line in lines):
        raise problems.no_compiled_list(place)
    return CompiledList(lines, frozenset(), everything=True)


def _commands(document: Any) -> Iterator[bytes]:
    """Yield the files of a compilation database (https://clang.llvm.org/docs/JSONCompilationDatabase.html)."""
    if not document:
        raise LookupError
    for entry in document:
        yield os.path.normpath(os.fsencode(os.path.join(str(entry["directory"]), str(entry["file"]))))


def _of_test(document: dict[str, Any], place: Path, base: str) -> CompiledList:
    """Return what an answer of xsa-test says, or the list of a folder that has its proof."""
    results = document.get("proof", document)["results"]
    ours = [one for one in results if one["base"]["commit"] == base]
    if not ours:
        raise problems.list_of_another_base(place)
    compiled = {os.fsencode(path) for one in ours for cell in one["cells"] for path in cell["compiled"] or ()}
    left = {os.fsencode(path) for one in ours for path in one["not_compiled"] or ()}
    return CompiledList(frozenset(compiled), frozenset(left), everything=False)


class CompiledFiles:
    """What was compiled of a tree with the files ``paths``, by ``listed``.

    ``doubtful`` are the names of C files that are compiled without being listed, if others include them or a rule is
    about them.  ``XsaError`` when none of what is listed is a file of the tree.
    """

    def __init__(self, listed: CompiledList, paths: Collection[bytes], doubtful: Collection[bytes]) -> None:
        self._everything = listed.everything
        self._paths = set(paths)
        self._left = listed.left
        found = {name: _within(name, self._paths) for name in listed.compiled}
        self._compiled = {path for path in found.values() if path is not None}
        if not self._compiled and not self._left:
            raise problems.list_of_another_tree()
        strange = {name for name, path in found.items() if path is None}
        self._doubtful = {name.rpartition(b"/")[2] for name in strange} | set(doubtful)
        self._parts = {part for path in self._compiled if (part := _part(path)) is not None}
        self._parts |= {part for name in strange for part in _parts(name)}
        self._kinds = {b".c"} | {os.path.splitext(path)[1] for path in self._compiled}.intersection(_UNITS)

    def code_of(self, changed: Mapping[bytes, str]) -> tuple[Code, list[bytes]]:
        """Return whether code of the files that a fix ``changed`` was compiled, and the files that decide it."""
        relevant = sorted(path for path in changed if not is_document(path))
        code = [path for path in relevant if not _CONFIGURATION.search(path)]
        if not code:
            return Code.NONE, []
        states = [self._was_compiled(path) for path in code]
        if True in states:
            return Code.COMPILED, code
        rest = [self._was_compiled(path) for path in relevant if path not in code]
        unknown = None in states or any(state is not False for state in rest)
        return (Code.UNKNOWN if unknown else Code.NOT_COMPILED), code

    def lacks(self, folder: bytes) -> bool:
        """Return whether no file of the tree in ``folder`` was compiled."""
        return not any(path.startswith(folder) for path in self._compiled)

    def _was_compiled(self, path: bytes) -> bool | None:
        """Return whether the file at ``path`` was compiled, ``None`` if that is not known."""
        if path in self._compiled:
            return True
        if path in self._left and os.path.splitext(path)[1] in _SOURCES:
            return False
        if not self._everything:
            return None
        part = _part(path)
        if part is not None and part not in self._parts and self._parts:
            return False
        decided = path in self._paths and os.path.splitext(path)[1] in self._kinds
        if not decided or _CONFIGURATION.search(path) or path.rpartition(b"/")[2] in self._doubtful:
            return None
        return False


def only_text(changed: Iterable[bytes]) -> bool:
    """Return whether a fix changes documentation and configuration alone."""
    return all(is_document(path) or _CONFIGURATION.search(path) for path in changed)


def _within(name: bytes, paths: Collection[bytes]) -> bytes | None:
    """Return the file of the tree that ``name`` ends with, the longest of several; ``None`` if there is none."""
    words = name.split(b"/")
    ends = (b"/".join(words[start:]) for start in range(len(words)))
    return next((end for end in ends if end in paths), None)


def _part(path: bytes) -> bytes | None:
    """Return the part of the tree that a file of it is in, ``None`` for what every build may have."""
    found = _PARTS.match(path)
    return (found[1] or found[2]) if found is not None and not path.startswith(_BUILT_IN) else None


def _parts(name: bytes) -> Iterator[bytes]:
    """Yield the parts that a file may be in, wherever the tree was built."""
    for found in _PARTS.finditer(name):
        yield found[1] or found[2]
