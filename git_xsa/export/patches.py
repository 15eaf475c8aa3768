"""Make an answer ready for export: every patch with its bytes, checked with the program that will apply it.

A patch stays as it was published as long as all programs that matter make the right files of it.  Where one of them
refuses it, or puts a hunk elsewhere, it is refreshed from the line history: the same changed lines, with the context
and the line numbers that they have on this base after the patches before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.ask.question import Proposal, Question
from git_xsa.export import problems, remarks
from git_xsa.export.difftext import file_diff
from git_xsa.export.mail import commit_mail, file_mail, transferable
from git_xsa.export.policy import POLICIES, Files, Judge, QueueStep, judge
from git_xsa.export.prepared import FOLLOW_UP, Need, Patch, slug
from git_xsa.git.diffs import pieces
from git_xsa.git.log import Range
from git_xsa.git.mails import read_mails
from git_xsa.git.repository import Repository
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.history import FileState
from git_xsa.model.marks import marked_cves, upstream_commit
from git_xsa.model.partial import Partial
from git_xsa.model.relax import Place
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import Selection
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.advisory.adaptations import Adaptation


@dataclass(frozen=True)
class PatchSource:
    """Where a queue's patches come from: the question, the selection that is to be exported, the hunks whose context
    that gives up, the changes that the base has in part, by position, and whether it all goes into one mailbox."""

    question: Question
    selection: Selection
    given_up: tuple[Place, ...] = ()
    halves: Mapping[int, Sequence[Partial]] = field(default_factory=dict)
    mailbox: bool = False

    @property
    def range(self) -> Range:
        """The range that the positions belong to."""
        return self.question.range


class Preparation:
    """The patches of one selection on their way to an export."""

    def __init__(self, repository: Repository, quarantine: Quarantine, source: PatchSource) -> None:
        self._repository = repository
        self._quarantine = quarantine
        self._source = source
        self._range = source.range
        self._length = repository.hash_length
        self.queue = source.selection.queue
        self._published = {position: patch.content for position, patch in source.question.published.items()}
        self._refreshed: set[int] = set()
        self._patches = [self._as_published(index) for index in range(len(self.queue))]

    def checked(self, policies: Sequence[str]) -> tuple[Patch, ...]:
        """Return the patches after each of ``policies`` makes the right files of them; ``XsaError`` if one can't."""
        for position in {place[0] for place in self._source.given_up} | self._source.halves.keys():
            self._refresh(self.queue.index(position), NOTHING)
        judges = [judge(policy, self._quarantine, self._content) for policy in policies]
        while not all(self._mended(program) for program in judges):
            pass  # ends: each round has refreshed a patch, which is done once for each
        return tuple(self._patches)

    def comes_out_right(self, policies: Sequence[str]) -> bool:
        """Return whether each of ``policies`` makes the right files of the patches as they were published."""
        judges = [judge(policy, self._quarantine, self._content) for policy in policies]
        return all(program.right(self._step(program, len(self.queue))) for program in judges)

    @cached_property
    def start(self) -> Files:
        """All files that the queue touches, as the base has them."""
        return self._all(0, self._proposed().base or None)

    @cached_property
    def end(self) -> Files:
        """The same files after the queue."""
        return self._all(len(self.queue), self._proposed().expected or None)

    def _all(self, size: int, known: Mapping[bytes, Entry] | None = None) -> Files:
        """Return all files that the queue touches, as they are after its first ``size`` patches."""
        return Files(lambda: self._states(self.queue, size), self._length, known)

    def touched(self, index: int, size: int) -> Files:
        """Return the files that the patch at ``index`` touches, as they are after the queue's first ``size``."""
        return Files(lambda: self._states(self.queue[index : index + 1], size), self._length)

    def _proposed(self) -> Proposal:
        """Return what is known already, which is nothing if the selection is another one than the question's."""
        proposal = self._source.question.proposal
        same = proposal.selection is self._source.selection
        return proposal if same else Proposal(self._source.selection, None)

    def _states(self, positions: Sequence[int], size: int) -> dict[bytes, FileState | None]:
        chosen = Chosen(self._source.selection.base, frozenset(self.queue[:size]))
        return self._range.history.states(positions, chosen)

    def _mended(self, program: Judge) -> bool:
        """Return whether ``program`` makes the right files of the whole queue; refreshes the patch that keeps it
        from that, as often as needed."""
        mended = False
        while not program.right(self._step(program, len(self.queue))):  # ends: a patch is refreshed once, or it raises
            self._mend(program)
            mended = True
        return not mended

    def _mend(self, program: Judge) -> None:
        """Refresh the patch with which the files first come out wrong; ``XsaError`` when that has been done."""
        right, wrong = 0, len(self.queue)
        while wrong - right > 1:
            middle = (right + wrong) // 2
            if program.right(self._step(program, middle)):
                right = middle
            else:
                wrong = middle
        complaint = program.complaint(self._step(program, wrong)) or remarks.accepts_one_by_one()
        first = remarks.said_by_the_program(complaint.splitlines()[0])
        what = remarks.said_under_policy(POLICIES[program.name], first)
        patch = self._patches[right]
        if program.name == "am" and patch.published is None and patch.content != patch.mail:
            told = (remarks.converted_to_a_mail(), what)
            self._patches[right] = replace(patch, content=patch.mail, published=patch.content, remarks=told)
            return
        if right in self._refreshed:
            raise problems.refreshed_and_refused(patch.id, what)
        self._refresh(right, what)

    def _step(self, program: Judge, size: int) -> QueueStep:
        """Return the queue's first ``size`` patches for ``program``."""
        patches = self._patches[:size]
        texts = [patch.content for patch in patches]
        if program.name == "am" and self._source.mailbox:
            texts = [b"".join(transferable(patch.mail) for patch in patches)]
        whole = size == len(self.queue)
        return QueueStep(texts, self.start, self.end if whole else self._all(size))

    def _content(self, name: str) -> bytes:
        return self._repository.contents([name])[name]

    @cached_property
    def _mails(self) -> dict[str, bytes]:
        commits = [self._range.commits[position - 1] for position in self.queue if position not in self._published]
        return read_mails(self._repository, [(commit.id, commit.parent) for commit in commits])

    def _as_published(self, index: int) -> Patch:
        """Return the patch at ``index`` as the branch or the file has it."""
        position = self.queue[index]
        commit = self._range.commits[position - 1]
        marks = self._source.question.xsa_of.get(position) or self._range.marks(position)
        diff = self._range.text(position)
        adapted = self._source.question.adapted.get(position)
        mail = self._mail(position, diff, _adapted_note(adapted))
        original = self._published.get(position)
        if adapted is not None and original is None:
            original = self._mail(position, adapted.published, "")
        selection = self._source.selection
        name = Path(commit.id).stem if position in self._published else _stem(commit.subject, marks)
        wanted = position in selection.wanted
        added = {later.position for later in self._source.question.later if later.added}
        return Patch(
            id=commit.id,
            stem=slug(name),
            content=self._published.get(position, mail) if adapted is None else mail,
            mail=mail,
            subject=commit.subject,
            published=None if adapted is None else original,
            adapted=adapted.words if adapted is not None else NOTHING,
            commit=commit.id if position not in self._published else None,
            upstream=upstream_commit(commit.message),
            xsa=tuple(marks),
            cve=marked_cves(commit.message),
            kind=FOLLOW_UP if position in added else None if wanted else selection.kind(position).value,
            needs=self._needs(position),
            merge=merged.words if (merged := self._range.merged(position)) is not None else "",
        )

    def _mail(self, position: int, diff: bytes, note: str) -> bytes:
        commit = self._range.commits[position - 1]
        if position not in self._published:
            return commit_mail(self._mails[commit.id], diff, note)
        head = commit.message.partition("\n\n")[2]
        return file_mail(head, commit.subject, self._base_date, diff, note)

    @cached_property
    def _base_date(self) -> int:
        """When the base was committed: the date of what has none, the same wherever and whenever it is exported."""
        return int(self._repository.git.text("show", "-s", "--format=%ct", self._source.question.base.id))

    def _needs(self, position: int) -> tuple[Need, ...]:
        found: dict[Need, None] = {}
        for reason in self._source.selection.reasons.get(position, ()):
            path = reason.rule.path.decode("utf-8", "backslashreplace")
            need = Need(self.queue.index(reason.needed_by), reason.rule.kind.value, path, reason.rule.hunk)
            found[need] = None
        return tuple(sorted(found, key=lambda need: (need.needed_by, need.path, need.hunk)))

    def _refresh(self, index: int, complaint: Remark) -> None:
        """Refresh the patch at ``index``; ``complaint`` is why, empty when its context was given up."""
        position = self.queue[index]
        patch = self._patches[index]
        diff = self._refreshed_diff(index)
        base = self._source.question.base.name
        told = [remarks.refreshed_for(base)]
        half = {shown(one.path): one.there for one in self._source.halves.get(position, ()) if one.there}
        if half:
            told.insert(0, remarks.only_the_rest(base, half))
        if complaint:
            told.append(complaint)
        for _, path, hunk in (place for place in self._source.given_up if place[0] == position):
            told.append(remarks.review_hunk(hunk, shown(path)))
        note = f"\n{remarks.note_in_the_mail(base, bool(half))}\n"
        adapted = self._source.question.adapted.get(position)
        mail = self._mail(position, diff, _adapted_note(adapted) or note)
        published = patch.content if patch.published is None else patch.published
        self._patches[index] = replace(patch, content=mail, mail=mail, published=published, remarks=tuple(told))
        self._patches[index] = replace(self._patches[index], in_base=half)
        self._refreshed.add(index)

    def _refreshed_diff(self, index: int) -> bytes:
        """Return the diff of the patch at ``index`` between the files before and after it."""
        before, after = self.touched(index, index).states, self.touched(index, index + 1).states
        base = self._source.selection.base
        chosen = [Chosen(base, frozenset(self.queue[:size])) for size in (index, index + 1)]
        texts = []
        originals = pieces(self._range.text(self.queue[index]))
        for change in self._range.history.rewritten(self.queue[index], *chosen):
            old = before[change.old_path] if change.old_path is not None else None
            new = after[change.new_path] if change.new_path is not None else None
            texts.append(originals[change.path] if change.binary else file_diff(change, old, new, self._length))
        return b"".join(texts)


def shown(path: bytes) -> str:
    """Return a path as remarks have it."""
    return path.decode("utf-8", "backslashreplace")


def _adapted_note(adapted: Adaptation | None) -> str:
    """Return what a mail says of an adapted patch, empty for any other."""
    if adapted is None:
        return ""
    return f"\n{remarks.not_as_published(adapted.words)}\n"


def _stem(subject: str, marks: Sequence[int]) -> str:
    """Return what a commit's file is called: its subject, with its advisory in front."""
    return f"xsa{marks[0]}-{subject}" if marks else subject
