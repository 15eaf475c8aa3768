"""A disk that is full, or a limit to the size of files: which file, and what next; what was there stays."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from repositories import PROGRAM, Place, git, run, story

from git_xsa.advisory.editions import Library
from git_xsa.advisory.store import Store
from git_xsa.errors import SPACE


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of its own, of 64 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "git-xsa", str(folder))
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(("umount", str(folder)), check=True)


def patch(clone: Path, size: int) -> str:
    """Return a patch of some size."""
    folder = clone.parent / "in"
    folder.mkdir(exist_ok=True)
    lines = b"".join(b"+%d\n" % number for number in range(size // 7))
    head = b"This is XSA-500.\n\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1,%d @@\n" % (size // 7)
    (folder / "xsa500.patch").write_bytes(head + lines)
    return str(folder / "xsa500.patch")


def test_import_and_export_on_a_full_disk(place: Place, small: Path) -> None:
    git(place.folder, "config", "--global", "xsa.store", str(small / "store"))
    done = run(place.folder, "import", patch(place.folder, 200_000))
    name = small / "store" / "advisories" / "XSA-500" / "files-1" / "files" / "xsa500.patch"
    assert (done.status, done.err) == (128, f"fatal: {name}: No space left on device\nhint: {SPACE}\n")
    assert Library(Store(small / "store")).numbers() == []
    assert run(place.folder, "check", "--onto", "RELEASE-1.0.1").status == 1
    assert run(place.folder, "import", patch(place.folder, 2_000)).status == 0
    assert [*(small / "store").rglob(".new-*")] == []

    (small / "filler").write_bytes(b"")
    with open(small / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--format", "quilt", "-o", str(small / "out"))
    done = run(place.folder, *words)
    assert done.status == 128
    assert "No space left on device" in done.err
    assert "\nhint: " in done.err
    assert not (small / "out").exists()
    assert [path.name for path in small.iterdir()] == ["filler", "store"] or {*os.listdir(small)} == {"filler", "store"}


def test_a_limit_to_the_size_of_files(place: Place, sealed: Path) -> None:
    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = (*PROGRAM, "import", patch(place.folder, 100_000))
    done = subprocess.run(words, cwd=place.folder, capture_output=True, check=False, text=True, preexec_fn=limited)
    assert (done.returncode, done.stderr.partition("\n")[2]) == (128, f"hint: {SPACE}\n")
    assert done.stderr.startswith(f"fatal: {sealed}/data/git-xsa/")
    assert run(place.folder, "import", patch(place.folder, 2_000)).status == 0
