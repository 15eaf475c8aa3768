"""Rules: what a change needs before it can be applied, each with its reason.

Every rule reads "if these are selected, then that one must be".  Rules of that form (Horn clauses) have one smallest
solution above any set of wanted changes, and following them from the wanted ones until nothing is added finds it
(``git_xsa.model.selection``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

#: Position of a thing that is there from the start: the root of the history.
ROOT = 0
#: Position of what the base has changed since the root on its own, apart from the branch: it is in every selection.
OWN = -1
#: Position after every change.  As ``died`` of a life: still there.  As ``need`` of a rule: nothing can supply it.
NEVER = 1 << 60


class Kind(str, Enum):
    """Why a prerequisite is needed, the strongest reason first (see git-xsa-ideas(7))."""

    CHANGE = "change"
    CONTEXT = "context"
    SYMBOL = "symbol"
    BUILD = "build"

    @property
    def rank(self) -> int:
        """0 for the strongest kind."""
        return list(Kind).index(self)


class Condition(NamedTuple):
    """If ``given`` is selected (``ROOT``: always), ``need`` must be; said of bases from ``since`` to before ``until``.

    A base is a position too: all changes up to it are in it, and count as selected.
    """

    given: int
    need: int
    since: int = ROOT
    until: int = NEVER


class Choice(str, Enum):
    """Why this change, of those that introduce a name."""

    ONLY = "only"
    OLDEST = "oldest"
    #: Something else needs it anyway, so it is part of the queue already.
    SELECTED = "selected"
    #: The older ones can't be applied to this base.
    APPLICABLE = "applicable"


class Symbol(NamedTuple):
    """A name that a change uses and another one introduces: with ``line`` of its file at ``path``.

    ``others`` are the changes that introduce it, too, and were not chosen; ``choice`` says why not.  ``removed``: the
    change takes the name away instead, and the other one is that which takes away ``line``, which still uses it.
    ``arguments``: the name is there, but not for a call with so many.
    """

    name: bytes
    path: bytes
    line: bytes
    others: tuple[int, ...] = ()
    choice: Choice = Choice.ONLY
    removed: bool = False
    arguments: int | None = None


class Rule(NamedTuple):
    """A condition on a change, with its reason.

    The reason: ``hunk`` of the file at ``path`` (counted from 1, 0: the file as a whole), and the ``lines`` that the
    change expects there, or, when ``gone``, that must no longer be there.  There are no lines when the reason is the
    file's existence, name or mode; ``note`` then says it.
    """

    condition: Condition
    kind: Kind
    path: bytes
    hunk: int
    lines: tuple[bytes, ...] = ()
    gone: bool = False
    note: str = ""
    symbol: Symbol | None = None


class Life(NamedTuple):
    """That a line, a name or a mode came with the change at ``born`` and went with the one at ``died``."""

    born: int
    died: int = NEVER


def present(lives: Sequence[Life]) -> list[Condition]:
    """Return the conditions under which a thing with these lives, the last one running, is there now.

    Where the base has the thing, every selected removal must be followed by the change that brought it back; where
    the base lacks it, the newest bringer is needed (and brings what it needs itself).
    """
    last = lives[-1].born
    if len(lives) == 1:
        return [Condition(ROOT, last)]
    conditions = []
    lacking_since = ROOT
    for number, life in enumerate(lives[:-1]):
        conditions.append(Condition(ROOT, last, lacking_since, life.born))
        removals = pairwise(lives[number:])
        conditions += [Condition(gone.died, back.born, life.born, life.died) for gone, back in removals]
        lacking_since = life.died
    return [*conditions, Condition(ROOT, last, lacking_since)]


def absent(lives: Iterable[Life]) -> list[Condition]:
    """Return the conditions under which a thing with these lives, all over, is gone."""
    return [Condition(life.born, life.died) for life in lives]


class Chosen(NamedTuple):
    """A base and the changes after it that are selected: what is applied."""

    base: int
    queue: frozenset[int]

    def holds(self, position: int) -> bool:
        """Return whether the change at ``position`` is in the base or in the queue."""
        return position <= self.base or position in self.queue


def there(lives: Iterable[Life], chosen: Chosen) -> bool:
    """Return whether a thing with these lives is there after the changes that are ``chosen``."""
    state = False
    for life in lives:
        state = (state or chosen.holds(life.born)) and not chosen.holds(life.died)
    return state


class RuleBook:
    """Collects the rules of one change: one for each condition, kind of reason and hunk, with all lines behind it.

    ``position`` is the change's own: what it does to a file itself (two diffs of one file) needs nothing.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        self._lines: dict[tuple[Condition, Kind, bytes, int, bool, str], list[bytes]] = {}

    def lines(
        self, conditions: Iterable[Condition], kind: Kind, path: bytes, hunk: int, line: bytes, gone: bool = False
    ) -> None:
        """Note that ``line`` must be there (or ``gone``) under ``conditions``."""
        for condition in conditions:
            if self._counts(condition):
                self._lines.setdefault((condition, kind, path, hunk, gone, ""), []).append(line)

    def note(self, conditions: Iterable[Condition], kind: Kind, path: bytes, note: str) -> None:
        """Note that the file at ``path`` as a whole must be as ``note`` says under ``conditions``."""
        for condition in conditions:
            if self._counts(condition):
                self._lines.setdefault((condition, kind, path, 0, False, note), [])

    def _counts(self, condition: Condition) -> bool:
        """Whether the condition asks for anything that the root or the change itself does not fulfil already."""
        return condition.need not in (ROOT, self.position) and condition.given != self.position

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules in the order in which they were found."""
        return tuple(
            Rule(condition, kind, path, hunk, tuple(lines), gone, note)
            for (condition, kind, path, hunk, gone, note), lines in self._lines.items()
        )
