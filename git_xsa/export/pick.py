"""What is picked onto a base when a conflict is shown: the patch itself, or what was adapted of it before.

Nothing is done again from the start.  Where an earlier issue of the patch was adapted, the work tree begins with the
adapted patch, and what is picked is the difference between the two issues.  Where this one was adapted for files that
are others here, what is picked is the adapted patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from git_xsa.advisory.adaptations import Adaptation, Adaptations
from git_xsa.advisory.patchfile import parse_patches
from git_xsa.advisory.problems import Unplaced
from git_xsa.ask.adapting import Conflicting, Walk
from git_xsa.ask.recognise import same_subject
from git_xsa.model.rules import Chosen


@dataclass(frozen=True)
class Pick:
    """The commit ``change`` to pick; ``merge``: it has several parents.

    ``start`` is the commit whose files the work tree has before that; another one than that of the conflict where it
    begins with ``begun``, the adapted patch of an earlier issue.  ``adapted`` is the adapted patch that ``change`` is,
    made for another base.
    """

    change: str
    merge: bool
    start: str
    begun: Adaptation | None = None
    adapted: Adaptation | None = None


def pick_for(walk: Walk, stop: Conflicting, kept: Adaptations) -> Pick:
    """Return what to pick for the conflict ``stop``, with the adapted patches ``kept``."""
    commit = stop.range.commits[stop.position - 1]
    change, parent = commit.id, commit.parent
    if stop.position > stop.range.size:
        change, parent = _as_commit(walk, stop)
    text = stop.range.text(stop.position)
    same = kept.made_of(text)
    for one in kept.of(stop.own):
        if one in same:
            adapted = walk.commits.as_made(stop.onto, one.file, one.files)
            if adapted is not None:
                return Pick(adapted, False, stop.onto, adapted=one)
            continue
        if not (one.id == stop.id or same_subject(one.subject, commit.subject)):
            continue
        [new], [old] = (parse_patches(Path("diff"), diff) for diff in (text, one.published))
        try:
            start, before = walk.commits.with_patch(stop.onto, one.file), walk.commits.with_patch(parent, old)
        except Unplaced:  # the files are others by now
            continue
        paths = new.paths | old.paths
        after = walk.commits.make(walk.commits.files_of(change, paths), before, commit.message)
        return Pick(after, False, start, one)
    return Pick(change, commit.merge and stop.position <= stop.range.size, stop.onto)


def _as_commit(walk: Walk, stop: Conflicting) -> tuple[str, str]:
    """Return a patch that is no commit as one, and the commit before it: the branch with the patches before it."""
    history = stop.range
    tip = history.commits[history.size - 1].id if history.size else history.root
    branch = history.branch_history
    branch.prepare([stop.position])
    before, after = (
        walk.commits.files(branch.states([stop.position], Chosen(position, frozenset())))
        for position in (stop.position - 1, stop.position)
    )
    parent = walk.commits.make(before, tip, "The branch before the patch")
    return walk.commits.make(after, parent, history.commits[stop.position - 1].message), parent
