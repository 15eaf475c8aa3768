"""Source trees for the benches: the files of a commit in a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def unpack(clone: str | Path, commit: str, target: Path) -> Path:
    """Write the files of ``commit`` to ``target``, in place of what is there; return ``target``."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    archive = subprocess.run(("git", "archive", commit), cwd=clone, capture_output=True, check=True).stdout
    subprocess.run(("tar", "-x"), input=archive, cwd=target, check=True)
    return target
