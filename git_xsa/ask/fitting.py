"""What goes in of a set of which something can't: the advisories without a conflict, and nothing of the others.

An advisory is in conflict as a whole, and so is one that must come after it.  What the remaining ones need must not be
said of a set that holds the others: they supply no names and are no prerequisites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from git_xsa.model.selection import Selection


def needing(selection: Selection, positions: Iterable[int]) -> set[int]:
    """Return ``positions`` and all changes of ``selection`` that need one of the changes there."""
    direct: dict[int, set[int]] = {}
    for needed, reasons in selection.reasons.items():
        direct.setdefault(needed, set()).update(reason.needed_by for reason in reasons)
    found: set[int] = set()
    pending = set(positions)
    while pending:
        position = pending.pop()
        found.add(position)
        pending |= direct.get(position, set()) - found
    return found


def blocked(selection: Selection) -> set[int]:
    """Return the changes of ``selection`` that can't be applied: those in conflict, and all that need one of them."""
    return needing(selection, {reason.needed_by for reason in selection.impossible})


def fitting_changes(xsa_of: Mapping[int, tuple[int, ...]], selection: Selection) -> dict[int, tuple[int, ...]]:
    """Return ``xsa_of`` with those advisories only that can be applied to the base; the commits of no advisory count
    one by one."""
    stuck = blocked(selection)
    lost = {number for position in stuck for number in xsa_of.get(position, ())}
    left = {position: tuple(n for n in numbers if n not in lost) for position, numbers in xsa_of.items()}
    return {p: numbers for p, numbers in left.items() if numbers or not (xsa_of[p] or p in stuck)}
