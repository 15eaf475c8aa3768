"""A queue that was exported before, for who proves it: what git makes of its patches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.ask.session import Session
from git_xsa.export import problems
from git_xsa.export.folder import MANIFEST, differences, inside, read_manifest
from git_xsa.git.repository import Commit
from git_xsa.git.trees import Entries, entries_of
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import FileState
from git_xsa.proof.stack import QueuedPatch, Stack, States


def of_folder(session: Session, folder: Path, base: Commit) -> Stack:
    """Return the queue in ``folder``, as ``git xsa-export`` has written it, on ``base``.

    ``XsaError`` when it is none, was changed since, or git does not apply it (status 2).
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise problems.not_exported(folder, MANIFEST)
    changed = differences(folder, manifest)
    if changed:
        raise problems.changed_since_export(folder, changed[0])
    try:
        items = manifest["queue"]
        files = [str(item["file"]) for item in items]
        texts = [inside(folder, file).read_bytes() for file in files]
        patches = [
            QueuedPatch(str(item["id"]), str(item["subject"]), str(item["role"]), tuple(map(int, item["xsa"])), text)
            for item, text in zip(items, texts, strict=True)
        ]
        numbers = [int(number) for number in manifest["xsa"]]
    except (LookupError, TypeError, ValueError, OSError):
        raise problems.damaged_manifest(folder / MANIFEST) from None
    if len(set(files)) != len(files):
        raise problems.one_file(folder)
    start = entries_of(session.repository, base.id)

    def states(size: int) -> States:
        return _applied(session, start, texts[:size], files, base.name)

    private = (folder.stat().st_mode & 0o077) == 0
    return Stack(session.repository, base, patches, numbers, private, states)


def _applied(session: Session, start: Entries, texts: Sequence[bytes], names: Sequence[str], base: str) -> States:
    """Return the files that ``texts`` make of those in ``start``, as far as they differ."""
    trial = session.quarantine.apply(start, texts)
    if trial.refused is not None:
        error = problems.not_applied(names[trial.refused], base, trial.message)
        error.status = 2
        raise error
    changed = [path for path in {*start, *trial.files} if start.get(path) != trial.files.get(path)]
    names_of = {path: trial.files[path] for path in changed if path in trial.files}
    blobs = sorted({name for mode, name in names_of.values() if mode != SUBMODULE_MODE})
    contents = session.quarantine.contents(blobs)
    found: dict[bytes, FileState | None] = dict.fromkeys(changed)
    for path, (mode, name) in names_of.items():
        lines = [b"Subproject commit %s\n" % name.encode()] if mode == SUBMODULE_MODE else [contents[name]]
        found[path] = FileState(path, mode, lines)
    return found
