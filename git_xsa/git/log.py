"""Read the history of a range, limited to the files that matter.

One ``git log`` lists the commits and their messages, another one which files they touch, and a long-lived ``git
diff-tree`` gives the diffs of just those commits that are asked for.  Where the range is long, what all of its commits
touch takes git longer to list than everything else together, so there ``git rev-list`` is asked for the commits that
touch the files in question, as often as new files come up.  Merges count as one change against their first parent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import accumulate
from typing import NamedTuple, Protocol

from git_xsa.git import problems
from git_xsa.git.diffs import FileDiff, as_change, split_diff, unquote
from git_xsa.git.marked import MarkLog
from git_xsa.git.repository import Repository, date_of
from git_xsa.git.run import Call, Service
from git_xsa.git.trees import CommitTree
from git_xsa.model.change import ADDED, REMOVED, FileChange, Merged, Touch
from git_xsa.model.follow_ups import Fixing, fixed_commits
from git_xsa.model.history import History, TouchIndex, TouchList
from git_xsa.model.marks import marked_advisories, named_commits
from git_xsa.model.unmarked import PUSH, WIDEST

#: Options by which the diffs do not depend on the user's configuration.  They give the text that ``git apply`` is
#: later given, so they must hold all it needs: full object names and binary contents.
DIFF_OPTIONS = ("-r", "--root", "-p", "--binary", "--full-index", "-M50%", "--no-ext-diff", "--no-textconv", "-U3",
                "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/", "--no-color")  # fmt: skip
LOG_OPTIONS = ("-z", "--first-parent", "--reverse", "--no-show-signature", "--no-notes", "--no-mailmap", "--no-color",
               "--encoding=UTF-8")  # fmt: skip
MESSAGES = ("--no-patch", "--format=%H%x00%P%x00%ct%x00%an <%ae>%x00%B")
RAW = ("--diff-merges=first-parent", "--raw", "--no-abbrev", "-M50%", "--no-ext-diff", "--format=%H%x00")
#: Ranges of more commits than this are read path by path.  Measured on a history of 20,000 commits over 5,000 files:
#: telling what all commits touch takes git 26 us a commit, what touches some files 7 us, and a few such calls are
#: needed; so whole ranges are read as long as that takes less than about 0.1 s.
WHOLE_RANGE = 3_000
#: How much of that is done before the whole is read after all: calls of git, each for at most so many files.  What a
#: call takes grows with the files times the commits; for hundreds of files it is longer than reading the whole.
PATH_CALLS = 4
FEW_PATHS = 8
_DIFF_TREE = ("diff-tree", "--stdin", "--raw", *DIFF_OPTIONS, "--format=%x00%H")
#: From so many commits on, a second process reads half of them, beside the first: git takes 1 to 4 ms a commit, and 5
#: to start.
TWO_READERS = 8
#: git echoes a line that names no object and flushes its output: so we know where an answer ends.  Every line of a
#: diff begins with a mark or a keyword, so none can be taken for it, nor for the line that names the
#: commit, which begins with NUL.
_END = b"end of answer\n"
_DIFF = re.compile(rb"^diff --git ", re.MULTILINE)


class LoggedCommit(NamedTuple):
    """A commit of the range: its object name, first parent, committer date (seconds since 1970), message and author.

    A patch in the place of a commit has no author; ``merge``: it has several parents.
    """

    id: str
    parent: str
    date: int
    message: str
    author: str = ""
    merge: bool = False

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


def _logged(output: bytes) -> list[LoggedCommit]:
    """Return the commits that ``git log`` wrote in the form of ``MESSAGES``."""
    fields = iter(output.split(b"\0"))
    commits = []
    for field in fields:
        if field:
            parents = next(fields).decode().split()
            date = int(next(fields))
            author, message = (next(fields).decode("utf-8", "replace") for _ in range(2))
            first, merge = parents[0] if parents else "", len(parents) > 1
            commits.append(LoggedCommit(field.decode(), first, date, message, author, merge))
    return commits


def _touch(words: list[str], names: Iterator[bytes], position: int) -> Touch:
    """Return the touch that a line of raw output describes: its ``words``, and the ``names`` that follow them."""
    old_mode, new_mode, old_id, new_id, status = words
    path = next(names)
    target = next(names) if status[0] in "RC" else path
    new, gone = status[0] in "AC", status[0] == "D"
    return Touch(
        position,
        None if new else path,
        None if gone else target,
        None if new else old_mode[1:],
        None if gone else new_mode,
        None if new else old_id,
        None if gone else new_id,
    )


class Placed(Protocol):
    """A patch that stands at the end of a range as if it were a commit."""

    @property
    def commit(self) -> LoggedCommit:
        """What stands for it in ``Range.commits``: its id is a file's name."""

    @property
    def text(self) -> bytes:
        """Its diff."""

    @property
    def touches(self) -> Sequence[Touch]:
        """Which files it touches."""

    @property
    def changes(self) -> Sequence[FileChange]:
        """What it does to them."""


def _split(output: bytes) -> tuple[bytes, bytes]:
    """Return the raw lines that git wrote of a commit, and its diff."""
    start = _DIFF.search(output)
    return (output[: start.start()], output[start.start() :]) if start else (output, b"")


def _raw_touch(line: bytes, position: int) -> Touch:
    """Return the touch that a raw line describes, as git writes it without ``-z``."""
    words, *names = line.split(b"\t")
    return _touch(words.decode().split(), iter([unquote(name) for name in names]), position)


class _Reader:
    """Gives the contents behind a range: diffs of commits, read once, and blobs.  It is the history's supplier.

    Apart from the range, so that nothing refers to what refers to it: a range that is dropped is gone at once.
    """

    def __init__(self, repository: Repository, commits: list[LoggedCommit]) -> None:
        self._repository = repository
        self._commits = commits
        self._texts: dict[int, bytes] = {}
        self._diffs: dict[int, Sequence[FileDiff | FileChange]] = {}
        self._named: dict[int, dict[bytes | None, list[FileDiff | FileChange]]] = {}
        self._touches: dict[int, list[Touch]] = {}
        self._begun: list[int] = []
        self._beside: Call | None = None

    def put(self, position: int, text: bytes, diffs: Sequence[FileDiff | FileChange]) -> None:
        """Give the change at ``position`` these contents: it is no commit of the line."""
        self._texts[position] = text
        self._diffs[position] = diffs

    def text(self, position: int) -> bytes:
        """Return the change at ``position`` as git's own diff."""
        self.fetch([position])
        return self._texts[position]

    def diffs(self, positions: Sequence[int]) -> Mapping[int, Sequence[FileDiff | FileChange]]:
        """Return the diffs of each of the changes, those of commits not parsed yet."""
        self.fetch(positions)
        return {position: self._diffs[position] for position in positions}

    def diffs_of(self, position: int, path: bytes) -> Sequence[FileDiff | FileChange]:
        """Return those diffs of a change that name the file at ``path``, before or after."""
        if position not in self._named:
            self.fetch([position])
            named = self._named[position] = {}
            for diff in self._diffs[position]:
                for name in {diff.old_path, diff.new_path} - {None}:
                    named.setdefault(name, []).append(diff)
        return self._named[position].get(path, ())

    def touches(self, position: int) -> Sequence[Touch]:
        """Return which files the change at ``position``, a commit, touches."""
        self.fetch([position])
        return self._touches[position]

    def changes(self, positions: Sequence[int], paths: frozenset[bytes]) -> Mapping[int, Sequence[FileChange]]:
        """Return what each of the changes does to the files at ``paths``."""
        self.fetch(positions)
        one = next(iter(paths)) if len(paths) == 1 else None
        return {
            position: [
                as_change(diff)
                for diff in (self._diffs[position] if one is None else self.diffs_of(position, one))
                if diff.old_path in paths or diff.new_path in paths
            ]
            for position in positions
        }

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents of the blobs ``ids``."""
        return self._repository.contents(ids)

    def begin(self, positions: Sequence[int]) -> None:
        """Have git work on the diffs of these changes while something else is done; ``fetch`` takes them."""
        self._finish()
        missing = [position for position in positions if position not in self._texts]
        self._begun = missing[: Service.PIPE // (2 * self._repository.hash_length + 2)]
        if self._begun:
            commits = [self._commits[position - 1] for position in self._begun]
            lines = [f"{commit.id} {commit.parent}".rstrip() + "\n" for commit in commits]
            here = len(lines) // 2 if len(lines) >= TWO_READERS else len(lines)
            self._service.ask("".join(lines[:here]).encode() + _END)
            if here < len(lines):
                self._beside = self._repository.git.start(*_DIFF_TREE, given="".join(lines[here:]).encode())

    def fetch(self, positions: Sequence[int]) -> None:
        """Read the diffs of those changes that have not been read yet."""
        self.begin(positions)
        while self._begun:  # ends: `begin` takes what was begun before, and begins with what is missing then
            self.begin(positions)

    @property
    def _service(self) -> Service:
        return self._repository.service(*_DIFF_TREE)

    def _finish(self) -> None:
        """Take the diffs that git was asked for last."""
        begun, self._begun = self._begun, []
        if not begun:
            return
        found = {}
        answers = [self._service.read_until(_END)]
        if self._beside is not None:
            beside, self._beside = self._beside, None
            answers.append(beside.finish().out)
        for answer in answers:
            for piece in answer.removeprefix(b"\0").removesuffix(b"\n").split(b"\n\0"):
                name, _, output = piece.partition(b"\n")
                found[name] = output.removeprefix(b"\n") + b"\n"
        for position in begun:
            raw, text = _split(found.get(self._commits[position - 1].id.encode(), b""))  # none: an empty one
            self._texts[position] = text
            self._diffs[position] = list(split_diff(text))
            self._touches[position] = [_raw_touch(line, position) for line in raw.splitlines() if line]
        self._repository.on_progress(f"{len(self._texts)} of {len(self._commits)} commits read")


class _PathIndex:
    """Which changes touch which files of a long range: found out for the files that are asked for.

    When that has taken ``PATH_CALLS`` calls of git, ``whole`` reads what all commits touch, and the rest is looked up.
    """

    def __init__(
        self,
        repository: Repository,
        span: str,
        reader: _Reader,
        position: Mapping[str, int],
        extra: Sequence[Touch],
        whole: Callable[[], Iterable[Touch]],
    ) -> None:
        self._repository = repository
        self._span = span
        self._reader = reader
        self._position = position
        self._extra = TouchList(extra)
        self._whole = whole
        self._calls = 0

    def at(self, positions: Collection[int]) -> Sequence[Touch]:
        """Return which files the changes at ``positions`` touch."""
        if self._calls > PATH_CALLS:
            return self.everything.at(positions)
        extra = self._extra.at(positions)
        commits = sorted(set(positions).difference(touch.position for touch in extra))
        self._reader.fetch(commits)
        return [*(touch for position in commits for touch in self._reader.touches(position)), *extra]

    def of(self, paths: Collection[bytes]) -> Sequence[Touch]:
        """Return every touch of the files that ever have one of ``paths`` as their name, in order."""
        known: set[bytes] = set()
        pending = set(paths)
        found: set[Touch] = set()
        while pending:
            self._calls += 1 if len(pending) <= FEW_PATHS else PATH_CALLS + 1
            if self._calls > PATH_CALLS:
                return self.everything.of(paths)
            known |= pending
            changes = self._changes_of(sorted(pending))
            self._reader.fetch(changes)
            touches = [*(t for p in changes for t in self._reader.touches(p)), *self._extra.of(pending)]
            found.update(touch for touch in touches if touch.paths & pending)
            pending = {path for touch in found for path in touch.paths} - known
        return sorted(found, key=lambda touch: (touch.position, touch.new_path or b"", touch.old_path or b""))

    @cached_property
    def everything(self) -> TouchList:
        """What all changes touch."""
        return TouchList(self._whole())

    def _changes_of(self, paths: Sequence[bytes]) -> list[int]:
        """Return the positions of the commits that touch a file at one of ``paths``, in order."""
        names = [path.decode("utf-8", "surrogateescape") for path in paths]
        ids = self._repository.git.text("rev-list", "--first-parent", self._span, "--", *names).split()
        return sorted(self._position[name] for name in ids)


def _likely(index: TouchIndex, size: int, entries: Mapping[bytes, tuple[str, str]]) -> int:
    """Return the first position at which most files are those of a tree with ``entries``.

    Where the range is long only the root counts: telling what all of its commits touch takes git too long.
    """
    if not isinstance(index, TouchList):
        return 0
    votes = [0] * (size + 2)
    for path, touches in index.by_path().items():
        mine = entries.get(path, ("", None))[1]
        states = [(0, touches[0].old_id if touches[0].old_path == path else None)]
        states += [(touch.position, touch.new_id if touch.new_path == path else None) for touch in touches]
        ends = [position for position, _ in states[1:]] + [size + 1]
        for (position, name), end in zip(states, ends, strict=True):
            if name == mine and position <= size:
                votes[position] += 1
                votes[min(end, size + 1)] -= 1
    totals = list(accumulate(votes))[: size + 1]
    return totals.index(max(totals))


class Range:
    """The first-parent line from ``root`` (left out) to ``tip``.

    ``base``, when given, is a commit that is not on the line but left it at the root; its position is 0, too.

    ``commits[p - 1]`` is the one at position p, ``position`` finds it by object name (the root's is 0).  ``advisories``
    maps the number of each advisory to the positions of the commits that say they fix it.  ``history`` answers what
    the changes need.
    """

    def __init__(
        self, repository: Repository, root: str, tip: str, patches: Sequence[Placed] = (), base: str | None = None
    ) -> None:
        self._repository = repository
        self.root, self.tip = root, tip
        self.hash_length = repository.hash_length
        raw = self._start_log(*RAW)  # runs beside the other one, and for nothing where the range is long
        self.commits = _logged(self._start_log(*MESSAGES).finish().out)
        if len(self.commits) > WHOLE_RANGE:
            raw.abandon()
        if self.commits and self.commits[0].parent != root:
            raw.abandon()
            raise problems.not_on_first_parents(root, tip)
        self._merged: dict[int, Merged] = {}
        self._reader = _Reader(repository, self.commits)
        #: How many commits the line has; patches that stand at its end come after that.
        self.size = size = len(self.commits)
        for patch in patches:
            self.commits.append(patch.commit)
            self._reader.put(len(self.commits), patch.text, patch.changes)
        self.position = {commit.id: number for number, commit in enumerate(self.commits, 1)} | {root: 0}
        self.advisories: dict[int, list[int]] = {}
        #: The positions of all commits that say they fix an advisory.
        self.marked: set[int] = set()
        for number, commit in enumerate(self.commits, 1):
            for xsa in marked_advisories(commit.message):
                self.advisories.setdefault(xsa, []).append(number)
                self.marked.add(number)
        self.base = base
        if base is not None:
            self.position[base] = 0
        extra = [touch for patch in patches for touch in patch.touches]
        self.index: TouchIndex
        if size <= WHOLE_RANGE:
            self.index = TouchList(self._read_touches(raw, extra))
        else:
            self.index = _PathIndex(
                repository, f"{root}..{tip}", self._reader, self.position, extra, partial(self._read_all_touches, extra)
            )
        self.tree = CommitTree(repository, base, partial(_likely, self.index, size)) if base is not None else None
        self.history = History(self.index, self._reader, self.tree)

    @cached_property
    def plain_history(self) -> History:
        """The history without revived lines: what patches make of files even where they are out of place."""
        return History(self.index, self._reader, self.tree, revive=False)

    @cached_property
    def branch_history(self) -> History:
        """The history of the branch alone: a base beside it has its own lines in ``history``."""
        return self.history if self.tree is None else History(self.index, self._reader)

    @cached_property
    def said(self) -> Mapping[int, list[str]]:
        """The commits that a base beside the line has of its own and that say they fix an advisory of the line, by its
        number."""
        if self.base is None or not self.advisories:
            return {}
        return MarkLog(self._repository.git, self.base, self.advisories.keys(), (self.root,)).commits()

    def taken(self, positions: Collection[int]) -> set[int]:
        """Return which of the changes at ``positions`` a base beside the line has; none where the base is on it."""
        if self.tree is None:
            return set()
        self.history.prepare(positions)
        return {position for position in positions if position > 0 and self.history.taken(position)}

    def shortened(self, position: int, patches: Sequence[Placed]) -> Range:
        """Return this range up to ``position``, with ``patches`` in the place of the commits after it."""
        tip = self.commits[position - 1].id if position else self.root
        return Range(self._repository, self.root, tip, patches, self.base)

    def _start_log(self, *words: str) -> Call:
        """Begin a ``git log`` of the range."""
        return self._repository.git.start("log", *LOG_OPTIONS, *words, f"{self.root}..{self.tip}", "--")

    def _read_all_touches(self, extra: Iterable[Touch]) -> Iterator[Touch]:
        return self._read_touches(self._start_log(*RAW), extra)

    def _read_touches(self, log: Call, extra: Iterable[Touch]) -> Iterator[Touch]:
        """Yield what every commit touches, in the order of the range's ``log``, then ``extra``."""
        fields = iter(log.finish().out.split(b"\0"))
        position = 0
        for raw in fields:
            field = raw.removeprefix(b"\n")
            if field.startswith(b":"):
                yield _touch(field.decode().split(), fields, position)
            elif field:
                position = self.position[field.decode()]
        yield from extra

    @cached_property
    def fixing(self) -> Fixing:
        """The changes that say they fix or revert commits."""
        return Fixing({number: fixed_commits(commit.message) for number, commit in enumerate(self.commits, 1)})

    def names(self, position: int) -> Collection[str]:
        """Return what the commit at ``position`` is called: its own name, and those of what it was made from."""
        commit = self.commits[position - 1]
        return {commit.id, *named_commits(commit.message)}

    def marks(self, position: int) -> tuple[int, ...]:
        """Return the advisories that the commit at ``position`` (0: the root) says it fixes."""
        return marked_advisories(self.commits[position - 1].message) if position else ()

    @property
    def everything(self) -> TouchIndex:
        """What all changes touch; takes git long to list if the range is long."""
        return self.index.everything if isinstance(self.index, _PathIndex) else self.index

    def diffs(self, positions: Sequence[int]) -> Mapping[int, Sequence[FileDiff | FileChange]]:
        """Return the diffs of the changes at ``positions``, those of commits not parsed yet."""
        return self._reader.diffs(positions)

    def diffs_of(self, position: int, path: bytes) -> Sequence[FileDiff | FileChange]:
        """Return those diffs of the change at ``position`` that name the file at ``path``, before or after."""
        return self._reader.diffs_of(position, path)

    def text(self, position: int) -> bytes:
        """Return the change at ``position`` as git's own diff."""
        return self._reader.text(position)

    def merged(self, position: int) -> Merged | None:
        """Return what the change at ``position`` brings if it is a merge, ``None`` if it is not."""
        commit = self.commits[position - 1]
        if not commit.merge:
            return None
        if position not in self._merged:
            count = int(self._repository.git.text("rev-list", "--count", f"{commit.parent}..{commit.id}", "--")) - 1
            changes = [as_change(diff) for diff in self.diffs([position])[position]]
            marks = b"".join(hunk.marks for change in changes for hunk in change.hunks)
            self._merged[position] = Merged(count, len(changes), marks.count(ADDED), marks.count(REMOVED))
        return self._merged[position]

    def weight(self, position: int) -> int:
        """Return how many commits the change at ``position`` stands for."""
        merged = self.merged(position)
        return 1 + merged.commits if merged is not None else 1

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents of the blobs ``ids``."""
        return self._reader.contents(ids)


def before_root(repository: Repository, history: Range) -> Sequence[LoggedCommit]:
    """Return the last commits up to the root of ``history``, the last of them, where that is of one push with the first
    commit of the line; else none."""
    if not history.size or abs(date_of(repository, history.root) - history.commits[0].date) > PUSH:
        return ()
    words = ("log", *LOG_OPTIONS, *MESSAGES, f"--max-count={WIDEST + 1}", history.root, "--")
    return _logged(repository.git.call(*words).out)
