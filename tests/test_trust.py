"""Signatures by keys that have ended since, or before: made and judged by real gpg."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from advisory_texts import Signer, advisory, give_key, remove_keyring
from repositories import Place, git, run, story

from git_xsa.advisory.text import read_advisory
from git_xsa.advisory.trust import Signature, check_signature

PATCH = b"Subject: x\n\nThis is XSA-9.\n\n--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n-line 1\n+ONE\n line 2\n"


class Past(Signer):
    """A key that is made, signs and ends at days of the past."""

    def __init__(self, home: Path) -> None:
        self._today = "20200101T000000"
        super().__init__(home)

    def on(self, day: str) -> Past:
        """Have what comes next happen on a day."""
        self._today = f"{day.replace('-', '')}T120000"
        return self

    def _gpg(self, *words: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
        command += ["--faked-system-time", self._today, *([] if "--gen-revoke" in words else ["--batch"]), *words]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def expire(self, day: str) -> None:
        self._gpg("--quick-set-expire", self.key, day)

    def revoke(self, reason: int) -> None:
        """Revoke the key: for no reason (0), because it is known to others (1), superseded (2) or out of use (3)."""
        told = self._gpg(
            "--no-tty", "--command-fd", "0", "--gen-revoke", self.key, given=f"y\n{reason}\n\ny\n".encode()
        )
        self._gpg("--import", given=told)


@pytest.fixture
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    home = tmp_path_factory.mktemp("gpg", numbered=True)
    yield Past(home)
    remove_keyring(home)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "repository")


TEXT = advisory(9, 1, [("xsa9.patch", "Xen 1.0.x")], {"xsa9.patch": PATCH})
BEFORE, AFTER = "after the signature was made", "before the signature was made"


def end(case: str, signer: Past) -> None:
    if case == "expires":
        signer.expire("2021-06-01")
    elif case != "stays":
        signer.on("2021-06-01").revoke(["no reason", "compromised", "superseded", "retired"].index(case))


@pytest.mark.parametrize(
    ("case", "made", "state", "since"),
    [
        ("stays", "2021-01-01", "trusted", ""),
        ("expires", "2021-01-01", "trusted", f"expired on 2021-06-01, {BEFORE}"),
        ("expires", "2022-01-01", "expired-key", f"expired on 2021-06-01, {AFTER}"),
        ("superseded", "2021-01-01", "trusted", f"was revoked on 2021-06-01, {BEFORE}"),
        ("retired", "2021-01-01", "trusted", f"was revoked on 2021-06-01, {BEFORE}"),
        ("superseded", "2022-01-01", "revoked-key", f"was revoked on 2021-06-01, {AFTER}"),
        ("no reason", "2021-01-01", "revoked-key", "was revoked on 2021-06-01"),
        ("compromised", "2021-01-01", "revoked-key", "was revoked on 2021-06-01"),
    ],
)
def test_a_key_that_has_ended(  # noqa: PLR0913, PLR0917 - the cases
    case: str, made: str, state: str, since: str, signer: Past, place: Place, tmp_path: Path, sealed: Path
) -> None:
    signed = signer.on(made).sign(TEXT)
    end(case, signer.on("2020-02-01"))
    give_key(sealed / ".gnupg", signer.public_key())
    git(tmp_path, "config", "--global", "xsa.trustedKeys", signer.key)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "advisory-9.txt").write_bytes(signed)
    (tmp_path / "in" / "xsa9.patch").write_bytes(PATCH)
    words = f"is signed by the key {signer.key}, which {since}" if since else f"is signed by {signer.key}"

    assert words in run(tmp_path, "import", "in").out
    [found] = json.loads(place.run("check", "--xsa", "9", "--json").out)["results"][0]["advisories"]
    assert (found["signature"], found["doubts"]) == (state, [f"XSA-9 v1 {words}"] if since else [])
    assert not since or f"XSA-9 v1 {words}" in place.run("check", "--xsa", "9").out

    git(tmp_path, "config", "--global", "xsa.requireSignature", "true")
    for answer in (place.run("check", "--xsa", "9"), run(tmp_path, "import", "in")):
        assert (answer.status == 128) == (state != "trusted"), answer.err
        assert state == "trusted" or words in answer.err


def test_a_key_that_has_expired_and_was_revoked(signer: Past, sealed: Path) -> None:
    signed = signer.on("2020-03-01").sign(TEXT)
    end("expires", signer.on("2020-04-01"))
    end("compromised", signer)
    give_key(sealed / ".gnupg", signer.public_key())
    found = check_signature(read_advisory(signed).signed, (signer.key,))
    assert (found.signature, found.since) == (Signature.REVOKED, "was revoked on 2021-06-01")


def test_a_key_that_nobody_trusts_and_that_has_expired(signer: Past, sealed: Path) -> None:
    signed = signer.on("2021-01-01").sign(TEXT)
    end("expires", signer.on("2020-02-01"))
    give_key(sealed / ".gnupg", signer.public_key())
    found = check_signature(read_advisory(signed).signed, ())
    assert found.signature is Signature.UNTRUSTED
    assert found.sentence().endswith(f"which is not in xsa.trustedKeys; the key expired on 2021-06-01, {BEFORE}")


def test_a_signing_key_of_a_key_that_has_ended(signer: Past, sealed: Path) -> None:
    signer.on("2020-02-01")._gpg("--quick-add-key", signer.key, "ed25519", "sign", "2020-12-01")
    signed = signer.on("2020-05-01").sign(TEXT)
    give_key(sealed / ".gnupg", signer.public_key())
    found = check_signature(read_advisory(signed).signed, (signer.key,))
    assert (found.signature, found.since) == (Signature.TRUSTED, f"expired on 2020-12-01, {BEFORE}")


def test_a_signature_that_holds_for_some_time_only(signer: Past, sealed: Path) -> None:
    signed = signer.on("2021-01-01")._gpg("--default-sig-expire", "10d", "--clearsign", given=TEXT)
    give_key(sealed / ".gnupg", signer.public_key())
    found = check_signature(read_advisory(signed).signed, (signer.key,))
    assert found.signature is Signature.OVER
    assert "has expired" in found.sentence()
