"""The marks by which a commit's message says which advisory it fixes.

xen.git's commits carry a sentence of their own for it: ``This is XSA-307.``, ``This is part of XSA-452 /
CVE-2023-28746``, ``This is CVE-2021-28701 / part of XSA-384.``, ``Everything together is XSA-501.``  Prose that
mentions an advisory ("introduced by the fix for XSA-333", "This is a followup to XSA-286") is no mark.  The forms
were collected from every commit of xen.git's stable branches 4.0 to 4.22.
"""

from __future__ import annotations

import re

_NAME = r"(?:XSA[-# ]?\d{1,9}|CVE[- ]?\d{4}-(?:\d{3,}|[xX]+|\?+))"
_JOIN = r"(?:\s*(?:/|,|&|\+|;|\band\b)\s*(?:and\s+)?|\s+)"
_LIST = rf"\(?{_NAME}\)?(?:{_JOIN}(?:(?:a\s+)?part\s+of\s+)?\(?{_NAME}\)?)*"
_MARK = re.compile(
    rf"^\[?[ \t]*(?:This|These|It|(?:Everything|All)\s+together)(?:\s+(?:patch|commit|change|bug))?(?:\s+(?:is|are))?"
    rf"(?:\s+(?:also\s+)?(?:a\s+)?part\s+of(?:\s+the\s+fix\s+(?:to|for))?)?"
    rf"(?:\s+(?:a\s+)?security\s+(?:issue|problem|vulnerability)[,.](?:\s+part\s+of)?)?"
    rf"\s+({_LIST})(?:\s+\(or\s[^)]*\)|,\s+discovered\s+by\s[^.]*)?"
    r"\s*(?:[.;,)\]]+(?:[ \t]*(?:-\w+[ \t]*)?\])?[ \t]*)?\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(r"XSA[-# ]?(\d+)", re.IGNORECASE)
_CVE = re.compile(r"CVE[- ]?(\d{4}-\d{4,})", re.IGNORECASE)
#: Where a message, or what stands before a diff, names the commit that it is or was made from: git format-patch, git
#: show, SUSE and DEP-3 (both as an address and by itself), and the lines of maintainers.
_NAMED = re.compile(
    r"^(?:From (?P<mail>[0-9a-f]{40,64}) |\(cherry[- ]picked from commit (?P<picked>[0-9a-f]{12,64})\)"
    r"|(?:master|staging|upstream|xen-unstable) commit:? (?P<master>[0-9a-f]{12,64})"
    r"|commit (?P<shown>[0-9a-f]{40,64})\b[^\n]*\n(?=Author: |Merge: )|(?:# |git-)commit:? (?P<head>[0-9a-f]{12,64})\b"
    r"|commit (?P<above>[0-9a-f]{12,64}) upstream|\[ ?upstream commit (?P<bracket>[0-9a-f]{12,64})"
    r"|(?:Origin|Applied-Upstream|Upstream-Status):[^\n]{0,999}(?:commit[:/ ]|\bh=|\bid=) ?"
    r"(?P<field>[0-9a-f]{12,64})\b)",
    re.MULTILINE | re.IGNORECASE,
)
_UPSTREAM = (
    re.compile(r"^master commit: ([0-9a-f]{40,64})\s*$", re.MULTILINE),
    re.compile(r"^\(cherry[- ]picked from (?:commit )?([0-9a-f]{40,64})\)\s*$", re.MULTILINE),
    re.compile(
        r"^(?:# Commit |(?:Origin|Applied-Upstream):[^\n]{0,999}(?:commit:|\bh=|\bid=))([0-9a-f]{40,64})\b",
        re.MULTILINE,
    ),
)


def marked_advisories(message: str) -> tuple[int, ...]:
    """Return the numbers of the advisories that the commit with this message says it is, in the order of the text."""
    found: dict[int, None] = {}
    for mark in _MARK.finditer(message):
        found.update(dict.fromkeys(int(number) for number in _NUMBER.findall(mark[1])))
    return tuple(found)


def marked_cves(message: str) -> tuple[str, ...]:
    """Return the CVE numbers that stand in the same marks, in the order of the text: ``CVE-2023-28746``."""
    found = (name for mark in _MARK.finditer(message) for name in _CVE.findall(mark[1]))
    return tuple(dict.fromkeys(f"CVE-{name}" for name in found))


def named_commits(message: str) -> set[str]:
    """Return the commits that a message says it is or came from, in the length in which they are named."""
    found = {next(name for name in match.groups() if name).lower() for match in _NAMED.finditer(message)}
    return {name for name in found if set(name) != {"0"}}


def upstream_commit(message: str) -> str | None:
    """Return the commit of the main branch that a commit of a stable branch says it was made from, in full.

    The stable maintainers write ``master commit: <hex>`` or ``(cherry picked from commit <hex>)``, SUSE and Debian have
    a line before a patch; of several such lines the first names the origin.  ``None`` when there is none.
    """
    for form in _UPSTREAM:
        match = form.search(message)
        if match is not None:
            return match[1]
    return None
