"""The settings of the search for names: forms besides the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from git_xsa.git.config import setting
from git_xsa.names import problems
from git_xsa.names.forms import parse_row


def _forms(values: Sequence[str | None]) -> tuple[str, ...]:
    """Return all values, each a row of the table of forms; an empty one drops those before it."""
    found: list[str] = []
    for value in values:
        if not value:
            found.clear()
            continue
        try:
            parse_row(value)
        except ValueError:
            raise problems.not_a_form(value) from None
        found.append(value)
    return tuple(found)


@dataclass(frozen=True)
class NameSettings:
    """What the search for names goes by; see git-xsa-config(5)."""

    #: Rows for the table of forms (``git_xsa.names.forms``).
    forms: tuple[str, ...] = setting("symbolForm", _forms, ())
