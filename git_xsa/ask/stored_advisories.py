"""Ask about advisories from the store: choose their patches for a branch, recognise or place each one.

What the store has of an advisory comes before the marks in the branch's history, which show only a part of a patch set
(prerequisites that are shipped with an advisory have no mark).  A patch that the branch has as a commit is asked about
as that commit.  The others get their place at the end of the branch, or of an older state of it that they were made
for, all at one commit if there is one where they fit; what does not fit with the rest is asked about by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from git_xsa.advisory.editions import Edition
from git_xsa.advisory.patch_choice import Finding
from git_xsa.advisory.problems import Unplaced
from git_xsa.advisory.problems import intake as advisory_problems
from git_xsa.advisory.series import Baseline, place_groups
from git_xsa.advisory.trust import ChecksumState, Vouching, check_signature
from git_xsa.ask import remarks
from git_xsa.ask.compose import compose
from git_xsa.ask.marked import fixed, fixed_by_own
from git_xsa.ask.own_store import OwnStore
from git_xsa.ask.pending import Pending, fits_base, on_base, placed_together
from git_xsa.ask.question import Published, Question, propose
from git_xsa.ask.recognise import Locator
from git_xsa.ask.series_finder import SeriesFinder, Target, commits_taken, on_the_branch, without_lacking
from git_xsa.ask.verdict import FoundPatch, FoundSeries, State
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.advisory.text import Advisory
    from git_xsa.ask.session import Session


class StoredAdvisories:
    """The advisories in the store ``kept``, asked about in ``session``."""

    def __init__(self, session: Session, kept: OwnStore) -> None:
        self._session = session
        self.library = library = kept.library
        self._secrecy = kept.secrecy
        self._vouchings: dict[tuple[int, str], Vouching] = {}
        self._finder = SeriesFinder(session, library)

    @cached_property
    def numbers(self) -> frozenset[int]:
        """The advisories in the store."""
        return frozenset(self.library.numbers())

    def public_text(self, number: int) -> Advisory | None:
        """Return the newest text of an advisory, ``None`` when there is none, or none that is known to be public."""
        edition = self.library.newest(number)
        return edition.advisory if edition is not None and self._secrecy.public(number) else None

    def outstanding(self, base: Commit, tip: Commit, known: Sequence[int]) -> list[int]:
        """Return which advisories of the store a check of ``base`` must look at, besides ``known``.

        Left out are those that commits in the base's history say they fix, as long as no later one says so, too, and
        not fewer of them than there are patches.  Where there are fewer, what the branch lacks of them must fit on it.
        """
        history = self._session.ranges.between(base, tip)
        start = history.position[base.id]
        fixed = self._finder.early(history)
        found, doubtful = [], []
        for number in sorted(self.numbers - set(known)):
            positions = history.advisories.get(number, [])
            edition = self.library.newest(number)
            choice = self._finder.choose(edition, base, tip) if edition is not None else None
            if choice is None or choice.found not in (Finding.SERIES, Finding.MISSING):
                continue
            if (number in fixed or positions) and not any(position > start for position in positions):
                commits = len(fixed.get(number, ())) + len(positions)
                if choice.series and commits < min(len(series.paths) for series in choice.series):
                    doubtful.append(number)
                continue
            found.append(number)
        return sorted([*found, *(self._half_there(base, tip, doubtful) if doubtful else ())])

    def _half_there(self, base: Commit, tip: Commit, numbers: Sequence[int]) -> list[int]:
        """Return those of ``numbers`` of which neither the base nor the branch has every patch, as what the files hold
        tells: the ones that it lacks can be applied.

        The branch is read from its first release on, since the other patches may be commits before the base.
        """
        branch = self._session.branches.of_base(base)
        if branch is not None and branch.releases:
            self._session.ranges.between(branch.releases[-1], tip)
        history = self._session.ranges.between(base, tip)
        locator = Locator(self._session.repository, history, base)
        found = []
        for number in numbers:
            asked = self._finder.resolve(number, Target(base, tip), locator, history)
            if asked.series is not None and asked.pending and not asked.trouble:
                found.append(number)
        return found

    def ask(self, base: Commit, tip: Commit, numbers: Iterable[int], named: bool) -> list[Question]:
        """Ask about the advisories ``numbers``, all together as far as that can be.

        ``named``: a person asked for just these, so one that the base has is reported, too; else it is left out.
        """
        history = self._session.ranges.between(base, tip)
        wanted = sorted(set(numbers))
        kept = self._with_prerequisites([number for number in wanted if number in self.numbers], base, tip)
        locator = Locator(self._session.repository, history, base)
        asked = [self._finder.resolve(number, Target(base, tip), locator, history) for number in kept]
        target = Target(base, tip)
        others = tuple(other for one in asked for other in one.not_judged)
        if not named:
            asked = [one for one in asked if not self._is_present(one, history.position[base.id])]
        unfit = [one.number for one in asked if one.series is None and one.trouble]
        while True:  # ends: each round but the first has fewer files to be placed
            unfit = [number for number in unfit if self._marked(history, [number], base)]
            asked = [one if one.number not in unfit else on_the_branch(one, target) for one in asked]
            questions, unfit = self._queues(target, history, asked, wanted, named)
            if not any(self._marked(history, [number], base) for number in unfit):
                return [replace(questions[0], not_judged=others), *questions[1:]]

    def _queues(
        self, target: Target, history: Range, asked: Sequence[Pending], wanted: Sequence[int], named: bool
    ) -> tuple[list[Question], list[int]]:
        """Return the questions, and the advisories of which some files fit nowhere or into no queue."""
        base = target.base
        usable = [one for one in asked if one.series is not None]
        others = [number for number in wanted if number not in {one.number for one in usable}]
        marked = self._marked(history, others, base)
        together, left = self._together(history, base, usable, marked)
        rest = [number for number in others if not (number in self.numbers and not named and number not in marked)]
        told = [
            one for one in asked if one.series is None and (named or one.trouble or one.choice.found is Finding.BRANCH)
        ]
        joined = [one for one in usable if one not in left]
        questions = [self._question(target, together, joined, marked, rest, told)]
        stuck = history.base is not None and questions[0].proposal.state is State.CONFLICTS
        if stuck and any(one.lacking for one in joined):
            joined = [without_lacking(one, target, history) for one in joined]
            questions = [self._question(target, together, joined, marked, rest, told)]
        if history.base is not None and not marked and fits_base(self._session, questions[0]):
            found = on_base(self._session.repository, history.base, joined)
            if found is not None:
                questions[0] = self._question(target, found[0], found[1], {}, rest, told)
        conflicts = history.base is None and questions[0].proposal.state is State.CONFLICTS
        alone = [self._alone(target, history, one) for one in left]
        on_own_tree = [question for question in alone if question.proposal.state is not State.CONFLICTS]
        unfit = [one.number for one in (*left, *(joined if conflicts else ())) if one.pending]
        if history.base is not None:  # what was made for that very tree is what its user wants
            unfit = [number for number in unfit if all(number not in question.asked for question in on_own_tree)]
        questions += alone
        if len(questions) > 1 and not questions[0].xsa_of and not questions[0].asked:
            questions.pop(0)
        return questions, unfit

    def fixes(self, base: Commit, tip: Commit) -> dict[int, list[int]]:
        """Return the commits that the patches of advisories have become, for those of the store that the branch says it
        has after ``base``: the number -> positions in the range.

        Left out are those of whose patches none is a commit of the branch.  ``Refused`` as in ``ask``.
        """
        history = self._session.ranges.between(base, tip)
        locator = Locator(self._session.repository, history, base)
        found = {}
        for number in sorted(self.numbers & history.advisories.keys()):
            asked = self._finder.resolve(number, Target(base, tip), locator, history)
            located = {place.position for place in asked.places if place is not None and place.position}
            positions = sorted(located | set(asked.lacking)) if located else []
            if positions and asked.series is not None:
                self._doubts(asked.edition, asked.series.paths)
                found[number] = positions
        return found

    def unvouched(self) -> list[str]:
        """Return the versions that were used so far and that nobody who is trusted vouches for, by their titles."""
        doubtful = [key for key, vouching in self._vouchings.items() if vouching.sentence()]
        return [f"XSA-{number} {name}" for number, name in sorted(doubtful)]

    # What there is

    def _with_prerequisites(self, numbers: Sequence[int], base: Commit, tip: Commit) -> list[int]:
        """Return ``numbers`` and the advisories that their recipes declare to come first, as far as they are there."""
        found: dict[int, None] = dict.fromkeys(numbers)
        pending = list(numbers)
        while pending:
            edition = self.library.newest(pending.pop())
            choice = self._finder.choose(edition, base, tip) if edition is not None else None
            for number in choice.series[0].prereqs if choice is not None and choice.series else ():
                if number in self.numbers and number not in found:
                    found[number] = None
                    pending.append(number)
        return list(found)

    def _vouching(self, edition: Edition) -> Vouching:
        key = (edition.number, edition.name)
        if key not in self._vouchings:
            signed = edition.advisory.signed if edition.advisory is not None else b""
            self._vouchings[key] = check_signature(signed, self._session.settings.trusted_keys)
        return self._vouchings[key]

    def _doubts(self, edition: Edition, paths: Sequence[str]) -> list[Remark]:
        """Return what is to be said of who vouches for the files ``paths``; ``Refused`` where that is required."""
        words = self._vouching(edition).sentence()
        doubts: list[Remark] = []
        if words and edition.version:
            doubts.append(remarks.said_of_the_text(edition.title, words))
        elif words:
            doubts.append(remarks.no_trusted_signature(edition.title))
        for path in paths if edition.version else ():
            state = edition.state(path)
            if state is ChecksumState.WRONG:
                doubts.append(remarks.other_checksum(path, edition.title))
            elif state is ChecksumState.UNLISTED:
                doubts.append(remarks.no_checksum(path, edition.title))
        if doubts and self._session.settings.require_signature:
            raise advisory_problems.signature_required(doubts[0])
        more = self._vouching(edition).remark() if not words else NOTHING
        return [*doubts, remarks.said_of_the_text(edition.title, more)] if more else doubts

    @staticmethod
    def _is_present(asked: Pending, start: int) -> bool:
        """Whether the base has all patches of the advisory, or there is nothing to report."""
        if asked.series is None:
            return not asked.trouble
        return not asked.lacking and all(place is not None and place.position <= start for place in asked.places)

    def _marked(self, history: Range, numbers: Sequence[int], base: Commit) -> dict[int, list[int]]:
        """Return the positions of the commits that say they fix ``numbers``, as without a store."""
        own = fixed_by_own(history)
        start = history.position[base.id]
        marked: dict[int, list[int]] = {}
        for number in numbers:
            later = [p for p in history.advisories.get(number, ()) if p > start]
            if later and number not in own:
                marked[number] = later
        return marked

    # One queue

    def _together(
        self, history: Range, base: Commit, usable: list[Pending], marked: dict[int, list[int]]
    ) -> tuple[Baseline | Range, list[Pending]]:
        """Return where the pending patches stand together (the range as it is when none is pending), and what does not
        fit with the rest."""
        last = [one.last for one in usable]
        start = max([history.position[base.id], *last, *(p for found in marked.values() for p in found)])
        waiting = [one for one in usable if one.pending]
        if not waiting:
            return history, []
        repository = self._session.repository
        everything = placed_together(repository, history, start, [one.group for one in waiting])
        if everything is not None:
            return everything, []
        # What fits nowhere by itself may fit after another one, so it is tried again when that is in.
        fitting: list[Pending] = []
        found: Baseline | None = None
        fresh = True
        while fresh:  # ends: each round but the last takes one of `waiting`
            fresh = False
            for one in list(waiting):
                larger = placed_together(repository, history, start, [other.group for other in (*fitting, one)])
                if larger is not None:
                    waiting.remove(one)
                    fitting.append(one)
                    found, fresh = larger, True
        return found or history, waiting

    def _question(
        self,
        target: Target,
        together: Baseline | Range,
        usable: Sequence[Pending],
        marked: dict[int, list[int]],
        rest: Sequence[int],
        told: Sequence[Pending],
    ) -> Question:
        """Return the question about everything that has its place in one range."""
        base, tip = target
        history = together if isinstance(together, Range) else together.range
        start = history.position[base.id]
        xsa_of: dict[int, set[int]] = {}
        for number, positions in marked.items():
            for position in positions:
                xsa_of.setdefault(position, set()).add(number)
        found: list[FoundSeries] = []
        for one in usable:
            series = self._found(one, target, history, together if isinstance(together, Baseline) else None)
            found.append(series)
            positions = [patch.position for patch in series.patches if patch.position is not None]
            for position in (*positions, *one.lacking):
                xsa_of.setdefault(0 if position <= start else position, set()).add(one.number)
        asked = sorted({*rest, *(one.number for one in usable), *(one.number for one in told)})
        early = fixed(self._session, base, [n for n in rest if n not in marked]) if rest else set()
        if early:
            xsa_of.setdefault(0, set()).update(early)
        found += [self._told(one) for one in told]
        question = compose(
            self._session,
            base,
            tip,
            history,
            {p: tuple(sorted(numbers)) for p, numbers in xsa_of.items()},
            tuple(asked),
            {one.number for one in usable if one.is_told_by_text},
        )
        published = {
            history.position[patch.name]: Published(patch.content, not self._secrecy.public(one.number))
            for one in usable
            for patch in one.pending
        }
        return replace(question, found=tuple(found), published=published)

    def _alone(self, target: Target, history: Range, one: Pending) -> Question:
        """Return the question about an advisory that does not fit with the others, or fits nowhere."""
        base, tip = target
        here = history.position[base.id]
        start = max(here, one.last)
        try:
            baseline = place_groups(self._session.repository, history, start, [one.group])
        except Unplaced as error:
            bare = without_lacking(one, target, history)
            own = on_base(self._session.repository, history.base, [bare]) if history.base is not None else None
            if own is not None:
                return self._question(target, own[0], own[1], {}, [], [])
            proposal = replace(propose(history, here, []), state=State.CONFLICTS)
            found = self._found(one, target, history, None)._replace(remark=one.trouble or error.what)
            return Question(base, tip, history, {}, (one.number,), proposal, (found,))
        return self._question(target, baseline, [one], {}, [], [])

    def _found(self, one: Pending, target: Target, history: Range, baseline: Baseline | None) -> FoundSeries:
        assert one.series is not None, "something was chosen"
        start = history.position[target.base.id]
        lacking = commits_taken(one, target, history)
        patches = []
        for patch, place in zip(one.patches, one.places, strict=True):
            position = place.position if place is not None else history.position.get(patch.name)
            how = place.how.value if place is not None else "placed" if position is not None else "nowhere"
            patches.append(
                FoundPatch(patch.name, patch.subject, position, how, position is not None and position <= start)
            )
        return FoundSeries(
            one.number,
            one.edition.title,
            one.series.basis.value,
            one.series.label,
            baseline.commit if baseline is not None and one.pending else "",
            tuple(patches),
            remarks.in_one([said for said in (one.choice.remark, *one.remarks, lacking) if said]),
            tuple(self._doubts(one.edition, one.series.paths)),
            one.series.prereqs,
            self._vouching(one.edition).signature.value,
            *self._names(one.edition),
            one.lacking,
        )

    def _names(self, edition: Edition) -> tuple[str, tuple[str, ...], bool]:
        """Return the advisory's own title and CVE numbers, and whether everybody may know them."""
        advisory = edition.advisory
        return (
            advisory.title if advisory else "",
            advisory.cves if advisory else (),
            self._secrecy.public(edition.number),
        )

    def _told(self, one: Pending) -> FoundSeries:
        """Return what there is to say of an advisory that has no patches for the branch."""
        return FoundSeries(
            one.number,
            one.edition.title,
            one.choice.found.value,
            "",
            "",
            (),
            one.trouble or one.choice.remark,
            tuple(self._doubts(one.edition, ())),
            (),
            self._vouching(one.edition).signature.value,
            *self._names(one.edition),
        )
