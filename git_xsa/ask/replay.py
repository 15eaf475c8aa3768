"""Replay history: would each advisory's fix have applied to the release before it, and with which tool?

The unit is a pair of a point release and an advisory whose fix the branch took after that release and before the
next one.  Each pair is judged twice: on the bare release, and on the release with the advisories before it, which a
packager has applied by then together with what they needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from git_xsa.ask.by_number import stored_advisories
from git_xsa.ask.question import Proposal, conclude, propose
from git_xsa.ask.session import Session
from git_xsa.ask.verdict import State
from git_xsa.git.branches import Branch
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE
from git_xsa.model.history import FileState
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import select

#: The fuzz that GNU patch allows by default.
DEFAULT_FUZZ = 2


@dataclass(frozen=True)
class Replayed:
    """What one way of applying made of the patches alone: taken at all, and every hunk where it belongs."""

    applies: bool
    right: bool


@dataclass(frozen=True)
class Pair:
    """One release and one advisory.

    ``patches`` and ``prerequisites`` are object names in order.  ``policies`` maps ``strict``, ``3way`` and
    ``patch-f2`` to what they make of the patches on the bare release.  ``further`` are the prerequisites that are
    still needed on the release with the advisories before this one.  ``stored``: the patches are given by the
    advisory in the store, and not by the marks alone.
    """

    branch: str
    base: str
    xsa: int
    state: State
    patches: tuple[str, ...]
    prerequisites: tuple[str, ...]
    policies: dict[str, Replayed]
    further: tuple[str, ...]
    stored: bool = False


@dataclass(frozen=True)
class ReleaseInterval:
    """What a branch took from the release ``base`` to ``until``: the next release, or ``None`` for the branch's tip.

    ``commits`` and ``fixes`` count all changes and those that say they fix an advisory.
    """

    branch: str
    base: str
    until: str | None
    commits: int
    fixes: int
    pairs: tuple[Pair, ...]


def intervals(session: Session, branch: Branch, policies: bool) -> Iterator[ReleaseInterval]:
    """Yield each release of ``branch``, the oldest first, with its pairs; without ``policies`` only the strict one is
    tried, where the line history does not decide.

    If the store has an advisory, it says what its patches are: not all of them have a mark.
    """
    releases = list(reversed(branch.releases))
    if not releases:
        return
    history = session.ranges.between(releases[0], branch.end)
    stored = store.fixes(releases[0], branch.end) if (store := stored_advisories(session)) is not None else {}
    places = [(history.position[release.id], release) for release in releases if release.id in history.position]
    places.sort(key=lambda place: place[0])
    ends = [*places[1:], (len(history.commits), None)]
    for (start, release), (end, following) in zip(places, ends, strict=True):
        replay = _Replay(history, branch.name, release, start, end, session.quarantine, policies, stored)
        fixes = sum(bool(history.marks(position)) for position in range(start + 1, end + 1))
        until = following.name if following is not None else None
        yield ReleaseInterval(branch.name, release.name, until, end - start, fixes, tuple(replay.pairs()))


class _Replay:
    """The pairs of one release; ``start`` is its position, ``end`` that of the next one."""

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self,
        history: Range,
        branch: str,
        release: Commit,
        start: int,
        end: int,
        quarantine: Quarantine,
        policies: bool,
        stored: Mapping[int, Sequence[int]],
    ) -> None:
        self._history = history
        self._branch = branch
        self._release = release
        self._start, self._end = start, end
        self._quarantine = quarantine
        self._policies = policies
        self._stored = stored

    def pairs(self) -> Iterator[Pair]:
        """Yield the pairs in the order in which the branch took the fixes (their last commits)."""
        found = {}
        for xsa, positions in self._history.advisories.items():
            whole = sorted({*positions, *self._stored.get(xsa, ())})
            inside = [position for position in whole if self._start < position <= self._end]
            if inside:
                found[xsa] = inside
        carried: set[int] = set()
        for xsa, patches in sorted(found.items(), key=lambda item: (item[1][-1], item[0])):
            proposal = propose(self._history, self._start, patches)
            state, _ = conclude(proposal, self._quarantine)
            together = select(self._history.history, self._start, carried | set(patches))
            further = [position for position in together.queue if position not in carried and position not in patches]
            carried = set(together.queue)
            yield Pair(
                self._branch, self._release.name, xsa, state, self._names(patches),
                self._names(proposal.selection.prerequisites), self._try(proposal, state), self._names(further),
                xsa in self._stored,
            )  # fmt: skip

    def _names(self, positions: list[int] | tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self._history.commits[position - 1].id for position in positions)

    def _try(self, proposal: Proposal, state: State) -> dict[str, Replayed]:
        """Return what each way of applying makes of the patches alone.

        Right is what the line history makes of them: each changed line between the lines it stands between there (see
        ``LineHistory.late_texts`` for the one freedom in that).  Where strict apply is right the others are, too.
        """
        if state is State.APPLIES:
            right = Replayed(applies=True, right=True)
            return {"strict": right, "3way": right, "patch-f2": right} if self._policies else {"strict": right}
        wanted = proposal.selection.wanted
        patches = [self._history.text(position) for position in wanted]
        entries = {path: self._history.history.entry(path, self._start) for path in self._made(wanted, late=False)}
        base = {path: entry for path, entry in entries.items() if entry is not None}
        fitting = [self._names_of(self._made(wanted, late)) for late in (False, True)]
        strict = self._quarantine.apply(base, patches)
        outcomes = {"strict": Replayed(strict.refused is None, strict.refused is None and strict.files in fitting)}
        if self._policies:
            merged = self._quarantine.three_way(base, patches)
            outcomes["3way"] = Replayed(merged.refused is None, merged.refused is None and merged.files in fitting)
            outcomes["patch-f2"] = self._fuzzy(base, patches, wanted)
        return outcomes

    def _made(self, wanted: tuple[int, ...], late: bool) -> dict[bytes, FileState | None]:
        """Return what the line history makes of the changes at ``wanted`` alone, whether they fit or not."""
        plain = self._history.plain_history
        plain.prepare(wanted)
        return plain.states(wanted, Chosen(self._start, frozenset(wanted)), late)

    def _names_of(self, states: dict[bytes, FileState | None]) -> dict[bytes, Entry]:
        length = self._history.hash_length
        return {path: (state.mode, state.object_name(length)) for path, state in states.items() if state is not None}

    def _fuzzy(self, base: dict[bytes, Entry], patches: list[bytes], wanted: tuple[int, ...]) -> Replayed:
        """Return what GNU patch makes of ``patches``; it knows nothing of symbolic links and submodules."""
        odd = (SYMLINK_MODE, SUBMODULE_MODE)
        plain = {path: name for path, (mode, name) in base.items() if mode not in odd}
        contents = self._history.contents(sorted(set(plain.values())))
        files = {path: contents[name] for path, name in plain.items()}
        made = self._quarantine.gnu_patch(files, patches, DEFAULT_FUZZ)
        right = []
        for late in (False, True):
            states = self._made(wanted, late)
            right.append({path: b"".join(s.lines) for path, s in states.items() if s is not None and s.mode not in odd})
        return Replayed(made is not None, made is not None and made in right)
