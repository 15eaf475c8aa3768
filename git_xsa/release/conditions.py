"""What has to hold before a release is made: every condition is looked at, and all are listed, before anything happens.

In the order of the list that release managers went through by hand (xen.git's
``docs/process/release-technician-checklist.txt`` begins with: check that all XSAs have been applied).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from git_xsa.advisory.store import Store
from git_xsa.ask.session import Session
from git_xsa.embargo.ledger import EmbargoLedger
from git_xsa.embargo.rule import HEADS, clock_is_wrong, freeze_at
from git_xsa.embargo.settings import freeze_rules
from git_xsa.errors import XsaError
from git_xsa.git.commits import unclean, where_checked_out
from git_xsa.git.remote import remote_refs
from git_xsa.model.instant import spelled as spelled_instant
from git_xsa.model.words import count
from git_xsa.release import problems
from git_xsa.release.archive import COMPRESSORS
from git_xsa.release.audit import audit
from git_xsa.release.plan import NO_REMOTE, BranchEnds, Plan, plan_again
from git_xsa.release.work import Work, drafts, pre_draft_from


@dataclass(frozen=True)
class ReleaseCondition:
    """One condition: its name, whether it holds, what was seen, and what to do where it does not hold.

    ``remarks`` are sentences that stop nothing.
    """

    name: str
    holds: bool
    words: str
    hint: str = ""
    remarks: tuple[str, ...] = ()


def conditions(work: Work, plan: Plan, now: int, skipped: Collection[int], pushing: bool) -> Iterator[ReleaseCondition]:
    """Yield every condition for the release ``plan`` at the instant ``now``, judged; none depends on another one."""
    session = work.session
    checks: list[tuple[str, Callable[[], ReleaseCondition]]] = [
        ("frozen", lambda: _frozen(work.records.store, session, plan, now)),
        ("gate", lambda: _gate(session, plan)),
        ("advisories", lambda: _advisories(work.records.store, session, plan, skipped, now)),
        ("edits", lambda: _edits(work, plan)),
        ("tree", lambda: _tree(session, plan)),
        ("tag", lambda: _tag(session, plan)),
        ("remote", lambda: _remote(session, plan, pushing)),
        ("folder", lambda: _folder(work)),
        ("key", lambda: ReleaseCondition("key", True, f"signs with the {work.key.check()}")),
    ]
    for name, check in checks:
        yield _judged(name, check)


def judge_again(work: Work, now: int) -> None:
    """Raise ``Refused`` when the run ``work`` may not set references, or push, at the instant ``now``.

    Hours may be between the beginning of a run and its end, and days when it is resumed.
    """
    session, plan = work.session, plan_again(work.session, work.record)
    checks: list[tuple[str, Callable[[], ReleaseCondition]]] = [
        ("frozen", lambda: _frozen(work.records.store, session, plan, now)),
        ("gate", lambda: _gate(session, plan)),
        ("advisories", lambda: _advisories(work.records.store, session, plan, work.record.skipped, now)),
    ]
    for name, check in checks:
        found = _judged(name, check)
        if not found.holds:
            raise problems.condition_fails(name, found.words, found.hint)


def _judged(name: str, check: Callable[[], ReleaseCondition]) -> ReleaseCondition:
    """Return what ``check`` finds; what keeps it from finding anything counts as no."""
    try:
        return check()
    except XsaError as error:
        return ReleaseCondition(name, False, error.what, error.hint)


def _frozen(store: Store, session: Session, plan: Plan, now: int) -> ReleaseCondition:
    ledger = EmbargoLedger(store).ledger  # one that can't be read is an error, and so everything is frozen
    rules = freeze_rules(session.settings)
    freeze = freeze_at(ledger, now)
    if clock_is_wrong(ledger, now):
        return ReleaseCondition("frozen", False, "the clock is before the newest entry of the journal", "set the clock")
    names = [HEADS + plan.stable.name, plan.ref, plan.tag_ref]
    frozen = [name for name in names if rules.frozen(name)]
    if freeze is None or not frozen:
        return ReleaseCondition("frozen", True, "no embargo is in force" if freeze is None else "no freeze concerns it")
    numbers = ", ".join(f"XSA-{embargo.xsa}" for embargo in freeze.embargoes)
    what = f"the branch is frozen until {spelled_instant(freeze.ends)} ({numbers})"
    return ReleaseCondition("frozen", False, what, "git xsa-embargo list shows the ledger, lift ends an embargo early")


def _gate(session: Session, plan: Plan) -> ReleaseCondition:
    """Whether the stable branch is what the test gate has passed, and all of what waits for it."""
    passed = plan.start
    if plan.stable.shared not in (None, passed):
        what = f"{_spelled(plan, plan.stable)} is not at {passed[:12]} any more, the base of this release"
        return ReleaseCondition("gate", False, what, "start again: --abandon undoes this run")
    for place, tip in ((plan.stable, plan.stable.local), (plan.target, plan.target.local)):
        if tip is not None and tip != passed and not _contains(session, passed, tip):
            number = session.repository.git.text("rev-list", "--count", f"{passed}..{tip}")
            what = f"your {place.name} has {count(int(number), 'commit')} that the gate has not passed"
            return ReleaseCondition(
                "gate", False, what, f"git log {passed[:12]}..{place.name} shows them; push and wait"
            )
    staging = plan.staging
    if staging is None or staging.shared is None:
        return ReleaseCondition(
            "gate", True, f"{_spelled(plan, plan.stable)} is at {passed[:12]}; there is no staging branch"
        )
    if staging.shared == passed:
        return ReleaseCondition(
            "gate", True, f"{_spelled(plan, plan.stable)} and {_spelled(plan, staging)} are both at {passed[:12]}"
        )
    ahead = int(session.repository.git.text("rev-list", "--count", f"{passed}..{staging.shared}"))
    behind = int(session.repository.git.text("rev-list", "--count", f"{staging.shared}..{passed}"))
    both = f"{_spelled(plan, staging)} and {_spelled(plan, plan.stable)}"
    if behind:
        what = f"{both} have diverged: {count(behind, 'commit')} of the stable branch is not in staging"
        return ReleaseCondition(
            "gate", False, what, "find the reason; staging must have all commits of the stable branch"
        )
    what = f"the gate has not passed {count(ahead, 'commit')} of {_spelled(plan, staging)} yet"
    return ReleaseCondition("gate", False, what, "wait for the gate, then run git fetch")


def _spelled(plan: Plan, place: BranchEnds) -> str:
    return f"{plan.remote}/{place.name}" if place.remote is not None and plan.remote else place.name


def _contains(session: Session, commit: str, other: str) -> bool:
    """Whether ``commit`` has ``other`` in its history."""
    words = ("merge-base", "--is-ancestor", other, commit)
    return session.repository.git.call(*words, accept=(0, 1)).status == 0


def _advisories(store: Store, session: Session, plan: Plan, skipped: Collection[int], now: int) -> ReleaseCondition:
    tip, ledger = session.commit(plan.start), EmbargoLedger(store).ledger
    found = audit(session, plan.branch.releases[-1], tip, skipped, ledger, now)
    if not found.problems:
        return ReleaseCondition("advisories", True, found.summary, remarks=found.remarks)
    hint = "apply what is missing; --skip-xsa <n> leaves out an advisory of which the branch needs no patch"
    return ReleaseCondition("advisories", False, "\n".join(found.problems), hint, found.remarks)


def _edits(work: Work, plan: Plan) -> ReleaseCondition:
    words = dict(plan.words)
    made = drafts(work.repository, work.settings, plan.start, words)
    after = {path: new for files, _ in made for path, (_, new) in files.items()}
    if plan.pre:
        pre_draft_from(work.repository, work.settings, plan.start, words, after)
    if not made:
        return ReleaseCondition("edits", True, f"the files have {plan.name} already")
    messages = " and ".join(f"'{message}'" for _, message in made)
    return ReleaseCondition("edits", True, f"{', '.join(sorted(after))}: {messages}")


def _tree(session: Session, plan: Plan) -> ReleaseCondition:
    tree = where_checked_out(session.repository, plan.ref)
    if tree is None:
        return ReleaseCondition("tree", True, f"{plan.target.name} is not checked out")
    if plan.target.local != plan.start:
        what = f"{tree}, where {plan.target.name} is checked out, is behind"
        return ReleaseCondition("tree", False, what, f"git -C {tree} merge --ff-only {plan.start[:12]}")
    dirty = unclean(tree)
    if dirty:
        hint = f"commit or stash it: git -C {tree} status"
        return ReleaseCondition(
            "tree", False, f"{tree}, where {plan.target.name} is checked out, has changes: {dirty}", hint
        )
    return ReleaseCondition("tree", True, f"{tree}, where {plan.target.name} is checked out, is clean")


def _tag(session: Session, plan: Plan) -> ReleaseCondition:
    if session.repository.read(plan.tag_ref) is None:
        return ReleaseCondition("tag", True, f"{plan.tag} follows {plan.last.name} and is new")
    hint = f"git xsa-release --from-tag {plan.tag} makes what follows a tag; git tag -d deletes the tag"
    return ReleaseCondition("tag", False, f"there is a tag {plan.tag} already", hint)


def _remote(session: Session, plan: Plan, pushing: bool) -> ReleaseCondition:
    """Whether the remote is as it was when it was fetched last, and has no such tag."""
    if not plan.remote and pushing:
        return ReleaseCondition("remote", False, "there is no remote to push to", NO_REMOTE)
    if not plan.remote:
        return ReleaseCondition("remote", True, "there is no remote to push to")
    places = [place for place in (plan.stable, plan.staging) if place is not None and place.remote is not None]
    names = [HEADS + place.name for place in places]
    found = remote_refs(session.repository, plan.remote, [*names, plan.tag_ref])
    if isinstance(found, str):
        return ReleaseCondition("remote", True, f"{plan.remote} can't be reached, so it was not compared ({found})")
    if plan.tag_ref in found:
        return ReleaseCondition("remote", False, f"{plan.remote} has a tag {plan.tag} already", "git fetch --tags")
    moved = [place.name for place in places if found.get(HEADS + place.name) != place.remote]
    if moved:
        what = f"{' and '.join(moved)} of {plan.remote} moved since it was fetched"
        return ReleaseCondition("remote", False, what, f"git fetch {plan.remote}")
    return ReleaseCondition("remote", True, f"{plan.remote} has what was fetched, and no tag {plan.tag}")


def _folder(work: Work) -> ReleaseCondition:
    missing = [words[0] for words in COMPRESSORS.values() if shutil.which(words[0]) is None]
    if missing:
        return ReleaseCondition("folder", False, f"{missing[0]} is not installed", f"install {missing[0]}")
    folder = work.folder
    taken = sorted(path.name for path in folder.glob(f"{work.name}.*")) if folder.is_dir() else []
    if taken:
        hint = "move it away, or choose another folder: -o <folder>"
        return ReleaseCondition("folder", False, f"{folder / taken[0]} exists already", hint)
    parent = next(place for place in (folder, *folder.parents) if place.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        return ReleaseCondition("folder", False, f"{folder} can't be written to", "choose another one: -o <folder>")
    return ReleaseCondition("folder", True, f"{Path(folder)} will hold {work.name}.tar.gz and related files")
