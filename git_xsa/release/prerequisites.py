"""The last step: which advisories are outstanding on the new base, and what they need there.

A queue that was made for the last release is of no use on this one.  So the answers are computed again and kept in the
store, beside those for earlier releases; they can reveal what an advisory under embargo is about, so they are not among
the files that are published.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from git_xsa.ask.by_number import each_outstanding
from git_xsa.ask.verdict import Verdict
from git_xsa.git.repository import Commit
from git_xsa.release.record import FOLDER, Record
from git_xsa.release.work import Work

FORMAT = 1


def place(record: Record) -> tuple[str, str]:
    """Return where in the store the answers are."""
    return FOLDER, f"{record.version}.prerequisites.json"


class Prerequisites:
    """The answers for the new base; ``document`` is how an answer is written down."""

    name = "prerequisites"
    title = "work out what the outstanding advisories need on the new base"

    def __init__(self, document: Callable[[Verdict], dict[str, Any]]) -> None:
        self._document = document

    def done(self, work: Work) -> bool:
        """Whether they are there, for this commit as the base."""
        try:
            found = json.loads(work.records.store.read(*place(work.record)) or b"{}")
        except ValueError:
            return False
        return isinstance(found, dict) and found.get("base") == work.tagged

    def do(self, work: Work) -> None:
        """Ask about every outstanding advisory by itself, and keep the answers."""
        base = Commit(work.record.tag, work.tagged)
        answers = each_outstanding(work.session, base, _tip(work, base))
        verdicts = [verdict for _, verdict in answers if verdict.xsa]
        document = {"format": FORMAT, "base": work.tagged, "results": [self._document(verdict) for verdict in verdicts]}
        work.records.store.write((json.dumps(document, indent=2) + "\n").encode(), *place(work.record))
        for verdict in verdicts:
            names = ", ".join(f"XSA-{number}" for number in verdict.xsa)
            work.say(f"{names}: {verdict.state.value} on {base.name}")
        if not verdicts:
            work.say(f"no advisory is outstanding on {base.name}")


def _tip(work: Work, base: Commit) -> Commit:
    """Return the end of the branch, which has the base in its history once that is tagged."""
    for branch in work.session.branches.stable:
        words = ("merge-base", "--is-ancestor", base.id, branch.tip)
        if branch.name == work.record.branch and not work.repository.git.call(*words, accept=(0, 1)).status:
            return branch.end
    return Commit(work.record.branch or base.name, work.record.tip)
