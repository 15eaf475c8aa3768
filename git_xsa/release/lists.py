"""The lists of prerequisites of a release: what each advisory that it lacks needs there.

In the store::

    lists/RELEASE-4.17.3/XSA-500.json       the answer as git xsa-check --json gives it, for one advisory by itself
    lists/RELEASE-4.17.3/changes            what is different from the release before it, a line each
    lists/RELEASE-4.17.3/base               the commit of the release, written last

A queue that was made for the last release is of no use on the next one, so the answers are computed again.  They can
reveal what an advisory under embargo is about, and so they are not among the files that are published.  The lists of
earlier releases stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from git_xsa.advisory.store import Store
from git_xsa.ask.by_number import each_outstanding
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import Verdict
from git_xsa.documents import DocumentError, read_object, write_json
from git_xsa.git.repository import Commit
from git_xsa.release import problems, remarks
from git_xsa.wording import Remark

FOLDER = "lists"
CHANGES = "changes"
BASE = "base"
FORMAT = 1
#: How an answer is written down.
Document = Callable[[Verdict], dict[str, Any]]


def folder_of(store: Store, tag: str) -> Path:
    """Return where the lists of the release ``tag`` are, or would be."""
    return store.path(FOLDER, _name(tag))


def are_made(store: Store, tag: str, commit: str) -> bool:
    """Whether the lists of the release ``tag`` are there, whole, for this ``commit``."""
    return store.read(FOLDER, _name(tag), BASE) == _line(commit)


def forget(store: Store, tag: str) -> None:
    """Remove the lists of the release ``tag``, which is taken back."""
    for name in store.names(FOLDER, _name(tag)):
        store.remove(FOLDER, _name(tag), name)


def make_lists(session: Session, store: Store, tag: str, document: Document) -> list[Remark]:
    """Make the lists of the release ``tag`` and return what is different from those of the release before it.

    What an advisory needs that both releases lack is different when its state or a prerequisite is; one that only one
    of them lacks is named, too, unless the newer release has it, as it should.  Raises ``XsaError`` when the release
    has no branch here, or a list can't be made.
    """
    base = session.branches.base(tag)
    branch = session.branches.of_base(base)
    if branch is None:
        raise problems.on_no_branch(tag)
    names = [release.name for release in branch.releases]
    before = next(iter(names[names.index(tag) + 1 :]), None) if tag in names else None
    return write_lists(session, store, base, tip_for(session, base), before, document)[1]


def write_lists(
    session: Session, store: Store, base: Commit, tip: Commit, before: str | None, document: Document
) -> tuple[list[Verdict], list[Remark]]:
    """Write the lists of the release ``base`` on the branch that ends at ``tip``; return the answers, and what is
    different from the lists of the release ``before``: nothing where there was none."""
    folder = _name(base.name)
    store.remove(FOLDER, folder, BASE)
    old = dict(_kept(store, before)) if before is not None else {}
    answers: dict[str, list[Verdict]] = {}
    for number, verdict in each_outstanding(session, base, tip):
        answers.setdefault(f"XSA-{number}.json", []).append(verdict)
    new = {name: [document(verdict) for verdict in verdicts] for name, verdicts in answers.items()}
    for name, results in new.items():
        store.write(write_json({"format": FORMAT, "results": results}), FOLDER, folder, name)
    for name in store.names(FOLDER, folder):
        if name not in new and name != CHANGES:
            store.remove(FOLDER, folder, name)
    changes = [line for name in sorted(new) for line in _difference(name, before, old.get(name), new[name][0])]
    store.write("".join(f"{line}\n" for line in changes).encode(), FOLDER, folder, CHANGES)
    store.write(_line(base.id), FOLDER, folder, BASE)
    return [verdict for verdicts in answers.values() for verdict in verdicts], changes


def _kept(store: Store, tag: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and answer of each list of an earlier release; one that can't be read is none."""
    for name in store.names(FOLDER, _name(tag)):
        content = store.read(FOLDER, _name(tag), name) if name.endswith(".json") else None
        try:
            results = read_object(content)["results"] if content else []
        except (DocumentError, KeyError):
            continue
        yield from ((name, found) for found in results[:1] if isinstance(found, dict))


def _difference(name: str, before: str | None, old: dict[str, Any] | None, new: dict[str, Any]) -> list[Remark]:
    xsa = name.removesuffix(".json")
    if before is None:
        return []
    if old is None:
        return [remarks.no_list_before(xsa, new["state"], before)]
    count = len(new.get("prerequisites", []))
    commits = [{one["commit"] for one in found.get("prerequisites", [])} for found in (old, new)]
    if old.get("state") == new["state"] and commits[0] == commits[1]:
        return []
    return [remarks.needs_changed(xsa, new["state"], count, f"{old.get('state')}", len(commits[0]), before)]


def _line(commit: str) -> bytes:
    return f"{commit}\n".encode("ascii")


def _name(tag: str) -> str:
    return tag.replace("/", "-")
