"""What a hook says when the freeze rule refuses updates: what is frozen, why, until when, and what to do.

Of an embargo, only what the policy allows: the numbers of the advisories and instants, and even the numbers only
where they are known (a server has none).  All frozen references are named alike, by their patterns, whatever was
pushed: which of them are affected nobody learns.
"""

from __future__ import annotations

from git_xsa.embargo.judgement import Judgement
from git_xsa.embargo.remarks import unreadable
from git_xsa.embargo.rule import Freeze, FreezeVerdict, Rules, Why
from git_xsa.model.instant import spelled
from git_xsa.report import remarks
from git_xsa.report.aside import Complaint
from git_xsa.wording import NOTHING, Remark


def refusal(judgement: Judgement, override: Remark, source: str = "the ledger of embargoes") -> Complaint:
    """Return what is said to whoever pushes about the updates that ``judgement`` refuses.

    ``override`` says how that is overridden by whoever may; ``source`` is what the ledger is read from.
    """
    patterns = ", ".join(judgement.rules.frozen_refs)
    if (freeze := judgement.freeze) is not None:
        end = spelled(freeze.ends)
        what = remarks.frozen_until(patterns, spelled(freeze.began), end, _numbers(freeze))
        wait = remarks.push_after(end)
    elif (over := judgement.over) is not None:
        what = remarks.fixes_come_first(patterns, spelled(over.ends), _numbers(over))
        wait = remarks.push_fixes_first()
    else:
        what = remarks.counts_as_frozen(patterns, source, judgement.trouble or unreadable())
        wait = remarks.repair_first(source)
    told = (_told(verdict, judgement.rules) for verdict in judgement.refused)
    return Complaint([what, *told], [wait, override])


def _numbers(freeze: Freeze) -> list[int]:
    return sorted({embargo.xsa for embargo in freeze.embargoes if embargo.xsa > 0})


def _told(verdict: FreezeVerdict, rules: Rules) -> Remark:
    update = verdict.update
    deed = "deleting" if update.new is None else "creating" if update.old is None else "updating"
    return remarks.refused(deed, update.ref.removeprefix("refs/heads/").removeprefix("refs/"), _why(verdict, rules))


def _why(verdict: FreezeVerdict, rules: Rules) -> Remark:
    """Return what is added about a refused update; most need no more words."""
    if verdict.why is Why.GATE_FORBIDDEN:
        return remarks.gate_is_closed()
    staging = f"{rules.staging_of(verdict.update.ref)}"
    if verdict.why is Why.TIP_UNKNOWN:
        return remarks.tip_is_unknown(staging)
    return remarks.was_not_waiting(staging) if verdict.why is Why.NOT_WAITING else NOTHING
