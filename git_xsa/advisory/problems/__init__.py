"""What goes wrong with advisories and the store: the kinds of errors; their words stand in the modules of this package.

Each has a function for every error, which returns it, made of its values.
"""

from __future__ import annotations

from pathlib import Path

from git_xsa.errors import XsaError
from git_xsa.git.problems import DiffError


class StoreError(XsaError):
    """The store can't be used (exit status 128)."""


class Locked(StoreError):
    """Another command holds the lock."""


class FormError(DiffError):
    """A diff in a form that is not read here; ``what`` says which, ``hint`` how to get another."""


class WebError(XsaError):
    """A file could not be had: the text says which one, and why."""


class OutOfTime(WebError):
    """The time for the whole run is over; whatever is asked for after that fails in the same way."""


class NotFound(WebError):
    """The server has no such file (404 or 410)."""


class Passing(Exception):
    """Something that may be over the next time; ``wait`` is how many seconds the server asks for."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


class Unplaced(XsaError):
    """A patch has no certain place on the branch, with every commit of it (exit status 2)."""

    status = 2


class Misfit(Exception):
    """A change can't be made to the files at a place, for the reason in the text."""


class TextError(XsaError):
    """Text that is no advisory, or one whose signed part can't be separated from the rest."""


class ImportRefused(XsaError):
    """``xsa.requireSignature`` is set and nobody who is trusted vouches for what was given (exit status 128)."""


class PatchError(XsaError):
    """A file that is no patch, or one that must not be used."""

    status = 128


class DamagedPatch(PatchError):
    """A file that is a patch, but not a whole one; ``reason`` says what is wrong with it."""

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{path} is damaged: {reason}", hint or "fetch it again, and compare its checksum")
        self.reason = reason


class Shady(PatchError):
    """A path that must not be used: outside the tree, or git's own folder."""


class NoFolder(DiffError):
    """A name that has no folder to be taken off."""


class MetadataError(XsaError):
    """A file that is not the JSON that it should be."""


class IntakeError(XsaError):
    """A source that can't be taken in; nothing of it is."""


class ListError(XsaError):
    """The site's list can't be had, or is none (exit status 128)."""
