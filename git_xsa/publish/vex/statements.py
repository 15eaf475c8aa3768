"""What is said of a product as to each advisory, and by which evidence.

What is not known is ``under investigation``, never ``not affected``.  Three things alone make a product not affected,
all of which mean that it lacks the code: the source tree lacks each file that the fix changes, none of them was
compiled, or the tree lacks the commits that brought the fault.  What a fix does to documentation, the support statement
or the configuration is no code: a product is never unaffected because of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from git_xsa.ask.in_tree import InTree
from git_xsa.publish.known import AdvisoryNames


class VexStatus(str, Enum):
    """What a product is as to a vulnerability, the worst first."""

    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"


class Cause(Enum):
    """Whether a tree has the commits that brought a fault."""

    THERE = "there"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Code(Enum):
    """Whether files with code that the fix of an advisory changes were compiled."""

    COMPILED = "compiled"
    #: It changes files with code, and none of them was.
    NOT_COMPILED = "not-compiled"
    #: Nothing says so for certain.
    UNKNOWN = "unknown"
    #: It changes documentation and configuration alone.
    NONE = "none"


class ProductEvidence(NamedTuple):
    """What was seen of an advisory.

    ``standing`` is ``None`` if no commit of the branch fixes it.  ``declared``: the queue that is shipped says that it
    fixes it; if the branch has a fix, what the tree has of that counts instead.  ``uncertain``: equal lines can be read
    so that the contrary holds.  ``ended``: the branch ended before the first fix.  ``where`` names the tree, ``branch``
    its branch, ``files`` are those of the fix.
    """

    standing: InTree | None
    where: str
    branch: str
    declared: bool = False
    uncertain: bool = False
    code: Code = Code.UNKNOWN
    cause: Cause = Cause.UNKNOWN
    ended: bool = False
    causes: Sequence[str] = ()
    files: Sequence[bytes] = ()


class Statement(NamedTuple):
    """What is said of the advisory ``number``: the status, why, and what to do about it if the product is affected."""

    number: int
    known: AdvisoryNames
    status: VexStatus
    reason: str
    action: str = ""


def judge(seen: ProductEvidence) -> tuple[VexStatus, str]:
    """Return what ``seen`` makes of a product, and why, in a sentence."""
    if seen.standing is InTree.FIXED and seen.uncertain:
        return VexStatus.UNDER_INVESTIGATION, (
            f"{seen.where} seems to have the fix, but equal lines can be read so that it lacks it."
        )
    if seen.standing is InTree.FIXED:
        return VexStatus.FIXED, f"{seen.where} has the fix."
    if seen.standing is None and seen.declared:
        return VexStatus.FIXED, "The queue of patches that is shipped fixes it."
    absent = "" if seen.code is Code.NONE else _absent(seen)
    return (VexStatus.NOT_AFFECTED, absent) if absent else _open(seen)


def _absent(seen: ProductEvidence) -> str:
    """Return by what it is known that the product lacks the code, empty if nothing says so."""
    if seen.code is Code.NOT_COMPILED:
        return f"None of the files that its fix changes was compiled: {_paths(seen)}."
    if seen.standing is InTree.NEVER_AFFECTED:
        return f"{seen.where} has none of the files that its fix changes: {_paths(seen)}."
    if seen.cause is Cause.ABSENT:
        return f"{seen.where} lacks what introduced it (commit {', '.join(seen.causes)})."
    return ""


def _open(seen: ProductEvidence) -> tuple[VexStatus, str]:
    """Return what is said where nothing shows that the product is fixed or lacks the code."""
    if seen.standing is InTree.NEVER_AFFECTED:
        return VexStatus.UNDER_INVESTIGATION, (
            f"{seen.where} lacks the files that its fix changes, but they have documentation or configuration alone."
        )
    if seen.standing is InTree.PARTLY:
        return VexStatus.AFFECTED, f"{seen.where} has a part of the fix only."
    if seen.standing is InTree.LACKING:
        return VexStatus.AFFECTED, f"{seen.where} lacks the fix."
    if seen.cause is Cause.THERE and seen.ended:
        return VexStatus.AFFECTED, f"{seen.where} has what introduced it, and no commit of {seen.branch} fixes it."
    return (
        VexStatus.UNDER_INVESTIGATION,
        f"No commit of {seen.branch} fixes it, and nothing shows whether it is concerned.",
    )


#: So many files are named.
_NAMED = 4


def _paths(seen: ProductEvidence) -> str:
    shown = [path.decode("utf-8", "replace") for path in seen.files[:_NAMED]]
    more = len(seen.files) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


class Vulnerability(NamedTuple):
    """What is said of one vulnerability: of a CVE number, or of an advisory without one (``XSA-<n>``).

    ``advisories`` are those with that number, mostly one; the worst of what is said of them counts.
    """

    name: str
    advisories: tuple[int, ...]
    title: str
    status: VexStatus
    reason: str
    action: str

    @property
    def aliases(self) -> list[str]:
        """The names of the advisories, where it is called by its CVE number."""
        return [name for number in self.advisories if (name := f"XSA-{number}") != self.name]


def findings(statements: Iterable[Statement]) -> list[Vulnerability]:
    """Return what ``statements`` say of each vulnerability, in the order of the advisories."""
    named: dict[str, list[Statement]] = {}
    for statement in statements:
        for name in statement.known.cves or (f"XSA-{statement.number}",):
            named.setdefault(name, []).append(statement)
    return [_finding(name, several) for name, several in named.items()]


def _finding(name: str, several: Sequence[Statement]) -> Vulnerability:
    order = list(VexStatus)
    worst = min(several, key=lambda one: order.index(one.status))
    numbers = tuple(one.number for one in several)
    return Vulnerability(name, numbers, worst.known.title, worst.status, worst.reason, worst.action)
