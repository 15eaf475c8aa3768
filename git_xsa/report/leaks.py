"""What a hook says when a push would make public what is under embargo.

It names what is pushed, the kind of match and the advisory's number, never a title, a CVE number, a file or a line: a
terminal is looked at by others, and what is printed ends up in logs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from git_xsa.model.leak import Kind, Match
from git_xsa.report.plain import printable

_WORDS = {
    Kind.PATCH: "has the change of a patch of {xsa}",
    Kind.LINES: "has most lines of a patch of {xsa}",
    Kind.TEXT: "repeats a text of {xsa}",
    Kind.CVE: "names a CVE number of {xsa}",
    Kind.MARK: "says that it is {xsa}",
}
#: Commits that are named one by one.
MANY = 20


@dataclass(frozen=True)
class Leak:
    """Something under embargo was found in an object that is pushed: its type as git calls it, and its name."""

    type: str
    id: str
    match: Match


def leak_lines(leaks: Sequence[Leak], remote: str, listed: Collection[int]) -> list[str]:
    """Return what to tell whoever pushes to ``remote``; nothing for no leaks.

    ``listed`` are the numbers that the ledger has.
    """
    if not leaks:
        return []
    numbers = sorted({leak.match.xsa for leak in leaks})
    names = {number: f"XSA-{number}" for number in numbers}
    told = [
        f"error: {leak.type} {leak.id[:12]} {_WORDS[leak.match.kind].format(xsa=names[leak.match.xsa])}"
        for leak in leaks
    ]
    more = [f"error: ... and {len(told) - MANY} more like these"] if len(told) > MANY else []
    lines = [
        f"error: {', '.join(names.values())} is under embargo, and {remote} is not a private remote:"
        if len(names) == 1
        else f"error: {', '.join(names.values())} are under embargo, and {remote} is not a private remote:",
        *told[:MANY],
        *more,
        "hint: nothing was pushed: take these out, or push to a remote that xsa.privateRemote names",
    ]
    unknown = [names[number] for number in numbers if number not in listed]
    if unknown:
        what = f"hint: {', '.join(unknown)} is in the store but not in the ledger"
        lines.append(f"{what}; if it is public, git xsa-fetch finds that out")
    return [printable(line, one_line=True) for line in lines]
