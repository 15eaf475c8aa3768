"""What is known of one advisory on one release, as the value that its part of a page and its JSON are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

from git_xsa.ask.follow_ups import shortly
from git_xsa.ask.obstacle import obstacle, short
from git_xsa.ask.verdict import Verdict
from git_xsa.model.rules import Kind
from git_xsa.model.selection import Reason
from git_xsa.model.words import advisory_names, count
from git_xsa.publish.picture import PictureNode, needs_picture
from git_xsa.publish.standings import AdvisoryRow, CellWord, ReleaseColumn, StandingCell
from git_xsa.report.as_json import text
from git_xsa.report.as_text import label, readable
from git_xsa.report.hunks import claim

#: Word of a cell -> what it means, in a sentence.
_SENTENCES = {
    CellWord.CONFLICT: "The patches cannot be applied, not even with every commit of the branch.",
    CellWord.MISPLACED: "git apply would put a hunk of the patches in the wrong place.",
    CellWord.NO_FIX: "No commit of the branch says that it fixes this advisory.",
    CellWord.NOT_AFFECTED: "There is nothing to apply to this release.",
    CellWord.FIXED: "The release has the fix.",
}


class Details:
    """Makes the details of cells; ``asked`` are the options by which a command asks the same questions."""

    def __init__(self, asked: str) -> None:
        self._asked = asked

    def of(self, row: AdvisoryRow, column: ReleaseColumn) -> dict[str, Any]:
        """Return what is known of an advisory on a release, besides what its cell shows."""
        cell = column.cells[row.number]
        found: dict[str, Any] = {
            "commit": None if column.base.passing else column.base.id,
            "sentence": _sentence(cell),
            "note": cell.note or None,
            "obstacle": None,
        }
        if cell.standing is None or cell.verdict is None:
            return found
        answer = _answer(cell, cell.verdict)
        chain = _chain(answer, cell.standing.own)
        return found | {
            "queue": [_item(answer, position, chain) for position in answer.selection.queue if position in chain],
            "prerequisites": [
                _prerequisite(answer, position, chain)
                for position in answer.selection.prerequisites
                if position in chain
            ],
            "obstacle": obstacle(cell.verdict, cell.standing.own) or None if cell.standing.conflicts else None,
            "follow_ups": _later(answer, chain),
            "commands": self._commands(cell, column),
            "picture": _picture(answer, row, column, chain),
        }

    def _commands(self, cell: StandingCell, column: ReleaseColumn) -> dict[str, str]:
        """Return the command that repeats the answer, and the one that goes on from it: it writes the patches of this
        advisory and what they need, or makes a work tree at their conflict."""
        onto, xsa = column.base.onto, f"--xsa {cell.number}"
        more = f"git xsa-export {onto} {xsa} -o xsa-{cell.number}"
        if cell.word is CellWord.CONFLICT:
            more = f"git xsa-resolve {onto} {xsa}"
        key = "resolve" if cell.word is CellWord.CONFLICT else "export"
        return {"repeat": f"git xsa-prereqs {onto}{self._asked} --why", key: more}


def _sentence(cell: StandingCell) -> str:
    if cell.word in _SENTENCES:
        return _SENTENCES[cell.word]
    after = f", after the fixes of {advisory_names(cell.after)}" if cell.after else ""
    adapted = "With a patch that was adapted by hand, it applies" if cell.word is CellWord.ADAPTED else "It applies"
    if not cell.needs:
        return f"{adapted}{after}."
    return f"{adapted} once {count(cell.needs, 'other commit')} of the branch {_is(cell.needs)} in{after}."


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _answer(cell: StandingCell, verdict: Verdict) -> Verdict:
    """Return the answer whose queue the advisory is in: where others are in conflict, that without them."""
    conflicts = cell.standing is not None and cell.standing.conflicts
    return verdict.rest if verdict.rest is not None and not conflicts else verdict


def _chain(verdict: Verdict, own: Collection[int]) -> set[int]:
    """Return the changes at ``own`` and all that they need, directly or through others."""
    found = set(own)
    pending = list(own)
    while pending:
        fresh = verdict.selection.needs.get(pending.pop(), set()) - found
        found |= fresh
        pending += fresh
    return found


def _item(verdict: Verdict, position: int, chain: Collection[int]) -> dict[str, Any]:
    commits = verdict.range.commits
    needs = verdict.selection.needs.get(position, ())
    return {
        "id": commits[position - 1].id,
        "short": short(verdict, position),
        "subject": commits[position - 1].subject,
        "role": verdict.role(position),
        "label": label(verdict, position),
        "xsa": list(verdict.xsa_of.get(position) or verdict.range.marks(position)),
        "adapted": position in verdict.adapted,
        "needs": [commits[need - 1].id for need in sorted(needs) if need in chain],
    }


def _prerequisite(verdict: Verdict, position: int, chain: Collection[int]) -> dict[str, Any]:
    reasons = [reason for reason in verdict.selection.reasons[position] if reason.needed_by in chain]
    return {
        "commit": verdict.range.commits[position - 1].id,
        "short": short(verdict, position),
        "subject": verdict.range.commits[position - 1].subject,
        "kind": verdict.selection.kind(position).value,
        "xsa": list(verdict.range.marks(position)),
        "reasons": _reasons(verdict, reasons),
    }


def _reasons(verdict: Verdict, reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Return why a prerequisite is needed, by needing change and hunk: what that takes and what it expects of the
    prerequisite's lines is one reason, whose lines are those of a diff."""

    def place(reason: Reason) -> tuple[Any, ...]:
        rule = reason.rule
        return reason.needed_by, rule.path, rule.hunk, rule.symbol, rule.note if rule.kind is Kind.BUILD else ""

    return [_reason(verdict, list(group)) for _, group in groupby(readable(list(reasons)), key=place)]


def _reason(verdict: Verdict, found: Sequence[Reason]) -> dict[str, Any]:
    """Return the reasons ``found``, which are of one hunk, as one."""
    ordered = sorted(found, key=lambda reason: not reason.rule.gone)
    first, rule = ordered[0], ordered[0].rule
    told = dict.fromkeys(
        ("-" if one.rule.gone else "+" if rule.symbol is None else " ", one.rule.lines) for one in ordered
    )
    lines = [{"mark": mark, "text": _line(line)} for mark, found_lines in told for line in found_lines]
    if rule.symbol is not None and rule.symbol.line:
        introduced = "-" if rule.symbol.removed else "+"
        lines.append({"mark": introduced, "text": _line(rule.symbol.line), "path": text(rule.symbol.path)})
    claims = dict.fromkeys(claim(one) for one in ordered)
    return {
        "needed_by": verdict.range.commits[first.needed_by - 1].id,
        "needed_by_short": short(verdict, first.needed_by),
        "needed_by_label": label(verdict, first.needed_by),
        "path": text(rule.path),
        "hunk": rule.hunk,
        "claim": f"does not build without it: {rule.note}" if rule.kind is Kind.BUILD else ", and ".join(claims),
        "lines": lines,
    }


def _line(line: bytes) -> str:
    return text(line).rstrip("\r\n").expandtabs()


def _later(verdict: Verdict, chain: set[int]) -> list[dict[str, Any]]:
    """Return the later commits, of this branch and of newer ones, that say they fix a commit of ``chain``."""
    commits = verdict.range.commits
    found = [
        {
            "commit": commits[one.position - 1].id,
            "short": short(verdict, one.position),
            "subject": commits[one.position - 1].subject,
            "branch": verdict.tip.name,
            "fixes": shortly(verdict.range, one.of),
            "needed": one.needed,
            "added": one.added,
        }
        for one in verdict.later
        if not chain.isdisjoint(one.of)
    ]
    return found + [
        {
            "commit": one.commit,
            "short": one.commit[:12],
            "subject": one.subject,
            "branch": one.branch,
            "fixes": shortly(verdict.range, one.of),
            "needed": False,
            "added": False,
        }
        for one in verdict.elsewhere
        if not chain.isdisjoint(one.of)
    ]


def _picture(verdict: Verdict, row: AdvisoryRow, column: ReleaseColumn, chain: Collection[int]) -> str | None:
    """Return the picture of what needs what, ``None`` where nothing needs anything."""
    needs = {one: sorted(verdict.selection.needs.get(one, set()) & set(chain)) for one in chain}
    if not any(needs.values()):
        return None
    nodes = {}
    for one in chain:
        subject, name = verdict.range.commits[one - 1].subject, short(verdict, one)
        head = f"{label(verdict, one)} {name}"
        kind = "wanted" if one in verdict.selection.wanted else "needed"
        nodes[one] = PictureNode(kind, head, subject, f"{head}: {subject}")
    return needs_picture(nodes, needs, f"What the fix of {row.name} needs on {column.base.name}")
