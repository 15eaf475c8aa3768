"""The verdict on one request: a base's state, what goes on it in which order, and what is known of what was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.ask import remarks
from git_xsa.ask.follow_ups import Later
from git_xsa.ask.unmarked import Unmarked
from git_xsa.git.log import LoggedCommit, Range
from git_xsa.git.repository import Commit
from git_xsa.model.selection import Selection
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.advisory.adaptations import Adaptation
    from git_xsa.advisory.other_trees import NotJudged
    from git_xsa.ask.newer_branches import Elsewhere

#: What an answer may have and be a yes all the same, for who says so.
PREREQUISITES = "prerequisites"
ACCEPTABLE = (PREREQUISITES,)


class State(str, Enum):
    """What is true of some patches and a base, as git-xsa-ideas(7) lists them."""

    APPLIES = "applies"
    NEEDS_PREREQUISITES = "needs-prerequisites"
    MISPLACED = "misplaced"
    CONFLICTS = "conflicts"
    ALREADY_APPLIED = "already-applied"
    PARTLY_APPLIED = "partly-applied"
    NO_PATCHES = "no-patches"

    @property
    def status(self) -> int:
        """The exit status that this state alone leads to."""
        if self is State.CONFLICTS:
            return 2
        return int(self in (State.NEEDS_PREREQUISITES, State.MISPLACED))


class Doubt(NamedTuple):
    """Why an answer is ``misplaced``: git refuses the change at ``position`` with ``message`` although it fits, or
    (no position) takes the queue but makes something else of the files at ``paths``."""

    position: int | None
    message: str
    paths: tuple[bytes, ...] = ()


class BuildState(str, Enum):
    """What the user's build makes of a queue."""

    BUILDS = "builds"
    #: Not even with every commit of the branch.
    FAILS = "fails"
    #: The base by itself does not build, so nothing can be said of the queue.
    BASE_FAILS = "base-fails"
    #: As before, because it takes longer than the limit.
    BASE_TIMEOUT = "base-timeout"

    @property
    def status(self) -> int:
        """The exit status that this leads to."""
        return {BuildState.BUILDS: 0, BuildState.FAILS: 2}.get(self, 128)


class Build(NamedTuple):
    """What came of building a queue with ``command``.

    ``tries`` counts the builds that ran, ``known`` the outcomes that were from the cache.  ``minimal`` says whether
    each ``build`` prerequisite was left out once, and the build failed.  ``log`` is that of the last failure, unless
    the queue builds.
    """

    command: str
    state: BuildState
    tries: int
    known: int
    minimal: bool
    log: Path | None = None


#: Why the store has no series of an advisory for a branch -> there is nothing to apply, as far as the advisory says.
_NOTHING_TO_APPLY = ("not-named", "other-trees", "no-patches")


class FoundPatch(NamedTuple):
    """A published patch: the name of its file, and the position of the change that it is in the answer's range.

    ``position`` is ``None`` where it is nowhere, 0 where the base had it before the range.  ``how`` says by what it
    was recognised, ``placed`` if it is no commit of the branch.  ``present``: the base has it.
    """

    name: str
    subject: str
    position: int | None
    how: str
    present: bool


class FoundSeries(NamedTuple):
    """What the store has of an advisory for a branch, and how it was chosen.

    ``title`` names the version, ``basis`` says why this series (or why there is none), ``baseline`` is the commit
    after which patches that are no commits were placed, ``prereqs`` are the advisories that are declared to come
    first.  ``doubts`` are sentences on who does not vouch for it.  ``headline`` and ``cves`` are the advisory's own
    title and CVE numbers as far as they are known, ``public`` says whether everybody may know them.  ``lacking`` are
    the commits of the branch that say they fix the advisory and that none of the patches is: they are in the answer.
    """

    number: int
    title: str
    basis: str
    label: str
    baseline: str
    patches: tuple[FoundPatch, ...]
    remark: Remark
    doubts: tuple[Remark, ...]
    prereqs: tuple[int, ...]
    signature: str
    headline: str = ""
    cves: tuple[str, ...] = ()
    public: bool = False
    lacking: tuple[int, ...] = ()

    @property
    def reason(self) -> Remark:
        """Why there are no patches of it."""
        return self.remark or remarks.no_patches_here(self.basis)


@dataclass(frozen=True)
class Verdict:
    """The answer to one request.

    ``asked`` are the advisories that were asked about by number, ``xsa_of`` maps the positions of the wanted commits
    to their advisories.  ``doubt`` is there exactly when ``state`` is ``misplaced``, ``build``
    when the queue was built.  ``rest`` is the answer about the advisories without a conflict, where others have one.
    ``unmarked`` are the commits without a mark among those of an advisory: the ones that are patches of it, and the
    ones that are not in the queue.
    """

    base: Commit
    tip: Commit
    range: Range
    state: State
    selection: Selection
    doubt: Doubt | None = None
    asked: tuple[int, ...] = ()
    xsa_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    build: Build | None = None
    found: tuple[FoundSeries, ...] = ()
    rest: Verdict | None = None
    #: The patch files that are for other trees.
    not_judged: tuple[NotJudged, ...] = ()
    unmarked: tuple[Unmarked, ...] = ()
    #: The follow-ups of the queue, as far as they are asked about.
    later: tuple[Later, ...] = ()
    #: What newer branches have that fixes a commit of the queue.
    elsewhere: tuple[Elsewhere, ...] = ()
    #: Position of a placed patch -> the commit of the branch that its header names, or that names what that does.
    on_branch: Mapping[int, LoggedCommit] = field(default_factory=dict)
    #: Whether the answer may be under embargo.
    private: bool = False
    #: The advisories that the rest can do without, and why each can't be in the queue.
    out: Mapping[int, Remark] = field(default_factory=dict)
    #: Position of a patch that was adapted by hand -> what it is; ``whole`` is the branch's range in that case.
    adapted: Mapping[int, Adaptation] = field(default_factory=dict)
    whole: Range | None = None

    @property
    def xsa(self) -> list[int]:
        """The advisories that the patches fix, by number; where there are none to apply since the base has them all,
        those that it has."""
        fixed = {*self.asked, *self._of_changes}.difference(self.unknown, self.without_patch)
        return sorted(fixed.difference(self.present) or fixed)

    @property
    def _of_changes(self) -> set[int]:
        return {number for numbers in self.xsa_of.values() for number in numbers}

    @property
    def unknown(self) -> list[int]:
        """The advisories that were asked for, but that the store does not have and no commit says it fixes, neither in
        the base nor after it."""
        return sorted(set(self.asked).difference((series.number for series in self.found), self._of_changes))

    @property
    def present(self) -> list[int]:
        """The advisories that were asked for, by number or by a patch, and of which the base has everything."""
        wanted = {number for position in self.selection.wanted for number in self.xsa_of.get(position, ())}
        return sorted(self._of_changes - wanted)

    @property
    def partly(self) -> list[int]:
        """The advisories of which the base has some changes and lacks others, by number."""
        wanted = set(self.selection.wanted)
        there = {number for position, numbers in self.xsa_of.items() if position not in wanted for number in numbers}
        return sorted(there.intersection(n for position in wanted for n in self.xsa_of.get(position, ())))

    @property
    def without_patch(self) -> list[int]:
        """The advisories that were asked for and that the store has, but no patch of them for this branch."""
        return sorted({series.number for series in self.found if not series.patches} - self._of_changes)

    @property
    def left_out(self) -> dict[int, Remark]:
        """Why each advisory that was asked for is not in the queue, the base's own among them."""
        nowhere = remarks.marked_nowhere(self.base.name, self.tip.spelled)
        reasons: dict[int, Remark] = dict.fromkeys(self.unknown, nowhere)
        reasons |= {one.number: one.reason for one in self.found if one.number in self.without_patch}
        reasons |= dict.fromkeys(self.present, remarks.has_all(self.base.name))
        reasons |= self.out
        return dict(sorted(reasons.items()))

    @property
    def unresolved(self) -> list[int]:
        """The advisories that were asked for and that are missing from the queue, or may be: they don't go in, nothing
        is known of them, or their patches can't be read.  One that the store knows to have no patch for this branch is
        none of them."""
        settled = {series.number for series in self.found if series.basis in _NOTHING_TO_APPLY}
        return sorted({*self.unknown, *self.without_patch, *self.out} - settled)

    def needed_advisories(self, number: int) -> set[int]:
        """Return the other advisories whose changes must come before those of the advisory ``number``."""
        pending = [position for position in self.selection.wanted if number in self.xsa_of.get(position, ())]
        reached: set[int] = set(pending)
        found: set[int] = set()
        while pending:
            for need in self.selection.needs.get(pending.pop(), set()) - reached:
                reached.add(need)
                pending.append(need)
                found.update(self.xsa_of.get(need) or self.range.marks(need))
        return found - {number}

    @property
    def undeclared(self) -> dict[int, set[int]]:
        """The advisories that must come first and that a recipe leaves out, by the advisory of the recipe."""
        missing = {
            series.number: self.needed_advisories(series.number) - set(series.prereqs)
            for series in self.found
            if series.basis == "recipe"
        }
        return {number: others for number, others in missing.items() if others}

    @property
    def queue(self) -> tuple[int, ...]:
        """What to apply, in order; nothing when it can't be applied."""
        return () if self.state is State.CONFLICTS else self.selection.queue

    def role(self, position: int) -> str:
        """Return ``patch`` for a wanted change, ``follow-up`` for a later fix of the queue, ``prerequisite`` for what
        these need."""
        if any(later.added and later.position == position for later in self.later):
            return "follow-up"
        return "patch" if position in self.selection.wanted else "prerequisite"

    @property
    def missing_later(self) -> tuple[Later, ...]:
        """The needed follow-ups that are not in the queue."""
        return tuple(later for later in self.later if later.needed and not later.added)

    @property
    def patches(self) -> tuple[int, ...]:
        """The changes that were asked for and that the base lacks, in order."""
        added = {later.position for later in self.later if later.added}
        return tuple(position for position in self.selection.wanted if position not in added)

    @property
    def status(self) -> int:
        """The exit status that this answer leads to: as its state, but prerequisites, adapted patches, doubt and what a
        recipe should have declared count in every one."""
        return self.status_with(())

    def status_with(self, accepted: Collection[str]) -> int:
        """Return the exit status for who takes what is ``accepted`` for a yes.

        ``prerequisites``: the queue may hold commits, and fixes of other advisories, that nothing declares.
        """
        built = self.build.state.status if self.build is not None else 0
        own = bool(self.doubt or self.adapted)
        if PREREQUISITES in accepted:
            state = 0 if self.state is State.NEEDS_PREREQUISITES else self.state.status
        else:
            state, own = self.state.status, bool(own or self.selection.prerequisites or self.undeclared)
        return max(state, int(own), built)
