"""Which commits of a line say that they fix an advisory, by the marks in their messages."""

from __future__ import annotations

from collections.abc import Collection

from git_xsa.git.run import Call, Git
from git_xsa.model.marks import marked_advisories

#: What has git write the messages of commits, whatever is configured; each ends with a zero byte.
MESSAGES = ("log", "-z", "--encoding=UTF-8", "--no-color", "--no-show-signature")


def naming(numbers: Collection[int]) -> tuple[str, ...]:
    """Return what has git log show only messages that name one of the advisories ``numbers``."""
    names = "|".join(map(str, sorted(numbers)))
    return ("--extended-regexp", "--regexp-ignore-case", f"--grep=XSA[- ]?({names})")


class MarkLog:
    """A search of the first-parent line to ``commit``, without what is in ``without``, for fixes of ``numbers``; git
    runs beside us."""

    def __init__(self, git: Git, commit: str, numbers: Collection[int], without: Collection[str] = ()) -> None:
        self._numbers = set(numbers)
        self._log: Call | None = None
        if self._numbers:
            shown = (*MESSAGES, "--first-parent", "--format=%H%n%B", *naming(self._numbers))
            self._log = git.start(*shown, commit, *(f"^{one}" for one in without), "--")

    def commits(self) -> dict[int, list[str]]:
        """Return the commits that say they fix each of the numbers, the newest first; once."""
        found: dict[int, list[str]] = {}
        output = self._log.finish().out.decode("utf-8", "replace") if self._log is not None else ""
        for entry in output.split("\0"):
            name, _, message = entry.partition("\n")
            for number in self._numbers.intersection(marked_advisories(message)):
                found.setdefault(number, []).append(name)
        return found
