"""What ``git apply`` makes of files, in memory: a referee that knows texts and nothing of a line history.

It does as git's apply.c does: a hunk is looked for at its line number, then ever farther from there, forwards first;
at the start of the file if it says line 1, at the end if it ends with a change; never on lines that an earlier hunk
of the same patch has left, its context included.  ``tests/test_random_bases.py`` compares it with git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from git_xsa.model.change import FileChange, Hunk

#: The lines of files, by name.
Tree = Mapping[bytes, tuple[bytes, ...]]


def apply(tree: Tree, changes: Sequence[FileChange]) -> Tree | None:
    """Return the files after a patch that makes ``changes``, ``None`` when git refuses it."""
    gone = {change.old_path for change in changes if change.old_path != change.new_path}
    made = {path: lines for path, lines in tree.items() if path not in gone}
    for change in changes:
        before: Sequence[bytes] | None = () if change.old_path is None else tree.get(change.old_path)
        after = _patched(before, change.hunks) if before is not None else None
        if after is None or (change.new_path is None and after):
            return None
        if change.new_path is not None:
            if change.new_path != change.old_path and change.new_path in made:
                return None
            made[change.new_path] = tuple(after)
    return made


def _patched(lines: Sequence[bytes], hunks: Sequence[Hunk]) -> list[bytes] | None:
    now, left = list(lines), [False] * len(lines)
    for hunk in hunks:
        old, new = hunk.old_lines, hunk.new_lines
        at = next(
            (at for at in _places(hunk, len(now)) if now[at : at + len(old)] == old and _free(left, at, old)), None
        )
        if at is None:
            return None
        now[at : at + len(old)] = new
        left[at : at + len(old)] = [True] * len(new)
    return now


def _free(left: Sequence[bool], at: int, old: Sequence[bytes]) -> bool:
    return not any(left[at : at + len(old)])


def _places(hunk: Hunk, size: int) -> Iterator[int]:
    """Yield where git looks for ``hunk`` in a file of ``size`` lines, in that order."""
    last = size - len(hunk.old_lines)
    start = max(hunk.new_start - 1, 0)
    if hunk.old_start <= 1:
        start = 0
    elif not hunk.trailing:
        start = last
    for away in range(size + 1):
        for at in (start + away, start - away) if away else (start,):
            fits = (hunk.old_start > 1 or at == 0) and (hunk.trailing > 0 or at == last)
            if 0 <= at <= last and fits:
                yield at


def accepted(
    tree: Tree, changes: Mapping[int, Sequence[FileChange]], wanted: int, most: Callable[[], int]
) -> Iterator[tuple[frozenset[int], Tree]]:
    """Yield the sets of ``changes`` with the ``wanted`` one and no later one that git applies to ``tree`` in their
    order, with the files that come out; none with more changes than ``most`` returns at that time."""
    positions = [position for position in sorted(changes) if position <= wanted]
    pending: list[tuple[int, frozenset[int], Tree]] = [(0, frozenset(), tree)]
    while pending:  # ends: each step is about the next position
        number, chosen, now = pending.pop()
        if number == len(positions):
            yield chosen, now
            continue
        position = positions[number]
        if position != wanted:
            pending.append((number + 1, chosen, now))
        if len(chosen) < most():
            made = apply(now, changes[position])
            if made is not None:
                pending.append((number + 1, chosen | {position}, made))
