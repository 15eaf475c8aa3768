"""An error carries the values that its sentence is made of, and a hint is a command that does what it says."""

from __future__ import annotations

from git_xsa.ask import remarks
from git_xsa.documents import dumps
from git_xsa.release import problems


def test_an_error_carries_its_values() -> None:
    error = problems.does_not_follow("4.17.9", "stable-4.17", last="RELEASE-4.17.6", made=False, following="4.17.7")
    assert error.what.worded_by == "does_not_follow"
    assert error.what.values == {
        "version": "4.17.9", "branch": "stable-4.17", "last": "RELEASE-4.17.6", "made": False, "following": "4.17.7"
    }  # fmt: skip
    assert error.hint == "the next one is 4.17.7"
    assert error.status == 129


def test_a_remark_carries_its_values_and_is_text() -> None:
    said = remarks.commits_left_out("stable-4.17", advisory=491, commits=["0123456789ab"], base="RELEASE-4.17.3")
    assert said == "stable-4.17 marks 1 more commit as XSA-491, left out on RELEASE-4.17.3: 0123456789ab"
    assert said.worded_by == "commits_left_out"
    assert said.values == {
        "tip": "stable-4.17", "advisory": 491, "commits": ["0123456789ab"], "base": "RELEASE-4.17.3"
    }  # fmt: skip
    assert dumps([said]) == f'["{said}"]'
