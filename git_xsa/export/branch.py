"""Write a queue as a branch: on top of the base one commit for each patch, with its own author and dates.

The commits are made of the line history's files, so nothing has to be applied and nothing can go astray.  Author,
committer and dates are those of the original commit; a patch file has its author for both.  So the same queue gives
the same commits wherever it is made.  Trailers name origin, advisory and reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr, parsedate_to_datetime

from git_xsa.advisory.heading import decoded_field
from git_xsa.ask.session import Session
from git_xsa.export import problems
from git_xsa.export.exporter import Ready
from git_xsa.export.mail import mail_header
from git_xsa.export.policy import States
from git_xsa.export.prepared import Patch
from git_xsa.export.readme import needed_by, one_line
from git_xsa.git.diffs import quoted
from git_xsa.git.repository import without_borrowed
from git_xsa.model.change import SUBMODULE_MODE
from git_xsa.model.history import FileState, Opaque
from git_xsa.model.release import version_of

_TRAILER = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9-]*: .*|\(cherry picked from commit [0-9a-f]+\)|[a-z]+ (?:commit|date): .*)"
)


def check_name(session: Session, name: str, force: bool) -> str | None:
    """Return the commit that the branch ``name`` has now, ``None`` if there is none; ``XsaError`` if it must stay."""
    git = session.repository.git
    if git.call("check-ref-format", "--branch", name, accept=(0, 1, 128)).status:
        raise problems.not_a_branch_name(name)
    for pattern in (session.settings.stable_branch,):
        if version_of(name, pattern) is not None:
            raise problems.stable_branch(name)
    now = session.repository.refs().get(f"refs/heads/{name}")
    if now is None:
        return None
    if not force:
        raise problems.branch_exists(name)
    listing = git.text("worktree", "list", "--porcelain")
    if f"branch refs/heads/{name}" in listing.splitlines():
        raise problems.branch_checked_out(name)
    return now


def write_branch(session: Session, ready: Ready, name: str, force: bool) -> str:
    """Write the queue as the branch ``name``; return the commit at its end.

    git sees all or nothing: the branch is set when every commit is there.
    """
    stream = b"".join(_stream(session, ready, f"refs/heads/{name}"))
    words = ("fast-import", "--quiet", "--done", *(["--force"] if force else []))
    session.repository.git.call(*words, given=stream, environment=without_borrowed())
    return session.repository.git.text("rev-parse", "--verify", f"refs/heads/{name}")


def _stream(session: Session, ready: Ready, reference: str) -> Iterator[bytes]:
    """Yield what ``git fast-import`` is told."""
    for index, patch in enumerate(ready.queue.patches):
        yield f"commit {reference}\nmark :{index + 1}\n".encode()
        head, message = _head(session, patch)
        yield head
        yield _data(_with_trailers(message, _trailers(ready, patch)))
        yield f"from {f':{index}' if index else ready.queue.base_commit}\n".encode()
        yield from _changes(ready.touched(index, index).states, ready.touched(index, index + 1).states)
    yield b"done\n"


def _head(session: Session, patch: Patch) -> tuple[bytes, bytes]:
    """Return the lines that tell who made the commit and when, and its message."""
    if patch.commit is not None:
        found = session.repository.read(patch.commit)
        assert found is not None, "the queue's commits have been read before"
        head, _, message = found[2].partition(b"\n\n")
        kept = [line for line in head.split(b"\n") if line.startswith((b"author ", b"committer ", b"encoding "))]
        return b"".join(line + b"\n" for line in kept), message
    header = mail_header(patch.mail)
    real, address = parseaddr(decoded_field(header, "From"))
    date = parsedate_to_datetime(str(header["Date"]))
    who = f"{re.sub('[<>]', '', real)} <{address}> {int(date.timestamp())} {date.strftime('%z') or '+0000'}".encode()
    body = patch.mail.partition(b"\n\n")[2].partition(b"---\n")[0]
    return b"author " + who + b"\ncommitter " + who + b"\n", patch.subject.encode() + b"\n\n" + body


def _trailers(ready: Ready, patch: Patch) -> list[str]:
    """Return the lines that tell where a commit comes from and why it is there."""
    lines = [f"Xsa-Origin: {'commit ' + patch.commit if patch.commit else one_line(patch.id)}"]
    lines += [f"Xsa-Adapted: {one_line(patch.adapted)}"] if patch.adapted else []
    numbers = [number for number in patch.xsa if number not in ready.queue.partly]
    lines += [f"Xsa-Fixes: {' '.join([f'XSA-{number}', *patch.cve])}" for number in numbers]
    names = [one_line(other.subject) for other in ready.queue.patches]
    lines += [f"Xsa-Reason: needed by {words}" for words in needed_by(patch, names.__getitem__)]
    return lines


def _with_trailers(message: bytes, trailers: list[str]) -> bytes:
    """Return ``message`` with ``trailers`` at its end, in its last paragraph if that holds such lines already."""
    text = message.rstrip(b"\n")
    last = text.rpartition(b"\n\n")[2]
    joined = b"\n" if text != last and all(map(_TRAILER.fullmatch, last.split(b"\n"))) else b"\n\n"
    return text + joined + "\n".join(trailers).encode() + b"\n"


def _changes(before: States, after: States) -> Iterator[bytes]:
    """Yield what a commit does to the files: names that go first, since a folder may take their place."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) is not None and after.get(path) is None:
            yield b"D " + quoted(path) + b"\n"
    for path in sorted(after):
        state = after[path]
        if state is not None and state != before.get(path):
            yield from _file(path, state)


def _file(path: bytes, state: FileState) -> Iterator[bytes]:
    mode = state.mode.encode()
    if state.mode == SUBMODULE_MODE or any(isinstance(text, Opaque) for text in state.lines):
        yield b"M %s %s %s\n" % (mode, state.object_name(40).encode(), quoted(path))
    else:
        yield b"M %s inline %s\n" % (mode, quoted(path))
        yield _data(b"".join(state.lines))


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
