"""The answer of ``git xsa-check`` for a person: each release with its advisories, and the queue in order."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from git_xsa.model.rules import Kind
from git_xsa.model.words import advisory_names, count
from git_xsa.queue.answer import State, Verdict
from git_xsa.queue.standing import Standing, standings
from git_xsa.report.as_text import (
    KIND_STYLES,
    STYLES,
    headline,
    needs,
    order_line,
    print_doubt,
    print_left_out,
    print_queue,
    subject_of,
)
from git_xsa.report.build import print_build
from git_xsa.report.follow_ups import print_missing_later, print_other_later
from git_xsa.report.found import print_found
from git_xsa.report.style import Lines, Part


def print_checks(lines: Lines, verdicts: Sequence[Verdict], each: bool) -> None:
    """Print the answers about all releases: with ``each`` a line for each advisory, else the queue as a whole."""
    seen = None
    for verdict in verdicts:
        if each:
            if verdict.base != seen:
                _headline(lines, verdict, first=seen is None)
                seen = verdict.base
            _each(lines, verdict)
        else:
            _headline(lines, verdict, first=verdict is verdicts[0])
            _together(lines, verdict)


def _headline(lines: Lines, verdict: Verdict, first: bool) -> None:
    if not first:
        lines.line()
    commits = verdict.range.size - verdict.range.position[verdict.base.id]
    added = f" with {count(verdict.base.patches, 'patch')} on top" if verdict.base.patches else ""
    lines.line((verdict.base.name, "bold"), f"{added}, {_distance(verdict, commits)}")


def _distance(verdict: Verdict, commits: int) -> str:
    """Return where the base stands, ``commits`` before the tip."""
    if verdict.base.release is not None:
        return f"a source tree made from {verdict.base.release} of {verdict.tip.spelled}"
    if verdict.range.base == verdict.range.root:  # the patches stand on the base itself
        return f"a tree beside {verdict.tip.spelled}"
    if verdict.range.base is not None:
        return f"which left {verdict.tip.spelled} {count(commits, 'commit')} ago"
    return f"{count(commits, 'commit')} behind {verdict.tip.spelled}"


def _each(lines: Lines, verdict: Verdict) -> None:
    if not verdict.selection.wanted:
        lines.line("  ", (_nothing(verdict), STYLES[verdict.state]))
        print_found(lines, verdict)
        return
    words = verdict.state.value
    if verdict.state is State.NEEDS_PREREQUISITES:
        words = f"needs {len(verdict.selection.prerequisites)}"
    name = advisory_names(verdict.xsa)
    lines.line(
        f"  {name:8}  ", (f"{words:16}", STYLES[verdict.state]), subject_of(verdict, verdict.selection.wanted[-1])
    )
    print_found(lines, verdict)
    print_missing_later(lines, verdict)


def _together(lines: Lines, verdict: Verdict) -> None:
    selection = verdict.selection
    if not selection.wanted:
        lines.line("  ", (_nothing(verdict), STYLES[verdict.state]))
        print_left_out(lines, verdict)
        print_found(lines, verdict)
        return
    patches = count(len(verdict.patches), "commit")
    known = [n for n in verdict.xsa if any(n in verdict.xsa_of[position] for position in selection.wanted)]
    lines.line(
        f"  {count(len(known), 'outstanding XSA')} in {patches}: ", (_sum(verdict, len(known)), STYLES[verdict.state])
    )
    print_left_out(lines, verdict)
    print_found(lines, verdict)
    print_doubt(lines, verdict)
    print_missing_later(lines, verdict)
    for standing in standings(verdict, known):
        _advisory(lines, verdict, standing)
    if verdict.state is not State.CONFLICTS:
        lines.line(f"  {order_line(verdict)}")
        print_queue(lines, verdict)
    print_other_later(lines, verdict)
    print_build(lines, verdict, "  ")
    if selection.prerequisites:
        xsa = ",".join(map(str, known))
        words = f"git xsa-prereqs {verdict.base.onto} --tip {quote(verdict.tip.spelled)} --xsa {xsa} --why"
        if verdict.build is not None:
            words += f" --build {quote(verdict.build.command)}"
        lines.line(f"  Why these prerequisites: {words}")


def _nothing(verdict: Verdict) -> str:
    """Return what to say of a release for which there is nothing to apply."""
    return headline(verdict) if verdict.asked else "no advisory is outstanding"


def _sum(verdict: Verdict, number: int) -> str:
    """Return the verdict on the queue for ``number`` advisories in a few words."""
    they, need, apply = ("it", "needs", "applies") if number == 1 else ("they", "need", "all apply")
    return {
        State.APPLIES: f"{apply}, in the order of the branch" if number > 1 else apply,
        State.NEEDS_PREREQUISITES: f"{they} {need} {needs(verdict)}",
        State.MISPLACED: f"plain git apply misplaces a hunk; {they} {need} {needs(verdict)}",
        State.CONFLICTS: f"{they} can't be applied, not even with every commit of the branch",
        State.PARTLY_APPLIED: f"the release has a part; the rest needs {needs(verdict)}",
    }.get(verdict.state, verdict.state.value)


def _advisory(lines: Lines, verdict: Verdict, standing: Standing) -> None:
    """Print one advisory: what it needs, and the subject of its last commit."""
    words: list[Part] = []
    if standing.conflicts:
        words.append(("conflicts", STYLES[State.CONFLICTS]))
    if standing.misplaced:
        words.append(("misplaced", STYLES[State.MISPLACED]))
    if standing.needed:
        words.append((f"needs {count(len(standing.needed), 'prerequisite')}", KIND_STYLES[Kind.CHANGE]))
    if standing.after:
        words.append((f"after {advisory_names(standing.after)}", ""))
    name = f"XSA-{standing.number}"
    state = words or [("applies", STYLES[State.APPLIES])]
    parts: list[Part] = [f"  {name:8} "]
    for index, part in enumerate(state):
        parts += [", " if index else "", part]
    lines.line(*parts, ("  " + subject_of(verdict, max(standing.own)), "dim"))
