"""Ask about patch files that were given by name, as one series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.advisory.heading import read_heading
from git_xsa.advisory.patchfile import PatchFile, read_patches
from git_xsa.advisory.problems import Unplaced
from git_xsa.advisory.series import Group, find_baseline, is_there, place_groups, place_on_base
from git_xsa.ask import problems
from git_xsa.ask.compose import compose
from git_xsa.ask.pending import fits_base
from git_xsa.ask.question import Published, Question
from git_xsa.ask.recognise import Locator
from git_xsa.ask.trees import trees
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.marks import marked_advisories

if TYPE_CHECKING:
    from git_xsa.ask.session import Session


def ask_files(session: Session, base: Commit, tip: Commit, files: Sequence[Path]) -> Question:
    """Ask about the patch files ``files``, a series in this order, made for a commit from ``base`` to ``tip``.

    The series gets its place as a whole.  Where it has none, each patch that the branch has as a commit is asked about
    as that, and the rest is placed; what ``base`` has already, also one that left the branch, is answered, too.  Where
    the branch's commits don't go on such a base, the patches are tried on it as they are.  Patches for other trees are
    named, and no part of the question.
    """
    history = session.ranges.between(base, tip)
    start = history.position[base.id]
    series, others = trees(session, base, tip).sort_out(_read(files))
    session.notes += [patch.doubt for patch in series if patch.doubt]
    if not series:
        return replace(compose(session, base, tip, history, {}), not_judged=others)
    locator = Locator(session.repository, history, base)
    own = locator.in_base(series)
    rest = [patch for patch in series if patch.name not in own]
    positions = dict.fromkeys(own, 0)
    placed = history
    if rest:
        try:
            placed = find_baseline(session.repository, history, start, rest)
        except Unplaced:
            if is_there(session.repository, base.id, series):
                positions = {patch.name: 0 for patch in series}
            else:
                placed, found = _apart(session, locator, history, start, rest)
                positions |= found
    question = _asked(session, base, tip, series, placed, positions)
    if history.base is not None and rest and fits_base(session, question):
        positions = dict.fromkeys(own, 0)
        try:
            placed = place_on_base(session.repository, history.base, [Group(0, tuple(rest))]).range
            question = _asked(session, base, tip, series, placed, positions)
        except Unplaced:
            pass  # the answer of the branch stands
    return replace(_with_commits(question, series, locator, history), not_judged=others)


def _with_commits(question: Question, series: Sequence[PatchFile], locator: Locator, history: Range) -> Question:
    """Return ``question`` with the commits of the branch that the headers of placed patches name, and their advisories
    where a patch names none."""
    placed = {question.range.position[patch.name]: patch for patch in series if patch.name in question.range.position}
    found = {position: locator.named_commit(patch) for position, patch in placed.items()}
    on_branch = {position: commit for position, commit in found.items() if commit is not None}
    xsa_of = question.xsa_of | {
        position: history.marks(commit) for position, commit in on_branch.items() if not question.xsa_of.get(position)
    }
    commits = {position: history.commits[commit - 1] for position, commit in on_branch.items()}
    return replace(question, xsa_of=xsa_of, on_branch=commits)


def _asked(
    session: Session,
    base: Commit,
    tip: Commit,
    series: Sequence[PatchFile],
    placed: Range,
    positions: Mapping[str, int],
) -> Question:
    """Return the question about ``series`` at the end of ``placed``, but for those patches that have ``positions``."""
    xsa_of: dict[int, set[int]] = {}
    for patch in series:
        position = positions[patch.name] if patch.name in positions else placed.position[patch.name]
        marks = marked_advisories(f"{patch.subject}\n\n{patch.message}")
        marks = marks or (placed.marks(position) if position else ()) or read_heading(patch.message).advisories
        xsa_of.setdefault(position, set()).update(marks)
    question = compose(session, base, tip, placed, {p: tuple(sorted(numbers)) for p, numbers in xsa_of.items()})
    published = {
        placed.position[patch.name]: Published(patch.content, private=True)
        for patch in series
        if patch.name not in positions
    }
    return replace(question, published=published)


def _apart(
    session: Session, locator: Locator, history: Range, start: int, series: Sequence[PatchFile]
) -> tuple[Range, dict[str, int]]:
    """Return the places of patches that have none together: as commits of the branch, the rest after the last of these.

    Raises ``Unplaced`` with the reason for the whole series when none of them is a commit, or the rest has no place.
    A single patch is not looked for: what fits nowhere was changed, and then it is not what the branch has.
    """
    if len(series) == 1:
        return find_baseline(session.repository, history, start, series), {}
    places = {patch.name: place for patch, place in zip(series, locator.locate_all(series), strict=True)}
    found = {name: place.position for name, place in places.items() if place is not None}
    rest = [patch for patch in series if patch.name not in found]
    if not rest:
        return history, found
    if not found:
        return find_baseline(session.repository, history, start, series), found
    return place_groups(session.repository, history, max(start, *found.values()), [Group(0, tuple(rest))]).range, found


def _read(files: Sequence[Path]) -> list[PatchFile]:
    """Return the patches in ``files``, each with a name of its own; ``UsageError`` when two are the same."""
    series = [(path, patch) for path in files for patch in read_patches(path)]
    names = [patch.name for _, patch in series]
    known: dict[tuple[bytes, str], Path] = {}
    for path, patch in series:
        other = known.setdefault((patch.text, patch.message), path)
        if other is not path:
            raise problems.same_patch(path, other)
    return [
        patch
        if names.count(patch.name) == 1
        else replace(patch, name=_told_apart(path, files) + patch.name.removeprefix(patch.file))
        for path, patch in series
    ]


def _told_apart(path: Path, files: Sequence[Path]) -> str:
    """Return the shortest end of ``path`` that no other one of ``files`` has."""
    for length in range(1, len(path.parts) + 1):
        if sum(other.parts[-length:] == path.parts[-length:] for other in files) == 1:
            return "/".join(path.parts[-length:])
    return str(path)
