"""What goes wrong with advisories, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from git_xsa.errors import XsaError


class StoreError(XsaError):
    """The store can't be used (exit status 128)."""


class Locked(StoreError):
    """Another command holds the lock."""
