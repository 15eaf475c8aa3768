"""What a package's queue goes on: the release that it builds, with the patches that it applies.

A patch whose changes are in the release by now can't be applied any more.  It is recognised by what the release holds:
reverted, it fits there; or commits in the release's history say that they fix its advisory, or came from the same
commit of the main branch, and it does not apply.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from git_xsa.advisory.file_names import read_name
from git_xsa.advisory.package import read_file
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.series import is_there
from git_xsa.ask.marked import fixed
from git_xsa.ask.outside_base import KnownFiles, patched
from git_xsa.ask.remarks import needs_fuzz
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.errors import XsaError
from git_xsa.export.into import problems, remarks
from git_xsa.export.into.fetched import fetched
from git_xsa.export.into.gentoo import other_patches
from git_xsa.export.into.parts import Package
from git_xsa.git.marked import MESSAGES
from git_xsa.git.patched import Patched
from git_xsa.git.repository import Commit
from git_xsa.git.source_tree import SourceFile
from git_xsa.model.marks import marked_advisories, named_commits
from git_xsa.model.nixfile import patch_list
from git_xsa.model.words import DIGITS
from git_xsa.wording import Remark


@dataclass(frozen=True)
class Carried:
    """A file of a package with its patches, as far as they are for this tree, and the advisories that they name.

    One that the package fetches is not there (``local``), and its path is the address.
    """

    file: Path
    patches: tuple[PatchFile, ...]
    local: bool = True

    @cached_property
    def advisories(self) -> set[int]:
        """The advisories that its name or its text says it fixes."""
        number = read_name(self.file.name).number
        marked = {n for one in self.patches for n in marked_advisories(f"{one.subject}\n\n{one.message}")}
        return marked or ({number} if number is not None else set())

    def is_from(self, commits: Collection[str]) -> bool:
        """Whether each of its patches says that it is, or came from, one of ``commits``, shortened names."""
        named = [{name[:DIGITS] for name in named_commits(one.message)} for one in self.patches]
        return all(not names.isdisjoint(commits) for names in named)


@dataclass(frozen=True)
class OnRelease:
    """A package on its release: the base with all that it applies, which of its files are in the release already, the
    others in order, and which of its files do not apply."""

    base: Commit
    merged: tuple[Carried, ...]
    applied: tuple[Carried, ...]
    notes: tuple[Remark, ...]
    refused: tuple[Carried, ...] = ()


def release_of(session: Session, package: Package) -> Commit:
    """Return the commit that ``package`` builds, by what it says; ``XsaError`` when it does not, or it is not here."""
    version = package.version
    if not version:
        raise problems.unnamed_release(package.place)
    tag = session.settings.release_tag.replace("*", version)
    if tag in session.branches.releases:
        return session.branches.base(tag)
    commit = session.repository.resolve(version) if "." not in version else None
    if commit is None:
        raise problems.no_such_release(package.place, version, tag, session.repository.folder)
    return commit


def stand(session: Session, release: Commit, package: Package) -> OnRelease:
    """Return where ``package`` stands on ``release``: with the fuzz that its own tools allow."""
    known = KnownFiles(session, release)
    carried = [one for one in _listed(session, release, package, known) if one.patches]
    fuzz, doubtful = package.listed.fuzz, _in_doubt(session, release, carried)
    refused: list[Carried] = []
    with Patched(session.repository, release.id, _paths(carried)) as tree:
        merged = _put_in_order(tree, carried, fuzz, doubtful, known.notes)
        files = tree.files()
    if merged is None:  # one by one: where a patch is refused, GNU patch leaves what it has done of it
        with Patched(session.repository, release.id, _paths(carried)) as tree:
            merged, refused = _put_one_by_one(tree, carried, fuzz, doubtful)
            files = tree.files()
    applied = tuple(one for one in carried if one not in merged and one not in refused)
    base = _committed(session, release, files, applied, package) if applied else release
    return OnRelease(base, tuple(merged), applied, tuple(known.notes), tuple(refused))


def _put_in_order(
    tree: Patched, carried: Sequence[Carried], fuzz: int, doubtful: Mapping[Path, bool], notes: list[Remark]
) -> list[Carried] | None:
    """Put on what is not there yet; return what is, ``None`` when a patch is refused."""
    merged: list[Carried] = []
    waiting: list[Carried] = []
    for one in carried:
        if one.file in doubtful:
            if _put_on(tree, waiting, fuzz, notes) is not None:
                return None
            waiting = []
            if _has(tree, one, fuzz, doubtful[one.file]):
                merged.append(one)
                continue
        waiting.append(one)
    return merged if _put_on(tree, waiting, fuzz, notes) is None else None


def _put_one_by_one(
    tree: Patched, carried: Sequence[Carried], fuzz: int, doubtful: Mapping[Path, bool]
) -> tuple[list[Carried], list[Carried]]:
    """Put on what is not there yet and is not refused; return what is there, and what is refused."""
    merged: list[Carried] = []
    refused: list[Carried] = []
    for one in carried:
        if one.file in doubtful and _has(tree, one, fuzz, doubtful[one.file]):
            merged.append(one)
        elif not tree.takes(one.patches[0].text, fuzz) or _put_on(tree, [one], fuzz, []) is not None:
            refused.append(one)
    return merged, refused


def on_top(session: Session, base: Commit, carried: Sequence[Carried], package: Package) -> Commit:
    """Return ``base`` with the patches ``carried`` of ``package`` on top; ``XsaError`` when one does not apply."""
    if not carried:
        return base
    with Patched(session.repository, base.id, _paths(carried)) as tree:
        refused = _put_on(tree, carried, package.listed.fuzz, [])
        if refused is not None:
            raise does_not_apply([refused], base)
        files = tree.files()
    return _committed(session, base, files, carried, package)


def _committed(
    session: Session,
    base: Commit,
    files: Mapping[bytes, SourceFile | None],
    carried: Sequence[Carried],
    package: Package,
) -> Commit:
    patches = [patch for one in carried for patch in one.patches]
    return patched(session, base, files, patches, [str(package.place)])


def _listed(session: Session, release: Commit, package: Package, known: KnownFiles) -> Iterator[Carried]:
    """Yield what ``package`` applies, in order; what can't be read is noted."""
    unread = other_patches(package.text) if package.format == "gentoo" else ""
    if unread:
        known.notes.append(remarks.applied_by_ebuild(unread))
    if package.format != "nix":
        yield from (_read(file, read_file(file), known) for file in package.listed.files)
        return
    files = {str(file.relative_to(package.top)): file for file in package.listed.files}
    elements = found.elements if (found := patch_list(package.text)) is not None else ()
    addresses = [element.address for element in elements]
    for element in elements:
        if element.file in files:
            yield _read(files[element.file], read_file(files[element.file]), known)
        elif element.address:
            patches = fetched(session, release, element.address, addresses)
            yield replace(_read(Path(element.address), patches, known), local=False)
        else:
            known.notes.append(remarks.applied_but_unread(str(package.place), element.text[:60]))


def _read(file: Path, patches: Iterable[PatchFile], known: KnownFiles) -> Carried:
    return Carried(file, tuple(part for patch in patches if (part := known.part_of(patch)) is not None))


def _paths(carried: Iterable[Carried]) -> set[bytes]:
    return {path for one in carried for patch in one.patches for path in patch.paths}


def _put_on(tree: Patched, carried: Sequence[Carried], fuzz: int, notes: list[Remark]) -> Carried | None:
    """Put on the patches ``carried``, and note which need fuzz; return the one that is refused."""
    pairs = [(one, patch) for one in carried for patch in one.patches]
    refused, fuzzy = tree.put_on([patch for _, patch in pairs], fuzz)
    notes += [needs_fuzz(pairs[number][1].name, fuzz) for number in fuzzy]
    return pairs[refused][0] if refused is not None else None


def does_not_apply(refused: Sequence[Carried], base: Commit) -> XsaError:
    """Return the error that the patches ``refused`` do not apply to ``base``."""
    doubt = next((patch.doubt for one in refused for patch in one.patches if patch.doubt), "")
    return problems.patches_refused([one.file for one in refused], base.name, doubt)


def _in_doubt(session: Session, release: Commit, carried: Sequence[Carried]) -> dict[Path, bool]:
    """Return the files whose changes may be in ``release``; true where the commits of its history say so."""
    named = {number for one in carried for number in one.advisories}
    known = fixed(session, release, named) if named else set()
    origins = _origins(session, release)
    found = {one.file: True for one in carried if (one.advisories and one.advisories <= known) or one.is_from(origins)}
    for one in carried:
        if one.file not in found and is_there(session.repository, release.id, one.patches):
            found[one.file] = False
    return found


def _origins(session: Session, release: Commit) -> set[str]:
    """Return the commits that the branch of ``release``, up to that, says its commits came from."""
    tip = tip_for(session, release)
    branch = next((one for one in session.branches.stable if one.tip == tip.id), None)
    first = (f"^{branch.releases[-1].id}",) if branch is not None and branch.releases else ("--max-count=1",)
    log = session.repository.git.call(*MESSAGES, "--first-parent", "--format=%B", release.id, *first, "--")
    return {name[:DIGITS] for name in named_commits(log.out.decode("utf-8", "replace"))}


def _has(tree: Patched, one: Carried, fuzz: int, said: bool) -> bool:
    """Whether the files in ``tree`` have what ``one`` does; ``said``: the release's history says that they have."""
    if len(one.patches) == 1 and tree.takes(one.patches[0].text, 0, back=True):
        return True
    joined = b"".join(patch.text for patch in one.patches)
    return said and not tree.takes(joined, fuzz)
