"""OpenVEX 0.2.0 (https://github.com/openvex/spec): one document with a statement for each vulnerability."""

from __future__ import annotations

from typing import Any

from git_xsa.documents import write_json
from git_xsa.publish.vex.document import TOOL, TOOL_VERSION, Vex
from git_xsa.publish.vex.product import Product
from git_xsa.publish.vex.statements import VexStatus, Vulnerability

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def openvex(vex: Vex) -> bytes:
    """Return the document."""
    return write_json(
        {
            "@context": CONTEXT,
            "@id": vex.address,
            "author": vex.publisher.author,
            "timestamp": vex.timestamp,
            "version": 1,
            "tooling": f"{TOOL} {TOOL_VERSION}",
            "statements": [_statement(vex, finding) for finding in vex.findings],
        },
        indent=2,
    )


def _statement(vex: Vex, finding: Vulnerability) -> dict[str, Any]:
    made: dict[str, Any] = {
        "vulnerability": {"name": finding.name, "description": finding.title, "aliases": finding.aliases},
        "products": [_product(product) for product in vex.products],
        "status": finding.status.value,
    }
    if finding.status is VexStatus.NOT_AFFECTED:
        made |= {"justification": "vulnerable_code_not_present", "impact_statement": finding.reason}
    else:
        made["status_notes"] = finding.reason
    if finding.action:
        made["action_statement"] = finding.action
    return made


def _product(product: Product) -> dict[str, Any]:
    names = {"purl": product.purl, "cpe23": product.cpe}
    return {"@id": product.id, "identifiers": {kind: name for kind, name in names.items() if name}}
