"""What identifies a change by the lines that it changes, whatever stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from git_xsa.model.change import CONTEXT, FileChange


def changed_lines_id(changes: Sequence[FileChange]) -> bytes:
    """Return what is equal for two diffs exactly when they add and remove the same lines of the same files, in the same
    order, and give the files the same modes; line numbers, context and the order of the files don't count."""
    parts = []
    for change in changes:
        content = b"%r" % change.new_content if change.binary else b""
        modes = (change.old_mode, change.new_mode) if change.old_mode != change.new_mode else ()
        digest = sha256(b"%r %r %r %s" % (change.old_path, change.new_path, content, repr(modes).encode()))
        for hunk in change.hunks:
            for mark, text in zip(hunk.marks, hunk.texts, strict=True):
                if mark != CONTEXT:
                    digest.update(bytes([mark]) + text.rstrip(b"\r\n") + b"\n")
        parts.append(digest.digest())
    return sha256(b"".join(sorted(parts))).digest()
