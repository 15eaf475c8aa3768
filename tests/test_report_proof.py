"""What git xsa-test proved, on the page of git xsa-report: results, logs, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import small_kernel as small
from proving import BOTH, DEBUG_FAILS, RELEASE, fixed, folders

pytestmark = pytest.mark.skipif(bool(small.obstacle()), reason=small.obstacle() or "never")

__all__ = ["folders"]  # the fixture


@pytest.mark.slow
def test_a_page_shows_what_was_proved_with_its_logs(tmp_path: Path) -> None:
    place = fixed(tmp_path, start=DEBUG_FAILS)
    proof, page = tmp_path / "proof", tmp_path / "page"
    assert place.run(*BOTH, "--boot", "--exploit", "-o", str(proof)).status == 1
    words = ("report", "--format", "html", "--onto", RELEASE, "-o", str(page))
    assert place.run(*words, "--proof", str(proof)).status == 0
    document = json.loads((page / "xsa-1.json").read_text())
    [cell] = document["cells"]
    assert [(one["name"], one["state"]) for one in cell["proof"]] == [("small", "passed"), ("debug", "failed")]
    states = {test["kind"]: test["state"] for test in cell["proof"][0]["tests"]}
    assert states == {"build": "passed", "boot": "passed", "exploit": "blocked"}
    text = (page / "xsa-1.html").read_text()
    logs = re.findall(r'href="(log-\d{4}\.txt)"', text)
    assert sorted(logs) == sorted(path.name for path in page.glob("log-*.txt"))
    [panic] = [
        step["log"] for test in cell["proof"][0]["tests"] if test["kind"] == "exploit" for step in test["steps"]
    ][:1]
    assert "BUG at kernel.c" in (page / panic).read_text()
    assert "blocked" in text

    other = place.run("report", "--format", "html", "--onto", "HEAD", "-o", str(page), "--proof", str(proof))
    assert other.err == f"note: {proof} has a proof of a release or a queue that is not shown\n"
    assert place.run(*words, "--proof", str(proof)).status == 0

    (proof / "junit.xml").write_text("changed")
    answer = place.run(*words, "--proof", str(proof))
    assert answer.status == 128
    assert "was changed since it was written" in answer.err
    assert (page / "xsa-1.html").read_text() == text
    answer = place.run(*words, "--proof", str(tmp_path))
    assert (answer.status, "has no proof in its" in answer.err) == (128, True)


@pytest.mark.slow
def test_a_proof_of_what_is_under_embargo_is_refused(tmp_path: Path) -> None:
    place = fixed(tmp_path)
    proof, page = tmp_path / "proof", tmp_path / "page"
    assert place.run(*BOTH, "-o", str(proof)).status == 0
    assert place.run("embargo", "add", "1", "--until", "2099-01-01T12:00:00Z").status == 0
    words = ("report", "--format", "html", "--onto", RELEASE, "--proof", str(proof), "-o", str(page))
    answer = place.run(*words)
    assert (answer.status, page.exists()) == (128, False)
    assert "has a proof of something that is under embargo" in answer.err
    assert place.run(*words, "--embargoed").status == 0
