"""Look for what is under embargo in all that a push would send.

What the address has already can't leak.  git says it of the references that are moved; for the others the address is
asked, and only when it matters: when much would have to be read, or when something was found that may be there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from git_xsa.advisory.editions import Library
from git_xsa.advisory.store_place import open_store
from git_xsa.embargo.address import PushTarget, known_tips, old_tips
from git_xsa.embargo.leak import LikenessKind, Match, Watch
from git_xsa.embargo.outgoing import more_commits, public_lines, public_messages, sent_objects
from git_xsa.embargo.secrecy import Secrecy
from git_xsa.embargo.secrets import read_secrets
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.wording import NOTHING, Remark

if TYPE_CHECKING:
    from git_xsa.embargo.rule import Ledger
    from git_xsa.embargo.updates import Move
    from git_xsa.git.config import Settings
    from git_xsa.git.repository import Repository

#: What of a patch is found, and not of a text.
CHANGE = (LikenessKind.PATCH, LikenessKind.LINES)
#: So many commits are read before the address is asked what it has.
FEW = 300


class Leak(NamedTuple):
    """Something under embargo was found in an object that is pushed: its type as git calls it (or ``history``: that
    commit with all before it that is pushed), and its name."""

    type: str
    id: str
    match: Match


class Guarded(NamedTuple):
    """What a push would make public that is under embargo.

    ``is_named``: the setting of private remotes names this one, but not its address.  ``listed`` are the numbers that
    the ledger has.  ``silence``: why the address does not say what it has, so that everything was looked at.
    """

    leaks: Sequence[Leak] = ()
    is_named: bool = False
    listed: Collection[int] = ()
    silence: Remark = NOTHING


def leaks_of(
    repository: Repository,
    settings: Settings,
    ledger: Ledger | None,
    now: int,
    target: PushTarget,
    all_moves: Sequence[Move],
) -> Guarded:
    """Return what would be made public by ``all_moves``."""
    library = Library(open_store(settings), settings.trusted_keys)
    secret = Secrecy(library, ledger, now).embargoed()
    moves = [move for move in all_moves if move.new is not None]
    if not secret or not moves:
        return Guarded()
    there = old_tips(repository, moves)
    tips = [move.new for move in moves if move.new is not None and repository.resolve(move.new)]
    asked = more_commits(repository, tips, there, FEW)
    known = known_tips(repository, target) if asked else []
    there += known if isinstance(known, list) else []
    leaks, watch = _looked(library, secret, repository, moves, there)
    if leaks and not asked:
        known = known_tips(repository, target)
        there += known if isinstance(known, list) else []
        leaks, watch = _looked(library, secret, repository, moves, there)
    if leaks:
        # Reading all that is public takes seconds, and is done only when it may matter.
        if any(leak.match.kind is LikenessKind.TEXT for leak in leaks):
            watch.forget(public_messages(repository, there))
        numbers = {leak.match.xsa for leak in leaks if leak.match.kind is LikenessKind.LINES}
        watch.forget_lines(*public_lines(repository, watch.added(numbers), there))
        leaks = _found(watch, repository, moves, there)
    listed = {embargo.xsa for embargo in ledger.embargoes} if ledger is not None else set()
    private = settings.of(EmbargoSettings).private_remotes
    is_named = target.name in private or target.address in private
    return Guarded(leaks, is_named, listed, known if isinstance(known, Remark) else NOTHING)


def _looked(
    library: Library, numbers: Sequence[int], repository: Repository, moves: Sequence[Move], there: Sequence[str]
) -> tuple[list[Leak], Watch]:
    watch = Watch(read_secrets(library, numbers, repository, there[:1]))
    return _found(watch, repository, moves, there), watch


def _found(watch: Watch, repository: Repository, moves: Sequence[Move], there: Sequence[str]) -> list[Leak]:
    # Where a name is new everybody reads it; that of a branch is its words with something else between them.
    leaks = [
        Leak("the name of", move.new or "", match)
        for move in moves
        for match in watch.look(f"\n\n{move.ref}".encode("utf-8", "surrogateescape"), b"")
        if match.kind is not LikenessKind.MARK
    ]
    push = watch.push()
    for sent in sent_objects(repository, moves, there):
        whole = sent.type in ("commit", "tree", "history")
        found = push.add(sent.text, sent.diff) if whole else push.read(sent.text)
        if sent.type == "commit" and (notes := sent.notes):
            found = sorted({*found, *push.read(notes)})
        leaks += [Leak(sent.type, sent.id, match) for match in found]
    return _alone(leaks, push.total(), moves[0].new or "")


def _alone(leaks: Sequence[Leak], total: Iterable[Match], tip: str) -> list[Leak]:
    """Return the ``leaks`` of single objects, and of what all add up to only what no single one has."""
    single = [leak for leak in leaks if leak.type != "history"]
    known = {leak.match.xsa for leak in single if leak.match.kind in CHANGE}
    rest = [
        leak for leak in leaks if leak.type == "history" and leak.match.kind in CHANGE and leak.match.xsa not in known
    ]
    known |= {leak.match.xsa for leak in rest}
    return [*single, *rest, *(Leak("history", tip, match) for match in total if match.xsa not in known)]
