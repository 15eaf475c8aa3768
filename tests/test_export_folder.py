"""The folder of an export: all or nothing, whatever happens, never over what somebody else made; and its check."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Answer, Draft, Place, below, git, numbered, run

from git_xsa.errors import XsaError
from git_xsa.export.folder import MANIFEST, differences, manifest, read_manifest, write_folder

RELEASE = "RELEASE-1.0.0"
OLD = {"a": b"old\n", "folder/b": b"old\n"}
NEW = {"a": b"new\n", "folder/c": b"new\n"}


def told(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, MANIFEST: manifest(files, {"export": "series"})}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the place for an export, in a folder that holds nothing else."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder / "made"


# What may be replaced


def test_a_new_folder(target: Path) -> None:
    assert write_folder(target, told(NEW), private=False, force=False) is None

    assert below(target) == told(NEW)
    assert os.listdir(target.parent) == ["made"]


def test_folders_above_are_made(tmp_path: Path) -> None:
    write_folder(tmp_path / "one" / "two", told(NEW), private=False, force=False)

    assert below(tmp_path / "one" / "two") == told(NEW)


def test_an_empty_folder_is_filled(target: Path) -> None:
    target.mkdir()
    write_folder(target, told(NEW), private=False, force=False)

    assert below(target) == told(NEW)


def test_an_export_as_it_was_written_is_replaced(target: Path) -> None:
    write_folder(target, told(OLD), private=False, force=False)
    assert write_folder(target, told(NEW), private=False, force=False) is None

    assert below(target) == told(NEW)
    assert os.listdir(target.parent) == ["made"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda folder: (folder / "a").write_bytes(b"mine\n"), "a was changed"),
        (lambda folder: (folder / "mine").write_bytes(b"mine\n"), "mine was added"),
        (lambda folder: (folder / "folder" / "b").unlink(), "folder/b is missing"),
        (lambda folder: ((folder / "a").unlink(), (folder / "a").symlink_to("folder/b")), "a was changed"),
    ],
)
def test_an_export_that_was_changed_is_kept(change: Callable[[Path], object], why: str, target: Path) -> None:
    write_folder(target, told(OLD), private=False, force=False)
    change(target)
    before = below(target)
    with pytest.raises(XsaError) as error:
        write_folder(target, told(NEW), private=False, force=False)
    assert error.value.what == f"{target} was changed since it was exported: {why}"
    assert error.value.hint == "choose another folder (-o), or give --force, which keeps the old one under another name"
    assert below(target) == before

    kept = write_folder(target, told(NEW), private=False, force=True)
    assert kept == target.with_name("made.old-1")
    assert below(kept) == before
    assert below(target) == told(NEW)
    assert sorted(os.listdir(target.parent)) == ["made", "made.old-1"]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_export_stays(force: bool, target: Path) -> None:
    target.mkdir()
    (target / "thesis").write_bytes(b"words\n")
    with pytest.raises(XsaError) as error:
        write_folder(target, told(NEW), private=False, force=force)

    assert error.value.what == f"{target} exists already, and was not made by git xsa-export"
    assert below(target) == {"thesis": b"words\n"}
    assert os.listdir(target.parent) == ["made"]


def test_a_file_stays(target: Path) -> None:
    target.write_bytes(b"words\n")
    with pytest.raises(XsaError, match="exists already, and is not a folder"):
        write_folder(target, told(NEW), private=False, force=True)

    assert target.read_bytes() == b"words\n"


def test_a_link_leads_to_the_folder_that_is_replaced(target: Path) -> None:
    write_folder(target, told(OLD), private=False, force=False)
    link = target.with_name("link")
    link.symlink_to("made")
    write_folder(link, told(NEW), private=False, force=False)

    assert link.is_symlink()
    assert below(target) == told(NEW)


@pytest.mark.parametrize(("private", "folder", "file"), [(True, 0o700, 0o600), (False, 0o750, 0o640)])
def test_permissions(private: bool, folder: int, file: int, target: Path) -> None:
    before = os.umask(0o027)
    write_folder(target, told(NEW), private=private, force=False)
    os.umask(before)

    assert (target / "a").stat().st_mode & 0o777 == file
    assert (target / "folder" / "c").stat().st_mode & 0o777 == file
    assert target.stat().st_mode & 0o777 == folder


def test_what_a_killed_run_left_is_removed_unless_it_is_in_use(target: Path) -> None:
    leftover, used, other = (
        target.with_name(f".{name}") for name in ("made.git-xsa-1", "made.git-xsa-2", "x.git-xsa-3")
    )
    for place in (leftover, used, other):
        place.mkdir()
        (place / "a").write_bytes(b"embargoed\n")
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    write_folder(target, told(NEW), private=True, force=False)
    os.close(lock)

    assert sorted(os.listdir(target.parent)) == [".made.git-xsa-2", ".x.git-xsa-3", "made"]


def test_a_full_disk_leaves_the_old_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(target, told(OLD), private=False, force=False)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_folder(target, told(NEW), private=False, force=False)

    assert below(target) == told(OLD)
    assert os.listdir(target.parent) == ["made"]


#: What a process does that is to be killed at a moment: it counts its calls of the system that have to do with files.
COUNTING = """
import builtins, ctypes, os, shutil, signal, sys, threading
from git_xsa.export import folder
count, me, one_by_one = 0, None, threading.Lock()

def counted(function):
    def call(*words, **more):
        global count
        if os.getpid() == me:
            with one_by_one:
                count += 1
                if dies(words):
                    os.kill(me, NUMBER)
        return function(*words, **more)
    return call

def count_calls():
    global me
    me = os.getpid()
    for name in ("open", "mkdir", "rename", "fsync", "chmod", "unlink", "rmdir", "close"):
        setattr(os, name, counted(getattr(os, name)))
    folder.exchange = counted(folder.exchange)
    builtins.open = counted(builtins.open)
"""
#: Writes a folder over and over, killed one moment later each time, and prints what is there then.
EVERY_MOMENT = """
import json
from pathlib import Path
place, old, force = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "force"
new = {name: text.encode() for name, text in json.loads(sys.argv[4]).items()}
moment, NUMBER = 0, signal.SIGKILL
dies = lambda _: count == moment
while True:
    moment += 1
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    if old:
        shutil.copytree(old, place / "made")
    child = os.fork()
    if not child:
        count_calls()
        folder.write_folder(place / "made", new, True, force)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = {str(p.relative_to(place)): p.read_text() for p in place.rglob("*") if p.is_file()}
    print(json.dumps([status, (place / "made").exists(), found]))
    if status != -signal.SIGKILL:
        break
"""


@pytest.mark.parametrize("was", ["", "an export", "a changed export"])
def test_killed_at_any_moment_the_target_is_the_old_one_or_the_new_one(was: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    write_folder(old, told(OLD), private=False, force=False)
    if "changed" in was:
        (old / "mine").write_bytes(b"words\n")
    before = {name: content.decode() for name, content in below(old).items()} if was else {}
    new = {name: content.decode() for name, content in told(NEW).items()}
    words = [str(tmp_path / "place"), str(old) if was else "", "force" if "changed" in was else "", json.dumps(new)]
    done = subprocess.run(
        [sys.executable, "-c", COUNTING + EVERY_MOMENT, *words], capture_output=True, check=True, text=True
    )
    moments = [json.loads(line) for line in done.stdout.splitlines()]

    assert [status for status, _, _ in moments] == [-signal.SIGKILL] * (len(moments) - 1) + [0]
    assert len(moments) > 20
    seen = []
    for _, exists, found in moments:
        target = {name.removeprefix("made/"): text for name, text in found.items() if name.startswith("made/")}
        seen.append("new" if target == new else "old")
        assert target in (before, new)
        assert exists == bool(target), "no folder without its files"
        if "changed" in was and target == new:
            assert {n.partition("/")[2]: t for n, t in found.items() if n.startswith("made.old-1/")} == before
    assert seen == sorted(seen, reverse=True), "first the old one, then the new one"
    assert {"old", "new"} == set(seen)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository in which XSA-1 needs a commit, and XSA-2 nothing."""
    draft = Draft()
    draft.commit("root", {"a.c": numbered(20)})
    draft.release("1.0.0", {"version": b"1\n"})
    draft.commit("prepare", {"a.c": numbered(20, {5: "prepared"})})
    draft.commit("one\n\nThis is XSA-1.", {"a.c": numbered(20, {5: "one"})})
    draft.commit("two\n\nThis is XSA-2.", {"a.c": numbered(20, {5: "one", 15: "two"})})
    return draft.write(tmp_path / "story")


#: The whole command, ended by the signal ``NUMBER`` when ``dies`` says so.
WHOLE = """
from git_xsa.__main__ import entry
count_calls()
sys.argv[:] = ["git-xsa-export", *sys.argv[1:]]
sys.exit(entry())
"""


@pytest.mark.parametrize("moment", ["'.made.' in str(words[0])", "'/series' in str(words[0])"])
def test_the_whole_command_is_killed(moment: str, place: Place, tmp_path: Path) -> None:
    target = tmp_path / "place" / "made"
    assert run(place.folder, "export", "--onto", RELEASE, "--xsa", "1", "-o", str(target)).status == 0
    before = below(target)
    script = f"{COUNTING}\nNUMBER = signal.SIGKILL\ndies = lambda words: {moment}\n{WHOLE}"
    words = ["--onto", RELEASE, "--xsa", "2", "-o", str(target)]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=place.folder, check=False)

    assert done.returncode == -signal.SIGKILL
    assert below(target) == before
    assert run(place.folder, "export", "--onto", RELEASE, "--xsa", "2", "-o", str(target)).status == 0
    assert os.listdir(target.parent) == ["made"], "what was left is gone"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(number: int, place: Place, tmp_path: Path) -> None:
    target = tmp_path / "place" / "made"
    target.parent.mkdir()
    script = f"{COUNTING}\nNUMBER = {int(number)}\ndies = lambda words: '/README' in str(words[0])\n{WHOLE}"
    words = ["--onto", RELEASE, "--xsa", "2", "-o", str(target)]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=place.folder, check=False)

    assert done.returncode == -number
    assert os.listdir(target.parent) == []


# --verify


@pytest.fixture
def made(place: Place, tmp_path: Path) -> Path:
    """Return an export of XSA-1."""
    folder = tmp_path / "made"
    assert run(place.folder, "export", "--onto", RELEASE, "--xsa", "1", "-o", str(folder)).status == 0
    return folder


def verify(place: Place, folder: Path, *words: str, onto: str = RELEASE) -> Answer:
    return run(place.folder, "export", "--verify", str(folder), "--onto", onto, *words)


@pytest.mark.parametrize("form", ["series", "mbox", "quilt", "debian", "rpm", "guilt", "alpine", "nix", "gentoo"])
def test_an_export_is_right_when_it_is_fresh(form: str, place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    words = ("export", "--onto", RELEASE, "--format", form, "--policy", "patch-f2", "-o", str(folder))
    assert run(place.folder, *words).status == 0

    answer = verify(place, folder)
    assert answer.out.startswith(
        f"{folder}: 3 patches for XSA-1, XSA-2 apply as exported on {RELEASE}\n  checked with "
    )
    assert answer.status == 0
    assert verify(place, folder, "--policy", "am" if form == "mbox" else "patch-f0").status == 0


def test_a_changed_file_is_found(place: Place, made: Path) -> None:
    (name,) = made.glob("0002-*")
    name.write_bytes(name.read_bytes().replace(b"+one", b"+two"))
    (made / "more").write_bytes(b"x")
    (made / "series").unlink()

    assert verify(place, made) == Answer(
        1, f"{made}: XSA-1 for {RELEASE}: problems on {RELEASE}\n"
        "  series is missing\n  more was added\n  0002-xsa1-one.patch was changed\n", "",
    )  # fmt: skip


def test_another_result_is_found_although_all_sums_are_right(place: Place, made: Path) -> None:
    (name,) = made.glob("0002-*")
    name.write_bytes(name.read_bytes().replace(b"+one", b"+two"))
    known = read_manifest(made)
    assert known is not None
    files = {path: (made / path).read_bytes() for path in known["files"]}
    facts = {key: value for key, value in known.items() if key not in ("format", "files")}
    (made / MANIFEST).write_bytes(manifest(files, facts))

    assert differences(made, read_manifest(made) or {}) == []
    answer = verify(place, made)
    assert answer.status == 1
    assert answer.out.splitlines()[1:] == ["  git apply, no fuzz: it puts a hunk in the wrong place in a.c"]


def test_another_base_is_found(place: Place, made: Path) -> None:
    answer = verify(place, made, "--json", onto="stable-1.0")

    assert answer.status == 1
    assert json.loads(answer.out)["problems"] == [f"a.c of stable-1.0 differs from {RELEASE}, the base of the export"]


def test_a_base_with_the_same_files_will_do(place: Place, made: Path) -> None:
    git(place.folder, "checkout", "--quiet", "-b", "mine", RELEASE)
    (place.folder / "own").write_bytes(b"x\n")
    git(place.folder, "add", "own")
    git(place.folder, "commit", "--quiet", "-m", "our own")

    assert verify(place, made, onto="mine").status == 0


def test_a_folder_that_is_no_export(place: Place, tmp_path: Path) -> None:
    answer = verify(place, tmp_path)
    assert (answer.status, answer.out) == (128, "")
    assert answer.err.startswith(f"fatal: {tmp_path} has no {MANIFEST} of git xsa-export, and is not a package that")
    assert "\nhint: give an exported folder, or a package: " in answer.err


@pytest.mark.parametrize(
    "damage",
    [
        {"judges": ["x"]}, {"result": []}, {"result": {"a.c": {"before": [], "after": None}}},
        {"queue": [{"file": "../x"}]}, {"xsa": "x"}, {"base": None}, {"queue": 3}, {"files": {"a": 1}},
    ],
)  # fmt: skip
def test_a_damaged_manifest(damage: dict[str, object], place: Place, made: Path) -> None:
    known = json.loads((made / MANIFEST).read_bytes())
    (made / MANIFEST).write_text(json.dumps({**known, **damage}), encoding="utf-8")
    answer = verify(place, made)

    assert answer.status in (1, 128)
    assert "internal error" not in answer.err
