"""Answer requests about one repository: find base, branch and commits, judge, and keep what can be used again.

A session holds the repository open, with one quarantine for trial applies and the range that was read last.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from git_xsa.ask.fitting import without_conflicts
from git_xsa.ask.follow_ups import Later, later_fixes
from git_xsa.ask.own_fixes import OwnFixes
from git_xsa.ask.question import Proposal, Question, State, Verdict, propose
from git_xsa.ask.tip import tip_for
from git_xsa.ask.unmarked import unmarked_among
from git_xsa.errors import UsageError, XsaError
from git_xsa.git.branches import Branch, Branches
from git_xsa.git.config import read_settings
from git_xsa.git.log import NotOnBranch, Range
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Commit, Repository
from git_xsa.git.trial import Quarantine
from git_xsa.model.history import HistoryError
from git_xsa.model.marks import marked_advisories
from git_xsa.model.release import Version
from git_xsa.model.selection import RuleSource, Selection
from git_xsa.model.words import advisory_names

if TYPE_CHECKING:
    from concurrent.futures import Future

    from git_xsa.advisory.editions import Library
    from git_xsa.advisory.other_trees import Trees
    from git_xsa.ask.advisories import Imported
    from git_xsa.ask.newer_branches import NewerBranches
    from git_xsa.embargo.rule import Instant
    from git_xsa.embargo.secrecy import Secrecy
    from git_xsa.git.borrowed import Borrowed
    from git_xsa.names.forms import Forms

#: How many questions may wait for their check; each holds its patches in memory.
LOOK_AHEAD = 8


class Session:
    """One command's work in the repository at ``folder`` (``None``: the current folder).

    Use it as a context manager: leaving it ends every process and removes every temporary file.  Without ``symbols``
    the answers are those of the text alone; without ``now`` no embargo is over.
    """

    def __init__(self, folder: Path | None = None, symbols: bool = True, now: Instant = 0) -> None:
        # A history is a million small objects that live as long as it does: looking through them for garbage again
        # and again takes a good part of the time.  Nothing of it is in a cycle, so all is freed without that.
        self._collecting = gc.isenabled()
        gc.disable()
        self.repository = Repository(folder)
        try:
            self.repository.begin_refs()
            self.settings = read_settings(self.repository.git)
            self.branches = Branches(self.repository, self.settings)
            self.quarantine = Quarantine(self.repository)
        except BaseException:
            self.repository.close()
            raise
        self._range: Range | None = None
        self._trees: dict[tuple[str, str], Trees] = {}
        self._borrowed: list[Borrowed] = []
        self._newer_of: dict[tuple[str, ...], NewerBranches] = {}
        #: What happens to later fixes of a queue: ``list``, ``add`` or ``ignore``.
        self.follow_ups = self.settings.follow_ups
        #: What there is to say of the base, for people.
        self.notes: list[str] = []
        self.symbols = symbols
        self._now = now

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quarantine.close()
        self.repository.close()
        for borrowed in self._borrowed:
            borrowed.close()
        if self._collecting:
            gc.enable()

    def keep(self, borrowed: Borrowed) -> Borrowed:
        """Return ``borrowed``, whose commits are there until the session ends."""
        self._borrowed.append(borrowed)
        return borrowed

    def commit(self, name: str) -> Commit:
        """Return the commit ``name``; ``XsaError`` when there is none."""
        commit = self.repository.resolve(name)
        if commit is None:
            raise self.repository.no_commit(name)
        return commit

    def range(self, base: Commit, tip: Commit) -> Range:
        """Return the range to ``tip`` in which ``base`` has a position.

        It is read from the base on.  When another base of the same branch is asked for, it is read from the oldest
        release on, and serves all.  A base that is not on the branch is one with changes of its own.
        """
        known = self._range
        if known is not None and known.tip == tip.id and base.id in known.position and known.base in (None, base.id):
            return known
        self._range = None
        root = self._first_release(base) if known is not None and known.tip == tip.id else None
        found = self._read_range(root, tip) if root is not None else None
        if found is None or base.id not in found.position:
            on_branch = self.branches.of_base(base) is not None or self._merge_base(base, tip) == base.id
            found = self._read_range(base, tip) if on_branch else None
        if found is None:
            found = Range(self.repository, self._merge_base(base, tip), tip.id, base=base.id)
        self._range = found
        return found

    def trees(self, base: Commit, tip: Commit) -> Trees:
        """Return what tells which patches are for the tree of ``base`` and ``tip``."""
        from git_xsa.advisory.other_trees import Trees  # noqa: PLC0415 - commits need none

        key = (base.id, tip.id)
        if key not in self._trees:
            self._trees[key] = Trees(self.repository, key)
        return self._trees[key]

    def _read_range(self, root: Commit, tip: Commit) -> Range | None:
        """Return the range from ``root`` to ``tip``, ``None`` when the root is not on the branch."""
        try:
            return Range(self.repository, root.id, tip.id)
        except NotOnBranch:
            return None

    def _merge_base(self, base: Commit, tip: Commit) -> str:
        """Return where ``base`` left the branch; ``XsaError`` when they have nothing in common."""
        answer = self.repository.git.call("merge-base", base.id, tip.id, accept=(0, 1))
        if answer.status:
            hint = self.repository.missing_hint() if self.repository.shallow else "give a base with the same origin"
            raise XsaError(f"{base.name} and {tip.spelled} have no commit in common", hint)
        return answer.out.decode().strip()

    def _first_release(self, base: Commit) -> Commit | None:
        """Return the oldest release of the branch that ``base`` is a release of: a root for all requests to come."""
        branch = self.branches.of_base(base)
        return branch.releases[-1] if branch is not None else None

    def tip_for(self, base: Commit, commits: Sequence[Commit] = ()) -> Commit:
        """Return the tip of the branch that ``base`` belongs to and that has ``commits``; errors as of ``tips``."""

        def has_them(branch: Branch) -> bool:
            positions = self.range(base, branch.end).position  # it is read for it in any case
            return all(commit.id in positions for commit in commits)

        return tip_for(self.branches, base, commits, has_them)

    def ask_commits(self, base: Commit, tip: Commit, commits: Sequence[Commit]) -> Question:
        """Ask about ``commits`` of the first-parent line to ``tip`` on ``base``."""
        history = self.range(base, tip)
        wanted = [history.position.get(commit.id) for commit in commits]
        missing = [commit for commit, position in zip(commits, wanted, strict=True) if position is None]
        present = [commit for commit in missing if self._contains(base, commit)]
        if len(present) < len(missing):
            stray = next(commit for commit in missing if commit not in present)
            raise XsaError(
                f"{stray.name} is not between {base.name} and {tip.spelled}",
                f"git branch -a --contains {stray.id[:12]} tells which branch it is on; give its end with --tip",
            )
        xsa_of = {position: history.marks(position) for position in wanted if position is not None}
        for position in history.taken(xsa_of):
            xsa_of[0] = (*xsa_of.get(0, ()), *xsa_of.pop(position))
        if present:  # somewhere before the range: position 0 is in every base
            messages = [self.repository.read(commit.id) for commit in present]
            texts = [message[2].decode("utf-8", "replace") for message in messages if message is not None]
            xsa_of[0] = tuple(number for text in texts for number in marked_advisories(text))
        return self.question(base, tip, history, xsa_of)

    def sort_out(self, names: Sequence[str]) -> tuple[list[Commit], list[Path]]:
        """Return the commits that ``names`` stand for, or the patch files; ``UsageError`` when there are both.

        A name with a slash or a dot is a file when there is one, any other is a commit when there is one.
        """
        commits, files = [], []
        for name in names:
            path = Path(name)
            looks_like_file = ("/" in name or "." in name) and path.is_file()
            commit = None if looks_like_file else self.repository.resolve(name)
            if commit is not None:
                commits.append(commit)
            elif path.is_file():
                files.append(path)
            elif name and path.is_dir():
                raise XsaError(f"{name!r} is a folder", "give the patch files in it, in their order")
            else:
                raise XsaError(f"{name!r} is neither a commit nor a file", self.repository.name_hint())
        if commits and files:
            raise UsageError(f"{files[0]} is a file and {commits[0].name} a commit", "ask about one kind at a time")
        places = [path.resolve() for path in files]
        for number, path in enumerate(files):
            if places[number] in places[:number]:
                raise UsageError(f"{path} is given twice", "give each patch of the series once, in their order")
        return commits, files

    def ask_files(self, base: Commit, tip: Commit, files: Sequence[Path]) -> Question:
        """Ask about the patch files ``files``, a series in this order, made for a commit from ``base`` to ``tip``.

        A series that has no place there, but that ``base`` has already, is answered, too.
        """
        from git_xsa.ask.patch_files import ask_files  # noqa: PLC0415 - loads the mail parser

        return ask_files(self, base, tip, files)

    def _contains(self, base: Commit, commit: Commit) -> bool:
        words = ("merge-base", "--is-ancestor", commit.id, base.id)
        return self.repository.git.call(*words, accept=(0, 1)).status == 0

    def ask_advisories(self, base: Commit, tip: Commit, numbers: Iterable[int]) -> Question:
        """Ask about the commits that fix the advisories ``numbers`` between ``base`` and ``tip``, all together."""
        asked = tuple(sorted(set(numbers)))
        history = self.range(base, tip)
        start = history.position[base.id]
        xsa_of: dict[int, list[int]] = {}
        own = OwnFixes(self.repository.git, history, asked)
        for number in sorted(set(asked) - own.advisories):
            for position in history.advisories.get(number, ()):
                if position > start:
                    xsa_of.setdefault(0 if position in own.commits else position, []).append(number)
        return self.question(base, tip, history, {p: tuple(n) for p, n in xsa_of.items()}, asked)

    def ask_known_advisories(self, base: Commit, tip: Commit, numbers: Iterable[int]) -> Question:
        """Ask as ``ask_advisories`` does, but about advisories that a person named: those in the base count, too.

        An advisory that is not fixed after the base is looked for in the base's whole history, the others only since
        the branch's first release (an early part of a fix).
        """
        asked = set(numbers)
        branch = self.branches.of_base(base)
        since = (branch.releases[-1].id,) if branch is not None else ()
        fixes = MarkLog(self.repository.git, base.id, asked, since)  # while the range is read
        question = self.ask_advisories(base, tip, asked)
        fixed = {number for found in question.xsa_of.values() for number in found}
        present = fixes.commits().keys() | self.fixed(base, asked - fixed)
        present |= OwnFixes(self.repository.git, question.range, asked).advisories
        if not present:
            return question
        patches = {one.position for one in question.unmarked if one.patch}
        xsa_of = {p: numbers for p, numbers in question.xsa_of.items() if p not in patches}
        xsa_of = {0: tuple(sorted(present)), **xsa_of}
        return self.question(base, tip, question.range, xsa_of, question.asked)

    def fixed(self, base: Commit, numbers: Iterable[int]) -> set[int]:
        """Return those of the advisories ``numbers`` that commits in the base's history say they fix."""
        return set(MarkLog(self.repository.git, base.id, set(numbers)).commits())

    def fixed_by_own(self, history: Range) -> set[int]:
        """Return the advisories that the base's own commits, since it left the branch, fix (``OwnFixes``)."""
        return OwnFixes(self.repository.git, history, history.advisories.keys()).advisories

    def question(
        self,
        base: Commit,
        tip: Commit,
        history: Range,
        xsa_of: dict[int, tuple[int, ...]],
        asked: tuple[int, ...] = (),
        settled: Collection[int] = (),
    ) -> Question:
        """Return the question about the changes that ``xsa_of`` has as keys, and about those that belong to them.

        ``settled`` are the advisories whose patches are known from a text.
        """
        start = history.position[base.id]
        lacking = self.follow_ups != "ignore" and any(position > start for position in xsa_of)
        newer = self._newer(base, tip, history) if lacking else None  # git looks meanwhile
        unmarked = unmarked_among(history, start, xsa_of, settled)
        whole = xsa_of | {one.position: (one.number,) for one in unmarked if one.patch}
        proposal = self._proposal(base, history, whole)
        if len(whole) > len(xsa_of) and proposal.state is State.CONFLICTS and history.base is not None:
            alone = self._proposal(base, history, xsa_of)
            if alone.state is not State.CONFLICTS:  # the base has its own way of what belongs to the patches
                unmarked = [replace(one, patch=False) for one in unmarked]
                whole, proposal = xsa_of, alone
        whole, proposal, later = self._with_later(base, history, whole, proposal)
        queue = proposal.selection.queue
        told = tuple(one for one in unmarked if one.patch or one.position not in queue)
        secret = self._secret({*asked, *(number for numbers in whole.values() for number in numbers)})
        chain = {*queue, *(one.position for one in later)}
        elsewhere = newer.fixes_of({one: history.names(one) for one in chain}) if newer is not None and queue else ()
        question = Question(
            base, tip, history, whole, asked, proposal,
            unmarked=told, later=later, elsewhere=elsewhere, secret=secret, settled=frozenset(settled),
        )  # fmt: skip
        conflicts = proposal.state is State.CONFLICTS
        return replace(question, rest=self.without_conflicts(question, proposal.selection)) if conflicts else question

    def _newer(self, base: Commit, tip: Commit, history: Range) -> NewerBranches:
        """Return what the development branch fixes, or where it is not here the stable branches after that of ``tip``,
        and this branch lacks."""
        from git_xsa.ask.newer_branches import NewerBranches  # noqa: PLC0415 - only for what has a queue

        having = (tip.id,) if history.base is None else (tip.id, history.base)
        if having not in self._newer_of:
            version = self.version_of(base, tip)
            after = (branch for branch in self.branches.stable if version and branch.version > version)
            ends = [branch.end for branch in self.branches.development or after]
            self._newer_of[having] = NewerBranches(self.repository, having, ends)
        return self._newer_of[having]

    def _with_later(
        self, base: Commit, history: Range, wanted: dict[int, tuple[int, ...]], proposal: Proposal
    ) -> tuple[dict[int, tuple[int, ...]], Proposal, tuple[Later, ...]]:
        """Return what is wanted and proposed with the follow-ups that are to be added, and the follow-ups."""
        if self.follow_ups == "ignore" or proposal.selection.impossible:
            return wanted, proposal, ()
        start = history.position[base.id]
        added: set[int] = set()
        refused: set[int] = set()
        later = later_fixes(history, start, proposal.selection.queue)
        while self.follow_ups == "add":
            fresh = [one.position for one in later if not one.added and one.position not in refused]
            if not fresh:  # ends: each round takes the first follow-up in or refuses it
                break
            larger = self._proposal(base, history, {*wanted, *added, fresh[0]})
            if larger.selection.impossible:
                refused.add(fresh[0])
                continue
            added.add(fresh[0])
            proposal = larger
            later = later_fixes(history, start, proposal.selection.queue, added)
        return {**dict.fromkeys(sorted(added), ()), **wanted}, proposal, later

    def without_conflicts(self, question: Question, selection: Selection) -> Question | None:
        """Return the question about the advisories that go in as ``selection`` says, which has conflicts; each as a
        whole, ``None`` when there is none."""
        patches = {one.position for one in question.unmarked if one.patch}
        fitting = without_conflicts(question.xsa_of, selection)
        fitting = {position: found for position, found in fitting.items() if position not in patches}
        base, history = question.base, question.range
        if all(position <= history.position[base.id] for position in fitting):
            return None
        numbers = {number for found in fitting.values() for number in found}
        asked = tuple(number for number in question.asked if number in numbers)
        return self.question(base, question.tip, history, fitting, asked, question.settled)

    def _proposal(self, base: Commit, history: Range, wanted: Iterable[int]) -> Proposal:
        """Return what the line history says of the changes at ``wanted``."""
        try:
            supplier = self.supplier(base, history)
            grow = partial(supplier, history.history) if supplier is not None else None
            return propose(history, history.position[base.id], sorted(wanted), grow)
        except HistoryError as error:
            commit = history.commits[error.position - 1].id[:12] if error.position > 0 else base.name
            path = error.path.decode("utf-8", "backslashreplace")
            what = f"the history of {path} does not add up at {commit}: {error.why}"
            hint = "check the clone with git fsck; look for diff settings in its info/attributes"
            raise XsaError(what, hint) from None

    def supplier(
        self, base: Commit, history: Range, relaxed: bool = False
    ) -> Callable[[RuleSource, Selection], Selection] | None:
        """Return what adds to a selection, made by some rules, the commits that supply the names it lacks.

        ``None`` where names don't count.  ``relaxed``: context need not be there, so that names may go while older
        lines use them.  Where it must be, that is looked for with macros alone: all of them take 28 % of the time
        more, and would have added nothing to the 1,490 pairs of release and advisory that xen.git had in 2026.
        """
        if not self.symbols:
            return None
        from git_xsa.names.range_words import Names  # noqa: PLC0415 - only where names count
        from git_xsa.names.supply import supply_names  # noqa: PLC0415

        names, forms = Names(self.repository, history, base.id, self.forms), self.forms
        return lambda source, selection: supply_names(source, names, forms, selection, relaxed)

    @cached_property
    def forms(self) -> Forms:
        """How names in the code look, for the search for what supplies them."""
        from git_xsa.names.forms import XEN_FORMS, XEN_READINGS, Forms  # noqa: PLC0415
        from git_xsa.names.settings import NameSettings  # noqa: PLC0415

        return Forms((*XEN_FORMS, *XEN_READINGS, *self.settings.of(NameSettings).forms))

    @cached_property
    def _stored(self) -> tuple[Library, Secrecy] | None:
        """What the store has, and what of it is public; ``None`` when there is no store."""
        from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - only what is asked about advisories needs it

        store = open_store(self.settings)
        if not store.exists:
            return None
        from git_xsa.advisory.editions import Library  # noqa: PLC0415
        from git_xsa.embargo.ledger import EmbargoLedger, LedgerError  # noqa: PLC0415
        from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415

        library = Library(store, self.settings.trusted_keys)
        try:
            ledger = EmbargoLedger(store).ledger
        except LedgerError:  # said by who asks what is frozen
            ledger = None
        return library, Secrecy(library, ledger, self._now)

    @cached_property
    def imported(self) -> Imported | None:
        """The advisories in the store, ``None`` when there are none."""
        if self._stored is None:
            return None
        from git_xsa.ask.advisories import Imported  # noqa: PLC0415 - only with a store

        imported = Imported(self, *self._stored)
        return imported if imported.numbers else None

    def _secret(self, numbers: Iterable[int]) -> bool:
        """Whether one of the advisories ``numbers`` is under embargo by the ledger."""
        wanted = set(numbers)
        return bool(wanted) and self._stored is not None and any(map(self._stored[1].under_embargo, wanted))

    def ask(self, base: Commit, tip: Commit, numbers: Sequence[int], named: bool) -> list[Question]:
        """Ask about the advisories ``numbers``, by their patches in the store or else by the branch's commits.

        ``named``: a person asked for just these, so those in the base count, too.  There are several questions when
        some patches don't fit with the others.
        """
        if self.imported is not None and self.imported.numbers.intersection(numbers):
            return self.imported.ask(base, tip, numbers, named)
        ask = self.ask_known_advisories if named else self.ask_advisories
        return [ask(base, tip, numbers)]

    def each_outstanding(self, base: Commit, tip: Commit) -> Iterator[tuple[int, Verdict]]:
        """Yield the number of each advisory that is outstanding on ``base``, with an answer for it by itself."""
        for number in self.outstanding(base, tip):
            for question in self.ask(base, tip, [number], named=False):
                yield number, self.answer(question)

    def ask_one(self, base: Commit, tip: Commit, numbers: Sequence[int], named: bool) -> Question:
        """Ask as ``ask`` does, for one queue; ``XsaError`` (status 2) when some patches don't fit with the others."""
        first, *apart = self.ask(base, tip, numbers, named)
        if apart:
            names = ", ".join(advisory_names(question.asked) for question in apart)
            reasons = [series.remark for question in apart for series in question.found if series.remark]
            hint = "ask about each of them by itself, or leave it out with --xsa"
            what = f"{names} can't be put into one queue with the others"
            error = XsaError(what, "\n".join([*(f"they don't fit: {reason}" for reason in reasons[:1]), hint]))
            error.status = 2
            raise error
        return first

    def version_of(self, base: Commit, tip: Commit) -> Version | None:
        """Return the version of the stable branch that ``tip`` is the end of, or that ``base`` is a release of; that
        of the branch which is not released yet for the end of a development branch, and for a commit that it alone has.
        """
        from git_xsa.advisory.version_rows import UNSTABLE  # noqa: PLC0415 - only what is asked about the store needs it

        if any(branch.name == tip.name for branch in self.branches.development):
            return UNSTABLE
        for branch in self.branches.stable:
            if branch.name == tip.name or branch.tip == tip.id:
                return branch.version
        of_base = self.branches.of_base(base)
        if of_base is not None:
            return of_base.version
        developing = None if self.branches.holding([tip.id]) else self.branches.developing([tip.id])
        return UNSTABLE if developing is not None else None

    def answer(self, question: Question) -> Verdict:
        """Check what the line history says with git and return the answer."""
        return question.answer(self.quarantine)

    def answers(self, questions: Iterable[Question]) -> Iterator[Verdict]:
        """Yield the answers to ``questions``, in order; while git checks one the next one is worked out."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not for one question

        with ThreadPoolExecutor(1) as checker:
            waiting: deque[Future[Verdict]] = deque()
            try:
                for question in questions:
                    waiting.append(checker.submit(self.answer, question))
                    if len(waiting) > LOOK_AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except BaseException:
                checker.shutdown(cancel_futures=True)
                raise

    def outstanding(self, base: Commit, tip: Commit) -> list[int]:
        """Return the advisories that commits after ``base`` fix, and those that the store has patches of, by number."""
        known = self.fixed_later(base, tip)
        return sorted({*known, *(self.imported.outstanding(base, tip, known) if self.imported is not None else ())})

    def fixed_later(self, base: Commit, tip: Commit) -> list[int]:
        """Return the advisories that commits after ``base`` fix, by number."""
        history = self.range(base, tip)
        position = history.position[base.id]
        own = self.fixed_by_own(history)
        return sorted(n for n, fixes in history.advisories.items() if fixes[-1] > position and n not in own)
