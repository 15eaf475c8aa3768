"""Count how often advisories were reissued: before and after they became public, why, and how many patches changed.

An advisory's text has its version and says in sections of their own (``UPDATES IN VERSION 3``) what changed; texts keep
only some of these sections.  So versions that nobody has the text of count, too, as far as a later text shows that
they were.

Approximations, each with a test:

1. A version that says "public release" is the one with which the advisory became public.  Where none does, it was
   before a version that is known to be public and after one that is known to be embargoed; what lies between is
   unknown.
2. Words in its section say why a version was made.  A section can name several reasons.
3. Patches are compared by the checksums in two texts of successive versions; a patch under a new name counts as one
   added and one dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from git_xsa.advisory import remarks
from git_xsa.advisory.contents import read_source
from git_xsa.advisory.editions import Difference, Library, difference
from git_xsa.advisory.file_names import is_patch_name
from git_xsa.advisory.problems import TextError
from git_xsa.advisory.text import Advisory, is_advisory, read_advisory
from git_xsa.advisory.trust import check_signature
from git_xsa.wording import Remark

#: How many signatures are checked at the same time.
AT_ONCE = 4
RELEASE = "public-release"
#: Reasons in the order in which they are listed, each with a pattern for its words.
REASONS: Mapping[str, re.Pattern[str]] = {
    RELEASE: re.compile(r"public release"),
    "patches": re.compile(r"\bpatch|\bbackports?\b|\bhunk|\bfix(?:es|ed)?\b|\bappl(?:y|ies)\b|\bbuild"),
    "versions": re.compile(r"\bvulnerable\b|\baffected\b|\bversions?\b|\bsupported\b|\bbranch"),
    "cve": re.compile(r"\bcves?\b"),
    "metadata": re.compile(r"\bmeta(?:data)?\b|stableref"),
    "credits": re.compile(r"\bcredit|\breporter|\bdiscover"),
    "mitigation": re.compile(r"\bmitigat|\bwork-?around"),
    "deployment": re.compile(r"\bembargo|\bdeploy"),
    "wording": re.compile(r"\btypo|\bspell|\bwording|\bclarif|\btitle|\bdescri|\bgramma|\btext\b"),
}
OTHER, UNTOLD = "other", "not-told"


class DisclosureStage(str, Enum):
    """When a version was issued, seen from the advisory's publication."""

    BEFORE = "before"
    RELEASE = "publication"  #: with it the advisory became public
    AFTER = "after"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Told:
    """What the text of one version says; ``public``: ``True`` or ``False`` where that is known, else ``None``.

    ``updates`` maps versions to what they changed, in words, ``sums`` the patches to their checksums.
    """

    number: int
    version: int
    public: bool | None
    updates: Mapping[int, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reissue:
    """One version after the first.  ``patches``: what changed since the one before, ``None`` if that is not known."""

    number: int
    version: int
    stage: DisclosureStage
    reasons: tuple[str, ...]
    words: str
    patches: Difference | None


@dataclass(frozen=True)
class Count:
    """What a number of texts come to: the advisories, the texts, and every reissue by advisory and version."""

    advisories: int
    texts: int
    reissues: tuple[Reissue, ...]

    @property
    def reissued(self) -> int:
        """How many advisories were reissued at all."""
        return len({one.number for one in self.reissues})

    @property
    def most(self) -> tuple[int, int]:
        """The advisory that was reissued most often, and how often; zeros for none."""
        found = Counter(one.number for one in self.reissues).most_common(1)
        return found[0] if found else (0, 0)

    def stages(self) -> dict[str, int]:
        """Return how many reissues there were in each stage."""
        return {stage.value: sum(one.stage is stage for one in self.reissues) for stage in DisclosureStage}

    def reasons(self, stage: DisclosureStage | None = None) -> dict[str, int]:
        """Return how many reissues (of one stage) were made for each reason."""
        found = Counter(reason for one in self.reissues if stage in (None, one.stage) for reason in one.reasons)
        return {reason: found[reason] for reason in (*REASONS, OTHER, UNTOLD)}

    def patches(self, stage: DisclosureStage | None = None) -> dict[str, int]:
        """Return how many reissues (of one stage) could be compared, with how many patches changed, and which way."""
        known = [one.patches for one in self.reissues if one.patches is not None and stage in (None, one.stage)]
        return {
            "compared": len(known),
            "with_changes": sum(map(bool, known)),
            "added": sum(len(one.added) for one in known),
            "dropped": sum(len(one.dropped) for one in known),
            "changed": sum(len(one.changed) for one in known),
        }


def told(advisory: Advisory, public: bool = False) -> Told:
    """Return what a text says; ``public``: it is known from elsewhere to be public."""
    known: bool | None = True if public or advisory.public else None
    if known is None and advisory.deployment.text:
        known = False
    sums = {name: value for name, value in advisory.sums.items() if is_patch_name(name)}
    return Told(advisory.number, advisory.version, known, advisory.updates, sums)


class IssuedText(NamedTuple):
    """The text of one version: what it is called in messages, its signed part, and what it says."""

    title: str
    signed: bytes
    told: Told


def texts_in(library: Library) -> list[IssuedText]:
    """Return the texts in the store."""
    editions = [edition for number in library.numbers() for edition in library.editions(number)]
    return [
        IssuedText(edition.title, edition.advisory.signed, told(edition.advisory, edition.public))
        for edition in editions
        if edition.advisory is not None
    ]


def texts_of(paths: Iterable[Path]) -> tuple[list[IssuedText], list[Remark]]:
    """Return the texts in folders, tarballs, mails and files, and what could not be read, a sentence each."""
    found: list[IssuedText] = []
    problems: list[Remark] = []
    for path in paths:
        for item in read_source(path):
            if is_patch_name(item.name) or not is_advisory(item.content):
                continue
            try:
                advisory = read_advisory(item.content)
            except TextError as error:
                problems.append(remarks.left_out(item.name, error.what))
                continue
            found.append(IssuedText(f"XSA-{advisory.number} v{advisory.version}", advisory.signed, told(advisory)))
    return sorted(found, key=lambda text: (text.told.number, text.told.version)), problems


def unvouched(texts: Sequence[IssuedText], trusted: tuple[str, ...]) -> list[str]:
    """Return the titles of the texts that nobody whom ``trusted`` names vouches for."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        vouchings = list(pool.map(lambda text: check_signature(text.signed, trusted), texts))
    return [text.title for text, vouching in zip(texts, vouchings, strict=True) if vouching.sentence()]


def count_reissues(texts: Iterable[Told]) -> Count:
    """Return what ``texts`` come to; of several with one version the first one counts."""
    versions: dict[tuple[int, int], Told] = {}
    for text in texts:
        versions.setdefault((text.number, text.version), text)
    ordered = [versions[key] for key in sorted(versions)]
    groups = [list(group) for _, group in groupby(ordered, key=lambda text: text.number)]
    return Count(len(groups), len(ordered), tuple(one for group in groups for one in _of_one(group)))


def _of_one(texts: Sequence[Told]) -> Iterable[Reissue]:
    """Yield the reissues of one advisory, whose ``texts`` are in order."""
    words: dict[int, str] = {}
    for text in texts:
        words.update(text.updates)
    known = {text.version: text for text in texts}
    for version in range(2, max([*known, *words]) + 1):
        now, before = known.get(version), known.get(version - 1)
        patches = difference(before.sums, now.sums) if now is not None and before is not None else None
        said = words.get(version, "")
        yield Reissue(texts[0].number, version, _stage(version, texts, words), reasons_of(said), said, patches)


def _stage(version: int, texts: Sequence[Told], words: Mapping[int, str]) -> DisclosureStage:
    releases = [number for number, said in words.items() if REASONS[RELEASE].search(_plain(said))]
    if releases:
        first = min(releases)
        return (
            DisclosureStage.BEFORE
            if version < first
            else DisclosureStage.RELEASE
            if version == first
            else DisclosureStage.AFTER
        )
    if any(text.public is False and version <= text.version for text in texts):
        return DisclosureStage.BEFORE
    if any(text.public and version > text.version for text in texts):
        return DisclosureStage.AFTER
    return DisclosureStage.UNKNOWN


def reasons_of(words: str) -> tuple[str, ...]:
    """Return the reasons that ``words`` name, as keys of ``REASONS``, or that they name another or none."""
    plain = _plain(words)
    if not plain:
        return (UNTOLD,)
    return tuple(reason for reason, pattern in REASONS.items() if pattern.search(plain)) or (OTHER,)


def _plain(words: str) -> str:
    return " ".join(words.lower().split())
