"""Bases from outside of the repository: a source tree without history (a folder, a tarball), patches on top of a base.

A source tree becomes a commit that exists as long as the command, on top of the release that it was made from; from
there on it is a base beside the branch like any other.  Its version says which release that is (Xen's
``xen/Makefile``), and where that says nothing, its files (``git_xsa.ask.best_fit``).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from git_xsa.advisory.file_names import read_name
from git_xsa.advisory.package import read_package
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.ask import problems, remarks
from git_xsa.ask.best_fit import best_fit, is_orphan
from git_xsa.ask.placement import PackagePatch, Placement, split
from git_xsa.ask.session import Session
from git_xsa.git.patched import Patched
from git_xsa.git.repository import Commit
from git_xsa.git.source_tree import SourceFile, is_tarball, read_source, without_top
from git_xsa.git.trees import entries_of
from git_xsa.model.change import FileChange
from git_xsa.model.history import blob_name
from git_xsa.model.marks import marked_advisories
from git_xsa.model.release import belongs, version_in
from git_xsa.wording import Remark

_MAKEFILE = b"xen/Makefile"


def commit_or_tree(session: Session, name: str, tip: str = "") -> Commit:
    """Return the base that ``name`` stands for; ``tip`` and errors as of ``find_base``."""
    place = Path(name)
    if not name or not (place.is_dir() or is_tarball(place)):
        base = session.branches.base(name)
        if not is_orphan(session, base):
            return base
        entries = entries_of(session.repository, base.id)
        return base._replace(fit=best_fit(session, name, {path: entry[1] for path, entry in entries.items()}, tip))
    if session.repository.resolve(name) is not None:
        raise problems.commit_and_path(name, place.is_dir())
    newest = max(session.branches.releases.values(), default=None)
    files = without_top(read_source(place), entries_of(session.repository, newest[1]) if newest is not None else ())
    release, fit = _stated_release(session, files), None
    if release is None:
        length = session.repository.hash_length
        fit = best_fit(session, name, {file.path: blob_name(file.content, length) for file in files}, tip)
        release = fit.release
    made = session.borrowed.commit_tree(files, release.id, f"The source tree {name}")
    return Commit(name, made, release=release.name, under=release.id, fit=fit)


def with_patches(session: Session, base: Commit, lists: Sequence[str], place: str = "") -> tuple[Commit, list[Remark]]:
    """Return ``base`` with the patches of the packages ``lists`` on top, and what is to be said of them.

    With a ``place`` it has those before it alone, and the session knows the rest (``Session.placements``).
    ``XsaError`` when one does not go on, with the fuzz that the package's own tools allow.
    """
    packages = [(listed, tuple(listed.patches())) for listed in map(read_package, map(Path, lists))]
    if not any(several for _, several in packages):
        return base, []
    known = KnownFiles(session, base)
    found = [(listed, [part for patch in several if (part := known.part_of(patch))]) for listed, several in packages]
    patches = [patch for _, several in found for patch in several]
    notes = known.notes
    carried = [PackagePatch(patch, listed.fuzz) for listed, several in found for patch in several]
    cut = split(carried, place) if place else len(carried)
    with Patched(session.repository, base.id, {path for patch in patches for path in patch.paths}) as tree:
        for listed, several in found:
            refused, fuzzy = tree.put_on(several, listed.fuzz)
            if refused is not None:
                raise problems.package_patch_refused(
                    several[refused].name, listed.place, base.name, several[refused].doubt
                )
            notes += [remarks.needs_fuzz(several[number].name, listed.fuzz) for number in fuzzy]
        files = tree.files()
    whole = patched(session, base, files, patches, lists)
    if cut == len(carried):
        return whole, notes
    options = f"{whole.options} --place {shlex.quote(place)}"
    under = base._replace(options=options)
    if cut:
        before = patches[:cut]
        with Patched(session.repository, base.id, {path for patch in before for path in patch.paths}) as tree:
            for one in carried[:cut]:
                tree.put_on([one.patch], one.fuzz)
            under = patched(session, base, tree.files(), before, lists)._replace(options=options)
    session.placements[under.id] = Placement(place, tuple(carried[cut:]), whole)
    return under, notes


def patched(
    session: Session,
    base: Commit,
    files: Mapping[bytes, SourceFile | None],
    patches: Sequence[PatchFile],
    packages: Sequence[str],
) -> Commit:
    """Return ``base`` with the ``patches`` of the ``packages`` on top, which make ``files`` of its files."""
    made = session.borrowed.commit_changes(files, base.id, [message_of(patch) for patch in patches])
    options = " ".join(f"--base-patches {shlex.quote(place)}" for place in packages)
    return base._replace(id=made, reference=None, under=base.lasting, patches=len(patches), options=options)


def message_of(patch: PatchFile) -> str:
    """Return what ``patch`` says of itself, with the advisory that it fixes by its name where the text does not say."""
    message = f"{patch.subject}\n\n{patch.message}"
    number = read_name(patch.file).number
    return message if number is None or marked_advisories(message) else f"{message}\n\nThis is XSA-{number}."


class KnownFiles:
    """The files of a base and of the patches on it so far, by which a patch for another source tree is recognised.

    Packages have such patches for what their builds unpack into the tree: QEMU, Mini-OS, iPXE.
    """

    def __init__(self, session: Session, base: Commit) -> None:
        self._base = base
        self._paths: set[bytes] = set(entries_of(session.repository, base.id))
        self._folders = {path.rpartition(b"/")[0] for path in self._paths}
        self.notes: list[Remark] = []

    def part_of(self, patch: PatchFile) -> PatchFile | None:
        """Return the part of ``patch`` that is for files of this tree, ``None`` for none, and note what is not."""
        if patch.doubt:
            self.notes.append(patch.doubt)
        other = [change.path for change in patch.changes if self._elsewhere(change)]
        ours = patch.without(self._elsewhere) if other else patch
        for change in ours.changes:
            if change.new_path is not None:
                self._paths.add(change.new_path)
                self._folders.add(change.new_path.rpartition(b"/")[0])
        if other:
            self.notes.append(remarks.of_another_tree(patch.name, [os.fsdecode(path) for path in other]))
        return ours if ours.changes else None

    def _elsewhere(self, change: FileChange) -> bool:
        """Whether a change is to a file in a folder that is not there."""
        path = change.old_path
        return path is not None and path not in self._paths and path.rpartition(b"/")[0] not in self._folders


def _stated_release(session: Session, files: Sequence[SourceFile]) -> Commit | None:
    """Return the release that the version in a source tree leads to; ``None`` where it states none, or one that no
    branch has."""
    makefile = next((file.content for file in files if file.path == _MAKEFILE), b"")
    stated = version_in(makefile)
    if stated is None:
        return None
    version, final = stated
    releases = {known: Commit(tag, commit) for tag, (known, commit) in session.branches.releases.items()}
    same = [known for known in releases if belongs(known, version[:-1])]
    earlier = [known for known in same if known < version or (final and known == version)]
    return releases[max(earlier)] if earlier else None
