"""From a question to a queue that is ready to be written, and to its files.

The steps: choose the selection (with ``--refresh``, or under a lenient policy, perhaps a smaller one), make the
patches ready with the programs that will apply them as judges, and hand them to the format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import cycle
from typing import TYPE_CHECKING, Any

from git_xsa.ask.by_number import outstanding, stored_advisories
from git_xsa.ask.follow_ups import Later, shortly
from git_xsa.ask.keep_going import going_in
from git_xsa.ask.marked import fixed
from git_xsa.ask.newer_branches import Elsewhere
from git_xsa.ask.question import Question
from git_xsa.ask.request import Request
from git_xsa.ask.session import Session
from git_xsa.ask.supply import supplier
from git_xsa.ask.unmarked import doubt_about, note_on
from git_xsa.ask.verdict import BuildState, FoundSeries, State, Verdict
from git_xsa.export import remarks
from git_xsa.export.folder import MANIFEST, manifest
from git_xsa.export.formats import FORMATS, export
from git_xsa.export.patches import PatchSource, Preparation
from git_xsa.export.policy import LENIENT, Files
from git_xsa.export.prepared import Patch, Queue, Style
from git_xsa.model.relax import Halves, Relaxed, compared, relax
from git_xsa.model.selection import RuleSource, Selection
from git_xsa.model.words import DIGITS
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.ask.on_top import Refusal
    from git_xsa.proof.search.builder import Builder


@dataclass(frozen=True)
class Wish:
    """What is asked of an export: format, policy, whether context may be refreshed, style, and for what."""

    format: str = "series"
    policy: str = "strict"
    refresh: bool = False
    style: Style = field(default_factory=Style)
    request: Request = field(default_factory=Request)


@dataclass(frozen=True)
class Ready:
    """A queue that is ready: the answer that it stands for, and its files before and after each patch.

    ``judges`` are the policies that every patch was checked with.  ``touched(index, size)`` gives the files that the
    patch at ``index`` touches after the first ``size`` patches, ``start`` and ``end`` are all of them.
    """

    verdict: Verdict
    queue: Queue
    judges: tuple[str, ...]
    touched: Callable[[int, int], Files]
    start: Files
    end: Files


def judges_for(name: str, policy: str) -> tuple[str, ...]:
    """Return the policies that the patches of the format ``name`` are checked with.

    That is the one asked for, and that of the program which is sure to take the format; unless a lenient one is asked
    for, which takes what no other does.
    """
    if name == "branch":
        return ()
    own = FORMATS[name].policy
    if own == "am" and policy in ("strict", "am"):
        return ("am",)
    return tuple(dict.fromkeys([policy, own])) if own and (policy not in LENIENT or own == "am") else (policy,)


def prepare(session: Session, question: Question, wish: Wish, builder: Builder | None = None) -> Verdict | Ready:
    """Return the queue that answers ``question``, made ready; the verdict alone when there is nothing to export.

    With a ``builder`` the queue is one that builds; there is nothing to export if none does.
    """
    if wish.request.keep_going:
        question = going_in(session, question, partial(_most_relaxed, session) if wish.refresh else None)
    full = question.proposal.selection
    relaxed = _relaxed(session, question, wish) if full.wanted else None
    if relaxed is None and question.proposal.state is not None:
        return question.answer(session.quarantine)
    selection, build = full if relaxed is None else relaxed.selection, None
    if builder is not None:
        found = _built(session, question, relaxed, builder)
        if found.build is None or found.build.state is not BuildState.BUILDS:
            return found
        selection, build = found.selection, found.build
        history = question.range.history
        relaxed = compared(history, full, selection, Halves(history)) if relaxed is not None else None
    source = _source(question, selection, wish)
    if relaxed is not None and wish.refresh:
        source = replace(source, given_up=relaxed.places, halves=relaxed.halves)
    preparation = Preparation(session.repository, session.quarantine, source)
    judges = judges_for(wish.format, wish.policy)
    patches = _named(question, preparation.checked(judges))
    verdict = replace(_verdict(session, question, source.selection, patches), build=build)
    avoided = tuple(_avoided(question, relaxed)) if relaxed is not None else ()
    partly = _partly(question, source.selection)
    queue = Queue(
        base=question.base.name,
        base_commit=question.base.id,
        tip=question.tip.name,
        policy=wish.policy,
        patches=patches,
        partly=partly,
        titles=_titles(session, question, patches),
        avoided=avoided,
        unlisted=_unlisted(session, question, patches, partly) if wish.format == "debian" else {},
        left_out=verdict.left_out,
        notes={question.range.commits[one.position - 1].id: note_on(one) for one in verdict.unmarked if one.patch},
        later=tuple(_later(question, later) for later in verdict.later if later.needed and not later.added),
        elsewhere=tuple(_elsewhere(question, one) for one in verdict.elsewhere),
        doubts=tuple(doubt_about(one, question.range) for one in verdict.unmarked if not one.patch),
    )
    return Ready(verdict, queue, judges, preparation.touched, preparation.start, preparation.end)


def _later(question: Question, later: Later) -> Remark:
    """Return a sentence on a follow-up that the queue lacks."""
    commit, fixed = question.range.commits[later.position - 1], shortly(question.range, later.of)
    return remarks.later_fix(commit.id[:DIGITS], commit.subject, fixed)


def _elsewhere(question: Question, one: Elsewhere) -> Remark:
    """Return a sentence on a commit of another branch that fixes one of the queue."""
    fixed = shortly(question.range, one.of)
    return remarks.later_fix_elsewhere(one.commit[:DIGITS], one.subject, one.branch, fixed, question.tip.spelled)


def _built(session: Session, question: Question, relaxed: Relaxed | None, builder: Builder) -> Verdict:
    """Return the answer with what its queue needs to build, ``relaxed`` or not."""
    if relaxed is None:
        return builder.improve(question.answer(session.quarantine))
    history, full = question.range.history, question.proposal.selection
    grow = supplier(session, question.base, question.range, relaxed=True)

    def follow(source: RuleSource) -> Selection:
        return relax(source, history, full, grow, question.range.weight).selection

    return builder.improve(_verdict(session, question, relaxed.selection, ()), follow)


def _source(question: Question, selection: Selection, wish: Wish) -> PatchSource:
    return PatchSource(question, selection, mailbox=wish.format == "mbox")


def _relaxed(session: Session, question: Question, wish: Wish) -> Relaxed | None:
    """Return the smaller selection that is to be exported, ``None`` when it is the full one."""
    if not wish.refresh and wish.policy not in LENIENT:
        return None
    full = question.proposal.selection
    weight = question.range.weight
    found = _most_relaxed(session, question)
    smaller = sum(map(weight, found.selection.queue)) < sum(map(weight, full.queue))
    better = full.impossible or smaller or _ends_uses(found.selection, full)
    if found.selection.impossible or not better:
        return None
    if wish.refresh:
        return found
    trial = Preparation(session.repository, session.quarantine, _source(question, found.selection, wish))
    return found if trial.comes_out_right(judges_for(wish.format, wish.policy)) else None


def _most_relaxed(session: Session, question: Question) -> Relaxed:
    """Return the selection with the least that context alone needs, in conflict or not."""
    history = question.range.history
    grow = supplier(session, question.base, question.range, relaxed=True)
    return relax(history, history, question.proposal.selection, grow, question.range.weight)


def _ends_uses(selection: Selection, full: Selection) -> bool:
    """Whether ``selection`` has a prerequisite that ``full`` lacks and that ends the use of a name which goes."""
    reasons = (reason for position in set(selection.queue) - set(full.queue) for reason in selection.reasons[position])
    return any(reason.rule.symbol is not None and reason.rule.symbol.removed for reason in reasons)


def _verdict(session: Session, question: Question, selection: Selection, patches: Sequence[Patch]) -> Verdict:
    """Return the answer that an export of ``selection`` stands for, whose ``patches`` have been checked."""
    if selection is question.proposal.selection and any(patch.published is not None for patch in patches):
        return question.answer(session.quarantine)  # what is wrong with the patches as they are
    state = State.NEEDS_PREREQUISITES if selection.prerequisites else State.APPLIES
    half = any(patch.in_base and patch.kind is None for patch in patches)
    state = State.PARTLY_APPLIED if question.proposal.partly or half else state
    unmarked = tuple(one for one in question.unmarked if one.patch or one.position not in selection.queue)
    queue = {*selection.queue, *(later.position for later in question.later)}
    later = tuple(one for one in question.later if queue.intersection(one.of))  # what refreshing left out needs no fix
    elsewhere = tuple(one for one in question.elsewhere if queue.intersection(one.of))
    return replace(question.verdict(state, selection), unmarked=unmarked, later=later, elsewhere=elsewhere)


def _avoided(question: Question, relaxed: Relaxed) -> list[str]:
    commits = question.range.commits
    return [f"{commits[p - 1].id[:DIGITS]} {commits[p - 1].subject}" for p in relaxed.avoided]


def _partly(question: Question, selection: Selection) -> frozenset[int]:
    """Return the advisories of which the queue has a commit, but not all that the base lacks."""
    found = set()
    for number, positions in question.range.advisories.items():
        lacking = {position for position in positions if position > selection.base}
        if lacking & set(selection.queue) and not lacking <= set(selection.queue):
            found.add(number)
    return frozenset(found)


def _titles(session: Session, question: Question, patches: Sequence[Patch]) -> dict[int, str]:
    """Return for each advisory its title, or the subject of its first patch, which is as near as commits come."""
    told, store = _tellable(question), stored_advisories(session)
    titles = {number: series.headline for number, series in told.items() if series.headline}
    for patch in patches:
        for number in patch.xsa:  # of one that only a prerequisite fixes nothing was asked
            text = store.public_text(number) if number not in titles and store is not None else None
            titles.setdefault(number, (text.title if text is not None else "") or patch.subject)
    return titles


def _tellable(question: Question) -> dict[int, FoundSeries]:
    """Return the advisories whose text may be quoted: public ones, and all if only the user will read the result."""
    return {series.number: series for series in question.found if series.public or question.private}


def _named(question: Question, patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """Return ``patches`` with the CVE numbers that the advisories' texts have and their own messages lack."""
    told = _tellable(question)
    return tuple(
        replace(patch, cve=tuple(cve for number in patch.xsa if number in told for cve in told[number].cves))
        if patch.kind is None and not patch.cve
        else patch
        for patch in patches
    )


def _unlisted(
    session: Session, question: Question, patches: Sequence[Patch], partly: frozenset[int]
) -> Mapping[int, Remark]:
    """Return why the advisories with numbers between those of the queue are not in it."""
    listed = {number for patch in patches for number in patch.xsa} - partly
    if not listed:
        return {}
    between = set(range(min(listed), max(listed) + 1)) - listed
    later = between & question.range.advisories.keys()
    present = fixed(session, question.base, between - later)
    there, others = remarks.has_the_fixes(question.base.name), remarks.concern_others(question.tip.name)
    reasons = {number: there if number in present else others for number in between - later}
    lacking = set(outstanding(session, question.base, question.tip))
    for number in later:
        reason = remarks.were_left_out() if number in lacking else there
        reasons[number] = remarks.only_a_part() if number in partly else reason
    return dict(sorted(reasons.items()))


def refused_behind(session: Session, ready: Ready) -> Refusal | None:
    """Return which of the package's patches behind the queue does not apply on top of it; ``None``: all do."""
    from git_xsa.ask.on_top import on_top  # noqa: PLC0415 - loads the readers of patches

    known = session.placements.get(ready.verdict.base.id)
    return on_top(session, ready.verdict.base.id, ready.end.states, known.behind) if known is not None else None


def files_of(ready: Ready, wish: Wish) -> dict[str, bytes]:
    """Return the files of the export in the format that is wished for, with the manifest."""
    made = export(wish.format, ready.queue, wish.style)
    return made.files | {MANIFEST: manifest(made.files, _facts(ready, wish, made.order))}


def _facts(ready: Ready, wish: Wish, order: Sequence[str]) -> dict[str, Any]:
    """Return what the manifest says besides the checksums: what the queue is for, and what comes of it."""
    verdict, queue = ready.verdict, ready.queue
    before, after = ready.start.entries, ready.end.entries
    return {
        "export": wish.format,
        "base": {"name": queue.base, "commit": queue.base_commit},
        "tip": {"name": queue.tip, "commit": verdict.tip.id},
        "xsa": queue.xsa,
        "unknown": verdict.unknown,
        "follow_ups": list(queue.later),
        "left_out": {str(number): why for number, why in queue.left_out.items()},
        "policy": queue.policy,
        "asked": wish.request.document() | {"refresh": wish.refresh},
        "judges": list(ready.judges),
        "queue": [
            {"file": name, "id": patch.id, "role": patch.role, "refreshed": _is_refreshed(patch)}
            | ({"adapted": patch.adapted} if patch.adapted else {})
            | ({"in_base": patch.in_base} if patch.in_base else {})
            | _comparable(patch)
            for name, patch in zip(cycle(order), queue.patches, strict=False)  # a mailbox is one file for all
        ],
        **({"proof": queue.proof.result} if queue.proof.result is not None else {}),
        "result": {
            path.decode("utf-8", "surrogateescape"): {
                "before": before.get(path),
                "after": after.get(path),
            }
            for path in sorted(before.keys() | after.keys())
        },
    }


def _is_refreshed(patch: Patch) -> bool:
    """Whether the line numbers and the context of ``patch`` were refreshed."""
    return patch.published is not None and (not patch.adapted or bool(patch.remarks))


def _comparable(patch: Patch) -> dict[str, Any]:
    """Return what the manifest says of a patch, besides its file and role, so that it can be compared later."""
    return {"sum": sha256(patch.content).hexdigest(), "subject": patch.subject, "xsa": list(patch.xsa)}
