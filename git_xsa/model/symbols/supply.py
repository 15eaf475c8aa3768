"""Add to a selection the changes that supply the names it lacks, and those that take away the uses of names which it
removes, with the changes those need themselves.

Several changes may supply a name, so the rules are not of the form that has one smallest solution.  The choice is
made name by name, and the same way every time: one that the queue holds already, or else the oldest supplier, since the
later ones moved or changed what was there; the next one only if the oldest can't be had.  What is chosen is a rule like
any other from then on, and says why it was chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from git_xsa.model.rules import ROOT, Choice, Condition, Kind, Rule, Symbol
from git_xsa.model.selection import RuleSource, Selection, select
from git_xsa.model.symbols.evidence import RemovalEvidence
from git_xsa.model.symbols.forms import Forms
from git_xsa.model.symbols.orphans import Orphan, find_orphans
from git_xsa.model.symbols.search import Missing, Search, Supply


class _WithNames:
    """Rules of the line history, and those that names made."""

    def __init__(self, source: RuleSource) -> None:
        self._source = source
        self._rules: dict[int, list[Rule]] = {}

    def prepare(self, positions: Collection[int]) -> None:
        self._source.prepare(positions)

    def rules(self, position: int) -> Iterable[Rule]:
        yield from self._source.rules(position)
        yield from self._rules.get(position, ())

    def grown(self, selection: Selection, position: int, rule: Rule) -> Selection:
        """Add ``rule`` to those of the change at ``position`` and return what is selected then, itself when the rule is
        known.

        The rule is not kept when what it asks for can't be had: the selection is impossible then.
        """
        rules = self._rules.setdefault(position, [])
        if rule in rules:
            return selection
        rules.append(rule)
        grown = select(self, selection.base, selection.wanted)
        if grown.impossible:
            rules.pop()
        return grown


def supply_names(
    source: RuleSource, evidence: RemovalEvidence, forms: Forms, selection: Selection, relaxed: bool = False
) -> Selection:
    """Return ``selection`` with what supplies the names that it lacks, and with what takes away the uses of names whose
    definition goes; itself when nothing is amiss.

    Of names that go only macros are looked for, unless the selection is ``relaxed``: context need not be there.  Where
    nothing that supplies a name can be applied to this base, the selection is impossible; a use that can't be taken
    away stays.
    """
    rules = _WithNames(source)
    grown = selection
    looked_at: set[int] = set()
    while not grown.impossible:  # ends: it goes on only after a change of the range was added to the queue
        fresh = set(grown.queue) - looked_at
        looked_at |= fresh
        for missing in Search(evidence, forms, fresh, grown.chosen).run() if fresh else ():
            grown = _choose(rules, grown, missing)
            if grown.impossible:
                return grown
        if looked_at >= set(grown.queue):  # only then, since what comes in may take a use away
            for orphan in find_orphans(evidence, forms, grown.chosen, macros=not relaxed):
                grown = _take(rules, grown, orphan)
        if looked_at >= set(grown.queue):
            break
    named = frozenset(grown.prerequisites) - set(selection.prerequisites)
    return replace(grown, named=named) if named else selection


def _choose(rules: _WithNames, selection: Selection, missing: Missing) -> Selection:
    """Return ``selection`` with the oldest of the suppliers that can be had; an impossible one when none can."""
    refused: list[Selection] = []
    taken = [supply for supply in missing.supplies if supply.position in selection.queue]
    for supply in taken[:1] or missing.supplies:
        rule = _rule(missing, supply, _choice(missing, supply, bool(taken)))
        grown = rules.grown(selection, missing.position, rule)
        if not grown.impossible:
            return grown
        refused.append(grown)
    return refused[0]


def _take(rules: _WithNames, selection: Selection, orphan: Orphan) -> Selection:
    """Return ``selection`` with the change that takes the use of a removed name away, if it can be had."""
    symbol = Symbol(orphan.name, orphan.user, orphan.use, removed=True)
    condition = Condition(ROOT, orphan.taker)
    rule = Rule(condition, Kind.SYMBOL, orphan.path, orphan.hunk, (orphan.line,), gone=True, symbol=symbol)
    grown = rules.grown(selection, orphan.position, rule)
    return selection if grown.impossible else grown


def _choice(missing: Missing, supply: Supply, taken: bool) -> Choice:
    """Return why ``supply`` is chosen; ``taken`` tells whether it is part of the queue already."""
    if len(missing.supplies) == 1:
        return Choice.ONLY
    if supply is missing.supplies[0]:
        return Choice.OLDEST
    return Choice.SELECTED if taken else Choice.APPLICABLE


def _rule(missing: Missing, supply: Supply, choice: Choice) -> Rule:
    others = tuple(other.position for other in missing.supplies if other is not supply)
    symbol = Symbol(missing.name, supply.path, supply.line, others, choice)
    condition = Condition(ROOT, supply.position)
    return Rule(condition, Kind.SYMBOL, missing.path, missing.hunk, (missing.line,), symbol=symbol)
