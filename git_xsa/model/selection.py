"""The smallest selection: follow the rules from the wanted changes until nothing is added.

Rules of the form "if these, then that one" have one smallest solution: two selections that obey them also obey them
in what they share.  So there is nothing to search and nothing to choose, the time is linear in the number of rules,
and the rule that brought a change in is the reason for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from git_xsa.model.rules import NEVER, Chosen, Kind, Rule


class RuleSource(Protocol):
    """What gives the rules of each change: ``git_xsa.model.history.History``."""

    def prepare(self, positions: Collection[int]) -> None:
        """Be told which changes' rules are asked for next."""

    def rules(self, position: int) -> Iterable[Rule]:
        """Return the rules of the change at ``position``."""


@dataclass(frozen=True)
class Reason:
    """That the change at ``needed_by`` needs another one, by ``rule``."""

    needed_by: int
    rule: Rule


@dataclass(frozen=True)
class Selection:
    """What a base needs for the wanted changes.

    ``wanted`` and ``prerequisites`` are positions after the base, in order; ``reasons`` maps each of them that
    something needs to everything that needs it, in the order of the needing changes.  ``impossible`` are the reasons
    that no change can fulfil: empty exactly when the selection can be applied.  ``named`` are the prerequisites that
    would not be there without the names that the patches use, ``built`` those that only a build asked for.
    """

    base: int
    wanted: tuple[int, ...]
    prerequisites: tuple[int, ...]
    reasons: dict[int, list[Reason]]
    impossible: tuple[Reason, ...] = ()
    named: frozenset[int] = frozenset()
    built: frozenset[int] = frozenset()

    @property
    def queue(self) -> tuple[int, ...]:
        """All changes to apply to the base, in order."""
        return tuple(sorted({*self.wanted, *self.prerequisites}))

    def kind(self, position: int) -> Kind:
        """Return the strongest kind of reason for the prerequisite at ``position``.

        What only a symbol prerequisite needs is one, too: nothing in the patches' own text asks for it.  Just so for
        what a build asked for.
        """
        if position in self.built:
            return Kind.BUILD
        if position in self.named:
            return Kind.SYMBOL
        return min((reason.rule.kind for reason in self.reasons[position]), key=lambda kind: kind.rank)

    @property
    def chosen(self) -> Chosen:
        """The base and the queue."""
        return Chosen(self.base, frozenset(self.queue))


def select(source: RuleSource, base: int, wanted: Iterable[int]) -> Selection:
    """Return the smallest selection after ``base`` that holds ``wanted`` and obeys the rules.

    Wanted changes up to ``base`` are in the base and count for nothing.
    """
    asked = sorted({position for position in wanted if position > base})
    selected = set(asked)
    waiting: dict[int, list[int]] = {}
    frontier = list(asked)
    while frontier:
        source.prepare(frontier)
        found: list[int] = []
        for position in frontier:
            for rule in source.rules(position):
                condition = rule.condition
                if condition.need <= base or not condition.since <= base < condition.until:
                    continue
                if condition.given <= base or condition.given in selected:
                    found.append(condition.need)
                else:
                    waiting.setdefault(condition.given, []).append(condition.need)
        frontier = _take(found, selected, waiting)
    reasons = _reasons(source, base, selected)
    impossible = tuple(reasons.pop(NEVER, ()))
    prerequisites = sorted(selected.difference(asked, (NEVER,)))
    return Selection(base, tuple(asked), tuple(prerequisites), reasons, impossible)


def _take(found: list[int], selected: set[int], waiting: dict[int, list[int]]) -> list[int]:
    """Select ``found`` and what was waiting for it; return the newly selected changes that have rules."""
    fresh = []
    while found:
        position = found.pop()
        if position not in selected:
            selected.add(position)
            found += waiting.pop(position, ())
            if position != NEVER:
                fresh.append(position)
    return sorted(fresh)


def _reasons(source: RuleSource, base: int, selected: set[int]) -> dict[int, list[Reason]]:
    """Return for each selected change every rule of a selected one that needs it."""
    reasons: dict[int, list[Reason]] = {}
    for position in sorted(selected - {NEVER}):
        for rule in source.rules(position):
            condition = rule.condition
            if condition.need <= base or not condition.since <= base < condition.until:
                continue
            if condition.given <= base or condition.given in selected:
                reasons.setdefault(condition.need, []).append(Reason(position, rule))
    return reasons
