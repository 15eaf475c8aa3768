r"""Make text from a repository safe to print.

A subject line, an author or a file name can hold anything, and a terminal obeys what it is sent: it can be told to
clear the screen, to set its title, or to show words in another order than they stand in the file.  So whatever was
written by others goes through ``printable`` on its way to a terminal::

    "CVE\x1b[2K\rnothing to see"   ->   "CVE\x1b[2K\x0dnothing to see", with visible backslashes

Promises: the result has no control character but tab and newline, no character that changes the direction of
writing, and can be encoded as UTF-8.  Text that is harmless comes back unchanged.
"""

from __future__ import annotations

import re

#: Controls (C0, DEL, C1), marks and overrides of the writing direction, line separators that are not "\n", and the
#: lone surrogates that stand for bytes which are no UTF-8.
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)
FIRST_ESCAPED_BYTE = 0xDC00
LAST_ESCAPED_BYTE = 0xDCFF


def printable(text: str, *, one_line: bool = False) -> str:
    r"""Return ``text`` with a visible escape (``\x1b``, ``\u202e``) in place of each character that isn't safe.

    Tabs and newlines are kept, and so is a carriage return's newline.  With ``one_line`` (for a subject in a table,
    say) they are what they look like, a space, since a second line could pass for one that we wrote.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    if one_line:
        text = text.strip("\n").replace("\n", " ").replace("\t", " ")
    return UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if FIRST_ESCAPED_BYTE <= code <= LAST_ESCAPED_BYTE:
        code -= FIRST_ESCAPED_BYTE  # the byte that could not be decoded
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
