"""CSAF 2.0, profile 5 (VEX): https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html.  One vulnerability a file.

The name of a file is the id of its document in small letters, with "_" for what is no letter, digit, "+" or "-"
(section 5.1).
"""

from __future__ import annotations

import re
from typing import Any

from git_xsa.documents import write_json
from git_xsa.git.config import ADVISORY
from git_xsa.publish.vex.document import TOOL, TOOL_VERSION, Vex
from git_xsa.publish.vex.product import Product
from git_xsa.publish.vex.statements import VexStatus, Vulnerability

_STATUS = {
    VexStatus.AFFECTED: "known_affected",
    VexStatus.FIXED: "fixed",
    VexStatus.NOT_AFFECTED: "known_not_affected",
    VexStatus.UNDER_INVESTIGATION: "under_investigation",
}
_OTHER = re.compile(r"[^+\-a-z0-9]+")


def csaf_files(vex: Vex) -> dict[str, bytes]:
    """Return the documents, by file name."""
    return {f"{_OTHER.sub('_', one.name.lower())}.json": write_json(_document(vex, one), 2) for one in vex.findings}


def _document(vex: Vex, finding: Vulnerability) -> dict[str, Any]:
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "distribution": {"tlp": {"label": "RED" if vex.private else "WHITE"}},
            "lang": "en",
            "publisher": {
                "category": "vendor",
                "name": vex.publisher.author,
                "namespace": vex.publisher.namespace,
            },
            "references": [
                {"category": "external", "summary": f"XSA-{number}", "url": ADVISORY.format(number)}
                for number in finding.advisories
            ],
            "title": f"{finding.name}: {finding.title}" if finding.title else finding.name,
            "tracking": _tracking(vex, finding),
        },
        "product_tree": {"branches": [_branch(vex, place) for place in range(len(vex.products))]},
        "vulnerabilities": [_vulnerability(vex, finding)],
    }


def _tracking(vex: Vex, finding: Vulnerability) -> dict[str, Any]:
    return {
        "current_release_date": vex.timestamp,
        "generator": {"date": vex.timestamp, "engine": {"name": TOOL, "version": TOOL_VERSION}},
        "id": finding.name,
        "initial_release_date": vex.timestamp,
        "revision_history": [{"date": vex.timestamp, "number": "1", "summary": "Initial version"}],
        "status": "final",
        "version": "1",
    }


def _branch(vex: Vex, place: int) -> dict[str, Any]:
    """Return the branch of a product: vendor, name, version."""
    product = vex.products[place]
    version = product.version or "unknown"
    helper = {"cpe": product.cpe, "purl": product.purl}
    leaf = {
        "name": f"{product.name} {version}",
        "product_id": _id(product, place),
        "product_identification_helper": {kind: name for kind, name in helper.items() if name},
    }
    version_branch = {"category": "product_version", "name": version, "product": leaf}
    name_branch = {"category": "product_name", "name": product.name, "branches": [version_branch]}
    return {"category": "vendor", "name": vex.publisher.author, "branches": [name_branch]}


def _id(product: Product, place: int) -> str:
    return f"{product.name}-{product.version or 'unknown'}-{place + 1}"


def _vulnerability(vex: Vex, finding: Vulnerability) -> dict[str, Any]:
    products = [_id(product, place) for place, product in enumerate(vex.products)]
    made: dict[str, Any] = {}
    if finding.name.startswith("CVE-"):
        made["cve"] = finding.name
    made["ids"] = [{"system_name": "Xen Security Advisory", "text": f"XSA-{number}"} for number in finding.advisories]
    made["notes"] = [{"category": "details", "text": finding.reason, "title": "How it is known"}]
    made["product_status"] = {_STATUS[finding.status]: products}
    if finding.title:
        made["title"] = finding.title
    if finding.status is VexStatus.NOT_AFFECTED:
        made["flags"] = [{"label": "vulnerable_code_not_present", "product_ids": products}]
        made["threats"] = [{"category": "impact", "details": finding.reason, "product_ids": products}]
    if finding.action:
        made["remediations"] = [{"category": "vendor_fix", "details": finding.action, "product_ids": products}]
    return made
