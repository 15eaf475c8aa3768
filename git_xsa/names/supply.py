"""Add to a selection the changes that supply the names it lacks, and those that take away the uses of names which it
removes, with the changes those need themselves.

Several changes may supply a name, so the rules are not of the form that has one smallest solution.  The choice is
made name by name, and the same way every time: one that the queue holds already, or else the oldest supplier, since the
later ones moved or changed what was there; the next one only if the oldest can't be had.  What is chosen is a rule like
any other from then on, and says why it was chosen.  A later change that writes over the line which uses a name would
make what defines it unnecessary, now and then with a smaller queue; it is not looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property

from git_xsa.model.rules import NEVER, ROOT, Choice, Condition, Kind, Rule, Symbol
from git_xsa.model.selection import Closure, RuleSource, Selection
from git_xsa.names.evidence import Evidence, RemovalEvidence
from git_xsa.names.forms import Forms
from git_xsa.names.misfits import find_misfits
from git_xsa.names.orphans import Orphan, find_orphans
from git_xsa.names.search import Missing, Search, Supply


class _WithNames:
    """Rules of the line history, and those that names made; what is selected by all of them."""

    def __init__(self, source: RuleSource, selection: Selection) -> None:
        self._source = source
        self._wanted = selection.wanted
        self._base = selection.base
        self._rules: dict[int, list[Rule]] = {}

    def prepare(self, positions: Collection[int]) -> None:
        self._source.prepare(positions)

    def rules(self, position: int) -> Iterable[Rule]:
        yield from self._source.rules(position)
        yield from self._rules.get(position, ())

    @cached_property
    def closure(self) -> Closure:
        """What is selected, without the reasons: following the rules again for each name would take too long."""
        made = Closure(self, self._base)
        made.add(self._wanted)
        return made

    def selection(self) -> Selection:
        """Return what is selected."""
        return self.closure.selection(self._wanted)

    def grow(self, position: int, rule: Rule) -> Selection | None:
        """Add ``rule`` to those of the change at ``position`` and return ``None``; but where what it asks for can't be
        had, keep all as it is and return the selection with it, an impossible one."""
        rules, selected = self._rules.setdefault(position, []), self.closure.selected  # what is selected without it
        if rule in rules:
            return None
        rules.append(rule)
        if rule.condition.need in selected:
            return None
        grown = self.closure.copy()
        grown.obey(rule)
        if NEVER in grown.selected:
            impossible = grown.selection(self._wanted)
            rules.pop()
            return impossible
        self.closure = grown
        return None


def supply_names(
    source: RuleSource, evidence: RemovalEvidence, forms: Forms, selection: Selection, relaxed: bool = False
) -> Selection:
    """Return ``selection`` with what supplies the names that it lacks, and with what takes away the uses of names whose
    definition goes; itself when nothing is amiss.

    Of names that go only macros are looked for, unless the selection is ``relaxed``: context need not be there.  Where
    nothing that supplies a name can be applied to this base, the selection is impossible; a use that can't be taken
    away stays.
    """
    rules = _WithNames(source, selection)
    grown = selection
    looked_at: set[int] = set()
    while not grown.impossible:  # ends: it goes on only after a change of the range was added to the queue
        fresh = set(grown.queue) - looked_at
        looked_at |= fresh
        lacking = _lacking(evidence, forms, fresh, grown) if fresh else []
        for missing in lacking:
            if any(evidence.has(supply.position) for supply in missing.supplies):
                continue  # a base beside the branch has it, though it is not seen from here
            refused = _choose(rules, missing)
            if refused is not None:
                return refused
        grown = rules.selection() if lacking else grown
        if looked_at >= set(grown.queue):  # only then, since what comes in may take a use away
            orphans = find_orphans(evidence, forms, grown.chosen, macros=not relaxed)
            for orphan in orphans:
                rules.grow(orphan.position, _end_of_use(orphan))
            grown = rules.selection() if orphans else grown
        if looked_at >= set(grown.queue):
            break
    named = frozenset(grown.prerequisites) - set(selection.prerequisites)
    return replace(grown, named=named) if named else selection


def _lacking(evidence: Evidence, forms: Forms, fresh: Collection[int], grown: Selection) -> list[Missing]:
    """Return what the changes ``fresh`` use and the tree lacks after what is ``grown``."""
    return [
        *Search(evidence, forms, fresh, grown.chosen).run(),
        *find_misfits(evidence, forms, fresh, grown.chosen),
    ]


def _choose(rules: _WithNames, missing: Missing) -> Selection | None:
    """Take the oldest supplier that can be had; where none can, return the impossible selection with the oldest."""
    taken = [supply for supply in missing.supplies if supply.position in rules.closure.selected]
    first: Selection | None = None
    for supply in taken[:1] or missing.supplies:
        refused = rules.grow(missing.position, _rule(missing, supply, _choice(missing, supply, bool(taken))))
        if refused is None:
            return None
        first = first or refused
    return first


def _end_of_use(orphan: Orphan) -> Rule:
    """Return the rule that the change comes in which takes the use of a removed name away."""
    symbol = Symbol(orphan.name, orphan.user, orphan.use, removed=True, arguments=orphan.arguments)
    condition = Condition(ROOT, orphan.taker)
    return Rule(condition, Kind.SYMBOL, orphan.path, orphan.hunk, (orphan.line,), gone=True, symbol=symbol)


def _choice(missing: Missing, supply: Supply, taken: bool) -> Choice:
    """Return why ``supply`` is chosen; ``taken`` says whether it is in the queue already."""
    if len(missing.supplies) == 1:
        return Choice.ONLY
    if supply is missing.supplies[0]:
        return Choice.OLDEST
    return Choice.SELECTED if taken else Choice.APPLICABLE


def _rule(missing: Missing, supply: Supply, choice: Choice) -> Rule:
    others = tuple(other.position for other in missing.supplies if other is not supply)
    symbol = Symbol(missing.name, supply.path, supply.line, others, choice, arguments=missing.arguments)
    condition = Condition(ROOT, supply.position)
    return Rule(condition, Kind.SYMBOL, missing.path, missing.hunk, (missing.line,), symbol=symbol)
