"""An advisory on its way to an answer, and the way out where the branch is none: the base itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from git_xsa.advisory.editions import Edition
from git_xsa.advisory.other_trees import NotJudged
from git_xsa.advisory.patch_choice import Basis, PatchChoice, Series
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.problems import Unplaced
from git_xsa.advisory.series import Baseline, Group, place_groups, place_on_base
from git_xsa.ask.question import Question
from git_xsa.ask.recognise import Recognised
from git_xsa.ask.supply import forms
from git_xsa.ask.verdict import State
from git_xsa.git.log import Range
from git_xsa.git.repository import Repository
from git_xsa.model.rules import Chosen
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.ask.session import Session


@dataclass
class Pending:
    """What there is of an advisory: what was chosen, and the place of each patch that has one already.

    ``lacking`` are the commits of the branch that say they fix the advisory and that none of the patches is,
    ``not_judged`` the files for other trees.
    """

    number: int
    edition: Edition
    choice: PatchChoice
    series: Series | None = None
    patches: tuple[PatchFile, ...] = ()
    places: tuple[Recognised | None, ...] = ()
    trouble: Remark = NOTHING
    lacking: tuple[int, ...] = ()
    remarks: tuple[Remark, ...] = ()
    not_judged: dict[NotJudged, None] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last position that a patch, or a commit that none of them is, has so far (0: none has one)."""
        return max([0, *self.lacking, *(place.position for place in self.places if place is not None)])

    @property
    def is_told_by_text(self) -> bool:
        """Whether a text or a recipe names its patches, and the branch marks no other commit."""
        return self.series is not None and self.series.basis is not Basis.NAME and not self.lacking

    @property
    def pending(self) -> tuple[PatchFile, ...]:
        """The patches that have no place yet."""
        return tuple(patch for patch, place in zip(self.patches, self.places, strict=True) if place is None)

    @property
    def group(self) -> Group:
        """The pending patches, to be placed together."""
        reference = self.series.stable_ref if self.series else ""
        return Group(self.number, self.pending, reference, self.series.prereqs if self.series else ())


def placed_together(repository: Repository, history: Range, start: int, groups: Sequence[Group]) -> Baseline | None:
    """Return where ``groups`` have their place together, ``None`` when they have none."""
    try:
        return place_groups(repository, history, start, groups)
    except Unplaced:
        return None


def resolved(
    asked: Pending, series: Series, patches: tuple[PatchFile, ...], places: Sequence[Recognised | None]
) -> Pending:
    """Return ``asked`` with a series, its patches and their places."""
    return replace(asked, series=series, patches=patches, places=tuple(places))


def fits_base(session: Session, question: Question) -> bool:
    """Return whether patches that can't be put in a queue on a base beside the branch may be tried on it as they are.

    Not so when they use a name that neither the base nor they have, and that a commit of the branch introduces: they
    might apply, but not build.
    """
    history, selection = question.range, question.proposal.selection
    if question.proposal.state is not State.CONFLICTS or history.base is None:
        return False
    if not session.symbols:
        return True
    from git_xsa.names.range_words import Names  # noqa: PLC0415 - only where names count
    from git_xsa.names.search import Search  # noqa: PLC0415 - 13 ms, and only where a fix is pending

    names = Names(session.repository, history, question.base.id, session.once(forms))
    wanted = frozenset(selection.wanted)
    return not Search(names, session.once(forms), wanted, Chosen(selection.base, wanted)).run()


def on_base(repository: Repository, base: str, asked: Sequence[Pending]) -> tuple[Baseline, list[Pending]] | None:
    """Return the place, right after the commit ``base``, of all patches of ``asked`` that it does not have, and
    ``asked`` with no other places; ``None`` when they have none.

    The line history knows nothing of a base beside the branch but its lines: what it has of the branch in another form,
    such as the XSAs that a package had before, stands in the way of the commits that the patches are.
    """
    bare = [
        replace(one, places=tuple(None if place is None or place.position > 0 else place for place in one.places))
        for one in asked
    ]
    try:
        return place_on_base(repository, base, [one.group for one in bare if one.pending]), bare
    except Unplaced:
        return None
