"""bench/elsewhere: counts the answers for any project with stable branches, and has git replay each queue."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from repositories import Draft, git, numbered

ROOT = Path(__file__).resolve().parent.parent


def other_project(folder: Path) -> Path:
    """Make a repository that names branches and releases in its own way; one of its two fixes needs a commit first."""
    draft = Draft()
    draft.commit("begin", {"a.c": numbered(30), "b.c": numbered(30)})
    draft.commit("work", {"a.c": numbered(30, {10: "work"})})
    draft.commit("fix\n\nThis is CVE-2026-1.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is CVE-2026-2.", {"b.c": numbered(30, {5: "other"})})
    place = draft.write(folder)
    commits = git(place.folder, "rev-list", "--reverse", "HEAD").split()
    git(place.folder, "tag", "v2.1.0", commits[0])
    git(place.folder, "tag", "v2.1.0-rc1", commits[0])
    git(place.folder, "branch", "branch-2.1", commits[-1])
    return place.folder


def test_another_project(tmp_path: Path) -> None:
    folder = other_project(tmp_path / "clone")
    path = f"{ROOT}/bench/bin{os.pathsep}{os.environ['PATH']}"
    words = ("--stable", "branch-*", "--tag", "v*", "--fix", "CVE-[0-9]+")
    done = subprocess.run(
        (sys.executable, str(ROOT / "bench/elsewhere"), str(folder), *words),
        env=os.environ | {"PATH": path, "PYTHON": sys.executable}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    title, row, _ = ([cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines())
    counts = dict(zip(title, row, strict=True))
    assert {name: count for name, count in counts.items() if count != "0"} == {
        "branch": "2.1", "asked": "2", "plain": "1", "applies": "1", "needs-prerequisites": "1", "replayed": "2 of 2",
    }  # fmt: skip
