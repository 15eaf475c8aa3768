"""What was taken into the store, for a person: advisory by advisory, what it is for and who vouches for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from git_xsa.advisory import remarks
from git_xsa.advisory.editions import Difference
from git_xsa.advisory.file_names import PatchName, read_name
from git_xsa.advisory.import_ import Result, Taken
from git_xsa.advisory.patch_choice import matching
from git_xsa.advisory.text import Advisory
from git_xsa.advisory.trust import Signature
from git_xsa.advisory.version_rows import Version, shown
from git_xsa.model.words import count, some_of
from git_xsa.report.style import Lines

#: How many names of files are shown before they are only counted.
SHOWN = 4
_BAD = (Signature.WRONG, Signature.REVOKED, Signature.EXPIRED)


def print_taken(lines: Lines, result: Result) -> None:
    """Print what was made of each advisory, and how long the list of advisories is, if there is one."""
    for number, one in enumerate(result.taken):
        if number:
            lines.line()
        _print_one(lines, one)
    if result.listed:
        lines.line(f"xsa.json: a list of {count(result.listed, 'advisory')}")


def _print_one(lines: Lines, taken: Taken) -> None:
    edition, advisory = taken.edition, taken.edition.advisory
    title = advisory.title if advisory is not None else ""
    cves = f" ({', '.join(advisory.cves)})" if advisory is not None and advisory.cves else ""
    lines.line((edition.title, "bold"), f"  {title}{cves}" if title or cves else "")
    lines.line(f"  {_amount(taken)}")
    if advisory is not None:
        style = "green" if taken.vouching.signature is Signature.TRUSTED else "yellow"
        who = taken.vouching.sentence() or taken.vouching.remark() or remarks.signed_by(taken.vouching.key)
        lines.line("  ", (f"the text {who}", "red" if taken.vouching.signature in _BAD else style))
        for words in _table(advisory, edition.patches):
            lines.line(f"  {words}")
        for words in _told(advisory):
            lines.line(f"  {words}")
    else:
        lines.line("  ", ("no trusted signature: the text of the advisory is missing", "yellow"))
        for words in _by_name(edition.patches):
            lines.line(f"  {words}")
    for label, names in (("WRONG CHECKSUM", taken.wrong), ("missing", taken.missing)):
        if names:
            lines.line("  ", (f"{label}: {some_of(names, SHOWN)}", "red"))
    if taken.before is not None:
        lines.line(f"  since {taken.before.name}: {changes(taken.since)}")


def _amount(taken: Taken) -> str:
    """Return how much of it is new."""
    new = count(len(taken.files), "new file")
    known = f", {count(len(taken.known), 'file')} already in the store" if taken.known else ""
    text = ""
    if taken.edition.version:
        text = "new text" if taken.new else "text already in the store"
    return ", ".join(part for part in (text, new) if part) + known


def _table(advisory: Advisory, patches: Sequence[str]) -> Iterator[str]:
    """Yield the rows of the table: what they are for, how many patches there are, and their names."""
    width = max((len(row.scope.text) for row in advisory.rows), default=0)
    for row in advisory.rows:
        found = matching(row.pattern, patches)
        amount = count(len(found), "patch") if found else "no file"
        yield f"{row.scope.text or 'all':{width}}  {amount:10}  {row.pattern}"


def _by_name(patches: Sequence[str]) -> Iterator[str]:
    """Yield what the names of patches that came without a text say they are for, and how many there are of each."""
    groups: dict[tuple[str, Version | None], list[PatchName]] = {}
    for name in map(read_name, patches):
        groups.setdefault((name.tree, name.version), []).append(name)
    for (tree, version), names in groups.items():
        branch = shown(version) if version is not None else "any branch"
        labels = list(dict.fromkeys(name.group or name.path for name in names))
        more = f" and {count(len(labels) - 1, 'other name')}" if len(labels) > 1 else ""
        words = f"made for {tree} {branch}" if tree else f"made for {branch}"
        yield f"{count(len(names), 'patch')} {words}, by name: {labels[0]}{more}"


def _told(advisory: Advisory) -> Iterator[str]:
    """Yield what the text says besides: releases in the place of patches, and what may be deployed before the end."""
    if not advisory.rows and not advisory.releases:
        yield "no patches"
    if advisory.releases:
        yield f"named releases: {', '.join(advisory.releases)}"
    for branch, commit in advisory.commits:
        yield f"named commit: {branch} {commit[:12]}"
    if not advisory.public:
        allowed = {
            (True, True): "patches and mitigations are permitted",
            (True, False): "patches are permitted, mitigations are not",
        }.get((advisory.deployment.patches, advisory.deployment.mitigations), "not permitted")
        yield f"deployment during the embargo: {allowed}; read the text before you rely on this"


def changes(difference: Difference) -> str:
    """Return what changed from one version to the next."""
    parts = []
    for label, names in (
        ("added", difference.added),
        ("dropped", difference.dropped),
        ("changed", difference.changed),
    ):
        if names:
            parts.append(f"{count(len(names), 'patch')} {label} ({some_of(names, SHOWN)})")
    return ", ".join(parts) if parts else "the patches are the same"
