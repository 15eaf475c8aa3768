"""What bad or unusual input gets (design, section 8): one message, the right exit status, nothing written.

Each refusal is compared word by word.  What is unusual but fine must give the same answer as the usual form.
"""

from __future__ import annotations

import gc
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path

import pytest
from repositories import (
    ALONE,
    NOT_KNOWN,
    PROGRAM,
    Answer,
    Draft,
    Place,
    git,
    lines,
    numbered,
    refused,
    run,
    snapshot,
    story,
    varied,
)

RELEASE = "RELEASE-1.0.1"
OLDER = "RELEASE-1.0.0"
UNSHALLOW = "the clone is shallow: run git fetch --unshallow --tags"
NO_TAGS = "the repository has no release tags: run git fetch --tags, or go to a clone of the project"
LIST_NAMES = "git tag and git branch -a list the existing names"
NO_BRANCH = (
    "go to a clone of the project, or name one with --history; "
    "stable branches are named 'stable-*' (git config xsa.stableBranch)"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder for temporary files, which nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    gc.enable()  # a session goes without


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


@pytest.fixture
def variety(tmp_path: Path) -> Place:
    """Return a repository with every kind of change; see ``repositories.varied``."""
    return varied().write(tmp_path / "varied")


@pytest.fixture
def expected(variety: Place) -> Answer:
    """Return what ``check --json`` says of ``variety``, asked once: its commits are the same every time."""
    if not _EXPECTED:
        _EXPECTED.append(variety.run("check", "--json"))
    return _EXPECTED[0]


_EXPECTED: list[Answer] = []


def commands(base: str = RELEASE) -> list[tuple[str, ...]]:
    """Return each command that needs the base, in all its forms."""
    return [
        ("check", "--onto", base),
        ("check", "--onto", base, "--each", "--json"),
        ("prereqs", "--onto", base, "--xsa", "2"),
        ("prereqs", "--onto", base, "stable-1.0", "--json"),
    ]


# Repositories of every form


def test_bare(variety: Place, expected: Answer, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(variety.folder), "bare")
    assert run(tmp_path / "bare", "check", "--json") == expected
    assert run(tmp_path / "bare", "stats", "--json") == variety.run("stats", "--json")


def test_mirror(variety: Place, expected: Answer, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--mirror", str(variety.folder), "mirror")
    assert run(tmp_path / "mirror", "check", "--json") == expected


def test_sha256(tmp_path: Path) -> None:
    usual = varied().write(tmp_path / "usual")
    other = varied(64).write(tmp_path / "other", "--object-format=sha256")
    names = {usual[number]: other[number] for number in usual.ids}

    for words, status in ((("check", "--json"), 1), (("check", "--each", "--json"), 1), (("stats", "--json"), 0)):
        expected = usual.run(*words).out
        for name, longer in names.items():
            expected = expected.replace(name, longer)
        assert other.run(*words) == (status, expected, "")
    assert all(len(name) == 64 for name in other.ids.values())


def test_worktree(variety: Place, expected: Answer, tmp_path: Path) -> None:
    variety.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), OLDER)
    assert run(tmp_path / "tree", "check", "--json") == expected


def test_folder_below(variety: Place, expected: Answer) -> None:
    (variety.folder / "deep" / "er").mkdir(parents=True)

    for name in ("deep/er", "sp ace", ".git", ".git/objects"):
        assert run(variety.folder / name, "check", "--json") == expected


def test_objects_that_are_elsewhere(variety: Place, expected: Answer, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", "--bare", str(variety.folder), "shared")
    git(tmp_path, "clone", "--quiet", "--shared", "--no-checkout", "shared", "twice")

    assert run(tmp_path / "shared", "check", "--json") == expected
    assert run(tmp_path / "twice", "check", "--json") == expected


def test_objects_in_one_pack_with_a_commit_graph(variety: Place, expected: Answer) -> None:
    variety.git("pack-refs", "--all")
    variety.git("gc", "--quiet", "--prune=now")
    variety.git("commit-graph", "write", "--reachable", "--changed-paths")
    assert variety.run("check", "--json") == expected


@pytest.mark.parametrize(
    "name", ["co:lon", 'q"uo:te', "back\\slash:", os.fsdecode(b"l\xe9"), "a b", "$x;`y`", "-d", "tab\t"]
)
def test_odd_name_of_the_folder(name: str, variety: Place, expected: Answer, tmp_path: Path) -> None:
    """A colon stands between folders where git looks for objects: everything was once "misplaced" there."""
    shutil.copytree(variety.folder, tmp_path / name, symlinks=True)
    assert run(tmp_path / name, "check", "--json") == expected


def test_newline_in_the_name_of_the_folder(tmp_path: Path) -> None:
    place = story().write(tmp_path / "new\nline")
    refused(
        place.folder, ["check"], 128, "the path of the repository has a newline in it",
        "git-xsa can't work there; move the repository",
    )  # fmt: skip


def test_replaced_objects_do_not_count(variety: Place, expected: Answer) -> None:
    """What ``git replace`` shows in their place is not what the branch has."""
    old = variety.git("rev-parse", f"{OLDER}:a.c")
    new = variety.git("hash-object", "-w", "--stdin", given=b"other\n")
    variety.git("replace", old, new)
    variety.git("replace", variety[5], variety[4])
    assert variety.run("check", "--json") == expected


# Names that nothing has


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nothing", LIST_NAMES),
        ("v1.0.1", "the release is called RELEASE-1.0.1"),
        ("xen-1.0.1", "the release is called RELEASE-1.0.1"),
        ("1.0", "the releases nearest to it are RELEASE-1.0.0, RELEASE-1.0.1"),
        ("RELEASE-1.0", "the releases nearest to it are RELEASE-1.0.0, RELEASE-1.0.1"),
        ("origin/stable-1.0", LIST_NAMES),
        ("RELEASE-1.0.9", "the releases nearest to it are RELEASE-1.0.0, RELEASE-1.0.1"),
        ("RELEASE-9.0.9", LIST_NAMES),
        ("0123456789abcdef0123456789abcdef01234567", LIST_NAMES),
        ("", LIST_NAMES),
        ("a b", LIST_NAMES),
        ("-x", LIST_NAMES),
        ("ü", LIST_NAMES),
        ("HEAD..", LIST_NAMES),
    ],
)
def test_unknown_base(name: str, hint: str, place: Place) -> None:
    what = f"there is no commit {name!r} in {place.folder}/.git"

    refused(place.folder, ["check", f"--onto={name}"], 128, what, hint)
    if name:
        refused(place.folder, ["prereqs", f"--onto={name}", "--xsa", "2"], 128, what, hint)


def test_name_of_something_else_than_a_commit(place: Place) -> None:
    for name, kind in (("HEAD:a.c", "blob"), ("HEAD^{tree}", "tree")):
        what = f"{name!r} is a {kind} and not a commit"
        refused(place.folder, ["check", "--onto", name], 128, what, LIST_NAMES)
        refused(place.folder, ["prereqs", "--onto", RELEASE, "--tip", name, "--xsa", "2"], 128, what, LIST_NAMES)


def test_abbreviation_that_several_objects_begin_with(place: Place) -> None:
    seen: dict[str, bytes] = {}
    for number in range(10_000):
        content = b"%d" % number
        short = sha1(b"blob %d\0" % len(content) + content).hexdigest()[:4]  # git asks for four digits at least
        if short in seen:
            break
        seen[short] = content
    for twin in (content, seen[short]):
        place.git("hash-object", "-w", "--stdin", given=twin)
    what = f"the names of several objects in {place.folder}/.git begin with {short!r}"
    hint = f"give more digits: git rev-parse --disambiguate={short} lists them"

    refused(place.folder, ["check", "--onto", short], 128, what, hint)
    refused(place.folder, ["prereqs", "--onto", RELEASE, "--tip", short, "--xsa", "2"], 128, what, hint)


def test_unknown_base_that_could_harm_a_terminal(place: Place) -> None:
    done = place.run("check", "--onto", "\x1b[2J\udcff\u202e")
    shown = "'\\x1b[2J\\udcff\\u202e'"
    assert done == (128, "", f"fatal: there is no commit {shown} in {place.folder}/.git\nhint: {LIST_NAMES}\n")


def test_base_with_a_newline(place: Place) -> None:
    what = f"there is no commit 'HEAD\\nHEAD' in {place.folder}/.git"
    refused(place.folder, ["check", "--onto", "HEAD\nHEAD"], 128, what, LIST_NAMES)


def test_name_with_a_nul_among_the_requests(place: Place) -> None:
    """It once ended in an internal error; to git the name would end there."""
    asked = f"{RELEASE}\0x stable-1.0\n{RELEASE} stable-1.0\0x\n{RELEASE}\nx y\n{RELEASE} stable-1.0\n"
    done = place.run("prereqs", "--stdin", given=asked)

    assert (done.status, done.out.splitlines()[:4]) == (129, ["error"] * 4)
    assert done.out.splitlines()[4].startswith("applies ")
    where = f"in {place.folder}/.git"
    assert done.err.splitlines() == [
        f"error: {RELEASE}\\x00x stable-1.0: there is no commit '{RELEASE}\\x00x' {where}",
        f"error: {RELEASE} stable-1.0\\x00x: there is no commit 'stable-1.0\\x00x' {where}",
        f"error: {RELEASE}: {RELEASE} is not followed by a commit",
        f"error: x y: there is no commit 'x' {where}",
    ]


def test_unknown_tip(place: Place) -> None:
    what = f"there is no commit 'nothing' in {place.folder}/.git"
    refused(place.folder, ["prereqs", "--onto", RELEASE, "--tip", "nothing", "--xsa", "2"], 128, what, LIST_NAMES)


@pytest.mark.parametrize("name", ["nothing", "no/thing", "", "HEAD:a.c"])
def test_neither_commit_nor_file(name: str, place: Place) -> None:
    words = ["prereqs", "--onto", RELEASE, "--", name]
    refused(place.folder, words, 128, f"{name!r} is neither a commit nor a file", LIST_NAMES)


def test_commit_of_another_branch(place: Place) -> None:
    refused(
        place.folder, ["prereqs", "--onto", RELEASE, "--tip", "stable-1.0", "own"], 128,
        f"own is not between {RELEASE} and stable-1.0",
        f"git branch -a --contains {place[11][:12]} shows its branch; give that with --tip",
    )  # fmt: skip


def test_commits_of_several_branches(tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", {"x": lines("abc")}, on="master")
    left = draft.commit("left", {"x": lines("aBc")}, on="left", after=1)
    right = draft.commit("right", {"x": lines("abC")}, on="right", after=1)
    place = draft.write(tmp_path)
    done = place.run("prereqs", "--onto", "master", "left", "right")

    names = sorted([place.short(left), place.short(right)])
    assert (done.status, done.out) == (128, "")
    assert sorted(done.err.splitlines()[0].removeprefix("fatal: ").split()[::2][:2]) == names
    assert done.err.endswith("are not on one branch\nhint: give commits of one stable branch at a time\n")


def test_base_that_has_nothing_in_common_with_the_branch(place: Place) -> None:
    tree = place.git("mktree")
    stranger = place.git("commit-tree", tree, "-m", "stranger")
    for words in (["prereqs", "--tip", "stable-1.0", "--xsa", "2"], ["check"]):
        refused(
            place.folder, [*words, "--onto", stranger], 128,
            f"{stranger} has no file as a release has it, so it is unknown from which one it was made",
            "give a commit of this project or the folder that holds xen/, and fetch the releases: git fetch --tags",
        )  # fmt: skip


# Repositories that lack something


def test_not_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    hint = "use a clone of the project's repository, or name one: --history <clone>, git config xsa.history"

    for words in (["check"], ["prereqs", "--onto", "x", "--xsa", "1"], ["prereqs", "--stdin"], ["stats"]):
        refused(folder, words, 128, f"{folder} is not in a git repository", hint)


def test_no_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    folder = tmp_path / "empty"
    no_branch = f"there is no stable branch in {folder}/.git"

    refused(folder, ["check"], 128, f"{no_branch} that gets security fixes", NO_BRANCH)
    refused(folder, ["check", "--all", "--json"], 128, no_branch, NO_BRANCH)
    refused(folder, ["stats"], 128, no_branch, NO_BRANCH)
    refused(folder, ["check", "--onto", "HEAD"], 128, f"there is no commit 'HEAD' in {folder}/.git", NO_TAGS)
    refused(
        folder, ["prereqs", "--onto", "HEAD", "--xsa", "1"], 128, f"there is no commit 'HEAD' in {folder}/.git", NO_TAGS
    )


def test_no_stable_branch(tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", {"x": b"x\n"}, on="main")
    place = draft.write(tmp_path / "main")
    what = f"there is no stable branch in {place.folder}/.git"

    refused(place.folder, ["check"], 128, f"{what} that gets security fixes", NO_BRANCH)
    refused(place.folder, ["check", "--all"], 128, what, NO_BRANCH)
    refused(place.folder, ["stats", "--json"], 128, what, NO_BRANCH)


def test_no_release_tag(place: Place, tmp_path: Path) -> None:
    """It once ended with status 0, although nothing had been checked."""
    git(tmp_path, "clone", "--quiet", "--no-tags", str(place.folder), "clone")
    folder = tmp_path / "clone"
    what = f"no stable branch has a release tag in {folder}/.git"

    refused(folder, ["check"], 128, what, "fetch them: git fetch --tags")
    refused(folder, ["check", "--all", "--each", "--json"], 128, what, "fetch them: git fetch --tags")
    refused(folder, ["stats"], 128, what, "fetch them: git fetch --tags")
    refused(folder, ["stats", "--branch", "1.0", "--json"], 128, what, "fetch them: git fetch --tags")
    refused(folder, ["check", "--onto", RELEASE], 128, f"there is no commit {RELEASE!r} in {folder}/.git", NO_TAGS)
    refused(
        folder, ["prereqs", "--onto", RELEASE, "--xsa", "2"], 128, f"there is no commit {RELEASE!r} in {folder}/.git",
        NO_TAGS,
    )  # fmt: skip


def test_one_branch_without_a_release_tag(place: Place) -> None:
    place.git("branch", "stable-2.0", "stable-1.0")
    done = place.run("check", "--each")

    assert (done.status, done.out.splitlines()[0]) == (1, "RELEASE-1.0.1, 6 commits behind stable-1.0")
    assert done.err == "note: stable-2.0 has no release tag: git fetch --tags\n"


def test_tags_that_are_no_commits(place: Place) -> None:
    """One such tag once made every command fail."""
    expected = place.run("check", "--json")
    place.git("tag", "RELEASE-1.0.2", "stable-1.0:a.c")
    place.git("tag", "-a", "-m", "tree", "RELEASE-1.0.3", "stable-1.0^{tree}")
    place.git("tag", "inner", "-a", "-m", "inner", "stable-1.0^{tree}")
    place.git("tag", "-a", "-m", "outer", "RELEASE-1.0.4", "inner")

    assert place.run("check", "--json") == expected


def test_tag_of_a_tag(place: Place) -> None:
    place.git("tag", "-a", "-m", "inner", "inner", "stable-1.0~1")
    place.git("tag", "-a", "-m", "outer", "RELEASE-1.0.2", "inner")
    done = place.run("check", "--json")

    (result,) = json.loads(done.out)["results"]
    assert (done.status, result["base"]) == (0, {"name": "RELEASE-1.0.2", "commit": place[ALONE]})
    assert place.run("check").out.splitlines()[0] == "RELEASE-1.0.2, 1 commit behind stable-1.0"


def _shallow(place: Place, folder: Path, depth: int) -> Path:
    git(folder, "clone", "--quiet", f"--depth={depth}", f"file://{place.folder}", "shallow")
    return folder / "shallow"


def test_shallow_clone_without_the_release(place: Place, tmp_path: Path) -> None:
    folder = _shallow(place, tmp_path, 3)

    refused(folder, ["check"], 128, f"no stable branch has a release tag in {folder}/.git", UNSHALLOW)
    refused(folder, ["stats"], 128, f"no stable branch has a release tag in {folder}/.git", UNSHALLOW)
    for words in commands()[:3]:
        refused(folder, words, 128, f"there is no commit {RELEASE!r} in {folder}/.git", UNSHALLOW)
    ask = ["prereqs", "--onto", "HEAD~1", "HEAD~9"]
    refused(folder, ask, 128, "'HEAD~9' is neither a commit nor a file", UNSHALLOW)


def test_shallow_clone_that_ends_before_the_release(place: Place, tmp_path: Path) -> None:
    folder = _shallow(place, tmp_path, 3)
    git(folder, "fetch", "--quiet", "--depth=1", "origin", "tag", RELEASE)

    for words in (("check",), ("stats",), *commands()[:3]):
        refused(folder, words, 128, f"{RELEASE} and stable-1.0 have no commit in common", UNSHALLOW)


def test_the_command_that_a_shallow_clone_is_told_helps(place: Place, tmp_path: Path) -> None:
    folder = _shallow(place, tmp_path, 3)
    words = run(folder, "check").err.partition(": run git ")[2].partition("\n")[0].split()
    git(folder, *words)

    assert run(folder, "check", "--branch=1.0", "--json") == place.run("check", "--json")


def test_shallow_clone_that_is_deep_enough(place: Place, tmp_path: Path) -> None:
    folder = _shallow(place, tmp_path, 7)
    git(folder, "fetch", "--quiet", "--tags")
    assert run(folder, "check", "--branch=1.0", "--json") == place.run("check", "--json")


def test_partial_clone(place: Place, tmp_path: Path) -> None:
    """Left to itself git fetches what is missing, and so writes to the repository, without being asked."""
    place.git("config", "uploadpack.allowFilter", "true")
    place.git("config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", "--no-checkout", f"file://{place.folder}", "partial")
    folder = tmp_path / "partial"
    before = snapshot(folder)

    for words in (("check",), *commands()):
        done = run(folder, *words)
        assert (done.status, done.out) == (128, "")
        what, hint = done.err.splitlines()
        assert what.startswith("fatal: ")
        assert hint.endswith("git fetch --refetch --no-filter")
    assert snapshot(folder) == before


def test_missing_object(place: Place) -> None:
    blob = place.git("rev-parse", f"{RELEASE}:a.c")
    place.git("unpack-objects", "-q", given=b"", accept=(0, 128))
    pack = next((place.folder / ".git" / "objects" / "pack").glob("*.pack"), None)
    if pack is not None:
        content = pack.read_bytes()
        for path in (place.folder / ".git" / "objects" / "pack").iterdir():
            path.unlink()
        place.git("unpack-objects", "-q", given=content)
    (place.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    refused(
        place.folder, ["prereqs", "--onto", RELEASE, "--xsa", "2"], 128,
        f"object {blob} is missing from {place.folder}/.git",
        "check the clone with git fsck; in a partial clone, run git fetch --refetch --no-filter",
    )  # fmt: skip


def test_git_dies_while_it_is_asked(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That once passed for a commit that does not exist."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    script = f'#!/bin/sh\ncase "$*" in *" cat-file "*) read -r name; exit 128 ;; esac\nexec "{real}" "$@"\n'
    (tmp_path / "bin" / "git").write_text(script, encoding="utf-8")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    what = "git cat-file failed: the process ended in the middle of an answer"
    hint = "check the clone with git fsck; in a partial clone, run git fetch --refetch --no-filter"
    for words in commands():
        refused(place.folder, words, 128, what, hint)


def test_repository_of_somebody_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    refused(
        place.folder, ["check"], 128,
        f"git rev-parse failed: detected dubious ownership in repository at '{place.folder}'",
        "if you trust its owner: git config --global --add safe.directory " + shlex.quote(str(place.folder)),
    )  # fmt: skip


def test_git_is_missing(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    for words in (["check"], ["prereqs", "--onto", "x", "--xsa", "1"], ["prereqs", "--stdin"], ["stats"]):
        assert place.run(*words) == (
            128,
            "",
            "fatal: git is not installed, or not on PATH\nhint: install git 2.34 or later\n",
        )


def test_no_place_for_temporary_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys, tempfile; tempfile._candidate_tempdir_list = lambda: ['/nonexistent']\n"
    script += "import pathlib, git_xsa.git.scratch as s; s.SHARED_MEMORY = pathlib.Path('/nonexistent')\n"
    script += "from git_xsa.__main__ import main; sys.exit(main(['check']))"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    done = subprocess.run([PROGRAM[0], "-c", script], cwd=place.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (128, "")
    assert done.stderr.startswith("fatal: ")
    assert len(done.stderr.splitlines()) == 1
    assert "internal error" not in done.stderr


# Settings that make no sense


@pytest.mark.parametrize("key", ["xsa.stableBranch", "xsa.releaseTag"])
@pytest.mark.parametrize("value", ["", "stable", "a*b*", "**"])
def test_pattern_without_one_star(key: str, value: str, place: Place) -> None:
    place.git("config", key, value)
    what = f"the setting {key} is {value!r}: it must hold one *, which stands for the version"

    refused(place.folder, ["check"], 128, what, f"git config {key} 'name-*'")
    refused(place.folder, ["prereqs", "--onto", RELEASE, "--xsa", "2"], 128, what, f"git config {key} 'name-*'")


def test_setting_without_a_value(place: Place) -> None:
    with (place.folder / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write("[xsa]\n\tstableBranch\n")
    what = "the setting xsa.stableBranch is '': it must hold one *, which stands for the version"
    refused(place.folder, ["check"], 128, what, "git config xsa.stableBranch 'name-*'")


def test_configuration_that_git_cannot_read(place: Place) -> None:
    config = place.folder / ".git" / "config"
    number = len(config.read_text(encoding="utf-8").splitlines()) + 1
    with config.open("a", encoding="utf-8") as file:
        file.write("[broken\n")
    refused(place.folder, ["check"], 128, f"git rev-parse failed: bad config line {number} in file .git/config")


def test_pattern_that_matches_nothing(place: Place) -> None:
    place.git("config", "xsa.stableBranch", "release-*")
    what = f"there is no stable branch in {place.folder}/.git that gets security fixes"
    refused(place.folder, ["check"], 128, what, NO_BRANCH.replace("stable-*", "release-*"))


# Settings and surroundings that must not matter

SETTINGS = {
    "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.renames": "copies", "diff.algorithm": "patience",
    "diff.context": "0", "diff.orderFile": "order", "diff.external": "false", "color.ui": "always",
    "color.diff": "always", "log.showSignature": "true", "core.quotePath": "false", "apply.whitespace": "error",
    "core.autocrlf": "true", "i18n.logOutputEncoding": "latin-1", "core.pager": "false",
    "diff.ignoreSubmodules": "all", "core.splitIndex": "true", "core.attributesFile": "attributes",
    "core.fsmonitor": "false", "core.hooksPath": "nowhere",
}  # fmt: skip
MORE_SETTINGS = {
    "diff.interHunkContext": "10", "diff.submodule": "log", "diff.relative": "true", "diff.renameLimit": "1",
    "diff.suppressBlankEmpty": "true", "diff.wsErrorHighlight": "all", "diff.indentHeuristic": "false",
    "diff.colorMoved": "zebra", "diff.dirstat": "lines", "log.follow": "true", "log.decorate": "full",
    "log.date": "iso", "log.mailmap": "true", "log.diffMerges": "combined", "log.showRoot": "false",
    "format.pretty": "oneline", "core.eol": "crlf", "core.whitespace": "trailing-space", "core.abbrev": "4",
    "apply.ignoreWhitespace": "change", "core.bigFileThreshold": "10", "core.ignoreCase": "true",
    "i18n.commitEncoding": "latin-1", "gc.auto": "1", "index.version": "4", "feature.manyFiles": "true",
    "core.sparseCheckout": "true", "core.fileMode": "false", "core.symlinks": "false", "core.notesRef": "refs/x",
    "notes.displayRef": "*", "core.worktree": "/nonexistent", "submodule.sub.ignore": "all", "alias.log": "!false",
    "alias.apply": "!false", "pager.log": "true", "pager.xsa-check": "true", "core.commitGraph": "false",
}  # fmt: skip


@pytest.mark.parametrize("key", SETTINGS)
def test_setting_that_must_not_matter(key: str, variety: Place, expected: Answer) -> None:
    (variety.folder / ".git" / "order").write_text("*.sh\n*\n", encoding="utf-8")
    (variety.folder / ".git" / "attributes").write_text("* -diff\n", encoding="utf-8")
    value = SETTINGS[key]
    if key in ("diff.orderFile", "core.attributesFile"):
        value = str(variety.folder / ".git" / value)
    variety.git("config", "--global", key, value)

    assert variety.run("check", "--json") == expected


def test_settings_that_must_not_matter_all_together(variety: Place) -> None:
    asked = [("check", "--json"), ("check", "--each"), ("prereqs", "--onto", OLDER, "--xsa", "1,6,8,10", "--why")]
    expected = [variety.run(*words) for words in asked]
    harmless = {key: value for key, value in SETTINGS.items() if key not in ("diff.orderFile", "color.ui")}
    for key, value in (harmless | MORE_SETTINGS).items():
        variety.git("config", "--global", key, value)

    assert [variety.run(*words) for words in asked] == expected


ENVIRONMENT = {
    "GIT_EXTERNAL_DIFF": "false", "GIT_DIFF_OPTS": "-u0", "GIT_TRACE": "1", "GIT_TRACE2": "1", "GIT_TRACE_SETUP": "1",
    "GIT_INDEX_FILE": "nothing", "GIT_PAGER": "false", "GIT_PAGER_IN_USE": "1", "TERM": "xterm-256color",
    "GIT_GLOB_PATHSPECS": "1", "GIT_ICASE_PATHSPECS": "1", "GIT_NAMESPACE": "x", "GIT_DEFAULT_HASH": "sha256",
    "GIT_NOTES_REF": "x", "GIT_FLUSH": "1", "GIT_ATTR_SOURCE": "HEAD", "GIT_PREFIX": "x/", "LC_ALL": "de_DE.UTF-8",
    "GIT_CONFIG_PARAMETERS": "'diff.noprefix'='true'", "GIT_OPTIONAL_LOCKS": "1", "POSIXLY_CORRECT": "1",
    "GIT_REPLACE_REF_BASE": "refs/x/", "GIT_CEILING_DIRECTORIES": "/", "GIT_EDITOR": "false", "LANGUAGE": "de",
}  # fmt: skip


@pytest.mark.parametrize("name", [*ENVIRONMENT, "all"])
def test_variable_that_must_not_matter(
    name: str, variety: Place, expected: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one, value in ENVIRONMENT.items():
        if name in (one, "all"):
            monkeypatch.setenv(one, value)

    assert variety.run("check", "--json") == expected


@pytest.mark.parametrize(
    ("inside", "variables"),
    [
        (False, {"GIT_DIR": "{}/.git"}),
        (False, {"GIT_DIR": "{}/.git", "GIT_WORK_TREE": "{}"}),
        (True, {"GIT_DIR": ".git"}),
        (True, {"GIT_DIR": ".git", "GIT_WORK_TREE": "."}),
        (True, {"GIT_DIR": ".git", "GIT_WORK_TREE": ".", "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": ""}),
        (False, {"GIT_DIR": "{}/.git", "GIT_WORK_TREE": "/nonexistent"}),
        (False, {"GIT_DIR": "{}/.git", "GIT_COMMON_DIR": "{}/.git", "GIT_OBJECT_DIRECTORY": "{}/.git/objects"}),
    ],
)
def test_repository_that_the_environment_names(
    inside: bool,
    variables: dict[str, str],
    variety: Place,
    expected: Answer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As hooks, ``git -C`` and ``git --git-dir`` have it."""
    before = snapshot(variety.folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(variety.folder))

    assert run(variety.folder if inside else tmp_path, "check", "--json") == expected
    assert snapshot(variety.folder) == before


def test_attributes_that_must_not_matter(variety: Place, expected: Answer) -> None:
    """The answer is about commits, so what is checked out, or in the index, can't change it."""
    for name in ("textconv", "command"):
        variety.git("config", f"diff.odd.{name}", "false")
    variety.git("config", "diff.odd.binary", "true")
    (variety.folder / ".gitattributes").write_text(
        "* diff=odd\n*.c -diff text eol=crlf whitespace=-all\n", encoding="utf-8"
    )
    assert variety.run("check", "--json") == expected
    variety.git("add", ".gitattributes")
    assert variety.run("check", "--json") == expected


def test_attributes_of_the_commits_must_not_matter(tmp_path: Path) -> None:
    def written(folder: Path, attributes: bytes) -> Place:
        draft = Draft()
        draft.release("1.0.0", {"x.c": numbered(20), ".gitattributes": attributes})
        draft.commit("prepare", {"x.c": numbered(20, {9: "prepared"})})
        draft.commit("fix\n\nThis is XSA-1.", {"x.c": numbered(20, {9: "fixed"})})
        place = draft.write(folder)
        place.git("config", "diff.odd.textconv", "false")
        return place

    plain = written(tmp_path / "plain", b"")
    odd = written(tmp_path / "odd", b"* diff=odd\n*.c -diff\n")
    asked = ("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--why")
    expected = plain.run(*asked).out
    for number in plain.ids:
        expected = expected.replace(plain.short(number), odd.short(number))
    assert odd.run(*asked).out == expected


def test_the_users_own_attributes_give_the_same_verdict(variety: Place) -> None:
    """``info/attributes`` may make a file binary: the reasons are then about the whole file, the rest is as before."""
    expected = json.loads(variety.run("check", "--json").out)["results"]
    (variety.folder / ".git" / "info").mkdir(exist_ok=True)
    (variety.folder / ".git" / "info" / "attributes").write_text("* -diff\n", encoding="utf-8")
    found = json.loads(variety.run("check", "--json").out)["results"]

    assert [(one["state"], one["queue"]) for one in found] == [(one["state"], one["queue"]) for one in expected]


# Text from the repository


def test_terminal_escapes_in_a_subject(tmp_path: Path) -> None:
    subject = "x\x1b[2J\x1b]0;title\x07\r\u202eevil \u2028\x9b31m"
    draft = Draft()
    draft.release("1.0.0", {"x": numbered(20)})
    draft.commit(subject, {"x": numbered(20, {9: "\x1b[31mprepared"})})
    draft.commit(f"{subject}\n\nThis is XSA-1.", {"x": numbered(20, {9: "fixed"})})
    place = draft.write(tmp_path)
    shown = "x\\x1b[2J\\x1b]0;title\\x07\\x0d\\u202eevil \\u2028\\x9b31m"

    ask = ["prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1"]
    for words in (["check"], ["check", "--each"], [*ask, "--why"], [*ask, "--graph"], [*ask, "--graph=dot"]):
        done = place.run(*words)
        assert shown in done.out.replace("\\\\", "\\")
        assert all(character.isprintable() or character == "\n" for character in done.out)
    assert "      +\\x1b[31mprepared\n" in place.run(*ask, "--why").out

    done = place.run(*ask, "--json")
    assert done.out.isascii()
    assert all(character.isprintable() for character in done.out.rstrip("\n"))
    answer = json.loads(done.out)
    assert (answer["patches"][0]["subject"], answer["prerequisites"][0]["subject"]) == (subject, subject)
    assert answer["prerequisites"][0]["reasons"][1]["line"] == "\x1b[31mprepared"


def test_names_that_could_harm_a_terminal(tmp_path: Path) -> None:
    draft = Draft()
    path = b"\x1b[2J\n\xff \xe2\x80\xae.c"
    draft.release("1.0.0", {path: numbered(20)})
    draft.commit("prepare", {path: numbered(20, {9: "prepared"})})
    draft.commit("fix\n\nThis is XSA-1.", {path: numbered(20, {9: "fixed"})})
    place = draft.write(tmp_path)
    ask = ("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1")

    assert (
        "    \\x1b[2J \\xff \\u202e.c, hunk 1: removes a line that this commit adds\n" in place.run(*ask, "--why").out
    )
    found = json.loads(place.run(*ask, "--json").out)["prerequisites"][0]["reasons"][0]["path"]
    assert os.fsencode(found) == path


def test_messages_in_other_encodings(tmp_path: Path) -> None:
    subject = "für alle"
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abc")})
    draft.commit(f"{subject}\n\nThis is XSA-1.".encode(), {"x": lines("abC")})
    draft.commit(f"{subject}\n\nThis is XSA-2.".encode("latin-1"), {"x": lines("aBC")}, encoding="ISO-8859-1")
    draft.commit(f"{subject}\n\nThis is XSA-3.".encode("latin-1"), {"x": lines("ABC")})
    draft.commit(b"\xff\xfe\n\nThis is XSA-4.", {"x": lines("ABCD")})
    place = draft.write(tmp_path)
    done = place.run("check", "--json")

    assert done.status == 0
    (result,) = json.loads(done.out)["results"]
    assert result["xsa"] == [1, 2, 3, 4]
    assert [patch["subject"] for patch in result["patches"]] == [subject, subject, "f\ufffdr alle", "\ufffd\ufffd"]


def test_messages_are_read_as_what_they_are(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abc")})
    draft.commit("für alle\n\nThis is XSA-1.", {"x": lines("abC")})
    place = draft.write(tmp_path)
    place.git("config", "i18n.logOutputEncoding", "latin-1")
    assert place.run("check", "--each").out.splitlines()[1] == "  XSA-1     applies         für alle"


def test_signed_commits(place: Place, tmp_path: Path) -> None:
    """With ``log.showSignature`` git prints what it thinks of a signature into the log."""
    plain = place.git("cat-file", "commit", "stable-1.0")
    head, _, message = plain.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{message}\n"
    name = place.git("hash-object", "-t", "commit", "-w", "--stdin", given=signed.encode())
    place.git("update-ref", "refs/heads/stable-1.0", name)
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\necho gpg: This is XSA-99. >&2\n", encoding="utf-8")
    program.chmod(0o755)
    place.git("config", "gpg.program", str(program))
    place.git("config", "log.showSignature", "true")
    assert "This is XSA-99." in place.git("log", "-1")

    done = place.run("check", "--each", "--verbose")
    assert (done.status, done.err) == (1, "")
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["XSA-2", "XSA-3", "XSA-4", "XSA-5"]


def test_content_in_other_encodings(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x": numbered(20).replace(b"line 9\n", b"caf\xe9\n")})
    draft.commit("prepare", {"x": numbered(20).replace(b"line 9\n", b"caf\xe9 \xff\n")})
    draft.commit("fix\n\nThis is XSA-1.", {"x": numbered(20).replace(b"line 9\n", b"tea\n")})
    place = draft.write(tmp_path)
    ask = ("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1")

    assert "      +caf\\xe9 \\xff\n" in place.run(*ask, "--why").out
    reasons = json.loads(place.run(*ask, "--json").out)["prerequisites"][0]["reasons"]
    assert os.fsencode(reasons[1]["line"]) == b"caf\xe9 \xff"


def test_empty_range(place: Place) -> None:
    nothing = "stable-1.0, 0 commits behind stable-1.0\n  no advisory is outstanding\n"

    assert place.run("check", "--onto", "stable-1.0") == (0, nothing, "")
    assert place.run("prereqs", "--onto", RELEASE, "--tip", RELEASE, "--xsa", "2") == (
        1,
        f"no commit of {RELEASE}..{RELEASE} says that it fixes XSA-2\n",
        f"hint: {NOT_KNOWN}\n",
    )
    assert place.run("prereqs", "--onto", "stable-1.0", "stable-1.0~1").status == 0


def test_commits_without_changes_messages_or_authors(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x": lines("abc")})
    draft.commit("", {})
    draft.commit("\n\nThis is XSA-1.\n", {"x": lines("abC")})
    draft.commit("empty\n\nThis is XSA-2.", {})
    place = draft.write(tmp_path)
    done = place.run("check")

    assert (done.status, done.err) == (0, "")
    assert "  2 outstanding XSAs in 2 commits: all apply, in the order of the branch\n" in done.out
