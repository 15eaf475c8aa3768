"""A hint that is a command does what it says: each is run here as it was printed."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import releases
from advisory_texts import remove_keyring
from releases import upstream
from repositories import git, run
from test_sharing import UNTIL, Team

from git_xsa.ci.settings import CiSettings, places
from git_xsa.embargo.settings import EmbargoSettings
from git_xsa.errors import XsaError
from git_xsa.git.config import Settings, read_settings
from git_xsa.git.problems import Meaningless
from git_xsa.git.run import Git
from git_xsa.names.settings import NameSettings
from git_xsa.proof.cells import find_cells
from git_xsa.proof.settings import ProofSettings, cell_settings, exploits
from git_xsa.release.settings import ReleaseSettings

gnupg, signer = releases.gnupg, releases.signer
OLD = "old@example.org"


def hinted(text: str, pattern: str) -> list[str]:
    """Return the words of the command in ``text`` that ``pattern`` finds, however its lines are broken."""
    found = re.search(pattern, " ".join(text.split()))
    assert found is not None, text
    return shlex.split(found[0])


def obey(words: list[str], folder: Path, status: int = 0) -> None:
    """Run the command of a hint, as a user would."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done.stdout, done.stderr)


@pytest.fixture(params=["the key", "its part that signs"])
def old_key(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let gpg find one key, which has expired as a whole, or the part of it that signs has."""
    home = Path(mkdtemp(prefix="xsa-"))  # short: gpg's socket is in it
    monkeypatch.setenv("GNUPGHOME", str(home))
    past = ("gpg", "--batch", "--quiet", "--passphrase", "", "--faked-system-time", "20200101T000000")
    if request.param == "the key":
        subprocess.run((*past, "--quick-gen-key", OLD, "ed25519", "sign", "1d"), check=True, capture_output=True)
    else:
        subprocess.run((*past, "--quick-gen-key", OLD, "ed25519", "cert", "never"), check=True, capture_output=True)
        listed = subprocess.run(("gpg", "--with-colons", "-K"), check=True, capture_output=True, text=True).stdout
        whole = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
        subprocess.run((*past, "--quick-add-key", whole, "ed25519", "sign", "1d"), check=True, capture_output=True)
    yield
    remove_keyring(home)


@pytest.mark.usefixtures("signer", "old_key")
def test_a_key_that_has_expired_can_be_extended(tmp_path: Path) -> None:
    place = upstream(tmp_path)
    git(place.folder, "config", "--global", "xsa.signingKey", OLD)
    told = place.run("release", "1.0.1").out
    assert "has expired on 2020-01-02" in " ".join(told.split())

    command = hinted(told, r"gpg --quick-set-expire [0-9A-F]{40} 1y(?: [0-9A-F]{40})?")
    obey([command[0], "--batch", *command[1:]], tmp_path)

    assert " ok  key " in place.run("release", "1.0.1", "--dry-run").out


@pytest.mark.usefixtures("signer")
def test_a_tag_without_a_signature_can_be_replaced(tmp_path: Path) -> None:
    place = upstream(tmp_path)
    git(place.folder, "config", "--global", "user.signingKey", releases.OWNER)
    place.git("tag", "RELEASE-1.0.1", "origin/stable-1.0")
    answer = place.run("release", "--from-tag", "RELEASE-1.0.1")
    assert (answer.status, "has no signature" in answer.err) == (128, True)

    obey([*hinted(answer.err, r"git tag [^\n]*"), "-m", "Xen 1.0.1"], place.folder)

    place.git("verify-tag", "RELEASE-1.0.1")
    assert place.git("rev-parse", "RELEASE-1.0.1^{commit}") == place.git("rev-parse", "origin/stable-1.0")


def test_other_files_of_a_shared_store_can_be_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(tmp_path, monkeypatch)
    team("jane", "add", "500", *UNTIL)
    for name in ("jane", "joe"):
        assert team(name, "sync").status == 0
    for name in ("jane", "joe"):
        (team.store(name) / "README").write_text(f"{name}\n")
        git(team.store(name), "add", "-f", "README")
        git(team.store(name), "commit", "--quiet", "-m", "by hand")
    git(team.store("jane"), "push", "--quiet")
    answer = team("joe", "sync")
    assert (answer.status, "files other than the ledger" in answer.err) == (128, True)

    obey(hinted(answer.err, r"git -C [^,]*"), tmp_path, status=1)  # a conflict, which joe resolves
    git(team.store("joe"), "commit", "--quiet", "-am", "both")

    assert team("joe", "sync").status == 0


@pytest.mark.parametrize("group", [Settings, EmbargoSettings, CiSettings, NameSettings, ProofSettings, ReleaseSettings])
def test_the_value_that_is_proposed_for_a_setting_has_a_meaning(group: Any) -> None:
    kinds = [one.metadata["kind"] for one in fields(group) if "kind" in one.metadata]
    wrong = (None, "", "?", "no such thing", "-1", "{version}{x}", "a: b => {x}")
    proposed = [(kind, example) for kind in kinds for value in wrong if (example := _proposed(kind, value)) is not None]
    for kind, example in proposed:
        kind([example])
    assert proposed


def _proposed(kind: Any, value: str | None) -> str | None:
    """Return the value that is proposed in the place of ``value``, ``None`` when that has a meaning."""
    try:
        kind([value])
    except Meaningless as error:
        return " ".join(shlex.split(error.example))
    return None


@pytest.mark.parametrize(
    ("cell", "key", "value"),
    [
        ("sm all", "command", "make"),
        ("small", "colour", "red"),
        ("small", "architecture", "z80"),
        ("small", "payload", "x"),
        ("small", "image", "../kernel"),
        ("small", "config", "CONFIG_A='b c'"),
        ("tools", "config", "CONFIG_A=y"),
    ],
)
def test_a_setting_of_a_cell_can_be_mended(cell: str, key: str, value: str, tmp_path: Path) -> None:
    git(tmp_path, "config", "--global", "--add", f"xsa.cell.{cell}.config", "CONFIG_DEBUG=n")
    git(tmp_path, "config", "--global", "--add", f"xsa.cell.{cell}.{key}", value)
    with pytest.raises(XsaError) as error:
        find_cells([cell], cells(tmp_path))

    obey([word.replace("<name>", "small") for word in shlex.split(error.value.hint)], tmp_path)

    (name,) = cells(tmp_path) or {cell: {}}
    assert find_cells([name], cells(tmp_path))[0].name == name


@pytest.mark.parametrize(("cell", "key"), [("sm+all", "colour"), ("sm all", "command"), ("tools", "config")])
def test_a_setting_of_a_cell_for_one_command_is_in_no_file(
    cell: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("COUNT", "1"), ("KEY_0", f"xsa.cell.{cell}.{key}"), ("VALUE_0", "CONFIG_A=y")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)

    with pytest.raises(XsaError) as error:
        find_cells([cell], cells(tmp_path))

    assert error.value.hint == "it is set for this command alone; leave it out"


def cells(folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    with Git(folder) as started:
        return cell_settings(read_settings(started).configured)


@pytest.mark.parametrize(("key", "value"), [("image", "a b"), ("image", "a;b"), ("tags", "a;b")])
def test_a_setting_of_a_pipeline_can_be_mended(key: str, value: str, tmp_path: Path) -> None:
    git(tmp_path, "config", "--global", f"xsa.ci.{key}", value)
    with Git(tmp_path) as started:
        before = read_settings(started)
        with pytest.raises(XsaError) as error:
            places(before.configured)

        obey(shlex.split(error.value.hint), tmp_path)

        places(read_settings(started).configured)


#: Key, values without a meaning and with one, and whether all values count.
SEVERAL = [
    ("xsa.stableBranch", "stable", "stable-*", False),
    ("xsa.releaseInterval", "soon", "4 months", False),
    ("xsa.trustedKeys", "ABCD", "23E3222C145F4475FA8060A783FE14C957E82BD9", True),
    ("xsa.symbolForm", "MINE", "MINE(*) => MY_*", True),
    ("xsa.release.edit", "VERSION", "VERSION: 1 => {version}", True),
    ("xsa.cell.small.payload", "x", "guest", False),
    ("xsa.cell.small.config", "A='b c'", "CONFIG_A=y", True),
    ("xsa.ci.image", "a;b", "debian:12", False),
    ("xsa.ci.tags", "a;b", "big", True),
    ("xsa.exploit.454.image", "here", "~/test", False),
]


@pytest.mark.parametrize("places_of_both", [("--global", "--global"), ("--local", "--local"), ("--global", "--local"),
                                            ("--local", "--global")])  # fmt: skip
@pytest.mark.parametrize(("key", "wrong", "right", "all_count"), SEVERAL)
def test_one_of_several_values_of_a_setting_can_be_mended(
    key: str, wrong: str, right: str, all_count: bool, places_of_both: tuple[str, str], tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    where, other = places_of_both
    git(tmp_path, "config", other, "--add", key, right)
    git(tmp_path, "config", where, "--add", key, wrong)
    if places_of_both == ("--global", "--local") and not all_count:
        read_all(tmp_path)
        return
    with pytest.raises(XsaError) as error:
        read_all(tmp_path)

    obey(shlex.split(error.value.hint), tmp_path)

    read_all(tmp_path)
    left = git(tmp_path, "config", "--get-all", key).splitlines()
    assert wrong not in left
    assert not all_count or right in left, "what had a meaning stays"


def read_all(folder: Path) -> None:
    """Read all settings; ``XsaError`` when one has no meaning."""
    with Git(folder) as started:
        settings = read_settings(started)
        for group in (EmbargoSettings, CiSettings, NameSettings, ProofSettings, ReleaseSettings):
            settings.of(group)
        places(settings.configured)
        exploits(settings.configured)
        find_cells(["small"] if cell_settings(settings.configured) else [], cell_settings(settings.configured))


@pytest.mark.parametrize("scope", ["--global", "--local"])
@pytest.mark.parametrize("value", ["", "README"])
def test_hooks_that_are_turned_off_can_be_turned_on(value: str, scope: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "here")
    place = tmp_path / "here"
    (place / "README").touch()
    for one in ("hooks", value):
        git(place, "config", scope, "--add", "core.hooksPath", one)
    answer = run(place, "hooks", "status")
    assert answer.status == 128

    obey(hinted(answer.err, r"git config [^,]*"), place)

    assert run(place, "hooks", "status").out.startswith(f"hooks are in {place}/.git/hooks\n")


def test_a_shallow_clone_can_be_completed(tmp_path: Path) -> None:
    place = upstream(tmp_path)
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=1", f"file://{place.folder}", "shallow")
    answer = run(tmp_path / "shallow", "check", "--onto", "RELEASE-1.0.0")
    assert answer.status == 128

    obey(hinted(answer.err, r"git fetch [^\n]*"), tmp_path / "shallow")

    assert run(tmp_path / "shallow", "check", "--onto", "RELEASE-1.0.0").status != 128


def test_a_store_that_others_can_read_can_be_closed(tmp_path: Path) -> None:
    store = tmp_path / "a store"
    store.mkdir(mode=0o755)
    git(tmp_path, "config", "--global", "xsa.store", str(store))
    answer = run(tmp_path, "embargo", "list")
    assert answer.status == 128

    obey(
        shlex.split(next(line for line in answer.err.splitlines() if "chmod" in line).removeprefix("hint: ")), tmp_path
    )

    assert run(tmp_path, "embargo", "list").status == 0


@pytest.mark.parametrize("words", [("install",), ("uninstall",)], ids=" ".join)
def test_a_lock_that_a_killed_git_left_is_removed(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says whose a lock of git's is, so a person removes it; from a folder below the top, too."""
    program = tmp_path / "git-xsa-hook"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    clone = tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "clone")
    (clone / "xen").mkdir()
    run(clone, "hooks", "install")
    (clone / ".git" / "config.lock").touch()
    answer = run(clone / "xen", "hooks", *words)
    assert answer.status == 128
    rm = re.search(r"^hint: if no other git is running, one was killed: (rm .*)$", answer.err, re.MULTILINE)
    assert rm is not None, answer.err
    subprocess.run(("sh", "-c", rm[1]), cwd=clone / "xen", check=True)
    assert run(clone / "xen", "hooks", *words).status == 0
