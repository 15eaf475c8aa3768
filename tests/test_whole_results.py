"""What a command writes to a named file is whole: the old one stays until it is, and pipes and links are written to."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from git_xsa.report.junit import write_result


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """A full disk, or kill -9, left an empty file."""
    target = tmp_path / "report.html"
    target.write_bytes(b"the old one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            write_result(target, b"x" * 1000, private=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (target.read_bytes(), os.listdir(tmp_path)) == (b"the old one", ["report.html"])


def test_modes_links_and_remains(tmp_path: Path) -> None:
    real, link = tmp_path / "real.xml", tmp_path / "link.xml"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    (tmp_path / ".real.xml.git-xsa-99999").write_bytes(b"of a run that was killed")
    write_result(link, b"new", private=False)
    assert (link.is_symlink(), real.read_bytes(), stat.S_IMODE(real.stat().st_mode)) == (True, b"new", 0o640)
    write_result(real, b"secret", private=True)
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.xml", "real.xml"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    write_result(Path(f"/dev/fd/{write_end}"), b"<xml/>", private=False)
    os.close(write_end)
    with open(read_end, "rb") as file:
        assert file.read() == b"<xml/>"
