"""The Containerfile has what cells need, by the same table that says what is missing; and it installs by install.sh."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from git_xsa.proof.cells import ALL, CROSS, find_cells

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
#: Debian's package build-essential has these.
ESSENTIAL = {"gcc", "make", "libc6-dev"}


def packages(architecture: str) -> set[str]:
    """Return the packages that the image has on Debian's ``architecture``."""
    found = re.search(r"apt-get install .*?(?=&& rm)", TEXT, re.DOTALL)
    cross = re.search(rf"^ +{architecture}\) cross='(.*)' ;;", TEXT, re.MULTILINE)
    assert found is not None
    assert cross is not None
    lines = [line for line in found[0].splitlines()[1:] if not line.strip().startswith("#")]
    return {word for line in lines for word in line.rstrip("\\").split()} - {"$cross"} | {*cross[1].split()}


@pytest.mark.parametrize(("architecture", "own"), [("amd64", "x86_64"), ("arm64", "arm64")])
def test_it_has_what_every_cell_needs(architecture: str, own: str) -> None:
    needed = {package for cell in find_cells([ALL], {}) for _, package in cell.needs}
    needed |= {package for _, package in CROSS.values()}
    needed.discard(CROSS[own][1])
    installed = packages(architecture) | (ESSENTIAL if "build-essential" in packages(architecture) else set())
    assert needed - installed == set()
    assert {"ccache", "qemu-system-x86", "qemu-system-arm", "git", "patch"} <= installed


def test_it_installs_what_everybody_installs() -> None:
    assert "install.sh --prefix /usr/local" in TEXT
    ignored = (ROOT / ".containerignore").read_text(encoding="utf-8").split()
    assert ".git" in ignored
    for part in ("git_xsa", "man", "hooks", "tools", "requirements.lock", "install.sh", "pyproject.toml"):
        assert part not in ignored


@pytest.mark.skipif(shutil.which("apt-cache") is None, reason="apt-cache: not installed")
def test_debian_has_the_packages() -> None:
    """Asked of the lists that this machine has; on one without any, nothing can be said."""
    words = ("dpkg", "--print-architecture")
    architecture = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    if architecture not in ("amd64", "arm64"):
        pytest.skip(f"the image is not made for {architecture}")
    told = subprocess.run(("apt-cache", "policy", *packages(architecture)), capture_output=True, text=True, check=True)
    found = dict(re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.*)$", told.stdout, re.MULTILINE))
    if found.get("qemu-system-x86", "(none)") == "(none)":
        pytest.skip("apt-cache has no lists here: apt-get update")
    assert packages(architecture) - {name for name, version in found.items() if version != "(none)"} == set()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("podman") is None, reason="podman: not installed")
def test_the_image_builds_and_has_the_commands() -> None:
    words = ("podman", "build", "--quiet", "-f", str(ROOT / "Containerfile"), str(ROOT))
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if "registry" in built.stderr or "docker.io" in built.stderr:
        pytest.skip(f"the base image can't be fetched here: {built.stderr[-200:]}")
    assert built.returncode == 0, built.stderr
    run = ("podman", "run", "--rm", built.stdout.strip(), "git", "xsa-test", "--version")
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.startswith("git-xsa ")
