"""Read patch files: git's own form, with or without a mail's header, and plain ``---``/``+++`` diffs.

Nothing in a patch file is trusted: a path that leads out of the tree or into ``.git`` is refused before anything
else looks at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from git_xsa.errors import XsaError
from git_xsa.git.diffs import DiffError, FileDiff, split_diff
from git_xsa.model.change import FileChange

#: A patch is text that people read; the largest one in the histories of three packagers has 0.3 MB.
LARGEST = 64 << 20
_PLAIN = re.compile(rb"^--- (?P<old>[^\t\r\n]+)[^\n]*\n\+\+\+ (?P<new>[^\t\r\n]+)[^\n]*\n(?=@@ -)", re.MULTILINE)
_NOTHING = b"/dev/null"


class PatchError(XsaError):
    """A file that is no patch, or one that must not be used."""

    status = 128


@dataclass(frozen=True)
class PatchFile:
    """A patch as it was read: where from, its subject (the file's name when it has none), its text and changes."""

    name: str
    subject: str
    message: str
    text: bytes
    changes: tuple[FileChange, ...]


def read_patch(path: Path) -> PatchFile:
    """Return the patch in the file at ``path``; ``PatchError`` says why when there is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise PatchError(f"{path} has more than {LARGEST >> 20} MB: that is no patch", "give the patch file itself")
        content = path.read_bytes()
    except OSError as error:
        raise PatchError(
            f"{path}: {error.strerror}", "give the path of a patch file, or the name of a commit"
        ) from None
    head, text = _split(content)
    try:
        changes = tuple(diff.change() for diff in _diffs(text))
    except DiffError as error:
        raise PatchError(f"{path} is damaged: {error.what}", "fetch it again, and compare its checksum") from None
    if not changes:
        raise PatchError(f"{path} is not a patch: no diff in it", "give a unified diff, as git format-patch writes it")
    for change in changes:
        _check(path, change)
    subject, message = _message(head)
    return PatchFile(path.name, subject or path.name, message, text, changes)


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Return what comes before the first diff, and the diff up to a mail's signature.

    A file whose lines all end with CR LF was changed on its way: its lines are those of the patch with a CR too many.
    """
    if content.count(b"\r\n") == content.count(b"\n"):
        content = content.replace(b"\r\n", b"\n")
    starts = [found.start() for pattern in (rb"^diff --git ", rb"^--- [^\n]+\n\+\+\+ ")
              if (found := re.search(pattern, content, re.MULTILINE))]  # fmt: skip
    start = min(starts, default=len(content))
    text = content[start:]
    signature = re.search(rb"^-- \n[^\n]*\n*\Z", text, re.MULTILINE)
    text = text[: signature.start()] if signature else text
    return content[:start], text.rstrip(b"\n") + b"\n" if text else b""


def _diffs(text: bytes) -> list[FileDiff]:
    """Return the diff of each file, in git's form or the plain one."""
    if text.startswith(b"diff --git "):
        return list(split_diff(text))
    found = list(_PLAIN.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [_plain(match, _without_prose(text[match.end() : end])) for match, end in zip(found, ends, strict=True)]


def _without_prose(body: bytes) -> bytes:
    """Leave out what some tools write between files (``Index: ...``, ``diff -u ...``, rules of ``=``)."""
    lines = body.split(b"\n")
    while lines and (not lines[-1] or lines[-1].startswith((b"Index: ", b"diff ", b"===="))):
        lines.pop()
    return b"\n".join(lines) + b"\n"


def _plain(match: re.Match[bytes], body: bytes) -> FileDiff:
    old, new = match["old"].rstrip(), match["new"].rstrip()
    names = [None if name == _NOTHING else name.partition(b"/")[2] for name in (old, new)]
    new_file = names[0] is None or body.startswith((b"@@ -0,0 ",))
    gone = names[1] is None or re.match(rb"@@ -\S+ \+0,0 @@", body) is not None
    path = names[1] or names[0]
    mode = "100644"
    return FileDiff(
        None if new_file else path,
        None if gone else path,
        None if new_file else mode,
        None if gone else mode,
        False,
        body,
    )


def _check(file: Path, change: FileChange) -> None:
    """Raise ``PatchError`` when the change names a path outside the tree, or git's own folder."""
    for path in (change.old_path, change.new_path):
        if path is None:
            continue
        parts = path.split(b"/")
        if (
            not path
            or b".." in parts
            or b"" in parts
            or any(part.lower() == b".git" for part in parts)
            or b"\0" in path
        ):
            shown = path.decode("utf-8", "backslashreplace")
            raise PatchError(f"{file} names the path {shown!r}", "a patch like that must not be used: tell its sender")


def _message(head: bytes) -> tuple[str, str]:
    """Return the subject, empty when there is none, and the text before the diff."""
    text = head.decode("utf-8", "replace")
    if head.startswith(b"From ") and b"\n" in head:
        head = head.partition(b"\n")[2]
    if not re.match(rb"[A-Za-z-]+: ", head):
        return "", text
    subject = str(BytesHeaderParser(policy=policy.default).parsebytes(head).get("Subject", ""))
    return re.sub(r"^(?:\[[^\]]*\]\s*)+", "", " ".join(subject.split())), text
