"""An error carries the values that its sentence is made of, and a hint is a command that does what it says."""

from __future__ import annotations

from git_xsa.release import problems


def test_an_error_carries_its_values() -> None:
    error = problems.does_not_follow("4.17.9", "stable-4.17", last="RELEASE-4.17.6", made=False, following="4.17.7")
    assert error.problem == "does_not_follow"
    assert error.values == {
        "version": "4.17.9", "branch": "stable-4.17", "last": "RELEASE-4.17.6", "made": False, "following": "4.17.7"
    }  # fmt: skip
    assert error.hint == "the next one is 4.17.7"
    assert error.status == 129
