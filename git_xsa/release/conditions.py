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
from git_xsa.release import problems, remarks
from git_xsa.release.archive import COMPRESSORS
from git_xsa.release.audit import audit
from git_xsa.release.plan import BranchEnds, Plan, plan_again
from git_xsa.release.work import Work, drafts, pre_draft_from
from git_xsa.wording import NOTHING, Remark


@dataclass(frozen=True)
class ReleaseCondition:
    """One condition: its name, whether it holds, what was seen, and what to do where it does not hold.

    ``remarks`` are sentences that stop nothing.
    """

    name: str
    holds: bool
    words: Remark
    hint: Remark = NOTHING
    remarks: tuple[Remark, ...] = ()


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
        ("key", lambda: ReleaseCondition("key", True, remarks.signs_with(work.key.check()))),
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
        return ReleaseCondition("frozen", False, remarks.clock_is_wrong(), remarks.set_the_clock())
    names = [HEADS + plan.stable.name, plan.ref, plan.tag_ref]
    frozen = [name for name in names if rules.frozen(name)]
    if freeze is None or not frozen:
        return ReleaseCondition("frozen", True, remarks.no_embargo() if freeze is None else remarks.no_freeze_here())
    what = remarks.frozen_until(spelled_instant(freeze.ends), [embargo.xsa for embargo in freeze.embargoes])
    return ReleaseCondition("frozen", False, what, remarks.how_to_lift())


def _gate(session: Session, plan: Plan) -> ReleaseCondition:
    """Whether the stable branch is what the test gate has passed, and all of what waits for it."""
    passed, stable = plan.start, _spelled(plan, plan.stable)
    if plan.stable.shared not in (None, passed):
        return ReleaseCondition("gate", False, remarks.branch_has_moved(stable, passed), remarks.start_again())
    for place, tip in ((plan.stable, plan.stable.local), (plan.target, plan.target.local)):
        if tip is not None and tip != passed and not session.repository.git.contains(passed, tip):
            what = remarks.not_through_the_gate(place.name, _commits(session, passed, tip))
            return ReleaseCondition("gate", False, what, remarks.push_and_wait(passed, place.name))
    if plan.staging is None or plan.staging.shared is None:
        return ReleaseCondition("gate", True, remarks.no_staging(stable, passed))
    staging, shared = _spelled(plan, plan.staging), plan.staging.shared
    if shared == passed:
        return ReleaseCondition("gate", True, remarks.staging_is_through(stable, staging, passed))
    if behind := _commits(session, shared, passed):
        what = remarks.have_diverged(staging, stable, behind)
        return ReleaseCondition("gate", False, what, remarks.staging_must_have_all())
    what = remarks.gate_is_busy(staging, _commits(session, passed, shared))
    return ReleaseCondition("gate", False, what, remarks.wait_for_the_gate())


def _commits(session: Session, start: str, end: str) -> int:
    return int(session.repository.git.text("rev-list", "--count", f"{start}..{end}"))


def _spelled(plan: Plan, place: BranchEnds) -> str:
    return f"{plan.remote}/{place.name}" if place.remote is not None and plan.remote else place.name


def _advisories(store: Store, session: Session, plan: Plan, skipped: Collection[int], now: int) -> ReleaseCondition:
    tip, ledger = session.commit(plan.start), EmbargoLedger(store).ledger
    found = audit(session, plan.branch.releases[-1], tip, skipped, ledger, now)
    if not found.problems:
        return ReleaseCondition("advisories", True, found.summary, remarks=found.remarks)
    return ReleaseCondition("advisories", False, remarks.in_lines(found.problems), remarks.how_to_skip(), found.remarks)


def _edits(work: Work, plan: Plan) -> ReleaseCondition:
    words = dict(plan.words)
    made = drafts(work.repository, work.settings, plan.start, words)
    after = {path: new for files, _ in made for path, (_, new) in files.items()}
    if plan.pre:
        pre_draft_from(work.repository, work.settings, plan.start, words, after)
    if not made:
        return ReleaseCondition("edits", True, remarks.files_are_ready(plan.name))
    return ReleaseCondition("edits", True, remarks.edits(sorted(after), [message for _, message in made]))


def _tree(session: Session, plan: Plan) -> ReleaseCondition:
    tree, branch = where_checked_out(session.repository, plan.ref), plan.target.name
    if tree is None:
        return ReleaseCondition("tree", True, remarks.not_checked_out(branch))
    if plan.target.local != plan.start:
        what = remarks.tree_is_behind(tree, branch)
        return ReleaseCondition("tree", False, what, remarks.catch_up(tree, plan.start))
    dirty = unclean(tree)
    if dirty:
        what = remarks.tree_has_changes(tree, branch, dirty)
        return ReleaseCondition("tree", False, what, remarks.commit_or_stash(tree))
    return ReleaseCondition("tree", True, remarks.tree_is_clean(tree, branch))


def _tag(session: Session, plan: Plan) -> ReleaseCondition:
    if session.repository.read(plan.tag_ref) is None:
        return ReleaseCondition("tag", True, remarks.tag_is_new(plan.tag, plan.last.name))
    return ReleaseCondition("tag", False, remarks.tag_exists(plan.tag), remarks.use_or_delete(plan.tag))


def _remote(session: Session, plan: Plan, pushing: bool) -> ReleaseCondition:
    """Whether the remote is as it was when it was fetched last, and has no such tag."""
    if not plan.remote and pushing:
        return ReleaseCondition("remote", False, remarks.no_remote(), remarks.add_a_remote())
    if not plan.remote:
        return ReleaseCondition("remote", True, remarks.no_remote())
    places = [place for place in (plan.stable, plan.staging) if place is not None and place.remote is not None]
    names = [HEADS + place.name for place in places]
    found = remote_refs(session.repository, plan.remote, [*names, plan.tag_ref])
    if isinstance(found, Remark):
        return ReleaseCondition("remote", True, remarks.remote_is_silent(plan.remote, found))
    if plan.tag_ref in found:
        what = remarks.remote_has_the_tag(plan.remote, plan.tag)
        return ReleaseCondition("remote", False, what, remarks.fetch_tags())
    moved = [place.name for place in places if found.get(HEADS + place.name) != place.remote]
    if moved:
        what = remarks.remote_has_moved(plan.remote, moved)
        return ReleaseCondition("remote", False, what, remarks.fetch(plan.remote))
    return ReleaseCondition("remote", True, remarks.remote_is_as_fetched(plan.remote, plan.tag))


def _folder(work: Work) -> ReleaseCondition:
    missing = [words[0] for words in COMPRESSORS.values() if shutil.which(words[0]) is None]
    if missing:
        return ReleaseCondition("folder", False, remarks.not_installed(missing[0]), remarks.install(missing[0]))
    folder = work.folder
    taken = sorted(path.name for path in folder.glob(f"{work.name}.*")) if folder.is_dir() else []
    if taken:
        return ReleaseCondition("folder", False, remarks.file_exists(folder / taken[0]), remarks.move_it_away())
    parent = next(place for place in (folder, *folder.parents) if place.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        return ReleaseCondition("folder", False, remarks.not_writable(folder), remarks.choose_another_folder())
    return ReleaseCondition("folder", True, remarks.folder_will_hold(Path(folder), work.name))
