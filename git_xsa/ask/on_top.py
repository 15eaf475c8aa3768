"""Whether a package's patches behind the queue still apply on top of it.

The proof is the package's own way: GNU patch puts them on the files that the queue leaves, with the fuzz that the
format's tools allow.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from git_xsa.ask.passing_commits import PassingCommits
from git_xsa.ask.placement import PackagePatch
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import State, Verdict
from git_xsa.git.patched import Patched
from git_xsa.model.history import FileState


class Refusal(NamedTuple):
    """The name of the patch behind the queue that does not apply on top of it, and its places that do not fit: each a
    path and the number of a hunk (0: the whole file)."""

    name: str
    places: tuple[tuple[str, int], ...]


class Proved(NamedTuple):
    """What was seen of a placement: how many patches stand behind the queue, and which is refused (``None``: none)."""

    words: str
    behind: int
    refused: Refusal | None


def prove(session: Session, verdict: Verdict) -> Proved | None:
    """Return whether the patches behind the queue of ``verdict`` apply on top of it; ``None``: no place was chosen."""
    known = session.placements.get(verdict.base.id)
    if known is None:
        return None
    answer = verdict.rest if verdict.state is State.CONFLICTS else verdict
    states: Mapping[bytes, FileState | None] = {}
    if answer is not None and answer.state is not State.CONFLICTS:
        states = answer.range.history.states(answer.selection.queue, answer.selection.chosen)
    refused = on_top(session, verdict.base.id, states, known.behind)
    return Proved(known.words, len(known.behind), refused)


def on_top(
    session: Session, commit: str, states: Mapping[bytes, FileState | None], behind: Sequence[PackagePatch]
) -> Refusal | None:
    """Return which of the patches ``behind`` does not apply to the files of ``commit`` that the queue turned into
    ``states``; ``None`` if all do."""
    if not behind or not states:
        return None
    commits = PassingCommits(session)
    made = commits.make(commits.files(states), commit, "The queue")
    paths = {path for one in behind for path in one.patch.paths}
    with Patched(session.repository, made, paths) as tree:
        done = 0
        for fuzz, group in groupby(behind, key=lambda one: one.fuzz):
            patches = [one.patch for one in group]
            refused, _ = tree.put_on(patches, fuzz)
            if refused is not None:
                break
            done += len(patches)
        else:
            return None
    with Patched(session.repository, made, paths) as tree:  # the other holds some of the refused one, too
        number = done + refused
        for one in behind[:number]:
            tree.put_on([one.patch], one.fuzz)
        stuck = behind[number]
        places = tree.refusals(stuck.patch.text, stuck.fuzz)
    return Refusal(stuck.patch.file or stuck.patch.name, tuple((os.fsdecode(path), hunk) for path, hunk in places))
