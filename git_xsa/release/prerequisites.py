"""The last step: which advisories are outstanding on the new base, and what they need there."""

from __future__ import annotations

import os
from contextlib import suppress

from git_xsa.embargo.installed_hooks import POST_TAG, find_place
from git_xsa.errors import XsaError
from git_xsa.git.programs import run_tool
from git_xsa.git.repository import Commit
from git_xsa.release import remarks
from git_xsa.release.lists import are_made, write_lists
from git_xsa.release.work import Work

#: Seconds after which the script that follows a tag is ended; what takes long goes on in the background.
PATIENCE = 60.0


class Prerequisites:
    """The lists of prerequisites for the new base; then whatever else the repository has follow a tag."""

    name = "prerequisites"
    title = "work out what the outstanding advisories need on the new base"

    def done(self, work: Work) -> bool:
        """Whether they are there, for this commit as the base."""
        return are_made(work.records.store, work.record.tag, work.tagged)

    def do(self, work: Work) -> None:
        """Ask about every outstanding advisory by itself, and keep the answers."""
        base, record = Commit(work.record.tag, work.tagged), work.record
        before = record.last if record.last not in ("", record.tag) else None
        verdicts, _ = write_lists(work.session, work.records.store, base, _tip(work, base), before, work.document)
        for verdict in verdicts:
            work.say(remarks.answered(verdict.xsa, verdict.state.value, base.name))
        if not verdicts:
            work.say(remarks.none_outstanding(base.name))
        if record.kind == "release":  # a tag that a person made has been followed by whoever asks for this
            _start_script(work)


def _start_script(work: Work) -> None:
    """Start the repository's script ``post-tag``, if there is one; what it says is said."""
    with suppress(XsaError):  # hooks are turned off
        script = find_place(work.repository.git).folder / POST_TAG
        if os.access(script, os.X_OK):
            ended = run_tool((str(script), work.record.tag), folder=work.repository.folder, limit=PATIENCE)
            for line in (ended.out + ended.err).decode("utf-8", "replace").splitlines():
                work.say(remarks.said_by(line))
            if ended.status:
                work.say(remarks.script_failed(script, ended.status))


def _tip(work: Work, base: Commit) -> Commit:
    """Return the end of the branch, which has the base in its history once that is tagged."""
    for branch in work.session.branches.stable:
        if branch.name == work.record.branch and work.repository.git.contains(branch.tip, base.id):
            return branch.end
    return Commit(work.record.branch or base.name, work.record.tip)
