"""What git knows about updates of references, for the freeze rule.

Nothing is asked about a reference that no freeze concerns, and what only matters when no freeze is in force (which
commits an update brings) is asked only then.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from git_xsa.embargo.rule import (
    Arrival,
    Freeze,
    Ledger,
    Rules,
    Update,
    freeze_at,
    last_freeze,
    oldest_tips,
    public_fixes,
)
from git_xsa.git.repository import Repository
from git_xsa.model.change import FileChange, hunk_text

#: Options of a diff from which ``git patch-id`` makes the same number as from a patch that upstream has sent.
PATCH = ("-p", "--no-color", "--no-ext-diff", "--no-textconv", "--diff-algorithm=myers", "-U3", "--full-index",
         "--first-parent", "--diff-merges=off")  # fmt: skip
#: Commits of a branch that are looked at for its fixes, the newest first, when it is unknown where the freeze found it.
MANY = 2_000
#: Commits of a branch that are looked at first.
FEW = 100
#: How the commits of xen.git begin that its release tags 4.0 to 4.22 stand at, or that follow them; and the only files
#: that one of them changes.
_RELEASE = re.compile(
    rb"(?:update Xen (?:version )?(?:to|for) |(?:release: )?update CHANGELOG|README: )", re.IGNORECASE
)
_RELEASE_FILES = frozenset({b"xen/Makefile", b"README", b"SUPPORT.md", b"CHANGELOG.md", b"Config.mk"})


@dataclass(frozen=True)
class Move:
    """A reference that is to be moved from ``old`` (``None``: it is new) to ``new`` (``None``: it goes)."""

    ref: str
    old: str | None
    new: str | None


def moved(ref: str, old: str, new: str) -> Move:
    """Return the move from ``old`` to ``new`` as git gives them to hooks: only zeros stand for none."""
    return Move(ref, old if old.strip("0") else None, new if new.strip("0") else None)


def read_updates(
    repository: Repository, rules: Rules, ledger: Ledger | None, now: int, moves: Iterable[Move]
) -> list[Update]:
    """Return each of ``moves`` with what the rule wants to know of it at ``now``, in their order.

    A commit that the repository lacks is in no history.
    """
    freeze = freeze_at(ledger, now) if ledger is not None else None
    over = last_freeze(ledger, now) if ledger is not None and rules.fixes_first else None
    updates = []
    for move in moves:
        if not rules.frozen(move.ref) or (freeze is None and over is None):
            updates.append(Update(move.ref, move.old, move.new))
        elif freeze is not None:
            updates.append(_during(repository, rules, freeze, move))
        elif ledger is not None and over is not None:
            updates.append(_after(repository, rules, ledger, over, move))
    return updates


def _during(repository: Repository, rules: Rules, freeze: Freeze, move: Move) -> Update:
    if move.old is None or move.new is None:
        return Update(move.ref, move.old, move.new)
    staging = rules.staging_of(move.ref)
    tips = freeze.tips(staging) if staging is not None else frozenset()
    inside = frozenset(tip for tip in tips if repository.git.contains(tip, move.new, lenient=True))
    return Update(move.ref, move.old, move.new, repository.git.contains(move.new, move.old, lenient=True), inside)


def _after(repository: Repository, rules: Rules, ledger: Ledger, over: Freeze, move: Move) -> Update:
    stable = rules.stable_of(move.ref)
    fixes = public_fixes(ledger, over).get(stable or "", frozenset())
    if not fixes:
        return Update(move.ref, move.old, move.new)
    staging = rules.staging_of(f"refs/heads/{stable}") or ""
    present: frozenset[str] = frozenset()
    if move.old is not None and _known(repository, move.old):
        present = _present(repository, fixes, move.old, oldest_tips(ledger, staging))
    if move.old is None or move.new is None or fixes <= present:
        return Update(move.ref, move.old, move.new, present=present)
    forward = repository.git.contains(move.new, move.old, lenient=True)
    arrivals = _arrivals(repository, over.tips(staging), move.old, move.new) if forward else ()
    return Update(move.ref, move.old, move.new, forward, arrivals=arrivals, present=present)


def _present(repository: Repository, fixes: frozenset[str], commit: str, tips: Iterable[str]) -> frozenset[str]:
    """Return those of ``fixes`` that are in the history of ``commit`` and not in that of ``tips``.

    Mostly they are among its newest commits, or none is there.
    """
    since = [f"^{tip}" for tip in sorted(tips) if _known(repository, tip)]
    found: frozenset[str] = frozenset()
    for span in ([*since, f"-{FEW}"], since or [f"-{MANY}"]):
        found = fixes & frozenset(patch_ids(repository, [commit, *span]).values())
        if found == fixes:
            break
    return found


def _arrivals(repository: Repository, tips: Collection[str], old: str, new: str) -> tuple[Arrival, ...]:
    """Return the commits that ``new`` has and ``old`` has not; a merge has no patch id and is no fix."""
    span = [new, f"^{old}"]
    ids = patch_ids(repository, span)
    waiting = {
        tip: set(repository.git.text("rev-list", tip, f"^{old}").split()) for tip in tips if _known(repository, tip)
    }
    behind: dict[str, frozenset[str]] = {}
    arrivals = []
    for line in repository.git.text("rev-list", "--topo-order", "--reverse", "--parents", *span).splitlines():
        commit, *parents = line.split()
        known = [parent for parent in parents if parent in behind]
        behind[commit] = frozenset().union(*(behind[one] for one in known), (ids.get(one, "") for one in known))
        inside = frozenset(tip for tip, commits in waiting.items() if commit in commits)
        arrivals.append(Arrival(ids.get(commit, ""), _makes_release(repository, commit), inside, behind[commit]))
    return tuple(arrivals)


def patch_ids(repository: Repository, span: Iterable[str]) -> dict[str, str]:
    """Return the patch id of each commit of ``span`` (words of ``git log``) that changes something, by commit."""
    text = repository.git.call("log", *PATCH, "--format=commit %H", *span).out
    found = repository.git.call("patch-id", "--stable", given=text).out.decode("ascii")
    return {commit: patch for patch, commit in (line.split() for line in found.splitlines())}


def patch_id(repository: Repository, changes: Iterable[FileChange], text: bytes) -> str:
    """Return the patch id of the commit that ``git am`` makes of a patch with this ``text``; empty when it has none.

    A diff that is not in git's form is written in it first, as git looks at nothing else.
    """
    if not text.startswith(b"diff --git "):
        text = b"".join(map(_plain_diff, changes))
    found = repository.git.call("patch-id", "--stable", given=text).out.split()
    return found[0].decode("ascii") if found else ""


def _plain_diff(change: FileChange) -> bytes:
    """Return the diff of a file that is no rename, as far as a patch id asks for it."""
    head = b"diff --git a/%s b/%s\n" % (change.path, change.path)
    if change.old_path is None:
        head += b"new file mode %s\n--- /dev/null\n" % (change.new_mode or "100644").encode()
    else:
        gone = b"deleted file mode %s\n" % (change.old_mode or "100644").encode() if change.new_path is None else b""
        head += gone + b"--- a/%s\n" % change.path
    head += b"+++ /dev/null\n" if change.new_path is None else b"+++ b/%s\n" % change.path
    return head + b"".join(map(hunk_text, change.hunks))


def _makes_release(repository: Repository, commit: str) -> bool:
    """Whether ``commit`` does no more than give the tree another version number."""
    words = ("--no-commit-id", "-r", "-z", "--root", "--name-only", "--format=%s%x00", commit)
    subject, *paths = repository.git.call("diff-tree", *words).out.split(b"\0")
    names = {path.strip(b"\n") for path in paths} - {b""}
    return bool(names) and names <= _RELEASE_FILES and _RELEASE.match(subject) is not None


def _known(repository: Repository, commit: str) -> bool:
    return repository.resolve(commit) is not None
