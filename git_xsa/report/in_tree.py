"""What a tree has of the fixes of each advisory, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from git_xsa.ask.in_tree import AdvisoryInTree, FixInTree, InTree, Presence, TreeContents
from git_xsa.model.words import DIGITS, hunk_names, short_names
from git_xsa.report.as_json import base_document, text
from git_xsa.report.style import Lines

_WORDS = {
    InTree.FIXED: "fixed",
    InTree.LACKING: "lacking",
    InTree.NEVER_AFFECTED: "never affected, as it lacks their files",
}
_PRESENCE = {Presence.WHOLE: "there", Presence.NONE: "not there", Presence.NO_FILES: "its files are not there"}


def tree_document(found: TreeContents) -> dict[str, Any]:
    """Return what a tree has, as JSON has it."""
    return {"base": base_document(found.base), "advisories": [_document(found, one) for one in found.advisories]}


def _document(found: TreeContents, one: AdvisoryInTree) -> dict[str, Any]:
    return {
        "xsa": one.number,
        "standing": one.standing.value,
        "said_by": list(one.said_by),
        "commits": [
            {
                "commit": found.range.commits[fix.position - 1].id,
                "presence": fix.presence.value,
                "uncertain": fix.uncertain,
                "files": [{"path": text(p.path), "there": p.there, "missing": p.missing} for p in fix.parts],
            }
            for fix in one.fixes
        ],
    }


def print_tree_contents(output: Lines, trees: Sequence[TreeContents], evidence: bool) -> None:
    """Print which advisories a tree has fixed, which it lacks, which never affected it, and what it has of those that
    are there in part; with ``evidence`` also by which commits."""
    for found in trees:
        output.line()
        output.line((f"What is in {found.base.name}", "bold"))
        for standing, words in _WORDS.items():
            several = [one for one in found.advisories if one.standing is standing]
            if several and (standing is InTree.LACKING or not evidence):
                output.line(f"  {len(several)} {words}: {short_names([one.number for one in several])}")
        plain = set() if evidence else {InTree.FIXED, InTree.NEVER_AFFECTED}
        for one in found.advisories:
            if one.standing in {InTree.LACKING, *plain} and not any(fix.uncertain for fix in one.fixes):
                continue
            output.line(f"  XSA-{one.number:<4} ", (one.standing.value, "bold"), _said(one))
            for fix in one.fixes:
                output.line(f"    {_line(found, fix)}")


def _said(one: AdvisoryInTree) -> str:
    return f", as {', '.join(name[:DIGITS] for name in one.said_by)} says" if one.said_by else ""


def _line(found: TreeContents, fix: FixInTree) -> str:
    commit = found.range.commits[fix.position - 1]
    words = _PRESENCE.get(fix.presence) or "; ".join(_by_file(fix))
    doubt = " (or the contrary: equal lines can be read in two ways)" if fix.uncertain else ""
    return f"{commit.id[:DIGITS]} {commit.subject}: {words}{doubt}"


def _by_file(fix: FixInTree) -> Iterable[str]:
    for one in fix.parts:
        there = [f"has {hunk_names(one.there)}"] if one.there else []
        missing = [f"lacks {hunk_names(one.missing)}"] if one.missing else []
        yield f"{text(one.path)}: {', '.join(there + missing)}"
