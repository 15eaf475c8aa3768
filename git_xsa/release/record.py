"""What a run remembers, so that it can be resumed or undone wherever it stopped.

One file for each release, ``releases/4.21.2.json`` in the store.  It holds what can't be worked out again: where the
references stood, when the run began (the date of its commits), which tag object it signed, and the files that it was
going to write, named there before they are written.  What has been done is not believed from here: every step looks
at the repository and the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from git_xsa.advisory.store import Store
from git_xsa.documents import DocumentError, read_object, shaped, write_json
from git_xsa.release import problems, remarks

FOLDER = "releases"
FORMAT = 1


_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")


class Record(msgspec.Struct):
    """A run, as it stands in its file.

    ``kind`` is ``release`` or, for one that makes only what follows a tag that a person has made, ``packaging``.
    ``ref`` is the branch that gets the version commits and ``old`` where it was, ``commits`` are these commits,
    ``tagged`` the one that is released and ``tip`` the last one; ``files`` are the names of what is written in
    ``folder``.  ``skipped`` are the advisories that the branch needs nothing of, as a person said; ``others``
    the versions that were to be made together with it.
    """

    version: str
    tag: str
    kind: str
    repository: str
    start: str
    time: int
    zone: str
    who: str
    last: str
    folder: str
    words: dict[str, str]
    branch: str = ""
    ref: str = ""
    old: str | None = None
    remote: str = ""
    pre: bool = False
    commits: list[str] = []
    tagged: str = ""
    tip: str = ""
    tag_object: str = ""
    files: list[str] = []
    finished: bool = False
    pushed: bool = False
    skipped: list[int] = []
    others: list[str] = []
    format: int = FORMAT


class Records:
    """The runs in ``store``."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def read(self, version: str) -> Record | None:
        """Return what is remembered of the release ``version``, ``None`` for nothing; ``XsaError`` if it is damaged."""
        content = self.store.read(FOLDER, f"{version}.json") if _VERSION.fullmatch(version) else None
        if content is None:
            return None
        try:
            found = read_object(content)
            if found.get("format") == FORMAT:
                return shaped(found, Record)
            why: str = remarks.other_format(found.get("format"), FORMAT)
        except DocumentError as error:
            why = str(error)
        place = self.store.path(FOLDER, f"{version}.json")
        raise problems.damaged_record(place, why)

    def write(self, record: Record) -> None:
        """Remember ``record``: whole, or as before."""
        content = write_json(record, 2)
        self.store.write(content, FOLDER, f"{record.version}.json")

    def log(self, version: str, tag: str) -> Path:
        """Return where a run that nobody watches writes; the file is there, and only the user can read it."""
        self.store.append(tag, FOLDER, f"{version}.log")
        return self.store.path(FOLDER, f"{version}.log")

    def forget(self, record: Record) -> None:
        """Remove what is remembered of it."""
        self.store.remove(FOLDER, f"{record.version}.json")

    def all(self) -> list[Record]:
        """Return all that is remembered, by version."""
        names = [name.removesuffix(".json") for name in self.store.names(FOLDER) if name.endswith(".json")]
        names = [name for name in names if _VERSION.fullmatch(name)]
        found = [record for name in names if (record := self.read(name)) is not None]
        return sorted(found, key=lambda record: [int(word) for word in record.version.split(".")])

    @contextmanager
    def lock(self, version: str) -> Iterator[None]:
        """Hold the release ``version`` for as long as the context lasts; ``Locked`` when another command has it."""
        with self.store.lock(f"release-{version}", patience=1.0):
            yield
