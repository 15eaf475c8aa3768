"""Answers for a person: what applies, what is needed first, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from git_xsa.ask.obstacle import place_of, short
from git_xsa.ask.unmarked import note_on
from git_xsa.ask.verdict import State, Verdict
from git_xsa.model.partial import parts
from git_xsa.model.rules import Choice, Kind, Symbol
from git_xsa.model.selection import Reason
from git_xsa.model.words import advisory_names, count, short_names
from git_xsa.report import remarks
from git_xsa.report.build import print_build
from git_xsa.report.follow_ups import print_elsewhere, print_missing_later, print_other_later
from git_xsa.report.found import print_found
from git_xsa.report.hunks import SHOWN_LINES, claim, print_lines, print_refused
from git_xsa.report.style import Lines
from git_xsa.wording import Remark

STYLES = {
    State.APPLIES: "green",
    State.ALREADY_APPLIED: "green",
    State.NEEDS_PREREQUISITES: "yellow",
    State.PARTLY_APPLIED: "yellow",
    State.MISPLACED: "red",
    State.CONFLICTS: "red",
    State.NO_PATCHES: "dim",
}
#: So many advisories have their full names in a sentence.
NAMED = 4
#: Which commit was taken where several introduce a name.
CHOICES = {
    Choice.ONLY: "the only commit",
    Choice.OLDEST: "the oldest commit",
    Choice.SELECTED: "this one, which is in the queue anyway,",
    Choice.APPLICABLE: "the oldest commit that can be applied",
}
KIND_STYLES = {Kind.CHANGE: "bold yellow", Kind.CONTEXT: "yellow", Kind.SYMBOL: "magenta", Kind.BUILD: "cyan"}


def subject_of(verdict: Verdict, position: int) -> str:
    """Return the subject line of the commit at ``position``."""
    return verdict.range.commits[position - 1].subject


def label(verdict: Verdict, position: int) -> str:
    """Return what the commit at ``position`` is in the queue: its advisories, or the kind of prerequisite, and that it
    was adapted by hand if it was.

    A prerequisite that is itself the fix of an advisory has that in brackets.
    """
    return _role(verdict, position) + (", adapted" if position in verdict.adapted else "")


def _role(verdict: Verdict, position: int) -> str:
    if verdict.role(position) == "follow-up":
        return "follow-up"
    if position in verdict.selection.wanted:
        marks = verdict.xsa_of.get(position) or verdict.range.marks(position)
        return advisory_names(marks) if marks else "patch"
    marks = verdict.range.marks(position)
    kind = verdict.selection.kind(position).value
    return f"{kind} ({advisory_names(marks)})" if marks else kind


def print_queue(lines: Lines, verdict: Verdict) -> None:
    """Print all commits of the queue in their order: number, what it is, commit, subject, and a note on those patches
    that have no mark, and on merges."""
    queue = verdict.selection.queue
    labels = [label(verdict, position) for position in queue]
    width = max(map(len, labels), default=0)
    digits = len(str(len(queue)))
    notes: dict[int, str] = {one.position: note_on(one) for one in verdict.unmarked if one.patch}
    notes |= {p: merged.words for p in queue if (merged := verdict.range.merged(p)) is not None}
    for number, (position, name) in enumerate(zip(queue, labels, strict=True), 1):
        wanted = position in verdict.selection.wanted
        style = "bold" if wanted else KIND_STYLES[verdict.selection.kind(position)]
        commit = short(verdict, position)
        parts = (f"  {number:{digits}}  ", (f"{name:{width}}", style), "  ", (commit, "cyan"), "  ")
        lines.line(*parts, subject_of(verdict, position), hang=digits + width + len(commit) + 8)
        if position in notes:
            lines.line(" " * (digits + 4), (notes[position], "dim"))


def needs(verdict: Verdict) -> str:
    """Return how many prerequisites the answer has: ``no prerequisite``, ``2 prerequisites``."""
    number = len(verdict.selection.prerequisites)
    return count(number, "prerequisite") if number else "no prerequisite"


def headline(verdict: Verdict) -> str:
    """Return the answer to one request in a sentence."""
    partly = verdict.present if verdict.state is State.PARTLY_APPLIED else []
    known = sorted({*verdict.xsa, *partly}) or verdict.without_patch or verdict.unknown
    asked = len(known) or len(verdict.xsa_of)
    names = advisory_names if len(known) <= NAMED else short_names
    what = names(known) if known else count(asked, "patch")
    verb, has = ("needs", "applies") if asked == 1 else ("need", "apply")
    base, tip = verdict.base.name, verdict.tip.spelled
    if verdict.state is State.NO_PATCHES and verdict.found:
        return f"{what}: there is nothing to apply to {base}"
    as_published = "" if verdict.adapted else f" as {'it is' if asked == 1 else 'they are'}"
    sentences = {
        State.APPLIES: f"{what} {has} to {base}{as_published}",
        State.NEEDS_PREREQUISITES: f"{what} {verb} {needs(verdict)} on {base}",
        State.MISPLACED: f"{what} {verb} {needs(verdict)} on {base}, but plain git apply misplaces a hunk",
        State.CONFLICTS: f"{what} can't be applied to {base}, not even with every commit of {tip}",
        State.ALREADY_APPLIED: f"{base} has all of {what}",
        State.PARTLY_APPLIED: f"{base} has a part of {what}; the rest needs {needs(verdict)}",
        State.NO_PATCHES: f"no commit of {base}..{tip} says that it fixes {what if asked else 'an advisory'}",
    }
    return sentences[verdict.state] + by_hand(verdict)


def by_hand(verdict: Verdict) -> str:
    """Return how many patches of the queue are not as published, to follow a sentence; empty for none."""
    return f", with {count(len(verdict.adapted), 'patch')} adapted by hand" if verdict.adapted else ""


def order_line(verdict: Verdict) -> str:
    """Return what stands above a queue."""
    if verdict.state is State.MISPLACED:
        return "Order of the commits (as they are, git apply misplaces a hunk):"
    return "Apply in this order (strict git apply, no fuzz):"


def left_out(verdict: Verdict) -> list[Remark]:
    """Return why advisories that were asked for are not in the queue, a sentence for all of one reason.

    Not what the headline says already, and nothing of what stands below it about the store.
    """
    told = {series.number for series in verdict.found}
    if verdict.state in (State.NO_PATCHES, State.ALREADY_APPLIED):
        told |= set(verdict.unknown if verdict.state is State.NO_PATCHES and not verdict.found else verdict.present)
    reasons: dict[Remark, list[int]] = {}
    for number, why in verdict.left_out.items():
        if number not in told:
            reasons.setdefault(why, []).append(number)
    return [remarks.left_out(numbers, why) for why, numbers in reasons.items()]


def print_left_out(lines: Lines, verdict: Verdict) -> None:
    """Print which advisories were asked for and are not in the queue."""
    for words in left_out(verdict):
        lines.line("  ", (words, "dim"))


def print_verdict(lines: Lines, verdict: Verdict, why: bool, refreshed: bool = False) -> None:
    """Print the answer to one request, and with ``why`` each reason with the lines behind it.

    ``refreshed``: it can't be applied with new context either.
    """
    lines.line((headline(verdict), STYLES[verdict.state]))
    print_left_out(lines, verdict)
    print_found(lines, verdict)
    print_doubt(lines, verdict, refreshed)
    print_missing_later(lines, verdict)
    if verdict.selection.queue and verdict.state is not State.CONFLICTS:
        lines.line()
        lines.line(order_line(verdict))
        lines.line()
        print_queue(lines, verdict)
    print_other_later(lines, verdict)
    print_elsewhere(lines, verdict)
    if verdict.build is not None:
        lines.line()
        print_build(lines, verdict)
    if why:
        for position in verdict.selection.prerequisites:
            lines.line()
            _print_why(lines, verdict, position)


def print_doubt(lines: Lines, verdict: Verdict, refreshed: bool = False) -> None:
    """Print what git did instead of what is right, if it did, or what stands against applying at all."""
    print_refused(lines, verdict)
    if verdict.selection.impossible:
        print_adapt(lines, verdict, refreshed)
    print_misplaced(lines, verdict)


def print_adapt(lines: Lines, verdict: Verdict, refreshed: bool = False) -> None:
    """Print what to do about patches that the base's own lines are in the way of."""
    half = any(parts(verdict.range.history, reason.needed_by) for reason in verdict.selection.impossible)
    when = "if only its context conflicts, or a part of it is there" if half else "if only its context conflicts"
    more = "" if refreshed else f"; {when}: git xsa-export --refresh"
    lines.line(f"  adapt it by hand: git xsa-resolve {verdict.base.onto}{more}")


def print_misplaced(lines: Lines, verdict: Verdict) -> None:
    """Print what git did instead of what is right, if it did."""
    doubt = verdict.doubt
    if doubt is None:
        return
    if doubt.position is not None:
        where = f"{short(verdict, doubt.position)} {subject_of(verdict, doubt.position)}"
        lines.line("  git apply refuses ", (where, "bold"), ", though its place is certain:")
        for words in doubt.message.splitlines():
            lines.line(f"    {words}")
    for name in doubt.paths:
        lines.line("  git apply puts a hunk in the wrong place in ", (name.decode("utf-8", "surrogateescape"), "bold"))
    lines.line("  do not apply it with git apply or patch: git xsa-export refreshes it for this base")


def _print_why(lines: Lines, verdict: Verdict, position: int) -> None:
    """Print the prerequisite at ``position`` and, for each change that needs it, the hunks and lines that do."""
    kind = verdict.selection.kind(position)
    marks = advisory_names(verdict.range.marks(position))
    lines.line((short(verdict, position), "cyan"), " ", (subject_of(verdict, position), "bold"))
    itself = f", itself {marks}" if marks else ""
    through = kind is Kind.SYMBOL and all(r.rule.symbol is None for r in verdict.selection.reasons[position])
    itself += ", through another one" if through else ""
    lines.line("  ", (kind.value, KIND_STYLES[kind]), f" prerequisite{itself}")
    merged = verdict.range.merged(position)
    if merged is not None:
        lines.line(f"  {merged.words}")
    needed_by = None
    for reason in readable(verdict.selection.reasons[position]):
        if reason.needed_by != needed_by:
            needed_by = reason.needed_by
            who = label(verdict, needed_by) if needed_by in verdict.selection.wanted else "prerequisite"
            lines.line(f"  needed by {who} ", (short(verdict, needed_by), "cyan"), f" {subject_of(verdict, needed_by)}")
        path = reason.rule.path.decode("utf-8", "surrogateescape")
        if reason.rule.kind is Kind.BUILD:
            lines.line("    without it the build fails: ", (reason.rule.note, "bold"))
            continue
        place = f"hunk {reason.rule.hunk}" if reason.rule.hunk else "the file as a whole"
        lines.line("    ", (path, "bold"), f", {place}: {claim(reason)}")
        if reason.rule.symbol is None:
            print_lines(lines, reason, "-" if reason.rule.gone else "+")
        else:
            print_lines(lines, reason, "-" if reason.rule.gone else " ")
            _print_symbol(lines, verdict, reason.rule.symbol)


def readable(reasons: Sequence[Reason]) -> Iterator[Reason]:
    """Yield the reasons by needing change, file and hunk; those about whole files only where lines say nothing."""
    with_lines = {(reason.needed_by, reason.rule.path) for reason in reasons if reason.rule.lines}
    for reason in sorted(reasons, key=place_of):
        own = reason.rule.lines or reason.rule.kind is Kind.BUILD
        if own or (reason.needed_by, reason.rule.path) not in with_lines:
            yield reason


def _print_symbol(lines: Lines, verdict: Verdict, symbol: Symbol) -> None:
    """Print where a commit introduces a name, and which others do, too; or where it ends the use of one."""
    count = symbol.arguments
    if symbol.removed:
        how = "used" if count is None else f"called with {count} argument{'s' * (count != 1)}"
        lines.line(f"      which is {how} until this commit in ", (_decoded(symbol.path), "bold"))
        lines.line("      ", (f"-{_decoded(symbol.line).rstrip().expandtabs()}", "red"))
        return
    what = "which this commit introduces" if count is None else "which takes that since this commit"
    lines.line(f"      {what} in ", (_decoded(symbol.path), "bold"))
    if symbol.line:
        lines.line("      ", (f"+{_decoded(symbol.line).rstrip().expandtabs()}", "green"))
    if symbol.others:
        also = ", ".join(short(verdict, position) for position in symbol.others[:SHOWN_LINES])
        more = f" and {len(symbol.others) - SHOWN_LINES} more" if len(symbol.others) > SHOWN_LINES else ""
        lines.line(f"      ({also}{more} could supply it, too; {CHOICES[symbol.choice]} is used)")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
