"""What a base beside the branch has of the advisories' fixes on its own: by what its commits say, and what it holds."""

from __future__ import annotations

from collections.abc import Collection

from git_xsa.git.log import Range


class OwnFixes:
    """The fixes of ``numbers`` that the base of ``history`` has, since it left the branch.

    A commit of the branch is there when the base has all of it, whatever brought it.  Where commits of the base say
    that they fix an advisory, it has what they changed in their own way, too: as many commits as the branch needs are
    the fix; fewer stand for those of which something is there, and not for the others.
    """

    def __init__(self, history: Range, numbers: Collection[int]) -> None:
        self._fixes = {number: history.advisories[number] for number in numbers if number in history.advisories}
        #: By advisory, the commits of the base that say they fix it.
        self.said = {number: history.said[number] for number in self._fixes.keys() & history.said.keys()}
        said = self.said
        self._whole = {number for number in said if len(said[number]) >= len(self._fixes.get(number, ()))}
        looked_at = {position for number in self._fixes.keys() - self._whole for position in self._fixes[number]}
        #: The positions of the commits that are there.
        self.commits = history.taken(looked_at)
        for number in said.keys() & self._fixes.keys() - self._whole:
            self.commits |= {position for position in self._fixes[number] if history.history.partly(position)}

    @property
    def advisories(self) -> set[int]:
        """The advisories of which nothing is missing."""
        rest = self._fixes.keys() - self._whole
        return self._whole | {number for number in rest if self.commits.issuperset(self._fixes[number])}
