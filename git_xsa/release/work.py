"""A run in progress: what its steps share, worked out when it is first asked for.

Every value here follows from the record, the repository and the configuration, so a run that is resumed sees what
the first one saw.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from git_xsa.ask.session import Session
from git_xsa.ask.verdict import Verdict
from git_xsa.git.commits import ReferenceMove, Who, make_commit, read_file, tag_text
from git_xsa.git.repository import Repository
from git_xsa.release import problems
from git_xsa.release.edits import (
    XEN_EDITS,
    XEN_PRE_EDITS,
    Edit,
    add_heading,
    apply_edit,
    fill,
    parse_edit,
    set_banner,
)
from git_xsa.release.figlet import draw
from git_xsa.release.plan import archive_name
from git_xsa.release.problems import EditError
from git_xsa.release.record import Record, Records
from git_xsa.release.settings import ReleaseSettings
from git_xsa.release.signing import SigningKey, find_key
from git_xsa.wording import Remark

CHANGELOG = "CHANGELOG.md"
README = "README"


#: Files with their contents before and after a commit, and with its message.
Files = dict[str, tuple[bytes, bytes]]
Draft = tuple[Files, str]


class Work:
    """The run of ``record``, in ``session``; ``say`` is called with what happens.

    ``document`` writes an answer down, ``build`` is the command that builds, empty for none.
    """

    def __init__(
        self,
        session: Session,
        records: Records,
        record: Record,
        say: Callable[[Remark], None],
        document: Callable[[Verdict], dict[str, Any]],
        build: str = "",
    ) -> None:
        self.session = session
        self.records = records
        self.record = record
        self.say = say
        self.document = document
        self.build = build

    @property
    def repository(self) -> Repository:
        """The repository that the release is made in."""
        return self.session.repository

    @property
    def settings(self) -> ReleaseSettings:
        """The settings that hold in it."""
        return self.session.settings.of(ReleaseSettings)

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs."""
        return find_key(self.repository.git, self.settings.signing_key)

    @property
    def who(self) -> Who:
        """Who makes the commits and the tag, and when."""
        return Who(self.record.who, self.record.time, self.record.zone)

    @property
    def name(self) -> str:
        """What the tarballs, and the folder in them, are called."""
        return archive_name(self.settings, self.record.words)

    @property
    def folder(self) -> Path:
        """Where files are written."""
        return Path(self.record.folder)

    def remember(self) -> None:
        """Write the record."""
        self.records.write(self.record)

    # commits

    def make_commits(self) -> None:
        """Make the version commits as objects, and remember which they are; the same run always makes the same ones."""
        record = self.record
        record.commits, record.tip, record.tagged = [], record.start, record.start
        for files, message in drafts(self.repository, self.settings, record.start, record.words):
            record.tagged = self._commit(files, message)
        if record.pre:
            files, message = pre_draft(self.repository, self.settings, record.tagged, record.words)
            if files:
                self._commit(files, message)
        self.remember()

    def _commit(self, files: Files, message: str) -> str:
        after = {path: new for path, (_, new) in files.items()}
        self.record.tip = make_commit(self.repository, self.record.tip, after, message, self.who)
        self.record.commits.append(self.record.tip)
        return self.record.tip

    @property
    def tagged(self) -> str:
        """The commit that is released."""
        return self.record.tagged

    @property
    def tag_text(self) -> bytes:
        """What the tag says, without its signature."""
        message = fill(self.settings.tag_message, self.record.words)
        return tag_text(self.tagged, self.record.tag, message, self.who)

    @property
    def moves(self) -> tuple[ReferenceMove, ReferenceMove]:
        """What happens to the branch and to the tag."""
        branch = ReferenceMove(self.record.ref, self.record.old, self.record.tip)
        return branch, ReferenceMove(f"refs/tags/{self.record.tag}", None, self.record.tag_object)

    # files

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the release: whole or not at all, and remembered before it is there."""
        if name not in self.record.files:
            self.record.files.append(name)
            self.remember()
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f".{name}.*.new"):  # by a run that was killed
            left.unlink()
        fresh = self.folder / f".{name}.{os.getpid()}.new"
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.folder / name)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise

    def read(self, name: str) -> bytes | None:
        """Return what a file of the release holds, ``None`` when it is not there."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    @property
    def tarballs(self) -> list[str]:
        """The names of the tarballs, as far as they are there."""
        named = [name for name in self.record.files if ".tar." in name and not name.endswith((".sig", ".txt"))]
        return [name for name in sorted(named) if (self.folder / name).is_file()]


def _parsed(edits: tuple[Edit, ...] | None, preset: tuple[str, ...]) -> tuple[Edit, ...]:
    return tuple(map(parse_edit, preset)) if edits is None else edits


def drafts(repository: Repository, settings: ReleaseSettings, start: str, words: dict[str, str]) -> list[Draft]:
    """Return the commits that make ``start`` the release, without those that would change nothing.

    Raises ``Refused`` when a line that is to change is not there.
    """
    edited = _edited(repository, start, _parsed(settings.edits, XEN_EDITS), words)
    edited |= _banner(repository, settings, start, words)
    made: list[Draft] = [(edited, fill(settings.message, words))] if edited else []
    if settings.changelog:
        before = edited[CHANGELOG][1] if CHANGELOG in edited else read_file(repository, start, CHANGELOG)
        if before is None:
            raise problems.no_changelog(CHANGELOG)
        try:
            after = add_heading(before, words)
        except EditError as error:
            raise problems.unfit_changelog(error.path, str(error)) from None
        if after != before:
            made.append(({CHANGELOG: (before, after)}, f"Update {CHANGELOG} with {words['version']} line"))
    return made


def pre_draft(repository: Repository, settings: ReleaseSettings, tagged: str, words: dict[str, str]) -> Draft:
    """Return the commit that begins the next release after ``tagged``."""
    return pre_draft_from(repository, settings, tagged, words, {})


def pre_draft_from(
    repository: Repository, settings: ReleaseSettings, commit: str, words: dict[str, str], files: dict[str, bytes]
) -> Draft:
    """Return the commit that begins the next release after ``commit`` and edits whose results are ``files``."""
    edits = _parsed(settings.pre_edits, XEN_PRE_EDITS)
    following = words | {"version": f"{words['branch']}.{words['next']}-pre"}
    return _edited(repository, commit, edits, words, files), fill(settings.message, following)


def _edited(
    repository: Repository,
    commit: str,
    edits: tuple[Edit, ...],
    words: dict[str, str],
    files: dict[str, bytes] | None = None,
) -> Files:
    """Return the files that ``edits`` change, before and after; those in ``files`` are not as the commit has them."""
    found = {path: (content, content) for path, content in (files or {}).items()}
    for edit in edits:
        before = found[edit.path][0] if edit.path in found else read_file(repository, commit, edit.path)
        if before is None:
            if edit.optional:
                continue
            raise problems.no_such_file(edit.path)
        now = found[edit.path][1] if edit.path in found else before
        found[edit.path] = (before, _applied(now, edit, words))
    return {path: pair for path, pair in found.items() if pair[0] != pair[1]}


def _banner(repository: Repository, settings: ReleaseSettings, start: str, words: dict[str, str]) -> Files:
    """Return README before and after its banner is redrawn, nothing when it is right or can't be drawn."""
    before = read_file(repository, start, README) if settings.banner else None
    if before is None:
        return {}
    text = fill(settings.banner, words)
    drawn, begin = draw(text), draw(text.partition(" ")[0])
    after = set_banner(before, drawn, begin) if drawn and begin else before
    return {README: (before, after)} if after != before else {}


def _applied(content: bytes, edit: Edit, words: dict[str, str]) -> bytes:
    try:
        return apply_edit(content, edit, words)
    except EditError as error:
        raise problems.unfit_edit(error.path, str(error)) from None
