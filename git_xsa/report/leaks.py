"""What a hook says when a push would make public what is under embargo.

It names what is pushed, the kind of match and the advisory's number, never a title, a CVE number, a file or a line: a
terminal is looked at by others, and what is printed ends up in logs.
"""

from __future__ import annotations

from git_xsa.embargo.address import PushTarget
from git_xsa.embargo.guard import Guarded
from git_xsa.embargo.leak import LikenessKind
from git_xsa.report.plain import printable

_WORDS = {
    LikenessKind.PATCH: "has the change of a patch of {xsa}",
    LikenessKind.LINES: "has most lines of a patch of {xsa}",
    LikenessKind.TEXT: "repeats a text of {xsa}",
    LikenessKind.CVE: "names a CVE number of {xsa}",
    LikenessKind.MARK: "says that it is {xsa}",
}
#: What is said for the type of what is pushed, where it is not git's own word.
_TYPES = {"history": "the push up to"}
#: Commits that are named one by one.
MANY = 20


def mirror_lines(target: PushTarget, setting: str) -> list[str]:
    """Return a warning that a private remote passes on what it gets, by the ``setting`` that says so; none for none."""
    if not setting:
        return []
    what = f"warning: {target.name} is a private remote, but it is a mirror ({setting})"
    return [
        printable(line, one_line=True) for line in (what, "hint: make sure that it passes nothing on during an embargo")
    ]


def silence_lines(found: Guarded, target: PushTarget) -> list[str]:
    """Return the warning that ``target`` did not answer; nothing when it did, or was not asked."""
    what = f"warning: {target.shown} does not say what it has ({found.silence}), so everything is checked"
    return [printable(what, one_line=True)] if found.silence else []


def leak_lines(found: Guarded, target: PushTarget) -> list[str]:
    """Return the message for whoever pushes to ``target``; nothing for no leaks."""
    leaks = found.leaks
    if not leaks:
        return []
    numbers = sorted({leak.match.xsa for leak in leaks})
    names = {number: f"XSA-{number}" for number in numbers}
    told = [
        f"error: {_TYPES.get(leak.type, leak.type)} {leak.id[:12]} {_WORDS[match.kind].format(xsa=names[match.xsa])}"
        for leak, match in ((leak, leak.match) for leak in leaks)
    ]
    more = [f"error: ... and {len(told) - MANY} more like these"] if len(told) > MANY else []
    what = f"{', '.join(names.values())} {'is' if len(names) == 1 else 'are'} under embargo"
    lines = [
        f"error: {what}, and {target.name} is not a private remote:",
        *told[:MANY],
        *more,
        "hint: nothing was pushed: remove these, or push to a remote in xsa.privateRemote",
    ]
    if found.is_named and target.relative:
        what = f"hint: {target.shown} is another place in each work tree"
        lines.append(f"{what}: set xsa.privateRemote and the remote to the full path")
    elif found.is_named:
        lines.append(
            f"hint: xsa.privateRemote names {target.name}, which has other addresses, too; "
            f"the address of this push is {target.shown}: if all are private, list each of them"
        )
    unknown = [names[number] for number in numbers if number not in found.listed]
    if unknown:
        what = f"hint: {', '.join(unknown)} is in the store but not in the ledger"
        lines.append(f"{what}; if it is public, run git xsa-fetch")
    return [printable(line, one_line=True) for line in lines]
