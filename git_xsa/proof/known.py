"""What was proved before, so that it is not done again: records with files beside them, found by a digest.

The digest is made of everything that decides the outcome, so nothing in a record has to be compared.  A record is a
folder that appears in one step.  All of it can be deleted at any time.  What belongs to a queue that may be under
embargo is kept in a folder of the run alone, in memory where the system has that.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any

from git_xsa.documents import read_back, write_json
from git_xsa.git.folders import remove

#: Counted up when the same question could come to another outcome than before.
VERSION = 1
FOLDER = "proofs"
#: So many bytes are kept.  A record with an image of Xen takes 3 to 5 MB, one of a run in QEMU 20 kB: this is room for
#: every commit of the longest queues in three cells, and for weeks of smaller questions.
KEPT = 3 << 30
_RECORD = "record.json"
#: Seconds after which what is still being written belongs to a command that was killed.
_LONG_AGO = 3600


def digest(*parts: str | bytes) -> str:
    """Return the digest of ``parts``, each whole."""
    made = sha256(f"{VERSION}\0".encode())
    for part in parts:
        text = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        made.update(f"{len(text)}\0".encode() + text)
    return made.hexdigest()


@dataclass(frozen=True)
class ProofRecord:
    """Something that was done once: what came of it, and the folder of its files."""

    facts: Mapping[str, Any]
    folder: Path

    def file(self, name: str) -> Path | None:
        """Return where the file ``name`` is, ``None`` when the record has none of that name."""
        path = self.folder / name
        return path if path.is_file() else None


class Known:
    """The records in ``folder``, which is made for the user alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._prune()

    def get(self, name: str) -> ProofRecord | None:
        """Return the record ``name``, ``None`` when there is none that can be read."""
        folder = self.folder / name
        try:
            facts = read_back((folder / _RECORD).read_bytes())
            os.utime(folder)
        except (OSError, ValueError):
            return None
        return ProofRecord(facts, folder) if isinstance(facts, dict) else None

    def put(self, name: str, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> ProofRecord:
        """Keep ``facts`` and ``files`` as the record ``name``, in the place of an earlier one, and return it."""
        fresh = self.folder / f"{name}.{secrets.token_hex(4)}.new"
        fresh.mkdir(0o700)
        for file, content in files.items():
            _write(fresh / file, content)
        _write(fresh / _RECORD, write_json(dict(facts)))
        place = self.folder / name
        remove(place)
        with contextlib.suppress(OSError):  # another command has put the same there just now
            fresh.rename(place)
        remove(fresh)
        return ProofRecord(facts, place)

    def _prune(self) -> None:
        """Remove the oldest records, and what an interrupted command may have left."""
        dated = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                dated.append((path.stat().st_mtime, path, sum(file.stat().st_size for file in path.iterdir())))
        taken = 0
        for changed, path, size in sorted(dated, reverse=True):
            taken += size
            if taken > KEPT or (path.suffix == ".new" and changed < time() - _LONG_AGO):
                remove(path)


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
