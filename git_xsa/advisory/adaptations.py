"""Patches that were adapted by hand to a base on which the published ones don't go: what the store has of them.

::

    adapted/xsa488-57d0c0cdde8a-1/published.patch    the diff that was adapted, as it was published
    adapted/xsa488-57d0c0cdde8a-1/adapted.patch      what a person made of it
    adapted/xsa488-57d0c0cdde8a-1/adapted.json       what it is for: advisories, base, files, checksums of both

``adapted.json`` is written last, so an adapted patch is there as a whole or not at all.  It stands for the published
one on every base on which that is in conflict and its own lines have one place.  It is as secret as its advisory.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from git_xsa.advisory import remarks
from git_xsa.advisory.patchfile import PatchFile, parse_patches
from git_xsa.advisory.problems import PatchError, StoreError
from git_xsa.advisory.problems import patches as problems
from git_xsa.advisory.store import Store
from git_xsa.documents import DocumentError, read_object, write_json
from git_xsa.model.changed_lines import changed_lines_id
from git_xsa.wording import Remark

FOLDER = "adapted"
RECORD = "adapted.json"
PUBLISHED = "published.patch"
PATCH = "adapted.patch"
FORMAT = 1
_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>[1-9]\d{0,5})")


@dataclass(frozen=True)
class Adaptation:
    """A patch that was adapted by hand.

    ``name`` is that of its folder in the store, ``id`` the commit or the file that was adapted, ``edition`` the version
    of the advisory that had the file (empty for a commit).  ``published`` and ``patch`` are the two diffs, ``base`` is
    the base it was made on and ``files`` the object names of its files there.  ``made`` is the time.
    """

    name: str
    xsa: tuple[int, ...]
    id: str
    subject: str
    edition: str
    base: str
    made: str
    published: bytes = field(repr=False)
    patch: bytes = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def changed(self) -> bytes:
        """What identifies the change that was adapted: its files and changed lines, whatever stands around them."""
        return _changed(self.published)

    @cached_property
    def file(self) -> PatchFile:
        """The adapted patch, parsed."""
        [patch] = parse_patches(Path(self.name), self.patch)
        return patch

    @cached_property
    def only_context(self) -> bool:
        """Whether it changes the same lines as the published patch, in another context."""
        return _changed(self.patch) == self.changed

    @property
    def words(self) -> Remark:
        """What it is, for people."""
        return remarks.adapted_to(self.base, self.only_context)

    def document(self) -> dict[str, Any]:
        """Return what JSON and manifests say of it."""
        return {
            "id": self.id, "xsa": list(self.xsa), "base": self.base, "made": self.made, "name": self.name,
            "context_only": self.only_context,
        }  # fmt: skip


class Adaptations:
    """The adapted patches in ``store``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def all(self) -> tuple[Adaptation, ...]:
        """Every adapted patch, the newest first; ``StoreError`` when one was changed or is damaged."""
        found, damaged = self.sorted_out()
        for error in damaged.values():
            raise error
        return found

    def sorted_out(self) -> tuple[tuple[Adaptation, ...], dict[str, StoreError]]:
        """Return the adapted patches that can be used, the newest first, and what is wrong with the others, by name."""
        found, damaged = [], {}
        for name in self._store.names(FOLDER):
            one = self._read(name)
            if isinstance(one, StoreError):
                damaged[name] = one
            elif one is not None:
                found.append(one)
        return tuple(sorted(found, key=lambda one: (one.made, _number(one.name)), reverse=True)), damaged

    def of(self, numbers: Collection[int]) -> list[Adaptation]:
        """Return those of the advisories ``numbers``, the newest first."""
        return [one for one in self.all if not set(numbers).isdisjoint(one.xsa)]

    def made_of(self, diff: bytes) -> list[Adaptation]:
        """Return those made of a patch that changes the same lines as ``diff``, the newest first."""
        changed = None
        found = []
        for one in self.all:
            if diff != one.published:
                changed = _changed(diff) if changed is None else changed  # only where it must be parsed
                if changed != one.changed:
                    continue
            found.append(one)
        return found

    def add(self, made: Adaptation) -> Adaptation:
        """Put ``made`` into the store; return it with its name there, or what is there already and is the same."""
        with self._store.lock():
            vars(self).pop("all", None)
            for known in self.all:
                if (known.id, known.patch, known.published) == (made.id, made.patch, made.published):
                    return known
            name = self._free_name(made)
            for file, content in ((PUBLISHED, made.published), (PATCH, made.patch), (RECORD, _record(made))):
                self._store.write(content, FOLDER, name, file)
            vars(self).pop("all", None)
        return next(one for one in self.all if one.name == name)

    def remove(self, name: str) -> bool:
        """Take the adapted patch in the folder ``name`` out of the store, damaged or not; whether there was one."""
        with self._store.lock():
            gone = [self._store.remove(FOLDER, name, file) for file in (RECORD, PATCH, PUBLISHED)]  # the record first
            self._store.remove_empty(FOLDER, name)
            vars(self).pop("all", None)
        return any(gone)

    def _free_name(self, made: Adaptation) -> str:
        """Return a name that no adapted patch has; one that a killed command has begun is used again."""
        number = f"xsa{made.xsa[0]}-" if made.xsa and not made.id.startswith(f"xsa{made.xsa[0]}") else ""
        what = re.sub("[^A-Za-z0-9._]+", "-", made.id.removesuffix(".patch"))[:20] if "." in made.id else made.id[:12]
        stem = f"{number}{what.strip('-.') or 'patch'}"
        used = {one.name for one in self.all}
        return next(name for at in range(1, len(used) + 2) if (name := f"{stem}-{at}") not in used)

    def _read(self, name: str) -> Adaptation | StoreError | None:
        """Return the adapted patch in the folder ``name``, what is wrong with it, or, if it was never finished,
        ``None``."""
        where = self._store.path(FOLDER, name)
        try:
            record = self._store.read(FOLDER, name, RECORD)
            if record is None:
                return None
            published, patch = (self._store.read(FOLDER, name, file) or b"" for file in (PUBLISHED, PATCH))
            found = read_object(record)
            if [sha256(content).hexdigest() for content in (published, patch)] != [found["published"], found["patch"]]:
                return problems.changed_adaptation(where, name)
            made = Adaptation(
                name, tuple(int(number) for number in found["xsa"]), str(found["id"]), str(found["subject"]),
                str(found["edition"]), str(found["base"]), str(found["made"]), published, patch,
                {str(path): str(blob) for path, blob in found["files"].items()},
            )  # fmt: skip
            assert made.file.changes, "a patch has changes"
        except StoreError as error:
            return error
        except (DocumentError, LookupError, TypeError, ValueError, AttributeError, PatchError):
            return problems.damaged_adaptation(where / RECORD, name)
        return made


def _changed(diff: bytes) -> bytes:
    """Return what identifies the lines that ``diff`` changes."""
    return changed_lines_id([change for patch in parse_patches(Path("diff"), diff) for change in patch.changes])


def _number(name: str) -> int:
    found = _NUMBERED.fullmatch(name)
    return int(found["number"]) if found is not None else 0


def _record(made: Adaptation) -> bytes:
    return write_json(
        {
            "format": FORMAT,
            "xsa": list(made.xsa),
            "id": made.id,
            "subject": made.subject,
            "edition": made.edition,
            "base": made.base,
            "files": dict(made.files),
            "made": made.made,
            "published": sha256(made.published).hexdigest(),
            "patch": sha256(made.patch).hexdigest(),
        },
        1,
    )
