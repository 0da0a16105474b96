"""Working time: never due out of hours, and right on the days a clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sla import ROUND_THE_CLOCK, Calendar, due_at, half_at, share_at, worked

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = frozenset(range(5))
OFFICE = Calendar(
    zone=BERLIN,
    days=WEEK,
    opens=time(9),
    closes=time(18),
    holidays=frozenset({date(2026, 12, 25)}),
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("asked", "hours", "due"),
    [
        # within the day; until the minute of closing; over night
        ("2026-11-24 10:00", 4, "2026-11-24 14:00"),
        ("2026-11-24 14:00", 4, "2026-11-24 18:00"),
        ("2026-11-24 15:00", 4, "2026-11-25 10:00"),
        # asked out of hours it runs from the next opening
        ("2026-11-24 07:00", 4, "2026-11-24 13:00"),
        ("2026-11-24 21:00", 4, "2026-11-25 13:00"),
        ("2026-11-24 18:00", 4, "2026-11-25 13:00"),
        # Friday evening, and a holiday on a Friday
        ("2026-11-27 17:00", 4, "2026-11-30 12:00"),
        ("2026-12-24 17:00", 4, "2026-12-28 12:00"),
        # three days' worth
        ("2026-11-24 10:00", 24, "2026-11-26 16:00"),
        # nothing to wait for
        ("2026-11-24 10:00", 0, "2026-11-24 10:00"),
        ("2026-11-28 10:00", 0, "2026-11-30 09:00"),
    ],
)
def test_due_in_office_hours(asked: str, hours: int, due: str) -> None:
    assert due_at(berlin(asked), hours * HOUR, OFFICE) == berlin(due)


def test_a_clock_that_goes_forward_takes_an_hour_of_the_day() -> None:
    # Sunday 29 March 2026, 02:00 is 03:00: the day has 23 hours
    nights = Calendar(zone=BERLIN)
    whole = Calendar(zone=BERLIN, holidays=frozenset({date(2026, 1, 1)}))
    asked = berlin("2026-03-29 01:00")
    assert due_at(asked, 2 * HOUR, whole) == berlin("2026-03-29 04:00")
    assert worked(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00"), whole) == (
        23 * HOUR
    )
    assert due_at(asked, 2 * HOUR, nights) == berlin("2026-03-29 04:00")


def test_a_clock_that_goes_back_gives_an_hour() -> None:
    # Sunday 25 October 2026, 03:00 is 02:00 again: the day has 25 hours
    whole = Calendar(zone=BERLIN, holidays=frozenset({date(2026, 1, 1)}))
    asked = berlin("2026-10-25 01:00")
    assert due_at(asked, 3 * HOUR, whole) == berlin("2026-10-25 03:00")
    assert worked(berlin("2026-10-25 00:00"), berlin("2026-10-26 00:00"), whole) == (
        25 * HOUR
    )


def test_office_hours_do_not_move_with_the_clock() -> None:
    before, after = berlin("2026-03-27 16:00"), berlin("2026-03-30 11:00")
    assert due_at(before, 4 * HOUR, OFFICE) == after
    assert before.utcoffset() != after.utcoffset()


def test_hours_whose_opening_the_clock_jumps_over() -> None:
    # 02:30 does not exist that night; the desk still closes at five
    night = Calendar(zone=BERLIN, opens=time(2, 30), closes=time(5))
    asked = berlin("2026-03-29 00:00")
    assert due_at(asked, 2 * HOUR, night) <= berlin("2026-03-30 05:00")
    assert worked(asked, berlin("2026-03-29 12:00"), night) == 1.5 * HOUR


def test_the_clock_round_every_second_counts() -> None:
    asked = datetime(2026, 11, 28, 23, 59, tzinfo=UTC)
    assert due_at(asked, HOUR, ROUND_THE_CLOCK) == asked + HOUR
    assert half_at(asked, HOUR, ROUND_THE_CLOCK) == asked + HOUR / 2
    assert worked(asked, asked + HOUR, ROUND_THE_CLOCK) == HOUR


def test_half_of_the_time_is_half_of_the_working_time() -> None:
    asked = berlin("2026-11-24 16:00")
    assert half_at(asked, 6 * HOUR, OFFICE) == berlin("2026-11-25 10:00")
    assert share_at(asked, 8 * HOUR, 0.25, OFFICE) == berlin("2026-11-24 18:00")


def test_a_desk_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one weekday"):
        Calendar(zone=UTC, days=frozenset())
    with pytest.raises(ValueError, match="at least one weekday"):
        Calendar(zone=UTC, days=frozenset({7}))
    with pytest.raises(ValueError, match="open before it closes"):
        Calendar(zone=UTC, opens=time(9), closes=time(9))


ZONES = st.sampled_from(
    [
        UTC,
        BERLIN,
        # half an hour, the other hemisphere, a change at midnight, a day ahead
        ZoneInfo("Australia/Lord_Howe"),
        ZoneInfo("America/Santiago"),
        ZoneInfo("Africa/Cairo"),
        ZoneInfo("Pacific/Kiritimati"),
        timezone(timedelta(hours=-9, minutes=-30)),
    ]
)
MOMENTS = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001  # given its zone below
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SPANS = st.integers(0, 60 * 60 * 100).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    opens = draw(st.integers(0, 1438))
    closes = draw(st.one_of(st.none(), st.integers(opens + 1, 1439)))
    start = date(2025, 1, 1).toordinal()
    days = draw(st.lists(st.integers(0, 1094), max_size=20))
    return Calendar(
        zone=draw(ZONES),
        days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        opens=time(*divmod(opens, 60)),
        closes=None if closes is None else time(*divmod(closes, 60)),
        holidays=frozenset(date.fromordinal(start + day) for day in days),
    )


def is_open(at: datetime, calendar: Calendar) -> bool:
    """By the wall clock, and with the moment of closing."""
    shown = at.astimezone(calendar.zone)
    clock = shown.replace(tzinfo=None) - datetime.combine(shown.date(), time(0))
    # midnight is the end of one day and the beginning of the next
    readings = [(shown.date(), clock), (shown.date() - DAY, clock + DAY)]
    opens = timedelta(hours=calendar.opens.hour, minutes=calendar.opens.minute)
    ends = calendar.closes
    closes = timedelta(hours=ends.hour, minutes=ends.minute) if ends else DAY
    return any(
        day.weekday() in calendar.days
        and day not in calendar.holidays
        and opens <= reading <= closes
        for day, reading in readings
    )


PLAIN = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))])


@given(calendars(), PLAIN, MOMENTS, SPANS)
def test_it_is_never_due_out_of_hours(
    calendar: Calendar, zone: timezone, asked: datetime, sla: timedelta
) -> None:
    # zones without clock changes: the wall clock tells without arithmetic of our kind
    calendar = Calendar(
        zone=zone,
        days=calendar.days,
        opens=calendar.opens,
        closes=calendar.closes,
        holidays=calendar.holidays,
    )
    assert is_open(due_at(asked, sla, calendar), calendar)


@given(calendars(), MOMENTS, SPANS)
def test_just_the_sla_is_worked_until_it_is_due(
    calendar: Calendar, asked: datetime, sla: timedelta
) -> None:
    due = due_at(asked, sla, calendar)
    assert due >= asked
    assert worked(asked, due, calendar) == sla


@given(calendars(), MOMENTS, SPANS, SPANS)
def test_two_spans_add_up(
    calendar: Calendar, asked: datetime, first: timedelta, then: timedelta
) -> None:
    once = due_at(asked, first + then, calendar)
    assert due_at(due_at(asked, first, calendar), then, calendar) == once


@given(calendars(), MOMENTS, SPANS, SPANS)
def test_who_is_asked_later_or_given_longer_is_not_due_earlier(
    calendar: Calendar, asked: datetime, later: timedelta, sla: timedelta
) -> None:
    due = due_at(asked, sla, calendar)
    assert due_at(asked + later, sla, calendar) >= due
    assert due_at(asked, sla + later, calendar) >= due
    assert asked <= half_at(asked, sla, calendar) <= due
