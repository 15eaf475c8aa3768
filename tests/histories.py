r"""A language for short histories: one character is one line.

A story is a list of trees, the root first; a tree maps names to files.  A tree that is just a text has one file, "f"::

    Story("abc", "aXc", "aXcd")
    Story({"f": "abc", "g": "xy"}, {"f": "aXc", "g": "xy"}, {"h": renamed("f", "aXc")})

Text ends every line with LF, but for the last one when it ends with ``~``: ``"ab~"`` is ``b"a\nb"``.  Other contents
(CR LF, binary) are given as bytes, other kinds of files by ``executable``, ``symlink`` and ``submodule``.  Position p
is the change from tree p - 1 to tree p, as everywhere in ``git_xsa.model``.

A story becomes a pure ``History`` (``Story.history``), whose diffs are made here without git, or commits of a real
repository, by one ``git fast-import`` for many stories (``write``).  Both name contents as git does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha1
from pathlib import Path

from git_xsa.ask.question import conclude, propose
from git_xsa.ask.verdict import Doubt, State
from git_xsa.git.log import Range
from git_xsa.git.repository import Repository
from git_xsa.git.trial import Quarantine
from git_xsa.model.change import ADDED, CONTEXT, REMOVED, SUBMODULE_MODE, SYMLINK_MODE, FileChange, Hunk, Touch
from git_xsa.model.history import FileState, History, TouchList, split_lines
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import Selection, select

PLAIN_MODE = "100644"
EXECUTABLE_MODE = "100755"
#: How a file of each mode but the plain one is written in this language.
_MAKERS = {EXECUTABLE_MODE: "executable", SYMLINK_MODE: "symlink", SUBMODULE_MODE: "submodule"}


@dataclass(frozen=True)
class File:
    """A file of a tree.  ``was`` is its name in the tree before, when the change renames it."""

    content: bytes
    mode: str = PLAIN_MODE
    was: str | None = None

    @property
    def id(self) -> str:
        """The object name that git gives the contents."""
        if self.mode == SUBMODULE_MODE:
            return self.content.decode()
        return sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()

    @property
    def shown(self) -> bytes:
        """What a diff shows of it."""
        return b"Subproject commit %s\n" % self.content if self.mode == SUBMODULE_MODE else self.content

    def __repr__(self) -> str:
        text = repr(show(self.content) if self.mode in (PLAIN_MODE, EXECUTABLE_MODE) else self.content.decode())
        text = repr(self.content.decode()[0]) if self.mode == SUBMODULE_MODE else text
        if self.mode in _MAKERS:
            text = f"{_MAKERS[self.mode]}({text})"
        return f"renamed({self.was!r}, {text})" if self.was is not None else text


Tree = Mapping[str, str | bytes | File]


def content(text: str | bytes) -> bytes:
    """Return the contents that ``text`` stands for."""
    if isinstance(text, bytes):
        return text
    joined = "".join(f"{line}\n" for line in text.removesuffix("~"))
    return (joined[:-1] if text.endswith("~") else joined).encode()


def show(what: bytes) -> str | bytes:
    """Return the text that stands for these contents, or the contents themselves where none does."""
    try:
        text = what.decode().replace("\n", "")
    except UnicodeDecodeError:
        return what
    text += "" if what.endswith(b"\n") or not what else "~"
    return text if content(text) == what else what


def file(what: str | bytes | File) -> File:
    return what if isinstance(what, File) else File(content(what))


def executable(text: str | bytes) -> File:
    return File(content(text), EXECUTABLE_MODE)


def symlink(target: str) -> File:
    return File(target.encode(), SYMLINK_MODE)


def submodule(digit: str) -> File:
    """Return a submodule at the commit whose name is this digit, 40 times."""
    return File(digit.encode() * 40, SUBMODULE_MODE)


def renamed(old_name: str, what: str | bytes | File) -> File:
    """Return a file that the change to this tree renames from ``old_name``."""
    return replace(file(what), was=old_name)


class Story:
    """A short history; see the head of this module.

    The changes at the positions ``merges`` are merges, of a side branch that starts at the root.  With ``early``,
    diffs show a change as early as possible among equal lines, else as late as possible, as git mostly does.
    """

    def __init__(self, *trees: str | bytes | File | Tree, merges: Collection[int] = (), early: bool = False) -> None:
        told = [
            {name: file(what) for name, what in tree.items()} if isinstance(tree, Mapping) else {"f": file(tree)}
            for tree in trees
        ]
        self.trees = [{name: replace(what, was=None) for name, what in tree.items()} for tree in told]
        #: For each tree the old name of every file that the change to it renames.
        self.renames = [{name: what.was for name, what in tree.items() if what.was is not None} for tree in told]
        self.merges = frozenset(merges)
        self.early = early

    @property
    def size(self) -> int:
        """The number of changes."""
        return len(self.trees) - 1

    def told(self, position: int) -> dict[str, File]:
        """Return a tree with the old names of the files that the change to it renames."""
        return {
            name: replace(what, was=self.renames[position].get(name)) for name, what in self.trees[position].items()
        }

    def __repr__(self) -> str:
        more = [f"merges={set(self.merges)}"] * bool(self.merges) + ["early=True"] * self.early
        return f"Story({', '.join([*(repr(self.told(position)) for position in range(self.size + 1)), *more])})"

    def pairs(self, position: int) -> Iterator[tuple[str, str, File | None, File | None]]:
        """Yield old and new name of each file that the change touches, and the file before and after."""
        old, new, renames = self.trees[position - 1], self.trees[position], self.renames[position]
        for name in sorted(old.keys() | new.keys()):
            before = old.get(name) if name not in renames.values() else None
            after = new.get(name) if name not in renames else None
            if before != after:
                yield name, name, before, after
            if name in renames:
                yield renames[name], name, old[renames[name]], new[name]

    def touches(self, root: int = 0) -> list[Touch]:
        """Return what ``git log --raw`` tells of the changes after the tree ``root``, whose position is then 0."""
        return [
            Touch(
                position - root,
                old_name.encode() if before else None,
                name.encode() if after else None,
                before.mode if before else None,
                after.mode if after else None,
                before.id if before else None,
                after.id if after else None,
            )
            for position in range(root + 1, self.size + 1)
            for old_name, name, before, after in self.pairs(position)
        ]

    def changes(self, position: int) -> list[FileChange]:
        """Return what the change does to each file; a change of type counts as two, as in git's diffs."""
        made: list[FileChange] = []
        for old_name, name, before, after in self.pairs(position):
            if before and after and before.mode[:3] != after.mode[:3]:
                made += [_change(old_name, name, before, None, self.early), _change(old_name, name, None, after)]
            else:
                made.append(_change(old_name, name, before, after, self.early))
        return made

    def history(self, root: int = 0, revive: bool = True) -> History:
        """Return the pure history of the changes after the tree ``root``."""
        return History(TouchList(self.touches(root)), Supply(self, root), revive=revive)


@dataclass(frozen=True)
class Supply:
    """Gives a history the contents of a story, read from the tree ``root`` on."""

    story: Story
    root: int = 0

    def begin(self, positions: Sequence[int]) -> None:
        """Nothing takes so long that it would have to begin early."""

    def changes(self, positions: Sequence[int], paths: frozenset[bytes]) -> Mapping[int, Sequence[FileChange]]:
        return {
            position: [
                change
                for change in self.story.changes(position + self.root)
                if change.old_path in paths or change.new_path in paths
            ]
            for position in positions
        }

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        found = {what.id: what.content for tree in self.story.trees for what in tree.values()}
        return {name: found[name] for name in ids}


def _change(old_name: str, name: str, before: File | None, after: File | None, early: bool = False) -> FileChange:
    old, new = before.shown if before else b"", after.shown if after else b""
    binary = old != new and (b"\0" in old or b"\0" in new)
    return FileChange(
        old_name.encode() if before else None,
        name.encode() if after else None,
        before.mode if before else None,
        after.mode if after else None,
        hunks=() if binary else diff(old, new, early=early),
        binary=binary,
    )


@cache
def diff(old: bytes, new: bytes, context: int = 3, early: bool = False) -> tuple[Hunk, ...]:
    """Return the hunks of a smallest diff, with this many lines of context."""
    before, after = split_lines(old), split_lines(new)
    if early:
        script = _script(before[::-1], after[::-1])[::-1]
    else:
        script = _script(before, after)
    return tuple(_hunks(_sorted(script), context))


def _script(old: list[bytes], new: list[bytes]) -> list[tuple[int, bytes]]:
    """Return the lines of both with their marks: a longest common subsequence is context, each line of it matched as
    soon as possible."""
    start = end = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    while end < min(len(old), len(new)) - start and old[-end - 1] == new[-end - 1]:
        end += 1
    middle = _middle(old[start : len(old) - end], new[start : len(new) - end])
    return [(CONTEXT, text) for text in old[:start]] + middle + [(CONTEXT, text) for text in old[len(old) - end :]]


def _middle(old: list[bytes], new: list[bytes]) -> list[tuple[int, bytes]]:
    common = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            same = common[i + 1][j + 1] + 1 if old[i] == new[j] else 0
            common[i][j] = max(same, common[i + 1][j], common[i][j + 1])
    script = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            script.append((CONTEXT, old[i]))
            i, j = i + 1, j + 1
        elif j == len(new) or (i < len(old) and common[i + 1][j] >= common[i][j + 1]):
            script.append((REMOVED, old[i]))
            i += 1
        else:
            script.append((ADDED, new[j]))
            j += 1
    return script


def _sorted(script: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Put the removed lines of every run before the added ones, as diffs do."""
    result: list[tuple[int, bytes]] = []
    added: list[tuple[int, bytes]] = []
    for mark, text in script:
        if mark == ADDED:
            added.append((mark, text))
            continue
        if mark == CONTEXT:
            result += added
            added = []
        result.append((mark, text))
    return result + added


def _hunks(script: list[tuple[int, bytes]], context: int) -> Iterator[Hunk]:
    changed = [spot for spot, (mark, _) in enumerate(script) if mark != CONTEXT]
    groups: list[list[int]] = []
    for spot in changed:
        if groups and spot - groups[-1][-1] <= 2 * context + 1:
            groups[-1].append(spot)
        else:
            groups.append([spot])
    for group in groups:
        start, end = max(0, group[0] - context), group[-1] + 1 + context
        marks = bytes(mark for mark, _ in script[start:end])
        before = [mark for mark, _ in script[:start]]
        old, new = (len(before) - before.count(other) for other in (ADDED, REMOVED))
        has_old, has_new = (len(marks) > marks.count(other) for other in (ADDED, REMOVED))
        yield Hunk(old + has_old, new + has_new, marks, tuple(text for _, text in script[start:end]))


def hunk(old_start: int, text: str, new_start: int | None = None) -> Hunk:
    """Return the hunk with these lines, each given by mark and character: ``hunk(1, " a-b+X c")``."""
    marks = text[::2].encode()
    texts = tuple(f"{line}\n".encode() for line in text[1::2])
    return Hunk(old_start, old_start if new_start is None else new_start, marks, texts)


def selection(story: Story, base: int, *wanted: int) -> Selection:
    """Return what the changes at ``wanted`` need on the tree ``base``."""
    return select(story.history(), base, wanted)


def needs(story: Story, base: int, *wanted: int, root: int = 0) -> list[int]:
    """Return the prerequisites of the changes at ``wanted`` on the tree ``base``; all are positions in the story."""
    found = select(story.history(root), base - root, [position - root for position in wanted])
    assert not found.impossible, found.impossible
    return [position + root for position in found.prerequisites]


def after(story: Story, base: int, *queue: int) -> dict[str, str | bytes]:
    """Return the files that all changes of the story touch, as they are when ``queue`` is applied to ``base``."""
    history = story.history()
    everything = range(1, story.size + 1)
    history.prepare(everything)
    return shown(history.states(everything, Chosen(base, frozenset(queue))))


def shown(states: Mapping[bytes, FileState | None]) -> dict[str, str | bytes]:
    """Return the files that there are, in the language of stories."""
    return {path.decode(): show(b"".join(state.lines)) for path, state in sorted(states.items()) if state is not None}


def stack(stories: Sequence[Story]) -> tuple[Story, list[int]]:
    """Return one story that tells all of them, one after the other, each in a folder named by its number; and the
    position of the tree with which each of them begins."""
    trees: list[dict[str, File]] = [{}]
    for number, story in enumerate(stories):
        trees[0] |= {f"{number}/{name}": what for name, what in story.trees[0].items()}
    starts = []
    for number, story in enumerate(stories):
        starts.append(len(trees) - 1)
        others = {name: what for name, what in trees[-1].items() if not name.startswith(f"{number}/")}
        others = {name: replace(what, was=None) for name, what in others.items()}
        for position in range(1, story.size + 1):
            tree = {f"{number}/{name}": what for name, what in story.told(position).items()}
            renamed_in = {name: replace(what, was=what.was and f"{number}/{what.was}") for name, what in tree.items()}
            trees.append(others | renamed_in)
    return Story(*trees), starts


def create(folder: Path, object_format: str = "sha1") -> Path:
    """Make an empty repository."""
    subprocess.run(["git", "init", "-q", f"--object-format={object_format}", str(folder)], check=True)
    return folder


def write(folder: Path, stories: Mapping[str, Story]) -> dict[str, list[str]]:
    """Write each story as a branch of the repository in ``folder``; return the commit of each tree, by branch.

    The same stories always give the same commits.
    """
    chunks: list[bytes] = []
    marks: dict[str, list[int]] = {}
    count = 0
    for branch, story in stories.items():
        marks[branch] = []
        for position, tree in enumerate(story.trees):
            parents = marks[branch][-1:]
            if position in story.merges:
                count += 1
                ref = f"refs/heads/{branch}.side{position}"
                chunks.append(_commit(ref, count, f"side {position} of {branch}", marks[branch][:1], tree))
                parents = [*parents, count]
            count += 1
            chunks.append(_commit(f"refs/heads/{branch}", count, f"change {position} of {branch}", parents, tree))
            marks[branch].append(count)
    table = folder / ".git" / f"marks.{os.getpid()}"
    words = ["git", "fast-import", "--quiet", "--force", f"--export-marks={table}"]
    subprocess.run(words, cwd=folder, input=b"".join(chunks), check=True)
    ids = dict(line.split() for line in table.read_text().splitlines())
    table.unlink()
    return {branch: [ids[f":{mark}"] for mark in own] for branch, own in marks.items()}


def _commit(ref: str, mark: int, message: str, parents: Sequence[int], tree: Mapping[str, File]) -> bytes:
    when = 1_767_323_045 + mark
    head = f"commit {ref}\nmark :{mark}\ncommitter Jane Doe <jane@example.org> {when} +0000\n"
    lines = [head.encode(), b"data %d\n%s\n" % (len(message), message.encode())]
    for word, parent in zip(("from", *["merge"] * len(parents)), parents, strict=False):
        lines.append(f"{word} :{parent}\n".encode())
    lines.append(b"deleteall\n")
    for name, what in tree.items():
        if what.mode == SUBMODULE_MODE:
            lines.append(f"M {what.mode} {what.id} {name}\n".encode())
        else:
            lines.append(f"M {what.mode} inline {name}\n".encode())
            lines.append(b"data %d\n%s\n" % (len(what.content), what.content))
    return b"".join(lines)


@dataclass(frozen=True)
class Checkout:
    """A story in a real repository; ``range`` is its branch, read from one of its trees on."""

    repository: Repository
    quarantine: Quarantine
    range: Range
    commits: Sequence[str]

    def judge(self, base: int, *wanted: int) -> tuple[State, list[int]]:
        """Return the state of the changes at ``wanted`` on the tree ``base``, and the prerequisites."""
        state, found, _ = judge(self.range, base, wanted, self.quarantine)
        return state, list(found.prerequisites)

    def apply(self, base: int, *queue: int) -> dict[str, str] | None:
        """Return the object name of every file that plain git makes of the tree ``base`` with ``queue``; ``None``: it
        refuses a change."""
        self._git("read-tree", self.commits[base])
        for position in queue:
            new = self.commits[position]
            patch = self._git("diff", "--binary", "--full-index", "-M", f"{new}^", new)
            if patch and self._git("apply", "--cached", given=patch, accept=(0, 1)) is None:
                return None
        listing = [line.split(None, 3) for line in (self._git("ls-files", "-s") or b"").splitlines()]
        return {path.decode(): name.decode() for _, name, _, path in listing}

    def ids(self, base: int, *queue: int) -> dict[str, str]:
        """Return the object names that the line history has for the same files."""
        everything = range(1, len(self.commits))
        self.range.history.prepare(everything)
        states = self.range.history.states(everything, Chosen(base, frozenset(queue)))
        return {path.decode(): state.object_name(40) for path, state in states.items() if state is not None}

    def _git(self, *words: str, given: bytes = b"", accept: Collection[int] = (0,)) -> bytes | None:
        """Return what git prints, ``None`` when it fails with a status that is accepted."""
        folder = self.repository.folder
        environment = dict(os.environ, GIT_DIR=str(folder), GIT_INDEX_FILE=str(folder / "index-of-tests"))
        done = subprocess.run(["git", *words], env=environment, input=given, capture_output=True, check=False)
        assert done.returncode in accept, done.stderr
        return done.stdout if done.returncode == 0 else None


@contextmanager
def checkout(folder: Path, story: Story, own: Tree | None = None) -> Iterator[Checkout]:
    """Write ``story`` into a new repository at ``folder`` and open it.

    With ``own`` the base is not the root but a commit that left the line there, with this tree; it takes the root's
    place among the commits.
    """
    last = story.size
    with_base = story if own is None else beside(story, own)
    commits = write(create(folder), {"main": with_base})["main"][: last + 1]
    with Repository(folder) as repository, Quarantine(repository) as quarantine:
        base = repository.resolve(f"main.side{last + 1}") if own is not None else None
        found = Range(repository, commits[0], commits[-1], base=base.id if base is not None else None)
        places = [base.id, *commits[1:]] if base is not None else commits
        yield Checkout(repository, quarantine, found, places)


def beside(story: Story, own: Tree) -> Story:
    """Return ``story`` with a last change that merges a commit with the tree ``own``, which left it at the root."""
    return Story(*(story.told(position) for position in range(story.size + 1)), own, merges={story.size + 1})


def judge(
    history: Range, base: int, wanted: Sequence[int], quarantine: Quarantine
) -> tuple[State, Selection, Doubt | None]:
    """Return the state of the changes at ``wanted`` on the base at position ``base``, what they need, and the doubt."""
    proposal = propose(history, base, wanted)
    state, doubt = conclude(proposal, quarantine)
    return state, proposal.selection, doubt
