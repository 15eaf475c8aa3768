"""Whether a package is still right: which fixes it carries, which of them are not as published any more, which it
lacks, and which of its patches its release has by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from git_xsa.ask.by_number import ask, outstanding
from git_xsa.ask.follow_ups import Later, later_fixes
from git_xsa.ask.own_store import own_store
from git_xsa.ask.recognise import lines_id
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.export.into import remarks
from git_xsa.export.into.base import Carried, OnRelease, release_of, stand
from git_xsa.export.into.parts import Package
from git_xsa.git.diffs import as_change
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.words import DIGITS
from git_xsa.wording import NOTHING, Remark


@dataclass(frozen=True)
class FixInPackage:
    """An advisory that a package's patches fix: the names of the files that say so.

    ``adapted``: the lines that one of them changes are others than those of the branch and of the advisory.  ``why``
    says what is wrong with them, if anything is.
    """

    number: int
    files: tuple[str, ...]
    adapted: bool = False
    why: Remark = NOTHING


@dataclass(frozen=True)
class FixOfCarried:
    """A commit of the branch that says it fixes commits that a package carries: its name and theirs."""

    later: Later
    commit: str
    subject: str
    fixes: tuple[str, ...]


@dataclass(frozen=True)
class PackageState:
    """What was found of a package; ``later`` are the later fixes of what it carries that it lacks."""

    package: Package
    release: Commit
    tip: Commit
    on: OnRelease
    carried: tuple[FixInPackage, ...]
    outdated: tuple[FixInPackage, ...]
    missing: tuple[int, ...]
    later: tuple[FixOfCarried, ...]

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to do."""
        needed = any(one.later.needed for one in self.later)
        return not (self.outdated or self.missing or self.on.merged or self.on.refused or needed)


def state_of(session: Session, package: Package, release: Commit | None, tip_name: str = "") -> PackageState:
    """Return what is carried, outdated, missing and merged in ``package`` on ``release`` (``None``: the one that it
    builds), by the branch and the store as they are now."""
    release = release if release is not None else release_of(session, package)
    on = stand(session, release, package)
    tip = session.commit(tip_name) if tip_name else tip_for(session, release)
    bare = _lacking(session, release, tip)
    lacking = bare if on.base is release else _lacking(session, on.base, tip)
    history = session.ranges.between(on.base, tip)
    named: dict[int, list[Carried]] = {}
    for one in on.applied:
        for number in one.advisories:
            named.setdefault(number, []).append(one)
    numbers = sorted((bare - lacking) | named.keys())
    found = [_fix(session, history, number, named.get(number, ())) for number in numbers]
    partly = {number: _lacks(history, number, tip) for number in lacking & named.keys()}
    outdated = tuple(
        FixInPackage(one.number, one.files, False, one.why or partly.get(one.number, NOTHING))
        for one in found
        if one.number in partly or one.why
    )
    carried = tuple(one for one in found if one.number not in partly and not one.why)
    later = _later(session, history, on.base, carried)
    missing = tuple(sorted(lacking - named.keys()))
    return PackageState(package, release, tip, on, carried, outdated, missing, tuple(later))


def _lacking(session: Session, base: Commit, tip: Commit) -> set[int]:
    """Return the advisories of which ``base`` lacks something, and those of which nothing is known."""
    numbers = outstanding(session, base, tip)
    lacking: set[int] = set()
    for question in ask(session, base, tip, numbers, named=False) if numbers else ():
        lacking |= {*question.asked}  # what is in the store and on the base is not among them
        start = question.range.position[base.id]
        told = {number for found in question.xsa_of.values() for number in found}
        later = {number for position, found in question.xsa_of.items() if position > start for number in found}
        lacking -= told - later
    return lacking


def _fix(session: Session, history: Range, number: int, carried: Sequence[Carried]) -> FixInPackage:
    """Return what there is to say of the fix of an advisory that the files ``carried`` hold."""
    names = tuple(one.file.name for one in carried)
    published, old = _published(session, number), _on_branch(history, number)
    newest = published.pop(max(published), frozenset()) if published else frozenset()
    patches = [patch for one in carried for patch in one.patches]
    ids = {patch.name: lines_id(patch.changes) for patch in patches}
    for name, found in ids.items():
        version = next((v for v, known in sorted(published.items(), reverse=True) if found in known), None)
        if version is not None and found not in newest and found not in old:
            return FixInPackage(number, names, False, remarks.reissued_since(name, version))
    adapted = bool(newest | old) and any(found not in newest and found not in old for found in ids.values())
    return FixInPackage(number, names, adapted)


def _published(session: Session, number: int) -> dict[int, frozenset[bytes]]:
    """Return for each version of the advisory in the store what its patches do to lines."""
    kept = session.once(own_store)
    if kept is None:
        return {}
    found: dict[int, frozenset[bytes]] = {}
    for edition in kept.library.editions(number):
        patches = edition.patches_at(edition.patches)
        found[edition.version] = found.get(edition.version, frozenset()) | {lines_id(one.changes) for one in patches}
    return found


def _on_branch(history: Range, number: int) -> frozenset[bytes]:
    """Return what the branch's commits that fix an advisory do to lines."""
    diffs = history.diffs(_positions(history, [number]))
    return frozenset(lines_id(tuple(map(as_change, found))) for found in diffs.values())


def _positions(history: Range, numbers: Iterable[int]) -> list[int]:
    advisories: Mapping[int, Sequence[int]] = history.advisories
    return sorted({position for number in numbers for position in advisories.get(number, ()) if position > 0})


def _lacks(history: Range, number: int, tip: Commit) -> Remark:
    """Return what the package lacks of an advisory's fix though one of its patches says that it fixes it."""
    positions = _positions(history, [number])
    taken = history.taken(positions)
    gone = [position for position in positions if position not in taken]
    shown = [history.commits[position - 1].id[:DIGITS] for position in gone]
    return remarks.branch_has_more(tip.name, shown) if gone else remarks.store_has_others()


def _later(session: Session, history: Range, base: Commit, carried: Sequence[FixInPackage]) -> list[FixOfCarried]:
    if session.follow_ups == "ignore":
        return []
    positions = _positions(history, [one.number for one in carried])
    found = later_fixes(history, history.position[base.id], positions)
    at = [history.commits[one.position - 1] for one in found]
    fixes = [tuple(history.commits[position - 1].id for position in one.of) for one in found]
    return [FixOfCarried(one, c.id, c.subject, fixed) for one, c, fixed in zip(found, at, fixes, strict=True)]
