"""git xsa-ci collect: results that are missing or broken are failures that say so, and times are computed."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from repositories import Answer, Draft, Place, numbered, run

from git_xsa.ci.collect import Job, schedule

ONTO = "RELEASE-1.0.0"
CELLS = ("good", "other")
EXPECTED = [f"{ONTO}/check", *(f"{ONTO}/{cell}/build" for cell in CELLS)]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return the results of a check and of two builds."""
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(20)})
    draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(20, {5: "five"})})
    place = draft.write(tmp_path / "clone")
    for cell in CELLS:
        place.git("config", f"xsa.cell.{cell}.command", "test -e a")
    made = tmp_path / "results"
    made.joinpath(ONTO).mkdir(parents=True)
    assert place.run("export", "--onto", ONTO, "-o", str(tmp_path / "queue")).status == 0
    write(place, made / ONTO / "check", "check", "--onto", ONTO, "--xsa", "1")
    for cell in CELLS:
        made.joinpath(ONTO, cell).mkdir()
        queue = ("--queue", str(tmp_path / "queue"))
        write(place, made / ONTO / cell / "build", "test", "--onto", ONTO, *queue, "--cell", cell)
    return made


def write(place: Place, name: Path, *words: str) -> None:
    answer = place.run(*words, "--json", "--junit", f"{name}.xml")
    name.with_name(f"{name.name}.json").write_text(answer.out)


def collected(results: Path, *words: str, expected: list[str] | None = None) -> tuple[Answer, dict[str, Any]]:
    """Return what collect says, and its JSON; there need be no repository."""
    names = [word for name in (EXPECTED if expected is None else expected) for word in ("--expect", name)]
    outside = results.parent / "outside"
    outside.mkdir(exist_ok=True)
    file = results.parent / "all.json"
    answer = run(outside, "ci", "collect", str(results), *names, "-o", str(file), *words)
    return answer, json.loads(file.read_text())


def test_what_is_under_embargo_goes_into_no_file_that_others_read(results: Path) -> None:
    for path in results.glob(f"{ONTO}/*/build.json"):
        told = json.loads(path.read_text())
        told["results"][0]["private"] = True
        path.write_text(json.dumps(told))
    file = results.parent / "all.json"
    file.write_text("{}")
    file.chmod(0o644)  # from a run before
    _, found = collected(results)
    assert found["results"][0]["private"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_all_is_well(results: Path, tmp_path: Path) -> None:
    junit = tmp_path / "all.xml"
    answer, found = collected(results, "--junit", str(junit))
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.splitlines()[0] == f"{ONTO} with XSA-1 (1 commit): proved in 2 of 2 cells"
    assert (found["status"], found["problems"], found["results"][0]["tip"]) == (0, [], "stable-1.0")
    assert [cell["name"] for cell in found["results"][0]["cells"]] == list(CELLS)
    names = {f"{case.classname} {case.name}" for suite in JUnitXml.fromfile(str(junit)) for case in suite}
    assert {f"{ONTO} XSA-1: apply", f"{ONTO}.good XSA-1: build", f"{ONTO}.other XSA-1: build"} <= names
    assert json.loads(run(tmp_path / "outside", "ci", "collect", str(results), "--json").out) == found


BUILD = f"{ONTO}/good/build"


def damage(results: Path, how: str) -> None:
    """Damage the result of a build."""
    written, xml = results / f"{BUILD}.json", results / f"{BUILD}.xml"
    text = written.read_text()
    changes: dict[str, Callable[[], object]] = {
        "cut": lambda: written.write_text(text[: len(text) // 2]),
        "empty": lambda: written.write_text(""),
        "other": lambda: written.write_text('{"format": 1}'),
        "future": lambda: written.write_text(text.replace('"format": 1', '"format": 2', 1)),
        "odd": lambda: written.write_text(text.replace('"passed"', '"splendid"')),
        "at odds": lambda: written.write_text(text.replace('"state": "passed"', '"state": "failed"', 1)),
        "no json": written.unlink,
        "no xml": xml.unlink,
        "cut xml": lambda: xml.write_text(xml.read_text()[:40]),
        "empty xml": lambda: xml.write_text(""),
        "no case": lambda: xml.write_text("<testsuites/>"),
        "entities": lambda: xml.write_text('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        "another queue": lambda: written.write_text(text.replace('"id": "', '"id": "f', 1)),
        "disagrees": lambda: xml.write_text(xml.read_text().replace("/>", '><failure message="x"/></testcase>', 1)),
        "binary": lambda: written.write_bytes(b"\xff\xfe\0"),
    }
    changes[how]()


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("cut", "build.json: it is not JSON"),
        ("empty", "build.json: it is not JSON: it ends too early"),
        ("other", "build.json: results is missing"),
        ("future", "build.json: it has format 2"),
        ("odd", "build.json: "),
        ("at odds", "build.json: it says"),
        ("no json", "build.json: it is missing"),
        ("no xml", "build.xml: it is missing"),
        ("cut xml", "build.xml: it is not JUnit XML"),
        ("empty xml", "build.xml: it is not JUnit XML"),
        ("no case", "build.xml: it has no test case"),
        ("entities", "build.xml: it is not JUnit XML: it declares a document type or entities"),
        ("disagrees", "build.xml: it disagrees with"),
        ("binary", "build.json: it is not JSON: it is not UTF-8"),
    ],
)
def test_a_broken_result_is_a_failure_that_says_so(how: str, what: str, results: Path, tmp_path: Path) -> None:
    damage(results, how)
    junit = tmp_path / "all.xml"
    for expected in (EXPECTED, []):
        answer, found = collected(results, "--junit", str(junit), expected=expected)
        assert (answer.status, f"error: {ONTO}/good/{what}" in answer.err) == (1, True), answer
        assert [one["result"] for one in found["problems"]] == [BUILD]
        errors = [case.name for suite in JUnitXml.fromfile(str(junit)) for case in suite if case.result]
        assert errors == [BUILD]
    assert "proved in" in answer.out  # the rest is there all the same


def test_a_result_that_did_not_come_back(results: Path) -> None:
    shutil.rmtree(results / ONTO / "other")
    answer, found = collected(results)
    assert answer.status == 1
    assert "RELEASE-1.0.0/other/build.xml: it is missing: its job did not run" in answer.err
    assert [one["result"] for one in found["problems"]] == [f"{ONTO}/other/build"]
    assert collected(results, expected=[])[0].status == 0  # nobody expects it


def test_results_of_two_queues_are_not_mixed(results: Path) -> None:
    damage(results, "another queue")
    answer, _ = collected(results)
    assert (answer.status, "about another base or queue" in answer.err) == (1, True)


def test_links_lead_nowhere(results: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    shutil.move(results / f"{BUILD}.json", other)
    (results / f"{BUILD}.json").symlink_to(other)
    answer, _ = collected(results)
    assert (answer.status, "build.json: it is a link" in answer.err) == (1, True)
    shutil.rmtree(results / ONTO / "good")
    shutil.copytree(results / ONTO / "other", tmp_path / "copy")
    (results / ONTO / "good").symlink_to(tmp_path / "copy")
    answer, _ = collected(results)
    assert (answer.status, "it is a link" in answer.err) == (1, True)


def test_a_failed_check_counts(results: Path) -> None:
    check = results / f"{ONTO}/check.xml"
    bad = '><failure message="the queue lacks 1 follow-up" type="follow-ups"/></testcase>'
    check.write_text(check.read_text().replace(" />", bad, 1))
    answer, found = collected(results)
    assert (answer.status, "the queue lacks 1 follow-up" in answer.err) == (1, True)
    assert [one["kind"] for one in found["checks"]] == ["follow-ups"]


def test_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    answer = run(tmp_path, "ci", "collect", "none")
    assert (answer.status, "no result is in it" in answer.err) == (1, True)
    answer = run(tmp_path, "ci", "collect", "nowhere")
    assert (answer.status, "nowhere is not a folder" in answer.err) == (128, True)
    assert run(tmp_path, "ci", "collect", "none", "--runners", "0").status == 129


def test_a_base_that_fails_and_what_did_not_run_after_it(tmp_path: Path) -> None:
    """What could not be judged is no failure, and explains why the later stages have no result."""
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(20)})
    draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(20, {5: "five"})})
    place = draft.write(tmp_path / "clone")
    place.git("config", "xsa.cell.bad.command", "false")
    (tmp_path / "results/one/bad").mkdir(parents=True)
    write(place, tmp_path / "results/one/bad/build", "test", "--onto", ONTO, "--cell", "bad")
    expected = ["one/bad/build", "one/bad/boot", "one/bad/exploit"]
    answer, found = collected(tmp_path / "results", expected=expected)
    assert (answer.status, found["problems"], found["results"][0]["state"]) == (3, [], "not-judged")


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=4), min_size=1, max_size=8),
    st.integers(1, 9),
)
def test_times_keep_the_bounds_of_any_schedule(cells: list[list[int]], runners: int) -> None:
    """A list schedule takes at least the longest path and its share of the work, and at most both together."""
    stages = ("build", "boot", "exploit", "more")
    jobs = [Job(f"t/{n}/{stages[at]}", time) for n, times in enumerate(cells) for at, time in enumerate(times)]
    work = sum(job.seconds for job in jobs)
    longest = max(times[0] + max(times[1:], default=0) for times in cells)
    found = schedule(jobs, runners)
    assert max(longest, work / runners) <= found + 1e-9
    assert found <= longest + work / runners + 1e-9
    assert schedule(jobs, 1) == work
    assert schedule(jobs, len(jobs)) == longest
