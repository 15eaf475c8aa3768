"""Instants as people write them: what is understood, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.model.instant import FORM, parse_instant, rfc3339, spelled

NOON = 1796731200  # date -u -d '2026-12-08 12:00' +%s


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-08", NOON),
        (" 2026-12-08 12:00 ", NOON),
        ("2026-12-08 12:00Z", NOON),
        ("2026-12-08T12:00:00Z", NOON),
        ("2026-12-08 12:00 UTC", NOON),
        ("2026-12-08t12:00:07.25z", NOON + 7),
        ("2026-12-08 13:00+01:00", NOON),
        ("2026-12-08 04:30 -07:30", NOON),
        ("2026-12-09 02:00+14:00", NOON),
        ("2026-12-31 23:59:60Z", NOON + 23 * 86400 + 12 * 3600),
        ("2028-02-29 00:00", 1835395200),
        ("2026-03-29 02:30+01:00", 1774747800),  # an hour that daylight saving leaves out in Berlin
        ("1970-01-01 00:00", 0),
    ],
)
def test_what_is_understood(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-12-8", "08.12.2026", "2026-12-08 12", "2026-12-08 12:00 CET", "2026-12-08+01:00",
             "2026-12-08 12:00+1", "1969-12-31", "1796731200"],
)  # fmt: skip
def test_other_forms(text: str) -> None:
    with pytest.raises(ValueError, match="it must be") as error:
        parse_instant(text)
    assert str(error.value) == f"it must be {FORM}"


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "2026-11-31", "2026-12-08 24:00", "2026-12-08 12:60", "2026-12-08 12:00:61",
             "2026-12-08 12:00+24:00"],
)  # fmt: skip
def test_days_and_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="there is no such day or hour"):
        parse_instant(text)


@given(st.integers(86400, 32503679999))
def test_what_is_written_is_read_again(instant: int) -> None:
    assert parse_instant(rfc3339(instant)) == parse_instant(spelled(instant)) == instant


def test_written() -> None:
    assert (rfc3339(NOON), spelled(NOON)) == ("2026-12-08T12:00:00Z", "2026-12-08 12:00 UTC")
    assert spelled(NOON + 7) == "2026-12-08 12:00:07 UTC"
