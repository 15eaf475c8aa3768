"""Draw a banner as xen.git's README has one: with figlet, which its release managers are instructed to use."""

from __future__ import annotations

from git_xsa.errors import XsaError
from git_xsa.git.programs import run_tool


def draw(text: str) -> tuple[str, ...] | None:
    """Return the lines that figlet draws for ``text``, without blanks at their ends; ``None`` where it is missing."""
    try:
        done = run_tool(("figlet", "-f", "standard", "-w", "200", "--", text))
    except XsaError:
        return None
    lines = [line.rstrip() for line in done.out.decode("utf-8", "replace").splitlines()]
    return tuple(line for line in lines if line) if done.status == 0 else None
