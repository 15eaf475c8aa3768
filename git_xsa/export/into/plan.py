"""What is to become of a package: its base, the queue, and the new contents of its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from git_xsa.ask.by_number import outstanding
from git_xsa.ask.on_top import on_top as refused_behind
from git_xsa.ask.placement import PackagePatch
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import Verdict
from git_xsa.export.exporter import Ready, Wish, prepare
from git_xsa.export.formats import FORMATS
from git_xsa.export.formats.debian import with_fields
from git_xsa.export.into import problems
from git_xsa.export.into.base import Carried, OnRelease, does_not_apply, on_top, release_of, stand
from git_xsa.export.into.package import cut, edited
from git_xsa.export.into.parts import Addition, Package
from git_xsa.export.into.write import PackageChange
from git_xsa.export.prepared import Item, Patch, Queue, Style, items
from git_xsa.git.repository import Commit
from git_xsa.proof.search.builder import Builder
from git_xsa.wording import Remark


@dataclass(frozen=True)
class Wanted:
    """What a package is to get: the ``wish`` without a style, the packager's choices, and who writes the changelog."""

    wish: Wish
    start: int | None
    style: Style
    drop_merged: bool
    who: str
    now: int


@dataclass(frozen=True)
class Planned:
    """What a package gets: the queue (the verdict alone when there is nothing to add), its files, what of the package
    is in the release already, and what there is to say."""

    package: Package
    standing: OnRelease
    ready: Ready | Verdict
    items: tuple[Item, ...]
    change: PackageChange
    dropped: tuple[str, ...]
    notes: tuple[Remark, ...]
    #: Whether it may be under embargo.
    private: bool = False


def plan(
    session: Session, package: Package, release: Commit | None, wanted: Wanted, builder: Builder | None
) -> Planned:
    """Return what becomes of ``package`` on ``release`` (``None``: the one that it builds).

    Raises ``XsaError`` when its patches don't apply there, and ``PackageRefused`` when it has no place for the queue.
    """
    release = release if release is not None else release_of(session, package)
    standing = stand(session, release, package)
    if standing.refused:
        raise does_not_apply(standing.refused, release)
    start = wanted.start if wanted.start is not None else max(package.numbers, default=0) + 1
    before, behind = _divided(package, standing, start)
    base = on_top(session, release, before, package) if behind else standing.base
    ready, private = _ready(session, wanted.wish, base, standing.base, builder)
    merged = frozenset(one.file.name for one in standing.merged) if wanted.drop_merged else frozenset()
    if isinstance(ready, Verdict):
        found: tuple[Item, ...] = ()
    else:
        found = _named(package, ready, replace(wanted.style, start=start), merged)
    planned = _planned(package, standing, ready, found, merged, wanted)
    if behind and isinstance(ready, Ready):
        _still_apply(session, ready, behind, package)
    return replace(planned, private=private)


def _divided(package: Package, standing: OnRelease, start: int) -> tuple[list[Carried], list[Carried]]:
    """Return what the package applies before the queue, and behind it."""
    behind = set(cut(package, start)[1])
    return [c for c in standing.applied if c.file not in behind], [c for c in standing.applied if c.file in behind]


def _ready(
    session: Session, wish: Wish, base: Commit, whole: Commit, builder: Builder | None
) -> tuple[Ready | Verdict, bool]:
    """Return the queue on ``base``, which lacks the patches behind the queue that ``whole`` has, and whether it may be
    under embargo."""
    request = wish.request
    if base is not whole and not (request.xsa or request.commits or request.files):
        tip = session.commit(request.tip) if request.tip else tip_for(session, whole)
        lacking = tuple(outstanding(session, whole, tip))
        if not lacking:
            return request.question(session, whole).answer(session.quarantine), False
        wish = replace(wish, request=request._replace(xsa=lacking))
    question = wish.request.question(session, base)
    return prepare(session, question, wish, builder), question.private


def _named(package: Package, ready: Ready, style: Style, dropped: frozenset[str]) -> tuple[Item, ...]:
    """Return the patches with names that no file of the package has."""
    folder = package.top / package.folder
    there = {entry.name for entry in os.scandir(folder)} - dropped if folder.is_dir() else set()
    taken = there | {file.name for file in package.listed.files if file.name not in dropped}
    found = []
    for item in items(ready.queue, style, FORMATS[package.format].digits):
        name, number = item.name, 1
        while name in taken:  # ends: there are finitely many names
            number += 1
            name = item.name.removesuffix(".patch") + f"-{number}.patch"
        taken.add(name)
        found.append(replace(item, name=name))
    return tuple(found)


def _still_apply(session: Session, ready: Ready, behind: Sequence[Carried], package: Package) -> None:
    """Raise ``PackageRefused`` unless the package's patches behind the queue apply on top of it."""
    patches = [PackagePatch(patch, package.listed.fuzz) for one in behind for patch in one.patches]
    stuck = refused_behind(session, ready.verdict.base.id, ready.end.states, patches)
    if stuck is not None:
        places = ", ".join(f"hunk {hunk} of {path}" if hunk else path for path, hunk in stuck.places[:4])
        raise problems.not_after_the_queue(stuck.name, places)


def _nothing(verdict: Verdict) -> Queue:
    return Queue(verdict.base.name, verdict.base.id, verdict.tip.name, "strict", ())


def _content(package: Package, patch: Patch) -> bytes:
    return with_fields(patch) if package.format == "debian" else patch.content


def _planned(
    package: Package,
    standing: OnRelease,
    ready: Ready | Verdict,
    found: tuple[Item, ...],
    merged: frozenset[str],
    wanted: Wanted,
) -> Planned:
    old: dict[str, bytes | None] = {
        path: text.encode("utf-8", "surrogateescape") for path, text in package.texts.items()
    }
    new: dict[str, bytes | None] = dict(old)
    notes: Sequence[Remark] = ()
    if found or merged:
        found = tuple(replace(item, patch=replace(item.patch, content=_content(package, item.patch))) for item in found)
        queue = ready.queue if isinstance(ready, Ready) else _nothing(ready)
        added = Addition(queue, found, wanted.who, wanted.now, wanted.style.package_version, merged)
        change = edited(package, added)
        notes = change.notes
        new |= {path: text.encode("utf-8", "surrogateescape") for path, text in change.texts.items()}
        for item in found:
            path = os.path.join(package.folder, item.name)
            old[path], new[path] = None, item.patch.content
        for one in (one for one in standing.merged if merged and one.local):
            path = os.path.relpath(one.file, package.top)
            old[path], new[path] = one.file.read_bytes(), None
    texts = {path for path in package.texts if not (package.top / path).exists()}
    old |= dict.fromkeys(texts)
    change_of = PackageChange(package.top, old, new, frozenset(package.texts))
    return Planned(package, standing, ready, found, change_of, tuple(sorted(merged)), (*standing.notes, *notes))
