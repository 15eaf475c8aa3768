"""Read the text of an advisory, as it is published and as it is mailed.

An advisory is text for people with a steady form: a title with the CVE and XSA numbers and a version, sections with
underlined headings, a table of patch files, their checksums, and what may be deployed before the embargo ends.  It is
signed as a whole (OpenPGP clear text), and what stands outside the signature counts for nothing.

Promises: what is returned was inside the signed part, if there is one; nothing in the text makes the reader fail but
the lack of a title, and the time that it takes grows with the length alone.  Where the text is silent about
deployment, it is not permitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from git_xsa.advisory.problems import intake as problems
from git_xsa.advisory.version_rows import Scope, read_scope

#: The longest advisory so far has 0.05 MB.
LARGEST = 1 << 20
_TITLE = re.compile(
    r"^[ \t]*Xen Security Advisory[ \t]+(?P<cves>(?:CVE-[0-9X?-]+[\s,/&]*){0,40}?)(?:/\s*)?"
    r"XSA[- ](?P<number>\d{1,6})[ \t]*$",
    re.MULTILINE,
)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_VERSION = re.compile(r"version (\d{1,3})(?:[ \t].*)?", re.IGNORECASE)
_RULE = re.compile(r"={3,}[ \t]*")
_UPDATES = re.compile(r"UPDATES? IN VERSION (\d{1,3})", re.IGNORECASE)
_ROW = re.compile(r"[ \t]*(?P<file>[\w.*?+@\[\]{},/-]*xsa-?\d[\w.*?+@\[\]{},/-]*?)(?:[ \t]+(?P<scope>\S.*)|[ \t]*)$")
_FILE = re.compile(r"(?:.*\.(?:patch|diff)|.*/[\w.*?-]*|.*\*)")
_SUM = re.compile(r"[ \t]*([0-9a-f]{64})[ \t]+\*?(\S{1,400})[ \t]*")
_RELEASE_TAG = re.compile(r"^[ \t]+([A-Z]+-\d+(?:\.\d+)+)[ \t]*$", re.MULTILINE)
_COMMIT = re.compile(
    r"^[ \t]*((?:stable|staging)-\d+\.\d+|master|staging)[ \t]+([0-9a-f]{40}|[0-9a-f]{64})[ \t]*$", re.MULTILINE
)
_PERMITTED = re.compile(r"Deployment of (?:the )?patch(?:es)?\b(?:(?!\bNOT\b)[^.]){0,400}\b(?:is|are) permitted")
_MITIGATIONS_TOO = re.compile(r"Deployment of (?:the )?patch(?:es)? and/or mitigations?\b")
_FORBIDDEN = re.compile(r"\b(?:is|are) NOT permitted\b")
_LIFTED = re.compile(r"\bpublic release\b", re.IGNORECASE)
_BEGIN, _SIGNATURE, _END = (
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "-----BEGIN PGP SIGNATURE-----",
    "-----END PGP SIGNATURE-----",
)
_CONTINUED = (",", "-", "...", "and", "&")


@dataclass(frozen=True)
class Row:
    """A row of the table of patches: a file's name or a pattern of names, and what it is for."""

    pattern: str
    scope: Scope


@dataclass(frozen=True)
class Deployment:
    """What may be deployed during the embargo; ``text`` is the section's, empty when there is none."""

    patches: bool = False
    mitigations: bool = False
    text: str = ""


@dataclass(frozen=True)
class Advisory:
    """An advisory as its text has it.

    ``updates`` maps each version to what its own section says of it, ``sums`` each published file to its SHA-256
    (hexadecimal).  ``releases`` are tags that are named as the resolution, ``commits`` pairs of branch and commit.
    ``signed`` is the signed part with its signature, as it was found; empty when there is none.
    """

    number: int
    version: int
    title: str
    cves: tuple[str, ...]
    updates: Mapping[int, str]
    rows: tuple[Row, ...]
    sums: Mapping[str, str]
    releases: tuple[str, ...]
    commits: tuple[tuple[str, str], ...]
    deployment: Deployment
    embargoed: bool
    signed: bytes = b""
    body: str = field(default="", repr=False)

    @property
    def public(self) -> bool:
        """Whether the text says of itself that it is public: this version is the release, or a later one."""
        lifted = [version for version, text in self.updates.items() if _LIFTED.search(text)]
        return not self.embargoed or bool(lifted)


def is_advisory(content: bytes) -> bool:
    """Whether ``content`` has the title of an advisory, not quoted by somebody who answers."""
    start = content[:LARGEST]
    plain = _decoded(start).replace("\n- ", "\n")  # what a signature puts before some lines
    return b"Xen Security Advisory" in start and _TITLE.search(plain) is not None


def read_advisory(content: bytes) -> Advisory:
    """Return the advisory in ``content``; ``TextError`` when there is none, or more than one signed part."""
    if len(content) > LARGEST:
        raise problems.large_text(LARGEST >> 20)
    text = _decoded(content)
    signed, body = _signed_part(text)
    title = _TITLE.search(body)
    if title is None:
        outside = signed and _TITLE.search(text)
        raise problems.title_outside() if outside else problems.no_title()
    version, name = _heading(body[title.end() :])
    sections = list(_sections(body))
    resolution = "\n".join(text for heading, text in sections if heading.upper().startswith("RESOLUTION"))
    deployment = "\n".join(text for heading, text in sections if heading.upper().startswith("DEPLOYMENT"))
    return Advisory(
        int(title["number"]),
        version,
        name,
        tuple(dict.fromkeys(_CVE.findall(title["cves"]))),
        {int(m[1]): text.strip() for heading, text in sections if (m := _UPDATES.fullmatch(heading))},
        tuple(_rows(resolution)),
        _sums(body),
        tuple(dict.fromkeys(_RELEASE_TAG.findall(resolution))),
        tuple(_COMMIT.findall(resolution)),
        _deployment(deployment),
        not any(heading.upper().startswith("NOTE REGARDING LACK OF EMBARGO") for heading, _ in sections),
        signed.encode("utf-8", "surrogateescape"),
        body,
    )


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")


def _signed_part(text: str) -> tuple[str, str]:
    """Return the signed part with its signature (empty: there is none), and the text that it signs.

    Lines that begin with a dash have "- " put before them when a text is signed (RFC 9580, section 7.2); that is
    taken away.  Raises ``TextError`` when there are several signed parts, or half of one.
    """
    lines = text.split("\n")
    begin, middle, end = (
        [n for n, line in enumerate(lines) if line.rstrip() == mark] for mark in (_BEGIN, _SIGNATURE, _END)
    )
    if not begin:
        return "", text
    if len(begin) > 1 or len(middle) != 1 or len(end) != 1 or not begin[0] < middle[0] < end[0]:
        raise problems.several_texts()
    first = begin[0] + 1
    while first < middle[0] and lines[first].strip():
        if not lines[first].startswith("Hash: "):
            raise problems.no_hash_name()
        first += 1
    body = [line.removeprefix("- ") for line in lines[first + 1 : middle[0]]]
    return "\n".join(lines[begin[0] : end[0] + 1]) + "\n", "\n".join(body)


def _heading(text: str) -> tuple[int, str]:
    """Return the version (1 where none is given) and the title that follow the line with the numbers."""
    lines = iter(text[:4000].split("\n"))
    version = 1
    title: list[str] = []
    for line in lines:
        words = line.strip()
        found = _VERSION.fullmatch(words)
        if found and not title:
            version = int(found[1])
        elif words:
            title.append(words)
        elif title:
            break
    return version, " ".join(title)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield each underlined heading with the text up to the next one."""
    lines = text.split("\n")
    starts = [n for n in range(len(lines) - 1) if lines[n].strip() and _RULE.fullmatch(lines[n + 1])]
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        yield lines[start].strip(), "\n".join(lines[start + 2 : end])


def _rows(resolution: str) -> Iterator[Row]:
    """Yield the rows of the table.  What a row is for may go on in the next line, indented."""
    pattern, scope = "", ""
    for line in resolution.split("\n"):
        found = _ROW.fullmatch(line) if len(line) < LARGEST // 1000 else None
        if found and _FILE.fullmatch(found["file"]):
            if pattern:
                yield Row(pattern, read_scope(scope))
            pattern, scope = found["file"], found["scope"] or ""
        elif pattern and line[:1] in (" ", "\t") and line.strip() and (not scope or scope.endswith(_CONTINUED)):
            scope = f"{scope} {line.strip()}"
        elif pattern:
            yield Row(pattern, read_scope(scope))
            pattern = ""
    if pattern:
        yield Row(pattern, read_scope(scope))


def _sums(text: str) -> dict[str, str]:
    """Return the listed checksums.  A file that is listed twice, with different ones, has none that counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _SUM.fullmatch(line) if len(line) < 1000 else None
        if match:
            name, value = match[2].removeprefix("./"), match[1]
            found[name] = value if found.get(name, value) == value else ""
    return found


def _deployment(text: str) -> Deployment:
    words = " ".join(text.split())
    patches = _PERMITTED.search(words) is not None
    return Deployment(
        patches,
        patches and _MITIGATIONS_TOO.search(words) is not None and _FORBIDDEN.search(words) is None,
        text.strip(),
    )
