"""Why an advisory can't be applied, in a sentence: the first place that stands against it."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.ask import remarks
from git_xsa.ask.fitting import blocked
from git_xsa.ask.verdict import Verdict
from git_xsa.model.partial import parts
from git_xsa.model.selection import Reason
from git_xsa.model.words import DIGITS
from git_xsa.wording import NOTHING, Remark


def short(verdict: Verdict, position: int) -> str:
    """Return the commit at ``position``, shortened; the name of a patch file in full."""
    name = verdict.range.commits[position - 1].id
    return name[:DIGITS] if len(name) == verdict.range.hash_length else name


def obstacle(verdict: Verdict, own: Sequence[int]) -> Remark:
    """Return in one sentence why the changes at ``own``, those of one advisory, can't be applied: where one of them
    does not fit, or else what comes before them and can't be applied."""
    selection = verdict.selection
    stuck = blocked(selection)
    mine, reached = set(own), set(own)
    level = sorted(mine & stuck)
    while level:  # ends: a change is reached once
        found = [reason for reason in selection.impossible if reason.needed_by in level]
        if found:
            return _does_not_fit(verdict, in_their_order(found), mine)
        level = sorted({need for position in level for need in selection.needs.get(position, set()) & stuck} - reached)
        reached.update(level)
        others = sorted({x for p in level if p in selection.wanted for x in verdict.xsa_of.get(p, ())})
        if others:
            return remarks.comes_after(others)
    return NOTHING


def _does_not_fit(verdict: Verdict, reasons: Sequence[Reason], own: set[int]) -> Remark:
    """Return where the first of ``reasons`` is, how many there are, and whose change has it if that is none of
    ``own``."""
    reason = reasons[0]
    who = short(verdict, reason.needed_by)
    if reason.needed_by not in own:
        who = remarks.has_no_place(who, verdict.range.commits[reason.needed_by - 1].subject)
    there = [one for one in parts(verdict.range.history, reason.needed_by) if one.there]
    if there:
        hunks = {one.path.decode("utf-8", "surrogateescape"): one.there for one in there}
        return remarks.partly_there(who, verdict.base.name, hunks)
    path = reason.rule.path.decode("utf-8", "surrogateescape")
    return remarks.does_not_fit(who, reason.rule.hunk, path, in_the_way(verdict, reason), len(reasons) - 1)


def in_the_way(verdict: Verdict, reason: Reason) -> Remark:
    """Return what of the base stands where ``reason`` is, in words."""
    if not reason.rule.lines:
        return remarks.said_by_the_rule(reason.rule.note)
    return remarks.own_lines(verdict.base.name, reason.rule.gone)


def in_their_order(reasons: Sequence[Reason]) -> list[Reason]:
    """Return ``reasons`` by commit, file and hunk."""
    return sorted(reasons, key=place_of)


def place_of(reason: Reason) -> tuple[int, bytes, int]:
    """Return what sorts reasons: the commit, the file and the hunk."""
    return reason.needed_by, reason.rule.path, reason.rule.hunk
