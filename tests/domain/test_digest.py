"""A digest is due once on each working day, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.digest import due_today, is_too_late, next_digest
from domain.sla import ROUND_THE_CLOCK, Calendar

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
OFFICE = Calendar(
    zone=BERLIN,
    days=frozenset(range(5)),
    holidays=frozenset({date(2026, 12, 25)}),
)
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Pacific/Chatham",
        "UTC",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(
    min_value=datetime(2009, 1, 1),  # noqa: DTZ001  # the zone is given beside it
    max_value=datetime(2029, 1, 1),  # noqa: DTZ001  # the zone is given beside it
    timezones=st.just(UTC),
)
HOURS = st.integers(min_value=0, max_value=23)


@given(after=MOMENTS, hour=HOURS, zone=ZONES)
def test_the_next_digest_is_later_and_on_a_working_day(
    after: datetime, hour: int, zone: ZoneInfo
) -> None:
    at = next_digest(after, hour, zone, OFFICE)
    assert at > after
    assert OFFICE.is_worked(at.astimezone(zone).date())


@given(after=MOMENTS, hour=HOURS, zone=ZONES)
def test_every_local_day_has_one_digest_at_its_hour_or_just_after_a_gap(
    after: datetime, hour: int, zone: ZoneInfo
) -> None:
    at = next_digest(after, hour, zone, ROUND_THE_CLOCK)
    for _ in range(40):
        later = next_digest(at, hour, zone, ROUND_THE_CLOCK)
        days = later.astimezone(zone).date() - at.astimezone(zone).date()
        # two where the zone has skipped a whole day
        assert days in (DAY, 2 * DAY)
        local = later.astimezone(zone)
        shift = timedelta(hours=local.hour - hour, minutes=local.minute)
        assert timedelta(0) <= shift <= HOUR
        assert later - at >= timedelta(hours=22)
        at = later


@given(
    since=MOMENTS,
    hour=HOURS,
    zone=ZONES,
    down=st.timedeltas(min_value=timedelta(0), max_value=5 * DAY),
)
def test_an_outage_leaves_at_most_the_day_s_own_digest(
    since: datetime, hour: int, zone: ZoneInfo, down: timedelta
) -> None:
    first = next_digest(since, hour, zone, OFFICE)
    now = first + down
    found = due_today(now, first, hour, zone, OFFICE)
    if found is not None:
        day, at = found
        assert day == now.astimezone(zone).date()
        assert OFFICE.is_worked(day)
        assert first <= at <= now < at + 3 * HOUR


def test_an_hour_that_the_clock_leaves_out_is_the_moment_after_the_change() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    at = next_digest(before, 2, BERLIN, ROUND_THE_CLOCK)
    assert at.astimezone(BERLIN) == datetime(2026, 3, 29, 3, tzinfo=BERLIN)


def test_an_hour_that_comes_twice_is_the_first_of_both() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    at = next_digest(before, 2, BERLIN, ROUND_THE_CLOCK)
    assert at == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert next_digest(at, 2, BERLIN, ROUND_THE_CLOCK) - at == 25 * HOUR


def test_a_day_that_the_zone_skipped_has_no_digest() -> None:
    apia = ZoneInfo("Pacific/Apia")
    thursday = datetime(2011, 12, 29, 9, tzinfo=apia).astimezone(UTC)
    at = next_digest(thursday, 9, apia, ROUND_THE_CLOCK)
    assert at.astimezone(apia).date() == date(2011, 12, 31)


def test_weekends_and_holidays_have_none() -> None:
    thursday = datetime(2026, 12, 24, 9, tzinfo=BERLIN)
    at = next_digest(thursday, 9, BERLIN, OFFICE)
    assert at.astimezone(BERLIN) == datetime(2026, 12, 28, 9, tzinfo=BERLIN)


def test_three_hours_late_it_waits_for_tomorrow() -> None:
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    just = at + 3 * HOUR - timedelta(seconds=1)
    assert due_today(just, at, 9, BERLIN, OFFICE) == (date(2026, 11, 24), at)
    assert due_today(at + 3 * HOUR, at, 9, BERLIN, OFFICE) is None
    assert is_too_late(at, at + 3 * HOUR)


def test_after_days_of_outage_the_newest_is_sent_when_it_is_in_time() -> None:
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    found = due_today(monday + DAY + HOUR, monday, 9, BERLIN, OFFICE)
    assert found == (date(2026, 11, 24), monday + DAY)


def test_what_was_due_before_it_was_wanted_is_not_sent() -> None:
    tuesday = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert due_today(tuesday + HOUR, tuesday + DAY, 9, BERLIN, OFFICE) is None


@pytest.mark.parametrize("hour", [0, 23])
def test_late_in_the_evening_the_day_is_the_person_s_own(hour: int) -> None:
    auckland = ZoneInfo("Pacific/Auckland")
    at = next_digest(datetime(2026, 11, 24, 0, tzinfo=UTC), hour, auckland, OFFICE)
    found = due_today(at + timedelta(minutes=1), at, hour, auckland, OFFICE)
    assert found == (at.astimezone(auckland).date(), at)
