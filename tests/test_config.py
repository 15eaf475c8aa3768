"""The settings: every kind of key, with and without a meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import git

from git_xsa.errors import XsaError
from git_xsa.git.config import Settings, read_settings
from git_xsa.git.run import Git

KEY = "23E3222C145F4475FA8060A783FE14C957E82BD9"
OTHER = "0123456789abcdef0123456789abcdef01234567"


def settings(folder: Path, *pairs: str) -> Settings:
    """Return the settings after ``git config --global --add`` of each pair of key and value."""
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        git(folder, "config", "--global", "--add", key, value)
    with Git(folder) as started:
        return read_settings(started)


def test_defaults_outside_a_repository(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings(
        "RELEASE-*", "stable-*", "xen", "https://xenbits.xen.org/xsa/", None, (), False
    )


def test_values(tmp_path: Path, sealed: Path) -> None:
    found = settings(
        tmp_path,
        *("xsa.releaseTag", "v*", "XSA.STABLEBRANCH", "old-*", "xsa.stableBranch", "new-*", "xsa.tree", "qemu"),
        *("xsa.url", "http://localhost:8000/xsa", "xsa.store", "~/my store", "xsa.requireSignature", "yes"),
        *("xsa.trustedKeys", f"{KEY}, {OTHER}", "xsa.trustedKeys", KEY, "xsa.unknown", ""),
    )
    assert found == Settings(
        "v*", "new-*", "qemu", "http://localhost:8000/xsa/", sealed / "my store", (KEY, OTHER.upper()), True
    )


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("", ()),
        (KEY.lower(), (KEY,)),
        (f"0x{KEY}", (KEY,)),
        ("23E3 222C 145F 4475 FA80  60A7 83FE 14C9 57E8 2BD9", (KEY,)),
        (f"{KEY}\t{OTHER}", (KEY, OTHER.upper())),
        (KEY + "0" * 24, (KEY + "0" * 24,)),
    ],
)
def test_fingerprints(value: str, keys: tuple[str, ...], tmp_path: Path) -> None:
    assert settings(tmp_path, "xsa.trustedKeys", value).trusted_keys == keys


def test_empty_value_drops_those_before_it(tmp_path: Path) -> None:
    values = ("xsa.trustedKeys", KEY, "xsa.trustedKeys", "", "xsa.trustedKeys", OTHER)
    assert settings(tmp_path, *values).trusted_keys == (OTHER.upper(),)


@pytest.mark.parametrize("value", ["true", "Yes", "ON", "1"])
def test_true(value: str, tmp_path: Path) -> None:
    assert settings(tmp_path, "xsa.requireSignature", value).require_signature is True


def test_key_without_a_value_is_true(tmp_path: Path, sealed: Path) -> None:
    (sealed / ".gitconfig").write_text("[xsa]\n\trequireSignature\n", encoding="utf-8")
    assert settings(tmp_path).require_signature is True


@pytest.mark.parametrize("value", ["false", "No", "OFF", "0", ""])
def test_false(value: str, tmp_path: Path) -> None:
    assert settings(tmp_path, "xsa.requireSignature", "true", "xsa.requireSignature", value).require_signature is False


@pytest.mark.parametrize(
    ("key", "value", "must", "example"),
    [
        ("xsa.releaseTag", "v", "it must hold one *, which stands for the version", "'name-*'"),
        ("xsa.tree", "", "it must be a name without blanks", "xen"),
        ("xsa.tree", "a b", "it must be a name without blanks", "xen"),
        ("xsa.url", "ftp://x/", "it must begin with https:// or http://", "https://xenbits.xen.org/xsa/"),
        ("xsa.url", "file:///etc", "it must begin with https:// or http://", "https://xenbits.xen.org/xsa/"),
        ("xsa.store", "", "it must be an absolute path, or begin with ~/", "~/xsa-store"),
        ("xsa.store", "store", "it must be an absolute path, or begin with ~/", "~/xsa-store"),
        ("xsa.store", "~nobody-of-this-name/x", "it must be an absolute path, or begin with ~/", "~/xsa-store"),
        ("xsa.history", "../xen", "it must be an absolute path, or begin with ~/", "~/xsa-history"),
        ("xsa.requireSignature", "maybe", "it must be true or false", "true"),
        ("xsa.trustedKeys", "57E82BD9", "it must be the whole fingerprint of a key (gpg --fingerprint prints it)", KEY),
    ],
)
def test_value_without_a_meaning(key: str, value: str, must: str, example: str, tmp_path: Path) -> None:
    with pytest.raises(XsaError) as error:
        settings(tmp_path, key, value)
    assert error.value.what == f"the setting {key} is {value!r}: {must}"
    assert error.value.hint == f"git config --global {key} {example}"
