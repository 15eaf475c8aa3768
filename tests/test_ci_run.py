"""A pipeline of git xsa-ci from end to end: gitlab-ci-local runs its jobs, and collect says what git xsa-test says."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import gitlab_ci_local as local
import pytest
import small_kernel as small
from junitparser import JUnitXml
from repositories import Draft, Place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(local.obstacle()), reason=local.obstacle() or "never"),
    pytest.mark.skipif(bool(small.obstacle()), reason=small.obstacle() or "never"),
]

#: Compiled with -DDEBUG only.
DEBUG_FAILS = "#ifdef DEBUG\n    panic(no_such_name);\n#endif"
BASES = ("--onto", "RELEASE-1.0.0", "--onto", "RELEASE-2.0.0")
CELLS = ("--cell", "small", "--cell", "debug")
#: The parent: a job makes the child, which then runs.
PARENT = """\
generate:
  script:
    - git -c xsa.exploit.1.image="$PWD/exploits/overflow" xsa-ci BASES CELLS >child.yml
  artifacts:
    paths: [child.yml]
prove:
  needs: [generate]
  trigger:
    include: [{artifact: child.yml, job: generate}]
    strategy: depend
"""


def project(folder: Path) -> Place:
    """Return a project with two releases: the fix for the first one fails in one cell, the second one by itself."""
    draft = Draft()
    draft.release("1.0.0", small.files())
    fix = "table: keep to the bound\n\nThis is XSA-1."
    draft.commit(fix, {"kernel.c": small.kernel(small.BOUND, DEBUG_FAILS)})
    broken = small.files(start="    no_such_thing();")
    draft.release("2.0.0", broken, on="stable-2.0")
    draft.commit(fix, {"kernel.c": small.kernel(small.BOUND, "    no_such_thing();")}, on="stable-2.0")
    place = draft.write(folder)
    for key, value in {"small": "make", "debug": "make OPTIONS=-DDEBUG"}.items():
        place.git("config", f"xsa.cell.{key}.command", value)
        place.git("config", f"xsa.cell.{key}.image", "kernel")
    (folder / "exploits").mkdir()
    small.write_module(folder / "exploits/overflow", "9")
    parent = PARENT.replace("BASES", " ".join(BASES)).replace("CELLS", " ".join(CELLS))
    (folder / ".gitlab-ci.yml").write_text(parent)
    place.git("checkout", "--quiet", "-b", "ci")
    place.git("add", "exploits", ".gitlab-ci.yml")
    place.git("commit", "--quiet", "-m", "pipeline")
    place.git("remote", "add", "origin", f"file://{folder}")
    place.git("fetch", "--quiet", "origin")
    place.git("remote", "set-head", "origin", "ci")
    return place


def judged(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document says, without times and without what only the cache knows."""
    found = {}
    for result in document["results"]:
        cells = {
            cell["name"]: (
                cell["state"],
                {(t["kind"], t["name"], t["state"], t["reason"]) for t in cell["tests"]},
                cell["compiled"],
            )
            for cell in result["cells"]
        }
        found[result["base"]["name"]] = (result["state"], result["tip"], result["xsa"], result["queue"], cells)
    return found


def test_collect_says_what_git_xsa_test_says_alone(
    tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    place = project(tmp_path / "project")
    done = local.run_pipeline(place.folder)
    told = done.stdout + done.stderr
    assert "json schema validated" in told, told
    kept = place.folder / ".gitlab-ci-local/artifacts"
    collected = next(iter(sorted(kept.glob("**/xsa-results.json"))), None)
    assert collected is not None, told
    answer = json.loads(collected.read_text())
    place.git("config", "xsa.exploit.1.image", str(place.folder / "exploits/overflow"))
    alone: dict[str, Any] = {"results": []}
    for onto, status in (("RELEASE-1.0.0", 1), ("RELEASE-2.0.0", 3)):
        single = place.run("test", "--onto", onto, *CELLS, "--boot", "--exploit", "--json")
        assert single.status == status, single
        alone["results"] += json.loads(single.out)["results"]
    assert judged(answer) == judged(alone), told
    assert (answer["problems"], answer["checks"], answer["status"]) == ([], [], 1)

    # What the build has proved goes on to the later jobs: nothing is built twice.
    assert list(kept.glob("**/.xsa/cache/git-xsa/proofs/*")), told
    boots = [json.loads(path.read_text()) for path in kept.glob("**/RELEASE-1.0.0/small/boot.json")]
    steps = [s for d in boots for t in d["results"][0]["cells"][0]["tests"] if t["kind"] == "build" for s in t["steps"]]
    assert [step["known"] for step in steps] == [True, True], told

    results = tmp_path / "results"
    results.mkdir()
    for folder in kept.glob("**/xsa-results"):
        shutil.copytree(folder, results, dirs_exist_ok=True)
    again = place.run("ci", "collect", str(results), "--runners", "1,2")
    assert again.status == 1
    assert "    blocked        XSA-1 overflow: the base panics: Panic on CPU 0: BUG at kernel.c" in again.out
    assert "the longest path" in again.out
    report = JUnitXml.fromfile(str(collected.with_name("xsa-junit.xml")))
    cases = {(case.classname, case.name): [type(one).__name__ for one in case.result] for s in report for case in s}
    assert cases["RELEASE-1.0.0.debug", "XSA-1: build"] == ["Failure"]
    assert cases["RELEASE-1.0.0.small", "XSA-1: exploit overflow"] == []
    assert cases["RELEASE-2.0.0.small", "XSA-1: build"] == ["Skipped"]
    assert cases["RELEASE-1.0.0", "XSA-1: apply"] == []
