"""Answers as JSON, format 1 (see git-xsa-json(5)).  Keys are only ever added.

Names of commits are full hexadecimal object names.  Lines and paths are decoded as UTF-8; bytes that are none become
lone surrogates (``surrogateescape``), which JSON can carry, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from git_xsa.ask.follow_ups import Later
from git_xsa.ask.newer_branches import Elsewhere
from git_xsa.ask.unmarked import Unmarked
from git_xsa.ask.verdict import FoundSeries, Verdict
from git_xsa.git.repository import BranchFit, Commit
from git_xsa.model.partial import parts
from git_xsa.model.rules import Kind
from git_xsa.model.selection import Reason

FORMAT = 1


def text(content: bytes) -> str:
    """Return bytes of the repository, a path or a line, as a text that JSON can have."""
    return content.decode("utf-8", "surrogateescape")


def base_document(base: Commit) -> dict[str, Any]:
    """Return a base; one that exists only as long as the command has no commit, but the release that a source tree was
    made from, and the number of patches that were put on top.  ``fit`` says how the branch was found by files."""
    fit = _fit(base.fit) if base.fit is not None else {}
    if not base.passing:
        return {"name": base.name, "commit": base.id, **fit}
    release = {"release": base.release} if base.release is not None else {}
    return {"name": base.name, "commit": None, **release, **({"patches": base.patches} if base.patches else {}), **fit}


def _fit(fit: BranchFit) -> dict[str, Any]:
    return {"fit": {"branch": fit.branch, "release": fit.release.name, "same": fit.same, "files": fit.files}}


def _commit(commit: Commit) -> dict[str, Any]:
    return {"name": commit.name, "commit": commit.id}


def _reason(verdict: Verdict, reason: Reason) -> dict[str, Any]:
    rule, commits = reason.rule, verdict.range.commits
    document = {
        "needed_by": commits[reason.needed_by - 1].id,
        "path": text(rule.path),
        "hunk": rule.hunk,
        "line": text(rule.lines[0]).rstrip("\n") if rule.lines else None,
        "symbol": text(rule.symbol.name) if rule.symbol is not None else None,
        "kind": rule.kind.value,
        "gone": rule.gone,
        "note": rule.note or None if rule.kind is not Kind.BUILD else None,
    }
    if rule.kind is Kind.BUILD:
        document["diagnostic"] = rule.note
    if rule.symbol is not None and rule.symbol.arguments is not None:
        document["arguments"] = rule.symbol.arguments
    if rule.symbol is not None and rule.symbol.removed:
        document["used"] = {"path": text(rule.symbol.path), "line": text(rule.symbol.line).rstrip("\n")}
    elif rule.symbol is not None:
        document["introduced"] = {
            "path": text(rule.symbol.path),
            "line": text(rule.symbol.line),
            "chosen": rule.symbol.choice.value,
            "also_by": [commits[position - 1].id for position in rule.symbol.others],
        }
    return document


def _partly(verdict: Verdict, positions: Iterable[int]) -> list[dict[str, Any]]:
    """Return which hunks of the changes at ``positions`` the base has, of those that it has in part."""
    found = ((position, parts(verdict.range.history, position)) for position in sorted(positions))
    return [
        {
            "commit": verdict.range.commits[position - 1].id,
            "files": [{"path": text(one.path), "there": one.there, "missing": one.missing} for one in files],
        }
        for position, files in found
        if files
    ]


def _head(verdict: Verdict) -> dict[str, Any]:
    """Return what the long and the short answer begin with."""
    commits = verdict.range.commits
    optional: dict[str, Any] = {
        "present": verdict.present,
        "without_patch": verdict.without_patch,
        "unmarked": [_unmarked(verdict, one) for one in verdict.unmarked],
        "follow_ups": [_later(verdict, one) for one in verdict.later],
        "follow_ups_elsewhere": [_elsewhere(verdict, one) for one in verdict.elsewhere],
        "adapted": [one.document() for _, one in sorted(verdict.adapted.items())],
        "left_out": [{"xsa": number, "why": why} for number, why in sorted(verdict.out.items())],
    }
    return {
        "format": FORMAT,
        "base": base_document(verdict.base),
        "tip": _commit(verdict.tip) | {"ref": verdict.tip.reference},
        "xsa": verdict.xsa,
        "state": verdict.state.value,
        "policy": "strict",
        "patches": [
            {
                "id": commits[position - 1].id,
                "xsa": next(iter(verdict.xsa_of.get(position, ())), None),
                "subject": commits[position - 1].subject,
            }
            for position in verdict.patches
        ],
        **{key: found for key, found in optional.items() if found},
    }


def _later(verdict: Verdict, one: Later) -> dict[str, Any]:
    commits = verdict.range.commits
    return {
        "commit": commits[one.position - 1].id,
        "subject": commits[one.position - 1].subject,
        "fixes": [commits[position - 1].id for position in one.of],
        "needed": one.needed,
        "role": "follow-up" if one.added else None,
    }


def _elsewhere(verdict: Verdict, one: Elsewhere) -> dict[str, Any]:
    fixed = [verdict.range.commits[position - 1].id for position in one.of]
    return {"commit": one.commit, "subject": one.subject, "branch": one.branch, "fixes": fixed}


def _unmarked(verdict: Verdict, one: Unmarked) -> dict[str, Any]:
    commits = verdict.range.commits
    return {
        "commit": commits[one.position - 1].id,
        "subject": commits[one.position - 1].subject,
        "xsa": one.number,
        "between": list(one.between),
        "role": "patch" if one.patch else None,
    }


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return the whole answer to one request.

    There is no queue when the state is ``conflicts``; the reasons are under that name then.
    """
    commits, selection = verdict.range.commits, verdict.selection
    document = _head(verdict) | {
        "unknown": verdict.unknown,
        "prerequisites": [
            {
                "commit": commits[position - 1].id,
                "subject": commits[position - 1].subject,
                "kind": selection.kind(position).value,
                "xsa": next(iter(verdict.range.marks(position)), None),
                "merge": merged._asdict() if (merged := verdict.range.merged(position)) is not None else None,
                "reasons": [_reason(verdict, reason) for reason in selection.reasons[position]],
            }
            for position in selection.prerequisites
        ],
        "queue": [
            {"id": commits[p - 1].id, "role": verdict.role(p), **({"adapted": True} if p in verdict.adapted else {})}
            for p in verdict.queue
        ],
    }
    if verdict.found:
        document["advisories"] = [_series(verdict, series) for series in verdict.found]
    if verdict.private:
        document["private"] = True
    if verdict.on_branch:
        document["on_branch"] = {commits[p - 1].id: commit.id for p, commit in sorted(verdict.on_branch.items())}
    if verdict.not_judged:
        document["not_judged"] = [
            {"file": one.file, "tree": one.tree, "xsa": one.xsa or None} for one in verdict.not_judged
        ]
    if selection.impossible:
        document["conflicts"] = [_reason(verdict, reason) for reason in selection.impossible]
        document["partly"] = _partly(verdict, {reason.needed_by for reason in selection.impossible})
    if verdict.partly:
        document["in_part"] = verdict.partly
    if verdict.rest is not None:
        document["fitting"] = verdict_document(verdict.rest)
    if verdict.build is not None:
        build = verdict.build
        document["build"] = {
            "command": build.command,
            "state": build.state.value,
            "tries": build.tries,
            "known": build.known,
            "minimal": build.minimal,
            "log": str(build.log) if build.log is not None else None,
        }
    if verdict.doubt is not None:
        doubt = verdict.doubt
        document["misplaced"] = {
            "id": commits[doubt.position - 1].id if doubt.position is not None else None,
            "message": doubt.message,
            "paths": [text(path) for path in doubt.paths],
        }
    return document


def _series(verdict: Verdict, series: FoundSeries) -> dict[str, Any]:
    """Return what the store has of one advisory, and where each of its patches is."""
    commits = verdict.range.commits
    return {
        "xsa": series.number,
        "edition": series.title,
        "signature": series.signature,
        "basis": series.basis,
        "label": series.label,
        "baseline": series.baseline or None,
        "declared": list(series.prereqs),
        "patches": [
            {
                "file": patch.name,
                "subject": patch.subject,
                "present": patch.present,
                "how": patch.how,
                "commit": commits[patch.position - 1].id if patch.position and patch.how != "placed" else None,
            }
            for patch in series.patches
        ],
        "lacking": [commits[position - 1].id for position in series.lacking],
        "remark": series.remark or None,
        "doubts": list(series.doubts),
    }


def verdict_line(verdict: Verdict) -> dict[str, Any]:
    """Return the short answer of ``--stdin``: the queue as ids alone, each prerequisite with commit and kind."""
    commits, selection = verdict.range.commits, verdict.selection
    return _head(verdict) | {
        "prerequisites": [
            {"commit": commits[position - 1].id, "kind": selection.kind(position).value}
            for position in selection.prerequisites
        ],
        "queue": [commits[position - 1].id for position in verdict.queue],
    }


def error_line(request: str, what: str) -> dict[str, Any]:
    """Return the answer to a request that can't be answered, so that answers stay in step with requests."""
    return {"format": FORMAT, "request": request, "error": what, "state": None, "prerequisites": [], "queue": []}
