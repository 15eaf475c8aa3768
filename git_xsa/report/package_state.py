"""What git xsa-export --verify says of a package: what is carried, outdated, missing and merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from git_xsa.export.into.state import FixInPackage, PackageState
from git_xsa.git.run import Git
from git_xsa.model.words import DIGITS, advisory_names, count
from git_xsa.report.as_json import FORMAT, base_document
from git_xsa.report.pager import on_terminal
from git_xsa.report.style import lines


def state_document(found: PackageState) -> dict[str, Any]:
    """Return the state of a package as JSON has it."""
    return {
        "format": FORMAT,
        "package": str(found.package.top),
        "list": found.package.listing,
        "base": base_document(found.on.base),
        "tip": {"name": found.tip.name, "commit": found.tip.id},
        "right": found.is_right,
        "carried": [_fix(one) | {"adapted": one.adapted} for one in found.carried],
        "outdated": [_fix(one) | {"why": one.why} for one in found.outdated],
        "missing": list(found.missing),
        "merged": [{"file": one.file.name, "xsa": sorted(one.advisories)} for one in found.on.merged],
        "refused": [{"file": one.file.name, "xsa": sorted(one.advisories)} for one in found.on.refused],
        "follow_ups": [
            {"commit": one.commit, "subject": one.subject, "fixes": list(one.fixes), "needed": one.later.needed}
            for one in found.later
        ],
    }


def _fix(one: FixInPackage) -> dict[str, Any]:
    return {"xsa": one.number, "files": list(one.files)}


def print_state(git: Git, found: PackageState) -> None:
    """Print the state of a package: what needs to be done first, then what it carries."""
    output = lines(git, on_terminal())
    place = found.package.place
    told = _summary(found)
    right = f"{place}: all fixes are included, {count(len(found.carried), 'advisory')} carried"
    output.line((right, "green") if found.is_right else (f"{place}: {told}", "red"))
    if found.missing:
        output.line(f"  missing   {advisory_names(found.missing)}")
    for one in found.outdated:
        output.line(f"  outdated  XSA-{one.number}: {one.why}")
    for merged in found.on.merged:
        names = advisory_names(sorted(merged.advisories))
        output.line(f"  merged    {merged.file.name}{f' ({names})' if names else ''}: {found.release.name} has it")
    for refused in found.on.refused:
        output.line(f"  refused   {refused.file.name} does not apply to {found.release.name}")
    for later in found.later:
        needed = "" if later.later.needed else " (only comments, white space or documentation)"
        fixed = ", ".join(name[:DIGITS] for name in later.fixes)
        output.line(f"  fix       {later.commit[:DIGITS]} {later.subject}: it fixes {fixed}{needed}")
    carried: Sequence[FixInPackage] = found.carried
    if carried:
        output.line(f"  carried   {advisory_names(one.number for one in carried)}")
    for one in carried:
        if one.adapted:
            output.line(f"  adapted   XSA-{one.number}: {', '.join(one.files)} differs from the published patch")


def _summary(found: PackageState) -> str:
    needed = sum(one.later.needed for one in found.later)
    parts = [
        (len(found.missing), "missing"),
        (len(found.outdated), "outdated"),
        (len(found.on.merged), "in the release already"),
        (len(found.on.refused), "refused"),
        (needed, "with a later fix"),
    ]
    return ", ".join(f"{number} {what}" for number, what in parts if number)
