"""Sign and verify as git is configured to: with gpg, or with a key of ssh.

``git tag -s`` makes a reference together with its signature, and a release must have its tarball before there is a
tag.  So the signature is made here, by the program, the key and the words that git would use, and git is asked
afterwards whether it agrees (``git verify-tag``).  The same key signs the tarballs.

A key is tried before anything else happens: one that is missing, has expired or can't be unlocked is reported then, and
not in the middle.  No passphrase and no text to be signed is ever an argument of a program.
"""

from __future__ import annotations

import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from git_xsa.git.problems import OLDEST_GIT
from git_xsa.git.process import Answer
from git_xsa.git.programs import run_tool
from git_xsa.git.run import Git
from git_xsa.git.scratch import Scratch
from git_xsa.release import problems, remarks
from git_xsa.release.problems import KeyProblem
from git_xsa.wording import NOTHING, Remark

#: What is signed to try a key.
_TRIAL = b"git-xsa tries whether this key can sign\n"
#: Signatures are for one purpose (ssh's namespaces).
FOR_GIT, FOR_FILES = "git", "file"
#: What gpg and gpg-agent say when nobody gave a passphrase, and what ssh-keygen and ssh-agent do.
_LOCKED = {
    "openpgp": re.compile(
        r"No pinentry|Inappropriate ioctl|Operation cancelled|Bad passphrase|No passphrase given|Timeout|"
        r"Screen or window too small|Permission denied|End of file|error sending to agent|no tty",
        re.IGNORECASE,
    ),
    "ssh": re.compile(r"passphrase|agent refused|communication with agent", re.IGNORECASE),
}
#: gpg's marks of a key that can't be used: expired, revoked, disabled, invalid.
_DEAD = {"e": "expired", "r": "revoked", "d": "disabled", "i": "not valid"}
#: What the name of a detached signature ends with.
SUFFIX = ".sig"


class SigningKey(ABC):
    """A key as git names it, and the program that signs with it.

    ``asks`` says whether somebody can be asked for a passphrase.
    """

    kind: str

    def __init__(self, name: str, program: str, asks: bool) -> None:
        self.name = name
        self.program = program
        self.asks = asks

    def check(self) -> Remark:
        """Try the key, and return what it is for a person to read; ``KeyProblem`` when it can't sign."""
        told = self.described()
        problem = self.problem(_TRIAL, self.sign(_TRIAL, FOR_GIT), FOR_GIT)
        if problem:
            raise problems.unusable_key(self.name, problem)
        return told

    def problem(self, content: bytes, signature: bytes, purpose: str) -> Remark:
        """Return why ``signature`` is no good one of this key on ``content``, empty when it is one."""
        with Scratch() as folder:
            place = folder / "signature"
            place.write_bytes(signature)
            return self._verify(content, place, purpose, folder)

    @abstractmethod
    def described(self) -> Remark:
        """Return what the key is, for a person to read; ``KeyProblem`` when it is missing or has expired."""

    @abstractmethod
    def sign(self, content: bytes, purpose: str) -> bytes:
        """Return the signature of ``content``: for git as text, for files as ``gpg --detach-sign`` writes it."""

    @abstractmethod
    def _verify(self, content: bytes, signature: Path, purpose: str, folder: Path) -> Remark:
        """Return why the signature in a file is not good, empty when it is; ``folder`` is for files in passing."""

    def git_options(self, folder: Path) -> tuple[str, ...]:  # noqa: ARG002 - for who needs it
        """Return the settings with which git verifies what this key signs."""
        return ()

    def _failure(self, done: Answer, locked: KeyProblem) -> KeyProblem:
        """Return why signing failed; ``locked`` when the passphrase was missing."""
        said = done.err.decode("utf-8", "replace")
        if "KEYEXPIRED" in said or "INV_SGNR 5" in said:
            return problems.expired_key(self.name)
        if _LOCKED[self.kind].search(said):
            return locked
        return problems.key_fails(self.name, _last(done))


class GpgKey(SigningKey):
    """A key in gpg's keyring."""

    kind = "openpgp"

    def described(self) -> Remark:
        """Look the key up in the keyring."""
        words = ("--batch", "--with-colons", "--fixed-list-mode", "--list-secret-keys", "--", self.name)
        listing = run_tool((self.program, *words))
        records = [line.split(":") for line in listing.out.decode("utf-8", "replace").splitlines()]
        keys = [record for record in records if record[0] in ("sec", "ssb") and len(record) > 14]
        if listing.status or not keys:
            raise problems.no_gpg_key(self.name)
        owner = next((record[9] for record in records if record[0] == "uid"), "")
        named = f"{keys[0][4]} ({owner})" if owner else keys[0][4]
        signing = [record for record in keys if "s" in record[11] and "#" not in record[14]]
        usable = [record for record in signing if record[1] not in _DEAD]
        if not signing:
            raise problems.no_signing_key(named)
        if not usable or keys[0][1] in _DEAD:
            fingerprints = {record[9][-16:]: record[9] for record in records if record[0] == "fpr"}
            raise _dead(named, keys[0], keys[0] if keys[0][1] in _DEAD else signing[0], fingerprints)
        return remarks.gpg_key(named)

    def sign(self, content: bytes, purpose: str) -> bytes:
        """Sign with gpg, in words that don't change for us, with the user's options."""
        form = ("--armor",) if purpose == FOR_GIT else ("--digest-algo", "SHA256")
        quiet = () if self.asks else ("--batch", "--pinentry-mode", "error")
        words = (self.program, "--status-fd=2", *quiet, *form, "--detach-sign", "--local-user", self.name)
        done = run_tool(words, content, environment=_terminal(), alone=not self.asks)
        if done.status or b"[GNUPG:] SIG_CREATED " not in done.err:
            raise self._failure(done, problems.locked_gpg_key(self.name))
        return done.out

    def _verify(self, content: bytes, signature: Path, purpose: str, folder: Path) -> Remark:  # noqa: ARG002
        done = run_tool((self.program, "--batch", "--status-fd=1", "--verify", str(signature), "-"), content)
        good = b"[GNUPG:] VALIDSIG " in done.out and b"[GNUPG:] GOODSIG " in done.out
        return NOTHING if good and done.status == 0 else _last(done)


class SshKey(SigningKey):
    """A key of ssh: the path of a file, or the public key itself if the secret one is in an agent.

    ``allowed`` is git's file of allowed signers, empty if it has none: then the key vouches for itself.
    """

    kind = "ssh"

    def __init__(self, name: str, program: str, asks: bool, allowed: str) -> None:
        super().__init__(name, program, asks)
        self._allowed = allowed
        literal = name.startswith(("key::", "ssh-", "ecdsa-", "sk-"))
        self._literal = name.removeprefix("key::") if literal else ""
        self._path = Path(name).expanduser()

    def described(self) -> Remark:
        """Look whether the file is there."""
        if self._literal:
            return remarks.ssh_key(f"{' '.join(self._literal.split()[:2])[:40]}...")
        if not self._path.is_file():
            raise problems.no_ssh_key(self.name)
        return remarks.ssh_key(self.name)

    def sign(self, content: bytes, purpose: str) -> bytes:
        """Sign with ssh-keygen, as git does."""
        with Scratch() as folder:
            which = [str(self._path)]
            if self._literal:
                place = folder / "key.pub"
                place.write_text(self._literal + "\n", encoding="utf-8")
                which = [str(place), "-U"]
            silent = {} if self.asks else {"SSH_ASKPASS_REQUIRE": "never"}
            words = (self.program, "-Y", "sign", "-n", purpose, "-f", *which)
            done = run_tool(words, content, environment=silent, alone=not self.asks)
        if done.status or not done.out.startswith(b"-----BEGIN SSH SIGNATURE-----"):
            raise self._failure(done, problems.locked_ssh_key(self.name))
        return done.out

    def git_options(self, folder: Path) -> tuple[str, ...]:
        """Name the file of allowed signers, where git has none."""
        return ("-c", f"gpg.ssh.allowedSignersFile={self._signers(folder)}")

    def _verify(self, content: bytes, signature: Path, purpose: str, folder: Path) -> Remark:
        allowed = str(self._signers(folder))
        found = run_tool((self.program, "-Y", "find-principals", "-f", allowed, "-s", str(signature)))
        principal = found.out.decode("utf-8", "replace").partition("\n")[0].strip()
        if found.status or not principal:
            if not self._allowed:
                return _last(found)
            return remarks.not_an_allowed_signer(self._allowed)
        words = ("-Y", "verify", "-n", purpose, "-f", allowed, "-I", principal, "-s", str(signature))
        done = run_tool((self.program, *words), content)
        return _last(done) if done.status else NOTHING

    def _signers(self, folder: Path) -> Path:
        if self._allowed:
            return Path(self._allowed).expanduser()
        place = folder / "allowed"
        place.write_text(f"release {self._public()}\n", encoding="utf-8")
        return place

    def _public(self) -> str:
        if self._literal:
            return self._literal
        public = self._path if self._path.suffix == ".pub" else self._path.with_name(f"{self._path.name}.pub")
        if not public.is_file():
            raise problems.no_public_part(self.name, public)
        return public.read_text(encoding="utf-8", errors="replace").strip()


def find_key(git: Git, setting: str) -> SigningKey:
    """Return the key that signs: the one that ``setting`` names, or else the one with which git would sign.

    Raises ``KeyProblem`` when git has none, or signs in a way that is not known here.
    """
    kind = _config(git, "gpg.format") or "openpgp"
    asks = sys.stdin is not None and sys.stdin.isatty() and not os.environ.get("GIT_XSA_HOOK")
    name = setting or _config(git, "user.signingkey")
    if kind == "openpgp":
        program = _config(git, "gpg.openpgp.program") or _config(git, "gpg.program") or "gpg"
        return GpgKey(name or _committer(git), program, asks)
    if kind != "ssh":
        raise problems.unknown_signer(kind)
    version = git.text("version").removeprefix("git version ")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_GIT:
        raise problems.git_without_ssh_keys(version)
    command = _config(git, "gpg.ssh.defaultkeycommand")
    if not name and command:
        done = run_tool(("sh", "-c", command))
        name = done.out.decode("utf-8", "replace").partition("\n")[0].strip()
    if not name:
        raise problems.no_ssh_key_set()
    program = _config(git, "gpg.ssh.program") or "ssh-keygen"
    return SshKey(name, program, asks, _config(git, "gpg.ssh.allowedsignersfile"))


def _config(git: Git, key: str) -> str:
    return git.text("config", "--get", key, accept=(0, 1))


def _committer(git: Git) -> str:
    ident = git.call("var", "GIT_COMMITTER_IDENT", accept=(0, 128))
    if ident.status:
        raise problems.no_identity_to_sign()
    return ident.out.decode("utf-8", "surrogateescape").rpartition(">")[0] + ">"


def _dead(named: str, key: Sequence[str], record: Sequence[str], fingerprints: Mapping[str, str]) -> KeyProblem:
    """Return what is wrong with ``record``, the ``key`` itself or its part that signs; fingerprints by their last 16
    digits, by which gpg lists keys and which ``--quick-set-expire`` does not take."""
    word = _DEAD[record[1]]
    if word != "expired":
        return problems.dead_key(named, word)
    day = datetime.fromtimestamp(int(record[6]), timezone.utc).date() if record[6].isdigit() else None
    part = fingerprints.get(record[4], "") if record is not key else ""
    return problems.expired_key(named, day, fingerprints.get(key[4], key[4]), part)


def _terminal() -> dict[str, str]:
    """Return where gpg may ask for a passphrase: the terminal that we have."""
    if os.environ.get("GPG_TTY"):
        return {}
    try:
        return {"GPG_TTY": os.ttyname(0)}
    except OSError:
        return {}


def _last(done: Answer) -> Remark:
    """Return the last line of what a program complained of."""
    said = [line for line in (done.err or done.out).decode("utf-8", "replace").splitlines() if line.strip()]
    plain = [line for line in said if not line.startswith("[GNUPG:]")]
    return remarks.said_by((plain or said)[-1]) if said else remarks.ended_with(done.status)
