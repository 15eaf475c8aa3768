"""The smallest selection: follow the rules from the wanted changes until nothing is added.

Rules of the form "if these, then that one" have one smallest solution: two selections that obey them also obey them
in what they share.  So there is nothing to search and nothing to choose, the time is linear in the number of rules,
and the rule that brought a change in is the reason for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

from git_xsa.model.rules import NEVER, Chosen, Kind, Rule


class RuleSource(Protocol):
    """What gives the rules of each change: ``git_xsa.model.history.History``."""

    def prepare(self, positions: Collection[int]) -> None:
        """Prepare for requests for the rules of these changes."""

    def rules(self, position: int) -> Iterable[Rule]:
        """Return the rules of the change at ``position``."""


class Reason(NamedTuple):
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

    @cached_property
    def needs(self) -> Mapping[int, set[int]]:
        """For each change that needs others, those that it needs itself."""
        found: dict[int, set[int]] = {}
        for needed, reasons in self.reasons.items():
            for reason in reasons:
                found.setdefault(reason.needed_by, set()).add(needed)
        return found

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


def joined(selection: Selection, part: Selection) -> Selection:
    """Return ``selection`` with what ``part``, which is about some of its wanted changes, knows beyond it."""
    known = {*selection.wanted, *selection.prerequisites}
    reasons = {
        needed: list(dict.fromkeys([*selection.reasons.get(needed, ()), *part.reasons.get(needed, ())]))
        for needed in {**selection.reasons, **part.reasons}
    }
    return replace(
        selection,
        prerequisites=tuple(sorted({*selection.prerequisites, *part.prerequisites} - {*selection.wanted})),
        reasons=reasons,
        impossible=tuple(dict.fromkeys([*selection.impossible, *part.impossible])),
        named=selection.named | part.named - known,
    )


class Closure:
    """The changes that some are and that the rules ask for with them; it can grow.

    ``selected`` are their positions, with ``NEVER`` among them when a rule asks for what no change can give.
    """

    def __init__(self, source: RuleSource, base: int) -> None:
        self._source = source
        self._base = base
        self.selected: set[int] = set()
        #: What is needed as soon as a change, the key, is selected.
        self._waiting: dict[int, list[int]] = {}

    def copy(self) -> Closure:
        """Return one that grows by itself."""
        made = Closure(self._source, self._base)
        made.selected = self.selected.copy()
        made._waiting = {given: needs.copy() for given, needs in self._waiting.items()}
        return made

    def add(self, positions: Iterable[int]) -> None:
        """Select the changes at ``positions`` and all that the rules ask for then."""
        frontier = self._take(list(positions))
        while frontier:  # ends: each round selects changes that were not, of finitely many
            self._source.prepare(frontier)
            found = [need for position in frontier for need in self._needs(self._source.rules(position))]
            frontier = self._take(found)

    def obey(self, rule: Rule) -> None:
        """Follow a new ``rule`` of a selected change."""
        self.add(list(self._needs([rule])))

    def _needs(self, rules: Iterable[Rule]) -> Iterator[int]:
        """Yield what ``rules`` ask for now; note what they ask for later."""
        base, selected = self._base, self.selected
        for rule in rules:
            condition = rule.condition
            if condition.need <= base or not condition.since <= base < condition.until:
                continue
            if condition.given <= base or condition.given in selected:
                yield condition.need
            else:
                self._waiting.setdefault(condition.given, []).append(condition.need)

    def _take(self, found: list[int]) -> list[int]:
        """Select ``found`` and what was waiting for it; return the newly selected changes that have rules."""
        fresh = []
        while found:  # ends: what waits for a change is put in once, when that is selected
            position = found.pop()
            if position not in self.selected:
                self.selected.add(position)
                found += self._waiting.pop(position, ())
                if position != NEVER:
                    fresh.append(position)
        return sorted(fresh)

    def selection(self, wanted: Collection[int]) -> Selection:
        """Return it as what ``wanted``, changes after the base, need."""
        reasons = _reasons(self._source, self._base, self.selected)
        impossible = tuple(reasons.pop(NEVER, ()))
        prerequisites = sorted(self.selected.difference(wanted, (NEVER,)))
        return Selection(self._base, tuple(sorted(wanted)), tuple(prerequisites), reasons, impossible)


def select(source: RuleSource, base: int, wanted: Iterable[int]) -> Selection:
    """Return the smallest selection after ``base`` that holds ``wanted`` and obeys the rules.

    Wanted changes up to ``base`` are in the base and count for nothing.
    """
    asked = {position for position in wanted if position > base}
    closure = Closure(source, base)
    closure.add(asked)
    return closure.selection(asked)


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
