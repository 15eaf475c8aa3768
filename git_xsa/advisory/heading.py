"""Read what stands before a diff: who wrote the change and when, its subject, and which commit it was made from.

These are the forms in the packages of distributions, alone or one above the other::

    From <commit> ..., From:, Date:, Subject:      a mail, as git format-patch writes it
    # HG changeset patch, # User, # Date           Mercurial (https://www.mercurial-scm.org/doc/hg.1.html, "export");
                                                   its date is in seconds, with the zone's seconds west of UTC
    # Commit <commit>, # Date, # Author            SUSE, below References: bsc#1234 CVE-2026-1234 XSA-123
    commit <commit>, Author:, Date:                git show; the message is indented
    Description:, Author:, Origin:, Bug:           Debian (https://dep-team.pages.debian.net/deps/dep3/)
    $NetBSD$                                       a line of pkgsrc before any of these

Promises: nothing in a head makes the reader fail; what it does not say is empty.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser
from email.utils import format_datetime, parsedate_to_datetime

_FIELD = re.compile(r"[A-Za-z][A-Za-z-]*:(?:[ \t]|$)")
_PASSED = re.compile(r"(?:\$NetBSD[^$]*\$|From \S+ .*\d\d:\d\d:\d\d.*|)\s*")
_HASH = re.compile(r"# (HG changeset patch|Commit|User|Author|Date|Committer|Node ID|Parent|Branch)\b\s*(.*)")
_SHOWN = re.compile(r"commit [0-9a-f]{40,64}\b")
_IN_BODY = re.compile(r"(?:From|Subject|Date): ")
_SECONDS = re.compile(r"(\d{1,12}) (-?\d{1,6})")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?(?:\.\d+)?\s*(?:Z|([+-]\d\d):?(\d\d))?")
_TAGS = re.compile(r"^(?:\[[^\]]*\]\s*)+")
_ADVISORY = re.compile(r"\bXSA-(\d{1,6})\b|/advisory-(\d{1,6})\.html")
_REFERENCES = re.compile(r"^(?:References|Bug(?:-[A-Za-z]+)?): .*", re.MULTILINE)
#: The fields that are read -> what they say, nothing for those that stay in the message; a block of others is text.
_MEANING = {
    "from": "author", "author": "author", "user": "author", "subject": "subject", "description": "subject",
    "date": "date", "last-update": "date", "references": "", "origin": "", "bug": "", "applied-upstream": "",
    "upstream-status": "",
}  # fmt: skip


@dataclass(frozen=True)
class Heading:
    """What is said of a patch before its diff.

    ``author`` is a name with an address, ``date`` is in the form of a mail, ``message`` is what follows, without these.
    ``advisories`` are those that the references name.
    """

    subject: str = ""
    author: str = ""
    date: str = ""
    message: str = ""
    advisories: tuple[int, ...] = ()


def read_heading(text: str) -> Heading:
    """Return what ``text``, which stands before a diff, says."""
    reader = _HeadingReader(text.split("\n"))
    while reader.block():
        pass
    found, lines = reader.found, reader.lines
    if reader.untitled and lines:
        found["subject"], lines = lines[0].strip().removeprefix("Subject: "), lines[1:]
    numbers = (int(one or other) for line in _REFERENCES.findall(text) for one, other in _ADVISORY.findall(line))
    return Heading(
        _TAGS.sub("", " ".join(found.get("subject", "").split())),
        found.get("author", ""),
        mail_date(found.get("date", "")),
        "\n".join([*reader.kept, *lines]).strip("\n"),
        tuple(dict.fromkeys(numbers)),
    )


class _HeadingReader:
    """Reads the blocks that a head begins with: ``found`` is what their fields say, ``kept`` what else stands there.

    ``lines`` are what follows; ``untitled``: the first of them is the subject.
    """

    def __init__(self, lines: list[str]) -> None:
        self.found: dict[str, str] = {}
        self.kept: list[str] = []
        self.lines = lines
        self.untitled = False

    def block(self) -> bool:
        """Read one block; return whether another one may follow."""
        while self.lines and _PASSED.fullmatch(self.lines[0]):
            del self.lines[0]
        first = self.lines[0] if self.lines else ""
        if "subject" in self.found:  # git am, too, takes such a field in the body for the truth
            return bool(_IN_BODY.match(first)) and self._fields()
        if _SHOWN.match(first):
            del self.lines[0]
            self._fields()
            self.lines = [line.removeprefix("    ") for line in self.lines]
            self._untitled()
            return False
        return self._comments() if _HASH.match(first) else self._fields() if _FIELD.match(first) else False

    def _comments(self) -> bool:
        """Read lines such as ``# Author``, below which the first line is the subject."""
        while self.lines and self.lines[0].startswith("#"):
            if found := _HASH.match(self.lines.pop(0)):
                meaning = _MEANING.get(found[1].lower())
                if meaning:
                    self.found.setdefault(meaning, found[2].strip())
        self._untitled()
        return False

    def _untitled(self) -> None:
        while self.lines and not self.lines[0].strip():
            del self.lines[0]
        self.untitled = True

    def _fields(self) -> bool:
        """Read fields up to a blank line; return whether there was one that is known."""
        end = next((number for number, line in enumerate(self.lines) if not line.strip()), len(self.lines))
        header = HeaderParser().parsestr("\n".join(self.lines[:end]) + "\n\n")
        if not any(name.lower() in _MEANING for name in header):
            return False
        del self.lines[:end]
        said: dict[str, str] = {}
        for name in header:
            meaning = _MEANING.get(name.lower())
            if meaning:
                said.setdefault(meaning, decoded_field(header, name))
            elif meaning is not None:
                self.kept.append(f"{name}: {decoded_field(header, name)}")
            if name.lower() == "description":  # DEP-3: the first line is the title, a dot stands for a blank line
                title, *more = str(header[name]).split("\n")
                said["subject"] = title.strip()
                self.kept += ["" if line.strip() == "." else line.removeprefix(" ") for line in more]
        self.found |= said
        return True


def decoded_field(header: Message, name: str) -> str:
    """Return a field of a header as text on one line, empty when it is not there."""
    raw = header.get(name)
    if raw is None:
        return ""
    text = str(raw)
    if "=?" in text:  # what is not in plain text (RFC 2047)
        with suppress(LookupError, ValueError, MessageError):
            text = str(make_header(decode_header(text)))
    return " ".join(text.split())


def mail_date(text: str) -> str:
    """Return a date as a mail has it, empty for what is none."""
    seconds, iso = _SECONDS.fullmatch(text), _ISO.fullmatch(text.strip())
    try:
        if seconds is not None:
            return format_datetime(
                datetime.fromtimestamp(int(seconds[1]), timezone(timedelta(seconds=-int(seconds[2]))))
            )
        if iso is not None:
            day, time, hours, minutes = iso.groups()
            zone = f"{hours}:{minutes}" if hours else "+00:00"
            return format_datetime(datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}"))
        return format_datetime(parsedate_to_datetime(text)) if text else ""
    except (TypeError, ValueError, OverflowError, OSError, IndexError):
        return ""
