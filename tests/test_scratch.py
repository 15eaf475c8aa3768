"""The folder that patches under embargo are tried in: where it is, who can read it, and that it does not last."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from git_xsa.git import scratch
from git_xsa.git.scratch import Scratch, place


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the runtime folder of the login session."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_only_the_user_can_read_it_and_it_is_gone_when_closed(runtime: Path) -> None:
    made = Scratch()
    (made.path / "a" / "b").mkdir(parents=True)
    (made.path / "a" / "text").write_bytes(b"secret")

    assert made.path.parent == runtime
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    made.close()
    assert list(runtime.iterdir()) == []


def test_without_a_runtime_folder_it_is_in_shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    shared = tmp_path / "shm"
    shared.mkdir()
    monkeypatch.setattr(scratch, "SHARED_MEMORY", shared)
    monkeypatch.setattr(scratch, "_MOUNTS", mounts)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert place() == tmp_path, "no list of mounts"
    mounts.write_text(f"/dev/sda {shared} ext4 rw 0 0\ntmpfs /elsewhere tmpfs rw 0 0\n")
    assert place() == tmp_path, "on a disk"
    mounts.write_text(f"tmpfs {shared} tmpfs rw 0 0\n")
    assert place() == shared
    monkeypatch.setattr(scratch, "SHARED_MEMORY", tmp_path / "none")
    assert place() == tmp_path, "no such folder"


def test_what_a_killed_process_left_is_swept(runtime: Path) -> None:
    script = (
        "import os, signal; from git_xsa.git.scratch import Scratch; made = Scratch()\n"
        "(made.path / 'text').write_bytes(b'secret'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -9
    (left,) = runtime.iterdir()
    assert (left / "text").read_bytes() == b"secret"

    Scratch().close()
    assert list(runtime.iterdir()) == []


def test_what_is_in_use_or_is_something_else_stays(runtime: Path) -> None:
    """A process of another container has a number that means nothing here; that it lives shows in the lock."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    used = Scratch()
    elsewhere = used.path.rename(runtime / f"git-xsa-{ended.pid}-used")
    target = runtime / "mine"
    target.mkdir()
    (runtime / f"git-xsa-{ended.pid}-link").symlink_to(target)
    (runtime / f"git-xsa-{ended.pid}-file").touch()
    (runtime / f"git-xsa-{os.getpid()}-living").mkdir()
    (runtime / "git-xsa-notes").mkdir()
    before = sorted(runtime.iterdir())

    Scratch().close()

    assert sorted(runtime.iterdir()) == before
    used.path = elsewhere
    used.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_what_is_somebody_elses_stays(runtime: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    theirs = runtime / f"git-xsa-{ended.pid}-theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)

    Scratch().close()

    assert theirs.is_dir()
