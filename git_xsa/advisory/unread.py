"""Which patches a package applies in a way that its reader can't follow: they must not be left out in silence.

Each function returns the words of the package that show so, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from git_xsa.model.nixfile import patch_list
from git_xsa.model.shellfile import Assignment, strings

#: ``%patchlist`` and ``%include``, a tag whose number is a macro's, and a tag that Lua prints.
_SPEC = re.compile(
    r"^[ \t]*(?:%(?:patchlist|include)\b|Patch[^:\s]*%[^:\n]*:|%\{lua:[^\n]*\bPatch)[^\n]*",
    re.MULTILINE | re.IGNORECASE,
)
_SUBSTITUTED = re.compile(r"\$\(|`")
_USE = re.compile(r"\$\{?\w+")
_SOURCE = re.compile(r"^[^#\n]*?(?<![\w$-])source\+?=", re.MULTILINE)
#: A word that is a variable, or ends with one.
_VARIABLE = re.compile(r"[^:\s]*\$(?:\w+|\{[^}\s]*\})")
_ITSELF = ("$source", "${source}")
_NIX = re.compile(r"^[ \t]*(?:patches[ \t]*=[ \t\n]*[^\s\[=]|inherit\b[^;]*\bpatches\b)[^\n]*", re.MULTILINE)


def in_spec(text: str) -> str:
    """Return the first line of a spec that brings patches by no Patch tag."""
    found = _SPEC.search(text)
    return found[0].strip() if found is not None else ""


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
