"""The diffs of many commits, in the several forms in which git may have written one and the same change.

Two versions of git, or two users, write a diff in other ways: where a run of lines can slide (the indent heuristic came
with git 2.14), which lines are paired (the algorithm), and whether a rename is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from git_xsa.git.diffs import split_diff
from git_xsa.git.log import DIFF_OPTIONS
from git_xsa.git.repository import Repository
from git_xsa.model.change import FileChange

#: The ways in which git may have written a diff, the likeliest first: words that come after ``DIFF_OPTIONS``.
SPELLINGS: Sequence[tuple[str, ...]] = (
    (),
    ("--no-indent-heuristic",),
    ("--no-renames",),
    ("--diff-algorithm=patience",),
    ("--diff-algorithm=histogram",),
    ("--diff-algorithm=minimal",),
    ("--no-indent-heuristic", "--diff-algorithm=minimal"),
)


#: Where commits are looked for: wherever branches and tags lead.
EVERYWHERE = ("--branches", "--remotes", "--tags", "--no-merges", "--no-show-signature", "-z")


def changing_just(
    repository: Repository, wanted: Collection[frozenset[bytes]]
) -> dict[frozenset[bytes], list[tuple[str, str]]]:
    """Return for each set of files of ``wanted`` the commits that change just these, the newest first, with their first
    parents (empty: none)."""
    output = repository.git.call("log", *EVERYWHERE, "--no-renames", "--name-only", "--format=%x01%H %P").out
    found: dict[frozenset[bytes], list[tuple[str, str]]] = {}
    for entry in output.split(b"\1")[1:]:
        head, _, names = entry.partition(b"\0")
        paths = frozenset(names.strip(b"\n\0").split(b"\0"))
        if paths in wanted:
            name, _, parents = head.decode().strip().partition(" ")
            found.setdefault(paths, []).append((name, parents.partition(" ")[0]))
    return found


def changes_of(
    repository: Repository, commits: Iterable[tuple[str, str]], spelling: Sequence[str] = ()
) -> dict[str, tuple[FileChange, ...]]:
    """Return what each of ``commits``, given with their first parents (empty: none), does to files."""
    names = dict(commits)
    if not names:
        return {}
    given = "".join(f"{name} {parent}".rstrip() + "\n" for name, parent in names.items())
    words = ("diff-tree", "--stdin", *DIFF_OPTIONS, *spelling, "--format=%x00%H")
    output = repository.git.call(*words, given=given.encode()).out
    found: dict[str, tuple[FileChange, ...]] = dict.fromkeys(names, ())
    for entry in output.split(b"\n\0"):
        head, _, text = entry.lstrip(b"\0").partition(b"\n")
        name = head.decode("ascii", "replace")
        if name in found and text:
            found[name] = tuple(diff.change() for diff in split_diff(text.strip(b"\n") + b"\n"))
    return found
