"""Advisories as tests need them: their text in the form that is published, signed if wanted, and as mails."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

PERMITTED = (
    "Deployment of the patches and/or mitigations described above (or\nothers which are substantially similar) is "
    "permitted during the\nembargo, even on public-facing systems."
)
NOT_PERMITTED = "Deployment of patches or mitigations is NOT permitted."


def advisory(  # noqa: PLR0913 - each test names the one or two that it is about
    number: int,
    version: int = 1,
    rows: Sequence[tuple[str, str]] = (),
    files: Mapping[str, bytes] | None = None,
    *,
    cves: str = "CVE-2026-1234",
    title: str = "things go wrong",
    updates: Mapping[int, str] | None = None,
    resolution: str = "Applying the appropriate attached patch resolves this issue.",
    deployment: str | None = PERMITTED,
    public: bool = False,
) -> bytes:
    """Return the text of an advisory with this table of patches, and the checksums of ``files``."""
    names = f"{cves} / XSA-{number}" if cves else f"XSA-{number}"
    lines = [f"            Xen Security Advisory {names}".rstrip()]
    if version > 1:
        lines.append(f"                              version {version}")
    lines += ["", f"                   {title}", ""]
    told = dict(updates or ({version: "Public release."} if public and version > 1 else {}))
    for which, words in sorted(told.items(), reverse=True):
        lines += [*heading(f"UPDATES IN VERSION {which}"), words, ""]
    lines += [*heading("ISSUE DESCRIPTION"), "Things go wrong:", "- on one side", "- on the other", ""]
    lines += [*heading("RESOLUTION"), resolution, ""]
    width = max((len(pattern) for pattern, _ in rows), default=0) + 4
    lines += [f"{pattern:{width}}{scope}" for pattern, scope in rows]
    if files:
        lines += ["", f"$ sha256sum xsa{number}*"]
        lines += [f"{sha256(content).hexdigest()}  {name}" for name, content in files.items()]
        lines += ["$", ""]
    if public and version == 1:
        lines += [*heading("NOTE REGARDING LACK OF EMBARGO"), "It was public.", ""]
    elif deployment is not None:
        lines += [*heading("DEPLOYMENT DURING EMBARGO"), deployment, ""]
    return "\n".join(lines).encode() + b"\n"


def heading(words: str) -> list[str]:
    return [words, "=" * len(words), ""]


class Signer:
    """A key of its own in a keyring of its own, made by real gpg."""

    def __init__(self, home: Path, name: str = "Security Team") -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = ("--quick-gen-key", "--passphrase", "", f"{name} <team@example.org>", "ed25519", "sign", "never")
        self._gpg(*words)
        listing = self._gpg("--list-keys", "--with-colons").decode()
        self.key = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))

    def _gpg(self, *words: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def sign(self, text: bytes) -> bytes:
        """Return ``text`` in clear, signed."""
        return self._gpg("--clearsign", given=text)

    def public_key(self) -> bytes:
        return self._gpg("--armor", "--export", self.key)


def remove_keyring(home: Path) -> None:
    """End the programs that serve the keyring and remove its folder.

    They remove their sockets themselves as they end, which may be while the folder is being removed.
    """
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
    for _ in range(20):
        shutil.rmtree(home, ignore_errors=True)
        if not home.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(home)  # says what is in the way


def give_key(folder: Path, key: bytes) -> None:
    """Put a public key into the keyring of the folder, the user's own one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = ["gpg", "--homedir", str(folder), "--batch", "--quiet", "--import"]
    subprocess.run(words, input=key, capture_output=True, check=True)


def mail(text: bytes, attachments: Mapping[str, bytes], subject: str = "Xen Security Advisory 999 v1") -> bytes:
    """Return the mail by which an advisory is sent, with its files attached."""
    head = (
        f'Received: (qmail 9260 invoked by uid 550)\nContent-Type: multipart/mixed; boundary="=separator"; '
        f'charset="utf-8"\nContent-Transfer-Encoding: binary\nMIME-Version: 1.0\nFrom: team <team@example.org>\n'
        f"Message-Id: <1@example.org>\nSubject: {subject}\n\n"
    ).encode()
    parts = [
        b'--=separator\nContent-Type: text/plain; charset="utf-8"\nContent-Disposition: inline\n'
        b"Content-Transfer-Encoding: 7bit\n\n" + text + b"\n"
    ]
    for name, content in attachments.items():
        parts.append(
            f'--=separator\nContent-Type: application/octet-stream; name="{name}"\nContent-Disposition: attachment; '
            f'filename="{name}"\nContent-Transfer-Encoding: base64\n\n'.encode()
            + base64.encodebytes(content)
            + b"\n"
        )
    return head + b"".join(parts) + b"--=separator--\n"
