"""What a newcomer gets wrong in the first ten minutes: each is told what, where and what next, and nothing is done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import Place, fixed_before, git, numbered, run

import git_xsa

TAG = "RELEASE-1.0.0"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = fixed_before()
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(9, {5: "other"})})
    return draft.write(tmp_path / "clone")


# The release


@pytest.mark.parametrize("command", ["check", "prereqs", "export"])
def test_the_number_of_a_release_is_enough(command: str, place: Place, tmp_path: Path) -> None:
    more = ("-o", str(tmp_path / "out")) if command == "export" else ()
    named = place.run(command, "--onto", TAG, "--json", *more)
    again = ("--force",) if command == "export" else ()
    assert place.run(command, "--onto", "1.0.0", "--json", *more, *again) == named
    assert '"name": "RELEASE-1.0.0"' in named.out


def test_a_commit_with_that_name_comes_first(place: Place) -> None:
    place.git("branch", "1.0.0", place[3])
    (found,) = json.loads(place.run("check", "--onto", "1.0.0", "--json").out)["results"]
    assert found["base"]["name"] == "1.0.0"


@pytest.mark.parametrize("name", ["xen-1.0.0.tar.gz", "./xen-1.0.0", "../xen-1.0.0", "/nonexistent/xen", "~/xen.tgz"])
@pytest.mark.parametrize("command", ["check", "prereqs", "export", "test", "resolve"])
def test_a_tree_that_is_not_there(command: str, name: str, place: Place) -> None:
    done = place.run(command, "--onto", name)
    assert done.status == 128
    assert done.err == (
        f"fatal: there is no file or folder '{name}'\nhint: check its path; for a release, give its tag or its number\n"
    )


# The advisory


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--xsa", "3", "4"), "for several advisories: --xsa 3,4"),
        (("--xsa=3", "XSA-4"), "for several advisories: --xsa 3,4"),
        (("3",), "for an advisory: --xsa 3"),
        (("xsa3", "xsa4"), "for several advisories: --xsa 3,4"),
        ((TAG,), f"for a base: --onto {TAG}"),
        (("check",), "leave out 'check': it is the command itself"),
        (("xsa-check",), "leave out 'xsa-check': it is the command itself"),
        (("4.20",), "for a branch: --branch 4.20"),
        (("stable-4.20",), "for a branch: --branch stable-4.20"),
        (("xsa3-1.0.patch",), "for a patch file: git xsa-prereqs --onto <base> xsa3-1.0.patch"),
        (("--jsno",), "did you mean --json?"),
        (("--xsas=3",), "did you mean --xsa?"),
        (("--xsa", "3 4"), "for several advisories: --xsa 3,4"),
        (("--xsa", "3-5"), "for several advisories: --xsa 3,4,5"),
        (
            ("--xsa", "1..999999999"),
            "for several advisories: --xsa 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21",
        ),
        (("--xsa", "CVE-2024-45818"), "https://xenbits.xen.org/xsa/ lists the advisory of each CVE"),
    ],
)
def test_a_slip_gets_the_words_that_were_meant(words: tuple[str, ...], hint: str, place: Place) -> None:
    done = place.run("check", *words)
    assert (done.status, done.out) == (129, "")
    assert done.err.splitlines()[-1] == f"hint: {hint}"


@pytest.mark.parametrize(
    "words",
    [("--xsa=",), ("--frobnicate",), ("--tip", "stable-4.20"), ("--xsa", "5-3"), ("--xsa", "xsa3-1.0.patch")],
)
def test_what_means_nothing_gets_no_guess(words: tuple[str, ...], place: Place) -> None:
    done = place.run("check", *words)
    assert (done.status, done.out) == (129, "")
    assert "hint:" not in done.err


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("XSA-3", "'XSA-3' is neither a commit nor a file", "for an advisory: --xsa 3"),
        ("xsa3", "'xsa3' is neither a commit nor a file", "for an advisory: --xsa 3"),
        (
            "CVE-2024-45818",
            "'CVE-2024-45818' is neither a commit nor a file",
            "give the number of its advisory, --xsa <n>: https://xenbits.xen.org/xsa/ lists both",
        ),
        ("xsa3.patch", "there is no file 'xsa3.patch'", "check its path, and the current folder"),
        ("../xsa3", "there is no file '../xsa3'", "check its path, and the current folder"),
    ],
)
@pytest.mark.parametrize("command", ["prereqs", "export"])
def test_a_commit_that_is_none(command: str, name: str, what: str, hint: str, place: Place) -> None:
    done = place.run(command, "--onto", TAG, name)
    assert (done.status, done.out, done.err) == (128, "", f"fatal: {what}\nhint: {hint}\n")


PAGE = b"<!DOCTYPE html>\n<html><head><title>xsa3.patch</title></head><body><pre>--- a/a.c</pre></body></html>\n"


@pytest.mark.parametrize("page", [PAGE, PAGE.lower(), b'<?xml version="1.0"?>\r\n<HTML>\r\n', b"\n<html lang='en'>"])
def test_a_web_page_is_no_patch(page: bytes, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "xsa3.patch"
    file.write_bytes(page)
    done = place.run("prereqs", "--onto", TAG, str(file))
    assert (done.status, done.err) == (
        128,
        f"fatal: {file} is a web page and not a patch\nhint: download the file that the page shows, as it is\n",
    )
    assert "xsa3.patch was left out: it is a web page and not a patch" in place.run("import", str(file)).err


# The clone


def test_a_clone_of_one_branch_that_is_not_stable(place: Place, tmp_path: Path) -> None:
    place.git("branch", "main", TAG)
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch", "main", str(place.folder), "one")
    done = run(tmp_path / "one", "check")
    assert done.status == 128
    assert done.err == (
        f"fatal: there is no stable branch in {tmp_path}/one/.git that gets security fixes\n"
        "hint: to fetch all branches: git remote set-branches <remote> '*' && git fetch --tags; "
        "--branch limits the check\n"
    )


# Folders


def test_a_home_that_can_not_be_written_to(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_bytes(b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home/data"))
    done = place.run("embargo", "add", "9005", "--until", "2100-01-05")
    assert (done.status, done.out) == (128, "")
    assert done.err == (
        f"fatal: the store {tmp_path}/home/data/git-xsa can't be used: Not a directory\n"
        "hint: set another folder: git config --global xsa.store <folder>\n"
    )


def test_the_patches_of_a_package_without_its_release(place: Place) -> None:
    """They were left out in silence: the answer was that of the release alone."""
    done = place.run("check", "--base-patches", "xen.spec")
    assert (done.status, done.out) == (129, "")
    assert done.err == "error: --base-patches needs a base\nhint: give the package's release: --onto RELEASE-4.17.3\n"


# Python and git


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 9)])
def test_a_python_that_is_too_old(version: tuple[int, int]) -> None:
    """The package says so itself, in words that any Python understands."""
    source = Path(git_xsa.__file__).read_text(encoding="utf-8")
    assert "annotations" not in source, "the first version that knows this import is 3.7"
    script = f"import sys\nsys.version_info = {version}\nexec(sys.stdin.read())"
    done = subprocess.run((sys.executable, "-c", script), input=source, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (128, "")
    assert done.stderr.startswith("fatal: git-xsa needs Python 3.10 or later, and this is {}.{}\n".format(*version))


@pytest.mark.parametrize(
    "word", ["config) echo 'error: unknown option' >&2; exit 129;;", "rev-parse) printf '%s\\n' \"$@\"; exit;;"]
)
def test_a_git_that_is_too_old(word: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 2.26, git lacks ``config --show-scope``; before 2.31, ``rev-parse`` repeats ``--path-format``."""
    fake = tmp_path / "bin/git"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\nfor word; do case $word in {word} esac; done\nexec {git(place.folder, "--exec-path")}/git "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    done = run(place.folder, "check")
    assert (done.status, done.out) == (128, "")
    assert "install git 2.34 or later" in done.err
