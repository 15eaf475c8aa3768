"""What a hook says when the freeze rule refuses updates: what is frozen, why, until when, and what to do.

Of an embargo, only what the policy allows: the numbers of the advisories and instants, and even the numbers only
where they are known (a server has none).  All frozen references are named alike, by their patterns, whatever was
pushed: which of them are affected nobody learns.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.embargo.rule import Freeze, FreezeVerdict, Ledger, Rules, Update, Why, freeze_at, last_freeze
from git_xsa.model.instant import spelled
from git_xsa.report.plain import printable

#: Reason -> what is added about a refused update; the others need no more words.
_WORDS = {
    Why.GATE_FORBIDDEN: "the gate is closed, too (xsa.gateDuringFreeze)",
    Why.TIP_UNKNOWN: "it is unknown what was in {staging} when the freeze began",
    Why.NOT_WAITING: "not all commits were in {staging} when the freeze began",
}


def refusal(
    verdicts: Sequence[FreezeVerdict],
    rules: Rules,
    ledger: Ledger | None,
    now: int,
    override: Sequence[str],
    source: tuple[str, str] = ("the ledger of embargoes", "can't be read"),
) -> list[str]:
    """Return the message for whoever pushes about those of ``verdicts`` that refuse; nothing when none does.

    ``override`` says, a line each, how a refusal is overridden by whoever may; ``source`` is what ``ledger`` was read
    from, and why it could not be.
    """
    refused = [verdict for verdict in verdicts if not verdict.allowed]
    if not refused:
        return []
    freeze = freeze_at(ledger, now) if ledger is not None else None
    over = last_freeze(ledger, now) if ledger is not None else None
    lines = [f"error: {_what(rules, freeze, over, source)}"]
    lines += [f"error: refused: {_told(verdict, rules)}" for verdict in refused]
    return [printable(line, one_line=True) for line in [*lines, *_next(freeze, over, override, source)]]


def _what(rules: Rules, freeze: Freeze | None, over: Freeze | None, source: tuple[str, str]) -> str:
    patterns = ", ".join(rules.frozen_refs)
    if freeze is not None:
        return (
            f"{patterns} and their release tags are frozen from {spelled(freeze.began)} until {spelled(freeze.ends)}"
            f"{_numbers(' for ', freeze)}"
        )
    if over is not None:
        return f"the freeze of {patterns} ended at {spelled(over.ends)}, but not all fixes are in{_numbers(': ', over)}"
    return f"{patterns} and their release tags count as frozen, since {' '.join(source)}"


def _numbers(before: str, freeze: Freeze) -> str:
    numbers = sorted({embargo.xsa for embargo in freeze.embargoes if embargo.xsa > 0})
    return before + ", ".join(f"XSA-{number}" for number in numbers) if numbers else ""


def _told(verdict: FreezeVerdict, rules: Rules) -> str:
    update = verdict.update
    words = _WORDS.get(verdict.why, "").format(staging=rules.staging_of(update.ref))
    return f"{_deed(update)} {update.ref.removeprefix('refs/heads/').removeprefix('refs/')}{words and f': {words}'}"


def _deed(update: Update) -> str:
    if update.new is None:
        return "deleting"
    return "creating" if update.old is None else "updating"


def _next(freeze: Freeze | None, over: Freeze | None, override: Sequence[str], source: tuple[str, str]) -> list[str]:
    if freeze is not None:
        wait = f"push it again after {spelled(freeze.ends)}, or leave it out and push the rest"
    elif over is not None:
        wait = "push the fixes first (git xsa-check shows what is missing), then this"
    else:
        wait = f"have {source[0]} repaired, then push again"
    return [f"hint: nothing was pushed: {wait}", *(f"hint: {line}" for line in override)]
