"""Read patch files: git's own form, with or without a mail's header, and plain ``---``/``+++`` diffs.

A file may hold several patches (``git_xsa.advisory.parts``), and the names in a diff may stand with any number of
folders before them; for which tree they are is for ``git_xsa.advisory.other_trees`` to say.

Nothing in a patch file is trusted: a path that leads out of the tree or into ``.git`` is refused before anything
else looks at it.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from pathlib import Path

from git_xsa.advisory import remarks
from git_xsa.advisory.cut_off import lacks_hunks, less_than_its_diffstat
from git_xsa.advisory.heading import read_heading
from git_xsa.advisory.parts import Part, split_parts
from git_xsa.advisory.problems import FormError, NoFolder, PatchError, Shady
from git_xsa.advisory.problems import patches as problems
from git_xsa.git.diffs import FileDiff, quoted, read_diff, side_name
from git_xsa.git.problems import DiffError
from git_xsa.model.change import FileChange
from git_xsa.model.dotgit import is_gits_folder, is_read_by_git
from git_xsa.wording import NOTHING, Remark

#: A patch is text that people read; the largest one in the histories of three packagers has 0.3 MB.
LARGEST = 64 << 20
_START = re.compile(rb"^(?:diff --git |--- [^\n]+\n\+\+\+ )", re.MULTILINE)
_PLAIN = re.compile(rb"--- (?P<old>[^\t\r\n]+)[^\n]*\n\+\+\+ (?P<new>[^\t\r\n]+)[^\n]*\n(?=@@ -)")
#: The time that diff writes behind a name, where somebody has made blanks of the tab between them; what svn writes.
_TIME = re.compile(
    rb"(?<! ) {1,80}(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?|\((?:revision \d+|working copy)\))$"
)
_NOTHING = b"/dev/null"
#: What GNU patch takes for a command of ed, and has ed run (get_ed_command_letter in its source).
_ED_COMMAND = re.compile(rb"^[ \tX]*\d+(?:,\d+)?(?:[acdi]|s/\.//)[ \t]*\r?$", re.MULTILINE)
_LINK = "120000"
_MOVED = re.compile(rb"(?:rename|copy) (from|to) ")
#: The lines that begin a mail in a mailbox; what of a mail's header says that its text is in another form.
_MAIL = re.compile(
    rb"^From (?:[0-9a-f]{40,64} |\S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})", re.MULTILINE
)
_PACKED = re.compile(
    rb"^Content-(?:Transfer-Encoding:\s*(?:base64|quoted-printable)|Type:\s*multipart/)", re.MULTILINE | re.IGNORECASE
)
#: How packed files begin -> what unpacks them.
_ARCHIVES = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ\x00": "unxz", b"\x28\xb5\x2f\xfd": "unzstd"}
#: The most leading folders that ``patch -p`` strips.
MOST_FOLDERS = 4


@dataclass(frozen=True)
class PatchFile:
    """A patch as it was read: where from, its subject (the file's name when it has none), its text and changes.

    ``text`` is the diff for ``patch -p1``.  ``content`` is the whole file, byte for byte; of one that holds several
    patches, what this one has of it.  ``level`` is how many folders were taken off the names in it.  ``damage`` is
    why git would refuse it where GNU patch takes it; then ``changes`` have names alone.
    """

    name: str
    subject: str
    message: str
    text: bytes
    changes: tuple[FileChange, ...]
    #: Path -> the object name of the file that the patch was made from, often shortened; only where it says so.
    sources: Mapping[bytes, bytes] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False, compare=False)
    level: int = 1
    #: The file's name; that of the patch has a number behind it where the file holds several.
    file: str = ""
    part: Part = field(default=Part(b"", ()), repr=False, compare=False)
    damage: str = ""

    @property
    def doubt(self) -> Remark:
        """What shows that it was cut off, or edited, for people; nothing as a rule."""
        ended = NOTHING if self.part.ended else remarks.ends_in_a_line()
        found = self.damage.removeprefix("not a diff: ") or ended or less_than_its_diffstat(self.message, self.changes)
        return remarks.may_be_cut_off(self.name, found) if found else NOTHING

    @property
    def paths(self) -> set[bytes]:
        """The paths of the files that it changes, makes or removes."""
        return {path for change in self.changes for path in (change.old_path, change.new_path) if path is not None}

    def without(self, unwanted: Callable[[FileChange], bool]) -> PatchFile:
        """Return the patch without what it does to ``unwanted`` files; one that was read loosely whole, or nothing."""
        if not self.part.diffs:
            return replace(self, changes=(), text=b"") if all(map(unwanted, self.changes)) else self
        texts = [text for _, text in (_file_diff(text, self.level) for text in self.part.diffs)]
        kept = [pair for pair in zip(self.changes, texts, strict=True) if not unwanted(pair[0])]
        return replace(self, changes=tuple(change for change, _ in kept), text=b"".join(text for _, text in kept))

    def at_level(self, level: int) -> PatchFile | None:
        """Return the patch with ``level`` folders taken off its names; ``None`` where they have not as many, or a name
        must not be used."""
        try:
            return _made((self.name, self.file), self.part, self.content, level) if level != self.level else self
        except (DiffError, PatchError):
            return None


def read_patches(path: Path) -> tuple[PatchFile, ...]:
    """Return the patches in the file at ``path``; ``PatchError`` says why when there is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise problems.large_patch(path, LARGEST >> 20)
        content = path.read_bytes()
    except OSError as error:
        raise problems.unreadable_patch(path, error.strerror) from None
    return parse_patches(path, content)


#: How a web page begins.
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)


def parse_patches(path: Path, content: bytes) -> tuple[PatchFile, ...]:
    """Return the patches in ``content``, which the file at ``path`` holds; ``PatchError`` says why when there is none.

    Of several, each is called by the file's name and its number: ``xsa407-4.16.patch#2``.
    """
    if len(content) > LARGEST:
        raise problems.large_patch(path, LARGEST >> 20)
    _refuse_packed(path, content)
    parts: list[Part] = []
    try:
        for mail in _mails(_with_plain_ends(_as_utf8(content))):
            parts += split_parts(_unpacked(path, mail))
        if not parts:
            raise problems.web_page(path) if _PAGE.match(content) else problems.no_diff(path)
        whole = len(parts) == 1
        found = tuple(
            _first_guess(
                path.name,
                "" if whole else f"#{number}",
                part,
                content if whole else part.head + b"".join(part.diffs),
            )
            for number, part in enumerate(parts, 1)
        )
    except FormError as error:
        raise problems.unknown_form(path, error.what, error.hint) from None
    except DiffError as error:
        raise problems.damaged_patch(path, error.what, error.hint) from None
    except Shady as error:
        raise problems.shady_path(path, error.args[0]) from None
    return found


def read_loosely(path: Path, damage: str) -> PatchFile:
    """Return the file at ``path`` as one patch for GNU patch, which takes more than git: edited by hand, hunks may have
    lines too many behind them.  ``damage`` is why git refuses it.

    Of the changes only the names count.  ``PatchError`` when there are none, one must not be used, or GNU patch would
    run ed on a part of it.
    """
    content = path.read_bytes()
    start = _START.search(content)
    diff = content[start.start() :] if start is not None else b""
    if _ED_COMMAND.search(diff):
        raise problems.script_of_ed(path)
    changes = []
    for match in _PLAIN.finditer(diff):
        old, new = (None if name == _NOTHING else name for name in (match["old"].rstrip(), match["new"].rstrip()))
        try:
            paths = [_stripped(name, 1) for name in (new, old) if name is not None]
        except DiffError as error:
            raise problems.damaged_patch(path, error.what) from None
        if paths:
            changes.append(FileChange(paths[0] if old else None, paths[0] if new else None))
            _check(changes[-1])
    if not changes:
        raise problems.no_diff(path)
    message = _decoded(content[: len(content) - len(diff)])
    subject = read_heading(message).subject
    return PatchFile(path.name, subject or path.name, message, diff, tuple(changes), file=path.name, damage=damage)


def _refuse_packed(path: Path, content: bytes) -> None:
    for start, program in _ARCHIVES.items():
        if content.startswith(start):
            raise problems.packed_patch(path, program)
    if content.count(b"\0") * 3 > len(content) > 1 and not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        for encoding in ("utf-16-le", "utf-16-be"):
            if "\n+++ " in content.decode(encoding, "replace"):
                raise problems.patch_in_utf_16(path, encoding)


def _first_guess(file: str, number: str, part: Part, content: bytes) -> PatchFile:
    """Return the patch as ``patch -p1`` reads its names, or as ``-p0`` does where no folder stands before one."""
    names = (file + number, file)
    try:
        return _made(names, part, content, 1)
    except NoFolder:
        return _made(names, part, content, 0)


def _made(names: tuple[str, str], part: Part, content: bytes, level: int) -> PatchFile:
    """Return the patch ``part``, by its name and its file's, with ``level`` folders taken off the paths.

    Raises ``DiffError`` where it is damaged, ``Shady`` where a path must not be used.
    """
    diffs = [_file_diff(text, level) for text in part.diffs]
    changes = tuple(diff.change() for diff, _ in diffs)
    for (diff, _), change in zip(diffs, changes, strict=True):
        _be_complete(change, lacks_hunks(diff))
        _check(change)
    sources = {diff.old_path: diff.old_id for diff, _ in diffs if diff.old_path is not None and diff.old_id}
    message = _decoded(part.message)
    subject = read_heading(message).subject
    text = b"".join(text for _, text in diffs)
    name, file = names
    return PatchFile(name, subject or name, message, text, changes, sources, content, level, file, part)


def _file_diff(text: bytes, level: int) -> tuple[FileDiff, bytes]:
    """Return the diff of one file, in git's form or the plain one, and its text for ``patch -p1``."""
    if text.startswith(b"diff --git "):
        diff = read_diff(text, level)
        return diff, text if level == 1 else _renamed(diff, text)
    match = _PLAIN.match(text)
    if match is None:
        raise problems.no_hunk_follows()
    body = text[match.end() :]
    diff, agreed = _plain(match, body, level)
    return diff, text if agreed and level == 1 else b"".join([*_names(diff), body])


def _as_utf8(content: bytes) -> bytes:
    """Return text that begins with a mark of its encoding, as some programs save it, without that and as UTF-8."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content.removeprefix(BOM_UTF8)


def _with_plain_ends(content: bytes) -> bytes:
    """Return ``content`` with LF for CR LF if all its lines end so: it was changed on its way."""
    return content.replace(b"\r\n", b"\n") if content.count(b"\r\n") == content.count(b"\n") else content


def _mails(content: bytes) -> list[bytes]:
    """Return the mails of a mailbox, or ``content`` as it is."""
    if b"\nFrom " not in content:
        return [content]
    starts = [match.start() for match in _MAIL.finditer(content)]
    if len(starts) < 2:
        return [content]
    return [content[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(content)], strict=True)]


def _unpacked(file: Path, content: bytes) -> bytes:
    """Return a mail whose text is in another form, or that has attachments, as its header and parts, the diff last.

    Anything else is returned as it is.  Raises ``PatchError`` when several parts have a diff.
    """
    end = content.find(b"\n\n")
    header = content[:end] if end >= 0 else content
    if not _PACKED.search(header):
        return content
    mail = BytesParser().parsebytes(content)
    parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    texts = [_with_plain_ends(part.removesuffix(b"\n") + b"\n") for part in parts if isinstance(part, bytes)]
    texts.sort(key=lambda text: _START.search(text) is not None)
    if len(texts) > 1 and _START.search(texts[-2]):
        raise problems.several_mails(file)
    return header + b"\n\n" + b"\n".join(texts)


def _be_complete(change: FileChange, lacks: bool) -> None:
    """Raise ``DiffError`` when ``change`` lacks what git needs to apply it, its hunks, or changes nothing."""
    shown = change.path.decode("utf-8", "backslashreplace")
    if lacks:
        raise problems.no_hunks(shown)
    if change.binary:
        ids = [name for name in (change.old_content, change.new_content) if name is not None]
        if not all(len(name) in (40, 64) for name in ids):
            raise problems.short_object_names(shown)
    elif not change.hunks and change.old_path == change.new_path and change.old_mode == change.new_mode:
        raise problems.nothing_changed(shown)


def _plain(match: re.Match[bytes], body: bytes, level: int) -> tuple[FileDiff, bool]:
    """Return the diff of a file in the plain form, and whether its two names agree."""
    old, new = (_TIME.sub(b"", match[which].rstrip()) for which in ("old", "new"))
    names = [None if name == _NOTHING else _stripped(name, level) for name in (old, new)]
    new_file = names[0] is None or body.startswith((b"@@ -0,0 ",))
    gone = names[1] is None or re.match(rb"@@ -\S+ \+0,0 @@", body) is not None
    path = _name_of_both(*names)
    if path is None or (new_file and gone):
        raise problems.new_and_gone()
    mode = "100644"
    diff = FileDiff(
        None if new_file else path,
        None if gone else path,
        None if new_file else mode,
        None if gone else mode,
        False,
        body,
    )
    return diff, None in names or names[0] == names[1]


def _name_of_both(old: bytes | None, new: bytes | None) -> bytes | None:
    """Return the name of a file: of ``x.c`` and ``x.c.orig`` or ``x.c~`` the shorter one, else the new one."""
    if old is None or new is None:
        return old or new
    return old if new.startswith(old) else new


def _stripped(name: bytes, level: int) -> bytes:
    """Return ``name`` without its first folders, as ``patch -p`` does; a path from the root is left to be refused."""
    if name.startswith(b"/"):
        return name
    parts = name.split(b"/", level)
    if len(parts) <= level:
        raise problems.too_few_folders(name.decode("utf-8", "backslashreplace"))
    return parts[level]


def _names(diff: FileDiff) -> list[bytes]:
    """Return the lines that name a file before its hunks."""
    return [
        mark + side_name(side + path if path is not None else None) + b"\n"
        for mark, side, path in ((b"--- ", b"a/", diff.old_path), (b"+++ ", b"b/", diff.new_path))
    ]


def _renamed(diff: FileDiff, text: bytes) -> bytes:
    """Return the diff of a file in git's form with the names for ``patch -p1``."""
    old, new = diff.old_path or diff.new_path or b"", diff.new_path or diff.old_path or b""
    head, body = text[: len(text) - len(diff.body)], diff.body
    lines = [b"diff --git %b %b\n" % (quoted(b"a/" + old), quoted(b"b/" + new))]
    sides = dict(zip((b"--- ", b"+++ "), _names(diff), strict=True))
    for line in head.splitlines(keepends=True)[1:]:
        words = _MOVED.match(line)
        if words is not None:
            lines.append(words[0] + quoted(old if words[1] == b"from" else new) + b"\n")
        else:
            lines.append(sides[line[:4]] if line[:4] in sides and b"/dev/null" not in line else line)
    return b"".join(lines) + body


def _check(change: FileChange) -> None:
    """Raise ``Shady`` when the change names a path outside the tree, or git's own folder, or makes a link of a file
    that git reads."""
    for path, mode in ((change.old_path, change.old_mode), (change.new_path, change.new_mode)):
        if path is None:
            continue
        outside = b"\0" in path or any(part in (b"", b".", b"..") for part in path.split(b"/"))
        if outside or is_gits_folder(path) or (mode == _LINK and is_read_by_git(path)):
            raise problems.shady(path.decode("utf-8", "backslashreplace"))


def _decoded(text: bytes) -> str:
    """Return ``text`` as UTF-8, or as Latin-1 if it is not that: then nothing is lost, at least."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
