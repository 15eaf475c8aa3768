"""Patches as mails that say the same on every machine and day, and that no program takes apart at the wrong place.

A mail is a header, a message, a line ``---``, and the diff.  Lines of the message that a program would take for the
start of a diff, or of another mail, get ``> `` in front; GNU patch looks behind blanks, too.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.header import Header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime, parseaddr, parsedate_to_datetime

from git_xsa.advisory.heading import read_heading

#: Who is named as the author of a patch file that names nobody: those who publish the advisories.
PUBLISHER = "Xen.org security team <security@xen.org>"

_DIFF_LIKE = re.compile(
    rb"^(?=[ \tX]*(?:---(?:[ \t\r]*$| \S)|diff -|Index:|\+\+\+ |\*\*\* |Prereq:|@@ -"
    rb"|\d+(?:,\d+)?[acds](?:\d+(?:,\d+)?)?[ \t\r]*$)|From .*\d:\d\d)",
    re.MULTILINE,
)
_TRANSFER = re.compile(rb"^(?:MIME-Version|Content-Type|Content-Transfer-Encoding):[^\n]*\n", re.MULTILINE)
_ENCODED = (
    b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n\n"
)
#: What has to be encoded in quoted-printable text: blanks at ends of lines, too, and what would start another mail.
_UNSAFE = re.compile(rb"[=\r\x80-\xff]|[ \t](?=\n)|^F(?=rom )", re.MULTILINE)
_STAT = re.compile(rb"^ [^\n]+\|[^\n]*$|^ \d+ files? changed[^\n]*$|^ (?:create|delete) mode [^\n]*$", re.MULTILINE)


def guarded(message: bytes) -> bytes:
    """Return ``message`` with ``> `` before each line that could pass for the start of a diff or of a mail."""
    return _DIFF_LIKE.sub(b"> ", message)


def commit_mail(mail: bytes, diff: bytes, note: str = "") -> bytes:
    """Return the patch of a commit from what git wrote of it as a ``mail``, and its ``diff``; ``note`` stands below
    the line that ends the message."""
    header, _, message = mail.partition(b"\n\n")
    marked = re.sub(rb"^Subject: ", b"Subject: [PATCH] ", header, count=1, flags=re.MULTILINE)
    return _joined(marked, message, diff, note)


def file_mail(head: str, subject: str, date: int, diff: bytes, note: str = "") -> bytes:
    """Return a published patch as a mail: ``head`` is what its file has before the ``diff``.

    What it does not say is filled in: ``subject``, ``PUBLISHER`` as the author, and ``date`` (seconds since 1970).
    """
    heading = read_heading(head)
    when = heading.date or format_datetime(datetime.fromtimestamp(date, timezone.utc))
    lines = [f"From {'0' * 40} Mon Sep 17 00:00:00 2001", *_address("From", heading.author or PUBLISHER)]
    lines += [f"Date: {when}", *_encoded("Subject", f"[PATCH] {subject}")]
    message = heading.message.encode("utf-8", "replace")
    if not message.isascii():
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit"]
    body = _STAT.sub(b"", message.strip(b"\n").removesuffix(b"---").removesuffix(b"\n---\n"))
    return _joined("\n".join(lines).encode(), body, diff, note)


def transferable(mail: bytes) -> bytes:
    """Return ``mail`` as it stands in a mailbox, from which ``git am`` reads it without a loss.

    One with carriage returns at ends of lines is encoded: ``git am`` would take them out.
    """
    if b"\r\n" in mail:
        header, _, body = mail.partition(b"\n\n")
        plain = _TRANSFER.sub(b"", header + b"\n")
        mail = plain + _ENCODED + _UNSAFE.sub(lambda match: b"=%02X" % match[0][0], body)
    return mail if mail.endswith(b"\n\n") else mail + b"\n"


def mail_header(mail: bytes) -> Message:
    """Return the header of a mail, parsed."""
    return BytesHeaderParser(policy=compat32).parsebytes(mail.partition(b"\n")[2])


def day_of(mail: bytes) -> str:
    """Return the day in UTC that a mail is dated, ``2026-01-31``."""
    date = parsedate_to_datetime(str(mail_header(mail)["Date"]))
    return date.astimezone(timezone.utc).strftime("%Y-%m-%d")


def _joined(header: bytes, message: bytes, diff: bytes, note: str) -> bytes:
    body = guarded(message.strip(b"\n") + b"\n") if message.strip() else b""
    return b"".join([header.rstrip(b"\n"), b"\n\n", body, b"---\n", note.encode() + b"\n" if note else b"", diff])


def _address(name: str, value: str) -> list[str]:
    """Return the lines of a field that holds one address."""
    real, address = parseaddr(value)
    if not address or "@" not in address:
        real, address = parseaddr(PUBLISHER) if not real and not address else (real or address, "security@xen.org")
    shown = real if re.fullmatch(r"[\w !#$%&'*+/=?^`{|}~-]*", real, re.ASCII) else _word(real)
    return [f"{name}: {shown} <{address}>" if shown else f"{name}: {address}"]


def _word(text: str) -> str:
    """Return a name for an address field that plain words don't do for."""
    return '"' + text.replace("\\", "").replace('"', "") + '"' if text.isascii() else Header(text, "utf-8").encode()


def _encoded(name: str, value: str) -> list[str]:
    """Return the lines of a field of free text."""
    if value.isascii() and value.isprintable():
        return [f"{name}: {value}"]
    return f"{name}: {Header(value, 'utf-8', header_name=name).encode()}".splitlines()
