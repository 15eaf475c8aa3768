"""Read patch files: git's own form, with or without a mail's header, and plain ``---``/``+++`` diffs.

Nothing in a patch file is trusted: a path that leads out of the tree or into ``.git`` is refused before anything
else looks at it.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser, HeaderParser
from io import BytesIO
from pathlib import Path
from shlex import quote

from git_xsa.errors import XsaError
from git_xsa.git.diffs import DiffError, FileDiff, split_diff
from git_xsa.model.change import FileChange

#: A patch is text that people read; the largest one in the histories of three packagers has 0.3 MB.
LARGEST = 64 << 20
_START = re.compile(rb"^(?:diff --git |--- [^\n]+\n\+\+\+ )", re.MULTILINE)
_PLAIN = re.compile(rb"^--- (?P<old>[^\t\r\n]+)[^\n]*\n\+\+\+ (?P<new>[^\t\r\n]+)[^\n]*\n(?=@@ -)", re.MULTILINE)
#: The time that diff writes behind a name, where somebody has made blanks of the tab between them.
_TIME = re.compile(rb"(?<! ) {1,80}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?$")
_SIGNATURE = re.compile(rb"^-- \n[^\n]*\n*\Z", re.MULTILINE)
_NOTHING = b"/dev/null"
_LOST = "fetch it again; GNU patch would leave out that hunk, and all after it, without a word"
_HUNK = re.compile(rb"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")
#: What the diff of a file begins with.
_FILE_START = (b"diff --git ", b"--- ", b"Index: ", b"diff ")
#: The line that git writes before each mail; what of a mail's header says that its text is in another form.
_MAIL = re.compile(rb"^From [0-9a-f]{40,64} ", re.MULTILINE)
_PACKED = re.compile(
    rb"^Content-(?:Transfer-Encoding:\s*(?:base64|quoted-printable)|Type:\s*multipart/)", re.MULTILINE | re.IGNORECASE
)
#: Names that are git's own folder, also where a file system knows no case or short names (as git refuses them).
_GIT_FOLDER = re.compile(rb"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE)


class PatchError(XsaError):
    """A file that is no patch, or one that must not be used."""

    status = 128


@dataclass(frozen=True)
class PatchFile:
    """A patch as it was read: where from, its subject (the file's name when it has none), its text and changes.

    ``content`` is the whole file, byte for byte.
    """

    name: str
    subject: str
    message: str
    text: bytes
    changes: tuple[FileChange, ...]
    #: Path -> the object name of the file that the patch was made from, often shortened; only where it says so.
    sources: Mapping[bytes, bytes] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False, compare=False)


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
    return parse_patch(path, content)


def parse_patch(path: Path, content: bytes) -> PatchFile:
    """Return the patch in ``content``, which the file at ``path`` holds; ``PatchError`` says why when there is none."""
    if len(content) > LARGEST:
        raise PatchError(f"{path} has more than {LARGEST >> 20} MB: that is no patch", "give the patch file itself")
    whole = content
    content = _unpacked(path, _with_plain_ends(_as_utf8(content)))
    if len(_MAIL.findall(content)) > 1:
        raise PatchError(f"{path} holds several patches", f"git mailsplit -o. {quote(str(path))} makes a file of each")
    start = _START.search(content)
    if start is None:
        raise PatchError(f"{path} is not a patch: no diff in it", "give a unified diff, as git format-patch writes it")
    head = content[: start.start()]
    try:
        text, changes = _parse(content[start.start() :])
    except DiffError as error:
        hint = error.hint or "fetch it again, and compare its checksum"
        raise PatchError(f"{path} is damaged: {error.what}", hint) from None
    for change in changes:
        _check(path, change)
    subject, message = _message(head)
    return PatchFile(path.name, subject or path.name, message, text, changes, _sources(text), whole)


def _sources(text: bytes) -> dict[bytes, bytes]:
    """Return the object names in the ``index`` lines of a diff in git's form."""
    if not text.startswith(b"diff --git "):
        return {}
    return {diff.old_path: diff.old_id for diff in split_diff(text) if diff.old_path is not None and diff.old_id}


def _as_utf8(content: bytes) -> bytes:
    """Return text that begins with a mark of its encoding, as some programs save it, without that and as UTF-8."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content.removeprefix(BOM_UTF8)


def _with_plain_ends(content: bytes) -> bytes:
    """Return ``content`` with LF for CR LF if all its lines end so: it was changed on its way."""
    return content.replace(b"\r\n", b"\n") if content.count(b"\r\n") == content.count(b"\n") else content


def _unpacked(file: Path, content: bytes) -> bytes:
    """Return a mail whose text is in another form, or that has attachments, as its header and parts, the diff last.

    Anything else is returned as it is.  Raises ``PatchError`` when several parts have a diff.
    """
    header = content.partition(b"\n\n")[0]
    if not _PACKED.search(header):
        return content
    mail = BytesParser(policy=policy.compat32).parsebytes(content)
    parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    texts = [_with_plain_ends(part) for part in parts if isinstance(part, bytes)]
    texts.sort(key=lambda text: _START.search(text) is not None)
    if len(texts) > 1 and _START.search(texts[-2]):
        raise PatchError(f"{file} is a mail with several patches", "save the attachment that is meant, and give that")
    return header + b"\n\n" + b"\n".join(texts)


def _parse(diff: bytes) -> tuple[bytes, tuple[FileChange, ...]]:
    """Return the text that begins with a diff up to a mail's signature, and the changes in it.

    What looks like a signature can be lines of the last hunk ("-- " takes out a line "- "), and so can blank lines at
    the end; only the hunk's own count of lines tells.  Raises ``DiffError`` when nothing makes it whole.
    """
    diff = _without_words(diff)
    signature = _SIGNATURE.search(diff)
    whole = diff[: signature.start()] if signature else diff
    first: DiffError | None = None
    for text in (whole.rstrip(b"\n") + b"\n", whole, diff):
        try:
            changes = tuple(file.change() for file in _diffs(text))
        except DiffError as error:
            first = first or error
            continue
        for change in changes:
            _be_complete(change)
        return text + b"\n" * changes[-1].binary, changes
    raise first or DiffError("not a diff")


def _without_words(diff: bytes) -> bytes:
    """Leave out what people and mail programs write after a whole hunk, behind a blank line or the mark ``--``.

    That is the header of the next mail where several were put together, or lines such as ``base-commit: ...``; git and
    GNU patch pass over it, too.  Whether a hunk is whole is told by its counts, so no line of a hunk is taken for it.

    Raises ``DiffError`` when a hunk follows that names no file.  There git refuses the patch, but GNU patch leaves out
    the rest of the file's hunks without a word: 8 of 38 in a patch for XSA-400 that a packager has shipped.
    """
    kept: list[bytes] = []
    old = new = 0  # how many lines of the hunk are still to come
    after, words = False, False
    for line in BytesIO(diff):
        if old or new:
            kind = line[:1]
            old -= kind in (b"-", b" ", b"\n")
            new -= kind in (b"+", b" ", b"\n")
            if old < 0 or new < 0 or kind not in b"-+ \\\n":
                return diff  # damaged; the reader of hunks says how
            after = not (old or new)
        elif words and not line.startswith(_FILE_START):
            if _HUNK.match(line):
                shown = line.decode("utf-8", "backslashreplace").rstrip()
                raise DiffError(
                    f"the hunk {shown!r} comes after a blank line or other words, and no file is named", _LOST
                )
            continue
        elif after and line.rstrip() in (b"", b"--"):
            words = True
            continue
        else:
            found = _HUNK.match(line)
            words, after = False, after and line.startswith(b"\\")
            if found:
                old, new = (int(number) if number is not None else 1 for number in found.groups())
                after = not (old or new)
        kept.append(line)
    return b"".join(kept)


def _diffs(text: bytes) -> Iterator[FileDiff]:
    """Yield the diff of each file, in git's form or the plain one."""
    if text.startswith(b"diff --git "):
        yield from split_diff(text)
        return
    found = list(_PLAIN.finditer(text))
    if not found:
        raise DiffError("not a diff: no hunk follows the names of the file")
    for match, end in zip(found, [*(match.start() for match in found[1:]), len(text)], strict=True):
        yield _plain(match, _without_prose(text[match.end() : end]))


def _be_complete(change: FileChange) -> None:
    """Raise ``DiffError`` when ``change`` lacks what git needs to apply it, or changes nothing."""
    shown = change.path.decode("utf-8", "backslashreplace")
    if change.binary:
        ids = [name for name in (change.old_content, change.new_content) if name is not None]
        if not all(len(name) in (40, 64) for name in ids):
            raise DiffError(f"the binary change of {shown} lacks full object names (git diff --binary writes them)")
    elif not change.hunks and change.old_path == change.new_path and change.old_mode == change.new_mode:
        raise DiffError(f"nothing is changed in {shown}")


def _without_prose(body: bytes) -> bytes:
    """Leave out what some tools write between files (``Index: ...``, ``diff -u ...``, rules of ``=``).

    Blank lines that are left here belong to the hunk: context that has lost the blank before it.
    """
    lines = body.removesuffix(b"\n").split(b"\n")
    while lines and lines[-1].startswith((b"Index: ", b"diff ", b"====")):
        lines.pop()
    return b"\n".join(lines) + b"\n"


def _plain(match: re.Match[bytes], body: bytes) -> FileDiff:
    old, new = (_TIME.sub(b"", match[which].rstrip()) for which in ("old", "new"))
    names = [None if name == _NOTHING else _stripped(name) for name in (old, new)]
    new_file = names[0] is None or body.startswith((b"@@ -0,0 ",))
    gone = names[1] is None or re.match(rb"@@ -\S+ \+0,0 @@", body) is not None
    path = names[1] or names[0]
    if path is None or (new_file and gone):
        raise DiffError("not a diff: a file that is new and deleted")
    mode = "100644"
    return FileDiff(
        None if new_file else path,
        None if gone else path,
        None if new_file else mode,
        None if gone else mode,
        False,
        body,
    )


def _stripped(name: bytes) -> bytes:
    """Return ``name`` without its first folder, as ``patch -p1`` does; a path from the root is left to be refused."""
    folder, slash, rest = name.partition(b"/")
    if not slash:
        shown = name.decode("utf-8", "backslashreplace")
        raise DiffError(f"no folder stands before the name {shown}", "make it again, with a/ and b/ before the names")
    return rest if folder else name


def _check(file: Path, change: FileChange) -> None:
    """Raise ``PatchError`` when the change names a path outside the tree, or git's own folder."""
    for path in (change.old_path, change.new_path):
        if path is None:
            continue
        parts = path.split(b"/")
        if any(part in (b"", b".", b"..") or _GIT_FOLDER.fullmatch(part) for part in parts) or b"\0" in path:
            shown = path.decode("utf-8", "backslashreplace")
            raise PatchError(f"{file} names the path {shown!r}", "a patch like that must not be used: tell its sender")


def _message(head: bytes) -> tuple[str, str]:
    """Return the subject, empty when there is none, and the text before the diff."""
    text = _decoded(head)
    header = text.partition("\n")[2] if text.startswith("From ") else text
    if not re.match(r"[A-Za-z-]+: ", header):
        return "", text
    subject = str(HeaderParser(policy=policy.default).parsestr(header).get("Subject", ""))
    return re.sub(r"^(?:\[[^\]]*\]\s*)+", "", " ".join(subject.split())), text


def _decoded(text: bytes) -> str:
    """Return ``text`` as UTF-8, or as Latin-1 if it is not that: then nothing is lost, at least."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
