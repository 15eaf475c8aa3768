"""Names that HFS+ or NTFS takes for git's own, judged by real git."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from repositories import git

from git_xsa.advisory.patchfile import parse_patches
from git_xsa.advisory.problems import PatchError
from git_xsa.model.dotgit import is_gits_folder, is_read_by_git
from git_xsa.release.edits import parse_edit

FOLDERS = (
    ".git", ".GiT/config", "a/.git/hooks/x", "git~1", "GIT~1/config", "git~2", "git~11", ".git ", ".git. .", ".git...",
    ".git:x", ".git::$INDEX_ALLOCATION/config", ".git :x", "git~1:x", ".gita", ".git-x", ".github/x", "x.git/y",
    ".git~1", ".g\u200cit/config", "\ufeff.git", ".gi\u202et", ".GI\u206fT/x", ".g\u2010it", ".\u200fgit\u200e",
    "a\\.git\\config", "a\\git~1", ".git\\config", "\u0130.git", ".g\u0131t",
)  # fmt: skip
LINKS = (
    ".gitmodules", ".GITMODULES", "a/.gitmodules", ".gitmodules ", ".gitmodules.", ".gitmodules:x", "gitmod~1",
    "GITMOD~4", "gitmod~5", "gitmod~1 .", "gi7eba~1", "gi7eb~12", "gi7e~123", "gi7eba~0", "gi7eb~01", "~1000000",
    "gi~12345", ".git\u200cmodules", ".gitmodulesx", "gitmodules", ".gitmod~1",
)  # fmt: skip
#: git itself refuses links of that name in what it is sent (fsck) alone.
ALSO = (
    ".gitattributes",
    ".gitignore",
    ".mailmap",
    "gitatt~1",
    "gi7d29~1",
    "GITIGN~2",
    "gi250a~1",
    "mailma~3",
    "maba30~1",
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def refused(repository: Path, path: str, mode: str) -> bool:
    """Whether git refuses to have a file of that name and mode."""
    blob = git(repository, "hash-object", "-w", "--stdin")
    words = ("git", "-c", "core.protectHFS=true", "-c", "core.protectNTFS=true", "update-index", "--add", "--cacheinfo")
    done = subprocess.run((*words, f"{mode},{blob},{path}"), cwd=repository, capture_output=True, check=False)
    return done.returncode != 0


@pytest.mark.parametrize("path", FOLDERS)
def test_gits_folder(path: str, repository: Path) -> None:
    mine = is_gits_folder(path.encode())
    # Of two separators git knows the other one only on Windows, and in what it is sent.
    assert mine == (refused(repository, path, "100644") or path.startswith("a\\"))


@pytest.mark.parametrize("path", LINKS)
def test_links_that_git_would_read(path: str, repository: Path) -> None:
    assert is_read_by_git(path.encode()) == refused(repository, path, "120000")
    assert not refused(repository, path, "100644")


def test_random_names(repository: Path) -> None:
    chance = random.Random(14)
    pieces = [
        ".",
        "g",
        "I",
        "t",
        "~",
        "1",
        " ",
        ":",
        "\u200d",
        "git",
        ".git",
        "git~1",
        ".gitmodules",
        "gi7eba~1",
        "x",
        "4",
    ]
    found = 0
    for _ in range(150):
        path = "".join(chance.choices(pieces, k=chance.randint(1, 4)))
        if path.strip(".") and refused(repository, path, "120000"):
            found += 1
            assert is_gits_folder(path.encode()) or is_read_by_git(path.encode()), ascii(path)
    assert found > 10


def new_file(path: str, mode: str) -> bytes:
    name = path.encode("utf-8")
    quoted = b'"b/' + b"".join(b"\\%03o" % byte for byte in name) + b'"'
    head = b"diff --git %b %b\nnew file mode %b\n" % (quoted.replace(b'"b', b'"a', 1), quoted, mode.encode())
    return head + b"--- /dev/null\n+++ " + quoted + b"\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    ("path", "mode"),
    [(path, "100644") for path in FOLDERS if is_gits_folder(path.encode())]
    + [(path, "120000") for path in (*LINKS, *ALSO) if is_read_by_git(path.encode())],
)
def test_a_patch_that_names_one_is_refused(path: str, mode: str) -> None:
    with pytest.raises(PatchError, match="names the path") as error:
        parse_patches(Path("x.patch"), new_file(path, mode))
    assert error.value.hint == "do not use this patch; inform its sender"


@pytest.mark.parametrize("path", [".gitignore", ".gitmodules", "sub/.gitattributes", ".mailmap"])
def test_files_of_that_name_are_no_links(path: str) -> None:
    [patch] = parse_patches(Path("x.patch"), new_file(path, "100644"))
    assert patch.changes[0].new_path == path.encode()


def test_all_names_of_files_that_git_reads() -> None:
    assert all(is_read_by_git(path.encode()) for path in ALSO)


def test_an_edit_of_a_release_names_no_such_path() -> None:
    with pytest.raises(ValueError, match="is no path of a file in the tree"):
        parse_edit("GIT~1/config: a => b")
