"""The edits that a version commit makes: which line of which file becomes which.

An edit is written on one line, as a person reads it::

    xen/Makefile: VERSION = .{patch}-pre | VERSION = .{previous} => VERSION = .{patch}

The path, the line that is expected (several with `` | `` between them), and what it becomes.  Words in braces stand
for parts of the release (``WORDS``); a ``*`` in an expected line stands for anything, and the first ``*`` of the new
line for what the first one stood for, and so on.  A ``?`` in front of the path says that the file or the line need not
be there.

Promises: bytes in, bytes out.  Nothing but that line changes: its indent, its end and all other lines stay, also
where they are no text.  A line that is missing, or that is there twice, is an ``EditError`` and never a guess; a file
that has the new line already is given back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from git_xsa.model.dotgit import is_gits_folder
from git_xsa.model.release import Version
from git_xsa.release import problems

#: What may stand in braces.
WORDS = ("version", "branch", "patch", "previous", "next", "tag", "date")
_BRACED = re.compile(r"\{([a-z]+)\}")
#: A heading of a release in a changelog (Xen's, and everybody's who keeps one like keepachangelog.com).
_HEADING = re.compile(rb"^## \[([^\]\n]*)\]", re.MULTILINE)

#: A banner is looked for in so many lines.
_BANNER = 15

_LINE, _VENDOR = "export XEN_EXTRAVERSION ?= ", "$(XEN_VENDORVERSION)"
_XEN = f"xen/Makefile: {_LINE}"
#: Xen's: what "update Xen version to 4.21.2" changes.  The banner in README (``set_banner``) and the version in
#: SUPPORT.md name the branch, and stay as they are from one point release to the next, but for those that had been
#: forgotten (README before 4.5.1 and 4.7.1, SUPPORT.md before 4.10.1, of 95 releases since 4.3).
XEN_EDITS = (
    f"{_XEN}.{{patch}}-pre{_VENDOR} | {_LINE}.{{previous}}{_VENDOR} => {_LINE}.{{patch}}{_VENDOR}",
    "?SUPPORT.md: Xen-Version: {branch}-rc | Xen-Version: {branch}-unstable => Xen-Version: {branch}",
    "?CHANGELOG.md: ## [{version} UNRELEASED](*h=*)* => ## [{version}](*h={tag}) - {date}",
)
#: What "update Xen version to 4.21.3-pre" changes, once 4.21.2 is made.
XEN_PRE_EDITS = (f"{_XEN}.{{patch}}{_VENDOR} => {_LINE}.{{next}}-pre{_VENDOR}",)


@dataclass(frozen=True)
class Edit:
    """One edit: the file, the lines that it may find there, the line that it makes, and whether it may find none."""

    path: str
    old: tuple[str, ...]
    new: str
    optional: bool = False


def parse_edit(text: str) -> Edit:
    """Return the edit that ``text`` describes; ``ValueError`` with a reason when it describes none."""
    place, colon, rest = text.strip().partition(": ")
    old, arrow, new = rest.partition(" => ")
    path = place.removeprefix("?")
    alternatives = tuple(line.strip() for line in old.split(" | "))
    if not (colon and arrow and path and new.strip() and all(alternatives)):
        raise problems.not_an_edit()
    outside = path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/"))
    if outside or is_gits_folder(path.encode("utf-8", "surrogateescape")):
        raise problems.not_a_file_of_the_tree(path)
    check_words(rest)
    stars = min(line.count("*") for line in alternatives)
    if new.count("*") > stars:
        raise problems.too_many_stars()
    return Edit(path, alternatives, new.strip(), place.startswith("?"))


def check_words(template: str) -> None:
    """Raise ``ValueError`` when ``template`` has a word in braces that has no meaning."""
    for word in _BRACED.findall(template):
        if word not in WORDS:
            raise problems.unknown_word(word, WORDS)


def words_for(version: Version, tag: str, day: str) -> dict[str, str]:
    """Return what the words in braces stand for, for the release ``version`` with the tag ``tag`` on ``day``."""
    *branch, patch = version
    stem = ".".join(map(str, branch))
    values = (".".join(map(str, version)), stem, str(patch), str(patch - 1), str(patch + 1), tag, day)
    return dict(zip(WORDS, values, strict=True))


def fill(template: str, words: Mapping[str, str]) -> str:
    """Return ``template`` with its words in braces replaced."""
    return _BRACED.sub(lambda found: words[found[1]], template)


def apply_edit(content: bytes, edit: Edit, words: Mapping[str, str]) -> bytes:
    """Return ``content`` after ``edit``; raises ``EditError``."""
    patterns = [_pattern(fill(line, words)) for line in edit.old]
    new = fill(edit.new, words)
    made = _pattern(new) if "*" in new else re.compile(re.escape(new.encode()))
    lines = content.splitlines(keepends=True)
    hits = []
    for number, line in enumerate(lines):
        match = next((match for pattern in patterns if (match := pattern.fullmatch(line.strip()))), None)
        if match is not None:
            hits.append((number, match))
    present = [line for line in lines if made.fullmatch(line.strip())]
    if len(hits) > 1:
        raise problems.two_lines_match(edit.path, hits[0][0] + 1, hits[1][0] + 1)
    if not hits:
        if present or edit.optional:
            return content
        expected = " or ".join(repr(fill(line, words)) for line in edit.old)
        raise problems.no_line_matches(edit.path, expected, _nearest(lines, fill(edit.old[0], words)))
    number, match = hits[0]
    line = lines[number]
    start = len(line) - len(line.lstrip())
    pieces = iter(match.groups())
    text = b"".join(next(pieces) if part == b"*" else part for part in re.split(rb"(\*)", new.encode()))
    lines[number] = line[:start] + text + line[start + len(line.strip()) :]
    return b"".join(lines)


def fits_template(template: str) -> re.Pattern[str]:
    """Return the pattern of all that ``template`` becomes when its words in braces are filled in."""
    pieces = _BRACED.split(template)
    return re.compile("".join(re.escape(piece) if index % 2 == 0 else ".+" for index, piece in enumerate(pieces)))


def _pattern(line: str) -> re.Pattern[bytes]:
    return re.compile(b"(.*?)".join(re.escape(part.encode()) for part in line.split("*")))


def _nearest(lines: list[bytes], expected: str) -> str:
    """Return the line that was probably meant, empty when there is none like it."""
    for length in range(len(expected), 7, -1):
        for line in lines:
            if line.strip().startswith(expected[:length].encode()):
                return line.strip().decode("utf-8", "backslashreplace")
    return ""


def add_heading(content: bytes, words: Mapping[str, str]) -> bytes:
    """Return the changelog ``content`` with a heading for the release above the newest one, made like that.

    It is given back as it is when it has one.  ``EditError`` when it has no heading to go by.
    """
    found = _HEADING.search(content)
    if found is None:
        raise problems.no_heading()
    version = words["version"].encode()
    if any(match[1].split()[:1] == [version] for match in _HEADING.finditer(content)):
        return content
    line = content[found.start() : content.index(b"\n", found.start())]
    link = re.fullmatch(rb"## \[[^\]]*\](\(.*;h=)[^)]*\).*", line)
    target = link[1] + words["tag"].encode() + b")" if link is not None else b""
    return content[: found.start()] + b"## [" + version + b"]" + target + b"\n\n" + content[found.start() :]


def set_banner(content: bytes, drawn: Sequence[str], begin: Sequence[str]) -> bytes:
    """Return ``content`` with its banner redrawn, unchanged when that says ``drawn`` already.

    A banner stands between two lines of ``#`` at the top, and begins like ``begin``, which is how its first word is
    drawn; where there is none like that, nothing is changed.  Nor is it for one line that differs: that is a slip of
    the pen (as in 4.22.0) and no other version.  Its indent stays, and so do its blank lines.
    """
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    rules = [number for number, line in enumerate(lines[:_BANNER]) if re.fullmatch(r"#{10,}\s*", line)][:2]
    if len(rules) < 2:
        return content
    first, last = rules
    found = [number for number in range(first + 1, last) if lines[number].strip()]
    if len(found) != len(drawn) or found[-1] - found[0] != len(drawn) - 1:
        return content
    old = [lines[number].rstrip() for number in found]
    indent = min(len(line) - len(line.lstrip()) for line in old)
    shown = [line[indent:] for line in old]
    differ = sum(one != other for one, other in zip(shown, drawn, strict=True))
    if differ <= 1 or not all(map(str.startswith, shown, begin)):
        return content
    lines[found[0] : found[-1] + 1] = [" " * indent + line for line in drawn]
    lines[first] = lines[last] = "#" * (max(map(len, drawn)) + 1)
    return "\n".join(lines).encode("utf-8", "surrogateescape")
