"""CVE records (https://github.com/CVEProject/cve-schema, format 5) whose ``affected`` programs can use.

An advisory gives two entries for one product: one by commits (``versionType`` git), each pair of introduction and fix,
and one by releases.  The latter says for each release what is known, and leaves the others to ``defaultStatus``:
unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from git_xsa.documents import write_json
from git_xsa.git.config import ADVISORY
from git_xsa.model.instant import rfc3339
from git_xsa.publish.ranges.values import AdvisoryRange, Release, ReleaseStanding, by_cve

VERSION = "5.1"
#: The Xen Project as the authority that assigns CVE numbers (CNA).
XEN = "23aa2041-22e1-471f-9209-9b7396fa234f"
_STATUS = {
    ReleaseStanding.AFFECTED: "affected",
    ReleaseStanding.FIXED: "unaffected",
    ReleaseStanding.UNAFFECTED: "unaffected",
}


class CnaPublisher(NamedTuple):
    """Who makes the records: the organisation's id, and the address of the repository that has the commits."""

    organisation: str
    repository: str


def cve_files(
    ranges: Sequence[AdvisoryRange], publisher: CnaPublisher, made: int
) -> tuple[dict[str, bytes], list[int]]:
    """Return the records of ``ranges`` by file name, and the advisories that have none, as they have no CVE number."""
    named = by_cve(ranges)
    files = {f"{cve}.json": write_json(_record(cve, several, publisher, made), 2) for cve, several in named.items()}
    return files, [one.number for one in ranges if not one.known.cves]


def _record(cve: str, several: Sequence[AdvisoryRange], publisher: CnaPublisher, made: int) -> dict[str, Any]:
    titles = "; ".join(one.known.title for one in several)
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": VERSION,
        "cveMetadata": {"cveId": cve, "assignerOrgId": publisher.organisation, "state": "PUBLISHED"},
        "containers": {
            "cna": {
                "providerMetadata": {"orgId": publisher.organisation, "dateUpdated": rfc3339(made)},
                "title": titles[:256],
                "descriptions": [{"lang": "en", "value": f"XSA-{one.number}: {one.known.title}"} for one in several],
                "affected": [entry for one in several for entry in _affected(one, publisher)],
                "references": [{"url": ADVISORY.format(one.number), "name": f"XSA-{one.number}"} for one in several],
            }
        },
    }


def _affected(one: AdvisoryRange, publisher: CnaPublisher) -> Iterator[dict[str, Any]]:
    product: dict[str, Any] = {"vendor": "Xen", "product": "Xen", "repo": publisher.repository}
    if one.files:
        product["programFiles"] = [path.decode("utf-8", "replace") for path in one.files]
    yield {**product, "defaultStatus": "unaffected", "versions": list(_commits(one))}
    releases = list(_releases(one))
    yield {**product, "defaultStatus": "unknown", **({"versions": releases} if releases else {})}


def _commits(one: AdvisoryRange) -> Iterator[dict[str, str]]:
    for cause, fix in one.pairs:
        yield {"version": cause or "0", "lessThan": fix, "status": "affected", "versionType": "git"}


def _releases(one: AdvisoryRange) -> Iterator[dict[str, str]]:
    """Yield the runs of releases of which the same is known."""
    last = one.releases[-1] if one.releases else None
    for status, several in groupby(one.releases, lambda release: _STATUS.get(release.standing)):
        if status is not None:
            run = list(several)
            yield {
                "version": run[0].spelled,
                "lessThanOrEqual": _end(one, run[-1], run[-1] is last),
                "status": status,
                "versionType": "semver" if all(len(release.version) == 3 for release in run) else "custom",
            }


def _end(one: AdvisoryRange, release: Release, last: bool) -> str:
    """Return up to where a run that ends with ``release`` goes: what is fixed on a branch stays so."""
    fixed = release.standing is ReleaseStanding.FIXED
    newer = any(
        other.version[:-1] == release.version[:-1] and other.version > release.version for other in one.releases
    )
    if fixed and last:
        return "*"
    return f"{release.spelled.rpartition('.')[0]}.*" if fixed and not newer else release.spelled
