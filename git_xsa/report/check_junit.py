"""The answer of ``git xsa-check`` as JUnit's XML: a suite for each base, and a test case for each advisory.

A case fails exactly for what makes the exit status other than 0, so that a CI server shows the reason for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from git_xsa.ask.by_advisory import AdvisoryStanding, standings
from git_xsa.ask.obstacle import obstacle, short
from git_xsa.ask.verdict import PREREQUISITES, BuildState, State, Verdict
from git_xsa.model.words import DIGITS, advisory_names, count, short_names
from git_xsa.report.as_text import headline, label, order_line, subject_of
from git_xsa.report.follow_ups import later_line
from git_xsa.report.junit import ERROR, FAILURE, SKIPPED, Case, junit

#: What became of the user's build -> how its case ends, and what to say.
_BUILDS = {
    BuildState.BUILDS: ("", ""),
    BuildState.FAILS: (FAILURE, "the queue does not build"),
    BuildState.BASE_FAILS: (ERROR, "the base alone does not build, so its queue was not checked"),
    BuildState.BASE_TIMEOUT: (ERROR, "the base alone does not build within the time limit"),
}


def check_junit(
    verdicts: Sequence[Verdict], lacking: Sequence[str], unresolved: Collection[int], accepted: Collection[str]
) -> bytes:
    """Return the document on ``verdicts``; what is ``accepted`` is no failure (``Verdict.status_with``).

    ``lacking`` are the sentences on branches that the clone lacks, and ``unresolved`` the advisories that were asked
    for and that no answer settles.
    """
    suites: dict[str, list[Case]] = {}
    for verdict in verdicts:
        suites.setdefault(verdict.base.name, []).extend(_cases(verdict, unresolved, accepted))
    if lacking:
        suites["branches"] = [Case(sentence, "branches", ERROR, "missing", sentence) for sentence in lacking]
    return junit("git xsa-check", suites)


def _cases(verdict: Verdict, unresolved: Collection[int], accepted: Collection[str]) -> Iterator[Case]:
    base = verdict.base.name
    found = [*_advisories(verdict, unresolved, accepted), *_whole(verdict)]
    if verdict.status_with(accepted) and not any(case.ending in (FAILURE, ERROR) for case in found):
        found.append(Case("queue: as declared", base, FAILURE, verdict.state.value, headline(verdict)))
    yield from found or [Case("no advisory is outstanding", base)]


def _advisories(verdict: Verdict, unresolved: Collection[int], accepted: Collection[str]) -> Iterator[Case]:
    """Yield a case for each advisory of the answer, by number."""
    base = verdict.base.name
    wanted = {number for position in verdict.selection.wanted for number in verdict.xsa_of.get(position, ())}
    known = {one.number: one for one in standings(verdict, sorted(wanted))}
    left_out = verdict.left_out
    for number in sorted({*verdict.asked, *wanted, *left_out}):
        name = f"XSA-{number}: apply"
        if number in verdict.out:
            yield Case(name, base, FAILURE, State.CONFLICTS.value, verdict.out[number])
        elif number in known:
            yield _standing(verdict, known[number], name, accepted)
        elif number in verdict.unresolved:
            reason = left_out.get(number, State.NO_PATCHES.value)
            failed = number in unresolved
            yield Case(name, base, FAILURE if failed else SKIPPED, "unknown" if failed else "", reason)
        elif number in verdict.present:
            yield Case(name, base, output=left_out[number])
        else:
            yield Case(name, base, SKIPPED, told=left_out.get(number, State.NO_PATCHES.value))


def _standing(verdict: Verdict, standing: AdvisoryStanding, name: str, accepted: Collection[str]) -> Case:
    """Return the case of an advisory that has a patch in the queue, or would have one."""
    base = verdict.base.name
    if standing.conflicts:
        told = obstacle(verdict, standing.own) or "it can't be applied, not even with every commit of the branch"
        return Case(name, base, FAILURE, State.CONFLICTS.value, told)
    if standing.misplaced:
        return Case(name, base, FAILURE, State.MISPLACED.value, "git apply puts a hunk in the wrong place")
    if standing.adapted:
        told = f"{count(len(standing.adapted), 'patch')} adapted by hand"
        return Case(name, base, FAILURE, "adapted", told)
    undeclared = verdict.undeclared.get(standing.number, set())
    told, needed = "", ""
    if standing.needed:
        answer = verdict if verdict.rest is None else verdict.rest
        told = f"needs {count(len(standing.needed), 'prerequisite')}"
        needed = "\n".join(
            f"{answer.range.commits[position - 1].id[:DIGITS]}  {subject_of(answer, position)}"
            for position in standing.needed
        )
    elif undeclared:
        told = f"must come after {short_names(sorted(undeclared))}, which its recipe does not declare"
    if told and PREREQUISITES not in accepted:
        return Case(name, base, FAILURE, State.NEEDS_PREREQUISITES.value, told, output=needed)
    after = f"after {advisory_names(standing.after)}" if standing.after else ""
    return Case(name, base, output="\n".join(filter(None, (told or after, needed))))


def _whole(verdict: Verdict) -> Iterator[Case]:
    """Yield the cases about the queue as a whole."""
    base = verdict.base.name
    about = f"XSA-{verdict.xsa[0]}" if len(verdict.xsa) == 1 else "queue"
    missing = verdict.missing_later
    if missing:
        told = f"the queue lacks {count(len(missing), 'follow-up')} (--follow-ups adds them)"
        lines = "\n".join(later_line(verdict, later) for later in missing)
        yield Case(f"{about}: follow-ups", base, FAILURE, "follow-ups", told, output=lines)
    if verdict.build is not None:
        ending, told = _BUILDS[verdict.build.state]
        yield Case(f"{about}: build", base, ending, verdict.build.state.value if ending else "", told)
    if verdict.queue:
        order = [f"{label(verdict, p)}  {short(verdict, p)}  {subject_of(verdict, p)}" for p in verdict.queue]
        yield Case(f"{about}: order", base, output="\n".join([order_line(verdict), *order]))
