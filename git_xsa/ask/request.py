"""What is asked for, whatever its kind: advisories, commits or patch files.

An export keeps it in its manifest, so that it can be asked again of the branch as it is later.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from git_xsa.ask.by_number import ask, ask_one, outstanding
from git_xsa.ask.commits import ask_commits
from git_xsa.ask.keep_going import one_queue
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.git.repository import Commit


class Request(NamedTuple):
    """What a command is asked for: advisories, commits or patch files; with none of them all that is outstanding.

    ``tip`` is the branch or commit that was named, empty for the branch of the base.  ``symbols`` says whether names
    in the code counted, ``built`` whether a build was asked what is missing, ``keep_going`` whether advisories that
    can't be applied are left out.
    """

    xsa: tuple[int, ...] = ()
    commits: tuple[Commit, ...] = ()
    files: tuple[Path, ...] = ()
    tip: str = ""
    symbols: bool = True
    built: bool = False
    keep_going: bool = False

    def question(self, session: Session, base: Commit) -> Question:
        """Return the question about ``base``; errors as those of ``by_number.ask_one``."""
        tip = session.commit(self.tip) if self.tip else tip_for(session, base, self.commits)
        if self.files:
            from git_xsa.ask.patch_files import ask_files  # noqa: PLC0415 - loads the mail parser

            return ask_files(session, base, tip, self.files)
        if self.commits:
            return ask_commits(session, base, tip, self.commits)
        numbers = self.xsa or outstanding(session, base, tip)
        if self.keep_going:
            return one_queue(ask(session, base, tip, numbers, named=bool(self.xsa)))
        return ask_one(session, base, tip, numbers, named=bool(self.xsa))

    def document(self) -> dict[str, Any]:
        """Return it as the manifest has it; commits by their full names."""
        return {
            "xsa": list(self.xsa),
            "commits": [commit.id for commit in self.commits],
            "files": [str(path) for path in self.files],
            "tip": self.tip or None,
            "symbols": self.symbols,
            "built": self.built,
            "keep_going": self.keep_going,
        }


def read_request(found: Mapping[str, Any]) -> Request:
    """Return the request that a manifest has; ``LookupError``, ``TypeError`` or ``ValueError`` when it is none."""
    commits = tuple(Commit(str(name), str(name)) for name in found["commits"])
    files = tuple(Path(name) for name in found["files"])
    xsa = tuple(int(number) for number in found["xsa"])
    going = bool(found.get("keep_going", False))  # no older manifest has it
    return Request(xsa, commits, files, str(found["tip"] or ""), bool(found["symbols"]), bool(found["built"]), going)
