"""The tests on a system that has git and Python and nothing else: what they lack is skipped, not failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
CASES = """
import subprocess

def test_started_by_python():
    subprocess.run(["patch", "-p1"])

def test_started_by_us():
    err = "fatal: GNU patch is not installed, or not on PATH"
    assert err == ""

def test_started_by_a_shell():
    done = subprocess.run(["/bin/sh", "-c", "make all"], capture_output=True, text=True)
    assert done.stderr == ""

def test_another_program():
    subprocess.run(["nobody-has-this"])

def test_a_mistake():
    assert "patch" == "make"
"""


def test_a_program_that_is_not_installed_skips_the_test(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from of_the_tests import pytest_runtest_makereport\n", encoding="utf-8")
    (tmp_path / "of_the_tests.py").symlink_to(TESTS / "conftest.py")
    (tmp_path / "test_cases.py").write_text(CASES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    environment = {"PATH": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{TESTS}", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("patch is not installed") == 2
    assert done.stdout.count("make is not installed") == 1
    assert "2 failed, 3 skipped in" in done.stdout
