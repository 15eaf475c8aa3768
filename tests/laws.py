"""Laws that every history keeps, judged in memory by the slow referee: each fails by an assertion.

``test_properties`` asks them of what hypothesis draws, ``bench/long`` of a million histories from dice.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from histories import Story, Supply
from random_histories import Request
from referee import ByHand, Outcome, Refused, obeys, selections

from git_xsa.git.trial import Entry
from git_xsa.model.history import FileState, History
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import select


def entries(states: Mapping[bytes, FileState | None]) -> dict[bytes, Entry]:
    return {path: (state.mode, state.object_name(40)) for path, state in states.items() if state is not None}


def by_hand_of(story: Story, revive: bool = True) -> ByHand:
    return ByHand(story.touches(), Supply(story), revive)


def same_files(history: History, made: Outcome, base: int, selection: frozenset[int]) -> None:
    """Compare the files that the changes in ``selection`` touch with those of the line history."""
    states = history.states(selection, Chosen(base, selection))
    assert {path: entry for path, entry in made.entries.items() if path in states} == entries(states)


def every_file_of_every_commit(story: Story) -> None:
    """See that the line history has every file as it is at every commit."""
    history = story.history()
    everything = range(1, story.size + 1)
    history.prepare(everything)
    touched = {path for touch in story.touches() for path in touch.paths}
    for position in range(story.size + 1):
        tree = {name.encode(): (file.mode, file.id) for name, file in story.trees[position].items()}
        expected = {path: entry for path, entry in tree.items() if path in touched}
        assert entries(history.states(everything, Chosen(position, frozenset()))) == expected
        assert {path: history.entry(path, position) for path in touched} == {path: tree.get(path) for path in touched}


def one_smallest(request: Request) -> bool:
    """See that the selection is the one smallest set that obeys the rules, if any does; return whether one does."""
    history = request.story.history()
    found = select(history, request.base, request.wanted)
    obedient = [
        selection
        for selection in selections(request.base, request.story.size, request.wanted)
        if obeys(history, request.base, selection)
    ]
    if found.impossible:
        assert obedient == []
        return False
    assert obedient[0] == frozenset(found.queue)
    assert all(found.chosen.queue <= selection for selection in obedient)
    assert set(found.queue) == {*found.wanted, *found.prerequisites}
    assert set(found.prerequisites) <= found.reasons.keys()
    return True


def what_obeys_applies(request: Request, revive: bool) -> None:
    """See that what obeys the rules applies by hand, and makes the files of the line history."""
    history = request.story.history(revive=revive)
    by_hand = by_hand_of(request.story, revive)
    for selection in selections(request.base, request.story.size, request.wanted):
        if obeys(history, request.base, selection):
            same_files(history, by_hand.apply(request.base, sorted(selection)), request.base, selection)


def what_disobeys_is_refused(request: Request) -> bool:
    """See that what disobeys the rules does not find its own lines; return whether that can be asked of this history.

    With lines that come back, "any of the two" would have to be said, which these rules can't: so without them.
    """
    history = request.story.history(revive=False)
    by_hand = by_hand_of(request.story, revive=False)
    if by_hand.returns:
        return False
    for selection in selections(request.base, request.story.size, request.wanted):
        if not obeys(history, request.base, selection):
            with pytest.raises(Refused):
                by_hand.apply(request.base, sorted(selection), exact=True)
    return True
