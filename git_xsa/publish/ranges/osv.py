"""Records of the Open Source Vulnerability format (https://ossf.github.io/osv-schema/), one a vulnerability.

A GIT range says: what has one of the commits ``introduced`` in its history is affected, unless it has one of the
commits ``fixed``.  The last fix of each branch is listed, since a stable branch has a pick of its own.  A range needs
an introduction; where none is known it is "0", which claims every version before the fix, as the format means it: a
release that is wrongly called affected gets examined, one that is wrongly called safe does not.  ``database_specific``
says so.

An id needs a registered prefix, which XSA is not: records are called by CVE number, or ``x_XSA-<n>`` without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from git_xsa.documents import write_json
from git_xsa.git.config import ADVISORY
from git_xsa.model.instant import rfc3339
from git_xsa.publish.ranges.values import AdvisoryRange, by_cve

VERSION = "1.7.5"


def osv_files(ranges: Sequence[AdvisoryRange], repository: str, made: int) -> dict[str, bytes]:
    """Return the records of ``ranges``, by file name.

    ``repository`` is the address of the commits, ``made`` the instant at which the records were last changed.
    """
    named = {**by_cve(ranges), **{f"x_XSA-{one.number}": [one] for one in ranges if not one.known.cves}}
    return {f"{name}.json": write_json(_record(name, several, repository, made), 2) for name, several in named.items()}


def _record(name: str, several: Sequence[AdvisoryRange], repository: str, made: int) -> dict[str, Any]:
    """Return the record ``name`` of what the advisories ``several`` are about, mostly one."""
    advisories = [f"XSA-{one.number}" for one in several]
    related = sorted({cve for one in several for cve in one.known.cves} - {name})
    alone = len(several) == 1 and not related
    return {
        "schema_version": VERSION,
        "id": name,
        "modified": rfc3339(made),
        **({"aliases": advisories} if alone else {"upstream": advisories}),
        **({"related": related} if related else {}),
        "summary": "; ".join(f"XSA-{one.number}: {one.known.title}" for one in several),
        "details": "\n\n".join(f"XSA-{one.number}: {_details(one)}" for one in several),
        "references": [{"type": "ADVISORY", "url": ADVISORY.format(one.number)} for one in several],
        "affected": [_affected(one, repository) for one in several],
    }


def _affected(one: AdvisoryRange, repository: str) -> dict[str, Any]:
    causes = one.introduction.commits
    events = [
        *({"introduced": commit} for commit in causes or ("0",)),
        *({"fixed": commit} for commit in one.last_fixes),
    ]
    return {
        "ranges": [{"type": "GIT", "repo": repository, "events": events}],
        "versions": [release.tag for release in one.releases if release.in_range],
        "database_specific": {
            "xsa": one.number,
            "introduction": "known" if causes else "unknown",
            **({} if causes else {"unknown_because": one.introduction.unknown}),
            "fixes": {line.branch: list(line.commits) for line in one.fixes},
        },
    }


def _details(one: AdvisoryRange) -> str:
    if one.introduction.commits:
        return "Introduced by the commits that the fixes name (Fixes:), and by their picks on stable branches."
    return (
        f"Which commit introduced it is not known: {one.introduction.unknown}. The range begins with the first commit, "
        "so releases that never had the fault may be in it."
    )
