"""A line of a line history: its text, who brought it and who took it, and whether a base has it."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.rules import NEVER, ROOT, Chosen, Condition, Life, absent, present, there
from git_xsa.model.standing import Standing


class Line:
    """A line of the weave: its text, its running or last life, the lives before that, and the line after it.

    ``standing`` is there when the base is no position of the branch.
    """

    __slots__ = ("born", "died", "earlier", "next", "standing", "text")

    def __init__(self, text: bytes, born: int) -> None:
        self.text = text
        self.born = born
        self.died = NEVER
        self.earlier: tuple[Life, ...] = ()
        self.next: Line | None = None
        self.standing: Standing | None = None

    @property
    def lives(self) -> tuple[Life, ...]:
        """All lives, the oldest first."""
        return (*self.earlier, Life(self.born, self.died))

    @property
    def always(self) -> bool:
        """Whether every base before the line's removal has it: it is the root's, and never came back."""
        return self.born == ROOT and not self.earlier and self.standing is None

    @property
    def here(self) -> bool:
        """Whether a base beside the branch stands in the weave and has the line."""
        return self.standing is not None and self.standing.here

    def before(self, position: int) -> Sequence[Life]:
        """Return the lives that had begun before the change at ``position``."""
        if not self.earlier:
            return (Life(self.born, self.died),) if self.born < position else ()
        return [life for life in self.lives if life.born < position]

    def comes(self, position: int) -> bool:
        """Whether the change at ``position`` brings the line, or brings it back."""
        return self.born == position or any(life.born == position for life in self.earlier)

    def revive(self, position: int) -> None:
        """Start another life at ``position``; the last one must be over."""
        self.earlier = self.lives
        self.born, self.died = position, NEVER

    def there(self, chosen: Chosen) -> bool:
        """Return whether the line is there after the changes that are ``chosen``."""
        if self.standing is not None:
            return self.standing.there(self.lives, chosen)
        return there(self.lives, chosen)

    def origin(self, chosen: Chosen) -> int | None:
        """Return the change that brought the line after those that are ``chosen``, ``ROOT`` if the base has it, and
        ``None`` if it is not there."""
        known = self.standing
        origin = ROOT if known is not None and known.here else None
        for life in self.lives:
            in_base = known is None and life.born <= chosen.base
            if origin is None and (in_base or life.born in chosen.queue):
                origin = ROOT if in_base else life.born
            if life.died in chosen.queue or (known is None and life.died <= chosen.base):
                origin = None
        return origin

    def present(self, lives: Sequence[Life]) -> list[Condition]:
        """Return the conditions under which the line is there with these lives, the last one running."""
        return present(lives) if self.standing is None else self.standing.present(lives)

    def absent(self, lives: Sequence[Life]) -> list[Condition]:
        """Return the conditions under which the line is gone with these lives, all over."""
        return absent(lives) if self.standing is None else self.standing.absent(lives)
