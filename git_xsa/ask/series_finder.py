"""Choose the series of an advisory that fits a branch, and find out which commits of the branch its patches are.

Published patches have names, and a text that says which of them are for the branch.  Files that came without the text
have names alone, so git is asked: those that each are a commit of the branch, or that apply one after the other, are
one series.  Whatever the files are, the answer has every commit that the branch marks as a fix of the advisory: what
the files lack of them comes from the branch, and is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.advisory import remarks as advisory_remarks
from git_xsa.advisory.editions import Edition, Library
from git_xsa.advisory.file_names import in_order, read_name
from git_xsa.advisory.other_trees import NotJudged
from git_xsa.advisory.patch_choice import Basis, Finding, PatchChoice, choose
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.problems import PatchError, Unplaced
from git_xsa.advisory.problems import store as advisory_problems
from git_xsa.advisory.series import Group, is_there, place_groups, standing_together
from git_xsa.ask import remarks
from git_xsa.ask.marked import fixed_by_own
from git_xsa.ask.pending import Pending, resolved
from git_xsa.ask.recognise import How, Locator, Recognised, same_subject
from git_xsa.ask.tip import version_of
from git_xsa.ask.trees import trees
from git_xsa.git.log import Range
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Commit
from git_xsa.model.marks import marked_advisories
from git_xsa.model.words import DIGITS
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.ask.session import Session

#: Places of patches in the base that may be commits from before the range.
_IN_BASE = (Recognised(0, How.CONTENTS), Recognised(0, How.COMMIT))


class Target(NamedTuple):
    """What a question is about: the base, and the end of its branch."""

    base: Commit
    tip: Commit


class SeriesFinder:
    """Finds the places of the patches of ``library`` on the branches of ``session``."""

    def __init__(self, session: Session, library: Library) -> None:
        self._session = session
        self._library = library
        self._marked_before: dict[str, dict[int, list[str]]] = {}
        self._named: dict[tuple[int, str, Commit, Commit], tuple[frozenset[str], tuple[NotJudged, ...]]] = {}

    def choose(self, edition: Edition, base: Commit, tip: Commit) -> PatchChoice:
        """Return what ``edition`` has for the branch that ends at ``tip``."""
        version = version_of(self._session.branches, base, tip)
        own, _ = self._named_otherwise(edition, Target(base, tip))
        return choose(edition.advisory, edition.recipes, edition.paths, version, self._session.settings.tree, own)

    def _named_otherwise(self, edition: Edition, target: Target) -> tuple[frozenset[str], tuple[NotJudged, ...]]:
        """Return which files that are named after another tree are for this one all the same, and the others.

        ``libxl-qemu-disk`` names what a patch of this tree is about, and oxenstored is a part of it.
        """
        key = (edition.number, edition.name, *target)
        if key not in self._named:
            own: set[str] = set()
            others: list[NotJudged] = []
            for path in edition.patches:
                said = read_name(path).tree
                if said in ("", self._session.settings.tree):
                    continue
                try:
                    mine, other = trees(self._session, *target).sort_out(
                        edition.patches_at([path]), edition.number, said
                    )
                except PatchError:  # reported where it is used
                    continue
                own |= {path} if mine else set()
                others += other
            self._named[key] = (frozenset(own), tuple(others))
        return self._named[key]

    def early(self, history: Range) -> dict[int, list[str]]:
        """Return the commits before the range that say they fix each advisory of the store."""
        if history.root not in self._marked_before:
            log = MarkLog(self._session.repository.git, history.root, self._library.numbers())
            self._marked_before[history.root] = log.commits()
        return self._marked_before[history.root]

    def resolve(self, number: int, target: Target, locator: Locator, history: Range) -> Pending:
        """Choose the series of an advisory that fits the branch, and find the places of its patches.

        Of several that fit the first one counts; where none does, the first one is returned with its ``trouble``.
        """
        base = target.base
        edition = self._library.newest(number)
        if edition is None:
            raise advisory_problems.removed_meanwhile(number)
        choice = self.choose(edition, base, target.tip)
        ours = trees(self._session, *target)
        asked = Pending(number, edition, choice, not_judged=dict.fromkeys(self._named_otherwise(edition, target)[1]))
        trouble = NOTHING
        first: Pending | None = None
        for series in choice.series:
            try:
                patches, others = ours.sort_out(_own(edition.patches_at(series.paths), number), number)
            except PatchError as error:
                trouble = trouble or error.what
                continue
            asked.not_judged |= dict.fromkeys(others)
            if not patches:
                continue
            candidate = resolved(asked, series, patches, locator.locate_all(patches, (number,)))
            if series.basis is Basis.NAME:
                _leave_out_twins(candidate, locator)
            self._take_marked(candidate, locator, history)
            candidate.lacking = self._lacking(candidate, base, locator, history)
            problem = self._settle(candidate, base, history)
            if not problem:
                return candidate
            candidate.trouble = problem
            first = first or candidate
            trouble = trouble or problem
        if first is not None:
            return first
        asked.trouble = trouble or (choice.remark if choice.found is Finding.MISSING else NOTHING)
        if asked.not_judged and not asked.trouble:
            names = tuple(dict.fromkeys(one.tree for one in asked.not_judged))
            asked.choice = PatchChoice(Finding.OTHER_TREES, remark=advisory_remarks.for_other_trees(names))
        return asked

    def _settle(self, asked: Pending, base: Commit, history: Range) -> Remark:
        """Find out how the pending patches stand on the branch; return why they don't, empty when they do."""
        problem = self._misfit(asked, base, history)
        if problem and _take_subjects(asked, history):
            problem = self._misfit(asked, base, history)
        if problem and asked.lacking:
            # What was put on the branch in other words, or in other pieces, is what the patch was made for.
            lacking, asked.lacking = asked.lacking, ()
            problem = self._misfit(asked, base, history)
            asked.lacking = lacking if problem else ()
        if problem and asked.series is not None and asked.series.parts:
            return problem if not self._arrange(asked, base, history) else self._misfit(asked, base, history)
        return problem

    def _misfit(self, asked: Pending, base: Commit, history: Range) -> Remark:
        """Return why the pending patches fit nowhere on the branch, empty when they do."""
        if not asked.pending:
            return NOTHING
        try:
            place_groups(self._session.repository, history, max(history.position[base.id], asked.last), [asked.group])
        except Unplaced as error:
            if is_there(self._session.repository, base.id, asked.pending):
                asked.places = tuple(place or Recognised(0, How.CONTENTS) for place in asked.places)
                return NOTHING
            return error.what
        return NOTHING

    # Commits of the branch

    def _take_marked(self, asked: Pending, locator: Locator, history: Range) -> None:
        """Take a patch for a commit that is marked as the advisory's fix, when it changes the same files, and a line as
        the commit does, and is no other patch of the series.

        A fix is often not applied to the letter, and then neither its diff nor its subject shows it.
        """
        if not asked.pending:
            return
        used = {place.position for place in asked.places if place is not None}
        index = history.index
        free = {
            position: {path for touch in index.at([position]) for path in touch.paths}
            for position in history.advisories.get(asked.number, ())
            if position not in used
        }
        # Before the range no position tells them apart; negative numbers do for as long as this takes.
        early = self.early(history).get(asked.number, [])
        free |= {-number: self._paths_of(commit) for number, commit in enumerate(early, 1)}
        taken: dict[str, Recognised] = {}
        known = [patch for patch, place in zip(asked.patches, asked.places, strict=True) if place in _IN_BASE]
        for patch in (*known, *asked.pending):
            paths = {path for change in patch.changes for path in (change.old_path, change.new_path)}
            same = (position for position, touched in free.items() if touched & paths)
            match = next((p for p in same if p < 0 or locator.shares_a_line(patch, p)), None)
            if match is not None:
                del free[match]
                taken[patch.name] = Recognised(max(match, 0), How.MARK)
        asked.places = tuple(
            place or taken.get(patch.name) for patch, place in zip(asked.patches, asked.places, strict=True)
        )

    def _paths_of(self, commit: str) -> set[bytes]:
        """Return the files that a commit changes."""
        words = ("diff-tree", "-r", "-m", "--first-parent", "--root", "--no-commit-id", "--name-only", "-z", commit)
        return set(self._session.repository.git.call(*words).out.split(b"\0")) - {b""}

    def _lacking(self, asked: Pending, base: Commit, locator: Locator, history: Range) -> tuple[int, ...]:
        """Return the commits after ``base`` that say they fix the advisory, that none of the patches is, and that the
        base does not have in another form."""
        start = history.position[base.id]
        used = {place.position for place in asked.places if place is not None}
        later = [p for p in history.advisories.get(asked.number, ()) if p > start and p not in used]
        if later and history.base is not None:
            if asked.number in fixed_by_own(history):
                return ()
            later = [p for p in later if p not in history.taken([p]) and not locator.is_in_base(p)]
        elsewhere = [
            patch
            for patch, place in zip(asked.patches, asked.places, strict=True)
            if place is None or not place.position
        ]
        return tuple(p for p in later if not any(locator.is_named(patch, p) for patch in elsewhere))

    # Files without a text

    def _arrange(self, asked: Pending, base: Commit, history: Range) -> bool:
        """Put the pending patches of files without a text into an order in which they apply one after the other.

        Files that can't stand with those before them are alternatives: they are left out, and named, where the series
        may be without them.  Returns whether there is such an order.
        """
        assert asked.series is not None, "it has parts"
        pending = {patch.name: patch for patch in asked.pending}
        groups = [
            Group(number, tuple(patch for path in part for patch in asked.pending if patch.file == path))
            for number, part in enumerate(asked.series.parts)
        ]
        groups = [group for group in groups if group.patches]
        start = max(history.position[base.id], asked.last)
        kept = standing_together(self._session.repository, history, start, groups)
        left = len(groups) - len(kept)
        if (left and asked.series.whole) or not (kept or len(pending) < len(asked.patches)):
            return False
        order = [patch for group in kept for patch in group.patches]
        out = in_order(pending.keys() - {patch.name for patch in order})
        place_of = dict(zip((patch.name for patch in asked.patches), asked.places, strict=True))
        located = [patch for patch in asked.patches if patch.name not in pending]
        _narrow(asked, [*located, *order], [place_of[patch.name] for patch in located] + [None] * len(order))
        if out:
            asked.remarks += (remarks.do_not_go_together(out),)
        return True


def commits_taken(asked: Pending, target: Target, history: Range) -> Remark:
    """Return what to say of the commits of the branch that the files of an advisory lack, empty when there are none."""
    if not asked.lacking:
        return NOTHING
    return remarks.commits_taken(target.tip.name, asked.number, _commits(asked, history))


def _commits(asked: Pending, history: Range) -> list[str]:
    return [history.commits[position - 1].id[:DIGITS] for position in asked.lacking]


def without_lacking(asked: Pending, target: Target, history: Range) -> Pending:
    """Return ``asked`` without the commits of the branch that its files lack: they do not go on the base."""
    if not asked.lacking:
        return asked
    said = remarks.commits_left_out(target.tip.name, asked.number, _commits(asked, history), target.base.name)
    return replace(asked, lacking=(), remarks=(*asked.remarks, said))


def on_the_branch(asked: Pending, target: Target) -> Pending:
    """Return ``asked`` without the files that fit nowhere, or into no queue: the commits that the branch marks as its
    fix are used in their place, as they would be without the files."""
    why = asked.trouble or remarks.no_joint_queue([patch.name for patch in asked.pending])
    said = remarks.marked_used_instead(why, target.tip.name, asked.number)
    located = [(p, place) for p, place in zip(asked.patches, asked.places, strict=True) if place is not None]
    if not located:
        bare = replace(asked, series=None, patches=(), places=(), lacking=(), trouble=NOTHING)
        return replace(bare, choice=PatchChoice(Finding.BRANCH, remark=said))
    found = replace(asked, trouble=NOTHING, remarks=(*asked.remarks, said))
    _narrow(found, [patch for patch, _ in located], [place for _, place in located])
    return found


def _own(patches: Sequence[PatchFile], number: int) -> tuple[PatchFile, ...]:
    """Return ``patches`` without those that stand in one file with others and say that they are another advisory's."""
    together = Counter(patch.file for patch in patches)
    marks = {patch.name: marked_advisories(f"{patch.subject}\n\n{patch.message}") for patch in patches}
    return tuple(p for p in patches if together[p.file] == 1 or not marks[p.name] or number in marks[p.name])


def _leave_out_twins(asked: Pending, locator: Locator) -> None:
    """Leave out files that are the same commit of the branch as another one: copies under another name, or made for
    another branch."""
    pending = [patch for patch, place in zip(asked.patches, asked.places, strict=True) if place is None]
    used = {place.position for place in asked.places if place is not None and place.position}
    twins = {
        patch.name
        for patch in pending
        if (place := locator.locate(patch, (asked.number,))) is not None and place.position in used
    }
    if twins:
        rest = [(p, place) for p, place in zip(asked.patches, asked.places, strict=True) if p.name not in twins]
        _narrow(asked, [patch for patch, _ in rest], [place for _, place in rest])
        asked.remarks += (remarks.same_commits(in_order(twins)),)


def _narrow(asked: Pending, patches: Sequence[PatchFile], places: Sequence[Recognised | None]) -> None:
    """Let ``asked`` have these patches only, in this order."""
    assert asked.series is not None, "patches are of a series"
    asked.patches, asked.places = tuple(patches), tuple(places)
    asked.series = replace(asked.series, paths=tuple(dict.fromkeys(patch.file for patch in patches)))


def _take_subjects(asked: Pending, history: Range) -> bool:
    """Take patches that fit nowhere for the commits with their subjects, when most of the series are commits; return
    whether there are any.

    A published patch was sometimes made of two commits, or put on the branch with other words in it.
    """
    if not asked.pending or 2 * len(asked.pending) > len(asked.patches):
        return False
    used = {place.position for place in asked.places if place is not None}
    taken: dict[str, Recognised] = {}
    for patch in asked.pending:
        paths = {path for change in patch.changes for path in (change.old_path, change.new_path) if path}
        touching = sorted({touch.position for touch in history.index.of(paths) if touch.position > 0} - used)
        same = [p for p in touching if same_subject(history.commits[p - 1].subject, patch.subject)]
        if len(same) == 1:
            taken[patch.name] = Recognised(same[0], How.SUBJECT)
            used.add(same[0])
    asked.places = tuple(
        place or taken.get(patch.name) for patch, place in zip(asked.patches, asked.places, strict=True)
    )
    return bool(taken)
