"""What a hook says when a push would make public what is under embargo.

It names what is pushed, the kind of match and the advisory's number, never a title, a CVE number, a file or a line: a
terminal is looked at by others, and what is printed ends up in logs.
"""

from __future__ import annotations

from git_xsa.embargo.address import PushTarget
from git_xsa.embargo.guard import Guarded
from git_xsa.report import aside, remarks
from git_xsa.report.aside import Complaint

#: Commits that are named one by one.
MANY = 20


def warn_of_mirror(target: PushTarget, setting: str) -> None:
    """Warn that a private remote passes on what it gets, by the ``setting`` that says so; empty: none does."""
    if setting:
        aside.warning(remarks.passes_it_on(target.name, setting))
        aside.hint(remarks.let_nothing_pass())


def warn_of_silence(found: Guarded, target: PushTarget) -> None:
    """Warn that ``target`` did not answer; nothing when it did, or was not asked."""
    if found.silence:
        aside.warning(remarks.does_not_answer(target.shown, found.silence))


def leaking(found: Guarded, target: PushTarget) -> Complaint:
    """Return what is said to whoever pushes to ``target``; nothing for no leaks."""
    if not found.leaks:
        return Complaint()
    numbers = sorted({leak.match.xsa for leak in found.leaks})
    told = [remarks.gives_away(one.type, one.id, one.match.kind.value, one.match.xsa) for one in found.leaks]
    more = [remarks.more_like_these(len(told) - MANY)] if len(told) > MANY else []
    hints = [remarks.push_elsewhere()]
    if found.is_named and target.relative:
        hints.append(remarks.use_the_full_path(target.shown))
    elif found.is_named:
        hints.append(remarks.list_each_address(target.name, target.shown))
    if unknown := [number for number in numbers if number not in found.listed]:
        hints.append(remarks.not_in_the_ledger(unknown))
    return Complaint([remarks.under_embargo(numbers, target.name), *told[:MANY], *more], hints)
