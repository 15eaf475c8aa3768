"""Ask about commits of the branch, by name; and distinguish commits from patch files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from git_xsa.ask import problems
from git_xsa.ask.compose import compose
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.errors import XsaError
from git_xsa.git.repository import Commit, Repository
from git_xsa.model.marks import marked_advisories

#: The name of an advisory or of a CVE, where neither is asked for.
_ADVISORY = re.compile(r"xsa-?(\d{1,9})|cve-?\d{4}-\d+", re.IGNORECASE)
#: How the names of patch files end.
_PATCHES = (".patch", ".diff", ".eml", ".mbox")


def sort_out(repository: Repository, names: Sequence[str]) -> tuple[list[Commit], list[Path]]:
    """Return the commits that ``names`` stand for, or the patch files; ``UsageError`` when there are both.

    A name with a slash or a dot is a file when there is one, any other is a commit when there is one.
    """
    commits, files = [], []
    for name in names:
        path = Path(name)
        looks_like_file = ("/" in name or "." in name) and path.is_file()
        commit = None if looks_like_file else repository.resolve(name)
        if commit is not None:
            commits.append(commit)
        elif path.is_file():
            files.append(path)
        elif name and path.is_dir():
            raise problems.is_a_folder(name)
        else:
            raise _nothing(repository, name)
    if commits and files:
        raise problems.file_and_commit(files[0], commits[0].name)
    places = [path.resolve() for path in files]
    for number, path in enumerate(files):
        if places[number] in places[:number]:
            raise problems.given_twice(path)
    return commits, files


def _nothing(repository: Repository, name: str) -> XsaError:
    """Return the error that ``name`` is nothing which can be asked about, with what may have been meant."""
    advisory = _ADVISORY.fullmatch(name)
    if advisory is not None and advisory[1]:
        return problems.advisory_as_commit(name, int(advisory[1]))
    if advisory is not None:
        return problems.cve_as_commit(name)
    if name.endswith(_PATCHES) or name.startswith(("/", "./", "../", "~")):
        return problems.no_patch_file(name)
    return problems.no_commit_or_file(name, repository.name_hint())


def ask_commits(session: Session, base: Commit, tip: Commit, commits: Sequence[Commit]) -> Question:
    """Ask about ``commits`` of the first-parent line to ``tip`` on ``base``."""
    history = session.ranges.between(base, tip)
    wanted = [history.position.get(commit.id) for commit in commits]
    missing = [commit for commit, position in zip(commits, wanted, strict=True) if position is None]
    present = [commit for commit in missing if session.repository.git.contains(base.id, commit.id)]
    if len(present) < len(missing):
        stray = next(commit for commit in missing if commit not in present)
        raise problems.not_between(stray.name, stray.id, base.name, tip.spelled)
    xsa_of = {position: history.marks(position) for position in wanted if position is not None}
    for position in history.taken(xsa_of):
        xsa_of[0] = (*xsa_of.get(0, ()), *xsa_of.pop(position))
    if present:  # somewhere before the range: position 0 is in every base
        messages = [session.repository.read(commit.id) for commit in present]
        texts = [message[2].decode("utf-8", "replace") for message in messages if message is not None]
        xsa_of[0] = tuple(number for text in texts for number in marked_advisories(text))
    return compose(session, base, tip, history, xsa_of)
