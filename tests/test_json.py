"""The answers of git xsa-check and git xsa-prereqs for programs: JSON, and requests on standard input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from repositories import (
    ALONE,
    BASE,
    HALF,
    NEXT,
    NOT_KNOWN,
    PREPARE,
    REST,
    TIDY,
    USE,
    Answer,
    Place,
    read_line,
    run,
    start,
    story,
)

from git_xsa.demo import write

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository with four advisories; see ``repositories.story``."""
    return story().write(tmp_path / "story")


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return the demonstration repository, in which XSA-9003 is misplaced."""
    write(tmp_path / "demo")
    return tmp_path / "demo"


# JSON


def document(done: Answer, complaint: str = "") -> dict[str, Any]:
    """Return the object that was printed, as one line of ASCII."""
    assert done.err == complaint
    assert done.out.isascii()
    assert done.out.count("\n") == 1
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_json_of_prereqs(place: Place) -> None:
    done = place.run("prereqs", "--onto", RELEASE, "--xsa", "3", "--json")

    assert done.status == 0
    reason = {"needed_by": place[NEXT], "path": "b.c", "hunk": 1, "symbol": None, "kind": "context", "note": None}
    assert document(done) == {
        "format": 1,
        "base": {"name": RELEASE, "commit": place[BASE]},
        "tip": {"name": "stable-1.0", "commit": place[REST], "ref": "refs/heads/stable-1.0"},
        "xsa": [3],
        "unknown": [],
        "state": "needs-prerequisites",
        "policy": "strict",
        "patches": [{"id": place[NEXT], "xsa": 3, "subject": "next to it"}],
        "prerequisites": [
            {
                "commit": place[TIDY],
                "subject": "tidy",
                "kind": "context",
                "xsa": None,
                "merge": None,
                "reasons": [reason | {"line": "line 5", "gone": True}, reason | {"line": "tidied", "gone": False}],
            }
        ],
        "queue": [{"id": place[TIDY], "role": "prerequisite"}, {"id": place[NEXT], "role": "patch"}],
    }


def test_json_of_check(place: Place) -> None:
    done = place.run("check", "--json")
    assert done.status == 1
    answer = document(done)
    assert answer.keys() == {"format", "results"}
    assert answer["format"] == 1
    (result,) = answer["results"]
    assert (result["state"], result["xsa"]) == ("needs-prerequisites", [2, 3, 4, 5])
    assert [entry["id"] for entry in result["queue"]] == [place[n] for n in (PREPARE, USE, TIDY, NEXT, ALONE, REST)]
    assert [entry["role"] for entry in result["queue"]] == ["prerequisite", "patch"] * 2 + ["patch"] * 2

    each = document(place.run("check", "--each", "--json"))["results"]
    assert [(one["xsa"], one["state"]) for one in each] == [
        ([2], "needs-prerequisites"), ([3], "needs-prerequisites"), ([4], "applies"), ([5], "applies"),
    ]  # fmt: skip


#: The contract: every key, and what its value is.
COMMIT = {"name": str, "commit": str}
REASON = {"needed_by": str, "path": str, "hunk": int, "line": (str, None), "symbol": None}
MERGE = {"commits": int, "files": int, "added": int, "removed": int}
PREREQUISITE = {
    "commit": str, "subject": str, "kind": str, "xsa": (int, None), "merge": (MERGE, None), "reasons": [REASON],
}  # fmt: skip
CONTRACT = {
    "format": int, "base": COMMIT, "tip": COMMIT, "xsa": [int], "state": str,
    "patches": [{"id": str, "xsa": (int, None), "subject": str}],
    "prerequisites": [PREREQUISITE],
    "queue": [{"id": str, "role": str}],
}  # fmt: skip
LINE_CONTRACT = {
    "format": int, "base": COMMIT, "tip": COMMIT, "xsa": [int], "state": str, "patches": CONTRACT["patches"],
    "prerequisites": [{"commit": str, "kind": str}], "queue": [str],
}  # fmt: skip


def conforms(value: object, form: object) -> bool:
    """Return whether ``value`` has the ``form``; objects may have more keys."""
    if isinstance(form, tuple):
        return any(conforms(value, one) for one in form)
    if isinstance(form, dict):
        return isinstance(value, dict) and all(key in value and conforms(value[key], one) for key, one in form.items())
    if isinstance(form, list):
        return isinstance(value, list) and all(conforms(item, form[0]) for item in value)
    return value is None if form is None else type(value) is form


def test_the_judge_of_the_contract_can_say_no() -> None:
    good = {
        "format": 1,
        "base": {"name": "a", "commit": "b"},
        "xsa": [1],
        "state": "x",
        "prerequisites": [],
        "queue": ["a"],
    }
    good |= {"tip": good["base"], "patches": []}
    assert conforms(good, LINE_CONTRACT)
    changes: list[dict[str, object]] = [
        {"xsa": ["1"]},
        {"state": None},
        {"base": {"name": "a"}},
        {"queue": [{}]},
        {"format": True},
    ]
    for bad in changes:
        assert not conforms(good | bad, LINE_CONTRACT)
    assert not conforms({}, LINE_CONTRACT)


def _states(place: Place, demo: Path) -> Iterator[tuple[str, int, int, Answer, Answer]]:
    """Yield each state with the exit statuses of check and prereqs that it leads to, and their answers."""
    asked = [
        ("applies", 0, 0, place.folder, RELEASE, "4"),
        ("needs-prerequisites", 1, 0, place.folder, RELEASE, "2"),
        ("misplaced", 1, 0, demo, "RELEASE-4.20.1", "9003"),
        ("conflicts", 2, 2, place.folder, "own", "2"),
        ("already-applied", 0, 0, place.folder, "stable-1.0", "2"),
        ("partly-applied", 0, 0, place.folder, RELEASE, "5"),
        ("no-patches", 1, 1, place.folder, RELEASE, "77"),
    ]
    for state, check, prereqs, folder, base, number in asked:
        words = ("--onto", base, "--xsa", number, "--json")
        yield state, check, prereqs, run(folder, "check", *words), run(folder, "prereqs", *words)


def test_every_state_and_its_exit_status(place: Place, demo: Path) -> None:
    for state, check_status, prereqs_status, check, prereqs in _states(place, demo):
        assert (check.status, prereqs.status) == (check_status, prereqs_status), state
        hint = f"hint: {NOT_KNOWN}\n" if state == "no-patches" else ""
        complaint = f"error: no commit of these branches says that it fixes XSA-77\n{hint}" if hint else ""
        (result,) = document(check, complaint)["results"]
        answer = document(prereqs, hint)
        assert answer == result
        assert answer["state"] == state
        assert conforms(answer, CONTRACT), state
        assert (len(answer["xsa"]), answer["unknown"]) == ((0, [77]) if state == "no-patches" else (1, []))
        assert all(re.fullmatch("[0-9a-f]{40}", answer[end]["commit"]) for end in ("base", "tip"))
        assert {prerequisite["kind"] for prerequisite in answer["prerequisites"]} <= {"change", "context"}
        assert {entry["role"] for entry in answer["queue"]} <= {"prerequisite", "patch"}
        queue = [] if state == "conflicts" else [*answer["patches"], *answer["prerequisites"]]
        assert len(answer["queue"]) == len(queue)
        assert ("conflicts" in answer) == (state == "conflicts")
        assert ("misplaced" in answer) == (state == "misplaced")
        assert ("conflicts" in answer) == (state == "conflicts")


def test_states_in_words(place: Place, demo: Path) -> None:
    words = {
        (RELEASE, "4"): "XSA-4 applies to RELEASE-1.0.1 as it is",
        (RELEASE, "2"): "XSA-2 needs 1 prerequisite on RELEASE-1.0.1",
        ("own", "2"): "XSA-2 can't be applied to own, not even with every commit of stable-1.0",
        ("stable-1.0", "2"): "stable-1.0 has all of XSA-2",
        (RELEASE, "5"): "RELEASE-1.0.1 has a part of XSA-5; the rest needs no prerequisite",
        (RELEASE, "77"): "no commit of RELEASE-1.0.1..stable-1.0 says that it fixes XSA-77",
        (RELEASE, "4,77"): "XSA-4 applies to RELEASE-1.0.1 as it is",
        ("stable-1.0", "4,77,78"): "stable-1.0 has all of XSA-4",
        (place[ALONE], "4,5"): f"{place[ALONE]} has a part of XSA-4, XSA-5; the rest needs no prerequisite",
    }
    for (base, numbers), line in words.items():
        assert place.run("prereqs", "--onto", base, "--xsa", numbers).out.splitlines()[0] == line


def test_prereqs_of_a_misplaced_patch(demo: Path) -> None:
    done = run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003")

    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:5] == [
        "XSA-9003 needs no prerequisite on RELEASE-4.20.1, but plain git apply misplaces a hunk",
        "  git apply puts a hunk in the wrong place in xen/drivers/passthrough/iommu.c",
        "  do not apply it with git apply or patch: git xsa-export refreshes it for this base",
        "",
        "Order of the commits (as they are, git apply misplaces a hunk):",
    ]
    answer = document(run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003", "--json"))
    assert answer["misplaced"] == {"id": None, "message": "", "paths": ["xen/drivers/passthrough/iommu.c"]}


def test_json_of_patch_files(place: Place, tmp_path: Path) -> None:
    (tmp_path / "xsa3.patch").write_bytes(place.patch(NEXT))
    answer = document(place.run("prereqs", "--onto", RELEASE, str(tmp_path / "xsa3.patch"), "--json"))

    assert conforms(answer, CONTRACT)
    assert answer["patches"] == [{"id": "xsa3.patch", "xsa": 3, "subject": "next to it"}]
    assert answer["queue"] == [{"id": place[TIDY], "role": "prerequisite"}, {"id": "xsa3.patch", "role": "patch"}]
    assert {reason["needed_by"] for reason in answer["prerequisites"][0]["reasons"]} == {"xsa3.patch"}


def test_a_patch_file_that_the_base_has_already(place: Place, tmp_path: Path) -> None:
    """It once "did not fit"."""
    for number in (NEXT, ALONE):
        (tmp_path / f"{number}.patch").write_bytes(place.patch(number))
    files = [str(tmp_path / f"{number}.patch") for number in (NEXT, ALONE)]

    assert place.run("prereqs", "--onto", "stable-1.0", *files) == (0, "stable-1.0 has all of XSA-3, XSA-4\n", "")
    answer = document(place.run("prereqs", "--onto", place[ALONE], files[1], "--json"))
    assert (answer["state"], answer["xsa"], answer["queue"]) == ("already-applied", [4], [])
    assert place.run("prereqs", "--onto", place[NEXT], files[1]).out.startswith("XSA-4 applies to ")


# Requests on standard input


def test_stdin(place: Place) -> None:
    requests = [
        f"{RELEASE} {place[USE]}", "", "  ", f"RELEASE-1.0.0 {place[HALF]} {place[NEXT]}", f"stable-1.0 {place[USE]}",
        f"{RELEASE} {place[ALONE]}",
    ]  # fmt: skip
    answers = [
        f"needs-prerequisites +{place[PREPARE]} {place[USE]}",
        f"needs-prerequisites {place[HALF]} +{place[TIDY]} {place[NEXT]}",
        "already-applied",
        f"applies {place[ALONE]}",
    ]

    assert place.run("prereqs", "--stdin", given="\n".join(requests)) == (0, "\n".join([*answers, ""]), "")


def test_stdin_json(place: Place) -> None:
    done = place.run("prereqs", "--stdin", "--json", given=f"{RELEASE} {place[USE]}\nown {place[USE]}\n")

    assert (done.status, done.err) == (2, "")
    first, second = map(json.loads, done.out.splitlines())
    assert first == {
        "format": 1,
        "base": {"name": RELEASE, "commit": place[BASE]},
        "tip": {"name": "stable-1.0", "commit": place[REST], "ref": "refs/heads/stable-1.0"},
        "xsa": [2],
        "state": "needs-prerequisites",
        "policy": "strict",
        "patches": [{"id": place[USE], "xsa": 2, "subject": "use it"}],
        "prerequisites": [{"commit": place[PREPARE], "kind": "change"}],
        "queue": [place[PREPARE], place[USE]],
    }
    assert (second["state"], second["queue"]) == ("conflicts", [])
    assert conforms(first, LINE_CONTRACT)
    assert conforms(second, LINE_CONTRACT)


def test_stdin_without_a_request(place: Place) -> None:
    assert place.run("prereqs", "--stdin", given="") == (0, "", "")
    assert place.run("prereqs", "--stdin", "--json", given="\n \n") == (0, "", "")


def test_an_error_keeps_answers_in_step(place: Place) -> None:
    where = place.folder / ".git"
    errors = [
        (f"nothing {place[USE]}", f"there is no commit 'nothing' in {where}"),
        (RELEASE, f"{RELEASE} is not followed by a commit"),
        (f"{RELEASE} nothing", f"there is no commit 'nothing' in {where}"),
    ]
    request, good = f"{RELEASE} {place[ALONE]}", f"applies {place[ALONE]}"
    given = "\n".join([request, *(wrong for wrong, _ in errors), request])
    complaints = "".join(f"error: {request}: {what}\n" for request, what in errors)

    assert place.run("prereqs", "--stdin", given=given) == (
        129,
        "\n".join([good, *["error"] * len(errors), good, ""]),
        complaints,
    )
    done = place.run("prereqs", "--stdin", "--json", given=given)
    assert (done.status, done.err) == (129, complaints)
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert answers[1:-1] == [
        {"format": 1, "request": request, "error": what, "state": None, "prerequisites": [], "queue": []}
        for request, what in errors
    ]
    assert [answer["state"] for answer in (answers[0], answers[-1])] == ["applies"] * 2


def test_a_request_that_is_no_valid_text(place: Place) -> None:
    where = place.folder / ".git"
    given = b"\xff\x1b[2J x\n" + f"{RELEASE} {place[ALONE]}\r\n".encode()

    assert run(place.folder, "prereqs", "--stdin", given=given) == (
        128,
        f"error\napplies {place[ALONE]}\n",
        f"error: \\xff\\x1b[2J x: there is no commit '\\udcff\\x1b[2J' in {where}\n",
    )


def test_a_coprocess_is_answered_request_by_request(place: Place) -> None:
    process = start(place.folder, "prereqs", "--stdin", bufsize=1)
    assert process.stdin is not None
    for request, answer in [
        (f"{RELEASE} {place[USE]}", f"needs-prerequisites +{place[PREPARE]} {place[USE]}"),
        (f"{RELEASE} nothing", "error"),
        (f"RELEASE-1.0.0 {place[ALONE]}", f"applies {place[ALONE]}"),
        (f"{RELEASE} {place[ALONE]}", f"applies {place[ALONE]}"),
    ]:
        process.stdin.write(f"{request}\n")
        process.stdin.flush()
        assert read_line(process) == f"{answer}\n"
    _, err = process.communicate(timeout=60)

    assert process.returncode == 128
    assert err == f"error: {RELEASE} nothing: there is no commit 'nothing' in {place.folder}/.git\n"


def test_many_requests_at_once_are_answered_in_order(place: Place) -> None:
    numbers = [USE, NEXT, ALONE, REST, HALF] * 20
    given = "".join(f"{RELEASE} {place[number]}\n" for number in numbers)
    done = place.run("prereqs", "--stdin", "--json", given=given)

    assert (done.status, done.err) == (0, "")
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["queue"][-1:] for answer in answers] == [
        [] if number == HALF else [place[number]] for number in numbers
    ]
