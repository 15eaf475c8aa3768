"""The answer of ``git xsa-check`` for a person: each release, what needs attention first, and the queue in order.

Advisories that just apply share a line.  All that is known of each stands there only with ``verbose``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from git_xsa.ask.by_advisory import AdvisoryStanding, standings
from git_xsa.ask.obstacle import obstacle
from git_xsa.ask.verdict import State, Verdict
from git_xsa.model.rules import Kind
from git_xsa.model.words import advisory_names, count, short_names
from git_xsa.report.as_text import (
    KIND_STYLES,
    STYLES,
    by_hand,
    headline,
    needs,
    order_line,
    print_adapt,
    print_left_out,
    print_misplaced,
    print_queue,
    subject_of,
)
from git_xsa.report.build import print_build
from git_xsa.report.follow_ups import print_elsewhere, print_missing_later, print_other_later
from git_xsa.report.found import needs_words, print_found
from git_xsa.report.hunks import print_refused
from git_xsa.report.style import Lines, Part

#: The states in the order in which they need attention.
URGENCY = (
    State.CONFLICTS,
    State.MISPLACED,
    State.NEEDS_PREREQUISITES,
    State.PARTLY_APPLIED,
    State.NO_PATCHES,
    State.ALREADY_APPLIED,
    State.APPLIES,
)


@dataclass(frozen=True)
class Manner:
    """How the answers are to be read: ``each`` advisory by itself or all as one queue, ``verbose`` with all that is
    known; ``why`` returns the command that shows the reasons behind an answer."""

    each: bool
    verbose: bool
    why: Callable[[Verdict], str]


def print_checks(lines: Lines, verdicts: Sequence[Verdict], reading: Manner) -> None:
    """Print the answers about all releases: a line for each advisory that needs attention, or the queue as a whole."""
    for number, (_, group) in enumerate(groupby(verdicts, key=lambda verdict: verdict.base)):
        answers = list(group)
        if reading.each:
            _headline(lines, answers[0], first=not number)
            _print_each(lines, answers, reading.verbose)
            continue
        for index, verdict in enumerate(answers):
            _headline(lines, verdict, first=not number and not index)
            _together(lines, verdict, reading)


def _headline(lines: Lines, verdict: Verdict, first: bool) -> None:
    if not first:
        lines.line()
    history = verdict.whole or verdict.range
    commits = history.size - history.position[verdict.base.id]
    added = f" with {count(verdict.base.patches, 'patch')} on top" if verdict.base.patches else ""
    lines.line((verdict.base.name, "bold"), f"{added}, {_distance(verdict, commits)}")


def _distance(verdict: Verdict, commits: int) -> str:
    """Return where the base stands, ``commits`` before the tip."""
    if verdict.base.release is not None:
        return f"a source tree made from {verdict.base.release} of {verdict.tip.spelled}"
    if verdict.base.fit is not None:
        return f"without the history of {verdict.tip.spelled}, nearest to {verdict.base.fit.release.name}"
    history = verdict.whole or verdict.range
    if history.base == history.root:  # the patches stand on the base itself
        return f"a tree beside {verdict.tip.spelled}"
    if history.base is not None:
        return f"which left {verdict.tip.spelled} {count(commits, 'commit')} ago"
    return f"{count(commits, 'commit')} behind {verdict.tip.spelled}"


def _print_each(lines: Lines, verdicts: Sequence[Verdict], verbose: bool) -> None:
    """Print each advisory that was judged by itself, those first that need attention."""
    plain = [verdict for verdict in verdicts if _just_applies(verdict)]
    folded = [] if verbose or len(plain) == 1 else plain
    for verdict in sorted(verdicts, key=lambda verdict: URGENCY.index(verdict.state)):
        if verdict not in folded:
            _each(lines, verdict)
    _print_applying(lines, [number for verdict in folded for number in verdict.xsa])


def _just_applies(verdict: Verdict) -> bool:
    """Whether nothing more is to be said of an advisory than that it applies."""
    found = any(needs_words(verdict, series) for series in verdict.found)
    more = found or verdict.not_judged or verdict.on_branch or verdict.unmarked or verdict.missing_later
    return verdict.state is State.APPLIES and not verdict.status and not (more or verdict.adapted)


def _print_applying(lines: Lines, numbers: Sequence[int]) -> None:
    if numbers:
        lines.line("  ", (f"{len(numbers)} apply", STYLES[State.APPLIES]), f": {short_names(numbers)}")


def _each(lines: Lines, verdict: Verdict) -> None:
    if not verdict.selection.wanted:
        lines.line("  ", (_nothing(verdict), STYLES[verdict.state]))
        print_found(lines, verdict)
        return
    words = verdict.state.value
    if verdict.state is State.NEEDS_PREREQUISITES:
        words = f"needs {len(verdict.selection.prerequisites)}"
    words += ", adapted" if verdict.adapted else ""
    words += ", a part is in the base" if verdict.partly and verdict.state is not State.PARTLY_APPLIED else ""
    name = f"{advisory_names(verdict.xsa):8}"
    subject = subject_of(verdict, verdict.selection.wanted[-1])
    lines.line(f"  {name}  ", (f"{words:15} ", STYLES[verdict.state]), subject, hang=len(name) + 20)
    print_found(lines, verdict)
    print_missing_later(lines, verdict)


def _together(lines: Lines, verdict: Verdict, reading: Manner) -> None:
    selection = verdict.selection
    if not selection.wanted:
        lines.line("  ", (_nothing(verdict), STYLES[verdict.state]))
        print_left_out(lines, verdict)
        print_found(lines, verdict, brief=not reading.verbose)
        return
    patches = count(len(verdict.patches), "commit")
    known = [n for n in verdict.xsa if any(n in verdict.xsa_of[position] for position in selection.wanted)]
    found = standings(verdict, known)
    total = f"  {count(len(known), 'outstanding XSA')} in {patches}: "
    lines.line(total, (_sum(verdict, found) + by_hand(verdict.rest or verdict), STYLES[verdict.state]))
    _print_standings(lines, verdict, found, reading.verbose)
    queue = verdict if verdict.state is not State.CONFLICTS else verdict.rest if reading.verbose else None
    if queue is not None:
        lines.line(f"  {order_line(queue)}")
        print_queue(lines, queue)
    print_other_later(lines, verdict)
    print_elsewhere(lines, verdict)
    print_build(lines, verdict, "  ")
    if selection.prerequisites or selection.impossible:
        what = "All conflicts" if selection.impossible else "Why these prerequisites"
        lines.line(f"  {what}: {reading.why(verdict)}")


def _print_standings(lines: Lines, verdict: Verdict, found: Sequence[AdvisoryStanding], verbose: bool) -> None:
    """Print each advisory that needs attention, what could not be judged, and then which apply."""
    ordered = sorted(found, key=lambda standing: URGENCY.index(standing.state))
    plain = [
        standing
        for standing in ordered
        if standing.state is State.APPLIES and not (standing.adapted or standing.partly)
    ]
    folded = [] if verbose or len(plain) == 1 else plain
    for standing in ordered:
        if standing.conflicts:
            _advisory(lines, verdict, standing)
    if verbose:
        print_refused(lines, verdict)
    if verdict.selection.impossible:
        print_adapt(lines, verdict)
    for standing in ordered:
        if not standing.conflicts and standing not in plain:
            _advisory(lines, verdict, standing)
    for answer in filter(None, (verdict, verdict.rest)):
        print_misplaced(lines, answer)
        print_missing_later(lines, answer)
    print_left_out(lines, verdict)
    print_found(lines, verdict, brief=not verbose)
    for standing in plain if not folded else ():
        _advisory(lines, verdict, standing)
    _print_applying(lines, [standing.number for standing in folded])


def _nothing(verdict: Verdict) -> str:
    """Return what to say of a release for which there is nothing to apply."""
    return headline(verdict) if verdict.asked else "no advisory is outstanding"


def _sum(verdict: Verdict, found: Sequence[AdvisoryStanding]) -> str:
    """Return the verdict on the queue for the advisories ``found`` in a few words."""
    number = len(found)
    they, need, apply = ("it", "needs", "applies") if number == 1 else ("they", "need", "all apply")
    return {
        State.APPLIES: f"{apply}, in the order of the branch" if number > 1 else apply,
        State.NEEDS_PREREQUISITES: f"{they} {need} {needs(verdict)}",
        State.MISPLACED: f"plain git apply misplaces a hunk; {they} {need} {needs(verdict)}",
        State.CONFLICTS: _sum_of_conflicts(verdict, found, they),
        State.PARTLY_APPLIED: f"the release has a part; the rest needs {needs(verdict)}",
    }.get(verdict.state, verdict.state.value)


def _sum_of_conflicts(verdict: Verdict, found: Sequence[AdvisoryStanding], they: str) -> str:
    stuck = sum(standing.conflicts for standing in found)
    if stuck in (0, len(found)) or verdict.rest is None:
        return f"{they} can't be applied, not even with every commit of the branch"
    fit = len(found) - stuck
    more = f" with {needs(verdict.rest)}" if verdict.rest.selection.prerequisites else ""
    hands = f"{stuck} need{'s' if stuck == 1 else ''} your hands"
    return f"{fit} go{'es' if fit == 1 else ''} in{more}, {hands}"


def _advisory(lines: Lines, verdict: Verdict, standing: AdvisoryStanding) -> None:
    """Print one advisory: what it needs, the subject of its last commit, and why it can't be applied if it can't."""
    parts: list[Part] = [f"  {f'XSA-{standing.number}':8} "]
    hang = len(str(parts[0]))
    for index, part in enumerate(_words(standing)):
        parts += [", " if index else "", part]
    lines.line(*parts, ("  " + subject_of(verdict, max(standing.own)), "dim"), hang=hang)
    why = obstacle(verdict, standing.own) if standing.conflicts else ""
    if why:
        lines.line(" " * hang, why, hang=hang)


def _words(standing: AdvisoryStanding) -> Iterator[Part]:
    """Yield what is to be said of one advisory."""
    if standing.partly:
        yield ("a part is in the base", STYLES[State.PARTLY_APPLIED])
    if standing.conflicts:
        yield ("conflicts", STYLES[State.CONFLICTS])
    if standing.misplaced:
        yield ("misplaced", STYLES[State.MISPLACED])
    if standing.needed:
        yield (f"needs {count(len(standing.needed), 'prerequisite')}", KIND_STYLES[Kind.CHANGE])
    if standing.after:
        yield (f"after {short_names(standing.after)}", "")
    if standing.state is State.APPLIES and not standing.after:
        yield ("applies", STYLES[State.APPLIES])
    if standing.adapted:
        yield (f"{count(len(standing.adapted), 'patch')} adapted by hand", KIND_STYLES[Kind.CONTEXT])
