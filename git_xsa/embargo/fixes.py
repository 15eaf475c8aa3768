"""The fixes of an advisory for each stable branch, by patch id, as the ledger of embargoes keeps them.

They are the patches that the store has of it, as ``git am`` would commit them::

    XSA-500   xsa500-4.17.patch   Xen 4.17.x - Xen 4.16.x      stable-4.17: {"61cf..."}, stable-4.16: {"61cf..."}
              xsa500-4.18.patch   Xen 4.18.x                   stable-4.18: {"b2a0..."}

A branch without security support gets no fixes and waits for none.  Where no text or recipe says for which branches a
patch is, it is one for those that it fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from git_xsa.advisory.editions import Edition, Library
from git_xsa.advisory.other_trees import Trees
from git_xsa.advisory.patch_choice import Basis, choose
from git_xsa.advisory.patchfile import PatchFile
from git_xsa.advisory.problems import PatchError, Unplaced
from git_xsa.advisory.series import is_there, place_series
from git_xsa.embargo.rule import HEADS
from git_xsa.embargo.settings import freeze_rules
from git_xsa.embargo.staging import staging_tips
from git_xsa.embargo.updates import patch_id
from git_xsa.git.branches import Branch, Branches
from git_xsa.git.config import Settings
from git_xsa.git.repository import Repository


class Fixes:
    """The fixes that ``library`` has for the branches of ``repository`` that get security fixes ``today``."""

    def __init__(self, library: Library, repository: Repository, settings: Settings, today: date) -> None:
        self._library = library
        self._repository = repository
        self._settings = settings
        self._staging = staging_tips(repository, settings)
        self._branches, self._others = Branches(repository, settings).supported(today)

    def of(self, number: int, known: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
        """Return the patch ids of the fixes of an advisory, by the name of the stable branch.

        ``known`` is what the ledger says so far: that stays for branches that this repository lacks, and all of it
        where the store has nothing of the advisory.
        """
        edition = self._library.newest(number)
        if edition is None or not edition.patches:
            return known
        here = {branch.name for branch in (*self._branches, *self._others)}
        found = {name: ids for name, ids in known.items() if name not in here}
        for branch in self._branches:
            ids = frozenset(patch_id(self._repository, one.changes, one.text) for one in self._patches(edition, branch))
            if ids - {""}:
                found[branch.name] = ids - {""}
        return found

    def _patches(self, edition: Edition, branch: Branch) -> Sequence[PatchFile]:
        """Return the patches of ``edition`` for ``branch``, none where it has none or they can't be read."""
        choice = choose(edition.advisory, edition.recipes, edition.paths, branch.version, self._settings.tree)
        for series in choice.series:
            if series.basis is Basis.NEAR:
                continue
            try:
                patches, _ = Trees(self._repository, [branch.tip]).sort_out(edition.patches_at(series.paths))
            except PatchError:
                continue
            if not patches:
                continue
            if series.basis is not Basis.NAME or self._fits(patches, branch):
                return patches
        return ()

    def _fits(self, patches: Sequence[PatchFile], branch: Branch) -> bool:
        """Whether ``patches`` fit at the end of ``branch`` or of its staging branch, or are there."""
        changes = [change for patch in patches for change in patch.changes]
        paths = {path for change in changes for path in (change.old_path, change.new_path) if path is not None}
        staging = freeze_rules(self._settings).staging_of(HEADS + branch.name) or ""
        for commit in (branch.tip, *sorted(self._staging.get(staging, ()))):
            try:
                place_series(self._repository, commit, 0, paths, patches)
            except Unplaced:
                if not is_there(self._repository, commit, patches):
                    continue
            return True
        return False
