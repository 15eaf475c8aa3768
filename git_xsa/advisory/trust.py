"""Who vouches for an advisory and its files: the signature of the text, and the checksums in the text.

The text is signed, and it lists the SHA-256 of each file; so what is signed by a key that the user trusts
(``xsa.trustedKeys``) and listed with the right sum is what its senders sent.  gpg judges the signature, with the
user's own keyring.  gpg's word that a signature is good means nothing by itself: anybody can make a key.

A key that has expired vouches for what it signed before, and so does one that was revoked because another took its
place, or because it is no longer used.  One that was revoked for any other reason, or without one, vouches for nothing:
whoever has it can write any date into a signature (RFC 9580, 5.2.3.31).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from git_xsa.advisory import remarks
from git_xsa.errors import XsaError
from git_xsa.git.programs import run_gpg
from git_xsa.wording import NOTHING, Remark

#: Classes of signatures that revoke a key, and one that belongs to another; the reasons after which what such a key has
#: signed stays good: another took its place, it is no longer used (RFC 9580, 5.2.1 and 5.2.3.31).
_REVOCATIONS = ("20", "28")
_HARMLESS = ("01", "03")


class Signature(str, Enum):
    """What is known of an advisory's signature."""

    TRUSTED = "trusted"  #: good, by a key of ``xsa.trustedKeys``
    UNTRUSTED = "untrusted"  #: good, by another key
    UNKNOWN = "unknown-key"  #: by a key that the keyring lacks
    EXPIRED = "expired-key"  #: good, but the key had expired by then
    REVOKED = "revoked-key"  #: good, but the key was revoked, in a way that has it vouch for this no more
    OVER = "expired-signature"  #: good, but only until a day that is past
    WRONG = "wrong"  #: the text is not what was signed
    NONE = "unsigned"
    UNCHECKED = "unchecked"  #: there is no gpg


class ChecksumState(str, Enum):
    """What an advisory's checksums say of a file."""

    LISTED = "listed"
    WRONG = "wrong"
    UNLISTED = "unlisted"


@dataclass(frozen=True)
class Vouching:
    """The signature's state, the fingerprint of the key (empty: none is known), and what became of that since (empty:
    nothing)."""

    signature: Signature
    key: str = ""
    since: Remark = NOTHING

    def remark(self) -> Remark:
        """Return what is to be said of a signature that counts, empty when there is nothing."""
        return remarks.signed_by_ended_key(self.key, self.since) if self.since else NOTHING

    def sentence(self) -> Remark:
        """Return why it does not count, empty when it does."""
        return {
            Signature.TRUSTED: NOTHING,
            Signature.UNTRUSTED: remarks.signed_by_untrusted_key(self.key, self.since),
            Signature.UNKNOWN: remarks.signed_by_unknown_key(self.key),
            Signature.EXPIRED: self.remark(),
            Signature.REVOKED: self.remark(),
            Signature.OVER: remarks.signature_has_expired(),
            Signature.WRONG: remarks.bad_signature(),
            Signature.NONE: remarks.unsigned(),
            Signature.UNCHECKED: remarks.unchecked_signature(),
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
    if len(signatures) > 1 or "BADSIG" in found:
        return Vouching(Signature.WRONG, found.get("BADSIG", [""])[0])
    valid = found.get("VALIDSIG", [])
    if valid and "EXPSIG" in found:
        return Vouching(Signature.OVER, valid[-1].upper())
    if valid and not {"GOODSIG", "EXPKEYSIG", "REVKEYSIG"}.isdisjoint(found):
        keys = (valid[-1].upper(), valid[0].upper())  # the primary key, and the one of its own that has signed
        good = not {*keys}.isdisjoint(trusted)
        vouching = Vouching(Signature.TRUSTED if good else Signature.UNTRUSTED, keys[0])
        return vouching if "GOODSIG" in found else _after(vouching, keys, int(valid[2]), "REVKEYSIG" in found)
    if "NO_PUBKEY" in found:
        error = found.get("ERRSIG", [])
        return Vouching(Signature.UNKNOWN, (error[6:7] or found["NO_PUBKEY"][:1] or [""])[0].upper().strip("-"))
    return Vouching(Signature.WRONG)


class _End(NamedTuple):
    """How a key ended, and when; whether it vouches for what was signed before."""

    kind: Signature
    time: int
    lasting: bool

    def words(self, made: int) -> Remark:
        """Return that, seen from a signature that was ``made`` at a time."""
        when = ("after" if made < self.time else "before") if self.lasting else ""
        return remarks.key_ended(self.kind is Signature.REVOKED, _day(self.time) if self.time else "", when)


def _after(vouching: Vouching, keys: tuple[str, str], made: int, revoked: bool) -> Vouching:
    """Return ``vouching`` for a signature that was ``made`` at a time, by ``keys`` of which one has ended."""
    listing = run_gpg(("--with-colons", "--fixed-list-mode", "--list-sigs", keys[0]), b"")
    ends = sorted(_ends(listing.out.decode("utf-8", "replace"), keys), key=lambda end: end.kind is Signature.EXPIRED)
    if revoked and not any(end.kind is Signature.REVOKED for end in ends):
        ends.insert(0, _End(Signature.REVOKED, 0, lasting=False))
    bad = [end for end in ends if made >= end.time or not end.lasting]
    if bad:
        return Vouching(bad[0].kind, vouching.key, bad[0].words(made))
    if not ends:  # gpg saw one, and does not show it
        return Vouching(Signature.EXPIRED, vouching.key, remarks.key_ended(revoked=False, day="", when=""))
    return Vouching(vouching.signature, vouching.key, remarks.key_ended_often([end.words(made) for end in ends]))


def _ends(listing: str, keys: tuple[str, str]) -> Iterator[_End]:
    """Yield how ``keys`` have ended by now, as gpg lists it (GnuPG, doc/DETAILS: "Format of the colon listings")."""
    record: list[str] = []
    concerned = False
    for line in listing.splitlines():
        words = line.split(":")
        if words[0] in ("pub", "sub"):
            record, concerned = words, False
        elif words[0] == "fpr" and record:
            concerned = words[9].upper() in keys
            if concerned and record[6].isdigit() and int(record[6]) <= time.time():
                yield _End(Signature.EXPIRED, int(record[6]), lasting=True)
        elif words[0] == "rev" and concerned and words[10][:2] in _REVOCATIONS:
            reason = words[10].partition(",")[2][:2]
            yield _End(Signature.REVOKED, int(words[5]) if words[5].isdigit() else 0, reason in _HARMLESS)


def _day(instant: int) -> str:
    return datetime.fromtimestamp(instant, timezone.utc).date().isoformat()


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


def check_file(path: str, content: bytes, sums: Mapping[str, str]) -> ChecksumState:
    """Return what the checksums ``sums`` say of a file."""
    name = find_listed(path, sums)
    if name is None:
        return ChecksumState.UNLISTED
    return ChecksumState.LISTED if sha256(content).hexdigest() == sums[name] else ChecksumState.WRONG
