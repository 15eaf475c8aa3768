"""The draft of a release's announcement: what was fixed, what else changed, and how to check the tarballs.

It is for a person to read and send.  What it says of advisories is what the commits of the release say, with titles
and CVEs from those advisories in the store that are public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from git_xsa.ask.by_number import stored_advisories
from git_xsa.ask.session import Session
from git_xsa.git.log import Range
from git_xsa.git.repository import Commit
from git_xsa.model.words import count

#: What a subject line must not do to a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")


@dataclass(frozen=True)
class Fix:
    """An advisory that the release fixes: its title is that of the advisory, or the subjects of the commits."""

    number: int
    cves: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What is new in a release: the advisories that it fixes by number, and its other changes, the oldest first."""

    fixes: tuple[Fix, ...]
    others: tuple[tuple[str, str], ...]


def changes_between(session: Session, last: Commit, tagged: Commit, own: Sequence[str]) -> Changes:
    """Return what is new from the release ``last`` to ``tagged``; the commits ``own`` only make the release."""
    history = session.ranges.between(last, tagged)
    start = history.position[last.id]
    fixed: dict[int, list[int]] = {
        number: [position for position in positions if position > start]
        for number, positions in history.advisories.items()
        if positions[-1] > start
    }
    security = {position for positions in fixed.values() for position in positions}
    others = [
        (commit.id, commit.subject)
        for position, commit in enumerate(history.commits, 1)
        if position > start and position not in security and commit.id not in own
    ]
    return Changes(tuple(_fix(session, history, number, fixed[number]) for number in sorted(fixed)), tuple(others))


def _fix(session: Session, history: Range, number: int, positions: Sequence[int]) -> Fix:
    commits = [history.commits[position - 1] for position in positions]
    library = stored_advisories(session)
    known = library.public_text(number) if library is not None else None
    mentioned = re.compile(rf"^.*\bXSA[- ]?{number}\b.*$", re.MULTILINE | re.IGNORECASE)
    told = (cve for commit in commits for line in mentioned.findall(commit.message) for cve in _CVE.findall(line))
    cves = known.cves if known is not None and known.cves else tuple(dict.fromkeys(told))
    titles = (known.title,) if known is not None and known.title else tuple(commit.subject for commit in commits)
    return Fix(number, cves, titles)


def announcement(title: str, tag: str, last: str, changes: Changes, ends: tuple[Mapping[str, str], list[str]]) -> str:
    """Return the draft for the release ``title`` (``Xen 4.21.2``).

    ``ends`` are the SHA-256 of each tarball, and the commands that check the release.
    """
    sums, how = ends
    advice = "All users of the branch are advised to update." if changes.fixes else "It has no security fix."
    lines = [f"Subject: {title} is available", "", f"{title} is available, with the tag {tag}.", f"It follows {last}."]
    lines += [advice, ""]
    if changes.fixes:
        lines += [f"It fixes {count(len(changes.fixes), 'security advisory')}:", ""]
        for fix in changes.fixes:
            lines.append("  " + "  ".join([f"XSA-{fix.number}", *fix.cves]))
            lines += [f"    {title}" for title in fix.titles]
        lines.append("")
    if changes.others:
        lines += [f"Other changes since {last}:", ""]
        lines += [f"  {subject}" for _, subject in changes.others]
        lines.append("")
    lines += ["The tarballs and their SHA-256:", ""]
    lines += [f"  {name}\n    {value}" for name, value in sorted(sums.items())]
    lines += ["", "To check tag and tarballs:", "", *(f"  {command}" for command in how), ""]
    return _CONTROL.sub("?", "\n".join(lines))
