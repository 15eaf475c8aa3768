"""CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): one document with the products and all vulnerabilities."""

from __future__ import annotations

from typing import Any

from git_xsa.documents import write_json
from git_xsa.git.config import ADVISORY
from git_xsa.publish.vex.document import TOOL, TOOL_VERSION, Vex
from git_xsa.publish.vex.product import Product
from git_xsa.publish.vex.statements import VexStatus, Vulnerability

_STATES = {
    VexStatus.AFFECTED: "exploitable",
    VexStatus.FIXED: "resolved",
    VexStatus.NOT_AFFECTED: "not_affected",
    VexStatus.UNDER_INVESTIGATION: "in_triage",
}
_NVD = {"name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/"}


def cyclonedx(vex: Vex) -> bytes:
    """Return the document."""
    return write_json(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{vex.uuid}",
            "version": 1,
            "metadata": {
                "timestamp": vex.timestamp,
                "tools": {"components": [{"type": "application", "name": TOOL, "version": TOOL_VERSION}]},
                "authors": [{"name": vex.publisher.author}],
            },
            "components": [_component(product) for product in vex.products],
            "vulnerabilities": [_vulnerability(vex, finding) for finding in vex.findings],
        },
        indent=2,
    )


def _component(product: Product) -> dict[str, Any]:
    names = {"version": product.version, "cpe": product.cpe, "purl": product.purl}
    return {
        "type": "operating-system" if product.cpe.startswith("cpe:2.3:o:") else "application",
        "bom-ref": product.id,
        "name": product.name,
        **{key: value for key, value in names.items() if value},
    }


def _vulnerability(vex: Vex, finding: Vulnerability) -> dict[str, Any]:
    advisories = [(f"XSA-{number}", {"name": "Xen", "url": ADVISORY.format(number)}) for number in finding.advisories]
    own = {"name": "NVD", "url": f"{_NVD['url']}{finding.name}"} if finding.aliases else advisories[0][1]
    analysis: dict[str, Any] = {"state": _STATES[finding.status]}
    if finding.status is VexStatus.NOT_AFFECTED:
        analysis["justification"] = "code_not_present"
    if finding.status is VexStatus.AFFECTED:
        analysis["response"] = ["update"]
    analysis["detail"] = f"{finding.reason} {finding.action}".rstrip()
    return {
        "id": finding.name,
        "source": own,
        "references": [{"id": name, "source": source} for name, source in advisories if name != finding.name],
        **({"description": finding.title} if finding.title else {}),
        "analysis": analysis,
        "affects": [{"ref": product.id} for product in vex.products],
    }
