"""The freeze rule: which updates of references an embargo allows.

From predisclosure until the last embargo of a batch lifts, the stable branches are frozen, all of them alike: so that
predisclosed patches keep applying, and so that the freeze itself does not reveal which branch is vulnerable::

    XSA-1   |==========|                    embargoes, each from its first instant up to, but not including, its last
    XSA-2         |==========|
    XSA-3                    |====|
            |=====================|         one freeze: it began with XSA-1 and ends with XSA-3

While it lasts nothing happens to a frozen reference, neither an update nor a deletion, a forced update nor its
re-creation.  One thing is allowed: the gate's move, a fast-forward of ``stable-X`` to a commit that was in
``staging-X`` when the freeze began, since that brings no new backport.  When the freeze is over and ``fixes_first``
is set, a branch takes nothing but the fixes that are missing on it, release commits and what had been waiting in
staging, on which the fixes stand, until the fixes are in; an update may bring them together with what comes after.

Promises: the answer depends on what is given alone.  Everything is a value, instants too: seconds since 1970-01-01
00:00 UTC.  What git knows about an update (``Update``) is worked out before.  In doubt it is frozen: when the
ledger can't be read, when the clock is before the journal, when no tip is known or several are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from git_xsa.model.instant import Instant
from git_xsa.model.release import version_of

HEADS = "refs/heads/"
TAGS = "refs/tags/"


@dataclass(frozen=True)
class Embargo:
    """An advisory that is kept secret from ``since`` on, and from ``until`` on no longer.

    ``lifted`` is when it was lifted, if somebody did.  ``tips`` are the commits at the end of each staging branch when
    it was written down, by the branch's name (several when remotes differ); ``fixes`` are the patch ids of its fixes,
    by the name of the stable branch.
    """

    xsa: int
    since: Instant
    until: Instant
    lifted: Instant | None = None
    tips: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fixes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def ends(self) -> Instant:
        """The first instant at which it is public; not after ``since`` when it never was secret."""
        return self.until if self.lifted is None else min(self.until, self.lifted)


@dataclass(frozen=True)
class Ledger:
    """All embargoes that were ever written down, and when the newest entry of the journal was made."""

    embargoes: tuple[Embargo, ...] = ()
    newest: Instant | None = None


@dataclass(frozen=True)
class Rules:
    """What is frozen, and what is allowed; ``*`` stands for the version, but for anything in ``frozen_refs``.

    A pattern of ``frozen_refs`` is matched against the whole name if it begins with ``refs/``, else against the names
    of branches.  ``gate`` allows the gate's move during a freeze.
    """

    frozen_refs: tuple[str, ...] = ("stable-*", "staging-*")
    stable_branch: str = "stable-*"
    staging_branch: str = "staging-*"
    release_tag: str = "RELEASE-*"
    gate: bool = True
    fixes_first: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of whole names."""
        return tuple(name if name.startswith("refs/") else HEADS + name for name in self.frozen_refs)

    def frozen(self, ref: str) -> bool:
        """Whether a freeze concerns ``ref``: one that a pattern names, or the tag of a release of such a branch."""
        if any(fnmatchcase(ref, pattern) for pattern in self.patterns):
            return True
        version = version_of(ref.removeprefix(TAGS), self.release_tag) if ref.startswith(TAGS) else None
        if version is None:
            return False
        stems = (".".join(map(str, version[:length])) for length in range(1, len(version)))
        branches = [HEADS + self.stable_branch.replace("*", stem) for stem in stems]
        return any(fnmatchcase(branch, pattern) for branch in branches for pattern in self.patterns)

    def _version(self, ref: str, pattern: str) -> str | None:
        """Return what stands for the version in the name of the branch ``ref``; ``None`` when it is none of those."""
        before, _, after = (HEADS + pattern).partition("*")
        inside = ref[len(before) : len(ref) - len(after)]
        return inside if inside and ref == before + inside + after else None

    def staging_of(self, ref: str) -> str | None:
        """Return the name of the branch from which the gate moves to the stable branch ``ref``."""
        version = self._version(ref, self.stable_branch)
        return self.staging_branch.replace("*", version) if version is not None else None

    def stable_of(self, ref: str) -> str | None:
        """Return the name of the stable branch that the fixes on ``ref``, a stable or staging branch, are made for."""
        version = self._version(ref, self.stable_branch) or self._version(ref, self.staging_branch)
        return self.stable_branch.replace("*", version) if version is not None else None


@dataclass(frozen=True)
class Arrival:
    """A commit that an update brings: its patch id, whether it only makes a release, those of the recorded tips that
    have it, and the patch ids of those before it that the update brings, too."""

    patch_id: str
    release: bool = False
    inside: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Update:
    """What somebody wants to happen to a reference, and what git knows about that.

    ``old`` is ``None`` for a reference that is created, ``new`` for one that is deleted.  ``inside`` are those of the
    recorded tips that have ``new`` in their history.  ``arrivals`` are the commits that ``new`` has and ``old`` has
    not, ``present`` the patch ids of those fixes that ``old`` has.
    """

    ref: str
    old: str | None
    new: str | None
    fast_forward: bool = False
    inside: frozenset[str] = frozenset()
    arrivals: tuple[Arrival, ...] = ()
    present: frozenset[str] = frozenset()


class Why(str, Enum):
    """The reason of a verdict."""

    NOT_CONCERNED = "not-concerned"
    NO_FREEZE = "no-freeze"
    UNREADABLE = "unreadable"
    GATE = "gate"
    FROZEN = "frozen"
    GATE_FORBIDDEN = "gate-forbidden"
    TIP_UNKNOWN = "tip-unknown"
    NOT_WAITING = "not-waiting"
    FIXES = "fixes"
    FIXES_FIRST = "fixes-first"

    @property
    def allowed(self) -> bool:
        """Whether an update with this reason is allowed."""
        return self in (Why.NOT_CONCERNED, Why.NO_FREEZE, Why.GATE, Why.FIXES)


@dataclass(frozen=True)
class FreezeVerdict:
    """Whether an update is allowed, and why.  ``missing`` are the fixes that have to come first (``FIXES_FIRST``)."""

    update: Update
    why: Why
    missing: frozenset[str] = frozenset()

    @property
    def allowed(self) -> bool:
        """Whether it may happen."""
        return self.why.allowed


@dataclass(frozen=True)
class Freeze:
    """One freeze: from ``began`` on, and from ``ends`` on no longer.  ``embargoes`` made it."""

    began: Instant
    ends: Instant
    embargoes: tuple[Embargo, ...]

    def tips(self, branch: str) -> frozenset[str]:
        """Return the commits that were recorded as the end of ``branch``.

        What was in staging when the freeze began is what all of them have: one that was recorded later can only have
        more, and one that was recorded before it began, less.
        """
        return frozenset().union(*(embargo.tips.get(branch, ()) for embargo in self.embargoes))


def clock_is_wrong(ledger: Ledger, now: Instant) -> bool:
    """Whether the clock is before the newest entry of the journal, and so can't be right."""
    return ledger.newest is not None and now < ledger.newest


def freeze_at(ledger: Ledger, now: Instant) -> Freeze | None:
    """Return the freeze in force at ``now``, ``None`` for none.

    A clock that is before the newest entry of the journal opens nothing: what had begun by that entry has begun.
    """
    latest = max(now, ledger.newest) if ledger.newest is not None else now
    active = tuple(embargo for embargo in _real(ledger) if embargo.since <= latest and now < embargo.ends)
    return _joined(ledger, active) if active else None


def last_freeze(ledger: Ledger, now: Instant) -> Freeze | None:
    """Return the freeze that ended last before ``now``, ``None`` when there was none yet or one is in force."""
    over = [embargo for embargo in _real(ledger) if embargo.ends <= now]
    if not over or freeze_at(ledger, now) is not None:
        return None
    end = max(embargo.ends for embargo in over)
    return _joined(ledger, tuple(embargo for embargo in over if embargo.ends == end))


def windows(ledger: Ledger, now: Instant) -> list[tuple[Instant, Instant]]:
    """Return begin and end of every freeze that is not over at ``now``, in order: overlapping embargoes are one."""
    found: dict[Instant, Instant] = {}
    for embargo in _real(ledger):
        if now < embargo.ends:
            freeze = _joined(ledger, (embargo,))
            found[freeze.began] = freeze.ends
    return sorted(found.items())


def past_freezes(ledger: Ledger, now: Instant) -> list[Freeze]:
    """Return every freeze that is over at ``now``, in order."""
    found = {}
    for embargo in _real(ledger):
        freeze = _joined(ledger, (embargo,))
        if freeze.ends <= now:
            found[freeze.began] = freeze
    return [freeze for _, freeze in sorted(found.items())]


def _real(ledger: Ledger) -> list[Embargo]:
    return [embargo for embargo in ledger.embargoes if embargo.since < embargo.ends]


def _joined(ledger: Ledger, part: Sequence[Embargo]) -> Freeze:
    """Return the freeze that ``part`` belongs to: with every embargo that overlaps or touches one of it."""
    began, ends = min(embargo.since for embargo in part), max(embargo.ends for embargo in part)
    rest = [embargo for embargo in _real(ledger) if embargo not in part]
    chosen = list(part)
    while True:  # ends: each round takes one of `rest` at least
        near = [embargo for embargo in rest if embargo.since <= ends and began <= embargo.ends]
        if not near:
            return Freeze(began, ends, tuple(chosen))
        rest = [embargo for embargo in rest if embargo not in near]
        chosen += near
        began = min(began, *(embargo.since for embargo in near))
        ends = max(ends, *(embargo.ends for embargo in near))


def judge(ledger: Ledger | None, rules: Rules, now: Instant, updates: Iterable[Update]) -> list[FreezeVerdict]:
    """Return the verdict on each of ``updates`` at ``now``, in their order; each is judged by itself.

    ``None`` is the ledger that can't be read: nothing that could be frozen moves then.
    """
    if ledger is None:
        return [
            FreezeVerdict(each, Why.UNREADABLE if rules.frozen(each.ref) else Why.NOT_CONCERNED) for each in updates
        ]
    freeze = freeze_at(ledger, now)
    over = last_freeze(ledger, now) if rules.fixes_first else None
    verdicts = []
    for update in updates:
        if not rules.frozen(update.ref):
            verdicts.append(FreezeVerdict(update, Why.NOT_CONCERNED))
        elif freeze is not None:
            verdicts.append(FreezeVerdict(update, _gate(rules, freeze, update)))
        elif over is not None:
            verdicts.append(_afterwards(ledger, rules, over, update))
        else:
            verdicts.append(FreezeVerdict(update, Why.NO_FREEZE))
    return verdicts


def _gate(rules: Rules, freeze: Freeze, update: Update) -> Why:
    """Return why ``update`` of a frozen reference is the gate's move, or why it is none."""
    staging = rules.staging_of(update.ref)
    if staging is None or update.old is None or update.new is None or not update.fast_forward:
        return Why.FROZEN
    tips = freeze.tips(staging)
    if not tips:
        return Why.TIP_UNKNOWN
    if not tips <= update.inside:
        return Why.NOT_WAITING
    return Why.GATE if rules.gate else Why.GATE_FORBIDDEN


def _afterwards(ledger: Ledger, rules: Rules, over: Freeze, update: Update) -> FreezeVerdict:
    """Judge an update when no freeze is in force and ``over`` was the last one, with fixes first.

    Fixes of batches before the last one count, too, as long as they are missing.  What had been waiting in staging may
    pass even where the gate was closed during the freeze: the fixes stand on it.
    """
    stable = rules.stable_of(update.ref)
    fixes = public_fixes(ledger, over).get(stable, frozenset()) if stable is not None else frozenset()
    missing = fixes - update.present
    if stable is None or not missing:
        return FreezeVerdict(update, Why.NO_FREEZE)
    waiting = over.tips(rules.staging_of(HEADS + stable) or "")
    moves = update.old is not None and update.new is not None and update.fast_forward
    if moves and all(_first(arrival, fixes, waiting) or missing <= arrival.behind for arrival in update.arrivals):
        return FreezeVerdict(update, Why.FIXES)
    return FreezeVerdict(update, Why.FIXES_FIRST, missing)


def public_fixes(ledger: Ledger, over: Freeze) -> dict[str, frozenset[str]]:
    """Return the patch ids of all fixes that are public at the end of the freeze ``over``, by stable branch."""
    found: dict[str, frozenset[str]] = {}
    for embargo in _real(ledger):
        for branch, patches in embargo.fixes.items() if embargo.ends <= over.ends else ():
            found[branch] = found.get(branch, frozenset()) | patches
    return found


def oldest_tips(ledger: Ledger, staging: str) -> frozenset[str]:
    """Return what was in the branch ``staging`` when the first of all embargoes that have fixes was written down.

    No fix of any of them was there before.
    """
    fixed = [embargo for embargo in _real(ledger) if embargo.fixes]
    return min(fixed, key=lambda embargo: embargo.since).tips.get(staging, frozenset()) if fixed else frozenset()


def _first(arrival: Arrival, fixes: frozenset[str], waiting: frozenset[str]) -> bool:
    """Whether a commit may come before all fixes are in: a fix, a release's commit, one that had been waiting."""
    return arrival.patch_id in fixes or arrival.release or bool(waiting and waiting <= arrival.inside)
