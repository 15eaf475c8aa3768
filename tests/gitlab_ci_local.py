"""GitLab CI on this machine: gitlab-ci-local runs the jobs of a pipeline in shells, each in a folder of its own.

It is a program of npm's, needs Node 22 and rsync, and is looked for on PATH and in .node, where .ci/run puts it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Where .ci/run installs it, and where it is looked for first.
_PLACES = os.pathsep.join([str(ROOT / ".node/node_modules/.bin"), os.environ.get("PATH", "")])
#: What ran when; the jobs wait for nothing, so this is for one that hangs.
LIMIT = 240


@cache
def obstacle() -> str:
    """Return why it can't run here; empty: it can."""
    for program in ("gitlab-ci-local", "node", "rsync"):
        if shutil.which(program, path=_PLACES) is None:
            return f"{program} is not installed (bash .ci/run installs it)"
    words = ("node", "-p", "process.versions.node")
    done = subprocess.run(words, env=_environment(), capture_output=True, text=True, check=False)
    version = done.stdout.strip()
    return (
        "" if version and int(version.split(".")[0]) >= 22 else f"gitlab-ci-local needs Node 22, and here is {version}"
    )


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": os.pathsep.join([str(ROOT / "bench/bin"), _PLACES])}


def run_pipeline(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline of the project in ``folder`` and return how it ended; the commands are those of the checkout."""
    given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    return subprocess.run(
        ("gitlab-ci-local", "--force-shell-executor", "--shell-isolation", *given, *words),
        cwd=folder, env=_environment() | {"PYTHON": os.environ.get("PYTHON", shutil.which("python3") or "")},
        capture_output=True, text=True, check=False, timeout=LIMIT,
    )  # fmt: skip
