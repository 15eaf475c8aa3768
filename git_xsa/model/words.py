"""Words for messages: numbers with their nouns, lists of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: How many hexadecimal digits of a commit are shown: what ``git log --oneline`` shows in xen.git, and one more.
DIGITS = 12
_PLURALS = {"branch": "branches", "patch": "patches", "advisory": "advisories", "fix": "fixes"}


def short_id(name: str) -> str:
    """Return a commit's name, shortened; that of a patch file, which has a dot in it, in full."""
    return name if "." in name else name[:DIGITS]


def count(number: int, noun: str) -> str:
    """Return ``number`` and ``noun``, in the plural where it belongs."""
    if number == 1:
        return f"1 {noun}"
    *before, last = noun.split(" ")
    return " ".join([str(number), *before, _PLURALS.get(last, f"{last}s")])


def advisory_names(numbers: Iterable[int]) -> str:
    """Return the names of some advisories, ``XSA-491, XSA-492``."""
    return ", ".join(f"XSA-{number}" for number in numbers)


def short_names(numbers: Iterable[int]) -> str:
    """Return the names of some advisories in less room, ``XSA-491, 492``."""
    return "XSA-" + ", ".join(map(str, numbers))


def some_of(names: Sequence[str], most: int) -> str:
    """Return at most ``most`` of ``names``, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def hunk_names(numbers: Sequence[int]) -> str:
    """Return ``hunk 2``, or ``hunks 2, 3``."""
    return f"hunk{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
