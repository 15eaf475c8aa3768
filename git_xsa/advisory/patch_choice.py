"""Choose the patches of an advisory for a branch: what the recipe or the table says, then what is near.

The name of a file names the newest branch that it is for, not the only one, so names come last.  What is returned is
a list of series to be tried in order: the branch decides whether one of them fits.

Of files that came without a text, those for one branch, or for none, are one series whatever their names; files for
two branches are alternatives of each other where the rest of their names is the same (``xsa123.patch``,
``xsa123-4.17.patch``), and else parts of one fix (``xsa222-1.patch``, ``xsa222-2-4.8.patch``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from git_xsa.advisory import remarks
from git_xsa.advisory.file_names import PatchName, in_order, is_patch_name, read_name
from git_xsa.advisory.metadata import Recipes
from git_xsa.advisory.text import Advisory, Row
from git_xsa.advisory.version_rows import UNSTABLE, XEN, Scope, Version, shown
from git_xsa.model.words import count
from git_xsa.wording import NOTHING, Remark


class Basis(str, Enum):
    """Why a series was chosen."""

    RECIPE = "recipe"
    TABLE = "table"
    NEAR = "near"
    NAME = "name"


class Finding(str, Enum):
    """What an advisory has for a branch of a tree."""

    SERIES = "series"
    NOT_NAMED = "not-named"  #: patches, but none for this branch
    OTHER_TREES = "other-trees"  #: patches for other trees alone
    BRANCH = "branch"  #: patches that fit nowhere: the commits that the branch marks are used
    NO_PATCHES = "no-patches"  #: none at all; perhaps releases or commits
    MISSING = "missing"  #: the files that are named have not been taken in


@dataclass(frozen=True)
class Series:
    """Patch files in order, and why they were chosen; ``label`` is what the recipe, table or name calls them.

    ``stable_ref`` is the commit they were made for and ``prereqs`` are the advisories that come first, as the recipe
    says.  ``parts`` are the files that stand together by their names, where nothing else is known of them; the series
    may do without some of these, as alternatives of the others, unless it is ``whole``.
    """

    paths: tuple[str, ...]
    basis: Basis
    label: str
    stable_ref: str = ""
    prereqs: tuple[int, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class PatchChoice:
    """What there is for a branch, the series to try in order, and, in a sentence, what a person should know of it."""

    found: Finding
    series: tuple[Series, ...] = ()
    remark: Remark = NOTHING


def choose(
    advisory: Advisory | None,
    recipes: Recipes | None,
    paths: Sequence[str],
    version: Version | None,
    tree: str,
    own: Collection[str] = (),
) -> PatchChoice:
    """Return what an advisory with the files ``paths`` has for the branch ``version`` (``None``: any) of ``tree``.

    ``own`` are files that are for this tree whatever their names say.
    """
    patches = [path for path in paths if is_patch_name(path)]
    recipe = recipes.recipe(version, tree) if recipes is not None and version is not None else None
    first: list[Series] = []
    if recipe is not None:
        files = [path for pattern in recipe.patches for path in matching(pattern, patches)]
        if files:
            names = " ".join(recipe.patches)
            first = [Series(tuple(dict.fromkeys(files)), Basis.RECIPE, names, recipe.stable_ref, recipe.prereqs)]
    rows = advisory.rows if advisory is not None else ()
    if rows:
        choice = _by_table(rows, patches, version, tree, own)
    elif patches:
        choice = _by_name(patches, version, tree, own)
    else:
        choice = _nothing(advisory)
    if not first:
        return choice
    stated = [series for series in choice.series if series.paths != first[0].paths]
    return PatchChoice(Finding.SERIES, (*first, *stated), choice.remark if choice.found is Finding.SERIES else NOTHING)


def matching(pattern: str, paths: Sequence[str]) -> list[str]:
    """Return those of ``paths`` that ``pattern`` means: with their folders, or without when those were lost."""
    whole = [path for path in paths if fnmatchcase(path, pattern)]
    last = pattern.rpartition("/")[2]
    return in_order(whole or [path for path in paths if last and fnmatchcase(path.rpartition("/")[2], last)])


def tree_of(row: Row) -> str:
    """Return the tree that a row is for, by the name of its files, or else by its words."""
    named = read_name(row.pattern).tree
    return named or row.scope.tree or XEN


def _by_table(
    rows: Sequence[Row], patches: Sequence[str], version: Version | None, tree: str, own: Collection[str]
) -> PatchChoice:
    here = {row for row in rows for path in matching(row.pattern, patches) if path in own}
    ours = [row for row in rows if tree_of(row) == tree or (row in here and row.scope.tree in ("", XEN, tree))]
    if not ours:
        trees = tuple(dict.fromkeys(map(tree_of, rows)))
        return PatchChoice(Finding.OTHER_TREES, remark=remarks.for_other_trees(trees))
    named = [row for row in ours if version is not None and row.scope.covers(version)]
    unsaid = [row for row in ours if not row.scope.spans]
    if not named and not unsaid and version is not None and _is_newer(ours, version):
        newest = max(row.scope.newest or () for row in ours)
        remark = remarks.for_older_branches(shown(newest)) if newest != UNSTABLE else remarks.before_the_branch()
        return PatchChoice(Finding.NOT_NAMED, remark=remark)
    first = named or unsaid
    series = [_joined(first, patches, Basis.TABLE)] if first else []
    series += [_joined([row], patches, Basis.NEAR) for row in _by_distance(ours, version) if row not in first]
    return _there(series, first or ours, patches, _by_name(patches, version, tree, own) if patches else None)


def _there(
    series: Sequence[Series], first: Sequence[Row], patches: Sequence[str], by_name: PatchChoice | None
) -> PatchChoice:
    """Return the series whose files have been taken in; ``first`` are the rows that come first."""
    usable = tuple(item for item in series if item.paths)
    lost = [row.pattern for row in first if not matching(row.pattern, patches)]
    if usable and len(lost) < len(first):
        remark = remarks.not_in_the_store(lost) if lost else NOTHING
        return PatchChoice(Finding.SERIES, usable, remark)
    if by_name is not None and by_name.series and not usable:
        return PatchChoice(Finding.SERIES, by_name.series, remarks.table_names_no_file(lost))
    return PatchChoice(Finding.MISSING, remark=remarks.not_in_the_store(lost))


def _is_newer(rows: Sequence[Row], version: Version) -> bool:
    """Whether ``version`` is newer than every branch with a number that the rows name.

    It had not been made then, or is not affected: the branches that get fixes are all named.
    """
    numbers = [bound for row in rows for span in row.scope.spans for bound in span if bound != UNSTABLE]
    return not numbers or version > max(numbers)


def _by_distance(rows: Sequence[Row], version: Version | None) -> list[Row]:
    """Return the rows for other branches, the nearest first, newer ones before older ones."""
    if version is None:
        return list(rows)

    def distance(scope: Scope) -> tuple[bool, tuple[int, ...]]:
        oldest, newest = scope.oldest, scope.newest
        if oldest is not None and oldest > version:
            return (False, oldest)
        return (True, tuple(-number for number in newest or ()))

    return sorted(rows, key=lambda row: distance(row.scope))


def _joined(rows: Sequence[Row], patches: Sequence[str], basis: Basis) -> Series:
    paths = [path for row in rows for path in matching(row.pattern, patches)]
    return Series(tuple(dict.fromkeys(paths)), basis, " ".join(row.pattern for row in rows))


def _by_name(patches: Sequence[str], version: Version | None, tree: str, here: Collection[str]) -> PatchChoice:
    """Return the series that names make, those for newer branches first, the nearest of them first of all."""
    names = [read_name(path) for path in in_order(patches)]
    ours = [name for name in names if name.tree in ("", tree) or name.path in here]
    if not ours:
        trees = tuple(dict.fromkeys(name.tree for name in names))
        return PatchChoice(Finding.OTHER_TREES, remark=remarks.for_other_trees(trees))
    branches: dict[Version, list[PatchName]] = {}
    for name in ours:
        branches.setdefault(name.version or UNSTABLE, []).append(name)
    newest = max(branches)
    if version is not None and version > newest:  # a name has the newest branch that a file is for
        return PatchChoice(Finding.NOT_NAMED, remark=remarks.named_for_older_branches(shown(newest)))

    def distance(branch: Version) -> tuple[bool, tuple[int, ...]]:
        if version is None or branch >= version:
            return (False, branch)
        return (True, tuple(-number for number in branch))

    found: dict[tuple[str, ...], Series] = {}
    ordered = sorted(branches, key=distance)
    for branch in ordered:
        others = [other for other in ordered if other != branch and (version is None or other >= version)]
        own = branches[branch]
        shared = _with_shared(own, [branches[other] for other in others])
        for series in (_named(shared, whole=len(shared) > len(own)), _named(own, whole=False)):
            found.setdefault(series.paths, series)
    return PatchChoice(Finding.SERIES, tuple(found.values()))


def _named(names: Sequence[PatchName], whole: bool) -> Series:
    """Return the series of the files with these names, those with a common name together."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: name.sequence):
        groups.setdefault(name.group, []).append(name.path)
    label = next(iter(groups)) or names[0].path
    if len(groups) > 1:
        label += f" and {count(len(groups) - 1, 'other name')}"
    paths = tuple(in_order(name.path for name in names))
    return Series(paths, Basis.NAME, label, parts=tuple(map(tuple, groups.values())), whole=whole)


def _with_shared(own: Sequence[PatchName], others: Sequence[Sequence[PatchName]]) -> list[PatchName]:
    """Return ``own``, the files for one branch, with those parts of the fix that only ``others`` have, the nearest
    branch first.

    A file with no name but the advisory's is a whole fix and not a part.
    """
    found = list(own)
    slots = {name.slot for name in own}
    if _WHOLE in slots:
        return found
    for branch in others:
        parts = [name for name in branch if name.slot not in slots and name.slot != _WHOLE]
        found += parts
        slots |= {name.slot for name in parts}
    return found


_WHOLE = ("", None)


def _nothing(advisory: Advisory | None) -> PatchChoice:
    if advisory is None:
        return PatchChoice(Finding.NO_PATCHES, remark=remarks.only_its_name())
    if advisory.releases:
        return PatchChoice(Finding.NO_PATCHES, remark=remarks.releases_instead(advisory.releases))
    if any(is_patch_name(name) for name in advisory.sums):
        return PatchChoice(Finding.MISSING, remark=remarks.not_in_the_store(advisory.sums))
    return PatchChoice(Finding.NO_PATCHES, remark=remarks.no_patches())
