"""The words of ``git xsa-status``, and its JSON; the table is in ``status_table``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from git_xsa.ask.verdict import State
from git_xsa.model.instant import Instant, rfc3339, spelled
from git_xsa.model.words import advisory_names, count
from git_xsa.release.due import Due, DueKind, Landing
from git_xsa.release.status import AdvisoryStatus, BranchStatus, Status
from git_xsa.report.as_json import FORMAT
from git_xsa.report.style import Part

MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: After how long what was fetched last is said to be old.
STALE = DAY
#: The same of the newest commit, where git hasn't written down when it fetched.
LONG_STALE = 30 * DAY
#: So many advisories are named where others may be counted: the lines below name them all.
NAMED = 4
#: Kinds of which nothing more needs to be said when no advisory is outstanding.
QUIET = (DueKind.NOTHING, DueKind.NO_RELEASE, DueKind.NOT_SUPPORTED)


def distance(seconds: int) -> str:
    """Return how long that is, in the unit that fits: ``47 minutes``, ``3 hours``, ``118 days``."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= 2 * unit or (unit == MINUTE and seconds >= unit):
            return count(seconds // unit, name)
    return "less than a minute"


def day(instant: Instant) -> str:
    """Return the day of ``instant`` in UTC."""
    return spelled(instant)[:10]


def due_words(due: Due, now: Instant) -> str:
    """Return what is due, in at most 19 characters."""
    if due.kind is DueKind.NOW:
        if due.held:
            return "after the freeze" if due.not_before is not None else "release now?"
        return "fixes, then release" if due.first else "release now"
    if due.kind is DueKind.DUE_BY and due.at is not None:
        return "overdue" if due.late(now) else f"due by {day(due.at)}"
    return {
        DueKind.CONFLICTS: "release: conflicts",
        DueKind.AT_LIFT: "release at lift",
        DueKind.NO_RELEASE: "no release yet",
        DueKind.NOT_SUPPORTED: "not supported",
    }.get(due.kind, "nothing due")


def due_style(due: Due, now: Instant) -> str:
    """Return the style in which that is shown."""
    if due.acts(now):
        return "bold red"
    if due.late(now) or due.kind is DueKind.AT_LIFT:
        return "yellow"
    return "cyan" if due.kind is DueKind.DUE_BY else "dim" if due.kind is DueKind.NOT_SUPPORTED else "green"


def reason(status: BranchStatus, now: Instant) -> str:
    """Return why that is due, and what comes first, in a sentence without an end."""
    due = status.due
    release = status.release.name if status.release is not None else ""
    words = []
    if due.kind is DueKind.CONFLICTS:
        words.append(f"{_names(due.advisories)} {_do(due.advisories, 'not apply')} to {release} alone")
    elif due.kind is DueKind.NOW:
        words.append(_landed(status))
    elif due.kind is DueKind.AT_LIFT:
        when = f"at {spelled(due.at)}, in {distance(due.at - now)}" if due.at is not None else "once its embargo lifts"
        one = len(due.advisories) == 1
        doubt = ", which may or may not concern it," if _doubtful(status) else ""
        words.append(f"{_names(due.advisories)}{doubt} {'is' if one else 'are'} public {when}")
    elif due.kind is DueKind.DUE_BY and due.at is not None:
        words.append(f"since {day(due.at)}" if due.late(now) else f"{release} is from {day(status.released or 0)}")
    elif due.kind is DueKind.NOTHING and not status.commits:
        words.append(f"no commits since {release}")
    return "; ".join(filter(None, [*words, *_first(status)]))


def _doubtful(status: BranchStatus) -> bool:
    """Whether a release at the end of an embargo is due only if that concerns the branch, which nobody knows here."""
    known = {advisory.rule.xsa for advisory in status.advisories if advisory.rule.landing is not Landing.UNKNOWN}
    return status.due.kind is DueKind.AT_LIFT and known.isdisjoint(status.due.advisories)


def _names(numbers: Sequence[int]) -> str:
    """Return the names of a few advisories, or how many they are."""
    return advisory_names(numbers) if len(numbers) <= NAMED else f"{len(numbers)} XSAs"


def _do(numbers: tuple[int, ...], verb: str) -> str:
    return f"{'does' if len(numbers) == 1 else 'do'} {verb}"


def _landed(status: BranchStatus) -> str:
    """Return since when the fixes that are in have been in, the first of them."""
    landed = [
        a for a in status.advisories if a.rule.xsa in status.due.advisories and a.rule.xsa not in status.due.first
    ]
    times = [advisory.landed_at for advisory in landed if advisory.landed_at is not None]
    if not landed:
        return ""
    since = f" since {day(min(times))}" if times else ""
    names = _names([advisory.rule.xsa for advisory in landed])
    return f"{names} {'is' if len(landed) == 1 else 'are'} fixed on the branch{since}"


def _first(status: BranchStatus) -> list[str]:
    """Return what has to come to the branch before the release."""
    where = {advisory.rule.xsa: advisory.rule.landing for advisory in status.advisories}
    waiting = [number for number in status.due.first if where[number] is Landing.STAGING]
    partly = [number for number in status.due.first if where[number] is Landing.PARTLY]
    missing = [number for number in status.due.first if where[number] is Landing.MISSING]
    staging = status.staging.name if status.staging is not None else "staging"
    words = []
    if waiting:
        words.append(f"{_names(waiting)} still {'waits' if len(waiting) == 1 else 'wait'} in {staging}")
    if partly:
        words.append(f"a part of {_names(partly)} is missing on the branch")
    if missing:
        words.append(f"{_names(missing)} {_has(missing)} no fix on the branch yet")
    return words


def _has(numbers: list[int]) -> str:
    return "has" if len(numbers) == 1 else "have"


def advisory_words(advisory: AdvisoryStatus, now: Instant) -> str:
    """Return what there is to be said of one advisory: whether it applies, where its fix is, until when it is
    secret."""
    words = [{
        State.APPLIES: "applies",
        State.NEEDS_PREREQUISITES: f"needs {count(advisory.needs, 'prerequisite')}",
        State.MISPLACED: "would be misplaced by git apply",
        State.CONFLICTS: "can't be applied",
        None: "may or may not apply",
    }.get(advisory.state, "")]  # fmt: skip
    if advisory.after:
        words.append(f"after {advisory_names(advisory.after)}")
    return ", ".join(filter(None, [*words, _where(advisory, now)]))


def _where(advisory: AdvisoryStatus, now: Instant) -> str:
    """Return where the fix is and until when it is secret; nothing when it is public and on the branch."""
    rule = advisory.rule
    words = {
        Landing.PARTLY: ["only a part of the fix is on the branch"],
        Landing.STAGING: ["fix waits in staging"],
        Landing.MISSING: ["fix is missing"],
        Landing.UNKNOWN: ["no patch is known"],
    }.get(rule.landing, [])
    if rule.hidden(now):
        words.append(f"embargoed until {spelled(rule.until)}" if rule.until is not None else "embargoed")
    elif rule.landing is Landing.UNKNOWN and rule.until is not None:
        words.append(f"public since {spelled(rule.until)}")
    return ", ".join(words)


def told(status: BranchStatus, now: Instant) -> list[tuple[str, str]]:
    """Return what there is to be said of a branch's advisories, each with its style: one by one of those that don't
    simply apply, and together of those that do and of which the same holds."""
    lines = []
    groups: dict[tuple[str, str], list[int]] = {}
    for one in status.advisories:
        words, where = _applies(one), _where(one, now)
        if words:
            groups.setdefault((words, where), []).append(one.rule.xsa)
        else:
            lines.append((f"XSA-{one.rule.xsa} {advisory_words(one, now)}", advisory_style(one)))
    for (words, where), numbers in sorted(groups.items(), key=lambda group: group[0] == ("apply", "")):
        style = "green" if words == "apply" else "yellow"
        if (words, where) == ("apply", ""):
            more = " more" if lines else ""
            verb = "applies" if len(numbers) == 1 else "apply"
            lines.append((f"{len(numbers)}{more} {verb}: {advisory_names(numbers)}", style))
        else:
            verb = {"apply": "applies"}.get(words, words) if len(numbers) == 1 else words
            lines.append((f"{advisory_names(numbers)} {verb}{', ' if where else ''}{where}", style))
    return lines


def _applies(advisory: AdvisoryStatus) -> str:
    """Return the words for a state that several advisories may share a line in; nothing for one that needs its own."""
    return {State.APPLIES: "apply", None: "may or may not apply"}.get(advisory.state, "")


def advisory_style(advisory: AdvisoryStatus) -> str:
    """Return the style in which that is shown."""
    if advisory.state in (State.CONFLICTS, State.MISPLACED):
        return "red"
    return "yellow" if advisory.state is not State.APPLIES else "green"


def head_lines(status: Status, frozen_refs: Iterable[str]) -> list[list[Part]]:
    """Return what holds for all branches: what is due, what is frozen, and how old the answer is."""
    lines: list[list[Part]] = [_summary(status), _freeze(status, ", ".join(frozen_refs) or "nothing")]
    ready = [one.following for one in status.branches if one.due.acts(status.now) and not one.due.first]
    if any(ready):
        lines.insert(1, [f"Next: git xsa-release {' '.join(filter(None, ready))}"])
    seen, limit, words = (
        (status.fetched, STALE, "The last git fetch was {} ago: newer commits are not included.")
        if status.fetched is not None
        else (status.newest, LONG_STALE, "The newest commit here is {} old: run git fetch to get newer ones.")
    )
    if seen is not None and status.now - seen >= limit:
        lines.append([(words.format(distance(status.now - seen)), "yellow")])
    return lines


def _summary(status: Status) -> list[Part]:
    acting = [one.branch.name for one in status.branches if one.due.acts(status.now)]
    waiting = [one for one in status.branches if one.due.late(status.now) and not one.due.acts(status.now)]
    lifting = [one for one in status.branches if one.due.kind is DueKind.AT_LIFT]
    dates = [one.due.at for one in status.branches if one.due.kind is DueKind.DUE_BY and one.due.at is not None]
    ready = [one.branch.name for one in status.branches if one.due.acts(status.now) and not one.due.first]
    if acting:
        first = [name for name in acting if name not in ready]
        words = [f"a release of {', '.join(ready)} is due now"] if ready else []
        words += [f"a release of {', '.join(first)} is due once the fixes are in"] if first else []
        sentence = "; ".join(words)
        return [(f"{sentence[0].upper()}{sentence[1:]}.", "bold red")]
    later = [one for one in status.branches if one in waiting or one in lifting]
    if later:
        ends = [instant for one in later if (instant := one.due.not_before or one.due.at) is not None]
        when = f"{spelled(min(ends))}, in {distance(min(ends) - status.now)}" if ends else "the embargo lifts"
        names = ", ".join(one.branch.name for one in later)
        perhaps = "perhaps " if all(map(_doubtful, later)) else ""
        fixes = _lifting(later, min(ends)) if ends else []
        fix = f"the fixes of {_names(fixes)}, and " if len(fixes) > 1 else f"the fix of {_names(fixes)}, and "
        return [(f"Nothing is due before {when}; then {fix if fixes else ''}{perhaps}a release of {names}.", "yellow")]
    if dates:
        return [(f"Nothing is due now; the next release is due by {day(min(dates))}.", "cyan")]
    return [("Nothing is due.", "green")]


def _lifting(branches: Sequence[BranchStatus], instant: Instant) -> list[int]:
    """Return the advisories that become public by ``instant`` and whose fix is then to be brought to a branch."""
    rules = [advisory.rule for one in branches for advisory in one.advisories]
    coming = (Landing.PARTLY, Landing.MISSING)
    return sorted(
        {r.xsa for r in rules if r.secret and r.until is not None and r.until <= instant and r.landing in coming}
    )


def _freeze(status: Status, refs: str) -> list[Part]:
    if status.ledger is None:
        return [("It is not known whether branches are frozen: the ledger of embargoes can't be read.", "bold red")]
    if status.freeze is not None:
        ends = status.freeze.ends
        return [(f"Frozen until {spelled(ends)}, in {distance(ends - status.now)}: {refs}", "yellow")]
    if status.coming:
        begin, end = status.coming[0]
        return [(f"Not frozen; from {spelled(begin)} until {spelled(end)}: {refs}", "cyan")]
    return [("Not frozen.", "")]


def staging_words(one: BranchStatus) -> str:
    """Return how far staging is ahead, in words; nothing without staging."""
    if one.staging is None:
        return ""
    staging = one.staging
    fixes = f", {count(staging.fixes, 'security fix')} among them" if staging.fixes else ""
    behind = f", and lacks {count(staging.behind, 'commit')} of the branch" if staging.behind else ""
    ahead = f"is {count(staging.ahead, 'commit')} ahead" if staging.ahead else "is not ahead"
    return f"{staging.name} {ahead}{fixes}{behind}"


# For programs


def document(status: Status) -> dict[str, Any]:
    """Return everything as JSON's values."""
    return {
        "format": FORMAT,
        "now": rfc3339(status.now),
        "fetched": _instant(status.fetched),
        "newest_commit": _instant(status.newest),
        "freeze_known": status.ledger is not None,
        "frozen_until": _instant(status.freeze.ends if status.freeze is not None else None),
        "coming_freezes": [{"begins": rfc3339(begin), "ends": rfc3339(end)} for begin, end in status.coming],
        "left_out": status.left_out,
        "branches": [_branch(one, status) for one in status.branches],
    }


def _branch(one: BranchStatus, status: Status) -> dict[str, Any]:
    release = None
    if one.release is not None:
        made = _instant(one.released)
        release = {"name": one.release.name, "commit": one.release.id, "version": one.version, "made": made}
    staging = one.staging
    frozen = None if status.ledger is None and one.frozen else one.frozen and status.freeze is not None
    return {
        "branch": one.branch.name,
        "tip": {"name": one.branch.end.spelled, "commit": one.branch.tip},
        "supported": one.supported,
        "security_support_until": one.security_until.isoformat() if one.security_until is not None else None,
        "release": release,
        "next_release": one.following or None,
        "commits": one.commits,
        "security_commits": one.fixes,
        "staging": None if staging is None else {
            "branch": staging.name, "ahead": staging.ahead, "security_commits": staging.fixes, "behind": staging.behind,
        },
        "frozen": frozen,
        "frozen_until": _instant(status.freeze.ends if frozen and status.freeze is not None else None),
        "outstanding": [_advisory(advisory, status.now) for advisory in one.advisories],
        "due": {
            "kind": one.due.kind.value,
            "now": one.due.acts(status.now),
            "at": _instant(one.due.at),
            "not_before": _instant(one.due.not_before),
            "held": one.due.held,
            "xsa": list(one.due.advisories),
            "first": list(one.due.first),
            "why": reason(one, status.now),
        },
    }  # fmt: skip


def _advisory(advisory: AdvisoryStatus, now: Instant) -> dict[str, Any]:
    rule = advisory.rule
    return {
        "xsa": rule.xsa,
        "state": advisory.state.value if advisory.state is not None else None,
        "prerequisites": advisory.needs,
        "after": list(advisory.after),
        "landing": rule.landing.value,
        "landed": _instant(advisory.landed_at),
        "embargoed": rule.hidden(now),
        "until": _instant(rule.until),
    }


def _instant(instant: Instant | None) -> str | None:
    return rfc3339(instant) if instant is not None else None
