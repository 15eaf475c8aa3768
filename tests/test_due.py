"""The release-due rule: examples that people named, laws, and a referee that walks through the days."""

from __future__ import annotations

import json
import subprocess
import sys
from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.model.instant import parse_instant, spelled
from git_xsa.release.due import Due, DueAdvisory, DueKind, Facts, Interval, Landing, due, parse_interval

DAY = 86_400
FOUR = Interval(months=4)
RELEASED = parse_instant("2026-07-29 15:05")
NOW = parse_instant("2026-11-24 11:00")
LIFT = parse_instant("2026-11-24 12:00")


def facts(*advisories: DueAdvisory, commits: int = 12, frozen: int | None = None) -> Facts:
    return Facts(True, RELEASED, FOUR, commits, 0, advisories, frozen)


# Four months


@pytest.mark.parametrize(
    ("begin", "interval", "end"),
    [
        ("2026-07-29 15:05", FOUR, "2026-11-29 15:05 UTC"),
        ("2026-10-31 12:00", FOUR, "2027-02-28 12:00 UTC"),
        ("2023-10-31 12:00", FOUR, "2024-02-29 12:00 UTC"),
        ("2026-08-30 00:00", Interval(months=6), "2027-02-28 00:00 UTC"),
        ("2026-12-31 23:59", Interval(months=2), "2027-02-28 23:59 UTC"),
        ("2026-01-31 12:00", Interval(months=12), "2027-01-31 12:00 UTC"),
        ("2024-02-29 12:00", Interval(months=12), "2025-02-28 12:00 UTC"),
        ("2026-02-28 12:00", FOUR, "2026-06-28 12:00 UTC"),
        ("2026-07-29 12:00", Interval(days=120), "2026-11-26 12:00 UTC"),
        ("2026-07-29 12:00", Interval(months=100_000), "9999-12-31 00:00 UTC"),
    ],
)
def test_calendar_months(begin: str, interval: Interval, end: str) -> None:
    assert spelled(interval.after(parse_instant(begin))) == end


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(0, 60))
def test_months_as_one_counts_them_on_a_calendar(begin: date, months: int) -> None:
    """The referee turns the pages one by one; the day is the same one, or the last where the page has none."""
    page = begin.replace(day=1)
    for _ in range(months):
        page = (page + timedelta(days=31)).replace(day=1)
    wanted = min(begin.day, monthrange(page.year, page.month)[1])
    second = int(datetime(begin.year, begin.month, begin.day, 23, 59, 59, tzinfo=timezone.utc).timestamp())
    found = datetime.fromtimestamp(Interval(months=months).after(second), timezone.utc)
    assert (found.date(), found.hour, found.second) == (page.replace(day=wanted), 23, 59)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("4 months", FOUR), ("1 month", Interval(months=1)), ("120 days", Interval(days=120)), ("never", None),
        ("17weeks", Interval(days=119)), (" 1 Year ", Interval(months=12)), ("9999 years", Interval(months=119_988)),
    ],
)  # fmt: skip
def test_intervals_as_people_write_them(text: str, meaning: Interval | None) -> None:
    assert parse_interval(text) == meaning


@pytest.mark.parametrize(
    "text", ["", "4", "0 months", "-1 months", "4 moons", "months", "1.5 years", "10000 days", "٤ months"]
)
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(ValueError, match="it must be"):
        parse_interval(text)


# What people named


def test_fixes_landed_after_the_embargo() -> None:
    found = due(facts(DueAdvisory(501, Landing.LANDED, fits=True), DueAdvisory(499, Landing.LANDED, fits=True)), NOW)
    assert found == Due(DueKind.NOW, None, (499, 501))
    assert found.acts(NOW)


def test_the_fix_of_an_embargo_that_lifts_in_an_hour() -> None:
    prepared = DueAdvisory(501, Landing.MISSING, secret=True, until=LIFT, fits=True)
    before = due(facts(prepared, frozen=LIFT), NOW)
    assert before == Due(DueKind.AT_LIFT, LIFT, (501,), (), LIFT, held=True)
    assert not before.acts(NOW)
    assert due(facts(prepared, frozen=LIFT), LIFT) == Due(DueKind.NOW, None, (501,), (501,))
    landed = replace(prepared, landing=Landing.LANDED)
    assert due(facts(landed), LIFT + 600) == Due(DueKind.NOW, None, (501,))


def test_a_fix_that_landed_too_early_is_not_asked_to_be_released() -> None:
    early = DueAdvisory(501, Landing.LANDED, secret=True, until=LIFT, fits=True)
    assert due(facts(early), NOW) == Due(DueKind.AT_LIFT, LIFT, (501,))
    assert due(facts(early), LIFT).kind is DueKind.NOW


@pytest.mark.parametrize("landing", [Landing.PARTLY, Landing.STAGING, Landing.MISSING])
def test_a_public_fix_that_is_not_in_comes_first(landing: Landing) -> None:
    found = due(facts(DueAdvisory(499, Landing.LANDED), DueAdvisory(501, landing)), NOW)
    assert found == Due(DueKind.NOW, None, (499, 501), (501,))


def test_conflicts_with_the_last_release() -> None:
    """Marek Marczykowski's trigger, of what is public and of what is predisclosed."""
    public = DueAdvisory(499, Landing.LANDED, fits=False)
    secret = DueAdvisory(501, Landing.MISSING, secret=True, until=LIFT, fits=False)
    easy = DueAdvisory(500, Landing.LANDED, fits=True)
    assert due(facts(public, easy), NOW) == Due(DueKind.CONFLICTS, None, (499,))
    # No freeze is in force yet: what is on the branch can be released, and then it applies.
    assert due(facts(secret), NOW) == Due(DueKind.CONFLICTS, None, (501,))
    frozen = due(facts(secret, frozen=LIFT), NOW)
    assert (frozen, frozen.acts(NOW)) == (Due(DueKind.CONFLICTS, None, (501,), (), LIFT, held=True), False)


def test_four_months_without_a_release() -> None:
    end = parse_instant("2026-11-29 15:05")
    assert due(facts(), NOW) == Due(DueKind.DUE_BY, end)
    assert not due(facts(), end - 1).acts(end - 1)
    assert due(facts(), end).acts(end)
    assert due(replace(facts(), interval=None), end) == Due(DueKind.NOTHING)
    # Nothing came since, so there is nothing to release; but what waits for the gate counts.
    assert due(facts(commits=0), end) == Due(DueKind.NOTHING)
    assert due(replace(facts(commits=0), waiting=1), end) == Due(DueKind.DUE_BY, end)


def test_the_earlier_of_lift_and_interval_is_told() -> None:
    end = parse_instant("2026-11-29 15:05")
    late = DueAdvisory(501, Landing.MISSING, secret=True, until=end + DAY, fits=True)
    assert due(facts(late), NOW) == Due(DueKind.DUE_BY, end)
    assert due(facts(late, frozen=end + DAY), NOW) == Due(DueKind.AT_LIFT, end + DAY, (501,), (), end + DAY, held=True)
    unknown = replace(late, until=None)
    assert due(facts(unknown), NOW) == Due(DueKind.AT_LIFT, None, (501,))
    assert due(facts(unknown), end).kind is DueKind.DUE_BY


def test_what_only_the_ledger_knows_of() -> None:
    """It may concern the branch or not: planned for while it is secret, and no reason for a release afterwards."""
    named = DueAdvisory(501, Landing.UNKNOWN, secret=True, until=LIFT)
    assert due(facts(named, commits=0), NOW) == Due(DueKind.AT_LIFT, LIFT, (501,))
    assert due(facts(named, commits=0), LIFT) == Due(DueKind.NOTHING)


def test_a_freeze_of_which_nothing_is_known() -> None:
    found = due(replace(facts(DueAdvisory(501, Landing.LANDED)), freeze_known=False), NOW)
    assert (found, found.late(NOW), found.acts(NOW)) == (Due(DueKind.NOW, None, (501,), held=True), True, False)


def test_branches_that_no_rule_is_for() -> None:
    fixed = facts(DueAdvisory(501, Landing.LANDED, fits=False))
    assert due(replace(fixed, supported=False), NOW) == Due(DueKind.NOT_SUPPORTED)
    assert due(replace(fixed, released=None), NOW) == Due(DueKind.NO_RELEASE)


@pytest.mark.xen
def test_what_the_rule_would_have_asked_for_on_stable_4_21(xen: Path) -> None:
    """4.21.1 came 58 days after XSA-477, which it was for; on 4.21.1 XSA-499 needs a commit that has no mark."""
    words = [sys.executable, "bench/due", str(xen), "--from", "4.21", "--json"]
    done = subprocess.run(words, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    found = {one["release"]: one for one in map(json.loads, done.stdout.splitlines())}
    first, second = found["RELEASE-4.21.1"], found["RELEASE-4.21.2"]
    assert (spelled(first["asked"])[:10], first["kind"], first["conflict"]) == ("2026-01-27", "release-now", None)
    assert (spelled(second["asked"])[:10], second["kind"]) == ("2026-04-17", "release-now")
    assert spelled(second["conflict"])[:10] == "2026-07-28"


# Laws, and the referee

INSTANTS = st.integers(-20, 200).map(lambda day: NOW + day * DAY)
ADVISORIES = st.builds(
    DueAdvisory,
    st.integers(1, 6),
    st.sampled_from(Landing),
    st.booleans(),
    st.none() | INSTANTS,
    st.sampled_from([None, True, True, False]),
)
FACTS = st.builds(
    Facts,
    st.just(True),
    INSTANTS.map(lambda instant: instant - 100 * DAY),
    st.none() | st.builds(Interval, st.integers(1, 6), st.integers(0, 40)),
    st.integers(0, 1),
    st.integers(0, 1),
    st.lists(ADVISORIES, max_size=4).map(tuple),
    st.none() | INSTANTS,
    st.booleans(),
)


def referee(given: Facts, now: int) -> tuple[DueKind, int | None]:
    """Return kind and instant, found by asking on every day from ``now`` on whether there is a reason to release."""
    assert given.released is not None
    secret = [a for a in given.advisories if a.secret and (a.until is None or a.until > now)]
    public = [a for a in given.advisories if a not in secret and a.landing is not Landing.UNKNOWN]
    if any(a.fits is False for a in given.advisories):
        return DueKind.CONFLICTS, None
    if public:
        return DueKind.NOW, None
    end = given.interval.after(given.released) if given.interval and given.commits + given.waiting else None
    lifts = [a.until for a in secret if a.until is not None]
    frozen = given.frozen_until or 0
    if secret and not lifts:
        if frozen > now:
            lifts = [frozen]
        elif end is None or end > now:
            return DueKind.AT_LIFT, None
    for day in range(500):
        today = now + day * DAY
        if today < frozen:
            continue
        if any(lift <= today for lift in lifts):
            return DueKind.AT_LIFT, today
        if end is not None and end <= today:
            return DueKind.DUE_BY, end
    return DueKind.NOTHING, None


@given(FACTS)
def test_the_referee_agrees(given: Facts) -> None:
    found = due(given, NOW)
    assert (found.kind, found.at) == referee(given, NOW)


@given(FACTS, INSTANTS)
def test_nothing_is_to_be_done_while_it_may_be_frozen(given: Facts, now: int) -> None:
    found = due(given, now)
    frozen = given.frozen_until is not None and now < given.frozen_until
    if frozen or not given.freeze_known:
        assert not found.acts(now)
    assert found.not_before == (given.frozen_until if frozen else None)


@given(FACTS, INSTANTS)
def test_an_embargo_is_not_the_reason_for_a_release_before_it_lifts(given: Facts, now: int) -> None:
    """Unless the fix does not apply to the last release, and then nothing but what is public is to be released."""
    found = due(given, now)
    hidden = {advisory.xsa for advisory in given.advisories if advisory.hidden(now)}
    public = {advisory.xsa for advisory in given.advisories if not advisory.hidden(now)}
    if found.kind is DueKind.NOW:
        assert set(found.advisories) <= public
    if found.kind is DueKind.AT_LIFT:
        assert set(found.advisories) <= hidden
        assert found.at is None or found.at > now
    assert set(found.first) <= public


@given(FACTS, INSTANTS)
def test_a_release_settles_it(given: Facts, now: int) -> None:
    settled = replace(given, released=now, commits=0, waiting=0, advisories=())
    assert due(settled, now).kind is DueKind.NOTHING


@given(FACTS, INSTANTS, st.integers(0, 300))
def test_what_is_due_stays_due(given: Facts, now: int, days: int) -> None:
    """Until it is done: time alone takes no reason away."""
    if due(given, now).late(now):
        assert due(given, now + days * DAY).late(now + days * DAY)


@given(FACTS, INSTANTS)
def test_the_order_of_advisories_says_nothing(given: Facts, now: int) -> None:
    answers = {due(replace(given, advisories=order), now) for order in permutations(given.advisories)}
    assert len(answers) == 1
