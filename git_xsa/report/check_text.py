"""The answer of ``git xsa-check`` for a person: each release with its advisories, and the queue in order."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.rules import Kind
from git_xsa.queue.answer import State, Verdict
from git_xsa.report.as_text import (
    KIND_STYLES,
    STYLES,
    advisory_names,
    count,
    headline,
    print_doubt,
    print_queue,
    subject_of,
)
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
    commits = len(verdict.range.commits) - verdict.range.position[verdict.base.id]
    lines.line((verdict.base.name, "bold"), f", {count(commits, 'commit')} behind {verdict.tip.name}")


def _each(lines: Lines, verdict: Verdict) -> None:
    if not verdict.selection.wanted:
        lines.line("  ", (headline(verdict), STYLES[verdict.state]))
        return
    needs = len(verdict.selection.prerequisites)
    words = verdict.state.value if verdict.state is not State.NEEDS_PREREQUISITES else f"needs {needs}"
    name = advisory_names(verdict.xsa)
    lines.line(
        f"  {name:8}  ", (f"{words:16}", STYLES[verdict.state]), subject_of(verdict, verdict.selection.wanted[-1])
    )


def _together(lines: Lines, verdict: Verdict) -> None:
    selection = verdict.selection
    if not selection.wanted:
        words = "  no advisory is outstanding" if verdict.state is State.NO_PATCHES else f"  {headline(verdict)}"
        lines.line((words, STYLES[State.APPLIES]))
        return
    patches = count(len(selection.wanted), "commit")
    lines.line(f"  {count(len(verdict.xsa), 'outstanding XSA')} in {patches}: ", (_sum(verdict), STYLES[verdict.state]))
    print_doubt(lines, verdict)
    needs = _needs(verdict)
    for number in verdict.xsa:
        _advisory(lines, verdict, number, *needs[number])
    if verdict.state is not State.CONFLICTS:
        lines.line("  Apply in this order (strict git apply, no fuzz):")
        print_queue(lines, verdict)
    if selection.prerequisites:
        xsa = ",".join(map(str, verdict.xsa))
        lines.line(f"  why: git xsa-prereqs --onto {verdict.base.name} --xsa {xsa} --why")


def _sum(verdict: Verdict) -> str:
    """Return the verdict on the queue in a few words."""
    needs = count(len(verdict.selection.prerequisites), "prerequisite")
    return {
        State.APPLIES: "all apply, in the order of the branch",
        State.NEEDS_PREREQUISITES: f"they need {needs}",
        State.MISPLACED: f"plain git apply misplaces a hunk; they need {needs}",
        State.CONFLICTS: "they can't be applied, not even with every commit of the branch",
        State.PARTLY_APPLIED: f"the release has a part of them; the rest needs {needs}",
    }.get(verdict.state, verdict.state.value)


def _needs(verdict: Verdict) -> dict[int, tuple[list[int], list[int]]]:
    """Return for each advisory which others must come before it, and which prerequisites it needs, itself or through
    another prerequisite."""
    selection = verdict.selection
    direct: dict[int, set[int]] = {position: set() for position in selection.queue}
    for needed, reasons in selection.reasons.items():
        for reason in reasons:
            direct[reason.needed_by].add(needed)
    wanted = set(selection.wanted)
    answer = {}
    for number in verdict.xsa:
        own = [p for p in selection.wanted if number in verdict.xsa_of[p]]
        reached: set[int] = set()
        pending = list(own)
        while pending:
            for need in direct[pending.pop()] - reached:
                reached.add(need)
                if need not in wanted:
                    pending.append(need)
        others = {x for p in reached & wanted - set(own) for x in verdict.xsa_of[p]}
        answer[number] = (sorted(others - {number}), sorted(reached - wanted))
    return answer


def _advisory(lines: Lines, verdict: Verdict, number: int, after: list[int], needs: list[int]) -> None:
    """Print one advisory: what it needs, and the subject of its last commit."""
    last = max(p for p in verdict.selection.wanted if number in verdict.xsa_of[p])
    words = []
    blocked = {reason.needed_by for reason in verdict.selection.impossible}
    if blocked & {*needs, *(p for p in verdict.selection.wanted if number in verdict.xsa_of[p])}:
        words.append(("conflicts", STYLES[State.CONFLICTS]))
    if needs:
        words.append((f"needs {count(len(needs), 'prerequisite')}", KIND_STYLES[Kind.CHANGE]))
    if after:
        words.append((f"after {advisory_names(after)}", ""))
    name = f"XSA-{number}"
    state = words or [("applies", STYLES[State.APPLIES])]
    parts: list[Part] = [f"  {name:8} "]
    for index, part in enumerate(state):
        parts += [", " if index else "", part]
    lines.line(*parts, ("  " + subject_of(verdict, last), "dim"))
