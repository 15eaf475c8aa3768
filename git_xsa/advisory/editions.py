"""The advisories in the store: what was taken in, version by version.

::

    advisories/XSA-492/v3/advisory.txt       the text as it came, byte for byte
    advisories/XSA-492/v3/files/xsa492/...   the published files under their own names
    advisories/XSA-492/v3/import.json        where all that came from, and when
    advisories/XSA-492/files-1/files/...     patches that came without a text
    advisories/XSA-492/v3/import.unfinished  the files that are being added, a name a line, until all of them are there

Versions are never mixed: a file belongs to the version whose text lists it with its checksum.  Two texts that call
themselves the same version are kept apart, too (``v3`` and ``v3-0a1b2c3d``).  What is there is never overwritten by
something worse: only a file whose checksum was wrong gives way to the right one.

A version is there when its text or a file of it is, and what ``import.unfinished`` names is not: so readers see all
that one import adds to a version, or nothing.  What an import that was killed has left is removed by the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from git_xsa.advisory.file_names import in_order, is_patch_name
from git_xsa.advisory.metadata import Recipes, read_recipes
from git_xsa.advisory.patchfile import PatchFile, parse_patches
from git_xsa.advisory.problems import MetadataError, StoreError, TextError
from git_xsa.advisory.store import Store
from git_xsa.advisory.text import Advisory, read_advisory
from git_xsa.advisory.trust import ChecksumState, Signature, check_file, check_signature, find_listed
from git_xsa.documents import DocumentError, read_object, write_json

FOLDER = "advisories"
TEXT = "advisory.txt"
FILES = "files"
RECORD = "import.json"
UNFINISHED = "import.unfinished"
_NUMBER = re.compile(r"XSA-([1-9]\d{0,5})")
_EDITION = re.compile(r"(?:v(?P<version>\d{1,3})(?:-(?P<other>[0-9a-f]{8}))?|files-(?P<loose>\d{1,6}))")
_DEEPEST = 6


def number_of(name: str) -> int | None:
    """Return the number of the advisory whose folder is ``name``, ``None`` for any other name."""
    found = _NUMBER.fullmatch(name)
    return int(found[1]) if found else None


@dataclass(frozen=True)
class Edition:
    """One version of an advisory in the store, or patches that came without a text (``version`` 0).

    ``name`` is that of its folder.  ``half`` is set for who wants to see what an import has not finished, too.
    """

    store: Store = field(repr=False)
    number: int
    name: str
    version: int
    half: bool = field(default=False, compare=False)

    @property
    def title(self) -> str:
        """How it is called in messages: ``XSA-492 v3``."""
        return f"XSA-{self.number} {self.name}" if self.version else f"XSA-{self.number} (without its text)"

    @property
    def _place(self) -> tuple[str, str, str]:
        return (FOLDER, f"XSA-{self.number}", self.name)

    @cached_property
    def unfinished(self) -> frozenset[str] | None:
        """The files that an import has not finished adding, ``None`` when there is no such import."""
        names = self.store.read(*self._place, UNFINISHED)
        return frozenset(names.decode("utf-8", "replace").splitlines()) if names is not None else None

    @property
    def _hidden(self) -> frozenset[str]:
        return frozenset() if self.half else self.unfinished or frozenset()

    @property
    def is_there(self) -> bool:
        """Whether there is anything of it; an import that was killed may have left a folder and no more."""
        if TEXT not in self._hidden and self.store.path(*self._place, TEXT).exists():
            return True
        return bool(self.paths)

    @cached_property
    def text(self) -> bytes | None:
        """The text as it came, ``None`` when there is none."""
        return self.store.read(*self._place, TEXT) if TEXT not in self._hidden else None

    @cached_property
    def advisory(self) -> Advisory | None:
        """What the text says, ``None`` when there is none, or when somebody has damaged it since."""
        if self.text is None:
            return None
        try:
            return read_advisory(self.text)
        except TextError:
            return None

    @cached_property
    def paths(self) -> list[str]:
        """The published files that are here, in the order of a series."""
        hidden = self._hidden
        return in_order(path for path in self._walk((*self._place, FILES)) if f"{FILES}/{path}" not in hidden)

    def patches_at(self, paths: Iterable[str]) -> tuple[PatchFile, ...]:
        """Return the patches at ``paths``, named as they were published; ``PatchError``: one is none."""
        return tuple(
            replace(patch, name=path + patch.name.removeprefix(patch.file), file=path)
            for path in paths
            for patch in parse_patches(Path(path), self.read(path))
        )

    def _walk(self, names: tuple[str, ...]) -> list[str]:
        found = []
        start = len(self._place) + 1
        for name in self.store.names(*names):
            below = (*names, name)
            if self.store.path(*below).is_dir() and not self.store.path(*below).is_symlink():
                found += self._walk(below) if len(below) < start + _DEEPEST else []
            else:
                found.append("/".join(below[start:]))
        return found

    @property
    def patches(self) -> list[str]:
        """The files that are patches."""
        return [path for path in self.paths if is_patch_name(path)]

    def read(self, path: str) -> bytes:
        """Return what the file ``path`` holds."""
        return self.store.read(*self._place, FILES, *path.split("/")) or b""

    def state(self, path: str) -> ChecksumState:
        """Return what the text's checksums say of the file ``path``."""
        return check_file(path, self.read(path), self.advisory.sums if self.advisory else {})

    @cached_property
    def recipes(self) -> Recipes | None:
        """The recipes that came with it, ``None`` when there are none that can be read."""
        for path in self.paths:
            if path.endswith(".meta"):
                try:
                    return read_recipes(self.read(path))
                except MetadataError:
                    continue
        return None

    @cached_property
    def record(self) -> dict[str, Any]:
        """Where it came from: what ``import.json`` holds, empty when that can't be read."""
        try:
            return read_object(self.store.read(*self._place, RECORD) or b"{}")
        except DocumentError:
            return {}

    @property
    def public(self) -> bool:
        """Whether it is known to be public: it came from the site, or its text says so."""
        return bool(self.record.get("public")) or (self.advisory is not None and self.advisory.public)

    def sums(self) -> dict[str, str]:
        """Return the SHA-256 of each patch: as its text lists them, or, without a text, of what is here."""
        if self.advisory is not None and self.advisory.sums:
            return {path: value for path, value in self.advisory.sums.items() if is_patch_name(path)}
        return {path: sha256(self.read(path)).hexdigest() for path in self.patches}


@dataclass(frozen=True)
class Difference:
    """What changed in the patches from one version to the next: names in the order of a series."""

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.dropped or self.changed)


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> Difference:
    """Return what changed between two sets of patches, given as the checksums of each."""
    return Difference(
        tuple(in_order(new.keys() - old.keys())),
        tuple(in_order(old.keys() - new.keys())),
        tuple(in_order(name for name in old.keys() & new.keys() if old[name] != new[name])),
    )


@dataclass(frozen=True)
class EditionSource:
    """Where something came from: in words, and when; ``public`` if from where everybody can get it."""

    words: str
    time: datetime
    public: bool = False


class Library:
    """The advisories in ``store``; signatures by the keys ``trusted`` count."""

    def __init__(self, store: Store, trusted: tuple[str, ...] = ()) -> None:
        self.store = store
        self._trusted = trusted

    def numbers(self) -> list[int]:
        """Return the numbers of the advisories that something is known of, in order."""
        return [number for number in self._numbers() if self.editions(number)]

    def _numbers(self) -> list[int]:
        return sorted(number for name in self.store.names(FOLDER) if (number := number_of(name)) is not None)

    def editions(self, number: int, half: bool = False) -> list[Edition]:
        """Return what there is of an advisory, the oldest version first; what came without a text is before all.

        With ``half`` that has what an import has not finished, too.
        """
        return [edition for edition in self._editions(number, half) if edition.is_there]

    def _editions(self, number: int, half: bool = False) -> list[Edition]:
        """Return a version for each folder that there is, in the order of ``editions``."""
        found = []
        for name in self.store.names(FOLDER, f"XSA-{number}"):
            match = _EDITION.fullmatch(name)
            if match:
                version = int(match["version"] or 0)
                # Of two texts with one version the first one counts: nobody replaces it by sending another.
                found.append(((version, match["other"] is None, int(match["loose"] or 0)), name, version))
        return [Edition(self.store, number, name, version, half) for _, name, version in sorted(found)]

    def newest(self, number: int) -> Edition | None:
        """Return the version that counts, ``None`` when nothing is known of the advisory.

        Of several texts that call themselves the same version that is one with a trusted signature, or the first.
        """
        editions = self.editions(number)
        if not editions:
            return None
        rivals = [edition for edition in reversed(editions) if edition.version == editions[-1].version > 0]
        if len(rivals) > 1:
            for edition in rivals:
                signed = edition.advisory.signed if edition.advisory is not None else b""
                if check_signature(signed, self._trusted).signature is Signature.TRUSTED:
                    return edition
        return editions[-1]

    def add_text(self, advisory: Advisory, content: bytes, source: EditionSource) -> tuple[Edition, bool]:
        """Put the text of an advisory into the store; return its version there, and whether it is new.

        A text that is there already, but was not signed, or not known to be public, is replaced by one that is.
        """
        edition = self.edition_of(advisory, content)
        if edition.advisory is None:
            self.store.write(content, *edition._place, TEXT)
            self._note(edition, [TEXT], source)
            return Edition(self.store, advisory.number, edition.name, advisory.version, half=True), True
        if advisory.signed and not edition.advisory.signed:
            self.store.write(content, *edition._place, TEXT)
        if source.public and not edition.public:
            self._note(edition, [], source)
        return Edition(self.store, edition.number, edition.name, edition.version, half=True), False

    def edition_of(self, advisory: Advisory, content: bytes) -> Edition:
        """Return the version whose text says what ``content`` does, or where to put that."""
        name = f"v{advisory.version}"
        for edition in self.editions(advisory.number):
            if edition.version == advisory.version and edition.advisory is not None:
                if _words(edition.advisory.body) == _words(advisory.body):
                    return edition
                name = f"v{advisory.version}-{sha256(content).hexdigest()[:8]}"
        return Edition(self.store, advisory.number, name, advisory.version)

    def add_file(self, edition: Edition, path: str, content: bytes, source: EditionSource) -> bool:
        """Put a file that belongs to ``edition`` into the store under the name that its text lists; whether it is new.

        What is there stays, unless its checksum is wrong and the new one's is not.
        """
        sums = edition.advisory.sums if edition.advisory is not None else {}
        name = find_listed(path, sums) or path
        place = (*edition._place, FILES, *name.split("/"))
        there = self.store.read(*place)
        if there is not None and (there == content or check_file(name, content, sums) is not ChecksumState.LISTED):
            return False
        self.store.write(content, *place)
        self._note(edition, [name], source)
        return True

    def remove_unfinished(self) -> None:
        """Remove what imports that were killed have left; only with the store's lock."""
        for number in self._numbers():
            for edition in self._editions(number):
                for name in edition.unfinished or ():
                    with suppress(StoreError):  # half a name
                        self.store.remove(*edition._place, *name.split("/"))
                if not edition.is_there:
                    self.store.remove(*edition._place, RECORD)
                self.store.remove(*edition._place, UNFINISHED)
            self.store.remove_empty(FOLDER, f"XSA-{number}")

    @contextmanager
    def adding(self, edition: Edition, names: Iterable[str]) -> Iterator[None]:
        """Have readers see the files ``names`` of ``edition`` (with ``TEXT`` for its text) all at once, at the end.

        One that is there already is seen all the time.
        """
        there = Edition(self.store, edition.number, edition.name, edition.version)
        known = {*there.paths} | ({TEXT} if there.text is not None else set())
        new = [TEXT if name == TEXT else f"{FILES}/{name}" for name in names if name not in known]
        if not new:
            yield
            return
        self.store.write("".join(f"{name}\n" for name in new).encode(), *edition._place, UNFINISHED)
        yield
        self.store.remove(*edition._place, UNFINISHED)

    def loose(self, number: int, files: Mapping[str, bytes]) -> Edition:
        """Return where to put ``files``, which came without a text: with what came before, unless that differs."""
        loose = [edition for edition in self.editions(number) if not edition.version]
        if loose:
            newest = loose[-1]
            if all(newest.read(path) == content for path, content in files.items() if path in newest.paths):
                return newest
        last = int(loose[-1].name.rpartition("-")[2]) if loose else 0
        return Edition(self.store, number, f"files-{last + 1}", 0)

    def _note(self, edition: Edition, files: list[str], source: EditionSource) -> None:
        """Write down where ``files`` came from."""
        record = dict(Edition(self.store, edition.number, edition.name, edition.version).record)
        sources = record.get("sources")
        entry = {"from": source.words, "at": source.time.strftime("%Y-%m-%dT%H:%M:%SZ"), "files": files}
        record |= {
            "format": 1,
            "xsa": edition.number,
            "public": bool(record.get("public")) or source.public,
            "sources": _joined(sources if isinstance(sources, list) else [], entry),
        }
        self.store.write(write_json(record, 1), *edition._place, RECORD)


def _joined(sources: list[Any], entry: dict[str, Any]) -> list[Any]:
    """Return ``sources`` with ``entry`` at the end, joined to the last one when that is of the same taking-in."""
    last = sources[-1] if sources else None
    if isinstance(last, dict) and (last.get("from"), last.get("at")) == (entry["from"], entry["at"]):
        return [*sources[:-1], entry | {"files": [*last.get("files", []), *entry["files"]]}]
    return [*sources, entry]


def _words(text: str) -> list[str]:
    """Return what two copies of a text have in common, however they were wrapped or quoted on their way."""
    return text.split()
