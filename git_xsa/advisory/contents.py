"""Take files in: a mail, a mailbox, a folder, a tarball or a single file, as what they hold.

Everything here was written by somebody else.  Nothing is unpacked onto the disk: what is found is a list of names and
contents in memory, and each name is a relative path of plain names.  What asks for more than that is refused as a
whole, because who sends one such name may have meant the rest, too.

Promises: no link, device or pipe is followed or opened; no archive, mail or folder takes more than ``LARGEST`` of
memory in all, however it is packed; names never lead out of where they are put.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from io import BytesIO
from pathlib import Path
from typing import IO

from git_xsa.advisory.file_names import is_patch_name, read_name
from git_xsa.advisory.problems import intake as problems
from git_xsa.advisory.text import is_advisory

#: What one source may hold in all, unpacked, and how many files.  The largest advisory so far has 0.7 MB in 60 files,
#: and everything that was ever published less than a tenth of this.
LARGEST = 256 << 20
MOST_FILES = 20_000
_DEEPEST = 8
_LONGEST_NAME = 200
_FROM = re.compile(rb"^From [^\n]*\n(?=[A-Za-z-]+: )", re.MULTILINE)
#: What git format-patch begins each mail with.
_FORMAT_PATCH = re.compile(rb"From [0-9a-f]{40,64} ")
_HEADER = re.compile(rb"\A(?:From [^\n]*\n)?(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}\n")
_MAIL_ONLY = re.compile(
    rb"^(?:Received|Message-Id|MIME-Version|Content-Type|Delivered-To|Return-Path):", re.MULTILINE | re.IGNORECASE
)
_DIFF = re.compile(rb"^(?:diff --git |--- \S+[^\n]*\n\+\+\+ )", re.MULTILINE)
_ENDING = re.compile(r"\.[A-Za-z][^./]*$|~$")
_ARCHIVE = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_TAR_MAGIC = (257, b"ustar")
_ZIP = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"Rar!")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class TakenItem:
    """A file that was found: its name (a relative path), what it holds, and which source it came with.

    Items of one mail have the same ``bundle``; they were sent together.
    """

    name: str
    content: bytes
    bundle: str


class _Budget:
    """What one source may still take; ``IntakeError`` when that is used up."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._bytes = LARGEST
        self._files = MOST_FILES

    def take(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise problems.too_many_bytes(self._source, LARGEST >> 20)

    def file(self) -> None:
        self._files -= 1
        if self._files < 0:
            raise problems.too_many_files(self._source, MOST_FILES)


def read_source(path: Path) -> list[TakenItem]:
    """Return what the file or folder at ``path`` holds, in the order of its names; ``IntakeError`` says why not."""
    budget = _Budget(path)
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            return list(_folder(path, budget))
        if not stat.S_ISREG(facts.st_mode):
            raise problems.not_a_file_or_folder(path)
        with path.open("rb") as file:
            content = _bounded(file, budget)
    except OSError as error:
        raise problems.unreadable_source(path, error.strerror) from None
    return list(_opened(path.name, content, path.name, budget))


def _bounded(file: IO[bytes], budget: _Budget) -> bytes:
    """Return all that ``file`` holds, read in parts so that the budget counts before the memory is taken."""
    chunks = []
    while chunk := file.read(_CHUNK):
        budget.take(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


def _folder(top: Path, budget: _Budget) -> Iterator[TakenItem]:
    """Yield what the files in a folder hold; hidden files and git's folders are passed over."""
    for folder, folders, names in os.walk(top, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(folder)
        if len(here.relative_to(top).parts) >= _DEEPEST:
            raise problems.folder_too_deep(here)
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or not stat.S_ISREG(path.lstat().st_mode):
                continue
            relative = checked_name(path.relative_to(top).as_posix(), top)
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                budget.file()
                yield from _opened(relative, _bounded(file, budget), str(path), budget)


def _opened(name: str, content: bytes, bundle: str, budget: _Budget, depth: int = 0) -> Iterator[TakenItem]:
    """Yield what a file holds: the members of an archive, the parts of mails, or the file itself."""
    if depth > 2:
        raise problems.archives_too_deep(bundle)
    is_tar = content[_TAR_MAGIC[0] :].startswith(_TAR_MAGIC[1])
    if content.startswith(_ARCHIVE) or is_tar:
        yield from _archive(name, content, bundle, budget, depth)
    elif content.startswith(_ZIP):
        raise problems.unknown_archive(bundle)
    elif not is_patch_name(name) and _is_patch(name, content):
        yield TakenItem(checked_name(f"{name}.patch", Path(bundle)), content, bundle)
    elif not is_patch_name(name) and _is_mail(content):
        yield from _mails(name, content, bundle, budget, depth)
    else:
        yield TakenItem(checked_name(name, Path(bundle)), content, bundle)


def _is_patch(name: str, content: bytes) -> bool:
    """Whether a file is a patch of the advisory in its name, which has no ending: pkgsrc's ``patch-XSA344``."""
    header = _HEADER.match(content[: 1 << 16])
    mailed = header is not None and _MAIL_ONLY.search(header.group()) is not None
    plain = read_name(name).number is not None and _ENDING.search(name) is None
    return plain and not mailed and _DIFF.search(content) is not None and not is_advisory(content)


def _is_mail(content: bytes) -> bool:
    """Whether ``content`` is a mail or a mailbox, and not just a patch with a mail's header."""
    start = content[: 1 << 16]
    header = _HEADER.match(start)
    if header is not None and _FORMAT_PATCH.match(start):
        return True
    return (
        header is not None and _MAIL_ONLY.search(header.group()) is not None and b"\ndiff --git " not in header.group()
    )


def _archive(name: str, content: bytes, bundle: str, budget: _Budget, depth: int) -> Iterator[TakenItem]:
    """Yield what the members of a tar archive hold, or the one file that was packed alone."""
    import tarfile  # noqa: PLC0415 - rarely needed
    import zlib  # noqa: PLC0415 - 5 ms with the next, and few files are packed
    from lzma import LZMAError  # noqa: PLC0415 - as above

    broken = (RecursionError, tarfile.TarError, OSError, LZMAError, zlib.error, ValueError, OverflowError)
    try:
        plain = _decompressed(content, budget)
        if not plain[_TAR_MAGIC[0] :].startswith(_TAR_MAGIC[1]):
            inner = re.sub(r"\.(?:gz|bz2|xz)$", "", name)
            yield from _opened(inner, plain, bundle, budget, depth + 1)
            return
        with tarfile.open(fileobj=BytesIO(plain), mode="r:") as archive:
            for member in archive:
                budget.file()
                if member.isdir():
                    continue
                relative = checked_name(member.name, Path(bundle))
                if not member.isreg():
                    raise problems.link_in_archive(bundle, relative)
                file = archive.extractfile(member)
                assert file is not None, "a regular member has contents"
                yield from _opened(relative, _bounded(file, budget), f"{bundle}/{relative}", budget, depth + 1)
    except EOFError:
        raise problems.short_archive(bundle) from None
    except broken:
        raise problems.damaged_archive(bundle) from None


def _decompressed(content: bytes, budget: _Budget) -> bytes:
    import bz2  # noqa: PLC0415 - rarely needed
    import gzip  # noqa: PLC0415 - as above
    import lzma  # noqa: PLC0415 - as above

    source = BytesIO(content)
    if content.startswith(_ARCHIVE[0]):
        with gzip.open(source) as file:
            return _bounded(file, budget)  # type: ignore[arg-type]
    if content.startswith(_ARCHIVE[1]):
        with bz2.open(source) as packed:
            return _bounded(packed, budget)
    if content.startswith(_ARCHIVE[2]):
        with lzma.open(source) as tight:
            return _bounded(tight, budget)
    return content


def _mails(name: str, content: bytes, bundle: str, budget: _Budget, depth: int) -> Iterator[TakenItem]:
    """Yield the parts of a mail, or of each mail in a mailbox."""
    starts = [match.start() for match in _FROM.finditer(content)] or [0]
    if starts[0] != 0:
        starts.insert(0, 0)
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(content)], strict=True), 1):
        raw = content[start:end]
        which = f"{bundle}, mail {number}" if len(starts) > 1 else bundle
        try:
            mail = BytesParser(policy=policy.compat32).parsebytes(
                raw.partition(b"\n")[2] if raw[:5] == b"From " else raw
            )
            parts = [part for part in mail.walk() if not part.is_multipart()]
            found = [(part, part.get_filename(), part.get_payload(decode=True)) for part in parts]
        except RecursionError:
            raise problems.mails_too_deep(which) from None
        yield from _parts(_Mail(name, raw, mail, number), found, which, budget, depth)


@dataclass(frozen=True)
class _Mail:
    """A mail: the name of the file that it came in, its text, what the parser made of that, its place in the file."""

    name: str
    raw: bytes
    parsed: Message
    number: int

    def patch_name(self) -> str:
        """Return a name for the patch that the mail is, as git format-patch would give it."""
        subject = re.sub(r"\[[^\]]*\]", "", str(self.parsed.get("Subject", "")))
        return f"{self.number:04}-{re.sub(r'[^A-Za-z0-9]+', '-', subject).strip('-')[:52] or 'patch'}.patch"


def _parts(
    mail: _Mail, parts: list[tuple[Message, str | None, object]], bundle: str, budget: _Budget, depth: int
) -> Iterator[TakenItem]:
    """Yield the parts of one mail: attachments by their names, text by that of the mail.

    A patch that was mailed as the text itself, with nothing attached, is the whole mail: its header is the patch's.
    """
    attached = any(file_name for _, file_name, _ in parts)
    for part, file_name, payload in parts:
        budget.file()
        found = payload if isinstance(payload, bytes) else b""
        budget.take(len(found))
        if file_name:
            yield from _opened(checked_name(file_name, Path(bundle)), found, bundle, budget, depth + 1)
        elif not attached and _DIFF.search(found):
            yield TakenItem(mail.patch_name(), mail.raw, bundle)
        elif part.get_content_maintype() == "text" and part.get_content_subtype() != "html" and found.strip():
            yield TakenItem(checked_name(mail.name, Path(bundle)), found, bundle)


def checked_name(name: str, source: Path) -> str:
    """Return ``name`` as a relative path with slashes; ``IntakeError`` when it leads anywhere else."""
    parts = name.removeprefix("./").split("/")
    shown = ascii(name[:200])
    if any(part in ("", ".", "..") for part in parts) or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise problems.name_leads_out(source, shown)
    if any(part.startswith(".") for part in parts):
        raise problems.name_is_hidden(source, shown)
    if not name.isprintable() or any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in parts):
        raise problems.not_a_published_name(source, shown)
    if len(parts) > _DEEPEST:
        raise problems.name_too_deep(source, shown)
    return "/".join(parts)
