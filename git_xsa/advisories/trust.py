"""Who vouches for an advisory and its files: the signature of the text, and the checksums in the text.

The text is signed, and it lists the SHA-256 of each file; so what is signed by a key that the user trusts
(``xsa.trustedKeys``) and listed with the right sum is what its senders sent.  gpg judges the signature, with the
user's own keyring.  gpg's word that a signature is good means nothing by itself: anybody can make a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from git_xsa.errors import XsaError
from git_xsa.git.programs import run_gpg


class Signature(str, Enum):
    """What is known of an advisory's signature."""

    TRUSTED = "trusted"  #: good, by a key of ``xsa.trustedKeys``
    UNTRUSTED = "untrusted"  #: good, by another key
    UNKNOWN = "unknown-key"  #: by a key that the keyring lacks
    WRONG = "wrong"  #: the text is not what was signed, or the key was withdrawn
    NONE = "unsigned"
    UNCHECKED = "unchecked"  #: there is no gpg


class FileState(str, Enum):
    """What an advisory's checksums say of a file."""

    LISTED = "listed"
    WRONG = "wrong"
    UNLISTED = "unlisted"


@dataclass(frozen=True)
class Vouching:
    """The signature's state and the fingerprint of the key (empty: none is known)."""

    signature: Signature
    key: str = ""

    def sentence(self) -> str:
        """Return what is to be said of it, empty when all is well."""
        return {
            Signature.TRUSTED: "",
            Signature.UNTRUSTED: f"is signed by the key {self.key}, which xsa.trustedKeys does not name",
            Signature.UNKNOWN: f"is signed by the key {self.key or 'of somebody'}, which your keyring does not have",
            Signature.WRONG: "HAS A WRONG SIGNATURE: it is not what was signed",
            Signature.NONE: "is not signed",
            Signature.UNCHECKED: "is signed, but there is no gpg to check that",
        }[self.signature]


def check_signature(signed: bytes, trusted: tuple[str, ...]) -> Vouching:
    """Return who signed ``signed``, a clear-signed text (empty: none), seen from the keys ``trusted``."""
    if not signed:
        return Vouching(Signature.NONE)
    try:
        answer = run_gpg(("--trust-model", "always", "--status-fd", "1", "--verify"), signed)
    except XsaError:
        return Vouching(Signature.UNCHECKED)
    return _judged(answer.out.decode("utf-8", "replace"), trusted)


def _judged(status: str, trusted: tuple[str, ...]) -> Vouching:
    """Return what gpg's status lines (GnuPG, doc/DETAILS) come to."""
    words = [line.split()[1:] for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    found = {line[0]: line[1:] for line in words if line}
    signatures = [line for line in words if line and line[0] == "NEWSIG"]
    if len(signatures) > 1 or "BADSIG" in found or "REVKEYSIG" in found or "EXPSIG" in found:
        return Vouching(Signature.WRONG, found.get("BADSIG", [""])[0])
    valid = found.get("VALIDSIG", [])
    if valid and ("GOODSIG" in found or "EXPKEYSIG" in found):
        keys = {valid[0].upper(), valid[-1].upper()}  # the signing key, and the primary key that it belongs to
        good = bool(keys.intersection(trusted))
        return Vouching(Signature.TRUSTED if good else Signature.UNTRUSTED, valid[-1].upper())
    if "NO_PUBKEY" in found:
        error = found.get("ERRSIG", [])
        return Vouching(Signature.UNKNOWN, (error[6:7] or found["NO_PUBKEY"][:1] or [""])[0].upper().strip("-"))
    return Vouching(Signature.WRONG)


def find_listed(path: str, sums: Mapping[str, str]) -> str | None:
    """Return the name under which an advisory lists the file ``path``: the same, or the only one with its last part.

    A mail program may have saved ``xsa492/xsa492-00.patch`` as ``xsa492-00.patch``.
    """
    if path in sums:
        return path
    parts = path.split("/")
    for start in range(1, len(parts)):
        if "/".join(parts[start:]) in sums:
            return "/".join(parts[start:])
    same = [name for name in sums if name.rpartition("/")[2] == parts[-1]]
    return same[0] if len(same) == 1 else None


def check_file(path: str, content: bytes, sums: Mapping[str, str]) -> FileState:
    """Return what the checksums ``sums`` say of a file."""
    name = find_listed(path, sums)
    if name is None:
        return FileState.UNLISTED
    return FileState.LISTED if sha256(content).hexdigest() == sums[name] else FileState.WRONG
