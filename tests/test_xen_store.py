"""Known answers with published patches on the real tree.

GIT_XSA_XEN names a clone of xen.git, GIT_XSA_QUBES one of QubesOS/qubes-vmm-xen, in whose history the patches are.
Nothing of either is kept here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from repositories import run

pytestmark = pytest.mark.xen

#: The commit that stable-4.9 had when XSA-321 and XSA-328 were under embargo, and their fixes in its order.
BEFORE = "098d95995564~1"
FIXES = {328: ["098d95995564", "6ee71c98e350"],
         321: ["6fe2c30d483c", "7338b3371c05", "1c51a292788e", "83917016f87c", "46d6a0721405", "3c9a98410be0",
               "a852040fe3ab"]}  # fmt: skip


def git(folder: Path, *words: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True).stdout


@pytest.fixture
def qubes() -> Path:
    value = os.environ.get("GIT_XSA_QUBES", "")
    if not value:
        pytest.skip("GIT_XSA_QUBES does not name a clone of QubesOS/qubes-vmm-xen")
    return Path(value)


@pytest.fixture
def published(qubes: Path, tmp_path: Path) -> Path:
    """Return the folder with the three patches of XSA-155, which are in the store."""
    folder = tmp_path / "in"
    folder.mkdir()
    for line in git(qubes, "rev-list", "--objects", "--all").decode("utf-8", "replace").splitlines():
        name, _, path = line.partition(" ")
        if re.search(r"/xsa155-xen-000\d", path):
            (folder / Path(path).name).write_bytes(git(qubes, "cat-file", "blob", name))
    assert len(list(folder.iterdir())) == 3
    assert run(tmp_path, "import", str(folder)).status == 0
    return folder


def test_xsa_155_was_forgotten_in_4_6_1_and_is_in_4_6_3_in_part(xen: Path, published: Path) -> None:
    """RELEASE-4.6.1 went out without the fix, by oversight; RELEASE-4.6.3 has what concerns libvchan."""
    names = sorted(path.name for path in published.iterdir())
    done = run(xen, "check", "--onto", "RELEASE-4.6.1", "--xsa", "155", "--json")
    (found,) = json.loads(done.out)["results"]
    (series,) = found["advisories"]
    assert (found["state"], [patch["present"] for patch in series["patches"]]) == ("applies", [False] * 3)
    done = run(xen, "check", "--onto", "RELEASE-4.6.3", "--xsa", "155", "--json")
    (found,) = json.loads(done.out)["results"]
    (series,) = found["advisories"]
    assert found["state"] == "partly-applied"
    assert {patch["file"]: patch["present"] for patch in series["patches"]} == {
        names[0]: False, names[1]: False, names[2]: True,
    }  # fmt: skip
    done = run(xen, "check", "--onto", "RELEASE-4.6.3", "--xsa", "155")
    assert f"    in RELEASE-4.6.3: {names[2]}\n    missing: {names[0]}, {names[1]}\n" in done.out
    # Nobody asked about it, and it is told all the same.
    assert "XSA-155" in run(xen, "check", "--onto", "RELEASE-4.6.3").out


def test_xsa_328_comes_before_321(xen: Path, tmp_path: Path) -> None:
    """Both under embargo, as files: the one with the higher number must come first, and no text says so."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, commits in FIXES.items():
        for place, commit in enumerate(commits, 1):
            patch = git(xen, "format-patch", "--stdout", "-1", commit)
            (folder / f"xsa{number}-4.9-{place}.patch").write_bytes(patch)
    assert run(tmp_path, "import", str(folder)).status == 0
    done = run(xen, "prereqs", "--onto", "RELEASE-4.9.4", "--tip", BEFORE, "--xsa", "321,328", "--json")
    found = json.loads(done.out)
    assert (done.status, found["state"], found["prerequisites"]) == (0, "applies", [])
    assert [entry["id"] for entry in found["queue"]] == [
        *(f"xsa328-4.9-{place}.patch" for place in (1, 2)),
        *(f"xsa321-4.9-{place}.patch" for place in range(1, 8)),
    ]
