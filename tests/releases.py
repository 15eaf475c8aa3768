"""Projects that releases are made of, in the tests: an upstream with a gate, a clone of it, and keys that sign.

The keys are real ones, made once for all tests, in folders that the tests' own homes know nothing of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from advisory_texts import remove_keyring
from repositories import Draft, Place, git

MAKEFILE = "export XEN_VERSION = 1\nexport XEN_EXTRAVERSION ?= .{}$(XEN_VENDORVERSION)\n# end\n"
SUPPORT = "# Support\n\n    Xen-Version: 1.0\n    Supported-Until: 2099-01-01\n    Security-Support-Until: 2099-01-01\n"
CHANGELOG = """\
# Changelog

## [1.0.0](https://xen.example.org/?p=xen.git;a=shortlog;h=RELEASE-1.0.0) - 2023-11-16

- all of it
"""
OWNER = "Jane Doe <jane@example.org>"
#: Signs "git xsa-release" in the tests' own words.
GATED = 4


def project(makefile: str = "1-pre", support: str = SUPPORT) -> Draft:
    """Return a project with the releases 1.0.0, and one XSA fixed since; it is about to be 1.0.1."""
    draft = Draft()
    draft.commit("root", {
        "xen/Makefile": MAKEFILE.format(0).encode(), "SUPPORT.md": support.encode(), "CHANGELOG.md": CHANGELOG.encode(),
        "a.c": b"one\ntwo\nthree\n", "run.sh": b"#!/bin/sh\nexit 0\n",
        ".gitattributes": b"info export-subst\n.gitattributes -export-ignore\n",
        "info": b"Changeset: $Format:%H$\n",
    })  # fmt: skip
    draft.tag("RELEASE-1.0.0", 1)
    draft.commit("update Xen version to 1.0.1-pre", {"xen/Makefile": MAKEFILE.format(makefile).encode()})
    draft.commit("mend two\n\nThis is CVE-2030-1234 / XSA-9100.", {"a.c": b"one\n2\nthree\n"})
    draft.commit("mend three", {"a.c": b"one\n2\n3\n"})
    return draft


def upstream(folder: Path, draft: Draft | None = None, *options: str) -> Place:
    """Write the project into ``folder`` as a bare repository, with staging where stable is; return a clone of it."""
    place = (draft or project()).write(folder / "upstream.git", "--bare", *options)
    for name in place.git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads/stable-*").split():
        place.git("branch", name.replace("stable", "staging"), name)
    git(folder, "clone", "--quiet", "--no-checkout", str(place.folder), "xen")
    clone = folder / "xen"
    git(clone, "checkout", "--quiet", "--detach", "origin/stable-1.0")
    git(clone, "branch", "--quiet", "-D", "stable-1.0", accept=(0, 1))
    return Place(clone, place.ids)


@pytest.fixture(scope="session")
def gnupg() -> Iterator[Path]:
    """Make a gpg home with a key that signs, one that has expired, and one that is locked; return it."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = Path(mkdtemp(prefix="xsa-"))  # short: gpg's socket is in it
    environment = os.environ | {"GNUPGHOME": str(home), "LC_ALL": "C"}

    def gpg(*words: str) -> None:
        subprocess.run(("gpg", "--batch", "--quiet", *words), env=environment, check=True, capture_output=True)

    gpg("--passphrase", "", "--quick-gen-key", OWNER, "ed25519", "sign", "never")
    gpg("--passphrase", "", "--faked-system-time", "20200101T000000", "--quick-gen-key", "old@example.org", "ed25519",
        "sign", "1d")  # fmt: skip
    gpg("--passphrase", "secret", "--quick-gen-key", "locked@example.org", "ed25519", "sign", "never")
    subprocess.run(("gpgconf", "--kill", "all"), env=environment, check=True)  # it remembers no passphrase
    yield home
    remove_keyring(home)


@pytest.fixture
def signer(gnupg: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let gpg find the keys, in this test; return its home."""
    monkeypatch.setenv("GNUPGHOME", str(gnupg))
    return gnupg


@pytest.fixture(scope="session")
def ssh_keys() -> Iterator[Path]:
    """Make a folder with the ssh keys ``good`` and ``locked``; return it."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    folder = Path(mkdtemp(prefix="xsa-"))
    for name, passphrase in (("good", ""), ("locked", "secret")):
        words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(folder / name))
        subprocess.run(words, check=True, capture_output=True)
    yield folder
    shutil.rmtree(folder)
