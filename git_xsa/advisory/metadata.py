"""Read what is published for programs: the old recipes (``xsa307.meta``, until 2022) and the list ``xsa.json``.

A recipe says for each branch at which commit the patches were made (``StableRef``), which advisories must be applied
first (``Prereqs``) and which files are the patches, by name or pattern, in order.  The list has titles, CVE numbers
and times.  Any key may be missing in both, and what has another form than expected counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from git_xsa.advisory.problems import intake as problems
from git_xsa.advisory.version_rows import UNSTABLE, Version, version_of
from git_xsa.documents import DocumentError, read_json

#: The largest recipe so far has 0.01 MB, the list 0.2 MB.
LARGEST = 16 << 20
_NUMBER = re.compile(r"(?:XSA-?)?([0-9]{1,6})", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = re.compile(r"(?:stable-|staging-)?([0-9]{1,3}\.[0-9]{1,3})(?:\.x)?")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(?:\+00:?00)?")
#: How many items of a list are looked at.
_MOST = 20_000


@dataclass(frozen=True)
class Recipe:
    """How an advisory is put on one branch of one tree.

    ``stable_ref`` is the full name of the commit that the patches were made for, empty where it is not given.
    """

    stable_ref: str
    prereqs: tuple[int, ...]
    patches: tuple[str, ...]


@dataclass(frozen=True)
class Recipes:
    """The recipes of one advisory (``number`` 0: it is not given): branch -> tree -> recipe."""

    number: int
    recipes: Mapping[Version, Mapping[str, Recipe]]

    def recipe(self, version: Version, tree: str) -> Recipe | None:
        """Return the recipe for the branch ``version`` of ``tree``, ``None`` when there is none."""
        return self.recipes.get(version, {}).get(tree)


@dataclass(frozen=True)
class ListedAdvisory:
    """An advisory as ``xsa.json`` lists it; empty where a key is missing, ``public`` is ``None`` for no known time."""

    number: int
    title: str
    cves: tuple[str, ...]
    public: datetime | None


def read_recipes(content: bytes) -> Recipes:
    """Return the recipes in ``content``; ``MetadataError`` when that is no JSON object."""
    found = _mapping(_parsed(content), "recipes")
    outer = found.get("Recipes")
    recipes: dict[Version, dict[str, Recipe]] = {}
    for branch, entry in (outer if isinstance(outer, dict) else {}).items():
        version = _version(branch)
        inner = entry.get("Recipes") if isinstance(entry, dict) else None
        if version is not None and isinstance(inner, dict):
            recipes[version] = {tree: _recipe(value) for tree, value in inner.items() if isinstance(value, dict)}
    number = _number(found.get("XSA"))
    return Recipes(number or 0, recipes)


def read_list(content: bytes) -> list[ListedAdvisory]:
    """Return the advisories that ``xsa.json`` lists, in its order; ``MetadataError`` when it is no such list.

    Entries without a number are passed over, and so is the second entry for a number.
    """
    found = _parsed(content)
    outer = found if isinstance(found, list) else [found]
    entries = [entry for item in outer[:_MOST] if isinstance(item, dict) for entry in _items(item.get("xsas"))]
    if not entries and not any(isinstance(item, dict) and "xsas" in item for item in outer[:_MOST]):
        raise problems.list_without_advisories()
    listed: dict[int, ListedAdvisory] = {}
    for entry in entries:
        number = _number(entry.get("xsa")) if isinstance(entry, dict) else None
        if number and number not in listed:
            cves = tuple(dict.fromkeys(cve for cve in _items(entry.get("cve")) if isinstance(cve, str)))
            title = entry.get("title")
            time = entry.get("public_time")
            listed[number] = ListedAdvisory(number, title if isinstance(title, str) else "", cves, _time(time))
    return list(listed.values())


def _parsed(content: bytes) -> Any:
    if len(content) > LARGEST:
        raise problems.large_metadata(LARGEST >> 20)
    try:
        return read_json(content)
    except DocumentError as error:
        raise problems.bad_metadata(error) from None


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise problems.metadata_lacks(what)
    return value


def _items(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _recipe(value: dict[str, Any]) -> Recipe:
    reference = value.get("StableRef")
    numbers = (_number(item) for item in _items(value.get("Prereqs")))
    return Recipe(
        reference if isinstance(reference, str) and _COMMIT.fullmatch(reference) else "",
        tuple(dict.fromkeys(number for number in numbers if number)),
        tuple(item for item in _items(value.get("Patches")) if isinstance(item, str)),
    )


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 1_000_000 else None
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def _version(branch: str) -> Version | None:
    if branch in ("master", "unstable", "xen-unstable"):
        return UNSTABLE
    found = _BRANCH.fullmatch(branch)
    return version_of(found[1]) if found else None


def _time(value: Any) -> datetime | None:
    """Return the time, which is UTC wherever it has no zone; ``None`` when it is none."""
    words = value.strip().removesuffix("Z").removesuffix(" UTC") if isinstance(value, str) else ""
    found = _TIME.fullmatch(words)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(number or 0) for number in found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:  # the 31st of February
        return None
