"""What a push would send: the commits that the remote lacks, as one ``git log`` writes them, and what else is sent.

``git log`` is read while it runs, so that what it writes need not fit into memory.  A merge is shown as git shows it
combined: what is in none of its parents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from git_xsa.errors import XsaError
from git_xsa.git.repository import Repository
from git_xsa.git.updates import Move

#: Commits with what they change.  A commit begins with a NUL at the start of a line, its message ends with another
#: one, and no line of a diff begins so.
#: ``--text``: no attribute and no length makes git say no more than "Binary files differ".
_DIFF = ("-M", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "-U3",
         "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/")  # fmt: skip
_LOG = ("log", "--stdin", "-p", *_DIFF, "--diff-merges=dense-combined", "--root", "--no-show-signature", "--no-notes",
        "--no-mailmap", "--encoding=UTF-8", "--format=%x00%H %P%n%B%n%x00")  # fmt: skip
_BLOCK = 1 << 20
_FILE = re.compile(rb"^(?=diff --)", re.MULTILINE)
#: The name of a note's file: that of the object it is for, with slashes in it where there are many notes.
_NOTE = re.compile(rb"^\+\+\+ b/(?=(?:[0-9a-f]/?){40,64}$)(?:[0-9a-f]{2}/)*[0-9a-f]+$", re.MULTILINE)
#: A tag may stand for a tag; nobody needs more of them in a row than this.
_DEEPEST = 16


@dataclass(frozen=True)
class Sent:
    """An object that is sent: its name, its type as git calls it, its text (a message), and its diff."""

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
    while True:
        block = stream.read(_BLOCK)
        blocks.append(block)
        if block and b"\0" not in block:
            continue
        # Messages and diffs in turn; the last two may still grow.
        pieces = b"".join(blocks).split(b"\n\0")
        done = len(pieces) // 2 * 2 if not block else max(0, len(pieces) - 1) // 2 * 2
        for message, diff in zip(pieces[:done:2], pieces[1:done:2], strict=True):
            words, _, text = message.removeprefix(b"\0").partition(b"\n")
            name, *parents = words.decode().split()
            yield Sent(name, "commit", text + _merged_tags(repository, name) if len(parents) > 1 else text, diff)
        if not block:
            return
        blocks = [b"\n\0".join(pieces[done:])]


def _merged_tags(repository: Repository, merge: str) -> bytes:
    """Return the messages of the tags that a merge has in its header, where no log shows them."""
    found = repository.read(merge)
    header = found[2].partition(b"\n\n")[0] if found is not None else b""
    return b"\n" + header.replace(b"\n ", b"\n") if b"\nmergetag " in header else b""


def public_messages(repository: Repository, there: Iterable[str]) -> Iterator[str]:
    """Yield the messages of all commits that the remote has, as far as ``there`` tells, the newest first."""
    given = "".join(f"{name}\n" for name in there).encode()
    if not given:
        return
    stream = repository.git.stream("log", "--stdin", "--no-mailmap", "--encoding=UTF-8", "--format=%B%x00", given=given)
    rest = b""
    while block := stream.read(_BLOCK):
        *whole, rest = (rest + block).split(b"\0")
        yield from (message.decode("utf-8", "replace") for message in whole)


def more_commits(repository: Repository, tips: Sequence[str], there: Iterable[str], many: int) -> bool:
    """Return whether ``tips`` have more than ``many`` commits that ``there`` have not."""
    if not tips:
        return False
    listing = repository.git.call("rev-list", f"--max-count={many + 1}", "--stdin", given=_span(tips, there)).out
    return listing.count(b"\n") > many


def _span(tips: Iterable[str], there: Iterable[str]) -> bytes:
    names = [*dict.fromkeys(tips), *(f"^{name}" for name in dict.fromkeys(there))]
    return "".join(f"{name}\n" for name in names).encode()


def sent_objects(repository: Repository, moves: Iterable[Move], there: Iterable[str]) -> Iterator[Sent]:
    """Yield all that the ``moves`` send that is not ``there``: tags, then files and trees that a reference stands for,
    then commits."""
    tips = []
    for move in moves:
        name = move.new
        for _ in range(_DEEPEST):
            found = repository.read(name) if name is not None else None
            if found is None:
                break
            name, kind, content = found
            if kind == "commit":
                tips.append(name)
                break
            if kind == "tree":
                words = ("diff-tree", "-r", "-p", *_DIFF, _empty_tree(repository), name)
                yield Sent(name, kind, b"", repository.git.call(*words).out)
                break
            yield Sent(name, kind, content)
            if kind == "blob":
                break
            name = content.partition(b"\n")[0].removeprefix(b"object ").decode("ascii", "replace")
        else:
            raise XsaError(
                f"{move.ref} is a tag of a tag of a tag, too deep to be looked at", "push what it stands for"
            )
    if tips:
        yield from outgoing_commits(repository, tips, there)


def _empty_tree(repository: Repository) -> str:
    """Return the name of the empty tree, which git knows without having it."""
    return repository.git.call("hash-object", "-t", "tree", "--stdin").out.decode("ascii").strip()
