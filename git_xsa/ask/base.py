"""What a base is called: a commit, or a source tree without history (a folder, a tarball), with patches on top."""

from __future__ import annotations

import os
from collections.abc import Sequence

from git_xsa.ask import problems
from git_xsa.ask.best_fit import is_orphan
from git_xsa.ask.session import Session
from git_xsa.git.repository import Commit


def find_base(session: Session, name: str, lists: Sequence[str] = (), place: str = "", tip: str = "") -> Commit:
    """Return the base that ``name`` stands for, a commit or a source tree, with the patches of the packages ``lists``
    on top; with ``place``, where the queue goes among them, only those before it.  ``tip`` is the branch or commit that
    was given as its tip.

    Raises ``UsageError`` when it stands for both, ``XsaError`` when for neither, or when a patch does not go on.
    """
    if not os.path.exists(name) and session.repository.resolve(name) is None:
        from git_xsa.git.source_tree import is_path  # noqa: PLC0415 - only for a name that is no commit

        if is_path(name):
            raise problems.no_source_tree(name)
    if not lists and not os.path.exists(name):
        base = session.branches.base(name)
        if not is_orphan(session, base):
            return base
    from git_xsa.ask.outside_base import commit_or_tree, with_patches  # noqa: PLC0415 - a commit needs no reader of files

    base, notes = with_patches(session, commit_or_tree(session, name, tip), lists, place)
    session.notes += notes
    return base
