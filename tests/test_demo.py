"""The demonstration repository has the properties that its story claims.

The judge is git itself (and gcc and patch, where they are installed), not the commands that the demonstration is for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain, combinations
from pathlib import Path

import pytest

from git_xsa.__main__ import main
from git_xsa.demo import write
from git_xsa.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
#: The commits of the demonstration repository by what they are for, by their subjects.
ARGO = "argo: check for overflow before comparing with the size of the ring"
IOTLB = "iommu: flush the I/O TLB when pages are unmapped"
MAPPED = "gnttab: bound the number of a domain's grants in use"
MSR = "x86/msr: don't hand rubble to guests that read MISC_ENABLE"
PIN = "gnttab: don't let the pin count wrap"
QUIRKS = "iommu: add the quirks of two more families of bridges"
UNMAP = "gnttab: let only the grantee unmap a grant"
WRAPPED = "xen/memory: tell ranges that wrap from ranges that are too large"
GNTTAB, IOMMU = "xen/common/grant_table.c", "xen/drivers/passthrough/iommu.c"
RELEASE = "RELEASE-4.20.1"
BRANCHES = ("stable-4.20", "stable-4.21")
MARKER = re.compile(r"^This is (?:part of )?(?:CVE-\d+-\d+ / )?XSA-(\d+)", re.MULTILINE)

needs_compiler = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("make")), reason="gcc and make are not installed"
)
needs_patch = pytest.mark.skipif(not shutil.which("patch"), reason="GNU patch is not installed")


def environment(**more: str) -> dict[str, str]:
    """Return the environment for git: nothing of the user's, and ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"} | more


def run(folder: Path, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment(**more), input=given, capture_output=True, text=True, check=False
    )


def git(folder: Path, *words: str, given: str = "", **more: str) -> str:
    done = run(folder, "git", *words, given=given, **more)
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.rstrip("\n")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a demonstration repository that no test changes."""
    folder = tmp_path_factory.mktemp("demo") / "repository"
    write(folder)
    return folder


class Trial:
    """A release with patches on it, in an index of its own.  Its objects go to a folder of its own."""

    def __init__(self, demo: Path, place: Path, base: str = RELEASE) -> None:
        objects = place / "objects"
        objects.mkdir(parents=True)
        self.demo = demo
        self.place = place
        self.more = {
            "GIT_INDEX_FILE": str(place / "index"),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(demo / ".git" / "objects"),
        }
        git(demo, "read-tree", base, **self.more)

    def apply(self, *patches: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        words = ["git", "apply", "--cached", "--verbose", *(["--check"] if check else [])]
        return run(self.demo, *words, given="".join(patches), **self.more)

    def file(self, path: str) -> str:
        return git(self.demo, "show", f":{path}", **self.more)

    def build(self) -> subprocess.CompletedProcess[str]:
        """Build and run what the index holds."""
        git(self.demo, "checkout-index", "--all", "--force", f"--prefix={self.place}/tree/", **self.more)
        return run(self.place / "tree", "make", "run")


@pytest.fixture
def trial(demo: Path, tmp_path: Path) -> Trial:
    return Trial(demo, tmp_path)


def commits(demo: Path, base: str = RELEASE, tip: str = "stable-4.20") -> list[str]:
    return git(demo, "rev-list", "--reverse", f"{base}..{tip}").split()


def commit(demo: Path, change: str, base: str = RELEASE, tip: str = "stable-4.20") -> str:
    """Return the commit that ``change`` became on the branch."""
    (found,) = (each for each in commits(demo, base, tip) if subject(demo, each) == change)
    return found


def subject(demo: Path, name: str) -> str:
    return git(demo, "log", "-1", "--format=%s", name)


def message(demo: Path, name: str) -> str:
    return git(demo, "log", "-1", "--format=%B", name)


def patch(demo: Path, name: str) -> str:
    return git(demo, "diff-tree", "-p", "--no-commit-id", "--root", name) + "\n"


def body(text: str, function: str) -> str:
    """Return the text of the C function called ``function``."""
    found = re.search(rf"^\w.*\b{function}\([^;]*?\)\n{{\n(.*?)^}}\n", text, re.MULTILINE | re.DOTALL)
    assert found, f"{function} is not there"
    return found[1]


# The repository


def test_refs_are_the_same_every_time(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").chmod(0o755)
    (tmp_path / "config").write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[init]\n\tdefaultBranch = trunk\n\ttemplateDir = {hooks}\n"
        "[user]\n\tname = Someone Else\n\tuseConfigOnly = true\n"
    )
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "config"),
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_WORK_TREE": str(tmp_path / "elsewhere"),
        "GIT_INDEX_FILE": str(tmp_path / "elsewhere.index"),
        "TZ": "Asia/Kathmandu",
    }.items():
        monkeypatch.setenv(name, value)
    other = tmp_path / "other"
    write(other)
    assert git(other, "show-ref") == git(demo, "show-ref")
    assert git(other, "status", "--porcelain") == ""
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "elsewhere.index").exists()


def test_repository_is_sound(demo: Path) -> None:
    git(demo, "fsck", "--strict", "--no-dangling")
    assert git(demo, "status", "--porcelain", "--branch") == "## master"
    branches = git(demo, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert branches == sorted(["master", "staging", "stable-4.20", "staging-4.20", "stable-4.21", "staging-4.21"])
    tags = git(demo, "for-each-ref", "--format=%(objecttype) %(refname:short) %(contents:subject)", "refs/tags")
    assert tags.splitlines() == [f"tag RELEASE-{version} Xen {version}" for version in ("4.20.0", "4.20.1", "4.21.0")]


@pytest.mark.parametrize("branch", BRANCHES)
def test_branches_are_supported_for_long(demo: Path, branch: str) -> None:
    text = git(demo, "show", f"{branch}:SUPPORT.md")
    fields = dict(re.findall(r"^    (Xen-Version|[A-Z][a-z]+(?:-[A-Z][a-z]+)+): (.*)$", text, re.MULTILINE))
    assert fields["Xen-Version"] == branch.removeprefix("stable-")
    assert re.fullmatch(r"2025-\d\d-\d\d", fields["Initial-Release"])
    assert "2090" < fields["Supported-Until"] < fields["Security-Support-Until"]


@pytest.mark.parametrize("branch", BRANCHES)
def test_backports_name_their_originals(demo: Path, branch: str) -> None:
    named = []
    for name in git(demo, "rev-list", f"master..{branch}").split():
        found = re.search(r"(?:cherry picked from|master) commit:? (\w{40})", message(demo, name))
        if found:
            git(demo, "merge-base", "--is-ancestor", found[1], "master")
            assert subject(demo, found[1]) == subject(demo, name)
            named.append(name)
        else:
            assert subject(demo, name).startswith("update Xen version to 4.2")
        date = re.search(r"^master date: (.*)$", message(demo, name), re.MULTILINE)
        if found and date:
            assert date[1] == git(demo, "log", "-1", "--format=%ci", found[1])
    assert len(named) >= 6


def test_advisories_are_marked(demo: Path) -> None:
    def marked(base: str, tip: str) -> list[str]:
        return MARKER.findall("\n".join(message(demo, name) for name in commits(demo, base, tip)))

    assert marked(RELEASE, "stable-4.20") == ["9001", "9003", "9004", "9002"]
    assert marked("RELEASE-4.21.0", "stable-4.21") == ["9001", "9003", "9004", "9002", "9002"]
    assert marked("RELEASE-4.20.0", RELEASE) == []


def test_existing_things_are_left_alone(tmp_path: Path) -> None:
    empty, full, file = tmp_path / "empty", tmp_path / "full", tmp_path / "file"
    empty.mkdir()
    write(empty)
    assert (empty / "xen" / "Makefile").exists()
    full.mkdir()
    (full / "precious").touch()
    file.touch()
    for occupied in (full, file, file / "below", empty):
        with pytest.raises(UsageError):
            write(occupied)
    assert list(full.iterdir()) == [full / "precious"]


# XSA-9001


def test_9001_applies_to_the_release(demo: Path, trial: Trial) -> None:
    assert trial.apply(patch(demo, commit(demo, MSR))).returncode == 0
    assert trial.file("xen/arch/x86/msr.c") == git(demo, "show", "stable-4.20:xen/arch/x86/msr.c")


# XSA-9002


def subsets(items: list[str]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def test_9002_needs_exactly_two_commits(demo: Path, trial: Trial) -> None:
    fix = commit(demo, UNMAP)
    needed = {commit(demo, PIN), commit(demo, MAPPED)}
    patches = {name: patch(demo, name) for name in commits(demo)}
    before = commits(demo, tip=f"{fix}^")
    enough = [
        set(subset)
        for subset in subsets(before)
        if trial.apply(*(patches[name] for name in subset), patches[fix], check=True).returncode == 0
    ]
    assert enough[0] == needed
    assert all(needed <= subset for subset in enough)
    assert len(enough) == 2 ** (len(before) - 2), "every other commit is optional"


def test_9002_needs_the_first_only_through_the_second(demo: Path, trial: Trial) -> None:
    pin = body(git(demo, "show", f"{commit(demo, PIN)}:{GNTTAB}"), "gnttab_map")
    written = {line for line in pin.splitlines() if "GNTPIN_MAX" in line or "ENOSPC" in line}
    assert len(written) == 2
    old_lines = {line[1:] for line in patch(demo, commit(demo, UNMAP)).splitlines() if line[:1] in (" ", "-")}
    assert not written & old_lines
    assert trial.apply(patch(demo, commit(demo, PIN))).returncode == 0
    assert trial.apply(patch(demo, commit(demo, UNMAP))).returncode != 0


# XSA-9003

FLUSH = "    iotlb_flush(d, gfn, nr);\n"


def test_9003_lands_in_the_wrong_function(demo: Path, trial: Trial) -> None:
    done = trial.apply(patch(demo, commit(demo, IOTLB)))
    assert done.returncode == 0
    assert "offset" not in done.stderr
    text = trial.file(IOMMU)
    assert FLUSH in body(text, "iommu_map")
    assert FLUSH not in body(text, "iommu_unmap")
    right = git(demo, "show", f"stable-4.20:{IOMMU}")
    assert FLUSH not in body(right, "iommu_map")
    assert FLUSH in body(right, "iommu_unmap")


@needs_patch
def test_9003_is_misplaced_by_patch_too(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "iommu.c").write_text(git(demo, "show", f"{RELEASE}:{IOMMU}") + "\n")
    done = run(tmp_path, "patch", "iommu.c", given=patch(demo, commit(demo, IOTLB)))
    assert (done.returncode, done.stdout) == (0, "patching file iommu.c\n")
    assert FLUSH in body((tmp_path / "iommu.c").read_text(), "iommu_map")


def test_9003_has_its_lines_in_the_release(demo: Path, trial: Trial) -> None:
    """No commit since the release has touched the function, so nothing but the line numbers is missing."""
    fix = commit(demo, IOTLB)
    at_release, before_fix = (git(demo, "show", f"{name}:{IOMMU}") for name in (RELEASE, f"{fix}^"))
    assert body(at_release, "iommu_unmap") == body(before_fix, "iommu_unmap")
    assert trial.apply(patch(demo, commit(demo, QUIRKS)), patch(demo, fix)).returncode == 0
    assert FLUSH in body(trial.file(IOMMU), "iommu_unmap")


# XSA-9004


def test_9004_applies_and_uses_a_name_from_elsewhere(demo: Path, trial: Trial) -> None:
    fix, helper = commit(demo, ARGO), commit(demo, WRAPPED)
    assert trial.apply(patch(demo, fix)).returncode == 0
    assert trial.file("xen/common/argo.c") == git(demo, "show", "stable-4.20:xen/common/argo.c")
    assert run(demo, "git", "grep", "-q", "add_overflows", RELEASE).returncode == 1
    introduced = git(demo, "log", "--reverse", "--format=%H", "-Sadd_overflows", f"{RELEASE}..stable-4.20").split()
    assert introduced == [helper, fix]
    touched = [set(git(demo, "diff-tree", "-r", "--name-only", f"{name}^", name).split()) for name in introduced]
    assert not touched[0] & touched[1]


@needs_compiler
def test_9004_builds_only_with_the_helper(demo: Path, trial: Trial, tmp_path: Path) -> None:
    trial.apply(patch(demo, commit(demo, ARGO)))
    failed = trial.build()
    assert failed.returncode != 0
    assert "add_overflows" in failed.stderr
    assert trial.apply(patch(demo, commit(demo, WRAPPED))).returncode == 0
    assert trial.build().returncode == 0


# Stable-4.21


def test_fixes_apply_to_the_release_of_4_21(demo: Path, tmp_path: Path) -> None:
    release, tip = "RELEASE-4.21.0", "stable-4.21"
    fixes = [name for name in commits(demo, release, tip) if MARKER.search(message(demo, name))]
    for number, name in enumerate(fixes):
        assert Trial(demo, tmp_path / str(number), release).apply(patch(demo, name)).returncode == 0
    together = Trial(demo, tmp_path / "together", release)
    assert together.apply(*(patch(demo, name) for name in fixes)).returncode == 0
    for path in (GNTTAB, IOMMU, "xen/arch/x86/msr.c", "xen/common/argo.c"):
        assert together.file(path) == git(demo, "show", f"{tip}:{path}")


# What it is like to run


@needs_compiler
@pytest.mark.parametrize(
    ("name", "version", "reached"),
    [
        ("RELEASE-4.20.0", "4.20.0", "yes"),
        (RELEASE, "4.20.1", "yes"),
        ("RELEASE-4.21.0", "4.21.0", "yes"),
        ("stable-4.20", "4.20.2-pre", "no"),
        ("stable-4.21", "4.21.1-pre", "no"),
        ("master", "4.22-unstable", "no"),
    ],
)
def test_program_builds_and_shows_the_defects(
    demo: Path, tmp_path: Path, name: str, version: str, reached: str
) -> None:
    done = Trial(demo, tmp_path, name).build()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"(XEN) Xen version {version}\n" in done.stdout
    assert f"device still reaches page 3: {reached}\n" in done.stdout
    assert f"d3: unmap the grant of d2: {reached}\n" in done.stdout
    assert ("value 0xbadc0de\n" in done.stdout) == (reached == "yes")


@needs_compiler
def test_misplaced_fix_builds_and_mends_nothing(demo: Path, trial: Trial) -> None:
    trial.apply(patch(demo, commit(demo, IOTLB)))
    done = trial.build()
    assert done.returncode == 0
    assert "device still reaches page 3: yes\n" in done.stdout


# The story


def tell(folder: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    return run(ROOT, sys.executable, "-m", "git_xsa", "demo", str(folder), PATH=path)


def stand_ins(place: Path, **statuses: int) -> str:
    """Make commands that print how they are called and end with a status; return a PATH that finds them."""
    place.mkdir()
    for name, status in statuses.items():
        program = place / f"git-xsa-{name}"
        program.write_text(f'#!/bin/sh\necho "called: {name} $*"\ngit rev-parse --verify {RELEASE}\nexit {status}\n')
        program.chmod(0o755)
    return f"{place}{os.pathsep}{os.environ['PATH']}"


def test_story_runs_what_it_shows(demo: Path, tmp_path: Path) -> None:
    done = tell(tmp_path / "repository", stand_ins(tmp_path / "bin", check=1, prereqs=0))
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.findall(r"^\$ git xsa-(.*)$", done.stdout, re.MULTILINE)
    called = re.findall(r"^called: (.*?) ?$", done.stdout, re.MULTILINE)
    assert shown == called
    assert shown[0] == "check"
    assert shown[1] == f"prereqs --onto {RELEASE} --xsa 9002 --why"
    assert len(shown) == 5
    assert done.stdout.count(git(demo, "rev-parse", RELEASE)) == 5
    assert f"    {tmp_path}/repository\n" in done.stdout
    assert f"there have been {len(commits(demo))} commits" in done.stdout
    assert "{" not in done.stdout
    assert max(map(len, done.stdout.replace(str(tmp_path), "").splitlines())) < 80


@needs_compiler
def test_story_shows_how_9004_fails(tmp_path: Path) -> None:
    told = tell(tmp_path / "repository", stand_ins(tmp_path / "bin", check=1, prereqs=0)).stdout
    shown = re.search(r"^    cd .*?    make\n", told, re.MULTILINE | re.DOTALL)
    mending = re.search(r'"(git\s+cherry-pick\s+--no-commit\s+\w+)" and make', told)
    assert shown
    assert mending
    failed = run(tmp_path, "sh", "-e", "-c", shown[0])
    assert failed.returncode != 0
    assert "add_overflows" in failed.stderr
    assert run(tmp_path / "repository", "sh", "-e", "-c", f"{' '.join(mending[1].split())}\nmake").returncode == 0


def test_story_ends_where_a_command_disagrees(tmp_path: Path) -> None:
    done = tell(tmp_path / "repository", stand_ins(tmp_path / "bin", check=1, prereqs=2))
    assert done.returncode == 128
    assert "fatal: 'git xsa-prereqs --onto RELEASE-4.20.1 --xsa 9002 --why' ended with status 2" in done.stderr
    assert f"hint: the demonstration repository is in {tmp_path}/repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").touch()
    assert main(["demo", str(tmp_path)]) == 129
    assert main(["demo", "one", "two"]) == 129
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"error: {tmp_path} is not empty"


def test_a_folder_may_be_named_from_here(tmp_path: Path) -> None:
    path = stand_ins(tmp_path / "bin", check=1, prereqs=0)
    words = (sys.executable, "-m", "git_xsa", "demo", "repository")
    done = run(tmp_path, *words, PATH=path, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"    {tmp_path}/repository\n" in done.stdout


def test_quiet_writes_the_repository_and_says_where(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "git_xsa", "demo", "--quiet")
    named = run(ROOT, *words, str(tmp_path / "named"), TMPDIR=str(tmp_path))
    unnamed = run(ROOT, *words, TMPDIR=str(tmp_path))
    assert (named.returncode, named.stdout, named.stderr) == (0, "", "")
    assert (unnamed.returncode, unnamed.stderr) == (0, "")
    made = Path(unnamed.stdout.removesuffix("\n"))
    assert made.parent == tmp_path
    tips = [git(folder, "for-each-ref", "--format=%(objectname) %(refname)") for folder in (made, tmp_path / "named")]
    assert RELEASE in tips[0]
    assert tips[0] == tips[1]


def test_whole_demonstration(tmp_path: Path) -> None:
    done = tell(tmp_path / "repository")
    assert (done.returncode, done.stderr) == (0, "")
    for fact in (RELEASE, "RELEASE-4.21.0", "XSA-9001", PIN, MAPPED, "misplaced"):
        assert fact in done.stdout
    assert git(tmp_path / "repository", "status", "--porcelain") == ""
