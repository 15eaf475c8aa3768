"""Which patches a package applies in a way that its reader can't follow: they must not be left out in silence.

Each function returns the words of the package that show so, or nothing.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Mapping

from git_xsa.model.nixfile import patch_list
from git_xsa.model.shellfile import Assignment, strings

#: ``%patchlist`` and ``%include``, a tag whose number is a macro's, one in a macro (``%{?with_x:Patch7: x.patch}``),
#: and one that is a line of a macro's definition.
_SPEC = re.compile(
    r"^[ \t]*(?:%(?:patchlist|include)\b|Patch[^:\s]*%[^:\n]*:|%[^\n]*\bPatch\d*[ \t]*:|%\{\w+ [^\n]*\bPatch\d*\b|"
    r"(?<=\\\n)[ \t]*Patch\d*[ \t]*:)[^\n]*",
    re.MULTILINE | re.IGNORECASE,
)
#: What prints lines of a spec that only running it tells, among the tags: Lua, a shell, another file.
_RUN = r"%(?:\(|\{?load\b|\{uncompress:)"
_PRINTED = re.compile(rf"^[ \t]*(?:%\{{lua:|{_RUN}|%\{{expand:[^\n]*(?:{_RUN}|%\{{lua:))[^\n]*", re.MULTILINE)
#: A macro that stands for such lines; it prints them where a line begins with it.  Of Lua, XCP-ng prints BuildRequires
#: so: it counts where it speaks of patches.
_DEFINED = re.compile(
    r"^[ \t]*%(?:global|define)[ \t]+(\w+)(?:\([^)\n]*\))?[ \t]+((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE
)
_RUNS = re.compile(_RUN)
_USED = re.compile(r"^[ \t]*%\{?[?!]*(\w+)[^\n]*", re.MULTILINE)
_TOLD = re.compile("patch", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_PREP = re.compile(r"^%prep\b", re.MULTILINE)
_SUBSTITUTED = re.compile(r"\$\(|`")
_USE = re.compile(r"\$\{?\w+")
_SOURCE = re.compile(r"^[^#\n]*?(?<![\w$-])source\+?=", re.MULTILINE)
#: A word that is a variable, or ends with one.
_VARIABLE = re.compile(r"[^:\s]*\$(?:\w+|\{[^}\s]*\})")
_ITSELF = ("$source", "${source}")
_NIX = re.compile(r"^[ \t]*(?:patches[ \t]*=[ \t\n]*[^\s\[=]|inherit\b[^;]*\bpatches\b)[^\n]*", re.MULTILINE)


def in_spec(text: str) -> str:
    """Return the first line of a spec that brings patches by no Patch tag, or may do so: what is run to tell is not."""
    prep = _PREP.search(text)
    tags = text[: prep.start()] if prep is not None else text
    names = _printers(tags)
    used = next((match for match in _USED.finditer(tags) if match[1] in names), None)
    found = _SPEC.search(text) or _PRINTED.search(tags) or used
    return found[0].strip() if found is not None else ""


def _printers(text: str) -> set[str]:
    """Return the macros that stand for something that is run and may print Patch tags."""
    closed = _closed_braces(text)
    told = [match.start() for match in _TOLD.finditer(text)]
    found = set()
    for macro in _DEFINED.finditer(text):
        opened = text.find("%{lua:", macro.start(2), macro.end(2)) + 1
        end = closed.get(opened, len(text))
        if _RUNS.search(macro[2]) or (opened and bisect(told, opened) < bisect(told, end)):
            found.add(macro[1])
    return found


def _closed_braces(text: str) -> dict[int, int]:
    """Return where each brace of ``text`` is closed that is."""
    open_ones: list[int] = []
    found = {}
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            open_ones.append(match.start())
        elif open_ones:
            found[open_ones.pop()] = match.end()
    return found


def in_apkbuild(text: str, known: Mapping[str, str]) -> str:
    """Return the first part of an APKBUILD that adds to ``source`` in a loop or by a variable that is unknown."""
    lists = list(strings(text, "source"))
    read = {text.find("source", found.start) for found in lists}
    spans = [(found.opened, found.closed) for found in lists]
    for match in _SOURCE.finditer(text):
        at = match.end() - len(match[0]) + match[0].rindex("source")
        if at not in read and not any(a <= at < b for a, b in spans):
            return text[match.start() :].partition("\n")[0].strip()
    for word in (word.text for found in lists for word in found.words):
        unknown = _VARIABLE.fullmatch(word) and any(n.lstrip("${") not in known for n in _USE.findall(word))
        if word not in _ITSELF and (unknown or _SUBSTITUTED.search(word)):
            return word
    return ""


def in_ebuild(lists: Iterable[Assignment]) -> str:
    """Return the first word of ``PATCHES`` for which a command is run."""
    words = (word.text for found in lists for word in found.words)
    return next((word for word in words if _SUBSTITUTED.search(word)), "")


def in_nix(text: str) -> str:
    """Return the first part of a Nix expression that makes ``patches`` anything but one list."""
    found = patch_list(text)
    match = _NIX.search(text)
    return match[0].strip() if match is not None else found.more if found is not None else ""
