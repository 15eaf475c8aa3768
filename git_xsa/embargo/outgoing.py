"""What a push would send: the commits that the remote lacks, and what else is sent.

What commits change is written by one ``git log``, which is read while it runs, so that it need not fit into memory.  A
merge is shown as git shows it combined: what is in none of its parents.  Messages are those of the objects, because a
log leaves out what follows a NUL, most headers, and whatever the encoding that a header names can't stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from git_xsa.embargo import problems
from git_xsa.embargo.fingerprint import squeezed_lines
from git_xsa.embargo.updates import Move
from git_xsa.git.repository import Repository
from git_xsa.git.trees import entries_of
from git_xsa.model.change import SUBMODULE_MODE

#: Commits with what they change.  A commit begins with a NUL at the start of a line, its names end with another one,
#: and no line of a diff begins so.
#: ``--text``: no attribute and no length makes git say no more than "Binary files differ".
_DIFF = ("-M", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "-U3",
         "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/")  # fmt: skip
_LOG = ("log", "--stdin", "-p", *_DIFF, "--diff-merges=dense-combined", "--root", "--no-show-signature", "--no-notes",
        "--encoding=UTF-8", "--format=%x00%H %P%n%x00")  # fmt: skip
_BLOCK = 1 << 20
_FILE = re.compile(rb"^(?=diff --)", re.MULTILINE)
#: The name of a note's file: that of the object it is for, with slashes in it where there are many notes.
_NOTE = re.compile(rb"^\+\+\+ b/(?=(?:[0-9a-f]/?){40,64}$)(?:[0-9a-f]{2}/)*[0-9a-f]+$", re.MULTILINE)
#: What git says of a file whose combined diff it does not show.
_NOT_SHOWN = re.compile(rb"^Binary files (?:.* )?differ$", re.MULTILINE)
#: A header of a commit that not every commit has, with the lines that continue it.
_OTHER_HEADER = re.compile(rb"^(?!tree |parent |author |committer )[^ \n][^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)
_ENCODING = re.compile(rb"^encoding ([\w.:-]+)$", re.MULTILINE)
#: Places in which a history may leave what is there; those that it left last count.
_ENDS = 8
#: Branches in whose files a line is looked for that may be public, and files that are read at a time.
_BRANCHES, _FILES = 4, 500
#: A tag may stand for a tag; nobody needs more of them in a row than this.
_DEEPEST = 16


@dataclass(frozen=True)
class Sent:
    """An object that is sent: its name, its type as git calls it, its text (a message), and its diff.

    A ``history`` is the commit at its end, with what all of it changes.
    """

    id: str
    type: str
    text: bytes
    diff: bytes = b""

    @property
    def notes(self) -> bytes:
        """The lines of the notes that it adds, whatever the reference is called; such a file is called as an object."""
        if not _NOTE.search(self.diff):
            return b""
        pieces = (piece for piece in _FILE.split(self.diff) if _NOTE.search(piece))
        lines = (line for piece in pieces for line in piece.partition(b"\n@@")[2].split(b"\n"))
        return b"\n".join(line.lstrip(b"+") for line in lines if line[:1] == b"+")


def outgoing_commits(repository: Repository, tips: Iterable[str], there: Iterable[str]) -> Iterator[Sent]:
    """Yield the commits that ``tips`` have and ``there`` (what the remote has) have not, the newest first."""
    stream = repository.git.stream(*_LOG, given=_span(tips, there))
    blocks: list[bytes] = []
    while True:  # ends: with the output of git, which is as long as the commits
        block = stream.read(_BLOCK)
        blocks.append(block)
        if block and b"\0" not in block:
            continue
        # Names and diffs in turn; the last two may still grow.
        pieces = b"".join(blocks).split(b"\n\0")
        done = len(pieces) // 2 * 2 if not block else max(0, len(pieces) - 1) // 2 * 2
        commits = [piece.removeprefix(b"\0").decode().split() for piece in pieces[:done:2]]
        contents = repository.contents(name for name, *_ in commits)
        for (name, *parents), shown in zip(commits, pieces[1:done:2], strict=True):
            hidden = len(parents) > 1 and _NOT_SHOWN.search(shown)  # a combined diff knows no --text
            diff = _against(repository, name, parents) if hidden else shown
            yield Sent(name, "commit", commit_text(contents[name]), diff)
        if not block:
            return
        blocks = [b"\n\0".join(pieces[done:])]


def commit_text(content: bytes) -> bytes:
    """Return all text of a commit object: its message as it is, and decoded if a header says how; then the headers that
    every commit may do without, such as signatures and the tags that a merge has."""
    header, _, message = content.partition(b"\n\n")
    others = b"".join(_OTHER_HEADER.findall(header + b"\n")).replace(b"\n ", b"\n")
    encoding = _ENCODING.search(others)
    decoded = b""
    if encoding is not None:
        with suppress(LookupError, ValueError):
            decoded = message.decode(encoding[1].decode(), "replace").encode("utf-8", "replace")
    return b"\n".join(filter(None, (decoded, message, others)))


def net_changes(repository: Repository, tips: Iterable[str], there: Sequence[str]) -> Iterator[Sent]:
    """Yield for each of ``tips`` what its history that is not ``there`` adds up to, unless that is a single commit.

    Where that history left what is there in several places, changed is what is in none of them.
    """
    for tip in dict.fromkeys(tips):
        listing = repository.git.call("rev-list", "--boundary", "--stdin", given=_span([tip], there)).out.split()
        ends = [name.removeprefix(b"-").decode() for name in listing if name.startswith(b"-")]
        if len(listing) - len(ends) > 1:
            yield Sent(tip, "history", b"", _against(repository, tip, ends[:_ENDS] or [_empty_tree(repository)]))


def _against(repository: Repository, commit: str, others: Iterable[str]) -> bytes:
    """Return the diff of ``commit`` to the first of ``others``, in which only that is added which none of them has."""
    first, *rest = (repository.git.call("diff-tree", "-r", "-p", *_DIFF, other, commit).out for other in others)
    added = [_added(diff) for diff in rest]
    if not added:
        return first
    rows, path = [], b""
    for row in first.split(b"\n"):
        path = row if row.startswith(b"diff --git ") else path
        known = row[:1] == b"+" and not row.startswith(b"+++ ") and any(row not in one.get(path, ()) for one in added)
        rows.append(b" " + row[1:] if known else row)
    return b"\n".join(rows)


def _added(diff: bytes) -> dict[bytes, set[bytes]]:
    """Return the lines that a diff adds, with their marks, by the line with which it names the file."""
    pieces = (piece.split(b"\n") for piece in _FILE.split(diff))
    return {path: {row for row in rows if row[:1] == b"+"} for path, *rows in pieces}


def public_messages(repository: Repository, there: Iterable[str]) -> Iterator[str]:
    """Yield the messages of all commits that the remote has, as far as ``there`` says, the newest first."""
    given = "".join(f"{name}\n" for name in there).encode()
    if not given:
        return
    stream = repository.git.stream("log", "--stdin", "--no-mailmap", "--encoding=UTF-8", "--format=%B%x00", given=given)
    rest = b""
    while block := stream.read(_BLOCK):
        *whole, rest = (rest + block).split(b"\0")
        yield from (message.decode("utf-8", "replace") for message in whole)


def public_lines(repository: Repository, lines: Iterable[bytes], there: Sequence[str]) -> tuple[set[bytes], set[bytes]]:
    """Return those of ``lines`` (squeezed) that are in a file which the remote has, as far as ``there`` says, and the
    paths of all these files.

    Of many branches only some are read: they have nearly the same files, and a line that is not found is taken for one
    that is nowhere public.  ``git grep`` would take minutes for a patch of some hundred lines, a pass for each of them.
    """
    wanted, found = {*lines}, set[bytes]()
    trees = [entries_of(repository, commit) for commit in (there[:_BRANCHES] if wanted else ())]
    ids = [*dict.fromkeys(name for tree in trees for mode, name in tree.values() if mode != SUBMODULE_MODE)]
    for start in range(0, len(ids), _FILES):
        for content in repository.contents(ids[start : start + _FILES]).values():
            found |= wanted.intersection(squeezed_lines(content))
    return found, {path for tree in trees for path in tree}


def more_commits(repository: Repository, tips: Sequence[str], there: Iterable[str], many: int) -> bool:
    """Return whether ``tips`` have more than ``many`` commits that ``there`` have not."""
    if not tips:
        return False
    listing = repository.git.call("rev-list", f"--max-count={many + 1}", "--stdin", given=_span(tips, there)).out
    return listing.count(b"\n") > many


def _span(tips: Iterable[str], there: Iterable[str]) -> bytes:
    names = [*dict.fromkeys(tips), *(f"^{name}" for name in dict.fromkeys(there))]
    return "".join(f"{name}\n" for name in names).encode()


def sent_objects(repository: Repository, moves: Iterable[Move], there: Sequence[str]) -> Iterator[Sent]:
    """Yield all that the ``moves`` send that is not ``there``: tags, then files and trees that a reference stands for,
    then commits, then what these add up to."""
    tips: list[str] = []
    for move in moves:
        yield from _named(repository, move, tips)
    if tips:
        yield from outgoing_commits(repository, tips, there)
        yield from net_changes(repository, tips, there)


def _named(repository: Repository, move: Move, tips: list[str]) -> Iterator[Sent]:
    """Yield the objects that ``move`` stands for up to a commit, which goes to ``tips``."""
    name = move.new
    for _ in range(_DEEPEST):
        found = repository.read(name) if name is not None else None
        if found is None:
            return
        name, kind, content = found
        if kind == "commit":
            tips.append(name)
            return
        if kind == "tree":
            words = ("diff-tree", "-r", "-p", *_DIFF, _empty_tree(repository), name)
            yield Sent(name, kind, b"", repository.git.call(*words).out)
            return
        yield Sent(name, kind, content)
        if kind == "blob":
            return
        name = content.partition(b"\n")[0].removeprefix(b"object ").decode("ascii", "replace")
    raise problems.nested_tag(move.ref)


def _empty_tree(repository: Repository) -> str:
    """Return the name of the empty tree, which git knows without having it."""
    return repository.git.call("hash-object", "-t", "tree", "--stdin").out.decode("ascii").strip()
